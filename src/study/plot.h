/* plot.h: line plots: a description, and pens that draw it as SVG or as pixels. Private to study. */
#ifndef NM_STUDY_PLOT_H
#define NM_STUDY_PLOT_H

#include "base/base.h"

/* ---- plot_pixels.c ------------------------------------------------------------------------------ */
typedef struct nm_stroke { unsigned color; double width; int dash; } nm_stroke; /* dash: 0 none, 1 long, 2 short */
typedef struct nm_pen {    /* draws in points, y downwards */
    void (*line)(void *to, nm_stroke s, size_t n, const double *x, const double *y);
    /* anchor: -1 left, 0 middle, 1 right */
    void (*text)(void *to, double x, double y, int anchor, bool upright, const char *s);
} nm_pen;
typedef struct nm_pixels nm_pixels;
nm_pixels *nm_pixels_new(nm_job *job, size_t w, size_t h);
extern const nm_pen nm_pixels_pen;
void nm_pixels_save(nm_job *job, const nm_pixels *v, const char *path); /* PNG */

/* ---- plot.c ------------------------------------------------------------------------------------- */
typedef struct nm_series { const char *name; size_t n; const double *x, *y; } nm_series;
typedef struct nm_plot {
    const char *title, *x_label, *y_label;
    double x_base, y_base; /* of a logarithmic axis; 0: linear */
    bool y_unit, x_whole, steps, marks; /* y from 0 to 1; x is a count; points joined as steps; a mark at each point */
    size_t n_series;
    const nm_series *series;
} nm_plot;
void nm_plot_draw(nm_job *job, const nm_plot *p, const nm_pen *pen, void *to);
void nm_plot_svg(nm_job *job, const nm_plot *p, const char *path);
void nm_plot_png(nm_job *job, const nm_plot *p, const char *path);

#endif
