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
/* its network: the one that is given, or, when that is NULL, the one of its path, by the hash; its question learns the
 * order of the axes, which a map does not say */
const nm_net *nm_map_net(nm_job *job, const nm_net *net, nm_map *m, const char *map_path);
/* s: as the file says it, in the file's own units */
nm_verdict *nm_decode_sol(nm_job *job, const nm_net *net, const nm_map *m, const char *map_path, const nm_sol *s,
                          const char *sol_path);
/* the same of a model that stayed in memory, and a solution of this very model */
nm_verdict *nm_decode_kept(nm_job *job, const nm_net *net, const nm_map *m, const nm_sol *s);
/* path is a map, with one solution and perhaps its log, or a manifest, with solutions of its models in any order */
nm_verdict *nm_decode(nm_job *job, const nm_net *net, const char *path, size_t n, const char *const *sols,
                      const char *log, const nm_query **query);
/* the verdict of models that stayed in memory together; compiled: of the run that made them; sols [k->n]: NULL where a
 * model has no answer */
nm_verdict *nm_decode_all(nm_job *job, const nm_net *net, const nm_query *q, const nm_verdict *compiled,
                          const nm_kept *k, const nm_sol *const *sols);

/* ---- result.c: a verdict as the library hands it out --------------------------------------------- */
struct nm_result {
    int status;
    bool certified, has_distance;
    const char *by, *why, *solver, *json, *text;
    int64_t label, predicted;
    double seconds, value, bound, strict, claim;
    nm_replay at;          /* the point; x NULL: none */
    size_t n_generators, n_targets, n_files, cap_files;
    struct nm_end { double value, bound; const double *x; } least, most;
    struct nm_fate { const char *name, *by; int64_t label; int status; double bound; } *targets;
    const char **files;    /* [n_files] that were written */
};
/* A copy of the verdict, all in the job's memory; files go into dir (NULL: nowhere). seconds: that it took. */
nm_result *nm_result_new(nm_job *job, const nm_query *q, nm_verdict *v, const char *dir, bool compiled, double seconds);

/* ---- models that stay in memory ------------------------------------------------------------------ */
struct nm_mip {            /* a model as arrays */
    const nm_net *net;
    const nm_model *model;
    const nm_map *map;
    const char *target;
    const char **cols, **rows; /* names */
    double *col[3], *row[2]; /* lo, hi, cost [n_cols]; lo, hi [n_rows] */
    unsigned char *is_int, *on;
    size_t *start, *sos_start;
    int32_t *when;         /* [n_rows], or NULL */
    uint32_t *sos, *qi, *qj;
    int64_t *qrow;
    double *qc;
};
struct nm_mips {
    const nm_net *net;
    const nm_query *query;
    const nm_verdict *verdict; /* of the run that made them */
    nm_kept kept;
    nm_mip *m;             /* [kept.n] */
    nm_result *result;
};
struct nm_solution {
    nm_job *job;
    const nm_mip *mip;
    nm_sol sol;
};

/* ---- check_point.c: a solution held against its model's file ------------------------------------ */
typedef struct nm_pointcheck nm_pointcheck;
nm_pointcheck *nm_point_check(nm_job *job, const nm_map *m, const char *map_path, const nm_sol *s,
                              const char *sol_path);
void nm_point_text(nm_buf *b, const nm_pointcheck *p);
void nm_point_json(nm_buf *b, const nm_pointcheck *p); /* an object */

#endif
