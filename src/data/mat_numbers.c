/* mat_numbers.c: the numbers of MATLAB's files: converts them from the type in which they are stored, checks them
 * against the array's class, and turns MATLAB's order by columns into rows. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

uint64_t nm_mat_number(bool big, const unsigned char *p, size_t size)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) bits |= (uint64_t)p[big ? size - 1 - i : i] << 8 * i;
    return bits;
}

size_t nm_mat_size(uint32_t type)
{
    switch (type) {
    case NM_MAT_INT8:
    case NM_MAT_UINT8: return 1;
    case NM_MAT_INT16:
    case NM_MAT_UINT16: return 2;
    case NM_MAT_INT32:
    case NM_MAT_UINT32:
    case NM_MAT_SINGLE: return 4;
    case NM_MAT_DOUBLE:
    case NM_MAT_INT64:
    case NM_MAT_UINT64: return 8;
    default: return 0;
    }
}

/* Returns a stored number; NaN for an integer that is not a double, which is refused like other numbers not finite. */
static double value(bool big, const unsigned char *p, uint32_t type)
{
    const size_t size = nm_mat_size(type);
    uint64_t bits = nm_mat_number(big, p, size);
    if (type == NM_MAT_SINGLE) {
        const uint32_t low = (uint32_t)bits;
        float f;
        memcpy(&f, &low, 4);
        return (double)f;
    }
    if (type == NM_MAT_DOUBLE) {
        double d;
        memcpy(&d, &bits, 8);
        return d;
    }
    const bool minus = (type == NM_MAT_INT8 || type == NM_MAT_INT16 || type == NM_MAT_INT32 ||
                        type == NM_MAT_INT64) &&
                       bits >> (8 * size - 1);
    if (minus && size < 8) bits |= UINT64_MAX << 8 * size;
    const uint64_t far = minus ? 0 - bits : bits;
    if (far > (uint64_t)1 << 53) return NAN;
    return minus ? -(double)far : (double)far;
}

/* Returns true if an array of this class may hold x: single holds floats, int8 (8) to uint64 (15) their own range. */
static bool holds(uint32_t class, double x)
{
    if (class == 6) return isfinite(x);
    if (class == 7) return isfinite(x) && (double)(float)x == x;
    const int bits = 8 << (class - 8) / 2;
    const double top = class % 2 ? ldexp(1, bits) : ldexp(1, bits - 1);
    return x == floor(x) && x < top && x >= (class % 2 ? 0 : -top);
}

const char *nm_mat_class(uint32_t class)
{
    static const char *const name[] = {"?",      "cell",   "struct", "object", "char",    "sparse",
                                       "double", "single", "int8",   "uint8",  "int16",   "uint16",
                                       "int32",  "uint32", "int64",  "uint64", "function"};
    return class < sizeof name / sizeof *name ? name[class] : "?";
}

const char *nm_mat_refusal(nm_job *job, uint32_t class, bool complex)
{
    if (class < 6 || class > 15)
        return nm_fmt(job, "it is of class %s; an array of numbers was expected",
                      nm_mat_class(class));
    return complex ? "it is complex" : NULL;
}

void nm_mat_fill(nm_job *job, nm_array *a, uint32_t class, uint32_t type, bool big,
                 const unsigned char *p)
{
    const size_t size = nm_mat_size(type);
    double *x = NM_RAW(job, double, a->t.n);
    for (size_t i = 0; i < a->t.n; i++) {
        x[i] = value(big, p + i * size, type);
        if (!holds(class, x[i]) && !a->why)
            a->why = nm_fmt(job, "element %zu is not finite, beyond 2^53, or outside of class %s", i,
                            nm_mat_class(class));
    }
    a->t.x = nm_row_major(job, a->t.shape, x);
    a->t.type = class == 7 ? NM_F32 : NM_F64;
}
