/* lpsolve.c: what lp_solve prints on stdout (-S3, -S4; -S5 and up begin with the model's name). A message is alone on
 * its line; progress reports of the library, "function: ...", may come before. "Actual values of the variables" lists
 * every column with six digits; "... of the constraints" every row. With -i the first block is repeated for every
 * improved solution: the last one counts. Rows are printed only at the end of a run; without them the file may have
 * been truncated, so that its values are no optimum. Under "Unacceptable accuracy found" nothing is a proof. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static const char model[] = "Model name: ", value[] = "Value of objective function: ",
                  variables[] = "Actual values of the variables:",
                  constraints[] = "Actual values of the constraints:";

static const struct {
    const char *text;
    nm_solstatus status;
} words[] = {{"This problem is infeasible", NM_SOL_INFEASIBLE},
             {"This problem is unbounded", NM_SOL_UNBOUNDED},
             {"Timeout", NM_SOL_NONE},
             {"Accuracy error", NM_SOL_NONE},
             {"Suboptimal solution", NM_SOL_FEASIBLE},
             {"The model is sub-optimal. Only a faster solution was found.", NM_SOL_FEASIBLE}};

static int message(nm_span s)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (nm_span_is(s, words[i].text)) return (int)i;
    return -1;
}

static const char vague[] = "Unacceptable accuracy found";

/* "spx_run: Lost feasibility 10 times ..." */
static bool report(nm_span s)
{
    if (nm_span_starts(s, vague)) return true;
    const char *end = s.s;
    while (end < s.end && ((*end >= 'a' && *end <= 'z') || *end == '_')) end++;
    return end > s.s && end + 1 < s.end && end[0] == ':' && end[1] == ' ';
}

static int sniff(const char *text, size_t n)
{
    nm_lines l = {.s = text, .end = text + n};
    nm_span s;
    while (nm_lines_next(&l, &s) &&
           (s.s == s.end || report(s) || nm_span_starts(s, "CPU Time for "))) {
    }
    return message(s) >= 0 || nm_span_starts(s, value) || nm_span_starts(s, model) ? 80 : 0;
}

/* Reads a list up to a blank line or the end of the file; counts rows, keeps columns. */
static void list(nm_lines *l, nm_sol *s, bool row)
{
    nm_span line, tok[2];
    if (row)
        s->n_rows = 0;
    else
        s->n = 0;
    while (nm_lines_next(l, &line) && line.s != line.end) {
        if (nm_span_split(line, tok, 2) != 2) nm_lines_bad(l, "a name and a value");
        if (row)
            s->n_rows++;
        else
            nm_sol_value(l, s, tok[0], tok[1], -1);
    }
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, rest;
    int said = -1;
    bool solved = false, complete = false, sure = true;
    s->has_values =
        true; /* the values must be numbers even if the status at the end voids them */
    while (nm_lines_next(&l, &line)) {
        if (nm_span_starts(line, vague)) sure = false;
        if (nm_span_after(line, model, &rest) && !s->model) s->model = nm_span_dup(job, rest);
        if (message(line) >= 0) {
            if (said >= 0 || solved) nm_lines_bad(&l, "one message, before the solution");
            said = message(line);
        } else if (nm_span_after(line, value, &rest)) {
            s->objective = nm_span_objective(rest);
            solved = true;
            complete = false;
            s->n = 0;
        } else if (nm_span_is(line, variables)) {
            list(&l, s, false);
        } else if (nm_span_is(line, constraints)) {
            list(&l, s, true);
            complete = true;
        }
    }
    if (said >= 0 && solved != (words[said].status == NM_SOL_FEASIBLE))
        nm_lines_bad(&l, "a solution under \"Suboptimal\", and only there");
    if (said < 0 && !solved) nm_lines_bad(&l, "a message or a solution");
    const bool listed = s->n > 0;
    const nm_solstatus status = said >= 0   ? words[said].status
                                : !listed   ? NM_SOL_NONE
                                : !complete ? NM_SOL_FEASIBLE
                                            : NM_SOL_OPTIMAL;
    nm_sol_status(s, job,
                  nm_span_of(said >= 0  ? words[said].text
                             : complete ? "solved"
                                        : "solved, perhaps truncated"),
                  status);
    if (!sure && s->status == NM_SOL_OPTIMAL) s->status = NM_SOL_FEASIBLE;
    if (!sure && s->status == NM_SOL_INFEASIBLE) s->status = NM_SOL_NONE;
    if (!listed) s->has_values = false;
    if (!listed && status == NM_SOL_FEASIBLE) s->status = NM_SOL_NONE;
}

const nm_soldialect nm_sol_lpsolve = {"lp_solve", sniff, read_file, false, false};
