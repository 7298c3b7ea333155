/* report.h: the sections of a report. Private to study. */
#ifndef NM_STUDY_REPORT_H
#define NM_STUDY_REPORT_H

#include "study/html.h"
#include "study/results.h"

/* ---- report_tables.c: tables of one campaign; id: their names end in it --------------------------- */
nm_sheet nm_classes_sheet(const nm_results *r, size_t id);   /* a row a label */
nm_sheet nm_stages_sheet(const nm_results *r, size_t id);    /* what each stage settled, and what that cost */
nm_sheet nm_unstable_sheet(const nm_results *r, size_t id);  /* units and binaries that were open, by verdict */
nm_sheet nm_layers_sheet(const nm_results *r, size_t id);    /* the same by layer, of a benchmark by network as well */
nm_sheet nm_hardest_sheet(const nm_results *r, size_t id, size_t most);
nm_sheet nm_samples_sheet(const nm_results *r, size_t id);
nm_sheet nm_flags_sheet(const nm_results *r, size_t id);     /* what was asked */

/* ---- report_plots.c ----------------------------------------------------------------------------- */
nm_plot nm_cactus_plot(nm_job *job, const nm_results *r, size_t n); /* samples decided, a curve a campaign */
nm_plot nm_spent_plot(nm_job *job, const nm_results *r, size_t n);  /* the share of samples done within a time */
nm_plot nm_effort_plot(const nm_results *r);                 /* seconds over open units, by verdict */

/* ---- report_gallery.c --------------------------------------------------------------------------- */
/* Shows witnesses until `budget` bytes are spent, says how many it leaves out; gives what is left of the budget. */
size_t nm_put_gallery(nm_buf *b, const nm_results *r, const nm_reported *from, size_t budget);

/* ---- report_campaign.c -------------------------------------------------------------------------- */
const char *nm_headline(const nm_results *r); /* the outcome in plain words */
typedef struct nm_room { size_t rows, bytes; } nm_room; /* left on the page: rows of samples, bytes of pictures */
void nm_put_campaign(nm_buf *b, const nm_results *r, const nm_reported *from, size_t id, nm_room *room);

/* ---- report_bench.c ----------------------------------------------------------------------------- */
void nm_put_bench(nm_buf *b, const char *dir, const char *page, size_t id); /* page: where links start from */

#endif
