/* tournament.c: a program in which every maximum has become ReLUs, so that whatever branches on signs of ReLUs also
 * decides who wins a maximum.
 *
 * max(a, b) = b + relu(a - b). The members of a maximum meet in pairs, the winners again, until one is left: m members
 * need m - 1 ReLUs in ceil(log2 m) rounds. A contestant is a sum of units, as b + relu(a - b) is; the difference of two
 * of them has coefficients 1 and -1, so that the new program is the same function in real arithmetic. Bounds gain too:
 * a - b is bounded as one row, where the line of a MAX unit sees its members' intervals alone. One block stands for
 * the former MAX block: an AFFINE one, with the same units in the same order. Cost: two blocks for each round.
 *
 * The largest of ReLUs is the ReLU of the largest. So a maximum of the units of a RELU block, as pools have it, is
 * played between their pre-activations, and one ReLU of the winner comes last: its block stands for the MAX block, and
 * the former RELU block goes if nothing else reads it. This saves a ReLU for each member, and makes the members affine,
 * so that bounds of a - b know what a and b have in common: windows of a convolution that overlap. The hulls of single
 * matches are the weaker for it; bounds/hull_windows.c has the hull of the whole maximum instead. */
#include "base/base.h"
#include "program/program.h"

enum { MOST_ROUNDS = 32 };

typedef struct {
    int block;
    uint32_t unit;
} ref;

typedef struct {
    size_t n;
    ref at[MOST_ROUNDS + 1]; /* its value is the sum of these units */
    uint32_t from, to;       /* the members that it has come from */
} contestant;

typedef struct {
    uint32_t row;
    ref at;
    double w;
} entry;

typedef struct {
    size_t n, cap;
    entry *e;
} entries;

/* Adds w times the contestant to a row; equal units are merged, and those that cancel stay with a coefficient of 0. */
static void add(nm_job *job, entries *list, size_t from, uint32_t row, const contestant *c,
                double w)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t k = from;
        while (k < list->n &&
               (list->e[k].at.block != c->at[i].block || list->e[k].at.unit != c->at[i].unit))
            k++;
        if (k < list->n)
            list->e[k].w += w;
        else
            *NM_PUSH(job, list->e, list->n, list->cap) = (entry){row, c->at[i], w};
    }
}

/* Gives the block `to`, the last one, operators that make these entries. */
static void fill(nm_job *job, const nm_program *p, nm_block *to, const entries *list)
{
    uint32_t *row = NM_RAW(job, uint32_t, list->n + 1), *col = NM_RAW(job, uint32_t, list->n + 1);
    double *w = NM_RAW(job, double, list->n + 1);
    for (int b = 0; &p->blocks[b] < to; b++) {
        size_t n = 0;
        for (size_t k = 0; k < list->n; k++) {
            if (list->e[k].at.block != b || list->e[k].w == 0) continue;
            row[n] = list->e[k].row;
            col[n] = list->e[k].at.unit;
            w[n++] = list->e[k].w;
        }
        if (n)
            nm_sparse_fill(job, nm_block_lin(job, to, NM_SPARSE, b, to->n, p->blocks[b].n), n, row,
                           col, w);
    }
}

/* Lets the contestants of each unit meet in pairs, in their order; a last one without an opponent goes on. */
static void play(nm_job *job, nm_program *p, const nm_block *max, contestant **c, size_t *left, nm_maximum *w)
{
    entries list = {0};
    uint32_t pairs = 0;
    size_t *before = NM_RAW(job, size_t, max->n + 1);
    const int relu = (int)p->n_blocks + 1;
    for (size_t i = 0; i < max->n; i++) {
        size_t n = 0;
        before[i] = w[i].n_matches;
        for (size_t m = 0; m < left[i]; m += 2) {
            contestant *winner = &c[i][n++];
            if (m + 1 < left[i]) {
                const size_t from = list.n;
                const contestant b = c[i][m + 1];
                add(job, &list, from, pairs, &c[i][m], 1);
                add(job, &list, from, pairs, &b, -1);
                const uint32_t first = c[i][m].from;
                w[i].match[w[i].n_matches++] = (nm_match){pairs, first, b.from, b.to};
                *winner = b;
                winner->from = first;
                winner->at[winner->n++] = (ref){relu, pairs++};
            } else {
                *winner = c[i][m];
            }
        }
        left[i] = n;
    }
    nm_block *d = nm_program_add(job, p, NM_AFFINE, max->name, pairs);
    fill(job, p, d, &list);
    nm_block *r = nm_program_add(job, p, NM_RELU, max->name, pairs);
    r->src = relu - 1;
    for (size_t i = 0; i < max->n; i++) /* the matches of this round are still numbered from 0 */
        for (size_t k = before[i]; k < w[i].n_matches; k++) w[i].match[k].u += (uint32_t)r->first;
}

/* Adds the blocks that stand for a MAX block whose members are in block `src` of p, or are ReLUs of its units; w
 * [max->n]: what has become of each maximum. */
static void add_tournament(nm_job *job, nm_program *p, const nm_block *max, int src,
                           bool are_relus, nm_maximum *w)
{
    contestant **c = NM_ARRAY(job, contestant *, max->n + 1);
    size_t *left = NM_ARRAY(job, size_t, max->n + 1), most = 0;
    for (size_t i = 0; i < max->n; i++) {
        left[i] = max->ptr[i + 1] - max->ptr[i];
        if (left[i] > most) most = left[i];
        c[i] = NM_ARRAY(job, contestant, left[i]);
        for (size_t m = 0; m < left[i]; m++)
            c[i][m] = (contestant){1, {{src, max->idx[max->ptr[i] + m]}}, (uint32_t)m, (uint32_t)m + 1};
        w[i] = (nm_maximum){.floor = are_relus, .block = src, .n = left[i], .member = max->idx + max->ptr[i]};
        w[i].match = NM_ARRAY(job, nm_match, left[i] + 1);
    }
    for (; most > 1; most -= most / 2) play(job, p, max, c, left, w);
    entries list = {0};
    for (size_t i = 0; i < max->n; i++) add(job, &list, list.n, (uint32_t)i, &c[i][0], 1);
    nm_block *end = nm_program_add(job, p, NM_AFFINE, max->name, max->n);
    fill(job, p, end, &list);
    const int winners = (int)p->n_blocks - 1;
    if (are_relus) nm_program_add(job, p, NM_RELU, max->name, max->n)->src = winners;
    for (size_t i = 0; i < max->n; i++) w[i].u = p->blocks[p->n_blocks - 1].first + i;
}

static void copy_block(nm_job *job, nm_program *p, const nm_block *from, const int *to)
{
    nm_block *k = nm_program_add(job, p, from->kind, from->name, from->n);
    const size_t first = k->first;
    *k = *from;
    k->first = first;
    k->is_pre = false;
    if (k->src >= 0) k->src = to[k->src];
    k->lin = NM_ARRAY(job, nm_lin, k->n_lin + 1);
    if (k->n_lin) memcpy(k->lin, from->lin, k->n_lin * sizeof *k->lin);
    for (size_t t = 0; t < k->n_lin; t++) k->lin[t].src = to[k->lin[t].src];
}

bool nm_only_maxima_read(const nm_program *p, size_t b)
{
    const nm_block *r = &p->blocks[b];
    bool any = false;
    if (r->kind != NM_RELU) return false;
    for (size_t i = 0; i < p->n_out; i++)
        if (p->out[i] >= 0 && (size_t)p->out[i] - r->first < r->n) return false;
    for (size_t k = b + 1; k < p->n_blocks; k++) {
        const nm_block *up = &p->blocks[k];
        for (size_t t = 0; t < up->n_lin; t++)
            if (up->lin[t].src == (int)b) return false;
        if (up->src != (int)b) continue;
        if (up->kind != NM_MAX) return false;
        any = true;
    }
    return any;
}

bool nm_program_has_maxima(const nm_program *p)
{
    for (size_t b = 0; b < p->n_blocks; b++)
        if (p->blocks[b].kind == NM_MAX) return true;
    return false;
}

nm_program *nm_program_tournaments(nm_job *job, const nm_program *old, int *to)
{
    nm_program *p = NM_NEW(job, nm_program);
    size_t most = 0;
    for (size_t b = 0; b < old->n_blocks; b++)
        if (old->blocks[b].kind == NM_MAX) most += old->blocks[b].n;
    nm_maximum *w = NM_ARRAY(job, nm_maximum, most + 1);
    p->window = w;
    for (size_t b = 0; b < old->n_blocks; b++) {
        const nm_block *k = &old->blocks[b];
        to[b] = -1;
        if (nm_only_maxima_read(old, b)) continue;
        if (k->kind != NM_MAX)
            copy_block(job, p, k, to);
        else if (old->blocks[k->src].kind == NM_RELU)
            add_tournament(job, p, k, to[old->blocks[k->src].src], true, w + p->n_windows);
        else
            add_tournament(job, p, k, to[k->src], false, w + p->n_windows);
        p->n_windows += k->kind == NM_MAX ? k->n : 0;
        to[b] = (int)p->n_blocks - 1;
    }
    p->n_out = old->n_out;
    p->x_first = old->x_first;
    p->out_const = old->out_const;
    p->out = NM_RAW(job, int32_t, p->n_out + 1);
    for (size_t i = 0; i < p->n_out; i++) {
        p->out[i] = -1;
        if (old->out[i] < 0) continue;
        const int b = nm_program_block(old, (size_t)old->out[i]);
        p->out[i] = (int32_t)(p->blocks[to[b]].first +
                              ((size_t)old->out[i] - old->blocks[b].first));
    }
    nm_program_recount(job, p);
    return p;
}
