/* solve.c: the pipeline of one question, cheapest first: evaluation, bounds, attack, models, solver.
 *
 * needs a Net and a Query; gives a Verdict; keeps both. A target is closed as `holds` only by a bound that excludes it
 * (row - rhs > guard for some row of its clause, outward rounded), by trees whose leaves are closed so, or by duals of
 * linear programs that contain every true trace, checked in outward rounded arithmetic (embedded_clp.c,
 * binary_tree.c); as `violated` only by the judge (judge.c). All else is unknown, with the reason. With objective
 * `closest` the stages run in rounds (nearest.c). With objective `worst` nothing ends early: every target that could
 * still undercut the incumbent is solved. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

/* some clause may hold at the image: float64 is not sure that a row of each fails. Saves the judge's slower replay. */
static bool may_hold(const nm_state *s, const nm_case *c)
{
    const nm_query *q = s->q;
    if (!q->image_y || q->objective == NM_WORST || q->objective == NM_RANGE) return true;
    for (size_t t = 0; t < c->n_clauses; t++) {
        bool fails = false;
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) {
            const nm_row *row = &c->clauses[t].rows[r];
            double sum = -row->rhs, mag = fabs(row->rhs);
            for (size_t k = 0; k < row->n; k++) {
                const uint32_t v = row->var[k];
                const double x = v < q->n_out ? q->image_y[v] : q->image[v - q->n_out];
                sum += row->coef[k] * x;
                mag += fabs(row->coef[k] * x);
            }
            fails |= sum > 1e-6 * (1 + mag);
        }
        if (!fails) return true;
    }
    return false;
}

static bool evaluate(nm_state *s)
{
    if (!s->q->image) return false;
    for (size_t i = 0; i < s->q->n_cases; i++) {
        const nm_case *c = &s->q->cases[i];
        const bool is_image = c->gens ? c->gens->is_image
                                      : nm_query_box_has(c, s->q->image, s->q->n_in);
        if (c->empty || (is_image ? !may_hold(s, c) : !c->gens)) continue;
        const bool each = s->q->objective == NM_RANGE; /* clause has a value of its own */
        for (size_t t = 0; t < (each ? c->n_clauses : 1); t++) {
            const nm_replay r = nm_verify(s->job, s->net, s->q, i, each ? (int64_t)t : -1,
                                          nm_case_start(s->q, c));
            if (nm_state_take(s, &r, "evaluation")) return true;
        }
    }
    return false;
}

/* ---- the verdict ---- */

static const char *last_stage(const nm_verdict *v)
{
    static const char *const order[] = {"evaluation", "bounds", "attack", "tree", "solver"};
    size_t last = 0;
    for (size_t i = 0; i < v->n_targets; i++)
        for (size_t k = 0; k < 5; k++)
            if (v->targets[i].by && strcmp(v->targets[i].by, order[k]) == 0 && k > last) last = k;
    return order[last];
}

static void conclude(nm_state *s)
{
    nm_verdict *v = s->v;
    size_t open = 0;
    if (s->q->objective == NM_RANGE) nm_range_conclude(s->q, v);
    v->status = NM_OK;
    v->certified = true; /* by bounds, branching and duals alone */
    v->bound = INFINITY;
    v->objective = INFINITY;
    for (size_t i = 0; i < v->n_targets; i++) {
        const nm_target *t = &v->targets[i];
        open += nm_target_open(t);
        if (t->bound < v->bound) v->bound = t->bound;
        if (t->objective < v->objective) v->objective = t->objective;
        if (t->status == NM_VIOLATED) v->by = t->by;
    }
    v->has_objective = s->q->objective == NM_WORST && isfinite(v->objective);
    if (v->bound > v->objective) v->bound = v->objective;
    if (v->witness && v->witness->is_violated)
        v->status = NM_VIOLATED;
    else if (open)
        v->status = NM_UNKNOWN;
    else
        v->by = last_stage(v);
    if (v->status == NM_UNKNOWN && nm_stopped(s->job)) v->why = "interrupted";
    if (v->status == NM_UNKNOWN && !v->why)
        v->why = s->o->solve ? "targets are left open"
                             : "targets are left open, and no model was solved (--no-solve)";
}

/* Branching on signs, a little of it first: what is open after that is worth better bounds of all units. */
static bool branch(nm_state *s)
{
    if (s->o->branch && nm_close_branch(s, NM_BRANCH_FIRST)) return true;
    for (size_t i = 0; s->o->units && i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (s->cases[i].b) nm_close_units(s, i);
    return s->o->branch && nm_close_branch(s, NM_BRANCH_NODES);
}

static bool settle(nm_state *s)
{
    if (s->o->evaluate && evaluate(s)) return true;
    double at = nm_cpu();
    for (size_t i = 0; i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (!s->q->cases[i].empty) nm_close_bounds(s, i);
    nm_close_count(s);
    s->v->cpu_bounds = nm_cpu() - at;
    at = nm_cpu();
    bool done = false;
    const bool range = s->q->objective == NM_RANGE, attack = s->o->attack && !range;
    for (size_t i = 0; range && i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (s->cases[i].b) nm_range_probe(s, i);
    for (size_t i = 0; attack && !done && i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (s->cases[i].b)
            done = nm_close_attack(s, i, nm_case_start(s->q, &s->q->cases[i]),
                                   nm_close_restarts(s->cases[i].b->p));
    s->v->cpu_attack = nm_cpu() - at;
    at = nm_cpu();
    const bool split = s->o->split && s->q->objective == NM_FEASIBLE;
    for (size_t i = 0; split && !done && i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (s->cases[i].b) done = nm_close_split(s, i);
    /* conditioned bounds hold for counterexamples, near ones included, and for nothing else */
    const bool counter = s->q->objective == NM_FEASIBLE || s->q->objective == NM_CLOSEST;
    const bool tighten = s->o->level >= NM_BY_ALPHA && counter;
    for (size_t i = 0; tighten && !done && i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (s->cases[i].b) nm_close_tighten(s, i);
    if (tighten && !done) done = branch(s);
    s->v->cpu_bounds += nm_cpu() - at;
    if (done) return true;
    if (s->o->depth) {
        if (s->q->objective != NM_FEASIBLE)
            nm_throw(s->job, NM_EUNSUP, "--split: cubes decide; objective feasible was expected");
        at = nm_cpu();
        nm_close_cubes(s);
        s->v->cpu_bounds += nm_cpu() - at;
    }
    if (s->o->out || s->o->print) nm_models_write(s);
    if (!s->o->solve || nm_models_solve(s)) return s->o->solve;
    nm_refine(s, nm_solve_query);
    return false;
}

/* An element of an affine image is the image's own only by an equality, which no double generators satisfy: a solver's
 * point would differ in all of them. */
static void refuse_l0(nm_job *job, const nm_query *q)
{
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        bool counts = q->objective == NM_CLOSEST && q->norm == NM_L0;
        for (size_t k = 0; k < c->n_balls; k++) counts |= c->balls[k].norm == NM_L0;
        if (c->gens && counts)
            nm_throw(
                job, NM_EUNSUP,
                "l0 or pixels over generators (blur, spans and the like): elements would have to "
                "equal the image's exactly, which doubles do not reach; l1, l2 or linf was "
                "expected");
    }
}

nm_verdict *nm_solve_query(nm_job *job, const nm_net *net, const nm_query *q,
                           const nm_solve_opts *o)
{
    nm_state s = {.job = job, .net = net, .q = q, .o = o, .v = NM_NEW(job, nm_verdict)};
    nm_tail_check(job, net, q);
    nm_models_sayable(job, q, o);
    refuse_l0(job, q);
    for (size_t i = 0; i < q->n_cases; i++)
        if (q->cases[i].empty)
            nm_note(job, "the input set of case %zu is empty: no point satisfies all of it", i);
    if (q->objective == NM_CLOSEST && !q->image)
        nm_throw(job, NM_EUSE, "objective closest: an image, to which it is near, was expected");
    s.deadline = o->time_limit > 0 ? nm_wall() + o->time_limit : INFINITY;
    s.p = o->program ? o->program : nm_lower(job, net);
    nm_state_open(&s);
    if (q->objective == NM_CLOSEST && !o->out && !o->print) {
        nm_closest(&s);
        return s.v;
    }
    settle(&s);
    conclude(&s);
    return s.v;
}
