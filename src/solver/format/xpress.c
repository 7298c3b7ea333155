/* xpress.c: Xpress's .slx file (writeslxsol), written from public descriptions and writers of it (no file of Xpress was
 * available): NAME, then ` C name value` for columns and ` R name value` for rows, ENDATA, without which the file was
 * truncated. No status: it gives a point that replay may accept, and never a proof. Several solutions in one file are
 * refused. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static int sniff(const char *text, size_t n)
{
    nm_lines l = {.s = text, .end = text + n};
    nm_span line, tok[4];
    if (!nm_lines_next(&l, &line) || nm_span_split(line, tok, 4) == 0 ||
        !nm_span_is(tok[0], "NAME"))
        return 0;
    if (!nm_lines_next(&l, &line) || nm_span_split(line, tok, 4) != 3) return 50;
    return *line.s == ' ' && tok[0].end - tok[0].s == 1 ? 90 : 50;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, tok[4];
    nm_sol_status(s, job, nm_span_of("a solution without a status"), NM_SOL_FEASIBLE);
    s->sparse = true;
    const size_t words = nm_span_split(nm_lines_need(&l, "NAME"), tok, 4);
    if (words > 1) s->model = nm_span_dup(job, tok[1]);
    while (!nm_span_is(line = nm_lines_need(&l, "ENDATA"), "ENDATA")) {
        const size_t n = nm_span_split(line, tok, 4);
        if (n > 0 && nm_span_is(tok[0], "NAME"))
            nm_throw_at(job, NM_EUNSUP, f.path, l.line, 1, "a second solution");
        if (n != 3 || (!nm_span_is(tok[0], "C") && !nm_span_is(tok[0], "R")))
            nm_lines_bad(&l, "C or R, a name and a value");
        if (*tok[0].s == 'C') nm_sol_value(&l, s, tok[1], tok[2], -1);
    }
    nm_lines_close(&l);
}

const nm_soldialect nm_sol_xpress = {"xpress", sniff, read_file, false, false};
