/* What unit_programs.c and embedded_clp.c say of small random networks is true: at every point of a cloud, in exact
 * rational arithmetic, all units lie in their bounds, for linear and for mixed-integer programs, with one worker and
 * with three, which must agree to the last bit. They are never wider than CROWN's, and often narrower. A dual bound
 * holds for any y, good or bad: compared with the rows' exact values at points that satisfy them. */
#include "point_cloud.h"

enum { NETS = 150 / T_SHARE, LPS = 2000 / T_SHARE };

static size_t n_narrower, n_points, n_bounds, n_tight, n_empty;

static double width(const nm_bounds *b)
{
    double sum = 0;
    for (size_t u = 0; u < b->p->n_units; u++)
        if (isfinite(b->hi[u]) && isfinite(b->lo[u]) && b->mag[u] > 0)
            sum += (b->hi[u] - b->lo[u]) / b->mag[u];
    return sum;
}

static void bounding(nm_job *job, void *arg)
{
    setup *s = arg;
    make(job, s, 4, FREE);
    make_cloud(job, s);
    double enough[ROWS];
    for (int r = 0; r < ROWS; r++) enough[r] = INFINITY;
    for (size_t nodes = 1; nodes <= 12; nodes += 11) {
        const nm_levels levels = {.all = nodes > 1 ? NM_BY_MIP : NM_BY_LP};
        nm_bounds *one = nm_bounds_copy(job, s->b), *three = nm_bounds_copy(job, s->b);
        nm_lp_tighten(job, one, (nm_lp_opts){&levels, 1, enough, nodes});
        nm_lp_tighten(job, three, (nm_lp_opts){&levels, 3, enough, nodes});
        const size_t n = s->p->n_units * sizeof(double);
        CHECK(!memcmp(one->lo, three->lo, n) && !memcmp(one->hi, three->hi, n),
              "three workers differ, seed %llu", SEED);
        size_t out = 0, wider = 0;
        for (size_t k = 0; k < s->n_pts; k++) out += outside(s, s->pt[k], one) < s->p->n_units;
        for (size_t u = 0; u < s->p->n_units; u++)
            wider += one->lo[u] < s->b->lo[u] || one->hi[u] > s->b->hi[u];
        CHECK(out == 0 && wider == 0 && !one->empty,
              "%zu nodes: %zu outside, %zu wider, empty %d; seed %llu", nodes, out, wider,
              one->empty, SEED);
        n_narrower += width(one) < 0.999 * width(s->b);
        n_points += s->n_pts;
    }
}

/* min c x over random rows that a known point satisfies */
static void duals(nm_job *job, void *arg)
{
    t_seed = *(uint64_t *)arg;
    nm_model *m = nm_model_new(job, "duals");
    const size_t n = 1 + t_below(6), rows = 1 + t_below(6);
    double x[8], lo[8], hi[8], c[8], y[8];
    uint32_t j[8];
    const int scale = (int)t_below(120) - 60;
    for (size_t k = 0; k < n; k++) {
        x[k] = ldexp(t_uniform(-1, 1), scale);
        lo[k] = t_below(3) ? x[k] - ldexp(t_uniform(0, 1), scale) : x[k];
        hi[k] = t_below(3) ? x[k] + ldexp(t_uniform(0, 1), scale) : x[k];
        c[k] = t_uniform(-1, 1);
        j[k] = nm_model_col(job, m, nm_fmt(job, "x%zu", k), lo[k], hi[k], false);
    }
    mpq_t sum, t, w;
    mpq_inits(sum, t, w, NULL);
    for (size_t r = 0; r < rows; r++) {
        double a[8];
        mpq_set_d(sum, 0);
        for (size_t k = 0; k < n; k++) {
            a[k] = t_uniform(-1, 1);
            mpq_set_d(t, a[k]);
            mpq_set_d(w, x[k]);
            mpq_mul(t, t, w);
            mpq_add(sum, sum, t);
        }
        const double at = mpq_get_d(sum), up = nm_up(at), down = nm_down(at);
        nm_model_row(job, m, nm_fmt(job, "r%zu", r), t_below(2) ? down : -INFINITY,
                     t_below(2) ? up : INFINITY, n, j, a);
    }
    mpq_set_d(sum, 0);
    for (size_t k = 0; k < n; k++) {
        mpq_set_d(t, c[k]);
        mpq_set_d(w, x[k]);
        mpq_mul(t, t, w);
        mpq_add(sum, sum, t);
    }
    nm_clp *l = nm_clp_new(job, m);
    for (int k = 0; k < 4; k++) {
        nm_clp_solve(l, c, 100, NULL, y);
        for (size_t r = 0; k && r < rows; r++)
            y[r] = k == 1 ? y[r] * t_uniform(0, 2) : k == 2 ? t_uniform(-3, 3) : 0;
        mpq_set_d(t, fmax(nm_dual_bound(job, m, lo, hi, c, y), -1e300));
        CHECK(mpq_cmp(t, sum) <= 0, "dual bound above a point, seed %llu, try %d",
              (unsigned long long)t_seed, k);
        n_bounds += mpq_get_d(t) > -1e299;
    }
    mpq_clears(sum, t, w, NULL);
}

/* the nearest point of random rows, which a known point x satisfies: no farther than x, in exact arithmetic, and mostly
 * just where the bound says; none when a row and its opposite leave a gap */
static void projections(nm_job *job, void *arg)
{
    t_seed = *(uint64_t *)arg;
    nm_model *m = nm_model_new(job, "projections");
    const size_t n = 1 + t_below(7), rows = 1 + t_below(7);
    double x[8], c[8], p[8], a[8], off = 0, square = 0;
    uint32_t j[8];
    const double size = ldexp(1, (int)t_below(60) - 30);
    for (size_t k = 0; k < n; k++) {
        x[k] = size * t_uniform(-1, 1);
        c[k] = size * t_uniform(-2, 2);
        j[k] = nm_model_col(job, m, nm_fmt(job, "x%zu", k), x[k] - size * t_uniform(0, 2),
                            x[k] + (t_below(4) ? size * t_uniform(0, 2) : 0), false);
    }
    for (size_t r = 0; r < rows; r++) {
        double at = 0;
        for (size_t k = 0; k < n; k++) at += (a[k] = t_below(3) ? t_uniform(-1, 1) : 0) * x[k];
        const double room = 1e-9 * size + (t_below(2) ? 0 : size * t_uniform(0, 1));
        const bool up = t_below(2);
        nm_model_row(job, m, nm_fmt(job, "r%zu", r), up ? -INFINITY : at - room,
                     up ? at + room : INFINITY, n, j, a);
    }
    mpq_t sum, t, w;
    mpq_inits(sum, t, w, NULL);
    for (size_t k = 0; k < n; k++) {
        mpq_set_d(t, x[k]);
        mpq_set_d(w, c[k]);
        mpq_sub(t, t, w);
        mpq_mul(t, t, t);
        mpq_add(sum, sum, t);
    }
    const double bound = nm_project(job, m, c, INFINITY, p);
    mpq_set_d(t, bound);
    CHECK(mpq_cmp(t, sum) <= 0, "a projection farther than a point, seed %llu",
          (unsigned long long)t_seed);
    for (size_t k = 0; k < n; k++) square += (p[k] - c[k]) * (p[k] - c[k]);
    for (size_t r = 0; r < rows; r++) {
        double at = 0;
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) at += m->c[k] * p[m->j[k]];
        off = fmax(off, fmax(m->rows[r].lo - at, at - m->rows[r].hi));
    }
    n_tight += off <= 1e-9 * size && bound >= square * (1 - 1e-6) - 1e-9 * size * size;
    for (size_t k = 0; k < n; k++) a[k] = t_uniform(0.5, 1);
    nm_model_row(job, m, "least", size, INFINITY, n, j, a);
    nm_model_row(job, m, "most", -INFINITY, 0.9 * size, n, j, a);
    n_empty += nm_project(job, m, c, 100 * size * size, p) > 100 * size * size;
    mpq_clears(sum, t, w, NULL);
}

/* The embedded solver's optimum of a knapsack whose solutions differ by millionths: the best of all, for by default CBC
 * drops what is less than 1e-5 better than its incumbent. */
static void knapsack(nm_job *job, void *arg)
{
    enum { N = 12 };
    t_seed = *(uint64_t *)arg;
    double w[N], c[N], sum = 0, best = INFINITY;
    uint32_t j[N];
    nm_model *m = nm_model_new(job, "knapsack");
    for (size_t k = 0; k < N; k++) {
        w[k] = 20 + (double)t_below(41);
        c[k] = 1e-4 * w[k] + 1e-6 * (double)(1 + t_below(40));
        sum += w[k];
        j[k] = nm_model_col(job, m, nm_fmt(job, "x%zu", k), 0, 1, true);
        m->cols[j[k]].obj = c[k];
    }
    nm_model_row(job, m, "r", floor(sum / 2) + 0.5, INFINITY, N, j, w);
    for (size_t set = 0; set < (size_t)1 << N; set++) {
        double weight = 0, cost = 0;
        for (size_t k = 0; k < N; k++)
            if (set >> k & 1) weight += w[k], cost += c[k];
        if (weight > floor(sum / 2)) best = fmin(best, cost);
    }
    const nm_sol *s = nm_cbc_solve(job, m, (nm_cbc){0});
    CHECK(s->status == NM_SOL_OPTIMAL && fabs(s->objective - best) < 1e-9,
          "knapsack: %.9g, the best is %.9g, seed %llu", s->objective, best,
          (unsigned long long)t_seed);
}

int main(void)
{
    for (uint64_t seed = 1; seed <= 30; seed++) t_job(0, knapsack, &seed);
    for (uint64_t seed = 1; seed <= NETS; seed++) t_job(0, bounding, &(setup){.seed = seed});
    for (uint64_t seed = 1; seed <= LPS; seed++) t_job(0, duals, &seed);
    for (uint64_t seed = 1; seed <= LPS; seed++) t_job(0, projections, &seed);
    printf("%zu points, %zu narrower, %zu dual bounds, %zu tight projections, %zu on nothing\n",
           n_points, n_narrower, n_bounds, n_tight, n_empty);
    CHECK(n_narrower > NETS / 4 && n_points > 10 * NETS && 2 * n_bounds > 7 * LPS &&
              4 * n_tight > 3 * LPS && 5 * n_empty > 4 * LPS,
          "the test is blunt");
    return t_done("prop_lp");
}
