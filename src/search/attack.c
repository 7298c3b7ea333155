/* attack.c: looks for counterexamples by projected gradient descent on the margin (Madry et al. 2018), NM_LANES points
 * at a time, before any solver is used.
 *
 * A lane descends on the worst row of its clause, max_r (row_r - rhs_r), with sign steps that shrink from a quarter of
 * the box to 1/200. The first lane starts from the given point, the others from random points, or all of them from
 * random corners of the box, where they end in more different places; lanes are distributed over the open clauses in
 * turn. With momentum, steps follow a decaying sum of gradients, each divided by its L1 norm (Dong et al. 2018).
 * Generators with a sum (a blur's kernel: a simplex) take steps along the gradient itself, without its mean, and start
 * near corners: sign steps would move nearly all of them alike, which the sum would undo. Forward and backward passes
 * use the same operators on the Program as the bounds. What it returns is only a candidate for judge.c. Random numbers
 * are splitmix64 (Steele, Lea, Flood 2014) from the seed, so equal input gives equal output. Effort is counted in
 * steps. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

double nm_uniform(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Returns the row of clause c that is farthest from being satisfied in this lane. */
static double worst_row(const nm_walk *w, const nm_clause *c, const uint32_t *row, size_t lane,
                        size_t *which)
{
    const double *q = w->v[w->p->n_blocks - 1];
    double worst = -INFINITY;
    for (size_t r = 0; r < c->n_rows; r++) {
        const double m = q[row[r] * NM_LANES + lane] - c->rows[r].rhs;
        if (m > worst) {
            worst = m;
            *which = row[r];
        }
    }
    return worst;
}

/* With generators, a ball is one in input space: the point moves towards the image until it is inside, if the
 * generators give the image exactly; otherwise only the judge decides. */
static void draw_into_balls(nm_walk *w, const nm_case *c)
{
    const nm_gens *g = c->gens;
    const nm_mark mark = nm_mark_get(w->job);
    double *p = NM_RAW(w->job, double, g->n + 1);
    if (g->is_image)
        for (size_t l = 0; l < NM_LANES; l++) {
            double part = 1;
            for (size_t i = 0; i < g->n; i++) p[i] = w->v[0][i * NM_LANES + l];
            const double *x = nm_case_input(w->job, c, p);
            for (size_t k = 0; k < c->n_balls; k++) {
                const nm_ball *b = &c->balls[k];
                const double away = nm_norm_of(b->norm, g->n_in, x, b->centre);
                if (away > b->radius) part = fmin(part, b->radius / away);
            }
            for (size_t i = 0; part < 1 && i < g->n; i++)
                w->v[0][i * NM_LANES + l] = g->at[i] + part * (p[i] - g->at[i]);
        }
    nm_mark_release(w->job, mark);
}

static void into_balls(nm_walk *w, const nm_case *c)
{
    if (c->n_balls == 0 || c->gens) return;
    const size_t n = w->p->blocks[0].n;
    const nm_mark mark = nm_mark_get(w->job);
    double *x = NM_RAW(w->job, double, n);
    for (size_t l = 0; l < NM_LANES; l++) {
        for (size_t i = 0; i < n; i++) x[i] = w->v[0][i * NM_LANES + l];
        for (size_t k = 0; k < c->n_balls; k++) nm_ball_project(w->job, &c->balls[k], n, x);
        for (size_t i = 0; i < n; i++)
            w->v[0][i * NM_LANES + l] = x[i] < c->lo[i]   ? c->lo[i]
                                        : x[i] > c->hi[i] ? c->hi[i]
                                                          : x[i];
    }
    nm_mark_release(w->job, mark);
}

/* Projects the points back onto the sums of generators. */
static void project(nm_walk *w, const nm_case *c)
{
    into_balls(w, c);
    if (c->gens)
        for (size_t s = 0; s < c->gens->n_sums; s++)
            for (size_t l = 0; l < NM_LANES; l++)
                nm_sum_project(&c->gens->sums[s], w->v[0] + l, NM_LANES, c->lo, c->hi);
    if (c->gens && c->n_balls) draw_into_balls(w, c);
}

static bool in_sum(const nm_case *c, size_t i)
{
    if (c->gens)
        for (size_t s = 0; s < c->gens->n_sums; s++)
            if (i - c->gens->sums[s].first < c->gens->sums[s].n) return true;
    return false;
}

/* Moves the members of a sum; the steepest one moves by `size` of its range. */
static void step_sum(nm_walk *w, const nm_case *c, const nm_sum *s, double size)
{
    const double *g = w->t->y[0];
    for (size_t l = 0; l < NM_LANES; l++) {
        double mean = 0, most = 0, range = 0;
        for (size_t i = s->first; i < s->first + s->n; i++)
            mean += w->t->live[0][i] ? g[i * NM_LANES + l] / (double)s->n : 0;
        for (size_t i = s->first; i < s->first + s->n; i++) {
            const double d = (w->t->live[0][i] ? g[i * NM_LANES + l] : 0) - mean;
            most = fmax(most, fabs(d));
            range = fmax(range, c->hi[i] - c->lo[i]);
        }
        for (size_t i = s->first; most > 0 && i < s->first + s->n; i++) {
            const double d = (w->t->live[0][i] ? g[i * NM_LANES + l] : 0) - mean;
            w->v[0][i * NM_LANES + l] -= size * range * d / most;
        }
    }
}

/* Adds the gradients, each of size 1, to what is left of the points' speed [inputs][NM_LANES]. */
static void speed_up(nm_walk *w, double keep, double *speed)
{
    const double *g = w->t->y[0];
    double size[NM_LANES] = {0};
    for (size_t n = 0; n < w->t->n_live[0]; n++)
        for (size_t l = 0; l < NM_LANES; l++) size[l] += fabs(g[w->t->unit[0][n] * NM_LANES + l]);
    for (size_t n = 0; n < w->t->n_live[0]; n++)
        for (size_t l = 0; l < NM_LANES; l++) {
            const size_t at = w->t->unit[0][n] * NM_LANES + l;
            speed[at] = keep * speed[at] + (size[l] > 0 ? g[at] / size[l] : 0);
        }
}

/* speed: moves the points, or NULL: the gradients do. */
static void step(nm_walk *w, const nm_case *c, double size, const double *speed)
{
    const double *g = speed ? speed : w->t->y[0];
    double *x = w->v[0];
    if (c->gens)
        for (size_t s = 0; s < c->gens->n_sums; s++) step_sum(w, c, &c->gens->sums[s], size);
    for (size_t n = 0; n < w->t->n_live[0]; n++) {
        const size_t i = w->t->unit[0][n];
        if (in_sum(c, i)) continue;
        const double move = size * (c->hi[i] - c->lo[i]);
        for (size_t l = 0; l < NM_LANES; l++) {
            double *at = &x[i * NM_LANES + l];
            const double d = g[i * NM_LANES + l];
            *at += d > 0 ? -move : d < 0 ? move : 0;
            *at = *at < c->lo[i] ? c->lo[i] : *at > c->hi[i] ? c->hi[i] : *at;
        }
    }
    project(w, c);
}

/* Moves starts away from the middle of a simplex, so that few members have most of their sum. */
static void toward_corners(nm_walk *w, const nm_case *c, size_t from)
{
    if (c->gens)
        for (size_t s = 0; s < c->gens->n_sums; s++) {
            const nm_sum *m = &c->gens->sums[s];
            for (size_t l = from; l < NM_LANES; l++) {
                double all = 0;
                for (size_t i = m->first; i < m->first + m->n; i++) {
                    double *at = &w->v[0][i * NM_LANES + l];
                    const double r = c->hi[i] > c->lo[i] ? (*at - c->lo[i]) / (c->hi[i] - c->lo[i]) : 0,
                                 r2 = r * r, r8 = r2 * r2 * r2 * r2;
                    *at = r8;
                    for (size_t k = 0; k < l % 4; k++) *at *= r8;
                    all += *at;
                }
                for (size_t i = m->first; all > 0 && i < m->first + m->n; i++)
                    w->v[0][i * NM_LANES + l] *= m->total / all;
            }
        }
}

/* Places the given start in the first n_start lanes, and random points, or random corners, in the others. */
static void place(nm_walk *w, uint64_t *seed, const nm_case *c, const double *start, size_t n_start, bool corners)
{
    for (size_t i = 0; i < w->p->blocks[0].n; i++)
        for (size_t l = 0; l < NM_LANES; l++) {
            const double u = nm_uniform(seed), r = corners ? u > 0.5 : u, x = c->lo[i] + r * (c->hi[i] - c->lo[i]);
            const double mid = start ? start[i] : 0.5 * c->lo[i] + 0.5 * c->hi[i];
            w->v[0][i * NM_LANES + l] = l < n_start ? mid : x;
        }
    toward_corners(w, c, n_start < NM_LANES ? n_start : NM_LANES);
    project(w, c);
}

/* Places, in lanes n.. of the first batch, the corner where CROWN's linear lower bound of a clause's first row is
 * least: that bound also knows the slopes of units that are off at the image but on nearby. */
static void place_corners(nm_walk *w, const nm_bounds *b, const nm_case *c, size_t n,
                          const uint32_t *const *row)
{
    const int q = (int)w->p->n_blocks - 1;
    const nm_mark mark = nm_mark_get(w->job);
    nm_relax *x = nm_relax_new(w->job, b);
    nm_relax_set(x, b, 1, q + 1);
    nm_batch_clear(w->t);
    for (size_t l = n; l < 2 * n && l < NM_LANES; l++)
        nm_batch_put(w->t, q, row[l - n][0], (int)l, 1);
    nm_batch_pull(w->t, x, q);
    nm_batch_shift(w->t, b);
    for (size_t k = 0; k < w->t->n_live[0]; k++) {
        const size_t i = w->t->unit[0][k];
        for (size_t l = n; l < 2 * n && l < NM_LANES; l++) {
            const double g = w->t->y[0][i * NM_LANES + l];
            if (g != 0) w->v[0][i * NM_LANES + l] = g > 0 ? c->lo[i] : c->hi[i];
        }
    }
    project(w, c);
    nm_mark_release(w->job, mark);
}

typedef struct {
    double margin;
    double *x;
    size_t hit;
} best_t;

static void note_best(nm_walk *w, size_t lane, double margin, size_t hit, best_t *best)
{
    if (!(margin < best->margin)) return;
    double *x = best->x ? best->x : NM_RAW(w->job, double, w->p->blocks[0].n);
    for (size_t i = 0; i < w->p->blocks[0].n; i++) x[i] = w->v[0][i * NM_LANES + lane];
    *best = (best_t){margin, x, hit};
}

static void descend(nm_walk *w, const nm_case *c, size_t n_open, const size_t *open,
                    const uint32_t *const *row, size_t offset, nm_attack_opts o, bool least,
                    best_t *best)
{
    const size_t steps = o.steps;
    double *speed = o.keep > 0 ? NM_ARRAY(w->job, double, w->p->blocks[0].n * NM_LANES) : NULL;
    const int q = (int)w->p->n_blocks - 1;
    for (size_t s = 0; s < steps && !nm_stopped(w->job); s++) {
        nm_walk_forward(w);
        nm_batch_clear(w->t);
        for (size_t l = 0; l < NM_LANES; l++) {
            const size_t target = (l + offset) % n_open, clause = open[target];
            size_t which = 0;
            const double m = worst_row(w, &c->clauses[clause], row[target], l, &which);
            note_best(w, l, m, target, best);
            if (c->clauses[clause].n_rows) nm_batch_put(w->t, q, which, (int)l, 1);
        }
        if (best->margin < -1e-6 && !least) return;
        nm_walk_backward(w);
        const double rest = (double)(steps - s) / (double)steps;
        if (speed) speed_up(w, o.keep, speed);
        step(w, c, 0.25 * rest * rest * rest + 0.005, speed);
    }
}

static best_t search(nm_job *job, const nm_bounds *b, const nm_case *c, size_t n_open,
                     const size_t *open, const uint32_t *const *row, const double *start,
                     nm_attack_opts o, bool least)
{
    best_t best = {INFINITY, NM_RAW(job, double, b->p->blocks[0].n), 0};
    const nm_mark mark = nm_mark_get(job);
    nm_walk *w = nm_walk_new(job, b->p);
    uint64_t seed = o.seed;
    for (size_t r = 0; r < o.restarts && (least || best.margin >= -1e-6) && !nm_stopped(job); r++) {
        place(w, &seed, c, start, r == 0 && !o.corners ? n_open : 0, o.corners);
        if (r == 0 && !o.corners) place_corners(w, b, c, n_open, row);
        descend(w, c, n_open, open, row, n_open > NM_LANES ? r * NM_LANES : r, o, least, &best);
    }
    nm_mark_release(job, mark);
    return best;
}

const double *nm_attack(nm_job *job, const nm_bounds *b, const nm_case *c, size_t n_open,
                        const size_t *open, const uint32_t *const *row, const double *start,
                        nm_attack_opts o, size_t *hit)
{
    const best_t best = search(job, b, c, n_open, open, row, start, o, false);
    *hit = best.hit;
    return best.margin <= 0 ? best.x : NULL;
}

const double *nm_attack_least(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause,
                              const uint32_t *row, const double *start, nm_attack_opts o)
{
    const best_t best = search(job, b, c, 1, &clause, &row, start, o, true);
    return best.margin < INFINITY ? best.x : NULL;
}
