/* symphony.c: what SYMPHONY prints on stdout. A box of stars holds the status, of which the first line counts; then, if
 * stopped, "Current Lower Bound:", and a solution's cost, its nonzeros with ten decimals between a heading and a blank
 * line, which must be there. If preprocessing solves the model, the solution comes before the box, and after it "The
 * problem is infeasible! No Solution Found" (5.6.17): the point counts, but not as an optimum. A quiet run (-v -2)
 * prints nothing that can be read. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static const char early[] = "Optimal Solution Found in Preprocessing";
static const struct {
    const char *text;
    nm_solstatus status;
} words[] = {{"Optimal Solution Found", NM_SOL_OPTIMAL},
             {early, NM_SOL_FEASIBLE},
             {"Problem Infeasible", NM_SOL_INFEASIBLE},
             {"Problem Found Infeasible in Preprocessing", NM_SOL_INFEASIBLE},
             {"Relaxation Unbounded", NM_SOL_UNBOUNDED},
             {"Problem Found Unbounded in Preprocessing", NM_SOL_UNBOUNDED},
             {"Time Limit Reached", NM_SOL_FEASIBLE},
             {"Node Limit Reached", NM_SOL_FEASIBLE},
             {"Abort Requested", NM_SOL_FEASIBLE},
             {"Target Gap Achieved", NM_SOL_FEASIBLE},
             {"Stopping After Finding First Feasible Solution", NM_SOL_FEASIBLE}};

static int sniff(const char *text, size_t n)
{
    const nm_span top = {text, text + (n < 400 ? n : 400)};
    return nm_span_has(top, "==  Welcome to the SYMPHONY") ? 95 : 0;
}

static bool stars(nm_span s)
{
    if (s.end - s.s < 20) return false;
    for (; s.s < s.end; s.s++)
        if (*s.s != '*') return false;
    return true;
}

/* Reads the box whose first rule was just read; returns false if its words are not a status. */
static bool box(nm_job *job, nm_lines *l, nm_sol *s)
{
    nm_span line = nm_lines_need(l, "the status");
    if (line.end - line.s < 4 || *line.s != '*' || line.end[-1] != '*')
        nm_lines_bad(l, "a status between stars");
    const nm_span text = nm_span_trim((nm_span){line.s + 1, line.end - 1});
    while (!stars(line = nm_lines_need(l, "the end of the box")))
        if (line.s == line.end || *line.s != '*') nm_lines_bad(l, "the end of the box");
    nm_solstatus status = NM_SOL_NONE;
    bool known = nm_span_starts(text, "Terminated abnormally") ||
                 nm_span_starts(text, "A process has died");
    for (size_t i = 0; i < sizeof words / sizeof *words && !known; i++)
        if ((known = nm_span_is(text, words[i].text))) status = words[i].status;
    if (known && s->status_text) nm_lines_bad(l, "one status");
    if (known) nm_sol_status(s, job, text, status);
    return known;
}

static void values(nm_lines *l, nm_sol *s)
{
    nm_span line, tok[2];
    const char *heading = "Column names and values of nonzeros in the solution";
    line = nm_lines_need(l, "the heading");
    line.s += line.s < line.end && *line.s == ':'; /* as printed by preprocessing */
    if (!nm_span_starts(line, "+++") || !nm_span_is(nm_lines_need(l, "the heading"), heading) ||
        !nm_span_starts(nm_lines_need(l, "the heading"), "+++"))
        nm_lines_bad(l, heading);
    while (line = nm_lines_need(l, "the blank line after the solution"), line.s != line.end) {
        if (nm_span_split(line, tok, 2) != 2) nm_lines_bad(l, "a name and a value");
        nm_sol_value(l, s, tok[0], tok[1], -1);
    }
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, rest;
    bool listed = false, none = false, before = false;
    s->sparse = true;
    while (nm_lines_next(&l, &line)) {
        if (stars(line)) box(job, &l, s);
        if (nm_span_after(line, "Current Lower Bound:", &rest)) s->bound = nm_span_objective(rest);
        none |= nm_span_is(line, "No Solution Found");
        before |= !s->status_text && nm_span_is(line, "Preprocessing found the optimum:");
        if (!nm_span_after(line, "Solution Cost:", &rest)) continue;
        if (listed || (!s->status_text && !before)) nm_lines_bad(&l, "a status, and one solution");
        s->has_values |= before;
        s->objective = nm_span_objective(rest);
        values(&l, s);
        listed = true;
    }
    if (!s->status_text) nm_throw(job, NM_EINPUT, "%s: the file ends before the status", f.path);
    if (before && strcmp(s->status_text, early))
        nm_throw(job, NM_EINPUT,
                 "%s: preprocessing found an optimum, but the status does not say so", f.path);
    if (listed && ((none && !before) || s->status == NM_SOL_INFEASIBLE))
        nm_throw(job, NM_EINPUT, "%s: it has a solution, and also says that there is none", f.path);
    if (listed || !s->has_values) return;
    if (s->status == NM_SOL_FEASIBLE && !none)
        nm_throw(job, NM_EINPUT, "%s: the file ends before the solution", f.path);
    s->status = NM_SOL_NONE;
    s->has_values = false;
}

const nm_soldialect nm_sol_symphony = {"symphony", sniff, read_file, false, true};
