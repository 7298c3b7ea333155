/* model.h, the door of model: a mixed-integer model as data; MPS and LP out and in, and what each solver's dialect can
 * say. It must never know what a model means, nor run a solver. */
#ifndef NM_MODEL_H
#define NM_MODEL_H

#include "base/base.h"

/* ---- model.c: rows, columns, sets and products -------------------------------------------------- */
#define NM_COEF_MIN 1e-9     /* |coefficient| that readers keep: smaller ones move into the bounds */
typedef struct nm_col { double lo, hi, obj; bool is_int; const char *name; } nm_col;
typedef struct nm_mrow {
    double lo, hi;
    const char *name;
    size_t start;
    int32_t when;          /* a binary column: the row holds when it is `on`; -1: always */
    bool on;
    bool is_cut;           /* the others imply it for integer points: it may be marked as a user cut */
} nm_mrow;
typedef struct nm_sos1 { const char *name; size_t n; const uint32_t *j; } nm_sos1; /* at most one column is not 0 */
typedef struct nm_quad { int64_t row; uint32_t i, j; double c; } nm_quad; /* c x_i x_j, i <= j; row -1: the objective */
enum { NM_INDICATORS = 1, NM_SOS1 = 2, NM_QUAD_COST = 4, NM_QUAD_ROWS = 8, NM_CUTS = 16, NM_RANGES = 32,
       NM_QUAD_INT = 64 /* a quadratic objective beside integer columns */ };
typedef struct nm_model {
    const char *name;
    size_t n_cols, cap_cols, n_rows, cap_rows, n_nz, cap_j, cap_c, n_sos, cap_sos, n_quad, cap_quad;
    nm_sos1 *sos;
    nm_quad *quad;         /* rows with products have an upper side alone */
    nm_col *cols;
    nm_mrow *rows;         /* row r holds nonzeros start .. start of r+1 (or n_nz) */
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
/* the row just added: holds when z is `on`; is a cut */
void nm_model_when(nm_model *m, uint32_t z, bool on);
void nm_model_is_cut(nm_model *m);
void nm_model_sos1(nm_job *job, nm_model *m, const char *name, size_t n, const uint32_t *j);
void nm_model_quad(nm_job *job, nm_model *m, int64_t row, uint32_t i, uint32_t j, double c);
unsigned nm_model_needs(const nm_model *m); /* NM_INDICATORS and so on, cuts and ranges left out */
const char *nm_needs_name(unsigned needs);  /* the first of them */
double nm_model_check(const nm_model *m, const double *x, const char **worst); /* largest violation, and of what */
double nm_model_objective(const nm_model *m, const double *x);
size_t nm_model_binaries(const nm_model *m);
size_t nm_row_end(const nm_model *m, size_t r);
/* the matrix by columns, as solvers take it; refuses what is no plain row */
nm_columns nm_model_columns(nm_job *job, const nm_model *m);
void nm_model_print(nm_buf *b, const nm_model *m);

/* what a solver is asked with, and its answer held against: a model's file, and the names and sizes in it */
typedef struct nm_modelcard {
    const char *model_path;
    const char *tag;       /* a column fixed to 1 whose name is this model's alone, or NULL */
    size_t n_cols, n_rows, n_bin;
    const char *const *cols; /* [n_cols] names */
} nm_modelcard;

/* ---- scale.c: the same model in numbers of moderate size ---------------------------------------- */
#define NM_TERM_MIN 1e-10    /* of a row's size: terms that move less over their box become part of its sides */
#define NM_FILE_MOST 1e9     /* numbers of a model that a solver with tolerances of 1e-6 may be asked about */
typedef struct nm_scale {  /* what a scaled model says of the one it was made from */
    bool any, exact;       /* something is scaled; without rounding (else the model is no model of the question) */
    int *col, *row;        /* [n_cols], [n_rows]: x = 2^col x' for a column, sides times 2^row for a row */
    int objective;         /* the objective is that of the scaled model times 2^objective, plus what left it: */
    double cost_lo, cost_hi; /* between these */
    size_t n_left;         /* terms that were too small for their rows */
} nm_scale;
/* a copy whose numbers are of moderate size, with all integer points of m and perhaps a few more; *s: the way back */
nm_model *nm_model_scaled(nm_job *job, const nm_model *m, nm_scale *s);
void nm_scale_values(const nm_scale *s, size_t n, double *x); /* of columns, back into the model's own units */
void nm_model_unscale(nm_model *m, const nm_scale *s); /* a scaled model read back, into the network's units */
const char *nm_model_out_of_range(nm_job *job, const nm_model *m); /* what solvers cannot hold of it, or NULL */

/* ---- dialects.c: what a solver's readers take --------------------------------------------------- */
#define NM_SOLVER_TOL 1e-6   /* what solvers take as kept, unless their options say otherwise */
#define NM_OPTION_TOL 1e-9   /* what the option files of dialects ask for */
typedef struct nm_tolerance { double primal, integral; } nm_tolerance; /* absolute: of rows and boxes, of binaries */
enum { NM_START_MIPLIB = 1, NM_START_GUROBI, NM_START_CPLEX, NM_START_CBC, NM_START_SCIP, NM_START_XPRESS };
enum { NM_ORDER_GUROBI = 1, NM_ORDER_CPLEX, NM_ORDER_CBC, NM_ORDER_XPRESS, NM_ORDER_SCIP };
typedef struct nm_dialect { /* what a solver's readers take, beyond the common subset; a word of dialects.def */
    const char *name;
    unsigned mps, lp;      /* NM_INDICATORS and so on, in each format */
    bool no_lp;            /* has no reader of this LP format */
    bool comments;         /* its LP reader takes lines of comment between rows */
    bool twice;            /* its MPS reader rounds twice: digits are chosen for it */
    bool glued;            /* x^2 in LP: no blanks */
    bool half;             /* its QCMATRIX has the factor 1/2, its QMATRIX both triangles */
    bool no_gz;
    bool spaced;           /* `x : 1` in sets of LP */
    size_t longest, width; /* name; line of LP */
    double primal, integral; /* its solver's tolerances, where they are looser than NM_SOLVER_TOL; else 0 */
    int start, order;      /* formats of start_file.c, priorities.c; 0: it has none */
    /* an option file with {threads}, {model}, {stem}, and how its name ends; or NULL */
    const char *options, *options_end;
} nm_dialect;
#define DIALECT(x, meaning) extern const nm_dialect nm_dialect_##x;
#include "model/dialects.def"
#undef DIALECT
const nm_dialect *nm_dialect_find(nm_job *job, const char *name);
const nm_word *nm_dialect_words(void);
/* refuses what the dialect cannot say in the format; what: who needs it */
void nm_dialect_check(nm_job *job, const nm_dialect *d, bool lp, unsigned needs, const char *what);
const char *nm_model_suffix(const char *path); /* .mps, .lp or these with .gz; NULL: it ends otherwise */
/* the name without that suffix, which *suffix becomes; it throws where there is none */
const char *nm_model_stem(nm_job *job, const char *path, const char **suffix);
bool nm_is_lp(nm_job *job, const char *path); /* by suffix; refuses what is no model file */

/* ---- file/write_lp.c, file/write_mps.c: files; the suffix says which format --------------------- */
typedef struct nm_notes {  /* comments of a model, for a reader; each [n] or NULL, entries may be NULL */
    const char *head;      /* lines, each ends in a newline */
    const char **row, **col;
} nm_notes;
typedef struct nm_write_opts {
    const nm_dialect *dialect;
    bool cuts;             /* rows that are cuts go to the solver's pool */
    bool fixed;            /* MPS in fixed columns: names of 8, numbers of 12 characters (fixed_mps.c) */
    bool user;             /* names are a user's, and need to be sayable in the file's format alone */
    const nm_notes *notes; /* LP: comments, or NULL */
} nm_write_opts;
/* Writes m; hash gets the SHA-256 of the unpacked file. Returns the rows that the file holds. */
size_t nm_write_model(nm_job *job, const nm_model *m, const char *path, nm_write_opts o, char hash[65]);

/* ---- file/read_model.c, fixed_mps.c: our own files back; a copy that fits into fixed columns ---- */
nm_model *nm_model_read(nm_job *job, const char *path);              /* by suffix */
/* the same with names of 8 characters and numbers of 12: columns' boxes and rows get wider by what rounding may move */
nm_model *nm_model_fixed(nm_job *job, const nm_model *m, const char ***long_rows);

/* ---- file/read_model.c, file/read_user_mps.c, file/read_user_lp.c: models that other programs wrote - */
typedef struct nm_usermodel { /* as a minimisation: maximised: costs and constant have the other sign */
    nm_model *m;
    bool maximised;
    const char *objective; /* its name, or NULL */
} nm_usermodel;
/* Reads MPS or LP as modelling tools write them, by suffix; what is no plain mixed-integer linear model is refused by
 * name. Ends of columns and sides of rows may be infinite. */
nm_usermodel nm_model_read_user(nm_job *job, const char *path);

/* ---- start_file.c, option_file.c: beside a model: each gives the name of the file that it wrote ---- */
const char *nm_write_start(nm_job *job, const nm_dialect *d, const nm_model *m, const double *x, const char *stem);
const char *nm_write_options(nm_job *job, const nm_dialect *d, const char *model, const char *stem, size_t threads);

#endif
