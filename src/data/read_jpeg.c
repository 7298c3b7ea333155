/* read_jpeg.c: JPEG, through libjpeg: baseline and progressive, 8 bits, grey or colour; CMYK is refused by name.
 *
 * Decoders differ by a unit or two in a pixel: these values are those of libjpeg's defaults, the accurate integer
 * transform with smooth upsampling, which Pillow and OpenCV use as well. An orientation in the Exif data is not
 * applied, just as Pillow and OpenCV do not apply it by themselves. What libjpeg calls a warning, such as a file that
 * ends early (whose rest would be painted grey), is an error here. libjpeg's error function must not return; here it
 * throws. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

#include <jpeglib.h>

typedef struct {
    struct jpeg_error_mgr base; /* must be first: libjpeg passes a pointer to it */
    nm_job *job;
    const char *path;
} errors;

static _Noreturn void failed(j_common_ptr j)
{
    const errors *e = (const errors *)j->err;
    char why[JMSG_LENGTH_MAX];
    j->err->format_message(j, why);
    nm_throw(e->job, NM_EINPUT, "%s: a JPEG picture that cannot be read: %s", e->path, why);
}

static void heard(j_common_ptr j, int level)
{
    if (level < 0) failed(j); /* below 0: damaged data; the others are trace messages */
}

static void drop(void *j) { jpeg_destroy_decompress(j); }

static void choose_colours(nm_job *job, const char *path, struct jpeg_decompress_struct *j)
{
    switch (j->jpeg_color_space) {
    case JCS_GRAYSCALE: j->out_color_space = JCS_GRAYSCALE; return;
    case JCS_YCbCr:
    case JCS_RGB: j->out_color_space = JCS_RGB; return;
    case JCS_CMYK:
    case JCS_YCCK:
        nm_throw(job, NM_EUNSUP,
                 "%s: a JPEG in CMYK (printing colours); grey or RGB was expected", path);
    default:
        nm_throw(job, NM_EUNSUP,
                 "%s: a JPEG of %d channels of an unknown kind; grey or RGB was expected", path,
                 j->num_components);
    }
}

nm_tensor nm_read_jpeg(nm_job *job, nm_file f)
{
    errors *e = NM_NEW(job, errors);
    struct jpeg_decompress_struct *j = NM_NEW(job, struct jpeg_decompress_struct);
    j->err = jpeg_std_error(&e->base);
    e->base.error_exit = failed;
    e->base.emit_message = heard;
    e->job = job;
    e->path = f.path;
    nm_defer(job, drop, j);
    jpeg_create_decompress(j);
    jpeg_mem_src(j, f.data, f.n);
    jpeg_read_header(j, TRUE);
    nm_picture_check(job, f.path, j->image_height, j->image_width);
    choose_colours(job, f.path, j);
    jpeg_start_decompress(j);
    const size_t h = j->output_height, w = j->output_width, channels = (size_t)j->output_components;
    unsigned char *sample = nm_zero(job, nm_mul(job, h, w), channels);
    while (j->output_scanline < h) {
        JSAMPROW row = sample + j->output_scanline * w * channels;
        jpeg_read_scanlines(j, &row, 1);
    }
    jpeg_finish_decompress(j);
    nm_close(job, j);
    return nm_picture(job, (nm_samples){h, w, channels, false, sample});
}
