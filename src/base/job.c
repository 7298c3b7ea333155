/* job.c: a job owns memory, closers and one error; nothing else in the tree allocates.
 *
 * Memory is an arena of chunks, 64-byte aligned, freed together or back to a mark. Whatever else has to be released
 * (files, trees of other libraries) registers a closer with nm_defer. An error is thrown to the nearest nm_run by
 * longjmp, so inner code passes no status codes. nm_run runs the closers that were deferred since it began; memory
 * stays until the job, or an outer mark, is released. A failed allocation, real or simulated by nm_fail_after, is such
 * an error too. A job belongs to one thread; helpers (team.c) have jobs of their own, which count their memory in that
 * of the job that they help. Left out on purpose: any global state. */
#define _GNU_SOURCE
#include "base/base.h"

#include <locale.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

typedef struct chunk {
    struct chunk *next;
    size_t size, used;
} chunk;
typedef struct closer {
    struct closer *next;
    void (*run)(void *);
    void *thing;
} closer;

struct nm_job {
    chunk *top;
    closer *closers;
    jmp_buf *catch;
    char message[1024];
    atomic_size_t own, *bytes; /* bytes: own, or that of the job that this one helps */
    size_t limit, threads;
    nm_idle *idle;   /* threads that the team which it works in has to spare, or NULL */
    double share_from;
    nm_job *helps;   /* or NULL */
    chunk *spare;    /* of CHUNK bytes each, kept for later, as fresh memory costs a fault for each page */
    size_t n_spare;
    long fail_after; /* > 0: the allocation that will fail, counted from now */
    const volatile sig_atomic_t *stop;
    double deadline;
    void (*note)(void *, const char *);
    void *note_arg;
    char **warnings; /* [n_warnings] each said once */
    size_t n_warnings;
    void (*show)(void *, const char *);
    void *show_arg;
    double shown, watched; /* when last, and since when */
    char stage[160];
    bool children_tell;
    locale_t c_locale;
};

#ifdef __SANITIZE_ADDRESS__ /* which sees the use of released memory only if it is given back */
enum { CHUNK = 1 << 20, HEAD = 64, MOST_SPARE = 0 };
#else
enum { CHUNK = 1 << 20, HEAD = 64, MOST_SPARE = 16 };
#endif

nm_job *nm_job_new(void)
{
    nm_job *job = calloc(1, sizeof *job);
    if (!job) return NULL;
    job->bytes = &job->own;
    job->limit = NM_MAX_BYTES;
    job->threads = 1;
    job->share_from = 5e7; /* some milliseconds: a processor that sleeps may take one to wake up */
    job->deadline = INFINITY;
    job->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (job->c_locale) return job;
    free(job);
    return NULL;
}

nm_job *nm_job_helper(nm_job *of, size_t threads)
{
    nm_job *job = nm_job_new();
    if (!job) return NULL;
    job->helps = of;
    job->spare = of->spare;
    if (of->spare) {
        of->spare = of->spare->next;
        of->n_spare--;
        job->spare->next = NULL;
        job->n_spare = 1;
    }
    job->bytes = of->bytes;
    job->limit = of->limit;
    job->threads = threads;
    job->share_from = of->share_from;
    job->stop = of->stop;
    job->deadline = of->deadline;
    return job;
}

static void close_until(nm_job *job, const closer *last)
{
    while (job->closers != last) {
        closer *c = job->closers;
        job->closers = c->next;
        c->run(c->thing);
        free(c);
    }
}

/* Keeps a chunk, or gives it back. */
static void release(nm_job *job, chunk *c)
{
    if (c->size == CHUNK && job->n_spare + 1 <= MOST_SPARE) {
        c->next = job->spare;
        job->spare = c;
        job->n_spare++;
        return;
    }
    atomic_fetch_sub(job->bytes, c->size);
    free(c);
}

static void release_spare(nm_job *job)
{
    while (job->spare) {
        chunk *c = job->spare;
        job->spare = c->next;
        if (job->helps) release(job->helps, c);
        if (job->helps) continue;
        atomic_fetch_sub(job->bytes, c->size);
        free(c);
    }
    job->n_spare = 0;
}

void nm_job_free(nm_job *job)
{
    if (!job) return;
    close_until(job, NULL);
    nm_mark_release(job, (nm_mark){NULL, 0});
    release_spare(job);
    freelocale(job->c_locale);
    for (size_t i = 0; i < job->n_warnings; i++) free(job->warnings[i]);
    free(job->warnings);
    free(job);
}

const char *nm_job_message(const nm_job *job)
{
    return job ? job->message : "the job is NULL: memory ended when it was made, or another object's is NULL";
}
void nm_job_on_note(nm_job *job, void (*note)(void *, const char *), void *arg)
{
    if (!job) return;
    job->note = note;
    job->note_arg = arg;
}
void nm_children_tell(nm_job *job) { job->children_tell = true; }
void nm_job_is_child(nm_job *job)
{
    if (!job->children_tell) job->note = NULL;
    job->show = NULL;
    nm_job_set_threads(job, 1);
}
void nm_job_stop_flag(nm_job *job, const volatile sig_atomic_t *stop)
{
    if (job) job->stop = stop;
}
void nm_job_limit(nm_job *job, size_t bytes)
{
    if (job) job->limit = bytes;
}
bool nm_interrupted(const nm_job *job) { return job->stop && *job->stop; }
bool nm_stopped(const nm_job *job)
{
    return nm_interrupted(job) || (job->deadline < INFINITY && nm_wall() > job->deadline);
}
void nm_job_set_deadline(nm_job *job, double wall) { job->deadline = wall; }
double nm_job_deadline(nm_job *job, double wall)
{
    const double was = job->deadline;
    if (wall < was) job->deadline = wall;
    return was;
}
size_t nm_job_threads(const nm_job *job) { return job->threads; }
double nm_job_shares_from(const nm_job *job) { return job->share_from; }
void nm_job_share_all(nm_job *job) { job->share_from = 0; }
void nm_job_set_threads(nm_job *job, size_t n) { job->threads = n > 1 ? n : 1; }
nm_idle *nm_job_idle(const nm_job *job) { return job->idle; }
void nm_job_set_idle(nm_job *job, nm_idle *idle) { job->idle = idle; }
void nm_fail_after(nm_job *job, long n) { job->fail_after = n; }

static _Noreturn void leave(nm_job *job, int code)
{
    nm_job *to = job; /* outside of nm_run, errors of nm_job_own's memory are those of the job that has it */
    while (!to->catch && to->helps) to = to->helps;
    if (to != job) memcpy(to->message, job->message, sizeof job->message);
    if (to->catch) longjmp(*to->catch, code);
    fputs("netmip: an error was thrown outside of nm_run\n", stderr);
    abort();
}

void nm_throw(nm_job *job, int code, const char *fmt, ...)
{
    char text[sizeof job->message]; /* the arguments may include the old message */
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    memcpy(job->message, text, sizeof text);
    leave(job, code);
}

void nm_throw_at(nm_job *job, int code, const char *file, int line, int col, const char *fmt, ...)
{
    char text[768];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (line > 0 && col > 0) nm_throw(job, code, "%s:%d:%d: %s", file, line, col, text);
    if (line > 0) nm_throw(job, code, "%s:%d: %s", file, line, text);
    nm_throw(job, code, "%s: %s", file, text);
}

int nm_run(nm_job *job, void (*body)(nm_job *, void *), void *arg)
{
    jmp_buf here;
    jmp_buf *volatile outer = job->catch;
    const closer *volatile last = job->closers;
    const double deadline = job->deadline;
    const size_t threads = job->threads;
    const locale_t before = uselocale(job->c_locale);
    job->catch = &here;
    const int code = setjmp(here);
    if (code == 0) body(job, arg);
    job->catch = outer;
    job->deadline = deadline;
    job->threads = threads;
    close_until(job, (const closer *)last);
    uselocale(before);
    return code;
}

const char *nm_message_of(nm_job *job, int code)
{
    return code ? nm_dup(job, job->message, strlen(job->message)) : "";
}

size_t nm_mul(nm_job *job, size_t a, size_t b)
{
    size_t c;
    if (__builtin_mul_overflow(a, b, &c))
        nm_throw(job, NM_EIO, "a size overflows: %zu times %zu", a, b);
    return c;
}

size_t nm_mul_in(nm_job *job, const char *path, size_t a, size_t b)
{
    size_t c;
    if (__builtin_mul_overflow(a, b, &c))
        nm_throw(job, NM_EINPUT, "%s: sizes overflow: %zu times %zu", path, a, b);
    return c;
}

/* Counts bytes; returns false, and counts nothing, if they would exceed the limit. */
static bool count(nm_job *job, size_t bytes)
{
    const size_t before = atomic_fetch_add(job->bytes, bytes);
    if (before <= job->limit && bytes <= job->limit - before) return true;
    atomic_fetch_sub(job->bytes, bytes);
    return false;
}

static bool fails_now(nm_job *job) { return job->fail_after > 0 && --job->fail_after == 0; }

static chunk *new_chunk(nm_job *job, size_t size)
{
    chunk *c = job->spare;
    if (c && size == CHUNK) {
        job->spare = c->next;
        job->n_spare--;
        return c;
    }
    bool fits = count(job, size);
    if (!fits && job->spare && !job->helps) {
        release_spare(job);
        fits = count(job, size);
    }
    if (!fits) return NULL;
    c = aligned_alloc(64, size);
    if (!c) atomic_fetch_sub(job->bytes, size);
    return c;
}

void *nm_try(nm_job *job, size_t bytes)
{
    if (bytes > SIZE_MAX - 64 - HEAD || fails_now(job)) return NULL;
    const size_t need = (bytes + 63) & ~(size_t)63;
    chunk *c = job->top;
    if (!c || c->size - c->used < need) {
        const size_t size = need + HEAD > CHUNK ? need + HEAD : CHUNK;
        c = new_chunk(job, size);
        if (!c) return NULL;
        *c = (chunk){job->top, size, HEAD};
        job->top = c;
    }
    void *p = (char *)c + c->used;
    c->used += need;
    return p;
}

void *nm_raw(nm_job *job, size_t n, size_t size)
{
    const size_t bytes = nm_mul(job, n, size);
    void *p = nm_try(job, bytes);
    if (!p)
        nm_throw(job, NM_EIO, "out of memory: %zu bytes more than the %zu in use", bytes,
                 atomic_load(job->bytes));
    return p;
}

void *nm_zero(nm_job *job, size_t n, size_t size)
{
    void *p = nm_raw(job, n, size);
    return memset(p, 0, n * size);
}

void *nm_grow_(nm_job *job, void *old, size_t n, size_t *cap, size_t size)
{
    const size_t more = *cap ? nm_mul(job, *cap, 2) : 16;
    void *p = nm_raw(job, more, size);
    if (n) memcpy(p, old, n * size);
    *cap = more;
    return p;
}

char *nm_dup(nm_job *job, const char *s, size_t n)
{
    char *p = nm_raw(job, n + 1, 1);
    if (n) memcpy(p, s, n);
    p[n] = 0;
    return p;
}

char *nm_fmt(nm_job *job, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = nm_raw(job, (size_t)n + 1, 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

nm_mark nm_mark_get(nm_job *job) { return (nm_mark){job->top, job->top ? job->top->used : 0}; }

void nm_mark_release(nm_job *job, nm_mark m)
{
    while (job->top && job->top != m.chunk) {
        chunk *c = job->top;
        job->top = c->next;
        release(job, c);
    }
    if (job->top) job->top->used = m.used;
}

void nm_defer(nm_job *job, void (*run)(void *), void *thing)
{
    closer *c = fails_now(job) ? NULL : malloc(sizeof *c);
    if (!c) {
        run(thing);
        nm_throw(job, NM_EIO, "out of memory");
    }
    *c = (closer){job->closers, run, thing};
    job->closers = c;
}

void nm_close(nm_job *job, const void *thing)
{
    for (closer **at = &job->closers; *at; at = &(*at)->next) {
        closer *c = *at;
        if (c->thing != thing) continue;
        *at = c->next;
        c->run(c->thing);
        free(c);
        return;
    }
}

void nm_note(nm_job *job, const char *fmt, ...)
{
    if (!job->note) return;
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    job->note(job->note_arg, text);
}

/* Keeps a warning beyond all marks, for answers that are read by programs. */
static void keep_warning(nm_job *job, const char *text)
{
    for (size_t i = 0; i < job->n_warnings; i++)
        if (strcmp(job->warnings[i], text) == 0) return;
    char **more = realloc(job->warnings, (job->n_warnings + 1) * sizeof *more);
    if (more) job->warnings = more;
    char *copy = more ? strdup(text) : NULL;
    if (!copy) nm_throw(job, NM_EIO, "out of memory");
    job->warnings[job->n_warnings++] = copy;
}

size_t nm_warnings(const nm_job *job, const char *const **text)
{
    *text = (const char *const *)job->warnings;
    return job->n_warnings;
}

void nm_warn(nm_job *job, const char *fmt, ...)
{
    char text[1024] = "warning: ";
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text + 9, sizeof text - 9, fmt, ap);
    va_end(ap);
    keep_warning(job, text + 9);
    if (job->note) job->note(job->note_arg, text);
}

void nm_job_on_show(nm_job *job, void (*show)(void *, const char *), void *arg)
{
    job->show = show;
    job->show_arg = arg;
    job->watched = nm_wall();
}

bool nm_shows(const nm_job *job) { return job->show != NULL; }

bool nm_show_due(nm_job *job)
{
    const double moment = 0.2;
    return job->show && nm_wall() - job->shown >= moment;
}

void nm_show(nm_job *job, const char *fmt, ...)
{
    if (!job->show) return;
    char text[sizeof job->stage], all[2 * sizeof job->stage + 40];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    job->shown = nm_wall();
    snprintf(all, sizeof all, "%s%s; %.0f s", job->stage, strcmp(text, " ") ? text : "", job->shown - job->watched);
    job->show(job->show_arg, *text && *job->stage ? all : text);
}

/* Notes the stage that is run: from now on the line begins with it, and ends with the seconds since the job is watched;
 * a blank between them stands for nothing. */
void nm_show_stage(nm_job *job, const char *fmt, ...)
{
    if (!job->show) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(job->stage, sizeof job->stage, fmt, ap);
    va_end(ap);
    if (nm_show_due(job)) nm_show(job, " ");
}

static double seconds(struct timeval t) { return (double)t.tv_sec + 1e-6 * (double)t.tv_usec; }

double nm_cpu(void)
{
    struct rusage me, children;
    getrusage(RUSAGE_SELF, &me);
    getrusage(RUSAGE_CHILDREN, &children);
    return seconds(me.ru_utime) + seconds(me.ru_stime) + seconds(children.ru_utime) +
           seconds(children.ru_stime);
}

double nm_wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double *nm_repeat(nm_job *job, size_t n, double x)
{
    double *out = NM_RAW(job, double, n + 1);
    for (size_t i = 0; i < n; i++) out[i] = x;
    return out;
}
