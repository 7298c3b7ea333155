/* proof.h, the door of proof: checks a certificate of an answer, on its own. It takes the network's blocks from the
 * lowering as data and tries them against the judge; it must never use bounds, searches, kernels or models. */
#ifndef NM_PROOF_H
#define NM_PROOF_H

#include "judge/judge.h"

typedef struct nm_plain nm_plain;

/* ---- check.c ------------------------------------------------------------------------------------ */
typedef struct nm_checked { /* what the checker says about a certificate */
    bool accepted;
    int claim;             /* NM_OK: holds; NM_VIOLATED */
    size_t clauses, steps; /* clauses that it excludes; steps that were checked */
    int line;              /* the first line that fails, if it was not accepted */
    size_t icase, iclause; /* what that line is about */
    const char *why;       /* and what is wrong with it, and by how much */
} nm_checked;
/* Checks the file's certificate for this network and question. Throws only if the file cannot be read, or if the
 * network or the question is of a kind that certificates do not cover. p: of the network, or NULL: it is made here.
 * exact: without rounding. */
nm_checked nm_proof_check(nm_job *job, const nm_net *net, const nm_plain *p, const nm_query *q,
                          nm_file f, bool exact);

/* ---- plain_net.c -------------------------------------------------------------------------------- */
nm_plain *nm_plain_new(nm_job *job,
                       const nm_net *net); /* a network's blocks, for many certificates */

#endif
