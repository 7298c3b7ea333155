/* nearest.c: the nearest counterexample to the image, over all targets, between a point that the judge accepted and a
 * proven lower bound.
 *
 * Upper bounds: walks from the image, from the attack's finds and from solvers' points to the nearest counterexample in
 * their neighbourhood (nearest_points.c). Lower bounds: decisions. "This target has no counterexample within r" is a
 * question that bounds, conditioned tightening and branching answer, over the ball of radius r in the input set; each
 * proof puts the target's distance above r. First L0 counts up to 3; then a bisection by cheap decisions orders the
 * targets; then, over the ball just below the incumbent (r = value (1 - NM_NEAR_GAP / 4), one less for L0), all stages.
 * Targets that are left get a model over that small ball with the distance as its objective (distance.c): infeasible
 * proves r; an optimum or a limit proves the tree's bound (binary_tree.c), less NM_NEAR_GAP / 2 of it for the rounding
 * of sums of constants. A nearer point starts a new round with a smaller ball and the targets that are left. L2 is
 * minimised over tangents in rounds: linear relaxations first, then models, until the point's own distance is the
 * model's. Walks know only boxes. If the set is more than that (balls, rows, generators), counterexamples are moved to
 * the nearest point of their linear region (leaf.c, as branching's leaves do, too), a solver's point to that of the
 * phases that its binaries give; after CREEPS rounds with little progress, models are used instead of branching. With
 * generators, distances are those of the exact image. The value is that of a point strictly beyond the boundary if
 * float64 can tell; if only a tie is near (margin within NM_TIE_TOL), its distance is the value, reported as such
 * together with the strict one. (Tjeng et al. 2019 solve one model over a box that grows.) */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/state.h"

enum { PROBES = 5, LP_ROUNDS = 12, MIP_ROUNDS = 30, LP_ITERATIONS = 5000, CREEPS = 6 };

typedef struct {
    nm_state *s;
    nm_near *near;
    bool *done;    /* [n_targets] its distance is known, or nothing more can be found out */
    double *found; /* [n_in] inputs of a point, copied from memory of the inner question */
    size_t
        creeps; /* rounds with little progress: after CREEPS of them models are used, not branching */
    nm_solve_opts o; /* options of the stages over balls */
    bool counts; /* count_up is at work */
} chase;

/* Returns the distance to beat. */
static double incumbent(const chase *c) { return fmin(c->near->value, c->near->tie_value); }

/* Returns true if the incumbent is the image itself, up to the rounding of a sum of generators. */
static bool at_image(const chase *c) { return incumbent(c) <= NM_NEAR_ZERO; }

static bool out_of_time(const chase *c)
{
    return nm_stopped(c->s->job) || nm_wall() > c->s->deadline;
}

static double least_bound(const chase *c)
{
    double least = INFINITY;
    for (size_t k = 0; k < c->s->v->n_targets; k++) least = fmin(least, c->s->v->targets[k].bound);
    return least;
}

/* Returns the distance that a proof of "none within r" proves. */
static double beyond(const chase *c, double r) { return c->s->q->norm == NM_L0 ? r + 1 : r; }

static void prove(const chase *c, size_t k, double bound, nm_settled by)
{
    nm_target *t = &c->s->v->targets[k];
    if (!(bound > t->bound)) return;
    t->bound = bound;
    t->by = by;
}

/* ---- decisions over a ball ---- */

static bool wanted(const chase *c, size_t k, double r)
{
    return !c->done[k] && !(c->s->v->targets[k].bound >= beyond(c, r));
}

/* Makes case i of the question within r, with its open clauses; which: their targets. */
static void narrow(const chase *c, size_t i, double r, nm_case *to, size_t *which, size_t *n)
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
        if (!wanted(c, first + t, r)) continue;
        clauses[to->n_clauses++] = to->clauses[t];
        which[(*n)++] = first + t;
    }
    to->lo = lo;
    to->hi = hi;
    to->balls = balls;
    to->clauses = clauses;
}

typedef struct {
    nm_state s;
    nm_query q;
    size_t *which; /* [targets] their index in the whole question */
    double r;
    size_t creeps;
    bool counts; /* the ball is covered by boxes, even if the decision is a cheap one */
} inner;

static void stages(inner *in, bool thorough)
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
    if (thorough && s->o->stages.branch && in->creeps < CREEPS && s->o->bounds.all >= NM_BY_ALPHA)
        nm_close_branch(s, NM_NEAR_BRANCH);
}

/* Returns the nearest point of a counterexample's linear region, if the set is more than the box that walks know. */
static const double *nearest_of_region(const inner *in, const nm_replay *w)
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

/* Takes what the decisions over the inner ball excluded and found. Returns true if they gave a nearer
 * counterexample. */
static bool take_answers(chase *c, inner *in)
{
    const nm_state *s = c->s;
    const double before = incumbent(c);
    for (size_t k = 0; k < in->s.v->n_targets; k++) {
        const nm_target *t = &in->s.v->targets[k];
        if (t->status == NM_OK) prove(c, in->which[k], beyond(c, in->r), t->by);
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
    return incumbent(c) < before;
}

/* Decides within r; returns true if a nearer counterexample was found; *in lives until the caller's mark. */
static bool decide(chase *c, double r, bool thorough, inner *in)
{
    nm_state *s = c->s;
    *in = (inner){.s = *s, .q = *s->q, .r = r, .creeps = c->creeps, .counts = c->counts};
    in->q.objective = NM_FEASIBLE;
    *in->q.hash = 0;
    in->q.cases = NM_ARRAY(s->job, nm_case, s->q->n_cases + 1);
    in->which = NM_RAW(s->job, size_t, s->v->n_targets + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->q->n_cases; i++) {
        in->q.cases[i] = s->q->cases[i];
        narrow(c, i, r, &in->q.cases[i], in->which, &n);
    }
    in->s.q = &in->q;
    in->s.o = &c->o;
    in->s.nearest = true;
    if (c->counts) in->s.deadline = nm_wall() + 0.2 * (s->deadline - nm_wall()); /* points are worth more */
    in->s.v = NM_NEW(s->job, nm_verdict);
    nm_state_open(&in->s);
    stages(in, thorough);
    return take_answers(c, in);
}

/* ---- models ---- */

static double from_objective(const chase *c, double objective)
{
    return c->s->q->norm == NM_L2 ? sqrt(fmax(objective, 0)) : objective;
}

/* Returns a model's proven bound as a distance, less the rounding of the constants that its objective leaves out. */
static double proven(const chase *c, const inner *in, double objective)
{
    const double d = from_objective(c, objective);
    if (!isfinite(d)) return 0;
    if (c->s->q->norm == NM_L0) return fmin(ceil(d - 1e-4), beyond(c, in->r));
    return fmin(d * (1 - 0.5 * NM_NEAR_GAP), in->r);
}

/* L2, in the objective or in a ball: adds tangents at the relaxation's point, until it changes little. */
static void tighten_relaxation(chase *c, nm_state *s, nm_encoded *e, size_t icase)
{
    nm_model *m = e->model;
    if (c->near->value < INFINITY) nm_distance_tangent(e->enc, c->near->best.x);
    const nm_case *set = &s->q->cases[icase];
    const size_t most = nm_balls_have_l2(set) ? 10 * LP_ROUNDS : LP_ROUNDS;
    for (size_t r = 0; r < most && !out_of_time(c); r++) {
        const nm_mark mark = nm_mark_get(s->job);
        double *x = NM_RAW(s->job, double, m->n_cols), *obj = NM_RAW(s->job, double, m->n_cols),
               true_square = 0;
        for (size_t j = 0; j < m->n_cols; j++) obj[j] = m->cols[j].obj;
        nm_clp *l = nm_clp_new(s->job, m);
        const bool solved = nm_clp_solve(l, obj, LP_ITERATIONS, x, NULL);
        nm_close(s->job, l);
        const double *at = nm_case_input(s->job, &s->q->cases[icase],
                                         nm_leaf_input(s, e, icase, x));
        for (size_t i = 0; i < s->q->n_in; i++) {
            c->found[i] = at[i];
            true_square += (c->found[i] - s->q->image[i]) * (c->found[i] - s->q->image[i]);
        }
        const double claim = nm_model_objective(m, x);
        nm_mark_release(s->job, mark);
        const bool near = c->s->q->norm != NM_L2 || true_square <= claim * (1 + 1e-3);
        if (!solved || (near && !nm_balls_missed(set, s->q->n_in, c->found))) return;
        nm_distance_tangent(e->enc, c->found);
    }
}

/* A solver's point lies on the boundary within its tolerances, and when it is moved beyond, it often leaves a set that
 * is more than a box: so this takes the nearest point of the linear region that the model's binaries describe. */
static void behind_boundary(chase *c, const inner *in, nm_target *t, const nm_encoded *e,
                            const nm_sol *sol, const double *x)
{
    nm_state s = in->s;
    const nm_bounds *b = nm_leaf_region(&s, e, sol);
    const size_t width = nm_case_width(s.q, &s.q->cases[t->icase]);
    double *own = memcpy(NM_RAW(s.job, double, width + 1), x, width * sizeof *x);
    const nm_leaf leaf = {&s, t};
    if (!b->empty && nm_leaf_nearest(&leaf, b, false, own))
        nm_near_take(c->near, t->icase, (int64_t)t->iclause, own);
}

/* Solves one model; returns true if nothing more can be found out about the target within the ball. */
static bool ask_once(chase *c, inner *in, nm_target *t, nm_encoded *e, size_t k)
{
    nm_state *s = &in->s;
    e->map->file.n_rows = e->model->n_rows;
    const double at = nm_cpu();
    const nm_sol *sol = nm_models_ask(s, t, *e);
    nm_target *outer = &c->s->v->targets[k];
    outer->rows = t->rows, outer->cols = t->cols, outer->nz = t->nz, outer->bins = t->bins;
    c->s->v->cpu.solver += nm_cpu() - at;
    if (sol->status == NM_SOL_INFEASIBLE) {
        prove(c, k, beyond(c, in->r), NM_BY_TREE);
        return true;
    }
    const double objective = sol->bound + e->model->constant;
    prove(c, k, proven(c, in, objective), NM_BY_TREE);
    if (!sol->has_values) return true;
    const double *x = nm_models_input(s, e, sol, t->icase);
    const size_t clause = k - c->s->cases[t->icase].first;
    nm_near_from(c->near, t->icase, clause, x);
    const double *at_x = nm_case_input(s->job, &c->s->q->cases[t->icase], x),
                 own = nm_norm_of(c->s->q->norm, s->q->n_in, at_x, s->q->image),
                 claim = from_objective(c, objective);
    if (!(incumbent(c) <= own * (1 + 0.5 * NM_NEAR_GAP)))
        nm_near_take(c->near, t->icase, (int64_t)clause, x);
    const nm_case *set = &s->q->cases[t->icase];
    if ((set->gens || set->n_balls || set->n_in_rows) && c->s->q->norm != NM_L0 &&
        !(c->near->value <= own * (1 + 0.5 * NM_NEAR_GAP)))
        behind_boundary(c, in, t, e, sol, x);
    memcpy(c->found, at_x, s->q->n_in * sizeof *at_x);
    if (nm_balls_missed(set, s->q->n_in, at_x)) return false;
    return c->s->q->norm != NM_L2 || sol->status != NM_SOL_OPTIMAL ||
           own <= claim * (1 + 0.25 * NM_NEAR_GAP);
}

/* Finds the nearest counterexample to target i of the inner question. */
static void solve_model(chase *c, inner *in, size_t i)
{
    nm_state *s = &in->s;
    nm_target *t = &s->v->targets[i];
    nm_query q = in->q;
    q.objective = NM_CLOSEST;
    const double at = nm_cpu();
    nm_encoded e = nm_models_encode(s, &q, t, NULL, (nm_encode_opts){0});
    const bool rounds = q.norm == NM_L2 || nm_balls_have_l2(&q.cases[t->icase]);
    if (rounds) tighten_relaxation(c, s, &e, t->icase);
    c->s->v->cpu.encode += nm_cpu() - at;
    nm_note(s->job, "target %s: nearest within %.9g", t->name, in->r);
    for (size_t r = 0; r < (rounds ? MIP_ROUNDS : 1) && !out_of_time(c); r++) {
        if (ask_once(c, in, t, &e, in->which[i])) break;
        nm_distance_tangent(e.enc, c->found);
    }
    c->done[in->which[i]] = true;
}

/* Returns the open target whose bound is farthest from excluding it, or -1. */
static int64_t next_target(const chase *c, const inner *in)
{
    int64_t best = -1;
    for (size_t i = 0; i < in->s.v->n_targets; i++) {
        const nm_target *t = &in->s.v->targets[i];
        if (!nm_target_open(t) || !wanted(c, in->which[i], in->r) || !in->s.cases[t->icase].b) continue;
        if (best < 0 || t->margin_lo < in->s.v->targets[best].margin_lo) best = (int64_t)i;
    }
    return best;
}

/* ---- the search ---- */

/* Finds out whether the image is a counterexample, which targets have none in the whole set, and where others
 * are near. */
static void look_around(chase *c)
{
    const nm_query *q = c->s->q;
    for (size_t i = 0; i < q->n_cases; i++)
        if (!q->cases[i].empty) nm_near_take(c->near, i, -1, nm_case_start(q, &q->cases[i]));
    if (at_image(c)) return;
    const nm_mark mark = nm_mark_get(c->s->job);
    inner in;
    decide(c, INFINITY, false, &in);
    size_t *clause = NM_RAW(c->s->job, size_t, c->s->v->n_targets + 1);
    if (c->o.stages.attack)
        for (size_t i = 0; i < q->n_cases; i++) {
            size_t n = 0;
            for (size_t t = 0; t < q->cases[i].n_clauses; t++)
                if (wanted(c, c->s->cases[i].first + t, INFINITY)) clause[n++] = t;
            for (size_t at = 0; at < n && !out_of_time(c); at += NM_LANES)
                nm_near_search(c->near, i, n - at < NM_LANES ? n - at : NM_LANES, clause + at,
                               c->o.seed + at);
        }
    nm_mark_release(c->s->job, mark);
}

/* Decides within r, and keeps only what it found. */
static void decide_alone(chase *c, double r, bool thorough)
{
    const nm_mark mark = nm_mark_get(c->s->job);
    inner in;
    const double at = nm_cpu();
    decide(c, r, thorough, &in);
    c->s->v->cpu.bounds += nm_cpu() - at;
    nm_mark_release(c->s->job, mark);
}

/* Makes cheap decisions between the proven and the attained distance. */
static void probe(chase *c)
{
    for (size_t k = 0; k < PROBES && incumbent(c) < INFINITY && !out_of_time(c); k++) {
        const double lo = fmax(least_bound(c), 0), hi = nm_norm_below(c->s->q->norm, incumbent(c));
        const double r = c->s->q->norm == NM_L0 ? floor(0.5 * (lo + hi)) : 0.5 * (lo + hi);
        if (!(r > lo) || lo > 0.95 * hi) return;
        decide_alone(c, r, false);
    }
}

/* Counts up for L0, as small balls are covered by boxes (cover_box.c). */
static void count_up(chase *c)
{
    const size_t boxes = c->o.boxes;
    c->counts = c->s->q->norm == NM_L0;
    c->o.boxes = 0; /* as many as for other covers */
    for (double r = 1; c->counts && r <= NM_COVER_MOST && r < incumbent(c) && !out_of_time(c); r++) {
        if (least_bound(c) < beyond(c, r)) decide_alone(c, r, false);
        c->counts = least_bound(c) >= beyond(c, r);
    }
    c->counts = false;
    c->o.boxes = boxes;
}

/* If nothing was found: makes decisions over growing balls, beginning with the cheapest. What they exclude is proven,
 * and the first counterexample starts the search near the image. */
static void climb(chase *c)
{
    const double most = nm_near_farthest(c->s->job, c->s->q);
    for (double r = most / 16; r < most && isinf(incumbent(c)) && !out_of_time(c); r *= 2)
        if (least_bound(c) < beyond(c, r)) decide_alone(c, c->s->q->norm == NM_L0 ? floor(r) : r, true);
}

/* Makes one round over the ball below the incumbent; returns false if nothing is left to do. */
static bool close_in(chase *c)
{
    const double r = nm_norm_below(c->s->q->norm, incumbent(c)), before = incumbent(c);
    if (!(r >= 0) || out_of_time(c)) return false;
    const nm_mark mark = nm_mark_get(c->s->job);
    const double at = nm_cpu();
    inner in;
    bool again = decide(c, r, true, &in);
    if (incumbent(c) > before * (1 - 1e-3)) {
        c->o.stages.attack = false; /* it would find nothing new */
        c->creeps += again;
    }
    c->s->v->cpu.bounds += nm_cpu() - at;
    if (c->o.stages.solve && !again && isinf(r) && next_target(c, &in) >= 0) {
        nm_models_solve(&in.s); /* first any counterexample, which is easier than the nearest one */
        again = take_answers(c, &in);
    }
    for (int64_t i;
         c->o.stages.solve && !again && !out_of_time(c) && (i = next_target(c, &in)) >= 0;) {
        solve_model(c, &in, (size_t)i);
        again = incumbent(c) < before;
    }
    nm_mark_release(c->s->job, mark);
    return again;
}

/* ---- the answer ---- */

static bool closed(const nm_verdict *v, nm_norm norm)
{
    if (v->optimum.value <= NM_NEAR_ZERO) return true;
    return norm == NM_L0 ? v->optimum.bound >= v->optimum.value - 0.5
                         : v->optimum.bound >= v->optimum.value * (1 - NM_NEAR_GAP);
}

static void conclude(const chase *c)
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
    v->status = isinf(v->optimum.bound)                          ? NM_OK
                : isfinite(near->value) && closed(v, s->q->norm) ? NM_VIOLATED
                                                                 : NM_UNKNOWN;
    v->assumed = nm_known_used(s->o->known);
    v->certified = !v->assumed;
    if (v->status != NM_UNKNOWN) return;
    v->why = nm_interrupted(s->job) ? "interrupted"
             : isinf(near->value) && v->optimum.has
                 ? "the nearest point is a tie that float64 cannot decide"
             : !v->optimum.has         ? "no counterexample was found, and none is excluded"
             : nm_wall() > s->deadline ? "the time limit stopped before value and bound met"
                                       : "value and bound do not meet";
}

void nm_closest(nm_state *s)
{
    chase c = {.s = s, .o = *s->o};
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
        while (close_in(&c)) {}
    }
    conclude(&c);
}
