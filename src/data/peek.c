/* peek.c: refuses an array or a list of images by its head, before the rest is read: a file of gigabytes that is not
 * what the network reads is refused at once, with the message that reading it would end in.
 *
 * NPY and IDX say their shape in their first bytes, CIFAR-10's .bin has records of a fixed size. The file's size is the
 * system's word, so packed files, pipes and everything else are left to their readers. */
#define _GNU_SOURCE
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

#include <sys/stat.h>

enum { HEAD = 1 << 16 }; /* bytes: longer than any header that NumPy writes */

/* Returns the shape of what an IDX file says that it holds, without elements; n 0: its reader refuses it. */
static nm_tensor idx_head(nm_job *job, nm_file f, size_t size)
{
    nm_tensor t = {.n = 1};
    const size_t rank = f.n < 8 ? 0 : f.data[3], head = 4 + 4 * rank;
    if (rank < 2 || rank > 4 || f.data[2] != 8 || f.n < head) return (nm_tensor){0};
    for (size_t i = 0; i < rank; i++) {
        const unsigned char *p = f.data + 4 + 4 * i;
        t.shape.dim[t.shape.rank] = (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 |
                                    (int64_t)p[3];
        t.n = nm_mul_in(job, f.path, t.n, (size_t)t.shape.dim[t.shape.rank++]);
    }
    const size_t count = (size_t)t.shape.dim[0];
    if (t.n != size - head)
        nm_throw(job, NM_EINPUT, "%s: %zu bytes of data; the header says %zu items of %zu", f.path,
                 size - head, count, count ? t.n / count : t.n);
    return t;
}

/* Returns the first image of a list. */
static nm_tensor first_of(nm_tensor all)
{
    nm_tensor t = all;
    t.shape = nm_shape_of(all.shape.rank - 1, all.shape.dim + 1);
    t.n = all.n / (size_t)all.shape.dim[0];
    return t;
}

int64_t nm_npy_count(nm_job *job, nm_imageform form, const char *path, const nm_tensor *t)
{
    const int64_t n = t->shape.rank > 0 ? t->shape.dim[0] : 1;
    const char *shape = nm_shape_print(job, t->shape);
    if (t->shape.rank >= 2 && (t->n == 0 || t->n / (size_t)n == form.n)) return n;
    if (t->n == form.n)
        nm_throw(job, NM_EINPUT,
                 "%s: one image of shape %s, not a list of images; put an axis before it (x[None] in "
                 "NumPy), or ask about it with netmip solve --image",
                 path, shape);
    nm_throw(job, NM_EINPUT,
             "%s: an array of shape %s; a list of images of %zu elements each was expected",
             path, shape, form.n);
}

static bool is_npy(nm_file f)
{
    if (f.n < 12 || memcmp(f.data, "\x93NUMPY", 6)) return false;
    return f.data[6] == 1 || !(f.data[10] || f.data[11] || f.data[9] > 250); /* a longer header is not all in f */
}

static void check(nm_job *job, const nm_imageform *form, nm_file f, size_t size, int64_t index, bool is_list)
{
    const char *what = f.path;
    nm_tensor one = {0};
    if (nm_cifar_is(f)) {
        if (size % 3073 == 0) one = (nm_tensor){.n = 3072, .shape = nm_shape_of(3, (int64_t[]){3, 32, 32})};
    } else if (is_npy(f)) {
        const nm_npyhead h = nm_npy_head(job, f, size);
        one = (nm_tensor){.n = h.n, .shape = h.shape};
        if (form && is_list) nm_npy_count(job, *form, f.path, &one);
        if (is_list || (index >= 0 && (one.shape.rank < 2 || index >= one.shape.dim[0]))) return;
        if (index >= 0) one = first_of(one);
    } else if (f.n >= 4 && !f.data[0] && !f.data[1] && f.data[2] == 8) {
        one = idx_head(job, f, size);
        if (one.n) one = first_of(one);
    }
    if (is_list || index >= 0) what = nm_fmt(job, "%s:%lld", f.path, (long long)(index < 0 ? 0 : index));
    if (form && one.n) nm_image_check_size(job, *form, &one, what);
}

/* Returns the first bytes of a file, and its size; n 0: it is packed, no plain file, or cannot be read. */
static nm_file head_of(nm_job *job, const char *path, size_t *size)
{
    struct stat st;
    unsigned char *head = nm_raw(job, HEAD, 1);
    nm_file f = {nm_dup(job, path, strlen(path)), head, 0};
    FILE *in = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rbe") : NULL;
    if (!in) return f; /* its reader says why */
    const size_t n = fread(head, 1, HEAD, in);
    const bool fits = fstat(fileno(in), &st) == 0 && (size_t)st.st_size >= n;
    fclose(in);
    const bool packed = n >= 2 && head[0] == 0x1f && head[1] == 0x8b;
    *size = (size_t)st.st_size;
    if (fits && !packed) f.n = n;
    return f;
}

void nm_peek_images(nm_job *job, const nm_imageform *form, const char *path, int64_t index, bool is_list)
{
    size_t size;
    const nm_file f = head_of(job, path, &size);
    if (f.n) check(job, form, f, size, index, is_list);
}

nm_shape nm_peek_labels(nm_job *job, const char *path)
{
    size_t size;
    const nm_file f = head_of(job, path, &size);
    return f.n && is_npy(f) ? nm_npy_head(job, f, size).shape : (nm_shape){0};
}
