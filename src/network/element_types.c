/* element_types.c: what element types mean when every number is a double.
 *
 * A network is the real function that its operators define. Floats of 16 and 32 bits are just numbers; only a cast that
 * could round is refused. Integers of 4 to 32 bits are exact where they are moved, compared, cast or dequantised.
 * Arithmetic of these wraps around and is refused, that of constants of 32 and 64 bits where a result is not whole or
 * may not fit into 32 bits, or a number is not a double. Integers that depend on the input may only be moved and cast;
 * they come from an input of small integers, which is read as one of reals. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

/* Digits of the significand, exponent of the smallest last bit, largest number; digits 0: integers of `bits` bits. */
static const struct {
    int digits, last, bits;
    bool has_sign;
    double top;
} types[] = {[NM_F32] = {24, -149, 0, true, 0x1.fffffep127},
             [NM_F64] = {53, -1074, 0, true, 0x1.fffffffffffffp1023},
             [NM_I64] = {0, 0, 64, true, 0x1p63},
             [NM_BOOL] = {0, 0, 1, false, 1},
             [NM_F16] = {11, -24, 0, true, 65504},
             [NM_BF16] = {8, -133, 0, true, 0x1.fep127},
             [NM_U4] = {0, 0, 4, false, 15},
             [NM_I4] = {0, 0, 4, true, 7},
             [NM_U8] = {0, 0, 8, false, 255},
             [NM_I8] = {0, 0, 8, true, 127},
             [NM_U16] = {0, 0, 16, false, 65535},
             [NM_I16] = {0, 0, 16, true, 32767},
             [NM_U32] = {0, 0, 32, false, 0x1p32 - 1},
             [NM_U64] = {0, 0, 64, false, 0x1p64}};

bool nm_dtype_is_real(nm_dtype t) { return types[t].digits || (t >= NM_U8 && t <= NM_I16); }

bool nm_dtype_whole(nm_dtype t, double *lo, double *hi)
{
    *hi = types[t].top;
    *lo = !types[t].has_sign ? 0 : types[t].bits < 64 ? -types[t].top - 1 : -types[t].top;
    return !types[t].digits;
}

bool nm_dtype_is_exact(nm_dtype from, nm_dtype to)
{
    double lo, hi, to_lo, to_hi;
    const bool whole = nm_dtype_whole(from, &lo, &hi),
               to_whole = nm_dtype_whole(to, &to_lo, &to_hi);
    if (from == to) return true;
    if (to_whole) return whole && lo >= to_lo && hi <= to_hi;
    if (whole) return hi <= ldexp(1, types[to].digits) && hi <= types[to].top;
    return types[from].digits <= types[to].digits && types[from].last >= types[to].last &&
           types[from].top <= types[to].top;
}

double nm_dtype_rounded(nm_dtype t, double x)
{
    int e;
    if (t == NM_F64 || x == 0 || !isfinite(x)) return x;
    if (t == NM_F32) return (double)(float)x;
    frexp(x, &e); /* |x| < 2^e */
    const int last = e - types[t].digits > types[t].last ? e - types[t].digits : types[t].last;
    const double y = ldexp(nearbyint(ldexp(x, -last)), last);
    return fabs(y) > types[t].top ? copysign(INFINITY, y) : y;
}

static bool among(const char *type, const char *list)
{
    const size_t n = strlen(type);
    for (const char *s = strstr(list, type); s; s = strstr(s + 1, type))
        if ((s == list || s[-1] == ' ') && (s[n] == ' ' || !s[n])) return true;
    return false;
}

static bool computes(const nm_node *node)
{
    return among(node->type, "Add Sub Mul Div Pow Mod Neg Abs Sum Mean Gemm MatMul ReduceSum ReduceMean ReduceProd "
                             "ReduceL1 ReduceL2 ReduceSumSquare Equal Less LessOrEqual Greater GreaterOrEqual");
}

void nm_check_whole(nm_job *job, const nm_net *net, const nm_node *node, nm_dtype t, size_t n, const double *x)
{
    if (types[t].digits || t == NM_BOOL || !computes(node)) return;
    for (size_t i = 0; i < n; i++)
        if (x[i] != floor(x[i]) || !(fabs(x[i]) < 0x1p31))
            nm_refuse(job, net, node, "integers become %s, %s", nm_num_text(job, x[i]),
                      x[i] != floor(x[i]) ? "which is none: a Cast to float before it was expected"
                                          : "which may be beyond their bits");
}

void nm_check_types(nm_job *job, const nm_net *net, const nm_node *node)
{
    static const char moves[] =
        "Identity Dropout Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Gather "
        "Expand Tile Cast DepthToSpace SpaceToDepth Shape Size";
    static const char compares[] = "Equal Less LessOrEqual Greater GreaterOrEqual DequantizeLinear";
    for (int k = 0; k < node->n_in; k++) {
        const nm_value *v = nm_in(net, node, k);
        const bool wraps = v && v->type > NM_BF16;
        for (size_t i = 0; v && v->data && !types[v->type].digits && computes(node) && i < v->n; i++)
            if (!(fabs(v->data[i]) < 0x1p53))
                nm_refuse(job, net, node, "of integers of 2^53 or more, which are read as the nearest doubles");
        if (!v || types[v->type].digits || (v->data && !wraps)) continue;
        if (among(node->type, moves) && (k == 0 || strcmp(node->type, "Concat") == 0)) continue;
        if (among(node->type, compares) && (v->data || *node->type == 'D'))
            continue; /* DequantizeLinear gives its own reason */
        nm_refuse(job, net, node, "arithmetic of %s%s; a Cast to float before it was expected",
                  nm_dtype_name(v->type),
                  v->data ? " wraps around" : " that varies rounds or wraps around");
    }
}
