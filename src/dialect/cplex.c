/* dialect/cplex.c: CPLEX: everything (its file format manual); ranges in MPS alone. LP lines are cut at 560
 * characters. */
#include "all.h"

const nm_dialect nm_dialect_cplex = {
    .name = "cplex",
    .mps = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_ROWS | NM_CUTS | NM_RANGES,
    .lp = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_ROWS | NM_CUTS,
    .comments = true,
    .longest = 255,
    .width = 200};
