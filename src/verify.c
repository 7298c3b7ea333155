/* verify.c: the judge of witnesses. It evaluates the Net as read, in float64 with a bound on its own rounding and in
 * float32, and shares no arithmetic with Program, Bounds or Model.
 *
 * A point is first projected into the box of its case. It is a counterexample only if it then lies in the input set,
 * its linear rows included, and row + error <= rhs for every row of some clause, where error covers the rounding of
 * the evaluation and of the row itself. A tie that float64 cannot decide is not a witness. */
#include "all.h"

/* row - rhs, in the arithmetic of e; err grows by its rounding */
static double excess(const nm_eval *e, const nm_row *r, size_t n_out, const double *y,
                     const double *yerr, const double *x, double *err)
{
    double s = e->f32 ? (double)(float)-r->rhs : -r->rhs;
    for (size_t k = 0; k < r->n; k++) {
        const bool out = r->var[k] < n_out;
        const double *v = out ? &y[r->var[k]] : &x[r->var[k] - n_out];
        s = nm_eval_dot(e, 1, &r->coef[k], 1, v, out && yerr ? &yerr[r->var[k]] : NULL, s, err);
    }
    return s;
}

static void judge_clause(nm_job *job, const nm_query *q, const nm_clause *c, const double *yerr,
                         nm_replay *r)
{
    const nm_eval e64 = {.job = job}, e32 = {.job = job, .f32 = true};
    r->margin64 = r->margin32 = -INFINITY;
    r->err64 = 0;
    r->is_violated = r->is_inside;
    for (size_t k = 0; k < c->n_rows; k++) {
        double err = 0;
        const double m = excess(&e64, &c->rows[k], q->n_out, r->y64, yerr, r->x, &err);
        const double m32 = excess(&e32, &c->rows[k], q->n_out, r->y32, NULL, r->x, NULL);
        if (m > r->margin64) {
            r->margin64 = m;
            r->err64 = err;
        }
        if (m32 > r->margin32) r->margin32 = m32;
        if (!(m + err <= 0)) r->is_violated = false;
    }
}

static bool inside_rows(nm_job *job, const nm_case *c, size_t n_out, const double *x)
{
    const nm_eval e = {.job = job};
    for (size_t k = 0; k < c->n_in_rows; k++) {
        double err = 0;
        if (!(excess(&e, &c->in_rows[k], n_out, NULL, NULL, x, &err) + err <= 0)) return false;
    }
    return true;
}

static void distances(const nm_query *q, nm_replay *r)
{
    double square = 0;
    for (size_t i = 0; q->image && i < q->n_in; i++) {
        const double d = fabs(r->x[i] - q->image[i]);
        if (d > r->linf) r->linf = d;
        r->l1 += d;
        square += d * d;
        r->l0 += d != 0;
    }
    r->l2 = sqrt(square);
}

nm_replay nm_verify(nm_job *job, const nm_net *net, const nm_query *q, size_t icase, int64_t only,
                    const double *x)
{
    const nm_case *c = &q->cases[icase];
    double *p = NM_RAW(job, double, q->n_in), *yerr = NM_ARRAY(job, double, q->n_out);
    for (size_t i = 0; i < q->n_in; i++)
        p[i] = x[i] < c->lo[i] ? c->lo[i] : x[i] > c->hi[i] ? c->hi[i] : x[i];
    nm_replay r = {.x = p, .icase = icase};
    r.is_inside = !c->empty && nm_query_box_has(c, p, q->n_in) && inside_rows(job, c, q->n_out, p);
    r.y64 = nm_net_eval(job, net, p, false, yerr);
    r.y32 = nm_net_eval(job, net, p, true, NULL);
    distances(q, &r);
    nm_replay best = r;
    best.margin64 = best.margin32 = INFINITY;
    for (size_t t = 0; t < c->n_clauses; t++) {
        if (only >= 0 && (size_t)only != t) continue;
        judge_clause(job, q, &c->clauses[t], yerr, &r);
        r.iclause = t;
        if ((r.is_violated && !best.is_violated) ||
            (r.is_violated == best.is_violated && r.margin64 < best.margin64))
            best = r;
    }
    return best;
}
