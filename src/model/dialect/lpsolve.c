/* lpsolve.c: lp_solve 5.5: free MPS with ranges, not gzipped (measured). Its LP format is a different one, and so is
 * its way to write sets. */
#include "model/model.h"

const nm_dialect nm_dialect_lpsolve = {.name = "lpsolve",
                                       .mps = NM_RANGES,
                                       .no_lp = true,
                                       .no_gz = true,
                                       .longest = 255,
                                       .width = 200,
                                       .options_end = ".ini",
                                       .options = "[Default]\n"
                                                  "epsint=1e-09\n"
                                                  "mip_gap_abs=0\n"
                                                  "mip_gap_rel=0\n"
                                                  "\n"};
