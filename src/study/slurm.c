/* slurm.c: an array job of Slurm: its script, its submission, and programs that are run for what they print.
 *
 * The script holds its tasks itself: Slurm keeps a copy as it was submitted. A task's process is started by exec, so
 * that Slurm's SIGTERM, thirty seconds before the requested time ends, or as the task is preempted, reaches it. */
#define _GNU_SOURCE
#include "base/base.h"
#include "study/study.h"
#include "study/records.h"

#include <sys/stat.h>
#include <unistd.h>

enum {
    START = 120,
    MOST_TASKS = 1000
}; /* seconds before a task works; tasks that Slurm takes unless told otherwise */

/* ---- programs ---- */

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

/* ---- the job ---- */

static void put_head(nm_job *job, nm_buf *b, const nm_spread *s, const nm_slurm_job *a)
{
    nm_put(b, "#!/bin/sh\n#SBATCH --job-name=netmip-%s\n#SBATCH --array=0-%zu",
           nm_name_clean(job, a->name), a->n - 1);
    if (s->array_limit) nm_put(b, "%%%zu", s->array_limit);
    nm_put(b,
           "\n#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=%d\n#SBATCH --requeue\n#SBATCH "
           "--open-mode=append\n",
           a->cpus);
    nm_put(b, "#SBATCH --signal=B:TERM@30\n#SBATCH --output=\"");
    for (const char *at = a->folder; *at; at++) nm_put(b, *at == '%' ? "%%%%" : "%c", *at);
    nm_put(b, "/%%A_%%a.log\"\n");
    if (a->seconds > 0)
        nm_put(b, "#SBATCH --time=%.0f\n", ceil((1.1 * a->seconds + START) / 60)); /* minutes */
    else
        nm_note(job, "without --time-limit a task may take any time: none is requested of Slurm");
    if (a->megabytes > 0)
        nm_put(b, "#SBATCH --mem=%.0fM\n", a->megabytes);
    else
        nm_note(job, "without --memory no memory is requested of Slurm: its default holds");
    if (s->sbatch) nm_put(b, "#SBATCH %s\n", s->sbatch);
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
                 "sbatch is not on the PATH: %s is written, and can be submitted on a machine that has it",
                 script);
    if (status)
        nm_throw(job, NM_EIO, "sbatch %s: %s", script,
                 err.n ? nm_dup(job, err.s, strcspn(err.s, "\n")) : "failed");
    return nm_dup(job, out.s, strspn(out.s, "0123456789"));
}

const char *nm_slurm_run(nm_job *job, const nm_spread *s, const nm_slurm_job *a)
{
    const char *path = nm_fmt(job, "%s/job.sh", a->folder);
    nm_buf b = {.job = job};
    if (s->sbatch && s->sbatch[strcspn(s->sbatch, "\r\n")])
        nm_throw(job, NM_EUSE, "--sbatch: one line was expected");
    if (a->n > MOST_TASKS)
        nm_throw(job, NM_EUSE, "--slurm: %zu tasks are more than the %d that Slurm takes", a->n,
                 MOST_TASKS);
    put_head(job, &b, s, a);
    nm_put(&b,
           "# SLURM_ARRAY_TASK_ID says which of these a task is; one that is requeued is started "
           "anew\nset --%s\n",
           a->tasks);
    if (a->cwd) nm_put(&b, "cd %s || exit 5\n", a->cwd);
    nm_put(&b, "shift \"$SLURM_ARRAY_TASK_ID\"\nexec %s \"$1\"\n", a->command);
    nm_file_write(job, path, b.s, b.n);
    chmod(path, 0755);
    const char *number = submit(job, path);
    nm_file_write(job, nm_fmt(job, "%s/job.%s", a->folder, number), b.s, b.n);
    return number;
}
