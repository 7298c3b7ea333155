/* plot.c: line plots: a description, a layout, and a pen that draws it: as SVG here, as pixels in plot_pixels.c.
 *
 * A plot has one or more series of points, joined by lines or as steps; axes are linear or logarithmic. Ticks are 1, 2
 * and 5 times powers of ten on linear axes (Heckbert 1990), powers of the axis's base on logarithmic ones, thinned
 * until at most ten are left. Series differ in colour (Okabe and Ito 2008: for the colour-blind) and in dashes. The
 * legend is on the right, where it hides no curve. The same numbers give the same bytes. */
#include "base/base.h"
#include "study/plot.h"

enum { WIDTH = 880, HEIGHT = 520, LEFT = 84, RIGHT = 250, TOP = 44, BOTTOM = 60, MOST_TICKS = 10 };

static const unsigned colors[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7,
                                  0xe69f00, 0x56b4e9, 0x000000, 0x8c6d00};
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

static void frame(nm_job *job, const nm_plot *p, const axis *x, const axis *y, const nm_pen *pen,
                  void *to)
{
    const unsigned grid = 0xdddddd, ink = 0x000000;
    for (size_t i = 0; i < x->n; i++) {
        const double at = left_of(x, x->tick[i]);
        pen->line(to, (nm_stroke){grid, 1, 0}, 2, (double[]){at, at},
                  (double[]){TOP, HEIGHT - BOTTOM});
        pen->text(to, at, HEIGHT - BOTTOM + 18, 0, false, number(job, x->tick[i]));
    }
    for (size_t i = 0; i < y->n; i++) {
        const double at = top_of(y, y->tick[i]);
        pen->line(to, (nm_stroke){grid, 1, 0}, 2, (double[]){LEFT, WIDTH - RIGHT},
                  (double[]){at, at});
        pen->text(to, LEFT - 8, at + 4, 1, false, number(job, y->tick[i]));
    }
    pen->line(to, (nm_stroke){ink, 1.2, 0}, 5,
              (double[]){LEFT, WIDTH - RIGHT, WIDTH - RIGHT, LEFT, LEFT},
              (double[]){TOP, TOP, HEIGHT - BOTTOM, HEIGHT - BOTTOM, TOP});
    pen->text(to, 0.5 * (LEFT + WIDTH - RIGHT), 26, 0, false, p->title);
    pen->text(to, 0.5 * (LEFT + WIDTH - RIGHT), HEIGHT - 16, 0, false, p->x_label);
    pen->text(to, 20, 0.5 * (TOP + HEIGHT - BOTTOM), 0, true, p->y_label);
}

static void curve(nm_job *job, const nm_plot *p, size_t k, const axis *x, const axis *y,
                  const nm_pen *pen, void *to)
{
    const nm_series *s = &p->series[k];
    const nm_stroke how = {colors[k % N_COLORS], 2, (int)(k / N_COLORS) % 3};
    double *px = NM_RAW(job, double, 2 * s->n + 1), *py = NM_RAW(job, double, 2 * s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double a = left_of(x, s->x[i]), b = top_of(y, s->y[i]);
        if (p->steps && i) px[n] = a, py[n] = py[n - 1], n++;
        px[n] = a;
        py[n++] = b;
    }
    if (n > 1) pen->line(to, how, n, px, py);
    if (p->marks)
        for (size_t i = 0; i < s->n; i++) { /* a small square around each point */
            const double a = left_of(x, s->x[i]), b = top_of(y, s->y[i]), r = 2.5;
            pen->line(to, (nm_stroke){how.color, 1.5, 0}, 5,
                      (double[]){a - r, a + r, a + r, a - r, a - r},
                      (double[]){b - r, b - r, b + r, b + r, b - r});
        }
    const double at = TOP + 14 + 22 * (double)k, left = WIDTH - RIGHT + 16;
    if (at > HEIGHT - 10) return;
    pen->line(to, how, 2, (double[]){left, left + 30}, (double[]){at - 4, at - 4});
    pen->text(to, left + 38, at, -1, false, s->name);
}

void nm_plot_draw(nm_job *job, const nm_plot *p, const nm_pen *pen, void *to)
{
    const axis x = fit(p, false), y = fit(p, true);
    frame(job, p, &x, &y, pen, to);
    for (size_t k = 0; k < p->n_series; k++) curve(job, p, k, &x, &y, pen, to);
}

/* ---- SVG ---- */

static void put_xml(nm_buf *b, const char *s)
{
    for (; *s; s++) {
        const char *as = *s == '&'   ? "&amp;"
                         : *s == '<' ? "&lt;"
                         : *s == '>' ? "&gt;"
                         : *s == '"' ? "&quot;"
                                     : NULL;
        if (as)
            nm_put(b, "%s", as);
        else
            nm_put(b, "%c", (unsigned char)*s < ' ' ? ' ' : *s);
    }
}

static void svg_line(void *to, nm_stroke s, size_t n, const double *x, const double *y)
{
    static const char *const dashes[] = {"", " stroke-dasharray=\"8 4\"",
                                         " stroke-dasharray=\"2 3\""};
    nm_buf *b = to;
    nm_put(b, "<polyline fill=\"none\" stroke=\"#%06x\" stroke-width=\"%.4g\"%s points=\"", s.color,
           s.width, dashes[s.dash]);
    for (size_t i = 0; i < n; i++) nm_put(b, i ? " %.2f,%.2f" : "%.2f,%.2f", x[i], y[i]);
    nm_put(b, "\"/>\n");
}

static void svg_text(void *to, double x, double y, int anchor, bool upright, const char *s)
{
    nm_buf *b = to;
    nm_put(b, "<text text-anchor=\"%s\"", anchor < 0 ? "start" : anchor ? "end" : "middle");
    if (upright)
        nm_put(b, " transform=\"translate(%.2f %.2f) rotate(-90)\">", x, y);
    else
        nm_put(b, " x=\"%.2f\" y=\"%.2f\">", x, y);
    put_xml(b, s);
    nm_put(b, "</text>\n");
}

void nm_plot_svg(nm_job *job, const nm_plot *p, const char *path)
{
    static const nm_pen pen = {svg_line, svg_text};
    nm_buf b = {.job = job};
    nm_put(
        &b,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
        "width=\"%d\" "
        "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n<title>",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    put_xml(&b, p->title);
    nm_put(&b, "</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n");
    nm_plot_draw(job, p, &pen, &b);
    nm_put(&b, "</svg>\n");
    nm_file_write(job, path, b.s, b.n);
}

void nm_plot_png(nm_job *job, const nm_plot *p, const char *path)
{
    nm_pixels *v = nm_pixels_new(job, WIDTH, HEIGHT);
    nm_plot_draw(job, p, &nm_pixels_pen, v);
    nm_pixels_save(job, v, path);
}
