/* set/span.c: x = x0 + sum t_k g_k, the g_k images of an .npy, t_k in [-1,1] or a stated range; cut to the domain. */
#include "all.h"

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
    p->lo = -1;
    p->hi = 1;
    if (one && (!two || !nm_num_parse(one + 1, two, &p->lo) ||
                !nm_num_parse(two + 1, two + strlen(two), &p->hi) || p->lo > p->hi))
        nm_setarg_bad(job, a);
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
    g.lo = nm_filled(s->job, n, p->lo);
    g.hi = nm_filled(s->job, n, p->hi);
    g.at = nm_filled(s->job, n, p->lo > 0 ? p->lo : p->hi < 0 ? p->hi : 0);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < n; k++) nm_entries_add(s->job, &all, i, k, p->t.x[k * s->n + i]);
    nm_gens_fill(s->job, &g, &all);
    nm_setting_gens(s, g, flag);
}

const nm_set nm_set_span = {read, make};
