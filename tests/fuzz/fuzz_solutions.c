/* fuzz_solutions.c: readers of solution files on whole, cut and damaged text, in process.
 *
 *   fuzz_solutions [-n EDITS]      or FUZZ=EDITS in the environment: 1000000 is the long run
 *
 * Each sample of solution_seeds.h, and each file of ../shared/solfiles when it is there, is read as what it is. Cut at
 * every byte it is refused, or says no more than before: never infeasible, never another optimum. After random
 * edits it may say anything but "infeasible" where the text does not spell that (solution_edits.h). Crashes and broken
 * memory are the sanitizers' to see. */
#define _GNU_SOURCE
#include "test.h"

#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

#include "solution_edits.h"

static const char *const cols[] = {"x0", "x1", "v2_0", "z2_0", MARK};
static const double point[] = {1, 0, 0.5, 1, 1};
static const nm_modelcard model = {
    .n_cols = 5, .cols = cols, .tag = MARK, .n_rows = 3, .n_bin = 1};

typedef struct {
    const char *path;
    bool foreign; /* of no model that is known here: read it alone */
    int code;
    nm_solstatus status;
    bool has_values, lp, named;
    double objective, x[5];
    char solver[32], message[256];
} outcome;

static void body(nm_job *job, void *arg)
{
    outcome *o = arg;
    nm_sol *s = nm_sol_read(job, o->path);
    if (!s->status_text || !*s->status_text) abort();
    if (s->has_values != (s->status == NM_SOL_OPTIMAL || s->status == NM_SOL_FEASIBLE)) abort();
    o->lp = s->lp;
    o->status = s->status; /* before the model takes an answer to its relaxation back */
    o->objective = s->objective;
    snprintf(o->solver, sizeof o->solver, "%s", s->solver);
    nm_buf b = {.job = job};
    nm_sol_print(&b, s);
    if (o->foreign) return;
    o->named = nm_sol_check(job, s, model, "file");
    o->status = s->status;
    o->has_values = s->has_values;
    if (!s->has_values) return;
    const double *x = nm_sol_columns(job, s, model.n_cols, cols, "file");
    for (size_t j = 0; j < 5; j++)
        if (!isfinite(o->x[j] = x[j])) abort();
}

static int memory_file = -1;
static char memory_path[64];

static outcome read_text(const char *text, size_t n, bool foreign, long fail)
{
    outcome o = {.path = memory_path, .foreign = foreign};
    if (memory_file < 0) {
        memory_file = memfd_create("sol", 0);
        snprintf(memory_path, sizeof memory_path, "/proc/self/fd/%d", memory_file);
    }
    if (ftruncate(memory_file, (off_t)n) || pwrite(memory_file, text, n, 0) != (ssize_t)n) abort();
    static nm_job
        *job; /* one for all, with a chunk that stays: thousands of fresh ones are slow to check */
    if (!job) {
        job = nm_job_new();
        nm_job_limit(job, (size_t)64 << 20);
        if (!nm_try(job, 1)) abort();
    }
    const nm_mark mark = nm_mark_get(job);
    nm_fail_after(job, fail);
    alarm(20);
    o.code = nm_run(job, body, &o);
    snprintf(o.message, sizeof o.message, "%s", nm_job_message(job));
    if (o.code != NM_OK && o.code != NM_EINPUT && o.code != NM_EUNSUP && o.code != NM_EAUDIT &&
        !(fail && o.code == NM_EIO))
        abort();
    if (o.code != NM_OK && !*nm_job_message(job)) abort();
    nm_mark_release(job, mark);
    return o;
}

/* ---- whole and cut ---- */

static outcome whole(const struct sample *k)
{
    const outcome o = read_text(k->text, strlen(k->text), false, 0);
    const bool values = k->status == NM_SOL_OPTIMAL || k->status == NM_SOL_FEASIBLE, taken = o.lp;
    CHECK(o.code == NM_OK, "%s, status %d: %s", k->solver, k->status, o.message);
    CHECK(strcmp(o.solver, k->solver) == 0, "%s read as %s", k->solver, o.solver);
    CHECK(o.status == (taken ? NM_SOL_NONE : k->status), "%s: %d, not %d", k->solver, o.status,
          k->status);
    CHECK(o.has_values == (values && !taken), "%s", k->solver);
    for (size_t j = 0; o.has_values && j < 5; j++)
        CHECK(o.x[j] == point[j], "%s column %zu: %g", k->solver, j, o.x[j]);
    if (values && strcmp(k->solver, "highs old") && strncmp(k->solver, "xpress", 6))
        CHECK(o.objective == -0.25, "%s objective %g", k->solver, o.objective);
    if (k->status == NM_SOL_INFEASIBLE) CHECK(spells(k->solver, k->text), "%s", k->solver);
    return o;
}

/* a cut file may say less, and nothing else; true when it says the same */
static bool not_more(const outcome *cut, const outcome *all, const char *what, size_t n)
{
    if (cut->code != NM_OK) return false;
    const bool same = cut->status == all->status;
    CHECK(same || cut->status == NM_SOL_NONE ||
              (cut->status == NM_SOL_FEASIBLE && all->status == NM_SOL_OPTIMAL),
          "%s cut at %zu: %d, the whole %d", what, n, cut->status, all->status);
    if (cut->status == NM_SOL_OPTIMAL)
        CHECK(cut->objective == all->objective, "%s cut at %zu: %g", what, n, cut->objective);
    for (size_t j = 0; cut->has_values && j < 5; j++)
        CHECK(cut->x[j] == all->x[j], "%s cut at %zu: column %zu", what, n, j);
    return same;
}

static void cuts(const struct sample *k, const outcome *all)
{
    const size_t n = strlen(k->text);
    size_t same = 0;
    for (size_t at = 0; at < n; at++) {
        const outcome o = read_text(k->text, at, false, 0);
        same += not_more(&o, all, k->solver, at);
    }
    /* line ends within a tail that says nothing, where the format has such a tail */
    static const char *const closed[] = {"highs pretty", "highs old", "glpk",
                                         "glpk report",  "gurobi",    "copt",
                                         "miplib",       "xpress",    "xpress csv"};
    size_t most = 8;
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (strcmp(k->solver, closed[i]) == 0) most = k->status == NM_SOL_INFEASIBLE ? 1 : 0;
    CHECK(same <= most, "%s: %zu of %zu cuts pass", k->solver, same, n);
}

/* every allocation fails in its turn: an error of memory, until there are no more */
static void faults(const struct sample *k)
{
    for (long n = 1; n < 10000; n++) {
        const outcome o = read_text(k->text, strlen(k->text), false, n);
        if (o.code == NM_OK) return;
        if (!CHECK(o.code == NM_EIO, "%s, allocation %ld: %d %s", k->solver, n, o.code, o.message))
            return;
    }
    CHECK(false, "%s: no end of allocations", k->solver);
}

/* ---- edits ---- */

static size_t n_edits, n_read, n_infeasible;

static void edits(const struct sample *k, const outcome *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        blob b = {strdup(k->text), strlen(k->text)};
        const uint64_t seed = t_seed;
        for (size_t e = 1 + t_below(2) * t_below(4); e > 0; e--) edit(&b);
        const outcome o = read_text(b.s, b.n, false, 0);
        n_edits++;
        n_read += o.code == NM_OK;
        const bool claims = o.code == NM_OK && o.status == NM_SOL_INFEASIBLE;
        n_infeasible += claims && all->status != NM_SOL_INFEASIBLE;
        if (!CHECK(!claims || spells(o.solver, b.s), "%s, seed %llu", k->solver,
                   (unsigned long long)seed) &&
            t_failed < 5)
            printf("%s\n", b.s);
        free(b.s);
    }
}

/* ---- files that solvers wrote ---- */

static void shared_file(const char *folder, const char *name, bool *some)
{
    static const char *const suffixes[] = {".sol", ".raw", ".stdout"};
    char path[1024];
    bool known = false;
    for (size_t i = 0; i < 3; i++) known |= nm_has_suffix(name, suffixes[i]);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = known ? fopen(path, "rb") : NULL;
    if (!f) return;
    static char text[1 << 20];
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    const outcome all = read_text(text, n, true, 0);
    if (all.code != NM_OK) return; /* logs, and what tests/solver/solution_files.py knows to be no solution */
    *some = true;
#ifdef __SANITIZE_ADDRESS__
    const size_t step = n / 500 + 1;
#else
    const size_t step = n / 4000 + 1;
#endif
    for (size_t at = 0; at < n; at += step) {
        const outcome o = read_text(text, at, true, 0);
        if (o.code == NM_OK)
            CHECK(o.status == all.status || o.status == NM_SOL_NONE ||
                      (o.status == NM_SOL_FEASIBLE && all.status == NM_SOL_OPTIMAL),
                  "%s cut at %zu: %d, the whole %d", path, at, o.status, all.status);
    }
}

static void shared(void)
{
    static const char *const folders[] = {"cbc", "highs", "scip", "glpsol", "lp_solve", "symphony"};
    const char *root = getenv("NETMIP_SOLFILES") ? getenv("NETMIP_SOLFILES") : "../shared/solfiles";
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char folder[512];
        struct dirent **list;
        bool some = false;
        snprintf(folder, sizeof folder, "%s/%s", root, folders[i]);
        const int n = scandir(folder, &list, NULL, alphasort);
        for (int k = 0; k < n; k++) {
            shared_file(folder, list[k]->d_name, &some);
            free(list[k]);
        }
        if (n >= 0) free(list);
        if (some) continue;
        printf("skipped: no files in %s\n", folder);
        t_skipped++;
    }
}

/* a sample for each row of the menu */
static void every_reader(void)
{
#define SOL(x)                                                                                     \
    {                                                                                              \
        bool some = false;                                                                         \
        for (size_t i = 0; i < N_SAMPLES; i++)                                                     \
            some |= strcmp(samples[i].solver, nm_sol_##x.name) == 0;                               \
        CHECK(some, "no sample of %s", nm_sol_##x.name);                                           \
    }
#include "solver/formats.def"
#undef SOL
}

int main(int argc, char **argv)
{
#ifdef __SANITIZE_ADDRESS__
    size_t total = 12000;
#else
    size_t total = 80000;
#endif
    total = t_edits(argc, argv, total);
    every_reader();
    for (size_t i = 0; i < N_SAMPLES; i++) {
        const outcome o = whole(&samples[i]);
        if (o.code != NM_OK) continue;
        cuts(&samples[i], &o);
        faults(&samples[i]);
        edits(&samples[i], &o, total / N_SAMPLES + 1);
    }
    printf("%zu edits, %zu read, %zu became infeasible by spelling it\n", n_edits, n_read,
           n_infeasible);
    shared();
    return t_done("fuzz_sols");
}
