/* image.c: which reader a file wants, by its content first and its name second; and an image as a network's input.
 *
 * Bytes are scaled by 1/255 (correctly rounded in double, as MIPVerify and the field do); floats are taken as they
 * are. The number of elements must be the network's; a picture of [H,W] or [C,H,W] is taken in row-major order, and
 * where the network (order.c), or --channels, has another order of axes the channels are moved. */
#include "all.h"

nm_net *nm_net_read(nm_job *job, const char *path) { return nm_net_read_as(job, path, NULL); }

nm_net *nm_net_read_as(nm_job *job, const char *path, const nm_front *front)
{
    const nm_file f = nm_file_read(job, path);
    size_t i = 0;
    while (i < f.n && strchr(" \t\r\n", f.data[i]) && f.data[i]) i++;
    if (f.n == 0) nm_throw(job, NM_EINPUT, "%s: an empty file; a network was expected", path);
    const bool json = i < f.n && f.data[i] == '{';
    const bool nnet = (f.n >= 2 && !memcmp(f.data, "//", 2)) || nm_has_suffix(path, ".nnet") ||
                      nm_has_suffix(path, ".nnet.gz");
    nm_graph *g = (json ? nm_read_netjson : nnet ? nm_read_nnet : nm_read_onnx)(job, f);
    if (front) nm_front_check(job, g, front);
    nm_net *net = nm_net_new(job, g, f);
    nm_net_settle(job, net, g->order, front ? front->channels : NULL);
    net->front = front;
    if (!front || (!front->mean && !front->std)) return net;
    const nm_shape image = net->image;
    const char *by = net->image_by;
    nm_front_put(job, g, front, by && !image.rank ? image : nm_net_shape(net));
    net = nm_net_new(job, g, f);
    net->front = front;
    net->image = image;
    net->image_by = by;
    const char *all = nm_fmt(job, "%s %s", net->hash, nm_front_text(job, front));
    nm_sha256(all, strlen(all), net->hash);
    return net;
}

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

static bool matches(nm_shape s, nm_order order, const nm_layout *l, nm_layout *found)
{
    return nm_layout_try(s, order, found) && found->c == l->c && found->h == l->h && found->w == l->w;
}

/* Returns whether exactly one order of the axes of s gives l's channels, rows and columns: *found is that image. */
static bool only_match(nm_job *job, nm_shape s, const nm_layout *l, const char *what, nm_layout *found)
{
    nm_layout chw, hwc;
    const bool first = matches(s, NM_CHW, l, &chw), last = matches(s, NM_HWC, l, &hwc);
    if (first && last)
        nm_throw(job, NM_EUSE, "%s: %s", what, nm_layout_why(job, s));
    *found = first ? chw : hwc;
    return first || last;
}

/* Puts colours in the network's order, as its operators, --channels or, where they say nothing, the numbers of its
 * shape have it; an image whose own order is known decides between two that the numbers leave open. */
static void order_channels(nm_job *job, const nm_net *net, nm_tensor *t, const char *what)
{
    const nm_shape s = nm_net_shape(net);
    nm_layout have, want;
    const bool known = nm_layout_find(t->shape, &have), decided = nm_layout_find(s, &want);
    if (t->shape.rank < 3 || (net->image_by && !net->image.rank)) return;
    if (!known && (!decided || want.c == 1 || same_shape(t->shape, s))) return;
    if (known && have.c == 1) return;
    if (!known && !only_match(job, t->shape, &want, what, &have)) return;
    if (!decided) {
        if (s.rank < 3 || !only_match(job, s, &have, what, &want)) return;
    } else if (t->shape.order == NM_OPEN && same_shape(t->shape, s)) {
        return;
    }
    if (have.c != want.c || have.h != want.h || have.w != want.w) return;
    double *x = NM_RAW(job, double, t->n);
    for (size_t c = 0; c < want.c; c++)
        for (size_t i = 0; i < want.h; i++)
            for (size_t j = 0; j < want.w; j++)
                x[nm_layout_at(&want, c, i, j)] = t->x[nm_layout_at(&have, c, i, j)];
    t->x = x;
    t->shape = nm_layout_shape(&want);
}

static nm_tensor fit(nm_job *job, const nm_net *net, nm_tensor t, const char *what)
{
    if (t.n != net->n_in)
        nm_throw(job, NM_EINPUT, "%s: an image of %s, %zu elements; the network reads %zu", what,
                 nm_shape_print(job, t.shape), t.n, net->n_in);
    for (size_t i = 0; t.bytes && i < t.n; i++) t.x[i] /= 255;
    order_channels(job, net, &t, what);
    return t;
}

nm_tensor nm_image_read(nm_job *job, const nm_net *net, const char *spec)
{
    char *path;
    int64_t index = nm_spec_split(job, spec, &path);
    if (index >= 0 && !nm_file_exists(path) && nm_file_exists(spec)) { /* a name like an index */
        path = nm_dup(job, spec, strlen(spec));
        index = -1;
    }
    return fit(job, net, read_any(job, nm_file_read(job, path), index), spec);
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

nm_tensor nm_dataset_get(nm_job *job, const nm_net *net, const nm_dataset *d, int64_t index)
{
    return fit(job, net, read_any(job, d->f, index),
               nm_fmt(job, "%s:%lld", d->f.path, (long long)index));
}

int64_t nm_dataset_label(nm_job *job, const nm_dataset *d, int64_t index)
{
    return label_in(job, d->f, index);
}
