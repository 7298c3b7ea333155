/* read_vnnlib1.c: reads VNN-LIB 1 (Demarchi, Guidotti et al. 2020): declarations of X_i and Y_j by declare-const or
 * declare-fun, and asserts over them, whose formulas vnnlib_formula.c reads. The inputs must be X_0..X_(n-1) without
 * gaps, each with both bounds; n must be the network's. A file of version 2 is left to read_vnnlib2.c. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

typedef struct { /* declared variables */
    size_t n_x, n_y, cap_x, cap_y;
    unsigned char *x, *y;
} names;

static bool split_name(const nm_sexpr *e, bool *is_x, size_t *index)
{
    int64_t i;
    if (!e->word || (e->word[0] != 'X' && e->word[0] != 'Y') || e->word[1] != '_') return false;
    if (e->len > 11 || !nm_int_parse(e->word + 2, e->word + e->len, &i) || i < 0) return false;
    *is_x = e->word[0] == 'X';
    *index = (size_t)i;
    return true;
}

static bool variable(const nm_formulas *f, const nm_sexpr *e, uint32_t *var)
{
    const names *v = f->names;
    bool is_x;
    size_t i;
    if (!split_name(e, &is_x, &i)) return false;
    if (i >= (is_x ? v->cap_x : v->cap_y) || !(is_x ? v->x : v->y)[i])
        nm_formulas_fail(f, e, "a variable that is not declared");
    *var = (uint32_t)(2 * i + is_x);
    return true;
}

static const char *input_name(const nm_formulas *f, size_t i) { return nm_fmt(f->job, "X_%zu", i); }

static void declare(nm_formulas *f, const nm_sexpr *cmd, const nm_sexpr *name, const nm_sexpr *type)
{
    names *v = f->names;
    bool is_x;
    size_t i;
    if (!type || !nm_sexpr_is(type, "Real") || type->next)
        nm_formulas_fail(f, cmd, "only variables of type Real can be declared");
    if (!split_name(name, &is_x, &i))
        nm_formulas_fail(f, name, "a variable X_i or Y_j was expected");
    unsigned char **set = is_x ? &v->x : &v->y;
    size_t *n = is_x ? &v->n_x : &v->n_y, *cap = is_x ? &v->cap_x : &v->cap_y;
    if (i > 1u << 24) nm_formulas_fail(f, name, "the index is too large");
    while (*cap <= i) {
        const size_t old = *cap;
        *set = nm_grow_(f->job, *set, old, cap, 1);
        memset(*set + old, 0, *cap - old);
    }
    if ((*set)[i]) nm_formulas_fail(f, name, "declared twice");
    (*set)[i] = 1;
    if (i + 1 > *n) *n = i + 1;
}

static void command(nm_formulas *f, const nm_sexpr *e, size_t *asserts)
{
    static const char *const silent[] = {"set-logic", "set-info", "set-option",     "check-sat",
                                         "get-model", "exit",     "vnnlib-version", NULL};
    if (e->word || e->n == 0 || !e->first->word)
        nm_formulas_fail(f, e, "a command in parentheses was expected");
    const nm_sexpr *a = e->first->next;
    if (nm_sexpr_is(e->first, "declare-const") && e->n == 3) {
        declare(f, e, a, a->next);
    } else if (nm_sexpr_is(e->first, "declare-fun") && e->n == 4) {
        if (a->next->word || a->next->n) nm_formulas_fail(f, a->next, "a function with arguments is not supported");
        declare(f, e, a, a->next->next);
    } else if (nm_sexpr_is(e->first, "assert") && e->n == 2) {
        nm_formulas_assert(f, a);
        ++*asserts;
    } else {
        for (const char *const *s = silent; *s; s++)
            if (nm_sexpr_is(e->first, *s)) return;
        nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col,
                    "%.40s with %zu operands: a command that is not VNN-LIB 1", e->first->word,
                    e->n - 1);
    }
}

static void check_declared(const nm_formulas *f, const nm_net *net)
{
    const names *v = f->names;
    if (v->n_x == 0 || v->n_y == 0)
        nm_throw(f->job, NM_EINPUT, "%s: no %s is declared", f->path,
                 v->n_x ? "output Y_j" : "input X_i");
    for (size_t i = 0; i < v->n_x; i++)
        if (!v->x[i])
            nm_throw(f->job, NM_EINPUT, "%s: X_%zu is not declared, but X_%zu is", f->path, i,
                     v->n_x - 1);
    for (size_t i = 0; i < v->n_y; i++)
        if (!v->y[i])
            nm_throw(f->job, NM_EINPUT, "%s: Y_%zu is not declared, but Y_%zu is", f->path, i,
                     v->n_y - 1);
    if (net && (net->n_in != v->n_x || nm_net_said(net) != v->n_y))
        nm_throw(f->job, NM_EINPUT, "%s: %zu inputs and %zu outputs; the network has %zu and %zu",
                 f->path, v->n_x, v->n_y, net->n_in, nm_net_said(net));
}

bool nm_vnnlib_is_second(const nm_sexpr *all)
{
    const nm_sexpr *e = all->first;
    if (!e || !e->n || !e->first->word) return false;
    if (nm_sexpr_is(e->first, "vnnlib-version") && e->n == 2 && e->first->next->word) {
        const char *said = e->first->next->word;
        return strncmp(said + (*said == '<'), "1.", 2) != 0;
    }
    return nm_sexpr_is(e->first, "declare-network");
}

void nm_vnnlib1_read(nm_formulas *f, const nm_net *net, const nm_sexpr *all, size_t *n_x,
                     size_t *n_y)
{
    names *v = NM_NEW(f->job, names);
    size_t asserts = 0;
    f->equal = "=";
    f->smt = true;
    f->names = v;
    f->variable = variable;
    f->name = input_name;
    if (net)
        nm_tail_whole(net, f->whole = NM_ARRAY(f->job, bool, nm_net_said(net) + 1)),
            f->n_whole = nm_net_said(net);
    for (const nm_sexpr *e = all->first; e; e = e->next) command(f, e, &asserts);
    check_declared(f, net);
    if (!asserts) nm_throw(f->job, NM_EINPUT, "%s: nothing is asserted", f->path);
    *n_x = v->n_x;
    *n_y = v->n_y;
}
