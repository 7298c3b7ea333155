/* mat4.c: the named arrays of a MATLAB file of level 4 (MathWorks, MAT-File Format, chapter 2): real matrices of
 * doubles, singles and integers, little or big endian; the number formats of VAX and Cray are refused. Anything else in
 * the file (text, sparse and complex matrices, elements that are not finite) is listed with the reason why it cannot be
 * used.
 *
 * Such a file has no magic number, only a first header that makes sense, so its name must end in .mat. A header: M O P
 * T (machine, 0, type, kind: the decimal digits of a number), rows, columns, whether it is complex, the length of the
 * name. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

enum { HEAD = 20, NUMERIC = 0, TEXT, SPARSE };
static const uint32_t stored[] = {NM_MAT_DOUBLE, NM_MAT_SINGLE, NM_MAT_INT32,
                                  NM_MAT_INT16,  NM_MAT_UINT16, NM_MAT_UINT8};

typedef struct {
    bool big;
    uint32_t machine, zero, type, kind, rows, cols, complex, name;
} header;

/* Reads the header at p; only machine 1 is big endian. */
static header read_header(const unsigned char *p)
{
    const bool big = nm_mat_number(false, p, 4) > 9999;
    uint32_t word[5];
    for (size_t i = 0; i < 5; i++) word[i] = (uint32_t)nm_mat_number(big, p + 4 * i, 4);
    return (header){big,
                    word[0] / 1000,
                    word[0] / 100 % 10,
                    word[0] / 10 % 10,
                    word[0] % 10,
                    word[1],
                    word[2],
                    word[3],
                    word[4]};
}

static bool makes_sense(header h)
{
    return h.machine < 5 && (h.machine == 1) == h.big && h.zero == 0 &&
           h.type < sizeof stored / sizeof *stored && h.kind <= SPARSE && h.complex < 2 &&
           h.name > 0 && h.name < 4096;
}

bool nm_mat4_is(nm_file f)
{
    return (nm_has_suffix(f.path, ".mat") || nm_has_suffix(f.path, ".mat.gz")) && f.n > HEAD &&
           makes_sense(read_header(f.data));
}

static _Noreturn void bad(nm_job *job, nm_file f, const char *what)
{
    nm_throw(job, NM_EINPUT, "%s: not a whole MATLAB 4 file: %s", f.path, what);
}

/* Reads the matrix at `at`; returns where the next one begins. */
static size_t read_matrix(nm_job *job, nm_file f, nm_arrays *a, size_t at)
{
    if (f.n - at < HEAD) bad(job, f, "it ends within a header");
    const header h = read_header(f.data + at);
    if (!makes_sense(h)) bad(job, f, "a header that makes no sense");
    if (h.machine > 1)
        nm_throw(job, NM_EUNSUP, "%s: numbers in the format of a VAX or a Cray; IEEE numbers were expected", f.path);
    at += HEAD;
    if (h.name > f.n - at) bad(job, f, "it ends within a name");
    const char *name = nm_dup(job, (const char *)f.data + at, h.name);
    if (strlen(name) + 1 != h.name || !*name) bad(job, f, "the length of a name is wrong");
    at += h.name;
    nm_array *x = nm_arrays_add(job, a, name);
    x->t.shape = nm_shape_of(2, (int64_t[]){h.rows, h.cols});
    x->t.n = nm_mul_in(job, f.path, h.rows, h.cols);
    const size_t each = nm_mat_size(stored[h.type]) * (h.complex ? 2 : 1),
                 n = nm_mul_in(job, f.path, x->t.n, each);
    if (n > f.n - at) bad(job, f, nm_fmt(job, "it ends within array \"%s\"", name));
    const uint32_t class = h.kind == TEXT                    ? 4
                           : h.kind == SPARSE                ? 5
                           : stored[h.type] == NM_MAT_SINGLE ? 7
                                                             : 6;
    x->why = nm_mat_refusal(job, class, h.complex);
    if (!x->why) nm_mat_fill(job, x, class, stored[h.type], h.big, f.data + at);
    return at + n;
}

void nm_read_mat4(nm_job *job, nm_file f, nm_arrays *a)
{
    a->format = "MATLAB 4";
    size_t at = 0;
    while (at < f.n) at = read_matrix(job, f, a, at);
}
