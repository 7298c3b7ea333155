/* report_campaign.c: the sections of one campaign. */
#include "base/base.h"
#include "study/study.h"
#include "study/benchmark.h"
#include "study/html.h"
#include "study/numbers.h"
#include "study/plot.h"
#include "study/records.h"
#include "study/report.h"
#include "study/results.h"
#include "study/sheet.h"

enum { HARDEST = 50 };

static const char *limit_of(const nm_results *r)
{
    const char *limit = nm_results_flag(r, "time-limit");
    return limit ? nm_fmt(r->job, "at most %s s a sample", limit) : "no limit of time";
}

/* what a random sample says of all, and what is left to do; "" for neither */
static const char *remarks(const nm_results *r)
{
    nm_buf b = {.job = r->job};
    nm_limits l;
    double confidence;
    const nm_totals *t = &r->totals;
    const size_t drawn = nm_results_sample(r, &l, &confidence);
    nm_put(&b, "%s", "");
    if (drawn)
        nm_put(&b,
               " They were drawn at random (%zu): with %g %% confidence the adversarial "
               "error of all lies "
               "between %.2f %% and %.2f %%.",
               drawn, 100 * confidence, 100 * l.lo, 100 * l.hi);
    if (t->errors)
        nm_put(&b, " Errors are no verdicts and are left aside: %s.", nm_counted(b.job, t->errors, "samples"));
    if (t->left) nm_put(&b, " The campaign is not done: %s left.", nm_counted(b.job, t->left, "samples"));
    return b.s;
}

static const char *benchmark_headline(const nm_results *r)
{
    const nm_totals *t = &r->totals;
    const char *known =
        !t->known  ? ""
        : t->wrong ? nm_fmt(r->job, " Known answers that are contradicted: %zu of %zu. One side is wrong.", t->wrong,
                            t->known)
                   : nm_fmt(r->job, " Known answers: %zu, and none is contradicted.", t->known);
    return nm_fmt(r->job,
                  "Of %s of %s, %zu have a counterexample (sat), %zu have none (unsat), and %zu are "
                  "unknown.%s%s",
                  nm_counted(r->job, nm_results_judged(r), "instances"), nm_results_net(r), t->violated,
                  t->holds, t->unknown, known, remarks(r));
}

const char *nm_headline(const nm_results *r)
{
    if (r->is_benchmark) return benchmark_headline(r);
    const nm_totals *t = &r->totals;
    const size_t judged = nm_results_judged(r);
    if (!judged) return nm_fmt(r->job, "No sample is judged yet.%s", remarks(r));
    const double lo = 100. * (double)t->violated / (double)judged,
                 hi = 100. * (double)(t->violated + t->unknown) / (double)judged;
    const char *error = t->unknown ? nm_fmt(r->job, "between %.2f %% and %.2f %%", lo, hi)
                                   : nm_fmt(r->job, "%.2f %% exactly", lo);
    return nm_fmt(
        r->job,
        "The adversarial error of %s within %s is %s, of %s with %s: %zu hold, %zu have a "
        "counterexample, %zu are unknown. The test error is %.2f %%.%s",
        nm_results_net(r), nm_results_within(r), error, nm_counted(r->job, judged, "samples"), limit_of(r),
        t->holds, t->violated, t->unknown, 100. * (double)t->misclassified / (double)judged, remarks(r));
}

static void put_plots(nm_buf *b, const nm_results *r, size_t id)
{
    nm_job *job = b->job;
    const nm_plot cactus = nm_cactus_plot(job, r, 1), spent = nm_spent_plot(job, r, 1),
                  effort = nm_effort_plot(r);
    const size_t decided = r->totals.holds + r->totals.violated;
    nm_html_section(b, 3, NULL, "Times");
    nm_html_plot(b, &cactus,
                 nm_fmt(job,
                        "How many of the %zu decided samples were each decided within a time. "
                        "Times below 0.01 s "
                        "are drawn there.",
                        decided));
    nm_html_plot(b, &spent,
                 "The share of all samples that were done within a time, whatever their verdicts.");
    nm_html_end(b);
    nm_html_section(b, 3, NULL, "Open units");
    const nm_sheet unstable = nm_unstable_sheet(r, id);
    nm_html_sheet(b, &unstable, false);
    const nm_sheet layers = nm_layers_sheet(r, id);
    if (nm_sheet_rows(&layers)) nm_html_sheet(b, &layers, nm_sheet_rows(&layers) > 20);
    nm_html_plot(
        b, &effort,
        "Each dot is a sample: how many units its bounds leave open, and how long it took.");
    nm_html_end(b);
}

static void put_samples(nm_buf *b, const nm_results *r, size_t id, nm_room *room)
{
    nm_html_section(b, 3, NULL, r->is_benchmark ? "Instances" : "Samples");
    if (!r->is_benchmark) {
        const nm_sheet hardest = nm_hardest_sheet(r, id, HARDEST);
        nm_html_sheet(b, &hardest, false);
    }
    if (r->n <= room->rows) {
        const nm_sheet all = r->is_benchmark ? nm_instances_sheet(r, nm_fmt(b->job, "instances-%zu", id))
                                             : nm_samples_sheet(r, id);
        nm_html_sheet(b, &all, true);
        room->rows -= r->n;
    } else {
        nm_html_say(
            b, "p",
            nm_fmt(b->job,
                   "All %zu samples would make this page too long; they are in %s/results.csv.",
                   r->n, r->dir));
    }
    nm_html_end(b);
}

static void put_groups(nm_buf *b, const nm_results *r, size_t id)
{
    const nm_sheet stages = nm_stages_sheet(r, id);
    nm_html_section(b, 3, NULL, r->is_benchmark ? "Networks and stages" : "Classes and stages");
    if (r->is_benchmark) {
        const nm_sheet families = nm_scores_sheet(r, nm_fmt(b->job, "families-%zu", id), true),
                       networks = nm_scores_sheet(r, nm_fmt(b->job, "networks-%zu", id), false);
        nm_html_sheet(b, &families, false);
        nm_html_sheet(b, &networks, nm_sheet_rows(&networks) > 20);
    } else {
        const nm_sheet classes = nm_classes_sheet(r, id);
        nm_html_sheet(b, &classes, false);
    }
    nm_html_sheet(b, &stages, false);
    nm_html_end(b);
}

void nm_put_campaign(nm_buf *b, const nm_results *r, const nm_reported *from, size_t id,
                     nm_room *room)
{
    nm_job *job = b->job;
    nm_html_section(b, 2, nm_fmt(job, "campaign-%zu", id), r->dir);
    nm_html_section(b, 3, NULL, "What was asked");
    const nm_sheet flags = nm_flags_sheet(r, id);
    nm_html_sheet(b, &flags, false);
    nm_html_end(b);
    put_groups(b, r, id);
    put_plots(b, r, id);
    put_samples(b, r, id, room);
    if (!r->is_benchmark) room->bytes = nm_put_gallery(b, r, from, room->bytes);
    nm_html_end(b);
}
