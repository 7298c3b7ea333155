/* model.h, the door of model: a mixed-integer model as data; MPS and LP in and out, and what each solver's dialect can
 * express. It must never know what a model means, nor run a solver. */
#ifndef NM_MODEL_H
#define NM_MODEL_H

#include "base/base.h"

/* ---- model.c: rows, columns, sets and products -------------------------------------------------- */
#define NM_COEF_MIN 1e-9     /* smallest |coefficient| that readers keep: smaller ones move into the bounds */
typedef struct nm_col { double lo, hi, obj; bool is_int; const char *name; } nm_col;
typedef struct nm_mrow {
    double lo, hi;
    const char *name;
    size_t start;
    int32_t when;          /* a binary column: the row must hold if it is `on`; -1: always */
    bool on;
    bool is_cut;           /* implied by other rows for integer points: it may be marked as a user cut */
} nm_mrow;
typedef struct nm_sos1 { const char *name; size_t n; const uint32_t *j; } nm_sos1; /* at most one column is not 0 */
typedef struct nm_quad { int64_t row; uint32_t i, j; double c; } nm_quad; /* c x_i x_j, i <= j; row -1: the objective */
enum { NM_INDICATORS = 1, NM_SOS1 = 2, NM_QUAD_COST = 4, NM_QUAD_ROWS = 8, NM_CUTS = 16, NM_RANGES = 32,
       NM_QUAD_INT = 64 /* a quadratic objective beside integer columns */ };
typedef struct nm_model {
    const char *name;
    size_t n_cols, cap_cols, n_rows, cap_rows, n_nz, cap_j, cap_c, n_sos, cap_sos, n_quad, cap_quad;
    nm_sos1 *sos;
    nm_quad *quad;         /* rows with products have only an upper side */
    nm_col *cols;
    nm_mrow *rows;         /* row r has the nonzeros from its start to that of r+1 (or n_nz) */
    uint32_t *j;
    double *c;
    double constant;       /* of the objective; never written, kept in the map */
} nm_model;
/* cols: lo, hi, objective; rows: lo, hi */
typedef struct nm_columns { int *start, *index; double *value, *cols, *rows; } nm_columns;
nm_model *nm_model_new(nm_job *job, const char *name);
uint32_t nm_model_col(nm_job *job, nm_model *m, const char *name, double lo, double hi, bool is_int);
void nm_model_row(nm_job *job, nm_model *m, const char *name, double lo, double hi, size_t n,
                  const uint32_t *j, const double *c);
/* Makes the row just added depend on z being `on`; marks it as a cut. */
void nm_model_when(nm_model *m, uint32_t z, bool on);
void nm_model_is_cut(nm_model *m);
void nm_model_sos1(nm_job *job, nm_model *m, const char *name, size_t n, const uint32_t *j);
void nm_model_quad(nm_job *job, nm_model *m, int64_t row, uint32_t i, uint32_t j, double c);
unsigned nm_model_needs(const nm_model *m); /* NM_INDICATORS and so on, without cuts and ranges */
const char *nm_needs_name(unsigned needs);  /* the first of them */
double nm_model_check(const nm_model *m, const double *x, const char **worst); /* largest violation, and of what */
double nm_model_objective(const nm_model *m, const double *x);
size_t nm_model_binaries(const nm_model *m);
size_t nm_row_end(const nm_model *m, size_t r);
/* Returns the matrix by columns, as solvers take it; refuses models with more than plain rows. */
nm_columns nm_model_columns(nm_job *job, const nm_model *m);
void nm_model_print(nm_buf *b, const nm_model *m);

/* what a solver is given, and its answer is checked against: a model's file, and the names and sizes in it */
typedef struct nm_modelcard {
    const char *model_path;
    const char *tag;       /* the mark: a column fixed to 1 whose name is unique to this model; or NULL */
    size_t n_cols, n_rows, n_bin;
    const char *const *cols; /* [n_cols] names */
} nm_modelcard;

/* ---- scale.c: the same model in numbers of moderate size ---------------------------------------- */
#define NM_TERM_MIN 1e-10    /* times a row's size: terms that vary less over their box move into the row's sides */
#define NM_FILE_MOST 1e9     /* largest number in a model for solvers with tolerances of 1e-6 */
typedef struct nm_scale {  /* how a scaled model relates to the original */
    bool any, exact;       /* any: something is scaled; exact: without rounding (else the model is useless) */
    int *col, *row;        /* [n_cols], [n_rows]: x = 2^col x' for a column, sides times 2^row for a row */
    int objective;         /* original objective = scaled objective times 2^objective, plus a value */
    double cost_lo, cost_hi; /* between these two */
    size_t n_left;         /* number of terms that were too small for their rows */
} nm_scale;
/* Returns a copy with numbers of moderate size that has all integer points of m, perhaps more; *s: the way back. */
nm_model *nm_model_scaled(nm_job *job, const nm_model *m, nm_scale *s);
void nm_scale_values(const nm_scale *s, size_t n, double *x); /* values of columns, in the original units */
void nm_model_unscale(nm_model *m, const nm_scale *s); /* a scaled model, back to the network's units */
const char *nm_model_out_of_range(nm_job *job, const nm_model *m); /* which number is too large for solvers, or NULL */

/* ---- dialects.c: what a solver's readers accept ------------------------------------------------- */
#define NM_SOLVER_TOL 1e-6   /* violation that solvers tolerate by default */
#define NM_OPTION_TOL 1e-9   /* what the option files of dialects ask for */
typedef struct nm_tolerance { double primal, integral; } nm_tolerance; /* absolute; of rows and boxes, of binaries */
enum { NM_START_MIPLIB = 1, NM_START_GUROBI, NM_START_CPLEX, NM_START_CBC, NM_START_SCIP, NM_START_XPRESS };
enum { NM_ORDER_GUROBI = 1, NM_ORDER_CPLEX, NM_ORDER_CBC, NM_ORDER_XPRESS, NM_ORDER_SCIP };
typedef struct nm_dialect { /* what a solver's readers accept beyond the common subset; a word of dialects.def */
    const char *name;
    unsigned mps, lp;      /* NM_INDICATORS and so on, in each format */
    bool no_lp;            /* its solver does not read this LP format */
    bool comments;         /* its LP reader accepts comment lines between rows */
    bool twice;            /* its MPS reader rounds twice: digits are chosen for it */
    bool glued;            /* x^2 in LP: no blanks */
    bool half;             /* its QCMATRIX has the factor 1/2, its QMATRIX both triangles */
    bool no_gz;
    bool spaced;           /* `x : 1` in sets of LP */
    size_t longest, width; /* longest name; widest line of LP */
    double primal, integral; /* its solver's tolerances if looser than NM_SOLVER_TOL, else 0 */
    int start, order;      /* formats of start_file.c, priorities.c; 0: it has none */
    /* the content of an option file with {threads}, {model}, {stem}, and the end of its name; or NULL */
    const char *options, *options_end;
} nm_dialect;
#define DIALECT(x, meaning) extern const nm_dialect nm_dialect_##x;
#include "model/dialects.def"
#undef DIALECT
const nm_dialect *nm_dialect_find(nm_job *job, const char *name);
const nm_word *nm_dialect_words(void);
/* Refuses what the dialect cannot express in the format; what: the flag that needs it. */
void nm_dialect_check(nm_job *job, const nm_dialect *d, bool lp, unsigned needs, const char *what);
const char *nm_model_suffix(const char *path); /* .mps, .lp or these with .gz; NULL: another ending */
/* Returns the name without that suffix, which goes into *suffix; throws if there is none. */
const char *nm_model_stem(nm_job *job, const char *path, const char **suffix);
bool nm_is_lp(nm_job *job, const char *path); /* by suffix; refuses other files */

/* ---- file/write_lp.c, file/write_mps.c: files; the suffix decides the format -------------------- */
typedef struct nm_notes {  /* comments about a model, for people; each [n] or NULL, entries may be NULL */
    const char *head;      /* lines, each ends in a newline */
    const char **row, **col;
} nm_notes;
typedef struct nm_write_opts {
    const nm_dialect *dialect;
    bool cuts;             /* rows that are cuts go to the solver's pool */
    bool fixed;            /* MPS in fixed columns: names of 8, numbers of 12 characters (fixed_mps.c) */
    bool user;             /* names are a user's and need to be valid only in this format */
    const nm_notes *notes; /* LP: comments, or NULL */
} nm_write_opts;
/* Writes m; hash gets the SHA-256 of the unpacked file. Returns the number of rows in the file. */
size_t nm_write_model(nm_job *job, const nm_model *m, const char *path, nm_write_opts o, char hash[65]);

/* ---- file/read_model.c, fixed_mps.c: reading our own files; a copy that fits into fixed columns -- */
nm_model *nm_model_read(nm_job *job, const char *path);              /* by suffix */
/* Returns m with names of 8 characters and numbers of 12; boxes and rows grow by as much as rounding may matter. */
nm_model *nm_model_fixed(nm_job *job, const nm_model *m, const char ***long_rows);

/* ---- file/read_model.c, file/read_user_mps.c, file/read_user_lp.c: models that other programs wrote - */
typedef struct nm_usermodel { /* always a minimisation: if maximised, costs and constant are negated */
    nm_model *m;
    bool maximised;
    const char *objective; /* its name, or NULL */
} nm_usermodel;
/* Reads MPS or LP as modelling tools write them, by suffix; refuses by name whatever is more than a plain mixed-integer
 * linear model. Bounds of columns and sides of rows may be infinite. */
nm_usermodel nm_model_read_user(nm_job *job, const char *path);

/* ---- start_file.c, option_file.c: files beside a model: return the name of the file written ------- */
const char *nm_write_start(nm_job *job, const nm_dialect *d, const nm_model *m, const double *x, const char *stem);
const char *nm_write_options(nm_job *job, const nm_dialect *d, const char *model, const char *stem, size_t threads);

#endif
