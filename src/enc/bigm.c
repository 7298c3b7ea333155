/* enc/bigm.c: exact big-M rows of a ReLU and of a maximum, with the unit's own bounds (Tjeng et al. 2019, eq. 4-9).
 *
 * ReLU. Given v = relu(a), a = sum c w + [lo,hi] (the interval pays for rounding), L <= a <= U, L < 0 < U, z binary:
 *   (1)  sum c w - v          <= -lo           v >= a
 *   (2)  v - sum c w - L z    <=  hi - L       v <= a - L (1 - z)
 *   (3)  v - U z              <=  0            v <= U z
 *        0 <= v <= U
 * z = 1 gives v = a >= 0, z = 0 gives v = 0 >= a (up to the interval), so every feasible point is a point of the ReLU;
 * lift: z = [a > 0]. Its relaxation is the triangle. A unit that is not unstable (kept without fold) is v = a, by (1)
 * and (2) without z.
 *
 * Maximum of a_1..a_n. Members whose upper bound is below the largest lower bound L* cannot win and are left out:
 *   (4)  a_t - m <= 0;   (5)  m - a_t + M_t z_t <= M_t,  M_t = max of the others' upper bounds - L_t;  (6)  sum z = 1.
 * lift: z of the first member that attains the maximum. */
#include "all.h"

static const char *name(const nm_enc *e, const char *kind, size_t u)
{
    const int b = nm_program_block(e->b->p, u);
    return nm_fmt(e->job, "%s%d_%zu", kind, b, u - e->b->p->blocks[b].first);
}

static uint32_t binary(nm_enc *e, const char *what)
{
    return nm_model_col(e->job, e->m, what, 0, 1, true);
}

/* sum c w + cv v + cz z <= rhs, the form's own terms times sign */
static void row(nm_enc *e, const char *what, const nm_form *f, double sign, uint32_t v, double cv,
                int64_t z, double cz, double rhs)
{
    uint32_t *j = NM_RAW(e->job, uint32_t, f->n + 2);
    double *c = NM_RAW(e->job, double, f->n + 2);
    size_t n = f->n;
    for (size_t k = 0; k < n; k++) {
        j[k] = f->j[k];
        c[k] = sign * f->c[k];
    }
    j[n] = v;
    c[n++] = cv;
    if (z >= 0) {
        j[n] = (uint32_t)z;
        c[n++] = cz;
    }
    nm_model_row(e->job, e->m, what, -INFINITY, rhs == 0 ? 0 : rhs, n, j, c);
}

void nm_bigm_relu(nm_enc *e, size_t u, size_t pre, nm_form f)
{
    const double lo = e->b->lo[pre], hi = e->b->hi[pre];
    /* coefficients that readers would drop are enlarged, which only relaxes */
    const double low = lo > -NM_COEF_MIN ? -NM_COEF_MIN : lo,
                 top = hi < NM_COEF_MIN ? NM_COEF_MIN : hi;
    const uint32_t v = (uint32_t)e->col[u];
    row(e, name(e, "ra", u), &f, 1, v, -1, -1, 0, -f.lo);
    if (lo >= 0) {
        row(e, name(e, "rb", u), &f, -1, v, 1, -1, 0, f.hi);
        return;
    }
    const uint32_t z = binary(e, name(e, "z", u));
    e->zcol[u] = (int32_t)z;
    row(e, name(e, "rb", u), &f, -1, v, 1, z, -low, nm_up(f.hi - low));
    row(e, name(e, "rc", u), &(nm_form){0}, 1, v, 1, z, -top, 0);
}

void nm_bigm_relu_lift(const nm_enc *e, size_t u, double pre, double *x)
{
    if (e->zcol[u] >= 0) x[e->zcol[u]] = pre > 0;
}

static double top_of_others(const nm_bounds *b, size_t n, const size_t *member, size_t skip)
{
    double top = -INFINITY;
    for (size_t t = 0; t < n; t++)
        if (t != skip && b->hi[member[t]] > top) top = b->hi[member[t]];
    return top;
}

void nm_bigm_max(nm_enc *e, size_t u, size_t n, const size_t *member, const nm_form *f)
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
        const char *tail = nm_fmt(e->job, "%s_%zu", name(e, "", u), t);
        row(e, nm_fmt(e->job, "ra%s", tail), &f[t], 1, v, -1, -1, 0, -f[t].lo);
        if (b->hi[member[t]] < floor_lo) continue;
        const double over = top_of_others(b, n, member, t) - b->lo[member[t]];
        const double big = over > NM_COEF_MIN ? nm_up(over) : over > 0 ? NM_COEF_MIN : 0;
        const uint32_t z = binary(e, nm_fmt(e->job, "z%s", tail));
        row(e, nm_fmt(e->job, "rb%s", tail), &f[t], -1, v, 1, z, big, nm_up(f[t].hi + big));
        if (left == 0) e->zcol[u] = (int32_t)z;
        j[left] = z;
        c[left++] = 1;
    }
    nm_model_row(e->job, e->m, name(e, "rs", u), 1, 1, left, j, c);
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
