/* sound.h: a network and a question kept as plain numbers, beside netmip: their JSON text, and the exact truth of
 * them in rational arithmetic (GMP mpq). Nothing here reads Net, Program or Model, so that a fault of those shows.
 *
 * The margin of a point is the least over clauses of the largest row - rhs; 0 or less is a counterexample. Along a
 * segment the network is piecewise affine: s_line cuts it at the exact zeros of all kinks, and so finds the least
 * margin of the whole segment; with one input that is the truth, with more a search. */
#ifndef NM_SOUND_H
#define NM_SOUND_H
#include "test.h"

#include <gmp.h>

enum {
    S_IN = 24,
    S_LAYERS = 24,
    S_UNITS = 640,
    S_KINKS = 1200,
    S_CLAUSES = 4,
    S_ROWS = 2,
    S_WIDTH = 64
};
typedef enum { S_INPUT, S_DENSE, S_RELU, S_LEAKY, S_CLIP, S_MAX, S_ADD } s_op;
typedef struct s_layer {
    s_op op;
    size_t n, first, in[2]; /* units; place of the first; layers that it reads */
    double *w, *b;          /* DENSE [n][of the layer below], [n] */
    double a, lo, hi;       /* LEAKY; CLIP */
} s_layer;
typedef struct s_row {
    double c[S_WIDTH], rhs; /* of outputs, then inputs */
} s_row;
typedef enum { S_UNKNOWN, S_HOLDS, S_VIOLATED } s_truth;
typedef struct s_ask {
    const char *kind;
    size_t n_layers, n_units, n_clauses, n_rows[S_CLAUSES], n_in, n_out, n_in_rows;
    s_layer layer[S_LAYERS];
    s_row row[S_CLAUSES][S_ROWS], in_row[1];
    double lo[S_IN], hi[S_IN], image[S_IN], plant[S_IN], radius;
    double guard;
    bool gens;   /* layer 1 is in no file: x = G g + x0, and the inputs here are g */
    bool affine; /* no kinks, single rows: its vertices are the truth */
    bool has_ball, has_plant;
    nm_norm ball, norm;
    nm_objective objective;
    s_truth truth; /* by construction */
    double margin; /* that the construction gives, or nearer to 0 */
} s_ask;

/* ---- text ---- */

static inline void s_list(nm_buf *b, size_t n, const double *x)
{
    nm_put(b, "[");
    for (size_t i = 0; i < n; i++) {
        if (i) nm_put(b, ",");
        nm_put_num(b, x[i]);
    }
    nm_put(b, "]");
}

static inline void s_name(nm_buf *b, const s_ask *q, size_t layer)
{
    if (layer == (q->gens ? 1 : 0))
        nm_put(b, "\"x\"");
    else
        nm_put(b, "\"n%zu\"", layer);
}

/* inputs of the file */
static inline size_t s_file_in(const s_ask *q) { return q->gens ? q->layer[1].n : q->n_in; }

static inline const char *s_net_text(nm_job *job, const s_ask *q)
{
    static const char *const op[] = {"", "dense", "relu", "leakyrelu", "clip", "max", "add"};
    nm_buf b = {.job = job};
    nm_put(&b,
           "{\"netmip\":\"network\",\"version\":1,\"input\":{\"name\":\"x\",\"shape\":[%zu]},"
           "\"layers\":[",
           s_file_in(q));
    const size_t from = q->gens ? 2 : 1;
    for (size_t k = from; k < q->n_layers; k++) {
        const s_layer *l = &q->layer[k];
        const size_t m = q->layer[l->in[0]].n;
        nm_put(&b, "%s\n{\"op\":\"%s\",\"name\":\"n%zu\",\"inputs\":[", k > from ? "," : "",
               op[l->op], k);
        s_name(&b, q, l->in[0]);
        if (l->op >= S_MAX) nm_put(&b, ","), s_name(&b, q, l->in[1]);
        nm_put(&b, "]");
        if (l->op == S_LEAKY) nm_put(&b, ",\"alpha\":"), nm_put_num(&b, l->a);
        if (l->op == S_CLIP) nm_put(&b, ",\"min\":"), nm_put_num(&b, l->lo);
        if (l->op == S_CLIP) nm_put(&b, ",\"max\":"), nm_put_num(&b, l->hi);
        for (size_t i = 0; l->op == S_DENSE && i < l->n; i++) {
            nm_put(&b, i ? "," : ",\"weight\":[");
            s_list(&b, m, l->w + i * m);
        }
        if (l->op == S_DENSE) nm_put(&b, "],\"bias\":"), s_list(&b, l->n, l->b);
        nm_put(&b, "}");
    }
    nm_put(&b, "]}\n");
    return b.s;
}

static inline void s_row_text(nm_buf *b, const s_ask *q, const s_row *r)
{
    bool first = true;
    nm_put(b, "{\"var\":[");
    for (size_t i = 0; i < q->n_out + q->n_in; i++)
        if (r->c[i] != 0) nm_put(b, first ? "%zu" : ",%zu", i), first = false;
    nm_put(b, "],\"coef\":[");
    first = true;
    for (size_t i = 0; i < q->n_out + q->n_in; i++) {
        if (r->c[i] == 0) continue;
        if (!first) nm_put(b, ",");
        nm_put_num(b, r->c[i]), first = false;
    }
    nm_put(b, "],\"rhs\":");
    nm_put_num(b, r->rhs);
    nm_put(b, "}");
}

/* the input set: a box of inputs, or of generators, and then a box of inputs that cuts nothing off */
static inline void s_set_text(nm_buf *b, const s_ask *q)
{
    const s_layer *g = &q->layer[1];
    nm_put(b, ",\n\"cases\":[{\"lo\":");
    if (!q->gens) {
        s_list(b, q->n_in, q->lo);
        nm_put(b, ",\"hi\":");
        s_list(b, q->n_in, q->hi);
        return;
    }
    nm_put(b, "-1e20,\"hi\":1e20,\"gens\":{\"lo\":");
    s_list(b, q->n_in, q->lo);
    nm_put(b, ",\"hi\":");
    s_list(b, q->n_in, q->hi);
    nm_put(b, ",\"at\":");
    s_list(b, q->n_in, q->image);
    nm_put(b, ",\"is_image\":false,\"x0\":");
    s_list(b, g->n, g->b);
    nm_put(b, ",\"ptr\":[0");
    for (size_t i = 1; i <= g->n; i++) nm_put(b, ",%zu", i * q->n_in);
    nm_put(b, "],\"idx\":[");
    for (size_t i = 0; i < g->n * q->n_in; i++) nm_put(b, i ? ",%zu" : "%zu", i % q->n_in);
    nm_put(b, "],\"w\":");
    s_list(b, g->n * q->n_in, g->w);
    nm_put(b, ",\"sums\":[],\"rows\":[],\"kernel\":[0,0,0,0]}");
}

static inline const char *s_query_text(nm_job *job, const s_ask *q)
{
    static const char *const objective[] = {"feasible", "worst", "range"};
    nm_buf b = {.job = job};
    nm_put(
        &b, "{\"netmip\":\"query\",\"version\":1,\"n_in\":%zu,\"n_out\":%zu,\"objective\":\"%s%s\"",
        s_file_in(q), q->n_out, q->objective == NM_CLOSEST ? "closest:" : objective[q->objective],
        q->objective == NM_CLOSEST ? nm_norm_name(q->norm) : "");
    if (!q->gens) nm_put(&b, ",\"image\":"), s_list(&b, q->n_in, q->image);
    nm_put(&b, ",\"label\":-1%s,\"guard\":", q->objective == NM_RANGE ? ",\"form\":\"f\"" : "");
    nm_put_num(&b, q->guard);
    s_set_text(&b, q);
    nm_put(&b, ",\n\"in_rows\":[");
    for (size_t r = 0; r < q->n_in_rows; r++) s_row_text(&b, q, &q->in_row[r]);
    nm_put(&b, "]");
    if (q->has_ball) nm_put(&b, ",\"balls\":[{\"norm\":\"%s\",\"radius\":", nm_norm_name(q->ball));
    if (q->has_ball) nm_put_num(&b, q->radius), nm_put(&b, "}]");
    for (size_t c = 0; c < q->n_clauses; c++) {
        nm_put(&b, "%s{\"name\":\"c%zu\"", c ? ",\n" : ",\n\"clauses\":[", c);
        if (q->objective == NM_RANGE) nm_put(&b, ",\"goal\":\"%s\"", c ? "most" : "least");
        for (size_t r = 0; r < q->n_rows[c]; r++) {
            nm_put(&b, r ? "," : ",\"rows\":[");
            s_row_text(&b, q, &q->row[c][r]);
        }
        nm_put(&b, "]}");
    }
    nm_put(&b, "]}]}\n");
    return b.s;
}

/* ---- one point, exactly ---- */

typedef struct s_point {
    mpq_t x[S_IN], v[S_UNITS], kink[S_KINKS], row[S_CLAUSES][S_ROWS], clause[S_CLAUSES], margin, t;
    size_t n_kinks;
    bool inside;
} s_point;
static mpq_t s_a, s_b; /* to compute with */

static inline s_point *s_point_new(void)
{
    s_point *p = malloc(sizeof *p);
    for (size_t i = 0; i < S_IN; i++) mpq_init(p->x[i]);
    for (size_t i = 0; i < S_UNITS; i++) mpq_init(p->v[i]);
    for (size_t i = 0; i < S_KINKS; i++) mpq_init(p->kink[i]);
    for (size_t c = 0; c < S_CLAUSES; c++) {
        mpq_init(p->clause[c]);
        for (size_t r = 0; r < S_ROWS; r++) mpq_init(p->row[c][r]);
    }
    mpq_inits(p->margin, p->t, NULL);
    return p;
}

static inline void s_add_mul(mpq_t sum, double c, const mpq_t x)
{
    if (c == 0 || mpq_sgn(x) == 0) return;
    mpq_set_d(s_a, c);
    mpq_mul(s_a, s_a, x);
    mpq_add(sum, sum, s_a);
}

/* a kink: v is one affine function where this is 0 or more, and another where it is 0 or less */
static inline int s_kink(s_point *p, const mpq_t at)
{
    if (p->n_kinks == S_KINKS) abort();
    mpq_set(p->kink[p->n_kinks++], at);
    return mpq_sgn(at);
}

static inline void s_unit(const s_ask *q, const s_layer *l, size_t i, s_point *p)
{
    mpq_t *out = &p->v[l->first + i], *a = &p->v[q->layer[l->in[0]].first],
          *b = &p->v[q->layer[l->in[1]].first];
    const size_t m = q->layer[l->in[0]].n;
    if (l->op == S_DENSE) {
        mpq_set_d(*out, l->b[i]);
        for (size_t j = 0; j < m; j++) s_add_mul(*out, l->w[i * m + j], a[j]);
        return;
    }
    mpq_set(*out, a[i]);
    if (l->op == S_RELU && s_kink(p, a[i]) < 0) mpq_set_ui(*out, 0, 1);
    if (l->op == S_LEAKY && s_kink(p, a[i]) < 0) {
        mpq_set_d(s_a, l->a);
        mpq_mul(*out, a[i], s_a);
    }
    if (l->op == S_CLIP) {
        for (int side = 0; side < 2; side++) {
            mpq_set_d(s_a, side ? l->hi : l->lo);
            mpq_sub(s_b, a[i], s_a);
            const int sign = s_kink(p, s_b);
            if (side ? sign > 0 : sign < 0) mpq_set(*out, s_a);
        }
    }
    if (l->op == S_ADD) mpq_add(*out, a[i], b[i]);
    if (l->op != S_MAX) return;
    mpq_sub(s_b, a[i], b[i]);
    if (s_kink(p, s_b) < 0) mpq_set(*out, b[i]);
}

/* row - rhs at p */
static inline void s_row_value(const s_ask *q, const s_row *r, const s_point *p, mpq_t out)
{
    const s_layer *last = &q->layer[q->n_layers - 1];
    mpq_set_d(out, r->rhs);
    mpq_neg(out, out);
    for (size_t i = 0; i < q->n_out; i++) s_add_mul(out, r->c[i], p->v[last->first + i]);
    for (size_t i = 0; i < q->n_in; i++) s_add_mul(out, r->c[q->n_out + i], p->x[i]);
}

/* the distance of p->x from the image; of L2 its square */
static inline void s_distance(const s_ask *q, nm_norm norm, const s_point *p, mpq_t out)
{
    mpq_set_ui(out, 0, 1);
    for (size_t i = 0; i < q->n_in; i++) {
        mpq_set_d(s_a, q->image[i]);
        mpq_sub(s_a, p->x[i], s_a);
        mpq_abs(s_a, s_a);
        if (norm == NM_L0 && mpq_sgn(s_a) != 0) mpq_set_ui(s_a, 1, 1);
        if (norm == NM_L2) mpq_mul(s_a, s_a, s_a);
        if (norm != NM_LINF)
            mpq_add(out, out, s_a);
        else if (mpq_cmp(s_a, out) > 0)
            mpq_set(out, s_a);
    }
}

static inline bool s_inside(const s_ask *q, s_point *p)
{
    for (size_t i = 0; i < q->n_in; i++) {
        mpq_set_d(s_a, q->lo[i]);
        mpq_set_d(s_b, q->hi[i]);
        if (mpq_cmp(p->x[i], s_a) < 0 || mpq_cmp(p->x[i], s_b) > 0) return false;
    }
    bool in = true;
    for (size_t r = 0; r < q->n_in_rows; r++) {
        s_row_value(q, &q->in_row[r], p, p->margin);
        in &= s_kink(p, p->margin) <= 0;
    }
    if (!q->has_ball) return in;
    s_distance(q, q->ball, p, p->margin);
    mpq_set_d(s_a, q->radius);
    if (q->ball == NM_L2) mpq_mul(s_a, s_a, s_a);
    return in && mpq_cmp(p->margin, s_a) <= 0;
}

/* everything at p->x */
static inline void s_eval(const s_ask *q, s_point *p)
{
    p->n_kinks = 0;
    for (size_t i = 0; i < q->n_in; i++) mpq_set(p->v[i], p->x[i]);
    for (size_t k = 1; k < q->n_layers; k++)
        for (size_t i = 0; i < q->layer[k].n; i++) s_unit(q, &q->layer[k], i, p);
    p->inside = s_inside(q, p);
    for (size_t c = 0; c < q->n_clauses; c++) {
        for (size_t r = 0; r < q->n_rows[c]; r++) s_row_value(q, &q->row[c][r], p, p->row[c][r]);
        mpq_set(p->clause[c], p->row[c][0]);
        for (size_t r = 1; r < q->n_rows[c]; r++) {
            mpq_sub(s_b, p->row[c][0], p->row[c][r]);
            if (s_kink(p, s_b) < 0) mpq_set(p->clause[c], p->row[c][r]);
        }
        if (c == 0 || mpq_cmp(p->clause[c], p->margin) < 0) mpq_set(p->margin, p->clause[c]);
    }
}

static inline void s_eval_at(const s_ask *q, const double *x, s_point *p)
{
    for (size_t i = 0; i < q->n_in; i++) mpq_set_d(p->x[i], x[i]);
    s_eval(q, p);
}

/* ---- what float64 can tell ---- */

typedef struct s_size {
    double out,
        err; /* the largest number that the rows compare; what float64 may lose on the way there */
} s_size;

/* at p, which was evaluated: an a-priori bound of the error of a plain evaluation */
static inline s_size s_size_of(const s_ask *q, const s_point *p)
{
    double err[S_UNITS] = {0};
    s_size out = {0, 0};
    for (size_t k = 1; k < q->n_layers; k++) {
        const s_layer *l = &q->layer[k];
        const size_t m = q->layer[l->in[0]].n, a = q->layer[l->in[0]].first,
                     b = q->layer[l->in[1]].first;
        for (size_t i = 0; i < l->n; i++) {
            double e = l->op == S_DENSE ? 0 : err[a + i],
                   mag = l->op == S_DENSE ? fabs(l->b[i]) : 0;
            for (size_t j = 0; l->op == S_DENSE && j < m; j++) {
                e += fabs(l->w[i * m + j]) * err[a + j];
                mag += fabs(l->w[i * m + j] * mpq_get_d(p->v[a + j]));
            }
            if (l->op >= S_MAX) e += err[b + i];
            err[l->first + i] = e * fmax(1, fabs(l->a)) + NM_ULP * mag;
        }
    }
    const s_layer *last = &q->layer[q->n_layers - 1];
    for (size_t c = 0; c < q->n_clauses; c++)
        for (size_t r = 0; r < q->n_rows[c]; r++) {
            double e = 0;
            out.out = fmax(out.out, fabs(q->row[c][r].rhs));
            for (size_t i = 0; i < q->n_out; i++) {
                const double w = fabs(q->row[c][r].c[i]),
                             y = w * fabs(mpq_get_d(p->v[last->first + i]));
                out.out = fmax(out.out, y);
                e += w * err[last->first + i] + NM_ULP * y;
            }
            out.err = fmax(out.err, e);
        }
    return out;
}

/* ---- what was found in the set ---- */

typedef struct s_best {
    bool any, counter; /* a point of the set; a counterexample */
    mpq_t clause[S_CLAUSES], margin, distance;
    double at[S_IN], near[S_IN]; /* about where the margin is least; the nearest counterexample */
    s_point *p[2], *walk;
} s_best;

static inline s_best *s_best_new(void)
{
    s_best *b = calloc(1, sizeof *b);
    mpq_inits(b->margin, b->distance, NULL);
    for (size_t c = 0; c < S_CLAUSES; c++) mpq_init(b->clause[c]);
    for (int k = 0; k < 2; k++) b->p[k] = s_point_new();
    b->walk = s_point_new();
    return b;
}

/* true: the least margin so far */
static inline bool s_take(const s_ask *q, s_best *b, const s_point *p)
{
    if (!p->inside) return false;
    const bool first = !b->any, less = first || mpq_cmp(p->margin, b->margin) < 0;
    b->any = true;
    if (less) mpq_set(b->margin, p->margin);
    for (size_t i = 0; less && i < q->n_in; i++) b->at[i] = mpq_get_d(p->x[i]);
    for (size_t c = 0; c < q->n_clauses; c++)
        if (first || mpq_cmp(p->clause[c], b->clause[c]) < 0) mpq_set(b->clause[c], p->clause[c]);
    if (q->objective == NM_CLOSEST && mpq_sgn(p->margin) <= 0) {
        mpq_t d;
        mpq_init(d);
        s_distance(q, q->norm, p, d);
        if (!b->counter || mpq_cmp(d, b->distance) < 0) {
            mpq_set(b->distance, d);
            for (size_t i = 0; i < q->n_in; i++) b->near[i] = mpq_get_d(p->x[i]);
        }
        mpq_clear(d);
    }
    b->counter |= mpq_sgn(p->margin) <= 0;
    return less;
}

static inline void s_try(const s_ask *q, s_best *b, const double *x)
{
    s_eval_at(q, x, b->walk);
    s_take(q, b, b->walk);
}

/* p becomes from + t (to - from) */
static inline void s_along(const s_ask *q, const double *from, const double *to, s_point *p)
{
    for (size_t i = 0; i < q->n_in; i++) {
        mpq_set_d(p->x[i], from[i]);
        if (from[i] == to[i]) continue;
        mpq_set_d(s_a, to[i]);
        mpq_sub(s_a, s_a, p->x[i]);
        mpq_mul(s_a, s_a, p->t);
        mpq_add(p->x[i], p->x[i], s_a);
    }
    s_eval(q, p);
}

/* the first kink that changes its sign between, or -1 */
static inline int64_t s_crossing(const s_point *a, const s_point *b)
{
    for (size_t k = 0; k < a->n_kinks; k++)
        if (mpq_sgn(a->kink[k]) * mpq_sgn(b->kink[k]) < 0) return (int64_t)k;
    return -1;
}

/* all of the segment: both ends of every affine piece; false: it has more pieces than `most` */
static inline bool s_line(const s_ask *q, s_best *b, const double *from, const double *to, int most)
{
    enum { DEEP = 64 };
    static mpq_t stack[DEEP];
    static bool made;
    for (int i = 0; !made && i < DEEP; i++) mpq_init(stack[i]);
    made = true;
    s_point *left = b->p[0], *right = b->p[1];
    int n = 1;
    mpq_set_ui(stack[0], 1, 1);
    mpq_set_ui(left->t, 0, 1);
    s_along(q, from, to, left);
    s_take(q, b, left);
    while (n > 0 && most-- > 0) {
        mpq_set(right->t, stack[n - 1]);
        s_along(q, from, to, right);
        const int64_t k = s_crossing(left, right);
        s_take(q, b, right);
        if (k >= 0 && n == DEEP) return false;
        if (k >= 0) { /* t of its zero, by the ends' values */
            mpq_sub(s_b, left->kink[k], right->kink[k]);
            mpq_div(s_b, left->kink[k], s_b);
            mpq_sub(s_a, right->t, left->t);
            mpq_mul(s_b, s_b, s_a);
            mpq_add(stack[n++], left->t, s_b);
            continue;
        }
        s_point *const was = left;
        left = right;
        right = was;
        n--;
    }
    return n == 0;
}
#endif
