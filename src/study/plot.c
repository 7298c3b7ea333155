/* plot.c: plots as SVG, from one description: in a file of its own, or inside a page, in the page's ink.
 *
 * A plot has one or more series of points, joined by lines or as steps, or apart as dots; axes are linear or
 * logarithmic. Ticks are 1, 2 and 5 times powers of ten on linear axes (Heckbert 1990), powers of the axis's base on
 * logarithmic ones, thinned until at most ten are left. Series differ in colour (Okabe and Ito 2008: for the
 * colour-blind) and in dashes. The legend is on the right, where it hides no curve. The same numbers give the same
 * bytes. */
#include "base/base.h"
#include "study/plot.h"

enum { WIDTH = 880, HEIGHT = 520, LEFT = 84, RIGHT = 250, TOP = 44, BOTTOM = 60, MOST_TICKS = 10 };
enum { MANY = 2000 }; /* points of a curve, from which on those within a pixel are left out */

static const char *const colors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                     "#e69f00", "#56b4e9", "#000000", "#8c6d00"};
enum { N_COLORS = sizeof colors / sizeof *colors };

typedef struct {
    double lo, hi, base; /* base: 0 when linear */
    size_t n;
    double tick[2 * MOST_TICKS + 2];
} axis;

static double place(const axis *a, double x)
{
    return a->base > 0 ? (log(x) - log(a->lo)) / (log(a->hi) - log(a->lo))
                       : (x - a->lo) / (a->hi - a->lo);
}

static void linear(axis *a, bool whole)
{
    const double rough = (a->hi - a->lo) / 8, ten = pow(10, floor(log10(rough)));
    const double f = rough / ten, fine = (f <= 1 ? 1 : f <= 2 ? 2 : f <= 5 ? 5 : 10) * ten;
    const double step = whole && fine < 1 ? 1 : fine;
    a->hi = step * ceil(a->hi / step - 1e-9);
    a->lo = step * floor(a->lo / step + 1e-9);
    const double n = floor((a->hi - a->lo) / step + 0.5);
    for (double k = 0; k <= n && a->n < MOST_TICKS + 2; k++) a->tick[a->n++] = a->lo + k * step;
}

static void logarithmic(axis *a)
{
    const double b = log(a->base);
    double from = floor(log(a->lo) / b + 1e-9), to = ceil(log(a->hi) / b - 1e-9), step = 1;
    if (to <= from) to = from + 1;
    while ((to - from) / step > MOST_TICKS) step++;
    a->lo = pow(a->base, from);
    a->hi = pow(a->base, to);
    for (double k = from; k <= to && a->n < MOST_TICKS + 2; k += step)
        a->tick[a->n++] = pow(a->base, k);
}

static axis fit(const nm_plot *p, bool is_y)
{
    axis a = {.lo = INFINITY, .hi = -INFINITY, .base = is_y ? p->y_base : p->x_base};
    for (size_t s = 0; s < p->n_series; s++)
        for (size_t i = 0; i < p->series[s].n; i++) {
            const double v = is_y ? p->series[s].y[i] : p->series[s].x[i];
            if (v < a.lo) a.lo = v;
            if (v > a.hi) a.hi = v;
        }
    if (!(a.lo <= a.hi)) a.lo = a.base > 0 ? 1 : 0, a.hi = a.base > 0 ? a.base : 1;
    if (is_y && p->y_unit) a.lo = 0, a.hi = 1;
    if (!is_y && a.base == 0) a.lo = 0;
    if (a.base == 0 && a.hi <= a.lo) a.hi = a.lo + 1;
    a.base > 0 ? logarithmic(&a) : linear(&a, !is_y && p->x_whole);
    return a;
}

static const char *number(nm_job *job, double x)
{
    nm_buf b = {.job = job};
    nm_put_num(&b, fabs(x) < 1e15 ? round(x * 1e9) / 1e9 : x);
    return b.s;
}

static double left_of(const axis *a, double x)
{
    return LEFT + place(a, x) * (WIDTH - LEFT - RIGHT);
}
static double top_of(const axis *a, double y)
{
    return HEIGHT - BOTTOM - place(a, y) * (HEIGHT - TOP - BOTTOM);
}

/* ---- strokes and letters ---- */

typedef struct {
    nm_buf *b;
    const nm_plot *p;
    axis x, y;
    const char *ink, *grid; /* colours */
} drawing;

typedef struct {
    const char *color;
    double width;
    int dash; /* 0 none, 1 long, 2 short */
} stroke;

static void line(nm_buf *b, stroke s, size_t n, const double *x, const double *y)
{
    static const char *const dashes[] = {"", " stroke-dasharray=\"8 4\"",
                                         " stroke-dasharray=\"2 3\""};
    nm_put(b, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%.4g\"%s points=\"", s.color,
           s.width, dashes[s.dash]);
    for (size_t i = 0; i < n; i++) nm_put(b, i ? " %.2f,%.2f" : "%.2f,%.2f", x[i], y[i]);
    nm_put(b, "\"/>\n");
}

void nm_put_xml(nm_buf *b, const char *s)
{
    for (; *s; s++) {
        const char *as = *s == '&'    ? "&amp;"
                         : *s == '<'  ? "&lt;"
                         : *s == '>'  ? "&gt;"
                         : *s == '"'  ? "&quot;"
                         : *s == '\'' ? "&#39;"
                                      : NULL;
        if (as)
            nm_put(b, "%s", as);
        else
            nm_put(b, "%c", (unsigned char)*s < ' ' ? ' ' : *s);
    }
}

/* anchor: -1 left, 0 middle, 1 right */
static void text(nm_buf *b, double x, double y, int anchor, bool upright, const char *s)
{
    nm_put(b, "<text text-anchor=\"%s\"", anchor < 0 ? "start" : anchor ? "end" : "middle");
    if (upright)
        nm_put(b, " transform=\"translate(%.2f %.2f) rotate(-90)\">", x, y);
    else
        nm_put(b, " x=\"%.2f\" y=\"%.2f\">", x, y);
    nm_put_xml(b, s);
    nm_put(b, "</text>\n");
}

/* ---- the frame and the curves ---- */

static void frame(const drawing *d)
{
    nm_buf *b = d->b;
    for (size_t i = 0; i < d->x.n; i++) {
        const double at = left_of(&d->x, d->x.tick[i]);
        line(b, (stroke){d->grid, 1, 0}, 2, (double[]){at, at}, (double[]){TOP, HEIGHT - BOTTOM});
        text(b, at, HEIGHT - BOTTOM + 18, 0, false, number(b->job, d->x.tick[i]));
    }
    for (size_t i = 0; i < d->y.n; i++) {
        const double at = top_of(&d->y, d->y.tick[i]);
        line(b, (stroke){d->grid, 1, 0}, 2, (double[]){LEFT, WIDTH - RIGHT}, (double[]){at, at});
        text(b, LEFT - 8, at + 4, 1, false, number(b->job, d->y.tick[i]));
    }
    line(b, (stroke){d->ink, 1.2, 0}, 5, (double[]){LEFT, WIDTH - RIGHT, WIDTH - RIGHT, LEFT, LEFT},
         (double[]){TOP, TOP, HEIGHT - BOTTOM, HEIGHT - BOTTOM, TOP});
    text(b, 0.5 * (LEFT + WIDTH - RIGHT), 26, 0, false, d->p->title);
    text(b, 0.5 * (LEFT + WIDTH - RIGHT), HEIGHT - 16, 0, false, d->p->x_label);
    text(b, 20, 0.5 * (TOP + HEIGHT - BOTTOM), 0, true, d->p->y_label);
}

/* a small square around each point */
static void marks(const drawing *d, const nm_series *s, const char *color)
{
    for (size_t i = 0; i < s->n; i++) {
        const double a = left_of(&d->x, s->x[i]), b = top_of(&d->y, s->y[i]), r = 2.5;
        line(d->b, (stroke){color, 1.5, 0}, 5, (double[]){a - r, a + r, a + r, a - r, a - r},
             (double[]){b - r, b - r, b + r, b + r, b - r});
    }
}

/* a dot at each point, as one path */
static void dots(const drawing *d, const nm_series *s, const char *color)
{
    nm_put(d->b,
           "<path fill=\"none\" stroke=\"%s\" stroke-opacity=\"0.6\" stroke-width=\"5\" "
           "stroke-linecap=\"round\" d=\"",
           color);
    for (size_t i = 0; i < s->n; i++)
        nm_put(d->b, "M%.1f %.1fh0", left_of(&d->x, s->x[i]), top_of(&d->y, s->y[i]));
    nm_put(d->b, "\"/>\n");
}

static void joined(const drawing *d, const nm_series *s, stroke how)
{
    nm_job *job = d->b->job;
    double *px = NM_RAW(job, double, 2 * s->n + 1), *py = NM_RAW(job, double, 2 * s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double a = left_of(&d->x, s->x[i]), b = top_of(&d->y, s->y[i]);
        if (s->n > MANY && i && i + 1 < s->n && hypot(a - px[n - 1], b - py[n - 1]) < 1) continue;
        if (d->p->steps && i) px[n] = a, py[n] = py[n - 1], n++;
        px[n] = a;
        py[n++] = b;
    }
    if (n > 1) line(d->b, how, n, px, py);
}

static void curve(const drawing *d, size_t k)
{
    const nm_series *s = &d->p->series[k];
    const char *color = strcmp(colors[k % N_COLORS], "#000000") ? colors[k % N_COLORS] : d->ink;
    const stroke how = {color, 2, (int)(k / N_COLORS) % 3};
    if (s->dots)
        dots(d, s, how.color);
    else
        joined(d, s, how);
    if (d->p->marks) marks(d, s, how.color);
    const double at = TOP + 14 + 22 * (double)k, left = WIDTH - RIGHT + 16;
    if (at > HEIGHT - 10) return;
    line(d->b, how, 2, (double[]){left, left + 30}, (double[]){at - 4, at - 4});
    text(d->b, left + 38, at, -1, false, s->name);
}

void nm_plot_put(nm_buf *b, const nm_plot *p)
{
    const drawing d = {b,
                       p,
                       fit(p, false),
                       fit(p, true),
                       p->inside ? "currentColor" : "#000000",
                       p->inside ? "#8888" : "#dddddd"};
    nm_put(b,
           "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
           "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\"%s>\n<title>",
           WIDTH, HEIGHT, WIDTH, HEIGHT, p->inside ? " role=\"img\" fill=\"currentColor\"" : "");
    nm_put_xml(b, p->title);
    nm_put(b, "</title>\n");
    if (!p->inside) nm_put(b, "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n");
    frame(&d);
    for (size_t k = 0; k < p->n_series; k++) curve(&d, k);
    nm_put(b, "</svg>\n");
}

void nm_plot_write(nm_job *job, const nm_plot *p, const char *path)
{
    nm_buf b = {.job = job};
    nm_put(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    nm_plot_put(&b, p);
    nm_file_write(job, path, b.s, b.n);
}
