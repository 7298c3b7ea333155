/* kernel.h: what the files of program share. Private to program. */
#ifndef NM_PROGRAM_KERNEL_H
#define NM_PROGRAM_KERNEL_H

#include "program/program.h"

/* ---- kernel.c ----------------------------------------------------------------------------------- */
extern const nm_kernels nm_kernels_generic;

/* ---- linear_conv.c: CONV and CONVT; arguments as in program.h ------------------------------------ */
void nm_lin_set_cells(nm_job *job, nm_lin *a); /* fills `cells` */
void nm_conv_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c, const double *r,
                    const double *m, double *yc, double *yr, double *ym);
void nm_convt_apply3(nm_job *job, const nm_kernels *k, const nm_lin *a, const double *c, const double *r,
                     const double *m, double *yc, double *yr, double *ym);

/* ---- products with lanes ------------------------------------------------------------------------- */
typedef struct nm_product { /* out += A in, or for the listed rows out += in A */
    const nm_kernels *k;
    const nm_lin *a;
    size_t n;
    const uint32_t *unit;  /* [n] to pull back: these rows of A */
    const double *in;
    double *out;
    unsigned char *live;   /* to pull back: marks what is touched of `out` */
    const unsigned char *dead; /* to pull back: what may be left out of it; to apply: where `in` is 0; or NULL */
} nm_product;
/* Computes the items from `from` up to but not including `to`. No two items write to the same place. Along: an item is
 * one position of the convolution's output in one group. Against: an item is eight channels of each group's input. */
void nm_conv_apply(nm_job *job, const nm_product *s, size_t from, size_t to);  /* along */
void nm_conv_pull(nm_job *job, const nm_product *s, size_t from, size_t to);   /* against; for a CONVT it applies it */
void nm_convt_pull(nm_job *job, const nm_product *s, size_t from, size_t to);  /* along */
size_t nm_conv_places(const nm_lin *a);              /* how many items there are along */
size_t nm_conv_eights(const nm_lin *a);              /* and against */

/* ---- NM_LANES numbers --------------------------------------------------------------------------- */
static inline void nm_add_row(const double *x, double *y)
{
    for (size_t l = 0; l < NM_LANES; l++) y[l] += x[l];
}

/* Sets x[j] to 0 if nothing has touched it yet. */
static inline void nm_touch(double *x, unsigned char *live, size_t j)
{
    if (live[j]) return;
    live[j] = 1;
    memset(x + j * NM_LANES, 0, NM_LANES * sizeof *x);
}

/* Adds acc to x[j], or sets x[j] if nothing has touched it yet. */
static inline void nm_add_to(double *x, unsigned char *live, size_t j, const double *acc)
{
    if (live[j])
        nm_add_row(acc, x + j * NM_LANES);
    else
        memcpy(x + j * NM_LANES, acc, NM_LANES * sizeof *x);
    live[j] = 1;
}

#endif
