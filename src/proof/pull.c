/* pull.c: the checker's rows pulled back to the inputs with given lines, and their least values.
 *
 * A row y.v + c over units is rewritten block by block until it reads the inputs alone:
 *   AFFINE  v_i = w_i.s + b_i       y_i v_i = y_i w_i.s + y_i b_i
 *   RELU    v = max(a, 0) on [l,h]  y >= 0: y v >= y t a, any t in [0,1];  y < 0: y v >= y (k a + m), the chord
 *           or, over a box of inputs that the unit's row reads, a line over these (point.c)
 *   MAX     likewise: y >= 0: v is at least any member; y < 0: at most the chord of max(top, second) on top's range
 *   sign    side a <= 0             adds beta side a, which is not positive, any beta >= 0; in a leaf of a tree, v is 0
 *                                   or a there, too
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
#include "proof/proof.h"
#include "proof/checker.h"

enum { L = NM_CHECK_LANES, LOWER = 1, UPPER = 2 };

struct nm_pull {
    nm_job *job;
    const nm_plain *p;
    double *y;              /* [n_units][L] coefficients */
    bool *hot;              /* [n_units] some of them may not be 0 */
    bool *zero;             /* [n_units] the unit's lines are 0 */
    uint32_t *list, *row;   /* [widest]; [n_units] of a block: the units that are hot, by their place in its order */
    double *slo, *sup, *up; /* [n_units] lower slope; upper line sup a + up */
    uint32_t *low, *top;    /* members of the lower and the upper line: of a RELU, what it reads */
    double **hull;          /* [n_units] of an upper line over the inputs: coefficients, or exactly: thetas; or NULL */
    unsigned char *made;    /* [n_units] which of its lines have been computed */
    double *ramp;           /* [n_units] where the search for a line has ended */
    double **room;          /* [n_blocks] for them, by the terms of the affine block */
    double *fee;            /* [n_units] cost of rounding for each |coefficient| */
    double flat;            /* of underflow */
    double c[L], e[L];      /* constants; what rounding may have cost so far */
    size_t n_signs;
    const nm_plain_sign *sign; /* of leaves of a tree */
};

nm_pull *nm_pull_new(nm_job *job, const nm_plain *p)
{
    nm_pull *t = NM_NEW(job, nm_pull);
    *t = (nm_pull){.job = job, .p = p};
    t->y = NM_ARRAY(job, double, nm_mul(job, p->n_units, L));
    t->hot = NM_ARRAY(job, bool, p->n_units);
    t->zero = NM_ARRAY(job, bool, p->n_units);
    t->list = NM_RAW(job, uint32_t, p->widest + 1);
    t->row = NM_RAW(job, uint32_t, p->n_units + 1);
    t->slo = NM_ARRAY(job, double, p->n_units);
    t->sup = NM_ARRAY(job, double, p->n_units);
    t->up = NM_ARRAY(job, double, p->n_units);
    t->fee = NM_ARRAY(job, double, p->n_units);
    t->hull = NM_ARRAY(job, double *, p->n_units);
    t->made = NM_ARRAY(job, unsigned char, p->n_units);
    t->ramp = NM_ARRAY(job, double, p->n_units);
    for (size_t u = 0; u < p->n_units; u++) t->ramp[u] = 0.5;
    t->room = NM_ARRAY(job, double *, p->n_blocks);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_plain_block *k = &p->block[b];
        if (k->kind == NM_AFFINE && k->is_pre && k->reads_input_only)
            t->room[b] = NM_RAW(job, double, k->ptr[k->n] + 1);
    }
    t->low = NM_ARRAY(job, uint32_t, p->n_units);
    t->top = NM_ARRAY(job, uint32_t, p->n_units);
    return t;
}

static double size_of(const nm_region *r, size_t u)
{
    return nm_larger(fabs(r->lo[u]), fabs(r->hi[u]));
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
    t->low[u] = t->top[u] = (uint32_t)a;
    t->slo[u] = t->sup[u] = h <= 0 ? 0 : 1;
    t->up[u] = 0;
    if (!(l < 0 && h > 0)) return;
    t->slo[u] = r->steep[a] ? r->steep[a] - 1 : h > -l * NM_CHECK_NEARLY;
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
    t->slo[u] = t->sup[u] = 1;
    t->up[u] = 0;
    if (r->lo[top] >= second) return; /* the top member is the largest everywhere */
    t->low[u] = low;
    chord(t, u, r->lo[top], second, r->hi[top], r->hi[top]);
}

/* Says whether the region's point decides a unit's lines, which are then computed when they are needed. */
static void line_point(nm_pull *t, const nm_region *r, size_t u, int src, size_t i)
{
    const nm_plain_block *k = &t->p->block[src];
    const size_t a = k->first + i;
    const bool is = r->point && t->room[src] && r->lo[a] < 0 && r->hi[a] > 0;
    t->hull[u] = is ? t->room[src] + k->ptr[i] : NULL;
    t->made[u] = 0;
}

/* Returns the block that a RELU unit reads; *i: its unit there. */
static const nm_plain_block *read_by(const nm_pull *t, size_t u, size_t *i)
{
    const nm_plain_block *k = t->p->block;
    while (!(t->low[u] >= k->first && t->low[u] < k->first + k->n)) k++;
    *i = t->low[u] - k->first;
    return k;
}

/* Computes such lines, for coefficients of these signs. */
static void make(nm_pull *t, const nm_region *r, size_t u, bool lower, bool upper)
{
    size_t i;
    if (!t->hull[u] || ((!lower || t->made[u] & LOWER) && (!upper || t->made[u] & UPPER))) return;
    const nm_plain_block *k = read_by(t, u, &i);
    const size_t n = k->ptr[i + 1] - k->ptr[i];
    double *c = t->hull[u];
    if (lower && !(t->made[u] & LOWER)) t->slo[u] = nm_point_slope(k, i, r);
    if (upper && !(t->made[u] & UPPER)) {
        nm_point_thetas(k, i, r, c, &t->ramp[u]);
        for (size_t j = 0; !r->exact && j < n; j++) c[j] *= k->w[k->ptr[i] + j];
        if (!r->exact) t->up[u] = nm_point_top(k, i, r, c);
    }
    t->made[u] |= (unsigned char)((lower ? LOWER : 0) | (upper ? UPPER : 0));
}

void nm_pull_lines(nm_pull *t, const nm_region *r, size_t from, size_t to)
{
    const nm_plain *p = t->p;
    const double adds = 2 * (double)p->n_units + (double)r->n_signs + 64;
    const double fan = (double)p->fan + (double)r->n_signs + NM_CHECK_TREE + 4; /* a unit may have many signs */
    for (size_t b = from > 1 ? from : 1; b < to; b++) {
        const nm_plain_block *k = &p->block[b];
        for (size_t i = 0; i < k->n; i++) {
            const size_t u = k->first + i;
            if (k->kind == NM_RELU) line_relu(t, r, u, p->block[k->src].first + i);
            if (k->kind == NM_RELU) line_point(t, r, u, k->src, i);
            if (k->kind == NM_MAX) line_max(t, r, k, i);
            const bool affine = k->kind == NM_AFFINE;
            const double mag = affine       ? r->mag[u]
                               : t->hull[u] ? size_of(r, t->low[u]) + r->mag[t->low[u]]
                                            : size_of(r, t->low[u]) + size_of(r, t->top[u]);
            const double c = affine ? fabs(k->bias[i]) : t->hull[u] ? 2 * r->mag[t->low[u]] : fabs(t->up[u]);
            t->zero[u] = !affine && t->slo[u] == 0 && t->sup[u] == 0 && t->up[u] == 0 && !t->hull[u];
            t->fee[u] = (fan * mag + adds * c) * NM_CHECK_U * NM_CHECK_MORE;
        }
    }
    t->flat = 1 + adds;
    for (size_t b = 0; b < to; b++)
        for (size_t i = 0; i < p->block[b].n; i++)
            t->flat += fan * size_of(r, p->block[b].first + i);
    t->flat *= 1e-300;
}

nm_plain_line nm_pull_line(nm_pull *t, const nm_region *r, size_t u, int sign)
{
    make(t, r, u, sign > 0, sign < 0);
    return (nm_plain_line){.low = t->low[u], .top = t->top[u], .slo = t->slo[u], .sup = t->sup[u], .theta = t->hull[u]};
}

bool nm_pull_is_zero(const nm_pull *t, size_t u)
{
    return t->zero[u];
}

/* ---- rows pulled back ---- */

NM_WIDE static void forget(nm_pull *t, size_t u)
{
    double *y = t->y + u * L;
    for (size_t l = 0; l < L; l++) y[l] = 0;
    t->hot[u] = false;
}

void nm_pull_clear(nm_pull *t)
{
    for (size_t i = 0; i < t->p->block[0].n; i++)
        forget(t, i); /* others are, as they are pulled back */
    memset(t->c, 0, sizeof t->c);
    memset(t->e, 0, sizeof t->e);
}

void nm_pull_put(nm_pull *t, size_t u, size_t lane, double coef)
{
    t->y[u * L + lane] += coef;
    t->hot[u] = true;
}

void nm_pull_constant(nm_pull *t, size_t lane, double c, double e)
{
    t->c[lane] += c;
    t->e[lane] += e + (2 * (double)t->p->n_units + 64) * NM_CHECK_U * fabs(c);
}

/* Adds y w_k to the coefficients of the units idx_k, for the listed k, for one row y or, to load and store these less
 * often, for four. */
NM_WIDE static void scatter(size_t n, const uint32_t *restrict list, const uint32_t *restrict idx,
                            const double *restrict w, const double *restrict y, double *restrict to)
{
    for (size_t k = 0; k < n; k++) {
        double *restrict x = to + (size_t)idx[list[k]] * L;
        for (size_t l = 0; l < L; l++) x[l] += y[l] * w[list[k]];
    }
}

NM_WIDE static void scatter_four(size_t n, const uint32_t *restrict list, const uint32_t *restrict idx,
                                 const double *const *w, const double *const *y, double *restrict to)
{
    for (size_t half = 0; half < L; half += L / 2) {
        const double *restrict a = y[0] + half, *restrict b = y[1] + half,
                               *restrict c = y[2] + half, *restrict d = y[3] + half;
        for (size_t k = 0; k < n; k++) {
            const size_t at = list[k];
            const double wa = w[0][at], wb = w[1][at], wc = w[2][at], wd = w[3][at];
            double *restrict x = to + (size_t)idx[at] * L + half;
            for (size_t l = 0; l < L / 2; l++)
                x[l] = (((x[l] + a[l] * wa) + b[l] * wb) + c[l] * wc) + d[l] * wd;
        }
    }
}

/* Adds terms to the constants, and what they may cost in rounding. */
NM_WIDE static void pay(nm_pull *t, const double *restrict y, double c, double fee)
{
    for (size_t l = 0; l < L; l++) {
        t->c[l] += y[l] * c;
        t->e[l] += fabs(y[l]) * fee;
    }
}

/* Adds neg c to the inputs, for the line of a unit over them. */
static void pull_hull(nm_pull *t, size_t u, const double *neg)
{
    size_t i;
    const nm_plain_block *k = read_by(t, u, &i);
    const size_t n = k->ptr[i + 1] - k->ptr[i];
    for (size_t j = 0; j < n; j++) {
        t->list[j] = (uint32_t)j;
        t->hot[k->idx[k->ptr[i] + j]] = true;
    }
    scatter(n, t->list, k->idx + k->ptr[i], t->hull[u], neg, t->y);
}

/* Returns whether a lane's coefficient of the unit is above 0, or with sign -1 below. */
static bool any(const nm_pull *t, size_t u, double sign)
{
    bool some = false;
    for (size_t l = 0; l < L; l++) some |= sign * t->y[u * L + l] > 0;
    return some;
}

NM_WIDE static void pull_bent(nm_pull *t, size_t u)
{
    const double *y = t->y + u * L;
    double *low = t->y + (size_t)t->low[u] * L, *top = t->y + (size_t)t->top[u] * L, neg[L];
    for (size_t l = 0; l < L; l++) {
        const double pos = y[l] > 0 ? y[l] : 0;
        neg[l] = y[l] < 0 ? y[l] : 0;
        low[l] += pos * t->slo[u];
    }
    if (t->hull[u] && any(t, u, -1)) pull_hull(t, u, neg);
    for (size_t l = 0; l < L; l++) {
        if (!t->hull[u]) top[l] += neg[l] * t->sup[u];
        t->c[l] += neg[l] * t->up[u];
        t->e[l] += fabs(y[l]) * t->fee[u];
    }
    t->hot[t->low[u]] = t->hot[t->top[u]] = true;
}

/* Adds the region's signs of block k; they stand for units that its RELUs read. */
static void add_signs(nm_pull *t, const nm_region *r, const nm_plain_block *k)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        if (r->sign[i] < k->first || r->sign[i] >= k->first + k->n || !(r->beta[i] > 0)) continue;
        const size_t a = t->low[r->sign[i]];
        const double fan = (double)t->p->fan + (double)r->n_signs + NM_CHECK_TREE + 4;
        for (size_t l = 0; l < L; l++) {
            nm_pull_put(t, a, l, r->side[i] * r->beta[i]);
            t->e[l] += fan * NM_CHECK_U * r->beta[i] * size_of(r, a);
        }
    }
}

/* Takes the units of block k out of the lanes that give their signs: they are 0, or what they read. */
static void take_signs(nm_pull *t, const nm_region *r, const nm_plain_block *k)
{
    const double fan = (double)t->p->fan + (double)r->n_signs + NM_CHECK_TREE + 4;
    for (size_t i = 0; i < t->n_signs; i++) {
        const nm_plain_sign *s = &t->sign[i];
        if (s->unit < k->first || s->unit >= k->first + k->n) continue;
        double *y = t->y + (size_t)s->unit * L + s->lane;
        const size_t a = t->low[s->unit];
        nm_pull_put(t, a, s->lane, (s->side < 0 ? *y : 0) + s->side * s->beta);
        t->e[s->lane] += fan * NM_CHECK_U * 2 * (fabs(*y) + s->beta) * size_of(r, a);
        *y = 0;
    }
}

void nm_pull_signs(nm_pull *t, size_t n, const nm_plain_sign *sign)
{
    t->n_signs = n;
    t->sign = sign;
}

/* Lists which of these units may not be 0, and marks them as read. */
static size_t list_live(nm_pull *t, size_t n, const uint32_t *idx)
{
    size_t m = 0;
    for (size_t k = 0; k < n; k++) {
        if (t->zero[idx[k]]) continue;
        t->list[m++] = (uint32_t)k;
        t->hot[idx[k]] = true;
    }
    return m;
}

static void pull_affine(nm_pull *t, const nm_plain_block *k)
{
    const double *w[4], *y[4];
    size_t n_hot = 0, n = 0;
    for (size_t i = 0; i < k->n; i++) {
        t->row[n_hot] = (uint32_t)i;
        n_hot += t->hot[k->first + k->order[i]];
    }
    for (size_t from = 0, m; from < n_hot; from += m) {
        const uint32_t *row = t->row + from, group = k->group[row[0]];
        const size_t first = k->order[row[0]];
        const uint32_t *idx = k->idx + k->ptr[first];
        if (from == 0 || k->group[row[-1]] != group) n = list_live(t, k->ptr[first + 1] - k->ptr[first], idx);
        for (m = 0; m < 4 && from + m < n_hot && k->group[row[m]] == group; m++) {
            const size_t unit = k->order[row[m]], u = k->first + unit;
            y[m] = t->y + u * L;
            w[m] = k->w + k->ptr[unit];
            pay(t, y[m], k->bias[unit], t->fee[u]);
        }
        if (m == 4) scatter_four(n, t->list, idx, w, y, t->y);
        for (size_t r = 0; r < m && m < 4; r++) scatter(n, t->list, idx, w[r], y[r], t->y);
    }
}

void nm_pull_back(nm_pull *t, const nm_region *r, size_t from, bool signs)
{
    for (size_t b = from; b > 0; b--) {
        const nm_plain_block *k = &t->p->block[b];
        const bool *hot = t->hot + k->first, *end = hot + k->n;
        if (signs && k->kind == NM_RELU) add_signs(t, r, k);
        if (t->n_signs && k->kind == NM_RELU) take_signs(t, r, k);
        if (k->kind == NM_AFFINE) pull_affine(t, k);
        while (hot < end && (hot = memchr(hot, true, (size_t)(end - hot)))) {
            const size_t u = (size_t)(hot - t->hot);
            if (t->hull[u]) make(t, r, u, any(t, u, 1), any(t, u, -1));
            if (k->kind != NM_AFFINE && !t->zero[u]) pull_bent(t, u);
            forget(t, u);
        }
    }
}

/* ---- the least value over the region ---- */

typedef struct {
    double sum[L], mag[L], slope[L];
} minimum;

/* Takes the minimum of (y + lambda cut) x over the box; slope: cut x there; mag: the sum of the terms' sizes. */
NM_WIDE static void least(const nm_pull *t, const nm_region *r, const double *restrict lambda,
                       minimum *restrict m)
{
    minimum s = {{0}, {0}, {0}};
    for (size_t i = 0; i < t->p->block[0].n; i++) {
        if (!t->hot[i] && !r->cut) continue;
        const double *restrict y = t->y + i * L, lo = r->lo[i], hi = r->hi[i];
        const double g = r->cut ? r->cut[i] : 0, size = nm_larger(fabs(lo), fabs(hi));
        for (size_t l = 0; l < L; l++) {
            const double z = y[l] + lambda[l] * g, x = z > 0 ? lo : hi;
            s.sum[l] += z * x;
            s.slope[l] += g * x;
            s.mag[l] += (fabs(y[l]) + lambda[l] * fabs(g)) * size;
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

bool nm_next_multiplier(nm_plain_tangent *below, nm_plain_tangent *above, double value, double slope, double *lambda)
{
    const nm_plain_tangent here = {*lambda, value, slope};
    if (slope > 0)
        *below = here;
    else
        *above = here;
    if (isinf(above->at)) {
        *lambda = *lambda > 0 ? 4 * *lambda : 1;
        return true;
    }
    const double at = (above->value - below->value + below->slope * below->at -
                       above->slope * above->at) /
                      (below->slope - above->slope);
    const double gain = below->value + below->slope * (at - below->at) -
                        nm_larger(below->value, above->value);
    if (!(at > below->at && at < above->at && gain > 1e-10 * fabs(value))) return false;
    *lambda = at;
    return true;
}

/* Sets lower bounds of the lanes: without the cut, and with it. The bound is concave in lambda, piecewise linear, and
 * its slope is cut x - rhs at the minimum. */
void nm_pull_lower(const nm_pull *t, const nm_region *r, double *lo)
{
    double lambda[L] = {0};
    nm_plain_tangent below[L], above[L];
    bool open[L], any = r->cut != NULL;
    minimum m;
    least(t, r, lambda, &m);
    for (size_t l = 0; l < L; l++) {
        lo[l] = -INFINITY;
        above[l] = (nm_plain_tangent){.at = INFINITY};
        open[l] = r->cut && m.slope[l] > r->cut_rhs;
    }
    take(t, &m, lambda, 0, lo);
    for (int s = 0; any && s < NM_CHECK_MULTIPLIERS; s++) {
        any = false;
        for (size_t l = 0; l < L; l++) {
            if (!open[l]) continue;
            open[l] = nm_next_multiplier(&below[l], &above[l], m.sum[l] - lambda[l] * r->cut_rhs,
                                  m.slope[l] - r->cut_rhs, &lambda[l]);
            any |= open[l];
        }
        if (!any) return;
        least(t, r, lambda, &m);
        take(t, &m, lambda, r->cut_rhs, lo);
    }
}

double nm_pull_inputs(const nm_pull *t, double *g, double *e)
{
    for (size_t i = 0; i < t->p->block[0].n; i++) g[i] = t->y[i * L];
    *e = t->e[0] + t->flat + 8 * NM_CHECK_U * fabs(t->c[0]);
    return t->c[0];
}
