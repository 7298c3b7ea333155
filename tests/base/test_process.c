/* test_process.c: child processes: their status, the memory that they may address, their groups, and that none of them
 * outlives what it belongs to. */
#define _GNU_SOURCE
#include "base/base.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void end_with(nm_job *job, void *arg) { (void)job, _exit(*(int *)arg); }
static void throws(nm_job *job, void *arg) { (void)arg, nm_throw(job, NM_EUNSUP, "not today"); }
static void aborts(nm_job *job, void *arg) { (void)job, (void)arg, raise(SIGKILL); }
static void sleeps(nm_job *job, void *arg) { (void)job, (void)arg, sleep(60); }

static void eats(nm_job *job, void *arg)
{
    (void)job;
    void *volatile p = malloc(*(size_t *)arg); /* else clang takes it for granted */
    _exit(p ? 0 : 9);
}

/* a child that starts a process of its own, says its number, and waits */
static void starts_another(nm_job *job, void *arg)
{
    const int fd = *(int *)arg;
    const pid_t pid = fork();
    (void)job;
    if (pid > 0 && write(fd, &pid, sizeof pid) != sizeof pid) _exit(1);
    sleep(60);
}

static bool gone(pid_t pid)
{
    for (int i = 0; i < 200; i++, usleep(10000)) {
        char name[64];
        snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
        FILE *f = fopen(name, "r");
        if (!f) return true;
        char state = 0;
        const bool zombie = fscanf(f, "%*d %*s %c", &state) == 1 && state == 'Z';
        fclose(f);
        if (zombie) return true;
    }
    return false;
}

static void status(nm_job *job, void *arg)
{
    int three = 3;
    (void)arg;
    nm_child *c = nm_child_start(job, "a child", (nm_child_opts){0}, end_with, &three);
    CHECK(nm_child_wait(job, c, nm_wall() + 20) == 3);
    CHECK(nm_child_status(c) == 3); /* it stays until it is ended */
    CHECK(nm_child_join(job, c) == 3);
    CHECK(nm_child_join(job, nm_child_start(job, "a child", (nm_child_opts){0}, throws, NULL)) ==
          NM_EUNSUP);
    CHECK(nm_child_join(job, nm_child_start(job, "a child", (nm_child_opts){0}, aborts, NULL)) ==
          NM_DIED + SIGKILL);
    c = nm_child_start(job, "a child", (nm_child_opts){0}, sleeps, NULL);
    CHECK(nm_child_wait(job, c, nm_wall() + 0.05) == -1);
    nm_child_ask(c);
    CHECK(nm_child_join(job, c) == NM_DIED + SIGTERM);
}

static void memory(nm_job *job, void *arg)
{
    size_t most = (size_t)4 << 30;
    (void)arg;
    CHECK(nm_child_join(job, nm_child_start(job, "a child", (nm_child_opts){0}, eats, &most)) == 0);
#ifdef __SANITIZE_ADDRESS__
    t_skipped++; /* the sanitizer's own tables do not fit */
#else
    const nm_child_opts gigabyte = {.memory = (size_t)1 << 30};
    CHECK(nm_child_join(job, nm_child_start(job, "a child", gigabyte, eats, &most)) == 9);
#endif
}

static void group(nm_job *job, void *arg)
{
    int fd[2];
    pid_t other = 0;
    (void)arg;
    CHECK(pipe(fd) == 0);
    nm_child *c = nm_child_start(job, "a child", (nm_child_opts){.group = true}, starts_another,
                                 &fd[1]);
    CHECK(read(fd[0], &other, sizeof other) == sizeof other && other > 0);
    nm_child_end(job, c);
    CHECK(gone(other));
    close(fd[0]);
    close(fd[1]);
}

static void start_and_throw(nm_job *job, void *arg)
{
    nm_child_start(job, "a child", (nm_child_opts){.group = true}, starts_another, arg);
    pid_t other = 0;
    if (read(((int *)arg)[-1], &other, sizeof other) != sizeof other)
        nm_throw(job, NM_EIO, "no number");
    ((int *)arg)[1] = (int)other;
    nm_throw(job, NM_EUSE, "given up");
}

static void thrown(nm_job *job, void *arg)
{
    (void)arg;
    int fd[3] = {0};
    CHECK(pipe(fd) == 0);
    CHECK(nm_run(job, start_and_throw, &fd[1]) == NM_EUSE);
    CHECK(fd[2] > 0 && gone(fd[2]));
    close(fd[0]);
    close(fd[1]);
}

int main(void)
{
    t_job(0, status, NULL);
    t_job(0, memory, NULL);
    t_job(0, group, NULL);
    t_job(0, thrown, NULL);
    return t_done("test_process");
}
