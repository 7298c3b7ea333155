/* binary_tree.c: branch and bound over the binaries of a model, each node a linear relaxation whose bound is proven.
 *
 * A node fixes some binaries. Clp minimises the model's objective over the rest (embedded_clp.c), from the basis of the
 * parent; Clp's own status is not used. A certified lower bound is computed from its duals, and a certificate that the
 * node is empty from its ray (Neumaier, Shcherbina 2004). A node is closed if its certified bound lies above the cap or
 * if it is empty. In an open node, binaries whose other value would lie above the cap are fixed (reduced cost fixing,
 * certified as well), and the node branches on one of the remaining binaries: the fractional one with the largest
 * product of expected gains on both sides. Gains per unit of distance are learned as the tree grows (pseudo-costs);
 * while little is known about a binary, a few iterations on both sides probe them (reliability branching: Achterberg,
 * Koch, Martin 2005). Every node's point goes to the caller, who judges it, and who may lower the cap or stop the
 * search. If a bound is wanted, a point with integral binaries is an incumbent, and the cap drops below its objective
 * by a gap.
 *
 * If only the cap matters, the tree is searched depth first; otherwise each dive begins at the open node of least
 * bound. A node that stays open although all binaries are fixed at the values of its point is a tie within rounding:
 * the tree goes on, reports how large the tie is, and does not prove the cap. The tree's bound, the least among its
 * closed and open leaves, is proven however the search ended. Cost: for each node a linear program and one pass over
 * the matrix; an open node takes one byte of memory for each column, row and binary. Left out: cutting planes (models
 * bring their own rows) and indicator rows, sets and products, which Clp does not support. */
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"

enum {
    ITERATIONS = 20000,
    PROBE_ITERATIONS = 40,
    PROBES = 6,
    RELIABLE = 3,
    TIES = 64,
    STOPPED = 50
};
static const double FRACTION = 1e-6;

typedef struct {
    double bound;
    signed char *fix;     /* [n_bin] 0 or 1; -1: free */
    unsigned char *basis; /* [n_cols + n_rows] */
    size_t branched;      /* the binary that its parent branched on */
    double away, from;    /* how far that binary moved, and the parent's objective; for pseudo-costs */
} node;

typedef struct {
    double *gain, *n; /* [n_bin] sum of gains per unit of distance; number of gains */
    double all, n_all;
} costs;

typedef struct {
    nm_job *job;
    const nm_model *m;
    nm_clp *l;
    nm_tree_opts o;
    nm_tree *out;
    size_t n_bin;
    uint32_t *bin;
    double cap;
    double *c, *lo, *hi, *x, *y, *move, *at_node, *root_lo, *root_hi;
    node *open, *spare;
    size_t n_open, cap_open, n_spare, cap_spare;
    costs cost[2];  /* down, up */
    size_t stopped; /* solves in which Clp gave up */
    bool stop;
} search;

static node node_new(search *s)
{
    if (s->n_spare > 0) return s->spare[--s->n_spare];
    return (node){.fix = nm_raw(s->job, s->n_bin + 1, 1),
                  .basis = nm_raw(s->job, s->m->n_cols + s->m->n_rows + 1, 1)};
}

static node node_copy(search *s, const node *of)
{
    node n = node_new(s);
    memcpy(n.fix, of->fix, s->n_bin);
    memcpy(n.basis, of->basis, s->m->n_cols + s->m->n_rows);
    n.bound = of->bound;
    return n;
}

static void node_free(search *s, node n)
{
    *NM_PUSH(s->job, s->spare, s->n_spare, s->cap_spare) = n;
}

/* Records a proven bound of a leaf of the tree. */
static void leaf(search *s, double bound)
{
    if (bound < s->out->bound) s->out->bound = bound;
}

/* Returns true if a node with this bound is closed; an empty one is closed even without a cap. */
static bool closes(const search *s, double bound) { return bound > s->cap || bound == INFINITY; }

static void set_box(search *s, const node *n)
{
    memcpy(s->lo, s->root_lo, s->m->n_cols * sizeof *s->lo);
    memcpy(s->hi, s->root_hi, s->m->n_cols * sizeof *s->hi);
    for (size_t b = 0; b < s->n_bin; b++)
        if (n->fix[b] >= 0) s->lo[s->bin[b]] = s->hi[s->bin[b]] = n->fix[b];
    nm_clp_box(s->l, s->lo, s->hi);
}

/* Solves the relaxation in the current box. Returns a proven lower bound of the objective; INFINITY: the box is empty.
 * *end: Clp's status, for choices only. */
static double solve(search *s, const unsigned char *basis, int iterations, nm_lpend *end)
{
    const double limit = isfinite(s->cap) ? s->cap + 1e-6 * (1 + fabs(s->cap)) : INFINITY;
    *end = nm_clp_resolve(s->l, basis, limit, iterations, s->x, s->y);
    double bound = nm_dual_gains(s->job, s->m, s->lo, s->hi, s->c, s->y, s->move);
    if (*end == NM_LP_INFEASIBLE && !closes(s, bound) && nm_clp_is_empty(s->l, s->lo, s->hi))
        bound = INFINITY;
    return bound;
}

static void learn(search *s, size_t b, bool up, double gain, double away)
{
    costs *c = &s->cost[up];
    if (!(away > FRACTION) || !isfinite(gain)) return;
    const double g = fmax(gain, 0) / away;
    c->gain[b] += g;
    c->n[b]++;
    c->all += g;
    c->n_all++;
}

static double expected(const costs *c, size_t b)
{
    const double mean = c->n_all > 0 ? c->all / c->n_all : 1;
    return (c->gain[b] + mean) / (c->n[b] + 1);
}

static double fraction(const search *s, size_t b)
{
    const double x = s->x[s->bin[b]];
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double score(const search *s, size_t b)
{
    const double f = fraction(s, b);
    return fmax(expected(&s->cost[0], b) * f, 1e-9) *
           fmax(expected(&s->cost[1], b) * (1 - f), 1e-9);
}

static bool is_fractional(const search *s, const node *n, size_t b)
{
    const double f = fraction(s, b);
    return n->fix[b] < 0 && f > FRACTION && f < 1 - FRACTION;
}

/* Returns the fractional free binary with the best score; if none is fractional, the free one with the largest expected
 * gain; -1 if all are fixed. */
static int64_t choose(const search *s, const node *n)
{
    int64_t best = -1, other = -1;
    double top = -1, most = -1;
    for (size_t b = 0; b < s->n_bin; b++) {
        if (n->fix[b] >= 0) continue;
        const double plain = expected(&s->cost[0], b) + expected(&s->cost[1], b);
        if (plain > most) most = plain, other = (int64_t)b;
        if (!is_fractional(s, n, b)) continue;
        const double sc = score(s, b);
        if (sc > top) top = sc, best = (int64_t)b;
    }
    return best >= 0 ? best : other;
}

/* Tries both values of b by a few iterations each. Returns how many of the two are proven closed; if one, fixes b. */
static int probe(search *s, node *n, size_t b, double from, double f)
{
    bool closed[2] = {false, false};
    for (int up = 0; up <= 1; up++) {
        nm_lpend end;
        n->fix[b] = (signed char)up;
        set_box(s, n);
        const double bound = solve(s, n->basis, PROBE_ITERATIONS, &end);
        closed[up] = closes(s, bound);
        if (closed[up]) leaf(s, bound);
        learn(s, b, up, closed[up] && isfinite(s->cap) ? s->cap - from : nm_clp_value(s->l) - from,
              up ? 1 - f : f);
    }
    n->fix[b] = closed[0] == closed[1] ? -1 : closed[0];
    return closed[0] + closed[1];
}

/* Probes the most promising of the binaries about which little is known; x: the node's point. Returns 2 if the node is
 * proven closed, 1 if binaries were fixed, else 0. */
static int probe_some(search *s, node *n, double from, const double *x)
{
    int fixed = 0;
    for (size_t k = 0; k < PROBES; k++) {
        int64_t best = -1;
        double top = -1;
        memcpy(s->x, x, s->m->n_cols * sizeof *x);
        for (size_t b = 0; b < s->n_bin; b++) {
            const double known = fmin(s->cost[0].n[b], s->cost[1].n[b]);
            if (!is_fractional(s, n, b) || known >= RELIABLE) continue;
            const double sc = score(s, b) / (1 + known);
            if (sc > top) top = sc, best = (int64_t)b;
        }
        if (best < 0) break;
        const int closed = probe(s, n, (size_t)best, from, fraction(s, (size_t)best));
        if (closed == 2) return 2;
        fixed |= closed;
    }
    memcpy(s->x, x, s->m->n_cols * sizeof *x);
    return fixed;
}

/* Fixes the free binaries whose other value is proven to lie above the cap. */
static void fix_by_costs(search *s, node *n, double bound)
{
    for (size_t b = 0; isfinite(s->cap) && isfinite(bound) && b < s->n_bin; b++) {
        const double move = s->move[s->bin[b]], other = nm_down(bound + fabs(move));
        if (n->fix[b] >= 0 || move == 0 || !(other > s->cap)) continue;
        leaf(s, other);
        n->fix[b] = move < 0;
    }
}

/* Takes a point with integral binaries as the incumbent if it is better: the cap drops below it by the gap. */
static void take_incumbent(search *s, const node *n)
{
    double value = 0;
    for (size_t b = 0; b < s->n_bin; b++)
        if (is_fractional(s, n, b)) return;
    for (size_t j = 0; j < s->m->n_cols; j++) value += s->c[j] * s->x[j];
    if (!(value < s->out->value)) return;
    s->out->value = value;
    if (s->o.best) memcpy(s->o.best, s->x, s->m->n_cols * sizeof *s->x);
    s->cap = fmin(s->cap, value - s->o.gap * (s->o.gap_of_one + fabs(value)));
}

static void give_point(search *s, const node *n)
{
    const double cap = s->cap;
    if (!s->o.decide) take_incumbent(s, n);
    if (s->o.point && s->o.point(s->o.arg, s->x, &s->cap)) s->stop = s->out->stopped = true;
    if (s->cap < cap) s->out->improved++;
}

static void give_up_leaf(search *s, double bound)
{
    leaf(s, bound);
    s->out->ties++;
    if (!(s->cap - bound <= s->out->tie)) s->out->tie = s->cap - bound;
    if (s->out->ties >= TIES) s->stop = true;
}

static void push(search *s, node n) { *NM_PUSH(s->job, s->open, s->n_open, s->cap_open) = n; }

/* Treats a node without fractional binaries: solves the leaf in which they are rounded. Returns true if that leaf stays
 * open: then no branching can close the node. */
static bool rounded_leaf_is_open(search *s, const node *n)
{
    nm_lpend end;
    const node r = node_copy(s, n);
    for (size_t b = 0; b < s->n_bin; b++)
        if (r.fix[b] < 0) r.fix[b] = fraction(s, b) > 0.5;
    set_box(s, &r);
    const double bound = solve(s, n->basis, ITERATIONS, &end);
    const bool open = !closes(s, bound);
    if (open && end == NM_LP_OPTIMAL) give_point(s, &r);
    node_free(s, r);
    return open && !closes(s, bound);
}

/* Pushes the two children; the one that the relaxation prefers is pushed last, so that it is taken first. */
static void branch(search *s, const node *n, size_t b, double from)
{
    const double f = fraction(s, b);
    for (int k = 0; k < 2; k++) {
        const int up = (f > 0.5) == (k == 1);
        node c = node_copy(s, n);
        c.fix[b] = (signed char)up;
        c.branched = b;
        c.away = up ? 1 - f : f;
        c.from = from;
        push(s, c);
    }
}

/* Bounds a node, and branches if it stays open. */
static void visit(search *s, node *n)
{
    enum { ROUNDS = 4 };
    double *x = s->at_node;
    for (int round = 1;; round++) {
        nm_lpend end;
        set_box(s, n);
        const double bound = solve(s, n->basis, ITERATIONS, &end), value = nm_clp_value(s->l);
        if (bound > n->bound) n->bound = bound;
        if (round == 1 && n->branched != SIZE_MAX)
            learn(s, n->branched, n->fix[n->branched] == 1,
                  closes(s, n->bound) && isfinite(s->cap) ? s->cap - n->from : value - n->from,
                  n->away);
        if (!closes(s, n->bound) && end == NM_LP_OPTIMAL) give_point(s, n);
        if (closes(s, n->bound) || s->stop) break; /* the point may have lowered the cap */
        nm_clp_basis(s->l, n->basis);
        fix_by_costs(s, n, bound);
        memcpy(x, s->x, s->m->n_cols * sizeof *x);
        const int probed = end == NM_LP_OPTIMAL && round < ROUNDS ? probe_some(s, n, value, x) : 0;
        if (probed == 2) return;
        if (probed == 1) continue;
        const int64_t b = choose(s, n);
        if (end == NM_LP_STOPPED) s->stopped++;
        if (s->stopped > STOPPED && 4 * s->stopped > s->out->nodes) s->stop = true;
        const bool whole = b < 0 || (end == NM_LP_OPTIMAL && !is_fractional(s, n, (size_t)b));
        const bool hopeless = b < 0 || (whole && rounded_leaf_is_open(s, n));
        memcpy(s->x, x, s->m->n_cols * sizeof *x);
        if (s->stop) break;
        if (hopeless)
            give_up_leaf(s, n->bound);
        else
            branch(s, n, (size_t)b, value);
        return;
    }
    leaf(s, n->bound);
}

/* Takes an open node: the last one during a dive, otherwise the one of least bound, if bounds are wanted. */
static node take(search *s, bool dive)
{
    size_t at = s->n_open - 1;
    for (size_t k = 0; !dive && !s->o.decide && k < s->n_open; k++)
        if (s->open[k].bound < s->open[at].bound) at = k;
    const node n = s->open[at];
    s->open[at] = s->open[--s->n_open];
    return n;
}

/* ---- the search ---- */

static search *search_new(nm_job *job, const nm_model *m, nm_tree_opts o, nm_tree *out)
{
    search *s = NM_NEW(job, search);
    const size_t n = m->n_cols + 1;
    *s = (search){.job = job, .m = m, .l = nm_clp_new(job, m), .o = o, .out = out, .cap = o.cap};
    s->bin = NM_RAW(job, uint32_t, n);
    double **of[] = {&s->c, &s->lo, &s->hi, &s->x, &s->move, &s->at_node, &s->root_lo, &s->root_hi};
    for (size_t k = 0; k < sizeof of / sizeof *of; k++) *of[k] = NM_ARRAY(job, double, n);
    s->y = NM_RAW(job, double, m->n_rows + 1);
    for (size_t j = 0; j < m->n_cols; j++) {
        s->c[j] = m->cols[j].obj;
        s->root_lo[j] = m->cols[j].lo;
        s->root_hi[j] = m->cols[j].hi;
        if (m->cols[j].is_int && m->cols[j].lo < m->cols[j].hi) s->bin[s->n_bin++] = (uint32_t)j;
    }
    for (int up = 0; up < 2; up++) {
        s->cost[up].gain = NM_ARRAY(job, double, s->n_bin + 1);
        s->cost[up].n = NM_ARRAY(job, double, s->n_bin + 1);
    }
    nm_clp_cost(s->l, s->c);
    return s;
}

static node root_of(search *s)
{
    node n = node_new(s);
    memset(n.fix, -1, s->n_bin);
    nm_clp_slack(s->l, n.basis);
    n.bound = -INFINITY;
    n.branched = SIZE_MAX;
    return n;
}

nm_tree nm_tree_run(nm_job *job, const nm_model *m, nm_tree_opts o)
{
    nm_tree out = {.status = NM_UNKNOWN, .bound = INFINITY, .value = INFINITY, .tie = NAN};
    for (size_t j = 0; j < m->n_cols; j++)
        if (m->cols[j].is_int && !(m->cols[j].lo >= 0 && m->cols[j].hi <= 1))
            nm_throw(job, NM_EUNSUP, "column %s is an integer but not binary", m->cols[j].name);
    const nm_mark mark = nm_mark_get(job);
    search *s = search_new(job, m, o, &out);
    push(s, root_of(s));
    size_t before = 0;
    while (s->n_open > 0 && !s->stop) {
        if (out.nodes >= o.max_nodes || nm_stopped(job) || nm_wall() > o.deadline) break;
        node n = take(s, s->n_open > before);
        if (nm_show_due(job))
            nm_show(job, "; %zu nodes, %zu open, bound %.4g", out.nodes, s->n_open + 1,
                    ldexp(n.bound, o.unit) + o.shift);
        before = s->n_open;
        if (closes(s, n.bound)) {
            leaf(s, n.bound);
        } else {
            out.nodes++;
            visit(s, &n);
        }
        node_free(s, n);
    }
    for (size_t k = 0; k < s->n_open; k++) leaf(s, s->open[k].bound);
    if (o.decide && out.stopped)
        out.status = NM_VIOLATED;
    else if (s->n_open == 0 && out.ties == 0 && !s->stop)
        out.status = NM_OK;
    nm_close(job, s->l);
    nm_mark_release(job, mark);
    return out;
}
