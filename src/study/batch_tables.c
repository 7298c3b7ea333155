/* batch_tables.c: results.csv and summary.json of a campaign, made from its records alone.
 *
 * The counts are of all records in the folder; `covers` lists the samples recorded, `range` the samples last asked for,
 * `left` counts those of the range without a complete record. An error is no verdict: the bounds on the adversarial
 * error are over the samples that were decided or unknown, and null if there are none. */
#include "base/base.h"
#include "study/study.h"
#include "study/numbers.h"
#include "study/records.h"
#include "study/sheet.h"

bool nm_record_partial(const nm_json *record)
{
    const nm_json *x = nm_json_find(record, "partial");
    return x && nm_json_true(x);
}

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

static void line(nm_job *job, nm_buf *b, const nm_json *r)
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
    nm_put(b, "\n");
}

void nm_totals_add(nm_job *job, nm_totals *t, const nm_json *r)
{
    const char *verdict = text(job, r, "verdict");
    const int status = nm_status_of(verdict);
    const nm_json *label = nm_json_find(r, "label"), *cpu = nm_json_find(r, "cpu_seconds");
    t->samples++;
    t->violated += status == NM_VIOLATED;
    t->holds += status == NM_OK;
    t->unknown += status == NM_UNKNOWN;
    t->partial += nm_record_partial(r);
    if (strcmp(verdict, "error") == 0) {
        t->errors++;
        if (!t->error)
            t->error = (int)nm_json_int(job, nm_json_get(job, r, "code", "record"), "code");
    }
    if (label && nm_json_num(job, label, "label") !=
                     nm_json_num(job, nm_json_get(job, r, "predicted", "record"), "predicted"))
        t->misclassified++;
    if (cpu) t->cpu += nm_json_num(job, cpu, "cpu_seconds");
}

nm_limits nm_totals_limits(const nm_totals *t, size_t drawn, double confidence)
{
    const size_t hold = t->holds < drawn ? t->holds : drawn;
    const size_t found = t->violated < drawn ? t->violated : drawn;
    return nm_exact_limits(found, drawn - hold, drawn, confidence);
}

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
    nm_jo_int(j, "of", c->images.count);
    nm_jo_num(j, "confidence", c->confidence / 100);
    nm_jo_num(j, "adversarial_error_lo", l.lo);
    nm_jo_num(j, "adversarial_error_hi", l.hi);
    nm_jo_end(j);
}

static void summary(nm_job *job, nm_buf *b, const nm_campaign *c, const nm_totals *t)
{
    const size_t judged = t->samples - t->errors;
    nm_jo j = nm_jo_answer(b);
    nm_jo_int(&j, "samples", (int64_t)t->samples);
    nm_jo_int(&j, "misclassified", (int64_t)t->misclassified);
    nm_jo_int(&j, "violated", (int64_t)t->violated);
    nm_jo_int(&j, "holds", (int64_t)t->holds);
    nm_jo_int(&j, "unknown", (int64_t)t->unknown);
    nm_jo_int(&j, "errors", (int64_t)t->errors);
    nm_jo_line(&j);
    part_of(&j, "adversarial_error_lo", t->violated, judged);
    part_of(&j, "adversarial_error_hi", t->violated + t->unknown, judged);
    nm_jo_fixed(&j, "cpu_seconds", t->cpu, 3);
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
    nm_jo_str(&j, "net_sha256", c->net->hash);
    nm_jo_str(&j, "images_sha256", c->images.hash);
    nm_jo_str(&j, "labels_sha256", c->has_labels ? c->labels.hash : "");
    nm_jo_done(&j);
}

void nm_campaign_text(nm_buf *b, const nm_campaign *c, const nm_totals *t)
{
    const size_t judged = t->samples - t->errors;
    nm_put(b, "%zu samples (%s): %zu hold, %zu violated, %zu unknown, %zu errors; %zu misclassified\n", t->samples,
           *t->covers ? t->covers : "none", t->holds, t->violated, t->unknown, t->errors, t->misclassified);
    if (judged)
        nm_put(b, "adversarial error: at least %.2f %%, at most %.2f %%\n", 100. * (double)t->violated / (double)judged,
               100. * (double)(t->violated + t->unknown) / (double)judged);
    if (c->sample && !c->is_part) {
        const nm_limits l = nm_totals_limits(t, c->sample, c->confidence / 100);
        nm_put(b, "of all %lld samples, of which these are drawn at random, with %g %% confidence: at "
                  "least %.2f %%, at most %.2f %%\n",
               (long long)c->images.count, c->confidence, 100 * l.lo, 100 * l.hi);
    }
    if (t->left)
        nm_put(b, "left to do of %s: %zu, %zu of them cut short\n", ranges_of(b->job, c), t->left, t->partial);
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
    if (!nm_file_exists(path)) {
        t->left += asked;
        return;
    }
    const nm_json *r = nm_json_parse(job, nm_file_read(job, path));
    line(job, &to->csv, r);
    nm_totals_add(job, t, r);
    cover(&to->covers, i, &to->first, &to->last);
    t->left += asked && nm_record_partial(r);
    nm_close(job, r);
}

nm_totals nm_campaign_tables(nm_job *job, const nm_campaign *c, nm_presence *here, nm_buf *json)
{
    table to = {.csv = {.job = job}, .covers = {.job = job}};
    nm_totals t = {0};
    nm_put(&to.csv, "sample,label,predicted,verdict,proved_by,margin_lo,distance,unstable,binaries,"
                    "cpu_seconds,solver_seconds,witness,distance_lo,margin,witness_class,wall_seconds,"
                    "why\n");
    for (int64_t i = 0; i < c->images.count; i++) {
        add_row(job, c, &t, &to, i);
        nm_presence_tick(job, here, NULL, 0);
    }
    cover(&to.covers, -1, &to.first, &to.last);
    t.covers = to.covers.s ? to.covers.s : "";
    t.written = !c->is_part;
    *json = (nm_buf){.job = job};
    summary(job, json, c, &t);
    if (!t.written) return t;
    nm_file_write(job, nm_fmt(job, "%s/results.csv", c->dir), to.csv.s, to.csv.n);
    nm_file_write(job, nm_fmt(job, "%s/summary.json", c->dir), json->s, json->n);
    return t;
}
