/* linear_vector.c: applies a linear operator to one vector, for optimisers that work on a single row.
 *
 *   mv   y += A x      a dot product for each row              forward
 *   mtv  x += A' y     a multiple of each row with y not 0     backward
 *
 * linear_batch.c does this for NM_LANES vectors at about eight times the cost. Convolutions go position by position
 * over a packed patch; for the transpose of one the two change places. Errors are those of any sum of products in any
 * order (kernel.c). Vectors are padded to 8 with zeros. */
#include "base/base.h"
#include "program/program.h"

static size_t patch_of(const nm_geo *g) { return (size_t)(g->c / g->groups * g->kh * g->kw); }

typedef struct {
    size_t start, first_o, end_o, pos;
    const int32_t *cells;
} spot;

static spot spot_at(const nm_lin *a, size_t at)
{
    const nm_geo *g = &a->geo;
    const size_t area = (size_t)(g->p * g->q), group = at / area, og = (size_t)(g->o / g->groups);
    return (spot){group * (size_t)(g->c / g->groups * g->h * g->w), group * og, (group + 1) * og,
                  at % area, a->cells + at % area * patch_of(g)};
}

static void conv_mv(const nm_kernels *k, const nm_lin *a, const double *x, double *y, double *buf)
{
    const nm_geo *g = &a->geo;
    const size_t patch = patch_of(g), patch8 = nm_pad8(patch), area = (size_t)(g->p * g->q);
    for (size_t at = 0; at < (size_t)g->groups * area; at++) {
        const spot s = spot_at(a, at);
        for (size_t i = 0; i < patch; i++)
            buf[i] = s.cells[i] < 0 ? 0 : x[s.start + (size_t)s.cells[i]];
        for (size_t o = s.first_o; o < s.end_o; o++)
            y[o * area + s.pos] += k->dot(patch8, a->w + o * patch8, buf);
    }
}

static void conv_mtv(const nm_kernels *k, const nm_lin *a, const double *y, double *x, double *buf)
{
    const nm_geo *g = &a->geo;
    const size_t patch = patch_of(g), patch8 = nm_pad8(patch), area = (size_t)(g->p * g->q);
    for (size_t at = 0; at < (size_t)g->groups * area; at++) {
        const spot s = spot_at(a, at);
        bool any = false;
        memset(buf, 0, patch8 * sizeof *buf);
        for (size_t o = s.first_o; o < s.end_o; o++) {
            if (y[o * area + s.pos] == 0) continue;
            k->axpy(patch8, y[o * area + s.pos], a->w + o * patch8, buf);
            any = true;
        }
        if (any)
            for (size_t i = 0; i < patch; i++)
                if (s.cells[i] >= 0) x[s.start + (size_t)s.cells[i]] += buf[i];
    }
}

static void sparse_each(const nm_lin *a, const double *from, double *to, bool transposed)
{
    for (size_t i = 0; i < a->rows; i++) {
        const size_t end = a->kind == NM_SPARSE ? a->ptr[i + 1] : i + 1;
        for (size_t t = a->kind == NM_SPARSE ? a->ptr[i] : i; t < end; t++) {
            const size_t j = a->idx ? a->idx[t] : t;
            if (j == UINT32_MAX) continue;
            const double w = a->w ? a->w[t] : 1;
            if (transposed)
                to[j] += w * from[i];
            else
                to[i] += w * from[j];
        }
    }
}

void nm_lin_mv(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x, double *y,
               const int32_t *want)
{
    const nm_mark mark = nm_mark_get(job);
    const size_t ld = nm_pad8(a->cols);
    if (a->kind == NM_CONV || a->kind == NM_CONVT)
        (a->kind == NM_CONV ? conv_mv : conv_mtv)(k, a, x, y, NM_ARRAY(job, double, nm_pad8(patch_of(&a->geo))));
    else if (a->kind == NM_DENSE)
        for (size_t i = 0; i < a->rows; i++) {
            if (!want || want[i] >= 0) y[i] += k->dot(ld, a->w + i * ld, x);
        }
    else
        sparse_each(a, x, y, false);
    nm_mark_release(job, mark);
}

void nm_lin_mtv(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *y, double *x)
{
    const nm_mark mark = nm_mark_get(job);
    const size_t ld = nm_pad8(a->cols);
    if (a->kind == NM_CONV || a->kind == NM_CONVT)
        (a->kind == NM_CONV ? conv_mtv : conv_mv)(k, a, y, x, NM_ARRAY(job, double, nm_pad8(patch_of(&a->geo))));
    else if (a->kind == NM_DENSE)
        for (size_t i = 0; i < a->rows; i++) {
            if (y[i] != 0) k->axpy(ld, y[i], a->w + i * ld, x);
        }
    else
        sparse_each(a, y, x, true);
    nm_mark_release(job, mark);
}
