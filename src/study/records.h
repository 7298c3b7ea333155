/* records.h: a folder of records made by several processes. Private to study. */
#ifndef NM_STUDY_RECORDS_H
#define NM_STUDY_RECORDS_H

#include "study/study.h"
#include "study/numbers.h"

/* ---- claims.c: who works on what ---------------------------------------------------------------- */
typedef struct nm_presence nm_presence; /* of this process, in a folder */
typedef struct nm_working { const char *record; double seconds; } nm_working; /* in somebody's hands, for so long */
nm_presence *nm_presence_enter(nm_job *job, const char *dir); /* until the job ends or throws */
/* Renews the sign of life and looks at the others, when it is time: to be called often. */
void nm_presence_tick(nm_job *job, nm_presence *p, const nm_working *now, size_t n);
/* Looks at the others now; returns how many are alive, and one of them. */
size_t nm_presence_others(nm_job *job, nm_presence *p, const char **one);
/* Whether the process that a worker's file tells of ran on this machine, and has ended. */
bool nm_presence_gone(nm_job *job, const nm_json *worker, const char *where);
/* Claims a record, which is called by its path without an ending; returns the claim's number, or -1: another process
 * holds it. *vague: 0 at first, kept from call to call. */
int nm_claim_take(nm_job *job, const nm_presence *p, const char *stem, double *vague);
bool nm_claim_kept(nm_job *job, const nm_presence *p, const char *stem, int k); /* nobody took it over meanwhile */
void nm_claim_drop(nm_job *job, const char *stem, int k);

/* ---- progress.c --------------------------------------------------------------------------------- */
typedef struct nm_tally { size_t all, done, holds, violated, unknown, errors; } nm_tally;
enum { NM_TALLY_ERROR = 1 }; /* beside the statuses of verdicts */
void nm_tally_add(nm_tally *t, int status); /* of a record that is done */
/* One line: counts, rate, what is left. Those of `before` were done when the `seconds` began; slowest: or NULL. */
const char *nm_tally_text(nm_job *job, const nm_tally *t, size_t before, double seconds, const nm_working *slowest);
const char *nm_duration(nm_job *job, double seconds); /* 0.2 s, 35 s, 12 min, 3.5 h, 2.1 d */

/* ---- records.c: the folder ---------------------------------------------------------------------- */
typedef struct nm_records {
    const char *dir, *file, *kind; /* dir/file says what was asked; kind: a word for it */
    int version;                   /* of that file */
    size_t n_said;
    const nm_said *said;           /* [n_said] what a later run in this folder must say as well */
    const nm_said *more;           /* further members, as JSON, that may differ; ended by a NULL key; or NULL */
    const char *const *folders, *const *files; /* in dir, ended by NULL */
    int workers;
    double memory;                 /* bytes a worker may address; 0: no limit */
    size_t n;                      /* items */
    nm_tally before;               /* of what is done already; all: with these */
    /* the path of record k, without its ending .json */
    const char *(*stem)(nm_job *job, void *arg, size_t k);
    /* makes record k, as text; "" where there is none to be kept; gives its verdict's status */
    int (*make)(nm_job *job, void *arg, size_t k, nm_buf *record);
    /* the record that says that it could not be made, and the code of the error */
    void (*fail)(nm_job *job, void *arg, size_t k, int code, const char *why, nm_buf *record);
    /* the status of record k where another run has made it since this one began, NM_TALLY_ERROR of an error; else -1 */
    int (*settled)(nm_job *job, void *arg, size_t k);
    void *arg;
    nm_presence *here;             /* set by nm_records_open */
} nm_records;
void nm_records_open(nm_job *job, nm_records *r); /* makes or checks the folder, enters it */
/* Calls body, which writes the folder's tables, and again while others made records meanwhile. */
void nm_records_tables(nm_job *job, const nm_records *r, void (*body)(nm_job *job, void *arg), void *arg);
/* Returns a record, or NULL if there is none. One that cannot be read counts as not made, too, after a warning. */
const nm_json *nm_record_read(nm_job *job, const char *path);
void nm_records_close(nm_job *job, const nm_records *r); /* leaves the folder, and takes nobody's remains along */

/* ---- crew.c: the processes of one run ----------------------------------------------------------- */
void nm_records_run(nm_job *job, const nm_records *r); /* ends early when a stop was asked for */

/* ---- campaign_file.c ---------------------------------------------------------------------------- */
#define NM_CAMPAIGN_FILE "campaign.json"
enum { NM_CAMPAIGN_VERSION = 2 };
/* the members of campaign.json beside those that make two campaigns the same; ended by a NULL key */
const nm_said *nm_campaign_more(nm_job *job, const nm_campaign *c);
/* campaign.json, checked for what it is; its path in *path */
const nm_json *nm_campaign_json(nm_job *job, const char *dir, const char **path);
const nm_said *nm_campaign_flags(nm_job *job, const nm_json *j, const char *key, const char *path); /* copied */
const char *nm_path_hash(nm_job *job, const char *path);     /* SHA-256 of the file, unpacked */
const char *nm_path_absolute(nm_job *job, const char *path); /* the file must be there */
void nm_campaign_ask(nm_job *job, const nm_campaign *c); /* notes in the folder which samples are asked for */

/* ---- batch_sample.c, batch_instance.c: the record of a sample; gives its verdict's status ------- */
const char *nm_record_path(nm_job *job, const nm_campaign *c, int64_t sample);
bool nm_record_whole(nm_job *job, const nm_campaign *c, int64_t sample); /* there is one that was not cut short */
nm_jo nm_record_start(nm_buf *b, const nm_campaign *c, int64_t sample);
void nm_record_end(nm_jo *j, const nm_verdict *v, double cpu, double wall);
typedef struct nm_shared { const nm_program *p; } nm_shared; /* of one network; NULL: not yet */
nm_query *nm_sample_query(nm_job *job, const nm_campaign *c, int64_t sample);
int nm_sample_solve(nm_job *job, const nm_campaign *c, const nm_shared *of, int64_t sample, nm_buf *record);
typedef struct nm_proved { const char *proof, *unproved; } nm_proved; /* its file, or why there is none */
/* Writes a sample's certificate if it is answered and certificates are asked for; status: of the answer. */
nm_proved nm_sample_prove(nm_job *job, const nm_campaign *c, int64_t sample, const nm_record *r, const nm_net *net,
                          const nm_query *q, const nm_verdict *v, int status);
int nm_instance_solve(nm_job *job, const nm_campaign *c, int64_t row, nm_buf *record);

/* ---- batch.c ------------------------------------------------------------------------------------ */
typedef struct nm_todo {   /* what is left of a campaign, after some samples were made to see how long they take */
    size_t n, made;
    const int64_t *sample; /* [n] */
    double seconds, bytes; /* mean wall clock of those that were made; the most memory a process took */
} nm_todo;
/* Makes or enters the folder, makes up to `pilot` samples, evenly spread, and says what is left. */
nm_todo nm_campaign_pilot(nm_job *job, const nm_campaign *c, size_t pilot);

/* ---- slurm.c ------------------------------------------------------------------------------------ */
typedef struct nm_slurm_job {  /* an array job */
    const char *folder, *name; /* folder: from the root, of script and logs */
    size_t n;
    int cpus;
    double seconds, megabytes; /* that a task requests; 0: nothing is */
    const char *cwd;       /* a word of the shell: where the command runs; or NULL */
    const char *tasks, *command; /* words of the shell, a blank before each; the command that gets one of them */
} nm_slurm_job;
const char *nm_slurm_run(nm_job *job, const nm_spread *s, const nm_slurm_job *a); /* submits it; returns its number */
/* Runs a program until it ends; returns its status, 127 where there is none; what it wrote goes to out and err. */
int nm_command_run(nm_job *job, char *const *argv, nm_buf *out, nm_buf *err);

/* ---- totals.c ----------------------------------------------------------------------------------- */
typedef struct nm_totals { /* of a folder's records */
    size_t samples, misclassified, violated, holds, unknown, errors, partial; /* partial: unknown because cut short */
    size_t left;           /* samples of the range asked for without a complete record */
    size_t known, wrong;   /* of a benchmark: with a known answer; in contradiction to it */
    int error;             /* code of the first error, or 0 */
    double cpu;
    const char *covers;    /* the samples, A:B,C:D.. */
    bool written;          /* the tables are */
} nm_totals;
bool nm_record_partial(const nm_json *record); /* it was cut short by an interrupt */
void nm_totals_add(nm_job *job, nm_totals *t, const nm_json *record); /* counts, errors, seconds */
/* Of a random sample of `drawn`: limits of the adversarial error. What is not decided counts as either. */
nm_limits nm_totals_limits(const nm_totals *t, size_t drawn, double confidence);
/* ---- batch_tables.c ----------------------------------------------------------------------------- */
/* Writes results.csv and summary.json, whose text json becomes; of a part of a campaign only sums up. */
nm_totals nm_campaign_tables(nm_job *job, const nm_campaign *c, nm_presence *here, nm_buf *json);
void nm_campaign_text(nm_buf *b, const nm_campaign *c, const nm_totals *t); /* the summary for a reader */

#endif
