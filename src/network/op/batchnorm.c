/* batchnorm.c: BatchNormalization at inference: y = s x + t a channel, s = scale / sqrt(var + epsilon) and
 * t = B - mean s. Both are rounded to double when the graph is read, and these doubles are the network's
 * meaning here: evaluation and model use the same two numbers. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    size_t inner, channels;
    const double *s, *t, *sizes; /* sizes: |B| + |mean s| */
} plan_t;

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0);
    plan_t *p = NM_NEW(job, plan_t);
    const double eps = nm_attr_float(job, net, node, "epsilon", (double)1e-5f);
    nm_attr_float(job, net, node, "momentum", 0.9); /* used in training only */
    if (nm_attr_int(job, net, node, "training_mode", 0))
        nm_refuse(job, net, node, "attribute training_mode=1: " NM_TRAINING);
    if (nm_attr_int(job, net, node, "spatial", 1) != 1)
        nm_refuse(job, net, node, "attribute spatial=0");
    if (x->shape.rank < 2)
        nm_refuse(job, net, node, "input of shape %s", nm_shape_print(job, x->shape));
    p->channels = (size_t)x->shape.dim[1];
    p->inner = x->n / (size_t)x->shape.dim[0] / p->channels;
    for (int k = 1; k < 5; k++)
        if (!nm_is_const(net, node, k) || nm_in(net, node, k)->n != p->channels)
            nm_refuse(job, net, node, "input %d is not a constant of %zu channels", k, p->channels);
    double *s = NM_RAW(job, double, p->channels), *t = NM_RAW(job, double, p->channels),
           *sizes = NM_RAW(job, double, p->channels);
    for (size_t c = 0; c < p->channels; c++) {
        const double var = nm_in(net, node, 4)->data[c] + eps;
        if (!(var > 0)) nm_refuse(job, net, node, "variance plus epsilon is %g", var);
        s[c] = nm_in(net, node, 1)->data[c] / sqrt(var);
        t[c] = nm_in(net, node, 2)->data[c] - nm_in(net, node, 3)->data[c] * s[c];
        sizes[c] = fabs(nm_in(net, node, 2)->data[c]) + fabs(nm_in(net, node, 3)->data[c] * s[c]);
    }
    p->s = s;
    p->t = t;
    p->sizes = sizes;
    node->plan = p;
    nm_out_shape(job, net, node, 0, x->shape);
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const double *xe = e->err ? e->err[node->in[0]] : NULL;
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        const size_t c = i / p->inner % p->channels;
        double err = 0;
        e->val[node->out[0]][i] = nm_eval_dot(e, 1, &p->s[c], 1, &e->val[node->in[0]][i],
                                              xe ? &xe[i] : NULL, p->t[c], xe ? &err : NULL);
        if (xe) e->err[node->out[0]][i] = err;
    }
}

static void lower(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const nm_view *v = nm_lower_view(l, node->in[0]);
    double *s = NM_RAW(l->job, double, v->n), *t = NM_RAW(l->job, double, v->n);
    for (size_t i = 0; i < v->n; i++) {
        s[i] = p->s[i / p->inner % p->channels];
        t[i] = p->t[i / p->inner % p->channels];
    }
    const double *coef = s;
    const int block = nm_lower_terms(l, node, 1, v, &coef, t);
    nm_block *b = &l->prog->blocks[block];
    if (!b->f32.consts) b->f32.consts = NM_ARRAY(l->job, double, nm_pad8(b->n));
    for (size_t i = 0; i < v->n; i++) b->f32.consts[i] += p->sizes[i / p->inner % p->channels];
    nm_lower_result(l, node, 0, block);
}

static const char batchnorm_notes[] = "at inference; constant scale, shift, mean and variance";
const nm_op nm_op_batchnorm = {"BatchNormalization", 5, 5, 1, 7, NM_OPSET, plan, eval, lower,
                               batchnorm_notes};
