/* unit_programs.c: bounds of units by linear and mixed-integer programs over the layers before them (Tjeng et al. 2019,
 * section 4.2), block after block, each over the bounds already tightened.
 *
 * The model of a block ends there: it only has rows for what its still unstable units depend on (encode.c): triangles
 * for LP, big-M for MIP. A unit is minimised and maximised; as soon as one side settles its sign the other is skipped
 * (progressive, with sign cutoffs). An LP's bound is proven from its duals (embedded_clp.c); a MIP is a best-first
 * search on phases over such LPs, whose bound is the least among open leaves. An infeasible leaf without a proof keeps
 * its parent's bound, so the result is a bound whatever Clp says. Effort: NODES nodes, ITERATIONS simplex iterations
 * for each node. Units are shared among processes (workers.c); each answer depends only on its unit. Needs CROWN;
 * improves bounds in place; later blocks follow by interval arithmetic and CROWN. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"

enum { ITERATIONS = 5000 };

typedef struct {
    size_t nodes;    /* 1: linear programs; more: mixed-integer ones with that many nodes */
    size_t threads;
    bool lower_only; /* for a row of the question only the minimum counts */
} effort;

typedef struct {
    nm_job *job;
    nm_bounds *b;
    const nm_enc *e;
    size_t n;
    const uint32_t *unit;
    const nm_form *form;
    size_t first; /* number of the block's first unit */
    effort o;
    double *lo, *hi; /* [n] shared; NaN: not known */
} work;

/* ---- one program ---- */

enum { NO_PARENT = -1 };

typedef struct {
    double bound, value; /* of c x below it; of the column that it fixes */
    int64_t up, col;     /* parent, or NO_PARENT; the column that it fixes */
    int64_t next;        /* the column to branch on, or -1 */
    bool split;
} node;

typedef struct {
    const work *w;
    nm_clp *l;
    const double *c;
    double *x, *y, *lo, *hi;
    node *node;
    size_t n, cap;
} tree;

/* Returns the binary farthest from 0 and 1, or -1. */
static int64_t fractional(const tree *t)
{
    const nm_model *m = t->w->e->m;
    int64_t best = -1;
    double most = NM_INT_TOL;
    for (size_t j = 0; j < m->n_cols; j++) {
        const double far = fmin(t->x[j], 1 - t->x[j]);
        if (!m->cols[j].is_int || far <= most) continue;
        most = far;
        best = (int64_t)j;
    }
    return best;
}

static void add(tree *t, int64_t up, int64_t col, double value)
{
    const nm_model *m = t->w->e->m;
    node n = {up < 0 ? -INFINITY : t->node[up].bound, value, up, col, -1, false};
    for (size_t j = 0; j < m->n_cols; j++) {
        t->lo[j] = m->cols[j].lo;
        t->hi[j] = m->cols[j].hi;
    }
    if (col >= 0) t->lo[col] = t->hi[col] = value;
    for (int64_t k = up; k >= 0 && t->node[k].col >= 0; k = t->node[k].up)
        t->lo[t->node[k].col] = t->hi[t->node[k].col] = t->node[k].value;
    nm_clp_box(t->l, t->lo, t->hi);
    const bool solved = nm_clp_solve(t->l, t->c, ITERATIONS, t->x, t->y);
    const double own = nm_dual_bound(t->w->job, m, t->lo, t->hi, t->c, t->y);
    if (own > n.bound) n.bound = own;
    if (solved) n.next = fractional(t);
    *NM_PUSH(t->w->job, t->node, t->n, t->cap) = n;
}

static size_t least_open(const tree *t)
{
    size_t best = t->n;
    for (size_t i = 0; i < t->n; i++)
        if (!t->node[i].split && (best == t->n || t->node[i].bound < t->node[best].bound)) best = i;
    return best;
}

/* Returns a proven lower bound of c x. */
static double least(const work *w, nm_clp *l, const double *c, double enough)
{
    const nm_mark mark = nm_mark_get(w->job);
    const size_t n = w->e->m->n_cols + 1;
    tree t = {.w = w, .l = l, .c = c};
    t.x = NM_RAW(w->job, double, n);
    t.y = NM_RAW(w->job, double, w->e->m->n_rows + 1);
    t.lo = NM_RAW(w->job, double, n);
    t.hi = NM_RAW(w->job, double, n);
    add(&t, NO_PARENT, -1, 0);
    size_t at = 0;
    while (t.n + 2 <= w->o.nodes && t.node[at].next >= 0 && t.node[at].bound < enough && !nm_stopped(w->job)) {
        const int64_t col = t.node[at].next;
        t.node[at].split = true;
        add(&t, (int64_t)at, col, 0);
        add(&t, (int64_t)at, col, 1);
        at = least_open(&t);
    }
    const double bound = t.node[at].bound;
    nm_mark_release(w->job, mark);
    return bound;
}

static void bound_unit(const work *w, nm_clp *l, size_t i)
{
    const nm_form *f = &w->form[i];
    const size_t n = w->e->m->n_cols;
    const nm_mark mark = nm_mark_get(w->job);
    double *c = NM_ARRAY(w->job, double, n + 1);
    for (size_t k = 0; k < f->n; k++) c[f->j[k]] = f->c[k];
    const double lo = nm_down(least(w, l, c, -f->lo) + f->lo);
    w->lo[i] = lo;
    w->hi[i] = INFINITY;
    const bool is_active = lo >= 0 || w->o.lower_only;
    for (size_t k = 0; k < f->n; k++) c[f->j[k]] = -f->c[k];
    if (!is_active) w->hi[i] = nm_up(f->hi - least(w, l, c, f->hi));
    nm_mark_release(w->job, mark);
}

static void each_unit(nm_job *job, void *arg, size_t i)
{
    const work *w = arg;
    const nm_mark mark = nm_mark_get(job);
    nm_clp *l = nm_clp_new(job, w->e->m); /* a used one might give another answer */
    bound_unit(w, l, i);
    nm_close(job, l);
    nm_mark_release(job, mark);
}

/* ---- blocks ---- */

static void tighten_block(nm_job *job, nm_bounds *b, int block, size_t n, const uint32_t *unit, effort o)
{
    const nm_mark mark = nm_mark_get(job);
    nm_form *form = NM_ARRAY(job, nm_form, n + 1);
    nm_encode_opts eo = {.enc = o.nodes > 1 ? &nm_enc_bigm : &nm_enc_relax};
    double *ends = nm_shared_new(job, 2 * n, sizeof *ends);
    work w = {job,
              b,
              nm_encode_units(job, b, block, n, unit, eo, form),
              n,
              unit,
              form,
              b->p->blocks[block].first,
              o,
              ends,
              ends + n};
    for (size_t i = 0; i < 2 * n; i++) w.lo[i] = NAN;
    if (w.e->m->n_rows > 0) nm_crew_run(job, o.threads, n, each_unit, &w);
    for (size_t i = 0; i < n; i++) {
        if (isnan(w.lo[i]) || isnan(w.hi[i])) continue;
        nm_bounds_meet(b, w.first + unit[i], w.lo[i], w.hi[i], o.nodes > 1 ? NM_BY_MIP : NM_BY_LP);
    }
    nm_shared_end(job, ends);
    nm_mark_release(job, mark);
}

/* Returns the level of the layers that read block k; for the question's rows the general level. */
static nm_by level_of(const nm_program *p, int k, const nm_levels *levels)
{
    nm_by by = k == (int)p->n_blocks - 1 ? levels->all : NM_BY_NOTHING;
    for (size_t r = 0; r < p->n_blocks; r++)
        if (p->blocks[r].kind == NM_RELU && p->blocks[r].src == k && nm_levels_of(levels, r) > by)
            by = nm_levels_of(levels, r);
    return by;
}

void nm_lp_tighten(nm_job *job, nm_bounds *b, nm_lp_opts o)
{
    const nm_program *p = b->p;
    const int q = (int)p->n_blocks - 1;
    for (int k = 1; k <= q && !b->empty && !nm_stopped(job); k++) {
        const nm_block *block = &p->blocks[k];
        if (block->kind != NM_AFFINE || !block->is_pre) continue;
        const nm_by by = level_of(p, k, o.levels);
        if (by < NM_BY_LP) continue;
        const nm_mark mark = nm_mark_get(job);
        uint32_t *unit = NM_RAW(job, uint32_t, block->n + 1);
        size_t n = 0;
        for (size_t i = 0; i < block->n; i++)
            if (k == q ? b->lo[block->first + i] <= o.enough[i]
                       : nm_bounds_open(b, block->first + i))
                unit[n++] = (uint32_t)i;
        const effort e = {by == NM_BY_MIP ? (o.nodes ? o.nodes : NM_MIP_NODES) : 1, o.threads, k == q};
        if (n) tighten_block(job, b, k, n, unit, e);
        nm_mark_release(job, mark);
        if (n && k < q && !b->empty) nm_crown(job, b, (nm_crown_opts){.query_block = q});
    }
}
