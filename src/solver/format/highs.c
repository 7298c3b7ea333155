/* highs.c: HiGHS's raw solution files: write_solution_style 0, with every column, and 4, with the nonzeros and their
 * indices. The counts that they state must be right, and in style 0 a basis section must follow the values, so that a
 * truncated file is refused. Values under "Infeasible" are not a solution. "Optimal" allows for HiGHS's mip_rel_gap;
 * "Primal infeasible or unbounded", limits and errors say nothing. An infeasible answer names no column. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static int sniff(const char *text, size_t n)
{
    return nm_span_is(nm_first_line(text, n), "Model status") ? 95 : 0;
}

static nm_solstatus meaning(nm_span s)
{
    if (nm_span_is(s, "Optimal")) return NM_SOL_OPTIMAL;
    if (nm_span_is(s, "Infeasible")) return NM_SOL_INFEASIBLE;
    if (nm_span_is(s, "Unbounded")) return NM_SOL_UNBOUNDED;
    return NM_SOL_NONE;
}

static nm_span after(nm_lines *l, const char *word)
{
    nm_span rest;
    if (!nm_span_after(nm_lines_text(l, word), word, &rest))
        nm_throw_at(l->job, NM_EINPUT, l->path, l->line, 1, "\"%s\" was expected", word);
    return rest;
}

static void values(nm_lines *l, nm_sol *s)
{
    const nm_span said = after(l, "# Columns ");
    s->sparse = said.s < said.end && *said.s == '-';
    const int64_t n = nm_lines_count(l, (nm_span){said.s + s->sparse, said.end});
    if (!s->sparse) s->n_cols = n;
    for (int64_t i = 0; i < n; i++) {
        nm_span tok[3];
        const size_t parts = nm_span_split(nm_lines_text(l, "the last column"), tok, 3);
        int64_t index = -1;
        if (parts != (s->sparse ? 3 : 2) ||
            (s->sparse && !nm_int_parse(tok[2].s, tok[2].end, &index)))
            nm_lines_bad(l, s->sparse ? "a name, a number and an index" : "a name and a number");
        nm_sol_value(l, s, tok[0], tok[1], index);
    }
    if (s->sparse) return;
    s->n_rows = nm_lines_count(l, after(l, "# Rows "));
    for (int64_t i = 0; i < s->n_rows; i++) nm_lines_text(l, "the last row");
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    after(&l, "Model status");
    const nm_span text = nm_lines_need(&l, "the status");
    nm_solstatus status = meaning(text);
    after(&l, "# Primal solution values");
    const nm_span primal = nm_lines_text(&l, "the primal status");
    const bool none = nm_span_is(primal, "None"), feasible = nm_span_is(primal, "Feasible");
    if (!none && !feasible && !nm_span_is(primal, "Infeasible"))
        nm_lines_bad(&l, "Feasible, Infeasible or None");
    if (feasible && status == NM_SOL_NONE) status = NM_SOL_FEASIBLE;
    if (!feasible && status == NM_SOL_OPTIMAL) status = NM_SOL_NONE;
    nm_sol_status(s, job, text, status);
    if (none) {
        after(&l, "# Dual solution values");
        nm_lines_text(&l, "the dual status");
        return;
    }
    s->objective = nm_span_objective(after(&l, "Objective "));
    values(&l, s);
    if (s->sparse) nm_lines_close(&l);
    while (!s->sparse && !nm_span_is(nm_lines_text(&l, "\"# Basis\""), "# Basis")) {
    }
}

const nm_soldialect nm_sol_highs = {"highs", sniff, read_file, false, false};
