/* read/npy.c: NumPy's .npy, format versions 1 to 3, C order, little endian: f4, f8, u1, i4, i8; written as f8. */
#include "all.h"

static _Noreturn void bad(nm_job *job, nm_file f, const char *what)
{
    nm_throw(job, NM_EINPUT, "%s: not a readable .npy file: %s", f.path, what);
}

/* the text after "'key':" in the header dictionary */
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
            bad(job, f, "the shape");
        s = end;
    }
}

static double value(const unsigned char *p, const char *type)
{
    uint64_t bits = 0;
    const int size = type[1] - '0';
    for (int i = size - 1; i >= 0; i--) bits = bits << 8 | p[i];
    if (type[0] == 'u') return (double)bits;
    if (type[0] == 'i') return size == 4 ? (double)(int32_t)(uint32_t)bits : (double)(int64_t)bits;
    if (size == 4) {
        const uint32_t low = (uint32_t)bits;
        float x;
        memcpy(&x, &low, 4);
        return (double)x;
    }
    double x;
    memcpy(&x, &bits, 8);
    return x;
}

nm_tensor nm_read_npy(nm_job *job, nm_file f)
{
    if (f.n < 10 || memcmp(f.data, "\x93NUMPY", 6)) bad(job, f, "no magic word");
    const size_t wide = f.data[6] >= 2 ? 12 : 10;
    if (f.data[6] < 1 || f.data[6] > 3 || f.n < wide) bad(job, f, "an unknown version");
    size_t len = (size_t)f.data[8] | (size_t)f.data[9] << 8;
    if (wide == 12) len |= (size_t)f.data[10] << 16 | (size_t)f.data[11] << 24;
    if (len > f.n - wide) bad(job, f, "the header is cut short");
    const char *head = nm_dup(job, (const char *)f.data + wide, len);
    const char *descr = member(job, f, head, "'descr'"),
               *order = member(job, f, head, "'fortran_order'");
    if (strncmp(order, "False", 5)) bad(job, f, "column-major order");
    static const char *const types[] = {"f4", "f8", "u1", "i4", "i8"};
    const char *type = NULL;
    for (size_t i = 0; i < 5; i++)
        if (descr[0] == '\'' && strchr("<|=", descr[1]) && descr[1] &&
            !strncmp(descr + 2, types[i], 2) && descr[4] == '\'')
            type = types[i];
    if (!type) bad(job, f, "the element type is none of <f4 <f8 |u1 <i4 <i8");
    nm_tensor t = {.shape = read_shape(job, f, member(job, f, head, "'shape'")),
                   .bytes = type[0] == 'u'};
    t.n = 1;
    for (int i = 0; i < t.shape.rank; i++)
        t.n = nm_mul_in(job, f.path, t.n, (size_t)t.shape.dim[i]);
    const size_t size = (size_t)(type[1] - '0');
    if (nm_mul_in(job, f.path, t.n, size) != f.n - wide - len)
        bad(job, f, "its size does not fit its shape");
    t.x = NM_RAW(job, double, t.n);
    for (size_t i = 0; i < t.n; i++) {
        t.x[i] = value(f.data + wide + len + i * size, type);
        if (!isfinite(t.x[i])) bad(job, f, "an element is not finite");
    }
    t.type = size == 8 ? NM_F64 : NM_F32;
    return t;
}

void nm_write_npy(nm_job *job, const char *path, nm_shape shape, const double *x)
{
    nm_buf b = {.job = job};
    nm_put(&b, "{'descr': '<f8', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < shape.rank; i++)
        nm_put(&b, "%lld,%s", (long long)shape.dim[i], i + 1 < shape.rank ? " " : "");
    nm_put(&b, "), }");
    while ((b.n + 11) % 64) nm_put(&b, " ");
    nm_put(&b, "\n");
    nm_out *o = nm_out_open(job, path);
    const unsigned char head[] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(b.n & 255), (unsigned char)(b.n >> 8)};
    nm_out_write(o, head, sizeof head);
    nm_out_write(o, b.s, b.n);
    for (size_t i = 0; i < nm_shape_size(job, shape); i++) {
        uint64_t bits;
        unsigned char p[8];
        memcpy(&bits, &x[i], 8);
        for (int k = 0; k < 8; k++) p[k] = (unsigned char)(bits >> 8 * k);
        nm_out_write(o, p, 8);
    }
    nm_out_done(o);
}
