/* test.h: checks that count, random numbers from a printed seed, and a job for each case. */
#ifndef NM_TEST_H
#define NM_TEST_H
#include "inside.h"

#include <stdlib.h>

/* the part of a test's random cases that are tried: under the address sanitizer each takes ten times as long */
#ifdef __SANITIZE_ADDRESS__
enum { T_SHARE = 4 };
#else
enum { T_SHARE = 1 };
#endif

static size_t t_passed, t_failed, t_skipped;
static uint64_t t_seed = 1;

#define CHECK(cond, ...) t_check((cond), __FILE__, __LINE__, #cond, "" __VA_ARGS__)

static inline bool t_check(bool ok, const char *file, int line, const char *what, const char *fmt,
                           ...)
{
    if (ok) {
        t_passed++;
        return true;
    }
    if (t_failed++ < 20) {
        va_list ap;
        va_start(ap, fmt);
        printf("FAIL %s:%d: %s ", file, line, what);
        vprintf(fmt, ap);
        printf("\n");
        va_end(ap);
    }
    return false;
}

static inline uint64_t t_random(void)
{
    uint64_t z = t_seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline double t_uniform(double lo, double hi)
{
    return lo + (hi - lo) * (double)(t_random() >> 11) * 0x1p-53;
}
static inline size_t t_below(size_t n) { return (size_t)(t_random() % n); }

/* runs body in a job of its own; returns its code, and fails the test unless it is `want` */
static inline int t_job(int want, void (*body)(nm_job *, void *), void *arg)
{
    nm_job *job = nm_job_new();
    const int code = nm_run(job, body, arg);
    t_check(code == want, "job", 0, "code", "%d, not %d: %s", code, want, nm_job_message(job));
    nm_job_free(job);
    return code;
}

static inline int t_done(const char *name)
{
    printf("%s: %zu passed, %zu failed, %zu skipped\n", name, t_passed, t_failed, t_skipped);
    return t_failed > 0;
}
#endif
