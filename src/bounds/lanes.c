/* lanes.c: lower bounds of one row, or of its negative, in up to NM_LANES nodes of a branching on signs at once
 * (beta-CROWN: Wang et al. 2021), on top of the bounds of their common ancestor.
 *
 * Every lane has its own lower slopes, which keep_slopes leaves as they are, and its own signs. A unit whose sign a
 * lane assumes is exact there: it is 0, or it is its pre-activation a; and beta side a, beta >= 0, which is at most
 * 0 in the node, is added to the row. Units of open sign have the lines of the ancestor's bounds, which stay valid
 * in its nodes. A step pulls the row back (pull_back.c), takes the minimiser over the input box, runs it forward
 * along the same lines, and moves slopes and multipliers along the derivatives (alpha.c has the argument); the best
 * of all iterates is kept. Lanes do not see each other: the kernels sum each lane in an order of its own, so that a
 * node's result is the same whatever is bounded beside it. What a unit's line loses at the minimisers of the last
 * steps but one is its score for branching (with the first of four steps, too, which still stands where the parent
 * stood, deep residual networks take more nodes).
 *
 * Cost of a step: two passes over the weights for all lanes together, the one back without units that are 0 in all
 * nodes and the one forward without their columns; the last step goes back only. branch.c's nodes take a pass for each
 * unit of open sign, too. Left out: bounds of other units in a node (branch.c refreshes them), and cuts of the box. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

#include <stdlib.h>

enum { LAST = 2 }; /* steps before the last one whose losses count */
static const double RATE = 0.15; /* of Adam's steps, for a run of few of them */

struct nm_lane_climb {
    uint32_t row;
    size_t most, n;
    nm_relax *x;
    nm_batch *t;
    nm_kernels own, half; /* for all lanes; for the first eight */
    double **v;           /* [n_blocks] -> [n8][NM_LANES] values along the lines */
    double *m1, *m2;      /* [n_units][NM_LANES] Adam's moments of slopes */
    double *b1, *b2;      /* [NM_LANES * most] of multipliers */
    size_t *at;           /* [NM_LANES * most] place of a sorted sign in its lane */
    uint32_t **of, **on;  /* [n_blocks] open units of a RELU, relative to it, and active ones; values of others are 0 */
    size_t *n_of, *n_on;
    double weights;
};

static size_t list_units(nm_job *job, const nm_bounds *b, struct nm_lane_climb *c, uint32_t *list)
{
    size_t n = 0;
    for (size_t k = 0; k < b->p->n_blocks; k++) {
        const nm_block *r = &b->p->blocks[k];
        c->weights += nm_block_weights(r);
        if (r->kind != NM_RELU) continue;
        c->of[k] = NM_RAW(job, uint32_t, r->n + 1);
        c->on[k] = NM_RAW(job, uint32_t, r->n + 1);
        for (size_t i = 0; i < r->n; i++) {
            const size_t pre = b->p->blocks[r->src].first + i;
            if (nm_bounds_phase(b, pre) == NM_ACTIVE) c->on[k][c->n_on[k]++] = (uint32_t)i;
            if (!nm_bounds_open(b, pre)) continue;
            c->of[k][c->n_of[k]++] = (uint32_t)i;
            list[n++] = (uint32_t)(r->first + i);
        }
    }
    return n;
}

nm_lanes *nm_lanes_new(nm_job *job, const nm_bounds *b, uint32_t row, size_t most)
{
    const nm_program *p = b->p;
    const size_t q = p->n_blocks - 1, signs = NM_LANES * most + 1;
    nm_lanes *l = NM_NEW(job, nm_lanes);
    struct nm_lane_climb *c = l->climb = NM_NEW(job, struct nm_lane_climb);
    *c = (struct nm_lane_climb){
        .row = row, .most = most, .x = nm_relax_new(job, b), .t = nm_batch_new(job, p)};
    nm_relax_set(c->x, b, 1, (int)p->n_blocks);
    c->x->slo_lane = NM_ARRAY(job, double, nm_mul(job, p->n_units, NM_LANES));
    c->x->lane_signs = nm_zero(job, signs, sizeof *c->x->lane_signs);
    c->own = c->half = *c->t->k;
    c->half.outer = c->half.outer_half;
    c->v = NM_ARRAY(job, double *, p->n_blocks);
    for (size_t k = 0; k < q; k++)
        c->v[k] = NM_ARRAY(job, double, nm_pad8(p->blocks[k].n) * NM_LANES);
    c->m1 = NM_ARRAY(job, double, p->n_units *NM_LANES);
    c->m2 = NM_ARRAY(job, double, p->n_units *NM_LANES);
    c->b1 = NM_ARRAY(job, double, signs);
    c->b2 = NM_ARRAY(job, double, signs);
    c->at = NM_ARRAY(job, size_t, signs);
    c->of = NM_ARRAY(job, uint32_t *, p->n_blocks);
    c->on = NM_ARRAY(job, uint32_t *, p->n_blocks);
    c->n_of = NM_ARRAY(job, size_t, p->n_blocks);
    c->n_on = NM_ARRAY(job, size_t, p->n_blocks);
    uint32_t *open = NM_RAW(job, uint32_t, p->n_units + 1);
    l->job = job;
    l->b = b;
    l->coef = 1;
    l->open = open;
    l->n_open = list_units(job, b, c, open);
    l->slope = nm_zero(job, NM_LANES * l->n_open + 1, sizeof *l->slope);
    l->loss = nm_zero(job, NM_LANES * l->n_open + 1, sizeof *l->loss);
    l->beta = nm_zero(job, signs, sizeof *l->beta);
    l->x = c->v[0];
    for (size_t u = 0; u < p->n_units; u++)
        for (size_t i = 0; i < NM_LANES; i++) c->x->slo_lane[u * NM_LANES + i] = c->x->slo[u];
    return l;
}

double nm_lanes_work(const nm_lanes *l, size_t n, size_t steps)
{
    const double lanes = n <= 8 ? 8 : NM_LANES;
    return (double)steps * lanes * (2 * l->climb->weights + 12 * (double)l->n_open);
}

/* ---- a run ---- */

static int by_unit(const void *a, const void *b)
{
    const nm_lane_sign *x = a, *y = b;
    return x->unit != y->unit ? (x->unit < y->unit ? -1 : 1) : (int)x->lane - (int)y->lane;
}

/* Sets the lanes' signs, sorted by unit, and where each has its multiplier. */
static void set_signs(nm_lanes *l, size_t n, const nm_lane *lane)
{
    struct nm_lane_climb *c = l->climb;
    nm_relax *x = c->x;
    x->n_lane_signs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < lane[i].n; k++)
            x->lane_signs[x->n_lane_signs++] = (nm_lane_sign){
                lane[i].unit[k], (unsigned char)i, lane[i].side[k], (double)lane[i].beta[k]};
    qsort(x->lane_signs, x->n_lane_signs, sizeof *x->lane_signs, by_unit);
    for (size_t s = 0; s < x->n_lane_signs; s++) {
        const nm_lane_sign *sign = &x->lane_signs[s];
        size_t k = 0;
        while (lane[sign->lane].unit[k] != sign->unit) k++;
        c->at[s] = sign->lane * c->most + k;
        c->b1[s] = c->b2[s] = 0;
    }
}

static void start(nm_lanes *l, size_t n, const nm_lane *lane)
{
    struct nm_lane_climb *c = l->climb;
    for (size_t i = 0; i < NM_LANES; i++) {
        l->lo[i] = -INFINITY;
        for (size_t k = 0; k < l->n_open; k++) {
            const size_t at = l->open[k] * NM_LANES + i;
            c->x->slo_lane[at] = i < n ? (double)lane[i].slope[k] : 0;
            c->m1[at] = c->m2[at] = 0;
            l->loss[i * l->n_open + k] = 0;
        }
    }
    set_signs(l, n, lane);
    c->t->k = n <= 8 ? &c->half : &c->own;
}

/* A lane that is above `enough` stays as it is, so that it does not depend on how long others take. */
static void keep(nm_lanes *l, size_t n, const double *lo, double enough)
{
    struct nm_lane_climb *c = l->climb;
    bool better[NM_LANES] = {false};
    for (size_t i = 0; i < n; i++) {
        better[i] = lo[i] > l->lo[i] && !(l->lo[i] > enough);
        if (!better[i]) continue;
        l->lo[i] = lo[i];
        for (size_t k = 0; k < l->n_open; k++)
            l->slope[i * l->n_open + k] = (float)c->x->slo_lane[l->open[k] * NM_LANES + i];
    }
    for (size_t s = 0; s < c->x->n_lane_signs; s++)
        if (better[c->x->lane_signs[s].lane]) l->beta[c->at[s]] = (float)c->x->lane_signs[s].beta;
}

/* Gives units that no row reached a coefficient of 0. */
static void fill(const nm_lanes *l, int b)
{
    const struct nm_lane_climb *c = l->climb;
    for (size_t k = 0; k < c->n_of[b]; k++) {
        const size_t i = c->of[b][k];
        if (!c->t->live[b][i]) memset(c->t->y[b] + i * NM_LANES, 0, NM_LANES * sizeof(double));
    }
}

static void forward_relu(nm_lanes *l, const nm_block *r, int b)
{
    struct nm_lane_climb *c = l->climb;
    for (size_t i = 0; i < c->n_on[b]; i++) {
        const size_t at = c->on[b][i] * NM_LANES;
        memcpy(c->v[b] + at, c->v[r->src] + at, NM_LANES * sizeof(double));
    }
    fill(l, b);
    c->own.lane_values(c->n_of[b], c->of[b], c->t->y[b], c->v[r->src],
                       c->x->slo_lane + r->first * NM_LANES, c->x->sup + r->first,
                       c->x->cut + r->first, c->v[b]);
    size_t s = 0;
    while (s < c->x->n_lane_signs && c->x->lane_signs[s].unit < r->first) s++;
    for (; s < c->x->n_lane_signs && c->x->lane_signs[s].unit < r->first + r->n; s++) {
        const nm_lane_sign *sign = &c->x->lane_signs[s];
        const size_t at = (sign->unit - r->first) * NM_LANES + sign->lane;
        c->v[b][at] = sign->side > 0 ? 0 : c->v[r->src][at];
    }
}

static void forward_max(nm_lanes *l, const nm_block *m, int b)
{
    struct nm_lane_climb *c = l->climb;
    for (size_t i = 0; i < m->n; i++) {
        const size_t u = m->first + i;
        for (size_t k = 0; k < NM_LANES; k++) {
            const double y = c->t->live[b][i] ? c->t->y[b][i * NM_LANES + k] : 0;
            const double *a = c->v[m->src] + k;
            c->v[b][i * NM_LANES + k] = y < 0 ? c->x->sup[u] * a[c->x->mup[u] * NM_LANES] +
                                                    c->x->cut[u]
                                              : a[c->x->mlo[u] * NM_LANES];
        }
    }
}

static void start_at_bias(const nm_block *k, double *restrict v)
{
    for (size_t i = 0; i < k->n; i++)
        for (size_t h = 0; h < NM_LANES; h++) v[i * NM_LANES + h] = k->bias[i];
}

static void forward(nm_lanes *l)
{
    struct nm_lane_climb *c = l->climb;
    const nm_program *p = l->b->p;
    for (int b = 1; b + 1 < (int)p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        if (k->kind == NM_RELU) forward_relu(l, k, b);
        if (k->kind == NM_MAX) forward_max(l, k, b);
        if (k->kind != NM_AFFINE) continue;
        start_at_bias(k, c->v[b]);
        for (size_t t = 0; t < k->n_lin; t++)
            nm_lin_apply(l->job, c->t->k, &k->lin[t], c->v[k->lin[t].src], c->v[b],
                         nm_relax_zero(c->x, p, k->lin[t].src));
    }
}

static void add_losses(nm_lanes *l, size_t n)
{
    const struct nm_lane_climb *c = l->climb;
    for (size_t k = 0, b = 0; k < l->n_open; k++) {
        while (l->open[k] >= l->b->p->blocks[b].first + l->b->p->blocks[b].n) b++;
        const nm_block *r = &l->b->p->blocks[b];
        const size_t at = (l->open[k] - r->first) * NM_LANES;
        for (size_t i = 0; i < n; i++) {
            const double a = c->v[r->src][at + i], lost = fabs(c->v[b][at + i] - (a > 0 ? a : 0));
            l->loss[i * l->n_open + k] += (float)(fabs(c->t->y[b][at + i]) * lost);
        }
    }
}

static void ascend(nm_lanes *l, size_t step)
{
    struct nm_lane_climb *c = l->climb;
    const nm_program *p = l->b->p;
    const double f1 = 1 - pow(0.9, (double)(step + 1)), f2 = 1 - pow(0.999, (double)(step + 1));
    const double rate = RATE * pow(0.95, (double)step), steps[3] = {rate / f1, 1 / f2, 0};
    const nm_adam a = {0.5 * rate, f1, f2};
    for (size_t b = 1; b + 1 < p->n_blocks; b++) {
        const nm_block *r = &p->blocks[b];
        if (r->kind == NM_RELU && !l->keep_slopes)
            c->own.lane_step(c->n_of[b], c->of[b], c->t->y[b], c->v[r->src], steps,
                             c->x->slo_lane + r->first * NM_LANES, c->m1 + r->first * NM_LANES,
                             c->m2 + r->first * NM_LANES);
    }
    for (size_t s = 0, b = 0; s < c->x->n_lane_signs; s++) {
        nm_lane_sign *sign = &c->x->lane_signs[s];
        while (sign->unit >= p->blocks[b].first + p->blocks[b].n) b++;
        const double *v = c->v[p->blocks[b].src] + (sign->unit - p->blocks[b].first) * NM_LANES;
        sign->beta = nm_larger(
            nm_adam_move(sign->beta, sign->side * v[sign->lane], &c->b1[s], &c->b2[s], a), 0);
    }
}

/* Gives inputs that no lane reads a coefficient of 0: the fee of the last sum counts the inputs that any lane reads. */
static void touch_inputs(nm_lanes *l)
{
    nm_batch *t = l->climb->t;
    const size_t n = l->b->p->blocks[0].n;
    for (size_t i = 0; i < n; i++) nm_batch_put(t, 0, i, 0, 0);
    nm_batch_list(t, 0);
}

void nm_lanes_run(nm_lanes *l, size_t n, const nm_lane *lane, double enough, size_t steps)
{
    struct nm_lane_climb *c = l->climb;
    const int q = (int)l->b->p->n_blocks - 1;
    start(l, n, lane);
    for (size_t s = 0; s < steps; s++) {
        double lo[NM_LANES];
        bool all = true;
        nm_batch_clear(c->t);
        for (size_t i = 0; i < n; i++) nm_batch_put(c->t, q, c->row, (int)i, l->coef);
        nm_batch_pull(c->t, c->x, q);
        touch_inputs(l);
        nm_batch_lower(c->t, l->b, lo);
        keep(l, n, lo, enough);
        for (size_t i = 0; i < n; i++) all &= l->lo[i] > enough;
        if (all || nm_stopped(l->job)) return;
        nm_batch_corner(c->t, l->b, n, c->v[0]);
        if (s > 0 && s + 1 == steps) return; /* nothing needs the last point's values */
        forward(l);
        if (s + 1 + LAST >= steps) add_losses(l, n);
        if (s + 1 < steps) ascend(l, s);
    }
}
