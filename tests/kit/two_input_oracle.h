/* two_input_oracle.h: the exact optimum of a network with two free inputs, without any solver: the input rectangle is
 * cut, layer by layer, along each unit's zero line; on each piece the network is affine, so a least value sits at a
 * corner. Included by prop_encode.c alone. */
#ifndef NM_ORACLE_H
#define NM_ORACLE_H
#include "random_networks.h"

enum { SOLVED = 24, LIFTED = 150, CORNERS = 40, CELLS = 4000, ROWS = 3 };

typedef struct {
    double a[2], b;
} form; /* a.x + b over the free inputs */
typedef struct {
    size_t n;
    double x[CORNERS][2];
} poly;
typedef struct {
    poly p;
    form row[ROWS];
} cell;

typedef struct setup {
    uint64_t seed;
    gen g;
    const nm_program *p; /* with the rows */
    const nm_net *net;
    double *lo, *hi;
    size_t free[2];
    nm_row in_row;
    size_t n_in_rows;
    nm_row *row[ROWS];
    cell *cells;
    size_t n_cells;
    bool full;
} setup;

static double at(const form *f, const double x[2])
{
    return f->a[0] * x[0] + f->a[1] * x[1] + f->b;
}

/* p cut to f >= 0 */
static poly clip(const poly *p, const form *f)
{
    poly out = {0};
    for (size_t i = 0; i < p->n; i++) {
        const double *a = p->x[i], *b = p->x[(i + 1) % p->n], fa = at(f, a), fb = at(f, b);
        if (fa >= 0 && out.n < CORNERS) memcpy(out.x[out.n++], a, sizeof out.x[0]);
        if ((fa >= 0) == (fb >= 0) || out.n >= CORNERS) continue;
        const double t = fa / (fa - fb);
        for (int d = 0; d < 2; d++) out.x[out.n][d] = a[d] + t * (b[d] - a[d]);
        out.n++;
    }
    return out;
}

static bool thin(const poly *p)
{
    double area = 0;
    for (size_t i = 0; i < p->n; i++) {
        const double *a = p->x[i], *b = p->x[(i + 1) % p->n];
        area += a[0] * b[1] - a[1] * b[0];
    }
    return p->n < 3 || fabs(area) < 1e-12;
}

static void range(const poly *p, const form *f, double *lo, double *hi)
{
    *lo = INFINITY;
    *hi = -INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        const double v = at(f, p->x[i]);
        *lo = v < *lo ? v : *lo;
        *hi = v > *hi ? v : *hi;
    }
}

typedef struct {
    form *out;
    const form *src;
} form_sum;

static void form_put(void *arg, size_t j, double w)
{
    form_sum *s = arg;
    for (int d = 0; d < 2; d++) s->out->a[d] += w * s->src[j].a[d];
    s->out->b += w * s->src[j].b;
}

static form affine_form(const setup *s, const form *f, const nm_block *k, size_t i)
{
    form out = {{0, 0}, k->bias[i]};
    for (size_t t = 0; t < k->n_lin; t++) {
        form_sum sum = {&out, f + s->p->blocks[k->lin[t].src].first};
        nm_lin_row(&k->lin[t], i, form_put, &sum);
    }
    return out;
}

static void walk(setup *s, const poly *p, form *f, size_t b, size_t i);

static void enter(setup *s, const poly *p, const form *f, size_t b, size_t i, form value)
{
    if (thin(p) || s->full) return;
    form *copy = malloc(s->p->n_units * sizeof *copy);
    memcpy(copy, f, s->p->n_units * sizeof *copy);
    copy[s->p->blocks[b].first + i] = value;
    walk(s, p, copy, b, i + 1);
    free(copy);
}

/* true when the cell was cut and the pieces are done */
static bool relu(setup *s, const poly *p, form *f, size_t b, size_t i)
{
    const nm_block *k = &s->p->blocks[b];
    const form g = f[s->p->blocks[k->src].first + i], minus = {{-g.a[0], -g.a[1]}, -g.b},
               zero = {{0, 0}, 0};
    double lo, hi;
    range(p, &g, &lo, &hi);
    f[k->first + i] = lo >= -1e-10 ? g : zero;
    if (lo >= -1e-10 || hi <= 1e-10) return false;
    const poly on = clip(p, &g), off = clip(p, &minus);
    enter(s, &on, f, b, i, g);
    enter(s, &off, f, b, i, zero);
    return true;
}

static bool maximum(setup *s, const poly *p, form *f, size_t b, size_t i)
{
    const nm_block *k = &s->p->blocks[b];
    const form *src = f + s->p->blocks[k->src].first;
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        const form g = src[k->idx[t]];
        poly q = *p;
        bool all = true;
        for (size_t m = k->ptr[i]; m < k->ptr[i + 1]; m++) {
            const form h = src[k->idx[m]], d = {{g.a[0] - h.a[0], g.a[1] - h.a[1]}, g.b - h.b};
            double lo, hi;
            range(&q, &d, &lo, &hi);
            if (lo >= -1e-10 && (m >= t || hi > 1e-10)) continue;
            if (lo >= -1e-10 && m < t && hi <= 1e-10)
                q.n = 0; /* a tie that an earlier member has */
            else
                q = clip(&q, &d);
            all = false;
            if (q.n == 0) break;
        }
        if (all) {
            f[k->first + i] = g;
            return false;
        }
        enter(s, &q, f, b, i, g);
    }
    return true;
}

static void walk(setup *s, const poly *p, form *f, size_t b, size_t i)
{
    for (; b < s->p->n_blocks; b++, i = 0) {
        const nm_block *k = &s->p->blocks[b];
        for (; i < k->n; i++) {
            if (k->kind == NM_AFFINE)
                f[k->first + i] = affine_form(s, f, k, i);
            else if (k->kind == NM_RELU ? relu(s, p, f, b, i) : maximum(s, p, f, b, i))
                return;
        }
    }
    if (s->n_cells == CELLS) s->full = true;
    if (s->full) return;
    cell *c = &s->cells[s->n_cells++];
    c->p = *p;
    memcpy(c->row, f + s->p->blocks[s->p->n_blocks - 1].first, sizeof c->row);
}

static form input_form(const setup *s, const nm_row *r) /* rhs - row */
{
    form f = {{0, 0}, r->rhs};
    for (size_t k = 0; k < r->n; k++) {
        const size_t i = r->var[k] - s->p->n_out;
        if (i == s->free[0])
            f.a[0] -= r->coef[k];
        else if (i == s->free[1])
            f.a[1] -= r->coef[k];
        else
            f.b -= r->coef[k] * s->lo[i];
    }
    return f;
}

static void cut_all(nm_job *job, setup *s)
{
    const size_t i = s->free[0], j = s->free[1];
    poly p = {
        4,
        {{s->lo[i], s->lo[j]}, {s->hi[i], s->lo[j]}, {s->hi[i], s->hi[j]}, {s->lo[i], s->hi[j]}}};
    form *f = NM_ARRAY(job, form, s->p->n_units);
    for (size_t u = 0; u < s->p->blocks[0].n; u++)
        f[u] = (form){{u == i, u == j}, u == i || u == j ? 0 : s->lo[u]};
    const form in = input_form(s, &s->in_row);
    if (s->n_in_rows) p = clip(&p, &in);
    s->cells = malloc(CELLS * sizeof *s->cells);
    if (!thin(&p)) walk(s, &p, f, 1, 0);
}

/* least value of the first row where every row - rhs <= slack; INFINITY when there is no such point */
static double least(const setup *s, size_t n, const size_t *which, double slack)
{
    double best = INFINITY;
    for (size_t c = 0; c < s->n_cells; c++) {
        poly p = s->cells[c].p;
        for (size_t r = 0; r < n && n > 1; r++) {
            const form *f = &s->cells[c].row[which[r]],
                       room = {{-f->a[0], -f->a[1]}, s->row[which[r]]->rhs + slack - f->b};
            p = clip(&p, &room);
        }
        double lo, hi;
        range(&p, &s->cells[c].row[which[0]], &lo, &hi);
        if (p.n && lo < best) best = lo;
    }
    return best;
}

/* least over the points of the largest row - rhs: the objective for several rows, by bisection */
static double least_excess(const setup *s, size_t n, const size_t *which)
{
    double no = -1e4, yes = 0;
    for (int i = 0; i < 60; i++) {
        const double mid = 0.5 * (no + yes);
        if (isfinite(least(s, n, which, mid)))
            yes = mid;
        else
            no = mid;
    }
    return yes;
}
#endif
