/* nearest.c: the nearest counterexample to the image, over all targets, between a point that the judge accepted and a
 * proven lower bound.
 *
 * Upper bounds: walks from the image, from the attack's finds and from solvers' points to the nearest counterexample in
 * their neighbourhood (nearest_points.c), which know only boxes. Lower bounds: decisions over balls (nearest_within.c).
 * First L0 counts up to 3; then a bisection by cheap decisions orders the targets; then, over the ball just below the
 * incumbent (r = value (1 - NM_NEAR_GAP / 4), one less for L0), most stages, and for targets that are left models with
 * the distance as their objective (nearest_models.c). If one takes long, decisions of all stages bisect first, without
 * branching where it takes nodes and a small model a tenth of a second. A nearer point starts a new round with a
 * smaller ball and the targets that are left; after NM_NEAR_CREEPS rounds with little progress, models are used instead
 * of branching. If such rounds do not end within ROUNDS_PART of a time limit, the rest of it raises what is proven, by
 * decisions as for any other question between that and the incumbent, and then makes rounds again.
 * With generators, distances are those of the exact image. The value is that of a point strictly beyond the boundary if
 * float64 can tell; if only a tie is near (margin within NM_TIE_TOL), its distance is the value, reported as such
 * together with the strict one. (Tjeng et al. 2019 solve one model over a box that grows.) */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/nearest.h"
#include "search/state.h"

enum { PROBES = 5, MOST_FAILED = 3 };
static const double PROBE_PART = 0.2; /* of the time that is left, for a cheap decision: points are worth more */
/* of a time limit, for rounds over the ball below the incumbent; and with one hidden layer, where they mostly end */
static const double ROUNDS_PART = 0.6, ROUNDS_PART_FLAT = 0.9;
static const double ASK_PART = 0.35;   /* of what is left then, for a decision between bound and incumbent */
static const double BISECT_NEAR = 4e-7; /* relative: near enough to be proven */
static const double ASK_NEAR = 0.02;   /* relative: distances that such decisions do not tell apart */

/* Returns true if the incumbent is the image itself, up to the rounding of a sum of generators. */
static bool at_image(const nm_chase *c) { return nm_chase_incumbent(c) <= NM_NEAR_ZERO; }

static double least_bound(const nm_chase *c)
{
    double least = INFINITY;
    for (size_t k = 0; k < c->s->v->n_targets; k++) least = fmin(least, c->s->v->targets[k].bound);
    return least;
}

/* Returns true if the proven distance has met this one. */
static bool met(const nm_chase *c, double value)
{
    const double bound = least_bound(c);
    if (value <= NM_NEAR_ZERO) return true;
    return c->s->q->norm == NM_L0 ? bound >= value - 0.5 : bound >= value * (1 - NM_NEAR_GAP);
}

/* ---- the search ---- */

/* Finds out whether the image is a counterexample, which targets have none in the whole set, and where others
 * are near. */
static void look_around(nm_chase *c)
{
    const nm_query *q = c->s->q;
    for (size_t i = 0; i < q->n_cases; i++)
        if (!q->cases[i].empty) nm_near_take(c->near, i, -1, nm_case_start(q, &q->cases[i]));
    if (at_image(c)) return;
    const nm_mark mark = nm_mark_get(c->s->job);
    nm_inner in;
    nm_chase_decide(c, INFINITY, false, 1, &in);
    size_t *clause = NM_RAW(c->s->job, size_t, c->s->v->n_targets + 1);
    if (c->o.stages.attack)
        for (size_t i = 0; i < q->n_cases; i++) {
            size_t n = 0;
            for (size_t t = 0; t < q->cases[i].n_clauses; t++)
                if (nm_chase_wanted(c, c->s->cases[i].first + t, INFINITY)) clause[n++] = t;
            for (size_t at = 0; at < n && !nm_chase_out_of_time(c); at += NM_LANES)
                nm_near_search(c->near, i, n - at < NM_LANES ? n - at : NM_LANES, clause + at,
                               c->o.seed + at);
        }
    nm_mark_release(c->s->job, mark);
}

/* Decides within r, and keeps only what it found. */
static void decide_alone(nm_chase *c, double r, bool thorough, double part)
{
    const nm_mark mark = nm_mark_get(c->s->job);
    nm_inner in;
    const double at = nm_cpu();
    nm_chase_decide(c, r, thorough, part, &in);
    c->s->v->cpu.bounds += nm_cpu() - at;
    nm_mark_release(c->s->job, mark);
}

/* Returns where to decide between the proven distance and one that is not to be proven, or attained: in the middle. */
static double between(const nm_chase *c, double top)
{
    const double lo = fmax(least_bound(c), 0), hi = nm_norm_below(c->s->q->norm, fmin(top, nm_chase_incumbent(c)));
    return c->s->q->norm == NM_L0 ? floor(0.5 * (lo + hi)) : 0.5 * (lo + hi);
}

/* Makes cheap decisions between the proven and the attained distance. */
static void probe(nm_chase *c)
{
    double top = INFINITY; /* they have not proven this one */
    for (size_t k = 0; k < PROBES && nm_chase_incumbent(c) < INFINITY && !nm_chase_out_of_time(c); k++) {
        const double r = between(c, top), lo = fmax(least_bound(c), 0);
        if (!(r > lo) || lo > 0.95 * fmin(top, nm_chase_incumbent(c))) return;
        decide_alone(c, r, false, PROBE_PART);
        if (least_bound(c) < nm_chase_beyond(c, r)) top = r;
    }
}

/* Returns where to decide next if failures are dear: at most at twice the proven distance, which mostly takes little
 * more time than the last proof. */
static double above(const nm_chase *c, double top)
{
    const double lo = fmax(least_bound(c), 0), mid = between(c, top);
    if (c->s->q->norm == NM_L0) return fmin(mid, lo);
    return fmin(mid, lo > 0 ? 2 * lo : nm_chase_incumbent(c) / 16);
}

/* Raises the proven distance by decisions of all stages, between it and the incumbent. */
static void raise_bound(nm_chase *c)
{
    double top = INFINITY;
    for (size_t k = 0; k < c->s->v->n_targets; k++) c->done[k] = false; /* a model's limit is not the end */
    while (nm_chase_incumbent(c) < INFINITY && !nm_chase_out_of_time(c)) {
        const double r = above(c, top), lo = fmax(least_bound(c), 0), left = c->s->deadline - nm_wall();
        const double most = nm_chase_incumbent(c);
        if (!(nm_chase_beyond(c, r) > lo) || fmin(top, most) - lo < ASK_NEAR * most) return;
        nm_note(c->s->job, "deciding within %.6g", r);
        const double at = nm_cpu();
        const int status = nm_chase_ask(c, r, ASK_PART * left, true);
        if (status != NM_OK && !(nm_chase_incumbent(c) < most)) top = r;
        c->s->v->cpu.bounds += nm_cpu() - at;
    }
}

/* Counts up for L0, as small balls are covered by boxes (cover_box.c). */
static void count_up(nm_chase *c)
{
    const size_t boxes = c->o.boxes;
    c->counts = c->s->q->norm == NM_L0;
    c->o.boxes = 0; /* as many as for other covers */
    for (double r = 1; c->counts && r <= NM_COVER_MOST && r < nm_chase_incumbent(c) && !nm_chase_out_of_time(c); r++) {
        if (least_bound(c) < nm_chase_beyond(c, r)) decide_alone(c, r, false, PROBE_PART);
        c->counts = least_bound(c) >= nm_chase_beyond(c, r);
    }
    c->counts = false;
    c->o.boxes = boxes;
}

/* If nothing was found: makes decisions over growing balls, beginning with the cheapest. What they exclude is proven,
 * and the first counterexample starts the search near the image. */
static void climb(nm_chase *c)
{
    const double most = nm_near_farthest(c->s->job, c->s->q);
    for (double r = most / 16; r < most && isinf(nm_chase_incumbent(c)) && !nm_chase_out_of_time(c); r *= 2)
        if (least_bound(c) < nm_chase_beyond(c, r)) decide_alone(c, c->s->q->norm == NM_L0 ? floor(r) : r, true, 1);
}

/* Bisects between bound and incumbent by decisions of all stages, each of which mostly takes little. Returns whether
 * that gained anything. */
static bool bisect(nm_chase *c)
{
    double top = INFINITY;
    size_t failed = 0;
    const double before = nm_chase_incumbent(c), first = least_bound(c);
    c->bisected = true;
    for (size_t k = 0; k < c->s->v->n_targets; k++) c->done[k] = false; /* a model's limit is not the end */
    while (failed < MOST_FAILED && nm_chase_incumbent(c) < INFINITY && !nm_chase_out_of_time(c)) {
        const double r = between(c, top), lo = fmax(least_bound(c), 0), most = nm_chase_incumbent(c);
        if (!(nm_chase_beyond(c, r) > lo) || fmin(top, most) - lo < BISECT_NEAR * most) break;
        nm_note(c->s->job, "deciding within %.6g", r);
        const double seconds = fmin(PROBE_PART * (c->s->deadline - nm_wall()), NM_SLICE);
        int status = nm_chase_ask(c, r, 0.2 * seconds, false);
        if (status == NM_UNKNOWN) status = nm_chase_ask(c, r, seconds, true);
        if (status == NM_OK || nm_chase_incumbent(c) < most) continue;
        top = r;
        failed++;
    }
    return nm_chase_incumbent(c) < before || least_bound(c) > first;
}

/* Solves the model of target i of the inner question; the first ones, for a slice of time only. Returns false if that
 * was too little. */
static bool model(nm_chase *c, nm_inner *in, size_t i)
{
    const double until = c->bisected || c->s->q->norm == NM_L0 ? INFINITY : nm_wall() + NM_SLICE, end = in->s.deadline;
    in->s.deadline = fmin(end, until);
    const double outer = nm_job_deadline(c->s->job, in->s.deadline);
    nm_chase_model(c, in, i);
    nm_job_set_deadline(c->s->job, outer);
    in->s.deadline = end;
    return nm_wall() < until;
}

/* Makes one round over the ball below the incumbent; returns false if nothing is left to do. */
static bool close_in(nm_chase *c)
{
    const double r = nm_norm_below(c->s->q->norm, nm_chase_incumbent(c)), before = nm_chase_incumbent(c);
    if (!(r >= 0) || (c->bisected && met(c, before)) || nm_chase_out_of_time(c)) return false;
    const nm_mark mark = nm_mark_get(c->s->job);
    const double at = nm_cpu();
    nm_inner in;
    bool again = nm_chase_decide(c, r, true, 1, &in);
    if (nm_chase_incumbent(c) > before * (1 - 1e-3)) {
        c->o.stages.attack = false; /* it would find nothing new */
        c->creeps += again;
    }
    c->s->v->cpu.bounds += nm_cpu() - at;
    if (c->o.stages.solve && !again && isinf(r) && nm_chase_next(c, &in) >= 0) {
        nm_models_solve(&in.s); /* first any counterexample, which is easier than the nearest one */
        again = nm_chase_take(c, &in);
    }
    for (int64_t i;
         c->o.stages.solve && !again && !nm_chase_out_of_time(c) && (i = nm_chase_next(c, &in)) >= 0;) {
        again = !model(c, &in, (size_t)i) && bisect(c);
        again |= nm_chase_incumbent(c) < before;
    }
    nm_mark_release(c->s->job, mark);
    return again;
}

/* ---- the answer ---- */

/* Returns why nothing is found, or why the distance of what was found is not proven to be the least one. */
static const char *why_open(const nm_chase *c)
{
    if (nm_interrupted(c->s->job)) return "interrupted";
    if (isinf(c->near->value) && c->s->v->optimum.has) return "the nearest point is a tie that float64 cannot decide";
    if (!c->s->v->optimum.has) return "no counterexample was found, and none is excluded";
    return nm_wall() > c->s->deadline ? "the time limit stopped before value and bound met"
                                      : "value and bound do not meet";
}

static void conclude(const nm_chase *c)
{
    nm_state *s = c->s;
    nm_verdict *v = s->v;
    const nm_near *near = c->near;
    const bool strict = near->value <= near->tie_value * (1 + NM_NEAR_GAP) ||
                        isinf(near->tie_value);
    bool tree = false;
    v->optimum.value = strict ? near->value : near->tie_value;
    v->optimum.tie = strict ? 0 : near->value;
    v->optimum.has = isfinite(v->optimum.value);
    v->optimum.bound = fmin(least_bound(c), v->optimum.value);
    if (v->optimum.has) v->witness = isfinite(near->value) ? &near->best : &near->tie;
    for (size_t k = 0; k < v->n_targets; k++) {
        nm_target *t = &v->targets[k];
        tree |= t->by == NM_BY_TREE;
        if (isinf(t->bound)) t->status = NM_OK;
    }
    if (isfinite(near->value)) {
        nm_target *t = &v->targets[s->cases[near->best.icase].first + near->best.iclause];
        t->status = NM_VIOLATED;
        t->objective = near->value;
        if (!t->by) t->by = near->value > 0 ? NM_BY_ATTACK : NM_BY_EVALUATION;
    }
    v->by = v->optimum.value == 0 ? NM_BY_EVALUATION : tree ? NM_BY_TREE : NM_BY_BOUNDS;
    v->status = isinf(v->optimum.bound) ? NM_OK : isfinite(near->value) ? NM_VIOLATED : NM_UNKNOWN;
    v->assumed = nm_known_used(s->o->known);
    v->certified = !v->assumed;
    if (v->status == NM_UNKNOWN) v->why = why_open(c);
    if (v->status == NM_VIOLATED && !met(c, v->optimum.value)) v->optimum.why = why_open(c);
}

/* Makes rounds until nothing is left to do; of a time limit, a part is kept to raise what is proven. */
static void make_rounds(nm_chase *c)
{
    nm_state *s = c->s;
    const double end = s->deadline, now = nm_wall();
    s->deadline = now + (nm_hidden_layers(s->p) > 1 ? ROUNDS_PART : ROUNDS_PART_FLAT) * (end - now);
    const double outer = nm_job_deadline(s->job, s->deadline);
    while (close_in(c)) {}
    s->deadline = end;
    nm_job_set_deadline(s->job, outer);
    if (isinf(end) || met(c, nm_chase_incumbent(c))) return;
    raise_bound(c);
    while (close_in(c)) {}
}

void nm_closest(nm_state *s)
{
    nm_chase c = {.s = s, .o = *s->o};
    const size_t n = s->v->n_targets;
    c.o.nodes = s->q->norm == NM_L0
                    ? 0
                    : NM_NEAR_NODES; /* for L0 the ball below the incumbent is smaller by a whole step */
    c.o.boxes = NM_NEAR_NODES;
    c.done = NM_ARRAY(s->job, bool, n + 1);
    c.found = NM_RAW(s->job, double, s->q->n_in);
    c.near = nm_near_new(s->job, s->net, s->q, s->p);
    for (size_t k = 0; k < n; k++) {
        nm_target *t = &s->v->targets[k];
        t->bound = t->status == NM_OK ? INFINITY : 0;
    }
    const double at = nm_cpu();
    look_around(&c);
    s->v->cpu.attack = nm_cpu() - at;
    if (!at_image(&c)) {
        climb(&c);
        count_up(&c);
        probe(&c);
        make_rounds(&c);
    }
    conclude(&c);
}
