/* branch.c: branch and bound on the signs of ReLU units, for one target (Bunel et al. 2020; bounds in the branches by
 * beta-CROWN, Wang et al. 2021, and by conditioned tightening, tighten.c).
 *
 * A node assumes signs of some pre-activations: their bounds are met with 0, and their inequalities enter the rows with
 * multipliers (alpha.c), both starting where the parent's ended. Its row, optimised, either excludes a
 * counterexample, or gives the cut that tightens all units
 * and the box of the node; then once more. What stays open is branched on the unit whose lines lose most. Both
 * children keep a = 0, so nothing is lost. Nodes are visited depth first by recursion, so that memory is that of one
 * path. Now and then the shrunken box of a node is attacked. Effort is counted in nodes. */
#include "all.h"

enum { MAX_DEPTH = 100, STEPS = 10 };

typedef struct {
    nm_job *job;
    const nm_program *p;
    const nm_case *c;
    size_t clause, which;
    const uint32_t *row;
    double rhs;
    nm_branch_opts o;
    nm_branch *out;
    uint32_t unit[MAX_DEPTH];
    signed char side[MAX_DEPTH];
} search;

enum { CLOSED, FOUND, GAVE_UP };

static bool attack(search *s, const nm_bounds *b)
{
    nm_case here = *s->c;
    size_t hit = 0;
    here.lo = b->lo;
    here.hi = b->hi;
    const double *x = nm_attack(s->job, b, &here, 1, &s->clause, &s->row, NULL,
                                (nm_attack_opts){NM_ATTACK_STEPS, 1, s->o.seed + s->out->nodes},
                                &hit);
    if (x) memcpy(s->out->x, x, s->p->blocks[0].n * sizeof *x);
    return x != NULL;
}

/* the unstable unit with the largest gap, or -1 */
static int64_t choose(const search *s, const nm_bounds *b, const double *gap)
{
    int64_t best = -1;
    double top = 0;
    for (size_t k = 0; k < s->p->n_blocks; k++) {
        const nm_block *r = &s->p->blocks[k];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n; i++) {
            if (nm_bounds_phase(b, s->p->blocks[r->src].first + i) != NM_UNSTABLE) continue;
            if (gap[r->first + i] <= top) continue;
            top = gap[r->first + i];
            best = (int64_t)(r->first + i);
        }
    }
    return best;
}

typedef struct {
    const nm_alpha *a;
    int64_t unit;
} node; /* its best lines; the unit to branch on, or -1 */

/* tightens a node; true when it is excluded; else *out says how to go on */
static bool bound_node(search *s, nm_bounds *b, size_t depth, const nm_alpha *start, node *out)
{
    const nm_signs signs = {depth, s->unit, s->side};
    const uint32_t row = s->row[s->which];
    const size_t q = s->p->blocks[s->p->n_blocks - 1].first + row;
    for (int round = 0; round < 2; round++) {
        const nm_alpha *a = nm_alpha_run(s->job, b, 1, &row, &s->rhs, STEPS, &signs, start);
        start = out->a = a;
        if (a->lo[0] > s->rhs) return true;
        out->unit = choose(s, b, a->gap);
        if (round == 1 || !isfinite(a->lo[0])) return false;
        const nm_cut cut = nm_cut_of(s->job, s->p, a, 0, s->rhs);
        if (!nm_cut_box(b, &cut)) return true;
        nm_crown(s->job, b, (nm_crown_opts){.query_block = (int)s->p->n_blocks - 1, .cut = &cut});
        if (b->empty || b->lo[q] > s->rhs) return true;
    }
    return false;
}

static int visit(search *s, const nm_bounds *from, size_t depth, const node *at);

static int child(search *s, const nm_bounds *b, size_t depth, const node *at, int side)
{
    const size_t unit = (size_t)at->unit;
    const nm_mark mark = nm_mark_get(s->job);
    const nm_block *k = &s->p->blocks[nm_program_block(s->p, unit)];
    const size_t pre = s->p->blocks[k->src].first + (unit - k->first);
    nm_bounds *c = nm_bounds_copy(s->job, b);
    int what = CLOSED;
    node next = {NULL, -1};
    s->unit[depth] = (uint32_t)unit;
    s->side[depth] = (signed char)side;
    nm_bounds_meet(c, pre, side > 0 ? -INFINITY : 0, side > 0 ? 0 : INFINITY, NM_BY_ALPHA);
    if (s->out->nodes++ >= s->o.max_nodes || nm_stopped(s->job) || nm_wall() > s->o.deadline) {
        what = GAVE_UP;
    } else if (!c->empty) {
        nm_interval(s->job, c, 1, (int)s->p->n_blocks);
        if (!c->empty && !bound_node(s, c, depth + 1, at->a, &next))
            what = visit(s, c, depth + 1, &next);
    }
    nm_mark_release(s->job, mark);
    return what;
}

static int visit(search *s, const nm_bounds *b, size_t depth, const node *at)
{
    if (s->o.attack && s->out->nodes % 16 == 1 && attack(s, b)) return FOUND;
    if (at->unit < 0 || depth == MAX_DEPTH) return GAVE_UP;
    for (int side = 1; side >= -1; side -= 2) {
        const int what = child(s, b, depth, at, side);
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
                .rhs = rhs,
                .o = o,
                .out = &out};
    node next = {NULL, -1};
    nm_bounds *root = nm_bounds_copy(job, b);
    const int what = bound_node(&s, root, 0, NULL, &next) ? CLOSED : visit(&s, root, 0, &next);
    out.status = what == CLOSED ? NM_OK : what == FOUND ? NM_VIOLATED : NM_UNKNOWN;
    nm_mark_release(job, mark);
    return out;
}
