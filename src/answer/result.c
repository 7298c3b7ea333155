/* result.c: a verdict as the library returns it: a copy of everything in it, which outlives question and files. */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "model/model.h"
#include "search/search.h"
#include "answer/answer.h"

static const char *copy(nm_job *job, const char *s) { return s ? nm_dup(job, s, strlen(s)) : NULL; }

static const double *copy_point(nm_job *job, const double *x, size_t n)
{
    return x ? memcpy(NM_RAW(job, double, n + 1), x, n * sizeof *x) : NULL;
}

static void add_file(nm_job *job, nm_result *r, const char *path)
{
    if (path) *NM_PUSH(job, r->files, r->n_files, r->cap_files) = copy(job, path);
}

/* Adds a model's file and its map, which is written with it. */
static void add_model(nm_job *job, nm_result *r, const char *path)
{
    if (!path) return;
    const char *suffix, *stem = nm_model_stem(job, path, &suffix);
    add_file(job, r, path);
    add_file(job, r, nm_fmt(job, "%s.map.json", stem));
}

static struct nm_end end_of(nm_job *job, const nm_verdict *v, const nm_range *e, size_t n)
{
    if (!v->range.has) return (struct nm_end){NAN, NAN, NULL};
    return (struct nm_end){e->at ? e->value : NAN, e->bound,
                           e->at ? copy_point(job, e->at->x, n) : NULL};
}

static void take_targets(nm_job *job, const nm_query *q, const nm_verdict *v, nm_result *r)
{
    r->n_targets = v->n_targets;
    r->targets = NM_ARRAY(job, struct nm_fate, v->n_targets + 1);
    for (size_t i = 0; i < v->n_targets; i++) {
        const nm_target *t = &v->targets[i];
        const bool early = t->status == NM_OK && t->margin_lo <= 0; /* a later stage superseded this bound */
        const double margin = q->objective == NM_WORST ? nm_larger(t->bound, t->margin_lo)
                              : early                  ? NAN
                                                       : t->margin_lo;
        r->targets[i] = (struct nm_fate){
            .name = copy(job, t->name),
            .label = t->label,
            .status = t->status,
            .by = nm_settled_name(t->by),
            .bound = q->objective == NM_CLOSEST || v->range.has ? t->bound : margin};
        add_model(job, r, t->file);
        if (t->cube_file)
            for (size_t k = 0; k < t->n_cubes; k++) add_model(job, r, t->cube_file[k]);
    }
}

static void take_point(nm_job *job, const nm_query *q, const nm_replay *w, nm_result *r)
{
    if (!w) return;
    r->at = *w;
    r->at.x = copy_point(job, w->x, q->n_in);
    r->at.y64 = r->at.y32 = NULL;
    r->at.g = NULL;
    r->has_distance = q->image != NULL;
    const nm_gens *g = q->cases[w->icase].gens;
    if (!w->g || !g) return;
    r->n_generators = g->n;
    r->at.g = copy_point(job, w->g, g->n);
}

nm_result *nm_result_new(nm_job *job, const nm_query *q, nm_verdict *v, const char *dir,
                         bool compiled, double seconds)
{
    nm_result *r = NM_NEW(job, nm_result);
    const nm_files f = nm_witness_files(job, dir, q, v->witness);
    nm_range_files(job, dir, q, v);
    nm_files_older(job, dir, &f, v);
    r->status = v->status;
    r->n_in = q->n_in;
    r->certified = !compiled && v->certified &&
                   (v->status == NM_OK || v->optimum.has || v->range.has);
    r->by = compiled ? NULL : nm_settled_name(v->by);
    r->why = v->status == NM_UNKNOWN ? copy(job, v->why) : NULL;
    r->solver = copy(job, v->word.solver);
    r->seconds = seconds;
    r->label = q->image ? q->label : -1;
    r->predicted = q->image ? q->predicted : -1;
    r->value = v->optimum.has ? v->optimum.value : NAN;
    r->bound = v->optimum.has || q->objective == NM_CLOSEST || q->objective == NM_WORST
                   ? v->optimum.bound
                   : NAN;
    r->strict = v->optimum.has && v->optimum.tie > 0 ? v->optimum.tie : NAN;
    r->claim = v->word.has_claim ? v->word.claim : NAN;
    r->least = end_of(job, v, &v->range.least, q->n_in);
    r->most = end_of(job, v, &v->range.most, q->n_in);
    take_point(job, q, v->witness, r);
    take_targets(job, q, v, r);
    const char *const paths[] = {f.witness,
                                 f.image,
                                 f.picture,
                                 f.generators,
                                 v->range.has ? v->range.least.file : NULL,
                                 v->range.has ? v->range.most.file : NULL};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) add_file(job, r, paths[i]);
    nm_buf json = {.job = job}, text = {.job = job};
    const nm_fact *facts = nm_facts_of(job, q, v, &f, compiled);
    nm_report_json(&json, facts, NULL);
    nm_report_text(&text, facts, q, v->witness);
    r->json = json.s;
    r->text = text.s;
    return r;
}

nm_result *nm_result_embedded(nm_job *job, const nm_embedpoint *p, const char *text, const char *json, double seconds)
{
    nm_result *r = NM_NEW(job, nm_result);
    const struct nm_end none = {NAN, NAN, NULL};
    *r = (nm_result){.status = p->status,
                     .n_in = p->n,
                     .solver = copy(job, p->solver),
                     .text = text,
                     .json = json,
                     .label = -1,
                     .predicted = -1,
                     .seconds = seconds,
                     .value = NAN,
                     .bound = NAN,
                     .strict = NAN,
                     .claim = NAN,
                     .least = none,
                     .most = none};
    r->at = (nm_replay){.x = copy_point(job, p->x, p->n), .margin64 = NAN, .err64 = NAN, .margin32 = NAN};
    if (p->status == NM_UNKNOWN) r->why = "the file has no point";
    return r;
}
