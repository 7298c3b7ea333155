/* sol/miplib.c: solutions as MIPLIB keeps them: "=obj= X", then name value of nonzeros, or "=infeas=". Who wrote
 * it and whether it is optimal is not said: a point that replay may accept; "=infeas=" is no solver's proof. */
#include "all.h"

static int sniff(const char *text, size_t n)
{
    nm_span tok[1];
    if (nm_span_split(nm_first_line(text, n), tok, 1) == 0) return 0;
    return nm_span_is(tok[0], "=obj=") || nm_span_is(tok[0], "=infeas=") ? 90 : 0;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span tok[2];
    const size_t n = nm_span_split(nm_lines_need(&l, "the first line"), tok, 2);
    const bool point = nm_span_is(tok[0], "=obj=");
    if (n != 1 + (size_t)point) nm_lines_bad(&l, "\"=obj=\" and a number, or \"=infeas=\"");
    nm_sol_status(s, job, nm_span_of(point ? "a solution without a status" : "=infeas= unproven"),
                  point ? NM_SOL_FEASIBLE : NM_SOL_NONE);
    s->sparse = true;
    if (point)
        s->objective = nm_lines_num(&l, tok[1]);
    else
        nm_lines_close(&l);
    nm_sol_pairs(&l, s);
}

const nm_soldialect nm_sol_miplib = {"miplib", sniff, read_file, false, false};
