/* contrast.c: x = c + (1 + t)(x0 - c) = x0 + t (x0 - c), |t| <= E, the same t for every element; c is given, or the
 * image's mean. The set is defined with the doubles nearest to x0 - c and to the mean. Cut to the domain. */
#include "base/base.h"
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a)
{
    const char *s = nm_setarg_get(job, a), *comma = strchr(s, ',');
    nm_each *e = NM_ARRAY(job, nm_each, 2);
    e[0] = nm_setarg_each(job, a, s, comma ? (size_t)(comma - s) : strlen(s));
    e[1].all = NAN;
    if (comma) e[1] = nm_setarg_each(job, a, comma + 1, strlen(comma + 1));
    if (e[0].x || e[1].x || e[0].all < 0) nm_setarg_bad(job, a);
    return e;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    const nm_each *e = plan;
    nm_entries all = {0};
    nm_gens g = {.n = 1, .n_in = s->n, .x0 = s->x, .is_image = true};
    double c = 0;
    for (size_t i = 0; i < s->n; i++) c += s->x[i];
    c = isnan(e[1].all) ? c / (double)s->n : e[1].all;
    g.lo = nm_repeat(s->job, 1, -e->all);
    g.hi = nm_repeat(s->job, 1, e->all);
    g.at = nm_repeat(s->job, 1, 0);
    for (size_t i = 0; i < s->n; i++) nm_entries_add(s->job, &all, i, 0, s->x[i] - c);
    nm_gens_fill(s->job, &g, &all);
    nm_setting_gens(s, g, flag);
}

const nm_set nm_set_contrast = {read, make, NULL};
