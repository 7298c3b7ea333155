/* hull_maximum.c: the rows of a maximum's convex hull, over its candidates' common inputs (Anderson, Huchette, Ma,
 * Tjandraatmadja, Vielma 2020, section 4).
 *
 * m = max of a_1..a_n, a_i = sum over j of w_ij x_j + [lo_i, hi_i], x in a box, z_i = 1 for one winner i. For any
 * alpha,
 *     m <= sum alpha_j x_j + sum z_i top_i,    top_i = hi_i + sum over j of the largest (w_ij - alpha_j) x_j:
 * if candidate i wins, m = a_i. The rows for all alpha describe the hull of the points (x, m, z). At a point x*, z* of
 * the relaxation the right side is a sum over j of convex, piecewise linear functions of alpha_j with kinks at
 * w_1j..w_nj and slope
 *     x_j* - l_j (sum of z_i*, w_ij <= alpha_j) - u_j (sum of z_i*, w_ij > alpha_j),
 * so the best alpha_j is a quantile of the w_ij weighted by z*: the largest w_ij such that the candidates with it or a
 * larger one have a weight of (x_j* - l_j) / (u_j - l_j) or more. Candidates that cannot win have no z, and do not
 * enter. Rounding. alpha_j is one of the w_ij, or 0, and is written exactly; top_i is rounded up, and one that readers
 * would drop is enlarged. So a row is valid whatever the point. Cost: terms times candidates squared. */
#include "base/base.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

#include <stdlib.h>

typedef struct {
    size_t n, m;       /* columns; candidates with a binary */
    uint32_t *j;       /* [n] */
    double *alpha;     /* [n] */
    size_t *of;        /* [m] which candidates */
    double *w, *top;   /* [m][n], [m] */
} window;

static int by_column(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Lists the columns of the candidates that can win, each once, and their coefficients in each candidate. */
static window window_of(const nm_enc *e, const nm_encmax *u)
{
    window s = {.of = NM_RAW(e->job, size_t, u->n + 1)};
    size_t all = 0;
    for (size_t i = 0; i < u->n; i++) {
        if (u->z[i] < 0) continue;
        all += u->above[i].n;
        s.of[s.m++] = i;
    }
    s.j = NM_RAW(e->job, uint32_t, all + 1);
    for (size_t i = 0; i < s.m; i++) {
        const nm_form *f = &u->above[s.of[i]];
        for (size_t k = 0; k < f->n; k++) s.j[s.n++] = f->j[k];
    }
    qsort(s.j, s.n, sizeof *s.j, by_column);
    size_t n = 0;
    for (size_t k = 0; k < s.n; k++)
        if (n == 0 || s.j[n - 1] != s.j[k]) s.j[n++] = s.j[k];
    s.n = n;
    s.w = NM_ARRAY(e->job, double, s.m * n + 1);
    for (size_t i = 0; i < s.m; i++) {
        const nm_form *f = &u->above[s.of[i]];
        for (size_t k = 0; k < f->n; k++) {
            const uint32_t *at = bsearch(&f->j[k], s.j, n, sizeof *s.j, by_column);
            s.w[i * n + (size_t)(at - s.j)] = f->c[k];
        }
    }
    s.alpha = NM_RAW(e->job, double, n + 1);
    s.top = NM_RAW(e->job, double, s.m + 1);
    return s;
}

/* Returns the coefficient of column k that is best at x. */
static double quantile(const nm_enc *e, const nm_encmax *u, const window *s, size_t k, const double *x)
{
    const nm_col *c = &e->m->cols[s->j[k]];
    const double share = c->lo < c->hi ? (x[s->j[k]] - c->lo) / (c->hi - c->lo) : 0;
    double below = INFINITY, weight = 0;
    for (size_t turn = 0; turn < s->m; turn++) { /* the candidates by falling coefficient */
        double next = -INFINITY;
        for (size_t i = 0; i < s->m; i++)
            if (s->w[i * s->n + k] < below) next = fmax(next, s->w[i * s->n + k]);
        if (!isfinite(next)) break;
        below = next;
        for (size_t i = 0; i < s->m; i++)
            if (s->w[i * s->n + k] == next) weight += x[u->z[s->of[i]]];
        if (weight >= share) break;
    }
    return below;
}

/* Computes the row that is most violated at x; returns its right side there. */
static double best_row(const nm_enc *e, const nm_encmax *u, window *s, const double *x)
{
    double side = 0;
    for (size_t k = 0; k < s->n; k++) {
        s->alpha[k] = quantile(e, u, s, k, x);
        side += s->alpha[k] * x[s->j[k]];
    }
    for (size_t i = 0; i < s->m; i++) {
        double sum = u->above[s->of[i]].hi, mag = fabs(sum);
        for (size_t k = 0; k < s->n; k++) {
            const nm_col *c = &e->m->cols[s->j[k]];
            const double w = s->w[i * s->n + k], d = w - s->alpha[k];
            sum += fmax(d * c->lo, d * c->hi);
            mag += (fabs(w) + fabs(s->alpha[k])) * fmax(fabs(c->lo), fabs(c->hi));
        }
        s->top[i] = nm_up(sum + (double)(s->n + 8) * NM_ULP * mag + NM_TINY);
        side += s->top[i] * x[u->z[s->of[i]]];
    }
    return side;
}

double nm_hull_max_separate(const nm_enc *e, const nm_encmax *u, const double *x)
{
    const nm_mark mark = nm_mark_get(e->job);
    window s = window_of(e, u);
    const double by = x[e->col[u->u]] - best_row(e, u, &s, x);
    nm_mark_release(e->job, mark);
    return by;
}

void nm_hull_max_row(nm_enc *e, const nm_encmax *u, const double *x, size_t round)
{
    window s = window_of(e, u);
    best_row(e, u, &s, x);
    uint32_t *j = NM_RAW(e->job, uint32_t, s.n + s.m + 1);
    double *c = NM_RAW(e->job, double, s.n + s.m + 1);
    size_t n = 0;
    for (size_t k = 0; k < s.n; k++) {
        if (s.alpha[k] == 0) continue;
        j[n] = s.j[k];
        c[n++] = -s.alpha[k];
    }
    for (size_t i = 0; i < s.m; i++) {
        const double top = fabs(s.top[i]) >= NM_COEF_MIN ? s.top[i] : s.top[i] > 0 ? NM_COEF_MIN : 0;
        if (top == 0) continue;
        j[n] = (uint32_t)u->z[s.of[i]];
        c[n++] = -top;
    }
    j[n] = (uint32_t)e->col[u->u];
    c[n++] = 1;
    nm_model_row(e->job, e->m, nm_fmt(e->job, "%s_%zu", nm_enc_name(e, "rh", u->u), round), -INFINITY, 0, n, j, c);
    nm_model_is_cut(e->m);
}
