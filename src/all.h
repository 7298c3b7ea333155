/* all.h: every internal type and prototype, grouped by the file that defines it, in floor order:
 * a file uses only what stands above it here (checked by `make layers`).
 *
 * Index letters: u unit, j column, r row, k nonzero, v value, b block, i loop. lo/hi are bounds.
 * Shapes stand in brackets beside their field; all arrays are row-major and belong to their job. */
#ifndef NM_ALL_H
#define NM_ALL_H

#include "ground.h" /* jobs, text, files, JSON, kernels */
#include "bound.h"  /* nets, programs, questions, bounds */
#include "tight.h"  /* what tightens them */
#include "set.h"    /* input sets */
#include "model.h"
#include "wire.h"   /* networks as files say them */
#include "stage.h"  /* models, solutions, readers, the stages, the command line */
#include "study.h"  /* campaigns, suites, and solvers compared on them */

#endif
