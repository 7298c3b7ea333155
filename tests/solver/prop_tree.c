/* prop_tree.c: the tree over binaries against enumeration, and scaled models against the ones they were made from.
 *
 * Trees: random programs over few binaries and small integers, so that enumeration is exact in doubles. The tree's
 * bound must not exceed the least objective, a cap below it must be proven, one above it must not, and the incumbent
 * is found. Scaling: random rows over sixty binades, narrow boxes and terms that cancel; a point of the box that
 * satisfies a row, in rational arithmetic, satisfies the scaled row, and comes back from the scaled columns to the
 * last bit. */
#include "test.h"

#include <gmp.h>

#include "model/model.h"
#include "solver/solver.h"

enum { TREES = 1500 / T_SHARE, SCALES = 4000 / T_SHARE, BINS = 7, COLS = 6 };

typedef struct {
    uint64_t seed;
    size_t proven, empty, kept, left;
} run;

static int small(void) { return (int)t_below(11) - 5; }

/* A knapsack-like program: rows that may have no point. */
static nm_model *program(nm_job *job)
{
    nm_model *m = nm_model_new(job, "random");
    for (size_t j = 0; j < BINS; j++) {
        const uint32_t c = nm_model_col(job, m, nm_fmt(job, "z%zu", j), 0, 1, true);
        m->cols[c].obj = small();
    }
    for (size_t r = 0; r < 1 + t_below(4); r++) {
        uint32_t at[BINS];
        double c[BINS];
        for (uint32_t j = 0; j < BINS; j++) at[j] = j, c[j] = small();
        const double side = small();
        if (t_below(6) == 0)
            nm_model_row(job, m, nm_fmt(job, "r%zu", r), side, side, BINS, at, c);
        else
            nm_model_row(job, m, nm_fmt(job, "r%zu", r), -INFINITY, side, BINS, at, c);
    }
    return m;
}

/* Returns the least objective over all points, or infinity. */
static double least(const nm_model *m)
{
    double best = INFINITY;
    for (unsigned k = 0; k < 1u << BINS; k++) {
        double x[BINS];
        bool ok = true;
        for (unsigned j = 0; j < BINS; j++) x[j] = k >> j & 1;
        for (size_t r = 0; r < m->n_rows; r++) {
            double sum = 0;
            for (size_t i = m->rows[r].start; i < nm_row_end(m, r); i++)
                sum += m->c[i] * x[m->j[i]];
            ok &= sum <= m->rows[r].hi && sum >= m->rows[r].lo;
        }
        const double value = nm_model_objective(m, x);
        if (ok && value < best) best = value;
    }
    return best;
}

static void trees(nm_job *job, void *arg)
{
    run *s = arg;
    const nm_model *m = program(job);
    const double opt = least(m);
    double best[BINS];
    const nm_tree_opts value = {.cap = INFINITY,
                                .max_nodes = SIZE_MAX,
                                .deadline = INFINITY,
                                .gap = 1e-7,
                                .gap_of_one = 1,
                                .best = best};
    const nm_tree t = nm_tree_run(job, m, value);
    CHECK(t.bound <= opt, "bound %g, least %g, seed %llu", t.bound, opt,
          (unsigned long long)s->seed);
    CHECK(t.status == NM_OK && (isinf(opt) ? isinf(t.bound) : t.bound >= opt - 1e-6),
          "status %d, bound %g, least %g, seed %llu", t.status, t.bound, opt,
          (unsigned long long)s->seed);
    CHECK(isinf(opt) ? isinf(t.value) : fabs(t.value - opt) < 1e-6, "value %g, least %g", t.value,
          opt);
    s->empty += isinf(opt);
    for (int above = 0; above < 2; above++) {
        const double cap = isinf(opt) ? 0 : opt + (above ? 0.5 : -0.5);
        const nm_tree_opts decide = {
            .cap = cap, .decide = true, .max_nodes = SIZE_MAX, .deadline = INFINITY};
        const nm_tree d = nm_tree_run(job, m, decide);
        const bool none = isinf(opt) || !above;
        CHECK(d.status == (none ? NM_OK : NM_UNKNOWN), "cap %g, least %g: %d, seed %llu", cap, opt,
              d.status, (unsigned long long)s->seed);
        CHECK(d.bound <= opt, "bound %g, least %g", d.bound, opt);
        s->proven += d.status == NM_OK;
    }
}

/* ---- scaling ---- */

static double wild(void) { return ldexp(t_uniform(-1, 1), (int)t_below(121) - 60); }

static void set(mpq_t out, double x) { mpq_set_d(out, x); }

/* the row's activity at x, exactly */
static void activity(const nm_model *m, size_t r, const double *x, mpq_t sum, mpq_t t[2])
{
    mpq_set_ui(sum, 0, 1);
    for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
        set(t[0], m->c[k]);
        set(t[1], x[m->j[k]]);
        mpq_mul(t[0], t[0], t[1]);
        mpq_add(sum, sum, t[0]);
    }
}

static int against(mpq_t sum, double side, mpq_t t[2])
{
    set(t[0], side);
    return mpq_cmp(sum, t[0]);
}

static void scaling(nm_job *job, void *arg)
{
    run *s = arg;
    nm_model *m = nm_model_new(job, "wild");
    double x[COLS], there[COLS];
    mpq_t sum, t[2];
    mpq_inits(sum, t[0], t[1], NULL);
    for (size_t j = 0; j < COLS; j++) {
        const double a = wild(), width = t_below(2) ? fabs(wild()) : fabs(a) * 1e-14;
        nm_model_col(job, m, nm_fmt(job, "x%zu", j), a, a + width, false);
        x[j] = t_below(3) ? fmin(a + t_uniform(0, 1) * width, a + width) : a;
    }
    uint32_t at[COLS];
    double c[COLS];
    for (uint32_t j = 0; j < COLS; j++) at[j] = j, c[j] = t_below(4) ? wild() : 0;
    c[t_below(COLS)] = wild();
    nm_model_row(job, m, "r", -INFINITY, 0, COLS, at, c);
    activity(m, 0, x, sum, t);
    m->rows[0].hi = nm_up(mpq_get_d(sum)); /* satisfied, by less than an ulp or so */
    if (t_below(3) == 0) m->rows[0].lo = nm_down(nm_down(mpq_get_d(sum)));
    const bool kept = against(sum, m->rows[0].hi, t) <= 0 &&
                      (isinf(m->rows[0].lo) || against(sum, m->rows[0].lo, t) >= 0);
    nm_scale k;
    const nm_model *w = nm_model_scaled(job, m, &k);
    for (size_t j = 0; j < COLS; j++) {
        there[j] = ldexp(x[j], -k.col[j]);
        CHECK(ldexp(there[j], k.col[j]) == x[j] && there[j] >= w->cols[j].lo &&
                  there[j] <= w->cols[j].hi,
              "column %zu, seed %llu", j, (unsigned long long)s->seed);
    }
    activity(w, 0, there, sum, t);
    if (kept && k.exact)
        CHECK(against(sum, w->rows[0].hi, t) <= 0 &&
                  (isinf(w->rows[0].lo) || against(sum, w->rows[0].lo, t) >= 0),
              "the scaled row cuts a point off, seed %llu", (unsigned long long)s->seed);
    s->kept += kept && k.exact;
    s->left += k.n_left;
    mpq_clears(sum, t[0], t[1], NULL);
}

int main(void)
{
    run s = {0};
    for (s.seed = 1; s.seed <= TREES; s.seed++) t_job(0, trees, &s);
    for (s.seed = 100001; s.seed <= 100000 + SCALES; s.seed++) t_job(0, scaling, &s);
    printf("%zu caps proven, %zu programs without a point; %zu rows kept, %zu terms left theirs\n",
           s.proven, s.empty, s.kept, s.left);
    CHECK(s.proven > TREES && s.empty > TREES / 20 && s.kept > SCALES / 2 && s.left > SCALES,
          "the test is blunt");
    return t_done("prop_tree");
}
