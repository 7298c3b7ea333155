/* maximum.c: exact big-M rows of a maximum, with its candidates' own bounds.
 *
 * The candidates of a maximum of ReLUs that nothing else reads are the pre-activations, and 0 unless one of them is
 * never below it: max(relu(a), relu(b)) = max(a, b, 0). So these ReLUs need neither columns nor binaries, and the
 * candidates are forms over what the ReLUs read. This holds with `fold`; without it, or if the encoding chooses which
 * ReLUs to keep, the candidates are the ReLUs.
 *
 * m = max of a_1..a_n, a_t = sum c w + [lo,hi], L_t <= a_t <= U_t, z_t binary. Candidates whose upper bound is below
 * the largest lower bound cannot be the largest; they have row (4) alone:
 *   (4)  a_t - m <= 0;   (5)  m - a_t + M_t z_t <= M_t,  M_t = max of the others' upper bounds - L_t;  (6)  sum z = 1.
 * lift: z of the first candidate that attains the maximum. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

int nm_max_source(const nm_enc *e, const nm_block *k)
{
    const nm_block *r = &e->b->p->blocks[k->src];
    return e->fold && !e->only && nm_only_maxima_read(e->b->p, (size_t)k->src) ? r->src : k->src;
}

nm_encmax nm_max_candidates(const nm_enc *e, const nm_block *k, size_t i)
{
    const nm_bounds *b = e->b;
    const int source = nm_max_source(e, k);
    const size_t first = b->p->blocks[source].first, most = k->ptr[i + 1] - k->ptr[i];
    nm_encmax w = {.u = k->first + i, .member = NM_RAW(e->job, size_t, most + 1), .floor = -INFINITY};
    for (size_t t = 0; t < most; t++) {
        const size_t u = first + k->idx[k->ptr[i] + t];
        if (source != k->src && b->hi[u] <= 0) continue; /* its ReLU is 0 */
        w.member[w.n++] = u;
        w.floor = nm_larger(w.floor, b->lo[u]);
    }
    if (source == k->src || w.floor >= 0) return w;
    w.member[w.n++] = NM_MAX_ZERO;
    w.floor = 0;
    return w;
}

static double lo_of(const nm_bounds *b, size_t member) { return member == NM_MAX_ZERO ? 0 : b->lo[member]; }
static double hi_of(const nm_bounds *b, size_t member) { return member == NM_MAX_ZERO ? 0 : b->hi[member]; }

static double top_of_others(const nm_bounds *b, const nm_encmax *w, size_t skip)
{
    double top = -INFINITY;
    for (size_t t = 0; t < w->n; t++)
        if (t != skip) top = nm_larger(top, hi_of(b, w->member[t]));
    return top;
}

void nm_max_rows(nm_enc *e, nm_encmax *w)
{
    const nm_bounds *b = e->b;
    const uint32_t v = (uint32_t)e->col[w->u];
    const double minus = -1;
    uint32_t *j = NM_RAW(e->job, uint32_t, w->n);
    double *c = NM_RAW(e->job, double, w->n);
    size_t left = 0;
    w->z = NM_RAW(e->job, int64_t, w->n);
    for (size_t t = 0; t < w->n; t++) {
        const char *tail = nm_fmt(e->job, "%s_%zu", nm_enc_name(e, "", w->u), t);
        w->z[t] = -1;
        if (w->member[t] != NM_MAX_ZERO) /* the column itself is 0 or more */
            nm_enc_row(e, nm_fmt(e->job, "ra%s", tail), &w->below[t], 1, 1, &v, &minus, -w->below[t].lo);
        if (hi_of(b, w->member[t]) < w->floor) continue;
        const double over = top_of_others(b, w, t) - lo_of(b, w->member[t]);
        const double big = over > NM_COEF_MIN ? nm_up(over) : over > 0 ? NM_COEF_MIN : 0;
        const uint32_t z = nm_model_col(e->job, e->m, nm_fmt(e->job, "z%s", tail), 0, 1, true);
        nm_enc_row(e, nm_fmt(e->job, "rb%s", tail), &w->above[t], -1, 2, (uint32_t[]){v, z},
                   (double[]){1, big}, nm_up(w->above[t].hi + big));
        if (left == 0) e->zcol[w->u] = (int32_t)z;
        w->z[t] = z;
        j[left] = z;
        c[left++] = 1;
    }
    nm_model_row(e->job, e->m, nm_enc_name(e, "rs", w->u), 1, 1, left, j, c);
}

void nm_max_lift(const nm_encmax *w, const double *unit, double *x)
{
    double best = -INFINITY;
    for (size_t t = 0; t < w->n; t++)
        best = nm_larger(best, w->member[t] == NM_MAX_ZERO ? 0 : unit[w->member[t]]);
    bool done = false;
    for (size_t t = 0; t < w->n; t++) {
        if (w->z[t] < 0) continue;
        const bool wins = !done && (w->member[t] == NM_MAX_ZERO ? 0 : unit[w->member[t]]) == best;
        x[w->z[t]] = wins;
        done |= wins;
    }
}
