/* read/vnnlib.c: VNN-LIB 1: declarations of X_i and Y_j, and asserts over them.
 *
 * An assert is a formula of and, or and comparisons (<= >= < > =) of two linear terms (+ - * with a constant, nested).
 * The conjunction of all asserts becomes a disjunctive normal form; of each disjunct, what bounds a single input is
 * the box, what relates inputs alone is a row of the input set, the rest is a clause. Disjuncts of one input set make
 * one case. Strict comparisons are read as closed: for a proof that is the stronger statement, and a tie counts as a
 * counterexample. The X must be X_0..X_(n-1) without gaps, each with both bounds; n must be the network's.
 * Rounding: a bound x <= b/a that is not exact keeps its row beside the box, whose end is stepped outwards. */
#include "all.h"

typedef struct {
    uint32_t var;
    double coef;
} term;
typedef struct atom {
    size_t n;
    term *t;
    double rhs;
} atom; /* sum t <= rhs */
typedef struct disjunct {
    size_t n;
    const atom **a;
} disjunct;
typedef struct dnf {
    size_t n;
    disjunct *d;
} dnf;
typedef struct vnn {
    nm_job *job;
    const char *path;
    size_t n_x, n_y, cap_x, cap_y;
    unsigned char *x, *y; /* declared */
    size_t n_all, cap_all;
    const atom **all; /* atoms of plain asserts */
    size_t n_ors, cap_ors;
    dnf *ors;    /* the others */
    bool strict; /* some < or > was met */
} vnn;

static _Noreturn void fail(const vnn *v, const nm_sexpr *e, const char *what)
{
    nm_throw_at(v->job, NM_EINPUT, v->path, e->line, e->col, "%s", what);
}

static bool is(const nm_sexpr *e, const char *word)
{
    return e->word && strcmp(e->word, word) == 0;
}

/* ---- variables: outputs are 2j, inputs 2i+1 until their numbers are known ---- */

static bool variable(const nm_sexpr *e, bool *is_x, size_t *index)
{
    int64_t i;
    if (!e->word || (e->word[0] != 'X' && e->word[0] != 'Y') || e->word[1] != '_') return false;
    if (e->len > 11 || !nm_int_parse(e->word + 2, e->word + e->len, &i) || i < 0) return false;
    *is_x = e->word[0] == 'X';
    *index = (size_t)i;
    return true;
}

static void declare(vnn *v, const nm_sexpr *cmd, const nm_sexpr *name, const nm_sexpr *type)
{
    bool is_x;
    size_t i;
    if (!type || !is(type, "Real") || type->next)
        fail(v, cmd, "only variables of type Real can be declared");
    if (!variable(name, &is_x, &i)) fail(v, name, "a variable X_i or Y_j was expected");
    unsigned char **set = is_x ? &v->x : &v->y;
    size_t *n = is_x ? &v->n_x : &v->n_y, *cap = is_x ? &v->cap_x : &v->cap_y;
    if (i > 1u << 24) fail(v, name, "an index this large");
    while (*cap <= i) {
        const size_t old = *cap;
        *set = nm_grow_(v->job, *set, old, cap, 1);
        memset(*set + old, 0, *cap - old);
    }
    if ((*set)[i]) fail(v, name, "declared twice");
    (*set)[i] = 1;
    if (i + 1 > *n) *n = i + 1;
}

/* ---- linear terms ---- */

typedef struct {
    size_t n, cap;
    term *t;
    double c;
} linear;

static void add_linear(vnn *v, linear *to, const linear *x, double f)
{
    for (size_t i = 0; i < x->n; i++) {
        size_t k = 0;
        while (k < to->n && to->t[k].var != x->t[i].var) k++;
        if (k == to->n) *NM_PUSH(v->job, to->t, to->n, to->cap) = (term){x->t[i].var, 0};
        to->t[k].coef += f * x->t[i].coef;
    }
    to->c += f * x->c;
}

static linear read_linear(vnn *v, const nm_sexpr *e);

static linear read_sum(vnn *v, const nm_sexpr *e, bool minus)
{
    linear out = {0};
    const size_t args = e->n - 1;
    if (args == 0) fail(v, e, "an operator without operands");
    const nm_sexpr *a = e->first->next;
    for (size_t i = 0; i < args; i++, a = a->next) {
        const linear x = read_linear(v, a);
        add_linear(v, &out, &x, minus && (i > 0 || args == 1) ? -1 : 1);
    }
    return out;
}

static linear read_product(vnn *v, const nm_sexpr *e)
{
    linear out = {.c = 1};
    if (e->n < 2) fail(v, e, "an operator without operands");
    for (const nm_sexpr *a = e->first->next; a; a = a->next) {
        const linear x = read_linear(v, a), left = out;
        if (x.n && left.n) fail(v, e, "a product of variables; only linear terms can be read");
        out = (linear){0};
        if (x.n)
            add_linear(v, &out, &x, left.c);
        else
            add_linear(v, &out, &left, x.c);
    }
    return out;
}

static linear read_linear(vnn *v, const nm_sexpr *e)
{
    linear out = {0};
    bool is_x;
    size_t i;
    if (e->word && variable(e, &is_x, &i)) {
        if (i >= (is_x ? v->cap_x : v->cap_y) || !(is_x ? v->x : v->y)[i])
            fail(v, e, "a variable that is not declared");
        *NM_PUSH(v->job, out.t, out.n, out.cap) = (term){(uint32_t)(2 * i + is_x), 1};
    } else if (e->word) {
        if (!nm_num_parse(e->word, e->word + e->len, &out.c))
            fail(v, e, "a finite number or a variable was expected");
    } else if (e->n && is(e->first, "+")) {
        out = read_sum(v, e, false);
    } else if (e->n && is(e->first, "-")) {
        out = read_sum(v, e, true);
    } else if (e->n && is(e->first, "*")) {
        out = read_product(v, e);
    } else {
        fail(v, e, "a linear term was expected");
    }
    return out;
}

/* ---- formulas ---- */

static const atom *make_atom(vnn *v, const linear *a, const linear *b)
{
    linear d = {0};
    add_linear(v, &d, a, 1);
    add_linear(v, &d, b, -1);
    atom *out = NM_NEW(v->job, atom);
    out->t = d.t;
    out->rhs = d.c == 0 ? 0 : -d.c;
    for (size_t i = 0; i < d.n; i++)
        if (d.t[i].coef != 0) out->t[out->n++] = d.t[i];
    for (size_t i = 0; i < out->n; i++)
        if (!isfinite(out->t[i].coef))
            nm_throw(v->job, NM_EINPUT, "%s: a coefficient overflows", v->path);
    if (!isfinite(out->rhs)) nm_throw(v->job, NM_EINPUT, "%s: a constant overflows", v->path);
    return out;
}

/* one comparison gives one atom, an equality two */
static disjunct comparison(vnn *v, const nm_sexpr *e)
{
    if (e->n != 3) fail(v, e, "a comparison of two terms was expected");
    const linear a = read_linear(v, e->first->next), b = read_linear(v, e->first->next->next);
    const char op = e->first->word[0];
    v->strict |= op != '=' && !e->first->word[1];
    disjunct d = {0, NM_ARRAY(v->job, const atom *, 2)};
    if (op == '<' || op == '=') d.a[d.n++] = make_atom(v, &a, &b);
    if (op == '>' || op == '=') d.a[d.n++] = make_atom(v, &b, &a);
    return d;
}

static bool is_comparison(const nm_sexpr *e)
{
    return e->n && (is(e->first, "<=") || is(e->first, ">=") || is(e->first, "<") ||
                    is(e->first, ">") || is(e->first, "="));
}

static dnf cross(vnn *v, const dnf *a, const dnf *b)
{
    dnf out = {nm_mul(v->job, a->n, b->n), NULL};
    if (out.n > NM_MAX_CLAUSES)
        nm_throw(v->job, NM_EUNSUP, "%s: more than %d disjuncts", v->path, NM_MAX_CLAUSES);
    out.d = NM_ARRAY(v->job, disjunct, out.n);
    for (size_t i = 0, k = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++, k++) {
            disjunct *d = &out.d[k];
            d->n = a->d[i].n + b->d[j].n;
            d->a = NM_RAW(v->job, const atom *, d->n);
            for (size_t t = 0; t < d->n; t++)
                d->a[t] = t < a->d[i].n ? a->d[i].a[t] : b->d[j].a[t - a->d[i].n];
        }
    return out;
}

static dnf formula(vnn *v, const nm_sexpr *e)
{
    dnf out = {1, NM_ARRAY(v->job, disjunct, 1)};
    if (e->word || e->n == 0) fail(v, e, "a formula was expected");
    if (is_comparison(e)) {
        out.d[0] = comparison(v, e);
        return out;
    }
    const bool is_and = is(e->first, "and"), is_or = is(e->first, "or");
    if (!is_and && !is_or) fail(v, e->first, "and, or, or a comparison was expected");
    if (e->n < 2) fail(v, e, "an operator without operands");
    size_t cap = 0;
    if (is_or) out = (dnf){0, NULL};
    for (const nm_sexpr *a = e->first->next; a; a = a->next) {
        const dnf x = formula(v, a);
        if (is_and) {
            out = cross(v, &out, &x);
            continue;
        }
        for (size_t i = 0; i < x.n; i++) *NM_PUSH(v->job, out.d, out.n, cap) = x.d[i];
        if (out.n > NM_MAX_CLAUSES)
            nm_throw(v->job, NM_EUNSUP, "%s: more than %d disjuncts", v->path, NM_MAX_CLAUSES);
    }
    return out;
}

static void assertion(vnn *v, const nm_sexpr *e)
{
    const dnf d = formula(v, e);
    if (d.n != 1) {
        *NM_PUSH(v->job, v->ors, v->n_ors, v->cap_ors) = d;
        return;
    }
    for (size_t i = 0; i < d.d[0].n; i++)
        *NM_PUSH(v->job, v->all, v->n_all, v->cap_all) = d.d[0].a[i];
}

static void command(vnn *v, const nm_sexpr *e)
{
    static const char *const silent[] = {"set-logic", "set-info", "set-option", "check-sat",
                                         "get-model", "exit",     NULL};
    if (e->word || e->n == 0 || !e->first->word)
        fail(v, e, "a command in parentheses was expected");
    const nm_sexpr *a = e->first->next;
    if (is(e->first, "declare-const") && e->n == 3) {
        declare(v, e, a, a->next);
    } else if (is(e->first, "declare-fun") && e->n == 4) {
        if (a->next->word || a->next->n) fail(v, a->next, "a function with arguments");
        declare(v, e, a, a->next->next);
    } else if (is(e->first, "assert") && e->n == 2) {
        assertion(v, a);
    } else {
        for (const char *const *s = silent; *s; s++)
            if (is(e->first, *s)) return;
        fail(v, e, "a command that is not VNN-LIB 1");
    }
}

/* ---- disjuncts to cases ---- */

typedef struct {
    double *lo, *hi;
    size_t n_in, n_out;
    nm_row *in, *out;
} parts;

static nm_row make_row(vnn *v, const atom *a)
{
    uint32_t *var = NM_RAW(v->job, uint32_t, a->n);
    double *coef = NM_RAW(v->job, double, a->n);
    for (size_t i = 0; i < a->n; i++) {
        var[i] = a->t[i].var / 2 + (a->t[i].var % 2 ? (uint32_t)v->n_y : 0);
        coef[i] = a->t[i].coef;
    }
    return (nm_row){a->n, var, coef, a->rhs};
}

static void sort_atom(vnn *v, parts *p, const atom *a)
{
    bool inputs = true;
    for (size_t i = 0; i < a->n; i++) inputs &= a->t[i].var % 2 == 1;
    if (!inputs || a->n == 0) {
        p->out[p->n_out++] = make_row(v, a);
        return;
    }
    if (a->n == 1) {
        const uint32_t x = a->t[0].var / 2;
        const double c = a->t[0].coef, b = a->rhs / c;
        const bool exact = fabs(c) == 1 || (fma(b, c, -a->rhs) == 0 && isfinite(b));
        if (c > 0 && b < p->hi[x]) p->hi[x] = exact ? b : nm_up(b);
        if (c < 0 && b > p->lo[x]) p->lo[x] = exact ? b : nm_down(b);
        if (exact) return;
    }
    p->in[p->n_in++] = make_row(v, a);
}

static parts split(vnn *v, const disjunct *d)
{
    const size_t n = v->n_all + d->n;
    parts p = {NM_RAW(v->job, double, v->n_x), NM_RAW(v->job, double, v->n_x), 0, 0,
               NM_RAW(v->job, nm_row, n + 1),  NM_RAW(v->job, nm_row, n + 1)};
    for (size_t i = 0; i < v->n_x; i++) {
        p.lo[i] = -INFINITY;
        p.hi[i] = INFINITY;
    }
    for (size_t i = 0; i < v->n_all; i++) sort_atom(v, &p, v->all[i]);
    for (size_t i = 0; i < d->n; i++) sort_atom(v, &p, d->a[i]);
    for (size_t i = 0; i < v->n_x; i++)
        if (isinf(p.lo[i]) || isinf(p.hi[i]))
            nm_throw(v->job, NM_EINPUT, "%s: X_%zu has no %s bound", v->path, i,
                     isinf(p.lo[i]) ? "lower" : "upper");
    if (p.n_out == 0)
        p.out[p.n_out++] = (nm_row){0}; /* 0 <= 0: every point of the set is a counterexample */
    return p;
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

static bool same_set(const vnn *v, const nm_case *c, const parts *p)
{
    return c->n_in_rows == p->n_in && !memcmp(c->lo, p->lo, v->n_x * sizeof(double)) &&
           !memcmp(c->hi, p->hi, v->n_x * sizeof(double)) && same_rows(c->in_rows, p->in, p->n_in);
}

static void add_disjunct(vnn *v, nm_query *q, const parts *p, size_t *cap_clauses)
{
    nm_case *c = q->n_cases ? &q->cases[q->n_cases - 1] : NULL;
    if (!c || !same_set(v, c, p)) {
        c = &q->cases[q->n_cases++];
        *c = (nm_case){.lo = p->lo, .hi = p->hi, .n_in_rows = p->n_in, .in_rows = p->in};
        for (size_t i = 0; i < v->n_x; i++) c->empty |= p->lo[i] > p->hi[i];
        *cap_clauses = 0;
    }
    nm_clause *all = (nm_clause *)(uintptr_t)c->clauses;
    const nm_clause k = {p->n_out, p->out, -1,
                         nm_fmt(v->job, "c%zu_%zu", q->n_cases - 1, c->n_clauses)};
    *NM_PUSH(v->job, all, c->n_clauses, *cap_clauses) = k;
    c->clauses = all;
}

static void check_declared(vnn *v, const nm_net *net)
{
    if (v->n_x == 0 || v->n_y == 0)
        nm_throw(v->job, NM_EINPUT, "%s: no %s is declared", v->path,
                 v->n_x ? "output Y_j" : "input X_i");
    for (size_t i = 0; i < v->n_x; i++)
        if (!v->x[i])
            nm_throw(v->job, NM_EINPUT, "%s: X_%zu is not declared, but X_%zu is", v->path, i,
                     v->n_x - 1);
    for (size_t i = 0; i < v->n_y; i++)
        if (!v->y[i])
            nm_throw(v->job, NM_EINPUT, "%s: Y_%zu is not declared, but Y_%zu is", v->path, i,
                     v->n_y - 1);
    const nm_node *last = net ? nm_tail_choice(net) : NULL;
    if (last)
        nm_refuse(
            v->job, net, last,
            "at the output, and %s speaks of outputs; only questions from flags ask for the class",
            v->path);
    if (net && (net->n_in != v->n_x || net->n_out != v->n_y))
        nm_throw(v->job, NM_EINPUT, "%s: %zu inputs and %zu outputs; the network has %zu and %zu",
                 v->path, v->n_x, v->n_y, net->n_in, net->n_out);
}

nm_query *nm_read_vnnlib(nm_job *job, const nm_net *net, const char *path)
{
    const nm_file f = nm_file_read(job, path);
    vnn v = {.job = job, .path = f.path};
    const nm_sexpr *all = nm_sexpr_read(job, f);
    for (const nm_sexpr *e = all->first; e; e = e->next) command(&v, e);
    check_declared(&v, net);
    if (v.n_all == 0 && v.n_ors == 0) nm_throw(job, NM_EINPUT, "%s: nothing is asserted", path);
    dnf d = {1, NM_ARRAY(job, disjunct, 1)};
    for (size_t i = 0; i < v.n_ors; i++) d = cross(&v, &d, &v.ors[i]);
    nm_query *q = NM_NEW(job, nm_query);
    *q = (nm_query){.path = f.path, .n_in = v.n_x, .n_out = v.n_y, .label = -1, .predicted = -1};
    nm_sha256(f.data, f.n, q->hash);
    if (net) q->shape = net->values[net->inputs[0]].shape;
    q->cases = NM_ARRAY(job, nm_case, d.n);
    size_t cap = 0;
    for (size_t i = 0; i < d.n; i++) {
        const parts p = split(&v, &d.d[i]);
        add_disjunct(&v, q, &p, &cap);
    }
    if (v.strict) nm_note(job, "%s: strict comparisons are read as closed: a tie counts", path);
    for (size_t i = 0; i < q->n_cases; i++)
        if (q->cases[i].empty) nm_note(job, "%s: input set %zu is empty", path, i);
    return q;
}
