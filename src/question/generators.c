/* generators.c: generators of an input set, x = x0 + G g with lo <= g <= hi and given sums of g. Does not use Program,
 * Bounds or Model, because the judge uses it.
 *
 * A point: generators are clipped to their box. A sum is restored by shifting all its members by the same amount (found
 * by bisection) and clipping. Then the members are rounded to a grid of 2^-k, k such that every partial sum is a
 * double, and the remaining difference, a whole number of grid steps, is given to members that have room. The sum then
 * holds exactly, so g is a point of its set in exact arithmetic. The set's point is x0 + G g in exact arithmetic;
 * float64 gives it up to an error that is bounded a priori, and that the judge propagates through the network. Whether
 * the exact point lies in the case's box is clear if the rounded one is farther from the ends than the error; otherwise
 * it is decided by summing the products without error (two-product, grow-expansion: Dekker 1971, Shewchuk 1997). Cost:
 * a pass over G. Left out: projection onto rows, box and balls; the judge moves towards `at` instead. */
#include "base/base.h"
#include "question/question.h"
#include "question/part.h"

static double clip(double x, double lo, double hi) { return x >= lo ? x <= hi ? x : hi : lo; }

/* Returns the level if members up to `from` are full, which leaves this room: the middle one of the candidates, in the
 * order of members, halves them about as well as a random one. */
static double level_above(const nm_sum *s, const double *y, size_t step, const double *lo, const double *hi,
                          double from, double room)
{
    const size_t end = s->first + s->n;
    double below = from, level = from;
    for (size_t i = s->first; i < end; i++)
        if (y[i * step] > level) level = y[i * step];
    for (;;) {
        size_t n = 0, k = 0, pivot = s->first;
        for (size_t i = s->first; i < end; i++) n += y[i * step] > below && y[i * step] < level;
        if (n == 0) return level;
        while (!(y[pivot * step] > below && y[pivot * step] < level && k++ == n / 2)) pivot++;
        const double mid = y[pivot * step];
        double space = 0;
        for (size_t i = s->first; i < end; i++)
            if (y[i * step] > from && y[i * step] <= mid) space += hi[i] - lo[i];
        *(space >= room ? &level : &below) = mid;
    }
}

double nm_sum_level(const nm_sum *s, const double *y, size_t step, const double *lo,
                    const double *hi)
{
    enum { FEW = 8 }; /* members are usually full within so many: those of a kernel are, one after the other */
    double room = s->total, last = -INFINITY;
    for (size_t i = s->first; i < s->first + s->n; i++) room -= lo[i];
    for (int tries = 0; tries < FEW; tries++) {
        double best = INFINITY, space = 0;
        for (size_t i = s->first; i < s->first + s->n; i++) {
            const double v = y[i * step];
            if (!(v > last) || v > best) continue;
            space = (v == best ? space : 0) + (hi[i] - lo[i]);
            best = v;
        }
        if (isinf(best)) return isinf(last) ? 0 : last;
        room -= space;
        last = best;
        if (room <= 0) return last;
    }
    return level_above(s, y, step, lo, hi, last, room);
}

void nm_sum_project(const nm_sum *s, double *g, size_t step, const double *lo, const double *hi)
{
    double below = 0, above = 0;
    for (size_t i = s->first; i < s->first + s->n;
         i++) { /* bounds of the shift, at which all members are at an end */
        below = fmax(below, g[i * step] - lo[i]);
        above = fmax(above, hi[i] - g[i * step]);
    }
    double from = -below, to = above, shift = 0;
    for (int t = 0; t < 60; t++) {
        double sum = 0;
        for (size_t i = s->first; i < s->first + s->n; i++)
            sum += clip(g[i * step] + shift, lo[i], hi[i]);
        if (sum == s->total) break;
        if (sum < s->total)
            from = shift;
        else
            to = shift;
        shift = 0.5 * from + 0.5 * to;
    }
    for (size_t i = s->first; i < s->first + s->n; i++)
        g[i * step] = clip(g[i * step] + shift, lo[i], hi[i]);
}

/* Returns the grid of a sum: a power of two that divides its total and its box's ends, all below 2^51 grid steps; 0:
 * there is none. */
static double grid_of(const nm_gens *g, const nm_sum *s)
{
    double most = fabs(s->total), sum = 0;
    for (size_t i = s->first; i < s->first + s->n; i++) {
        most = fmax(most, fmax(fabs(g->lo[i]), fabs(g->hi[i])));
        sum += fmax(fabs(g->lo[i]), fabs(g->hi[i]));
    }
    int e;
    frexp(fmax(most, sum) + 1, &e);
    const double q = ldexp(1, e - 51);
    bool fits = fmod(s->total, q) == 0;
    for (size_t i = s->first; i < s->first + s->n; i++)
        fits &= fmod(g->lo[i], q) == 0 && fmod(g->hi[i], q) == 0;
    return fits ? q : 0;
}

/* Makes the sum hold exactly; returns false if the box does not allow it. */
static bool settle_sum(const nm_gens *g, const nm_sum *s, double *x)
{
    const double q = grid_of(g, s);
    nm_sum_project(s, x, 1, g->lo, g->hi);
    int64_t left = (int64_t)(s->total / q);
    for (size_t i = s->first; i < s->first + s->n; i++) {
        x[i] = clip(q * nearbyint(x[i] / q), g->lo[i], g->hi[i]);
        left -= (int64_t)(x[i] / q);
    }
    for (size_t i = s->first; left != 0 && i < s->first + s->n; i++) {
        const int64_t up = (int64_t)((g->hi[i] - x[i]) / q),
                      down = (int64_t)((g->lo[i] - x[i]) / q);
        const int64_t move = left > up ? up : left < down ? down : left;
        x[i] += q * (double)move;
        left -= move;
    }
    return left == 0;
}

/* ---- the sign of x0 + G_i g - end without rounding ---- */

typedef struct {
    double *e;
    size_t n;
} expansion;

static void grow(expansion *x, double v)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++) {
        const double a = x->e[i], s = a + v, b = s - a, low = (a - (s - b)) + (v - b);
        v = s;
        if (low != 0) x->e[n++] = low;
    }
    if (v != 0) x->e[n++] = v;
    x->n = n;
}

/* Returns 1 if x0 + G_i g is above the end, -1 below, 0 if equal; 2 if a product is too small to be split exactly. */
static int exact_side(nm_job *job, const nm_gens *g, const double *x, size_t i, double end)
{
    const nm_mark mark = nm_mark_get(job);
    expansion s = {NM_RAW(job, double, 2 * (g->ptr[i + 1] - g->ptr[i]) + 4), 0};
    bool tiny = false;
    grow(&s, g->x0[i]);
    grow(&s, -end);
    for (size_t k = g->ptr[i]; k < g->ptr[i + 1]; k++) {
        const double a = g->w[k], b = x[g->idx[k]], p = a * b;
        tiny |= a != 0 && b != 0 && fabs(p) < 1e-250;
        grow(&s, fma(a, b, -p));
        grow(&s, p);
    }
    const int side = tiny ? 2 : s.n == 0 ? 0 : s.e[s.n - 1] > 0 ? 1 : -1;
    nm_mark_release(job, mark);
    return side;
}

static bool in_box(nm_job *job, const nm_case *c, const nm_genpoint *p)
{
    for (size_t i = 0; i < c->gens->n_in; i++) {
        const double lo = c->lo[i], hi = c->hi[i], x = p->x[i], e = p->err[i];
        if (!(nm_down(x - e) >= lo) && !(e == 0 && x >= lo)) {
            const int side = exact_side(job, c->gens, p->g, i, lo);
            if (side != 0 && side != 1) return false;
        }
        if (!(nm_up(x + e) <= hi) && !(e == 0 && x <= hi)) {
            const int side = exact_side(job, c->gens, p->g, i, hi);
            if (side != 0 && side != -1) return false;
        }
    }
    return true;
}

static bool rows_hold(const nm_gens *g, const double *x)
{
    for (size_t r = 0; r < g->n_rows; r++) {
        const nm_row *row = &g->rows[r];
        double sum = -row->rhs, mag = fabs(row->rhs);
        for (size_t k = 0; k < row->n; k++) {
            sum += row->coef[k] * x[row->var[k]];
            mag += fabs(row->coef[k] * x[row->var[k]]);
        }
        if (!(sum + ((double)row->n + 4) * NM_ULP * mag + NM_TINY <= 0) && mag != 0) return false;
    }
    return true;
}

nm_genpoint nm_gens_point(nm_job *job, const nm_case *c, const double *start)
{
    const nm_gens *g = c->gens;
    nm_genpoint p = {NM_RAW(job, double, g->n), NM_RAW(job, double, g->n_in),
                     NM_RAW(job, double, g->n_in), true};
    for (size_t k = 0; k < g->n; k++) p.g[k] = clip(start[k], g->lo[k], g->hi[k]);
    for (size_t s = 0; s < g->n_sums; s++) p.is_inside &= settle_sum(g, &g->sums[s], p.g);
    for (size_t i = 0; i < g->n_in; i++) {
        double x = g->x0[i], mag = fabs(x);
        size_t n = 0;
        for (size_t k = g->ptr[i]; k < g->ptr[i + 1]; k++) {
            const double t = g->w[k] * p.g[g->idx[k]];
            x += t;
            mag += fabs(t);
            n += g->w[k] != 0 && p.g[g->idx[k]] != 0;
        }
        p.x[i] = x;
        p.err[i] = n ? ((double)n + 2) * NM_ULP * mag + NM_TINY : 0;
    }
    p.is_inside = p.is_inside && rows_hold(g, p.g) && in_box(job, c, &p);
    if (p.is_inside)
        for (size_t i = 0; i < g->n_in; i++) p.x[i] = clip(p.x[i], c->lo[i], c->hi[i]);
    return p;
}

const double *nm_case_input(nm_job *job, const nm_case *c, const double *p)
{
    const nm_gens *g = c->gens;
    if (!g) return p;
    double *x = NM_RAW(job, double, g->n_in + 1);
    for (size_t i = 0; i < g->n_in; i++) {
        x[i] = g->x0[i];
        for (size_t k = g->ptr[i]; k < g->ptr[i + 1]; k++) x[i] += g->w[k] * p[g->idx[k]];
    }
    return x;
}

double nm_gens_away(nm_job *job, const nm_genpoint *p, size_t n, nm_norm norm, const double *centre)
{
    const nm_mark mark = nm_mark_get(job);
    double *by = NM_RAW(job, double, n + 1), *zero = NM_ARRAY(job, double, n + 1);
    for (size_t i = 0; i < n; i++) {
        const double d = fabs(p->x[i] - centre[i]), e = p->err[i];
        by[i] = e > 0 ? nm_up(nm_up(d) + e) : d;
    }
    const double away = nm_norm_of(norm, n, by, zero);
    nm_mark_release(job, mark);
    return away;
}

const char *nm_gens_check(const nm_gens *g)
{
    size_t end = 0;
    if (g->ptr[0] != 0) return "rows of generators";
    for (size_t i = 0; i < g->n_in; i++) {
        if (g->ptr[i + 1] < g->ptr[i]) return "rows of generators";
        for (size_t k = g->ptr[i]; k < g->ptr[i + 1]; k++)
            if (g->idx[k] >= g->n) return "a generator that does not exist";
    }
    for (size_t k = 0; k < g->n; k++)
        if (!(g->lo[k] <= g->hi[k])) return "a generator with an empty range";
    for (size_t s = 0; s < g->n_sums; s++) {
        if (g->sums[s].first < end || g->sums[s].n == 0 || g->sums[s].n > g->n ||
            g->sums[s].first > g->n - g->sums[s].n)
            return "sums of generators that overlap";
        end = g->sums[s].first + g->sums[s].n;
        if (grid_of(g, &g->sums[s]) == 0)
            return "a sum of generators whose numbers have no common grid";
    }
    const size_t *k = g->kernel;
    if (k[0] && k[0] * k[1] * k[2] * k[3] != g->n) return "a kernel whose size does not fit";
    return NULL;
}
