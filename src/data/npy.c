/* npy.c: NumPy's .npy, format versions 1 to 3, either byte order and either order of axes: float16, float32 and
 * float64, integers of 1, 2, 4 and 8 bytes, up to 2^53. It writes little endian float64 in C order. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static _Noreturn void bad(nm_job *job, nm_file f, const char *what)
{
    nm_throw(job, NM_EINPUT, "%s: not a readable .npy file: %s", f.path, what);
}

/* Returns the text after "'key':" in the header dictionary. */
static const char *member(nm_job *job, nm_file f, const char *head, const char *key)
{
    const char *at = strstr(head, key);
    if (!at) bad(job, f, "the header lacks a member");
    at += strlen(key);
    while (*at == ' ' || *at == ':') at++;
    return at;
}

static nm_shape read_shape(nm_job *job, nm_file f, const char *s)
{
    nm_shape shape = {0};
    if (*s++ != '(') bad(job, f, "the shape is not a tuple");
    for (;;) {
        while (*s == ' ' || *s == ',') s++;
        if (*s == ')') return shape;
        const char *end = s;
        while (*end >= '0' && *end <= '9') end++;
        if (shape.rank == NM_MAXRANK || end == s || !nm_int_parse(s, end, &shape.dim[shape.rank++]))
            bad(job, f, "the shape cannot be read");
        s = end;
    }
}

/* Returns the type as NumPy names it, without the byte order, which goes into *big. */
static const char *read_type(nm_job *job, nm_file f, const char *descr, bool *big)
{
    static const char *const types[] = {"f2", "f4", "f8", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"};
    *big = descr[0] && descr[1] == '>';
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (descr[0] == '\'' && descr[1] && strchr("<>|=", descr[1]) &&
            !strncmp(descr + 2, types[i], 2) && descr[4] == '\'')
            return types[i];
    nm_throw(job, NM_EINPUT,
             "%s: not a readable .npy file: element type %.*s; f2, f4, f8 or integers were expected",
             f.path, (int)strcspn(descr, ",}\n"), descr);
}

/* Returns the value of an IEEE 754 half: sign, 5 bits of exponent, 10 of fraction. */
static double half(unsigned bits)
{
    const int exponent = bits >> 10 & 31;
    const double fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
    if (exponent == 31) return fraction > 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static double value(nm_job *job, nm_file f, const unsigned char *p, const char *type, bool big)
{
    uint64_t bits = 0;
    const int size = type[1] - '0';
    for (int i = 0; i < size; i++) bits |= (uint64_t)p[big ? size - 1 - i : i] << 8 * i;
    if (type[0] == 'f' && size == 2) return half((unsigned)bits);
    if (type[0] == 'f' && size == 4) {
        const uint32_t low = (uint32_t)bits;
        float x;
        memcpy(&x, &low, 4);
        return (double)x;
    }
    if (type[0] == 'f') {
        double x;
        memcpy(&x, &bits, 8);
        return x;
    }
    const bool minus = type[0] == 'i' && bits >> (8 * size - 1);
    if (minus && size < 8) bits |= UINT64_MAX << 8 * size;
    const uint64_t far = minus ? 0 - bits : bits;
    if (far > (uint64_t)1 << 53) bad(job, f, "an integer beyond 2^53");
    return minus ? -(double)far : (double)far;
}

double *nm_permuted(nm_job *job, nm_shape s, const int *perm, const double *x)
{
    size_t step[NM_MAXRANK + 1], index[NM_MAXRANK] = {0}, at = 0;
    step[s.rank] = 1;
    for (int d = s.rank - 1; d >= 0; d--) step[d] = step[d + 1] * (size_t)s.dim[d];
    const size_t n = step[0];
    double *y = NM_RAW(job, double, n);
    for (size_t i = 0; i < n; i++) {
        y[i] = x[at];
        for (int d = s.rank; d-- > 0;) {
            at += step[perm[d] + 1];
            if (++index[d] < (size_t)s.dim[perm[d]]) break;
            at -= step[perm[d] + 1] * index[d];
            index[d] = 0;
        }
    }
    return y;
}

double *nm_row_major(nm_job *job, nm_shape s, const double *x)
{
    nm_shape back = {.rank = s.rank}; /* a column-major array is row-major with its axes reversed */
    int perm[NM_MAXRANK];
    for (int d = 0; d < s.rank; d++) {
        back.dim[d] = s.dim[s.rank - 1 - d];
        perm[d] = s.rank - 1 - d;
    }
    return nm_permuted(job, back, perm, x);
}

nm_npyhead nm_npy_head(nm_job *job, nm_file f, size_t size)
{
    nm_npyhead h = {.n = 1};
    if (f.n < 10 || memcmp(f.data, "\x93NUMPY", 6)) bad(job, f, "no magic word");
    const size_t wide = f.data[6] >= 2 ? 12 : 10;
    if (f.data[6] < 1 || f.data[6] > 3 || f.n < wide) bad(job, f, "an unknown version");
    size_t len = (size_t)f.data[8] | (size_t)f.data[9] << 8;
    if (wide == 12) len |= (size_t)f.data[10] << 16 | (size_t)f.data[11] << 24;
    if (len > f.n - wide) bad(job, f, "the header is cut short");
    const char *head = nm_dup(job, (const char *)f.data + wide, len);
    const char *order = member(job, f, head, "'fortran_order'");
    h.columns = strncmp(order, "True", 4) == 0;
    if (!h.columns && strncmp(order, "False", 5)) bad(job, f, "fortran_order");
    h.type = read_type(job, f, member(job, f, head, "'descr'"), &h.big);
    h.shape = read_shape(job, f, member(job, f, head, "'shape'"));
    for (int i = 0; i < h.shape.rank; i++) h.n = nm_mul_in(job, f.path, h.n, (size_t)h.shape.dim[i]);
    h.at = wide + len;
    const size_t each = (size_t)(h.type[1] - '0');
    if (nm_mul_in(job, f.path, h.n, each) != size - h.at) bad(job, f, "its size does not fit its shape");
    return h;
}

nm_tensor nm_read_npy(nm_job *job, nm_file f)
{
    const nm_npyhead h = nm_npy_head(job, f, f.n);
    const size_t size = (size_t)(h.type[1] - '0');
    nm_tensor t = {.shape = h.shape, .n = h.n, .top = strcmp(h.type, "u1") ? 0 : 255};
    t.x = NM_RAW(job, double, t.n);
    for (size_t i = 0; i < t.n; i++) {
        t.x[i] = value(job, f, f.data + h.at + i * size, h.type, h.big);
        if (!isfinite(t.x[i])) bad(job, f, "an element is not finite");
    }
    if (h.columns) t.x = nm_row_major(job, t.shape, t.x);
    t.type = h.type[0] == 'f' && size < 8 ? NM_F32 : NM_F64;
    return t;
}

void nm_npy_put(nm_buf *b, const char *descr, nm_shape shape, const void *bytes, size_t n)
{
    nm_buf h = {.job = b->job};
    nm_put(&h, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int i = 0; i < shape.rank; i++)
        nm_put(&h, "%lld,%s", (long long)shape.dim[i], i + 1 < shape.rank ? " " : "");
    nm_put(&h, "), }");
    while ((h.n + 11) % 64) nm_put(&h, " ");
    nm_put(&h, "\n");
    const unsigned char head[] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(h.n & 255), (unsigned char)(h.n >> 8)};
    nm_put_bytes(b, head, sizeof head);
    nm_put_bytes(b, h.s, h.n);
    nm_put_bytes(b, bytes, n);
}

void nm_npy_doubles(nm_buf *b, nm_shape shape, const double *x)
{
    const size_t n = nm_shape_size(b->job, shape);
    unsigned char *p = NM_RAW(b->job, unsigned char, 8 * n + 1);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &x[i], 8);
        for (size_t k = 0; k < 8; k++) p[8 * i + k] = (unsigned char)(bits >> 8 * k);
    }
    nm_npy_put(b, "<f8", shape, p, 8 * n);
}

void nm_write_npy(nm_job *job, const char *path, nm_shape shape, const double *x)
{
    nm_buf b = {.job = job};
    nm_npy_doubles(&b, shape, x);
    nm_file_write(job, path, b.s, b.n);
}
