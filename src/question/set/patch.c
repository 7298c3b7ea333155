/* patch.c: a rectangle of H x W pixels, in all channels, is free within the domain; the other pixels are the image's.
 * Its upper left pixel is in row R, column C, counted from 0; without R and C every position inside the image is a case
 * of its own, and a target is named after its label and position: 3-r5c0. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "question/set.h"

typedef struct {
    size_t size[2];
    int64_t r, c; /* -1: any */
} patch;

static const void *read(nm_job *job, const nm_setarg *a)
{
    const char *s = nm_setarg_get(job, a), *at = strchr(s, '@'), *end = s + strlen(s);
    patch *p = NM_NEW(job, patch);
    nm_setting_size(job, a, s, at ? at : end, p->size);
    p->r = p->c = -1;
    if (!at) return p;
    const char *comma = strchr(at, ',');
    if (!comma || !nm_int_parse(at + 1, comma, &p->r) || !nm_int_parse(comma + 1, end, &p->c) ||
        p->r < 0 || p->c < 0)
        nm_setarg_bad(job, a);
    return p;
}

static void fix_outside(nm_setting *s, nm_case *c, const nm_layout *l, const patch *p, size_t r,
                        size_t col)
{
    double *lo = NM_RAW(s->job, double, s->n), *hi = NM_RAW(s->job, double, s->n);
    memcpy(lo, c->lo, s->n * sizeof *lo);
    memcpy(hi, c->hi, s->n * sizeof *hi);
    for (size_t k = 0; k < l->c; k++)
        for (size_t i = 0; i < l->h; i++)
            for (size_t j = 0; j < l->w; j++) {
                const size_t at = nm_layout_at(l, k, i, j);
                if (i >= r && i < r + p->size[0] && j >= col && j < col + p->size[1]) continue;
                if (s->x[at] < lo[at] || s->x[at] > hi[at])
                    c->empty = true;
                else
                    lo[at] = hi[at] = s->x[at];
            }
    c->lo = lo;
    c->hi = hi;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    const patch *p = plan;
    const nm_layout l = nm_setting_layout(s, flag);
    if (s->cases[0].gens || s->is_patch)
        nm_throw(
            s->job, NM_EUNSUP,
            "--perturb %s: a patch can be joined with linf, l1, l2, l0, box, free and rows only",
            flag);
    s->is_patch = true;
    const size_t r = p->r < 0 ? 0 : (size_t)p->r, c = p->c < 0 ? 0 : (size_t)p->c;
    if (p->size[0] > l.h || p->size[1] > l.w || r > l.h - p->size[0] || c > l.w - p->size[1])
        nm_throw(s->job, NM_EUSE,
                 "--perturb %s: the patch leaves the image of %zu rows and %zu columns", flag, l.h,
                 l.w);
    if (p->r >= 0) {
        fix_outside(s, &s->cases[0], &l, p, r, c);
        return;
    }
    const size_t across = l.w - p->size[1] + 1, n = (l.h - p->size[0] + 1) * across;
    nm_case *cases = NM_ARRAY(s->job, nm_case, n);
    const char **name = NM_ARRAY(s->job, const char *, n);
    for (size_t k = 0; k < n; k++) {
        cases[k] = s->cases[0];
        name[k] = nm_fmt(s->job, "-r%zuc%zu", k / across, k % across);
        fix_outside(s, &cases[k], &l, p, k / across, k % across);
    }
    s->cases = cases;
    s->name = name;
    s->n_cases = n;
}

const nm_set nm_set_patch = {read, make, NULL};
