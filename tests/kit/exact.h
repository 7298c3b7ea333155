/* exact.h: evaluation of a Program in exact rational arithmetic (GMP mpq), in double, and its gradient. It goes
 * through nm_lin_row alone, the slow path that the bounds do not use. Every double is a rational, so exact values are
 * compared with bounds to the last bit. */
#ifndef NM_EXACT_H
#define NM_EXACT_H
#include "test.h"

#include <gmp.h>

typedef struct exact {
    size_t n;
    mpq_t *v, w, t;
} exact; /* unit values, and two to compute with */
typedef struct x_sum {
    exact *e;
    mpq_ptr out;
    const mpq_t *src;
    bool magnitude;
} x_sum;

static inline exact *x_new(size_t n)
{
    exact *e = malloc(sizeof *e);
    e->n = n;
    e->v = malloc((n + 1) * sizeof *e->v);
    for (size_t i = 0; i < n; i++) mpq_init(e->v[i]);
    mpq_inits(e->w, e->t, NULL);
    return e;
}

static inline void x_free(exact *e)
{
    for (size_t i = 0; i < e->n; i++) mpq_clear(e->v[i]);
    mpq_clears(e->w, e->t, NULL);
    free(e->v);
    free(e);
}

static inline void x_put(void *arg, size_t j, double w)
{
    const x_sum *s = arg;
    if (w == 0 || mpq_sgn(s->src[j]) == 0) return;
    mpq_set_d(s->e->w, w);
    mpq_mul(s->e->t, s->e->w, s->src[j]);
    if (s->magnitude) mpq_abs(s->e->t, s->e->t);
    mpq_add(s->out, s->out, s->e->t);
}

/* out = row i of an AFFINE block; with `magnitude` the same over absolute values */
static inline void x_affine(const nm_program *p, const nm_block *k, size_t i, exact *e, mpq_ptr out,
                            bool magnitude)
{
    mpq_set_d(out, magnitude ? fabs(k->bias[i]) : k->bias[i]);
    for (size_t t = 0; t < k->n_lin; t++) {
        x_sum s = {e, out, (const mpq_t *)(e->v + p->blocks[k->lin[t].src].first), magnitude};
        nm_lin_row(&k->lin[t], i, x_put, &s);
    }
}

/* the units behind block 0, whose values are there */
static inline void x_trace(const nm_program *p, exact *e)
{
    for (size_t b = 1; b < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        const mpq_t *src = k->src >= 0 ? (const mpq_t *)(e->v + p->blocks[k->src].first) : NULL;
        for (size_t i = 0; i < k->n; i++) {
            mpq_ptr out = e->v[k->first + i];
            if (k->kind == NM_AFFINE) x_affine(p, k, i, e, out, false);
            if (k->kind == NM_RELU && mpq_sgn(src[i]) > 0) mpq_set(out, src[i]);
            if (k->kind == NM_RELU && mpq_sgn(src[i]) <= 0) mpq_set_ui(out, 0, 1);
            if (k->kind != NM_MAX) continue;
            mpq_set(out, src[k->idx[k->ptr[i]]]);
            for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++)
                if (mpq_cmp(src[k->idx[t]], out) > 0) mpq_set(out, src[k->idx[t]]);
        }
    }
}

static inline void x_eval(const nm_program *p, const double *x, exact *e)
{
    for (size_t i = 0; i < p->blocks[0].n; i++) mpq_set_d(e->v[i], x[i]);
    x_trace(p, e);
}

/* the sign of exact value - x; x may be infinite */
static inline int x_cmp(exact *e, size_t u, double x)
{
    if (isinf(x)) return x > 0 ? -1 : 1;
    mpq_set_d(e->w, x);
    return mpq_cmp(e->v[u], e->w);
}

typedef struct d_sum {
    double out;
    const double *src;
    double *grad, g;
} d_sum;

static inline void d_put(void *arg, size_t j, double w)
{
    d_sum *s = arg;
    if (s->grad)
        s->grad[j] += w * s->g;
    else
        s->out += w * s->src[j];
}

static inline void d_eval(const nm_program *p, const double *x, double *v)
{
    memcpy(v, x, p->blocks[0].n * sizeof *x);
    for (size_t b = 1; b < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        const double *src = k->src >= 0 ? v + p->blocks[k->src].first : NULL;
        for (size_t i = 0; i < k->n; i++) {
            double *out = &v[k->first + i];
            d_sum s = {k->kind == NM_AFFINE ? k->bias[i] : 0, NULL, NULL, 0};
            for (size_t t = 0; t < k->n_lin; t++) {
                s.src = v + p->blocks[k->lin[t].src].first;
                nm_lin_row(&k->lin[t], i, d_put, &s);
            }
            *out = k->kind == NM_AFFINE ? s.out
                   : k->kind == NM_RELU ? (src[i] > 0 ? src[i] : 0)
                                        : -INFINITY;
            for (size_t t = k->kind == NM_MAX ? k->ptr[i] : 0;
                 k->kind == NM_MAX && t < k->ptr[i + 1]; t++)
                if (src[k->idx[t]] > *out) *out = src[k->idx[t]];
        }
    }
}

/* g[n_units]: the gradient of unit `at` at the point whose values are v */
static inline void d_gradient(const nm_program *p, const double *v, size_t at, double *g)
{
    memset(g, 0, p->n_units * sizeof *g);
    g[at] = 1;
    for (size_t b = p->n_blocks; b-- > 1;) {
        const nm_block *k = &p->blocks[b];
        for (size_t i = 0; i < k->n; i++) {
            const size_t u = k->first + i, src = k->src >= 0 ? p->blocks[k->src].first : 0;
            if (g[u] == 0) continue;
            for (size_t t = 0; t < k->n_lin; t++) {
                d_sum s = {0, NULL, g + p->blocks[k->lin[t].src].first, g[u]};
                nm_lin_row(&k->lin[t], i, d_put, &s);
            }
            if (k->kind == NM_RELU && v[src + i] > 0) g[src + i] += g[u];
            bool done = k->kind != NM_MAX;
            for (size_t t = done ? 0 : k->ptr[i]; !done && t < k->ptr[i + 1]; t++) {
                if (v[src + k->idx[t]] != v[u]) continue;
                g[src + k->idx[t]] += g[u];
                done = true;
            }
        }
    }
}
#endif
