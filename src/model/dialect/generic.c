/* generic.c: the common subset, which every reader understands in the same way: free MPS with two rows for a range, LP
 * with comments only at its head (measured on CBC, GLPK, HiGHS, lp_solve, SCIP and SYMPHONY). */
#include "model/model.h"

const nm_dialect nm_dialect_generic = {
    .name = "generic", .twice = true, .longest = 60, .width = 200, .integral = 1e-5,
    .start = NM_START_MIPLIB};
