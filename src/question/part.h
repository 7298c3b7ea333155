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
void nm_query_label(nm_job *job, const nm_ask *a, nm_query *q, nm_case *c); /* clauses of target and margin */

/* ---- final_operators.c -------------------------------------------------------------------------- */
bool nm_tail_one_group(const nm_net *net); /* the largest output is the file's largest output, too */
const nm_node *nm_tail_choice(const nm_net *net); /* an ArgMax at an output, or NULL */

#endif
