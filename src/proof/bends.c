/* bends.c: between which lines the checker's units lie.
 *
 *   RELU    v = max(a, 0) on [l,h]: v >= t a, any t in [0,1]; v <= k a + m, the chord, rounded up
 *           or, over a box of inputs that the unit's row reads, a line over these (point.c), computed when it is needed
 *   MAX     v is at least any member, and at most the chord of max(top, second) on top's range
 *
 * fee: what rounding costs for each |coefficient| of a unit that is pulled back by its lines, see pull.c. */
#include "base/base.h"
#include "program/program.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { LOWER = 1, UPPER = 2 };

nm_bends nm_bends_new(nm_job *job, const nm_plain *p)
{
    nm_bends t = {.p = p};
    t.zero = NM_ARRAY(job, bool, p->n_units);
    t.slo = NM_ARRAY(job, double, p->n_units);
    t.sup = NM_ARRAY(job, double, p->n_units);
    t.up = NM_ARRAY(job, double, p->n_units);
    t.fee = NM_ARRAY(job, double, p->n_units);
    t.hull = NM_ARRAY(job, double *, p->n_units);
    t.made = NM_ARRAY(job, unsigned char, p->n_units);
    t.ramp = NM_ARRAY(job, double, p->n_units);
    for (size_t u = 0; u < p->n_units; u++) t.ramp[u] = 0.5;
    t.room = NM_ARRAY(job, double *, p->n_blocks);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_plain_block *k = &p->block[b];
        if (k->kind == NM_AFFINE && k->is_pre && k->reads_input_only)
            t.room[b] = NM_RAW(job, double, k->ptr[k->n] + 1);
    }
    t.low = NM_ARRAY(job, uint32_t, p->n_units);
    t.top = NM_ARRAY(job, uint32_t, p->n_units);
    return t;
}

/* Sets the chord of a convex function from (l, fl) to (h, fh), rounded up: above it between its ends. */
static void chord(nm_bends *t, size_t u, double l, double fl, double h, double fh)
{
    double k = (fh - fl) / (h - l);
    if (!(k >= 0 && k <= 1)) k = fl == 0 ? 1 : 0;
    const double m = nm_larger(fl - k * l, fh - k * h);
    t->sup[u] = k;
    t->up[u] = m + 8 * NM_CHECK_U * (fabs(l) + fabs(h) + fabs(fl) + fabs(fh)) + 1e-300;
}

static void line_relu(nm_bends *t, const nm_region *r, size_t u, size_t a, bool steep)
{
    const double l = r->lo[a], h = r->hi[a];
    t->low[u] = t->top[u] = (uint32_t)a;
    t->slo[u] = t->sup[u] = h <= 0 ? 0 : 1;
    t->up[u] = 0;
    if (!(l < 0 && h > 0)) return;
    t->slo[u] = r->steep[a] ? r->steep[a] - 1 : h > -l * NM_CHECK_NEARLY;
    if (!steep && r->slope[u] >= 0) t->slo[u] = r->slope[u];
    chord(t, u, l, 0, h, h);
}

static void line_max(nm_bends *t, const nm_region *r, const nm_plain_block *k, size_t i)
{
    const size_t u = k->first + i, at = k->ptr[i], end = k->ptr[i + 1];
    uint32_t low = k->idx[at], top = low;
    double second = -INFINITY, big = 0;
    for (size_t m = at; m < end; m++) big = nm_larger(big, nm_region_size(r, k->idx[m]));
    for (size_t m = at; m < end; m++) {
        if (r->lo[k->idx[m]] > r->lo[low] + NM_CHECK_TIE * big) low = k->idx[m];
        if (r->hi[k->idx[m]] > r->hi[top] + NM_CHECK_TIE * big) top = k->idx[m];
    }
    for (size_t m = at; m < end; m++)
        if (k->idx[m] != top) second = nm_larger(second, r->hi[k->idx[m]]);
    t->top[u] = t->low[u] = top;
    t->slo[u] = t->sup[u] = 1;
    t->up[u] = 0;
    if (r->lo[top] >= second) return; /* the top member is the largest everywhere */
    t->low[u] = low;
    chord(t, u, r->lo[top], second, r->hi[top], nm_larger(r->hi[top], second));
}

/* Says whether the region's point decides a unit's lines, which are then computed when they are needed. */
static void line_point(nm_bends *t, const nm_region *r, size_t u, int src, size_t i, bool steep)
{
    const nm_plain_block *k = &t->p->block[src];
    const size_t a = k->first + i;
    const bool is = !steep && r->point && t->room[src] && r->lo[a] < 0 && r->hi[a] > 0;
    t->hull[u] = is ? t->room[src] + k->ptr[i] : NULL;
    t->made[u] = 0;
}

const nm_plain_block *nm_bends_read_by(const nm_bends *t, size_t u, size_t *i)
{
    const nm_plain_block *k = t->p->block;
    while (!(t->low[u] >= k->first && t->low[u] < k->first + k->n)) k++;
    *i = t->low[u] - k->first;
    return k;
}

void nm_bends_make(nm_bends *t, const nm_region *r, size_t u, bool lower, bool upper)
{
    size_t i;
    if (!t->hull[u] || ((!lower || t->made[u] & LOWER) && (!upper || t->made[u] & UPPER))) return;
    const nm_plain_block *k = nm_bends_read_by(t, u, &i);
    const size_t n = k->ptr[i + 1] - k->ptr[i];
    double *c = t->hull[u];
    if (lower && !(t->made[u] & LOWER)) t->slo[u] = nm_point_slope(k, i, r);
    if (upper && !(t->made[u] & UPPER)) {
        nm_point_thetas(k, i, r, c, &t->ramp[u]);
        for (size_t j = 0; !r->exact && j < n; j++) c[j] *= nm_plain_weights(k, i)[j];
        if (!r->exact) t->up[u] = nm_point_top(k, i, r, c);
    }
    t->made[u] |= (unsigned char)((lower ? LOWER : 0) | (upper ? UPPER : 0));
}

bool nm_bends_zero(const nm_bends *t, size_t u)
{
    return t->slo[u] == 0 && t->sup[u] == 0 && t->up[u] == 0 && !t->hull[u];
}

void nm_bends_set(nm_bends *t, const nm_region *r, size_t from, size_t to, bool steep)
{
    const nm_plain *p = t->p;
    const double adds = 2 * (double)p->n_units + (double)r->n_signs + 64;
    const double fan = (double)p->fan + (double)r->n_signs + NM_CHECK_TREE + 4; /* a unit may have many signs */
    for (size_t b = from > 1 ? from : 1; b < to; b++) {
        const nm_plain_block *k = &p->block[b];
        for (size_t i = 0; i < k->n; i++) {
            const size_t u = k->first + i;
            if (k->kind == NM_RELU) line_relu(t, r, u, p->block[k->src].first + i, steep);
            if (k->kind == NM_RELU) line_point(t, r, u, k->src, i, steep);
            if (k->kind == NM_MAX) line_max(t, r, k, i);
            const bool affine = k->kind == NM_AFFINE;
            const double mag = affine       ? r->mag[u]
                               : t->hull[u] ? nm_region_size(r, t->low[u]) + r->mag[t->low[u]]
                                            : nm_region_size(r, t->low[u]) + nm_region_size(r, t->top[u]);
            const double c = affine ? fabs(k->bias[i]) : t->hull[u] ? 2 * r->mag[t->low[u]] : fabs(t->up[u]);
            t->zero[u] = !affine && nm_bends_zero(t, u);
            t->fee[u] = (fan * mag + adds * c) * NM_CHECK_U * NM_CHECK_MORE;
        }
    }
    t->flat = 1 + adds;
    for (size_t b = 0; b < to; b++)
        for (size_t i = 0; i < p->block[b].n; i++)
            t->flat += fan * nm_region_size(r, p->block[b].first + i);
    t->flat *= 1e-300;
}

nm_plain_line nm_bends_line(nm_bends *t, const nm_region *r, size_t u, int sign)
{
    nm_bends_make(t, r, u, sign > 0, sign < 0);
    return (nm_plain_line){.low = t->low[u], .top = t->top[u], .slo = t->slo[u], .sup = t->sup[u], .theta = t->hull[u]};
}
