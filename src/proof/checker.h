/* checker.h: what the files of the checker share. Private to proof. */
#ifndef NM_PROOF_CHECKER_H
#define NM_PROOF_CHECKER_H

#include "proof/proof.h"

/* rows pulled back together; multipliers of a cut that are tried; signs on the way to a leaf of a tree; parts */
enum { NM_CHECK_LANES = 16, NM_CHECK_MULTIPLIERS = 24, NM_CHECK_TREE = 64, NM_CHECK_PARTS = 12 };
#define NM_CHECK_U 1.1102230246251565e-16 /* 2^-53, the unit roundoff */
#define NM_CHECK_MORE 1.01 /* covers the rounding of sums of fewer than 2^40 numbers that are not negative */

/* intervals that are as far below 0 as above it count as below, whatever rounding does; likewise members of maxima */
#define NM_CHECK_NEARLY (1 + 0x1p-30)
#define NM_CHECK_TIE 0x1p-30

/* Loops over 8 or 16 numbers at once; without fused operations their results are the same on every machine. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__PIE_STATIC__)
#define NM_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define NM_WIDE
#endif

/* ---- plain_net.c: the blocks as rows of numbers ------------------------------------------------- */
typedef struct nm_plain_block {
    nm_kind kind;
    size_t first, n;
    int src;             /* RELU, MAX: the block that it reads */
    const double *bias;  /* AFFINE [n] */
    const size_t *ptr;   /* AFFINE, MAX [n+1] */
    const uint32_t *idx; /* units that each unit reads, numbered over all blocks */
    const double *w;     /* AFFINE; units with the same weights share them, see nm_plain_weights */
    const size_t *at;    /* AFFINE [n] where those of a unit begin */
    const uint32_t *order; /* AFFINE [n] its units; those that read the same units follow each other */
    const uint32_t *group; /* AFFINE [n] of order[i]: the units of a group read the same ones */
    bool is_pre, reads_input_only;
} nm_plain_block;
struct nm_plain {
    size_t n_blocks, n_units, n_out, x_first;
    size_t fan;    /* the most terms that pulling back may add into one unit */
    size_t widest; /* the most units that an AFFINE unit reads */
    uint32_t *place; /* [n_units] where a unit is if those of AFFINE blocks are put into their order */
    nm_plain_block *block;
    const int32_t *out; /* as in nm_program */
    const double *out_const;
    size_t *tried; /* points at which it was compared with the judge's network */
    const nm_plain *played; /* blocks of the same network in which maxima are ReLUs, or NULL: it has none */
    const int *to; /* [n_blocks] the block of `played` with the same values as each of these, or -1 */
};
typedef struct nm_exact nm_exact; /* numbers of any length, and one row: --exact */
/* Compares the blocks with the judge's evaluation of the network at points of the box, unless this was done at enough
 * points for earlier certificates; NULL: they agree. */
const char *nm_plain_try(nm_job *job, const nm_plain *p, const nm_net *net, const double *lo, const double *hi,
                         bool exact);
/* Returns the blocks of a case with generators: block 0 has these, block 1 the inputs, others follow. */
const nm_plain *nm_plain_over(nm_job *job, const nm_plain *p, const nm_gens *g);
/* Says of each unit whether the rows depend on it. */
bool *nm_plain_needed(nm_job *job, const nm_plain *p, const nm_case *c);
/* Returns the weights of unit i of an AFFINE block, one for each unit that it reads. */
static inline const double *nm_plain_weights(const nm_plain_block *k, size_t i) { return k->w + k->at[i]; }
/* Returns the unit of variable v of a row, or -1: it is a constant. */
static inline int64_t nm_plain_unit(const nm_plain *p, uint32_t v)
{
    return v < p->n_out ? p->out[v] : (int64_t)(v - p->n_out + p->x_first);
}

typedef struct nm_plain_sign { /* given to the pre-activation of a RELU: it is <= 0 (side 1), or >= 0 (-1) */
    uint32_t unit;
    signed char side;
    unsigned char lane; /* in this lane alone, or NM_CHECK_LANES: in all of them */
    double beta;        /* its multiplier, 0 or more */
} nm_plain_sign;
typedef struct nm_plain_row { /* a row of the question, or, with row NULL, sign times a unit; it reads up to `block` */
    const nm_row *row;
    size_t block, unit;
    double sign;
} nm_plain_row;
typedef struct nm_plain_rows { /* which are bounded together, one in each lane; all read up to the same block */
    size_t n;
    nm_plain_row row[NM_CHECK_LANES];
    bool signs; /* use the region's signs */
    size_t n_signs;
    const nm_plain_sign *sign; /* of single lanes, as leaves of a tree have them */
} nm_plain_rows;

/* ---- a region --------------------------------------------------------------------------------- */
typedef struct nm_region { /* points of the input set, with the bounds that are proven for them */
    double *lo, *hi, *mag; /* [n_units]; mag: of an AFFINE unit, at least the sum of |weight| |value| */
    unsigned char *steep; /* [n_units] of pre-activations: 1: the lower slope is 0; 2: it is 1; 0: not chosen yet */
    float *slope;         /* [n_units] of RELU units: lower slopes of the question's rows, or below 0: as steep says */
    const double *point;  /* [n_in] places in [0,1], in the intervals of inputs, that decide lines; or NULL */
    double smooth, *room[2]; /* width of their ramps; [n_in] of this region alone, for its point and its cut; or NULL */
    size_t n_balls;       /* which hold all points of interest, too */
    const nm_ball *balls; /* over the inputs */
    size_t n_sums;        /* of generators, which hold everywhere */
    const nm_sum *sums;
    double *ends;         /* [3 * widest] of the units that a row reads, while intervals are computed */
    double *cut, cut_rhs; /* [n_in] cut x <= cut_rhs at all points of interest; or NULL */
    size_t n_signs;
    struct nm_plain_sign *sign; /* of RELU units, in all lanes */
    size_t stale; /* of the blocks below this one, interval arithmetic says no more than is known */
    bool empty;   /* no point of interest is left */
    bool *closed; /* [n_clauses] excluded over this region */
    int64_t only; /* the clause of interest, or -1: all that are not closed */
    uint32_t only_row; /* its row that is assumed to hold */
    const bool *needed; /* [n_units] the question's rows depend on it */
    nm_exact *exact;   /* computes without rounding; or NULL */
} nm_region;

static inline void nm_region_meet(nm_region *r, size_t u, double lo, double hi)
{
    if (lo > r->lo[u] && lo < INFINITY) r->lo[u] = lo;
    if (hi < r->hi[u] && hi > -INFINITY) r->hi[u] = hi;
    if (r->lo[u] > r->hi[u]) r->empty = true;
}
static inline double nm_region_size(const nm_region *r, size_t u) /* the largest |value| of a unit */
{
    return nm_larger(fabs(r->lo[u]), fabs(r->hi[u]));
}
/* ---- region.c ----------------------------------------------------------------------------------- */
nm_region nm_region_copy(nm_job *job, const nm_plain *p, const nm_region *r, size_t clauses);
typedef struct nm_cover_parts { /* of the groups of an L0 ball (elements, or pixels) */
    const struct nm_ball *ball;
    size_t groups, n;    /* their number; of the parts */
    unsigned char *part; /* [groups] from 1 on; 0: it is in none */
} nm_cover_parts;
/* Reads the parts of a ball over n inputs; returns what is wrong with them, or NULL. */
const char *nm_cover_parts_read(nm_job *job, const nm_ball *b, size_t n, nm_span s, nm_cover_parts *out);
/* Returns how many groups that are in parts may be away from the centre, over the region; below 0: it is empty. */
double nm_cover_parts_count(const nm_region *r, const nm_cover_parts *c);
void nm_cover_parts_keep(nm_region *r, const nm_cover_parts *c, uint32_t kept); /* fixes all groups of other parts */

/* ---- hints.c: what decides lines; each takes its words, and returns what is wrong with them, or NULL ---- */
static inline nm_span nm_take_word(nm_span *rest) /* the next word of a line; empty: there is none */
{
    while (rest->s < rest->end && *rest->s == ' ') rest->s++;
    nm_span out = {rest->s, rest->s};
    while (rest->s < rest->end && *rest->s != ' ') rest->s++;
    out.end = rest->s;
    return out;
}
/* slopes [BLOCK:[GAPa]..].. : lower slopes for rows of the question; units that are not named use their default */
const char *nm_hint_slopes(const nm_plain *p, nm_region *r, nm_span *words);
/* point WIDTH LETTERS: the places of a point, which decides lines of such rows; two letters an input */
const char *nm_hint_point(nm_job *job, const nm_plain *p, nm_region *r, nm_span *words);

/* ---- point.c: lines of a ReLU whose pre-activation is unit i of block k and reads inputs only ---- */
double nm_point_slope(const nm_plain_block *k, size_t i, const nm_region *r); /* a hint for its lower slope */
/* Sets theta [terms of the unit], hints for its upper line; *ramp: where its search starts, and has ended. */
void nm_point_thetas(const nm_plain_block *k, size_t i, const nm_region *r, double *theta, double *ramp);
/* Returns a constant so that the unit is at most c x + it over the box, where c is near theta w. */
double nm_point_top(const nm_plain_block *k, size_t i, const nm_region *r, const double *c);

/* ---- balls.c: least values over a box and a ball ------------------------------------------------ */
/* Returns a lower bound of y.x, rounding included, or -INFINITY; z [n]: room for a hint. */
double nm_plain_ball_least(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, double *z);
/* Sets z of L1 or L2, a hint; false: the box alone is as good. */
bool nm_plain_ball_hint(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, double *z);
double nm_plain_ball_norm(const nm_ball *b, size_t n, const double *z); /* N(z), rounded up; may be INFINITY */
bool nm_plain_ball_missed(const nm_ball *b, size_t n, const double *lo, const double *hi); /* no point is in both */
/* Returns lambda of L0, a hint. */
double nm_plain_ball_lambda(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi);
typedef struct nm_plain_group { /* the elements that an L0 ball counts as one */
    size_t n, first;
    const uint32_t *idx; /* NULL: one alone, the first */
} nm_plain_group;
size_t nm_plain_ball_groups(const nm_ball *b, size_t n);
nm_plain_group nm_plain_ball_group(const nm_ball *b, size_t g);
static inline size_t nm_plain_member(const nm_plain_group *g, size_t k)
{
    return g->idx ? g->idx[k] : g->first;
}
/* Returns whether the box is away from the centre in an element of the group. */
bool nm_plain_ball_moves(const nm_ball *b, const nm_plain_group *g, const double *lo, const double *hi);

/* ---- bends.c: between which lines units lie ---------------------------------------------- */
typedef struct nm_bends {
    const nm_plain *p;
    bool *zero;             /* [n_units] it is left out: both lines are 0, and no leaf of a tree has others */
    double *slo, *sup, *up; /* [n_units] lower slope; upper line sup a + up */
    uint32_t *low, *top;    /* members of the lower and the upper line: of a RELU, what it reads */
    double **hull;          /* [n_units] of an upper line over the inputs: coefficients, or exactly: thetas; or NULL */
    unsigned char *made;    /* [n_units] which of its lines have been computed */
    double *ramp;           /* [n_units] where the search for a line has ended */
    double **room;          /* [n_blocks] for them, by the terms of the affine block */
    double *fee;            /* [n_units] cost of rounding for each |coefficient| */
    double flat;            /* of underflow */
} nm_bends;
nm_bends nm_bends_new(nm_job *job, const nm_plain *p); /* its arrays are the job's */
/* Sets the lines of blocks from..to-1 by the region's bounds, and what their rounding costs; steep: lower slopes are 0
 * or 1, as bounds of units have them, without the region's slopes and its point. */
void nm_bends_set(nm_bends *t, const nm_region *r, size_t from, size_t to, bool steep);
bool nm_bends_zero(const nm_bends *t, size_t u); /* both lines are 0 */
/* Computes lines that the region's point decides, for coefficients of these signs. */
void nm_bends_make(nm_bends *t, const nm_region *r, size_t u, bool lower, bool upper);
/* Returns the block that a RELU unit reads; *i: its unit there. */
const nm_plain_block *nm_bends_read_by(const nm_bends *t, size_t u, size_t *i);
typedef struct nm_plain_line { /* a unit is at least slo low, and at most sup top plus an offset */
    size_t low, top;
    double slo, sup;
    const double *theta; /* of an upper line over the inputs, instead; or NULL */
} nm_plain_line;
/* Returns the lines of a unit, for a coefficient of this sign. */
nm_plain_line nm_bends_line(nm_bends *t, const nm_region *r, size_t u, int sign);

/* ---- pull.c: rows pulled back to the inputs ----------------------------------------------------- */
typedef struct nm_pull nm_pull; /* NM_CHECK_LANES rows */
nm_pull *nm_pull_new(nm_job *job, const nm_plain *p);
nm_bends *nm_pull_bends(nm_pull *t); /* those by which it pulls back */
void nm_pull_clear(nm_pull *t);
void nm_pull_put(nm_pull *t, size_t u, size_t lane, double coef);
void nm_pull_constant(nm_pull *t, size_t lane, double c, double e); /* which may be off by e */
/* Pulls the rows that were put into the lanes back to the inputs. */
void nm_pull_back(nm_pull *t, const nm_region *r, const nm_plain_rows *rows);
void nm_pull_lower(const nm_pull *t, const nm_region *r, double *lo);
/* Returns the best multiplier of the region's cut for a row y over the inputs, a hint. */
double nm_pull_multiplier(nm_pull *t, const nm_region *r, const double *y);
/* Returns the constant of lane 0, off by at most *e, and its coefficients of the inputs in g. */
double nm_pull_inputs(const nm_pull *t, double *g, double *e);

/* ---- plain_bounds.c: what steps do to a region -------------------------------------------------- */
void nm_region_interval(const nm_plain *p, nm_region *r, size_t to); /* bounds of blocks below to */
void nm_region_crown(nm_pull *t, const nm_plain *p, nm_region *r);
/* Sets the box of a case's generators, and from it the intervals of its inputs, which are within the case's box. */
void nm_region_generators(nm_pull *t, const nm_plain *p, nm_region *r, const nm_case *c);
/* Sets lower bounds of rows over the region; nm_bends_set comes first. */
void nm_region_bound(nm_pull *t, const nm_plain *p, const nm_region *r, const nm_plain_rows *rows, double *lo);
/* Makes row <= its right side, pulled back to the inputs, the region's cut, and shrinks its box. */
void nm_region_cut(nm_job *job, nm_pull *t, const nm_plain *p, nm_region *r, const nm_row *row);

/* ---- tree.c: a row bounded by cases of signs ----------------------------------------------------- */
/* Sets a lower bound of the row by the words of a tree, which are taken; returns what is wrong with them, or NULL. */
const char *nm_region_tree(nm_job *job, nm_pull *pull, const nm_plain *p, const nm_region *r, const nm_plain_row *row,
                           nm_span *words, double *lo);

/* ---- exact.c: all of this without rounding; results become doubles, rounded outwards ------------ */
nm_exact *nm_exact_new(nm_job *job, const nm_plain *p, nm_pull *pull); /* to be closed by nm_close */
void nm_exact_affine(nm_exact *x, size_t b, nm_region *r);                  /* the intervals of a block */
double nm_exact_bound(nm_exact *x, const nm_region *r, const nm_plain_rows *rows, size_t lane); /* of one of them */
/* Sets g, and returns h, so that g x <= h where the first row is at most its right side; not finite: unknown. */
double nm_exact_cut(nm_exact *x, const nm_region *r, const nm_plain_rows *rows, double *g);
void nm_exact_shrink(nm_exact *x, nm_region *r);

/* ---- exact_trial.c ---------------------------------------------------------------------------- */
/* Compares the blocks' outputs at a point with y, which may be off by yerr; which: the output that differs. */
bool nm_exact_agrees(nm_job *job, const nm_plain *p, const double *in, const double *y, const double *yerr,
                     size_t *which);

#endif
