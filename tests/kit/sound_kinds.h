/* sound_kinds.h: the networks and questions that prop_soundness.c asks: random ones, and built ones that make
 * floating-point solvers err: scales of 2^+-60, chains of powers of two, exact ties, biases that cancel, narrow
 * boxes, units that are nearly equal, near ties of affine networks, formulas of logic. */
#ifndef NM_SOUND_KINDS_H
#define NM_SOUND_KINDS_H
#include "sound.h"

#include <stdlib.h>

typedef enum { N_INT, N_DYADIC, N_REAL, N_FLOAT } s_numbers;
typedef struct s_gen {
    nm_job *job;
    s_ask *q;
    s_numbers numbers;
} s_gen;

static inline double s_number(s_numbers k)
{
    if (k == N_INT) return (double)t_below(7) - 3;
    if (k == N_DYADIC) return ((double)t_below(65) - 32) / 16;
    const double x = t_uniform(-2, 2);
    return t_below(10) == 0 ? 0 : k == N_FLOAT ? (double)(float)x : x;
}

static inline double s_power(int most)
{
    return ldexp(1, (int)t_below(2 * (size_t)most + 1) - most);
}

static inline size_t s_layer_add(s_gen *g, s_op op, size_t n, size_t a, size_t b)
{
    s_ask *q = g->q;
    s_layer *l = &q->layer[q->n_layers];
    *l = (s_layer){.op = op, .n = n, .first = q->n_units, .in = {a, b}};
    q->n_units += n;
    if (q->n_units > S_UNITS || q->n_layers == S_LAYERS) abort();
    return q->n_layers++;
}

static inline void s_begin(s_gen *g, size_t n_in)
{
    g->q->n_in = n_in;
    s_layer_add(g, S_INPUT, n_in, 0, 0);
}

static inline size_t s_last(const s_gen *g) { return g->q->n_layers - 1; }

/* a dense layer on the last one, zero */
static inline s_layer *s_dense0(s_gen *g, size_t n)
{
    const size_t at = s_layer_add(g, S_DENSE, n, s_last(g), 0);
    s_layer *l = &g->q->layer[at];
    l->w = NM_ARRAY(g->job, double, n * g->q->layer[l->in[0]].n + 1);
    l->b = NM_ARRAY(g->job, double, n + 1);
    return l;
}

static inline s_layer *s_dense(s_gen *g, size_t n)
{
    s_layer *l = s_dense0(g, n);
    const size_t m = g->q->layer[l->in[0]].n;
    for (size_t i = 0; i < n * m; i++) l->w[i] = s_number(g->numbers);
    for (size_t i = 0; i < n; i++) l->b[i] = t_below(3) ? s_number(g->numbers) : 0;
    return l;
}

static inline size_t s_relu(s_gen *g)
{
    return s_layer_add(g, S_RELU, g->q->layer[s_last(g)].n, s_last(g), 0);
}

/* some layer that bends or joins: the last one, element by element */
static inline void s_bend(s_gen *g)
{
    s_ask *q = g->q;
    const size_t last = s_last(g), n = q->layer[last].n, k = t_below(8);
    size_t other = last;
    for (size_t i = t_below(last + 1), t = 0; t <= last; t++, i = (i + 1) % (last + 1))
        if (q->layer[i].n == n) other = i;
    if (k < 3) {
        s_relu(g);
    } else if (k == 3) {
        static const double slope[] = {0.125, 0.01, 0.1, -0.5, 2};
        s_layer_add(g, S_LEAKY, n, last, 0);
        q->layer[last + 1].a = slope[t_below(5)];
    } else if (k == 4) {
        s_layer_add(g, S_CLIP, n, last, 0);
        q->layer[last + 1].lo = t_uniform(-2, 0);
        q->layer[last + 1].hi = t_below(2) ? 1 : t_uniform(0, 2);
    } else {
        s_layer_add(g, k < 7 ? S_MAX : S_ADD, n, last, other);
    }
}

static inline void s_close_net(s_gen *g)
{
    g->q->n_out = g->q->layer[s_last(g)].n;
    if (g->q->n_out + g->q->n_in > S_WIDTH) abort();
}

static inline void s_box(s_ask *q, double width)
{
    for (size_t i = 0; i < q->n_in; i++) {
        const size_t k = t_below(5);
        q->lo[i] = k == 0 ? 0 : k == 1 ? -1 : t_uniform(-2, 1);
        q->hi[i] = k == 0 ? 1 : k == 1 ? 1 : q->lo[i] + t_uniform(0, 2);
        if (width > 0) q->hi[i] = q->lo[i] + width * (1 + (double)t_below(4));
        q->image[i] = k < 3        ? fmin(fmax(0.5 * q->lo[i] + 0.5 * q->hi[i], q->lo[i]), q->hi[i])
                      : t_below(2) ? q->lo[i]
                                   : q->hi[i];
    }
}

/* one clause of one row, or what else was drawn; right sides are set later */
static inline void s_rows(s_gen *g)
{
    s_ask *q = g->q;
    q->n_clauses = 1 + (t_below(5) == 0);
    for (size_t c = 0; c < q->n_clauses; c++) {
        q->n_rows[c] = 1 + (t_below(6) == 0);
        for (size_t r = 0; r < q->n_rows[c]; r++) {
            const size_t at = t_below(q->n_out);
            q->row[c][r] = (s_row){.c = {0}};
            q->row[c][r].c[at] = t_below(2) ? 1 : -1;
            if (q->n_out > 1 && t_below(3))
                q->row[c][r].c[(at + 1) % q->n_out] = -q->row[c][r].c[at];
            if (!q->gens && t_below(8) == 0)
                q->row[c][r].c[q->n_out + t_below(q->n_in)] = s_number(g->numbers);
            if (t_below(8) == 0) q->row[c][r].c[at] = s_number(g->numbers) + 3;
        }
    }
}

/* ---- kinds of networks ---- */

static inline void k_plain(s_gen *g)
{
    s_begin(g, 1 + t_below(t_below(4) ? 3 : 12));
    for (size_t k = 1 + t_below(3); k > 0; k--) s_dense(g, 1 + t_below(6)), s_relu(g);
    s_dense(g, 1 + t_below(3));
}

static inline void k_ops(s_gen *g)
{
    s_begin(g, 1 + t_below(4));
    for (size_t k = 1 + t_below(3); k > 0; k--) {
        s_dense(g, 1 + t_below(5));
        for (size_t m = 1 + t_below(2); m > 0; m--) s_bend(g);
    }
    if (t_below(3)) s_dense(g, 1 + t_below(3));
}

/* as plain, each unit times a power of two, and its readers mostly divided by it */
static inline void k_scaled(s_gen *g)
{
    k_plain(g);
    s_ask *q = g->q;
    const int most = t_below(2) ? 60 : 20;
    const bool undo = t_below(4) > 0;
    for (size_t k = 1; k + 2 < q->n_layers; k += 2) {
        s_layer *l = &q->layer[k], *next = &q->layer[k + 2];
        const size_t m = q->layer[l->in[0]].n;
        for (size_t i = 0; i < l->n; i++) {
            const double by = s_power(most);
            for (size_t j = 0; j < m; j++) l->w[i * m + j] *= by;
            l->b[i] *= by;
            for (size_t j = 0; undo && j < next->n; j++) next->w[j * l->n + i] /= by;
        }
    }
}

/* one input, one unit a layer or two, powers of two */
static inline void k_chain(s_gen *g)
{
    s_begin(g, 1);
    const int most = 4 + (int)t_below(27);
    for (size_t k = 2 + t_below(4); k > 0; k--) {
        s_layer *l = s_dense0(g, 1 + (t_below(5) == 0));
        const size_t m = g->q->layer[l->in[0]].n;
        for (size_t i = 0; i < l->n * m; i++) l->w[i] = s_power(most) * (t_below(2) ? 1 : -1);
        for (size_t i = 0; i < l->n; i++) l->b[i] = (double)t_below(3) * s_power(most / 2);
        s_relu(g);
    }
    s_dense0(g, 1)->w[0] = 1;
}

/* generators of an input set: what netmip calls x is an affine image of what is asked about */
static inline void k_gens(s_gen *g)
{
    s_begin(g, 1 + t_below(3));
    s_dense(g, 1 + t_below(5));
    g->q->gens = true;
    for (size_t k = 1 + t_below(2); k > 0; k--) s_dense(g, 1 + t_below(5)), s_relu(g);
    s_dense(g, 1 + t_below(2));
}

static inline void k_integers(s_gen *g)
{
    g->numbers = t_below(2) ? N_INT : N_DYADIC;
    if (t_below(2))
        k_plain(g);
    else
        k_ops(g);
}

static inline void k_affine(s_gen *g)
{
    s_begin(g, 1 + t_below(t_below(3) ? 3 : 20));
    for (size_t k = 1 + t_below(2); k > 0; k--) s_dense(g, 1 + t_below(4));
    const double by = s_power(t_below(2) ? 0 : 40);
    for (size_t k = 1; k < g->q->n_layers; k++) {
        s_layer *l = &g->q->layer[k];
        for (size_t i = 0; i < l->n * g->q->layer[l->in[0]].n; i++) l->w[i] *= t_below(2) ? by : 1;
    }
    g->q->affine = true;
}

/* y = relu(w x + 1e16) - relu(v x + 1e16 - c) and the like */
static inline void k_cancel(s_gen *g)
{
    s_begin(g, 1 + t_below(3));
    s_layer *l = s_dense(g, 2 + 2 * t_below(2));
    const double big = t_below(2) ? 1e16 : ldexp(1, 40 + (int)t_below(20));
    for (size_t i = 0; i < l->n; i++) l->b[i] = big + (double)t_below(64) - 32;
    s_relu(g);
    l = s_dense(g, 1 + t_below(2));
    const size_t m = g->q->layer[l->in[0]].n;
    for (size_t i = 0; i < l->n; i++) {
        for (size_t j = 0; j < m; j++) l->w[i * m + j] = j % 2 ? -1 : 1;
        l->b[i] = t_below(2) ? (double)t_below(9) - 4 : big;
    }
    if (t_below(2)) s_relu(g), s_dense(g, 1);
}

/* units that differ by an ulp or a millionth, subtracted and blown up */
static inline void k_twins(s_gen *g)
{
    s_begin(g, 1 + t_below(3));
    s_layer *l = s_dense(g, 2 + 2 * t_below(3));
    const size_t m = g->q->layer[l->in[0]].n;
    for (size_t i = 1; i < l->n; i += 2) {
        for (size_t j = 0; j < m; j++) l->w[i * m + j] = l->w[(i - 1) * m + j];
        l->b[i] = l->b[i - 1];
        double *x = t_below(2) ? &l->b[i] : &l->w[i * m + t_below(m)];
        *x = t_below(2) ? nm_up(*x) : *x + ldexp(1, -(int)t_below(40));
    }
    s_relu(g);
    const double by = ldexp(1, (int)t_below(50));
    l = s_dense0(g, 1 + t_below(2));
    for (size_t i = 0; i < l->n; i++)
        for (size_t j = 0; j < g->q->layer[l->in[0]].n; j++)
            l->w[i * g->q->layer[l->in[0]].n + j] = j % 2 ? -by : by;
    if (t_below(2)) s_relu(g), s_dense(g, 1);
}

/* A formula of clauses of three: y = sum of relu(1 - its literals), plus min(x, 1 - x) of each variable, over the unit
 * box. Its least value is 0 when some assignment satisfies it, else 1 or more: the assignment to which a point rounds
 * leaves a clause false, which costs no less than 1 less what its variables are off, and those are paid for, too. */
static inline void k_sat(s_gen *g)
{
    s_ask *q = g->q;
    const size_t n = 3 + t_below(5), m = (size_t)(n * (3 + t_below(4)));
    s_begin(g, n);
    s_layer *l = s_dense0(g, m < 40 ? m + n : 40 + n);
    const size_t clauses = l->n - n;
    uint32_t lit[40][2];
    for (size_t c = 0; c < clauses; c++) {
        l->b[c] = 1;
        lit[c][0] = lit[c][1] = 0;
        for (size_t v = t_below(n), k = 0; k < 3; k++, v = (v + 1 + t_below(n - 2)) % n) {
            if ((lit[c][0] | lit[c][1]) >> v & 1) continue;
            const bool minus = t_below(2);
            lit[c][minus] |= 1u << v;
            l->w[c * n + v] = minus ? 1 : -1;
            l->b[c] -= minus;
        }
    }
    for (size_t v = 0; v < n; v++) l->w[(clauses + v) * n + v] = 2, l->b[clauses + v] = -1;
    s_relu(g);
    const size_t bent = s_last(g), total = clauses + n;
    /* the sum of the variables is carried by an affine layer beside: y = sum - sum of relu(2x - 1) + clauses */
    s_layer *y = s_dense0(g, 1);
    for (size_t i = 0; i < total; i++) y->w[i] = i < clauses ? 1 : -1;
    const size_t down = s_layer_add(g, S_DENSE, 1, 0, 0);
    q->layer[down].w = NM_ARRAY(g->job, double, n);
    q->layer[down].b = NM_ARRAY(g->job, double, 1);
    for (size_t v = 0; v < n; v++) q->layer[down].w[v] = 1;
    s_layer_add(g, S_ADD, 1, bent + 1, down);
    size_t least = clauses;
    for (uint32_t x = 0; x < 1u << n; x++) {
        size_t wrong = 0;
        for (size_t c = 0; c < clauses; c++) wrong += !(x & lit[c][0]) && !(~x & lit[c][1]);
        if (wrong >= least) continue;
        least = wrong;
        for (size_t v = 0; v < n; v++) q->plant[v] = x >> v & 1;
    }
    static const double at[] = {0.25, 0.5, 1 - 0x1p-30, 1, 0, 0.999, 1 - 1e-7};
    for (size_t v = 0; v < n; v++) q->lo[v] = 0, q->hi[v] = 1, q->image[v] = t_below(2) ? 0.5 : 0;
    q->has_plant = true;
    q->n_clauses = q->n_rows[0] = 1;
    q->row[0][0] = (s_row){.c = {1}, .rhs = at[t_below(7)]};
    const double rhs = q->row[0][0].rhs;
    q->truth = (double)least <= rhs ? S_VIOLATED : rhs >= 1 ? S_UNKNOWN : S_HOLDS;
    q->margin = q->truth == S_VIOLATED ? (double)least - rhs : q->truth == S_HOLDS ? 1 - rhs : 0;
}

static const struct s_kind {
    const char *name;
    void (*make)(s_gen *g);
    double width; /* of its boxes; 0: some */
} s_kinds[] = {{"plain", k_plain, 0},   {"ops", k_ops, 0},           {"scaled", k_scaled, 0},
               {"chain", k_chain, 0},   {"integers", k_integers, 0}, {"affine", k_affine, 0},
               {"cancel", k_cancel, 0}, {"narrow", k_plain, 1e-14},  {"narrow-ops", k_ops, 1e-14},
               {"twins", k_twins, 0},   {"gens", k_gens, 0},         {"sat", k_sat, 0}};
enum { S_KINDS = sizeof s_kinds / sizeof *s_kinds };
#endif
