/* batch.c: asks one question about many samples.
 *
 * DIR/campaign.json records what was asked (hashes of network, images and labels, and the options). DIR/records/N.json
 * is the record of one sample; results.csv and summary.json are made from the records alone, at the end of every run
 * (batch_tables.c). Apart from times, records do not depend on the number of workers or runs: each sample is solved by
 * itself. A sample that cannot be asked about or solved gives an `error` with its reason, which is no verdict. On an
 * interrupt, samples in progress are recorded with what is known so far, marked "partial": they count as unknown, and
 * the next run solves them again. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "search/search.h"
#include "study/study.h"
#include "study/records.h"

static char *record_path(nm_job *job, const nm_campaign *c, int64_t sample)
{
    return nm_fmt(job, "%s/records/%06lld.json", c->dir, (long long)sample);
}

/* ---- one sample ---- */

typedef struct { /* a solved sample */
    int64_t sample;
    const nm_query *q;
    const nm_verdict *v;
    double cpu, wall;
    const char *witness; /* its file, or NULL */
    bool partial;
} solved;

/* Returns the proven lower bound of the least margin, or NAN if there is none worth recording: a bound of 0 or less
 * with verdict `holds` is from an early stage, which a later one superseded. */
static double margin_bound(const nm_query *q, const nm_verdict *v)
{
    const bool worst = q->objective == NM_WORST;
    double lo = INFINITY;
    for (size_t i = 0; i < v->n_targets; i++) {
        const double t = worst ? v->targets[i].bound : v->targets[i].margin_lo;
        if (isnan(t) && worst) return NAN;
        if (t < lo) lo = t;
    }
    if (worst && v->optimum.has && v->optimum.value < lo) lo = v->optimum.value;
    return v->status == NM_OK && lo <= 0 ? NAN : lo;
}

/* Returns the class that the network gives a witness: the largest output except the label's. */
static int64_t class_of(const nm_query *q, const nm_replay *r)
{
    int64_t best = -1;
    for (size_t j = 0; j < q->n_out; j++)
        if ((int64_t)j != q->label && (best < 0 || r->y64[j] > r->y64[best])) best = (int64_t)j;
    return best;
}

static void put_values(nm_jo *j, const nm_query *q, const nm_verdict *v)
{
    const bool closest = q->objective == NM_CLOSEST, found = v->witness && v->witness->is_violated;
    nm_jo_num_if(j, "margin_lo", margin_bound(q, v));
    if (q->objective == NM_WORST && v->optimum.has)
        nm_jo_num_if(j, "margin", v->optimum.value);
    else if (found)
        nm_jo_num_if(j, "margin", v->witness->margin64);
    if (closest && v->optimum.has)
        nm_jo_num_if(j, "distance", v->optimum.value);
    else if (found)
        nm_jo_num_if(j, "distance", v->witness->linf);
    if (closest) nm_jo_num_if(j, "distance_lo", v->optimum.bound);
    if (closest && v->optimum.has && v->optimum.tie > 0) nm_jo_num_if(j, "strict", v->optimum.tie);
    if (found || (closest && v->optimum.has && v->witness))
        nm_jo_int(j, "witness_class", class_of(q, v->witness));
}

/* Opens a sample's record. */
static nm_jo record_start(nm_buf *b, int64_t sample)
{
    nm_jo j = nm_jo_new(b);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "record");
    nm_jo_int(&j, "version", 1);
    nm_jo_int(&j, "sample", sample);
    return j;
}

static void put_record(nm_buf *b, const solved *s)
{
    const nm_verdict *v = s->v;
    size_t unstable = 0, binaries = 0;
    for (size_t i = 0; i < v->n_layers; i++) unstable += v->layers[i].unstable;
    for (size_t i = 0; i < v->n_targets; i++) binaries += v->targets[i].bins;
    nm_jo j = record_start(b, s->sample);
    nm_jo_int(&j, "label", s->q->label);
    nm_jo_int(&j, "predicted", s->q->predicted);
    nm_jo_str(&j, "verdict", nm_status_word(v->status));
    if (s->partial) nm_jo_bool(&j, "partial", true);
    if (v->status != NM_UNKNOWN) nm_jo_str_if(&j, "proved_by", nm_settled_name(v->by));
    if (s->partial)
        nm_jo_str(&j, "why", "interrupted");
    else if (v->status == NM_UNKNOWN)
        nm_jo_str_if(&j, "why", v->why);
    put_values(&j, s->q, v);
    nm_jo_str_if(&j, "witness", s->witness);
    nm_jo_int(&j, "unstable", (int64_t)unstable);
    nm_jo_int(&j, "binaries", (int64_t)binaries);
    nm_jo_fixed(&j, "cpu_seconds", s->cpu, 6);
    nm_jo_fixed(&j, "solver_seconds", v->cpu.solver, 6);
    nm_jo_fixed(&j, "wall_seconds", s->wall, 6);
    nm_jo_done(&j);
}

typedef struct {
    const nm_campaign *c;
    const nm_program *p;
    int64_t *todo;   /* [n] samples to solve */
    uint64_t *stamp; /* [n] stamps of their records when the run began */
} plan;

/* Returns true if there is a record of the sample that was not cut short. */
static bool is_whole(nm_job *job, const nm_campaign *c, int64_t sample)
{
    const char *path = record_path(job, c, sample);
    return nm_file_exists(path) && !nm_record_partial(nm_json_parse(job, nm_file_read(job, path)));
}

static int solve_sample(nm_job *job, void *arg, size_t k)
{
    const plan *t = arg;
    const nm_campaign *c = t->c;
    solved s = {.sample = t->todo[k], .cpu = -nm_cpu(), .wall = -nm_wall()};
    nm_around a = c->around;
    nm_around_image(&a, c->net, nm_dataset_get(job, nm_net_form(c->net), &c->images, s.sample));
    a.y = c->clean ? c->clean[s.sample - c->from] : NULL;
    a.label = c->has_labels ? nm_dataset_label(job, &c->labels, s.sample) : -1;
    s.q = nm_query_around(job, c->net, &a);
    nm_solve_opts o = c->solve;
    o.program = t->p;
    const nm_verdict *v = s.v = nm_solve_query(job, c->net, s.q, &o);
    s.partial = nm_stopped(job) && (v->status == NM_UNKNOWN || s.q->objective != NM_FEASIBLE);
    if (s.partial && is_whole(job, c, s.sample)) return v->status; /* keep the older, complete record */
    if (v->witness && v->witness->is_violated && c->save_witness) {
        s.witness = nm_fmt(job, "witness/%06lld.npy", (long long)s.sample);
        nm_write_npy(job, nm_fmt(job, "%s/%s", c->dir, s.witness), s.q->shape, v->witness->x);
    }
    s.cpu += nm_cpu();
    s.wall += nm_wall();
    nm_buf out = {.job = job};
    put_record(&out, &s);
    nm_file_write(job, record_path(job, c, s.sample), out.s, out.n);
    return v->status;
}

static void record_failure(nm_job *job, void *arg, size_t k, int code, const char *why)
{
    const plan *t = arg;
    nm_buf b = {.job = job};
    nm_jo j = record_start(&b, t->todo[k]);
    nm_jo_str(&j, "verdict", "error");
    nm_jo_int(&j, "code", code);
    nm_jo_str(&j, "why", why);
    nm_jo_done(&j);
    nm_file_write(job, record_path(job, t->c, t->todo[k]), b.s, b.n);
    nm_warn(job, "sample %lld could not be solved: %s", (long long)t->todo[k], why);
}

static bool made_meanwhile(nm_job *job, void *arg, size_t k)
{
    const plan *t = arg;
    const uint64_t now = nm_file_stamp(record_path(job, t->c, t->todo[k]));
    return now != t->stamp[k] && is_whole(job, t->c, t->todo[k]);
}

/* ---- the campaign ---- */

/* Returns whether a sample is to be solved: always if it has no complete record, else as --rerun says. */
static bool wanted(nm_job *job, const nm_campaign *c, int64_t sample)
{
    const char *path = record_path(job, c, sample);
    if (!nm_file_exists(path) || strcmp(c->rerun, "always") == 0) return true;
    const nm_json *j = nm_json_parse(job, nm_file_read(job, path));
    const char *verdict = nm_json_str(job, nm_json_get(job, j, "verdict", path), path);
    const bool open = strcmp(c->rerun, "unknown") == 0 && strcmp(verdict, "error") == 0;
    const bool want = nm_record_partial(j) || open || strcmp(verdict, c->rerun) == 0;
    nm_close(job, j);
    return want;
}

static void list_todo(nm_job *job, const nm_campaign *c, plan *t, nm_records *r)
{
    for (int64_t i = c->from; i < c->to; i++) {
        t->stamp[r->n] = nm_file_stamp(record_path(job, c, i));
        if (wanted(job, c, i)) t->todo[r->n++] = i;
    }
}

typedef struct {
    const nm_campaign *c;
    nm_totals totals;
    nm_buf json;
} tables;

static void make_tables(nm_job *job, void *arg)
{
    tables *t = arg;
    t->totals = nm_campaign_tables(job, t->c, &t->json);
}

/* Reports how the run ended; returns its exit code. */
static int conclude(nm_job *job, const nm_campaign *c, const nm_totals *t)
{
    const size_t asked = (size_t)(c->to - c->from);
    if (t->errors)
        nm_warn(job,
                "%zu of the %zu samples in %s are errors; results.csv says why, and --rerun error "
                "tries them again",
                t->errors, t->samples, c->dir);
    if (!nm_stopped(job)) return t->error;
    nm_note(job, "interrupted: %zu of %zu done; run the same command to continue", asked - t->left, asked);
    return NM_UNKNOWN;
}

int nm_campaign_run(nm_job *job, const nm_campaign *c, nm_buf *out, bool json)
{
    static const char *const folders[] = {"records", "witness", NULL},
                             *const folder[] = {"records", NULL},
                             *const files[] = {"results.csv", "summary.json", NULL};
    const nm_said said[] = {{"net_sha256", c->net->hash},
                            {"images_sha256", c->images.hash},
                            {"labels_sha256", c->has_labels ? c->labels.hash : ""},
                            {"question", c->question}};
    const size_t n = (size_t)(c->to - c->from);
    plan t = {c, NULL, NM_RAW(job, int64_t, n + 1), NM_RAW(job, uint64_t, n + 1)};
    nm_records r = {.dir = c->dir,
                    .file = "campaign.json",
                    .kind = "campaign",
                    .n_said = sizeof said / sizeof *said,
                    .said = said,
                    .folders = c->save_witness ? folders : folder,
                    .files = files,
                    .workers = c->workers,
                    .memory = c->memory,
                    .number = t.todo,
                    .settled = made_meanwhile,
                    .make = solve_sample,
                    .fail = record_failure,
                    .arg = &t};
    nm_records_open(job, &r);
    list_todo(job, c, &t, &r);
    t.p = nm_lower(job, c->net);
    nm_records_run(job, &r);
    tables made = {.c = c, .json = {.job = job}};
    nm_records_alone(job, &r, make_tables, &made);
    if (json)
        nm_put_bytes(out, made.json.s, made.json.n);
    else
        nm_campaign_text(out, c, &made.totals);
    return conclude(job, c, &made.totals);
}
