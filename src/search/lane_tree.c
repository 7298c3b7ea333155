/* lane_tree.c: branch and bound on signs with NM_LANES nodes at a time (lanes.c), all below one node whose bounds of
 * units they share.
 *
 * Open nodes lie on a stack, which is kept in the order of their bounds if least_first is set. A round takes up to
 * PAIRS of them from its top, branches each on the unit with the best product of expected gains (pseudo_cost.c), and
 * bounds all children together, starting from their parents' slopes and multipliers; open children go back onto the
 * stack. If there are fewer nodes than pairs of lanes, the other lanes try further candidates of the same nodes
 * (strong branching: Applegate, Bixby, Chvatal, Cook 1995), and the best pair is taken; all pairs teach the
 * pseudo-costs. If there are more nodes, a round takes up to GROUPS times PAIRS of them, and the job's threads share
 * the groups. Which nodes share a round depends on the tree alone. Memory is that of the stack, at most GROUPS times
 * PAIRS nodes more for each level, or with least_first for each round, and of the lanes of each group. Effort is
 * counted in work, and a tree may be gone on with later. If words for a certificate are wanted, the root's slopes are
 * rounded and stay those of all nodes (lane_story.c). Left out: points; attacks and leaves are the caller's. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"
#include "search/trees.h"

enum { PAIRS = NM_LANES / 2, GROUPS = 4, DEPTH = NM_LANE_DEPTH, ROOT_STEPS = 30, STEPS = 4, MOST_TIMES = 4 };
static const float GRID = 32; /* slopes of a certificate are multiples of 1/GRID: one letter each */

typedef struct node {
    struct node *next;
    size_t n, number; /* number: in the story */
    double lo, own;   /* own: not counting its parent's */
    uint32_t unit[DEPTH];
    signed char side[DEPTH];
    float beta[DEPTH];
    uint32_t pick[PAIRS]; /* places of the best units to branch on, best first */
    size_t n_picks;
    float loss[PAIRS];
    float *slope; /* [n_open] */
} node;

typedef struct nm_lane_search {
    nm_job *job;
    nm_lanes *l[1 + GROUPS]; /* for a round of one group; others, for those of several, have jobs of their own */
    uint32_t row;
    nm_pseudo *cost;
    node *stack, *unused;
    size_t size; /* of the stack */
    size_t given; /* signs that the root assumes */
    double rhs;
    bool least_first;
    double done; /* part of the tree that is closed: the sum of 2^-depth over closed leaves */
    bool stuck;  /* a node cannot be branched on */
    double *x;   /* memory for out.x */
    float *first_slope; /* with words: the root's */
    nm_lane_story *story; /* or NULL */
    nm_lane_tree out;
} tree;

static node *new_node(tree *t)
{
    node *k = t->unused;
    if (k) {
        t->unused = k->next;
        return k;
    }
    k = NM_NEW(t->job, node);
    k->slope = nm_zero(t->job, t->l[0]->n_open + 1, sizeof *k->slope);
    return k;
}

static void drop(tree *t, node *k)
{
    k->next = t->unused;
    t->unused = k;
}

static bool has(const node *k, uint32_t unit)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->unit[i] == unit) return true;
    return false;
}

/* Sets the best units for branching by the losses of its lane. */
static void pick(const tree *t, node *k, const float *loss)
{
    double score[PAIRS];
    k->n_picks = 0;
    for (size_t i = 0; i < t->l[0]->n_open; i++) {
        if (!(loss[i] > 0)) continue;
        const double s = nm_pseudo_score(t->cost, t->l[0]->open[i], (double)loss[i]);
        if (k->n_picks == PAIRS && !(s > score[PAIRS - 1])) continue;
        if (has(k, t->l[0]->open[i])) continue;
        size_t at = k->n_picks < PAIRS ? k->n_picks++ : PAIRS - 1;
        for (; at > 0 && score[at - 1] < s; at--) {
            score[at] = score[at - 1];
            k->pick[at] = k->pick[at - 1];
            k->loss[at] = k->loss[at - 1];
        }
        score[at] = s;
        k->pick[at] = (uint32_t)i;
        k->loss[at] = loss[i];
    }
}

/* Takes over what lane `lane` has found out about the node. */
static void take(tree *t, const nm_lanes *l, node *k, size_t lane)
{
    k->lo = k->own = l->lo[lane];
    memcpy(k->slope, l->slope + lane * l->n_open, l->n_open * sizeof *k->slope);
    memcpy(k->beta, l->beta + lane * DEPTH, k->n * sizeof *k->beta);
    pick(t, k, l->loss + lane * l->n_open);
    if (k->n_picks || t->out.x || k->lo > t->rhs || nm_stopped(t->job)) return; /* when stopped, x may be no point */
    t->out.x = t->x;
    for (size_t i = 0; i < l->b->p->blocks[0].n; i++) t->x[i] = l->x[i * NM_LANES + lane];
}

static void push(tree *t, node *k)
{
    node **at = &t->stack;
    while (t->least_first && *at && (*at)->lo < k->lo) at = &(*at)->next;
    k->next = *at;
    *at = k;
    t->size++;
}

static node *pop(tree *t)
{
    node *k = t->stack;
    t->stack = k->next;
    t->size--;
    return k;
}

typedef struct {
    node *of;     /* the node that is branched on */
    size_t which; /* its candidate */
    node *child[2];
} pair;

static node *child_of(tree *t, const node *k, size_t which, int side)
{
    node *c = new_node(t);
    c->n = k->n + 1;
    memcpy(c->unit, k->unit, k->n * sizeof *c->unit);
    memcpy(c->side, k->side, k->n);
    memcpy(c->beta, k->beta, k->n * sizeof *c->beta);
    c->unit[k->n] = t->l[0]->open[k->pick[which]];
    c->side[k->n] = (signed char)side;
    c->beta[k->n] = 0;
    memcpy(c->slope, k->slope, t->l[0]->n_open * sizeof *c->slope);
    return c;
}

/* Returns how much the weaker child has gained, most important first: both closed, one closed, the product. */
static double worth(const tree *t, const pair *p)
{
    double product = 1;
    for (int e = 0; e < 2; e++) {
        const double most = t->rhs - p->of->lo, gain = p->child[e]->lo - p->of->lo;
        product *= 1e-6 + (gain < most ? (gain > 0 ? gain / most : 0) : 1);
    }
    return product;
}

/* Keeps the children of the best candidate of a node; all candidates of a node are neighbours. */
static void settle(tree *t, const pair *p, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (worth(t, &p[i]) > worth(t, &p[best])) best = i;
    const uint32_t unit = t->l[0]->open[p->of->pick[p[best].which]];
    const size_t first = t->story ? nm_lane_story_branch(t->story, p->of->number, unit) : 0;
    if (t->out.first < 0) t->out.first = (int64_t)unit;
    for (size_t i = 0; i < n; i++)
        for (int e = 0; e < 2; e++) {
            node *c = p[i].child[e];
            c->number = first + (c->side[c->n - 1] > 0 ? 0 : 1); /* as in a certificate, <= 0 comes first */
            if (i == best && t->story) nm_lane_story_note(t->story, c->number, c->own, c->n, c->beta);
            if (i == best && c->lo > t->rhs) t->done += ldexp(1, -(int)(c->n - t->given));
            if (i != best || c->lo > t->rhs)
                drop(t, c);
            else
                push(t, c);
        }
}

/* ---- a round ---- */

typedef struct {
    tree *t;
    nm_lanes *l;
    size_t n_nodes, n; /* n: of pairs; all candidates of a node are neighbours */
    node *at[PAIRS];
    size_t count[PAIRS]; /* candidates of each node */
    pair p[PAIRS];
} group;

static void bound_lanes(nm_job *job, void *arg)
{
    (void)job;
    const group *g = arg;
    nm_lane lane[NM_LANES];
    for (size_t i = 0; i < 2 * g->n; i++) {
        const node *c = g->p[i / 2].child[i % 2];
        lane[i] = (nm_lane){c->n, c->unit, c->side, c->beta, c->slope};
    }
    nm_lanes_run(g->l, 2 * g->n, lane, g->t->rhs, STEPS);
}

static void bound_each(nm_job *job, void *arg, nm_turns *turns)
{
    group *g = arg;
    for (size_t i; nm_turns_next(job, turns, &i);) {
        const int code = nm_run(g[i].l->job, bound_lanes, &g[i]);
        if (code) nm_throw(job, code, "%s", nm_job_message(g[i].l->job));
    }
}

/* Takes over the bounds of a group's children, and learns from them. */
static void take_group(tree *t, const group *g)
{
    t->out.work += nm_lanes_work(g->l, 2 * g->n, STEPS);
    for (size_t i = 0; i < 2 * g->n; i++) {
        const pair *p = &g->p[i / 2];
        node *c = p->child[i % 2];
        take(t, g->l, c, i);
        if (c->lo < p->of->lo) c->lo = p->of->lo; /* the parent's bound holds, too */
        nm_pseudo_learn(t->cost, i % 2 ? 1 : -1, c->unit[c->n - 1], c->lo - p->of->lo, (double)p->of->loss[p->which]);
    }
}

static nm_lanes *lanes_of(tree *t, size_t k)
{
    if (t->l[k]) return t->l[k];
    nm_job *job = nm_job_own(t->job);
    t->l[k] = nm_lanes_new(job, t->l[0]->b, t->row, DEPTH);
    t->l[k]->coef = t->l[0]->coef;
    t->l[k]->keep_slopes = t->l[0]->keep_slopes;
    return t->l[k];
}

/* Sets up the group's pairs. */
static void fill(tree *t, group *g)
{
    g->t = t;
    g->n = 0;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const size_t share = PAIRS / g->n_nodes;
        g->count[i] = share < g->at[i]->n_picks ? share : g->at[i]->n_picks;
        for (size_t c = 0; c < g->count[i]; c++) g->p[g->n++] = (pair){g->at[i], c, {NULL, NULL}};
    }
    for (size_t i = 0; i < 2 * g->n; i++)
        g->p[i / 2].child[i % 2] = child_of(t, g->p[i / 2].of, g->p[i / 2].which, i % 2 ? 1 : -1);
}

static void settle_group(tree *t, const group *g)
{
    t->out.nodes += 2 * g->n_nodes;
    for (size_t i = g->n_nodes; i-- > 0;) { /* the node from the top of the stack goes on first */
        size_t from = 0;
        for (size_t k = 0; k < i; k++) from += g->count[k];
        settle(t, g->p + from, g->count[i]);
    }
    for (size_t i = 0; i < g->n_nodes; i++) drop(t, g->at[i]);
}

/* Puts the nodes back of a round that was not done. */
static void give_back(tree *t, size_t n, const group *g)
{
    while (n-- > 0) {
        for (size_t i = 0; i < 2 * g[n].n; i++) drop(t, g[n].p[i / 2].child[i % 2]);
        for (size_t i = g[n].n_nodes; i-- > 0;) push(t, g[n].at[i]);
    }
}

/* Takes nodes from the stack, bounds their children, and puts those back that stay open. */
static void go_on(tree *t)
{
    group g[GROUPS];
    size_t n = 0;
    for (; n < GROUPS && (n == 0 || t->stack); n++) {
        g[n].n_nodes = 0;
        while (t->stack && g[n].n_nodes < PAIRS && t->stack->n_picks && t->stack->n < DEPTH)
            g[n].at[g[n].n_nodes++] = pop(t);
        if (g[n].n_nodes == 0) break;
        fill(t, &g[n]);
    }
    for (size_t k = 0; k < n; k++) g[k].l = lanes_of(t, n > 1 ? k + 1 : 0);
    if (n > 1) nm_team_run(t->job, n, (double)n * nm_lanes_work(t->l[0], NM_LANES, STEPS), bound_each, g);
    if (n == 1) bound_lanes(t->job, g);
    t->stuck = n == 0;
    if (n == 0 || nm_stopped(t->job)) {
        give_back(t, n, g);
        return;
    }
    for (size_t k = 0; k < n; k++) take_group(t, &g[k]);
    for (size_t k = n; k-- > 0;) settle_group(t, &g[k]);
}

/* Returns true if it is worth while to go on: the work that was allowed is not used up, or most of the tree is closed
 * and what is left may be expected to take little more than that. */
static bool worth_while(const tree *t, double work)
{
    return t->out.work < work || t->out.work < work * MOST_TIMES * (2 * t->done - 1);
}

double nm_tree_node_work(double weights) { return 2 * STEPS * weights; }

/* Rounds the root's slopes, which all nodes then keep, so that a certificate can say them. */
static void round_slopes(tree *t, node *root)
{
    nm_lanes *l = t->l[0];
    for (size_t i = 0; i < l->n_open; i++) root->slope[i] = nearbyintf(l->slope[i] * GRID) / GRID;
    l->keep_slopes = true;
    t->story = nm_lane_story_new(t->job, l->b->p);
    nm_lanes_run(l, 1, &(nm_lane){0, root->unit, root->side, root->beta, root->slope}, t->rhs, 1);
}

/* Says in a certificate's words what has been found out about the tree. */
static void tell(tree *t, const float *slope, nm_lane_words *words)
{
    const double lo = nm_lane_story_tell(t->story, t->l[0], slope, t->rhs, words);
    t->out.closed &= lo > t->rhs;
    t->out.lo = lo; /* all of it, as the checker goes on from that */
}

/* The root assumes signs with their multipliers, unless so many that they leave little room for branching. */
static void give_signs(tree *t, node *root, const nm_signs *signs, const double *beta)
{
    root->n = 0;
    if (!signs || signs->n > DEPTH / 2) return;
    for (size_t i = 0; i < signs->n; i++) root->beta[i] = (float)beta[i];
    memcpy(root->unit, signs->unit, signs->n * sizeof *root->unit);
    memcpy(root->side, signs->side, signs->n);
    t->given = root->n = signs->n;
}

/* Frees the lanes of groups, whose jobs end with the nm_run that they began in. */
static void free_lanes(tree *t)
{
    for (size_t k = 1; k <= GROUPS; k++) {
        if (t->l[k]) nm_close(t->job, t->l[k]->job);
        t->l[k] = NULL;
    }
}

nm_lane_search *nm_lane_tree_open(nm_job *job, const nm_bounds *b, uint32_t row, double rhs, const double *slope,
                                  nm_pseudo *cost, nm_lane_opts o)
{
    tree *t = NM_NEW(job, tree);
    *t = (tree){.job = job, .row = row, .cost = cost, .rhs = rhs, .least_first = o.least_first, .out = {.first = -1}};
    t->x = NM_RAW(job, double, b->p->blocks[0].n);
    nm_lanes *l = t->l[0] = nm_lanes_new(job, b, row, DEPTH);
    if (o.above) l->coef = -1;
    node *root = new_node(t);
    give_signs(t, root, o.signs, o.beta);
    for (size_t i = 0; i < l->n_open; i++) root->slope[i] = (float)slope[l->open[i]];
    const nm_lane lane = {root->n, root->unit, root->side, root->beta, root->slope};
    nm_lanes_run(l, 1, &lane, rhs, ROOT_STEPS);
    t->out.work = nm_lanes_work(l, 1, ROOT_STEPS);
    if (o.words) round_slopes(t, root);
    take(t, l, root, 0);
    t->out.root = root->lo;
    if (o.words) {
        t->first_slope = NM_RAW(job, float, l->n_open + 1); /* the root's memory serves other nodes later */
        memcpy(t->first_slope, root->slope, l->n_open * sizeof *root->slope);
        nm_lane_story_note(t->story, 0, root->lo, 0, root->beta);
    }
    if (!(root->lo > rhs)) push(t, root);
    return t;
}

nm_lane_tree nm_lane_tree_go_on(nm_lane_search *t, double work)
{
    while (t->stack && worth_while(t, work) && !nm_stopped(t->job) && !t->stuck) go_on(t);
    free_lanes(t);
    t->out.closed = !t->stack;
    t->out.lo = t->rhs;
    for (const node *k = t->stack; k; k = k->next)
        if (k->lo < t->out.lo) t->out.lo = k->lo;
    return t->out;
}

bool nm_lane_tree_stuck(const nm_lane_search *t) { return t->stuck; }

nm_lane_tree nm_lane_tree_run(nm_job *job, const nm_bounds *b, uint32_t row, double rhs,
                              const double *slope, nm_pseudo *cost, nm_lane_opts o)
{
    double *x = NM_RAW(job, double, b->p->blocks[0].n);
    const nm_mark mark = nm_mark_get(job);
    tree *t = nm_lane_tree_open(job, b, row, rhs, slope, cost, o);
    nm_lane_tree_go_on(t, o.work + (double)o.nodes * nm_lanes_work(t->l[0], NM_LANES, STEPS) / NM_LANES);
    if (o.words) tell(t, t->first_slope, o.words);
    nm_lane_tree out = t->out;
    if (out.x) {
        memcpy(x, out.x, b->p->blocks[0].n * sizeof *x);
        out.x = x;
    }
    nm_mark_release(job, mark);
    return out;
}
