/* team.c: work shared among threads, for loops that take from some milliseconds on: rows that are pulled back, nodes of
 * a tree, boxes. Shorter ones are not shared.
 *
 * The thread that asks works, too; helpers start with the call and end with it, so that no thread is alive when a
 * process forks. Items are taken from a counter, so that they may take different times. They must not depend on each
 * other, nor on who takes them; then results are the same for any number of threads. Each thread has a job of its own:
 * memory, errors and locale are not shared, and there is no lock. If there are fewer items than threads, those within
 * an item may use the others. A helper that cannot be started is done without. Cost: about 50 microseconds for each
 * helper, and what a sleeping processor takes to wake up: on virtual machines a millisecond. */
#define _GNU_SOURCE
#include "base/base.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { MOST = 64 };

struct nm_turns {
    atomic_size_t next;
    size_t n;
};

typedef struct {
    nm_job *job;
    void (*body)(nm_job *, void *, nm_turns *);
    void *arg;
    nm_turns *turns;
    int code;
    bool started;
    pthread_t thread;
} member;

static void free_own(void *job) { nm_job_free(job); }

nm_job *nm_job_own(nm_job *of)
{
    nm_job *own = nm_job_helper(of, 1);
    if (!own) nm_throw(of, NM_EIO, "out of memory");
    nm_defer(of, free_own, own);
    return own;
}

bool nm_turns_next(nm_job *job, nm_turns *t, size_t *i)
{
    if (nm_stopped(job)) return false;
    *i = atomic_fetch_add(&t->next, 1);
    return *i < t->n;
}

static void take_turns(nm_job *job, void *arg)
{
    const member *m = arg;
    m->body(job, m->arg, m->turns);
}

static void *help(void *arg)
{
    member *m = arg;
    m->code = nm_run(m->job, take_turns, m);
    if (m->code) atomic_store(&m->turns->next, m->turns->n); /* others need not go on */
    return NULL;
}

/* Starts the helpers. They take no signals: handlers run where the program expects them. */
static void start(size_t n, member *m)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t k = 1; k < n; k++)
        if (m[k].job) m[k].started = pthread_create(&m[k].thread, NULL, help, &m[k]) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void join(nm_job *job, size_t n, member *m)
{
    int code = m[0].code;
    for (size_t k = 1; k < n; k++)
        if (m[k].started) pthread_join(m[k].thread, NULL);
    const char *message = code ? nm_message_of(job, code) : NULL;
    for (size_t k = 1; k < n; k++) {
        if (!m[k].job) continue;
        if (!code && m[k].code) {
            code = m[k].code;
            const char *said = nm_job_message(m[k].job);
            message = nm_dup(job, said, strlen(said));
        }
        nm_job_free(m[k].job);
    }
    if (code) nm_throw(job, code, "%s", message);
}

void nm_team_run(nm_job *job, size_t n, double work, void (*body)(nm_job *, void *, nm_turns *), void *arg)
{
    const size_t threads = nm_job_threads(job);
    size_t crew = threads < n ? threads : n;
    if (crew > MOST) crew = MOST;
    if (work < nm_job_shares_from(job)) crew = 1;
    const nm_mark mark = nm_mark_get(job);
    nm_turns turns = {0, n};
    if (crew <= 1) {
        body(job, arg, &turns);
        nm_mark_release(job, mark);
        return;
    }
    member m[MOST] = {{.job = job}};
    for (size_t k = 0; k < crew; k++)
        m[k] = (member){.job = k ? nm_job_helper(job, threads / crew) : job, .body = body, .arg = arg, .turns = &turns};
    start(crew, m);
    nm_job_set_threads(job, threads / crew);
    help(&m[0]);
    nm_job_set_threads(job, threads);
    join(job, crew, m);
    nm_mark_release(job, mark);
}
