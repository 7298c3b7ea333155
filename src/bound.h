/* bound.h: graphs, programs, questions, bounds and what tightens them. Included by all.h alone. */
#ifndef NM_BOUND_H
#define NM_BOUND_H

/* ---- node.c: values, nodes and attributes of a graph ---------------------------------------- */
typedef enum { NM_F32, NM_F64, NM_I64, NM_BOOL } nm_dtype;
typedef enum { NM_OPEN, NM_CHW, NM_HWC } nm_order; /* of the axes of an image; NM_OPEN: nobody said it */
typedef struct nm_shape { int rank; int64_t dim[NM_MAXRANK]; nm_order order; } nm_shape;

typedef struct nm_value {
    const char *name;
    nm_dtype type;
    nm_shape shape;
    size_t n;              /* elements */
    const double *data;    /* [n] when constant, else NULL; float32 widened exactly */
    int maker;             /* node that makes it, or -1 */
} nm_value;

typedef enum { NM_A_INT, NM_A_FLOAT, NM_A_STR, NM_A_INTS, NM_A_FLOATS, NM_A_TENSOR } nm_akind;
typedef struct nm_attr {
    const char *name;
    nm_akind kind;
    int64_t i;
    double f;
    const char *s;
    size_t n;
    const int64_t *ints;
    const double *floats;
    const nm_value *tensor;
    bool seen;             /* asked for by the op: what nobody asked for is refused */
} nm_attr;

/* what a reader promises of a node's output and net.c checks: nothing; the shape of input 0; also that no input is
 * spread: every one has as many elements */
typedef enum { NM_KEEPS_NOTHING, NM_KEEPS_SHAPE, NM_KEEPS_ALL } nm_keeps;

typedef struct nm_op nm_op;
typedef struct nm_node {
    const nm_op *op;
    const char *name, *type;
    int n_in, n_out;
    int *in, *out;         /* values; an absent optional input is -1 */
    int n_attrs;
    nm_attr *attrs;
    nm_keeps keeps;
    const void *plan;      /* what the op's `plan` worked out, for eval and lower */
} nm_node;

typedef struct nm_front { const char *mean, *std, *channels; } nm_front; /* as flags said it; NULL: not said */
struct nm_net {
    const char *path, *format;
    char hash[65];         /* SHA-256 of the file's unpacked bytes, and of the files that it reads arrays from */
    int64_t opset;
    size_t n_values, n_nodes;
    nm_value *values;
    nm_node *nodes;        /* in an order of evaluation */
    size_t n_inputs, n_outputs;
    int *inputs, *outputs; /* values; the flat input is their concatenation */
    nm_node *const *tail;  /* [n_outputs] monotone op of the file behind it, left out of all but eval; or NULL */
    size_t n_in, n_out;    /* flat sizes */
    const double *lo, *hi; /* [n_in] the range that the file states for its inputs, or NULL: known, not enforced */
    const nm_front *front; /* what was put before it, or NULL */
    nm_shape image;        /* the input as [C,H,W] or [H,W,C], where operators or flags say it (order.c) */
    const char *image_by;  /* who says so; with image.rank 0 what speaks against any image, or NULL */
    const nm_net *first, *second; /* of two joined ones (join.c), or NULL */
};

/* One evaluation of a net in the arithmetic of `f32`; err, when present, bounds |val - exact|. */
typedef struct nm_eval {
    nm_job *job;
    const nm_net *net;
    bool f32;
    double **val;          /* [n_values][n] */
    double **err;          /* [n_values][n] or NULL */
} nm_eval;

typedef struct nm_lowering nm_lowering;
struct nm_op {
    const char *names;     /* space separated, as ONNX spells them */
    int min_in, max_in, max_out, since, until;               /* the opsets that have it, of 7 to 21 */
    void (*plan)(nm_job *job, nm_net *net, nm_node *node);   /* shapes; honours or refuses attributes */
    void (*eval)(nm_eval *e, const nm_node *node);           /* NULL: refused, and `notes` says why */
    void (*lower)(nm_lowering *l, const nm_node *node);      /* NULL: an nm_tail, at outputs alone */
    const char *notes;     /* for the table of `inspect --ops`: what is not honoured */
};

/* a value made of elements of others: i is element at[i] of input which[i], or `fill` where at[i] < 0 */
typedef struct nm_pick { const int32_t *which, *at; double fill; } nm_pick; /* which NULL: input 0 */

/* what a question about the output's input may compare: elements of one group (tail.c) */
typedef enum { NM_RISING, NM_SHARE, NM_SHIFT, NM_CHOICE } nm_tailkind;
typedef struct nm_tail {
    nm_tailkind kind;      /* x -> f(x) element by element, softmax, log of softmax, argmax */
    size_t len, inner;     /* of the axis; elements between two of its elements */
} nm_tail;

_Noreturn void nm_refuse(nm_job *job, const nm_net *net, const nm_node *node, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
nm_attr *nm_attr_find(nm_node *node, const char *name);      /* marks it seen */
int64_t nm_attr_int(nm_job *job, nm_net *net, nm_node *node, const char *name, int64_t dflt);
double nm_attr_float(nm_job *job, nm_net *net, nm_node *node, const char *name, double dflt);
const char *nm_attr_str(nm_job *job, nm_net *net, nm_node *node, const char *name,
                        const char *dflt);
size_t nm_attr_ints(nm_job *job, nm_net *net, nm_node *node, const char *name, size_t want,
                    int64_t *out, int64_t dflt);             /* 0 when absent (out = dflt) */
size_t nm_shape_size(nm_job *job, nm_shape s);
nm_shape nm_shape_of(int rank, const int64_t *dim);
bool nm_shape_eq(nm_shape a, nm_shape b);
const char *nm_shape_print(nm_job *job, nm_shape s);
int nm_axis(nm_job *job, nm_net *net, nm_node *node, int64_t axis, int rank);
void nm_out_shape(nm_job *job, nm_net *net, nm_node *node, int k, nm_shape s);
const nm_value *nm_in(const nm_net *net, const nm_node *node, int k); /* NULL when absent */
bool nm_is_const(const nm_net *net, const nm_node *node, int k);
nm_shape nm_broadcast(nm_job *job, nm_net *net, nm_node *node, nm_shape a, nm_shape b);
size_t nm_broadcast_at(nm_shape out, nm_shape in, size_t i); /* element of `in` under element i */
/* integers of attribute `name` (old opsets) or of constant input k (new ones), cut to +-2^40; -1: neither is there */
int nm_node_list(nm_job *job, nm_net *net, nm_node *node, const char *name, int k, int64_t out[2 * NM_MAXRANK]);
void nm_pick_eval(nm_eval *e, const nm_node *node);          /* plan: an nm_pick an output */
/* picks where element i of axis d of `out` is element map[d][i] of axis d of `in`; -1: fill */
const int32_t *nm_pick_axes(nm_job *job, nm_shape in, nm_shape out, int64_t *const *map);
/* out = sum of a[i*sa] * b[i*sb], i < n, plus start; err gets a bound on the rounding */
/* |a| e, never 0 by underflow */
double nm_eval_carry(double a, double e);
double nm_eval_dot(const nm_eval *e, size_t n, const double *a, size_t sa, const double *b,
                   const double *berr, double start, double *err);

/* ---- program.c: the same function as blocks ------------------------------------------------- */
typedef enum { NM_INPUT, NM_AFFINE, NM_RELU, NM_MAX } nm_kind;
typedef enum { NM_DENSE, NM_CONV, NM_SPARSE, NM_GATHER } nm_linkind;

typedef struct nm_geo {  /* a convolution over [C,H,W] giving [O,P,Q]; 1-D has H = 1 */
    int64_t groups, c, h, w, o, p, q, kh, kw, sh, sw, dh, dw, ph, pw;
} nm_geo;

typedef struct nm_lin {
    nm_linkind kind;
    int src;               /* the block it reads */
    size_t rows, cols;
    size_t fan;            /* most nonzeros in a column: the terms of one sum of `pull` */
    const double *w;       /* DENSE [rows8][cols8], CONV [o][patch8], SPARSE [nnz], GATHER [rows] or NULL = 1 */
    const double *wt;      /* CONV [groups][patch][o/groups rounded up to 8] */
    const uint32_t *idx;   /* SPARSE [nnz] columns, GATHER [rows] sources (UINT32_MAX: none) or NULL = same */
    const size_t *ptr;     /* SPARSE [rows+1] */
    nm_geo geo;
    const int32_t *cells;  /* CONV [p*q][patch] cell of the first group's channels, or -1 in the padding */
} nm_lin;

typedef struct nm_block {
    nm_kind kind;
    const char *name;      /* the node that it comes from */
    size_t n, first;       /* units; index of the first one, a multiple of 8 */
    int src;               /* RELU, MAX: the block below */
    size_t n_lin;          /* AFFINE */
    nm_lin *lin;
    double *bias;          /* AFFINE [n] */
    const size_t *ptr;     /* MAX [n+1]: group members */
    const uint32_t *idx;   /* MAX: units of src, relative to it */
    size_t fan;            /* terms that `pull` sums into one unit of this block, over all readers */
    bool is_pre;           /* some RELU or MAX, or the query, reads it: its bounds matter */
} nm_block;

struct nm_program {
    size_t n_blocks, n_units;
    nm_block *blocks;      /* a block refers only to earlier ones; block 0 is the INPUT */
    int32_t *out;          /* [n_out] unit of each output, or -1 */
    double *out_const;     /* [n_out] its value where out is -1 */
    size_t n_out, x_first; /* x_first: unit of the network's first input: 0, or behind generators */
};
typedef struct nm_program nm_program;

static inline size_t nm_pad8(size_t n) { return (n + 7) & ~(size_t)7; }
nm_block *nm_program_add(nm_job *job, nm_program *p, nm_kind kind, const char *name, size_t n);
nm_lin *nm_block_lin(nm_job *job, nm_block *b, nm_linkind kind, int src, size_t rows, size_t cols);
void nm_program_finish(nm_job *job, nm_program *p); /* fuses, drops unread blocks, numbers, checks */
int nm_program_block(const nm_program *p, size_t u);
void nm_lin_row(const nm_lin *a, size_t i, void (*put)(void *, size_t j, double w), void *arg);
void nm_program_print(nm_buf *b, const nm_program *p);
const char *nm_kind_name(nm_kind k);
void nm_sparse_fill(nm_job *job, nm_lin *a, size_t n, const uint32_t *row, const uint32_t *col,
                    const double *w);                /* entries sorted by row */

/* ---- vecop.c: a linear operator and one vector ------------------------------------------------- */
/* y += A x; dense rows whose want is below 0 may be left as they are (NULL: none) */
void nm_lin_mv(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x, double *y, const int32_t *want);
void nm_lin_mtv(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *y, double *x); /* x += A' y */

/* ---- linop.c: the operator calls of a block ------------------------------------------------- */
void nm_lin_set_cells(nm_job *job, nm_lin *a); /* CONV: fills `cells` */
/* y[rows] += A c; ry += |A| r; my += |A| m: each at most (terms+4) ulp of my away; arrays padded to 8 */
void nm_lin_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c,
                   const double *r, const double *m, double *yc, double *yr, double *ym);
/* y[rows8][NM_LANES] += A x[cols8][NM_LANES] */
void nm_lin_apply(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x, double *y);
/* x[cols8][NM_LANES] += the listed units of y pulled back; live marks touched columns */
void nm_lin_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, size_t n, const uint32_t *unit,
                 const double *y, double *x, unsigned char *live, const unsigned char *dead);

/* ---- window.c -------------------------------------------------------------------------------- */
enum { NM_WIN = 3 };       /* dimensions of a window at most; fewer are the last ones, the others have size 1 */
typedef struct nm_win {
    int dims;
    int64_t c, in[NM_WIN], out[NM_WIN], k[NM_WIN], s[NM_WIN], d[NM_WIN], lo[NM_WIN], hi[NM_WIN]; /* lo, hi: pads */
    bool over;             /* ceil_mode: a last window leaves the padded input */
} nm_win;
/* strides, pads, dilations of x [1,C,..] with `dims` dimensions of `kernel`, without auto_pad and output sizes */
nm_win nm_window_read(nm_job *job, nm_net *net, nm_node *node, nm_shape x, const int64_t *kernel);
nm_win nm_window(nm_job *job, nm_net *net, nm_node *node, nm_shape x, const int64_t *kernel, bool ceil_mode);
nm_shape nm_window_shape(const nm_win *w, int64_t channels);
size_t nm_window_size(nm_job *job, const int64_t n[NM_WIN]);
int64_t nm_window_cell(const nm_win *w, const int64_t o[NM_WIN], const int64_t k[NM_WIN]); /* or -1: padding */
void nm_window_step(int64_t n[NM_WIN], const int64_t limit[NM_WIN]); /* counts up, the last dimension first */

/* ---- norm.c --------------------------------------------------------------------------------- */
typedef enum { NM_LINF, NM_L1, NM_L2, NM_L0 } nm_norm; /* L0: how many elements differ */
const char *nm_norm_name(nm_norm norm);
bool nm_norm_find(const char *s, nm_norm *norm);
double nm_norm_of(nm_norm norm, size_t n, const double *x, const double *c); /* ||x - c||, rounded up */
double nm_norm_below(nm_norm norm, double v);      /* the radius that asks for better than v */
/* x of the box near x0, which it holds, with g (x - x0) <= -d, d > 0; false: none has it */
bool nm_norm_nearest(nm_job *job, nm_norm norm, size_t n, const double *x0, const double *lo, const double *hi,
                     const double *g, double d, double *x);

/* ---- ball.c --------------------------------------------------------------------------------- */
/* elements of each pixel: disjoint, all */
typedef struct nm_pixelset { size_t n; const size_t *ptr; const uint32_t *idx; } nm_pixelset;
typedef struct nm_ball { /* L1, L2, L0 */
    nm_norm norm;
    double radius;
    const double *centre;
    const nm_pixelset *pixels; /* L0: these are counted, not elements; or NULL */
} nm_ball;
/* what y x is at least over box and ball, rounding paid; x: a point where about that is taken, or NULL */
double nm_ball_lower(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, double *x);
bool nm_ball_has(const nm_ball *b, size_t n, const double *x); /* false also where rounding leaves doubt */
void nm_ball_project(nm_job *job, const nm_ball *b, size_t n, double *x); /* stays in a box that holds the centre */

/* ---- query.c -------------------------------------------------------------------------------- */
typedef struct nm_row {    /* sum coef*var <= rhs; var k < n_out is output k, else input k - n_out */
    size_t n;
    const uint32_t *var;
    const double *coef;
    double rhs;
} nm_row;

typedef enum { NM_NO_GOAL, NM_LEAST, NM_MOST } nm_goal;
typedef struct nm_clause { /* all rows hold: a counterexample */
    size_t n_rows;
    const nm_row *rows;
    int64_t label;         /* the target class that it stands for, or -1 */
    const char *name;      /* "3" or "c7": how files and messages call it */
    nm_goal goal;          /* of NM_RANGE: row - rhs is the value, or minus it; it is made least */
} nm_clause;

typedef struct nm_case {   /* box [n_in] and the clauses over it */
    const double *lo, *hi;
    size_t n_in_rows;      /* linear rows over inputs alone, part of the input set */
    const nm_row *in_rows;
    size_t n_balls;        /* the input set is their intersection with box and rows */
    const nm_ball *balls;  /* of the network's inputs, with generators too */
    size_t n_clauses;
    const nm_clause *clauses;
    bool empty;            /* some lo > hi: nothing to find */
    const struct nm_gens *gens; /* set.h: the inputs are an image of them, too; or NULL */
} nm_case;

bool nm_balls_have_l2(const nm_case *c);                             /* ball.c */
/* some L2 ball is missed by more than solvers' tolerances, at inputs x [n] */
bool nm_balls_missed(const nm_case *c, size_t n, const double *x);

typedef enum { NM_FEASIBLE, NM_WORST, NM_RANGE, NM_CLOSEST } nm_objective; /* NM_RANGE: a value's least and most */
struct nm_query {
    const char *path;      /* of the .vnnlib file, or NULL */
    char hash[65];
    size_t n_in, n_out, n_cases;
    nm_case *cases;
    nm_objective objective;
    const char *form;      /* of NM_RANGE: what is measured, for a reader */
    const nm_front *front; /* its inputs are pixels, read so; or NULL */
    nm_norm norm;          /* of NM_CLOSEST */
    double guard;
    /* when it came from an image: */
    const double *image;   /* [n_in] or NULL */
    const double *image_y; /* [n_out] the network's outputs there in float64, or NULL */
    int64_t label, predicted;
    nm_shape shape;        /* of the input, with the order of its axes, to draw it */
};

const char *nm_objective_name(nm_job *job, const nm_query *q); /* as a question's text says it */
/* sets objective and norm */
void nm_objective_parse(nm_job *job, const char *s, const char *where, nm_query *q);
bool nm_objective_closest(const char *s, nm_query *q);         /* closest:NORM */
void nm_query_worst(nm_job *job, const nm_query *q, const char *where); /* refuses clauses that have no one margin */
void nm_query_names(nm_job *job, const nm_query *q, const char *where); /* refuses two clauses of one name */
/* {"var": [..], "coef": [..], "rhs": x} each, variables below `limit`: read/rowsjson.c */
nm_row *nm_json_rows(nm_job *job, const nm_json *x, size_t limit, const char *where, size_t *n);
void nm_query_print(nm_buf *b, const nm_query *q);
const char *nm_query_hash(nm_job *job, nm_query *q); /* of its file, or of its text, made now */
size_t nm_query_targets(const nm_query *q);
bool nm_query_box_has(const nm_case *c, const double *x, size_t n);
/* says so, once, when an input set leaves the range that the network's file states */
void nm_query_range(nm_job *job, const nm_net *net, const nm_query *q);
void nm_net_range(nm_job *job, const nm_net *net, const double *x); /* the same of a point */

/* ---- lowering (lower.c drives; the ops use these) ------------------------------------------- */
typedef struct nm_view {   /* where each element of a value lives */
    size_t n;
    int32_t *unit;         /* block-order unit id, or -1 */
    double *cst;           /* value where unit is -1 */
} nm_view;

struct nm_lowering {
    nm_job *job;
    const nm_net *net;
    nm_program *prog;
    nm_view *view;         /* [n_values] */
};

int nm_lower_source(nm_lowering *l, const nm_node *node, const nm_view *v); /* a block equal to v */
void nm_lower_result(nm_lowering *l, const nm_node *node, int k, int block);
int nm_lower_block(nm_lowering *l, const nm_node *node, nm_kind kind, size_t n); /* its index */
void nm_pick_lower(nm_lowering *l, const nm_node *node);     /* plan: an nm_pick an output */
void nm_lower_sum(nm_lowering *l, const nm_node *node, size_t n_terms, const nm_view *term,
                  const double *const *coef, const double *bias); /* out = sum coef*term + bias */
int nm_lower_terms(nm_lowering *l, const nm_node *node, size_t n_terms, const nm_view *term,
                   const double *const *coef, const double *bias); /* the same as a block */
int nm_lower_relu(nm_lowering *l, const nm_node *node, int src);
nm_view nm_lower_units(nm_lowering *l, int block);
/* v itself, or, when some elements are constants, a block equal to it: products with them then stay exact */
nm_view nm_lower_exact(nm_lowering *l, const nm_node *node, const nm_view *v);
double *nm_repeat(nm_job *job, size_t n, double x);          /* [n] */

/* ---- group.c: sums, means and extremes over groups of elements of input 0 ------------------- */
typedef enum { NM_SUM, NM_MEAN, NM_MAXIMUM, NM_MINIMUM } nm_groupkind;
typedef struct nm_groups {
    nm_groupkind kind;
    size_t n;              /* groups: the outputs */
    const size_t *ptr;     /* [n+1] */
    const uint32_t *idx;   /* elements of the input */
    const double *count;   /* MEAN [n]: the divisor */
} nm_groups;
void nm_reduce_plan(nm_job *job, nm_net *net, nm_node *node, nm_groupkind kind); /* op/reduce.c: axes, keepdims */
void nm_groups_eval(nm_eval *e, const nm_node *node);        /* plan: nm_groups */
void nm_groups_lower(nm_lowering *l, const nm_node *node);

/* ---- op/: one const struct an operator ------------------------------------------------------ */
#define OP(x) extern const nm_op nm_op_##x;
#include "menu.def"
#undef OP

/* ---- ops.c: the registry -------------------------------------------------------------------- */
const nm_op *nm_op_find(nm_job *job, const char *type, bool any_case, const char **name);
const char *nm_op_list(nm_job *job);
void nm_op_table(nm_buf *b); /* as Markdown */

/* ---- net.c ---------------------------------------------------------------------------------- */
typedef struct nm_graph {  /* what a reader hands over: names not yet resolved */
    const char *path, *format;
    const char *parts;     /* hashes of further files that it was read from, or NULL */
    nm_order order;        /* of images, where the file has a member for it */
    const double *lo, *hi; /* the range stated for the flat input, or NULL */
    int64_t opset;
    bool any_case;         /* op names may come in any letter case */
    size_t n_consts, n_inputs, n_outputs, n_nodes, cap_consts, cap_inputs, cap_nodes;
    nm_value *consts, *inputs;
    const char **outputs;
    struct nm_rawnode {
        const char *name, *type;
        size_t n_in, n_out;
        const char **in, **out;
        int n_attrs;
        nm_attr *attrs;
        nm_keeps keeps;
    } *nodes;
} nm_graph;

/* ---- graph.c: what readers build ------------------------------------------------------------ */
const char *nm_graph_const(nm_job *job, nm_graph *g, const char *name, nm_shape shape, nm_dtype type,
                           const double *x);                 /* its name */
struct nm_rawnode *nm_graph_node(nm_job *job, nm_graph *g, const char *type, const char *name, const char *out,
                                 size_t n_in, const char *const *in); /* valid until the next one */
void nm_graph_attr(nm_job *job, const nm_graph *g, struct nm_rawnode *n, nm_attr a);
void nm_graph_int(nm_job *job, const nm_graph *g, struct nm_rawnode *n, const char *name, int64_t i);
void nm_graph_ints(nm_job *job, const nm_graph *g, struct nm_rawnode *n, const char *name, size_t count,
                   const int64_t *list);

/* ---- prune.c: takes out what no output needs -------------------------------------------------- */
void nm_graph_prune(nm_job *job, nm_graph *g);

/* ---- front.c -------------------------------------------------------------------------------- */
void nm_front_check(nm_job *job, const nm_graph *g, const nm_front *f);
void nm_front_put(nm_job *job, nm_graph *g, const nm_front *f, nm_shape image); /* of the settled net's input */
const char *nm_front_text(nm_job *job, const nm_front *f);

nm_net *nm_net_new(nm_job *job, nm_graph *g, nm_file f);
void nm_net_print(nm_buf *b, const nm_net *net);
/* y [n_out] of x [n_in]; err [n_out] may be NULL; returns y */
double *nm_net_eval(nm_job *job, const nm_net *net, const double *x, bool f32, double *err);
/* in float64; err bounds the distance to y of any point within xerr [n_in] of x */
double *nm_net_eval_near(nm_job *job, const nm_net *net, const double *x, const double *xerr, double *err);
/* what the file's outputs say, tails included: y [*n] */
double *nm_net_outputs_eval(nm_job *job, const nm_net *net, const double *x, bool f32, size_t *n);

/* ---- join.c --------------------------------------------------------------------------------- */
nm_net *nm_net_join(nm_job *job, const nm_net *a, const nm_net *b); /* one flat input; outputs of a, then of b */

/* ---- tail.c: questions about a network whose last operators are left out -------------------- */
void nm_tail_check(nm_job *job, const nm_net *net, const nm_query *q); /* refuses what would mean something else */
bool nm_tail_one_group(const nm_net *net); /* the largest output is the file's largest output, too */
const nm_node *nm_tail_choice(const nm_net *net); /* an ArgMax at an output, or NULL */

/* ---- lower.c -------------------------------------------------------------------------------- */
nm_program *nm_lower(nm_job *job, const nm_net *net);
/* A copy of p with one more AFFINE block, last, that holds the rows: unit i = row i without its rhs. */
nm_program *nm_program_with_rows(nm_job *job, const nm_program *p, size_t n, const nm_row *const *rows);

/* ---- bounds.c ------------------------------------------------------------------------------- */
typedef enum { NM_BY_NOTHING, NM_BY_INTERVAL, NM_BY_CROWN, NM_BY_ALPHA, NM_BY_LP, NM_BY_MIP } nm_by;
typedef enum { NM_INACTIVE, NM_ACTIVE, NM_UNSTABLE } nm_phase;
typedef struct nm_bounds {
    const nm_program *p;
    double *lo, *hi;       /* [n_units] */
    double *mag;           /* [n_units] AFFINE: at least |A||x| of the unit's row over the box */
    unsigned char *by;     /* nm_by that last shrank it */
    unsigned char *steep;  /* lower slope of the RELU that reads it: 1 for 0, 2 for 1, 0 for "by its bounds" */
    bool empty;            /* some lo > hi was met: the set is empty */
    const struct nm_gens *gens; /* block 0 are these: their sums hold; or NULL */
    size_t n_balls;        /* that hold block 0, too: none over generators */
    const nm_ball *balls;
} nm_bounds;

nm_bounds *nm_bounds_new(nm_job *job, const nm_program *p, const double *lo, const double *hi);
nm_bounds *nm_bounds_case(nm_job *job, const nm_program *p, const nm_case *c); /* over its box and balls */
/* what y x is at least over box and balls, or where that is less than `least`, least; x as nm_ball_lower's */
double nm_bounds_ball(const nm_bounds *b, const double *y, double least, double *x);
void nm_bounds_meet(nm_bounds *b, size_t u, double lo, double hi, nm_by by);
nm_phase nm_bounds_phase(const nm_bounds *b, size_t u); /* of the unit read by a RELU */
void nm_bounds_count(const nm_bounds *b, int relu, size_t count[3]);
const char *nm_by_name(nm_by by);
void nm_bounds_print(nm_buf *buf, const nm_bounds *b);

/* ---- batch.c: NM_LANES rows pulled back through a program ----------------------------------- */
typedef struct nm_signs {  /* what a branch assumes: unit[k] is a RELU's, its pre-activation <= 0 or >= 0 */
    size_t n;
    const uint32_t *unit;
    const signed char *side; /* 1: <= 0;  -1: >= 0 */
} nm_signs;
typedef struct nm_relax {  /* per unit, in block order [n_units] */
    double *slo;           /* RELU: lower slope in [0,1] */
    double *slo_lane;      /* [n_units][NM_LANES] lower slopes of each lane instead, or NULL */
    const struct nm_signs *signs; /* RELU units whose sign is given, or NULL */
    double *beta;          /* [signs->n][NM_LANES] their multipliers, 0 or more */
    double *sup, *cut;     /* RELU: upper line sup*a + cut */
    double *w;             /* weight of |coefficient| in the a-priori rounding error */
    double *size;          /* RELU: largest |pre-activation| */
    double *flat;          /* [n_blocks] what underflow may cost a row in the block */
    uint32_t *mlo, *mup;   /* MAX: member that bounds from below; member of the upper line */
    unsigned char *dead;   /* the unit can be dropped: its value is 0 over the box */
    unsigned char *keep;   /* fold: stop here, the unit stays a variable */
} nm_relax;

typedef struct nm_batch {
    nm_job *job;
    const nm_program *p;
    const nm_kernels *k;
    double **y;            /* [n_blocks] -> [n8][NM_LANES] coefficients */
    unsigned char **live;  /* [n_blocks] -> [n8] which of them are set */
    size_t *n_live;        /* [n_blocks] after nm_batch_list */
    uint32_t **unit;       /* [n_blocks] -> the live ones, in order */
    bool *used;            /* [n_blocks] */
    double cst[NM_LANES], err[NM_LANES]; /* constant and rounding error so far */
} nm_batch;

nm_relax *nm_relax_new(nm_job *job, const nm_bounds *b);
void nm_relax_set(nm_relax *x, const nm_bounds *b, int from, int to); /* lines of blocks from..to-1 */
nm_batch *nm_batch_new(nm_job *job, const nm_program *p);
void nm_batch_clear(nm_batch *t);
void nm_batch_put(nm_batch *t, int block, size_t i, int lane, double coef);
void nm_batch_pull(nm_batch *t, const nm_relax *x, int from);  /* from block `from` down to the input */
/* lower ends over the box of block 0, rounding paid; lo [NM_LANES] */
void nm_batch_lower(nm_batch *t, const nm_bounds *b, double *lo);
void nm_batch_shift(nm_batch *t, const nm_bounds *b); /* rewrites lanes at block 0 by the sums of generators */
/* what every point of interest satisfies: sum g x <= h over the inputs, g [n_in] */
typedef struct nm_cut { const double *g; double h; } nm_cut;
/* the same over the box and the cut: by Lagrange duality, for a multiplier that is near the best */
void nm_batch_lower_cut(nm_batch *t, const nm_bounds *b, const nm_cut *cut, double *lo);
/* constants [NM_LANES] so that each row >= its coefficients at the input + g0 over the box */
void nm_batch_constant(const nm_batch *t, const nm_bounds *b, double *g0);
size_t nm_batch_list(nm_batch *t, int block);

/* ---- bound/ --------------------------------------------------------------------------------- */
void nm_interval(nm_job *job, nm_bounds *b, int from, int to); /* blocks from..to-1 */
typedef struct nm_crown_opts {
    bool all_rows;         /* rows for every unit, not for open ones alone */
    int query_block;       /* lower ends only; 0 or less for none */
    const nm_cut *cut;     /* bounds for points that satisfy it only, or NULL */
} nm_crown_opts;
void nm_crown(nm_job *job, nm_bounds *b, nm_crown_opts o);

#endif
