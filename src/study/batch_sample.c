/* batch_sample.c: the record of one sample of a data set, and what records of all kinds have in common. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "search/search.h"
#include "study/study.h"
#include "study/records.h"

/* ---- all records ---- */

const char *nm_record_path(nm_job *job, const nm_campaign *c, int64_t sample)
{
    return nm_fmt(job, "%s/records/%06lld.json", c->dir, (long long)sample);
}

bool nm_record_whole(nm_job *job, const nm_campaign *c, int64_t sample)
{
    const nm_json *j = nm_record_read(job, nm_record_path(job, c, sample));
    return j && !nm_record_partial(j);
}

nm_jo nm_record_start(nm_buf *b, const nm_campaign *c, int64_t sample)
{
    nm_jo j = nm_jo_new(b);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "record");
    nm_jo_int(&j, "version", 1);
    nm_jo_int(&j, "sample", sample);
    if (!c->rows) return j;
    nm_jo_str(&j, "network", c->rows->row[sample].net);
    nm_jo_str(&j, "property", c->rows->row[sample].property);
    return j;
}

static void put_layers(nm_jo *j, const nm_verdict *v)
{
    nm_jo_list(j, "layers");
    nm_jo_tight(j);
    for (size_t i = 0; i < v->n_layers; i++) {
        nm_jo_object(j, NULL);
        nm_jo_int(j, "block", v->layers[i].block);
        nm_jo_int(j, "units", (int64_t)v->layers[i].units);
        nm_jo_int(j, "unstable", (int64_t)v->layers[i].unstable);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

void nm_record_end(nm_jo *j, const nm_verdict *v, double cpu, double wall)
{
    size_t unstable = 0, binaries = 0;
    for (size_t i = 0; i < v->n_layers; i++) unstable += v->layers[i].unstable;
    for (size_t i = 0; i < v->n_targets; i++) binaries += v->targets[i].bins;
    nm_jo_int(j, "unstable", (int64_t)unstable);
    nm_jo_int(j, "binaries", (int64_t)binaries);
    if (v->n_layers) put_layers(j, v);
    nm_jo_fixed(j, "cpu_seconds", cpu, 6);
    nm_jo_fixed(j, "solver_seconds", v->cpu.solver, 6);
    nm_jo_fixed(j, "wall_seconds", wall, 6);
    nm_jo_done(j);
}

nm_proved nm_sample_prove(nm_job *job, const nm_campaign *c, int64_t sample, const nm_record *r,
                          const nm_net *net, const nm_query *q, const nm_verdict *v, int status)
{
    if (!c->proofs || (status != NM_OK && status != NM_VIOLATED)) return (nm_proved){0};
    const char *path = nm_fmt(job, "%s%06lld.proof.gz", c->proofs, (long long)sample);
    const char *why = nm_record_write(job, path, r, net, q, v);
    if (why && nm_interrupted(job)) return (nm_proved){0}; /* another run tries again */
    return why ? (nm_proved){.unproved = why}
               : (nm_proved){.proof = nm_path_relative(job, nm_fmt(job, "%s/", c->dir), path)};
}

/* ---- one sample ---- */

typedef struct { /* a solved sample */
    int64_t sample;
    const nm_query *q;
    const nm_verdict *v;
    double cpu, wall;
    const char *witness; /* its file, or NULL */
    nm_proved proved;
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

static void put_record(nm_buf *b, const nm_campaign *c, const solved *s)
{
    const nm_verdict *v = s->v;
    nm_jo j = nm_record_start(b, c, s->sample);
    nm_jo_int(&j, "label", s->q->label);
    nm_jo_int(&j, "predicted", s->q->predicted);
    nm_jo_str(&j, "verdict", nm_status_word(v->status));
    if (v->float32) nm_jo_str(&j, "arithmetic", "float32");
    if (s->partial) nm_jo_bool(&j, "partial", true);
    if (v->status != NM_UNKNOWN) nm_jo_str_if(&j, "proved_by", nm_settled_name(v->by));
    if (s->partial)
        nm_jo_str(&j, "why", "interrupted");
    else
        nm_jo_str_if(&j, "why", v->status == NM_UNKNOWN ? v->why : v->optimum.why);
    put_values(&j, s->q, v);
    nm_jo_str_if(&j, "witness", s->witness);
    nm_jo_str_if(&j, "proof", s->proved.proof);
    nm_jo_str_if(&j, "unproved", s->proved.unproved);
    nm_record_end(&j, v, s->cpu, s->wall);
}

nm_query *nm_sample_query(nm_job *job, const nm_campaign *c, int64_t sample)
{
    nm_around a = c->around;
    a.quiet = sample != c->from;
    nm_around_image(&a, c->net, nm_dataset_get(job, nm_net_form(c->net), &c->images, sample));
    a.y = c->clean ? c->clean[sample - c->from] : NULL;
    a.label = c->has_labels ? nm_dataset_label(job, &c->labels, sample) : -1;
    return nm_query_around(job, c->net, &a);
}

int nm_sample_solve(nm_job *job, const nm_campaign *c, const nm_shared *of, int64_t sample,
                    nm_buf *record)
{
    solved s = {.sample = sample, .cpu = -nm_cpu(), .wall = -nm_wall()};
    nm_record r = {0};
    s.q = nm_sample_query(job, c, sample);
    nm_solve_opts o = c->solve;
    o.program = of->p;
    if (c->proofs) o.record = &r;
    const nm_verdict *v = s.v = nm_solve_query(job, c->net, s.q, &o);
    s.partial = nm_stopped(job) && (v->status == NM_UNKNOWN || s.q->objective != NM_FEASIBLE);
    if (s.partial && nm_record_whole(job, c, s.sample))
        return v->status; /* keep the older, complete record */
    if (v->witness && v->witness->is_violated && c->save_witness) {
        s.witness = nm_fmt(job, "witness/%06lld.npy", (long long)s.sample);
        nm_write_npy(job, nm_fmt(job, "%s/%s", c->dir, s.witness), s.q->shape, v->witness->x);
    }
    if (!s.partial) s.proved = nm_sample_prove(job, c, sample, &r, c->net, s.q, v, v->status);
    s.cpu += nm_cpu();
    s.wall += nm_wall();
    put_record(record, c, &s);
    return v->status;
}
