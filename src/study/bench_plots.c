/* bench_plots.c: the two plots of a comparison. The performance profile (Dolan, More 2002) shows for each factor the
 * share of instances solved within that factor of the best time; the cactus plot shows how many instances are each
 * solved within a given time. Times below a hundredth of a second count as that, because they are mostly noise. */
#include "base/base.h"
#include "study/bench.h"
#include "study/numbers.h"
#include "study/plot.h"

#include <stdlib.h>

enum { FLOOR_MS = 10 };

/* ---- plots ---- */

static void save_plot(const nm_bench_stats *t, const nm_plot *p, const char *name)
{
    nm_plot_write(t->job, p, nm_fmt(t->job, "%s/%s.svg", t->b->dir, name));
}

static double seconds(const nm_bench_cell *e) { return fmax(e->wall, FLOOR_MS * 1e-3); }

/* Returns the share of instances solved within each factor of the best time, factors rising. */
static nm_series profile_of(const nm_bench_stats *t, size_t k, double top)
{
    const size_t n = t->b->instances.n;
    double *f = NM_RAW(t->job, double, n + 1), *x = NM_RAW(t->job, double, n + 2),
           *y = NM_RAW(t->job, double, n + 2);
    size_t m = 0, out = 0;
    for (size_t i = 0; i < n; i++) {
        double best = INFINITY;
        for (size_t o = 0; o < t->n_configs; o++)
            if (nm_bench_cell_of(t, o, i)->solved)
                best = fmin(best, seconds(nm_bench_cell_of(t, o, i)));
        if (nm_bench_cell_of(t, k, i)->solved) f[m++] = seconds(nm_bench_cell_of(t, k, i)) / best;
    }
    qsort(f, m, sizeof *f, nm_rising);
    const double all = (double)nm_bench_count(t);
    x[out] = 1;
    y[out++] = 0;
    for (size_t i = 0; i < m; i++) {
        x[out] = f[i];
        y[out++] = (double)(i + 1) / all;
    }
    x[out] = top;
    y[out++] = (double)m / all;
    return (nm_series){t->c[k].name, out, x, y, false};
}

static nm_series cactus_of(const nm_bench_stats *t, size_t k)
{
    const size_t n = t->b->instances.n;
    double *x = NM_RAW(t->job, double, n + 1), *y = NM_RAW(t->job, double, n + 1);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (nm_bench_cell_of(t, k, i)->solved) y[m++] = seconds(nm_bench_cell_of(t, k, i));
    qsort(y, m, sizeof *y, nm_rising);
    for (size_t i = 0; i < m; i++) x[i] = (double)(i + 1);
    return (nm_series){t->c[k].name, m, x, y, false};
}

static double worst_factor(const nm_bench_stats *t)
{
    double top = 2;
    for (size_t i = 0; i < t->b->instances.n; i++) {
        double best = INFINITY, last = 0;
        for (size_t k = 0; k < t->n_configs; k++) {
            const nm_bench_cell *e = nm_bench_cell_of(t, k, i);
            if (e->solved) best = fmin(best, seconds(e)), last = fmax(last, seconds(e));
        }
        if (last > 0) top = fmax(top, last / best);
    }
    return top;
}

nm_bench_drawn nm_bench_draw(const nm_bench_stats *t, bool inside)
{
    nm_series *profile = NM_RAW(t->job, nm_series, t->n_configs),
              *cactus = NM_RAW(t->job, nm_series, t->n_configs);
    const double top = worst_factor(t) * 1.05;
    for (size_t k = 0; k < t->n_configs; k++) {
        profile[k] = profile_of(t, k, top);
        cactus[k] = cactus_of(t, k);
    }
    return (nm_bench_drawn){
        .profile = {.title = nm_fmt(t->job, "Performance profile, %zu instances",
                                    nm_bench_count(t)),
                    .x_label = "within this factor of the best time",
                    .y_label = "share of instances solved",
                    .x_base = 2,
                    .y_unit = true,
                    .steps = true,
                    .inside = inside,
                    .n_series = t->n_configs,
                    .series = profile},
        .cactus = {.title = nm_fmt(t->job, "Instances solved, limit %g s", t->b->time_limit),
                   .x_label = "instances solved",
                   .y_label = "seconds, each within",
                   .y_base = 10,
                   .x_whole = true,
                   .marks = true,
                   .inside = inside,
                   .n_series = t->n_configs,
                   .series = cactus}};
}

void nm_bench_plots(const nm_bench_stats *t)
{
    const nm_bench_drawn d = nm_bench_draw(t, false);
    save_plot(t, &d.profile, "profile");
    save_plot(t, &d.cactus, "cactus");
}
