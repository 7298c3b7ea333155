/* tight_targets.c: stages on the open targets of a case that share its bounds of units, so that they do not depend on
 * each other and the job's threads can share them: conditioned tightening, which gives each target bounds of its own,
 * and trees of cheap nodes. Slopes of up to NM_LANES targets are optimised at once before that. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

/* ---- alpha, and bounds for counterexamples to one target ---- */

typedef struct {
    nm_state *s;
    const nm_bounded *k;
    const nm_alpha *a;
    size_t n;
    uint32_t row[NM_LANES];
    double rhs[NM_LANES];
    size_t lane[NM_LANES]; /* [n] lanes of targets that alpha left open */
    nm_bounds *tight[NM_LANES];
    bool closed[NM_LANES], done[NM_LANES];
} lanes;

static void tighten_each(nm_job *job, void *arg, nm_turns *turns)
{
    lanes *t = arg;
    for (size_t i; nm_turns_next(job, turns, &i);) {
        const nm_mark mark = nm_mark_get(job);
        const size_t l = t->lane[i];
        const nm_tight tight = nm_tighten(job, t->k->b, t->row[l], t->rhs[l], t->a, l,
                                          (nm_tighten_opts){NM_TIGHT_ROUNDS, NM_TIGHT_STEPS});
        nm_bounds_assign(t->tight[i], tight.b);
        t->closed[i] = tight.closed;
        t->done[i] = true;
        nm_mark_release(job, mark);
    }
}

static nm_target *target_of(const nm_state *s, size_t i, size_t clause)
{
    return &s->v->targets[s->cases[i].first + clause];
}

/* Takes over what alpha has found out about a target; returns true if that closes it. */
static bool close_by_alpha(const lanes *t, size_t i, size_t l, size_t clause)
{
    nm_state *s = t->s;
    nm_target *target = target_of(s, i, clause);
    const double lo = nm_down(t->a->lo[l] - t->rhs[l]);
    const size_t r = nm_target_row(t->k, &s->q->cases[i].clauses[clause], clause);
    if (t->a->lo[l] > t->rhs[l]) {
        nm_record_alpha(s, target, r, t->a, l);
        nm_target_close(s, target, lo);
        return true;
    }
    if (lo > target->margin_lo) target->margin_lo = lo;
    if (!s->o->record || !nm_prove(s, target, r, t->a, l, 1)) return false;
    nm_target_close(s, target, target->margin_lo);
    return true;
}

/* Returns true if the recorded steps of a target have given it bounds of its own. */
static bool begun(const nm_state *s, const nm_target *t)
{
    return s->o->record && s->o->record->begun[t - s->v->targets];
}

/* Treats up to NM_LANES open clauses: alpha for all of them, then conditioned tightening of each. */
static void tighten_some(nm_state *s, size_t i, size_t n, const size_t *clause)
{
    const nm_case *c = &s->q->cases[i];
    lanes t = {.s = s, .k = &s->cases[i]};
    for (size_t l = 0; l < n; l++) {
        const nm_clause *cl = &c->clauses[clause[l]];
        const size_t r = nm_target_row(t.k, cl, clause[l]);
        t.row[l] = t.k->row[clause[l]][r];
        t.rhs[l] = cl->rows[r].rhs + s->q->guard;
    }
    t.a = (s->o->record ? nm_alpha_coarse : nm_alpha_run)(s->job, t.k->b, n, t.row, t.rhs, NM_ALPHA_STEPS, NULL, NULL);
    for (size_t l = 0; l < n && !nm_stopped(s->job); l++) {
        if (close_by_alpha(&t, i, l, clause[l]) || begun(s, target_of(s, i, clause[l]))) continue;
        t.tight[t.n] = nm_bounds_copy(s->job, t.k->b);
        t.lane[t.n++] = l;
    }
    nm_team_run(s->job, t.n, (double)t.n * nm_crown_work(t.k->b), tighten_each, &t);
    for (size_t k = 0; k < t.n; k++) {
        nm_target *target = target_of(s, i, clause[t.lane[k]]);
        if (t.closed[k]) nm_target_close(s, target, target->margin_lo);
        if (t.done[k] && !t.closed[k]) target->tight = t.tight[k];
    }
}

void nm_close_tighten(nm_state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    size_t clause[NM_LANES], n = 0;
    for (size_t t = 0; t < c->n_clauses; t++) {
        if (nm_target_open(target_of(s, i, t))) clause[n++] = t;
        if (n == NM_LANES || (n > 0 && t + 1 == c->n_clauses)) {
            tighten_some(s, i, n, clause);
            n = 0;
        }
    }
}

/* ---- a tree of cheap nodes, before dearer bounds ---- */

typedef struct {
    const nm_state *s;
    const nm_bounded *k;
    size_t *clause; /* of the open targets that have bounds of their own */
    bool *closed;
    nm_lane_words *words; /* of a certificate, or NULL */
} trees;

static void try_each(nm_job *job, void *arg, nm_turns *turns)
{
    const trees *t = arg;
    for (size_t i; nm_turns_next(job, turns, &i);) {
        const nm_mark mark = nm_mark_get(job);
        const size_t clause = t->clause[i];
        const nm_clause *c = &t->k->work.c->clauses[clause];
        const nm_bounds *b = t->s->v->targets[t->k->first + clause].tight;
        const size_t r = nm_target_row(t->k, c, clause);
        nm_relax *lines = nm_relax_new(job, b);
        nm_relax_set(lines, b, 1, (int)b->p->n_blocks);
        t->closed[i] = nm_lane_tree_run(job, b, t->k->row[clause][r], c->rows[r].rhs + t->s->q->guard, lines->slo,
                                        nm_pseudo_new(job, b->p->n_units, NULL),
                                        (nm_lane_opts){.nodes = NM_TREE_NODES, .words = t->words ? &t->words[i] : NULL})
                           .closed;
        nm_mark_release(job, mark);
    }
}

void nm_close_trees(nm_state *s, size_t i)
{
    const size_t most = s->q->cases[i].n_clauses;
    if (nm_hidden_layers(s->cases[i].b->p) < NM_TREE_LAYERS) return;
    trees t = {s, &s->cases[i], NM_RAW(s->job, size_t, most + 1), NM_ARRAY(s->job, bool, most + 1), NULL};
    size_t n = 0;
    for (size_t c = 0; c < most; c++)
        if (nm_target_open(target_of(s, i, c)) && target_of(s, i, c)->tight) t.clause[n++] = c;
    if (nm_record_units(s, i)) t.words = nm_lane_words_new(s->job, n);
    nm_team_run(s->job, n, (double)n * nm_crown_work(t.k->b), try_each, &t);
    for (size_t k = 0; k < n; k++) {
        nm_target *target = target_of(s, i, t.clause[k]);
        const nm_clause *c = &s->q->cases[i].clauses[t.clause[k]];
        if (t.closed[k] && t.words && begun(s, target))
            nm_record_tree(s, target, nm_target_row(t.k, c, t.clause[k]), &t.words[k]);
        if (t.closed[k]) nm_target_close(s, target, target->margin_lo);
    }
    if (t.words) nm_lane_words_drop(s->job, n, t.words);
}
