/* pool.c: AveragePool, MaxPool, GlobalAveragePool and GlobalMaxPool over windows of [1,C,(D,)(H,)W].
 *
 * In a maximum, padded cells stand for minus infinity; in an average they count only with count_include_pad. With
 * ceil_mode a last window may reach beyond the padded input; cells out there do not count. That is what PyTorch does,
 * and ONNX's own tests and runtimes from opset 19 on. Before opset 19 some divide by the whole kernel, so ceil_mode
 * with count_include_pad is refused if there is such a window. auto_pad=SAME is refused with dilations, and where the
 * windows end before the input does. A window that would start beyond the input is left out, as opset 22 says.
 * MaxPool's indices are refused. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

/* Counts the cells of the window at o that lie on the input or its padding. */
static double padded_cells(const nm_win *w, const int64_t o[NM_WIN])
{
    double all = 1;
    for (int i = 0; i < NM_WIN; i++) {
        int64_t n = 0;
        while (n < w->k[i] && o[i] * w->s[i] - w->lo[i] + n * w->d[i] < w->in[i] + w->hi[i]) n++;
        all *= (double)n;
    }
    return all;
}

static const nm_groups *windows(nm_job *job, const nm_win *w, nm_groupkind kind, bool count_pad)
{
    const size_t area = nm_window_size(job, w->k), places = nm_window_size(job, w->out),
                 size = nm_window_size(job, w->in);
    nm_groups *p = NM_NEW(job, nm_groups);
    p->kind = kind;
    p->n = nm_mul(job, (size_t)w->c, places);
    size_t *ptr = NM_ARRAY(job, size_t, p->n + 1), n = 0;
    uint32_t *idx = NM_RAW(job, uint32_t, nm_mul(job, p->n, area));
    double *count = NM_RAW(job, double, p->n);
    int64_t o[NM_WIN] = {0}, k[NM_WIN] = {0};
    for (size_t i = 0; i < p->n; i++, nm_window_step(o, w->out)) {
        for (size_t t = 0; t < area; t++, nm_window_step(k, w->k)) {
            const int64_t at = nm_window_cell(w, o, k);
            if (at >= 0) idx[n++] = (uint32_t)(i / places * size + (size_t)at);
        }
        ptr[i + 1] = n;
        count[i] = count_pad ? padded_cells(w, o) : (double)(n - ptr[i]);
    }
    p->ptr = ptr;
    p->idx = idx;
    p->count = count;
    return p;
}

static void plan(nm_job *job, nm_net *net, nm_node *node, nm_groupkind kind)
{
    const nm_value *x = nm_in(net, node, 0);
    int64_t kernel[NM_WIN];
    const int dims = x->shape.rank - 2;
    if (dims < 1 || dims > NM_WIN)
        nm_refuse(job, net, node,
                  "input of shape %s; [1,C,W], [1,C,H,W] or [1,C,D,H,W] was expected",
                  nm_shape_print(job, x->shape));
    if (!nm_attr_ints(job, net, node, "kernel_shape", (size_t)dims, kernel, 0))
        nm_refuse(job, net, node, "attribute kernel_shape is missing");
    if (kind == NM_MAXIMUM)
        nm_attr_int(job, net, node, "storage_order", 0); /* matters for the indices only */
    const bool ceil_mode = nm_attr_int(job, net, node, "ceil_mode", 0);
    const bool count_pad = kind == NM_MEAN && nm_attr_int(job, net, node, "count_include_pad", 0);
    const nm_win w = nm_window(job, net, node, x->shape, kernel, ceil_mode);
    if (strncmp(nm_attr_str(job, net, node, "auto_pad", "NOTSET"), "SAME", 4) == 0)
        for (int i = 0; i < NM_WIN; i++)
            if (w.d[i] != 1 || (w.out[i] - 1) * w.s[i] + w.k[i] < w.in[i])
                nm_refuse(job, net, node,
                          "attribute auto_pad=SAME with dilations, or windows that end too early");
    if (count_pad && w.over && net->opset < 19)
        nm_refuse(
            job, net, node,
            "attributes ceil_mode=1 and count_include_pad=1 with a window beyond the padding: "
            "before opset 19 runtimes disagree; export the network with opset 19 or later");
    nm_out_shape(job, net, node, 0, nm_window_shape(&w, w.c)); /* also refuses outputs that are too large */
    const nm_groups *p = windows(job, &w, kind, count_pad);
    for (size_t i = 0; i < p->n; i++)
        if (p->ptr[i] == p->ptr[i + 1]) nm_refuse(job, net, node, "a window that covers only padding");
    node->plan = p;
}

static void plan_max(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, NM_MAXIMUM); }
static void plan_avg(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, NM_MEAN); }

static void plan_global(nm_job *job, nm_net *net, nm_node *node, nm_groupkind kind)
{
    const nm_value *x = nm_in(net, node, 0);
    if (x->shape.rank < 3 || x->shape.dim[0] != 1)
        nm_refuse(job, net, node, "input of shape %s", nm_shape_print(job, x->shape));
    const int64_t c = x->shape.dim[1], area = (int64_t)x->n / c;
    nm_shape s = x->shape;
    for (int i = 2; i < s.rank; i++) s.dim[i] = 1;
    const nm_win w = {.c = c,
                      .in = {1, 1, area},
                      .out = {1, 1, 1},
                      .k = {1, 1, area},
                      .s = {1, 1, 1},
                      .d = {1, 1, 1}};
    node->plan = windows(job, &w, kind, false);
    nm_out_shape(job, net, node, 0, s);
}

static void plan_global_avg(nm_job *job, nm_net *net, nm_node *node)
{
    plan_global(job, net, node, NM_MEAN);
}
static void plan_global_max(nm_job *job, nm_net *net, nm_node *node)
{
    plan_global(job, net, node, NM_MAXIMUM);
}

static const char maxpool_notes[] = "batch 1; 1 to 3 dimensions; no indices";
static const char averagepool_notes[] = "batch 1; 1 to 3 dimensions; before opset 19 no ceil_mode "
                                        "with count_include_pad where a window leaves the padding";
static const char globalaveragepool_notes[] = "batch 1";
const nm_op nm_op_maxpool = {
    "MaxPool", 1, 1, 1, 7, NM_OPSET, plan_max, nm_groups_eval, nm_groups_lower, maxpool_notes};
const nm_op nm_op_averagepool = {
    "AveragePool",    1, 1, 1, 7, NM_OPSET, plan_avg, nm_groups_eval, nm_groups_lower,
    averagepool_notes};
const nm_op nm_op_globalaveragepool = {
    "GlobalAveragePool",    1, 1, 1, 7, NM_OPSET, plan_global_avg, nm_groups_eval, nm_groups_lower,
    globalaveragepool_notes};
const nm_op nm_op_globalmaxpool = {
    "GlobalMaxPool", 1,        1, 1, 7, NM_OPSET, plan_global_max, nm_groups_eval,
    nm_groups_lower, "batch 1"};
