/* path_slopes.c: how strongly each input can change the rows of a question, if nothing cancels.
 *
 * The slope of an input is the sum, over all paths from it to one of the rows, of |product of the weights and of the
 * chords' slopes h / (h - l) of the ReLUs on the path|. A row that is pulled back with linear bounds has small
 * coefficients where paths cancel or lower slopes are 0, although its relaxation still loses much there; a box that is
 * bisected by these alone may never be cut along such an input. Cost: one pass over the weights, row by row. */
#include "program/program.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

typedef struct {
    double *to, v;
} path_sum;

static void add_path(void *arg, size_t j, double w)
{
    path_sum *a = arg;
    a->to[j] += a->v * fabs(w);
}

static double chord(double lo, double hi) { return hi <= 0 ? 0 : lo >= 0 ? 1 : hi / (hi - lo); }

void nm_path_slopes(const nm_bounds *b, double *sum)
{
    const nm_program *p = b->p;
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
}
