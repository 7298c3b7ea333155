/* move_inside.h: a point beside its input set, moved into it. Private to judge. */
#ifndef NM_JUDGE_MOVE_INSIDE_H
#define NM_JUDGE_MOVE_INSIDE_H

#include "question/question.h"

/* ---- move_inside.c ------------------------------------------------------------------------------ */
/* moves p, in its box and sums nearly, beyond the rows and ends that it misses or meets by less than slack */
void nm_case_inward(nm_job *job, const nm_query *q, const nm_case *c, double slack, double *p);

#endif
