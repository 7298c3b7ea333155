/* evaluate.c: evaluates a network at a point, node by node as its file wrote them, in float64 or float32, and bounds
 * the rounding error if asked to. */
#include "base/base.h"
#include "network/network.h"
#include "network/operator.h"

static bool is_float32(const nm_value *v)
{
    size_t i = 0;
    while (i < v->n && v->data[i] == (double)(float)v->data[i]) i++;
    return i == v->n;
}

/* Returns the values of a constant, in float32 if asked to. They are copied only if that changes them: matrices of
 * weights, which operators know from their plans, may take gigabytes. */
static double *constant(const nm_eval *e, const nm_value *v)
{
    if (!e->f32 || is_float32(v)) return (double *)(uintptr_t)v->data; /* no operator writes to its inputs */
    double *x = NM_RAW(e->job, double, v->n);
    for (size_t i = 0; i < v->n; i++) x[i] = (double)(float)v->data[i];
    return x;
}

static void set_values(nm_eval *e, const double *x)
{
    const nm_net *net = e->net;
    for (size_t v = 0; v < net->n_values; v++) {
        const nm_value *val = &net->values[v];
        if (!val->n) continue; /* a value that no output needs */
        e->val[v] = val->data ? constant(e, val) : NM_RAW(e->job, double, val->n);
        if (e->err && !val->data) e->err[v] = NM_ARRAY(e->job, double, val->n);
    }
    for (size_t k = 0; k < net->n_inputs; k++) {
        const nm_value *v = &net->values[net->inputs[k]];
        for (size_t i = 0; i < v->n; i++, x++)
            e->val[net->inputs[k]][i] = e->f32 ? (double)(float)*x : *x;
    }
}

static double *evaluate(nm_job *job, const nm_net *net, const double *x, const double *xerr,
                        bool f32, double *err)
{
    double *y = NM_RAW(job, double, net->n_out);
    const nm_mark mark = nm_mark_get(job);
    nm_eval e = {.job = job, .net = net, .f32 = f32, .val = NM_ARRAY(job, double *, net->n_values)};
    if (err) e.err = NM_ARRAY(job, double *, net->n_values);
    set_values(&e, x);
    if (xerr)
        for (size_t k = 0, at = 0; k < net->n_inputs; k++)
            for (size_t i = 0; i < net->values[net->inputs[k]].n; i++)
                e.err[net->inputs[k]][i] = xerr[at++];
    for (size_t i = 0; i < net->n_nodes; i++) net->nodes[i].op->eval(&e, &net->nodes[i]);
    for (size_t k = 0, at = 0; k < net->n_outputs; k++)
        for (size_t i = 0; i < net->values[net->outputs[k]].n; i++, at++) {
            y[at] = e.val[net->outputs[k]][i];
            if (err) err[at] = nm_eval_err(&e, net->outputs[k], i);
        }
    nm_mark_release(job, mark);
    return y;
}

double *nm_net_eval(nm_job *job, const nm_net *net, const double *x, bool f32, double *err)
{
    return evaluate(job, net, x, NULL, f32, err);
}

double *nm_net_eval_near(nm_job *job, const nm_net *net, const double *x, const double *xerr,
                         double *err)
{
    return evaluate(job, net, x, xerr, false, err);
}

static double *outputs(nm_job *job, const nm_net *net, const double *x, bool f32, size_t *n,
                       double **err)
{
    nm_eval e = {.job = job, .net = net, .f32 = f32, .val = NM_ARRAY(job, double *, net->n_values)};
    if (err) e.err = NM_ARRAY(job, double *, net->n_values);
    double *y = NULL;
    size_t cap = 0, cap_err = 0, n_err = 0;
    *n = 0;
    set_values(&e, x);
    for (size_t i = 0; i < net->n_nodes; i++) net->nodes[i].op->eval(&e, &net->nodes[i]);
    for (size_t k = 0; k < net->n_outputs; k++) {
        const nm_node *tail = net->tail[k];
        if (tail) tail->op->eval(&e, tail);
        const int v = tail ? tail->out[0] : net->outputs[k];
        for (size_t i = 0; i < net->values[v].n; i++) {
            *NM_PUSH(job, y, *n, cap) = e.val[v][i];
            if (err) *NM_PUSH(job, *err, n_err, cap_err) = nm_eval_err(&e, v, i);
        }
    }
    return y;
}

double *nm_net_outputs_eval(nm_job *job, const nm_net *net, const double *x, bool f32, size_t *n)
{
    return outputs(job, net, x, f32, n, NULL);
}

double *nm_net_outputs_near(nm_job *job, const nm_net *net, const double *x, size_t *n,
                            double **err)
{
    *err = NULL;
    return outputs(job, net, x, false, n, err);
}
