/* describe_images.c: describes a file of images, labels or numbers in words: what it is, its shape, its type and the
 * range of its values, as they stand in the file. Cost: all of the file is read. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

#include <ctype.h>

typedef struct {
    double lo, hi;
} range;

static range widen(range r, const nm_tensor *t)
{
    for (size_t i = 0; i < t->n; i++) {
        r.lo = fmin(r.lo, t->x[i]);
        r.hi = fmax(r.hi, t->x[i]);
    }
    return r;
}

static void put_range(nm_buf *b, const char *of, range r)
{
    if (r.lo <= r.hi)
        nm_put(b, ", %s from %s to %s", of, nm_num_text(b->job, r.lo), nm_num_text(b->job, r.hi));
    nm_put(b, "\n");
}

static range range_of(const nm_tensor *t) { return widen((range){INFINITY, -INFINITY}, t); }

static void put_picture(nm_buf *b, nm_file f)
{
    const nm_tensor t = nm_read_picture(b->job, f);
    nm_layout l;
    nm_layout_find(t.shape, &l);
    nm_put(b, "%s: a %s picture, %zu rows, %zu columns, %zu channel%s", f.path,
           f.data[0] == 'P'    ? "PGM or PPM"
           : f.data[0] == 0xff ? "JPEG"
                               : "PNG",
           l.h, l.w, l.c, l.c == 1 ? "" : "s");
    put_range(b, t.top > 255 ? "samples of 16 bits" : "bytes", range_of(&t));
}

/* Describes a list whose items are read one by one. */
static void put_list(nm_buf *b, nm_file f, int64_t count, const char *what, bool labels,
                     nm_tensor (*item)(nm_job *job, nm_file f, int64_t index, bool labels))
{
    range r = {INFINITY, -INFINITY};
    const char *shape = NULL;
    for (int64_t i = 0; i < count; i++) {
        const nm_mark mark = nm_mark_get(b->job);
        const nm_tensor t = item(b->job, f, i, labels);
        r = widen(r, &t);
        const nm_shape s = t.shape;
        nm_mark_release(b->job, mark);
        if (!shape) shape = nm_shape_print(b->job, s);
    }
    nm_put(b, "%s: %s, %lld %s", f.path, what, (long long)count, labels ? "labels" : "images");
    if (!labels && shape) nm_put(b, " of %s, one of them is FILE:INDEX, from 0", shape);
    put_range(b, labels ? "numbers" : "bytes", r);
}

/* Describes a text of numbers, or a table whose first line names its columns, as netmip writes them. */
static void put_text(nm_buf *b, nm_file f)
{
    const char *s = (const char *)f.data;
    const int64_t count = nm_csv_count(f);
    if (f.n && isalpha(f.data[0])) {
        const int n = (int)strcspn(s, "\r\n");
        nm_put(b, "%s: a table of %lld lines, with the columns %.*s\n", f.path, (long long)count - 1,
               n < 200 ? n : 200, s);
        return;
    }
    const nm_tensor t = count ? nm_read_csv(b->job, f, 0) : (nm_tensor){0};
    nm_put(b, "%s: text, %lld lines of numbers, %zu in the first", f.path, (long long)count, t.n);
    put_range(b, "its values", range_of(&t));
}

bool nm_describe_images(nm_buf *b, nm_file f)
{
    const bool is_idx = f.n >= 8 && !f.data[0] && !f.data[1] && f.data[2] >= 8 && f.data[2] <= 14;
    if (nm_cifar_is(f)) {
        put_list(b, f, nm_cifar_count(b->job, f), "CIFAR-10", false, nm_read_cifar);
    } else if (is_idx) {
        const int64_t count = (int64_t)f.data[4] << 24 | (int64_t)f.data[5] << 16 |
                              (int64_t)f.data[6] << 8 | f.data[7];
        put_list(b, f, count, "IDX", f.data[3] == 1, nm_read_idx);
    } else if (f.n >= 6 && !memcmp(f.data, "\x93NUMPY", 6)) {
        const nm_npyhead h = nm_npy_head(b->job, f, f.n);
        const nm_tensor t = nm_read_npy(b->job, f);
        nm_put(b, "%s: a NumPy array of shape %s, type %s", f.path, nm_shape_print(b->job, t.shape),
               h.type);
        put_range(b, t.top > 0 ? "bytes" : "values", range_of(&t));
    } else if (nm_picture_is(f)) {
        put_picture(b, f);
    } else if (nm_csv_is(f)) {
        put_text(b, f);
    } else {
        return false;
    }
    return true;
}
