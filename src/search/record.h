/* record.h: how targets were closed, recorded for certificates. Private to search. */
#ifndef NM_SEARCH_RECORD_H
#define NM_SEARCH_RECORD_H

#include "search/state.h"
#include "search/trees.h"

/* ---- record.c: hooks, which do nothing unless a certificate was asked for ------------------------ */
void nm_record_open(nm_state *s);
/* Returns where the steps that bound the units of case i are put, or NULL: they are not wanted. */
nm_buf *nm_record_units(nm_state *s, size_t i);
/* From here on, the case's steps are about the program in which maxima are ReLUs, and CROWN bounds its units. */
void nm_record_maxima(nm_state *s, size_t i);
/* Keeps the steps that close a target. */
void nm_record_keep(nm_state *s, const nm_target *t, const char *steps);
void nm_record_bound(nm_state *s, const nm_target *t,
                     size_t row); /* closed by plain bounds: this row of its clause */
/* closed by lane `lane` of an alpha run over plain bounds */
void nm_record_alpha(nm_state *s, const nm_target *t, size_t row, const nm_alpha *a, size_t lane);
/* Keeps what a target's recorded steps had begun, and the tree that closed it then. */
void nm_record_tree(nm_state *s, const nm_target *t, size_t row, const nm_lane_words *w);
/* Puts lower slopes, as a line, for units that bounds b leave open and do not choose so themselves. */
void nm_record_slopes(nm_buf *out, const nm_bounds *b, const float *slope); /* [n_units] */

void nm_record_betas(nm_buf *out, size_t n, const double *beta); /* multipliers of n signs, as a line */
/* Puts the point and the multipliers of a run of nm_point_run, as lines. */
void nm_record_point(nm_buf *out, const nm_bounds *b, const nm_alpha *a);
/* Returns true if bounds cross by more than rounding, so that they do for the checker, too. */
bool nm_surely_empty(const nm_bounds *b);

/* ---- prove.c: a tree whose steps are recorded ---------------------------------------------------- */
/* Tries to close a target, by alpha, conditioned bounds and at most `nodes` nodes of branching on signs, starting from
 * a lane of an alpha run, or NULL; true: it is closed, and its steps are recorded. With one node and one hidden layer,
 * a target that stays open gets the bounds that its steps have led to, and branch.c goes on from there. */
bool nm_prove(nm_state *s, nm_target *t, size_t row, const nm_alpha *a, size_t lane,
              size_t nodes);
/* Does so for the targets that were closed without a record; stops at the first that stays without, as there can be no
 * certificate then. */
void nm_prove_rest(nm_state *s);

/* ---- prove_leaf.c: leaves of it ------------------------------------------------------------------ */
/* Returns multipliers [signs->n] that bring the row of the last block above rhs, if any can; for bounds b that, with
 * these signs, leave no unit open. */
const double *nm_prove_leaf(nm_job *job, const nm_bounds *b, const nm_signs *signs, uint32_t row, double rhs);

/* ---- prove_boxes.c: a tree of boxes -------------------------------------------------------------- */
enum { NM_PROOF_BOXES = 60000, NM_PROOF_BOXES_FIRST = 16000 }; /* boxes of a tree; of one that comes before points */
/* Tries to close the targets of a case that have no record, by bisection of its box into at most so many (fewer, if
 * each is much work), until the deadline (nm_wall), if few inputs are free; true: all of them have one now. */
bool nm_prove_boxes(nm_state *s, size_t icase, size_t most, double deadline);

#endif
