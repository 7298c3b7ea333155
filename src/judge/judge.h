/* judge.h, the door of judge: decides whether a point is a counterexample, by the network as its file wrote it. It
 * shares no arithmetic with what proposes points, and must never use bounds, programs or models. */
#ifndef NM_JUDGE_H
#define NM_JUDGE_H

#include "question/question.h"

/* ---- judge.c: a point, replayed in float64 with its rounding error, and in float32 -------------- */
typedef enum { NM_NO_ORDERS, NM_PLAIN_ORDER, NM_EVERY_ORDER } nm_orders; /* of float32 sums; set by search */
typedef struct nm_replay {
    const double *x;       /* [n_in] the point, inside the input set */
    const double *g;       /* the generators whose rounded image it is, or NULL */
    double *y64, *y32;     /* [n_out] */
    double margin64, margin32; /* max over the clause's rows of row - rhs: <= 0 at a counterexample */
    double err64;          /* bound on the rounding error of margin64 */
    bool is_inside;        /* in the input set, including its linear rows */
    bool is_violated;      /* inside, and margin64 + err64 <= 0 */
    nm_orders orders;      /* of a float32 question: the orders of summation in which it violates */
    size_t icase, iclause;
    double linf, l1, l2;   /* distances from the image, if there is one */
    size_t l0;
    double away;           /* closest: the exact point's distance in the question's norm, rounded up */
} nm_replay;
/* Projects x (generators, if the case has them) into case icase and judges it against all its clauses, or only against
 * clause `only`, unless that is -1. */
nm_replay nm_verify(nm_job *job, const nm_net *net, const nm_query *q, size_t icase, int64_t only,
                    const double *x);

#endif
