/* deployed.c: questions about float32 (--arithmetic float32): which are refused, and what counts as a counterexample.
 *
 * The question is whether some float32 point of the input set gives outputs that satisfy a clause, for some order of
 * the network's sums (network/float32.c); the clause itself is read in real arithmetic. `holds` follows from bounds
 * over the program in which lowering has counted roundings. For `violated` a point is rounded to float32, inside its
 * box, and replayed by the judge. It counts if the judge's outputs, in float32 and the order of the file, satisfy a
 * clause (the plain order), or if intervals over this one point show that every order does. Both are said, as a point
 * may violate in the plain order alone. Cost: a replay, and intervals over the network, for each point that is
 * offered. */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

void nm_float32_sayable(nm_job *job, const nm_query *q, const nm_solve_opts *o)
{
    const char *what = q->objective != NM_FEASIBLE ? "values (only decisions, --objective feasible)"
                       : o->known  ? "bounds from files (--known-bounds)"
                       : o->files.out || o->files.print || o->files.keep ? "models in files"
                                                                         : NULL;
    for (size_t i = 0; i < q->n_cases; i++)
        if (q->cases[i].gens)
            what = "sets that are images of generators (blur, brightness and the like)";
    if (what) nm_throw(job, NM_EUNSUP, "--arithmetic float32 does not cover %s", what);
}

/* Moves each element to the nearest float32 number in its interval; returns false if an interval has none. */
static bool to_floats(const nm_case *c, size_t n, double *x)
{
    for (size_t i = 0; i < n; i++) {
        float f = (float)x[i];
        if ((double)f < c->lo[i]) f = nextafterf(f, INFINITY);
        if ((double)f > c->hi[i]) f = nextafterf(f, -INFINITY);
        if (!((double)f >= c->lo[i] && (double)f <= c->hi[i])) return false;
        x[i] = (double)f;
    }
    return true;
}

/* Returns an upper bound of the row minus its right side; lo, hi: of outputs, then of inputs. */
static double most(const nm_query *q, const nm_row *r, const double *lo, const double *hi,
                   const double *x)
{
    double sum = -r->rhs, mag = fabs(r->rhs);
    for (size_t k = 0; k < r->n; k++) {
        const uint32_t v = r->var[k];
        const double a = r->coef[k], y = v >= q->n_out ? x[v - q->n_out] : a > 0 ? hi[v] : lo[v];
        sum += a * y;
        mag += fabs(a * y);
    }
    const bool plain = r->n == 2 && r->rhs == 0 && fabs(r->coef[0]) == 1 && fabs(r->coef[1]) == 1;
    /* the sign of a rounded difference is right, and products with 1 are exact */
    return plain ? sum : sum + (double)(r->n + 4) * NM_ULP * mag + (mag > 0 ? NM_TINY : 0);
}

static bool satisfies(const nm_query *q, const nm_clause *c, const double *lo, const double *hi,
                      const double *x)
{
    for (size_t k = 0; k < c->n_rows; k++) {
        nm_row row = c->rows[k];
        if (c->inner) row.rhs = c->inner[k];
        if (!(most(q, &row, lo, hi, x) <= 0)) return false;
    }
    return true;
}

/* Sets lo and hi to bounds of the outputs at x in any order. */
static void any_order(nm_state *s, const double *x, double *lo, double *hi)
{
    nm_bounds *b = nm_bounds_new(s->job, s->p, x, x);
    nm_interval(s->job, b, 1, (int)s->p->n_blocks);
    for (size_t i = 0; i < s->q->n_out; i++) {
        const int32_t u = s->p->out[i];
        lo[i] = u < 0 ? s->p->out_const[i] : b->lo[u];
        hi[i] = u < 0 ? s->p->out_const[i] : b->hi[u];
    }
}

nm_replay nm_float32_replay(nm_state *s, const nm_replay *r)
{
    const nm_query *q = s->q;
    const nm_case *c = &q->cases[r->icase];
    nm_replay out = *r;
    out.is_violated = false;
    double *x = memcpy(NM_RAW(s->job, double, q->n_in + 1), r->x, q->n_in * sizeof *x);
    if (!r->is_inside || !to_floats(c, q->n_in, x)) return out;
    double *lo = NM_RAW(s->job, double, q->n_out + 1), *hi = NM_RAW(s->job, double, q->n_out + 1);
    nm_replay at = nm_verify(s->job, s->net, q, r->icase, -1, x);
    if (!at.is_inside || memcmp(at.x, x, q->n_in * sizeof *x)) return out;
    any_order(s, x, lo, hi);
    for (size_t t = 0; t < c->n_clauses; t++) {
        const bool every = satisfies(q, &c->clauses[t], lo, hi, x);
        if (!every && (out.is_violated || !satisfies(q, &c->clauses[t], at.y32, at.y32, x)))
            continue;
        out = t == at.iclause ? at : nm_verify(s->job, s->net, q, r->icase, (int64_t)t, x);
        out.is_violated = true;
        out.orders = every ? NM_EVERY_ORDER : NM_PLAIN_ORDER;
        if (every) return out;
    }
    return out;
}
