/* batch.c: one question for many samples.
 *
 * DIR/campaign.json says what was asked (hashes of network, images and labels, and the options). DIR/records/N.json is
 * one sample; results.csv and summary.json are made from the records alone, at the end of every run (batch_tables.c).
 * Times apart, records do not depend on the number of workers: each sample is solved by itself. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "search/search.h"
#include "study/study.h"
#include "study/records.h"

static char *record_path(nm_job *job, const nm_campaign *c, int64_t sample)
{
    return nm_fmt(job, "%s/records/%06lld.json", c->dir, (long long)sample);
}

/* ---- one sample ---- */

static void put_record(nm_buf *b, int64_t sample, const nm_query *q, const nm_verdict *v,
                       double cpu, const char *witness)
{
    static const char *const names[] = {"holds", "violated", "unknown"};
    double margin = INFINITY;
    size_t unstable = 0, binaries = 0;
    for (size_t i = 0; i < v->n_layers; i++) unstable += v->layers[i].unstable;
    for (size_t i = 0; i < v->n_targets; i++) {
        binaries += v->targets[i].bins;
        if (v->targets[i].margin_lo < margin) margin = v->targets[i].margin_lo;
    }
    nm_put(b,
           "{\"netmip\": \"record\", \"version\": 1, \"sample\": %lld, \"label\": %lld, "
           "\"predicted\": %lld, ",
           (long long)sample, (long long)q->label, (long long)q->predicted);
    nm_put(b, "\"verdict\": \"%s\", ",
           names[v->status == NM_OK         ? 0
                 : v->status == NM_VIOLATED ? 1
                                            : 2]);
    if (v->status != NM_UNKNOWN && v->by) nm_put(b, "\"proved_by\": \"%s\", ", v->by);
    if (v->status == NM_UNKNOWN && v->why)
        nm_put(b, "\"why\": "), nm_put_json(b, v->why), nm_put(b, ", ");
    if (isfinite(margin)) nm_put(b, "\"margin_lo\": "), nm_put_num(b, margin), nm_put(b, ", ");
    if (v->witness && v->witness->is_violated)
        nm_put(b, "\"distance\": "),
            nm_put_num(b, q->objective == NM_CLOSEST ? v->objective : v->witness->linf),
            nm_put(b, ", ");
    if (q->objective == NM_CLOSEST && isfinite(v->bound))
        nm_put(b, "\"distance_lo\": "), nm_put_num(b, v->bound), nm_put(b, ", ");
    if (witness) nm_put(b, "\"witness\": "), nm_put_json(b, witness), nm_put(b, ", ");
    nm_put(
        b,
        "\"unstable\": %zu, \"binaries\": %zu, \"cpu_seconds\": %.6f, \"solver_seconds\": %.6f}\n",
        unstable, binaries, cpu, v->cpu_solver);
}

typedef struct {
    const nm_campaign *c;
    const nm_program *p;
    int64_t *todo;
} plan;

static int solve_sample(nm_job *job, void *arg, size_t k)
{
    const plan *t = arg;
    const nm_campaign *c = t->c;
    const int64_t sample = t->todo[k];
    const double start = nm_cpu();
    nm_around a = c->around;
    nm_around_image(&a, c->net, nm_dataset_get(job, nm_net_form(c->net), &c->images, sample));
    a.label = c->has_labels ? nm_dataset_label(job, &c->labels, sample) : -1;
    const nm_query *q = nm_query_around(job, c->net, &a);
    nm_solve_opts o = c->solve;
    o.program = t->p;
    const nm_verdict *v = nm_solve_query(job, c->net, q, &o);
    if (nm_stopped(job)) return NM_UNKNOWN; /* in flight: not recorded */
    const char *witness = NULL;
    if (v->witness && v->witness->is_violated && c->save_witness) {
        witness = nm_fmt(job, "witness/%06lld.npy", (long long)sample);
        nm_write_npy(job, nm_fmt(job, "%s/%s", c->dir, witness), q->shape, v->witness->x);
    }
    nm_buf out = {.job = job};
    put_record(&out, sample, q, v, nm_cpu() - start, witness);
    nm_file_write(job, record_path(job, c, sample), out.s, out.n);
    return v->status;
}

static void record_failure(nm_job *job, void *arg, size_t k, const char *why)
{
    const plan *t = arg;
    nm_buf b = {.job = job};
    nm_put(&b,
           "{\"netmip\": \"record\", \"version\": 1, \"sample\": %lld, \"verdict\": \"unknown\", "
           "\"why\": ",
           (long long)t->todo[k]);
    nm_put_json(&b, why);
    nm_put(&b, "}\n");
    nm_file_write(job, record_path(job, t->c, t->todo[k]), b.s, b.n);
}

static bool wanted(nm_job *job, const nm_campaign *c, int64_t sample)
{
    const char *path = record_path(job, c, sample);
    if (!nm_file_exists(path) || strcmp(c->rerun, "always") == 0) return true;
    if (strcmp(c->rerun, "never") == 0) return false;
    const nm_json *j = nm_json_parse(job, nm_file_read(job, path));
    return strcmp(nm_json_str(job, nm_json_get(job, j, "verdict", path), path), c->rerun) == 0;
}

bool nm_campaign_run(nm_job *job, const nm_campaign *c)
{
    static const char *const folders[] = {"records", "witness", NULL}, *const files[] = {
                                                                           "results.csv",
                                                                           "summary.json", NULL};
    static const char *const folder[] = {"records", NULL};
    const nm_said said[] = {{"net_sha256", c->net->hash},
                            {"images_sha256", c->images.hash},
                            {"labels_sha256", c->has_labels ? c->labels.hash : ""},
                            {"question", c->question}};
    plan t = {c, NULL, NM_RAW(job, int64_t, (size_t)(c->to - c->from))};
    nm_records r = {.dir = c->dir,
                    .file = "campaign.json",
                    .kind = "campaign",
                    .n_said = sizeof said / sizeof *said,
                    .said = said,
                    .folders = c->save_witness ? folders : folder,
                    .files = files,
                    .workers = c->workers,
                    .memory = c->memory,
                    .make = solve_sample,
                    .fail = record_failure,
                    .arg = &t};
    nm_records_open(job, &r);
    for (int64_t i = c->from; i < c->to; i++)
        if (wanted(job, c, i)) t.todo[r.n++] = i;
    t.p = nm_lower(job, c->net);
    nm_records_run(job, &r);
    nm_campaign_tables(job, c);
    return !nm_stopped(job);
}
