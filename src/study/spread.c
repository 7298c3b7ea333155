/* spread.c: divides a campaign's samples into chunks for others to start: Slurm, or anything that runs the lines of a
 * file.
 *
 * A chunk is `netmip batch --join DIR --range A:B`; everything else is in DIR. All chunks have the same number of
 * samples that are left to do. This number follows from a pilot run, such that a chunk takes about LONG seconds: long
 * compared with the start of a process, short compared with a night. Workers claim what they do (claims.c), so chunks
 * may be started twice, in any order, and beside other runs: nothing is done twice, and what a killed one had done is
 * kept.
 *
 * For Slurm they become an array job, DIR/slurm/job.sh, which contains its chunks, because Slurm keeps a copy of the
 * script as it was submitted. The process is started by exec, so that Slurm's SIGTERM reaches it. */
#define _GNU_SOURCE
#include "base/base.h"
#include "study/study.h"
#include "study/records.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PILOT = 4, LONG = 600, MOST_TASKS = 1000, START = 120, SPARE_MB = 256 };

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
    char all[PATH_MAX];
    if (!realpath(path, all)) nm_throw(job, NM_EIO, "%s: %s", path, strerror(errno));
    if (all[strcspn(all, "\r\n\"\\")])
        nm_throw(job, NM_EUNSUP,
                 "%s: a path with a quote, backslash or line end stands in no job's script", all);
    return nm_dup(job, all, strlen(all));
}

/* `netmip batch --join DIR`, with the limits and all else but the range */
static const char *command_of(nm_job *job, const nm_campaign *c, const char *dir)
{
    nm_buf b = {.job = job};
    put_word(&b, absolute(job, "/proc/self/exe"));
    nm_put(&b, " batch --join ");
    put_word(&b, dir);
    for (const nm_said *e = c->effort; e && e->key; e++) {
        nm_put(&b, " --%s", e->key);
        if (*e->value) nm_put(&b, " ");
        if (*e->value) put_word(&b, e->value);
    }
    if (strcmp(c->rerun, "never")) nm_put(&b, " --rerun %s", c->rerun);
    if (c->workers > 1) nm_put(&b, " --workers %d", c->workers);
    return b.s;
}

/* ---- chunks ---- */

static size_t size_of(nm_job *job, const nm_campaign *c, const nm_spread *s, const nm_todo *t)
{
    if (s->chunk) return s->chunk;
    const double fits = t->seconds > 0 ? floor(LONG * c->workers / t->seconds) : 1;
    double size = fmin(fmax(fits, c->workers), (double)t->n);
    size = fmax(size, ceil((double)t->n / MOST_TASKS));
    nm_note(job, "pilot: %zu samples, %s each, %.0f MB; chunks of %.0f samples", t->made,
            nm_duration(job, t->seconds), t->bytes / 1e6, size);
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

static void write_jobs(nm_job *job, const nm_campaign *c, const nm_spread *s, const chunks *k)
{
    const char *command = command_of(job, c, absolute(job, c->dir));
    nm_buf b = {.job = job};
    for (size_t i = 0; i < k->n; i++)
        nm_put(&b, "%s --range %lld:%lld\n", command, (long long)k->a[i].from,
               (long long)k->a[i].to);
    nm_file_write(job, s->jobs_file, b.s, b.n);
}

/* ---- Slurm ---- */

/* the requests that follow from the limits */
static void put_limits(nm_job *job, nm_buf *b, const nm_campaign *c, const chunks *k)
{
    const double limit = c->solve.time_limit, each = ceil((double)k->size / c->workers);
    if (limit > 0)
        nm_put(b, "#SBATCH --time=%.0f\n", ceil((1.1 * limit * each + START) / 60)); /* minutes */
    else
        nm_note(job, "without --time-limit a sample may take any time: none is requested of Slurm");
    if (c->memory > 0)
        nm_put(b, "#SBATCH --mem=%.0fM\n", ceil(c->memory / 1048576) * c->workers + SPARE_MB);
    else
        nm_note(job, "without --memory no memory is requested of Slurm: its default holds");
}

static const char *script_of(nm_job *job, const nm_campaign *c, const nm_spread *s, const chunks *k)
{
    const char *dir = absolute(job, c->dir), *slash = strrchr(dir, '/');
    nm_buf b = {.job = job};
    nm_put(&b, "#!/bin/sh\n#SBATCH --job-name=netmip-%s\n#SBATCH --array=0-%zu",
           nm_name_clean(job, slash ? slash + 1 : dir), k->n - 1);
    if (s->array_limit) nm_put(&b, "%%%zu", s->array_limit);
    nm_put(&b,
           "\n#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=%d\n#SBATCH --requeue\n#SBATCH "
           "--open-mode=append\n"
           "#SBATCH --signal=B:TERM@30\n#SBATCH --output=\"",
           c->workers);
    for (const char *at = dir; *at; at++) nm_put(&b, *at == '%' ? "%%%%" : "%c", *at);
    nm_put(&b, "/slurm/%%A_%%a.log\"\n");
    put_limits(job, &b, c, k);
    if (s->sbatch) nm_put(&b, "#SBATCH %s\n", s->sbatch);
    nm_put(&b, "# a task, requeued or started by hand, goes on where its chunk was: "
               "SLURM_ARRAY_TASK_ID says which\nset --");
    for (size_t i = 0; i < k->n; i++)
        nm_put(&b, "%s%lld:%lld", i % 8 ? " " : " \\\n    ", (long long)k->a[i].from,
               (long long)k->a[i].to);
    nm_put(&b, "\nshift \"$SLURM_ARRAY_TASK_ID\"\nexec %s --range \"$1\"\n",
           command_of(job, c, dir));
    return b.s;
}

/* in the child */
typedef struct {
    const char *out, *err;
    char *const *argv;
} call;

static void become(nm_job *job, void *arg)
{
    const call *c = arg;
    (void)job;
    if (!freopen("/dev/null", "r", stdin) || !freopen(c->out, "w", stdout) ||
        !freopen(c->err, "w", stderr))
        _exit(127);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execvp(c->argv[0], c->argv);
    _exit(127);
}

int nm_command_run(nm_job *job, char *const *argv, nm_buf *out, nm_buf *err)
{
    const char *dir = nm_temp_new(job);
    const call c = {nm_fmt(job, "%s/out", dir), nm_fmt(job, "%s/err", dir), argv};
    nm_child *child = nm_child_start(job, argv[0], (nm_child_opts){.group = true}, become,
                                     (void *)&c);
    const int status = nm_child_wait(job, child, INFINITY);
    nm_child_end(job, child);
    if (nm_file_exists(c.out)) nm_put(out, "%s", nm_file_read(job, c.out).data);
    if (nm_file_exists(c.err)) nm_put(err, "%s", nm_file_read(job, c.err).data);
    return status;
}

/* submits the script; returns the job's number as Slurm says it */
static const char *submit(nm_job *job, const char *script)
{
    char *const argv[] = {"sbatch", "--parsable", (char *)script, NULL};
    nm_buf out = {.job = job}, err = {.job = job};
    nm_put(&out, "%s", "");
    const int status = nm_command_run(job, argv, &out, &err);
    if (status == 127 && !err.n)
        nm_throw(job, NM_EIO,
                 "sbatch is not on the PATH: %s is written, and can be submitted where it is",
                 script);
    if (status)
        nm_throw(job, NM_EIO, "sbatch %s: %s", script,
                 err.n ? nm_dup(job, err.s, strcspn(err.s, "\n")) : "failed");
    return nm_dup(job, out.s, strspn(out.s, "0123456789"));
}

static void run_slurm(nm_job *job, const nm_campaign *c, const nm_spread *s, const chunks *k,
                      nm_buf *out)
{
    const char *dir = nm_fmt(job, "%s/slurm", c->dir), *path = nm_fmt(job, "%s/job.sh", dir), *jobs;
    nm_folder_make(job, dir);
    const char *text = script_of(job, c, s, k);
    nm_file_write(job, path, text, strlen(text));
    chmod(path, 0755);
    const char *number = submit(job, path);
    jobs = nm_fmt(job, "%s/job.%s", dir, number);
    nm_file_write(job, jobs, text, strlen(text));
    nm_put(out,
           "submitted job %s: %zu tasks of at most %zu samples; netmip batch --status %s says how "
           "far they are\n",
           number, k->n, k->size, c->dir);
}

void nm_campaign_spread(nm_job *job, const nm_campaign *c, const nm_spread *s, nm_buf *out)
{
    if (s->sbatch && s->sbatch[strcspn(s->sbatch, "\r\n")])
        nm_throw(job, NM_EUSE, "--sbatch: one line was expected");
    const nm_todo t = nm_campaign_pilot(job, c, s->chunk ? 0 : PILOT);
    if (nm_stopped(job)) nm_throw(job, NM_UNKNOWN, "interrupted; what is recorded is kept");
    if (!t.n) {
        nm_put(out, "nothing is left to do: netmip batch --join %s sums up\n", c->dir);
        return;
    }
    const chunks k = cut(job, &t, size_of(job, c, s, &t));
    if (s->slurm) {
        run_slurm(job, c, s, &k, out);
        return;
    }
    write_jobs(job, c, s, &k);
    nm_put(out, "written: %s, %zu commands of at most %zu samples\n", s->jobs_file, k.n, k.size);
}
