/* answer.h, the door of answer: verdicts in words, JSON and pictures, and the way back from a solver's file to a
 * verdict. It must never change a verdict: what it reads of a solver goes through the judge. */
#ifndef NM_ANSWER_H
#define NM_ANSWER_H

#include "search/search.h"

/* ---- report.c: a verdict, for a reader or as JSON; the files of its witness --------------------- */
typedef struct nm_files { /* NULL: not written */
    const char *witness, *image, *picture, *generators;
    bool is_kernel;
} nm_files;
nm_files nm_report_files(nm_job *job, const char *dir, const nm_query *q, const nm_replay *r);
void nm_report_json(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f, bool compiled);
void nm_report_text(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f, bool compiled);

/* ---- report_range.c: the two ends of a measured value -------------------------------------------- */
void nm_range_json(nm_buf *b, const nm_query *q, const nm_verdict *v); /* a member "range" */
void nm_range_text(nm_buf *b, const nm_query *q, const nm_verdict *v);
/* Writes the inputs that attain the ends into dir (NULL: nowhere), and notes their names in v. */
void nm_range_files(nm_job *job, const char *dir, const nm_query *q, nm_verdict *v);

/* ---- decode.c, combine.c: a map and a solution become a verdict --------------------------------- */
#define NM_ROW_TOL 1e-5      /* relative row violation of a solver's point before the audit fails */
/* a network that a map names, beside the map if it is not where the map says; f: what stands before it */
const nm_net *nm_net_of_map(nm_job *job, const char *path, const nm_front *f, const char *map_path);
/* its network, by the hash; its question learns the order of the axes, which a map does not say */
const nm_net *nm_map_net(nm_job *job, nm_map *m, const char *map_path);
/* s: as the file says it, in the file's own units */
nm_verdict *nm_decode_sol(nm_job *job, const nm_map *m, const char *map_path, const nm_sol *s, const char *sol_path);
/* path is a map, with one solution and perhaps its log, or a manifest, with solutions of its models in any order */
nm_verdict *nm_decode(nm_job *job, const char *path, size_t n, const char *const *sols, const char *log,
                      const nm_query **query);

/* ---- decode_embedding.c: a solution of a model with a network in it ------------------------------ */
/* Replays its inputs and puts how far its outputs are off. Returns NM_OK, NM_UNKNOWN where the file has no point, or
 * NM_EAUDIT where an output is off by more than tolerances explain. */
int nm_embedding_decode(nm_job *job, nm_buf *out, const char *map_path, const char *sol_path, const char *log, bool json);

/* ---- check_point.c: a solution held against its model's file ------------------------------------ */
typedef struct nm_pointcheck nm_pointcheck;
nm_pointcheck *nm_point_check(nm_job *job, const nm_map *m, const char *map_path, const nm_sol *s,
                              const char *sol_path);
void nm_point_text(nm_buf *b, const nm_pointcheck *p);
void nm_point_json(nm_buf *b, const nm_pointcheck *p); /* an object */

#endif
