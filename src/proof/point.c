/* point.c: lines of ReLUs that a point of the region's box decides: the step `point`.
 *
 * y = relu(a), a = w x + b over inputs. For any theta in [0,1] for each input, y <= sum theta_j w_j x_j + max(on, off),
 *     on  = b + max over the box of sum (1 - theta_j) w_j x_j        where y = a
 *     off = max over the box of sum -theta_j w_j x_j                 where y = 0
 * and for any alpha in [0,1], y >= alpha a. So theta and alpha are hints, computed in plain doubles from the point:
 * with d_j = |w_j| times the width of input j, s_j the place of the point in its interval, counted from the end where
 * w_j x_j is least, theta_j is (t - s_j) / smooth clipped to [0,1], where t makes the sum of theta_j d_j the largest
 * a of the box; alpha is a / (smooth min(max a, - min a)) + 1/2, clipped. Only the constant max(on, off) must be
 * right: it is computed for the coefficients theta_j w_j as they were rounded, and raised by (n + 8) u times all
 * sizes. */
#include "base/base.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { TRIES = 40, L = NM_CHECK_LANES };
static const double GRID = 0x1p30; /* theta and alpha are multiples of 1/GRID, which keeps exact numbers short */

static double on_grid(double z)
{
    const double big = 1.5 * 0x1p52 / GRID; /* adding it rounds to a multiple of 1/GRID */
    return ((z > 0 ? z < 1 ? z : 1 : 0) + big) - big;
}

/* Returns the sum of d clipped ramps, and that of d where the ramp is open; d and s [n]. */
NM_WIDE static double ramps(size_t n, const double *restrict d, const double *restrict s, double t, double f,
                            double *open)
{
    double sum[L] = {0}, wide[L] = {0};
    for (size_t j = 0; j < n; j += L)
        for (size_t l = 0; l < L && j + l < n; l++) {
            const double z = (t - s[j + l]) * f, low = z > 0 ? z : 0;
            sum[l] += d[j + l] * (low < 1 ? low : 1);
            wide[l] += z > 0 && z < 1 ? d[j + l] : 0;
        }
    for (size_t l = 1; l < L; l++) {
        sum[0] += sum[l];
        wide[0] += wide[l];
    }
    *open = wide[0];
    return sum[0];
}

/* Gathers d and s, and returns the sum of d; *most: the largest a; *value: a at the point. */
static double gather(const nm_plain_block *k, size_t i, const nm_region *r, double *d, double *s, double *most,
                     double *value)
{
    const size_t at = k->ptr[i], n = k->ptr[i + 1] - at;
    double reach = 0;
    *most = *value = k->bias[i];
    for (size_t j = 0; j < n; j++) {
        const size_t x = k->idx[at + j];
        const double w = nm_plain_weights(k, i)[j], width = r->hi[x] - r->lo[x];
        d[j] = fabs(w) * width;
        s[j] = w > 0 ? r->point[x] : 1 - r->point[x];
        *most += w * (w > 0 ? r->hi[x] : r->lo[x]);
        *value += w * (r->lo[x] + r->point[x] * width);
        reach += d[j];
    }
    return reach;
}

double nm_point_slope(const nm_plain_block *k, size_t i, const nm_region *r)
{
    double most, value;
    const double reach = gather(k, i, r, r->ends, r->ends + (k->ptr[i + 1] - k->ptr[i]), &most, &value);
    const double bend = r->smooth * (most < reach - most ? most : reach - most);
    return on_grid(value / bend + 0.5);
}

NM_WIDE static void thetas(size_t n, const double *restrict s, double t, double f, double *restrict theta)
{
    for (size_t j = 0; j < n; j++) theta[j] = on_grid((t - s[j]) * f);
}

void nm_point_thetas(const nm_plain_block *k, size_t i, const nm_region *r, double *theta, double *ramp)
{
    const size_t n = k->ptr[i + 1] - k->ptr[i];
    double *d = r->ends, *s = r->ends + n, most, value, open, below = 0, above = 1 + r->smooth, t = *ramp;
    const double reach = gather(k, i, r, d, s, &most, &value), f = 1 / r->smooth;
    for (int tries = 0; tries < TRIES; tries++) { /* Newton's method between two places around the solution */
        const double miss = most - ramps(n, d, s, t, f, &open);
        if (fabs(miss) <= 1e-9 * reach) break;
        if (miss > 0)
            below = t;
        else
            above = t;
        const double next = open > 0 ? t + miss * r->smooth / open : -1;
        t = next > below && next < above ? next : 0.5 * (below + above);
    }
    thetas(n, s, t, f, theta);
    *ramp = t;
}

double nm_point_top(const nm_plain_block *k, size_t i, const nm_region *r, const double *c)
{
    const size_t at = k->ptr[i], n = k->ptr[i + 1] - at;
    double on = k->bias[i], off = 0;
    for (size_t j = 0; j < n; j++) {
        const double lo = r->lo[k->idx[at + j]], hi = r->hi[k->idx[at + j]], rest = nm_plain_weights(k, i)[j] - c[j];
        on += nm_larger(rest * lo, rest * hi);
        off += nm_larger(-c[j] * lo, -c[j] * hi);
    }
    const double fee = (double)(n + 8) * (2 * NM_CHECK_U * r->mag[k->first + i] + 1e-300) * NM_CHECK_MORE;
    return nm_up(nm_larger(on, off) + fee);
}
