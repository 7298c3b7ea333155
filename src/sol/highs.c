/* sol/highs.c: HiGHS's raw solution file (write_solution_style 0). All columns are there, zeros included; the counts
 * that it states must be met and the basis section must follow, so a cut file is refused. Values under
 * "Infeasible" are not a solution. "Optimal" includes HiGHS's mip_rel_gap. */
#include "all.h"

static int sniff(const char *text, size_t n)
{
    if (n > 13 && memcmp(text, "Model status\n", 13) == 0) return 95;
    return n > 7 && memcmp(text, "Columns\n", 8) == 0 ? 60 : 0;
}

static nm_span line_or_fail(nm_lines *l, const char *what)
{
    nm_span s;
    do
        if (!nm_lines_next(l, &s))
            nm_throw_at(l->job, NM_EINPUT, l->path, l->line, 1, "the file ends before %s", what);
    while (s.s == s.end);
    return s;
}

static nm_solstatus status(nm_span s)
{
    static const struct {
        const char *text;
        nm_solstatus status;
    } words[] = {{"Optimal", NM_SOL_OPTIMAL},
                 {"Infeasible", NM_SOL_INFEASIBLE},
                 {"Unbounded", NM_SOL_UNBOUNDED}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (nm_span_is(s, words[i].text)) return words[i].status;
    return NM_SOL_NONE; /* limits, errors, "Primal infeasible or unbounded": nothing is proved */
}

static int64_t count(nm_lines *l, const char *word)
{
    const nm_span s = line_or_fail(l, word);
    int64_t n;
    if (!nm_span_starts(s, word) || !nm_int_parse(s.s + strlen(word), s.end, &n) || n < 0)
        nm_throw_at(l->job, NM_EINPUT, l->path, l->line, 1, "\"%s\" and a count were expected",
                    word);
    return n;
}

static void values(nm_job *job, nm_lines *l, nm_sol *s)
{
    const int64_t n = count(l, "# Columns ");
    for (int64_t i = 0; i < n; i++) {
        const nm_span v = line_or_fail(l, "the last column");
        nm_span tok[2];
        double x;
        if (nm_span_split(v, tok, 2) != 2 || !nm_num_parse(tok[1].s, tok[1].end, &x))
            nm_throw_at(job, NM_EINPUT, l->path, l->line, 1, "a name and a number were expected");
        *NM_PUSH(job, s->vals, s->n, s->cap) = (struct nm_solval){
            nm_dup(job, tok[0].s, (size_t)(tok[0].end - tok[0].s)), x, -1};
    }
    const int64_t rows = count(l, "# Rows ");
    for (int64_t i = 0; i < rows; i++) line_or_fail(l, "the last row");
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span v = line_or_fail(&l, "the status");
    if (!nm_span_is(v, "Model status"))
        nm_throw(job, NM_EUNSUP, "%s: HiGHS's pretty style; write_solution_style=0 was expected",
                 f.path);
    v = line_or_fail(&l, "the status");
    s->status_text = nm_dup(job, v.s, (size_t)(v.end - v.s));
    s->status = status(v);
    v = line_or_fail(&l, "the primal values");
    if (!nm_span_is(v, "# Primal solution values"))
        nm_throw_at(job, NM_EINPUT, f.path, l.line, 1, "\"# Primal solution values\" was expected");
    v = line_or_fail(&l, "the primal status");
    const bool feasible = nm_span_is(v, "Feasible"), none = nm_span_is(v, "None");
    if (!none) {
        v = line_or_fail(&l, "the objective");
        if (!nm_span_starts(v, "Objective ") || !nm_num_parse(v.s + 10, v.end, &s->objective))
            nm_throw_at(job, NM_EINPUT, f.path, l.line, 1, "the objective was expected");
        values(job, &l, s);
    }
    do v = line_or_fail(&l, "\"# Basis\"");
    while (!nm_span_is(v, "# Basis"));
    s->has_values = feasible && s->status != NM_SOL_INFEASIBLE && s->status != NM_SOL_UNBOUNDED;
    if (s->has_values && s->status == NM_SOL_NONE) s->status = NM_SOL_FEASIBLE;
    if (!s->has_values && s->status == NM_SOL_OPTIMAL) s->status = NM_SOL_NONE;
}

const nm_soldialect nm_sol_highs = {"highs", sniff, read_file};
