/* copt.c: COPT: the common subset. We know of no documentation of what else its readers accept, so it is not
 * written. */
#include "model/model.h"

const nm_dialect nm_dialect_copt = {.name = "copt",
                                    .comments = true,
                                    .longest = 60,
                                    .width = 200,
                                    .start = NM_START_GUROBI,
                                    .options_end = ".par",
                                    .options = "RelGap 0\n"
                                               "AbsGap 0\n"
                                               "IntTol 1e-9\n"
                                               "FeasTol 1e-9\n"
                                               "Threads {threads}\n"};
