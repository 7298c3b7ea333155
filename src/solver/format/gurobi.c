/* gurobi.c: Gurobi's .sol file, written from its public reference (no such file was available): comments "# Solution
 * for model NAME" and "# Objective value = X", then name and value of every column. It has no status: an incumbent of a
 * stopped run looks like an optimum, so it gives a point that replay may accept, and never a proof. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static int sniff(const char *text, size_t n)
{
    const nm_span s = nm_first_line(text, n);
    return nm_span_starts(s, "# Solution for model") || nm_span_starts(s, "# Solution file") ? 90
                                                                                             : 0;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f), top = l;
    nm_span line, rest;
    nm_sol_status(s, job, nm_span_of("a solution without a status"), NM_SOL_FEASIBLE);
    while (nm_lines_next(&top, &line) && nm_span_starts(line, "#")) {
        if (nm_span_after(line, "# Solution for model", &rest)) s->model = nm_span_dup(job, rest);
        if (nm_span_after(line, "# Objective value =", &rest))
            s->objective = nm_span_objective(rest);
    }
    nm_sol_pairs(&l, s);
}

const nm_soldialect nm_sol_gurobi = {"gurobi", sniff, read_file, false, false};
