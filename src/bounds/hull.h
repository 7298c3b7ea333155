/* hull.h: the walk of a hull run, and what the files of bounds share. Private to bounds. */
#ifndef NM_BOUNDS_HULL_H
#define NM_BOUNDS_HULL_H

#include "bounds/bounds.h"

/* ---- a step upwards ---------------------------------------------------------------------------- */
typedef struct nm_adam { double rate, f1, f2; } nm_adam; /* Kingma, Ba 2015: rate, corrections of the moments */
/* Returns x moved up the derivative g, and updates the moments m1 and m2. */
static inline double nm_adam_move(double x, double g, double *m1, double *m2, nm_adam a)
{
    *m1 = 0.9 * *m1 + 0.1 * g;
    *m2 = 0.999 * *m2 + 0.001 * g * g;
    return x + a.rate * (*m1 / a.f1) / (sqrt(*m2 / a.f2) + 1e-12);
}

/* Returns whether an AFFINE block reads the input alone. */
static inline bool nm_reads_input_only(const nm_block *k)
{
    for (size_t t = 0; t < k->n_lin; t++)
        if (k->lin[t].src != 0) return false;
    return true;
}

/* ---- bounds.c ----------------------------------------------------------------------------------- */
nm_bounds *nm_bounds_case(nm_job *job, const nm_program *p, const nm_case *c); /* over its box and balls */
/* what y x is at least over box and balls, or where that is less than `least`, least; x as nm_ball_lower's */
double nm_bounds_ball(const nm_bounds *b, const double *y, double least, double *x);

/* ---- pull_back.c -------------------------------------------------------------------------------- */
/* lower ends over the box of block 0, rounding paid; lo [NM_LANES] */
void nm_batch_lower(nm_batch *t, const nm_bounds *b, double *lo);
/* the same over the box and the cut: by Lagrange duality, for a multiplier that is near the best */
void nm_batch_lower_cut(nm_batch *t, const nm_bounds *b, const nm_cut *cut, double *lo);
/* constants [NM_LANES] so that each row >= its coefficients at the input + g0 over the box */
void nm_batch_constant(const nm_batch *t, const nm_bounds *b, double *g0);

/* ---- hull_walk.c: the walk of a hull run -------------------------------------------------------- */
enum { NM_IDLE, NM_ON, NM_OFF };
typedef struct nm_hull_moments { /* Adam's first and second */
    double *m1, *m2;       /* [n_units] of alpha, signs, mu, nu */
    double *t1, *t2;       /* [entries] of theta */
} nm_hull_moments;
typedef struct nm_hull_each { /* [n] where the walk stands at each line */
    double *part, *along;  /* its part of its unit's coefficient; its value */
    double (*end)[6];      /* see hull_ends */
    double *top;           /* its constant */
    unsigned char *state;  /* NM_IDLE, NM_ON: the line is used, and its `on` is the larger; NM_OFF */
} nm_hull_each;
typedef struct nm_hull {   /* a run, and where its walk stands */
    nm_job *job;
    const nm_bounds *b;
    const nm_program *p;
    const nm_kernels *k;
    const nm_lines_of *lines;
    nm_relax *x;
    const nm_signs *signs;
    const unsigned char *keep; /* [n_units] stop here, the unit stays a variable; or NULL */
    nm_alpha *a;               /* theta, mu, nu, slope and beta are moved here */
    nm_hull_moments adam;
    nm_hull_each at;
    double *y, *v;             /* [n_units] coefficients of the walk; values along the lines */
    double *mean;              /* [n_in] of the minimisers x* */
    double *z;                 /* [n_in] coefficients that far lines add to the inputs */
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

#endif
