/* branch.c: branch and bound on the signs of ReLU units and on halves of inputs, for one target (Bunel et al. 2020;
 * bounds in the branches by the hull dual, hull_dual.c, with multipliers of the signs as in beta-CROWN, Wang et al.
 * 2021).
 *
 * A node assumes signs of some pre-activations: their bounds are intersected with 0, and their inequalities enter
 * the row with multipliers. The optimisation of its row continues from where the parent's ended, including Adam's
 * second moments. A bound above the cutoff excludes counterexamples. Otherwise, on networks with several hidden
 * layers, the row is the cut that tightens all units and the box of the node (conditioned.c). An open node branches
 * on the unit with the best product of estimated gains: what its lines lose at the mean minimiser, times the gain
 * per loss that branching on it has brought so far in this tree (pseudo_cost.c). On networks with several hidden
 * layers, an open node is first tried by a tree of cheap nodes that share its bounds (lane_tree.c), with an effort
 * that follows what this has brought; the root's tree stays, and may close the target later (root_tree.c). Both
 * children include a = 0, so nothing is lost.
 *
 * Where at most HALVES inputs are free and more than NM_BOX_SIGNS signs are open, a node may also be cut at an input,
 * or at a generator. The two halves share their common face, and sums of generators shrink them. What this may gain is
 * estimated as the input's share in the change of the row (box_input.c) of all that lines lose, and pseudo-costs are
 * learned as for signs, so that one currency compares both. Cubes assume signs only.
 *
 * Open nodes lie on a stack. A round takes up to WIDTH of them from its top, so that memory is that of a few paths, and
 * bounds all their children, which share nothing and are handed out to the job's threads. What they learn, for
 * pseudo-costs and the effort of trees in lanes, is added up in their order at the end of the round; so nodes, bounds
 * and verdict are the same for any number of threads. Each node's memory is that of a job of its own. From time to time
 * the shrunken box of a node is attacked; a node without a unit to branch on is a linear program (leaf). Effort is
 * counted in nodes. If a depth is given, the search stops there, and the open leaves are cubes: their models together
 * are equivalent to the target's own (solve_models.c).
 *
 * A search that a deadline stops can go on later: a round that was not finished by then is thrown away, and its nodes
 * are still on the stack. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

enum { MAX_DEPTH = 100, MAX_ENTRIES = 2000000, MOST_LANES = 16 };
enum { HALVES = 40 }; /* free inputs up to which they are halved */
enum { WIDTH = 4, FEW = 2, MANY_ENTRIES = 400000 }; /* nodes of a round; if a node's lines take much memory */
static const double LANES_SHARE = 0.5; /* part of a node's work that a tree in lanes may take, unless it pays */

/* steps of the hull dual: at the root, and in other nodes, which start from the parent's lines */
static const nm_hull_opts AT_ROOT = {100, 0.2, 0.03}, IN_NODE = {20, 0.1, 0.2};
enum { POINT_AT_ROOT = 24, POINT_IN_NODE = 8 }; /* where a point of the box decides the lines (hull_point.c) */

typedef struct node {
    struct node *below;
    nm_job *job;          /* its memory, that of the node itself, too */
    nm_bounds *b;
    size_t depth, number; /* number: in the order in which they were made */
    size_t n_signs;       /* that it assumes; what else leads here are halves of inputs */
    uint32_t *unit;       /* [n_signs] */
    signed char *side;
    const nm_alpha *a;    /* its best lines */
    bool open;
    int64_t next;         /* the unit whose sign is branched on, or the input that is halved, or -1 */
    const double *x;      /* where to attack first, or NULL */
    double credit;        /* work that trees in lanes may still cost */
    nm_pseudo *lane_cost; /* what its tree in lanes has learned */
    double lane_work;     /* its cost */
    const char *steps;    /* of a certificate: what closed it; or NULL */
} node;

typedef struct { /* of a certificate: what became of a node */
    int64_t unit;      /* that it was branched on, or input, or -1 */
    double at;         /* where an input was halved */
    size_t child;      /* the number of its first child; the other follows */
    const char *steps; /* what closed it, or NULL: nothing that can be said */
} chapter;

typedef struct nm_branch_search {
    nm_job *job; /* memory of its own */
    const nm_program *p;
    const nm_case *c;
    size_t clause, which;
    const uint32_t *row;
    const nm_lines_of *lines;
    bool deep; /* more than one hidden layer */
    bool by_point; /* lines are those of hull_point.c */
    bool halves;   /* inputs may be halved, too */
    nm_pseudo *cost, *lane_cost; /* of nodes; of the trees in lanes */
    double credit;               /* work that the next trees in lanes may cost */
    nm_root_tree *tree;          /* in lanes, at the root */
    double spent;                /* work of all nodes, and of their trees in lanes */
    double rhs;
    nm_branch_opts o;
    nm_branch out;
    const nm_bounds *b;          /* of the root */
    nm_job *caller;              /* whose thread works on it, and who shows how far it is */
    size_t cap_cubes;
    node *stack; /* open nodes that have something to branch on */
    chapter *story;
    size_t n_story, cap_story;
} search;

enum { CLOSED, FOUND, GAVE_UP, LATE };

/* Attacks from the point where the node's relaxation is least. */
static bool attack(const search *s, const node *n, const double *start)
{
    const nm_mark mark = nm_mark_get(s->job);
    nm_case here = *s->c;
    size_t hit = 0;
    here.lo = n->b->lo;
    here.hi = n->b->hi;
    const double *x = nm_attack(s->job, n->b, &here, 1, &s->clause, &s->row, start,
                                (nm_attack_opts){NM_ATTACK_STEPS, 1, s->o.seed + n->number, false, 0}, &hit);
    if (x) memcpy(s->out.x, x, s->p->blocks[0].n * sizeof *x);
    nm_mark_release(s->job, mark);
    return x != NULL;
}

/* Returns roughly what the bounds of a node cost, in fused multiply-adds of lanes.c: passes for one lane are bound by
 * memory, so that an entry of a line costs as much as some 64 of them. */
static double work_of_node(const search *s, const nm_bounds *b, size_t steps)
{
    double weights = 0;
    for (size_t k = 0; k < s->p->n_blocks; k++) weights += nm_block_weights(&s->p->blocks[k]);
    return (double)steps * (64 * (double)s->lines->entries + 4 * weights) + nm_crown_work(b);
}

/* Runs a node's tree in lanes; that of the root stays. */
static nm_lane_tree run_lanes(const search *s, node *n, double work)
{
    const nm_signs signs = {n->n_signs, n->unit, n->side};
    if (n->depth == 0) {
        const nm_lane_root o = {n->b, s->row[s->which], s->rhs, n->a->lo[0], n->a->slope, s->lane_cost};
        const nm_lane_tree t = nm_root_tree_open(s->tree, n->job, o, work);
        n->lane_cost = nm_root_tree_cost(s->tree);
        return t;
    }
    n->lane_cost = nm_pseudo_new(n->job, s->p->n_units, s->lane_cost);
    return nm_lane_tree_run(n->job, n->b, s->row[s->which], s->rhs, n->a->slope, n->lane_cost,
                            (nm_lane_opts){.work = work, .signs = &signs, .beta = n->a->beta});
}

/* Tries to close an open node by a tree in lanes, where nodes cost a hundredth but share its bounds. How much work that
 * may take follows what it has brought: each node allows half of its own work, and a closed one saves its two children;
 * a debt is no larger than a node, so that a tree that failed does not keep others from being tried. Returns true if
 * the node is closed; otherwise n->next is what that tree branched on first, if anything. */
static bool try_lanes(const search *s, node *n)
{
    if (!s->deep || s->o.depth) return false;
    const double own = work_of_node(s, n->b, n->a->steps);
    n->credit += n->depth == 0 ? 2 * own : LANES_SHARE * own;
    if (n->credit < 0.5 * own) return false;
    const nm_lane_tree t = run_lanes(s, n, fmin(n->credit, MOST_LANES * own));
    n->lane_work = t.work;
    n->credit = fmax(n->credit + (t.closed ? 2 * own : 0) - t.work, -own);
    n->next = t.first;
    n->x = t.x;
    return t.closed;
}

/* Tightens a node, whose parent's lines are `start`; returns true if it is excluded; else n->next says how to go on. */
static bool excludes(const search *s, node *n, const nm_alpha *start)
{
    const nm_signs signs = {n->n_signs, n->unit, n->side};
    const uint32_t row = s->row[s->which];
    const size_t q = s->p->blocks[s->p->n_blocks - 1].first + row;
    const nm_hull_opts o = start ? IN_NODE : AT_ROOT;
    nm_alpha *a =
        s->by_point ? nm_point_run(n->job, s->lines, n->b, row, s->rhs, start ? POINT_IN_NODE : POINT_AT_ROOT, &signs,
                                   start)
                    : nm_hull_run(n->job, s->lines, n->b, row, s->rhs, o, &signs, start);
    n->a = a;
    if (a->lo[0] > s->rhs) return true;
    if (s->deep && isfinite(a->lo[0])) {
        const nm_cut cut = nm_cut_of(n->job, s->p, a, 0, s->rhs);
        if (!nm_cut_box(n->b, &cut)) return true;
        nm_crown(n->job, n->b, (nm_crown_opts){.query_block = (int)s->p->n_blocks - 1, .cut = &cut});
        if (n->b->empty || n->b->lo[q] > s->rhs) return true;
    }
    if (try_lanes(s, n)) return true;
    if (n->next >= 0) return false;
    if (s->halves && nm_bounds_unstable(n->b) > NM_BOX_SIGNS)
        nm_pick_expect_halves(n->job, n->b, s->c, s->clause, s->which, row, a->gap);
    n->next = nm_pick_best(n->b, s->c, s->cost, a->gap);
    return false;
}

/* ---- steps of a certificate ---- */

/* Says what closed a node, if it can be said. */
static void say(const search *s, node *n)
{
    nm_buf out = {.job = n->job};
    if (!s->o.record || n->open) return;
    if (n->b->empty) {
        n->steps = nm_surely_empty(n->b) ? "" : NULL;
        return;
    }
    nm_record_point(&out, n->b, n->a);
    nm_put(&out, "close %zu %zu\n", s->clause, s->which);
    n->steps = out.s;
}

/* Keeps what is known of n new nodes, two of each parent. */
static void keep_story(search *s, size_t n, node *const *child, node *const *of)
{
    for (size_t i = 0; s->o.record && i < n; i++) {
        chapter *c = NM_PUSH(s->job, s->story, s->n_story, s->cap_story);
        *c = (chapter){.unit = -1, .steps = child[i]->steps ? nm_fmt(s->job, "%s", child[i]->steps) : NULL};
        if (!of) continue;
        s->story[of[i / 2]->number].unit = of[i / 2]->next;
        s->story[of[i / 2]->number].at = nm_box_middle(s->c->gens, of[i / 2]->b, (size_t)of[i / 2]->next);
        s->story[of[i / 2]->number].child = child[i]->number - i % 2;
    }
}

/* Puts the steps of a node and those below it; returns false if something cannot be said. */
static bool tell(const search *s, size_t number, nm_buf *out)
{
    const chapter *c = &s->story[number];
    if (c->unit < 0) {
        if (c->steps) nm_put(out, "%s", c->steps);
        return c->steps != NULL;
    }
    const int k = nm_program_block(s->p, (size_t)c->unit);
    if (k > 0)
        nm_put(out, "branch %d %zu", k, (size_t)c->unit - s->p->blocks[k].first);
    else {
        nm_put(out, "split %zu ", (size_t)c->unit);
        nm_put_num(out, c->at);
    }
    nm_put(out, "\n");
    if (!tell(s, c->child, out)) return false;
    nm_put(out, "else\n");
    if (!tell(s, c->child + 1, out)) return false;
    nm_put(out, "end\n");
    return true;
}

/* ---- nodes ---- */

/* Makes the root, or a child: below the node `of`, on one side of its unit, or the lower half (1) of its input, or the
 * upper one (-1). */
static node *new_node(search *s, const nm_bounds *b, const node *of, int side)
{
    nm_job *job = nm_job_own(s->job);
    nm_job_deadline(job, s->o.deadline);
    const size_t n_signs = of ? of->n_signs : 0;
    node *n = NM_NEW(job, node);
    *n = (node){.job = job, .depth = of ? of->depth + 1 : 0, .number = s->out.nodes++, .next = -1};
    n->b = nm_bounds_copy(job, b);
    n->n_signs = n_signs;
    n->unit = NM_RAW(job, uint32_t, n_signs + 1);
    n->side = NM_RAW(job, signed char, n_signs + 1);
    if (!of) return n;
    memcpy(n->unit, of->unit, n_signs * sizeof *n->unit);
    memcpy(n->side, of->side, n_signs);
    if ((size_t)of->next < s->p->blocks[0].n) {
        const size_t i = (size_t)of->next;
        *(side > 0 ? &n->b->hi[i] : &n->b->lo[i]) = nm_box_middle(s->c->gens, b, i);
        n->b->empty |= !nm_box_meet_sums(s->c->gens, n->b);
        return n;
    }
    n->unit[n_signs] = (uint32_t)of->next;
    n->side[n_signs] = (signed char)side;
    n->n_signs++;
    nm_bounds_meet(n->b, nm_program_pre(s->p, (size_t)of->next), side > 0 ? -INFINITY : 0, side > 0 ? 0 : INFINITY,
                   NM_BY_ALPHA);
    return n;
}

typedef struct {
    const search *s;
    size_t n;
    node **at, **child; /* [n] nodes, NULL for the root; [2n] their children, or the root */
} level;

typedef struct {
    const search *s;
    node *n;
    const nm_alpha *start; /* its parent's lines */
} task;

static void bound_node(nm_job *job, void *arg)
{
    const task *t = arg;
    node *n = t->n;
    if (n->depth && !n->b->empty) nm_interval(job, n->b, 1, (int)t->s->p->n_blocks);
    n->open = !n->b->empty && !excludes(t->s, n, t->start);
    say(t->s, n);
}

static void bound_each(nm_job *job, void *arg, nm_turns *turns)
{
    const level *l = arg;
    for (size_t i; nm_turns_next(job, turns, &i);) {
        task t = {l->s, l->child[i], l->at ? l->at[i / 2]->a : NULL};
        nm_job_set_threads(t.n->job, nm_job_threads(job));
        nm_job_set_idle(t.n->job, nm_job_idle(job));
        const int code = nm_run(t.n->job, bound_node, &t);
        nm_job_set_idle(t.n->job, NULL);
        if (code) nm_throw(job, code, "%s", nm_job_message(t.n->job));
    }
}

static bool too_late(const search *s) { return nm_stopped(s->job) || nm_wall() > s->o.deadline; }

/* Bounds n new nodes, and learns from them; returns false if it was too late for some of them. A root whose tree in
 * lanes has begun to grow is taken as it is, as that can go on. */
static bool bound_all(search *s, size_t n, const level *l)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        l->child[i]->open = true; /* unless its turn comes and closes it */
        l->child[i]->credit = s->credit / (double)n;
    }
    nm_team_run(s->job, n, (double)n * work_of_node(s, l->child[0]->b, IN_NODE.steps), bound_each, (void *)l);
    for (size_t i = 0; i < n; i++) any |= l->child[i]->open;
    if (any && too_late(s) && (l->at || !nm_root_tree_grows(s->tree))) return false;
    s->credit = 0;
    keep_story(s, n, l->child, l->at);
    for (size_t i = 0; i < n; i++) {
        const node *c = l->child[i], *of = l->at ? l->at[i / 2] : NULL;
        s->credit += c->credit;
        s->spent += (c->a ? work_of_node(s, c->b, c->a->steps) : 0) + c->lane_work;
        if (c->lane_cost) nm_pseudo_move(s->lane_cost, c->lane_cost);
        if (of && c->a)
            nm_pseudo_learn(s->cost, i % 2 ? -1 : 1, (size_t)of->next, c->a->lo[0] - of->a->lo[0],
                            of->a->gap[of->next]);
    }
    return true;
}

static void drop(search *s, node *n) { nm_close(s->job, n->job); }

/* Records an open leaf as a cube; it counts as closed in this search. */
static int give_cube(search *s, const node *n)
{
    nm_cube *c = NM_PUSH(s->job, s->out.cube, s->out.n_cubes, s->cap_cubes);
    uint32_t *unit = NM_RAW(s->job, uint32_t, n->depth + 1);
    signed char *side = NM_RAW(s->job, signed char, n->depth + 1);
    memcpy(unit, n->unit, n->n_signs * sizeof *unit);
    memcpy(side, n->side, n->n_signs);
    *c = (nm_cube){nm_bounds_copy(s->job, n->b), {n->n_signs, unit, side}};
    return CLOSED;
}

/* Looks for points in an open node, and decides leaves; n->open: whether it is to be branched on. */
static int look_at(search *s, node *n)
{
    n->open = false;
    if (s->o.depth && (n->depth == s->o.depth || n->next < 0)) return give_cube(s, n);
    if (s->o.attack && n->x && attack(s, n, n->x)) return FOUND;
    if (s->o.attack && n->number % 16 == 0 && attack(s, n, n->a->mean)) return FOUND;
    if (n->next < 0 && s->o.leaf) {
        const int status = s->o.leaf(s->o.arg, n->b, s->out.x);
        s->out.is_leaf = status == NM_VIOLATED;
        if (status != NM_UNKNOWN) return status == NM_OK ? CLOSED : FOUND;
        n->next = nm_pick_widest(n->b);
    }
    s->out.needs_leaf |= n->next < 0;
    n->open = n->next >= 0 && n->depth < MAX_DEPTH;
    return n->open ? CLOSED : GAVE_UP;
}

static void push(search *s, node *n)
{
    n->below = s->stack;
    s->stack = n;
}

/* Puts those of n new nodes that stay open onto the stack, the first on top. */
static int push_open(search *s, size_t n, node *const *child)
{
    int what = CLOSED;
    for (size_t i = 0; i < n && what == CLOSED; i++)
        if (child[i]->open) what = look_at(s, child[i]);
    for (size_t i = n; i-- > 0;) {
        if (what != CLOSED || !child[i]->open)
            drop(s, child[i]);
        else
            push(s, child[i]);
    }
    return what;
}

static node *pop(search *s)
{
    node *n = s->stack;
    s->stack = n->below;
    return n;
}

/* Branches on nodes from the top of the stack; if that takes too long, they stay there as they were. */
static int go_on(search *s)
{
    node *at[WIDTH], *child[2 * WIDTH];
    const size_t width = s->lines->entries > MANY_ENTRIES ? FEW : WIDTH, before = s->out.nodes;
    level l = {s, 0, at, child};
    if (s->out.nodes > s->o.max_nodes || (s->o.wanted && !s->o.wanted(s->o.arg))) return GAVE_UP;
    if (too_late(s)) return LATE;
    if (nm_show_due(s->caller))
        nm_show(s->caller, "; %zu nodes, depth %zu, bound %.4g", s->out.nodes, s->stack->depth, s->stack->a->lo[0]);
    while (s->stack && l.n < width) at[l.n++] = pop(s);
    for (size_t i = 0; i < 2 * l.n; i++) child[i] = new_node(s, at[i / 2]->b, at[i / 2], i % 2 ? -1 : 1);
    const bool done = bound_all(s, 2 * l.n, &l);
    for (size_t i = 0; !done && i < 2 * l.n; i++) drop(s, child[i]);
    for (size_t i = l.n; i-- > 0;) {
        if (done)
            drop(s, at[i]);
        else
            push(s, at[i]);
    }
    if (done) return push_open(s, 2 * l.n, child);
    s->out.nodes = before;
    return LATE;
}

/* Bounds the root; if that takes too long, it begins anew next time. */
static int begin(search *s)
{
    node *root = new_node(s, s->b, NULL, 0);
    if (bound_all(s, 1, &(level){s, 0, NULL, &root})) return push_open(s, 1, &root);
    drop(s, root);
    s->out.nodes = 0;
    nm_root_tree_drop(s->job, s->tree);
    s->tree = nm_root_tree_new(s->job);
    return LATE;
}

/* Searches until the search ends, or it is too late. */
static int work(search *s)
{
    if (s->o.wanted && !s->o.wanted(s->o.arg)) return GAVE_UP;
    int what = s->out.nodes ? CLOSED : begin(s);
    while (what == CLOSED && s->stack && !nm_root_tree_closes(s->tree, s->job, s->spent)) what = go_on(s);
    return what;
}

/* ---- a search from outside ---- */

nm_branch_search *nm_branch_open(nm_job *caller, const nm_bounds *b, const nm_case *c, size_t clause,
                                 const uint32_t *row, size_t which, double rhs, nm_branch_opts o)
{
    nm_job *job = nm_job_own(caller);
    search *s = NM_NEW(job, search);
    size_t free = 0;
    *s = (search){.job = job,
                  .p = b->p,
                  .c = c,
                  .clause = clause,
                  .which = which,
                  .row = row,
                  .rhs = rhs,
                  .o = o,
                  .b = b,
                  .out = {.status = NM_UNKNOWN, .x = NM_RAW(job, double, b->p->blocks[0].n)}};
    s->deep = nm_hidden_layers(b->p) > 1;
    s->by_point = nm_point_fits(b);
    for (size_t i = 0; i < b->p->blocks[0].n; i++) free += b->lo[i] < b->hi[i];
    s->halves = !o.depth && free <= HALVES;
    s->cost = nm_pseudo_new(job, b->p->n_units, NULL);
    s->lane_cost = nm_pseudo_new(job, b->p->n_units, NULL);
    s->tree = nm_root_tree_new(job);
    return s;
}

nm_branch nm_branch_go_on(nm_branch_search *s, nm_job *caller, double deadline)
{
    s->caller = caller;
    s->o.deadline = deadline;
    nm_job_set_threads(s->job, nm_job_threads(caller));
    nm_job_set_idle(s->job, nm_job_idle(caller));
    nm_root_tree_until(s->tree, deadline);
    if (!s->lines) s->lines = nm_lines_of_new(s->job, s->b, MAX_ENTRIES);
    const int what = work(s);
    nm_job_set_idle(s->job, NULL);
    s->out.late = what == LATE;
    s->out.status = what == CLOSED ? NM_OK : what == FOUND ? NM_VIOLATED : NM_UNKNOWN;
    nm_buf steps = {.job = s->job};
    if (s->o.record && what == CLOSED && tell(s, 0, &steps)) s->out.steps = steps.s;
    return s->out;
}

void nm_branch_close(nm_job *caller, nm_branch_search *s) { nm_close(caller, s->job); }

nm_branch nm_branch_run(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, const uint32_t *row,
                        size_t which, double rhs, nm_branch_opts o)
{
    nm_branch_search *s = nm_branch_open(job, b, c, clause, row, which, rhs, o);
    return nm_branch_go_on(s, job, o.deadline);
}
