/* solve_models.c: solves the models of targets that are still open, by the tree over binaries (binary_tree.c), whose
 * bounds are proven; CBC, or a program chosen by the user, only looks for points besides.
 *
 * A solver's status proves nothing here, since it depends on tolerances. Only the tree closes a target. Points, whoever
 * found them, are judged by replay (judge.c), and lower the tree's cap if a value is wanted. Every model is scaled
 * first (scale.c). For a decision, the tree first gets NM_TREE_FIRST nodes, then the embedded CBC looks for a point
 * within as many nodes, then the tree runs to its end. Cost: the tree's. */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "search/state.h"
#include "search/trees.h"

static double seconds_left(const nm_state *s)
{
    const double left = s->deadline - nm_wall();
    return isinf(s->deadline) ? 0 : left > 0 ? left : -1;
}

const double *nm_models_input(nm_state *s, const nm_encoded *e, const nm_sol *sol, size_t icase)
{
    double *v = NM_RAW(s->job, double, e->map->file.n_cols + 1);
    for (size_t j = 0; j < e->map->file.n_cols; j++) v[j] = sol->vals[j].x;
    return nm_leaf_input(s, e, icase, v);
}

/* ---- other solvers, which look for points ---- */

/* Converts a solution of the scaled model back to the model's own units. */
static void unscale(nm_sol *sol, const nm_scale *k)
{
    for (size_t j = 0; j < sol->n; j++)
        if (sol->vals[j].index >= 0)
            sol->vals[j].x = ldexp(sol->vals[j].x, k->col[sol->vals[j].index]);
    sol->objective = ldexp(sol->objective, k->objective);
    sol->bound = ldexp(sol->bound, k->objective);
}

static nm_sol *ask_embedded(nm_state *s, const nm_encoded *e, double nodes)
{
    nm_scale k;
    const nm_model *m = nm_model_scaled(s->job, e->model, &k);
    const nm_cbc o = {.time_limit = seconds_left(s),
                      .first = true,
                      .memory = s->o->programs.memory,
                      .most = nodes};
    nm_sol *sol = nm_cbc_solve(s->job, m, o);
    unscale(sol, &k);
    return sol;
}

/* Runs a solver's program on the file that a user would get. Of a time limit it gets a part of what is left; the rest
 * is for the proof. */
static nm_sol *ask_program(nm_state *s, nm_target *t, const nm_runner *r, nm_encoded e)
{
    const double part = 0.6, left = seconds_left(s);
    const char *stem = e.map->file.cube ? nm_fmt(s->job, "%s/t%s-c%zu", s->o->programs.keep,
                                                 t->name, e.map->file.cube)
                                        : nm_fmt(s->job, "%s/t%s", s->o->programs.keep, t->name);
    nm_map map = *e.map;
    e.map = &map;
    nm_models_write_one(s, t, e, stem, ".mps", r->dialect);
    nm_sol *sol = nm_runner_solve(
        s->job, r, nm_map_card(&map), stem,
        (nm_run_opts){left < 0 ? left : part * left, s->o->threads, s->o->programs.memory});
    nm_map_unscale(&map, sol);
    return sol;
}

/* Throws if a second solver has a point for a model that the first one calls infeasible: such a fault must be shown. */
static void cross_check(nm_state *s, nm_target *t, const nm_encoded *e, const nm_sol *first)
{
    if (!s->o->programs.confirm || first->status != NM_SOL_INFEASIBLE) return;
    const nm_sol *second = ask_program(s, t, s->o->programs.confirm, *e);
    if (second->has_values)
        nm_throw(s->job, NM_EAUDIT,
                 "target %s: %s says infeasible, but %s has a solution (%s); --keep DIR keeps both",
                 t->name, first->solver, second->solver, second->status_text);
}

/* ---- the tree ---- */

typedef struct {
    nm_state *s;
    nm_target *t;
    const nm_encoded *e;
    const nm_scale *k;
    double *cols,
        *best; /* [n_cols] a point in the model's own units; [width] input of the best counterexample */
    double margin; /* of the best point's replay, or infinity */
    double *
        outside; /* [width] a point outside of an L2 ball, where another tangent is needed */
    bool is_outside;
} eye; /* the state of judging the tree's points */

/* Judges an input. Returns true if that decides the question. If a value is wanted, lowers the cap to what the replay
 * attains, less the gap. */
static bool look_at(eye *y, const double *in, double *cap)
{
    nm_state *s = y->s;
    const nm_query *q = s->q;
    const nm_replay r = nm_verify(s->job, s->net, q, y->t->icase, (int64_t)y->t->iclause, in);
    const bool decide = y->e->enc->objective == NM_FEASIBLE, ends = decide && r.is_violated,
               better = r.is_inside && r.margin64 < y->margin;
    if (better || ends) {
        y->margin = r.margin64;
        memcpy(y->best, in, nm_case_width(q, &q->cases[y->t->icase]) * sizeof *in);
    }
    if (better && !decide) {
        const double at = r.margin64 - NM_TREE_GAP * (1 + fabs(r.margin64)) - y->e->enc->least;
        *cap = fmin(*cap, ldexp(at - y->k->cost_hi, -y->k->objective));
    }
    return ends;
}

/* Moves inputs that are very near an end of their box to that end, because large weights amplify a solver's last
 * digits. Returns false if nothing moved. */
static bool snap(const nm_state *s, const nm_target *t, double *in)
{
    const nm_case *c = &s->q->cases[t->icase];
    const double *lo = c->gens ? c->gens->lo : c->lo, *hi = c->gens ? c->gens->hi : c->hi;
    bool moved = false;
    for (size_t i = 0; i < nm_case_width(s->q, c); i++) {
        const double was = in[i], near = 1e-6 * (hi[i] - lo[i]);
        if (was - lo[i] <= near) in[i] = lo[i];
        if (hi[i] - was <= near) in[i] = hi[i];
        moved |= in[i] != was;
    }
    return moved;
}

/* Judges a point of the tree, also with inputs moved to the ends of their boxes. Returns true if that decides the
 * question, or if an L2 ball needs a tangent. */
static bool look(void *arg, const double *x, double *cap)
{
    eye *y = arg;
    nm_state *s = y->s;
    const nm_query *q = s->q;
    const nm_case *c = &q->cases[y->t->icase];
    const nm_mark mark = nm_mark_get(s->job);
    const size_t n = y->e->map->file.n_cols, width = nm_case_width(q, c);
    memcpy(y->cols, x, n * sizeof *x);
    nm_scale_values(y->k, n, y->cols);
    double *in = memcpy(NM_RAW(s->job, double, width + 1),
                        nm_leaf_input(s, y->e, y->t->icase, y->cols), width * sizeof *in);
    bool ends = look_at(y, in, cap);
    if (y->e->enc->objective == NM_FEASIBLE && !ends && nm_balls_have_l2(c) &&
        nm_balls_missed(c, q->n_in, nm_case_input(s->job, c, in))) {
        memcpy(y->outside, in, width * sizeof *in);
        y->is_outside = true;
    } else if (!ends && snap(s, y->t, in)) {
        ends = look_at(y, in, cap);
    }
    nm_mark_release(s->job, mark);
    return ends || y->is_outside;
}

/* Returns the cap of a model: its cutoff row for a decision; otherwise the value attained so far. */
static double cap_of(const nm_state *s, const nm_encoded *e)
{
    const nm_verdict *v = s->v;
    if (e->enc->objective == NM_FEASIBLE) return e->enc->cap;
    if (s->q->objective == NM_WORST && v->witness)
        return v->witness->margin64 - NM_TREE_GAP * (1 + fabs(v->witness->margin64)) -
               e->enc->least;
    return INFINITY;
}

/* Removes the cutoff row of a decision, which is the tree's cap instead: as a row it would make relaxations infeasible,
 * and duals prove less about infeasibility than about bounds. */
static void free_cutoff(nm_model *m, const nm_enc *e)
{
    if (e->cut >= 0) m->rows[e->cut].hi = INFINITY;
    if (e->tcol < 0) return;
    nm_col *t = &m->cols[e->tcol];
    t->hi += (t->hi - t->lo) + 1;
}

/* Proves what the tree can about a target's model within `nodes` nodes. Points are judged on the way; the input of the
 * best one is kept. */
nm_proof nm_models_prove(nm_state *s, nm_target *t, const nm_encoded *e, size_t nodes)
{
    nm_scale k;
    const nm_query *q = s->q;
    nm_proof p = {.status = NM_UNKNOWN, .bound = -INFINITY, .tie = NAN};
    nm_model *m = nm_model_scaled(s->job, e->model, &k);
    const bool decide = e->enc->objective == NM_FEASIBLE, near = e->enc->objective == NM_CLOSEST;
    if (!k.exact) return p;
    free_cutoff(m, e->enc);
    const size_t width = nm_case_width(q, &q->cases[t->icase]) + 1;
    eye y = {s,
             t,
             e,
             &k,
             NM_RAW(s->job, double, m->n_cols + 1),
             NM_RAW(s->job, double, width),
             INFINITY,
             NM_RAW(s->job, double, width),
             false};
    double *best = NM_RAW(s->job, double, m->n_cols + 1);
    const double cap = near ? INFINITY : cap_of(s, e);
    const nm_tree_opts o = {
        .cap = isfinite(cap) ? nm_up(ldexp(nm_up(cap - k.cost_lo), -k.objective)) : cap,
        .decide = decide,
        .max_nodes = nodes,
        .deadline = s->deadline,
        .gap = near ? 0.25 * NM_NEAR_GAP : NM_TREE_GAP,
        .gap_of_one = near ? 0 : 1,
        .unit = k.objective,
        .shift = k.cost_lo,
        .best = best,
        .point = near ? NULL : look,
        .arg = &y};
    const nm_tree r = nm_tree_run(s->job, m, o);
    p.status = r.status;
    p.nodes = r.nodes;
    p.bound = isinf(r.bound) ? r.bound : nm_down(ldexp(r.bound, k.objective) + k.cost_lo);
    p.tie = ldexp(r.tie, k.objective);
    if (isfinite(r.value)) {
        nm_scale_values(&k, m->n_cols, best);
        p.best = best;
        p.value = ldexp(r.value, k.objective) + k.cost_hi;
    }
    if (isfinite(y.margin)) p.input = y.best;
    if (y.is_outside) p.outside = y.outside;
    return p;
}

/* Returns a model that Clp supports: encodings with indicator rows, sets or products are replaced by big-M. */
static nm_encoded provable(nm_state *s, nm_target *t, const nm_cube *cube, nm_encoded e)
{
    if (!nm_model_needs(e.model)) return e;
    nm_solve_opts plain = *s->o;
    nm_state own = *s;
    plain.form.encoding = "hull";
    own.o = &plain;
    return nm_models_encode(&own, s->q, t, cube, (nm_encode_opts){0});
}

/* Returns the tree's answer as a solver's solution, for solving in rounds; its status and bound are proven. */
const nm_sol *nm_models_ask(nm_state *s, nm_target *t, nm_encoded e)
{
    nm_target_sizes(t, e.model);
    const nm_proof p = nm_models_prove(s, t, &e, SIZE_MAX);
    nm_sol *sol = NM_NEW(s->job, nm_sol);
    *sol = (nm_sol){.solver = "netmip",
                    .status = NM_SOL_NONE,
                    .status_text = nm_interrupted(s->job) ? "interrupted" : "time limit",
                    .objective = p.best ? p.value : NAN,
                    .bound = p.bound,
                    .n_rows = -1,
                    .n_cols = -1};
    if (p.status == NM_OK) sol->status = p.best ? NM_SOL_OPTIMAL : NM_SOL_INFEASIBLE;
    if (p.status != NM_OK && p.best) sol->status = NM_SOL_FEASIBLE;
    if (sol->status != NM_SOL_NONE) sol->status_text = nm_solstatus_name(sol->status);
    sol->has_values = p.best != NULL;
    for (size_t j = 0; p.best && j < e.map->file.n_cols; j++)
        *NM_PUSH(s->job, sol->vals, sol->n, sol->cap) = (struct nm_solval){e.map->file.cols[j],
                                                                           p.best[j], (int64_t)j};
    return sol;
}

/* ---- one target ---- */

/* Judges an input; returns true if that settles the question. */
static bool judge_input(nm_state *s, nm_target *t, const double *x, nm_settled by)
{
    const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
    const bool settled = nm_state_take(s, &r, by);
    if (settled || r.is_violated || s->q->objective != NM_FEASIBLE) return settled;
    /* it may miss only by a solver's tolerance: a short descent from it may find a counterexample */
    if (s->o->stages.attack && nm_close_attack(s, t->icase, r.g ? r.g : r.x, 1)) return true;
    s->v->why = nm_fmt(s->job, "the best point for target %s does not replay: its margin is %.3g",
                       t->name, r.margin64);
    return false;
}

/* Asks another solver for a point; returns true if that settles the question. */
static bool ask_finder(nm_state *s, nm_target *t, nm_encoded *e, double nodes)
{
    nm_sol *sol = s->o->programs.solver ? ask_program(s, t, s->o->programs.solver, *e)
                                        : ask_embedded(s, e, nodes);
    s->v->why = nm_fmt(s->job, "the solver stopped on target %s: %s", t->name, sol->status_text);
    if (s->o->programs.solver) cross_check(s, t, e, sol);
    if (s->o->programs.solver && sol->status == NM_SOL_NONE && !nm_interrupted(s->job))
        nm_note(s->job, "%s gives no answer to target %s: %s", sol->solver, t->name,
                sol->status_text);
    if (!sol->has_values) return false;
    return judge_input(s, t, nm_models_input(s, e, sol, t->icase), NM_BY_SOLVER);
}

/* Records why a target stays open. */
static void say_open(nm_state *s, const nm_target *t, const nm_proof *p)
{
    if (nm_interrupted(s->job)) return;
    if (p->status == NM_OK || (p->tie >= 0 && s->q->objective != NM_FEASIBLE))
        s->v->why = nm_fmt(
            s->job, "the value that target %s attains and its proven bound do not meet", t->name);
    else if (p->tie >= 0 && s->o->float32)
        s->v->why = nm_fmt(s->job,
                           "some order of float32 sums might reach target %s, which is within %.2g of what bounds "
                           "allow, but no point that was tried is a counterexample",
                           t->name, p->tie);
    else if (p->tie >= 0 && s->q->guard > 0)
        s->v->why = nm_fmt(s->job,
                           "the least margin of target %s lies in the guard band, or within %.2g "
                           "of its end: neither a "
                           "counterexample nor a proof",
                           t->name, p->tie);
    else if (p->tie >= 0)
        s->v->why = nm_fmt(
            s->job,
            "target %s is a tie within %.2g: its least margin differs from the boundary by less "
            "than rounding lets the proof and the replay decide",
            t->name, p->tie);
    else if (nm_wall() > s->deadline)
        s->v->why = nm_fmt(s->job, "the time limit stopped the tree of target %s after %zu node%s",
                           t->name, p->nodes, p->nodes == 1 ? "" : "s");
    else
        s->v->why = nm_fmt(s->job,
                           "the linear programs of target %s fail numerically: the tree gave up "
                           "after %zu node%s",
                           t->name, p->nodes, p->nodes == 1 ? "" : "s");
}

/* Records what the tree proved about a target. */
static void take_proof(nm_state *s, nm_target *t, const nm_encoded *e, const nm_proof *p)
{
    t->nodes += p->nodes;
    if (e->enc->objective != NM_FEASIBLE) {
        const double bound = isinf(p->bound) ? p->bound : nm_down(p->bound + e->enc->least);
        if (bound > t->bound) t->bound = bound;
    }
    if (s->q->objective == NM_RANGE) { /* the value that it attains meets the bound */
        const double at = t->best ? t->best->margin64 : INFINITY;
        if (isfinite(t->bound) && !(t->bound >= at - 2 * NM_TREE_GAP * (1 + fabs(at)))) return;
    } else if (p->status != NM_OK || (s->q->objective == NM_WORST && !(t->bound > s->q->guard))) {
        return;
    }
    t->status = NM_OK;
    t->by = NM_BY_TREE;
}

/* Adds tangents of L2 balls at a point of the tree that is outside of them; returns true if x gave a new one. */
static bool cut_ball(nm_state *s, const nm_target *t, nm_encoded *e, const double *x)
{
    const nm_case *c = &s->q->cases[t->icase];
    if (!nm_balls_have_l2(c) || !x) return false;
    const double *in = nm_case_input(s->job, c, x);
    const size_t rows = e->model->n_rows;
    if (!nm_balls_missed(c, s->q->n_in, in)) return false;
    nm_distance_tangent(e->enc, in);
    e->map->file.n_rows = e->model->n_rows;
    return e->model->n_rows > rows;
}

/* Solves one target; returns true if the question is settled. */
static bool solve_target(nm_state *s, nm_target *t, const nm_cube *cube)
{
    enum { ROUNDS = 200 };
    double at = nm_cpu();
    nm_encoded e = nm_models_encode(s, s->q, t, cube, (nm_encode_opts){0});
    nm_encoded plain = provable(s, t, cube, e);
    nm_target_sizes(t, e.model);
    s->v->cpu.encode += nm_cpu() - at;
    at = nm_cpu();
    bool settled = s->o->programs.solver && ask_finder(s, t, &e, 0);
    nm_proof p = {.status = NM_UNKNOWN, .bound = -INFINITY};
    size_t nodes = s->q->objective == NM_FEASIBLE && !s->o->programs.solver ? NM_TREE_FIRST
                                                                            : SIZE_MAX;
    for (int round = 0; !settled && round < ROUNDS; round++) {
        p = nm_models_prove(s, t, &plain, nodes);
        if (p.input) settled = judge_input(s, t, p.input, NM_BY_TREE);
        const bool more = p.status == NM_UNKNOWN && p.nodes >= nodes && !nm_stopped(s->job);
        if (!settled && more && !s->o->programs.solver)
            settled = ask_finder(s, t, &plain, 20 * NM_TREE_FIRST);
        if (settled || p.status == NM_OK || nm_wall() > s->deadline) break;
        if (p.outside ? !cut_ball(s, t, &plain, p.outside) : !more) break;
        if (!p.outside) nodes = SIZE_MAX;
    }
    s->v->cpu.solver += nm_cpu() - at;
    if (settled) return true;
    take_proof(s, t, &plain, &p);
    if (nm_target_open(t)) say_open(s, t, &p);
    return false;
}

/* ---- cubes ---- */

typedef struct {
    int status;
    bool has_point;
    nm_settled by; /* how the point was found */
    double cpu;
} answer; /* the answer to one cube, like a target's status */

typedef struct {
    nm_state *s;
    nm_target *t;
    answer *a;          /* [n_cubes] shared */
    double *x;          /* [n_cubes][inputs, or generators] shared */
    volatile int *done; /* shared: a counterexample was found */
} conquest;

static void conquer_one(nm_job *job, void *arg, size_t k)
{
    const conquest *c = arg;
    if (*c->done) return;
    nm_state own =
        *c->s; /* errors belong to the worker's job; messages about one cube end with it */
    nm_verdict said = *own.v;
    nm_target t = *c->t;
    own.job = job;
    own.v = &said;
    const nm_mark mark = nm_mark_get(job);
    const double at = nm_cpu();
    answer *a = &c->a[k];
    const bool settled = solve_target(&own, &t, &t.cube[k]);
    a->status = t.status == NM_OK ? NM_OK : NM_UNKNOWN;
    if (settled && said.witness) {
        const size_t n = nm_case_width(own.q, &own.q->cases[t.icase]);
        memcpy(c->x + k * n, said.witness->g ? said.witness->g : said.witness->x, n * sizeof *c->x);
        a->has_point = true;
        a->by = c->t->by;
        *c->done = 1;
    }
    a->cpu = nm_cpu() - at;
    nm_mark_release(job, mark);
}

static bool conquer(nm_state *s, nm_target *t)
{
    const size_t n = t->n_cubes, n_in = nm_case_width(s->q, &s->q->cases[t->icase]);
    conquest c = {s, t, nm_shared_new(s->job, n, sizeof *c.a),
                  nm_shared_new(s->job, n * n_in, sizeof *c.x),
                  nm_shared_new(s->job, 1, sizeof *c.done)};
    for (size_t k = 0; k < n; k++) c.a[k].status = NM_UNKNOWN;
    nm_note(s->job, "solving %zu cubes of target %s", n, t->name);
    nm_crew_run(s->job, s->o->threads, n, conquer_one, &c);
    size_t closed = 0;
    bool found = false;
    for (size_t k = 0; k < n && !found; k++) {
        s->v->cpu.solver += c.a[k].cpu;
        closed += c.a[k].status == NM_OK;
        if (!c.a[k].has_point) continue;
        const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause,
                                      c.x + k * n_in);
        found = nm_state_take(s, &r, c.a[k].by);
    }
    if (closed == n) {
        t->status = NM_OK;
        t->by = NM_BY_TREE;
    } else if (!found) {
        s->v->why = nm_fmt(s->job, "%zu of %zu cubes of target %s are open", n - closed, n,
                           t->name);
    }
    return found;
}

/* Solves an end of a range in an equal share of the time that is left, so that no end is left out. */
static void solve_end(nm_state *s, nm_target *t)
{
    const double whole = s->deadline, now = nm_wall();
    size_t left = 0;
    for (const nm_target *k = t; k < s->v->targets + s->v->n_targets; k++) left += nm_range_open(s, k);
    s->deadline = now + (whole - now) / (double)left;
    const double outer = nm_job_deadline(s->job, s->deadline);
    solve_target(s, t, NULL);
    nm_job_set_deadline(s->job, outer);
    s->deadline = whole;
}

bool nm_models_solve(nm_state *s)
{
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        const double best = s->v->witness ? s->v->witness->margin64 : INFINITY;
        const bool worst = s->q->objective == NM_WORST;
        const bool range = s->q->objective == NM_RANGE;
        if (range ? !nm_range_open(s, t) : worst ? !(t->bound < best) : !nm_target_open(t))
            continue;
        if (nm_stopped(s->job)) return false;
        if (!t->cube) nm_note(s->job, "solving target %s", t->name);
        if (range) solve_end(s, t);
        else if (t->cube ? conquer(s, t) : solve_target(s, t, NULL))
            return true;
        if (worst && t->status == NM_UNKNOWN && t->bound > s->q->guard) {
            t->status = NM_OK;
            t->by = NM_BY_TREE;
        }
    }
    return false;
}
