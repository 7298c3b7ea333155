/* bench.c: compares solvers and formulations on the same questions: models, runs, and a record for each run.
 *
 * A run is an instance, a formulation, a solver and a repeat. Its model is unpacked in DIR/models, its solution and log
 * are in DIR/runs, its record in DIR/records: written whole or not at all (records.c). Solvers are programs, or the
 * embedded one, and all read the same file; each answer is decoded, and its point replayed, as `netmip decode` would.
 * An interrupted comparison continues where it stopped; records of another model or command are refused. An answer
 * later than the limit plus a tenth and a second counts as none. Wall and CPU seconds are those of the solver's
 * process, including its start and its reading of the model. Workers share the machine: use a single one if times
 * matter. */
#include "base/base.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "answer/answer.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/records.h"

/* ---- one run ---- */

typedef struct {
    const nm_bench *b;
    size_t *todo;
    uint64_t *stamp; /* of their records as they were when the run began */
} plan;

typedef struct {
    const nm_bench_model *m;
    const nm_bench_solver *s;
    size_t repeat;
} run;

static run run_of(const nm_bench *b, size_t k)
{
    const size_t per = b->n_solvers * b->repeats;
    return (run){&b->model[k / per], &b->solver[k % per / b->repeats], k % b->repeats};
}

const char *nm_bench_record(nm_job *job, const nm_bench *b, size_t k)
{
    const run r = run_of(b, k);
    return nm_fmt(job, "%s/records/run.%s.%s.%zu.json", b->dir, r.m->name, r.s->name, r.repeat + 1);
}

static const char *stem_of(nm_job *job, const nm_bench *b, const run *r)
{
    return nm_fmt(job, "%s/runs/%s.%zu", b->dir, r->m->name, r->repeat + 1);
}

static const char *solution_of(nm_job *job, const nm_bench *b, const run *r)
{
    return nm_fmt(job, "%s.%s%s", stem_of(job, b, r), r->s->name,
                  r->s->is_embedded ? ".sol" : r->s->runner.suffix);
}

static const char *log_of(nm_job *job, const nm_bench *b, const run *r)
{
    return r->s->is_embedded ? "" : nm_fmt(job, "%s.%s.log", stem_of(job, b, r), r->s->name);
}

/* Writes the embedded solver's answer as CBC's own program would have written it. */
static void write_solution(nm_job *job, const nm_map *map, const nm_sol *s, const char *path)
{
    const char *say = s->status == NM_SOL_OPTIMAL      ? "Optimal"
                      : s->status == NM_SOL_FEASIBLE   ? "Stopped on solutions"
                      : s->status == NM_SOL_INFEASIBLE ? "Integer infeasible"
                                                       : "Stopped on time (no integer solution)";
    nm_out *o = nm_out_open(job, path);
    nm_out_put(o, "%s - objective value ", say);
    nm_out_num(o, isfinite(s->objective) ? s->objective : 0);
    nm_out_put(o, "\n");
    for (size_t j = 0; j < map->file.n_cols; j++) {
        nm_out_put(o, "%zu %s ", j, map->file.cols[j]);
        nm_out_num(o, s->has_values ? s->vals[j].x : 0);
        nm_out_put(o, " 0\n");
    }
    nm_out_done(o);
}

typedef struct {
    const run *r;
    nm_sol *sol;
    const char *path;
    const nm_verdict *v;
} judging;

static void judge(nm_job *job, void *arg)
{
    judging *j = arg;
    j->v = nm_decode_sol(job, NULL, j->r->m->map, j->r->m->map_path, j->sol, j->path);
}

typedef struct {
    const char *status, *verdict, *why;
    nm_runlog log;
    double objective, bound, wall, cpu;
    bool solved;
} outcome;

/* Returns what a solver claims about its optimum, in the network's units: its bound, or the optimum if it claims that
 * there is no gap; NaN: nothing. *proven: it claims to have the optimum within 1e-6. */
static double bound_of(const nm_map *m, const nm_sol *sol, bool *proven)
{
    const double said = isfinite(sol->bound) ? sol->bound : NAN;
    const bool optimal = sol->status == NM_SOL_OPTIMAL && isfinite(sol->objective);
    *proven = optimal && !m->form.relaxation &&
              (isnan(said) ? sol->gapless
                           : sol->objective - said <= 1e-6 * (1 + fabs(sol->objective)));
    const double x = isnan(said) && *proven ? sol->objective : said;
    return ldexp(x, m->file.scale.objective) + m->file.constant;
}

/* Classifies an answer: solved, limit, rejected (a point or claim that is false), unclear (from a relaxation, or an
 * optimum within an unknown gap) or failed. */
static void weigh(nm_job *job, const nm_bench *b, const run *r, nm_sol *sol, const char *path,
                  outcome *o)
{
    const bool late = o->wall > 1.1 * b->time_limit + 1;
    const bool is_worst = !strcmp(r->m->map->asks.objective, "worst");
    judging j = {r, sol, path, NULL};
    o->status = nm_solstatus_name(sol->status);
    o->verdict = nm_status_word(NM_UNKNOWN);
    const bool answered = sol->status == NM_SOL_OPTIMAL || sol->status == NM_SOL_INFEASIBLE ||
                          sol->status == NM_SOL_FEASIBLE;
    o->why = answered ? "" : sol->status_text;
    if (!answered) {
        o->status = o->wall >= 0.9 * b->time_limit ? "limit" : "failed";
        return;
    }
    const int code = nm_run(job, judge, &j);
    if (code) {
        o->status = "rejected";
        o->why = nm_message_of(job, code);
        return;
    }
    o->verdict = nm_status_word(j.v->status);
    if (sol->has_values && is_worst) o->objective = j.v->optimum.value;
    bool proven;
    const double bound = bound_of(r->m->map, sol, &proven);
    if (sol->has_values) o->bound = bound;
    if (is_worst && sol->status == NM_SOL_OPTIMAL && !proven)
        o->status = nm_solstatus_name(NM_SOL_FEASIBLE);
    const bool broken = j.v->status == NM_VIOLATED &&
                        sol->status == NM_SOL_OPTIMAL; /* replay decides */
    o->solved = !late && (is_worst ? proven || (broken && !r->m->map->form.relaxation)
                                   : j.v->status != NM_UNKNOWN);
    if (o->solved) return;
    if (o->wall >= 0.9 * b->time_limit)
        o->status = "limit";
    else if (j.v->status == NM_UNKNOWN || is_worst)
        o->status = "unclear";
    o->why = j.v->why ? j.v->why
             : late   ? "its answer came after the limit"
                      : "stopped at the limit";
}

typedef struct {
    const char *path;
    nm_sol *sol;
} logged;

static void read_bound(nm_job *job, void *arg)
{
    const logged *l = arg;
    if (isnan(l->sol->bound) && nm_file_exists(l->path))
        nm_sol_log(job, nm_file_read(job, l->path), l->sol);
}

static void put_record(nm_job *job, const nm_bench *b, size_t k, const outcome *o, nm_buf *out)
{
    const run r = run_of(b, k);
    nm_jo j = nm_jo_new(out);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "run");
    nm_jo_int(&j, "version", 1);
    nm_jo_str(&j, "instance", r.m->instance->name);
    nm_jo_str(&j, "solver", r.s->name);
    nm_jo_str(&j, "solver_version", o->log.version ? o->log.version : "");
    nm_jo_str(&j, "command", r.s->is_embedded ? "" : r.s->runner.command);
    nm_jo_str(&j, "encoding", r.m->form->name);
    nm_jo_int(&j, "repeat", (int64_t)r.repeat + 1);
    nm_jo_bool(&j, "solved", o->solved);
    nm_jo_str(&j, "status", o->status);
    nm_jo_str(&j, "verdict", o->verdict);
    nm_jo_num_if(&j, "objective", o->objective);
    nm_jo_num_if(&j, "bound", o->bound);
    nm_jo_fixed(&j, "wall_seconds", o->wall, 6);
    nm_jo_fixed(&j, "cpu_seconds", o->cpu, 6);
    nm_jo_num_if(&j, "nodes", o->log.nodes);
    nm_jo_str(&j, "model_sha256", r.m->map->file.hash);
    nm_jo_str(&j, "model", r.m->map->file.path);
    nm_jo_str(&j, "map", r.m->map_path);
    nm_jo_str(&j, "solution", solution_of(job, b, &r));
    nm_jo_str(&j, "log", log_of(job, b, &r));
    if (*o->why) nm_jo_str(&j, "why", o->why);
    nm_jo_done(&j);
}

static int run_one(nm_job *job, void *arg, size_t i, nm_buf *out)
{
    const plan *p = arg;
    const nm_bench *b = p->b;
    const run r = run_of(b, p->todo[i]);
    const char *path = solution_of(job, b, &r);
    outcome o = {
        .log = {NULL, NAN}, .objective = NAN, .bound = NAN, .cpu = -nm_cpu(), .wall = -nm_wall()};
    nm_sol *sol;
    if (r.s->is_embedded)
        sol = nm_cbc_file(job, nm_map_card(r.m->map),
                          (nm_cbc){.time_limit = b->time_limit,
                                   .first = !strcmp(r.m->map->asks.objective, "feasible"),
                                   .memory = b->memory,
                                   .nodes = &o.log.nodes});
    else
        sol = nm_runner_solve(job, &r.s->runner, nm_map_card(r.m->map), stem_of(job, b, &r),
                              (nm_run_opts){b->time_limit, b->threads, b->memory});
    o.wall += nm_wall();
    o.cpu += nm_cpu();
    if (nm_stopped(job)) return NM_UNKNOWN; /* the run was interrupted: not recorded */
    if (r.s->is_embedded) {
        write_solution(job, r.m->map, sol, path);
        o.log.version = nm_cbc_version();
    } else {
        o.log = nm_runlog_read(job, log_of(job, b, &r));
        if (!o.log.version) o.log = nm_runlog_read(job, path);
        logged l = {log_of(job, b, &r), sol};
        nm_run(job, read_bound, &l); /* without a bound in the log there is none */
    }
    weigh(job, b, &r, sol, path, &o);
    put_record(job, b, p->todo[i], &o, out);
    return nm_status_of(o.verdict);
}

static void run_failed(nm_job *job, void *arg, size_t i, int code, const char *why, nm_buf *out)
{
    (void)code;
    const plan *p = arg;
    const outcome o = {.log = {NULL, NAN},
                       .objective = NAN,
                       .bound = NAN,
                       .status = "failed",
                       .verdict = nm_status_word(NM_UNKNOWN),
                       .why = why,
                       .wall = p->b->time_limit,
                       .cpu = p->b->time_limit};
    put_record(job, p->b, p->todo[i], &o, out);
}

static const char *record_stem(nm_job *job, void *arg, size_t i)
{
    const plan *p = arg;
    const char *path = nm_bench_record(job, p->b, p->todo[i]);
    return nm_dup(job, path, strlen(path) - strlen(".json"));
}

static int made_meanwhile(nm_job *job, void *arg, size_t i)
{
    const plan *p = arg;
    const char *path = nm_bench_record(job, p->b, p->todo[i]);
    const uint64_t now = nm_file_stamp(path);
    if (!now || now == p->stamp[i]) return -1;
    const nm_json *j = nm_record_read(job, path);
    if (!j) return -1;
    const int status = nm_status_of(nm_json_str(job, nm_json_get(job, j, "verdict", path), path));
    nm_close(job, j);
    return status;
}

/* ---- the comparison ---- */

static void need(nm_job *job, const nm_json *j, const char *key, const char *now, const char *path)
{
    const char *was = nm_json_str(job, nm_json_get(job, j, key, path), path);
    if (strcmp(was, now))
        nm_throw(job, NM_EUSE,
                 "%s: belongs to another comparison: its %s is \"%s\", now \"%s\"; another --dir was "
                 "expected",
                 path, key, was, now);
}

static bool wanted(nm_job *job, const nm_bench *b, size_t k)
{
    const char *path = nm_bench_record(job, b, k);
    const run r = run_of(b, k);
    const nm_json *j = strcmp(b->rerun, "always") ? nm_record_read(job, path) : NULL;
    if (!j) return true;
    need(job, j, "model_sha256", r.m->map->file.hash, path);
    need(job, j, "command", r.s->is_embedded ? "" : r.s->runner.command, path);
    return !strcmp(b->rerun, nm_json_str(job, nm_json_get(job, j, "verdict", path), path));
}

/* enters the folder and makes the models; false: interrupted */
static bool enter(nm_job *job, nm_bench *b, plan *p, nm_records *r)
{
    static const char *const folders[] = {"models", "records", "runs", NULL};
    static const char *const files[] = {"results.csv",       "summary.json", "table.txt",
                                        "profile.svg",       "cactus.svg",   "disagreements.txt",
                                        NULL};
    enum { N_SAID = 3 };
    nm_said *said = NM_ARRAY(job, nm_said, N_SAID), *more = NM_ARRAY(job, nm_said, 2);
    said[0] = (nm_said){"time_limit", nm_fmt(job, "%g", b->time_limit)};
    said[1] = (nm_said){"memory", nm_fmt(job, "%zu", b->memory)};
    said[2] = (nm_said){"threads", nm_fmt(job, "%zu", b->threads)};
    more[0] = (nm_said){"shift", nm_fmt(job, "\"%g\"", b->shift)}; /* of tables, which any run may make anew */
    *r = (nm_records){.dir = b->dir,
                      .file = NM_BENCH_FILE,
                      .kind = "comparison",
                      .version = 1,
                      .n_said = N_SAID,
                      .said = said,
                      .more = more,
                      .folders = folders,
                      .files = files,
                      .workers = b->workers,
                      .stem = record_stem,
                      .settled = made_meanwhile,
                      .make = run_one,
                      .fail = run_failed,
                      .arg = p};
    nm_records_open(job, r);
    nm_bench_models(job, b, r->here);
    if (nm_stopped(job)) return false;
    if (!b->n_models)
        nm_throw(job, NM_EINPUT, "bounds alone decide every question: there is nothing to compare");
    return true;
}

static size_t runs_of(const nm_bench *b) { return b->n_models * b->n_solvers * b->repeats; }

/* the i-th run in their order: all solvers once, then all again: a machine that is slow for a while does not meet one
 * of them alone */
static size_t run_at(const nm_bench *b, size_t i)
{
    const size_t n = runs_of(b) / b->repeats;
    return i % n * b->repeats + i / n;
}

/* lists what is to be done of those from..to-1; at [n]: their places, or NULL */
static void list_todo(nm_job *job, nm_bench *b, plan *p, nm_records *r, int64_t *at)
{
    const size_t n = runs_of(b), from = b->is_part ? b->from : 0, to = b->is_part ? b->to : n;
    if (to > n)
        nm_throw(job, NM_EUSE, "--runs %zu:%zu: the comparison has %zu runs", from, to, n);
    p->todo = NM_RAW(job, size_t, n);
    p->stamp = NM_RAW(job, uint64_t, n);
    for (size_t i = from; i < to; i++) {
        const size_t k = run_at(b, i);
        p->stamp[r->n] = nm_file_stamp(nm_bench_record(job, b, k));
        if (!wanted(job, b, k)) continue;
        if (at) at[r->n] = (int64_t)i;
        p->todo[r->n++] = k;
    }
    r->before = (nm_tally){.all = to - from, .done = to - from - r->n};
    nm_note(job, "%s, %s, %s; recorded already: %zu",
            nm_counted(job, b->instances.n, "instances"), nm_counted(job, b->n_models, "models"),
            nm_counted(job, to - from, "runs"), to - from - r->n);
}

size_t nm_bench_left(nm_job *job, const nm_bench *b)
{
    size_t left = 0;
    for (size_t k = 0; k < runs_of(b); k++) left += !nm_file_exists(nm_bench_record(job, b, k));
    return left;
}

bool nm_bench_run(nm_job *job, nm_bench *b, void (*tables)(nm_job *job, void *arg), void *arg)
{
    plan p = {.b = b};
    nm_records r;
    if (!enter(job, b, &p, &r)) return false;
    list_todo(job, b, &p, &r, NULL);
    nm_records_run(job, &r);
    const bool done = !nm_stopped(job);
    if (done) tables(job, arg); /* while in the folder: who is alone there clears what killed runs began to write */
    nm_records_close(job, &r);
    return done;
}

nm_todo nm_bench_pilot(nm_job *job, nm_bench *b, size_t pilot)
{
    plan p = {.b = b};
    nm_records r;
    nm_todo left = {0};
    if (!enter(job, b, &p, &r)) return left;
    int64_t *at = NM_RAW(job, int64_t, runs_of(b) + 1);
    list_todo(job, b, &p, &r, at);
    const size_t all = r.n;
    r.n = left.made = pilot < all ? pilot : all;
    r.before.all = r.before.done + r.n;
    const double start = nm_wall();
    nm_records_run(job, &r);
    const int at_once = b->workers < (int)r.n ? b->workers : (int)r.n;
    if (left.made) left.seconds = (nm_wall() - start) * at_once / (double)left.made;
    nm_records_close(job, &r);
    left.sample = at + left.made;
    left.n = all - left.made;
    return left;
}
