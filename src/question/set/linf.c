/* linf.c: every element within E of the image's: [x - E, x + E], with both ends rounded to nearest. */
#include "base/base.h"
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a)
{
    const char *s = nm_setarg_get(job, a);
    nm_each *e = NM_NEW(job, nm_each);
    *e = nm_setarg_each(job, a, s, strlen(s));
    for (size_t i = 0; i < e->n; i++)
        if (e->x[i] < 0)
            nm_throw(job, NM_EINPUT, "%s: element %zu is a radius of %s; 0 or more was expected", e->path, i,
                     nm_num_text(job, e->x[i]));
    if (e->all < 0)
        nm_throw(job, NM_EUSE, "--perturb %s: a radius of 0 or more was expected", a->flag);
    return e;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    (void)flag;
    for (size_t i = 0; i < s->n; i++) {
        const double e = nm_each_at(s, plan, i);
        nm_setting_meet(s, i, s->x[i] - e, s->x[i] + e);
    }
}

static double most(double wide, double n)
{
    (void)n;
    return wide;
}

const nm_set nm_set_linf = {read, make, most};
