/* dequantize.c: DequantizeLinear of constants, as weights of quantised networks come: y = (x - zero point) * scale.
 *
 * Scale and zero point are one number, or one for each index of an axis, or, with block_size B, one for each B indices
 * of it. The difference of integers is exact, and so is the product of integers of up to 16 bits and float32 scales (17
 * and 24 bits fit into 53); other products are rounded to double once. A value that varies must have been quantised,
 * which rounds, so it is refused. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    nm_shape x, scale; /* scale: has the rank of x; 1 along axes that do not matter */
    int64_t block;     /* indices of x for each index of scale, along the axis */
    int axis;
} plan_t;

static bool fits(const nm_value *x, const nm_value *s, plan_t *p, int axis, int64_t block)
{
    const int rank = x->shape.rank;
    *p = (plan_t){.x = x->shape, .scale = {.rank = rank}, .block = 1, .axis = 0};
    for (int d = 0; d < rank; d++) p->scale.dim[d] = 1;
    if (s->n == 1 && !block) return true;
    p->axis = axis;
    if (!block) {
        p->scale.dim[axis] = x->shape.dim[axis];
        return s->shape.rank == 1 && s->shape.dim[0] == x->shape.dim[axis];
    }
    p->block = block;
    p->scale = s->shape;
    if (block < 0 || s->shape.rank != rank) return false;
    for (int d = 0; d < rank; d++) {
        const int64_t want = d == axis ? (x->shape.dim[d] + block - 1) / block : x->shape.dim[d];
        if (s->shape.dim[d] != want) return false;
    }
    return true;
}

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0), *s = nm_in(net, node, 1), *zero = nm_in(net, node, 2);
    const int64_t axis = nm_attr_int(job, net, node, "axis", 1),
                  block = nm_attr_int(job, net, node, "block_size", 0),
                  type = nm_attr_int(job, net, node, "output_dtype", 0);
    plan_t *p = NM_NEW(job, plan_t);
    if (!x->data || !s->data || (zero && !zero->data))
        nm_refuse(job, net, node,
                  "of what varies: quantised arithmetic rounds; a network before quantisation was "
                  "expected");
    if (nm_dtype_whole(s->type, &(double){0}, &(double){0}) ||
        !nm_dtype_whole(x->type, &(double){0}, &(double){0}) || (zero && zero->type != x->type))
        nm_refuse(job, net, node, "element types %s, %s and %s", nm_dtype_name(x->type),
                  nm_dtype_name(s->type), nm_dtype_name(zero ? zero->type : x->type));
    if (type != 0 && type != 1 && type != 10 && type != 16)
        nm_refuse(job, net, node, "attribute output_dtype=%lld", (long long)type);
    const bool single = s->n == 1 && !block;
    if (!fits(x, s, p, single ? 0 : nm_axis(job, net, node, axis, x->shape.rank), block) ||
        (zero && !nm_shape_eq(zero->shape, s->shape)))
        nm_refuse(job, net, node, "a scale of shape %s for %s", nm_shape_print(job, s->shape),
                  nm_shape_print(job, x->shape));
    node->plan = p;
    net->values[node->out[0]].type = type == 0    ? s->type
                                     : type == 1  ? NM_F32
                                     : type == 10 ? NM_F16
                                                  : NM_BF16;
    nm_out_shape(job, net, node, 0, x->shape);
}

/* Returns which element of the scale belongs to element i. */
static size_t scale_at(const plan_t *p, size_t i)
{
    size_t at = 0, step = 1;
    for (int d = p->x.rank - 1; d >= 0; d--) {
        const size_t k = i % (size_t)p->x.dim[d], own = d == p->axis ? k / (size_t)p->block : k;
        i /= (size_t)p->x.dim[d];
        if (p->scale.dim[d] != 1) at += own * step;
        step *= (size_t)p->scale.dim[d];
    }
    return at;
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const double *x = e->val[node->in[0]], *s = e->val[node->in[1]],
                 *zero = node->n_in > 2 && node->in[2] >= 0 ? e->val[node->in[2]] : NULL;
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        const size_t k = scale_at(p, i);
        e->val[node->out[0]][i] = (x[i] - (zero ? zero[k] : 0)) * s[k];
    }
}

static void no_lower(nm_lowering *l, const nm_node *node)
{
    (void)l;
    (void)node;
}

const nm_op nm_op_dequantize = {"DequantizeLinear", 2,    3,    1,        10,
                                NM_OPSET,           plan, eval, no_lower, "of constants"};
