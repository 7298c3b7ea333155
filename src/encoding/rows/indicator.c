/* indicator.c: a ReLU by indicator rows, which a solver may branch on or bound by itself; no big-M in the file.
 *
 *   v >= a;   z = 0 implies v <= 0;   z = 1 implies v <= a;   0 <= v <= U.
 * With z = 0 the first two rows force a <= 0. Exact as big-M is, and lift is big-M's: z = [a > 0]. Maxima keep their
 * big-M rows. */
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

static void relu(nm_enc *e, nm_encunit *w)
{
    const uint32_t v = (uint32_t)e->col[w->u], z = nm_enc_phase(e, w->u);
    const double minus = -1, plus = 1;
    nm_enc_row(e, nm_enc_name(e, "ra", w->u), &w->below, 1, 1, &v, &minus, -w->below.lo);
    nm_enc_row(e, nm_enc_name(e, "rb", w->u), &w->above, -1, 1, &v, &plus, w->above.hi);
    nm_model_when(e->m, z, true);
    nm_enc_row(e, nm_enc_name(e, "rc", w->u), &(nm_form){0}, 1, 1, &v, &plus, 0);
    nm_model_when(e->m, z, false);
}

const nm_encoding nm_enc_indicator = {.name = "indicator", .needs = NM_INDICATORS, .relu = relu};
