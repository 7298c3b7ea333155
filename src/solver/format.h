/* format.h: readers of solution files. Each is one const struct in a file of format/ and one word in formats.def.
 * Private to solver. */
#ifndef NM_SOLVER_FORMAT_H
#define NM_SOLVER_FORMAT_H

#include "solver/solver.h"

/* ---- a format ----------------------------------------------------------------------------------- */
typedef struct nm_soldialect {
    const char *name;
    int (*sniff)(const char *text, size_t n);  /* 0..100 */
    void (*read)(nm_job *job, nm_file f, nm_sol *s);
    bool closed;           /* the file has an end mark, so a missing last line end is harmless */
    bool gapless;          /* if a gap is left, the status is not "optimal" */
} nm_soldialect;
#define SOL(x) extern const nm_soldialect nm_sol_##x;
#include "solver/formats.def"
#undef SOL

/* ---- solution_lines.c: what they share ---------------------------------------------------------- */
double nm_span_objective(nm_span s); /* NaN unless finite and below 1e20 */
void nm_sol_status(nm_sol *s, nm_job *job, nm_span text, nm_solstatus status);
void nm_sol_value(const nm_lines *l, nm_sol *s, nm_span name, nm_span value, int64_t index);
void nm_sol_pairs(nm_lines *l, nm_sol *s);             /* `name value` to the end of the file */

#endif
