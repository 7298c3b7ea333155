/* hull_walk.c: the passes of the hull dual (hull_dual.c): pulls one row back along the lines of its units, minimises it
 * over the input box with all rounding included, and propagates values forward along the same lines. It works like
 * pull_back.c with one lane; hull_dual.c explains the rounding. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

/* ---- the walk back ---- */

/* Copies the box of a list's inputs into consecutive memory. */
void nm_hull_pack(nm_hull *h, const nm_line *l, bool values)
{
    const int far = l->is_far;
    if (h->packed[far].idx == l->idx) return;
    h->packed[far].idx = l->idx;
    for (size_t i = 0; i < l->n; i++) {
        h->packed[far].lo[i] = h->b->lo[l->idx[i]];
        h->packed[far].hi[i] = h->b->hi[l->idx[i]];
        if (values) h->packed[far].val[i] = h->v[l->idx[i]];
    }
}

void nm_hull_unpack(nm_hull *h) { h->packed[0].idx = h->packed[1].idx = NULL; }

void nm_hull_ends(nm_hull *h, size_t k, const double *theta, double mu, double nu, double *on, double *off)
{
    const nm_line *l = &h->lines->line[k];
    const double lo = nm_larger(h->b->lo[l->pre], l->lo), hi = h->b->hi[l->pre];
    double *e = h->at.end[k];
    nm_hull_pack(h, l, false);
    h->k->hull_ends(l->n, theta, l->w, h->packed[l->is_far].lo, h->packed[l->is_far].hi, 1 - mu, nu, e);
    const double size = (1 + mu + nu) * (fabs(l->b) + fabs(lo) + fabs(hi));
    const double fee = ((double)l->n + 32) * NM_ULP * (size + e[1] + e[4]) + (double)l->n * NM_TINY;
    *on = nm_up((1 - mu) * l->b + mu * hi + e[0] + fee);
    *off = nm_up(nu * (l->b - lo) + e[3] + fee);
}

/* Returns an upper bound of max(on, off). */
static double line_top(nm_hull *h, size_t k)
{
    double on, off;
    nm_hull_ends(h, k, h->a->theta + h->lines->line[k].at, h->a->mu[k], h->a->nu[k], &on, &off);
    h->at.state[k] = on >= off ? NM_ON : NM_OFF;
    return nm_larger(on, off);
}

static void pull_line(nm_hull *h, double y, size_t k)
{
    const nm_line *l = &h->lines->line[k];
    const nm_program *p = h->p;
    const double sum = (double)(p->n_units + 16);
    double fan = l->is_far ? (double)h->lines->n_far + 8 : 8;
    h->at.part[k] = y;
    h->at.top[k] = line_top(h, k);
    if (y == 0) return;
    const nm_block *a = &p->blocks[nm_program_block(p, l->pre)];
    if (!l->is_far)
        for (size_t t = 0; t < a->n_lin; t++)
            fan = nm_larger(fan, (double)p->blocks[a->lin[t].src].fan + 8);
    double *to = l->is_far ? h->z : h->y;
    memset(h->sum, 0, l->n * sizeof *h->sum);
    h->k->hull_add(l->n, y, h->a->theta + l->at, l->w, h->sum);
    for (size_t i = 0; i < l->n; i++) to[l->idx[i]] += h->sum[i];
    h->cst += y * h->at.top[k];
    h->err += fabs(y) * NM_ULP *
              (2 * fan * nm_larger(l->size, h->b->mag[l->pre]) + sum * fabs(h->at.top[k]));
}

/* Pulls through the lines of a unit, y < 0: their parts add up to y or less, which is valid as the unit is >= 0. */
static void pull_lines(nm_hull *h, double y, size_t k)
{
    const int32_t far = h->lines->line[k].far;
    double part = 0;
    if (far >= 0 && h->a->share[far] > 0) {
        part = h->a->share[far] * y;
        pull_line(h, part, (size_t)far);
    }
    pull_line(h, part == 0 ? y : part == y ? 0 : nm_down(y - part), k);
}

static void pull_relu(nm_hull *h, const nm_block *r)
{
    const size_t src = h->p->blocks[r->src].first;
    for (size_t i = 0; i < r->n; i++) {
        const size_t u = r->first + i;
        const double y = h->y[u];
        const int32_t k = h->lines->of[u];
        if (k >= 0) h->at.state[k] = NM_IDLE;
        if (k >= 0 && h->lines->line[k].far >= 0) h->at.state[h->lines->line[k].far] = NM_IDLE;
        if (y == 0 || h->x->dead[u] || (h->keep && h->keep[u])) continue;
        if (y < 0 && k >= 0 && h->x->cut[u] != 0) {
            pull_lines(h, y, (size_t)k);
            continue;
        }
        h->y[src + i] += y * (y > 0 ? h->a->slope[u] : h->x->sup[u]);
        if (y < 0) h->cst += y * h->x->cut[u];
        h->err += fabs(y) * h->x->w[u];
    }
    if (h->signs)
        for (size_t i = 0; i < h->signs->n; i++) {
            const size_t u = h->signs->unit[i];
            if (u < r->first || u >= r->first + r->n) continue;
            h->y[src + u - r->first] += h->signs->side[i] * h->a->beta[i];
            h->err += ((double)h->p->blocks[r->src].fan + 8) * NM_ULP * h->a->beta[i] *
                      h->x->size[u];
        }
}

static void pull_max(nm_hull *h, const nm_block *m)
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

void nm_hull_pull(nm_hull *h, uint32_t row)
{
    const int q = (int)h->p->n_blocks - 1;
    const size_t n_in = h->p->blocks[0].n;
    memset(h->y, 0, h->p->n_units * sizeof *h->y);
    memset(h->z, 0, nm_pad8(n_in) * sizeof *h->z);
    h->cst = h->err = 0;
    h->y[h->p->blocks[q].first + row] = 1;
    for (int b = q; b > 0; b--) {
        const nm_block *k = &h->p->blocks[b];
        h->err += 2 * h->x->flat[b];
        nm_hull_unpack(h);
        nm_windows_pull(h, k);
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
    if (h->lines->n_far)
        for (size_t i = 0; i < n_in; i++) {
            h->y[i] += h->z[i];
            h->err += NM_ULP * fabs(h->y[i]) * nm_larger(fabs(h->b->lo[i]), fabs(h->b->hi[i]));
        }
}

/* Rewrites the row using the sums of generators, as pull_back.c does. */
static void shift(nm_hull *h, const nm_sum *s)
{
    const double m = nm_sum_level(s, h->y, 1, h->b->lo, h->b->hi);
    double lost = 0;
    for (size_t i = s->first; m != 0 && i < s->first + s->n; i++) {
        h->y[i] -= m;
        lost += fabs(h->y[i]) * nm_larger(fabs(h->b->lo[i]), fabs(h->b->hi[i]));
    }
    h->cst += m * s->total;
    h->err += NM_ULP * (2 * lost + 2 * fabs(m * s->total) + fabs(h->cst));
}

/* Returns a lower bound of the row over the input box, rounding included; leaves x* in v. g0: the row's constant. */
double nm_hull_least(nm_hull *h, double *g0)
{
    const size_t n = h->p->blocks[0].n;
    double sum = 0, mag = 0;
    if (h->b->gens)
        for (size_t s = 0; s < h->b->gens->n_sums; s++) shift(h, &h->b->gens->sums[s]);
    for (size_t i = 0; i < n; i++) {
        h->v[i] = h->y[i] > 0 ? h->b->lo[i] : h->b->hi[i];
        sum += h->y[i] * h->v[i];
        mag += fabs(h->y[i]) * nm_larger(fabs(h->b->lo[i]), fabs(h->b->hi[i]));
    }
    const double grown = 2 * (1 + h->lines->crowd) * (1 + (double)(h->p->n_units + 64) * 4 * NM_ULP);
    const double flat = (double)(h->p->n_units + 8) * NM_TINY;
    const double own = (h->err + 4 * NM_ULP * fabs(h->cst)) * grown + flat;
    *g0 = nm_down(h->cst - own);
    sum = nm_bounds_ball(h->b, h->y, sum, h->v);
    return nm_down(h->cst + sum - own - (double)(2 * n + 32) * NM_ULP * (mag + fabs(sum)) * 2);
}

/* ---- forward along the lines ---- */

static double value_along(nm_hull *h, size_t k)
{
    const nm_line *l = &h->lines->line[k];
    double s = h->at.top[k];
    for (size_t t = 0; t < l->n; t++) s += h->a->theta[l->at + t] * l->w[t] * h->v[l->idx[t]];
    return h->at.along[k] = s;
}

double nm_hull_value(nm_hull *h, const nm_block *r, size_t i)
{
    const size_t u = r->first + i, src = h->p->blocks[r->src].first;
    const int32_t k = h->lines->of[u];
    if (h->x->dead[u]) return 0;
    if (k >= 0 && h->at.state[k] != NM_IDLE) {
        const int32_t far = h->lines->line[k].far;
        const double s = value_along(h, (size_t)k);
        if (far < 0 || h->at.state[far] == NM_IDLE) return s;
        return s + h->a->share[far] * (value_along(h, (size_t)far) - s);
    }
    return h->y[u] < 0 ? h->x->sup[u] * h->v[src + i] + h->x->cut[u]
                       : h->a->slope[u] * h->v[src + i];
}

void nm_hull_forward(nm_hull *h)
{
    const nm_program *p = h->p;
    for (size_t b = 1; b + 1 < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        const size_t src = k->src >= 0 ? p->blocks[k->src].first : 0;
        /* Values of the last hidden layer are not needed, and of its pre-activations only those of units with a
         * line. */
        const bool last = b + 3 >= p->n_blocks && h->lines->n_far == 0;
        const nm_block *up = k + 1;
        const bool some = h->lines->full && b + 4 == p->n_blocks && up->kind == NM_RELU &&
                          up->src == (int)b;
        if (k->kind == NM_AFFINE) memcpy(h->v + k->first, k->bias, k->n * sizeof *k->bias);
        for (size_t t = 0; t < k->n_lin; t++)
            nm_lin_mv(h->job, h->k, &k->lin[t], h->v + p->blocks[k->lin[t].src].first,
                      h->v + k->first, some ? h->lines->of + up->first : NULL);
        for (size_t i = 0; k->kind == NM_RELU && !last && i < k->n; i++)
            h->v[k->first + i] = nm_hull_value(h, k, i);
        for (size_t u = k->first; k->kind == NM_MAX && u < k->first + k->n; u++)
            h->v[u] = h->y[u] < 0 ? h->x->sup[u] * h->v[src + h->x->mup[u]] + h->x->cut[u]
                                  : h->v[src + h->x->mlo[u]];
        nm_windows_values(h, k);
    }
}
