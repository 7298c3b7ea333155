/* hull.c: big-M, and those rows of the convex hull that the relaxation violates (Anderson, Huchette, Ma,
 * Tjandraatmadja, Vielma 2020, eq. 9): for a subset I of a unit's form a = sum w x + [lo, hi]
 *     v <= sum over I of w (x - x0 (1 - z))  +  (hi + sum over the others of w x1) z,
 * x0 and x1 being the ends of a column's box where w x is least and largest; maxima have rows of their own
 * (hull_maximum.c).
 *
 * In rounds: the relaxation is solved for the objective, each unit gets its most violated row,
 *     I = { w x* < w x0 (1 - z*) + w x1 z* },
 * and the MOST worst of all are added; up to ROUNDS, or until none is violated by more than SMALL. So the file itself
 * is strong, whatever cuts its solver knows. A row is valid for real numbers: its right side -sum w x0 is rounded up,
 * and then its coefficient of z such that z = 1 leaves at least what is needed. Only the choice of rows depends on
 * Clp's optimum. Exact; lift is big-M's. */
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

#include <stdlib.h>

/* A model with more nonzeros, or a relaxation that takes longer, gets no such rows: they would cost more than they
 * help. */
enum { ROUNDS = 12, MOST = 60, ITERATIONS = 5000, NONZEROS = 150000 };
static const double SMALL = 1e-5;

typedef struct {
    const nm_encunit *w;
    const nm_encmax *max; /* or this, if w is NULL */
    double by;
    size_t u;
} violated;

static int worse(const void *a, const void *b)
{
    const violated *x = a, *y = b;
    if (x->by != y->by) return x->by > y->by ? -1 : 1;
    return x->u < y->u ? -1 : x->u > y->u;
}

typedef struct {
    double at0, at1;
    bool in;
} side; /* of a term: w x0, w x1; in I */

static side side_of(const nm_enc *e, const nm_form *f, size_t k, const double *x, double z)
{
    const nm_col *c = &e->m->cols[f->j[k]];
    const double a = f->c[k] * c->lo, b = f->c[k] * c->hi;
    const side s = {fmin(a, b), fmax(a, b), false};
    return (side){s.at0, s.at1, f->c[k] * x[f->j[k]] < s.at0 * (1 - z) + s.at1 * z};
}

/* Returns by how much the best row of the unit is violated at x. */
static double separate(const nm_enc *e, const nm_encunit *w, const double *x)
{
    const double z = x[e->zcol[w->u]];
    double sum = w->above.hi * z;
    for (size_t k = 0; k < w->above.n; k++) {
        const side s = side_of(e, &w->above, k, x, z);
        sum += s.in ? w->above.c[k] * x[w->above.j[k]] - s.at0 * (1 - z) : s.at1 * z;
    }
    return x[e->col[w->u]] - sum;
}

static void add_row(nm_enc *e, const nm_encunit *w, const double *x, size_t round)
{
    const nm_form *f = &w->above;
    const uint32_t jz = (uint32_t)e->zcol[w->u], jv = (uint32_t)e->col[w->u];
    uint32_t *j = NM_RAW(e->job, uint32_t, f->n + 2);
    double *c = NM_RAW(e->job, double, f->n + 2), at0 = 0, at1 = 0, mag = fabs(f->hi);
    size_t n = 0;
    for (size_t k = 0; k < f->n; k++) {
        const side s = side_of(e, f, k, x, x[jz]);
        mag += fabs(s.in ? s.at0 : s.at1);
        if (!s.in) {
            at1 += s.at1;
            continue;
        }
        at0 += s.at0;
        j[n] = f->j[k];
        c[n++] = -f->c[k];
    }
    const double fee = (double)(f->n + 8) * NM_ULP * mag + NM_TINY;
    double rhs = nm_up(fee - at0);
    const double cz = nm_up(nm_up(f->hi + at1 + fee) - rhs); /* at z = 1 the side is cz + rhs */
    const bool small = fabs(cz) < NM_COEF_MIN;               /* as in partition.c */
    if (small) rhs = cz > 0 ? nm_up(rhs + cz) : rhs;
    j[n] = jz;
    c[n] = -cz;
    n += !small;
    j[n] = jv;
    c[n++] = 1;
    nm_model_row(e->job, e->m, nm_fmt(e->job, "%s_%zu", nm_enc_name(e, "rh", w->u), round),
                 -INFINITY, rhs, n, j, c);
    nm_model_is_cut(e->m);
}

static size_t round_of(nm_enc *e, size_t round)
{
    double *x = NM_RAW(e->job, double, e->m->n_cols), *c = NM_RAW(e->job, double, e->m->n_cols);
    violated *bad = NM_RAW(e->job, violated, e->n_units + e->n_max + 1);
    size_t n = 0;
    for (size_t j = 0; j < e->m->n_cols; j++) c[j] = e->m->cols[j].obj;
    nm_clp *l = nm_clp_new(e->job, e->m);
    const bool solved = nm_clp_solve(l, c, ITERATIONS, x, NULL);
    nm_close(e->job, l);
    for (size_t i = 0; solved && i < e->n_units; i++) {
        const nm_encunit *w = &e->unit[i];
        if (w->one_sided || e->zcol[w->u] < 0) continue;
        const double by = separate(e, w, x);
        if (by > SMALL) bad[n++] = (violated){w, NULL, by, w->u};
    }
    for (size_t i = 0; solved && i < e->n_max; i++) {
        const double by = nm_hull_max_separate(e, &e->max[i], x);
        if (by > SMALL) bad[n++] = (violated){NULL, &e->max[i], by, e->max[i].u};
    }
    qsort(bad, n, sizeof *bad, worse);
    if (n > MOST) n = MOST;
    for (size_t i = 0; i < n; i++) {
        if (bad[i].w)
            add_row(e, bad[i].w, x, round);
        else
            nm_hull_max_row(e, bad[i].max, x, round);
    }
    return n;
}

static void finish(nm_enc *e)
{
    for (size_t r = 0; r < ROUNDS && e->m->n_nz <= NONZEROS && !nm_stopped(e->job); r++)
        if (round_of(e, r) == 0) break;
}

const nm_encoding nm_enc_hull = {.name = "hull", .relu = nm_bigm_relu, .finish = finish};
