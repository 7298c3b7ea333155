/* pull_thresholds.c: moves thresholds on the output of a Sigmoid, a Tanh or a Softmax of two onto what that operator
 * reads.
 *
 * A row over the file's outputs f(y) with one element of a Sigmoid or Tanh, or with the two shares of a Softmax, bounds
 * one increasing function of y:
 *   c f(y_i) <= r       f(y_i) <= r / c, or >= for c < 0
 *   a p_0 + b p_1 <= r  p_1 is the Sigmoid of d = y_1 - y_0, p_0 = 1 - p_1: with s = 2 p_1 - 1 = tanh(d / 2),
 *                       (b - a) s <= 2 r - a - b
 * Whether the function can never reach the bound, or always satisfies it, is decided exactly, by comparing r with the
 * coefficients; over the reals a Sigmoid is never 0 or 1. Otherwise inverse.c encloses the inverse between two ends.
 * The row takes the outer end, so that it loses no counterexample and a proof holds for the file's threshold; `inner`
 * of the clause takes the inner end, which a witness must satisfy (the judge). Points in between are neither. For 0.5
 * of a Sigmoid both ends are 0. A Softmax of more than two has no such inverse, but what it can never reach is decided
 * as well. Rows that mean the same for y as they are (final_operators.c) stay. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "question/part.h"

#include <float.h>

#define FAR   1500.0   /* a share that is a ratio of doubles has a logit below 2099 ln 2 */
#define LARGE 0x1p1000 /* below it no sum overflows */

typedef struct {
    nm_row row;   /* over y, with the outer end */
    double inner; /* the inner one */
} pulled;

static pulled always(bool holds)
{
    const double rhs = holds ? 0 : -1;
    return (pulled){{.rhs = rhs}, rhs};
}

/* Returns the row up y_i - up y_j <= z, up being 1 or -1; if j is i, there is no y_j. */
static pulled bound(nm_job *job, size_t i, size_t j, int up, nm_ends z)
{
    uint32_t *var = NM_RAW(job, uint32_t, 2);
    double *coef = NM_RAW(job, double, 2);
    var[0] = (uint32_t)i, var[1] = (uint32_t)j;
    coef[0] = up, coef[1] = -up;
    const double outer = up > 0 ? z.hi : -z.lo, inner = up > 0 ? z.lo : -z.hi;
    return (pulled){{i == j ? 1 : 2, var, coef, outer == 0 ? 0 : outer}, inner == 0 ? 0 : inner};
}

/* Treats c f(y_i) <= r, or c share_i <= r with j the other share, f ranging from bottom to 1. */
static pulled of_one(nm_job *job, double c, double r, double bottom, size_t i, size_t j)
{
    if (fmax(c, c * bottom) <= r) return always(true);
    if (fmin(c, c * bottom) >= r) return always(false);
    nm_ends t = {nm_quotient_to(r, c, -1),
                 nm_quotient_to(r, c, 1)};      /* neither end of the range is a double */
    const bool lost = bottom == 0 && t.lo <= 0; /* the threshold is too small for a double */
    t.lo = fmax(t.lo, bottom < 0 ? nm_up(-1) : DBL_TRUE_MIN);
    t.hi = fmin(t.hi, nm_down(1));
    nm_ends z = bottom < 0 ? nm_inverse_tanh(t) : nm_inverse_sigmoid(t);
    if (lost) z.lo = -FAR;
    return bound(job, i, j, c > 0 ? 1 : -1, z);
}

/* Treats a share_i + b share_j <= r; if j is i, y_i itself is the difference y_j - y_i. */
static pulled of_two(nm_job *job, double a, double b, double r, size_t i, size_t j)
{
    if (a == 0) return of_one(job, b, r, 0, j, i);
    if (b == 0) return of_one(job, a, r, 0, i, j);
    if (fmax(a, b) <= r) return always(true);
    if (fmin(a, b) >= r) return always(false);
    const double big = fmax(a, b), small = fmin(a, b); /* a = b was decided above */
    const nm_ends den = {nm_sum_to(big, -small, -1), nm_sum_to(big, -small, 1)},
                  num = {nm_sum_to(nm_sum_to(r, -a, -1), nm_sum_to(r, -b, -1), -1),
                         nm_sum_to(nm_sum_to(r, -a, 1), nm_sum_to(r, -b, 1), 1)};
    nm_ends t = {nm_quotient_to(num.lo, num.lo < 0 ? den.lo : den.hi, -1),
                 nm_quotient_to(num.hi, num.hi < 0 ? den.hi : den.lo, 1)};
    const bool below = t.lo<nm_up(-1), above = t.hi> nm_down(1);
    t.lo = fmin(fmax(t.lo, nm_up(-1)), nm_down(1));
    t.hi = fmax(fmin(t.hi, nm_down(1)), nm_up(-1));
    const nm_ends half = nm_inverse_tanh(t);
    nm_ends z = {below ? -FAR : 2 * half.lo, above ? FAR : 2 * half.hi};
    if (b < a) z = (nm_ends){-z.hi, -z.lo}; /* (b - a) s <= .. with b - a = -den */
    return bound(job, j, i, b > a ? 1 : -1, z);
}

/* Returns true if the row bounds one function of what a tail reads; *out is the bound on that. */
static bool pull(nm_job *job, const nm_net *net, const nm_row *r, pulled *out)
{
    size_t k[2], n = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->coef[i] == 0) continue;
        if (n == 2 || r->var[i] >= net->n_out) return false;
        k[n++] = i;
    }
    if (n == 0 || fabs(r->rhs) > LARGE) return false;
    for (size_t i = 0; i < n; i++)
        if (fabs(r->coef[k[i]]) > LARGE) return false;
    const nm_place p = nm_tail_place(net, r->var[k[0]]);
    if (!p.node) return false;
    const nm_tail *t = p.node->plan;
    const double c = r->coef[k[0]], d = n == 2 ? r->coef[k[1]] : 0;
    const size_t i = r->var[k[0]], j = n == 2 ? r->var[k[1]] : i;
    if (n == 1 && t->kind == NM_RISING) {
        *out = of_one(job, c, r->rhs, *p.node->type == 'S' ? 0 : -1, i, i);
        return true;
    }
    if (t->kind != NM_SHARE || t->len < 2) return false;
    if (t->len > 2) { /* only thresholds that no share can reach are decided */
        const bool decided = n == 1 && (fmax(c, 0) <= r->rhs || fmin(c, 0) >= r->rhs);
        if (decided) *out = always(fmax(c, 0) <= r->rhs);
        return decided;
    }
    const size_t other = p.first == i ? i + t->inner : p.first;
    if (n == 2 && j != other) return false;
    *out = of_two(job, c, d, r->rhs, i, other);
    return true;
}

/* Notes the row before and after, for the reader. */
static void say(nm_job *job, const nm_net *net, const nm_row *from, const nm_row *to)
{
    const nm_node *node = nm_tail_place(net, from->var[0]).node;
    nm_buf b = {.job = job};
    nm_form_put(&b, from, net->n_out);
    nm_put(&b, " <= ");
    nm_put_num(&b, from->rhs);
    nm_put(&b, to->n ? " is " : " is 0");
    nm_form_put(&b, to, net->n_out);
    nm_put(&b, " <= ");
    nm_put_num(&b, to->rhs);
    nm_note(
        job,
        "%s: node \"%s\": thresholds on %s are moved onto what it reads, and margins are given there: %s",
        net->path, node->name, node->type, b.s);
}

/* Moves all rows of the clause that need it, or none. */
static bool pull_clause(nm_job *job, const nm_net *net, nm_clause *c, bool said)
{
    nm_row *rows = NM_RAW(job, nm_row, c->n_rows + 1);
    double *inner = NM_RAW(job, double, c->n_rows + 1);
    size_t n = 0, first = 0;
    for (size_t k = 0; k < c->n_rows; k++) {
        pulled p = {c->rows[k], c->rows[k].rhs};
        if (nm_tail_breaks(net, &c->rows[k], false)) {
            if (!pull(job, net, &c->rows[k], &p)) return false;
            if (n++ == 0) first = k;
        }
        rows[k] = p.row;
        inner[k] = p.inner;
    }
    if (n == 0) return false;
    if (!said) say(job, net, &c->rows[first], &rows[first]);
    c->rows = rows;
    c->inner = inner;
    return true;
}

void nm_tail_pull(nm_job *job, const nm_net *net, nm_query *q)
{
    bool any = false, said = false;
    for (size_t k = 0; k < net->n_outputs; k++) any |= net->tail[k] != NULL;
    if (any)
        for (size_t i = 0; i < q->n_cases; i++) {
            nm_clause *c = q->cases[i].clauses;
            for (size_t t = 0; t < q->cases[i].n_clauses; t++)
                if (!c[t].inner) said |= pull_clause(job, net, &c[t], said);
        }
}

nm_row nm_tail_other(nm_job *job, int64_t label, double margin, double *inner)
{
    const double up = label ? 1 : -1;
    const pulled p = of_two(job, -up, up, margin == 0 ? 0 : -margin, 0, 0);
    *inner = p.inner;
    return p.row;
}
