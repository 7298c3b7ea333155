/* scip.c: SCIP 10: everything, but ranges in MPS only (measured; quadratic rows by its source). Indicator columns must
 * be BV; products in LP are written without blanks (`x^2`). */
#include "model/model.h"

const nm_dialect nm_dialect_scip = {.name = "scip",
                                    .mps = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_INT |
                                           NM_QUAD_ROWS | NM_CUTS | NM_RANGES,
                                    .lp = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_INT |
                                          NM_QUAD_ROWS | NM_CUTS,
                                    .comments = true,
                                    .glued = true,
                                    .longest = 255,
                                    .width = 200,
                                    .start = NM_START_SCIP,
                                    .order = NM_ORDER_SCIP,
                                    .options_end = ".set",
                                    .options = "limits/gap = 0\n"
                                               "limits/absgap = 0\n"
                                               "numerics/feastol = 1e-09\n"
                                               "numerics/dualfeastol = 1e-09\n"
                                               "lp/threads = {threads}\n"};
