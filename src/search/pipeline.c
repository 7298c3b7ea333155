/* pipeline.c: runs the stages of solve in the order of stages.def, which also has what each needs, what it may close,
 * its switch and its cost. Only that file decides in which order things are tried.
 *
 * A target is closed as `holds` only by a bound that excludes it (row - rhs > guard for some row of its clause,
 * rounded outwards), by trees whose leaves are closed in this way, or by duals of linear programs that contain
 * every true trace, checked in outward rounded arithmetic (embedded_clp.c, binary_tree.c); as `violated` only
 * by the judge (judge.c). With objective `worst` nothing ends early: every target that could still undercut the
 * incumbent is solved. */
#include "base/base.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

/* ---- stages as functions of a case, or of the question; true: a decision question is settled ---- */

static bool bound_case(nm_state *s, size_t i) { return nm_close_bounds(s, i), false; }
static bool count_layers(nm_state *s) { return nm_close_count(s), false; }
static bool probe_range(nm_state *s, size_t i) { return nm_range_probe(s, i), false; }
static bool tighten_case(nm_state *s, size_t i) { return nm_close_tighten(s, i), false; }
static bool try_trees(nm_state *s, size_t i) { return nm_close_trees(s, i), false; }
static bool take_maxima(nm_state *s, size_t i) { return nm_close_maxima(s, i), false; }
static bool branch_a_little(nm_state *s) { return !nm_close_units_first(s) && nm_close_branch(s, NM_BRANCH_FIRST); }
static bool bound_units(nm_state *s, size_t i) { return nm_close_units(s, i), false; }
static bool branch_on(nm_state *s) { return nm_close_branch(s, NM_BRANCH_NODES); }
static bool cut_cubes(nm_state *s) { return nm_close_cubes(s), false; }
static bool write_models(nm_state *s) { return nm_models_write(s), false; }
static bool refine_value(nm_state *s) { return nm_refine(s), false; }

static bool models_until(nm_state *s, double until)
{
    const double end = s->deadline, outer = nm_job_deadline(s->job, until);
    s->deadline = until;
    const bool settled = nm_models_solve(s);
    nm_job_set_deadline(s->job, outer);
    s->deadline = end;
    return settled;
}

/* For a value, decisions (refine.c) come after models; in deep networks these get only a part of a time limit, as they
 * prove less there. Without a limit models that take long are stopped for some decisions, and then asked to the end. */
static bool ask_models(nm_state *s)
{
    const double now = nm_wall(), left = s->deadline - now;
    const bool is_value = s->q->objective == NM_WORST || s->q->objective == NM_RANGE;
    if (!is_value || nm_hidden_layers(s->p) < 2) return models_until(s, s->deadline);
    if (models_until(s, now + (isinf(left) ? NM_SLICE : NM_MODELS_PART * left))) return true;
    if (!isinf(left) || nm_wall() < now + NM_SLICE) return false;
    nm_refine_soon(s);
    return models_until(s, INFINITY);
}

static bool attack_case(nm_state *s, size_t i)
{
    return nm_close_attack(s, i, nm_case_start(s->q, &s->q->cases[i]),
                           nm_close_restarts(s->cases[i].b->p));
}

/* ---- the table ---- */

typedef struct {
    bool (*each)(nm_state *, size_t); /* for each case; or, once for all of them: */
    bool (*once)(nm_state *);
    bool bounded;        /* each: only for cases that have bounds; else for all that are not empty */
    unsigned objectives; /* bits of 1 << nm_objective */
    nm_by level;
    bool (*wanted)(const nm_solve_opts *);
    size_t clock; /* offset of the seconds in nm_verdict, or 0 */
} stage;

#define IF(objective) (1u << (objective))
#define EVERY         (IF(NM_FEASIBLE) | IF(NM_WORST) | IF(NM_CLOSEST) | IF(NM_RANGE))
/* conditioned bounds hold only for counterexamples, including near ones */
#define COUNTER       (IF(NM_FEASIBLE) | IF(NM_CLOSEST))
#define NO_CLOCK      0
#define CLOCK(member) offsetof(nm_verdict, member)

static bool always(const nm_solve_opts *o) { return (void)o, true; }
static bool on_depth(const nm_solve_opts *o) { return o->depth > 0; }
static bool writes(const nm_solve_opts *o) { return o->files.out || o->files.print || o->files.keep; }
#define ON(member)                                                                                 \
    static bool on_##member(const nm_solve_opts *o) { return o->stages.member; }
ON(evaluate)
ON(attack)
ON(split)
ON(branch)
ON(units)
ON(solve)
/* files that are kept speak of the network's own program */
static bool on_maxima(const nm_solve_opts *o)
{
    return o->stages.branch && !o->depth && !writes(o) && !o->programs.keep;
}
#define ALWAYS         always
#define WRITES         writes
#define SWITCH(member) on_##member

#define CASES(run) .each = run, .bounded = false
#define EACH(run)  .each = run, .bounded = true
#define ONCE(run)  .once = run
#define STAGE(name, scope, objectives_, level_, switch_, option, clock_, run, closes, cost, what)  \
    {scope(run), .objectives = objectives_, .level = level_, .wanted = switch_, .clock = clock_},
static const stage stages[] = {
#include "search/stages.def"
};
enum { N_STAGES = sizeof stages / sizeof *stages };

const nm_stage_row *nm_stage_list(size_t *n)
{
    static const nm_stage_row rows[] = {
#undef STAGE
#define STAGE(name, scope, objectives_, level_, switch_, option, clock_, run, closes, cost, what)  \
    {name, option, closes, cost, what},
#include "search/stages.def"
    };
    *n = N_STAGES;
    return rows;
}

static bool run_stage(nm_state *s, const stage *t)
{
    if (t->once) return t->once(s);
    for (size_t i = 0; i < s->q->n_cases && !nm_stopped(s->job); i++)
        if ((t->bounded ? s->cases[i].b != NULL : !s->q->cases[i].empty) && t->each(s, i))
            return true;
    return false;
}

/* what somebody who watches is told: the stage, and how many targets it is for */
static void show(const nm_state *s, size_t k)
{
    size_t open = 0, n;
    if (!nm_shows(s->job)) return;
    for (size_t i = 0; i < s->v->n_targets; i++) open += nm_target_open(&s->v->targets[i]);
    if (s->q->objective == NM_FEASIBLE)
        nm_show_stage(s->job, "%s: %zu of %zu targets open", nm_stage_list(&n)[k].name, open, s->v->n_targets);
    else
        nm_show_stage(s->job, "%s", nm_stage_list(&n)[k].name);
}

bool nm_pipeline_run(nm_state *s)
{
    for (size_t k = 0; k < N_STAGES; k++) {
        const stage *t = &stages[k];
        if (!(t->objectives & IF(s->q->objective)) || s->o->bounds.all < t->level || !t->wanted(s->o))
            continue;
        show(s, k);
        const double at = nm_cpu();
        const bool settled = run_stage(s, t);
        if (t->clock) *(double *)((char *)s->v + t->clock) += nm_cpu() - at;
        if (settled) return true;
    }
    return false;
}
