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
double nm_box_limit(const nm_row *r, double guard); /* what the row is at most, at a counterexample */
/* Shrinks the box of b, the bounds of the pull, to where the rows of its only open clause may all hold, as each
 * pulled-back row is a halfspace that contains every counterexample; returns false if nothing is left. */
bool nm_box_rows_cut(const nm_box_rows *r, double guard, nm_bounds *b);
/* Returns the input to bisect along, after a pull, whose lines and lanes it uses up; *high: the rows are smaller in the
 * upper half. */
size_t nm_box_input(nm_box_rows *r, bool *high);
/* Returns the inputs' shares [n_in] in the change of the rows, 2 in all; it uses r up like nm_box_input. Adds their
 * slopes to sum [n_in]. */
const double *nm_box_shares(nm_box_rows *r, double *sum);
/* Returns where to cut input i: in the middle, or, for a member of a sum, near its mean over the box. g: the case's
 * generators, or NULL. */
double nm_box_middle(const nm_gens *g, const nm_bounds *b, size_t i);
/* Shrinks the boxes of a sum's members to what the other members leave; returns false if no point is left. */
bool nm_box_meet_sums(const nm_gens *g, nm_bounds *b);
const double *nm_box_gains(const nm_box_rows *r); /* [n_in] how much each input can change the pulled-back rows */

/* ---- cover_box.c -------------------------------------------------------------------------------- */
const nm_ball *nm_cover_ball(const nm_case *c); /* the L0 ball that boxes of the case can be covered by, or NULL */
enum { NM_COVER_MOST = 3, NM_COVER_CHILDREN = 20 }; /* elements that may differ; children, for so many */
typedef struct nm_cover { /* of a box, by boxes with fewer elements (or pixels) that may differ from the centre */
    const nm_ball *ball;
    size_t n, *group;      /* [n] those that may differ */
    size_t k;              /* so many of them do, at most */
    size_t parts;          /* into which they are cut; 0: the ball allows all of them, and there are no children */
    bool empty;            /* no point of the box is in the ball */
    size_t n_children;
    uint32_t child[NM_COVER_CHILDREN]; /* bits of the parts that it leaves as they are */
} nm_cover;
/* Covers the box of b. gain [n_in]: elements with a large one come first; group [n_in]: room that the result keeps. */
nm_cover nm_cover_of(nm_job *job, const nm_ball *ball, const nm_bounds *b, const double *gain, size_t *group);
void nm_cover_child(const nm_cover *c, size_t i, nm_bounds *b); /* makes b, a copy of the box, child i of it */

/* ---- split_box.c -------------------------------------------------------------------------------- */
typedef struct nm_progress {
    double done, checked;          /* part of the whole that is closed; at the last check */
    size_t last_check, next_check; /* boxes; next_check is at first what the caller says, or 0: there is none */
} nm_progress;
/* Returns true if, of n boxes, those since the last check have closed so little that at this rate the rest would take
 * far more than `most`: boxes are taken depth first, and a region that bisection cannot close is not left again. It may
 * be wrong, as other regions are only deep; so each check waits for twice as many boxes, and stages.c splits again. */
bool nm_progress_stuck(nm_progress *p, size_t n, size_t most);

/* ---- unit_signs.c ------------------------------------------------------------------------------- */
typedef struct nm_signs_found {
    int status;            /* NM_OK: the target is excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t nodes;
    double work;           /* roughly, in fused multiply-adds */
    double *x;             /* [n_in] */
} nm_signs_found;
/* Branches on signs with propagation, from bounds that hold for counterexamples to the target. */
nm_signs_found nm_unit_signs(nm_leaf *target, const nm_bounds *from, double weights, double deadline);
double nm_unit_signs_weights(const nm_program *p); /* those that are not 0; of networks with several hidden layers 0 */

#endif
