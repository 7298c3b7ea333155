/* records.h: a folder of records, made by processes. Private to study. */
#ifndef NM_STUDY_RECORDS_H
#define NM_STUDY_RECORDS_H

#include "study/study.h"

/* ---- records.c ---------------------------------------------------------------------------------- */
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
    void (*fail)(nm_job *job, void *arg, size_t k, const char *why); /* records that it could not be made */
    void *arg;
} nm_records;
void nm_records_open(nm_job *job, const nm_records *r); /* makes or checks the folder, locks it */
void nm_records_run(nm_job *job, const nm_records *r);  /* ends early when a stop was asked for */

/* ---- batch_tables.c ----------------------------------------------------------------------------- */
void nm_campaign_tables(nm_job *job, const nm_campaign *c);

#endif
