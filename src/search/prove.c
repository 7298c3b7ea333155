/* prove.c: a tree whose steps are recorded for a certificate: alpha, conditioned bounds, branching on signs.
 *
 * A node optimises its row by alpha, with multipliers of its signs; if that does not close it, the row is the cut
 * that tightens box and units (conditioned.c), as long as this helps; then, with several hidden layers, it is tried
 * by a tree of cheap nodes (lane_tree.c); then it branches on the unit whose lines lose most. A node without open
 * units takes its multipliers from a linear program (prove_leaf.c). Everything that a node does is a word of
 * netmip-proof(5), and slopes and multipliers are what the checker will read. Left out: what the format has no words
 * for, as hull lines, and the pseudo-costs of branch.c. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

enum {
    DEEPEST = 60,
    ROUNDS = 3,
    STEPS = 5, /* of alpha in a node: cut and CROWN close most of them, whatever its slopes */
    NODES = 6000,
    ROOT_LANES = 1024, /* nodes of a tree in lanes, at the root; below it: */
    LANE_NODES = 64,
    FIRST = 300 /* nodes before it is judged whether the tree will end within its limit */
};

typedef struct {
    nm_job *job;
    const nm_target *t;
    uint32_t row; /* of the last block */
    size_t which; /* of the clause */
    double rhs;
    size_t most, left; /* nodes that it may open; that it still may */
    size_t trees, by_trees; /* trees in lanes; those that closed their node */
    bool deep;         /* more than one hidden layer */
    double done;       /* part of the tree that is closed: the sum of 2^-depth over closed leaves */
    uint32_t unit[DEEPEST];
    signed char side[DEEPEST];
    nm_buf out;
} tree;

/* Puts the lines that a run was made with. */
static void put_lines(tree *t, const nm_bounds *b, const nm_alpha *a, size_t lane, size_t depth)
{
    nm_record_slopes(&t->out, b, a->lane_slope + lane * b->p->n_units);
    nm_record_betas(&t->out, depth, a->beta);
}

/* Returns the open unit whose lines lose most, or -1. */
static int64_t choose(const nm_bounds *b, const double *gap)
{
    int64_t best = -1;
    double top = -1;
    for (size_t k = 0; k < b->p->n_blocks; k++) {
        const nm_block *r = &b->p->blocks[k];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n; i++) {
            if (nm_bounds_phase(b, b->p->blocks[r->src].first + i) != NM_UNSTABLE ||
                !(gap[r->first + i] > top))
                continue;
            top = gap[r->first + i];
            best = (int64_t)(r->first + i);
        }
    }
    return best;
}

/* Tries to close a node without open units; `was` is a run that was made for it. */
static bool close_leaf(tree *t, const nm_bounds *b, const nm_signs *signs, const nm_alpha *was)
{
    nm_alpha from = *was;
    if (signs->n == 0) return false;
    from.slope = NM_ARRAY(t->job, double, b->p->n_units); /* no unit has lines */
    from.beta = (double *)nm_prove_leaf(t->job, b, signs, t->row, t->rhs);
    from.n_beta = signs->n;
    const nm_alpha *a = nm_alpha_coarse(t->job, b, 1, &t->row, &t->rhs, 1, signs, &from);
    if (!(a->lo[0] > t->rhs)) return false;
    put_lines(t, b, a, 0, signs->n);
    nm_put(&t->out, "close %zu %zu\n", t->t->iclause, t->which);
    return true;
}

/* Returns true if the tree is expected to end within its limit, by the part of it that is closed. */
static bool promising(const tree *t)
{
    const double used = (double)(t->most - t->left);
    return used < FIRST || used < (double)t->most * t->done;
}

typedef enum { OPEN, CLOSED } fate;

/* Puts that the signs that lead here have no multipliers, as CROWN and trees in lanes do not know them. */
static void put_no_betas(tree *t, size_t depth)
{
    nm_record_betas(&t->out, depth, NM_ARRAY(t->job, double, depth + 1));
}

/* Makes the row the cut that tightens box and units. If that says, by no more than rounding, that there is no point, it
 * is undone, as the checker may not find it so. */
static fate cut(tree *t, nm_bounds *b, const nm_cut *cut, size_t depth)
{
    const size_t q = b->p->blocks[b->p->n_blocks - 1].first + t->row, said = t->out.n;
    const nm_bounds *was = nm_bounds_copy(t->job, b);
    nm_put(&t->out, "cut\n");
    if (!nm_cut_box(b, cut)) return CLOSED;
    nm_put(&t->out, "crown\n");
    nm_crown(t->job, b, (nm_crown_opts){.query_block = (int)b->p->n_blocks - 1, .cut = cut});
    if (b->lo[q] > t->rhs) {
        put_no_betas(t, depth);
        nm_put(&t->out, "slopes\nclose %zu %zu\n", t->t->iclause, t->which);
        return CLOSED;
    }
    if (nm_surely_empty(b)) return CLOSED;
    if (!b->empty) return OPEN;
    nm_bounds_assign(b, was);
    t->out.s[t->out.n = said] = 0;
    return OPEN;
}

/* Tries to close an open node by a tree of cheap nodes that share its bounds. */
static bool by_lanes(tree *t, const nm_bounds *b, size_t depth)
{
    if (t->most == 1 || !t->deep || (t->trees >= 8 && 4 * t->by_trees < t->trees)) return false;
    nm_relax *lines = nm_relax_new(t->job, b);
    nm_relax_set(lines, b, 1, (int)b->p->n_blocks);
    nm_lane_words *w = nm_lane_words_new(t->job, 1);
    const nm_lane_opts o = {.nodes = depth ? LANE_NODES : ROOT_LANES, .words = w};
    nm_pseudo *cost = nm_pseudo_new(t->job, b->p->n_units, NULL);
    const bool closed = nm_lane_tree_run(t->job, b, t->row, t->rhs, lines->slo, cost, o).closed;
    if (closed) {
        put_no_betas(t, depth);
        nm_put(&t->out, "%stree %zu %zu%s", w->slopes.s, t->t->iclause, t->which, w->tree.s);
    }
    nm_lane_words_drop(t->job, 1, w);
    t->trees++;
    t->by_trees += closed;
    return closed;
}

static bool node(tree *t, nm_bounds *b, size_t depth, const nm_alpha *a, size_t lane);

/* Works on one side of a unit; a: the run that was made for its parent. */
static bool child(tree *t, const nm_bounds *b, size_t depth, size_t unit, int side, const nm_alpha *a)
{
    nm_bounds *c = nm_bounds_copy(t->job, b);
    t->unit[depth] = (uint32_t)unit;
    t->side[depth] = (signed char)side;
    nm_bounds_meet(c, nm_program_pre(b->p, unit), side > 0 ? -INFINITY : 0, side > 0 ? 0 : INFINITY, NM_BY_ALPHA);
    if (side > 0) nm_bounds_meet(c, unit, 0, 0, NM_BY_ALPHA); /* 0 in rows, too, even if intervals stay wide */
    nm_bounds *wide = nm_bounds_copy(t->job, c);
    nm_interval(t->job, c, 1, (int)b->p->n_blocks);
    if (nm_surely_empty(c)) return true;
    if (c->empty) c = wide; /* by rounding alone, which the checker may not find */
    if (c->empty) return false;
    nm_alpha from = *a;
    const nm_alpha *next = nm_alpha_coarse(t->job, c, 1, &t->row, &t->rhs, STEPS,
                                           &(nm_signs){depth + 1, t->unit, t->side}, &from);
    return node(t, c, depth + 1, next, 0);
}

static bool branch(tree *t, const nm_bounds *b, size_t depth, size_t unit, const nm_alpha *a)
{
    const int k = nm_program_block(b->p, unit);
    nm_put(&t->out, "branch %d %zu\n", k, unit - b->p->blocks[k].first);
    for (int side = 1; side >= -1; side -= 2) {
        const double before = t->done;
        const nm_mark mark = nm_mark_get(t->job);
        const bool closed = child(t, b, depth, unit, side, a);
        nm_mark_release(t->job, mark);
        if (!closed) return false;
        t->done = before + ldexp(1, -(int)depth - 1);
        nm_put(&t->out, side > 0 ? "else\n" : "end\n");
    }
    return true;
}

/* Works on a node whose signs are the first `depth`; a: a run that was made for it, or NULL. Returns true if closed. */
static bool node(tree *t, nm_bounds *b, size_t depth, const nm_alpha *a, size_t lane)
{
    const nm_signs signs = {depth, t->unit, t->side};
    const nm_alpha *start = a;
    for (int round = 0; round < ROUNDS; round++) {
        if (round > 0 || !a) {
            a = nm_alpha_coarse(t->job, b, 1, &t->row, &t->rhs, depth ? STEPS : NM_TIGHT_STEPS, &signs,
                                depth ? start : NULL);
            lane = 0;
            start = a;
        }
        if (!isfinite(a->lo[lane])) return false;
        put_lines(t, b, a, lane, depth);
        if (a->lo[lane] > t->rhs) {
            nm_put(&t->out, "close %zu %zu\n", t->t->iclause, t->which);
            return true;
        }
        const size_t before = nm_bounds_unstable(b);
        const nm_cut with = nm_cut_of(t->job, b->p, a, lane, t->rhs);
        if (cut(t, b, &with, depth) == CLOSED) return true;
        if (nm_stopped(t->job)) return false;
        if (depth || nm_bounds_unstable(b) + 2 > before) break;
    }
    if (by_lanes(t, b, depth)) return true;
    if (lane) return node(t, b, depth, NULL, 0); /* only lane 0 has losses to choose by */
    const int64_t unit = choose(b, a->gap);
    if (unit < 0) return close_leaf(t, b, &signs, a);
    if (depth == DEEPEST || t->left < 2 || !promising(t)) return false;
    t->left -= 2;
    return branch(t, b, depth, (size_t)unit, a);
}

bool nm_prove(nm_state *s, nm_target *t, size_t row, const nm_alpha *a, size_t lane,
              size_t nodes)
{
    const nm_bounded *k = &s->cases[t->icase];
    if (!s->o->record || s->o->record->unable || !k->b) return false;
    const nm_clause *c = &k->work.c->clauses[t->iclause];
    tree w = {.job = s->job,
              .t = t,
              .row = k->row[t->iclause][row],
              .which = row,
              .most = nodes,
              .left = nodes,
              .deep = nm_hidden_layers(k->b->p) > 1,
              .out = {.job = nm_record_units(s, t->icase)->job}}; /* which no mark releases */
    w.rhs = c->rows[row].rhs + s->q->guard;
    s->o->record->begun[t - s->v->targets] = NULL; /* it started from older bounds */
    nm_put(&w.out, "target %zu %zu\n", t->iclause, row);
    nm_bounds *b = nm_bounds_copy(s->job, k->b);
    if (!node(&w, b, 0, a, lane)) {
        if (nodes > 1 || b->empty || !(nm_point_fits(b) || nm_hidden_layers(b->p) >= NM_TREE_LAYERS)) return false;
        s->o->record->begun[t - s->v->targets] = w.out.s;
        t->tight = b;
        return false;
    }
    nm_put(&w.out, "end\n");
    nm_record_keep(s, t, w.out.s);
    return true;
}

void nm_prove_rest(nm_state *s)
{
    nm_record *r = s->o->record;
    if (!r || r->unable || s->v->status != NM_OK) return;
    for (size_t i = 0; i < s->v->n_targets && !r->unable; i++) {
        nm_target *t = &s->v->targets[i];
        if (r->steps[i] || s->q->cases[t->icase].empty) continue;
        nm_note(
            s->job,
            "target %s is proven, but not in a form that a certificate has: looking for a proof that can be written",
            t->name);
        const double now = nm_wall();
        nm_prove_boxes(s, t->icase, NM_PROOF_BOXES, now + 0.7 * (s->deadline - now));
        const nm_clause *c = &s->q->cases[t->icase].clauses[t->iclause];
        if (!r->steps[i] && c->n_rows)
            nm_prove(s, t, nm_target_row(&s->cases[t->icase], c, t->iclause), NULL, 0, NODES);
        if (!r->steps[i])
            r->unable = nm_fmt(s->job, "target %s is unproved: the steps that closed it cannot be recorded (linear "
                                       "programs, hull lines), and the recorded tree did not close it",
                               t->name);
    }
}
