/* cbc_log.c: the output of CBC's program, for runs that end without a solution file: with preprocessing off, CBC 2.10
 * crashes in `solution` if bounds alone show that a model is infeasible ("tightenPrimalBounds"), and leaves an empty
 * file. If a log has several runs, the last one counts. The log has no values, so a status that implies values says
 * nothing here; the log gives the model's name and sizes. "Linear relaxation infeasible" is no proof (it was seen at a
 * time limit of 0), and "proven infeasible" is one only if preprocessing was off. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static const char welcome[] = "Welcome to the CBC MILP Solver";

static int sniff(const char *text, size_t n)
{
    nm_span line = nm_first_line(text, n);
    while (nm_span_blank(line) && line.end < text + n)
        line = nm_first_line(line.end + 1, (size_t)(text + n - line.end - 1));
    return nm_span_starts(line, welcome) ? 85 : 0;
}

/* Reads "Problem NAME has R rows, C columns and N elements". */
static bool sizes(nm_job *job, const nm_lines *l, nm_span line, nm_sol *s)
{
    nm_span tok[11];
    if (nm_span_split(line, tok, 11) != 10 || !nm_span_is(tok[0], "Problem") ||
        !nm_span_is(tok[2], "has") || !nm_span_is(tok[4], "rows,"))
        return false;
    if (s->n_rows >= 0) nm_lines_bad(l, "the log of one model");
    s->model = nm_span_dup(job, tok[1]);
    s->n_rows = nm_lines_count(l, tok[3]);
    s->n_cols = nm_lines_count(l, tok[5]);
    return true;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, rest;
    bool plain = false; /* without preprocessing */
    while (nm_lines_next(&l, &line)) {
        if (nm_span_starts(line, welcome)) {
            s->n_rows = s->n_cols = -1;
            s->model = s->status_text = NULL;
            plain = false;
        }
        if (sizes(job, &l, line, s)) continue;
        plain |= nm_span_starts(line, "Option for preprocess changed from ") &&
                 nm_span_has(line, " to off");
        const bool bounds = nm_span_starts(line, "Problem is infeasible - ");
        if (!bounds && !nm_span_after(line, "Result - ", &rest)) continue;
        if (s->status_text) nm_lines_bad(&l, "one result");
        const bool proven = bounds || (plain && nm_span_is(rest, "Problem proven infeasible"));
        nm_sol_status(s, job, bounds ? line : rest, proven ? NM_SOL_INFEASIBLE : NM_SOL_NONE);
    }
    if (s->n_rows < 0) nm_lines_bad(&l, "the line \"Problem NAME has .. rows\"");
    if (!s->status_text)
        nm_throw(job, NM_EINPUT, "%s: the log ends before CBC gives a result", f.path);
    if (s->status == NM_SOL_NONE)
        s->status_text = nm_fmt(job, "%s (a log without values: give the solution file)",
                                s->status_text);
}

const nm_soldialect nm_sol_cbclog = {"cbc log", sniff, read_file, false, false};
