/* part.h: what the files of question share: rows as text, pieces of a question under construction, the last operators.
 * Private to question. */
#ifndef NM_QUESTION_PART_H
#define NM_QUESTION_PART_H

#include "question/question.h"

/* ---- row_text.c: "2*Y_0 - Y_1 + 0.5 <= X_3" ----------------------------------------------------- */
typedef struct nm_rows { size_t n, cap; nm_row *row; } nm_rows;
nm_row nm_form_parse(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in); /* row - rhs */
void nm_rows_parse(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in, nm_rows *out);
void nm_form_put(nm_buf *b, const nm_row *r, size_t n_out); /* without its rhs */

/* ---- query.c ------------------------------------------------------------------------------------ */
/* sets objective and norm */
void nm_objective_parse(nm_job *job, const char *s, const char *where, nm_query *q);
bool nm_objective_closest(const char *s, nm_query *q);         /* closest:NORM */
void nm_query_names(nm_job *job, const nm_query *q, const char *where); /* refuses two clauses of one name */

/* ---- norm.c ------------------------------------------------------------------------------------- */
bool nm_norm_find(const char *s, nm_norm *norm);

/* ---- generators.c ------------------------------------------------------------------------------- */
const char *nm_gens_check(const nm_gens *g); /* NULL, or what is wrong with numbers that a file gave */

/* ---- ask_by_flags.c ----------------------------------------------------------------------------- */
/* clauses of target and margin; net may be NULL */
void nm_query_label(nm_job *job, const nm_net *net, const nm_ask *a, nm_query *q, nm_case *c);

/* ---- final_operators.c -------------------------------------------------------------------------- */
typedef struct nm_place {  /* of a flat output in the operator that is left out behind it */
    const nm_node *node;   /* or NULL */
    size_t output, group;  /* elements of one group can be compared */
    size_t first;          /* flat output that is the group's first, or itself */
} nm_place;
nm_place nm_tail_place(const nm_net *net, size_t i);
/* the operator that makes the row mean something else, or NULL; worst: its value matters, not only its sign */
const nm_node *nm_tail_breaks(const nm_net *net, const nm_row *r, bool worst);
bool nm_tail_one_group(const nm_net *net); /* the largest output is the file's largest output, too */
const nm_node *nm_tail_choice(const nm_net *net); /* an ArgMax at an output, or NULL */

/* ---- directed.c: side -1: rounded down, 1: up; exact where they are --------------------------------- */
double nm_sum_to(double a, double b, int side);
double nm_product_to(double a, double b, int side);
double nm_quotient_to(double a, double b, int side);

/* ---- inverse.c ---------------------------------------------------------------------------------- */
typedef struct nm_ends { double lo, hi; } nm_ends; /* a number is between them */
nm_ends nm_inverse_tanh(nm_ends t);        /* -1 < t < 1 */
nm_ends nm_inverse_sigmoid(nm_ends t);     /* 0 < t < 1 */

/* ---- pull_thresholds.c, chosen_labels.c --------------------------------------------------------- */
/* rows that bound what a last operator makes become bounds on what it reads; what has no such bound stays */
void nm_tail_pull(nm_job *job, const nm_net *net, nm_query *q);
/* of a network whose one output is a Sigmoid's p: 1 - p, or p for label 0, is p, or 1 - p, plus the margin or more */
nm_row nm_tail_other(nm_job *job, int64_t label, double margin, double *inner);
/* outputs as its file counts them: an ArgMax gives one for each of its groups; value k of them */
size_t nm_net_said(const nm_net *net);
int nm_net_said_value(const nm_net *net, size_t k);
bool *nm_tail_whole(const nm_net *net, bool *whole); /* marks those of ArgMax, from whole[0]; returns the end */
void nm_tail_choose(nm_job *job, const nm_net *net, nm_query *q); /* rows over them become rows over flat outputs */

#endif
