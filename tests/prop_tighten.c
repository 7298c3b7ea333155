/* What alpha.c, tighten.c, batch.c (cuts), branch.c, split.c and solve.c say of small random networks is true. A cloud
 * of points (corners, middles, faces, random, ends of descents) is evaluated in exact rational arithmetic, and every
 * statement is compared with it to the last bit.  alpha: row(x) >= g.x + g0 and >= lo on the box, or where given signs
 * hold; lo >= CROWN's.  cut: a point with sum g x <= h lies in the bounds over box and cut, and bounds cross only when
 * no point satisfies the cut; h is the exact value at a point, rounded up, or the least over the box.  tighten: a point
 * with row(x) <= rhs is never excluded, and its units lie in t.b.  branch, split, pipeline: opt = min of max_r (row_r -
 * rhs_r) comes from CBC on the encoded model; a clause moved by opt + d holds for d < 0 and is violated for d > 0, |d|
 * = 1e-3 (1 + |opt|), with every combination of the pipeline's switches (unknown only where the solver is off). */
#include "netgen.h"

#define SEED ((unsigned long long)s->seed)

enum { NETS = 400, ASKED = 50, PIPED = 20, POINTS = 48, ROWS = 4, FREE = 4 };

typedef struct setup {
    uint64_t seed;
    gen g;
    const nm_net *net;
    const nm_program *p; /* with the rows */
    double *lo, *hi;
    size_t n_free, free[FREE], n_pts;
    nm_row *row[ROWS];
    exact *pt[POINTS];
    nm_bounds *b; /* CROWN's */
    mpq_t sum;
} setup;

/* how sharp the test is */
static size_t n_signed, n_cut, n_empty, n_closed, n_inside, n_ok, n_found, n_open, n_better;

static size_t unit_of(const setup *s, size_t r)
{
    return s->p->blocks[s->p->n_blocks - 1].first + r;
}
/* the least double that is not below q */
static double round_up(const mpq_t q)
{
    mpq_t t;
    double d = mpq_get_d(q);
    mpq_init(t);
    mpq_set_d(t, d);
    if (mpq_cmp(t, q) < 0) d = nm_up(d);
    mpq_clear(t);
    return d;
}
/* s->sum = c + sum g[i step] x_i */
static void line_at(setup *s, exact *e, const double *g, size_t step, double c)
{
    mpq_set_d(s->sum, c);
    for (size_t i = 0; i < s->net->n_in; i++) {
        mpq_set_d(e->w, g[i * step]);
        mpq_mul(e->t, e->w, e->v[i]);
        mpq_add(s->sum, s->sum, e->t);
    }
}
static bool line_below(setup *s, exact *e, const double *g, double h)
{
    line_at(s, e, g, 1, 0);
    mpq_set_d(e->w, h);
    return mpq_cmp(s->sum, e->w) <= 0;
}
/* the first unit of the point outside the bounds, or n_units */
static size_t outside(const setup *s, exact *e, const nm_bounds *b)
{
    for (size_t k = 0; k < s->p->n_blocks; k++)
        for (size_t u = s->p->blocks[k].first; u < s->p->blocks[k].first + s->p->blocks[k].n; u++)
            if (x_cmp(e, u, b->lo[u]) < 0 || x_cmp(e, u, b->hi[u]) > 0) return u;
    return s->p->n_units;
}
static void free_cloud(void *arg)
{
    setup *s = arg;
    for (size_t k = 0; k < s->n_pts; k++) x_free(s->pt[k]);
    s->n_pts = 0;
    mpq_clear(s->sum);
}
static void add_point(setup *s, const double *x)
{
    if (s->n_pts == POINTS) return;
    exact *e = s->pt[s->n_pts++] = x_new(s->p->n_units);
    x_eval(s->p, x, e);
}
/* x: where a descent with shrinking sign steps met the least value of the unit, which it returns */
static double hunt(nm_job *job, const setup *s, size_t unit, double *x)
{
    const size_t n = s->net->n_in;
    const nm_mark mark = nm_mark_get(job);
    double *v = NM_ARRAY(job, double, s->p->n_units), *g = NM_ARRAY(job, double, s->p->n_units);
    double *at = NM_RAW(job, double, n), best = INFINITY;
    for (int start = 0; start < 6; start++) {
        g_point(n, s->lo, s->hi, start, at);
        for (int k = 0; k < 30; k++) {
            d_eval(s->p, at, v);
            if (v[unit] < best) memcpy(x, at, n * sizeof *x);
            if (v[unit] < best) best = v[unit];
            d_gradient(s->p, v, unit, g);
            for (size_t i = 0; i < n; i++) {
                const double move = pow(0.75, k) * (s->hi[i] - s->lo[i]);
                at[i] += g[i] > 0 ? -move : g[i] < 0 ? move : 0;
                at[i] = fmin(fmax(at[i], s->lo[i]), s->hi[i]);
            }
        }
    }
    nm_mark_release(job, mark);
    return best;
}
static void make_cloud(nm_job *job, setup *s)
{
    const size_t n = s->net->n_in;
    double *x = NM_RAW(job, double, n);
    mpq_init(s->sum);
    nm_defer(job, free_cloud, s);
    for (size_t k = 0; k < (size_t)1 << s->n_free; k++) {
        memcpy(x, s->lo, n * sizeof *x);
        for (size_t f = 0; f < s->n_free; f++)
            if (k >> f & 1) x[s->free[f]] = s->hi[s->free[f]];
        add_point(s, x);
    }
    for (size_t r = 0; r < ROWS; r++) {
        hunt(job, s, unit_of(s, r), x);
        add_point(s, x);
    }
    g_point(n, s->lo, s->hi, 2, x);
    while (s->n_pts < POINTS) {
        add_point(s, x);
        g_point(n, s->lo, s->hi, 3 + (int)(s->n_pts % 2), x);
        const size_t f = s->free[t_below(s->n_free)]; /* faces */
        if (t_below(2)) x[f] = t_below(2) ? s->lo[f] : s->hi[f];
    }
}
/* two to four inputs are free; the rest stand at points */
static void make(nm_job *job, setup *s, size_t kinds, size_t most_free)
{
    t_seed = s->seed;
    const size_t pick = (size_t)s->seed;
    static const double push[] = {0, 0, 0.5, -0.3};
    s->g = (gen){.kind = (g_numbers)(pick % kinds), .push = push[pick % 4], .wide = pick % 7};
    s->g.plain = pick > 1000 && pick % 5 != 0; /* the others take longer */
    const int64_t c = 1 + (int64_t)t_below(2), h = 1 + (int64_t)t_below(2);
    s->net = g_net(job, g_text(job, &s->g, c, h, 2 + (int64_t)t_below(2), t_below(6)));
    const size_t n = s->net->n_in;
    s->lo = NM_RAW(job, double, n);
    s->hi = NM_RAW(job, double, n);
    g_box(BOX_POINTS, n, s->lo, s->hi);
    s->n_free = 2 + t_below(most_free - 1);
    if (s->n_free > n) s->n_free = n;
    for (size_t f = 0, i = t_below(n); f < s->n_free; f++, i = (i + 1) % n) {
        s->free[f] = i;
        s->lo[i] = t_below(3) ? t_uniform(-2, 1) : -1;
        s->hi[i] = s->lo[i] + (t_below(3) ? t_uniform(0.2, 3) : 2);
    }
    for (int r = 0; r < ROWS; r++) s->row[r] = g_row(job, &s->g, s->net->n_out, n);
    s->p = nm_program_with_rows(job, nm_lower(job, s->net), ROWS, (const nm_row *const *)s->row);
    s->b = nm_bounds_new(job, s->p, s->lo, s->hi);
    nm_crown(job, s->b, (nm_crown_opts){.query_block = (int)s->p->n_blocks - 1});
}
static bool has_signs(const setup *s, exact *e, const nm_signs *g)
{
    for (size_t i = 0; g && i < g->n; i++) {
        const nm_block *k = &s->p->blocks[nm_program_block(s->p, g->unit[i])];
        const size_t pre = s->p->blocks[k->src].first + (g->unit[i] - k->first);
        if (mpq_sgn(e->v[pre]) * g->side[i] > 0) return false;
    }
    return true;
}
/* the points where the signs hold against every lane */
static void check_lanes(setup *s, const nm_alpha *a, size_t n, const uint32_t *row,
                        const nm_signs *signs, const char *what)
{
    size_t bad_line = 0, bad_lo = 0, bad_order = 0;
    for (size_t k = 0; k < s->n_pts; k++) {
        exact *e = s->pt[k];
        if (!has_signs(s, e, signs)) continue;
        n_signed += signs != NULL;
        for (size_t l = 0; l < n; l++) {
            bad_lo += x_cmp(e, unit_of(s, row[l]), a->lo[l]) < 0;
            if (!isfinite(a->g0[l])) continue;
            line_at(s, e, a->g + l, NM_LANES, a->g0[l]);
            bad_line += mpq_cmp(e->v[unit_of(s, row[l])], s->sum) < 0;
            const double at = mpq_get_d(s->sum);
            bad_order += at < a->lo[l] - 1e-9 * (fabs(at) + fabs(a->lo[l]));
        }
    }
    CHECK(bad_line == 0 && bad_lo == 0 && bad_order == 0,
          "alpha, %s: %zu below the line, %zu below lo, %zu lines below lo; seed %llu", what,
          bad_line, bad_lo, bad_order, SEED);
}
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
/* up to 6 signs of RELU units, those of a point of the cloud; a branch meets bounds with them */
static nm_signs *draw_signs(nm_job *job, const setup *s, nm_bounds *met)
{
    nm_signs *g = NM_NEW(job, nm_signs);
    uint32_t *unit = NM_RAW(job, uint32_t, 6);
    signed char *side = NM_RAW(job, signed char, 6);
    const exact *like = s->pt[t_below(s->n_pts)];
    for (size_t k = 1; k < s->p->n_blocks; k++) {
        const nm_block *r = &s->p->blocks[k];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n && g->n < 6; i++) {
            const size_t pre = s->p->blocks[r->src].first + i;
            if (nm_bounds_phase(s->b, pre) != NM_UNSTABLE || t_below(3) == 0) continue;
            const int sign = mpq_sgn(like->v[pre]);
            unit[g->n] = (uint32_t)(r->first + i);
            side[g->n] = (signed char)(sign < 0 || (sign == 0 && t_below(2)) ? 1 : -1);
            if (met && side[g->n] > 0) nm_bounds_meet(met, pre, -INFINITY, 0, NM_BY_ALPHA);
            if (met && side[g->n] < 0) nm_bounds_meet(met, pre, 0, INFINITY, NM_BY_ALPHA);
            g->n++;
        }
    }
    g->unit = unit;
    g->side = side;
    return g;
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

static void bounding(nm_job *job, void *arg)
{
    setup *s = arg;
    make(job, s, 4, FREE);
    make_cloud(job, s);
    alphas(job, s);
    tightens(job, s);
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
    *clause = (nm_clause){n, rows, -1, "t0"};
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
    const nm_encoded e = nm_encode(job, s->b, q, 0, 0, row, (nm_encode_opts){true});
    const nm_sol *sol = nm_cbc_solve(job, e.model, (nm_cbc){.time_limit = 5});
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
static void decide(nm_job *job, setup *s, size_t first, size_t n, double opt, bool above)
{
    uint32_t row[ROWS], *rows[1] = {row};
    const double d = (above ? 1e-3 : -1e-3) * (1 + fabs(opt));
    nm_case *c = clause_of(job, s, first, n, opt + d, row);
    const bool open[1] = {true};
    CHECK(!(reached(s, c, row) < -1e-6 * (1 + fabs(opt))) || above,
          "the cloud is below the optimum; seed %llu", SEED);
    const nm_encoded e = nm_encode(job, s->b, question(job, s, c, NM_FEASIBLE), 0, 0, row,
                                   (nm_encode_opts){t_below(2)});
    const nm_solstatus got = nm_cbc_solve(job, e.model, (nm_cbc){5, true})->status;
    CHECK(above ? got == NM_SOL_OPTIMAL || got == NM_SOL_FEASIBLE : got == NM_SOL_INFEASIBLE,
          "CBC says %s; seed %llu", nm_solstatus_name(got), SEED);
    for (int attack = 0; attack < 2; attack++) {
        const size_t which = t_below(n);
        const nm_branch b = nm_branch_run(job, s->b, c, 0, row, which, c->clauses->rows[which].rhs,
                                          (nm_branch_opts){attack, 300, INFINITY, s->seed});
        judge(job, s, c, row, above, attack, b.status, b.x, "branch");
        const nm_split_opts o = {attack, 3000, INFINITY, 0};
        const nm_split t = nm_split_case(job, s->p, c, rows, open, &o);
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
    static const char *const bounds[] = {"interval", "crown", "alpha"};
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
            const nm_solve_opts o = {.bounds = bounds[k % 3],
                                     .evaluate = true,
                                     .seed = s->seed,
                                     .fold = bits & 1,
                                     .attack = bits & 2,
                                     .split = bits & 4,
                                     .branch = bits & 8,
                                     .solve = k % 4 != 3};
            const nm_verdict *v = nm_solve_query(job, s->net, q, &o);
            const bool ok = v->status == (above ? NM_VIOLATED : NM_OK) ||
                            (v->status == NM_UNKNOWN && !o.solve);
            CHECK(ok, "%s, fold %d attack %d split %d branch %d solve %d, %s: %d (%s); seed %llu",
                  o.bounds, o.fold, o.attack, o.split, o.branch, o.solve, above ? "above" : "below",
                  v->status, v->why ? v->why : "", SEED);
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
           "%zu ok, %zu found, %zu open\n",
           n_signed, n_cut, n_empty, n_closed, n_inside, n_better, n_ok, n_found, n_open);
    CHECK(n_signed > NETS * 8 && n_cut > NETS * 8 && n_empty > NETS / 2 && n_closed > NETS / 8 &&
              n_inside > NETS * 8 && n_better > NETS / 4 && n_ok > ASKED && n_found > ASKED &&
              n_open < 2 * ASKED,
          "the test is blunt");
    return t_done("prop_tighten");
}
