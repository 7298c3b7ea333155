/* suite.c: a folder of instances in the manner of MIPLIB (Gleixner et al. 2021), built from its description
 * (suite_spec.c).
 *
 * NAME.mps.gz and NAME.map.json are, to the byte, what the command in suite.csv writes when it is run in the folder;
 * names of networks, images and questions are relative to the folder. suite.csv, README.md and SHA256SUMS are made from
 * them. The column sha256 of suite.csv is the hash of the unpacked model, which is the same on every machine;
 * SHA256SUMS is for the files as they are, which other versions of zlib may pack differently. A check hashes every
 * file, builds all instances again, compares them unpacked, and replays every known solution. Nothing is solved here:
 * answers come with the description, each with how it was proven. Cost: bounds and one model for each instance. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "answer/answer.h"
#include "study/study.h"

static void word(nm_buf *b, const char *flag, const char *value)
{
    if (value) nm_put(b, " %s %s", flag, value);
}

/* Returns the command line of an instance, with file names as they are in `t`. */
static const char *command_of(nm_job *job, const nm_suite *s, const nm_item *t)
{
    nm_buf b = {.job = job};
    nm_put(&b, "compile %s", t->net);
    if (t->query)
        nm_put(&b, " %s", t->query);
    else
        nm_put(&b, " --image %s:%s", s->images, t->image);
    word(&b, "--label", t->label);
    if (!t->query && !t->label) word(&b, "--labels", s->labels);
    word(&b, "--perturb", t->perturb);
    word(&b, "--domain", t->domain);
    word(&b, "--target", t->target);
    word(&b, "--margin", t->margin);
    word(&b, "--guard", t->guard);
    word(&b, "--objective", t->objective);
    word(&b, "--bounds", t->bounds);
    word(&b, "--encoding", t->form.encoding);
    if (!t->form.fold) word(&b, "--fold", "off");
    if (t->form.two_sided) word(&b, "--one-sided", "off");
    nm_put(&b, " --always-write -o %s.mps.gz", t->name);
    return b.s;
}

/* Returns the description with file names relative to `dir`. */
static nm_suite *moved(nm_job *job, const nm_suite *s, const char *dir)
{
    nm_suite *r = NM_NEW(job, nm_suite);
    *r = *s;
    r->item = NM_RAW(job, nm_item, s->n);
    memcpy(r->item, s->item, s->n * sizeof *s->item);
    if (s->images) r->images = nm_path_relative(job, dir, nm_path_under(job, s->dir, s->images));
    if (s->labels) r->labels = nm_path_relative(job, dir, nm_path_under(job, s->dir, s->labels));
    for (size_t i = 0; i < s->n; i++) {
        nm_item *t = &r->item[i];
        t->net = nm_path_relative(job, dir, nm_path_under(job, s->dir, t->net));
        if (t->query) t->query = nm_path_relative(job, dir, nm_path_under(job, s->dir, t->query));
    }
    r->dir = dir;
    return r;
}

static nm_query *question_of(nm_job *job, const nm_suite *s, const nm_item *t, const nm_net *net)
{
    if (t->query) {
        nm_query *q = nm_read_vnnlib(job, net, nm_path_under(job, s->dir, t->query));
        const nm_around a = nm_around_ask(
            job, &(nm_ask){.perturb = "free", .guard = t->guard, .objective = t->objective});
        q->path = t->query;
        q->guard = a.guard;
        q->objective = a.objective;
        return q;
    }
    if (!s->images) nm_throw(job, NM_EINPUT, "%s: \"images\" is missing", s->path);
    const nm_ask a = {
        .image = nm_fmt(job, "%s:%s", nm_path_under(job, s->dir, s->images), t->image),
        .label = t->label,
        .labels = !t->label && s->labels ? nm_path_under(job, s->dir, s->labels) : NULL,
        .perturb = t->perturb,
        .domain = t->domain,
        .target = t->target,
        .margin = t->margin,
        .objective = t->objective,
        .guard = t->guard};
    return nm_query_ask(job, net, &a);
}

/* Builds one instance into folder `to`, as if the command had been run in the suite's own folder. */
static nm_target build(nm_job *job, const nm_suite *s, const nm_item *t, const char *to)
{
    nm_net *net = nm_net_read(job, nm_path_under(job, s->dir, t->net));
    net->path = t->net;
    const nm_query *q = question_of(job, s, t, net);
    const char *base = nm_fmt(job, "%s.mps.gz", t->name), *out = nm_path_under(job, to, base);
    const nm_solve_opts o = {.bounds = nm_levels_read(job, nm_fmt(job, "%s: \"bounds\":", t->name), t->bounds),
                             .threads = 1,
                             .form.encoding = t->form.encoding,
                             .form.fold = t->form.fold,
                             .form.two_sided = t->form.two_sided,
                             .files.always_write = true,
                             .files.out = out,
                             .files.said = base,
                             .form.own_guard = t->guard != NULL,
                             .seed = 1,
                             .files.version = NM_VERSION,
                             .files.options = command_of(job, s, t)};
    if (nm_query_targets(q) != 1)
        nm_throw(job, NM_EINPUT, "%s: %s has %zu targets; one was expected", s->path, t->name,
                 nm_query_targets(q));
    const nm_verdict *v = nm_solve_query(job, net, q, &o);
    if (!v->targets[0].file)
        nm_throw(job, NM_EINPUT, "%s: %s has an empty input set: no model", s->path, t->name);
    return v->targets[0];
}

/* ---- tables ---- */

typedef struct {
    size_t rows, cols, nz, bins;
    char hash[65]; /* of the unpacked model */
} made;

static void put_cell(nm_buf *b, const char *text, bool last)
{
    const bool quote = text && strpbrk(text, ",\"\n");
    if (quote) nm_put(b, "\"");
    for (const char *at = text ? text : ""; *at; at++) nm_put(b, *at == '"' ? "\"\"" : "%c", *at);
    if (quote) nm_put(b, "\"");
    nm_put(b, last ? "\n" : ",");
}

static void put_number(nm_buf *b, double x)
{
    if (isfinite(x)) nm_put_num(b, x);
    nm_put(b, ",");
}

static void put_row(nm_job *job, nm_buf *b, const nm_suite *s, const nm_item *t, const made *m)
{
    put_cell(b, t->name, false);
    put_cell(b, t->net, false);
    put_cell(b, t->query ? t->query : t->image, false);
    put_cell(b, t->label, false);
    put_cell(b, t->target, false);
    put_cell(b, t->perturb, false);
    put_cell(b, t->objective ? t->objective : "feasible", false);
    put_cell(b, t->form.name, false);
    nm_put(b, "%zu,%zu,%zu,%zu,%s,", m->rows, m->cols, m->nz, m->bins, m->hash);
    put_cell(b, t->status, false);
    put_cell(b, t->answer, false);
    put_number(b, t->best);
    put_cell(b, t->proved, false);
    put_number(b, t->seconds);
    put_cell(b, t->solution, false);
    put_cell(b, nm_fmt(job, "netmip %s", command_of(job, s, t)), true);
}

static void put_line(nm_buf *b, const nm_item *t, const made *m)
{
    nm_put(b, "| %s | %s | %s | %s | %zu | %zu | %zu | %zu | ", t->name, t->status ? t->status : "",
           t->objective ? t->objective : "feasible", t->form.name, m->rows, m->cols, m->nz,
           m->bins);
    nm_put(b, "%s | ", t->answer ? t->answer : "?");
    if (isfinite(t->best)) nm_put_num(b, t->best);
    nm_put(b, " | %s |\n", t->proved ? t->proved : "");
}

static void put_readme_head(nm_buf *b, const nm_suite *s)
{
    nm_put(b, "# %s\n\n", s->title ? s->title : "A suite of instances");
    if (s->about) nm_put(b, "%s\n\n", s->about);
    nm_put(b, "`netmip suite` made this folder from spec.json; `netmip suite --check DIR` checks "
              "it. NAME.mps.gz is a model "
              "to be minimised, NAME.map.json says what its columns are, and `netmip decode "
              "NAME.map.json SOLUTION` turns a "
              "solver's answer into a verdict. Objective `feasible`: infeasible means holds, any "
              "feasible point violated. "
              "Objective `worst`: the least margin, its constant is in the map; 0 or less is "
              "violated. `best` is the known "
              "optimum or the best known margin, constant included. suite.csv has the networks, "
              "hashes and the command of each instance, "
              "to be run in this folder.\n\n"
              "| instance | status | objective | encoding | rows | columns | nonzeros | binaries | "
              "answer | best | proved by |\n"
              "|---|---|---|---|---|---|---|---|---|---|---|\n");
}

typedef struct {
    const nm_suite *s;
    const nm_item *t;
    const char *to;
    made *m;
} making;

static void make_one(nm_job *job, void *arg)
{
    const making *k = arg;
    const nm_target t = build(job, k->s, k->t, k->to);
    const nm_file f = nm_file_read(job, t.file);
    *k->m = (made){.rows = t.rows, .cols = t.cols, .nz = t.nz, .bins = t.bins};
    nm_sha256(f.data, f.n, k->m->hash);
}

/* Makes the instances, and the tables about them. */
static void make_all(nm_job *job, const nm_suite *s, const char *to, nm_buf *csv, nm_buf *readme)
{
    made *m = NM_ARRAY(job, made, s->n);
    for (size_t i = 0; i < s->n && !nm_stopped(job); i++) {
        const nm_mark mark = nm_mark_get(job);
        making k = {s, &s->item[i], to, &m[i]};
        const int code = nm_run(job, make_one, &k);
        if (code) /* a flag's value stands in the description here */
            nm_throw(job, code == NM_EUSE ? NM_EINPUT : code, "%s: %s: %s", s->path, s->item[i].name,
                     nm_message_of(job, code));
        nm_note(job, "%s: %zu rows, %zu columns, %zu binaries", s->item[i].name, m[i].rows,
                m[i].cols, m[i].bins);
        nm_mark_release(job, mark);
    }
    nm_put(csv, "name,network,question,label,target,perturbation,objective,encoding,rows,columns,"
                "nonzeros,binaries,sha256,"
                "status,answer,best,proved,seconds,solution,command\n");
    put_readme_head(readme, s);
    for (size_t i = 0; i < s->n; i++) {
        put_row(job, csv, s, &s->item[i], &m[i]);
        put_line(readme, &s->item[i], &m[i]);
    }
}

static void put_item(nm_jo *j, const nm_item *t)
{
    nm_jo_line(j);
    nm_jo_object(j, NULL);
    nm_jo_str(j, "name", t->name);
    nm_jo_str_if(j, "net", t->net);
    nm_jo_str_if(j, "query", t->query);
    nm_jo_str_if(j, "image", t->image);
    nm_jo_str_if(j, "label", t->label);
    nm_jo_str_if(j, "perturb", t->perturb);
    nm_jo_str_if(j, "domain", t->domain);
    nm_jo_str_if(j, "target", t->target);
    nm_jo_str_if(j, "margin", t->margin);
    nm_jo_str_if(j, "guard", t->guard);
    nm_jo_str_if(j, "objective", t->objective);
    nm_jo_str_if(j, "encoding", t->form.name);
    nm_jo_str_if(j, "bounds", t->bounds);
    nm_jo_str_if(j, "status", t->status);
    nm_jo_str_if(j, "answer", t->answer);
    nm_jo_num_if(j, "best", t->best);
    nm_jo_str_if(j, "proved", t->proved);
    nm_jo_num_if(j, "seconds", t->seconds);
    nm_jo_str_if(j, "solution", t->solution);
    nm_jo_end(j);
}

static void write_spec(nm_job *job, const nm_suite *s, const char *path)
{
    nm_buf b = {.job = job};
    nm_jo j = nm_jo_new(&b);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "suite");
    nm_jo_int(&j, "version", 1);
    nm_jo_str_if(&j, "title", s->title);
    nm_jo_str_if(&j, "about", s->about);
    nm_jo_str_if(&j, "images", s->images);
    nm_jo_str_if(&j, "labels", s->labels);
    nm_jo_line(&j);
    nm_jo_list(&j, "instances");
    for (size_t i = 0; i < s->n; i++) put_item(&j, &s->item[i]);
    nm_jo_end(&j);
    nm_jo_done(&j);
    nm_file_write(job, path, b.s, b.n);
}

/* ---- building ---- */

static void put_sum(nm_job *job, nm_buf *b, const char *dir, const char *name)
{
    char hash[65];
    const nm_file f = nm_file_bytes(job, nm_path_under(job, dir, name));
    nm_sha256(f.data, f.n, hash);
    nm_put(b, "%s  %s\n", hash, name);
}

static const char *sums_of(nm_job *job, const nm_suite *s, const char *dir)
{
    nm_buf b = {.job = job};
    for (size_t i = 0; i < s->n; i++) {
        const nm_item *t = &s->item[i];
        put_sum(job, &b, dir, nm_fmt(job, "%s.mps.gz", t->name));
        put_sum(job, &b, dir, nm_fmt(job, "%s.map.json", t->name));
        if (t->solution) put_sum(job, &b, dir, t->solution);
    }
    put_sum(job, &b, dir, "README.md");
    put_sum(job, &b, dir, "spec.json");
    put_sum(job, &b, dir, "suite.csv");
    return b.s;
}

void nm_suite_build(nm_job *job, const nm_suite *from, const char *dir)
{
    const bool elsewhere = *nm_path_relative(job, dir, nm_fmt(job, "%s.", from->dir)) != 0;
    const nm_suite *s = moved(job, from, dir);
    if (elsewhere)
        for (size_t i = 0; i < s->n; i++) {
            if (!s->item[i].solution) continue;
            const nm_file f = nm_file_read(job, nm_path_under(job, from->dir, s->item[i].solution));
            nm_file_write(job, nm_path_under(job, dir, s->item[i].solution), f.data, f.n);
        }
    nm_buf csv = {.job = job}, readme = {.job = job};
    make_all(job, s, dir, &csv, &readme);
    if (nm_stopped(job)) return;
    nm_file_write(job, nm_path_under(job, dir, "suite.csv"), csv.s, csv.n);
    nm_file_write(job, nm_path_under(job, dir, "README.md"), readme.s, readme.n);
    if (elsewhere || !nm_file_exists(nm_path_under(job, dir, "spec.json")))
        write_spec(job, s, nm_path_under(job, dir, "spec.json"));
    const char *sums = sums_of(job, s, dir);
    nm_file_write(job, nm_path_under(job, dir, "SHA256SUMS"), sums, strlen(sums));
}

/* ---- checking ---- */

static size_t check_sums(nm_job *job, const nm_suite *s)
{
    const char *path = nm_path_under(job, s->dir, "SHA256SUMS");
    nm_lines l = nm_lines_new(job, nm_file_bytes(job, path));
    nm_span line, tok[2];
    size_t bad = 0;
    while (nm_lines_next(&l, &line)) {
        char hash[65];
        if (nm_span_split(line, tok, 2) != 2) nm_lines_bad(&l, "a hash and a name");
        const char *name = nm_span_dup(job, tok[1]), *file = nm_path_under(job, s->dir, name);
        const bool here = nm_file_exists(file);
        if (here) {
            const nm_file f = nm_file_bytes(job, file);
            nm_sha256(f.data, f.n, hash);
        }
        if (here && nm_span_is(tok[0], hash)) continue;
        nm_note(job, "%s: %s", file, here ? "its bytes were changed" : "does not exist");
        bad++;
    }
    return bad;
}

static bool same(nm_job *job, const char *a, const char *b)
{
    if (!nm_file_exists(a) || !nm_file_exists(b)) return false;
    const nm_file x = nm_file_read(job, a), y = nm_file_read(job, b);
    return x.n == y.n && !memcmp(x.data, y.data, x.n);
}

static size_t check_built(nm_job *job, const nm_suite *s)
{
    static const char *const parts[] = {".mps.gz", ".map.json"};
    const char *temp = nm_fmt(job, "%s/", nm_temp_new(job));
    nm_buf csv = {.job = job}, readme = {.job = job};
    size_t bad = 0;
    make_all(job, s, temp, &csv, &readme);
    nm_file_write(job, nm_fmt(job, "%ssuite.csv", temp), csv.s, csv.n);
    nm_file_write(job, nm_fmt(job, "%sREADME.md", temp), readme.s, readme.n);
    for (size_t i = 0; i < 2 * s->n + 2 && !nm_stopped(job); i++) {
        const char *name = i < 2 * s->n    ? nm_fmt(job, "%s%s", s->item[i / 2].name, parts[i % 2])
                           : i == 2 * s->n ? "suite.csv"
                                           : "README.md";
        if (same(job, nm_path_under(job, s->dir, name), nm_path_under(job, temp, name))) continue;
        nm_note(job, "%s: building it again gives another model", nm_path_under(job, s->dir, name));
        bad++;
    }
    return bad;
}

typedef struct {
    const nm_suite *s;
    const nm_item *t;
    const nm_verdict *v;
} replay;

static void decode_one(nm_job *job, void *arg)
{
    replay *r = arg;
    const char *map = nm_path_under(job, r->s->dir, nm_fmt(job, "%s.map.json", r->t->name)),
               *sol = nm_path_under(job, r->s->dir, r->t->solution);
    r->v = nm_decode_sol(job, NULL, nm_map_read(job, map), map, nm_sol_read(job, sol), sol);
}

/* Checks that a known solution replays to the known answer, and to the known optimum. */
static size_t check_answers(nm_job *job, const nm_suite *s, size_t *replayed)
{
    size_t bad = 0;
    for (size_t i = 0; i < s->n && !nm_stopped(job); i++) {
        replay r = {s, &s->item[i], NULL};
        const nm_item *t = r.t;
        if (!t->solution) continue;
        ++*replayed;
        const int code = nm_run(job, decode_one, &r);
        const bool is_worst = t->objective && !strcmp(t->objective, "worst");
        const double x = code || !r.v->witness ? NAN : r.v->witness->margin64;
        const bool violated = !code && r.v->status == NM_VIOLATED;
        const bool right = !code &&
                           (t->answer && nm_status_of(t->answer) == NM_VIOLATED ? violated
                                                                        : is_worst && !violated);
        const bool best = !isfinite(t->best) || fabs(x - t->best) <= 1e-6 * fmax(1, fabs(t->best));
        if (right && best) continue;
        nm_note(job, "%s: its solution does not give the known answer: %s", t->name,
                code ? nm_job_message(job) : nm_fmt(job, "a margin of %.9g", x));
        bad++;
    }
    return bad;
}

void nm_suite_check(nm_job *job, nm_buf *out, const char *dir)
{
    nm_suite *s = nm_suite_read(job, nm_path_under(job, dir, "spec.json"));
    size_t replayed = 0;
    const size_t sums = check_sums(job, s), built = check_built(job, s),
                 answers = check_answers(job, s, &replayed);
    if (nm_stopped(job)) return;
    if (sums + built + answers)
        nm_throw(job, NM_EAUDIT,
                 "%s: %zu files changed, %zu differ when built again, %zu solutions are wrong", dir,
                 sums, built, answers);
    nm_put(
        out,
        "%zu instances: all hashes are right, building again gives the same models, %zu solutions replayed\n",
        s->n, replayed);
}
