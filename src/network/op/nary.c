/* nary.c: Sum, Mean, Max and Min of any number of inputs, with broadcasting.
 *
 * A mean is the sum times the double nearest to 1/count, in evaluation and program alike. For an extreme, the constant
 * inputs are first reduced to one constant c per element. If every element has such a c and one x that varies, then
 * max(x, c) = c + relu(x - c); else it is a MAX block over the distinct units of each element. min is -max(-..). */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    nm_shape out;
    nm_groupkind kind;
} plan_t;

static void plan(nm_job *job, nm_net *net, nm_node *node, nm_groupkind kind)
{
    plan_t *p = NM_NEW(job, plan_t);
    p->kind = kind;
    p->out = nm_in(net, node, 0)->shape;
    if (kind == NM_MEAN && nm_in(net, node, 0)->type == NM_I64)
        nm_refuse(job, net, node, "a mean of integers rounds");
    for (int k = 1; k < node->n_in; k++)
        p->out = nm_broadcast(job, net, node, p->out, nm_in(net, node, k)->shape);
    node->plan = p;
    nm_out_shape(job, net, node, 0, p->out);
}

static void plan_sum(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, NM_SUM); }
static void plan_mean(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, NM_MEAN); }
static void plan_max(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, NM_MAXIMUM); }
static void plan_min(nm_job *job, nm_net *net, nm_node *node) { plan(job, net, node, NM_MINIMUM); }

static void eval_extreme(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        double best = 0, err = 0;
        for (int k = 0; k < node->n_in; k++) {
            const size_t at = nm_broadcast_at(p->out, nm_in(e->net, node, k)->shape, i);
            const double x = e->val[node->in[k]][at];
            if (k == 0 || (p->kind == NM_MAXIMUM ? x > best : x < best)) best = x;
            if (e->err) err = nm_eval_larger(err, nm_eval_err(e, node->in[k], at));
        }
        e->val[node->out[0]][i] = best;
        if (e->err) e->err[node->out[0]][i] = err; /* 1-Lipschitz in the largest norm */
    }
}

static void eval_sum(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const bool mean = p->kind == NM_MEAN;
    const double scale = mean && !e->f32 ? 1 / (double)node->n_in : 1;
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        double s = 0, err = 0;
        for (int k = 0; k < node->n_in; k++) {
            const size_t at = nm_broadcast_at(p->out, nm_in(e->net, node, k)->shape, i);
            const double xe = e->err ? nm_eval_err(e, node->in[k], at) : 0;
            s = nm_eval_dot(e, 1, &scale, 1, &e->val[node->in[k]][at], &xe, s, e->err ? &err : NULL);
        }
        e->val[node->out[0]][i] = mean && e->f32 ? (double)(float)(s / (double)node->n_in) : s;
        if (e->err) e->err[node->out[0]][i] = err;
    }
}

/* ---- lowering ---- */

/* Returns input k, broadcast to the output. */
static nm_view spread(nm_lowering *l, const plan_t *p, const nm_node *node, int k)
{
    const nm_view *v = nm_lower_view(l, node->in[k]);
    const size_t n = l->net->values[node->out[0]].n;
    nm_view out = {n, NM_RAW(l->job, int32_t, n), NM_RAW(l->job, double, n)};
    for (size_t i = 0; i < n; i++) {
        const size_t at = nm_broadcast_at(p->out, nm_in(l->net, node, k)->shape, i);
        out.unit[i] = v->unit[at];
        out.cst[i] = v->cst[at];
    }
    return out;
}

/* Returns true if the constants of each element add up to a double without rounding. */
static bool adds_exactly(size_t n_terms, const nm_view *term)
{
    for (size_t i = 0; i < term[0].n; i++) {
        double s = 0;
        for (size_t k = 0; k < n_terms; k++) {
            const double c = term[k].unit[i] < 0 ? term[k].cst[i] : 0, t = s + c, b = t - s;
            if ((s - (t - b)) + (c - b) != 0) return false;
            s = t;
        }
    }
    return true;
}

static void lower_sum(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const size_t inputs = (size_t)node->n_in, n = l->net->values[node->out[0]].n;
    nm_view *term = NM_ARRAY(l->job, nm_view, inputs);
    const double **coef = NM_ARRAY(l->job, const double *, inputs);
    for (size_t k = 0; k < inputs; k++) term[k] = spread(l, p, node, (int)k);
    const bool exact = p->kind == NM_SUM && adds_exactly(inputs, term);
    for (size_t k = 0; k < inputs; k++) {
        if (!exact) term[k] = nm_lower_exact(l, node, &term[k]);
        if (p->kind == NM_MEAN) coef[k] = nm_repeat(l->job, n, 1 / (double)node->n_in);
    }
    nm_lower_sum(l, node, inputs, term, coef, NULL);
}

typedef struct {
    size_t n, *ptr; /* [n+1] members of each element */
    int32_t *unit;  /* the distinct units among them */
    double *cst;    /* [n] the largest constant (of -x for a minimum) */
    bool *has;      /* [n] the element has a constant */
    size_t most;    /* the largest number of varying members */
    bool all;       /* every element has a constant */
} members;

static members gather(nm_lowering *l, const plan_t *p, const nm_node *node, double sign)
{
    const size_t inputs = (size_t)node->n_in, n = l->net->values[node->out[0]].n;
    members m = {.n = n, .all = true};
    nm_view *in = NM_RAW(l->job, nm_view, inputs);
    for (size_t k = 0; k < inputs; k++) in[k] = spread(l, p, node, (int)k);
    m.ptr = NM_ARRAY(l->job, size_t, n + 1);
    m.unit = NM_RAW(l->job, int32_t, nm_mul(l->job, n, inputs));
    m.cst = NM_ARRAY(l->job, double, n);
    m.has = NM_ARRAY(l->job, bool, n);
    for (size_t i = 0, at = 0; i < n; i++) {
        for (size_t k = 0; k < inputs; k++) {
            const int32_t u = in[k].unit[i];
            const double c = sign * in[k].cst[i];
            bool seen = false;
            for (size_t t = m.ptr[i]; t < at; t++) seen |= m.unit[t] == u;
            if (u >= 0 && !seen) m.unit[at++] = u;
            if (u < 0 && (!m.has[i] || c > m.cst[i])) m.cst[i] = c;
            m.has[i] |= u < 0;
        }
        m.ptr[i + 1] = at;
        if (at - m.ptr[i] > m.most) m.most = at - m.ptr[i];
        m.all &= m.has[i];
    }
    return m;
}

/* Lowers to sign (c + relu(sign x - c)). */
static int by_relu(nm_lowering *l, const nm_node *node, const members *m, double sign)
{
    nm_view x = {m->n, NM_RAW(l->job, int32_t, m->n), NM_ARRAY(l->job, double, m->n)};
    double *minus = NM_RAW(l->job, double, m->n), *cst = NM_RAW(l->job, double, m->n);
    for (size_t i = 0; i < m->n; i++) {
        const bool varies = m->ptr[i + 1] > m->ptr[i];
        x.unit[i] = varies ? m->unit[m->ptr[i]] : -1;
        minus[i] = varies ? 0 - m->cst[i] : 0; /* without a varying x: c + relu(0) */
        cst[i] = sign * m->cst[i];
    }
    const double *coef = nm_repeat(l->job, m->n, sign);
    const int pre = nm_lower_terms(l, node, 1, &x, &coef, minus);
    const nm_view r = nm_lower_units(l, nm_lower_relu(l, node, pre));
    return nm_lower_terms(l, node, 1, &r, &coef, cst);
}

/* Lowers to a MAX block over a block of all members, constants included. */
static int by_max(nm_lowering *l, const nm_node *node, const members *m, double sign)
{
    const size_t total = m->ptr[m->n] + m->n;
    nm_view x = {0, NM_RAW(l->job, int32_t, total), NM_ARRAY(l->job, double, total)};
    size_t *ptr = NM_ARRAY(l->job, size_t, m->n + 1);
    uint32_t *idx = NM_RAW(l->job, uint32_t, total);
    for (size_t i = 0; i < m->n; i++) {
        for (size_t t = m->ptr[i]; t < m->ptr[i + 1]; t++) x.unit[x.n++] = m->unit[t];
        if (m->has[i]) {
            x.unit[x.n] = -1;
            x.cst[x.n++] = sign * m->cst[i]; /* multiplied by sign again below */
        }
        ptr[i + 1] = x.n;
    }
    for (size_t k = 0; k < x.n; k++) idx[k] = (uint32_t)k;
    const double *coef = nm_repeat(l->job, x.n, sign);
    const int src = nm_lower_terms(l, node, 1, &x, &coef, NULL);
    const int block = nm_lower_block(l, node, NM_MAX, m->n);
    nm_block *b = &l->prog->blocks[block];
    b->src = src;
    b->ptr = ptr;
    b->idx = idx;
    if (sign > 0) return block;
    const nm_view top = nm_lower_units(l, block);
    coef = nm_repeat(l->job, m->n, sign);
    return nm_lower_terms(l, node, 1, &top, &coef, NULL);
}

static void lower_extreme(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const double sign = p->kind == NM_MAXIMUM ? 1 : -1;
    const members m = gather(l, p, node, sign);
    const bool kinks = m.all && m.most <= 1;
    nm_lower_result(l, node, 0, (kinks ? by_relu : by_max)(l, node, &m, sign));
}

const nm_op nm_op_sum = {"Sum", 1, 1000, 1, 7, NM_OPSET, plan_sum, eval_sum, lower_sum, ""};
const nm_op nm_op_mean = {"Mean", 1, 1000, 1, 7, NM_OPSET, plan_mean, eval_sum, lower_sum, ""};
const nm_op nm_op_max = {"Max", 1, 1000, 1, 7, NM_OPSET, plan_max, eval_extreme, lower_extreme, ""};
const nm_op nm_op_min = {"Min", 1, 1000, 1, 7, NM_OPSET, plan_min, eval_extreme, lower_extreme, ""};
