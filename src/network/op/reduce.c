/* reduce.c: ReduceSum, ReduceMean, ReduceMax, ReduceMin: axes as attribute or as constant input, keepdims,
 * noop_with_empty_axes. Each is a sum, mean or extreme over groups (groups.c); no axes mean all of them. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

/* Marks the axes to reduce; returns false if there are none, by noop_with_empty_axes. */
static bool read_axes(nm_job *job, nm_net *net, nm_node *node, int rank, bool gone[NM_MAXRANK])
{
    int64_t axes[2 * NM_MAXRANK];
    const int n = nm_node_list(job, net, node, "axes", 1, axes);
    const bool noop = nm_attr_int(job, net, node, "noop_with_empty_axes", 0);
    for (int d = 0; d < rank; d++) gone[d] = n <= 0;
    for (int i = 0; i < n; i++) {
        const int d = nm_axis(job, net, node, axes[i], rank);
        if (gone[d]) nm_refuse(job, net, node, "axis %d twice", d);
        gone[d] = true;
    }
    return n > 0 || !noop;
}

/* Makes the groups: kept[i] is the output that element i of the input belongs to. */
static const nm_groups *make_groups(nm_job *job, nm_shape x, const bool *gone, size_t n_in,
                                    size_t n_out, nm_groupkind kind)
{
    nm_groups *p = NM_NEW(job, nm_groups);
    uint32_t *to = NM_RAW(job, uint32_t, n_in), *idx = NM_RAW(job, uint32_t, n_in);
    size_t *ptr = NM_ARRAY(job, size_t, n_out + 1), *next = NM_RAW(job, size_t, n_out + 1);
    double *count = NM_RAW(job, double, n_out);
    for (size_t i = 0; i < n_in; i++) {
        size_t rest = i, at = 0, step = 1;
        for (int d = x.rank - 1; d >= 0; d--) {
            const size_t k = rest % (size_t)x.dim[d];
            rest /= (size_t)x.dim[d];
            if (gone[d]) continue;
            at += k * step;
            step *= (size_t)x.dim[d];
        }
        to[i] = (uint32_t)at;
        ptr[at + 1]++;
    }
    for (size_t g = 0; g < n_out; g++) {
        count[g] = (double)ptr[g + 1];
        next[g] = ptr[g];
        ptr[g + 1] += ptr[g];
    }
    for (size_t i = 0; i < n_in; i++) idx[next[to[i]]++] = (uint32_t)i;
    *p = (nm_groups){kind, n_out, ptr, idx, count};
    return p;
}

void nm_reduce_plan(nm_job *job, nm_net *net, nm_node *node, nm_groupkind kind)
{
    const nm_value *x = nm_in(net, node, 0);
    bool gone[NM_MAXRANK] = {0};
    const bool keep = nm_attr_int(job, net, node, "keepdims", 1);
    if (kind == NM_MEAN && x->type == NM_I64)
        nm_refuse(job, net, node, "a mean of integers rounds");
    if (x->n == 0) nm_refuse(job, net, node, "nothing to reduce");
    if (!read_axes(job, net, node, x->shape.rank, gone)) memset(gone, 0, sizeof gone);
    nm_shape s = {0};
    for (int d = 0; d < x->shape.rank; d++)
        if (!gone[d] || keep) s.dim[s.rank++] = gone[d] ? 1 : x->shape.dim[d];
    nm_out_shape(job, net, node, 0, s);
    node->plan = make_groups(job, x->shape, gone, x->n, net->values[node->out[0]].n, kind);
}

static void plan_sum(nm_job *job, nm_net *net, nm_node *node)
{
    nm_reduce_plan(job, net, node, NM_SUM);
}
static void plan_mean(nm_job *job, nm_net *net, nm_node *node)
{
    nm_reduce_plan(job, net, node, NM_MEAN);
}
static void plan_max(nm_job *job, nm_net *net, nm_node *node)
{
    nm_reduce_plan(job, net, node, NM_MAXIMUM);
}
static void plan_min(nm_job *job, nm_net *net, nm_node *node)
{
    nm_reduce_plan(job, net, node, NM_MINIMUM);
}

const nm_op nm_op_reducesum = {
    "ReduceSum", 1, 2, 1, 7, NM_OPSET, plan_sum, nm_groups_eval, nm_groups_lower, "constant axes"};
const nm_op nm_op_reducemean = {
    "ReduceMean",   1, 2, 1, 7, NM_OPSET, plan_mean, nm_groups_eval, nm_groups_lower,
    "constant axes"};
const nm_op nm_op_reducemax = {
    "ReduceMax", 1, 2, 1, 7, NM_OPSET, plan_max, nm_groups_eval, nm_groups_lower, "constant axes"};
const nm_op nm_op_reducemin = {
    "ReduceMin", 1, 2, 1, 7, NM_OPSET, plan_min, nm_groups_eval, nm_groups_lower, "constant axes"};
