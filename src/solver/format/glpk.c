/* glpk.c: GLPK's machine format (`glpsol -w`), also HiGHS's write_solution_style 2. The line
 *     s mip ROWS COLS {o|f|n|u} OBJ    s bas ROWS COLS {u|f|i|n} {u|f|i|n} OBJ    s ipt ROWS COLS {o|i|n|u} OBJ
 * is the status; then `i K ...` for rows, `j K ...` for columns, indices in order, and `e o f`, without which the file
 * was truncated. Vectors of zeros are written even if there is no solution. Columns have no names: their number, the
 * number of rows, and the model's name in the comments (for MPS models; HiGHS counts the objective as a row) identify
 * the model. An answer to a linear program (bas, ipt) says nothing about a model with integers. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static int sniff(const char *text, size_t n)
{
    const nm_span s = nm_first_line(text, n);
    return nm_span_starts(s, "c Problem:") ||
                   ((nm_span_starts(s, "s mip ") || nm_span_starts(s, "s bas ") ||
                     nm_span_starts(s, "s ipt ")))
               ? 95
               : 0;
}

static bool is(nm_span s, char c) { return s.end - s.s == 1 && *s.s == c; }

static nm_solstatus mip(nm_lines *l, nm_span s)
{
    if (is(s, 'o')) return NM_SOL_OPTIMAL;
    if (is(s, 'f')) return NM_SOL_FEASIBLE;
    if (is(s, 'n')) return NM_SOL_INFEASIBLE;
    if (!is(s, 'u')) nm_lines_bad(l, "a status o, f, n or u");
    return NM_SOL_NONE;
}

static nm_solstatus basic(nm_lines *l, nm_span primal, nm_span dual)
{
    const nm_span both[2] = {primal, dual};
    for (int i = 0; i < 2; i++)
        if (!is(both[i], 'u') && !is(both[i], 'f') && !is(both[i], 'i') && !is(both[i], 'n'))
            nm_lines_bad(l, "two statuses of u, f, i and n");
    if (is(primal, 'n')) return NM_SOL_INFEASIBLE;
    if (!is(primal, 'f')) return NM_SOL_NONE;
    return is(dual, 'f') ? NM_SOL_OPTIMAL : is(dual, 'n') ? NM_SOL_UNBOUNDED : NM_SOL_FEASIBLE;
}

/* Reads the s line; returns how many words an i or j line has, and sets *at to which of them is the value. */
static size_t head(nm_lines *l, nm_sol *s, nm_span line, size_t *at)
{
    nm_span tok[7];
    nm_solstatus status = NM_SOL_NONE;
    const size_t n = nm_span_split(line, tok, 7);
    const bool lp = n == 7 && nm_span_is(tok[1], "bas"),
               point = n == 6 && nm_span_is(tok[1], "ipt");
    if (!nm_span_starts(line, "s ") || (!lp && !point && (n != 6 || !nm_span_is(tok[1], "mip"))))
        nm_lines_bad(l, "s mip, s bas or s ipt with counts, status and objective");
    s->n_rows = nm_lines_count(l, tok[2]);
    s->n_cols = nm_lines_count(l, tok[3]);
    if (lp)
        status = basic(l, tok[4], tok[5]);
    else if (!point)
        status = mip(l, tok[4]);
    else if (is(tok[4], 'o'))
        status = NM_SOL_FEASIBLE; /* an interior point is no proof */
    nm_sol_status(s, l->job, line, status);
    if (lp && is(tok[4], 'u') && is(tok[5], 'u'))
        s->status_text = nm_fmt(l->job,
                                "%s; GLPK's presolver leaves an infeasible program undefined: glpsol --nopresol "
                                "says what it is",
                                s->status_text);
    s->lp = lp || point;
    s->counts_objective = true;
    s->objective = nm_lines_num(l, tok[n - 1]);
    *at = lp ? 3 : 2;
    return lp ? 5 : point ? 4 : 3;
}

/* Requires that the words in the comments agree with the status letter. */
static void check_words(nm_lines *l, const nm_sol *s, nm_span words)
{
    const bool proof = nm_span_has(words, "EMPTY") || nm_span_has(words, "(FINAL)");
    const bool best = nm_span_has(words, "OPTIMAL") && !nm_span_has(words, "NON-");
    if (words.s &&
        ((s->status == NM_SOL_INFEASIBLE && !proof) || (s->status == NM_SOL_OPTIMAL && !best)))
        nm_lines_bad(l, "the status that the comments say");
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, rest, words = {0}, tok[6];
    while (line = nm_lines_need(&l, "the line of the status"), *line.s == 'c') {
        if (nm_span_after(line, "c Problem:", &rest) && rest.s < rest.end)
            s->model = nm_span_dup(job, rest);
        if (nm_span_after(line, "c Status:", &rest)) words = rest;
    }
    size_t at, parts = head(&l, s, line, &at);
    check_words(&l, s, words);
    for (int64_t i = 0; i < s->n_rows + s->n_cols; i++) {
        const bool row = i < s->n_rows;
        const size_t n = nm_span_split(nm_lines_need(&l, "the last column"), tok, 6);
        if (n != parts || !is(tok[0], row ? 'i' : 'j') ||
            nm_lines_count(&l, tok[1]) != (row ? i : i - s->n_rows) + 1)
            nm_lines_bad(&l, row ? "the line of the next row" : "the line of the next column");
        nm_lines_num(&l, tok[at]);
        if (!row) nm_sol_value(&l, s, (nm_span){NULL, NULL}, tok[at], i - s->n_rows);
    }
    if (!nm_span_is(nm_lines_need(&l, "\"e o f\""), "e o f")) nm_lines_bad(&l, "\"e o f\"");
    nm_lines_close(&l);
}

const nm_soldialect nm_sol_glpk = {"glpk", sniff, read_file, false, true};
