/* numbers.c: medians and shifted means, for comparisons of solvers and of campaigns alike. */
#include "study/numbers.h"

#include <stdlib.h>

int nm_rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double nm_median(size_t n, double *x)
{
    qsort(x, n, sizeof *x, nm_rising);
    return n ? 0.5 * (x[(n - 1) / 2] + x[n / 2]) : NAN;
}

double nm_shifted_mean(size_t n, const double *x, double shift)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += log(x[i] + shift);
    return exp(sum / (double)n) - shift;
}
