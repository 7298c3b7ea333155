/* report_bench.c: a comparison of solvers in a report, from bench.json and the records of its runs alone. A model that
 * not every solver has run yet, as often as the others, is left out: the tables are of the same models for all. */
#include "base/base.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/html.h"
#include "study/records.h"
#include "study/report.h"
#include "study/sheet.h"

#include <stdlib.h>

#define SHIFT 1.0

/* ---- the folder as a comparison ---- */

typedef struct {
    const char *model, *solver; /* model: as the record's file calls it */
    size_t repeat;
} found;

typedef struct {
    nm_job *job;
    const char *dir;
    nm_names models, solvers, forms, instances;
    size_t n_instance_of, cap_i, n_form_of, cap_f, n, cap;
    size_t *instance_of, *form_of; /* of each model */
    found *run;
} folder;

static const char *member(nm_job *job, const nm_json *j, const char *key, const char *path)
{
    const char *s = nm_json_str(job, nm_json_get(job, j, key, path), path);
    return nm_dup(job, s, strlen(s));
}

static size_t number_of(nm_job *job, nm_names *t, const char *name)
{
    nm_names_add(job, t, nm_span_of(name));
    return (size_t)nm_names_find(t, nm_span_of(name));
}

/* adds run.MODEL.SOLVER.K.json */
static void add_run(folder *f, const char *file)
{
    nm_job *job = f->job;
    const char *path = nm_fmt(job, "%s/records/%s", f->dir, file);
    const nm_json *j = nm_record_read(job, path);
    if (!j) return;
    const char *solver = member(job, j, "solver", path);
    const int64_t repeat = nm_json_int(job, nm_json_get(job, j, "repeat", path), path);
    const char *end = nm_fmt(job, ".%s.%lld.json", solver, (long long)repeat);
    if (!nm_has_suffix(file, end) || strlen(file) < strlen(end) + 4 || repeat < 1)
        nm_throw(job, NM_EINPUT, "%s: its solver and repeat are not those of its name", path);
    const char *model = nm_dup(job, file + 4, strlen(file) - strlen(end) - 4);
    const size_t before = f->models.n;
    number_of(job, &f->models, model);
    if (f->models.n > before) {
        *NM_PUSH(job, f->instance_of, f->n_instance_of,
                 f->cap_i) = number_of(job, &f->instances, member(job, j, "instance", path));
        *NM_PUSH(job, f->form_of, f->n_form_of,
                 f->cap_f) = number_of(job, &f->forms, member(job, j, "encoding", path));
    }
    number_of(job, &f->solvers, solver);
    *NM_PUSH(job, f->run, f->n, f->cap) = (found){model, solver, (size_t)repeat};
    nm_close(job, j);
}

static folder read_folder(nm_job *job, const char *dir)
{
    folder f = {.job = job, .dir = dir};
    size_t n;
    const char **name = nm_folder_names(job, nm_fmt(job, "%s/records", dir), &n);
    for (size_t i = 0; i < n; i++)
        if (!strncmp(name[i], "run.", 4) && nm_has_suffix(name[i], ".json")) add_run(&f, name[i]);
    return f;
}

static double limit_of(nm_job *job, const char *dir)
{
    const char *path = nm_fmt(job, "%s/bench.json", dir);
    const nm_json *j = nm_json_parse(job, nm_file_read(job, path));
    const char *s = member(job, j, "time_limit", path);
    double limit;
    if (!nm_num_parse(s, s + strlen(s), &limit))
        nm_throw(job, NM_EINPUT, "%s: \"time_limit\": a number was expected", path);
    return limit;
}

/* of the tables that were made last; where there are none yet, what the first run said */
static double shift_of(nm_job *job, const char *dir)
{
    const char *summary = nm_fmt(job, "%s/summary.json", dir),
               *path = nm_fmt(job, "%s/%s", dir, NM_BENCH_FILE);
    if (nm_file_exists(summary)) {
        const nm_json *j = nm_json_parse(job, nm_file_read(job, summary));
        return nm_json_num(job, nm_json_get(job, j, "shift", summary), summary);
    }
    const nm_json *said = nm_json_find(nm_json_parse(job, nm_file_read(job, path)), "shift");
    const char *s = said ? nm_json_str(job, said, path) : "";
    double shift;
    return nm_num_parse(s, s + strlen(s), &shift) ? shift : SHIFT;
}

/* the models that have been written */
static size_t models_in(nm_job *job, const char *dir)
{
    size_t all, n = 0;
    const char **name = nm_folder_names(job, nm_fmt(job, "%s/models", dir), &all);
    for (size_t i = 0; i < all; i++) n += nm_has_suffix(name[i], ".mps");
    return n;
}

/* the comparison, as bench had it; *left_out: models with runs to come */
static nm_bench bench_of(const folder *f, size_t *left_out)
{
    nm_job *job = f->job;
    nm_bench b = {.dir = f->dir,
                  .n_forms = f->forms.n,
                  .n_solvers = f->solvers.n,
                  .time_limit = limit_of(job, f->dir),
                  .shift = shift_of(job, f->dir)};
    nm_formulation *form = NM_ARRAY(job, nm_formulation, b.n_forms);
    nm_bench_solver *solver = NM_ARRAY(job, nm_bench_solver, b.n_solvers);
    for (size_t i = 0; i < b.n_forms; i++) form[i].name = f->forms.name[i];
    for (size_t i = 0; i < b.n_solvers; i++) solver[i].name = f->solvers.name[i];
    b.form = form;
    b.solver = solver;
    b.instances.n = f->instances.n;
    b.instances.a = NM_ARRAY(job, nm_instance, b.instances.n);
    for (size_t i = 0; i < b.instances.n; i++) b.instances.a[i].name = f->instances.name[i];
    size_t *runs = NM_ARRAY(job, size_t, f->models.n + 1);
    for (size_t i = 0; i < f->n; i++) {
        runs[nm_names_find(&f->models, nm_span_of(f->run[i].model))]++;
        if (f->run[i].repeat > b.repeats) b.repeats = f->run[i].repeat;
    }
    b.model = NM_ARRAY(job, nm_bench_model, f->models.n + 1);
    for (size_t m = 0; m < f->models.n; m++) {
        if (runs[m] != b.n_solvers * b.repeats) continue;
        b.model[b.n_models++] = (nm_bench_model){.instance = &b.instances.a[f->instance_of[m]],
                                                 .form = &form[f->form_of[m]],
                                                 .number = f->instance_of[m],
                                                 .name = f->models.name[m]};
    }
    const size_t all = models_in(job, f->dir);
    *left_out = (all > f->models.n ? all : f->models.n) - b.n_models;
    return b;
}

/* ---- tables ---- */

static nm_sheet configs_sheet(const nm_bench_stats *t, size_t id)
{
    static const char *const columns[] = {"configuration", "#solved",   "#holds",   "#violated",
                                          "#limit",        "#rejected", "#unclear", "#failed",
                                          "#sgm s",        "#ratio",    "#PAR2 s",  "#CPU sgm s",
                                          "#nodes",        "#wins",     NULL};
    nm_sheet s = nm_sheet_new(
        t->job, nm_fmt(t->job, "solvers-%zu", id),
        nm_fmt(t->job,
               "%zu instances, median of %zu, limit %g s; sgm: geometric mean shifted by %g "
               "s, unsolved at the limit; PAR2: mean, unsolved at twice the limit",
               nm_bench_count(t), t->b->repeats, t->b->time_limit, t->b->shift),
        columns);
    for (size_t k = 0; k < t->n_configs; k++) {
        const nm_bench_config *c = &t->c[k];
        const size_t counts[] = {c->solved,   c->holds,   c->violated, c->limit,
                                 c->rejected, c->unclear, c->failed};
        nm_sheet_str(&s, c->name);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) nm_sheet_int(&s, counts[i]);
        nm_sheet_fixed(&s, c->sgm, 3);
        nm_sheet_fixed(&s, c->sgm / nm_bench_best(t), 2);
        nm_sheet_fixed(&s, c->par2, 3);
        nm_sheet_fixed(&s, c->sgm_cpu, 3);
        nm_sheet_fixed(&s, c->nodes, 1);
        nm_sheet_int(&s, c->wins);
    }
    return s;
}

/* a file of the folder, as a link from the page; NULL: it is not there */
static const char *link_to(nm_job *job, const char *page, const char *dir, const char *part,
                           const char *path)
{
    const char *slash = strrchr(path, '/'), *from = nm_path_dir(job, page);
    const char *file = nm_fmt(job, "%s/%s/%s", dir, part, slash ? slash + 1 : path);
    if (!*path || !nm_file_exists(file)) return NULL;
    const char *near = nm_path_relative(job, *from ? from : ".", file);
    nm_buf b = {.job = job};
    for (const char *s = near ? near : file; *s; s++) {
        const bool plain = strchr("/._-~", *s) || (*s >= '0' && *s <= '9') ||
                           (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
        nm_put(&b, plain ? "%c" : "%%%02X", (unsigned char)*s);
    }
    return b.s;
}

static nm_sheet runs_sheet(const nm_bench_stats *t, const char *page, size_t id)
{
    static const char *const columns[] = {
        "instance",   "formulation", "solver", "#repeat",  "status", "verdict", "#wall s", "#CPU s",
        "#objective", "#bound",      "#nodes", "solution", "log",    "why",     NULL};
    nm_job *job = t->job;
    const nm_bench *b = t->b;
    nm_sheet s = nm_sheet_new(job, nm_fmt(job, "runs-%zu", id), "All runs", columns);
    for (size_t m = 0; m < b->n_models; m++)
        for (size_t k = 0; k < b->n_solvers * b->repeats; k++) {
            const nm_bench_result *r = nm_bench_result_of(t, m, k / b->repeats, k % b->repeats);
            const char *solution = link_to(job, page, b->dir, "runs", r->solution),
                       *log = link_to(job, page, b->dir, "runs", r->log);
            nm_sheet_link(&s, b->model[m].instance->name,
                          link_to(job, page, b->dir, "models", r->model));
            nm_sheet_str(&s, b->model[m].form->name);
            nm_sheet_str(&s, nm_fmt(job, "%s %s", r->solver, r->version));
            nm_sheet_int(&s, k % b->repeats + 1);
            nm_sheet_str(&s, r->status);
            nm_sheet_str(&s, r->verdict);
            nm_sheet_fixed(&s, r->wall, 3);
            nm_sheet_fixed(&s, r->cpu, 3);
            nm_sheet_num(&s, r->objective);
            nm_sheet_num(&s, r->bound);
            nm_sheet_num(&s, r->nodes);
            nm_sheet_link(&s, solution ? "solution" : "", solution);
            nm_sheet_link(&s, log ? "log" : "", log);
            nm_sheet_str(&s, r->why);
        }
    return s;
}

/* ---- the section ---- */

static void put_disputes(nm_buf *b, const char *dir)
{
    const char *path = nm_fmt(b->job, "%s/disagreements.txt", dir);
    if (!nm_file_exists(path)) return;
    const nm_file f = nm_file_read(b->job, path);
    if (!f.n) return;
    nm_html_say(b, "p", "Answers that cannot all be true:");
    nm_html_say(b, "pre", (const char *)f.data);
}

void nm_put_bench(nm_buf *b, const char *dir, const char *page, size_t id)
{
    nm_job *job = b->job;
    const folder f = read_folder(job, dir);
    size_t left = 0;
    nm_html_section(b, 2, nm_fmt(job, "campaign-%zu", id), dir);
    const nm_bench bench = bench_of(&f, &left);
    if (left)
        nm_html_say(b, "p",
                    nm_fmt(job,
                           "The comparison is not done. Models left out, because runs of them are "
                           "to come: %zu.",
                           left));
    if (!bench.n_models) {
        nm_html_say(b, "p", "No model has been run by every solver yet.");
    } else {
        const nm_bench_stats t = nm_bench_read(job, &bench);
        const nm_bench_drawn d = nm_bench_draw(&t, true);
        const nm_sheet configs = configs_sheet(&t, id), runs = runs_sheet(&t, page, id);
        nm_html_sheet(b, &configs, false);
        put_disputes(b, dir);
        nm_html_plot(b, &d.profile,
                     "For each factor the share of instances that were solved within that factor "
                     "of the best time.");
        nm_html_plot(b, &d.cactus,
                     "How many instances were each solved within a time. Times below 0.01 s are "
                     "drawn there.");
        nm_html_sheet(b, &runs, false);
    }
    nm_html_end(b);
}
