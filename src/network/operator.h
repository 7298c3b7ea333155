/* operator.h: what an operator consists of, and what operators share. A node is planned (shapes; attributes are
 * honoured or refused), evaluated, and lowered to blocks. Each operator is one const struct in a file of op/ and one
 * row in operators.def. Private to network. */
#ifndef NM_NETWORK_OPERATOR_H
#define NM_NETWORK_OPERATOR_H

#include "network/network.h"

/* the end of a refusal of what a node does only in training */
#define NM_TRAINING                                                                                   \
    "it was exported in training mode; export it for inference, in PyTorch by model.eval() before "  \
    "torch.onnx.export(.., training=TrainingMode.EVAL)"

/* ---- attributes --------------------------------------------------------------------------------- */
typedef enum { NM_A_INT, NM_A_FLOAT, NM_A_STR, NM_A_INTS, NM_A_FLOATS, NM_A_TENSOR, NM_A_OTHER } nm_akind;
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
    bool seen;             /* the operator asked for it; an attribute that no one asks for is refused */
} nm_attr;

/* ---- an operator -------------------------------------------------------------------------------- */
typedef struct nm_lowering nm_lowering;
struct nm_op {
    const char *names;     /* space separated, as ONNX spells them */
    int min_in, max_in, max_out, since, until;               /* since, until: its opsets */
    void (*plan)(nm_job *job, nm_net *net, nm_node *node);   /* shapes; honours or refuses attributes */
    void (*eval)(nm_eval *e, const nm_node *node);           /* NULL: refused, and `notes` says why */
    void (*lower)(nm_lowering *l, const nm_node *node);      /* NULL: an nm_tail, allowed only at outputs */
    const char *notes;     /* its restrictions, for the table of `inspect --ops` */
};

/* ---- operators.c: the registry ------------------------------------------------------------------ */
#define OP(x, traits) extern const nm_op nm_op_##x;
#include "network/operators.def"
#undef OP
enum { NM_OP_READS = 1, NM_OP_ALIKE = 2, NM_OP_TAKES = 4, NM_OP_RESHAPES = 8, NM_OP_PERMUTES = 16,
       NM_OP_ENLARGES = 32 };
unsigned nm_op_traits(const nm_op *op); /* NM_OP_ALIKE and so on, as operators.def explains them */
const nm_op *nm_op_find(nm_job *job, const char *type, bool any_case, const char **name);
const char *nm_op_guess(nm_job *job, const char *type); /* suggests the nearest name, or the command that lists all */

/* ---- node.c: what an operator asks of its node -------------------------------------------------- */
nm_attr *nm_attr_find(nm_node *node, const char *name);      /* marks it seen */
int64_t nm_attr_int(nm_job *job, nm_net *net, nm_node *node, const char *name, int64_t dflt);
double nm_attr_float(nm_job *job, nm_net *net, nm_node *node, const char *name, double dflt);
const char *nm_attr_str(nm_job *job, nm_net *net, nm_node *node, const char *name,
                        const char *dflt);
size_t nm_attr_ints(nm_job *job, nm_net *net, nm_node *node, const char *name, size_t want,
                    int64_t *out, int64_t dflt);             /* 0 when absent (out = dflt) */
int nm_axis(nm_job *job, nm_net *net, nm_node *node, int64_t axis, int rank);
void nm_out_shape(nm_job *job, nm_net *net, nm_node *node, int k, nm_shape s);
const nm_value *nm_in(const nm_net *net, const nm_node *node, int k); /* NULL when absent */
bool nm_is_const(const nm_net *net, const nm_node *node, int k);
nm_shape nm_broadcast(nm_job *job, nm_net *net, nm_node *node, nm_shape a, nm_shape b);
/* Reads the integers of attribute `name` (old opsets) or constant input k, clamped to +-2^40; -1: neither exists. */
int nm_node_list(nm_job *job, nm_net *net, nm_node *node, const char *name, int k, int64_t out[2 * NM_MAXRANK]);

/* ---- one_sample.c: a file's batch, read as one sample -------------------------------------------- */
typedef struct nm_apart nm_apart;
nm_apart *nm_apart_new(nm_job *job, const nm_net *net, size_t cap, int64_t n); /* room for cap values */
/* Called before and after a node's plan: throw if the node may mix samples; constants become those of one sample. */
void nm_apart_before(nm_job *job, nm_net *net, nm_apart *s, nm_node *node);
void nm_apart_after(nm_job *job, nm_net *net, nm_apart *s, nm_node *node);
void nm_apart_end(nm_job *job, const nm_net *net, const nm_apart *s); /* throws where an output is not apart */

/* ---- element_types.c ---------------------------------------------------------------------------- */
bool nm_dtype_is_real(nm_dtype t);                 /* an input of this type can be read as real numbers */
bool nm_dtype_is_exact(nm_dtype from, nm_dtype to); /* every number of type `from` is one of type `to` */
double nm_dtype_rounded(nm_dtype t, double x);     /* the number of type t nearest to x, ties to even */
bool nm_dtype_whole(nm_dtype t, double *lo, double *hi); /* its range; false: not an integer type */
void nm_check_types(nm_job *job, const nm_net *net, const nm_node *node); /* refuses operations on integers */
/* Refuses a constant of n elements of this type that the node has computed, if integers would have been others. */
void nm_check_whole(nm_job *job, const nm_net *net, const nm_node *node, nm_dtype t, size_t n, const double *x);

/* ---- op/dot.c ----------------------------------------------------------------------------------- */
/* Returns the larger error; where one is NaN, because sums overflowed, so is the result (fmax would drop it). */
double nm_eval_larger(double a, double b);
/* Returns |a| e, never 0 through underflow. */
double nm_eval_carry(double a, double e);
/* Returns the error of element i of a value, which constants do not have; e->err must not be NULL. */
double nm_eval_err(const nm_eval *e, int value, size_t i);

/* ---- op/pick.c: a value whose elements are elements of others ------------------------------------ */
/* element i is element at[i] of input which[i], or `fill` where at[i] < 0; which NULL: input 0 */
typedef struct nm_pick { const int32_t *which, *at; double fill; } nm_pick;
void nm_pick_eval(nm_eval *e, const nm_node *node);          /* plan: an array of nm_pick, one for each output */
/* Returns the picks by which element i of axis d of `out` is element map[d][i] of axis d of `in`; -1: fill. */
const int32_t *nm_pick_axes(nm_job *job, nm_shape in, nm_shape out, int64_t *const *map);
void nm_pick_lower(nm_lowering *l, const nm_node *node);     /* the same plan */

/* ---- op/windows.c: windows of convolutions and pools -------------------------------------------- */
enum { NM_WIN = 3 };       /* most dimensions of a window; with fewer, the first ones have size 1 */
typedef struct nm_win {
    int dims;
    int64_t c, in[NM_WIN], out[NM_WIN], k[NM_WIN], s[NM_WIN], d[NM_WIN], lo[NM_WIN], hi[NM_WIN]; /* lo, hi: pads */
    bool over;             /* ceil_mode: a last window reaches beyond the padding */
} nm_win;
/* Reads strides, pads and dilations for x [1,C,..] and a kernel of `dims` dimensions; not auto_pad or output sizes. */
nm_win nm_window_read(nm_job *job, nm_net *net, nm_node *node, nm_shape x, const int64_t *kernel);
nm_win nm_window(nm_job *job, nm_net *net, nm_node *node, nm_shape x, const int64_t *kernel, bool ceil_mode);
nm_shape nm_window_shape(const nm_win *w, int64_t channels);
/* Returns the convolution of a window of at most two dimensions; channels: of the output. */
nm_geo nm_window_geo(const nm_win *w, int64_t groups, int64_t channels, bool transposed);
size_t nm_window_size(nm_job *job, const int64_t n[NM_WIN]);
int64_t nm_window_cell(const nm_win *w, const int64_t o[NM_WIN], const int64_t k[NM_WIN]); /* or -1: padding */
void nm_window_step(int64_t n[NM_WIN], const int64_t limit[NM_WIN]); /* next place, last dimension first */

/* ---- op/groups.c, op/reduce.c: sums, means and extremes over groups of elements of input 0 ------ */
typedef enum { NM_SUM, NM_MEAN, NM_MAXIMUM, NM_MINIMUM } nm_groupkind;
typedef struct nm_groups {
    nm_groupkind kind;
    size_t n;              /* groups: the outputs */
    const size_t *ptr;     /* [n+1] */
    const uint32_t *idx;   /* elements of the input */
    const double *count;   /* MEAN [n]: the divisor */
} nm_groups;
void nm_groups_eval(nm_eval *e, const nm_node *node);        /* plan: nm_groups */
void nm_groups_lower(nm_lowering *l, const nm_node *node);
void nm_reduce_plan(nm_job *job, nm_net *net, nm_node *node, nm_groupkind kind); /* axes, keepdims */

/* ---- op/conv.c ---------------------------------------------------------------------------------- */
/* Adds the convolution (CONV) of `src`, or its transpose (CONVT), to `block`; kernel w [o][patch]. */
void nm_lower_conv(nm_lowering *l, nm_linkind kind, int block, int src, const nm_geo *g, const double *w);

/* ---- lower_views.c: lowering: lower.c calls the operators, which use these ----------------------- */
typedef struct nm_view {   /* where each element of a value lives */
    size_t n;
    int32_t *unit;         /* block-order unit id, or -1 */
    double *cst;           /* value where unit is -1 */
} nm_view;
struct nm_lowering {
    nm_job *job;
    const nm_net *net;
    nm_program *prog;
    nm_view *view;         /* [n_values] made when first asked for: nm_lower_view */
};
nm_view *nm_lower_view(nm_lowering *l, int value);
int nm_lower_source(nm_lowering *l, const nm_node *node, const nm_view *v); /* a block equal to v */
void nm_lower_result(nm_lowering *l, const nm_node *node, int k, int block);
int nm_lower_block(nm_lowering *l, const nm_node *node, nm_kind kind, size_t n); /* its index */
void nm_lower_sum(nm_lowering *l, const nm_node *node, size_t n_terms, const nm_view *term,
                  const double *const *coef, const double *bias); /* out = sum coef*term + bias */
int nm_lower_terms(nm_lowering *l, const nm_node *node, size_t n_terms, const nm_view *term,
                   const double *const *coef, const double *bias); /* the same; a block's index */
int nm_lower_relu(nm_lowering *l, const nm_node *node, int src);
nm_view nm_lower_units(nm_lowering *l, int block);
/* Returns v, or a block equal to v if some elements are constants: products with it then stay exact. */
nm_view nm_lower_exact(nm_lowering *l, const nm_node *node, const nm_view *v);

/* ---- float32.c: what float32 rounds -------------------------------------------------------------- */
/* Counts the roundings of the blocks from..: those that lowering `node` has added. */
void nm_float32_count(nm_job *job, const nm_net *net, const nm_node *node, nm_program *p, size_t from);
void nm_float32_check(nm_job *job, const nm_net *net); /* refuses tails, and constants at outputs */

/* ---- channel_order.c: which axes of the input are channels, rows and columns -------------------- */
/* Sets net->image and image_by from what operators say, else from `said` (the file), else from the flag --channels. */
void nm_net_settle(nm_job *job, nm_net *net, nm_order said, const char *channels);
void nm_net_settle_both(nm_net *net, const nm_net *a, const nm_net *b); /* for two networks that share their inputs */

#endif
