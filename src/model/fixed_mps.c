/* fixed_mps.c: makes a model fit into fixed MPS: names of 8 characters, numbers of 12.
 *
 * Names become C0000001 and R0000001 by position; the map keeps what they stand for. A coefficient c is rounded to c',
 * and the row's side moves outwards by sum |c - c'| max |x| over the columns' boxes and is itself rounded outwards; so
 * are the boxes. So the model contains every point of the original: `infeasible` is still a proof, and points are
 * replayed anyway. An equality stays as it is if its numbers fit, and becomes two rows otherwise. What cannot be
 * expressed is refused: products, sets, indicators. Cost: one pass. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

enum { WIDTH = 12 };

static bool fits(double x)
{
    char s[32];
    return nm_num_print(s, x) <= WIDTH;
}

/* Returns the nearest number of at most 12 characters; side > 0: not below x; < 0: not above it. */
static double narrow(nm_job *job, double x, int side)
{
    if (fits(x)) return x;
    const int e = (int)floor(log10(fabs(x)));
    for (int digits = 11; digits > 0; digits--)
        for (int up = -1; up <= 1; up++) { /* the nearest number with this many digits, and its neighbours */
            const int at = side == 0 ? (up + 2) % 3 - 1 : up; /* 0 first if either side is allowed */
            const double near = x + at * pow(10.0, e - digits + 1);
            char s[40];
            double y;
            const int n = snprintf(s, sizeof s, "%.*g", digits, near);
            if (!nm_num_parse(s, s + n, &y) || !fits(y)) continue;
            if (side == 0 || (side > 0 ? y >= x : y <= x)) return y;
        }
    nm_throw(job, NM_EUNSUP,
             "--mps fixed: %.17g cannot be written in %d characters; use free MPS", x,
             (int)WIDTH);
}

static void add_columns(nm_job *job, nm_model *f, const nm_model *m)
{
    for (size_t j = 0; j < m->n_cols; j++) {
        const nm_col *c = &m->cols[j];
        nm_model_col(job, f, nm_fmt(job, "C%07zu", j + 1), narrow(job, c->lo, -1),
                     narrow(job, c->hi, 1), c->is_int);
        f->cols[j].obj = narrow(job, c->obj, 0);
    }
}

/* Rounds the nonzeros of row r into c; returns by how much that may change the row's activity. */
static double round_row(nm_job *job, const nm_model *f, const nm_model *m, size_t r, double *c)
{
    double moved = 0;
    const size_t start = m->rows[r].start, n = nm_row_end(m, r) - start;
    for (size_t k = 0; k < n; k++) {
        const nm_col *x = &f->cols[m->j[start + k]];
        c[k] = narrow(job, m->c[start + k], 0);
        moved += fabs(c[k] - m->c[start + k]) * fmax(fabs(x->lo), fabs(x->hi));
    }
    return moved == 0 ? 0 : nm_up(moved * (1 + (double)(n + 8) * NM_ULP) + NM_TINY);
}

nm_model *nm_model_fixed(nm_job *job, const nm_model *m, const char ***long_rows)
{
    if (nm_model_needs(m))
        nm_throw(job, NM_EUNSUP, "--mps fixed: %s cannot be written in it",
                 nm_needs_name(nm_model_needs(m)));
    if (m->n_cols > 9999999 || m->n_rows > 4999999)
        nm_throw(job, NM_EUNSUP, "--mps fixed: %zu rows and %zu columns need longer names",
                 m->n_rows, m->n_cols);
    nm_model *f = nm_model_new(job, m->name);
    double *c = NM_RAW(job, double, m->n_cols + 1);
    *long_rows = NM_ARRAY(job, const char *, 2 * m->n_rows + 1);
    f->constant = m->constant;
    add_columns(job, f, m);
    for (size_t r = 0; r < m->n_rows; r++) {
        const nm_mrow *row = &m->rows[r];
        const size_t n = nm_row_end(m, r) - row->start;
        const double moved = round_row(job, f, m, r, c);
        const double lo = isinf(row->lo)
                              ? row->lo
                              : narrow(job, moved == 0 ? row->lo : nm_down(row->lo - moved), -1);
        const double hi = isinf(row->hi)
                              ? row->hi
                              : narrow(job, moved == 0 ? row->hi : nm_up(row->hi + moved), 1);
        const bool two = isfinite(lo) && isfinite(hi) && lo != hi;
        const char *name = nm_fmt(job, "R%07zu", f->n_rows + 1);
        (*long_rows)[f->n_rows] = two ? nm_fmt(job, "%s_lo", row->name) : row->name;
        nm_model_row(job, f, name, lo, two ? INFINITY : hi, n, m->j + row->start, c);
        if (row->is_cut) nm_model_is_cut(f);
        if (!two) continue;
        (*long_rows)[f->n_rows] = nm_fmt(job, "%s_up", row->name);
        nm_model_row(job, f, nm_fmt(job, "R%07zu", f->n_rows + 1), -INFINITY, hi, n,
                     m->j + row->start, c);
        if (row->is_cut) nm_model_is_cut(f);
    }
    return f;
}
