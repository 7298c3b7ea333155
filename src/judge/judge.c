/* judge.c: the judge of witnesses. It evaluates the Net as read, in float64 with a bound on its own rounding and in
 * float32, and shares no arithmetic with Program, Bounds or Model.
 *
 * A point is first projected into the box of its case, and into its balls. It is a counterexample only if it then lies
 * in the input set, including its linear rows, and row + error <= rhs for every row of some clause, where error covers
 * the rounding of the evaluation and of the row itself. A tie that float64 cannot decide is not a witness.
 *
 * If the case has generators, they define the point: the counterexample is x0 + G g in exact arithmetic, with g exactly
 * in its box and sums (generators.c). What is evaluated is its rounding, and the distance between the two is propagated
 * through the network as an error of its inputs. A point that misses rows or box by little is moved towards a point
 * that is known to be inside, or moved across what it misses (move_inside.c). */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "judge/move_inside.h"

/* values of outputs and inputs, each with errors (NULL: exact) */
typedef struct {
    const double *y, *yerr, *x, *xerr;
} point;

/* Returns row - rhs, in the arithmetic of e; err grows by its rounding and by the errors of p. */
static double excess(const nm_eval *e, const nm_row *r, double rhs, size_t n_out, point p,
                     double *err)
{
    double s = e->f32 ? (double)(float)-rhs : -rhs;
    for (size_t k = 0; k < r->n; k++) {
        const bool out = r->var[k] < n_out;
        const size_t i = out ? r->var[k] : r->var[k] - n_out;
        const double *v = out ? p.y : p.x, *verr = out ? p.yerr : p.xerr;
        s = nm_eval_dot(e, 1, &r->coef[k], 1, &v[i], verr ? &verr[i] : NULL, s, err);
    }
    return s;
}

static void judge_clause(nm_job *job, const nm_query *q, const nm_clause *c, const double *yerr,
                         const double *xerr, nm_replay *r)
{
    const nm_eval e64 = {.job = job}, e32 = {.job = job, .f32 = true};
    const point p64 = {r->y64, yerr, r->x, xerr}, p32 = {.y = r->y32, .x = r->x};
    r->margin64 = r->margin32 = -INFINITY;
    r->err64 = 0;
    r->is_violated = r->is_inside;
    for (size_t k = 0; k < c->n_rows; k++) {
        double err = 0;
        const double rhs = c->inner ? c->inner[k] : c->rows[k].rhs;
        const double m = excess(&e64, &c->rows[k], rhs, q->n_out, p64, &err);
        const double m32 = excess(&e32, &c->rows[k], rhs, q->n_out, p32, NULL);
        if (m > r->margin64) {
            r->margin64 = m;
            r->err64 = err;
        }
        if (m32 > r->margin32) r->margin32 = m32;
        if (!(m + err <= 0)) r->is_violated = false;
    }
}

static bool inside_rows(nm_job *job, const nm_case *c, size_t n_out, const double *x,
                        const double *xerr)
{
    const nm_eval e = {.job = job};
    for (size_t k = 0; k < c->n_in_rows; k++) {
        double err = 0;
        const point p = {.x = x, .xerr = xerr};
        if (!(excess(&e, &c->in_rows[k], c->in_rows[k].rhs, n_out, p, &err) + err <= 0))
            return false;
    }
    return true;
}

static void distances(const nm_query *q, nm_replay *r)
{
    double square = 0;
    if (q->image)
        for (size_t i = 0; i < q->n_in; i++) {
            const double d = fabs(r->x[i] - q->image[i]);
            if (d > r->linf) r->linf = d;
            r->l1 += d;
            square += d * d;
            r->l0 += d != 0;
        }
    r->l2 = sqrt(square);
}

/* how far to move a point towards the start; by how much to move it inside its rows */
typedef struct {
    double draw, slack;
} mend;

/* Returns the point that generators p define. */
static void image_of(nm_job *job, const nm_query *q, const nm_case *c, const double *p,
                     nm_replay *r, const double **xerr)
{
    const nm_genpoint g = nm_gens_point(job, c, p);
    r->x = g.x;
    r->g = g.g;
    r->is_inside &= g.is_inside;
    for (size_t k = 0; r->is_inside && k < c->n_balls; k++)
        r->is_inside = nm_gens_away(job, &g, q->n_in, c->balls[k].norm, c->balls[k].centre) <=
                       c->balls[k].radius;
    if (q->image && q->objective == NM_CLOSEST)
        r->away = c->gens->is_image && memcmp(g.g, c->gens->at, c->gens->n * sizeof *g.g) == 0
                      ? 0
                      : nm_gens_away(job, &g, q->n_in, q->norm, q->image);
    *xerr = g.err;
}

/* Projects x into the box and sums of the case; xerr: errors of its image. */
static nm_replay place(nm_job *job, const nm_query *q, size_t icase, const double *x, mend m,
                       const double **xerr)
{
    const nm_case *c = &q->cases[icase];
    const size_t n = nm_case_width(q, c);
    const double *lo = c->gens ? c->gens->lo : c->lo, *hi = c->gens ? c->gens->hi : c->hi;
    double *p = NM_RAW(job, double, n);
    for (size_t i = 0; i < n; i++) p[i] = x[i] < lo[i] ? lo[i] : x[i] > hi[i] ? hi[i] : x[i];
    const double *start = nm_case_start(q, c);
    for (size_t i = 0; start && m.draw > 0 && i < n; i++) p[i] += m.draw * (start[i] - p[i]);
    if (m.slack > 0) nm_case_inward(job, q, c, m.slack, p);
    if (!c->gens)
        for (size_t k = 0; k < c->n_balls;
             k++) { /* steps towards the centre stay in a box that contains it */
            nm_ball_project(job, &c->balls[k], n, p);
            for (size_t i = 0; i < n; i++) p[i] = p[i] < lo[i] ? lo[i] : p[i] > hi[i] ? hi[i] : p[i];
        }
    nm_replay r = {.x = p, .icase = icase, .is_inside = !c->empty};
    if (c->gens)
        image_of(job, q, c, p, &r, xerr);
    else
        r.is_inside = r.is_inside && nm_query_box_has(c, p, n);
    if (!c->gens)
        for (size_t k = 0; k < c->n_balls; k++)
            r.is_inside = r.is_inside && nm_ball_has(&c->balls[k], n, p);
    if (!c->gens && q->image && q->objective == NM_CLOSEST)
        r.away = nm_norm_of(q->norm, n, p, q->image);
    r.is_inside = r.is_inside && inside_rows(job, c, q->n_out, r.x, *xerr);
    return r;
}

nm_replay nm_verify(nm_job *job, const nm_net *net, const nm_query *q, size_t icase, int64_t only,
                    const double *x)
{
    static const mend mends[] = {{1e-12, 0}, {1e-10, 0}, {1e-8, 0}, {0, 1e-14},
                                 {0, 1e-12}, {0, 1e-10}, {0, 1e-8}, {1e-6, 1e-8}};
    const nm_case *c = &q->cases[icase];
    const double *xerr = NULL;
    double *yerr = NM_ARRAY(job, double, q->n_out);
    nm_replay r = place(job, q, icase, x, (mend){0, 0}, &xerr);
    for (size_t s = 0; !r.is_inside && s < 8 && (c->gens || c->n_in_rows); s++)
        r = place(job, q, icase, x, mends[s], &xerr);
    r.y64 = xerr ? nm_net_eval_near(job, net, r.x, xerr, yerr)
                 : nm_net_eval(job, net, r.x, false, yerr);
    r.y32 = nm_net_eval(job, net, r.x, true, NULL);
    distances(q, &r);
    nm_replay best = r;
    best.margin64 = best.margin32 = INFINITY;
    for (size_t t = 0; t < c->n_clauses; t++) {
        if (only >= 0 && (size_t)only != t) continue;
        judge_clause(job, q, &c->clauses[t], yerr, xerr, &r);
        r.iclause = t;
        if ((r.is_violated && !best.is_violated) ||
            (r.is_violated == best.is_violated && r.margin64 < best.margin64))
            best = r;
    }
    return best;
}
