/* brightness.c: x = x0 + t, |t| <= E, the same t for every element; cut to the domain, so t is limited to values at
 * which every element stays inside. */
#include "base/base.h"
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a)
{
    const char *s = nm_setarg_get(job, a);
    nm_each *e = NM_NEW(job, nm_each);
    *e = nm_setarg_each(job, a, s, strlen(s));
    if (e->x || e->all < 0) nm_setarg_bad(job, a);
    return e;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    const double e = ((const nm_each *)plan)->all;
    nm_entries all = {0};
    nm_gens g = {.n = 1, .n_in = s->n, .x0 = s->x, .is_image = true};
    g.lo = nm_repeat(s->job, 1, -e);
    g.hi = nm_repeat(s->job, 1, e);
    g.at = nm_repeat(s->job, 1, 0);
    for (size_t i = 0; i < s->n; i++) nm_entries_add(s->job, &all, i, 0, 1);
    nm_gens_fill(s->job, &g, &all);
    nm_setting_gens(s, g, flag);
}

static double most(double wide, double n)
{
    (void)n;
    return wide;
}

const nm_set nm_set_brightness = {read, make, most};
