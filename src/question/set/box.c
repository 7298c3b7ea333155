/* box.c: every element from LO to HI, whatever the image. */
#include "base/base.h"
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a)
{
    const char *s = nm_setarg_get(job, a), *comma = strchr(s, ',');
    if (!comma) nm_setarg_bad(job, a);
    nm_each *e = NM_ARRAY(job, nm_each, 2);
    e[0] = nm_setarg_each(job, a, s, (size_t)(comma - s));
    e[1] = nm_setarg_each(job, a, comma + 1, strlen(comma + 1));
    if (!e[0].x && !e[1].x && e[0].all > e[1].all) nm_setarg_bad(job, a);
    return e;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    const nm_each *e = plan;
    for (size_t i = 0; i < s->n; i++) {
        const double lo = nm_each_at(s, &e[0], i), hi = nm_each_at(s, &e[1], i);
        if (lo > hi)
            nm_throw(s->job, NM_EINPUT, "--perturb %s: element %zu from %s to %s", flag, i,
                     nm_num_text(s->job, lo), nm_num_text(s->job, hi));
        nm_setting_meet(s, i, lo, hi);
    }
}

const nm_set nm_set_box = {read, make, NULL};
