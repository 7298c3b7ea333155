/* boxes.h: the rows of a box of inputs, where it is cut, and branching with propagation. Private to search. */
#ifndef NM_SEARCH_BOXES_H
#define NM_SEARCH_BOXES_H

#include "search/state.h"

/* ---- box_input.c -------------------------------------------------------------------------------- */
typedef struct nm_box_rows { /* the rows of a box's open clauses, at most NM_LANES, pulled back to its inputs */
    nm_job *job;
    const nm_bounds *b;    /* of the box; the last block has the rows */
    const nm_case *c;
    uint32_t *const *row;  /* as in nm_bounded */
    const bool *open;      /* [n_clauses] */
    nm_relax *lines;       /* lower lines and chords */
    nm_batch *t;
    size_t n;              /* lanes in use */
} nm_box_rows;
nm_box_rows nm_box_rows_new(nm_job *job, const nm_bounds *b, const nm_case *c, uint32_t *const *row);
void nm_box_rows_pull(nm_box_rows *r, const bool *open);
/* Returns the input to bisect along, after a pull, whose lines and lanes it uses up; *high: the rows are smaller in the
 * upper half. */
size_t nm_box_input(nm_box_rows *r, bool *high);

/* ---- unit_signs.c ------------------------------------------------------------------------------- */
typedef struct nm_signs_found {
    int status;            /* NM_OK: the target is excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t nodes;
    double work;           /* roughly, in fused multiply-adds */
    double *x;             /* [n_in] */
} nm_signs_found;
/* Branches on signs with propagation, from bounds that hold for counterexamples to the target. */
nm_signs_found nm_unit_signs(nm_leaf *target, const nm_bounds *from, double deadline);

#endif
