/* benchmark.h: instances with known answers, and how they were answered. Private to study. */
#ifndef NM_STUDY_BENCHMARK_H
#define NM_STUDY_BENCHMARK_H

#include "study/records.h"
#include "study/results.h"

/* ---- benchmark.c ---------------------------------------------------------------------------------- */
const char *nm_result_word(int status);     /* sat, unsat, unknown */
double nm_benchmark_limit(const nm_campaign *c, int64_t i); /* seconds that row i may take; 0: any */
/* Keeps the known answers in DIR/expected.csv, of which tables are made; where none is known, leaves what is there. */
void nm_answers_keep(nm_job *job, const nm_benchmark *b, const char *dir);
nm_answers nm_answers_of(nm_job *job, const char *dir); /* those that are kept there */
/* NM_OK: there is no counterexample; NM_VIOLATED: there is; NM_UNKNOWN: it is not known */
int nm_answer_of(nm_job *job, const nm_answers *a, const char *net, const char *property);

/* ---- benchmark_tables.c --------------------------------------------------------------------------- */
nm_sheet nm_scores_sheet(const nm_results *r, const char *name, bool families); /* a row a family or a network */
nm_sheet nm_instances_sheet(const nm_results *r, const char *name);  /* a row an instance */
void nm_scores_json(nm_jo *j, const nm_results *r);
void nm_scores_text(nm_buf *b, const nm_results *r);
static inline bool nm_outcome_wrong(const nm_outcome *x) /* it contradicts the known answer */
{
    return (x->status == NM_VIOLATED && x->expected == NM_OK) || (x->status == NM_OK && x->expected == NM_VIOLATED);
}

#endif
