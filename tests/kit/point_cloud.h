/* point_cloud.h: a random network with rows, and points of its input box evaluated in exact rational arithmetic,
 * against which prop_conditioned.c, prop_hull.c and prop_unit_programs.c hold every bound. */
#ifndef CLOUD_H
#define CLOUD_H

#include "random_networks.h"

#define SEED ((unsigned long long)s->seed)

enum { POINTS = 48, ROWS = 4, FREE = 4 };

typedef struct setup {
    uint64_t seed;
    gen g;
    const nm_net *net;
    const nm_program *p; /* with the rows */
    double *lo, *hi;
    size_t n_free, free[FREE], n_pts;
    nm_row *row[ROWS];
    exact *pt[POINTS];
    nm_bounds *b; /* CROWN's */
    mpq_t sum;
} setup;

static size_t n_signed; /* points met where signs hold */

static size_t unit_of(const setup *s, size_t r)
{
    return s->p->blocks[s->p->n_blocks - 1].first + r;
}
/* the least double that is not below q */
static double round_up(const mpq_t q)
{
    mpq_t t;
    double d = mpq_get_d(q);
    mpq_init(t);
    mpq_set_d(t, d);
    if (mpq_cmp(t, q) < 0) d = nm_up(d);
    mpq_clear(t);
    return d;
}
/* s->sum = c + sum g[i step] x_i */
static void line_at(setup *s, exact *e, const double *g, size_t step, double c)
{
    mpq_set_d(s->sum, c);
    for (size_t i = 0; i < s->net->n_in; i++) {
        mpq_set_d(e->w, g[i * step]);
        mpq_mul(e->t, e->w, e->v[i]);
        mpq_add(s->sum, s->sum, e->t);
    }
}
static bool line_below(setup *s, exact *e, const double *g, double h)
{
    line_at(s, e, g, 1, 0);
    mpq_set_d(e->w, h);
    return mpq_cmp(s->sum, e->w) <= 0;
}
/* the first unit of the point outside the bounds, or n_units */
static size_t outside(const setup *s, exact *e, const nm_bounds *b)
{
    for (size_t k = 0; k < s->p->n_blocks; k++)
        for (size_t u = s->p->blocks[k].first; u < s->p->blocks[k].first + s->p->blocks[k].n; u++)
            if (x_cmp(e, u, b->lo[u]) < 0 || x_cmp(e, u, b->hi[u]) > 0) return u;
    return s->p->n_units;
}
static void free_cloud(void *arg)
{
    setup *s = arg;
    for (size_t k = 0; k < s->n_pts; k++) x_free(s->pt[k]);
    s->n_pts = 0;
    mpq_clear(s->sum);
}
static void add_point(setup *s, const double *x)
{
    if (s->n_pts == POINTS) return;
    exact *e = s->pt[s->n_pts++] = x_new(s->p->n_units);
    x_eval(s->p, x, e);
}
/* x: where a descent with shrinking sign steps met the least value of the unit, which it returns */
static double hunt(nm_job *job, const setup *s, size_t unit, double *x)
{
    const size_t n = s->net->n_in;
    const nm_mark mark = nm_mark_get(job);
    double *v = NM_ARRAY(job, double, s->p->n_units), *g = NM_ARRAY(job, double, s->p->n_units);
    double *at = NM_RAW(job, double, n), best = INFINITY;
    for (int start = 0; start < 6; start++) {
        g_point(n, s->lo, s->hi, start, at);
        for (int k = 0; k < 30; k++) {
            d_eval(s->p, at, v);
            if (v[unit] < best) memcpy(x, at, n * sizeof *x);
            if (v[unit] < best) best = v[unit];
            d_gradient(s->p, v, unit, g);
            for (size_t i = 0; i < n; i++) {
                const double move = pow(0.75, k) * (s->hi[i] - s->lo[i]);
                at[i] += g[i] > 0 ? -move : g[i] < 0 ? move : 0;
                at[i] = fmin(fmax(at[i], s->lo[i]), s->hi[i]);
            }
        }
    }
    nm_mark_release(job, mark);
    return best;
}
static void make_cloud(nm_job *job, setup *s)
{
    const size_t n = s->net->n_in;
    double *x = NM_RAW(job, double, n);
    mpq_init(s->sum);
    nm_defer(job, free_cloud, s);
    for (size_t k = 0; k < (size_t)1 << s->n_free; k++) {
        memcpy(x, s->lo, n * sizeof *x);
        for (size_t f = 0; f < s->n_free; f++)
            if (k >> f & 1) x[s->free[f]] = s->hi[s->free[f]];
        add_point(s, x);
    }
    for (size_t r = 0; r < ROWS; r++) {
        hunt(job, s, unit_of(s, r), x);
        add_point(s, x);
    }
    g_point(n, s->lo, s->hi, 2, x);
    while (s->n_pts < POINTS) {
        add_point(s, x);
        g_point(n, s->lo, s->hi, 3 + (int)(s->n_pts % 2), x);
        const size_t f = s->free[t_below(s->n_free)]; /* faces */
        if (t_below(2)) x[f] = t_below(2) ? s->lo[f] : s->hi[f];
    }
}
/* two to four inputs are free; the rest stand at points */
static void make(nm_job *job, setup *s, size_t kinds, size_t most_free)
{
    t_seed = s->seed;
    const size_t pick = (size_t)s->seed;
    static const double push[] = {0, 0, 0.5, -0.3};
    s->g = (gen){.kind = (g_numbers)(pick % kinds), .push = push[pick % 4], .wide = pick % 7};
    s->g.plain = pick > 1000 && pick % 5 != 0; /* the others take longer */
    const int64_t c = 1 + (int64_t)t_below(2), h = 1 + (int64_t)t_below(2);
    s->net = g_net(job, g_text(job, &s->g, c, h, 2 + (int64_t)t_below(2), t_below(6)));
    const size_t n = s->net->n_in;
    s->lo = NM_RAW(job, double, n);
    s->hi = NM_RAW(job, double, n);
    g_box(BOX_POINTS, n, s->lo, s->hi);
    s->n_free = 2 + t_below(most_free - 1);
    if (s->n_free > n) s->n_free = n;
    for (size_t f = 0, i = t_below(n); f < s->n_free; f++, i = (i + 1) % n) {
        s->free[f] = i;
        s->lo[i] = t_below(3) ? t_uniform(-2, 1) : -1;
        s->hi[i] = s->lo[i] + (t_below(3) ? t_uniform(0.2, 3) : 2);
    }
    for (int r = 0; r < ROWS; r++) s->row[r] = g_row(job, &s->g, s->net->n_out, n);
    s->p = nm_program_with_rows(job, nm_lower(job, s->net), ROWS, (const nm_row *const *)s->row);
    s->b = nm_bounds_new(job, s->p, s->lo, s->hi);
    nm_crown(job, s->b, (nm_crown_opts){.query_block = (int)s->p->n_blocks - 1});
}
static bool has_signs(const setup *s, exact *e, const nm_signs *g)
{
    for (size_t i = 0; g && i < g->n; i++) {
        const nm_block *k = &s->p->blocks[nm_program_block(s->p, g->unit[i])];
        const size_t pre = s->p->blocks[k->src].first + (g->unit[i] - k->first);
        if (mpq_sgn(e->v[pre]) * g->side[i] > 0) return false;
    }
    return true;
}
/* the points where the signs hold against every lane */
static void check_lanes(setup *s, const nm_alpha *a, size_t n, const uint32_t *row,
                        const nm_signs *signs, const char *what)
{
    size_t bad_line = 0, bad_lo = 0, bad_order = 0;
    for (size_t k = 0; k < s->n_pts; k++) {
        exact *e = s->pt[k];
        if (!has_signs(s, e, signs)) continue;
        n_signed += signs != NULL;
        for (size_t l = 0; l < n; l++) {
            bad_lo += x_cmp(e, unit_of(s, row[l]), a->lo[l]) < 0;
            if (!isfinite(a->g0[l])) continue;
            line_at(s, e, a->g + l, NM_LANES, a->g0[l]);
            bad_line += mpq_cmp(e->v[unit_of(s, row[l])], s->sum) < 0;
            const double at = mpq_get_d(s->sum);
            bad_order += at < a->lo[l] - 1e-9 * (fabs(at) + fabs(a->lo[l]));
        }
    }
    CHECK(bad_line == 0 && bad_lo == 0 && bad_order == 0,
          "%s: %zu below the line, %zu below lo, %zu lines below lo; seed %llu", what, bad_line,
          bad_lo, bad_order, SEED);
}
/* up to 6 signs of RELU units, those of a point of the cloud; a branch meets bounds with them */
static nm_signs *draw_signs(nm_job *job, const setup *s, nm_bounds *met)
{
    nm_signs *g = NM_NEW(job, nm_signs);
    uint32_t *unit = NM_RAW(job, uint32_t, 6);
    signed char *side = NM_RAW(job, signed char, 6);
    const exact *like = s->pt[t_below(s->n_pts)];
    for (size_t k = 1; k < s->p->n_blocks; k++) {
        const nm_block *r = &s->p->blocks[k];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n && g->n < 6; i++) {
            const size_t pre = s->p->blocks[r->src].first + i;
            if (nm_bounds_phase(s->b, pre) != NM_UNSTABLE || t_below(3) == 0) continue;
            const int sign = mpq_sgn(like->v[pre]);
            unit[g->n] = (uint32_t)(r->first + i);
            side[g->n] = (signed char)(sign < 0 || (sign == 0 && t_below(2)) ? 1 : -1);
            if (met && side[g->n] > 0) nm_bounds_meet(met, pre, -INFINITY, 0, NM_BY_ALPHA);
            if (met && side[g->n] < 0) nm_bounds_meet(met, pre, 0, INFINITY, NM_BY_ALPHA);
            g->n++;
        }
    }
    g->unit = unit;
    g->side = side;
    return g;
}
#endif
