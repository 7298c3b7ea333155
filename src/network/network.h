/* network.h, the door of network: a network as its file wrote it: reads, writes and joins networks, evaluates them with
 * a bound on the rounding, describes them, and lowers them to a program. It must never know what is asked of them. */
#ifndef NM_NETWORK_H
#define NM_NETWORK_H

#include "data/data.h"
#include "program/program.h"

/* ---- node.c: values and nodes of the graph ------------------------------------------------------ */
typedef struct nm_front {  /* how flags ask for a network to be read; NULL: no such flag */
    const char *mean, *std, *channels; /* preprocess.c, channel_order.c */
    const char *shape;     /* D,D,.. of its input, where the file leaves it open */
    const char *output;    /* the name of the output to use */
    /* not from flags, but used where the flags above are missing: */
    const char *image;     /* FILE[:INDEX] that the question is about; its shape fills open dimensions */
    size_t n_asked;        /* inputs that the question has; 0: not known */
} nm_front;
typedef struct nm_value {
    const char *name;
    nm_dtype type;
    nm_shape shape;
    size_t n;              /* elements */
    const double *data;    /* [n] when constant, else NULL; float32 widened exactly */
    int maker;             /* node that makes it, or -1 */
    const struct nm_node *folded; /* the node that computed a constant from constants, or NULL */
} nm_value;
/* What a reader asserts of a node, checked in network.c: nothing; the output has the shape of input 0; in addition
 * nothing is broadcast: all inputs have as many elements. */
typedef enum { NM_KEEPS_NOTHING, NM_KEEPS_SHAPE, NM_KEEPS_ALL } nm_keeps;
typedef struct nm_op nm_op;       /* operator.h */
typedef struct nm_attr nm_attr;
typedef struct nm_node nm_node;
struct nm_node {
    const nm_op *op;
    const char *name, *type;
    int n_in, n_out;
    int *in, *out;         /* values; an absent optional input is -1 */
    int n_attrs;
    nm_attr *attrs;
    nm_keeps keeps;
    const void *plan;      /* what the op's `plan` worked out, for eval and lower */
};
/* Throws NM_EUNSUP, naming file, node and operator. */
_Noreturn void nm_refuse(nm_job *job, const nm_net *net, const nm_node *node, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- tails: operators at the outputs that questions skip ----------------------------------------- */
/* which elements of one group a question about the tail's input may compare (final_operators.c) */
typedef enum { NM_RISING, NM_SHARE, NM_SHIFT, NM_CHOICE } nm_tailkind;
typedef struct nm_tail {
    nm_tailkind kind;      /* x -> f(x) element by element, softmax, log of softmax, argmax */
    size_t len, inner;     /* length of the axis; distance of two neighbours along it */
} nm_tail;

/* ---- network.c: the graph ----------------------------------------------------------------------- */
struct nm_net {
    const char *path, *format;
    char hash[65];         /* SHA-256 of the file's unpacked bytes, and of the files that it reads arrays from */
    int64_t opset;
    size_t n_values, n_nodes;
    nm_value *values;
    nm_node *nodes;        /* in an order of evaluation */
    size_t n_inputs, n_outputs;
    int *inputs, *outputs; /* values; the flat input is their concatenation */
    nm_node *const *tail;  /* [n_outputs] the tail that the file has after it, skipped by all but eval; or NULL */
    size_t n_in, n_out;    /* flat sizes */
    const double *lo, *hi; /* [n_in] range that the file states for its inputs, not enforced; or NULL */
    const nm_front *front; /* the flags that it was read with, or NULL */
    int64_t batch;         /* size of the batch that the file fixes, if all its samples are read; else 0 */
    nm_shape image;        /* the input as [C,H,W] or [H,W,C], where operators or flags say it (channel_order.c) */
    nm_order flat;         /* --channels, for a flat input */
    const char *image_by;  /* who says so; if image.rank is 0, why it is no image, or NULL */
    const nm_net *first, *second; /* of two joined ones (pair.c), or NULL */
};
void nm_net_print(nm_buf *b, const nm_net *net); /* for --dump net */

/* ---- file/read_network.c, file/write_network.c: files: ONNX, JSON, NNet in; ONNX, JSON out ------ */
nm_net *nm_net_read(nm_job *job, const char *path); /* by content */
nm_net *nm_net_read_as(nm_job *job, const char *path, const nm_front *f); /* f: flags, or NULL */
nm_net *nm_net_of(nm_job *job, nm_file file, const nm_front *f); /* from bytes in memory; file.path is their name */
void nm_net_write(nm_job *job, const nm_net *net, const char *path);       /* .json or .onnx, by suffix */

/* ---- channel_order.c: which axes of the input are an image's ------------------------------------ */
nm_shape nm_net_shape(const nm_net *net); /* of the first input, with the order of its axes where it is known */
nm_imageform nm_net_form(const nm_net *net); /* what an image must look like to be the input */

/* ---- preprocess.c: what is put in front of a network: (pixel - mean) / std ---------------------- */
const char *nm_front_text(nm_job *job, const nm_front *f);
bool nm_front_says(const nm_front *f); /* true: some flag is set; an image alone does not count */

/* ---- pair.c: several networks as one ------------------------------------------------------------ */
nm_net *nm_net_join(nm_job *job, const nm_net *a, const nm_net *b); /* one flat input; outputs of a, then of b */
typedef struct nm_named { const char *name; const nm_net *net; } nm_named;
/* Joins networks over one flat input [n_in]; map[k]: the element of it that the k-th of all their inputs is. */
nm_net *nm_net_beside(nm_job *job, size_t n, const nm_named *part, size_t n_in, const uint32_t *map);

/* ---- evaluate.c, op/dot.c: evaluation ----------------------------------------------------------- */
/* One evaluation of a net in float32 or float64; err, when present, bounds |val - exact|. */
typedef struct nm_eval {
    nm_job *job;
    const nm_net *net;
    bool f32;
    double **val;          /* [n_values][n] */
    double **err;          /* [n_values][n], of constants NULL; or NULL */
} nm_eval;
/* Evaluates y [n_out] at x [n_in]; err [n_out] may be NULL; returns y. */
double *nm_net_eval(nm_job *job, const nm_net *net, const double *x, bool f32, double *err);
/* Does so in float64; err bounds the distance from y to the output at any point within xerr [n_in] of x. */
double *nm_net_eval_near(nm_job *job, const nm_net *net, const double *x, const double *xerr, double *err);
/* Evaluates the file's own outputs, tails included: y [*n]. */
double *nm_net_outputs_eval(nm_job *job, const nm_net *net, const double *x, bool f32, size_t *n);
/* Does so in float64; err [*n] bounds the distance from the exact outputs. */
double *nm_net_outputs_near(nm_job *job, const nm_net *net, const double *x, size_t *n, double **err);
/* Returns start plus the sum of a[i*sa] b[i], i < n, added in the order of i. To err, unless NULL, it adds a bound on
 * the rounding and on the effect of berr [n], the errors of b (NULL: none). */
double nm_eval_dot(const nm_eval *e, size_t n, const double *a, size_t sa, const double *b,
                   const double *berr, double start, double *err);

/* ---- lower.c: the same function as a program of blocks of units --------------------------------- */
nm_program *nm_lower(nm_job *job, const nm_net *net);
/* Does so with the roundings of float32 counted (float32.c); refuses operators whose rounding is not known. */
nm_program *nm_lower_float32(nm_job *job, const nm_net *net);

/* ---- describe_network.c: what is in a network or a file of arrays, as a table or JSON ------------ */
void nm_inspect_net(nm_job *job, nm_buf *out, const nm_net *net, bool json);
void nm_inspect_arrays(nm_job *job, nm_buf *out, const nm_arrays *a, bool json);

/* ---- operators.c: the table of operators -------------------------------------------------------- */
enum { NM_OPSET_FIRST = 7, NM_OPSET = 25 }; /* opsets whose operators are known */
void nm_op_table(nm_buf *b); /* as Markdown */
void nm_op_names(nm_buf *b); /* of those that may stand anywhere, a line each */

#endif
