/* gurobi.c: Gurobi: everything (its reference manual), but ranges in MPS only. */
#include "model/model.h"

const nm_dialect nm_dialect_gurobi = {.name = "gurobi",
                                      .mps = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_INT |
                                             NM_QUAD_ROWS | NM_CUTS | NM_RANGES,
                                      .lp = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_INT |
                                            NM_QUAD_ROWS | NM_CUTS,
                                      .comments = true,
                                      .spaced = true,
                                      .longest = 255,
                                      .integral = 1e-5,
                                      .width = 200,
                                      .start = NM_START_GUROBI,
                                      .order = NM_ORDER_GUROBI,
                                      .options_end = ".prm",
                                      .options = "MIPGap 0\n"
                                                 "MIPGapAbs 0\n"
                                                 "FeasibilityTol 1e-9\n"
                                                 "OptimalityTol 1e-9\n"
                                                 "IntFeasTol 1e-9\n"
                                                 "IntegralityFocus 1\n"
                                                 "Threads {threads}\n"};
