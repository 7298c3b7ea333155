/* plain_bounds.c: what the steps of a certificate do to a region: intervals, CROWN, rows of the question, cuts; and
 * where a region over generators begins.
 *
 * Intervals are computed to nearest, and widened by a bound of what rounding may lose: n + 20 roundings of a sum of n
 * products, each at most u = 2^-53 of the sum of the terms' sizes. An interval is only ever met with another. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { L = NM_CHECK_LANES };

/* ---- intervals ---- */

/* Adds min(w lo, w hi), their maximum, and |w| size, to L sums each; ends: the lo, then the hi, then the sizes. */
NM_WIDE static void add_ends(size_t n, const double *restrict w, const double *restrict ends, double *restrict lo,
                             double *restrict hi, double *restrict mag)
{
    size_t t = 0;
    for (; t + L <= n; t += L) {
        const double *restrict l = ends + t, *restrict h = l + n, *restrict size = h + n;
        for (size_t i = 0; i < L; i++) {
            const double a = w[t + i] * l[i], b = w[t + i] * h[i];
            lo[i] += a < b ? a : b;
            hi[i] += a < b ? b : a;
            mag[i] += fabs(w[t + i]) * size[i];
        }
    }
    for (size_t i = 0; t < n; t++, i++) {
        const double a = w[t] * ends[t], b = w[t] * ends[n + t];
        lo[i] += a < b ? a : b;
        hi[i] += a < b ? b : a;
        mag[i] += fabs(w[t]) * ends[2 * n + t];
    }
}

/* Gathers the ends of the units that a row reads, and their sizes. */
static void gather(const nm_region *r, size_t n, const uint32_t *idx)
{
    for (size_t t = 0; t < n; t++) {
        const double lo = r->lo[idx[t]], hi = r->hi[idx[t]];
        r->ends[t] = lo;
        r->ends[n + t] = hi;
        r->ends[2 * n + t] = nm_larger(fabs(lo), fabs(hi));
    }
}

static void interval_affine(const nm_plain_block *k, nm_region *r)
{
    for (size_t i = 0; i < k->n; i++) {
        const size_t unit = k->order[i], u = k->first + unit, at = k->ptr[unit], n = k->ptr[unit + 1] - at;
        if (i == 0 || k->group[i] != k->group[i - 1]) gather(r, n, k->idx + at);
        double lo[L] = {k->bias[unit]}, hi[L] = {k->bias[unit]}, mag[L] = {fabs(k->bias[unit])};
        add_ends(n, nm_plain_weights(k, unit), r->ends, lo, hi, mag);
        for (size_t l = 1; l < L; l++) {
            lo[0] += lo[l];
            hi[0] += hi[l];
            mag[0] += mag[l];
        }
        const double e = (double)(n + L + 4) * (NM_CHECK_U * mag[0] + 1e-300) * NM_CHECK_MORE;
        r->mag[u] = mag[0] * NM_CHECK_MORE;
        nm_region_meet(r, u, nm_down(lo[0] - e), nm_up(hi[0] + e));
    }
}

static void interval_max(const nm_plain_block *k, nm_region *r, size_t i)
{
    double lo = -INFINITY, hi = -INFINITY;
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        lo = nm_larger(lo, r->lo[k->idx[t]]);
        hi = nm_larger(hi, r->hi[k->idx[t]]);
    }
    nm_region_meet(r, k->first + i, lo, hi);
}

void nm_region_interval(const nm_plain *p, nm_region *r, size_t to)
{
    for (size_t k = 0; k < r->n_balls && r->stale <= 1; k++)
        r->empty |= nm_plain_ball_missed(&r->balls[k], p->block[0].n, r->lo, r->hi);
    for (size_t b = r->stale; b < to; b++) {
        const nm_plain_block *k = &p->block[b];
        if (k->kind == NM_AFFINE) {
            if (r->exact)
                nm_exact_affine(r->exact, b, r);
            else
                interval_affine(k, r);
            continue;
        }
        for (size_t i = 0; i < k->n; i++) {
            if (k->kind == NM_MAX) interval_max(k, r, i);
            if (k->kind != NM_RELU) continue;
            const size_t a = p->block[k->src].first + i;
            nm_region_meet(r, k->first + i, nm_larger(r->lo[a], 0), nm_larger(r->hi[a], 0));
        }
    }
    if (r->stale < to) r->stale = to;
}

/* ---- what the steps of a certificate ask for ---- */

/* Sets lower bounds lo of n units of block b, and of their negatives from lo[n] on. */
static void lower_ends(nm_pull *t, const nm_plain *p, const nm_region *r, size_t b, size_t n, const uint32_t *unit,
                       double *lo)
{
    nm_plain_rows rows = {.n = 2 * n};
    for (size_t i = 0; i < 2 * n; i++)
        rows.row[i] = (nm_plain_row){.block = b, .unit = unit[i % n], .sign = i < n ? 1 : -1};
    nm_region_bound(t, p, r, &rows, lo);
}

static void crown_units(nm_pull *t, const nm_plain *p, nm_region *r, size_t b, size_t n, const uint32_t *unit)
{
    double lo[L];
    lower_ends(t, p, r, b, n, unit, lo);
    for (size_t i = 0; i < n; i++) {
        r->steep[unit[i]] = -lo[i + n] > -lo[i] * NM_CHECK_NEARLY ? 2 : 1;
        nm_region_meet(r, unit[i], lo[i], -lo[i + n]);
    }
    r->stale = b + 1;
}

/* Bounds the open units of a block. */
static void crown_block(nm_pull *t, const nm_plain *p, nm_region *r, size_t b)
{
    const nm_plain_block *k = &p->block[b];
    uint32_t open[L / 2];
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        const size_t u = k->first + k->order[i];
        if (r->needed[u] && r->lo[u] < 0 && r->hi[u] > 0) open[n++] = (uint32_t)u;
        if (n == 0 || (n < L / 2 && i + 1 < k->n)) continue;
        crown_units(t, p, r, b, n, open);
        n = 0;
    }
}

void nm_region_crown(nm_pull *t, const nm_plain *p, nm_region *r)
{
    size_t done = 1;
    for (size_t b = 1; b < p->n_blocks && !r->empty; b++) {
        const nm_plain_block *k = &p->block[b];
        if (k->kind != NM_AFFINE || !k->is_pre || (!r->cut && !r->n_balls && k->reads_input_only)) continue;
        nm_region_interval(p, r, b + 1);
        nm_bends_set(nm_pull_bends(t), r, done, b + 1, true);
        done = b + 1;
        crown_block(t, p, r, b);
    }
    nm_region_interval(p, r, p->n_blocks);
}

/* ---- generators ---- */

/* Intersects the interval of g with what a g <= h leaves, where h was rounded up. */
static void one_term(nm_region *r, size_t g, double a, double h)
{
    if (a > 0) nm_region_meet(r, g, -INFINITY, nm_up(h / a));
    if (a < 0) nm_region_meet(r, g, nm_down(h / a), INFINITY);
}

void nm_region_generators(nm_pull *t, const nm_plain *p, nm_region *r, const nm_case *c)
{
    const nm_gens *g = c->gens;
    uint32_t unit[L / 2];
    double lo[L];
    memcpy(r->lo, g->lo, g->n * sizeof *r->lo);
    memcpy(r->hi, g->hi, g->n * sizeof *r->hi);
    for (size_t i = 0; i < g->n_rows; i++)
        if (g->rows[i].n == 1) one_term(r, g->rows[i].var[0], g->rows[i].coef[0], g->rows[i].rhs);
    for (size_t i = 0; i < g->n_in; i++) {
        const size_t at = g->ptr[i];
        if (g->ptr[i + 1] - at != 1) continue;
        one_term(r, g->idx[at], g->w[at], nm_up(c->hi[i] - g->x0[i]));
        one_term(r, g->idx[at], -g->w[at], nm_up(g->x0[i] - c->lo[i]));
    }
    nm_region_interval(p, r, 2);
    nm_bends_set(nm_pull_bends(t), r, 1, 2, true);
    for (size_t at = 0, n; at < g->n_in; at += n) {
        for (n = 0; n < L / 2 && at + n < g->n_in; n++) unit[n] = (uint32_t)(p->x_first + at + n);
        lower_ends(t, p, r, 1, n, unit, lo);
        for (size_t i = 0; i < n; i++) {
            nm_region_meet(r, unit[i], lo[i], -lo[i + n]);
            nm_region_meet(r, unit[i], c->lo[at + i], c->hi[at + i]);
        }
    }
}

/* ---- rows ---- */

/* Puts a row into a lane. */
static void put_row(nm_pull *t, const nm_plain *p, const nm_region *r, const nm_plain_row *of, size_t lane)
{
    const nm_row *row = of->row;
    if (!row) nm_pull_put(t, of->unit, lane, of->sign);
    for (size_t i = 0; row && i < row->n; i++) {
        const double fan = ((double)row->n + 4) * NM_CHECK_U; /* several variables may be one unit */
        const int64_t u = nm_plain_unit(p, row->var[i]);
        const double a = u < 0 ? p->out_const[row->var[i]] : 0, size = u < 0 ? fabs(a) : nm_region_size(r, (size_t)u);
        nm_pull_constant(t, lane, row->coef[i] * a, fan * fabs(row->coef[i]) * size);
        if (u >= 0) nm_pull_put(t, (size_t)u, lane, row->coef[i]);
    }
}

/* Returns the least value of a row by the intervals of the units that it names. */
static double row_interval(const nm_plain *p, const nm_region *r, const nm_row *row)
{
    double sum = 0, mag = 0;
    for (size_t i = 0; i < row->n; i++) {
        const int64_t u = nm_plain_unit(p, row->var[i]);
        const double a = row->coef[i] * (u < 0 ? p->out_const[row->var[i]] : r->lo[u]);
        const double b = row->coef[i] * (u < 0 ? p->out_const[row->var[i]] : r->hi[u]);
        sum += a < b ? a : b;
        mag += nm_larger(fabs(a), fabs(b));
    }
    return nm_down(sum - ((double)(row->n + 4) * NM_CHECK_U * mag + 1e-290) * NM_CHECK_MORE);
}

void nm_region_bound(nm_pull *t, const nm_plain *p, const nm_region *r, const nm_plain_rows *rows, double *lo)
{
    double all[L];
    for (size_t i = 0; i < rows->n_signs; i++) /* some leaves replace the unit by what it reads */
        nm_pull_bends(t)->zero[rows->sign[i].unit] = false;
    if (!r->exact) {
        nm_pull_clear(t);
        for (size_t i = 0; i < rows->n; i++) put_row(t, p, r, &rows->row[i], i);
        nm_pull_back(t, r, rows);
        nm_pull_lower(t, r, all);
    }
    for (size_t i = 0; i < rows->n; i++) {
        lo[i] = r->exact ? nm_exact_bound(r->exact, r, rows, i) : all[i];
        if (r->exact || !rows->row[i].row) continue;
        const double plain = row_interval(p, r, rows->row[i].row);
        if (isfinite(plain) && plain > lo[i]) lo[i] = plain;
    }
}

/* With cut x <= rhs, cut_i x_i <= rhs - the least of the other terms, for each i. */
static void shrink(nm_region *r, size_t n)
{
    double sum = 0, mag = 0;
    for (size_t i = 0; i < n; i++) {
        const double term = r->cut[i] * (r->cut[i] > 0 ? r->lo[i] : r->hi[i]);
        sum += term;
        mag += fabs(term);
    }
    const double e = ((double)n + 8) * NM_CHECK_U * (mag + fabs(sum) + fabs(r->cut_rhs)) *
                         NM_CHECK_MORE +
                     1e-290;
    const double room = nm_up(r->cut_rhs - sum + e);
    if (room < 0) r->empty = true;
    if (!(room >= 0 && isfinite(room))) return;
    for (size_t i = 0; i < n; i++) {
        if (r->cut[i] == 0) continue;
        const double step = nm_up(room / fabs(r->cut[i]));
        if (r->cut[i] > 0)
            nm_region_meet(r, i, -INFINITY, nm_up(r->lo[i] + step));
        else
            nm_region_meet(r, i, nm_down(r->hi[i] - step), INFINITY);
    }
}

/* Sets g x <= the result, where row is at most its right side. */
static double cut_of(nm_pull *t, const nm_plain *p, const nm_region *r, const nm_row *row, double *g)
{
    const nm_plain_rows rows = {.n = 1, .row = {{.row = row, .block = p->n_blocks - 1}}, .signs = true};
    double lo, e;
    nm_bends_set(nm_pull_bends(t), r, 1, p->n_blocks, false);
    if (r->exact) return nm_exact_cut(r->exact, r, &rows, g);
    nm_region_bound(t, p, r, &rows, &lo);
    const double c = nm_pull_inputs(t, g, &e);
    return nm_up(row->rhs - c + (e + 8 * NM_CHECK_U * fabs(row->rhs)) * NM_CHECK_MORE);
}

void nm_region_cut(nm_job *job, nm_pull *t, const nm_plain *p, nm_region *r, const nm_row *row)
{
    const size_t n = p->block[0].n;
    if (!r->room[1]) r->room[1] = NM_RAW(job, double, n + 1);
    const nm_mark mark = nm_mark_get(job);
    double *g = NM_RAW(job, double, n + 1), size = 0; /* the cut before is in use until it is known */
    const double rhs = cut_of(t, p, r, row, g);
    for (size_t i = 0; i < n; i++) size += fabs(g[i]);
    const bool says_something = isfinite(rhs) && isfinite(size);
    if (says_something) r->cut = memcpy(r->room[1], g, n * sizeof *g);
    nm_mark_release(job, mark);
    if (!says_something) return;
    r->cut_rhs = rhs;
    r->stale = 1;
    if (r->exact)
        nm_exact_shrink(r->exact, r);
    else
        shrink(r, n);
}
