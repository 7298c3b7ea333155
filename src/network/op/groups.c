/* groups.c: sums, means and extremes over groups of elements, as pools and reductions need them.
 *
 * A mean is the sum times the double nearest to 1/count; that product defines the network, in evaluation and program
 * alike (in float32 it is the sum divided by the count). A maximum is a MAX block, a minimum -max(-x). */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

static void extreme(nm_eval *e, const nm_node *node, const nm_groups *p)
{
    const double *x = e->val[node->in[0]];
    for (size_t i = 0; i < p->n; i++) {
        double best = x[p->idx[p->ptr[i]]], err = 0;
        for (size_t k = p->ptr[i]; k < p->ptr[i + 1]; k++) {
            const double v = x[p->idx[k]];
            if (p->kind == NM_MAXIMUM ? v > best : v < best) best = v;
            if (e->err) err = nm_eval_larger(err, e->err[node->in[0]][p->idx[k]]);
        }
        e->val[node->out[0]][i] = best;
        if (e->err) e->err[node->out[0]][i] = err; /* 1-Lipschitz in the largest norm */
    }
}

void nm_groups_eval(nm_eval *e, const nm_node *node)
{
    const nm_groups *p = node->plan;
    if (p->kind == NM_MAXIMUM || p->kind == NM_MINIMUM) {
        extreme(e, node, p);
        return;
    }
    const double *x = e->val[node->in[0]], *xe = e->err ? e->err[node->in[0]] : NULL;
    const bool mean = p->kind == NM_MEAN;
    for (size_t i = 0; i < p->n; i++) {
        const double scale = mean && !e->f32 ? 1 / p->count[i] : 1;
        double s = 0, err = 0;
        for (size_t k = p->ptr[i]; k < p->ptr[i + 1]; k++)
            s = nm_eval_dot(e, 1, &scale, 1, &x[p->idx[k]], xe ? &xe[p->idx[k]] : NULL, s,
                            xe ? &err : NULL);
        e->val[node->out[0]][i] = mean && e->f32 ? (double)(float)(s / p->count[i]) : s;
        if (xe) e->err[node->out[0]][i] = err;
    }
}

static int lower_sum(nm_lowering *l, const nm_node *node, const nm_groups *p, int src)
{
    const int block = nm_lower_block(l, node, NM_AFFINE, p->n);
    nm_lin *a = nm_block_lin(l->job, &l->prog->blocks[block], NM_SPARSE, src, p->n,
                             l->prog->blocks[src].n);
    const size_t nnz = p->ptr[p->n];
    uint32_t *row = NM_RAW(l->job, uint32_t, nnz);
    double *w = NM_RAW(l->job, double, nnz);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = p->ptr[i]; k < p->ptr[i + 1]; k++) {
            row[k] = (uint32_t)i;
            w[k] = p->kind == NM_MEAN ? 1.0 / p->count[i] : 1;
        }
    nm_sparse_fill(l->job, a, nnz, row, p->idx, w);
    return block;
}

/* Returns the block of -x. */
static int negated(nm_lowering *l, const nm_node *node, const nm_view *x)
{
    const double *minus = nm_repeat(l->job, x->n, -1);
    return nm_lower_terms(l, node, 1, x, &minus, NULL);
}

void nm_groups_lower(nm_lowering *l, const nm_node *node)
{
    const nm_groups *p = node->plan;
    const nm_view *v = nm_lower_view(l, node->in[0]);
    const bool low = p->kind == NM_MINIMUM;
    const int src = low ? negated(l, node, v) : nm_lower_source(l, node, v);
    if (p->kind == NM_SUM || p->kind == NM_MEAN) {
        nm_lower_result(l, node, 0, lower_sum(l, node, p, src));
        return;
    }
    int block = nm_lower_block(l, node, NM_MAX, p->n);
    nm_block *b = &l->prog->blocks[block];
    b->src = src;
    b->ptr = p->ptr;
    b->idx = p->idx;
    if (low) {
        const nm_view top = nm_lower_units(l, block);
        block = negated(l, node, &top);
    }
    nm_lower_result(l, node, 0, block);
}
