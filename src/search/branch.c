/* branch.c: branch and bound on the signs of ReLU units, for one target (Bunel et al. 2020; bounds in the branches by
 * the hull dual, hull_dual.c, with multipliers of the signs as in beta-CROWN, Wang et al. 2021).
 *
 * A node assumes signs of some pre-activations: their bounds are intersected with 0, and their inequalities enter the
 * row with multipliers. The optimisation of its row continues from where the parent's ended, including Adam's second
 * moments. A bound above the cutoff excludes counterexamples. Otherwise, on networks with several hidden layers, the
 * row is the cut that tightens all units and the box of the node (conditioned.c). An open node branches on the unit
 * with the best product of estimated gains: what its lines lose at the mean minimiser, times the gain per loss that
 * branching on it has brought so far in this tree (pseudo_cost.c). On networks with several hidden layers, an open node
 * is first tried by a tree of cheap nodes that share its bounds (lane_tree.c), with an effort that follows what this
 * has brought.
 * Both children include a = 0, so nothing is lost. Nodes are visited depth first by recursion, so that memory is that
 * of one path. From time to time the shrunken box of a node is attacked; a node without a unit to branch on is a linear
 * program (leaf). Effort is counted in nodes. If a depth is given, the search stops there, and the open leaves are
 * cubes: their models together are equivalent to the target's own (solve_models.c). */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

enum { MAX_DEPTH = 100, MAX_ENTRIES = 2000000, MOST_LANES = 16 };
static const double LANES_SHARE = 0.5; /* part of a node's work that a tree in lanes may take, unless it pays */

/* steps of the hull dual: at the root, and in other nodes, which start from the parent's lines */
static const nm_hull_opts AT_ROOT = {100, 0.2, 0.03}, IN_NODE = {20, 0.1, 0.2};

typedef struct {
    nm_job *job;
    const nm_program *p;
    const nm_case *c;
    size_t clause, which;
    const uint32_t *row;
    const nm_lines_of *lines;
    bool deep; /* more than one hidden layer */
    nm_pseudo *cost, *lane_cost; /* of nodes; of the trees in lanes */
    double credit;               /* work that the next tree in lanes may cost */
    double rhs;
    nm_branch_opts o;
    nm_branch *out;
    size_t cap_cubes;
    uint32_t unit[MAX_DEPTH];
    signed char side[MAX_DEPTH];
} search;

enum { CLOSED, FOUND, GAVE_UP };

/* Attacks from the point where the node's relaxation is least. */
static bool attack(search *s, const nm_bounds *b, const double *start)
{
    nm_case here = *s->c;
    size_t hit = 0;
    here.lo = b->lo;
    here.hi = b->hi;
    const double *x = nm_attack(s->job, b, &here, 1, &s->clause, &s->row, start,
                                (nm_attack_opts){NM_ATTACK_STEPS, 1, s->o.seed + s->out->nodes},
                                &hit);
    if (x) memcpy(s->out->x, x, s->p->blocks[0].n * sizeof *x);
    return x != NULL;
}

/* Returns the unstable unit with the best product of expected gains, or -1. */
static int64_t choose(const search *s, const nm_bounds *b, const double *gap)
{
    int64_t best = -1;
    double top = 0;
    for (size_t k = 0; k < s->p->n_blocks; k++) {
        const nm_block *r = &s->p->blocks[k];
        for (size_t u = r->first; r->kind == NM_RELU && u < r->first + r->n; u++) {
            if (!(gap[u] > 0) || nm_bounds_phase(b, nm_program_pre(s->p, u)) != NM_UNSTABLE) continue;
            const double score = nm_pseudo_score(s->cost, u, gap[u]);
            if (score <= top) continue;
            top = score;
            best = (int64_t)u;
        }
    }
    return best;
}

/* Returns, if no line loses anything at the minimiser but the node is still open, the unit whose lines are farthest
 * apart. */
static int64_t widest(const search *s, const nm_bounds *b)
{
    int64_t best = -1;
    double top = 0;
    for (size_t k = 0; k < s->p->n_blocks; k++) {
        const nm_block *r = &s->p->blocks[k];
        for (size_t u = r->first; r->kind == NM_RELU && u < r->first + r->n; u++) {
            const size_t pre = nm_program_pre(s->p, u);
            if (nm_bounds_phase(b, pre) != NM_UNSTABLE) continue;
            const double apart = -b->lo[pre] * b->hi[pre] / (b->hi[pre] - b->lo[pre]);
            if (!(apart > top)) continue;
            top = apart;
            best = (int64_t)u;
        }
    }
    return best;
}

typedef struct {
    const nm_alpha *a;
    int64_t unit;
    const double *x;
} node; /* an open node: its best lines; the unit to branch on, or -1; where to attack first, or NULL */

/* Returns roughly what the bounds of a node cost, in fused multiply-adds of lanes.c: passes for one lane are bound by
 * memory, so that an entry of a line costs as much as some 64 of them. */
static double work_of_node(const search *s, const nm_bounds *b, size_t steps)
{
    double weights = 0;
    for (size_t k = 0; k < s->p->n_blocks; k++) weights += nm_block_weights(&s->p->blocks[k]);
    return (double)steps * (64 * (double)s->lines->entries + 4 * weights) + nm_crown_work(b);
}

/* Tries to close an open node by a tree in lanes, where nodes cost a hundredth but share its bounds. How much work that
 * may take follows what it has brought: each node allows half of its own work, and a closed one saves its two children;
 * a debt is no larger than a node, so that a tree that failed does not keep others from being tried. Returns true if
 * the node is closed; otherwise at->unit is what that tree branched on first, if anything. */
static bool try_lanes(search *s, const nm_bounds *b, size_t depth, node *at)
{
    if (!s->deep || s->o.depth) return false;
    const double own = work_of_node(s, b, at->a->steps);
    s->credit += depth == 0 ? 2 * own : LANES_SHARE * own;
    if (s->credit < 0.5 * own) return false;
    const nm_lane_tree t = nm_lane_tree_run(s->job, b, s->row[s->which], s->rhs, at->a->slope, s->lane_cost,
                                            (nm_tree_effort){.work = fmin(s->credit, MOST_LANES * own)});
    s->credit = fmax(s->credit + (t.closed ? 2 * own : 0) - t.work, -own);
    at->unit = t.first;
    at->x = t.x;
    return t.closed;
}

/* Tightens a node; returns true if it is excluded; otherwise *out says how to go on. */
static bool bound_node(search *s, nm_bounds *b, size_t depth, const nm_alpha *start, node *out)
{
    const nm_signs signs = {depth, s->unit, s->side};
    const uint32_t row = s->row[s->which];
    const size_t q = s->p->blocks[s->p->n_blocks - 1].first + row;
    const nm_alpha *a = out->a = nm_hull_run(s->job, s->lines, b, row, s->rhs,
                                             start ? IN_NODE : AT_ROOT, &signs, start);
    if (a->lo[0] > s->rhs) return true;
    if (s->deep && isfinite(a->lo[0])) {
        const nm_cut cut = nm_cut_of(s->job, s->p, a, 0, s->rhs);
        if (!nm_cut_box(b, &cut)) return true;
        nm_crown(s->job, b, (nm_crown_opts){.query_block = (int)s->p->n_blocks - 1, .cut = &cut});
        if (b->empty || b->lo[q] > s->rhs) return true;
    }
    out->unit = -1;
    if (try_lanes(s, b, depth, out)) return true;
    if (out->unit < 0) out->unit = choose(s, b, a->gap);
    return false;
}

static int visit(search *s, const nm_bounds *from, size_t depth, const node *at);

static int child(search *s, const nm_bounds *b, size_t depth, const node *at, int side)
{
    const size_t unit = (size_t)at->unit;
    const nm_mark mark = nm_mark_get(s->job);
    const size_t pre = nm_program_pre(s->p, unit);
    if (nm_show_due(s->job)) nm_show(s->job, "; %zu nodes, depth %zu, bound %.4g", s->out->nodes, depth, at->a->lo[0]);
    nm_bounds *c = nm_bounds_copy(s->job, b);
    int what = CLOSED;
    node next = {NULL, -1, NULL};
    s->unit[depth] = (uint32_t)unit;
    s->side[depth] = (signed char)side;
    nm_bounds_meet(c, pre, side > 0 ? -INFINITY : 0, side > 0 ? 0 : INFINITY, NM_BY_ALPHA);
    if (s->out->nodes++ >= s->o.max_nodes || nm_stopped(s->job) || nm_wall() > s->o.deadline) {
        what = GAVE_UP;
    } else if (!c->empty) {
        nm_interval(s->job, c, 1, (int)s->p->n_blocks);
        const bool open = !c->empty && !bound_node(s, c, depth + 1, at->a, &next);
        if (next.a) nm_pseudo_learn(s->cost, side, unit, next.a->lo[0] - at->a->lo[0], at->a->gap[unit]);
        if (open) what = visit(s, c, depth + 1, &next);
    }
    if (!s->o.depth) nm_mark_release(s->job, mark); /* cubes are kept */
    return what;
}

/* Records an open leaf as a cube; it counts as closed in this search. */
static int give_cube(search *s, const nm_bounds *b, size_t depth)
{
    nm_cube *c = NM_PUSH(s->job, s->out->cube, s->out->n_cubes, s->cap_cubes);
    uint32_t *unit = NM_RAW(s->job, uint32_t, depth + 1);
    signed char *side = NM_RAW(s->job, signed char, depth + 1);
    memcpy(unit, s->unit, depth * sizeof *unit);
    memcpy(side, s->side, depth);
    *c = (nm_cube){b, {depth, unit, side}};
    return CLOSED;
}

static int visit(search *s, const nm_bounds *b, size_t depth, const node *at)
{
    if (nm_stopped(s->job)) return GAVE_UP;
    if (s->o.depth && (depth == s->o.depth || at->unit < 0)) return give_cube(s, b, depth);
    if (s->o.attack && at->x && attack(s, b, at->x)) return FOUND;
    if (s->o.attack && s->out->nodes % 16 == 1 && attack(s, b, at->a->mean)) return FOUND;
    node here = *at;
    if (at->unit < 0 && s->o.leaf) {
        const int status = s->o.leaf(s->o.arg, b, s->out->x);
        s->out->is_leaf = status == NM_VIOLATED;
        if (status != NM_UNKNOWN) return status == NM_OK ? CLOSED : FOUND;
        here.unit = widest(s, b);
    }
    if (here.unit < 0 || depth == MAX_DEPTH) return GAVE_UP;
    for (int side = 1; side >= -1; side -= 2) {
        const int what = child(s, b, depth, &here, side);
        if (what != CLOSED) return what;
    }
    return CLOSED;
}

nm_branch nm_branch_run(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause,
                        const uint32_t *row, size_t which, double rhs, nm_branch_opts o)
{
    nm_branch out = {.status = NM_UNKNOWN, .nodes = 1, .x = NM_RAW(job, double, b->p->blocks[0].n)};
    const nm_mark mark = nm_mark_get(job);
    search s = {.job = job,
                .p = b->p,
                .c = c,
                .clause = clause,
                .which = which,
                .row = row,
                .lines = nm_lines_of_new(job, b, MAX_ENTRIES),
                .rhs = rhs,
                .o = o,
                .out = &out};
    size_t relus = 0;
    for (size_t k = 0; k < b->p->n_blocks; k++) relus += b->p->blocks[k].kind == NM_RELU;
    s.deep = relus > 1;
    s.cost = nm_pseudo_new(job, b->p->n_units);
    s.lane_cost = nm_pseudo_new(job, b->p->n_units);
    node next = {NULL, -1, NULL};
    nm_bounds *root = nm_bounds_copy(job, b);
    const int what = bound_node(&s, root, 0, NULL, &next) ? CLOSED : visit(&s, root, 0, &next);
    out.status = what == CLOSED ? NM_OK : what == FOUND ? NM_VIOLATED : NM_UNKNOWN;
    if (!o.depth) nm_mark_release(job, mark);
    return out;
}
