/* copt.c: the .sol file of COPT, and of older versions of Gurobi, which did not name the model; written from public
 * documentation and readers (no such file was available). A comment "# Objective value X" or "# Objective value = X",
 * then name and value of every column. No status, so it gives a point that replay may accept, and never a proof. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static const char claim[] = "# Objective value";

static int sniff(const char *text, size_t n)
{
    return nm_span_starts(nm_first_line(text, n), claim) ? 85 : 0;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span rest, more;
    nm_sol_status(s, job, nm_span_of("a solution without a status"), NM_SOL_FEASIBLE);
    nm_span_after(nm_first_line((const char *)f.data, f.n), claim, &rest);
    s->objective = nm_span_objective(nm_span_after(rest, "=", &more) ? more : rest);
    nm_sol_pairs(&l, s);
}

const nm_soldialect nm_sol_copt = {"copt", sniff, read_file, false, false};
