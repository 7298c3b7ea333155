/* constant_only.c: operators for constants only, as exporters write them to compute shapes: Shape and Size of anything;
 * ConstantOfShape, Range, Floor, Ceil, comparisons and logic of constants. All values are known when the graph is read,
 * so nothing is lowered. Comparisons of values that vary are discontinuous and are refused. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

static void no_lower(nm_lowering *l, const nm_node *node)
{
    (void)l;
    (void)node;
}

static void no_eval(nm_eval *e, const nm_node *node)
{
    (void)e;
    (void)node;
}

/* Makes the node's output a constant of that shape and type; returns its data, to be filled. */
static double *known(nm_job *job, nm_net *net, nm_node *node, nm_shape s, nm_dtype type)
{
    nm_value *out = &net->values[node->out[0]];
    out->type = type;
    out->shape = s;
    out->n = nm_shape_size(job, s);
    if (out->n > (1u << 27)) nm_refuse(job, net, node, "a tensor of %zu elements", out->n);
    double *x = NM_ARRAY(job, double, out->n);
    out->data = x;
    return x;
}

static void plan_shape(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    int64_t start = nm_attr_int(job, net, node, "start", 0),
            end = nm_attr_int(job, net, node, "end", x.rank);
    if (start < 0) start += x.rank;
    if (end < 0) end += x.rank;
    start = start < 0 ? 0 : start > x.rank ? x.rank : start;
    end = end < start ? start : end > x.rank ? x.rank : end;
    double *y = known(job, net, node, nm_shape_of(1, (int64_t[]){end - start}), NM_I64);
    for (int64_t d = start; d < end; d++) y[d - start] = (double)x.dim[d];
}

static void plan_size(nm_job *job, nm_net *net, nm_node *node)
{
    *known(job, net, node, (nm_shape){0}, NM_I64) = (double)nm_in(net, node, 0)->n;
}

static void plan_constant_of_shape(nm_job *job, nm_net *net, nm_node *node)
{
    int64_t dim[2 * NM_MAXRANK];
    const int rank = nm_node_list(job, net, node, "", 0, dim);
    const nm_attr *a = nm_attr_find(node, "value");
    if (a && (a->kind != NM_A_TENSOR || a->tensor->n != 1))
        nm_refuse(job, net, node, "attribute value is not a tensor of one element");
    if (rank > NM_MAXRANK) nm_refuse(job, net, node, "a shape of rank %d", rank);
    for (int d = 0; d < rank; d++)
        if (dim[d] < 0) nm_refuse(job, net, node, "a dimension of %lld", (long long)dim[d]);
    double *y = known(job, net, node, nm_shape_of(rank, dim), a ? a->tensor->type : NM_F32);
    const size_t n = net->values[node->out[0]].n;
    if (a)
        for (size_t i = 0; i < n; i++) y[i] = a->tensor->data[0];
}

static double scalar(nm_job *job, nm_net *net, nm_node *node, int k)
{
    const nm_value *v = nm_in(net, node, k);
    if (!v->data || v->n != 1) nm_refuse(job, net, node, "input %d is not one constant", k);
    return v->data[0];
}

static void plan_range(nm_job *job, nm_net *net, nm_node *node)
{
    const double start = scalar(job, net, node, 0), limit = scalar(job, net, node, 1),
                 delta = scalar(job, net, node, 2);
    if (delta == 0) nm_refuse(job, net, node, "a step of 0");
    const double room = (limit - start) / delta, n = room > 0 ? ceil(room) : 0;
    const bool whole = start == floor(start) && limit == floor(limit) && delta == floor(delta);
    if (!whole && fabs(room - floor(room + 0.5)) < 1e-5 * (1 + fabs(room)))
        nm_refuse(job, net, node, "rounding decides how many elements there are");
    if (n > 1 << 27) nm_refuse(job, net, node, "%g elements", n);
    double *y = known(job, net, node, nm_shape_of(1, (int64_t[]){(int64_t)n}),
                      nm_in(net, node, 0)->type);
    for (size_t i = 0; i < (size_t)n; i++) y[i] = start + (double)i * delta;
}

/* ---- comparisons and logic ---- */

static void plan_whole(nm_job *job, nm_net *net, nm_node *node)
{
    if (!nm_is_const(net, node, 0)) nm_refuse(job, net, node, "of what varies: not continuous");
    nm_out_shape(job, net, node, 0, nm_in(net, node, 0)->shape);
}

static void plan_pair(nm_job *job, nm_net *net, nm_node *node)
{
    nm_shape s = nm_in(net, node, 0)->shape;
    for (int k = 0; k < node->n_in; k++) {
        if (!nm_is_const(net, node, k)) nm_refuse(job, net, node, "of what varies: not continuous");
        s = nm_broadcast(job, net, node, s, nm_in(net, node, k)->shape);
    }
    net->values[node->out[0]].type = NM_BOOL;
    nm_out_shape(job, net, node, 0, s);
}

static double at(const nm_eval *e, const nm_node *node, int k, size_t i)
{
    const nm_value *v = nm_in(e->net, node, k), *out = &e->net->values[node->out[0]];
    return e->val[node->in[k]][nm_broadcast_at(out->shape, v->shape, i)];
}

#define PAIR(word, formula)                                                                        \
    static void eval_##word(nm_eval *e, const nm_node *node)                                       \
    {                                                                                              \
        for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {                              \
            const double a = at(e, node, 0, i), b = at(e, node, node->n_in - 1, i);                \
            (void)b;                                                                               \
            e->val[node->out[0]][i] = (formula);                                                   \
        }                                                                                          \
    }
PAIR(equal, a == b)
PAIR(less, a < b)
PAIR(lessorequal, a <= b)
PAIR(greater, a > b)
PAIR(greaterorequal, a >= b)
PAIR(and, a != 0 && b != 0)
PAIR(or, a != 0 || b != 0)
PAIR(xor, (a != 0) != (b != 0))
PAIR(not, a == 0)
PAIR(floor, floor(a))
PAIR(ceil, ceil(a))

#define ON_CONSTANTS "of constants"
const nm_op nm_op_shape = {"Shape", 1, 1, 1, 7, NM_OPSET, plan_shape, no_eval, no_lower, ""};
const nm_op nm_op_size = {"Size", 1, 1, 1, 7, NM_OPSET, plan_size, no_eval, no_lower, ""};
const nm_op nm_op_constantofshape = {
    "ConstantOfShape",      1,       1,        1,           9, NM_OPSET,
    plan_constant_of_shape, no_eval, no_lower, ON_CONSTANTS};
const nm_op nm_op_range = {"Range",  3,          3,       1,        11,
                           NM_OPSET, plan_range, no_eval, no_lower, ON_CONSTANTS};
const nm_op nm_op_equal = {"Equal",  2,         2,          1,        7,
                           NM_OPSET, plan_pair, eval_equal, no_lower, ON_CONSTANTS};
const nm_op nm_op_less = {"Less",   2,         2,         1,        7,
                          NM_OPSET, plan_pair, eval_less, no_lower, ON_CONSTANTS};
const nm_op nm_op_lessorequal = {
    "LessOrEqual", 2, 2, 1, 12, NM_OPSET, plan_pair, eval_lessorequal, no_lower, ON_CONSTANTS};
const nm_op nm_op_greater = {"Greater",    2,        2,           1, 7, NM_OPSET, plan_pair,
                             eval_greater, no_lower, ON_CONSTANTS};
const nm_op nm_op_greaterorequal = {
    "GreaterOrEqual",    2,        2,           1, 12, NM_OPSET, plan_pair,
    eval_greaterorequal, no_lower, ON_CONSTANTS};
const nm_op nm_op_floor = {"Floor",  1,          1,          1,        7,
                           NM_OPSET, plan_whole, eval_floor, no_lower, ON_CONSTANTS};
const nm_op nm_op_ceil = {"Ceil",   1,          1,         1,        7,
                          NM_OPSET, plan_whole, eval_ceil, no_lower, ON_CONSTANTS};
const nm_op nm_op_and = {"And", 2, 2, 1, 7, NM_OPSET, plan_pair, eval_and, no_lower, ON_CONSTANTS};
const nm_op nm_op_or = {"Or", 2, 2, 1, 7, NM_OPSET, plan_pair, eval_or, no_lower, ON_CONSTANTS};
const nm_op nm_op_xor = {"Xor", 2, 2, 1, 7, NM_OPSET, plan_pair, eval_xor, no_lower, ON_CONSTANTS};
const nm_op nm_op_not = {"Not", 1, 1, 1, 7, NM_OPSET, plan_pair, eval_not, no_lower, ON_CONSTANTS};
