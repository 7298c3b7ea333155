/* mosek.c: MOSEK: ranges, a quadratic objective and quadratic rows in MPS, with the factor 1/2 in both (its
 * manual); no sets, no indicators. */
#include "model/model.h"

const nm_dialect nm_dialect_mosek = {.name = "mosek",
                                     .mps = NM_QUAD_COST | NM_QUAD_INT | NM_QUAD_ROWS | NM_RANGES,
                                     .lp = NM_QUAD_COST | NM_QUAD_INT,
                                     .half = true,
                                     .comments = true,
                                     .integral = 1e-5,
                                     .longest = 60,
                                     .width = 200,
                                     .order = NM_ORDER_CPLEX,
                                     .options_end = ".par",
                                     .options = "BEGIN MOSEK\n"
                                                "MSK_DPAR_MIO_TOL_REL_GAP 0\n"
                                                "MSK_DPAR_MIO_TOL_ABS_GAP 0\n"
                                                "MSK_DPAR_MIO_TOL_FEAS 1e-9\n"
                                                "MSK_DPAR_MIO_TOL_ABS_RELAX_INT 1e-9\n"
                                                "MSK_IPAR_NUM_THREADS {threads}\n"
                                                "END MOSEK\n"};
