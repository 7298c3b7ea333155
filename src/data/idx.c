/* idx.c: the IDX files of MNIST: reads one image or one label from a file of unsigned bytes. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static int64_t word(const unsigned char *p)
{
    return (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | (int64_t)p[3];
}

bool nm_idx_is(nm_file f)
{
    return f.n >= 4 && !f.data[0] && !f.data[1] && f.data[2] >= 8 && f.data[2] <= 14;
}

int64_t nm_idx_count(nm_file f) { return f.n < 8 ? 0 : word(f.data + 4); }

nm_tensor nm_read_idx(nm_job *job, nm_file f, int64_t index, bool labels)
{
    if (f.n < 8 || f.data[0] || f.data[1]) nm_throw(job, NM_EINPUT, "%s: not an IDX file", f.path);
    const size_t rank = f.data[3], head = 4 + 4 * rank;
    if (f.data[2] != 8)
        nm_throw(job, NM_EUNSUP, "%s: IDX element type 0x%02x; unsigned bytes (0x08) were expected",
                 f.path, f.data[2]);
    if (labels ? rank != 1 : rank < 2 || rank > 4)
        nm_throw(job, NM_EINPUT, "%s: an IDX file of rank %zu; %s", f.path, rank,
                 labels ? "labels have rank 1" : "images have rank 2 to 4");
    if (f.n < head) nm_throw(job, NM_EINPUT, "%s: the IDX header is cut short", f.path);
    const int64_t count = word(f.data + 4);
    nm_tensor t = {.n = 1, .top = 255};
    for (size_t i = 1; i < rank; i++) {
        t.shape.dim[t.shape.rank++] = word(f.data + 4 + 4 * i);
        t.n = nm_mul_in(job, f.path, t.n, (size_t)word(f.data + 4 + 4 * i));
    }
    if (nm_mul_in(job, f.path, t.n, (size_t)count) != f.n - head)
        nm_throw(job, NM_EINPUT, "%s: %zu bytes of data; the header says %lld items of %zu", f.path,
                 f.n - head, (long long)count, t.n);
    if (index < 0 || index >= count)
        nm_throw(job, NM_EINPUT, "%s: index %lld is out of range; the file holds 0 to %lld", f.path,
                 (long long)index, (long long)count - 1);
    t.x = NM_RAW(job, double, t.n);
    for (size_t i = 0; i < t.n; i++) t.x[i] = f.data[head + (size_t)index * t.n + i];
    return t;
}
