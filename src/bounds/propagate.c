/* propagate.c: bounds passed backwards, from units to those that they read (feasibility-based bound tightening:
 * Savelsbergh 1994; Belotti, Cafieri, Lee, Liberti 2010).
 *
 * If a unit must lie in [lo, hi], for a row because the question says so, or for a pre-activation because its sign is
 * assumed, then so must the sum that it is, and each input of that sum is left the room that the others leave:
 *     a_k x_k <= hi - b - sum over the others of min a_j x_j,
 *     a_k x_k >= lo - b - sum over the others of max a_j x_j.
 * A ReLU below h has its pre-activation below h; one above l > 0 has it above l; the members of a maximum lie below it.
 * On sparse layers, as those of formulas, this is unit propagation. Every operation is rounded outwards, but only if it
 * is not exact, which its own error tells (Knuth 1969; Dekker 1971): rows of small integers, whose limits are often
 * just attained, settle signs only in this way. A sum is first made to nearest, and is made again in this way only if
 * the first leaves it open whether a term loses some of its range. In float32 the bias is an interval, of the unit's
 * radius (float32.c). A sum's tension says how near it is to its limit: a clause of n open literals has 2^(1-n), as in
 * Jeroslow, Wang 1990. Cost: one look at each weight of most sums, three at those of the others. Needs finite bounds;
 * they hold only where those that were passed back do. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"

/* ---- sums that are rounded in a known direction, and not at all if they are exact ---- */

/* Returns the sum's rounding error, exactly (Knuth 1969; Dekker 1971). */
static double lost_by_sum(double a, double b, double sum)
{
    const double part = sum - a;
    return (a - (sum - part)) + (b - part);
}

static double add_up(double a, double b)
{
    const double sum = a + b;
    return lost_by_sum(a, b, sum) <= 0 ? sum : nm_up(sum);
}

static double add_down(double a, double b) { return -add_up(-a, -b); }

/* b > 0 */
static double divide_up(double a, double b)
{
    const double q = a / b;
    return fabs(q) > NM_TINY && fabs(a) > NM_TINY && fma(-q, b, a) <= 0 ? q : a == 0 ? 0 : nm_up(q);
}

static double times_up(double a, double b)
{
    const double p = a * b;
    return fabs(p) > NM_TINY && fma(a, b, -p) <= 0 ? p : a == 0 || b == 0 ? 0 : nm_up(p);
}

static double times_down(double a, double b) { return -times_up(-a, b); }

/* ---- blocks ---- */

typedef struct {
    nm_bounds *b;
    size_t first;
    double least, most;  /* of the sum; rounded outwards if terms are narrowed by it */
    double under, over;  /* room that is left above the least, and below the most */
    double widest;       /* of its terms */
    double size;         /* sum of the terms' largest magnitudes */
    size_t n;
} sum;

/* Adds a term to nearest. */
static void add_nearly(void *arg, size_t j, double w)
{
    sum *s = arg;
    const double a = w * s->b->lo[s->first + j], b = w * s->b->hi[s->first + j];
    const double lo = a < b ? a : b, hi = a < b ? b : a;
    s->least += lo;
    s->most += hi;
    s->widest = nm_larger(s->widest, hi - lo);
    s->size += nm_larger(fabs(a), fabs(b));
    s->n++;
}

static void add_term(void *arg, size_t j, double w)
{
    sum *s = arg;
    if (w == 0) return;
    const double lo = s->b->lo[s->first + j], hi = s->b->hi[s->first + j];
    s->least = add_down(s->least, times_down(w, w > 0 ? lo : hi));
    s->most = add_up(s->most, times_up(w, w > 0 ? hi : lo));
    s->widest = nm_larger(s->widest, fabs(w) * (hi - lo));
}

static void narrow_term(void *arg, size_t j, double w)
{
    const sum *s = arg;
    nm_bounds *b = s->b;
    const size_t u = s->first + j;
    const double size = fabs(w);
    if (!(size > NM_TINY) || b->empty) return;
    const double lo = b->lo[u], hi = b->hi[u], more = divide_up(s->under, size), less = divide_up(s->over, size);
    if (w > 0)
        nm_bounds_meet(b, u, add_down(hi, -less), add_up(lo, more), NM_BY_ALPHA);
    else
        nm_bounds_meet(b, u, add_down(hi, -more), add_up(lo, less), NM_BY_ALPHA);
}

static void each_term(const nm_block *k, size_t i, sum *s, void (*what)(void *, size_t, double))
{
    for (size_t t = 0; t < k->n_lin; t++) {
        s->first = s->b->p->blocks[k->lin[t].src].first;
        nm_lin_row(&k->lin[t], i, what, s);
    }
}

/* Returns 2^-(room in widest terms) of the limit that is nearer; below 0 if that is the lower one. */
static double tension(const sum *s)
{
    const double over = exp2(-s->over / s->widest), under = exp2(-s->under / s->widest);
    if (!(s->widest > 0)) return 0;
    return under >= over ? under : -over;
}

/* Sets s to the sum of unit i, to nearest, and returns true if [lo, hi] leaves each of its terms all of its range, by
 * more than rounding: most do, and this takes a quarter of the time. */
static bool leaves_all(nm_bounds *b, const nm_block *k, size_t i, double lo, double hi, sum *s)
{
    const double bias = k->bias[i], radius = nm_bounds_radius(b, k, i);
    *s = (sum){.b = b, .least = bias - radius, .most = bias + radius, .size = fabs(bias) + radius};
    each_term(k, i, s, add_nearly);
    const double e = (double)(s->n + 8) * 2 * NM_ULP * (s->size + nm_larger(fabs(lo), fabs(hi))) + NM_TINY;
    s->under = hi - s->least;
    s->over = s->most - lo;
    return s->under > s->widest + e && s->over > s->widest + e && isfinite(s->size);
}

/* The same sum, rounded outwards. */
static sum outward(nm_bounds *b, const nm_block *k, size_t i, double lo, double hi)
{
    const double bias = k->bias[i], radius = nm_bounds_radius(b, k, i);
    sum s = {.b = b, .least = add_down(bias, -radius), .most = add_up(bias, radius)};
    each_term(k, i, &s, add_term);
    s.under = add_up(hi, -s.least);
    s.over = add_up(s.most, -lo);
    return s;
}

static void affine(nm_bounds *b, const nm_block *k, double *tense)
{
    for (size_t i = 0; i < k->n && !b->empty; i++) {
        const double lo = b->lo[k->first + i], hi = b->hi[k->first + i];
        sum s;
        const bool all = leaves_all(b, k, i, lo, hi, &s);
        if (!all) s = outward(b, k, i, lo, hi);
        const double width = s.most - s.least;
        if (tense) tense[k->first + i] = 0;
        if (!isfinite(width) || (s.under >= width && s.over >= width)) continue;
        b->empty = s.under < 0 || s.over < 0;
        if (b->empty) return;
        if (tense) tense[k->first + i] = tension(&s);
        if (!all) each_term(k, i, &s, narrow_term);
    }
}

static void nonlinear(nm_bounds *b, const nm_block *k)
{
    const size_t src = b->p->blocks[k->src].first;
    for (size_t i = 0; i < k->n && !b->empty; i++) {
        const double lo = b->lo[k->first + i], hi = b->hi[k->first + i];
        if (k->kind == NM_RELU)
            nm_bounds_meet(b, src + i, lo > 0 ? lo : -INFINITY, hi, NM_BY_ALPHA);
        else
            for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++)
                nm_bounds_meet(b, src + k->idx[t], -INFINITY, hi, NM_BY_ALPHA);
    }
}

void nm_propagate(nm_bounds *b, double *tense)
{
    for (size_t k = b->p->n_blocks - 1; k > 0 && !b->empty; k--) {
        if (b->p->blocks[k].kind == NM_AFFINE)
            affine(b, &b->p->blocks[k], tense);
        else
            nonlinear(b, &b->p->blocks[k]);
    }
}
