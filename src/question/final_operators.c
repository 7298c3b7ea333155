/* final_operators.c: questions about a network whose last operators are left out: Sigmoid, Tanh, Softmax, LogSoftmax,
 * ArgMax.
 *
 * They are not piecewise linear, so the flat outputs y are what they read, and the file's outputs are f(y). A row of
 * a question means the same of y as of f(y) in these cases alone:
 *   (1) no output that a tail makes stands in it;
 *   (2) f_i(y) - f_j(y) <= 0 with i and j of one group: f is strictly increasing element by element with one and the
 *       same function (Sigmoid, Tanh), or divides by one sum a group (Softmax): then it says y_i <= y_j;
 *   (3) LogSoftmax, f_i(y) = y_i - log sum exp y over the group: pairs with opposite coefficients in a group lose the
 *       logarithm, whatever else the row holds, a constant included;
 *   (4) ArgMax: like (2). A point where the label's score is not the only largest counts as misclassified, ties
 *       included, whatever index ArgMax would choose there.
 * A worst margin is a number about f(y), not about y: with (2) it is refused. So is all else, by name. */
#include "network/network.h"
#include "question/question.h"
#include "question/part.h"

typedef struct {
    const nm_node *node; /* NULL: no tail */
    size_t output, group;
} place;

static place place_of(const nm_net *net, size_t i)
{
    size_t k = 0;
    while (i >= net->values[net->outputs[k]].n) i -= net->values[net->outputs[k++]].n;
    place p = {net->tail[k], k, 0};
    if (!p.node) return p;
    const nm_tail *t = p.node->plan;
    if (t->kind == NM_RISING)
        p.output = 0; /* one function for all elements, in other outputs, too */
    else
        p.group = i / (t->len * t->inner) * t->inner + i % t->inner;
    return p;
}

static bool same_group(const place *a, const place *b)
{
    return a->node && b->node && a->node->op == b->node->op && a->output == b->output &&
           a->group == b->group && strcmp(a->node->type, b->node->type) == 0;
}

/* terms of the row that are not 0, and among them the one that is opposite to term k in its group, or -1 */
static int64_t partner(const nm_net *net, const nm_row *r, size_t k, size_t *terms)
{
    const place at = place_of(net, r->var[k]);
    int64_t found = -1;
    size_t same = 0;
    *terms = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->coef[i] == 0) continue;
        ++*terms;
        if (i == k || r->var[i] >= net->n_out) continue;
        const place p = place_of(net, r->var[i]);
        if (!same_group(&at, &p)) continue;
        same++;
        if (r->coef[i] == -r->coef[k] && r->var[i] != r->var[k]) found = (int64_t)i;
    }
    return same == 1 ? found : -1;
}

/* the tail that makes the row mean something else, or NULL */
static const nm_node *breaks(const nm_net *net, const nm_row *r, bool worst)
{
    for (size_t k = 0; k < r->n; k++) {
        if (r->coef[k] == 0 || r->var[k] >= net->n_out) continue;
        const place p = place_of(net, r->var[k]);
        if (!p.node) continue;
        size_t terms;
        if (partner(net, r, k, &terms) < 0) return p.node;
        const nm_tail *t = p.node->plan;
        if (t->kind != NM_SHIFT && (terms != 2 || r->rhs != 0 || worst)) return p.node;
    }
    return NULL;
}

void nm_tail_check(nm_job *job, const nm_net *net, const nm_query *q)
{
    bool any = false;
    for (size_t k = 0; k < net->n_outputs; k++) any |= net->tail[k] != NULL;
    for (size_t i = 0; any && i < q->n_cases; i++)
        for (size_t t = 0; t < q->cases[i].n_clauses; t++)
            for (size_t r = 0; r < q->cases[i].clauses[t].n_rows; r++) {
                const nm_clause *c = &q->cases[i].clauses[t];
                const nm_node *n = breaks(net, &c->rows[r],
                                          q->objective == NM_WORST || q->objective == NM_RANGE);
                if (n)
                    nm_refuse(
                        job, net, n,
                        "at the output, and target %s asks for %s: which of two outputs is larger "
                        "was expected",
                        c->name,
                        q->objective == NM_WORST   ? "a worst margin"
                        : q->objective == NM_RANGE ? "a value"
                                                   : "a margin or a constant");
            }
}

bool nm_tail_one_group(const nm_net *net)
{
    const place first = place_of(net, 0);
    for (size_t i = 1; i < net->n_out; i++) {
        const place p = place_of(net, i);
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
