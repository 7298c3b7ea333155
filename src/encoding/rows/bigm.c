/* bigm.c: exact big-M rows of a ReLU, with the unit's own bounds (Tjeng et al. 2019, eq. 4-9); maxima: maximum.c.
 *
 * ReLU. Given v = relu(a), a = sum c w + [lo,hi] (the interval covers rounding), L <= a <= U, L < 0 < U, z binary:
 *   (1)  sum c w - v          <= -lo           v >= a
 *   (2)  v - sum c w - L z    <=  hi - L       v <= a - L (1 - z)
 *   (3)  v - U z              <=  0            v <= U z
 *        0 <= v <= U
 * z = 1 gives v = a >= 0, z = 0 gives v = 0 >= a (up to the interval), so every feasible point is a point of the ReLU;
 * lift: z = [a > 0]. Its relaxation is the triangle. A unit that is kept although it is stable (without fold) is v = a,
 * by (1) and (2) without z; one for which only v >= a matters has (1) only. */
#include "base/base.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

void nm_bigm_relu(nm_enc *e, nm_encunit *w)
{
    const double lo = e->b->lo[w->pre], hi = e->b->hi[w->pre];
    /* coefficients that readers would drop are enlarged, which only relaxes */
    const double low = lo > -NM_COEF_MIN ? -NM_COEF_MIN : lo,
                 top = hi < NM_COEF_MIN ? NM_COEF_MIN : hi;
    const uint32_t v = (uint32_t)e->col[w->u];
    const double minus = -1, plus = 1;
    nm_enc_row(e, nm_enc_name(e, "ra", w->u), &w->below, 1, 1, &v, &minus, -w->below.lo);
    if (w->one_sided) return;
    if (lo >= 0) {
        nm_enc_row(e, nm_enc_name(e, "rb", w->u), &w->above, -1, 1, &v, &plus, w->above.hi);
        return;
    }
    const uint32_t j[2] = {v, nm_enc_phase(e, w->u)};
    nm_enc_row(e, nm_enc_name(e, "rb", w->u), &w->above, -1, 2, j, (double[]){1, -low},
               nm_up(w->above.hi - low));
    nm_enc_row(e, nm_enc_name(e, "rc", w->u), &(nm_form){0}, 1, 2, j, (double[]){1, -top}, 0);
}

const nm_encoding nm_enc_bigm = {.name = "bigm", .relu = nm_bigm_relu};
