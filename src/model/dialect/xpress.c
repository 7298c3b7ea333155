/* xpress.c: Xpress: the common subset, and a quadratic objective in LP (its manual). We know of no documentation of
 * ranges, sets and indicators in its MPS, so they are not written. */
#include "model/model.h"

const nm_dialect nm_dialect_xpress = {.name = "xpress",
                                      .lp = NM_QUAD_COST | NM_QUAD_INT,
                                      .comments = true,
                                      .integral = 1e-5,
                                      .longest = 60,
                                      .width = 200,
                                      .start = NM_START_XPRESS,
                                      .order = NM_ORDER_XPRESS,
                                      .options_end = ".options.cmd",
                                      .options = "MIPRELSTOP=0\n"
                                                 "MIPABSSTOP=0\n"
                                                 "MIPTOL=1e-9\n"
                                                 "FEASTOL=1e-9\n"
                                                 "THREADS={threads}\n"};
