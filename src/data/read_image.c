/* read_image.c: chooses the reader for an image, by its content first and its name second, and makes the image a
 * network's input.
 *
 * Bytes are divided by 255 and samples of 16 bits by 65535 (correctly rounded in double, as MIPVerify and others do);
 * floats are taken as they are. The number of elements must be the network's. A picture of [H,W] or [C,H,W] is taken in
 * row-major order; if the form has another order of axes, the channels are moved; if it has another number of channels,
 * channels.c decides. Whatever else has the right number of elements but other sides is refused. */
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

/* somebody who forgets the file and gives its index alone */
static bool is_index(const char *path) { return *path && path[strspn(path, "0123456789")] == 0; }

nm_tensor nm_image_any(nm_job *job, nm_file f, int64_t index)
{
    const char *path = f.path;
    const int64_t at = index < 0 ? 0 : index;
    if (nm_cifar_is(f)) return nm_read_cifar(job, f, at, false);
    if (nm_idx_is(f)) return nm_read_idx(job, f, at, false);
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
    if (nm_picture_is(f)) {
        if (index > 0)
            nm_throw(job, NM_EINPUT, "%s: the file is a single picture; index %lld is out of range", path,
                     (long long)index);
        return nm_read_picture(job, f);
    }
    if (nm_csv_is(f)) return nm_read_csv(job, f, at);
    const char *what = nm_sniff(job, f);
    nm_throw(job, NM_EINPUT,
             "%s: %s; an image in IDX, NPY, PNG, JPEG, PGM, PPM, CSV or CIFAR .bin was expected",
             path, what ? what : "not an image that can be read");
}

static bool same_shape(nm_shape a, nm_shape b)
{
    while (a.rank > 1 && a.dim[0] == 1) a = nm_shape_of(a.rank - 1, a.dim + 1);
    while (b.rank > 1 && b.dim[0] == 1) b = nm_shape_of(b.rank - 1, b.dim + 1);
    return nm_shape_eq(a, b);
}

static bool matches(nm_shape s, nm_order order, const nm_layout *l, nm_layout *found)
{
    return nm_layout_try(s, order, found) && found->c == l->c && found->h == l->h &&
           found->w == l->w;
}

/* Returns true if exactly one order of the axes of s gives l's channels, rows and columns; *found is that image. */
static bool only_match(nm_job *job, nm_shape s, const nm_layout *l, const char *what,
                       nm_layout *found)
{
    nm_layout chw, hwc;
    const bool first = matches(s, NM_CHW, l, &chw), last = matches(s, NM_HWC, l, &hwc);
    if (first && last) nm_throw(job, NM_EUSE, "%s: %s", what, nm_layout_why(job, s));
    *found = first ? chw : hwc;
    return first || last;
}

static void move_channels(nm_job *job, nm_tensor *t, const nm_layout *have, const nm_layout *want)
{
    double *x = NM_RAW(job, double, t->n);
    for (size_t c = 0; c < want->c; c++)
        for (size_t i = 0; i < want->h; i++)
            for (size_t j = 0; j < want->w; j++)
                x[nm_layout_at(want, c, i, j)] = t->x[nm_layout_at(have, c, i, j)];
    t->x = x;
    t->shape = nm_layout_shape(want);
}

/* Returns whether a flat input lists the colours of a picture, or of an array if --channels asks for an order. */
static bool lists_colours(const nm_imageform *form, const nm_tensor *t)
{
    return (t->shape.order != NM_OPEN || form->flat != NM_OPEN) && form->stated.rank && nm_shape_flat(form->stated) &&
           form->shape.order == NM_OPEN && nm_shape_flat(form->shape) && !nm_shape_flat(t->shape);
}

/* Lists a picture's colours for a flat input, which tells neither their order nor the picture's sides; have: NULL if
 * the image does not tell its own. */
static void flatten(nm_job *job, const nm_imageform *form, nm_tensor *t, const nm_layout *have, const char *what)
{
    if (!have)
        nm_throw(job, NM_EUSE,
                 "%s: which axis of an array of shape %s has the channels cannot be told; without --channels it is "
                 "taken as it is",
                 what, nm_shape_print(job, t->shape));
    nm_layout want = *have;
    if (form->flat == NM_OPEN)
        nm_throw(job, NM_EUSE,
                 "%s: a picture in colour, for an input of shape %s; --channels chw was expected, if the input has one "
                 "channel after the other, or --channels hwc, if it has the channels of one pixel after the other",
                 what, nm_shape_print(job, form->stated));
    want.last = form->flat == NM_HWC;
    move_channels(job, t, have, &want);
}

/* Puts colours in the network's order: that of its operators or --channels, else the one that the numbers of its shape
 * show. If the numbers leave two orders open, an image whose own order is known decides. */
static void order_channels(nm_job *job, const nm_imageform *form, nm_tensor *t, const char *what)
{
    const nm_shape s = form->shape;
    nm_layout have, want;
    const bool known = nm_layout_find(t->shape, &have), decided = nm_layout_find(s, &want);
    if (t->shape.rank < 3 || form->is_no_image || (known && have.c == 1)) return;
    if (lists_colours(form, t)) {
        flatten(job, form, t, known ? &have : NULL, what);
        return;
    }
    if (!known && (!decided || want.c == 1 || same_shape(t->shape, s))) return;
    if (!known && !only_match(job, t->shape, &want, what, &have)) return;
    if (!decided) {
        if (s.rank < 3 || !only_match(job, s, &have, what, &want)) return;
    } else if (t->shape.order == NM_OPEN && same_shape(t->shape, s)) {
        return;
    }
    if (have.c != want.c || have.h != want.h || have.w != want.w) return;
    move_channels(job, t, &have, &want);
}

/* Returns true for the same height, width and channels in any order; also if either shape is not a picture's. */
static bool same_sides(nm_shape a, nm_shape b)
{
    nm_layout x, y;
    if (a.rank < 2 || !nm_layout_find(a, &x) || !nm_layout_find(b, &y)) return true;
    if (nm_shape_flat(a) || nm_shape_flat(b)) return true;
    size_t p[] = {x.h, x.w, x.c}, q[] = {y.h, y.w, y.c};
    for (int k = 0; k < 3; k++) {
        int i = 0;
        while (i < 3 && q[i] != p[k]) i++;
        if (i == 3) return false;
        q[i] = 0;
    }
    return true;
}

/* Returns the shape without its axes of 1. */
static nm_shape squeezed(nm_shape s)
{
    nm_shape r = {.order = s.order};
    for (int k = 0; k < s.rank; k++)
        if (s.dim[k] != 1) r.dim[r.rank++] = s.dim[k];
    return r;
}

static _Noreturn void refuse_shape(nm_job *job, const nm_imageform *form, const nm_tensor *t, const char *what)
{
    nm_throw(job, NM_EINPUT, "%s: an image of shape %s; the network reads one of shape %s", what,
             nm_shape_print(job, t->shape), nm_shape_print(job, form->stated));
}

/* Refuses an image whose elements would be taken in a wrong order: an array that is turned, or a picture, whose format
 * defines its sides, with other sides than the network's input is known to have. */
static void check_sides(nm_job *job, const nm_imageform *form, const nm_tensor *t, const char *what)
{
    nm_layout have, want;
    const nm_shape a = squeezed(t->shape), b = squeezed(form->stated);
    if (t->shape.order == NM_OPEN) {
        if (a.rank > 1 && a.rank == b.rank && !nm_shape_eq(a, b)) refuse_shape(job, form, t, what);
        return;
    }
    if (form->is_no_image) return;
    if (!nm_layout_find(t->shape, &have) || !nm_layout_find(form->shape, &want)) return;
    if (nm_shape_flat(form->shape)) return;
    if (have.c == want.c && have.h == want.h && have.w == want.w) return;
    nm_throw(job, NM_EINPUT,
             "%s: it has %zu channel%s of %zu x %zu (height x width), and the network takes %zu of %zu x %zu%s", what,
             have.c, have.c == 1 ? "" : "s", have.h, have.w, want.c, want.h, want.w,
             have.c == want.c ? "" : ": where --channels is given, it may say the wrong order");
}

nm_tensor nm_image_fit(nm_job *job, nm_imageform form, nm_tensor t, const char *what)
{
    nm_image_check_size(job, form, &t, what);
    if (!same_sides(t.shape, form.stated)) refuse_shape(job, &form, &t, what);
    for (size_t i = 0; t.top > 0 && i < t.n; i++) t.x[i] /= t.top;
    order_channels(job, &form, &t, what);
    check_sides(job, &form, &t, what);
    return t;
}

/* Says that the first of a file's images is taken, if there are more. */
static void note_first(nm_job *job, nm_file f)
{
    const int64_t n = nm_cifar_is(f) ? nm_cifar_count(job, f)
                      : nm_idx_is(f) ? nm_idx_count(f)
                      : nm_csv_is(f) ? nm_csv_count(f)
                                     : 1;
    if (n > 1) nm_note(job, "%s: no index was given: the first of %lld images is taken", f.path, (long long)n);
}

/* Reads the image itself, before it is fitted to a form. form NULL: to none. */
static nm_tensor open_image(nm_job *job, const nm_imageform *form, const char *spec)
{
    char *path;
    int64_t index = nm_spec_split(job, spec, &path);
    if (index >= 0 && !nm_file_exists(path) && nm_file_exists(spec)) { /* the file's name itself ends like an index */
        path = nm_dup(job, spec, strlen(spec));
        index = -1;
    }
    if (index < 0 && is_index(path) && !nm_file_exists(path))
        nm_throw(job, NM_EIO, "%s: there is no file of this name; for image %s of a file, FILE:%s was expected", path,
                 path, path);
    nm_peek_images(job, form, path, index, false);
    const nm_file f = nm_images_file(job, path);
    if (form && index < 0) note_first(job, f);
    return nm_image_any(job, f, index);
}

nm_tensor nm_image_read(nm_job *job, nm_imageform form, const char *spec)
{
    return nm_image_fit(job, form, nm_image_grey(job, form, open_image(job, &form, spec), spec), spec);
}

bool nm_image_is_picture(nm_job *job, const char *path) { return nm_picture_is(nm_images_file(job, path)); }

nm_shape nm_image_shape(nm_job *job, const char *spec) { return open_image(job, NULL, spec).shape; }
