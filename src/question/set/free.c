/* free.c: the whole domain. */
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a)
{
    nm_setarg_none(job, a);
    return NULL;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    (void)s;
    (void)plan;
    (void)flag;
}

const nm_set nm_set_free = {read, make, NULL};
