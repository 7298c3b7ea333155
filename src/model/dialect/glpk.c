/* glpk.c: GLPK 5: ranges in MPS (measured). LP must have no comments between rows; sets and indicators are errors. */
#include "model/model.h"

const nm_dialect nm_dialect_glpk = {
    .name = "glpk", .mps = NM_RANGES, .longest = 255, .integral = 1e-5, .width = 200};
