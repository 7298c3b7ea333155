/* spread.c: divides a campaign's samples into chunks for others to start: Slurm, or anything that runs the lines of a
 * file.
 *
 * A chunk is `netmip batch --join DIR --range A:B`; everything else is in DIR. All chunks have the same number of
 * samples that are left to do. This number follows from a pilot run, such that a chunk takes about LONG seconds: long
 * compared with the start of a process, short compared with a night. Workers claim what they do (claims.c), so chunks
 * may be started twice, in any order, and beside other runs: nothing is done twice, and what a killed one had done is
 * kept.
 *
 * Of a comparison of solvers, a chunk is its own command with `--runs A:B`, in the folder where it was started.
 *
 * The models of one question, which `compile` wrote, are spread in the same two ways: a solver's command for each. */
#define _GNU_SOURCE
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"
#include "search/search.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/benchmark.h"
#include "study/records.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { PILOT = 4, LONG = 600, MOST_TASKS = 1000, SPARE_MB = 256 };

typedef struct {
    int64_t from, to;
} chunk;
typedef struct {
    size_t n, size;
    chunk *a;
} chunks;

/* ---- texts ---- */

/* Puts a word so that a shell reads it as it is. */
static void put_word(nm_buf *b, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,+=@%-";
    if (*word && !word[strspn(word, plain)]) {
        nm_put(b, "%s", word);
        return;
    }
    nm_put(b, "'");
    for (; *word; word++) nm_put(b, *word == '\'' ? "'\\''" : "%c", *word);
    nm_put(b, "'");
}

static const char *absolute(nm_job *job, const char *path)
{
    const char *all = nm_path_absolute(job, path);
    if (all[strcspn(all, "\r\n\"\\")])
        nm_throw(job, NM_EUNSUP,
                 "%s: a path with a quote, backslash or line end stands in no job's script", all);
    return all;
}

/* what is spread: a command that takes A:B */
typedef struct {
    const char *dir, *cwd, *command, *what, *status; /* cwd: where it runs, or NULL; status: what says how far it is */
    int cpus, at_once;      /* of a task: processors, and how many items it does at once */
    double seconds, memory; /* an item takes at most: 0: any; megabytes of a task, 0: none requested */
} work;

static void put_flags(nm_buf *b, const nm_said *flags)
{
    for (const nm_said *e = flags; e && e->key; e++) {
        nm_put(b, " --%s", e->key);
        if (*e->value) nm_put(b, " ");
        if (*e->value) put_word(b, e->value);
    }
}

/* `netmip batch --join DIR`, with the limits and all else but the range */
static const char *command_of(nm_job *job, const nm_campaign *c, const char *dir)
{
    nm_buf b = {.job = job};
    put_word(&b, absolute(job, "/proc/self/exe"));
    nm_put(&b, " batch --join ");
    put_word(&b, dir);
    put_flags(&b, c->effort);
    if (strcmp(c->rerun, "never")) nm_put(&b, " --rerun %s", c->rerun);
    if (c->workers > 1) nm_put(&b, " --workers %d", c->workers);
    if (c->benchexec) nm_put(&b, " --benchexec");
    nm_put(&b, " --range");
    return b.s;
}

/* ---- chunks ---- */

static size_t size_of(nm_job *job, const work *w, const nm_spread *s, const nm_todo *t)
{
    if (s->chunk) return s->chunk;
    const double fits = t->seconds > 0 ? floor(LONG * w->at_once / t->seconds) : 1;
    double size = fmin(fmax(fits, w->at_once), (double)t->n);
    size = fmax(size, ceil((double)t->n / MOST_TASKS));
    const char *memory = t->bytes > 0 ? nm_fmt(job, "%.0f MB; ", t->bytes / 1e6) : "";
    nm_note(job, "pilot: %zu %s, %s each, %schunks of %.0f %s", t->made, w->what,
            nm_duration(job, t->seconds), memory, size, w->what);
    return (size_t)size;
}

static chunks cut(nm_job *job, const nm_todo *t, size_t size)
{
    chunks k = {.size = size, .a = NM_ARRAY(job, chunk, t->n / size + 1)};
    for (size_t i = 0; i < t->n; i += size) {
        const size_t last = i + size < t->n ? i + size - 1 : t->n - 1;
        k.a[k.n++] = (chunk){t->sample[i], t->sample[last] + 1};
    }
    return k;
}

/* ---- a file of commands ---- */

static void write_jobs(nm_job *job, const work *w, const nm_spread *s, const chunks *k)
{
    nm_buf b = {.job = job};
    for (size_t i = 0; i < k->n; i++) {
        if (w->cwd) nm_put(&b, "cd "), put_word(&b, w->cwd), nm_put(&b, " && ");
        nm_put(&b, "%s %lld:%lld\n", w->command, (long long)k->a[i].from, (long long)k->a[i].to);
    }
    nm_file_write(job, s->jobs_file, b.s, b.n);
}

/* ---- Slurm ---- */

static void run_slurm(nm_job *job, const work *w, const nm_spread *s, const chunks *k, nm_buf *out)
{
    const char *dir = absolute(job, w->dir), *slash = strrchr(dir, '/');
    nm_buf tasks = {.job = job}, cwd = {.job = job};
    for (size_t i = 0; i < k->n; i++)
        nm_put(&tasks, "%s%lld:%lld", i % 8 ? " " : " \\\n    ", (long long)k->a[i].from,
               (long long)k->a[i].to);
    if (w->cwd) put_word(&cwd, w->cwd);
    const nm_slurm_job a = {.folder = nm_fmt(job, "%s/slurm", dir),
                            .name = slash ? slash + 1 : dir,
                            .n = k->n,
                            .cpus = w->cpus,
                            .seconds = w->seconds * ceil((double)k->size / w->at_once),
                            .megabytes = w->memory,
                            .tasks = tasks.s,
                            .cwd = cwd.s,
                            .command = w->command};
    nm_folder_make(job, a.folder);
    const char *number = nm_slurm_run(job, s, &a);
    nm_put(out, "submitted job %s: %s of at most %zu %s; %s says how far they are\n", number,
           nm_counted(job, k->n, "tasks"), k->size, w->what,
           w->status ? w->status : nm_fmt(job, "squeue -r -j %s", number));
}

static void spread(nm_job *job, const work *w, const nm_spread *s, const nm_todo *t, nm_buf *out)
{
    const chunks k = cut(job, t, size_of(job, w, s, t));
    if (s->slurm) {
        run_slurm(job, w, s, &k, out);
        return;
    }
    write_jobs(job, w, s, &k);
    nm_put(out, "written: %s, %s of at most %zu %s\n", s->jobs_file, nm_counted(job, k.n, "commands"), k.size, w->what);
}

/* ---- campaigns ---- */

/* seconds that a sample may take; 0: any time */
static double longest(const nm_campaign *c)
{
    double most = 0;
    if (!c->rows) return c->solve.time_limit;
    for (size_t i = 0; i < c->rows->n; i++) {
        const double s = nm_benchmark_limit(c, (int64_t)i);
        if (s == 0) return 0;
        most = fmax(most, s);
    }
    return most;
}

void nm_campaign_spread(nm_job *job, const nm_campaign *c, const nm_spread *s, nm_buf *out)
{
    const nm_todo t = nm_campaign_pilot(job, c, s->chunk ? 0 : PILOT);
    if (nm_stopped(job)) nm_throw(job, NM_UNKNOWN, "interrupted; what is recorded is kept");
    if (!t.n) {
        nm_put(out, "nothing is left to do: netmip batch --join %s sums up\n", c->dir);
        return;
    }
    const work w = {.dir = c->dir,
                    .command = command_of(job, c, absolute(job, c->dir)),
                    .what = "samples",
                    .status = nm_fmt(job, "netmip batch --status %s", c->dir),
                    .cpus = c->workers,
                    .at_once = c->workers,
                    .seconds = longest(c),
                    .memory = c->memory > 0 ? ceil(c->memory / 1048576) * c->workers + SPARE_MB : 0};
    spread(job, &w, s, &t, out);
}

/* ---- comparisons of solvers ---- */

void nm_bench_spread(nm_job *job, nm_bench *b, const nm_spread *s, const nm_said *flags, nm_buf *out)
{
    nm_buf command = {.job = job};
    put_word(&command, absolute(job, "/proc/self/exe"));
    nm_put(&command, " bench");
    for (; flags->key && !*flags->key; flags++) nm_put(&command, " "), put_word(&command, flags->value);
    put_flags(&command, flags);
    nm_put(&command, " --runs");
    const nm_todo t = nm_bench_pilot(job, b, s->chunk ? 0 : PILOT);
    if (nm_stopped(job)) nm_throw(job, NM_UNKNOWN, "interrupted; what is recorded is kept");
    if (!t.n) {
        nm_put(out, "nothing is left to do: the same command without --%s sums up\n",
               s->slurm ? "slurm" : "jobs-file");
        return;
    }
    const work w = {.dir = b->dir,
                    .cwd = absolute(job, "."),
                    .command = command.s,
                    .what = "runs",
                    .cpus = b->workers * (int)b->threads,
                    .at_once = b->workers,
                    .seconds = 1.1 * b->time_limit + 1,
                    .memory = b->memory ? (double)b->memory * b->workers + SPARE_MB : 0};
    spread(job, &w, s, &t, out);
}

/* ---- models of one question ---- */

/* a path that a solver's command line may hold as it is */
static const char *plain_path(nm_job *job, const char *path)
{
    const char *all = absolute(job, path);
    nm_buf b = {.job = job};
    put_word(&b, all);
    if (strcmp(b.s, all))
        nm_throw(job, NM_EUNSUP,
                 "%s: stands in a solver's command, where only letters, digits and _./:,+=@%%- may",
                 all);
    return all;
}

/* the command for one model; its solution stands beside the model and is named in *solution */
static const char *model_command(nm_job *job, const nm_models *m, const char *file,
                                 const char **solution)
{
    const char *model = plain_path(job, file), *suffix, *stem = nm_model_stem(job, model, &suffix);
    const char *line = nm_runner_line(job, m->runner, model, stem, m->options, solution);
    return m->options.memory
               ? nm_fmt(job, "ulimit -v %zu && { %s; }", m->options.memory << 10, line)
               : line;
}

static const char *const *commands_of(nm_job *job, const nm_models *m, nm_buf *solutions, size_t *n)
{
    const char **list = NULL, *solution;
    size_t cap = 0;
    for (size_t i = 0; i < m->v->n_targets; i++) {
        const nm_target *t = &m->v->targets[i];
        const size_t parts = t->cube_file ? t->n_cubes : t->file != NULL;
        for (size_t k = 0; k < parts; k++) {
            const char *file = t->cube_file ? t->cube_file[k] : t->file;
            if (!file) continue;
            *NM_PUSH(job, list, *n, cap) = model_command(job, m, file, &solution);
            nm_put(solutions, " %s", solution);
        }
    }
    return list;
}

void nm_models_spread(nm_job *job, const nm_models *m, const nm_spread *s)
{
    nm_buf solutions = {.job = job}, b = {.job = job};
    size_t n = 0;
    const char *const *command = commands_of(job, m, &solutions, &n), *suffix;
    if (!n && s->slurm) return;
    for (size_t i = 0; i < n; i++) {
        if (s->slurm) nm_put(&b, " \\\n    ");
        if (s->slurm)
            put_word(&b, command[i]);
        else
            nm_put(&b, "%s\n", command[i]);
    }
    if (s->slurm) {
        const char *folder = nm_fmt(job, "%s.slurm", nm_model_stem(job, m->out, &suffix));
        nm_folder_make(job, folder);
        folder = absolute(job, folder);
        const nm_slurm_job a = {
            .folder = folder,
            .name = nm_path_stem(job, m->out),
            .n = n,
            .cpus = (int)m->options.threads,
            .seconds = m->options.seconds,
            .megabytes = m->options.memory ? (double)m->options.memory + SPARE_MB : 0,
            .tasks = b.s,
            .command = "sh -c"};
        nm_note(job, "submitted job %s: %s", nm_slurm_run(job, s, &a), nm_counted(job, n, "tasks"));
    } else {
        nm_file_write(job, s->jobs_file, b.s, b.n);
    }
    nm_note(job, "%s; when all have run: netmip decode %s%s", nm_counted(job, n, "commands"), m->lead, solutions.s);
}
