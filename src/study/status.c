/* status.c: the progress of a campaign, from its folder only, which is not changed: records, workers' files, and what
 * Slurm reports about the jobs that were submitted from there.
 *
 * The time left is estimated as the number of samples left times the mean time of the records, divided by the number of
 * samples in progress now, or by 1 if there are none. */
#define _GNU_SOURCE
#include "base/base.h"
#include "study/study.h"
#include "study/records.h"

#include <cJSON.h>

typedef struct {
    const char *worker, *record;
    double seconds;
} running;
typedef struct {
    const char *job, *state;
    size_t tasks;
} task;
typedef struct {
    nm_tally tally;
    size_t partial, workers, n_running, cap_running, n_tasks, cap_tasks, n_failed, cap_failed;
    double wall; /* seconds of all records */
    running *now;
    task *tasks;
    int64_t *failed;
} state;

/* ---- records ---- */

static void add_record(nm_job *job, state *s, const char *dir, int64_t sample)
{
    const nm_mark mark = nm_mark_get(job);
    const char *path = nm_fmt(job, "%s/records/%06lld.json", dir, (long long)sample);
    bool failed = false;
    s->tally.all++;
    const nm_json *j = nm_record_read(job, path);
    if (j) {
        const nm_json *wall = nm_json_find(j, "wall_seconds");
        const int status = nm_status_of(
            nm_json_str(job, nm_json_get(job, j, "verdict", path), path));
        failed = status < 0;
        if (nm_record_partial(j))
            s->partial++;
        else
            nm_tally_add(&s->tally, failed ? NM_TALLY_ERROR : status);
        if (wall && !nm_record_partial(j)) s->wall += nm_json_num(job, wall, path);
        nm_close(job, j);
    }
    nm_mark_release(job, mark);
    if (failed) *NM_PUSH(job, s->failed, s->n_failed, s->cap_failed) = sample;
}

/* ---- workers ---- */

typedef struct {
    const char *path, *token;
    state *s;
} worker;

static void read_worker(nm_job *job, void *arg)
{
    const worker *w = arg;
    const nm_json *j = nm_json_parse(job, nm_file_read(job, w->path));
    if (nm_presence_gone(job, j, w->path)) return; /* the next one who comes takes its samples */
    w->s->workers++;
    for (const nm_json *e = nm_json_get(job, j, "running", w->path)->child; e; e = e->next) {
        const char *record = nm_json_str(job, nm_json_get(job, e, "record", w->path), w->path);
        *NM_PUSH(job, w->s->now, w->s->n_running, w->s->cap_running) = (running){
            w->token, nm_dup(job, record, strlen(record)),
            nm_json_num(job, nm_json_get(job, e, "seconds", w->path), w->path)};
    }
}

static void add_workers(nm_job *job, state *s, const char *dir)
{
    const char *folder = nm_fmt(job, "%s/workers", dir);
    size_t n;
    const char **name = nm_folder_names(job, folder, &n);
    for (size_t i = 0; i < n; i++) {
        if (!nm_has_suffix(name[i], ".json")) continue;
        worker w = {nm_fmt(job, "%s/%s", folder, name[i]),
                    nm_dup(job, name[i], strlen(name[i]) - 5), s};
        nm_run(job, read_worker, &w); /* it may be gone by now, or be written just now */
    }
}

/* ---- Slurm ---- */

static void add_job(nm_job *job, state *s, const char *number)
{
    char *const argv[] = {"squeue", "-h", "-r", "-o", "%T", "-j", (char *)number, NULL};
    nm_buf out = {.job = job}, err = {.job = job};
    nm_put(&out, "%s", "");
    if (nm_command_run(job, argv, &out, &err))
        return; /* Slurm is not here, or has forgotten the job: it is over */
    nm_lines l = nm_lines_new(job, (nm_file){"squeue", (const unsigned char *)out.s, out.n});
    nm_span line;
    const size_t first = s->n_tasks;
    while (nm_lines_next(&l, &line)) {
        const char *word = nm_span_dup(job, nm_span_trim(line));
        size_t k = first;
        while (k < s->n_tasks && strcmp(s->tasks[k].state, word)) k++;
        if (k == s->n_tasks)
            *NM_PUSH(job, s->tasks, s->n_tasks, s->cap_tasks) = (task){number, word, 0};
        s->tasks[k].tasks++;
    }
}

static void add_jobs(nm_job *job, state *s, const char *dir)
{
    size_t n;
    const char **name = nm_folder_names(job, nm_fmt(job, "%s/slurm", dir), &n);
    for (size_t i = 0; i < n; i++) {
        const char *number = strncmp(name[i], "job.", 4) == 0 ? name[i] + 4 : "";
        if (*number && !number[strspn(number, "0123456789")]) add_job(job, s, number);
    }
}

/* ---- said ---- */

/* seconds, or NAN: there are no records to go by */
static double time_left(const state *s)
{
    const size_t made = s->tally.done - s->tally.errors;
    if (s->tally.done == s->tally.all) return 0;
    return made ? s->wall / (double)made * (double)(s->tally.all - s->tally.done) /
                      (double)(s->n_running ? s->n_running : 1)
                : NAN;
}

static void put_json(nm_buf *out, const state *s)
{
    nm_jo j = nm_jo_answer(out);
    nm_jo_int(&j, "samples", (int64_t)s->tally.all);
    nm_jo_int(&j, "done", (int64_t)s->tally.done);
    nm_jo_int(&j, "holds", (int64_t)s->tally.holds);
    nm_jo_int(&j, "violated", (int64_t)s->tally.violated);
    nm_jo_int(&j, "unknown", (int64_t)s->tally.unknown);
    nm_jo_int(&j, "errors", (int64_t)s->tally.errors);
    nm_jo_int(&j, "partial", (int64_t)s->partial);
    nm_jo_line(&j);
    nm_jo_int(&j, "workers", (int64_t)s->workers);
    nm_jo_num_if(&j, "seconds_left", time_left(s));
    nm_jo_list(&j, "failed");
    for (size_t i = 0; i < s->n_failed; i++) nm_jo_int(&j, NULL, s->failed[i]);
    nm_jo_end(&j);
    nm_jo_line(&j);
    nm_jo_list(&j, "running");
    for (size_t i = 0; i < s->n_running; i++) {
        nm_jo_object(&j, NULL);
        nm_jo_str(&j, "worker", s->now[i].worker);
        nm_jo_str(&j, "record", s->now[i].record);
        nm_jo_fixed(&j, "seconds", s->now[i].seconds, 1);
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    nm_jo_line(&j);
    nm_jo_list(&j, "slurm");
    for (size_t i = 0; i < s->n_tasks; i++) {
        nm_jo_object(&j, NULL);
        nm_jo_str(&j, "job", s->tasks[i].job);
        nm_jo_str(&j, "state", s->tasks[i].state);
        nm_jo_int(&j, "tasks", (int64_t)s->tasks[i].tasks);
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    nm_jo_done(&j);
}

static void put_text(nm_job *job, nm_buf *out, const state *s)
{
    enum { SHOWN = 20 };
    nm_put(out, "%s", nm_tally_text(job, &s->tally, s->tally.done, 0, NULL));
    if (s->partial) nm_put(out, "; %zu cut short, to be made again", s->partial);
    const double left = time_left(s);
    if (left > 0)
        nm_put(out, "; about %s left%s", nm_duration(job, left),
               s->n_running ? "" : " for one worker");
    if (s->workers)
        nm_put(out, "\nat work: %zu, with %s in hand\n", s->workers,
               nm_counted(out->job, s->n_running, "samples"));
    else
        nm_put(out, "\nnobody is at work\n");
    for (size_t i = 0; i < s->n_running && i < SHOWN; i++)
        nm_put(out, "  %s: %s, %s\n", s->now[i].worker, s->now[i].record,
               nm_duration(job, s->now[i].seconds));
    if (s->n_running > SHOWN) nm_put(out, "  and %zu more\n", s->n_running - SHOWN);
    for (size_t i = 0; i < s->n_tasks; i++)
        nm_put(out, "Slurm job %s: %s %s\n", s->tasks[i].job, nm_counted(out->job, s->tasks[i].tasks, "tasks"),
               s->tasks[i].state);
    if (!s->n_failed) return;
    nm_put(out, "failed:");
    for (size_t i = 0; i < s->n_failed && i < SHOWN; i++)
        nm_put(out, " %lld", (long long)s->failed[i]);
    nm_put(out, "%s; their records say why, and --rerun error tries them again\n",
           s->n_failed > SHOWN ? " .." : "");
}

void nm_campaign_status(nm_job *job, const char *dir, nm_buf *out, bool json)
{
    const char *path = nm_fmt(job, "%s/%s", dir, NM_CAMPAIGN_FILE);
    if (!nm_file_exists(path))
        nm_throw(job, NM_EIO, "%s: is no folder of a campaign: it has no %s", dir,
                 NM_CAMPAIGN_FILE);
    int64_t n;
    const bool *asked = nm_campaign_asked(job, dir, &n);
    state s = {0};
    for (int64_t i = 0; i < n; i++)
        if (asked[i]) add_record(job, &s, dir, i);
    add_workers(job, &s, dir);
    add_jobs(job, &s, dir);
    if (json)
        put_json(out, &s);
    else
        put_text(job, out, &s);
}
