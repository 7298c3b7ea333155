/* results.h: a campaign's folder as numbers, and what several folders say together. Private to study. */
#ifndef NM_STUDY_RESULTS_H
#define NM_STUDY_RESULTS_H

#include "study/study.h"
#include "study/numbers.h"
#include "study/plot.h"
#include "study/records.h"
#include "study/sheet.h"

/* ---- results.c ---------------------------------------------------------------------------------- */
typedef struct nm_outcome {    /* a record; a number that it does not say is -1 or NaN, a text "" */
    int64_t sample, label, predicted, witness_class;
    const char *network, *property; /* of a benchmark's instance */
    int expected;          /* its known answer, or NM_UNKNOWN */
    bool timed_out;
    double limit;          /* seconds that an instance had; NaN: any */
    size_t n_layers;       /* 0: the record does not say them */
    const nm_layer *layer; /* [n_layers] block, units, unstable */
    int status;            /* of its verdict, or NM_TALLY_ERROR */
    bool partial;
    const char *verdict, *by, *why, *witness;
    double margin_lo, margin, distance, distance_lo, unstable, binaries, cpu, solver, wall;
} nm_outcome;
typedef struct nm_results {
    nm_job *job;
    const char *dir, *question, *program;
    bool is_benchmark;     /* then net is its folder, and both hashes are of its files */
    const char *net, *net_hash, *images_hash, *labels_hash; /* net: its path as it was named */
    const nm_said *flags, *effort;
    nm_totals totals;      /* covers and written are not set */
    size_t n;
    nm_outcome *row;           /* [n] samples rising */
} nm_results;
nm_results nm_results_read(nm_job *job, const char *dir); /* whoever works there now */
const char *nm_results_flag(const nm_results *r, const char *flag); /* its value, or NULL */
bool nm_results_alike(const nm_results *r, size_t n); /* their samples are images, or the same benchmark's instances */
size_t nm_results_judged(const nm_results *r);
size_t nm_results_sample(const nm_results *r, nm_limits *limits, double *confidence); /* of --sample; 0: it was none */
const char *nm_results_within(const nm_results *r); /* the input set in words */
const char *nm_results_net(const nm_results *r);    /* the network's file name */

/* ---- compare_numbers.c -------------------------------------------------------------------------- */
typedef struct nm_pair {   /* samples that both have whole records of, errors left aside */
    size_t n, changed, only_first, only_second, contradictions; /* only: decided by that one */
    double median[2], mean[2]; /* wall, CPU: median ratio of the second to the first; ratio of shifted means */
} nm_pair;
nm_pair nm_results_pair(const nm_results *a, const nm_results *b);
const nm_outcome *nm_results_find(const nm_results *r, int64_t sample); /* NULL: there is none */
/* within: a counterexample of the one campaign is one of the other; margin, distance: both ask for the same value */
typedef struct nm_related { bool first_within, second_within, margin, distance; } nm_related;
nm_related nm_results_related(const nm_results *a, const nm_results *b);
bool nm_outcomes_contradict(nm_related how, const nm_outcome *a, const nm_outcome *b); /* they cannot both be true */

/* ---- compare_tables.c --------------------------------------------------------------------------- */
nm_sheet nm_campaigns_sheet(nm_job *job, const nm_results *r, size_t n); /* a row a campaign */
nm_sheet nm_differences_sheet(nm_job *job, const nm_results *r, size_t n); /* what differs between the campaigns */
nm_sheet nm_pairs_sheet(nm_job *job, const nm_results *r, size_t n);     /* each against the first */
nm_sheet nm_changes_sheet(nm_job *job, const nm_results *r, size_t n);   /* samples whose verdicts differ */
nm_plot nm_times_plot(nm_job *job, const nm_results *r, size_t n, bool inside);

#endif
