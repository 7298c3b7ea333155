/* stage.h: readers, the stages of an answer, the command line. Included by all.h alone. */
#ifndef NM_STAGE_H
#define NM_STAGE_H

/* ---- read/ ---------------------------------------------------------------------------------- */
nm_graph *nm_read_onnx(nm_job *job, nm_file f);
nm_graph *nm_read_nnet(nm_job *job, nm_file f);
nm_net *nm_net_read(nm_job *job, const char *path); /* by content */
nm_net *nm_net_read_as(nm_job *job, const char *path, const nm_front *f); /* f: NULL, or what stands before it */
const char *nm_sniff(nm_job *job, nm_file f);       /* what a file is that is no network, or NULL */
nm_tensor nm_read_npy(nm_job *job, nm_file f);
double *nm_permuted(nm_job *job, nm_shape s, const int *perm, const double *x); /* axis d is axis perm[d] of s */
double *nm_row_major(nm_job *job, nm_shape s, const double *x);                 /* of column-major x */
typedef struct nm_array {  /* one of several in a file */
    const char *name;
    nm_tensor t;
    const char *why;       /* it cannot be used, or NULL */
} nm_array;
typedef struct nm_arrays {
    const char *path, *format;
    char hash[65];
    size_t n, cap;
    nm_array *a;
} nm_arrays;
void nm_read_mat(nm_job *job, nm_file f, nm_arrays *a);
void nm_read_npz(nm_job *job, nm_file f, nm_arrays *a);
/* the inflated bytes, [want] and a NUL; `raw`: without zlib's header; `whole`: the stream ends there; NULL: broken */
unsigned char *nm_inflate(nm_job *job, const char *path, const void *p, size_t n, size_t want, bool raw, bool whole);
nm_arrays *nm_arrays_read(nm_job *job, nm_file f);  /* .mat or .npz by content; NULL when it is neither */
nm_arrays *nm_arrays_open(nm_job *job, const char *path);
nm_array *nm_arrays_add(nm_job *job, nm_arrays *a, const char *name);
const nm_tensor *nm_arrays_get(nm_job *job, const nm_arrays *a, const char *name, const char *where);
nm_graph *nm_read_netjson(nm_job *job, nm_file f);
typedef struct nm_netjson { /* netmip's own network while it is read */
    nm_job *job;
    nm_graph *g;
    const char *where, *dir;
    bool hwc, hwio, io;    /* axes: images, convolution kernels, matrices */
    nm_arrays *arrays;     /* the file of "arrays", or NULL */
    nm_arrays **open;      /* [n_open] files that constants named */
    size_t n_open, cap_open;
    nm_buf parts;          /* hashes of the files read */
    const char **made;     /* [n_made] the input and the value of each layer */
    size_t n_made, cap_made;
    struct nm_twin { const char *hwc, *chw; } *twin; /* [n_twin] images that are there in both orders of axes */
    size_t n_twin, cap_twin;
} nm_netjson;
/* the constant x, known as `name`; of MATLAB's arrays it has `rank` dimensions at least, and may be a vector for 0 */
nm_value nm_netjson_const(nm_netjson *r, const nm_json *x, const char *name, int rank);
void nm_netjson_arrays(nm_netjson *r, const char *file);
bool nm_netjson_is_fraction(const char *attr);     /* an attribute that is no integer */
const char *nm_netjson_layer(nm_netjson *r, const nm_json *layer, const char *name, const char *in);
void nm_write_npy(nm_job *job, const char *path, nm_shape shape, const double *x);
nm_tensor nm_read_idx(nm_job *job, nm_file f, int64_t index, bool labels);
bool nm_cifar_is(nm_file f);
int64_t nm_cifar_count(nm_job *job, nm_file f);
nm_tensor nm_read_cifar(nm_job *job, nm_file f, int64_t index, bool labels);
nm_tensor nm_read_png(nm_job *job, nm_file f);
nm_tensor nm_read_pnm(nm_job *job, nm_file f);
bool nm_csv_is(nm_file f);                         /* by its name, and no binary data in it */
nm_tensor nm_read_csv(nm_job *job, nm_file f, int64_t index);
nm_tensor nm_csv_table(nm_job *job, nm_file f);    /* all lines: [rows][numbers in each] */
nm_tensor nm_image_any(nm_job *job, nm_file f, int64_t index); /* as it stands in the file; index -1: all of it */
nm_tensor nm_image_fit(nm_job *job, const nm_net *net, nm_tensor t, const char *what); /* as the network's input */
/* FILE[:INDEX]; bytes are scaled by 1/255; x has net's flat input size */
nm_tensor nm_image_read(nm_job *job, const nm_net *net, const char *spec);
int64_t nm_label_read(nm_job *job, const char *path, int64_t index);
typedef struct nm_dataset { /* many images or labels in one file: IDX, NPY, CSV, CIFAR-10 .bin */
    nm_file f;
    char hash[65];
    int64_t count;
    const double *label;   /* [count] of labels, else NULL */
    nm_tensor all;         /* of an NPY file of images: all of them; else x is NULL */
} nm_dataset;
nm_dataset nm_dataset_open(nm_job *job, const nm_net *net, const char *path); /* images; refuses what is none */
nm_tensor nm_dataset_get(nm_job *job, const nm_net *net, const nm_dataset *d, int64_t index);
nm_dataset nm_labels_open(nm_job *job, const char *path);  /* labels; refuses what is no list of integers */
int64_t nm_dataset_label(nm_job *job, const nm_dataset *d, int64_t index);
int64_t nm_csv_count(nm_file f);   /* lines that hold numbers */
int64_t nm_spec_split(nm_job *job, const char *spec, char **path); /* index, or -1 when none */
typedef struct nm_sexpr {  /* a word, or a list with n members */
    const char *word;
    size_t len, n;
    struct nm_sexpr *first, *next;
    int line, col;
} nm_sexpr;
nm_sexpr *nm_sexpr_read(nm_job *job, nm_file f); /* a list of all top-level expressions */

/* ---- formula.c: what VNN-LIB 1 and 2 share ---------------------------------------------------- */
typedef struct nm_lterm { uint32_t var; double coef; } nm_lterm;
typedef struct nm_linear { size_t n, cap; nm_lterm *t; double c; } nm_linear; /* sum of terms + c */
typedef struct nm_conj nm_conj;
typedef struct nm_dnf { size_t n; const nm_conj **d; } nm_dnf;
typedef struct nm_formulas {
    nm_job *job;
    const char *path, *equal; /* how equality is written */
    bool chains;           /* a <= b <= c may stand as one comparison */
    void *names;           /* of the reader: */
    /* is this word a variable: 2j for output j, 2i+1 for input i; it may throw */
    bool (*variable)(const struct nm_formulas *f, const nm_sexpr *e, uint32_t *var);
    const char *(*name)(const struct nm_formulas *f, size_t input);
    bool strict;           /* some < or > was met */
    size_t n_x, n_y;
    const nm_conj *all;    /* of plain asserts */
    size_t n_ors, cap_ors;
    nm_dnf *ors;           /* of the others */
    uint32_t *seen;        /* scratch: [cap_seen] by variable */
    size_t cap_seen, n_atoms, cap_atoms, cap_stack;
    const struct atom **atoms;
    const nm_conj **stack;
} nm_formulas;
void nm_formulas_assert(nm_formulas *f, const nm_sexpr *e);
nm_query *nm_formulas_query(nm_formulas *f, size_t n_x, size_t n_y);
/* meets the box with a row over one input; true: the row says more than the box, which was stepped outwards */
bool nm_box_row(const nm_row *r, size_t n_out, double *lo, double *hi);

nm_query *nm_read_vnnlib(nm_job *job, const nm_net *net, const char *path); /* versions 1 and 2 */
nm_query *nm_read_vnnlib2(nm_job *job, const nm_net *net, nm_file f, const nm_sexpr *all);
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
void nm_png_write(nm_job *job, const char *path, size_t w, size_t h, bool is_grey, const unsigned char *p);

/* ---- infix.c: "2*Y_0 - Y_1 + 0.5 <= X_3" ------------------------------------------------------ */
typedef struct nm_rows { size_t n, cap; nm_row *row; } nm_rows;
nm_row nm_form_parse(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in); /* row - rhs */
void nm_rows_parse(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in, nm_rows *out);
void nm_form_put(nm_buf *b, const nm_row *r, size_t n_out); /* without its rhs */
void nm_row_put(nm_buf *b, const nm_row *r, size_t n_out);

/* ---- ask.c: a question from flags ----------------------------------------------------------- */
typedef struct nm_ask {
    const char *image, *label, *labels, *perturb, *domain, *target, *margin, *objective, *guard, *differ;
    const double *x;       /* [n_in] the image itself, or NULL */
    const char *dir;       /* that files of --perturb are relative to, with its slash, or NULL */
    bool set_only;         /* the input set: clauses come from elsewhere */
} nm_ask;
typedef struct nm_around { /* a question around an image */
    const double *x, *y;   /* [n_in]; [n_out] float64 outputs there, or NULL: not known yet */
    int64_t label;         /* or -1: as predicted */
    const nm_sets *sets;   /* of --perturb */
    double lo, hi;         /* the domain */
    bool own_range;        /* the domain is the range that the network's file states, where it does */
    nm_shape shape;        /* of the image where the network's says less, or of rank 0 */
    const bool *targets;   /* [n_out] or NULL for all but the label */
    size_t top;            /* K: the label must not be among the K largest; 0 and 1: one that beats it is enough */
    double margin, guard;
    bool set_only;         /* no clauses */
    nm_objective objective;
    nm_norm norm;          /* of closest */
} nm_around;
void nm_around_image(nm_around *a, const nm_net *net, nm_tensor t);
nm_query *nm_query_around(nm_job *job, const nm_net *net, const nm_around *a);
nm_around nm_around_ask(nm_job *job, const nm_ask *a); /* all but image, label and targets */
nm_query *nm_query_ask(nm_job *job, const nm_net *net, const nm_ask *a);

/* ---- scalecheck.c: warnings of values that are probably in other units ---------------------------- */
void nm_check_means(nm_job *job, const nm_net *net, double lo, double hi); /* lo, hi: the domain */
void nm_check_radius(nm_job *job, const nm_net *net, const nm_sets *s, double lo, double hi);
/* lo, hi: of the values of images; dlo, dhi: the domain */
void nm_check_values(nm_job *job, const nm_net *net, const char *what, bool bytes, double lo, double hi, double dlo,
                     double dhi);
void nm_check_around(nm_job *job, const nm_net *net, const nm_around *a, nm_tensor t, const char *what); /* all three */
void nm_around_domain(const nm_net *net, const nm_around *a, double *lo, double *hi); /* over all inputs */
void nm_query_label(nm_job *job, const nm_ask *a, nm_query *q, nm_case *c); /* clauses of target and margin */

/* ---- measure.c: questions that are not about one label ---------------------------------------- */
/* a label's margin; the range of a form; of two networks: the largest difference, whether it reaches D, whether the
 * largest outputs differ */
typedef enum { NM_MARGIN, NM_OF_FORM, NM_OF_DIFFERENCE, NM_DIFFERS, NM_CLASSES } nm_measure;
nm_measure nm_measure_of(nm_job *job, const nm_net *net, const nm_ask *a); /* refuses what does not go together */
bool nm_measure_open(const nm_query *q);   /* its cases are input sets alone */
void nm_measure_set(nm_job *job, const nm_net *net, nm_measure m, const nm_ask *a, nm_query *q); /* all clauses */

/* ---- read/queryjson.c, read/queryfile.c: netmip's own questions; a map carries one -------------- */
typedef struct nm_queryjson { /* while it is read */
    nm_job *job;
    const char *where, *dir;
    const nm_net *net; /* or NULL */
    const nm_json *top;
    nm_query *q;
    nm_ask ask;
    nm_measure measure;
    size_t cap;
} nm_queryjson;
void nm_queryjson_clauses(nm_queryjson *r, const nm_json *list, size_t icase, nm_case *c);
/* box and rows of x meet what the case has; without lo and hi, rows of one input are the box */
void nm_queryjson_meet(nm_queryjson *r, const nm_json *x, nm_case *c);
void nm_query_write(nm_buf *b, const nm_query *q);
nm_query *nm_query_parse(nm_job *job, const nm_json *j, const char *where); /* one that says all itself */
void nm_queryjson_check(nm_job *job, const nm_json *j, const char *where); /* its members are known ones */
bool nm_query_is(nm_file f);               /* by content */
nm_query *nm_read_queryjson(nm_job *job, const nm_net *net, nm_file f);
void nm_queryjson_print(nm_job *job, nm_buf *b, nm_file f, bool json); /* as it stands, without a network */
/* what a JSON question says of the networks, before they are read; NULL where it does not, and for VNN-LIB */
typedef struct nm_preface { const char *against; const nm_front *front; } nm_preface;
nm_preface nm_query_preface(nm_job *job, const char *path);
const nm_front *nm_query_front_of(nm_job *job, const nm_json *j, const char *where);
/* as a flag says it; NULL for NULL */
const char *nm_queryjson_text(nm_job *job, const nm_json *x, const char *key, const char *where);
nm_query *nm_query_read(nm_job *job, const nm_net *net, const char *path); /* VNN-LIB or JSON, by content */

/* ---- verify.c: the judge -------------------------------------------------------------------- */
typedef struct nm_replay {
    const double *x;       /* [n_in] the point, inside the input set */
    const double *g;       /* generators of which it is the rounded image, or NULL */
    double *y64, *y32;     /* [n_out] */
    double margin64, margin32; /* max over the clause's rows of row - rhs: <= 0 is a counterexample */
    double err64;          /* bound on the rounding error of margin64 */
    bool is_inside;        /* in the input set, its linear rows included */
    bool is_violated;      /* inside, and margin64 + err64 <= 0 */
    size_t icase, iclause;
    double linf, l1, l2;   /* distance from the image, when there is one */
    size_t l0;
    double away;           /* closest: the exact point's distance in the question's norm, rounded up */
} nm_replay;
/* Projects x, generators where the case has them, into case icase and judges it against every clause of it (or `only`,
 * unless -1). */
nm_replay nm_verify(nm_job *job, const nm_net *net, const nm_query *q, size_t icase, int64_t only,
                    const double *x);

/* ---- near.c ---------------------------------------------------------------------------------- */
typedef struct nm_near {   /* the search for points near the image */
    nm_job *job;
    const nm_net *net;
    const nm_query *q;
    nm_walk **walk;        /* [n_cases] over the case's rows, from its generators where it has them */
    const nm_case **over;  /* [n_cases] what the walk starts in: box of inputs or of generators */
    const uint32_t **row;  /* [n_cases][n_clauses] first row of a clause */
    double value, tie_value; /* distances, rounded up; INFINITY: none yet */
    nm_replay best, tie;   /* a counterexample; a point that float64 cannot tell from the boundary */
    double *g[2];          /* [most generators of a case] theirs */
    double slack;          /* a point may miss by so much more: what its model was relaxed by */
} nm_near;
/* points are inputs, or generators where the case has them */
nm_near *nm_near_new(nm_job *job, const nm_net *net, const nm_query *q, const nm_program *p);
bool nm_near_take(nm_near *n, size_t icase, int64_t iclause, const double *x); /* judges; true: a counterexample */
/* looks for counterexamples to the n listed clauses near the image, from everywhere at once; not over generators, where
 * the attack's finds are drawn near */
void nm_near_search(nm_near *n, size_t icase, size_t n_clauses, const size_t *clause, uint64_t seed);
/* walks from `start` to the nearest counterexample of its neighbourhood; true: a nearer one was found */
bool nm_near_from(nm_near *n, size_t icase, size_t iclause, const double *start);

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
    /* what of a node without a unit to branch on: NM_OK: excluded; NM_VIOLATED: x is a counterexample; or NM_UNKNOWN */
    int (*leaf)(void *arg, const nm_bounds *b, double *x);
    void *arg;
} nm_branch_opts;
typedef struct nm_cube { const nm_bounds *b; nm_signs signs; } nm_cube; /* bounds of a branch, and what it assumes */
typedef struct nm_branch {
    int status;            /* NM_OK: excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t nodes, n_cubes;
    nm_cube *cube;
    double *x;             /* [n_in] */
    bool is_leaf;          /* x is a leaf's */
} nm_branch;
/* branches on signs of units; row `which` of the clause cuts, rhs includes the guard */
nm_branch nm_branch_run(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, const uint32_t *row,
                        size_t which, double rhs, nm_branch_opts o);

/* ---- solve.c: the pipeline ------------------------------------------------------------------ */
typedef struct nm_solve_opts {
    nm_by level;           /* of bounds; from NM_BY_ALPHA on with conditioned tightening of open targets */
    size_t threads;        /* processes that bound units and solve cubes */
    size_t depth;          /* of cubes; 0: one model a target */
    const nm_runner *solver, *confirm; /* programs of their own; NULL: the embedded solver, nobody */
    const char *keep;      /* folder of their files */
    size_t memory;         /* megabytes that they may use; 0: no limit */
    const char *encoding;  /* as nm_encoding_find reads it; NULL: bigm */
    const nm_dialect *dialect; /* of written models; NULL: generic */
    bool fixed, cuts, comments; /* as nm_write_opts has them */
    const char *start;     /* attack, image or a file; or NULL */
    bool priorities, options_file; /* also written */
    bool own_guard;        /* the question's guard alone: files are not relaxed by what tolerances can move (guard.c) */
    bool two_sided;        /* binaries also for units that need none */
    bool evaluate, fold, attack, split, units, branch, solve, always_write;
    size_t nodes, boxes;   /* of branching and splitting, for a target or case; 0: the usual */
    double time_limit;     /* seconds of wall clock for the whole query */
    uint64_t seed;
    const char *out;       /* compile: where models go, or NULL */
    const char *said;      /* what a map calls its model, or NULL: as it was written */
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
    const char *by;        /* evaluation, bounds, attack, tree; of points and of decoded files: solver */
    size_t nodes;          /* of the tree over its model */
    double margin_lo;      /* proven lower end of the row that closes it best, minus its rhs */
    const nm_bounds *tight; /* bounds for counterexamples to it alone, or NULL */
    const char *file, *mark; /* model written for it, and its mark */
    const nm_cube *cube;   /* with cubes: the open ones */
    size_t n_cubes;
    const char **cube_file, **cube_mark;
    size_t rows, cols, nz, bins;
    double objective, bound;
    const nm_replay *best; /* of NM_RANGE: where the objective is attained */
} nm_target;

typedef struct nm_range {  /* an end of what is measured: certified; attained by a replay, or NULL */
    double bound, value;
    const nm_replay *at;
    const char *file, *target; /* where it was written; which one attains it */
} nm_range;
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
    bool has_range;        /* of NM_RANGE */
    nm_range least, most;  /* bound NaN: not asked for */
    double tie;            /* closest: 0, or the value is a tie's (NM_TIE_TOL) and this the nearest strict one's */
    double claim;          /* a bound that a solver's file or log claims; has_claim */
    bool has_claim;
    bool certified;        /* of holds and of proven values: nothing rests on a solver's word */
    const char *solver;    /* of decoded files: whose word it is, or NULL */
    double guard;          /* of decoded files: the guard that covers it */
    nm_tolerance tolerance; /* and the tolerances that it covers */
    const char *why;       /* of an unknown */
};
/* what the stages share: row[clause][r] is the unit of the query block that holds row r */
typedef struct nm_bounded { nm_bounds *b; uint32_t **row; size_t first; nm_work work; } nm_bounded;
typedef struct nm_state {
    nm_job *job;
    const nm_net *net;
    const nm_query *q;
    const nm_solve_opts *o;
    const nm_program *p;
    nm_verdict *v;
    nm_bounded *cases;     /* [n_cases]; first: index of the case's first target */
    double deadline;       /* nm_wall, or infinity */
    bool nearest;          /* counterexamples are to be near the image */
} nm_state;

/* ---- targets.c ------------------------------------------------------------------------------- */
void nm_state_open(nm_state *s);
bool nm_target_open(const nm_target *t);
/* Takes a replay: a new witness, or a better incumbent. True when it settles a decision question. */
bool nm_state_take(nm_state *s, const nm_replay *r, const char *by);

/* ---- range.c: the two ends of a measured value -------------------------------------------------- */
bool nm_range_open(const nm_state *s, const nm_target *t); /* it may still move an end */
void nm_range_probe(nm_state *s, size_t i);  /* attained values by descent, and better bounds, of case i */
void nm_range_conclude(const nm_query *q, nm_verdict *v);
void nm_range_json(nm_buf *b, const nm_query *q, const nm_verdict *v);
void nm_range_text(nm_buf *b, const nm_query *q, const nm_verdict *v);
void nm_range_files(nm_job *job, const char *dir, const nm_query *q, nm_verdict *v);

/* ---- leaf.c ---------------------------------------------------------------------------------- */
typedef struct nm_leaf { nm_state *s; nm_target *t; } nm_leaf;
/* for nm_branch_opts: arg is an nm_leaf; x [n_in] */
int nm_leaf_solve(void *arg, const nm_bounds *b, double *x);
/* x, a counterexample or else a point on the boundary, becomes the counterexample of its linear region within b that
 * is nearest to the image; generators where the case has them; false: there is none, or none nearer */
bool nm_leaf_nearest(const nm_leaf *at, const nm_bounds *b, bool is_counter, double *x);
/* bounds of the linear region that the binaries of a solution say */
nm_bounds *nm_leaf_region(const nm_state *s, const nm_encoded *e, const nm_sol *sol);
/* the question's input that columns v stand for */
const double *nm_leaf_input(const nm_state *s, const nm_encoded *e, size_t icase, const double *v);

/* ---- close.c: stages on case i; true: the question is settled --------------------------------- */
void nm_close_bounds(nm_state *s, size_t i);
void nm_close_count(nm_state *s);
size_t nm_close_restarts(const nm_program *p);
bool nm_close_attack(nm_state *s, size_t i, const double *start, size_t n_restarts);
void nm_close_tighten(nm_state *s, size_t i);
void nm_close_units(nm_state *s, size_t i);
bool nm_close_branch(nm_state *s, size_t nodes); /* of each target */
void nm_close_cubes(nm_state *s); /* branches of the open targets that are left, as cubes */
bool nm_close_split(nm_state *s, size_t i);

/* ---- start.c ---------------------------------------------------------------------------------- */
/* values of the model's columns, at the point that --start asks for */
double *nm_trace(nm_job *job, const nm_program *p, const double *x); /* [n_units] values of all units at x, float64 */
double *nm_start_of(nm_state *s, const nm_target *t, const nm_encoded *e);

/* ---- compile.c: models of what is open -------------------------------------------------------- */
#define NM_COMBINE "any violated: violated; all hold: holds; else unknown" /* of a manifest's targets */
#define NM_COMBINE_CUBES "a target holds when all its cubes do; the branches that are not listed are closed"
/* the model of a target; q: the question, or the same with another objective; cube: bounds of a branch, or NULL */
nm_encoded nm_models_encode(nm_state *s, const nm_query *q, nm_target *t, const nm_cube *cube, nm_encode_opts o);
/* writes a target's model for dialect d (NULL: the one asked for) with its map; returns the file's name */
const char *nm_models_write_one(nm_state *s, nm_target *t, nm_encoded e, const char *stem, const char *suffix,
                                const nm_dialect *d);
void nm_models_write(nm_state *s);
void nm_models_sayable(nm_job *job, const nm_query *q, const nm_solve_opts *o); /* refuses what --dialect cannot say */

/* ---- solve_models.c: the models of open targets, solved ------------------------------------------------ */
typedef struct nm_proof {  /* what the tree proved of a model */
    int status;            /* NM_OK: no integer point within the cap; NM_VIOLATED: input is a counterexample; NM_UNKNOWN */
    double bound;          /* proven, of the objective without the model's constant; INFINITY: no point */
    double tie;            /* of an unknown: how near to the cap what rounding left open lies, or NaN */
    const double *best, *input; /* [n_cols] the incumbent, [width] the best input that was judged; or NULL */
    const double *outside; /* [width] outside of an L2 ball: a tangent there makes the model tighter; or NULL */
    double value;          /* of the incumbent */
    size_t nodes;
} nm_proof;
nm_proof nm_models_prove(nm_state *s, nm_target *t, const nm_encoded *e, size_t nodes);
const nm_sol *nm_models_ask(nm_state *s, nm_target *t, nm_encoded e);  /* the same, as a solution whose bound is proven */
const double *nm_models_input(nm_state *s, const nm_encoded *e, const nm_sol *sol, size_t icase);
bool nm_models_solve(nm_state *s);

/* ---- refine.c: values by decisions -------------------------------------------------------------- */
void nm_refine(nm_state *s);

/* ---- closest.c ------------------------------------------------------------------------------- */
void nm_closest(nm_state *s); /* stages and verdict */

nm_verdict *nm_solve_query(nm_job *job, const nm_net *net, const nm_query *q, const nm_solve_opts *o);

/* ---- decode.c, manifest.c ------------------------------------------------------------------------ */
const nm_net *nm_map_net(nm_job *job, const nm_map *m, const char *map_path); /* its network, by the hash */
/* s: as the file says it, in the file's own units */
nm_verdict *nm_decode_sol(nm_job *job, const nm_map *m, const char *map_path, const nm_sol *s, const char *sol_path);
/* path is a map, with one solution and perhaps its log, or a manifest, with solutions of its models in any order */
nm_verdict *nm_decode(nm_job *job, const char *path, size_t n, const char *const *sols, const char *log,
                      const nm_query **query);

/* ---- report.c ------------------------------------------------------------------------------- */
typedef struct nm_files { /* NULL: not written */
    const char *witness, *image, *picture, *generators;
    bool is_kernel;
} nm_files;
nm_files nm_report_files(nm_job *job, const char *dir, const nm_query *q, const nm_replay *r);
void nm_report_json(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f, bool compiled);
void nm_report_text(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f, bool compiled);

/* ---- inspect.c: what a network is made of, for a reader or as JSON --------------------------- */
void nm_inspect_net(nm_job *job, nm_buf *out, const nm_net *net, bool json);
void nm_inspect_arrays(nm_job *job, nm_buf *out, const nm_arrays *a, bool json);

/* ---- inspectmodel.c: a model file, with its map when that stands beside it; unit and row may be NULL --- */
void nm_inspect_model(nm_job *job, nm_buf *out, const char *path, const char *unit, const char *row, bool json);

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
const char *nm_cli_guard(const nm_cli *c); /* the number of --guard, or NULL where it is auto */
double nm_cli_num(nm_job *job, const nm_cli *c, nm_opt o, double dflt);
/* choices a|b|c, the first is the default */
const char *nm_cli_pick(nm_job *job, const nm_cli *c, nm_opt o, const char *choices);
nm_net *nm_cli_net(nm_job *job, const nm_cli *c); /* the first file, and what it is compared with */
nm_query *nm_cli_question(nm_job *job, const nm_cli *c, const nm_net *net);
const nm_front *nm_cli_front(nm_job *job, const nm_cli *c); /* NULL: no flag of it */
void nm_cli_help(nm_buf *b);

/* ---- verbs.c, verb/: the rows VERB of menu.def: the answer goes to out; gives the exit code --- */
#define VERB(name, use, help) int nm_verb_##name(nm_job *job, const nm_cli *c, nm_buf *out);
#include "menu.def"
#undef VERB
nm_by nm_cli_level(nm_job *job, const nm_cli *c);
size_t nm_cli_whole(nm_job *job, const nm_cli *c, nm_opt o, double dflt, int lo, int hi);
nm_solve_opts nm_cli_solve_opts(nm_job *job, const nm_cli *c, bool compile);
void nm_cli_range(nm_job *job, const nm_cli *c, int64_t count, int64_t *from, int64_t *to); /* --range */
void nm_cli_files(nm_job *job, const nm_cli *c, int lo, int hi, const char *what); /* how many were expected */
bool nm_cli_dump(nm_job *job, const nm_cli *c, nm_buf *out, const nm_net *net, const nm_query *q);

#endif
