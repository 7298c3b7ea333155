/* study.h: campaigns over many samples, suites of instances, and solvers compared on them. Included by all.h alone. */
#ifndef NM_STUDY_H
#define NM_STUDY_H

/* ---- check.c: a solution held against its model's file ------------------------------------------- */
typedef struct nm_pointcheck nm_pointcheck;
nm_pointcheck *nm_point_check(nm_job *job, const nm_map *m, const char *map_path, const nm_sol *s,
                              const char *sol_path);
void nm_point_text(nm_buf *b, const nm_pointcheck *p);
void nm_point_json(nm_buf *b, const nm_pointcheck *p); /* an object */

/* ---- records.c: a folder of records, made by processes ------------------------------------------ */
void nm_folder_make(nm_job *job, const char *dir); /* it may be there already */
typedef struct nm_said { const char *key, *value; } nm_said;
typedef struct nm_records {
    const char *dir, *file, *kind; /* dir/file says what was asked; kind: a word for it */
    size_t n_said;
    const nm_said *said;           /* [n_said] what a later run in this folder must say as well */
    const char *const *folders, *const *files; /* in dir, ended by NULL */
    int workers;
    double memory;                 /* bytes a worker may address; 0: no limit */
    size_t n;                      /* items */
    int (*make)(nm_job *job, void *arg, size_t k); /* makes record k and writes it; gives its verdict's status */
    /* records that it could not be made, and the code of the error */
    void (*fail)(nm_job *job, void *arg, size_t k, int code, const char *why);
    /* [n] by which runs that share the folder claim items; NULL: one run at a time works there */
    const int64_t *number;
    bool (*settled)(nm_job *job, void *arg, size_t k); /* another run has made record k since this one began */
    void *arg;
} nm_records;
void nm_records_open(nm_job *job, const nm_records *r); /* makes or checks the folder, locks it */
void nm_records_run(nm_job *job, const nm_records *r);  /* ends early when a stop was asked for */
/* calls body while no other run of this folder is in such a call */
void nm_records_alone(nm_job *job, const nm_records *r, void (*body)(nm_job *job, void *arg), void *arg);

/* ---- tables.c, campaign.c -------------------------------------------------------------------- */
typedef struct nm_campaign {
    const nm_net *net;
    nm_dataset images, labels;
    bool has_labels, save_witness;
    int64_t from, to;      /* samples from..to-1 */
    const char *dir, *rerun, *question; /* rerun: never, always, unknown, violated, error */
    int workers;
    double memory;         /* bytes a worker may address; 0: no limit */
    nm_around around;      /* all but image and label */
    const double **clean;  /* [to - from] outputs for the images, where nm_check_campaign has them; or NULL */
    nm_solve_opts solve;
} nm_campaign;
typedef struct nm_totals { /* of a folder's records */
    size_t samples, misclassified, violated, holds, unknown, errors, partial; /* partial: unknown, cut short */
    size_t left;           /* of the range asked for: without a record of a whole run */
    int error;             /* code of the first error, or 0 */
    double cpu;
} nm_totals;
bool nm_record_partial(const nm_json *record); /* it was cut short by an interrupt */
nm_totals nm_campaign_tables(nm_job *job, const nm_campaign *c); /* results.csv and summary.json */
/* gives the exit code: 0, NM_UNKNOWN when interrupted, or that of the first error */
int nm_campaign_run(nm_job *job, const nm_campaign *c);

/* ---- datacheck.c: are these images, labels and flags what they should be ------------------------ */
/* says what a campaign is about to read, warns of what is probably wrong, refuses labels that cannot be; sets clean */
void nm_check_campaign(nm_job *job, nm_campaign *c);

/* ---- pixels.c, plot.c: line plots ----------------------------------------------------------- */
typedef struct nm_stroke { unsigned color; double width; int dash; } nm_stroke; /* dash: 0 none, 1 long, 2 short */
typedef struct nm_pen {    /* draws in points, y downwards */
    void (*line)(void *to, nm_stroke s, size_t n, const double *x, const double *y);
    /* anchor: -1 left, 0 middle, 1 right */
    void (*text)(void *to, double x, double y, int anchor, bool upright, const char *s);
} nm_pen;
typedef struct nm_pixels nm_pixels;
nm_pixels *nm_pixels_new(nm_job *job, size_t w, size_t h);
extern const nm_pen nm_pixels_pen;
void nm_pixels_save(nm_job *job, const nm_pixels *v, const char *path); /* PNG */
typedef struct nm_series { const char *name; size_t n; const double *x, *y; } nm_series;
typedef struct nm_plot {
    const char *title, *x_label, *y_label;
    double x_base, y_base; /* of a logarithmic axis, or 0 */
    bool y_unit, x_whole, steps, marks; /* y from 0 to 1; x counts; points joined as steps; a mark at each */
    size_t n_series;
    const nm_series *series;
} nm_plot;
void nm_plot_draw(nm_job *job, const nm_plot *p, const nm_pen *pen, void *to);
void nm_plot_svg(nm_job *job, const nm_plot *p, const char *path);
void nm_plot_png(nm_job *job, const nm_plot *p, const char *path);

/* ---- spec.c, suite.c: instances with known answers -------------------------------------------- */
typedef struct nm_formulation { const char *name, *encoding; bool fold, two_sided; } nm_formulation;
nm_formulation nm_formulation_read(nm_job *job, const char *text); /* NAME[:N][+unfolded][+two-sided] */
const char *nm_name_clean(nm_job *job, const char *text);
const char *nm_path_under(nm_job *job, const char *dir, const char *path); /* dir has its slash, or is "" */
const char *nm_path_relative(nm_job *job, const char *from, const char *path);
typedef struct nm_item {   /* as the description says it; NULL: not said */
    const char *name, *net, *query, *image, *label, *perturb, *domain, *target, *margin, *guard, *objective, *bounds;
    nm_formulation form;
    const char *status, *answer, *proved, *solution; /* easy medium hard; holds or violated; how; a file */
    double best, seconds;  /* known optimum, CBC's seconds, or NaN */
} nm_item;
typedef struct nm_suite {
    const char *path, *dir, *title, *about, *images, *labels; /* dir has its slash, or is "" */
    size_t n, cap;
    nm_item *item;
} nm_suite;
nm_suite *nm_suite_read(nm_job *job, const char *path);
void nm_suite_build(nm_job *job, const nm_suite *s, const char *dir); /* dir has its slash, or is "" */
void nm_suite_check(nm_job *job, nm_buf *out, const char *dir);

/* ---- instances.c: what solvers are compared on -------------------------------------------------- */
typedef struct nm_instance {
    const char *name, *status; /* easy, medium, hard, or "" */
    const nm_net *net;
    const nm_query *q;         /* clause iclause of case icase is the question */
    size_t icase, iclause;
    const nm_map *map;         /* of a model that is there, or NULL */
    const char *map_path;
    const char *answer;        /* known: holds or violated, or NULL */
    double best;               /* known and proven optimum, or NaN */
} nm_instance;
typedef struct nm_instances { size_t n, cap; nm_instance *a; } nm_instances;
/* path is a map, a suite's folder, or a folder of maps; only: words of statuses or names, or NULL for all; with nets
 * where questions are to be written anew */
void nm_instances_read(nm_job *job, nm_instances *s, const char *path, const char *only, bool nets);
/* the targets of a question */
void nm_instances_ask(nm_job *job, nm_instances *s, const nm_net *net, const nm_query *q, const char *name);

/* ---- bench.c ------------------------------------------------------------------------------------ */
typedef struct nm_bench_solver { const char *name; bool is_embedded; nm_runner runner; } nm_bench_solver;
typedef struct nm_bench_model {
    const nm_instance *instance;
    const nm_formulation *form;
    size_t number, bins;   /* number: of the instance */
    const char *name, *map_path;
    const nm_map *map;
    double encode_seconds;
} nm_bench_model;
typedef struct nm_bench {
    const char *dir, *rerun;
    nm_instances instances;
    size_t n_forms, n_solvers, repeats, n_models, memory, threads;
    const nm_formulation *form; /* [n_forms] encoding NULL: the model that is there */
    const nm_bench_solver *solver;
    nm_bench_model *model; /* [n_models] made by nm_bench_run: an instance's formulations stand together */
    nm_by level;           /* of bounds, where models are written anew */
    double time_limit, shift;
    int workers;
} nm_bench;
bool nm_bench_run(nm_job *job, nm_bench *b); /* false: interrupted */
/* run k: model k / (solvers * repeats), solver, repeat; the record's path */
const char *nm_bench_record(nm_job *job, const nm_bench *b, size_t k);

/* ---- benchstat.c, dispute.c, benchplot.c, benchtab.c: what the records say --------------------------- */
typedef struct nm_bench_result { /* a run, as its record says it */
    bool solved;
    const char *status, *verdict, *version, *solver, *model, *map, *solution, *log, *why; /* why not solved, or "" */
    double objective, bound, wall, cpu, nodes;
} nm_bench_result;
typedef struct nm_bench_cell { bool solved, here; double wall, cpu, nodes; } nm_bench_cell; /* an instance's repeats */
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
int nm_rising(const void *a, const void *b); /* doubles, for qsort */
/* the text of the first disagreement, or NULL; all of them go to disagreements.txt */
const char *nm_bench_dispute(const nm_bench_stats *t, size_t *count);
void nm_bench_plots(const nm_bench_stats *t);
/* results.csv, summary.json, table.txt, plots; throws NM_EAUDIT when answers disagree */
void nm_bench_tables(nm_job *job, nm_buf *out, const nm_bench *b, bool json);

#endif
