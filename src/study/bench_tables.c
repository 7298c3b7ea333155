/* bench_tables.c: the tables of a comparison: results.csv has a row for each run; table.txt and summary.json have one
 * for each configuration. */
#include "base/base.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/benchexec.h"

/* ---- tables ---- */

static void put_cell(nm_buf *b, double x)
{
    nm_put(b, ",");
    if (isfinite(x)) nm_put_num(b, x);
}

/* Writes any text as one cell. */
static void put_quoted(nm_buf *b, const char *s)
{
    nm_put(b, ",");
    if (!*s) return;
    nm_put(b, "\"");
    for (; *s; s++) nm_put(b, *s == '"' ? "\"\"" : "%c", *s == '\n' ? ' ' : *s);
    nm_put(b, "\"");
}

static const char *options_of(const nm_formulation *f)
{
    return f->encoding == NULL ? ""
           : f->fold           ? f->two_sided ? "two-sided" : ""
           : f->two_sided      ? "unfolded two-sided"
                               : "unfolded";
}

static void write_csv(const nm_bench_stats *t)
{
    const nm_bench *b = t->b;
    nm_buf out = {.job = t->job};
    nm_put(&out, "instance,solver,version,encoding,options,repeat,status,solved,verdict,objective,"
                 "bound,wall_seconds,"
                 "cpu_seconds,nodes,rows,columns,binaries,solution,log,why\n");
    for (size_t m = 0; m < b->n_models; m++)
        for (size_t k = 0; k < b->n_solvers * b->repeats; k++) {
            const nm_bench_model *a = &b->model[m];
            const nm_bench_result *r = nm_bench_result_of(t, m, k / b->repeats, k % b->repeats);
            nm_put(&out, "%s,%s,%s,%s,%s,%zu,%s,%d,%s", a->instance->name, r->solver, r->version,
                   a->form->encoding ? a->form->encoding : a->form->name, options_of(a->form),
                   k % b->repeats + 1, r->status, r->solved, r->verdict);
            put_cell(&out, r->objective);
            put_cell(&out, r->bound);
            nm_put(&out, ",%.6f,%.6f", r->wall, r->cpu);
            put_cell(&out, r->nodes);
            nm_put(&out, ",%zu,%zu,%zu,%s,%s", a->map->file.n_rows, a->map->file.n_cols, a->bins,
                   r->solution, r->log);
            put_quoted(&out, r->why);
            nm_put(&out, "\n");
        }
    nm_file_write(t->job, nm_fmt(t->job, "%s/results.csv", b->dir), out.s, out.n);
}

double nm_bench_best(const nm_bench_stats *t)
{
    double best = INFINITY;
    for (size_t k = 0; k < t->n_configs; k++) best = fmin(best, t->c[k].sgm);
    return fmax(best, 1e-3);
}

static void put_table(nm_buf *out, const nm_bench_stats *t)
{
    const nm_bench *b = t->b;
    size_t width = 13;
    for (size_t k = 0; k < t->n_configs; k++)
        if (strlen(t->c[k].name) > width) width = strlen(t->c[k].name);
    nm_put(out,
           "%s, median of %zu, limit %g s; sgm: geometric mean shifted by %g s, "
           "unsolved at the limit; PAR2: mean, "
           "unsolved at twice the limit\n",
           nm_counted(out->job, nm_bench_count(t), "instances"), b->repeats, b->time_limit, b->shift);
    nm_put(out, "%-*s %6s %6s %8s %6s %8s %8s %6s %9s %7s %9s %9s %9s %5s\n", (int)width,
           "configuration", "solved", "holds", "violated", "limit", "rejected", "unclear", "failed",
           "sgm s", "ratio", "PAR2 s", "CPU sgm", "nodes", "wins");
    for (size_t k = 0; k < t->n_configs; k++) {
        const nm_bench_config *c = &t->c[k];
        nm_put(out, "%-*s %6zu %6zu %8zu %6zu %8zu %8zu %6zu %9.3f %7.2f %9.3f %9.3f ", (int)width,
               c->name, c->solved, c->holds, c->violated, c->limit, c->rejected, c->unclear,
               c->failed, c->sgm, c->sgm / nm_bench_best(t), c->par2, c->sgm_cpu);
        nm_put(out, "%9s %5zu\n", isfinite(c->nodes) ? nm_fmt(t->job, "%.1f", c->nodes) : "-",
               c->wins);
    }
}

/* Prints the reasons of the first runs that failed or were rejected. */
static void put_reasons(nm_buf *out, const nm_bench_stats *t)
{
    enum { SHOWN = 10 };
    const nm_bench *b = t->b;
    size_t n = 0;
    for (size_t m = 0; m < b->n_models; m++)
        for (size_t k = 0; k < b->n_solvers * b->repeats; k++) {
            const nm_bench_result *r = nm_bench_result_of(t, m, k / b->repeats, k % b->repeats);
            const bool told = strcmp(r->status, "failed") == 0 ||
                              strcmp(r->status, "rejected") == 0;
            if (!told || n++ >= SHOWN) continue;
            nm_put(out, "%s: %s by %s: %s%s%s\n", r->status, b->model[m].name, r->solver,
                   *r->why ? r->why : "no reason was recorded", *r->log ? "; see " : "", r->log);
        }
    if (n > SHOWN) nm_put(out, "%zu more are in %s/results.csv, column why\n", n - SHOWN, b->dir);
}

static void put_config(nm_jo *j, const nm_bench_config *c, double best)
{
    nm_jo_line(j);
    nm_jo_object(j, NULL);
    nm_jo_str(j, "solver", c->solver->name);
    nm_jo_str(j, "encoding", c->form->name);
    nm_jo_int(j, "solved", (int64_t)c->solved);
    nm_jo_int(j, "holds", (int64_t)c->holds);
    nm_jo_int(j, "violated", (int64_t)c->violated);
    nm_jo_int(j, "limit", (int64_t)c->limit);
    nm_jo_int(j, "rejected", (int64_t)c->rejected);
    nm_jo_int(j, "unclear", (int64_t)c->unclear);
    nm_jo_int(j, "failed", (int64_t)c->failed);
    nm_jo_fixed(j, "sgm_seconds", c->sgm, 6);
    nm_jo_fixed(j, "ratio", c->sgm / best, 4);
    nm_jo_fixed(j, "par2_seconds", c->par2, 6);
    nm_jo_fixed(j, "sgm_cpu_seconds", c->sgm_cpu, 6);
    if (isfinite(c->nodes)) nm_jo_fixed(j, "nodes", c->nodes, 3);
    nm_jo_int(j, "wins", (int64_t)c->wins);
    nm_jo_end(j);
}

static void put_json(nm_buf *out, const nm_bench_stats *t, size_t disagree)
{
    const nm_bench *b = t->b;
    nm_jo j = nm_jo_answer(out);
    nm_jo_int(&j, "instances", (int64_t)nm_bench_count(t));
    nm_jo_int(&j, "repeats", (int64_t)b->repeats);
    nm_jo_num(&j, "time_limit", b->time_limit);
    nm_jo_num(&j, "shift", b->shift);
    nm_jo_int(&j, "disagreements", (int64_t)disagree);
    nm_jo_line(&j);
    nm_jo_list(&j, "configurations");
    for (size_t k = 0; k < t->n_configs; k++) put_config(&j, &t->c[k], nm_bench_best(t));
    nm_jo_end(&j);
    nm_jo_done(&j);
}

void nm_bench_tables(nm_job *job, nm_buf *out, const nm_bench *b, bool json)
{
    const nm_bench_stats t = nm_bench_read(job, b);
    write_csv(&t);
    size_t n = 0;
    const char *first = nm_bench_dispute(&t, &n);
    nm_buf table = {.job = job}, sum = {.job = job};
    put_table(&table, &t);
    put_reasons(&table, &t);
    put_json(&sum, &t, n);
    nm_file_write(job, nm_fmt(job, "%s/table.txt", b->dir), table.s, table.n);
    nm_file_write(job, nm_fmt(job, "%s/summary.json", b->dir), sum.s, sum.n);
    nm_bench_plots(&t);
    if (b->benchexec) nm_bench_benchexec(&t);
    if (n)
        nm_throw(job, NM_EAUDIT, "%s (%s/disagreements.txt): %s", nm_counted(job, n, "disagreements"), b->dir, first);
    *out = json ? sum : table;
}
