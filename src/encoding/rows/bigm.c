/* bigm.c: exact big-M rows of a ReLU and of a maximum, with the unit's own bounds (Tjeng et al. 2019, eq. 4-9).
 *
 * ReLU. Given v = relu(a), a = sum c w + [lo,hi] (the interval covers rounding), L <= a <= U, L < 0 < U, z binary:
 *   (1)  sum c w - v          <= -lo           v >= a
 *   (2)  v - sum c w - L z    <=  hi - L       v <= a - L (1 - z)
 *   (3)  v - U z              <=  0            v <= U z
 *        0 <= v <= U
 * z = 1 gives v = a >= 0, z = 0 gives v = 0 >= a (up to the interval), so every feasible point is a point of the ReLU;
 * lift: z = [a > 0]. Its relaxation is the triangle. A unit that is kept although it is stable (without fold) is v = a,
 * by (1) and (2) without z; one for which only v >= a matters has (1) only.
 *
 * Maximum of a_1..a_n. Members whose upper bound is below the largest lower bound cannot be the largest and are left
 * out:
 *   (4)  a_t - m <= 0;   (5)  m - a_t + M_t z_t <= M_t,  M_t = max of the others' upper bounds - L_t;  (6)  sum z = 1.
 * lift: z of the first member that attains the maximum. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
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

static double top_of_others(const nm_bounds *b, size_t n, const size_t *member, size_t skip)
{
    double top = -INFINITY;
    for (size_t t = 0; t < n; t++)
        if (t != skip && b->hi[member[t]] > top) top = b->hi[member[t]];
    return top;
}

void nm_bigm_max(nm_enc *e, size_t u, size_t n, const size_t *member, const nm_form *below,
                 const nm_form *above)
{
    const nm_bounds *b = e->b;
    const uint32_t v = (uint32_t)e->col[u];
    double floor_lo = -INFINITY;
    for (size_t t = 0; t < n; t++)
        if (b->lo[member[t]] > floor_lo) floor_lo = b->lo[member[t]];
    uint32_t *j = NM_RAW(e->job, uint32_t, n);
    double *c = NM_RAW(e->job, double, n);
    size_t left = 0;
    for (size_t t = 0; t < n; t++) {
        const char *tail = nm_fmt(e->job, "%s_%zu", nm_enc_name(e, "", u), t);
        const double minus = -1;
        nm_enc_row(e, nm_fmt(e->job, "ra%s", tail), &below[t], 1, 1, &v, &minus, -below[t].lo);
        if (b->hi[member[t]] < floor_lo) continue;
        const double over = top_of_others(b, n, member, t) - b->lo[member[t]];
        const double big = over > NM_COEF_MIN ? nm_up(over) : over > 0 ? NM_COEF_MIN : 0;
        const uint32_t z = nm_model_col(e->job, e->m, nm_fmt(e->job, "z%s", tail), 0, 1, true);
        nm_enc_row(e, nm_fmt(e->job, "rb%s", tail), &above[t], -1, 2, (uint32_t[]){v, z},
                   (double[]){1, big}, nm_up(above[t].hi + big));
        if (left == 0) e->zcol[u] = (int32_t)z;
        j[left] = z;
        c[left++] = 1;
    }
    nm_model_row(e->job, e->m, nm_enc_name(e, "rs", u), 1, 1, left, j, c);
}

void nm_bigm_max_lift(const nm_enc *e, size_t u, size_t n, const uint32_t *idx, const double *src,
                      double *x)
{
    if (e->zcol[u] < 0) return;
    const nm_bounds *b = e->b;
    const nm_program *p = b->p;
    const size_t first = p->blocks[p->blocks[nm_program_block(p, u)].src].first;
    double floor_lo = -INFINITY, best = -INFINITY;
    for (size_t t = 0; t < n; t++) {
        if (b->lo[first + idx[t]] > floor_lo) floor_lo = b->lo[first + idx[t]];
        if (src[idx[t]] > best) best = src[idx[t]];
    }
    size_t z = (size_t)e->zcol[u];
    bool done = false;
    for (size_t t = 0; t < n; t++) {
        if (b->hi[first + idx[t]] < floor_lo) continue;
        x[z++] = !done && src[idx[t]] == best;
        done |= src[idx[t]] == best;
    }
}

const nm_encoding nm_enc_bigm = {.name = "bigm", .relu = nm_bigm_relu};
