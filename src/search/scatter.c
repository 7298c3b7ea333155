/* scatter.c: looks for counterexamples by many random points and a random local search from the best of them, for
 * questions with few free inputs.
 *
 * A network of few inputs may be violated only in a region that gradients from a few starts do not lead to. Points are
 * cheap: NM_LANES of them are one forward pass. The least margin of a point is the least, over the open clauses, of
 * max_r (row_r - rhs_r). The WALKERS best points then take ROUNDS random steps each, in about half of the inputs; a
 * walker's step grows by half after a better point and shrinks by 0.85 otherwise (the 1/5 rule: Rechenberg 1973). The
 * result is only a candidate for judge.c. Effort is counted in points, and the seed decides everything. Left out: sets
 * with generators or balls, which have better attacks. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "search/search.h"
#include "search/state.h"

enum { WALKERS = 4 * NM_LANES, ROUNDS = 60 };

typedef struct {
    double margin, step;
    double *x; /* [n_in] */
    size_t hit;
} walker;

typedef struct {
    nm_walk *w;
    const nm_case *c;
    size_t n_open;
    const size_t *open;
    const uint32_t *const *row;
    uint64_t seed;
    walker at[WALKERS]; /* the worst one first, as long as points are drawn */
} scatter;

static double margin_of(const scatter *s, size_t lane, size_t *hit)
{
    double least = INFINITY;
    const double *q = s->w->v[s->w->p->n_blocks - 1];
    for (size_t t = 0; t < s->n_open; t++) {
        const nm_clause *c = &s->c->clauses[s->open[t]];
        double most = -INFINITY;
        for (size_t r = 0; r < c->n_rows; r++)
            most = nm_larger(most, q[s->row[t][r] * NM_LANES + lane] - c->rows[r].rhs);
        if (!(most < least)) continue;
        least = most;
        *hit = t;
    }
    return least;
}

/* Takes over the point of a lane. */
static void take(const scatter *s, walker *k, size_t lane, double margin, size_t hit)
{
    k->margin = margin;
    k->hit = hit;
    for (size_t i = 0; i < s->w->p->blocks[0].n; i++) k->x[i] = s->w->v[0][i * NM_LANES + lane];
}

/* Replaces the worst walker, and moves the new worst one to the front. */
static void replace_worst(scatter *s, size_t lane, double margin, size_t hit)
{
    take(s, &s->at[0], lane, margin, hit);
    size_t worst = 0;
    for (size_t k = 1; k < WALKERS; k++)
        if (s->at[k].margin > s->at[worst].margin) worst = k;
    const walker first = s->at[0];
    s->at[0] = s->at[worst];
    s->at[worst] = first;
}

static void draw(scatter *s, size_t points)
{
    const size_t n = s->w->p->blocks[0].n;
    for (size_t k = 0; k < points && !nm_stopped(s->w->job); k += NM_LANES) {
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < NM_LANES; l++)
                s->w->v[0][i * NM_LANES + l] = s->c->lo[i] +
                                               nm_uniform(&s->seed) * (s->c->hi[i] - s->c->lo[i]);
        nm_walk_forward(s->w);
        for (size_t l = 0; l < NM_LANES; l++) {
            size_t hit = 0;
            const double margin = margin_of(s, l, &hit);
            if (margin < s->at[0].margin) replace_worst(s, l, margin, hit);
        }
    }
}

/* Moves NM_LANES walkers by a step each. */
static void move(scatter *s, walker *at)
{
    const nm_case *c = s->c;
    for (size_t i = 0; i < s->w->p->blocks[0].n; i++)
        for (size_t l = 0; l < NM_LANES; l++) {
            const bool still = nm_uniform(&s->seed) < 0.5;
            const double by = (2 * nm_uniform(&s->seed) - 1) * at[l].step * (c->hi[i] - c->lo[i]),
                         x = at[l].x[i] + (still ? 0 : by);
            s->w->v[0][i * NM_LANES + l] = x < c->lo[i] ? c->lo[i] : x > c->hi[i] ? c->hi[i] : x;
        }
    nm_walk_forward(s->w);
    for (size_t l = 0; l < NM_LANES; l++) {
        size_t hit = 0;
        const double margin = margin_of(s, l, &hit);
        at[l].step *= margin < at[l].margin ? 1.5 : 0.85;
        if (margin < at[l].margin) take(s, &at[l], l, margin, hit);
    }
}

static const walker *best_of(const scatter *s)
{
    const walker *best = &s->at[0];
    for (size_t k = 1; k < WALKERS; k++)
        if (s->at[k].margin < best->margin) best = &s->at[k];
    return best;
}

const double *nm_scatter(nm_job *job, const nm_program *p, const nm_case *c, size_t n_open,
                         const size_t *open, const uint32_t *const *row, size_t points,
                         uint64_t seed, size_t *hit)
{
    const size_t n = p->blocks[0].n;
    if (c->gens || c->n_balls || points < 2 * WALKERS) return NULL;
    double *x = NM_RAW(job, double, n);
    const nm_mark mark = nm_mark_get(job);
    scatter s = {
        .w = nm_walk_new(job, p), .c = c, .n_open = n_open, .open = open, .row = row, .seed = seed};
    for (size_t k = 0; k < WALKERS; k++)
        s.at[k] = (walker){INFINITY, 0.1, NM_ARRAY(job, double, n), 0};
    draw(&s, points);
    for (size_t r = 0; r < ROUNDS && best_of(&s)->margin >= -1e-6 && !nm_stopped(job); r++)
        for (size_t k = 0; k < WALKERS; k += NM_LANES) move(&s, &s.at[k]);
    const walker *best = best_of(&s);
    const bool found = best->margin <= 0;
    memcpy(x, best->x, n * sizeof *x);
    *hit = best->hit;
    nm_mark_release(job, mark);
    return found ? x : NULL;
}
