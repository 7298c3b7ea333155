/* model.h: models, maps, encodings, solutions, solvers. Included by all.h alone. */
#ifndef NM_MODEL_H
#define NM_MODEL_H

/* ---- model.c -------------------------------------------------------------------------------- */
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
double nm_model_check(const nm_model *m, const double *x, const char **worst); /* largest violation */
double nm_model_objective(const nm_model *m, const double *x);
size_t nm_model_binaries(const nm_model *m);
size_t nm_row_end(const nm_model *m, size_t r);
/* cols: lo, hi, objective; rows: lo, hi */
typedef struct nm_columns { int *start, *index; double *value, *cols, *rows; } nm_columns;
/* the matrix by columns, as solvers take it; refuses what is no plain row */
nm_columns nm_model_columns(nm_job *job, const nm_model *m);
void nm_model_print(nm_buf *b, const nm_model *m);
void nm_model_audit(nm_job *job, const nm_model *m); /* names, numbers: what every reader needs */

/* where a model comes from, for a reader */
typedef struct nm_mapblock { const char *kind, *name; size_t n; int src; } nm_mapblock;
/* a unit with rows: bounds of its pre-activation (a RELU) or its own, and what gave them */
typedef struct nm_mapunit { int block; size_t unit; double lo, hi; const char *by; } nm_mapunit;

/* ---- scale.c --------------------------------------------------------------------------------- */
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

/* ---- guard.c --------------------------------------------------------------------------------- */
typedef struct nm_tolerance { double primal, integral; } nm_tolerance; /* absolute: of rows and boxes, of binaries */
/* what the tolerances can move row `row` by at most, in its units; SIZE_MAX: the objective */
double nm_model_budget(nm_job *job, const nm_model *m, size_t row, nm_tolerance tol);
/* Returns the largest budget of the question's rows (without any, of the objective), in the units of the model that m was
 * scaled from; relax: those rows, or the end of tcol, are relaxed by theirs. */
double nm_model_guard(nm_job *job, nm_model *m, int64_t tcol, bool relax, nm_tolerance tol, const nm_scale *s);

/* ---- map.c ---------------------------------------------------------------------------------- */
typedef struct nm_map {
    const char *net_path, *query_path, *model_path, *model_hash;
    const char *net_hash, *query_hash, *version, *options;
    nm_front front;        /* what stands before the network */
    const char *against;   /* path of the second network, or NULL; net_hash is of both */
    int64_t opset;
    size_t n_in, n_out;    /* n_in: inputs, or generators where the case has them */
    const char *target;    /* clause name */
    int64_t target_label, label;
    size_t case_index, clause_index;
    const double *lo, *hi; /* [n_in] input box */
    const int64_t *col;    /* [n_in] column of each input, or -1 when fixed to lo */
    size_t n_cols;
    const char **cols;     /* [n_cols] names, to refuse foreign files */
    const char **long_cols, **long_rows; /* [n_cols], [n_rows] in fixed MPS: what the names stand for, or NULL */
    size_t n_blocks, n_units;
    const nm_mapblock *blocks;
    const nm_mapunit *units;
    const char *dialect;   /* of the file */
    const char *tag;       /* a column fixed to 1 whose name is this model's alone, or NULL */
    size_t n_rows, n_nz, n_bin;
    double constant;
    const char *objective, *encoding;
    size_t cube, n_cubes;  /* this model is cube 1.. of so many, or 0 */
    bool relaxation;       /* an infeasible model proves; a point need not be a counterexample */
    nm_scale scale;        /* of the file's numbers */
    nm_tolerance tolerance; /* of a solver that the guard covers */
    double slack, budget;  /* by how much rows of the question were relaxed for it; what it would take */
    const char *unfit;     /* why no solver's word about this model is to be believed, or NULL */
    bool fold, conditioned; /* conditioned: its bounds hold for counterexamples to the target alone */
    const nm_query *question; /* written in full, so that decode needs no flags; when read, it is what was written */
    const char *query_text_hash; /* of its text; of a map that was read */
} nm_map;

void nm_map_write(nm_job *job, const nm_map *m, const char *path);
nm_map *nm_map_read(nm_job *job, const char *path);

/* ---- sol.c, sol/ ---------------------------------------------------------------------------- */
typedef enum { NM_SOL_OPTIMAL, NM_SOL_FEASIBLE, NM_SOL_INFEASIBLE, NM_SOL_UNBOUNDED, NM_SOL_NONE } nm_solstatus;
typedef struct nm_sol {
    const char *solver, *status_text;
    nm_solstatus status;
    bool has_values;
    double objective, bound; /* of the model without its constant; NaN when not said */
    size_t n, cap;
    struct nm_solval { const char *name; double x; int64_t index; } *vals; /* name NULL, index -1: not said */
    bool gapless;          /* "optimal" in this format leaves no gap, or says so in other words */
    const char *model;     /* its name, as the file says it, or NULL */
    int64_t n_rows, n_cols; /* as the file counts them, or -1 */
    bool counts_objective; /* n_rows may hold the objective */
    bool sparse;           /* absent names are zero */
    bool always_lists;     /* the solver lists columns whatever the status: their absence is a cut file */
    bool lp;               /* the answer to a linear program: says nothing of a model with integers */
} nm_sol;

typedef struct nm_soldialect {
    const char *name;
    int (*sniff)(const char *text, size_t n);  /* 0..100 */
    void (*read)(nm_job *job, nm_file f, nm_sol *s);
    bool closed;           /* a last line end is not needed to see that the file is whole */
    bool gapless;          /* where a gap is left, another word than "optimal" stands */
} nm_soldialect;

#define SOL(x) extern const nm_soldialect nm_sol_##x;
#include "menu.def"
#undef SOL
bool nm_sol_is(nm_file f); /* some reader knows it */
nm_sol *nm_sol_read(nm_job *job, const char *path);
/* brings values (those with an index), objective and bound of an answer to the map's file into the network's units */
void nm_map_unscale(const nm_map *m, nm_sol *s);
/* the answer in path, or, where that is empty, in the log beside it, if one is given and says one by itself */
nm_sol *nm_sol_answer(nm_job *job, const char *path, const char *log);
void nm_sol_print(nm_buf *b, const nm_sol *s);
/* Names, indices and counts of what is printed, whether or not it is a solution; takes the answer back when it is one
 * to a linear program and the model has integers. True when the file itself tells the model. */
bool nm_sol_check(nm_job *job, nm_sol *s, const nm_map *m, const char *path);
/* true when the file names the model's mark: the model that it answers, among others */
bool nm_sol_names(const nm_sol *s, const char *tag);
/* x [n_cols] in the map's order; refuses unknown, repeated and missing names */
double *nm_sol_columns(nm_job *job, const nm_sol *s, size_t n_cols, const char *const *cols,
                       const char *path);
/* the best bound of a solver's log, where the solution has none: for a report, never for a proof */
void nm_sol_log(nm_job *job, nm_file f, nm_sol *s);
const char *nm_solstatus_name(nm_solstatus s);

/* the line cursor of text formats */
typedef struct nm_lines { nm_job *job; const char *path, *s, *end; int line; } nm_lines;
typedef struct nm_span { const char *s, *end; } nm_span;
nm_lines nm_lines_new(nm_job *job, nm_file f);
bool nm_lines_next(nm_lines *l, nm_span *out);       /* without its line end */
size_t nm_span_split(nm_span line, nm_span *tok, size_t max);
bool nm_span_is(nm_span s, const char *word);
bool nm_span_starts(nm_span s, const char *prefix);

/* ---- soltext.c: what readers of solution files share ------------------------------------------ */
nm_span nm_span_trim(nm_span s);
bool nm_span_blank(nm_span s);
nm_span nm_span_of(const char *s);
bool nm_span_after(nm_span s, const char *prefix, nm_span *rest); /* rest trimmed */
bool nm_span_has(nm_span s, const char *text);
char *nm_span_dup(nm_job *job, nm_span s);
double nm_span_objective(nm_span s); /* NaN unless finite and below 1e20 */
nm_span nm_first_line(const char *text, size_t n);
_Noreturn void nm_lines_bad(const nm_lines *l, const char *expected);
nm_span nm_lines_need(nm_lines *l, const char *what);  /* the next line */
nm_span nm_lines_text(nm_lines *l, const char *what);  /* the next line that is not blank, trimmed */
void nm_lines_close(nm_lines *l);                      /* only blank lines may follow */
int64_t nm_lines_count(const nm_lines *l, nm_span s);
double nm_lines_num(const nm_lines *l, nm_span s);
void nm_sol_status(nm_sol *s, nm_job *job, nm_span text, nm_solstatus status);
void nm_sol_value(const nm_lines *l, nm_sol *s, nm_span name, nm_span value, int64_t index);
void nm_sol_pairs(nm_lines *l, nm_sol *s);             /* `name value` to the end of the file */

/* ---- enc/ ----------------------------------------------------------------------------------- */
/* a linear form over columns: sum c*col + [lo,hi] */
typedef struct nm_form { size_t n; const uint32_t *j; const double *c; double lo, hi; } nm_form;
typedef struct nm_encunit { /* a RELU unit that has rows */
    size_t u, pre;
    nm_form below, above;  /* of its pre-activation: at most, at least; the same where nothing was relaxed */
    int64_t extra;         /* first of the columns that its encoding added, or -1 */
    bool one_sided;        /* v >= a, v >= 0 only */
} nm_encunit;

/* distance.c: a distance from a centre over columns: sum c*col + least */
typedef struct nm_distance {
    nm_norm norm;
    const char *tag;       /* in the names of its columns and rows; "" for the first */
    size_t n, n_terms;     /* inputs; terms */
    size_t n_tangents;     /* of L2: sets of them */
    const double *centre, *lo, *hi; /* [n]; the box of the inputs */
    const nm_pixelset *pixels; /* L0 counts these; or NULL */
    nm_form *in;           /* [n] the inputs over columns */
    int32_t *col, *square; /* [n] columns of each input's |x - c| or x != c, and of its square; -1: none */
    int32_t total;         /* column of the whole, or -1 */
    bool is_quad;          /* L2: col holds x - c, whose squares are products */
    uint32_t *j;
    double *c, least, size; /* size: of the constants that `least` sums */
    double scale;          /* L2 by tangents: units of d and of its square to one of the inputs */
    struct nm_distance *next;
} nm_distance;

typedef struct nm_enc nm_enc;
typedef struct nm_fold nm_fold;
typedef struct nm_encoding { /* how unstable units become rows; a row of the menu */
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
    int64_t cut;           /* the row of a decision's cutoff where it is one row, or -1 */
    double cap;            /* of a decision: the objective that cuts; infinity */
    double least;          /* objective + least is at most the margin, rounding included */
    nm_objective objective; /* what the model minimises */
    nm_distance *distances; /* of the objective and of balls */
    size_t n_units;
    nm_encunit *unit;      /* those with rows, in order */
    void *own;             /* of the encoding */
};

typedef struct nm_encode_opts {
    bool fold, one_sided;
    bool quadratic;         /* L2 in products, not in tangents */
    const nm_bounds *base;  /* bounds of the whole input set, where those in use assume more; or NULL */
    const nm_case *over;    /* the case over the program's own inputs; NULL: the question's */
    const nm_encoding *enc; /* NULL: bigm */
    size_t arg;
} nm_encode_opts;
typedef struct nm_encoded { nm_model *model; nm_map *map; nm_enc *enc; } nm_encoded;
/* NAME or NAME:N; refuses unknown ones */
const nm_encoding *nm_encoding_find(nm_job *job, const char *spec, size_t *arg);
/* decision model of one clause; rows of the clause are units row[i] of block q */
nm_encoded nm_encode(nm_job *job, const nm_bounds *b, const nm_query *q, size_t icase,
                     size_t iclause, const uint32_t *row, nm_encode_opts o);
/* model of everything below units of block q; form [n] are the units over its columns */
nm_enc *nm_encode_units(nm_job *job, const nm_bounds *b, int q, size_t n, const uint32_t *unit, nm_encode_opts o,
                        nm_form *form);
/* fills every column from the unit values [n_units] of one input: the way back, forwards */
double *nm_encode_lift(nm_job *job, const nm_enc *e, const double *unit);
extern const nm_encoding nm_enc_bigm, nm_enc_relax, nm_enc_hull, nm_enc_partition, nm_enc_aggregate,
    nm_enc_indicator, nm_enc_sos1;
void nm_bigm_relu(nm_enc *e, nm_encunit *w);
void nm_bigm_max(nm_enc *e, size_t u, size_t n, const size_t *member, const nm_form *below, const nm_form *above);
void nm_bigm_max_lift(const nm_enc *e, size_t u, size_t n, const uint32_t *idx, const double *src, double *x);
/* a row sum sign*c*col of the form + the listed terms <= rhs */
void nm_enc_row(nm_enc *e, const char *name, const nm_form *f, double sign, size_t n, const uint32_t *j,
                const double *c, double rhs);
const char *nm_enc_name(const nm_enc *e, const char *kind, size_t u); /* kind, block, unit */
uint32_t nm_enc_phase(nm_enc *e, size_t u);                           /* its binary, made now */

/* ---- distance.c ------------------------------------------------------------------------------- */
void nm_distance_balls(nm_enc *e, const nm_case *c);
/* gives its constant; of L2 it is the square that is minimised */
double nm_distance_objective(nm_enc *e, nm_norm norm, const double *centre);
void nm_distance_tangent(nm_enc *e, const double *x); /* L2 distances become tight at inputs x */
void nm_distance_lift(const nm_enc *e, const double *input, double *x);

/* ---- fold.c --------------------------------------------------------------------------------- */
typedef struct nm_expr { size_t n; uint32_t *unit; double *c; double lo, hi; } nm_expr; /* sum c*unit + [lo,hi] */
struct nm_fold {
    nm_batch *t;
    size_t n_rows;
    nm_expr *row;          /* [n_rows] the rows, from below */
    nm_expr **below, **above; /* [n_units] of needed pre-activations */
    bool *need;            /* [n_units] some row holds it */
    bool *inner;           /* [n_units] some row of a unit does */
};
nm_fold *nm_fold_rows(nm_enc *e, size_t n_rows, const uint32_t *row);
void nm_fold_units(nm_enc *e, nm_fold *f);
/* a phase that b assumes and the input set does not imply: 1 inactive, -1 active, 0 none */
int nm_enc_assumed(const nm_enc *e, const nm_block *k, size_t i);
/* a row from below by the lines of a hull run */
nm_expr nm_fold_hull(nm_enc *e, nm_fold *f, const nm_lines_of *lines, const nm_alpha *a, uint32_t row);

/* ---- dialect/, dialects.c --------------------------------------------------------------------- */
enum { NM_START_MIPLIB = 1, NM_START_GUROBI, NM_START_CPLEX, NM_START_CBC, NM_START_SCIP, NM_START_XPRESS };
enum { NM_ORDER_GUROBI = 1, NM_ORDER_CPLEX, NM_ORDER_CBC, NM_ORDER_XPRESS, NM_ORDER_SCIP };
typedef struct nm_dialect { /* what a solver's readers take, beyond the common subset; a row of the menu */
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
    int start, order;      /* formats of beside.c; 0: it has none */
    /* an option file with {threads}, {model}, {stem}, and how its name ends; or NULL */
    const char *options, *options_end;
} nm_dialect;
#define DIALECT(x) extern const nm_dialect nm_dialect_##x;
#include "menu.def"
#undef DIALECT
const nm_dialect *nm_dialect_find(nm_job *job, const char *name);
/* refuses what the dialect cannot say in the format; what: who needs it */
void nm_dialect_check(nm_job *job, const nm_dialect *d, bool lp, unsigned needs, const char *what);
bool nm_is_lp(nm_job *job, const char *path); /* by suffix; refuses what is no model file */

/* ---- write/ --------------------------------------------------------------------------------- */
typedef struct nm_notes {  /* comments of a model, for a reader; each [n] or NULL, entries may be NULL */
    const char *head;      /* lines, each ends in a newline */
    const char **row, **col;
} nm_notes;
typedef struct nm_write_opts {
    const nm_dialect *dialect;
    bool cuts;             /* rows that are cuts go to the solver's pool */
    bool fixed;            /* MPS in fixed columns: names of 8, numbers of 12 characters (fixed.c) */
    const nm_notes *notes; /* LP: comments, or NULL */
} nm_write_opts;
/* each gives the rows that the file holds; hash: of the unpacked file */
size_t nm_write_mps(nm_job *job, const nm_model *m, const char *path, nm_write_opts o, char hash[65]);
size_t nm_write_lp(nm_job *job, const nm_model *m, const char *path, nm_write_opts o, char hash[65]);
size_t nm_write_model(nm_job *job, const nm_model *m, const char *path, nm_write_opts o, char hash[65]); /* by suffix */

/* ---- explain.c, notes.c -------------------------------------------------------------------------- */
typedef struct nm_modelname { char kind[12]; int64_t block, unit, part; } nm_modelname; /* -1: not there */
nm_modelname nm_modelname_parse(const char *name);                   /* kind "" when netmip writes no such name */
const char *nm_explain_row(nm_job *job, nm_modelname k, const char *encoding);
const char *nm_explain_col(nm_job *job, const char *name, nm_modelname k);
void nm_notes_map(const nm_enc *e, nm_map *m);                       /* blocks and units */
void nm_notes_unit(nm_buf *b, const nm_map *m, nm_modelname k);
const nm_notes *nm_notes_new(nm_job *job, const nm_map *m, const nm_model *model);

/* ---- gain.c, beside.c: each gives the name of the file that it wrote ---------------------------------- */
double *nm_model_gains(nm_job *job, const nm_model *m, const nm_modelname *row, const nm_modelname *col); /* [n_cols] */
const char *nm_write_start(nm_job *job, const nm_dialect *d, const nm_model *m, const double *x, const char *stem);
const char *nm_write_priorities(nm_job *job, const nm_dialect *d, const nm_enc *e, const nm_model *m, const char *stem);
const char *nm_write_options(nm_job *job, const nm_dialect *d, const char *model, const char *stem, size_t threads);

/* ---- names.c, modelread.c, read/mpsfile.c, read/lpmodel.c: our own models, read back ------------------ */
typedef struct nm_names { const char **name; size_t n, cap, mask; uint32_t *slot; } nm_names;
int64_t nm_names_find(const nm_names *t, nm_span s);                 /* its place, or -1 */
bool nm_names_add(nm_job *job, nm_names *t, nm_span s);              /* false: it is there already */
typedef struct nm_modelentry { uint32_t row, j; double c; } nm_modelentry;
typedef struct nm_modelread {
    nm_job *job;
    const char *path;
    nm_lines l;
    nm_model *m;           /* columns, sets and products; rows at the end */
    nm_names cols, rows;
    nm_mrow *row;
    nm_modelentry *entry;
    bool *bounded;         /* [n_cols] */
    size_t n_rows, cap_rows, n_entries, cap_entries, n_bounded, cap_bounded;
} nm_modelread;
nm_modelread *nm_modelread_new(nm_job *job, nm_file f);
size_t nm_modelread_find(nm_modelread *r, const nm_names *t, nm_span name);
void nm_modelread_col(nm_modelread *r, nm_span name, bool is_int);
nm_mrow *nm_modelread_row(nm_modelread *r, nm_span name, double lo, double hi);
void nm_modelread_entry(nm_modelread *r, size_t row, uint32_t j, double c);
void nm_modelread_set(nm_modelread *r, nm_span name);                /* a set without members yet */
void nm_modelread_member(nm_modelread *r, size_t j);
nm_model *nm_modelread_done(nm_modelread *r);
nm_model *nm_read_mps(nm_job *job, nm_file f);
nm_model *nm_read_lpmodel(nm_job *job, nm_file f);
nm_model *nm_model_read(nm_job *job, const char *path);              /* by suffix */

/* ---- fixed.c: a model that fits into fixed MPS ------------------------------------------------ */
/* the same with names of 8 characters and numbers of 12: columns' boxes and rows get wider by what rounding may move */
nm_model *nm_model_fixed(nm_job *job, const nm_model *m, const char ***long_rows);

/* ---- lp.c: the embedded solver -------------------------------------------------------------- */
typedef struct nm_cbc {
    double time_limit;     /* seconds; 0: none */
    bool first;            /* stop at the first solution */
    size_t memory;         /* megabytes that it may address; 0: no limit */
    double most;           /* nodes that it may take; 0: no limit */
    double *nodes;         /* how many it took go here, or NULL */
} nm_cbc;
nm_sol *nm_cbc_solve(nm_job *job, const nm_model *m, nm_cbc o);
nm_sol *nm_cbc_file(nm_job *job, const nm_map *map, nm_cbc o); /* the model that the map names, read by CBC itself */
const char *nm_cbc_version(void);

/* ---- runner.c: a solver as a program of its own ----------------------------------------------- */
typedef struct nm_runner {
    const char *name, *command, *suffix;
    const nm_dialect *dialect;
    bool is_own; /* a command of the user's: its gap is not known; the others are asked for none */
} nm_runner;
typedef struct nm_run_opts { double seconds; size_t threads, memory; } nm_run_opts; /* 0: no limit; megabytes */
nm_runner nm_runner_find(nm_job *job, const char *name);
nm_runner nm_runner_command(nm_job *job, const char *command);
bool nm_runner_here(nm_job *job, const nm_runner *r); /* the program that its command begins with is on the PATH */
const char *nm_temp_new(nm_job *job); /* a new folder, gone with the job */
/* runs it on the model that the map names; solution and log beside it, `stem` first; columns in the map's order */
nm_sol *nm_runner_solve(nm_job *job, const nm_runner *r, const nm_map *map, const char *stem, nm_run_opts o);

/* ---- runlog.c ---------------------------------------------------------------------------------- */
typedef struct nm_runlog { const char *version; double nodes; } nm_runlog; /* NULL, NaN: not said */
nm_runlog nm_runlog_read(nm_job *job, const char *path);

/* ---- clp.c: linear relaxations, with certified bounds ----------------------------------------- */
typedef struct nm_clp nm_clp;
nm_clp *nm_clp_new(nm_job *job, const nm_model *m);         /* integrality left out; objective 0 */
/* minimises c.x over the rows; x [n_cols] and y [n_rows] (duals) may be NULL. Starts from the slack basis, so that an
 * answer depends on the question alone. false: no optimum within the iterations (y may be good all the same) */
bool nm_clp_solve(nm_clp *l, const double *c, int iterations, double *x, double *y);
void nm_clp_box(nm_clp *l, const double *lo, const double *hi); /* [n_cols] */
typedef enum { NM_LP_OPTIMAL, NM_LP_INFEASIBLE, NM_LP_STOPPED } nm_lpend; /* as Clp says it: no proof */
void nm_clp_cost(nm_clp *l, const double *c);               /* [n_cols] of the resolves that follow */
/* Minimises from a basis [n_cols + n_rows] (NULL: the slack one), up to an objective of `limit`; fills x and y. */
nm_lpend nm_clp_resolve(nm_clp *l, const unsigned char *basis, double limit, int iterations, double *x, double *y);
void nm_clp_slack(const nm_clp *l, unsigned char *basis);   /* the slack basis */
void nm_clp_basis(const nm_clp *l, unsigned char *basis);   /* where the last solve ended */
double nm_clp_value(const nm_clp *l);                       /* its objective: for scores, never for proofs */
/* after a solve that found no point: proven from Farkas's ray that the rows have none in the box */
bool nm_clp_is_empty(nm_clp *l, const double *lo, const double *hi);
/* what c.x is at least over the rows and a box, proven from any y, rounded down (Neumaier, Shcherbina 2004) */
double nm_dual_bound(nm_job *job, const nm_model *m, const double *lo, const double *hi, const double *c,
                     const double *y);
/* Also fills move [n_cols]: > 0: the bound has the column at lo, and is at least so much more when it alone moves to hi;
 * < 0: the other way round; 0: nothing is proven. */
double nm_dual_gains(nm_job *job, const nm_model *m, const double *lo, const double *hi, const double *c,
                     const double *y, double *move);

/* ---- tree.c: branch and bound over binaries, every bound proven ------------------------------------- */
typedef struct nm_tree_opts {
    double cap;            /* of the objective, without the model's constant: what lies above it is of no use */
    bool decide;           /* the cap alone matters, no bound is wanted */
    size_t max_nodes;
    double deadline;       /* nm_wall, or infinity */
    double gap, gap_of_one; /* the cap falls below an incumbent's value by gap (gap_of_one + |value|) */
    double *best;          /* [n_cols] takes the incumbent, or NULL */
    /* Takes the point x [n_cols] of a relaxation; may lower *cap. Returns true to stop the search. */
    bool (*point)(void *arg, const double *x, double *cap);
    void *arg;
} nm_tree_opts;
typedef struct nm_tree {
    int status;            /* NM_OK: no integer point has an objective of the last cap or less; NM_VIOLATED: point stopped
                              it; NM_UNKNOWN */
    double bound;          /* proven: the objective of every integer point; INFINITY: there is none */
    double value;          /* the incumbent's objective in Clp's arithmetic, or INFINITY */
    size_t nodes, probes, improved, ties;
    double tie;            /* of leaves that rounding left open: how far their bounds lie below the cap, at most; or NaN */
    bool stopped;          /* by point */
} nm_tree;
nm_tree nm_tree_run(nm_job *job, const nm_model *m, nm_tree_opts o); /* plain rows and binaries */

/* ---- project.c ---------------------------------------------------------------------------------- */
/* x [n_cols]: nearly the point of m's rows and box that is nearest to the centre in L2; gives a proven lower bound of
 * its squared distance; stops early when that is more than enough. Integrality and objective are not looked at. */
double nm_project(nm_job *job, const nm_model *m, const double *centre, double enough, double *x);

/* ---- crew.c: processes that share work ------------------------------------------------------- */
void *nm_shared_new(nm_job *job, size_t n, size_t size); /* cleared memory that workers write into */
void nm_shared_end(nm_job *job, void *p);
/* each(job, arg, i) for i < n, in up to `threads` processes (1: in this one) */
void nm_crew_run(nm_job *job, size_t threads, size_t n, void (*each)(nm_job *, void *, size_t), void *arg);

/* ---- bound/lp.c ------------------------------------------------------------------------------- */
typedef struct nm_lp_opts {
    size_t nodes;          /* 1: linear programs; more: mixed-integer ones with that many nodes */
    size_t threads;
    const double *enough;  /* [rows of the last block] which of them need a better lower end */
    bool lower_only;
} nm_lp_opts;
void nm_lp_tighten(nm_job *job, nm_bounds *b, nm_lp_opts o);

#endif
