/* Whatever is shared among threads gives the same bytes for 1, 2 and 7 of them: bounds of units by CROWN, alpha and
 * trees, trees of branching (status, nodes, point), splits of the box (status, boxes, point), trees in lanes (bound,
 * nodes, work), and verdicts and margins of whole questions, with several targets, too, of which two are branched on
 * at a time. Random dense networks with two to four hidden layers; cutoffs lie between the bound and the least value of
 * a sample, so that trees have many rounds, or just above the least value of all. Also what a team promises: each item
 * is taken once, a helper's error arrives, its memory counts, and threads that are left over go to the items. Runs
 * under -fsanitize=thread, too (make tsan).
 *
 *   prop_threads [NETWORKS] */
#include "random_networks.h"

#include <stdatomic.h>

#ifdef __SANITIZE_THREAD__
enum { NETS = 6 };
static const double HIDE_SECONDS = 2; /* to prove a least value */
#else
enum { NETS = 50 / T_SHARE };
static const double HIDE_SECONDS = 0.3;
#endif
enum { INPUTS = 8, POINTS = 2000, TEAMS = 3 };
static const size_t team[TEAMS] = {1, 2, 7};

static size_t n_nodes, n_boxes, n_lane_nodes, n_alpha, n_closed, n_found, n_asked[3], n_target[4];
static size_t n_hidden, n_shown; /* questions with a counterexample that is hard to find; those where it was found */

/* ---- what a team promises ---- */

typedef struct {
    atomic_size_t taken[100];
    atomic_size_t threads; /* what items may use */
    size_t fails, bytes;
    atomic_size_t ranges;
} counted;

static void count_each(nm_job *job, void *arg, nm_turns *turns)
{
    counted *c = arg;
    for (size_t i; nm_turns_next(job, turns, &i);) {
        atomic_fetch_add(&c->taken[i], 1);
        atomic_store(&c->threads, nm_job_threads(job));
        if (c->bytes) nm_raw(job, c->bytes, 1);
        if (i == c->fails) nm_throw(job, NM_EUNSUP, "item %zu", i);
    }
}

static void count_ranges(nm_job *job, void *arg, nm_turns *turns)
{
    counted *c = arg;
    (void)job;
    for (size_t from, to; nm_turns_range(turns, &from, &to);) {
        atomic_fetch_add(&c->ranges, 1);
        for (size_t i = from; i < to; i++) atomic_fetch_add(&c->taken[i], 1);
    }
}

/* All items are taken once, though the job is stopped; without helpers, all at once. */
static void ranges(nm_job *job, void *arg)
{
    (void)arg;
    nm_job_set_deadline(job, 0);
    for (size_t threads = 1; threads <= 7; threads += 3)
        for (size_t n = 0; n <= 100; n += n < 20 ? 1 : 16) {
            counted c = {.fails = SIZE_MAX};
            nm_job_set_threads(job, threads);
            nm_team_ranges(job, n, INFINITY, count_ranges, &c);
            for (size_t i = 0; i < 100; i++)
                CHECK(c.taken[i] == (i < n), "item %zu of %zu was taken %zu times", i, n, (size_t)c.taken[i]);
            CHECK(c.ranges <= (threads == 1 ? 1 : 2 * threads), "%zu ranges, %zu threads", (size_t)c.ranges, threads);
        }
}

static void promises(nm_job *job, void *arg)
{
    counted *c = arg;
    nm_job_set_threads(job, 8);
    nm_team_run(job, 100, INFINITY, count_each, c);
    for (size_t i = 0; i < 100; i++) CHECK(c->taken[i] == 1, "item %zu was taken %zu times", i, (size_t)c->taken[i]);
    CHECK(c->threads == 1);
    nm_team_run(job, 2, 1000, count_each, c);
    CHECK(c->threads == 8, "too little work to be shared");
    nm_team_run(job, 2, INFINITY, count_each, c);
    CHECK(c->threads == 4 && nm_job_threads(job) == 8, "%zu threads for each of two items", (size_t)c->threads);
}

static void fails(nm_job *job, void *arg)
{
    nm_job_set_threads(job, 3);
    nm_team_run(job, 100, INFINITY, count_each, arg);
}

static void team_promises(void)
{
    t_job(NM_OK, promises, &(counted){.fails = SIZE_MAX});
    t_job(NM_OK, ranges, NULL);
    for (size_t i = 0; i < 100; i += 33) t_job(NM_EUNSUP, fails, &(counted){.fails = i});
    nm_job *job = nm_job_new();
    nm_job_limit(job, 64 << 20);
    CHECK(nm_run(job, fails, &(counted){.fails = SIZE_MAX, .bytes = 4 << 20}) == NM_EIO, "helpers' memory counts");
    CHECK(nm_run(job, fails, &(counted){.fails = SIZE_MAX, .bytes = 4 << 10}) == NM_OK, "and is given back");
    nm_job_free(job);
}

/* ---- a network, and a row with a cutoff ---- */

typedef struct {
    uint64_t seed;
    nm_net *net;
    const nm_program *p, *with;
    nm_case c;
    nm_clause clause;
    nm_row row;
    nm_query q;
    uint32_t unit[1];
} setup;

static double value(nm_job *job, const setup *s, const double *x)
{
    const nm_mark mark = nm_mark_get(job);
    const double y = nm_trace(job, s->with, x)[s->with->blocks[s->with->n_blocks - 1].first];
    nm_mark_release(job, mark);
    return y;
}

static nm_bounds *bounds_of(nm_job *job, const setup *s)
{
    nm_bounds *b = nm_bounds_new(job, s->with, s->c.lo, s->c.hi);
    nm_crown(job, b, (nm_crown_opts){.query_block = (int)s->with->n_blocks - 1});
    return b;
}

static void make(nm_job *job, setup *s)
{
    gen g = {.b = {.job = job}, .kind = G_REAL, .now = {0, INPUTS, 1, 1}};
    t_seed = s->seed;
    nm_put(&g.b, "{\"netmip\":\"network\",\"version\":1,\"input\":{\"name\":\"x\",\"shape\":[1,%d,1,1]},\"layers\":[",
           (int)INPUTS);
    for (size_t l = 0, n = 2 + s->seed % 3; l < n; l++) {
        g_dense(&g, 10 + (int64_t)t_below(30));
        g_relu(&g);
    }
    g_dense(&g, 2);
    nm_put(&g.b, "]}\n");
    s->net = g_net(job, (nm_file){"random.json", (const unsigned char *)g.b.s, g.b.n});
    s->p = nm_lower(job, s->net);
    s->c.lo = nm_repeat(job, INPUTS, -0.4);
    s->c.hi = nm_repeat(job, INPUTS, 0.4);
    static const uint32_t var[2] = {0, 1};
    static const double coef[2] = {1, -1};
    s->row = (nm_row){2, var, coef, 0};
    s->with = nm_program_with_rows(job, s->p, 1, (const nm_row *[]){&s->row});
    double least = INFINITY, x[INPUTS];
    for (size_t k = 0; k < POINTS; k++) {
        for (size_t i = 0; i < INPUTS; i++) x[i] = t_below(2) ? s->c.lo[i] : t_uniform(-0.4, 0.4);
        least = fmin(least, value(job, s, x));
    }
    const nm_bounds *b = bounds_of(job, s);
    const double lo = b->lo[s->with->blocks[s->with->n_blocks - 1].first];
    static const double part[] = {0.1, 0.3, 0.5, 0.8, 1.01};
    s->row.rhs = least - part[s->seed % 5] * 0.5 * (least - lo);
    if (s->seed % 5 == 0) s->row.rhs = least + 1e-3;
    s->clause = (nm_clause){.n_rows = 1, .rows = &s->row, .label = -1, .name = "c0"};
    s->c.n_clauses = 1;
    s->c.clauses = &s->clause;
    s->q = (nm_query){.n_in = INPUTS, .n_out = 2, .n_cases = 1, .cases = &s->c, .objective = NM_FEASIBLE};
}

/* ---- the same for any number of threads ---- */

static void same(const setup *s, const char *what, size_t k, const void *a, const void *b, size_t n)
{
    CHECK(memcmp(a, b, n) == 0, "%s differs with %zu threads; seed %llu", what, team[k], (unsigned long long)s->seed);
}

static void units(nm_job *job, const setup *s)
{
    nm_bounds *b[TEAMS];
    const size_t bytes = s->with->n_units * sizeof(double);
    for (size_t k = 0; k < TEAMS; k++) {
        nm_job_set_threads(job, team[k]);
        b[k] = bounds_of(job, s);
        nm_alpha_units(job, b[k], 5);
        for (int i = 1; i + 1 < (int)s->with->n_blocks; i++)
            if (s->with->blocks[i].kind == NM_AFFINE && s->with->blocks[i].is_pre)
                nm_unit_trees(job, b[k], i, 1e8, 100, NULL);
        same(s, "lo", k, b[0]->lo, b[k]->lo, bytes);
        same(s, "hi", k, b[0]->hi, b[k]->hi, bytes);
    }
    for (size_t u = 0; u < s->with->n_units; u++) n_alpha += b[0]->by[u] == NM_BY_ALPHA;
}

static void trees(nm_job *job, const setup *s)
{
    nm_branch b[TEAMS];
    nm_split p[TEAMS];
    nm_lane_tree t[TEAMS];
    uint32_t *const rows[1] = {(uint32_t *)s->unit};
    const bool open[1] = {true};
    double *slope = nm_repeat(job, s->with->n_units, 0.5);
    for (size_t k = 0; k < TEAMS; k++) {
        nm_job_set_threads(job, team[k]);
        const nm_bounds *from = bounds_of(job, s);
        b[k] = nm_branch_run(job, from, &s->c, 0, s->unit, 0, s->row.rhs,
                             (nm_branch_opts){.attack = k < 3, .max_nodes = 60, .deadline = INFINITY, .seed = 1});
        p[k] = nm_split_case(job, from, &s->c, rows, open,
                             &(nm_split_opts){.attack = true, .max_boxes = 60, .deadline = INFINITY});
        t[k] = nm_lane_tree_run(job, from, 0, s->row.rhs, slope, nm_pseudo_new(job, s->with->n_units, NULL),
                                (nm_lane_opts){.nodes = 500});
        CHECK(b[k].status == b[0].status && b[k].nodes == b[0].nodes, "%d after %zu nodes, not %d after %zu; seed %llu",
              b[k].status, b[k].nodes, b[0].status, b[0].nodes, (unsigned long long)s->seed);
        CHECK(p[k].status == p[0].status && p[k].boxes == p[0].boxes, "%d after %zu boxes, not %d after %zu; seed %llu",
              p[k].status, p[k].boxes, p[0].status, p[0].boxes, (unsigned long long)s->seed);
        CHECK(t[k].closed == t[0].closed && t[k].nodes == t[0].nodes && t[k].lo == t[0].lo && t[k].work == t[0].work,
              "lanes: %zu nodes, %.17g, not %zu nodes, %.17g; seed %llu", t[k].nodes, t[k].lo, t[0].nodes, t[0].lo,
              (unsigned long long)s->seed);
        if (b[0].status == NM_VIOLATED) same(s, "a branch's point", k, b[0].x, b[k].x, INPUTS * sizeof(double));
        if (p[0].status == NM_VIOLATED) same(s, "a box's point", k, p[0].x, p[k].x, INPUTS * sizeof(double));
    }
    n_nodes += b[0].nodes;
    n_boxes += p[0].boxes;
    n_lane_nodes += t[0].nodes;
    n_closed += b[0].status == NM_OK;
    n_found += b[0].status == NM_VIOLATED;
}

static void questions(nm_job *job, const setup *s)
{
    const nm_verdict *v[TEAMS];
    for (size_t k = 0; k < TEAMS; k++) {
        const nm_solve_opts o = {.bounds = {.all = NM_BY_ALPHA},
                                 .threads = team[k],
                                 .nodes = 100,
                                 .boxes = 100,
                                 .seed = 1,
                                 .stages = {.attack = s->seed % 2, .split = s->seed % 3 == 0, .units = true,
                                            .branch = true}};
        v[k] = nm_solve_query(job, s->net, &s->q, &o);
        CHECK(v[k]->status == v[0]->status && v[k]->by == v[0]->by, "%d, not %d; seed %llu", v[k]->status, v[0]->status,
              (unsigned long long)s->seed);
        CHECK(v[k]->targets->margin_lo == v[0]->targets->margin_lo, "margins differ; seed %llu",
              (unsigned long long)s->seed);
        CHECK(nm_job_threads(job) == team[TEAMS - 1], "the job's threads are as they were");
    }
    n_asked[v[0]->status == NM_OK ? 0 : v[0]->status == NM_VIOLATED ? 1 : 2]++;
}

/* ---- several targets, two of which are branched on at a time ---- */

enum { TARGETS = 5 };
static const double form[TARGETS][2] = {{1, -1}, {-1, 1}, {1, 0.4}, {-0.3, -1}, {-1, 0.2}};

/* Moves the cutoff of a row to its least value, so that only a few points are counterexamples; true: this is proven,
 * which depends on how fast the machine is. */
static bool hide_one(nm_job *job, const setup *s, nm_row *row, nm_clause *clause)
{
    const size_t t = t_below(TARGETS);
    nm_case c = s->c;
    nm_query q = s->q;
    c.clauses = &clause[t];
    q.cases = &c;
    q.objective = NM_WORST;
    const nm_solve_opts o = {.bounds = {.all = NM_BY_ALPHA}, .time_limit = HIDE_SECONDS, .seed = 1, .threads = 1,
                             .stages = {.branch = true, .attack = true, .solve = true}};
    const nm_verdict *v = nm_solve_query(job, s->net, &q, &o);
    row[t].rhs += v->targets->objective + 1e-7;
    return v->status == NM_OK;
}

/* Sets rows whose cutoffs are at, above or below their least value at points of the box. */
static bool make_rows(nm_job *job, const setup *s, nm_row *row, nm_clause *clause)
{
    static const uint32_t var[2] = {0, 1};
    const nm_row *at[TARGETS];
    double least[TARGETS], x[INPUTS];
    for (size_t t = 0; t < TARGETS; t++) {
        row[t] = (nm_row){2, var, form[t], 0};
        clause[t] = (nm_clause){.n_rows = 1, .rows = &row[t], .label = -1, .name = nm_fmt(job, "c%zu", t)};
        at[t] = &row[t];
        least[t] = INFINITY;
    }
    const nm_program *with = nm_program_with_rows(job, s->p, TARGETS, at);
    for (size_t k = 0; k < POINTS; k++) {
        for (size_t i = 0; i < INPUTS; i++) x[i] = t_below(2) ? s->c.lo[i] : t_uniform(-0.4, 0.4);
        const double *y = nm_trace(job, with, x) + with->blocks[with->n_blocks - 1].first;
        for (size_t t = 0; t < TARGETS; t++) least[t] = fmin(least[t], y[t]);
    }
    nm_bounds *b = nm_bounds_new(job, with, s->c.lo, s->c.hi);
    nm_crown(job, b, (nm_crown_opts){.query_block = (int)with->n_blocks - 1});
    for (size_t t = 0; t < TARGETS; t++) {
        const double lo = b->lo[with->blocks[with->n_blocks - 1].first + t];
        row[t].rhs = least[t] - t_uniform(0.1, 0.6) * (least[t] - lo);
    }
    return s->seed % 3 == 0 && hide_one(job, s, row, clause);
}

/* Returns more generators than inputs, whose inputs are within the box. */
static const nm_gens *generators(nm_job *job)
{
    enum { GENS = INPUTS + 4 };
    size_t *ptr = NM_ARRAY(job, size_t, INPUTS + 1);
    uint32_t *idx = NM_ARRAY(job, uint32_t, 2 * INPUTS);
    double *w = NM_ARRAY(job, double, 2 * INPUTS);
    for (uint32_t i = 0; i < INPUTS; i++) {
        ptr[i + 1] = 2 * (i + 1);
        idx[2 * i] = i;
        idx[2 * i + 1] = INPUTS + i % 4;
        w[2 * i] = 0.75;
        w[2 * i + 1] = 0.2;
    }
    nm_gens *g = NM_NEW(job, nm_gens);
    *g = (nm_gens){.n = GENS, .n_in = INPUTS, .lo = nm_repeat(job, GENS, -0.4), .hi = nm_repeat(job, GENS, 0.4),
                   .x0 = nm_repeat(job, INPUTS, 0), .ptr = ptr, .idx = idx, .w = w, .at = nm_repeat(job, GENS, 0)};
    return g;
}

static void targets(nm_job *job, const setup *of)
{
    nm_row row[TARGETS];
    nm_clause clause[TARGETS];
    setup over = *of;
    const setup *s = &over;
    if (s->seed % 2 == 0) over.c.gens = generators(job);
    const bool hidden = make_rows(job, s, row, clause);
    nm_case c = s->c;
    nm_query q = s->q;
    c.n_clauses = TARGETS;
    c.clauses = clause;
    q.cases = &c;
    const nm_verdict *v[TEAMS];
    for (size_t k = 0; k < TEAMS; k++) {
        const nm_solve_opts o = {.bounds = {.all = NM_BY_ALPHA},
                                 .threads = team[k],
                                 .nodes = s->seed % 3 == 0 ? 400 : 30,
                                 .seed = 1,
                                 .stages = {.branch = true, .attack = s->seed % 4 < 2}};
        v[k] = nm_solve_query(job, s->net, &q, &o);
        CHECK(v[k]->status == v[0]->status && !v[k]->witness == !v[0]->witness, "%d, not %d; seed %llu", v[k]->status,
              v[0]->status, (unsigned long long)s->seed);
        CHECK(!hidden || v[k]->status != NM_OK, "the counterexample is missed; seed %llu",
              (unsigned long long)s->seed);
        n_hidden += hidden;
        n_shown += hidden && v[k]->status == NM_VIOLATED;
        n_target[3] += v[k]->status == NM_VIOLATED && c.gens;
        if (v[0]->witness) same(s, "a witness", k, v[0]->witness->x, v[k]->witness->x, INPUTS * sizeof(double));
        for (size_t t = 0; t < TARGETS; t++)
            CHECK(v[k]->targets[t].status == v[0]->targets[t].status && v[k]->targets[t].by == v[0]->targets[t].by,
                  "target %zu: %d, not %d; seed %llu", t, v[k]->targets[t].status, v[0]->targets[t].status,
                  (unsigned long long)s->seed);
    }
    for (size_t t = 0; t < TARGETS; t++)
        n_target[v[0]->targets[t].status == NM_OK ? 0 : v[0]->targets[t].status == NM_VIOLATED ? 1 : 2]++;
}

static void sharing(nm_job *job, void *arg)
{
    setup *s = arg;
    nm_job_share_all(job); /* however small the networks are */
    make(job, s);
    units(job, s);
    trees(job, s);
    questions(job, s);
    if (s->seed % 3 == 0 || s->seed % 5 == 1) targets(job, s);
}

int main(int argc, char **argv)
{
    const size_t nets = argc > 1 ? (size_t)atoi(argv[1]) : NETS;
    team_promises();
    for (uint64_t seed = 1; seed <= nets; seed++) t_job(NM_OK, sharing, &(setup){.seed = seed});
    printf("%zu units by alpha, %zu nodes, %zu boxes, %zu nodes in lanes; trees: %zu closed, %zu found; questions: %zu "
           "hold, %zu violated, %zu open; targets: %zu hold, %zu violated, %zu open; %zu of %zu found\n",
           n_alpha, n_nodes, n_boxes, n_lane_nodes, n_closed, n_found, n_asked[0], n_asked[1], n_asked[2], n_target[0],
           n_target[1], n_target[2], n_shown, n_hidden);
    CHECK(n_alpha > nets && n_nodes > 3 * nets && n_boxes > 5 * nets && n_lane_nodes > 20 * nets &&
              n_closed > nets / 20 && n_found > nets / 20 && n_asked[0] > nets / 20 && n_asked[1] > nets / 20 &&
              n_target[0] > nets && n_target[1] > nets / 20 && n_target[3] > 2 &&
              10 * n_shown >= 7 * n_hidden,
          "the test is blunt");
    return t_done("prop_threads");
}
