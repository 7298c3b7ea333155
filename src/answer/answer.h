/* answer.h, the door of answer: turns verdicts into words, JSON and pictures, and a solver's file into a verdict. It
 * must never change a verdict: whatever it reads from a solver goes through the judge. */
#ifndef NM_ANSWER_H
#define NM_ANSWER_H

#include "search/search.h"

/* ---- facts.c: a verdict as data ----------------------------------------------------------------- */
typedef enum {
    NM_FACT_TEXT, NM_FACT_NUMBER, NM_FACT_COUNT, NM_FACT_FLAG, NM_FACT_SECONDS, NM_FACT_GROUP, NM_FACT_LIST
} nm_fact_kind;
typedef struct nm_fact {
    const char *key;       /* its key in JSON; NULL: an element of a list, or the top level */
    nm_fact_kind kind;
    bool in_json;
    const char *caption;   /* words with %s, %g or %lld for the value, by kind; or things: "rows"; NULL: none */
    union {
        const char *text;
        double number;     /* also seconds; finite if it is a number in JSON */
        int64_t count;
        bool flag;
        struct nm_fact *first; /* of a group or a list */
    };
    struct nm_fact *next;
} nm_fact;
typedef struct nm_files {  /* of the witness; NULL: not written */
    const char *witness, *image, *picture, *generators;
    bool is_kernel;        /* generators are those of a blur */
} nm_files;
/* Returns the facts of a verdict; compiled: models were written instead of an answer. */
const nm_fact *nm_facts_of(nm_job *job, const nm_query *q, const nm_verdict *v, const nm_files *f, bool compiled);
const nm_fact *nm_fact_find(const nm_fact *group, const char *path); /* GROUP.KEY; NULL: there is none */

/* ---- describe_json.c: files of netmip's own ------------------------------------------------------ */
/* Describes a manifest, or says what else f is; false: neither. as_json: refuses, as it is JSON. */
bool nm_describe_json(nm_buf *out, nm_file f, bool as_json);

/* ---- report.c: facts as JSON and as text -------------------------------------------------------- */
typedef struct nm_pointcheck nm_pointcheck;
void nm_report_json(nm_buf *b, const nm_fact *facts, const nm_pointcheck *check); /* check: of decode, or NULL */
void nm_report_text(nm_buf *b, const nm_fact *facts, const nm_query *q, const nm_replay *witness);

/* ---- witness_files.c: the files of an answer ---------------------------------------------------- */
/* Writes the witness and its pictures into dir; returns their names. dir or r NULL: nothing is written. */
nm_files nm_witness_files(nm_job *job, const char *dir, const nm_query *q, const nm_replay *r);
/* Writes the inputs at which the ends are attained into dir (NULL: nowhere), and notes the files' names in v. */
void nm_range_files(nm_job *job, const char *dir, const nm_query *q, nm_verdict *v);
/* Says which files in dir have such names but are not of this answer. They may be the caller's own, so they stay. */
void nm_files_older(nm_job *job, const char *dir, const nm_files *f, const nm_verdict *v);

/* ---- decode.c, combine.c: from a map and a solution to a verdict -------------------------------- */
#define NM_ROW_TOL 1e-5      /* largest relative row violation of a solver's point that an audit accepts */
/* Returns a network that a map names; if it is not where the map says, looks in the map's folder and those above it.
 * hash: prefers the network that has it; NULL: the first one. f: the flags to read it by. */
const nm_net *nm_net_of_map(nm_job *job, const char *path, const char *hash, const nm_front *f, const char *map_path);
/* Returns the map's network: the given one or, if net is NULL, the one at its path; its hash must fit. The question
 * gets the order of axes from it, which a map does not record. */
const nm_net *nm_map_net(nm_job *job, const nm_net *net, nm_map *m, const char *map_path);
/* Decodes s, which is as in the file, in the file's own units. */
nm_verdict *nm_decode_sol(nm_job *job, const nm_net *net, const nm_map *m, const char *map_path, const nm_sol *s,
                          const char *sol_path);
/* Does so for a model in memory, and a solution that is known to be of this model. */
nm_verdict *nm_decode_kept(nm_job *job, const nm_net *net, const nm_map *m, const nm_sol *s);
/* Decodes files: path is a map, with one solution and perhaps its log, or a manifest, with solutions in any order. */
nm_verdict *nm_decode(nm_job *job, const nm_net *net, const char *path, size_t n, const char *const *sols,
                      const char *log, const nm_query **query);
/* Returns the verdict for models in memory together; compiled: the verdict of the run that made them; sols [k->n]: NULL
 * for a model without an answer. */
nm_verdict *nm_decode_all(nm_job *job, const nm_net *net, const nm_query *q, const nm_verdict *compiled,
                          const nm_kept *k, const nm_sol *const *sols);

/* ---- decode_embedding.c: a solution of a model with a network in it ------------------------------ */
typedef struct nm_embedpoint {
    int status;            /* NM_OK; NM_UNKNOWN: the file has no point; NM_EAUDIT: an output is off, as `wrong` says */
    size_t n;
    const double *x;       /* [n] the network's inputs, or NULL */
    const char *solver, *wrong;
} nm_embedpoint;
/* Replays the inputs of a solution and prints how far its outputs are off, as text and as JSON (NULL: not). net: NULL
 * for the map's own. */
nm_embedpoint nm_embedding_decode(nm_job *job, const nm_net *net, const char *map_path, const char *sol_path,
                                  const char *log, nm_buf *text, nm_buf *json);

/* ---- result.c: a verdict as the library returns it ------------------------------------------------ */
struct nm_result {
    int status;
    bool certified, has_distance;
    const char *by, *why, *solver, *json, *text;
    int64_t label, predicted;
    double seconds, value, bound, strict, claim;
    nm_replay at;          /* the point; x NULL: none */
    size_t n_in, n_generators, n_targets, n_files, cap_files;
    struct nm_end { double value, bound; const double *x; } least, most;
    struct nm_fate { const char *name, *by; int64_t label; int status; double bound; } *targets;
    const char **files;    /* [n_files] that were written */
};
/* Returns a copy of the verdict in the job's memory; writes files into dir (NULL: nowhere). seconds: time it took. */
nm_result *nm_result_new(nm_job *job, const nm_query *q, nm_verdict *v, const char *dir, bool compiled, double seconds);

nm_result *nm_result_embedded(nm_job *job, const nm_embedpoint *p, const char *text, const char *json, double seconds);

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
    const nm_verdict *verdict; /* verdict of the run that made them */
    nm_kept kept;
    nm_mip *m;             /* [kept.n] */
    nm_result *result;
};
struct nm_solution {
    nm_job *job;
    const nm_mip *mip;
    nm_sol sol;
};

/* ---- check_point.c: a solution checked against its model's file ---------------------------------- */
nm_pointcheck *nm_point_check(nm_job *job, const nm_map *m, const char *map_path, const nm_sol *s,
                              const char *sol_path);
void nm_point_text(nm_buf *b, const nm_pointcheck *p);
void nm_point_json(nm_jo *j, const char *key, const nm_pointcheck *p); /* an object */

#endif
