/* crown.c: CROWN (Zhang, Weng, Chen, Hsieh, Daniel 2018): the backward pass of pull_back.c for every pre-activation
 * unit, block after block, each with the lines that follow from the bounds of earlier blocks.
 *
 * Only units of open sign get rows (two each: below and above), eight units a batch. For a layer that reads only the
 * input, interval bounds are exact and are kept. Results are intersected with interval bounds over the already
 * tightened earlier layers, which makes a great difference on deep networks (mnistfc 256x4: margin -4.2 -> -0.8).
 * Convolution units are taken position by position, so that the rows of a batch share their window. The lower slope is
 * 1 if u > -l, else 0, decided by CROWN's own bounds before the intersection: so lines, and therefore bounds, are never
 * looser than in plain CROWN. Rounding: see pull_back.c. `all_rows` gives every unit its rows, for tables of bounds.
 * Needs interval bounds; gives bounds of every pre-activation unit; leaves the input box unchanged. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

enum { PAIRS = NM_LANES / 2 };

/* Lists the units that need rows, ordered such that neighbours share windows. */
static size_t candidates(const nm_bounds *b, const nm_block *k, bool all, uint32_t *list)
{
    size_t area = 1, n = 0;
    for (size_t t = 0; t < k->n_lin; t++)
        if (k->lin[t].kind == NM_CONV) area = (size_t)(k->lin[t].geo.p * k->lin[t].geo.q);
    for (size_t pos = 0; pos < area; pos++)
        for (size_t u = pos; u < k->n; u += area)
            if (all || nm_bounds_phase(b, k->first + u) == NM_UNSTABLE) list[n++] = (uint32_t)u;
    return n;
}

static void pairs(nm_batch *t, nm_bounds *b, const nm_relax *x, int block, size_t n,
                  const uint32_t *unit, const nm_cut *cut)
{
    double lo[NM_LANES];
    const size_t first = b->p->blocks[block].first;
    for (size_t at = 0; at < n && !nm_stopped(t->job); at += PAIRS) {
        nm_batch_clear(t);
        const size_t m = n - at < PAIRS ? n - at : PAIRS;
        for (size_t i = 0; i < m; i++) {
            nm_batch_put(t, block, unit[at + i], (int)i, 1);
            nm_batch_put(t, block, unit[at + i], (int)i + PAIRS, -1);
        }
        nm_batch_pull(t, x, block);
        if (cut)
            nm_batch_lower_cut(t, b, cut, lo);
        else
            nm_batch_lower(t, b, lo);
        for (size_t i = 0; i < m; i++) {
            b->steep[first + unit[at + i]] = -lo[i + PAIRS] > -lo[i] ? 2 : 1;
            nm_bounds_meet(b, first + unit[at + i], lo[i], -lo[i + PAIRS], NM_BY_CROWN);
        }
    }
}

static void lower_rows(nm_batch *t, nm_bounds *b, const nm_relax *x, int block)
{
    double lo[NM_LANES];
    const nm_block *k = &b->p->blocks[block];
    for (size_t at = 0; at < k->n && !nm_stopped(t->job); at += NM_LANES) {
        nm_batch_clear(t);
        for (size_t i = at; i < k->n && i < at + NM_LANES; i++)
            nm_batch_put(t, block, i, (int)(i - at), 1);
        nm_batch_pull(t, x, block);
        nm_batch_lower(t, b, lo);
        for (size_t i = at; i < k->n && i < at + NM_LANES; i++)
            nm_bounds_meet(b, k->first + i, lo[i - at], INFINITY, NM_BY_CROWN);
    }
}

double nm_crown_work(const nm_bounds *b)
{
    double below = 0, work = 0;
    for (size_t k = 0; k < b->p->n_blocks; k++) {
        const nm_block *block = &b->p->blocks[k];
        size_t n = 0;
        below += nm_block_weights(block);
        for (size_t u = block->first; block->is_pre && u < block->first + block->n; u++)
            n += nm_bounds_phase(b, u) == NM_UNSTABLE;
        work += 2 * (double)n * below;
    }
    return work;
}

void nm_crown(nm_job *job, nm_bounds *b, nm_crown_opts o)
{
    const nm_program *p = b->p;
    const nm_mark mark = nm_mark_get(job);
    nm_relax *x = nm_relax_new(job, b);
    nm_batch *t = nm_batch_new(job, p);
    int done = 1;
    for (int k = 1; k < (int)p->n_blocks; k++) {
        const nm_block *block = &p->blocks[k];
        const bool is_query = k == o.query_block;
        if (block->kind != NM_AFFINE || !block->is_pre ||
            (!is_query && !o.cut && !b->n_balls && nm_reads_input_only(block)))
            continue;
        nm_interval(job, b, done, k + 1);
        nm_relax_set(x, b, done, k + 1);
        done = k + 1;
        if (is_query) {
            lower_rows(t, b, x, k);
            continue;
        }
        uint32_t *list = NM_RAW(job, uint32_t, block->n);
        const size_t n = candidates(b, block, o.all_rows, list);
        pairs(t, b, x, k, n, list, o.cut);
        if (b->empty) break;
        if (nm_stopped(job)) break;
    }
    nm_interval(job, b, done, (int)p->n_blocks);
    nm_mark_release(job, mark);
}
