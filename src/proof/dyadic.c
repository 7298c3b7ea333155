/* dyadic.c: numbers m 2^-s, with an integer m of any length: sums and products of doubles, exactly.
 *
 * They are the rational numbers that a checker of doubles needs: every double is one, so are sums and products, and
 * no greatest common divisor is ever sought. Division is left out. Integers are GMP's, whose memory is not the job's:
 * where there is none left, GMP ends the program. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include "base/base.h"
#include "proof/dyadic.h"

/* x = *m 2^-*s, where m is odd or 0; x must be finite, as all callers see to */
static void split(double x, long *m, int64_t *s)
{
    int e;
    int64_t i = (int64_t)ldexp(frexp(x, &e), 53);
    const int even = i ? __builtin_ctzll((unsigned long long)i) : 0;
    *m = (long)(i / ((int64_t)1 << even));
    *s = i ? 53 - e - even : 0;
}

int64_t nm_dyadic_scale(double x)
{
    long m;
    int64_t s;
    split(x, &m, &s);
    return s > 0 ? s : 0;
}

void nm_dyadic_integer(mpz_t z, double x, int64_t s)
{
    long m;
    int64_t own;
    split(x, &m, &own);
    mpz_set_si(z, m);
    if (m) mpz_mul_2exp(z, z, (mp_bitcnt_t)(s - own));
}

void nm_dyadic_add_multiple(mpz_t sum, mpz_srcptr y, double x, int64_t s)
{
    const double v = ldexp(x, (int)s);
    if (v >= 0 && v < 0x1p63) {
        mpz_addmul_ui(sum, y, (unsigned long)v);
    } else if (v < 0 && v > -0x1p63) {
        mpz_submul_ui(sum, y, (unsigned long)-v);
    } else {
        mpz_t z;
        mpz_init(z);
        nm_dyadic_integer(z, x, s);
        mpz_addmul(sum, y, z);
        mpz_clear(z);
    }
}

void nm_dyadic_set(nm_dyadic *x, double v)
{
    x->s = nm_dyadic_scale(v);
    nm_dyadic_integer(x->m, v, x->s);
}

void nm_dyadic_add(nm_dyadic *sum, mpz_srcptr m, int64_t s, double x)
{
    long k;
    int64_t own;
    mpz_t z;
    split(x, &k, &own);
    mpz_init(z);
    mpz_mul_si(z, m, k);
    s += own;
    if (s > sum->s) {
        mpz_mul_2exp(sum->m, sum->m, (mp_bitcnt_t)(s - sum->s));
        sum->s = s;
    } else {
        mpz_mul_2exp(z, z, (mp_bitcnt_t)(sum->s - s));
    }
    mpz_add(sum->m, sum->m, z);
    mpz_clear(z);
}

void nm_dyadic_plus(nm_dyadic *sum, double x)
{
    mpz_t one;
    mpz_init_set_ui(one, 1);
    nm_dyadic_add(sum, one, 0, x);
    mpz_clear(one);
}

/* Returns the largest double that is at most x, or if `up` the least that is at least x, or next to it. */
static double rounded(const nm_dyadic *x, bool up)
{
    long e;
    const double part = mpz_get_d_2exp(&e, x->m); /* towards 0 */
    const int64_t power = e - x->s;
    double v = ldexp(part, power > 4000 ? 4000 : power < -4000 ? -4000 : (int)power);
    if (isinf(v)) return up == (v > 0) ? v : copysign(DBL_MAX, v);
    nm_dyadic rest = {.s = x->s};
    mpz_init_set(rest.m, x->m);
    nm_dyadic_plus(&rest, -v);
    const int sign = mpz_sgn(rest.m);
    mpz_clear(rest.m);
    if (up) return sign > 0 ? nm_up(v) : v;
    return sign < 0 ? nm_down(v) : v;
}

double nm_dyadic_down(const nm_dyadic *x)
{
    return rounded(x, false);
}

double nm_dyadic_up(const nm_dyadic *x)
{
    return rounded(x, true);
}
