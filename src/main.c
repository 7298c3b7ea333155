/* main.c: the program: runs one verb. It alone uses stdout, for the answer, and stderr, for messages. */
#define _GNU_SOURCE
#include "base/base.h"
#include "command/command.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(nm_job *job, const nm_cli *c, nm_buf *out);
} verbs[] = {
#define VERB(name, use, files, help, exits) {#name, nm_verb_##name},
#include "command/command.def"
#undef VERB
};
enum { N_VERBS = sizeof verbs / sizeof *verbs };

static volatile sig_atomic_t stop;

/* The first signal asks the program to stop; another one, at least half a second later, kills it at once. The delay is
 * needed because tools that signal a whole group, and a campaign that signals its workers, may deliver the first signal
 * twice. */
static void on_signal(int sig)
{
    static struct timespec first;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double since = (double)(now.tv_sec - first.tv_sec) +
                         1e-9 * (double)(now.tv_nsec - first.tv_nsec);
    if (stop && since > 0.5) _Exit(128 + sig);
    if (!stop) first = now;
    stop = 1;
}

typedef struct {
    bool quiet, line; /* line: one of progress stands on the terminal */
} screen;

typedef struct {
    int argc, code;
    char **argv;
    nm_buf out;
    screen screen;
} run_t;

/* shows a line of progress in place of the last one; "": takes it away */
static void show(void *arg, const char *text)
{
    screen *s = arg;
    struct winsize size = {0};
    const int width = ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
    if (*text || s->line) fprintf(stderr, "\r%.*s\033[K", width, text);
    fflush(stderr);
    s->line = *text != 0;
}

/* prints a note; --quiet leaves warnings alone */
static void say(void *arg, const char *text)
{
    screen *s = arg;
    if (s->quiet && strncmp(text, "warning: ", 9)) return;
    if (s->line) show(s, "");
    fprintf(stderr, "netmip: %s\n", text);
}

static bool is_help(const char *arg) { return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0; }

static void run(nm_job *job, void *arg)
{
    run_t *r = arg;
    nm_job_on_note(job, say, &r->screen);
    r->out = (nm_buf){.job = job};
    const char *verb = r->argc > 1 ? r->argv[1] : "--help";
    if (is_help(verb) && r->argc > 2) verb = r->argv[2]; /* netmip -h solve, as netmip solve -h */
    if (is_help(verb)) {
        nm_help_overview(&r->out);
        r->code = r->argc > 1 ? NM_OK : NM_EUSE;
        return;
    }
    if (strcmp(verb, "--version") == 0 || strcmp(verb, "--name") == 0) { /* as the VNN-LIB standard requires */
        nm_put(&r->out, "%s\n", verb[2] == 'n' ? "netmip" : NM_VERSION);
        return;
    }
    size_t k = 0;
    while (k < N_VERBS && strcmp(verbs[k].name, verb)) k++;
    if (k == N_VERBS) nm_help_no_verb(job, verb);
    for (int i = 1; i < r->argc; i++)
        if (is_help(r->argv[i])) {
            nm_help_print(&r->out, verb);
            return;
        }
    nm_cli c = {0};
    nm_cli_parse(job, &c, r->argc, r->argv);
    r->screen.quiet = nm_cli_has(&c, NM_O_quiet);
    nm_cli_keep_memory(job, &c);
    nm_cli_outputs_apart(job, &c);
    if (!r->screen.quiet && isatty(2)) nm_job_on_show(job, show, &r->screen);
    r->code = verbs[k].run(job, &c, &r->out);
}

/* Keeps freed memory in the process: every node of a search frees memory and takes it again; returning it to the kernel
 * would spend a sixth of the time on clearing pages. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20); /* older C libraries refuse more */
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 4 << 20);
#endif
}

int main(int argc, char **argv)
{
    keep_memory();
    nm_job *job = nm_job_new();
    if (!job) return fprintf(stderr, "netmip: out of memory\n"), NM_EIO;
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    nm_job_stop_flag(job, &stop);
    nm_children_tell(job);
    run_t r = {.argc = argc, .code = NM_OK, .argv = argv};
    const int thrown = nm_run(job, run, &r);
    nm_show(job, "%s", "");
    int code = thrown ? thrown : r.code; /* a campaign may have an answer although some samples failed */
    if (thrown) fprintf(stderr, "netmip: %s\n", nm_job_message(job));
    if (r.out.n && (!thrown || code == NM_EUSE) &&
        (fwrite(r.out.s, 1, r.out.n, stdout) != r.out.n || fflush(stdout)) &&
        errno != EPIPE) { /* a reader that has seen enough, such as head, is no error */
        fprintf(stderr, "netmip: cannot write the answer: %s\n", strerror(errno));
        code = NM_EIO;
    }
    nm_job_free(job);
    return code;
}
