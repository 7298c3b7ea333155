/* fold.c: rows over inputs and kept units: everything else is substituted by pulling rows back (pull_back.c).
 *
 * If all unstable units are kept, the substitution is exact up to rounding, and one form serves for both sides of a
 * pre-activation. Otherwise the relaxed lines of the others are used, and a pre-activation gets two forms, one below
 * and one above it; a row of the question needs only the one below. Units that no kept row reaches never enter, so the
 * cone of influence needs no extra work. A row pulled back is  sum c v + cst +- err  with err from pull_back.c; its two
 * sides are moved outwards by err. A coefficient below NM_COEF_MIN, which readers would drop, is replaced by its range.
 * Cost: one batch walk for every 16 rows. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

/* Returns what lane `lane` of a finished walk holds: terms over kept units and inputs that are not fixed. */
static nm_expr collect(nm_enc *e, nm_batch *t, size_t lane)
{
    const nm_program *p = e->b->p;
    nm_expr x = {0};
    size_t cap_u = 0, cap_c = 0, n_c = 0;
    double cst = t->cst[lane], err = t->err[lane], mag = fabs(cst);
    for (int b = 0; b < (int)p->n_blocks; b++)
        for (size_t i = 0; i < t->n_live[b]; i++) {
            const uint32_t k = t->unit[b][i];
            const size_t u = p->blocks[b].first + k;
            const double c = t->y[b][k * NM_LANES + lane], lo = e->b->lo[u], hi = e->b->hi[u];
            if (c == 0 || (b > 0 && !e->x->keep[u])) continue;
            if (lo == hi) {
                cst += c * lo;
                mag += fabs(c * lo);
            } else if (fabs(c) < NM_COEF_MIN) {
                const double mid = 0.5 * lo + 0.5 * hi;
                cst += c * mid;
                mag += fabs(c * mid);
                err += fabs(c) * (hi - lo) * (0.5 + 4 * NM_ULP);
            } else {
                *NM_PUSH(e->job, x.unit, x.n, cap_u) = (uint32_t)u;
                *NM_PUSH(e->job, x.c, n_c, cap_c) = c;
            }
        }
    err = (err + (double)(p->n_units + 16) * NM_ULP * mag) *
          (1 + (double)(p->n_units + 64) * 4 * NM_ULP);
    x.lo = err == 0 ? cst : nm_down(cst - err);
    x.hi = err == 0 ? cst : nm_up(cst + err);
    return x;
}

/* Pulls units of one block back, times sign; ex[i] is for unit[i]. */
static void pull_units(nm_enc *e, nm_batch *t, int block, size_t n, const uint32_t *unit,
                       double sign, nm_expr *ex)
{
    for (size_t at = 0; at < n; at += NM_LANES) {
        nm_batch_clear(t);
        const size_t m = n - at < NM_LANES ? n - at : NM_LANES;
        for (size_t i = 0; i < m; i++) nm_batch_put(t, block, unit[at + i], (int)i, sign);
        nm_batch_pull(t, e->x, block); /* collect reads the lists of live units that it leaves */
        for (size_t i = 0; i < m; i++) ex[at + i] = collect(e, t, i);
    }
}

static void need(nm_fold *f, const nm_expr *x, bool inner)
{
    for (size_t k = 0; k < x->n; k++) {
        f->need[x->unit[k]] = true;
        if (inner) f->inner[x->unit[k]] = true;
    }
}

static void keep_relu(nm_enc *e, const nm_block *k)
{
    const size_t src = e->b->p->blocks[k->src].first;
    for (size_t i = 0; i < k->n; i++) {
        const bool unstable = nm_bounds_phase(e->b, src + i) == NM_UNSTABLE;
        const bool kept = e->only ? e->only[k->first + i] : !e->fold || unstable;
        e->x->keep[k->first + i] = !e->x->dead[k->first + i] && kept;
        e->relaxed |= unstable && !kept;
    }
}

static void keep_max(nm_enc *e, const nm_block *k)
{
    for (size_t i = 0; i < k->n; i++) {
        const size_t u = k->first + i;
        e->x->keep[u] = !(e->x->mlo[u] == e->x->mup[u] && e->x->sup[u] == 1 && e->x->cut[u] == 0);
    }
}

static void negate(nm_expr *x)
{
    const double lo = x->lo;
    for (size_t k = 0; k < x->n; k++) x->c[k] = -x->c[k];
    x->lo = -x->hi;
    x->hi = -lo;
}

int nm_enc_assumed(const nm_enc *e, const nm_block *k, size_t i)
{
    if (!e->base || k->kind != NM_RELU) return 0;
    const size_t pre = e->b->p->blocks[k->src].first + i;
    const nm_phase now = nm_bounds_phase(e->b, pre);
    if (nm_bounds_phase(e->base, pre) != NM_UNSTABLE || now == NM_UNSTABLE) return 0;
    return now == NM_INACTIVE ? 1 : -1;
}

/* Makes the forms of the pre-activations, or candidates, of all kept and needed units of block b. */
static void pull_block(nm_enc *e, nm_fold *f, int b)
{
    const nm_block *k = &e->b->p->blocks[b];
    const int source = k->kind == NM_MAX ? nm_max_source(e, k) : k->src;
    const size_t src_n = e->b->p->blocks[source].n, src_first = e->b->p->blocks[source].first;
    bool *want = NM_ARRAY(e->job, bool, src_n);
    uint32_t *list = NM_RAW(e->job, uint32_t, src_n);
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (nm_enc_assumed(e, k, i)) want[i] = true;
        if (!f->need[k->first + i] || !e->x->keep[k->first + i]) continue;
        if (k->kind == NM_RELU) want[i] = true;
        if (k->kind != NM_MAX) continue;
        const nm_encmax w = nm_max_candidates(e, k, i);
        for (size_t t = 0; t < w.n; t++)
            if (w.member[t] != NM_MAX_ZERO) want[w.member[t] - src_first] = true;
    }
    for (size_t i = 0; i < src_n; i++)
        if (want[i]) list[n++] = (uint32_t)i;
    nm_expr *ex = NM_ARRAY(e->job, nm_expr, n + 1), *up = ex;
    pull_units(e, f->t, source, n, list, 1, ex);
    if (e->relaxed) {
        up = NM_ARRAY(e->job, nm_expr, n + 1);
        pull_units(e, f->t, source, n, list, -1, up);
    }
    for (size_t i = 0; i < n; i++) {
        if (e->relaxed) negate(&up[i]);
        f->below[src_first + list[i]] = &ex[i];
        f->above[src_first + list[i]] = &up[i];
        need(f, &ex[i], true);
        need(f, &up[i], true);
    }
}

nm_fold *nm_fold_rows(nm_enc *e, size_t n_rows, const uint32_t *row)
{
    const nm_program *p = e->b->p;
    nm_fold *f = NM_NEW(e->job, nm_fold);
    f->t = nm_batch_new(e->job, p);
    f->need = NM_ARRAY(e->job, bool, p->n_units);
    f->inner = NM_ARRAY(e->job, bool, p->n_units);
    f->below = NM_ARRAY(e->job, nm_expr *, p->n_units);
    f->above = NM_ARRAY(e->job, nm_expr *, p->n_units);
    f->row = NM_ARRAY(e->job, nm_expr, n_rows + 1);
    f->n_rows = n_rows;
    for (int b = 1; b < e->q; b++) {
        if (p->blocks[b].kind == NM_RELU) keep_relu(e, &p->blocks[b]);
        if (p->blocks[b].kind == NM_MAX) keep_max(e, &p->blocks[b]);
    }
    pull_units(e, f->t, e->q, n_rows, row, 1, f->row);
    return f;
}

void nm_fold_units(nm_enc *e, nm_fold *f)
{
    const nm_program *p = e->b->p;
    for (size_t r = 0; r < f->n_rows; r++) need(f, &f->row[r], false);
    for (int b = e->q - 1; b > 0; b--)
        if (p->blocks[b].kind == NM_RELU || p->blocks[b].kind == NM_MAX) pull_block(e, f, b);
}

nm_expr nm_fold_hull(nm_enc *e, nm_fold *f, const nm_lines_of *lines, const nm_alpha *a,
                     uint32_t row)
{
    const nm_program *p = e->b->p;
    double *y = NM_RAW(e->job, double, p->n_units);
    const double g0 = nm_hull_row(e->job, lines, e->b, row, a, e->x->keep, y);
    nm_batch_clear(f->t);
    for (int b = 0; b < e->q; b++) {
        const nm_block *k = &p->blocks[b];
        for (size_t i = 0; i < k->n; i++)
            if (y[k->first + i] != 0) nm_batch_put(f->t, b, i, 0, y[k->first + i]);
        nm_batch_list(f->t, b);
    }
    f->t->cst[0] = g0;
    return collect(e, f->t, 0);
}
