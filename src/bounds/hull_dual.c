/* hull_dual.c: the hull dual: a lower bound of one row of the last block that uses the convex hull of every single ReLU
 * over the box of its own inputs (Anderson, Huchette, Ma, Tjandraatmadja, Vielma 2020; dual lines as in Tjandraatmadja
 * et al. 2020 and De Palma et al. 2021).
 *
 * y = relu(a), a = w x + b, l <= a <= u, x in a box. For any theta, and any mu, nu >= 0:
 *     y <= sum theta_j w_j x_j + max(on, off),
 *     on  = (1 - mu) b + mu u + max over the box of sum (1 - theta_j - mu) w_j x_j       (y = a, and u - a >= 0)
 *     off = nu (b - l)        + max over the box of sum (nu - theta_j) w_j x_j           (y = 0, and a - l >= 0)
 * theta = nu = u/(u-l), mu = 1 - nu give the triangle's chord; the best lines are as strong as all of Anderson's cuts.
 * A step walks back from the row: units with a negative coefficient use their line, the others a slope alpha in [0,1],
 * and given signs enter with beta >= 0. The minimum over the input box is at x*. Propagating x* forward along the same
 * lines gives the derivatives of the bound (Danskin); Adam (Kingma, Ba 2015) ascends in theta, mu, nu, alpha, beta.
 * Every iterate is a bound, and the best is kept. A unit of a deeper layer has a second line, over the network's
 * inputs: hull_lines.c gives w x + b >= a, hence y <= relu(w x + b), and with mu in [0,1] the same inequalities hold,
 * because a is below both w x + b and u, and w x + b is above l and above its own minimum. The unit is split between
 * the two lines: `share` of it goes to the far line, the rest to the near one; Adam optimises the share, too. Rounding.
 * The walk is that of pull_back.c with one lane, and its error is covered by the same a-priori weights. The
 * coefficients of a line have two roundings each, and its constant is rounded up here; they are charged n 2^-52 mag of
 * the unit, with n twice the fan, because both this walk and that through the pre-activations may add into the same
 * unit. Far lines add into a vector of their own (n is their number), which is added to the inputs' at the end, for one
 * more rounding. All of it is doubled at the end. Cost of a step: one pass over the lines (units times inputs) and over
 * the weights. Effort is counted in steps. Maxima that became ReLUs have the hull of their own (hull_windows.c);
 * others use the line of pull_back.c. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

static const double FAR_SHARE = 0.5; /* share of the far line at the start of a run */

/* ---- ascent ---- */

static double clip(double x, double lo, double hi) { return x > lo ? x < hi ? x : hi : lo; }

static void ascend_line(nm_hull *h, size_t k, nm_adam a)
{
    const nm_line *l = &h->lines->line[k];
    const double y = h->at.part[k], steps[3] = {a.rate / a.f1, 1 / a.f2, 0};
    double *mu = &h->a->mu[k], *nu = &h->a->nu[k];
    const size_t at = h->p->n_units + (h->signs ? h->signs->n : 0) + 2 * k;
    const bool on = h->at.state[k] == NM_ON;
    nm_hull_pack(h, l, true);
    h->k->hull_step(l->n, y, on ? 1 - *mu : *nu, l->w, h->packed[l->is_far].val,
                    h->packed[l->is_far].lo, h->packed[l->is_far].hi, steps, h->a->theta + l->at,
                    h->adam.t1 + l->at, h->adam.t2 + l->at);
    const double g_mu = on ? y * (h->b->hi[l->pre] - l->b - h->at.end[k][2]) : 0;
    const double g_nu = on ? 0 : y * (l->b + h->at.end[k][5] - h->b->lo[l->pre]);
    *mu = clip(nm_adam_move(*mu, g_mu, &h->adam.m1[at], &h->adam.m2[at], a), 0, 1);
    *nu = clip(nm_adam_move(*nu, g_nu, &h->adam.m1[at + 1], &h->adam.m2[at + 1], a), 0, 1);
}

static void ascend_lines(nm_hull *h, size_t k, nm_adam a)
{
    const int32_t far = h->lines->line[k].far;
    ascend_line(h, k, a);
    if (far < 0 || h->at.state[far] == NM_IDLE) return;
    ascend_line(h, (size_t)far, a);
    const size_t at = h->p->n_units + (h->signs ? h->signs->n : 0) + 2 * h->lines->n + (size_t)far;
    const double g = h->y[h->lines->line[k].u] * (h->at.along[far] - h->at.along[k]);
    h->a->share[far] = clip(nm_adam_move(h->a->share[far], g, &h->adam.m1[at], &h->adam.m2[at], a),
                            0, 1);
}

static void ascend(nm_hull *h, size_t step, double rate)
{
    const nm_program *p = h->p;
    const nm_adam a = {rate, 1 - pow(0.9, (double)(step + 1)),
                       1 - pow(0.999, (double)(h->a->age + step + 1))};
    nm_hull_unpack(h);
    nm_windows_ascend(h, a);
    for (size_t b = 1; b + 1 < p->n_blocks; b++) {
        const nm_block *r = &p->blocks[b];
        for (size_t u = r->first; r->kind == NM_RELU && u < r->first + r->n; u++) {
            const int32_t k = h->lines->of[u];
            if (h->y[u] == 0 || h->x->cut[u] == 0) continue;
            if (k >= 0 && h->at.state[k] != NM_IDLE) ascend_lines(h, (size_t)k, a);
            const double g = h->y[u] > 0 ? h->y[u] * h->v[p->blocks[r->src].first + u - r->first]
                                         : 0;
            h->a->slope[u] = clip(
                nm_adam_move(h->a->slope[u], g, &h->adam.m1[u], &h->adam.m2[u], a), 0, 1);
        }
    }
    if (h->signs)
        for (size_t i = 0; i < h->signs->n; i++) {
            const nm_block *r = &p->blocks[nm_program_block(p, h->signs->unit[i])];
            const double g = h->signs->side[i] *
                             h->v[p->blocks[r->src].first + h->signs->unit[i] - r->first];
            const size_t at = p->n_units + i;
            h->a->beta[i] = nm_larger(
                nm_adam_move(h->a->beta[i], g, &h->adam.m1[at], &h->adam.m2[at], a), 0);
        }
}

/* ---- a run ---- */

/* Takes over the second moments: without them the first steps, of full length in every direction, would undo the
 * parent's work. */
static void take_moments(nm_hull *h, const nm_alpha *start)
{
    const size_t units = h->p->n_units, n = h->signs ? h->signs->n : 0;
    const size_t kept = start->n_beta < n ? start->n_beta : n;
    memcpy(h->adam.t2, start->theta2, h->lines->entries * sizeof *h->adam.t2);
    memcpy(h->adam.m2, start->m2, (units + kept) * sizeof *h->adam.m2);
    memcpy(h->adam.m2 + units + n, start->m2 + units + start->n_beta,
           3 * h->lines->n * sizeof *h->adam.m2);
    h->a->age = start->age + start->steps;
}

static void start_from(nm_hull *h, const nm_alpha *start)
{
    const size_t n = h->signs ? h->signs->n : 0;
    nm_alpha *a = h->a;
    for (size_t u = 0; u < h->p->n_units; u++)
        a->slope[u] = start && h->x->cut[u] != 0 ? start->slope[u] : h->x->slo[u];
    if (start)
        for (size_t i = 0; i < n && i < start->n_beta; i++) a->beta[i] = start->beta[i];
    if (start && start->theta) {
        memcpy(a->theta, start->theta, h->lines->entries * sizeof *a->theta);
        memcpy(a->mu, start->mu, h->lines->n * sizeof *a->mu);
        memcpy(a->nu, start->nu, h->lines->n * sizeof *a->nu);
        memcpy(a->share, start->share, h->lines->n * sizeof *a->share);
        take_moments(h, start);
        return;
    }
    nm_windows_start(h);
    for (size_t k = 0; k < h->lines->n; k++) {
        const nm_line *l = &h->lines->line[k];
        const double lo = nm_larger(h->b->lo[l->pre], l->lo), hi = h->b->hi[l->pre];
        const double s = l->is_far && lo < 0 && hi > 0 ? hi / (hi - lo) : h->x->sup[l->u];
        a->share[k] = l->is_far ? FAR_SHARE : 0;
        for (size_t i = 0; i < l->n; i++) a->theta[l->at + i] = s;
        a->mu[k] = 1 - s;
        a->nu[k] = s;
    }
}

/* Returns how much a unit's relaxation can lose at most: it decides if nothing is lost at the mean minimiser. */
static double width(const nm_hull *h, size_t u, double y)
{
    if (y < 0) return -y * h->x->cut[u];
    const size_t pre = h->p->blocks[h->p->blocks[nm_program_block(h->p, u)].src].first + u -
                       h->p->blocks[nm_program_block(h->p, u)].first;
    const double s = h->a->slope[u], l = -s * h->b->lo[pre], top = (1 - s) * h->b->hi[pre];
    return 0.5 * y * (l < top ? l : top);
}

/* Sets what the relaxations lose at the mean minimiser: the scores for branching. */
static void score(nm_hull *h)
{
    for (size_t i = 0; i < h->p->blocks[0].n; i++) h->v[i] = h->mean[i];
    nm_hull_forward(h);
    for (size_t b = 1; b + 1 < h->p->n_blocks; b++) {
        const nm_block *r = &h->p->blocks[b];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n; i++) {
            const size_t u = r->first + i;
            const double y = h->y[u], a = h->v[h->p->blocks[r->src].first + i];
            h->a->gap[u] = 0;
            if (y == 0 || h->x->cut[u] == 0) continue;
            const double gap = nm_hull_value(h, r, i) - nm_larger(a, 0);
            h->a->gap[u] = nm_larger(-y * gap, 0) + 1e-3 * width(h, u, y);
        }
    }
    nm_windows_score(h);
}

static nm_hull setup(nm_job *job, const nm_lines_of *lines, const nm_bounds *b,
                     const nm_signs *signs)
{
    const nm_program *p = b->p;
    const size_t n_signs = signs ? signs->n : 0, n_in = nm_pad8(p->blocks[0].n);
    nm_hull h = {
        .job = job, .b = b, .p = p, .k = nm_kernels_pick(), .lines = lines, .signs = signs};
    nm_alpha *a = h.a = NM_NEW(job, nm_alpha);
    a->g = NM_ARRAY(job, double, n_in *NM_LANES);
    a->gap = NM_ARRAY(job, double, p->n_units);
    a->slope = NM_ARRAY(job, double, p->n_units);
    a->n_beta = n_signs;
    a->beta = NM_ARRAY(job, double, n_signs + 1);
    a->theta = NM_RAW(job, double, lines->entries + 1);
    a->mu = NM_RAW(job, double, lines->n + 1);
    a->nu = NM_RAW(job, double, lines->n + 1);
    a->share = NM_ARRAY(job, double, lines->n + 1);
    a->theta2 = h.adam.t2 = NM_ARRAY(job, double, lines->entries + 1);
    a->m2 = h.adam.m2 = NM_ARRAY(job, double, p->n_units + n_signs + 3 * lines->n);
    a->mean = h.mean = NM_ARRAY(job, double, n_in);
    return h;
}

static void workspace(nm_hull *h)
{
    const size_t n = h->lines->n, signs = h->signs ? h->signs->n : 0, units = h->p->n_units;
    h->y = NM_ARRAY(h->job, double, units);
    h->v = NM_ARRAY(h->job, double, units);
    h->adam.m1 = NM_ARRAY(h->job, double, units + signs + 3 * n);
    h->adam.t1 = NM_ARRAY(h->job, double, h->lines->entries + 1);
    h->z = NM_ARRAY(h->job, double, nm_pad8(h->p->blocks[0].n));
    h->at.part = NM_ARRAY(h->job, double, n + 1);
    h->at.along = NM_ARRAY(h->job, double, n + 1);
    h->at.end = nm_zero(h->job, n + 1, sizeof *h->at.end);
    h->at.top = NM_ARRAY(h->job, double, n + 1);
    h->at.state = NM_ARRAY(h->job, unsigned char, n + 1);
    for (int far = 0; far < 2; far++) {
        h->packed[far].lo = NM_ARRAY(h->job, double, h->lines->longest + 1);
        h->packed[far].hi = NM_ARRAY(h->job, double, h->lines->longest + 1);
        h->packed[far].val = NM_ARRAY(h->job, double, h->lines->longest + 1);
    }
    h->sum = NM_ARRAY(h->job, double, h->lines->longest + 1);
    h->x = nm_relax_new(h->job, h->b);
    nm_relax_set(h->x, h->b, 1, (int)h->p->n_blocks);
    nm_windows_open(h);
}

nm_alpha *nm_hull_run(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row,
                      double enough, nm_hull_opts o, const nm_signs *signs, const nm_alpha *start)
{
    nm_hull h = setup(job, lines, b, signs);
    nm_alpha *a = h.a;
    const size_t n_in = b->p->blocks[0].n;
    for (size_t l = 0; l < NM_LANES; l++) a->lo[l] = a->g0[l] = -INFINITY;
    const nm_mark mark = nm_mark_get(job);
    workspace(&h);
    start_from(&h, start);
    double weight = 0;
    for (size_t s = 0; s < o.steps && !nm_stopped(job); s++) {
        double g0;
        nm_hull_pull(&h, row);
        const double lo = nm_hull_least(&h, &g0);
        a->steps++;
        if (lo > a->lo[0]) {
            a->lo[0] = lo;
            a->g0[0] = g0;
            for (size_t i = 0; i < n_in; i++) a->g[i * NM_LANES] = h.y[i];
        }
        weight = 0.9 * weight + 0.1;
        for (size_t i = 0; i < n_in; i++) h.mean[i] += 0.1 / weight * (h.v[i] - h.mean[i]);
        if (a->lo[0] > enough || s + 1 == o.steps) break;
        nm_hull_forward(&h);
        ascend(&h, s, o.rate * pow(o.last, (double)s / (double)o.steps));
    }
    score(&h);
    nm_mark_release(job, mark);
    return a;
}

/* Returns a workspace in the state in which the run `a` ended. */
static nm_hull resume(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, const nm_alpha *a)
{
    nm_hull h = setup(job, lines, b, NULL);
    workspace(&h);
    start_from(&h, a);
    return h;
}

void nm_hull_line(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, const nm_alpha *a,
                  size_t k, double *on, double *off)
{
    const nm_mark mark = nm_mark_get(job);
    nm_hull h = resume(job, lines, b, a);
    nm_hull_ends(&h, k, a->theta + lines->line[k].at, a->mu[k], a->nu[k], on, off);
    /* the caller writes the line with rounded products theta w */
    const double fee = 4 * NM_ULP * b->mag[lines->line[k].pre];
    *on = nm_up(*on + fee);
    *off = nm_up(*off + fee);
    nm_mark_release(job, mark);
}

double nm_hull_row(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row,
                   const nm_alpha *a, const unsigned char *keep, double *y)
{
    const nm_mark mark = nm_mark_get(job);
    nm_hull h = resume(job, lines, b, a);
    double g0;
    h.keep = keep;
    nm_hull_pull(&h, row);
    nm_hull_least(&h, &g0);
    for (size_t k = 0; k < b->p->n_blocks; k++)
        for (size_t u = b->p->blocks[k].first; u < b->p->blocks[k].first + b->p->blocks[k].n; u++)
            y[u] = k == 0 || keep[u] ? h.y[u] : 0;
    nm_mark_release(job, mark);
    return g0;
}
