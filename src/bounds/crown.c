/* crown.c: CROWN (Zhang, Weng, Chen, Hsieh, Daniel 2018): the backward pass of pull_back.c for every pre-activation
 * unit, block after block, each with the lines that follow from the bounds of earlier blocks.
 *
 * Only units of open sign get rows (two each: below and above), eight units a batch. For a layer that reads only the
 * input, interval bounds are exact and are kept. Results are intersected with interval bounds over the already
 * tightened earlier layers, which makes a great difference on deep networks (mnistfc 256x4: margin -4.2 -> -0.8).
 * Units of convolutions and of sparse operators are taken window by window, so that the rows of a batch share
 * theirs. The lower slope is 1 if u > -l, else 0, decided by CROWN's own bounds before the intersection: so lines,
 * and therefore bounds, are never looser than in plain CROWN. Batches of a block share the job's threads. Rounding:
 * see pull_back.c. `all_rows` gives every unit its rows, for tables of bounds. Needs interval bounds; gives bounds
 * of every pre-activation unit; leaves the input box unchanged. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

#include <stdlib.h>

enum { PAIRS = NM_LANES / 2 };

/* Returns the operator whose windows a block's units have, through maps unit by unit; NULL if there is none. */
static const nm_lin *windows(const nm_program *p, const nm_block *k)
{
    for (size_t t = 0; t < k->n_lin; t++)
        if (k->lin[t].kind != NM_DENSE && k->lin[t].kind != NM_GATHER) return &k->lin[t];
    for (size_t t = 0; t < k->n_lin; t++) {
        const nm_lin *a = &k->lin[t];
        const nm_lin *below = a->kind == NM_GATHER && !a->idx ? windows(p, &p->blocks[a->src])
                                                              : NULL;
        if (below) return below;
    }
    return NULL;
}

/* Returns where the window of unit u begins. */
static size_t window_at(const nm_lin *a, size_t u)
{
    if (!a) return 0;
    if (a->kind == NM_CONV) return u % (size_t)(a->geo.p * a->geo.q);
    if (a->kind == NM_CONVT) return u % (size_t)(a->geo.h * a->geo.w);
    return a->ptr[u] < a->ptr[u + 1] ? a->idx[a->ptr[u]] : 0;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Lists the units that need rows, ordered such that neighbours share windows. */
static size_t candidates(nm_job *job, const nm_bounds *b, const nm_block *k, bool all,
                         uint32_t *list)
{
    const nm_lin *a = windows(b->p, k);
    const nm_mark mark = nm_mark_get(job);
    uint64_t *key = NM_RAW(job, uint64_t, k->n);
    size_t n = 0;
    for (size_t u = 0; u < k->n; u++)
        if (all || nm_bounds_open(b, k->first + u))
            key[n++] = (uint64_t)window_at(a, u) << 32 | u;
    qsort(key, n, sizeof *key, by_value);
    for (size_t i = 0; i < n; i++) list[i] = (uint32_t)key[i];
    nm_mark_release(job, mark);
    return n;
}

/* rows from below and from above for some units of a block; each thread takes PAIRS units at a time */
typedef struct {
    nm_batch *t; /* of the thread that asks */
    const nm_bounds *b;
    const nm_relax *x;
    const nm_cut *cut;
    int block;
    size_t n;
    const uint32_t *unit; /* [n] */
    double *lo, *hi;      /* [n], NaN: not done */
} pass;

static void take_pairs(nm_job *job, void *arg, nm_turns *turns)
{
    const pass *s = arg;
    nm_batch *t = job == s->t->job ? s->t : nm_batch_new(job, s->b->p);
    double lo[NM_LANES];
    for (size_t turn; nm_turns_next(job, turns, &turn);) {
        const size_t at = turn * PAIRS, m = s->n - at < PAIRS ? s->n - at : PAIRS;
        nm_batch_clear(t);
        for (size_t i = 0; i < m; i++) {
            nm_batch_put(t, s->block, s->unit[at + i], (int)i, 1);
            nm_batch_put(t, s->block, s->unit[at + i], (int)i + PAIRS, -1);
        }
        nm_batch_pull(t, s->x, s->block);
        if (s->cut)
            nm_batch_lower_cut(t, s->b, s->cut, lo);
        else
            nm_batch_lower(t, s->b, lo);
        for (size_t i = 0; i < m; i++) {
            s->lo[at + i] = lo[i];
            s->hi[at + i] = -lo[i + PAIRS];
        }
    }
}

/* Bounds the listed units of a block, shared among the job's threads; all are met at the end, in order. */
static void pairs(nm_batch *t, nm_bounds *b, const nm_relax *x, int block, size_t n,
                  const uint32_t *unit, const nm_cut *cut)
{
    const size_t first = b->p->blocks[block].first;
    double *lo = nm_repeat(t->job, 2 * n + 1, NAN), *hi = lo + n;
    pass s = {t, b, x, cut, block, n, unit, lo, hi};
    double work = 0;
    for (int k = 1; k <= block; k++) work += 2 * (double)n * nm_block_weights(&b->p->blocks[k]);
    nm_team_run(t->job, (n + PAIRS - 1) / PAIRS, work, take_pairs, &s);
    for (size_t i = 0; i < n; i++) {
        if (isnan(lo[i]) || isnan(hi[i])) continue;
        b->steep[first + unit[i]] = nm_steep(lo[i], hi[i]) ? 2 : 1;
        nm_bounds_meet(b, first + unit[i], lo[i], hi[i], NM_BY_CROWN);
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
            n += nm_bounds_open(b, u);
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
        const size_t n = candidates(job, b, block, o.all_rows, list);
        pairs(t, b, x, k, n, list, o.cut);
        if (b->empty) break;
        if (nm_stopped(job)) break;
    }
    nm_interval(job, b, done, (int)p->n_blocks);
    nm_mark_release(job, mark);
}
