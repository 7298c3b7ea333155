/* prop_soundness.c: no false `holds`, no false `violated`, no bound that an exact value undercuts.
 *
 *   prop_soundness [-n CASES] [-s SEED] [-k KIND] [-w WAY] [-o FOLDER] [-v]     or SOUNDNESS=CASES in the environment
 *
 * Random and built networks (sound_kinds.h) are asked by nm_solve_query with all kinds of stages, encodings and
 * objectives. Right sides are planted: the least value found, exactly, and steps of an ulp, 2^-60, 1e-9 .. 0.3 of it to
 * both sides. The truth is rational arithmetic on the question's own numbers (sound.h): with one input, or no kinks, it
 * is complete; else a search that can refute `holds` and bounds but proves nothing. Judged exactly:
 *   (a) a witness lies in the set and satisfies the clause (closest: within NM_TIE_TOL, where a tie is said);
 *   (b) `holds` is refuted by any counterexample that is found;
 *   (c) proven bounds of worst, range and closest exceed no value that is found.
 * `unknown` is honest, but must be rare (RARE) where the exact margin is known, more than CLEAR of the output's size,
 * and more than float64 may lose in an evaluation. A failure prints its seed and the question as JSON; -o FOLDER writes
 * it as files for the command line; -v prints every verdict, and why a clear one is open. */
#include "sound_kinds.h"

#include <sys/stat.h>

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 600, LINES = 24, POINTS = 24 };
#else
enum { CASES = 4000, LINES = 24, POINTS = 24 };
#endif
static const double CLEAR = 1e-6, RARE = 0.05, SECONDS = 1;

typedef struct how {
    const char *name, *encoding;
    nm_by level;
    bool attack, branch, split, no_solver, no_fold, two_sided;
    size_t depth; /* of cubes, for decisions */
} how;
static const how hows[] = {
    {"all stages", NULL, NM_BY_ALPHA, true, true, true, false, false, false, 0},
    {"no attack", NULL, NM_BY_ALPHA, false, true, true, false, false, false, 0},
    {"no branch", NULL, NM_BY_ALPHA, true, false, true, false, false, false, 0},
    {"no split", NULL, NM_BY_ALPHA, true, true, false, false, false, false, 0},
    {"no attack, no split", NULL, NM_BY_ALPHA, false, true, false, false, false, false, 0},
    {"solver after alpha", NULL, NM_BY_ALPHA, false, false, false, false, false, false, 0},
    {"interval, bigm", "bigm", NM_BY_INTERVAL, false, false, false, false, false, false, 0},
    {"interval, bigm, unfolded", "bigm", NM_BY_INTERVAL, false, false, false, false, true, true, 0},
    {"interval, hull", "hull", NM_BY_INTERVAL, false, false, false, false, false, false, 0},
    {"interval, partition", "partition:2", NM_BY_INTERVAL, false, false, false, false, false, true,
     0},
    {"interval, aggregate", "aggregate:3", NM_BY_INTERVAL, false, false, false, false, false, false,
     0},
    {"interval, relax", "relax", NM_BY_INTERVAL, false, false, false, false, false, false, 0},
    {"interval, attack", NULL, NM_BY_INTERVAL, true, false, true, false, false, false, 0},
    {"crown, hull", "hull", NM_BY_CROWN, false, false, false, false, false, false, 0},
    {"lp bounds", NULL, NM_BY_LP, false, false, false, false, false, false, 0},
    {"mip bounds", NULL, NM_BY_MIP, false, true, false, false, false, false, 0},
    {"cubes", NULL, NM_BY_ALPHA, false, false, false, false, false, false, 2},
    {"no solver", NULL, NM_BY_ALPHA, true, true, false, true, false, false, 0},
    {"no solver, no attack", NULL, NM_BY_ALPHA, false, true, false, true, false, false, 0},
    {"bounds alone", NULL, NM_BY_CROWN, false, false, false, true, false, false, 0},
    {"lp bounds alone", NULL, NM_BY_LP, false, false, false, true, false, false, 0}};
enum { HOWS = sizeof hows / sizeof *hows };

static const char *only; /* ask in this way */

typedef struct run {
    uint64_t seed;
    size_t kind;
    s_ask *q;
    const how *h;
    s_best *best;
    bool complete, tell;
    const char *net, *query; /* texts */
    char why[160];           /* a failure */
} run;

/* ---- truth ---- */

static void vertex(const s_ask *q, s_best *b, size_t clause)
{
    double x[S_IN];
    memcpy(x, q->lo, sizeof x);
    s_eval_at(q, x, b->walk);
    for (size_t i = 0; i < q->n_in; i++) {
        mpq_t was;
        mpq_init(was);
        mpq_set(was, b->walk->clause[clause]);
        x[i] = q->hi[i];
        s_eval_at(q, x, b->walk);
        if (mpq_cmp(b->walk->clause[clause], was) > 0) {
            x[i] = q->lo[i];
            s_eval_at(q, x, b->walk);
        }
        mpq_clear(was);
    }
    s_take(q, b, b->walk);
}

static void random_point(const s_ask *q, double *x)
{
    const size_t ends = t_below(3);
    for (size_t i = 0; i < q->n_in; i++) {
        const double r = t_uniform(q->lo[i], q->hi[i]);
        x[i] = ends ? (t_below(2) ? q->lo[i] : q->hi[i]) : fmin(fmax(r, q->lo[i]), q->hi[i]);
    }
}

/* lines through the best point along an input, and between random points */
static void lines(const s_ask *q, s_best *b, int n)
{
    double from[S_IN], to[S_IN];
    for (int k = 0; k < n; k++) {
        const size_t i = t_below(q->n_in);
        if (b->any && t_below(4)) {
            for (size_t j = 0; j < q->n_in; j++)
                from[j] = to[j] = fmin(fmax(b->at[j], q->lo[j]), q->hi[j]);
            from[i] = q->lo[i], to[i] = q->hi[i];
        } else {
            random_point(q, from);
            random_point(q, to);
        }
        s_line(q, b, from, to, 60);
    }
}

/* true: what it finds is the truth */
static bool search(const s_ask *q, s_best *b, int effort)
{
    double x[S_IN];
    b->any = b->counter = false;
    s_try(q, b, q->lo);
    s_try(q, b, q->hi);
    s_try(q, b, q->image);
    if (q->has_plant) s_try(q, b, q->plant);
    if (q->n_in == 1) return s_line(q, b, q->lo, q->hi, 4000) && !q->has_ball;
    bool single = q->affine && q->n_in_rows == 0 && !q->has_ball;
    for (size_t c = 0; c < q->n_clauses; c++) {
        single &= q->n_rows[c] == 1;
        vertex(q, b, c);
    }
    if (single && q->objective != NM_CLOSEST) return true;
    for (int k = 0; k < effort; k++) {
        random_point(q, x);
        s_try(q, b, x);
    }
    lines(q, b, effort);
    return single;
}

static s_size size_of(const s_ask *q, s_best *b)
{
    s_eval_at(q, b->at, b->walk);
    return s_size_of(q, b->walk);
}

/* ---- questions ---- */

/* right sides near the least value that was found of each row */
static void plant(s_ask *q, s_best *b)
{
    static const double step[] = {0, 0x1p-60, 0x1p-52, 1e-12, 1e-9, 1e-7, 1e-4, 1e-2, 0.3};
    search(q, b, 6);
    s_eval_at(q, b->at, b->walk);
    for (size_t c = 0; c < q->n_clauses; c++)
        for (size_t r = 0; r < q->n_rows[c]; r++) {
            mpq_t *v = q->n_rows[c] == 1 ? &b->clause[c] : &b->walk->row[c][r];
            const double least = mpq_get_d(*v), by = step[t_below(9)] * (t_below(2) ? 1 : -1);
            q->row[c][r].rhs = t_below(12) == 0 ? 0 : least + by * (t_below(3) ? fabs(least) : 1);
            if (t_below(3) == 0) q->row[c][r].rhs = nm_up(q->row[c][r].rhs);
        }
}

static void objective(s_ask *q)
{
    static const nm_objective list[] = {NM_FEASIBLE, NM_FEASIBLE, NM_FEASIBLE,
                                        NM_WORST,    NM_RANGE,    NM_CLOSEST};
    q->objective = list[t_below(6)];
    q->norm = (nm_norm)t_below(4);
    bool single = true;
    for (size_t c = 0; c < q->n_clauses; c++) single &= q->n_rows[c] == 1;
    if (q->gens && q->objective == NM_CLOSEST) q->objective = NM_FEASIBLE;
    if (q->objective == NM_WORST && !single) q->objective = NM_FEASIBLE;
    if (q->objective == NM_RANGE && !single) q->objective = NM_FEASIBLE;
    if (q->objective != NM_RANGE) return;
    q->n_clauses = 2;
    q->n_rows[1] = 1;
    q->row[1][0] = q->row[0][0];
    for (size_t i = 0; i < q->n_out + q->n_in; i++) q->row[1][0].c[i] = -q->row[0][0].c[i];
    q->row[1][0].rhs = -q->row[0][0].rhs;
}

static void limits(s_ask *q)
{
    if (t_below(6) == 0) {
        static const double radius[] = {0.5, 0.1, 1, 1.5};
        q->has_ball = true;
        q->ball = (nm_norm)(1 + t_below(3));
        q->radius = q->ball == NM_L0 ? 1 : radius[t_below(4)] * (1 + (double)t_below(2));
    }
    if (q->n_in > 1 && t_below(8) == 0) { /* the image satisfies it */
        s_row *r = &q->in_row[q->n_in_rows++];
        *r = (s_row){.c = {0}};
        for (size_t i = 0; i < 2; i++) {
            r->c[q->n_out + i] = t_uniform(-1, 1);
            r->rhs += r->c[q->n_out + i] * q->image[i];
        }
        r->rhs += 0.01;
    }
}

static void make(nm_job *job, run *r)
{
    s_ask *q = r->q = NM_NEW(job, s_ask);
    s_gen g = {job, q, (s_numbers)t_below(4)};
    const struct s_kind *k = &s_kinds[r->kind];
    q->kind = k->name;
    k->make(&g);
    s_close_net(&g);
    r->h = &hows[t_below(3) ? t_below(HOWS) : 0];
    for (size_t i = 0; only && i < HOWS; i++)
        if (strcmp(hows[i].name, only) == 0) r->h = &hows[i];
    if (q->n_clauses == 0) {
        s_box(q, k->width);
        if (!q->gens) limits(q);
        s_rows(&g);
        plant(q, r->best);
        objective(q);
        if (q->objective != NM_RANGE && t_below(12) == 0) q->guard = t_below(2) ? 1e-9 : 1e-3;
    }
    r->net = s_net_text(job, q);
    r->query = s_query_text(job, q);
}

/* ---- what netmip says ---- */

static const char *said(const nm_verdict *v)
{
    return v->status == NM_OK ? "holds" : v->status == NM_VIOLATED ? "violated" : "unknown";
}

static void fail(run *r, const char *fmt, ...)
{
    va_list ap;
    if (r->why[0]) return;
    va_start(ap, fmt);
    vsnprintf(r->why, sizeof r->why, fmt, ap);
    va_end(ap);
}

/* the bound is more than an exact value (of L2: its square) */
static bool above(double bound, const mpq_t value, bool square)
{
    if (!(bound > -INFINITY)) return false;
    if (isinf(bound)) return true;
    mpq_set_d(s_a, bound);
    if (square && bound <= 0) return false;
    if (square) mpq_mul(s_a, s_a, s_a);
    return mpq_cmp(s_a, value) > 0;
}

static void check_witness(run *r, const nm_verdict *v)
{
    const s_ask *q = r->q;
    s_point *p = r->best->walk;
    if (v->status != NM_VIOLATED) return;
    if (!v->witness) {
        fail(r, "violated without a witness");
        return;
    }
    s_eval_at(q, q->gens ? v->witness->g : v->witness->x, p);
    const bool near = q->objective == NM_CLOSEST && mpq_sgn(p->margin) > 0 &&
                      mpq_get_d(p->margin) <= NM_TIE_TOL;
    if (!p->inside) fail(r, "the witness is not in the set");
    if (mpq_sgn(p->margin) > 0 && !near) fail(r, "false violated: margin %g", mpq_get_d(p->margin));
    s_take(q, r->best, p);
}

static void check_bounds(run *r, const nm_verdict *v)
{
    const s_ask *q = r->q;
    const s_best *b = r->best;
    if (!b->any) return;
    if (q->objective == NM_WORST && above(v->optimum.bound, b->margin, false))
        fail(r, "worst: proven %.17g, attained %.17g", v->optimum.bound, mpq_get_d(b->margin));
    if (q->objective == NM_CLOSEST && b->counter &&
        above(v->optimum.bound, b->distance, q->norm == NM_L2))
        fail(r, "closest: proven %.17g, attained %.17g%s", v->optimum.bound, mpq_get_d(b->distance),
             q->norm == NM_L2 ? " squared" : "");
    if (q->objective != NM_RANGE) return;
    if (above(v->range.least.bound, b->clause[0], false))
        fail(r, "range: least proven %.17g, attained %.17g", v->range.least.bound,
             mpq_get_d(b->clause[0]));
    if (above(-v->range.most.bound, b->clause[1], false))
        fail(r, "range: most proven %.17g, attained %.17g", v->range.most.bound,
             -mpq_get_d(b->clause[1]));
}

typedef struct count {
    size_t n, holds, violated, unknown, clear, unclear, refused, wrong;
} count;
static count counts[S_KINDS], by_how[HOWS];

static void tally(const run *r, const nm_verdict *v, bool clear, bool wrong)
{
    count *const list[] = {&counts[r->kind], &by_how[r->h - hows]};
    for (int k = 0; k < 2; k++) {
        count *c = list[k];
        c->n++;
        c->holds += v && v->status == NM_OK;
        c->violated += v && v->status == NM_VIOLATED;
        c->unknown += v && v->status == NM_UNKNOWN;
        c->clear += clear;
        c->unclear += clear && v && v->status == NM_UNKNOWN;
        c->refused += !v;
        c->wrong += wrong;
    }
}

static bool is_clear(nm_job *job, const run *r)
{
    const s_ask *q = r->q;
    const nm_encoding *e = r->h->encoding ? nm_encoding_find(job, r->h->encoding, &(size_t){0})
                                          : NULL;
    if ((e && e->is_relaxation) || r->h->no_solver)
        return false; /* it leaves some open, by design */
    if (q->truth) return fabs(q->margin) > CLEAR;
    if (q->objective == NM_RANGE || !r->best->any) return false;
    const double margin = mpq_get_d(r->best->margin);
    if (!r->complete && margin > 0) return false;
    const s_size size = size_of(q, r->best);
    return fabs(margin) > CLEAR * size.out && fabs(margin) > 1000 * size.err;
}

/* true: unknown, though the margin is clear */
static bool judge(nm_job *job, run *r, const nm_verdict *v)
{
    const s_ask *q = r->q;
    const uint64_t at = t_seed;
    r->complete = search(q, r->best, v->status == NM_OK ? LINES : POINTS / 4);
    t_seed = at;
    check_witness(r, v);
    const bool decides = q->objective != NM_RANGE;
    if (decides && v->status == NM_OK && r->best->any && r->best->counter)
        fail(r, "false holds: margin %g of about %g", mpq_get_d(r->best->margin),
             size_of(q, r->best).out);
    if (decides && v->status == NM_OK && q->truth == S_VIOLATED)
        fail(r, "false holds, by construction");
    if (decides && v->status == NM_VIOLATED && q->truth == S_HOLDS)
        fail(r, "false violated, by construction");
    check_bounds(r, v);
    const bool clear = is_clear(job, r);
    tally(r, v, clear, r->why[0]);
    return clear && v->status == NM_UNKNOWN;
}

static const nm_verdict *answer(nm_job *job, const run *r, const nm_net *net, const nm_query *q,
                                double seconds)
{
    const how *h = r->h;
    const nm_solve_opts o = {.bounds.all = h->level,
                             .threads = 1,
                             .depth = r->q->objective == NM_FEASIBLE ? h->depth : 0,
                             .form.encoding = h->encoding,
                             .files.dialect = nm_dialect_find(job, "generic"),
                             .form.two_sided = h->two_sided,
                             .stages.evaluate = true,
                             .form.fold = !h->no_fold,
                             .stages.attack = h->attack,
                             .stages.split = h->split,
                             .stages.units = true,
                             .stages.branch = h->branch,
                             .stages.solve = !h->no_solver,
                             .time_limit = seconds,
                             .seed = 1,
                             .files.version = "test",
                             .files.options = ""};
    return nm_solve_query(job, net, q, &o);
}

static void ask(nm_job *job, void *arg)
{
    run *r = arg;
    make(job, r);
    const how *h = r->h;
    const nm_file nf = {"net.json", (const unsigned char *)r->net, strlen(r->net)},
                  qf = {"query.json", (const unsigned char *)r->query, strlen(r->query)};
    const nm_net *net = nm_net_new(job, nm_read_netjson(job, nf), nf);
    const nm_query *q = nm_read_queryjson(job, net, qf);
    const double at = nm_wall();
    const nm_verdict *v = answer(job, r, net, q, SECONDS);
    if (v->status == NM_UNKNOWN && nm_wall() > at + SECONDS) {
        r->complete = search(r->q, r->best, POINTS / 4);
        if (is_clear(job, r)) v = answer(job, r, net, q, 5 * SECONDS); /* the machine may be busy */
    }
    const bool open = judge(job, r, v);
    static const char *const asked[] = {"feasible", "worst", "range", "closest"};
    if (r->tell)
        printf("seed %llu, %s, %s, %s: %s by %s%s%s%s%s\n", (unsigned long long)r->seed, r->q->kind,
               h->name, asked[r->q->objective], said(v), v->by ? nm_settled_name(v->by) : "nobody",
               r->why[0] ? ": WRONG " : "", r->why, open ? ": OPEN, " : "",
               open && v->why ? v->why : "");
}

static void put_file(const char *folder, const run *r, const char *what, const char *text)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s-%llu-%s.json", folder, s_kinds[r->kind].name,
             (unsigned long long)r->seed, what);
    FILE *f = fopen(path, "w");
    if (!f) return;
    fputs(text, f);
    fclose(f);
}

static void one(uint64_t seed, size_t kind, s_best *best, const char *folder, bool tell)
{
    nm_job *job = nm_job_new();
    run r = {.seed = seed, .kind = kind, .best = best, .tell = tell};
    t_seed = seed * UINT64_C(0x9e3779b97f4a7c15) + kind;
    const int code = nm_run(job, ask, &r);
    if (code != NM_OK && code != NM_EUNSUP)
        snprintf(r.why, sizeof r.why, "code %d: %.120s", code, nm_job_message(job));
    if (code != NM_OK && r.h) tally(&r, NULL, false, code != NM_EUNSUP);
    const bool ok = CHECK(!r.why[0], "%s, seed %llu, %s: %s", s_kinds[kind].name,
                          (unsigned long long)seed, r.h ? r.h->name : "", r.why);
    if (!ok && t_failed <= 3 && r.query) printf("%s%s", r.net, r.query);
    if ((!ok || tell) && folder && r.query)
        put_file(folder, &r, "net", r.net), put_file(folder, &r, "query", r.query);
    nm_job_free(job);
}

static void print(const char *name, const count *c)
{
    printf("%-26s %6zu asked: %6zu hold, %6zu violated, %5zu unknown (%zu of %zu clear ones), %zu "
           "refused, %zu wrong\n",
           name, c->n, c->holds, c->violated, c->unknown, c->unclear, c->clear, c->refused,
           c->wrong);
}

int main(int argc, char **argv)
{
    const char *n = getenv("SOUNDNESS"), *kind = NULL, *folder = NULL, *seed = "1";
    bool tell = false;
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "-n")) n = next;
        if (!strcmp(argv[i], "-s")) seed = next;
        if (!strcmp(argv[i], "-k")) kind = next;
        if (!strcmp(argv[i], "-w")) only = next;
        if (!strcmp(argv[i], "-o")) folder = next;
        tell |= !strcmp(argv[i], "-v");
    }
    const uint64_t total = n ? strtoull(n, NULL, 10) : CASES, first = strtoull(seed, NULL, 10);
    static s_best *best; /* reachable to the end: its numbers are not freed one by one */
    best = s_best_new();
    mpq_inits(s_a, s_b, NULL);
    for (uint64_t k = first; k < first + total; k++)
        if (!kind || !strcmp(s_kinds[k % S_KINDS].name, kind))
            one(k, k % S_KINDS, best, folder, tell);
    count all = {0};
    for (size_t k = 0; k < S_KINDS; k++) {
        if (counts[k].n) print(s_kinds[k].name, &counts[k]);
        all.clear += counts[k].clear, all.unclear += counts[k].unclear;
    }
    for (size_t k = 0; k < HOWS; k++) print(hows[k].name, &by_how[k]);
    const double share = all.clear ? (double)all.unclear / (double)all.clear : 0;
    printf("unknown where the margin is known and clear: %zu of %zu, %.2f %%\n", all.unclear,
           all.clear, 100 * share);
    CHECK(share < RARE, "%.2f %% unknown", 100 * share);
    return t_done("prop_soundness");
}
