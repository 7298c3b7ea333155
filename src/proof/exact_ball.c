/* exact_ball.c: what balls.c computes, without rounding: the least value of a row over a box and a ball, with the same
 * hints. A norm that is no rational number is rounded up, and compared exactly. */
#include "question/question.h"
#include "proof/proof.h"
#include "proof/checker.h"
#include "proof/dyadic.h"

typedef struct {
    const nm_ball *ball;
    const nm_exact_inputs *row;
    const double *lo, *hi;
    nm_dyadic sum, part, number;
} work;

/* to += x v */
static void add(work *w, nm_dyadic *to, double x, double v)
{
    nm_dyadic_set(&w->number, x);
    nm_dyadic_add(to, w->number.m, w->number.s, v);
}

/* Returns whether the norm of z is at most this number. */
static bool bounds_norm(work *w, const double *z, double norm)
{
    if (!isfinite(norm)) return false;
    if (w->ball->norm == NM_L1) return true; /* one of its own entries */
    nm_dyadic_set(&w->part, 0);
    add(w, &w->part, norm, norm);
    for (size_t i = 0; i < w->row->n; i++) add(w, &w->part, z[i], -z[i]);
    return mpz_sgn(w->part.m) >= 0;
}

/* Adds the least value over the box and a ball of L1 or L2; false: nothing is known. */
static bool by_norm(work *w, double *z)
{
    const nm_exact_inputs *row = w->row;
    if (!nm_plain_ball_hint(w->ball, row->n, row->near, w->lo, w->hi, z)) return false;
    const double norm = w->ball->radius > 0 ? nm_plain_ball_norm(w->ball, row->n, z) : 0;
    if (w->ball->radius > 0 && !bounds_norm(w, z, norm)) return false;
    for (size_t i = 0; i < row->n; i++) {
        mpz_set(w->part.m, row->y[i]);
        w->part.s = row->s;
        nm_dyadic_plus(&w->part, z[i]);
        const int sign = mpz_sgn(w->part.m);
        if (sign) nm_dyadic_add(&w->sum, w->part.m, w->part.s, sign > 0 ? w->lo[i] : w->hi[i]);
        add(w, &w->sum, z[i], -w->ball->centre[i]);
    }
    add(w, &w->sum, norm, -w->ball->radius);
    return true;
}

static bool by_count(work *w)
{
    const nm_exact_inputs *row = w->row;
    const nm_ball *b = w->ball;
    const double lambda = nm_plain_ball_lambda(b, row->n, row->near, w->lo, w->hi);
    if (!isfinite(lambda)) return false;
    for (size_t g = 0; g < nm_plain_ball_groups(b, row->n); g++) {
        const nm_plain_group of = nm_plain_ball_group(b, g);
        nm_dyadic_set(&w->part, lambda); /* less the gain */
        for (size_t k = 0; k < of.n; k++) {
            const size_t i = nm_plain_member(&of, k);
            const int sign = mpz_sgn(row->y[i]);
            if (!sign) continue;
            nm_dyadic_add(&w->sum, row->y[i], row->s, b->centre[i]);
            nm_dyadic_add(&w->part, row->y[i], row->s, -b->centre[i]);
            nm_dyadic_add(&w->part, row->y[i], row->s, sign > 0 ? w->lo[i] : w->hi[i]);
        }
        if (mpz_sgn(w->part.m) < 0 || nm_plain_ball_moves(b, &of, w->lo, w->hi))
            nm_dyadic_add(&w->sum, w->part.m, w->part.s, 1);
    }
    add(w, &w->sum, lambda, -b->radius);
    return true;
}

double nm_exact_ball(const nm_ball *b, const nm_exact_inputs *row, const double *lo, const double *hi, double *z)
{
    work w = {.ball = b, .row = row, .lo = lo, .hi = hi};
    mpz_inits(w.part.m, w.number.m, NULL);
    mpz_init_set(w.sum.m, row->c->m);
    w.sum.s = row->c->s;
    const bool known = b->norm == NM_L0 ? by_count(&w) : by_norm(&w, z);
    const double out = known ? nm_dyadic_down(&w.sum) : -INFINITY;
    mpz_clears(w.sum.m, w.part.m, w.number.m, NULL);
    return out;
}
