/* cplex.c: CPLEX: everything (its file format manual), but ranges in MPS only. LP lines may have up to 560
 * characters. */
#include "model/model.h"

const nm_dialect nm_dialect_cplex = {.name = "cplex",
                                     .mps = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_INT |
                                            NM_QUAD_ROWS | NM_CUTS | NM_RANGES,
                                     .lp = NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_INT |
                                           NM_QUAD_ROWS | NM_CUTS,
                                     .comments = true,
                                     .longest = 255,
                                     .integral = 1e-5,
                                     .width = 200,
                                     .start = NM_START_CPLEX,
                                     .order = NM_ORDER_CPLEX,
                                     .options_end = ".prm",
                                     .options = "CPLEX Parameter File Version 22.1.0.0\n"
                                                "CPXPARAM_MIP_Tolerances_MIPGap 0\n"
                                                "CPXPARAM_MIP_Tolerances_AbsMIPGap 0\n"
                                                "CPXPARAM_MIP_Tolerances_Integrality 0\n"
                                                "CPXPARAM_Simplex_Tolerances_Feasibility 1e-09\n"
                                                "CPXPARAM_Simplex_Tolerances_Optimality 1e-09\n"
                                                "CPXPARAM_Threads {threads}\n"};
