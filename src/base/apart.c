/* apart.c: runs work in a process of its own, for libraries that a damaged file can crash or keep busy for ever. What
 * the body puts into its buffer comes back through a pipe, and so does an error that it throws. A process that dies, or
 * that takes more than MOST seconds of CPU, is an error too. What the process writes to stderr is lost. */
#define _GNU_SOURCE
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 120 };

typedef struct {
    void (*body)(nm_job *, void *, nm_buf *);
    void *arg;
    nm_buf out;
} task;
typedef struct {
    pid_t pid;
    int from, status;
    bool done; /* the child has sent everything and closed the pipe */
} child;

static void run(nm_job *job, void *arg)
{
    task *t = arg;
    t->body(job, t->arg, &t->out);
}

static bool send_all(int to, const void *p, size_t n)
{
    for (const char *s = p; n > 0;) {
        const ssize_t sent = write(to, s, n);
        if (sent < 0 && errno != EINTR) return false;
        if (sent <= 0) continue;
        s += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Does the work inside the child process: runs the body, then sends its code, and its buffer or its error message. */
static _Noreturn void work(nm_job *job, task *t, int to, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the child must not outlive its parent */
    if (getppid() != parent) _exit(1);
    setrlimit(RLIMIT_CPU, &(struct rlimit){MOST, MOST});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) dup2(nowhere, 2);
    const int code = nm_run(job, run, t);
    const char *text = code ? nm_job_message(job) : t->out.s;
    _exit(!send_all(to, &code, sizeof code) || !send_all(to, text, code ? strlen(text) : t->out.n));
}

/* Waits until the child has ended; kills it first unless it has sent everything. */
static void end(void *arg)
{
    child *c = arg;
    close(c->from);
    if (!c->done) kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR) {
    }
}

nm_buf nm_apart_run(nm_job *job, const char *path, void (*body)(nm_job *, void *, nm_buf *),
                    void *arg)
{
    int ends[2];
    child *c = NM_NEW(job, child);
    if (pipe2(ends, O_CLOEXEC)) nm_throw(job, NM_EIO, "%s: cannot make a pipe: %s", path, strerror(errno));
    fflush(NULL);
    const pid_t parent = getpid();
    c->pid = fork();
    if (c->pid == 0) work(job, &(task){body, arg, {.job = job}}, ends[1], parent);
    close(ends[1]);
    c->from = ends[0];
    if (c->pid < 0) {
        close(c->from);
        nm_throw(job, NM_EIO, "%s: cannot start a process: %s", path, strerror(errno));
    }
    nm_defer(job, end, c);
    nm_buf all = {.job = job};
    unsigned char part[1 << 16];
    for (ssize_t got = 1; got != 0;) {
        got = read(c->from, part, sizeof part);
        if (got > 0) nm_put_bytes(&all, part, (size_t)got);
        c->done = got == 0;
        if (got < 0 && errno != EINTR) break;
    }
    nm_close(job, c);
    int code;
    if (WIFSIGNALED(c->status))
        nm_throw(job, NM_EINPUT, "%s: the file is damaged: its reader died of signal %d", path,
                 WTERMSIG(c->status));
    if (!WIFEXITED(c->status) || WEXITSTATUS(c->status) || all.n < sizeof code)
        nm_throw(job, NM_EIO, "%s: its reader could not hand on what it read", path);
    memcpy(&code, all.s, sizeof code);
    all.s += sizeof code;
    all.n -= sizeof code;
    if (code) nm_throw(job, code, "%.*s", (int)all.n, all.s);
    return all;
}
