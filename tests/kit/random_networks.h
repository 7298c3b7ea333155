/* random_networks.h: random small networks as netmip's JSON text, boxes and points for them (exact.h evaluates
 * them). */
#ifndef NM_NETGEN_H
#define NM_NETGEN_H
#include "test.h"

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
    bool plain;   /* dense, conv, relu, pools, norms, joins and scales alone */
    bool cancels; /* out: a layer met itself in a sum: terms may cancel whatever the numbers */
    bool
        rough; /* out: clips and constants in extremes: double loses digits of what is far smaller */
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
    g->cancels |= a.id == b.id;
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

static inline void g_number_attr(gen *g, const char *key, double x)
{
    nm_put(&g->b, ",\"%s\":", key);
    nm_put_num(&g->b, x);
}

/* one kink or two, element by element */
static inline void g_kink(gen *g)
{
    static const char *const op[] = {"leakyrelu", "prelu", "abs", "neg", "clip", "hardsigmoid"};
    const size_t k = t_below(6);
    const double lo = g_number(g), span = fabs(g_number(g));
    g_open(g, op[k]);
    g->rough |= k >= 4;
    if (k == 0 || k == 5) g_number_attr(g, "alpha", lo);
    if (k == 1) g_array(g, "value", 3, (int64_t[]){g->now.c, 1, 1}, t_below(4) == 0);
    if (k == 4 && t_below(4)) g_number_attr(g, "min", lo);
    if (k == 4 && t_below(4)) g_number_attr(g, "max", lo + span);
    if (k == 5) g_number_attr(g, "beta", span);
    g_close(g);
}

/* max, min, sum or mean with an earlier layer that fits, and a constant or two */
static inline void g_many(gen *g)
{
    static const char *const op[] = {"max", "min", "sum", "mean"};
    const size_t k = t_below(g->exact ? 3 : 4);
    const g_layer a = g->now;
    g_layer b = a;
    for (size_t i = 0, from = t_below(g->n_old + 1); i < g->n_old; i++) {
        const g_layer *o = &g->old[(i + from) % g->n_old];
        if (o->h == a.h && o->w == a.w && o->c == a.c) b = *o;
    }
    g_open(g, op[k]);
    g->rough = true;
    g->cancels |= a.id == b.id;
    nm_put(&g->b, ",\"inputs\":[");
    nm_put(&g->b, a.id ? "\"n%d\"" : "\"x\"", a.id);
    if (t_below(3)) nm_put(&g->b, b.id ? ",\"n%d\"" : ",\"x\"", b.id);
    nm_put(&g->b, "]");
    if (t_below(2)) g_array(g, "weight", 3, (int64_t[]){a.c, 1, 1}, t_below(4) == 0);
    if (t_below(2)) g_array(g, "bias", 3, (int64_t[]){1, 1, a.w}, false);
    g_close(g);
}

static inline void g_deconv(gen *g)
{
    const int64_t groups = g->now.c % 2 == 0 && t_below(2) ? 2 : 1, each = 1 + (int64_t)t_below(2);
    int64_t k[2], s[2], d[2], pad[4], more[2], out[2];
    for (int i = 0; i < 2; i++) {
        const int64_t size = i ? g->now.w : g->now.h;
        k[i] = 1 + (int64_t)t_below(2);
        s[i] = 1 + (int64_t)t_below(2);
        d[i] = 1 + (int64_t)t_below(2);
        more[i] = (int64_t)t_below((size_t)s[i]);
        const int64_t full = s[i] * (size - 1) + (k[i] - 1) * d[i] + 1 + more[i];
        pad[i] = full > 1 ? (int64_t)t_below(2) : 0;
        pad[2 + i] = full - pad[i] > 1 ? (int64_t)t_below(2) : 0;
        out[i] = full - pad[i] - pad[2 + i];
    }
    if (groups * each * out[0] * out[1] > 40) return;
    g_open(g, "convtranspose");
    nm_put(&g->b, ",\"strides\":[%d,%d],\"dilations\":[%d,%d],\"output_padding\":[%d,%d]",
           (int)s[0], (int)s[1], (int)d[0], (int)d[1], (int)more[0], (int)more[1]);
    nm_put(&g->b, ",\"pads\":[%d,%d,%d,%d],\"group\":%d", (int)pad[0], (int)pad[1], (int)pad[2],
           (int)pad[3], (int)groups);
    g_array(g, "weight", 4, (int64_t[]){g->now.c, each, k[0], k[1]}, t_below(5) == 0);
    if (t_below(3)) g_array(g, "bias", 1, (int64_t[]){groups * each}, t_below(5) == 0);
    g_close(g);
    g->now = (g_layer){g->n, groups * each, out[0], out[1]};
}

static inline void g_reduce(gen *g)
{
    static const char *const op[] = {"reducesum", "reducemax", "reducemin", "reducemean"};
    const size_t k = t_below(g->exact ? 3 : 4), axis = 1 + t_below(3);
    g_open(g, op[k]);
    nm_put(&g->b, ",\"axes\":[%d],\"keepdims\":1", (int)axis - (t_below(2) ? 4 : 0));
    g_close(g);
    *(axis == 1 ? &g->now.c : axis == 2 ? &g->now.h : &g->now.w) = 1;
}

/* a constant channel beside the others: elements that are no units */
static inline void g_constant(gen *g)
{
    if ((g->now.c + 1) * g->now.h * g->now.w > 40) return;
    g_open(g, "concat");
    nm_put(&g->b, ",\"axis\":1");
    g_array(g, "value", 4, (int64_t[]){1, 1, g->now.h, g->now.w}, false);
    g_close(g);
    g->now.c++;
}

/* a part of it; or padded */
static inline void g_part(gen *g)
{
    const int axis = 1 + (int)t_below(3);
    int64_t *size = axis == 1 ? &g->now.c : axis == 2 ? &g->now.h : &g->now.w;
    const int64_t lo = (int64_t)t_below((size_t)*size);
    const int64_t hi = lo + 1 + (int64_t)t_below((size_t)(*size - lo));
    if (t_below(2)) {
        g_open(g, "slice");
        nm_put(&g->b, ",\"starts\":[%d],\"ends\":[%d],\"axes\":[%d]", (int)lo, (int)hi, axis);
        g_close(g);
        *size = hi - lo;
    } else if (g->now.c * (g->now.h + 1) * (g->now.w + 1) <= 40) {
        g_open(g, "pad");
        nm_put(&g->b, ",\"mode\":\"%s\",\"pads\":[0,0,1,0,0,0,0,1]",
               t_below(2) ? "edge" : "constant");
        g_close(g);
        g->now.h++;
        g->now.w++;
    }
}

static inline void g_body(gen *g, size_t layers)
{
    for (size_t i = 0; i < layers; i++) {
        switch (t_below(g->plain ? 13 : 19)) {
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
        case 13:
        case 14: g_kink(g); break;
        case 15: g_many(g); break;
        case 16: g_deconv(g); break;
        case 17: g_reduce(g); break;
        case 18: t_below(2) ? g_part(g) : g_constant(g); break;
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

#include "exact.h"
#endif
