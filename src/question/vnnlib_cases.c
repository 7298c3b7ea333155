/* vnnlib_cases.c: turns the disjunctive normal form of a VNN-LIB file (vnnlib_formula.c) into the cases of a question.
 *
 * Of each disjunct, bounds on single inputs make the box, rows over several inputs are rows of the input set, and the
 * rest is a clause. Disjuncts with the same input set make one case. Rounding: a bound x <= b/a that is not exact keeps
 * its row beside the box, whose end is rounded outwards.
 *
 * Cost: what all disjuncts share (the plain asserts) is sorted into box and rows once; equal sets are found by hashing.
 * Left out: pruning of disjuncts that contradict themselves. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"

/* Appends the atoms below c, from left to right, to f->atoms. */
static void flatten(nm_formulas *f, const nm_conj *c)
{
    size_t n = 0;
    *NM_PUSH(f->job, f->stack, n, f->cap_stack) = c;
    while (n) {
        c = f->stack[--n];
        if (!c) continue;
        if (c->leaf) {
            *NM_PUSH(f->job, f->atoms, f->n_atoms, f->cap_atoms) = c->leaf;
            continue;
        }
        *NM_PUSH(f->job, f->stack, n, f->cap_stack) = c->b;
        *NM_PUSH(f->job, f->stack, n, f->cap_stack) = c->a;
    }
}

bool nm_box_row(const nm_row *r, size_t n_out, double *lo, double *hi)
{
    const size_t x = r->var[0] - n_out;
    const double c = r->coef[0], b = r->rhs / c;
    const bool exact = fabs(c) == 1 || (fma(b, c, -r->rhs) == 0 && isfinite(b));
    if (c > 0 && b < hi[x]) hi[x] = exact ? b : nm_up(b);
    if (c < 0 && b > lo[x]) lo[x] = exact ? b : nm_down(b);
    return !exact;
}

typedef struct { /* a box, and the rows that some atoms add */
    double *lo, *hi;
    size_t n_in, n_out;
    nm_row *in, *out;
} parts;

static nm_row row_of(nm_formulas *f, const nm_atom *a)
{
    uint32_t *var = NM_RAW(f->job, uint32_t, a->row.n);
    for (size_t i = 0; i < a->row.n; i++)
        var[i] = a->row.var[i] / 2 + (a->row.var[i] % 2 ? (uint32_t)f->n_y : 0);
    return (nm_row){a->row.n, var, a->row.coef, a->row.rhs};
}

static double *copy(nm_formulas *f, const double *x)
{
    return memcpy(NM_RAW(f->job, double, f->n_x), x, f->n_x * sizeof *x);
}

/* Returns box and rows of `base` intersected with the atoms; the box is shared if they do not change it. */
static parts sort_atoms(nm_formulas *f, const parts *base, size_t n, const nm_atom *const *a)
{
    parts p = *base;
    size_t in = 0, boxes = 0;
    for (size_t i = 0; i < n; i++) in += a[i]->inputs, boxes += a[i]->inputs && a[i]->row.n == 1;
    if (in) p.in = NM_RAW(f->job, nm_row, base->n_in + in);
    p.out = NM_RAW(f->job, nm_row, base->n_out + (n - in) + 1);
    if (base->n_in && in) memcpy(p.in, base->in, base->n_in * sizeof *p.in);
    if (base->n_out) memcpy(p.out, base->out, base->n_out * sizeof *p.out);
    if (boxes) p.lo = copy(f, base->lo), p.hi = copy(f, base->hi);
    for (size_t i = 0; i < n; i++) {
        const nm_row r = row_of(f, a[i]);
        if (!a[i]->inputs)
            p.out[p.n_out++] = r;
        else if (r.n > 1 || nm_box_row(&r, f->n_y, p.lo, p.hi))
            p.in[p.n_in++] = r;
    }
    return p;
}

static void check_box(const nm_formulas *f, const parts *p)
{
    for (size_t i = 0; i < f->n_x; i++)
        if (isinf(p->lo[i]) || isinf(p->hi[i]))
            nm_throw(f->job, NM_EINPUT, "%s: %s has no %s bound", f->path, f->name(f, i),
                     isinf(p->lo[i]) ? "lower" : "upper");
}

static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const unsigned char *)p)[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t hash_set(const nm_formulas *f, const parts *p)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    h = hash_bytes(h, p->lo, f->n_x * sizeof *p->lo);
    h = hash_bytes(h, p->hi, f->n_x * sizeof *p->hi);
    for (size_t r = 0; r < p->n_in; r++) {
        h = hash_bytes(h, p->in[r].var, p->in[r].n * sizeof *p->in[r].var);
        h = hash_bytes(h, p->in[r].coef, p->in[r].n * sizeof *p->in[r].coef);
    }
    return h;
}

static bool same_rows(const nm_row *a, const nm_row *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].n != b[i].n || a[i].rhs != b[i].rhs ||
            memcmp(a[i].var, b[i].var, a[i].n * sizeof *a[i].var) ||
            memcmp(a[i].coef, b[i].coef, a[i].n * sizeof *a[i].coef))
            return false;
    return true;
}

static bool same_set(const nm_formulas *f, const nm_case *c, const parts *p)
{
    return c->n_in_rows == p->n_in &&
           (c->lo == p->lo || !memcmp(c->lo, p->lo, f->n_x * sizeof *p->lo)) &&
           (c->hi == p->hi || !memcmp(c->hi, p->hi, f->n_x * sizeof *p->hi)) &&
           same_rows(c->in_rows, p->in, p->n_in);
}

typedef struct {
    nm_query *q;
    size_t *cap;    /* [n_cases] room for clauses */
    uint32_t *slot; /* hash table of input sets: 1 + the case */
    size_t mask;
} table;

static size_t case_of(nm_formulas *f, table *t, const parts *p)
{
    nm_query *q = t->q;
    size_t h = hash_set(f, p) & t->mask;
    for (; t->slot[h]; h = (h + 1) & t->mask)
        if (same_set(f, &q->cases[t->slot[h] - 1], p)) return t->slot[h] - 1;
    check_box(f, p);
    nm_case *c = &q->cases[q->n_cases++];
    *c = (nm_case){.lo = p->lo, .hi = p->hi, .n_in_rows = p->n_in, .in_rows = p->in};
    for (size_t i = 0; i < f->n_x; i++) c->empty |= p->lo[i] > p->hi[i];
    t->slot[h] = (uint32_t)q->n_cases;
    return q->n_cases - 1;
}

static void add_disjunct(nm_formulas *f, table *t, size_t at, const parts *p)
{
    nm_case *c = &t->q->cases[at];
    nm_clause *all = c->clauses;
    if (p->n_out == 0)
        p->out[0] = (nm_row){0}; /* 0 <= 0: every point of the set is a counterexample */
    const nm_clause k = {.n_rows = p->n_out + (p->n_out == 0),
                         .rows = p->out,
                         .label = -1,
                         .name = nm_fmt(f->job, "c%zu_%zu", at, c->n_clauses)};
    *NM_PUSH(f->job, all, c->n_clauses, t->cap[at]) = k;
    c->clauses = all;
}

nm_query *nm_formulas_query(nm_formulas *f, size_t n_x, size_t n_y)
{
    f->n_x = n_x;
    f->n_y = n_y;
    const nm_dnf d = nm_formulas_all(f);
    nm_query *q = NM_NEW(f->job, nm_query);
    *q = (nm_query){.path = f->path, .n_in = n_x, .n_out = n_y, .label = -1, .predicted = -1};
    table t = {q, NM_ARRAY(f->job, size_t, d.n), NULL, 15};
    while (t.mask < 2 * d.n) t.mask = 2 * t.mask + 1;
    t.slot = NM_ARRAY(f->job, uint32_t, t.mask + 1);
    q->cases = NM_ARRAY(f->job, nm_case, d.n);
    parts base = {NM_RAW(f->job, double, n_x), NM_RAW(f->job, double, n_x), 0, 0, NULL, NULL};
    for (size_t i = 0; i < n_x; i++) base.lo[i] = -INFINITY, base.hi[i] = INFINITY;
    flatten(f, f->all);
    base = sort_atoms(f, &base, f->n_atoms, f->atoms);
    size_t plain = SIZE_MAX; /* the case with the base's own input set */
    for (size_t i = 0; i < d.n; i++) {
        f->n_atoms = 0;
        flatten(f, d.d[i]);
        const parts p = sort_atoms(f, &base, f->n_atoms, f->atoms);
        const bool is_base = p.lo == base.lo && p.n_in == base.n_in;
        const size_t at = is_base && plain != SIZE_MAX ? plain : case_of(f, &t, &p);
        if (is_base) plain = at;
        add_disjunct(f, &t, at, &p);
    }
    if (f->strict && !f->checked)
        nm_note(f->job, "%s: strict comparisons are read as closed: a tie counts as a counterexample", f->path);
    for (size_t i = 0; i < q->n_cases; i++)
        if (q->cases[i].empty) nm_note(f->job, "%s: input set %zu is empty", f->path, i);
    return q;
}
