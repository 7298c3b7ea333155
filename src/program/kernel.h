/* kernel.h: what the files of program share. Private to program. */
#ifndef NM_PROGRAM_KERNEL_H
#define NM_PROGRAM_KERNEL_H

#include "program/program.h"

/* ---- kernel.c ----------------------------------------------------------------------------------- */
extern const nm_kernels nm_kernels_generic;

/* ---- linear_batch.c ----------------------------------------------------------------------------- */
void nm_lin_set_cells(nm_job *job, nm_lin *a); /* CONV: fills `cells` */

#endif
