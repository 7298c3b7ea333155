/* pull_back.c: pulls NM_LANES linear functions of a block's units back towards the input. CROWN and folding are both
 * this walk, with relaxed slopes for the one and the exact slopes of stable units for the other.
 *
 * Each lane stands for a lower bound: true row >= coefficients . units + cst - err over the box. Going down:
 *   AFFINE  y.(A x + b)            -> (y A).x + y.b
 *   RELU    y >= 0: y relu(a)      -> y slo a,            slo in [0,1]         (relu(a) >= slo a)
 *           y <  0: y relu(a)      -> y (sup a + cut)                          (relu(a) <= sup a + cut on [l,u])
 *   MAX     y >= 0: its member mlo;  y < 0: the line sup a + cut of member mup (Zhang et al. 2018, section 3; for
 *           max(a, rest) with rest <= h2: the chord of max(a, h2) over the member's interval)
 * Rounding. A coefficient that is a sum of m terms t_i, in any order, is off by at most m 2^-52 sum |t_i|. Multiplied
 * by the largest |x_j| and summed over j this is m 2^-52 |y| (|A||x|): one dot product with the vector `w` of each
 * block, instead of a second matrix product. The same holds for slopes, biases and the final sum over the box. `w` is
 * made from bounds of |x| that interval arithmetic has proven; a constant for each block covers underflow. All these
 * terms are added up in `err`, whose own rounding is covered at the end. Cost: as nm_lin_pull. Left out: sparse rows;
 * lists of live units keep early convolutions local instead. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

nm_batch *nm_batch_new(nm_job *job, const nm_program *p)
{
    nm_batch *t = NM_NEW(job, nm_batch);
    t->job = job;
    t->p = p;
    t->k = nm_kernels_pick();
    t->y = NM_ARRAY(job, double *, p->n_blocks);
    t->live = NM_ARRAY(job, unsigned char *, p->n_blocks);
    t->n_live = NM_ARRAY(job, size_t, p->n_blocks);
    t->unit = NM_ARRAY(job, uint32_t *, p->n_blocks);
    t->used = NM_ARRAY(job, bool, p->n_blocks);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const size_t n = nm_pad8(p->blocks[b].n);
        t->y[b] = NM_RAW(job, double, nm_mul(job, n, NM_LANES));
        t->live[b] = NM_ARRAY(job, unsigned char, n);
        t->unit[b] = NM_RAW(job, uint32_t, n);
    }
    return t;
}

void nm_batch_clear(nm_batch *t)
{
    for (size_t b = 0; b < t->p->n_blocks; b++) {
        if (t->used[b]) memset(t->live[b], 0, nm_pad8(t->p->blocks[b].n));
        t->used[b] = false;
        t->n_live[b] = 0;
    }
    memset(t->cst, 0, sizeof t->cst);
    memset(t->err, 0, sizeof t->err);
}

static void touch(nm_batch *t, int block, size_t i)
{
    if (t->live[block][i]) return;
    t->live[block][i] = 1;
    t->used[block] = true;
    memset(t->y[block] + i * NM_LANES, 0, NM_LANES * sizeof(double));
}

void nm_batch_put(nm_batch *t, int block, size_t i, int lane, double coef)
{
    touch(t, block, i);
    t->y[block][i * NM_LANES + (size_t)lane] += coef;
}

size_t nm_batch_list(nm_batch *t, int block)
{
    const size_t n8 = nm_pad8(t->p->blocks[block].n);
    const unsigned char *live = t->live[block];
    uint32_t *unit = t->unit[block];
    size_t n = 0;
    for (size_t i = 0; t->used[block] && i < n8; i += 8) {
        uint64_t some;
        memcpy(&some, live + i, 8);
        if (some)
            for (size_t j = i; j < i + 8; j++)
                if (live[j]) unit[n++] = (uint32_t)j;
    }
    return t->n_live[block] = n;
}

static void pull_affine(nm_batch *t, const nm_relax *x, const nm_block *k, int b)
{
    const size_t n = t->n_live[b];
    t->k->gather(n, t->unit[b], t->y[b], k->bias, x->w + k->first, t->cst, t->err);
    for (size_t i = 0; i < k->n_lin; i++) {
        const nm_lin *a = &k->lin[i];
        nm_lin_pull(t->job, t->k, a, n, t->unit[b], t->y[b], t->y[a->src], t->live[a->src],
                    nm_relax_zero(x, t->p, a->src));
        t->used[a->src] = true;
    }
}

/* Removes from the list what stays a variable or is zero; returns how many units are left. */
static size_t passing(const nm_batch *t, const nm_relax *x, const nm_block *k, int b,
                      uint32_t *list)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_live[b]; i++) {
        const uint32_t u = t->unit[b][i];
        if (!x->keep[k->first + u] && !x->dead[k->first + u]) list[n++] = u;
    }
    return n;
}

/* For a given sign, a <= 0 or a >= 0, adds side * beta * a <= 0 to the row, which stays a lower bound. */
static void add_signs(nm_batch *t, const nm_relax *x, const nm_block *k)
{
    const nm_block *src = &t->p->blocks[k->src];
    for (size_t i = 0; i < x->signs->n; i++) {
        const size_t u = x->signs->unit[i];
        if (u < k->first || u >= k->first + k->n) continue;
        const double *beta = x->beta + i * NM_LANES, side = x->signs->side[i];
        touch(t, k->src, u - k->first);
        double *y = t->y[k->src] + (u - k->first) * NM_LANES;
        for (size_t l = 0; l < NM_LANES; l++) {
            y[l] += side * beta[l];
            t->err[l] += ((double)src->fan + 8) * NM_ULP * beta[l] * x->size[u];
        }
    }
}

/* The units of a block that have a sign of their own in some lane: first[0] to first[1] of the sorted list. */
static void lane_signs_of(const nm_relax *x, const nm_block *k, size_t first[2])
{
    first[0] = 0;
    while (first[0] < x->n_lane_signs && x->lane_signs[first[0]].unit < k->first) first[0]++;
    first[1] = first[0];
    while (first[1] < x->n_lane_signs && x->lane_signs[first[1]].unit < k->first + k->n) first[1]++;
}

/* Takes the coefficients of such units away before lines replace the others; side > 0: the unit is 0 and lets nothing
 * pass; side < 0: it is its pre-activation. */
static void take_lane_signs(nm_batch *t, const nm_relax *x, const nm_block *k, int b, const size_t at[2], double *y)
{
    for (size_t i = at[0]; i < at[1]; i++) {
        const nm_lane_sign *s = &x->lane_signs[i];
        double *from = &t->y[b][(s->unit - k->first) * NM_LANES + s->lane];
        y[i - at[0]] = t->live[b][s->unit - k->first] && s->side < 0 ? *from : 0;
        *from = 0;
    }
}

static void put_lane_signs(nm_batch *t, const nm_relax *x, const nm_block *k, const size_t at[2], const double *y)
{
    for (size_t i = at[0]; i < at[1]; i++) {
        const nm_lane_sign *s = &x->lane_signs[i];
        const size_t u = s->unit - k->first;
        touch(t, k->src, u);
        double *to = &t->y[k->src][u * NM_LANES + s->lane];
        *to += y[i - at[0]];
        *to += s->side * s->beta;
        t->err[s->lane] += fabs(y[i - at[0]]) * x->w[s->unit] +
                           ((double)t->p->blocks[k->src].fan + 8) * NM_ULP *
                               (s->beta + fabs(y[i - at[0]])) * x->size[s->unit];
    }
}

static void pull_relu(nm_batch *t, const nm_relax *x, const nm_block *k, int b)
{
    const nm_mark mark = nm_mark_get(t->job);
    uint32_t *list = NM_RAW(t->job, uint32_t, t->n_live[b]);
    const size_t n = passing(t, x, k, b, list), f = k->first;
    const bool add = t->used[k->src];
    size_t signs[2];
    lane_signs_of(x, k, signs);
    double *own = NM_RAW(t->job, double, signs[1] - signs[0] + 1);
    take_lane_signs(t, x, k, b, signs, own);
    for (size_t i = 0; i < n; i++) {
        if (add)
            touch(t, k->src, list[i]);
        else
            t->live[k->src][list[i]] = 1;
    }
    t->used[k->src] |= n > 0;
    if (x->slo_lane)
        t->k->relax_lanes(n, list, t->y[b], x->slo_lane + f * NM_LANES, x->sup + f, x->cut + f,
                          x->w + f, t->y[k->src], add, t->cst, t->err);
    else
        t->k->relax(n, list, t->y[b], x->slo + f, x->sup + f, x->cut + f, x->w + f, t->y[k->src],
                    add, t->cst, t->err);
    if (x->signs) add_signs(t, x, k);
    put_lane_signs(t, x, k, signs, own);
    nm_mark_release(t->job, mark);
}

static void pull_max(nm_batch *t, const nm_relax *x, const nm_block *k, int b)
{
    for (size_t i = 0; i < t->n_live[b]; i++) {
        const size_t u = t->unit[b][i], at = k->first + u;
        if (x->keep[at]) continue;
        const double *y = t->y[b] + u * NM_LANES;
        touch(t, k->src, x->mlo[at]);
        touch(t, k->src, x->mup[at]);
        for (size_t l = 0; l < NM_LANES; l++) {
            if (y[l] > 0) t->y[k->src][x->mlo[at] * NM_LANES + l] += y[l];
            if (y[l] < 0) t->y[k->src][x->mup[at] * NM_LANES + l] += y[l] * x->sup[at];
            if (y[l] < 0) t->cst[l] += y[l] * x->cut[at];
            t->err[l] += fabs(y[l]) * x->w[at];
        }
    }
}

void nm_batch_pull(nm_batch *t, const nm_relax *x, int from)
{
    for (int b = from; b > 0; b--) {
        const nm_block *k = &t->p->blocks[b];
        /* signs add multipliers, even if no row has reached this block */
        const bool given = k->kind == NM_RELU && (x->signs || x->n_lane_signs);
        for (size_t l = 0; l < NM_LANES; l++) t->err[l] += x->flat[b]; /* always, whatever other lanes do */
        if (nm_batch_list(t, b) == 0 && !given) continue;
        if (k->kind == NM_AFFINE) pull_affine(t, x, k, b);
        if (k->kind == NM_RELU) pull_relu(t, x, k, b);
        if (k->kind == NM_MAX) pull_max(t, x, k, b);
    }
    nm_batch_list(t, 0);
}

/* Returns the total rounding error of a lane once its last sum, of n terms and magnitude mag, has been made. */
static double paid(const nm_batch *t, const nm_bounds *b, size_t lane, double mag, size_t n)
{
    const double g = (double)(2 * n + 16) * NM_ULP;
    const double grown = 1 + (double)(b->p->n_units + 64) * 4 * NM_ULP;
    return (t->err[lane] + g * mag + 4 * NM_ULP * fabs(t->cst[lane])) * grown +
           (double)(n + 8) * NM_TINY;
}

void nm_batch_constant(const nm_batch *t, const nm_bounds *b, double *g0)
{
    for (size_t l = 0; l < NM_LANES; l++) g0[l] = nm_down(t->cst[l] - paid(t, b, l, 0, 0));
}

/* sum y g = sum (y - m) g + m total for any m if the members add up to total. As this holds for all points of the set,
 * any row may be rewritten; with m the level of the sum, the minimum over the box is the exact one over both
 * (over_generators.c). */
static void shift(nm_batch *t, const nm_bounds *b, const nm_sum *s)
{
    for (size_t i = s->first; i < s->first + s->n; i++) touch(t, 0, i);
    for (size_t l = 0; l < NM_LANES; l++) {
        const double m = nm_sum_level(s, t->y[0] + l, NM_LANES, b->lo, b->hi);
        if (m == 0) continue;
        double lost = 0;
        for (size_t i = s->first; i < s->first + s->n; i++) {
            double *y = &t->y[0][i * NM_LANES + l];
            *y -= m;
            lost += fabs(*y) * nm_larger(fabs(b->lo[i]), fabs(b->hi[i]));
        }
        t->cst[l] += m * s->total;
        t->err[l] += NM_ULP * (2 * lost + 2 * fabs(m * s->total) + fabs(t->cst[l])) + NM_TINY;
    }
}

void nm_batch_shift(nm_batch *t, const nm_bounds *b)
{
    if (b->gens)
        for (size_t s = 0; s < b->gens->n_sums; s++) shift(t, b, &b->gens->sums[s]);
    if (b->gens && b->gens->n_sums) nm_batch_list(t, 0);
}

/* Improves the bounds by the balls that also contain the inputs, one pulled row at a time. */
static void lower_balls(nm_batch *t, const nm_bounds *b, const double *mag, double *lo)
{
    const size_t n = b->p->blocks[0].n;
    if (b->n_balls == 0) return;
    const nm_mark mark = nm_mark_get(t->job);
    double *y = NM_RAW(t->job, double, n);
    for (size_t l = 0; l < NM_LANES; l++) {
        if (mag[l] == 0) continue;
        for (size_t i = 0; i < n; i++) y[i] = t->live[0][i] ? t->y[0][i * NM_LANES + l] : 0;
        const double sum = nm_bounds_ball(b, y, -INFINITY, NULL);
        const double e = (paid(t, b, l, mag[l], n) + 4 * NM_ULP * fabs(sum)) * (1 + 4 * NM_ULP);
        const double all = nm_down(t->cst[l] + sum - e);
        if (all > lo[l]) lo[l] = all;
    }
    nm_mark_release(t->job, mark);
}

/* Replaces minimisers over the box by those over a ball where the ball gives a better bound. */
static void corner_in_balls(const nm_batch *t, const nm_bounds *b, size_t lanes, double *x)
{
    const size_t n = b->p->blocks[0].n;
    const nm_mark mark = nm_mark_get(t->job);
    double *y = NM_RAW(t->job, double, n), *at = NM_RAW(t->job, double, n);
    for (size_t l = 0; l < lanes; l++) {
        double box = 0;
        for (size_t i = 0; i < n; i++) {
            y[i] = t->live[0][i] ? t->y[0][i * NM_LANES + l] : 0;
            at[i] = x[i * NM_LANES + l];
            box += y[i] * at[i];
        }
        nm_bounds_ball(b, y, box, at);
        for (size_t i = 0; i < n; i++) x[i * NM_LANES + l] = at[i];
    }
    nm_mark_release(t->job, mark);
}

void nm_batch_corner(const nm_batch *t, const nm_bounds *b, size_t lanes, double *x)
{
    static const double none[NM_LANES];
    for (size_t i = 0; i < b->p->blocks[0].n; i++) {
        const double *restrict y = t->live[0][i] ? t->y[0] + i * NM_LANES : none, lo = b->lo[i], hi = b->hi[i];
        double *restrict to = x + i * NM_LANES;
        for (size_t h = 0; h < lanes; h += 8) /* eight at a time, without branches, which would be mispredicted */
            for (size_t l = h; l < h + 8; l++) to[l] = y[l] > 0 ? lo : hi;
    }
    if (b->n_balls) corner_in_balls(t, b, lanes, x);
}

void nm_batch_lower(nm_batch *t, const nm_bounds *b, double *lo)
{
    double sum[NM_LANES], mag[NM_LANES] = {0};
    nm_batch_shift(t, b);
    const size_t n = t->n_live[0];
    t->k->box(n, t->unit[0], t->y[0], b->lo, b->hi, sum, mag);
    for (size_t l = 0; l < NM_LANES; l++) {
        const double e = (paid(t, b, l, mag[l], n) + 4 * NM_ULP * fabs(sum[l])) * (1 + 4 * NM_ULP);
        lo[l] = nm_down(t->cst[l] + sum[l] - e);
    }
    lower_balls(t, b, mag, lo);
}

/* ---- the least value over box and cut ---- */

/* Any lambda >= 0 gives a valid bound, d(lambda) = min (y + lambda g).x - lambda h, which is concave and piecewise
 * linear, with the derivative g.x* - h. Its tangents at the nearest points on both sides of its maximum meet above it;
 * the next lambda is where they do (Kelley 1960), until that can gain but little. */
static const double LITTLE = 1e-6; /* part of the bound */
typedef struct { double at, value, slope; } tangent;
typedef struct {
    tangent below, above; /* below.slope > 0 >= above.slope */
    double lambda;
    bool open;
} maximum;

static void move_on(maximum *m, double value, double slope)
{
    const tangent here = {m->lambda, value, slope};
    *(slope > 0 ? &m->below : &m->above) = here;
    if (isinf(m->above.at)) {
        m->lambda = m->lambda > 0 ? 16 * m->lambda : 1;
        return;
    }
    const tangent *l = &m->below, *r = &m->above;
    m->lambda = (r->value - l->value + l->slope * l->at - r->slope * r->at) / (l->slope - r->slope);
    const double top = l->value + l->slope * (m->lambda - l->at), gain = top - nm_larger(l->value, r->value);
    m->open = r->at > 0 && m->lambda > l->at && m->lambda < r->at && gain > LITTLE * fabs(top);
    if (!m->open) m->lambda = 0;
}

void nm_batch_lower_cut(nm_batch *t, const nm_bounds *b, const nm_cut *cut, double *lo)
{
    enum { PASSES = 14 };
    const size_t n = b->p->blocks[0].n;
    maximum m[NM_LANES];
    double lambda[NM_LANES] = {0}, sum[NM_LANES], slope[NM_LANES], mag[NM_LANES];
    bool open = true;
    for (size_t i = 0; i < n; i++) /* the kernel goes over all inputs */
        if (!t->live[0][i]) memset(t->y[0] + i * NM_LANES, 0, NM_LANES * sizeof(double));
    nm_batch_lower(t, b, lo);
    for (size_t l = 0; l < NM_LANES; l++) m[l] = (maximum){.above = {.at = INFINITY}, .open = true};
    for (int pass = 0; pass < PASSES && open; pass++) {
        open = false;
        t->k->box_row(n, t->y[0], cut->g, lambda, b->lo, b->hi, sum, slope, mag);
        for (size_t l = 0; l < NM_LANES; l++) {
            if (!m[l].open) continue;
            const double part = lambda[l] * cut->h;
            const double e = paid(t, b, l, mag[l], 2 * n) + 8 * NM_ULP * (fabs(sum[l]) + fabs(part));
            const double bound = nm_down(t->cst[l] + sum[l] - part - e * (1 + 4 * NM_ULP));
            if (bound > lo[l]) lo[l] = bound;
            move_on(&m[l], t->cst[l] + sum[l] - part, slope[l] - cut->h);
            lambda[l] = m[l].lambda;
            open |= m[l].open;
        }
    }
}
