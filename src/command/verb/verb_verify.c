/* verb_verify.c: netmip verify, of the VNN-LIB 2.0 standard (vnnlib.org, "Solver Command-line Interface").
 *
 *   netmip verify QUERY --network NAME=FILE [--network ..] [--timeout SECONDS]
 *
 * The first line of stdout is sat, unsat, unknown or timed-out; after sat comes the assignment: the declared variables
 * in the order of the query, each with a line NAME TYPE [SHAPE] and then a line for each element, row-major. unsat is
 * printed only if it is certified, sat only for a point at which the query's formulas, as written, are surely true; a
 * tie that a strict comparison excludes is neither. The standard does not define exit codes: this is 0 for all four
 * answers, so that callers that treat other codes as failures read them. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "search/search.h"
#include "command/command.h"
#include "command/flags.h"

/* Reads NAME=FILE, or just FILE. */
static nm_named read_network(nm_job *job, const char *text)
{
    const char *eq = strchr(text, '='), *slash = strchr(text, '/');
    const bool is_named = eq && eq > text && (!slash || eq < slash);
    if (eq == text) nm_throw(job, NM_EUSE, "--network %s: NAME=FILE, or FILE alone, was expected", text);
    const char *path = is_named ? eq + 1 : text;
    return (nm_named){is_named ? nm_dup(job, text, (size_t)(eq - text)) : NULL,
                      nm_net_read(job, path)};
}

static nm_asked read_query(nm_job *job, const nm_cli *c)
{
    const char *flag = nm_cli_get(c, NM_O_query);
    if (c->n_files + (flag != NULL) > 1)
        nm_throw(job, NM_EUSE, "%s: one query was expected; networks are given by --network NAME=FILE",
                 c->file[flag ? 0 : 1]);
    nm_cli_files(job, c, flag ? 0 : 1, flag ? 0 : 1, "one query, beside the networks of --network,");
    nm_named *given = NM_RAW(job, nm_named, c->n_networks + 1);
    if (c->n_networks == 0)
        nm_throw(job, NM_EUSE, "netmip verify: --network NAME=FILE was expected");
    for (size_t k = 0; k < c->n_networks; k++) given[k] = read_network(job, c->network[k]);
    return nm_vnnlib_ask(job, flag ? flag : c->file[0], c->n_networks, given);
}

int nm_verb_verify(nm_job *job, const nm_cli *c, nm_buf *out)
{
    const double start = nm_wall();
    const double limit = (double)nm_cli_whole(job, c, NM_O_timeout, 0, nm_cli_has(c, NM_O_timeout),
                                              1 << 30);
    nm_solve_opts o = nm_cli_solve_opts(job, c, false);
    if (nm_cli_has(c, NM_O_serialise_assignments))
        nm_note(job, "--serialise-assignments: not supported; an assignment is printed");
    const nm_asked a = read_query(job, c);
    nm_query_range(job, a.net, a.query);
    o.float32 = a.query->float32;
    if (limit > 0) o.time_limit = fmax(limit - (nm_wall() - start), 1e-3);
    const nm_verdict *v = nm_solve_query(job, a.net, a.query, &o);
    const double *x = NULL;
    if (v->status == NM_VIOLATED) {
        x = nm_asked_settle(job, &a, v->witness->icase, v->witness->x);
        if (!x)
            nm_note(job,
                    "the point found is, within rounding, a tie that the query excludes");
    }
    if (v->status == NM_UNKNOWN && v->why) nm_note(job, "%s", v->why);
    const bool late = v->status == NM_UNKNOWN && limit > 0 && nm_wall() - start >= limit;
    nm_put(out, "%s\n", x ? "sat" : v->status == NM_OK ? "unsat" : late ? "timed-out" : "unknown");
    if (x) nm_asked_put(out, &a, x);
    return NM_OK;
}
