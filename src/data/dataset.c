/* dataset.c: many images, or many labels, in one file; the content tells the format, as for single images.
 *
 * A file that is not the list that it should be is refused when it is opened, and the message says what it is instead:
 * a single picture, one image whose rows would be taken for images, images of another size; labels that are one-hot
 * rows, scores, words, pictures or images. Arrays and texts are read once, not once for each item. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static bool is_npy(nm_file f) { return f.n >= 6 && !memcmp(f.data, "\x93NUMPY", 6); }

static bool is_idx(nm_file f) { return f.n >= 4 && !f.data[0] && !f.data[1] && f.data[2] >= 8 && f.data[2] <= 14; }

/* ---- images ---- */

static int64_t idx_count(nm_file f)
{
    return f.n < 8 ? 0
                   : (int64_t)f.data[4] << 24 | (int64_t)f.data[5] << 16 | (int64_t)f.data[6] << 8 |
                         f.data[7];
}

nm_dataset nm_dataset_open(nm_job *job, nm_imageform form, const char *path)
{
    nm_peek_images(job, &form, path, -1, true);
    nm_dataset d = {.f = nm_images_file(job, path)};
    nm_sha256(d.f.data, d.f.n, d.hash);
    if (nm_cifar_is(d.f)) {
        d.count = nm_cifar_count(job, d.f);
    } else if (is_idx(d.f)) {
        d.count = idx_count(d.f);
    } else if (is_npy(d.f)) {
        d.all = nm_read_npy(job, d.f);
        d.count = nm_npy_count(job, form, path, &d.all);
    } else if (nm_picture_is(d.f)) {
        nm_throw(job, NM_EINPUT,
                 "%s: a single picture; a file of many images (IDX, NPY, CSV, CIFAR .bin) was expected; "
                 "netmip solve --image takes a picture",
                 path);
    } else if (nm_csv_is(d.f)) {
        d.count = nm_csv_count(d.f);
    } else {
        const char *what = nm_sniff(job, d.f);
        nm_throw(job, NM_EINPUT, "%s: %s; images in IDX, NPY, CSV or CIFAR .bin were expected", path,
                 what ? what : "not a file of images that can be read");
    }
    const nm_mark mark = nm_mark_get(job);
    if (d.count > 0) nm_dataset_get(job, form, &d, 0); /* what is wrong with all images is reported now */
    nm_mark_release(job, mark);
    return d;
}

nm_tensor nm_dataset_get(nm_job *job, nm_imageform form, const nm_dataset *d, int64_t index)
{
    const char *what = nm_fmt(job, "%s:%lld", d->f.path, (long long)index);
    if (!d->all.x) return nm_image_fit(job, form, nm_image_any(job, d->f, index), what);
    nm_tensor t = d->all;
    t.n /= (size_t)t.shape.dim[0];
    t.shape = nm_shape_of(t.shape.rank - 1, t.shape.dim + 1);
    t.x = NM_RAW(job, double, t.n);
    memcpy(t.x, d->all.x + (size_t)index * t.n, t.n * sizeof *t.x);
    return nm_image_fit(job, form, t, what);
}

/* ---- labels ---- */

/* Returns true if each row has one 1 and is 0 elsewhere. */
static bool is_onehot(const nm_tensor *t, size_t wide)
{
    for (size_t i = 0; i < t->n; i += wide) {
        size_t ones = 0;
        for (size_t j = 0; j < wide; j++) {
            if (t->x[i + j] != 0 && t->x[i + j] != 1) return false;
            ones += t->x[i + j] == 1;
        }
        if (ones != 1) return false;
    }
    return true;
}

static _Noreturn void refuse_shape(nm_job *job, const char *path, nm_shape s)
{
    nm_throw(job, NM_EINPUT, "%s: an array of shape %s%s; labels, integers of shape [N] or [N,1], were expected", path,
             nm_shape_print(job, s), s.rank > 2 ? ", as images have" : "");
}

/* Refuses t unless it is a list of integers, [N] or [N,1]. */
static void check_list(nm_job *job, const char *path, const nm_tensor *t)
{
    const nm_shape s = t->shape;
    const char *shape = nm_shape_print(job, s);
    if (s.rank == 2 && s.dim[1] > 1 && t->n && is_onehot(t, (size_t)s.dim[1]))
        nm_throw(job, NM_EINPUT,
                 "%s: one-hot labels, of shape %s; integers of shape [%lld] were expected: y.argmax(1) in "
                 "NumPy makes them",
                 path, shape, (long long)s.dim[0]);
    if (s.rank > 2 || (s.rank == 2 && s.dim[1] > 1)) refuse_shape(job, path, s);
    for (size_t i = 0; i < t->n; i++)
        if (t->x[i] != floor(t->x[i]) || fabs(t->x[i]) > 1e6)
            nm_throw(job, NM_EINPUT, "%s: entry %zu is %s, which is not a label; an integer was expected", path,
                     i, nm_num_text(job, t->x[i]));
}

static nm_tensor read_labels(nm_job *job, nm_file f)
{
    nm_tensor t = {0};
    if (nm_cifar_is(f)) {
        t.n = (size_t)nm_cifar_count(job, f);
        t.x = NM_RAW(job, double, t.n);
        for (size_t i = 0; i < t.n; i++) t.x[i] = nm_read_cifar(job, f, (int64_t)i, true).x[0];
        return t;
    }
    if (is_idx(f)) {
        if (f.data[3] != 1)
            nm_throw(job, NM_EINPUT, "%s: an IDX file of rank %d, which holds images; labels have rank 1", f.path,
                     f.data[3]);
        t.n = (size_t)idx_count(f);
        if (t.n == 0) return t;
        nm_read_idx(job, f, 0, true); /* checks the rest of the header */
        t.x = NM_RAW(job, double, t.n);
        for (size_t i = 0; i < t.n; i++) t.x[i] = f.data[8 + i];
        return t;
    }
    const char *what = nm_picture_is(f)             ? "a picture"
                       : memchr(f.data, 0, f.n) ||
                             (f.n && f.data[0] >= 0x80) ? nm_sniff(job, f)
                                                 : NULL;
    const bool text = !memchr(f.data, 0, f.n) && !what;
    if (!is_npy(f) && !text)
        nm_throw(job, NM_EINPUT, "%s: %s; labels in IDX, NPY, CSV, TXT or CIFAR .bin were expected", f.path,
                 what ? what : "not a file of labels that can be read");
    t = is_npy(f) ? nm_read_npy(job, f) : nm_csv_table(job, f);
    check_list(job, f.path, &t);
    return t;
}

nm_dataset nm_labels_open(nm_job *job, const char *path)
{
    const nm_shape s = nm_peek_labels(job, path);
    if (s.rank > 2) refuse_shape(job, path, s);
    nm_dataset d = {.f = nm_images_file(job, path)};
    nm_sha256(d.f.data, d.f.n, d.hash);
    const nm_tensor t = read_labels(job, d.f);
    d.count = (int64_t)t.n;
    d.label = t.x;
    return d;
}

int64_t nm_dataset_label(nm_job *job, const nm_dataset *d, int64_t index)
{
    if (index < 0 || index >= d->count)
        nm_throw(job, NM_EINPUT, "%s: index %lld is out of range; there are %lld labels", d->f.path,
                 (long long)index, (long long)d->count);
    if (d->label[index] < 0)
        nm_throw(job, NM_EINPUT, "%s: entry %lld is %s, which is not a label; an integer of 0 or more was expected",
                 d->f.path, (long long)index, nm_num_text(job, d->label[index]));
    return (int64_t)d->label[index];
}

int64_t nm_label_read(nm_job *job, const char *path, int64_t index)
{
    const nm_dataset d = nm_labels_open(job, path);
    return nm_dataset_label(job, &d, index);
}
