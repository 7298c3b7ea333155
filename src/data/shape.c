/* shape.c: shapes of arrays: sizes, equality, broadcasting; and the names of element types. */
#include "base/base.h"
#include "data/data.h"

const char *nm_dtype_name(nm_dtype t)
{
    static const char *const names[] = {"float32",  "float64", "int64",  "bool",  "float16",
                                        "bfloat16", "uint4",   "int4",   "uint8", "int8",
                                        "uint16",   "int16",   "uint32", "uint64"};
    return names[t];
}

size_t nm_shape_size(nm_job *job, nm_shape s)
{
    size_t n = 1;
    for (int i = 0; i < s.rank; i++) n = nm_mul(job, n, (size_t)s.dim[i]);
    return n;
}

nm_shape nm_shape_of(int rank, const int64_t *dim)
{
    nm_shape s = {.rank = rank};
    for (int i = 0; i < rank; i++) s.dim[i] = dim[i];
    return s;
}

bool nm_shape_eq(nm_shape a, nm_shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

const char *nm_shape_print(nm_job *job, nm_shape s)
{
    nm_buf b = {.job = job};
    nm_put(&b, "[");
    for (int i = 0; i < s.rank; i++) nm_put(&b, i ? ",%lld" : "%lld", (long long)s.dim[i]);
    nm_put(&b, "]");
    return b.s;
}

size_t nm_broadcast_at(nm_shape out, nm_shape in, size_t i)
{
    size_t at = 0, step = 1;
    for (int d = 0; d < in.rank; d++) {
        const int64_t size = in.dim[in.rank - 1 - d], full = out.dim[out.rank - 1 - d];
        const size_t index = i % (size_t)full;
        i /= (size_t)full;
        if (size != 1) at += index * step;
        step *= (size_t)size;
    }
    return at;
}
