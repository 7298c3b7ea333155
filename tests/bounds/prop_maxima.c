/* The hull of maxima, bounds/hull_windows.c and encoding/rows/hull_maximum.c, against enumeration. Maxima of some
 * affine functions over the same box, with or without 0 as a candidate, and the row  c x - sum of the maxima:
 *   - with one maximum, the row is concave, so its minimum is at a corner; the envelope gives it, and so must the best
 *     line (to 1e-6) and the linear relaxation of the hull encoding (to what its rounds leave: SMALL of hull.c);
 *   - with two over the same inputs, the best lines give the linear program over convex combinations of corners, one
 *     for each maximum, that agree in x (to 1e-6).
 * In both cases no bound exceeds the row at any corner. */
#include "encoding/encoding.h"
#include "test.h"

enum { CASES = 300, MOST_IN = 4, MOST_MEMBERS = 5, MOST_MAXIMA = 2 };

typedef struct {
    uint64_t seed;
    size_t d, n, m; /* inputs, maxima, members of each */
    bool relu;      /* the members are ReLUs */
    double w[MOST_MAXIMA][MOST_MEMBERS][MOST_IN], b[MOST_MAXIMA][MOST_MEMBERS], c[MOST_IN];
    double lo[MOST_IN], hi[MOST_IN];
} setup;

static size_t n_one, n_two, n_rows;

static void draw(setup *s)
{
    t_seed = s->seed;
    s->d = 1 + t_below(MOST_IN);
    s->n = 1 + t_below(MOST_MAXIMA);
    s->m = 2 + t_below(MOST_MEMBERS - 1);
    s->relu = t_below(2);
    for (size_t k = 0; k < s->n; k++)
        for (size_t i = 0; i < s->m; i++) {
            s->b[k][i] = t_uniform(-1, 1);
            for (size_t j = 0; j < s->d; j++) s->w[k][i][j] = t_below(5) ? t_uniform(-1, 1) : 0;
        }
    for (size_t j = 0; j < s->d; j++) {
        s->c[j] = t_uniform(-1, 1);
        s->lo[j] = t_uniform(-2, 1);
        s->hi[j] = s->lo[j] + t_uniform(0.1, 2);
    }
}

static void put_affine(nm_job *job, const setup *s, nm_program *p)
{
    const size_t n = s->n * s->m;
    nm_block *a = nm_program_add(job, p, NM_AFFINE, "a", n);
    uint32_t *row = NM_RAW(job, uint32_t, n * s->d), *col = NM_RAW(job, uint32_t, n * s->d);
    double *w = NM_RAW(job, double, n * s->d);
    for (size_t u = 0; u < n; u++) {
        a->bias[u] = s->b[u / s->m][u % s->m];
        for (size_t j = 0; j < s->d; j++) {
            row[u * s->d + j] = (uint32_t)u;
            col[u * s->d + j] = (uint32_t)j;
            w[u * s->d + j] = s->w[u / s->m][u % s->m][j];
        }
    }
    nm_sparse_fill(job, nm_block_lin(job, a, NM_SPARSE, 0, n, s->d), n * s->d, row, col, w);
}

static nm_program *program_of(nm_job *job, const setup *s)
{
    nm_program *p = NM_NEW(job, nm_program);
    nm_program_add(job, p, NM_INPUT, "x", s->d);
    put_affine(job, s, p);
    if (s->relu) nm_program_add(job, p, NM_RELU, "r", s->n * s->m)->src = 1;
    nm_block *max = nm_program_add(job, p, NM_MAX, "m", s->n);
    max->src = s->relu ? 2 : 1;
    size_t *ptr = NM_RAW(job, size_t, s->n + 1);
    uint32_t *idx = NM_RAW(job, uint32_t, s->n * s->m);
    for (size_t k = 0; k <= s->n; k++) ptr[k] = k * s->m;
    for (size_t u = 0; u < s->n * s->m; u++) idx[u] = (uint32_t)u;
    max->ptr = ptr;
    max->idx = idx;
    p->n_out = s->n;
    p->out = NM_RAW(job, int32_t, s->n);
    p->out_const = NM_ARRAY(job, double, s->n);
    for (size_t k = 0; k < s->n; k++) p->out[k] = (int32_t)(max->first + k);
    nm_program_recount(job, p);
    return p;
}

static double largest(const setup *s, size_t k, size_t corner)
{
    double best = s->relu ? 0 : -INFINITY;
    for (size_t i = 0; i < s->m; i++) {
        double a = s->b[k][i];
        for (size_t j = 0; j < s->d; j++) a += s->w[k][i][j] * (corner >> j & 1 ? s->hi[j] : s->lo[j]);
        best = fmax(best, a);
    }
    return best;
}

static double linear(const setup *s, size_t corner)
{
    double sum = 0;
    for (size_t j = 0; j < s->d; j++) sum += s->c[j] * (corner >> j & 1 ? s->hi[j] : s->lo[j]);
    return sum;
}

/* Returns the least value of the row over all corners. */
static double at_corners(const setup *s)
{
    double least = INFINITY;
    for (size_t q = 0; q < (size_t)1 << s->d; q++) {
        double v = linear(s, q);
        for (size_t k = 0; k < s->n; k++) v -= largest(s, k, q);
        least = fmin(least, v);
    }
    return least;
}

/* Returns the least value of the row with each maximum replaced by its envelope: a linear program over corners. */
static double of_envelopes(nm_job *job, const setup *s)
{
    const size_t corners = (size_t)1 << s->d, n = corners * s->n;
    nm_model *m = nm_model_new(job, "envelopes");
    uint32_t *j = NM_RAW(job, uint32_t, n);
    double *c = NM_RAW(job, double, n), *cost = NM_RAW(job, double, n), *x = NM_RAW(job, double, n), sum = 0;
    for (size_t q = 0; q < n; q++) {
        nm_model_col(job, m, nm_fmt(job, "l%zu", q), 0, 1, false);
        cost[q] = (q < corners ? linear(s, q) : 0) - largest(s, q / corners, q % corners);
        c[q] = 1;
    }
    for (size_t k = 0; k < s->n; k++) {
        for (size_t q = 0; q < corners; q++) j[q] = (uint32_t)(k * corners + q);
        nm_model_row(job, m, nm_fmt(job, "s%zu", k), 1, 1, corners, j, c);
    }
    for (size_t k = 1; k < s->n; k++)
        for (size_t i = 0; i < s->d; i++) {
            for (size_t q = 0; q < 2 * corners; q++) {
                const double at = q % corners >> i & 1 ? s->hi[i] : s->lo[i];
                j[q] = (uint32_t)(q < corners ? q : (k - 1) * corners + q);
                c[q] = q < corners ? at : -at;
            }
            nm_model_row(job, m, nm_fmt(job, "x%zu_%zu", k, i), 0, 0, 2 * corners, j, c);
        }
    nm_clp *l = nm_clp_new(job, m);
    CHECK(nm_clp_solve(l, cost, 10000, x, NULL), "no optimum; seed %llu", (unsigned long long)s->seed);
    nm_close(job, l);
    for (size_t q = 0; q < n; q++) sum += cost[q] * x[q];
    return sum;
}

static nm_row row_of(nm_job *job, const setup *s)
{
    uint32_t *var = NM_RAW(job, uint32_t, s->n + s->d);
    double *coef = NM_RAW(job, double, s->n + s->d);
    for (size_t k = 0; k < s->n + s->d; k++) {
        var[k] = (uint32_t)k;
        coef[k] = k < s->n ? -1 : s->c[k - s->n];
    }
    return (nm_row){s->n + s->d, var, coef, 0};
}

/* Returns the optimum of the hull encoding's linear relaxation. */
static double relaxed(nm_job *job, setup *s, const nm_bounds *b, const nm_row *row)
{
    nm_clause clause = {.n_rows = 1, .rows = row, .label = -1, .name = "c0"};
    nm_case c = {.lo = s->lo, .hi = s->hi, .n_clauses = 1, .clauses = &clause};
    const nm_query q = {.n_in = s->d, .n_out = s->n, .n_cases = 1, .cases = &c, .objective = NM_WORST, .label = -1};
    const uint32_t unit = 0;
    const nm_encoded e = nm_encode(job, b, &q, 0, 0, &unit, (nm_encode_opts){.fold = true, .enc = &nm_enc_hull});
    double *cost = NM_RAW(job, double, e.model->n_cols), *x = NM_RAW(job, double, e.model->n_cols);
    double sum = e.model->constant;
    for (size_t j = 0; j < e.model->n_cols; j++) cost[j] = e.model->cols[j].obj;
    for (size_t r = 0; r < e.model->n_rows; r++) n_rows += strncmp(e.model->rows[r].name, "rh", 2) == 0;
    nm_clp *l = nm_clp_new(job, e.model);
    CHECK(nm_clp_solve(l, cost, 10000, x, NULL), "no optimum; seed %llu", (unsigned long long)s->seed);
    nm_close(job, l);
    for (size_t j = 0; j < e.model->n_cols; j++) sum += cost[j] * x[j];
    return sum;
}

static nm_bounds *bounds_of(nm_job *job, const setup *s, const nm_program *p, const nm_row *row)
{
    nm_bounds *b = nm_bounds_new(job, nm_program_with_rows(job, p, 1, &row), s->lo, s->hi);
    nm_crown(job, b, (nm_crown_opts){.query_block = (int)b->p->n_blocks - 1});
    return b;
}

static void one(nm_job *job, void *arg)
{
    setup *s = arg;
    draw(s);
    const nm_program *p = program_of(job, s);
    int *to = NM_RAW(job, int, p->n_blocks);
    const nm_row row = row_of(job, s);
    const nm_bounds *b = bounds_of(job, s, nm_program_tournaments(job, p, to), &row);
    const nm_lines_of *lines = nm_lines_of_new(job, b, 1000000);
    const nm_alpha *a = nm_hull_run(job, lines, b, 0, INFINITY, (nm_hull_opts){4000, 0.2, 1e-8}, NULL, NULL);
    const double corners = at_corners(s), hull = of_envelopes(job, s);
    const double milp = relaxed(job, s, bounds_of(job, s, p, &row), &row);
    const unsigned long long seed = s->seed;
    CHECK(a->lo[0] <= corners + 1e-12, "%g at a corner, bound %g; seed %llu", corners, a->lo[0], seed);
    CHECK(a->lo[0] <= hull + 1e-8, "envelopes %g, bound %g; seed %llu", hull, a->lo[0], seed);
    CHECK(milp <= corners + 1e-8, "%g at a corner, relaxation %g; seed %llu", corners, milp, seed);
    CHECK(milp >= hull - 1e-4, "envelopes %g, relaxation %g; seed %llu", hull, milp, seed);
    if (s->n == 1) {
        n_one++;
        CHECK(fabs(hull - corners) <= 1e-8, "envelope %g, corners %g; seed %llu", hull, corners, seed);
        CHECK(a->lo[0] >= corners - 1e-6, "%g at a corner, bound %.9g; seed %llu", corners, a->lo[0], seed);
    } else {
        n_two++;
        CHECK(a->lo[0] >= hull - 1e-6, "envelopes %g, bound %.9g; seed %llu", hull, a->lo[0], seed);
    }
}

int main(void)
{
    for (uint64_t seed = 1; seed <= CASES; seed++) t_job(0, one, &(setup){.seed = seed});
    printf("%zu single maxima, %zu pairs; %zu rows of hulls\n", n_one, n_two, n_rows);
    CHECK(n_one > CASES / 4 && n_two > CASES / 4 && n_rows > CASES / 4, "the test is blunt");
    return t_done("prop_maxima");
}
