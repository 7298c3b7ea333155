/* log_run.c: reads version and number of nodes from a solver's log. A row names the words by which the log is
 * recognised and those before the number; the last occurrence counts. GLPK's lines end in `(open; done)`: done is its
 * count. What a log does not have is left out. For tables, never for a verdict. */
#define _GNU_SOURCE
#include "base/base.h"
#include "solver/solver.h"

static const struct {
    const char *mark, *version, *nodes;
} rows[] = {
    {"Welcome to the CBC MILP Solver", "Version: ", "Enumerated nodes: "},
    {"Running HiGHS ", "Running HiGHS ", "\n  Nodes "},
    {"SCIP version ", "SCIP version ", "\nSolving Nodes      : "},
    {"GLPK LP/MIP Solver ", "GLPK LP/MIP Solver ", NULL},
    {"Welcome to the SYMPHONY", "Version: ", "Number of analyzed nodes: "},
    {"Gurobi Optimizer version ", "Gurobi Optimizer version ", "\nExplored "},
    {"CPLEX", "Version identifier: ", "Nodes = "},
    {"lp_solve", "This is lp_solve ", NULL},
};

static const char *word_after(nm_job *job, nm_span text, const char *key)
{
    const char *at = memmem(text.s, (size_t)(text.end - text.s), key, strlen(key));
    if (!at) return NULL;
    at += strlen(key);
    size_t n = 0;
    while (at + n < text.end && at[n] > ' ' && !strchr(",:;()\"", at[n])) n++;
    return n && n < 40 ? nm_dup(job, at, n) : NULL;
}

static double last_count(nm_span text, const char *key, const char *close)
{
    double x = NAN, found;
    const size_t n = strlen(key);
    for (const char *p = text.s; (p = memmem(p, (size_t)(text.end - p), key, n));) {
        p += n;
        while (p < text.end && *p == ' ') p++;
        const char *end = p;
        while (end < text.end && *end >= '0' && *end <= '9') end++;
        if (nm_num_parse(p, end, &found) && (!close || (end < text.end && *end == *close)))
            x = found;
    }
    return x;
}

nm_runlog nm_runlog_read(nm_job *job, const char *path)
{
    nm_runlog r = {NULL, NAN};
    if (!nm_file_exists(path)) return r;
    const nm_file f = nm_file_read(job, path);
    const nm_span text = {(const char *)f.data, (const char *)f.data + f.n};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!nm_span_has(text, rows[i].mark)) continue;
        r.version = word_after(job, text, rows[i].version);
        r.nodes = rows[i].nodes                           ? last_count(text, rows[i].nodes, NULL)
                  : strncmp(rows[i].mark, "GLPK", 4) == 0 ? last_count(text, "; ", ")")
                                                          : NAN;
        break;
    }
    return r;
}
