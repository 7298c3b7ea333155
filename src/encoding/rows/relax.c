/* relax.c: the triangle of every unstable unit, no binaries: v >= a, v >= 0, v <= U (a - L)/(U - L).
 *
 * The chord is s a + cut, with s = U/(U - L) rounded, and cut the larger of what both ends of [L, U] then need, rounded
 * up (pull_back.c); the products s c in the row are rounded too, and their errors, times the columns' largest values,
 * are added to its right side. A relaxation: `infeasible` proves, a point must be checked. */
#include "base/base.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

static void relu(nm_enc *e, nm_encunit *w)
{
    const uint32_t v = (uint32_t)e->col[w->u];
    const double s = e->x->sup[w->u], cut = e->x->cut[w->u], minus = -1;
    nm_enc_row(e, nm_enc_name(e, "ra", w->u), &w->below, 1, 1, &v, &minus, -w->below.lo);
    double *c = NM_RAW(e->job, double, w->above.n + 1);
    double fee = 0;
    for (size_t k = 0; k < w->above.n; k++) {
        const nm_col *x = &e->m->cols[w->above.j[k]];
        c[k] = s * w->above.c[k]; /* off by half an ulp, times the column's largest value */
        fee += NM_ULP * fabs(c[k]) * fmax(fabs(x->lo), fabs(x->hi));
    }
    const nm_form scaled = {w->above.n, w->above.j, c, 0, 0};
    const double up = s * w->above.hi, plus = 1;
    const double slack = fee * (1 + (double)(w->above.n + 8) * NM_ULP) +
                         4 * NM_ULP * (fabs(up) + fabs(cut)) + NM_TINY;
    nm_enc_row(e, nm_enc_name(e, "rt", w->u), &scaled, -1, 1, &v, &plus, nm_up(up + cut + slack));
}

const nm_encoding nm_enc_relax = {.name = "relax", .is_relaxation = true, .relu = relu};
