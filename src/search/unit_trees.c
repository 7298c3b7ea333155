/* unit_trees.c: bounds of units by branching on the signs of the units before them, block after block.
 *
 * In a deep network what is lost in early layers is multiplied by the later ones. There few units are unstable, a row
 * is pulled back through few layers, and some hundred nodes of branch and bound (lane_tree.c) are worth more than any
 * relaxation: Tjeng et al. (2019, section 4.2) bound units by mixed-integer programs, and Singh et al. (2019) refine
 * early layers in this way. For each open unit of a block a tree takes the node with the least bound first, until the
 * unit's sign is settled, the bound is attained, or the effort is used up; the least bound of an open node holds for
 * the unit. Then the unit is bounded from above in the same way.
 *
 * Cost: the effort that is given is shared among the block's open units, and a block is left out where they would have
 * fewer than LEAST nodes each. Left out: targets; bounds hold for the whole input set. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"
#include "search/trees.h"

enum { LEAST = 144 };

/* what the threads share */
typedef struct {
    const nm_bounds *b; /* ends with the block */
    size_t nodes;
    const uint32_t *unit;
    double *lo, *hi;    /* [n] */
    const double *slope; /* [n_units] to start from */
    nm_lane_words *words; /* [2n] of a certificate: of each unit from below, and from above; or NULL */
} pass;

/* Bounds a unit from one side; returns a lower bound of it, or of its negative. */
static double one_side(nm_job *job, const pass *s, size_t i, bool above)
{
    const nm_mark mark = nm_mark_get(job);
    nm_pseudo *cost = nm_pseudo_new(job, s->b->p->n_units, NULL);
    const nm_lane_opts o = {.nodes = s->nodes, .least_first = true, .above = above,
                            .words = s->words ? &s->words[2 * i + above] : NULL};
    const double lo = nm_lane_tree_run(job, s->b, s->unit[i], 0, s->slope, cost, o).lo;
    nm_mark_release(job, mark);
    return lo;
}

static void take_units(nm_job *job, void *arg, nm_turns *turns)
{
    const pass *s = arg;
    for (size_t i; nm_turns_next(job, turns, &i);) {
        s->lo[i] = one_side(job, s, i, false);
        if (s->lo[i] < 0) s->hi[i] = -one_side(job, s, i, true);
    }
}

/* Returns how many nodes each side of n units may have; below: the program up to their block. */
static size_t nodes_for(const nm_bounds *below, size_t n, double work, size_t most)
{
    const nm_program *p = below->p;
    double weights = 0;
    for (size_t i = 1; i < p->n_blocks; i++) weights += nm_block_weights(&p->blocks[i]);
    const double nodes = work / (2 * (double)n * nm_tree_node_work(weights));
    return nodes < LEAST ? 0 : nodes > (double)most ? most : (size_t)nodes;
}

/* Returns the ReLU block that reads block k, or 0: there is none. */
static size_t relu_of(const nm_program *p, int k)
{
    for (size_t b = (size_t)k + 1; b < p->n_blocks; b++)
        if (p->blocks[b].kind == NM_RELU && p->blocks[b].src == k) return b;
    return 0;
}

/* Puts the steps that improve b. */
static void put_steps(const pass *s, const nm_bounds *b, int k, size_t n, nm_buf *out)
{
    const size_t first = b->p->blocks[k].first, relu = relu_of(b->p, k);
    for (size_t i = 0; i < 2 * n; i++) {
        const size_t u = s->unit[i / 2];
        const nm_lane_words *w = &s->words[i];
        if (i % 2 ? s->hi[i / 2] < b->hi[first + u] : s->lo[i / 2] > b->lo[first + u])
            nm_put(out, "%s%s %zu %zu%s", w->slopes.s, i % 2 ? "most" : "least", relu, u, w->tree.s);
    }
}

bool nm_unit_trees(nm_job *job, nm_bounds *b, int k, double work, size_t most, nm_buf *steps)
{
    const nm_block *block = &b->p->blocks[k];
    const nm_mark mark = nm_mark_get(job);
    uint32_t *unit = NM_RAW(job, uint32_t, block->n + 1);
    const size_t n = nm_bounds_list_open(b, k, unit);
    nm_program cut;
    const nm_bounds below = nm_bounds_below(b, k, &cut);
    nm_relax *lines = nm_relax_new(job, &below);
    nm_relax_set(lines, &below, 1, k + 1);
    pass s = {&below, n ? nodes_for(&below, n, work, most) : 0, unit, nm_repeat(job, n + 1, -INFINITY),
              nm_repeat(job, n + 1, INFINITY), lines->slo, NULL};
    if (steps && !relu_of(b->p, k)) s.nodes = 0; /* certificates have no words for bounds of other units */
    if (s.nodes && steps) s.words = nm_lane_words_new(job, 2 * n);
    if (s.nodes) nm_team_run(job, n, work, take_units, &s);
    if (s.words) put_steps(&s, b, k, n, steps);
    if (s.words) nm_lane_words_drop(job, 2 * n, s.words);
    for (size_t i = 0; s.nodes && i < n; i++)
        nm_bounds_meet(b, block->first + unit[i], s.lo[i], s.hi[i], NM_BY_TREES);
    nm_mark_release(job, mark);
    return n == 0 || s.nodes > 0;
}
