/* hull_windows.c: the hull of whole maxima in the hull dual (hull_dual.c), for maxima that tournaments of ReLUs have
 * replaced (tournament.c).
 *
 * m = max of a_1..a_n, a_i = w_i x + b_i over a box of what the members read, and a_n = 0 if the tournament ends in a
 * ReLU. For any theta
 *     m <= theta x + top,   top = max over i of (b_i + max over the box of (w_i - theta) x),
 * and the best theta gives the concave envelope of m over the box: the dual of the hull (Anderson, Huchette, Ma,
 * Tjandraatmadja, Vielma 2020, section 4). So where the unit that stands for the maximum has a negative coefficient,
 * this line takes it from the maximum to the members' inputs at once, past all matches, whose own hulls together are
 * far weaker. With a positive coefficient the slopes of the matches do as well as any: they choose any mean of the
 * members. Signs of matches that bounds decide exclude members, which then do not enter top; the inequalities of these
 * signs enter with multipliers, as ever. theta moves between the least and the largest coefficient of members that may
 * win; the derivative of the row is y (x - x*), x* being the corner that gives top. How often each member was the best
 * tells between which of them the envelope lies: what the line loses at the minimiser is the score of the matches that
 * separate these.
 *
 * In float32 a member is below w x + b + radius, so b is raised. Rounding: theta is used as it is stored; top is
 * rounded up; a coefficient is charged for as many terms as fan and windows may add to a unit, and all errors of the
 * walk are raised by `crowd`, since windows add terms to sums of others, too. Cost of a step: members times their
 * inputs. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

#include <stdlib.h>

/* ---- lines ---- */

typedef struct {
    size_t n, n_w, cap, cap_w, first;
    uint32_t *unit;
    double *w;
} terms;

typedef struct {
    nm_job *job;
    terms *t;
} sink;

static void put_term(void *arg, size_t j, double w)
{
    const sink *s = arg;
    if (w == 0) return;
    *NM_PUSH(s->job, s->t->w, s->t->n_w, s->t->cap_w) = w;
    *NM_PUSH(s->job, s->t->unit, s->t->n, s->t->cap) = (uint32_t)(s->t->first + j);
}

static void member_terms(nm_job *job, const nm_program *p, const nm_maximum *of, size_t i, terms *t)
{
    const nm_block *a = &p->blocks[of->block];
    sink s = {job, t};
    t->first = a->first;
    if (a->kind != NM_AFFINE) put_term(&s, of->member[i], 1);
    for (size_t k = 0; a->kind == NM_AFFINE && k < a->n_lin; k++) {
        t->first = p->blocks[a->lin[k].src].first;
        nm_lin_row(&a->lin[k], of->member[i], put_term, &s);
    }
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void add_window(nm_job *job, nm_lines_of *s, const nm_bounds *b, const nm_maximum *of)
{
    const nm_block *a = &b->p->blocks[of->block];
    const size_t m = of->n + of->floor;
    terms *t = NM_ARRAY(job, terms, of->n + 1);
    size_t all = 0, n = 0;
    for (size_t i = 0; i < of->n; i++) {
        member_terms(job, b->p, of, i, &t[i]);
        all += t[i].n;
    }
    uint32_t *idx = NM_ARRAY(job, uint32_t, nm_pad8(all + 1));
    for (size_t i = 0, k = 0; i < of->n; i++)
        for (size_t q = 0; q < t[i].n; q++) idx[k++] = t[i].unit[q];
    qsort(idx, all, sizeof *idx, by_number);
    for (size_t k = 0; k < all; k++)
        if (n == 0 || idx[n - 1] != idx[k]) idx[n++] = idx[k];
    const size_t n8 = nm_pad8(n);
    for (size_t k = n; k < n8; k++) idx[k] = n ? idx[0] : 0;
    double *w = NM_ARRAY(job, double, m * n8 + 1), *c = NM_ARRAY(job, double, m + 1), size = 0;
    for (size_t i = 0; i < of->n; i++) {
        const double radius = a->kind == NM_AFFINE ? nm_bounds_radius(b, a, of->member[i]) : 0;
        if (a->kind == NM_AFFINE) c[i] = radius == 0 ? a->bias[of->member[i]] : nm_up(a->bias[of->member[i]] + radius);
        for (size_t q = 0; q < t[i].n; q++) {
            const uint32_t *at = bsearch(&t[i].unit[q], idx, n, sizeof *idx, by_number);
            w[i * n8 + (size_t)(at - idx)] += t[i].w[q];
        }
    }
    for (size_t k = 0; k < n; k++) {
        double most = 0;
        for (size_t i = 0; i < of->n; i++) most = nm_larger(most, fabs(w[i * n8 + k]));
        size += most * nm_larger(fabs(b->lo[idx[k]]), fabs(b->hi[idx[k]]));
    }
    size = size * (1 + (double)(n + 8) * NM_ULP) + NM_TINY;
    s->window[s->n_windows++] = (nm_window_line){of, n8, m, s->entries, idx, w, c, size};
    s->entries += n8;
}

void nm_windows_lines(nm_job *job, nm_lines_of *s, const nm_bounds *b, size_t most)
{
    const nm_program *p = b->p;
    s->window = NM_ARRAY(job, nm_window_line, p->n_windows + 1);
    for (size_t k = p->n_windows; k-- > 0 && s->entries < most;)
        if (p->window[k].n + p->window[k].floor > 1 && b->lo[p->window[k].u] < b->hi[p->window[k].u])
            add_window(job, s, b, &p->window[k]);
    if (!s->n_windows) return;
    s->full = false;
    uint32_t *count = NM_ARRAY(job, uint32_t, p->n_units);
    for (size_t k = 0; k < s->n_windows; k++)
        for (size_t i = 0; i < s->window[k].n; i++) count[s->window[k].idx[i]]++;
    for (size_t q = 0; q < p->n_blocks; q++)
        for (size_t u = p->blocks[q].first; u < p->blocks[q].first + p->blocks[q].n; u++)
            s->crowd = nm_larger(s->crowd, (double)count[u] / (double)(p->blocks[q].fan + 1));
}

const bool *nm_windows_units(nm_job *job, const nm_lines_of *s, const nm_program *p)
{
    bool *skip = NM_ARRAY(job, bool, p->n_units);
    for (size_t k = 0; k < s->n_windows; k++) {
        const nm_maximum *of = s->window[k].of;
        skip[of->u] = true;
        for (size_t t = 0; t < of->n_matches; t++) skip[of->match[t].u] = true;
    }
    return skip;
}

/* ---- a run ---- */

/* Marks the candidates that may win by the signs that bounds decide. */
static void find_alive(const nm_hull *h, const nm_window_line *l, bool *alive)
{
    const nm_maximum *of = l->of;
    for (size_t i = 0; i < l->m; i++) alive[i] = true;
    if (of->floor) alive[of->n] = !(h->b->lo[nm_program_pre(h->p, of->u)] >= 0);
    for (size_t t = 0; t < of->n_matches; t++) {
        const nm_match *m = &of->match[t];
        const size_t pre = nm_program_pre(h->p, m->u);
        const bool lost = h->b->hi[pre] <= 0, won = !lost && h->b->lo[pre] >= 0;
        for (size_t i = m->from; i < m->to; i++)
            if (i < m->mid ? lost : won) alive[i] = false;
    }
}

void nm_windows_open(nm_hull *h)
{
    h->window = NM_ARRAY(h->job, nm_hull_window, h->lines->n_windows + 1);
    for (size_t k = 0; k < h->lines->n_windows; k++) {
        const nm_window_line *l = &h->lines->window[k];
        nm_hull_window *s = &h->window[k];
        s->alive = NM_ARRAY(h->job, bool, l->m + 1);
        s->wins = NM_ARRAY(h->job, double, l->m + 1);
        s->lo = nm_repeat(h->job, l->n + 1, INFINITY);
        s->hi = nm_repeat(h->job, l->n + 1, -INFINITY);
        find_alive(h, l, s->alive);
        for (size_t i = 0; i < l->m; i++)
            for (size_t j = 0; s->alive[i] && j < l->n; j++) {
                s->lo[j] = fmin(s->lo[j], l->w[i * l->n + j]);
                s->hi[j] = fmax(s->hi[j], l->w[i * l->n + j]);
            }
    }
}

/* Starts from a mean of the candidates, weighted by how far each can be above all lower bounds. */
void nm_windows_start(nm_hull *h)
{
    for (size_t k = 0; k < h->lines->n_windows; k++) {
        const nm_window_line *l = &h->lines->window[k];
        double *theta = h->a->theta + l->at, low = INFINITY, total = 0;
        const size_t first = h->p->blocks[l->of->block].first;
        for (size_t j = 0; j < l->n; j++) theta[j] = 0;
        for (size_t i = 0; i < l->of->n; i++) low = fmin(low, h->b->lo[first + l->of->member[i]]);
        for (size_t i = 0; i < l->m; i++) {
            if (!h->window[k].alive[i]) continue;
            const double top = i < l->of->n ? h->b->hi[first + l->of->member[i]] : 0, w = fmax(top - low, 0) + 1e-9;
            for (size_t j = 0; j < l->n; j++) theta[j] += w * l->w[i * l->n + j];
            total += w;
        }
        for (size_t j = 0; total > 0 && j < l->n; j++) theta[j] /= total;
    }
}

/* Computes the line's constant, an upper bound, and the candidate that gives it. */
static void find_top(nm_hull *h, const nm_window_line *l, nm_hull_window *s)
{
    const double *theta = h->a->theta + l->at;
    double big = 0;
    s->top = -INFINITY;
    for (size_t i = 0; i < l->m; i++) {
        if (!s->alive[i]) continue;
        double sum = l->b[i];
        for (size_t j = 0; j < l->n; j++) {
            const double d = l->w[i * l->n + j] - theta[j];
            sum += d * (d > 0 ? h->b->hi[l->idx[j]] : h->b->lo[l->idx[j]]);
        }
        big = nm_larger(big, fabs(l->b[i]));
        if (!(sum > s->top)) continue;
        s->top = sum;
        s->best = i;
    }
    s->top = nm_up(s->top + (double)(l->n + 32) * NM_ULP * (2 * l->size + big) + (double)l->n * NM_TINY);
}

/* Returns the terms that may be summed in a unit that the window reads. */
static double fan_of(const nm_hull *h, const nm_window_line *l)
{
    const nm_block *a = &h->p->blocks[l->of->block];
    double fan = (double)a->fan + 8;
    for (size_t t = 0; t < a->n_lin; t++) fan = nm_larger(fan, (double)h->p->blocks[a->lin[t].src].fan + 8);
    return 2 * fan * (1 + h->lines->crowd);
}

void nm_windows_pull(nm_hull *h, const nm_block *k)
{
    const double sum = (double)(h->p->n_units + 16);
    for (size_t q = 0; q < h->lines->n_windows; q++) {
        const nm_window_line *l = &h->lines->window[q];
        nm_hull_window *s = &h->window[q];
        if (l->of->u < k->first || l->of->u >= k->first + k->n) continue;
        const double y = h->y[l->of->u];
        s->part = 0;
        if (!(y < 0) || (k->kind == NM_RELU && h->x->dead[l->of->u]) || (h->keep && h->keep[l->of->u])) continue;
        double *theta = h->a->theta + l->at;
        for (size_t j = 0; j < l->n; j++) theta[j] = fmin(fmax(theta[j], s->lo[j]), s->hi[j]);
        find_top(h, l, s);
        if (!isfinite(s->top)) continue;
        s->part = y;
        h->y[l->of->u] = 0;
        for (size_t j = 0; j < l->n; j++) h->y[l->idx[j]] += y * theta[j];
        h->cst += y * s->top;
        h->err += fabs(y) * NM_ULP * (fan_of(h, l) * l->size + sum * fabs(s->top));
    }
}

static double value(const nm_hull *h, const nm_window_line *l, const double *w, double c)
{
    for (size_t j = 0; j < l->n; j++) c += w[j] * h->v[l->idx[j]];
    return c;
}

void nm_windows_values(nm_hull *h, const nm_block *k)
{
    for (size_t q = 0; q < h->lines->n_windows; q++) {
        const nm_window_line *l = &h->lines->window[q];
        if (l->of->u < k->first || l->of->u >= k->first + k->n || h->window[q].part == 0) continue;
        h->v[l->of->u] = value(h, l, h->a->theta + l->at, h->window[q].top);
    }
}

void nm_windows_ascend(nm_hull *h, nm_adam a)
{
    for (size_t q = 0; q < h->lines->n_windows; q++) {
        const nm_window_line *l = &h->lines->window[q];
        nm_hull_window *s = &h->window[q];
        for (size_t i = 0; i < l->m; i++) s->wins[i] = 0.9 * s->wins[i] + 0.1 * (s->part != 0 && i == s->best);
        if (s->part == 0) continue;
        double *theta = h->a->theta + l->at, *m1 = h->adam.t1 + l->at, *m2 = h->adam.t2 + l->at;
        const double *w = l->w + s->best * l->n;
        for (size_t j = 0; j < l->n; j++) {
            const double range = s->hi[j] - s->lo[j];
            if (!(range > 0)) continue;
            const double corner = w[j] > theta[j] ? h->b->hi[l->idx[j]] : h->b->lo[l->idx[j]];
            const double g = s->part * (h->v[l->idx[j]] - corner) * range;
            theta[j] += range * nm_adam_move(0, g, &m1[j], &m2[j], a);
        }
    }
}

/* ---- scores for branching ---- */

static void give(nm_hull *h, size_t u, double gap)
{
    if (h->x->cut[u] != 0) h->a->gap[u] += gap;
}

void nm_windows_score(nm_hull *h)
{
    static const double LEAST = 0.01; /* of a line's loss, for matches whose sides have not won yet */
    for (size_t q = 0; q < h->lines->n_windows; q++) {
        const nm_window_line *l = &h->lines->window[q];
        const nm_hull_window *s = &h->window[q];
        if (s->part == 0) continue;
        double most = -INFINITY, all = 1e-300;
        for (size_t i = 0; i < l->m; i++) {
            all += s->wins[i];
            if (s->alive[i]) most = nm_larger(most, value(h, l, l->w + i * l->n, l->b[i]));
        }
        const double gap = nm_larger(-s->part * (value(h, l, h->a->theta + l->at, s->top) - most), 0) / all;
        if (l->of->floor)
            give(h, l->of->u, gap * (LEAST * all + 2 * fmin(s->wins[l->of->n], all - s->wins[l->of->n])));
        for (size_t t = 0; t < l->of->n_matches; t++) {
            const nm_match *m = &l->of->match[t];
            double side[2] = {0, 0};
            for (size_t i = m->from; i < m->to; i++) side[i >= m->mid] += s->wins[i];
            give(h, m->u, gap * (LEAST * all + 2 * fmin(side[0], side[1])));
        }
    }
}
