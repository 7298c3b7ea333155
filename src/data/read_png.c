/* read_png.c: PNG, through libpng: grey and colour, of 1 to 16 bits a sample, palettes and interlaced ones too. Samples
 * are taken as they are: gamma and colour profiles are not applied, just as Pillow and OpenCV do not. An alpha channel
 * that is opaque everywhere is left out, with a note; a picture that is transparent anywhere is refused, as its colours
 * depend on what lies behind it. libpng's error function must not return; here it throws. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

#include <png.h>

typedef struct {
    nm_job *job;
    nm_file f;
    size_t at; /* bytes of f read so far */
    png_struct *png;
    png_info *info;
} reader;

static void drop(void *arg)
{
    reader *r = arg;
    png_destroy_read_struct(&r->png, &r->info, NULL);
}

static PNG_NORETURN void failed(png_struct *png, const char *why)
{
    const reader *r = png_get_error_ptr(png);
    nm_throw(r->job, NM_EINPUT, "%s: %s", r->f.path, why);
}

static void warned(png_struct *png, const char *why)
{
    (void)png;
    (void)why;
}

static void fetch(png_struct *png, unsigned char *to, size_t n)
{
    reader *r = png_get_io_ptr(png);
    if (n > r->f.n - r->at) png_error(png, "the PNG file is cut short");
    memcpy(to, r->f.data + r->at, n);
    r->at += n;
}

/* Returns the samples without the last channel of each pixel, its opacity; refuses a pixel that is not opaque. */
static nm_samples without_alpha(const reader *r, nm_samples p)
{
    const size_t size = p.wide ? 2 : 1, kept = p.channels * size, step = kept + size;
    unsigned char *all = nm_zero(r->job, p.h * p.w, kept);
    for (size_t i = 0; i < p.h * p.w; i++) {
        const unsigned char *from = p.sample + i * step;
        if (from[kept] != 255 || from[step - 1] != 255)
            nm_throw(
                r->job, NM_EUNSUP,
                "%s: a PNG with transparency: the pixel in row %zu, column %zu (from 0) is not "
                "opaque; put it on the "
                "background that the training images had, and save it without an alpha channel",
                r->f.path, i / p.w, i % p.w);
        memcpy(all + i * kept, from, kept);
    }
    nm_note(r->job, "%s: its alpha channel is opaque everywhere and is left out", r->f.path);
    p.sample = all;
    return p;
}

nm_tensor nm_read_png(nm_job *job, nm_file f)
{
    reader *r = NM_NEW(job, reader);
    *r = (reader){.job = job, .f = f};
    nm_defer(job, drop, r);
    r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, failed, warned);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info) nm_throw(job, NM_EIO, "%s: out of memory", f.path);
    png_set_read_fn(r->png, r, fetch);
    png_set_benign_errors(r->png, 1);
    png_read_info(r->png, r->info);
    const int kind = png_get_color_type(r->png, r->info);
    const bool alpha = kind & PNG_COLOR_MASK_ALPHA || png_get_valid(r->png, r->info, PNG_INFO_tRNS);
    nm_samples p = {.h = png_get_image_height(r->png, r->info),
                    .w = png_get_image_width(r->png, r->info),
                    .channels = kind & PNG_COLOR_MASK_COLOR ? 3 : 1,
                    .wide = png_get_bit_depth(r->png, r->info) == 16};
    nm_picture_check(job, f.path, p.h, p.w);
    /* palettes to colours, tRNS to alpha, 1 to 4 bits to 8: the extremes stay black and white */
    png_set_expand(r->png);
    const int passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    const size_t row = p.w * (p.channels + alpha) * (p.wide ? 2 : 1);
    if (png_get_rowbytes(r->png, r->info) != row) png_error(r->png, "rows of an unexpected size");
    unsigned char *sample = nm_zero(job, p.h, row);
    for (int k = 0; k < passes; k++)
        for (size_t i = 0; i < p.h; i++) png_read_row(r->png, sample + i * row, NULL);
    png_read_end(r->png, NULL);
    nm_close(job, r);
    p.sample = sample;
    return nm_picture(job, alpha ? without_alpha(r, p) : p);
}
