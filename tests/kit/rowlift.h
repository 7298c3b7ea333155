/* rowlift.h: points of a question's input set, traced through the Program in rationals, and what every column of
 * a model is at them: nm_encode_lift, exactly. Included by prop_rows.c alone. */
#ifndef NM_ROWLIFT_H
#define NM_ROWLIFT_H
#include "sound_kinds.h"

#include "exact.h"

enum { DUALS = 6, SIGNS = 8 };
typedef struct setup {
    uint64_t seed;
    size_t kind;
    s_ask *ask;
    const nm_query *q;
    const nm_case *c;
    nm_work work;
    const nm_program *p; /* with the rows of the first clause */
    const nm_bounds *b, *base;
    const uint32_t *row;
    exact *e;
    mpq_t *x, sum, t; /* values of columns */
    size_t room, checked;
    double *cost[DUALS],
        bound[DUALS]; /* costs of columns, and what duals prove that they are at least */
    size_t n_duals, duals, n_signs, signed_unit[SIGNS]; /* pre-activations whose sign is assumed */
    int sign[SIGNS];
    char why[240];
} setup;

/* ---- points ---- */

static inline void put_d(mpq_t out, double x) { mpq_set_d(out, x); }

/* a point of block 0: of its box and its sums; false: none was met */
static inline bool draw(setup *s, size_t how)
{
    const nm_case *c = s->work.c;
    const nm_gens *g = c->gens;
    const size_t n = s->p->blocks[0].n;
    const double *start = nm_case_start(s->q, s->work.of);
    for (size_t i = 0; i < n; i++) {
        const double r = fmin(fmax(t_uniform(c->lo[i], c->hi[i]), c->lo[i]), c->hi[i]);
        const double x = how == 0                              ? c->lo[i]
                         : how == 1                            ? c->hi[i]
                         : how == 2 && start                   ? start[i]
                         : how % 3 == 0                        ? (t_below(2) ? c->lo[i] : c->hi[i])
                         : how % 3 == 1 && start && t_below(3) ? start[i]
                                                               : r;
        put_d(s->e->v[i], x);
    }
    for (size_t k = 0; g && k < g->n_sums; k++) { /* scaled into the sum: members from 0 on */
        mpq_set_ui(s->sum, 0, 1);
        for (size_t i = g->sums[k].first; i < g->sums[k].first + g->sums[k].n; i++)
            mpq_add(s->sum, s->sum, s->e->v[i]);
        if (mpq_sgn(s->sum) <= 0) return false;
        put_d(s->t, g->sums[k].total);
        mpq_div(s->t, s->t, s->sum);
        for (size_t i = g->sums[k].first; i < g->sums[k].first + g->sums[k].n; i++)
            mpq_mul(s->e->v[i], s->e->v[i], s->t);
    }
    return true;
}

/* moves the free input of a line to the zero of some pre-activation, as if it were affine from here */
static inline void to_kink(setup *s, size_t seed)
{
    const nm_program *p = s->p;
    const nm_case *c = s->work.c;
    size_t pre = 0, n = 0;
    for (size_t b = 1; b < p->n_blocks; b++)
        for (size_t i = 0; p->blocks[b].kind == NM_RELU && i < p->blocks[b].n; i++)
            if (n++ == seed % 7 || n == 1) pre = p->blocks[p->blocks[b].src].first + i;
    const size_t i = seed % p->blocks[0].n;
    if (n == 0 || c->lo[i] == c->hi[i]) return;
    mpq_t x0, x1, v0, v1;
    mpq_inits(x0, x1, v0, v1, NULL);
    put_d(x0, c->lo[i]), put_d(x1, c->hi[i]);
    for (int k = 0; k < 4; k++) { /* false position */
        mpq_set(s->e->v[i], x0), x_trace(p, s->e), mpq_set(v0, s->e->v[pre]);
        mpq_set(s->e->v[i], x1), x_trace(p, s->e), mpq_set(v1, s->e->v[pre]);
        if (mpq_sgn(v0) * mpq_sgn(v1) >= 0) break;
        mpq_sub(v1, v1, v0), mpq_div(v0, v0, v1);
        mpq_sub(x1, x1, x0), mpq_mul(x1, x1, v0), mpq_sub(s->e->v[i], x0, x1);
        x_trace(p, s->e);
        if (mpq_sgn(s->e->v[pre]) == 0 || mpq_sgn(s->e->v[pre]) == mpq_sgn(v0)) break;
        mpq_set(x1, s->e->v[i]);
    }
    mpq_clears(x0, x1, v0, v1, NULL);
}

/* sum of row over v, less its rhs; var k from n_out on is v[first + k - n_out] */
static inline int row_sign(setup *s, const nm_row *r, size_t n_out, size_t first)
{
    put_d(s->sum, -r->rhs);
    for (size_t k = 0; k < r->n; k++) {
        put_d(s->t, r->coef[k]);
        mpq_mul(s->t, s->t, s->e->v[first + r->var[k] - n_out]);
        mpq_add(s->sum, s->sum, s->t);
    }
    return mpq_sgn(s->sum);
}

static inline void away(setup *s, nm_norm norm, size_t i, double centre, mpq_t out)
{
    put_d(s->t, centre);
    mpq_sub(s->t, s->e->v[s->p->x_first + i], s->t);
    mpq_abs(s->t, s->t);
    if (norm == NM_L2) mpq_mul(s->t, s->t, s->t);
    if (norm == NM_L0 && mpq_sgn(s->t)) mpq_set_ui(s->t, 1, 1);
    if (norm == NM_LINF && mpq_cmp(s->t, out) > 0) mpq_set(out, s->t);
    if (norm != NM_LINF) mpq_add(out, out, s->t);
}

/* the traced point is in the case's set */
static inline bool inside(setup *s)
{
    const nm_case *c = s->work.of;
    const size_t first = s->p->x_first;
    bool in = true;
    for (size_t i = 0; i < s->p->blocks[0].n; i++) {
        const double lo = c->gens ? c->gens->lo[i] : c->lo[i],
                     hi = c->gens ? c->gens->hi[i] : c->hi[i];
        in &= x_cmp(s->e, i, lo) >= 0 && x_cmp(s->e, i, hi) <= 0;
    }
    for (size_t i = 0; i < s->q->n_in; i++)
        in &= x_cmp(s->e, first + i, c->lo[i]) >= 0 && x_cmp(s->e, first + i, c->hi[i]) <= 0;
    for (size_t r = 0; in && r < c->n_in_rows; r++)
        in = row_sign(s, &c->in_rows[r], s->q->n_out, first) <= 0;
    for (size_t k = 0; in && k < c->n_balls; k++) {
        const nm_ball *b = &c->balls[k];
        mpq_set_ui(s->sum, 0, 1);
        for (size_t i = 0; i < s->q->n_in; i++) away(s, b->norm, i, b->centre[i], s->sum);
        put_d(s->t, b->radius);
        if (b->norm == NM_L2) mpq_mul(s->t, s->t, s->t);
        in = mpq_cmp(s->sum, s->t) <= 0;
    }
    return in;
}

/* ---- columns ---- */

static inline void lift_distances(setup *s, const nm_enc *e)
{
    for (const nm_distance *d = e->distances; d; d = d->next) {
        if (d->total >= 0) mpq_set_ui(s->x[d->total], 0, 1);
        for (size_t i = 0; i < d->n; i++) {
            put_d(s->t, d->centre[i]);
            mpq_sub(s->sum, s->e->v[s->p->x_first + i], s->t);
            if (!d->is_quad) mpq_abs(s->sum, s->sum);
            if (d->total >= 0 && mpq_cmp(s->sum, s->x[d->total]) > 0)
                mpq_set(s->x[d->total], s->sum);
            const bool counts = d->pixels || d->norm == NM_L0;
            if (counts && d->col[i] >= 0 && mpq_sgn(s->sum)) mpq_set_ui(s->x[d->col[i]], 1, 1);
            put_d(s->t, d->scale);
            mpq_mul(s->sum, s->sum, s->t);
            if (!counts && d->col[i] >= 0) mpq_set(s->x[d->col[i]], s->sum);
            if (d->square[i] >= 0) mpq_mul(s->x[d->square[i]], s->sum, s->sum);
        }
    }
}

/* partition: p_k = z times the k-th group; sos1: s = max(0, -a) */
static inline void lift_extra(setup *s, const nm_enc *e, const nm_encunit *w)
{
    const mpq_t *pre = (const mpq_t *)&s->e->v[w->pre];
    if (w->extra < 0 || w->one_sided) return;
    if (strcmp(e->enc->name, "sos1") == 0) {
        if (mpq_sgn(*pre) < 0) mpq_neg(s->x[w->extra], *pre);
        return;
    }
    const size_t n = e->arg < w->above.n ? e->arg : w->above.n;
    for (size_t k = 0; k < n && mpq_sgn(*pre) > 0; k++)
        for (size_t t = w->above.n * k / n; t < w->above.n * (k + 1) / n; t++) {
            put_d(s->t, w->above.c[t]);
            mpq_mul(s->t, s->t, s->x[w->above.j[t]]);
            mpq_add(s->x[w->extra + (int64_t)k], s->x[w->extra + (int64_t)k], s->t);
        }
}

static inline void lift_max(setup *s, const nm_enc *e, const nm_block *k, size_t i)
{
    const size_t first = s->p->blocks[k->src].first;
    double top = -INFINITY;
    bool done = false;
    if (e->zcol[k->first + i] < 0) return;
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) top = fmax(top, e->b->lo[first + k->idx[t]]);
    int64_t z = e->zcol[k->first + i];
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        if (e->b->hi[first + k->idx[t]] < top) continue;
        const bool wins = !done && mpq_equal(s->e->v[first + k->idx[t]], s->e->v[k->first + i]);
        if (wins) mpq_set_ui(s->x[z], 1, 1);
        done |= wins;
        z++;
    }
}

static inline void lift(setup *s, const nm_enc *e)
{
    for (; s->room < e->m->n_cols; s->room++) {
        s->x = realloc(s->x, (s->room + 1) * sizeof *s->x);
        mpq_init(s->x[s->room]);
    }
    for (size_t j = 0; j < e->m->n_cols; j++) mpq_set_ui(s->x[j], 0, 1);
    for (size_t u = 0; u < s->p->n_units; u++)
        if (e->col[u] >= 0) mpq_set(s->x[e->col[u]], s->e->v[u]);
    lift_distances(s, e);
    for (size_t r = 0; e->tcol >= 0 && r < e->clause.n_rows; r++) {
        put_d(s->t, e->clause.rows[r].rhs);
        mpq_sub(s->sum, s->e->v[s->p->blocks[e->q].first + e->row[r]], s->t);
        if (r == 0 || mpq_cmp(s->sum, s->x[e->tcol]) > 0) mpq_set(s->x[e->tcol], s->sum);
    }
    for (size_t i = 0; i < e->n_units; i++) {
        if (e->zcol[e->unit[i].u] >= 0 && mpq_sgn(s->e->v[e->unit[i].pre]) > 0)
            mpq_set_ui(s->x[e->zcol[e->unit[i].u]], 1, 1);
        lift_extra(s, e, &e->unit[i]);
    }
    for (int b = 1; b < e->q; b++)
        for (size_t i = 0; s->p->blocks[b].kind == NM_MAX && i < s->p->blocks[b].n; i++)
            lift_max(s, e, &s->p->blocks[b], i);
}
#endif
