/* dialect/highs.c: HiGHS 1.8 to 1.15: a quadratic objective and ranges in MPS (measured); refuses sets, indicators and
 * quadratic rows. */
#include "all.h"

const nm_dialect nm_dialect_highs = {.name = "highs",
                                     .mps = NM_QUAD_COST | NM_RANGES,
                                     .lp = NM_QUAD_COST,
                                     .comments = true,
                                     .longest = 255,
                                     .width = 200};
