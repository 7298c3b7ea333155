/* refine.c: closes the gap between attained value and proven bound of a worst margin, or of an end of a range, that
 * models left, by decisions.
 *
 * "Is the margin at most v - gap?", where v is the attained value, is a decision over the same set: bounds, attack,
 * splitting, branching and the tree can answer it, while for a value only the tree can. Yes gives a lower value, and
 * the question is asked again below that; no proves that v - gap is a bound. This matters if weights are so large that
 * a point of a linear program says little about the network. Cost: a whole question for each round, at most ROUNDS for
 * each target. */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "search/search.h"
#include "search/state.h"

enum { ROUNDS = 12 };

/* Returns the case of target t with its clause only, whose rows end at v. *proven: the bound that a proof gives, less
 * the rounding of the shift. */
static nm_case *ending_at(nm_job *job, const nm_query *q, const nm_target *t, double v,
                          double *proven)
{
    nm_case *c = NM_NEW(job, nm_case);
    *c = q->cases[t->icase];
    nm_clause *k = NM_NEW(job, nm_clause);
    *k = c->clauses[t->iclause];
    nm_row *rows = memcpy(NM_RAW(job, nm_row, k->n_rows + 1), k->rows, k->n_rows * sizeof *rows);
    *proven = v;
    for (size_t r = 0; r < k->n_rows; r++) {
        const double was = rows[r].rhs;
        rows[r].rhs = was + v;
        *proven = fmin(*proven, nm_down(rows[r].rhs - was));
    }
    k->rows = rows;
    c->clauses = k;
    c->n_clauses = 1;
    return c;
}

static double attained(const nm_state *s, const nm_target *t)
{
    if (s->q->objective == NM_RANGE) return t->best ? t->best->margin64 : INFINITY;
    return s->v->witness ? s->v->witness->margin64 : INFINITY;
}

static bool is_open(const nm_state *s, const nm_target *t)
{
    if (s->q->objective == NM_RANGE) return nm_range_open(s, t);
    const double v = attained(s, t);
    return t->status == NM_UNKNOWN && t->bound < v - 2 * NM_TREE_GAP * (1 + fabs(v));
}

/* Asks once; returns true if something new is known about the target. */
static bool ask(nm_state *s, nm_target *t)
{
    const double at = attained(s, t);
    if (!isfinite(at)) return false;
    double proven;
    nm_query q = *s->q;
    nm_solve_opts o = *s->o;
    q.objective = NM_FEASIBLE;
    q.guard = 0;
    *q.hash = 0;
    q.n_cases = 1;
    q.cases = ending_at(s->job, s->q, t, at - NM_TREE_GAP * (1 + fabs(at)), &proven);
    o.files.out = NULL;
    o.known = NULL; /* they number the cases of the whole question */
    o.stages.evaluate = false;
    o.program = s->p;
    o.time_limit = isinf(s->deadline) ? 0 : s->deadline - nm_wall();
    const nm_verdict *d = s->ask(s->job, s->net, &q, &o);
    if (d->status == NM_OK) {
        t->bound = fmax(t->bound, proven);
        t->by = d->by;
        if (s->q->objective == NM_RANGE || t->bound > s->q->guard) t->status = NM_OK;
        return false;
    }
    if (d->status != NM_VIOLATED || !d->witness) return false;
    const double *x = d->witness->g ? d->witness->g : d->witness->x;
    const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
    nm_state_take(s, &r, d->by);
    return attained(s, t) < at;
}

void nm_refine(nm_state *s)
{
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        for (int r = 0; r < ROUNDS && is_open(s, t); r++)
            if (nm_stopped(s->job) || nm_wall() > s->deadline || !ask(s, t)) break;
    }
}
