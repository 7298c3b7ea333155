/* dot.c: the evaluation of sums with a bound on their rounding.
 *
 * The rounding of a replay (Ogita, Rump, Oishi 2005): in float64, the exact error of every product and sum is computed
 * (by fma and Knuth's two-sum); the magnitudes of these errors are added up, rounded upwards by one part in 2^38. So an
 * evaluation that is exact, as on small networks with round weights, has error 0, and ties are recognised as ties. In
 * float32 each operation is done in double and rounded once, which equals float arithmetic because of p = 53 >= 2*24+2
 * (Figueroa 1995). */
#include "base/base.h"
#include "network/network.h"
#include "network/operator.h"

/* Returns how much the step s + a b adds to |s exact - s computed|: its exact errors, or more if a b may underflow. */
static double step_error(double a, double b, double s, double *next)
{
    const double p = a * b, ep = fma(a, b, -p);
    const double t = s + p, bb = t - s, es = (s - (t - bb)) + (p - bb);
    *next = t;
    const double flat = a != 0 && b != 0 && fabs(p) < 1e-270 ? 1e-300 : 0;
    return fabs(ep) + fabs(es) + flat;
}

double nm_eval_larger(double a, double b) { return a > b || isnan(a) ? a : b; }

double nm_eval_carry(double a, double e)
{
    const double p = fabs(a) * e;
    return p < 1e-270 && a != 0 && e != 0 ? p + 1e-300 : p;
}

double nm_eval_err(const nm_eval *e, int value, size_t i) { return e->err[value] ? e->err[value][i] : 0; }

double nm_eval_dot(const nm_eval *e, size_t n, const double *a, size_t sa, const double *b,
                   const double *berr, double start, double *err)
{
    double s = start;
    if (e->f32) {
        for (size_t i = 0; i < n; i++) s = (double)(float)(s + (double)(float)(a[i * sa] * b[i]));
        return s;
    }
    if (!err) { /* four partial sums, so that the processor overlaps additions */
        double t[4] = {0, 0, 0, 0};
        size_t i = 0;
        for (; i + 4 <= n; i += 4)
            for (size_t k = 0; k < 4; k++) t[k] += a[(i + k) * sa] * b[i + k];
        for (; i < n; i++) t[0] += a[i * sa] * b[i];
        return s + ((t[0] + t[2]) + (t[1] + t[3]));
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (a[i * sa] == 0 && isfinite(b[i]) && (!berr || isfinite(berr[i]))) continue; /* many, in some files */
        sum += step_error(a[i * sa], b[i], s, &s);
        if (berr) sum += nm_eval_carry(a[i * sa], berr[i]);
    }
    *err += sum * (1 + 0x1p-38); /* covers the rounding of up to 2^13 additions and products */
    if (n >= 4096) *err += sum * (double)n * NM_ULP;
    return s;
}
