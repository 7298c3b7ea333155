/* image_layout.c: what a shape says of an image: channels, height and width. [..,H,W], [C,H,W] or [H,W,C], C 1 or 3
 * where the order is not known otherwise; one dimension is a square, if it is one. Leading and trailing dimensions of 1
 * count for nothing. */
#include "data/data.h"

bool nm_layout_find(nm_shape s, nm_layout *l)
{
    while (s.rank > 2 && s.dim[0] == 1) s = nm_shape_of(s.rank - 1, s.dim + 1);
    if (s.rank == 2 && s.dim[1] == 1) s = nm_shape_of(1, s.dim);
    if (s.rank == 2 && s.dim[0] == 1) s = nm_shape_of(1, s.dim + 1);
    if (s.rank == 1) {
        const int64_t side = (int64_t)(sqrt((double)s.dim[0]) + 0.5);
        if (side < 1 || side * side != s.dim[0]) return false;
        s = nm_shape_of(2, (int64_t[]){side, side});
    }
    if (s.rank == 2)
        *l = (nm_layout){1, (size_t)s.dim[0], (size_t)s.dim[1], false};
    else if (s.rank == 3 && s.dim[0] != 3 && (s.dim[2] == 3 || s.dim[2] == 1))
        *l = (nm_layout){(size_t)s.dim[2], (size_t)s.dim[0], (size_t)s.dim[1], true};
    else if (s.rank == 3)
        *l = (nm_layout){(size_t)s.dim[0], (size_t)s.dim[1], (size_t)s.dim[2], false};
    else
        return false;
    return l->h > 0 && l->w > 0 && l->c > 0;
}

bool nm_layout_of(nm_shape s, const char *channels, nm_layout *l)
{
    const bool last = channels && *channels == 'h', found = nm_layout_find(s, l);
    while (s.rank > 3 && s.dim[0] == 1) s = nm_shape_of(s.rank - 1, s.dim + 1);
    if (channels && !(found && l->c == 1) && s.rank == 3 && s.dim[0] > 0 && s.dim[1] > 0 &&
        s.dim[2] > 0 &&
        (!last || s.dim[2] <= 4)) { /* as it is said; channels that come last are few */
        const size_t d[] = {(size_t)s.dim[0], (size_t)s.dim[1], (size_t)s.dim[2]};
        *l = last ? (nm_layout){d[2], d[0], d[1], true} : (nm_layout){d[0], d[1], d[2], false};
        return true;
    }
    if (!channels || (found && l->c > 1)) return found && (!channels || l->last == last);
    if (found) return true; /* grey: both orders are one */
    int64_t n = 1;
    for (int d = 0; d < s.rank; d++) n *= s.dim[d];
    const int64_t side = (int64_t)(sqrt((double)n / 3) + 0.5);
    if (n == 0 || 3 * side * side != n) return false;
    *l = (nm_layout){3, (size_t)side, (size_t)side, last};
    return true;
}

nm_shape nm_layout_shape(const nm_layout *l)
{
    const int64_t c = (int64_t)l->c, h = (int64_t)l->h, w = (int64_t)l->w;
    return l->last ? nm_shape_of(3, (int64_t[]){h, w, c}) : nm_shape_of(3, (int64_t[]){c, h, w});
}
