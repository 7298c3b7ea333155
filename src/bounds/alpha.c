/* alpha.c: optimised lower slopes (alpha-CROWN: Xu, Zhang, Wang, Wang, Jana, Lin, Hsieh 2021) for rows of the last
 * block, NM_LANES rows at once, each lane with its own slopes.
 *
 * A step pulls the rows back with the lanes' slopes and takes the bound over the box, at x*. The derivative of a lane's
 * bound with respect to the slope of unit u is  max(y_u, 0) a_u, where y_u is the coefficient that reached the unit and
 * a_u its pre-activation when x* is propagated forward along the same lines that the pull used (Danskin: a minimum's
 * derivative is taken with its minimiser fixed). Adam (Kingma, Ba 2015) ascends, slopes are clipped to [0,1]; every
 * iterate is a valid bound, and the best is kept. Signs fixed by a branch enter with multipliers beta >= 0 of their own
 * (beta-CROWN: Wang et al. 2021), whose derivative is side * a_u. Effort is counted in steps; there is no randomness.
 *
 * nm_alpha_units does this for the units of every block, over the blocks before it (on a program that ends there), from
 * below and from above: with all slopes free, a unit's bound is that of the linear program with triangle relaxations
 * (Salman et al. 2019), at a fraction of its cost. Units of settled sign are skipped; later blocks follow by CROWN. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

typedef struct {
    nm_job *job;
    const nm_bounds *b;
    const nm_program *p;
    nm_relax *x;
    nm_batch *t;
    size_t lanes;    /* number of lanes in use: 8 or all */
    double **v;      /* [n_blocks] -> [n8][NM_LANES] values along the lines */
    double *m1, *m2; /* [n_units + signs][NM_LANES] Adam's moments */
    bool coarse;     /* slopes are multiples of 1/1024, so that they can be written in two letters */
} climb;

/* Starts from CROWN's slopes, or from those of an earlier run, whose signs are the first of this run's. */
static void start_slopes(climb *c, const nm_alpha *start)
{
    const nm_program *p = c->p;
    c->x->slo_lane = NM_RAW(c->job, double, nm_mul(c->job, p->n_units, NM_LANES));
    for (size_t u = 0; u < p->n_units; u++) {
        const bool open = start && c->x->cut[u] != 0;
        for (size_t l = 0; l < NM_LANES; l++)
            c->x->slo_lane[u * NM_LANES + l] = open ? start->slope[u] : c->x->slo[u];
    }
    const size_t n = c->x->signs ? c->x->signs->n : 0;
    c->x->beta = NM_ARRAY(c->job, double, n *NM_LANES + 1);
    if (start)
        for (size_t i = 0; i < n && i < start->n_beta; i++)
            for (size_t l = 0; l < NM_LANES; l++) c->x->beta[i * NM_LANES + l] = start->beta[i];
}

static double line(const climb *c, const nm_block *k, int b, size_t i, size_t l)
{
    const size_t u = k->first + i;
    const double y = c->t->live[b][i] ? c->t->y[b][i * NM_LANES + l] : 0;
    const nm_relax *x = c->x;
    if (x->dead[u]) return 0;
    const size_t low = k->kind == NM_MAX ? x->mlo[u] : i, top = k->kind == NM_MAX ? x->mup[u] : i;
    const double *a = c->v[k->src];
    if (y < 0) return x->sup[u] * a[top * NM_LANES + l] + x->cut[u];
    return (k->kind == NM_MAX ? 1 : x->slo_lane[u * NM_LANES + l]) * a[low * NM_LANES + l];
}

static void forward(climb *c, int upto)
{
    for (int b = 1; b < upto; b++) {
        const nm_block *k = &c->p->blocks[b];
        for (size_t i = 0; i < k->n; i++)
            for (size_t l = 0; l < c->lanes; l++)
                c->v[b][i * NM_LANES + l] = k->kind == NM_AFFINE ? k->bias[i] : line(c, k, b, i, l);
        for (size_t t = 0; t < k->n_lin; t++)
            nm_lin_apply(c->job, c->t->k, &k->lin[t], c->v[k->lin[t].src], c->v[b],
                         nm_relax_zero(c->x, c->p, k->lin[t].src));
    }
}

static void ascend(climb *c, int upto, size_t step)
{
    const nm_adam a = {0.1 * pow(0.98, (double)step), 1 - pow(0.9, (double)(step + 1)),
                       1 - pow(0.999, (double)(step + 1))};
    for (int b = 1; b < upto; b++) {
        const nm_block *k = &c->p->blocks[b];
        if (k->kind != NM_RELU) continue;
        for (size_t i = 0; i < k->n; i++) {
            const size_t u = k->first + i;
            if (!c->t->live[b][i] || c->x->cut[u] == 0) continue; /* a stable unit has no slope to choose */
            for (size_t l = 0; l < c->lanes; l++) {
                const size_t at = u * NM_LANES + l;
                const double y = c->t->y[b][i * NM_LANES + l];
                const double g = y > 0 ? y * c->v[k->src][i * NM_LANES + l] : 0;
                const double s = nm_adam_move(c->x->slo_lane[at], g, &c->m1[at], &c->m2[at], a);
                c->x->slo_lane[at] = s < 0 ? 0 : s > 1 ? 1 : c->coarse ? nearbyint(s * 1024) / 1024 : s;
            }
        }
    }
}

static void ascend_signs(climb *c, size_t step)
{
    const nm_signs *s = c->x->signs;
    const nm_adam a = {0.05 * pow(0.98, (double)step), 1 - pow(0.9, (double)(step + 1)),
                       1 - pow(0.999, (double)(step + 1))};
    if (s)
        for (size_t i = 0; i < s->n; i++) {
            const int b = nm_program_block(c->p, s->unit[i]);
            const nm_block *k = &c->p->blocks[b];
            for (size_t l = 0; l < c->lanes; l++) {
                const size_t at = (c->p->n_units + i) * NM_LANES + l;
                const double g = s->side[i] * c->v[k->src][(s->unit[i] - k->first) * NM_LANES + l];
                const double beta = nm_adam_move(c->x->beta[i * NM_LANES + l], g, &c->m1[at], &c->m2[at], a);
                c->x->beta[i * NM_LANES + l] = beta > 0 ? beta : 0;
            }
        }
}

/* Sets what lane 0 loses by each unit's relaxation: the score for branching there. */
static void gaps(const climb *c, double *gap)
{
    for (size_t b = 1; b + 1 < c->p->n_blocks; b++) {
        const nm_block *k = &c->p->blocks[b];
        for (size_t i = 0; k->kind == NM_RELU && i < k->n; i++) {
            const size_t u = k->first + i;
            const double y = c->t->live[b][i] ? c->t->y[b][i * NM_LANES] : 0;
            gap[u] = y < 0 ? -y * c->x->cut[u] : 0;
            if (y <= 0 || c->x->cut[u] == 0) continue;
            const size_t pre = c->p->blocks[k->src].first + i;
            const double s = c->x->slo_lane[u * NM_LANES], l = -s * c->b->lo[pre],
                         h = (1 - s) * c->b->hi[pre];
            gap[u] = 0.5 * y * (l < h ? l : h);
        }
    }
}

/* Keeps the lanes that improved; returns true if all bounds are above `enough`. */
static bool keep(climb *c, nm_alpha *a, size_t n, const double *lo, const double *enough)
{
    double g0[NM_LANES];
    bool all = true;
    nm_batch_constant(c->t, c->b, g0);
    for (size_t l = 0; l < n; l++) {
        if (lo[l] > a->lo[l]) {
            if (l == 0) {
                gaps(c, a->gap);
                for (size_t u = 0; u < c->p->n_units; u++)
                    a->slope[u] = c->x->slo_lane[u * NM_LANES];
                for (size_t k = 0; k < a->n_beta; k++) a->beta[k] = c->x->beta[k * NM_LANES];
            }
            a->lo[l] = lo[l];
            a->g0[l] = g0[l];
            for (size_t u = 0; a->lane_slope && u < c->p->n_units; u++)
                a->lane_slope[l * c->p->n_units + u] = (float)c->x->slo_lane[u * NM_LANES + l];
            for (size_t i = 0; i < c->p->blocks[0].n; i++)
                a->g[i * NM_LANES + l] = c->t->live[0][i] ? c->t->y[0][i * NM_LANES + l] : 0;
        }
        all &= a->lo[l] > enough[l];
    }
    return all;
}

static nm_alpha *run(nm_job *job, const nm_bounds *b, size_t n, const uint32_t *row,
                     const double *coef, const double *enough, size_t steps, const nm_signs *signs,
                     const nm_alpha *start, bool coarse)
{
    const nm_program *p = b->p;
    const int q = (int)p->n_blocks - 1;
    nm_alpha *a = NM_NEW(job, nm_alpha);
    a->g = NM_ARRAY(job, double, nm_pad8(p->blocks[0].n) * NM_LANES);
    a->gap = NM_ARRAY(job, double, p->n_units);
    a->slope = NM_ARRAY(job, double, p->n_units);
    if (coarse) a->lane_slope = NM_RAW(job, float, nm_mul(job, p->n_units, n));
    a->n_beta = signs ? signs->n : 0;
    a->beta = NM_ARRAY(job, double, a->n_beta + 1);
    for (size_t l = 0; l < NM_LANES; l++) a->lo[l] = a->g0[l] = -INFINITY;
    const nm_mark mark = nm_mark_get(job);
    const size_t moments = (p->n_units + (signs ? signs->n : 0)) * NM_LANES;
    climb c = {.job = job, .b = b, .p = p, .x = nm_relax_new(job, b), .t = nm_batch_new(job, p), .coarse = coarse};
    c.v = NM_ARRAY(job, double *, p->n_blocks);
    c.m1 = NM_ARRAY(job, double, moments);
    c.m2 = NM_ARRAY(job, double, moments);
    nm_kernels *half = NM_NEW(job, nm_kernels);
    *half = *c.t->k;
    half->outer = half->outer_half;
    c.lanes = n <= 8 ? 8 : NM_LANES;
    if (n <= 8) c.t->k = half;
    nm_relax_set(c.x, b, 1, q + 1);
    c.x->signs = signs;
    start_slopes(&c, start);
    for (int k = 0; k < q; k++) c.v[k] = NM_ARRAY(job, double, nm_pad8(p->blocks[k].n) * NM_LANES);
    for (size_t s = 0; s < steps && !nm_stopped(job); s++) {
        double lo[NM_LANES];
        nm_batch_clear(c.t);
        for (size_t l = 0; l < n; l++) nm_batch_put(c.t, q, row[l], (int)l, coef ? coef[l] : 1);
        nm_batch_pull(c.t, c.x, q);
        nm_batch_lower(c.t, b, lo);
        a->steps++;
        if (keep(&c, a, n, lo, enough) || s + 1 == steps) break;
        nm_batch_corner(c.t, b, c.lanes, c.v[0]);
        forward(&c, q);
        ascend(&c, q, s);
        ascend_signs(&c, s);
    }
    nm_mark_release(job, mark);
    return a;
}

nm_alpha *nm_alpha_run(nm_job *job, const nm_bounds *b, size_t n, const uint32_t *row,
                       const double *enough, size_t steps, const nm_signs *signs,
                       const nm_alpha *start)
{
    return run(job, b, n, row, NULL, enough, steps, signs, start, false);
}

nm_alpha *nm_alpha_coarse(nm_job *job, const nm_bounds *b, size_t n, const uint32_t *row, const double *enough,
                          size_t steps, const nm_signs *signs, const nm_alpha *start)
{
    return run(job, b, n, row, NULL, enough, steps, signs, start, true);
}

/* ---- units ---- */

enum { PAIRS = NM_LANES / 2 };

/* what the threads share: the units of the last block of b, PAIRS of which are bounded together */
typedef struct {
    const nm_bounds *b;
    size_t n, steps;
    const uint32_t *unit; /* [n] */
    double *lo, *hi;      /* [n] */
} pass;

/* Bounds up to PAIRS units from below and from above. */
static void pairs(nm_job *job, const pass *s, size_t at)
{
    const size_t n = s->n - at < PAIRS ? s->n - at : PAIRS;
    uint32_t row[NM_LANES] = {0};
    double coef[NM_LANES] = {0}, enough[NM_LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        row[i] = row[i + n] = s->unit[at + i];
        coef[i] = 1;
        coef[i + n] = -1;
        enough[i] = enough[i + n] = 0; /* enough to settle the sign */
    }
    const nm_alpha *a = run(job, s->b, 2 * n, row, coef, enough, s->steps, NULL, NULL, false);
    for (size_t i = 0; i < n; i++) {
        s->lo[at + i] = a->lo[i];
        s->hi[at + i] = -a->lo[i + n];
    }
}

static void take_pairs(nm_job *job, void *arg, nm_turns *turns)
{
    for (size_t turn; nm_turns_next(job, turns, &turn);) {
        const nm_mark mark = nm_mark_get(job);
        pairs(job, arg, turn * PAIRS);
        nm_mark_release(job, mark);
    }
}

size_t nm_alpha_block(nm_job *job, nm_bounds *b, int k, size_t steps)
{
    const nm_block *block = &b->p->blocks[k];
    const nm_mark mark = nm_mark_get(job);
    uint32_t *unit = NM_RAW(job, uint32_t, block->n + 1);
    const size_t n = nm_bounds_list_open(b, k, unit);
    nm_program cut;
    const nm_bounds below = nm_bounds_below(b, k, &cut);
    double *lo = nm_repeat(job, n + 1, -INFINITY), *hi = nm_repeat(job, n + 1, INFINITY);
    pass s = {&below, n, steps, unit, lo, hi};
    double work = 0;
    for (int i = 1; i <= k; i++) work += 4 * (double)(n * steps) * nm_block_weights(&b->p->blocks[i]);
    nm_team_run(job, (n + PAIRS - 1) / PAIRS, work, take_pairs, &s);
    for (size_t i = 0; i < n; i++) nm_bounds_meet(b, block->first + unit[i], lo[i], hi[i], NM_BY_ALPHA);
    nm_mark_release(job, mark);
    return n;
}

void nm_alpha_units(nm_job *job, nm_bounds *b, size_t steps)
{
    const nm_program *p = b->p;
    const int q = (int)p->n_blocks - 1;
    for (int k = 1; k < q && !b->empty && !nm_stopped(job); k++) {
        const nm_block *block = &p->blocks[k];
        if (block->kind != NM_AFFINE || !block->is_pre || nm_reads_input_only(block)) continue;
        const size_t n = nm_alpha_block(job, b, k, steps);
        if (n && !b->empty) nm_crown(job, b, (nm_crown_opts){.query_block = q});
    }
}
