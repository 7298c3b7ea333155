/* highs.c: HiGHS 1.8 to 1.15: ranges in MPS, and a quadratic objective, but not with integers (measured); it refuses
 * sets, indicators and quadratic rows. */
#include "model/model.h"

const nm_dialect nm_dialect_highs = {.name = "highs",
                                     .mps = NM_QUAD_COST | NM_RANGES,
                                     .lp = NM_QUAD_COST,
                                     .comments = true,
                                     .longest = 255,
                                     .width = 200,
                                     .start = NM_START_MIPLIB,
                                     .options_end = ".options",
                                     .options = "mip_rel_gap = 0\n"
                                                "mip_abs_gap = 0\n"
                                                "mip_feasibility_tolerance = 1e-9\n"
                                                "primal_feasibility_tolerance = 1e-9\n"
                                                "dual_feasibility_tolerance = 1e-9\n"
                                                "threads = {threads}\n"};
