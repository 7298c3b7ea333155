/* l1.c: points whose L1 distance from the image is E at most. */
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a) { return nm_setarg_radius(job, a, false); }

static void make(nm_setting *s, const void *plan, const char *flag)
{
    (void)flag;
    nm_setting_ball(s, NM_L1, *(const double *)plan, NULL);
}

static double most(double wide, double n) { return wide * n; }

const nm_set nm_set_l1 = {read, make, most};
