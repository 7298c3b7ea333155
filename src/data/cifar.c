/* cifar.c: the binary files of CIFAR-10 (Krizhevsky 2009): records of a label byte and 3 x 32 x 32 bytes, the red,
 * green and blue planes row by row. Such a file is recognised only by its name, .bin, and its size. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

enum { RECORD = 3073 };

bool nm_cifar_is(nm_file f)
{
    return nm_has_suffix(f.path, ".bin") || nm_has_suffix(f.path, ".bin.gz");
}

int64_t nm_cifar_count(nm_job *job, nm_file f)
{
    if (f.n == 0 || f.n % RECORD)
        nm_throw(job, NM_EINPUT,
                 "%s: %zu bytes; records of %d bytes, as CIFAR-10 has them, were expected", f.path,
                 f.n, RECORD);
    return (int64_t)(f.n / RECORD);
}

nm_tensor nm_read_cifar(nm_job *job, nm_file f, int64_t index, bool labels)
{
    const int64_t count = nm_cifar_count(job, f);
    if (index < 0 || index >= count)
        nm_throw(job, NM_EINPUT, "%s: index %lld is out of range; the file holds 0 to %lld", f.path,
                 (long long)index, (long long)count - 1);
    const unsigned char *p = f.data + (size_t)index * RECORD;
    if (p[0] > 9)
        nm_throw(job, NM_EINPUT, "%s: record %lld: a label of %d; 0 to 9 were expected in CIFAR-10",
                 f.path, (long long)index, p[0]);
    nm_tensor t = {.n = labels ? 1 : RECORD - 1, .top = 255};
    t.shape = labels ? nm_shape_of(1, (int64_t[]){1}) : nm_shape_of(3, (int64_t[]){3, 32, 32});
    t.shape.order = labels ? NM_OPEN : NM_CHW;
    t.x = NM_RAW(job, double, t.n);
    for (size_t i = 0; i < t.n; i++) t.x[i] = p[labels ? 0 : 1 + i];
    return t;
}
