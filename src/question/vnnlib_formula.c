/* vnnlib_formula.c: formulas over inputs and outputs become the cases of a question; VNN-LIB 1 and 2 share it.
 *
 * A formula is and, or and comparisons of two linear terms (+ - * with a constant, nested). The conjunction of all
 * asserts becomes a disjunctive normal form; of each disjunct, what bounds a single input is the box, what relates
 * inputs alone is a row of the input set, the rest is a clause. Disjuncts of one input set make one case. Strict
 * comparisons are read as closed: for a proof that is the stronger statement, and a tie counts as a counterexample.
 * Rounding: a bound x <= b/a that is not exact keeps its row beside the box, whose end is stepped outwards.
 *
 * Cost: a conjunction of two disjuncts is one node that points at both, so a form of k disjuncts takes O(k) memory
 * on top of the text; k is at most NM_MAX_CLAUSES, and is checked before anything is multiplied out. What all
 * disjuncts share (the plain asserts) is sorted into box and rows once. Left out: forms other than the normal one (a
 * solver could branch on an or itself), pruning of disjuncts that contradict themselves. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"

typedef struct atom {
    nm_row row;  /* var as the reader numbers them */
    bool inputs; /* alone, and some */
} atom;
struct nm_conj { /* both of a and b, or an atom */
    const struct nm_conj *a, *b;
    const atom *leaf;
};

static _Noreturn void fail(const nm_formulas *f, const nm_sexpr *e, const char *what)
{
    nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col, "%s", what);
}

static bool is(const nm_sexpr *e, const char *word)
{
    return e->word && strcmp(e->word, word) == 0;
}

/* the head of a list, for messages */
static const char *head(nm_job *job, const nm_sexpr *e)
{
    const char *s = e->word ? e->word : e->n && e->first->word ? e->first->word : "()";
    return strlen(s) <= 40 ? s : nm_fmt(job, "%.40s...", s);
}

/* ---- linear terms ---- */

static void add_linear(nm_formulas *f, nm_linear *to, const nm_linear *x, double k)
{
    for (size_t i = 0; i < x->n; i++)
        *NM_PUSH(f->job, to->t, to->n, to->cap) = (nm_lterm){x->t[i].var, k * x->t[i].coef};
    to->c += k * x->c;
}

static nm_linear read_linear(nm_formulas *f, const nm_sexpr *e);

static nm_linear read_sum(nm_formulas *f, const nm_sexpr *e, bool minus)
{
    nm_linear out = {0};
    const size_t args = e->n - 1;
    if (args == 0) fail(f, e, "an operator without operands");
    const nm_sexpr *a = e->first->next;
    for (size_t i = 0; i < args; i++, a = a->next) {
        const nm_linear x = read_linear(f, a);
        add_linear(f, &out, &x, minus && (i > 0 || args == 1) ? -1 : 1);
    }
    return out;
}

static nm_linear read_product(nm_formulas *f, const nm_sexpr *e)
{
    nm_linear out = {.c = 1};
    if (e->n < 2) fail(f, e, "an operator without operands");
    for (const nm_sexpr *a = e->first->next; a; a = a->next) {
        const nm_linear x = read_linear(f, a), left = out;
        if (x.n && left.n) fail(f, e, "a product of variables; only linear terms can be read");
        out = (nm_linear){0};
        if (x.n)
            add_linear(f, &out, &x, left.c);
        else
            add_linear(f, &out, &left, x.c);
    }
    return out;
}

static nm_linear read_linear(nm_formulas *f, const nm_sexpr *e)
{
    nm_linear out = {0};
    uint32_t var;
    if (e->word && f->variable(f, e, &var)) {
        *NM_PUSH(f->job, out.t, out.n, out.cap) = (nm_lterm){var, 1};
    } else if (e->word) {
        if (!nm_num_parse(e->word, e->word + e->len, &out.c))
            fail(f, e, "a finite number or a variable was expected");
    } else if (e->n && is(e->first, "+")) {
        out = read_sum(f, e, false);
    } else if (e->n && is(e->first, "-")) {
        out = read_sum(f, e, true);
    } else if (e->n && is(e->first, "*")) {
        out = read_product(f, e);
    } else {
        nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col,
                    "%s: a linear term (+, -, * by constants) was expected", head(f->job, e));
    }
    return out;
}

/* terms of the same variable become one, in the order in which they first stand; those that cancel go */
static void merge(nm_formulas *f, nm_linear *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++) {
        const nm_lterm t = x->t[i];
        size_t k = 0;
        if (x->n <= 16) {
            while (k < n && x->t[k].var != t.var) k++;
        } else {
            while (f->cap_seen <= t.var) {
                const size_t old = f->cap_seen;
                f->seen = nm_grow_(f->job, f->seen, old, &f->cap_seen, sizeof *f->seen);
                memset(f->seen + old, 0, (f->cap_seen - old) * sizeof *f->seen);
            }
            k = f->seen[t.var]; /* where it stood last: good when it stands there now */
            if (k >= n || x->t[k].var != t.var) k = f->seen[t.var] = (uint32_t)n;
        }
        if (k == n)
            x->t[n++] = t;
        else
            x->t[k].coef += t.coef;
    }
    x->n = 0;
    for (size_t i = 0; i < n; i++)
        if (x->t[i].coef != 0) x->t[x->n++] = x->t[i];
}

/* ---- formulas ---- */

static const nm_conj *make_leaf(nm_formulas *f, const nm_sexpr *e, const nm_linear *a,
                                const nm_linear *b)
{
    nm_linear d = {0};
    add_linear(f, &d, a, 1);
    add_linear(f, &d, b, -1);
    merge(f, &d);
    uint32_t *var = NM_RAW(f->job, uint32_t, d.n);
    double *coef = NM_RAW(f->job, double, d.n);
    atom *out = NM_NEW(f->job, atom);
    out->inputs = d.n > 0;
    for (size_t i = 0; i < d.n; i++) {
        var[i] = d.t[i].var;
        coef[i] = d.t[i].coef;
        out->inputs &= var[i] % 2;
        if (!isfinite(coef[i])) fail(f, e, "a coefficient overflows");
    }
    if (!isfinite(d.c)) fail(f, e, "a constant overflows");
    out->row = (nm_row){d.n, var, coef, d.c == 0 ? 0 : -d.c};
    nm_conj *c = NM_NEW(f->job, nm_conj);
    c->leaf = out;
    return c;
}

static const nm_conj *both(nm_formulas *f, const nm_conj *a, const nm_conj *b)
{
    if (!a || !b) return a ? a : b;
    nm_conj *c = NM_NEW(f->job, nm_conj);
    *c = (nm_conj){a, b, NULL};
    return c;
}

static char comparison_of(const nm_formulas *f, const nm_sexpr *e)
{
    if (e->n == 0 || !e->first->word) return 0;
    const char *w = e->first->word;
    if (strcmp(w, f->equal) == 0) return '=';
    return (w[0] == '<' || w[0] == '>') && (!w[1] || (w[1] == '=' && !w[2])) ? w[0] : 0;
}

/* one comparison gives one atom, an equality two; a chain a <= b <= c compares neighbours */
static const nm_conj *comparison(nm_formulas *f, const nm_sexpr *e, char op)
{
    if (e->n < 3 || (e->n > 3 && !f->chains)) fail(f, e, "a comparison of two terms was expected");
    f->strict |= op != '=' && !e->first->word[1];
    const nm_conj *all = NULL;
    const nm_sexpr *x = e->first->next;
    nm_linear a = read_linear(f, x);
    for (x = x->next; x; x = x->next) {
        const nm_linear b = read_linear(f, x);
        if (op != '>') all = both(f, all, make_leaf(f, e, &a, &b));
        if (op != '<') all = both(f, all, make_leaf(f, e, &b, &a));
        a = b;
    }
    return all;
}

static void check_count(const nm_formulas *f, const nm_sexpr *e, double n)
{
    if (n <= NM_MAX_CLAUSES) return;
    const int line = e ? e->line : 1, col = e ? e->col : 1;
    nm_throw_at(f->job, NM_EUNSUP, f->path, line, col,
                "%.0f disjuncts%s once and, or are multiplied out; %d at most were expected", n,
                e ? "" : " of all asserts", NM_MAX_CLAUSES);
}

static nm_dnf cross(nm_formulas *f, const nm_sexpr *e, const nm_dnf *a, const nm_dnf *b)
{
    check_count(f, e, (double)a->n * (double)b->n);
    nm_dnf out = {a->n * b->n, NULL};
    out.d = NM_RAW(f->job, const nm_conj *, out.n);
    for (size_t i = 0, k = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++) out.d[k++] = both(f, a->d[i], b->d[j]);
    return out;
}

static nm_dnf formula(nm_formulas *f, const nm_sexpr *e)
{
    nm_dnf out = {1, NM_ARRAY(f->job, const nm_conj *, 1)};
    if (e->word || e->n == 0) fail(f, e, "a formula was expected");
    const char op = comparison_of(f, e);
    if (op) {
        out.d[0] = comparison(f, e, op);
        return out;
    }
    const bool is_and = is(e->first, "and"), is_or = is(e->first, "or");
    if (!is_and && !is_or)
        nm_throw_at(f->job, NM_EINPUT, f->path, e->first->line, e->first->col,
                    "%s: and, or, or a comparison (<= >= < > %s) was expected", head(f->job, e),
                    f->equal);
    if (e->n < 2) fail(f, e, "an operator without operands");
    size_t cap = 0;
    if (is_or) out = (nm_dnf){0, NULL};
    for (const nm_sexpr *a = e->first->next; a; a = a->next) {
        const nm_dnf x = formula(f, a);
        if (is_and) {
            out = cross(f, e, &out, &x);
            continue;
        }
        check_count(f, e, (double)out.n + (double)x.n);
        for (size_t i = 0; i < x.n; i++) *NM_PUSH(f->job, out.d, out.n, cap) = x.d[i];
    }
    return out;
}

/* the atoms below c, from left to right, appended to f->atoms */
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

void nm_formulas_assert(nm_formulas *f, const nm_sexpr *e)
{
    const nm_dnf d = formula(f, e);
    if (d.n == 1)
        f->all = both(f, f->all, d.d[0]);
    else
        *NM_PUSH(f->job, f->ors, f->n_ors, f->cap_ors) = d;
}

/* ---- disjuncts to cases ---- */

bool nm_box_row(const nm_row *r, size_t n_out, double *lo, double *hi)
{
    const size_t x = r->var[0] - n_out;
    const double c = r->coef[0], b = r->rhs / c;
    const bool exact = fabs(c) == 1 || (fma(b, c, -r->rhs) == 0 && isfinite(b));
    if (c > 0 && b < hi[x]) hi[x] = exact ? b : nm_up(b);
    if (c < 0 && b > lo[x]) lo[x] = exact ? b : nm_down(b);
    return !exact;
}

typedef struct { /* what some atoms say, on top of a box */
    double *lo, *hi;
    size_t n_in, n_out;
    nm_row *in, *out;
} parts;

static nm_row row_of(nm_formulas *f, const atom *a)
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

/* box and rows of `base`, met with the atoms; the box is shared where they say nothing of it */
static parts sort_atoms(nm_formulas *f, const parts *base, size_t n, const atom *const *a)
{
    parts p = *base;
    size_t in = 0, boxes = 0;
    for (size_t i = 0; i < n; i++) in += a[i]->inputs, boxes += a[i]->inputs && a[i]->row.n == 1;
    if (in) p.in = NM_RAW(f->job, nm_row, base->n_in + in);
    p.out = NM_RAW(f->job, nm_row, base->n_out + (n - in) + 1);
    if (base->n_in && in) memcpy(p.in, base->in, base->n_in * sizeof *p.in);
    if (base->n_out) memcpy(p.out, base->out, base->n_out * sizeof *p.out);
    if (boxes)
        p.lo = copy(f, base->lo),
        p.hi = copy(f, base->hi);
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
    size_t *cap;    /* [n_cases] of their clauses */
    uint32_t *slot; /* cases by the hash of their sets, 1 and up */
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
    nm_dnf d = {1, NM_ARRAY(f->job, const nm_conj *, 1)};
    for (size_t i = 0; i < f->n_ors; i++) d = cross(f, NULL, &d, &f->ors[i]);
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
    size_t plain = SIZE_MAX; /* the case of the base's own set */
    for (size_t i = 0; i < d.n; i++) {
        f->n_atoms = 0;
        flatten(f, d.d[i]);
        const parts p = sort_atoms(f, &base, f->n_atoms, f->atoms);
        const bool is_base = p.lo == base.lo && p.n_in == base.n_in;
        const size_t at = is_base && plain != SIZE_MAX ? plain : case_of(f, &t, &p);
        if (is_base) plain = at;
        add_disjunct(f, &t, at, &p);
    }
    if (f->strict)
        nm_note(f->job, "%s: strict comparisons are read as closed: a tie counts", f->path);
    for (size_t i = 0; i < q->n_cases; i++)
        if (q->cases[i].empty) nm_note(f->job, "%s: input set %zu is empty", f->path, i);
    return q;
}
