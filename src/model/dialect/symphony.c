/* symphony.c: SYMPHONY 5.6: ranges in MPS (measured). It silently ignores sets and quadratic objectives; its readers
 * are CoinUtils', like CBC's. */
#include "model/model.h"

const nm_dialect nm_dialect_symphony = {.name = "symphony",
                                        .mps = NM_RANGES,
                                        .comments = true,
                                        .twice = true,
                                        .longest = 99,
                                        .width = 200};
