/* process.c: child processes: started, limited, waited for and ended in one place.
 *
 * A child runs a function in a copy of its parent (fork), and may become another program from there. It never outlives
 * its parent: PR_SET_PDEATHSIG sees to that, and the child compares the parent's process number in case the parent died
 * before that call. A child may be limited in memory, and may head a process group that is killed with it, for programs
 * that start programs. Children belong to their job: when it ends or throws they are killed and waited for. A child
 * that has ended stays a zombie until nm_child_end, so that its number, and its group's, cannot be reused in between.
 * Cost: a fork. */
#define _GNU_SOURCE
#include "base/base.h"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct nm_child {
    pid_t pid;
    bool group;
};

static void reap(void *arg)
{
    const nm_child *c = arg;
    if (c->pid <= 0) return; /* it was not started */
    kill(c->group ? -c->pid : c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Runs the body inside the child. */
static _Noreturn void live(nm_job *job, nm_child_opts o, pid_t parent,
                           void (*body)(nm_job *, void *), void *arg)
{
    if (o.group) setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    const struct rlimit limit = {o.memory, o.memory};
    if (o.memory) setrlimit(RLIMIT_AS, &limit);
    nm_job_is_child(job);
    const int code = nm_run(job, body, arg);
    if (code && o.tell) nm_note(job, "%s", nm_job_message(job));
    _exit(code);
}

nm_child *nm_child_start(nm_job *job, const char *what, nm_child_opts o,
                         void (*body)(nm_job *, void *), void *arg)
{
    nm_child *c = NM_NEW(job, nm_child);
    nm_defer(job, reap, c); /* before the fork, because it may throw */
    /* Else the child would write the parent's buffered output a second time. Not fflush(NULL), which waits for any
     * thread that is reading from a stream. */
    fflush(stdout);
    fflush(stderr);
    const pid_t parent = getpid(), pid = fork();
    if (pid < 0) nm_throw(job, NM_EIO, "cannot start %s: %s", what, strerror(errno));
    if (pid == 0) live(job, o, parent, body, arg);
    if (o.group) setpgid(pid, pid); /* in parent and child: either may come first */
    *c = (nm_child){pid, o.group};
    return c;
}

int nm_child_status(const nm_child *c)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return errno == ECHILD ? NM_DIED : -1; /* other code waited for it, so how it ended is unknown */
    if (info.si_pid != c->pid) return -1;
    return info.si_code == CLD_EXITED ? info.si_status : NM_DIED + info.si_status;
}

int nm_child_wait(nm_job *job, const nm_child *c, double until)
{
    for (int ms = 1; !nm_interrupted(job) && nm_wall() < until; ms = ms < 20 ? 2 * ms : 20) {
        const int status = nm_child_status(c);
        if (status >= 0) return status;
        if (nm_show_due(job)) nm_show(job, " ");
        poll(NULL, 0, ms);
    }
    return -1;
}

int nm_child_join(nm_job *job, nm_child *c)
{
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
    const int status = nm_child_status(c);
    nm_close(job, c);
    return status;
}

void nm_child_ask(const nm_child *c) { kill(c->pid, SIGTERM); }
void nm_child_kill(const nm_child *c) { kill(c->group ? -c->pid : c->pid, SIGKILL); }
void nm_child_end(nm_job *job, nm_child *c) { nm_close(job, c); }
