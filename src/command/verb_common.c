/* verb_common.c: what verbs share: options of the pipeline, numbers of files, --dump. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "command/command.h"
#include "command/flags.h"

static const char *options_text(nm_job *job, const nm_cli *c)
{
    nm_buf b = {.job = job};
    for (int i = 1; i < c->argc; i++) nm_put(&b, i > 1 ? " %s" : "%s", c->argv[i]);
    if (c->argc) return b.s;
    nm_put(&b, "library");
    for (int o = 0; o < NM_N_OPTS; o++)
        if (c->value[o]) nm_put(&b, *c->value[o] ? " --%s %s" : " --%s", nm_cli_name(job, (nm_opt)o), c->value[o]);
    return b.s;
}

nm_levels nm_cli_levels(nm_job *job, const nm_cli *c)
{
    return nm_levels_read(job, "--bounds", nm_cli_get(c, NM_O_bounds));
}

nm_known *nm_cli_known(nm_job *job, const nm_cli *c, const nm_net *net, const nm_query *q)
{
    const char *path = nm_cli_get(c, NM_O_known_bounds);
    return path ? nm_known_read(job, path, net->hash, nm_query_hash(job, q)) : NULL;
}

size_t nm_cli_whole(nm_job *job, const nm_cli *c, nm_opt o, double dflt, int lo, int hi)
{
    const char *s = nm_cli_get(c, o);
    double n = dflt;
    const bool read = !s || nm_num_parse(s, s + strlen(s), &n);
    if (!read || n < lo || n > hi || n != floor(n))
        nm_throw(job, NM_EUSE, "--%s %s: a whole number from %d to %d was expected",
                 nm_cli_name(job, o), nm_cli_get(c, o), lo, hi);
    return (size_t)n;
}

void nm_cli_keep_memory(nm_job *job, const nm_cli *c)
{
    const double megabytes = nm_cli_num(job, c, NM_O_memory, 0);
    if (strcmp(c->verb, "compile") == 0) return; /* there it is about commands for others */
    if (megabytes > 0 && megabytes < (double)(NM_MAX_BYTES >> 20)) nm_job_limit(job, (size_t)megabytes << 20);
}

/* Returns the solver that a flag names, after checking, before any work, that its program is there. */
static const nm_runner *runner_of(nm_job *job, const char *flag, const char *name)
{
    if (!name || strcmp(name, "embedded") == 0) return NULL;
    nm_runner *r = NM_NEW(job, nm_runner);
    *r = nm_runner_find(job, name);
    nm_runner_need(job, r, flag);
    return r;
}

static void set_runners(nm_job *job, const nm_cli *c, nm_solve_opts *o)
{
    o->programs.solver = runner_of(job, "--solver", nm_cli_get(c, NM_O_solver));
    o->programs.confirm = runner_of(job, "--confirm", nm_cli_get(c, NM_O_confirm));
    if (nm_cli_has(c, NM_O_solver_command)) {
        nm_runner *r = NM_NEW(job, nm_runner);
        if (o->programs.solver)
            nm_throw(job, NM_EUSE, "--solver and --solver-command: one of them was expected");
        *r = nm_runner_command(job, nm_cli_get(c, NM_O_solver_command));
        nm_runner_need(job, r, "--solver-command");
        o->programs.solver = r;
    }
    o->programs.memory = nm_cli_whole(job, c, NM_O_memory, 0, 0, 1 << 24);
    if (!o->programs.solver && !o->programs.confirm) return;
    o->programs.keep = nm_cli_get(c, NM_O_keep);
    if (o->programs.keep)
        nm_folder_make(job, o->programs.keep);
    else
        o->programs.keep = nm_temp_new(job);
}

/* Sets dialect and encoding, and refuses before any work what the readers of the model could not read. */
static void set_dialect(nm_job *job, const nm_cli *c, nm_solve_opts *o, bool compile)
{
    size_t arg;
    o->form.encoding = nm_cli_get(c, NM_O_encoding);
    const nm_encoding *enc = o->form.encoding ? nm_encoding_find(job, o->form.encoding, &arg) : &nm_enc_bigm;
    const nm_runner *r[] = {o->programs.solver, o->programs.confirm};
    const char *what = nm_fmt(job, "--encoding %s", enc->name);
    if (!compile)
        for (size_t i = 0; i < 2; i++) {
            if (r[i])
                nm_dialect_check(job, r[i]->dialect, false, enc->needs, what);
            else if (enc->needs && (i == 0 || o->programs.confirm))
                nm_throw(job, NM_EUNSUP,
                         "%s: the embedded CBC does not support %s; --solver NAME of a solver that does was "
                         "expected",
                         what, nm_needs_name(enc->needs));
        }
    const char *name = nm_cli_get(c, NM_O_dialect);
    o->files.dialect = nm_dialect_find(job, name ? name : "generic");
    o->files.comments = strcmp(nm_cli_pick(job, c, NM_O_comments, "on|off"), "on") == 0;
    o->form.own_guard = nm_cli_guard(c) != NULL;
    o->files.cuts = strcmp(nm_cli_pick(job, c, NM_O_cuts, "rows|user"), "user") == 0;
    o->files.fixed = strcmp(nm_cli_pick(job, c, NM_O_mps, "free|fixed"), "fixed") == 0;
    o->files.start = nm_cli_get(c, NM_O_start);
    o->files.priorities = nm_cli_has(c, NM_O_priorities);
    o->files.options_file = nm_cli_has(c, NM_O_options);
    if (!o->files.out) return;
    if (o->files.start && !o->files.dialect->start)
        nm_throw(job, NM_EUNSUP, "--start: dialect %s has no file for starting points", o->files.dialect->name);
    if (o->files.priorities && !o->files.dialect->order)
        nm_throw(job, NM_EUNSUP, "--priorities: dialect %s has no file for branching priorities",
                 o->files.dialect->name);
    if (o->files.options_file && !o->files.dialect->options)
        nm_throw(job, NM_EUNSUP, "--options: dialect %s has no option file", o->files.dialect->name);
    const bool lp = nm_is_lp(job, o->files.out);
    nm_dialect_check(job, o->files.dialect, lp, enc->needs, what);
    if (o->files.cuts) nm_dialect_check(job, o->files.dialect, lp, NM_CUTS, "--cuts user");
    if (o->files.fixed && lp) nm_throw(job, NM_EUSE, "--mps fixed: %s is LP", o->files.out);
    if (o->files.dialect->no_gz && nm_has_suffix(o->files.out, ".gz"))
        nm_throw(job, NM_EUNSUP, "--dialect %s: its solver reads no .gz; write %.*s", o->files.dialect->name,
                 (int)strlen(o->files.out) - 3, o->files.out);
}

nm_solve_opts nm_cli_solve_opts(nm_job *job, const nm_cli *c, bool compile)
{
    nm_solve_opts o = {.bounds = nm_cli_levels(job, c),
                       .threads = nm_cli_whole(job, c, NM_O_threads, 1, 1, 64),
                       .depth = nm_cli_whole(job, c, NM_O_split, 0, 0, 20),
                       .files.version = NM_VERSION,
                       .files.options = options_text(job, c)};
    if (!compile) set_runners(job, c, &o);
    o.form.two_sided = strcmp(nm_cli_pick(job, c, NM_O_one_sided, "on|off"), "off") == 0;
    o.form.fold = strcmp(nm_cli_pick(job, c, NM_O_fold, "on|off"), "on") == 0;
    o.float32 = !compile && strcmp(nm_cli_pick(job, c, NM_O_arithmetic, "real|float32"), "float32") == 0;
    o.stages.evaluate = !compile && !nm_cli_has(c, NM_O_no_evaluate);
    o.stages.attack = !compile && !nm_cli_has(c, NM_O_no_attack);
    o.stages.split = !compile && !nm_cli_has(c, NM_O_no_split);
    o.stages.units = !nm_cli_has(c, NM_O_no_units);
    o.stages.branch = !compile && !nm_cli_has(c, NM_O_no_branch);
    o.stages.solve = !compile && !nm_cli_has(c, NM_O_no_solve);
    o.files.always_write = nm_cli_has(c, NM_O_always_write);
    o.time_limit = compile ? 0 : nm_cli_num(job, c, NM_O_time_limit, 0); /* compile: of its models' solver */
    const char *seed = nm_cli_has(c, NM_O_seed) ? nm_cli_get(c, NM_O_seed) : "1";
    int64_t number;
    if (!nm_int_parse(seed, seed + strlen(seed), &number) || number < 0)
        nm_throw(job, NM_EUSE, "--seed %s: an integer of 0 or more was expected", seed);
    o.seed = (uint64_t)number;
    o.files.out = compile ? nm_cli_get(c, NM_O_output) : NULL;
    set_dialect(job, c, &o, compile);
    return o;
}

nm_unit_opts nm_cli_unit_opts(nm_job *job, const nm_cli *c)
{
    return (nm_unit_opts){.bounds = nm_cli_levels(job, c),
                          .threads = nm_cli_whole(job, c, NM_O_threads, 1, 1, 64),
                          .all_rows = nm_cli_has(c, NM_O_all_rows)};
}

void nm_cli_range(nm_job *job, const nm_cli *c, int64_t count, int64_t *from, int64_t *to)
{
    const char *s = nm_cli_get(c, NM_O_range), *colon = s ? strchr(s, ':') : NULL;
    *from = 0;
    *to = count;
    if (s && (!colon || !nm_int_parse(s, colon, from) ||
              !nm_int_parse(colon + 1, s + strlen(s), to) || *from < 0 || *from > *to))
        nm_throw(job, NM_EUSE, "--range %s: A:B was expected", s);
    if (*to > count)
        nm_throw(job, NM_EUSE, "--range %s: the file holds %lld images", s, (long long)count);
}

void nm_cli_files(nm_job *job, const nm_cli *c, int lo, int hi, const char *what)
{
    if (c->n_files < lo || c->n_files > hi)
        nm_throw(job, NM_EUSE, "netmip %s: %s was expected, but %s given; see netmip %s --help", c->verb, what,
                 c->n_files == 0   ? "no file is"
                 : c->n_files == 1 ? "1 file is"
                                   : nm_fmt(job, "%d files are", c->n_files),
                 c->verb);
}

bool nm_cli_dump(nm_job *job, const nm_cli *c, nm_buf *out, const nm_net *net, const nm_query *q)
{
    const char *stage = nm_cli_get(c, NM_O_dump);
    if (!stage) return false;
    if (nm_cli_has(c, NM_O_json) && strcmp(stage, "query"))
        nm_throw(job, NM_EUSE, "--json: only --dump query can print JSON, not %s", stage);
    const char *arithmetic = nm_cli_get(c, NM_O_arithmetic);
    if (arithmetic && strcmp(arithmetic, "real"))
        nm_throw(job, NM_EUNSUP, "--dump: what is printed is about the reals, not --arithmetic %s", arithmetic);
    if (strcmp(stage, "net") == 0)
        nm_net_print(out, net);
    else if (strcmp(stage, "program") == 0)
        nm_program_print(out, nm_lower(job, net));
    else if (strcmp(stage, "query") == 0 && q)
        (nm_cli_has(c, NM_O_json) ? nm_query_write : nm_query_print)(out, q);
    else if (strcmp(stage, "bounds") == 0 || strcmp(stage, "model") == 0)
        return false; /* printed by the verb itself */
    else
        nm_throw(job, NM_EUSE, "--dump %s: net, program, query, bounds or model was expected",
                 stage);
    return true;
}
