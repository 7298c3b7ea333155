/* What alpha.c, conditioned.c, pull_back.c (cuts), branch.c, split_box.c and solve.c say of small random networks is
 * true. A cloud of points (corners, middles, faces, random, ends of descents) is evaluated in exact rational
 * arithmetic, and every statement is compared with it to the last bit.  alpha: row(x) >= g.x + g0 and >= lo on the box,
 * or where given signs hold; lo >= CROWN's.  cut: a point with sum g x <= h lies in the bounds over box and cut, and
 * bounds cross only when no point satisfies the cut; h is the exact value at a point, rounded up, or the least over the
 * box.  tighten: a point with row(x) <= rhs is never excluded, and its units lie in t.b.  propagate: a
 * point that satisfies limits of rows, and signs, stays within the bounds.  branch, split, pipeline: opt
 * = min of max_r (row_r - rhs_r) comes from CBC on the encoded model; a clause moved by opt + d holds for d < 0 and is
 * violated for d > 0, |d| = 1e-3 (1 + |opt|), with every combination of the pipeline's switches (unknown only where the
 * solver is off). */
#include "point_cloud.h"

enum { NETS = 400 / T_SHARE, ASKED = 50 / T_SHARE, PIPED = 20 / T_SHARE };

/* how sharp the test is */
static size_t n_cut, n_empty, n_closed, n_inside, n_ok, n_found, n_open, n_better, n_cubes, n_cubed,
    n_shrunk, n_passed, n_late;

/* CROWN's own bound of a row, interval bounds left out */
static double crown_row(nm_job *job, const setup *s, uint32_t row)
{
    double lo[NM_LANES];
    const int q = (int)s->p->n_blocks - 1;
    nm_relax *x = nm_relax_new(job, s->b);
    nm_batch *t = nm_batch_new(job, s->p);
    nm_relax_set(x, s->b, 1, q + 1);
    nm_batch_clear(t);
    nm_batch_put(t, q, row, 0, 1);
    nm_batch_pull(t, x, q);
    nm_batch_lower(t, s->b, lo);
    return lo[0];
}
static void alphas(nm_job *job, setup *s)
{
    uint32_t row[NM_LANES];
    double enough[NM_LANES];
    const size_t n = 1 + t_below(NM_LANES);
    for (size_t l = 0; l < n; l++) row[l] = l < ROWS ? (uint32_t)l : (uint32_t)t_below(ROWS);
    for (size_t l = 0; l < n; l++) enough[l] = INFINITY;
    for (size_t steps = 1; steps <= 25; steps += 24) {
        const nm_alpha *a = nm_alpha_run(job, s->b, n, row, enough, steps, NULL, NULL);
        check_lanes(s, a, n, row, NULL, steps == 1 ? "1 step" : "25 steps");
        bool least = true;
        for (size_t l = 0; l < n; l++) {
            const double crown = crown_row(job, s, row[l]);
            least &= a->lo[l] >= crown - 1e-13 * s->b->mag[unit_of(s, row[l])] - 1e-200;
            n_better += steps > 1 && a->lo[l] > crown + 1e-3 * fabs(crown);
        }
        CHECK(least && a->steps <= steps, "worse than CROWN; seed %llu", SEED);
    }
    nm_bounds *met = nm_bounds_copy(job, s->b);
    const nm_signs *signs = draw_signs(job, s, met), *loose = draw_signs(job, s, NULL);
    if (loose->n) {
        const nm_alpha *a = nm_alpha_run(job, s->b, n, row, enough, 15, loose, NULL);
        check_lanes(s, a, n, row, loose, "signs");
        a = nm_alpha_run(job, s->b, n, row, enough, 3, loose, a);
        check_lanes(s, a, n, row, loose, "signs, going on");
    }
    CHECK(!met->empty, "signs of a point are called impossible; seed %llu", SEED);
    if (!signs->n || met->empty) return;
    nm_interval(job, met, 1, (int)s->p->n_blocks);
    check_lanes(s, nm_alpha_run(job, met, n, row, enough, 15, signs, NULL), n, row, signs,
                "a branch");
}
static void draw_cut(nm_job *job, setup *s, size_t kind, nm_cut *cut)
{
    double *g = NM_ARRAY(job, double, nm_pad8(s->net->n_in)),
           *x = NM_RAW(job, double, s->net->n_in);
    for (size_t i = 0; i < s->net->n_in; i++) g[i] = t_below(6) ? g_number(&s->g) : 0;
    for (size_t i = 0; i < s->net->n_in; i++) x[i] = g[i] > 0 ? s->lo[i] : s->hi[i];
    if (kind == 0) { /* only the corner that is lowest satisfies it */
        exact *e = s->pt[s->n_pts - 1];
        x_eval(s->p, x, e);
        line_at(s, e, g, 1, 0);
    } else {
        line_at(s, s->pt[t_below(s->n_pts)], g, 1, 0);
    }
    *cut = (nm_cut){g, round_up(s->sum)};
    /* nothing satisfies it, by little or by much */
    if (kind == 3) cut->h = cut->h - t_uniform(0, 2) * (1 + fabs(cut->h));
}
static void cuts(nm_job *job, setup *s)
{
    for (size_t kind = 0; kind < 4; kind++) {
        nm_cut cut;
        draw_cut(job, s, kind, &cut);
        nm_bounds *box = nm_bounds_copy(job, s->b), *old = nm_bounds_copy(job, s->b);
        nm_bounds *fresh = nm_bounds_new(job, s->p, s->lo, s->hi);
        const nm_crown_opts o = {
            .all_rows = kind == 2, .query_block = (int)s->p->n_blocks - 1, .cut = &cut};
        bool left = nm_cut_box(box, &cut);
        if (left) nm_crown(job, box, o);
        nm_crown(job, old, o);
        nm_crown(job, fresh, o);
        size_t wrong = 0, n = 0;
        for (size_t k = 0; k < s->n_pts; k++) {
            exact *e = s->pt[k];
            if (!line_below(s, e, cut.g, cut.h)) continue;
            n++;
            wrong += outside(s, e, box) < s->p->n_units || outside(s, e, old) < s->p->n_units ||
                     outside(s, e, fresh) < s->p->n_units;
        }
        n_cut += n;
        const bool empty = !left || box->empty || old->empty || fresh->empty;
        n_empty += empty;
        CHECK(wrong == 0, "cut %zu: %zu of %zu points are outside; seed %llu", kind, wrong, n,
              SEED);
        CHECK(!(empty && n), "cut %zu: called empty, with %zu points; seed %llu", kind, n, SEED);
    }
}

static void tightens(nm_job *job, setup *s)
{
    for (uint32_t r = 0; r < ROWS; r++) {
        const size_t unit = unit_of(s, r);
        size_t low = 0, wrong = 0, n = 0;
        for (size_t k = 1; k < s->n_pts; k++)
            if (mpq_cmp(s->pt[k]->v[unit], s->pt[low]->v[unit]) < 0) low = k;
        if (r % 2 && t_below(2)) low = t_below(s->n_pts);
        double rhs = round_up(s->pt[low]->v[unit]);
        if (r == 3) rhs -= t_uniform(0, 0.5) * (1 + fabs(rhs)); /* may be out of reach */
        const nm_alpha *a = nm_alpha_run(job, s->b, 1, &r, &rhs, 1 + 10 * t_below(3), NULL, NULL);
        bool closed = a->lo[0] > rhs;
        const nm_tight t = nm_tighten(job, s->b, r, rhs, a, 0, (nm_tighten_opts){4, 20});
        closed |= t.closed;
        n_closed += closed;
        for (size_t k = 0; k < s->n_pts; k++) {
            if (x_cmp(s->pt[k], unit, rhs) > 0) continue;
            n++;
            wrong += outside(s, s->pt[k], t.b) < s->p->n_units;
        }
        n_inside += n;
        CHECK(wrong == 0, "tighten: %zu of %zu counterexamples are outside; row %u, seed %llu",
              wrong, n, r, SEED);
        CHECK(!(closed && n), "tighten: closed with %zu counterexamples; row %u, seed %llu", n, r,
              SEED);
        CHECK(n == 0 || t.lo <= rhs, "tighten: lo above rhs; seed %llu", SEED);
    }
}

/* Limits of some rows, and signs, that a point satisfies: propagation keeps every point that satisfies them, too. */
static void propagations(nm_job *job, setup *s)
{
    for (size_t round = 0; round < 6; round++) {
        exact *at = s->pt[t_below(s->n_pts)];
        nm_bounds *b = nm_bounds_copy(job, s->b);
        const nm_signs *signs = round % 2 ? draw_signs(job, s, b) : NULL;
        double rhs[ROWS], *tense = NM_ARRAY(job, double, s->p->n_units);
        size_t wrong = 0, n = 0, shrunk = 0;
        for (uint32_t r = 0; r < ROWS; r++) {
            rhs[r] = t_below(2) ? round_up(at->v[unit_of(s, r)]) : INFINITY;
            nm_bounds_meet(b, unit_of(s, r), -INFINITY, rhs[r], NM_BY_ALPHA);
        }
        for (int sweep = 0; sweep < 3 && !b->empty; sweep++) {
            nm_propagate(b, sweep ? tense : NULL);
            if (!b->empty) nm_interval(job, b, 1, (int)s->p->n_blocks);
        }
        for (size_t k = 0; k < s->n_pts; k++) {
            bool meets = !signs || has_signs(s, s->pt[k], signs);
            for (size_t r = 0; r < ROWS; r++)
                meets &= rhs[r] == INFINITY || x_cmp(s->pt[k], unit_of(s, r), rhs[r]) <= 0;
            n += meets;
            wrong += meets && (b->empty || outside(s, s->pt[k], b) < s->p->n_units);
        }
        for (size_t u = 0; u < s->p->n_units; u++) {
            wrong += !(fabs(tense[u]) <= 1);
            shrunk += b->lo[u] > s->b->lo[u] || b->hi[u] < s->b->hi[u];
        }
        n_passed += n && shrunk > ROWS;
        CHECK(wrong == 0, "propagate: %zu of %zu points are outside; seed %llu", wrong, n, SEED);
    }
}

/* alpha for units, from CROWN's bounds or from interval arithmetic's */
static void units(nm_job *job, setup *s)
{
    nm_bounds *b = nm_bounds_copy(job, s->b);
    nm_alpha_units(job, b, 1 + 10 * t_below(3));
    size_t wrong = 0;
    for (size_t k = 0; k < s->n_pts; k++) wrong += outside(s, s->pt[k], b) < s->p->n_units;
    CHECK(wrong == 0 && !b->empty, "units: %zu of %zu points are outside; seed %llu", wrong,
          s->n_pts, SEED);
    for (size_t u = 0; u < s->p->n_units; u++)
        n_shrunk += b->by[u] == NM_BY_ALPHA && s->b->by[u] != NM_BY_ALPHA;
}

static void bounding(nm_job *job, void *arg)
{
    setup *s = arg;
    make(job, s, 4, FREE);
    make_cloud(job, s);
    alphas(job, s);
    tightens(job, s);
    propagations(job, s);
    units(job, s);
    cuts(job, s);
}
/* a clause of n rows of the setup from `first` on, moved by d; its units are row[] */
static nm_case *clause_of(nm_job *job, const setup *s, size_t first, size_t n, double d,
                          uint32_t *row)
{
    nm_row *rows = NM_ARRAY(job, nm_row, n);
    nm_clause *clause = NM_NEW(job, nm_clause);
    nm_case *c = NM_NEW(job, nm_case);
    for (size_t r = 0; r < n; r++) {
        rows[r] = *s->row[first + r];
        rows[r].rhs += d;
        row[r] = (uint32_t)(first + r);
    }
    *clause = (nm_clause){.n_rows = n, .rows = rows, .label = -1, .name = "t0"};
    *c = (nm_case){.lo = s->lo, .hi = s->hi, .n_clauses = 1, .clauses = clause};
    return c;
}

static nm_query *question(nm_job *job, const setup *s, nm_case *c, nm_objective objective)
{
    nm_query *q = NM_NEW(job, nm_query);
    *q = (nm_query){.n_in = s->net->n_in,
                    .n_out = s->net->n_out,
                    .n_cases = 1,
                    .cases = c,
                    .objective = objective,
                    .label = -1};
    return q;
}
/* min over the cloud of the clause's largest row - rhs */
static double reached(const setup *s, const nm_case *c, const uint32_t *row)
{
    double best = INFINITY;
    for (size_t k = 0; k < s->n_pts; k++) {
        double most = -INFINITY;
        for (size_t r = 0; r < c->clauses->n_rows; r++)
            most = fmax(most, mpq_get_d(s->pt[k]->v[unit_of(s, row[r])]) - c->clauses->rows[r].rhs);
        best = fmin(best, most);
    }
    return best;
}
/* min over the box of the largest row - rhs, by CBC; false: no proof */
static bool optimum(nm_job *job, const setup *s, size_t first, size_t n, double *opt)
{
    uint32_t row[ROWS];
    nm_case *c = clause_of(job, s, first, n, n > 1 ? 1e3 : 0, row);
    const nm_query *q = question(job, s, c, n > 1 ? NM_FEASIBLE : NM_WORST);
    const nm_encoded e = nm_encode(job, s->b, q, 0, 0, row,
                                   (nm_encode_opts){.fold = true, .one_sided = true});
    const nm_sol *sol = nm_cbc_solve(job, e.model, (nm_cbc){.time_limit = 100});
    if (sol->status != NM_SOL_OPTIMAL) return false;
    *opt = sol->objective + e.model->constant + (n > 1 ? 1e3 : 0);
    return true;
}
/* x lies in the box and satisfies the rows */
static bool satisfies(nm_job *job, const setup *s, const nm_case *c, const uint32_t *row,
                      const double *x)
{
    double *v = NM_ARRAY(job, double, s->p->n_units);
    for (size_t i = 0; i < s->net->n_in; i++)
        if (!(x[i] >= s->lo[i] && x[i] <= s->hi[i])) return false;
    d_eval(s->p, x, v);
    for (size_t r = 0; r < c->clauses->n_rows; r++)
        if (v[unit_of(s, row[r])] > c->clauses->rows[r].rhs + 1e-9) return false;
    return true;
}
static void judge(nm_job *job, const setup *s, const nm_case *c, const uint32_t *row, bool above,
                  bool attack, int status, const double *x, const char *what)
{
    bool ok = status == NM_UNKNOWN || status == (above ? NM_VIOLATED : NM_OK);
    if (status == NM_VIOLATED) ok &= attack && satisfies(job, s, c, row, x);
    n_ok += status == NM_OK;
    n_found += status == NM_VIOLATED;
    n_open += status == NM_UNKNOWN && (attack || !above);
    CHECK(ok, "%s says %d, %s the optimum, attack %d, %zu rows; seed %llu", what, status,
          above ? "above" : "below", attack, c->clauses->n_rows, SEED);
}
/* every point of the cloud that satisfies the cutoff row lies in the bounds of some cube */
static void cubes(nm_job *job, const setup *s, const nm_case *c, const uint32_t *row, size_t which)
{
    const double rhs = c->clauses->rows[which].rhs;
    const nm_branch b = nm_branch_run(
        job, s->b, c, 0, row, which, rhs,
        (nm_branch_opts){
            .max_nodes = SIZE_MAX, .deadline = INFINITY, .seed = s->seed, .depth = 1 + t_below(4)});
    size_t lost = 0;
    for (size_t k = 0; k < s->n_pts; k++) {
        if (x_cmp(s->pt[k], unit_of(s, row[which]), rhs) > 0) continue;
        bool in = false;
        for (size_t i = 0; i < b.n_cubes; i++)
            in |= outside(s, s->pt[k], b.cube[i].b) == s->p->n_units &&
                  has_signs(s, s->pt[k], &b.cube[i].signs);
        lost += !in;
        n_cubed++;
    }
    CHECK(lost == 0 && b.status == NM_OK, "%zu points in none of %zu cubes; seed %llu", lost,
          b.n_cubes, SEED);
    n_cubes += b.n_cubes;
}
/* the same search, which deadlines stop again and again */
static nm_branch in_steps(nm_job *job, const setup *s, const nm_case *c, const uint32_t *row, size_t which, bool attack)
{
    nm_branch_search *t =
        nm_branch_open(job, s->b, c, 0, row, which, c->clauses->rows[which].rhs,
                       (nm_branch_opts){.attack = attack, .max_nodes = 300, .seed = s->seed});
    for (double left = 1e-5;; left *= 1.5) {
        const nm_branch b = nm_branch_go_on(t, job, nm_wall() + left);
        if (!b.late) return b;
        n_late++;
    }
}
static void decide(nm_job *job, setup *s, size_t first, size_t n, double opt, bool above)
{
    uint32_t row[ROWS], *rows[1] = {row};
    const double d = (above ? 1e-3 : -1e-3) * (1 + fabs(opt));
    nm_case *c = clause_of(job, s, first, n, opt + d, row);
    const bool open[1] = {true};
    CHECK(!(reached(s, c, row) < -1e-6 * (1 + fabs(opt))) || above,
          "the cloud is below the optimum; seed %llu", SEED);
    const nm_encoded e = nm_encode(job, s->b, question(job, s, c, NM_FEASIBLE), 0, 0, row,
                                   (nm_encode_opts){.fold = t_below(2)});
    const nm_solstatus got = nm_cbc_solve(job, e.model, (nm_cbc){.time_limit = 100, .first = true})
                                 ->status;
    CHECK(above ? got == NM_SOL_OPTIMAL || got == NM_SOL_FEASIBLE : got == NM_SOL_INFEASIBLE,
          "CBC says %s; seed %llu", nm_solstatus_name(got), SEED);
    cubes(job, s, c, row, t_below(n));
    for (int attack = 0; attack < 2; attack++) {
        const size_t which = t_below(n);
        const nm_branch b = nm_branch_run(
            job, s->b, c, 0, row, which, c->clauses->rows[which].rhs,
            (nm_branch_opts){
                .attack = attack, .max_nodes = 300, .deadline = INFINITY, .seed = s->seed});
        judge(job, s, c, row, above, attack, b.status, b.x, "branch");
        const nm_branch u = in_steps(job, s, c, row, which, attack);
        judge(job, s, c, row, above, attack, u.status, u.x, "branch in steps");
        const nm_split_opts o = {.attack = attack, .max_boxes = 3000, .deadline = INFINITY};
        const nm_split t = nm_split_case(job, s->b, c, rows, open, &o);
        judge(job, s, c, row, above, attack, t.status, t.x, "split");
    }
}

static void deciding(nm_job *job, void *arg)
{
    setup *s = arg;
    make(job, s, 3, 3);
    make_cloud(job, s);
    for (size_t n = 1; n <= 2; n++) {
        double opt = 0;
        if (!CHECK(optimum(job, s, n, n, &opt), "no optimum; seed %llu", SEED)) continue;
        for (int above = 0; above < 2; above++) decide(job, s, n, n, opt, above);
    }
}
static void piping(nm_job *job, void *arg)
{
    setup *s = arg;
    static const nm_by bounds[] = {NM_BY_INTERVAL, NM_BY_CROWN, NM_BY_ALPHA, NM_BY_LP, NM_BY_MIP};
    static const char *const codes[] = {NULL,    "hull", "partition:2", "aggregate:3",
                                        "relax", "bigm", NULL};
    make(job, s, 3, 2);
    double opt = 0;
    const size_t n = 1 + s->seed % 2;
    if (!CHECK(optimum(job, s, n, n, &opt), "no optimum")) return;
    for (int above = 0; above < 2; above++) {
        uint32_t row[ROWS];
        const double d = (above ? 1e-3 : -1e-3) * (1 + fabs(opt));
        const nm_query *q = question(job, s, clause_of(job, s, n, n, opt + d, row), NM_FEASIBLE);
        for (size_t k = 0; k < 14; k++) {
            const size_t bits = k < 8 ? t_below(64) : k; /* all switches off and on, and mixed */
            const nm_solve_opts o = {.bounds.all = bounds[k % 5],
                                     .threads = 1 + k % 2,
                                     .form.encoding = codes[k % 7],
                                     .form.two_sided = k % 3 == 0,
                                     .stages.evaluate = true,
                                     .seed = s->seed,
                                     .form.fold = bits & 1,
                                     .stages.attack = bits & 2,
                                     .stages.split = bits & 4,
                                     .depth = k % 4 == 2 ? 1 + k % 3 : 0,
                                     .stages.branch = bits & 8,
                                     .stages.solve = k % 4 != 3};
            const nm_verdict *v = nm_solve_query(job, s->net, q, &o);
            const bool ok = v->status == (above ? NM_VIOLATED : NM_OK) ||
                            (v->status == NM_UNKNOWN && (!o.stages.solve || k % 7 == 3 || k % 7 == 4));
            CHECK(
                ok,
                "bounds %d, fold %d attack %d split %d branch %d solve %d, %s: %d (%s); seed %llu",
                (int)o.bounds.all, o.form.fold, o.stages.attack, o.stages.split, o.stages.branch, o.stages.solve,
                above ? "above" : "below", v->status, v->why ? v->why : "", SEED);
        }
    }
}

int main(void)
{
    for (uint64_t seed = 1; seed <= NETS; seed++) t_job(0, bounding, &(setup){.seed = seed});
    for (uint64_t seed = 1001; seed < 1001 + ASKED; seed++)
        t_job(0, deciding, &(setup){.seed = seed});
    for (uint64_t seed = 4001; seed < 4001 + PIPED; seed++)
        t_job(0, piping, &(setup){.seed = seed});
    printf("%zu signed, %zu cut, %zu empty, %zu closed, %zu inside, %zu better than CROWN; "
           "%zu ok, %zu found, %zu open, %zu late, %zu shrunk, %zu passed\n",
           n_signed, n_cut, n_empty, n_closed, n_inside, n_better, n_ok, n_found, n_open, n_late, n_shrunk,
           n_passed);
    CHECK(n_signed > NETS * 8 && n_cut > NETS * 8 && n_empty > NETS / 2 && n_closed > NETS / 8 &&
              n_inside > NETS * 8 && n_better > NETS / 4 && n_ok > ASKED && n_found > ASKED &&
              n_open < 3 * ASKED && n_late > ASKED && n_cubes > ASKED &&
              n_cubed > ASKED && n_shrunk > NETS / 8 && n_passed > NETS / 2,
          "the test is blunt");
    return t_done("prop_conditioned");
}
