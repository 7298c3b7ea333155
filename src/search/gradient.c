/* gradient.c: runs NM_LANES points forward through a Program, and rows backward as gradients at these points, for the
 * attack and the search for near counterexamples. The arithmetic is that of the bounds' operators, without care for
 * rounding: results are only candidates for judge.c. Cost: two passes over the weights. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

nm_walk *nm_walk_new(nm_job *job, const nm_program *p)
{
    nm_walk *w = NM_NEW(job, nm_walk);
    *w = (nm_walk){job, p, nm_kernels_pick(), nm_batch_new(job, p),
                   NM_ARRAY(job, double *, p->n_blocks)};
    for (size_t k = 0; k < p->n_blocks; k++)
        w->v[k] = NM_ARRAY(job, double, nm_pad8(p->blocks[k].n) * NM_LANES);
    return w;
}

static void largest(const nm_block *k, const double *x, double *y)
{
    for (size_t i = 0; i < k->n; i++)
        for (size_t l = 0; l < NM_LANES; l++) {
            double top = -INFINITY;
            for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) top = nm_larger(top, x[k->idx[t] * NM_LANES + l]);
            y[i * NM_LANES + l] = top;
        }
}

void nm_walk_forward(nm_walk *w)
{
    for (size_t b = 1; b < w->p->n_blocks; b++) {
        const nm_block *k = &w->p->blocks[b];
        double *restrict y = w->v[b];
        const double *restrict x = k->src >= 0 ? w->v[k->src] : NULL;
        if (k->kind == NM_RELU)
            for (size_t i = 0; i < k->n * NM_LANES; i++) y[i] = x[i] > 0 ? x[i] : 0;
        if (k->kind == NM_MAX) largest(k, x, y);
        if (k->kind == NM_AFFINE)
            for (size_t i = 0; i < k->n; i++)
                for (size_t l = 0; l < NM_LANES; l++) y[i * NM_LANES + l] = k->bias[i];
        for (size_t t = 0; t < k->n_lin; t++)
            nm_lin_apply(w->job, w->k, &k->lin[t], w->v[k->lin[t].src], y, NULL);
    }
}

/* Adds the lanes of `from` where the unit is on. */
static void add_where_on(const double *restrict at, const double *restrict from, double *restrict to)
{
    for (size_t l = 0; l < NM_LANES; l++) to[l] += at[l] > 0 ? from[l] : 0;
}

/* Pulls the gradient back through a RELU block at the lane's own point. */
static void back_relu(nm_batch *t, const nm_block *k, int b, const double *x)
{
    for (size_t n = 0; n < t->n_live[b]; n++) {
        const size_t u = t->unit[b][n];
        nm_batch_put(t, k->src, u, 0, 0);
        add_where_on(x + u * NM_LANES, t->y[b] + u * NM_LANES, t->y[k->src] + u * NM_LANES);
    }
}

/* The same through a MAX block, to all members that are the largest. */
static void back_max(nm_batch *t, const nm_block *k, int b, const double *x, const double *out)
{
    for (size_t n = 0; n < t->n_live[b]; n++) {
        const size_t i = t->unit[b][n];
        for (size_t m = k->ptr[i]; m < k->ptr[i + 1]; m++) {
            const size_t u = k->idx[m];
            nm_batch_put(t, k->src, u, 0, 0);
            for (size_t l = 0; l < NM_LANES; l++)
                if (x[u * NM_LANES + l] == out[i * NM_LANES + l])
                    t->y[k->src][u * NM_LANES + l] += t->y[b][i * NM_LANES + l];
        }
    }
}

void nm_walk_backward(nm_walk *w)
{
    nm_batch *t = w->t;
    for (int b = (int)w->p->n_blocks - 1; b > 0; b--) {
        const nm_block *k = &w->p->blocks[b];
        const size_t n = nm_batch_list(t, b);
        if (n == 0) continue;
        if (k->kind == NM_RELU) back_relu(t, k, b, w->v[k->src]);
        if (k->kind == NM_MAX) back_max(t, k, b, w->v[k->src], w->v[b]);
        for (size_t i = 0; i < k->n_lin; i++) {
            const int s = k->lin[i].src;
            nm_lin_pull(w->job, w->k, &k->lin[i], n, t->unit[b], t->y[b], t->y[s], t->live[s],
                        NULL);
            t->used[s] = true;
        }
    }
    nm_batch_list(t, 0);
}
