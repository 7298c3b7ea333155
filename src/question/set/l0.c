/* l0.c: points that differ from the image in at most K elements; a colour pixel counts once for each channel that
 * differs (pixels.c counts it once). */
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a) { return nm_setarg_radius(job, a, true); }

static void make(nm_setting *s, const void *plan, const char *flag)
{
    (void)flag;
    nm_setting_ball(s, NM_L0, *(const double *)plan, NULL);
}

const nm_set nm_set_l0 = {read, make, NULL};
