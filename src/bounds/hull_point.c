/* hull_point.c: the hull dual of networks with one hidden layer, with lines that a point of the input box decides.
 *
 * y = relu(a), a = w x + b, x in a box, d_j = |w_j| times the width of input j, s_j in [0,1] the place of x_j, counted
 * from the end where w_j x_j is least, u = max a over the box. The least concave function above y over the box
 * (Tjandraatmadja et al. 2020) is, at x, a fractional knapsack:
 *     env(x) = min sum theta_j d_j s_j  with  0 <= theta <= 1, sum theta_j d_j = u,
 * and the line of theta, y <= sum theta_j w_j x_j + max(on, off) as in hull_dual.c with mu = nu = 0, is tight at x. A
 * row with coefficients c is at least the least value over the box of the convex function
 *     F(x) = sum over c_k < 0 of c_k env_k(x) + sum over c_k > 0 of c_k relu(a_k(x)) + what stable units contribute.
 * Its pieces are many and small. Smoothed (Nesterov 2005), theta_j is the ramp (t - s_j) / SMOOTH clipped to [0,1],
 * with t such that the knapsack is full, and relu's slope alpha is a ramp, too. Accelerated projected gradients
 * (Nesterov 1983, with restarts as in O'Donoghue, Candes 2015) move the point, with a step for each input by the
 * curvature there. A given sign adds beta side a_k with beta = max(0, kept + RHO side a_k), an augmented Lagrangian.
 * Each iterate's theta, alpha and beta are feasible, whatever t is, so that each is a bound, and the best is kept.
 * For a row this takes a tenth of the steps of hull_dual.c, which moves every theta by itself, and n_in numbers say
 * what all the lines are.
 *
 * Rounding: units other than those with a line are pulled back by hull_walk.c, which pays for them. A line's
 * coefficients have two roundings each, its constant is rounded up by nm_hull_ends, and at most `lines` of them add
 * into an input; they are charged twice (lines + 8) 2^-52 mag of the unit. hull_walk.c doubles all of it at the end.
 * Cost of a step: three to five passes over the weights of each line, from the fast cache. Left out: more hidden
 * layers, balls and sums of generators, which hull_dual.c takes. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

static const double SMOOTH = 0.1; /* width of the ramps, as a part of an interval */
static const double RHO = 0.1;    /* of the augmented Lagrangian, over SMOOTH and the width of the pre-activation */
static const double KEEP = 0.2;   /* part of its step that a kept multiplier takes */
static const double FLOOR = 0.03; /* part of the largest curvature that is assumed everywhere */
enum { FULL_TRIES = 24 };

typedef struct {
    double coef;        /* of the row; 0: the line is not in use */
    double side, kept;  /* of a given sign: its side, 0 without; its multiplier so far */
    double t, u, reach; /* where its ramp ends; max a; sum of d */
    double slope;       /* alpha, or the multiplier in use */
    double top, radius; /* constant of an upper line; of float32 */
} part;

typedef struct {
    nm_hull h;
    const nm_signs *signs; /* h has none, as lines here take them */
    size_t n_in;        /* padded */
    part *part;         /* [lines] */
    double *base;       /* [n_in] what other units add to the row's coefficients */
    double base_cst, base_err;
    double *s, *width;  /* [n_in] the point: places from lo; widths of the box */
    double *far, *last; /* [n_in] floor of the curvature; the point before extrapolation */
    double *curve, *theta;
    const uint32_t *idx; /* the list of inputs whose numbers are packed */
    size_t n_packed;
    struct {
        double *s, *width, *val, *add, *curve;
    } pack; /* [longest] */
} run;

bool nm_point_fits(const nm_bounds *b)
{
    const nm_program *p = b->p;
    size_t relus = 0;
    if (b->gens || b->n_balls || p->n_windows) return false;
    for (size_t k = 1; k < p->n_blocks; k++) {
        const nm_block *r = &p->blocks[k];
        if (r->kind == NM_MAX) return false;
        if (r->kind != NM_RELU) continue;
        if (p->blocks[r->src].kind != NM_AFFINE || !nm_reads_input_only(&p->blocks[r->src])) return false;
        relus++;
    }
    return relus <= 1;
}

/* Returns the place in [0,1] that is nearest and that a certificate can name. */
static double place(double s) { return nearbyint((s > 0 ? s < 1 ? s : 1 : 0) * NM_POINT_GRID) / NM_POINT_GRID; }

/* ---- lines of one pass ---- */

/* Adds what lines have put into packed numbers to those of the inputs. */
static void flush(run *r)
{
    for (size_t i = 0; i < r->n_packed; i++) {
        r->h.y[r->idx[i]] += r->pack.add[i];
        r->curve[r->idx[i]] += r->pack.curve[i];
    }
    r->idx = NULL;
    r->n_packed = 0;
}

static void pack(run *r, const nm_line *l)
{
    if (r->idx == l->idx && r->n_packed == l->n) return;
    flush(r);
    r->idx = l->idx;
    r->n_packed = l->n;
    for (size_t i = 0; i < l->n; i++) {
        const size_t j = l->idx[i];
        r->pack.s[i] = r->s[j];
        r->pack.width[i] = r->width[j];
        r->pack.val[i] = r->h.b->lo[j] + r->s[j] * r->width[j];
        r->pack.add[i] = r->pack.curve[i] = 0;
    }
}

/* Moves t to where the knapsack is nearly full: Newton's method between two places around it. */
static void fill(run *r, const nm_line *l, part *q)
{
    double below = 0, above = 1 + SMOOTH, sum[2];
    for (int i = 0; i < FULL_TRIES; i++) {
        r->h.k->ramp_sum(l->n, q->t, 1 / SMOOTH, l->w, r->pack.width, r->pack.s, sum);
        const double miss = q->u - sum[0];
        if (fabs(miss) <= 1e-7 * q->reach) break;
        if (miss > 0)
            below = q->t;
        else
            above = q->t;
        const double next = sum[1] > 0 ? q->t + miss * SMOOTH / sum[1] : -1;
        q->t = next > below && next < above ? next : 0.5 * (below + above);
    }
}

static void charge(run *r, const nm_line *l, const part *q, double coef, double constant)
{
    nm_hull *h = &r->h;
    h->cst += coef * constant;
    h->err += fabs(coef) * (NM_ULP * (2 * (double)(h->lines->n + 8) * nm_larger(l->size, h->b->mag[l->pre]) +
                                      (double)(h->p->n_units + 16) * fabs(constant)) +
                            2 * q->radius);
}

static void upper(run *r, size_t k)
{
    const nm_line *l = &r->h.lines->line[k];
    part *q = &r->part[k];
    double on, off;
    fill(r, l, q);
    r->h.k->ramp_lines(l->n, q->t, 1 / SMOOTH, -q->coef / SMOOTH, l->w, r->pack.width, r->pack.s, r->theta,
                       r->pack.curve);
    nm_hull_ends(&r->h, k, r->theta, 0, 0, &on, &off);
    q->top = nm_larger(on, off);
    r->h.k->hull_add(l->n, q->coef, r->theta, l->w, r->pack.add);
    charge(r, l, q, q->coef, q->top);
}

/* Adds coef a to the row, with this curvature along a. */
static void add_form(run *r, const nm_line *l, const part *q, double coef, double curvature)
{
    r->h.k->axpy(l->n, coef, l->w, r->pack.add);
    for (size_t i = 0; curvature > 0 && i < l->n; i++)
        r->pack.curve[i] += curvature * fabs(l->w[i]) * r->pack.width[i] * q->reach;
    charge(r, l, q, coef, l->b);
}

static void lower(run *r, const nm_line *l, part *q)
{
    const double a = r->h.k->dot(l->n, l->w, r->pack.val) + l->b;
    const double lo = q->reach - q->u, bend = SMOOTH * (q->u < lo ? q->u : lo);
    if (q->side != 0) {
        const double rho = q->reach > 0 ? RHO / (SMOOTH * q->reach) : 0;
        q->slope = nm_larger(0, q->kept + rho * q->side * a);
        q->kept = nm_larger(0, q->kept + KEEP * rho * q->side * a);
        if (q->slope > 0) add_form(r, l, q, q->side * q->slope, rho);
        return;
    }
    const double z = a / bend + 0.5;
    q->slope = z > 0 ? z < 1 ? z : 1 : 0;
    if (q->slope > 0) add_form(r, l, q, q->coef * q->slope, q->slope < 1 ? q->coef / bend : 0);
}

/* Pulls the row back along the lines of the point; returns its certified minimum over the box. */
static double pass(run *r, double *g0)
{
    nm_hull *h = &r->h;
    h->cst = r->base_cst;
    h->err = r->base_err;
    memcpy(h->y, r->base, r->n_in * sizeof *h->y);
    memcpy(r->curve, r->far, r->n_in * sizeof *r->curve);
    nm_hull_unpack(h);
    for (size_t k = 0; k < h->lines->n; k++) {
        part *q = &r->part[k];
        if (q->coef == 0 && q->side == 0) continue;
        pack(r, &h->lines->line[k]);
        if (q->coef < 0)
            upper(r, k);
        else
            lower(r, &h->lines->line[k], q);
    }
    flush(r);
    return nm_hull_least(h, g0);
}

/* ---- a run ---- */

/* Pulls back what has no line of its own, and sets the lines' coefficients. */
static void pull_others(run *r, uint32_t row)
{
    nm_hull *h = &r->h;
    unsigned char *keep = NM_ARRAY(h->job, unsigned char, h->p->n_units);
    for (size_t k = 0; k < h->lines->n; k++) {
        const nm_line *l = &h->lines->line[k];
        keep[l->u] = nm_bounds_phase(h->b, l->pre) == NM_UNSTABLE;
    }
    h->keep = keep;
    nm_hull_pull(h, row);
    for (size_t k = 0; k < h->lines->n; k++)
        if (keep[h->lines->line[k].u]) r->part[k].coef = h->y[h->lines->line[k].u];
    memcpy(r->base, h->y, r->n_in * sizeof *h->y);
    r->base_cst = h->cst;
    r->base_err = h->err;
}

static void set_signs(run *r, const nm_alpha *start)
{
    const nm_signs *g = r->signs;
    for (size_t i = 0; g && i < g->n; i++) {
        const int32_t k = r->h.lines->of[g->unit[i]];
        if (k < 0) continue;
        r->part[k].side = g->side[i];
        r->part[k].kept = start && i < start->n_beta ? start->beta[i] : 0;
    }
}

/* Sets the ranges of the lines, and the floor of the curvature. */
static void set_ranges(run *r)
{
    nm_hull *h = &r->h;
    memset(h->sum, 0, h->lines->longest * sizeof *h->sum); /* a theta of 0 */
    for (size_t k = 0; k < h->lines->n; k++) {
        const nm_line *l = &h->lines->line[k];
        part *q = &r->part[k];
        const nm_block *a = &h->p->blocks[nm_program_block(h->p, l->pre)];
        double ends[6], sum[2];
        if (q->coef == 0 && q->side == 0) continue;
        pack(r, l);
        nm_hull_pack(h, l, false);
        h->k->hull_ends(l->n, h->sum, l->w, h->packed[0].lo, h->packed[0].hi, 1, 0, ends);
        h->k->ramp_sum(l->n, 2, 1, l->w, r->pack.width, r->pack.s, sum);
        h->k->ramp_lines(l->n, 1.5, 0.5, FLOOR * fabs(q->coef) / SMOOTH, l->w, r->pack.width, r->pack.s, r->theta,
                         r->pack.curve);
        q->radius = nm_bounds_radius(h->b, a, l->pre - a->first);
        q->u = l->b + ends[0];
        q->reach = sum[0];
    }
    memset(h->y, 0, r->n_in * sizeof *h->y);
    memset(r->curve, 0, r->n_in * sizeof *r->curve);
    flush(r);
    memcpy(r->far, r->curve, r->n_in * sizeof *r->far);
}

static run setup(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, const nm_signs *signs)
{
    const nm_program *p = b->p;
    const size_t n_in = nm_pad8(p->blocks[0].n), longest = lines->longest + 8;
    run r = {.n_in = n_in};
    r.h = (nm_hull){.job = job, .b = b, .p = p, .k = nm_kernels_pick(), .lines = lines};
    r.h.a = NM_NEW(job, nm_alpha);
    r.h.x = nm_relax_new(job, b);
    nm_relax_set(r.h.x, b, 1, (int)p->n_blocks);
    r.h.a->slope = r.h.x->slo;
    r.h.y = NM_ARRAY(job, double, p->n_units + 8);
    r.h.v = NM_ARRAY(job, double, p->n_units + 8);
    r.h.z = NM_ARRAY(job, double, n_in);
    r.h.sum = NM_ARRAY(job, double, longest);
    r.h.at.end = nm_zero(job, lines->n + 1, sizeof *r.h.at.end);
    r.h.at.state = NM_ARRAY(job, unsigned char, lines->n + 1);
    r.h.packed[0].lo = NM_ARRAY(job, double, longest);
    r.h.packed[0].hi = NM_ARRAY(job, double, longest);
    r.part = nm_zero(job, lines->n + 1, sizeof *r.part);
    double **each[] = {&r.base, &r.s, &r.width, &r.far, &r.last, &r.curve};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) *each[i] = NM_ARRAY(job, double, n_in);
    double **packed[] = {&r.theta, &r.pack.s, &r.pack.width, &r.pack.val, &r.pack.add, &r.pack.curve};
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) *packed[i] = NM_ARRAY(job, double, longest);
    for (size_t i = 0; i < p->blocks[0].n; i++) r.width[i] = b->hi[i] - b->lo[i];
    r.signs = signs;
    return r;
}

static void start_from(run *r, const nm_alpha *start)
{
    for (size_t k = 0; k < r->h.lines->n; k++) r->part[k].t = start && start->ramp ? start->ramp[k] : 0.5;
    for (size_t i = 0; i < r->h.p->blocks[0].n; i++) {
        const double w = r->width[i], s = start && start->mean && w > 0 ? (start->mean[i] - r->h.b->lo[i]) / w : 0.5;
        r->s[i] = r->last[i] = w > 0 ? place(s) : 0;
    }
}

/* Moves the point along the gradient h.y, and extrapolates; age: of the momentum. */
static void move(run *r, double *age)
{
    double along = 0;
    const double *g = r->h.y;
    for (size_t i = 0; i < r->h.p->blocks[0].n; i++) {
        if (!(r->width[i] > 0)) continue;
        const double to = r->s[i] - g[i] * r->width[i] / (r->curve[i] + 1e-30);
        r->s[i] = to > 0 ? to < 1 ? to : 1 : 0;
        along += g[i] * r->width[i] * (r->s[i] - r->last[i]);
    }
    if (along > 0) *age = 1;
    const double next = 0.5 * (1 + sqrt(1 + 4 * *age * *age)), f = (*age - 1) / next;
    *age = next;
    for (size_t i = 0; i < r->h.p->blocks[0].n; i++) {
        const double here = r->s[i];
        r->s[i] = place(here + f * (here - r->last[i]));
        r->last[i] = here;
    }
}

/* Sets what the lines lose at the point, as scores for branching. */
static void score(run *r, double *gap)
{
    nm_hull *h = &r->h;
    for (size_t k = 0; k < h->lines->n; k++) {
        const nm_line *l = &h->lines->line[k];
        const part *q = &r->part[k];
        if (q->coef == 0) continue;
        pack(r, l);
        const double a = h->k->dot(l->n, l->w, r->pack.val) + l->b;
        double v = q->slope * a;
        if (q->coef < 0) {
            h->k->ramp_lines(l->n, q->t, 1 / SMOOTH, 0, l->w, r->pack.width, r->pack.s, r->theta, r->pack.curve);
            memset(h->sum, 0, l->n * sizeof *h->sum);
            h->k->hull_add(l->n, 1, r->theta, l->w, h->sum);
            v = h->k->dot(l->n, h->sum, r->pack.val) + q->top;
        }
        gap[l->u] = nm_larger(q->coef * (nm_larger(a, 0) - v), 0) + 1e-6 * fabs(q->coef) * q->reach;
    }
}

static void keep_best(run *r, nm_alpha *a, double lo, double g0)
{
    a->lo[0] = lo;
    a->g0[0] = g0;
    for (size_t i = 0; i < r->h.p->blocks[0].n; i++) a->g[i * NM_LANES] = r->h.y[i];
}

nm_alpha *nm_point_run(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row, double enough,
                       size_t steps, const nm_signs *signs, const nm_alpha *start)
{
    nm_alpha *a = NM_NEW(job, nm_alpha);
    const size_t n_in = b->p->blocks[0].n, n_signs = signs ? signs->n : 0;
    a->g = NM_ARRAY(job, double, nm_pad8(n_in) * NM_LANES);
    a->gap = NM_ARRAY(job, double, b->p->n_units);
    a->beta = NM_ARRAY(job, double, n_signs + 1);
    a->n_beta = n_signs;
    a->smooth = SMOOTH;
    a->ramp = NM_ARRAY(job, double, lines->n + 1);
    a->mean = NM_ARRAY(job, double, nm_pad8(n_in));
    for (size_t l = 0; l < NM_LANES; l++) a->lo[l] = a->g0[l] = -INFINITY;
    const nm_mark mark = nm_mark_get(job);
    run r = setup(job, lines, b, signs);
    pull_others(&r, row);
    set_signs(&r, start);
    set_ranges(&r);
    start_from(&r, start);
    double age = 1;
    for (size_t s = 0; s < steps && !nm_stopped(job); s++) {
        double g0;
        const double lo = pass(&r, &g0);
        a->steps++;
        if (lo > a->lo[0]) keep_best(&r, a, lo, g0);
        if (a->lo[0] > enough || s + 1 == steps) break;
        move(&r, &age);
    }
    score(&r, a->gap);
    for (size_t k = 0; k < lines->n; k++) a->ramp[k] = r.part[k].t;
    for (size_t i = 0; i < n_in; i++) a->mean[i] = b->lo[i] + r.s[i] * r.width[i];
    for (size_t i = 0; i < n_signs; i++) {
        const int32_t k = lines->of[signs->unit[i]];
        a->beta[i] = k < 0 ? 0 : a->lo[0] > enough ? r.part[k].slope : r.part[k].kept;
    }
    nm_mark_release(job, mark);
    return a;
}
