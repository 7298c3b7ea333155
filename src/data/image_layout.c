/* image_layout.c: finds channels, height and width in the shape of an image.
 *
 * If the order of axes is known (channel_order.c, --channels, a picture's format), the shape is read in that order. If
 * it is open, the numbers decide only if they are unambiguous. Channels are 1 to 4, so a larger axis cannot be the
 * channels'. If both ends of [A,B,C] could be, only 3 against 2, or 1 next to a square, decides. [H,W], [1,H,W] and
 * flat shapes of a square number of elements are grey. Everything else is ambiguous: a wrong guess would perturb the
 * wrong pixels. */
#include "base/base.h"
#include "data/data.h"

static bool full(const nm_layout *l) { return l->c > 0 && l->h > 0 && l->w > 0; }

/* Returns how many dimensions of a shape are not 1, and the product of all dimensions. */
static int sides(nm_shape s, int64_t *n)
{
    int many = 0;
    *n = 1;
    for (int i = 0; i < s.rank; i++) {
        many += s.dim[i] != 1;
        *n *= s.dim[i];
    }
    return many;
}

static bool square(int64_t n, size_t *side)
{
    const int64_t r = (int64_t)(sqrt((double)n) + 0.5);
    *side = (size_t)r;
    return n > 0 && r * r == n;
}

/* Removes a batch dimension of 1; returns true if at most three axes are left. */
static bool without_batch(nm_shape *s)
{
    while (s->rank > 3 && s->dim[0] == 1) *s = nm_shape_of(s->rank - 1, s->dim + 1);
    return s->rank <= 3;
}

static bool grey(int64_t h, int64_t w, nm_layout *l)
{
    *l = (nm_layout){1, (size_t)h, (size_t)w, false};
    return full(l);
}

bool nm_layout_try(nm_shape s, nm_order order, nm_layout *l)
{
    int64_t n;
    size_t side;
    const int many = sides(s, &n);
    if (s.rank <= 2 && many <= 1) { /* flat: grey, or three channels */
        if (square(n, &side)) return grey((int64_t)side, (int64_t)side, l);
        if (n % 3 || !square(n / 3, &side)) return false;
        *l = (nm_layout){3, side, side, order == NM_HWC};
        return true;
    }
    if (!without_batch(&s)) return false;
    if (s.rank == 2) return grey(s.dim[0], s.dim[1], l);
    const size_t d[] = {(size_t)s.dim[0], (size_t)s.dim[1], (size_t)s.dim[2]};
    *l = order == NM_HWC ? (nm_layout){d[2], d[0], d[1], true} : (nm_layout){d[0], d[1], d[2], false};
    return full(l);
}

/* Returns the order that the numbers of [A,B,C] show beyond doubt, or NM_OPEN. */
static nm_order evident(const int64_t d[3])
{
    const bool first = d[0] >= 1 && d[0] <= 4, last = d[2] >= 1 && d[2] <= 4;
    if (first != last) return first ? NM_CHW : NM_HWC;
    if (first && ((d[0] == 3 && d[2] == 2) || (d[0] == 1 && d[1] == d[2]))) return NM_CHW;
    if (first && ((d[0] == 2 && d[2] == 3) || (d[2] == 1 && d[0] == d[1]))) return NM_HWC;
    return NM_OPEN;
}

bool nm_layout_find(nm_shape s, nm_layout *l)
{
    int64_t n;
    size_t side;
    if (s.order != NM_OPEN) return nm_layout_try(s, s.order, l);
    if (s.rank == 0) return false;
    if (sides(s, &n) <= 1) return square(n, &side) && grey((int64_t)side, (int64_t)side, l);
    if (s.rank == 3 && s.dim[0] == 1) return grey(s.dim[1], s.dim[2], l); /* a batch of 1 */
    if (!without_batch(&s)) return false;
    if (s.rank == 2) return grey(s.dim[0], s.dim[1], l);
    const nm_order order = evident(s.dim);
    return order != NM_OPEN && nm_layout_try(s, order, l);
}

const char *nm_layout_why(nm_job *job, nm_shape s)
{
    nm_layout l;
    int64_t n;
    const char *shape = nm_shape_print(job, s);
    nm_shape t = s;
    if (s.order == NM_OPEN && sides(s, &n) > 1 && without_batch(&t) && t.rank == 3 &&
        nm_layout_try(s, NM_CHW, &l))
        return nm_fmt(job,
                      "the input's shape %s does not tell which axis is the channels', and no "
                      "operator reads it as an image; --channels chw or --channels hwc was expected",
                      shape);
    return nm_fmt(job, "inputs of shape %s are not an image", shape);
}

bool nm_shape_flat(nm_shape s)
{
    int64_t n;
    return sides(s, &n) <= 1;
}

nm_shape nm_layout_shape(const nm_layout *l)
{
    const int64_t c = (int64_t)l->c, h = (int64_t)l->h, w = (int64_t)l->w;
    nm_shape s =
        l->last ? nm_shape_of(3, (int64_t[]){h, w, c}) : nm_shape_of(3, (int64_t[]){c, h, w});
    s.order = l->last ? NM_HWC : NM_CHW;
    return s;
}

bool nm_layout_eq(const nm_layout *a, const nm_layout *b)
{
    const bool alike = a->c == 1 || a->h * a->w == 1 || a->last == b->last;
    return a->c == b->c && a->h == b->h && a->w == b->w && alike;
}
