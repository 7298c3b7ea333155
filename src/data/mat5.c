/* mat5.c: the named arrays of a MATLAB file of level 5 (MathWorks, MAT-File Format, 1999 to 2014): little or big
 * endian, plain or packed by zlib; real arrays of the classes double, single and int8 to uint64, in whatever type they
 * are stored. MATLAB stores columns; here they become rows.
 *
 * An array of another class (cell, struct, char, sparse, ...), a complex one, or one with an element that is not finite
 * or is outside of its class is listed with the reason why it cannot be used, and refused if it is asked for. Sizes are
 * checked against the bytes present; a truncated file is an error. The library matio is not used because it replaces
 * numbers that were cut off by zeros and reports success. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

enum { HEADER = 128, COMPLEX = 0x800, OPAQUE = 17 };

typedef struct {
    nm_job *job;
    nm_arrays *a;
    bool big;
    const unsigned char *p, *end; /* the rest of the element being read */
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

/* Returns the next element: a tag of 8 bytes and padded data, or up to 4 bytes of data inside the tag. */
static element next(mat *m)
{
    if (m->end - m->p < 8) bad(m, "it ends within a tag");
    const uint32_t first = (uint32_t)nm_mat_number(m->big, m->p, 4);
    element e = {first & 0xffff, first >> 16, m->p + 4};
    if (e.n) {
        if (e.n > 4) bad(m, "a small element of more than 4 bytes");
        m->p += 8;
        return e;
    }
    e = (element){first, (size_t)nm_mat_number(m->big, m->p + 4, 4), m->p + 8};
    const size_t left = (size_t)(m->end - e.p),
                 step = e.type == NM_MAT_PACKED ? e.n : (e.n + 7) & ~(size_t)7;
    if (e.n > left) bad(m, "an element is cut short");
    m->p = e.p + (step < left ? step : left);
    return e;
}

static void read_values(mat *m, nm_array *a, uint32_t class)
{
    const element e = next(m);
    const size_t size = nm_mat_size(e.type);
    if (!size) bad(m, "numbers are stored in an unknown type");
    const size_t want = nm_mul_in(m->job, m->a->path, a->t.n, size);
    if (e.n != want)
        nm_throw(m->job, NM_EINPUT, "%s: array \"%s\": %zu bytes; %zu were expected", m->a->path,
                 a->name, e.n, want);
    if (m->p != m->end) bad(m, "bytes after an array");
    nm_mat_fill(m->job, a, class, e.type, m->big, e.p);
}

static const char *read_dims(mat *m, nm_tensor *t)
{
    const element dims = next(m);
    if (dims.type != NM_MAT_INT32 || dims.n % 4 || dims.n < 8) bad(m, "the dimensions of an array are wrong");
    if (dims.n / 4 > NM_MAXRANK) return nm_fmt(m->job, "it has %zu dimensions", dims.n / 4);
    t->n = 1;
    t->shape.rank = (int)(dims.n / 4);
    for (int d = 0; d < t->shape.rank; d++) {
        t->shape.dim[d] = (int32_t)(uint32_t)nm_mat_number(m->big, dims.p + 4 * d, 4);
        if (t->shape.dim[d] < 0) bad(m, "a negative dimension");
        t->n = nm_mul_in(m->job, m->a->path, t->n, (size_t)t->shape.dim[d]);
    }
    return NULL;
}

/* Reads the content of a NM_MAT_MATRIX element: flags, dimensions, name, values. */
static void read_array(mat *m)
{
    const element flags = next(m);
    if (flags.type != NM_MAT_UINT32 || flags.n != 8) bad(m, "the flags of an array are wrong");
    const uint32_t word = (uint32_t)nm_mat_number(m->big, flags.p, 4), class = word & 0xff;
    if (class >= OPAQUE) return; /* an object of a later MATLAB, which has no header of an array */
    nm_tensor t = {0};
    const char *why = read_dims(m, &t);
    const element name = next(m);
    if (name.type != NM_MAT_INT8 && name.type != NM_MAT_UINT8 && name.type != NM_MAT_UTF8)
        bad(m, "the name of an array is wrong");
    if (memchr(name.p, 0, name.n)) bad(m, "a NUL byte in a name");
    if (name.n == 0) return; /* MATLAB's own data about objects */
    nm_array *a = nm_arrays_add(m->job, m->a, nm_dup(m->job, (const char *)name.p, name.n));
    a->t = t;
    a->why = why;
    if (!a->why) a->why = nm_mat_refusal(m->job, class, word & COMPLEX);
    if (!a->why) read_values(m, a, class);
}

static void read_packed(mat m, element e)
{
    const unsigned char *head = nm_inflate(m.job, m.a->path, e.p, e.n, 8, false);
    if (!head) bad(&m, "packed data cannot be unpacked");
    if (nm_mat_number(m.big, head, 4) != NM_MAT_MATRIX) bad(&m, "packed data are not an array");
    const size_t n = (size_t)nm_mat_number(m.big, head + 4, 4);
    m.p = nm_inflate(m.job, m.a->path, e.p, e.n, n + 8, true);
    if (!m.p) bad(&m, "packed data cannot be unpacked");
    m.end = m.p + n + 8;
    m.p += 8;
    read_array(&m);
}

void nm_read_mat5(nm_job *job, nm_file f, nm_arrays *a)
{
    mat m = {job, a, false, f.data + HEADER, f.data + f.n};
    a->format = "MATLAB 5";
    if (f.n < HEADER) bad(&m, "it ends within its header");
    m.big = f.data[126] == 'M';
    if (memcmp(f.data + 126, m.big ? "MI" : "IM", 2)) bad(&m, "no byte order is given");
    const uint64_t version = nm_mat_number(m.big, f.data + 124, 2);
    if (version != 0x100) bad(&m, "an unknown version");
    while (m.p < m.end) {
        const element e = next(&m);
        mat inner = m;
        inner.p = e.p;
        inner.end = e.p + e.n;
        if (e.type == NM_MAT_MATRIX)
            read_array(&inner);
        else if (e.type == NM_MAT_PACKED)
            read_packed(m, e);
        else
            bad(&m, "it has something else than an array");
    }
}
