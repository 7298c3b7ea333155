/* dyadic.h: numbers m 2^-s of any length, and exact sums of them. Private to proof. */
#ifndef NM_PROOF_DYADIC_H
#define NM_PROOF_DYADIC_H

#include <gmp.h>

typedef struct nm_dyadic {
    mpz_t m;
    int64_t s;
} nm_dyadic;

/* ---- dyadic.c: doubles that are given are finite -------------------------------------------------- */
int64_t nm_dyadic_scale(double x);                /* the least s >= 0 for which x 2^s is an integer */
void nm_dyadic_integer(mpz_t z, double x, int64_t s); /* z = x 2^s, which is one */
void nm_dyadic_add_multiple(mpz_t sum, mpz_srcptr y, double x, int64_t s); /* sum += y times the integer x 2^s */
void nm_dyadic_set(nm_dyadic *x, double v);
void nm_dyadic_add(nm_dyadic *sum, mpz_srcptr m, int64_t s, double x); /* sum += m 2^-s x */
void nm_dyadic_plus(nm_dyadic *sum, double x);    /* sum += x */
double nm_dyadic_down(const nm_dyadic *x);        /* the largest double that is at most x, or the one below it */
double nm_dyadic_up(const nm_dyadic *x);

/* ---- exact_ball.c ---------------------------------------------------------------------------------- */
struct nm_ball;
typedef struct nm_exact_inputs { /* a row over the inputs: c + sum y_i 2^-s x_i */
    size_t n;
    mpz_t *y;
    int64_t s;
    const nm_dyadic *c;
    const double *near; /* the coefficients, rounded */
} nm_exact_inputs;
/* Returns a lower bound of the row over box and ball, or -INFINITY; z [n]: room for a hint. */
double nm_exact_ball(const struct nm_ball *b, const nm_exact_inputs *row, const double *lo, const double *hi,
                     double *z);

#endif
