/* linear_conv.c: convolutions and transposed convolutions, applied to one vector or to NM_LANES, and pulled back.
 *
 * Neither is ever a matrix. Both have one set of weights, that of the convolution C from [C,H,W] to [O,P,Q]; an
 * operator of kind CONVT is its transpose, from [O,P,Q] to [C,H,W], so that its forward product goes as the other's
 * backward one. All go output position by output position of C, by kernels->outer:
 *
 *   along C       lists the cells under the patch, and accumulates 8 channels of the output at a time
 *   against C     lists the live channels of the output, and accumulates 8 cells of the patch at a time
 *
 * Both are cut into items that write to places of their own, which threads share (linear_batch.c). Along C, an item is
 * a position; against C, it is eight channels of each group's input. Eight channels start at a multiple of 8 in the
 * patch, so that blocks of 8 cells are the same for any number of threads. The cost is proportional to the number of
 * live units, and a row of an early convolution touches only its own window. The pull of a CONVT passes over positions
 * whose windows hold no live unit. */
#include "base/base.h"
#include "program/program.h"
#include "program/kernel.h"

enum { NONE = -1 };
static const size_t IN_ORDER[8] = {0, 1, 2, 3, 4, 5, 6, 7};

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

void nm_conv_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c,
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

size_t nm_conv_places(const nm_lin *a) { return (size_t)(a->geo.groups * a->geo.p * a->geo.q); }

size_t nm_conv_eights(const nm_lin *a) { return ((size_t)(a->geo.c / a->geo.groups) + 7) / 8; }

void nm_conv_apply(nm_job *job, const nm_product *s, size_t from, size_t to)
{
    const nm_lin *a = s->a;
    const nm_geo *g = &a->geo;
    const size_t patch = patch_size(g), og = (size_t)(g->o / g->groups), og8 = nm_pad8(og);
    const size_t area = (size_t)(g->p * g->q);
    const nm_mark mark = nm_mark_get(job);
    uint32_t *aoff = NM_RAW(job, uint32_t, patch), *yoff = NM_RAW(job, uint32_t, patch);
    double acc[8 * NM_LANES] = {0}; /* lanes that `outer` does not write stay 0 */
    size_t goal[8];
    for (size_t at = from; at < to; at++) {
        const size_t group = at / area, pos = at % area;
        const int32_t *cells = a->cells + pos * patch;
        const size_t start = group_start(g, group);
        size_t n = 0;
        for (size_t i = 0; i < patch; i++) {
            if (cells[i] == NONE || (s->dead && s->dead[start + (size_t)cells[i]])) continue;
            aoff[n] = (uint32_t)(i * og8);
            yoff[n++] = (uint32_t)(start + (size_t)cells[i]) * NM_LANES;
        }
        for (size_t o = 0; o < og; o += 8) {
            s->k->outer(n, a->wt + group * patch * og8 + o, 1, aoff, s->in, yoff, acc, false);
            size_t t = 0;
            for (; t < 8 && o + t < og; t++) goal[t] = (group * og + o + t) * area + pos;
            s->k->add_rows(t, goal, IN_ORDER, acc, s->out, NULL);
        }
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

/* Adds the listed outputs of C, multiplied by its weights, to its inputs. */
void nm_conv_pull(nm_job *job, const nm_product *s, size_t from, size_t to)
{
    const nm_lin *a = s->a;
    const nm_geo *g = &a->geo;
    const size_t patch = patch_size(g), patch8 = nm_pad8(patch), area = (size_t)(g->p * g->q);
    const size_t eight = 8 * (size_t)(g->kh * g->kw), last = to * eight < patch ? to * eight : patch;
    const nm_mark mark = nm_mark_get(job);
    unsigned char *set = NM_ARRAY(job, unsigned char, (size_t)g->o *area),
                  *open = NM_ARRAY(job, unsigned char, area);
    uint32_t *aoff = NM_RAW(job, uint32_t, g->o), *yoff = NM_RAW(job, uint32_t, g->o);
    double acc[8 * NM_LANES] = {0}; /* lanes that `outer` does not write stay 0 */
    for (size_t i = 0; i < s->n; i++) set[s->unit[i]] = open[s->unit[i] % area] = 1;
    for (size_t at = 0; at < (size_t)g->groups * area; at++) {
        const size_t group = at / area, pos = at % area;
        if (!open[pos]) continue;
        const size_t m = list_channels(g, group, pos, set, patch8, aoff, yoff);
        if (m == 0) continue;
        const int32_t *cells = a->cells + pos * patch;
        const size_t start = group_start(g, group);
        for (size_t i0 = from * eight; i0 < last; i0 += 8) {
            const size_t end = last - i0 < 8 ? last - i0 : 8;
            size_t goal[8], t = 0, which[8];
            for (size_t i = 0; i < end; i++) {
                if (cells[i0 + i] == NONE) continue;
                goal[t] = start + (size_t)cells[i0 + i];
                which[t] = i;
                t += !(s->dead && s->dead[goal[t]]);
            }
            if (t == 0) continue;
            s->k->outer(m, a->w + i0, 1, aoff, s->in, yoff, acc, false);
            s->k->add_rows(t, goal, which, acc, s->out, s->live);
        }
    }
    nm_mark_release(job, mark);
}

/* ---- the transpose of a convolution ---- */

void nm_convt_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c,
                     const double *r, const double *m, double *yc, double *yr, double *ym)
{
    const nm_geo *g = &a->geo;
    const size_t patch = patch_size(g), patch8 = nm_pad8(patch), og = (size_t)(g->o / g->groups);
    const size_t area = (size_t)(g->p * g->q), n = (size_t)g->o * patch8;
    const nm_mark mark = nm_mark_get(job);
    double *size = NM_RAW(job, double, n), *buf = NM_RAW(job, double, 3 * patch8);
    for (size_t i = 0; i < n; i++) size[i] = fabs(a->w[i]);
    for (size_t at = 0; at < (size_t)g->groups * area; at++) {
        const size_t group = at / area, pos = at % area, start = group_start(g, group);
        const int32_t *cells = a->cells + pos * patch;
        memset(buf, 0, 3 * patch8 * sizeof *buf);
        for (size_t o = group * og; o < (group + 1) * og; o++) {
            const size_t u = o * area + pos;
            k->axpy(patch8, c[u], a->w + o * patch8, buf);
            k->axpy(patch8, r[u], size + o * patch8, buf + patch8);
            k->axpy(patch8, m[u], size + o * patch8, buf + 2 * patch8);
        }
        for (size_t i = 0; i < patch; i++) {
            if (cells[i] == NONE) continue;
            const size_t to = start + (size_t)cells[i];
            yc[to] += buf[i];
            yr[to] += buf[patch8 + i];
            ym[to] += buf[2 * patch8 + i];
        }
    }
    nm_mark_release(job, mark);
}

/* Lists the live cells under the patch at a position; none if all places there are closed. */
static size_t list_cells(const nm_lin *a, size_t pos, size_t start, const unsigned char *set,
                         const unsigned char *open, size_t og8, uint32_t *aoff, uint32_t *yoff)
{
    const size_t patch = patch_size(&a->geo), places = (size_t)(a->geo.kh * a->geo.kw);
    const int32_t *cells = a->cells + pos * patch;
    bool any = false;
    size_t n = 0;
    for (size_t i = 0; i < places && !any; i++) any = cells[i] != NONE && open[cells[i]];
    for (size_t i = 0; any && i < patch; i++) {
        if (cells[i] == NONE || !set[start + (size_t)cells[i]]) continue;
        aoff[n] = (uint32_t)(i * og8);
        yoff[n++] = (uint32_t)(start + (size_t)cells[i]) * NM_LANES;
    }
    return n;
}

void nm_convt_pull(nm_job *job, const nm_product *s, size_t from, size_t to)
{
    const nm_lin *a = s->a;
    const nm_geo *g = &a->geo;
    const size_t patch = patch_size(g), og = (size_t)(g->o / g->groups), og8 = nm_pad8(og);
    const size_t area = (size_t)(g->p * g->q), plane = (size_t)(g->h * g->w);
    const nm_mark mark = nm_mark_get(job);
    unsigned char *set = NM_ARRAY(job, unsigned char, a->rows),
                  *open = NM_ARRAY(job, unsigned char, plane);
    uint32_t *aoff = NM_RAW(job, uint32_t, patch), *yoff = NM_RAW(job, uint32_t, patch);
    double acc[8 * NM_LANES] = {0}; /* lanes that `outer` does not write stay 0 */
    for (size_t i = 0; i < s->n; i++) set[s->unit[i]] = open[s->unit[i] % plane] = 1;
    for (size_t at = from; at < to; at++) {
        const size_t group = at / area, pos = at % area;
        const size_t m = list_cells(a, pos, group_start(g, group), set, open, og8, aoff, yoff);
        for (size_t o = 0; m > 0 && o < og; o += 8) {
            size_t goal[8], which[8], t = 0;
            for (size_t i = 0; i < 8 && o + i < og; i++) {
                goal[t] = (group * og + o + i) * area + pos;
                which[t] = i;
                t += !(s->dead && s->dead[goal[t]]);
            }
            if (t == 0) continue;
            s->k->outer(m, a->wt + group * patch * og8 + o, 1, aoff, s->in, yoff, acc, false);
            s->k->add_rows(t, goal, which, acc, s->out, s->live);
        }
    }
    nm_mark_release(job, mark);
}
