/* glpk_report.c: GLPK's report for people (`glpsol -o`), also HiGHS's write_solution_style 3: a header with counts and
 * status, a table of rows, a table of columns, six digits, and "End of output", without which the file was truncated. A
 * name of more than 12 characters puts its numbers on the next line. The columns are listed whatever the status, so an
 * answer without a solution also identifies its model. An answer to a linear program says nothing about a model with
 * integers; without a column "St" it comes from the interior point method, whose statuses prove nothing. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static int sniff(const char *text, size_t n)
{
    return nm_span_starts(nm_first_line(text, n), "Problem:") ? 95 : 0;
}

static nm_solstatus meaning(nm_span s, bool *lp)
{
    static const struct {
        const char *text;
        nm_solstatus status;
        bool lp;
    } words[] = {{"INTEGER OPTIMAL", NM_SOL_OPTIMAL, false},
                 {"INTEGER NON-OPTIMAL", NM_SOL_FEASIBLE, false},
                 {"INTEGER EMPTY", NM_SOL_INFEASIBLE, false},
                 {"INTEGER UNDEFINED", NM_SOL_NONE, false},
                 {"OPTIMAL", NM_SOL_OPTIMAL, true},
                 {"FEASIBLE", NM_SOL_FEASIBLE, true},
                 {"INFEASIBLE (FINAL)", NM_SOL_INFEASIBLE, true},
                 {"UNBOUNDED", NM_SOL_UNBOUNDED, true}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        *lp = words[i].lp;
        if (nm_span_is(s, words[i].text)) return words[i].status;
    }
    return NM_SOL_NONE;
}

static int64_t first_count(nm_lines *l, nm_span s)
{
    nm_span tok[1];
    if (nm_span_split(s, tok, 1) == 0) nm_lines_bad(l, "a count");
    return nm_lines_count(l, tok[0]);
}

/* Reads the header, up to its blank line. */
static void head(nm_job *job, nm_lines *l, nm_sol *s)
{
    nm_span line, rest;
    while (line = nm_lines_need(l, "the tables"), !nm_span_blank(line)) {
        if (nm_span_after(line, "Problem:", &rest) && rest.s < rest.end)
            s->model = nm_span_dup(job, rest);
        if (nm_span_after(line, "Rows:", &rest)) s->n_rows = first_count(l, rest);
        if (nm_span_after(line, "Columns:", &rest)) s->n_cols = first_count(l, rest);
        if (nm_span_after(line, "Status:", &rest))
            nm_sol_status(s, job, rest, meaning(rest, &s->lp));
        if (nm_span_after(line, "Objective:", &rest)) {
            nm_span tok[6];
            const size_t n = nm_span_split(rest, tok, 6);
            if (n == 2 || n == 4) s->objective = nm_span_objective(tok[n - 2]);
        }
    }
    s->counts_objective = true;
    if (!s->status_text || s->n_rows < 0 || s->n_cols < 0) nm_lines_bad(l, "counts and a status");
}

static void entry(nm_lines *l, nm_sol *s, int64_t i, bool row)
{
    nm_span tok[8], more[8];
    const size_t n = nm_span_split(nm_lines_need(l, "the last line of a table"), tok, 8);
    if (n < 2 || n > 8 || nm_lines_count(l, tok[0]) != i + 1)
        nm_lines_bad(l, "the next number and a name");
    const nm_span name = tok[1];
    size_t k = 0, m = n - 2;
    for (; k < m; k++) more[k] = tok[k + 2];
    if (n == 2) m = nm_span_split(nm_lines_need(l, "the numbers of a long name"), more, 8);
    if (m == 0 || m > 7) nm_lines_bad(l, "numbers behind the name");
    double x;
    const bool marked = !nm_num_parse(more[0].s, more[0].end, &x); /* `*`, or a basis status */
    if (marked && (more[0].end - more[0].s > 2 || m < 2)) nm_lines_bad(l, "an activity");
    nm_lines_num(l, more[marked]);
    if (!row) nm_sol_value(l, s, name, more[marked], i);
}

static void table(nm_lines *l, nm_sol *s, bool row)
{
    const nm_span title = nm_lines_text(l, "a table");
    const char *want = row ? "No.   Row name" : "No. Column name";
    if (!nm_span_starts(title, want)) nm_lines_bad(l, want);
    if (s->lp && s->status == NM_SOL_INFEASIBLE && !nm_span_has(title, " St "))
        s->status = NM_SOL_NONE;
    if (s->lp && s->status == NM_SOL_OPTIMAL && !nm_span_has(title, " St "))
        s->status = NM_SOL_FEASIBLE;
    if (!nm_span_starts(nm_lines_need(l, "a table"), "------")) nm_lines_bad(l, "a rule");
    const int64_t n = row ? s->n_rows : s->n_cols;
    for (int64_t i = 0; i < n; i++) entry(l, s, i, row);
    const nm_span end = nm_lines_need(l, "the end of a table");
    if (end.s != end.end) nm_lines_bad(l, "the end of a table");
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    head(job, &l, s);
    table(&l, s, true);
    table(&l, s, false);
    while (!nm_span_is(nm_lines_text(&l, "\"End of output\""), "End of output")) {
    }
    nm_lines_close(&l);
}

const nm_soldialect nm_sol_glpkreport = {"glpk report", sniff, read_file, false, true};
