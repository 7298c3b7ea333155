/* inflate.c: unpacks bytes that zlib packed, into memory whose size is known beforehand. Deflate cannot shrink data by
 * more than 1032 to 1, so a stated size beyond that is refused before anything is allocated; so is a file of some
 * megabytes that would unpack to gigabytes (a bomb). */
#define ZLIB_CONST /* makes next_in a pointer to const */
#include "base/base.h"

#include <limits.h>
#include <zlib.h>

/* Networks, questions and images stay within one of the two limits: text and images pack fifty to one at most, and
 * matrices that are nearly all zeros, which pack better, are smaller. */
enum { BOMB_BYTES = 64 << 20, BOMB_RATIO = 200 };

void nm_unpack_check(nm_job *job, const char *path, size_t packed, size_t unpacked)
{
    if (unpacked <= BOMB_BYTES || unpacked / BOMB_RATIO <= packed) return;
    nm_throw(job, NM_EINPUT,
             "%s: its %zu bytes unpack to %zu or more, over %d times as many; if that is meant, unpack it first",
             path, packed, unpacked, BOMB_RATIO);
}

static void drop(void *p) { inflateEnd(p); }

static uInt part(size_t n) { return n < UINT_MAX ? (uInt)n : UINT_MAX; }

unsigned char *nm_inflate(nm_job *job, const char *path, const void *p, size_t n, size_t want,
                          bool whole)
{
    if (want / 1032 > n)
        nm_throw(job, NM_EINPUT, "%s: the file says that %zu bytes unpack to %zu, which is impossible", path, n, want);
    nm_unpack_check(job, path, n, want);
    unsigned char *out = nm_raw(job, want + 1, 1);
    z_stream *z = NM_NEW(job, z_stream);
    if (inflateInit(z) != Z_OK) nm_throw(job, NM_EIO, "%s: out of memory", path);
    nm_defer(job, drop, z);
    const unsigned char *in = p, *end = in + n;
    size_t have = 0;
    int code = Z_OK;
    while (code == Z_OK &&
           have <= want) { /* room for one byte more than wanted shows that the stream goes on */
        z->next_in = in;
        z->avail_in = part((size_t)(end - in));
        z->next_out = out + have;
        z->avail_out = part(want + 1 - have);
        const uInt room = z->avail_out, left = z->avail_in;
        code = inflate(z, Z_NO_FLUSH);
        in += left - z->avail_in;
        have += room - z->avail_out;
        if (!whole && have >= want) break;
    }
    nm_close(job, z);
    if (code == Z_MEM_ERROR) nm_throw(job, NM_EIO, "%s: out of memory", path);
    if (whole ? code != Z_STREAM_END || have != want || in != end : have < want) return NULL;
    out[want] = 0;
    return out;
}
