/* mosek.c: MOSEK's solution files .int, .bas and .sol, written from their public description and a public sample (no
 * run of MOSEK was available): lines KEY : value , then tables CONSTRAINTS and VARIABLES under a heading, with index,
 * name, status key, activity, limits and, unless it is an integer solution, dual values. An answer with dual values
 * says nothing about a model with integers. Only PROBLEM STATUS : PRIMAL_INFEASIBLE means infeasible. What DUAL
 * OBJECTIVE means for integers is not documented, so it is not read for them. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static int sniff(const char *text, size_t n)
{
    nm_lines l = {.s = text, .end = text + n};
    nm_span line, rest, value;
    if (!nm_lines_next(&l, &line) || !nm_span_after(line, "NAME ", &rest)) return 0;
    if (!nm_span_after(rest, ":", &value)) return 0;
    return nm_lines_next(&l, &line) && nm_span_starts(line, "PROBLEM STATUS") ? 95 : 50;
}

static bool key(nm_span line, const char *name, nm_span *value)
{
    nm_span rest;
    return nm_span_after(line, name, &rest) && nm_span_after(rest, ":", value);
}

static nm_solstatus meaning(nm_span problem, nm_span solution, bool lp)
{
    const bool unknown = nm_span_is(solution, "UNKNOWN"),
               certified = nm_span_is(solution, "PRIMAL_INFEASIBLE_CER");
    if (nm_span_is(problem, "PRIMAL_INFEASIBLE"))
        return certified || (unknown && !lp) ? NM_SOL_INFEASIBLE : NM_SOL_NONE;
    if (nm_span_is(problem, "DUAL_INFEASIBLE")) return NM_SOL_UNBOUNDED;
    if (nm_span_has(problem, "INFEAS") || nm_span_has(solution, "INFEAS")) return NM_SOL_NONE;
    if (nm_span_is(solution, lp ? "OPTIMAL" : "INTEGER_OPTIMAL")) return NM_SOL_OPTIMAL;
    static const char *const points[] = {"PRIMAL_FEASIBLE", "PRIMAL_AND_DUAL_FEASIBLE",
                                         "NEAR_INTEGER_OPTIMAL", "NEAR_OPTIMAL"};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        if (nm_span_is(solution, points[i])) return NM_SOL_FEASIBLE;
    return NM_SOL_NONE;
}

static void table(nm_lines *l, nm_sol *s, bool row)
{
    nm_span line, tok[12];
    if (!nm_span_starts(nm_lines_need(l, "the heading"), "INDEX")) nm_lines_bad(l, "INDEX");
    int64_t n = 0, base = 0;
    while (nm_lines_next(l, &line) && !nm_span_blank(line)) {
        if (nm_span_split(line, tok, 12) < 6) nm_lines_bad(l, "index, name, key and numbers");
        const int64_t index = nm_lines_count(l, tok[0]);
        if (n == 0) base = index;
        if (base > 1 || index != base + n) nm_lines_bad(l, "the next index");
        if (!row) nm_sol_value(l, s, tok[1], tok[3], n);
        n++;
    }
    *(row ? &s->n_rows : &s->n_cols) = n;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    const nm_span all = {(const char *)f.data, (const char *)f.data + f.n};
    nm_span line, problem = {0}, solution = {0}, value;
    double dual = NAN;
    s->lp = nm_span_has(all, "DUAL LOWER");
    while (line = nm_lines_need(&l, "the tables"), !nm_span_blank(line)) {
        if (key(line, "NAME ", &value)) s->model = nm_span_dup(job, value);
        if (key(line, "PROBLEM STATUS", &value)) problem = value;
        if (key(line, "SOLUTION STATUS", &value)) solution = value;
        if (key(line, "PRIMAL OBJECTIVE", &value)) s->objective = nm_span_objective(value);
        if (key(line, "DUAL OBJECTIVE", &value)) dual = nm_span_objective(value);
    }
    if (!problem.s || !solution.s) nm_lines_bad(&l, "PROBLEM STATUS and SOLUTION STATUS");
    nm_sol_status(s, job,
                  nm_span_of(nm_fmt(job, "%.*s, %.*s", (int)(problem.end - problem.s), problem.s,
                                    (int)(solution.end - solution.s), solution.s)),
                  meaning(problem, solution, s->lp));
    if (s->lp && s->status == NM_SOL_OPTIMAL) s->bound = dual;
    while (nm_lines_next(&l, &line)) {
        if (nm_span_is(line, "CONSTRAINTS") && s->n_rows < 0)
            table(&l, s, true);
        else if (nm_span_is(line, "VARIABLES") && s->n_cols < 0)
            table(&l, s, false);
        else if (line.s != line.end)
            nm_lines_bad(&l, "CONSTRAINTS or VARIABLES");
    }
    if (s->n_cols < 0 && s->has_values) nm_lines_bad(&l, "VARIABLES");
}

const nm_soldialect nm_sol_mosek = {"mosek", sniff, read_file, false, false};
