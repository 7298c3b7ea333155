/* highs_pretty.c: HiGHS's table for people (write_solution_style 1): columns and rows with bounds, six digits,
 * then "Model status:" and, as the last line, "Objective value:". Fields have the width that HiGHS prints:
 * index 9, status 4, four numbers of 12; a blank primal field means that there is no point. The status comes
 * after the values, so they are kept until it is known. The columns are listed whatever the status, so an
 * infeasible answer identifies its model. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

enum { PRIMAL = 42, DUAL = 55, TYPE = 68 };

static int sniff(const char *text, size_t n)
{
    return nm_span_is(nm_first_line(text, n), "Columns") ? 90 : 0;
}

static nm_solstatus meaning(nm_span s, bool values)
{
    if (nm_span_is(s, "Infeasible")) return NM_SOL_INFEASIBLE;
    if (nm_span_is(s, "Unbounded")) return NM_SOL_UNBOUNDED;
    if (!values || nm_span_has(s, "infeasible") || nm_span_has(s, "rror")) return NM_SOL_NONE;
    return nm_span_is(s, "Optimal") ? NM_SOL_OPTIMAL : NM_SOL_FEASIBLE;
}

static void column(nm_lines *l, nm_sol *s, nm_span line, bool typed)
{
    nm_span tok[12];
    const size_t n = nm_span_split(line, tok, 12);
    if (line.end - line.s < TYPE || n < 4 + (size_t)typed || n > 9 ||
        tok[n - 1].s - line.s < TYPE || line.s[PRIMAL] != ' ' || line.s[DUAL] != ' ')
        nm_lines_bad(l, "a column in fields as wide as HiGHS prints them");
    if (nm_lines_count(l, tok[0]) != (int64_t)s->n) nm_lines_bad(l, "the next index");
    const nm_span primal = nm_span_trim((nm_span){line.s + PRIMAL, line.s + DUAL});
    const bool some = primal.s < primal.end;
    if (s->n > 0 && some != s->has_values) nm_lines_bad(l, "values for all columns or none");
    s->has_values = some;
    nm_sol_value(l, s, tok[n - 1], primal, (int64_t)s->n);
}

static nm_span heading(nm_lines *l, const char *word)
{
    if (!nm_span_is(nm_lines_text(l, word), word)) nm_lines_bad(l, word);
    const nm_span s = nm_lines_text(l, "the heading");
    if (!nm_span_starts(s, "Index Status ") || !nm_span_has(s, "  Name"))
        nm_lines_bad(l, "a heading that ends with Name");
    return s;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, text, rest;
    const bool typed = nm_span_has(heading(&l, "Columns"), "  Type ");
    nm_lines at = l;
    while (!nm_span_is(line = nm_lines_need(&l, "Rows"), "Rows")) {
        column(&l, s, line, typed);
        at = l;
    }
    l = at;
    heading(&l, "Rows");
    s->n_cols = (int64_t)s->n;
    for (s->n_rows = 0; !nm_span_blank(nm_lines_need(&l, "the status")); s->n_rows++) {
    }
    if (!nm_span_after(nm_lines_text(&l, "the status"), "Model status:", &text))
        nm_lines_bad(&l, "Model status");
    if (!nm_span_after(nm_lines_text(&l, "the objective"), "Objective value:", &rest))
        nm_lines_bad(&l, "Objective value");
    nm_lines_close(&l);
    s->objective = nm_span_objective(rest);
    nm_sol_status(s, job, text, meaning(text, s->n > 0 && s->has_values));
}

const nm_soldialect nm_sol_highspretty = {"highs pretty", sniff, read_file, false, false};
