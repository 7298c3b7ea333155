/* gurobi_json.c: Gurobi's JSON solution, written from its public reference and public samples (no run of Gurobi was
 * available): {"SolutionInfo": {"Status": 2, "ObjVal": ..., "ObjBound": ...}, "Vars": [{"VarName": ..., "X": ...}]}.
 * Zeros are left out unless JSONSolDetail=1. Status 2 is optimal (within MIPGap, which is in the file, too), 3
 * infeasible; 4, infeasible or unbounded, and 6, a cutoff, prove nothing. Values of 1e100 are infinite. An infeasible
 * answer names no column. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

#include <cJSON.h>

static int sniff(const char *text, size_t n)
{
    const nm_span s = {text, text + n};
    return n > 0 && *text == '{' && nm_span_has(s, "\"SolutionInfo\"") ? 95 : 0;
}

static double number(nm_job *job, const nm_json *info, const char *key, const char *path)
{
    const nm_json *x = nm_json_find(info, key);
    const double d = x ? nm_json_num(job, x, nm_fmt(job, "%s: %s", path, key)) : NAN;
    return fabs(d) < 1e20 ? d : NAN;
}

static nm_solstatus meaning(int64_t code, bool values, double gap)
{
    if (code == 2) return !values ? NM_SOL_NONE : gap > 1e-4 ? NM_SOL_FEASIBLE : NM_SOL_OPTIMAL;
    if (code == 3) return NM_SOL_INFEASIBLE;
    if (code == 5) return NM_SOL_UNBOUNDED;
    if (code <= 6 || !values) return NM_SOL_NONE;
    return NM_SOL_FEASIBLE;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    const nm_json *j = nm_json_parse(job, f), *info = nm_json_get(job, j, "SolutionInfo", f.path);
    const nm_json *vars = nm_json_find(j, "Vars");
    const int64_t code = nm_json_int(job, nm_json_get(job, info, "Status", f.path), f.path);
    if (vars && !cJSON_IsArray(vars)) nm_throw(job, NM_EINPUT, "%s: Vars is not a list", f.path);
    const bool some = nm_json_count(vars) > 0;
    const nm_solstatus status = meaning(code, some, number(job, info, "MIPGap", f.path));
    if (status == NM_SOL_INFEASIBLE && some)
        nm_throw(job, NM_EINPUT, "%s: values under status 3, infeasible", f.path);
    nm_sol_status(s, job, nm_span_of(nm_fmt(job, "Gurobi's status %lld", (long long)code)), status);
    s->objective = number(job, info, "ObjVal", f.path);
    s->bound = number(job, info, "ObjBound", f.path);
    s->sparse = true;
    for (const nm_json *v = vars ? vars->child : NULL; v; v = v->next) {
        const char *name = nm_json_str(job, nm_json_get(job, v, "VarName", f.path), f.path);
        const double x = nm_json_num(job, nm_json_get(job, v, "X", f.path), f.path);
        *NM_PUSH(job, s->vals, s->n, s->cap) = (struct nm_solval){name, x, -1};
    }
}

const nm_soldialect nm_sol_gurobijson = {"gurobi json", sniff, read_file, true, false};
