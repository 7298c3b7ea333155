/* split_box.c: bisection of the input box with CROWN bounds, for questions with few free inputs.
 *
 * A box whose bounds close every open clause is done; any other is bisected along the input with the largest product of
 * width and sensitivity (the sum of |coefficient| of the input in the pulled-back rows of open clauses: the smears of
 * Kearfott 1996). The halves share their common face, so that no point is lost. Boxes are taken depth first, which
 * keeps few in memory. Every 16th box is attacked; what that finds is a candidate for the judge. Effort is counted in
 * boxes; a deadline or an interrupt just gives up. Clauses that a box closes stay closed in its halves. Linear rows of
 * the input set are ignored, which only enlarges the set. Left out: branching on units. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/state.h"

typedef struct box {
    struct box *below;
    double *lo, *hi;
    bool *open;
} box;

typedef struct {
    nm_job *job;
    const nm_program *p;
    const nm_case *c;
    const nm_split_opts *o;
    uint32_t *const *row;
    nm_split *out;
} split;

static box *new_box(const split *s, const double *lo, const double *hi, const bool *open)
{
    const size_t n = s->p->blocks[0].n, m = s->c->n_clauses;
    box *b = NM_NEW(s->job, box);
    b->lo = NM_RAW(s->job, double, n);
    b->hi = NM_RAW(s->job, double, n);
    b->open = NM_RAW(s->job, bool, m);
    memcpy(b->lo, lo, n * sizeof *b->lo);
    memcpy(b->hi, hi, n * sizeof *b->hi);
    memcpy(b->open, open, m * sizeof *b->open);
    return b;
}

/* Closes the clauses that the bounds exclude; returns true if nothing is left open. */
static bool close_clauses(const split *s, const nm_bounds *b, bool *open)
{
    const size_t first = s->p->blocks[s->p->n_blocks - 1].first;
    bool all = true;
    for (size_t t = 0; t < s->c->n_clauses; t++) {
        for (size_t r = 0; open[t] && r < s->c->clauses[t].n_rows; r++)
            if (nm_down(b->lo[first + s->row[t][r]] - s->c->clauses[t].rows[r].rhs) > s->o->guard)
                open[t] = false;
        all &= !open[t];
    }
    return all;
}

static size_t choose_input(const split *s, const nm_bounds *b, const box *x)
{
    const int q = (int)s->p->n_blocks - 1;
    nm_relax *lines = nm_relax_new(s->job, b);
    nm_batch *t = nm_batch_new(s->job, s->p);
    nm_relax_set(lines, b, 1, q + 1);
    nm_batch_clear(t);
    size_t lane = 0, best = 0;
    for (size_t c = 0; c < s->c->n_clauses; c++)
        for (size_t r = 0; x->open[c] && r < s->c->clauses[c].n_rows && lane < NM_LANES; r++)
            nm_batch_put(t, q, s->row[c][r], (int)lane++, 1);
    nm_batch_pull(t, lines, q);
    double top = -1;
    for (size_t i = 0; i < s->p->blocks[0].n; i++) {
        double sum = 0;
        for (size_t l = 0; t->live[0][i] && l < lane; l++) sum += fabs(t->y[0][i * NM_LANES + l]);
        /* a row may be flat at the bounds' lines and bend inside: so width alone counts a little */
        const double score = (x->hi[i] - x->lo[i]) * (sum + 1e-6);
        if (score > top) best = i;
        if (score > top) top = score;
    }
    return best;
}

static bool try_attack(split *s, const nm_bounds *b, const box *x)
{
    size_t *open = NM_RAW(s->job, size_t, s->c->n_clauses), n = 0, hit = 0;
    const uint32_t **row = NM_RAW(s->job, const uint32_t *, s->c->n_clauses);
    for (size_t t = 0; t < s->c->n_clauses; t++) {
        if (!x->open[t]) continue;
        row[n] = s->row[t];
        open[n++] = t;
    }
    nm_case here = *s->c;
    here.lo = x->lo;
    here.hi = x->hi;
    const double *found = nm_attack(s->job, b, &here, n, open, row, NULL,
                                    (nm_attack_opts){20, 1, s->out->boxes}, &hit);
    if (!found) return false;
    memcpy(s->out->x, found, s->p->blocks[0].n * sizeof *found);
    s->out->clause = open[hit];
    return true;
}

/* Treats one box. Returns 0 if it is done, 1 if it must be halved along *input, 2 if a candidate was found, 3 if it
 * cannot be halved any more. */
static int visit(split *s, box *x, size_t *input)
{
    const nm_mark mark = nm_mark_get(s->job);
    nm_bounds *b = nm_bounds_new(s->job, s->p, x->lo, x->hi);
    b->gens = s->c->gens;
    b->n_balls = s->c->gens ? 0 : s->c->n_balls;
    b->balls = s->c->balls;
    nm_crown(s->job, b, (nm_crown_opts){.query_block = (int)s->p->n_blocks - 1});
    int what = close_clauses(s, b, x->open) ? 0 : 1;
    if (what == 1 && s->o->attack && s->out->boxes % 16 == 1 && try_attack(s, b, x)) what = 2;
    if (what == 1) {
        *input = choose_input(s, b, x);
        const double mid = 0.5 * x->lo[*input] + 0.5 * x->hi[*input];
        if (!(mid > x->lo[*input] && mid < x->hi[*input])) what = 3;
    }
    nm_mark_release(s->job, mark);
    return what;
}

/* Shrinks the boxes of a sum's members to what the other members leave; returns false if no point is left. The fee
 * covers the rounding of the sums of ends. */
static bool meet_sums(const split *s, box *x)
{
    const nm_gens *g = s->c->gens;
    if (g)
        for (size_t k = 0; k < g->n_sums; k++) {
            const nm_sum *m = &g->sums[k];
            double lo = 0, hi = 0, mag = fabs(m->total);
            for (size_t i = m->first; i < m->first + m->n; i++) {
                lo += x->lo[i];
                hi += x->hi[i];
                mag += fabs(x->lo[i]) + fabs(x->hi[i]);
            }
            const double fee = (double)(m->n + 8) * NM_ULP * mag;
            if (lo - fee > m->total || hi + fee < m->total) return false;
            for (size_t i = m->first; i < m->first + m->n; i++) {
                const double most = m->total - (lo - x->lo[i]) + fee,
                             least = m->total - (hi - x->hi[i]) - fee;
                if (most < x->hi[i]) x->hi[i] = most < x->lo[i] ? x->lo[i] : most;
                if (least > x->lo[i]) x->lo[i] = least > x->hi[i] ? x->hi[i] : least;
            }
        }
    return true;
}

static void push_halves(const split *s, const box *x, size_t input, box **stack)
{
    const double mid = 0.5 * x->lo[input] + 0.5 * x->hi[input];
    box *a = new_box(s, x->lo, x->hi, x->open), *b = new_box(s, x->lo, x->hi, x->open);
    a->hi[input] = b->lo[input] = mid;
    for (box *k = a; k; k = k == a ? b : NULL) {
        if (!meet_sums(s, k)) continue;
        k->below = *stack;
        *stack = k;
    }
}

nm_split nm_split_case(nm_job *job, const nm_program *p, const nm_case *c, uint32_t *const *row,
                       const bool *open, const nm_split_opts *o)
{
    nm_split out = {.status = NM_UNKNOWN, .x = NM_RAW(job, double, p->blocks[0].n)};
    split s = {job, p, c, o, row, &out};
    box *stack = new_box(&s, c->lo, c->hi, open);
    while (stack) {
        if (out.boxes == o->max_boxes || nm_stopped(job) || nm_wall() > o->deadline) return out;
        box *x = stack;
        stack = x->below;
        out.boxes++;
        size_t input = 0;
        const int what = visit(&s, x, &input);
        if (what == 2) out.status = NM_VIOLATED;
        if (what >= 2) return out;
        if (what == 1) push_halves(&s, x, input, &stack);
    }
    out.status = NM_OK;
    return out;
}
