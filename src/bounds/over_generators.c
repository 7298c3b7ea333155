/* over_generators.c: a question over generators. Bounds, encodings and attack see a program whose INPUT has the
 * generators, with x = x0 + G g as block 1 and the network behind it; everything then works on generators unchanged.
 *
 * The case is rewritten over g, as a superset of it in exact arithmetic:
 *   the box of g, and its sums (bounds and encodings read them from the generators themselves);
 *   rows over g as they are; a row over x, a.x <= b, as (a G).g <= b - a.x0, rounded up;
 *   if x_i, over box and sums of g, may leave the case's box, the row G_i g <= hi_i - x0_i, and likewise for lo; a row
 *   with one term shrinks the box of g instead.
 * The bounds of x, used for intervals and scales, are those of G_i g over box and sums, intersected with the case's
 * box. A bound over a sum: for any m, sum y g = sum (y - m) g + m total; the best m is the level at which the sum is
 * full when its members are filled in the order of y (the continuous knapsack: Dantzig 1957). */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

static nm_program *compose(nm_job *job, const nm_program *old, const nm_gens *g)
{
    nm_program *p = NM_NEW(job, nm_program);
    nm_program_add(job, p, NM_INPUT, "generators", g->n);
    nm_block *x = nm_program_add(job, p, NM_AFFINE, "input set", g->n_in);
    memcpy(x->bias, g->x0, g->n_in * sizeof *x->bias);
    nm_lin *a = nm_block_lin(job, x, NM_SPARSE, 0, g->n_in, g->n);
    a->ptr = g->ptr;
    a->idx = g->idx;
    a->w = g->w;
    size_t *count = NM_ARRAY(job, size_t, g->n + 1);
    for (size_t k = 0; k < g->ptr[g->n_in]; k++)
        if (++count[g->idx[k]] > a->fan) a->fan = count[g->idx[k]];
    x->fan = old->blocks[0].fan;
    x->is_pre = old->blocks[0].is_pre;
    p->blocks[0].fan = 2 + a->fan;
    for (size_t b = 1; b < old->n_blocks; b++) {
        nm_block *k = nm_program_add(job, p, old->blocks[b].kind, old->blocks[b].name,
                                     old->blocks[b].n);
        const size_t first = k->first;
        *k = old->blocks[b];
        k->first = first;
        if (k->src >= 0) k->src++;
        k->lin = NM_RAW(job, nm_lin, k->n_lin + 1);
        if (k->n_lin) memcpy(k->lin, old->blocks[b].lin, k->n_lin * sizeof *k->lin);
        for (size_t t = 0; t < k->n_lin; t++) k->lin[t].src++;
    }
    p->x_first = nm_pad8(g->n);
    p->n_out = old->n_out;
    p->out_const = old->out_const;
    p->out = NM_RAW(job, int32_t, p->n_out + 1);
    for (size_t i = 0; i < p->n_out; i++)
        p->out[i] = old->out[i] < 0 ? -1 : old->out[i] + (int32_t)p->x_first;
    return p;
}

/* Returns a lower bound of y.g + cst over a box of g and the sums, rounded down; overwrites y [n]. */
static double least(const nm_gens *g, const double *lo, const double *hi, double *y, double cst)
{
    double mag = fabs(cst), sum = cst;
    for (size_t s = 0; s < g->n_sums; s++) {
        const nm_sum *m = &g->sums[s];
        const double level = nm_sum_level(m, y, 1, lo, hi);
        sum += level * m->total;
        mag += fabs(level * m->total);
        for (size_t i = m->first; i < m->first + m->n; i++) {
            mag += fabs(level) * fmax(fabs(lo[i]), fabs(hi[i]));
            y[i] -= level;
        }
    }
    for (size_t k = 0; k < g->n; k++) {
        sum += y[k] * (y[k] > 0 ? lo[k] : hi[k]);
        mag += fabs(y[k]) * fmax(fabs(lo[k]), fabs(hi[k]));
    }
    return nm_down(sum - (double)(3 * g->n + 16) * NM_ULP * mag - NM_TINY);
}

/* Sets the ranges of the inputs over a box of g and the sums. */
static void ranges(nm_job *job, const nm_gens *g, const double *glo, const double *ghi, double *lo, double *hi)
{
    const nm_mark mark = nm_mark_get(job);
    double *y = NM_RAW(job, double, g->n + 1);
    for (size_t i = 0; i < g->n_in; i++) {
        lo[i] = hi[i] = g->x0[i];
        if (g->ptr[i] == g->ptr[i + 1]) continue;
        for (int sign = 1; sign >= -1; sign -= 2) {
            memset(y, 0, g->n * sizeof *y);
            for (size_t k = g->ptr[i]; k < g->ptr[i + 1]; k++) y[g->idx[k]] += sign * g->w[k];
            const double end = least(g, glo, ghi, y, sign * g->x0[i]);
            if (sign > 0)
                lo[i] = end;
            else
                hi[i] = -end;
        }
    }
    nm_mark_release(job, mark);
}

typedef struct {
    nm_job *job;
    size_t n_out, n, cap;
    nm_row *row;
    double *lo, *hi; /* box of g */
} rows_t;

/* Adds sum coef * g <= rhs, where rhs is already rounded up. */
static void add_row(rows_t *r, size_t n, const uint32_t *g, const double *coef, double rhs)
{
    if (n == 1) {
        const double end = rhs / coef[0], off = 4 * NM_ULP * fabs(end) + NM_TINY;
        if (coef[0] > 0 && end + off < r->hi[g[0]]) r->hi[g[0]] = nm_up(end + off);
        if (coef[0] < 0 && end - off > r->lo[g[0]]) r->lo[g[0]] = nm_down(end - off);
        return;
    }
    uint32_t *var = NM_RAW(r->job, uint32_t, n + 1);
    double *c = NM_RAW(r->job, double, n + 1);
    for (size_t k = 0; k < n; k++) {
        var[k] = (uint32_t)(r->n_out + g[k]);
        c[k] = coef[k];
    }
    *NM_PUSH(r->job, r->row, r->n, r->cap) = (nm_row){n, var, c, rhs};
}

/* Keeps x_i within the case's box, if it might leave it. */
static void add_box(rows_t *r, const nm_case *c, const double *lo, const double *hi)
{
    const nm_gens *g = c->gens;
    for (size_t i = 0; i < g->n_in; i++) {
        const size_t at = g->ptr[i], n = g->ptr[i + 1] - at;
        double *minus = NM_RAW(r->job, double, n + 1);
        for (size_t k = 0; k < n; k++) minus[k] = -g->w[at + k];
        if (hi[i] > c->hi[i]) add_row(r, n, g->idx + at, g->w + at, nm_up(c->hi[i] - g->x0[i]));
        if (lo[i] < c->lo[i]) add_row(r, n, g->idx + at, minus, nm_up(g->x0[i] - c->lo[i]));
    }
}

/* Adds a row over x as one over g. */
static void add_input_row(rows_t *r, const nm_gens *g, const nm_row *row)
{
    double *y = NM_ARRAY(r->job, double, g->n + 1), *coef = NM_RAW(r->job, double, g->n + 1);
    double rhs = row->rhs, mag = fabs(rhs);
    size_t terms = row->n + 4, n = 0;
    uint32_t *var = NM_RAW(r->job, uint32_t, g->n + 1);
    for (size_t k = 0; k < row->n; k++) {
        const size_t i = row->var[k] - r->n_out;
        rhs -= row->coef[k] * g->x0[i];
        mag += fabs(row->coef[k] * g->x0[i]);
        for (size_t t = g->ptr[i]; t < g->ptr[i + 1]; t++) {
            const double w = row->coef[k] * g->w[t];
            y[g->idx[t]] += w;
            mag += fabs(w) * fmax(fabs(g->lo[g->idx[t]]), fabs(g->hi[g->idx[t]]));
        }
        terms += g->ptr[i + 1] - g->ptr[i];
    }
    for (size_t k = 0; k < g->n; k++) {
        if (y[k] == 0) continue;
        var[n] = (uint32_t)k;
        coef[n++] = y[k];
    }
    add_row(r, n, var, coef, nm_up(rhs + (double)terms * NM_ULP * mag + NM_TINY));
}

nm_work nm_work_of(nm_job *job, const nm_program *p, const nm_case *c)
{
    const nm_gens *g = c->gens;
    if (!g) return (nm_work){p, c, c, NULL, NULL};
    rows_t r = {.job = job,
                .n_out = p->n_out,
                .lo = NM_RAW(job, double, g->n),
                .hi = NM_RAW(job, double, g->n)};
    memcpy(r.lo, g->lo, g->n * sizeof *r.lo);
    memcpy(r.hi, g->hi, g->n * sizeof *r.hi);
    double *lo = NM_RAW(job, double, g->n_in), *hi = NM_RAW(job, double, g->n_in);
    ranges(job, g, r.lo, r.hi, lo, hi);
    for (size_t i = 0; i < g->n_rows; i++)
        add_row(&r, g->rows[i].n, g->rows[i].var, g->rows[i].coef, g->rows[i].rhs);
    for (size_t i = 0; i < c->n_in_rows; i++) add_input_row(&r, g, &c->in_rows[i]);
    add_box(&r, c, lo, hi);
    if (memcmp(r.lo, g->lo, g->n * sizeof *r.lo) || memcmp(r.hi, g->hi, g->n * sizeof *r.hi))
        ranges(job, g, r.lo, r.hi, lo, hi); /* rows have shrunk the box */
    nm_case *k = NM_NEW(job, nm_case);
    *k = *c;
    k->lo = r.lo;
    k->hi = r.hi;
    k->in_rows = r.row;
    k->n_in_rows = r.n;
    return (nm_work){compose(job, p, g), k, c, lo, hi};
}

nm_bounds *nm_work_bounds(nm_job *job, const nm_work *w, const nm_program *p)
{
    nm_bounds *b = nm_bounds_case(job, p, w->c);
    if (!w->of->gens) return b;
    b->gens = w->of->gens;
    for (size_t k = 0; k < b->gens->n; k++) b->empty |= b->lo[k] > b->hi[k];
    for (size_t i = 0; i < b->gens->n_in; i++) {
        nm_bounds_meet(b, p->x_first + i, w->xlo[i], w->xhi[i], NM_BY_NOTHING);
        nm_bounds_meet(b, p->x_first + i, w->of->lo[i], w->of->hi[i], NM_BY_NOTHING);
    }
    return b;
}
