/* sos1.c: a ReLU by complementarity: no binary, the solver branches on which of two columns is 0.
 *
 *   v - s = a (two rows, as the interval covers rounding);   0 <= v <= U, 0 <= s <= -L;   SOS1 {v, s}.
 * One of v and s is 0: a > 0 gives v = a, a < 0 gives s = -a. Exact; lift: s = max(0, -a). Maxima have big-M rows. */
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

static void relu(nm_enc *e, nm_encunit *w)
{
    const uint32_t v = (uint32_t)e->col[w->u];
    const uint32_t s = nm_model_col(e->job, e->m, nm_enc_name(e, "s", w->u), 0, -e->b->lo[w->pre],
                                    false);
    const uint32_t j[2] = {v, s};
    w->extra = s;
    nm_enc_row(e, nm_enc_name(e, "ra", w->u), &w->below, 1, 2, j, (double[]){-1, 1}, -w->below.lo);
    nm_enc_row(e, nm_enc_name(e, "rb", w->u), &w->above, -1, 2, j, (double[]){1, -1}, w->above.hi);
    nm_model_sos1(e->job, e->m, nm_enc_name(e, "sos", w->u), 2, j);
}

static void lift(const nm_enc *e, const nm_encunit *w, double pre, double *x)
{
    (void)e;
    if (w->extra >= 0) x[w->extra] = pre < 0 ? -pre : 0;
}

const nm_encoding nm_enc_sos1 = {.name = "sos1", .needs = NM_SOS1, .relu = relu, .lift = lift};
