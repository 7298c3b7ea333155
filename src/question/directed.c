/* directed.c: sums, products and quotients of doubles, rounded to a chosen side unless they are exact. The error of a
 * sum is computed exactly (Knuth's two-sum), those of products and quotients by a fused multiply-add, which may
 * underflow: below TINY no result is taken for exact. Sums must not overflow. */
#include "base/base.h"
#include "question/question.h"
#include "question/part.h"

#define TINY 0x1p-960

static double step(double x, int side) { return side > 0 ? nm_up(x) : nm_down(x); }

double nm_sum_to(double a, double b, int side)
{
    const double s = a + b, c = s - a, error = (a - (s - c)) + (b - c);
    return error * side > 0 ? step(s, side) : s;
}

double nm_product_to(double a, double b, int side)
{
    const double p = a * b, error = fma(a, b, -p);
    if (a == 0 || b == 0) return 0;
    return fabs(p) < TINY || error * side > 0 ? step(p, side) : p;
}

double nm_quotient_to(double a, double b, int side)
{
    if (fabs(b) == 1) return a * b;
    const double q = a / b, rest = -fma(q, b, -a), error = b > 0 ? rest : -rest; /* of a/b - q */
    const bool exact = rest == 0 && (fabs(a) > TINY || a == 0);
    return exact || (rest != 0 && error * side < 0) ? q : step(q, side);
}
