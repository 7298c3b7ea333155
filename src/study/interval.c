/* interval.c: exact confidence limits of a proportion (Clopper and Pearson 1934).
 *
 * Of n independent draws k had a property. The lower limit is the p at which k or more of n have probability
 * (1 - confidence) / 2, the upper one that at which k or fewer do; both are quantiles of beta distributions. Where k is
 * only known to lie between `sure` and `possible`, the lower limit of the first and the upper limit of the second hold
 * all the more. Draws without replacement from a finite set, or from strata in proportion, vary less than independent
 * ones: the limits hold for them as well.
 *
 * The regularised incomplete beta function is its continued fraction (Abramowitz and Stegun 26.5.8), evaluated by
 * Lentz's method; its inverse is a bisection to the last bit, about sixty evaluations. */
#define _GNU_SOURCE
#include "study/numbers.h"

static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* the continued fraction, which converges fast for x < (a + 1) / (a + b + 2) */
static double fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    if (fabs(d) < tiny) d = tiny;
    d = 1 / d;
    double f = d;
    for (int m = 1; m < 100000; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step = 1;
        for (int k = 0; k < 2; k++) {
            const double t = k ? odd : even;
            d = 1 + t * d;
            c = 1 + t / c;
            if (fabs(d) < tiny) d = tiny;
            if (fabs(c) < tiny) c = tiny;
            d = 1 / d;
            step = c * d;
            f *= step;
        }
        if (fabs(step - 1) < 1e-16) break;
    }
    return f;
}

/* I_x(a, b) */
static double beta_part(double x, double a, double b)
{
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) +
                             b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * fraction(x, a, b) / a
                                     : 1 - front * fraction(1 - x, b, a) / b;
}

double nm_beta_quantile(double p, double a, double b)
{
    double lo = 0, hi = 1;
    for (int k = 0; k < 200; k++) {
        const double x = 0.5 * (lo + hi);
        if (x <= lo || x >= hi) break;
        *(beta_part(x, a, b) < p ? &lo : &hi) = x;
    }
    return 0.5 * (lo + hi);
}

nm_limits nm_exact_limits(size_t sure, size_t possible, size_t n, double confidence)
{
    const double tail = 0.5 * (1 - confidence), s = (double)sure, m = (double)possible,
                 all = (double)n;
    return (nm_limits){sure ? nm_beta_quantile(tail, s, all - s + 1) : 0,
                       possible < n ? nm_beta_quantile(1 - tail, m + 1, all - m) : 1};
}
