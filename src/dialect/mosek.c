/* dialect/mosek.c: MOSEK: ranges, a quadratic objective and quadratic rows in MPS, with the factor 1/2 in both (its
 * manual); no sets, no indicators. */
#include "all.h"

const nm_dialect nm_dialect_mosek = {.name = "mosek",
                                     .mps = NM_QUAD_COST | NM_QUAD_ROWS | NM_RANGES,
                                     .lp = NM_QUAD_COST,
                                     .half = true,
                                     .comments = true,
                                     .longest = 60,
                                     .width = 200};
