/* move_inside.c: a point that misses rows or box of its case by a solver's tolerance is moved inside, for the judge.
 *
 * In turn, every row that is violated, or holds by less than `slack`, moves the point along the row's coefficients,
 * over the variables that have room, until just beyond the row (Kaczmarz 1937; Agmon 1954). With generators, the rows
 * over x, the ends of x and the tangents of balls are rows over g. A few sweeps suffice if the set has an interior near
 * the point; otherwise the judge rejects the point. Cost: a pass over G for each sweep. */
#include "base/base.h"
#include "question/question.h"
#include "judge/move_inside.h"

enum { SWEEPS = 12 };

typedef struct {
    const nm_case *c;
    size_t n;
    const double *lo, *hi;
    double *p, *a; /* [n] the point; coefficients of a row, 0 between rows */
    double slack;
    bool moved;
} inward;

/* Moves the point for a row  a.p + value <= 0  over the listed variables; clears a afterwards. */
static void push(inward *w, double value, double scale, size_t n, const uint32_t *var)
{
    double norm = 0;
    for (size_t k = 0; k < n; k++) value += w->a[var[k]] * w->p[var[k]];
    const double excess = value + w->slack * scale;
    for (size_t k = 0; k < n; k++) {
        const double a = w->a[var[k]], x = w->p[var[k]];
        if (a > 0 ? x > w->lo[var[k]] : x < w->hi[var[k]]) norm += a * a;
    }
    for (size_t k = 0; k < n; k++) {
        const double a = w->a[var[k]];
        double *x = &w->p[var[k]];
        if (excess > 0 && norm > 0 && a != 0 && (a > 0 ? *x > w->lo[var[k]] : *x < w->hi[var[k]])) {
            *x -= excess / norm * a;
            *x = *x < w->lo[var[k]] ? w->lo[var[k]] : *x > w->hi[var[k]] ? w->hi[var[k]] : *x;
            w->moved = true;
        }
        w->a[var[k]] = 0;
    }
}

static void input_row(nm_job *job, inward *w, const nm_row *row, size_t n_out)
{
    const nm_gens *g = w->c->gens;
    const nm_mark mark = nm_mark_get(job);
    uint32_t *var = NULL;
    size_t n = 0, cap = 0;
    double value = -row->rhs;
    for (size_t k = 0; k < row->n; k++) {
        const uint32_t i = row->var[k] - (uint32_t)n_out;
        if (!g) {
            w->a[i] += row->coef[k];
            *NM_PUSH(job, var, n, cap) = i;
            continue;
        }
        value += row->coef[k] * g->x0[i];
        for (size_t t = g->ptr[i]; t < g->ptr[i + 1]; t++) {
            if (w->a[g->idx[t]] == 0) *NM_PUSH(job, var, n, cap) = g->idx[t];
            w->a[g->idx[t]] += row->coef[k] * g->w[t];
        }
    }
    push(w, value, 1 + fabs(row->rhs), n, var);
    nm_mark_release(job, mark);
}

/* Moves for the ends of x and the rows over g. */
static void generator_rows(inward *w)
{
    const nm_gens *g = w->c->gens;
    for (size_t r = 0; r < g->n_rows; r++) {
        for (size_t k = 0; k < g->rows[r].n; k++) w->a[g->rows[r].var[k]] = g->rows[r].coef[k];
        push(w, -g->rows[r].rhs, 1 + fabs(g->rows[r].rhs), g->rows[r].n, g->rows[r].var);
    }
    for (size_t i = 0; i < g->n_in; i++)
        for (int side = -1; side <= 1; side += 2) {
            const size_t at = g->ptr[i], n = g->ptr[i + 1] - at;
            const double end = side > 0 ? w->c->hi[i] : w->c->lo[i];
            double x = g->x0[i];
            for (size_t k = 0; k < n; k++) x += g->w[at + k] * w->p[g->idx[at + k]];
            if (side * (x - end) <= 0) continue;
            for (size_t k = 0; k < n; k++) w->a[g->idx[at + k]] = side * g->w[at + k];
            push(w, side * (g->x0[i] - end), 1 + fabs(end), n, g->idx + at);
        }
}

/* Removes from the coefficients what the sums would undo; members at an end that they would leave are excluded. */
static void along_sums(inward *w)
{
    for (size_t s = 0; s < w->c->gens->n_sums; s++) {
        const nm_sum *m = &w->c->gens->sums[s];
        double mean = 0, free = 0;
        for (size_t k = m->first; k < m->first + m->n; k++) {
            const bool stuck = w->p[k] <= w->lo[k] || w->p[k] >= w->hi[k];
            if (stuck) w->a[k] = 0;
            mean += w->a[k];
            free += !stuck;
        }
        for (size_t k = m->first; free > 0 && k < m->first + m->n; k++)
            if (w->p[k] > w->lo[k] && w->p[k] < w->hi[k]) w->a[k] -= mean / free;
    }
}

/* Moves for the tangents of balls over generators, at x. */
static void ball_rows(nm_job *job, inward *w)
{
    const nm_gens *g = w->c->gens;
    const nm_mark mark = nm_mark_get(job);
    uint32_t *var = NM_RAW(job, uint32_t, w->n + 1);
    for (size_t k = 0; k < w->n; k++) var[k] = (uint32_t)k;
    for (size_t b = 0; b < w->c->n_balls; b++) {
        const nm_ball *ball = &w->c->balls[b];
        const double *x = nm_case_input(job, w->c, w->p),
                     away = nm_norm_of(ball->norm, g->n_in, x, ball->centre);
        double value = away - ball->radius;
        for (size_t i = 0; away > 0 && i < g->n_in; i++) {
            const double d = x[i] - ball->centre[i], u = ball->norm == NM_L2 ? d / away
                                                         : d > 0             ? 1
                                                         : d < 0             ? -1
                                                                             : 0;
            for (size_t k = g->ptr[i]; k < g->ptr[i + 1]; k++) w->a[g->idx[k]] += u * g->w[k];
        }
        along_sums(w);
        for (size_t k = 0; k < w->n; k++) value -= w->a[k] * w->p[k];
        push(w, value, 1 + ball->radius, w->n, var);
    }
    nm_mark_release(job, mark);
}

void nm_case_inward(nm_job *job, const nm_query *q, const nm_case *c, double slack, double *p)
{
    const size_t n = nm_case_width(q, c);
    inward w = {c,
                n,
                c->gens ? c->gens->lo : c->lo,
                c->gens ? c->gens->hi : c->hi,
                p,
                NM_ARRAY(job, double, n),
                slack,
                true};
    for (int s = 0; s < SWEEPS && w.moved; s++) {
        w.moved = false;
        for (size_t r = 0; r < c->n_in_rows; r++) input_row(job, &w, &c->in_rows[r], q->n_out);
        if (!c->gens) continue;
        generator_rows(&w);
        ball_rows(job, &w);
        if (w.moved)
            for (size_t k = 0; k < c->gens->n_sums; k++)
                nm_sum_project(&c->gens->sums[k], p, 1, w.lo, w.hi);
    }
}
