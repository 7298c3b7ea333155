/* read_vnnlib2.c: VNN-LIB 2.0 (vnnlib.org) over the reals: asserts over X[0,3], Y[1], or Y alone where its shape is
 * [], of the networks that vnnlib2_networks.c reads.
 *
 * A comparison may be a chain, as in SMT-LIB. In a query about several networks, inputs that a plain assert makes
 * equal, (== X[0] U[0]), become one input that both networks read: bounds then know that they are equal, and points
 * need not be moved onto rows without an interior. Refused by name: != (unless points found are checked against the
 * formulas, vnnlib_truth.c) and other versions. Cost: linear in the text. Left out: equalities of other forms, which
 * remain rows. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

static _Noreturn void beyond(const nm_formulas *f, const nm_sexpr *e, const char *what)
{
    nm_throw_at(f->job, NM_EUNSUP, f->path, e->line, e->col, "%.60s: %s", e->word ? e->word : "",
                what);
}

static bool variable(const nm_formulas *f, const nm_sexpr *e, uint32_t *var)
{
    const size_t len = strcspn(e->word, "[");
    if (!nm_vnnlib2_is_name(e->word, len)) return false;
    const nm_vnnlib2 *v = f->names;
    const nm_vtensor *t = nm_vnnlib2_find(v, e->word, len);
    if (!t) nm_formulas_fail(f, e, "a variable that is not declared");
    int n = 0;
    int64_t at[NM_MAXRANK], flat = 0;
    if (e->word[len]) {
        const char *end = nm_vnnlib2_indices(e->word + len, &n, at);
        if (!end || *end) nm_formulas_fail(f, e, "indices like [0,1] were expected");
    }
    if (n != t->shape.rank)
        nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col, "%d indices; %.*s has shape %s", n,
                    (int)len, e->word, nm_shape_print(f->job, t->shape));
    for (int d = 0; d < n; d++) {
        if (at[d] >= t->shape.dim[d])
            nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col,
                        "index %lld; %.*s has shape %s", (long long)at[d], (int)len, e->word,
                        nm_shape_print(f->job, t->shape));
        flat = flat * t->shape.dim[d] + at[d];
    }
    const size_t i = t->at + (size_t)flat;
    *var = (uint32_t)(2 * (t->is_x && v->own ? v->own[i] : i) + t->is_x);
    return true;
}

static const char *input_name(const nm_formulas *f, size_t i)
{
    const nm_vnnlib2 *v = f->names;
    size_t k = 0, own = i;
    for (size_t x = 0; v->own && x < v->n_x; x++)
        if (v->own[x] == own) {
            i = x;
            break;
        }
    while (k < v->n && !(v->t[k].is_x && i >= v->t[k].at && i - v->t[k].at < v->t[k].n)) k++;
    if (k == v->n) return nm_fmt(f->job, "input %zu", i);
    nm_buf b = {.job = f->job};
    size_t rest = i - v->t[k].at, size = v->t[k].n;
    nm_put(&b, "%s", v->t[k].name->word);
    for (int d = 0; d < v->t[k].shape.rank; d++) {
        size /= (size_t)v->t[k].shape.dim[d];
        nm_put(&b, "%s%zu", d ? "," : "[", rest / size);
        rest %= size;
    }
    nm_put(&b, v->t[k].shape.rank ? "]" : "");
    return b.s;
}

/* Joins X [0] into X[0]: a word that starts with a bracket belongs to the word before it. */
static void join_indices(nm_formulas *f, nm_sexpr *list)
{
    for (nm_sexpr *e = list->first; e; e = e->next) {
        nm_sexpr *next = e->next;
        if (e->word && next && next->word && next->word[0] == '[' &&
            nm_vnnlib2_is_name(e->word, e->len)) {
            e->word = nm_fmt(f->job, "%s%s", e->word, next->word);
            e->len += next->len;
            e->next = next->next;
            list->n--;
        }
        if (!e->word) join_indices(f, e);
    }
}

static void refuse_unequal(const nm_formulas *f, const nm_sexpr *list)
{
    if (list->n && nm_sexpr_is(list->first, "!="))
        beyond(f, list->first, "closed comparisons cannot express it; <= or >= was expected");
    for (const nm_sexpr *e = list->first; e; e = e->next)
        if (!e->word) refuse_unequal(f, e);
}

/* ---- inputs that are equal ---- */

static uint32_t root(uint32_t *own, uint32_t i)
{
    while (own[i] != i) i = own[i] = own[own[i]];
    return i;
}

/* Returns true if the word is an input, and its place among all inputs. */
static bool input(const nm_formulas *f, const nm_sexpr *e, uint32_t *i)
{
    uint32_t var;
    if (!e->word || !variable(f, e, &var) || var % 2 == 0) return false;
    *i = var / 2;
    return true;
}

static void join_inputs(const nm_formulas *f, uint32_t *own, const nm_sexpr *e)
{
    if (e->n == 0 || !e->first->word) return;
    if (nm_sexpr_is(e->first, "and"))
        for (const nm_sexpr *a = e->first->next; a; a = a->next) join_inputs(f, own, a);
    if (!nm_sexpr_is(e->first, "==")) return;
    for (const nm_sexpr *a = e->first->next; a && a->next; a = a->next) {
        uint32_t i, k;
        if (!input(f, a, &i) || !input(f, a->next, &k)) continue;
        i = root(own, i), k = root(own, k);
        own[i > k ? i : k] = i > k ? k : i;
    }
}

/* Finds which inputs are equal; own: for each input, the number of the distinct input that it is, in order of
 * appearance. */
static void find_equal(nm_formulas *f, nm_vnnlib2 *v, const nm_sexpr *asserts)
{
    uint32_t *own = NM_RAW(f->job, uint32_t, v->n_x);
    for (size_t i = 0; i < v->n_x; i++) own[i] = (uint32_t)i;
    for (const nm_sexpr *e = asserts; e; e = e->next)
        if (e->n == 2 && nm_sexpr_is(e->first, "assert")) join_inputs(f, own, e->first->next);
    for (size_t i = 0; i < v->n_x; i++) own[i] = root(own, (uint32_t)i);
    uint32_t *count = NM_RAW(f->job, uint32_t, v->n_x);
    v->n_own = 0;
    for (size_t i = 0; i < v->n_x; i++) {
        if (own[i] == i) count[i] = (uint32_t)v->n_own++;
        own[i] = count[own[i]];
    }
    v->own = own;
}

static bool is_version(const nm_sexpr *e)
{
    return nm_sexpr_is(e, "<2.0>") || nm_sexpr_is(e, "2.0");
}

nm_vnnlib2 *nm_vnnlib2_read(nm_formulas *f, size_t n, const nm_named *given, nm_sexpr *all)
{
    nm_vnnlib2 *v = NM_NEW(f->job, nm_vnnlib2);
    f->equal = "==";
    f->chains = true;
    f->names = v;
    f->variable = variable;
    f->name = input_name;
    nm_sexpr *e = all->first;
    for (; e; e = e->next) {
        if (e->word || e->n == 0 || !e->first->word)
            nm_formulas_fail(f, e, "a command in parentheses was expected");
        const nm_sexpr *a = e->first->next;
        if (nm_sexpr_is(e->first, "vnnlib-version") && e->n == 2 && e == all->first) {
            if (!is_version(a)) beyond(f, a->word ? a : e->first, "VNN-LIB <2.0> was expected");
        } else if (nm_sexpr_is(e->first, "declare-network")) {
            nm_vnnlib2_declare(f, v, e);
        } else {
            break;
        }
    }
    for (const nm_sexpr *x = e; x; x = x->next)
        if (!v->n_nets || x->n != 2 || !nm_sexpr_is(x->first, "assert")) {
            if (x->n == 0) nm_formulas_fail(f, x, "a command in parentheses was expected");
            nm_throw_at(f->job, NM_EINPUT, f->path, x->line, x->col,
                        "%.40s with %zu operands: declare-network, then assert were expected",
                        x->first->word ? x->first->word : "()", x->n - 1);
        }
    if (!e) nm_throw(f->job, NM_EINPUT, "%s: nothing is asserted", f->path);
    nm_vnnlib2_give(f, v, n, given);
    nm_vnnlib2_place(f, v);
    for (nm_sexpr *x = e; x; x = x->next) {
        join_indices(f, x->first->next);
        if (!f->checked) refuse_unequal(f, x->first->next);
    }
    v->n_own = v->n_x;
    if (v->n_nets > 1) find_equal(f, v, e);
    for (const nm_sexpr *x = e; x; x = x->next) nm_formulas_assert(f, x->first->next);
    return v;
}
