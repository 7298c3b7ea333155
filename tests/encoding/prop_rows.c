/* prop_rows.c: every row of every model holds at every true point, to the last bit.
 *
 *   prop_rows [-n CASES] [-s SEED] [-v]     or ROWS=CASES in the environment
 *
 * A proof from a model's duals is as good as its rows. Random networks (sound_kinds.h) and input sets (boxes,
 * balls, rows, generators with sums) are bounded by interval, CROWN, alpha or LPs, or for counterexamples alone, and
 * encoded in all ways. Points of the set are traced in rationals (rowlift.h), and every row, every column's box and
 * every bound that duals prove is checked in rationals, with no tolerance. Rows of the question are for counterexamples
 * only. Points: ends of the box, random ones, exact zeros of kinks along one input. */
#include "rowlift.h"

enum { CASES = 2000, POINTS = 14 };

typedef struct way {
    const char *spec;
    bool one_sided, quadratic;
} way;
static const way ways[] = {
    {"bigm", false, false},        {"bigm", true, true},         {"hull", true, false},
    {"partition:2", false, false}, {"partition:3", true, false}, {"aggregate:2", false, false},
    {"aggregate:50", true, false}, {"relax", false, false},      {"relax", true, false},
    {"indicator", true, false},    {"sos1", false, true}};
enum { WAYS = sizeof ways / sizeof *ways };
enum { B_INTERVAL, B_CROWN, B_ALPHA, B_LP, B_MIP, B_TIGHT, B_BRANCH, N_LEVELS };
static const char *const levels[] = {"interval", "crown",       "alpha", "lp",
                                     "mip",      "conditioned", "branch"};

/* ---- rows ---- */

static void tell(setup *s, const char *what, const nm_encoded *m, const mpq_t value, double end)
{
    if (s->why[0]) return;
    mpq_t off;
    mpq_init(off);
    put_d(off, end);
    mpq_sub(off, value, off);
    snprintf(s->why, sizeof s->why, "%s: is %.17g, end %.17g, off by %.3g (%s, %zu rows)", what,
             mpq_get_d(value), end, mpq_get_d(off), m->enc->enc->name, m->model->n_rows);
    mpq_clear(off);
}

static bool within(setup *s, const mpq_t v, double lo, double hi, const char *name,
                   const nm_encoded *m)
{
    s->checked++;
    if (isfinite(lo)) {
        put_d(s->t, lo);
        if (mpq_cmp(v, s->t) < 0) return tell(s, name, m, v, lo), false;
    }
    if (isfinite(hi)) {
        put_d(s->t, hi);
        if (mpq_cmp(v, s->t) > 0) return tell(s, name, m, v, hi), false;
    }
    return true;
}

static void check(setup *s, const nm_encoded *m, bool counter)
{
    const nm_model *k = m->model;
    lift(s, m->enc);
    for (size_t j = 0; j < k->n_cols; j++)
        if (counter || (int64_t)j != m->enc->tcol)
            within(s, s->x[j], k->cols[j].lo, k->cols[j].hi, k->cols[j].name, m);
    for (size_t r = 0; r < k->n_rows; r++) {
        const nm_mrow *row = &k->rows[r];
        if (row->when >= 0 && (mpq_sgn(s->x[row->when]) > 0) != row->on) continue;
        if (!counter && strncmp(row->name, "rq_", 3) == 0 && m->enc->tcol < 0) continue;
        mpq_set_ui(s->sum, 0, 1);
        for (size_t n = row->start; n < nm_row_end(k, r); n++) {
            put_d(s->t, k->c[n]);
            mpq_mul(s->t, s->t, s->x[k->j[n]]);
            mpq_add(s->sum, s->sum, s->t);
        }
        for (size_t n = 0; n < k->n_quad; n++) {
            if (k->quad[n].row != (int64_t)r) continue;
            put_d(s->t, k->quad[n].c);
            mpq_mul(s->t, s->t, s->x[k->quad[n].i]);
            mpq_mul(s->t, s->t, s->x[k->quad[n].j]);
            mpq_add(s->sum, s->sum, s->t);
        }
        within(s, s->sum, row->lo, row->hi, row->name, m);
    }
}

/* ---- duals ---- */

/* Clp's duals of the model's objective or of random ones, then spoilt in all ways: each proves a bound all the same */
static void make_duals(nm_job *job, setup *s, const nm_encoded *e)
{
    const nm_model *m = e->model;
    double *y = NM_RAW(job, double, m->n_rows + 1), *lo = NM_RAW(job, double, 2 * m->n_cols + 1),
           *hi = lo + m->n_cols;
    s->n_duals = 0;
    if (nm_model_needs(m)) return; /* no linear program */
    for (size_t j = 0; j < m->n_cols; j++) lo[j] = m->cols[j].lo, hi[j] = m->cols[j].hi;
    nm_clp *l = nm_clp_new(job, m);
    for (size_t k = 0; k < DUALS; k++) {
        double *c = s->cost[k] = NM_ARRAY(job, double, m->n_cols + 1);
        for (size_t j = 0; j < m->n_cols && k != 1; j++)
            c[j] = k % 3 ? t_uniform(-1, 1) : m->cols[j].obj;
        nm_clp_solve(l, c, 2000, NULL, y);
        if (k == 1 && nm_clp_is_empty(l, lo, hi)) { /* no row can be left out: there are points */
            s->bound[s->n_duals++] = INFINITY;
            continue;
        }
        for (size_t r = 0; k > 2 && r < m->n_rows; r++)
            y[r] = k == 3   ? y[r] * (1 + 0x1p-30 * t_uniform(-1, 1))
                   : k == 4 ? -y[r]
                            : t_uniform(-1, 1) * s_power(20);
        s->bound[s->n_duals++] = nm_dual_bound(job, m, lo, hi, c, y);
    }
    nm_close(job, l);
}

/* a point of the model, whose columns are lifted, does not cost less than duals prove */
static void check_duals(setup *s, const nm_encoded *m)
{
    for (size_t k = 0; k < s->n_duals; k++) {
        mpq_set_ui(s->sum, 0, 1);
        for (size_t j = 0; j < m->model->n_cols; j++) {
            put_d(s->t, s->cost[k][j]);
            mpq_mul(s->t, s->t, s->x[j]);
            mpq_add(s->sum, s->sum, s->t);
        }
        s->duals++;
        if (s->bound[k] == INFINITY)
            tell(s, "a ray that excludes a point", m, s->sum, 0);
        else
            within(s, s->sum, s->bound[k], INFINITY, "a dual bound", m);
    }
}

/* ---- cases ---- */

/* some case's question as JSON text, with generators at times: x = x0 + G g, the g of a sum or not */
static const char *with_gens(nm_job *job, const s_ask *q, const char *text)
{
    const size_t n = 2 + t_below(3);
    const bool sum = t_below(2);
    nm_buf b = {.job = job};
    nm_put(&b, "\"gens\":{\"n\":0,\"lo\":[");
    b.n = 0;
    nm_put(&b, "\"gens\":{\"lo\":[");
    for (size_t i = 0; i < n; i++) nm_put(&b, i ? ",%d" : "%d", sum ? 0 : -1);
    nm_put(&b, "],\"hi\":[");
    for (size_t i = 0; i < n; i++) nm_put(&b, i ? ",1" : "1");
    nm_put(&b, "],\"at\":[");
    for (size_t i = 0; i < n; i++) nm_put(&b, i ? ",%d" : "%d", sum && i == 0);
    nm_put(&b, "],\"is_image\":false,\"x0\":");
    s_list(&b, q->n_in, q->image);
    nm_put(&b, ",\"ptr\":[0");
    for (size_t i = 1; i <= q->n_in; i++) nm_put(&b, ",%zu", i * n);
    nm_put(&b, "],\"idx\":[");
    for (size_t i = 0; i < q->n_in * n; i++) nm_put(&b, i ? ",%zu" : "%zu", i % n);
    nm_put(&b, "],\"w\":[");
    for (size_t i = 0; i < q->n_in * n; i++) {
        if (i) nm_put(&b, ",");
        nm_put_num(&b, t_uniform(-0.2, 0.2));
    }
    nm_put(&b,
           sum ? "],\"sums\":[[0,%zu,1]],\"rows\":[],\"kernel\":[0,0,0,0]},"
               : "],\"sums\":[],\"rows\":[],\"kernel\":[0,0,0,0]},",
           n);
    const char *at = strstr(text, "\"in_rows\"");
    return nm_fmt(job, "%.*s%s%s", (int)(at - text), text, b.s, at);
}

/* bounds of a branch: some unstable units keep the signs that they have at a point */
static bool branch(nm_job *job, setup *s, const nm_bounds *b)
{
    nm_bounds *c = nm_bounds_copy(job, b);
    if (!draw(s, t_below(POINTS))) return false;
    x_trace(s->p, s->e);
    for (size_t k = 0; k < s->p->n_blocks; k++) {
        const nm_block *r = &s->p->blocks[k];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n && s->n_signs < SIGNS; i++) {
            const size_t pre = s->p->blocks[r->src].first + i;
            const int sign = mpq_sgn(s->e->v[pre]);
            if (nm_bounds_phase(b, pre) != NM_UNSTABLE || t_below(3) == 0) continue;
            const bool on = sign > 0 || (sign == 0 && t_below(2));
            s->sign[s->n_signs] = on ? 1 : -1;
            s->signed_unit[s->n_signs++] = pre;
            nm_bounds_meet(c, pre, on ? 0 : -INFINITY, on ? INFINITY : 0, NM_BY_ALPHA);
        }
    }
    if (c->empty) return false;
    nm_interval(job, c, 1, (int)s->p->n_blocks);
    s->base = b;
    s->b = c;
    return !c->empty;
}

static bool in_branch(const setup *s)
{
    bool in = true;
    for (size_t k = 0; k < s->n_signs; k++)
        in &= mpq_sgn(s->e->v[s->signed_unit[k]]) * s->sign[k] >= 0;
    return in;
}

/* bounds of the level; false: they exclude all counterexamples */
static bool bound(nm_job *job, setup *s, size_t level)
{
    nm_bounds *b = nm_work_bounds(job, &s->work, s->p);
    const int last = (int)s->p->n_blocks;
    s->base = NULL;
    s->n_signs = 0;
    if (level == B_INTERVAL)
        nm_interval(job, b, 1, last);
    else
        nm_crown(job, b, (nm_crown_opts){.query_block = last - 1});
    s->b = b;
    if (b->empty) return false;
    if (level == B_ALPHA) nm_alpha_units(job, b, 10);
    const double rhs = s->c->clauses[0].rows[0].rhs;
    const double enough[S_ROWS] = {INFINITY, INFINITY};
    if (level == B_LP || level == B_MIP)
        nm_lp_tighten(job, b, (nm_lp_opts){&(nm_levels){.all = level == B_LP ? NM_BY_LP : NM_BY_MIP}, 1, enough, 20});
    if (level == B_BRANCH) return branch(job, s, b);
    if (level != B_TIGHT) return !b->empty;
    const nm_alpha *a = nm_alpha_run(job, b, 1, s->row, &rhs, 10, NULL, NULL);
    if (a->lo[0] > rhs) return false;
    const nm_tight t = nm_tighten(job, b, s->row[0], rhs, a, 0, (nm_tighten_opts){3, 8});
    s->base = b;
    s->b = t.b;
    return !t.closed;
}

/* all units lie in their bounds */
static void check_bounds(setup *s, const char *level)
{
    for (size_t u = 0; u < s->p->n_units; u++) {
        const size_t b = (size_t)nm_program_block(s->p, u);
        if (u >= s->p->blocks[b].first + s->p->blocks[b].n || s->why[0]) continue;
        if (x_cmp(s->e, u, s->b->lo[u]) < 0 || x_cmp(s->e, u, s->b->hi[u]) > 0)
            snprintf(s->why, sizeof s->why,
                     "bounds by %s: unit %zu of block %zu is %.17g, not in [%.17g, %.17g]", level,
                     u - s->p->blocks[b].first, b, mpq_get_d(s->e->v[u]), s->b->lo[u], s->b->hi[u]);
    }
}

static void points(setup *s, const nm_encoded *m, size_t level)
{
    for (size_t k = 0; k < POINTS && !s->why[0]; k++) {
        if (!draw(s, k)) continue;
        if (k >= 8 && !s->work.c->gens) to_kink(s, k + s->seed);
        x_trace(s->p, s->e);
        if (!inside(s)) continue;
        bool counter = true;
        const nm_clause *c = &s->c->clauses[0];
        for (size_t r = 0; r < c->n_rows; r++)
            counter &= x_cmp(s->e, s->p->blocks[s->p->n_blocks - 1].first + s->row[r],
                             c->rows[r].rhs) <= 0;
        if ((level == B_TIGHT && !counter) || !in_branch(s)) continue;
        check_bounds(s, levels[level]);
        check(s, m, counter);
        const bool decides = s->q->objective != NM_WORST || c->n_rows > 1;
        if (counter || !decides) check_duals(s, m);
    }
}

/* a right side that makes the image a counterexample by less than an ulp, or by more, or none */
static void tie_or_near(double *rhs, mpq_t value)
{
    *rhs = mpq_get_d(value);
    mpq_set_d(s_a, *rhs);
    if (mpq_cmp(s_a, value) < 0) *rhs = nm_up(*rhs);
    if (t_below(2)) *rhs += t_uniform(-0.1, 0.4);
}

static void body(nm_job *job, void *arg)
{
    setup *s = arg;
    s_ask *q = s->ask = NM_NEW(job, s_ask);
    s_gen g = {job, q, (s_numbers)t_below(4)};
    s_kinds[s->kind].make(&g);
    s_close_net(&g);
    static s_best *best;
    if (!best) best = s_best_new();
    if (q->n_clauses == 0) s_box(q, s_kinds[s->kind].width), s_rows(&g);
    s_try(q, best, q->image);
    for (size_t r = 0; q->truth == S_UNKNOWN && r < q->n_rows[0]; r++)
        tie_or_near(&q->row[0][r].rhs, best->walk->row[0][r]);
    q->n_clauses = 1;
    q->objective = q->n_rows[0] == 1 && t_below(4) == 0 ? NM_WORST
                   : t_below(2)                         ? NM_CLOSEST
                                                        : NM_FEASIBLE;
    q->norm = (nm_norm)t_below(4);
    q->has_ball = t_below(3) == 0;
    q->ball = (nm_norm)(1 + t_below(3));
    q->radius = q->ball == NM_L0 ? 1 : t_uniform(0.05, 1);
    for (size_t i = 0; i < q->n_in && t_below(2); i++) /* the image at an end, at times */
        if (t_below(2)) q->image[i] = t_below(2) ? q->lo[i] : q->hi[i];
    const bool gens = !q->gens && t_below(5) == 0;
    if (q->gens) q->has_ball = false;
    if (q->gens && q->objective == NM_CLOSEST) q->objective = NM_FEASIBLE;
    if (gens && q->ball == NM_L0) q->has_ball = false;
    if (gens && q->norm == NM_L0) q->norm = NM_L1;
    const char *net_text = s_net_text(job, q), *text = s_query_text(job, q);
    if (gens) text = with_gens(job, q, text);
    const nm_file nf = {"net.json", (const unsigned char *)net_text, strlen(net_text)},
                  qf = {"query.json", (const unsigned char *)text, strlen(text)};
    const nm_net *net = nm_net_new(job, nm_read_netjson(job, nf), nf);
    s->q = nm_read_queryjson(job, net, qf);
    s->c = &s->q->cases[0];
    if (s->c->empty) return;
    s->work = nm_work_of(job, nm_lower(job, net), s->c);
    const nm_clause *c = &s->c->clauses[0];
    const nm_row *rows[S_ROWS];
    uint32_t row[S_ROWS] = {0, 1};
    for (size_t r = 0; r < c->n_rows; r++) rows[r] = &c->rows[r];
    s->row = row;
    s->p = nm_program_with_rows(job, s->work.p, c->n_rows, rows);
    s->e = x_new(s->p->n_units);
    const size_t level = t_below(N_LEVELS), w = t_below(WAYS);
    if (bound(job, s, level)) {
        nm_encode_opts o = {.fold = t_below(3) > 0,
                            .one_sided = ways[w].one_sided,
                            .quadratic = ways[w].quadratic,
                            .base = s->base,
                            .over = s->work.c};
        o.enc = nm_encoding_find(job, ways[w].spec, &o.arg);
        const nm_encoded m = nm_encode(job, s->b, s->q, 0, 0, row, o);
        for (size_t k = 0; k < 3; k++) { /* L2: tangents at some points */
            double x[S_IN];
            for (size_t i = 0; i < q->n_in; i++) x[i] = t_uniform(q->lo[i], q->hi[i]);
            nm_distance_tangent(m.enc, k ? x : q->hi);
        }
        make_duals(job, s, &m);
        points(s, &m, level);
    }
    x_free(s->e);
    if (s->why[0] && t_failed < 3)
        printf("%s%s%s, %s, fold %d\n", net_text, text, ways[w].spec, levels[level], 1);
}

int main(int argc, char **argv)
{
    const char *n = getenv("ROWS"), *seed = "1";
    for (int i = 1; i + 1 < argc; i++) {
        if (!strcmp(argv[i], "-n")) n = argv[i + 1];
        if (!strcmp(argv[i], "-s")) seed = argv[i + 1];
    }
    const uint64_t total = n ? strtoull(n, NULL, 10) : CASES, first = strtoull(seed, NULL, 10);
    size_t checked = 0;
    mpq_inits(s_a, s_b, NULL);
    static setup s; /* reachable to the end: its numbers are not freed one by one */
    mpq_inits(s.sum, s.t, NULL);
    for (uint64_t k = first; k < first + total; k++) {
        s.seed = k;
        s.kind = k % S_KINDS;
        s.why[0] = 0;
        t_seed = k * UINT64_C(0x9e3779b97f4a7c15);
        nm_job *job = nm_job_new();
        const int code = nm_run(job, body, &s);
        if (code != NM_OK && code != NM_EUNSUP)
            snprintf(s.why, sizeof s.why, "code %d: %.160s", code, nm_job_message(job));
        CHECK(!s.why[0], "%s, seed %llu: %s", s_kinds[s.kind].name, (unsigned long long)k, s.why);
        nm_job_free(job);
    }
    checked = s.checked;
    printf("%zu rows, boxes of columns and bounds checked, %zu of duals\n", checked, s.duals);
    CHECK(total < 100 || (checked > 50 * total && s.duals > 5 * total),
          "%zu, %zu: the test is blunt", checked, s.duals);
    return t_done("prop_rows");
}
