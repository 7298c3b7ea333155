/* conv.c: Conv over one to three dimensions: pads, strides, dilations, groups, auto_pad; missing attributes take
 * ONNX's defaults. The kernel must be constant. Each output is the dot product of its patch with the kernel plus
 * bias. Up to two dimensions it becomes a convolution operator, over three a sparse one. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    nm_win g;
    int64_t o, groups;
    size_t area, size, kernel; /* places in an output, an input, a kernel */
    const double *w, *bias;    /* w [o][c/groups][kernel] */
} plan_t;

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0), *w = nm_in(net, node, 1), *b = nm_in(net, node, 2);
    plan_t *p = NM_NEW(job, plan_t);
    if (!w->data || (b && !b->data))
        nm_refuse(job, net, node, "a kernel or bias that is not constant");
    if (w->shape.rank != x->shape.rank || x->shape.rank < 3)
        nm_refuse(job, net, node, "input %s with kernel %s", nm_shape_print(job, x->shape),
                  nm_shape_print(job, w->shape));
    const int dims = x->shape.rank - 2;
    if (dims > NM_WIN) nm_refuse(job, net, node, "a convolution over %d dimensions", dims);
    int64_t k[NM_WIN];
    if (nm_attr_ints(job, net, node, "kernel_shape", (size_t)dims, k, 0))
        for (int i = 0; i < dims; i++)
            if (k[i] != w->shape.dim[2 + i])
                nm_refuse(job, net, node, "kernel_shape differs from the kernel's shape");
    p->g = nm_window(job, net, node, x->shape, w->shape.dim + 2, false);
    p->o = w->shape.dim[0];
    p->groups = nm_attr_int(job, net, node, "group", 1);
    if (p->groups < 1 || p->g.c % p->groups || p->o % p->groups ||
        w->shape.dim[1] != p->g.c / p->groups)
        nm_refuse(job, net, node, "attribute group=%lld with input %s and kernel %s",
                  (long long)p->groups, nm_shape_print(job, x->shape),
                  nm_shape_print(job, w->shape));
    if (b && b->n != (size_t)p->o) nm_refuse(job, net, node, "a bias of %zu elements", b->n);
    p->w = w->data;
    p->bias = b ? b->data : NULL;
    p->area = nm_window_size(job, p->g.out);
    p->size = nm_window_size(job, p->g.in);
    p->kernel = nm_window_size(job, p->g.k);
    node->plan = p;
    nm_out_shape(job, net, node, 0, nm_window_shape(&p->g, p->o));
}

static double at_or_zero(const nm_win *g, const double *x, int64_t c, int64_t z, int64_t y,
                         int64_t q)
{
    if (z < 0 || z >= g->in[0] || y < 0 || y >= g->in[1] || q < 0 || q >= g->in[2]) return 0;
    return x[((c * g->in[0] + z) * g->in[1] + y) * g->in[2] + q];
}

static void cut_patch(const plan_t *p, const double *x, int64_t c0, int64_t at, double *out)
{
    const nm_win *g = &p->g;
    const int64_t z = at / (g->out[1] * g->out[2]) * g->s[0] - g->lo[0],
                  y = at / g->out[2] % g->out[1] * g->s[1] - g->lo[1],
                  q = at % g->out[2] * g->s[2] - g->lo[2];
    for (int64_t c = c0; c < c0 + g->c / p->groups; c++)
        for (int64_t i = 0; i < g->k[0]; i++)
            for (int64_t j = 0; j < g->k[1]; j++)
                for (int64_t k = 0; k < g->k[2]; k++)
                    *out++ = at_or_zero(g, x, c, z + i * g->d[0], y + j * g->d[1], q + k * g->d[2]);
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const int64_t cg = p->g.c / p->groups, og = p->o / p->groups, area = (int64_t)p->area;
    const size_t patch = (size_t)cg * p->kernel;
    double *buf = NM_ARRAY(e->job, double, patch), *ebuf = NM_ARRAY(e->job, double, patch);
    const double *x = e->val[node->in[0]], *xe = e->err ? e->err[node->in[0]] : NULL;
    double *y = e->val[node->out[0]], *ye = e->err ? e->err[node->out[0]] : NULL;
    for (int64_t group = 0; group < p->groups; group++)
        for (int64_t at = 0; at < area; at++) {
            cut_patch(p, x, group * cg, at, buf);
            if (xe) cut_patch(p, xe, group * cg, at, ebuf);
            for (int64_t o = group * og; o < (group + 1) * og; o++) {
                const int64_t u = o * area + at;
                if (ye) ye[u] = 0;
                y[u] = nm_eval_dot(e, patch, p->w + (size_t)o * patch, 1, buf, xe ? ebuf : NULL,
                                   p->bias ? p->bias[o] : 0, ye ? &ye[u] : NULL);
            }
        }
}

void nm_lower_conv(nm_lowering *l, nm_linkind kind, int block, int src, const nm_geo *g, const double *w)
{
    nm_block *b = &l->prog->blocks[block];
    nm_lin *a = nm_block_lin(l->job, b, kind, src, b->n, l->prog->blocks[src].n);
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

/* Does the same by rows of (cell, weight), for three dimensions. */
static void lower_rows(nm_lowering *l, int block, int src, const plan_t *p)
{
    nm_block *b = &l->prog->blocks[block];
    const size_t cg = (size_t)(p->g.c / p->groups), og = (size_t)(p->o / p->groups);
    const size_t most = nm_mul(l->job, b->n, cg * p->kernel);
    uint32_t *row = NM_RAW(l->job, uint32_t, most), *col = NM_RAW(l->job, uint32_t, most);
    double *w = NM_RAW(l->job, double, most);
    int64_t at[NM_WIN] = {0}, k[NM_WIN] = {0};
    size_t n = 0;
    for (size_t u = 0; u < b->n; u++, nm_window_step(at, p->g.out))
        for (size_t c = 0; c < cg; c++)
            for (size_t t = 0; t < p->kernel; t++, nm_window_step(k, p->g.k)) {
                const int64_t i = nm_window_cell(&p->g, at, k);
                if (i < 0) continue;
                const size_t o = u / p->area;
                row[n] = (uint32_t)u;
                col[n] = (uint32_t)((o / og * cg + c) * p->size + (size_t)i);
                w[n++] = p->w[(o * cg + c) * p->kernel + t];
            }
    nm_sparse_fill(l->job, nm_block_lin(l->job, b, NM_SPARSE, src, b->n, l->prog->blocks[src].n), n,
                   row, col, w);
}

static void lower(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const nm_win *g = &p->g;
    const int src = nm_lower_source(l, node, nm_lower_view(l, node->in[0]));
    const int block = nm_lower_block(l, node, NM_AFFINE, l->net->values[node->out[0]].n);
    const nm_geo geo = nm_window_geo(g, p->groups, p->o, false);
    if (g->dims < NM_WIN)
        nm_lower_conv(l, NM_CONV, block, src, &geo, p->w);
    else
        lower_rows(l, block, src, p);
    if (p->bias)
        for (size_t u = 0; u < l->prog->blocks[block].n; u++)
            l->prog->blocks[block].bias[u] = p->bias[u / p->area];
    nm_lower_result(l, node, 0, block);
}

static const char conv_notes[] = "constant kernel; batch 1; 1 to 3 dimensions";
const nm_op nm_op_conv = {"Conv", 2, 3, 1, 7, NM_OPSET, plan, eval, lower, conv_notes};
