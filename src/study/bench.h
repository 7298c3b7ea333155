/* bench.h: the records of a comparison as numbers, and what is made of them. Private to study. */
#ifndef NM_STUDY_BENCH_H
#define NM_STUDY_BENCH_H

#include "study/study.h"
#include "study/plot.h"
#include "study/records.h"

/* ---- bench.c ------------------------------------------------------------------------------------ */
/* Returns the path of the record of run k, which is: model k / (solvers * repeats), then solver, then repeat. */
const char *nm_bench_record(nm_job *job, const nm_bench *b, size_t k);
/* Makes up to `pilot` runs; says what is left, by places in the order of --runs. */
nm_todo nm_bench_pilot(nm_job *job, nm_bench *b, size_t pilot);
#define NM_BENCH_FILE "bench.json"

/* ---- bench_models.c ----------------------------------------------------------------------------- */
void nm_bench_models(nm_job *job, nm_bench *b, nm_presence *here); /* sets model, n_models; ends early when stopped */

/* ---- bench_numbers.c ---------------------------------------------------------------------------- */
typedef struct nm_bench_result { /* a run, from its record */
    bool solved;
    const char *status, *verdict, *version, *solver, *model, *map, *solution, *log, *why; /* why it is not solved; "" */
    double objective, bound, wall, cpu, nodes;
} nm_bench_result;
typedef struct nm_bench_cell { bool solved, here; double wall, cpu, nodes; } nm_bench_cell; /* over the repeats */
typedef struct nm_bench_config { /* a solver with a formulation */
    const char *name;
    const nm_bench_solver *solver;
    const nm_formulation *form;
    size_t solved, holds, violated, limit, failed, rejected, unclear, wins;
    double sgm, sgm_cpu, par2, nodes;
} nm_bench_config;
typedef struct nm_bench_stats {
    nm_job *job;
    const nm_bench *b;
    nm_bench_result *r;    /* [n_models * n_solvers * repeats] */
    size_t n_configs;
    nm_bench_config *c;    /* [n_configs] formulations within solvers */
    nm_bench_cell *cells;  /* [n_configs][instances] */
} nm_bench_stats;
nm_bench_stats nm_bench_read(nm_job *job, const nm_bench *b);
nm_bench_result *nm_bench_result_of(const nm_bench_stats *t, size_t model, size_t solver, size_t repeat);
nm_bench_cell *nm_bench_cell_of(const nm_bench_stats *t, size_t k, size_t instance);
size_t nm_bench_count(const nm_bench_stats *t); /* of instances that have a model */

/* ---- bench_tables.c ----------------------------------------------------------------------------- */
double nm_bench_best(const nm_bench_stats *t); /* the least mean, which ratios are to */

/* ---- disputes.c --------------------------------------------------------------------------------- */
/* Returns the text of the first disagreement, or NULL; writes all of them to disagreements.txt. */
const char *nm_bench_dispute(const nm_bench_stats *t, size_t *count);

/* ---- bench_plots.c ------------------------------------------------------------------------------ */
typedef struct nm_bench_drawn { nm_plot profile, cactus; } nm_bench_drawn;
nm_bench_drawn nm_bench_draw(const nm_bench_stats *t, bool inside); /* inside a page */
void nm_bench_plots(const nm_bench_stats *t); /* as files */

#endif
