/* cbc.c: CBC 2.10: sets in both formats, ranges in MPS (measured). It reads QUADOBJ but reports a wrong objective,
 * takes an LP indicator for an ordinary row, and rounds the digits of MPS twice; names of 160 characters break its MPS
 * reader, names of 100 its LP reader. */
#include "model/model.h"

const nm_dialect nm_dialect_cbc = {.name = "cbc",
                                   .mps = NM_SOS1 | NM_RANGES,
                                   .lp = NM_SOS1,
                                   .comments = true,
                                   .twice = true,
                                   .longest = 99,
                                   .width = 200,
                                   .start = NM_START_CBC,
                                   .order = NM_ORDER_CBC,
                                   .options_end = ".options.cmd",
                                   .options = "import {model}\n"
                                              "preprocess off\n"
                                              "ratioGap 0\n"
                                              "allowableGap 0\n"
                                              "increment 1e-12\n"
                                              "primalTolerance 1e-9\n"
                                              "integerTolerance 1e-9\n"
                                              "threads {threads}\n"
                                              "solve\n"
                                              "solution {stem}.cbc.sol\n"
                                              "quit\n"};
