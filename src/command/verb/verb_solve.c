/* verb_solve.c: netmip solve and compile: the same stages, except that compile writes models instead of solving
 * them. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "search/search.h"
#include "answer/answer.h"
#include "command/command.h"
#include "command/flags.h"

static int run(nm_job *job, const nm_cli *c, nm_buf *out, bool compile)
{
    nm_cli_files(job, c, 1, 2, "a network, and a question");
    const double start = nm_cpu();
    nm_solve_opts o = nm_cli_solve_opts(job, c, compile); /* first, to refuse at once what no solver here could read */
    const nm_net *net = nm_cli_net(job, c);
    const nm_query *q = nm_cli_question(job, c, net);
    if (nm_cli_dump(job, c, out, net, q)) return NM_OK;
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
    const double read = nm_cpu() - start;
    nm_verdict *v = nm_solve_query(job, net, q, &o);
    v->cpu.read = read;
    const nm_files f = nm_witness_files(job, dir, q, v->witness);
    nm_range_files(job, dir, q, v);
    const nm_fact *facts = nm_facts_of(job, q, v, &f, compile);
    if (nm_cli_has(c, NM_O_json))
        nm_report_json(out, facts, NULL);
    else
        nm_report_text(out, facts, q, v->witness);
    if (!compile) return v->status;
    size_t open = 0;
    for (size_t i = 0; i < v->n_targets; i++) open += v->targets[i].file != NULL;
    if (!open)
        nm_note(job,
                "bounds close every target: no model is written (--always-write writes models all the same)");
    return nm_stopped(job) ? NM_UNKNOWN : NM_OK;
}

int nm_verb_solve(nm_job *job, const nm_cli *c, nm_buf *out) { return run(job, c, out, false); }
int nm_verb_compile(nm_job *job, const nm_cli *c, nm_buf *out) { return run(job, c, out, true); }
