/* clip.c: Clip and HardSigmoid: min(hi, max(lo, x)), by two ReLUs one after the other:
 *     c = lo + relu(x - lo),   y = hi - relu(hi - c);
 * so bounds of y never leave [lo,hi], whatever those of x. Exact as real functions: if hi - lo is not a double, c
 * becomes a block of its own. The ends of Clip are attributes (opset 7 to 10) or inputs; either may be missing, and one
 * at or beyond the largest float32 counts as missing, because exporters write that for "no end". lo > hi is refused.
 * HardSigmoid clips alpha x + beta to [0,1]. */
#include "base/base.h"
#include "network/network.h"
#include "network/operator.h"

#include <float.h>

typedef struct {
    double lo, hi, alpha, beta; /* infinite: no end */
    bool scaled;
} plan_t;

/* Returns the end given by the attribute or by the input, or `none`. */
static double end(nm_job *job, nm_net *net, nm_node *node, const char *name, int k, double none)
{
    const nm_value *v = nm_in(net, node, k);
    const bool named = nm_attr_find(node, name);
    if (v && named) nm_refuse(job, net, node, "attribute %s and input %d together", name, k);
    if (v && (!v->data || v->n != 1)) nm_refuse(job, net, node, "input %d is not one constant", k);
    const nm_attr *a = nm_attr_find(node, name);
    if (a && a->kind != NM_A_FLOAT)
        nm_refuse(job, net, node, "attribute %s has the wrong type", name);
    const double x = v ? v->data[0] : a ? a->f : none;
    if (isnan(x) || x == -none) nm_refuse(job, net, node, "%s is %g", name, x);
    return fabs(x) >= (double)FLT_MAX && (x < 0) == (none < 0) ? none : x;
}

static void plan_clip(nm_job *job, nm_net *net, nm_node *node)
{
    plan_t *p = NM_NEW(job, plan_t);
    p->lo = end(job, net, node, "min", 1, -INFINITY);
    p->hi = end(job, net, node, "max", 2, INFINITY);
    if (p->lo > p->hi)
        nm_refuse(job, net, node, "min %s above max %s", nm_num_text(job, p->lo),
                  nm_num_text(job, p->hi));
    node->plan = p;
    nm_out_shape(job, net, node, 0, nm_in(net, node, 0)->shape);
}

static void plan_hard(nm_job *job, nm_net *net, nm_node *node)
{
    plan_t *p = NM_NEW(job, plan_t);
    *p = (plan_t){.hi = 1, .scaled = true};
    p->alpha = nm_attr_float(job, net, node, "alpha", (double)0.2f);
    p->beta = nm_attr_float(job, net, node, "beta", 0.5);
    node->plan = p;
    nm_out_shape(job, net, node, 0, nm_in(net, node, 0)->shape);
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        double x = e->val[node->in[0]][i], err = 0;
        if (p->scaled)
            x = nm_eval_dot(e, 1, &p->alpha, 1, &x, e->err ? &e->err[node->in[0]][i] : NULL,
                            p->beta, e->err ? &err : NULL);
        else if (e->err)
            err = e->err[node->in[0]][i];
        const double y = x < p->lo ? p->lo : x > p->hi ? p->hi : x;
        e->val[node->out[0]][i] = e->f32 ? (double)(float)y : y;
        /* surely clipped: exactly the end; otherwise 1-Lipschitz */
        if (e->err) e->err[node->out[0]][i] = x + err <= p->lo || x - err >= p->hi ? 0 : err;
    }
}

/* Returns the block c x + bias. */
static int affine(nm_lowering *l, const nm_node *node, const nm_view *x, double c, double bias)
{
    const double *coef = nm_repeat(l->job, x->n, c);
    return nm_lower_terms(l, node, 1, x, &coef, nm_repeat(l->job, x->n, bias));
}

/* Returns the view of relu(c x + bias). */
static nm_view rectified(nm_lowering *l, const nm_node *node, const nm_view *x, double c,
                         double bias)
{
    const int pre = c == 1 && bias == 0 ? nm_lower_source(l, node, x) : affine(l, node, x, c, bias);
    return nm_lower_units(l, nm_lower_relu(l, node, pre));
}

static bool exact_difference(double a, double b)
{
    const double s = a - b, t = s - a;
    return (a - (s - t)) - (b + t) == 0;
}

static void lower(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    nm_view x = nm_lower_exact(l, node, nm_lower_view(l, node->in[0]));
    if (p->scaled) x = nm_lower_units(l, affine(l, node, &x, p->alpha, p->beta));
    double base = 0; /* in c = base + x */
    if (isfinite(p->lo)) {
        x = rectified(l, node, &x, 1, p->lo == 0 ? 0 : -p->lo);
        base = p->lo;
    }
    if (!isfinite(p->hi)) {
        nm_lower_result(l, node, 0, affine(l, node, &x, 1, base));
        return;
    }
    if (!exact_difference(p->hi, base)) {
        x = nm_lower_units(l, affine(l, node, &x, 1, base));
        base = 0;
    }
    x = rectified(l, node, &x, -1, p->hi - base);
    nm_lower_result(l, node, 0, affine(l, node, &x, -1, p->hi));
}

static const char clip_notes[] = "constant ends; one at or beyond the largest float32 is none";
const nm_op nm_op_clip = {"Clip", 1, 3, 1, 7, NM_OPSET, plan_clip, eval, lower, clip_notes};
const nm_op nm_op_hardsigmoid = {"HardSigmoid", 1, 1, 1, 7, NM_OPSET, plan_hard, eval, lower, ""};
