/* verb_solve.c: netmip solve and compile: the same stages, except that compile writes models instead of solving
 * them. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "model/model.h"
#include "solver/solver.h"
#include "search/search.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* leaves the models that were written to a solver that others start */
static void spread(nm_job *job, const nm_cli *c, const nm_verdict *v, const nm_runner *runner)
{
    nm_spread s;
    if (!runner || !nm_cli_spread(job, c, &s)) return;
    size_t written = 0;
    for (size_t i = 0; i < v->n_targets; i++) written += v->targets[i].file || v->targets[i].cube_file;
    const char *out = nm_cli_get(c, NM_O_output), *suffix, *stem = nm_model_stem(job, out, &suffix);
    const nm_models m = {
        .v = v,
        .out = out,
        .lead = nm_fmt(job, written > 1 || nm_cli_has(c, NM_O_split) ? "%s.manifest.json" : "%s.map.json", stem),
        .runner = runner,
        .options = {.seconds = nm_cli_num(job, c, NM_O_time_limit, 0),
                    .threads = nm_cli_whole(job, c, NM_O_threads, 1, 1, 64),
                    .memory = nm_cli_whole(job, c, NM_O_memory, 0, 0, 1 << 24)}};
    nm_models_spread(job, &m, &s);
}

/* Names the manifest of the models that were written, or the map of the only one, and who reads it. */
static void put_lead(nm_job *job, nm_buf *out, const char *model)
{
    const char *suffix, *stem = nm_model_stem(job, model, &suffix);
    const char *manifest = nm_fmt(job, "%s.manifest.json", stem), *map = nm_fmt(job, "%s.map.json", stem);
    if (nm_file_stamp(manifest))
        nm_put(out, "  written: %s, and a map beside each model; netmip decode %s SOLUTION..\n", manifest, manifest);
    else if (nm_file_exists(map))
        nm_put(out, "  written: %s; netmip decode %s SOLUTION\n", map, map);
}

/* Says what may settle a question that stayed unknown: more time, or the stages that flags left out. */
static void advise(nm_job *job, const nm_cli *c, double seconds, double limit)
{
    static const nm_opt off[] = {NM_O_no_solve, NM_O_no_branch, NM_O_no_units, NM_O_no_attack, NM_O_no_split,
                                 NM_O_no_evaluate};
    if (nm_stopped(job)) return;
    if (limit > 0 && seconds >= 0.9 * limit)
        nm_note(job, "unknown, as the time limit of %g s was reached: a larger --time-limit, or none, may decide it",
                limit);
    nm_buf b = {.job = job};
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        if (nm_cli_has(c, off[i])) nm_put(&b, b.n ? " --%s" : "--%s", nm_cli_name(job, off[i]));
    if (b.n) nm_note(job, "unknown, but not everything was tried: the question may be decided without %s", b.s);
}

/* Removes an older certificate, which would be taken for this run's; refuses files that are none. Pipes and devices are
 * left alone. */
static void clear_proof(nm_job *job, const char *path)
{
    static const char begin[] = "netmip proof ";
    struct stat st;
    if (stat(path, &st) || !S_ISREG(st.st_mode)) return;
    const nm_mark mark = nm_mark_get(job);
    const nm_file f = nm_file_read(job, path);
    const bool is_one = f.n == 0 || (f.n >= sizeof begin - 1 && !memcmp(f.data, begin, sizeof begin - 1));
    nm_mark_release(job, mark);
    if (!is_one)
        nm_throw(job, NM_EUSE, "--proof %s: this file is no certificate; another name was expected", path);
    if (unlink(path)) nm_throw(job, NM_EIO, "%s: an older one cannot be removed: %s", path, strerror(errno));
}

/* Says what compile has written, and spreads it; older: models of an earlier run were removed. */
static int compiled(nm_job *job, const nm_cli *c, nm_buf *out, const nm_query *q, const nm_verdict *v, bool older,
                    const nm_runner *runner)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_targets; i++) n += v->targets[i].file || v->targets[i].cube_file;
    if (nm_interrupted(job)) {
        nm_warn(job, "interrupted: %s",
                n ? nm_fmt(job, "not all models are written, only %zu", n) : "no model is written");
        return NM_UNKNOWN;
    }
    if (n && !nm_cli_has(c, NM_O_json)) put_lead(job, out, nm_cli_get(c, NM_O_output));
    if (!n)
        nm_note(job, "%s: no model is written%s (--always-write writes models all the same)",
                q->objective == NM_WORST ? "bounds close every target, though they do not give the worst margin"
                                         : "bounds close every target",
                older ? ", and files of an earlier run are removed" : "");
    spread(job, c, v, runner);
    return NM_OK;
}

static int run(nm_job *job, const nm_cli *said, nm_buf *out, bool compile)
{
    nm_cli with = *said; /* and with what goes with a solver */
    const nm_cli *c = &with;
    nm_cli_files(job, c, 1, 2, "a network with its question");
    const nm_runner *runner = compile ? nm_cli_spread_runner(job, &with) : NULL;
    const double start = nm_cpu();
    nm_solve_opts o = nm_cli_solve_opts(job, c, compile); /* first, to refuse at once what no solver here could read */
    const nm_net *net = nm_cli_net(job, c);
    const nm_query *q = nm_cli_question(job, c, net);
    if (nm_cli_dump(job, c, out, net, q)) return NM_OK;
    if (!compile && q->float32 && nm_cli_has(c, NM_O_arithmetic) && !o.float32)
        nm_throw(job, NM_EUSE, "%s asks about float32; --arithmetic real contradicts it", c->file[1]);
    o.float32 |= !compile && q->float32;
    o.known = nm_cli_known(job, c, net, q);
    if (nm_cli_has(c, NM_O_dump)) { /* the last stage to dump, model, needs no attack and no solver */
        if (*nm_cli_get(c, NM_O_dump) != 'm') return nm_verb_bounds(job, c, out);
        o.stages.evaluate = o.stages.attack = o.stages.split = o.stages.branch = o.stages
                                                                                     .solve = false;
        o.files.print = out;
        nm_solve_query(job, net, q, &o);
        return NM_OK;
    }
    if (compile && !o.files.out)
        nm_throw(job, NM_EUSE, "netmip compile: -o OUT.mps[.gz] or OUT.lp[.gz] was expected");
    const char *dir = compile ? NULL : nm_cli_get(c, NM_O_output);
    if (dir) nm_folder_make(job, dir);
    const char *proof = compile ? NULL : nm_cli_get(c, NM_O_proof);
    if (proof) {
        clear_proof(job, proof);
        o.record = NM_NEW(job, nm_record);
    }
    const double read = nm_cpu() - start;
    const bool older = compile && nm_models_clear(job, o.files.out);
    const double began = nm_wall();
    nm_verdict *v = nm_solve_query(job, net, q, &o);
    const double seconds = nm_wall() - began;
    v->cpu.read = read;
    v->finder = compile ? NULL : o.programs.solver ? o.programs.solver->name : "";
    const int failed = nm_cli_say(job, c, out, &(nm_telling){dir, proof, net, q, o.record, v, compile, NULL});
    if (failed) return failed;
    if (!compile && v->status == NM_UNKNOWN) advise(job, c, seconds, o.time_limit);
    return compile ? compiled(job, c, out, q, v, older, runner) : v->status;
}

int nm_verb_solve(nm_job *job, const nm_cli *c, nm_buf *out) { return run(job, c, out, false); }
int nm_verb_compile(nm_job *job, const nm_cli *c, nm_buf *out) { return run(job, c, out, true); }
