/* cast.c: Cast between element types.
 *
 * A value that varies can be cast if every number of its type is also one of the new type: floats to wider floats,
 * integers of 8 bits to all floats, of 16 bits to float32 and float64. Any other cast rounds, and is refused with the
 * names of both types. Constants are rounded to the nearest number of the new type, ties to even, as runtimes do; cast
 * to integers, they are truncated towards 0, and a value outside of the type is refused. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

/* Reads a TensorProto.DataType, as far as a cast to it is supported. */
static bool type_of(int64_t code, nm_dtype *t, double *lo, double *hi)
{
    static const struct {
        int code;
        nm_dtype type;
    } known[] = {{1, NM_F32},  {2, NM_U8},   {3, NM_I8},   {4, NM_U16},
                 {5, NM_I16},  {6, NM_I64},  {7, NM_I64},  {9, NM_BOOL},
                 {10, NM_F16}, {11, NM_F64}, {12, NM_U32}, {16, NM_BF16}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].code != code) continue;
        *t = known[i].type;
        nm_dtype_whole(*t, lo, hi);
        if (code == 6) *lo = -0x1p31, *hi = 0x1p31 - 1;
        return true;
    }
    return false;
}

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    const int64_t to = nm_attr_int(job, net, node, "to", 0);
    const nm_value *x = nm_in(net, node, 0);
    nm_dtype t;
    double lo, hi;
    nm_attr_int(job, net, node, "saturate", 1);      /* used for float8 only */
    nm_attr_str(job, net, node, "round_mode", "up"); /* used for float8e8m0 only */
    if (!type_of(to, &t, &lo, &hi))
        nm_refuse(job, net, node, "attribute to=%lld: a cast to this element type is not read",
                  (long long)to);
    const bool whole = nm_dtype_whole(t, &(double){0}, &(double){0});
    if (!x->data && t != NM_BOOL && !whole && !nm_dtype_is_exact(x->type, t))
        nm_refuse(job, net, node, "a cast of %s to %s rounds; export the network in one float type",
                  nm_dtype_name(x->type), nm_dtype_name(t));
    if (!x->data && (t == NM_BOOL || (whole && !nm_dtype_is_exact(x->type, t))))
        nm_refuse(job, net, node, "a cast of fractions to integers: not continuous");
    if (x->data)
        for (size_t i = 0; i < x->n; i++) {
            const double y = whole ? trunc(x->data[i]) : nm_dtype_rounded(t, x->data[i]);
            if (t != NM_BOOL &&
                (whole ? y < lo || y > hi || (t == NM_I64 && fabs(y) >= 0x1p63) : !isfinite(y)))
                nm_refuse(job, net, node, "a cast of %s to %s", nm_num_text(job, x->data[i]), nm_dtype_name(t));
        }
    net->values[node->out[0]].type = t;
    nm_out_shape(job, net, node, 0, x->shape);
    int32_t *from = NM_RAW(job, int32_t, x->n);
    for (size_t i = 0; i < x->n; i++) from[i] = (int32_t)i;
    nm_pick *p = NM_NEW(job, nm_pick);
    *p = (nm_pick){NULL, from, 0};
    node->plan = p;
}

static void eval(nm_eval *e, const nm_node *node)
{
    const nm_value *out = &e->net->values[node->out[0]];
    double lo, hi;
    nm_pick_eval(e, node);
    double *y = e->val[node->out[0]];
    if (!nm_is_const(e->net, node, 0)) return; /* plan made sure that casts of varying values do not round */
    for (size_t i = 0; i < out->n; i++)
        y[i] = out->type == NM_BOOL                  ? y[i] != 0
               : nm_dtype_whole(out->type, &lo, &hi) ? trunc(y[i])
                                                     : nm_dtype_rounded(out->type, y[i]);
}

static const char notes[] = "where it does not round; constants to any type but float8 and float4";
const nm_op nm_op_cast = {"Cast", 1, 1, 1, 7, NM_OPSET, plan, eval, nm_pick_lower, notes};
