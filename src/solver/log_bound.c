/* log_bound.c: the best bound from a solver's log, for solution files that have none. A row names a solver, the words
 * by which its log is recognised, words that must be in the log for the row to apply, and the words before the number.
 * Of a solver's rows the first one that finds a number counts, and of its occurrences in the log the last. A log says
 * what the solver believed, about whatever model: its bound is reported, may withdraw an "optimal" that it contradicts,
 * and never proves anything. */
#define _GNU_SOURCE
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static const struct row {
    const char *solver, *mark, *needs, *key;
} rows[] = {
    {"cbc", "Welcome to the CBC MILP Solver", "\nResult - Optimal solution found\n",
     "Search completed - best objective "},
    {"cbc", "Welcome to the CBC MILP Solver", NULL, "best possible "},
    {"cbc", "Welcome to the CBC MILP Solver", NULL, "\nLower bound:"},
    {"highs", "Running HiGHS", NULL, "\n  Dual bound "},
    {"scip", "SCIP version ", NULL, "\nDual Bound         :"},
    {"glpk", "GLPSOL--GLPK LP/MIP Solver", "INTEGER OPTIMAL SOLUTION FOUND", ": mip = "},
    {"glpk", "GLPSOL--GLPK LP/MIP Solver", NULL, " >= "},
    {"symphony", "==  Welcome to the SYMPHONY", "* Optimal Solution Found ", "\nSolution Cost:"},
    {"symphony", "==  Welcome to the SYMPHONY", NULL, "\nCurrent Lower Bound:"},
    {"gurobi", "Gurobi Optimizer version", NULL, ", best bound "},
    {"cplex", "CPLEX", "Integer optimal solution:", "Integer optimal solution:  Objective = "},
    {"cplex", "CPLEX", NULL, "\nCurrent MIP best bound ="},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static double number(const char *s, const char *end)
{
    while (s < end && *s == ' ') s++;
    const char *from = s;
    while (s < end && *s && strchr("0123456789+-.eE", *s)) s++;
    return nm_span_objective((nm_span){from, s});
}

static double last_number(nm_span text, const char *key)
{
    const size_t n = strlen(key);
    double x = NAN;
    for (const char *p = text.s; (p = memmem(p, (size_t)(text.end - p), key, n)); p += n) {
        const double found = number(p + n, text.end);
        if (!isnan(found)) x = found;
    }
    return x;
}

void nm_sol_log(nm_job *job, nm_file f, nm_sol *s)
{
    const nm_span text = {(const char *)f.data, (const char *)f.data + f.n};
    const struct row *solver = NULL;
    double x = NAN;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (!nm_span_has(text, rows[i].mark)) continue;
        if (solver && strcmp(solver->solver, rows[i].solver))
            nm_throw(job, NM_EINPUT, "%s: may be a log of %s or of %s", f.path,
                     solver->solver, rows[i].solver);
        solver = &rows[i];
        if (isnan(x) && (!rows[i].needs || nm_span_has(text, rows[i].needs)))
            x = last_number(text, rows[i].key);
    }
    if (!solver)
        nm_throw(job, NM_EINPUT,
                 "%s: not a log that can be read (CBC, HiGHS, SCIP, GLPK, SYMPHONY, "
                 "Gurobi, CPLEX)",
                 f.path);
    const size_t n = strlen(solver->solver);
    if (strcmp(s->solver, "miplib") &&
        (strncmp(s->solver, solver->solver, n) || (s->solver[n] && s->solver[n] != ' ')))
        nm_throw(job, NM_EINPUT, "%s: a log of %s, but the solution is of %s", f.path, solver->solver,
                 s->solver);
    if (isnan(s->bound)) s->bound = x;
}
