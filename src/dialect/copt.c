/* dialect/copt.c: COPT: the common subset. What more its readers take is not documented to us, so it is not written. */
#include "all.h"

const nm_dialect nm_dialect_copt = {.name = "copt", .comments = true, .longest = 60, .width = 200};
