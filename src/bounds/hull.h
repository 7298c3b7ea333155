/* hull.h: the state of a run of the hull dual, and what the files of bounds share. Private to bounds. */
#ifndef NM_BOUNDS_HULL_H
#define NM_BOUNDS_HULL_H

#include "bounds/bounds.h"

/* ---- a step of Adam ----------------------------------------------------------------------------- */
typedef struct nm_adam { double rate, f1, f2; } nm_adam; /* Kingma, Ba 2015: rate, corrections of the moments */
/* Returns x moved along the derivative g (ascent), and updates the moments m1 and m2. */
static inline double nm_adam_move(double x, double g, double *m1, double *m2, nm_adam a)
{
    *m1 = 0.9 * *m1 + 0.1 * g;
    *m2 = 0.999 * *m2 + 0.001 * g * g;
    return x + a.rate * (*m1 / a.f1) / (sqrt(*m2 / a.f2) + 1e-12);
}

/* ---- bounds.c ----------------------------------------------------------------------------------- */
nm_bounds *nm_bounds_case(nm_job *job, const nm_program *p, const nm_case *c); /* bounds with its box and balls */
/* Returns the larger of `least` and a lower bound of y x over box and balls; x: like nm_ball_lower's. */
double nm_bounds_ball(const nm_bounds *b, const double *y, double least, double *x);

/* ---- pull_back.c -------------------------------------------------------------------------------- */
/* Sets lo [NM_LANES] to lower bounds over the box of block 0, rounding included. */
void nm_batch_lower(nm_batch *t, const nm_bounds *b, double *lo);
/* Does so over the box and the cut: by Lagrange duality, with a multiplier near the best one. */
void nm_batch_lower_cut(nm_batch *t, const nm_bounds *b, const nm_cut *cut, double *lo);
/* Sets x [n_in][NM_LANES] to the minimisers of the first `lanes` rows over box and balls. */
void nm_batch_corner(const nm_batch *t, const nm_bounds *b, size_t lanes, double *x);

/* ---- hull_walk.c: passes of the hull dual ------------------------------------------------------- */
enum { NM_IDLE, NM_ON, NM_OFF };
typedef struct nm_hull_moments { /* Adam's first and second moments */
    double *m1, *m2;       /* [n_units] of alpha, signs, mu, nu */
    double *t1, *t2;       /* [entries] of theta */
} nm_hull_moments;
typedef struct nm_hull_each { /* [n] the state of the pass at each line */
    double *part, *along;  /* its part of its unit's coefficient; its value */
    double (*end)[6];      /* see hull_ends in program.h */
    double *top;           /* its constant */
    unsigned char *state;  /* NM_IDLE; for a line in use NM_ON if its `on` is the larger, else NM_OFF */
} nm_hull_each;
typedef struct nm_hull_window { /* the state of the pass at each maximum */
    double part;           /* its coefficient, below 0; 0: its line is not in use */
    double top;            /* the line's constant */
    size_t best;           /* the candidate that gives it */
    bool *alive;           /* [m] the candidate may win */
    double *lo, *hi;       /* [n] of theta: ends of the candidates' coefficients */
    double *wins;          /* [m] how often it was the best, roughly */
} nm_hull_window;
typedef struct nm_hull {   /* a run with its current pass */
    nm_job *job;
    const nm_bounds *b;
    const nm_program *p;
    const nm_kernels *k;
    const nm_lines_of *lines;
    nm_relax *x;
    const nm_signs *signs;
    const unsigned char *keep; /* [n_units] units that stay variables; or NULL */
    nm_alpha *a;               /* theta, mu, nu, slope and beta are optimised here */
    nm_hull_moments adam;
    nm_hull_each at;
    nm_hull_window *window;    /* [lines->n_windows] */
    double *y, *v;             /* [n_units] y: coefficients on the way back; v: values along the lines */
    double *mean;              /* [n_in] mean of the minimisers x* */
    double *z;                 /* [n_in] coefficients that far lines add to the inputs */
    struct {
        const uint32_t *idx;
        double *lo, *hi, *val;
    } packed[2]; /* [longest] box and values of a list's inputs, for near and for far lines */
    double *sum;
    double cst, err;
} nm_hull;
void nm_hull_pull(nm_hull *h, uint32_t row);
double nm_hull_least(nm_hull *h, double *g0);        /* minimum over the input box; x* goes to v; g0: row's constant */
void nm_hull_forward(nm_hull *h);                    /* propagates values from the input along the lines */
double nm_hull_value(nm_hull *h, const nm_block *r, size_t i);
/* Sets upper bounds of on and off of line k with this theta. */
void nm_hull_ends(nm_hull *h, size_t k, const double *theta, double mu, double nu, double *on, double *off);
void nm_hull_pack(nm_hull *h, const nm_line *l, bool values);
void nm_hull_unpack(nm_hull *h);

/* ---- hull_windows.c: lines for whole maxima ----------------------------------------------------- */
typedef struct nm_window_line { /* a line for a whole maximum: hull_windows.c */
    const nm_maximum *of;
    size_t n, m, at;       /* n: inputs, a multiple of 8; m: candidates, the 0 last; at: where its theta starts */
    const uint32_t *idx;   /* [n] units that the candidates read */
    const double *w, *b;   /* [m][n], [m] */
    double size;           /* at least the sum of the largest |w_ij| |x_j| */
} nm_window_line;
void nm_windows_lines(nm_job *job, nm_lines_of *s, const nm_bounds *b, size_t most); /* adds them to s */
/* Returns for each unit [n_units] if it is a ReLU of a maximum that has a line: it needs none of its own. */
const bool *nm_windows_units(nm_job *job, const nm_lines_of *s, const nm_program *p);
void nm_windows_open(nm_hull *h);                    /* workspace, and who may win by the bounds */
void nm_windows_start(nm_hull *h);                   /* first values of theta */
void nm_windows_pull(nm_hull *h, const nm_block *k); /* takes units of block k that are pulled so out of y */
void nm_windows_values(nm_hull *h, const nm_block *k);
void nm_windows_ascend(nm_hull *h, nm_adam a);
void nm_windows_score(nm_hull *h);                   /* adds what they lose to gaps of units that decide them */

#endif
