/* stage.h: models, maps, solutions, readers, the stages of an answer, the command line. Included by all.h alone. */
#ifndef NM_STAGE_H
#define NM_STAGE_H

/* ---- model.c -------------------------------------------------------------------------------- */
typedef struct nm_col { double lo, hi, obj; bool is_int; const char *name; } nm_col;
typedef struct nm_mrow { double lo, hi; const char *name; size_t start; } nm_mrow;
typedef struct nm_model {
    const char *name;
    size_t n_cols, cap_cols, n_rows, cap_rows, n_nz, cap_j, cap_c, cap_start;
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
double nm_model_check(const nm_model *m, const double *x, const char **worst); /* largest violation */
double nm_model_objective(const nm_model *m, const double *x);
size_t nm_model_binaries(const nm_model *m);
size_t nm_row_end(const nm_model *m, size_t r);
/* cols: lo, hi, objective; rows: lo, hi */
typedef struct nm_columns { int *start, *index; double *value, *cols, *rows; } nm_columns;
nm_columns nm_model_columns(nm_job *job, const nm_model *m); /* the matrix by columns, as solvers take it */
void nm_model_print(nm_buf *b, const nm_model *m);
void nm_model_audit(nm_job *job, const nm_model *m); /* names, numbers: what every reader needs */

/* ---- map.c ---------------------------------------------------------------------------------- */
typedef struct nm_map {
    const char *net_path, *query_path, *model_path, *model_hash;
    const char *net_hash, *query_hash, *version, *options;
    int64_t opset;
    size_t n_in, n_out;
    const char *target;    /* clause name */
    int64_t target_label, label;
    size_t case_index, clause_index;
    const double *lo, *hi; /* [n_in] input box */
    const int64_t *col;    /* [n_in] column of each input, or -1 when fixed to lo */
    size_t n_cols;
    const char **cols;     /* [n_cols] names, to refuse foreign files */
    const char *tag;       /* a column fixed to 1 whose name is this model's alone, or NULL */
    size_t n_rows, n_nz, n_bin;
    double constant;
    const char *objective, *encoding;
    size_t cube, n_cubes;  /* this model is cube 1.. of so many, or 0 */
    bool relaxation;       /* an infeasible model proves; a point need not be a counterexample */
    bool fold, conditioned; /* conditioned: its bounds hold for counterexamples to the target alone */
    const char *query_text, *query_text_hash; /* the question itself, as JSON, so that decode needs no flags */
    nm_query *question;    /* the same, read back */
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
} nm_soldialect;

#define SOL(x) extern const nm_soldialect nm_sol_##x;
#include "menu.def"
#undef SOL
bool nm_sol_is(nm_file f); /* some reader knows it */
nm_sol *nm_sol_read(nm_job *job, const char *path);
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

typedef struct nm_enc nm_enc;
typedef struct nm_fold nm_fold;
typedef struct nm_encoding { /* how unstable units become rows; a row of the menu */
    const char *name, *arg;  /* what the number after NAME: is, or NULL */
    bool is_relaxation;      /* infeasible proves, feasible leaves a point to check */
    void (*choose)(nm_enc *e, size_t n_rows, const uint32_t *row); /* which units to keep (e->only), or NULL */
    void (*rows)(nm_enc *e, nm_fold *f);                           /* better rows of the question, or NULL */
    void (*relu)(nm_enc *e, nm_encunit *w);
    void (*finish)(nm_enc *e);                                     /* rows that need the whole model, or NULL */
    void (*lift)(const nm_enc *e, const nm_encunit *w, double pre, double *x); /* its own columns, or NULL */
} nm_encoding;

struct nm_enc {            /* what an encoding works on and gives */
    nm_job *job;
    const nm_bounds *b;
    const nm_encoding *enc;
    size_t arg;
    nm_relax *x;
    nm_model *m;
    int32_t *col;          /* [n_units] column of a unit's value, or -1 */
    int32_t *zcol;         /* [n_units] column of a RELU unit's phase, or of a MAX unit's first choice, or -1 */
    bool fold, one_sided;
    bool relaxed;          /* some unstable unit is not kept: its lines stand for it */
    bool *only;            /* [n_units] the RELU units to keep, or NULL for those that fold says */
    int q;                 /* block of the query's rows */
    nm_clause clause;
    uint32_t *row;         /* units of block q that hold the clause's rows */
    int64_t tcol;          /* column of the largest excess over several rows, or -1 */
    size_t n_units;
    nm_encunit *unit;      /* those with rows, in order */
    void *own;             /* of the encoding */
};

typedef struct nm_encode_opts {
    bool fold, one_sided;
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
extern const nm_encoding nm_enc_bigm, nm_enc_relax, nm_enc_hull, nm_enc_partition, nm_enc_aggregate;
void nm_bigm_relu(nm_enc *e, nm_encunit *w);
void nm_bigm_max(nm_enc *e, size_t u, size_t n, const size_t *member, const nm_form *below, const nm_form *above);
void nm_bigm_max_lift(const nm_enc *e, size_t u, size_t n, const uint32_t *idx, const double *src, double *x);
/* a row sum sign*c*col of the form + the listed terms <= rhs */
void nm_enc_row(nm_enc *e, const char *name, const nm_form *f, double sign, size_t n, const uint32_t *j,
                const double *c, double rhs);
const char *nm_enc_name(const nm_enc *e, const char *kind, size_t u); /* kind, block, unit */
uint32_t nm_enc_phase(nm_enc *e, size_t u);                           /* its binary, made now */

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
/* a row from below by the lines of a hull run */
nm_expr nm_fold_hull(nm_enc *e, nm_fold *f, const nm_lines_of *lines, const nm_alpha *a, uint32_t row);

/* ---- write/ --------------------------------------------------------------------------------- */
void nm_write_mps(nm_job *job, const nm_model *m, const char *path);
void nm_write_lp(nm_job *job, const nm_model *m, const char *path);
void nm_write_model(nm_job *job, const nm_model *m, const char *path); /* by suffix */

/* ---- lp.c: the embedded solver -------------------------------------------------------------- */
typedef struct nm_cbc {
    double time_limit;     /* seconds; 0: none */
    bool first;            /* stop at the first solution */
} nm_cbc;
nm_sol *nm_cbc_solve(nm_job *job, const nm_model *m, nm_cbc o);

/* ---- clp.c: linear relaxations, with certified bounds ----------------------------------------- */
typedef struct nm_clp nm_clp;
nm_clp *nm_clp_new(nm_job *job, const nm_model *m);         /* integrality left out; objective 0 */
/* minimises c.x over the rows; x [n_cols] and y [n_rows] (duals) may be NULL. Starts from the slack basis, so that an
 * answer depends on the question alone. false: no optimum within the iterations (y may be good all the same) */
bool nm_clp_solve(nm_clp *l, const double *c, int iterations, double *x, double *y);
void nm_clp_box(nm_clp *l, const double *lo, const double *hi); /* [n_cols] */
/* what c.x is at least over the rows and a box, proven from any y, rounded down (Neumaier, Shcherbina 2004) */
double nm_dual_bound(nm_job *job, const nm_model *m, const double *lo, const double *hi, const double *c,
                     const double *y);

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

/* ---- read/ ---------------------------------------------------------------------------------- */
typedef struct nm_tensor { nm_shape shape; size_t n; double *x; bool bytes; nm_dtype type; } nm_tensor;
nm_graph *nm_read_onnx(nm_job *job, nm_file f);
nm_graph *nm_read_netjson(nm_job *job, nm_file f);
nm_net *nm_net_read(nm_job *job, const char *path);
nm_tensor nm_read_npy(nm_job *job, nm_file f);
void nm_write_npy(nm_job *job, const char *path, nm_shape shape, const double *x);
nm_tensor nm_read_idx(nm_job *job, nm_file f, int64_t index, bool labels);
nm_tensor nm_read_png(nm_job *job, nm_file f);
nm_tensor nm_read_pnm(nm_job *job, nm_file f);
nm_tensor nm_read_csv(nm_job *job, nm_file f, int64_t index);
/* FILE[:INDEX]; bytes are scaled by 1/255; x has net's flat input size */
nm_tensor nm_image_read(nm_job *job, const nm_net *net, const char *spec);
int64_t nm_label_read(nm_job *job, const char *path, int64_t index);
typedef struct nm_dataset { nm_file f; char hash[65]; int64_t count; } nm_dataset; /* IDX, NPY, CSV */
nm_dataset nm_dataset_open(nm_job *job, const char *path);
nm_tensor nm_dataset_get(nm_job *job, const nm_net *net, const nm_dataset *d, int64_t index);
int64_t nm_dataset_label(nm_job *job, const nm_dataset *d, int64_t index);
int64_t nm_spec_split(nm_job *job, const char *spec, char **path); /* index, or -1 when none */
typedef struct nm_sexpr {  /* a word, or a list with n members */
    const char *word;
    size_t len, n;
    struct nm_sexpr *first, *next;
    int line, col;
} nm_sexpr;
nm_sexpr *nm_sexpr_read(nm_job *job, nm_file f); /* a list of all top-level expressions */
nm_query *nm_read_vnnlib(nm_job *job, const nm_net *net, const char *path);
typedef struct nm_xml {    /* an element; the list holds all of a document, in its order */
    const char *name;
    int depth, line;
    size_t n;
    const char **attr;     /* [2*n] key, value */
    struct nm_xml *next;
} nm_xml;
nm_xml *nm_xml_read(nm_job *job, nm_file f);
const char *nm_xml_find(const nm_xml *e, const char *key); /* NULL when absent */

/* ---- draw.c: pictures ----------------------------------------------------------------------- */
/* false when the shape is no picture: then nothing is written */
bool nm_draw_image(nm_job *job, const char *path, nm_shape shape, const double *x);
bool nm_draw_triptych(nm_job *job, const char *path, nm_shape shape, const double *a, const double *b);
void nm_draw_text(nm_buf *out, nm_shape shape, const double *a, const double *b);

/* ---- ask.c: a question from flags ----------------------------------------------------------- */
typedef struct nm_ask {
    const char *image, *label, *labels, *perturb, *domain, *target, *margin, *objective, *guard;
} nm_ask;
typedef struct nm_around { /* a question around an image */
    const double *x;       /* [n_in] */
    int64_t label;         /* or -1: as predicted */
    double radius, lo, hi; /* of the box, INFINITY for none; the domain */
    const bool *targets;   /* [n_out] or NULL for all but the label */
    double margin, guard;
    nm_objective objective;
} nm_around;
nm_query *nm_query_around(nm_job *job, const nm_net *net, const nm_around *a);
nm_around nm_around_ask(nm_job *job, const nm_ask *a); /* all but image, label and targets */
nm_query *nm_query_ask(nm_job *job, const nm_net *net, const nm_ask *a);
/* the question as JSON text, and back: what a map carries */
void nm_query_write(nm_buf *b, const nm_query *q);
nm_query *nm_query_parse(nm_job *job, const nm_json *j, const char *where);

/* ---- verify.c: the judge -------------------------------------------------------------------- */
typedef struct nm_replay {
    const double *x;       /* [n_in] the point, inside the input set */
    double *y64, *y32;     /* [n_out] */
    double margin64, margin32; /* max over the clause's rows of row - rhs: <= 0 is a counterexample */
    double err64;          /* bound on the rounding error of margin64 */
    bool is_inside;        /* in the input set, its linear rows included */
    bool is_violated;      /* inside, and margin64 + err64 <= 0 */
    size_t icase, iclause;
    double linf, l1, l2;   /* distance from the image, when there is one */
    size_t l0;
} nm_replay;
/* Projects x into case icase and judges it against every clause of it (or `only`, unless -1). */
nm_replay nm_verify(nm_job *job, const nm_net *net, const nm_query *q, size_t icase, int64_t only,
                    const double *x);

/* ---- attack.c ------------------------------------------------------------------------------- */
typedef struct nm_attack_opts { size_t steps, restarts; uint64_t seed; } nm_attack_opts;
/* A point that program arithmetic takes for a counterexample to a listed clause, or NULL. */
const double *nm_attack(nm_job *job, const nm_bounds *b, const nm_case *c, size_t n_open,
                        const size_t *open, const uint32_t *const *row, const double *start,
                        nm_attack_opts o, size_t *hit);

/* ---- split.c --------------------------------------------------------------------------------- */
typedef struct nm_split_opts {
    bool attack;
    size_t max_boxes;
    double deadline, guard; /* deadline: nm_wall */
} nm_split_opts;
typedef struct nm_split {
    int status;            /* NM_OK: every open clause is excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t boxes, clause;
    double *x;             /* [n_in] */
} nm_split;
nm_split nm_split_case(nm_job *job, const nm_program *p, const nm_case *c, uint32_t *const *row,
                       const bool *open, const nm_split_opts *o);

/* ---- branch.c ---------------------------------------------------------------------------------- */
typedef struct nm_branch_opts {
    bool attack;
    size_t max_nodes;
    double deadline;
    uint64_t seed;
    size_t depth;          /* stop at it and give the open leaves as cubes; 0: no limit, no cubes */
} nm_branch_opts;
typedef struct nm_cube { const nm_bounds *b; nm_signs signs; } nm_cube; /* bounds of a branch, and what it assumes */
typedef struct nm_branch {
    int status;            /* NM_OK: excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t nodes, n_cubes;
    nm_cube *cube;
    double *x;             /* [n_in] */
} nm_branch;
/* branches on signs of units; row `which` of the clause cuts, rhs includes the guard */
nm_branch nm_branch_run(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, const uint32_t *row,
                        size_t which, double rhs, nm_branch_opts o);

/* ---- solve.c: the pipeline ------------------------------------------------------------------ */
typedef struct nm_solve_opts {
    nm_by level;           /* of bounds; from NM_BY_ALPHA on with conditioned tightening of open targets */
    size_t threads;        /* processes that bound units and solve cubes */
    size_t depth;          /* of cubes; 0: one model a target */
    const char *encoding;  /* as nm_encoding_find reads it; NULL: bigm */
    bool two_sided;        /* binaries also for units that need none */
    bool evaluate, fold, attack, split, branch, solve, always_write;
    double time_limit;     /* seconds of wall clock for the whole query */
    uint64_t seed;
    const char *out;       /* compile: where models go, or NULL */
    nm_buf *print;         /* models go here as text instead, or NULL */
    const char *options;   /* how the command line said it, for the map */
    const char *version;
    const nm_program *program; /* of the net, when it was lowered before; or NULL */
} nm_solve_opts;

typedef struct nm_target {
    size_t icase, iclause;
    int64_t label;
    const char *name;
    int status;            /* NM_OK holds, NM_VIOLATED, NM_UNKNOWN */
    const char *by;        /* evaluation, bounds, attack, solver */
    double margin_lo;      /* proven lower end of the row that closes it best, minus its rhs */
    const nm_bounds *tight; /* bounds for counterexamples to it alone, or NULL */
    const char *file, *mark; /* model written for it, and its mark */
    const nm_cube *cube;   /* with cubes: the open ones */
    size_t n_cubes;
    const char **cube_file, **cube_mark;
    size_t rows, cols, nz, bins;
    double objective, bound;
} nm_target;

typedef struct nm_layer { int block; size_t units, inactive, active, unstable; } nm_layer;
struct nm_verdict {
    int status;            /* NM_OK holds, NM_VIOLATED, NM_UNKNOWN */
    const char *by;
    size_t n_targets;
    nm_target *targets;
    const nm_replay *witness;
    size_t n_layers;
    nm_layer *layers;
    double cpu_read, cpu_bounds, cpu_attack, cpu_encode, cpu_write, cpu_solver;
    double objective, bound;
    bool has_objective;
    double claim;          /* a bound that a solver's file or log claims; has_claim */
    bool has_claim;
    const char *why;       /* of an unknown */
};
/* what the stages share: row[clause][r] is the unit of the query block that holds row r */
typedef struct nm_bounded { nm_bounds *b; uint32_t **row; size_t first; } nm_bounded;
typedef struct nm_state {
    nm_job *job;
    const nm_net *net;
    const nm_query *q;
    const nm_solve_opts *o;
    const nm_program *p;
    nm_verdict *v;
    nm_bounded *cases;     /* [n_cases]; first: index of the case's first target */
    double deadline;       /* nm_wall, or infinity */
} nm_state;

/* ---- targets.c ------------------------------------------------------------------------------- */
void nm_state_open(nm_state *s);
bool nm_target_open(const nm_target *t);
/* Takes a replay: a new witness, or a better incumbent. True when it settles a decision question. */
bool nm_state_take(nm_state *s, const nm_replay *r, const char *by);

/* ---- close.c: stages on case i; true: the question is settled --------------------------------- */
void nm_close_bounds(nm_state *s, size_t i);
void nm_close_count(nm_state *s);
size_t nm_close_restarts(const nm_program *p);
bool nm_close_attack(nm_state *s, size_t i, const double *start, size_t n_restarts);
void nm_close_tighten(nm_state *s, size_t i);
bool nm_close_branch(nm_state *s);
void nm_close_cubes(nm_state *s); /* branches of the open targets that are left, as cubes */
bool nm_close_split(nm_state *s, size_t i);

/* ---- compile.c: models of what is open -------------------------------------------------------- */
#define NM_COMBINE "any violated: violated; all hold: holds; else unknown" /* of a manifest's targets */
#define NM_COMBINE_CUBES "a target holds when all its cubes do; the branches that are not listed are closed"
void nm_models_write(nm_state *s);
bool nm_models_solve(nm_state *s);

nm_verdict *nm_solve_query(nm_job *job, const nm_net *net, const nm_query *q, const nm_solve_opts *o);

/* ---- decode.c, manifest.c ------------------------------------------------------------------------ */
nm_verdict *nm_decode_sol(nm_job *job, const nm_map *m, const char *map_path, nm_sol *s, const char *sol_path);
/* path is a map, with one solution and perhaps its log, or a manifest, with solutions of its models in any order */
nm_verdict *nm_decode(nm_job *job, const char *path, size_t n, const char *const *sols, const char *log,
                      const nm_query **query);

/* ---- tables.c, campaign.c -------------------------------------------------------------------- */
typedef struct nm_campaign {
    const nm_net *net;
    nm_dataset images, labels;
    bool has_labels, save_witness;
    int64_t from, to;      /* samples from..to-1 */
    const char *dir, *rerun, *question; /* rerun: never, always, unknown, violated */
    int workers;
    double memory;         /* bytes a worker may address; 0: no limit */
    nm_around around;      /* all but image and label */
    nm_solve_opts solve;
} nm_campaign;
void nm_campaign_tables(nm_job *job, const nm_campaign *c);
bool nm_campaign_run(nm_job *job, const nm_campaign *c); /* false: interrupted */

/* ---- report.c ------------------------------------------------------------------------------- */
typedef struct nm_files { const char *witness, *image, *picture; } nm_files; /* NULL: not written */
nm_files nm_report_files(nm_job *job, const char *dir, const nm_query *q, const nm_replay *r);
void nm_report_json(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f, bool compiled);
void nm_report_text(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f, bool compiled);

/* ---- cli.c: the rows OPT of menu.def -------------------------------------------------------- */
typedef enum {
#define OPT(name, value, verbs, help) NM_O_##name,
#include "menu.def"
#undef OPT
    NM_N_OPTS
} nm_opt;
typedef struct nm_cli {
    int argc, n_files;
    char **argv;
    const char *verb, **file, *value[NM_N_OPTS]; /* "" for a switch that is set */
} nm_cli;
void nm_cli_parse(nm_job *job, nm_cli *c, int argc, char **argv);
const char *nm_cli_name(nm_job *job, nm_opt o); /* with dashes */
const char *nm_cli_get(const nm_cli *c, nm_opt o);
bool nm_cli_has(const nm_cli *c, nm_opt o);
double nm_cli_num(nm_job *job, const nm_cli *c, nm_opt o, double dflt);
/* choices a|b|c, the first is the default */
const char *nm_cli_pick(nm_job *job, const nm_cli *c, nm_opt o, const char *choices);
nm_query *nm_cli_question(nm_job *job, const nm_cli *c, const nm_net *net);
void nm_cli_help(nm_buf *b);

#endif
