/* op/pool.c: AveragePool, GlobalAveragePool and MaxPool over windows of [N,C,(H,)W].
 *
 * An average is the sum times the double nearest to 1/count; padded cells count only with count_include_pad. A
 * maximum skips padded cells, as they stand for minus infinity. ceil_mode is honoured by maxima; for averages, whose
 * counts ONNX then leaves unclear, it is refused where it matters. MaxPool's second output (indices) is refused. */
#include "all.h"

typedef struct {
    bool is_max;
    size_t n;
    const size_t *ptr;   /* [n+1] members of each window */
    const uint32_t *idx; /* elements of the input */
    const double *scale; /* [n] of the average */
} plan_t;

static void windows(nm_job *job, plan_t *p, const nm_geo *g, bool count_pad)
{
    const size_t area = (size_t)(g->kh * g->kw);
    p->n = (size_t)(g->c * g->p * g->q);
    size_t *ptr = NM_ARRAY(job, size_t, p->n + 1), k = 0;
    uint32_t *idx = NM_RAW(job, uint32_t, nm_mul(job, p->n, area));
    double *scale = NM_RAW(job, double, p->n);
    for (size_t i = 0; i < p->n; i++) {
        const int64_t c = (int64_t)i / (g->p * g->q), y0 = (int64_t)i / g->q % g->p * g->sh - g->ph;
        const int64_t x0 = (int64_t)i % g->q * g->sw - g->pw;
        for (size_t t = 0; t < area; t++) {
            const int64_t y = y0 + (int64_t)t / g->kw * g->dh, x = x0 + (int64_t)t % g->kw * g->dw;
            if (y >= 0 && y < g->h && x >= 0 && x < g->w)
                idx[k++] = (uint32_t)((c * g->h + y) * g->w + x);
        }
        ptr[i + 1] = k;
        scale[i] = 1.0 / (double)(count_pad ? area : k - ptr[i]);
    }
    p->ptr = ptr;
    p->idx = idx;
    p->scale = scale;
}

static void plan(nm_job *job, nm_net *net, nm_node *node, bool is_max)
{
    const nm_value *x = nm_in(net, node, 0);
    plan_t *p = NM_NEW(job, plan_t);
    int64_t kernel[2];
    const int dims = x->shape.rank - 2;
    if (dims < 1 || dims > 2 || x->shape.dim[0] != 1)
        nm_refuse(job, net, node, "input of shape %s; [1,C,W] or [1,C,H,W] was expected",
                  nm_shape_print(job, x->shape));
    if (!nm_attr_ints(job, net, node, "kernel_shape", (size_t)dims, kernel, 0))
        nm_refuse(job, net, node, "attribute kernel_shape is missing");
    if (is_max) nm_attr_int(job, net, node, "storage_order", 0); /* of the indices alone */
    const int64_t ceil_mode = nm_attr_int(job, net, node, "ceil_mode", 0);
    const bool count_pad = !is_max && nm_attr_int(job, net, node, "count_include_pad", 0);
    nm_geo g = nm_window(job, net, node, x->shape, kernel, true,
                         ceil_mode && !is_max ? -1 : ceil_mode);
    g.o = g.c;
    p->is_max = is_max;
    windows(job, p, &g, count_pad);
    for (size_t i = 0; i < p->n; i++)
        if (p->ptr[i] == p->ptr[i + 1]) nm_refuse(job, net, node, "a window of padding alone");
    node->plan = p;
    nm_out_shape(job, net, node, 0, nm_window_shape(x->shape, g));
}

static void plan_max(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, true); }
static void plan_avg(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, false); }

static void plan_global(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0);
    plan_t *p = NM_NEW(job, plan_t);
    if (x->shape.rank < 3 || x->shape.dim[0] != 1)
        nm_refuse(job, net, node, "input of shape %s", nm_shape_print(job, x->shape));
    const int64_t c = x->shape.dim[1], area = (int64_t)x->n / c;
    nm_shape s = x->shape;
    for (int i = 2; i < s.rank; i++) s.dim[i] = 1;
    windows(job, p,
            &(nm_geo){.c = c,
                      .o = c,
                      .h = 1,
                      .w = area,
                      .p = 1,
                      .q = 1,
                      .kh = 1,
                      .kw = area,
                      .sh = 1,
                      .sw = 1,
                      .dh = 1,
                      .dw = 1},
            false);
    node->plan = p;
    nm_out_shape(job, net, node, 0, s);
}

static void eval_max(nm_eval *e, const nm_node *node, const plan_t *p)
{
    const double *x = e->val[node->in[0]];
    for (size_t i = 0; i < p->n; i++) {
        double best = x[p->idx[p->ptr[i]]], err = 0;
        for (size_t k = p->ptr[i]; k < p->ptr[i + 1]; k++) {
            if (x[p->idx[k]] > best) best = x[p->idx[k]];
            if (e->err && e->err[node->in[0]][p->idx[k]] > err)
                err = e->err[node->in[0]][p->idx[k]];
        }
        e->val[node->out[0]][i] = best;
        if (e->err) e->err[node->out[0]][i] = err; /* max is 1-Lipschitz in the largest norm */
    }
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    if (p->is_max) {
        eval_max(e, node, p);
        return;
    }
    const double *x = e->val[node->in[0]], *xe = e->err ? e->err[node->in[0]] : NULL;
    for (size_t i = 0; i < p->n; i++) {
        double s = 0, err = 0;
        for (size_t k = p->ptr[i]; k < p->ptr[i + 1]; k++)
            s = nm_eval_dot(e, 1, &p->scale[i], 1, &x[p->idx[k]], xe ? &xe[p->idx[k]] : NULL, s,
                            xe ? &err : NULL);
        e->val[node->out[0]][i] = s;
        if (xe) e->err[node->out[0]][i] = err;
    }
}

static void lower(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const nm_view *v = &l->view[node->in[0]];
    const int src = nm_lower_source(l, node, v);
    const int block = nm_lower_block(l, node, p->is_max ? NM_MAX : NM_AFFINE, p->n);
    nm_block *b = &l->prog->blocks[block];
    if (p->is_max) {
        b->src = src;
        b->ptr = p->ptr;
        b->idx = p->idx;
    } else {
        nm_lin *a = nm_block_lin(l->job, b, NM_SPARSE, src, p->n, v->n);
        const size_t nnz = p->ptr[p->n];
        uint32_t *row = NM_RAW(l->job, uint32_t, nnz);
        double *w = NM_RAW(l->job, double, nnz);
        for (size_t i = 0; i < p->n; i++)
            for (size_t k = p->ptr[i]; k < p->ptr[i + 1]; k++) {
                row[k] = (uint32_t)i;
                w[k] = p->scale[i];
            }
        nm_sparse_fill(l->job, a, nnz, row, p->idx, w);
    }
    nm_lower_result(l, node, 0, block);
}

const nm_op nm_op_maxpool = {"MaxPool", 1, 1, plan_max, eval, lower};
const nm_op nm_op_averagepool = {"AveragePool", 1, 1, plan_avg, eval, lower};
const nm_op nm_op_globalaveragepool = {"GlobalAveragePool", 1, 1, plan_global, eval, lower};
