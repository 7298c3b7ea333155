/* unit_signs.c: branching on signs with propagation in place of optimised bounds, for questions that are formulas.
 *
 * Where a sign settles many other signs at once, as in networks that encode logic, a search with cheap nodes and a look
 * ahead beats one with tight bounds (Davis, Logemann, Loveland 1962; Heule, van Maaren 2009). In a node, all rows of
 * the target's clause are assumed to hold. Interval arithmetic forwards, propagation backwards (propagate.c), and the
 * rows pulled back to the inputs as halfspaces (conditioned.c) are repeated while they gain. If bounds cross or a row
 * is excluded, the node is closed. Otherwise the PROBES open units whose signs push inputs towards the tensest limits
 * are tried with both signs: a sign that is closed at once leaves the other one, and of the rest the unit is branched
 * on whose signs settle and tighten most, by the product of both. A node without open signs is a linear program
 * (leaf.c). Bounds are those of nm_interval, nm_propagate and nm_cut_box, so that what is closed is excluded.
 *
 * It is tried only on networks with one hidden layer, and if the rows settle or limit many signs at the root; it goes
 * on as long as the part of the tree that is closed promises an end within MOST_WORK. Effort is counted in work. Left
 * out: learning from conflicts, restarts. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/state.h"

enum { DEPTH = 400, SWEEPS = 100, PROBES = 8 };
static const double GAIN = 0.05, /* in inputs that are settled: less ends a node's propagation */
    LIMITED = 0.2,               /* part of the open signs that the rows must settle or limit at the root */
    HOPELESS = 0.05, /* the same after one sweep */
    FIRST_WORK = 4e9, MOST_WORK = 4e11, /* fused multiply-adds: before it is judged; in all */
    SWEEP_COST = 200; /* of a sweep, for each weight: what callbacks and passes in lanes take */

typedef struct {
    nm_job *job;
    const nm_program *p;
    const nm_case *c; /* the clause alone */
    uint32_t *const *row;
    double guard, weights, deadline;
    const nm_bounds *root;
    double *tense, *tenser; /* [n_units] of the node at hand; of a node with one more sign */
    bool *one; /* all clauses are open: the only one */
    double done; /* part of the tree that is closed */
    nm_leaf *leaf;
    nm_signs_found *out;
} search;

enum { CLOSED, FOUND, OPEN };

/* Returns how much of the inputs' box is left, in inputs. */
static double width(const nm_bounds *b, const nm_bounds *root)
{
    double sum = 0;
    for (size_t i = 0; i < b->p->blocks[0].n; i++) {
        const double all = root->hi[i] - root->lo[i];
        if (all > 0) sum += (b->hi[i] - b->lo[i]) / all;
    }
    return sum;
}

/* Cuts the box with each row of the clause; returns false if a row is excluded. */
static bool cut(search *s, nm_bounds *b)
{
    const nm_mark mark = nm_mark_get(s->job);
    nm_box_rows rows = nm_box_rows_new(s->job, b, s->c, s->row);
    nm_box_rows_pull(&rows, s->one);
    const bool left = nm_box_rows_cut(&rows, s->guard, b);
    nm_mark_release(s->job, mark);
    return left;
}

/* Repeats the three, at most `sweeps` times, until they gain little; returns false if nothing is left. */
static bool settle(search *s, nm_bounds *b, double *tense, int sweeps)
{
    const size_t q = s->p->n_blocks - 1;
    double left = width(b, s->root);
    size_t open = nm_bounds_unstable(b);
    for (int i = 0; i < sweeps && !b->empty; i++) {
        nm_interval(s->job, b, 1, (int)q + 1);
        nm_propagate(b, tense);
        s->out->work += SWEEP_COST * s->weights;
        if (b->empty || !cut(s, b)) return false;
        const double now = width(b, s->root);
        const size_t still = nm_bounds_unstable(b);
        if (still == open && now > left - GAIN) break;
        left = now;
        open = still;
    }
    return !b->empty;
}

/* ---- choice of a unit ---- */

/* side as in nm_signs */
static void assume_sign(nm_bounds *b, size_t pre, int side)
{
    nm_bounds_meet(b, pre, side > 0 ? -INFINITY : 0, side > 0 ? 0 : INFINITY, NM_BY_ALPHA);
}

/* Sets *to to the bounds with a sign assumed; returns how many signs this settles, and how much tenser limits become,
 * or -1 if the node is closed. */
static double assume(search *s, const nm_bounds *b, size_t u, int side, nm_bounds *to)
{
    const size_t before = nm_bounds_unstable(b);
    nm_bounds_assign(to, b);
    assume_sign(to, nm_program_pre(s->p, u), side);
    if (to->empty || !settle(s, to, s->tenser, SWEEPS)) return -1;
    double gain = (double)(before - nm_bounds_unstable(to));
    for (size_t i = 0; i < s->p->n_units; i++) gain += fmax(0, fabs(s->tenser[i]) - fabs(s->tense[i]));
    return gain;
}

typedef struct {
    double *push[2]; /* [n_in] tension of the limits that larger values, and smaller ones, come nearer to */
    double tension, sum[2], size;
} pushes;

static void add_push(void *arg, size_t j, double w)
{
    pushes *p = arg;
    if (w == 0) return;
    p->push[(w > 0) == (p->tension > 0)][j] += fabs(p->tension);
}

static void add_pull(void *arg, size_t j, double w)
{
    pushes *p = arg;
    p->sum[0] += fabs(w) * p->push[w < 0][j];
    p->sum[1] += fabs(w) * p->push[w > 0][j];
    p->size += fabs(w);
}

/* Lists up to PROBES open units, best first, by the tension that their signs push inputs towards. */
static size_t list_best(const search *s, const nm_bounds *b, size_t *unit)
{
    const nm_block *pre = &s->p->blocks[1];
    const size_t n_in = s->p->blocks[0].n;
    double score[PROBES];
    size_t n = 0;
    pushes p = {.push = {NM_ARRAY(s->job, double, n_in + 1), NM_ARRAY(s->job, double, n_in + 1)}};
    for (size_t i = 0; i < pre->n; i++) {
        p.tension = s->tense[pre->first + i];
        for (size_t t = 0; p.tension != 0 && t < pre->n_lin; t++) nm_lin_row(&pre->lin[t], i, add_push, &p);
    }
    for (size_t i = 0; i < pre->n; i++) {
        if (nm_bounds_phase(b, pre->first + i) != NM_UNSTABLE) continue;
        p.sum[0] = p.sum[1] = p.size = 0;
        for (size_t t = 0; t < pre->n_lin; t++) nm_lin_row(&pre->lin[t], i, add_pull, &p);
        const double x = (p.sum[0] / p.size + 1e-3) * (p.sum[1] / p.size + 1e-3);
        if (n == PROBES && !(x > score[n - 1])) continue;
        size_t at = n < PROBES ? n++ : n - 1;
        for (; at > 0 && score[at - 1] < x; at--) {
            score[at] = score[at - 1];
            unit[at] = unit[at - 1];
        }
        score[at] = x;
        unit[at] = s->p->blocks[2].first + i;
    }
    return n;
}

typedef struct {
    bool closed;
    double best;  /* score of the unit to branch on */
    int64_t unit; /* or -1: no sign is open */
    int side;     /* that goes first */
} ahead;

/* Looks ahead from a node, and keeps in b what signs that are closed at once leave. */
static ahead look_ahead(search *s, nm_bounds *b)
{
    ahead a = {.unit = -1};
    size_t unit[PROBES];
    if (!settle(s, b, s->tense, SWEEPS)) return (ahead){.closed = true};
    nm_bounds *to[2] = {nm_bounds_copy(s->job, b), nm_bounds_copy(s->job, b)};
    const size_t n = list_best(s, b, unit);
    for (size_t i = 0; i < n && !a.closed && !nm_stopped(s->job); i++) {
        if (nm_bounds_phase(b, nm_program_pre(s->p, unit[i])) != NM_UNSTABLE) continue;
        const double on = assume(s, b, unit[i], -1, to[0]), off = assume(s, b, unit[i], 1, to[1]);
        a.closed = on < 0 && off < 0;
        if (on < 0 || off < 0) {
            nm_bounds_assign(b, to[on < 0]);
        } else if (on * off > a.best) {
            a.best = on * off;
            a.unit = (int64_t)unit[i];
            a.side = on > off ? -1 : 1;
        }
    }
    if (a.unit >= 0 && nm_bounds_phase(b, nm_program_pre(s->p, (size_t)a.unit)) != NM_UNSTABLE) a.unit = -1;
    return a;
}

/* ---- the tree ---- */

/* Decides a node without open signs: by the point of its box whose inputs are ends of the root's box where it has
 * those, as limits are often just attained there, where a linear program's tolerance hides them; else by that
 * program. */
static int decide(search *s, const nm_bounds *b)
{
    const nm_state *st = s->leaf->s;
    const nm_target *t = s->leaf->t;
    for (size_t i = 0; i < s->p->blocks[0].n; i++) {
        const double lo = s->root->lo[i], hi = s->root->hi[i];
        s->out->x[i] = b->lo[i] <= lo ? lo : b->hi[i] >= hi ? hi : 0.5 * b->lo[i] + 0.5 * b->hi[i];
    }
    if (nm_verify(s->job, st->net, st->q, t->icase, (int64_t)t->iclause, s->out->x).is_violated) return FOUND;
    const int status = nm_leaf_solve(s->leaf, b, s->out->x);
    return status == NM_OK ? CLOSED : status == NM_VIOLATED ? FOUND : OPEN;
}

/* Returns true if the tree is expected to end in time, by the part of it that is closed. */
static bool promising(const search *s)
{
    const double w = s->out->work;
    return !nm_stopped(s->job) && nm_wall() < s->deadline && w < MOST_WORK &&
           (w < FIRST_WORK || w < MOST_WORK * s->done);
}

static int visit(search *s, nm_bounds *b, size_t depth)
{
    s->out->nodes++;
    if (nm_show_due(s->job)) nm_show(s->job, "; %zu nodes", s->out->nodes);
    ahead a;
    const nm_mark mark = nm_mark_get(s->job);
    do { /* again as long as signs were settled on the way, but none was found to branch on */
        a = look_ahead(s, b);
        nm_mark_release(s->job, mark);
    } while (!a.closed && a.unit < 0 && nm_bounds_unstable(b) && promising(s));
    if (!a.closed && (!promising(s) || depth == DEPTH)) return OPEN;
    if (a.closed || a.unit < 0) s->done += ldexp(1, -(int)depth);
    if (a.closed) return CLOSED;
    if (a.unit < 0) return decide(s, b);
    for (int e = 0; e < 2; e++) {
        nm_bounds *child = nm_bounds_copy(s->job, b);
        const int side = e ? -a.side : a.side;
        assume_sign(child, nm_program_pre(s->p, (size_t)a.unit), side);
        const int what = visit(s, child, depth + 1);
        nm_mark_release(s->job, mark);
        if (what != CLOSED) return what;
    }
    return CLOSED;
}

/* Returns true if the network has one hidden layer: inputs, pre-activations, ReLUs, and sums of them. */
static bool is_shallow(const nm_program *p)
{
    bool is = p->n_blocks > 3 && p->blocks[1].kind == NM_AFFINE && p->blocks[2].kind == NM_RELU;
    for (size_t k = 3; is && k < p->n_blocks; k++) is = p->blocks[k].kind == NM_AFFINE;
    return is;
}

static void count_weight(void *arg, size_t j, double w)
{
    (void)j;
    *(double *)arg += w != 0;
}

double nm_unit_signs_weights(const nm_program *p)
{
    double n = 0;
    for (size_t k = 1; is_shallow(p) && k < p->n_blocks; k++) {
        const nm_block *b = &p->blocks[k];
        n += (double)b->n;
        for (size_t t = 0; t < b->n_lin; t++)
            for (size_t i = 0; i < b->n; i++) nm_lin_row(&b->lin[t], i, count_weight, &n);
    }
    return n;
}

/* Returns the part of the root's open signs that b settles, or whose sums it limits. */
static double limited(const search *s, const nm_bounds *b)
{
    const nm_block *pre = &s->p->blocks[1];
    double open = 0, n = 0;
    for (size_t u = pre->first; u < pre->first + pre->n; u++) {
        if (!nm_bounds_open(s->root, u)) continue;
        open++;
        n += nm_bounds_phase(b, u) != NM_UNSTABLE || s->tense[u] != 0;
    }
    return open > 0 ? n / open : 1;
}

nm_signs_found nm_unit_signs(nm_leaf *leaf, const nm_bounds *from, double weights, double deadline)
{
    const nm_state *st = leaf->s;
    nm_job *job = st->job;
    const nm_bounded *of = &st->cases[leaf->t->icase];
    const size_t q = from->p->n_blocks - 1;
    nm_signs_found out = {.status = NM_UNKNOWN, .x = NM_RAW(job, double, from->p->blocks[0].n)};
    nm_case c = *of->work.c;
    bool one = true;
    uint32_t *const row = of->row[leaf->t->iclause];
    c.clauses = &c.clauses[leaf->t->iclause];
    c.n_clauses = 1;
    search s = {.job = job, .p = from->p, .c = &c, .row = &row, .guard = st->q->guard, .weights = weights,
                .deadline = deadline,
                .one = &one, .root = from, .leaf = leaf, .out = &out};
    s.tense = NM_ARRAY(job, double, from->p->n_units);
    s.tenser = NM_ARRAY(job, double, from->p->n_units);
    if (!is_shallow(from->p)) return out;
    nm_bounds *b = nm_bounds_copy(job, from);
    for (size_t r = 0; r < c.clauses[0].n_rows; r++)
        nm_bounds_meet(b, b->p->blocks[q].first + row[r], -INFINITY,
                       nm_box_limit(&c.clauses[0].rows[r], s.guard), NM_BY_ALPHA);
    int what = !b->empty && settle(&s, b, s.tense, 1) ? OPEN : CLOSED;
    if (what == OPEN && limited(&s, b) < HOPELESS) return out; /* which is how most questions end */
    if (what == OPEN && !settle(&s, b, s.tense, SWEEPS)) what = CLOSED;
    if (what == OPEN && limited(&s, b) >= LIMITED) what = visit(&s, b, 0);
    out.status = what == CLOSED ? NM_OK : what == FOUND ? NM_VIOLATED : NM_UNKNOWN;
    return out;
}
