/* vnnlib_formula.c: brings formulas over inputs and outputs into disjunctive normal form, for VNN-LIB 1 and 2.
 *
 * A formula is made of and, or, and comparisons of two linear terms (vnnlib_term.c); VNN-LIB 1, which is SMT-LIB, also
 * has not, =>, let, true and false, (and), which is true, and (or), which is false. Negations are pushed down to the
 * comparisons. Strict comparisons, including negated closed ones, are read as closed: this makes proofs stronger, and a
 * tie counts as a counterexample. A negated equality read this way would always be true, so it is refused.
 *
 * Cost: the conjunction of two disjuncts is one node that points at both, so a form of k disjuncts takes O(k) memory
 * besides the text; k is at most NM_MAX_CLAUSES, which is checked before anything is multiplied out. A formula that a
 * let binds is read once for each sign. Left out: forms other than the normal one (a solver could branch on an or
 * itself). */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"

/* Tightens c A + k < 0 for an integer A, an output of ArgMax, to A <= n, or to A >= n if c < 0. Returns false if the
 * term has another form, for which only the closed comparison can be expressed. */
static bool make_whole(const nm_formulas *f, nm_linear *d, double *constant)
{
    const uint32_t y = d->n == 1 && d->t->var % 2 == 0 ? d->t->var / 2 : UINT32_MAX;
    if (y >= f->n_whole || !f->whole[y] || !(fabs(*constant / d->t->coef) < 1e9)) return false;
    const double c = d->t->coef, k = *constant, up = c > 0 ? 1 : -1;
    double n = floor(-k / c);
    while (fma(c, n + up, k) < 0) n += up;
    while (!(fma(c, n, k) < 0)) n -= up;
    d->t->coef = up;
    *constant = -up * n;
    return true;
}

/* Returns the atom a <= b, or NULL if it is always true. strict: a < b is meant, which is recorded if it is read as
 * closed. */
static const nm_conj *make_leaf(nm_formulas *f, const nm_sexpr *e, const nm_linear *a,
                                const nm_linear *b, bool strict)
{
    nm_linear d = {0};
    nm_linear_add(f->job, &d, a, 1);
    nm_linear_add(f->job, &d, b, -1);
    nm_linear_merge(f->job, &d, true);
    double c = nm_parts_below(d.c, d.n_c); /* loses no point; those that are found are put into the formula itself */
    if (strict && !make_whole(f, &d, &c)) f->strict = true;
    uint32_t *var = NM_RAW(f->job, uint32_t, d.n);
    double *coef = NM_RAW(f->job, double, d.n);
    nm_atom *out = NM_NEW(f->job, nm_atom);
    out->inputs = d.n > 0;
    for (size_t i = 0; i < d.n; i++) {
        var[i] = d.t[i].var;
        coef[i] = d.t[i].coef;
        out->inputs &= var[i] % 2;
        if (!isfinite(coef[i])) nm_formulas_fail(f, e, "a coefficient overflows");
    }
    if (!isfinite(c)) nm_formulas_fail(f, e, "a constant overflows");
    if (d.n == 0 && c <= 0) return NULL;
    out->row = (nm_row){d.n, var, coef, c == 0 ? 0 : -c};
    nm_conj *only = NM_NEW(f->job, nm_conj);
    only->leaf = out;
    return only;
}

static const nm_conj *both(nm_formulas *f, const nm_conj *a, const nm_conj *b)
{
    if (!a || !b) return a ? a : b;
    nm_conj *c = NM_NEW(f->job, nm_conj);
    *c = (nm_conj){a, b, NULL};
    return c;
}

char nm_comparison_of(const nm_formulas *f, const nm_sexpr *e)
{
    if (e->n == 0 || !e->first->word) return 0;
    const char *w = e->first->word;
    if (strcmp(w, f->equal) == 0) return '=';
    if (f->checked && strcmp(w, "!=") == 0) return '!';
    return (w[0] == '<' || w[0] == '>') && (!w[1] || (w[1] == '=' && !w[2])) ? w[0] : 0;
}

void nm_comparison_check(const nm_formulas *f, const nm_sexpr *e, char op)
{
    if (e->n < 3 || (e->n > 3 && (!f->chains || op == '!')))
        nm_formulas_fail(f, e, "a comparison of two terms was expected");
}

/* Returns the conjunction of the comparisons between neighbours; negated: the disjunction of their negations. */
static nm_dnf comparison(nm_formulas *f, const nm_sexpr *e, char op, bool negated)
{
    nm_comparison_check(f, e, op);
    if (op == '!') op = '=', negated = !negated;
    const bool before = f->strict;
    f->strict = false;
    const bool strict = op == '=' ? negated : !e->first->word[1] != negated;
    nm_dnf out = {0, NM_ARRAY(f->job, const nm_conj *, 2 * e->n)};
    const nm_conj *all = NULL;
    const nm_sexpr *x = e->first->next;
    nm_linear a = nm_term_read(f, x);
    for (x = x->next; x; x = x->next) {
        const nm_linear b = nm_term_read(f, x);
        const bool below = op == '=' || (op == '<') != negated, above = op == '=' || !below;
        const nm_conj *le = below ? make_leaf(f, e, &a, &b, strict) : NULL,
                      *ge = above ? make_leaf(f, e, &b, &a, strict) : NULL;
        if (negated && below) out.d[out.n++] = le;
        if (negated && above) out.d[out.n++] = ge;
        all = both(f, both(f, all, le), ge);
        a = b;
    }
    if (!negated) out.d[out.n++] = all;
    if (op == '=' && f->strict && !f->checked)
        nm_throw_at(f->job, NM_EUNSUP, f->path, e->line, e->col,
                    "not of %s: closed comparisons cannot express it; <= or >= was expected", f->equal);
    f->strict |= before;
    return out;
}

static void check_count(const nm_formulas *f, const nm_sexpr *e, double n)
{
    if (n <= NM_MAX_CLAUSES) return;
    const int line = e ? e->line : 1, col = e ? e->col : 1;
    nm_throw_at(f->job, NM_EUNSUP, f->path, line, col,
                "%.0f disjuncts%s once and/or are multiplied out; %d at most were expected", n,
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

static nm_dnf formula(nm_formulas *f, const nm_sexpr *e, bool negated);

static nm_dnf constant(const nm_formulas *f, bool is_true)
{
    return (nm_dnf){is_true, NM_ARRAY(f->job, const nm_conj *, 1)}; /* NULL is always true */
}

/* Reads true, false, or a name that a let binds. */
static nm_dnf word(nm_formulas *f, const nm_sexpr *e, bool negated)
{
    nm_binding *b = f->smt ? nm_let_find(f, e) : NULL;
    if (!b && f->smt && nm_sexpr_is(e, "true")) return constant(f, !negated);
    if (!b && f->smt && nm_sexpr_is(e, "false")) return constant(f, negated);
    if (!b) nm_formulas_fail(f, e, "a formula was expected");
    if (!b->says[negated]) {
        nm_binding *scope = f->scope;
        f->scope = b->outer;
        b->says[negated] = NM_NEW(f->job, nm_dnf);
        *b->says[negated] = formula(f, b->value, negated);
        f->scope = scope;
    }
    return *b->says[negated];
}

/* Reads and, or, =>; all operands of => but the last are negated once more. */
static nm_dnf connective(nm_formulas *f, const nm_sexpr *e, bool negated)
{
    const bool implies = nm_sexpr_is(e->first, "=>"),
               is_and = nm_sexpr_is(e->first, "and") != negated;
    nm_dnf out = constant(f, is_and);
    size_t cap = 0;
    if (e->n < (implies ? 3 : f->smt ? 1 : 2))
        nm_formulas_fail(f, e, "an operator without operands");
    if (!is_and) out.d = NULL;
    for (const nm_sexpr *a = e->first->next; a; a = a->next) {
        const nm_dnf x = formula(f, a, negated != (implies && a->next));
        if (is_and) {
            out = cross(f, e, &out, &x);
            continue;
        }
        check_count(f, e, (double)out.n + (double)x.n);
        for (size_t i = 0; i < x.n; i++) *NM_PUSH(f->job, out.d, out.n, cap) = x.d[i];
    }
    return out;
}

static nm_dnf list(nm_formulas *f, const nm_sexpr *e, bool negated)
{
    const nm_sexpr *op = e->first;
    const char relation = nm_comparison_of(f, e);
    if (relation) return comparison(f, e, relation, negated);
    if (nm_sexpr_is(op, "and") || nm_sexpr_is(op, "or") || (f->smt && nm_sexpr_is(op, "=>")))
        return connective(f, e, negated);
    if (f->smt && nm_sexpr_is(op, "not")) {
        if (e->n != 2) nm_formulas_fail(f, e, "not of one formula was expected");
        return formula(f, op->next, !negated);
    }
    if (f->smt && nm_sexpr_is(op, "let")) {
        nm_binding *scope = f->scope;
        const nm_dnf out = formula(f, nm_let_open(f, e), negated);
        f->scope = scope;
        return out;
    }
    nm_throw_at(f->job, NM_EINPUT, f->path, op->line, op->col,
                "%s: and, or, %sor a comparison (<= >= < > %s) was expected",
                nm_sexpr_head(f->job, e), f->smt ? "not, =>, let, " : "", f->equal);
}

static nm_dnf formula(nm_formulas *f, const nm_sexpr *e, bool negated)
{
    nm_formulas_enter(f, e);
    if (!e->word && e->n == 0) nm_formulas_fail(f, e, "a formula was expected");
    const nm_dnf out = e->word ? word(f, e, negated) : list(f, e, negated);
    f->depth--;
    return out;
}

void nm_formulas_assert(nm_formulas *f, const nm_sexpr *e)
{
    *NM_PUSH(f->job, f->asserts, f->n_asserts, f->cap_asserts) = e;
    const nm_dnf d = formula(f, e, false);
    if (d.n == 1)
        f->all = both(f, f->all, d.d[0]);
    else
        *NM_PUSH(f->job, f->ors, f->n_ors, f->cap_ors) = d;
}

nm_dnf nm_formulas_all(nm_formulas *f)
{
    nm_dnf d = constant(f, true);
    for (size_t i = 0; i < f->n_ors; i++) d = cross(f, NULL, &d, &f->ors[i]);
    if (d.n) return d;
    nm_linear one = {0}, zero = {0};
    nm_linear_constant(f->job, &one, 1);
    const nm_sexpr nowhere = {.line = 1, .col = 1};
    d = constant(f, true);
    d.d[0] = make_leaf(f, &nowhere, &one, &zero, false); /* unsatisfiable: 1 <= 0 */
    return d;
}
