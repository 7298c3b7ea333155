/* draw_picture.c: draws pictures: original | perturbed | difference as one PNG with a scale, and small ones as text.
 *
 * Grey or colour images [..,H,W], [C,H,W] or [H,W,C]; values in [0,1] are mapped to 0..255. The difference is drawn
 * around middle grey and scaled so that its largest magnitude, the L-inf distance of the answer, fills the range; the
 * bar below shows that range from minus to plus. */
#include "base/base.h"
#include "data/data.h"

#include <png.h>

typedef nm_layout layout;

/* Finds the layout of a picture, which is grey or has three channels. */
static bool find_layout(nm_shape s, layout *l)
{
    return nm_layout_find(s, l) && (l->c == 1 || l->c == 3) && l->h * l->w >= 4 && l->h <= 4096 &&
           l->w <= 4096;
}

static unsigned char grey(double x)
{
    return (unsigned char)(x <= 0 ? 0 : x >= 1 ? 255 : x * 255 + 0.5);
}

static double at(const layout *l, const double *x, size_t c, size_t i, size_t j)
{
    return x[nm_layout_at(l, c, i, j)];
}

typedef struct {
    size_t w, h, zoom;
    unsigned char *p;
    bool is_grey; /* one byte for each pixel */
} canvas;

static void paint(canvas *v, const layout *l, const double *x, size_t left, double offset,
                  double scale)
{
    for (size_t i = 0; i < l->h * v->zoom; i++)
        for (size_t j = 0; j < l->w * v->zoom; j++)
            for (size_t c = 0; c < 3; c++)
                v->p[((i + v->zoom) * v->w + left + j) * 3 + c] = grey(
                    offset + scale * at(l, x, l->c == 3 ? c : 0, i / v->zoom, j / v->zoom));
}

/* the picture as PNG */
static nm_buf png_of(nm_job *job, const canvas *v)
{
    png_image img = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)v->w,
                     .height = (png_uint_32)v->h,
                     .format = v->is_grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
    png_alloc_size_t n = PNG_IMAGE_PNG_SIZE_MAX(img);
    char *out = NM_RAW(job, char, n);
    if (!png_image_write_to_memory(&img, out, &n, 0, v->p, 0, NULL))
        nm_throw(job, NM_EIO, "a picture: %s", img.message);
    return (nm_buf){job, out, n, n};
}

static canvas blank(nm_job *job, const layout *l, size_t panels)
{
    const size_t big = l->h > l->w ? l->h : l->w;
    canvas v = {.zoom = big >= 200 ? 1 : big >= 64 ? 3 : 8};
    v.w = (panels * (l->w + 1) + 1) * v.zoom;
    v.h = (l->h + 2 + (panels > 1 ? 2 : 0)) * v.zoom;
    v.p = NM_RAW(job, unsigned char, v.w *v.h * 3);
    memset(v.p, 255, v.w * v.h * 3);
    return v;
}

nm_buf nm_triptych_png(nm_job *job, nm_shape shape, const double *a, const double *b)
{
    layout l;
    if (!find_layout(shape, &l)) return (nm_buf){.job = job};
    canvas v = blank(job, &l, 3);
    const size_t n = l.c * l.h * l.w, step = (l.w + 1) * v.zoom;
    double *d = NM_RAW(job, double, n), top = 0;
    for (size_t i = 0; i < n; i++) {
        d[i] = b[i] - a[i];
        if (fabs(d[i]) > top) top = fabs(d[i]);
    }
    paint(&v, &l, a, v.zoom, 0, 1);
    paint(&v, &l, b, v.zoom + step, 0, 1);
    paint(&v, &l, d, v.zoom + 2 * step, 0.5, top > 0 ? 0.5 / top : 0);
    for (size_t i = 0; i < v.zoom; i++) /* the scale: from -top over 0 to +top */
        for (size_t j = 0; j < l.w * v.zoom; j++)
            memset(v.p + (((l.h + 2) * v.zoom + i) * v.w + v.zoom + 2 * step + j) * 3,
                   grey((double)j / (double)(l.w * v.zoom - 1)), 3);
    return png_of(job, &v);
}

bool nm_draw_triptych(nm_job *job, const char *path, nm_shape shape, const double *a,
                      const double *b)
{
    const nm_mark mark = nm_mark_get(job);
    const nm_buf png = nm_triptych_png(job, shape, a, b);
    if (png.n) nm_file_write(job, path, png.s, png.n);
    nm_mark_release(job, mark);
    return png.n > 0;
}

bool nm_draw_image(nm_job *job, const char *path, nm_shape shape, const double *x)
{
    layout l;
    if (!find_layout(shape, &l)) return false;
    const nm_mark mark = nm_mark_get(job);
    const canvas v = {l.w, l.h, 1, NM_RAW(job, unsigned char, l.w *l.h *l.c), l.c == 1};
    for (size_t i = 0; i < l.h; i++)
        for (size_t j = 0; j < l.w; j++)
            for (size_t c = 0; c < l.c; c++)
                v.p[(i * l.w + j) * l.c + c] = grey(at(&l, x, c, i, j));
    const nm_buf png = png_of(job, &v);
    nm_file_write(job, path, png.s, png.n);
    nm_mark_release(job, mark);
    return true;
}

void nm_draw_text(nm_buf *out, nm_shape shape, const double *a, const double *b)
{
    static const char shades[] = " .:-=+*#%@";
    layout l;
    if (!find_layout(shape, &l) || l.c != 1 || l.w > 32) return;
    for (size_t i = 0; i < l.h; i++) {
        for (size_t j = 0; j < l.w; j++)
            nm_put(out, "%c", shades[grey(at(&l, a, 0, i, j)) * 9 / 255]);
        nm_put(out, " | ");
        for (size_t j = 0; j < l.w; j++)
            nm_put(out, "%c", shades[grey(at(&l, b, 0, i, j)) * 9 / 255]);
        nm_put(out, " | ");
        for (size_t j = 0; j < l.w; j++) {
            const double d = at(&l, b, 0, i, j) - at(&l, a, 0, i, j);
            nm_put(out, "%c", d > 1e-3 ? '+' : d < -1e-3 ? '-' : '.');
        }
        nm_put(out, "\n");
    }
}
