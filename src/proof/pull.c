/* pull.c: the checker's rows pulled back to the inputs with given lines, and their least values.
 *
 * A row y.v + c over units is rewritten block by block until it reads the inputs alone:
 *   AFFINE  v_i = w_i.s + b_i       y_i v_i = y_i w_i.s + y_i b_i
 *   RELU    v = max(a, 0) on [l,h]  y >= 0: y v >= y t a, any t in [0,1];  y < 0: y v >= y (k a + m), the chord
 *           or, over a box of inputs that the unit's row reads, a line over these (point.c)
 *   MAX     likewise: y >= 0: v is at least any member; y < 0: at most the chord of max(top, second) on top's range
 *   sign    side a <= 0             v is 0, or a, and beta side a is added, which is not positive, any beta >= 0
 *   sum     of generators is total: y g = (y - m) g + m total, any m
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

enum { L = NM_CHECK_LANES };

struct nm_pull {
    const nm_plain *p;
    double *y;              /* [n_units][L] coefficients */
    bool *hot;              /* [n_units] by a unit's place: some of them may not be 0 */
    uint32_t *list, *row;   /* [widest]; [n_units] places of a block's hot units, from its first */
    nm_bends bends;
    double *own, *hint;     /* [n_in] a row of its own; room for a ball */
    double c[L], e[L];      /* constants; what rounding may have cost so far */
};

nm_pull *nm_pull_new(nm_job *job, const nm_plain *p)
{
    nm_pull *t = NM_NEW(job, nm_pull);
    *t = (nm_pull){.p = p, .bends = nm_bends_new(job, p)};
    t->y = NM_ARRAY(job, double, nm_mul(job, p->n_units, L));
    t->hot = NM_ARRAY(job, bool, p->n_units);
    t->list = NM_RAW(job, uint32_t, p->widest + 1);
    t->own = NM_RAW(job, double, 2 * p->block[0].n + 1);
    t->hint = t->own + p->block[0].n;
    t->row = NM_RAW(job, uint32_t, p->n_units + 1);
    return t;
}

nm_bends *nm_pull_bends(nm_pull *t)
{
    return &t->bends;
}

/* ---- rows pulled back ---- */

typedef double half_row __attribute__((vector_size(L / 2 * sizeof(double)), aligned(8), may_alias));

static void forget(nm_pull *t, size_t u)
{
    half_row *y = (half_row *)(t->y + u * L);
    y[0] = y[1] = (half_row){0};
}

static void heat(nm_pull *t, size_t u)
{
    t->hot[t->p->place[u]] = true;
}

/* Lists the places of a block's hot units in t->row, and takes their flags; most of them are not set. */
static size_t take_hot(nm_pull *t, const nm_plain_block *k)
{
    bool *hot = t->hot + k->first;
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        uint64_t some;
        while (i + sizeof some <= k->n && (memcpy(&some, hot + i, sizeof some), !some)) i += sizeof some;
        for (const size_t end = i + sizeof some; i < end && i < k->n; i++) {
            t->row[n] = (uint32_t)i;
            n += hot[i];
            hot[i] = false;
        }
        i--;
    }
    return n;
}

void nm_pull_clear(nm_pull *t)
{
    const size_t n = take_hot(t, &t->p->block[0]); /* units of other blocks were cleared when they were pulled back */
    for (size_t i = 0; i < n; i++) forget(t, t->row[i]);
    memset(t->c, 0, sizeof t->c);
    memset(t->e, 0, sizeof t->e);
}

void nm_pull_put(nm_pull *t, size_t u, size_t lane, double coef)
{
    t->y[u * L + lane] += coef;
    heat(t, u);
}

void nm_pull_constant(nm_pull *t, size_t lane, double c, double e)
{
    t->c[lane] += c;
    t->e[lane] += e + (2 * (double)t->p->n_units + 64) * NM_CHECK_U * fabs(c);
}

/* Adds y_r w_rk to the coefficients of the units idx_k, for the listed k and some rows: more of them at a time load and
 * store these less often. */
static inline __attribute__((always_inline)) void add_rows(size_t rows, size_t n, const uint32_t *restrict list,
                                                           const uint32_t *restrict idx, const double *const *w,
                                                           const double *const *y, double *restrict to)
{
    for (size_t half = 0; half < L; half += L / 2) {
        for (size_t k = 0; k < n; k++) {
            const size_t at = list[k];
            half_row *x = (half_row *)(to + (size_t)idx[at] * L + half), sum = *x;
            for (size_t r = 0; r < rows; r++) sum += *(const half_row *)(y[r] + half) * w[r][at];
            *x = sum;
        }
    }
}

NM_WIDE static void scatter(size_t rows, size_t n, const uint32_t *list, const uint32_t *idx, const double *const *w,
                            const double *const *y, double *to)
{
    if (rows == 8) add_rows(8, n, list, idx, w, y, to);
    if (rows == 4) add_rows(4, n, list, idx, w, y, to);
    if (rows == 2) add_rows(2, n, list, idx, w, y, to);
    if (rows == 1) add_rows(1, n, list, idx, w, y, to);
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
    const nm_plain_block *k = nm_bends_read_by(&t->bends, u, &i);
    const size_t n = k->ptr[i + 1] - k->ptr[i];
    for (size_t j = 0; j < n; j++) {
        t->list[j] = (uint32_t)j;
        heat(t, k->idx[k->ptr[i] + j]);
    }
    scatter(1, n, t->list, k->idx + k->ptr[i], (const double *[]){t->bends.hull[u]}, &neg, t->y);
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
    double *low = t->y + (size_t)t->bends.low[u] * L, *top = t->y + (size_t)t->bends.top[u] * L, neg[L];
    for (size_t l = 0; l < L; l++) {
        const double pos = y[l] > 0 ? y[l] : 0;
        neg[l] = y[l] < 0 ? y[l] : 0;
        low[l] += pos * t->bends.slo[u];
    }
    if (t->bends.hull[u] && any(t, u, -1)) pull_hull(t, u, neg);
    for (size_t l = 0; l < L; l++) {
        if (!t->bends.hull[u]) top[l] += neg[l] * t->bends.sup[u];
        t->c[l] += neg[l] * t->bends.up[u];
        t->e[l] += fabs(y[l]) * t->bends.fee[u];
    }
    heat(t, t->bends.low[u]);
    heat(t, t->bends.top[u]);
}

/* The same where both lines read one unit. */
NM_WIDE static void pull_relu(nm_pull *t, size_t u)
{
    const double slo = t->bends.slo[u], sup = t->bends.sup[u], up = t->bends.up[u], fee = t->bends.fee[u];
    const double *restrict y = t->y + u * L;
    double *restrict to = t->y + (size_t)t->bends.low[u] * L, *restrict c = t->c, *restrict e = t->e;
    for (size_t l = 0; l < L; l++) {
        to[l] += y[l] * (y[l] > 0 ? slo : sup);
        c[l] += y[l] < 0 ? y[l] * up : 0;
        e[l] += fabs(y[l]) * fee;
    }
    heat(t, t->bends.low[u]);
}

/* Takes the units of block k out of the lanes that give their signs: they are 0, or what they read. */
static void take_signs(nm_pull *t, const nm_region *r, const nm_plain_block *k, size_t n, const nm_plain_sign *sign)
{
    const double fan = (double)t->p->fan + (double)r->n_signs + NM_CHECK_TREE + 4;
    for (const nm_plain_sign *s = sign; s < sign + n; s++) {
        if (s->unit < k->first || s->unit >= k->first + k->n) continue;
        const size_t a = t->bends.low[s->unit], from = s->lane < L ? s->lane : 0, to = s->lane < L ? from + 1 : L;
        for (size_t l = from; l < to; l++) {
            double *y = t->y + (size_t)s->unit * L + l;
            nm_pull_put(t, a, l, (s->side < 0 ? *y : 0) + s->side * s->beta);
            t->e[l] += fan * NM_CHECK_U * 2 * (fabs(*y) + s->beta) * nm_region_size(r, a);
            *y = 0;
        }
    }
}

/* Lists which of these units may not be 0, and marks them as read. */
static size_t list_live(nm_pull *t, size_t n, const uint32_t *idx)
{
    size_t m = 0;
    for (size_t k = 0; k < n; k++) {
        const bool live = !t->bends.zero[idx[k]]; /* there are no branches, as these would be guessed wrongly */
        t->list[m] = (uint32_t)k;
        m += live;
        t->hot[t->p->place[idx[k]]] |= live;
    }
    return m;
}

/* Pulls back the first n_hot units of t->row. */
static void pull_affine(nm_pull *t, const nm_plain_block *k, size_t n_hot)
{
    const double *w[8], *y[8];
    size_t n = 0;
    for (size_t from = 0, m; from < n_hot; from += m) {
        const uint32_t *row = t->row + from, group = k->group[row[0]];
        const size_t first = k->order[row[0]];
        const uint32_t *idx = k->idx + k->ptr[first];
        if (from == 0 || k->group[row[-1]] != group) n = list_live(t, k->ptr[first + 1] - k->ptr[first], idx);
        for (m = 1; m < 8 && from + 2 * m <= n_hot && k->group[row[2 * m - 1]] == group; m *= 2) {}
        for (size_t r = 0; r < m; r++) {
            const size_t unit = k->order[row[r]], u = k->first + unit;
            y[r] = t->y + u * L;
            w[r] = nm_plain_weights(k, unit);
            pay(t, y[r], k->bias[unit], t->bends.fee[u]);
        }
        scatter(m, n, t->list, idx, w, y, t->y);
    }
}

static void pull_unit(nm_pull *t, const nm_region *r, size_t u)
{
    if (t->bends.zero[u]) return;
    if (t->bends.hull[u]) nm_bends_make(&t->bends, r, u, any(t, u, 1), any(t, u, -1));
    if (t->bends.hull[u] || t->bends.low[u] != t->bends.top[u])
        pull_bent(t, u);
    else
        pull_relu(t, u);
}

/* Rewrites lanes over generators whose sum is given, by their level, which is the best m. */
static void shift(nm_pull *t, const nm_region *r, const nm_sum *s)
{
    for (size_t i = s->first; i < s->first + s->n; i++) heat(t, i);
    for (size_t l = 0; l < L; l++) {
        const double m = nm_sum_level(s, t->y + l, L, r->lo, r->hi);
        double lost = 0;
        if (m == 0 || !isfinite(m)) continue;
        for (size_t i = s->first; i < s->first + s->n; i++) {
            double *y = &t->y[i * L + l];
            *y -= m;
            lost += fabs(*y) * nm_region_size(r, i);
        }
        nm_pull_constant(t, l, m * s->total, 2 * NM_CHECK_U * lost + 1e-300);
    }
}

void nm_pull_back(nm_pull *t, const nm_region *r, const nm_plain_rows *rows)
{
    for (size_t b = rows->row[0].block; b > 0; b--) {
        const nm_plain_block *k = &t->p->block[b];
        if (k->kind == NM_RELU && rows->signs) take_signs(t, r, k, r->n_signs, r->sign);
        if (k->kind == NM_RELU) take_signs(t, r, k, rows->n_signs, rows->sign);
        const size_t n = take_hot(t, k);
        if (k->kind == NM_AFFINE) pull_affine(t, k, n);
        for (size_t i = 0; i < n; i++) {
            const size_t u = k->first + (k->kind == NM_AFFINE ? k->order[t->row[i]] : t->row[i]);
            if (k->kind != NM_AFFINE) pull_unit(t, r, u);
            forget(t, u);
        }
    }
    for (size_t s = 0; s < r->n_sums; s++) shift(t, r, &r->sums[s]);
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

/* Improves lo by the bounds that these multipliers give, and keeps the best multipliers. */
static void take(const nm_pull *t, const minimum *m, const double *lambda, double rhs, double *lo, double *best)
{
    const double n = (double)t->p->block[0].n;
    for (size_t l = 0; l < L; l++) {
        const double part = lambda[l] * rhs, all = t->c[l] + m->sum[l] - part;
        const double e = t->e[l] + (n + 8) * NM_CHECK_U * m->mag[l] + t->bends.flat +
                         8 * NM_CHECK_U * (fabs(t->c[l]) + fabs(m->sum[l]) + fabs(part));
        const double bound = nm_down(all - e * NM_CHECK_MORE);
        if (!(isfinite(bound) && bound > lo[l])) continue;
        lo[l] = bound;
        best[l] = lambda[l];
    }
}

typedef struct { /* of the bound as a function of a cut's multiplier: where, its value, slope */
    double at, value, slope;
} tangent;

/* Chooses the next multiplier, where the tangents on both sides of the best one meet; false: it is found. */
static bool next_multiplier(tangent *below, tangent *above, double value, double slope, double *lambda)
{
    const tangent here = {*lambda, value, slope};
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

/* Improves lower bounds of the lanes by the region's balls. */
static void take_balls(const nm_pull *t, const nm_region *r, double *lo)
{
    const size_t n = t->p->block[0].n;
    for (size_t l = 0; l < L && r->n_balls; l++) {
        bool any_left = false;
        for (size_t i = 0; i < n; i++) any_left |= (t->own[i] = t->y[i * L + l]) != 0;
        for (size_t k = 0; k < r->n_balls && any_left; k++) {
            const double least = nm_plain_ball_least(&r->balls[k], n, t->own, r->lo, r->hi, t->hint);
            const double e = t->e[l] + t->bends.flat + 8 * NM_CHECK_U * (fabs(t->c[l]) + fabs(least));
            const double bound = nm_down(t->c[l] + least - e * NM_CHECK_MORE);
            if (isfinite(bound) && bound > lo[l]) lo[l] = bound;
        }
    }
}

/* Sets lower bounds of the lanes: without the cut, and with it; best: its multipliers. The bound is concave in lambda,
 * piecewise linear, and its slope is cut x - rhs at the minimum. */
static void lower_box(const nm_pull *t, const nm_region *r, double *lo, double *best)
{
    double lambda[L] = {0};
    tangent below[L], above[L];
    bool open[L], any = r->cut != NULL;
    minimum m;
    least(t, r, lambda, &m);
    for (size_t l = 0; l < L; l++) {
        lo[l] = -INFINITY;
        best[l] = 0;
        above[l] = (tangent){.at = INFINITY};
        open[l] = r->cut && m.slope[l] > r->cut_rhs;
    }
    take(t, &m, lambda, 0, lo, best);
    for (int s = 0; any && s < NM_CHECK_MULTIPLIERS; s++) {
        any = false;
        for (size_t l = 0; l < L; l++) {
            if (!open[l]) continue;
            open[l] = next_multiplier(&below[l], &above[l], m.sum[l] - lambda[l] * r->cut_rhs, m.slope[l] - r->cut_rhs,
                                      &lambda[l]);
            any |= open[l];
        }
        if (!any) return;
        least(t, r, lambda, &m);
        take(t, &m, lambda, r->cut_rhs, lo, best);
    }
}

void nm_pull_lower(const nm_pull *t, const nm_region *r, double *lo)
{
    double multiplier[L];
    lower_box(t, r, lo, multiplier);
    take_balls(t, r, lo);
}

double nm_pull_multiplier(nm_pull *t, const nm_region *r, const double *y)
{
    double lo[L], best[L];
    nm_pull_clear(t);
    for (size_t i = 0; i < t->p->block[0].n; i++) nm_pull_put(t, i, 0, y[i]);
    lower_box(t, r, lo, best);
    return best[0];
}

double nm_pull_inputs(const nm_pull *t, double *g, double *e)
{
    for (size_t i = 0; i < t->p->block[0].n; i++) g[i] = t->y[i * L];
    *e = t->e[0] + t->bends.flat + 8 * NM_CHECK_U * fabs(t->c[0]);
    return t->c[0];
}
