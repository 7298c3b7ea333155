/* solve.c: answers one question, from network and query to verdict. pipeline.c runs the stages that settle its targets,
 * or nearest.c in rounds for objective `closest`. Here questions are refused that no stage can honour, and the verdict
 * is concluded from the targets. If some target is not closed, the verdict is unknown, with the reason. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/record.h"
#include "search/state.h"

static const double NEAR_END = 0.1; /* part of a time limit */

static nm_settled last_stage(const nm_verdict *v)
{
    nm_settled last = NM_BY_EVALUATION;
    for (size_t i = 0; i < v->n_targets; i++)
        if (v->targets[i].by > last) last = v->targets[i].by;
    return last;
}

/* Returns why value and bound of a worst margin do not meet, or NULL: they do. Stages stop at their parts of a limit,
 * shortly before its end. */
static const char *why_apart(const nm_state *s)
{
    const nm_optimum *o = &s->v->optimum;
    if (!o->has || !(o->bound < o->value - 2 * NM_TREE_GAP * (1 + fabs(o->value)))) return NULL;
    return nm_interrupted(s->job) ? "interrupted before value and bound met"
           : nm_wall() > s->deadline - NEAR_END * s->o->time_limit
               ? "the time limit stopped before value and bound met"
               : "every stage has ended, and value and bound do not meet";
}

static void conclude(nm_state *s)
{
    nm_verdict *v = s->v;
    size_t open = 0;
    if (s->q->objective == NM_RANGE) nm_range_conclude(s->q, v);
    v->status = NM_OK;
    v->assumed = nm_known_used(s->o->known);
    v->certified = !v->assumed; /* bounds, branching and duals are all proven */
    v->optimum.bound = INFINITY;
    v->optimum.value = INFINITY;
    for (size_t i = 0; i < v->n_targets; i++) {
        const nm_target *t = &v->targets[i];
        open += nm_target_open(t);
        if (t->bound < v->optimum.bound) v->optimum.bound = t->bound;
        if (t->objective < v->optimum.value) v->optimum.value = t->objective;
        if (t->status == NM_VIOLATED) v->by = t->by;
    }
    v->optimum.has = s->q->objective == NM_WORST && isfinite(v->optimum.value);
    if (v->optimum.bound > v->optimum.value) v->optimum.bound = v->optimum.value;
    v->optimum.why = why_apart(s);
    if (v->witness && v->witness->is_violated)
        v->status = NM_VIOLATED;
    else if (open)
        v->status = NM_UNKNOWN;
    else
        v->by = last_stage(v);
    if (v->status == NM_UNKNOWN && nm_interrupted(s->job)) v->why = "interrupted";
    if (v->status == NM_UNKNOWN && !v->why && nm_wall() > s->deadline)
        v->why = "the time limit was reached before every target was settled";
    if (v->status == NM_UNKNOWN && !v->why)
        v->why = s->o->stages.solve ? "targets are left open"
                                    : "targets are left open, and no model was solved (--no-solve)";
}

/* Tries the image, the centre and two corners of the cases that are open at the end: the order of the file's sums may
 * violate where the reals, which the stages look at, do not. */
static void try_floats(nm_state *s)
{
    for (size_t i = 0; i < s->q->n_cases && !(s->v->witness && s->v->witness->is_violated); i++) {
        const nm_case *c = &s->q->cases[i];
        bool open = false;
        for (size_t t = 0; t < c->n_clauses; t++)
            open |= nm_target_open(&s->v->targets[s->cases[i].first + t]);
        if (!open || nm_stopped(s->job)) continue;
        double *x = NM_RAW(s->job, double, s->q->n_in + 1);
        for (size_t k = 0; k < s->q->n_in; k++) x[k] = 0.5 * c->lo[k] + 0.5 * c->hi[k];
        const double *const points[] = {x, s->q->image, c->lo, c->hi};
        for (size_t k = 0; k < 4; k++) {
            const nm_replay r = {.x = points[k], .is_inside = points[k] != NULL, .icase = i};
            if (r.is_inside && nm_state_take(s, &r, NM_BY_EVALUATION)) return;
        }
    }
}

/* Refuses L0 over generators: that an element of the affine image keeps the image's value is an equality, which
 * generators in doubles hardly ever satisfy; a solver's point would differ in all elements. */
static void refuse_l0(nm_job *job, const nm_query *q)
{
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        bool counts = q->objective == NM_CLOSEST && q->norm == NM_L0;
        for (size_t k = 0; k < c->n_balls; k++) counts |= c->balls[k].norm == NM_L0;
        if (c->gens && counts)
            nm_throw(
                job, NM_EUNSUP,
                "l0 or pixels over generators (blur, span and the like): elements would have to "
                "equal the image's exactly, which doubles cannot do; l1, l2 or linf was "
                "expected");
    }
}

nm_verdict *nm_solve_query(nm_job *job, const nm_net *net, const nm_query *q,
                           const nm_solve_opts *o)
{
    nm_state s = {.job = job,
                  .net = net,
                  .q = q,
                  .o = o,
                  .v = NM_NEW(job, nm_verdict),
                  .ask = nm_solve_query};
    if (!o->float32) nm_query_need_reals(job, q, "this answer would be");
    nm_tail_check(job, net, q);
    nm_models_sayable(job, q, o);
    refuse_l0(job, q);
    if (o->float32) nm_float32_sayable(job, q, o);
    s.v->float32 = o->float32;
    if (q->objective == NM_CLOSEST && !q->image)
        nm_throw(job, NM_EUSE, "objective closest: an image was expected");
    if (o->depth && q->objective != NM_FEASIBLE)
        nm_throw(job, NM_EUNSUP, "--split: cubes are for decisions; objective feasible was expected");
    s.deadline = o->time_limit > 0 ? nm_wall() + o->time_limit : INFINITY;
    const double outer = nm_job_deadline(job, s.deadline);
    const size_t threads = nm_job_threads(job);
    nm_job_set_threads(job, o->threads);
    s.p = o->program ? o->program : (o->float32 ? nm_lower_float32 : nm_lower)(job, net);
    nm_state_open(&s);
    nm_record_open(&s);
    if (q->objective == NM_CLOSEST && !o->files.out && !o->files.print && !o->files.keep) {
        nm_closest(&s);
    } else {
        nm_pipeline_run(&s);
        if (o->float32) try_floats(&s);
        conclude(&s);
        nm_prove_rest(&s);
    }
    if (!o->program) nm_warn_of_empty_sets(job, q, s.v->status); /* not again for each decision about a value */
    nm_job_set_deadline(job, outer);
    nm_job_set_threads(job, threads);
    return s.v;
}
