/* channels.c: an image whose channels are not those of the network's input: what may be taken as it is, and what to say
 * about the rest.
 *
 * A colour picture whose three channels are equal, sample by sample, is a grey picture: every way of making it grey
 * gives the same pixels, so a network of one channel takes it, and a note says so. Any other colour picture would need
 * a choice (weights of red, green and blue; colours of a grey picture) that the training has made and this program does
 * not know: it is refused, and the message names a way to convert it. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static bool is_colour(const nm_tensor *t, nm_layout *l)
{
    return t->shape.order != NM_OPEN && nm_layout_find(t->shape, l) && l->c == 3;
}

nm_tensor nm_image_grey(nm_job *job, nm_imageform form, nm_tensor t, const char *what)
{
    nm_layout l;
    if (t.n == form.n || !is_colour(&t, &l) || t.n != 3 * form.n) return t;
    double *x = NM_RAW(job, double, form.n);
    for (size_t i = 0; i < l.h; i++)
        for (size_t j = 0; j < l.w; j++) {
            const double red = t.x[nm_layout_at(&l, 0, i, j)];
            if (t.x[nm_layout_at(&l, 1, i, j)] != red || t.x[nm_layout_at(&l, 2, i, j)] != red)
                return t;
            x[i * l.w + j] = red;
        }
    nm_note(job, "%s: its three channels are equal, so it is taken as a grey picture", what);
    t.shape = nm_shape_of(2, (int64_t[]){(int64_t)l.h, (int64_t)l.w});
    t.shape.order = NM_CHW;
    t.n = form.n;
    t.x = x;
    return t;
}

/* Returns how an image of another size could become what the form takes, as the end of a sentence; "": unknown. */
static const char *advice(nm_job *job, nm_imageform form, const nm_tensor *t)
{
    nm_layout l, want;
    const int64_t many = t->shape.rank > 1 ? t->shape.dim[0] : 0;
    const bool is_image = nm_layout_find(t->shape, &l), in_order = t->shape.order != NM_OPEN;
    const char *one_of = many > 1 && !in_order && t->n / (size_t)many == form.n
                             ? nm_fmt(job, ": FILE:INDEX takes one of %lld images", (long long)many)
                             : "";
    if (t->shape.rank == 1 && t->n == form.n + 1)
        return ": if the first number of a line is a label, FILE.csv:columns=2- leaves it out, and --labels "
               "FILE.csv:columns=1 reads it";
    if (is_image && l.c == 3 && t->n == 3 * form.n && *one_of)
        return nm_fmt(
            job, "%s; if it is one image in colour, convert it to the network's one channel first",
            one_of);
    if (is_image && l.c == 3 && t->n == 3 * form.n)
        return ": it has 3 channels, and the network takes 1: convert it to grey first, as the "
               "training images were "
               "(Image.open(FILE).convert(\"L\") in Pillow)";
    if (is_image && l.c == 1 && form.n == 3 * t->n)
        return ": it has 1 channel, and the network takes 3: convert it to colour first, as the "
               "training images were "
               "(Image.open(FILE).convert(\"RGB\") in Pillow)";
    if (is_image && in_order && nm_layout_find(form.shape, &want))
        return nm_fmt(job,
                      ": it has %zu channel%s of %zu x %zu, and the network takes %zu of %zu x %zu",
                      l.c, l.c == 1 ? "" : "s", l.h, l.w, want.c, want.h, want.w);
    return one_of;
}

void nm_image_check_size(nm_job *job, nm_imageform form, const nm_tensor *t, const char *what)
{
    if (t->n != form.n)
        nm_throw(job, NM_EINPUT, "%s: an image of %s, %zu elements; the network reads %zu%s", what,
                 nm_shape_print(job, t->shape), t->n, form.n, advice(job, form, t));
}
