/* compare_tables.c: what several campaigns say side by side: a row a campaign, as in table 1 of Tjeng, Xiao and Tedrake
 * (2019); what they do not have in common; each against the first; samples whose verdicts differ. */
#include "base/base.h"
#include "study/study.h"
#include "study/numbers.h"
#include "study/plot.h"
#include "study/records.h"
#include "study/results.h"
#include "study/sheet.h"

#include <stdlib.h>

#define SHIFT    1.0
#define SHORTEST 0.01 /* times below it are mostly noise, and drawn there */
enum { HASH_SHOWN = 12 };

/* ---- a row a campaign ---- */

typedef struct {
    double mean, median, shifted;
} seconds;

static seconds seconds_of(const nm_results *r)
{
    double *t = NM_RAW(r->job, double, r->n + 1), sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (isfinite(r->row[i].wall) && !r->row[i].partial) sum += t[n++] = r->row[i].wall;
    const double shifted = n ? nm_shifted_mean(n, t, SHIFT) : NAN;
    return (seconds){n ? sum / (double)n : NAN, nm_median(n, t), shifted};
}

static void put_limits(nm_sheet *s, const nm_results *r)
{
    nm_limits l;
    double confidence;
    if (nm_results_sample(r, &l, &confidence))
        nm_sheet_str(
            s, nm_fmt(s->job, "%.2f to %.2f (%g %%)", 100 * l.lo, 100 * l.hi, 100 * confidence));
    else
        nm_sheet_str(s, "");
}

static void add_campaign(nm_sheet *s, const nm_results *r)
{
    const nm_totals *t = &r->totals;
    const size_t judged = r->is_benchmark ? 0 : nm_results_judged(r); /* a benchmark has no such error */
    const seconds sec = seconds_of(r);
    const char *limit = nm_results_flag(r, "time-limit");
    nm_sheet_str(s, r->dir);
    nm_sheet_str(s, nm_results_net(r));
    nm_sheet_str(s, nm_results_within(r));
    nm_sheet_int(s, t->samples);
    nm_sheet_percent(s, t->misclassified, judged);
    nm_sheet_percent(s, t->violated, judged);
    nm_sheet_percent(s, t->violated + t->unknown, judged);
    put_limits(s, r);
    nm_sheet_int(s, t->holds);
    nm_sheet_int(s, t->violated);
    nm_sheet_int(s, t->unknown);
    nm_sheet_int(s, t->errors);
    nm_sheet_int(s, t->left);
    nm_sheet_fixed(s, sec.mean, 3);
    nm_sheet_fixed(s, sec.median, 3);
    nm_sheet_fixed(s, sec.shifted, 3);
    nm_sheet_fixed(s, t->cpu, 1);
    nm_sheet_str(s, limit ? limit : "none");
}

nm_sheet nm_campaigns_sheet(nm_job *job, const nm_results *r, size_t n)
{
    static const char *const columns[] = {
        "campaign",          "network",          "within",         "#samples", "#test error %",
        "#error at least %", "#error at most %", "limits of it %", "#hold",    "#violated",
        "#unknown",          "#errors",          "#left",          "#mean s",  "#median s",
        "#shifted mean s",   "#CPU s in all",    "limit s",        NULL};
    nm_sheet s = nm_sheet_new(job, "campaigns", "Adversarial error", columns);
    for (size_t i = 0; i < n; i++) add_campaign(&s, &r[i]);
    return s;
}

/* ---- what differs ---- */

static const char *const *with_folders(nm_job *job, const nm_results *r, size_t n,
                                       const char *const *first, size_t n_first)
{
    const char **c = NM_ARRAY(job, const char *, n_first + n + 1);
    for (size_t i = 0; i < n_first; i++) c[i] = first[i];
    for (size_t i = 0; i < n; i++)
        c[n_first + i] = *r[i].dir == '#' ? nm_fmt(job, "./%s", r[i].dir) : r[i].dir;
    return c;
}

static void add_difference(nm_sheet *s, const char *what, size_t n, const char *const *value)
{
    bool differ = false;
    for (size_t i = 1; i < n; i++) differ |= strcmp(value[i], value[0]) != 0;
    if (!differ) return;
    nm_sheet_str(s, what);
    for (size_t i = 0; i < n; i++) nm_sheet_str(s, value[i]);
}

static const char *hash_shown(nm_job *job, const char *hash)
{
    return *hash ? nm_fmt(job, "%.*s", HASH_SHOWN, hash) : "none";
}

/* the flags that any of them has, each once */
static nm_names flags_of(nm_job *job, const nm_results *r, size_t n)
{
    nm_names names = {0};
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 2; k++)
            for (const nm_said *s = k ? r[i].effort : r[i].flags; s->key; s++)
                nm_names_add(job, &names, nm_span_of(s->key));
    return names;
}

nm_sheet nm_differences_sheet(nm_job *job, const nm_results *r, size_t n)
{
    static const char *const first[] = {"what"};
    nm_sheet s = nm_sheet_new(job, "differences", "What differs between the campaigns",
                              with_folders(job, r, n, first, 1));
    const char **v = NM_ARRAY(job, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        v[i] = nm_fmt(job, "%s %s", nm_results_net(&r[i]), hash_shown(job, r[i].net_hash));
    add_difference(&s, "network", n, v);
    for (size_t i = 0; i < n; i++) v[i] = hash_shown(job, r[i].images_hash);
    add_difference(&s, "images", n, v);
    for (size_t i = 0; i < n; i++) v[i] = hash_shown(job, r[i].labels_hash);
    add_difference(&s, "labels", n, v);
    for (size_t i = 0; i < n; i++) v[i] = r[i].program;
    add_difference(&s, "version of netmip", n, v);
    const nm_names flags = flags_of(job, r, n);
    for (size_t k = 0; k < flags.n; k++) {
        for (size_t i = 0; i < n; i++) {
            const char *said = nm_results_flag(&r[i], flags.name[k]);
            v[i] = !said ? "-" : *said ? said : "yes";
        }
        add_difference(&s, nm_fmt(job, "--%s", flags.name[k]), n, v);
    }
    return s;
}

/* ---- each against the first ---- */

nm_sheet nm_pairs_sheet(nm_job *job, const nm_results *r, size_t n)
{
    static const char *const columns[] = {"first",
                                          "second",
                                          "#samples of both",
                                          "#verdicts changed",
                                          "#decided by first alone",
                                          "#decided by second alone",
                                          "#contradictions",
                                          "#wall: median ratio",
                                          "#wall: ratio of means",
                                          "#CPU: median ratio",
                                          "#CPU: ratio of means",
                                          NULL};
    nm_sheet s = nm_sheet_new(job, "pairs", "Each campaign against the first", columns);
    for (size_t i = 1; i < n; i++) {
        const nm_pair p = nm_results_pair(&r[0], &r[i]);
        nm_sheet_str(&s, r[0].dir);
        nm_sheet_str(&s, r[i].dir);
        nm_sheet_int(&s, p.n);
        nm_sheet_int(&s, p.changed);
        nm_sheet_int(&s, p.only_first);
        nm_sheet_int(&s, p.only_second);
        nm_sheet_int(&s, p.contradictions);
        for (size_t k = 0; k < 2; k++) {
            nm_sheet_fixed(&s, p.median[k], 3);
            nm_sheet_fixed(&s, p.mean[k], 3);
        }
    }
    return s;
}

/* ---- samples whose verdicts differ ---- */

static const char *verdict_of(const nm_results *r, int64_t sample)
{
    const nm_outcome *x = nm_results_find(r, sample);
    return !x ? "" : x->partial ? "cut short" : x->verdict;
}

/* true: two of them have whole records of the sample, which say different things */
static bool is_changed(const nm_results *r, size_t n, int64_t sample)
{
    const char *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const nm_outcome *x = nm_results_find(&r[i], sample);
        if (!x || x->partial) continue;
        if (first && strcmp(first, x->verdict)) return true;
        first = x->verdict;
    }
    return false;
}

static int rising(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

nm_sheet nm_changes_sheet(nm_job *job, const nm_results *r, size_t n)
{
    static const char *const of_images[] = {"#sample", "#label"}, *const of_rows[] = {"#sample", "network", "property"};
    const bool rows = r[0].is_benchmark;
    nm_sheet s = nm_sheet_new(job, "changes", "Samples whose verdicts differ",
                              with_folders(job, r, n, rows ? of_rows : of_images, rows ? 3 : 2));
    size_t m = 0, cap = 0;
    int64_t *sample = NULL, last = -1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < r[i].n; k++) *NM_PUSH(job, sample, m, cap) = r[i].row[k].sample;
    if (m) qsort(sample, m, sizeof *sample, rising);
    for (size_t k = 0; k < m; k++) {
        if (sample[k] == last || !is_changed(r, n, last = sample[k])) continue;
        const nm_outcome *one = NULL;
        for (size_t i = 0; i < n && (!one || (!rows && one->label < 0)); i++) {
            const nm_outcome *x = nm_results_find(&r[i], last);
            if (x) one = x;
        }
        nm_sheet_str(&s, nm_fmt(job, "%lld", (long long)last));
        if (rows) nm_sheet_str(&s, one->network), nm_sheet_str(&s, one->property);
        if (!rows) nm_sheet_str(&s, one->label < 0 ? "" : nm_fmt(job, "%lld", (long long)one->label));
        for (size_t i = 0; i < n; i++) nm_sheet_str(&s, verdict_of(&r[i], last));
    }
    return s;
}

/* ---- times ---- */

static nm_series dots_of(nm_job *job, const nm_results *a, const nm_results *b, double *lo,
                         double *hi)
{
    double *x = NM_RAW(job, double, a->n + 1), *y = NM_RAW(job, double, a->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        const nm_outcome *p = &a->row[i], *q = nm_results_find(b, p->sample);
        if (!q || p->partial || q->partial || !isfinite(p->wall) || !isfinite(q->wall)) continue;
        x[n] = fmax(p->wall, SHORTEST);
        y[n] = fmax(q->wall, SHORTEST);
        *lo = fmin(*lo, fmin(x[n], y[n]));
        *hi = fmax(*hi, fmax(x[n], y[n]));
        n++;
    }
    return (nm_series){b->dir, n, x, y, true};
}

nm_plot nm_times_plot(nm_job *job, const nm_results *r, size_t n, bool inside)
{
    nm_series *s = NM_ARRAY(job, nm_series, n + 1);
    double *ends = NM_RAW(job, double, 2), lo = INFINITY, hi = -INFINITY;
    for (size_t i = 1; i < n; i++) s[i - 1] = dots_of(job, &r[0], &r[i], &lo, &hi);
    ends[0] = lo <= hi ? lo : 1;
    ends[1] = lo < hi ? hi : 10 * ends[0];
    s[n - 1] = (nm_series){"as long", 2, ends, ends, false};
    return (nm_plot){.title = "Seconds of each sample, above the line: the first was faster",
                     .x_label = nm_fmt(job, "seconds in %s", r[0].dir),
                     .y_label = "seconds in the others",
                     .x_base = 10,
                     .y_base = 10,
                     .inside = inside,
                     .n_series = n,
                     .series = s};
}
