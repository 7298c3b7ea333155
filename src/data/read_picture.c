/* read_picture.c: PNG (through libpng), PGM and PPM: bytes, grey [H,W] or colour [3,H,W]. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

#include <png.h>

static nm_tensor planes(nm_job *job, size_t h, size_t w, size_t channels,
                        const unsigned char *pixel)
{
    nm_tensor t = {.n = h * w * channels, .bytes = true};
    t.shape = channels == 1
                  ? nm_shape_of(2, (int64_t[]){(int64_t)h, (int64_t)w})
                  : nm_shape_of(3, (int64_t[]){(int64_t)channels, (int64_t)h, (int64_t)w});
    t.shape.order = NM_CHW; /* of a picture everybody knows it */
    t.x = NM_RAW(job, double, t.n);
    for (size_t i = 0; i < h * w; i++)
        for (size_t c = 0; c < channels; c++) t.x[c * h * w + i] = pixel[i * channels + c];
    return t;
}

static void drop_png(void *p) { png_image_free(p); }

nm_tensor nm_read_png(nm_job *job, nm_file f)
{
    png_image *img = NM_NEW(job, png_image);
    img->version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(img, f.data, f.n))
        nm_throw(job, NM_EINPUT, "%s: %s", f.path, img->message);
    nm_defer(job, drop_png, img);
    if (img->format & PNG_FORMAT_FLAG_ALPHA)
        nm_throw(job, NM_EUNSUP, "%s: a PNG with transparency", f.path);
    if (img->format & PNG_FORMAT_FLAG_LINEAR)
        nm_throw(job, NM_EUNSUP, "%s: a PNG of 16 bits a channel; 8 were expected", f.path);
    const bool colour = img->format & PNG_FORMAT_FLAG_COLOR;
    img->format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    const size_t h = img->height, w = img->width, channels = colour ? 3 : 1;
    if (h > 1 << 14 || w > 1 << 14)
        nm_throw(job, NM_EUNSUP, "%s: a picture of %zu x %zu", f.path, w, h);
    unsigned char *pixel = NM_RAW(job, unsigned char, PNG_IMAGE_SIZE(*img));
    const int ok = png_image_finish_read(img, NULL, pixel, 0, NULL);
    if (!ok || img->warning_or_error > 1) nm_throw(job, NM_EINPUT, "%s: %s", f.path, img->message);
    nm_close(job, img);
    return planes(job, h, w, channels, pixel);
}

/* the next number of a PNM header; comments run from # to the end of the line */
static size_t header(nm_job *job, nm_file f, size_t *at)
{
    while (*at < f.n && (strchr(" \t\r\n", f.data[*at]) || f.data[*at] == '#')) {
        if (f.data[*at] == '#')
            while (*at < f.n && f.data[*at] != '\n') ++*at;
        else
            ++*at;
    }
    size_t x = 0, digits = 0;
    for (; *at < f.n && f.data[*at] >= '0' && f.data[*at] <= '9'; ++*at, digits++)
        if (digits < 7) x = 10 * x + f.data[*at] - '0';
    if (digits == 0 || digits > 6)
        nm_throw(job, NM_EINPUT, "%s: a number was expected in the PNM file", f.path);
    return x;
}

nm_tensor nm_read_pnm(nm_job *job, nm_file f)
{
    const char kind = f.n > 2 && f.data[0] == 'P' ? (char)f.data[1] : 0;
    if (!kind || !strchr("2356", kind))
        nm_throw(job, NM_EINPUT, "%s: not a PGM or PPM file (P2, P3, P5, P6)", f.path);
    const bool plain = kind < '4';
    const size_t channels = kind == '3' || kind == '6' ? 3 : 1;
    size_t at = 2;
    const size_t w = header(job, f, &at), h = header(job, f, &at), top = header(job, f, &at);
    if (top != 255) nm_throw(job, NM_EUNSUP, "%s: a maximum of %zu; 255 was expected", f.path, top);
    const size_t n = nm_mul(job, nm_mul(job, w, h), channels);
    if (n == 0 || n > f.n)
        nm_throw(job, NM_EINPUT, "%s: a picture of %zu x %zu in %zu bytes", f.path, w, h, f.n);
    unsigned char *pixel = NM_RAW(job, unsigned char, n);
    if (!plain && f.n - at < n + 1)
        nm_throw(job, NM_EINPUT, "%s: the picture is cut short", f.path);
    for (size_t i = 0; i < n; i++) {
        const size_t v = plain ? header(job, f, &at) : f.data[at + 1 + i];
        if (v > 255)
            nm_throw(job, NM_EINPUT, "%s: a value of %zu; 255 at most was expected", f.path, v);
        pixel[i] = (unsigned char)v;
    }
    return planes(job, h, w, channels, pixel);
}
