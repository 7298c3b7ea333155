/* benchexec_runs.c: campaigns and comparisons as BenchExec's results: a run for each sample, instance or repeat. */
#include "base/base.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/benchexec.h"
#include "study/records.h"
#include "study/results.h"

static const char *number(nm_job *job, double x) { return isfinite(x) ? nm_num_text(job, x) : ""; }

/* ---- campaigns ---- */

static const char *const of_samples[] = {"unstable",   "margin", "distance",
                                         "settled by", "why",    NULL};

static nm_xml_run run_of(nm_job *job, const nm_results *r, const nm_outcome *x)
{
    enum { N = sizeof of_samples / sizeof *of_samples };
    const char **v = NM_ARRAY(job, const char *, N);
    v[0] = number(job, x->unstable);
    v[1] = number(job, x->margin);
    v[2] = number(job, x->distance);
    v[3] = x->by;
    v[4] = x->why;
    return (nm_xml_run){
        .name = r->is_benchmark
                    ? nm_fmt(job, "%06lld %s %s", (long long)x->sample, x->network, x->property)
                    : nm_fmt(job, "sample %06lld", (long long)x->sample),
        .files = r->is_benchmark ? nm_fmt(job, "%s, %s", x->network, x->property) : NULL,
        .status = x->status == NM_TALLY_ERROR ? NM_UNKNOWN : x->status,
        .failed = x->status == NM_TALLY_ERROR,
        .timed_out = x->timed_out,
        .expected = x->expected,
        .cpu = x->cpu,
        .wall = x->wall,
        .value = v};
}

void nm_campaign_benchexec(nm_job *job, const nm_campaign *c, const nm_results *r)
{
    nm_xml_run *run = NM_ARRAY(job, nm_xml_run, r->n + 1);
    for (size_t i = 0; i < r->n; i++) run[i] = run_of(job, r, &r->row[i]);
    const nm_xml_result all = {.benchmark = r->is_benchmark ? nm_results_net(r) : c->dir,
                               .name = nm_results_net(r),
                               .tool = "netmip",
                               .version = r->program,
                               .options = r->question,
                               .first = nm_fmt(job, "%s/" NM_CAMPAIGN_FILE, c->dir),
                               .title = of_samples,
                               .seconds = c->solve.time_limit,
                               .bytes = c->memory,
                               .n = r->n,
                               .run = run};
    nm_xml_write(job, &all, nm_fmt(job, "%s/benchexec.xml", c->dir));
}

/* ---- comparisons ---- */

static const char *const of_runs[] = {"nodes", "objective", "bound", "outcome", "why", NULL};

/* a path as it is seen from the folder of the comparison; "" for none */
static const char *seen_from(nm_job *job, const char *dir, const char *path)
{
    const size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && path[n] == '/' ? path + n + 1 : nm_fmt(job, "%s", path);
}

static nm_xml_run bench_run(const nm_bench_stats *t, const nm_bench_model *m,
                            const nm_bench_result *r, size_t repeat)
{
    nm_job *job = t->job;
    const char **v = NM_ARRAY(job, const char *, sizeof of_runs / sizeof *of_runs),
               *answer = m->instance->answer;
    v[0] = number(job, r->nodes);
    v[1] = number(job, r->objective);
    v[2] = number(job, r->bound);
    v[3] = r->status;
    v[4] = r->why;
    return (nm_xml_run){
        .name = t->b->repeats > 1 ? nm_fmt(job, "%s.%zu", m->instance->name, repeat + 1)
                                  : m->instance->name,
        .files = seen_from(job, t->b->dir, r->model),
        .log = *r->log ? seen_from(job, t->b->dir, r->log) : NULL,
        .status = nm_status_of(r->verdict),
        .expected = answer ? nm_status_of(answer) : NM_UNKNOWN,
        .timed_out = !r->solved && strcmp(r->status, "limit") == 0,
        .failed = strcmp(r->status, "failed") == 0 || strcmp(r->status, "rejected") == 0,
        .cpu = r->cpu,
        .wall = r->wall,
        .value = v};
}

void nm_bench_benchexec(const nm_bench_stats *t)
{
    nm_job *job = t->job;
    const nm_bench *b = t->b;
    for (size_t s = 0; s < b->n_solvers; s++)
        for (size_t f = 0; f < b->n_forms; f++) {
            const char *version = "", *form = nm_name_clean(job, b->form[f].name);
            nm_xml_run *run = NM_ARRAY(job, nm_xml_run, b->n_models * b->repeats + 1);
            size_t n = 0;
            for (size_t m = 0; m < b->n_models; m++)
                for (size_t k = 0; b->model[m].form == &b->form[f] && k < b->repeats; k++) {
                    const nm_bench_result *r = nm_bench_result_of(t, m, s, k);
                    if (*r->version) version = r->version;
                    run[n++] = bench_run(t, &b->model[m], r, k);
                }
            const nm_xml_result all = {.benchmark = b->dir,
                                       .name = form,
                                       .tool = b->solver[s].name,
                                       .version = version,
                                       .options = b->form[f].name,
                                       .first = nm_fmt(job, "%s/" NM_BENCH_FILE, b->dir),
                                       .title = of_runs,
                                       .seconds = b->time_limit,
                                       .bytes = (double)b->memory * 1048576,
                                       .n = n,
                                       .run = run};
            nm_xml_write(job, &all,
                         nm_fmt(job, "%s/benchexec.%s.%s.xml", b->dir, b->solver[s].name, form));
        }
}
