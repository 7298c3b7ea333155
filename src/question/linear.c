/* linear.c: linear terms as files write them: sums of products and constants, whose sums are exact.
 *
 * Like terms and constants are kept as parts, doubles that do not overlap and whose exact sum they are (Shewchuk 1997,
 * Adaptive Precision Floating-Point Arithmetic, section 2.4), so that 1e16 + 1 - 1e16 is 1 in whatever order it is
 * written, through names that a let binds, too. A row has one double for each: its coefficients are rounded to nearest,
 * from an exact sum, once. A sum of few terms mostly has one part. Cost: n log n for n terms, times the parts. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"

#include <stdlib.h>

/* ---- parts ---- */

size_t nm_parts_add(double *part, size_t n, double x)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        const double y = part[i], big = fabs(x) < fabs(y) ? y : x, small = fabs(x) < fabs(y) ? x : y;
        const double sum = big + small, rest = small - (sum - big);
        if (rest != 0) part[m++] = rest;
        x = sum;
    }
    if (x != 0) part[m++] = x;
    return m;
}

/* Adds from the largest part down until one leaves a rest. If that is half a last place, the next part, which has its
 * sign or the other one, says to which side the sum lies. */
double nm_parts_round(const double *part, size_t n)
{
    double sum = n ? part[--n] : 0, rest = 0;
    while (n > 0 && rest == 0) {
        const double x = sum, y = part[--n];
        sum = x + y;
        rest = y - (sum - x);
    }
    if (n > 0 && ((rest < 0 && part[n - 1] < 0) || (rest > 0 && part[n - 1] > 0))) {
        const double up = sum + 2 * rest;
        if (up - sum == 2 * rest) sum = up;
    }
    return sum;
}

double nm_parts_below(const double *part, size_t n)
{
    const double s = nm_parts_round(part, n);
    double own[NM_PARTS];
    if (!isfinite(s) || n > NM_PARTS - 1) return s;
    if (n) memcpy(own, part, n * sizeof *own);
    n = nm_parts_add(own, n, -s);
    return n && own[n - 1] < 0 ? nm_down(s) : s;
}

/* ---- terms ---- */

void nm_linear_constant(nm_job *job, nm_linear *x, double c)
{
    if (c == 0) return;
    *NM_PUSH(job, x->c, x->n_c, x->cap_c) = 0; /* room for one more part */
    x->n_c = nm_parts_add(x->c, x->n_c - 1, c);
}

void nm_linear_add(nm_job *job, nm_linear *to, const nm_linear *x, double k)
{
    for (size_t i = 0; i < x->n; i++)
        *NM_PUSH(job, to->t, to->n, to->cap) = (nm_lterm){x->t[i].var, k * x->t[i].coef};
    for (size_t i = 0; i < x->n_c; i++) nm_linear_constant(job, to, k * x->c[i]);
}

typedef struct {
    uint32_t var, at; /* at: where the term stands */
} place;

static int by_variable(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->var != y->var ? (x->var < y->var ? -1 : 1) : (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* Sorts the terms by variable; then lists the runs of one variable, by where each begins in the text, as places of
 * sorted terms; returns how many there are. */
static size_t list_runs(const nm_linear *x, place *term, place *run)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++) term[i] = (place){x->t[i].var, (uint32_t)i};
    qsort(term, x->n, sizeof *term, by_variable);
    for (size_t i = 0; i < x->n; i++)
        if (i == 0 || term[i].var != term[i - 1].var) run[n++] = (place){(uint32_t)i, term[i].at};
    qsort(run, n, sizeof *run, by_place);
    return n;
}

void nm_linear_merge(nm_job *job, nm_linear *x, bool rounded)
{
    place *term = NM_RAW(job, place, x->n + 1), *run = NM_RAW(job, place, x->n + 1);
    const size_t n = list_runs(x, term, run);
    nm_lterm *out = NM_RAW(job, nm_lterm, x->n + 1);
    double *part = NM_RAW(job, double, x->n + 1);
    size_t kept = 0;
    for (size_t k = 0; k < n; k++) {
        const uint32_t var = term[run[k].var].var;
        size_t parts = 0;
        for (size_t i = run[k].var; i < x->n && term[i].var == var; i++)
            parts = nm_parts_add(part, parts, x->t[term[i].at].coef);
        if (rounded && parts) part[0] = nm_parts_round(part, parts), parts = 1;
        for (size_t i = 0; i < parts; i++) out[kept++] = (nm_lterm){var, part[i]};
    }
    x->t = out;
    x->n = kept;
    x->cap = kept; /* one that is pushed goes elsewhere */
}
