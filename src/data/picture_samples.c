/* picture_samples.c: turns the samples of any picture into an array: grey [H,W] or colour [3,H,W]. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

nm_tensor nm_picture(nm_job *job, nm_samples p)
{
    nm_tensor t = {.n = p.h * p.w * p.channels, .top = p.wide ? 65535 : 255};
    const int64_t c = (int64_t)p.channels, h = (int64_t)p.h, w = (int64_t)p.w;
    t.shape = c == 1 ? nm_shape_of(2, (int64_t[]){h, w}) : nm_shape_of(3, (int64_t[]){c, h, w});
    t.shape.order = NM_CHW; /* the format of a picture defines it */
    t.x = NM_RAW(job, double, t.n);
    for (size_t i = 0; i < p.h * p.w; i++)
        for (size_t k = 0; k < p.channels; k++) {
            const size_t at = i * p.channels + k;
            t.x[k * p.h * p.w + i] = p.wide ? p.sample[2 * at] << 8 | p.sample[2 * at + 1]
                                            : p.sample[at];
        }
    return t;
}

void nm_picture_check(nm_job *job, const char *path, size_t h, size_t w)
{
    if (h > 1 << 14 || w > 1 << 14)
        nm_throw(job, NM_EUNSUP, "%s: a picture of %zu x %zu", path, h, w);
}
