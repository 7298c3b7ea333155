/* batch_tables.c: results.csv and summary.json of a campaign, made from its records alone.
 *
 * The counts are of all records in the folder; `covers` lists the samples recorded, `range` the samples last asked for,
 * `left` counts those of the range without a complete record. An error is no verdict: the bounds on the adversarial
 * error are over the samples that were decided or unknown, and null if there are none. */
#include "base/base.h"
#include "study/study.h"
#include "study/benchexec.h"
#include "study/benchmark.h"
#include "study/numbers.h"
#include "study/records.h"
#include "study/results.h"
#include "study/sheet.h"

static const char *text(nm_job *job, const nm_json *r, const char *key)
{
    const nm_json *x = nm_json_find(r, key);
    return x ? nm_json_str(job, x, key) : "";
}

static void number(nm_job *job, nm_buf *b, const nm_json *r, const char *key)
{
    const nm_json *x = nm_json_find(r, key);
    nm_put(b, ",");
    if (x) nm_put_num(b, nm_json_num(job, x, key));
}

static void line(nm_job *job, nm_buf *b, const nm_json *r, bool proofs)
{
    static const char *const numbers[] = {"margin_lo", "distance",    "unstable",
                                          "binaries",  "cpu_seconds", "solver_seconds"};
    nm_put_num(b, nm_json_num(job, nm_json_get(job, r, "sample", "record"), "sample"));
    number(job, b, r, "label");
    number(job, b, r, "predicted");
    nm_put(b, ",%s,%s", text(job, r, "verdict"), text(job, r, "proved_by"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) number(job, b, r, numbers[i]);
    nm_put(b, ",%s", text(job, r, "witness"));
    number(job, b, r, "distance_lo");
    number(job, b, r, "margin");
    number(job, b, r, "witness_class");
    number(job, b, r, "wall_seconds");
    nm_put(b, ",");
    nm_csv_cell(b, text(job, r, "why"));
    if (proofs) nm_put(b, ",");
    if (proofs) nm_csv_cell(b, text(job, r, "proof"));
    nm_put(b, "\n");
}

/* ---- benchmarks ---- */

/* of a part: its own rows alone */
static nm_results results_of(nm_job *job, const nm_campaign *c, nm_totals *t)
{
    nm_results r = nm_results_read(job, c->dir);
    size_t n = 0;
    t->known = t->wrong = 0;
    for (size_t i = 0; i < r.n; i++) {
        if (c->is_part && !nm_campaign_asks(c, r.row[i].sample)) continue;
        r.row[n++] = r.row[i];
        t->known += r.row[i].expected != NM_UNKNOWN;
        t->wrong += nm_outcome_wrong(&r.row[i]);
    }
    r.n = n;
    r.totals = *t;
    return r;
}

static void warn_wrong(nm_job *job, const nm_results *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const nm_outcome *x = &r->row[i];
        if (nm_outcome_wrong(x))
            nm_warn(job,
                    "instance %lld, %s with %s: %s, but the known answer is %s; one of them is "
                    "wrong%s%s%s%s",
                    (long long)x->sample, x->network, x->property, nm_result_word(x->status),
                    nm_result_word(x->expected), *x->witness ? "; its counterexample is " : "",
                    *x->witness ? r->dir : "", *x->witness ? "/" : "", x->witness);
    }
}

static void benchmark_text(nm_buf *b, const nm_campaign *c, const nm_totals *t)
{
    nm_totals own = *t;
    const nm_results r = results_of(b->job, c, &own);
    nm_put(b, "%s (%s): %zu sat, %zu unsat, %zu unknown, %s\n", nm_counted(b->job, t->samples, "instances"),
           *t->covers ? t->covers : "none", t->violated, t->holds, t->unknown,
           nm_counted(b->job, t->errors, "errors"));
    if (t->known) nm_put(b, "known answers: %zu; contradicted by what was found: %zu\n", t->known, t->wrong);
    nm_scores_text(b, &r);
}

/* ---- samples of all kinds ---- */

/* adds sample i to A:B,C:D..; `last` is the end of the last range */
static void cover(nm_buf *b, int64_t i, int64_t *first, int64_t *last)
{
    if (i == *last && *last > *first) {
        ++*last;
        return;
    }
    if (*last > *first)
        nm_put(b, "%s%lld:%lld", b->n ? "," : "", (long long)*first, (long long)*last);
    *first = i;
    *last = i + 1;
}

/* the samples that are asked for, as A:B,C:D.. */
static const char *ranges_of(nm_job *job, const nm_campaign *c)
{
    nm_buf b = {.job = job};
    int64_t first = 0, last = 0;
    for (int64_t i = c->from; c->asked && i < c->to; i++)
        if (nm_campaign_asks(c, i)) cover(&b, i, &first, &last);
    if (!c->asked) return nm_fmt(job, "%lld:%lld", (long long)c->from, (long long)c->to);
    cover(&b, -1, &first, &last);
    return b.s ? b.s : "0:0";
}

static void part_of(nm_jo *j, const char *key, size_t part, size_t whole)
{
    if (whole)
        nm_jo_num(j, key, (double)part / (double)whole);
    else
        nm_jo_null(j, key);
}

/* what a random sample says of the whole set */
static void put_sample(nm_jo *j, const nm_campaign *c, const nm_totals *t)
{
    const nm_limits l = nm_totals_limits(t, c->sample, c->confidence / 100);
    nm_jo_line(j);
    nm_jo_object(j, "sample");
    nm_jo_int(j, "drawn", (int64_t)c->sample);
    nm_jo_int(j, "of", nm_campaign_count(c));
    nm_jo_num(j, "confidence", c->confidence / 100);
    nm_jo_num(j, "adversarial_error_lo", l.lo);
    nm_jo_num(j, "adversarial_error_hi", l.hi);
    nm_jo_end(j);
}

/* r: the instances of a benchmark, or NULL */
static void summary(nm_job *job, nm_buf *b, const nm_campaign *c, const nm_totals *t,
                    const nm_results *r)
{
    const size_t judged = t->samples - t->errors;
    nm_jo j = nm_jo_answer(b);
    nm_jo_int(&j, "samples", (int64_t)t->samples);
    if (!c->rows) nm_jo_int(&j, "misclassified", (int64_t)t->misclassified);
    nm_jo_int(&j, "violated", (int64_t)t->violated);
    nm_jo_int(&j, "holds", (int64_t)t->holds);
    nm_jo_int(&j, "unknown", (int64_t)t->unknown);
    nm_jo_int(&j, "errors", (int64_t)t->errors);
    nm_jo_line(&j);
    if (!c->rows) {
        part_of(&j, "adversarial_error_lo", t->violated, judged);
        part_of(&j, "adversarial_error_hi", t->violated + t->unknown, judged);
    }
    nm_jo_fixed(&j, "cpu_seconds", t->cpu, 3);
    if (r) nm_scores_json(&j, r);
    if (c->sample && !c->is_part) put_sample(&j, c, t);
    nm_jo_line(&j);
    nm_jo_str(&j, "covers", t->covers);
    nm_jo_str(&j, "range", ranges_of(job, c));
    nm_jo_int(&j, "left", (int64_t)t->left);
    nm_jo_int(&j, "partial", (int64_t)t->partial);
    nm_jo_bool(&j, "interrupted", nm_stopped(job));
    nm_jo_line(&j);
    nm_jo_str(&j, "options", c->question);
    nm_jo_line(&j);
    if (c->rows) {
        nm_jo_str(&j, "instances_sha256", c->rows->hash);
    } else {
        nm_jo_str(&j, "net_sha256", c->net->hash);
        nm_jo_str(&j, "images_sha256", c->images.hash);
        nm_jo_str(&j, "labels_sha256", c->has_labels ? c->labels.hash : "");
    }
    nm_jo_done(&j);
}

static void samples_text(nm_buf *b, const nm_campaign *c, const nm_totals *t)
{
    const size_t judged = t->samples - t->errors;
    nm_put(b,
           "%s (%s): %zu hold, %zu violated, %zu unknown, %s; %zu misclassified\n",
           nm_counted(b->job, t->samples, "samples"), c->sample ? "drawn at random" : *t->covers ? t->covers : "none",
           t->holds, t->violated,
           t->unknown, nm_counted(b->job, t->errors, "errors"), t->misclassified);
    if (judged)
        nm_put(b, "adversarial error: at least %.2f %%, at most %.2f %%\n",
               100. * (double)t->violated / (double)judged,
               100. * (double)(t->violated + t->unknown) / (double)judged);
    if (c->sample && !c->is_part) {
        const nm_limits l = nm_totals_limits(t, c->sample, c->confidence / 100);
        nm_put(b,
               "of all %lld samples, of which these are drawn at random, with %g %% confidence: at "
               "least %.2f %%, at most %.2f %%\n",
               (long long)nm_campaign_count(c), c->confidence, 100 * l.lo, 100 * l.hi);
    }
}

void nm_campaign_text(nm_buf *b, const nm_campaign *c, const nm_totals *t)
{
    if (c->rows)
        benchmark_text(b, c, t);
    else
        samples_text(b, c, t);
    if (t->left)
        nm_put(b, "left to do of %s: %s, %zu of which were interrupted\n", ranges_of(b->job, c),
               nm_counted(b->job, t->left, "samples"), t->partial);
    nm_put(b, "cpu seconds: %.3f\n", t->cpu);
    if (t->written) nm_put(b, "written: %s/results.csv, %s/summary.json\n", c->dir, c->dir);
}

typedef struct {
    nm_buf csv, covers;
    int64_t first, last;
} table;

static void add_row(nm_job *job, const nm_campaign *c, nm_totals *t, table *to, int64_t i)
{
    const char *path = nm_fmt(job, "%s/records/%06lld.json", c->dir, (long long)i);
    const bool asked = nm_campaign_asks(c, i);
    if (c->is_part && !asked) return;
    const nm_json *r = nm_record_read(job, path);
    if (!r) {
        t->left += asked;
        return;
    }
    if (!c->rows) line(job, &to->csv, r, c->proofs != NULL);
    nm_totals_add(job, t, r);
    cover(&to->covers, i, &to->first, &to->last);
    t->left += asked && nm_record_partial(r);
    nm_close(job, r);
}

static const char head_of_samples[] = "sample,label,predicted,verdict,proved_by,margin_lo,distance,"
                                      "unstable,binaries,cpu_seconds,solver_seconds,witness,"
                                      "distance_lo,margin,witness_class,wall_seconds,why";

nm_totals nm_campaign_tables(nm_job *job, const nm_campaign *c, nm_presence *here, nm_buf *json)
{
    table to = {.csv = {.job = job}, .covers = {.job = job}};
    nm_totals t = {0};
    nm_results r;
    if (!c->rows) nm_put(&to.csv, "%s%s\n", head_of_samples, c->proofs ? ",proof" : "");
    for (int64_t i = 0; i < nm_campaign_count(c); i++) {
        add_row(job, c, &t, &to, i);
        nm_presence_tick(job, here, NULL, 0);
    }
    cover(&to.covers, -1, &to.first, &to.last);
    t.covers = to.covers.s ? to.covers.s : "";
    t.written = !c->is_part;
    if (c->rows) {
        r = results_of(job, c, &t);
        const nm_sheet all = nm_instances_sheet(&r, "results");
        nm_sheet_csv(&to.csv, &all);
        warn_wrong(job, &r);
    }
    *json = (nm_buf){.job = job};
    summary(job, json, c, &t, c->rows ? &r : NULL);
    if (!t.written) return t;
    nm_file_write(job, nm_fmt(job, "%s/results.csv", c->dir), to.csv.s, to.csv.n);
    nm_file_write(job, nm_fmt(job, "%s/summary.json", c->dir), json->s, json->n);
    if (c->benchexec) {
        if (!c->rows) r = nm_results_read(job, c->dir);
        nm_campaign_benchexec(job, c, &r);
    }
    return t;
}
