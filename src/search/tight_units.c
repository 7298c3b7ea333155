/* tight_units.c: the stage that bounds the units of deep networks again, if targets stay open: by alpha, and by trees
 * over the signs of the units before them (unit_trees.c).
 *
 * A pass goes through the layers from the first to the last, as each gains from those before it. Each pass has
 * MORE_WORK times as much work for every layer as the one before it. Layers behind one that has too many units for this
 * work have no trees. The passes end when one that had trees has narrowed the open units' bounds by less than GAIN, or
 * when the second one had none, so that targets are branched on instead. Targets are tried after each layer, so that a
 * pass ends when they are closed. Passes take at most PART of a time limit. If a certificate is wanted, there is no
 * alpha, which it cannot say: trees start from slopes that are optimised as well. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

enum { PASSES = 4, FIRST_NODES = 256, MORE_NODES = 2 };
static const double FIRST_WORK = 1e11, FIRST_PASSES = 150, /* for each layer: fused multiply-adds; backward passes */
    MORE_WORK = 4, GAIN = 0.02, PART = 0.6;

static bool is_deep(const nm_program *p) { return nm_hidden_layers(p) > 1; }

/* Bounding the units of a case by alpha costs about as much as NM_UNITS_NODES nodes, which two targets use up. */
bool nm_close_units_first(const nm_state *s)
{
    size_t nodes = 0, units = 0;
    for (size_t i = 0; i < s->q->n_cases; i++) {
        if (!s->cases[i].b || !nm_any_open(s, i) || !is_deep(s->cases[i].b->p)) continue;
        for (size_t t = 0; t < s->q->cases[i].n_clauses; t++)
            nodes += NM_BRANCH_FIRST * nm_target_open(&s->v->targets[s->cases[i].first + t]);
        units += NM_UNITS_NODES;
    }
    return units < nodes;
}

static bool is_deep_pre(const nm_block *k)
{
    return k->kind == NM_AFFINE && k->is_pre && !nm_reads_input_only(k);
}

static bool has_open(const nm_bounds *b, const nm_block *k)
{
    size_t i = 0;
    while (i < k->n && !nm_bounds_open(b, k->first + i)) i++;
    return i < k->n;
}

/* Returns the sum of what ReLUs lose at most by their lines. */
static double looseness(const nm_bounds *b)
{
    double sum = 0;
    for (size_t k = 1; k + 1 < b->p->n_blocks; k++) {
        const nm_block *block = &b->p->blocks[k];
        for (size_t i = 0; is_deep_pre(block) && i < block->n; i++) {
            const double lo = b->lo[block->first + i], hi = b->hi[block->first + i];
            if (nm_bounds_open(b, block->first + i)) sum += lo * hi / (lo - hi);
        }
    }
    return sum;
}

/* Returns the work of the first pass for each layer: less where a backward pass, and so branching, takes little time,
 * and none in networks of few layers, where branching on targets closes them sooner. */
static double first_work(const nm_state *s, const nm_bounds *b)
{
    const bool wanted = s->o->stages.branch || s->o->files.out || s->o->files.print; /* models, too, are worth it */
    if (!wanted || nm_hidden_layers(b->p) < NM_TREE_LAYERS) return 0;
    return fmin(FIRST_PASSES * nm_crown_work(b), FIRST_WORK);
}

enum { DONE, DRY, TRIED };

/* Bounds all deep layers; DONE: no target is left, or no time; DRY: no layer has had a tree. */
static int pass(nm_state *s, size_t i, size_t steps, double work, size_t nodes, double end)
{
    nm_bounds *b = s->cases[i].b;
    const int q = (int)b->p->n_blocks - 1;
    int out = DRY;
    nm_buf *said = nm_record_units(s, i);
    bool enough = work > 0; /* for trees in the layers so far, without which those of later ones gain little */
    for (int k = 1; k < q && !b->empty; k++) {
        if (!is_deep_pre(&b->p->blocks[k]) || !has_open(b, &b->p->blocks[k])) continue;
        if (nm_stopped(s->job) || nm_wall() > end) return DONE;
        const double outer = nm_job_deadline(s->job, end); /* a layer may take long, too */
        if (steps && !said) nm_alpha_block(s->job, b, k, steps);
        enough = enough && nm_unit_trees(s->job, b, k, work, nodes, said);
        nm_job_set_deadline(s->job, outer);
        if (enough) out = TRIED;
        if ((!steps || said) && !enough) break;
        nm_crown(s->job, b, (nm_crown_opts){.query_block = q});
        if (said) nm_put(said, "crown\n");
        nm_close_by_bounds(s, i);
        if (!nm_any_open(s, i)) return DONE;
    }
    return b->empty ? DONE : out;
}

/* Gives the targets' own bounds what the case's have gained: models are written from them, of closed targets, too. */
static void pass_on(nm_state *s, size_t i)
{
    const nm_bounds *b = s->cases[i].b;
    for (size_t t = 0; t < s->q->cases[i].n_clauses; t++) {
        nm_target *target = &s->v->targets[s->cases[i].first + t];
        if (!target->tight) continue;
        nm_bounds *own = nm_bounds_copy(s->job, target->tight);
        for (size_t u = 0; u < b->p->n_units; u++) nm_bounds_meet(own, u, b->lo[u], b->hi[u], (nm_by)b->by[u]);
        target->tight = own;
        if (own->empty && nm_target_open(target)) nm_target_close(s, target, target->margin_lo);
    }
}

void nm_close_units(nm_state *s, size_t i)
{
    nm_bounded *k = &s->cases[i];
    if (!nm_any_open(s, i) || !is_deep(k->b->p)) return;
    nm_note(s->job, "bounding units of case %zu", i);
    const double now = nm_wall(), end = now + PART * (s->deadline - now);
    size_t steps = NM_UNIT_STEPS, nodes = FIRST_NODES;
    double work = first_work(s, k->b);
    for (int turn = 0; turn < (work > 0 ? PASSES : 1) && nm_any_open(s, i); turn++) {
        const double was = looseness(k->b);
        const int out = pass(s, i, steps, work, nodes, end);
        if (out != DRY || steps) nm_close_tighten(s, i);
        if (out == TRIED && s->o->stages.branch) nm_close_trees(s, i);
        if (out == DONE || (out == DRY && turn > 0)) break;
        if (out == TRIED && looseness(k->b) > (1 - GAIN) * was) break;
        steps = 0;
        work *= MORE_WORK;
        nodes *= MORE_NODES;
    }
    pass_on(s, i);
}
