/* highs_old.c: HiGHS's old raw file (write_solution_style -1): counts, which parts follow, then numbers by position,
 * without names and status: it gives a point that replay may accept, and never a proof. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static const char tail[] = " : Number of columns and rows for primal or dual solution or basis";

static int sniff(const char *text, size_t n)
{
    return nm_span_has(nm_first_line(text, n), tail) ? 90 : 0;
}

static bool part(nm_lines *l, const char *name)
{
    const nm_span s = nm_lines_need(l, name);
    nm_span rest;
    const bool yes = nm_span_after(s, "T ", &rest);
    if ((!yes && !nm_span_after(s, "F ", &rest)) || !nm_span_is(rest, name)) nm_lines_bad(l, name);
    return yes;
}

static void numbers(nm_lines *l, nm_sol *s, const char *word, int64_t count, size_t parts)
{
    if (!nm_span_is(nm_lines_need(l, word), word)) nm_lines_bad(l, word);
    for (int64_t i = 0; i < count; i++) {
        nm_span tok[4];
        if (nm_span_split(nm_lines_need(l, "the last number"), tok, 4) != parts)
            nm_lines_bad(l, "as many numbers as there are parts");
        if (*word == 'C') nm_sol_value(l, s, (nm_span){NULL, NULL}, tok[0], i);
    }
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span tok[2];
    nm_span_split(nm_lines_need(&l, "the counts"), tok, 2);
    s->n_cols = nm_lines_count(&l, tok[0]);
    s->n_rows = nm_lines_count(&l, tok[1]);
    const bool primal = part(&l, "Primal solution");
    const size_t parts = (size_t)primal + part(&l, "Dual solution") + part(&l, "Basis");
    nm_sol_status(s, job, nm_span_of(primal ? "a solution without a status" : "no solution"),
                  primal ? NM_SOL_FEASIBLE : NM_SOL_NONE);
    if (!primal) return;
    numbers(&l, s, "Columns", s->n_cols, parts);
    numbers(&l, s, "Rows", s->n_rows, parts);
    nm_lines_close(&l);
}

const nm_soldialect nm_sol_highsold = {"highs old", sniff, read_file, false, false};
