/* fail_call.c: makes one system call of a program fail. Loaded by LD_PRELOAD, it traps calls of libc (seccomp,
 * SECCOMP_RET_TRAP), also those inside stdio, zlib and readdir, which replaced functions would not see; the FAIL_AT-th
 * of them, counted from 1, fails, all others are carried out.
 *
 *   FAIL_AS   how: an error number, or "short": a read or write of half of the bytes
 *   FAIL_OF   the calls that count, by name, with a comma behind each: "open,read,"; all others pass
 *   FAIL_LOG  a file that gets the name of each call that counts
 *
 * Only instructions of libc are trapped: the handler's own calls pass, and those of programs that are run (their libc
 * is at another place). Children count on from their parent's number. Threads are not trapped at their start. x86-64
 * alone; ends with 99 where it cannot be installed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static const struct {
    int number;
    const char *name;
} calls[] = {
    {SYS_open, "open,"},       {SYS_openat, "open,"},   {SYS_read, "read,"},
    {SYS_pread64, "read,"},    {SYS_write, "write,"},   {SYS_pwrite64, "write,"},
    {SYS_writev, "write,"},    {SYS_fsync, "sync,"},    {SYS_rename, "rename,"},
    {SYS_link, "link,"},       {SYS_linkat, "link,"},   {SYS_clone, "fork,"},
    {SYS_mkdir, "mkdir,"},     {SYS_unlink, "unlink,"}, {SYS_unlinkat, "unlink,"},
    {SYS_rmdir, "unlink,"},    {SYS_stat, "stat,"},     {SYS_lstat, "stat,"},
    {SYS_newfstatat, "stat,"}, {SYS_fstat, "stat,"},    {SYS_getdents64, "list,"},
    {SYS_dup, "dup,"},         {SYS_pipe2, "pipe,"},    {SYS_close, "close,"},
    {SYS_fchmod, "chmod,"},    {SYS_wait4, "wait,"},    {SYS_waitid, "wait,"},
    {SYS_poll, "poll,"},       {SYS_lseek, "seek,"},
};
enum { N_CALLS = sizeof calls / sizeof *calls, ROOM = 2 * N_CALLS + 16 };

static long at, seen;
static int error, record = -1;

/* Makes the call through an instruction of this file: libc's syscall() would be trapped again. */
static long raw(const greg_t *g, long third)
{
    long out;
    register long a4 __asm__("r10") = g[REG_R10], a5 __asm__("r8") = g[REG_R8],
                     a6 __asm__("r9") = g[REG_R9];
    __asm__ volatile("syscall"
                     : "=a"(out)
                     : "a"(g[REG_RAX]), "D"(g[REG_RDI]), "S"(g[REG_RSI]), "d"(third), "r"(a4),
                       "r"(a5), "r"(a6)
                     : "rcx", "r11", "memory");
    return out;
}

static void note(const char *name)
{
    greg_t g[NGREG] = {
        [REG_RAX] = SYS_write, [REG_RDI] = record, [REG_RSI] = (greg_t)(uintptr_t)name};
    if (record >= 0) raw(g, (long)strlen(name));
}

static void trapped(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    g[REG_RAX] = info->si_syscall;
    long third = g[REG_RDX];
    for (size_t i = 0; i < N_CALLS; i++)
        if (calls[i].number == info->si_syscall) note(calls[i].name);
    if (++seen == at && error > 0) {
        g[REG_RAX] = -error;
        return;
    }
    if (seen == at && third > 1) third /= 2;
    g[REG_RAX] = raw(g, third);
}

static int of_libc(struct dl_phdr_info *info, size_t size, void *range)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const uintptr_t lo = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr,
                        hi = lo + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X)) continue;
        if ((uintptr_t)&getppid < lo || (uintptr_t)&getppid >= hi) continue;
        ((uintptr_t *)range)[0] = lo;
        ((uintptr_t *)range)[1] = hi;
        return 1;
    }
    return 0;
}

#define FIELD(f)     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, f))
#define HIGH(f)      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, f) + 4)
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)

__attribute__((constructor)) static void install(void)
{
    const char *of = getenv("FAIL_OF"), *as = getenv("FAIL_AS"), *n = getenv("FAIL_AT"),
               *log = getenv("FAIL_LOG");
    uintptr_t range[2] = {0};
    if (!of || !as || !n || !dl_iterate_phdr(of_libc, range) || range[0] >> 32 != range[1] >> 32)
        _exit(99);
    at = atol(n);
    error = strcmp(as, "short") ? atoi(as) : 0;
    if (log) record = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    struct sock_filter f[ROOM] = {
        HIGH(instruction_pointer),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(range[0] >> 32), 1, 0),
        ANSWER(SECCOMP_RET_ALLOW),
        FIELD(instruction_pointer),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)range[0], 1, 0),
        ANSWER(SECCOMP_RET_ALLOW),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)range[1], 0, 1),
        ANSWER(SECCOMP_RET_ALLOW),
        FIELD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0,
                 3), /* a thread's stack is another one: passes */
        FIELD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_VM, 0, 1),
        ANSWER(SECCOMP_RET_ALLOW),
        FIELD(nr),
    };
    size_t k = 14;
    for (size_t i = 0; i < N_CALLS; i++) {
        if (!strstr(of, calls[i].name)) continue;
        f[k++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number,
                                              0, 1);
        f[k++] = (struct sock_filter)ANSWER(SECCOMP_RET_TRAP);
    }
    f[k++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    const struct sigaction handle = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER};
    const struct sock_fprog program = {(unsigned short)k, f};
    if (sigaction(SIGSYS, &handle, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        _exit(99);
}
