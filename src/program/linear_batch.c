/* linear_batch.c: applies linear operators to vectors and to batches of rows.
 *
 *   apply3  yc += A c, yr += |A| r, ym += |A| m     one vector, for interval bounds
 *   apply   y  += A x                               NM_LANES vectors, for the attack
 *   pull    x  += y A                               NM_LANES rows pulled back one block, for CROWN and folding
 *
 * Convolutions are in linear_conv.c. The products with lanes of large dense operators and convolutions are cut into
 * items that write to places of their own, which threads of the job share if they have nothing else to do (as in an
 * attack with one restart); each place has the same sum for any number of threads. A dense pull takes 8 columns and
 * lists the live rows for kernels->outer; sparse rows and gathers go weight by weight, each over all lanes, and leave
 * dead columns out. So the cost is proportional to the number of live units. Padding rows and columns of matrices are
 * zero. */
#include "base/base.h"
#include "program/program.h"
#include "program/kernel.h"

void nm_lin_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c,
                   const double *r, const double *m, double *yc, double *yr, double *ym)
{
    if (a->kind == NM_CONV || a->kind == NM_CONVT) {
        (a->kind == NM_CONV ? nm_conv_apply3 : nm_convt_apply3)(job, k, a, c, r, m, yc, yr, ym);
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

/* ---- shared products ---- */

typedef struct {
    const nm_product *of;
    void (*part)(nm_job *, const nm_product *, size_t from, size_t to);
} shared;

static void take_parts(nm_job *job, void *arg, nm_turns *turns)
{
    const shared *s = arg;
    for (size_t from, to; nm_turns_range(turns, &from, &to);) s->part(job, s->of, from, to);
}

enum { LEAST = 100000 }; /* FMAs of a product that is shared, even where jobs share all they can */

/* Computes a product of n items; used: the part of A's rows that it uses. */
static void compute(nm_job *job, const nm_product *of, double used, size_t n,
                    void (*part)(nm_job *, const nm_product *, size_t from, size_t to))
{
    const double work = used * (double)of->a->fan * (double)of->a->cols * NM_LANES;
    if (n < 2 || work < LEAST)
        part(job, of, 0, n);
    else
        nm_team_ranges(job, n, work, take_parts, &(shared){of, part});
}

/* ---- apply ---- */

/* Eight rows are an item. */
static void dense_apply(nm_job *job, const nm_product *s, size_t from, size_t to)
{
    const size_t cols = s->a->cols, ld = nm_pad8(cols);
    const nm_mark mark = nm_mark_get(job);
    uint32_t *aoff = NM_RAW(job, uint32_t, cols), *yoff = NM_RAW(job, uint32_t, cols);
    size_t n = 0;
    for (size_t j = 0; j < cols; j++) {
        aoff[n] = (uint32_t)j;
        yoff[n] = (uint32_t)(j * NM_LANES);
        n += !(s->dead && s->dead[j]);
    }
    for (size_t i = 8 * from; i < 8 * to; i += 8)
        s->k->outer(n, s->a->w + i * ld, ld, aoff, s->in, yoff, s->out + i * NM_LANES, true);
    nm_mark_release(job, mark);
}

/* This is the pull of all rows of the convolution. */
static void convt_apply(nm_job *job, const nm_product *s)
{
    const nm_lin *a = s->a;
    const nm_mark mark = nm_mark_get(job);
    uint32_t *unit = NM_RAW(job, uint32_t, a->cols);
    nm_product all = *s;
    for (size_t i = 0; i < a->cols; i++)
        if (!(s->dead && s->dead[i])) unit[all.n++] = (uint32_t)i;
    all.unit = unit;
    all.dead = NULL;
    all.live = NM_RAW(job, unsigned char, a->rows);
    memset(all.live, 1, a->rows);
    compute(job, &all, 1, nm_conv_eights(a), nm_conv_pull);
    nm_mark_release(job, mark);
}

void nm_lin_apply(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x, double *y,
                  const unsigned char *zero)
{
    const nm_product s = {.k = k, .a = a, .in = x, .out = y, .dead = zero};
    if (a->kind == NM_DENSE) compute(job, &s, 1, nm_pad8(a->rows) / 8, dense_apply);
    if (a->kind == NM_CONV) compute(job, &s, 1, nm_conv_places(a), nm_conv_apply);
    if (a->kind == NM_CONVT) convt_apply(job, &s);
    if (a->kind == NM_DENSE || a->kind == NM_CONV || a->kind == NM_CONVT) return;
    for (size_t i = 0; i < a->rows; i++) {
        double *to = y + i * NM_LANES;
        const uint32_t own = (uint32_t)i, *idx = a->idx ? a->idx + i : &own;
        if (a->kind == NM_SPARSE)
            k->collect(a->ptr[i + 1] - a->ptr[i], a->idx + a->ptr[i], a->w + a->ptr[i], x, to);
        else if (*idx != UINT32_MAX && !a->w)
            nm_add_row(x + *idx * NM_LANES, to);
        else if (*idx != UINT32_MAX)
            k->collect(1, idx, a->w + i, x, to);
    }
}

/* ---- pull ---- */

/* Eight columns are an item. */
static void dense_pull(nm_job *job, const nm_product *s, size_t from, size_t to)
{
    const size_t cols = s->a->cols, ld = nm_pad8(cols);
    const nm_mark mark = nm_mark_get(job);
    uint32_t *aoff = NM_RAW(job, uint32_t, s->n), *yoff = NM_RAW(job, uint32_t, s->n);
    for (size_t i = 0; i < s->n; i++) {
        aoff[i] = (uint32_t)(s->unit[i] * ld);
        yoff[i] = s->unit[i] * NM_LANES;
    }
    for (size_t j = 8 * from; j < 8 * to; j += 8) {
        uint64_t gone, live;
        if (s->dead) memcpy(&gone, s->dead + j, 8);
        if (s->dead && gone == UINT64_C(0x0101010101010101)) continue;
        memcpy(&live, s->live + j, 8);
        for (size_t i = j; live && i < j + 8; i++) nm_touch(s->out, s->live, i);
        memset(s->live + j, 1, 8);
        s->k->outer(s->n, s->a->w + j, 1, aoff, s->in, yoff, s->out + j * NM_LANES, live != 0);
        for (size_t i = cols; i < j + 8; i++) s->live[i] = 0;
    }
    nm_mark_release(job, mark);
}

static void sparse_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, size_t n,
                        const uint32_t *unit, const double *y, double *x, unsigned char *live,
                        const unsigned char *dead)
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
            nm_touch(x, live, j);
            idx[m] = j;
            w[m++] = a->w[t];
        }
        k->spread(m, idx, w, y + unit[i] * NM_LANES, x);
    }
    nm_mark_release(job, mark);
}

static void gather_pull(const nm_kernels *k, const nm_lin *a, size_t n, const uint32_t *unit,
                        const double *y, double *x, unsigned char *live, const unsigned char *dead)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t j = a->idx ? a->idx[unit[i]] : unit[i];
        if (j == UINT32_MAX || (dead && dead[j])) continue;
        if (!a->w) {
            nm_add_to(x, live, j, y + unit[i] * NM_LANES);
            continue;
        }
        nm_touch(x, live, j);
        k->spread(1, &j, a->w + unit[i], y + unit[i] * NM_LANES, x);
    }
}

void nm_lin_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, size_t n, const uint32_t *unit,
                 const double *y, double *x, unsigned char *live, const unsigned char *dead)
{
    const nm_product s = {k, a, n, unit, y, x, live, dead};
    const double used = (double)n / (double)(a->rows + !a->rows);
    if (a->kind == NM_DENSE) compute(job, &s, used, nm_pad8(a->cols) / 8, dense_pull);
    if (a->kind == NM_CONV) compute(job, &s, used, nm_conv_eights(a), nm_conv_pull);
    if (a->kind == NM_CONVT) compute(job, &s, used, nm_conv_places(a), nm_convt_pull);
    if (a->kind == NM_SPARSE) sparse_pull(job, k, a, n, unit, y, x, live, dead);
    if (a->kind == NM_GATHER) gather_pull(k, a, n, unit, y, x, live, dead);
}
