/* search.h, the door of search: answers a question, stage by stage: attack, bounds, branching, models. It says `holds`
 * only by a certified bound, and `violated` only by a point that the judge accepts; it must never print. */
#ifndef NM_SEARCH_H
#define NM_SEARCH_H

#include "encoding/encoding.h"
#include "judge/judge.h"

/* ---- stages.def, pipeline.c: what is tried, in which order --------------------------------------- */
typedef struct nm_stage_row { const char *name, *option, *closes, *cost, *what; } nm_stage_row;
const nm_stage_row *nm_stage_list(size_t *n); /* for people; option: the flag that skips it, or NULL */

/* ---- solve.c: a question answered --------------------------------------------------------------- */
#define NM_TIE_TOL 1e-8       /* margin up to which a point on the boundary counts as a tie, only for closest */
#define NM_MIP_NODES 60       /* nodes for a unit's bound, on each side */
typedef struct nm_stage_opts { /* stages to run; see stages.def */
    bool evaluate, attack, split, units, branch, solve;
} nm_stage_opts;
typedef struct nm_program_opts { /* solvers as programs of their own */
    const nm_runner *solver, *confirm; /* NULL: the embedded solver; no second one */
    const char *keep;      /* folder of their files */
    size_t memory;         /* megabytes that they may use; 0: no limit */
} nm_program_opts;
typedef struct nm_form_opts { /* how a target becomes a model */
    const char *encoding;  /* as nm_encoding_find reads it; NULL: bigm */
    bool fold, two_sided;  /* two_sided: binaries also for units that need none */
    bool own_guard;        /* use only the question's guard: do not relax files for tolerances (guard.c) */
} nm_form_opts;
typedef struct nm_kept {   /* models of open targets that are kept in memory: [n] */
    size_t n, cap;
    struct nm_keptmodel { size_t target; const nm_model *model; const nm_map *map; } *m;
} nm_kept;
typedef struct nm_files_opts { /* compile: what is written, and where */
    const char *out;       /* the model's name, or NULL */
    nm_buf *print;         /* print models here as text instead, or NULL */
    nm_kept *keep;         /* keep models in memory, as files would have them, or NULL */
    const nm_dialect *dialect; /* NULL: generic */
    bool fixed, cuts, comments; /* as nm_write_opts has them */
    bool priorities, options_file, always_write; /* write these, too; always_write: models of closed targets */
    const char *start;     /* attack, image or a file; or NULL */
    const char *said;      /* the model's name in its map; NULL: as it was written */
    const char *options, *version; /* the command line, and the program's version, for the map */
} nm_files_opts;
/* ---- record.c: how targets were closed, for a certificate ---------------------------------------- */
typedef struct nm_record { /* filled while a question is solved; see netmip-proof(5) */
    const char *unable;    /* why this question cannot have a certificate, or NULL */
    size_t n;
    const char **steps;    /* [n] what closes a target, or NULL: nothing that was recorded */
    size_t *after;         /* [n] how many bytes of the case's `units` come before them */
    nm_buf *units;         /* [n_cases] steps that bound units */
    const char **begun;    /* [n] the steps up to a target's own bounds, from which branching goes on; or NULL */
} nm_record;
typedef struct nm_verdict nm_verdict;
/* Writes the certificate of a verdict, which the checker has not seen; returns NULL, or what is unproved. */
const char *nm_record_write(nm_job *job, const char *path, const nm_record *r, const nm_net *net, const nm_query *q,
                     const nm_verdict *v);

typedef struct nm_solve_opts {
    nm_levels bounds;      /* from NM_BY_ALPHA on, open targets get conditioned tightening */
    nm_known *known;       /* assumed bounds, or NULL: what depends on them is not certified */
    size_t threads;        /* processes that bound units and solve cubes */
    size_t depth;          /* of cubes; 0: one model for each target */
    size_t nodes, boxes;   /* limits of branching and splitting, for a target or case; 0: default */
    double time_limit;     /* seconds of wall clock for the whole query */
    uint64_t seed;
    nm_record *record;     /* what closes targets is recorded here for a certificate; or NULL */
    bool float32;          /* the question is about float32 in every order of summation: see deployed.c */
    const nm_program *program; /* the net's program, for this arithmetic, if it was lowered before; or NULL */
    nm_stage_opts stages;
    nm_program_opts programs;
    nm_form_opts form;
    nm_files_opts files;
} nm_solve_opts;
typedef struct nm_cube nm_cube; /* state.h: an open branch */
/* what settled a target, in the order of the pipeline: replay of the question's own image; a certified bound; replay of
 * a point that the attack or branching found; the tree over a model's binaries; a solver's point, or its word in a
 * decoded file */
typedef enum nm_settled {
    NM_NOT_SETTLED, NM_BY_EVALUATION, NM_BY_BOUNDS, NM_BY_ATTACK, NM_BY_TREE, NM_BY_SOLVER
} nm_settled;
const char *nm_settled_name(nm_settled by); /* NULL: nothing settled it */
typedef struct nm_target {
    size_t icase, iclause;
    int64_t label;
    const char *name;
    int status;            /* NM_OK holds, NM_VIOLATED, NM_UNKNOWN */
    nm_settled by;
    size_t nodes;          /* nodes of the tree over its model */
    double margin_lo;      /* proven lower bound of the row that excludes it best, minus its rhs */
    const nm_bounds *tight; /* bounds that hold only for counterexamples to it, or NULL */
    const char *file, *mark; /* model written for it, and its mark */
    const nm_cube *cube;   /* the open cubes, if there are cubes */
    size_t n_cubes;
    const char **cube_file, **cube_mark;
    size_t rows, cols, nz, bins;
    double objective, bound;
    const nm_replay *best; /* for NM_RANGE: where the objective is attained */
} nm_target;
typedef struct nm_range {  /* an end of what is measured: certified bound; value attained by the replay `at`, or NULL */
    double bound, value;
    const nm_replay *at;
    const char *file, *target; /* file of its input; target that attains it */
} nm_range;
typedef struct nm_layer { int block; size_t units, inactive, active, unstable; } nm_layer;
typedef struct nm_cpu_seconds { double read, bounds, attack, encode, write, solver; } nm_cpu_seconds; /* seconds */
typedef struct nm_optimum { /* the answer to a question for a worst or a nearest value */
    bool has;
    double value, bound;   /* attained; proven */
    const char *why;       /* worst: why value and bound do not meet, or NULL */
    double tie;            /* closest: 0, or if the value is a tie's (NM_TIE_TOL), that of the nearest strict one */
} nm_optimum;
/* for NM_RANGE; a bound of NaN: not asked for */
typedef struct nm_both_ends { bool has; nm_range least, most; } nm_both_ends;
typedef struct nm_solver_word {   /* for decoded files: a solver's word, and what covers it */
    const char *solver;    /* whose word it is, or NULL */
    double guard;          /* the guard that covers it */
    nm_tolerance tolerance; /* and the tolerances that it covers */
    bool has_claim;
    double claim;          /* a bound that the file or log claims */
} nm_solver_word;
struct nm_verdict { /* filled by search and decode, read by facts.c */
    int status;            /* NM_OK holds, NM_VIOLATED, NM_UNKNOWN */
    bool float32;          /* it is about float32 */
    nm_settled by;
    bool certified;        /* for holds and proven values: nothing depends on a solver's word */
    const char *assumed;   /* the file of assumed bounds that it depends on; or NULL */
    const char *why;       /* why it is unknown */
    const nm_replay *witness;
    const char *finder;    /* solve: the program that looks for points of models, "" for the embedded CBC; else NULL */
    size_t n_targets, n_layers;
    nm_target *targets;
    nm_layer *layers;
    nm_optimum optimum;
    nm_both_ends range;
    nm_solver_word word;
    nm_cpu_seconds cpu;
};
nm_verdict *nm_solve_query(nm_job *job, const nm_net *net, const nm_query *q, const nm_solve_opts *o);
/* Removes what an earlier question left under that name: a model, its map, a manifest; returns true if there was any.
 * Where this question leaves no model, theirs would be taken for its own. */
bool nm_models_clear(nm_job *job, const char *out);

/* ---- range.c: the two ends of a measured value -------------------------------------------------- */
void nm_range_conclude(const nm_query *q, nm_verdict *v); /* sets them from the targets */

/* ---- nearest_points.c: points near the image ---------------------------------------------------- */
typedef struct nm_walk nm_walk; /* state.h */
typedef struct nm_near {   /* the search for points near the image */
    nm_job *job;
    const nm_net *net;
    const nm_query *q;
    nm_walk **walk;        /* [n_cases] over the case's rows, from its generators if it has them */
    const nm_case **over;  /* [n_cases] the case whose box, of inputs or generators, the walk starts in */
    const uint32_t **row;  /* [n_cases][n_clauses] first row of a clause */
    double value, tie_value; /* distances, rounded up; INFINITY: none yet */
    nm_replay best, tie;   /* best: a counterexample; tie: a point that float64 cannot tell from the boundary */
    double *x[2], *g[2];   /* x [n_in], g [most generators of a case] of best and tie */
    double slack;          /* by how much its model was relaxed: points may miss by that much more */
} nm_near;
/* Opens the search; points are inputs, or generators if the case has them. */
nm_near *nm_near_new(nm_job *job, const nm_net *net, const nm_query *q, const nm_program *p);
bool nm_near_take(nm_near *n, size_t icase, int64_t iclause, const double *x); /* judges x; true: a counterexample */
/* Walks from `start` to the nearest counterexample in its neighbourhood; true: a nearer one was found. */
bool nm_near_from(nm_near *n, size_t icase, size_t iclause, const double *start);

/* ---- unit_programs.c: bounds of units by linear and mixed-integer programs ---------------------- */
typedef struct nm_lp_opts {
    const nm_levels *levels; /* layers of NM_BY_LP get linear programs, those of NM_BY_MIP mixed-integer ones */
    size_t threads;
    const double *enough;  /* [rows of the last block] lower bounds that suffice */
    size_t nodes;          /* of a mixed-integer program; 0: NM_MIP_NODES */
} nm_lp_opts;
void nm_lp_tighten(nm_job *job, nm_bounds *b, nm_lp_opts o);

/* ---- embed.c: a network inside a user's model ---------------------------------------------------- */
typedef struct nm_embed_opts {
    const char *into, *out; /* the user's model; the file to write: MPS or LP, by suffix */
    const char *inputs, *outputs; /* names of columns, or @FILE with one on each line; outputs: - leaves one out */
    nm_levels bounds;
    const char *encoding;  /* exact ones only; NULL: bigm */
    const nm_dialect *dialect;
    size_t threads;
    const char *options, *version; /* for the map */
} nm_embed_opts;
typedef struct nm_embedded {
    const nm_model *model; /* as written: a minimisation */
    bool maximised;        /* the user's model maximised: its objective is minus this one's */
    const char *prefix, *map, *into_hash, *model_hash; /* map: its file */
    const nm_bounds *b;    /* the last block holds the outputs */
    size_t n_in, n_out;
    const int64_t *in, *at; /* [n_in], [n_out] columns of inputs and outputs; at: -1 if left out */
    size_t cols, rows, bins; /* numbers added */
    size_t file_rows;
    const nm_enc *enc;
    const int64_t *col;    /* for each column of enc->m, the model's column */
} nm_embedded;
/* Adds the network's columns and rows to the model, and writes it with its map. */
nm_embedded nm_embed(nm_job *job, const nm_net *net, const nm_embed_opts *o);
typedef struct nm_embedcol { const char *name; double lo, hi; } nm_embedcol; /* name NULL: left out */
typedef struct nm_embedding { /* the map of an embedding, read back */
    const char *net, *net_hash, *into, *model, *prefix, *encoding;
    nm_front front;
    bool maximised;
    size_t n_in, n_out, n_cols, n_rows, n_int, n_units;
    const nm_embedcol *in, *out;
    const char *const *cols; /* [n_cols] names of all columns, in the file's order */
} nm_embedding;
nm_embedding *nm_embedding_read(nm_job *job, const char *path); /* NULL: not the map of an embedding */
void nm_embedding_print(nm_buf *out, const nm_embedding *e);

/* ---- bound_case.c: bounds of every unit over a case's input set, if nothing else is asked for ---- */
typedef struct nm_unit_opts {
    nm_levels bounds;
    nm_known *known;       /* assumed bounds, or NULL */
    size_t threads;
    bool all_rows;         /* CROWN rows for every unit, not only for open ones */
    bool outputs;          /* add rows Y_k and -Y_k of every output, after those of the clauses */
} nm_unit_opts;
/* Returns bounds of the network's units and, in one more block, lower bounds of the rows of all clauses. */
nm_bounds *nm_bound_case(nm_job *job, const nm_program *p, const nm_query *q, size_t icase, nm_unit_opts o);

/* ---- how a manifest says to combine the answers to several models -------------------------------- */
#define NM_COMBINE "any violated: violated; all hold: holds; else unknown" /* of a manifest's targets */
#define NM_COMBINE_CUBES "a target holds when all its cubes do; the branches that are not listed are closed"

#endif
