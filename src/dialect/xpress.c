/* dialect/xpress.c: Xpress: the common subset, and a quadratic objective in LP (its manual). Ranges, sets and
 * indicators of its MPS are not documented to us, so they are not written. */
#include "all.h"

const nm_dialect nm_dialect_xpress = {
    .name = "xpress", .lp = NM_QUAD_COST, .comments = true, .longest = 60, .width = 200};
