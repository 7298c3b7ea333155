/* solve_models.c: the models of open targets, solved by the embedded solver or another. An infeasible decision model
 * closes its target; a point is judged (judge.c); all else leaves it open. */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "search/state.h"

static nm_encoded encode(nm_state *s, nm_target *t, const nm_cube *cube)
{
    return nm_models_encode(s, s->q, t, cube, (nm_encode_opts){0});
}

const double *nm_models_input(nm_state *s, const nm_encoded *e, const nm_sol *sol, size_t icase)
{
    double *v = NM_RAW(s->job, double, e->map->n_cols + 1);
    for (size_t j = 0; j < e->map->n_cols; j++) v[j] = sol->vals[j].x;
    return nm_leaf_input(s, e, icase, v);
}

static bool judge_solution(nm_state *s, nm_target *t, const nm_encoded *e, const nm_sol *sol)
{
    const double *x = nm_models_input(s, e, sol, t->icase);
    const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
    const bool settled = nm_state_take(s, &r, "solver");
    if (settled || r.is_violated || s->q->objective != NM_FEASIBLE) return settled;
    /* the point misses by the solver's tolerance: a short descent from it may find what it meant */
    if (s->o->attack && nm_close_attack(s, t->icase, r.g ? r.g : r.x, 1)) return true;
    s->v->why = nm_fmt(s->job,
                       "the solver's point for target %s does not replay: its margin is %.3g",
                       t->name, r.margin64);
    return false;
}

static double seconds_left(const nm_state *s)
{
    const double left = s->deadline - nm_wall();
    return isinf(s->deadline) ? 0 : left > 0 ? left : -1;
}

/* by a program of its own, or by the embedded solver when r is NULL */
static const nm_sol *ask(nm_state *s, nm_target *t, const nm_runner *r, nm_encoded e, bool first)
{
    const nm_cbc o = {.time_limit = seconds_left(s), .first = first, .memory = s->o->memory};
    if (!r) return nm_cbc_solve(s->job, e.model, o);
    const char *stem = e.map->cube ? nm_fmt(s->job, "%s/t%s-c%zu", s->o->keep, t->name, e.map->cube)
                                   : nm_fmt(s->job, "%s/t%s", s->o->keep, t->name);
    nm_models_write_one(s, t, e, stem, ".mps", r->dialect);
    nm_sol *sol = nm_runner_solve(s->job, r, nm_map_card(e.map), stem,
                                  (nm_run_opts){seconds_left(s), s->o->threads, s->o->memory});
    if (sol->status == NM_SOL_OPTIMAL && isnan(sol->bound)) { /* files say none */
        const double gap = r->is_own ? 1e-4 : 1e-7;
        sol->bound = sol->objective - gap * (1 + fabs(sol->objective));
    }
    return sol;
}

const nm_sol *nm_models_ask(nm_state *s, nm_target *t, nm_encoded e, bool first)
{
    nm_target_sizes(t, e.model);
    return ask(s, t, s->o->solver, e, first);
}

/* `infeasible` is believed when nobody else was to be asked, or says the same */
bool nm_models_confirmed(nm_state *s, nm_target *t, const nm_encoded *e, const nm_sol *first)
{
    if (!s->o->confirm) return true;
    const nm_sol *second = ask(s, t, s->o->confirm, *e, true);
    if (second->status == NM_SOL_INFEASIBLE) return true;
    if (second->has_values)
        nm_throw(s->job, NM_EAUDIT,
                 "target %s: %s says infeasible, %s has a solution (%s); --keep DIR keeps both",
                 t->name, first->solver, second->solver, second->status_text);
    s->v->why = nm_fmt(s->job, "target %s: %s says infeasible, %s does not confirm it: %s", t->name,
                       first->solver, second->solver, second->status_text);
    return false;
}

/* an L2 ball is cut out by tangents at the points that its model gives, while they lie outside */
static const nm_sol *ask_in_rounds(nm_state *s, nm_target *t, nm_encoded *e)
{
    enum { ROUNDS = 60 };
    const nm_case *c = &s->q->cases[t->icase];
    const nm_sol *sol = NULL;
    for (int r = 0; r < ROUNDS; r++) {
        sol = ask(s, t, s->o->solver, *e, s->q->objective == NM_FEASIBLE);
        if (!nm_balls_have_l2(c) || !sol->has_values) break;
        const double *x = nm_models_input(s, e, sol, t->icase);
        const double *in = nm_case_input(s->job, c, x);
        const nm_replay p = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
        if (!nm_balls_missed(c, s->q->n_in, in) ||
            (p.is_violated && s->q->objective == NM_FEASIBLE))
            break;
        nm_distance_tangent(e->enc, in);
        e->map->n_rows = e->model->n_rows;
    }
    return sol;
}

static bool solve_target(nm_state *s, nm_target *t)
{
    double at = nm_cpu();
    nm_encoded e = encode(s, t, NULL);
    nm_target_sizes(t, e.model);
    s->v->cpu_encode += nm_cpu() - at;
    at = nm_cpu();
    const bool decide = s->q->objective == NM_FEASIBLE;
    const nm_sol *sol = ask_in_rounds(s, t, &e);
    s->v->cpu_solver += nm_cpu() - at;
    if (sol->status == NM_SOL_INFEASIBLE) {
        if (!nm_models_confirmed(s, t, &e, sol)) return false;
        t->status = NM_OK;
        t->by = "solver";
        if (!decide) t->bound = INFINITY; /* its input set is empty */
        return false;
    }
    const double bound = sol->bound + e.model->constant -
                         1e-6 * (1 + fabs(sol->bound)); /* the solver's own tolerance */
    if (!decide && (sol->status == NM_SOL_OPTIMAL || sol->status == NM_SOL_FEASIBLE) &&
        bound > t->bound)
        t->bound = bound;
    if (s->q->objective == NM_RANGE && sol->status == NM_SOL_OPTIMAL && !e.map->relaxation) {
        t->status = NM_OK;
        t->by = "solver";
    }
    if (sol->has_values) return judge_solution(s, t, &e, sol);
    s->v->why = nm_fmt(s->job, "the solver stopped on target %s: %s", t->name, sol->status_text);
    return false;
}

/* ---- cubes ---- */

typedef struct {
    int status;
    bool has_point;
    double cpu;
} answer; /* of one cube: as a target's status */

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
        *c->s; /* the worker's job takes errors, and what is said of one cube goes with it */
    nm_verdict said = *own.v;
    nm_target t = *c->t;
    own.job = job;
    own.v = &said;
    const nm_mark mark = nm_mark_get(job);
    const double at = nm_cpu();
    const nm_encoded e = encode(&own, &t, &t.cube[k]);
    const nm_sol *sol = ask(&own, &t, own.o->solver, e, true);
    answer *a = &c->a[k];
    const bool closed = sol->status == NM_SOL_INFEASIBLE && nm_models_confirmed(&own, &t, &e, sol);
    a->status = closed ? NM_OK : NM_UNKNOWN;
    if (sol->has_values) {
        const double *x = nm_models_input(&own, &e, sol, t.icase);
        const size_t n = nm_case_width(own.q, &own.q->cases[t.icase]);
        memcpy(c->x + k * n, x, n * sizeof *x);
        a->has_point = true;
        if (nm_verify(job, own.net, own.q, t.icase, (int64_t)t.iclause, x).is_violated)
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
        s->v->cpu_solver += c.a[k].cpu;
        closed += c.a[k].status == NM_OK;
        if (!c.a[k].has_point) continue;
        const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause,
                                      c.x + k * n_in);
        found = nm_state_take(s, &r, "solver") ||
                (s->o->attack && !r.is_violated &&
                 nm_close_attack(s, t->icase, r.g ? r.g : r.x, 1));
    }
    if (closed == n) {
        t->status = NM_OK;
        t->by = "solver";
    } else if (!found) {
        s->v->why = nm_fmt(s->job, "%zu of %zu cubes of target %s are open", n - closed, n,
                           t->name);
    }
    return found;
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
        if (t->cube ? conquer(s, t) : solve_target(s, t)) return true;
        if (worst && t->status == NM_UNKNOWN && t->bound > s->q->guard) {
            t->status = NM_OK;
            t->by = "solver";
        }
    }
    return false;
}
