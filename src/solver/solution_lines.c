/* solution_lines.c: what the readers of solution files share: status, columns with values, objective.
 *
 * A reader sets the status before it adds values. If the status promises values, a value that is not a finite number is
 * an error; otherwise values are ignored, and only the names and indices of the columns are used, to recognise another
 * model's file. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

/* Returns the objective of a file; one that is infinite or missing gives NaN. */
double nm_span_objective(nm_span s)
{
    double x;
    return nm_num_parse(s.s, s.end, &x) && fabs(x) < 1e20 ? x : NAN;
}

void nm_sol_value(const nm_lines *l, nm_sol *s, nm_span name, nm_span value, int64_t index)
{
    double x = 0;
    if (s->has_values)
        x = nm_lines_num(l, value);
    else if (!nm_num_parse(value.s, value.end, &x))
        x = 0;
    *NM_PUSH(l->job, s->vals, s->n,
             s->cap) = (struct nm_solval){name.s ? nm_span_dup(l->job, name) : NULL, x, index};
}

void nm_sol_status(nm_sol *s, nm_job *job, nm_span text, nm_solstatus status)
{
    s->status_text = nm_span_dup(job, text);
    s->status = status;
    s->has_values = status == NM_SOL_OPTIMAL || status == NM_SOL_FEASIBLE;
}

/* Reads lines `name value` to the end of the file; `#` begins a comment. */
void nm_sol_pairs(nm_lines *l, nm_sol *s)
{
    nm_span line, tok[3];
    while (nm_lines_next(l, &line)) {
        const char *mark = memchr(line.s, '#', (size_t)(line.end - line.s));
        if (mark && (mark == line.s || mark[-1] == ' ' || mark[-1] == '\t')) line.end = mark;
        const size_t n = nm_span_split(line, tok, 3);
        if (n == 0) continue;
        if (n != 2) nm_lines_bad(l, "a column's name and value");
        nm_sol_value(l, s, tok[0], tok[1], -1);
    }
}
