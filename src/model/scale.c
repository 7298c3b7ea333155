/* scale.c: rewrites a model in numbers that a floating-point solver can handle.
 *
 * Solvers work with absolute tolerances of about 1e-6 on rows and columns, drop coefficients below about 1e-9, and
 * refuse or misread what is above 1e15. Here a model becomes another one with the same integer points and perhaps more:
 *   - A term c_j x_j that varies by at most NM_TERM_MIN of its row's size over the whole box of x_j leaves the row,
 *     whose sides move outwards by the term's range, rounded outwards. The row's size is its largest
 *     |c_j| max(|lo_j|, |hi_j|), or its side if that is larger. Costs leave the objective in the same way.
 *   - Columns with boxes far from 1, rows with largest coefficients far from 1 and costs far from 1 are multiplied by
 *     powers of two: exactly, in both directions. Binaries keep their unit. What is of moderate size stays as it is, so
 *     that ordinary models look like their formulas.
 * An nm_scale records all of this, so that values, objectives and rows can be converted back. In a model with sets or
 * products, columns keep their units, and rows that depend on a binary are scaled like others. Cost: a few passes over
 * the matrix. Left out: shifting columns, which powers of two cannot do. */
#include "base/base.h"
#include "model/model.h"

#include <limits.h>

enum { COL_LOW = -10, COL_HIGH = 14, ROW_LOW = -7, ROW_HIGH = 14 };

static double end_of(const nm_col *c) { return fmax(fabs(c->lo), fabs(c->hi)); }

/* Returns the largest size of a term of the row, or of its side. */
static double size_of(const nm_model *m, const nm_mrow *r, size_t end)
{
    double size = isfinite(r->hi) ? fabs(r->hi) : 0;
    if (isfinite(r->lo)) size = fmax(size, fabs(r->lo));
    for (size_t k = r->start; k < end; k++)
        size = fmax(size, fabs(m->c[k]) * end_of(&m->cols[m->j[k]]));
    return size;
}

/* Removes the term c x, x in [lo, hi], from the row, whose sides move by the term's range. */
static void leave_row(nm_mrow *r, double c, const nm_col *x)
{
    const double a = c * x->lo, b = c * x->hi;
    const double least = nm_down(fmin(a, b)), most = nm_up(fmax(a, b));
    if (isfinite(r->hi)) r->hi = nm_up(r->hi - least);
    if (isfinite(r->lo)) r->lo = nm_down(r->lo - most);
}

/* Copies the rows of m without terms that are too small for their row; each row keeps one term, which readers need. */
static void copy_rows(nm_job *job, const nm_model *m, nm_model *to, nm_scale *s)
{
    to->rows = memcpy(NM_RAW(job, nm_mrow, m->n_rows + 1), m->rows, m->n_rows * sizeof *m->rows);
    to->j = NM_RAW(job, uint32_t, m->n_nz + 1);
    to->c = NM_RAW(job, double, m->n_nz + 1);
    to->n_nz = 0;
    for (size_t r = 0; r < m->n_rows; r++) {
        nm_mrow *row = &to->rows[r];
        const size_t end = nm_row_end(m, r);
        const double least = NM_TERM_MIN * size_of(m, &m->rows[r], end);
        row->start = to->n_nz;
        for (size_t k = m->rows[r].start; k < end; k++) {
            const nm_col *x = &m->cols[m->j[k]];
            const double c = m->c[k], moves = fabs(c) * (x->hi - x->lo);
            const bool last = k + 1 == end && to->n_nz == row->start;
            if (!last && moves <= least && (moves > 0 || fabs(c) < NM_COEF_MIN)) {
                leave_row(row, c, x);
                s->n_left++;
                continue;
            }
            to->j[to->n_nz] = m->j[k];
            to->c[to->n_nz++] = c;
        }
    }
}

/* Returns the exponent that brings x into [1, 2), or 0 if x is of moderate size. */
static int exponent(double x, int low, int high)
{
    if (!(x > 0) || !isfinite(x)) return 0;
    const int e = ilogb(x);
    return e < low || e > high ? -e : 0;
}

/* Returns x 2^e; if that rounds (only far beyond usual sizes), *exact becomes false. */
static double shifted(double x, int e, bool *exact)
{
    const double y = ldexp(x, e);
    if (isfinite(x) && ldexp(y, -e) != x) *exact = false;
    return y;
}

static void scale_columns(nm_model *to, nm_scale *s)
{
    for (size_t j = 0; j < to->n_cols; j++) {
        nm_col *c = &to->cols[j];
        const int e = exponent(end_of(c), COL_LOW, COL_HIGH);
        if (c->is_int || to->n_sos || to->n_quad || e == 0) continue;
        s->col[j] = -e; /* x = 2^col x' */
        c->lo = shifted(c->lo, e, &s->exact);
        c->hi = shifted(c->hi, e, &s->exact);
        s->any = true;
    }
}

static void scale_rows(nm_model *to, nm_scale *s)
{
    for (size_t r = 0; r < to->n_rows; r++) {
        nm_mrow *row = &to->rows[r];
        const size_t end = nm_row_end(to, r);
        int top = INT_MIN;
        bool plain = true;
        for (size_t k = 0; k < to->n_quad; k++) plain &= to->quad[k].row != (int64_t)r;
        for (size_t k = row->start; k < end; k++)
            if (to->c[k] != 0 && ilogb(to->c[k]) + s->col[to->j[k]] > top)
                top = ilogb(to->c[k]) + s->col[to->j[k]];
        const int e = !plain || top == INT_MIN || (top >= ROW_LOW && top <= ROW_HIGH) ? 0 : -top;
        for (size_t k = row->start; k < end; k++)
            to->c[k] = shifted(to->c[k], s->col[to->j[k]] + e, &s->exact);
        if (e == 0) continue;
        s->row[r] = -e;
        row->lo = shifted(row->lo, e, &s->exact);
        row->hi = shifted(row->hi, e, &s->exact);
        s->any = true;
    }
}

/* Removes costs whose terms vary too little from the objective; s->cost_lo, cost_hi: bounds of their sum. */
static void drop_costs(nm_model *to, nm_scale *s)
{
    double size = 0;
    for (size_t j = 0; j < to->n_cols; j++)
        size = fmax(size, fabs(to->cols[j].obj) * end_of(&to->cols[j]));
    for (size_t j = 0; j < to->n_cols; j++) {
        nm_col *x = &to->cols[j];
        if (x->obj == 0 || fabs(x->obj) * (x->hi - x->lo) > NM_TERM_MIN * size || size == 0)
            continue;
        const double a = x->obj * x->lo, b = x->obj * x->hi;
        s->cost_lo = nm_down(s->cost_lo + nm_down(fmin(a, b)));
        s->cost_hi = nm_up(s->cost_hi + nm_up(fmax(a, b)));
        x->obj = 0;
    }
}

static void scale_costs(nm_model *to, nm_scale *s)
{
    int top = INT_MIN;
    for (size_t j = 0; j < to->n_cols; j++)
        if (to->cols[j].obj != 0 && ilogb(to->cols[j].obj) + s->col[j] > top)
            top = ilogb(to->cols[j].obj) + s->col[j];
    const int e = to->n_quad || top == INT_MIN || (top >= ROW_LOW && top <= ROW_HIGH) ? 0 : -top;
    for (size_t j = 0; j < to->n_cols; j++)
        to->cols[j].obj = shifted(to->cols[j].obj, s->col[j] + e, &s->exact);
    s->objective = -e;
    s->any |= e != 0;
}

nm_model *nm_model_scaled(nm_job *job, const nm_model *m, nm_scale *s)
{
    nm_model *to = NM_NEW(job, nm_model);
    *to = *m;
    *s = (nm_scale){.exact = true,
                    .col = NM_ARRAY(job, int, m->n_cols + 1),
                    .row = NM_ARRAY(job, int, m->n_rows + 1)};
    to->cols = memcpy(NM_RAW(job, nm_col, m->n_cols + 1), m->cols, m->n_cols * sizeof *m->cols);
    to->cap_cols = to->cap_rows = to->cap_j = to->cap_c =
        0; /* spare room is not shared with m: an array that grows is copied */
    copy_rows(job, m, to, s);
    drop_costs(to, s);
    scale_columns(to, s);
    scale_rows(to, s);
    scale_costs(to, s);
    to->cap_cols = to->n_cols;
    to->cap_rows = to->n_rows;
    to->cap_j = to->cap_c = to->n_nz;
    return to;
}

const char *nm_model_out_of_range(nm_job *job, const nm_model *m)
{
    for (size_t k = 0; k < m->n_nz; k++)
        if (!(fabs(m->c[k]) <= NM_FILE_MOST))
            return nm_fmt(job, "a coefficient of column %s is %.3g", m->cols[m->j[k]].name,
                          m->c[k]);
    for (size_t j = 0; j < m->n_cols; j++)
        if (!(end_of(&m->cols[j]) <= NM_FILE_MOST))
            return nm_fmt(job, "the box of column %s reaches %.3g", m->cols[j].name,
                          end_of(&m->cols[j]));
    for (size_t r = 0; r < m->n_rows; r++) {
        const nm_mrow *row = &m->rows[r];
        const double side = fmax(isfinite(row->lo) ? fabs(row->lo) : 0,
                                 isfinite(row->hi) ? fabs(row->hi) : 0);
        if (!(side <= NM_FILE_MOST))
            return nm_fmt(job, "a side of row %s is %.3g", row->name, side);
    }
    return NULL;
}

void nm_scale_values(const nm_scale *s, size_t n, double *x)
{
    if (s->any)
        for (size_t j = 0; j < n; j++) x[j] = ldexp(x[j], s->col[j]);
}

void nm_model_unscale(nm_model *m, const nm_scale *s)
{
    for (size_t r = 0; r < m->n_rows; r++) {
        nm_mrow *row = &m->rows[r];
        for (size_t k = row->start; k < nm_row_end(m, r); k++)
            m->c[k] = ldexp(m->c[k], s->row[r] - s->col[m->j[k]]);
        row->lo = ldexp(row->lo, s->row[r]);
        row->hi = ldexp(row->hi, s->row[r]);
    }
    for (size_t j = 0; j < m->n_cols; j++) {
        nm_col *c = &m->cols[j];
        c->lo = ldexp(c->lo, s->col[j]);
        c->hi = ldexp(c->hi, s->col[j]);
        c->obj = ldexp(c->obj, s->objective - s->col[j]);
    }
}
