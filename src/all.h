/* all.h: every internal type and prototype, grouped by the file that defines it, in floor order:
 * a file uses only what stands above it here (checked by `make layers`).
 *
 * Index letters: u unit, j column, r row, k nonzero, v value, b block, i loop. lo/hi are bounds.
 * Shapes stand in brackets beside their field; all arrays are row-major and belong to their job. */
#ifndef NM_ALL_H
#define NM_ALL_H

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "netmip.h"

/* ---- numbers that steer the program: name, value, unit, why --------------------------------- */
#define NM_VERSION "0.1.0"
#define NM_LANES 16          /* rows in a batch: two vectors of 512 bits */
#define NM_MAXRANK 8         /* dimensions of a tensor */
#define NM_INT_TOL 1e-5      /* distance of a solver's binary to 0 or 1 that decode accepts */
#define NM_ROW_TOL 1e-5      /* relative row violation of a solver's point before the audit fails */
#define NM_MAX_BYTES ((size_t)16 << 30)     /* arena limit of a job: bytes */
#define NM_MAX_FILE ((size_t)4 << 30)       /* largest file read, unpacked: bytes */
#define NM_ATTACK_STEPS 50    /* of a descent */
#define NM_ATTACK_WORK 1.5e9  /* fused multiply-adds that the attack may spend on a case */
#define NM_ALPHA_STEPS 40     /* for the open rows of a case */
#define NM_TIGHT_ROUNDS 4     /* of conditioned tightening */
#define NM_TIGHT_STEPS 20     /* of alpha in each round */
#define NM_BRANCH_NODES 4000  /* of branching on signs, for a target */
#define NM_SPLIT_INPUTS 20    /* free inputs up to which the input box is split */
#define NM_SPLIT_BOXES 400000 /* boxes before splitting gives up on a case */
#define NM_MAX_CLAUSES 100000               /* size limit of a disjunctive normal form */
#define NM_COEF_MIN 1e-9     /* |coefficient| that readers keep: smaller ones move into the bounds */
#define NM_ULP 2.220446049250313e-16        /* 2^-52: twice the unit roundoff */
#define NM_TINY 1e-290       /* absolute term that covers underflow in any sum of products */

/* ---- base.c: jobs, memory, errors ----------------------------------------------------------- */
typedef struct nm_mark { void *chunk; size_t used; } nm_mark;

_Noreturn void nm_throw(nm_job *job, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void nm_throw_at(nm_job *job, int code, const char *file, int line, int col,
                           const char *fmt, ...) __attribute__((format(printf, 6, 7)));
int nm_run(nm_job *job, void (*body)(nm_job *, void *), void *arg);
void *nm_raw(nm_job *job, size_t n, size_t size);   /* n*size bytes, 64-aligned, not cleared */
void *nm_zero(nm_job *job, size_t n, size_t size);  /* the same, cleared */
void *nm_try(nm_job *job, size_t bytes);            /* NULL instead of a throw */
void *nm_grow_(nm_job *job, void *old, size_t n, size_t *cap, size_t size);
char *nm_dup(nm_job *job, const char *s, size_t n);
char *nm_fmt(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
nm_mark nm_mark_get(nm_job *job);
void nm_mark_release(nm_job *job, nm_mark m);
void nm_defer(nm_job *job, void (*closer)(void *), void *thing);
void nm_close(nm_job *job, void *thing);            /* runs the closer now */
size_t nm_mul(nm_job *job, size_t a, size_t b);     /* a*b, or throws */
size_t nm_mul_in(nm_job *job, const char *path, size_t a, size_t b); /* sizes that a file states */
void nm_fail_after(nm_job *job, long n);            /* tests: the n-th allocation fails */
size_t nm_bytes(const nm_job *job);
void nm_note(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool nm_stopped(const nm_job *job);                 /* an interrupt was asked for */
double nm_cpu(void);                                /* CPU seconds of this process and its children */
double nm_wall(void);                               /* seconds, monotonic */
const char *nm_message_of(nm_job *job, int code);   /* the thrown message, for a nested nm_run */

#define NM_NEW(job, T) ((T *)nm_zero(job, 1, sizeof(T)))
#define NM_ARRAY(job, T, n) ((T *)nm_zero(job, (n), sizeof(T)))
#define NM_RAW(job, T, n) ((T *)nm_raw(job, (n), sizeof(T)))
#define NM_PUSH(job, arr, n, cap) \
    ((void)((n) < (cap) ? 0 : ((arr) = nm_grow_(job, arr, n, &(cap), sizeof *(arr)), 0)), \
     &(arr)[(n)++])

/* ---- text.c: the one printer and the one parser of numbers ---------------------------------- */
typedef struct nm_buf { nm_job *job; char *s; size_t n, cap; } nm_buf;

void nm_put(nm_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_put_bytes(nm_buf *b, const void *p, size_t n);
void nm_put_num(nm_buf *b, double x);               /* shortest digits that read back equal */
void nm_put_json(nm_buf *b, const char *s);         /* a quoted JSON string */
int nm_num_print(char out[32], double x);           /* length; x finite */
bool nm_num_parse(const char *s, const char *end, double *x); /* whole token, finite */
bool nm_int_parse(const char *s, const char *end, int64_t *x);
void nm_sha256(const void *p, size_t n, char hex[65]);

/* rounding helpers: the next double down or up; infinities stay */
static inline double nm_down(double x) { return nextafter(x, -INFINITY); }
static inline double nm_up(double x) { return nextafter(x, INFINITY); }

/* ---- file.c: whole files in, whole files out ------------------------------------------------ */
typedef struct nm_file { const char *path; const unsigned char *data; size_t n; } nm_file;
typedef struct nm_out nm_out;

nm_file nm_file_read(nm_job *job, const char *path); /* unpacks .gz by content; data ends in a NUL */
bool nm_file_exists(const char *path);
nm_out *nm_out_open(nm_job *job, const char *path);  /* temporary name beside path; gzips *.gz */
void nm_out_write(nm_out *o, const void *p, size_t n);
void nm_out_num(nm_out *o, double x);
void nm_out_put(nm_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_out_done(nm_out *o);                         /* flush, close, check, rename */
void nm_file_write(nm_job *job, const char *path, const void *p, size_t n);
bool nm_has_suffix(const char *s, const char *suffix);
char *nm_path_dir(nm_job *job, const char *path);    /* the folder of path, with its slash, or "" */

/* ---- json.c: strict JSON in ----------------------------------------------------------------- */
typedef struct cJSON nm_json;

const nm_json *nm_json_parse(nm_job *job, nm_file f); /* whole text, no repeated keys */
const nm_json *nm_json_find(const nm_json *o, const char *key);     /* NULL when absent */
const nm_json *nm_json_get(nm_job *job, const nm_json *o, const char *key, const char *where);
double nm_json_num(nm_job *job, const nm_json *x, const char *where);
int64_t nm_json_int(nm_job *job, const nm_json *x, const char *where);
const char *nm_json_str(nm_job *job, const nm_json *x, const char *where);
size_t nm_json_count(const nm_json *x);
void nm_json_only(nm_job *job, const nm_json *o, const char *where, const char *const *keys);

/* ---- kernel.c: the vectorised inner loops, one order of summation on every machine ---------- */
typedef struct nm_kernels {
    const char *name;
    /* acc[8][NM_LANES] (+)= sum over t < n of a[aoff[t] + i*step] * y[yoff[t]][lane], in order of t */
    void (*outer)(size_t n, const double *a, size_t step, const uint32_t *aoff, const double *y,
                  const uint32_t *yoff, double *acc, bool add);
    /* out[3] = { a.c, |a|.r, |a|.m } over n terms; n is a multiple of 8 */
    void (*dot3)(size_t n, const double *a, const double *c, const double *r, const double *m,
                 double out[3]);
    double (*dot)(size_t n, const double *a, const double *b); /* n is a multiple of 8 */
    /* x[n][NM_LANES] rows: positive and negative parts take their own slope; see batch.c */
    void (*relax)(size_t n, const uint32_t *unit, const double *y, const double *slo,
                  const double *sup, const double *cut, const double *w, double *x, bool add,
                  double *cst, double *err);
    /* the same with slo [n][NM_LANES] */
    void (*relax_lanes)(size_t n, const uint32_t *unit, const double *y, const double *slo,
                        const double *sup, const double *cut, const double *w, double *x, bool add,
                        double *cst, double *err);
    /* cst[lane] += y.bias, err[lane] += |y|.w over listed units */
    void (*gather)(size_t n, const uint32_t *unit, const double *y, const double *bias,
                   const double *w, double *cst, double *err);
    /* lower end of y.x over the box: out[lane] = sum min(y lo, y hi), mag[lane] = sum |y| xabs */
    void (*box)(size_t n, const uint32_t *unit, const double *y, const double *lo,
                const double *hi, double *out, double *mag);
    /* y [n][NM_LANES], g [n]: least (y + lambda g).x over the box, g.x there, sum (|y| + lambda |g|) |x| */
    void (*box_row)(size_t n, const double *y, const double *g, const double *lambda, const double *lo,
                    const double *hi, double *out, double *slope, double *mag);
} nm_kernels;

const nm_kernels *nm_kernels_pick(void);
extern const nm_kernels nm_kernels_generic;

/* ---- node.c: values, nodes and attributes of a graph ---------------------------------------- */
typedef enum { NM_F32, NM_F64, NM_I64, NM_BOOL } nm_dtype;
typedef struct nm_shape { int rank; int64_t dim[NM_MAXRANK]; } nm_shape;

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

typedef struct nm_op nm_op;
typedef struct nm_node {
    const nm_op *op;
    const char *name, *type;
    int n_in, n_out;
    int *in, *out;         /* values; an absent optional input is -1 */
    int n_attrs;
    nm_attr *attrs;
    const void *plan;      /* what the op's `plan` worked out, for eval and lower */
} nm_node;

struct nm_net {
    const char *path;
    char hash[65];         /* SHA-256 of the file's unpacked bytes */
    int64_t opset;
    size_t n_values, n_nodes;
    nm_value *values;
    nm_node *nodes;        /* in an order of evaluation */
    size_t n_inputs, n_outputs;
    int *inputs, *outputs; /* values; the flat input is their concatenation */
    size_t n_in, n_out;    /* flat sizes */
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
    int min_in, max_in;
    void (*plan)(nm_job *job, nm_net *net, nm_node *node);   /* shapes; honours or refuses attributes */
    void (*eval)(nm_eval *e, const nm_node *node);
    void (*lower)(nm_lowering *l, const nm_node *node);
};

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
void nm_eval_move(nm_eval *e, const nm_node *node, const int32_t *from); /* out[i] = in[from[i]] */
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
    size_t n_out;
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
/* strides, pads, dilations of x [N,C,(H,)W]; leaves o and groups; ceil_mode 1, 0, or -1: refuse */
nm_geo nm_window(nm_job *job, nm_net *net, nm_node *node, nm_shape x, const int64_t *kernel, bool dilate,
                 int64_t ceil_mode);
nm_shape nm_window_shape(nm_shape x, nm_geo g);

/* ---- query.c -------------------------------------------------------------------------------- */
typedef struct nm_row {    /* sum coef*var <= rhs; var k < n_out is output k, else input k - n_out */
    size_t n;
    const uint32_t *var;
    const double *coef;
    double rhs;
} nm_row;

typedef struct nm_clause { /* all rows hold: a counterexample */
    size_t n_rows;
    const nm_row *rows;
    int64_t label;         /* the target class that it stands for, or -1 */
    const char *name;      /* "3" or "c7": how files and messages call it */
} nm_clause;

typedef struct nm_case {   /* box [n_in] and the clauses over it */
    const double *lo, *hi;
    size_t n_in_rows;      /* linear rows over inputs alone, part of the input set */
    const nm_row *in_rows;
    size_t n_clauses;
    const nm_clause *clauses;
    bool empty;            /* some lo > hi: nothing to find */
} nm_case;

typedef enum { NM_FEASIBLE, NM_WORST } nm_objective;
struct nm_query {
    const char *path;      /* of the .vnnlib file, or NULL */
    char hash[65];
    size_t n_in, n_out, n_cases;
    nm_case *cases;
    nm_objective objective;
    double guard;
    /* when it came from an image: */
    const double *image;   /* [n_in] or NULL */
    const double *image_y; /* [n_out] the network's outputs there in float64, or NULL */
    int64_t label, predicted;
    nm_shape shape;        /* of the input, to draw it */
};

void nm_query_print(nm_buf *b, const nm_query *q);
const char *nm_query_hash(nm_job *job, nm_query *q); /* of its file, or of its text, made now */
size_t nm_query_targets(const nm_query *q);
bool nm_query_box_has(const nm_case *c, const double *x, size_t n);

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
void nm_lower_move(nm_lowering *l, const nm_node *node, const int32_t *from);
void nm_lower_sum(nm_lowering *l, const nm_node *node, size_t n_terms, const nm_view *term,
                  const double *const *coef, const double *bias); /* out = sum coef*term + bias */

/* ---- op/: one const struct a file ----------------------------------------------------------- */
extern const nm_op nm_op_conv, nm_op_gemm, nm_op_matmul, nm_op_relu, nm_op_flatten, nm_op_reshape,
    nm_op_transpose, nm_op_constant, nm_op_identity, nm_op_dropout, nm_op_pad, nm_op_averagepool,
    nm_op_maxpool, nm_op_globalaveragepool, nm_op_batchnorm, nm_op_concat, nm_op_squeeze,
    nm_op_unsqueeze, nm_op_add, nm_op_sub, nm_op_mul, nm_op_div, nm_op_cast;

/* ---- ops.c: the registry -------------------------------------------------------------------- */
const nm_op *nm_op_find(const char *type, bool any_case);
const char *nm_op_list(nm_job *job);

/* ---- net.c ---------------------------------------------------------------------------------- */
typedef struct nm_graph {  /* what a reader hands over: names not yet resolved */
    const char *path;
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
    } *nodes;
} nm_graph;

nm_net *nm_net_new(nm_job *job, nm_graph *g, nm_file f);
void nm_net_print(nm_buf *b, const nm_net *net);
/* y [n_out] of x [n_in]; err [n_out] may be NULL; returns y */
double *nm_net_eval(nm_job *job, const nm_net *net, const double *x, bool f32, double *err);

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
} nm_bounds;

nm_bounds *nm_bounds_new(nm_job *job, const nm_program *p, const double *lo, const double *hi);
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

/* ---- bound/alpha.c ---------------------------------------------------------------------------- */
typedef struct nm_alpha {  /* for each lane the best lower bound met: row >= g.x + g0 >= lo over the box */
    double lo[NM_LANES], g0[NM_LANES];
    double *gap;           /* [n_units] what lane 0's best rows lose at each RELU's lines */
    double *g;             /* [n_in][NM_LANES] */
    size_t steps;
} nm_alpha;
/* optimises the lower slopes for up to NM_LANES rows of the last block; all lanes above `enough` stop it */
nm_alpha *nm_alpha_run(nm_job *job, const nm_bounds *b, size_t n, const uint32_t *row,
                       const double *enough, size_t steps, const nm_signs *signs);

/* ---- tighten.c -------------------------------------------------------------------------------- */
typedef struct nm_tighten_opts { size_t rounds, steps; /* of alpha in a round */ } nm_tighten_opts;
typedef struct nm_tight {
    bool closed;           /* no counterexample to the target */
    nm_bounds *b;          /* bounds for counterexamples to the target only */
    double lo;             /* of the row, over them */
    size_t rounds;
} nm_tight;
nm_bounds *nm_bounds_copy(nm_job *job, const nm_bounds *b);
bool nm_cut_box(nm_bounds *b, const nm_cut *cut); /* shrinks the input box; false: nothing is left */
nm_cut nm_cut_of(nm_job *job, const nm_program *p, const nm_alpha *a, size_t lane, double rhs);
/* row of the last block, row <= rhs at a counterexample; starts from lane `lane` of an alpha run */
nm_tight nm_tighten(nm_job *job, const nm_bounds *b, uint32_t row, double rhs, const nm_alpha *first,
                    size_t lane, nm_tighten_opts o);

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
    size_t n_rows, n_nz, n_bin;
    double constant;
    const char *objective, *encoding;
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
    struct nm_solval { const char *name; double x; int64_t index; } *vals; /* index -1: not said */
    bool sparse;           /* absent names are zero */
} nm_sol;

typedef struct nm_soldialect {
    const char *name;
    int (*sniff)(const char *text, size_t n);  /* 0..100 */
    void (*read)(nm_job *job, nm_file f, nm_sol *s);
} nm_soldialect;

extern const nm_soldialect nm_sol_cbc, nm_sol_highs;
nm_sol *nm_sol_read(nm_job *job, const char *path);
/* x [n_cols] in the map's order; refuses unknown, repeated and missing names */
/* names and indices of what is printed, whether or not it is a solution */
void nm_sol_check(nm_job *job, const nm_sol *s, size_t n_cols, const char *const *cols, const char *path);
double *nm_sol_columns(nm_job *job, const nm_sol *s, size_t n_cols, const char *const *cols,
                       const char *path);
const char *nm_solstatus_name(nm_solstatus s);

/* the line cursor of text formats */
typedef struct nm_lines { nm_job *job; const char *path, *s, *end; int line; } nm_lines;
typedef struct nm_span { const char *s, *end; } nm_span;
nm_lines nm_lines_new(nm_job *job, nm_file f);
bool nm_lines_next(nm_lines *l, nm_span *out);       /* without its line end */
size_t nm_span_split(nm_span line, nm_span *tok, size_t max);
bool nm_span_is(nm_span s, const char *word);
bool nm_span_starts(nm_span s, const char *prefix);

/* ---- enc/ ----------------------------------------------------------------------------------- */
typedef struct nm_enc {    /* what an encoding works on and gives */
    nm_job *job;
    const nm_bounds *b;
    nm_relax *x;
    nm_model *m;
    int32_t *col;          /* [n_units] column of a unit's value, or -1 */
    int32_t *zcol;         /* [n_units] column of a RELU unit's phase, or of a MAX unit's first choice, or -1 */
    bool fold;
    int q;                 /* block of the query's rows */
    nm_clause clause;
    uint32_t *row;         /* units of block q that hold the clause's rows */
    int64_t tcol;          /* column of the largest excess over several rows, or -1 */
} nm_enc;

typedef struct nm_encode_opts { bool fold; } nm_encode_opts;
typedef struct nm_encoded { nm_model *model; nm_map *map; nm_enc *enc; } nm_encoded;
/* decision model of one clause; rows of the clause are units row[i] of block q */
nm_encoded nm_encode(nm_job *job, const nm_bounds *b, const nm_query *q, size_t icase,
                     size_t iclause, const uint32_t *row, nm_encode_opts o);
/* fills every column from the unit values [n_units] of one input: the way back, forwards */
double *nm_encode_lift(nm_job *job, const nm_enc *e, const double *unit);
/* a linear form over columns: sum c*col + [lo,hi] */
typedef struct nm_form { size_t n; const uint32_t *j; const double *c; double lo, hi; } nm_form;
void nm_bigm_relu(nm_enc *e, size_t u, size_t pre, nm_form f);
void nm_bigm_relu_lift(const nm_enc *e, size_t u, double pre, double *x);
void nm_bigm_max(nm_enc *e, size_t u, size_t n, const size_t *member, const nm_form *f);
void nm_bigm_max_lift(const nm_enc *e, size_t u, size_t n, const uint32_t *idx, const double *src, double *x);

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
typedef struct nm_split_opts { bool attack; size_t max_boxes; double deadline, guard; /* deadline: nm_wall */ } nm_split_opts;
typedef struct nm_split {
    int status;            /* NM_OK: every open clause is excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t boxes, clause;
    double *x;             /* [n_in] */
} nm_split;
nm_split nm_split_case(nm_job *job, const nm_program *p, const nm_case *c, uint32_t *const *row,
                       const bool *open, const nm_split_opts *o);

/* ---- branch.c ---------------------------------------------------------------------------------- */
typedef struct nm_branch_opts { bool attack; size_t max_nodes; double deadline; uint64_t seed; } nm_branch_opts;
typedef struct nm_branch {
    int status;            /* NM_OK: excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t nodes;
    double *x;             /* [n_in] */
} nm_branch;
/* branches on signs of units; row `which` of the clause cuts, rhs includes the guard */
nm_branch nm_branch_run(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, const uint32_t *row,
                        size_t which, double rhs, nm_branch_opts o);

/* ---- solve.c: the pipeline ------------------------------------------------------------------ */
typedef struct nm_solve_opts {
    const char *bounds;    /* interval, crown or alpha: with conditioned tightening of open targets */
    bool evaluate, fold, attack, split, branch, solve, always_write;
    double time_limit;     /* seconds of wall clock for the whole query */
    uint64_t seed;
    const char *out;       /* compile: where models go, or NULL */
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
    const char *file;      /* model written for it */
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
    const char *why;       /* of an unknown */
};
nm_verdict *nm_solve_query(nm_job *job, const nm_net *net, const nm_query *q, const nm_solve_opts *o);

/* ---- decode.c ------------------------------------------------------------------------------- */
nm_verdict *nm_decode(nm_job *job, const char *map_path, const char *sol_path, const nm_query **query);

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
    const char *verb, *file[2], *value[NM_N_OPTS]; /* "" for a switch that is set */
} nm_cli;
void nm_cli_parse(nm_job *job, nm_cli *c, int argc, char **argv);
const char *nm_cli_name(nm_job *job, nm_opt o); /* with dashes */
const char *nm_cli_get(const nm_cli *c, nm_opt o);
bool nm_cli_has(const nm_cli *c, nm_opt o);
double nm_cli_num(nm_job *job, const nm_cli *c, nm_opt o, double dflt);
const char *nm_cli_pick(nm_job *job, const nm_cli *c, nm_opt o, const char *choices); /* a|b|c, the first is the default */
nm_query *nm_cli_question(nm_job *job, const nm_cli *c, const nm_net *net);
void nm_cli_help(nm_buf *b);

#endif
