/* kernel.c: the vectorised inner loops.
 *
 * Every loop fixes its order of summation in terms of 8-wide vectors and fused multiply-adds, on every machine. The
 * file is compiled once for each instruction set (NM_KERNEL names the build), and all builds give the same bytes;
 * without FMA in hardware the C library's fma does the same rounding, slowly. Errors: with u = 2^-53, a sum of n fused
 * terms differs from the exact sum by at most n u/(1-n u) times the sum of the terms' magnitudes (Higham 2002, eq. 3.5;
 * a fused step rounds once), in any order; callers must add that.
 *
 * outer  takes most of the time: an 8 x NM_LANES block of accumulators, to which each term adds a column of 8 scalars
 *        times one row of lanes. Dense and convolution operators, in both directions, are lists of such terms.
 * Left out: matrix libraries. Their order of summation depends on the processor, which our output must not. */
#include "program/program.h"
#include "program/kernel.h"

#if defined(NM_KERNEL_avx512)
#include <immintrin.h>
typedef __m512d v8;
static inline v8 load(const double *p) { return _mm512_loadu_pd(p); }
static inline void store(double *p, v8 a) { _mm512_storeu_pd(p, a); }
static inline v8 all(double x) { return _mm512_set1_pd(x); }
static inline v8 fma8(v8 a, v8 b, v8 c) { return _mm512_fmadd_pd(a, b, c); }
static inline v8 add8(v8 a, v8 b) { return _mm512_add_pd(a, b); }
static inline v8 mul8(v8 a, v8 b) { return _mm512_mul_pd(a, b); }
static inline v8 min8(v8 a, v8 b) { return _mm512_min_pd(a, b); }
static inline v8 max8(v8 a, v8 b) { return _mm512_max_pd(a, b); }
static inline v8 abs8(v8 a) { return _mm512_abs_pd(a); }
static inline v8 sub8(v8 a, v8 b) { return _mm512_sub_pd(a, b); }
static inline v8 div8(v8 a, v8 b) { return _mm512_div_pd(a, b); }
static inline v8 root8(v8 a) { return _mm512_sqrt_pd(a); }
static inline v8 pick8(v8 c, v8 l, v8 u) /* c > 0 ? l : u */
{
    return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(c, _mm512_setzero_pd(), _CMP_GT_OQ), u, l);
}
#define NAME  nm_kernels_avx512
#define TITLE "avx512"
enum { BLOCK = 8 };
#elif defined(NM_KERNEL_avx2)
#include <immintrin.h>
typedef struct {
    __m256d a, b;
} v8;
#define TWO(f)                                                                                     \
    return (v8) { f(x.a, y.a), f(x.b, y.b) }
static inline v8 load(const double *p) { return (v8){_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
static inline void store(double *p, v8 x)
{
    _mm256_storeu_pd(p, x.a);
    _mm256_storeu_pd(p + 4, x.b);
}
static inline v8 all(double x) { return (v8){_mm256_set1_pd(x), _mm256_set1_pd(x)}; }
static inline v8 fma8(v8 x, v8 y, v8 z)
{
    return (v8){_mm256_fmadd_pd(x.a, y.a, z.a), _mm256_fmadd_pd(x.b, y.b, z.b)};
}
static inline v8 add8(v8 x, v8 y) { TWO(_mm256_add_pd); }
static inline v8 mul8(v8 x, v8 y) { TWO(_mm256_mul_pd); }
static inline v8 min8(v8 x, v8 y) { TWO(_mm256_min_pd); }
static inline v8 max8(v8 x, v8 y) { TWO(_mm256_max_pd); }
static inline v8 sub8(v8 x, v8 y) { TWO(_mm256_sub_pd); }
static inline v8 div8(v8 x, v8 y) { TWO(_mm256_div_pd); }
static inline v8 root8(v8 x) { return (v8){_mm256_sqrt_pd(x.a), _mm256_sqrt_pd(x.b)}; }
static inline v8 abs8(v8 y)
{
    const v8 x = all(-0.0);
    TWO(_mm256_andnot_pd);
}
static inline __m256d pick4(__m256d c, __m256d l, __m256d u)
{
    return _mm256_blendv_pd(u, l, _mm256_cmp_pd(c, _mm256_setzero_pd(), _CMP_GT_OQ));
}
static inline v8 pick8(v8 c, v8 l, v8 u)
{
    return (v8){pick4(c.a, l.a, u.a), pick4(c.b, l.b, u.b)};
}
#define NAME  nm_kernels_avx2
#define TITLE "avx2"
enum { BLOCK = 2 };
#elif defined(NM_KERNEL_neon)
#include <arm_neon.h>
typedef struct {
    float64x2_t x[4];
} v8;
#define FOUR(e)                                                                                    \
    v8 o;                                                                                          \
    for (int i = 0; i < 4; i++) o.x[i] = (e);                                                      \
    return o
static inline v8 load(const double *p) { FOUR(vld1q_f64(p + 2 * i)); }
static inline void store(double *p, v8 a)
{
    for (int i = 0; i < 4; i++) vst1q_f64(p + 2 * i, a.x[i]);
}
static inline v8 all(double x) { FOUR(vdupq_n_f64(x)); }
static inline v8 fma8(v8 a, v8 b, v8 c) { FOUR(vfmaq_f64(c.x[i], a.x[i], b.x[i])); }
static inline v8 add8(v8 a, v8 b) { FOUR(vaddq_f64(a.x[i], b.x[i])); }
static inline v8 mul8(v8 a, v8 b) { FOUR(vmulq_f64(a.x[i], b.x[i])); }
/* vminq_f64 gives NaN and orders the zeros where x86 gives the second operand */
static inline v8 min8(v8 a, v8 b) { FOUR(vbslq_f64(vcltq_f64(a.x[i], b.x[i]), a.x[i], b.x[i])); }
static inline v8 max8(v8 a, v8 b) { FOUR(vbslq_f64(vcgtq_f64(a.x[i], b.x[i]), a.x[i], b.x[i])); }
static inline v8 abs8(v8 a) { FOUR(vabsq_f64(a.x[i])); }
static inline v8 sub8(v8 a, v8 b) { FOUR(vsubq_f64(a.x[i], b.x[i])); }
static inline v8 div8(v8 a, v8 b) { FOUR(vdivq_f64(a.x[i], b.x[i])); }
static inline v8 root8(v8 a) { FOUR(vsqrtq_f64(a.x[i])); }
static inline v8 pick8(v8 c, v8 l, v8 u) { FOUR(vbslq_f64(vcgtzq_f64(c.x[i]), l.x[i], u.x[i])); }
#define NAME  nm_kernels_neon
#define TITLE "neon"
enum { BLOCK = 2 };
#else
typedef struct {
    double x[8];
} v8;
#define EACH(e)                                                                                    \
    v8 o;                                                                                          \
    for (int i = 0; i < 8; i++) o.x[i] = (e);                                                      \
    return o
static inline v8 load(const double *p) { EACH(p[i]); }
static inline void store(double *p, v8 a)
{
    for (int i = 0; i < 8; i++) p[i] = a.x[i];
}
static inline v8 all(double x) { EACH(x); }
static inline v8 fma8(v8 a, v8 b, v8 c) { EACH(fma(a.x[i], b.x[i], c.x[i])); }
static inline v8 add8(v8 a, v8 b) { EACH(a.x[i] + b.x[i]); }
static inline v8 mul8(v8 a, v8 b) { EACH(a.x[i] * b.x[i]); }
static inline v8 min8(v8 a, v8 b)
{
    EACH(a.x[i] < b.x[i] ? a.x[i] : b.x[i]);
} /* the same result as the vector minimum, also for NaN and -0 */
static inline v8 max8(v8 a, v8 b) { EACH(a.x[i] > b.x[i] ? a.x[i] : b.x[i]); }
static inline v8 abs8(v8 a) { EACH(fabs(a.x[i])); }
static inline v8 sub8(v8 a, v8 b) { EACH(a.x[i] - b.x[i]); }
static inline v8 div8(v8 a, v8 b) { EACH(a.x[i] / b.x[i]); }
static inline v8 root8(v8 a) { EACH(sqrt(a.x[i])); }
static inline v8 pick8(v8 a, v8 l, v8 u) { EACH(a.x[i] > 0 ? l.x[i] : u.x[i]); }
#define NAME  nm_kernels_generic
#define TITLE "generic"
enum { BLOCK = 2 };
#endif

_Static_assert(NM_LANES == 16, "two vectors of eight lanes");

enum { AHEAD = 12 }; /* terms: weights of a column lie far apart in memory, and take some 100 cycles to arrive */

/* Works on BLOCK rows of accumulators at a time: as many as fit into the registers. */
static void outer(size_t n, const double *a, size_t step, const uint32_t *aoff, const double *y,
                  const uint32_t *yoff, double *acc, bool add)
{
    for (size_t i0 = 0; i0 < 8; i0 += BLOCK) {
        v8 s[BLOCK], t[BLOCK];
        for (size_t i = 0; i < BLOCK; i++) {
            s[i] = add ? load(acc + (i0 + i) * NM_LANES) : all(0);
            t[i] = add ? load(acc + (i0 + i) * NM_LANES + 8) : all(0);
        }
        for (size_t k = 0; k < n; k++) {
            const double *w = a + aoff[k] + i0 * step;
            __builtin_prefetch(a + aoff[k + AHEAD < n ? k + AHEAD : k]);
            const v8 y0 = load(y + yoff[k]), y1 = load(y + yoff[k] + 8);
            for (size_t i = 0; i < BLOCK; i++) {
                const v8 b = all(w[i * step]);
                s[i] = fma8(b, y0, s[i]);
                t[i] = fma8(b, y1, t[i]);
            }
        }
        for (size_t i = 0; i < BLOCK; i++) {
            store(acc + (i0 + i) * NM_LANES, s[i]);
            store(acc + (i0 + i) * NM_LANES + 8, t[i]);
        }
    }
}

/* Does so for the first eight lanes only, for runs of few rows. */
static void outer_half(size_t n, const double *a, size_t step, const uint32_t *aoff,
                       const double *y, const uint32_t *yoff, double *acc, bool add)
{
    v8 s[8];
    for (size_t i = 0; i < 8; i++) s[i] = add ? load(acc + i * NM_LANES) : all(0);
    for (size_t k = 0; k < n; k++) {
        const double *w = a + aoff[k];
        __builtin_prefetch(a + aoff[k + AHEAD < n ? k + AHEAD : k]);
        const v8 y0 = load(y + yoff[k]);
        for (size_t i = 0; i < 8; i++) s[i] = fma8(all(w[i * step]), y0, s[i]);
    }
    for (size_t i = 0; i < 8; i++) {
        store(acc + i * NM_LANES, s[i]);
        if (!add) store(acc + i * NM_LANES + 8, all(0));
    }
}

/* x[idx[t]] += w[t] y: a sparse row pulled back */
static void spread(size_t n, const uint32_t *idx, const double *w, const double *y, double *x)
{
    const v8 y0 = load(y), y1 = load(y + 8);
    for (size_t t = 0; t < n; t++) {
        double *to = x + (size_t)idx[t] * NM_LANES;
        const v8 b = all(w[t]);
        store(to, fma8(b, y0, load(to)));
        store(to + 8, fma8(b, y1, load(to + 8)));
    }
}

/* y += sum over t of w[t] x[idx[t]]: a sparse row applied */
static void collect(size_t n, const uint32_t *idx, const double *w, const double *x, double *y)
{
    v8 s0 = load(y), s1 = load(y + 8);
    for (size_t t = 0; t < n; t++) {
        const double *from = x + (size_t)idx[t] * NM_LANES;
        const v8 b = all(w[t]);
        s0 = fma8(b, load(from), s0);
        s1 = fma8(b, load(from + 8), s1);
    }
    store(y, s0);
    store(y + 8, s1);
}

static double total(v8 a)
{
    double x[8];
    store(x, a);
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

static void dot3(size_t n, const double *a, const double *c, const double *r, const double *m,
                 double out[3])
{
    v8 sc = all(0), sr = all(0), sm = all(0);
    for (size_t k = 0; k < n; k += 8) {
        const v8 w = load(a + k), v = abs8(w);
        sc = fma8(w, load(c + k), sc);
        sr = fma8(v, load(r + k), sr);
        sm = fma8(v, load(m + k), sm);
    }
    out[0] = total(sc);
    out[1] = total(sr);
    out[2] = total(sm);
}

static double dot(size_t n, const double *a, const double *b)
{
    v8 s = all(0);
    for (size_t k = 0; k < n; k += 8) s = fma8(load(a + k), load(b + k), s);
    return total(s);
}

/* slo is [n], or with `lanes` [n][NM_LANES] */
static inline void relax_any(size_t n, const uint32_t *unit, const double *y, const double *slo,
                             const double *sup, const double *cut, const double *w, double *x,
                             bool add, double *cst, double *err, bool lanes)
{
    for (size_t h = 0; h < NM_LANES; h += 8) {
        v8 c = load(cst + h), e = load(err + h);
        for (size_t i = 0; i < n; i++) {
            const size_t u = unit[i];
            const v8 v = load(y + u * NM_LANES + h);
            const v8 plus = max8(v, all(0)), minus = min8(v, all(0));
            const v8 slope = lanes ? load(slo + u * NM_LANES + h) : all(slo[u]);
            v8 z = fma8(plus, slope, mul8(minus, all(sup[u])));
            if (add) z = add8(z, load(x + u * NM_LANES + h));
            store(x + u * NM_LANES + h, z);
            c = fma8(minus, all(cut[u]), c);
            e = fma8(abs8(v), all(w[u]), e);
        }
        store(cst + h, c);
        store(err + h, e);
    }
}

static void relax(size_t n, const uint32_t *unit, const double *y, const double *slo,
                  const double *sup, const double *cut, const double *w, double *x, bool add,
                  double *cst, double *err)
{
    relax_any(n, unit, y, slo, sup, cut, w, x, add, cst, err, false);
}

static void relax_lanes(size_t n, const uint32_t *unit, const double *y, const double *slo,
                        const double *sup, const double *cut, const double *w, double *x, bool add,
                        double *cst, double *err)
{
    relax_any(n, unit, y, slo, sup, cut, w, x, add, cst, err, true);
}

/* For each lambda [NM_LANES]: out = minimum of (y + lambda g).x over the box, slope = g.x at a minimiser, mag = sum of
 * (|y| + lambda |g|) |x|. */
static void box_row(size_t n, const double *y, const double *g, const double *lambda,
                    const double *lo, const double *hi, double *out, double *slope, double *mag)
{
    for (size_t h = 0; h < NM_LANES; h += 8) {
        v8 s = all(0), d = all(0), m = all(0);
        const v8 lam = load(lambda + h);
        for (size_t i = 0; i < n; i++) {
            const v8 v = load(y + i * NM_LANES + h), gi = all(g[i]);
            const v8 c = fma8(lam, gi, v), l = all(lo[i]), u = all(hi[i]);
            const v8 x = pick8(c, l, u);
            s = fma8(c, x, s);
            d = fma8(gi, x, d);
            m = fma8(fma8(lam, abs8(gi), abs8(v)), max8(abs8(l), abs8(u)), m);
        }
        store(out + h, s);
        store(slope + h, d);
        store(mag + h, m);
    }
}

static void gather(size_t n, const uint32_t *unit, const double *y, const double *bias,
                   const double *w, double *cst, double *err)
{
    for (size_t h = 0; h < NM_LANES; h += 8) {
        v8 c = load(cst + h), e = load(err + h);
        for (size_t i = 0; i < n; i++) {
            const size_t u = unit[i];
            const v8 v = load(y + u * NM_LANES + h);
            c = fma8(v, all(bias[u]), c);
            e = fma8(abs8(v), all(w[u]), e);
        }
        store(cst + h, c);
        store(err + h, e);
    }
}

static void box(size_t n, const uint32_t *unit, const double *y, const double *lo, const double *hi,
                double *out, double *mag)
{
    for (size_t h = 0; h < NM_LANES; h += 8) {
        v8 s = all(0), m = all(0);
        for (size_t i = 0; i < n; i++) {
            const size_t u = unit[i];
            const v8 v = load(y + u * NM_LANES + h), l = all(lo[u]), g = all(hi[u]);
            s = fma8(max8(v, all(0)), l, s);
            s = fma8(min8(v, all(0)), g, s);
            m = fma8(abs8(v), max8(abs8(l), abs8(g)), m);
        }
        store(out + h, s);
        store(mag + h, m);
    }
}

static void axpy(size_t n, double a, const double *x, double *y)
{
    for (size_t i = 0; i < n; i += 8) store(y + i, fma8(all(a), load(x + i), load(y + i)));
}

static void hull_ends(size_t n, const double *theta, const double *w, const double *lo,
                      const double *hi, double on, double off, double out[6])
{
    v8 s1 = all(0), m1 = all(0), a1 = all(0), s2 = all(0), m2 = all(0), a2 = all(0);
    for (size_t i = 0; i < n; i += 8) {
        const v8 t = load(theta + i), v = load(w + i), l = load(lo + i), u = load(hi + i);
        const v8 c = mul8(sub8(all(on), t), v), d = mul8(sub8(all(off), t), v);
        const v8 x = pick8(c, u, l), y = pick8(d, u, l);
        s1 = fma8(c, x, s1);
        m1 = add8(abs8(mul8(c, x)), m1);
        a1 = fma8(v, x, a1);
        s2 = fma8(d, y, s2);
        m2 = add8(abs8(mul8(d, y)), m2);
        a2 = fma8(v, y, a2);
    }
    out[0] = total(s1);
    out[1] = total(m1);
    out[2] = total(a1);
    out[3] = total(s2);
    out[4] = total(m2);
    out[5] = total(a2);
}

static void hull_add(size_t n, double y, const double *theta, const double *w, double *x)
{
    for (size_t i = 0; i < n; i += 8)
        store(x + i, fma8(mul8(all(y), load(theta + i)), load(w + i), load(x + i)));
}

static void hull_step(size_t n, double y, double c, const double *w, const double *v,
                      const double *lo, const double *hi, const double adam[3], double *theta,
                      double *m1, double *m2)
{
    const v8 rate = all(adam[0]), f = all(adam[1]);
    for (size_t i = 0; i < n; i += 8) {
        const v8 t = load(theta + i), a = load(w + i);
        const v8 x = pick8(mul8(sub8(all(c), t), a), load(hi + i), load(lo + i));
        const v8 g = mul8(mul8(all(y), a), sub8(load(v + i), x));
        const v8 p = fma8(all(0.1), g, mul8(all(0.9), load(m1 + i)));
        const v8 q = fma8(all(0.001), mul8(g, g), mul8(all(0.999), load(m2 + i)));
        const v8 step = div8(mul8(rate, p), add8(root8(mul8(q, f)), all(1e-12)));
        store(m1 + i, p);
        store(m2 + i, q);
        store(theta + i, min8(max8(add8(t, step), all(0)), all(1)));
    }
}

/* f (t - the input's place s, counted from the end of its interval where w x is least) */
static inline v8 ramp(v8 w, v8 s, v8 t, v8 f) { return mul8(sub8(t, pick8(w, s, sub8(all(1), s))), f); }

static void ramp_sum(size_t n, double t, double f, const double *w, const double *width, const double *s, double out[2])
{
    v8 sum = all(0), open = all(0);
    for (size_t i = 0; i < n; i += 8) {
        const v8 v = load(w + i), d = mul8(abs8(v), load(width + i)), z = ramp(v, load(s + i), all(t), all(f));
        sum = fma8(d, min8(max8(z, all(0)), all(1)), sum);
        open = add8(open, pick8(z, pick8(sub8(all(1), z), d, all(0)), all(0)));
    }
    out[0] = total(sum);
    out[1] = total(open);
}

static void ramp_lines(size_t n, double t, double f, double y, const double *w, const double *width, const double *s,
                       double *theta, double *curve)
{
    for (size_t i = 0; i < n; i += 8) {
        const v8 v = load(w + i), d = mul8(abs8(v), load(width + i)), z = ramp(v, load(s + i), all(t), all(f));
        store(theta + i, min8(max8(z, all(0)), all(1)));
        const v8 open = pick8(z, pick8(sub8(all(1), z), d, all(0)), all(0));
        store(curve + i, fma8(all(y), open, load(curve + i)));
    }
}

/* the upper line where the coefficient is negative, else the lower one */
static void lane_values(size_t n, const uint32_t *unit, const double *y, const double *a, const double *slo,
                        const double *sup, const double *cut, double *out)
{
    for (size_t i = 0; i < n; i++) {
        const size_t u = unit[i];
        for (size_t h = u * NM_LANES; h < (u + 1) * NM_LANES; h += 8) {
            const v8 v = load(a + h), top = fma8(all(sup[u]), v, all(cut[u])), low = mul8(load(slo + h), v);
            store(out + h, pick8(sub8(all(0), load(y + h)), top, low));
        }
    }
}

static void lane_step(size_t n, const uint32_t *unit, const double *y, const double *a, const double adam[3],
                      double *slo, double *m1, double *m2)
{
    const v8 rate = all(adam[0]), f = all(adam[1]);
    for (size_t i = 0; i < n; i++)
        for (size_t h = unit[i] * NM_LANES; h < ((size_t)unit[i] + 1) * NM_LANES; h += 8) {
            const v8 g = mul8(max8(load(y + h), all(0)), load(a + h));
            const v8 p = fma8(all(0.1), g, mul8(all(0.9), load(m1 + h)));
            const v8 q = fma8(all(0.001), mul8(g, g), mul8(all(0.999), load(m2 + h)));
            const v8 step = div8(mul8(rate, p), add8(root8(mul8(q, f)), all(1e-12)));
            store(m1 + h, p);
            store(m2 + h, q);
            store(slo + h, min8(max8(add8(load(slo + h), step), all(0)), all(1)));
        }
}

static void add_rows(size_t n, const size_t *to, const size_t *which, const double *acc, double *x,
                     unsigned char *live)
{
    for (size_t t = 0; t < n; t++) {
        const bool add = !live || live[to[t]];
        for (size_t h = 0; h < NM_LANES; h += 8) {
            double *at = x + to[t] * NM_LANES + h;
            const v8 v = load(acc + which[t] * NM_LANES + h);
            store(at, add ? add8(load(at), v) : v);
        }
        if (live) live[to[t]] = 1;
    }
}

extern const nm_kernels NAME;
const nm_kernels NAME = {TITLE,  outer, outer_half, dot3, dot,       relax,    relax_lanes,
                         gather, box,   box_row,    axpy, hull_ends, hull_add, hull_step,
                         ramp_sum, ramp_lines, lane_values, lane_step, spread, collect, add_rows};
