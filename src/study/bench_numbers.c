/* bench_numbers.c: statistics of a comparison, from its records.
 *
 * A configuration is a solver with a formulation. For an instance the median time of its repeats counts, with unsolved
 * ones at the limit, so that an outlier has no effect; the configuration solves the instance if more than half of its
 * repeats do. Over instances: the shifted geometric mean  exp(mean(log(t + s))) - s  (Achterberg 2007; Mittelmann's
 * tables), unsolved ones at the limit; PAR2, the mean with unsolved ones at twice the limit (SAT competitions); nodes
 * of solved instances, shifted by 10; wins, times within a hundredth of a second and one percent of the best. Left out:
 * significance tests. */
#include "base/base.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/numbers.h"

/* ---- records ---- */

static double number(nm_job *job, const nm_json *j, const char *key)
{
    const nm_json *x = nm_json_find(j, key);
    return x ? nm_json_num(job, x, key) : NAN;
}

static const char *text(nm_job *job, const nm_json *j, const char *key, const char *path)
{
    const char *s = nm_json_str(job, nm_json_get(job, j, key, path), path);
    return nm_dup(job, s, strlen(s));
}

static nm_bench_result read_record(nm_job *job, const char *path)
{
    const nm_json *j = nm_json_parse(job, nm_file_read(job, path));
    const nm_json *solved = nm_json_get(job, j, "solved", path);
    const nm_bench_result r = {.solved = nm_json_true(solved),
                               .status = text(job, j, "status", path),
                               .verdict = text(job, j, "verdict", path),
                               .version = text(job, j, "solver_version", path),
                               .solver = text(job, j, "solver", path),
                               .model = text(job, j, "model", path),
                               .map = text(job, j, "map", path),
                               .solution = text(job, j, "solution", path),
                               .log = text(job, j, "log", path),
                               .why = nm_json_find(j, "why") ? text(job, j, "why", path) : "",
                               .objective = number(job, j, "objective"),
                               .bound = number(job, j, "bound"),
                               .wall = number(job, j, "wall_seconds"),
                               .cpu = number(job, j, "cpu_seconds"),
                               .nodes = number(job, j, "nodes")};
    nm_close(job, j);
    return r;
}

nm_bench_result *nm_bench_result_of(const nm_bench_stats *t, size_t model, size_t solver,
                                    size_t repeat)
{
    return &t->r[(model * t->b->n_solvers + solver) * t->b->repeats + repeat];
}

/* ---- statistics ---- */

static nm_bench_cell summed(const nm_bench_stats *t, size_t model, size_t solver)
{
    const size_t n = t->b->repeats;
    double *wall = NM_RAW(t->job, double, n), *cpu = NM_RAW(t->job, double, n),
           *nodes = NM_RAW(t->job, double, n);
    size_t solved = 0, n_nodes = 0;
    for (size_t k = 0; k < n; k++) {
        const nm_bench_result *r = nm_bench_result_of(t, model, solver, k);
        solved += r->solved;
        wall[k] = r->solved ? fmin(r->wall, t->b->time_limit) : t->b->time_limit;
        cpu[k] = r->solved ? r->cpu : t->b->time_limit;
        if (isfinite(r->nodes)) nodes[n_nodes++] = r->nodes;
    }
    nm_bench_cell c = {.here = true, .solved = 2 * solved > n};
    c.wall = nm_median(n, wall);
    c.cpu = nm_median(n, cpu);
    c.nodes = nm_median(n_nodes, nodes);
    if (!c.solved) c.wall = c.cpu = t->b->time_limit;
    return c;
}

nm_bench_cell *nm_bench_cell_of(const nm_bench_stats *t, size_t k, size_t instance)
{
    return &t->cells[k * t->b->instances.n + instance];
}

static void count(nm_bench_config *c, const nm_bench_result *r, bool solved)
{
    const char *s = r->status;
    c->solved += solved;
    c->holds += solved && nm_status_of(r->verdict) == NM_OK;
    c->violated += solved && nm_status_of(r->verdict) == NM_VIOLATED;
    if (solved) return;
    c->limit += !strcmp(s, "limit");
    c->rejected += !strcmp(s, "rejected");
    c->unclear += !strcmp(s, "unclear");
    c->failed += strcmp(s, "limit") && strcmp(s, "rejected") && strcmp(s, "unclear");
}

/* Returns the repeat that represents an instance: the first that agrees with the majority. */
static const nm_bench_result *typical(const nm_bench_stats *t, size_t model, size_t solver,
                                      bool solved)
{
    for (size_t k = 0; k < t->b->repeats; k++)
        if (nm_bench_result_of(t, model, solver, k)->solved == solved)
            return nm_bench_result_of(t, model, solver, k);
    return nm_bench_result_of(t, model, solver, 0);
}

static void fill(nm_bench_stats *t)
{
    const nm_bench *b = t->b;
    for (size_t s = 0; s < b->n_solvers; s++)
        for (size_t m = 0; m < b->n_models; m++) {
            const size_t c = s * b->n_forms + (size_t)(b->model[m].form - b->form);
            nm_bench_cell *e = nm_bench_cell_of(t, c, b->model[m].number);
            *e = summed(t, m, s);
            count(&t->c[c], typical(t, m, s, e->solved), e->solved);
        }
}

static void means(nm_bench_stats *t, size_t k)
{
    const nm_bench *b = t->b;
    nm_bench_config *c = &t->c[k];
    double *wall = NM_RAW(t->job, double, b->instances.n),
           *cpu = NM_RAW(t->job, double, b->instances.n),
           *nodes = NM_RAW(t->job, double, b->instances.n), par2 = 0;
    size_t n = 0, n_nodes = 0;
    for (size_t i = 0; i < b->instances.n; i++) {
        const nm_bench_cell *e = nm_bench_cell_of(t, k, i);
        if (!e->here) continue;
        wall[n] = e->wall;
        cpu[n++] = e->cpu;
        par2 += e->solved ? e->wall : 2 * b->time_limit;
        if (e->solved && isfinite(e->nodes)) nodes[n_nodes++] = e->nodes;
        double best = INFINITY;
        for (size_t o = 0; o < t->n_configs; o++)
            if (nm_bench_cell_of(t, o, i)->solved)
                best = fmin(best, nm_bench_cell_of(t, o, i)->wall);
        c->wins += e->solved && e->wall <= best * 1.01 + 0.01;
    }
    c->sgm = nm_shifted_mean(n, wall, b->shift);
    c->sgm_cpu = nm_shifted_mean(n, cpu, b->shift);
    c->par2 = par2 / (double)n;
    c->nodes = n_nodes > 0 ? nm_shifted_mean(n_nodes, nodes, 10) : NAN;
}

size_t nm_bench_count(const nm_bench_stats *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->b->instances.n; i++) n += nm_bench_cell_of(t, 0, i)->here;
    return n;
}

nm_bench_stats nm_bench_read(nm_job *job, const nm_bench *b)
{
    const size_t n = b->n_models * b->n_solvers * b->repeats;
    nm_bench_stats t = {job,  b,   NM_ARRAY(job, nm_bench_result, n), b->n_solvers * b->n_forms,
                        NULL, NULL};
    t.c = NM_ARRAY(job, nm_bench_config, t.n_configs);
    t.cells = NM_ARRAY(job, nm_bench_cell, t.n_configs * b->instances.n);
    for (size_t k = 0; k < n; k++) t.r[k] = read_record(job, nm_bench_record(job, b, k));
    for (size_t k = 0; k < t.n_configs; k++) {
        t.c[k].solver = &b->solver[k / b->n_forms];
        t.c[k].form = &b->form[k % b->n_forms];
        t.c[k].name = b->n_forms > 1 ? nm_fmt(job, "%s %s", t.c[k].solver->name, t.c[k].form->name)
                                     : t.c[k].solver->name;
    }
    fill(&t);
    for (size_t k = 0; k < t.n_configs; k++) means(&t, k);
    return t;
}
