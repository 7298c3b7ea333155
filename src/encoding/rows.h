/* rows.h: what encodings write with: forms over columns, rows pulled back to kept units, distances. An encoding is one
 * const struct in a file of rows/ and one word in encodings.def. Private to encoding. */
#ifndef NM_ENCODING_ROWS_H
#define NM_ENCODING_ROWS_H

#include "encoding/encoding.h"

/* ---- a unit with rows --------------------------------------------------------------------------- */
struct nm_encunit { /* a RELU unit that has rows */
    size_t u, pre;
    nm_form below, above;  /* bounds of its pre-activation from below and above; equal if nothing was relaxed */
    int64_t extra;         /* first of the columns that its encoding added, or -1 */
    bool one_sided;        /* it has only v >= a, v >= 0 */
};

/* ---- row.c -------------------------------------------------------------------------------------- */
/* Adds the row: sum sign*c*col of the form + the listed terms <= rhs. */
void nm_enc_row(nm_enc *e, const char *name, const nm_form *f, double sign, size_t n, const uint32_t *j,
                const double *c, double rhs);
const char *nm_enc_name(const nm_enc *e, const char *kind, size_t u); /* kind, block, unit */
uint32_t nm_enc_phase(nm_enc *e, size_t u);                           /* adds the unit's binary */

/* ---- rows/bigm.c: big-M, which other encodings use too ------------------------------------------ */
void nm_bigm_relu(nm_enc *e, nm_encunit *w);

/* ---- rows/maximum.c: maxima, in every encoding --------------------------------------------------- */
#define NM_MAX_ZERO SIZE_MAX
struct nm_encmax { /* a MAX unit that has rows */
    size_t u, n;           /* n: candidates */
    size_t *member;        /* [n] their units, or NM_MAX_ZERO for the constant 0 */
    double floor;          /* largest lower bound of a candidate */
    nm_form *below, *above; /* [n] bounds of the candidates from below and above */
    int64_t *z;            /* [n] column of its binary; -1: it cannot win */
};
int nm_max_source(const nm_enc *e, const nm_block *k); /* the block whose units are the candidates of MAX block k */
nm_encmax nm_max_candidates(const nm_enc *e, const nm_block *k, size_t i); /* without forms and columns */
void nm_max_rows(nm_enc *e, nm_encmax *w);
void nm_max_lift(const nm_encmax *w, const double *unit, double *x); /* unit [n_units]: values of all units */

/* ---- rows/hull_maximum.c: rows of a maximum's convex hull ---------------------------------------- */
/* Returns by how much the best row of the hull is violated at x, which holds a value for every column. */
double nm_hull_max_separate(const nm_enc *e, const nm_encmax *w, const double *x);
void nm_hull_max_row(nm_enc *e, const nm_encmax *w, const double *x, size_t round); /* adds that row */

/* ---- fold.c: rows over inputs and unstable units only ------------------------------------------- */
typedef struct nm_expr { size_t n; uint32_t *unit; double *c; double lo, hi; } nm_expr; /* sum c*unit + [lo,hi] */
struct nm_fold {
    nm_batch *t;
    size_t n_rows;
    nm_expr *row;          /* [n_rows] the rows, from below */
    nm_expr **below, **above; /* [n_units] forms of needed pre-activations */
    bool *need;            /* [n_units] some row contains the unit */
    bool *inner;           /* [n_units] some row of another unit contains it */
};
nm_fold *nm_fold_rows(nm_enc *e, size_t n_rows, const uint32_t *row);
void nm_fold_units(nm_enc *e, nm_fold *f);
/* Returns a phase that b assumes but the input set does not imply: 1 inactive, -1 active, 0 none. */
int nm_enc_assumed(const nm_enc *e, const nm_block *k, size_t i);
/* Returns a row from below, by the lines of a hull run. */
nm_expr nm_fold_hull(nm_enc *e, nm_fold *f, const nm_lines_of *lines, const nm_alpha *a, uint32_t row);

/* ---- distance.c --------------------------------------------------------------------------------- */
/* a distance from a centre over columns: sum c*col + least */
struct nm_distance {
    nm_norm norm;
    const char *tag;       /* in the names of its columns and rows; "" for the first */
    size_t n, n_terms;     /* inputs; terms */
    size_t n_tangents;     /* L2: number of sets of tangents */
    const double *centre, *lo, *hi; /* [n]; the box of the inputs */
    const nm_pixelset *pixels; /* L0 counts these; or NULL */
    nm_form *in;           /* [n] the inputs over columns */
    int32_t *col, *square; /* [n] columns of each input's |x - c| or x != c, and of its square; -1: none */
    int32_t total;         /* column of the whole distance, or -1 */
    bool is_quad;          /* L2: col holds x - c, whose squares are products */
    uint32_t *j;
    double *c, least, size; /* size: sum of magnitudes in `least` */
    double scale;          /* L2 by tangents: units of d for one unit of the inputs */
    struct nm_distance *next;
};
void nm_distance_balls(nm_enc *e, const nm_case *c);
/* Adds the distance to the objective and returns its constant part. For L2 the squared distance is minimised. */
double nm_distance_objective(nm_enc *e, nm_norm norm, const double *centre);
void nm_distance_lift(const nm_enc *e, const double *input, double *x);

#endif
