/* fuzz_sols.c: readers of solution files on whole, cut and damaged text, in process.
 *
 *   fuzz_sols [-n EDITS]
 *
 * Each sample of sol_seeds.h, and each file of ../shared/solfiles when it is there, is read as what it is. Cut at
 * every byte it is refused, or says no more than before: never infeasible, never another optimum. After random
 * edits it may say anything but "infeasible" where the text does not spell that; what spells it is written down
 * here again, apart from the readers. Crashes and broken memory are the sanitizers' to see. */
#define _GNU_SOURCE
#include "test.h"

#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sol_seeds.h"

static const char *const cols[] = {"x0", "x1", "v2_0", "z2_0", MARK};
static const double point[] = {1, 0, 0.5, 1, 1};
static const nm_map model = {
    .n_cols = 5, .cols = (const char **)(uintptr_t)cols, .tag = MARK, .n_rows = 3, .n_bin = 1};

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
    o->named = nm_sol_check(job, s, &model, "file");
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

/* ---- what spells "infeasible", said again ---- */

static bool begins(const char *s, const char *word) { return strncmp(s, word, strlen(word)) == 0; }
static bool line_is(const char *s, const char *word)
{
    s += strspn(s, " \t");
    if (!begins(s, word)) return false;
    s += strlen(word);
    s += strspn(s, " \t\r*");
    return *s == '\n' || *s == 0;
}
static bool some_line(const char *text, const char *prefix, const char *word)
{
    for (const char *s = text; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
        if (begins(s, prefix) && line_is(s + strlen(prefix), word)) return true;
    return false;
}

static bool glpk_spells(const char *text)
{
    char a, b;
    double x;
    for (const char *s = text; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
        if ((begins(s, "s mip") && sscanf(s, "s mip %*d %*d %c %lf", &a, &x) == 2 && a == 'n') ||
            (begins(s, "s bas") && sscanf(s, "s bas %*d %*d %c %c %lf", &a, &b, &x) == 3 &&
             a == 'n'))
            return true;
    return false;
}

static bool spells(const char *solver, const char *text)
{
    if (strcmp(solver, "cbc") == 0)
        return begins(text, "Infeasible - objective value ") ||
               begins(text, "Integer infeasible - objective value ");
    if (strcmp(solver, "highs") == 0)
        return strchr(text, '\n') && line_is(strchr(text, '\n') + 1, "Infeasible");
    if (strcmp(solver, "highs pretty") == 0) return some_line(text, "Model status:", "Infeasible");
    if (strcmp(solver, "scip") == 0)
        return some_line(text, "solution status:", "infeasible") ||
               some_line(text, "solution status:", "[infeasible]") || strstr(text, "[infeasible]");
    if (strcmp(solver, "glpk") == 0) return glpk_spells(text);
    if (strcmp(solver, "glpk report") == 0)
        return some_line(text, "Status:", "INTEGER EMPTY") ||
               some_line(text, "Status:", "INFEASIBLE (FINAL)");
    if (strcmp(solver, "lp_solve") == 0) return some_line(text, "This problem is", "infeasible");
    if (strcmp(solver, "symphony") == 0)
        return some_line(text, "*", "Problem Infeasible") ||
               some_line(text, "*", "Problem Found Infeasible in Preprocessing");
    if (strcmp(solver, "mosek") == 0)
        return strstr(text, "PROBLEM STATUS") && strstr(text, "PRIMAL_INFEASIBLE");
    if (strcmp(solver, "cplex") == 0)
        return (strstr(text, "=\"3\"") || strstr(text, "103")) && strstr(text, "infeasible");
    const char *status = strcmp(solver, "gurobi json") == 0 ? strstr(text, "\"Status\"") : NULL;
    return status && strchr(status, ':') && strtod(strchr(status, ':') + 1, NULL) == 3;
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
        if (strcmp(k->solver, closed[i]) == 0) most = 0;
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

typedef struct {
    char *s;
    size_t n;
} blob;

static void splice(blob *b, size_t at, size_t cut, const char *with, size_t n)
{
    char *out = malloc(b->n - cut + n + 1);
    if (!out) abort();
    memcpy(out, b->s, at);
    memcpy(out + at, with, n);
    memcpy(out + at + n, b->s + at + cut, b->n - at - cut);
    out[b->n - cut + n] = 0;
    free(b->s);
    *b = (blob){out, b->n - cut + n};
}

/* a random line of a text, with its end */
static const char *line_of(const char *s, size_t total, size_t *n)
{
    size_t at = t_below(total + 1);
    while (at > 0 && s[at - 1] != '\n') at--;
    const char *end = memchr(s + at, '\n', total - at);
    *n = end ? (size_t)(end - s) - at + 1 : total - at;
    return s + at;
}

static void edit(blob *b)
{
    static const char *const words[] = {"-1",
                                        "0",
                                        "1e400",
                                        "nan",
                                        "inf",
                                        "3",
                                        "103",
                                        "n",
                                        "n n",
                                        "99999999999999999999",
                                        "-0",
                                        "\"",
                                        "<",
                                        ">",
                                        ":",
                                        " ",
                                        "\n",
                                        "\t",
                                        "infeasible",
                                        "Infeasible",
                                        "Integer infeasible",
                                        " or unbounded",
                                        "INTEGER EMPTY",
                                        "optimal",
                                        "Optimal",
                                        "This problem is infeasible\n",
                                        "PRIMAL_INFEASIBLE",
                                        "x0",
                                        MARK,
                                        "#",
                                        "e o f\n",
                                        "\r\n",
                                        "<!DOCTYPE a>",
                                        "&lt;",
                                        "=infeas=",
                                        "Problem Infeasible"};
    const size_t at = t_below(b->n + 1), rest = b->n - at;
    switch (t_below(8)) {
    case 0:
        if (rest) b->s[at] = (char)(b->s[at] ^ 1 << t_below(8));
        break;
    case 1:
        if (rest) b->s[at] = (char)t_random();
        break;
    case 2: splice(b, at, t_below((rest < 40 ? rest : 40) + 1), "", 0); break;
    case 3:   /* a line of it elsewhere, or twice */
    case 4: { /* a line of another file */
        const char *s = samples[t_below(N_SAMPLES)].text;
        size_t n;
        const char *line = t_below(2) ? line_of(b->s, b->n, &n) : line_of(s, strlen(s), &n);
        char *copy = strndup(line, n);
        size_t to = at, cut = 0;
        while (to > 0 && b->s[to - 1] != '\n') to--;
        if (t_below(2) && memchr(b->s + to, '\n', b->n - to))
            cut = (size_t)((char *)memchr(b->s + to, '\n', b->n - to) - b->s) - to + 1;
        splice(b, to, cut, copy, strlen(copy));
        free(copy);
        break;
    }
    case 5: { /* a word for a word */
        size_t from = at, to;
        while (from < b->n && (unsigned char)b->s[from] <= ' ') from++;
        for (to = from; to < b->n && (unsigned char)b->s[to] > ' ';) to++;
        const char *w = words[t_below(sizeof words / sizeof *words)];
        splice(b, from, to - from, w, strlen(w));
        break;
    }
    default: {
        const char *w = words[t_below(sizeof words / sizeof *words)];
        splice(b, at, 0, w, strlen(w));
    }
    }
}

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
    if (all.code != NM_OK) return; /* logs, and what tests/sols.py knows to be no solution */
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

int main(int argc, char **argv)
{
#ifdef __SANITIZE_ADDRESS__
    size_t total = 12000;
#else
    size_t total = 80000;
#endif
    if (argc == 3 && strcmp(argv[1], "-n") == 0) total = (size_t)strtoul(argv[2], NULL, 10);
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
