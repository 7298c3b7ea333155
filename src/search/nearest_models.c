/* nearest_models.c: models of a target within a ball, with the distance as their objective (distance.c), for nearest.c.
 *
 * Infeasible proves the ball's radius; an optimum or a limit proves the tree's bound (binary_tree.c), less
 * NM_NEAR_GAP / 2 of it for the rounding of sums of constants. L2 is minimised over tangents in rounds: linear
 * relaxations first, then models, until the point's own distance is the model's. A solver's point of a set that is more
 * than a box is moved to the nearest one of the linear region that its binaries give. */
#include "base/base.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "search/nearest.h"
#include "search/state.h"

enum { LP_ROUNDS = 12, MIP_ROUNDS = 30, LP_ITERATIONS = 5000 };

static double from_objective(const nm_chase *c, double objective)
{
    return c->s->q->norm == NM_L2 ? sqrt(fmax(objective, 0)) : objective;
}

/* Returns a model's proven bound as a distance, less the rounding of the constants that its objective leaves out. */
static double proven(const nm_chase *c, const nm_inner *in, double objective)
{
    const double d = from_objective(c, objective);
    if (!isfinite(d)) return 0;
    if (c->s->q->norm == NM_L0) return fmin(ceil(d - 1e-4), nm_chase_beyond(c, in->r));
    return fmin(d * (1 - 0.5 * NM_NEAR_GAP), in->r);
}

/* L2, in the objective or in a ball: adds tangents at the relaxation's point, until it changes little. */
static void tighten_relaxation(nm_chase *c, nm_state *s, nm_encoded *e, size_t icase)
{
    nm_model *m = e->model;
    if (c->near->value < INFINITY) nm_distance_tangent(e->enc, c->near->best.x);
    const nm_case *set = &s->q->cases[icase];
    const size_t most = nm_balls_have_l2(set) ? 10 * LP_ROUNDS : LP_ROUNDS;
    for (size_t r = 0; r < most && !nm_chase_out_of_time(c); r++) {
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
static void behind_boundary(nm_chase *c, const nm_inner *in, nm_target *t, const nm_encoded *e,
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
static bool ask_once(nm_chase *c, nm_inner *in, nm_target *t, nm_encoded *e, size_t k)
{
    nm_state *s = &in->s;
    e->map->file.n_rows = e->model->n_rows;
    const double at = nm_cpu();
    const nm_sol *sol = nm_models_ask(s, t, *e);
    nm_target *outer = &c->s->v->targets[k];
    outer->rows = t->rows, outer->cols = t->cols, outer->nz = t->nz, outer->bins = t->bins;
    c->s->v->cpu.solver += nm_cpu() - at;
    if (sol->status == NM_SOL_INFEASIBLE) {
        nm_chase_prove(c, k, nm_chase_beyond(c, in->r), NM_BY_TREE);
        return true;
    }
    const double objective = sol->bound + e->model->constant;
    nm_chase_prove(c, k, proven(c, in, objective), NM_BY_TREE);
    if (!sol->has_values) return true;
    const double *x = nm_models_input(s, e, sol, t->icase);
    const size_t clause = k - c->s->cases[t->icase].first;
    nm_near_from(c->near, t->icase, clause, x);
    const double *at_x = nm_case_input(s->job, &c->s->q->cases[t->icase], x),
                 own = nm_norm_of(c->s->q->norm, s->q->n_in, at_x, s->q->image),
                 claim = from_objective(c, objective);
    if (!(nm_chase_incumbent(c) <= own * (1 + 0.5 * NM_NEAR_GAP)))
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

void nm_chase_model(nm_chase *c, nm_inner *in, size_t i)
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
    for (size_t r = 0; r < (rounds ? MIP_ROUNDS : 1) && !nm_chase_out_of_time(c); r++) {
        if (ask_once(c, in, t, &e, in->which[i])) break;
        nm_distance_tangent(e.enc, c->found);
    }
    c->done[in->which[i]] = true;
}

int64_t nm_chase_next(const nm_chase *c, const nm_inner *in)
{
    int64_t best = -1;
    for (size_t i = 0; i < in->s.v->n_targets; i++) {
        const nm_target *t = &in->s.v->targets[i];
        if (!nm_target_open(t) || !nm_chase_wanted(c, in->which[i], in->r) || !in->s.cases[t->icase].b) continue;
        if (best < 0 || t->margin_lo < in->s.v->targets[best].margin_lo) best = (int64_t)i;
    }
    return best;
}

