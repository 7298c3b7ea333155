/* benchexec.h: results in BenchExec's format. Private to study. */
#ifndef NM_STUDY_BENCHEXEC_H
#define NM_STUDY_BENCHEXEC_H

#include "study/bench.h"
#include "study/results.h"
#include "study/study.h"

/* ---- benchexec.c -------------------------------------------------------------------------------- */
typedef struct nm_xml_run {
    const char *name, *files, *log; /* files, log: NULL for none; log is relative to the result's file */
    int status, expected;  /* NM_OK, NM_VIOLATED, NM_UNKNOWN */
    bool timed_out, failed;
    double cpu, wall;      /* NaN: not known */
    const char *const *value; /* of the result's own columns, as many as there are titles; "" for none */
} nm_xml_run;
typedef struct nm_xml_result { /* of one configuration of a tool; texts that are NULL are left out */
    const char *benchmark, *name, *tool, *version, *options;
    const char *first;     /* a file that the first run wrote as it began */
    const char *const *title; /* of own columns, ended by NULL; or NULL */
    double seconds, bytes; /* limits of a run; 0: none */
    size_t n;
    const nm_xml_run *run;
} nm_xml_result;
void nm_xml_write(nm_job *job, const nm_xml_result *r, const char *path);

/* ---- benchexec_runs.c --------------------------------------------------------------------------- */


void nm_campaign_benchexec(nm_job *job, const nm_campaign *c, const nm_results *r); /* DIR/benchexec.xml */
void nm_bench_benchexec(const nm_bench_stats *t); /* DIR/benchexec.SOLVER.FORMULATION.xml of each configuration */

#endif
