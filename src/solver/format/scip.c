/* scip.c: SCIP's `write solution` file, and SCIP's log (`scip -f MODEL`), which prints the same lines below a status of
 * its own. Lines are name value (obj:cost) , nonzeros only, binaries first. SCIP also prints values under `unbounded`,
 * and columns of its own (indslack_*, qmatrixvar, quadobjvar), which the model does not have. The file has no end mark,
 * so its point counts only after replay. In the log, the solution must end with a blank line; the log also gives the
 * dual bound, and with statistics the model's name. Values of 1e20 and beyond are infinite. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static int sniff(const char *text, size_t n)
{
    const nm_span s = nm_first_line(text, n);
    return nm_span_starts(s, "solution status:") ? 95 : nm_span_starts(s, "SCIP version ") ? 85 : 0;
}

static nm_solstatus meaning(nm_span *s)
{
    static const char *const limits[] = {" limit reached", "user interrupt", "termination signal"};
    if (s->end - s->s > 2 && *s->s == '[' && s->end[-1] == ']') s->s++, s->end--;
    if (nm_span_is(*s, "optimal solution found")) return NM_SOL_OPTIMAL;
    if (nm_span_is(*s, "infeasible")) return NM_SOL_INFEASIBLE;
    if (nm_span_is(*s, "unbounded")) return NM_SOL_UNBOUNDED;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (nm_span_has(*s, limits[i])) return NM_SOL_FEASIBLE;
    return NM_SOL_NONE; /* infeasible or unbounded, unknown */
}

static bool is_helper(nm_span name)
{
    return nm_span_starts(name, "indslack_") || nm_span_is(name, "qmatrixvar") ||
           nm_span_is(name, "quadobjvar");
}

static void value(nm_lines *l, nm_sol *s, nm_span line)
{
    nm_span tok[3], cost;
    if (nm_span_split(line, tok, 3) != 3 || !nm_span_after(tok[2], "(obj:", &cost) ||
        cost.s == cost.end || cost.end[-1] != ')')
        nm_lines_bad(l, "a name, a value and (obj:cost)");
    if (!is_helper(tok[0])) nm_sol_value(l, s, tok[0], tok[1], -1);
}

/* Reads the objective, or the line that says there is no solution; after that the status is final. */
static bool objective(nm_lines *l, nm_sol *s, nm_span line)
{
    nm_span rest;
    if (nm_span_after(line, "objective value:", &rest)) {
        s->objective = nm_span_objective(rest);
        if (s->status == NM_SOL_INFEASIBLE)
            nm_lines_bad(l, "no solution under the status infeasible");
        return true;
    }
    if (!nm_span_is(line, "no solution available"))
        nm_lines_bad(l, "the objective value, or that there is no solution");
    s->has_values = false;
    if (s->status == NM_SOL_OPTIMAL || s->status == NM_SOL_FEASIBLE) s->status = NM_SOL_NONE;
    return false;
}

/* Reads a line of the log outside of the solution. */
static void note(nm_job *job, nm_lines *l, nm_sol *s, nm_span line, size_t *models)
{
    nm_span rest;
    if (nm_span_starts(line, "read problem <") && (*models)++ > 0)
        nm_throw_at(job, NM_EUNSUP, l->path, l->line, 1, "the log of more than one model");
    if (nm_span_after(line, "original problem has ", &rest)) {
        nm_span tok[1];
        if (nm_span_split(rest, tok, 1) > 0) s->n_cols = nm_lines_count(l, tok[0]);
    }
    if (nm_span_after(line, "SCIP Status        : ", &rest)) {
        const char *open = memchr(rest.s, '[', (size_t)(rest.end - rest.s));
        if (!open || rest.end[-1] != ']') nm_lines_bad(l, "a status in brackets");
        nm_span text = {open, rest.end};
        const nm_solstatus status = meaning(&text);
        if (!s->status_text) nm_sol_status(s, job, text, status);
        if (!nm_span_is(text, s->status_text)) nm_lines_bad(l, "one status");
    }
    if (nm_span_after(line, "Dual Bound         : ", &rest)) s->bound = nm_span_objective(rest);
    if (!s->model && nm_span_after(line, "  Problem name     : ", &rest))
        s->model = nm_span_dup(job, rest);
}

static void read_log(nm_job *job, nm_lines *l, nm_sol *s)
{
    size_t models = 0, solutions = 0;
    nm_span line;
    bool listed = false;
    while (nm_lines_next(l, &line)) {
        if (!nm_span_is(line, "primal solution (original space):")) {
            note(job, l, s, line, &models);
            continue;
        }
        if (!s->status_text || solutions++) nm_lines_bad(l, "a status, and one solution");
        nm_lines_need(l, "the solution");
        listed = objective(l, s, nm_lines_text(l, "the solution"));
        while (line = nm_lines_need(l, "the blank line after the solution"), !nm_span_blank(line))
            value(l, s, line);
    }
    if (!s->status_text) nm_throw(job, NM_EINPUT, "%s: the log ends before SCIP's status", l->path);
    if (!listed && s->has_values) {
        s->has_values = false;
        s->status = NM_SOL_NONE;
    }
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, text;
    s->sparse = true;
    if (!nm_span_after(nm_first_line((const char *)f.data, f.n), "solution status:", &text)) {
        read_log(job, &l, s);
        return;
    }
    nm_lines_next(&l, &line);
    const nm_solstatus status = meaning(&text);
    nm_sol_status(s, job, text, status);
    if (!objective(&l, s, nm_lines_need(&l, "the objective value"))) nm_lines_close(&l);
    while (nm_lines_next(&l, &line)) value(&l, s, line);
}

const nm_soldialect nm_sol_scip = {"scip", sniff, read_file, false, true};
