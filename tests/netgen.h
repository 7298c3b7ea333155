/* tests/netgen.h: random small networks as netmip's JSON text, boxes and points for them, and evaluation of a Program
 * in exact rational arithmetic (GMP mpq), in double, and its gradient. It goes through nm_lin_row alone, the slow path
 * that the bounds do not use. Every double is a rational, so exact values are compared with bounds to the last bit. */
#ifndef NM_NETGEN_H
#define NM_NETGEN_H
#include "test.h"

#include <gmp.h>

typedef enum {
    G_INT,
    G_DYADIC,
    G_REAL,
    G_WILD
} g_numbers; /* integers, eighths, [-1,1], times 2^-30..30 */
typedef struct g_layer {
    int id;
    int64_t c, h, w;
} g_layer;
typedef struct gen {
    nm_buf b;
    g_numbers kind;
    double push;  /* bias: > 0 makes units active, < 0 inactive */
    bool exact;   /* only averages and norms that round nothing */
    bool all_out; /* every layer is an output, so that nothing may be fused */
    int64_t wide; /* units more in the hidden dense layers */
    int n;
    g_layer now, old[24];
    size_t n_old;
} gen;

static inline double g_number(const gen *g)
{
    if (g->kind == G_INT) return (double)t_below(5) - 2;
    if (g->kind == G_DYADIC) return ((double)t_below(33) - 16) / 8;
    if (t_below(12) == 0) return 0;
    return t_uniform(-1, 1) * (g->kind == G_WILD ? ldexp(1, (int)t_below(61) - 30) : 1);
}

static inline void g_array(gen *g, const char *key, int rank, const int64_t *dim, bool zero_row)
{
    size_t n = 1;
    for (int d = 0; d < rank; d++) n *= (size_t)dim[d];
    const size_t row = n / (size_t)dim[0];
    nm_put(&g->b, ",\"%s\":", key);
    for (size_t i = 0; i < n; i++) {
        size_t step = n;
        if (i) nm_put(&g->b, ",");
        for (int d = 0; d < rank; d++) {
            if (i % step == 0) nm_put(&g->b, "[");
            step /= (size_t)dim[d];
        }
        nm_put_num(&g->b, zero_row && i / row == 0
                              ? 0
                              : g_number(g) + (strcmp(key, "bias") ? 0 : g->push));
        step = 1;
        for (int d = rank; d-- > 0;) {
            step *= (size_t)dim[d];
            if ((i + 1) % step == 0) nm_put(&g->b, "]");
        }
    }
}

static inline void g_open(gen *g, const char *op)
{
    if (g->n_old < 24) g->old[g->n_old++] = g->now;
    const char *comma = g->n ? "," : "";
    g->now.id = ++g->n;
    nm_put(&g->b, "%s\n{\"op\":\"%s\",\"name\":\"n%d\"", comma, op, g->n);
}

static inline void g_close(gen *g) { nm_put(&g->b, "}"); }

static inline void g_conv(gen *g)
{
    const int64_t groups = g->now.c % 2 == 0 && t_below(2) ? 2 : 1,
                  o = groups * (1 + (int64_t)t_below(2));
    int64_t k[2], s[2], d[2], pad[4], out[2];
    for (int i = 0; i < 2; i++) {
        const int64_t size = i ? g->now.w : g->now.h;
        pad[i] = (int64_t)t_below(2);
        pad[2 + i] = (int64_t)t_below(2);
        k[i] = 1 + (int64_t)t_below(3);
        d[i] = 1 + (int64_t)t_below(2);
        s[i] = 1 + (int64_t)t_below(2);
        while (k[i] > 1 && (k[i] - 1) * d[i] + 1 > size + pad[i] + pad[2 + i]) k[i]--;
        out[i] = (size + pad[i] + pad[2 + i] - ((k[i] - 1) * d[i] + 1)) / s[i] + 1;
    }
    if (o * out[0] * out[1] > 40) return;
    g_open(g, "conv");
    nm_put(&g->b, ",\"strides\":[%d,%d],\"dilations\":[%d,%d],\"pads\":[%d,%d,%d,%d],\"group\":%d",
           (int)s[0], (int)s[1], (int)d[0], (int)d[1], (int)pad[0], (int)pad[1], (int)pad[2],
           (int)pad[3], (int)groups);
    g_array(g, "weight", 4, (int64_t[]){o, g->now.c / groups, k[0], k[1]}, t_below(5) == 0);
    if (t_below(3)) g_array(g, "bias", 1, (int64_t[]){o}, t_below(5) == 0);
    g_close(g);
    g->now = (g_layer){g->n, o, out[0], out[1]};
}

static inline void g_pool(gen *g, bool is_max)
{
    const int64_t kh = g->now.h > 1 ? 2 : 1, kw = g->now.w > 1 ? 2 : 1, s = 1 + (int64_t)t_below(2);
    const int pad = g->exact ? 0 : (int)t_below(2);
    g_open(g, is_max ? "maxpool" : "averagepool");
    nm_put(&g->b, ",\"kernel_shape\":[%d,%d],\"strides\":[%d,%d],\"pads\":[%d,%d,0,0]", (int)kh,
           (int)kw, (int)s, (int)s, kh > 1 ? pad : 0, kw > 1 ? pad : 0);
    if (!is_max && t_below(2)) nm_put(&g->b, ",\"count_include_pad\":1");
    g_close(g);
    g->now.h = (g->now.h + (kh > 1 ? pad : 0) - kh) / s + 1;
    g->now.w = (g->now.w + (kw > 1 ? pad : 0) - kw) / s + 1;
}

static inline void g_norm(gen *g)
{
    static const char *const what[] = {"s", "b", "m", "v"};
    const int from = g->now.id, at = g->n + 1;
    const g_layer shape = g->now;
    for (int k = 0; k < 4; k++) {
        nm_put(&g->b, "%s\n{\"op\":\"identity\",\"inputs\":[],\"name\":\"%s%d\",\"value\":[",
               g->n || k ? "," : "", what[k], at);
        for (int64_t c = 0; c < shape.c; c++) {
            if (c) nm_put(&g->b, ",");
            nm_put_num(&g->b, k < 3      ? g_number(g)
                              : g->exact ? (t_below(2) ? 1 : 4)
                                         : t_uniform(0.1, 3));
        }
        nm_put(&g->b, "]}");
    }
    const char *from_name = from ? nm_fmt(g->b.job, "n%d", from) : "x";
    nm_put(&g->b, ",");
    if (g->n_old < 24) g->old[g->n_old++] = g->now;
    g->now.id = ++g->n;
    nm_put(&g->b, "\n{\"op\":\"batchnormalization\",\"name\":\"n%d\",\"inputs\":[\"%s\"", g->n,
           from_name);
    for (int k = 0; k < 4; k++) nm_put(&g->b, ",\"%s%d\"", what[k], at);
    nm_put(&g->b, "]%s}", g->exact ? ",\"epsilon\":0" : "");
}

/* add, sub or concat with an earlier layer that fits; itself makes ties and zero rows */
static inline void g_join(gen *g, const char *op)
{
    const bool concat = !strcmp(op, "concat");
    const g_layer a = g->now;
    g_layer b = a;
    for (size_t i = 0, from = t_below(g->n_old + 1); i < g->n_old; i++) {
        const g_layer *o = &g->old[(i + from) % g->n_old];
        if (o->h == a.h && o->w == a.w && (concat || o->c == a.c)) b = *o;
    }
    if (concat && (a.c + b.c) * a.h * a.w > 40) return;
    g_open(g, op);
    nm_put(&g->b, ",\"inputs\":[");
    nm_put(&g->b, a.id ? "\"n%d\"" : "\"x\"", a.id);
    nm_put(&g->b, b.id ? ",\"n%d\"]" : ",\"x\"]", b.id);
    if (concat) nm_put(&g->b, ",\"axis\":1");
    g_close(g);
    if (concat) g->now.c += b.c;
}

static inline void g_transpose(gen *g)
{
    const g_layer a = g->now;
    const size_t k = t_below(3);
    g_open(g, "transpose");
    nm_put(&g->b, ",\"perm\":%s", k == 0 ? "[0,1,3,2]" : k == 1 ? "[0,2,3,1]" : "[0,3,1,2]");
    g_close(g);
    g->now = k == 0   ? (g_layer){g->n, a.c, a.w, a.h}
             : k == 1 ? (g_layer){g->n, a.h, a.w, a.c}
                      : (g_layer){g->n, a.w, a.c, a.h};
}

static inline void g_scale(gen *g)
{
    g_open(g, t_below(2) ? "mul" : "sub");
    const bool full = t_below(2); /* a factor a channel, or one for each element */
    g_array(g, "value", 3, (int64_t[]){g->now.c, full ? g->now.h : 1, full ? g->now.w : 1},
            t_below(4) == 0);
    g_close(g);
}

static inline void g_dense(gen *g, int64_t n)
{
    const int64_t in = g->now.c * g->now.h * g->now.w;
    g_open(g, "dense");
    g_array(g, "weight", 2, (int64_t[]){n, in}, t_below(6) == 0);
    if (t_below(4)) g_array(g, "bias", 1, (int64_t[]){n}, t_below(6) == 0);
    g_close(g);
    g->now = (g_layer){g->n, n, 1, 1};
}

static inline void g_relu(gen *g)
{
    g_open(g, "relu");
    g_close(g);
}

static inline void g_reshape(gen *g)
{
    g_open(g, "reshape");
    nm_put(&g->b, ",\"shape\":[1,%d,1,1]", (int)g->now.c);
    g_close(g);
}

static inline void g_body(gen *g, size_t layers)
{
    for (size_t i = 0; i < layers; i++) {
        switch (t_below(13)) {
        case 0:
        case 1:
            g_conv(g);
            if (t_below(4) == 0) g_scale(g);
            break;
        case 2:
        case 3:
        case 4: g_relu(g); break;
        case 5: g_pool(g, true); break;
        case 6: g_pool(g, false); break;
        case 7: g_norm(g); break;
        case 8:
        case 9: g_join(g, "add"); break;
        case 10: g_join(g, "concat"); break;
        case 11: g_transpose(g); break;
        default: t_below(2) ? g_scale(g) : g_join(g, "sub");
        }
    }
}

/* the text of a network with input [1,c,h,w] */
static inline nm_file g_text(nm_job *job, gen *g, int64_t c, int64_t h, int64_t w, size_t layers)
{
    g->b = (nm_buf){.job = job};
    g->now = (g_layer){0, c, h, w};
    nm_put(&g->b,
           "{\"netmip\":\"network\",\"version\":1,\"input\":{\"name\":\"x\",\"shape\":[1,%d,%d,%d]}"
           ",\"layers\":[",
           (int)c, (int)h, (int)w);
    g_body(g, layers);
    g_dense(g, g->wide + 2 + (int64_t)t_below(4));
    g_relu(g);
    if (t_below(2)) {
        g_reshape(g); /* a dense residual branch: [1,c,1,1] + dense */
        const int skip = g->n;
        g_dense(g, g->now.c);
        g_reshape(g);
        g_open(g, "add");
        nm_put(&g->b, ",\"inputs\":[\"n%d\",\"n%d\"]}", g->n - 1, skip);
        g_relu(g);
    }
    g_dense(g, 2 + (int64_t)t_below(2));
    nm_put(&g->b, "]");
    if (g->all_out) {
        nm_put(&g->b, ",\"outputs\":[");
        for (int i = 1; i <= g->n; i++) nm_put(&g->b, i > 1 ? ",\"n%d\"" : "\"n%d\"", i);
        nm_put(&g->b, "]");
    }
    nm_put(&g->b, "}\n");
    return (nm_file){"random.json", (const unsigned char *)g->b.s, g->b.n};
}

static inline nm_net *g_net(nm_job *job, nm_file f)
{
    return nm_net_new(job, nm_read_netjson(job, f), f);
}

/* ---- boxes, points, rows ---- */

typedef enum { BOX_PLAIN, BOX_POINTS, BOX_SIDED, BOX_THIN, BOX_MIXED, N_BOXES } g_boxkind;

static inline void g_box(g_boxkind kind, size_t n, double *lo, double *hi)
{
    for (size_t i = 0; i < n; i++) {
        const g_boxkind k = kind == BOX_MIXED ? (g_boxkind)t_below(BOX_MIXED) : kind;
        const double a = t_uniform(-2, 2), b = t_uniform(-2, 2);
        lo[i] = a < b ? a : b;
        hi[i] = a < b ? b : a;
        if (k == BOX_POINTS) lo[i] = hi[i] = t_below(2) ? a : (double)t_below(3) - 1;
        if (k == BOX_SIDED && t_below(2))
            lo[i] = 0, hi[i] = fabs(b);
        else if (k == BOX_SIDED)
            lo[i] = -fabs(b), hi[i] = 0;
        if (k == BOX_THIN) hi[i] = nm_up(lo[i]);
    }
}

static inline void g_point(size_t n, const double *lo, const double *hi, int kind, double *x)
{
    for (size_t i = 0; i < n; i++) {
        const double r = t_uniform(lo[i], hi[i]), mid = 0.5 * lo[i] + 0.5 * hi[i];
        const double inside = r < lo[i] ? lo[i] : r > hi[i] ? hi[i] : r;
        x[i] = kind == 0   ? lo[i]
               : kind == 1 ? hi[i]
               : kind == 2 ? mid
               : kind == 3 ? (t_below(2) ? lo[i] : hi[i])
                           : inside;
    }
}

static inline nm_row *g_row(nm_job *job, const gen *g, size_t n_out, size_t n_in)
{
    nm_row *r = NM_NEW(job, nm_row);
    uint32_t *var = NM_RAW(job, uint32_t, n_out + n_in);
    double *coef = NM_RAW(job, double, n_out + n_in);
    for (size_t v = 0; v < n_out + n_in; v++) {
        if (v < n_out ? t_below(4) == 0 : t_below(5) != 0) continue;
        var[r->n] = (uint32_t)v;
        coef[r->n++] = g_number(g);
    }
    r->var = var;
    r->coef = coef;
    r->rhs = g_number(g);
    return r;
}

/* ---- evaluation of a Program ---- */

typedef struct exact {
    size_t n;
    mpq_t *v, w, t;
} exact; /* unit values, and two to compute with */
typedef struct x_sum {
    exact *e;
    mpq_ptr out;
    const mpq_t *src;
    bool magnitude;
} x_sum;

static inline exact *x_new(size_t n)
{
    exact *e = malloc(sizeof *e);
    e->n = n;
    e->v = malloc((n + 1) * sizeof *e->v);
    for (size_t i = 0; i < n; i++) mpq_init(e->v[i]);
    mpq_inits(e->w, e->t, NULL);
    return e;
}

static inline void x_free(exact *e)
{
    for (size_t i = 0; i < e->n; i++) mpq_clear(e->v[i]);
    mpq_clears(e->w, e->t, NULL);
    free(e->v);
    free(e);
}

static inline void x_put(void *arg, size_t j, double w)
{
    const x_sum *s = arg;
    if (w == 0 || mpq_sgn(s->src[j]) == 0) return;
    mpq_set_d(s->e->w, w);
    mpq_mul(s->e->t, s->e->w, s->src[j]);
    if (s->magnitude) mpq_abs(s->e->t, s->e->t);
    mpq_add(s->out, s->out, s->e->t);
}

/* out = row i of an AFFINE block; with `magnitude` the same over absolute values */
static inline void x_affine(const nm_program *p, const nm_block *k, size_t i, exact *e, mpq_ptr out,
                            bool magnitude)
{
    mpq_set_d(out, magnitude ? fabs(k->bias[i]) : k->bias[i]);
    for (size_t t = 0; t < k->n_lin; t++) {
        x_sum s = {e, out, (const mpq_t *)(e->v + p->blocks[k->lin[t].src].first), magnitude};
        nm_lin_row(&k->lin[t], i, x_put, &s);
    }
}

static inline void x_eval(const nm_program *p, const double *x, exact *e)
{
    for (size_t i = 0; i < p->blocks[0].n; i++) mpq_set_d(e->v[i], x[i]);
    for (size_t b = 1; b < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        const mpq_t *src = k->src >= 0 ? (const mpq_t *)(e->v + p->blocks[k->src].first) : NULL;
        for (size_t i = 0; i < k->n; i++) {
            mpq_ptr out = e->v[k->first + i];
            if (k->kind == NM_AFFINE) x_affine(p, k, i, e, out, false);
            if (k->kind == NM_RELU && mpq_sgn(src[i]) > 0) mpq_set(out, src[i]);
            if (k->kind == NM_RELU && mpq_sgn(src[i]) <= 0) mpq_set_ui(out, 0, 1);
            if (k->kind != NM_MAX) continue;
            mpq_set(out, src[k->idx[k->ptr[i]]]);
            for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++)
                if (mpq_cmp(src[k->idx[t]], out) > 0) mpq_set(out, src[k->idx[t]]);
        }
    }
}

/* the sign of exact value - x; x may be infinite */
static inline int x_cmp(exact *e, size_t u, double x)
{
    if (isinf(x)) return x > 0 ? -1 : 1;
    mpq_set_d(e->w, x);
    return mpq_cmp(e->v[u], e->w);
}

typedef struct d_sum {
    double out;
    const double *src;
    double *grad, g;
} d_sum;

static inline void d_put(void *arg, size_t j, double w)
{
    d_sum *s = arg;
    if (s->grad)
        s->grad[j] += w * s->g;
    else
        s->out += w * s->src[j];
}

static inline void d_eval(const nm_program *p, const double *x, double *v)
{
    memcpy(v, x, p->blocks[0].n * sizeof *x);
    for (size_t b = 1; b < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        const double *src = k->src >= 0 ? v + p->blocks[k->src].first : NULL;
        for (size_t i = 0; i < k->n; i++) {
            double *out = &v[k->first + i];
            d_sum s = {k->kind == NM_AFFINE ? k->bias[i] : 0, NULL, NULL, 0};
            for (size_t t = 0; t < k->n_lin; t++) {
                s.src = v + p->blocks[k->lin[t].src].first;
                nm_lin_row(&k->lin[t], i, d_put, &s);
            }
            *out = k->kind == NM_AFFINE ? s.out
                   : k->kind == NM_RELU ? (src[i] > 0 ? src[i] : 0)
                                        : -INFINITY;
            for (size_t t = k->kind == NM_MAX ? k->ptr[i] : 0;
                 k->kind == NM_MAX && t < k->ptr[i + 1]; t++)
                if (src[k->idx[t]] > *out) *out = src[k->idx[t]];
        }
    }
}

/* g[n_units]: the gradient of unit `at` at the point whose values are v */
static inline void d_gradient(const nm_program *p, const double *v, size_t at, double *g)
{
    memset(g, 0, p->n_units * sizeof *g);
    g[at] = 1;
    for (size_t b = p->n_blocks; b-- > 1;) {
        const nm_block *k = &p->blocks[b];
        for (size_t i = 0; i < k->n; i++) {
            const size_t u = k->first + i, src = k->src >= 0 ? p->blocks[k->src].first : 0;
            if (g[u] == 0) continue;
            for (size_t t = 0; t < k->n_lin; t++) {
                d_sum s = {0, NULL, g + p->blocks[k->lin[t].src].first, g[u]};
                nm_lin_row(&k->lin[t], i, d_put, &s);
            }
            if (k->kind == NM_RELU && v[src + i] > 0) g[src + i] += g[u];
            bool done = k->kind != NM_MAX;
            for (size_t t = done ? 0 : k->ptr[i]; !done && t < k->ptr[i + 1]; t++) {
                if (v[src + k->idx[t]] != v[u]) continue;
                g[src + k->idx[t]] += g[u];
                done = true;
            }
        }
    }
}
#endif
