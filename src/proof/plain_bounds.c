/* plain_bounds.c: the checker's own bounds: intervals, and rows pulled back with given lines.
 *
 * A row y.v + c over the units of some blocks is rewritten block by block until it reads the inputs alone:
 *   AFFINE  v_i = w_i.s + b_i       y_i v_i = y_i w_i.s + y_i b_i
 *   RELU    v = max(a, 0) on [l,h]  y >= 0: y v >= y t a, any t in [0,1];  y < 0: y v >= y (k a + m), the chord
 *   MAX     likewise: y >= 0: v is at least any member; y < 0: at most the chord of max(top, second) on top's range
 *   sign    side a <= 0             adds beta side a, which is not positive, any beta >= 0
 * and is then least over the box, or over box and cut, where adding lambda (cut x - rhs), any lambda >= 0, keeps it a
 * lower bound. So any hint gives a true bound, and only arithmetic can make it false.
 *
 * Rounding, to nearest, u = 2^-53. After each step the computed coefficients are taken as given, and what they differ
 * from exact ones is paid for. A unit j with |v_j| <= S_j collects at most F terms, each a product, and F additions: so
 * its coefficient is off by at most (F + 2) u times the sum of |term| (to first order; NM_CHECK_MORE covers the rest),
 * which costs that times S_j. Charged to the unit i that the terms come from, this is |y_i| (F + 2) u sum_j |w_ij| S_j,
 * a weight that is known before the row is. A constant's term is charged u for each of the additions that may follow.
 * Underflow loses less than 2^-1074 in each product: `flat` pays for all of them. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { L = NM_CHECK_LANES, HALVINGS = 16 };
#define NEARLY                                                                                     \
    (1 +                                                                                           \
     0x1p-30) /* intervals that are as far below 0 as above it count as below, whatever rounding does */

/* The scatter is the checker's one costly loop; without fused operations its result is the same on every machine. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__PIE_STATIC__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

struct nm_pull {
    nm_job *job;
    const nm_plain *p;
    double *y;              /* [n_units][L] coefficients */
    bool *used;             /* [n_blocks] some may not be 0 */
    double *slo, *sup, *up; /* [n_units] lower slope; upper line sup a + up */
    uint32_t *low, *top;    /* MAX: members of the lower and the upper line */
    double *fee;            /* [n_units] cost of rounding for each |coefficient| */
    double flat;            /* of underflow */
    double c[L], e[L];      /* constants; what rounding may have cost so far */
};

nm_pull *nm_pull_new(nm_job *job, const nm_plain *p)
{
    nm_pull *t = NM_NEW(job, nm_pull);
    *t = (nm_pull){.job = job, .p = p};
    t->y = NM_ARRAY(job, double, nm_mul(job, p->n_units, L));
    t->used = NM_ARRAY(job, bool, p->n_blocks);
    t->slo = NM_ARRAY(job, double, p->n_units);
    t->sup = NM_ARRAY(job, double, p->n_units);
    t->up = NM_ARRAY(job, double, p->n_units);
    t->fee = NM_ARRAY(job, double, p->n_units);
    t->low = NM_ARRAY(job, uint32_t, p->n_units);
    t->top = NM_ARRAY(job, uint32_t, p->n_units);
    return t;
}

/* ---- intervals ---- */

static double size_of(const nm_region *r, size_t u)
{
    return nm_larger(fabs(r->lo[u]), fabs(r->hi[u]));
}

void nm_region_meet(nm_region *r, size_t u, double lo, double hi)
{
    if (lo > r->lo[u] && lo < INFINITY) r->lo[u] = lo;
    if (hi < r->hi[u] && hi > -INFINITY) r->hi[u] = hi;
    if (r->lo[u] > r->hi[u]) r->empty = true;
}

static void interval_affine(const nm_plain_block *k, nm_region *r, size_t i)
{
    const size_t at = k->ptr[i], end = k->ptr[i + 1];
    double lo = k->bias[i], hi = lo, mag = fabs(lo);
    for (size_t t = at; t < end; t++) {
        const double w = k->w[t], a = w * r->lo[k->idx[t]], b = w * r->hi[k->idx[t]];
        lo += a < b ? a : b;
        hi += a < b ? b : a;
        mag += nm_larger(fabs(a), fabs(b));
    }
    const double e = (double)(end - at + 4) * (NM_CHECK_U * mag + 1e-300) * NM_CHECK_MORE;
    r->mag[k->first + i] = mag * NM_CHECK_MORE;
    nm_region_meet(r, k->first + i, nm_down(lo - e), nm_up(hi + e));
}

static void interval_max(const nm_plain_block *k, nm_region *r, size_t i)
{
    double lo = -INFINITY, hi = -INFINITY;
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        lo = nm_larger(lo, r->lo[k->idx[t]]);
        hi = nm_larger(hi, r->hi[k->idx[t]]);
    }
    nm_region_meet(r, k->first + i, lo, hi);
}

void nm_region_interval(const nm_plain *p, nm_region *r, size_t from, size_t to)
{
    for (size_t b = from > 1 ? from : 1; b < to; b++) {
        const nm_plain_block *k = &p->block[b];
        for (size_t i = 0; i < k->n; i++) {
            if (k->kind == NM_AFFINE) interval_affine(k, r, i);
            if (k->kind == NM_MAX) interval_max(k, r, i);
            if (k->kind != NM_RELU) continue;
            const size_t a = p->block[k->src].first + i;
            nm_region_meet(r, k->first + i, nm_larger(r->lo[a], 0), nm_larger(r->hi[a], 0));
        }
    }
}

/* ---- lines ---- */

/* Sets the chord of a convex function from (l, fl) to (h, fh), rounded up: above it between its ends. */
static void chord(nm_pull *t, size_t u, double l, double fl, double h, double fh)
{
    double k = (fh - fl) / (h - l);
    if (!(k >= 0 && k <= 1)) k = fl == 0 ? 1 : 0;
    const double m = nm_larger(fl - k * l, fh - k * h);
    t->sup[u] = k;
    t->up[u] = m + 8 * NM_CHECK_U * (fabs(l) + fabs(h) + fabs(fl) + fabs(fh)) + 1e-300;
}

static void line_relu(nm_pull *t, const nm_region *r, size_t u, size_t a)
{
    const double l = r->lo[a], h = r->hi[a];
    t->slo[u] = t->sup[u] = h <= 0 ? 0 : 1;
    t->up[u] = 0;
    if (!(l < 0 && h > 0)) return;
    t->slo[u] = r->steep[a] ? r->steep[a] - 1 : h > -l * NEARLY;
    if (r->slope[u] >= 0) t->slo[u] = r->slope[u];
    chord(t, u, l, 0, h, h);
}

static void line_max(nm_pull *t, const nm_region *r, const nm_plain_block *k, size_t i)
{
    const size_t u = k->first + i, at = k->ptr[i], end = k->ptr[i + 1];
    uint32_t low = k->idx[at], top = low;
    double second = -INFINITY;
    for (size_t m = at; m < end; m++) {
        if (r->lo[k->idx[m]] > r->lo[low]) low = k->idx[m];
        if (r->hi[k->idx[m]] > r->hi[top]) top = k->idx[m];
    }
    for (size_t m = at; m < end; m++)
        if (k->idx[m] != top) second = nm_larger(second, r->hi[k->idx[m]]);
    t->top[u] = t->low[u] = top;
    t->sup[u] = 1;
    t->up[u] = 0;
    if (r->lo[top] >= second) return; /* the top member is the largest everywhere */
    t->low[u] = low;
    chord(t, u, r->lo[top], second, r->hi[top], r->hi[top]);
}

/* Sets the lines of blocks from..to-1, and what their rounding costs. */
static void set_lines(nm_pull *t, const nm_region *r, size_t from, size_t to)
{
    const nm_plain *p = t->p;
    const double adds = 2 * (double)p->n_units + (double)r->n_signs + 64;
    for (size_t b = from > 1 ? from : 1; b < to; b++) {
        const nm_plain_block *k = &p->block[b];
        double fan = k->kind == NM_AFFINE ? 8 : (double)p->block[k->src].fan;
        for (size_t s = 0; k->kind == NM_AFFINE && s < p->n_blocks; s++)
            if (k->reads[s]) fan = nm_larger(fan, (double)p->block[s].fan);
        fan += (double)r->n_signs; /* a unit may have its sign given many times */
        for (size_t i = 0; i < k->n; i++) {
            const size_t u = k->first + i;
            double mag = 0, c = 0;
            if (k->kind == NM_AFFINE) {
                mag = r->mag[u];
                c = fabs(k->bias[i]);
            } else if (k->kind == NM_RELU) {
                line_relu(t, r, u, p->block[k->src].first + i);
                mag = size_of(r, p->block[k->src].first + i);
            } else {
                line_max(t, r, k, i);
                mag = nm_larger(size_of(r, t->low[u]), size_of(r, t->top[u]));
            }
            if (k->kind != NM_AFFINE) c = fabs(t->up[u]);
            t->fee[u] = ((fan + 4) * mag + adds * c) * NM_CHECK_U * NM_CHECK_MORE;
        }
    }
    double sum = 1 + adds;
    for (size_t b = 0; b < p->n_blocks && b < to; b++)
        for (size_t u = p->block[b].first; u < p->block[b].first + p->block[b].n; u++)
            sum += ((double)p->block[b].fan + 4) * size_of(r, u);
    t->flat = sum * 1e-300;
}

/* ---- rows pulled back ---- */

static void clear(nm_pull *t)
{
    for (size_t b = 0; b < t->p->n_blocks; b++) {
        if (t->used[b])
            memset(t->y + t->p->block[b].first * L, 0, t->p->block[b].n * L * sizeof *t->y);
        t->used[b] = false;
    }
    memset(t->c, 0, sizeof t->c);
    memset(t->e, 0, sizeof t->e);
}

static size_t block_of(const nm_plain *p, size_t u)
{
    size_t b = 0;
    while (u >= p->block[b].first + p->block[b].n) b++;
    return b;
}

static void put(nm_pull *t, size_t b, size_t u, size_t lane, double coef)
{
    t->y[u * L + lane] += coef;
    t->used[b] = true;
}

/* Adds y w_k to the coefficients of the units idx_k. */
WIDE static void scatter(size_t n, const uint32_t *restrict idx, const double *restrict w,
                         const double *restrict from, double *restrict to)
{
    double y[L];
    for (size_t l = 0; l < L; l++) y[l] = from[l];
    for (size_t k = 0; k < n; k++) {
        double *restrict x = to + (size_t)idx[k] * L;
        for (size_t l = 0; l < L; l++) x[l] += y[l] * w[k];
    }
}

static bool is_zero(const double *y)
{
    for (size_t l = 0; l < L; l++)
        if (y[l] != 0) return false;
    return true;
}

static void pull_affine(nm_pull *t, const nm_plain_block *k)
{
    for (size_t i = 0; i < k->n; i++) {
        const double *y = t->y + (k->first + i) * L;
        if (is_zero(y)) continue;
        for (size_t l = 0; l < L; l++) {
            t->c[l] += y[l] * k->bias[i];
            t->e[l] += fabs(y[l]) * t->fee[k->first + i];
        }
        scatter(k->ptr[i + 1] - k->ptr[i], k->idx + k->ptr[i], k->w + k->ptr[i], y, t->y);
    }
    for (size_t s = 0; s < t->p->n_blocks; s++) t->used[s] |= k->reads[s];
}

static void pull_bent(nm_pull *t, const nm_plain_block *k)
{
    for (size_t i = 0; i < k->n; i++) {
        const size_t u = k->first + i, a = t->p->block[k->src].first + i;
        const double *y = t->y + u * L;
        if ((t->sup[u] == 0 && t->up[u] == 0 && k->kind == NM_RELU) || is_zero(y))
            continue; /* 0 everywhere */
        double *low = t->y + (k->kind == NM_MAX ? t->low[u] : a) * L;
        double *top = t->y + (k->kind == NM_MAX ? t->top[u] : a) * L;
        const double slo = k->kind == NM_MAX ? 1 : t->slo[u];
        for (size_t l = 0; l < L; l++) {
            low[l] += (y[l] > 0 ? y[l] : 0) * slo;
            top[l] += (y[l] < 0 ? y[l] : 0) * t->sup[u];
            t->c[l] += (y[l] < 0 ? y[l] : 0) * t->up[u];
            t->e[l] += fabs(y[l]) * t->fee[u];
        }
    }
    t->used[k->src] = true;
}

/* Adds the region's signs of block k; they stand for units that its RELUs read. */
static void add_signs(nm_pull *t, const nm_region *r, const nm_plain_block *k)
{
    const nm_plain_block *s = &t->p->block[k->src];
    for (size_t i = 0; i < r->n_signs; i++) {
        if (r->sign[i] < k->first || r->sign[i] >= k->first + k->n || !(r->beta[i] > 0)) continue;
        const size_t a = s->first + (r->sign[i] - k->first);
        t->used[k->src] = true;
        for (size_t l = 0; l < L; l++) {
            t->y[a * L + l] += r->side[i] * r->beta[i];
            t->e[l] += ((double)s->fan + (double)r->n_signs + 4) * NM_CHECK_U * r->beta[i] * size_of(r, a);
        }
    }
}

/* Pulls the rows back to the inputs; signs: use the region's signs. */
static void pull(nm_pull *t, const nm_region *r, size_t from, bool signs)
{
    for (size_t b = from; b > 0; b--) {
        const nm_plain_block *k = &t->p->block[b];
        if (signs && k->kind == NM_RELU) add_signs(t, r, k);
        if (!t->used[b]) continue;
        if (k->kind == NM_AFFINE)
            pull_affine(t, k);
        else
            pull_bent(t, k);
    }
}

/* ---- the least value over the region ---- */

typedef struct {
    double sum[L], mag[L], slope[L];
} minimum;

/* Takes the minimum of (y + lambda cut) x over the box; slope: cut x there; mag: the sum of the terms' sizes. */
WIDE static void least(size_t n, const double *restrict y, const double *restrict cut,
                       const double *restrict lambda, const double *restrict lo,
                       const double *restrict hi, minimum *restrict m)
{
    minimum s = {{0}, {0}, {0}};
    for (size_t i = 0; i < n; i++) {
        const double g = cut ? cut[i] : 0, size = nm_larger(fabs(lo[i]), fabs(hi[i]));
        for (size_t l = 0; l < L; l++) {
            const double z = y[i * L + l] + lambda[l] * g, x = z > 0 ? lo[i] : hi[i];
            s.sum[l] += z * x;
            s.slope[l] += g * x;
            s.mag[l] += (fabs(y[i * L + l]) + lambda[l] * fabs(g)) * size;
        }
    }
    *m = s;
}

/* Improves lo by the bounds that these multipliers give. */
static void take(const nm_pull *t, const minimum *m, const double *lambda, double rhs, double *lo)
{
    const double n = (double)t->p->block[0].n;
    for (size_t l = 0; l < L; l++) {
        const double part = lambda[l] * rhs, all = t->c[l] + m->sum[l] - part;
        const double e = t->e[l] + (n + 8) * NM_CHECK_U * m->mag[l] + t->flat +
                         8 * NM_CHECK_U * (fabs(t->c[l]) + fabs(m->sum[l]) + fabs(part));
        const double bound = nm_down(all - e * NM_CHECK_MORE);
        if (isfinite(bound) && bound > lo[l]) lo[l] = bound;
    }
}

/* Sets lower bounds of the lanes. The bound is concave in lambda, and its derivative is cut x - rhs: lambda is made
 * larger or smaller until its best value lies between two, and then halved. */
static void lower(const nm_pull *t, const nm_region *r, double *lo)
{
    double lambda[L] = {0}, below[L] = {0}, above[L];
    minimum m;
    const size_t n = t->p->block[0].n;
    for (size_t l = 0; l < L; l++) lo[l] = -INFINITY;
    least(n, t->y, r->cut, lambda, r->lo, r->hi, &m);
    take(t, &m, lambda, 0, lo);
    for (size_t l = 0; l < L; l++) {
        above[l] = INFINITY;
        lambda[l] = 1;
    }
    for (int s = 0; r->cut && s < HALVINGS; s++) {
        least(n, t->y, r->cut, lambda, r->lo, r->hi, &m);
        take(t, &m, lambda, r->cut_rhs, lo);
        for (size_t l = 0; l < L; l++) {
            if (m.slope[l] > r->cut_rhs)
                below[l] = lambda[l];
            else
                above[l] = lambda[l];
            lambda[l] = isinf(above[l]) ? 4 * lambda[l]
                        : below[l] == 0 ? 0.25 * above[l]
                                        : 0.5 * (below[l] + above[l]);
        }
    }
}

/* ---- what the steps of a certificate ask for ---- */

static void crown_block(nm_pull *t, nm_region *r, size_t b)
{
    const nm_plain_block *k = &t->p->block[b];
    double lo[L];
    uint32_t unit[L / 2];
    size_t n = 0;
    for (size_t u = k->first; u <= k->first + k->n; u++) {
        if (u < k->first + k->n && r->lo[u] < 0 && r->hi[u] > 0) unit[n++] = (uint32_t)u;
        if (n < L / 2 && (u < k->first + k->n || n == 0)) continue;
        clear(t);
        for (size_t i = 0; i < n; i++) {
            put(t, b, unit[i], i, 1);
            put(t, b, unit[i], i + L / 2, -1);
        }
        pull(t, r, b, false);
        lower(t, r, lo);
        for (size_t i = 0; i < n; i++) {
            r->steep[unit[i]] = -lo[i + L / 2] > -lo[i] * NEARLY ? 2 : 1;
            nm_region_meet(r, unit[i], lo[i], -lo[i + L / 2]);
        }
        n = 0;
    }
}

void nm_region_crown(nm_pull *t, nm_region *r)
{
    const nm_plain *p = t->p;
    size_t done = 1;
    float *slope = r->slope; /* units keep the slopes that steep says */
    r->slope = nm_raw(t->job, p->n_units + 1, sizeof *slope);
    for (size_t u = 0; u < p->n_units; u++) r->slope[u] = -1;
    for (size_t b = 1; b < p->n_blocks && !r->empty; b++) {
        const nm_plain_block *k = &p->block[b];
        if (k->kind != NM_AFFINE || !k->is_pre || (!r->cut && k->reads_input_only)) continue;
        nm_region_interval(p, r, done, b + 1);
        set_lines(t, r, done, b + 1);
        done = b + 1;
        crown_block(t, r, b);
    }
    nm_region_interval(p, r, done, p->n_blocks);
    r->slope = slope;
}

/* Puts a row of the question into a lane. */
static void put_row(nm_pull *t, const nm_row *row, size_t lane)
{
    const nm_plain *p = t->p;
    for (size_t i = 0; i < row->n; i++) {
        const uint32_t v = row->var[i];
        const int64_t u = v < p->n_out ? p->out[v] : (int64_t)(v - p->n_out + p->x_first);
        if (u >= 0) {
            put(t, block_of(p, (size_t)u), (size_t)u, lane, row->coef[i]);
            continue;
        }
        const double term = row->coef[i] * p->out_const[v];
        t->c[lane] += term;
        t->e[lane] += (2 * (double)p->n_units + (double)row->n + 64) * NM_CHECK_U * fabs(term);
    }
}

/* Returns the least value of a row by the intervals of the units that it names. */
static double row_interval(const nm_plain *p, const nm_region *r, const nm_row *row)
{
    double sum = 0, mag = 0;
    for (size_t i = 0; i < row->n; i++) {
        const uint32_t v = row->var[i];
        const int64_t u = v < p->n_out ? p->out[v] : (int64_t)(v - p->n_out + p->x_first);
        const double a = row->coef[i] * (u < 0 ? p->out_const[v] : r->lo[u]);
        const double b = row->coef[i] * (u < 0 ? p->out_const[v] : r->hi[u]);
        sum += a < b ? a : b;
        mag += nm_larger(fabs(a), fabs(b));
    }
    return nm_down(sum - ((double)(row->n + 4) * NM_CHECK_U * mag + 1e-290) * NM_CHECK_MORE);
}

void nm_region_rows(nm_pull *t, nm_region *r, size_t n, const nm_row *const *row, double *lo)
{
    double all[L];
    clear(t);
    set_lines(t, r, 1, t->p->n_blocks);
    for (size_t i = 0; i < n; i++) put_row(t, row[i], i);
    pull(t, r, t->p->n_blocks - 1, true);
    lower(t, r, all);
    for (size_t i = 0; i < n; i++) {
        const double plain = row_interval(t->p, r, row[i]);
        lo[i] = isfinite(plain) && plain > all[i] ? plain : all[i];
    }
}

/* With cut x <= rhs, cut_i x_i <= rhs - the least of the other terms, for each i. */
static void shrink(nm_region *r, size_t n)
{
    double sum = 0, mag = 0;
    for (size_t i = 0; i < n; i++) {
        const double term = r->cut[i] * (r->cut[i] > 0 ? r->lo[i] : r->hi[i]);
        sum += term;
        mag += fabs(term);
    }
    const double e = ((double)n + 8) * NM_CHECK_U * (mag + fabs(sum) + fabs(r->cut_rhs)) *
                         NM_CHECK_MORE +
                     1e-290;
    const double room = nm_up(r->cut_rhs - sum + e);
    if (room < 0) r->empty = true;
    if (!(room >= 0 && isfinite(room))) return;
    for (size_t i = 0; i < n; i++) {
        if (r->cut[i] == 0) continue;
        const double step = nm_up(room / fabs(r->cut[i]));
        if (r->cut[i] > 0)
            nm_region_meet(r, i, -INFINITY, nm_up(r->lo[i] + step));
        else
            nm_region_meet(r, i, nm_down(r->hi[i] - step), INFINITY);
    }
}

void nm_region_cut(nm_job *job, nm_pull *t, nm_region *r, const nm_row *row)
{
    const size_t n = t->p->block[0].n;
    double lo;
    nm_region_rows(t, r, 1, &row, &lo);
    double *g = NM_RAW(job, double, n + 1), size = 0;
    for (size_t i = 0; i < n; i++) {
        g[i] = t->y[i * L];
        size += fabs(g[i]);
    }
    const double e = (t->e[0] + t->flat + 8 * NM_CHECK_U * (fabs(t->c[0]) + fabs(row->rhs))) *
                     NM_CHECK_MORE;
    const double rhs = nm_up(row->rhs - t->c[0] + e);
    if (!isfinite(rhs) || !isfinite(size)) return; /* says nothing */
    r->cut = g;
    r->cut_rhs = rhs;
    shrink(r, n);
}
