/* float32.c: the program of a network as deployments compute it: in float32, rounded to nearest with gradual
 * underflow, every sum of products in any order, with or without fma.
 *
 * Plan and argument. One operation rounds x to x (1 + d) with |d| <= u = 2^-24, or, if a product underflows, by at most
 * 2^-150. Hence whatever the order, a unit of an operator that sums n products and a constant gives
 *     sum w_j x_j (1 + t_j) + b (1 + t),  all |t| <= gamma_k = k u / (1 - k u)      (Higham 2002, eq. 3.4 and 3.5),
 * where k, `rounds`, counts the roundings that one term can meet: n for the additions, and MORE for its product, for
 * the scaling by alpha or a count, and for the weight, which is rounded to float32 if it is none. The distance from the
 * exact affine function of the unit's float32 operands is at most
 *     radius = gamma_k (sum |w_j| |x_j| + the constants' magnitudes) + flat,
 * and this radius is all that bounds need to know (nm_bounds_radius): intervals are widened by it; a row that is pulled
 * back through the unit loses |coefficient| * radius, beside what its own rounding costs, wherever that is paid (CROWN,
 * alpha, hull dual, folded rows of models). ReLUs, maxima and moved elements do not round: they are the same functions
 * of whatever floats they get. Operators that are fused into one block add up their roundings, and the magnitudes of
 * constants that cancel in its bias (program.c, lower_views.c). Overflow is excluded: where sum |w_j| |x_j| may reach
 * 2^126, bounds refuse to go on. The judge evaluates in float32 in the order of the file, and shares nothing with this.
 *
 * Inputs are float32 numbers of the input set. A constant that was computed from constants may be rounded once.
 * Refused by name: operators that are not listed here, element types of 16 bits. Left out: sums by other algorithms
 * than products and additions (Winograd, Fourier), flushing to zero, and lower precisions. Cost: none. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

#include <float.h>

enum { MORE = 6, NORMALIZATION = 14 };

typedef enum { REFUSED, EXACT, SUMS } nm_rounds;

static bool is_among(const char *type, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(type, *list) == 0) return true;
    return false;
}

static nm_rounds rounds_of(const nm_node *node)
{
    static const char *const exact[] = {
        "Relu",      "Abs",           "Neg",          "Clip",         "Max",     "Min",
        "MaxPool",   "GlobalMaxPool", "ReduceMax",    "ReduceMin",    "Flatten", "Reshape",
        "Transpose", "Squeeze",       "Unsqueeze",    "Identity",     "Dropout", "Concat",
        "Split",     "Slice",         "Gather",       "Pad",          "Expand",  "Tile",
        "Where",     "Cast",          "DepthToSpace", "SpaceToDepth", "Resize",  "Upsample",
        NULL};
    static const char *const sums[] = {"Gemm",        "MatMul",
                                       "Conv",        "ConvTranspose",
                                       "Add",         "Sub",
                                       "Mul",         "Div",
                                       "Sum",         "Mean",
                                       "AveragePool", "GlobalAveragePool",
                                       "ReduceSum",   "ReduceMean",
                                       "LeakyRelu",   "PRelu",
                                       "HardSigmoid", "BatchNormalization",
                                       NULL};
    return is_among(node->type, exact) ? EXACT : is_among(node->type, sums) ? SUMS : REFUSED;
}

/* ---- constants ---- */

static bool is_float(double x) { return (double)(float)x == x; }

static bool all_floats(const nm_value *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (!is_float(v->data[i])) return false;
    return true;
}

/* Returns true if float32 computes the constant as it is; *once: true if it is at most rounded, and only once. */
static bool is_computed_exactly(const nm_net *net, const nm_value *v, bool *once)
{
    static const char *const single[] = {
        "Add", "Sub", "Mul", "Div", "Neg", "Sqrt", "DequantizeLinear", NULL};
    *once = true;
    if (nm_dtype_whole(v->type, &(double){0}, &(double){0})) return true;
    const nm_node *by = v->folded;
    if (!by) return all_floats(v);
    const bool moves = rounds_of(by) == EXACT || strcmp(by->type, "ConstantOfShape") == 0 ||
                       strcmp(by->type, "Constant") == 0;
    bool exact = true;
    for (int k = 0; k < by->n_in; k++) {
        bool below;
        if (by->in[k] < 0) continue;
        exact &= is_computed_exactly(net, &net->values[by->in[k]], &below);
        *once &= below;
    }
    if (!moves) *once = exact && is_among(by->type, single);
    return exact && *once && all_floats(v);
}

/* Refuses a node whose constants float32 would round more often than counted, or that it moves among activations. */
static void check_constants(nm_job *job, const nm_net *net, const nm_node *node, nm_rounds rounds)
{
    for (int k = 0; k < node->n_in; k++) {
        const nm_value *v = nm_in(net, node, k);
        bool once;
        if (!v || !v->data) continue;
        const bool exact = is_computed_exactly(net, v, &once);
        if (!once)
            nm_refuse(job, net, node,
                      "--arithmetic float32: its constant \"%s\" was computed from constants, with "
                      "rounding",
                      v->name);
        if (rounds == EXACT && !exact)
            nm_refuse(job, net, node,
                      "--arithmetic float32: its constant \"%s\" is no float32 number", v->name);
    }
    for (int k = 0; rounds == EXACT && k < node->n_attrs; k++)
        if (node->attrs[k].kind == NM_A_FLOAT && !is_float(node->attrs[k].f))
            nm_refuse(job, net, node, "--arithmetic float32: its attribute %s is no float32 number",
                      node->attrs[k].name);
}

/* ---- blocks ---- */

/* Returns the largest number of terms of a row of the operator. */
static size_t row_terms(const nm_lin *a)
{
    const nm_geo *g = &a->geo;
    size_t most = 0;
    switch (a->kind) {
    case NM_DENSE: return a->cols;
    case NM_CONV: return (size_t)(g->c / g->groups * g->kh * g->kw);
    case NM_CONVT: return (size_t)(g->o / g->groups * g->kh * g->kw);
    case NM_SPARSE:
        for (size_t r = 0; r < a->rows; r++)
            if (a->ptr[r + 1] - a->ptr[r] > most) most = a->ptr[r + 1] - a->ptr[r];
        return most;
    default: return 1;
    }
}

typedef struct {
    bool bad;
} scan;

static void look(void *arg, size_t j, double w)
{
    scan *s = arg;
    (void)j;
    s->bad |= w != 0 &&
              (!(fabs(w) <= (double)FLT_MAX) || (fabs(w) < (double)FLT_MIN && !is_float(w)));
}

/* Refuses weights whose rounding to float32 is not relative. */
static void check_weights(nm_job *job, const nm_net *net, const nm_node *node, const nm_block *b)
{
    scan s = {false};
    for (size_t t = 0; t < b->n_lin; t++) {
        const nm_lin *a = &b->lin[t];
        const nm_geo *g = &a->geo;
        const bool kernel = a->kind == NM_CONV || a->kind == NM_CONVT; /* whose rows repeat it */
        const size_t n = kernel ? (size_t)g->o * nm_pad8((size_t)(g->c / g->groups * g->kh * g->kw)) : 0;
        for (size_t i = 0; i < n; i++) look(&s, i, a->w[i]);
        for (size_t i = 0; !kernel && i < b->n; i++) nm_lin_row(a, i, look, &s);
    }
    for (size_t i = 0; i < b->n; i++) look(&s, i, b->f32.consts ? b->f32.consts[i] : b->bias[i]);
    if (s.bad)
        nm_refuse(job, net, node,
                  "--arithmetic float32: a weight is outside of float32's normal range");
}

/* Counts the roundings of the blocks that a node has added. */
static void count(nm_job *job, const nm_net *net, const nm_node *node, nm_program *p, size_t from)
{
    const nm_rounds rounds = rounds_of(node);
    for (size_t k = from; k < p->n_blocks; k++) {
        nm_block *b = &p->blocks[k];
        if (b->kind != NM_AFFINE || rounds == EXACT) continue;
        check_weights(job, net, node, b);
        b->f32.rounds = strcmp(node->type, "BatchNormalization") ? MORE : NORMALIZATION;
        for (size_t t = 0; t < b->n_lin; t++) b->f32.rounds += row_terms(&b->lin[t]);
        if (b->f32.rounds >> 22)
            nm_refuse(job, net, node, "--arithmetic float32: sums of more than 2^22 terms");
        b->f32.flat = (double)b->f32.rounds * 0x1p-149;
    }
}

void nm_float32_count(nm_job *job, const nm_net *net, const nm_node *node, nm_program *p,
                      size_t from)
{
    const nm_rounds rounds = rounds_of(node);
    if (rounds == REFUSED)
        nm_refuse(job, net, node,
                  "--arithmetic float32: the rounding of this operator is not known");
    for (int k = 0; k < node->n_in + node->n_out; k++) {
        const int v = k < node->n_in ? node->in[k] : node->out[k - node->n_in];
        const nm_dtype t = v < 0 ? NM_F32 : net->values[v].type;
        if (t == NM_F16 || t == NM_BF16)
            nm_refuse(job, net, node, "--arithmetic float32: its numbers are of type %s",
                      nm_dtype_name(t));
    }
    check_constants(job, net, node, rounds);
    count(job, net, node, p, from);
}

void nm_float32_check(nm_job *job, const nm_net *net)
{
    for (size_t k = 0; k < net->n_outputs; k++) {
        const nm_value *v = &net->values[net->outputs[k]];
        bool once;
        if (net->tail[k] && strcmp(net->tail[k]->type, "ArgMax"))
            nm_refuse(job, net, net->tail[k],
                      "--arithmetic float32: its rounding can make unequal outputs equal; ask about what it reads");
        if (v->data && !is_computed_exactly(net, v, &once))
            nm_throw(job, NM_EUNSUP,
                     "%s: --arithmetic float32: output \"%s\" is a constant that is no float32 number",
                     net->path, v->name);
    }
}
