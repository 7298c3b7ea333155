/* needed.c: which units the last block depends on. A question about a few cells of a picture's output depends on a
 * window of each layer; units outside of it need no bounds. Blocks are walked from the last to the first, unit by unit,
 * until all units of a block are needed, through which alone the blocks
 * below are read: these are then taken to be needed, too. Cost: at most one look at each weight. */
#include "base/base.h"
#include "program/program.h"

typedef struct {
    unsigned char *needed;
    size_t first;
} marking;

static void mark(void *arg, size_t j, double w)
{
    marking *m = arg;
    if (w != 0) m->needed[m->first + j] = 1;
}

/* Marks what the needed units of a block read. */
static void mark_below(const nm_program *p, const nm_block *k, unsigned char *needed)
{
    const size_t src = k->kind == NM_AFFINE ? 0 : p->blocks[k->src].first;
    for (size_t i = 0; i < k->n; i++) {
        if (!needed[k->first + i]) continue;
        if (k->kind == NM_RELU) needed[src + i] = 1;
        for (size_t t = 0; k->kind == NM_MAX && t < k->ptr[i + 1] - k->ptr[i]; t++)
            needed[src + k->idx[k->ptr[i] + t]] = 1;
        for (size_t t = 0; k->kind == NM_AFFINE && t < k->n_lin; t++) {
            marking m = {needed, p->blocks[k->lin[t].src].first};
            nm_lin_row(&k->lin[t], i, mark, &m);
        }
    }
}

/* Returns the first block that a block reads. */
static size_t lowest_source(const nm_block *k)
{
    size_t low = k->kind == NM_AFFINE ? SIZE_MAX : (size_t)k->src;
    for (size_t t = 0; k->kind == NM_AFFINE && t < k->n_lin; t++)
        if ((size_t)k->lin[t].src < low) low = (size_t)k->lin[t].src;
    return low;
}

static bool all_needed(const nm_block *k, const unsigned char *needed)
{
    return memchr(needed + k->first, 0, k->n) == NULL;
}

void nm_program_need(nm_job *job, nm_program *p)
{
    const nm_mark mark = nm_mark_get(job);
    unsigned char *needed = NM_ARRAY(job, unsigned char, p->n_units + 1);
    size_t low = p->n_blocks - 1; /* the first block that a block above b reads */
    bool some = false;            /* there are units that are not needed */
    memset(needed + p->blocks[low].first, 1, p->blocks[low].n);
    for (size_t b = p->n_blocks - 1; b > 0; b--) {
        const nm_block *k = &p->blocks[b];
        /* what lies below is read through this block alone */
        if (b <= low && b + 1 < p->n_blocks && all_needed(k, needed)) {
            memset(needed, 1, k->first);
            break;
        }
        some |= k->is_pre && !all_needed(k, needed);
        mark_below(p, k, needed);
        if (lowest_source(k) < low) low = lowest_source(k);
    }
    if (some)
        p->needed = needed;
    else
        nm_mark_release(job, mark);
}
