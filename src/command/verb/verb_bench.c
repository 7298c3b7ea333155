/* verb_bench.c: netmip bench: compares solvers and formulations on the same instances, given by flags or by a file:
 *
 *   {"netmip": "bench", "version": 1, "instances": [FOLDER or MAP, ..], "solvers": ["cbc", {"name": .., "command":
 * ..}, ..],
 *    "encodings": ["bigm", ..], "repeat": 3, "time_limit": 60, "memory": 2000, "threads": 1, "only": "easy"}
 *
 * File names are relative to the campaign's folder; a flag overrides the campaign's member. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "solver/solver.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

#include <cJSON.h>

typedef struct {
    nm_job *job;
    const nm_cli *c;
    const nm_json *file; /* the campaign's, or NULL */
    const char *path;
} source;

static double number(const source *s, nm_opt o, const char *key, double dflt, double least)
{
    double x = dflt;
    const nm_json *j = s->file ? nm_json_find(s->file, key) : NULL;
    if (j) x = nm_json_num(s->job, j, nm_fmt(s->job, "%s: \"%s\"", s->path, key));
    if (nm_cli_has(s->c, o)) x = nm_cli_num(s->job, s->c, o, dflt);
    if (!(x >= least) || x > 1e9)
        nm_throw(s->job, NM_EUSE, "--%s %g: a number of %g or more was expected",
                 nm_cli_name(s->job, o), x, least);
    return x;
}

static size_t whole(const source *s, nm_opt o, const char *key, double dflt, double least)
{
    const double x = number(s, o, key, dflt, least);
    if (x != floor(x))
        nm_throw(s->job, NM_EUSE, "--%s %g: a whole number was expected", nm_cli_name(s->job, o),
                 x);
    return (size_t)x;
}

static const char *text(const source *s, nm_opt o, const char *key)
{
    const nm_json *j = s->file ? nm_json_find(s->file, key) : NULL;
    return nm_cli_has(s->c, o) ? nm_cli_get(s->c, o) : j ? nm_json_str(s->job, j, s->path) : NULL;
}

/* ---- solvers ---- */

static void add_solver(nm_job *job, nm_bench *b, nm_bench_solver *list, const char *name,
                       const char *command)
{
    nm_bench_solver r = {.name = name, .is_embedded = !command && !strcmp(name, "embedded")};
    for (size_t i = 0; i < b->n_solvers; i++)
        if (!strcmp(list[i].name, name)) nm_throw(job, NM_EUSE, "solver %s is given twice", name);
    if (!*name || strcmp(nm_name_clean(job, name), name))
        nm_throw(job, NM_EUSE, "solver \"%s\": letters, digits, . _ and - were expected in a name",
                 name);
    if (command) {
        r.runner = nm_runner_command(job, command);
        nm_runner_need(job, &r.runner, "--solver-command");
        r.runner.name = name;
    } else if (!r.is_embedded) {
        r.runner = nm_runner_find(job, name);
        nm_runner_need(job, &r.runner, "--solvers");
    }
    list[b->n_solvers++] = r;
}

/* Reads "NAME: COMMAND"; tables, files and records use the name. */
static void add_command(nm_job *job, nm_bench *b, nm_bench_solver *list, const char *text)
{
    const char *colon = strstr(text, ": ");
    const size_t n = colon ? (size_t)(colon - text) : 0;
    if (!n || memchr(text, ' ', n))
        nm_throw(job, NM_EUSE,
                 "--solver-command \"%s\": a comparison needs a name for it; \"NAME: COMMAND\" "
                 "was expected",
                 text);
    add_solver(job, b, list, nm_dup(job, text, n), colon + 2);
}

static size_t words(const char *list)
{
    size_t n = 1;
    for (const char *at = list; *at; at++) n += *at == ',';
    return n;
}

static const char *word(nm_job *job, const char **list)
{
    const size_t n = strcspn(*list, ",");
    const char *w = nm_dup(job, *list, n);
    *list += n + ((*list)[n] == ',');
    return w;
}

static void read_solvers(const source *s, nm_bench *b)
{
    const nm_json *j = s->file ? nm_json_find(s->file, "solvers") : NULL;
    const char *given = nm_cli_get(s->c, NM_O_solvers),
               *command = nm_cli_get(s->c, NM_O_solver_command);
    const char *names = given ? given : j || command ? "" : "embedded";
    nm_bench_solver *list = NM_ARRAY(s->job, nm_bench_solver,
                                     words(names) + (j ? nm_json_count(j) : 0) + 2);
    b->solver = list;
    while (*names) add_solver(s->job, b, list, word(s->job, &names), NULL);
    for (const nm_json *e = j && !given ? j->child : NULL; e; e = e->next) {
        static const char *const keys[] = {"name", "command", NULL};
        if (cJSON_IsString(e)) {
            add_solver(s->job, b, list, nm_json_str(s->job, e, s->path), NULL);
            continue;
        }
        nm_json_only(s->job, e, s->path, keys);
        add_solver(s->job, b, list,
                   nm_json_str(s->job, nm_json_get(s->job, e, "name", s->path), s->path),
                   nm_json_str(s->job, nm_json_get(s->job, e, "command", s->path), s->path));
    }
    if (command) add_command(s->job, b, list, command);
    if (!b->n_solvers) nm_throw(s->job, NM_EUSE, "no solver to compare");
}

/* ---- formulations ---- */

static void read_forms(const source *s, nm_bench *b, bool given)
{
    const nm_json *j = s->file ? nm_json_find(s->file, "encodings") : NULL;
    const char *names = nm_cli_get(s->c, NM_O_encodings);
    nm_formulation *list = NM_ARRAY(s->job, nm_formulation,
                                    (names ? words(names)
                                     : j   ? nm_json_count(j)
                                           : 0) +
                                        1);
    b->form = list;
    if (names)
        while (*names) list[b->n_forms++] = nm_formulation_read(s->job, word(s->job, &names));
    else
        for (const nm_json *e = j ? j->child : NULL; e; e = e->next)
            list[b->n_forms++] = nm_formulation_read(s->job, nm_json_str(s->job, e, s->path));
    if (!b->n_forms)
        list[b->n_forms++] = given ? (nm_formulation){.name = "as-given"}
                                   : nm_formulation_read(s->job, "bigm");
    for (size_t i = 0; i < b->n_forms; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(nm_name_clean(s->job, list[i].name), nm_name_clean(s->job, list[k].name)))
                nm_throw(s->job, NM_EUSE, "encoding %s is given twice", list[i].name);
}

/* ---- instances ---- */

static void ask_images(nm_job *job, const nm_cli *c, nm_bench *b)
{
    const nm_ask ask = {.perturb = nm_cli_get(c, NM_O_perturb),
                        .domain = nm_cli_get(c, NM_O_domain),
                        .target = nm_cli_get(c, NM_O_target),
                        .margin = nm_cli_get(c, NM_O_margin),
                        .objective = nm_cli_get(c, NM_O_objective),
                        .guard = nm_cli_guard(c)};
    const nm_net *net = nm_net_read(job, c->file[0]);
    const nm_dataset images = nm_dataset_open(job, nm_net_form(net), nm_cli_get(c, NM_O_images));
    nm_dataset labels = {0};
    const bool has_labels = nm_cli_has(c, NM_O_labels);
    if (has_labels) labels = nm_labels_open(job, nm_cli_get(c, NM_O_labels));
    int64_t from, to;
    nm_cli_range(job, c, images.count, &from, &to);
    const char *base = strrchr(c->file[0], '/');
    base = base ? base + 1 : c->file[0];
    for (int64_t i = from; i < to; i++) {
        nm_around a = nm_around_ask(job, &ask);
        a.of_many = true;
        a.quiet = i != from;
        if (i == from) nm_around_check_target(job, net, &a);
        a.x = nm_dataset_get(job, nm_net_form(net), &images, i).x;
        a.label = has_labels ? nm_dataset_label(job, &labels, i) : -1;
        const nm_query *q = nm_query_around(job, net, &a);
        if (q->predicted != q->label)
            nm_note(job, "image %lld is misclassified: left out", (long long)i);
        else
            nm_instances_ask(
                job, &b->instances, net, q,
                nm_fmt(job, "%.*s-i%lld", (int)strcspn(base, "."), base, (long long)i));
    }
}

static void read_instances(const source *s, nm_bench *b, const char *only)
{
    const nm_json *j = s->file ? nm_json_get(s->job, s->file, "instances", s->path) : NULL;
    const bool nets = b->form[0].encoding != NULL;
    for (const nm_json *e = j ? j->child : NULL; e; e = e->next)
        nm_instances_read(
            s->job, &b->instances,
            nm_path_under(s->job, nm_path_dir(s->job, s->path), nm_json_str(s->job, e, s->path)),
            only, nets);
    if (!j)
        for (int i = 0; i < s->c->n_files; i++)
            nm_instances_read(s->job, &b->instances, s->c->file[i], only, nets);
    if (!b->instances.n) nm_throw(s->job, NM_EUSE, "no instance is left to compare on");
}

static bool is_campaign(const char *path)
{
    return nm_has_suffix(path, ".json") && !nm_has_suffix(path, ".map.json");
}

/* Refuses flags for questions about images if the instances are existing models. */
static void check_flags(nm_job *job, const nm_cli *c, bool images)
{
    static const nm_opt asks[] = {NM_O_labels, NM_O_range,     NM_O_perturb, NM_O_domain,
                                  NM_O_margin, NM_O_objective, NM_O_guard,   NM_O_target};
    if (!images)
        for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
            if (nm_cli_has(c, asks[i]))
                nm_throw(job, NM_EUSE,
                         "--%s: the instances already are questions; this flag needs --images",
                         nm_cli_name(job, asks[i]));
    if (images && nm_cli_has(c, NM_O_only))
        nm_throw(job, NM_EUSE, "--only chooses from a suite, not from --images");
}

/* --runs A:B */
static void read_part(nm_job *job, const nm_cli *c, nm_bench *b)
{
    const char *s = nm_cli_get(c, NM_O_runs), *colon = s ? strchr(s, ':') : NULL;
    int64_t from, to;
    b->is_part = s != NULL;
    if (!s) return;
    if (nm_cli_has(c, NM_O_json))
        nm_throw(job, NM_EUSE, "--json: does not go with --runs, a part; tables are made when all runs are there");
    if (!colon || !nm_int_parse(s, colon, &from) || !nm_int_parse(colon + 1, s + strlen(s), &to) || from < 0 ||
        from > to)
        nm_throw(job, NM_EUSE, "--runs %s: A:B was expected", s);
    b->from = (size_t)from;
    b->to = (size_t)to;
}

/* this command, but for what spreads it: files first, under an empty key */
static const nm_said *said_again(nm_job *job, const nm_cli *c)
{
    static const nm_opt spreads[] = {NM_O_slurm,  NM_O_jobs_file, NM_O_chunk, NM_O_array_limit,
                                     NM_O_sbatch, NM_O_json,      NM_O_runs};
    nm_said *out = NM_ARRAY(job, nm_said, (size_t)c->n_files + NM_N_OPTS + 1);
    size_t n = 0;
    for (int i = 0; i < c->n_files; i++) out[n++] = (nm_said){"", c->file[i]};
    for (nm_opt o = 0; o < NM_N_OPTS; o++) {
        bool left_out = !nm_cli_has(c, o);
        for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) left_out |= o == spreads[i];
        if (!left_out) out[n++] = (nm_said){nm_cli_name(job, o), nm_cli_get(c, o)};
    }
    return out;
}

typedef struct {
    const nm_cli *c;
    const nm_bench *b;
    nm_buf *out;
} made;

static void write_tables(nm_job *job, void *arg)
{
    const made *m = arg;
    const size_t left = m->b->is_part ? nm_bench_left(job, m->b) : 0;
    if (left)
        nm_put(m->out, "done: %s; %zu runs of other parts are left\n", nm_cli_get(m->c, NM_O_runs), left);
    else
        nm_bench_tables(job, m->out, m->b, nm_cli_has(m->c, NM_O_json));
}

static int run(nm_job *job, const nm_cli *c, nm_bench *b, nm_buf *out)
{
    nm_spread spread;
    if (nm_cli_spread(job, c, &spread)) {
        if (nm_cli_has(c, NM_O_runs))
            nm_throw(job, NM_EUSE, "--runs: does not go with --slurm or --jobs-file, which spread all runs");
        if (nm_cli_has(c, NM_O_json))
            nm_throw(job, NM_EUSE, "--json: what was submitted or written is said as text");
        nm_bench_spread(job, b, &spread, said_again(job, c), out);
        return NM_OK;
    }
    return nm_bench_run(job, b, write_tables, &(made){c, b, out}) ? NM_OK : NM_UNKNOWN;
}

int nm_verb_bench(nm_job *job, const nm_cli *c, nm_buf *out)
{
    static const char *const keys[] = {"netmip",    "version", "instances",  "solvers",
                                       "encodings", "repeat",  "time_limit", "memory",
                                       "threads",   "shift",   "only",       NULL};
    nm_cli_files(job, c, 1, c->argc,
                 "a campaign's file, a suite's folder, maps, or a network with --images");
    const bool images = nm_cli_has(c, NM_O_images);
    source s = {job, c, NULL, c->file[0]};
    if (images || is_campaign(c->file[0]))
        nm_cli_files(job, c, 1, 1, images ? "one network with --images" : "one campaign");
    if (!images && is_campaign(c->file[0])) {
        s.file = nm_json_parse(job, nm_file_read(job, s.path));
        nm_json_only(job, s.file, s.path, keys);
        const char *kind = nm_json_str(job, nm_json_get(job, s.file, "netmip", s.path), s.path);
        if (strcmp(kind, "bench") ||
            nm_json_int(job, nm_json_get(job, s.file, "version", s.path), s.path) != 1)
            nm_throw(job, NM_EINPUT, "%s: not a netmip bench campaign of version 1", s.path);
    }
    check_flags(job, c, images);
    if (!nm_cli_has(c, NM_O_dir)) nm_throw(job, NM_EUSE, "netmip bench: --dir DIR was expected");
    nm_bench b = {.dir = nm_cli_get(c, NM_O_dir),
                  .rerun = nm_cli_pick(job, c, NM_O_rerun, "never|always|unknown"),
                  .repeats = whole(&s, NM_O_repeat, "repeat", 1, 1),
                  .memory = whole(&s, NM_O_memory, "memory", 0, 0),
                  .threads = whole(&s, NM_O_threads, "threads", 1, 1),
                  .bounds = nm_cli_levels(job, c),
                  .time_limit = number(&s, NM_O_time_limit, "time_limit", 60, 0.1),
                  .shift = number(&s, NM_O_shift, "shift", 1, 0.001),
                  .benchexec = nm_cli_has(c, NM_O_benchexec),
                  .workers = (int)nm_cli_whole(job, c, NM_O_workers, 1, 1, 256)};
    read_solvers(&s, &b);
    read_forms(&s, &b, !images);
    if (images)
        ask_images(job, c, &b);
    else
        read_instances(&s, &b, text(&s, NM_O_only, "only"));
    if (nm_cli_has(c, NM_O_bounds) && !b.form[0].encoding)
        nm_throw(job, NM_EUSE, "--bounds: models are used as they are; this flag needs --encodings");
    read_part(job, c, &b);
    return run(job, c, &b, out);
}
