/* range.c: the two ends of a measured value (NM_RANGE): which targets may still move an end, attained values by
 * descent, bounds by optimised slopes.
 *
 * Every target is a row to be minimised: the value itself, or minus it. An end's certified bound is the least of its
 * targets' bounds, its attained value the least margin of a replay inside the input set; the true end lies between
 * them. A target whose bound is at or above the attained value of its end cannot move it. Bounds come, rounded
 * outwards, from CROWN and its slopes, or from the tree's proven bound (solve_models.c). */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

static nm_goal goal_of(const nm_query *q, const nm_target *t)
{
    return q->cases[t->icase].clauses[t->iclause].goal;
}

/* Returns the target with the least margin attained for this goal, or NULL. */
static const nm_target *best_of(const nm_query *q, const nm_verdict *v, nm_goal goal)
{
    const nm_target *best = NULL;
    for (size_t i = 0; i < v->n_targets; i++) {
        const nm_target *t = &v->targets[i];
        if (goal_of(q, t) == goal && t->best && (!best || t->best->margin64 < best->best->margin64))
            best = t;
    }
    return best;
}

/* Returns true if its bound can move the end by no more than the replay's own rounding, or NM_RANGE_GAP of it. */
static bool settled(const nm_query *q, const nm_verdict *v, const nm_target *t)
{
    const nm_target *best = best_of(q, v, goal_of(q, t));
    if (!best) return false;
    const double at = best->best->margin64;
    return t->bound >= at - best->best->err64 - NM_RANGE_GAP * (1 + fabs(at));
}

bool nm_range_open(const nm_state *s, const nm_target *t)
{
    return nm_target_open(t) && !settled(s->q, s->v, t);
}

/* Improves bounds by optimised slopes, NM_LANES rows at a time. */
static void improve(nm_state *s, size_t i)
{
    const nm_bounded *k = &s->cases[i];
    const nm_case *c = &s->q->cases[i];
    uint32_t row[NM_LANES];
    double enough[NM_LANES];
    for (size_t t = 0; t < c->n_clauses && !nm_stopped(s->job); t += NM_LANES) {
        const size_t n = c->n_clauses - t < NM_LANES ? c->n_clauses - t : NM_LANES;
        for (size_t l = 0; l < n; l++) {
            row[l] = k->row[t + l][0];
            enough[l] = INFINITY;
        }
        const nm_alpha *a = nm_alpha_run(s->job, k->b, n, row, enough, NM_ALPHA_STEPS, NULL, NULL);
        for (size_t l = 0; l < n; l++) {
            nm_target *target = &s->v->targets[k->first + t + l];
            const double lo = nm_down(a->lo[l] - c->clauses[t + l].rows[0].rhs);
            if (lo > target->margin_lo) target->margin_lo = lo;
            if (lo > target->bound) target->bound = lo;
        }
    }
}

void nm_range_probe(nm_state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    const nm_bounded *k = &s->cases[i];
    if (s->o->bounds.all >= NM_BY_ALPHA) improve(s, i);
    if (s->o->stages.attack)
        for (size_t t = 0; t < c->n_clauses && !nm_stopped(s->job); t++) {
            if (!nm_range_open(s, &s->v->targets[k->first + t])) continue;
            const nm_attack_opts o = {NM_ATTACK_STEPS, nm_close_restarts(k->b->p), s->o->seed + i, false, 0};
            const double *x = nm_attack_least(s->job, k->b, k->work.c, t, k->row[t],
                                              nm_case_start(s->q, c), o);
            if (!x) continue;
            const nm_replay r = nm_verify(s->job, s->net, s->q, i, (int64_t)t, x);
            nm_state_take(s, &r, NM_BY_ATTACK);
        }
}

static nm_range end_of(const nm_query *q, const nm_verdict *v, nm_goal goal)
{
    const double sign = goal == NM_LEAST ? 1 : -1;
    nm_range e = {NAN, NAN, NULL, NULL, NULL};
    double bound = INFINITY;
    bool any = false;
    for (size_t i = 0; i < v->n_targets; i++) {
        const nm_target *t = &v->targets[i];
        if (goal_of(q, t) != goal) continue; /* an empty set bounds nothing: +infinity */
        any = true;
        const double lo = isnan(t->bound) ? -INFINITY : t->bound;
        if (lo < bound) bound = lo;
    }
    const nm_target *best = best_of(q, v, goal);
    if (!any) return e;
    if (best) {
        e.at = best->best;
        e.value = e.at->margin64 == 0 ? 0 : sign * e.at->margin64;
        e.target = best->name;
        if (bound > e.at->margin64) bound = nm_down(e.at->margin64 - e.at->err64);
    }
    e.bound = sign * bound;
    return e;
}

void nm_range_conclude(const nm_query *q, nm_verdict *v)
{
    v->range.has = true;
    v->range.least = end_of(q, v, NM_LEAST);
    v->range.most = end_of(q, v, NM_MOST);
    for (size_t i = 0; i < v->n_targets; i++) { /* settled by the others */
        nm_target *t = &v->targets[i];
        if (!nm_target_open(t) || !settled(q, v, t)) continue;
        t->status = NM_OK;
        t->by = NM_BY_BOUNDS;
    }
}

/* ---- the report ---- */
