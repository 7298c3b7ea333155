/* span.c: x = x0 + sum t_k g_k, the g_k images of an .npy, t_k in [-1,1] or a stated range; cut to the domain. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "question/set.h"

typedef struct {
    const char *path;
    nm_tensor t;
    double lo, hi;
} span;

static const void *read(nm_job *job, const nm_setarg *a)
{
    const char *s = nm_setarg_get(job, a), *one = strchr(s, ','),
               *two = one ? strchr(one + 1, ',') : NULL;
    span *p = NM_NEW(job, span);
    if (one && !two) nm_setarg_bad(job, a);
    const nm_each lo = one ? nm_setarg_each(job, a, one + 1, (size_t)(two - one - 1))
                           : (nm_each){.all = -1},
                  hi = one ? nm_setarg_each(job, a, two + 1, strlen(two + 1)) : (nm_each){.all = 1};
    if (lo.x || hi.x || lo.all > hi.all) nm_setarg_bad(job, a);
    p->lo = lo.all;
    p->hi = hi.all;
    p->path = nm_dup(job, s, one ? (size_t)(one - s) : strlen(s));
    p->t = nm_setarg_npy(job, a, p->path);
    return p;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    const span *p = plan;
    const size_t n = nm_images_in(s, p->path, &p->t);
    nm_entries all = {0};
    nm_gens g = {.n = n, .n_in = s->n, .x0 = s->x, .is_image = p->lo <= 0 && p->hi >= 0};
    g.lo = nm_repeat(s->job, n, p->lo);
    g.hi = nm_repeat(s->job, n, p->hi);
    g.at = nm_repeat(s->job, n, p->lo > 0 ? p->lo : p->hi < 0 ? p->hi : 0);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < n; k++) nm_entries_add(s->job, &all, i, k, p->t.x[k * s->n + i]);
    nm_gens_fill(s->job, &g, &all);
    nm_setting_gens(s, g, flag);
}

const nm_set nm_set_span = {read, make, NULL};
