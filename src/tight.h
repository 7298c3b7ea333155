/* tight.h: what tightens bounds beyond CROWN. Included by all.h alone. */
#ifndef NM_TIGHT_H
#define NM_TIGHT_H

/* ---- bound/alpha.c ---------------------------------------------------------------------------- */
typedef struct nm_alpha {  /* for each lane the best lower bound met: row >= g.x + g0 >= lo over the box */
    double lo[NM_LANES], g0[NM_LANES];
    double *gap;           /* [n_units] what lane 0's best rows lose at each RELU's lines */
    double *slope;         /* [n_units] lower slopes of lane 0's best */
    double *beta;          /* [n_beta] its multipliers of given signs */
    size_t n_beta;
    double *theta, *mu, *nu; /* of a hull run: its lines as they were last, or NULL */
    double *share;         /* [lines] of lines over the network's inputs: their part of the unit */
    double *theta2, *m2;   /* Adam's second moments: of theta, of all else */
    size_t age;            /* steps in them before this run */
    double *mean;          /* [n_in] of a hull run: about where its relaxation is least, or NULL */
    double *g;             /* [n_in][NM_LANES] */
    size_t steps;
} nm_alpha;
/* optimises the lower slopes for up to NM_LANES rows of the last block; all lanes above `enough` stop it;
 * slopes and multipliers start from those of `start`, unless NULL */
nm_alpha *nm_alpha_run(nm_job *job, const nm_bounds *b, size_t n, const uint32_t *row,
                       const double *enough, size_t steps, const nm_signs *signs,
                       const nm_alpha *start);
/* the same for every unstable unit, in place: needs CROWN */
void nm_alpha_units(nm_job *job, nm_bounds *b, size_t steps);

/* ---- bound/hull.c ----------------------------------------------------------------------------- */
typedef struct nm_line {   /* an unstable unit over its own inputs, or over the network's */
    uint32_t u, pre;       /* unit of the RELU, and of its pre-activation */
    size_t n, at;          /* inputs, a multiple of 8; where its theta starts */
    const uint32_t *idx;   /* [n] units that it reads; rows of one dense operator share a list */
    const double *w;       /* [n], 0 in the padding */
    double b;
    int32_t far;           /* its line over the network's inputs, or -1 */
    bool is_far;           /* such a line: w x + b is at least the pre-activation, and at least lo */
    double lo, size;       /* size: at least |w||x| */
} nm_line;
typedef struct nm_lines_of {
    size_t n, n_far, entries, longest;
    bool full;             /* no unstable unit is without */
    nm_line *line;
    int32_t *of;           /* [n_units] line of a RELU unit, or -1 */
} nm_lines_of;
typedef struct nm_hull_opts { size_t steps; double rate, last; } nm_hull_opts; /* Adam's rate falls to rate * last */
/* lines of the unstable units, last layers first, up to `most` entries; for bounds within b's */
nm_lines_of *nm_lines_of_new(nm_job *job, const nm_bounds *b, size_t most);
/* the hull dual of one row of the last block; a result like alpha's, in lane 0 */
nm_alpha *nm_hull_run(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row,
                      double enough, nm_hull_opts o, const nm_signs *signs, const nm_alpha *start);

/* on and off of line k as the run `a` left it, good for coefficients fl(theta w) */
void nm_hull_line(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, const nm_alpha *a, size_t k,
                  double *on, double *off);
/* the row through the lines of `a`, down to inputs and kept units: row >= y . units + the result; y [n_units] */
double nm_hull_row(nm_job *job, const nm_lines_of *lines, const nm_bounds *b, uint32_t row, const nm_alpha *a,
                   const unsigned char *keep, double *y);

/* ---- bound/walk.c: the walk of a hull run ------------------------------------------------------ */
enum { NM_IDLE, NM_ON, NM_OFF };
typedef struct nm_hull {  /* a run, and where its walk stands */
    nm_job *job;
    const nm_bounds *b;
    const nm_program *p;
    const nm_kernels *k;
    const nm_lines_of *lines;
    nm_relax *x;
    const nm_signs *signs;
    const unsigned char *keep; /* [n_units] stop here, the unit stays a variable; or NULL */
    nm_alpha *a;               /* theta, mu, nu, slope and beta are moved here */
    double *y, *v;             /* [n_units] coefficients of the walk; values along the lines */
    double *mean;              /* [n_in] of the minimisers x* */
    double *m1, *m2;           /* Adam's moments: [n_units] of alpha, signs, mu, nu */
    double *t1, *t2;           /* [entries] of theta */
    double *z;                 /* [n_in] coefficients that far lines add to the inputs */
    double *part, *along;      /* [n] each line's part of its unit's coefficient; its value */
    double (*end)[6];          /* [n] see hull_ends */
    double *top;               /* [n] the constants of the lines */
    unsigned char *state;      /* [n] NM_IDLE, NM_ON: the line is used, and its `on` is the larger; NM_OFF */
    struct {
        const uint32_t *idx;
        double *lo, *hi, *val;
    } packed[2]; /* [longest] box and values of the inputs of a list, for near and for far lines */
    double *sum;
    double cst, err;
} nm_hull;
void nm_hull_pull(nm_hull *h, uint32_t row);
double nm_hull_least(nm_hull *h, double *g0);        /* over the input box; leaves x* in v; g0: the row's constant */
void nm_hull_forward(nm_hull *h);                    /* values from those of the input, along the lines */
double nm_hull_value(nm_hull *h, const nm_block *r, size_t i);
void nm_hull_ends(nm_hull *h, size_t k, double *on, double *off); /* upper ends of on and off of line k */
void nm_hull_pack(nm_hull *h, const nm_line *l, bool values);
void nm_hull_unpack(nm_hull *h);

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

/* ---- gradient.c ------------------------------------------------------------------------------- */
typedef struct nm_walk {
    nm_job *job;
    const nm_program *p;
    const nm_kernels *k;
    nm_batch *t;           /* backward: the caller puts rows, the gradient is y[0] */
    double **v;            /* [n_blocks] -> [n8][NM_LANES] values; the caller fills v[0] */
} nm_walk;
nm_walk *nm_walk_new(nm_job *job, const nm_program *p);
void nm_walk_forward(nm_walk *w);
void nm_walk_backward(nm_walk *w);

/* ---- attack.c ------------------------------------------------------------------------------- */
typedef struct nm_attack_opts { size_t steps, restarts; uint64_t seed; } nm_attack_opts;
/* A point that program arithmetic takes for a counterexample to a listed clause, or NULL. */
const double *nm_attack(nm_job *job, const nm_bounds *b, const nm_case *c, size_t n_open,
                        const size_t *open, const uint32_t *const *row, const double *start,
                        nm_attack_opts o, size_t *hit);
/* the point of the least margin that a descent on one clause meets, or NULL */
const double *nm_attack_least(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, const uint32_t *row,
                              const double *start, nm_attack_opts o);

#endif
