/* activation.c: Relu, LeakyRelu, PRelu, Abs, Neg: element by element, one kink at 0.
 *
 *     LeakyRelu, PRelu   a x + (1 - a) relu(x)  for |a| <= 1,   x + (1 - a) relu(-x)  for steeper slopes a,
 *     Abs                -x + 2 relu(x).
 * Exact as real functions: if 1 - a is not a double, it is the sum of two (by two-sum), and the relu enters twice.
 * There are two forms so that terms which cancel in floating point are no larger than the result. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    nm_shape out, shape;
    const double *slope; /* has `shape`, is broadcast to the output */
} plan_t;

static double slope_at(const plan_t *p, size_t i)
{
    return p->slope[nm_broadcast_at(p->out, p->shape, i)];
}

static void plan_same(nm_job *job, nm_net *net, nm_node *node)
{
    nm_out_shape(job, net, node, 0, nm_in(net, node, 0)->shape);
}

static void plan_slope(nm_job *job, nm_net *net, nm_node *node, nm_shape shape, const double *slope)
{
    plan_t *p = NM_NEW(job, plan_t);
    plan_same(job, net, node);
    *p = (plan_t){nm_in(net, node, 0)->shape, shape, slope};
    node->plan = p;
}

static void plan_leaky(nm_job *job, nm_net *net, nm_node *node)
{
    const double alpha = nm_attr_float(job, net, node, "alpha", (double)0.01f);
    plan_slope(job, net, node, (nm_shape){0}, nm_repeat(job, 1, alpha));
}

static void plan_prelu(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0), *slope = nm_in(net, node, 1);
    if (!slope->data) nm_refuse(job, net, node, "a slope that is not constant");
    if (!nm_shape_eq(nm_broadcast(job, net, node, x->shape, slope->shape), x->shape))
        nm_refuse(job, net, node, "slopes of shape %s for input %s",
                  nm_shape_print(job, slope->shape), nm_shape_print(job, x->shape));
    plan_slope(job, net, node, slope->shape, slope->data);
}

/* ---- evaluation ---- */

static void eval_relu(nm_eval *e, const nm_node *node)
{
    const double *x = e->val[node->in[0]];
    double *y = e->val[node->out[0]];
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        y[i] = x[i] <= 0 ? 0 : x[i]; /* NaN, of sums that overflow, stays what it is */
        /* surely negative: exactly 0; otherwise relu is 1-Lipschitz */
        if (e->err)
            e->err[node->out[0]][i] = x[i] + e->err[node->in[0]][i] <= 0 ? 0
                                                                         : e->err[node->in[0]][i];
    }
}

static void eval_slope(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const double *x = e->val[node->in[0]], *xe = e->err ? e->err[node->in[0]] : NULL;
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        const double a = slope_at(p, i);
        double err = 0, *y = &e->val[node->out[0]][i];
        if (x[i] >= 0)
            *y = x[i];
        else
            *y = nm_eval_dot(e, 1, &a, 1, &x[i], NULL, 0, xe ? &err : NULL);
        if (!xe) continue;
        const bool off = x[i] + xe[i] < 0, on = x[i] - xe[i] >= 0;
        const double size = off ? fabs(a) : on ? 1 : fmax(1, fabs(a)); /* of the slopes near x */
        e->err[node->out[0]][i] = err + nm_eval_carry(size, xe[i]) * (1 + NM_ULP);
    }
}

static void eval_sign(nm_eval *e, const nm_node *node, bool always)
{
    const double *x = e->val[node->in[0]];
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        e->val[node->out[0]][i] = always || x[i] < 0 ? 0 - x[i] : x[i];
        if (e->err) e->err[node->out[0]][i] = e->err[node->in[0]][i];
    }
}

static void eval_abs(nm_eval *e, const nm_node *node) { eval_sign(e, node, false); }
static void eval_neg(nm_eval *e, const nm_node *node) { eval_sign(e, node, true); }

/* ---- lowering ---- */

static void lower_relu(nm_lowering *l, const nm_node *node)
{
    const int src = nm_lower_source(l, node, nm_lower_view(l, node->in[0]));
    nm_lower_result(l, node, 0, nm_lower_relu(l, node, src));
}

/* Returns the block of x, or of -x where the slope is steep. */
static int turned(nm_lowering *l, const nm_node *node, int src, const double *a)
{
    const nm_view x = nm_lower_units(l, src);
    double *sign = NM_RAW(l->job, double, x.n);
    bool any = false;
    for (size_t i = 0; i < x.n; i++) {
        sign[i] = fabs(a[i]) > 1 ? -1 : 1;
        any |= sign[i] < 0;
    }
    const double *coef = sign;
    return any ? nm_lower_terms(l, node, 1, &x, &coef, NULL) : src;
}

/* Lowers slopes a [n] of the half below 0. */
static void lower_kink(nm_lowering *l, const nm_node *node, const double *a)
{
    const int src = nm_lower_source(l, node, nm_lower_view(l, node->in[0]));
    const int relu = nm_lower_relu(l, node, turned(l, node, src, a));
    const nm_view x = nm_lower_units(l, src), r = nm_lower_units(l, relu);
    double *straight = NM_RAW(l->job, double, x.n), *high = NM_RAW(l->job, double, x.n),
           *low = NM_RAW(l->job, double, x.n);
    bool rounds = false;
    for (size_t i = 0; i < x.n; i++) {
        straight[i] = fabs(a[i]) > 1 ? 1 : a[i];
        high[i] = 1 - a[i];
        const double b = high[i] - 1;
        low[i] = (1 - (high[i] - b)) + (-a[i] - b);
        rounds |= low[i] != 0;
    }
    nm_lower_sum(l, node, rounds ? 3 : 2, (nm_view[]){x, r, r},
                 (const double *[]){straight, high, low}, NULL);
}

static void lower_slope(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    double *a = NM_RAW(l->job, double, nm_lower_view(l, node->in[0])->n);
    for (size_t i = 0; i < nm_lower_view(l, node->in[0])->n; i++) a[i] = slope_at(p, i);
    lower_kink(l, node, a);
}

static void lower_abs(nm_lowering *l, const nm_node *node)
{
    lower_kink(l, node, nm_repeat(l->job, nm_lower_view(l, node->in[0])->n, -1));
}

static void lower_neg(nm_lowering *l, const nm_node *node)
{
    const nm_view *x = nm_lower_view(l, node->in[0]);
    const double *minus = nm_repeat(l->job, x->n, -1);
    nm_lower_sum(l, node, 1, x, &minus, NULL);
}

static const char prelu_notes[] = "constant slopes";
const nm_op nm_op_relu = {"Relu", 1, 1, 1, 7, NM_OPSET, plan_same, eval_relu, lower_relu, ""};
const nm_op nm_op_leakyrelu = {"LeakyRelu", 1,          1,          1,           7,
                               NM_OPSET,    plan_leaky, eval_slope, lower_slope, ""};
const nm_op nm_op_prelu = {"PRelu",  2,          2,          1,           7,
                           NM_OPSET, plan_prelu, eval_slope, lower_slope, prelu_notes};
const nm_op nm_op_abs = {"Abs", 1, 1, 1, 7, NM_OPSET, plan_same, eval_abs, lower_abs, ""};
const nm_op nm_op_neg = {"Neg", 1, 1, 1, 7, NM_OPSET, plan_same, eval_neg, lower_neg, ""};
