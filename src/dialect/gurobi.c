/* dialect/gurobi.c: Gurobi: everything (its reference manual); ranges in MPS alone. */
#include "all.h"

const nm_dialect nm_dialect_gurobi = {
    .name = "gurobi",
    .mps = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_ROWS | NM_CUTS | NM_RANGES,
    .lp = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_ROWS | NM_CUTS,
    .comments = true,
    .spaced = true,
    .longest = 255,
    .width = 200};
