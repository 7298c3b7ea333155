/* op/conv.c: Conv, 1-D and 2-D: pads, strides, dilations, groups, auto_pad; missing attributes take ONNX's
 * defaults. The kernel must be constant. Each output is the dot product of its patch with the kernel plus bias. */
#include "all.h"

typedef struct {
    nm_geo g;
    const double *w, *bias;
} plan_t; /* w [o][c/groups][kh][kw] */

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0), *w = nm_in(net, node, 1), *b = nm_in(net, node, 2);
    plan_t *p = NM_NEW(job, plan_t);
    if (!w->data || (b && !b->data))
        nm_refuse(job, net, node, "a kernel or bias that is not constant");
    if (w->shape.rank != x->shape.rank || x->shape.rank < 3)
        nm_refuse(job, net, node, "input %s with kernel %s", nm_shape_print(job, x->shape),
                  nm_shape_print(job, w->shape));
    if (x->shape.dim[0] != 1)
        nm_refuse(job, net, node, "a batch of %lld", (long long)x->shape.dim[0]);
    const int dims = x->shape.rank - 2;
    if (dims > 2) nm_refuse(job, net, node, "a convolution over %d dimensions", dims);
    int64_t k[2];
    if (nm_attr_ints(job, net, node, "kernel_shape", (size_t)dims, k, 0))
        for (int i = 0; i < dims; i++)
            if (k[i] != w->shape.dim[2 + i])
                nm_refuse(job, net, node, "kernel_shape differs from the kernel's shape");
    p->g = nm_window(job, net, node, x->shape, w->shape.dim + 2, true, 0);
    p->g.o = w->shape.dim[0];
    p->g.groups = nm_attr_int(job, net, node, "group", 1);
    if (p->g.groups < 1 || p->g.c % p->g.groups || p->g.o % p->g.groups ||
        w->shape.dim[1] != p->g.c / p->g.groups)
        nm_refuse(job, net, node, "attribute group=%lld with input %s and kernel %s",
                  (long long)p->g.groups, nm_shape_print(job, x->shape),
                  nm_shape_print(job, w->shape));
    if (b && b->n != (size_t)p->g.o) nm_refuse(job, net, node, "a bias of %zu elements", b->n);
    p->w = w->data;
    p->bias = b ? b->data : NULL;
    node->plan = p;
    nm_out_shape(job, net, node, 0, nm_window_shape(x->shape, p->g));
}

static double at_or_zero(const nm_geo *g, const double *x, int64_t c, int64_t y, int64_t z)
{
    return y < 0 || y >= g->h || z < 0 || z >= g->w ? 0 : x[(c * g->h + y) * g->w + z];
}

static void cut_patch(const nm_geo *g, const double *x, int64_t c0, int64_t p, int64_t q,
                      double *out)
{
    for (int64_t c = c0; c < c0 + g->c / g->groups; c++)
        for (int64_t i = 0; i < g->kh; i++)
            for (int64_t j = 0; j < g->kw; j++)
                *out++ = at_or_zero(g, x, c, p * g->sh - g->ph + i * g->dh,
                                    q * g->sw - g->pw + j * g->dw);
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const nm_geo *g = &p->g;
    const int64_t cg = g->c / g->groups, og = g->o / g->groups, patch = cg * g->kh * g->kw;
    double *buf = NM_ARRAY(e->job, double, (size_t)patch),
           *ebuf = NM_ARRAY(e->job, double, (size_t)patch);
    const double *x = e->val[node->in[0]], *xe = e->err ? e->err[node->in[0]] : NULL;
    double *y = e->val[node->out[0]], *ye = e->err ? e->err[node->out[0]] : NULL;
    for (int64_t group = 0; group < g->groups; group++)
        for (int64_t at = 0; at < g->p * g->q; at++) {
            cut_patch(g, x, group * cg, at / g->q, at % g->q, buf);
            if (xe) cut_patch(g, xe, group * cg, at / g->q, at % g->q, ebuf);
            for (int64_t o = group * og; o < (group + 1) * og; o++) {
                const int64_t u = o * g->p * g->q + at;
                if (ye) ye[u] = 0;
                y[u] = nm_eval_dot(e, (size_t)patch, p->w + o * patch, 1, buf, xe ? ebuf : NULL,
                                   p->bias ? p->bias[o] : 0, ye ? &ye[u] : NULL);
            }
        }
}

/* Adds to `block` the convolution of `src`, with kernel w [o][patch] and its transposed copy. */
static void lower_conv(nm_lowering *l, int block, int src, const nm_geo *g, const double *w)
{
    nm_block *b = &l->prog->blocks[block];
    nm_lin *a = nm_block_lin(l->job, b, NM_CONV, src, b->n, l->prog->blocks[src].n);
    const size_t patch = (size_t)(g->c / g->groups * g->kh * g->kw), len = nm_pad8(patch);
    const size_t og = (size_t)(g->o / g->groups), og8 = nm_pad8(og);
    double *pad = NM_ARRAY(l->job, double, nm_pad8((size_t)g->o) * len);
    double *wt = NM_ARRAY(l->job, double, (size_t)g->groups *patch *og8);
    for (size_t o = 0; o < (size_t)g->o; o++)
        for (size_t i = 0; i < patch; i++)
            pad[o * len + i] = wt[((o / og) * patch + i) * og8 + o % og] = w[o * patch + i];
    a->geo = *g;
    a->w = pad;
    a->wt = wt;
}

static void lower(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const int src = nm_lower_source(l, node, &l->view[node->in[0]]);
    const int block = nm_lower_block(l, node, NM_AFFINE, l->net->values[node->out[0]].n);
    lower_conv(l, block, src, &p->g, p->w);
    const size_t area = (size_t)(p->g.p * p->g.q);
    for (size_t u = 0; p->bias && u < (size_t)p->g.o * area; u++)
        l->prog->blocks[block].bias[u] = p->bias[u / area];
    nm_lower_result(l, node, 0, block);
}

const nm_op nm_op_conv = {"Conv", 2, 3, plan, eval, lower};
