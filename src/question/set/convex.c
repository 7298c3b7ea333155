/* convex.c: convex combinations of the images in an .npy: x = sum t_k g_k, t_k >= 0, sum t_k = 1; cut to the domain.
 * The question's image is one of them only if the file contains it. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "question/set.h"

typedef struct {
    const char *path;
    nm_tensor t;
} hull;

static const void *read(nm_job *job, const nm_setarg *a)
{
    hull *p = NM_NEW(job, hull);
    p->path = nm_setarg_get(job, a);
    p->t = nm_setarg_npy(job, a, p->path);
    return p;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    const hull *p = plan;
    const size_t n = nm_images_in(s, p->path, &p->t);
    nm_entries all = {0};
    nm_gens g = {.n = n, .n_in = s->n, .n_sums = 1};
    nm_sum *sum = NM_NEW(s->job, nm_sum);
    *sum = (nm_sum){0, n, 1};
    g.sums = sum;
    g.x0 = nm_repeat(s->job, s->n, 0);
    g.lo = nm_repeat(s->job, n, 0);
    g.hi = nm_repeat(s->job, n, 1);
    g.at = nm_repeat(s->job, n, 1 / (double)n);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < n; k++) nm_entries_add(s->job, &all, i, k, p->t.x[k * s->n + i]);
    nm_gens_fill(s->job, &g, &all);
    nm_setting_gens(s, g, flag);
}

const nm_set nm_set_hull = {read, make, NULL};
