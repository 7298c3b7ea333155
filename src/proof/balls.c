/* balls.c: the least values of rows over a box and a ball, for the checker.
 *
 *   L1, L2   z.(x - c) <= r N(z) in the ball for any z, where N(z) is max |z_i| for L1 and the Euclidean norm for L2,
 *            so y.x is at least the least value of (y + z).x over the box, less z.c, less r N(z)
 *   L0       a group of elements (or each alone) stays at c, or gains at most g = sum max(-y_i l_i, -y_i h_i), where l
 *            and h are the box's ends less c; at most k groups move. For any lambda >= 0, y.x is at least y.c, less
 *            max(g - lambda, 0) for each group, less lambda k; a group with c outside of the box must move: g - lambda
 * z and lambda are hints, so that they may be rounded: those of the Lagrange dual, which is as good as the best (the
 * multiplier at which the minimiser just uses up the ball, found by bisection). exact.c takes the same hints.
 *
 * Rounding: each of at most 4 n products, and what is added to it, is off by u of the terms' sizes for each addition.
 * Cost: some 50 passes for each row and ball. */
#include "base/base.h"
#include "question/question.h"
#include "proof/proof.h"
#include "proof/checker.h"
#include "proof/dyadic.h"

enum { STEPS = 48 };

static double clipped(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* Returns the step t in [l,h] at which y t + lambda |t| is least. */
static double step_l1(double y, double l, double h, double lambda)
{
    return y > lambda ? l : y < -lambda ? h : clipped(0, l, h);
}

/* Returns sum |t| or sum t^2 of the minimiser's steps t with this multiplier. */
static double used(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, double lambda)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double l = lo[i] - b->centre[i], h = hi[i] - b->centre[i];
        if (b->norm == NM_L1) {
            sum += fabs(step_l1(y[i], l, h, lambda));
        } else {
            const double t = lambda > 0 ? clipped(-y[i] / lambda, l, h) : y[i] > 0 ? l : y[i] < 0 ? h : 0;
            sum += t * t;
        }
    }
    return sum;
}

bool nm_plain_ball_hint(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, double *z)
{
    const double most = b->norm == NM_L1 ? b->radius : b->radius * b->radius;
    double top = 0, square = 0, low = 0;
    for (size_t i = 0; i < n && b->radius == 0; i++) z[i] = -y[i];
    if (b->radius == 0) return true;
    for (size_t i = 0; i < n; i++) {
        top = nm_larger(top, fabs(y[i]));
        square += y[i] * y[i];
    }
    double high = b->norm == NM_L1 ? top : sqrt(square) / b->radius;
    if (!(high > 0 && isfinite(high)) || !(used(b, n, y, lo, hi, 0) > most)) return false;
    for (int s = 0; s < STEPS; s++) {
        const double mid = 0.5 * low + 0.5 * high;
        *(used(b, n, y, lo, hi, mid) > most ? &low : &high) = mid;
    }
    for (size_t i = 0; i < n; i++) {
        const double l = lo[i] - b->centre[i], h = hi[i] - b->centre[i];
        const double t = b->norm == NM_L1 ? step_l1(y[i], l, h, high) : 0;
        if (b->norm == NM_L1)
            z[i] = t > 0 ? high : t < 0 ? -high : clipped(-y[i], -high, high);
        else
            z[i] = clipped(-y[i], high * l, high * h);
    }
    return true;
}

double nm_plain_ball_norm(const nm_ball *b, size_t n, const double *z)
{
    double top = 0, sum = 0;
    for (size_t i = 0; i < n; i++) top = nm_larger(top, fabs(z[i]));
    if (b->norm == NM_L1 || top == 0) return top;
    if (top < 1e-280) return INFINITY; /* its parts may be too small for divisions */
    for (size_t i = 0; i < n; i++) sum += (z[i] / top) * (z[i] / top);
    return top * sqrt(sum) * (1 + (double)(n + 16) * 2 * NM_CHECK_U);
}

static double by_norm(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, const double *z)
{
    const double part = b->radius > 0 ? b->radius * nm_plain_ball_norm(b, n, z) : 0;
    double sum = 0, mag = fabs(part);
    for (size_t i = 0; i < n; i++) {
        const double s = y[i] + z[i], zc = z[i] * b->centre[i];
        sum += s * (s > 0 ? lo[i] : hi[i]) - zc;
        mag += (fabs(y[i]) + fabs(z[i])) * nm_larger(fabs(lo[i]), fabs(hi[i])) + fabs(zc);
    }
    return sum - part - ((double)(2 * n + 16) * (NM_CHECK_U * mag + 1e-300)) * NM_CHECK_MORE;
}

/* ---- L0 ---- */

size_t nm_plain_ball_groups(const nm_ball *b, size_t n)
{
    return b->pixels ? b->pixels->n : n;
}

nm_plain_group nm_plain_ball_group(const nm_ball *b, size_t g)
{
    if (!b->pixels) return (nm_plain_group){.n = 1, .first = g};
    return (nm_plain_group){.n = b->pixels->ptr[g + 1] - b->pixels->ptr[g], .idx = b->pixels->idx + b->pixels->ptr[g]};
}

bool nm_plain_ball_moves(const nm_ball *b, const nm_plain_group *g, const double *lo, const double *hi)
{
    bool must = false;
    for (size_t k = 0; k < g->n; k++) {
        const size_t i = nm_plain_member(g, k);
        must |= lo[i] > b->centre[i] || hi[i] < b->centre[i];
    }
    return must;
}

/* Returns a group's gain; *mag: the sum of the sizes that went into it. */
static double gain(const nm_ball *b, const nm_plain_group *g, const double *y, const double *lo, const double *hi,
                   double *mag)
{
    double sum = 0;
    for (size_t k = 0; k < g->n; k++) {
        const size_t i = nm_plain_member(g, k);
        const double c = b->centre[i];
        sum += y[i] * (c - (y[i] > 0 ? lo[i] : hi[i]));
        *mag += fabs(y[i]) * (nm_larger(fabs(lo[i]), fabs(hi[i])) + fabs(c));
    }
    return sum;
}

/* Returns whether the box is surely farther from the centre than the radius of L1 or L2: a term is off by at most 3 u
 * of itself, their sum by n u more, and 1e-300 pays for underflow. --exact takes this, too. */
static bool is_far(const nm_ball *b, size_t n, const double *lo, const double *hi)
{
    const bool one = b->norm == NM_L1;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double c = b->centre[i], d = lo[i] > c ? lo[i] - c : hi[i] < c ? c - hi[i] : 0;
        sum += one ? d : d * d;
    }
    const double most = (one ? b->radius : b->radius * b->radius) * (1 + 4 * NM_CHECK_U);
    return sum * (1 - (double)(n + 8) * 4 * NM_CHECK_U) - (double)(n + 8) * 1e-300 > most;
}

bool nm_plain_ball_missed(const nm_ball *b, size_t n, const double *lo, const double *hi)
{
    size_t moved = 0;
    if (b->norm != NM_L0) return is_far(b, n, lo, hi);
    for (size_t g = 0; g < nm_plain_ball_groups(b, n); g++) {
        const nm_plain_group of = nm_plain_ball_group(b, g);
        moved += nm_plain_ball_moves(b, &of, lo, hi);
    }
    return (double)moved > b->radius;
}

double nm_plain_ball_lambda(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi)
{
    double low = 0, high = 0, mag = 0;
    const size_t groups = nm_plain_ball_groups(b, n);
    for (size_t g = 0; g < groups; g++) {
        const nm_plain_group of = nm_plain_ball_group(b, g);
        high = nm_larger(high, gain(b, &of, y, lo, hi, &mag));
    }
    for (int s = 0; s < STEPS; s++) {
        const double mid = 0.5 * low + 0.5 * high;
        double count = 0;
        for (size_t g = 0; g < groups; g++) {
            const nm_plain_group of = nm_plain_ball_group(b, g);
            count += gain(b, &of, y, lo, hi, &mag) > mid || nm_plain_ball_moves(b, &of, lo, hi);
        }
        *(count > b->radius ? &low : &high) = mid;
    }
    return high;
}

static double by_count(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi)
{
    const double lambda = nm_plain_ball_lambda(b, n, y, lo, hi), part = lambda * b->radius;
    double sum = 0, mag = part;
    for (size_t g = 0; g < nm_plain_ball_groups(b, n); g++) {
        const nm_plain_group of = nm_plain_ball_group(b, g);
        const double over = gain(b, &of, y, lo, hi, &mag) - lambda;
        if (over > 0 || nm_plain_ball_moves(b, &of, lo, hi)) sum -= over;
        mag += lambda;
    }
    for (size_t i = 0; i < n; i++) sum += y[i] * b->centre[i];
    return sum - part - ((double)(4 * n + 16) * (NM_CHECK_U * mag + 1e-300)) * NM_CHECK_MORE;
}

double nm_plain_ball_least(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, double *z)
{
    if (b->norm == NM_L0) return by_count(b, n, y, lo, hi);
    return nm_plain_ball_hint(b, n, y, lo, hi, z) ? by_norm(b, n, y, lo, hi, z) : -INFINITY;
}
