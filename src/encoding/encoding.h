/* encoding.h, the door of encoding: one clause of a question becomes a model, with the map that leads back from its
 * columns to inputs, and with names and comments for a reader. A relaxation may be wider, never narrower, than the
 * question; it must never solve. */
#ifndef NM_ENCODING_H
#define NM_ENCODING_H

#include "bounds/bounds.h"
#include "solver/solver.h"

/* ---- map.c: the way back, beside a model -------------------------------------------------------- */
/* where a model comes from, for a reader */
typedef struct nm_mapblock { const char *kind, *name; size_t n; int src; } nm_mapblock;
/* a unit with rows: bounds of its pre-activation (a RELU) or its own, and what gave them */
typedef struct nm_mapunit { int block; size_t unit; double lo, hi; const char *by; } nm_mapunit;
typedef struct nm_mapsource { /* what the model was made from, and how */
    const char *net_path, *net_hash; /* the hash is of both networks where there are two */
    const char *against;   /* path of the second network, or NULL */
    nm_front front;        /* what stands before the network */
    int64_t opset;
    const char *query_path, *query_hash;
    const char *text_hash; /* of the question's text; of a map that was read */
    const char *version, *options; /* of the program */
} nm_mapsource;
typedef struct nm_maptarget { /* the clause that the model asks about */
    const char *name;
    int64_t target_label, label;
    size_t icase, iclause;
    const char *objective;
} nm_maptarget;
typedef struct nm_mapfile { /* the model's file: names and sizes, and the way back from its numbers */
    const char *path, *hash, *dialect;
    const char *tag;       /* a column fixed to 1 whose name is this model's alone, or NULL */
    size_t n_cols, n_rows, n_nz, n_bin;
    const char **cols;     /* [n_cols] names, to refuse foreign files */
    const char **long_cols, **long_rows; /* [n_cols], [n_rows] in fixed MPS: what the names stand for, or NULL */
    double constant;       /* of the objective */
    nm_scale scale;        /* of the file's numbers */
    size_t cube, n_cubes;  /* this model is cube 1.. of so many, or 0 */
} nm_mapfile;
typedef struct nm_mapform { /* how the question became rows, and what an answer to them proves */
    const char *encoding;
    bool fold;
    bool conditioned;      /* its bounds hold for counterexamples to the target alone */
    bool relaxation;       /* an infeasible model proves; a point need not be a counterexample */
    nm_tolerance tolerance; /* of a solver that the guard covers */
    double slack, budget;  /* by how much rows of the question were relaxed for it; what it would take */
    const char *unfit;     /* why no solver's word about this model is to be believed, or NULL */
    const char *assumed;   /* the file of bounds on which the model rests, unproven; or NULL */
} nm_mapform;
typedef struct nm_mapunits { /* the network's blocks and the unstable units that have columns */
    size_t n_blocks, n;
    const nm_mapblock *blocks;
    const nm_mapunit *unit;
} nm_mapunits;
typedef struct nm_map {    /* compile makes it, decode and bench read it; each part is filled in one place */
    nm_mapsource from;
    nm_maptarget asks;
    nm_mapfile file;
    nm_mapform form;
    nm_mapunits units;
    size_t n_in, n_out;    /* n_in: inputs, or generators where the case has them */
    const double *lo, *hi; /* [n_in] input box */
    const int64_t *col;    /* [n_in] column of each input, or -1 when fixed to lo */
    const nm_query *question; /* written in full, so that decode needs no flags; when read, it is what was written */
} nm_map;
nm_modelcard nm_map_card(const nm_map *m); /* of its model, without the network */
void nm_map_write(nm_job *job, const nm_map *m, const char *path);
nm_map *nm_map_read(nm_job *job, const char *path);
/* brings values (those with an index), objective and bound of an answer to the map's file into the network's units */
void nm_map_unscale(const nm_map *m, nm_sol *s);

/* ---- encodings.c: how unstable units become rows ------------------------------------------------ */
/* a linear form over columns: sum c*col + [lo,hi] */
typedef struct nm_form { size_t n; const uint32_t *j; const double *c; double lo, hi; } nm_form;
typedef struct nm_enc nm_enc;
typedef struct nm_fold nm_fold;
typedef struct nm_encunit nm_encunit;         /* rows.h */
typedef struct nm_distance nm_distance;
typedef struct nm_encoding { /* a word of encodings.def */
    const char *name, *arg;  /* what the number after NAME: is, or NULL */
    bool is_relaxation;      /* infeasible proves, feasible leaves a point to check */
    unsigned needs;          /* NM_INDICATORS and so on: what a solver must be able to read */
    void (*choose)(nm_enc *e, size_t n_rows, const uint32_t *row); /* which units to keep (e->only), or NULL */
    void (*rows)(nm_enc *e, nm_fold *f);                           /* better rows of the question, or NULL */
    void (*relu)(nm_enc *e, nm_encunit *w);
    void (*finish)(nm_enc *e);                                     /* rows that need the whole model, or NULL */
    void (*lift)(const nm_enc *e, const nm_encunit *w, double pre, double *x); /* its own columns, or NULL */
} nm_encoding;
struct nm_enc {            /* what an encoding works on and gives */
    nm_job *job;
    const nm_bounds *b, *base; /* base: of the whole input set, where b assumes more; or NULL */
    const nm_encoding *enc;
    size_t arg;
    nm_relax *x;
    nm_model *m;
    int32_t *col;          /* [n_units] column of a unit's value, or -1 */
    int32_t *zcol;         /* [n_units] column of a RELU unit's phase, or of a MAX unit's first choice, or -1 */
    bool fold, one_sided, quadratic;
    bool relaxed;          /* some unstable unit is not kept: its lines stand for it */
    bool *only;            /* [n_units] the RELU units to keep, or NULL for those that fold says */
    int q;                 /* block of the query's rows */
    nm_clause clause;
    uint32_t *row;         /* units of block q that hold the clause's rows */
    int64_t tcol;          /* column of the largest excess over several rows, or -1 */
    size_t asked, n_asked; /* first and number of the rows of m that say what the clause asks */
    bool constant;         /* nothing is left to choose: one column stands in for none */
    int64_t cut;           /* the row of a decision's cutoff where it is one row, or -1 */
    double cap;            /* of a decision: the objective that cuts; infinity */
    double least;          /* objective + least is at most the margin, rounding included */
    nm_objective objective; /* what the model minimises */
    nm_distance *distances; /* of the objective and of balls */
    size_t n_units;
    nm_encunit *unit;      /* those with rows, in order */
    void *own;             /* of the encoding */
};
#define ENC(x, says, meaning) extern const nm_encoding nm_enc_##x;
#include "encoding/encodings.def"
#undef ENC
const nm_word *nm_encoding_words(void);
/* NAME or NAME:N; refuses unknown ones */
const nm_encoding *nm_encoding_find(nm_job *job, const char *spec, size_t *arg);

/* ---- encode.c: from a clause to a model --------------------------------------------------------- */
typedef struct nm_encode_opts {
    bool fold, one_sided;
    bool quadratic;         /* L2 in products, not in tangents */
    const nm_bounds *base;  /* bounds of the whole input set, where those in use assume more; or NULL */
    const nm_case *over;    /* the case over the program's own inputs; NULL: the question's */
    const nm_encoding *enc; /* NULL: bigm */
    size_t arg;
} nm_encode_opts;
typedef struct nm_encoded { nm_model *model; nm_map *map; nm_enc *enc; } nm_encoded;
/* decision model of one clause; rows of the clause are units row[i] of block q */
nm_encoded nm_encode(nm_job *job, const nm_bounds *b, const nm_query *q, size_t icase,
                     size_t iclause, const uint32_t *row, nm_encode_opts o);
/* model of everything below units of block q; form [n] are the units over its columns */
nm_enc *nm_encode_units(nm_job *job, const nm_bounds *b, int q, size_t n, const uint32_t *unit, nm_encode_opts o,
                        nm_form *form);
/* Returns the values of all columns, from the values [n_units] of all units at one input. */
double *nm_encode_lift(nm_job *job, const nm_enc *e, const double *unit);

/* ---- guard.c: what a solver's tolerances can move ----------------------------------------------- */
/* what the tolerances can move row `row` by at most, in its units; SIZE_MAX: the objective */
double nm_model_budget(nm_job *job, const nm_model *m, size_t row, nm_tolerance tol);
/* Returns the largest budget of the question's rows (without any, of the objective), in the units of the model that m
 * was scaled from; relax: those rows, or the end of tcol, are relaxed by theirs. */
double nm_model_guard(const nm_enc *e, nm_model *m, bool relax, nm_tolerance tol, const nm_scale *s);

/* ---- distance.c: distances from a centre -------------------------------------------------------- */
void nm_distance_tangent(nm_enc *e, const double *x); /* L2 distances become tight at inputs x */

/* ---- priorities.c: branching priorities beside a model ------------------------------------------ */
const char *nm_write_priorities(nm_job *job, const nm_dialect *d, const nm_enc *e, const nm_model *m, const char *stem);

/* ---- comments.c: where a model comes from, for a reader ----------------------------------------- */
void nm_notes_map(const nm_enc *e, nm_map *m);                       /* blocks and units */
const nm_notes *nm_notes_new(nm_job *job, const nm_map *m, const nm_model *model);

/* ---- describe_model.c: a model file, with its map when that stands beside it; unit and row may be NULL ---- */
void nm_inspect_model(nm_job *job, nm_buf *out, const char *path, const char *unit, const char *row, bool json);

#endif
