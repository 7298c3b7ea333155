/* dialect/cbc.c: CBC 2.10: sets in both formats, ranges in MPS (measured). It reads QUADOBJ and reports a wrong
 * objective, takes an LP indicator for another row, and its MPS digits are rounded twice; names of 160 characters
 * break its MPS reader, of 100 its LP reader. */
#include "all.h"

const nm_dialect nm_dialect_cbc = {.name = "cbc",
                                   .mps = NM_SOS1 | NM_RANGES,
                                   .lp = NM_SOS1,
                                   .comments = true,
                                   .twice = true,
                                   .longest = 99,
                                   .width = 200};
