/* ball.c: balls of L1, L2 and L0 around a centre, intersected with a box: lower bounds of linear forms, membership,
 * projection.
 *
 * min y x over  lo <= x <= hi, phi(x - c) <= B,  where phi and B are: sum |t_i| and r for L1; sum t_i^2/2 and r^2/2 for
 * L2; the number of t_i != 0 and k for L0. For any lambda >= 0 (Lagrange)
 *     min y x >= y c - lambda B + sum over i of min over t in [lo_i - c_i, hi_i - c_i] of y_i t + lambda phi(t),
 * where the minimum of a term is at an end, at 0 or at -y_i/lambda. Bisection finds the best lambda, at which the
 * minimiser just uses up B; for L1 and L0 this gives the bound that sorting would give, for L2 it is exact too. Where
 * L0 counts pixels, all elements of a pixel move or none. Every lambda gives a valid bound; rounding is paid for by the
 * sum of the magnitudes that were added. The centre may lie outside of the box. Cost: 28 passes for each row. A ball of
 * L-inf is a box, and callers treat it as one. */
#include "base/base.h"
#include "question/question.h"

#include <stdlib.h>

typedef struct {
    double value, used, mag;
} dual;

static double phi(nm_norm norm, double t)
{
    return norm == NM_L1 ? fabs(t) : norm == NM_L2 ? 0.5 * t * t : t != 0;
}

static double budget(const nm_ball *b)
{
    return b->norm == NM_L2 ? 0.5 * b->radius * b->radius : b->radius;
}

static double best_step(nm_norm norm, double y, double lambda, double l, double h)
{
    double t = y > 0 ? l : h;
    if (norm == NM_L2) {
        if (lambda > 0) t = -y / lambda;
        return t < l ? l : t > h ? h : t;
    }
    const double far = y > 0 ? h : l; /* the end nearer to the centre, for a box without the centre */
    if (l <= 0 && h >= 0) return y * t + lambda * phi(norm, t) < 0 ? t : 0;
    return y * far + lambda * phi(norm, far) < y * t + lambda * phi(norm, t) ? far : t;
}

static dual at(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi,
               double lambda, double *x)
{
    dual d = {0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        const double c = b->centre[i], l = lo[i] - c, h = hi[i] - c;
        const double t = best_step(b->norm, y[i], lambda, l, h), cost = phi(b->norm, t);
        d.value += y[i] * t + lambda * cost;
        d.used += cost;
        d.mag += fabs(y[i]) * fmax(fabs(l), fabs(h));
        if (x) x[i] = t == l ? lo[i] : t == h ? hi[i] : c + t;
    }
    d.mag += lambda * (d.used + budget(b));
    d.value -= lambda * budget(b);
    return d;
}

/* Does so for L0 over pixels: all elements of a pixel may move, or none. */
static dual at_pixels(const nm_ball *b, const double *y, const double *lo, const double *hi,
                      double lambda, double *x)
{
    const nm_pixelset *p = b->pixels;
    dual d = {0, 0, 0};
    for (size_t k = 0; k < p->n; k++) {
        double gain = lambda;
        bool must = false;
        for (size_t m = p->ptr[k]; m < p->ptr[k + 1]; m++) {
            const size_t i = p->idx[m];
            const double l = lo[i] - b->centre[i], h = hi[i] - b->centre[i];
            gain += y[i] > 0 ? y[i] * l : y[i] < 0 ? y[i] * h : 0;
            must |= l > 0 || h < 0;
            d.mag += fabs(y[i]) * fmax(fabs(l), fabs(h));
        }
        const bool moves = must || gain < 0;
        if (moves) d.value += gain, d.used++;
        if (x)
            for (size_t m = p->ptr[k]; m < p->ptr[k + 1]; m++) {
                const size_t i = p->idx[m];
                x[i] = !moves ? b->centre[i] : y[i] > 0 ? lo[i] : hi[i];
            }
    }
    d.mag += lambda * (d.used + budget(b));
    d.value -= lambda * budget(b);
    return d;
}

static dual at_lambda(const nm_ball *b, size_t n, const double *y, const double *lo,
                      const double *hi, double lambda, double *x)
{
    return b->pixels ? at_pixels(b, y, lo, hi, lambda, x) : at(b, n, y, lo, hi, lambda, x);
}

/* Returns the most that moving one whole pixel can gain. */
static double most_of_pixels(const nm_ball *b, const double *y, const double *lo, const double *hi)
{
    double top = 0;
    for (size_t k = 0; k < b->pixels->n; k++) {
        double sum = 0;
        for (size_t m = b->pixels->ptr[k]; m < b->pixels->ptr[k + 1]; m++) {
            const size_t i = b->pixels->idx[m];
            sum += fabs(y[i]) * fmax(fabs(lo[i] - b->centre[i]), fabs(hi[i] - b->centre[i]));
        }
        top = fmax(top, sum);
    }
    return top;
}

double nm_ball_lower(const nm_ball *b, size_t n, const double *y, const double *lo,
                     const double *hi, double *x)
{
    enum { STEPS = 28 };
    double base = 0, mag = 0, top = 0, square = 0, low = 0, lambda = 0;
    bool away = false;
    for (size_t i = 0; i < n; i++) {
        const double c = b->centre[i], room = fmax(fabs(lo[i] - c), fabs(hi[i] - c));
        base += y[i] * c;
        mag += fabs(y[i] * c);
        top = fmax(top, b->norm == NM_L0 ? fabs(y[i]) * room : fabs(y[i]));
        square += y[i] * y[i];
        away |= c < lo[i] || c > hi[i];
    }
    if (b->pixels) top = most_of_pixels(b, y, lo, hi);
    double high = b->norm == NM_L2 ? sqrt(square) / fmax(b->radius, 1e-300) : top;
    dual best = at_lambda(b, n, y, lo, hi, 0, NULL);
    /* inputs that must leave the centre use the ball up, whatever lambda is: the others have to stay nearer to it */
    away &= b->norm == NM_L2 && high > 0;
    for (int s = 0; s < 30 && away && at_lambda(b, n, y, lo, hi, high, NULL).used > budget(b); s++) high *= 2;
    for (int s = 0; s < STEPS && (s > 0 || best.used > budget(b)) && high > low && isfinite(high);
         s++) {
        const double mid = s == 0 ? high : 0.5 * low + 0.5 * high;
        const dual d = at_lambda(b, n, y, lo, hi, mid, NULL);
        if (d.value > best.value) best = d, lambda = mid;
        if (s > 0) *(d.used > budget(b) ? &low : &high) = mid;
    }
    if (x) at_lambda(b, n, y, lo, hi, lambda, x);
    const double fee = (double)(2 * n + 64) * NM_ULP * (best.mag + mag) * 2 +
                       (double)(2 * n + 8) * NM_TINY;
    return nm_down(base + best.value - fee);
}

bool nm_ball_has(const nm_ball *b, size_t n, const double *x)
{
    double moved = 0;
    if (b->pixels)
        for (size_t k = 0; k < b->pixels->n; k++) {
            bool differs = false;
            for (size_t m = b->pixels->ptr[k]; m < b->pixels->ptr[k + 1]; m++)
                differs |= x[b->pixels->idx[m]] != b->centre[b->pixels->idx[m]];
            moved += differs;
        }
    if (b->pixels) return moved <= b->radius;
    return nm_norm_of(b->norm, n, x, b->centre) <= b->radius;
}

typedef struct {
    double size;
    size_t i;
} entry;

static int by_size(const void *a, const void *b)
{
    const entry *p = a, *q = b;
    if (p->size != q->size) return p->size > q->size ? -1 : 1;
    return p->i < q->i ? -1 : p->i > q->i;
}

static void keep_largest(nm_job *job, const nm_ball *b, size_t n, double *x)
{
    const nm_mark mark = nm_mark_get(job);
    const nm_pixelset *p = b->pixels;
    const size_t count = p ? p->n : n;
    entry *e = NM_RAW(job, entry, count + 1);
    for (size_t k = 0; k < count; k++) e[k] = (entry){p ? 0 : fabs(x[k] - b->centre[k]), k};
    if (p)
        for (size_t k = 0; k < count; k++)
            for (size_t m = p->ptr[k]; m < p->ptr[k + 1]; m++)
                e[k].size += fabs(x[p->idx[m]] - b->centre[p->idx[m]]);
    qsort(e, count, sizeof *e, by_size);
    for (size_t k = 0; k < count; k++) {
        if ((double)k < b->radius) continue;
        if (!p) x[e[k].i] = b->centre[e[k].i];
        for (size_t m = p ? p->ptr[e[k].i] : 0; p && m < p->ptr[e[k].i + 1]; m++)
            x[p->idx[m]] = b->centre[p->idx[m]];
    }
    nm_mark_release(job, mark);
}

/* Returns the threshold by which all steps shrink to fit an L1 ball (Duchi et al. 2008). */
static double threshold(const nm_ball *b, size_t n, const double *x)
{
    double lo = 0, hi = 0;
    for (size_t i = 0; i < n; i++) hi = fmax(hi, fabs(x[i] - b->centre[i]));
    for (int s = 0; s < 60; s++) {
        const double mid = 0.5 * lo + 0.5 * hi;
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += fmax(fabs(x[i] - b->centre[i]) - mid, 0);
        *(sum > b->radius ? &lo : &hi) = mid;
    }
    return hi;
}

void nm_ball_project(nm_job *job, const nm_ball *b, size_t n, double *x)
{
    if (nm_ball_has(b, n, x)) return;
    if (b->norm == NM_L0) {
        keep_largest(job, b, n, x);
        return;
    }
    const double t = b->norm == NM_L1 ? threshold(b, n, x) : 0;
    double s = b->norm == NM_L2 ? b->radius / nm_norm_of(NM_L2, n, x, b->centre) : 1;
    for (size_t i = 0; i < n; i++) {
        const double d = x[i] - b->centre[i];
        x[i] = b->centre[i] + s * copysign(fmax(fabs(d) - t, 0), d);
    }
    s = 1 - 0x1p-50;
    for (int k = 0; k < 40 && !nm_ball_has(b, n, x);
         k++, s = 1 - 2 * (1 - s)) /* rounding may leave x outside */
        for (size_t i = 0; i < n; i++) x[i] = b->centre[i] + s * (x[i] - b->centre[i]);
}

bool nm_balls_have_l2(const nm_case *c)
{
    for (size_t i = 0; i < c->n_balls; i++)
        if (c->balls[i].norm == NM_L2) return true;
    return false;
}

bool nm_balls_missed(const nm_case *c, size_t n, const double *x)
{
    for (size_t i = 0; i < c->n_balls; i++)
        if (c->balls[i].norm == NM_L2 &&
            nm_norm_of(NM_L2, n, x, c->balls[i].centre) > c->balls[i].radius * (1 + 1e-7))
            return true;
    return false;
}
