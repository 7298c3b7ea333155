/* dataset.c: which reader a file wants, by its content first and its name second; and an image as a network's input.
 *
 * Bytes are scaled by 1/255 (correctly rounded in double, as MIPVerify and the field do); floats are taken as they
 * are. The number of elements must be the network's; a picture of [H,W] or [C,H,W] is taken in row-major order, and
 * where the network's own shape, or --channels, says otherwise (H,W,C) the channels are moved. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

int64_t nm_spec_split(nm_job *job, const char *spec, char **path)
{
    const char *colon = strrchr(spec, ':');
    int64_t index;
    if (colon && colon[1] && nm_int_parse(colon + 1, colon + strlen(colon), &index)) {
        if (index < 0) nm_throw(job, NM_EUSE, "%s: an index below 0", spec);
        *path = nm_dup(job, spec, (size_t)(colon - spec));
        return index;
    }
    *path = nm_dup(job, spec, strlen(spec));
    return -1;
}

static nm_tensor read_any(nm_job *job, nm_file f, int64_t index)
{
    const char *path = f.path;
    const int64_t at = index < 0 ? 0 : index;
    if (nm_cifar_is(f)) return nm_read_cifar(job, f, at, false);
    if (f.n >= 4 && !f.data[0] && !f.data[1] && f.data[2] >= 8 && f.data[2] <= 14)
        return nm_read_idx(job, f, at, false);
    if (f.n >= 6 && !memcmp(f.data, "\x93NUMPY", 6)) {
        nm_tensor t = nm_read_npy(job, f);
        if (index < 0) return t;
        if (t.shape.rank < 2 || index >= t.shape.dim[0])
            nm_throw(job, NM_EINPUT, "%s: index %lld is out of range of shape %s", path,
                     (long long)index, nm_shape_print(job, t.shape));
        t.n /= (size_t)t.shape.dim[0];
        t.x += (size_t)index * t.n;
        t.shape = nm_shape_of(t.shape.rank - 1, t.shape.dim + 1);
        return t;
    }
    if (f.n >= 8 && !memcmp(f.data, "\x89PNG", 4)) return nm_read_png(job, f);
    if (f.n >= 2 && f.data[0] == 'P' && f.data[1] >= '1' && f.data[1] <= '6')
        return nm_read_pnm(job, f);
    if (nm_has_suffix(path, ".csv") || nm_has_suffix(path, ".txt") ||
        nm_has_suffix(path, ".csv.gz"))
        return nm_read_csv(job, f, at);
    nm_throw(job, NM_EINPUT,
             "%s: not an image that can be read (IDX, NPY, PNG, PGM, PPM, CSV, CIFAR .bin)", path);
}

static bool same_shape(nm_shape a, nm_shape b)
{
    while (a.rank > 1 && a.dim[0] == 1) a = nm_shape_of(a.rank - 1, a.dim + 1);
    while (b.rank > 1 && b.dim[0] == 1) b = nm_shape_of(b.rank - 1, b.dim + 1);
    return nm_shape_eq(a, b);
}

/* colours are put in the network's order: as its shape or --channels says */
static void order_channels(nm_job *job, const nm_imageform *form, nm_tensor *t)
{
    const nm_shape s = form->shape;
    nm_layout have, want;
    if (t->shape.rank < 3 || same_shape(t->shape, s) || !nm_layout_find(t->shape, &have) ||
        have.c == 1 || !nm_layout_of(s, form->channels, &want) ||
        have.c != want.c || have.h != want.h || have.w != want.w || have.last == want.last)
        return;
    double *x = NM_RAW(job, double, t->n);
    for (size_t c = 0; c < want.c; c++)
        for (size_t i = 0; i < want.h; i++)
            for (size_t j = 0; j < want.w; j++)
                x[nm_layout_at(&want, c, i, j)] = t->x[nm_layout_at(&have, c, i, j)];
    t->x = x;
    t->shape = nm_layout_shape(&want);
}

static nm_tensor fit(nm_job *job, const nm_imageform *form, nm_tensor t, const char *what)
{
    if (t.n != form->n)
        nm_throw(job, NM_EINPUT, "%s: an image of %s, %zu elements; the network reads %zu", what,
                 nm_shape_print(job, t.shape), t.n, form->n);
    for (size_t i = 0; t.bytes && i < t.n; i++) t.x[i] /= 255;
    order_channels(job, form, &t);
    return t;
}

nm_tensor nm_image_read(nm_job *job, nm_imageform form, const char *spec)
{
    char *path;
    int64_t index = nm_spec_split(job, spec, &path);
    if (index >= 0 && !nm_file_exists(path) && nm_file_exists(spec)) { /* a name like an index */
        path = nm_dup(job, spec, strlen(spec));
        index = -1;
    }
    return fit(job, &form, read_any(job, nm_file_read(job, path), index), spec);
}

static int64_t label_in(nm_job *job, nm_file f, int64_t index)
{
    if (nm_cifar_is(f)) return (int64_t)nm_read_cifar(job, f, index, true).x[0];
    if (f.n >= 4 && !f.data[0] && !f.data[1]) return (int64_t)nm_read_idx(job, f, index, true).x[0];
    const bool npy = f.n >= 6 && !memcmp(f.data, "\x93NUMPY", 6);
    const nm_tensor t = npy ? nm_read_npy(job, f) : nm_read_csv(job, f, index);
    const size_t at = npy ? (size_t)index : 0;
    if (at >= t.n)
        nm_throw(job, NM_EINPUT, "%s: index %lld is out of range; %zu labels are there", f.path,
                 (long long)index, t.n);
    if (t.x[at] != floor(t.x[at]) || t.x[at] < 0 || t.x[at] > 1e6)
        nm_throw(job, NM_EINPUT, "%s: %g is not a label", f.path, t.x[at]);
    return (int64_t)t.x[at];
}

int64_t nm_label_read(nm_job *job, const char *path, int64_t index)
{
    return label_in(job, nm_file_read(job, path), index);
}

/* ---- many images or labels in one file ---- */

static int64_t count_items(nm_job *job, nm_file f)
{
    if (nm_cifar_is(f)) return nm_cifar_count(job, f);
    if (f.n >= 8 && !f.data[0] && !f.data[1])
        return (int64_t)f.data[4] << 24 | (int64_t)f.data[5] << 16 | (int64_t)f.data[6] << 8 |
               f.data[7];
    if (f.n >= 6 && !memcmp(f.data, "\x93NUMPY", 6)) {
        const nm_mark mark = nm_mark_get(job);
        const nm_shape s = nm_read_npy(job, f).shape;
        nm_mark_release(job, mark);
        return s.rank > 0 ? s.dim[0] : 1;
    }
    int64_t n = 0;
    for (size_t i = 0; i < f.n; i++) n += f.data[i] == '\n' || i + 1 == f.n;
    return n;
}

nm_dataset nm_dataset_open(nm_job *job, const char *path)
{
    nm_dataset d = {.f = nm_file_read(job, path)};
    nm_sha256(d.f.data, d.f.n, d.hash);
    d.count = count_items(job, d.f);
    return d;
}

nm_tensor nm_dataset_get(nm_job *job, nm_imageform form, const nm_dataset *d, int64_t index)
{
    return fit(job, &form, read_any(job, d->f, index),
               nm_fmt(job, "%s:%lld", d->f.path, (long long)index));
}

int64_t nm_dataset_label(nm_job *job, const nm_dataset *d, int64_t index)
{
    return label_in(job, d->f, index);
}
