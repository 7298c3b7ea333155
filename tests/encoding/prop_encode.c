/* Models are exact. Random networks whose box has two free inputs (the rest are fixed), with and without a linear input
 * row, are bounded by interval or CROWN and encoded with fold on and off.
 *
 * Lift: the trace of every point that satisfies the clause satisfies every row of the model (<= 1e-9), its objective is
 * the row's value, and a point that breaks the clause breaks the model. Binaries: as many as there
 * are unstable units in the cone of the clause, counted here by walking the Program.
 * Oracle: the rectangle is cut, unit after unit, along the zero line of each RELU and along the ties of each MAX, by
 * clipping convex polygons (Sutherland and Hodgman 1974); on a cell everything is affine, so the least value of a row
 * stands at a vertex. It uses no bounds and no phases of netmip. Its optimum must equal CBC's on the encoded model plus
 * the model's constant (1e-6), for a single row with objective `worst` and, as the largest excess, for an AND of
 * two; feasibility of a
 * decision must agree with the oracle's, and the solver's point must be a point of the network. */
#include "two_input_oracle.h"
#include "plain_rows.h"

/* ---- random questions ---- */

static void make(nm_job *job, setup *s, bool deep)
{
    t_seed = s->seed;
    const size_t pick = (size_t)s->seed;
    s->g = (gen){
        .kind = (g_numbers)(pick % 3), .push = pick % 5 == 0 ? 1 : 0, .wide = deep ? 0 : 3};
    const int64_t c = 1 + (int64_t)t_below(2), h = 1 + (int64_t)t_below(deep ? 2 : 1);
    const size_t blocks = t_below(deep ? 5
                                       : 4); /* one draw a statement: every compiler draws alike */
    const int64_t w = 2 + (int64_t)t_below(deep ? 2 : 1);
    s->net = g_net(job, g_text(job, &s->g, c, h, w, blocks));
    const size_t n = s->net->n_in;
    s->lo = NM_RAW(job, double, n);
    s->hi = NM_RAW(job, double, n);
    g_box(BOX_POINTS, n, s->lo, s->hi);
    s->free[0] = t_below(n);
    s->free[1] = (s->free[0] + 1 + t_below(n - 1)) % n;
    for (int d = 0; d < 2; d++) {
        s->lo[s->free[d]] = t_below(2) ? -2 : t_uniform(-4, 0);
        s->hi[s->free[d]] = s->lo[s->free[d]] + t_uniform(1, 7);
    }
    const nm_program *p = nm_lower(job, s->net);
    for (int r = 0; r < ROWS; r++) s->row[r] = g_row(job, &s->g, s->net->n_out, n);
    s->p = nm_program_with_rows(job, p, ROWS, (const nm_row *const *)s->row);
    double *coef = NM_RAW(job, double, n), rhs = 0;
    uint32_t *var = NM_RAW(job, uint32_t, n);
    for (size_t i = 0; i < n; i++) {
        var[i] = (uint32_t)(s->net->n_out + i);
        coef[i] = t_uniform(-1, 1);
        rhs += coef[i] * (0.5 * s->lo[i] + 0.5 * s->hi[i]);
    }
    s->in_row = (nm_row){n, var, coef, rhs};
    s->n_in_rows = t_below(2);
}

static nm_query question(nm_job *job, const setup *s, size_t n, const size_t *which,
                         nm_objective objective)
{
    nm_row *rows = NM_ARRAY(job, nm_row, n);
    for (size_t r = 0; r < n; r++) rows[r] = *s->row[which[r]];
    nm_clause *clause = NM_NEW(job, nm_clause);
    *clause = (nm_clause){.n_rows = n, .rows = rows, .label = -1, .name = "t0"};
    nm_case *c = NM_NEW(job, nm_case);
    *c = (nm_case){.lo = s->lo,
                   .hi = s->hi,
                   .n_in_rows = s->n_in_rows,
                   .in_rows = &s->in_row,
                   .n_clauses = 1,
                   .clauses = clause};
    return (nm_query){.n_in = s->net->n_in,
                      .n_out = s->net->n_out,
                      .n_cases = 1,
                      .cases = c,
                      .objective = objective,
                      .label = -1};
}

/* the encodings, each with binaries on both sides and where they are needed */
static const struct {
    const char *spec;
    bool one_sided;
} ways[] = {{"bigm", false},        {"bigm", true},         {"hull", false},
            {"hull", true},         {"partition:2", false}, {"partition:3", true},
            {"aggregate:2", false}, {"aggregate:50", true}, {"relax", false},
            {"relax", true},        {"indicator", false},   {"indicator", true},
            {"sos1", false},        {"sos1", true}};
enum { WAYS = sizeof ways / sizeof *ways };
static size_t way; /* the one in use */

static nm_encoded encode(nm_job *job, const setup *s, const nm_bounds *b, size_t n,
                         const size_t *which, nm_objective objective, bool fold)
{
    uint32_t row[ROWS];
    for (size_t r = 0; r < n; r++) row[r] = (uint32_t)which[r];
    nm_query *q = NM_NEW(job, nm_query);
    *q = question(job, s, n, which, objective);
    nm_encode_opts o = {.fold = fold, .one_sided = ways[way].one_sided};
    o.enc = nm_encoding_find(job, ways[way].spec, &o.arg);
    return nm_encode(job, b, q, 0, 0, row, o);
}

static nm_bounds *bound(nm_job *job, const setup *s, bool crown)
{
    nm_bounds *b = nm_bounds_new(job, s->p, s->lo, s->hi);
    if (crown)
        nm_crown(job, b, (nm_crown_opts){.query_block = (int)s->p->n_blocks - 1});
    else
        nm_interval(job, b, 1, (int)s->p->n_blocks);
    return b;
}

/* ---- lift and binaries ---- */

typedef struct {
    bool *need;
    const nm_bounds *b;
    size_t first;
} cone;

static void cone_put(void *arg, size_t j, double w)
{
    const cone *c = arg;
    if (w != 0 && c->b->lo[c->first + j] != c->b->hi[c->first + j]) c->need[c->first + j] = true;
}

static size_t count_max(const nm_bounds *b, const nm_block *k, size_t i, size_t first, bool *need)
{
    size_t n = 0;
    double floor_lo = -INFINITY;
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++)
        floor_lo = fmax(floor_lo, b->lo[first + k->idx[t]]);
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        const size_t m = first + k->idx[t];
        bool wins = true;
        for (size_t r = k->ptr[i]; r < k->ptr[i + 1]; r++)
            wins &= r == t || b->lo[m] >= b->hi[first + k->idx[r]];
        if (wins) {
            need[m] = true;
            return 0;
        }
    }
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        n += b->hi[first + k->idx[t]] >= floor_lo;
        need[first + k->idx[t]] = true;
    }
    return n;
}

/* unstable RELUs, and the members of undecided MAXes that may win, below the rows */
static size_t unstable_in_cone(nm_job *job, const nm_bounds *b, size_t n, const size_t *which)
{
    const nm_program *p = b->p;
    bool *need = NM_ARRAY(job, bool, p->n_units);
    size_t found = 0;
    for (size_t r = 0; r < n; r++) need[p->blocks[p->n_blocks - 1].first + which[r]] = true;
    for (size_t at_block = p->n_blocks; at_block-- > 1;) {
        const nm_block *k = &p->blocks[at_block];
        const size_t src = k->src >= 0 ? p->blocks[k->src].first : 0;
        for (size_t i = 0; i < k->n; i++) {
            if (!need[k->first + i]) continue;
            for (size_t t = 0; t < k->n_lin; t++) {
                cone c = {need, b, p->blocks[k->lin[t].src].first};
                nm_lin_row(&k->lin[t], i, cone_put, &c);
            }
            if (k->kind == NM_MAX) found += count_max(b, k, i, src, need);
            if (k->kind != NM_RELU || b->hi[src + i] <= 0) continue;
            need[src + i] = true;
            found += b->lo[src + i] < 0;
        }
    }
    return found;
}

/* with fold, stable units are substituted: no column is theirs */
static bool folded(const nm_encoded *e)
{
    const nm_program *p = e->enc->b->p;
    for (size_t b = 1; b < p->n_blocks; b++)
        for (size_t i = 0; i < p->blocks[b].n; i++) {
            if (e->enc->col[p->blocks[b].first + i] < 0) continue;
            if (p->blocks[b].kind == NM_AFFINE) return false;
            const size_t pre = p->blocks[p->blocks[b].src].first + i;
            if (p->blocks[b].kind == NM_RELU && nm_bounds_phase(e->enc->b, pre) != NM_UNSTABLE)
                return false;
        }
    return true;
}

static bool lift_ok(nm_job *job, const setup *s, const nm_encoded *e, size_t n, const size_t *which,
                    bool decide, const double *unit)
{
    const size_t first = s->p->blocks[s->p->n_blocks - 1].first;
    double excess = -INFINITY;
    for (size_t r = 0; r < n; r++)
        excess = fmax(excess, unit[first + which[r]] - s->row[which[r]]->rhs);
    const double *x = nm_encode_lift(job, e->enc, unit);
    const char *who = "";
    const double off = nm_model_check(e->model, x, &who), y = unit[first + which[0]];
    const double objective = nm_model_objective(e->model, x) + e->model->constant,
                 want = n > 1 ? excess : y - s->row[which[0]]->rhs;
    const double more = e->map->form.relaxation ? want - objective : fabs(objective - want);
    if (more < -1e-9 * (1 + fabs(want)) ||
        (!e->map->form.relaxation &&
         more > 1e-9 * (1 + fabs(want) + fabs(y) + fabs(e->model->constant))))
        return false;
    if (!decide || excess <= 0) {
        if (off > 1e-9) printf("%s is off by %g\n", who, off);
        return off <= 1e-9;
    }
    return e->map->form.relaxation || excess < 1e-6 || off > 1e-12;
}

static void lifts(nm_job *job, void *arg)
{
    setup *s = arg;
    make(job, s, true);
    const size_t n_in = s->net->n_in, all[ROWS] = {0, 1, 2};
    bool ok[2] = {true, true}, count = true, told = false;
    double *unit[12];
    size_t n = 0;
    for (int k = 0; k < 40 && n < 12; k++) {
        double x[64], left = s->in_row.rhs;
        g_point(n_in, s->lo, s->hi, k < 6 ? k : 4, x);
        for (size_t i = 0; i < n_in; i++) left -= s->in_row.coef[i] * x[i];
        if (s->n_in_rows && left < 0) continue;
        unit[n] = NM_ARRAY(job, double, s->p->n_units);
        d_eval(s->p, x, unit[n++]);
    }
    const size_t first = s->p->blocks[s->p->n_blocks - 1]
                             .first; /* about half of the points satisfy the rows */
    for (int r = 0; r < ROWS && n > 0; r++) s->row[r]->rhs = unit[t_below(n)][first + (size_t)r];
    for (int run = 0; run < 8 * WAYS; run++) {
        const bool fold = run & 1, decide = run & 2, crown = run & 4;
        way = (size_t)run / 8;
        const size_t rows = decide ? 2 : 1;
        const nm_bounds *b = bound(job, s, crown);
        const nm_encoded e = encode(job, s, b, rows, all, decide ? NM_FEASIBLE : NM_WORST, fold);
        for (size_t k = 0; k < n; k++) ok[fold] &= lift_ok(job, s, &e, rows, all, decide, unit[k]);
        if (!ok[fold] && !told)
            printf("%s, %s\n", ways[way].spec, ways[way].one_sided ? "one-sided" : "two-sided");
        told |= !ok[fold];
        if (way > 0) continue;
        const size_t want = unstable_in_cone(job, b, rows, all), got = nm_model_binaries(e.model);
        /* on round numbers coefficients may cancel, and then units leave the cone */
        const bool sure = s->g.kind == G_REAL && !fold && !s->g.cancels;
        const bool good = (!fold || folded(&e)) && (sure ? got == want : got <= want);
        if (!good)
            printf("%zu binaries, %zu unstable, fold %d, crown %d\n", got, want, fold, crown);
        count &= good;
    }
    way = 0;
    CHECK(ok[0], "lift without fold, seed %llu", (unsigned long long)s->seed);
    CHECK(ok[1], "lift with fold, seed %llu", (unsigned long long)s->seed);
    CHECK(count, "binaries, seed %llu", (unsigned long long)s->seed);
}

/* ---- the solver against the oracle ---- */

static bool near(double a, double b, double tol)
{
    return fabs(a - b) <= tol * (1 + fabs(a) + fabs(b));
}

/* the solver's inputs, evaluated, give the solver's objective: the model's points are the network's */
static bool is_point(nm_job *job, const setup *s, const nm_encoded *e, const nm_sol *sol, size_t n,
                     const size_t *which)
{
    double most = -INFINITY;
    double *x = NM_RAW(job, double, s->net->n_in), *unit = NM_ARRAY(job, double, s->p->n_units);
    for (size_t i = 0; i < s->net->n_in; i++)
        x[i] = e->map->col[i] >= 0 ? sol->vals[e->map->col[i]].x : s->lo[i];
    d_eval(s->p, x, unit);
    for (size_t r = 0; r < n; r++)
        most = fmax(most, unit[s->p->blocks[s->p->n_blocks - 1].first + which[r]] -
                              s->row[which[r]]->rhs);
    return near(most, sol->objective + e->model->constant, 1e-5);
}

static bool solve(nm_job *job, const setup *s, size_t n, const size_t *which, bool decide,
                  bool crown, bool fold)
{
    const nm_encoded e = encode(job, s, bound(job, s, crown), n, which,
                                decide ? NM_FEASIBLE : NM_WORST, fold);
    const nm_sol *sol = nm_cbc_solve(job, plain(job, e.model), (nm_cbc){.time_limit = 100});
    const double rhs = s->row[which[0]]->rhs;
    double want = least(s, n, which, 0);
    bool possible = isfinite(want);
    if (decide && n == 1) possible = want <= rhs;
    if (decide && n > 1 &&
        isfinite(least(s, n, which, 1e-6)) != isfinite(least(s, n, which, -1e-6)))
        return true; /* too near to call */
    if (!possible && e.map->form.relaxation) return true;
    if (!possible && sol->status != NM_SOL_INFEASIBLE)
        printf("%s, not infeasible (%zu rows, %zu columns, %zu binaries)\n", sol->status_text,
               e.model->n_rows, e.model->n_cols, nm_model_binaries(e.model));
    if (!possible) return sol->status == NM_SOL_INFEASIBLE;
    const double excess = n > 1 ? least_excess(s, n, which) : want - rhs;
    if (e.map->form.relaxation)
        return sol->status == NM_SOL_OPTIMAL &&
               sol->objective + e.model->constant <= excess + 1e-6 * (1 + fabs(excess));
    const bool ok = sol->status == NM_SOL_OPTIMAL &&
                    near(sol->objective + e.model->constant, excess, n > 1 ? 1e-5 : 1e-6) &&
                    is_point(job, s, &e, sol, n, which);
    if (!ok)
        printf("%s: %.12g; the oracle says %.12g (%zu rows, %zu columns, %zu binaries)\n",
               sol->status_text, sol->objective + e.model->constant, excess, e.model->n_rows,
               e.model->n_cols, nm_model_binaries(e.model));
    return ok;
}

/* ---- two corners ---- */

/* N equal units relu(x), x in [1, 1 + 2^-52], with coefficients below NM_COEF_MIN, all move into
 * the row's constant (fold
 * off). At the upper end the row has the value -N c x exactly and the right-hand side is that, rounded up: a
 * counterexample, so the model, which has no column, must not say 0 <= something negative. Equal terms make the
 * rounding of a sum drift, N u / 3 and not a random walk. */
static void many_small(nm_job *job, void *arg)
{
    enum { N = 3000 };
    (void)arg;
    nm_buf t = {.job = job};
    nm_put(&t, "{\"netmip\":\"network\",\"version\":1,\"input\":{\"shape\":[1]},\"layers\":[{"
               "\"op\":\"dense\",\"weight\":[[1]");
    for (int i = 1; i < N; i++) nm_put(&t, ",[1]");
    nm_put(&t, "]},{\"op\":\"relu\"}]}");
    setup s = {.net = g_net(job, (nm_file){"many.json", (const unsigned char *)t.s, t.n})};
    double lo = 1, hi = nm_up(1), *coef = NM_RAW(job, double, N);
    uint32_t *var = NM_RAW(job, uint32_t, N);
    nm_row row = {N, var, coef, 0};
    s.lo = &lo;
    s.hi = &hi;
    s.row[0] = &row;
    size_t wrong = 0, which[1] = {0};
    const nm_program *p = nm_lower(job, s.net);
    for (int k = 0; k < 12; k++) {
        const double c = t_uniform(1e-10, 9e-10);
        mpq_t exactly, w;
        mpq_inits(exactly, w, NULL);
        mpq_set_d(exactly, -c);
        mpq_set_d(w, N);
        mpq_mul(exactly, exactly, w);
        mpq_set_d(w, hi);
        mpq_mul(exactly, exactly, w);
        row.rhs = mpq_get_d(exactly); /* towards zero: up */
        mpq_clears(exactly, w, NULL);
        for (uint32_t i = 0; i < N; i++) var[i] = i, coef[i] = -c;
        s.p = nm_program_with_rows(job, p, 1, (const nm_row *const[]){&row});
        const nm_encoded e = encode(job, &s, bound(job, &s, false), 1, which, NM_FEASIBLE, false);
        wrong += e.model->n_cols == 0 && e.model->rows[e.model->n_rows - 1].hi < 0;
    }
    CHECK(wrong == 0, "%zu of 12 models without columns exclude a counterexample", wrong);
}

/* a pool over a constant 0 and a relu: the relu wins always, ties included, so the maximum needs no binary */
static void tie(nm_job *job, void *arg)
{
    (void)arg;
    static const char text[] =
        "{\"netmip\":\"network\",\"version\":1,\"input\":{\"shape\":[1,1,1,2]},\"layers\":["
        "{\"op\":\"mul\",\"value\":[0,1]},{\"op\":\"relu\"},{\"op\":\"maxpool\",\"kernel_shape\":["
        "1,2]}]}";
    setup s = {
        .net = g_net(job, (nm_file){"tie.json", (const unsigned char *)text, sizeof text - 1})};
    double lo[2] = {-1, -1}, hi[2] = {1, 1};
    nm_row row = {1, (const uint32_t[]){0}, (const double[]){1}, 0};
    size_t which[1] = {0};
    s.lo = lo;
    s.hi = hi;
    s.row[0] = &row;
    s.p = nm_program_with_rows(job, nm_lower(job, s.net), 1, (const nm_row *const[]){&row});
    const nm_encoded e = encode(job, &s, bound(job, &s, true), 1, which, NM_WORST, true);
    CHECK(nm_model_binaries(e.model) == 1, "%zu binaries; the relu's own was expected",
          nm_model_binaries(e.model));
}

static size_t n_solved, n_infeasible, n_cells;

static void solves(nm_job *job, void *arg)
{
    setup *s = arg;
    make(job, s, false);
    cut_all(job, s);
    const bool usable = s->n_cells > 0 && !s->full;
    const size_t one[1] = {0}, two[2] = {1, 2};
    bool worst = true, decide = true, both = true;
    n_solved += usable;
    n_cells += s->n_cells;
    for (int r = 0; usable && r < ROWS;
         r++) { /* right-hand sides just above or below what can be reached */
        const size_t w[1] = {(size_t)r};
        const double low = least(s, 1, w, 0);
        s->row[r]->rhs = low + (t_below(2) ? 0.01 : r ? 0.3 : -0.01) * (1 + fabs(low));
    }
    for (int run = 0; usable && run < 4 + (int)WAYS;
         run++) { /* big-M in all ways, each encoding in one */
        const bool fold = run & 1, crown = run & 2;
        way = run < 4 ? 0 : (size_t)run - 4;
        worst &= solve(job, s, 1, one, false, crown, fold);
        decide &= solve(job, s, 1, one, true, crown, fold);
        both &= solve(job, s, 2, two, true, crown, fold);
    }
    way = 0;
    n_infeasible += usable && !isfinite(least(s, 2, two, 0));
    free(s->cells);
    if (!usable) return;
    CHECK(worst, "worst, seed %llu", (unsigned long long)s->seed);
    CHECK(decide, "decision, seed %llu", (unsigned long long)s->seed);
    CHECK(both, "two rows, seed %llu", (unsigned long long)s->seed);
}

int main(void)
{
    t_job(0, many_small, NULL);
    t_job(0, tie, NULL);
    for (uint64_t seed = 1; seed <= LIFTED; seed++) {
        setup s = {.seed = seed};
        t_job(0, lifts, &s);
    }
    for (uint64_t seed = 1001; seed < 1001 + SOLVED; seed++) {
        setup s = {.seed = seed};
        t_job(0, solves, &s);
    }
    CHECK(n_solved > 3 * SOLVED / 4 && n_infeasible > 2 && n_cells > 12 * SOLVED,
          "%zu solved, %zu infeasible, %zu cells: the test is blunt", n_solved, n_infeasible,
          n_cells);
    printf("%zu solved, %zu infeasible, %zu cells\n", n_solved, n_infeasible, n_cells);
    return t_done("prop_encode");
}
