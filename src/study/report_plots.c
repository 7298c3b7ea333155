/* report_plots.c: plots of campaigns: a cactus of what was decided, how long samples took, and open units against time.
 * Times below a hundredth of a second count as that: they are mostly noise. */
#include "base/base.h"
#include "study/study.h"
#include "study/numbers.h"
#include "study/plot.h"
#include "study/report.h"
#include "study/results.h"

#include <stdlib.h>

#define SHORTEST 0.01

static double shown(double seconds) { return fmax(seconds, SHORTEST); }

static nm_series cactus_of(const nm_results *r)
{
    double *x = NM_RAW(r->job, double, r->n + 1), *y = NM_RAW(r->job, double, r->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const nm_outcome *o = &r->row[i];
        if ((o->status == NM_OK || o->status == NM_VIOLATED) && isfinite(o->wall))
            y[n++] = shown(o->wall);
    }
    if (n) qsort(y, n, sizeof *y, nm_rising);
    for (size_t i = 0; i < n; i++) x[i] = (double)(i + 1);
    return (nm_series){r->dir, n, x, y, false};
}

nm_plot nm_cactus_plot(nm_job *job, const nm_results *r, size_t n)
{
    nm_series *s = NM_ARRAY(job, nm_series, n);
    for (size_t i = 0; i < n; i++) s[i] = cactus_of(&r[i]);
    return (nm_plot){.title = "Samples decided, each within this time",
                     .x_label = "samples decided",
                     .y_label = "seconds",
                     .y_base = 10,
                     .x_whole = true,
                     .inside = true,
                     .n_series = n,
                     .series = s};
}

static nm_series spent_of(const nm_results *r)
{
    double *x = NM_RAW(r->job, double, r->n + 1), *y = NM_RAW(r->job, double, r->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (isfinite(r->row[i].wall)) x[n++] = shown(r->row[i].wall);
    if (n) qsort(x, n, sizeof *x, nm_rising);
    for (size_t i = 0; i < n; i++) y[i] = (double)(i + 1) / (double)n;
    return (nm_series){r->dir, n, x, y, false};
}

nm_plot nm_spent_plot(nm_job *job, const nm_results *r, size_t n)
{
    nm_series *s = NM_ARRAY(job, nm_series, n);
    for (size_t i = 0; i < n; i++) s[i] = spent_of(&r[i]);
    return (nm_plot){.title = "Times of all samples, unknown ones included",
                     .x_label = "seconds",
                     .y_label = "share of samples done",
                     .x_base = 10,
                     .y_unit = true,
                     .steps = true,
                     .inside = true,
                     .n_series = n,
                     .series = s};
}

nm_plot nm_effort_plot(const nm_results *r)
{
    static const char *const verdicts[] = {"holds", "violated", "unknown"};
    nm_series *s = NM_ARRAY(r->job, nm_series, 3);
    for (size_t v = 0; v < 3; v++) {
        double *x = NM_RAW(r->job, double, r->n + 1), *y = NM_RAW(r->job, double, r->n + 1);
        size_t n = 0;
        for (size_t i = 0; i < r->n; i++) {
            const nm_outcome *o = &r->row[i];
            if (strcmp(o->verdict, verdicts[v]) || !isfinite(o->unstable) || !isfinite(o->wall))
                continue;
            x[n] = o->unstable;
            y[n++] = shown(o->wall);
        }
        s[v] = (nm_series){verdicts[v], n, x, y, true};
    }
    return (nm_plot){.title = "Units that bounds leave open, and time",
                     .x_label = "unstable units",
                     .y_label = "seconds",
                     .y_base = 10,
                     .x_whole = true,
                     .inside = true,
                     .n_series = 3,
                     .series = s};
}
