/* interval.c: interval arithmetic, block by block (Moore 1966), in centre and radius form (Rump 1999).
 *
 * For y = A x + b over c - r <= x <= c + r: y lies in A c + b +- |A| r. In floating point, with T terms in a row and
 * g = (T+8) 2^-52 >= twice the relative error of any sum of T+8 terms (Higham 2002, eq. 3.5), the radius becomes
 *     R = |A| r (1 + g) + g (|A||c| + |b|) + tiny,
 * which covers the errors of the sums of centre, radius and magnitude themselves, in any order; both ends are then
 * moved outwards by one step for their own rounding; for float32, R grows by the radius of network/float32.c. It also
 * keeps mag >= |A||x| + |b|, the scale of the rounding error of pulling a row back through the block. Cost: one pass
 * over the network. Needs the input box; gives bounds of every unit. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"

typedef struct {
    double *c, *r, *m;
} box;

static box centre(nm_job *job, const nm_bounds *b, const nm_block *k)
{
    const size_t n = nm_pad8(k->n);
    box x = {NM_ARRAY(job, double, n), NM_ARRAY(job, double, n), NM_ARRAY(job, double, n)};
    for (size_t i = 0; i < k->n; i++) {
        const double lo = b->lo[k->first + i], hi = b->hi[k->first + i];
        x.c[i] = 0.5 * lo + 0.5 * hi;
        const double r = hi - x.c[i] > x.c[i] - lo ? hi - x.c[i] : x.c[i] - lo;
        x.r[i] = r == 0 ? 0 : r * (1 + NM_ULP) + NM_TINY;
        x.m[i] = fabs(x.c[i]);
    }
    return x;
}

typedef struct {
    const nm_bounds *b;
    size_t first;
    bool moves;
} row_scan;

static void scan(void *arg, size_t j, double w)
{
    row_scan *s = arg;
    const size_t u = s->first + j;
    if (w != 0 && (s->b->lo[u] != 0 || s->b->hi[u] != 0)) s->moves = true;
}

/* For a sum of magnitude 0: returns true if the unit is truly 0, false if products may have underflowed. */
static bool is_zero(const nm_bounds *b, const nm_block *k, size_t i)
{
    row_scan s = {.b = b, .moves = k->bias[i] != 0};
    for (size_t t = 0; t < k->n_lin; t++) {
        s.first = b->p->blocks[k->lin[t].src].first;
        nm_lin_row(&k->lin[t], i, scan, &s);
    }
    return !s.moves;
}

static bool consts_are_zero(const nm_block *k, size_t i)
{
    return k->f32.rounds == 0 || !k->f32.consts || k->f32.consts[i] == 0;
}

/* Returns the radius of a unit whose mag is set; refuses units that may overflow. */
static double float32_radius(nm_job *job, const nm_bounds *b, const nm_block *k, size_t i)
{
    const double consts = k->f32.consts ? k->f32.consts[i] : 0;
    if (!(b->mag[k->first + i] + consts < 0x1p126))
        nm_throw(job, NM_EUNSUP,
                 "--arithmetic float32: node \"%s\": unit %zu may overflow over this input set", k->name, i);
    return nm_bounds_radius(b, k, i);
}

static void affine(nm_job *job, const nm_kernels *kern, nm_bounds *b, const nm_block *k)
{
    const nm_mark mark = nm_mark_get(job);
    const size_t n = nm_pad8(k->n);
    double *yc = NM_ARRAY(job, double, n), *yr = NM_ARRAY(job, double, n),
           *ym = NM_ARRAY(job, double, n);
    size_t terms = 8;
    for (size_t i = 0; i < k->n; i++) {
        yc[i] = k->bias[i];
        ym[i] = fabs(k->bias[i]);
    }
    for (size_t t = 0; t < k->n_lin; t++) {
        const box x = centre(job, b, &b->p->blocks[k->lin[t].src]);
        nm_lin_apply3(job, kern, &k->lin[t], x.c, x.r, x.m, yc, yr, ym);
        terms += k->lin[t].cols + 2;
    }
    const double g = (double)terms * NM_ULP;
    for (size_t i = 0; i < k->n; i++) {
        const size_t u = k->first + i;
        const double radius = (yr[i] * (1 + g) + g * ym[i]) * (1 + 4 * NM_ULP) +
                              (double)terms * NM_TINY;
        b->mag[u] = (yr[i] + ym[i]) * (1 + 2 * g) + (double)terms * NM_TINY;
        const bool exact = yr[i] == 0 && ym[i] == 0 && is_zero(b, k, i) && consts_are_zero(k, i);
        const double all = k->f32.rounds ? nm_up(radius + float32_radius(job, b, k, i)) : radius;
        nm_bounds_meet(b, u, exact ? 0 : nm_down(yc[i] - all), exact ? 0 : nm_up(yc[i] + all),
                       NM_BY_INTERVAL);
    }
    nm_mark_release(job, mark);
}

static void nonlinear(nm_bounds *b, const nm_block *k)
{
    const size_t src = b->p->blocks[k->src].first;
    for (size_t i = 0; i < k->n; i++) {
        double lo = 0, hi = 0;
        if (k->kind == NM_RELU) {
            lo = b->lo[src + i] > 0 ? b->lo[src + i] : 0;
            hi = b->hi[src + i] > 0 ? b->hi[src + i] : 0;
        } else {
            lo = hi = -INFINITY;
            for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
                if (b->lo[src + k->idx[t]] > lo) lo = b->lo[src + k->idx[t]];
                if (b->hi[src + k->idx[t]] > hi) hi = b->hi[src + k->idx[t]];
            }
        }
        nm_bounds_meet(b, k->first + i, lo, hi, NM_BY_INTERVAL);
    }
}

void nm_interval(nm_job *job, nm_bounds *b, int from, int to)
{
    const nm_kernels *kern = nm_kernels_pick();
    for (int k = from > 1 ? from : 1; k < to; k++) {
        const nm_block *block = &b->p->blocks[k];
        if (block->kind == NM_AFFINE)
            affine(job, kern, b, block);
        else
            nonlinear(b, block);
    }
}
