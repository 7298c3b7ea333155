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

void nm_walk_forward(nm_walk *w)
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

/* Pulls the gradient back through a RELU or MAX block at the lane's own point. */
static void back_nonlinear(nm_walk *w, const nm_block *k, int b)
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

void nm_walk_backward(nm_walk *w)
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
