/* shape.c: operators that only move elements: Flatten, Reshape, Transpose, Squeeze, Unsqueeze, Identity, Dropout (at
 * inference), Concat, and Constant. Lowering only renumbers units. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

static void pick_from(nm_job *job, nm_node *node, const int32_t *which, const int32_t *at)
{
    nm_pick *p = NM_NEW(job, nm_pick);
    *p = (nm_pick){which, at, 0};
    node->plan = p;
}

static void same_order(nm_job *job, nm_net *net, nm_node *node, nm_shape s)
{
    nm_out_shape(job, net, node, 0, s);
    const size_t n = net->values[node->out[0]].n, m = nm_in(net, node, 0)->n;
    if (n != m)
        nm_refuse(job, net, node, "%s cannot take the shape %s",
                  nm_shape_print(job, nm_in(net, node, 0)->shape), nm_shape_print(job, s));
    int32_t *from = NM_RAW(job, int32_t, n);
    for (size_t i = 0; i < n; i++) from[i] = (int32_t)i;
    pick_from(job, node, NULL, from);
}

static void plan_flatten(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    int64_t axis = nm_attr_int(job, net, node, "axis", 1), a = 1, b = 1;
    if (axis < -x.rank || axis > x.rank)
        nm_refuse(job, net, node, "axis %lld of rank %d", (long long)axis, x.rank);
    if (axis < 0) axis += x.rank;
    for (int i = 0; i < x.rank; i++) *(i < axis ? &a : &b) *= x.dim[i];
    same_order(job, net, node, nm_shape_of(2, (int64_t[]){a, b}));
}

static void plan_reshape(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0);
    int64_t dim[2 * NM_MAXRANK], known = 1, hole = -1;
    const int rank = nm_node_list(job, net, node, "shape", 1, dim);
    const bool keep_zero = nm_attr_int(job, net, node, "allowzero", 0);
    if (rank < 0 || rank > NM_MAXRANK) nm_refuse(job, net, node, "a shape of rank %d", rank);
    for (int i = 0; i < rank; i++) {
        if (dim[i] == 0 && !keep_zero) {
            if (i >= x->shape.rank)
                nm_refuse(job, net, node, "dimension 0 beyond the input's rank");
            dim[i] = x->shape.dim[i];
        }
        if (dim[i] < -1 || (dim[i] == -1 && hole >= 0))
            nm_refuse(job, net, node, "a dimension of %lld", (long long)dim[i]);
        if (dim[i] == -1)
            hole = i;
        else
            known = (int64_t)nm_mul(job, (size_t)known, (size_t)dim[i]);
    }
    if (hole >= 0) dim[hole] = known ? (int64_t)x->n / known : 0;
    same_order(job, net, node, nm_shape_of(rank, dim));
}

static bool listed(const int64_t *axes, int n, int i, int rank)
{
    for (int k = 0; k < n; k++)
        if (axes[k] == i || axes[k] + rank == i) return true;
    return false;
}

static void plan_squeeze(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    int64_t axes[2 * NM_MAXRANK];
    const int n = nm_node_list(job, net, node, "axes", 1, axes);
    nm_shape s = {0};
    for (int i = 0; i < n; i++)
        if (x.dim[nm_axis(job, net, node, axes[i], x.rank)] != 1)
            nm_refuse(job, net, node, "axis %lld is not of size 1", (long long)axes[i]);
    for (int i = 0; i < x.rank; i++)
        if (n < 0 ? x.dim[i] != 1 : !listed(axes, n, i, x.rank)) s.dim[s.rank++] = x.dim[i];
    same_order(job, net, node, s);
}

static void plan_unsqueeze(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    int64_t axes[2 * NM_MAXRANK];
    const int n = nm_node_list(job, net, node, "axes", 1, axes), rank = x.rank + n;
    if (n < 1 || rank > NM_MAXRANK) nm_refuse(job, net, node, "axes are missing or too many");
    for (int i = 0; i < n; i++) {
        axes[i] = nm_axis(job, net, node, axes[i], rank);
        if (listed(axes, i, (int)axes[i], rank))
            nm_refuse(job, net, node, "axis %lld twice", (long long)axes[i]);
    }
    nm_shape s = {.rank = rank};
    for (int i = 0, at = 0; i < rank; i++) s.dim[i] = listed(axes, n, i, rank) ? 1 : x.dim[at++];
    same_order(job, net, node, s);
}

static void plan_identity(nm_job *job, nm_net *net, nm_node *node)
{
    same_order(job, net, node, nm_in(net, node, 0)->shape);
}

static void plan_dropout(nm_job *job, nm_net *net, nm_node *node)
{
    nm_attr_float(job, net, node, "ratio", 0.5);
    nm_attr_int(job, net, node, "seed", 0);
    const nm_value *training = nm_in(net, node, 2);
    if (training && (!training->data || training->data[0] != 0))
        nm_refuse(job, net, node, "input training_mode is not false: the output would be random, and " NM_TRAINING);
    same_order(job, net, node, nm_in(net, node, 0)->shape);
}

static void plan_transpose(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    int64_t perm[NM_MAXRANK], step[NM_MAXRANK];
    if (!nm_attr_ints(job, net, node, "perm", (size_t)x.rank, perm, 0))
        for (int i = 0; i < x.rank; i++) perm[i] = x.rank - 1 - i;
    nm_shape s = {.rank = x.rank};
    for (int i = 0; i < x.rank; i++) {
        if (perm[i] < 0 || perm[i] >= x.rank || listed(perm, i, (int)perm[i], x.rank))
            nm_refuse(job, net, node, "attribute perm is not a permutation");
        s.dim[i] = x.dim[perm[i]];
    }
    nm_out_shape(job, net, node, 0, s);
    const size_t n = net->values[node->out[0]].n;
    step[x.rank > 0 ? x.rank - 1 : 0] = 1;
    for (int i = x.rank - 2; i >= 0; i--) step[i] = step[i + 1] * x.dim[i + 1];
    int32_t *from = NM_RAW(job, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        int64_t rest = (int64_t)i, at = 0;
        for (int d = x.rank - 1; d >= 0; d--) {
            at += rest % s.dim[d] * step[perm[d]];
            rest /= s.dim[d];
        }
        from[i] = (int32_t)at;
    }
    pick_from(job, node, NULL, from);
}

/* ---- Concat ---- */

static void plan_concat(nm_job *job, nm_net *net, nm_node *node)
{
    nm_shape s = nm_in(net, node, 0)->shape;
    if (!nm_attr_find(node, "axis")) nm_refuse(job, net, node, "attribute axis is missing");
    const int axis = nm_axis(job, net, node, nm_attr_int(job, net, node, "axis", 0), s.rank);
    for (int k = 1; k < node->n_in; k++) {
        const nm_shape x = nm_in(net, node, k)->shape;
        for (int d = 0; d < s.rank; d++)
            if (x.rank != s.rank || (d != axis && x.dim[d] != s.dim[d]))
                nm_refuse(job, net, node, "the shapes do not fit together");
        s.dim[axis] += x.dim[axis];
    }
    nm_out_shape(job, net, node, 0, s);
    const size_t n = net->values[node->out[0]].n;
    size_t inner = 1;
    for (int d = axis + 1; d < s.rank; d++) inner *= (size_t)s.dim[d];
    int32_t *which = NM_RAW(job, int32_t, n), *at = NM_RAW(job, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        const size_t outer = i / (inner * (size_t)s.dim[axis]);
        size_t along = i / inner % (size_t)s.dim[axis];
        int k = 0;
        while (along >= (size_t)nm_in(net, node, k)->shape.dim[axis])
            along -= (size_t)nm_in(net, node, k++)->shape.dim[axis];
        which[i] = k;
        at[i] = (int32_t)((outer * (size_t)nm_in(net, node, k)->shape.dim[axis] + along) * inner +
                          i % inner);
    }
    pick_from(job, node, which, at);
}

/* ---- Constant: its value is the plan; folded before anything evaluates or lowers it ---- */

/* Returns the attribute if the node has it; refuses one of another kind. */
static const nm_attr *typed(nm_job *job, nm_net *net, nm_node *node, const char *name,
                            nm_akind kind)
{
    const nm_attr *a = nm_attr_find(node, name);
    if (a && a->kind != kind) nm_refuse(job, net, node, "attribute %s has the wrong type", name);
    return a;
}

static void plan_constant(nm_job *job, nm_net *net, nm_node *node)
{
    nm_value *out = &net->values[node->out[0]];
    const char *name = out->name;
    const nm_attr *a;
    if ((a = typed(job, net, node, "value", NM_A_TENSOR)) ||
        (a = typed(job, net, node, "sparse_value", NM_A_TENSOR))) {
        *out = *a->tensor;
    } else if ((a = typed(job, net, node, "value_float", NM_A_FLOAT)) ||
               (a = typed(job, net, node, "value_int", NM_A_INT))) {
        double *x = NM_RAW(job, double, 1);
        *x = a->kind == NM_A_INT ? (double)a->i : a->f;
        *out = (nm_value){.type = a->kind == NM_A_INT ? NM_I64 : NM_F32, .n = 1, .data = x};
    } else if ((a = typed(job, net, node, "value_floats", NM_A_FLOATS)) ||
               (a = typed(job, net, node, "value_ints", NM_A_INTS))) {
        double *x = NM_RAW(job, double, a->n);
        for (size_t i = 0; i < a->n; i++)
            x[i] = a->kind == NM_A_INTS ? (double)a->ints[i] : a->floats[i];
        *out = (nm_value){.type = a->kind == NM_A_INTS ? NM_I64 : NM_F32,
                          .n = a->n,
                          .data = x,
                          .shape = {.rank = 1, .dim = {(int64_t)a->n}}};
    } else {
        nm_refuse(job, net, node, "no value that can be read; a tensor or numbers were expected");
    }
    out->name = name;
    for (size_t i = 0; i < out->n; i++)
        if (!isfinite(out->data[i])) nm_refuse(job, net, node, "element %zu is not finite", i);
}

static void no_eval(nm_eval *e, const nm_node *node)
{
    (void)e;
    (void)node;
}
static void no_lower(nm_lowering *l, const nm_node *node)
{
    (void)l;
    (void)node;
}

const nm_op nm_op_flatten = {"Flatten",     1, 1, 1, 7, NM_OPSET, plan_flatten, nm_pick_eval,
                             nm_pick_lower, ""};
const nm_op nm_op_reshape = {
    "Reshape", 1, 2, 1, 7, NM_OPSET, plan_reshape, nm_pick_eval, nm_pick_lower, "constant shape"};
const nm_op nm_op_transpose = {"Transpose",   1, 1, 1, 7, NM_OPSET, plan_transpose, nm_pick_eval,
                               nm_pick_lower, ""};
const nm_op nm_op_squeeze = {
    "Squeeze", 1, 2, 1, 7, NM_OPSET, plan_squeeze, nm_pick_eval, nm_pick_lower, "constant axes"};
const nm_op nm_op_unsqueeze = {
    "Unsqueeze",    1, 2, 1, 7, NM_OPSET, plan_unsqueeze, nm_pick_eval, nm_pick_lower,
    "constant axes"};
const nm_op nm_op_identity = {"Identity",    1, 1, 1, 7, NM_OPSET, plan_identity, nm_pick_eval,
                              nm_pick_lower, ""};
const nm_op nm_op_dropout = {
    "Dropout", 1, 3, 1, 7, NM_OPSET, plan_dropout, nm_pick_eval, nm_pick_lower, "at inference"};
const nm_op nm_op_concat = {"Concat",      1, 1000, 1, 7, NM_OPSET, plan_concat, nm_pick_eval,
                            nm_pick_lower, ""};
const nm_op nm_op_constant = {"Constant",    0,       0,        1, 7, NM_OPSET,
                              plan_constant, no_eval, no_lower, ""};
