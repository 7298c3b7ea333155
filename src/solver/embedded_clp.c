/* embedded_clp.c: linear relaxations by Clp through its C interface, and bounds proven from its duals.
 *
 * min c x,  rows a_r x <= h_r or >= l_r, box on x. For any y with y_r <= 0 for rows with <= only and >= 0 for rows with
 * >= only,
 *     c x >= sum over r of (y_r l_r or y_r h_r, by the sign of y_r) + sum over j of min(d_j lo_j, d_j hi_j),
 *     d = c - A' y
 * (Neumaier, Shcherbina 2004; Jansson 2004). Multipliers of the wrong sign are set to 0; d is summed with a bound on
 * its rounding error, m 2^-52 sum |y_r a_rj|, which is multiplied by the larger magnitude of the column's ends;
 * everything is summed downward. So the number is a bound, whatever Clp did. Cost: one pass over the matrix. If a
 * single column moves from the end of its box that the bound uses to the other end, the bound grows by |d_j| (hi_j -
 * lo_j), less the rounding of that product. A binary whose other value then lies above a cutoff can be fixed (reduced
 * cost fixing). nm_clp_solve starts the dual simplex from the slack basis, which was measured to be faster than a
 * restart if costs change. nm_clp_resolve starts from a given basis, which is right if bounds change, as in a tree. Clp
 * carries some state over from one solve to the next (last bits were seen to differ), so results that must be
 * reproducible use a new nm_clp. Effort is counted in iterations. Threads: models share only the state of Clp's random
 * numbers (CoinDrand48). So jobs in several threads may find other points and duals than a single one would; nothing in
 * them is believed unless it is proven here. */
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes" /* theirs: f() */
#include <Clp_C_Interface.h>
#pragma GCC diagnostic pop
#include <limits.h>

static const double LARGE = 1e15;

struct nm_clp {
    nm_job *job;
    const nm_model *m;
    Clp_Simplex *s;
    unsigned char *slack; /* the slack basis */
    bool usable;          /* it has no numbers that Clp takes for infinite or cannot handle */
    int by;               /* costs given to Clp are the caller's times 2^by */
};

static bool tame(const nm_model *m)
{
    bool ok = true;
    for (size_t k = 0; k < m->n_nz; k++) ok &= fabs(m->c[k]) < LARGE;
    for (size_t j = 0; j < m->n_cols; j++)
        ok &= fabs(m->cols[j].lo) < LARGE && fabs(m->cols[j].hi) < LARGE;
    for (size_t r = 0; r < m->n_rows; r++)
        ok &= (isinf(m->rows[r].lo) || fabs(m->rows[r].lo) < LARGE) &&
              (isinf(m->rows[r].hi) || fabs(m->rows[r].hi) < LARGE);
    return ok;
}

void nm_clp_watch(void *simplex, bool (*stops)(void *), void *arg); /* clp_interrupt.cc */

static bool is_interrupted(void *arg) { return nm_interrupted(((nm_clp *)arg)->job); }

static void end(void *arg) { Clp_deleteModel(((nm_clp *)arg)->s); }

nm_clp *nm_clp_new(nm_job *job, const nm_model *m)
{
    nm_clp *l = NM_NEW(job, nm_clp);
    if (m->n_nz > INT_MAX || m->n_cols > INT_MAX / 4)
        nm_throw(job, NM_EUNSUP, "the relaxation is too large for Clp");
    const nm_columns c = nm_model_columns(job, m);
    const size_t n = m->n_cols;
    *l = (nm_clp){.job = job, .m = m, .s = Clp_newModel()};
    nm_defer(job, end, l);
    l->usable = tame(m);
    if (!l->usable) return l;
    Clp_setLogLevel(l->s, 0);
    nm_clp_watch(l->s, is_interrupted, l);
    memset(c.cols + 2 * n, 0, n * sizeof *c.cols);
    Clp_loadProblem(l->s, (int)n, (int)m->n_rows, c.start, c.index, c.value, c.cols, c.cols + n,
                    c.cols + 2 * n, c.rows, c.rows + m->n_rows);
    l->slack = NM_RAW(job, unsigned char, n + m->n_rows + 1);
    for (size_t i = 0; i < n + m->n_rows; i++)
        l->slack[i] = i < n ? 3 : 1; /* at its lower bound; basic */
    return l;
}

void nm_clp_box(nm_clp *l, const double *lo, const double *hi)
{
    if (!l->usable) return;
    Clp_chgColumnLower(l->s, lo);
    Clp_chgColumnUpper(l->s, hi);
}

void nm_clp_cost(nm_clp *l, const double *c)
{
    const size_t n = l->m->n_cols;
    if (!l->usable) return;
    const nm_mark mark = nm_mark_get(l->job);
    double *scaled = NM_RAW(l->job, double, n + 1), most = 0;
    for (size_t j = 0; j < n; j++) most = fmax(most, fabs(c[j]));
    l->by = most > 0 ? -ilogb(most) : 0;
    for (size_t j = 0; j < n; j++) scaled[j] = ldexp(c[j], l->by);
    Clp_chgObjCoefficients(l->s, scaled);
    nm_mark_release(l->job, mark);
}

static void give(const nm_clp *l, double *x, double *y)
{
    if (x) memcpy(x, Clp_getColSolution(l->s), l->m->n_cols * sizeof *x);
    if (y)
        for (size_t r = 0; r < l->m->n_rows; r++) y[r] = ldexp(Clp_getRowPrice(l->s)[r], -l->by);
}

/* Clp counts CPU seconds from this call on. */
static void heed_deadline(const nm_clp *l)
{
    const double until = nm_job_deadline(l->job, INFINITY);
    if (isfinite(until)) Clp_setMaximumSeconds(l->s, fmax(until - nm_wall(), 0.01));
}

bool nm_clp_solve(nm_clp *l, const double *c, int iterations, double *x, double *y)
{
    const nm_model *m = l->m;
    if (x) memset(x, 0, m->n_cols * sizeof *x);
    if (y) memset(y, 0, m->n_rows * sizeof *y);
    if (!l->usable) return false;
    nm_clp_cost(l, c);
    Clp_copyinStatus(l->s, l->slack);
    Clp_setNumberIterations(l->s, 0);
    Clp_setMaximumIterations(l->s, iterations);
    heed_deadline(l);
    const int status = Clp_dual(l->s, 0);
    give(l, x, y);
    return status == 0;
}

nm_lpend nm_clp_resolve(nm_clp *l, const unsigned char *basis, double limit, int iterations,
                        double *x, double *y)
{
    const nm_model *m = l->m;
    memset(x, 0, m->n_cols * sizeof *x);
    memset(y, 0, m->n_rows * sizeof *y);
    if (!l->usable) return NM_LP_STOPPED;
    Clp_copyinStatus(l->s, basis ? basis : l->slack);
    Clp_setDualTolerance(l->s, NM_LP_TOL);
    Clp_setPrimalTolerance(l->s, NM_LP_TOL);
    Clp_setDualObjectiveLimit(l->s, isfinite(limit) ? ldexp(limit, l->by) : 1e50);
    Clp_setNumberIterations(l->s, 0);
    Clp_setMaximumIterations(l->s, iterations);
    heed_deadline(l);
    const int status = Clp_dual(l->s, 0);
    give(l, x, y);
    return status == 0 ? NM_LP_OPTIMAL : status == 1 ? NM_LP_INFEASIBLE : NM_LP_STOPPED;
}

void nm_clp_slack(const nm_clp *l, unsigned char *basis)
{
    if (l->usable) memcpy(basis, l->slack, l->m->n_cols + l->m->n_rows);
}

void nm_clp_basis(const nm_clp *l, unsigned char *basis)
{
    const size_t n = l->m->n_cols + l->m->n_rows;
    if (l->usable) memcpy(basis, Clp_statusArray(l->s), n);
}

double nm_clp_value(const nm_clp *l)
{
    return l->usable ? ldexp(Clp_getObjValue(l->s), -l->by) : NAN;
}

bool nm_clp_is_empty(nm_clp *l, const double *lo, const double *hi)
{
    const nm_model *m = l->m;
    if (!l->usable || Clp_status(l->s) != 1) return false;
    double *ray = Clp_infeasibilityRay(l->s);
    if (!ray) return false;
    const nm_mark mark = nm_mark_get(l->job);
    double *y = NM_RAW(l->job, double, m->n_rows + 1),
           *zero = NM_ARRAY(l->job, double, m->n_cols + 1);
    bool empty = false;
    for (int sign = -1; sign <= 1 && !empty; sign += 2) { /* the sign of the ray depends on Clp's version */
        for (size_t r = 0; r < m->n_rows; r++) y[r] = sign * ray[r];
        empty = nm_dual_bound(l->job, m, lo, hi, zero, y) > 0;
    }
    nm_mark_release(l->job, mark);
    Clp_freeRay(l->s, ray);
    return empty;
}

double nm_dual_gains(nm_job *job, const nm_model *m, const double *lo, const double *hi,
                     const double *c, const double *y, double *move)
{
    const nm_mark mark = nm_mark_get(job);
    double *d = memcpy(NM_RAW(job, double, m->n_cols + 1), c, m->n_cols * sizeof *c);
    double *size = NM_RAW(job, double, m->n_cols + 1);
    double *terms = NM_ARRAY(job, double, m->n_cols + 1);
    double sum = 0, mag = 0;
    for (size_t j = 0; j < m->n_cols; j++) size[j] = fabs(c[j]);
    for (size_t r = 0; r < m->n_rows; r++) {
        const double side = y[r] > 0 ? m->rows[r].lo : m->rows[r].hi;
        if (!(fabs(y[r]) > 0) || !isfinite(y[r]) || !isfinite(side)) continue;
        sum += y[r] * side;
        mag += fabs(y[r] * side);
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
            d[m->j[k]] -= y[r] * m->c[k];
            size[m->j[k]] += fabs(y[r] * m->c[k]);
            terms[m->j[k]]++;
        }
    }
    double fee = 0;
    for (size_t j = 0; j < m->n_cols; j++) {
        const double big = fmax(fabs(lo[j]), fabs(hi[j]));
        const double term = d[j] > 0 ? d[j] * lo[j] : d[j] < 0 ? d[j] * hi[j] : 0;
        const double own = (terms[j] + 4) * NM_ULP * size[j] * big + NM_TINY;
        sum += term;
        mag += fabs(term);
        fee += own;
        if (!move) continue;
        const double g = (fabs(d[j]) * (hi[j] - lo[j]) - 4 * own) * (1 - 1e-9);
        move[j] = !(g > 0) || !isfinite(g) ? 0 : d[j] > 0 ? g : -g;
    }
    const double n = (double)(m->n_cols + m->n_rows + 16);
    const double all = (fee + n * NM_ULP * mag) * (1 + 2 * n * NM_ULP) + n * NM_TINY;
    nm_mark_release(job, mark);
    return isfinite(sum) && isfinite(all) ? nm_down(sum - all) : -INFINITY;
}

double nm_dual_bound(nm_job *job, const nm_model *m, const double *lo, const double *hi,
                     const double *c, const double *y)
{
    return nm_dual_gains(job, m, lo, hi, c, y, NULL);
}
