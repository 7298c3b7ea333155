/* workers.c: work shared among processes: item i goes to worker i mod T, results come back through shared memory.
 *
 * Items must not depend on each other, so that the results are the same for any number of workers. Each writes its
 * results into memory that was shared before the workers started. If a worker dies, its remaining items keep the values
 * they had. Processes are used instead of threads (team.c) because the solvers that we call keep global state. */
#define _GNU_SOURCE
#include "base/base.h"

#include <poll.h>
#include <sys/mman.h>

enum { MOST = 64 };

typedef struct {
    size_t size;
    char pad[56];
} shared; /* header that stands in front of the shared memory */

static void unmap(void *arg) { munmap(arg, ((shared *)arg)->size); }

void *nm_shared_new(nm_job *job, size_t n, size_t size)
{
    const size_t bytes = nm_mul(job, n ? n : 1, size) + sizeof(shared);
    shared *s = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED) nm_throw(job, NM_EIO, "cannot share %zu bytes of memory", bytes);
    s->size = bytes;
    nm_defer(job, unmap, s);
    return s + 1;
}

void nm_shared_end(nm_job *job, void *p) { nm_close(job, (shared *)p - 1); }

typedef struct {
    size_t from, step, n;
    void (*each)(nm_job *, void *, size_t);
    void *arg;
} share;

static void work(nm_job *job, void *arg)
{
    const share *s = arg;
    for (size_t i = s->from; i < s->n && !nm_stopped(job); i += s->step) s->each(job, s->arg, i);
}

/* Waits for a worker. If the job is stopped, or its deadline passes, the worker gets SIGTERM, which in netmip asks it
 * to stop; in another program the signal's handler may tell it nothing, so it is killed soon after. */
static void dismiss(nm_job *job, nm_child *c)
{
    enum { GRACE = 50 };
    if (nm_child_wait(job, c, nm_job_deadline(job, INFINITY)) < 0) {
        nm_child_ask(c);
        for (int k = 0; k < GRACE && nm_child_status(c) < 0; k++) poll(NULL, 0, 20);
    }
    nm_child_end(job, c);
}

void nm_crew_run(nm_job *job, size_t threads, size_t n, void (*each)(nm_job *, void *, size_t),
                 void *arg)
{
    size_t crew = threads < n ? threads : n;
    if (crew > MOST) crew = MOST;
    if (crew <= 1) {
        work(job, &(share){0, 1, n, each, arg});
        return;
    }
    nm_child *child[MOST];
    share part[MOST];
    for (size_t k = 0; k < crew; k++) {
        part[k] = (share){k, crew, n, each, arg};
        child[k] = nm_child_start(job, "a worker", (nm_child_opts){0}, work, &part[k]);
    }
    for (size_t k = 0; k < crew; k++) dismiss(job, child[k]);
}
