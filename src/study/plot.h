/* plot.h: plots: a description, drawn as SVG. Private to study. */
#ifndef NM_STUDY_PLOT_H
#define NM_STUDY_PLOT_H

#include "base/base.h"

/* ---- plot.c ------------------------------------------------------------------------------------- */
typedef struct nm_series { const char *name; size_t n; const double *x, *y; bool dots; } nm_series; /* dots: apart */
typedef struct nm_plot {
    const char *title, *x_label, *y_label;
    double x_base, y_base; /* of a logarithmic axis; 0: linear */
    bool y_unit, x_whole, steps, marks; /* y from 0 to 1; x is a count; points joined as steps; a mark at each point */
    bool inside;           /* a page, whose colour of text it takes */
    size_t n_series;
    const nm_series *series;
} nm_plot;
void nm_plot_put(nm_buf *b, const nm_plot *p);
void nm_plot_write(nm_job *job, const nm_plot *p, const char *path); /* an SVG file */
void nm_put_xml(nm_buf *b, const char *s); /* text, escaped for content and attributes alike */

#endif
