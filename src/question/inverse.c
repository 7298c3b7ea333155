/* inverse.c: enclosures of the inverses of Sigmoid and Tanh, for thresholds on their outputs.
 *
 *   Tanh       z = atanh t = 1/2 ln((1 + t) / (1 - t)),                      -1 < t < 1
 *   Sigmoid    z = ln(t / (1 - t)), for t near 1/2 as 2 atanh(2 t - 1),       0 < t < 1
 * atanh s = s + s^3/3 + s^5/5 + .. near 0; ln x = k ln 2 + 2 atanh((m - 1) / (m + 1)) with x = m 2^k, m from sqrt(1/2)
 * to sqrt 2, so that the series needs |s| < 0.1716 only, and twelve terms leave an error of 1e-19. Only + - * / are
 * used, so that every machine gives the same bits. Rounding: about 6 ulp in the series, and 3 more before and after it;
 * away from 0 (|z| > 0.34, where ln is used) cancellation loses at most half. WIDE covers four times that. Cost:
 * constant. */
#include "base/base.h"
#include "question/question.h"
#include "question/part.h"

#define WIDE   0x1p-46 /* relative, of an inverse */
#define NEAR_0 0.17    /* |s| up to which the series of atanh is used directly */

/* atanh s / s, |s| < 0.1716 */
static double series(double s)
{
    double sum = 0;
    for (int k = 11; k >= 0; k--) sum = sum * s * s + 1.0 / (2 * k + 1);
    return sum;
}

static double ln(double x)
{
    int k;
    double m = frexp(x, &k);
    if (m < 0.70710678118654752) m *= 2, k--;
    const double s = (m - 1) / (m + 1);
    return k * 0.69314718055994531 + 2 * s * series(s);
}

static double atanh_of(double t)
{
    return fabs(t) <= NEAR_0 ? t * series(t) : ln((1 + t) / (1 - t)) / 2;
}

static double logit_of(double t)
{
    const double s = 2 * t - 1;
    return fabs(s) <= NEAR_0 ? 2 * s * series(s) : ln(t / (1 - t));
}

static nm_ends around(double lo, double hi)
{
    return (nm_ends){nm_down(lo - fabs(lo) * WIDE), nm_up(hi + fabs(hi) * WIDE)};
}

nm_ends nm_inverse_tanh(nm_ends t)
{
    if (t.lo == 0 && t.hi == 0) return t;
    return around(atanh_of(t.lo), atanh_of(t.hi));
}

nm_ends nm_inverse_sigmoid(nm_ends t)
{
    if (t.lo == 0.5 && t.hi == 0.5) return (nm_ends){0, 0};
    return around(logit_of(t.lo), logit_of(t.hi));
}
