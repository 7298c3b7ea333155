/* partition.c: splits a unit's inputs into N groups, each with its share of the active part (Tsay, Kronqvist, Thebelt,
 * Misener 2021): between big-M (N = 1) and the hull (one group for each input).
 *
 * a = sum_k g_k + b, g_k the k-th group's part of the form, L_k <= g_k <= U_k over the columns' boxes, b in [lo, hi];
 * p_k stands for z g_k:
 *   (1) v >= a        (2) v <= sum p_k + hi z        (3) sum (g_k - p_k) + lo (1 - z) <= 0
 *   (4) L_k z <= p_k <= U_k z                        (5) L_k (1-z) <= g_k - p_k <= U_k (1-z)
 *   and v <= U z with the unit's own bound, which may be tighter than its boxes.
 * z = 1 gives p_k = g_k by (5), v <= a; z = 0 gives p_k = 0, v <= 0 and a <= 0. Groups: terms sorted by coefficient,
 * the same number in each (their "equal size"). L_k, U_k are rounded outwards. If one of them is below NM_COEF_MIN, a
 * coefficient that some readers drop and that misleads the probing of others, its row is written without z, such that
 * it holds for both values: p_k and g_k - p_k lie in [min(L_k, 0), max(U_k, 0)]. lift: p_k = z g_k. */
#include "base/base.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

#include <stdlib.h>

typedef struct {
    const uint32_t *j;
    const double *c;
    size_t at;
    double w;
} term;

static int by_weight(const void *a, const void *b)
{
    const term *x = a, *y = b;
    if (x->w != y->w) return x->w < y->w ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Returns the terms of the form in the order of the groups. */
static nm_form sorted(const nm_enc *e, const nm_form *f)
{
    term *t = NM_RAW(e->job, term, f->n + 1);
    uint32_t *j = NM_RAW(e->job, uint32_t, f->n + 1);
    double *c = NM_RAW(e->job, double, f->n + 1);
    for (size_t k = 0; k < f->n; k++) t[k] = (term){f->j, f->c, k, f->c[k]};
    qsort(t, f->n, sizeof *t, by_weight);
    for (size_t k = 0; k < f->n; k++) {
        j[k] = f->j[t[k].at];
        c[k] = f->c[t[k].at];
    }
    return (nm_form){f->n, j, c, f->lo, f->hi};
}

static nm_form group(const nm_form *f, size_t k, size_t n)
{
    const size_t from = f->n * k / n, to = f->n * (k + 1) / n;
    return (nm_form){to - from, f->j + from, f->c + from, 0, 0};
}

static void ends(const nm_enc *e, const nm_form *g, double *lo, double *hi)
{
    double low = 0, top = 0, mag = 0;
    for (size_t k = 0; k < g->n; k++) {
        const nm_col *x = &e->m->cols[g->j[k]];
        const double a = g->c[k] * x->lo, b = g->c[k] * x->hi;
        low += fmin(a, b);
        top += fmax(a, b);
        mag += fmax(fabs(a), fabs(b));
    }
    const double fee = (double)(g->n + 8) * NM_ULP * mag + NM_TINY;
    *lo = nm_down(low - fee);
    *hi = nm_up(top + fee);
}

/* Adds sign * form + terms + coef z <= rhs; z is the last of n terms, and left out if coef is small. */
static void relaxed(nm_enc *e, const char *name, const nm_form *f, double sign, size_t n,
                    const uint32_t *j, double *c, double coef, double rhs)
{
    const bool small = fabs(coef) < NM_COEF_MIN;
    c[n - 1] = coef;
    nm_enc_row(e, name, f, sign, n - small, j, c, small ? rhs + fmax(-coef, 0) : rhs);
}

static void add_group(nm_enc *e, size_t u, size_t k, const nm_form *g, uint32_t p, uint32_t z)
{
    const char *tail = nm_fmt(e->job, "%s_%zu", nm_enc_name(e, "", u), k);
    const nm_form none = {0};
    const uint32_t j[2] = {p, z};
    double lo, hi;
    ends(e, g, &lo, &hi);
    relaxed(e, nm_fmt(e->job, "rp%s", tail), &none, 1, 2, j, (double[]){1, 0}, -hi, 0);
    relaxed(e, nm_fmt(e->job, "rq%s", tail), &none, 1, 2, j, (double[]){-1, 0}, lo, 0);
    relaxed(e, nm_fmt(e->job, "rr%s", tail), g, 1, 2, j, (double[]){-1, 0}, hi, hi);
    relaxed(e, nm_fmt(e->job, "rs%s", tail), g, -1, 2, j, (double[]){1, 0}, -lo, -lo);
}

static void relu(nm_enc *e, nm_encunit *w)
{
    const size_t n = e->arg < w->above.n ? e->arg : w->above.n;
    const uint32_t v = (uint32_t)e->col[w->u], z = nm_enc_phase(e, w->u);
    const double minus = -1, hi = e->b->hi[w->pre], top = hi < NM_COEF_MIN ? NM_COEF_MIN : hi;
    w->above = sorted(e, &w->above);
    uint32_t *j = NM_RAW(e->job, uint32_t, n + 2);
    double *c = NM_RAW(e->job, double, n + 2);
    for (size_t k = 0; k < n; k++) {
        const nm_form g = group(&w->above, k, n);
        double low, up;
        ends(e, &g, &low, &up);
        j[k] = nm_model_col(e->job, e->m, nm_fmt(e->job, "%s_%zu", nm_enc_name(e, "p", w->u), k),
                            fmin(low, 0), fmax(up, 0), false);
        c[k] = -1;
        if (k == 0) w->extra = j[0];
        add_group(e, w->u, k, &g, j[k], z);
    }
    nm_enc_row(e, nm_enc_name(e, "ra", w->u), &w->below, 1, 1, &v, &minus, -w->below.lo);
    const nm_form none = {0};
    j[n] = z;
    relaxed(e, nm_enc_name(e, "ri", w->u), &w->above, 1, n + 1, j, c, -w->above.lo, -w->above.lo);
    j[n] = v;
    c[n] = 1;
    j[n + 1] = z;
    relaxed(e, nm_enc_name(e, "rb", w->u), &none, 1, n + 2, j, c, -w->above.hi, 0);
    nm_enc_row(e, nm_enc_name(e, "rc", w->u), &none, 1, 2, (uint32_t[]){v, z}, (double[]){1, -top},
               0);
}

static void lift(const nm_enc *e, const nm_encunit *w, double pre, double *x)
{
    const size_t n = e->arg < w->above.n ? e->arg : w->above.n;
    if (w->extra < 0) return;
    for (size_t k = 0; k < n; k++) {
        const nm_form g = group(&w->above, k, n);
        double sum = 0;
        for (size_t t = 0; t < g.n; t++) sum += g.c[t] * x[g.j[t]];
        x[w->extra + (int64_t)k] = pre > 0 ? sum : 0;
    }
}

const nm_encoding nm_enc_partition = {
    .name = "partition", .arg = "groups of a unit's inputs", .relu = relu, .lift = lift};
