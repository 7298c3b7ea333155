/* read_pnm.c: PGM and PPM, Netpbm's plain and raw forms, with a maximum of 255. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

/* Returns the next number of a PNM header; comments run from # to the end of the line. */
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
    return nm_picture(job, (nm_samples){h, w, channels, false, pixel});
}
