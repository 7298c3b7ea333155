/* box_input.c: the open rows of a box, pulled back to its inputs: what they leave of it, and along which input it is
 * bisected.
 *
 * An input's share in the change of the open rows is its width times a slope, divided by the sum of all of these. Two
 * kinds of slopes count alike. The first are |coefficients| of the rows pulled back with lower lines and with chords
 * (smears: Kearfott 1996); they are small where paths cancel or lower slopes are 0, although the relaxation still
 * loses much there. The second are sums, over all paths from the input to an open row, of |product of the weights and
 * of the chords' slopes h / (h - l) of the ReLUs on the path|: they never cancel. With smears alone, ACAS Xu property 1
 * on network 4_2 was not done after 400,000 boxes, nearly all of them cut along inputs that no longer mattered; it
 * takes 150. Cost: two passes for up to NM_LANES rows, and one over the weights, row by row. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/state.h"

nm_box_rows nm_box_rows_new(nm_job *job, const nm_bounds *b, const nm_case *c, uint32_t *const *row)
{
    nm_box_rows r = {.job = job, .b = b, .c = c, .row = row};
    r.lines = nm_relax_new(job, b);
    r.t = nm_batch_new(job, b->p);
    nm_relax_set(r.lines, b, 1, (int)b->p->n_blocks);
    return r;
}

void nm_box_rows_pull(nm_box_rows *r, const bool *open)
{
    const int q = (int)r->b->p->n_blocks - 1;
    r->open = open;
    r->n = 0;
    nm_batch_clear(r->t);
    for (size_t c = 0; c < r->c->n_clauses; c++)
        for (size_t k = 0; open[c] && k < r->c->clauses[c].n_rows && r->n < NM_LANES; k++)
            nm_batch_put(r->t, q, r->row[c][k], (int)r->n++, 1);
    nm_batch_pull(r->t, r->lines, q);
}

double nm_box_limit(const nm_row *r, double guard)
{
    return guard == 0 ? r->rhs : nm_up(r->rhs + guard);
}

bool nm_box_rows_cut(const nm_box_rows *r, double guard, nm_bounds *b)
{
    const size_t n = b->p->blocks[0].n;
    const nm_mark mark = nm_mark_get(r->job);
    double *g = NM_ARRAY(r->job, double, nm_pad8(n)), g0[NM_LANES];
    bool left = true;
    size_t c = 0;
    while (!r->open[c]) c++;
    nm_batch_constant(r->t, b, g0);
    for (size_t l = 0; l < r->n && left; l++) {
        for (size_t i = 0; i < n; i++) g[i] = r->t->live[0][i] ? r->t->y[0][i * NM_LANES + l] : 0;
        const nm_cut cut = {g, nm_up(nm_box_limit(&r->c->clauses[c].rows[l], guard) - g0[l])};
        left = !isfinite(cut.h) || nm_cut_box(b, &cut);
    }
    nm_mark_release(r->job, mark);
    return left;
}

/* Adds the slopes of the pulled-back rows, and to `sum`, unless NULL, their sum with signs. */
static void add_slopes(const nm_box_rows *r, double *slope, double *sum)
{
    for (size_t i = 0; i < r->b->p->blocks[0].n; i++)
        for (size_t l = 0; r->t->live[0][i] && l < r->n; l++) {
            const double y = r->t->y[0][i * NM_LANES + l];
            slope[i] += fabs(y);
            if (sum) sum[i] += y;
        }
}

const double *nm_box_gains(const nm_box_rows *r)
{
    const nm_bounds *b = r->b;
    double *gain = NM_ARRAY(r->job, double, b->p->blocks[0].n);
    add_slopes(r, gain, NULL);
    for (size_t i = 0; i < b->p->blocks[0].n; i++) gain[i] *= b->hi[i] - b->lo[i];
    return gain;
}

/* Adds the inputs' shares in the change of the rows, 1 in all. */
static void add_shares(const nm_bounds *b, const double *slope, double *share)
{
    double all = NM_TINY;
    const size_t n = b->p->blocks[0].n;
    for (size_t i = 0; i < n; i++) all += slope[i] * (b->hi[i] - b->lo[i]);
    for (size_t i = 0; i < n; i++) share[i] += slope[i] * (b->hi[i] - b->lo[i]) / all;
}

/* ---- slopes of paths ---- */

typedef struct {
    double *to, v;
} path_sum;

static void add_path(void *arg, size_t j, double w)
{
    path_sum *a = arg;
    a->to[j] += a->v * fabs(w);
}

static double chord(double lo, double hi) { return hi <= 0 ? 0 : lo >= 0 ? 1 : hi / (hi - lo); }

/* Returns the slopes of all units; those of block 0 are the inputs'. */
static const double *path_slopes(const nm_box_rows *r)
{
    const nm_bounds *b = r->b;
    const nm_program *p = b->p;
    double *sum = NM_ARRAY(r->job, double, p->n_units);
    for (size_t c = 0; c < r->c->n_clauses; c++)
        for (size_t k = 0; r->open[c] && k < r->c->clauses[c].n_rows; k++)
            sum[p->blocks[p->n_blocks - 1].first + r->row[c][k]] = 1;
    for (size_t k = p->n_blocks - 1; k > 0; k--) {
        const nm_block *block = &p->blocks[k];
        const size_t src = block->src >= 0 ? p->blocks[block->src].first : 0;
        for (size_t i = 0; i < block->n; i++) {
            const double v = sum[block->first + i];
            if (v == 0) continue;
            if (block->kind == NM_RELU) sum[src + i] += v * chord(b->lo[src + i], b->hi[src + i]);
            if (block->kind == NM_MAX)
                for (size_t t = block->ptr[i]; t < block->ptr[i + 1]; t++)
                    sum[src + block->idx[t]] += v;
            for (size_t t = 0; block->kind == NM_AFFINE && t < block->n_lin; t++) {
                path_sum a = {sum + p->blocks[block->lin[t].src].first, v};
                nm_lin_row(&block->lin[t], i, add_path, &a);
            }
        }
    }
    return sum;
}

/* ---- the choice ---- */

const double *nm_box_shares(nm_box_rows *r, double *sum)
{
    const nm_program *p = r->b->p;
    const size_t n = p->blocks[0].n;
    double *share = NM_ARRAY(r->job, double, n), *slope = NM_ARRAY(r->job, double, n);
    add_slopes(r, slope, sum);
    for (size_t k = 1; k < p->n_blocks; k++) {
        const nm_block *relu = &p->blocks[k];
        if (relu->kind == NM_RELU)
            memcpy(r->lines->slo + relu->first, r->lines->sup + relu->first,
                   relu->n * sizeof *slope);
    }
    nm_box_rows_pull(r, r->open);
    add_slopes(r, slope, NULL);
    add_shares(r->b, slope, share);
    add_shares(r->b, path_slopes(r), share);
    return share;
}

size_t nm_box_input(nm_box_rows *r, bool *high)
{
    const size_t n = r->b->p->blocks[0].n;
    double *sum = NM_ARRAY(r->job, double, n);
    const double *share = nm_box_shares(r, sum);
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (share[i] > share[best]) best = i;
    *high = sum[best] < 0;
    return best;
}

bool nm_box_meet_sums(const nm_gens *g, nm_bounds *b)
{
    for (size_t k = 0; g && k < g->n_sums; k++) {
        const nm_sum *m = &g->sums[k];
        double lo = 0, hi = 0, mag = fabs(m->total);
        for (size_t i = m->first; i < m->first + m->n; i++) {
            lo += b->lo[i];
            hi += b->hi[i];
            mag += fabs(b->lo[i]) + fabs(b->hi[i]);
        }
        /* of rounding, in the sums of ends */
        const double fee = (double)(m->n + 8) * NM_ULP * mag;
        if (lo - fee > m->total || hi + fee < m->total) return false;
        for (size_t i = m->first; i < m->first + m->n; i++)
            nm_bounds_meet(b, i, m->total - (hi - b->hi[i]) - fee, m->total - (lo - b->lo[i]) + fee,
                           NM_BY_INTERVAL);
    }
    return !b->empty;
}

double nm_box_middle(const nm_gens *g, const nm_bounds *b, size_t i)
{
    for (size_t k = 0; g && k < g->n_sums; k++) {
        const nm_sum *m = &g->sums[k];
        double lo = 0, wide = 0;
        if (i < m->first || i >= m->first + m->n) continue;
        for (size_t j = m->first; j < m->first + m->n; j++) {
            lo += b->lo[j];
            wide += b->hi[j] - b->lo[j];
        }
        return b->lo[i] + (b->hi[i] - b->lo[i]) * fmin(fmax((m->total - lo) / wide, 0.1), 0.9);
    }
    return 0.5 * b->lo[i] + 0.5 * b->hi[i];
}
