/* bounds.h, the door of bounds: certified bounds of every unit over an input set: interval, CROWN, alpha, hull dual,
 * conditioned. All rounding is accounted for here; it must never trust a solver, nor decide what to try. */
#ifndef NM_BOUNDS_H
#define NM_BOUNDS_H

#include "program/program.h"
#include "question/question.h"

/* ---- bounds.c: bounds of every unit, changed only by intersection ------------------------------- */
typedef enum { NM_BY_NOTHING, NM_BY_INTERVAL, NM_BY_CROWN, NM_BY_ALPHA, NM_BY_LP, NM_BY_MIP, NM_BY_FILE,
               NM_BY_TREES } nm_by; /* up to MIP also levels of --bounds */
typedef enum { NM_INACTIVE, NM_ACTIVE, NM_UNSTABLE } nm_phase;
typedef struct nm_bounds {
    const nm_program *p;
    double *lo, *hi;       /* [n_units] */
    double *mag;           /* [n_units] A|A||x| of the unit's row over the box */
    unsigned char *by;     /* the nm_by that last improved it */
    unsigned char *steep;  /* lower slope of the RELU that reads it: 1 means 0, 2 means 1, 0 means "by its bounds" */
    bool empty;            /* some lo > hi occurred: the set is empty */
    const nm_gens *gens; /* block 0 has these generators, whose sums hold; or NULL */
    size_t n_balls; const nm_ball *balls; /* they contain block 0, too; none with generators */
} nm_bounds;
nm_bounds *nm_bounds_new(nm_job *job, const nm_program *p, const double *lo, const double *hi);
/* how far float32 may put unit i of AFFINE block k from its exact value (network/float32.c); reals: 0 */
double nm_bounds_radius(const nm_bounds *b, const nm_block *k, size_t i);
void nm_bounds_meet(nm_bounds *b, size_t u, double lo, double hi, nm_by by);
static inline bool nm_steep(double lo, double hi) { return hi > -lo * (1 + 0x1p-30); } /* ties ignore rounding */
nm_phase nm_bounds_phase(const nm_bounds *b, size_t u); /* of a unit that a RELU reads */
bool nm_bounds_open(const nm_bounds *b, size_t u);   /* true: its phase is open, and the last block depends on it */
size_t nm_bounds_list_open(const nm_bounds *b, int k, uint32_t *unit); /* those of block k, counted in it */
nm_bounds nm_bounds_below(const nm_bounds *b, int k, nm_program *cut); /* of a program that ends with block k; shared */
void nm_bounds_count(const nm_bounds *b, int relu, size_t count[3]);
size_t nm_bounds_unstable(const nm_bounds *b);       /* how many RELUs are open, over all blocks */
const char *nm_by_name(nm_by by);
void nm_bounds_print(nm_buf *buf, const nm_bounds *b);

/* ---- levels.c: how each layer is bounded -------------------------------------------------------- */
typedef struct nm_level { size_t block; nm_by by; } nm_level; /* for the inputs of ReLU block `block`: lp or mip */
typedef struct nm_levels { nm_by all; bool stated; size_t n, cap; nm_level *at; } nm_levels;
nm_levels nm_levels_read(nm_job *job, const char *where, const char *text); /* text NULL: alpha; where: for messages */
void nm_levels_check(nm_job *job, const nm_levels *l, const nm_program *p); /* refuses blocks that are not ReLUs */
nm_by nm_levels_of(const nm_levels *l, size_t relu);
nm_by nm_levels_most(const nm_levels *l);
bool nm_levels_ask(const nm_levels *l);             /* true: some layer is bounded by linear or integer programs */

/* ---- bounds_file.c: bounds in files ------------------------------------------------------------- */
typedef struct nm_known nm_known; /* bounds of units from a file, case by case */
typedef struct nm_bounds_of { /* bounds for a question; cases [n]; NULL: an empty case */
    const char *net_hash, *query_hash;
    size_t n;
    const nm_bounds *const *cases;
} nm_bounds_of;
void nm_bounds_write(nm_job *job, const char *path, const nm_bounds_of *of); /* .json, .csv, .npz; else as --dump */
nm_known *nm_known_read(nm_job *job, const char *path, const char *net_hash, const char *query_hash);
const char *nm_known_used(const nm_known *k); /* its path if it ever improved a bound, else NULL; k may be NULL */
/* Intersects b with what the file says about case icase, except for the input block and the question's rows. Returns
 * how many units it improved; refuses units that b's program does not have. */
size_t nm_known_meet(nm_job *job, nm_known *k, nm_bounds *b, size_t icase);

/* ---- question_rows.c: a program with the rows of a question ------------------------------------- */
/* Returns a copy of p with an AFFINE block added at the end that holds the rows: unit i = row i without its rhs. */
nm_program *nm_program_with_rows(nm_job *job, const nm_program *p, size_t n, const nm_row *const *rows);

/* ---- over_generators.c: a question over generators ---------------------------------------------- */
typedef struct nm_work {   /* a case as bounds, encodings and attack see it */
    const nm_program *p;   /* if there are generators, they are its input, and x is block 1 */
    const nm_case *c;      /* box and input rows over the inputs of p (block 0), the same clauses */
    const nm_case *of;
    const double *xlo, *xhi; /* with generators: bounds of x over their box and sums */
} nm_work;
nm_work nm_work_of(nm_job *job, const nm_program *p, const nm_case *c);
/* Returns bounds that hold nothing but the input set; p is work->p or an extension of it. */
nm_bounds *nm_work_bounds(nm_job *job, const nm_work *w, const nm_program *p);

/* ---- interval.c: interval arithmetic ------------------------------------------------------------ */
void nm_interval(nm_job *job, nm_bounds *b, int from, int to); /* blocks from..to-1 */

/* ---- propagate.c: bounds passed backwards ------------------------------------------------------- */
/* Passes bounds from each unit to those that it reads; upper bounds of the last block are limits. tense [n_units] or
 * NULL: how near each AFFINE unit is to its upper limit, from 0 to 1, or, below 0, to its lower limit. */
void nm_propagate(nm_bounds *b, double *tense);

/* ---- crown.c: one backward pass for each block -------------------------------------------------- */
typedef struct nm_cut nm_cut;
typedef struct nm_crown_opts {
    bool all_rows;         /* rows for every unit, not only for open ones */
    int query_block;       /* block of which only lower bounds are wanted; 0 or less: none */
    const nm_cut *cut;     /* bounds only need to hold for points that satisfy it; or NULL */
} nm_crown_opts;
void nm_crown(nm_job *job, nm_bounds *b, nm_crown_opts o);
double nm_crown_work(const nm_bounds *b); /* roughly, in fused multiply-adds: of rows for the units of open sign */

/* ---- unit_lines.c: the linear bounds that replace a unit ---------------------------------------- */
typedef struct nm_signs {  /* assumptions of a branch: the pre-activation of RELU unit[k] is <= 0 or >= 0 */
    size_t n;
    const uint32_t *unit;
    const signed char *side; /* 1: <= 0;  -1: >= 0 */
} nm_signs;
typedef struct nm_lane_sign { uint32_t unit; unsigned char lane; signed char side; double beta; } nm_lane_sign;
typedef struct nm_relax {  /* linear bounds of each unit, in block order [n_units] */
    double *slo;           /* RELU: lower slope in [0,1] */
    double *slo_lane;      /* [n_units][NM_LANES] lower slopes of each lane instead, or NULL */
    const nm_signs *signs; /* RELU units whose sign is given, or NULL */
    double *beta;          /* [signs->n][NM_LANES] their multipliers, 0 or more */
    nm_lane_sign *lane_signs; /* [n_lane_signs] signs that hold in one lane only, where the unit is then exact */
    size_t n_lane_signs;
    double *sup, *cut;     /* RELU: upper line sup*a + cut */
    double *w;             /* weight of |coefficient| in the a-priori rounding error */
    double *size;          /* RELU: largest |pre-activation| */
    double *flat;          /* [n_blocks] error that underflow in the block may cause in a row */
    uint32_t *mlo, *mup;   /* MAX: the member used as lower bound; the member in the upper line */
    unsigned char *dead;   /* the unit can be dropped: its value is 0 over the box */
    unsigned char *keep;   /* fold: the pull stops here, the unit stays a variable */
} nm_relax;
nm_relax *nm_relax_new(nm_job *job, const nm_bounds *b);
void nm_relax_set(nm_relax *x, const nm_bounds *b, int from, int to); /* lines of blocks from..to-1 */
const unsigned char *nm_relax_zero(const nm_relax *x, const nm_program *p, int block); /* RELUs: dead; or NULL */

/* ---- pull_back.c: NM_LANES rows pulled back through a program ----------------------------------- */
typedef struct nm_batch {
    nm_job *job;
    const nm_program *p;
    const nm_kernels *k;
    double **y;            /* [n_blocks] -> [n8][NM_LANES] coefficients */
    unsigned char **live;  /* [n_blocks] -> [n8] 1: the unit's coefficients are set */
    size_t *n_live;        /* [n_blocks] after nm_batch_list */
    uint32_t **unit;       /* [n_blocks] -> the live units, in order */
    bool *used;            /* [n_blocks] */
    double cst[NM_LANES], err[NM_LANES]; /* constant and rounding error so far */
} nm_batch;
/* an inequality that every point of interest satisfies: sum g x <= h over the inputs, g [n_in] */
struct nm_cut { const double *g; double h; };
nm_batch *nm_batch_new(nm_job *job, const nm_program *p);
void nm_batch_clear(nm_batch *t);
void nm_batch_put(nm_batch *t, int block, size_t i, int lane, double coef);
void nm_batch_pull(nm_batch *t, const nm_relax *x, int from);  /* from block `from` down to the input */
void nm_batch_shift(nm_batch *t, const nm_bounds *b); /* rewrites lanes at block 0 using the sums of generators */
size_t nm_batch_list(nm_batch *t, int block);
/* Sets constants g0 [NM_LANES] such that each row >= its coefficients at the input + g0 over the box. */
void nm_batch_constant(const nm_batch *t, const nm_bounds *b, double *g0);

/* ---- alpha.c: optimised slopes ------------------------------------------------------------------ */
typedef struct nm_alpha {  /* for each lane the best lower bound found: row >= g.x + g0 >= lo over the box */
    double lo[NM_LANES], g0[NM_LANES];
    double *gap;           /* [n_units] what lane 0's best row loses by the relaxation of each RELU; else 0 */
    double *slope;         /* [n_units] lower slopes of lane 0's best */
    double *beta;          /* [n_beta] its multipliers of the signs */
    size_t n_beta;
    double *theta, *mu, *nu; /* of a hull run: the parameters of its lines at the end, or NULL */
    double *share;         /* [lines] share of the unit that its line over the network's inputs takes */
    double *theta2, *m2;   /* Adam's second moments: of theta, of everything else */
    size_t age;            /* number of steps in them before this run */
    double *mean;          /* [n_in] of a hull run: roughly the minimiser of its relaxation, or NULL */
    double *g;             /* [n_in][NM_LANES] */
    double *ramp, smooth;  /* of a point run: [lines] where the ramps of its lines end, and their width; else NULL */
    float *lane_slope;     /* [lanes][n_units] of nm_alpha_coarse: lower slopes of each lane's best; else NULL */
    size_t steps;
} nm_alpha;
/* Optimises the lower slopes for up to NM_LANES rows of the last block; stops when all lanes are above `enough`; slopes
 * and multipliers start from those of `start`, unless NULL. */
nm_alpha *nm_alpha_run(nm_job *job, const nm_bounds *b, size_t n, const uint32_t *row, const double *enough,
                       size_t steps, const nm_signs *signs, const nm_alpha *start);
/* Optimises so with slopes that are multiples of 1/1024, for certificates. */
nm_alpha *nm_alpha_coarse(nm_job *job, const nm_bounds *b, size_t n, const uint32_t *row, const double *enough,
                          size_t steps, const nm_signs *signs, const nm_alpha *start);
/* Optimises every unstable unit's slopes, and improves b in place; needs CROWN. */
void nm_alpha_units(nm_job *job, nm_bounds *b, size_t steps);
size_t nm_alpha_block(nm_job *job, nm_bounds *b, int k, size_t steps); /* of one block; returns how many are unstable */

/* ---- lanes.c: up to NM_LANES nodes of branching at once ------------------------------------------ */
typedef struct nm_lane {   /* a node: the signs that it assumes, and where its optimisation starts */
    size_t n;
    const uint32_t *unit;
    const signed char *side; /* as in nm_signs */
    const float *beta;     /* [n] */
    const float *slope;    /* [n_open] */
} nm_lane;
typedef struct nm_lanes {  /* a workspace for one row; after a run, what each lane's best bound was made with */
    nm_job *job;
    const nm_bounds *b;
    size_t n_open; const uint32_t *open; /* RELU units of open sign */
    double lo[NM_LANES];
    float *slope, *beta;   /* [NM_LANES][n_open]; [NM_LANES][most signs] */
    float *loss;           /* [NM_LANES][n_open] what the unit's line loses at the last minimisers but one */
    double *x;             /* [n_in][NM_LANES] the last minimiser */
    double coef;           /* 1; -1: the row is bounded from above, as a lower bound of -row */
    bool keep_slopes;      /* only multipliers of signs are optimised */
    struct nm_lane_climb *climb;
} nm_lanes;
/* Opens a workspace for row `row` of the last block; `most`: the largest number of signs in a lane. Bounds that it
 * computes hold wherever b's do. */
nm_lanes *nm_lanes_new(nm_job *job, const nm_bounds *b, uint32_t row, size_t most);
/* Bounds the row in n nodes; ends when all are above `enough`. A node's result does not depend on other lanes. */
void nm_lanes_run(nm_lanes *l, size_t n, const nm_lane *lane, double enough, size_t steps);
double nm_lanes_work(const nm_lanes *l, size_t n, size_t steps); /* roughly, in fused multiply-adds */

/* ---- hull_lines.c, hull_dual.c: the hull dual --------------------------------------------------- */
typedef struct nm_line {   /* a line for an unstable unit, over its own inputs or over the network's */
    uint32_t u, pre;       /* unit of the RELU, and of its pre-activation */
    size_t n, at;          /* n: inputs, a multiple of 8; at: where its theta starts */
    const uint32_t *idx;   /* [n] units that it reads; rows of one dense operator share a list */
    const double *w;       /* [n], 0 in the padding */
    double b;
    int32_t far;           /* the unit's other line, over the network's inputs, or -1 */
    bool is_far;           /* over the network's inputs: w x + b >= the pre-activation, and >= lo */
    double lo, size;       /* size: at least |w||x| */
} nm_line;
typedef struct nm_lines_of {
    size_t n, n_far, entries, longest, n_windows;
    struct nm_window_line *window;
    double crowd;          /* most windows that read a unit, as a multiple of its fan */
    bool full;             /* every unstable unit has a line */
    nm_line *line;
    int32_t *of;           /* [n_units] line of a RELU unit, or -1 */
} nm_lines_of;
typedef struct nm_hull_opts { size_t steps; double rate, last; } nm_hull_opts; /* Adam's rate falls to rate * last */
/* Makes lines for the unstable units, last layers first, up to `most` entries in all; valid for bounds within b's. */
nm_lines_of *nm_lines_of_new(nm_job *job, const nm_bounds *b, size_t most);
/* Runs the hull dual for one row of the last block; returns a result like alpha's, in lane 0. */
nm_alpha *nm_hull_run(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row, double enough,
                      nm_hull_opts o, const nm_signs *signs, const nm_alpha *start);
/* hull_point.c: does so with one block of ReLUs, over a box: nm_point_fits. a->mean is the point that decides the
 * lines; if the row is above `enough`, it and a->beta are those of the bound. */
enum { NM_POINT_GRID = 1024 }; /* places of points are multiples of 1/NM_POINT_GRID of the interval */
bool nm_point_fits(const nm_bounds *b);
nm_alpha *nm_point_run(nm_job *job, const nm_lines_of *l, const nm_bounds *b, uint32_t row, double enough, size_t steps,
                       const nm_signs *signs, const nm_alpha *start);
/* Sets on and off of line k as the run `a` left them, valid for coefficients fl(theta w). */
void nm_hull_line(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, const nm_alpha *a, size_t k, double *on,
                  double *off);
/* Writes the row through the lines of `a`, down to inputs and kept units: row >= y [n_units] . units + the result. */
double nm_hull_row(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row, const nm_alpha *a,
                   const unsigned char *keep, double *y);

/* ---- conditioned.c: bounds for counterexamples to one target ------------------------------------ */
typedef struct nm_tighten_opts { size_t rounds, steps; /* steps: of alpha in each round */ } nm_tighten_opts;
typedef struct nm_tight {
    bool closed;           /* there is no counterexample to the target */
    nm_bounds *b;          /* bounds that hold for counterexamples to the target only */
    double lo; size_t rounds; /* lo: lower bound of the row for them */
} nm_tight;
nm_bounds *nm_bounds_copy(nm_job *job, const nm_bounds *b);
void nm_bounds_assign(nm_bounds *to, const nm_bounds *from); /* both of the same program */
bool nm_cut_box(nm_bounds *b, const nm_cut *cut); /* shrinks the input box by the cut; false: nothing is left */
nm_cut nm_cut_of(nm_job *job, const nm_program *p, const nm_alpha *a, size_t lane, double rhs);
/* Tightens bounds for a row of the last block, row <= rhs at a counterexample; starts from a lane of an alpha run. */
nm_tight nm_tighten(nm_job *job, const nm_bounds *b, uint32_t row, double rhs, const nm_alpha *first,
                    size_t lane, nm_tighten_opts o);

#endif
