/* sol/cbc.c: CBC's `solution` file. The first line is the status; values follow even when it is infeasible or has no
 * incumbent; then only their names are used, to refuse another model's file. Lines are  [**] index name value
 * reduced-cost ; with 50 columns or more, zeros are
 * left out. "within gap tolerance" is no proof of optimality. There is no end mark: a cut file may pass for a sparse
 * one, so its point counts only by replay. */
#define _GNU_SOURCE
#include "all.h"

static int sniff(const char *text, size_t n)
{
    static const char *const words[] = {"Optimal",   "Infeasible", "Integer infeasible",
                                        "Unbounded", "Stopped on", "Status unknown",
                                        NULL};
    const char *end = memchr(text, '\n', n);
    const nm_span line = {text, end ? end : text + n};
    for (const char *const *w = words; *w; w++)
        if (nm_span_starts(line, *w))
            return memmem(text, (size_t)(line.end - text), "objective value", 15) ? 90 : 0;
    return 0;
}

static void status(nm_sol *s, nm_span line)
{
    const bool none = memmem(line.s, (size_t)(line.end - line.s), "no integer solution", 19);
    const bool gap = memmem(line.s, (size_t)(line.end - line.s), "gap tolerance", 13);
    s->status = NM_SOL_NONE;
    if (nm_span_starts(line, "Optimal"))
        s->status = gap ? NM_SOL_FEASIBLE : NM_SOL_OPTIMAL;
    else if (nm_span_starts(line, "Infeasible") || nm_span_starts(line, "Integer infeasible"))
        s->status = NM_SOL_INFEASIBLE;
    else if (nm_span_starts(line, "Unbounded"))
        s->status = NM_SOL_UNBOUNDED;
    else if (nm_span_starts(line, "Stopped on") && !none)
        s->status = NM_SOL_FEASIBLE;
    s->has_values = s->status == NM_SOL_OPTIMAL || s->status == NM_SOL_FEASIBLE;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span line, tok[8];
    nm_lines_next(&l, &line);
    s->status_text = nm_dup(job, line.s, (size_t)(line.end - line.s));
    status(s, line);
    const char *value = memmem(line.s, (size_t)(line.end - line.s), "objective value ", 16);
    if (!value || !nm_num_parse(value + 16, line.end, &s->objective))
        nm_throw_at(job, NM_EINPUT, f.path, 1, 1, "the objective value is not a number");
    s->sparse = s->always_lists = true;
    while (nm_lines_next(&l, &line)) {
        size_t n = nm_span_split(line, tok, 8), at = 0;
        if (n > 0 && nm_span_is(tok[0], "**")) at = 1;
        int64_t index;
        double x;
        if (n != at + 4 || !nm_int_parse(tok[at].s, tok[at].end, &index) ||
            !nm_num_parse(tok[at + 2].s, tok[at + 2].end, &x))
            nm_throw_at(job, NM_EINPUT, f.path, l.line, 1,
                        "index, name, value and reduced cost were expected");
        *NM_PUSH(job, s->vals, s->n, s->cap) = (struct nm_solval){
            nm_dup(job, tok[at + 1].s, (size_t)(tok[at + 1].end - tok[at + 1].s)), x, index};
    }
}

const nm_soldialect nm_sol_cbc = {"cbc", sniff, read_file};
