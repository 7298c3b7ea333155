/* refine.c: closes the gap between attained value and proven bound of a worst margin, or of an end of a range, that
 * models left, by decisions.
 *
 * "Is the margin at most v - gap?", where v is the attained value, is a decision over the same set: bounds, attack,
 * splitting, branching and the tree can answer it, while for a value only the tree can. Yes gives a lower value, and
 * the question is asked again below that; no proves that v - gap is a bound. This matters if weights are so large that
 * a point of a linear program says little about the network. Cost: a whole question for each round, at most ROUNDS for
 * each target.
 * With a time limit the same is first asked about smaller margins, between bound and value, of the target whose bound
 * is least: failures take a part of the time that is left, so that each goes only a third of the way. In deep networks
 * this proves far more than models do, for which a part of the limit is enough there (pipeline.c).
 * A value is what attacks found. Where it is not quite the least one, as on the sphere of an L2 ball, neither answer
 * can be given just below it; so what is left is bisected, from either side, until two decisions fail. */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "search/search.h"
#include "search/state.h"

enum { ROUNDS = 12 };
typedef struct { /* how bounds are raised */
    double step;      /* of the way from bound to value that a decision goes */
    double near;      /* of what was open at first: it may stay open */
    size_t failures;  /* decisions of a target that may stay without an answer */
    double most;      /* seconds for each */
} pace;
static const pace AFAR = {0.3, 0.02, SIZE_MAX, INFINITY}, SOON = {0.3, 0.02, 2, NM_SLICE},
                  BISECT = {0.5, 0, 2, INFINITY};
static const double NEAR_FAILED = 1e-3; /* the same, below a value that could not be decided */
static const double ASK_PART = 0.25; /* of the time that is left, for a decision on that way */

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
    return t->bound < v - 2 * NM_TREE_GAP * (1 + fabs(v));
}

/* Takes what a decision has found: that the margin is above v, or a point x. */
static void take(nm_state *s, nm_target *t, int status, nm_settled by, double proven, const double *x)
{
    if (status == NM_OK) {
        t->bound = fmax(t->bound, proven);
        if (t->status != NM_VIOLATED) t->by = by; /* which else says how its counterexample was found */
        if (s->q->objective == NM_WORST && t->bound > s->q->guard) t->status = NM_OK;
    }
    if (status == NM_VIOLATED) {
        const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
        nm_state_take(s, &r, by);
    }
}

/* Decides whether the target's margin can be at most v, in this part of the time that is left, and `most` seconds;
 * returns the status of that question. Only what is taken from it stays in memory. */
static int decide(nm_state *s, nm_target *t, double v, double part, double most)
{
    const size_t width = nm_case_width(s->q, &s->q->cases[t->icase]);
    double proven, *x = NM_RAW(s->job, double, width + 1);
    const nm_mark mark = nm_mark_get(s->job);
    nm_query q = *s->q;
    nm_solve_opts o = *s->o;
    q.objective = NM_FEASIBLE;
    q.guard = 0;
    *q.hash = 0;
    q.n_cases = 1;
    q.cases = ending_at(s->job, s->q, t, v, &proven);
    o.files.out = NULL;
    o.programs.keep = NULL; /* the files that are kept are those of the whole question */
    o.known = NULL; /* they number the cases of the whole question */
    o.stages.evaluate = false;
    o.program = s->p;
    const double limit = fmin(part * (s->deadline - nm_wall()), most);
    o.time_limit = isinf(limit) ? 0 : fmax(limit, 1e-3); /* 0: there is none */
    const nm_verdict *d = s->ask(s->job, s->net, &q, &o);
    const int status = d->status;
    const nm_settled by = d->by;
    if (status == NM_VIOLATED) memcpy(x, d->witness->g ? d->witness->g : d->witness->x, width * sizeof *x);
    nm_mark_release(s->job, mark);
    take(s, t, status, by, proven, x);
    return status;
}

/* Asks whether the value can be improved; returns true if it was. */
static bool improve(nm_state *s, nm_target *t)
{
    const double at = attained(s, t);
    if (!isfinite(at)) return false;
    const int status = decide(s, t, at - NM_TREE_GAP * (1 + fabs(at)), 1, INFINITY);
    if (status == NM_OK && s->q->objective == NM_RANGE) t->status = NM_OK;
    return attained(s, t) < at;
}

static bool out_of_time(const nm_state *s) { return nm_stopped(s->job) || nm_wall() > s->deadline; }

/* Returns the target with the least bound of those that are open and not stuck, or -1. */
static int64_t least_open(const nm_state *s, const bool *stuck)
{
    int64_t best = -1;
    for (size_t i = 0; i < s->v->n_targets; i++)
        if (!stuck[i] && is_open(s, &s->v->targets[i]) &&
            (best < 0 || s->v->targets[i].bound < s->v->targets[best].bound))
            best = (int64_t)i;
    return best;
}

/* Notes the decision, about the value as the question has it. */
static void say(const nm_state *s, const nm_target *t, double v)
{
    const bool most = s->q->cases[t->icase].clauses[t->iclause].goal == NM_MOST;
    nm_note(s->job, "target %s: deciding whether %s can be %.6g", t->name,
            s->q->objective == NM_RANGE ? "the value" : "the margin", most ? -v : v);
}

/* Raises bounds until they come no nearer to their values; of a worst margin, until the least one does not. */
static void raise_bounds(nm_state *s, pace p)
{
    const size_t n = s->v->n_targets;
    double *top = NM_RAW(s->job, double, n + 1), *first = NM_RAW(s->job, double, n + 1);
    size_t *failed = NM_ARRAY(s->job, size_t, n + 1);
    bool *stuck = NM_ARRAY(s->job, bool, n + 1);
    for (size_t i = 0; i < n; i++) {
        top[i] = INFINITY; /* a margin that was not proven */
        first[i] = s->v->targets[i].bound;
    }
    for (int64_t i; (i = least_open(s, stuck)) >= 0 && !out_of_time(s);) {
        nm_target *t = &s->v->targets[i];
        const double value = attained(s, t), rest = fmin(top[i], value) - t->bound;
        const double near = isinf(top[i]) ? p.near : fmax(p.near, NEAR_FAILED), before = t->bound;
        stuck[i] = failed[i] >= p.failures || !(isfinite(rest) && rest > near * (value - first[i]));
        if (stuck[i] && s->q->objective == NM_WORST) return;
        if (stuck[i]) continue;
        const double v = t->bound + p.step * rest;
        say(s, t, v);
        const int status = decide(s, t, v, ASK_PART, p.most);
        if (attained(s, t) < value || t->bound > before) continue;
        top[i] = v;
        failed[i] = status == NM_OK ? p.failures : failed[i] + 1; /* OK: a proof that rounding made useless */
    }
}

static void improve_all(nm_state *s)
{
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        for (int r = 0; r < ROUNDS && is_open(s, t); r++)
            if (out_of_time(s) || !improve(s, t)) break;
    }
}

void nm_refine_soon(nm_state *s)
{
    raise_bounds(s, SOON);
}

void nm_refine(nm_state *s)
{
    if (!isinf(s->deadline)) raise_bounds(s, AFAR);
    improve_all(s);
    raise_bounds(s, BISECT);
    improve_all(s);
}
