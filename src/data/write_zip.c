/* write_zip.c: a zip archive of stored files, as NumPy's savez writes .npz: for each file a local header and its bytes,
 * then the directory and its end (APPNOTE.TXT 6.3.3, sections 4.3.7, 4.3.12, 4.3.16). All dates are the first that the
 * format has, so that the same files make the same bytes.
 *
 * Left out: packing, which takes longer than it saves of numbers that look random; zip64: what is larger than 4 GiB is
 * refused. */
#include "base/base.h"
#include "data/data.h"

#include <zlib.h>

enum { DATE = 33 /* 1 January 1980 */, MOST_FILES = 65535 };

static void put_little(nm_buf *b, uint64_t x, int bytes)
{
    for (int k = 0; k < bytes; k++)
        nm_put_bytes(b, &(unsigned char){(unsigned char)(x >> 8 * k)}, 1);
}

/* Puts what the header of a file and its line in the directory have in common. */
static void put_file(nm_buf *b, const nm_file *f)
{
    put_little(b, 20, 2); /* the version that reads it */
    put_little(b, 0, 2);
    put_little(b, 0, 2); /* stored */
    put_little(b, 0, 2);
    put_little(b, DATE, 2);
    put_little(b, crc32_z(0, f->data, f->n), 4);
    put_little(b, f->n, 4);
    put_little(b, f->n, 4);
    put_little(b, strlen(f->path), 2);
    put_little(b, 0, 2);
}

static void put_line(nm_buf *b, const nm_file *f, size_t at)
{
    nm_put_bytes(b, "PK\1\2\24\0", 6);
    put_file(b, f);
    put_little(b, 0, 2); /* no comment, disk 0, no attributes */
    put_little(b, 0, 2);
    put_little(b, 0, 2);
    put_little(b, 0, 4);
    put_little(b, at, 4);
    nm_put_bytes(b, f->path, strlen(f->path));
}

void nm_zip_write(nm_job *job, const char *path, size_t n, const nm_file *f)
{
    nm_buf b = {.job = job};
    size_t *at = NM_RAW(job, size_t, n + 1);
    if (n > MOST_FILES)
        nm_throw(job, NM_EUNSUP, "%s: %zu arrays; %d fit into such a file", path, n, MOST_FILES);
    for (size_t i = 0; i < n; i++) {
        at[i] = b.n;
        nm_put_bytes(&b, "PK\3\4", 4);
        put_file(&b, &f[i]);
        nm_put_bytes(&b, f[i].path, strlen(f[i].path));
        nm_put_bytes(&b, f[i].data, f[i].n);
    }
    const size_t directory = b.n;
    for (size_t i = 0; i < n; i++) put_line(&b, &f[i], at[i]);
    const size_t end = b.n;
    if (end > UINT32_MAX)
        nm_throw(job, NM_EUNSUP, "%s: %zu bytes; 4 GiB fit into such a file", path, end);
    nm_put_bytes(&b, "PK\5\6\0\0\0\0", 8);
    put_little(&b, n, 2);
    put_little(&b, n, 2);
    put_little(&b, end - directory, 4);
    put_little(&b, directory, 4);
    put_little(&b, 0, 2);
    nm_file_write(job, path, b.s, b.n);
}
