/* linear_batch.c: applies linear operators to vectors and to batches of rows.
 *
 *   apply3  yc += A c, yr += |A| r, ym += |A| m     one vector, for interval bounds
 *   apply   y  += A x                               NM_LANES vectors, for the attack
 *   pull    x  += y A                               NM_LANES rows pulled back one block, for CROWN and folding
 *
 * Dense and convolution operators use kernels->outer. A dense pull takes 8 columns and lists the live rows. A
 * convolution pull takes an output position, lists its live channels, and accumulates 8 cells of the patch at a time;
 * apply does the same in the other direction. So the cost is proportional to the number of live units, and a row of an
 * early convolution touches only its own window. Padding rows and columns of matrices are zero. */
#include "base/base.h"
#include "program/program.h"
#include "program/kernel.h"

enum { NONE = -1 };

static size_t patch_size(const nm_geo *g) { return (size_t)(g->c / g->groups * g->kh * g->kw); }

/* Returns the source cell under patch element (ky,kx) of output position (p,q), or NONE. */
static int64_t cell(const nm_geo *g, int64_t p, int64_t q, int64_t ky, int64_t kx)
{
    const int64_t y = p * g->sh - g->ph + ky * g->dh, x = q * g->sw - g->pw + kx * g->dw;
    return y < 0 || y >= g->h || x < 0 || x >= g->w ? NONE : y * g->w + x;
}

void nm_lin_set_cells(nm_job *job, nm_lin *a)
{
    const nm_geo *g = &a->geo;
    const int64_t area = g->p * g->q, cg = g->c / g->groups;
    int32_t *cells = NM_RAW(job, int32_t, nm_mul(job, (size_t)area, patch_size(g)));
    a->cells = cells;
    for (int64_t at = 0; at < area; at++)
        for (int64_t c = 0; c < cg; c++)
            for (int64_t ky = 0; ky < g->kh; ky++)
                for (int64_t kx = 0; kx < g->kw; kx++) {
                    const int64_t i = cell(g, at / g->q, at % g->q, ky, kx);
                    *cells++ = (int32_t)(i == NONE ? NONE : c * g->h * g->w + i);
                }
}

/* Returns the first cell of a group's channels, from which the group's cells are counted. */
static size_t group_start(const nm_geo *g, size_t group)
{
    return group * (size_t)(g->c / g->groups * g->h * g->w);
}

static void conv_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c,
                        const double *r, const double *m, double *yc, double *yr, double *ym)
{
    const nm_geo *g = &a->geo;
    const size_t patch = patch_size(g), patch8 = nm_pad8(patch), og = (size_t)(g->o / g->groups);
    const nm_mark mark = nm_mark_get(job);
    double *pc = NM_ARRAY(job, double, patch8), *pr = NM_ARRAY(job, double, patch8);
    double *pm = NM_ARRAY(job, double, patch8), out[3];
    for (int64_t at = 0; at < g->groups * g->p * g->q; at++) {
        const int64_t group = at / (g->p * g->q), pos = at % (g->p * g->q);
        const int32_t *cells = a->cells + (size_t)pos * patch;
        const size_t start = group_start(g, (size_t)group);
        for (size_t i = 0; i < patch; i++) {
            const size_t j = start + (size_t)(cells[i] == NONE ? 0 : cells[i]);
            pc[i] = cells[i] == NONE ? 0 : c[j];
            pr[i] = cells[i] == NONE ? 0 : r[j];
            pm[i] = cells[i] == NONE ? 0 : m[j];
        }
        for (size_t o = (size_t)group * og; o < (size_t)(group + 1) * og; o++) {
            const size_t u = o * (size_t)(g->p * g->q) + (size_t)pos;
            k->dot3(patch8, a->w + o * patch8, pc, pr, pm, out);
            yc[u] += out[0];
            yr[u] += out[1];
            ym[u] += out[2];
        }
    }
    nm_mark_release(job, mark);
}

void nm_lin_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c,
                   const double *r, const double *m, double *yc, double *yr, double *ym)
{
    if (a->kind == NM_CONV) {
        conv_apply3(job, k, a, c, r, m, yc, yr, ym);
        return;
    }
    for (size_t i = 0; i < a->rows; i++) {
        double out[3] = {0, 0, 0};
        if (a->kind == NM_DENSE) {
            k->dot3(nm_pad8(a->cols), a->w + i * nm_pad8(a->cols), c, r, m, out);
        } else {
            const size_t end = a->kind == NM_SPARSE ? a->ptr[i + 1] : i + 1;
            for (size_t t = a->kind == NM_SPARSE ? a->ptr[i] : i; t < end; t++) {
                const size_t j = a->idx ? a->idx[t] : t;
                if (j == UINT32_MAX) continue;
                const double w = a->w ? a->w[t] : 1;
                out[0] += w * c[j];
                out[1] += fabs(w) * r[j];
                out[2] += fabs(w) * m[j];
            }
        }
        yc[i] += out[0];
        yr[i] += out[1];
        ym[i] += out[2];
    }
}

static void add_row(const double *x, double *y)
{
    for (size_t l = 0; l < NM_LANES; l++) y[l] += x[l];
}

static void dense_apply(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x,
                        double *y)
{
    const nm_mark mark = nm_mark_get(job);
    uint32_t *aoff = NM_RAW(job, uint32_t, a->cols), *yoff = NM_RAW(job, uint32_t, a->cols);
    for (size_t j = 0; j < a->cols; j++) {
        aoff[j] = (uint32_t)j;
        yoff[j] = (uint32_t)(j * NM_LANES);
    }
    const size_t ld = nm_pad8(a->cols);
    for (size_t i = 0; i < a->rows; i += 8)
        k->outer(a->cols, a->w + i * ld, ld, aoff, x, yoff, y + i * NM_LANES, true);
    nm_mark_release(job, mark);
}

static void conv_apply(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x,
                       double *y)
{
    const nm_geo *g = &a->geo;
    const size_t patch = patch_size(g), og = (size_t)(g->o / g->groups), og8 = nm_pad8(og);
    const nm_mark mark = nm_mark_get(job);
    uint32_t *aoff = NM_RAW(job, uint32_t, patch), *yoff = NM_RAW(job, uint32_t, patch);
    double acc[8 * NM_LANES] = {0}; /* lanes that `outer` does not write stay 0 */
    for (int64_t at = 0; at < g->groups * g->p * g->q; at++) {
        const size_t group = (size_t)(at / (g->p * g->q)), pos = (size_t)(at % (g->p * g->q));
        const int32_t *cells = a->cells + pos * patch;
        const size_t start = group_start(g, group);
        size_t n = 0;
        for (size_t i = 0; i < patch; i++) {
            if (cells[i] == NONE) continue;
            aoff[n] = (uint32_t)(i * og8);
            yoff[n++] = (uint32_t)(start + (size_t)cells[i]) * NM_LANES;
        }
        for (size_t o = 0; o < og; o += 8) {
            k->outer(n, a->wt + group * patch * og8 + o, 1, aoff, x, yoff, acc, false);
            for (size_t i = 0; i < 8 && o + i < og; i++) {
                const size_t u = (group * og + o + i) * (size_t)(g->p * g->q) + pos;
                add_row(acc + i * NM_LANES, y + u * NM_LANES);
            }
        }
    }
    nm_mark_release(job, mark);
}

void nm_lin_apply(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x, double *y)
{
    if (a->kind == NM_DENSE) dense_apply(job, k, a, x, y);
    if (a->kind == NM_CONV) conv_apply(job, k, a, x, y);
    if (a->kind == NM_DENSE || a->kind == NM_CONV) return;
    for (size_t i = 0; i < a->rows; i++) {
        double *to = y + i * NM_LANES;
        const uint32_t own = (uint32_t)i, *idx = a->idx ? a->idx + i : &own;
        if (a->kind == NM_SPARSE)
            k->collect(a->ptr[i + 1] - a->ptr[i], a->idx + a->ptr[i], a->w + a->ptr[i], x, to);
        else if (*idx != UINT32_MAX && !a->w)
            add_row(x + *idx * NM_LANES, to);
        else if (*idx != UINT32_MAX)
            k->collect(1, idx, a->w + i, x, to);
    }
}

static void touch(double *x, unsigned char *live, size_t j)
{
    if (live[j]) return;
    live[j] = 1;
    memset(x + j * NM_LANES, 0, NM_LANES * sizeof *x);
}

/* Adds acc to x[j], or sets x[j] if nothing has touched it yet. */
static void add_to(double *x, unsigned char *live, size_t j, const double *acc)
{
    double *at = x + j * NM_LANES;
    if (!live[j])
        memcpy(at, acc, NM_LANES * sizeof *at);
    else
        for (size_t l = 0; l < NM_LANES; l++) at[l] += acc[l];
    live[j] = 1;
}

static void dense_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, size_t n,
                       const uint32_t *unit, const double *y, double *x, unsigned char *live,
                       const unsigned char *dead)
{
    const size_t ld = nm_pad8(a->cols);
    const nm_mark mark = nm_mark_get(job);
    uint32_t *aoff = NM_RAW(job, uint32_t, n), *yoff = NM_RAW(job, uint32_t, n);
    for (size_t i = 0; i < n; i++) {
        aoff[i] = (uint32_t)(unit[i] * ld);
        yoff[i] = unit[i] * NM_LANES;
    }
    for (size_t j = 0; j < a->cols; j += 8) {
        uint64_t gone;
        if (dead) memcpy(&gone, dead + j, 8);
        if (dead && gone == UINT64_C(0x0101010101010101)) continue;
        for (size_t i = j; i < j + 8; i++) touch(x, live, i);
        k->outer(n, a->w + j, 1, aoff, y, yoff, x + j * NM_LANES, true);
        for (size_t i = a->cols; i < j + 8; i++) live[i] = 0;
    }
    nm_mark_release(job, mark);
}

/* Lists the live channels of position pos; units are ordered channel by channel. */
static size_t list_channels(const nm_geo *g, size_t group, size_t pos, const unsigned char *set,
                            size_t patch8, uint32_t *aoff, uint32_t *yoff)
{
    const size_t og = (size_t)(g->o / g->groups), area = (size_t)(g->p * g->q);
    size_t n = 0;
    for (size_t o = group * og; o < (group + 1) * og; o++) {
        if (!set[o * area + pos]) continue;
        aoff[n] = (uint32_t)(o * patch8);
        yoff[n++] = (uint32_t)((o * area + pos) * NM_LANES);
    }
    return n;
}

static void conv_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, size_t n,
                      const uint32_t *unit, const double *y, double *x, unsigned char *live,
                      const unsigned char *dead)
{
    const nm_geo *g = &a->geo;
    const size_t patch = patch_size(g), patch8 = nm_pad8(patch), area = (size_t)(g->p * g->q);
    const nm_mark mark = nm_mark_get(job);
    unsigned char *set = NM_ARRAY(job, unsigned char, a->rows),
                  *open = NM_ARRAY(job, unsigned char, area);
    uint32_t *aoff = NM_RAW(job, uint32_t, g->o), *yoff = NM_RAW(job, uint32_t, g->o);
    double acc[8 * NM_LANES] = {0}; /* lanes that `outer` does not write stay 0 */
    for (size_t i = 0; i < n; i++) set[unit[i]] = open[unit[i] % area] = 1;
    for (size_t at = 0; at < (size_t)g->groups * area; at++) {
        const size_t group = at / area, pos = at % area;
        if (!open[pos]) continue;
        const size_t m = list_channels(g, group, pos, set, patch8, aoff, yoff);
        if (m == 0) continue;
        const int32_t *cells = a->cells + pos * patch;
        const size_t start = group_start(g, group);
        for (size_t i0 = 0; i0 < patch; i0 += 8) {
            const size_t end = patch - i0 < 8 ? patch - i0 : 8;
            size_t to[8], t = 0, which[8];
            for (size_t i = 0; i < end; i++) {
                if (cells[i0 + i] == NONE) continue;
                to[t] = start + (size_t)cells[i0 + i];
                which[t] = i;
                t += !(dead && dead[to[t]]);
            }
            if (t == 0) continue;
            k->outer(m, a->w + i0, 1, aoff, y, yoff, acc, false);
            for (size_t i = 0; i < t; i++) add_to(x, live, to[i], acc + which[i] * NM_LANES);
        }
    }
    nm_mark_release(job, mark);
}

static void sparse_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, size_t n, const uint32_t *unit,
                        const double *y, double *x, unsigned char *live, const unsigned char *dead)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t length = a->ptr[unit[i] + 1] - a->ptr[unit[i]];
        if (length > most) most = length;
    }
    const nm_mark mark = nm_mark_get(job);
    uint32_t *idx = NM_RAW(job, uint32_t, most);
    double *w = NM_RAW(job, double, most);
    for (size_t i = 0; i < n; i++) {
        size_t m = 0;
        for (size_t t = a->ptr[unit[i]]; t < a->ptr[unit[i] + 1]; t++) {
            const uint32_t j = a->idx[t];
            if (dead && dead[j]) continue;
            touch(x, live, j);
            idx[m] = j;
            w[m++] = a->w[t];
        }
        k->spread(m, idx, w, y + unit[i] * NM_LANES, x);
    }
    nm_mark_release(job, mark);
}

static void gather_pull(const nm_kernels *k, const nm_lin *a, size_t n, const uint32_t *unit, const double *y, double *x,
                        unsigned char *live, const unsigned char *dead)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t j = a->idx ? a->idx[unit[i]] : unit[i];
        if (j == UINT32_MAX || (dead && dead[j])) continue;
        if (!a->w) {
            add_to(x, live, j, y + unit[i] * NM_LANES);
            continue;
        }
        touch(x, live, j);
        k->spread(1, &j, a->w + unit[i], y + unit[i] * NM_LANES, x);
    }
}

void nm_lin_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, size_t n, const uint32_t *unit,
                 const double *y, double *x, unsigned char *live, const unsigned char *dead)
{
    if (a->kind == NM_DENSE) dense_pull(job, k, a, n, unit, y, x, live, dead);
    if (a->kind == NM_CONV) conv_pull(job, k, a, n, unit, y, x, live, dead);
    if (a->kind == NM_SPARSE) sparse_pull(job, k, a, n, unit, y, x, live, dead);
    if (a->kind == NM_GATHER) gather_pull(k, a, n, unit, y, x, live, dead);
}
