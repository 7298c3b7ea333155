/* study.h, the door of study: many questions at once: samples of a data set, suites of instances with known answers,
 * solvers compared on them; records that survive a crash, tables and plots. It must never know the command line. */
#ifndef NM_STUDY_H
#define NM_STUDY_H

#include "answer/answer.h"

typedef struct nm_said { const char *key, *value; } nm_said; /* lists end with a NULL key, or say a length */

/* ---- benchmark.c: questions in a folder, as the VNN competition lays them out ------------------- */
typedef struct nm_answers { nm_names key; int *status; size_t n, cap; } nm_answers; /* known ones */
typedef struct nm_benchmark_row {
    const char *net, *property, *net_path, *property_path; /* as they are named; where they are */
    double timeout;        /* seconds; 0: none */
} nm_benchmark_row;
typedef struct nm_benchmark {
    const char *path, *root, *hash; /* root with its slash, or ""; hash: of paths and files */
    size_t n;
    nm_benchmark_row *row; /* [n] */
    nm_answers known;
} nm_benchmark;
/* root NULL: the folder of the file; expected: a file of known answers, or NULL */
nm_benchmark *nm_benchmark_read(nm_job *job, const char *path, const char *root, const char *expected);

/* ---- batch.c: one question for many samples ----------------------------------------------------- */
#define NM_CONFIDENCE 95.0 /* percent, of limits for a sample */
typedef struct nm_campaign {
    const nm_benchmark *rows; /* its rows are the samples; else NULL, and: */
    const nm_net *net;
    nm_dataset images, labels;
    bool has_labels, save_witness;
    const char *proofs;    /* the folder of its certificates, with its slash; NULL: none are written */
    int64_t from, to;      /* samples from..to-1 */
    const bool *asked;     /* [to - from] which of them; NULL: all */
    size_t sample;         /* asked is a random sample of so many; 0: it is none */
    double confidence;     /* percent, of its limits */
    bool benchexec;        /* also write DIR/benchexec.xml */
    bool is_part;          /* of a campaign that others complete: tables are written when all of it is done */
    const char *dir, *rerun, *question; /* rerun: never, always, unknown, violated, error */
    const char *net_path, *images_path, *labels_path; /* as they were named */
    const nm_said *flags, *effort; /* names and values: what `question` says; limits, which a later run may change */
    int workers;
    double memory;         /* bytes a worker may address; 0: no limit */
    nm_around around;      /* all but image and label */
    const double **clean;  /* [to - from] outputs at the images, set by nm_check_campaign; entries or all may be NULL */
    nm_solve_opts solve;
} nm_campaign;
static inline bool nm_campaign_asks(const nm_campaign *c, int64_t i)
{
    return i >= c->from && i < c->to && (!c->asked || c->asked[i - c->from]);
}
static inline int64_t nm_campaign_count(const nm_campaign *c)
{
    return c->rows ? (int64_t)c->rows->n : c->images.count;
}
/* puts the summary into out, as text or JSON; gives the exit code: 0, NM_UNKNOWN when interrupted, or that of the first
 * error */
int nm_campaign_run(nm_job *job, const nm_campaign *c, nm_buf *out, bool json);

/* ---- check_proofs.c: a campaign's certificates -------------------------------------------------- */
/* Checks all that its records name; gives NM_OK, or NM_EAUDIT if one is rejected. */
int nm_campaign_proofs(nm_job *job, const nm_campaign *c, nm_buf *out, bool json, bool exact);

/* ---- sample.c: which of many samples ------------------------------------------------------------- */
/* Draws n of count, in proportion to their labels [count], or NULL; the same for the same seed. n: count at most. */
bool *nm_sample_draw(nm_job *job, size_t count, const double *label, size_t n, uint64_t seed);

/* ---- compare.c: campaigns side by side ----------------------------------------------------------- */
/* format: text, csv, md or latex; dir: where files go, or NULL */
typedef struct nm_compared { const char *format, *dir; bool json; } nm_compared;
/* Gives NM_OK, or NM_EAUDIT where two verdicts cannot both be true. */
int nm_campaigns_compare(nm_job *job, size_t n, const char *const *dirs, const nm_compared *how, nm_buf *out);

/* ---- report.c: one page of campaigns and comparisons of solvers --------------------------------- */
typedef struct nm_reported { /* a folder */
    const char *dir, *images; /* images, form: what pictures of a campaign are drawn from */
    const nm_imageform *form; /* NULL: none, and why says why */
    const char *why;
} nm_reported;
bool nm_campaign_is(nm_job *job, const char *dir); /* false: it is a comparison; refuses what is neither */
void nm_report_write(nm_job *job, size_t n, const nm_reported *folder, const char *path);

/* ---- campaign_file.c: a campaign's folder as it stands ------------------------------------------ */
typedef struct nm_campaign_file { /* campaign.json */
    const char *path, *question;
    const char *net, *images, *labels; /* files that are there now; labels: NULL where predictions are */
    const char *instances, *root; /* of a benchmark, which has none of those; or NULL */
    const char *folder;    /* that files named in flags are relative to, with its slash */
    const nm_said *flags, *effort;
} nm_campaign_file;
/* Returns the folders, and in place of one that is neither a campaign nor a comparison but has such folders in it, as
 * a run over several networks or sets leaves it, those. *m: how many. */
const char **nm_study_folders(nm_job *job, size_t n, const char *const *dir, size_t *m);
nm_campaign_file nm_campaign_read(nm_job *job, const char *dir);
/* the samples that all runs in the folder asked for: asked [*count], or NULL where there are none */
const bool *nm_campaign_asked(nm_job *job, const char *dir, int64_t *count);

/* ---- status.c: how far it is -------------------------------------------------------------------- */
void nm_campaign_status(nm_job *job, const char *dir, nm_buf *out, bool json);

/* ---- spread.c: samples in chunks, for others to start --------------------------------------- */
typedef struct nm_spread {
    bool slurm;
    const char *jobs_file, *sbatch; /* or NULL */
    size_t chunk, array_limit; /* 0: from a pilot; no limit */
} nm_spread;
void nm_campaign_spread(nm_job *job, const nm_campaign *c, const nm_spread *s, nm_buf *out);
typedef struct nm_models { /* of one question, that compile wrote */
    const nm_verdict *v;
    const char *out, *lead; /* as -o said it; the map or manifest that leads back */
    const nm_runner *runner;
    nm_run_opts options;
} nm_models;
void nm_models_spread(nm_job *job, const nm_models *m, const nm_spread *s); /* a solver's command for each */

/* ---- check_batch.c: are these images, labels and flags what they should be ---------------------- */
/* Reports what a campaign will read, warns of probable mistakes, refuses impossible labels; sets clean. */
void nm_check_campaign(nm_job *job, nm_campaign *c);

/* ---- suite_spec.c, suite.c: instances with known answers ---------------------------------------- */
typedef struct nm_formulation { const char *name, *encoding; bool fold, two_sided; } nm_formulation;
typedef struct nm_item {   /* as in the description; NULL: not given */
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
nm_formulation nm_formulation_read(nm_job *job, const char *text); /* NAME[:N][+unfolded][+two-sided] */
nm_suite *nm_suite_read(nm_job *job, const char *path);
void nm_suite_build(nm_job *job, const nm_suite *s, const char *dir); /* dir has its slash, or is "" */
void nm_suite_check(nm_job *job, nm_buf *out, const char *dir);

/* ---- instances.c: what solvers are compared on -------------------------------------------------- */
typedef struct nm_instance {
    const char *name, *status; /* easy, medium, hard, or "" */
    const nm_net *net;
    const nm_query *q;         /* clause iclause of case icase is the question */
    size_t icase, iclause;
    const nm_map *map;         /* of a model that exists, or NULL */
    const char *map_path;
    const char *answer;        /* known: holds or violated, or NULL */
    double best;               /* known and proven optimum, or NaN */
} nm_instance;
typedef struct nm_instances { size_t n, cap; nm_instance *a; } nm_instances;
/* Reads a map, a suite's folder, or a folder of maps. only: words of statuses or names, NULL: all. nets: also reads the
 * networks, so that questions can be written again. */
void nm_instances_read(nm_job *job, nm_instances *s, const char *path, const char *only, bool nets);
/* Adds an instance for each target of a question. */
void nm_instances_ask(nm_job *job, nm_instances *s, const nm_net *net, const nm_query *q, const char *name);

/* ---- bench.c: the same instances over solvers and formulations ---------------------------------- */
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
    const nm_formulation *form; /* [n_forms] encoding NULL: the existing model */
    const nm_bench_solver *solver;
    nm_bench_model *model; /* [n_models] made by nm_bench_run; an instance's formulations are neighbours */
    nm_levels bounds;      /* for models that are written again */
    double time_limit, shift;
    int workers;
    bool benchexec;        /* also write DIR/benchexec.*.xml */
    bool is_part;          /* runs from..to-1 alone, in their order; tables are made when all are there */
    size_t from, to;
} nm_bench;
/* Makes the runs, then calls `tables`, which may write into the folder; false: interrupted. */
bool nm_bench_run(nm_job *job, nm_bench *b, void (*tables)(nm_job *job, void *arg), void *arg);
size_t nm_bench_left(nm_job *job, const nm_bench *b); /* runs without a record */
/* Leaves the runs to others: command is the comparison's own, to be run in the folder that this process is in. */
void nm_bench_spread(nm_job *job, nm_bench *b, const nm_spread *s, const nm_said *flags, nm_buf *out);

/* ---- bench_tables.c: what the records say ------------------------------------------------------- */
/* Writes results.csv, summary.json, table.txt and plots; throws NM_EAUDIT if answers disagree. */
void nm_bench_tables(nm_job *job, nm_buf *out, const nm_bench *b, bool json);

#endif
