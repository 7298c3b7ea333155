/* batch_tables.c: results.csv and summary.json of a campaign, made from its records alone. */
#include "base/base.h"
#include "study/study.h"
#include "study/records.h"

typedef struct {
    size_t samples, misclassified, violated, holds, unknown;
    double cpu;
} totals;

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
    nm_put(b, "\n");
}

static void count(nm_job *job, totals *t, const nm_json *r)
{
    const char *verdict = text(job, r, "verdict");
    const nm_json *label = nm_json_find(r, "label"), *cpu = nm_json_find(r, "cpu_seconds");
    t->samples++;
    t->violated += strcmp(verdict, "violated") == 0;
    t->holds += strcmp(verdict, "holds") == 0;
    t->unknown += strcmp(verdict, "unknown") == 0;
    if (label && nm_json_num(job, label, "label") !=
                     nm_json_num(job, nm_json_get(job, r, "predicted", "record"), "predicted"))
        t->misclassified++;
    if (cpu) t->cpu += nm_json_num(job, cpu, "cpu_seconds");
}

static void summary(nm_buf *b, const nm_campaign *c, const totals *t)
{
    const double n = t->samples ? (double)t->samples : 1;
    nm_put(b,
           "{\"samples\": %zu, \"misclassified\": %zu, \"violated\": %zu, \"holds\": %zu, "
           "\"unknown\": %zu,\n \"adversarial_error_lo\": ",
           t->samples, t->misclassified, t->violated, t->holds, t->unknown);
    nm_put_num(b, (double)t->violated / n);
    nm_put(b, ", \"adversarial_error_hi\": ");
    nm_put_num(b, (double)(t->violated + t->unknown) / n);
    nm_put(b, ", \"cpu_seconds\": %.3f,\n \"options\": ", t->cpu);
    nm_put_json(b, c->question);
    nm_put(b, ",\n \"net_sha256\": \"%s\", \"images_sha256\": \"%s\", \"labels_sha256\": \"%s\"}\n",
           c->net->hash, c->images.hash, c->has_labels ? c->labels.hash : "");
}

void nm_campaign_tables(nm_job *job, const nm_campaign *c)
{
    nm_buf csv = {.job = job}, sum = {.job = job};
    totals t = {0};
    nm_put(&csv, "sample,label,predicted,verdict,proved_by,margin_lo,distance,unstable,binaries,"
                 "cpu_seconds,solver_seconds,witness,distance_lo\n");
    for (int64_t i = 0; i < c->images.count; i++) {
        const char *path = nm_fmt(job, "%s/records/%06lld.json", c->dir, (long long)i);
        if (!nm_file_exists(path)) continue;
        const nm_json *r = nm_json_parse(job, nm_file_read(job, path));
        line(job, &csv, r);
        count(job, &t, r);
        nm_close(job, (void *)(uintptr_t)r);
    }
    summary(&sum, c, &t);
    nm_file_write(job, nm_fmt(job, "%s/results.csv", c->dir), csv.s, csv.n);
    nm_file_write(job, nm_fmt(job, "%s/summary.json", c->dir), sum.s, sum.n);
}
