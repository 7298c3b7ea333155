/* move_inside.h: moves a point that is close to its input set into it. Private to judge. */
#ifndef NM_JUDGE_MOVE_INSIDE_H
#define NM_JUDGE_MOVE_INSIDE_H

#include "question/question.h"

/* ---- move_inside.c ------------------------------------------------------------------------------ */
/* Moves p, which nearly is in its box and sums, beyond the rows and ends that it misses or satisfies by < slack. */
void nm_case_inward(nm_job *job, const nm_query *q, const nm_case *c, double slack, double *p);

#endif
