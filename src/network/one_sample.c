/* one_sample.c: reads a network whose file fixes a batch of N samples as a network of a single sample, provided that
 * the file's network is that function applied N times.
 *
 * The graph is planned with a first dimension of 1. Alongside, node by node, it is shown that a value v that has the
 * shape [1,..] here has [N,..] in the file's network, and that its part n there depends on sample n alone, as computed
 * here. A value for which this was shown is called `apart`. Each operator has a rule, below; if none holds, the batch
 * is not taken apart, and the message names the node and the reason. Constants must not distinguish samples: one that
 * has N parts must have equal parts. Constants computed from the batch size (from the Shape of a value that is apart)
 * are folded twice, with 1 and with N, so that a shape made of them is known for both networks. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

struct nm_apart {
    int64_t n;
    bool *apart; /* [values] */
    const double *
        *full; /* [values] the value of a constant in the network of N samples, if it differs there; else NULL */
    size_t cap; /* length of both lists */
};

nm_apart *nm_apart_new(nm_job *job, const nm_net *net, size_t cap, int64_t n)
{
    nm_apart *s = NM_NEW(job, nm_apart);
    *s = (nm_apart){n, NM_ARRAY(job, bool, cap + 1), NM_ARRAY(job, const double *, cap + 1), cap};
    for (size_t k = 0; k < net->n_inputs; k++) s->apart[net->inputs[k]] = true;
    return s;
}

typedef struct {
    nm_job *job;
    nm_net *net;
    nm_apart *s;
    nm_node *node;
} step;

static _Noreturn void mixed(const step *t, const char *why)
{
    nm_refuse(t->job, t->net, t->node, "may mix the %lld samples of the batch: %s",
              (long long)t->s->n, why);
}

static bool is_apart(const step *t, int k)
{
    return k < t->node->n_in && t->node->in[k] >= 0 && t->s->apart[t->node->in[k]];
}

static bool is(const step *t, const char *list)
{
    const size_t n = strlen(t->node->type);
    for (const char *s = strstr(list, t->node->type); s; s = strstr(s + 1, t->node->type))
        if ((s == list || s[-1] == ' ') && (s[n] == ' ' || !s[n])) return true;
    return false;
}

/* Returns the attribute without marking it as seen, which the operator's plan does. */
static const nm_attr *attr(const step *t, const char *name)
{
    for (int i = 0; i < t->node->n_attrs; i++)
        if (strcmp(t->node->attrs[i].name, name) == 0) return &t->node->attrs[i];
    return NULL;
}

/* Replaces input k by another constant of the same rank. */
static void replace(const step *t, int k, nm_shape shape, const double *x)
{
    nm_value v = t->net->values[t->node->in[k]];
    v.shape = shape;
    v.n = nm_shape_size(t->job, shape);
    v.data = x;
    v.maker = -1;
    bool used = true;
    for (v.name = nm_fmt(t->job, "%s.one", v.name); used;
         v.name = used ? nm_fmt(t->job, "%s_", v.name) : v.name) {
        used = false;
        for (size_t i = 0; i < t->net->n_values; i++)
            used |= strcmp(t->net->values[i].name, v.name) == 0;
    }
    if (t->net->n_values >= t->s->cap)
        nm_throw(t->job, NM_EIO, "%s: too many constants are needed to take the batch apart", t->net->path);
    t->net->values[t->net->n_values] = v;
    t->node->in[k] = (int)t->net->n_values++;
}

/* Requires constant k, whose axis 0 lies along the batch, to be the same for all samples, and keeps one part of it.
 * whole: it must have N parts, instead of one that is broadcast. */
static void same_for_all(const step *t, int k, bool whole)
{
    const nm_value *v = nm_in(t->net, t->node, k);
    const int64_t parts = v->shape.dim[0];
    if (parts == 1 && !whole) return;
    if (parts != t->s->n)
        mixed(t, nm_fmt(t->job, "constant \"%s\" has the shape %s", v->name,
                        nm_shape_print(t->job, v->shape)));
    const size_t size = v->n / (size_t)parts;
    for (size_t i = size; i < v->n; i++)
        if (v->data[i] != v->data[i % size])
            mixed(t, nm_fmt(t->job, "constant \"%s\" differs between samples", v->name));
    nm_shape one = v->shape;
    one.dim[0] = 1;
    replace(t, k, one, v->data);
}

/* Reads the integers of attribute `name` or of constant k, as the network of N samples has them; -1: neither exists. */
static int list(const step *t, const char *name, int k, double out[2 * NM_MAXRANK])
{
    const nm_attr *a = attr(t, name);
    const nm_value *v = nm_in(t->net, t->node, k);
    const double *x = v ? t->s->full[t->node->in[k]] : NULL;
    if (!a && !v) return -1;
    if ((v && !v->data) || (a ? a->n : v->n) > 2 * NM_MAXRANK)
        mixed(t, "a list that is not constant");
    const int n = (int)(a ? a->n : v->n);
    for (int i = 0; i < n; i++) out[i] = a ? (double)a->ints[i] : (x ? x : v->data)[i];
    return n;
}

static bool names_batch(double axis, int rank) { return axis == 0 || axis == -rank; }

/* Requires that none of the listed axes is the batch; at least `least` axes must be listed. */
static void axes_apart(const step *t, int rank, int least)
{
    double axes[2 * NM_MAXRANK];
    const int n = list(t, "axes", 1, axes);
    if (n < least) mixed(t, "no axes are named, so that all are meant");
    for (int i = 0; i < n; i++)
        if (names_batch(axes[i], rank)) mixed(t, "it names the first axis");
}

static void axis_apart(const step *t, int64_t other, int rank)
{
    const nm_attr *a = attr(t, "axis");
    if (names_batch((double)(a ? a->i : other), rank)) mixed(t, "it works along the first axis");
}

/* Requires element 0 of the list in constant k to be about the batch; sets it to 1 where it says N. */
static void first_is_one(const step *t, int k, bool can_be_n)
{
    const nm_value *v = nm_in(t->net, t->node, k);
    if (!v || !v->data || v->n == 0) mixed(t, "a list that is not constant");
    const double *full = t->s->full[t->node->in[k]], said = full ? full[0] : v->data[0];
    if (said != 1 && !(can_be_n && said == (double)t->s->n))
        mixed(t, nm_fmt(t->job, "%s for the first axis", nm_num_text(t->job, said)));
    if (v->data[0] == 1) return;
    double *x = NM_RAW(t->job, double, v->n);
    memcpy(x, v->data, v->n * sizeof *x);
    x[0] = 1;
    replace(t, k, v->shape, x);
}

/* ---- the rules ---- */

/* Treats factors and terms that are broadcast: varying ones must have all axes, so that their first axes coincide. */
static void spread(const step *t)
{
    int rank = 0;
    for (int k = 0; k < t->node->n_in; k++)
        if (nm_in(t->net, t->node, k)->shape.rank > rank)
            rank = nm_in(t->net, t->node, k)->shape.rank;
    for (int k = 0; k < t->node->n_in; k++) {
        const nm_value *v = nm_in(t->net, t->node, k);
        if (is_apart(t, k) ? v->shape.rank != rank : !v->data)
            mixed(t, "its inputs have other ranks");
        if (!is_apart(t, k) && v->shape.rank == rank) same_for_all(t, k, false);
    }
}

static void product(const step *t)
{
    const int var = is_apart(t, 0) ? 0 : 1;
    const nm_value *x = nm_in(t->net, t->node, var), *w = nm_in(t->net, t->node, !var);
    const bool gemm = strcmp(t->node->type, "Gemm") == 0;
    if (!w->data) mixed(t, "both factors vary");
    if (x->shape.rank < 2 || (x->shape.rank == 2 && (var || w->shape.rank > 2)) ||
        w->shape.rank > x->shape.rank)
        mixed(t, "the first axis is summed over, or spread");
    if (gemm && (attr(t, "transA") ? attr(t, "transA")->i : 0))
        mixed(t, "the first axis is summed over");
    if (!gemm && x->shape.rank > 2 && w->shape.rank == x->shape.rank) same_for_all(t, !var, false);
    if (gemm && nm_in(t->net, t->node, 2) && nm_in(t->net, t->node, 2)->shape.rank == 2)
        same_for_all(t, 2, false);
}

static void reshape(const step *t)
{
    const nm_value *x = nm_in(t->net, t->node, 0);
    double to[2 * NM_MAXRANK];
    const int n = list(t, "shape", 1, to);
    if (n < 1 || attr(t, "shape") || (attr(t, "allowzero") && attr(t, "allowzero")->i))
        mixed(t, "a shape without a first axis");
    if (to[0] == (double)t->s->n) {
        first_is_one(t, 1, true);
    } else if (to[0] == -1) {
        double rest = 1;
        for (int i = 1; i < n; i++)
            rest *= to[i] == 0 && i < x->shape.rank ? (double)x->shape.dim[i] : to[i];
        if (rest != (double)x->n) mixed(t, "the first axis becomes longer or shorter");
    } else if (to[0] != 0) {
        mixed(t, nm_fmt(t->job, "a first axis of %s", nm_num_text(t->job, to[0])));
    }
    const double *full = t->s->full[t->node->in[1]];
    if (full)
        for (int i = 1; i < n; i++)
            if (full[i] != nm_in(t->net, t->node, 1)->data[i])
                mixed(t, "its shape depends on the batch");
}

static void slice(const step *t, int rank)
{
    double starts[2 * NM_MAXRANK], ends[2 * NM_MAXRANK], axes[2 * NM_MAXRANK],
        steps[2 * NM_MAXRANK];
    const int n = list(t, "starts", 1, starts), m = list(t, "axes", 3, axes),
              k = list(t, "steps", 4, steps);
    if (list(t, "ends", 2, ends) != n || (m >= 0 && m != n) || (k >= 0 && k != n))
        mixed(t, "lists that do not fit");
    for (int i = 0; i < n; i++) {
        const bool all = starts[i] == 0 && ends[i] >= (double)t->s->n && (k < 0 || steps[i] == 1);
        if (names_batch(m < 0 ? i : axes[i], rank) && !all) mixed(t, "it cuts the first axis");
    }
}

static void pad(const step *t, int rank)
{
    double pads[2 * NM_MAXRANK], axes[2 * NM_MAXRANK];
    const int n = list(t, "pads", 1, pads), m = list(t, "axes", 3, axes);
    if (m >= 0 && 2 * m != n) mixed(t, "lists that do not fit");
    for (int i = 0; i < n / 2; i++)
        if (names_batch(m < 0 ? i : axes[i], rank) && (pads[i] != 0 || pads[n / 2 + i] != 0))
            mixed(t, "it pads the first axis");
}

static void resize(const step *t)
{
    const nm_attr *scales = attr(t, "scales");
    if (attr(t, "axes")) mixed(t, "attribute axes");
    if (scales && (scales->n < 1 || scales->floats[0] != 1)) mixed(t, "it resizes the first axis");
    for (int k = strcmp(t->node->type, "Resize") == 0 && t->net->opset > 10 ? 2 : 1;
         k < t->node->n_in; k++)
        if (nm_in(t->net, t->node, k) && nm_in(t->net, t->node, k)->n) first_is_one(t, k, k == 3);
}

static void expand(const step *t, int rank)
{
    const nm_value *to = nm_in(t->net, t->node, 1);
    if (!to || (int64_t)to->n > rank) mixed(t, "it makes new axes before the first");
    if ((int64_t)to->n == rank) first_is_one(t, 1, true);
}

static void concat(const step *t, int rank)
{
    axis_apart(t, 0, rank);
    for (int k = 0; k < t->node->n_in; k++)
        if (!is_apart(t, k)) same_for_all(t, k, true);
}

/* Returns true if a rule that looks only at the operator's own inputs was found and holds. */
static bool holds(const step *t, int rank)
{
    if (is(t, "Relu LeakyRelu Abs Neg HardSigmoid Identity Dropout Cast Clip Sigmoid Tanh "
              "DepthToSpace SpaceToDepth") ||
        is(t, "Conv ConvTranspose MaxPool AveragePool GlobalMaxPool GlobalAveragePool "
              "BatchNormalization"))
        return true;
    if (is(t, "Add Sub Mul Div Max Min Sum Mean PRelu Where"))
        spread(t);
    else if (is(t, "Gemm MatMul"))
        product(t);
    else if (is(t, "Reshape"))
        reshape(t);
    else if (is(t, "Flatten"))
        return !attr(t, "axis") || attr(t, "axis")->i == 1 || attr(t, "axis")->i == 1 - rank;
    else if (is(t, "Transpose"))
        return attr(t, "perm") && attr(t, "perm")->n && attr(t, "perm")->ints[0] == 0;
    else if (is(t, "Squeeze ReduceSum ReduceMean ReduceMax ReduceMin"))
        axes_apart(t, rank, 1);
    else if (is(t, "Unsqueeze")) {
        double axes[2 * NM_MAXRANK];
        axes_apart(t, rank + list(t, "axes", 1, axes), 1);
    } else if (is(t, "Concat"))
        concat(t, rank);
    else if (is(t, "Split Gather ArgMax"))
        axis_apart(t, 0, rank);
    else if (is(t, "Softmax LogSoftmax"))
        axis_apart(t, t->net->opset < 13 ? 1 : -1, rank);
    else if (is(t, "Slice"))
        slice(t, rank);
    else if (is(t, "Pad"))
        pad(t, rank);
    else if (is(t, "Expand"))
        expand(t, rank);
    else if (is(t, "Tile"))
        first_is_one(t, 1, false);
    else if (is(t, "Resize Upsample"))
        resize(t);
    else
        return false;
    return true;
}

/* ---- constants that depend on the batch size ---- */

static void keep_full(const step *t, const double *x)
{
    const nm_value *v = &t->net->values[t->node->out[0]];
    if (v->n && memcmp(x, v->data, v->n * sizeof *x)) t->s->full[t->node->out[0]] = x;
}

/* Folds Shape or Size of a value that is apart, for N samples as well. */
static void measured(const step *t)
{
    const nm_value *v = &t->net->values[t->node->out[0]];
    double *x = NM_RAW(t->job, double, v->n);
    const nm_attr *start = attr(t, "start");
    const int64_t from = start ? start->i : 0, rank = nm_in(t->net, t->node, 0)->shape.rank;
    memcpy(x, v->data, v->n * sizeof *x);
    const bool first = strcmp(t->node->type, "Size") == 0 || from == 0 || from <= -rank;
    if (first && v->n) x[0] *= (double)t->s->n;
    keep_full(t, x);
}

/* Folds an operator on such constants for N samples as well, provided that its plan does not look at the numbers. */
static void folded(const step *t)
{
    bool any = false;
    double **val = NM_ARRAY(t->job, double *, t->net->n_values);
    for (int k = 0; k < t->node->n_in; k++) {
        const int v = t->node->in[k];
        if (v < 0) continue;
        const double *x = t->s->full[v];
        any |= x != NULL;
        if (x && k && !is(t, "Concat Add Sub Mul"))
            mixed(t, "it is steered by the size of the batch");
        val[v] = (double *)(uintptr_t)(x ? x : t->net->values[v].data);
    }
    if (!any) return;
    if (!is(t, "Concat Add Sub Mul Gather Slice Unsqueeze Squeeze Reshape Identity Cast"))
        mixed(t, "it computes with the size of the batch");
    const int out = t->node->out[0];
    val[out] = NM_ARRAY(t->job, double, t->net->values[out].n);
    t->node->op->eval(&(nm_eval){.job = t->job, .net = t->net, .val = val}, t->node);
    keep_full(t, val[out]);
}

void nm_apart_before(nm_job *job, nm_net *net, nm_apart *s, nm_node *node)
{
    const step t = {job, net, s, node};
    bool any = false;
    for (int k = 0; k < node->n_in; k++) any |= is_apart(&t, k);
    if (!any || is(&t, "Shape Size")) return;
    for (int k = 0; k < node->n_in; k++) {
        const bool alike = is(&t,
                              "Add Sub Mul Div Max Min Sum Mean PRelu Where Concat Gemm MatMul");
        const bool steers = k == (is(&t, "Resize") ? 3 : 1) && is(&t, "Reshape Expand Resize");
        if (k && is_apart(&t, k) && !alike) mixed(&t, "an input besides the first varies");
        if (node->in[k] >= 0 && s->full[node->in[k]] && !steers)
            mixed(&t, "it computes with the size of the batch");
    }
    const nm_value *x = nm_in(net, node, 0);
    if (x && is_apart(&t, 0) && x->shape.rank < 1) mixed(&t, "a value without axes");
    if (!holds(&t, x ? x->shape.rank : 0)) mixed(&t, "no rule shows that it keeps them apart");
}

void nm_apart_after(nm_job *job, nm_net *net, nm_apart *s, nm_node *node)
{
    const step t = {job, net, s, node};
    bool any = false;
    for (int k = 0; k < node->n_in; k++) any |= is_apart(&t, k);
    if (any && is(&t, "Shape Size")) {
        measured(&t);
    } else if (!any) {
        folded(&t);
    } else {
        for (int k = 0; k < node->n_out; k++) {
            const nm_shape shape = net->values[node->out[k]].shape;
            if (shape.rank < 1 || shape.dim[0] != 1)
                mixed(&t, nm_fmt(job, "it gives %s for one sample", nm_shape_print(job, shape)));
            s->apart[node->out[k]] = true;
        }
    }
}

void nm_apart_end(nm_job *job, const nm_net *net, const nm_apart *s)
{
    for (size_t k = 0; k < net->n_outputs; k++) {
        const int v = net->tail[k] ? net->tail[k]->out[0] : net->outputs[k];
        if (!s->apart[v])
            nm_throw(job, NM_EUNSUP,
                     "%s: output \"%s\" does not consist of one part for each of the %lld samples of the batch",
                     net->path, net->values[v].name, (long long)s->n);
    }
}
