/* compare_numbers.c: two campaigns, sample by sample.
 *
 * Two verdicts contradict each other where a counterexample of the one campaign would be one of the other, which says
 * that there is none. That is so for the same network, images and label, if the input set and the domain of the first
 * lie within those of the second, and its margin is not smaller: sets that are said alike, or balls (and ranges of
 * brightness and contrast) of another radius. Optima contradict each other if the value that one attains is below what
 * the other proves, by more than a millionth. Times: the median of the ratios, and the ratio of the geometric means
 * shifted by a second. */
#include "base/base.h"
#include "study/study.h"
#include "study/numbers.h"
#include "study/records.h"
#include "study/results.h"

#include <stdlib.h>

#define SAME_OPTIMUM 1e-6
#define SHIFT        1.0
#define TICK         1e-6 /* seconds in records have so many digits */

/* ---- questions ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_flag(const nm_results *a, const nm_results *b, const char *flag)
{
    return same_text(nm_results_flag(a, flag), nm_results_flag(b, flag));
}

static double number_of(const char *text, double none)
{
    double x;
    return text && nm_fraction_parse(text, text + strlen(text), &x) ? x : none;
}

/* hashes of the files that sets name, which end the question's text */
static const char *hashes(const nm_results *r)
{
    const size_t n = strlen(r->question);
    return n && r->question[n - 1] == ')' ? strrchr(r->question, '(') : NULL;
}

/* the radius, and in *name the letters before it; NaN: the set is no ball */
static double radius_of(const char *set, size_t *name)
{
    static const char *const balls[] = {
        "linf:", "l1:", "l2:", "l0:", "pixels:", "brightness:", "contrast:"};
    for (size_t i = 0; set && i < sizeof balls / sizeof *balls; i++) {
        *name = strlen(balls[i]);
        if (!strncmp(set, balls[i], *name)) return number_of(set + *name, NAN);
    }
    return NAN;
}

static bool set_within(const nm_results *a, const nm_results *b)
{
    const char *x = nm_results_flag(a, "perturb"), *y = nm_results_flag(b, "perturb");
    if (same_text(x, y)) return same_text(hashes(a), hashes(b));
    size_t n, m;
    const double r = radius_of(x, &n), s = radius_of(y, &m);
    return r <= s && n == m && !strncmp(x, y, n);
}

static bool domain_within(const nm_results *a, const nm_results *b)
{
    const char *x = nm_results_flag(a, "domain"), *y = nm_results_flag(b, "domain");
    if (same_text(x, y)) return true;
    const char *p = x ? strchr(x, ',') : NULL, *q = y ? strchr(y, ',') : NULL;
    double lo[2], hi[2];
    return p && q && nm_fraction_parse(x, p, &lo[0]) && nm_fraction_parse(y, q, &lo[1]) &&
           nm_fraction_parse(p + 1, p + strlen(p), &hi[0]) &&
           nm_fraction_parse(q + 1, q + strlen(q), &hi[1]) && lo[1] <= lo[0] && hi[0] <= hi[1];
}

static bool within(const nm_results *a, const nm_results *b)
{
    return set_within(a, b) && domain_within(a, b) &&
           number_of(nm_results_flag(a, "margin"), 0) >= number_of(nm_results_flag(b, "margin"), 0);
}

nm_related nm_results_related(const nm_results *a, const nm_results *b)
{
    static const char *const fronts[] = {"channels", "output-name", "input-shape", "mean", "std"};
    nm_related how = {0};
    if (strcmp(a->net_hash, b->net_hash) || strcmp(a->images_hash, b->images_hash)) return how;
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++)
        if (!same_flag(a, b, fronts[i])) return how;
    how.first_within = within(a, b);
    how.second_within = within(b, a);
    const char *objective = nm_results_flag(a, "objective");
    if (objective && how.first_within && how.second_within && same_flag(a, b, "objective")) {
        how.margin = !strcmp(objective, "worst");
        how.distance = !strncmp(objective, "closest", 7);
    }
    return how;
}

/* ---- rows ---- */

static bool is_below(double value, double bound)
{
    return value < bound - SAME_OPTIMUM * fmax(1, fmax(fabs(value), fabs(bound)));
}

bool nm_outcomes_contradict(nm_related how, const nm_outcome *a, const nm_outcome *b)
{
    if (a->label != b->label) return false;
    const bool first = a->status == NM_VIOLATED && b->status == NM_OK,
               second = b->status == NM_VIOLATED && a->status == NM_OK;
    return (how.first_within && first) || (how.second_within && second) ||
           (how.margin &&
            (is_below(a->margin, b->margin_lo) || is_below(b->margin, a->margin_lo))) ||
           (how.distance &&
            (is_below(a->distance, b->distance_lo) || is_below(b->distance, a->distance_lo)));
}

const nm_outcome *nm_results_find(const nm_results *r, int64_t sample)
{
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (r->row[mid].sample < sample)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->n && r->row[lo].sample == sample ? &r->row[lo] : NULL;
}

static bool counts(const nm_outcome *r) { return r->status != NM_TALLY_ERROR && !r->partial; }

/* the ratios of times y to x */
static void times(nm_job *job, size_t n, const double *x, const double *y, double *median,
                  double *mean)
{
    double *ratio = NM_RAW(job, double, n + 1);
    for (size_t i = 0; i < n; i++) ratio[i] = fmax(y[i], TICK) / fmax(x[i], TICK);
    *median = nm_median(n, ratio);
    *mean = n ? fmax(nm_shifted_mean(n, y, SHIFT), TICK) / fmax(nm_shifted_mean(n, x, SHIFT), TICK)
              : NAN;
}

nm_pair nm_results_pair(const nm_results *a, const nm_results *b)
{
    nm_job *job = a->job;
    const nm_related how = nm_results_related(a, b);
    nm_pair p = {0};
    double *t[2][2]; /* wall, CPU; of the first, of the second */
    for (int i = 0; i < 4; i++) t[i / 2][i % 2] = NM_RAW(job, double, a->n + 1);
    for (size_t i = 0; i < a->n; i++) {
        const nm_outcome *x = &a->row[i], *y = nm_results_find(b, x->sample);
        if (!y || !counts(x) || !counts(y)) continue;
        t[0][0][p.n] = x->wall;
        t[0][1][p.n] = y->wall;
        t[1][0][p.n] = x->cpu;
        t[1][1][p.n++] = y->cpu;
        p.changed += x->status != y->status;
        p.only_first += x->status != NM_UNKNOWN && y->status == NM_UNKNOWN;
        p.only_second += x->status == NM_UNKNOWN && y->status != NM_UNKNOWN;
        p.contradictions += nm_outcomes_contradict(how, x, y);
    }
    for (size_t k = 0; k < 2; k++) times(job, p.n, t[k][0], t[k][1], &p.median[k], &p.mean[k]);
    return p;
}
