/* final.c: the tails Sigmoid, Tanh, Softmax, LogSoftmax, ArgMax: not piecewise linear, but they keep an order, so they
 * may make an output. final_operators.c says which questions about their input mean the same; pull_thresholds.c and
 * chosen_labels.c translate the others. The judge of witnesses does not use their values. Error bounds: exp, log and
 * tanh of the C library are assumed to be right within 4 ulp (glibc states 2), and an error e of the inputs moves an
 * output by at most 1/4 e, 1 e, 1/2 e, 2 e, in the order above. ArgMax is sure if the largest element leads all others
 * by more than both errors. Before opset 13 a softmax runs over all axes from its axis on. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

#include <float.h>

#define LIBM 0x1p-49 /* relative error of exp, log, tanh and the few operations around them */

static void plan_rising(nm_job *job, nm_net *net, nm_node *node)
{
    nm_tail *t = NM_NEW(job, nm_tail);
    *t = (nm_tail){NM_RISING, 1, 1};
    node->plan = t;
    nm_out_shape(job, net, node, 0, nm_in(net, node, 0)->shape);
}

static nm_tail *along(nm_job *job, nm_net *net, nm_node *node, nm_tailkind kind, int axis, bool all)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    nm_tail *t = NM_NEW(job, nm_tail);
    *t = (nm_tail){kind, 1, 1};
    for (int d = axis; d < x.rank; d++)
        *(d == axis || all ? &t->len : &t->inner) *= (size_t)x.dim[d];
    node->plan = t;
    return t;
}

static void plan_softmax(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    const bool old = net->opset < 13;
    const int axis = nm_axis(job, net, node, nm_attr_int(job, net, node, "axis", old ? 1 : -1),
                             x.rank);
    along(job, net, node, *node->type == 'L' ? NM_SHIFT : NM_SHARE, axis, old);
    nm_out_shape(job, net, node, 0, x);
}

static void plan_argmax(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    const int axis = nm_axis(job, net, node, nm_attr_int(job, net, node, "axis", 0), x.rank);
    const bool keep = nm_attr_int(job, net, node, "keepdims", 1);
    nm_attr_int(job, net, node, "select_last_index",
                0); /* chooses among ties, which count as misclassified anyway */
    along(job, net, node, NM_CHOICE, axis, false);
    nm_shape s = {0};
    for (int d = 0; d < x.rank; d++)
        if (d != axis || keep) s.dim[s.rank++] = d == axis ? 1 : x.dim[d];
    net->values[node->out[0]].type = NM_I64;
    nm_out_shape(job, net, node, 0, s);
}

static double rounded(const nm_eval *e, double x) { return e->f32 ? (double)(float)x : x; }

static void eval_rising(nm_eval *e, const nm_node *node)
{
    const double *x = e->val[node->in[0]];
    const bool sigmoid = *node->type == 'S';
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        const double y = rounded(e, sigmoid ? 1 / (1 + exp(-x[i])) : tanh(x[i]));
        e->val[node->out[0]][i] = y;
        if (e->err)
            e->err[node->out[0]][i] = fabs(y) * LIBM + DBL_MIN +
                                      nm_eval_carry(sigmoid ? 0.25 : 1, nm_eval_err(e, node->in[0], i));
    }
}

/* Returns the first element of group g. */
static size_t start_of(const nm_tail *t, size_t g)
{
    return g / t->inner * t->len * t->inner + g % t->inner;
}

/* Bounds the error of one element of a group; shift, y: of the element; log: of the sum, if it is taken. */
static double softmax_error(const nm_eval *e, const nm_node *node, size_t g, double shift,
                            double log, double y)
{
    const nm_tail *t = node->plan;
    const double steps = (double)t->len + 4 + fabs(shift);
    double most = 0;
    for (size_t i = 0; i < t->len; i++)
        most = nm_eval_larger(most, nm_eval_err(e, node->in[0], start_of(t, g) + i * t->inner));
    return t->kind == NM_SHIFT ? (steps + fabs(log) + fabs(y)) * LIBM + nm_eval_carry(2, most)
                               : steps * LIBM * y + DBL_MIN + nm_eval_carry(0.5, most);
}

static void eval_softmax(nm_eval *e, const nm_node *node)
{
    const nm_tail *t = node->plan;
    const size_t groups = e->net->values[node->in[0]].n / t->len;
    for (size_t g = 0; g < groups; g++) {
        const double *x = e->val[node->in[0]] + start_of(t, g);
        double *y = e->val[node->out[0]] + start_of(t, g), top = x[0], sum = 0;
        for (size_t i = 1; i < t->len; i++) top = fmax(top, x[i * t->inner]);
        for (size_t i = 0; i < t->len; i++) sum += exp(x[i * t->inner] - top);
        for (size_t i = 0; i < t->len; i++) {
            const double shift = x[i * t->inner] - top;
            y[i * t->inner] = rounded(e, t->kind == NM_SHIFT ? shift - log(sum) : exp(shift) / sum);
            if (e->err)
                e->err[node->out[0]][start_of(t, g) + i * t->inner] = softmax_error(
                    e, node, g, shift, log(sum), y[i * t->inner]);
        }
    }
}

static void eval_argmax(nm_eval *e, const nm_node *node)
{
    const nm_tail *t = node->plan;
    bool last = false;
    for (int k = 0; k < node->n_attrs; k++)
        if (strcmp(node->attrs[k].name, "select_last_index") == 0) last = node->attrs[k].i != 0;
    for (size_t g = 0; g < e->net->values[node->out[0]].n; g++) {
        const double *x = e->val[node->in[0]] + start_of(t, g);
        size_t best = 0;
        for (size_t i = 1; i < t->len; i++)
            if (x[i * t->inner] > x[best * t->inner] ||
                (last && x[i * t->inner] == x[best * t->inner]))
                best = i;
        e->val[node->out[0]][g] = (double)best;
        if (!e->err) continue;
        const int in = node->in[0];
        const size_t from = start_of(t, g);
        const double best_err = nm_eval_err(e, in, from + best * t->inner);
        bool sure = true; /* the largest leads all others by more than the errors, none of which is NaN */
        for (size_t i = 0; i < t->len; i++)
            sure &= i == best || nm_down(nm_down(x[best * t->inner] - x[i * t->inner]) -
                                         nm_up(best_err + nm_eval_err(e, in, from + i * t->inner))) > 0;
        e->err[node->out[0]][g] = sure ? 0 : (double)t->len;
    }
}

#define SMOOTH                                                                                     \
    "not piecewise linear: at an output alone, for questions that compare outputs with each other"
static const char argmax_notes[] =
    "not continuous: at an output alone, for questions about which class is the largest";
const nm_op nm_op_rising = {
    "Sigmoid Tanh", 1,           1,           1,    7,
    NM_OPSET,       plan_rising, eval_rising, NULL, SMOOTH " or with numbers"};
const nm_op nm_op_softmax = {"Softmax",
                             1,
                             1,
                             1,
                             7,
                             NM_OPSET,
                             plan_softmax,
                             eval_softmax,
                             NULL,
                             SMOOTH ", of two also with numbers"};
const nm_op nm_op_logsoftmax = {"LogSoftmax",
                                1,
                                1,
                                1,
                                7,
                                NM_OPSET,
                                plan_softmax,
                                eval_softmax,
                                NULL,
                                SMOOTH ", also by margins"};
const nm_op nm_op_argmax = {"ArgMax", 1,           1,           1,    7,
                            NM_OPSET, plan_argmax, eval_argmax, NULL, argmax_notes};
