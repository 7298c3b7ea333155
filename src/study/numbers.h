/* numbers.h: statistics of a study's numbers, each said in one place. Private to study. */
#ifndef NM_STUDY_NUMBERS_H
#define NM_STUDY_NUMBERS_H

#include "base/base.h"

/* ---- numbers.c ---------------------------------------------------------------------------------- */
int nm_rising(const void *a, const void *b); /* doubles, for qsort */
double nm_median(size_t n, double *x);       /* sorts x; NaN of none */
double nm_shifted_mean(size_t n, const double *x, double shift); /* geometric: exp(mean(log(x + shift))) - shift */

/* ---- interval.c --------------------------------------------------------------------------------- */
double nm_beta_quantile(double p, double a, double b); /* x with I_x(a, b) = p; 0 < p < 1, a and b positive */
typedef struct nm_limits { double lo, hi; } nm_limits;
/* Clopper and Pearson's limits: lo for a part of which at least `sure` of n were seen, hi for one of which at most
 * `possible` were; both hold with probability `confidence` or more. n: 1 or more. */
nm_limits nm_exact_limits(size_t sure, size_t possible, size_t n, double confidence);

#endif
