/* fuzz_verdicts.c: cut and damaged solution files down to the verdict, against questions whose truth is known.
 *
 *   fuzz_verdicts [-n EDITS]      or FUZZ=EDITS in the environment: 1000000 is the long run
 *
 * The network is y = -relu(x0 - x1 - 1/2) / 2 over the unit square, with the least value -1/4 at (1, 0): the model of
 * solution_seeds.h. Four questions: y <= -1/5 (violated) and y <= -3/10 (holds), each decided and as a worst margin. A
 * file may lead to the true verdict, to `unknown`, or to a refusal, and else only to this:
 *
 *   (1) `holds` of a false decision, from a text that spells "infeasible" for its solver. A whole file that claims this
 *       about this model is what a solver that errs would write; nothing in it can tell. Counted.
 *   (2) `holds` of a false worst margin, from "optimal" with an objective that is the value of its point, to 1e-4, both
 *       recomputed here. As (1). Counted.
 *
 * `violated` of a true one never happens: the judge replays. Cuts alone do neither, ever. */
#define _GNU_SOURCE
#include "solution_edits.h"

#include <sys/mman.h>
#include <unistd.h>

static const char net_text[] =
    "{\"netmip\": \"network\", \"version\": 1, \"input\": {\"name\": \"x\", \"shape\": [2]}, "
    "\"layers\": ["
    "{\"op\": \"dense\", \"weight\": [[1, -1]], \"bias\": [-0.5]}, {\"op\": \"relu\"}, "
    "{\"op\": \"dense\", \"weight\": [[-0.5]], \"bias\": [0]}]}";

typedef struct {
    double rhs;
    bool worst, holds;
    const char *map_path;
} ask;
static ask asks[] = {{-0.2, false, false, NULL},
                     {-0.3, false, true, NULL},
                     {-0.2, true, false, NULL},
                     {-0.3, true, true, NULL}};
enum { ASKS = sizeof asks / sizeof *asks };

static const char *folder;
static nm_job *maps, *work;

/* the map that compile would write for the samples' model */
static void make_map(nm_job *job, void *arg)
{
    ask *a = arg;
    const char *net_path = nm_fmt(job, "%s/net.json", folder);
    nm_file_write(job, net_path, net_text, sizeof net_text - 1);
    const nm_net *net = nm_net_read(job, net_path);
    nm_row *row = NM_NEW(job, nm_row);
    uint32_t *var = NM_NEW(job, uint32_t);
    double *coef = NM_NEW(job, double), *box = NM_ARRAY(job, double, 4);
    *var = 0, *coef = 1, box[2] = box[3] = 1;
    *row = (nm_row){1, var, coef, a->rhs};
    nm_clause *clause = NM_NEW(job, nm_clause);
    *clause = (nm_clause){.n_rows = 1, .rows = row, .label = -1, .name = "c0_0"};
    nm_case *c = NM_NEW(job, nm_case);
    *c = (nm_case){.lo = box, .hi = box + 2, .n_clauses = 1, .clauses = clause};
    nm_query *q = NM_NEW(job, nm_query);
    *q = (nm_query){.n_in = 2,
                    .n_out = 1,
                    .n_cases = 1,
                    .cases = c,
                    .label = -1,
                    .objective = a->worst ? NM_WORST : NM_FEASIBLE};
    nm_buf text = {.job = job};
    nm_query_write(&text, q);
    char hash[65];
    nm_sha256((const unsigned char *)text.s, text.n, hash);
    static const char *cols[] = {"x0", "x1", "v2_0", "z2_0", MARK};
    const int64_t col[2] = {0, 1};
    const nm_map m = {.from.net_path = net_path,
                      .from.net_hash = net->hash,
                      .from.query_hash = hash,
                      .from.version = "test",
                      .from.options = "",
                      .asks.name = "c0_0",
                      .asks.target_label = -1,
                      .asks.label = -1,
                      .n_in = 2,
                      .n_out = 1,
                      .lo = box,
                      .hi = box + 2,
                      .col = col,
                      .file.n_cols = 5,
                      .file.cols = cols,
                      .file.tag = MARK,
                      .file.n_rows = 3,
                      .file.n_nz = 7,
                      .file.n_bin = 1,
                      .file.constant = -a->rhs,
                      .asks.objective = a->worst ? "worst" : "feasible",
                      .form.encoding = "bigm",
                      .form.fold = true,
                      .question = q};
    a->map_path = nm_fmt(job, "%s/m%zu.map.json", folder, (size_t)(a - asks));
    nm_map_write(job, &m, a->map_path);
}

typedef struct {
    const ask *a;
    int code, status; /* of the job, and the verdict when that is NM_OK */
    nm_solstatus said;
    double objective, x[2], margin;
    char solver[32];
} outcome;
static char sol_path[64];

static void body(nm_job *job, void *arg)
{
    outcome *o = arg;
    const nm_map *m = nm_map_read(job, o->a->map_path);
    nm_sol *s = nm_sol_read(job, sol_path);
    snprintf(o->solver, sizeof o->solver, "%s", s->solver);
    o->said = s->status;
    o->objective = s->objective;
    const nm_verdict *v = nm_decode_sol(job, NULL, m, o->a->map_path, s, sol_path);
    o->status = v->status;
    o->margin = v->witness ? v->witness->margin64 : NAN;
    if (!s->has_values) return;
    const double *x = nm_sol_columns(job, s, m->file.n_cols, m->file.cols, sol_path);
    o->x[0] = x[0], o->x[1] = x[1];
}

static outcome decide(const ask *a, const char *text, size_t n)
{
    static int file = -1;
    outcome o = {.a = a, .status = NM_UNKNOWN};
    if (file < 0) {
        file = memfd_create("sol", 0);
        snprintf(sol_path, sizeof sol_path, "/proc/self/fd/%d", file);
    }
    if (ftruncate(file, (off_t)n) || pwrite(file, text, n, 0) != (ssize_t)n) abort();
    const nm_mark mark = nm_mark_get(work);
    alarm(20);
    o.code = nm_run(work, body, &o);
    if (o.code != NM_OK && o.code != NM_EINPUT && o.code != NM_EUNSUP && o.code != NM_EAUDIT) {
        fprintf(stderr, "code %d: %s\n", o.code, nm_job_message(work));
        abort();
    }
    nm_mark_release(work, mark);
    return o;
}

static size_t n_files, n_true, n_unknown, n_refused, n_forged, n_forged_worst;

static bool judge(const outcome *o, const char *text, bool cut)
{
    n_files++;
    if (o->code != NM_OK) return ++n_refused;
    if (o->status == NM_UNKNOWN) return ++n_unknown;
    if (o->status == NM_VIOLATED) { /* its own replay: the point is clipped to the square */
        const double x = fmin(1, fmax(0, o->x[0])) - fmin(1, fmax(0, o->x[1]));
        n_true++;
        return !o->a->holds && o->margin <= 0 && -0.5 * fmax(0, x - 0.5) - o->a->rhs <= 1e-12;
    }
    if (o->a->holds) return ++n_true;
    if (cut) return false;
    if (!o->a->worst) return ++n_forged && o->said == NM_SOL_INFEASIBLE && spells(o->solver, text);
    const double value = -0.5 * fmax(0, o->x[0] - o->x[1] - 0.5);
    return ++n_forged_worst && o->said == NM_SOL_OPTIMAL && value > o->a->rhs &&
           fabs(value - o->objective) <= 2e-4 * (1 + fabs(value));
}

/* a file that answers the question: its claim is not false of it */
static bool fits(const ask *a, const struct sample *k)
{
    return k->status != NM_SOL_INFEASIBLE || (a->holds && !a->worst);
}

static void cuts(const ask *a, const struct sample *k)
{
#ifdef __SANITIZE_ADDRESS__
    const size_t step = 9;
#else
    const size_t step = 1;
#endif
    for (size_t at = 0; at <= strlen(k->text); at += step) {
        const outcome o = decide(a, k->text, at);
        CHECK(judge(&o, k->text, true), "%s cut at %zu: code %d, status %d, y <= %g", k->solver, at,
              o.code, o.status, a->rhs);
    }
}

static void edits(const ask *a, const struct sample *k, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        blob b = {strdup(k->text), strlen(k->text)};
        const uint64_t seed = t_seed;
        for (size_t e = 1 + t_below(2) * t_below(4); e > 0; e--) edit(&b);
        const outcome o = decide(a, b.s, b.n);
        if (!CHECK(judge(&o, b.s, false), "%s, seed %llu: code %d, status %d, y <= %g%s", k->solver,
                   (unsigned long long)seed, o.code, o.status, a->rhs, a->worst ? ", worst" : "") &&
            t_failed < 5)
            printf("%s\n", b.s);
        free(b.s);
    }
}

/* the truth, from files that are whole: at least these dialects prove and break */
static void whole(void)
{
    size_t proven = 0, broken = 0;
    for (size_t i = 0; i < N_SAMPLES; i++)
        for (size_t k = 0; k < ASKS; k++) {
            const outcome o = decide(&asks[k], samples[i].text, strlen(samples[i].text));
            proven += k == 1 && o.code == NM_OK && o.status == NM_OK;
            broken += k == 0 && o.code == NM_OK && o.status == NM_VIOLATED;
            if (samples[i].status == NM_SOL_OPTIMAL || samples[i].status == NM_SOL_FEASIBLE)
                CHECK(asks[k].worst || o.status == NM_VIOLATED || o.code == NM_EAUDIT ||
                          o.status == NM_UNKNOWN,
                      "%s", samples[i].solver);
        }
    CHECK(proven >= 10 && broken >= 20, "%zu infeasible samples prove, %zu points break", proven,
          broken);
}

int main(int argc, char **argv)
{
#ifdef __SANITIZE_ADDRESS__
    const size_t total = t_edits(argc, argv, 6000);
#else
    const size_t total = t_edits(argc, argv, 60000);
#endif
    char dir[] = "/tmp/netmip-verdicts-XXXXXX";
    if (!(folder = mkdtemp(dir))) abort();
    maps = nm_job_new();
    work = nm_job_new();
    nm_job_limit(work, (size_t)64 << 20);
    if (!nm_try(work, 1)) abort();
    for (size_t k = 0; k < ASKS; k++)
        if (!CHECK(nm_run(maps, make_map, &asks[k]) == NM_OK, "%s", nm_job_message(maps)))
            return t_done("fuzz_verdicts");
    whole();
    for (size_t i = 0; i < N_SAMPLES; i++)
        for (size_t k = 0; k < ASKS; k++) {
            if (!fits(&asks[k], &samples[i])) continue;
            cuts(&asks[k], &samples[i]);
            edits(&asks[k], &samples[i], total / (N_SAMPLES * ASKS) + 1);
        }
    printf("%zu files: %zu led to the truth, %zu to unknown, %zu were refused; %zu spell "
           "infeasible, %zu an optimum and its "
           "point\n",
           n_files, n_true, n_unknown, n_refused, n_forged, n_forged_worst);
    for (size_t k = 0; k < ASKS; k++) unlink(asks[k].map_path);
    char net[128];
    snprintf(net, sizeof net, "%s/net.json", folder);
    unlink(net);
    rmdir(folder);
    return t_done("fuzz_verdicts");
}
