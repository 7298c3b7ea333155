/* results.c: reads a campaign's folder, from campaign.json and records alone, at any time: records are whole or not
 * there. Networks and images are not looked at, and any version of the program may have made the folder. Cost: one
 * small file a sample. */
#include "base/base.h"
#include "search/search.h"
#include "study/study.h"
#include "study/benchmark.h"
#include "study/numbers.h"
#include "study/records.h"
#include "study/results.h"

#include <cJSON.h>
#include <stdlib.h>

/* ---- campaign.json ---- */

static const char *text(nm_job *job, const nm_json *j, const char *key, const char *where)
{
    const nm_json *x = nm_json_find(j, key);
    const char *s = x ? nm_json_str(job, x, where) : "";
    return *s ? nm_dup(job, s, strlen(s)) : "";
}

static nm_results head(nm_job *job, const char *dir)
{
    const char *path;
    const nm_json *j = nm_campaign_json(job, dir, &path);
    const bool rows = nm_json_find(j, "instances") != NULL;
    const char *place = rows ? "root" : "net", *hash = rows ? "instances_sha256" : "net_sha256";
    const nm_results r = {.job = job,
                          .dir = dir,
                          .is_benchmark = rows,
                          .question = text(job, j, "question", path),
                          .program = text(job, j, "program", path),
                          .net = text(job, nm_json_get(job, j, place, path), "absolute", path),
                          .net_hash = text(job, j, hash, path),
                          .images_hash = text(job, j, rows ? hash : "images_sha256", path),
                          .labels_hash = text(job, j, "labels_sha256", path),
                          .flags = nm_campaign_flags(job, j, "flags", path),
                          .effort = nm_campaign_flags(job, j, "effort", path)};
    nm_close(job, j);
    return r;
}

/* ---- records ---- */

static double number(nm_job *job, const nm_json *j, const char *key, const char *where, double none)
{
    const nm_json *x = nm_json_find(j, key);
    return x ? nm_json_num(job, x, where) : none;
}

static int64_t whole(nm_job *job, const nm_json *j, const char *key, const char *where)
{
    const nm_json *x = nm_json_find(j, key);
    return x ? nm_json_int(job, x, where) : -1;
}

static nm_outcome row_of(nm_job *job, const nm_json *j, const char *path)
{
    const char *verdict = nm_json_str(job, nm_json_get(job, j, "verdict", path), path);
    const int status = nm_status_of(verdict);
    if (status < 0 && strcmp(verdict, "error"))
        nm_throw(job, NM_EINPUT, "%s: \"verdict\": %s is none", path, verdict);
    return (nm_outcome){.sample = nm_json_int(job, nm_json_get(job, j, "sample", path), path),
                        .label = whole(job, j, "label", path),
                        .predicted = whole(job, j, "predicted", path),
                        .witness_class = whole(job, j, "witness_class", path),
                        .network = text(job, j, "network", path),
                        .property = text(job, j, "property", path),
                        .expected = NM_UNKNOWN,
                        .timed_out = nm_json_find(j, "timed_out") != NULL,
                        .limit = number(job, j, "time_limit", path, NAN),
                        .status = status < 0 ? NM_TALLY_ERROR : status,
                        .partial = nm_record_partial(j),
                        .verdict = text(job, j, "verdict", path),
                        .by = text(job, j, "proved_by", path),
                        .why = text(job, j, "why", path),
                        .witness = text(job, j, "witness", path),
                        .margin_lo = number(job, j, "margin_lo", path, NAN),
                        .margin = number(job, j, "margin", path, NAN),
                        .distance = number(job, j, "distance", path, NAN),
                        .distance_lo = number(job, j, "distance_lo", path, NAN),
                        .unstable = number(job, j, "unstable", path, NAN),
                        .binaries = number(job, j, "binaries", path, NAN),
                        .cpu = number(job, j, "cpu_seconds", path, NAN),
                        .solver = number(job, j, "solver_seconds", path, NAN),
                        .wall = number(job, j, "wall_seconds", path, NAN)};
}

static void add_layers(nm_job *job, nm_outcome *x, const nm_json *j, const char *path)
{
    const nm_json *list = nm_json_find(j, "layers");
    if (!list) return;
    nm_layer *l = NM_ARRAY(job, nm_layer, nm_json_count(list) + 1);
    x->layer = l;
    for (const nm_json *e = list->child; e; e = e->next)
        l[x->n_layers++] = (nm_layer){.block = (int)whole(job, e, "block", path),
                                      .units = (size_t)whole(job, e, "units", path),
                                      .unstable = (size_t)whole(job, e, "unstable", path)};
}

static int by_sample(const void *a, const void *b)
{
    const int64_t x = ((const nm_outcome *)a)->sample, y = ((const nm_outcome *)b)->sample;
    return (x > y) - (x < y);
}

static void add_record(nm_results *r, const char *path, size_t *cap)
{
    nm_job *job = r->job;
    const nm_json *j = nm_record_read(job, path);
    if (!j) return;
    nm_outcome row = row_of(job, j, path);
    add_layers(job, &row, j, path);
    *NM_PUSH(job, r->row, r->n, *cap) = row;
    nm_totals_add(job, &r->totals, j);
    nm_close(job, j);
}

static void score(nm_results *r)
{
    const nm_answers known = nm_answers_of(r->job, r->dir);
    for (size_t i = 0; i < r->n; i++) {
        nm_outcome *x = &r->row[i];
        x->expected = nm_answer_of(r->job, &known, x->network, x->property);
        r->totals.known += x->expected != NM_UNKNOWN;
        r->totals.wrong += nm_outcome_wrong(x);
    }
}

nm_results nm_results_read(nm_job *job, const char *dir)
{
    nm_results r = head(job, dir);
    size_t cap = 0;
    const char *folder = nm_fmt(job, "%s/records", dir);
    size_t n_names;
    const char **name = nm_folder_names(job, folder, &n_names);
    for (size_t i = 0; i < n_names; i++)
        if (name[i][0] >= '0' && name[i][0] <= '9' && nm_has_suffix(name[i], ".json"))
            add_record(&r, nm_fmt(job, "%s/%s", folder, name[i]), &cap);
    if (r.n) qsort(r.row, r.n, sizeof *r.row, by_sample);
    if (r.is_benchmark) score(&r);
    int64_t n;
    const bool *asked = nm_campaign_asked(job, dir, &n);
    for (int64_t i = 0; i < n; i++) r.totals.left += asked[i];
    for (size_t i = 0; i < r.n; i++) {
        const int64_t s = r.row[i].sample;
        if (s >= 0 && s < n && asked[s] && !r.row[i].partial) r.totals.left--;
    }
    return r;
}

/* ---- what is said of a campaign ---- */

const char *nm_results_flag(const nm_results *r, const char *flag)
{
    const nm_said *const lists[] = {r->flags, r->effort};
    for (size_t i = 0; i < 2; i++)
        for (const nm_said *s = lists[i]; s->key; s++)
            if (!strcmp(s->key, flag)) return s->value;
    return NULL;
}

bool nm_results_alike(const nm_results *r, size_t n)
{
    bool alike = true;
    for (size_t i = 1; i < n; i++)
        alike &= r[i].is_benchmark == r[0].is_benchmark &&
                 (!r[0].is_benchmark || !strcmp(r[i].net_hash, r[0].net_hash));
    return alike;
}

size_t nm_results_judged(const nm_results *r) { return r->totals.samples - r->totals.errors; }

const char *nm_results_net(const nm_results *r)
{
    const char *slash = strrchr(r->net, '/');
    return slash ? slash + 1 : r->net;
}

const char *nm_results_within(const nm_results *r)
{
    static const char *const norms[][2] = {
        {"linf:", "L-inf"}, {"l1:", "L1"}, {"l2:", "L2"}, {"l0:", "L0"}};
    const char *set = nm_results_flag(r, "perturb");
    if (r->is_benchmark) return "its properties";
    if (!set) return "the whole domain";
    for (size_t i = 0; i < 4; i++) {
        const size_t n = strlen(norms[i][0]);
        double x;
        if (!strncmp(set, norms[i][0], n) && nm_fraction_parse(set + n, set + strlen(set), &x))
            return nm_fmt(r->job, "%s distance %s", norms[i][1], set + n);
    }
    return nm_fmt(r->job, "the set %s", set);
}

size_t nm_results_sample(const nm_results *r, nm_limits *limits, double *confidence)
{
    const char *n = nm_results_flag(r, "sample"), *c = nm_results_flag(r, "confidence");
    int64_t drawn;
    if (!n || !nm_int_parse(n, n + strlen(n), &drawn) || drawn < 1) return 0;
    if (!c || !nm_num_parse(c, c + strlen(c), confidence)) *confidence = NM_CONFIDENCE;
    *confidence /= 100;
    *limits = nm_totals_limits(&r->totals, (size_t)drawn, *confidence);
    return (size_t)drawn;
}
