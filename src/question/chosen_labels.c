/* chosen_labels.c: rewrites what a file says about the label that ArgMax gives as conditions on the scores that ArgMax
 * reads.
 *
 * Rows over one such output A, such as A <= 1 and A >= 1, leave a set S of its labels 0..n-1 (decided exactly). A is in
 * S if some score of S is at least every score outside S: this gives a clause for each label of S, with a row for each
 * label outside. If S has all labels, there is no row; if it is empty, the clause is dropped. A clause about several
 * such outputs becomes one clause for each choice of a label for each of them. Ties count, whichever label ArgMax would
 * give there, as elsewhere (final_operators.c). Rows that relate A to anything else are refused by name. Variables of
 * all rows are renumbered for the scores. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "question/part.h"

typedef struct {
    nm_job *job;
    const nm_net *net;
    nm_query *q;
    size_t n_said; /* number of outputs as the file counts them */
    const size_t *
        flat; /* [n_said] its flat output: its own, or its label 0's score */
    const nm_tail **tail; /* [n_said] its ArgMax, or NULL */
    const nm_node **node;
} chosen;

typedef struct { /* the labels that a clause leaves to one output */
    size_t output;
    bool *is_left; /* [its labels] */
} choice;

size_t nm_net_said(const nm_net *net)
{
    size_t n = 0;
    for (size_t k = 0; k < net->n_outputs; k++) n += net->values[nm_net_said_value(net, k)].n;
    return n;
}

int nm_net_said_value(const nm_net *net, size_t k)
{
    const nm_tail *t = net->tail[k] ? net->tail[k]->plan : NULL;
    return t && t->kind == NM_CHOICE ? net->tail[k]->out[0] : net->outputs[k];
}

bool *nm_tail_whole(const nm_net *net, bool *whole)
{
    for (size_t k = 0; k < net->n_outputs; k++)
        for (size_t i = 0; i < net->values[nm_net_said_value(net, k)].n; i++)
            *whole++ = nm_net_said_value(net, k) != net->outputs[k];
    return whole;
}

static void place_outputs(chosen *w)
{
    const nm_net *net = w->net;
    size_t *flat = NM_RAW(w->job, size_t, w->n_said), at = 0, i = 0;
    w->tail = NM_ARRAY(w->job, const nm_tail *, w->n_said);
    w->node = NM_ARRAY(w->job, const nm_node *, w->n_said);
    for (size_t k = 0; k < net->n_outputs; at += net->values[net->outputs[k++]].n) {
        const nm_tail *t = net->tail[k] ? net->tail[k]->plan : NULL;
        const bool chooses = t && t->kind == NM_CHOICE;
        for (size_t g = 0; g < net->values[nm_net_said_value(net, k)].n; g++, i++) {
            flat[i] = at + (chooses ? g / t->inner * t->len * t->inner + g % t->inner : g);
            w->tail[i] = chooses ? t : NULL;
            w->node[i] = net->tail[k];
        }
    }
    w->flat = flat;
}

/* Returns the same row over scores and inputs. */
static nm_row renumbered(const chosen *w, nm_row r)
{
    uint32_t *var = NM_RAW(w->job, uint32_t, r.n);
    for (size_t k = 0; k < r.n; k++)
        var[k] = (uint32_t)(r.var[k] < w->n_said ? w->flat[r.var[k]]
                                                 : r.var[k] - w->n_said + w->net->n_out);
    r.var = var;
    return r;
}

/* Returns the output of ArgMax that the row bounds; n_said: the row is about no such output. */
static size_t bounded(const chosen *w, const nm_row *r, const char *clause)
{
    size_t found = w->n_said, terms = 0;
    for (size_t k = 0; k < r->n; k++) {
        terms += r->coef[k] != 0;
        if (r->coef[k] != 0 && r->var[k] < w->n_said && w->tail[r->var[k]]) found = r->var[k];
    }
    if (found < w->n_said && terms > 1)
        nm_refuse(w->job, w->net, w->node[found],
                  "at the output, and target %s relates Y_%zu to something else: Y_%zu compared "
                  "with numbers was expected",
                  clause, found, found);
    return found;
}

static void narrow(const chosen *w, choice *all, size_t *n, size_t output, const nm_row *r)
{
    size_t k = 0;
    while (k < *n && all[k].output != output) k++;
    const size_t labels = w->tail[output]->len;
    if (k == *n) {
        all[(*n)++] = (choice){output, NM_RAW(w->job, bool, labels)};
        memset(all[k].is_left, 1, labels);
    }
    for (size_t j = 0; j < labels; j++)
        for (size_t i = 0; i < r->n; i++)
            if (r->coef[i] != 0 && !(fma(r->coef[i], (double)j, -r->rhs) <= 0))
                all[k].is_left[j] = false;
}

/* Adds the rows by which label j of the output is at least every label that is not left. */
static void beats(const chosen *w, const choice *c, size_t j, nm_row *rows, size_t *n)
{
    const nm_tail *t = w->tail[c->output];
    for (size_t i = 0; i < t->len; i++) {
        if (c->is_left[i]) continue;
        uint32_t *var = NM_RAW(w->job, uint32_t, 2);
        double *coef = NM_RAW(w->job, double, 2);
        var[0] = (uint32_t)(w->flat[c->output] + i * t->inner),
        var[1] = (uint32_t)(w->flat[c->output] + j * t->inner);
        coef[0] = 1, coef[1] = -1;
        rows[(*n)++] = (nm_row){2, var, coef, 0};
    }
}

typedef struct {
    nm_clause *c;
    size_t n, cap;
} clauses;

static void add(const chosen *w, clauses *to, nm_clause c)
{
    if (to->n == NM_MAX_CLAUSES)
        nm_throw(w->job, NM_EUNSUP, "%s: more than %d choices of labels", w->q->path,
                 NM_MAX_CLAUSES);
    *NM_PUSH(w->job, to->c, to->n, to->cap) = c;
}

/* Adds a clause for each choice of labels from all[0..n-1]; `rows` holds the rows of the choices made so far. */
static void choose(const chosen *w, const nm_clause *from, const choice *all, size_t n,
                   const char *name, nm_row *rows, size_t n_rows, clauses *to)
{
    if (n == 0) {
        nm_clause c = *from;
        nm_row *own = NM_ARRAY(w->job, nm_row, n_rows + 1); /* if there are none: 0 <= 0 */
        memcpy(own, rows, n_rows * sizeof *rows);
        c.rows = own;
        c.n_rows = n_rows ? n_rows : 1;
        c.name = name;
        add(w, to, c);
        return;
    }
    const size_t labels = w->tail[all->output]->len;
    size_t left = 0;
    for (size_t j = 0; j < labels; j++) left += all->is_left[j];
    if (left == labels) {
        choose(w, from, all + 1, n - 1, name, rows, n_rows, to);
        return;
    }
    for (size_t j = 0; j < labels; j++) {
        if (!all->is_left[j]) continue;
        size_t more = n_rows;
        beats(w, all, j, rows, &more);
        choose(w, from, all + 1, n - 1, nm_fmt(w->job, "%s@%zu", name, j), rows, more, to);
    }
}

static void expand(const chosen *w, const nm_clause *from, clauses *to)
{
    choice *all = NM_RAW(w->job, choice, from->n_rows + 1);
    size_t n = 0, n_rows = 0, room = from->n_rows + 1;
    for (size_t k = 0; k < from->n_rows; k++) {
        const size_t output = bounded(w, &from->rows[k], from->name);
        if (output < w->n_said) narrow(w, all, &n, output, &from->rows[k]);
    }
    for (size_t k = 0; k < n; k++) room += w->tail[all[k].output]->len;
    nm_row *rows = NM_RAW(w->job, nm_row, room);
    for (size_t k = 0; k < from->n_rows; k++)
        if (bounded(w, &from->rows[k], from->name) == w->n_said)
            rows[n_rows++] = renumbered(w, from->rows[k]);
    choose(w, from, all, n, from->name, rows, n_rows, to);
}

void nm_tail_choose(nm_job *job, const nm_net *net, nm_query *q)
{
    chosen w = {.job = job, .net = net, .q = q, .n_said = q->n_out};
    if (!nm_tail_choice(net)) return;
    place_outputs(&w);
    for (size_t i = 0; i < q->n_cases; i++) {
        nm_case *c = &q->cases[i];
        nm_row *in = NM_RAW(job, nm_row, c->n_in_rows + 1);
        clauses all = {0};
        for (size_t r = 0; r < c->n_in_rows; r++) in[r] = renumbered(&w, c->in_rows[r]);
        for (size_t t = 0; t < c->n_clauses; t++) expand(&w, &c->clauses[t], &all);
        if (all.n == 0) { /* no clause can hold */
            nm_row *never = NM_NEW(job, nm_row);
            never->rhs = -1;
            add(&w, &all,
                (nm_clause){.n_rows = 1, .rows = never, .label = -1, .name = c->clauses->name});
        }
        c->in_rows = in;
        c->clauses = all.c;
        c->n_clauses = all.n;
    }
    q->n_out = net->n_out;
    nm_note(job,
            "%s: node \"%s\": ArgMax is replaced by the scores that it reads: a label counts where it "
            "ties, too",
            net->path, nm_tail_choice(net)->name);
}
