/* pixels.c: images that differ from the image in K pixels at most, each in all its channels (Su, Vargas, Sakurai
 * 2019: one pixel attacks). */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "question/set.h"

static const void *read(nm_job *job, const nm_setarg *a) { return nm_setarg_radius(job, a, true); }

static void make(nm_setting *s, const void *plan, const char *flag)
{
    const nm_layout l = nm_setting_layout(s, flag);
    nm_pixelset *p = NM_NEW(s->job, nm_pixelset);
    size_t *ptr = NM_RAW(s->job, size_t, l.h * l.w + 1), n = 0;
    uint32_t *idx = NM_RAW(s->job, uint32_t, s->n + 1);
    for (size_t k = 0; k < l.h * l.w; k++) {
        ptr[k] = n;
        for (size_t c = 0; c < l.c; c++) idx[n++] = (uint32_t)nm_layout_at(&l, c, k / l.w, k % l.w);
    }
    ptr[l.h * l.w] = n;
    *p = (nm_pixelset){l.h * l.w, ptr, idx};
    nm_setting_ball(s, NM_L0, *(const double *)plan, p);
}

const nm_set nm_set_pixels = {read, make, NULL};
