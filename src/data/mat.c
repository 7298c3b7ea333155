/* mat.c: the named arrays of a MATLAB file of level 5 (MathWorks, MAT-File Format, 1999 to 2014): little or big
 * endian, plain or packed by zlib; real arrays of the classes double, single and int8 to uint64, in whatever type they
 * are stored. MATLAB stores columns; here they become rows.
 *
 * An array of another class (cell, struct, char, sparse, ...), a complex one, or one with an element that is not finite
 * or that its class does not hold is listed with the reason why it cannot be used: who names it is told. Level 4 and
 * 7.3 (HDF5) are refused. Sizes are checked against the bytes that are there; a torn file is an error. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

enum {
    INT8 = 1,
    UINT8,
    INT16,
    UINT16,
    INT32,
    UINT32,
    SINGLE,
    DOUBLE = 9,
    INT64 = 12,
    UINT64,
    MATRIX,
    PACKED,
    UTF8
};
enum { HEADER = 128, COMPLEX = 0x800, OPAQUE = 17 };

typedef struct {
    nm_job *job;
    nm_arrays *a;
    bool big;
    const unsigned char *p, *end; /* what is left of the element that is being read */
} mat;
typedef struct {
    uint32_t type;
    size_t n;
    const unsigned char *p;
} element;

static _Noreturn void bad(const mat *m, const char *what)
{
    nm_throw(m->job, NM_EINPUT, "%s: not a whole MATLAB 5 file: %s", m->a->path, what);
}

static uint64_t number(const mat *m, const unsigned char *p, int size)
{
    uint64_t bits = 0;
    for (int i = 0; i < size; i++) bits |= (uint64_t)p[m->big ? size - 1 - i : i] << 8 * i;
    return bits;
}

/* the next element: a tag of 8 bytes and padded data, or up to 4 bytes of data within the tag */
static element next(mat *m)
{
    if (m->end - m->p < 8) bad(m, "it ends within a tag");
    const uint32_t first = (uint32_t)number(m, m->p, 4);
    element e = {first & 0xffff, first >> 16, m->p + 4};
    if (e.n) {
        if (e.n > 4) bad(m, "a small element of more than 4 bytes");
        m->p += 8;
        return e;
    }
    e = (element){first, (size_t)number(m, m->p + 4, 4), m->p + 8};
    const size_t left = (size_t)(m->end - e.p),
                 step = e.type == PACKED ? e.n : (e.n + 7) & ~(size_t)7;
    if (e.n > left) bad(m, "an element is cut short");
    m->p = e.p + (step < left ? step : left);
    return e;
}

static int stored_size(uint32_t type)
{
    switch (type) {
    case INT8:
    case UINT8: return 1;
    case INT16:
    case UINT16: return 2;
    case INT32:
    case UINT32:
    case SINGLE: return 4;
    case DOUBLE:
    case INT64:
    case UINT64: return 8;
    default: return 0;
    }
}

/* NaN for an integer that no double holds, which is refused with the others that are not finite */
static double value(const mat *m, const unsigned char *p, uint32_t type)
{
    const int size = stored_size(type);
    uint64_t bits = number(m, p, size);
    if (type == SINGLE) {
        const uint32_t low = (uint32_t)bits;
        float f;
        memcpy(&f, &low, 4);
        return (double)f;
    }
    if (type == DOUBLE) {
        double d;
        memcpy(&d, &bits, 8);
        return d;
    }
    const bool minus = (type == INT8 || type == INT16 || type == INT32 || type == INT64) &&
                       bits >> (8 * size - 1);
    if (minus && size < 8) bits |= UINT64_MAX << 8 * size;
    const uint64_t far = minus ? 0 - bits : bits;
    if (far > (uint64_t)1 << 53) return NAN;
    return minus ? -(double)far : (double)far;
}

/* whether an array of this class may hold x: single a float, int8 (8) to uint64 (15) an integer of its range */
static bool holds(uint32_t class, double x)
{
    if (class == 6) return isfinite(x);
    if (class == 7) return isfinite(x) && (double)(float)x == x;
    const int bits = 8 << (class - 8) / 2;
    const double top = class % 2 ? ldexp(1, bits) : ldexp(1, bits - 1);
    return x == floor(x) && x < top && x >= (class % 2 ? 0 : -top);
}

static const char *class_name(uint32_t class)
{
    static const char *const name[] = {"?",      "cell",   "struct", "object", "char",    "sparse",
                                       "double", "single", "int8",   "uint8",  "int16",   "uint16",
                                       "int32",  "uint32", "int64",  "uint64", "function"};
    return class < sizeof name / sizeof *name ? name[class] : "?";
}

static void read_values(mat *m, nm_array *a, uint32_t class)
{
    const element e = next(m);
    const int size = stored_size(e.type);
    if (!size) bad(m, "numbers are stored in an unknown type");
    const size_t want = nm_mul_in(m->job, m->a->path, a->t.n, (size_t)size);
    if (e.n != want)
        nm_throw(m->job, NM_EINPUT, "%s: array \"%s\": %zu bytes; %zu were expected", m->a->path,
                 a->name, e.n, want);
    if (m->p != m->end) bad(m, "bytes after an array");
    double *x = NM_RAW(m->job, double, a->t.n);
    for (size_t i = 0; i < a->t.n; i++) {
        x[i] = value(m, e.p + i * (size_t)size, e.type);
        if (!holds(class, x[i]) && !a->why)
            a->why = nm_fmt(m->job, "element %zu is not finite, beyond 2^53, or no %s", i,
                            class_name(class));
    }
    a->t.x = nm_row_major(m->job, a->t.shape, x);
    a->t.type = class == 7 ? NM_F32 : NM_F64;
}

static const char *read_dims(mat *m, nm_tensor *t)
{
    const element dims = next(m);
    if (dims.type != INT32 || dims.n % 4 || dims.n < 8) bad(m, "the dimensions of an array");
    if (dims.n / 4 > NM_MAXRANK) return nm_fmt(m->job, "it has %zu dimensions", dims.n / 4);
    t->n = 1;
    t->shape.rank = (int)(dims.n / 4);
    for (int d = 0; d < t->shape.rank; d++) {
        t->shape.dim[d] = (int32_t)(uint32_t)number(m, dims.p + 4 * d, 4);
        if (t->shape.dim[d] < 0) bad(m, "a negative dimension");
        t->n = nm_mul_in(m->job, m->a->path, t->n, (size_t)t->shape.dim[d]);
    }
    return NULL;
}

/* the inside of a MATRIX element: flags, dimensions, name, values */
static void read_array(mat *m)
{
    const element flags = next(m);
    if (flags.type != UINT32 || flags.n != 8) bad(m, "the flags of an array");
    const uint32_t word = (uint32_t)number(m, flags.p, 4), class = word & 0xff;
    if (class >= OPAQUE) return; /* an object of a later MATLAB: it has no array's head */
    nm_tensor t = {0};
    const char *why = read_dims(m, &t);
    const element name = next(m);
    if (name.type != INT8 && name.type != UINT8 && name.type != UTF8)
        bad(m, "the name of an array");
    if (memchr(name.p, 0, name.n)) bad(m, "a NUL byte in a name");
    if (name.n == 0) return; /* MATLAB's own data about objects */
    nm_array *a = nm_arrays_add(m->job, m->a, nm_dup(m->job, (const char *)name.p, name.n));
    a->t = t;
    a->why = why;
    if (class < 6 || class > 15)
        a->why = nm_fmt(m->job, "it is of class %s; an array of numbers was expected",
                        class_name(class));
    else if (word & COMPLEX)
        a->why = "it is complex";
    if (!a->why) read_values(m, a, class);
}

static void read_packed(mat m, element e)
{
    const unsigned char *head = nm_inflate(m.job, m.a->path, e.p, e.n, 8, false);
    if (!head) bad(&m, "packed data that do not unpack");
    if (number(&m, head, 4) != MATRIX) bad(&m, "packed data that are no array");
    const size_t n = (size_t)number(&m, head + 4, 4);
    m.p = nm_inflate(m.job, m.a->path, e.p, e.n, n + 8, true);
    if (!m.p) bad(&m, "packed data that do not unpack");
    m.end = m.p + n + 8;
    m.p += 8;
    read_array(&m);
}

void nm_read_mat(nm_job *job, nm_file f, nm_arrays *a)
{
    mat m = {job, a, false, f.data + HEADER, f.data + f.n};
    a->format = "MATLAB 5";
    if (f.n < HEADER) bad(&m, "it ends within its header");
    m.big = f.data[126] == 'M';
    if (memcmp(f.data + 126, m.big ? "MI" : "IM", 2)) bad(&m, "no byte order is given");
    const uint64_t version = number(&m, f.data + 124, 2);
    if (version == 0x200)
        nm_throw(job, NM_EUNSUP, "%s: MATLAB 7.3 (HDF5); a file saved by save -v7 was expected",
                 f.path);
    if (version != 0x100) bad(&m, "an unknown version");
    while (m.p < m.end) {
        const element e = next(&m);
        mat inner = m;
        inner.p = e.p;
        inner.end = e.p + e.n;
        if (e.type == MATRIX)
            read_array(&inner);
        else if (e.type == PACKED)
            read_packed(m, e);
        else
            bad(&m, "something else than an array");
    }
}
