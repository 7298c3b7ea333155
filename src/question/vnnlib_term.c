/* vnnlib_term.c: reads linear terms of VNN-LIB: constants and variables under + - *, with at most one factor that is
 * not constant, and, in VNN-LIB 1, which is SMT-LIB, division by constants and names that a let binds.
 *
 * Constants are float64: decimals, products and quotients of constants are each rounded to nearest, so (/ 8 255) is the
 * number that a flag reads from 8/255; sums are exact (linear.c). The value of a let is read where its name is first
 * used, and only once; its like terms are merged, so that nested lets do not grow beyond the number of variables. Cost:
 * linear in the text, times the number of variables in terms bound by lets, times the names in scope. Left out:
 * quotients of variables. A value whose name is never used is not checked. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"

enum { MAX_DEPTH = 1000 };  /* of nested terms and formulas, through lets */
enum { MAX_NAMES = 10000 }; /* in scope */

_Noreturn void nm_formulas_fail(const nm_formulas *f, const nm_sexpr *e, const char *what)
{
    nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col, "%s", what);
}

void nm_formulas_enter(nm_formulas *f, const nm_sexpr *e)
{
    if (++f->depth > MAX_DEPTH) nm_formulas_fail(f, e, "nested too deeply");
}

/* ---- let ---- */

nm_binding *nm_let_find(const nm_formulas *f, const nm_sexpr *word)
{
    nm_binding *b = f->scope;
    while (b && strcmp(b->name->word, word->word)) b = b->next;
    return b;
}

static void check_name(const nm_formulas *f, const nm_sexpr *name, const nm_binding *outer)
{
    double x;
    if (!name->word || nm_num_parse(name->word, name->word + name->len, &x) ||
        nm_sexpr_is(name, "true") || nm_sexpr_is(name, "false"))
        nm_formulas_fail(f, name, "a name to bind was expected");
    for (const nm_binding *b = f->scope; b != outer; b = b->next)
        if (nm_sexpr_is(name, b->name->word)) nm_formulas_fail(f, name, "bound twice by one let");
}

const nm_sexpr *nm_let_open(nm_formulas *f, const nm_sexpr *e)
{
    const nm_sexpr *list = e->first->next;
    nm_binding *outer = f->scope;
    if (e->n != 3 || list->word || !list->n)
        nm_formulas_fail(f, e, "(let ((name value) ..) body) was expected");
    for (const nm_sexpr *p = list->first; p; p = p->next) {
        if (p->word || p->n != 2) nm_formulas_fail(f, p, "a name and its value were expected");
        check_name(f, p->first, outer);
        nm_binding *b = NM_NEW(f->job, nm_binding);
        *b = (nm_binding){.name = p->first, .value = p->first->next, .outer = outer};
        b->next = f->scope;
        b->names = (b->next ? b->next->names : 0) + 1;
        if (b->names > MAX_NAMES) nm_formulas_fail(f, p, "too many names are bound here");
        f->scope = b;
    }
    return list->next;
}

/* ---- terms ---- */

static nm_linear read_sum(nm_formulas *f, const nm_sexpr *e, bool minus)
{
    nm_linear out = {0};
    const size_t args = e->n - 1;
    if (args == 0) nm_formulas_fail(f, e, "an operator without operands");
    const nm_sexpr *a = e->first->next;
    for (size_t i = 0; i < args; i++, a = a->next) {
        const nm_linear x = nm_term_read(f, a);
        nm_linear_add(f->job, &out, &x, minus && (i > 0 || args == 1) ? -1 : 1);
    }
    return out;
}

static double constant(const nm_linear *x) { return nm_parts_round(x->c, x->n_c); }

static nm_linear read_product(nm_formulas *f, const nm_sexpr *e)
{
    nm_linear out = {0};
    nm_linear_constant(f->job, &out, 1);
    if (e->n < 2) nm_formulas_fail(f, e, "an operator without operands");
    for (const nm_sexpr *a = e->first->next; a; a = a->next) {
        const nm_linear x = nm_term_read(f, a), left = out;
        if (x.n && left.n)
            nm_formulas_fail(f, e, "a product of variables; only linear terms can be read");
        out = (nm_linear){0};
        if (x.n)
            nm_linear_add(f->job, &out, &x, constant(&left));
        else
            nm_linear_add(f->job, &out, &left, constant(&x));
    }
    return out;
}

static nm_linear read_quotient(nm_formulas *f, const nm_sexpr *e)
{
    if (e->n < 3) nm_formulas_fail(f, e, "a quotient of two terms was expected");
    const nm_sexpr *a = e->first->next;
    nm_linear out = nm_term_read(f, a);
    for (a = a->next; a; a = a->next) {
        const nm_linear by = nm_term_read(f, a), above = out;
        if (by.n) nm_formulas_fail(f, a, "a quotient by variables; only linear terms can be read");
        const double b = constant(&by);
        if (b == 0) nm_formulas_fail(f, a, "a quotient by 0");
        out = (nm_linear){0};
        for (size_t i = 0; i < above.n_c; i++) nm_linear_constant(f->job, &out, above.c[i] / b);
        bool finite = isfinite(b) && isfinite(constant(&out));
        for (size_t i = 0; i < above.n; i++) {
            const nm_lterm t = {above.t[i].var, above.t[i].coef / b};
            finite &= isfinite(t.coef) != 0;
            *NM_PUSH(f->job, out.t, out.n, out.cap) = t;
        }
        if (!finite) nm_formulas_fail(f, a, "a quotient overflows");
    }
    return out;
}

static nm_linear read_word(nm_formulas *f, const nm_sexpr *e)
{
    nm_linear out = {0};
    uint32_t var;
    double c = 0;
    nm_binding *b = nm_let_find(f, e);
    if (b && !b->term) {
        nm_binding *scope = f->scope;
        f->scope = b->outer;
        b->term = NM_NEW(f->job, nm_linear);
        *b->term = nm_term_read(f, b->value);
        nm_linear_merge(f->job, b->term, false);
        f->scope = scope;
    }
    if (b) return *b->term;
    if (f->variable(f, e, &var))
        *NM_PUSH(f->job, out.t, out.n, out.cap) = (nm_lterm){var, 1};
    else if (!nm_num_parse(e->word, e->word + e->len, &c))
        nm_formulas_fail(f, e, "a finite number or a variable was expected");
    nm_linear_constant(f->job, &out, c);
    return out;
}

static nm_linear read_list(nm_formulas *f, const nm_sexpr *e)
{
    if (e->n && nm_sexpr_is(e->first, "+")) return read_sum(f, e, false);
    if (e->n && nm_sexpr_is(e->first, "-")) return read_sum(f, e, true);
    if (e->n && nm_sexpr_is(e->first, "*")) return read_product(f, e);
    if (e->n && f->smt && nm_sexpr_is(e->first, "/")) return read_quotient(f, e);
    if (e->n && f->smt && nm_sexpr_is(e->first, "let")) {
        nm_binding *scope = f->scope;
        const nm_linear out = nm_term_read(f, nm_let_open(f, e));
        f->scope = scope;
        return out;
    }
    nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col,
                "%s: a linear term (+, -, * %sby constants) was expected", nm_sexpr_head(f->job, e),
                f->smt ? "and / " : "");
}

nm_linear nm_term_read(nm_formulas *f, const nm_sexpr *e)
{
    nm_formulas_enter(f, e);
    const nm_linear out = e->word ? read_word(f, e) : read_list(f, e);
    f->depth--;
    return out;
}
