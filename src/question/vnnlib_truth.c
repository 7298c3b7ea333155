/* vnnlib_truth.c: evaluates the asserts of a VNN-LIB file at a point, as they are written: strict comparisons and !=
 * literally, ArgMax, Sigmoid and the like by their own values. Nothing goes through the question made from the file.
 *
 * A comparison is about the difference of two terms, a linear term (vnnlib_term.c), which at the point is an interval:
 * the outputs carry the errors of their evaluation, and sums and products are rounded to both sides. A formula is
 * surely true, surely not true, or unsure; `and` is the minimum of its members, `or` the maximum. Cost: a pass over the
 * text; the value of a let is evaluated once. */
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

typedef struct {
    nm_formulas *f;
    const double *x, *y, *yerr;
} point;

static nm_ends value(const point *p, const nm_linear *t)
{
    nm_ends s = {0, 0};
    for (size_t i = 0; i < t->n_c; i++) {
        s.lo = nm_sum_to(s.lo, t->c[i], -1);
        s.hi = nm_sum_to(s.hi, t->c[i], 1);
    }
    for (size_t i = 0; i < t->n; i++) {
        const uint32_t var = t->t[i].var, k = var / 2;
        const double c = t->t[i].coef, v = var % 2 ? p->x[k] : p->y[k],
                     e = var % 2 ? 0 : p->yerr[k];
        const double lo = nm_sum_to(v, -e, -1), hi = nm_sum_to(v, e, 1);
        s.lo = nm_sum_to(s.lo, nm_product_to(c, c > 0 ? lo : hi, -1), -1);
        s.hi = nm_sum_to(s.hi, nm_product_to(c, c > 0 ? hi : lo, 1), 1);
    }
    return s;
}

/* Returns the truth of a op b, with d = a - b. */
static nm_truth relation(const char *op, char kind, nm_ends d)
{
    const bool strict = !op[1];
    if (!(isfinite(d.lo) && isfinite(d.hi))) return NM_UNSURE;
    if (kind == '>') d = (nm_ends){-d.hi, -d.lo};
    if (kind == '=' || kind == '!') {
        const nm_truth equal = d.lo > 0 || d.hi < 0     ? NM_NOT_TRUE
                               : d.lo == 0 && d.hi == 0 ? NM_TRUE
                                                        : NM_UNSURE;
        return kind == '=' ? equal : NM_TRUE - equal;
    }
    if (strict ? d.hi < 0 : d.hi <= 0) return NM_TRUE;
    return (strict ? d.lo >= 0 : d.lo > 0) ? NM_NOT_TRUE : NM_UNSURE;
}

static nm_truth comparison(const point *p, const nm_sexpr *e, char kind)
{
    nm_truth all = NM_TRUE;
    nm_comparison_check(p->f, e, kind);
    const nm_sexpr *x = e->first->next;
    nm_linear a = nm_term_read(p->f, x);
    for (x = x->next; x; x = x->next) {
        const nm_linear b = nm_term_read(p->f, x);
        nm_linear d = {0};
        nm_linear_add(p->f->job, &d, &a, 1);
        nm_linear_add(p->f->job, &d, &b, -1);
        nm_linear_merge(p->f->job, &d, false);
        const nm_truth t = relation(e->first->word, kind, value(p, &d));
        if (t < all) all = t;
        a = b;
    }
    return all;
}

static nm_truth truth(const point *p, const nm_sexpr *e);

static nm_truth word(const point *p, const nm_sexpr *e)
{
    nm_binding *b = nm_let_find(p->f, e), *scope = p->f->scope;
    if (!b) return nm_sexpr_is(e, "true") ? NM_TRUE : NM_NOT_TRUE;
    if (!b->truth) {
        p->f->scope = b->outer;
        b->truth = 1 + (int)truth(p, b->value);
        p->f->scope = scope;
    }
    return (nm_truth)(b->truth - 1);
}

static nm_truth connective(const point *p, const nm_sexpr *e)
{
    const bool is_and = nm_sexpr_is(e->first, "and"), implies = nm_sexpr_is(e->first, "=>");
    nm_truth out = is_and ? NM_TRUE : NM_NOT_TRUE;
    for (const nm_sexpr *a = e->first->next; a; a = a->next) {
        nm_truth t = truth(p, a);
        if (implies && a->next) t = NM_TRUE - t;
        if (is_and ? t < out : t > out) out = t;
    }
    return out;
}

/* The reader has already checked everything but the words. */
static nm_truth truth(const point *p, const nm_sexpr *e)
{
    if (e->word) return word(p, e);
    const char kind = nm_comparison_of(p->f, e);
    if (kind) return comparison(p, e, kind);
    if (nm_sexpr_is(e->first, "not")) return NM_TRUE - truth(p, e->first->next);
    if (!nm_sexpr_is(e->first, "let")) return connective(p, e);
    nm_binding *scope = p->f->scope;
    const nm_truth t = truth(p, nm_let_open(p->f, e));
    p->f->scope = scope;
    return t;
}

nm_truth nm_formulas_truth(nm_formulas *f, const double *x, const double *y, const double *yerr)
{
    const point p = {f, x, y, yerr};
    nm_truth all = NM_TRUE;
    for (size_t i = 0; i < f->n_asserts; i++) {
        const nm_truth t = truth(&p, f->asserts[i]);
        if (t < all) all = t;
    }
    return all;
}
