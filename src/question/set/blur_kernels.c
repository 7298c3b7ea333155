/* blur_kernels.c: generators that are the entries of blur kernels: what blur.c and blur1.c share. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "question/set.h"

/* Adds the terms of output (o,r,c) from input channel i and kernel number k. */
static void add_window(nm_job *job, nm_entries *all, const nm_layout *l, const double *x,
                       const size_t *size, size_t at, size_t i, size_t k, size_t r, size_t c)
{
    const size_t ph = (size[0] - 1) / 2, pw = (size[1] - 1) / 2;
    for (size_t a = 0; a < size[0]; a++)
        for (size_t b = 0; b < size[1]; b++) {
            if (r + a < ph || r + a - ph >= l->h || c + b < pw || c + b - pw >= l->w) continue;
            nm_entries_add(job, all, at, (k * size[0] + a) * size[1] + b,
                           x[nm_layout_at(l, i, r + a - ph, c + b - pw)]);
        }
}

nm_gens nm_blur(nm_setting *s, const nm_layout *l, size_t ins, const size_t size[2])
{
    const size_t area = size[0] * size[1], n = nm_mul(s->job, l->c * ins, area);
    const bool mixes = ins > 1 || l->c == 1; /* one sum over all */
    if (n > 1 << 20) nm_throw(s->job, NM_EUNSUP, "a blur of %zu kernel entries", n);
    nm_gens g = {.n = n, .n_in = s->n, .is_image = true, .n_sums = mixes ? 1 : l->c};
    g.kernel[0] = l->c, g.kernel[1] = ins, g.kernel[2] = size[0], g.kernel[3] = size[1];
    g.lo = nm_repeat(s->job, n, 0);
    g.hi = nm_repeat(s->job, n, 1);
    g.x0 = nm_repeat(s->job, s->n, 0);
    double *at = nm_repeat(s->job, n, 0);
    nm_sum *sum = NM_ARRAY(s->job, nm_sum, l->c);
    nm_entries all = {0};
    for (size_t o = 0; o < l->c; o++) {
        const size_t middle = (size[0] - 1) / 2 * size[1] + (size[1] - 1) / 2;
        at[(o * ins + (ins > 1 ? o : 0)) * area + middle] = 1;
        sum[o] = mixes ? (nm_sum){0, n, (double)l->c} : (nm_sum){o * area, area, 1};
        for (size_t r = 0; r < l->h; r++)
            for (size_t c = 0; c < l->w; c++)
                for (size_t i = 0; i < ins; i++)
                    add_window(s->job, &all, l, s->x, size, nm_layout_at(l, o, r, c),
                               ins > 1 ? i : o, o * ins + i, r, c);
    }
    g.at = at;
    g.sums = sum;
    nm_gens_fill(s->job, &g, &all);
    return g;
}
