/* part.h: what the files of question share: rows as text, parts of a question under construction, tails. Private to
 * question. */
#ifndef NM_QUESTION_PART_H
#define NM_QUESTION_PART_H

#include "question/question.h"

/* ---- row_text.c: "2*Y_0 - Y_1 + 0.5 <= X_3" ----------------------------------------------------- */
typedef struct nm_rows { size_t n, cap; nm_row *row; } nm_rows;
nm_row nm_form_parse(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in); /* is row - rhs */
void nm_rows_parse(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in, nm_rows *out);
void nm_form_put(nm_buf *b, const nm_row *r, size_t n_out); /* without its rhs */

/* ---- query.c ------------------------------------------------------------------------------------ */
/* Sets objective and norm. */
void nm_objective_parse(nm_job *job, const char *s, const char *where, nm_query *q);
bool nm_objective_closest(const char *s, nm_query *q);         /* closest:NORM */
void nm_query_names(nm_job *job, const nm_query *q, const char *where); /* refuses two clauses of one name */

/* ---- norm.c ------------------------------------------------------------------------------------- */
bool nm_norm_find(const char *s, nm_norm *norm);

/* ---- generators.c ------------------------------------------------------------------------------- */
const char *nm_gens_check(const nm_gens *g); /* what is wrong with generators from a file, or NULL */

/* ---- ask_by_flags.c ----------------------------------------------------------------------------- */
/* Adds the clauses for target and margin; net may be NULL. */
void nm_query_label(nm_job *job, const nm_net *net, const nm_ask *a, nm_query *q, nm_case *c);

/* ---- final_operators.c -------------------------------------------------------------------------- */
typedef struct nm_place {  /* where a flat output stands in the tail behind it */
    const nm_node *node;   /* the tail, or NULL */
    size_t output, group;  /* elements of one group can be compared */
    size_t first;          /* the first flat output of its group; without a tail, itself */
} nm_place;
nm_place nm_tail_place(const nm_net *net, size_t i);
/* Returns the tail that gives the row another meaning, or NULL; worst: the row's value matters, not only its sign. */
const nm_node *nm_tail_breaks(const nm_net *net, const nm_row *r, bool worst);
bool nm_tail_one_group(const nm_net *net); /* true: the largest flat output is the file's largest output, too */
const nm_node *nm_tail_choice(const nm_net *net); /* an ArgMax at an output, or NULL */

/* ---- directed.c: side -1 rounds down, 1 rounds up; exact results are not moved --------------------- */
double nm_sum_to(double a, double b, int side);
double nm_product_to(double a, double b, int side);
double nm_quotient_to(double a, double b, int side);

/* ---- inverse.c ---------------------------------------------------------------------------------- */
typedef struct nm_ends { double lo, hi; } nm_ends; /* a number is between them */
nm_ends nm_inverse_tanh(nm_ends t);        /* -1 < t < 1 */
nm_ends nm_inverse_sigmoid(nm_ends t);     /* 0 < t < 1 */

/* ---- pull_thresholds.c, chosen_labels.c --------------------------------------------------------- */
/* Moves rows that bound the output of a tail onto what the tail reads; rows without such a bound stay. */
void nm_tail_pull(nm_job *job, const nm_net *net, nm_query *q);
/* Returns, for a network whose only output is a Sigmoid's p, the row by which the other label wins by the margin. */
nm_row nm_tail_other(nm_job *job, int64_t label, double margin, double *inner);
/* Outputs as the file counts them: an ArgMax has one for each of its groups; and the value that is output k. */
size_t nm_net_said(const nm_net *net);
int nm_net_said_value(const nm_net *net, size_t k);
bool *nm_tail_whole(const nm_net *net, bool *whole); /* marks outputs of ArgMax; returns whole + their number */
void nm_tail_choose(nm_job *job, const nm_net *net, nm_query *q); /* moves rows over ArgMax onto its scores */

#endif
