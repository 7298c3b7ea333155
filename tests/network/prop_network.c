/* What a network means, four times: nm_net_eval in float64 with its own error bound, in float32,
 * the lowered Program, and loops of this file.
 *
 * 1. Exact: |nm_net_eval - the Program in exact rationals| <= err, to the last bit, on random networks of every kind;
 *    err is useful: at most 1e-12 of the largest unit, unless weights spread
 *    over 60 binades. (Constants that the reader or lowering rounds are the network's meaning on both sides.)
 *    A chain of scalars that underflows and comes back: the error of a value that became 0 must not get lost.
 * 2. Program evaluation in double agrees with nm_net_eval within err of both and 1e-12.
 * 3. With small integer weights and points, averages over powers of two and norms without rounding, err is exactly 0.
 * 4. Fusion does not change the function: the same network with every layer an output, which forbids fusion, gives the
 *    same exact values; and programs built by hand, with scales that fuse (powers of two) and that
 *    must not, evaluate to the same rationals before and after nm_program_finish.
 * 5. Single operators on numbers that round: the program is the real function, to the last bit.
 * 6. Dense networks against plain loops over doubles, exactly, and over floats, bit by bit in float32. */
#include "random_networks.h"

enum { NETS = 160, HAND = 120, DENSE = 60, ONES = 300 };
typedef struct {
    uint64_t seed;
} arg_t;

static size_t n_fused, n_kept, n_inexact, n_sure;
static void free_exact(void *e) { x_free(e); }

static exact *new_exact(nm_job *job, size_t n)
{
    exact *e = x_new(n);
    nm_defer(job, free_exact, e);
    return e;
}

/* y += the exact value of output i */
static void output(const nm_program *p, const exact *e, size_t i, mpq_ptr y)
{
    if (p->out[i] >= 0)
        mpq_set(y, e->v[p->out[i]]);
    else
        mpq_set_d(y, p->out_const[i]);
}

/* |y - exact| <= err */
static bool within_err(const nm_program *p, exact *e, size_t i, double y, double err)
{
    if (isinf(err)) return err > 0; /* says nothing, and that is true */
    output(p, e, i, e->w);
    mpq_set_d(e->t, y);
    mpq_sub(e->w, e->w, e->t);
    mpq_abs(e->w, e->w);
    mpq_set_d(e->t, err);
    return err >= 0 && mpq_cmp(e->w, e->t) <= 0;
}

static bool one_point(nm_job *job, const nm_net *net, const nm_program *p, exact *e,
                      const double *x, bool is_exact, bool wild, bool rough)
{
    double *err = NM_ARRAY(job, double, net->n_out), *v = NM_ARRAY(job, double, p->n_units);
    const double *y = nm_net_eval(job, net, x, false, err),
                 *plain = nm_net_eval(job, net, x, false, NULL);
    bool ok = true;
    double most = 0;
    x_eval(p, x, e);
    d_eval(p, x, v);
    for (size_t u = 0; u < p->n_units; u++) most = fabs(v[u]) > most ? fabs(v[u]) : most;
    for (size_t i = 0; i < net->n_out; i++) {
        const double z = p->out[i] >= 0 ? v[p->out[i]] : p->out_const[i];
        ok &= within_err(p, e, i, y[i], err[i]) && (!is_exact || err[i] == 0);
        ok &= wild || err[i] <= 1e-12 * (1 + most);
        ok &= (wild && rough) || fabs(z - y[i]) <= 2 * err[i] + 1e-12 * (1 + fabs(y[i]));
        ok &= fabs(plain[i] - y[i]) <= (is_exact ? 0 : 1e-12 * (1 + most) + 2 * err[i]);
        n_inexact += err[i] > 0;
    }
    return ok;
}

static void random_net(nm_job *job, void *arg)
{
    const arg_t *a = arg;
    t_seed = a->seed;
    const bool is_exact = a->seed % 4 == 0;
    gen g = {.kind = (g_numbers)(a->seed % 4), .exact = is_exact};
    const nm_net *net = g_net(job, g_text(job, &g, 1 + (int64_t)t_below(3), 1 + (int64_t)t_below(4),
                                          1 + (int64_t)t_below(5), t_below(8)));
    const nm_program *p = nm_lower(job, net);
    exact *e = new_exact(job, p->n_units);
    double *x = NM_RAW(job, double, net->n_in);
    bool ok = true;
    for (int k = 0; k < 6; k++) {
        for (size_t i = 0; i < net->n_in; i++)
            x[i] = is_exact || k < 2 ? (double)t_below(5) - 2 : t_uniform(-2, 2);
        ok &= one_point(job, net, p, e, x, is_exact, g.kind == G_WILD, g.rough);
    }
    CHECK(ok, "evaluation, seed %llu", (unsigned long long)a->seed);
}

/* one network twice: as it is, and with every layer an output */
static void fused_net(nm_job *job, void *arg)
{
    const arg_t *a = arg;
    const nm_program *p[2];
    const nm_net *net[2];
    exact *e[2];
    for (int all = 0; all < 2; all++) {
        t_seed = a->seed;
        gen g = {.kind = (g_numbers)(a->seed % 4), .all_out = all, .exact = a->seed % 3 == 0};
        const int64_t c = 1 + (int64_t)t_below(3), h = 1 + (int64_t)t_below(4),
                      w = 1 + (int64_t)t_below(4);
        net[all] = g_net(job, g_text(job, &g, c, h, w, 3 + t_below(5)));
        p[all] = nm_lower(job, net[all]);
        e[all] = new_exact(job, p[all]->n_units);
    }
    n_fused += p[0]->n_units < p[1]->n_units;
    double *x = NM_RAW(job, double, net[0]->n_in);
    bool ok = true;
    mpq_t y;
    mpq_init(y);
    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < net[0]->n_in; i++) x[i] = t_uniform(-2, 2);
        for (int all = 0; all < 2; all++) x_eval(p[all], x, e[all]);
        for (size_t i = 0; i < net[0]->n_out;
             i++) { /* the last layer stands last among all outputs */
            output(p[0], e[0], i, y);
            output(p[1], e[1], net[1]->n_out - net[0]->n_out + i, e[1]->w);
            ok &= mpq_cmp(y, e[1]->w) == 0;
        }
    }
    mpq_clear(y);
    CHECK(ok, "fusion of a network, seed %llu", (unsigned long long)a->seed);
}

/* ---- programs by hand ---- */

static int add_dense(nm_job *job, nm_program *p, int src, size_t n, double (*number)(void))
{
    nm_block *b = nm_program_add(job, p, NM_AFFINE, "dense", n);
    const size_t cols = p->blocks[src].n, ld = nm_pad8(cols);
    nm_lin *l = nm_block_lin(job, b, NM_DENSE, src, n, cols);
    double *w = NM_ARRAY(job, double, nm_pad8(n) * ld);
    for (size_t i = 0; i < n; i++) {
        b->bias[i] = number();
        for (size_t j = 0; j < cols; j++) w[i * ld + j] = number();
    }
    l->w = w;
    return (int)p->n_blocks - 1;
}

static double any(void) { return t_uniform(-1, 1); }
static double small(void) { return ((double)t_below(17) - 8) / 4; }
static double power(void) { return ldexp(t_below(2) ? 1 : -1, (int)t_below(5) - 2); }

/* y = s x + t, unit by unit or by a permutation */
static int add_gather(nm_job *job, nm_program *p, int src, bool whole, double (*scale)(void),
                      double (*bias)(void))
{
    const size_t n = p->blocks[src].n;
    nm_block *b = nm_program_add(job, p, NM_AFFINE, "norm", n);
    nm_lin *l = nm_block_lin(job, b, NM_GATHER, src, n, n);
    double *w = NM_RAW(job, double, n);
    uint32_t *idx = NM_RAW(job, uint32_t, n);
    for (size_t i = 0; i < n; i++) {
        w[i] = scale();
        idx[i] = t_below(5) ? (uint32_t)t_below(n) : UINT32_MAX;
        b->bias[i] = bias();
    }
    if (t_below(4)) l->w = w;
    if (!whole) l->idx = idx;
    return (int)p->n_blocks - 1;
}

static int add_relu(nm_job *job, nm_program *p, int src)
{
    nm_program_add(job, p, NM_RELU, "relu", p->blocks[src].n)->src = src;
    return (int)p->n_blocks - 1;
}

static void by_hand(nm_job *job, void *arg)
{
    const arg_t *a = arg;
    t_seed = a->seed;
    nm_program *p = NM_NEW(job, nm_program);
    nm_program_add(job, p, NM_INPUT, "x", 1 + t_below(9));
    int at = 0;
    double (*const number[])(void) = {any, small, power};
    for (size_t k = 0; k < 3; k++) {
        double (*const base)(void) = number[t_below(2)];
        at = add_dense(job, p, at, 1 + t_below(9), base);
        const int seen = at;
        for (size_t g = t_below(3); g > 0; g--)
            at = add_gather(job, p, at, t_below(4) != 0, number[t_below(3)],
                            base == any ? number[t_below(3)] : small);
        if (t_below(4) == 0)
            add_relu(job, p, seen); /* a second reader: nobody may fuse; or nobody needs it */
        if (k < 2) at = add_relu(job, p, at);
    }
    const size_t n = p->n_out = p->blocks[at].n, before = p->n_blocks;
    p->out = NM_RAW(job, int32_t, n + 1);
    p->out_const = NM_ARRAY(job, double, n + 1);
    for (size_t i = 0; i < n; i++) p->out[i] = (int32_t)(p->blocks[at].first + i);
    p->out[p->n_out] = -1;
    p->out_const[p->n_out++] = 0.1;
    exact *e = new_exact(job, p->n_units);
    double x[16];
    for (size_t i = 0; i < 16; i++) x[i] = t_uniform(-2, 2);
    x_eval(p, x, e);
    mpq_t *y = malloc((n + 1) * sizeof *y), z;
    for (size_t i = 0; i <= n; i++) mpq_init(y[i]), output(p, e, i, y[i]);
    nm_program_finish(job, p);
    exact *f = new_exact(job, p->n_units);
    x_eval(p, x, f);
    bool ok = true;
    mpq_init(z);
    for (size_t i = 0; i <= n; i++)
        output(p, f, i, z), ok &= mpq_cmp(y[i], z) == 0, mpq_clear(y[i]);
    mpq_clear(z);
    free(y);
    n_fused += p->n_blocks < before;
    n_kept += p->n_blocks == before;
    CHECK(ok, "fusion by hand, seed %llu", (unsigned long long)a->seed);
}

/* ---- dense networks against plain loops ---- */

enum { WIDTH = 9, DEPTH = 4 };
typedef struct {
    size_t n[DEPTH + 1];
    double w[DEPTH][WIDTH][WIDTH], b[DEPTH][WIDTH];
} plain;

static const char *plain_text(nm_job *job, const plain *m)
{
    nm_buf t = {.job = job};
    nm_put(&t, "{\"netmip\":\"network\",\"version\":1,\"input\":{\"shape\":[%zu]},\"layers\":[",
           m->n[0]);
    for (size_t k = 0; k < DEPTH; k++) {
        nm_put(&t, "%s{\"op\":\"dense\",\"weight\":[", k ? ",{\"op\":\"relu\"},\n" : "");
        for (size_t i = 0; i < m->n[k + 1]; i++)
            for (size_t j = 0; j < m->n[k]; j++) {
                nm_put(&t, j ? "," : i ? "],[" : "[");
                nm_put_num(&t, m->w[k][i][j]);
            }
        nm_put(&t, "]],\"bias\":[");
        for (size_t i = 0; i < m->n[k + 1]; i++) {
            if (i) nm_put(&t, ",");
            nm_put_num(&t, m->b[k][i]);
        }
        nm_put(&t, "]}");
    }
    nm_put(&t, "]}");
    return t.s;
}

static void run_float(const plain *m, const double *x, float *y)
{
    float a[WIDTH], s[WIDTH];
    for (size_t i = 0; i < m->n[0]; i++) a[i] = (float)x[i];
    for (size_t k = 0; k < DEPTH; k++) {
        for (size_t i = 0; i < m->n[k + 1]; i++) {
            s[i] = (float)m->b[k][i];
            for (size_t j = 0; j < m->n[k]; j++) {
                const volatile float product = (float)m->w[k][i][j] * a[j];
                s[i] = s[i] + product;
            }
        }
        for (size_t i = 0; i < m->n[k + 1]; i++) a[i] = k + 1 < DEPTH && !(s[i] > 0) ? 0 : s[i];
    }
    memcpy(y, a, m->n[DEPTH] * sizeof *y);
}

static void run_exact(const plain *m, const double *x, exact *e)
{
    mpq_t *a = e->v, *s = e->v + WIDTH;
    for (size_t i = 0; i < m->n[0]; i++) mpq_set_d(a[i], x[i]);
    for (size_t k = 0; k < DEPTH; k++) {
        for (size_t i = 0; i < m->n[k + 1]; i++) {
            mpq_set_d(s[i], m->b[k][i]);
            for (size_t j = 0; j < m->n[k]; j++) {
                mpq_set_d(e->w, m->w[k][i][j]);
                mpq_mul(e->w, e->w, a[j]);
                mpq_add(s[i], s[i], e->w);
            }
        }
        for (size_t i = 0; i < m->n[k + 1]; i++) {
            if (k + 1 < DEPTH && mpq_sgn(s[i]) < 0) mpq_set_ui(s[i], 0, 1);
            mpq_set(a[i], s[i]);
        }
    }
}

static void dense_net(nm_job *job, void *arg)
{
    const arg_t *a = arg;
    t_seed = a->seed;
    plain *m = NM_NEW(job, plain);
    const gen g = {.kind = (g_numbers)(a->seed % 4)};
    for (size_t k = 0; k <= DEPTH; k++) m->n[k] = 1 + t_below(WIDTH);
    for (size_t k = 0; k < DEPTH; k++)
        for (size_t i = 0; i < WIDTH; i++) {
            m->b[k][i] = (double)(float)g_number(&g);
            for (size_t j = 0; j < WIDTH; j++) m->w[k][i][j] = (double)(float)g_number(&g);
        }
    const char *text = plain_text(job, m);
    const nm_net *net = g_net(job,
                              (nm_file){"plain.json", (const unsigned char *)text, strlen(text)});
    exact *e = new_exact(job, 2 * WIDTH);
    bool ok64 = net->n_out == m->n[DEPTH], ok32 = ok64;
    for (int k = 0; k < 5; k++) {
        double x[WIDTH], err[WIDTH];
        float y[WIDTH];
        for (size_t i = 0; i < WIDTH; i++) x[i] = t_uniform(-2, 2);
        const double *y64 = nm_net_eval(job, net, x, false, err),
                     *y32 = nm_net_eval(job, net, x, true, NULL);
        run_float(m, x, y);
        run_exact(m, x, e);
        for (size_t i = 0; i < net->n_out; i++) {
            mpq_set_d(e->w, y64[i]);
            mpq_sub(e->w, e->w, e->v[i]);
            mpq_abs(e->w, e->w);
            mpq_set_d(e->t, err[i]);
            ok64 &= mpq_cmp(e->w, e->t) <= 0;
            ok32 &= (float)y32[i] == y[i] && (double)(float)y32[i] == y32[i];
        }
    }
    CHECK(ok64, "float64 against rationals, seed %llu", (unsigned long long)a->seed);
    CHECK(ok32, "float32 against floats, seed %llu", (unsigned long long)a->seed);
}

/* y = x 1e-200^k 1e200^k in layers: exactly about x, in double 0; err must say so */
static void underflow(nm_job *job, void *arg)
{
    (void)arg;
    for (int k = 1; k <= 4; k++) {
        nm_buf t = {.job = job};
        nm_put(&t, "{\"netmip\":\"network\",\"version\":1,\"input\":{\"shape\":[1]},\"layers\":[");
        for (int i = 0; i < 2 * k; i++)
            nm_put(&t, "%s{\"op\":\"dense\",\"weight\":[[%s]]},{\"op\":\"relu\"}", i ? "," : "",
                   i < k ? "1e-200" : "1e200");
        nm_put(&t, "]}");
        const nm_net *net = g_net(job, (nm_file){"chain.json", (const unsigned char *)t.s, t.n});
        const nm_program *p = nm_lower(job, net);
        exact *e = new_exact(job, p->n_units);
        const double x = 1;
        double err;
        const double y = *nm_net_eval(job, net, &x, false, &err);
        x_eval(p, &x, e);
        CHECK(within_err(p, e, 0, y, err), "chain of %d: y = %g, err %g, exact %g", 2 * k, y, err,
              mpq_get_d(e->v[p->out[0]]));
    }
}

/* One operator on numbers whose sums round: the program is the real function to the last bit, and err is 0 where
 * evaluation rounds nothing. In larger networks err would hide what a lowering rounds. */
static void one_operator(nm_job *job, void *arg)
{
    const arg_t *a = arg;
    t_seed = a->seed;
    gen g = {.kind = a->seed % 2 ? G_REAL : G_WILD, .b = {.job = job}, .now = {0, 3, 1, 2}};
    nm_put(&g.b,
           "{\"netmip\":\"network\",\"version\":1,\"input\":{\"name\":\"x\",\"shape\":[1,3,1,2]},"
           "\"layers\":[");
    if (a->seed % 3 == 0) g_constant(&g);
    if (a->seed % 3 ==
        1) { /* its error is known to the last bit, and must come through what follows */
        g_open(&g, "add");
        g_array(&g, "value", 3, (int64_t[]){3, 1, 2}, false);
        g_close(&g);
    }
    a->seed % 5 < 3 ? g_kink(&g) : g_many(&g);
    nm_put(&g.b, "]}");
    const nm_net *net = g_net(job, (nm_file){"one.json", (const unsigned char *)g.b.s, g.b.n});
    const nm_program *p = nm_lower(job, net);
    exact *e = new_exact(job, p->n_units);
    bool ok = true;
    for (int k = 0; k < 8; k++) {
        double x[6], err[24];
        for (size_t i = 0; i < 6; i++) x[i] = k < 4 ? g_number(&g) : 2 * g_number(&g);
        const double *y = nm_net_eval(job, net, x, false, err);
        x_eval(p, x, e);
        for (size_t i = 0; i < net->n_out; i++) {
            ok &= within_err(p, e, i, y[i], err[i]);
            n_sure += err[i] == 0;
        }
    }
    CHECK(ok, "one operator, seed %llu: %s", (unsigned long long)a->seed, g.b.s);
}

int main(void)
{
    for (uint64_t s = 1; s <= NETS; s++) t_job(0, random_net, &(arg_t){s});
    for (uint64_t s = 1; s <= NETS / 2; s++) t_job(0, fused_net, &(arg_t){5000 + s});
    for (uint64_t s = 1; s <= HAND; s++) t_job(0, by_hand, &(arg_t){9000 + s});
    for (uint64_t s = 1; s <= DENSE; s++) t_job(0, dense_net, &(arg_t){s});
    t_job(0, underflow, NULL);
    for (uint64_t s = 1; s <= ONES; s++) t_job(0, one_operator, &(arg_t){20000 + s});
    CHECK(n_sure > 10 * ONES, "%zu values without error: the test is blunt", n_sure);
    CHECK(n_fused > 60 && n_kept > 5 && n_inexact > 500,
          "%zu fused, %zu kept, %zu inexact outputs: the test is blunt", n_fused, n_kept,
          n_inexact);
    return t_done("prop_net");
}
