/* blur1.c: as blur (blur.c), but with one kernel for each channel, which reads only this channel and adds up to 1:
 * colours do not mix, and no image leaves a domain that contains 0 and the image's values. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a)
{
    const char *s = nm_setarg_get(job, a);
    size_t *size = NM_ARRAY(job, size_t, 2);
    nm_setting_size(job, a, s, s + strlen(s), size);
    return size;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    const size_t *size = plan;
    const nm_layout l = nm_setting_layout(s, flag);
    nm_setting_gens(s, nm_blur(s, &l, 1, size), flag);
}

const nm_set nm_set_blur1 = {read, make, NULL};
