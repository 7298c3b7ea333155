/* program.h, the door of program: a network as blocks of scalar units, and vectorised loops and linear operators over
 * them. It must never ask where a block comes from, nor add rounding errors to a result: its callers do. */
#ifndef NM_PROGRAM_H
#define NM_PROGRAM_H

#include "base/base.h"

/* ---- kernel.c: the vectorised inner loops, one order of summation on every machine -------------- */
#define NM_LANES 16          /* rows in a batch: two vectors of 512 bits */
typedef struct nm_kernels {
    const char *name;
    /* acc[8][NM_LANES] (+)= sum over t < n of a[aoff[t] + i*step] * y[yoff[t]][lane], in order of t */
    void (*outer)(size_t n, const double *a, size_t step, const uint32_t *aoff, const double *y,
                  const uint32_t *yoff, double *acc, bool add);
    /* the same for the first eight lanes; the others become 0, or with `add` stay as they are */
    void (*outer_half)(size_t n, const double *a, size_t step, const uint32_t *aoff,
                       const double *y, const uint32_t *yoff, double *acc, bool add);
    /* out[3] = { a.c, |a|.r, |a|.m } over n terms; n is a multiple of 8 */
    void (*dot3)(size_t n, const double *a, const double *c, const double *r, const double *m,
                 double out[3]);
    double (*dot)(size_t n, const double *a, const double *b); /* n is a multiple of 8 */
    /* x[n][NM_LANES]: positive and negative parts of y are multiplied by different slopes; see pull_back.c */
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
    /* minimum of y.x over the box: out[lane] = sum min(y lo, y hi), mag[lane] = sum |y| xabs */
    void (*box)(size_t n, const uint32_t *unit, const double *y, const double *lo,
                const double *hi, double *out, double *mag);
    /* y [n][NM_LANES], g [n]: minimum of (y + lambda g).x over the box, g.x there, sum (|y| + lambda |g|) |x| */
    void (*box_row)(size_t n, const double *y, const double *g, const double *lambda, const double *lo,
                    const double *hi, double *out, double *slope, double *mag);
    /* n is a multiple of 8 in all functions that follow */
    void (*axpy)(size_t n, double a, const double *x, double *y);       /* y += a x */
    /* x* maximises (on - theta) w x over the box, y* maximises (off - theta) w y: out has that maximum, the sum of the
     * magnitudes of its terms, and w x*; then the same three for y* */
    void (*hull_ends)(size_t n, const double *theta, const double *w, const double *lo, const double *hi,
                      double on, double off, double out[6]);
    void (*hull_add)(size_t n, double y, const double *theta, const double *w, double *x); /* x += y theta w */
    /* a step of Adam on theta in [0,1] along the derivative y w (v - x*), x* maximising (c - theta) w x; adam = rate
     * over the correction of the first moment, 1 over that of the second */
    void (*hull_step)(size_t n, double y, double c, const double *w, const double *v, const double *lo,
                      const double *hi, const double adam[3], double *theta, double *m1, double *m2);
    /* theta = f (t - s'), clipped to [0,1], where s' = s if w > 0, else 1 - s. ramp_sum: out has the sum of |w| width
     * theta, and that of |w| width where theta is strictly inside; ramp_lines: curve += y |w| width there */
    void (*ramp_sum)(size_t n, double t, double f, const double *w, const double *width, const double *s,
                     double out[2]);
    void (*ramp_lines)(size_t n, double t, double f, double y, const double *w, const double *width, const double *s,
                       double *theta, double *curve);
    /* over listed units, all arrays but sup and cut [n][NM_LANES]: out = sup a + cut if y < 0, else slo a */
    void (*lane_values)(size_t n, const uint32_t *unit, const double *y, const double *a, const double *slo,
                        const double *sup, const double *cut, double *out);
    /* a step of Adam on slo in [0,1] along the derivative max(y, 0) a; adam as in hull_step */
    void (*lane_step)(size_t n, const uint32_t *unit, const double *y, const double *a, const double adam[3],
                      double *slo, double *m1, double *m2);
    /* a sparse row of n weights and NM_LANES vectors: x[idx[t]] += w[t] y; y += sum of w[t] x[idx[t]], in order of t */
    void (*spread)(size_t n, const uint32_t *idx, const double *w, const double *y, double *x);
    void (*collect)(size_t n, const uint32_t *idx, const double *w, const double *x, double *y);
    /* x[to[t]] += acc[which[t]]; if live is given, a row that is not live is overwritten instead, and becomes live */
    void (*add_rows)(size_t n, const size_t *to, const size_t *which, const double *acc, double *x,
                     unsigned char *live);
} nm_kernels;

/* ---- kernel_pick.c ------------------------------------------------------------------------------ */
const nm_kernels *nm_kernels_pick(void);

/* ---- program.c: the blocks ---------------------------------------------------------------------- */
typedef enum { NM_INPUT, NM_AFFINE, NM_RELU, NM_MAX } nm_kind;
typedef enum { NM_DENSE, NM_CONV, NM_CONVT, NM_SPARSE, NM_GATHER } nm_linkind; /* CONVT: a CONV's transpose */
typedef struct nm_geo {  /* a convolution from [C,H,W] to [O,P,Q]; 1-D has H = 1; CONVT goes from [O,P,Q] */
    int64_t groups, c, h, w, o, p, q, kh, kw, sh, sw, dh, dw, ph, pw;
} nm_geo;
typedef struct nm_lin {
    nm_linkind kind;
    int src;               /* the block it reads */
    size_t rows, cols;
    size_t fan;            /* largest number of nonzeros in a column: terms of one sum of `pull` */
    const double *w;       /* DENSE [rows8][cols8], CONV, CONVT [o][patch8], SPARSE [nnz], GATHER [rows] or NULL = 1 */
    const double *wt;      /* CONV, CONVT [groups][patch][o/groups rounded up to 8] */
    const uint32_t *idx;   /* SPARSE [nnz] columns, GATHER [rows] sources (UINT32_MAX: none) or NULL = same */
    const size_t *ptr;     /* SPARSE [rows+1] */
    nm_geo geo;
    const int32_t *cells;  /* CONV, CONVT [p*q][patch] cell of the first group's channels, or -1 in the padding */
} nm_lin;
typedef struct nm_float32 { /* what float32 may do to the units of an AFFINE block: see network/float32.c */
    size_t rounds;         /* most roundings that a term of a row meets; 0: the block is exact */
    double flat;           /* what underflow adds to the error of a unit */
    double *consts;        /* [n] sum of the magnitudes of the constants that make up the bias; NULL: |bias| */
} nm_float32;
typedef struct nm_block {
    nm_kind kind;
    const char *name;      /* the node that it comes from */
    size_t n, first;       /* n: units; first: number of the first one, a multiple of 8 */
    int src;               /* RELU, MAX: the block below */
    size_t n_lin;          /* AFFINE */
    nm_lin *lin;
    double *bias;          /* AFFINE [n] */
    nm_float32 f32;        /* AFFINE */
    const size_t *ptr;     /* MAX [n+1]: group members */
    const uint32_t *idx;   /* MAX: units of src, relative to it */
    size_t fan;            /* terms that `pull` sums into one unit of this block, over all readers */
    bool is_pre;           /* a RELU, a MAX or the query reads it, so its bounds matter */
} nm_block;
typedef struct nm_match { /* of a tournament: RELU unit u is relu(best of [from, mid) - best of [mid, to)) */
    uint32_t u, from, mid, to; /* numbers of members */
} nm_match;
typedef struct nm_maximum { /* a maximum that a tournament has replaced */
    size_t u;              /* the unit that stands for it */
    bool floor;            /* u is a RELU: 0 is a candidate, too */
    int block;             /* of the members */
    size_t n, n_matches;
    const uint32_t *member; /* [n] units of that block, relative to it */
    nm_match *match;
} nm_maximum;
struct nm_program {
    size_t n_blocks, n_units, n_windows;
    const nm_maximum *window; /* [n_windows] what tournament.c has made */
    nm_block *blocks;      /* a block refers only to earlier ones; block 0 is the INPUT */
    int32_t *out;          /* [n_out] unit of each output, or -1 */
    double *out_const;     /* [n_out] its value if out is -1 */
    const unsigned char *needed; /* [n_units] 0: the last block does not depend on the unit; NULL: it may on all */
    size_t n_out, x_first; /* x_first: unit of the network's first input; not 0 if generators come before */
};
typedef struct nm_program nm_program;
static inline size_t nm_pad8(size_t n) { return (n + 7) & ~(size_t)7; }
nm_block *nm_program_add(nm_job *job, nm_program *p, nm_kind kind, const char *name, size_t n);
nm_lin *nm_block_lin(nm_job *job, nm_block *b, nm_linkind kind, int src, size_t rows, size_t cols);
void nm_program_finish(nm_job *job, nm_program *p); /* fuses, drops unread blocks, numbers, checks */
void nm_program_recount(nm_job *job, nm_program *p); /* checks and counts: for one made from a finished program */
int nm_program_block(const nm_program *p, size_t u);
size_t nm_program_pre(const nm_program *p, size_t u); /* the pre-activation that RELU unit u reads */
double nm_block_weights(const nm_block *b);          /* roughly how many nonzeros its operators have */
bool nm_reads_input_only(const nm_block *b);         /* of an AFFINE block */
void nm_lin_row(const nm_lin *a, size_t i, void (*put)(void *, size_t j, double w), void *arg);
void nm_program_print(nm_buf *b, const nm_program *p);
const char *nm_kind_name(nm_kind k);
void nm_sparse_fill(nm_job *job, nm_lin *a, size_t n, const uint32_t *row, const uint32_t *col,
                    const double *w);                /* entries sorted by row */

/* ---- linear_vector.c: a linear operator and one vector ------------------------------------------ */
/* y += A x; a dense row r with want[r] < 0 may be skipped (want NULL: none) */
void nm_lin_mv(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x, double *y, const int32_t *want);
void nm_lin_mtv(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *y, double *x); /* x += A' y */

/* ---- linear_batch.c and linear_conv.c: a linear operator and NM_LANES vectors, or three ---------- */
/* y[rows] += A c; ry += |A| r; my += |A| m, each with an error of at most (terms+4) ulp of my; arrays padded to 8 */
void nm_lin_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c,
                   const double *r, const double *m, double *yc, double *yr, double *ym);
/* y[rows8][NM_LANES] += A x[cols8][NM_LANES]; x must be 0 where `zero` [cols] is set; or NULL */
void nm_lin_apply(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *x, double *y,
                  const unsigned char *zero);
/* adds the listed units of y, pulled back, to x[cols8][NM_LANES]; live marks the columns that are touched */
void nm_lin_pull(nm_job *job, const nm_kernels *k, const nm_lin *a, size_t n, const uint32_t *unit,
                 const double *y, double *x, unsigned char *live, const unsigned char *dead);

/* ---- needed.c ----------------------------------------------------------------------------------- */
void nm_program_need(nm_job *job, nm_program *p); /* sets p->needed */

/* ---- tournament.c: maxima as ReLUs -------------------------------------------------------------- */
bool nm_program_has_maxima(const nm_program *p);
bool nm_only_maxima_read(const nm_program *p, size_t b); /* b is a RELU block, and all that read it are MAX blocks */
/* Returns the same function without MAX blocks; to [n_blocks of p]: the block that stands for each of p's; -1: none. */
nm_program *nm_program_tournaments(nm_job *job, const nm_program *p, int *to);

/* ---- trace.c ------------------------------------------------------------------------------------ */
double *nm_trace(nm_job *job, const nm_program *p, const double *x); /* [n_units] values of all units at x, float64 */

#endif
