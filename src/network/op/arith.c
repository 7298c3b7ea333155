/* arith.c: Add, Sub, Mul, Div with broadcasting.
 *
 * Add and Sub take any inputs. Mul needs one constant factor, Div a constant divisor c; Div is defined as
 * multiplication by the double nearest to 1/c. An operation on two constants was folded when the graph was read. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    char op;
    nm_shape out, a, b;
} plan_t;

static void plan(nm_job *job, nm_net *net, nm_node *node, char op)
{
    const nm_value *a = nm_in(net, node, 0), *b = nm_in(net, node, 1);
    plan_t *p = NM_NEW(job, plan_t);
    if (op == '*' && !a->data && !b->data)
        nm_refuse(job, net, node, "both factors vary: not piecewise linear");
    if (op == '/' && !b->data)
        nm_refuse(job, net, node, "the divisor varies: not piecewise linear");
    for (size_t i = 0; op == '/' && i < b->n; i++)
        if (b->data[i] == 0 || !isfinite(1 / b->data[i]))
            nm_refuse(job, net, node, "division by %g", b->data[i]);
    if (op == '/' && a->type == NM_I64 && !a->data)
        nm_refuse(job, net, node, "a division of varying integers rounds");
    *p = (plan_t){op, nm_broadcast(job, net, node, a->shape, b->shape), a->shape, b->shape};
    node->plan = p;
    nm_out_shape(job, net, node, 0, p->out);
}

static void plan_add(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, '+'); }
static void plan_sub(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, '-'); }
static void plan_mul(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, '*'); }
static void plan_div(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, '/'); }

static double apply(char op, double a, double b)
{
    return op == '+' ? a + b : op == '-' ? a - b : op == '*' ? a * b : a * (1 / b);
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const double *a = e->val[node->in[0]], *b = e->val[node->in[1]];
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        const size_t ia = nm_broadcast_at(p->out, p->a, i), ib = nm_broadcast_at(p->out, p->b, i);
        const bool ints = e->net->values[node->out[0]].type == NM_I64;
        double y = p->op == '/' && e->f32 ? a[ia] / b[ib] : apply(p->op, a[ia], b[ib]);
        if (p->op == '/' && ints) y = trunc(a[ia] / b[ib]);
        if (e->f32) y = (double)(float)y;
        e->val[node->out[0]][i] = y;
        if (!e->err) continue;
        const double ea = nm_eval_err(e, node->in[0], ia), eb = nm_eval_err(e, node->in[1], ib);
        double out =
            0; /* the error of this step, by two-sum or fma; then of its inputs, one side constant */
        if (p->op == '+' || p->op == '-') {
            const double c = p->op == '+' ? b[ib] : -b[ib], bb = y - a[ia];
            out = fabs((a[ia] - (y - bb)) + (c - bb)) + ea + eb;
        } else {
            const double c = p->op == '*' ? b[ib] : 1 / b[ib];
            out = fabs(fma(a[ia], c, -y)) + nm_eval_carry(c, ea) + nm_eval_carry(a[ia], eb);
            if (y != 0 && fabs(y) < 1e-270) out += 1e-300;
        }
        e->err[node->out[0]][i] = out * (1 + 0x1p-40);
    }
}

static double *spread(nm_lowering *l, const plan_t *p, const double *c, nm_shape s, size_t n,
                      bool invert)
{
    double *out = NM_RAW(l->job, double, n);
    for (size_t i = 0; i < n; i++) {
        const double x = c[nm_broadcast_at(p->out, s, i)];
        out[i] = invert ? 1 / x : x;
    }
    return out;
}

static nm_view spread_view(nm_lowering *l, const plan_t *p, const nm_view *v, nm_shape s, size_t n)
{
    nm_view out = {n, NM_RAW(l->job, int32_t, n), NM_RAW(l->job, double, n)};
    for (size_t i = 0; i < n; i++) {
        const size_t at = nm_broadcast_at(p->out, s, i);
        out.unit[i] = v->unit[at];
        out.cst[i] = v->cst[at];
    }
    return out;
}

static void lower(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const nm_value *a = nm_in(l->net, node, 0), *b = nm_in(l->net, node, 1);
    const size_t n = l->net->values[node->out[0]].n;
    if (p->op == '*' || p->op == '/') {
        const int var = a->data ? 1 : 0;
        const nm_view v = spread_view(l, p, nm_lower_view(l, node->in[var]), var ? p->b : p->a, n);
        const double *c = spread(l, p, var ? a->data : b->data, var ? p->a : p->b, n, p->op == '/');
        nm_lower_sum(l, node, 1, &v, &c, NULL);
        return;
    }
    nm_view v[2];
    const double *coef[2];
    double *minus = NM_RAW(l->job, double, n);
    for (size_t i = 0; i < n; i++) minus[i] = -1;
    v[0] = spread_view(l, p, nm_lower_view(l, node->in[0]), p->a, n);
    v[1] = spread_view(l, p, nm_lower_view(l, node->in[1]), p->b, n);
    coef[0] = NULL;
    coef[1] = p->op == '-' ? minus : NULL;
    nm_lower_sum(l, node, 2, v, coef, NULL);
}

const nm_op nm_op_add = {"Add", 2, 2, 1, 7, NM_OPSET, plan_add, eval, lower, ""};
const nm_op nm_op_sub = {"Sub", 2, 2, 1, 7, NM_OPSET, plan_sub, eval, lower, ""};
const nm_op nm_op_mul = {"Mul", 2, 2, 1, 7, NM_OPSET, plan_mul, eval, lower, "one constant factor"};
const nm_op nm_op_div = {"Div", 2, 2, 1, 7, NM_OPSET, plan_div, eval, lower, "constant divisor"};
