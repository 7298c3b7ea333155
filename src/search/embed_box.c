/* embed_box.c: certified bounds of some columns of a user's model, from its bounds and plain rows.
 *
 * First bounds of all columns by propagation (Savelsbergh 1994): in a row sum a x <= h each column is at most (at
 * least) what the minima of the others leave, rounded outwards; ROUNDS passes, or until nothing moves by a thousandth.
 * Then linear programs over the columns that are finite by now: a side of a row that contains another column is relaxed
 * by that column's finite bound, or left out. Each wanted column is minimised and maximised, and its new bound is what
 * the duals prove (embedded_clp.c), whatever Clp says. A bound that moves by less than KEEP of the box stays as the
 * user wrote it. Integrality is ignored, except for the bounds of wanted columns that are integers: these are rounded
 * to the next integer, if they are off it by more than a solver's tolerance. Cost: two linear programs for each column,
 * or none if there are so many rows that they would take more than WORK nonzeros in all. */
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"
#include "search/search.h"
#include "search/state.h"

enum { ROUNDS = 20, ITERATIONS = 5000 };
static const double MOVE = 1e-3, KEEP = 1e-7, WORK = 2e8;

typedef struct {
    nm_job *job;
    const char *path;
    const nm_model *m;
    double *lo, *hi; /* [n_cols] */
} box;

static _Noreturn void empty(const box *b, const char *what)
{
    nm_throw(b->job, NM_EINPUT,
             "%s: the model has no point: its bounds and rows contradict each other at %s", b->path,
             what);
}

/* ---- propagation ---- */

/* Intersects column j with a bound; returns true if that changed something noticeable. */
static bool meet(box *b, uint32_t j, double x, bool upper)
{
    double *end = upper ? &b->hi[j] : &b->lo[j];
    const double width = b->hi[j] - b->lo[j], old = *end;
    if (!isfinite(x) || !(upper ? x < old : x > old)) return false;
    *end = x;
    if (b->lo[j] > b->hi[j]) empty(b, nm_fmt(b->job, "column %s", b->m->cols[j].name));
    return !isfinite(old) || fabs(x - old) > MOVE * width;
}

/* Propagates row r as sign * row <= side to each of its columns. */
static bool push(box *b, size_t r, double sign, double side)
{
    const nm_model *m = b->m;
    const size_t start = m->rows[r].start, end = nm_row_end(m, r);
    double sum = 0, mag = fabs(side);
    size_t open = 0;
    for (size_t k = start; k < end; k++) {
        const double c = sign * m->c[k],
                     t = c == 0 ? 0 : c * (c > 0 ? b->lo[m->j[k]] : b->hi[m->j[k]]);
        if (isfinite(t)) {
            sum += t;
            mag += fabs(t);
        } else {
            open++;
        }
    }
    bool moved = false;
    const double fee = (double)(end - start + 8) * NM_ULP * mag + NM_TINY;
    for (size_t k = start; k < end && open < 2; k++) {
        const uint32_t j = m->j[k];
        const double c = sign * m->c[k], t = c == 0 ? 0 : c * (c > 0 ? b->lo[j] : b->hi[j]);
        if (fabs(c) < NM_COEF_MIN || (open && isfinite(t))) continue;
        const bool alone = end - start == 1;
        const double left = alone ? side
                                  : nm_up(side - (isfinite(t) ? sum - t : sum) +
                                          fee); /* c x is at most this */
        moved |= meet(b, j,
                      alone && fabs(c) == 1 ? left / c
                      : c > 0               ? nm_up(left / c)
                                            : nm_down(left / c),
                      c > 0);
    }
    return moved;
}

static void propagate(box *b)
{
    bool moved = true;
    for (int i = 0; i < ROUNDS && moved; i++) {
        moved = false;
        for (size_t r = 0; r < b->m->n_rows; r++) {
            const nm_mrow *row = &b->m->rows[r];
            if (isfinite(row->hi)) moved |= push(b, r, 1, row->hi);
            if (isfinite(row->lo)) moved |= push(b, r, -1, -row->lo);
        }
    }
}

/* ---- linear programs ---- */

/* Adds sign * row <= side over the finite columns; the minima of the others go into the side. */
static void add_side(const box *b, nm_model *to, const int64_t *at, size_t r, double sign,
                     double side)
{
    const nm_model *m = b->m;
    const size_t start = m->rows[r].start, end = nm_row_end(m, r);
    uint32_t *j = NM_RAW(b->job, uint32_t, end - start + 1);
    double *c = NM_RAW(b->job, double, end - start + 1);
    size_t n = 0;
    for (size_t k = start; k < end; k++) {
        const uint32_t col = m->j[k];
        const double a = sign * m->c[k];
        if (at[col] >= 0) {
            j[n] = (uint32_t)at[col];
            c[n++] = a;
        } else if (a != 0) {
            const double t = a * (a > 0 ? b->lo[col] : b->hi[col]);
            if (!isfinite(t)) return;
            side = t == 0 ? side : nm_up(side - nm_down(t));
        }
    }
    if (n > 1) nm_model_row(b->job, to, m->rows[r].name, -INFINITY, side, n, j, c);
}

static nm_model *finite_part(const box *b, int64_t *at)
{
    nm_model *to = nm_model_new(b->job, "box");
    for (size_t j = 0; j < b->m->n_cols; j++) {
        const bool whole = isfinite(b->lo[j]) && isfinite(b->hi[j]);
        at[j] = whole ? (int64_t)nm_model_col(b->job, to, b->m->cols[j].name, b->lo[j], b->hi[j],
                                              false)
                      : -1;
    }
    for (size_t r = 0; r < b->m->n_rows; r++) {
        if (isfinite(b->m->rows[r].hi)) add_side(b, to, at, r, 1, b->m->rows[r].hi);
        if (isfinite(b->m->rows[r].lo)) add_side(b, to, at, r, -1, -b->m->rows[r].lo);
    }
    return to;
}

/* Returns a proven lower bound of sign * column j. */
static double least(const box *b, const nm_model *lp, const double *lo, const double *hi,
                    uint32_t j, double sign)
{
    double *c = NM_ARRAY(b->job, double, lp->n_cols + 1),
           *y = NM_RAW(b->job, double, lp->n_rows + 1);
    nm_clp *l = nm_clp_new(b->job, lp);
    c[j] = sign;
    if (!nm_clp_solve(l, c, ITERATIONS, NULL, y) && nm_clp_is_empty(l, lo, hi))
        empty(b, "its rows together");
    const double bound = nm_dual_bound(b->job, lp, lo, hi, c, y);
    nm_close(b->job, l);
    return bound;
}

static void by_programs(box *b, size_t n, const int64_t *col)
{
    int64_t *at = NM_RAW(b->job, int64_t, b->m->n_cols + 1);
    const nm_model *lp = finite_part(b, at);
    if (lp->n_rows == 0 || (double)lp->n_nz * 2 * (double)n > WORK) return;
    double *lo = NM_RAW(b->job, double, lp->n_cols + 1),
           *hi = NM_RAW(b->job, double, lp->n_cols + 1);
    for (size_t j = 0; j < lp->n_cols; j++) lo[j] = lp->cols[j].lo, hi[j] = lp->cols[j].hi;
    for (size_t i = 0; i < n && !nm_stopped(b->job); i++) {
        if (at[col[i]] < 0) continue;
        const uint32_t j = (uint32_t)at[col[i]];
        const nm_mark mark = nm_mark_get(b->job);
        const double low = least(b, lp, lo, hi, j, 1), high = -least(b, lp, lo, hi, j, -1);
        nm_mark_release(b->job, mark);
        meet(b, (uint32_t)col[i], low, false);
        meet(b, (uint32_t)col[i], high, true);
    }
}

void nm_embed_box(nm_job *job, const char *path, const nm_model *m, size_t n, const int64_t *col,
                  double *lo, double *hi)
{
    const nm_mark mark = nm_mark_get(job);
    box b = {job, path, m, NM_RAW(job, double, m->n_cols + 1), NM_RAW(job, double, m->n_cols + 1)};
    for (size_t j = 0; j < m->n_cols; j++) b.lo[j] = m->cols[j].lo, b.hi[j] = m->cols[j].hi;
    propagate(&b);
    by_programs(&b, n, col);
    for (size_t i = 0; i < n; i++) {
        const nm_col *c = &m->cols[col[i]];
        double low = b.lo[col[i]], high = b.hi[col[i]];
        if (c->is_int) {
            low = ceil(low - NM_SOLVER_TOL);
            high = floor(high + NM_SOLVER_TOL);
            if (low > high) empty(&b, nm_fmt(job, "integer column %s", c->name));
        }
        const double width = high - low;
        lo[i] = low - c->lo <= KEEP * width ? c->lo : low;
        hi[i] = c->hi - high <= KEEP * width ? c->hi : high;
    }
    nm_mark_release(job, mark);
}
