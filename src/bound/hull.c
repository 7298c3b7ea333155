/* bound/hull.c: the hull dual: a lower bound of one row of the last block, with the convex hull of every single ReLU
 * over the box of its own inputs (Anderson, Huchette, Ma, Tjandraatmadja, Vielma 2020; dual lines as in
 * Tjandraatmadja et al. 2020 and De Palma et al. 2021).
 *
 * y = relu(a), a = w x + b, l <= a <= u, x in a box. For any theta, and any mu, nu >= 0:
 *     y <= sum theta_j w_j x_j + max(on, off),
 *     on  = (1 - mu) b + mu u + max over the box of sum (1 - theta_j - mu) w_j x_j       (y = a, and u - a >= 0)
 *     off = nu (b - l)        + max over the box of sum (nu - theta_j) w_j x_j           (y = 0, and a - l >= 0)
 * theta = nu = u/(u-l), mu = 1 - nu give the triangle's chord; the best lines have the strength of all of Anderson's cuts.
 * A step walks back from the row: units with a negative coefficient take their line, the others a slope alpha in
 * [0,1], given signs enter with beta >= 0; the minimum over the input box lies at x*. Forward from x*, along the same
 * lines, come the derivatives of the bound (Danskin); Adam (Kingma, Ba 2015) goes up in theta, mu, nu, alpha, beta. Every
 * iterate is a bound, the best is kept.
 * Rounding. The walk is that of batch.c with one lane, paid by the same a-priori weights. A line's coefficients have two
 * roundings each and its constant is rounded up here; they are charged n 2^-52 mag of the unit, n twice the fan,
 * as both walks, theirs and the pre-activations', may add into the same unit. All of it is doubled at the end.
 * Cost: a pass over the lines (units times inputs) and over the weights a step. Effort is counted in steps.
 * Left out: hulls of maxima (their line is batch.c's). */
#include "all.h"

typedef struct {
    nm_job *job;
    const nm_bounds *b;
    const nm_program *p;
    const nm_kernels *k;
    const nm_lines_of *lines;
    nm_relax *x;
    const nm_signs *signs;
    const unsigned char *keep; /* [n_units] stop here, the unit stays a variable; or NULL */
    nm_alpha *a;               /* theta, mu, nu, slope and beta are moved here */
    double *y, *v;             /* [n_units] coefficients of the walk; values along the lines */
    double *mean;              /* [n_in] of the minimisers x* */
    double *m1, *m2;           /* Adam's moments: [n_units] of alpha, signs, mu, nu */
    double *t1, *t2;           /* [entries] of theta */
    double (*end)[6];          /* [n] see hull_ends */
    double *top;               /* [n] the constants of the lines */
    unsigned char *state;      /* [n] IDLE, ON: the line is used, and its `on` is the larger; OFF */
    const uint32_t *packed;
    double *lo, *hi, *val; /* [longest] box and values of the inputs of list `packed` */
    double cst, err;
} hull;

enum { IDLE, ON, OFF };

static double larger(double a, double b) { return a > b ? a : b; }

/* ---- lines: built once for a program, used by every run on it ---- */

typedef struct {
    uint32_t *idx;
    double *w;
    size_t n, first;
    const nm_bounds *b;
    bool all;
} terms;

static void put_term(void *arg, size_t j, double w)
{
    terms *t = arg;
    const size_t u = t->first + j;
    if ((t->b->lo[u] == 0 && t->b->hi[u] == 0) || (!t->all && w == 0)) return; /* worth nothing */
    if (t->idx) t->idx[t->n] = (uint32_t)u;
    if (t->w) t->w[t->n] = w;
    t->n++;
}

static size_t walk_row(const nm_program *p, const nm_block *a, size_t i, terms *t)
{
    t->n = 0;
    for (size_t k = 0; k < a->n_lin; k++) {
        t->first = p->blocks[a->lin[k].src].first;
        nm_lin_row(&a->lin[k], i, put_term, t);
    }
    return t->n;
}

/* rows of one dense operator share their list of inputs */
static void add_line(nm_job *job, nm_lines_of *s, const nm_bounds *b, const nm_block *r, size_t i,
                     const nm_line *mate)
{
    const nm_block *a = &b->p->blocks[r->src];
    const bool dense = a->n_lin == 1 && a->lin[0].kind == NM_DENSE;
    terms t = {.b = b, .all = dense};
    const size_t n = walk_row(b->p, a, i, &t), n8 = nm_pad8(n);
    uint32_t *idx = dense && mate ? NULL : NM_ARRAY(job, uint32_t, n8 + 1);
    double *w = NM_ARRAY(job, double, n8 + 1);
    t.idx = idx;
    t.w = w;
    walk_row(b->p, a, i, &t);
    s->of[r->first + i] = (int32_t)s->n;
    s->line[s->n++] = (nm_line){(uint32_t)(r->first + i),
                                (uint32_t)(a->first + i),
                                n8,
                                s->entries,
                                idx ? idx : mate->idx,
                                w,
                                a->bias[i]};
    s->entries += n8;
    if (n8 > s->longest) s->longest = n8;
}

nm_lines_of *nm_lines_of_new(nm_job *job, const nm_bounds *b, size_t most)
{
    const nm_program *p = b->p;
    nm_lines_of *s = NM_NEW(job, nm_lines_of);
    s->of = NM_RAW(job, int32_t, p->n_units);
    s->line = NM_ARRAY(job, nm_line, p->n_units);
    memset(s->of, -1, p->n_units * sizeof *s->of);
    s->full = true;
    for (size_t k = p->n_blocks; k-- > 1;) {
        const nm_block *r = &p->blocks[k];
        if (r->kind != NM_RELU || p->blocks[r->src].kind != NM_AFFINE) continue;
        const size_t before = s->n;
        for (size_t i = 0; i < r->n; i++) {
            if (nm_bounds_phase(b, p->blocks[r->src].first + i) != NM_UNSTABLE) continue;
            if (s->entries < most)
                add_line(job, s, b, r, i, s->n > before ? &s->line[before] : NULL);
            else
                s->full = false;
        }
    }
    return s;
}

/* ---- the walk back ---- */

/* the box of a list's inputs, side by side */
static void pack(hull *h, const nm_line *l, bool values)
{
    if (h->packed == l->idx) return;
    h->packed = l->idx;
    for (size_t i = 0; i < l->n; i++) {
        h->lo[i] = h->b->lo[l->idx[i]];
        h->hi[i] = h->b->hi[l->idx[i]];
        if (values) h->val[i] = h->v[l->idx[i]];
    }
}

/* upper ends of on and off */
static void line_ends(hull *h, size_t k, double *on, double *off)
{
    const nm_line *l = &h->lines->line[k];
    const double mu = h->a->mu[k], nu = h->a->nu[k];
    const double lo = h->b->lo[l->pre], hi = h->b->hi[l->pre];
    double *e = h->end[k];
    pack(h, l, false);
    h->k->hull_ends(l->n, h->a->theta + l->at, l->w, h->lo, h->hi, 1 - mu, nu, e);
    const double size = (1 + mu + nu) * (fabs(l->b) + fabs(lo) + fabs(hi));
    const double fee = ((double)l->n + 32) * NM_ULP * (size + e[1] + e[4]) + (double)l->n * NM_TINY;
    *on = nm_up((1 - mu) * l->b + mu * hi + e[0] + fee);
    *off = nm_up(nu * (l->b - lo) + e[3] + fee);
}

/* an upper end of max(on, off) */
static double line_top(hull *h, size_t k)
{
    double on, off;
    line_ends(h, k, &on, &off);
    h->state[k] = on >= off ? ON : OFF;
    return larger(on, off);
}

static void pull_line(hull *h, size_t u, size_t k)
{
    const nm_line *l = &h->lines->line[k];
    const nm_program *p = h->p;
    const double y = h->y[u], sum = (double)(p->n_units + 16);
    h->top[k] = line_top(h, k);
    double fan = 8;
    const nm_block *a = &p->blocks[nm_program_block(p, l->pre)];
    for (size_t t = 0; t < a->n_lin; t++)
        fan = larger(fan, (double)p->blocks[a->lin[t].src].fan + 8);
    memset(h->val, 0, l->n * sizeof *h->val);
    h->k->hull_add(l->n, y, h->a->theta + l->at, l->w, h->val);
    for (size_t i = 0; i < l->n; i++) h->y[l->idx[i]] += h->val[i];
    h->cst += y * h->top[k];
    h->err += fabs(y) * NM_ULP * (2 * fan * h->b->mag[l->pre] + sum * fabs(h->top[k]));
}

static void pull_relu(hull *h, const nm_block *r)
{
    const size_t src = h->p->blocks[r->src].first;
    for (size_t i = 0; i < r->n; i++) {
        const size_t u = r->first + i;
        const double y = h->y[u];
        const int32_t k = h->lines->of[u];
        if (k >= 0) h->state[k] = IDLE;
        if (y == 0 || h->x->dead[u] || (h->keep && h->keep[u])) continue;
        if (y < 0 && k >= 0 && h->x->cut[u] != 0) {
            pull_line(h, u, (size_t)k);
            continue;
        }
        h->y[src + i] += y * (y > 0 ? h->a->slope[u] : h->x->sup[u]);
        if (y < 0) h->cst += y * h->x->cut[u];
        h->err += fabs(y) * h->x->w[u];
    }
    for (size_t i = 0; h->signs && i < h->signs->n; i++) {
        const size_t u = h->signs->unit[i];
        if (u < r->first || u >= r->first + r->n) continue;
        h->y[src + u - r->first] += h->signs->side[i] * h->a->beta[i];
        h->err += ((double)h->p->blocks[r->src].fan + 8) * NM_ULP * h->a->beta[i] * h->x->size[u];
    }
}

static void pull_max(hull *h, const nm_block *m)
{
    const size_t src = h->p->blocks[m->src].first;
    for (size_t u = m->first; u < m->first + m->n; u++) {
        const double y = h->keep && h->keep[u] ? 0 : h->y[u];
        if (y > 0) h->y[src + h->x->mlo[u]] += y;
        if (y < 0) h->y[src + h->x->mup[u]] += y * h->x->sup[u];
        if (y < 0) h->cst += y * h->x->cut[u];
        h->err += fabs(y) * h->x->w[u];
    }
}

static void pull(hull *h, uint32_t row)
{
    const int q = (int)h->p->n_blocks - 1;
    memset(h->y, 0, h->p->n_units * sizeof *h->y);
    h->cst = h->err = 0;
    h->y[h->p->blocks[q].first + row] = 1;
    for (int b = q; b > 0; b--) {
        const nm_block *k = &h->p->blocks[b];
        h->err += 2 * h->x->flat[b];
        h->packed = NULL;
        if (k->kind == NM_RELU) pull_relu(h, k);
        if (k->kind == NM_MAX) pull_max(h, k);
        if (k->kind != NM_AFFINE) continue;
        for (size_t i = 0; i < k->n; i++) {
            h->cst += h->y[k->first + i] * k->bias[i];
            h->err += fabs(h->y[k->first + i]) * h->x->w[k->first + i];
        }
        for (size_t t = 0; t < k->n_lin; t++)
            nm_lin_mtv(h->job, h->k, &k->lin[t], h->y + k->first,
                       h->y + h->p->blocks[k->lin[t].src].first);
    }
}

/* the least value over the input box, rounding paid; leaves x* in v. g0: the constant of the row by itself */
static double least(hull *h, double *g0)
{
    const size_t n = h->p->blocks[0].n;
    double sum = 0, mag = 0;
    for (size_t i = 0; i < n; i++) {
        h->v[i] = h->y[i] > 0 ? h->b->lo[i] : h->b->hi[i];
        sum += h->y[i] * h->v[i];
        mag += fabs(h->y[i]) * larger(fabs(h->b->lo[i]), fabs(h->b->hi[i]));
    }
    const double grown = 2 * (1 + (double)(h->p->n_units + 64) * 4 * NM_ULP);
    const double flat = (double)(h->p->n_units + 8) * NM_TINY;
    const double own = (h->err + 4 * NM_ULP * fabs(h->cst)) * grown + flat;
    *g0 = nm_down(h->cst - own);
    return nm_down(h->cst + sum - own - (double)(2 * n + 32) * NM_ULP * (mag + fabs(sum)) * 2);
}

/* ---- forward along the lines ---- */

static double value_of(hull *h, const nm_block *r, size_t i)
{
    const size_t u = r->first + i, src = h->p->blocks[r->src].first;
    const int32_t k = h->lines->of[u];
    if (h->x->dead[u]) return 0;
    if (k >= 0 && h->state[k] != IDLE) {
        const nm_line *l = &h->lines->line[k];
        double s = h->top[k];
        for (size_t t = 0; t < l->n; t++) s += h->a->theta[l->at + t] * l->w[t] * h->v[l->idx[t]];
        return s;
    }
    return h->y[u] < 0 ? h->x->sup[u] * h->v[src + i] + h->x->cut[u]
                       : h->a->slope[u] * h->v[src + i];
}

static void forward(hull *h)
{
    const nm_program *p = h->p;
    for (size_t b = 1; b + 1 < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        const size_t src = k->src >= 0 ? p->blocks[k->src].first : 0;
        /* nobody asks for the values of the last hidden layer, and of its pre-activations only for the lines' */
        const bool last = b + 3 >= p->n_blocks;
        const nm_block *up = k + 1;
        const bool some = h->lines->full && b + 4 == p->n_blocks && up->kind == NM_RELU &&
                          up->src == (int)b;
        if (k->kind == NM_AFFINE) memcpy(h->v + k->first, k->bias, k->n * sizeof *k->bias);
        for (size_t t = 0; t < k->n_lin; t++)
            nm_lin_mv(h->job, h->k, &k->lin[t], h->v + p->blocks[k->lin[t].src].first,
                      h->v + k->first, some ? h->lines->of + up->first : NULL);
        for (size_t i = 0; k->kind == NM_RELU && !last && i < k->n; i++)
            h->v[k->first + i] = value_of(h, k, i);
        for (size_t u = k->first; k->kind == NM_MAX && u < k->first + k->n; u++)
            h->v[u] = h->y[u] < 0 ? h->x->sup[u] * h->v[src + h->x->mup[u]] + h->x->cut[u]
                                  : h->v[src + h->x->mlo[u]];
    }
}

/* ---- up ---- */

typedef struct {
    double rate, f1, f2;
} adam;

static double move(double x, double g, double *m1, double *m2, adam a)
{
    *m1 = 0.9 * *m1 + 0.1 * g;
    *m2 = 0.999 * *m2 + 0.001 * g * g;
    return x + a.rate * (*m1 / a.f1) / (sqrt(*m2 / a.f2) + 1e-12);
}

static double clip(double x, double lo, double hi) { return x > lo ? x < hi ? x : hi : lo; }

static void ascend_line(hull *h, size_t k, adam a)
{
    const nm_line *l = &h->lines->line[k];
    const double y = h->y[l->u], steps[3] = {a.rate / a.f1, 1 / a.f2, 0};
    double *mu = &h->a->mu[k], *nu = &h->a->nu[k];
    const size_t at = h->p->n_units + (h->signs ? h->signs->n : 0) + 2 * k;
    const bool on = h->state[k] == ON;
    pack(h, l, true);
    h->k->hull_step(l->n, y, on ? 1 - *mu : *nu, l->w, h->val, h->lo, h->hi, steps,
                    h->a->theta + l->at, h->t1 + l->at, h->t2 + l->at);
    const double g_mu = on ? y * (h->b->hi[l->pre] - l->b - h->end[k][2]) : 0;
    const double g_nu = on ? 0 : y * (l->b + h->end[k][5] - h->b->lo[l->pre]);
    *mu = clip(move(*mu, g_mu, &h->m1[at], &h->m2[at], a), 0, 1);
    *nu = clip(move(*nu, g_nu, &h->m1[at + 1], &h->m2[at + 1], a), 0, 1);
}

static void ascend(hull *h, size_t step, double rate)
{
    const nm_program *p = h->p;
    const adam a = {rate, 1 - pow(0.9, (double)(step + 1)),
                    1 - pow(0.999, (double)(h->a->age + step + 1))};
    h->packed = NULL;
    for (size_t b = 1; b + 1 < p->n_blocks; b++) {
        const nm_block *r = &p->blocks[b];
        for (size_t u = r->first; r->kind == NM_RELU && u < r->first + r->n; u++) {
            const int32_t k = h->lines->of[u];
            if (h->y[u] == 0 || h->x->cut[u] == 0) continue;
            if (k >= 0 && h->state[k] != IDLE) ascend_line(h, (size_t)k, a);
            const double g = h->y[u] > 0 ? h->y[u] * h->v[p->blocks[r->src].first + u - r->first]
                                         : 0;
            h->a->slope[u] = clip(move(h->a->slope[u], g, &h->m1[u], &h->m2[u], a), 0, 1);
        }
    }
    for (size_t i = 0; h->signs && i < h->signs->n; i++) {
        const nm_block *r = &p->blocks[nm_program_block(p, h->signs->unit[i])];
        const double g = h->signs->side[i] *
                         h->v[p->blocks[r->src].first + h->signs->unit[i] - r->first];
        const size_t at = p->n_units + i;
        h->a->beta[i] = larger(move(h->a->beta[i], g, &h->m1[at], &h->m2[at], a), 0);
    }
}

/* ---- a run ---- */

/* second moments go on: without them the first steps, of full length in every direction, undo the parent's work */
static void take_moments(hull *h, const nm_alpha *start)
{
    const size_t units = h->p->n_units, n = h->signs ? h->signs->n : 0;
    const size_t kept = start->n_beta < n ? start->n_beta : n;
    memcpy(h->t2, start->theta2, h->lines->entries * sizeof *h->t2);
    memcpy(h->m2, start->m2, (units + kept) * sizeof *h->m2);
    memcpy(h->m2 + units + n, start->m2 + units + start->n_beta, 2 * h->lines->n * sizeof *h->m2);
    h->a->age = start->age + start->steps;
}

static void start_from(hull *h, const nm_alpha *start)
{
    const size_t n = h->signs ? h->signs->n : 0;
    nm_alpha *a = h->a;
    for (size_t u = 0; u < h->p->n_units; u++)
        a->slope[u] = start && h->x->cut[u] != 0 ? start->slope[u] : h->x->slo[u];
    for (size_t i = 0; start && i < n && i < start->n_beta; i++) a->beta[i] = start->beta[i];
    if (start && start->theta) {
        memcpy(a->theta, start->theta, h->lines->entries * sizeof *a->theta);
        memcpy(a->mu, start->mu, h->lines->n * sizeof *a->mu);
        memcpy(a->nu, start->nu, h->lines->n * sizeof *a->nu);
        take_moments(h, start);
        return;
    }
    for (size_t k = 0; k < h->lines->n; k++) {
        const nm_line *l = &h->lines->line[k];
        const double s = h->x->sup[l->u];
        for (size_t i = 0; i < l->n; i++) a->theta[l->at + i] = s;
        a->mu[k] = 1 - s;
        a->nu[k] = s;
    }
}

/* what the line of a unit may lose somewhere: decides where nothing is lost at the mean minimiser */
static double width(const hull *h, size_t u, double y)
{
    if (y < 0) return -y * h->x->cut[u];
    const size_t pre = h->p->blocks[h->p->blocks[nm_program_block(h->p, u)].src].first + u -
                       h->p->blocks[nm_program_block(h->p, u)].first;
    const double s = h->a->slope[u], l = -s * h->b->lo[pre], top = (1 - s) * h->b->hi[pre];
    return 0.5 * y * (l < top ? l : top);
}

/* what the lines lose at the mean minimiser: the score of branching there */
static void score(hull *h)
{
    for (size_t i = 0; i < h->p->blocks[0].n; i++) h->v[i] = h->mean[i];
    forward(h);
    for (size_t b = 1; b + 1 < h->p->n_blocks; b++) {
        const nm_block *r = &h->p->blocks[b];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n; i++) {
            const size_t u = r->first + i;
            const double y = h->y[u], a = h->v[h->p->blocks[r->src].first + i];
            h->a->gap[u] = 0;
            if (y == 0 || h->x->cut[u] == 0) continue;
            const double gap = value_of(h, r, i) - larger(a, 0);
            h->a->gap[u] = larger(-y * gap, 0) + 1e-3 * width(h, u, y);
        }
    }
}

static hull setup(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, const nm_signs *signs)
{
    const nm_program *p = b->p;
    const size_t n_signs = signs ? signs->n : 0, n_in = nm_pad8(p->blocks[0].n);
    hull h = {.job = job, .b = b, .p = p, .k = nm_kernels_pick(), .lines = lines, .signs = signs};
    nm_alpha *a = h.a = NM_NEW(job, nm_alpha);
    a->g = NM_ARRAY(job, double, n_in *NM_LANES);
    a->gap = NM_ARRAY(job, double, p->n_units);
    a->slope = NM_ARRAY(job, double, p->n_units);
    a->n_beta = n_signs;
    a->beta = NM_ARRAY(job, double, n_signs + 1);
    a->theta = NM_RAW(job, double, lines->entries + 1);
    a->mu = NM_RAW(job, double, lines->n + 1);
    a->nu = NM_RAW(job, double, lines->n + 1);
    a->theta2 = h.t2 = NM_ARRAY(job, double, lines->entries + 1);
    a->m2 = h.m2 = NM_ARRAY(job, double, p->n_units + n_signs + 2 * lines->n);
    a->mean = h.mean = NM_ARRAY(job, double, n_in);
    return h;
}

static void workspace(hull *h)
{
    const size_t n = h->lines->n, signs = h->signs ? h->signs->n : 0, units = h->p->n_units;
    h->y = NM_ARRAY(h->job, double, units);
    h->v = NM_ARRAY(h->job, double, units);
    h->m1 = NM_ARRAY(h->job, double, units + signs + 2 * n);
    h->t1 = NM_ARRAY(h->job, double, h->lines->entries + 1);
    h->end = nm_zero(h->job, n + 1, sizeof *h->end);
    h->top = NM_ARRAY(h->job, double, n + 1);
    h->state = NM_ARRAY(h->job, unsigned char, n + 1);
    h->lo = NM_ARRAY(h->job, double, h->lines->longest + 1);
    h->hi = NM_ARRAY(h->job, double, h->lines->longest + 1);
    h->val = NM_ARRAY(h->job, double, h->lines->longest + 1);
    h->x = nm_relax_new(h->job, h->b);
    nm_relax_set(h->x, h->b, 1, (int)h->p->n_blocks);
}

nm_alpha *nm_hull_run(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row,
                      double enough, nm_hull_opts o, const nm_signs *signs, const nm_alpha *start)
{
    hull h = setup(job, lines, b, signs);
    nm_alpha *a = h.a;
    const size_t n_in = b->p->blocks[0].n;
    for (size_t l = 0; l < NM_LANES; l++) a->lo[l] = a->g0[l] = -INFINITY;
    const nm_mark mark = nm_mark_get(job);
    workspace(&h);
    start_from(&h, start);
    double weight = 0;
    for (size_t s = 0; s < o.steps && !nm_stopped(job); s++) {
        double g0;
        pull(&h, row);
        const double lo = least(&h, &g0);
        a->steps++;
        if (lo > a->lo[0]) {
            a->lo[0] = lo;
            a->g0[0] = g0;
            for (size_t i = 0; i < n_in; i++) a->g[i * NM_LANES] = h.y[i];
        }
        weight = 0.9 * weight + 0.1;
        for (size_t i = 0; i < n_in; i++) h.mean[i] += 0.1 / weight * (h.v[i] - h.mean[i]);
        if (a->lo[0] > enough || s + 1 == o.steps) break;
        forward(&h);
        ascend(&h, s, o.rate * pow(o.last, (double)s / (double)o.steps));
    }
    score(&h);
    nm_mark_release(job, mark);
    return a;
}

/* a workspace that stands where `a` ended */
static hull resume(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, const nm_alpha *a)
{
    hull h = setup(job, lines, b, NULL);
    workspace(&h);
    start_from(&h, a);
    return h;
}

void nm_hull_line(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, const nm_alpha *a,
                  size_t k, double *on, double *off)
{
    const nm_mark mark = nm_mark_get(job);
    hull h = resume(job, lines, b, a);
    line_ends(&h, k, on, off);
    /* the products theta w are rounded where the line is written */
    const double fee = 4 * NM_ULP * b->mag[lines->line[k].pre];
    *on = nm_up(*on + fee);
    *off = nm_up(*off + fee);
    nm_mark_release(job, mark);
}

double nm_hull_row(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row,
                   const nm_alpha *a, const unsigned char *keep, double *y)
{
    const nm_mark mark = nm_mark_get(job);
    hull h = resume(job, lines, b, a);
    double g0;
    h.keep = keep;
    pull(&h, row);
    least(&h, &g0);
    for (size_t k = 0; k < b->p->n_blocks; k++)
        for (size_t u = b->p->blocks[k].first; u < b->p->blocks[k].first + b->p->blocks[k].n; u++)
            y[u] = k == 0 || keep[u] ? h.y[u] : 0;
    nm_mark_release(job, mark);
    return g0;
}
