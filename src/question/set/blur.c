/* blur.c: the image convolved with an unknown kernel (Tjeng, Xiao, Tedrake 2019, section 5.1; MIPVerify.jl's
 * BlurringPerturbationFamily): entries k[o][i][a][b] in [0,1] whose total is the number of channels,
 *     x[o][r][c] = sum over i, a, b of k[o][i][a][b] x0[i][r + a - (H-1)/2][c + b - (W-1)/2],
 * zero outside of the image (padding SAME; halves rounded down, as in TensorFlow). The kernel with 1 in the middle of
 * each k[o][o] gives the image itself. With C channels a kernel may put more weight on one of them and so brighten it;
 * the domain limits that. Generators: H W C^2 entries. */
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
    nm_setting_gens(s, nm_blur(s, &l, l.c, size), flag);
}

const nm_set nm_set_blur = {read, make, NULL};
