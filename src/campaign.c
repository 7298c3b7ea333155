/* campaign.c: one question for many samples: records, workers, resume, tables.
 *
 * DIR/campaign.json says what was asked (hashes of network, images and labels, and the options); a later run with
 * another question is refused. DIR/records/N.json is one sample, written whole or not at all; results.csv and
 * summary.json are made from the records alone, at the end of every run. Workers are forked processes that take
 * the next
 * sample from a shared counter; each sample's memory is returned before the next. A worker that dies leaves the sample
 * `unknown` with the reason, and another takes its place. Killed at any moment and started again, a campaign loses at
 * most the samples in flight; an interrupt records none of them. Times apart, records do not depend on the number of
 * workers: each sample is solved by itself. */
#define _GNU_SOURCE
#include "all.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORKERS = 256 };

typedef struct { /* shared between the parent and its workers */
    size_t next, done, holds, violated, unknown;
    int64_t now[MAX_WORKERS]; /* sample in the worker's hands, or -1 */
} board;

typedef struct {
    nm_job *job;
    const nm_campaign *c;
    const nm_program *p;
    size_t n;
    int64_t *todo;
    board *board;
    pid_t pid[MAX_WORKERS];
} crew;

static char *record_path(nm_job *job, const nm_campaign *c, int64_t sample)
{
    return nm_fmt(job, "%s/records/%06lld.json", c->dir, (long long)sample);
}

/* ---- one sample ---- */

typedef struct {
    crew *w;
    int64_t sample;
    nm_buf out;
    int status;
} task;

static void put_record(nm_buf *b, int64_t sample, const nm_query *q, const nm_verdict *v,
                       double cpu, const char *witness)
{
    static const char *const names[] = {"holds", "violated", "unknown"};
    double margin = INFINITY;
    size_t unstable = 0, binaries = 0;
    for (size_t i = 0; i < v->n_layers; i++) unstable += v->layers[i].unstable;
    for (size_t i = 0; i < v->n_targets; i++) {
        binaries += v->targets[i].bins;
        if (v->targets[i].margin_lo < margin) margin = v->targets[i].margin_lo;
    }
    nm_put(b,
           "{\"netmip\": \"record\", \"version\": 1, \"sample\": %lld, \"label\": %lld, "
           "\"predicted\": %lld, ",
           (long long)sample, (long long)q->label, (long long)q->predicted);
    nm_put(b, "\"verdict\": \"%s\", ",
           names[v->status == NM_OK         ? 0
                 : v->status == NM_VIOLATED ? 1
                                            : 2]);
    if (v->status != NM_UNKNOWN && v->by) nm_put(b, "\"proved_by\": \"%s\", ", v->by);
    if (v->status == NM_UNKNOWN && v->why)
        nm_put(b, "\"why\": "), nm_put_json(b, v->why), nm_put(b, ", ");
    if (isfinite(margin)) nm_put(b, "\"margin_lo\": "), nm_put_num(b, margin), nm_put(b, ", ");
    if (v->witness && v->witness->is_violated)
        nm_put(b, "\"distance\": "), nm_put_num(b, v->witness->linf), nm_put(b, ", ");
    if (witness) nm_put(b, "\"witness\": "), nm_put_json(b, witness), nm_put(b, ", ");
    nm_put(
        b,
        "\"unstable\": %zu, \"binaries\": %zu, \"cpu_seconds\": %.6f, \"solver_seconds\": %.6f}\n",
        unstable, binaries, cpu, v->cpu_solver);
}

static void solve_sample(nm_job *job, void *arg)
{
    task *t = arg;
    const nm_campaign *c = t->w->c;
    const double start = nm_cpu();
    nm_around a = c->around;
    a.x = nm_dataset_get(job, c->net, &c->images, t->sample).x;
    a.label = c->has_labels ? nm_dataset_label(job, &c->labels, t->sample) : -1;
    const nm_query *q = nm_query_around(job, c->net, &a);
    nm_solve_opts o = c->solve;
    o.program = t->w->p;
    const nm_verdict *v = nm_solve_query(job, c->net, q, &o);
    if (nm_stopped(job)) return; /* in flight: not recorded */
    const char *witness = NULL;
    if (v->witness && v->witness->is_violated && c->save_witness) {
        witness = nm_fmt(job, "witness/%06lld.npy", (long long)t->sample);
        nm_write_npy(job, nm_fmt(job, "%s/%s", c->dir, witness), q->shape, v->witness->x);
    }
    t->out = (nm_buf){.job = job};
    put_record(&t->out, t->sample, q, v, nm_cpu() - start, witness);
    t->status = v->status;
    nm_file_write(job, record_path(job, c, t->sample), t->out.s, t->out.n);
}

static void record_failure(crew *w, int64_t sample, const char *why)
{
    nm_buf b = {.job = w->job};
    nm_put(&b,
           "{\"netmip\": \"record\", \"version\": 1, \"sample\": %lld, \"verdict\": \"unknown\", "
           "\"why\": ",
           (long long)sample);
    nm_put_json(&b, why);
    nm_put(&b, "}\n");
    nm_file_write(w->job, record_path(w->job, w->c, sample), b.s, b.n);
}

static void run_sample(crew *w, int slot, int64_t sample)
{
    w->board->now[slot] = sample;
    const nm_mark mark = nm_mark_get(w->job);
    task t = {.w = w, .sample = sample, .status = NM_UNKNOWN};
    const int code = nm_run(w->job, solve_sample, &t);
    if (code == NM_EIO)
        nm_throw(w->job, code, "%s", nm_job_message(w->job)); /* memory, or a full disk */
    if (code) record_failure(w, sample, nm_job_message(w->job));
    nm_mark_release(w->job, mark);
    w->board->now[slot] = -1;
    if (nm_stopped(w->job)) return;
    size_t *count = t.status == NM_OK         ? &w->board->holds
                    : t.status == NM_VIOLATED ? &w->board->violated
                                              : &w->board->unknown;
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&w->board->done, 1, __ATOMIC_RELAXED);
}

/* ---- workers ---- */

typedef struct {
    crew *w;
    int slot;
} worker_t;

static void work(nm_job *job, void *arg)
{
    const worker_t *me = arg;
    crew *w = me->w;
    while (!nm_stopped(job)) {
        const size_t k = __atomic_fetch_add(&w->board->next, 1, __ATOMIC_RELAXED);
        if (k >= w->n) return;
        run_sample(w, me->slot, w->todo[k]);
    }
}

static void limit_worker(const nm_campaign *c)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no orphan goes on writing */
    const struct rlimit r = {(rlim_t)c->memory, (rlim_t)c->memory};
    if (c->memory > 0) setrlimit(RLIMIT_AS, &r);
}

static void start_worker(crew *w, int slot)
{
    fflush(NULL);
    const pid_t parent = getpid(), pid = fork();
    if (pid < 0) nm_throw(w->job, NM_EIO, "cannot start a worker: %s", strerror(errno));
    w->pid[slot] = pid;
    if (pid > 0) return;
    limit_worker(w->c);
    if (getppid() != parent) _exit(1);
    worker_t me = {w, slot};
    const int code = nm_run(w->job, work, &me);
    if (code) nm_note(w->job, "%s", nm_job_message(w->job));
    _exit(code);
}

static void progress(const crew *w, bool last)
{
    const board *b = w->board;
    if (!isatty(2)) return;
    char text[160];
    const int n = snprintf(text, sizeof text, "\r%zu of %zu: %zu hold, %zu violated, %zu unknown%s",
                           b->done, w->n, b->holds, b->violated, b->unknown, last ? "\n" : " ");
    if (write(2, text, (size_t)n) < 0) return;
}

/* one ended worker: replaced when it died in the middle of a sample */
static void ended(crew *w, int slot, int status)
{
    w->pid[slot] = 0;
    const int64_t sample = w->board->now[slot];
    if (WIFEXITED(status) && WEXITSTATUS(status) == NM_EIO)
        nm_throw(w->job, NM_EIO,
                 "a worker could not go on (memory or disk); what is recorded is kept");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    if (nm_stopped(w->job)) return;
    if (sample >= 0)
        record_failure(w, sample,
                       WIFSIGNALED(status)
                           ? nm_fmt(w->job, "its worker died by signal %d", WTERMSIG(status))
                           : "its worker failed");
    w->board->now[slot] = -1;
    w->board->unknown++;
    w->board->done++;
    if (w->board->next < w->n) start_worker(w, slot);
}

static void stop_all(void *arg)
{
    crew *w = arg;
    for (int i = 0; i < MAX_WORKERS; i++)
        if (w->pid[i] > 0) kill(w->pid[i], SIGKILL), waitpid(w->pid[i], NULL, 0);
    munmap(w->board, sizeof *w->board);
}

/* passes an interrupt on: once politely, after two seconds for good */
static void pass_stop(const crew *w, int workers, double *since)
{
    if (!nm_stopped(w->job)) return;
    const double now = nm_wall();
    const bool first = *since == 0, last = !first && now - *since > 2;
    if (first) *since = now;
    for (int i = 0; (first || last) && i < workers; i++)
        if (w->pid[i] > 0) kill(w->pid[i], last ? SIGKILL : SIGTERM);
}

static void wait_all(crew *w, int workers)
{
    double since = 0;
    for (int left = workers; left > 0;) {
        left = 0;
        pass_stop(w, workers, &since);
        for (int i = 0; i < workers; i++) {
            int status;
            if (w->pid[i] > 0 && waitpid(w->pid[i], &status, WNOHANG) == w->pid[i])
                ended(w, i, status);
            left += w->pid[i] > 0;
        }
        progress(w, left == 0);
        if (left) usleep(20000);
    }
}

static void run_crew(crew *w, int workers)
{
    w->board = mmap(NULL, sizeof *w->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                    0);
    if (w->board == MAP_FAILED) nm_throw(w->job, NM_EIO, "no shared memory: %s", strerror(errno));
    nm_defer(w->job, stop_all, w);
    for (int i = 0; i < MAX_WORKERS; i++) w->board->now[i] = -1;
    for (int i = 0; i < workers; i++) start_worker(w, i);
    wait_all(w, workers);
    nm_close(w->job, w);
}

/* ---- the folder ---- */

static void make_dir(nm_job *job, const char *path)
{
    if (mkdir(path, 0777) && errno != EEXIST)
        nm_throw(job, NM_EIO, "%s: cannot make the folder: %s", path, strerror(errno));
}

/* NAME.XXXXXX of a file that this program writes there: what a killed run left unfinished */
static bool is_leftover(const char *name)
{
    static const char *const ours[] = {"campaign.json", "results.csv", "summary.json", NULL};
    const char *dot = strrchr(name, '.');
    if (!dot || strlen(dot) != 7) return false;
    const size_t n = (size_t)(dot - name);
    for (const char *const *o = ours; *o; o++)
        if (strlen(*o) == n && memcmp(name, *o, n) == 0) return true;
    size_t digits = 0;
    while (name[digits] >= '0' && name[digits] <= '9') digits++;
    return digits >= 6 &&
           (strncmp(name + digits, ".json.", 6) == 0 || strncmp(name + digits, ".npy.", 5) == 0) &&
           strchr(name + digits + 1, '.') == dot;
}

static void sweep(nm_job *job, const char *path)
{
    DIR *d = opendir(path);
    for (const struct dirent *e; d && (e = readdir(d));)
        if (is_leftover(e->d_name)) unlink(nm_fmt(job, "%s/%s", path, e->d_name));
    if (d) closedir(d);
}

static void drop_lock(void *arg)
{
    const int *fd = arg;
    close(*fd);
}

/* one run at a time: the lock is the process's, and goes with it however it ends */
static void lock(nm_job *job, const nm_campaign *c)
{
    const char *path = nm_fmt(job, "%s/campaign.json", c->dir);
    int *fd = NM_NEW(job, int);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) nm_throw(job, NM_EIO, "%s: %s", path, strerror(errno));
    nm_defer(job, drop_lock, fd);
    for (int tries = 0; flock(*fd, LOCK_EX | LOCK_NB);
         tries++) { /* a killed run's workers need a moment to go */
        if (tries == 20) nm_throw(job, NM_EIO, "%s: another run works in this folder", c->dir);
        usleep(100000);
    }
}

static void open_dir(nm_job *job, const nm_campaign *c)
{
    nm_buf b = {.job = job};
    nm_put(&b,
           "{\"netmip\": \"campaign\", \"version\": 1,\n \"net_sha256\": \"%s\",\n "
           "\"images_sha256\": \"%s\",\n \"labels_sha256\": \"%s\",\n"
           " \"question\": ",
           c->net->hash, c->images.hash, c->has_labels ? c->labels.hash : "");
    nm_put_json(&b, c->question);
    nm_put(&b, ",\n \"program\": \"%s\"}\n", NM_VERSION);
    make_dir(job, c->dir);
    make_dir(job, nm_fmt(job, "%s/records", c->dir));
    if (c->save_witness) make_dir(job, nm_fmt(job, "%s/witness", c->dir));
    const char *path = nm_fmt(job, "%s/campaign.json", c->dir);
    if (!nm_file_exists(path)) {
        nm_file_write(job, path, b.s, b.n);
        return;
    }
    const nm_file f = nm_file_read(job, path);
    if (f.n == b.n && !memcmp(f.data, b.s, b.n)) return;
    const nm_json *j = nm_json_parse(job, f);
    static const char *const keys[] = {"net_sha256", "images_sha256", "labels_sha256", "question",
                                       "program"};
    const char *now[] = {c->net->hash, c->images.hash, c->has_labels ? c->labels.hash : "",
                         c->question, NM_VERSION};
    for (size_t i = 0; i < 5; i++) {
        const char *was = nm_json_str(job, nm_json_get(job, j, keys[i], path), path);
        if (strcmp(was, now[i]))
            nm_throw(job, NM_EUSE, "%s: holds another campaign: its %s is \"%s\", now \"%s\"",
                     c->dir, keys[i], was, now[i]);
    }
}

static bool wanted(nm_job *job, const nm_campaign *c, int64_t sample)
{
    const char *path = record_path(job, c, sample);
    if (!nm_file_exists(path) || strcmp(c->rerun, "always") == 0) return true;
    if (strcmp(c->rerun, "never") == 0) return false;
    const nm_json *j = nm_json_parse(job, nm_file_read(job, path));
    return strcmp(nm_json_str(job, nm_json_get(job, j, "verdict", path), path), c->rerun) == 0;
}

bool nm_campaign_run(nm_job *job, const nm_campaign *c)
{
    crew w = {.job = job, .c = c};
    open_dir(job, c);
    lock(job, c);
    sweep(job, c->dir);
    sweep(job, nm_fmt(job, "%s/records", c->dir));
    sweep(job, nm_fmt(job, "%s/witness", c->dir));
    w.todo = NM_RAW(job, int64_t, (size_t)(c->to - c->from));
    for (int64_t i = c->from; i < c->to; i++)
        if (wanted(job, c, i)) w.todo[w.n++] = i;
    w.p = nm_lower(job, c->net);
    const int workers = c->workers > MAX_WORKERS   ? MAX_WORKERS
                        : (size_t)c->workers > w.n ? (int)w.n
                                                   : c->workers;
    if (w.n) run_crew(&w, workers);
    nm_campaign_tables(job, c);
    return !nm_stopped(job);
}
