/* constant_math.c: functions of constants that are not piecewise linear, as exporters leave them in shapes and in
 * normalised weights: Sqrt, Reciprocal, Pow with a whole exponent or a half, Mod, ReduceProd, ReduceL2,
 * ReduceSumSquare. Each is computed by operations that IEEE rounds correctly, in a fixed order, so that a network is
 * the same on every machine. Exp, Log and the like are not such operations, and are refused even for constants. All
 * values here are known when the graph is read. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

static void no_lower(nm_lowering *l, const nm_node *node)
{
    (void)l;
    (void)node;
}

static void constant(nm_job *job, nm_net *net, nm_node *node)
{
    for (int k = 0; k < node->n_in; k++)
        if (!nm_is_const(net, node, k))
            nm_refuse(job, net, node, "of what varies: not piecewise linear");
}

static void plan_one(nm_job *job, nm_net *net, nm_node *node)
{
    double lo, hi;
    constant(job, net, node);
    if (nm_dtype_whole(nm_in(net, node, 0)->type, &lo, &hi)) nm_refuse(job, net, node, "of integers");
    nm_out_shape(job, net, node, 0, nm_in(net, node, 0)->shape);
}

static void plan_two(nm_job *job, nm_net *net, nm_node *node)
{
    constant(job, net, node);
    nm_out_shape(
        job, net, node, 0,
        nm_broadcast(job, net, node, nm_in(net, node, 0)->shape, nm_in(net, node, 1)->shape));
}

static void plan_pow(nm_job *job, nm_net *net, nm_node *node)
{
    plan_two(job, net, node);
    const nm_value *p = nm_in(net, node, 1);
    for (size_t i = 0; i < p->n; i++)
        if (2 * p->data[i] != floor(2 * p->data[i]) || fabs(p->data[i]) > 64)
            nm_refuse(job, net, node, "an exponent of %s; whole ones and halves up to 64 are read",
                      nm_num_text(job, p->data[i]));
}

static void plan_mod(nm_job *job, nm_net *net, nm_node *node)
{
    plan_two(job, net, node);
    nm_attr_int(job, net, node, "fmod", 0);
}

static void eval_one(nm_eval *e, const nm_node *node)
{
    const double *x = e->val[node->in[0]];
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++)
        e->val[node->out[0]][i] = *node->type == 'S' ? sqrt(x[i]) : 1 / x[i];
}

static double power(double x, double p)
{
    double y = 1;
    for (double k = floor(fabs(p)); k > 0; k--) y *= x;
    if (p != floor(p)) y *= sqrt(x);
    return p < 0 ? 1 / y : y;
}

static double mod(const nm_node *node, double a, double b)
{
    const double r = fmod(a, b);
    for (int k = 0; k < node->n_attrs; k++)
        if (strcmp(node->attrs[k].name, "fmod") == 0 && node->attrs[k].i) return r;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static void eval_two(nm_eval *e, const nm_node *node)
{
    const nm_value *out = &e->net->values[node->out[0]];
    for (size_t i = 0; i < out->n; i++) {
        double v[2];
        for (int k = 0; k < 2; k++)
            v[k] = e->val[node->in[k]]
                         [nm_broadcast_at(out->shape, nm_in(e->net, node, k)->shape, i)];
        e->val[node->out[0]][i] = *node->type == 'P' ? power(v[0], v[1]) : mod(node, v[0], v[1]);
    }
}

static void plan_groups(nm_job *job, nm_net *net, nm_node *node)
{
    constant(job, net, node);
    nm_reduce_plan(job, net, node, NM_SUM);
}

static void eval_groups(nm_eval *e, const nm_node *node)
{
    const nm_groups *p = node->plan;
    const bool product = strcmp(node->type, "ReduceProd") == 0,
               root = strcmp(node->type, "ReduceL2") == 0;
    for (size_t g = 0; g < p->n; g++) {
        double s = product;
        for (size_t k = p->ptr[g]; k < p->ptr[g + 1]; k++) {
            const double x = e->val[node->in[0]][p->idx[k]];
            s = product ? s * x : s + x * x;
        }
        e->val[node->out[0]][g] = root ? sqrt(s) : s;
    }
}

#define ON_CONSTANTS "of constants"
const nm_op nm_op_constone = {"Sqrt Reciprocal", 1,        1,        1,        7,
                              NM_OPSET,          plan_one, eval_one, no_lower, ON_CONSTANTS};
const nm_op nm_op_pow = {
    "Pow",    2,        2,        1,        7,
    NM_OPSET, plan_pow, eval_two, no_lower, ON_CONSTANTS ", whole and half exponents"};
const nm_op nm_op_mod = {"Mod", 2, 2, 1, 10, NM_OPSET, plan_mod, eval_two, no_lower, ON_CONSTANTS};
const nm_op nm_op_constreduce = {"ReduceProd ReduceL2 ReduceSumSquare",
                                 1,
                                 2,
                                 1,
                                 7,
                                 NM_OPSET,
                                 plan_groups,
                                 eval_groups,
                                 no_lower,
                                 ON_CONSTANTS};
