/* final_operators.c: questions about a network whose last operators (tails) are skipped: Sigmoid, Tanh, Softmax,
 * LogSoftmax, ArgMax.
 *
 * Tails are not piecewise linear, so the flat outputs y are what they read, and the file's outputs are f(y). A row of a
 * question means the same for y as for f(y) only in these cases:
 *   (1) no output of a tail appears in it;
 *   (2) it is f_i(y) - f_j(y) <= 0 with i and j of one group, where f applies one strictly increasing function to all
 *       elements (Sigmoid, Tanh) or divides a group by one sum (Softmax): then it is equivalent to y_i <= y_j;
 *   (3) LogSoftmax, f_i(y) = y_i - log sum exp y over the group: pairs with opposite coefficients in one group cancel
 *       the logarithm, whatever else the row contains, including a constant;
 *   (4) ArgMax: as (2). A point where the label's score is not the unique largest counts as misclassified, including
 *       ties, whatever index ArgMax would choose there.
 * Before this check, thresholds are moved onto y (pull_thresholds.c), and so are conditions on the label that ArgMax
 * gives (chosen_labels.c); clauses with `inner` are already about y. A worst margin is a number about f(y), not about
 * y: for (2) and for thresholds it is refused. So is everything else, by name.
 *
 * A network's label is the index of its largest output; if its only output is a Sigmoid's, it is 1 above 1/2,
 * else 0. A file with several output arrays gives none, as their elements need not be comparable. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "question/part.h"

nm_place nm_tail_place(const nm_net *net, size_t i)
{
    size_t k = 0;
    const size_t flat = i;
    while (i >= net->values[net->outputs[k]].n) i -= net->values[net->outputs[k++]].n;
    nm_place p = {net->tail[k], k, 0, flat};
    if (!p.node) return p;
    const nm_tail *t = p.node->plan;
    if (t->kind == NM_RISING)
        p.output = 0; /* the same function in all outputs, so their elements are comparable */
    else {
        p.group = i / (t->len * t->inner) * t->inner + i % t->inner;
        p.first = flat - i % (t->len * t->inner) + i % t->inner;
    }
    return p;
}

static bool same_group(const nm_place *a, const nm_place *b)
{
    return a->node && b->node && a->node->op == b->node->op && a->output == b->output &&
           a->group == b->group && strcmp(a->node->type, b->node->type) == 0;
}

/* Counts the row's nonzero terms; returns the one that is opposite to term k within its group, or -1. */
static int64_t partner(const nm_net *net, const nm_row *r, size_t k, size_t *terms)
{
    const nm_place at = nm_tail_place(net, r->var[k]);
    int64_t found = -1;
    size_t same = 0;
    *terms = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->coef[i] == 0) continue;
        ++*terms;
        if (i == k || r->var[i] >= net->n_out) continue;
        const nm_place p = nm_tail_place(net, r->var[i]);
        if (!same_group(&at, &p)) continue;
        same++;
        if (r->coef[i] == -r->coef[k] && r->var[i] != r->var[k]) found = (int64_t)i;
    }
    return same == 1 ? found : -1;
}

const nm_node *nm_tail_breaks(const nm_net *net, const nm_row *r, bool worst)
{
    for (size_t k = 0; k < r->n; k++) {
        if (r->coef[k] == 0 || r->var[k] >= net->n_out) continue;
        const nm_place p = nm_tail_place(net, r->var[k]);
        if (!p.node) continue;
        size_t terms;
        if (partner(net, r, k, &terms) < 0) return p.node;
        const nm_tail *t = p.node->plan;
        if (t->kind != NM_SHIFT && (terms != 2 || r->rhs != 0 || worst)) return p.node;
    }
    return NULL;
}

static _Noreturn void refuse(nm_job *job, const nm_net *net, const nm_query *q, const nm_clause *c,
                             const nm_node *n)
{
    nm_refuse(
        job, net, n,
        "at the output, and target %s asks for %s; a question which of two outputs is larger%s was expected",
        c->name,
        q->objective == NM_WORST   ? "a worst margin"
        : q->objective == NM_RANGE ? "a value"
                                   : "a margin or a constant",
        q->objective == NM_FEASIBLE || q->objective == NM_CLOSEST
            ? ", or a threshold on a Sigmoid, a Tanh or a Softmax of two,"
            : "");
}

void nm_tail_check(nm_job *job, const nm_net *net, const nm_query *q)
{
    const bool worst = q->objective == NM_WORST || q->objective == NM_RANGE;
    const nm_node *any = NULL;
    for (size_t k = 0; k < net->n_outputs; k++) any = net->tail[k] ? net->tail[k] : any;
    for (size_t i = 0; any && i < q->n_cases; i++)
        for (size_t t = 0; t < q->cases[i].n_clauses; t++) {
            const nm_clause *c = &q->cases[i].clauses[t];
            if (c->inner && worst) refuse(job, net, q, c, any);
            if (!c->inner)
                for (size_t r = 0; r < c->n_rows; r++) {
                    const nm_node *n = nm_tail_breaks(net, &c->rows[r], worst);
                    if (n) refuse(job, net, q, c, n);
                }
        }
}

/* Returns true if the file's outputs are arrays that need not have anything to do with each other. */
static bool has_several_arrays(const nm_net *net)
{
    if (net->n_outputs < 2 || net->second) return false;
    for (size_t k = 0; k < net->n_outputs; k++)
        if (net->values[net->outputs[k]].n > 1) return true;
    return false;
}

bool nm_tail_one_group(const nm_net *net)
{
    if (has_several_arrays(net)) return false;
    const nm_place first = nm_tail_place(net, 0);
    for (size_t i = 1; i < net->n_out; i++) {
        const nm_place p = nm_tail_place(net, i);
        if ((first.node || p.node) && !same_group(&first, &p)) return false;
    }
    return true;
}

const nm_node *nm_tail_choice(const nm_net *net)
{
    for (size_t k = 0; k < net->n_outputs; k++) {
        const nm_tail *t = net->tail[k] ? net->tail[k]->plan : NULL;
        if (t && t->kind == NM_CHOICE) return net->tail[k];
    }
    return NULL;
}

/* Returns true if the network's only output is a Sigmoid's. */
static bool is_one_sigmoid(const nm_net *net)
{
    return net->n_out == 1 && !net->second && net->tail[0] &&
           strcmp(net->tail[0]->type, "Sigmoid") == 0;
}

size_t nm_net_labels(const nm_net *net) { return is_one_sigmoid(net) ? 2 : net->n_out; }

bool nm_net_gives_label(const nm_net *net) { return nm_net_labels(net) > 1 && nm_tail_one_group(net); }

static const char *names_of_outputs(nm_job *job, const nm_net *net)
{
    nm_buf b = {.job = job};
    for (size_t k = 0; k < net->n_outputs; k++) {
        const nm_value *v = &net->values[net->tail[k] ? net->tail[k]->out[0] : net->outputs[k]];
        nm_put(&b, "%s%s %s", k == 0 ? "" : k + 1 < net->n_outputs ? ", " : " and ", v->name,
               nm_shape_print(job, v->shape));
    }
    return b.s;
}

void nm_net_want_label(nm_job *job, const nm_net *net)
{
    if (has_several_arrays(net))
        nm_throw(job, NM_EINPUT, "%s: its outputs are %s: use --output-name to choose the one "
                 "whose largest element is the label, or ask by a .vnnlib file", net->path, names_of_outputs(job, net));
    if (!nm_tail_one_group(net))
        nm_throw(job, NM_EUNSUP, "%s: its outputs are several distributions: ask by a .vnnlib file",
                 net->path);
    if (nm_net_labels(net) < 2)
        nm_throw(job, NM_EUSE,
                 "this network has a single output, which is not a Sigmoid's, so it has no labels; --objective "
                 "range:Y_0, or a question in a VNN-LIB or JSON file, was expected");
}

int64_t nm_net_label(const nm_net *net, const double *y)
{
    size_t best = 0;
    if (is_one_sigmoid(net)) return y[0] > 0;
    for (size_t i = 1; i < net->n_out; i++)
        if (y[i] > y[best]) best = i;
    return (int64_t)best;
}
