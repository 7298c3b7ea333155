/* The inner loops and the operator calls built on them.
 *
 * 1. Every build of kernel.c that this processor can run gives the same bits as the generic one, for every entry, on
 *    random data with zeros of both signs, subnormals and a wide range of magnitudes.
 * 2. nm_lin_apply3, apply and pull agree with the sum over nm_lin_row, an independent path, taken exactly (mpq), for
 *    dense, convolution (1-D and 2-D, strides, pads, dilations, groups, odd sizes), transposed convolution, sparse and
 *    gather operators. A sum
 *    of m fused or plain terms is off by at most (m+4) 2^-52 of the sum of magnitudes (program/program.h); on small
 * integers by 0.
 * 3. pull touches what it must and nothing else: live marks, dead columns, rows that are not listed.
 * 4. Adjointness: y.(A x) = (y A).x, exactly on small integers.
 * 5. Threads that share a product compute the same bits, all of them even if the job is stopped.
 * 6. After a pull with the kernel for eight lanes, nothing of what was in memory is left in the others. */
#include "random_networks.h"

#if defined(__x86_64__)
extern const nm_kernels nm_kernels_avx512, nm_kernels_avx2;
#endif
enum { N = 40, OPS = 240 };

static double wild(void)
{
    const size_t k = t_below(8);
    if (k == 0) return 0.0;
    if (k == 1) return -0.0;
    if (k == 2) return ldexp(t_uniform(-1, 1), -1060);
    if (k == 3) return ldexp(t_uniform(-1, 1), (int)t_below(200) - 100);
    return t_uniform(-1, 1);
}

static void fill(double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = wild();
}

typedef struct {
    double a[N * N], y[N * NM_LANES], x[N * NM_LANES], z[N * NM_LANES], v[6][N], cst[NM_LANES],
        err[NM_LANES], dot[4], ends[8];
} sheet;

/* one random call of each entry, all results on the sheet */
static void work(const nm_kernels *k, sheet *s)
{
    uint32_t aoff[N], yoff[N], unit[N];
    const size_t n = t_below(20), step = t_below(2) ? 1 : 24;
    fill(s->a, N * N);
    fill(s->y, N * NM_LANES);
    fill(s->x, N * NM_LANES);
    fill(s->z, N * NM_LANES);
    fill(s->cst, NM_LANES);
    fill(s->err, NM_LANES);
    for (int i = 0; i < 6; i++) fill(s->v[i], N);
    for (size_t i = 0; i < N; i++) {
        aoff[i] = (uint32_t)t_below(400);
        yoff[i] = (uint32_t)(t_below(N) * NM_LANES);
        unit[i] = (uint32_t)((i * 7 + 3) % N);
        if (s->v[4][i] > s->v[5][i]) s->v[4][i] = s->v[5][i];
    }
    k->outer(n, s->a, step, aoff, s->y, yoff, s->x, t_below(2));
    k->dot3(8 * t_below(6), s->a, s->v[0], s->v[1], s->v[2], s->dot);
    s->dot[3] = k->dot(8 * t_below(6), s->a, s->v[3]);
    k->relax(n, unit, s->y, s->v[0], s->v[1], s->v[2], s->v[3], s->x + 8 * 0, t_below(2), s->cst,
             s->err);
    k->gather(n, unit, s->y, s->v[0], s->v[1], s->cst, s->err);
    double low[NM_LANES], mag[NM_LANES];
#ifdef NM_ALPHA_STEPS /* the entries that came with alpha */
    double slope[NM_LANES], lambda[NM_LANES];
    for (size_t l = 0; l < NM_LANES; l++) lambda[l] = fabs(wild());
    k->relax_lanes(n, unit, s->y, s->z, s->v[1], s->v[2], s->v[3], s->x, t_below(2), s->cst,
                   s->err);
    k->box_row(n, s->y, s->v[0], lambda, s->v[4], s->v[5], low, slope, mag);
    memcpy(s->a + 2 * NM_LANES, low, sizeof low);
    memcpy(s->a + 3 * NM_LANES, mag, sizeof mag);
    memcpy(s->a + 4 * NM_LANES, slope, sizeof slope);
#endif
    const size_t n8 = 8 * t_below(6);
    const double adam[3] = {0.3, 1.7, 0};
    k->hull_ends(n8, s->v[0], s->v[1], s->v[4], s->v[5], wild(), wild(), s->ends);
    k->hull_add(n8, wild(), s->v[0], s->v[1], s->z);
    k->axpy(n8, wild(), s->v[2], s->z + N);
    k->hull_step(n8, wild(), wild(), s->v[1], s->v[3], s->v[4], s->v[5], adam, s->v[0], s->z + 2 * N,
                 s->z + 3 * N);
    k->ramp_sum(n8, wild(), 3, s->v[1], s->v[4], s->v[0], s->ends + 6);
    k->ramp_lines(n8, 0.5, 3, wild(), s->v[1], s->v[5], s->v[0], s->z + 2 * N, s->z + 3 * N);
    k->spread(n, unit, s->v[2], s->y, s->x);
    size_t to[8], which[8];
    unsigned char live[N] = {0};
    for (size_t i = 0; i < 8; i++) to[i] = t_below(N), which[i] = t_below(8), live[t_below(N)] = 1;
    k->add_rows(t_below(9), to, which, s->a, s->x, t_below(2) ? live : NULL);
    k->collect(n, unit, s->v[3], s->x, s->z);
    k->box(n, unit, s->y, s->v[4], s->v[5], low, mag);
    memcpy(s->a, low, sizeof low);
    memcpy(s->a + NM_LANES, mag, sizeof mag);
}

static void same(nm_job *job, void *arg)
{
    const nm_kernels *k = arg;
    sheet *a = NM_NEW(job, sheet), *b = NM_NEW(job, sheet);
    for (uint64_t seed = 1; seed <= 100; seed++) {
        t_seed = seed;
        work(&nm_kernels_generic, a);
        t_seed = seed;
        work(k, b);
        CHECK(!memcmp(a, b, sizeof *a), "%s differs from generic, seed %llu", k->name,
              (unsigned long long)seed);
    }
}

static void builds(void)
{
    t_job(0, same, (void *)(uintptr_t)nm_kernels_pick());
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        t_job(0, same, (void *)(uintptr_t)&nm_kernels_avx512);
    else
        t_skipped++;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        t_job(0, same, (void *)(uintptr_t)&nm_kernels_avx2);
    else
        t_skipped++;
#endif
}

/* ---- operators ---- */

static double entry(bool ints) { return ints ? (double)t_below(7) - 3 : wild(); }

static void make_dense(nm_job *job, nm_lin *a, bool ints)
{
    a->rows = 1 + t_below(20);
    a->cols = 1 + t_below(20);
    const size_t ld = nm_pad8(a->cols);
    double *w = NM_ARRAY(job, double, nm_pad8(a->rows) * ld);
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0; j < a->cols; j++) w[i * ld + j] = entry(ints);
    a->w = w;
}

static void make_conv(nm_job *job, nm_lin *a, bool ints)
{
    nm_geo *g = &a->geo;
    *g = (nm_geo){.groups = 1 + (int64_t)t_below(3),
                  .h = 1 + (int64_t)t_below(6),
                  .w = 1 + (int64_t)t_below(7),
                  .kh = 1 + (int64_t)t_below(3),
                  .kw = 1 + (int64_t)t_below(4),
                  .sh = 1 + (int64_t)t_below(3),
                  .sw = 1 + (int64_t)t_below(3),
                  .dh = 1 + (int64_t)t_below(2),
                  .dw = 1 + (int64_t)t_below(2),
                  .ph = (int64_t)t_below(3),
                  .pw = (int64_t)t_below(3)};
    g->c = g->groups * (1 + (int64_t)t_below(t_below(6) ? 3 : 20));
    g->o = g->groups * (1 + (int64_t)t_below(t_below(4) ? 3 : 11));
    while ((g->kh - 1) * g->dh + 1 > g->h + 2 * g->ph) g->kh--;
    while ((g->kw - 1) * g->dw + 1 > g->w + 2 * g->pw) g->kw--;
    g->p = (g->h + 2 * g->ph - ((g->kh - 1) * g->dh + 1)) / g->sh + 1;
    g->q = (g->w + 2 * g->pw - ((g->kw - 1) * g->dw + 1)) / g->sw + 1;
    a->rows = (size_t)(g->o * g->p * g->q);
    a->cols = (size_t)(g->c * g->h * g->w);
    const size_t patch = (size_t)(g->c / g->groups * g->kh * g->kw), len = nm_pad8(patch),
                 og = (size_t)(g->o / g->groups);
    double *w = NM_ARRAY(job, double, nm_pad8((size_t)g->o) * len);
    double *wt = NM_ARRAY(job, double, (size_t)g->groups *patch *nm_pad8(og));
    for (size_t o = 0; o < (size_t)g->o; o++)
        for (size_t i = 0; i < patch; i++)
            w[o * len + i] = wt[(o / og * patch + i) * nm_pad8(og) + o % og] = entry(ints);
    a->w = w;
    a->wt = wt;
    nm_lin_set_cells(job, a);
}

static void make_transposed(nm_job *job, nm_lin *a, bool ints)
{
    make_conv(job, a, ints);
    const size_t rows = a->rows;
    a->rows = a->cols;
    a->cols = rows;
}

static void make_sparse(nm_job *job, nm_lin *a, bool ints)
{
    a->rows = 1 + t_below(20);
    a->cols = 1 + t_below(20);
    uint32_t row[400], col[400];
    double w[400];
    size_t n = 0;
    for (size_t i = 0; i < a->rows; i++)
        for (size_t k = t_below(a->cols < 16 && !ints ? 2 : 6); k > 0;
             k--) { /* rows may be empty */
            row[n] = (uint32_t)i;
            col[n] = (uint32_t)(ints ? t_below(a->cols) : (i + k * 3) % a->cols);
            w[n++] = entry(ints);
        }
    nm_sparse_fill(job, a, n, row, col, w);
}

static void make_gather(nm_job *job, nm_lin *a, bool ints)
{
    const bool whole = t_below(3) == 0;
    a->cols = 1 + t_below(20);
    a->rows = whole ? a->cols : 1 + t_below(20);
    uint32_t *idx = NM_RAW(job, uint32_t, a->rows);
    double *w = NM_RAW(job, double, a->rows);
    for (size_t i = 0; i < a->rows; i++) {
        idx[i] = t_below(4) ? (uint32_t)t_below(a->cols) : UINT32_MAX;
        w[i] = entry(ints);
    }
    if (!whole) a->idx = idx;
    if (t_below(2)) a->w = w;
}

typedef struct {
    double *w, *abs;
    size_t cols, row;
    bool *there;
} matrix; /* A and |A| in full, from nm_lin_row */

static void put(void *arg, size_t j, double w)
{
    matrix *m = arg;
    m->w[m->row * m->cols + j] += w; /* a sparse column may stand twice, among integers */
    m->abs[m->row * m->cols + j] += fabs(w);
    m->there[m->row * m->cols + j] = true;
}

/* |got - (start + sum w x)| <= (terms + 4) 2^-52 (|start| + sum |w||x|) + tiny, exactly; 0 on integers */
static bool agrees(double got, double start, size_t n, const double *w, size_t ws, const double *x,
                   size_t xs, bool ints)
{
    mpq_t sum, mag, a, b;
    mpq_inits(sum, mag, a, b, NULL);
    mpq_set_d(sum, start);
    mpq_abs(mag, sum);
    size_t terms = 0;
    for (size_t i = 0; i < n; i++) {
        terms += w[i * ws] != 0;
        mpq_set_d(a, w[i * ws]);
        mpq_set_d(b, x[i * xs]);
        mpq_mul(a, a, b);
        mpq_add(sum, sum, a);
        mpq_abs(a, a);
        mpq_add(mag, mag, a);
    }
    mpq_set_d(a, got);
    mpq_sub(a, a, sum);
    mpq_abs(a, a);
    mpq_set_d(b, (double)(terms + 4) * NM_ULP);
    mpq_mul(mag, mag, b);
    mpq_set_d(b, (double)(n + 4) * 5e-324); /* underflow of the products */
    mpq_add(mag, mag, b);
    const bool ok = ints ? mpq_sgn(a) == 0 : mpq_cmp(a, mag) <= 0;
    mpq_clears(sum, mag, a, b, NULL);
    return ok;
}

typedef struct op {
    const char *name;
    void (*make)(nm_job *, nm_lin *, bool);
    uint64_t seed;
} op;

static bool check_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const matrix *m,
                         bool ints)
{
    double *in[3], *out[3], *old[3];
    for (int i = 0; i < 3; i++) {
        in[i] = NM_ARRAY(job, double, nm_pad8(a->cols));
        out[i] = NM_ARRAY(job, double, nm_pad8(a->rows));
        old[i] = NM_ARRAY(job, double, nm_pad8(a->rows));
        for (size_t j = 0; j < a->cols; j++) in[i][j] = i ? fabs(entry(ints)) : entry(ints);
        for (size_t j = 0; j < a->rows; j++) out[i][j] = old[i][j] = entry(ints);
    }
    nm_lin_apply3(job, k, a, in[0], in[1], in[2], out[0], out[1], out[2]);
    bool ok = true;
    for (size_t r = 0; r < a->rows; r++)
        for (int i = 0; i < 3; i++)
            ok &= agrees(out[i][r], old[i][r], a->cols, (i ? m->abs : m->w) + r * a->cols, 1, in[i],
                         1, ints);
    return ok;
}

static bool check_apply(nm_job *job, const nm_kernels *k, const nm_lin *a, const matrix *m,
                        double *x, double *y, bool ints)
{
    double *old = NM_ARRAY(job, double, nm_pad8(a->rows) * NM_LANES);
    for (size_t j = 0; j < a->cols * NM_LANES; j++) x[j] = entry(ints);
    for (size_t i = 0; i < a->rows * NM_LANES; i++) y[i] = old[i] = ints ? 0 : entry(ints);
    nm_lin_apply(job, k, a, x, y, NULL);
    bool ok = true;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t l = 0; l < NM_LANES; l += 5)
            ok &= agrees(y[r * NM_LANES + l], old[r * NM_LANES + l], a->cols, m->w + r * a->cols, 1,
                         x + l, NM_LANES, ints);
    return ok;
}

/* A product that is told which columns are 0 has the same bytes. */
static bool check_zeros(nm_job *job, const nm_kernels *k, const nm_lin *a, double *x)
{
    unsigned char *zero = NM_ARRAY(job, unsigned char, nm_pad8(a->cols));
    const size_t n = nm_pad8(a->rows) * NM_LANES;
    double *all = nm_repeat(job, n, 0.5), *some = nm_repeat(job, n, 0.5);
    for (size_t j = 0; j < a->cols; j++) {
        zero[j] = t_below(3) == 0;
        for (size_t l = 0; zero[j] && l < NM_LANES; l++) x[j * NM_LANES + l] = 0;
    }
    nm_lin_apply(job, k, a, x, all, NULL);
    nm_lin_apply(job, k, a, x, some, zero);
    return memcmp(all, some, a->rows * NM_LANES * sizeof *all) == 0;
}

/* u (A) into z: rows of `unit` alone; columns that no listed row has keep their poison */
static bool check_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, const matrix *m,
                       double *u, double *z, bool ints, const unsigned char *dead, bool all)
{
    uint32_t *unit = NM_RAW(job, uint32_t, a->rows);
    unsigned char *live = NM_ARRAY(job, unsigned char, nm_pad8(a->cols)),
                  *before = NM_ARRAY(job, unsigned char, nm_pad8(a->cols));
    double *old = NM_ARRAY(job, double, a->cols *NM_LANES),
           *full = NM_ARRAY(job, double, a->rows *NM_LANES);
    size_t n = 0;
    for (size_t j = 0; j < a->cols * NM_LANES; j++) old[j] = z[j] = all ? 0 : entry(ints);
    for (size_t j = 0; j < a->cols; j++)
        before[j] = live[j] = t_below(3) == 0 && !(dead && dead[j]);
    for (size_t r = 0; r < a->rows; r++) {
        for (size_t l = 0; l < NM_LANES; l++) u[r * NM_LANES + l] = entry(ints);
        if (!all && t_below(3) == 0) continue;
        unit[n++] = (uint32_t)r;
        memcpy(full + r * NM_LANES, u + r * NM_LANES, NM_LANES * sizeof *u);
    }
    nm_lin_pull(job, k, a, n, unit, u, z, live, dead);
    bool ok = true;
    for (size_t j = 0; j < a->cols; j++) {
        bool reached = false;
        for (size_t i = 0; i < n; i++) reached |= m->there[unit[i] * a->cols + j];
        if (dead && dead[j]) continue;
        ok &= live[j] || (!reached && !before[j]);
        for (size_t l = 0; l < NM_LANES; l += 5) {
            const double start = before[j] ? old[j * NM_LANES + l] : 0;
            if (live[j])
                ok &= agrees(z[j * NM_LANES + l], start, a->rows, m->w + j, a->cols, full + l,
                             NM_LANES, ints);
            else
                ok &= z[j * NM_LANES + l] == old[j * NM_LANES + l];
        }
    }
    for (size_t j = a->cols; j < nm_pad8(a->cols); j++) ok &= !live[j];
    return ok;
}

/* Applies a, and pulls some rows back, with some columns live before and some dead, as the seed says. y, z: of so many
 * lanes as there are rows and columns. */
static void both_ways(nm_job *job, const nm_lin *a, const double *x, const double *u, double *y, double *z,
                      uint64_t seed)
{
    const nm_kernels *k = nm_kernels_pick();
    uint32_t *unit = NM_RAW(job, uint32_t, a->rows);
    unsigned char *live = NM_ARRAY(job, unsigned char, nm_pad8(a->cols)),
                  *dead = NM_ARRAY(job, unsigned char, nm_pad8(a->cols));
    const uint64_t before = t_seed;
    size_t n = 0;
    t_seed = seed;
    for (size_t r = 0; r < a->rows; r++)
        if (t_below(4)) unit[n++] = (uint32_t)r;
    for (size_t j = 0; j < a->cols; j++) {
        live[j] = t_below(3) == 0;
        dead[j] = !live[j] && t_below(4) == 0;
    }
    t_seed = before;
    nm_lin_apply(job, k, a, x, y, NULL);
    nm_lin_pull(job, k, a, n, unit, u, z, live, seed % 3 ? dead : NULL);
}

/* Pulls all rows back with the kernel for eight lanes: it leaves nothing in the others of what was there before. */
static bool check_half(nm_job *job, const nm_lin *a, const double *u)
{
    nm_kernels half = *nm_kernels_pick();
    half.outer = half.outer_half;
    uint32_t *unit = NM_RAW(job, uint32_t, a->rows);
    unsigned char *live = NM_ARRAY(job, unsigned char, nm_pad8(a->cols));
    double *z = nm_repeat(job, nm_pad8(a->cols) * NM_LANES, NAN);
    for (size_t r = 0; r < a->rows; r++) unit[r] = (uint32_t)r;
    nm_lin_pull(job, &half, a, a->rows, unit, u, z, live, NULL);
    bool ok = true;
    for (size_t i = 0; i < a->cols * NM_LANES; i++) ok &= !live[i / NM_LANES] || !isnan(z[i]);
    return ok;
}

static bool check_shared(nm_job *job, const nm_lin *a, const double *x, const double *u, uint64_t seed)
{
    const size_t rows = nm_pad8(a->rows) * NM_LANES, cols = nm_pad8(a->cols) * NM_LANES;
    double *alone = NM_ARRAY(job, double, rows + cols), *shared = NM_ARRAY(job, double, rows + cols);
    both_ways(job, a, x, u, alone, alone + rows, seed);
    nm_job_share_all(job);
    nm_job_set_threads(job, 3);
    nm_job_set_deadline(job, 0);
    both_ways(job, a, x, u, shared, shared + rows, seed);
    nm_job_set_threads(job, 1);
    nm_job_set_deadline(job, INFINITY);
    return memcmp(alone, shared, (rows + cols) * sizeof *alone) == 0;
}

static void one(nm_job *job, void *arg)
{
    const op *o = arg;
    const unsigned long long seed = (unsigned long long)o->seed;
    t_seed = o->seed;
    const bool ints = o->seed % 2;
    const nm_kernels *k = nm_kernels_pick();
    nm_lin a = {.kind = !strcmp(o->name, "dense")    ? NM_DENSE
                        : !strcmp(o->name, "conv")   ? NM_CONV
                        : !strcmp(o->name, "transposed") ? NM_CONVT
                        : !strcmp(o->name, "sparse") ? NM_SPARSE
                                                     : NM_GATHER};
    o->make(job, &a, ints);
    a.fan = 1000000; /* it counts as so large that threads share it */
    matrix m = {.cols = a.cols,
                .w = NM_ARRAY(job, double, a.rows *a.cols),
                .abs = NM_ARRAY(job, double, a.rows *a.cols),
                .there = NM_ARRAY(job, bool, a.rows *a.cols)};
    for (m.row = 0; m.row < a.rows; m.row++) nm_lin_row(&a, m.row, put, &m);
    double *x = NM_ARRAY(job, double, nm_pad8(a.cols) * NM_LANES),
           *y = NM_ARRAY(job, double, nm_pad8(a.rows) * NM_LANES);
    double *u = NM_ARRAY(job, double, nm_pad8(a.rows) * NM_LANES),
           *z = NM_ARRAY(job, double, nm_pad8(a.cols) * NM_LANES);
    unsigned char *dead = NM_ARRAY(job, unsigned char, nm_pad8(a.cols));
    for (size_t j = 0; j < nm_pad8(a.cols); j++)
        dead[j] = j >= a.cols || t_below(t_below(3) ? 2 : 20) == 0;
    CHECK(check_apply3(job, k, &a, &m, ints), "%s apply3, seed %llu", o->name, seed);
    CHECK(check_pull(job, k, &a, &m, u, z, ints, NULL, false) &&
              check_pull(job, k, &a, &m, u, z, ints, dead, false),
          "%s pull, seed %llu", o->name, seed);
    CHECK(check_apply(job, k, &a, &m, x, y, ints), "%s apply, seed %llu", o->name, seed);
    bool adjoint = check_pull(job, k, &a, &m, u, z, ints, NULL, true);
    for (size_t l = 0; ints && l < NM_LANES; l++) {
        double left = 0, right = 0;
        for (size_t r = 0; r < a.rows; r++) left += u[r * NM_LANES + l] * y[r * NM_LANES + l];
        for (size_t j = 0; j < a.cols; j++) right += z[j * NM_LANES + l] * x[j * NM_LANES + l];
        adjoint &= left == right;
    }
    CHECK(adjoint, "%s is not adjoint, seed %llu", o->name, seed);
    CHECK(check_shared(job, &a, x, u, o->seed), "%s, shared, seed %llu", o->name, seed);
    CHECK(check_half(job, &a, u), "%s, eight lanes, seed %llu", o->name, seed);
    CHECK(check_zeros(job, k, &a, x), "%s with zeros, seed %llu", o->name, seed);
}

int main(void)
{
    static const op ops[] = {{"dense", make_dense, 0},
                             {"conv", make_conv, 0},
                             {"sparse", make_sparse, 0},
                             {"gather", make_gather, 0},
                             {"transposed", make_transposed, 0}};
    builds();
    for (uint64_t seed = 1; seed <= OPS; seed++) {
        op o = ops[seed % 8 < 3 ? 1 : seed % 8 < 5 ? 4 : seed % 8 == 5 ? 0 : seed % 8 == 6 ? 2 : 3];
        o.seed = seed * 3 + seed / 8 % 2;
        t_job(0, one, &o);
    }
    return t_done("prop_kernels");
}
