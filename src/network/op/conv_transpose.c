/* conv_transpose.c: ConvTranspose over one to three dimensions: strides, pads, dilations, groups, output_padding,
 * output_shape, auto_pad. The kernel w [c][o/groups][k] must be constant. Input place i adds w x to the output places
 *     i s - l + k d        for each kernel place k, with l the pad in front.
 * There are  s (I - 1) + (K - 1) d + 1 + output_padding - l - h  output places. With output_shape, or auto_pad=SAME
 * (I s places), the pads follow from that number: if their sum is odd, the end gets one more for SAME_UPPER, else the
 * front. Before opset 11 the standard said the reverse, so an odd sum is refused there. Two more things are refused
 * because runtimes do not follow the definition: an output larger than what the kernel reaches (except for one place at
 * the end by output_shape), and an output_padding not less than the stride. Up to two dimensions it becomes
 * the transpose of a convolution operator, over three a sparse one. Evaluation gathers. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    nm_win g; /* in: of x; out: of y; lo: pads in front */
    int64_t o, groups;
    size_t area, size, kernel;
    const double *w, *bias;
} plan_t;

static void split_pads(nm_job *job, nm_net *net, nm_node *node, nm_win *g, int i, int64_t total,
                       bool same, bool upper)
{
    if (total < -1 || (total == -1 && (same || g->s[i] == 1)))
        nm_refuse(job, net, node, "an output of %lld places, beyond what kernel and strides reach",
                  (long long)g->out[i]);
    if (total == -1) total = 0;
    if (total % 2 && net->opset < 11)
        nm_refuse(job, net, node, "pads whose sum is odd, which opset %lld does not clearly divide",
                  (long long)net->opset);
    g->lo[i] = upper ? total / 2 : total - total / 2;
}

/* Works out output sizes and pads from the attributes. */
static void place(nm_job *job, nm_net *net, nm_node *node, nm_win *g)
{
    const size_t dims = (size_t)g->dims;
    int64_t extra[NM_WIN], out[NM_WIN];
    nm_attr_ints(job, net, node, "output_padding", dims, extra, 0);
    const bool given = nm_attr_ints(job, net, node, "output_shape", dims, out, 0) > 0;
    const char *mode = nm_attr_str(job, net, node, "auto_pad", "NOTSET");
    const bool upper = strcmp(mode, "SAME_UPPER") == 0, same = upper || !strcmp(mode, "SAME_LOWER");
    if (!same && strcmp(mode, "NOTSET") && strcmp(mode, "VALID"))
        nm_refuse(job, net, node, "attribute auto_pad=%s", mode);
    if (strcmp(mode, "NOTSET") && (nm_attr_find(node, "pads") || (given && !same)))
        nm_refuse(job, net, node, "attribute auto_pad=%s together with %s", mode,
                  given ? "output_shape" : "pads");
    for (size_t t = 0; t < dims; t++) {
        const size_t i = NM_WIN - dims + t;
        if (extra[t] < 0 || extra[t] >= g->s[i])
            nm_refuse(job, net, node, "attribute output_padding of %lld at stride %lld",
                      (long long)extra[t], (long long)g->s[i]);
        const int64_t full = g->s[i] * (g->in[i] - 1) + (g->k[i] - 1) * g->d[i] + 1 + extra[t];
        g->out[i] = given ? out[t] : same ? g->in[i] * g->s[i] : full - g->lo[i] - g->hi[i];
        if (g->out[i] < 1 || g->out[i] > 1 << 27)
            nm_refuse(job, net, node, "an output of %lld places", (long long)g->out[i]);
        if (given || same) split_pads(job, net, node, g, (int)i, full - g->out[i], same, upper);
    }
}

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0), *w = nm_in(net, node, 1), *b = nm_in(net, node, 2);
    plan_t *p = NM_NEW(job, plan_t);
    if (!w->data || (b && !b->data))
        nm_refuse(job, net, node, "a kernel or bias that is not constant");
    if (w->shape.rank != x->shape.rank || x->shape.rank < 3 || x->shape.rank > 2 + NM_WIN)
        nm_refuse(job, net, node, "input %s with kernel %s", nm_shape_print(job, x->shape),
                  nm_shape_print(job, w->shape));
    int64_t k[NM_WIN];
    const int dims = x->shape.rank - 2;
    if (nm_attr_ints(job, net, node, "kernel_shape", (size_t)dims, k, 0))
        for (int i = 0; i < dims; i++)
            if (k[i] != w->shape.dim[2 + i])
                nm_refuse(job, net, node, "kernel_shape differs from the kernel's shape");
    p->g = nm_window_read(job, net, node, x->shape, w->shape.dim + 2);
    p->groups = nm_attr_int(job, net, node, "group", 1);
    if (p->groups < 1 || p->groups > 1 << 27 || p->g.c % p->groups || w->shape.dim[0] != p->g.c)
        nm_refuse(job, net, node, "attribute group=%lld with input %s and kernel %s",
                  (long long)p->groups, nm_shape_print(job, x->shape),
                  nm_shape_print(job, w->shape));
    p->o = w->shape.dim[1] * p->groups;
    if (b && b->n != (size_t)p->o) nm_refuse(job, net, node, "a bias of %zu elements", b->n);
    place(job, net, node, &p->g);
    p->w = w->data;
    p->bias = b ? b->data : NULL;
    nm_out_shape(job, net, node, 0, nm_window_shape(&p->g, p->o));
    p->area = nm_window_size(job, p->g.out);
    p->size = nm_window_size(job, p->g.in);
    p->kernel = nm_window_size(job, p->g.k);
    node->plan = p;
}

/* Returns the input place from which kernel place k reaches output place `at`, or -1. */
static int64_t source(const nm_win *g, size_t at, size_t k)
{
    int64_t from = 0, step = 1;
    for (int i = NM_WIN - 1; i >= 0; i--) {
        const int64_t y = (int64_t)(at % (size_t)g->out[i]) + g->lo[i] -
                          (int64_t)(k % (size_t)g->k[i]) * g->d[i];
        if (y < 0 || y % g->s[i] || y / g->s[i] >= g->in[i]) return -1;
        from += y / g->s[i] * step;
        step *= g->in[i];
        at /= (size_t)g->out[i];
        k /= (size_t)g->k[i];
    }
    return from;
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const size_t cg = (size_t)(p->g.c / p->groups), og = (size_t)(p->o / p->groups);
    const double *x = e->val[node->in[0]], *xe = e->err ? e->err[node->in[0]] : NULL;
    double *w = NM_RAW(e->job, double, cg * p->kernel), *v = NM_RAW(e->job, double, cg * p->kernel);
    double *ve = NM_RAW(e->job, double, cg * p->kernel);
    for (size_t u = 0; u < (size_t)p->o * p->area; u++) {
        const size_t o = u / p->area, group = o / og;
        size_t n = 0;
        for (size_t k = 0; k < p->kernel; k++) {
            const int64_t from = source(&p->g, u % p->area, k);
            for (size_t c = group * cg; from >= 0 && c < (group + 1) * cg; c++) {
                w[n] = p->w[(c * og + o % og) * p->kernel + k];
                v[n] = x[c * p->size + (size_t)from];
                if (xe) ve[n] = xe[c * p->size + (size_t)from];
                n++;
            }
        }
        double err = 0;
        e->val[node->out[0]][u] = nm_eval_dot(e, n, w, 1, v, xe ? ve : NULL,
                                              p->bias ? p->bias[o] : 0, xe ? &err : NULL);
        if (xe) e->err[node->out[0]][u] = err;
    }
}

/* Returns the output place that input place `at` reaches by kernel place k, or -1. */
static int64_t target(const nm_win *g, const int64_t at[NM_WIN], const int64_t k[NM_WIN])
{
    int64_t to = 0;
    for (int i = 0; i < NM_WIN; i++) {
        const int64_t y = at[i] * g->s[i] - g->lo[i] + k[i] * g->d[i];
        if (y < 0 || y >= g->out[i]) return -1;
        to = to * g->out[i] + y;
    }
    return to;
}

/* Walks (input place, kernel place) twice: counts the terms of each output place, then writes them. */
static void scatter(nm_lowering *l, const plan_t *p, size_t *ptr, uint32_t *from, uint32_t *by)
{
    size_t *next = NM_RAW(l->job, size_t, p->area + 1);
    for (int pass = 0; pass < 2; pass++) {
        int64_t at[NM_WIN] = {0}, k[NM_WIN] = {0};
        if (pass) memcpy(next, ptr, (p->area + 1) * sizeof *next);
        for (size_t i = 0; i < p->size; i++, nm_window_step(at, p->g.in))
            for (size_t t = 0; t < p->kernel; t++, nm_window_step(k, p->g.k)) {
                const int64_t to = target(&p->g, at, k);
                if (to < 0) continue;
                if (!pass) {
                    ptr[to + 1]++;
                    continue;
                }
                from[next[to]] = (uint32_t)i;
                by[next[to]++] = (uint32_t)t;
            }
        if (!pass)
            for (size_t i = 0; i < p->area; i++) ptr[i + 1] += ptr[i];
    }
}

/* Lists the weights of each output, for three dimensions. */
static void lower_rows(nm_lowering *l, int block, int src, const plan_t *p)
{
    nm_block *b = &l->prog->blocks[block];
    const size_t cg = (size_t)(p->g.c / p->groups), og = (size_t)(p->o / p->groups);
    const size_t pairs = nm_mul(l->job, p->size, p->kernel);
    size_t *ptr = NM_ARRAY(l->job, size_t, p->area + 1), n = 0;
    uint32_t *from = NM_RAW(l->job, uint32_t, pairs), *by = NM_RAW(l->job, uint32_t, pairs);
    scatter(l, p, ptr, from, by);
    const size_t nnz = nm_mul(l->job, nm_mul(l->job, (size_t)p->o, cg), ptr[p->area]);
    uint32_t *row = NM_RAW(l->job, uint32_t, nnz), *col = NM_RAW(l->job, uint32_t, nnz);
    double *w = NM_RAW(l->job, double, nnz);
    for (size_t u = 0; u < b->n; u++) {
        const size_t o = u / p->area, place = u % p->area;
        for (size_t c = o / og * cg; c < (o / og + 1) * cg; c++)
            for (size_t t = ptr[place]; t < ptr[place + 1]; t++) {
                row[n] = (uint32_t)u;
                col[n] = (uint32_t)(c * p->size + from[t]);
                w[n++] = p->w[(c * og + o % og) * p->kernel + by[t]];
            }
    }
    nm_sparse_fill(l->job, nm_block_lin(l->job, b, NM_SPARSE, src, b->n, l->prog->blocks[src].n), n,
                   row, col, w);
}

static void lower(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const nm_win *g = &p->g;
    const int src = nm_lower_source(l, node, nm_lower_view(l, node->in[0]));
    const int block = nm_lower_block(l, node, NM_AFFINE, (size_t)p->o * p->area);
    const nm_geo geo = nm_window_geo(g, p->groups, p->o, true);
    if (g->dims < NM_WIN)
        nm_lower_conv(l, NM_CONVT, block, src, &geo, p->w);
    else
        lower_rows(l, block, src, p);
    for (size_t u = 0; p->bias && u < l->prog->blocks[block].n; u++)
        l->prog->blocks[block].bias[u] = p->bias[u / p->area];
    nm_lower_result(l, node, 0, block);
}

static const char convtranspose_notes[] = "constant kernel; batch 1; 1 to 3 dimensions; before "
                                          "opset 11 no pads to be divided whose sum is odd";
const nm_op nm_op_convtranspose = {"ConvTranspose", 2,    3,    1,     7,
                                   NM_OPSET,        plan, eval, lower, convtranspose_notes};
