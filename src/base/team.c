/* team.c: work shared among threads, for loops that take from some milliseconds on: rows that are pulled back, nodes of
 * a tree, boxes, parts of a large operator. Shorter ones are not shared.
 *
 * The thread that asks works, too; helpers start with the call and end with it, so that no thread is alive when a
 * process forks. Items are taken from a counter, so that they may take different times. They must not depend on each
 * other, nor on who takes them; then results are the same for any number of threads. Each thread has a job of its own:
 * memory, errors and locale are not shared, and there is no lock. If there are fewer items than threads, those within
 * an item may use the others, as they may when other threads of the team have nothing left to do. A helper that cannot
 * be started is done without. nm_team_run leaves items out after an interrupt or the deadline; nm_team_ranges does not,
 * as a sum of which some terms are missing is a wrong bound. Its items are taken in ranges, about two for each thread,
 * or all at once if nobody shares them. Cost: about 50 microseconds for each helper, and what a sleeping processor
 * takes to wake up: on virtual machines a millisecond. */
#define _GNU_SOURCE
#include "base/base.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { MOST = 64 };

struct nm_turns {
    atomic_size_t next; /* the next item, or range */
    size_t n, size;     /* number of items; of them in a range */
};
struct nm_idle {
    atomic_size_t threads;
};

typedef struct {
    nm_job *job;
    nm_team_body *body;
    void *arg;
    nm_turns *turns;
    nm_idle *idle;
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

bool nm_turns_range(nm_turns *t, size_t *from, size_t *to)
{
    const size_t i = atomic_fetch_add(&t->next, 1);
    if (t->n == 0 || i > (t->n - 1) / t->size) return false;
    *from = i * t->size;
    *to = *from + t->size < t->n ? *from + t->size : t->n;
    return true;
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
    atomic_fetch_add(&m->idle->threads, nm_job_threads(m->job));
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

static void wait_for(size_t n, member *m)
{
    for (size_t k = 1; k < n; k++)
        if (m[k].started) pthread_join(m[k].thread, NULL);
}

/* Ends the helpers' jobs; throws the first error. */
static void end(nm_job *job, size_t n, member *m)
{
    int code = m[0].code;
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

/* Takes up to n threads from those that idle; returns how many. */
static size_t borrow(nm_idle *idle, size_t n)
{
    size_t have = idle ? atomic_load(&idle->threads) : 0, take = 0;
    do take = have < n ? have : n;
    while (take && !atomic_compare_exchange_weak(&idle->threads, &have, have - take));
    return take;
}

static void run(nm_job *job, size_t n, bool ranges, double work, nm_team_body *body, void *arg)
{
    const size_t own = nm_job_threads(job);
    const bool shared = n > 1 && !(work < nm_job_shares_from(job));
    nm_idle *outer = nm_job_idle(job), idle = {0};
    const size_t borrowed = shared && own < n ? borrow(outer, n - own) : 0, threads = own + borrowed;
    size_t crew = shared ? threads : 1;
    if (crew > n) crew = n;
    if (crew > MOST) crew = MOST;
    const nm_mark mark = nm_mark_get(job);
    nm_turns turns = {0, n, ranges ? crew > 1 ? (n + 2 * crew - 1) / (2 * crew) : n : 1};
    if (crew <= 1) {
        body(job, arg, &turns);
        nm_mark_release(job, mark);
        return;
    }
    member m[MOST] = {{.job = job}};
    for (size_t k = 0; k < crew; k++)
        m[k] = (member){.job = k ? nm_job_helper(job, threads / crew) : job, .body = body, .arg = arg,
                        .turns = &turns, .idle = &idle};
    for (size_t k = 0; k < crew; k++)
        if (m[k].job) nm_job_set_idle(m[k].job, &idle);
    nm_job_set_threads(job, threads / crew);
    start(crew, m);
    help(&m[0]);
    nm_job_set_threads(job, own);
    nm_job_set_idle(job, outer);
    wait_for(crew, m);
    if (borrowed) atomic_fetch_add(&outer->threads, borrowed);
    end(job, crew, m);
    nm_mark_release(job, mark);
}

void nm_team_run(nm_job *job, size_t n, double work, nm_team_body *body, void *arg)
{
    run(job, n, false, work, body, arg);
}

void nm_team_ranges(nm_job *job, size_t n, double work, nm_team_body *body, void *arg)
{
    run(job, n, true, work, body, arg);
}
