/* attack.c: looks for counterexamples by projected gradient descent on the margin (Madry et al. 2018), NM_LANES
 * points at a time, before any solver is asked.
 *
 * A lane descends the worst row of its clause, max_r (row_r - rhs_r), with sign steps that shrink from a quarter of
 * the box to 1/200, from the given start in the first lane and from random points in the others; lanes are dealt to
 * the open clauses in turn. Forward and backward run on the Program through the same operators as the bounds. What
 * it returns is only a candidate: verify.c judges. Random numbers are splitmix64 (Steele, Lea, Flood 2014) from the
 * seed, so equal input gives equal output. Effort is counted in steps. */
#include "all.h"

typedef struct {
    nm_job *job;
    const nm_program *p;
    const nm_kernels *k;
    nm_batch *t;
    double **v; /* [n_blocks] -> [n8][NM_LANES] values */
    uint64_t seed;
} walk;

static double uniform(walk *w)
{
    uint64_t z = w->seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void forward(walk *w)
{
    for (size_t b = 1; b < w->p->n_blocks; b++) {
        const nm_block *k = &w->p->blocks[b];
        double *y = w->v[b];
        const double *x = k->src >= 0 ? w->v[k->src] : NULL;
        for (size_t i = 0; i < k->n; i++)
            for (size_t l = 0; l < NM_LANES; l++) {
                double *out = &y[i * NM_LANES + l];
                if (k->kind == NM_AFFINE) *out = k->bias[i];
                if (k->kind == NM_RELU) *out = x[i * NM_LANES + l] > 0 ? x[i * NM_LANES + l] : 0;
                if (k->kind != NM_MAX) continue;
                *out = -INFINITY;
                for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++)
                    if (x[k->idx[t] * NM_LANES + l] > *out) *out = x[k->idx[t] * NM_LANES + l];
            }
        for (size_t t = 0; t < k->n_lin; t++)
            nm_lin_apply(w->job, w->k, &k->lin[t], w->v[k->lin[t].src], y);
    }
}

/* the gradient through a RELU or MAX block at the lane's own point */
static void back_nonlinear(walk *w, const nm_block *k, int b)
{
    nm_batch *t = w->t;
    const double *x = w->v[k->src], *out = w->v[b];
    for (size_t n = 0; n < t->n_live[b]; n++) {
        const size_t i = t->unit[b][n];
        const size_t end = k->kind == NM_RELU ? i + 1 : k->ptr[i + 1];
        for (size_t m = k->kind == NM_RELU ? i : k->ptr[i]; m < end; m++) {
            const size_t u = k->kind == NM_RELU ? m : k->idx[m];
            for (size_t l = 0; l < NM_LANES; l++) {
                const double a = x[u * NM_LANES + l];
                const bool open = k->kind == NM_RELU ? a > 0 : a == out[i * NM_LANES + l];
                if (l == 0) nm_batch_put(t, k->src, u, 0, 0);
                if (open) t->y[k->src][u * NM_LANES + l] += t->y[b][i * NM_LANES + l];
            }
        }
    }
}

static void backward(walk *w)
{
    nm_batch *t = w->t;
    for (int b = (int)w->p->n_blocks - 1; b > 0; b--) {
        const nm_block *k = &w->p->blocks[b];
        const size_t n = nm_batch_list(t, b);
        if (n == 0) continue;
        if (k->kind != NM_AFFINE) back_nonlinear(w, k, b);
        for (size_t i = 0; i < k->n_lin; i++) {
            const int s = k->lin[i].src;
            nm_lin_pull(w->job, w->k, &k->lin[i], n, t->unit[b], t->y[b], t->y[s], t->live[s],
                        NULL);
            t->used[s] = true;
        }
    }
    nm_batch_list(t, 0);
}

/* the row of clause c that is farthest from holding in this lane */
static double worst_row(const walk *w, const nm_clause *c, const uint32_t *row, size_t lane,
                        size_t *which)
{
    const double *q = w->v[w->p->n_blocks - 1];
    double worst = -INFINITY;
    for (size_t r = 0; r < c->n_rows; r++) {
        const double m = q[row[r] * NM_LANES + lane] - c->rows[r].rhs;
        if (m > worst) {
            worst = m;
            *which = row[r];
        }
    }
    return worst;
}

static void step(walk *w, const nm_case *c, double size)
{
    const double *g = w->t->y[0];
    double *x = w->v[0];
    for (size_t n = 0; n < w->t->n_live[0]; n++) {
        const size_t i = w->t->unit[0][n];
        const double move = size * (c->hi[i] - c->lo[i]);
        for (size_t l = 0; l < NM_LANES; l++) {
            double *at = &x[i * NM_LANES + l];
            const double d = g[i * NM_LANES + l];
            *at += d > 0 ? -move : d < 0 ? move : 0;
            *at = *at < c->lo[i] ? c->lo[i] : *at > c->hi[i] ? c->hi[i] : *at;
        }
    }
}

/* the start itself once a clause, in the first batch; elsewhere random points */
static void place(walk *w, const nm_case *c, const double *start, size_t n_start)
{
    for (size_t i = 0; i < w->p->blocks[0].n; i++)
        for (size_t l = 0; l < NM_LANES; l++) {
            const double r = uniform(w), x = c->lo[i] + r * (c->hi[i] - c->lo[i]);
            const double mid = start ? start[i] : 0.5 * c->lo[i] + 0.5 * c->hi[i];
            w->v[0][i * NM_LANES + l] = l < n_start ? mid : x;
        }
}

/* the corner where CROWN's linear lower bound of a clause's first row is least, for lanes n.. of
 * the first batch: a start that knows the slopes of units that are off here and on nearby */
static void place_corners(walk *w, const nm_bounds *b, const nm_case *c, size_t n,
                          const uint32_t *const *row)
{
    const int q = (int)w->p->n_blocks - 1;
    const nm_mark mark = nm_mark_get(w->job);
    nm_relax *x = nm_relax_new(w->job, b);
    nm_relax_set(x, b, 1, q + 1);
    nm_batch_clear(w->t);
    for (size_t l = n; l < 2 * n && l < NM_LANES; l++)
        nm_batch_put(w->t, q, row[l - n][0], (int)l, 1);
    nm_batch_pull(w->t, x, q);
    for (size_t k = 0; k < w->t->n_live[0]; k++) {
        const size_t i = w->t->unit[0][k];
        for (size_t l = n; l < 2 * n && l < NM_LANES; l++) {
            const double g = w->t->y[0][i * NM_LANES + l];
            if (g != 0) w->v[0][i * NM_LANES + l] = g > 0 ? c->lo[i] : c->hi[i];
        }
    }
    nm_mark_release(w->job, mark);
}

typedef struct {
    double margin;
    const double *x;
    size_t hit;
} best_t;

static void note_best(walk *w, size_t lane, double margin, size_t hit, best_t *best)
{
    if (!(margin < best->margin)) return;
    double *x = best->x ? (double *)(uintptr_t)best->x : NM_RAW(w->job, double, w->p->blocks[0].n);
    for (size_t i = 0; i < w->p->blocks[0].n; i++) x[i] = w->v[0][i * NM_LANES + lane];
    *best = (best_t){margin, x, hit};
}

static void descend(walk *w, const nm_case *c, size_t n_open, const size_t *open,
                    const uint32_t *const *row, size_t offset, size_t steps, bool least,
                    best_t *best)
{
    const int q = (int)w->p->n_blocks - 1;
    for (size_t s = 0; s < steps; s++) {
        forward(w);
        nm_batch_clear(w->t);
        for (size_t l = 0; l < NM_LANES; l++) {
            const size_t target = (l + offset) % n_open, clause = open[target];
            size_t which = 0;
            const double m = worst_row(w, &c->clauses[clause], row[target], l, &which);
            note_best(w, l, m, target, best);
            if (c->clauses[clause].n_rows) nm_batch_put(w->t, q, which, (int)l, 1);
        }
        if (best->margin < -1e-6 && !least) return;
        backward(w);
        const double rest = (double)(steps - s) / (double)steps;
        step(w, c, 0.25 * rest * rest * rest + 0.005);
    }
}

static best_t search(nm_job *job, const nm_bounds *b, const nm_case *c, size_t n_open,
                     const size_t *open, const uint32_t *const *row, const double *start,
                     nm_attack_opts o, bool least)
{
    best_t best = {INFINITY, NM_RAW(job, double, b->p->blocks[0].n), 0};
    const nm_mark mark = nm_mark_get(job);
    walk w = {job,
              b->p,
              nm_kernels_pick(),
              nm_batch_new(job, b->p),
              NM_ARRAY(job, double *, b->p->n_blocks),
              o.seed};
    for (size_t k = 0; k < b->p->n_blocks; k++)
        w.v[k] = NM_ARRAY(job, double, nm_pad8(b->p->blocks[k].n) * NM_LANES);
    for (size_t r = 0; r < o.restarts && (least || best.margin >= -1e-6) && !nm_stopped(job); r++) {
        place(&w, c, start, r == 0 ? n_open : 0);
        if (r == 0) place_corners(&w, b, c, n_open, row);
        descend(&w, c, n_open, open, row, n_open > NM_LANES ? r * NM_LANES : r, o.steps, least,
                &best);
    }
    nm_mark_release(job, mark);
    return best;
}

const double *nm_attack(nm_job *job, const nm_bounds *b, const nm_case *c, size_t n_open,
                        const size_t *open, const uint32_t *const *row, const double *start,
                        nm_attack_opts o, size_t *hit)
{
    const best_t best = search(job, b, c, n_open, open, row, start, o, false);
    *hit = best.hit;
    return best.margin <= 0 ? best.x : NULL;
}

const double *nm_attack_least(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause,
                              const uint32_t *row, const double *start, nm_attack_opts o)
{
    const best_t best = search(job, b, c, 1, &clause, &row, start, o, true);
    return best.margin < INFINITY ? best.x : NULL;
}
