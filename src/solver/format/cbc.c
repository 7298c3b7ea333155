/* cbc.c: CBC's `solution` file. The first line is the status. Values follow even if it is infeasible or has no
 * incumbent; then only their names are used, to refuse another model's file. Lines are [**] index name value
 * reduced-cost ; with 50 columns or more, zeros are left out. After `printingOptions all` the rows come first, and then
 * the index starts again. "within gap tolerance" is no proof of optimality. There is no end mark, so a truncated file
 * can look like a sparse one: its point counts only after replay, and its status only if the model's mark, the last
 * column, is there. */
#define _GNU_SOURCE
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static const char claim[] = " - objective value ";

static bool head(const char *text, size_t n, nm_span *status, nm_span *value)
{
    const nm_span line = nm_first_line(text, n);
    const char *at = NULL;
    for (const char *p = line.s; p < line.end; p++)
        if (nm_span_starts((nm_span){p, line.end}, claim)) at = p;
    if (!at) return false;
    *status = (nm_span){line.s, at};
    *value = nm_span_trim((nm_span){at + sizeof claim - 1, line.end});
    return true;
}

static int sniff(const char *text, size_t n)
{
    static const char *const words[] = {"Optimal",   "Infeasible", "Integer infeasible",
                                        "Unbounded", "Stopped on", "Status unknown",
                                        NULL};
    nm_span status, value;
    if (!head(text, n, &status, &value)) return 0;
    for (const char *const *w = words; *w; w++)
        if (nm_span_starts(status, *w)) return 90;
    return 0;
}

static nm_solstatus meaning(nm_span s)
{
    if (nm_span_is(s, "Optimal")) return NM_SOL_OPTIMAL;
    if (nm_span_is(s, "Optimal (within gap tolerance)")) return NM_SOL_FEASIBLE;
    if (nm_span_is(s, "Infeasible") || nm_span_is(s, "Integer infeasible"))
        return NM_SOL_INFEASIBLE;
    if (nm_span_is(s, "Unbounded")) return NM_SOL_UNBOUNDED;
    if (nm_span_starts(s, "Stopped on ") && !nm_span_has(s, "no integer solution"))
        return NM_SOL_FEASIBLE;
    return NM_SOL_NONE;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, value, tok[6];
    head((const char *)f.data, f.n, &line, &value);
    nm_sol_status(s, job, line, meaning(line));
    s->loose = nm_span_starts(line, "Stopped on ");
    nm_lines_next(&l, &line);
    s->objective = nm_lines_num(&l, value);
    s->sparse = s->always_lists = true;
    int64_t last = -1;
    while (nm_lines_next(&l, &line)) {
        const size_t n = nm_span_split(line, tok, 6), at = n > 0 && nm_span_is(tok[0], "**");
        int64_t index;
        double cost;
        if (n != at + 4 || !nm_int_parse(tok[at].s, tok[at].end, &index) ||
            !nm_num_parse(tok[at + 3].s, tok[at + 3].end, &cost))
            nm_lines_bad(&l, "index, name, value and reduced cost");
        if (index == 0 && last >= 0 && s->n_rows < 0 && last + 1 == (int64_t)s->n) {
            s->n_rows = (int64_t)s->n; /* the entries before were all rows */
            s->n = 0;
        } else if (index <= last) {
            nm_lines_bad(&l, "a higher index");
        }
        last = index;
        nm_sol_value(&l, s, tok[at + 1], tok[at + 2], index);
    }
}

const nm_soldialect nm_sol_cbc = {"cbc", sniff, read_file, false, true};
