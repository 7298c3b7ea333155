/* leaf.c: decides nodes of branching that have no unit left to branch on.
 *
 * If all signs are fixed, the network is affine, and a linear program over the inputs, whose rows are the assumed signs
 * and the clause, decides. A dual or Farkas's ray excludes counterexamples (embedded_clp.c), whatever Clp says; a point
 * is judged. With an L2 ball, the nearest point (nearest_point.c) does so. If the nearest counterexample is wanted, one
 * that is found is first moved to the nearest of its own linear region, so that a search over a shrinking ball visits
 * each region once instead of creeping. Cost: a model and a linear program for each leaf, some milliseconds. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "search/state.h"

const double *nm_leaf_input(const nm_state *s, const nm_encoded *e, size_t icase, const double *v)
{
    const nm_case *c = &s->q->cases[icase];
    const size_t n = nm_case_width(s->q, c);
    const double *start = nm_case_start(s->q, c), *lo = c->gens ? c->gens->lo : c->lo,
                 *hi = c->gens ? c->gens->hi : c->hi;
    double *x = NM_RAW(s->job, double, n);
    for (size_t i = 0; i < n; i++) {
        const int64_t j = e->map->col[i];
        x[i] = j >= 0  ? v[j]
               : start ? fmin(fmax(start[i], lo[i]), hi[i])
                       : 0.5 * lo[i] + 0.5 * hi[i];
    }
    return x;
}

/* Moves the cutoff by `by`: outwards, so that near misses, within a solver's tolerance, are excluded by a dual and not
 * by a status. Returns the old cutoff, or NaN. */
static double move_cutoff(const nm_encoded *e, double by)
{
    nm_model *m = e->model;
    double *cap = NULL;
    if (e->enc->tcol >= 0) cap = &m->cols[e->enc->tcol].hi;
    else if (e->enc->n_asked)
        cap = &m->rows[e->enc->asked].hi;
    if (!cap) return NAN;
    const double was = *cap;
    *cap += by * (1 + fabs(was));
    return was;
}

static nm_encoded encode_leaf(const nm_leaf *at, const nm_bounds *b, const nm_case *over,
                              nm_objective objective)
{
    const nm_state *s = at->s;
    const nm_target *t = at->t;
    const nm_bounded *k = &s->cases[t->icase];
    nm_query q = *s->q;
    q.objective = objective;
    return nm_encode(s->job, b, &q, t->icase, t->iclause, k->row[t->iclause],
                     (nm_encode_opts){.fold = true, .one_sided = true, .over = over, .base = k->b});
}

enum { MISSED = -1 };

/* Minimises the model's objective. Returns NM_OK if it proves that the objective is above cap, or that there is no
 * point; NM_VIOLATED if x, the input of the minimiser, is a counterexample; MISSED if it is not. */
static int solve_program(const nm_leaf *at, const nm_encoded *e, double cap, double *x)
{
    enum { ITERATIONS = 20000 };
    nm_state *s = at->s;
    const nm_target *t = at->t;
    const nm_model *m = e->model;
    double *col = NM_RAW(s->job, double, 4 * m->n_cols + 1), *lo = col + m->n_cols,
           *hi = lo + m->n_cols, *obj = hi + m->n_cols, *y = NM_RAW(s->job, double, m->n_rows + 1);
    for (size_t j = 0; j < m->n_cols; j++) {
        lo[j] = m->cols[j].lo;
        hi[j] = m->cols[j].hi;
        obj[j] = m->cols[j].obj;
    }
    int status = NM_UNKNOWN;
    nm_clp *l = nm_clp_new(s->job, m);
    if (!nm_clp_solve(l, obj, ITERATIONS, col, y)) {
        if (nm_clp_is_empty(l, lo, hi)) status = NM_OK;
    } else if (nm_dual_bound(s->job, m, lo, hi, obj, y) > cap) {
        status = NM_OK;
    } else {
        const double *in = nm_leaf_input(s, e, t->icase, col);
        const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, in);
        status = r.is_violated ? NM_VIOLATED : MISSED;
        memcpy(x, in, nm_case_width(s->q, &s->q->cases[t->icase]) * sizeof *x);
    }
    nm_close(s->job, l);
    return status;
}

/* Solves in rounds: L2 balls are replaced by tangents, and more are added while the point is outside of a ball. */
static int solve_rounds(const nm_leaf *at, nm_encoded *e, double cap, double *x)
{
    enum { ROUNDS = 12 };
    const nm_case *c = &at->s->q->cases[at->t->icase];
    int status = solve_program(at, e, cap, x);
    for (int r = 1; r < ROUNDS && status == MISSED; r++) {
        const size_t rows = e->model->n_rows;
        nm_distance_tangent(e->enc, nm_case_input(at->s->job, c, x));
        if (e->model->n_rows == rows) break;
        status = solve_program(at, e, cap, x);
    }
    return status;
}

/* Returns the ball of a case with exactly one L2 ball over the inputs themselves, or NULL. */
static const nm_ball *only_l2(const nm_case *c)
{
    return !c->gens && c->n_balls == 1 && c->balls->norm == NM_L2 ? c->balls : NULL;
}

/* Encodes the leaf without its balls. */
static nm_encoded encode_polyhedron(const nm_leaf *at, const nm_bounds *b)
{
    nm_case without = *at->s->cases[at->t->icase].work.c;
    without.n_balls = 0;
    return encode_leaf(at, b, &without, NM_FEASIBLE);
}

/* Finds the point of the leaf nearest to the ball's centre, with the cutoff moved; returns false if the model has more
 * columns than inputs. *room: by how much the proven squared distance exceeds the ball's, negative if it does not. */
static bool project_leaf(const nm_leaf *at, const nm_bounds *b, const nm_encoded *e,
                         const nm_ball *ball, double by, double *room, double *x)
{
    nm_state *s = at->s;
    const nm_model *m = e->model;
    double *centre = NM_RAW(s->job, double, 2 * m->n_cols + 1), *col = centre + m->n_cols, away = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->q->n_in; i++) {
        const int64_t j = e->map->col[i];
        const double lo = b->lo[i], hi = b->hi[i], c = ball->centre[i],
                     least = j >= 0   ? 0
                             : c < lo ? lo - c
                             : c > hi ? c - hi
                                      : 0;
        away += least * least;
        n += j >= 0;
        if (j >= 0) centre[j] = c;
    }
    if (n != m->n_cols) return false;
    move_cutoff(e, by);
    const double most = nm_up(ball->radius * ball->radius),
                 rest = nm_up(most - away * (1 - 1e-9)) + 1e-12 * most;
    *room = nm_project(s->job, m, centre, by < 0 ? INFINITY : rest, col) - rest;
    memcpy(x, nm_leaf_input(s, e, at->t->icase, col), s->q->n_in * sizeof *x);
    return true;
}

/* Fixes the inputs that an L0 ball keeps at its centre at x: then every point of the box is in the ball. */
static void fix_unmoved(nm_bounds *c, const nm_case *of, const double *x)
{
    if (!of->gens)
        for (size_t k = 0; k < of->n_balls; k++)
            for (size_t i = 0; of->balls[k].norm == NM_L0 && i < c->p->blocks[0].n; i++)
                if (x[i] == of->balls[k].centre[i]) nm_bounds_meet(c, i, x[i], x[i], NM_BY_ALPHA);
}

/* Returns the node with the signs that all units have at x. */
static nm_bounds *region_of(const nm_leaf *at, const nm_bounds *b, const double *x)
{
    nm_job *job = at->s->job;
    const nm_program *p = b->p;
    nm_bounds *c = nm_bounds_copy(job, b);
    const double *v = nm_trace(job, p, x);
    fix_unmoved(c, &at->s->q->cases[at->t->icase], x);
    for (size_t k = 0; k < p->n_blocks; k++) {
        const nm_block *r = &p->blocks[k];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n; i++) {
            const size_t pre = p->blocks[r->src].first + i;
            const bool on = v[pre] > 0;
            if (nm_bounds_phase(c, pre) == NM_UNSTABLE)
                nm_bounds_meet(c, pre, on ? 0 : -INFINITY, on ? INFINITY : 0, NM_BY_ALPHA);
        }
    }
    if (!c->empty) nm_interval(job, c, 1, (int)p->n_blocks);
    return c;
}

nm_bounds *nm_leaf_region(const nm_state *s, const nm_encoded *e, const nm_sol *sol)
{
    const nm_program *p = e->enc->b->p;
    nm_bounds *b = nm_bounds_copy(s->job, e->enc->b);
    for (size_t k = 0; k < p->n_blocks; k++) {
        const nm_block *r = &p->blocks[k];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n; i++) {
            const int32_t z = e->enc->zcol[r->first + i];
            const bool on = z >= 0 && sol->vals[z].x > 0.5;
            if (z < 0) continue;
            nm_bounds_meet(b, p->blocks[r->src].first + i, on ? 0 : -INFINITY, on ? INFINITY : 0,
                           NM_BY_ALPHA);
        }
    }
    if (!b->empty) nm_interval(s->job, b, 1, (int)p->n_blocks);
    return b;
}

/* Finds the point of least distance; for L2, in the distance or in a ball, by adding tangents. Returns false if the
 * judge accepts none. */
static bool nearest_of_program(const nm_leaf *at, const nm_encoded *e, double *x)
{
    enum { ROUNDS = 40 };
    const nm_query *q = at->s->q;
    const nm_case *c = &q->cases[at->t->icase];
    const size_t width = nm_case_width(q, c);
    double *now = NM_RAW(at->s->job, double, width + 1), before = INFINITY;
    bool found = false;
    for (int r = 0; r < ROUNDS; r++) {
        const int status = solve_program(at, e, INFINITY, now);
        if (status != NM_VIOLATED && (status != MISSED || found || !nm_balls_have_l2(c))) break;
        const double *in = nm_case_input(at->s->job, c, now),
                     away = nm_norm_of(q->norm, q->n_in, in, q->image);
        nm_distance_tangent(e->enc, in);
        if (status == MISSED) continue;
        found = true;
        memcpy(x, now, width * sizeof *x);
        if (q->norm != NM_L2 || fabs(away - before) <= 1e-9 * away) break;
        before = away;
    }
    return found;
}

bool nm_leaf_nearest(const nm_leaf *at, const nm_bounds *b, bool is_counter, double *x)
{
    nm_state *s = at->s;
    const nm_query *q = s->q;
    const nm_case *over = s->cases[at->t->icase].work.c;
    const nm_bounds *c = region_of(at, b, x);
    const nm_case *own = &q->cases[at->t->icase];
    const size_t width = nm_case_width(q, own);
    double *near = NM_RAW(s->job, double, width + 1), room;
    if (c->empty) return false;
    if (q->norm == NM_L2 && only_l2(over)) {
        const nm_encoded e = encode_polyhedron(at, c);
        if (!project_leaf(at, c, &e, only_l2(over), -NM_LEAF_IN, &room, near)) return false;
    } else {
        const nm_encoded e = encode_leaf(at, c, over, NM_CLOSEST);
        move_cutoff(&e, -NM_LEAF_IN); /* so that its point lies beyond the boundary */
        bool found = nearest_of_program(at, &e, near);
        if (!found && !is_counter) { /* farther than solvers' tolerances */
            move_cutoff(&e, -100 * NM_LEAF_IN);
            found = nearest_of_program(at, &e, near);
        }
        if (!found) return false;
    }
    const nm_replay r = nm_verify(s->job, s->net, q, at->t->icase, (int64_t)at->t->iclause, near);
    const double was = nm_norm_of(q->norm, q->n_in, nm_case_input(s->job, own, x), q->image);
    if (!r.is_violated || (is_counter && !(nm_norm_of(q->norm, q->n_in, r.x, q->image) < was)))
        return false;
    memcpy(x, r.g ? r.g : r.x, width * sizeof *x);
    return true;
}

/* If all signs are fixed, the network is affine, and a linear program decides: its dual or Farkas's ray excludes, its
 * point is judged. In an L2 ball the nearest point does so. */
int nm_leaf_solve(void *arg, const nm_bounds *b, double *x)
{
    const nm_leaf *at = arg;
    nm_state *s = at->s;
    const nm_case *over = s->cases[at->t->icase].work.c;
    const nm_mark mark = nm_mark_get(s->job);
    double room = 0;
    int status = MISSED;
    const nm_ball *ball = only_l2(over);
    nm_encoded e = ball ? encode_polyhedron(at, b) : encode_leaf(at, b, over, NM_FEASIBLE);
    if (ball && project_leaf(at, b, &e, ball, 0, &room, x)) {
        status = room > 0 ? NM_OK : NM_UNKNOWN;
        if (room <= 0 && project_leaf(at, b, &e, ball, -NM_LEAF_IN, &room, x) &&
            nm_verify(s->job, s->net, s->q, at->t->icase, (int64_t)at->t->iclause, x).is_violated)
            status = NM_VIOLATED;
    } else {
        if (ball) e = encode_leaf(at, b, over, NM_FEASIBLE);
        status = solve_rounds(at, &e, move_cutoff(&e, NM_LEAF_OUT), x);
    }
    if (status == NM_VIOLATED && s->nearest && s->q->norm != NM_L0) nm_leaf_nearest(at, b, true, x);
    nm_mark_release(s->job, mark);
    return status == MISSED ? NM_UNKNOWN : status;
}
