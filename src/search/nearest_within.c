/* nearest_within.c: decisions over a ball around the image, for the nearest counterexample (nearest.c).
 *
 * "These targets have no counterexample within r" is a question over the input set and the ball of radius r. Some of
 * the stages, with limits of their own, answer it in the rounds of nearest.c; all of them, as for any other question,
 * where time is left. Each proof puts a target's distance above r. A counterexample that they find starts a walk to the
 * nearest one in its neighbourhood (nearest_points.c); if the set is more than a box, one from a round is first moved
 * to the nearest point of its linear region (leaf.c). */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/nearest.h"
#include "search/state.h"

bool nm_chase_wanted(const nm_chase *c, size_t k, double r)
{
    return !c->done[k] && !(c->s->v->targets[k].bound >= nm_chase_beyond(c, r));
}

/* Makes case i of the question within r, with its open clauses; which: their targets. */
static void narrow(const nm_chase *c, size_t i, double r, nm_case *to, size_t *which, size_t *n)
{
    nm_job *job = c->s->job;
    const nm_query *q = c->s->q;
    double *lo = NM_RAW(job, double, q->n_in), *hi = NM_RAW(job, double, q->n_in);
    nm_ball *balls = NM_ARRAY(job, nm_ball, to->n_balls + 1);
    nm_clause *clauses = NM_ARRAY(job, nm_clause, to->n_clauses + 1);
    const double reach = q->norm != NM_L0 ? r : r < 1 ? 0 : INFINITY;
    for (size_t k = 0; k < q->n_in; k++) {
        lo[k] = fmax(to->lo[k], reach == 0 ? q->image[k] : nm_down(q->image[k] - reach));
        hi[k] = fmin(to->hi[k], reach == 0 ? q->image[k] : nm_up(q->image[k] + reach));
        to->empty |= lo[k] > hi[k];
    }
    size_t n_balls = 0; /* balls that contain the new one are superfluous */
    for (size_t k = 0; k < to->n_balls; k++)
        if (to->balls[k].norm != q->norm || to->balls[k].pixels || to->balls[k].radius < r ||
            memcmp(to->balls[k].centre, q->image, q->n_in * sizeof *q->image))
            balls[n_balls++] = to->balls[k];
    to->n_balls = n_balls;
    if (q->norm != NM_LINF && r < INFINITY)
        balls[to->n_balls++] = (nm_ball){q->norm, r, q->image, NULL};
    const size_t first = c->s->cases[i].first, all = to->n_clauses;
    to->n_clauses = 0;
    for (size_t t = 0; t < all; t++) {
        if (!nm_chase_wanted(c, first + t, r)) continue;
        clauses[to->n_clauses++] = to->clauses[t];
        which[(*n)++] = first + t;
    }
    to->lo = lo;
    to->hi = hi;
    to->balls = balls;
    to->clauses = clauses;
}

static void stages(nm_inner *in, bool thorough)
{
    nm_state *s = &in->s;
    for (size_t i = 0; i < s->q->n_cases && !nm_stopped(s->job); i++) {
        const nm_case *k = &s->q->cases[i];
        if (k->empty || k->n_clauses == 0) continue;
        nm_close_bounds(s, i);
        if (s->o->stages.attack && (thorough || isinf(in->r)) &&
            nm_close_attack(s, i, nm_case_start(s->q, k), 1))
            return;
        if ((thorough || in->counts) && s->o->stages.split && nm_close_split(s, i)) return;
        if (s->o->bounds.all >= NM_BY_ALPHA) nm_close_tighten(s, i);
        if (thorough && s->o->stages.branch && s->o->bounds.all >= NM_BY_ALPHA && !s->o->programs.keep)
            nm_close_maxima(s, i); /* files that are kept speak of the network's own program */
    }
    if (thorough && s->o->stages.branch && in->creeps < NM_NEAR_CREEPS && s->o->bounds.all >= NM_BY_ALPHA)
        nm_close_branch(s, NM_NEAR_BRANCH);
}

/* Returns the nearest point of a counterexample's linear region, if the set is more than the box that walks know. */
static const double *nearest_of_region(const nm_inner *in, const nm_replay *w)
{
    nm_state s = in->s;
    const nm_case *c = &s.q->cases[w->icase];
    const size_t n = nm_case_width(s.q, c);
    const double *at = w->g ? w->g : w->x;
    double *x = memcpy(NM_RAW(s.job, double, n + 1), at, n * sizeof *at);
    const nm_leaf leaf = {&s, &s.v->targets[s.cases[w->icase].first + w->iclause]};
    nm_leaf_nearest(&leaf, s.cases[w->icase].b, true, x);
    return x;
}

bool nm_chase_take(nm_chase *c, nm_inner *in)
{
    const nm_state *s = c->s;
    const double before = nm_chase_incumbent(c);
    for (size_t k = 0; k < in->s.v->n_targets; k++) {
        const nm_target *t = &in->s.v->targets[k];
        if (t->status == NM_OK) nm_chase_prove(c, in->which[k], nm_chase_beyond(c, in->r), t->by);
    }
    const nm_replay *w = in->s.v->witness;
    if (!w || !w->is_violated) return false;
    const size_t icase = w->icase;
    size_t at = in->s.cases[icase].first + w->iclause;
    at = in->which[at] - s->cases[icase].first;
    const double *x = w->g ? w->g : w->x;
    nm_near_take(c->near, icase, (int64_t)at, x);
    const nm_case *of = &s->q->cases[icase];
    if (of->gens || of->n_balls || of->n_in_rows) x = nearest_of_region(in, w);
    nm_near_from(c->near, icase, at, x);
    return nm_chase_incumbent(c) < before;
}

/* Makes the question within r; who decides it sets the state's question, options and verdict. */
static void open_inner(const nm_chase *c, double r, nm_inner *in)
{
    nm_state *s = c->s;
    *in = (nm_inner){.s = *s, .q = *s->q, .r = r, .creeps = c->creeps, .counts = c->counts};
    in->q.objective = NM_FEASIBLE;
    *in->q.hash = 0;
    in->q.cases = NM_ARRAY(s->job, nm_case, s->q->n_cases + 1);
    in->which = NM_RAW(s->job, size_t, s->v->n_targets + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->q->n_cases; i++) {
        in->q.cases[i] = s->q->cases[i];
        narrow(c, i, r, &in->q.cases[i], in->which, &n);
    }
}

bool nm_chase_decide(nm_chase *c, double r, bool thorough, double part, nm_inner *in)
{
    nm_state *s = c->s;
    open_inner(c, r, in);
    in->s.q = &in->q;
    in->s.o = &c->o;
    in->s.nearest = true;
    if (part < 1) in->s.deadline = nm_wall() + part * (s->deadline - nm_wall());
    const double outer = nm_job_deadline(s->job, in->s.deadline);
    in->s.v = NM_NEW(s->job, nm_verdict);
    nm_state_open(&in->s);
    stages(in, thorough);
    nm_job_set_deadline(s->job, outer);
    return nm_chase_take(c, in);
}

int nm_chase_ask(nm_chase *c, double r, double seconds, bool branch)
{
    nm_state *s = c->s;
    nm_inner in;
    nm_solve_opts o = *s->o;
    o.stages.evaluate = false;
    o.stages.attack &= r > 0.5 * nm_chase_incumbent(c); /* which came from attacks */
    o.stages.branch &= branch;
    o.program = s->p;
    o.time_limit = fmax(seconds, 1e-3); /* 0 would be none */
    const nm_mark mark = nm_mark_get(s->job);
    open_inner(c, r, &in);
    const nm_verdict *d = s->ask(s->job, s->net, &in.q, &o);
    for (size_t k = 0; k < d->n_targets; k++)
        if (d->targets[k].status == NM_OK) nm_chase_prove(c, in.which[k], nm_chase_beyond(c, r), d->targets[k].by);
    const int status = d->status;
    if (status == NM_VIOLATED) {
        const nm_replay *w = d->witness;
        size_t at = w->iclause;
        for (size_t i = 0; i < w->icase; i++) at += in.q.cases[i].n_clauses;
        at = in.which[at] - s->cases[w->icase].first;
        const double *x = w->g ? w->g : w->x;
        nm_near_take(c->near, w->icase, (int64_t)at, x);
        nm_near_from(c->near, w->icase, at, x);
    }
    nm_mark_release(s->job, mark);
    return status;
}
