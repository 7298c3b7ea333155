/* exact.c: what plain_bounds.c and pull.c compute, without rounding: --exact.
 *
 * A region's bounds, cut and right side stay doubles, and lines keep the slopes that bends.c chooses. All that follows
 * from these doubles is computed exactly, and only an end result becomes a double again, rounded outwards, or anyhow
 * where any number will do and the result allows for it. So no bound of a rounding error occurs:
 *   unit          [down(exact lower end), up(exact upper end)]
 *   chord         k is u/(u-l) rounded to a multiple of 2^-53, the offset exactly max(f(l) - k l, f(u) - k u)
 *   a point's line   its thetas are multiples of 2^-30, its constant is exactly max(on, off)
 *   cut y x <= h  g_i is y_i rounded, and g x <= up(h + max over the box of (g - y) x)
 *   multiplier    of a cut: the best one that a search in doubles finds; the bound that it gives is exact
 *   sum           of generators: its multiplier is the level of the rounded row, rounded to coefficients' multiples
 * Exact chords u/(u-l) are what makes fractions long: their denominators multiply up over layers. Here every number is
 * m 2^-s (dyadic.c), and a row's coefficients grow by the length of one weight a layer.
 *
 * Coefficients of a block's units are multiples of one power of 2, so that a row is pulled back by sums of products of
 * integers. Weights of block b are multiples of 2^-scale[b]; if the row's own numbers are multiples of 2^-base, then
 * coefficients in block b are multiples of 2^-(base + below[b]), where below is the sum of scale and, for a slope, 53
 * along the longest way from b. Cost: one row at a time, some 30 ns for each weight that comes from float32. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "proof/proof.h"
#include "proof/checker.h"
#include "proof/dyadic.h"

enum { SLOPE = 53 };

struct nm_exact {
    nm_job *job;
    const nm_plain *p;
    nm_pull *pull; /* for what any number will do */
    nm_bends *lines;
    int64_t base, *scale, *below; /* [n_blocks] */
    uint32_t *block;              /* [n_units] the block of each */
    mpz_t *y, *lo, *hi, a, b;     /* y [n_units]: the row; lo, hi [widest]: ends of the units that a row reads */
    nm_dyadic c, d, e, f;         /* c: the row's constant; others are for use within a function */
    double *near, *hint;          /* [n_in] the row over the inputs, rounded; room for a ball */
};

/* ---- making ---- */

static void end(void *arg)
{
    nm_exact *x = arg;
    for (size_t u = 0; u < x->p->n_units; u++) mpz_clear(x->y[u]);
    for (size_t t = 0; t < x->p->widest; t++) mpz_clears(x->lo[t], x->hi[t], NULL);
    mpz_clears(x->a, x->b, x->c.m, x->d.m, x->e.m, x->f.m, NULL);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Sets the scales of blocks: of their weights, and of the coefficients of rows. */
static void scales(nm_exact *x)
{
    for (size_t b = x->p->n_blocks; b-- > 1;) {
        const nm_plain_block *k = &x->p->block[b];
        int64_t s = SLOPE;
        if (k->kind == NM_AFFINE) {
            s = 0;
            for (size_t i = 0; i < k->n; i++) s = larger(s, nm_dyadic_scale(k->bias[i]));
            for (size_t i = 0; i < k->n; i++)
                for (size_t t = 0; t < k->ptr[i + 1] - k->ptr[i]; t++)
                    s = larger(s, nm_dyadic_scale(nm_plain_weights(k, i)[t]));
        }
        x->scale[b] = s;
        s += x->below[b];
        for (size_t t = 0; k->kind == NM_AFFINE && t < k->ptr[k->n]; t++) {
            int64_t *to = &x->below[x->block[k->idx[t]]];
            *to = larger(*to, s);
        }
        if (k->kind != NM_AFFINE) x->below[k->src] = larger(x->below[k->src], s);
    }
}

nm_exact *nm_exact_new(nm_job *job, const nm_plain *p, nm_pull *pull)
{
    nm_exact *x = NM_NEW(job, nm_exact);
    *x = (nm_exact){.job = job, .p = p, .pull = pull, .lines = nm_pull_bends(pull)};
    x->scale = NM_ARRAY(job, int64_t, p->n_blocks);
    x->below = NM_ARRAY(job, int64_t, p->n_blocks);
    x->block = NM_ARRAY(job, uint32_t, p->n_units);
    x->near = NM_ARRAY(job, double, p->block[0].n + 1);
    x->hint = NM_ARRAY(job, double, p->block[0].n + 1);
    x->y = NM_ARRAY(job, mpz_t, p->n_units);
    x->lo = NM_ARRAY(job, mpz_t, p->widest + 1);
    x->hi = NM_ARRAY(job, mpz_t, p->widest + 1);
    for (size_t b = 0; b < p->n_blocks; b++)
        for (size_t i = 0; i < p->block[b].n; i++) x->block[p->block[b].first + i] = (uint32_t)b;
    scales(x);
    for (size_t u = 0; u < p->n_units; u++) mpz_init(x->y[u]);
    for (size_t t = 0; t < p->widest; t++) mpz_inits(x->lo[t], x->hi[t], NULL);
    mpz_inits(x->a, x->b, x->c.m, x->d.m, x->e.m, x->f.m, NULL);
    nm_defer(job, end, x);
    return x;
}

/* ---- intervals ---- */

/* Gathers the ends of the units that a row reads, as multiples of 2^-s; returns s. */
static int64_t gather(nm_exact *x, const nm_region *r, size_t n, const uint32_t *idx)
{
    int64_t s = 0;
    for (size_t t = 0; t < n; t++)
        s = larger(s, larger(nm_dyadic_scale(r->lo[idx[t]]), nm_dyadic_scale(r->hi[idx[t]])));
    for (size_t t = 0; t < n; t++) {
        nm_dyadic_integer(x->lo[t], r->lo[idx[t]], s);
        nm_dyadic_integer(x->hi[t], r->hi[idx[t]], s);
    }
    return s;
}

void nm_exact_affine(nm_exact *x, size_t b, nm_region *r)
{
    const nm_plain_block *k = &x->p->block[b];
    int64_t s = 0;
    for (size_t i = 0; i < k->n; i++) {
        const size_t unit = k->order[i], at = k->ptr[unit], n = k->ptr[unit + 1] - at;
        if (i == 0 || k->group[i] != k->group[i - 1]) s = gather(x, r, n, k->idx + at);
        mpz_set_ui(x->a, 0);
        mpz_set_ui(x->b, 0);
        for (size_t t = 0; t < n; t++) {
            const double w = nm_plain_weights(k, unit)[t];
            nm_dyadic_add_multiple(x->a, w > 0 ? x->lo[t] : x->hi[t], w, x->scale[b]);
            nm_dyadic_add_multiple(x->b, w > 0 ? x->hi[t] : x->lo[t], w, x->scale[b]);
        }
        nm_dyadic_set(&x->d, k->bias[unit]);
        nm_dyadic_set(&x->e, k->bias[unit]);
        nm_dyadic_add(&x->d, x->a, s + x->scale[b], 1);
        nm_dyadic_add(&x->e, x->b, s + x->scale[b], 1);
        nm_region_meet(r, k->first + unit, nm_dyadic_down(&x->d), nm_dyadic_up(&x->e));
        if (!isfinite(r->lo[k->first + unit]) || !isfinite(r->hi[k->first + unit]))
            nm_throw(x->job, NM_EUNSUP, "--exact: the bounds of a unit are beyond the range of doubles");
    }
}

/* ---- rows, pulled back ---- */

static void put(nm_exact *x, size_t u, double coef)
{
    mpz_set_ui(x->a, 1);
    nm_dyadic_add_multiple(x->y[u], x->a, coef, x->base + x->below[x->block[u]]);
}

/* e = max over the ends v of [l, h] of max(v, least) - k v: so much above k v lies the maximum between them, too */
static void chord_offset(nm_exact *x, double k, double l, double h, double least)
{
    nm_dyadic_set(&x->d, nm_larger(l, least));
    nm_dyadic_set(&x->e, nm_larger(h, least));
    nm_dyadic_set(&x->f, k);
    nm_dyadic_add(&x->d, x->f.m, x->f.s, -l);
    nm_dyadic_add(&x->e, x->f.m, x->f.s, -h);
    nm_dyadic_add(&x->d, x->e.m, x->e.s, -1);
    if (mpz_sgn(x->d.m) > 0) nm_dyadic_add(&x->e, x->d.m, x->d.s, 1);
}

/* Returns what a unit is at least, whatever the member `top` is: 0, or the upper end of a maximum's other members. */
static double least_value(const nm_region *r, const nm_plain_block *k, size_t u, size_t top)
{
    if (k->kind == NM_RELU) return 0;
    double least = -INFINITY;
    for (size_t t = k->ptr[u - k->first]; t < k->ptr[u - k->first + 1]; t++)
        if (k->idx[t] != top) least = nm_larger(least, r->hi[k->idx[t]]);
    return least;
}

/* Adds to a the largest value of f w v over the box of input t, as gathered, where f is a multiple of 2^-SLOPE. */
static void add_most(nm_exact *x, mpz_t a, double f, double w, size_t t, int64_t scale)
{
    mpz_set_ui(x->f.m, 0);
    nm_dyadic_add_multiple(x->f.m, (f > 0) == (w > 0) ? x->hi[t] : x->lo[t], f, SLOPE);
    nm_dyadic_add_multiple(a, x->f.m, w, scale);
}

/* The line of point.c over the inputs, for unit i of the pre-activations in block `src`: y[u] times it. */
static void pull_hull(nm_exact *x, const nm_region *r, int src, size_t i, const double *theta, size_t b)
{
    const nm_plain_block *k = &x->p->block[src];
    const size_t at = k->ptr[i], n = k->ptr[i + 1] - at, u = x->p->block[b].first + i;
    const int64_t scale = x->scale[src], s = gather(x, r, n, k->idx + at);
    mpz_set_ui(x->d.m, 0);
    mpz_set_ui(x->e.m, 0);
    for (size_t t = 0; t < n; t++) {
        const double w = nm_plain_weights(k, i)[t];
        add_most(x, x->d.m, 1 - theta[t], w, t, scale);
        add_most(x, x->e.m, -theta[t], w, t, scale);
        mpz_set_ui(x->a, 0);
        nm_dyadic_add_multiple(x->a, x->y[u], theta[t], SLOPE);
        nm_dyadic_add_multiple(x->y[k->idx[at + t]], x->a, w, x->below[0] - x->below[b] - SLOPE);
    }
    x->d.s = x->e.s = s + SLOPE + scale;
    mpz_set_ui(x->f.m, 1);
    nm_dyadic_add(&x->d, x->f.m, 0, k->bias[i]); /* on; e: off */
    mpz_set(x->f.m, x->e.m);
    x->f.s = x->e.s;
    nm_dyadic_add(&x->f, x->d.m, x->d.s, -1);
    if (mpz_sgn(x->f.m) < 0) {
        mpz_swap(x->e.m, x->d.m);
        x->e.s = x->d.s;
    }
    mpz_mul(x->a, x->y[u], x->e.m);
    nm_dyadic_add(&x->c, x->a, x->base + x->below[b] + x->e.s, 1);
}

static void pull_bent(nm_exact *x, const nm_region *r, size_t b, size_t u)
{
    const nm_plain_block *k = &x->p->block[b];
    const nm_plain_line l = nm_bends_line(x->lines, r, u, mpz_sgn(x->y[u]));
    const int64_t shift = x->below[k->src] - x->below[b];
    if (mpz_sgn(x->y[u]) > 0) {
        nm_dyadic_add_multiple(x->y[l.low], x->y[u], l.slo, shift);
        return;
    }
    if (l.theta) {
        pull_hull(x, r, k->src, u - k->first, l.theta, b);
        return;
    }
    const double slope = nearbyint(ldexp(l.sup, SLOPE)) * ldexp(1, -SLOPE);
    chord_offset(x, slope, r->lo[l.top], r->hi[l.top], least_value(r, k, u, l.top));
    nm_dyadic_add_multiple(x->y[l.top], x->y[u], slope, shift);
    mpz_mul(x->a, x->y[u], x->e.m);
    nm_dyadic_add(&x->c, x->a, x->base + x->below[b] + x->e.s, 1);
}

static void pull_affine(nm_exact *x, size_t b, size_t u)
{
    const nm_plain_block *k = &x->p->block[b];
    const size_t i = u - k->first;
    const double *w = nm_plain_weights(k, i);
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++, w++) {
        const size_t to = k->idx[t];
        if (!x->lines->zero[to])
            nm_dyadic_add_multiple(x->y[to], x->y[u], *w, x->below[x->block[to]] - x->below[b]);
    }
    nm_dyadic_add(&x->c, x->y[u], x->base + x->below[b], k->bias[i]);
}

/* Takes the units of block b out of the row that signs of its lane are of: they are 0, or what they read. */
static void take_signs(nm_exact *x, size_t b, size_t n, const nm_plain_sign *sign, size_t lane)
{
    const nm_plain_block *k = &x->p->block[b];
    for (const nm_plain_sign *s = sign; s < sign + n; s++) {
        if (s->lane != lane || s->unit < k->first || s->unit >= k->first + k->n) continue;
        const size_t a = x->p->block[k->src].first + s->unit - k->first;
        if (s->side < 0) nm_dyadic_add_multiple(x->y[a], x->y[s->unit], 1, x->below[k->src] - x->below[b]);
        put(x, a, s->side * s->beta);
        mpz_set_ui(x->y[s->unit], 0);
    }
}

/* Sets the row over the inputs, rounded. */
static void round_row(nm_exact *x)
{
    for (size_t i = 0; i < x->p->block[0].n; i++) {
        long power;
        const double part = mpz_get_d_2exp(&power, x->y[i]);
        x->near[i] = ldexp(part, (int)(power - x->base - x->below[0]));
    }
}

/* Rewrites the row over generators whose sum is given, as in pull.c; m becomes a multiple of what coefficients are. */
static void shift(nm_exact *x, const nm_region *r, const nm_sum *s)
{
    const int64_t scale = x->base + x->below[0];
    const double m = nm_sum_level(s, x->near, 1, r->lo, r->hi);
    if (!isfinite(m)) return;
    nm_dyadic_set(&x->d, m);
    if (x->d.s > scale)
        mpz_fdiv_q_2exp(x->d.m, x->d.m, (mp_bitcnt_t)(x->d.s - scale));
    else
        mpz_mul_2exp(x->d.m, x->d.m, (mp_bitcnt_t)(scale - x->d.s));
    for (size_t i = s->first; i < s->first + s->n; i++) mpz_sub(x->y[i], x->y[i], x->d.m);
    nm_dyadic_add(&x->c, x->d.m, scale, s->total);
}

static void pull(nm_exact *x, const nm_region *r, const nm_plain_rows *rows, size_t lane)
{
    for (size_t b = rows->row[lane].block; b > 0; b--) {
        const nm_plain_block *k = &x->p->block[b];
        if (k->kind == NM_RELU && rows->signs) take_signs(x, b, r->n_signs, r->sign, NM_CHECK_LANES);
        if (k->kind == NM_RELU) take_signs(x, b, rows->n_signs, rows->sign, lane);
        for (size_t u = k->first; u < k->first + k->n; u++) {
            if (mpz_sgn(x->y[u]) == 0) continue;
            if (k->kind == NM_AFFINE) pull_affine(x, b, u);
            if (k->kind != NM_AFFINE && !x->lines->zero[u]) pull_bent(x, r, b, u);
            mpz_set_ui(x->y[u], 0);
        }
    }
    if (r->n_sums) round_row(x);
    for (size_t s = 0; s < r->n_sums; s++) shift(x, r, &r->sums[s]);
}

/* ---- the least value over the region ---- */

/* Returns the least value of the row + lambda (cut x - rhs) over the box, rounded down. */
static double least(nm_exact *x, const nm_region *r, double lambda)
{
    mpz_set(x->d.m, x->c.m);
    x->d.s = x->c.s;
    nm_dyadic_set(&x->e, lambda);
    for (size_t i = 0; i < x->p->block[0].n; i++) {
        mpz_set(x->f.m, x->y[i]);
        x->f.s = x->base + x->below[0];
        if (lambda > 0) nm_dyadic_add(&x->f, x->e.m, x->e.s, r->cut[i]);
        const int sign = mpz_sgn(x->f.m);
        if (sign != 0) nm_dyadic_add(&x->d, x->f.m, x->f.s, sign > 0 ? r->lo[i] : r->hi[i]);
    }
    if (lambda > 0) nm_dyadic_add(&x->d, x->e.m, x->e.s, -r->cut_rhs);
    return nm_dyadic_down(&x->d);
}

static double lower(nm_exact *x, const nm_region *r)
{
    double lo = least(x, r, 0);
    if (r->cut || r->n_balls) round_row(x);
    const double lambda = r->cut ? nm_pull_multiplier(x->pull, r, x->near) : 0;
    if (lambda > 0 && isfinite(lambda)) lo = nm_larger(least(x, r, lambda), lo);
    const nm_exact_inputs row = {x->p->block[0].n, x->y, x->base + x->below[0], &x->c, x->near};
    for (size_t k = 0; k < r->n_balls; k++)
        lo = nm_larger(lo, nm_exact_ball(&r->balls[k], &row, r->lo, r->hi, x->hint));
    return lo;
}

/* Pulls a row back to the inputs. */
static void pull_row(nm_exact *x, const nm_region *r, const nm_plain_rows *rows, size_t lane)
{
    const nm_plain_row *of = &rows->row[lane];
    const nm_row *row = of->row;
    x->base = 0;
    for (size_t i = 0; row && i < row->n; i++) x->base = larger(x->base, nm_dyadic_scale(row->coef[i]));
    for (size_t i = 0; rows->signs && i < r->n_signs; i++)
        x->base = larger(x->base, nm_dyadic_scale(r->sign[i].beta));
    for (size_t i = 0; i < rows->n_signs; i++)
        if (rows->sign[i].lane == lane) x->base = larger(x->base, nm_dyadic_scale(rows->sign[i].beta));
    for (size_t i = 0; i < x->p->block[0].n; i++) mpz_set_ui(x->y[i], 0); /* others are, as they are pulled back */
    nm_dyadic_set(&x->c, 0);
    if (!row) put(x, of->unit, of->sign);
    for (size_t i = 0; row && i < row->n; i++) {
        const int64_t u = nm_plain_unit(x->p, row->var[i]);
        if (u >= 0) {
            put(x, (size_t)u, row->coef[i]);
            continue;
        }
        nm_dyadic_set(&x->d, row->coef[i]);
        nm_dyadic_add(&x->c, x->d.m, x->d.s, x->p->out_const[row->var[i]]);
    }
    pull(x, r, rows, lane);
}

/* Returns the least value of a row by the intervals of the units that it names. */
static double row_interval(nm_exact *x, const nm_region *r, const nm_row *row)
{
    nm_dyadic_set(&x->d, 0);
    for (size_t i = 0; i < row->n; i++) {
        const int64_t u = nm_plain_unit(x->p, row->var[i]);
        nm_dyadic_set(&x->e, row->coef[i]);
        nm_dyadic_add(&x->d, x->e.m, x->e.s,
                      u < 0 ? x->p->out_const[row->var[i]] : row->coef[i] > 0 ? r->lo[u] : r->hi[u]);
    }
    return nm_dyadic_down(&x->d);
}

double nm_exact_bound(nm_exact *x, const nm_region *r, const nm_plain_rows *rows, size_t lane)
{
    const nm_row *row = rows->row[lane].row;
    pull_row(x, r, rows, lane);
    const double pulled = lower(x, r);
    return row ? nm_larger(row_interval(x, r, row), pulled) : pulled;
}

/* ---- cuts ---- */

double nm_exact_cut(nm_exact *x, const nm_region *r, const nm_plain_rows *rows, double *g)
{
    pull_row(x, r, rows, 0);
    nm_dyadic_set(&x->f, rows->row[0].row->rhs);
    nm_dyadic_add(&x->f, x->c.m, x->c.s, -1);
    for (size_t i = 0; i < x->p->block[0].n; i++) {
        mpz_set(x->d.m, x->y[i]);
        x->d.s = x->base + x->below[0];
        g[i] = nm_dyadic_down(&x->d);
        if (!isfinite(g[i])) return INFINITY;
        nm_dyadic_set(&x->e, g[i]);
        nm_dyadic_add(&x->e, x->d.m, x->d.s, -1); /* at most 0 */
        nm_dyadic_add(&x->f, x->e.m, x->e.s, r->lo[i]);
    }
    return nm_dyadic_up(&x->f);
}

void nm_exact_shrink(nm_exact *x, nm_region *r)
{
    enum { BITS = 128 }; /* of the quotient; it is rounded up */
    nm_dyadic_set(&x->d, r->cut_rhs);
    for (size_t i = 0; i < x->p->block[0].n; i++) {
        nm_dyadic_set(&x->e, r->cut[i]);
        nm_dyadic_add(&x->d, x->e.m, x->e.s, r->cut[i] > 0 ? -r->lo[i] : -r->hi[i]);
    }
    if (mpz_sgn(x->d.m) < 0) {
        r->empty = true;
        return;
    }
    for (size_t i = 0; i < x->p->block[0].n; i++) {
        if (r->cut[i] == 0) continue;
        nm_dyadic_set(&x->e, fabs(r->cut[i]));
        mpz_mul_2exp(x->f.m, x->d.m, BITS);
        mpz_cdiv_q(x->f.m, x->f.m, x->e.m);
        x->f.s = x->d.s + BITS - x->e.s;
        nm_dyadic_plus(&x->f, r->cut[i] > 0 ? r->lo[i] : -r->hi[i]);
        const double end_of = nm_dyadic_up(&x->f);
        if (r->cut[i] > 0)
            nm_region_meet(r, i, -INFINITY, end_of);
        else
            nm_region_meet(r, i, -end_of, INFINITY);
    }
}
