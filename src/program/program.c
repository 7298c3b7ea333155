/* program.c: the network as blocks of scalar units.
 *
 * A block is the INPUT, an AFFINE map (a sum of linear operators on earlier blocks, plus a bias), a RELU of one block
 * or a MAX over groups of one block. A block refers only to earlier blocks, so there are no cycles. Units are numbered
 * block after block; each block starts at a multiple of 8 so that vectors of units are aligned, and the numbers in
 * between are unused.
 *
 * nm_program_finish fuses AFFINE after AFFINE if that is exact in double arithmetic (a bias added to a bias, a row
 * scaled: two-sum and fma find no error), drops blocks that nothing reads, and counts `fan`, the number of terms that
 * are summed in one unit when a row is pulled back: the n of the rounding bound. Maps that cannot be fused exactly stay
 * separate. */
#include "base/base.h"
#include "program/program.h"
#include "program/kernel.h"

#include <assert.h>

nm_block *nm_program_add(nm_job *job, nm_program *p, nm_kind kind, const char *name, size_t n)
{
    if ((p->n_blocks & (p->n_blocks - 1)) == 0) {
        nm_block *more = NM_ARRAY(job, nm_block, p->n_blocks ? 2 * p->n_blocks : 1);
        if (p->n_blocks) memcpy(more, p->blocks, p->n_blocks * sizeof *more);
        p->blocks = more;
    }
    nm_block *b = &p->blocks[p->n_blocks++];
    *b = (nm_block){.kind = kind, .name = name, .n = n, .src = -1, .first = p->n_units};
    p->n_units += nm_pad8(n);
    if (kind == NM_AFFINE) b->bias = NM_ARRAY(job, double, nm_pad8(n));
    return b;
}

nm_lin *nm_block_lin(nm_job *job, nm_block *b, nm_linkind kind, int src, size_t rows, size_t cols)
{
    nm_lin *more = NM_ARRAY(job, nm_lin, b->n_lin + 1);
    if (b->n_lin) memcpy(more, b->lin, b->n_lin * sizeof *more);
    b->lin = more;
    nm_lin *a = &more[b->n_lin++];
    *a = (nm_lin){.kind = kind, .src = src, .rows = rows, .cols = cols};
    return a;
}

void nm_sparse_fill(nm_job *job, nm_lin *a, size_t n, const uint32_t *row, const uint32_t *col,
                    const double *w)
{
    size_t *ptr = NM_ARRAY(job, size_t, a->rows + 1);
    uint32_t *idx = NM_RAW(job, uint32_t, n);
    double *val = NM_RAW(job, double, n);
    for (size_t k = 0; k < n; k++) {
        assert(k == 0 || row[k] >= row[k - 1]);
        ptr[row[k] + 1]++;
        idx[k] = col[k];
        val[k] = w[k];
    }
    for (size_t r = 0; r < a->rows; r++) ptr[r + 1] += ptr[r];
    a->ptr = ptr;
    a->idx = idx;
    a->w = val;
}

/* ---- exact fusion: C = gather(B), where only C reads B ---- */

static bool sum_exact(double a, double b, double *s)
{
    *s = a + b;
    const double bb = *s - a;
    return (a - (*s - bb)) + (b - bb) == 0 && isfinite(*s);
}

static bool product_exact(double a, double b, double *p)
{
    *p = a * b;
    return fma(a, b, -*p) == 0 && isfinite(*p) && (*p == 0 ? a == 0 || b == 0 : fabs(*p) > 1e-250);
}

static bool is_conv(const nm_lin *a) { return a->kind == NM_CONV || a->kind == NM_CONVT; }

/* Returns how many numbers a row of `w` has, with its padding; 0 if there are no such rows. */
static size_t row_length(const nm_lin *a)
{
    if (a->kind == NM_DENSE) return nm_pad8(a->cols);
    return is_conv(a) ? nm_pad8((size_t)(a->geo.c / a->geo.groups * a->geo.kh * a->geo.kw)) : 0;
}

/* Returns the number of rows or, of a convolution in either direction, of channels that it gives. */
static size_t row_kinds(const nm_lin *a)
{
    return a->kind == NM_CONV ? (size_t)a->geo.o : a->kind == NM_CONVT ? (size_t)a->geo.c : a->rows;
}

/* Returns a factor for each row (dense) or channel that is given (conv) from factors of units; NULL if they differ. */
static double *row_factors(nm_job *job, const nm_lin *a, const double *coef)
{
    const size_t rows = row_kinds(a), per = a->rows / rows;
    double *f = NM_RAW(job, double, rows);
    for (size_t r = 0; r < rows; r++) {
        f[r] = coef[r * per];
        for (size_t i = 1; i < per; i++)
            if (coef[r * per + i] != f[r]) return NULL;
    }
    return f;
}

static const double *scaled(nm_job *job, const nm_lin *a, const double *f)
{
    const nm_geo *g = &a->geo;
    const size_t rows = is_conv(a) ? (size_t)g->o : a->rows, len = row_length(a);
    double *w = NM_ARRAY(job, double, nm_pad8(rows) * len);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < len; i++) {
            size_t by = r;
            if (a->kind == NM_CONVT) {
                const size_t cg = (size_t)(g->c / g->groups), c = i / (size_t)(g->kh * g->kw);
                if (c >= cg) continue; /* the padding of the patch */
                by = r / (size_t)(g->o / g->groups) * cg + c;
            }
            if (!product_exact(a->w[r * len + i], f[by], &w[r * len + i])) return NULL;
        }
    return w;
}

static const double *transposed(nm_job *job, const nm_lin *a)
{
    const nm_geo *g = &a->geo;
    const size_t patch = (size_t)(g->c / g->groups * g->kh * g->kw), len = nm_pad8(patch);
    const size_t og = (size_t)(g->o / g->groups), og8 = nm_pad8(og), groups = (size_t)g->groups;
    double *wt = NM_ARRAY(job, double, groups *patch *og8);
    for (size_t o = 0; o < (size_t)g->o; o++)
        for (size_t i = 0; i < patch; i++)
            wt[((o / og) * patch + i) * og8 + o % og] = a->w[o * len + i];
    return wt;
}

/* Returns the weights of a SPARSE or GATHER operator with row r multiplied by f[r]; NULL if that rounds. */
static const double *scaled_rows(nm_job *job, const nm_lin *a, const double *f)
{
    const size_t n = a->kind == NM_SPARSE ? a->ptr[a->rows] : a->rows;
    double *w = NM_RAW(job, double, n);
    for (size_t r = 0; r < a->rows; r++) {
        const size_t end = a->kind == NM_SPARSE ? a->ptr[r + 1] : r + 1;
        for (size_t k = a->kind == NM_SPARSE ? a->ptr[r] : r; k < end; k++)
            if (!product_exact(a->w ? a->w[k] : 1, f[r], &w[k])) return NULL;
    }
    return w;
}

static double const_size(const nm_block *b, size_t i)
{
    return b->f32.consts ? b->f32.consts[i] : fabs(b->bias[i]);
}

/* Returns the rounding of C = gather(B) as one block: a term of B is rounded in both; constants may have cancelled. */
static nm_float32 fused_rounding(nm_job *job, const nm_block *b, const nm_block *c)
{
    const double *w = c->lin[0].w;
    double *consts = NM_ARRAY(job, double, nm_pad8(c->n)), most = 0;
    for (size_t i = 0; i < c->n; i++) {
        const double by = w ? fabs(w[i]) : 1;
        consts[i] = (by * const_size(b, i) + const_size(c, i)) * (1 + 4 * NM_ULP) + NM_TINY;
        if (by > most) most = by;
    }
    const double flat = (b->f32.flat * most + c->f32.flat) * 1.01;
    return (nm_float32){b->f32.rounds + c->f32.rounds, flat, consts};
}

static bool fuse(nm_job *job, nm_block *b, nm_block *c)
{
    const nm_lin *g = &c->lin[0];
    double *bias = NM_ARRAY(job, double, nm_pad8(c->n)), scaled_bias;
    for (size_t i = 0; i < c->n; i++) {
        if (!product_exact(b->bias[i], g->w ? g->w[i] : 1, &scaled_bias)) return false;
        if (!sum_exact(scaled_bias, c->bias[i], &bias[i])) return false;
    }
    nm_lin *lin = NM_RAW(job, nm_lin, b->n_lin);
    memcpy(lin, b->lin, b->n_lin * sizeof *lin);
    for (size_t t = 0; g->w && t < b->n_lin; t++) {
        const bool rows = row_length(&lin[t]) == 0;
        const double *f = rows ? g->w : row_factors(job, &lin[t], g->w);
        if (!f || !(lin[t].w = (rows ? scaled_rows : scaled)(job, &lin[t], f))) return false;
        if (is_conv(&lin[t])) lin[t].wt = transposed(job, &lin[t]);
    }
    if (b->f32.rounds + c->f32.rounds) c->f32 = fused_rounding(job, b, c);
    c->lin = lin;
    c->n_lin = b->n_lin;
    c->bias = bias;
    return true;
}

static void count_readers(const nm_program *p, size_t *readers)
{
    memset(readers, 0, p->n_blocks * sizeof *readers);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        if (k->src >= 0) readers[k->src]++;
        for (size_t t = 0; t < k->n_lin; t++) readers[k->lin[t].src]++;
    }
    for (size_t i = 0; i < p->n_out; i++)
        if (p->out[i] >= 0) readers[nm_program_block(p, (size_t)p->out[i])]++;
}

static void fuse_all(nm_job *job, nm_program *p)
{
    size_t *readers = NM_RAW(job, size_t, p->n_blocks);
    count_readers(p, readers);
    for (size_t i = 1; i < p->n_blocks; i++) {
        nm_block *c = &p->blocks[i];
        if (c->kind != NM_AFFINE || c->n_lin != 1) continue;
        const nm_lin *g = &c->lin[0];
        nm_block *b = &p->blocks[g->src];
        if (g->kind != NM_GATHER || g->idx || b->kind != NM_AFFINE || readers[g->src] != 1)
            continue;
        if (fuse(job, b, c)) readers[b - p->blocks] = 0;
    }
}

/* ---- dropping, numbering, checking ---- */

double nm_block_weights(const nm_block *b)
{
    double n = 0;
    for (size_t t = 0; t < b->n_lin; t++) n += (double)b->lin[t].fan * (double)b->lin[t].cols;
    return n;
}

bool nm_reads_input_only(const nm_block *b)
{
    for (size_t t = 0; t < b->n_lin; t++)
        if (b->lin[t].src != 0) return false;
    return true;
}

int nm_program_block(const nm_program *p, size_t u)
{
    size_t lo = 0, hi = p->n_blocks;
    while (hi - lo > 1) {
        const size_t mid = (lo + hi) / 2;
        if (p->blocks[mid].first <= u)
            lo = mid;
        else
            hi = mid;
    }
    return (int)lo;
}

size_t nm_program_pre(const nm_program *p, size_t u)
{
    const nm_block *r = &p->blocks[nm_program_block(p, u)];
    return p->blocks[r->src].first + (u - r->first);
}

static void mark_needed(const nm_program *p, bool *needed)
{
    needed[0] = true;
    for (size_t i = 0; i < p->n_out; i++)
        if (p->out[i] >= 0) needed[nm_program_block(p, (size_t)p->out[i])] = true;
    for (size_t b = p->n_blocks; b-- > 0;) {
        const nm_block *k = &p->blocks[b];
        if (needed[b] && k->src >= 0) needed[k->src] = true;
        for (size_t t = 0; needed[b] && t < k->n_lin; t++) needed[k->lin[t].src] = true;
    }
}

static void renumber(nm_job *job, nm_program *p)
{
    bool *needed = NM_ARRAY(job, bool, p->n_blocks);
    int *to = NM_ARRAY(job, int, p->n_blocks);
    size_t *first = NM_ARRAY(job, size_t, p->n_blocks);
    mark_needed(p, needed);
    size_t n = 0, units = 0;
    for (size_t b = 0; b < p->n_blocks; b++) {
        first[b] = p->blocks[b].first;
        if (!needed[b]) continue;
        to[b] = (int)n;
        nm_block k = p->blocks[b];
        if (k.src >= 0) k.src = to[k.src];
        for (size_t t = 0; t < k.n_lin; t++) k.lin[t].src = to[k.lin[t].src];
        k.first = units;
        units += nm_pad8(k.n);
        for (size_t i = 0; i < p->n_out; i++) {
            const size_t u = (size_t)p->out[i];
            if (p->out[i] < 0 || u < first[b] || u >= first[b] + k.n) continue;
            p->out[i] = (int32_t)(-2 - (int64_t)(u - first[b] + k.first)); /* unused from now on */
        }
        p->blocks[n++] = k;
    }
    for (size_t i = 0; i < p->n_out; i++)
        if (p->out[i] < -1) p->out[i] = -2 - p->out[i];
    p->n_blocks = n;
    p->n_units = units;
}

static size_t column_fan(nm_job *job, const nm_lin *a)
{
    if (a->kind == NM_DENSE) return a->rows;
    if (is_conv(a)) {
        const nm_geo *g = &a->geo;
        return (size_t)((a->kind == NM_CONV ? g->o : g->c) / g->groups * g->kh * g->kw);
    }
    if (a->kind == NM_GATHER && !a->idx) return 1;
    const size_t n = a->kind == NM_SPARSE ? a->ptr[a->rows] : a->rows;
    size_t *count = NM_ARRAY(job, size_t, a->cols + 1), most = 0;
    for (size_t k = 0; k < n; k++) {
        if (a->idx[k] == UINT32_MAX) continue;
        const size_t c = ++count[a->idx[k]];
        if (c > most) most = c;
    }
    return most;
}

static void count_fans(nm_job *job, nm_program *p)
{
    for (size_t b = 0; b < p->n_blocks; b++) p->blocks[b].fan = 2;
    for (size_t b = 0; b < p->n_blocks; b++) {
        nm_block *k = &p->blocks[b];
        if (k->src >= 0) {
            p->blocks[k->src].is_pre = true;
            p->blocks[k->src].fan += k->kind == NM_MAX ? k->n : 1;
        }
        for (size_t t = 0; t < k->n_lin; t++) {
            k->lin[t].fan = column_fan(job, &k->lin[t]);
            if (is_conv(&k->lin[t]) && !k->lin[t].cells) nm_lin_set_cells(job, &k->lin[t]);
            p->blocks[k->lin[t].src].fan += k->lin[t].fan;
        }
    }
}

static void check(nm_job *job, const nm_program *p)
{
    if (p->n_units > (UINT32_MAX >> 5))
        nm_throw(job, NM_EUNSUP, "a network of %zu units", p->n_units);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        assert(k->src < (int)b);
        for (size_t t = 0; t < k->n_lin; t++) {
            const nm_lin *a = &k->lin[t];
            assert(a->src >= 0 && a->src < (int)b && a->rows == k->n);
            assert(a->cols == p->blocks[a->src].n);
            if (row_length(a) &&
                (is_conv(a) ? (size_t)a->geo.o : a->rows) >= UINT32_MAX / row_length(a) - 8)
                nm_throw(job, NM_EUNSUP, "layer \"%s\" has more than 2^32 weights", k->name);
        }
    }
}

void nm_program_recount(nm_job *job, nm_program *p)
{
    check(job, p);
    count_fans(job, p);
}

void nm_program_finish(nm_job *job, nm_program *p)
{
    fuse_all(job, p);
    renumber(job, p);
    nm_program_recount(job, p);
}

/* ---- rows and text ---- */

static void conv_row(const nm_lin *a, size_t i, void (*put)(void *, size_t, double), void *arg)
{
    const nm_geo *g = &a->geo;
    const int64_t area = g->p * g->q, o = (int64_t)i / area, p = (int64_t)i % area / g->q,
                  q = (int64_t)i % g->q;
    const int64_t cg = g->c / g->groups, group = o / (g->o / g->groups);
    const double *w = a->w + (size_t)o * row_length(a);
    for (int64_t c = 0; c < cg; c++)
        for (int64_t ky = 0; ky < g->kh; ky++)
            for (int64_t kx = 0; kx < g->kw; kx++) {
                const int64_t y = p * g->sh - g->ph + ky * g->dh,
                              x = q * g->sw - g->pw + kx * g->dw;
                if (y < 0 || y >= g->h || x < 0 || x >= g->w) continue;
                put(arg, (size_t)(((group * cg + c) * g->h + y) * g->w + x),
                    w[(c * g->kh + ky) * g->kw + kx]);
            }
}

static void convt_row(const nm_lin *a, size_t i, void (*put)(void *, size_t, double), void *arg)
{
    const nm_geo *g = &a->geo;
    const int64_t plane = g->h * g->w, c = (int64_t)i / plane, y = (int64_t)i % plane / g->w,
                  x = (int64_t)i % g->w;
    const int64_t cg = g->c / g->groups, og = g->o / g->groups, group = c / cg;
    for (int64_t o = group * og; o < (group + 1) * og; o++)
        for (int64_t ky = 0; ky < g->kh; ky++)
            for (int64_t kx = 0; kx < g->kw; kx++) {
                const int64_t p = y + g->ph - ky * g->dh, q = x + g->pw - kx * g->dw;
                if (p < 0 || p % g->sh || p / g->sh >= g->p || q < 0 || q % g->sw ||
                    q / g->sw >= g->q)
                    continue;
                put(arg, (size_t)((o * g->p + p / g->sh) * g->q + q / g->sw),
                    a->w[(size_t)o * row_length(a) + (size_t)((c % cg * g->kh + ky) * g->kw + kx)]);
            }
}

void nm_lin_row(const nm_lin *a, size_t i, void (*put)(void *, size_t j, double w), void *arg)
{
    if (a->kind == NM_CONV) {
        conv_row(a, i, put, arg);
    } else if (a->kind == NM_CONVT) {
        convt_row(a, i, put, arg);
    } else if (a->kind == NM_DENSE) {
        for (size_t j = 0; j < a->cols; j++) put(arg, j, a->w[i * nm_pad8(a->cols) + j]);
    } else if (a->kind == NM_SPARSE) {
        for (size_t k = a->ptr[i]; k < a->ptr[i + 1]; k++) put(arg, a->idx[k], a->w[k]);
    } else if (!a->idx || a->idx[i] != UINT32_MAX) {
        put(arg, a->idx ? a->idx[i] : i, a->w ? a->w[i] : 1);
    }
}

const char *nm_kind_name(nm_kind k)
{
    static const char *const name[] = {"input", "affine", "relu", "max"};
    return name[k];
}

void nm_program_print(nm_buf *b, const nm_program *p)
{
    static const char *const lin[] = {"dense", "conv", "transposed conv", "sparse", "gather"};
    for (size_t i = 0; i < p->n_blocks; i++) {
        const nm_block *k = &p->blocks[i];
        nm_put(b, "block %zu %s units %zu", i, nm_kind_name(k->kind), k->n);
        if (k->src >= 0) nm_put(b, " of %d", k->src);
        for (size_t t = 0; t < k->n_lin; t++)
            nm_put(b, " + %s of %d", lin[k->lin[t].kind], k->lin[t].src);
        nm_put(b, " \"%s\"\n", k->name);
    }
    nm_put(b, "outputs %zu\n", p->n_out);
}
