/* attack.c: looks for counterexamples by projected gradient descent on the margin (Madry et al. 2018), NM_LANES points
 * at a time, before any solver is used.
 *
 * A lane descends on the worst row of its clause, max_r (row_r - rhs_r), with sign steps that shrink from a quarter of
 * the box to 1/200. Some lanes of the first restart begin at the given point, some at a corner to which CROWN's bound
 * of their clause leads, which finds far more than random points do, and all others at random points; or all lanes at
 * random corners of the box, where they end in more different places. Lanes are distributed over the open clauses in
 * turn, the clause that is nearest at the given point first. With momentum, steps follow a decaying sum of gradients,
 * each divided by its L1 norm (Dong et al. 2018). Generators with a sum (a blur's kernel: a simplex) take steps along
 * the gradient itself, without its mean, and start near corners: sign steps would move nearly all of them alike, which
 * the sum would undo. Forward and backward passes use the same operators on the Program as the bounds. What it returns
 * is only a candidate for judge.c. Random numbers are splitmix64 (Steele, Lea, Flood 2014) from the seed, each
 * restart's at a place of its own, so equal input gives equal output for any number of threads. Effort is counted in
 * steps. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

#include <stdatomic.h>
#include <stdlib.h>

static const uint64_t WEYL = UINT64_C(0x9e3779b97f4a7c15);
enum { TURNS = 3 }; /* of projections onto balls and box, while some point is outside */

/* Returns the seed after n random numbers. */
static uint64_t skip(uint64_t seed, uint64_t n) { return seed + n * WEYL; }

double nm_uniform(uint64_t *seed)
{
    uint64_t z = *seed += WEYL;
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

static bool in_balls(const nm_case *c, size_t n, const double *x)
{
    for (size_t k = 0; k < c->n_balls && !c->gens; k++)
        if (!nm_ball_has(&c->balls[k], n, x)) return false;
    return true;
}

/* Projects the points onto the balls in turn, and onto the box: once is enough if all have one centre, in the box. */
static void into_balls(nm_walk *w, const nm_case *c)
{
    if (c->n_balls == 0 || c->gens) return;
    const size_t n = w->p->blocks[0].n;
    const nm_mark mark = nm_mark_get(w->job);
    double *x = NM_RAW(w->job, double, n);
    for (size_t l = 0; l < NM_LANES; l++) {
        for (size_t i = 0; i < n; i++) x[i] = w->v[0][i * NM_LANES + l];
        for (size_t turn = 0; turn < TURNS && (turn == 0 || !in_balls(c, n, x)); turn++) {
            for (size_t k = 0; k < c->n_balls; k++) nm_ball_project(w->job, &c->balls[k], n, x);
            for (size_t i = 0; i < n; i++) x[i] = x[i] < c->lo[i] ? c->lo[i] : x[i] > c->hi[i] ? c->hi[i] : x[i];
        }
        for (size_t i = 0; i < n; i++) w->v[0][i * NM_LANES + l] = x[i];
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
        const double lo = c->lo[i], hi = c->hi[i], move = size * (hi - lo), *restrict d = g + i * NM_LANES;
        double *restrict at = x + i * NM_LANES;
        for (size_t l = 0; l < NM_LANES; l++) {
            const double down = d[l] > 0 ? -move : 0, up = d[l] < 0 ? move : 0, to = at[l] + (down + up);
            const double above = to < lo ? lo : to;
            at[l] = above > hi ? hi : above;
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

#define NO_ROW UINT32_MAX

/* Places, in lanes from.. to, the corner where CROWN's linear lower bound of a row is least: that bound also knows the
 * slopes of units that are off at the image but on nearby. row: of these lanes, or NO_ROW. */
static void place_corners(nm_walk *w, const nm_bounds *b, const nm_case *c, size_t from, size_t to, const uint32_t *row)
{
    const int q = (int)w->p->n_blocks - 1;
    const nm_mark mark = nm_mark_get(w->job);
    nm_relax *x = nm_relax_new(w->job, b);
    nm_relax_set(x, b, 1, q + 1);
    nm_batch_clear(w->t);
    for (size_t l = from; l < to; l++)
        if (row[l - from] != NO_ROW) nm_batch_put(w->t, q, row[l - from], (int)l, 1);
    nm_batch_pull(w->t, x, q);
    nm_batch_shift(w->t, b);
    for (size_t k = 0; k < w->t->n_live[0]; k++) {
        const size_t i = w->t->unit[0][k];
        for (size_t l = from; l < to; l++) {
            const double g = w->t->y[0][i * NM_LANES + l];
            if (g != 0) w->v[0][i * NM_LANES + l] = g > 0 ? c->lo[i] : c->hi[i];
        }
    }
    project(w, c);
    nm_mark_release(w->job, mark);
}

/* ---- restarts, which threads share ---- */

enum { MOST_CORNERS = 9 }; /* each class of ten but one has a lane that begins at a corner */
static const double FOUND = -1e-6; /* a margin below it ends the search, unless the least one is wanted */

typedef struct {
    double margin;
    double *x, *next; /* [inputs]; next: room for the next one */
    size_t hit;
} best_t; /* the best point of a restart */

typedef struct {
    const nm_bounds *b;
    const nm_case *c;
    size_t n_open;
    const size_t *open;
    const uint32_t *const *row;
    const double *start;
    nm_attack_opts o;
    bool least;
    size_t *order; /* [n_open] places in `open` and `row`, of the clause that is nearest at the start first */
    size_t n_start, n_corner; /* lanes of the first restart at the start; after them, at CROWN's corners */
    best_t *best;  /* [restarts] */
    atomic_size_t first; /* of the restarts that have found a point; later ones are not needed */
} descent;

typedef struct {
    double margin;
    size_t at;
} ranked;

static int by_margin(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->margin != y->margin) return x->margin < y->margin ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Ranks the clauses by their margins at the start, and decides what the lanes of the first restart begin with. */
static void plan(nm_job *job, descent *d)
{
    const nm_program *p = d->b->p;
    const size_t n_in = p->blocks[0].n, n = d->n_open;
    d->order = NM_ARRAY(job, size_t, n + 1);
    d->n_corner = n < MOST_CORNERS ? n : MOST_CORNERS;
    d->n_start = n < NM_LANES - d->n_corner ? n : NM_LANES - d->n_corner;
    if (n == 1) return; /* as in the nodes of trees */
    const nm_mark mark = nm_mark_get(job);
    double *x = NM_RAW(job, double, n_in + 1);
    for (size_t i = 0; i < n_in; i++) x[i] = d->start ? d->start[i] : 0.5 * d->c->lo[i] + 0.5 * d->c->hi[i];
    const double *q = nm_trace(job, p, x) + p->blocks[p->n_blocks - 1].first;
    ranked *list = NM_RAW(job, ranked, n + 1);
    for (size_t k = 0; k < n; k++) {
        const nm_clause *c = &d->c->clauses[d->open[k]];
        list[k] = (ranked){-INFINITY, k};
        for (size_t r = 0; r < c->n_rows; r++)
            list[k].margin = nm_larger(list[k].margin, q[d->row[k][r]] - c->rows[r].rhs);
        if (isnan(list[k].margin)) list[k].margin = INFINITY; /* sums that overflow */
    }
    qsort(list, n, sizeof *list, by_margin);
    for (size_t k = 0; k < n; k++) d->order[k] = list[k].at;
    nm_mark_release(job, mark);
}

/* Returns the clause, a place in `open`, on which a lane descends. */
static size_t clause_of(const descent *d, size_t r, size_t lane)
{
    if (r == 0 && !d->o.corners) return d->order[(lane < d->n_start ? lane : lane - d->n_start) % d->n_open];
    return d->order[(lane + (d->n_open > NM_LANES ? r * NM_LANES : r)) % d->n_open];
}

static bool goes_on(nm_job *job, const descent *d, size_t r)
{
    return !nm_stopped(job) && r <= atomic_load(&d->first);
}

/* Keeps a point if it is the best so far: if the balls' projections left it outside, the judge would reject it. */
static void note_best(nm_walk *w, const nm_case *c, size_t lane, double margin, size_t hit, best_t *best)
{
    const size_t n = w->p->blocks[0].n;
    if (!(margin < best->margin)) return;
    for (size_t i = 0; i < n; i++) best->next[i] = w->v[0][i * NM_LANES + lane];
    if (!in_balls(c, n, best->next)) return;
    double *x = best->x;
    best->x = best->next;
    best->next = x;
    best->margin = margin;
    best->hit = hit;
}

/* Returns true if a point was found; speed as in step. */
static bool descend(nm_walk *w, const descent *d, size_t r, double *speed)
{
    const size_t steps = d->o.steps;
    const int q = (int)w->p->n_blocks - 1;
    for (size_t s = 0; s < steps && goes_on(w->job, d, r); s++) {
        nm_walk_forward(w);
        nm_batch_clear(w->t);
        for (size_t l = 0; l < NM_LANES; l++) {
            const size_t target = clause_of(d, r, l), clause = d->open[target];
            size_t which = 0;
            const double m = worst_row(w, &d->c->clauses[clause], d->row[target], l, &which);
            note_best(w, d->c, l, m, target, &d->best[r]);
            if (d->c->clauses[clause].n_rows) nm_batch_put(w->t, q, which, (int)l, 1);
        }
        if (d->best[r].margin < FOUND && !d->least) return true;
        nm_walk_backward(w);
        const double rest = (double)(steps - s) / (double)steps;
        if (speed) speed_up(w, d->o.keep, speed);
        step(w, d->c, 0.25 * rest * rest * rest + 0.005, speed);
    }
    return false;
}

static void take_restarts(nm_job *job, void *arg, nm_turns *turns)
{
    descent *d = arg;
    const size_t n = d->b->p->blocks[0].n;
    nm_walk *w = nm_walk_new(job, d->b->p);
    uint32_t row[MOST_CORNERS];
    double *speed = d->o.keep > 0 ? NM_RAW(job, double, n * NM_LANES) : NULL;
    for (size_t r; nm_turns_next(job, turns, &r) && goes_on(job, d, r);) {
        uint64_t seed = skip(d->o.seed, r * n * NM_LANES);
        const bool given = r == 0 && !d->o.corners;
        place(w, &seed, d->c, d->start, given ? d->n_start : 0, d->o.corners);
        for (size_t k = 0; k < d->n_corner; k++)
            row[k] = d->c->clauses[d->open[d->order[k]]].n_rows ? d->row[d->order[k]][0] : NO_ROW;
        if (given) place_corners(w, d->b, d->c, d->n_start, d->n_start + d->n_corner, row);
        if (speed) memset(speed, 0, n * NM_LANES * sizeof *speed);
        if (!descend(w, d, r, speed)) continue;
        size_t first = atomic_load(&d->first);
        while (r < first && !atomic_compare_exchange_weak(&d->first, &first, r)) {}
    }
}

double nm_attack_step_work(const nm_program *p)
{
    double work = 1;
    for (size_t b = 0; b < p->n_blocks; b++) work += nm_block_weights(&p->blocks[b]);
    return work * 2 * NM_LANES;
}

/* Returns the best point of the restarts up to the first that finds one, as if they had followed one another. */
static best_t search(nm_job *job, descent *d)
{
    const size_t n = d->b->p->blocks[0].n;
    best_t best = {.margin = INFINITY, .x = NM_RAW(job, double, n)};
    const nm_mark mark = nm_mark_get(job);
    plan(job, d);
    d->best = NM_ARRAY(job, best_t, d->o.restarts);
    for (size_t r = 0; r < d->o.restarts; r++)
        d->best[r] = (best_t){.margin = INFINITY, .x = NM_RAW(job, double, n), .next = NM_RAW(job, double, n)};
    atomic_init(&d->first, SIZE_MAX);
    const double work = nm_attack_step_work(d->b->p) * (double)d->o.steps * (double)d->o.restarts;
    nm_team_run(job, d->o.restarts, work, take_restarts, d);
    for (size_t r = 0; r < d->o.restarts && r <= atomic_load(&d->first); r++) {
        if (!(d->best[r].margin < best.margin)) continue;
        memcpy(best.x, d->best[r].x, n * sizeof *best.x);
        best.margin = d->best[r].margin;
        best.hit = d->best[r].hit;
    }
    nm_mark_release(job, mark);
    return best;
}

const double *nm_attack(nm_job *job, const nm_bounds *b, const nm_case *c, size_t n_open,
                        const size_t *open, const uint32_t *const *row, const double *start,
                        nm_attack_opts o, size_t *hit)
{
    descent d = {.b = b, .c = c, .n_open = n_open, .open = open, .row = row, .start = start, .o = o};
    const best_t best = search(job, &d);
    *hit = best.hit;
    return best.margin <= 0 ? best.x : NULL;
}

const double *nm_attack_least(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause,
                              const uint32_t *row, const double *start, nm_attack_opts o)
{
    descent d = {.b = b, .c = c, .n_open = 1, .open = &clause, .row = &row, .start = start, .o = o, .least = true};
    const best_t best = search(job, &d);
    return best.margin < INFINITY ? best.x : NULL;
}
