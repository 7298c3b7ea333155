/* nearest_point.c: the point of a polyhedron that is nearest to a centre in L2, and a proven bound on its distance.
 *
 *   min 1/2 |x - c|^2,  A x <= h (or >= l),  x in a box.
 * For multipliers y (>= 0 for "<=" rows, <= 0 for ">=" rows), with v = A' y,
 *     1/2 |x - c|^2 >= sum over j of min over [lo_j, hi_j] of 1/2 (x_j - c_j)^2 + v_j x_j,  less y'h,
 * and the minimiser is c - v clipped to the box. Row by row (Hildreth 1957; here the box is treated separately) y is
 * changed until the row holds: each time the root of a piecewise linear function, by Newton's method. Finally the bound
 * is summed again from y, downward: v with its rounding error, multiplied by the larger magnitude of the column's ends;
 * a minimiser that is off by d costs d^2. For an empty polyhedron the bound grows without limit. Cost: sweeps times
 * nonzeros, some milliseconds. */
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"

enum { SWEEPS = 400, NEWTON = 6 };

typedef struct {
    const nm_model *m;
    const double *c;
    double *y, *v; /* [n_rows], [n_cols] */
    double *size;  /* [n_rows] size of its terms */
} dual;

static double place_of(const dual *d, size_t j)
{
    return fmin(fmax(d->c[j] - d->v[j], d->m->cols[j].lo), d->m->cols[j].hi);
}

/* Returns a row's value at the minimiser; *slope: the sum of squared coefficients of columns that are not at an end. */
static double value_of(const dual *d, size_t r, double *slope)
{
    double sum = 0;
    *slope = 0;
    for (size_t k = d->m->rows[r].start; k < nm_row_end(d->m, r); k++) {
        const size_t j = d->m->j[k];
        const double x = place_of(d, j);
        sum += d->m->c[k] * x;
        if (x > d->m->cols[j].lo && x < d->m->cols[j].hi) *slope += d->m->c[k] * d->m->c[k];
    }
    return sum;
}

static void move(dual *d, size_t r, double by)
{
    d->y[r] += by;
    for (size_t k = d->m->rows[r].start; k < nm_row_end(d->m, r); k++)
        d->v[d->m->j[k]] += by * d->m->c[k];
}

/* Settles a row; returns how far it was violated, relative to its terms. */
static double settle(dual *d, size_t r)
{
    const nm_mrow *row = &d->m->rows[r];
    double off = 0;
    for (int n = 0; n < NEWTON; n++) {
        double slope;
        const double at = value_of(d, r, &slope),
                     side = isfinite(row->hi) && (d->y[r] > 0 || at > row->hi)   ? row->hi
                            : isfinite(row->lo) && (d->y[r] < 0 || at < row->lo) ? row->lo
                                                                                 : at;
        double by = slope > 0 ? (at - side) / slope : at > side ? 1 : at < side ? -1 : 0;
        /* a multiplier must not change its sign */
        if (d->y[r] > 0 && d->y[r] + by < 0) by = -d->y[r];
        if (d->y[r] < 0 && d->y[r] + by > 0) by = -d->y[r];
        if (n == 0) off = fabs(at - side) / d->size[r];
        if (by == 0 || fabs(at - side) <= 1e-14 * d->size[r]) break;
        move(d, r, by);
        if (d->y[r] == 0) break;
    }
    return off;
}

/* Returns the dual's value in plain arithmetic. */
static double value(const dual *d)
{
    double sum = 0;
    for (size_t r = 0; r < d->m->n_rows; r++)
        if (d->y[r] != 0) sum -= d->y[r] * (d->y[r] > 0 ? d->m->rows[r].hi : d->m->rows[r].lo);
    for (size_t j = 0; j < d->m->n_cols; j++) {
        const double x = place_of(d, j), away = x - d->c[j];
        sum += 0.5 * away * away + d->v[j] * x;
    }
    return sum;
}

/* Sets the multipliers to y + t by, except that the multiplier of a one-sided row stops at 0. */
static void step(dual *d, const double *y, const double *by, double t)
{
    memset(d->v, 0, d->m->n_cols * sizeof *d->v);
    for (size_t r = 0; r < d->m->n_rows; r++) {
        const nm_mrow *row = &d->m->rows[r];
        double to = y[r] + t * by[r];
        if ((to > 0 && isinf(row->hi)) || (to < 0 && isinf(row->lo))) to = 0;
        d->y[r] = 0;
        move(d, r, to);
    }
}

/* Speeds up slow sweeps: if rows are nearly parallel, or there is no point, sweeps move y along one direction in small
 * steps; this goes along it as far as the dual grows, by doubling. y: the multipliers before the last sweeps. */
static void leap(nm_job *job, dual *d, const double *y)
{
    const nm_mark mark = nm_mark_get(job);
    const size_t n = d->m->n_rows;
    double *from = NM_RAW(job, double, 2 * n + 1), *by = from + n, best = value(d), t = 0;
    for (size_t r = 0; r < n; r++) {
        from[r] = d->y[r];
        by[r] = d->y[r] - y[r];
    }
    for (double far = 4; far < 1e9; far *= 4) {
        step(d, from, by, far);
        const double now = value(d);
        if (!(now > best)) break;
        best = now;
        t = far;
    }
    step(d, from, by, t);
    nm_mark_release(job, mark);
}

/* Returns a proven lower bound of 1/2 |x - c|^2. */
static double bound(nm_job *job, const dual *d)
{
    const nm_model *m = d->m;
    double *v = NM_ARRAY(job, double, m->n_cols + 1), *size = NM_ARRAY(job, double, m->n_cols + 1),
           *terms = NM_ARRAY(job, double, m->n_cols + 1), sum = 0, mag = 0, fee = 0;
    for (size_t r = 0; r < m->n_rows; r++) {
        const double side = d->y[r] > 0 ? m->rows[r].hi : m->rows[r].lo;
        if (d->y[r] == 0 || !isfinite(side) || !isfinite(d->y[r])) continue;
        sum -= d->y[r] * side;
        mag += fabs(d->y[r] * side);
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
            v[m->j[k]] += d->y[r] * m->c[k];
            size[m->j[k]] += fabs(d->y[r] * m->c[k]);
            terms[m->j[k]]++;
        }
    }
    for (size_t j = 0; j < m->n_cols; j++) {
        const double lo = m->cols[j].lo, hi = m->cols[j].hi, c = d->c[j],
                     x = fmin(fmax(c - v[j], lo), hi), away = x - c, big = fmax(fabs(lo), fabs(hi)),
                     miss = 4 * NM_ULP * (fabs(c) + fabs(v[j]) + fabs(x));
        sum += 0.5 * away * away + v[j] * x;
        mag += 0.5 * away * away + fabs(v[j] * x) + fabs(away) * miss;
        fee += (terms[j] + 4) * NM_ULP * size[j] * big + miss * miss + NM_TINY;
    }
    const double n = (double)(m->n_cols + m->n_rows + 16),
                 all = (fee + 2 * n * NM_ULP * mag) * (1 + 2 * n * NM_ULP) + n * NM_TINY;
    return isfinite(sum) && isfinite(all) ? nm_down(sum - all) : -INFINITY;
}

double nm_project(nm_job *job, const nm_model *m, const double *centre, double enough, double *x)
{
    const nm_mark mark = nm_mark_get(job);
    dual d = {m, centre, NM_ARRAY(job, double, m->n_rows + 1), NM_ARRAY(job, double, m->n_cols + 1),
              NM_ARRAY(job, double, m->n_rows + 1)};
    for (size_t r = 0; r < m->n_rows; r++) {
        d.size[r] = NM_TINY;
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
            const nm_col *c = &m->cols[m->j[k]];
            d.size[r] += fabs(m->c[k]) * fmax(fabs(c->lo), fabs(c->hi));
        }
    }
    double best = 0, *before = NM_ARRAY(job, double, m->n_rows + 1);
    for (int s = 0; s < SWEEPS; s++) {
        double off = 0;
        if (s % 8 == 7) leap(job, &d, before);
        if (s % 8 == 6) memcpy(before, d.y, m->n_rows * sizeof *before);
        for (size_t r = 0; r < m->n_rows; r++) off = fmax(off, settle(&d, r));
        if (s % 16 == 15 || off < 1e-12) {
            const nm_mark inner = nm_mark_get(job);
            best = fmax(best, 2 * bound(job, &d));
            nm_mark_release(job, inner);
        }
        if (off < 1e-12 || best > enough) break;
    }
    for (size_t j = 0; j < m->n_cols; j++) x[j] = place_of(&d, j);
    nm_mark_release(job, mark);
    return best;
}
