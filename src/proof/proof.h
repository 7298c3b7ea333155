/* proof.h, the door of proof: checks a certificate of an answer, on its own. It takes the network's blocks from the
 * lowering as data and tries them against the judge; it must never use bounds, searches, kernels or models. */
#ifndef NM_PROOF_H
#define NM_PROOF_H

#include "judge/judge.h"

/* ---- check.c ------------------------------------------------------------------------------------ */
typedef struct nm_checked { /* what the checker says about a certificate */
    bool accepted;
    int claim;             /* NM_OK: holds; NM_VIOLATED */
    size_t clauses, steps; /* clauses that it excludes; steps that were checked */
    int line;              /* the first line that fails, if it was not accepted */
    const char *why;       /* and what is wrong with it, and by how much */
} nm_checked;
/* Checks the file's certificate for this network and question. Throws only if the file cannot be read, or if the
 * network or the question is of a kind that certificates do not cover. */
nm_checked nm_proof_check(nm_job *job, const nm_net *net, const nm_query *q, nm_file f);

#endif
