/* cplex.c: CPLEX's .sol file, XML, written from its public description and public samples (no run of CPLEX was
 * available): CPLEXSolution with a header (status value and string, objective), linearConstraints and variables, each
 * with a name and an index from 0; or CPLEXSolutions with several, of which the incumbent (solutionIndex -1) counts,
 * else the one with the best objective. Status values below 100 belong to linear programs and say nothing about a model
 * with integers. A status counts only if number and words agree; 102, optimal within the tolerance, is no proof of
 * optimality. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static int sniff(const char *text, size_t n)
{
    const nm_span top = {text, text + (n < 2000 ? n : 2000)};
    return (nm_span_starts(top, "<?xml") || nm_span_starts(top, "<CPLEXSolution")) &&
                   nm_span_has(top, "<CPLEXSolution")
               ? 95
               : 0;
}

static nm_solstatus meaning(int64_t code, nm_span words, bool feasible)
{
    const bool infeasible = nm_span_has(words, "infeasible") && !nm_span_has(words, " or ");
    const bool optimal = nm_span_has(words, "optimal") && !nm_span_has(words, "tolerance") &&
                         !nm_span_has(words, "infeasib");
    switch (code) {
    case 1:
    case 101: return optimal && feasible ? NM_SOL_OPTIMAL : NM_SOL_NONE;
    case 3:
    case 103: return infeasible && !feasible ? NM_SOL_INFEASIBLE : NM_SOL_NONE;
    case 2:
    case 118: return NM_SOL_UNBOUNDED;
    case 4:
    case 119: return NM_SOL_NONE;
    default: return feasible ? NM_SOL_FEASIBLE : NM_SOL_NONE;
    }
}

static const char *need(nm_job *job, nm_file f, const nm_xml *e, const char *key)
{
    const char *s = nm_xml_find(e, key);
    if (!s) nm_throw_at(job, NM_EINPUT, f.path, e->line, 1, "<%s> without %s", e->name, key);
    return s;
}

static int64_t integer(nm_job *job, nm_file f, const nm_xml *e, const char *key)
{
    const nm_span s = nm_span_of(need(job, f, e, key));
    int64_t x;
    if (!nm_int_parse(s.s, s.end, &x))
        nm_throw_at(job, NM_EINPUT, f.path, e->line, 1, "%s is not an integer", key);
    return x;
}

/* Returns the header of the solution that counts, which ends at the next header. */
static const nm_xml *choose(nm_job *job, nm_file f, const nm_xml *first)
{
    const bool pool = strcmp(first->name, "CPLEXSolutions") == 0;
    const nm_xml *best = NULL;
    double least = INFINITY;
    if (!pool && strcmp(first->name, "CPLEXSolution"))
        nm_throw_at(job, NM_EINPUT, f.path, first->line, 1, "CPLEXSolution was expected");
    for (const nm_xml *e = first; e; e = e->next) {
        if (strcmp(e->name, "header")) continue;
        if (e->depth != 1 + pool || (best && !pool))
            nm_throw_at(job, NM_EINPUT, f.path, e->line, 1, "a second header");
        const char *index = nm_xml_find(e, "solutionIndex"),
                   *value = nm_xml_find(e, "objectiveValue");
        const double x = value ? nm_span_objective(nm_span_of(value)) : NAN;
        if (index && strcmp(index, "-1") == 0) return e;
        if (!best || x < least) best = e;
        if (x < least) least = x;
    }
    if (!best) nm_throw(job, NM_EINPUT, "%s: no header", f.path);
    return best;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    const nm_xml *h = choose(job, f, nm_xml_read(job, f));
    const int64_t code = integer(job, f, h, "solutionStatusValue");
    const nm_span words = nm_span_of(need(job, f, h, "solutionStatusString"));
    const bool feasible = strcmp(need(job, f, h, "primalFeasible"), "1") == 0;
    const char *objective = nm_xml_find(h, "objectiveValue");
    nm_sol_status(s, job, words, meaning(code, words, feasible));
    if (objective) s->objective = nm_span_objective(nm_span_of(objective));
    s->model = nm_xml_find(h, "problemName");
    s->lp = code < 100;
    nm_lines l = {.job = job, .path = f.path};
    int64_t rows = 0;
    for (const nm_xml *e = h->next; e && strcmp(e->name, "header"); e = e->next) {
        const bool row = strcmp(e->name, "constraint") == 0;
        l.line = e->line;
        if (row && integer(job, f, e, "index") != rows++) nm_lines_bad(&l, "the next row");
        if (row) s->n_rows = rows;
        if (strcmp(e->name, "variable")) continue;
        const int64_t index = integer(job, f, e, "index");
        if (index != (int64_t)s->n) nm_lines_bad(&l, "the next index");
        nm_sol_value(&l, s, nm_span_of(need(job, f, e, "name")),
                     nm_span_of(need(job, f, e, "value")), index);
    }
    if (s->n) s->n_cols = (int64_t)s->n;
}

const nm_soldialect nm_sol_cplex = {"cplex", sniff, read_file, true, true};
