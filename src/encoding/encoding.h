/* encoding.h, the door of encoding: turns one clause of a question into a model, with the map that leads from its
 * columns back to inputs, and with names and comments for people. A relaxation may contain more points than the
 * question, never fewer; this room must never solve. */
#ifndef NM_ENCODING_H
#define NM_ENCODING_H

#include "bounds/bounds.h"
#include "solver/solver.h"

/* ---- map.c: the way back from a model ----------------------------------------------------------- */
/* the origin of a model, for people */
typedef struct nm_mapblock { const char *kind, *name; size_t n; int src; } nm_mapblock;
/* a unit with rows: bounds of its pre-activation (RELU) or of itself, and the method that gave them */
typedef struct nm_mapunit { int block; size_t unit; double lo, hi; const char *by; } nm_mapunit;
typedef struct nm_mapsource { /* what the model was made from, and how */
    const char *net_path, *net_hash; /* the hash covers both networks if there are two */
    const char *against;   /* path of the second network, or NULL */
    nm_front front;        /* the flags by which the network was read */
    int64_t opset;
    const char *query_path, *query_hash;
    const char *text_hash; /* hash of the question's text, for a map that was read */
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
    const char *tag;       /* the mark: a column fixed to 1 whose name is unique to this model; or NULL */
    size_t n_cols, n_rows, n_nz, n_bin;
    const char **cols;     /* [n_cols] names, to refuse files of other models */
    const char **long_cols, **long_rows; /* [n_cols], [n_rows] for fixed MPS: the original names; or NULL */
    double constant;       /* constant of the objective */
    nm_scale scale;        /* scaling of the file's numbers */
    size_t cube, n_cubes;  /* number of this cube, from 1, of n_cubes; 0: not a cube */
} nm_mapfile;
typedef struct nm_mapform { /* how the question became rows, and what an answer proves */
    const char *encoding;
    bool fold;
    bool conditioned;      /* its bounds hold only for counterexamples to the target */
    bool relaxation;       /* its points need not be counterexamples; infeasible still proves */
    nm_tolerance tolerance; /* tolerances of a solver that the guard covers */
    double slack, budget;  /* slack: by how much the question's rows were relaxed; budget: how much is needed */
    const char *unfit;     /* why no solver's word about this model can be believed, or NULL */
    const char *assumed;   /* the file of known bounds that the model depends on; or NULL */
} nm_mapform;
typedef struct nm_mapunits { /* the network's blocks and the unstable units that have columns */
    size_t n_blocks, n;
    const nm_mapblock *blocks;
    const nm_mapunit *unit;
} nm_mapunits;
typedef struct nm_map {    /* made by compile, read by decode and bench */
    nm_mapsource from;
    nm_maptarget asks;
    nm_mapfile file;
    nm_mapform form;
    nm_mapunits units;
    size_t n_in, n_out;    /* n_in: inputs, or generators if the case has them */
    const double *lo, *hi; /* [n_in] input box */
    const int64_t *col;    /* [n_in] column of each input, or -1 when fixed to lo */
    const nm_query *question; /* written in full, so that decode needs no flags */
} nm_map;
nm_modelcard nm_map_card(const nm_map *m); /* the card of its model */
void nm_map_write(nm_job *job, const nm_map *m, const char *path);
nm_map *nm_map_read(nm_job *job, const char *path);
/* Converts values (those with an index), objective and bound of a solution from the file's units to the network's. */
void nm_map_unscale(const nm_map *m, nm_sol *s);

/* ---- encodings.c: how unstable units become rows ------------------------------------------------ */
/* a linear form over columns: sum c*col + [lo,hi] */
typedef struct nm_form { size_t n; const uint32_t *j; const double *c; double lo, hi; } nm_form;
typedef struct nm_enc nm_enc;
typedef struct nm_fold nm_fold;
typedef struct nm_encunit nm_encunit;         /* rows.h */
typedef struct nm_encmax nm_encmax;
typedef struct nm_distance nm_distance;
typedef struct nm_encoding { /* a word of encodings.def */
    const char *name, *arg;  /* meaning of the number after NAME:, or NULL */
    bool is_relaxation;      /* its points need to be checked; infeasible still proves */
    unsigned needs;          /* NM_INDICATORS and so on: what a solver must be able to read */
    void (*choose)(nm_enc *e, size_t n_rows, const uint32_t *row); /* chooses which units to keep (e->only), or NULL */
    void (*rows)(nm_enc *e, nm_fold *f);                           /* makes better rows of the question, or NULL */
    void (*relu)(nm_enc *e, nm_encunit *w);
    void (*finish)(nm_enc *e);                                     /* adds rows that need the whole model, or NULL */
    void (*lift)(const nm_enc *e, const nm_encunit *w, double pre, double *x); /* sets its own columns, or NULL */
} nm_encoding;
struct nm_enc {            /* the state of encoding, shared with the encoding's functions */
    nm_job *job;
    const nm_bounds *b, *base; /* base: for the whole input set, if b assumes more; or NULL */
    const nm_encoding *enc;
    size_t arg;
    nm_relax *x;
    nm_model *m;
    int32_t *col;          /* [n_units] column of a unit's value, or -1 */
    int32_t *zcol;         /* [n_units] column of a RELU unit's phase, or of a MAX unit's first choice, or -1 */
    bool fold, one_sided, quadratic;
    bool relaxed;          /* some unstable unit is not kept but replaced by its lines */
    bool *only;            /* [n_units] the RELU units to keep; NULL: as `fold` says */
    int q;                 /* block of the query's rows */
    nm_clause clause;
    uint32_t *row;         /* units of block q that hold the clause's rows */
    int64_t tcol;          /* column of the largest excess over several rows, or -1 */
    size_t asked, n_asked; /* first and number of the rows of m that express the clause */
    bool constant;         /* nothing is left to choose: a dummy column was added */
    int64_t cut;           /* the row of a decision's cutoff if that is one row, or -1 */
    double cap;            /* for a decision: the cutoff of the objective; else infinity */
    double least;          /* objective + least is at most the margin, rounding included */
    nm_objective objective; /* what the model minimises */
    nm_distance *distances; /* of the objective and of balls */
    size_t n_units, n_max;
    nm_encunit *unit;      /* the RELU units with rows, in order */
    nm_encmax *max;        /* the MAX units with rows */
    void *own;             /* the encoding's own state */
};
#define ENC(x, says, meaning) extern const nm_encoding nm_enc_##x;
#include "encoding/encodings.def"
#undef ENC
const nm_word *nm_encoding_words(void);
/* Reads NAME or NAME:N; refuses unknown ones. */
const nm_encoding *nm_encoding_find(nm_job *job, const char *spec, size_t *arg);

/* ---- encode.c: from a clause to a model --------------------------------------------------------- */
typedef struct nm_encode_opts {
    bool fold, one_sided;
    bool quadratic;         /* L2 by products instead of tangents */
    const nm_bounds *base;  /* bounds for the whole input set, if those in use assume more; or NULL */
    const nm_case *over;    /* the case over the program's own inputs; NULL: the question's */
    const nm_encoding *enc; /* NULL: bigm */
    size_t arg;
} nm_encode_opts;
typedef struct nm_encoded { nm_model *model; nm_map *map; nm_enc *enc; } nm_encoded;
/* Returns the model of one clause; rows of the clause are units row[i] of block q. */
nm_encoded nm_encode(nm_job *job, const nm_bounds *b, const nm_query *q, size_t icase,
                     size_t iclause, const uint32_t *row, nm_encode_opts o);
/* Makes a model of everything below some units of block q; form [n]: these units over its columns. */
nm_enc *nm_encode_units(nm_job *job, const nm_bounds *b, int q, size_t n, const uint32_t *unit, nm_encode_opts o,
                        nm_form *form);
/* Returns the values of all columns, from the values [n_units] of all units at one input. */
double *nm_encode_lift(nm_job *job, const nm_enc *e, const double *unit);

/* ---- guard.c: by how much a solver's tolerances can move a row ----------------------------------------------- */
/* Returns the most by which tolerances can move row `row`, in its units; row SIZE_MAX: the objective. */
double nm_model_budget(nm_job *job, const nm_model *m, size_t row, nm_tolerance tol);
/* Returns the largest budget of the question's rows (of the objective if there are none), in the units of the model
 * that m was scaled from; relax: also relaxes those rows, or the bound of tcol, by their budgets. */
double nm_model_guard(const nm_enc *e, nm_model *m, bool relax, nm_tolerance tol, const nm_scale *s);

/* ---- distance.c: distances from a centre -------------------------------------------------------- */
void nm_distance_tangent(nm_enc *e, const double *x); /* makes L2 distances tight at inputs x */

/* ---- priorities.c: branching priorities beside a model ------------------------------------------ */
const char *nm_write_priorities(nm_job *job, const nm_dialect *d, const nm_enc *e, const nm_model *m, const char *stem);

/* ---- comments.c: where a model comes from, for people ------------------------------------------- */
void nm_notes_map(const nm_enc *e, nm_map *m);                       /* blocks and units */
const nm_notes *nm_notes_new(nm_job *job, const nm_map *m, const nm_model *model);

/* ---- describe_model.c: describes a model file, with the map beside it, if any; unit, row may be NULL -- */
void nm_inspect_model(nm_job *job, nm_buf *out, const char *path, const char *unit, const char *row, bool json);

#endif
