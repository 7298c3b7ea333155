/* records.h: a folder of records made by several processes. Private to study. */
#ifndef NM_STUDY_RECORDS_H
#define NM_STUDY_RECORDS_H

#include "study/study.h"

/* ---- records.c ---------------------------------------------------------------------------------- */
typedef struct nm_said { const char *key, *value; } nm_said;
typedef struct nm_records {
    const char *dir, *file, *kind; /* dir/file records what was asked; kind: a word for that */
    size_t n_said;
    const nm_said *said;           /* [n_said] what a later run in this folder must repeat */
    const char *const *folders, *const *files; /* in dir; lists end with NULL */
    int workers;
    double memory;                 /* bytes a worker may address; 0: no limit */
    size_t n;                      /* items */
    int (*make)(nm_job *job, void *arg, size_t k); /* makes and writes record k; returns the status of its verdict */
    /* records that item k could not be made, with the code of the error */
    void (*fail)(nm_job *job, void *arg, size_t k, int code, const char *why);
    /* [n] numbers by which runs that share the folder claim items; NULL: only one run at a time may work there */
    const int64_t *number;
    bool (*settled)(nm_job *job, void *arg, size_t k); /* true: another run has made record k since this one began */
    void *arg;
} nm_records;
void nm_records_open(nm_job *job, const nm_records *r); /* makes or checks the folder, locks it */
void nm_records_run(nm_job *job, const nm_records *r);  /* ends early if a stop is requested */
/* Calls body while no other run in this folder is inside such a call. */
void nm_records_alone(nm_job *job, const nm_records *r, void (*body)(nm_job *job, void *arg), void *arg);

/* ---- batch_tables.c ----------------------------------------------------------------------------- */
typedef struct nm_totals { /* of a folder's records */
    size_t samples, misclassified, violated, holds, unknown, errors, partial; /* partial: unknown because cut short */
    size_t left;           /* samples of the range asked for without a complete record */
    int error;             /* code of the first error, or 0 */
    double cpu;
    const char *covers;    /* the samples, A:B,C:D.. */
} nm_totals;
bool nm_record_partial(const nm_json *record); /* it was cut short by an interrupt */
/* Writes results.csv and summary.json, and puts the latter into json as well. */
nm_totals nm_campaign_tables(nm_job *job, const nm_campaign *c, nm_buf *json);
void nm_campaign_text(nm_buf *b, const nm_campaign *c, const nm_totals *t); /* the summary as text */

#endif
