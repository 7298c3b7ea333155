/* nearest_points.c: upper bounds for the nearest counterexample: points near the image that the judge (judge.c)
 * accepts.
 *
 * In a linear region of the network the margin is g x + m, and the nearest point beyond its hyperplane, within the box,
 * is known (norm.c). Iterating this from any start leads to a counterexample that no step within its region improves
 * (DeepFool: Moosavi-Dezfooli, Fawzi, Frossard 2016, here in every norm and with the box). The starts come from a
 * search with NM_LANES points at once, which step to the hyperplane partly from where they are and, a little, from the
 * image, and step back when they are beyond it (FAB: Croce, Hein 2020). If a step leaves the region and misses, the
 * segment between the two points is searched, NM_LANES points at a time. For L0, inputs are reset one by one as long as
 * the point stays a counterexample. The points lie beyond the boundary by as little as float64 can distinguish; a point
 * on the boundary that float64 cannot decide is kept separately (NM_TIE_TOL). Cost: a few dozen passes over the network
 * for each start. Gives no proofs. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

enum { SEARCH = 40, STEPS = 12, ROUNDS = 3, HALVES = 12, NUDGES = 8 };

static const nm_clause *clause_of(const nm_near *n, size_t icase, size_t iclause)
{
    return &n->q->cases[icase].clauses[iclause];
}

bool nm_near_take(nm_near *n, size_t icase, int64_t iclause, const double *x)
{
    const nm_mark mark = nm_mark_get(n->job);
    const nm_replay r = nm_verify(n->job, n->net, n->q, icase, iclause, x);
    const double d = r.away;
    const bool better = r.is_violated && d < n->value;
    const bool tie = r.is_inside && !r.is_violated && r.margin64 <= NM_TIE_TOL && d < n->tie_value;
    nm_replay *to = better ? &n->best : &n->tie;
    double *keep = n->x[!better], *y64 = to->y64, *y32 = to->y32;
    if (better || tie) {
        *to = r;
        to->x = memcpy(keep, r.x, n->q->n_in * sizeof *keep);
        to->y64 = memcpy(y64, r.y64, n->q->n_out * sizeof *y64);
        to->y32 = memcpy(y32, r.y32, n->q->n_out * sizeof *y32);
        if (r.g) to->g = memcpy(n->g[!better], r.g, n->q->cases[icase].gens->n * sizeof *r.g);
    }
    if (better) n->value = d;
    if (tie) n->tie_value = d;
    nm_mark_release(n->job, mark);
    return r.is_violated;
}

nm_near *nm_near_new(nm_job *job, const nm_net *net, const nm_query *q, const nm_program *p)
{
    nm_near *n = NM_NEW(job, nm_near);
    *n = (nm_near){.job = job, .net = net, .q = q, .value = INFINITY, .tie_value = INFINITY};
    for (nm_replay *r = &n->best; r; r = r == &n->best ? &n->tie : NULL) {
        r->x = n->x[r == &n->tie] = NM_RAW(job, double, q->n_in);
        r->y64 = NM_RAW(job, double, q->n_out);
        r->y32 = NM_RAW(job, double, q->n_out);
    }
    size_t most = 0;
    for (size_t i = 0; i < q->n_cases; i++)
        if (q->cases[i].gens && q->cases[i].gens->n > most) most = q->cases[i].gens->n;
    for (size_t k = 0; k < 2; k++) n->g[k] = NM_RAW(job, double, most + 1);
    n->walk = NM_ARRAY(job, nm_walk *, q->n_cases + 1);
    n->over = NM_ARRAY(job, const nm_case *, q->n_cases + 1);
    n->row = NM_ARRAY(job, const uint32_t *, q->n_cases + 1);
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        size_t m = 0;
        for (size_t t = 0; t < c->n_clauses; t++) m += c->clauses[t].n_rows;
        const nm_row **rows = NM_RAW(job, const nm_row *, m + 1);
        uint32_t *first = NM_RAW(job, uint32_t, c->n_clauses + 1);
        m = 0;
        for (size_t t = 0; t < c->n_clauses; t++) {
            first[t] = (uint32_t)m;
            for (size_t r = 0; r < c->clauses[t].n_rows; r++) rows[m++] = &c->clauses[t].rows[r];
        }
        const nm_work w = nm_work_of(job, p, c);
        n->row[i] = first;
        n->over[i] = w.c;
        n->walk[i] = nm_walk_new(job, nm_program_with_rows(job, w.p, m, rows));
    }
    return n;
}

typedef struct {
    nm_near *n;
    nm_walk *w;
    const nm_case *c;
    size_t icase, iclause, n_in;
    const double *image; /* the image, moved into the box of the case */
    double *x, *to, *g;  /* [n_in] */
    double push;         /* how far to go beyond the boundary */
} hunt;

static double margin(const hunt *h, size_t lane, size_t *which)
{
    const nm_clause *k = clause_of(h->n, h->icase, h->iclause);
    const double *y = h->w->v[h->w->p->n_blocks - 1];
    const uint32_t first = h->n->row[h->icase][h->iclause];
    double worst = -INFINITY;
    for (size_t r = 0; r < k->n_rows; r++) {
        const double m = y[(first + r) * NM_LANES + lane] - k->rows[r].rhs;
        if (!(m > worst)) continue;
        worst = m;
        *which = first + r;
    }
    return worst;
}

/* Sets lane l to a + s_l (b - a), s_l = l / (NM_LANES - 1). */
static void between(hunt *h, const double *a, const double *b)
{
    for (size_t i = 0; i < h->n_in; i++)
        for (size_t l = 0; l < NM_LANES; l++)
            h->w->v[0][i * NM_LANES + l] = a[i] + (double)l / (NM_LANES - 1) * (b[i] - a[i]);
    nm_walk_forward(h->w);
}

/* Computes margin and gradient at h->x. */
static double look(hunt *h)
{
    between(h, h->x, h->x);
    size_t which = 0;
    const double m = margin(h, 0, &which);
    nm_batch_clear(h->w->t);
    nm_batch_put(h->w->t, (int)h->w->p->n_blocks - 1, which, 0, 1);
    nm_walk_backward(h->w);
    for (size_t i = 0; i < h->n_in; i++)
        h->g[i] = h->w->t->live[0][i] ? h->w->t->y[0][i * NM_LANES] : 0;
    return m;
}

/* Leaves in h->x the counterexample nearest to a on the segment from a to b, which is one. */
static void come_back(hunt *h, const double *a, const double *b)
{
    double *p = NM_RAW(h->n->job, double, 2 * h->n_in), *q = p + h->n_in;
    memcpy(p, a, h->n_in * sizeof *p);
    memcpy(q, b, h->n_in * sizeof *q);
    for (size_t r = 0; r < HALVES; r++) {
        size_t l = 0, which;
        between(h, p, q);
        while (l + 1 < NM_LANES && !(margin(h, l, &which) <= -h->push)) l++;
        for (size_t i = 0; i < h->n_in; i++) {
            const double before = h->w->v[0][i * NM_LANES + (l ? l - 1 : 0)];
            q[i] = h->w->v[0][i * NM_LANES + l];
            p[i] = before;
        }
        if (l == 0) break;
    }
    memcpy(h->x, q, h->n_in * sizeof *q);
}

/* L0: resets inputs as long as the point stays a counterexample. */
static void thin_out(hunt *h, double *x)
{
    size_t *list = NM_RAW(h->n->job, size_t, h->n_in), n = 0, which;
    for (size_t i = 0; i < h->n_in; i++)
        if (x[i] != h->image[i]) list[n++] = i;
    for (size_t at = 0, since = 0; since < n; at = at + NM_LANES < n ? at + NM_LANES : 0) {
        const size_t m = n - at < NM_LANES ? n - at : NM_LANES;
        between(h, x, x);
        for (size_t l = 0; l < m; l++)
            h->w->v[0][list[at + l] * NM_LANES + l] = h->image[list[at + l]];
        nm_walk_forward(h->w);
        size_t best = m;
        double low = -h->push;
        for (size_t l = 0; l < m; l++) {
            const double now = margin(h, l, &which);
            if (!(now <= low)) continue;
            low = now;
            best = l;
        }
        since += m;
        if (best == m) continue;
        since = 0;
        x[list[at + best]] = h->image[list[at + best]];
        list[at + best] = list[--n];
    }
}

/* Walks by steps to the local hyperplane; returns true if it ended beyond the boundary. */
static bool walk_in(hunt *h, bool *found)
{
    bool inside = false;
    for (size_t s = 0; s < STEPS && !nm_stopped(h->n->job); s++) {
        const double m = look(h);
        inside = m <= -0.5 * h->push;
        if (inside) {
            const double d = nm_norm_of(h->n->q->norm, h->n_in, h->x, h->n->q->image);
            if (h->n->q->norm == NM_L0) thin_out(h, h->x);
            if (h->n->q->norm == NM_L0 || d < h->n->value)
                *found |= nm_near_take(h->n, h->icase, (int64_t)h->iclause, h->x);
        }
        double d = m + h->push, far = 0;
        for (size_t i = 0; i < h->n_in; i++) d += h->g[i] * (h->image[i] - h->x[i]);
        if (!(d > 0)) return inside;
        nm_norm_nearest(h->n->job, h->n->q->norm, h->n_in, h->image, h->c->lo, h->c->hi, h->g, d,
                        h->to);
        for (size_t i = 0; i < h->n_in; i++) far = fmax(far, fabs(h->to[i] - h->x[i]));
        if (far == 0) return inside;
        memcpy(h->x, h->to, h->n_in * sizeof *h->x);
    }
    return inside;
}

/* Sets d to the norm's direction of steepest descent for g, of length one; for L0 only along inputs that differ
 * already. */
static void steepest(const hunt *h, double *d)
{
    const nm_norm norm = h->n->q->norm;
    double most = 0, sum = 0;
    for (size_t i = 0; i < h->n_in; i++) {
        const bool stuck = h->g[i] > 0 ? h->x[i] <= h->c->lo[i] : h->x[i] >= h->c->hi[i];
        d[i] = stuck || (norm == NM_L0 && h->x[i] == h->image[i]) ? 0 : -h->g[i];
        most = fmax(most, fabs(d[i]));
    }
    for (size_t i = 0; i < h->n_in; i++) {
        if (norm == NM_LINF || norm == NM_L0) d[i] = d[i] > 0 ? 1 : d[i] < 0 ? -1 : 0;
        if (norm == NM_L1 && fabs(d[i]) < 0.5 * most) d[i] = 0;
        sum += norm == NM_L1 ? fabs(d[i]) : d[i] * d[i];
    }
    if (norm == NM_L2) sum = sqrt(sum);
    for (size_t i = 0; i < h->n_in && (norm == NM_L1 || norm == NM_L2) && sum > 0; i++) d[i] /= sum;
}

/* Removes from the gradient what the sums of generators do not allow. */
static void along_sums(hunt *h)
{
    if (h->c->gens)
        for (size_t k = 0; k < h->c->gens->n_sums; k++) {
            const nm_sum *s = &h->c->gens->sums[k];
            double mean = 0;
            for (size_t i = s->first; i < s->first + s->n; i++) mean += h->g[i] / (double)s->n;
            for (size_t i = s->first; i < s->first + s->n; i++) h->g[i] -= mean;
        }
}

/* Treats a point that misses by a solver's tolerance, often at a kink: some steps down lead well beyond the boundary,
 * and the segment to there crosses the boundary after about as much as was missing. */
static void nudge(hunt *h, bool *found)
{
    double *from = NM_RAW(h->n->job, double, 2 * h->n_in), *d = from + h->n_in;
    const double size = 0.02 * fmax(nm_norm_of(h->n->q->norm == NM_L0 ? NM_LINF : h->n->q->norm,
                                               h->n_in, h->x, h->image),
                                    1e-6);
    memcpy(from, h->x, h->n_in * sizeof *from);
    for (size_t s = 0; s < NUDGES && look(h) > -1e-4 - h->n->slack; s++) {
        along_sums(h);
        steepest(h, d);
        for (size_t i = 0; i < h->n_in; i++)
            h->x[i] = fmin(fmax(h->x[i] + size * d[i], h->c->lo[i]), h->c->hi[i]);
        if (h->c->gens)
            for (size_t k = 0; k < h->c->gens->n_sums; k++)
                nm_sum_project(&h->c->gens->sums[k], h->x, 1, h->c->lo, h->c->hi);
    }
    memcpy(d, h->x, h->n_in * sizeof *d);
    come_back(h, from, d);
    *found |= nm_near_take(h->n, h->icase, (int64_t)h->iclause, h->x);
    memcpy(h->x, from, h->n_in * sizeof *from);
}

/* With generators there is no formula for a step to the hyperplane: the point comes from a solver, or from a linear
 * region (leaf.c), and only what it misses is repaired; otherwise this takes the nearest point on the segment to it
 * from a point of the set near the image. */
static bool from_generators(nm_near *n, size_t icase, size_t iclause, const double *start)
{
    const nm_case *c = &n->q->cases[icase], *over = n->over[icase];
    const size_t width = c->gens->n;
    const double before = n->value, *from = c->gens->at;
    double *room = NM_RAW(n->job, double, 3 * width + 3), *end = NM_RAW(n->job, double, width + 1);
    bool found = false;
    hunt h = {n,     n->walk[icase], over, icase,        iclause,
              width, from,           room, room + width, room + 2 * width,
              1e-11};
    for (size_t i = 0; i < width; i++) end[i] = fmin(fmax(start[i], over->lo[i]), over->hi[i]);
    for (size_t k = 0; k < c->gens->n_sums; k++) /* sums do not survive rounding to a file's digits */
        nm_sum_project(&c->gens->sums[k], end, 1, over->lo, over->hi);
    memcpy(h.x, end, width * sizeof *end);
    nm_near_take(n, icase, (int64_t)iclause, end);
    if (fabs(look(&h)) < 1e-4 + n->slack) nudge(&h, &found);
    for (size_t r = 0; r < ROUNDS; r++, h.push *= 30) {
        come_back(&h, from, end);
        if (nm_near_take(n, icase, (int64_t)iclause, h.x)) break;
    }
    return n->value < before;
}

bool nm_near_from(nm_near *n, size_t icase, size_t iclause, const double *start)
{
    const nm_case *c = n->over[icase];
    const size_t n_in = n->q->n_in;
    const nm_mark mark = nm_mark_get(n->job);
    if (c->empty || clause_of(n, icase, iclause)->n_rows == 0) return false;
    if (c->gens) {
        const bool nearer = from_generators(n, icase, iclause, start);
        nm_mark_release(n->job, mark);
        return nearer;
    }
    double *room = NM_RAW(n->job, double, 5 * n_in), *image = room, *back = room + 4 * n_in;
    for (size_t i = 0; i < n_in; i++) image[i] = fmin(fmax(n->q->image[i], c->lo[i]), c->hi[i]);
    hunt h = {n,    n->walk[icase], c,           icase,           iclause,
              n_in, image,          room + n_in, room + 2 * n_in, room + 3 * n_in,
              1e-11};
    const double before = n->value,
                 small = n->q->norm == NM_L0 ? 1e-5 : 0; /* differences below a solver's tolerance */
    for (size_t i = 0; i < n_in; i++)
        h.x[i] = fabs(start[i] - image[i]) < small ? image[i]
                                                   : fmin(fmax(start[i], c->lo[i]), c->hi[i]);
    bool found = false;
    if (fabs(look(&h)) < 1e-4 + n->slack) nudge(&h, &found);
    for (size_t r = 0; r < ROUNDS; r++, h.push *= r == 1 ? 10 : 30) {
        const double was = n->value;
        memcpy(back, h.x, n_in * sizeof *back);
        walk_in(&h, &found);
        if (!(n->value < was) && found) break;
        /* The walk missed or cycled: search the segment from the image to the best point so far. */
        const bool mine = n->best.icase == icase && n->best.iclause == iclause &&
                          n->value < INFINITY;
        memcpy(back, mine ? n->best.x : back, n_in * sizeof *back);
        come_back(&h, mine && r % 2 ? h.x : image, back);
    }
    nm_mark_release(n->job, mark);
    return n->value < before;
}

/* ---- the search ---- */

typedef struct {
    double best, *x; /* distance and place of the lane's nearest counterexample */
    size_t clause;
} lane_t;

/* Computes the margins of all lanes, and their gradients in w->t->y[0]. */
static void look_all(hunt *h, const lane_t *lane, double *m)
{
    nm_walk_forward(h->w);
    nm_batch_clear(h->w->t);
    for (size_t l = 0; l < NM_LANES; l++) {
        size_t which = 0;
        h->iclause = lane[l].clause;
        m[l] = margin(h, l, &which);
        nm_batch_put(h->w->t, (int)h->w->p->n_blocks - 1, which, (int)l, 1);
    }
    nm_walk_backward(h->w);
}

/* Moves a lane. Beyond the boundary: a tenth of the way back. Otherwise: to the local hyperplane and a little beyond,
 * mostly from where the lane is, partly from the image. */
static void move_lane(hunt *h, size_t l, double m)
{
    const nm_norm norm = h->n->q->norm;
    double *at = h->w->v[0] + l, d = 0, dx, d0;
    for (size_t i = 0; i < h->n_in; i++) {
        h->x[i] = at[i * NM_LANES];
        h->g[i] = h->w->t->live[0][i] ? h->w->t->y[0][i * NM_LANES + l] : 0;
        d += h->g[i] * (h->image[i] - h->x[i]);
    }
    if (m <= 0) {
        for (size_t i = 0; i < h->n_in; i++)
            at[i * NM_LANES] = h->image[i] + 0.9 * (h->x[i] - h->image[i]);
        return;
    }
    double *own = NM_RAW(h->n->job, double, h->n_in);
    nm_norm_nearest(h->n->job, norm, h->n_in, h->x, h->c->lo, h->c->hi, h->g, m, own);
    nm_norm_nearest(h->n->job, norm, h->n_in, h->image, h->c->lo, h->c->hi, h->g, fmax(m + d, 0),
                    h->to);
    const nm_norm size = norm == NM_L0 ? NM_L1 : norm;
    dx = nm_norm_of(size, h->n_in, own, h->x);
    d0 = nm_norm_of(size, h->n_in, h->to, h->image);
    const double a = norm == NM_L0 ? 0 : fmin(0.1, dx + d0 > 0 ? dx / (dx + d0) : 0), far = 1.05;
    for (size_t i = 0; i < h->n_in; i++) {
        const double x = h->x[i] + far * (own[i] - h->x[i]),
                     y = h->image[i] + far * (h->to[i] - h->image[i]);
        at[i * NM_LANES] = fmin(fmax((1 - a) * x + a * y, h->c->lo[i]), h->c->hi[i]);
    }
}

static void place_lanes(hunt *h, double spread, uint64_t *seed, size_t n)
{
    for (size_t i = 0; i < h->n_in; i++)
        for (size_t l = 0; l < NM_LANES; l++) {
            const double r = spread * (2 * nm_uniform(seed) - 1);
            h->w->v[0][i * NM_LANES + l] = l < n ? h->image[i]
                                                 : fmin(fmax(h->image[i] + r, h->c->lo[i]),
                                                        h->c->hi[i]);
        }
}

void nm_near_search(nm_near *n, size_t icase, size_t n_clauses, const size_t *clause, uint64_t seed)
{
    const nm_mark mark = nm_mark_get(n->job);
    const nm_case *c = n->over[icase];
    if (c->gens) return; /* there the attack's finds are moved closer (nm_near_from) */
    const size_t n_in = n->q->n_in;
    double *room = NM_RAW(n->job, double, 4 * n_in), wide = 0, m[NM_LANES];
    lane_t lane[NM_LANES];
    hunt h = {n,    n->walk[icase], c,           icase,           0,
              n_in, room,           room + n_in, room + 2 * n_in, room + 3 * n_in,
              1e-11};
    for (size_t i = 0; i < n_in; i++) {
        room[i] = fmin(fmax(n->q->image[i], c->lo[i]), c->hi[i]);
        wide = fmax(wide, c->hi[i] - c->lo[i]);
    }
    for (size_t l = 0; l < NM_LANES; l++)
        lane[l] = (lane_t){INFINITY, NM_RAW(n->job, double, n_in), clause[l % n_clauses]};
    place_lanes(&h, 0.1 * wide, &seed, n_clauses);
    for (size_t s = 0; s < SEARCH && !nm_stopped(n->job); s++) {
        const nm_mark inner = nm_mark_get(n->job);
        look_all(&h, lane, m);
        for (size_t l = 0; l < NM_LANES; l++) {
            move_lane(&h, l, m[l]); /* leaves the lane's old place in h.x */
            const double d = m[l] <= 0 ? nm_norm_of(n->q->norm, n_in, h.x, n->q->image) : INFINITY;
            if (!(d < lane[l].best)) continue;
            lane[l].best = d;
            memcpy(lane[l].x, h.x, n_in * sizeof *h.x);
        }
        nm_mark_release(n->job, inner);
    }
    /* walks from each clause's best point, unless it is much farther than what is known */
    for (size_t t = 0; t < n_clauses && t < NM_LANES; t++) {
        size_t best = t;
        for (size_t l = t; l < NM_LANES; l += n_clauses)
            if (lane[l].best < lane[best].best) best = l;
        if (lane[best].best < 1.5 * n->value)
            nm_near_from(n, icase, lane[best].clause, lane[best].x);
    }
    nm_mark_release(n->job, mark);
}

double nm_near_farthest(nm_job *job, const nm_query *q)
{
    double most = 0, *x = NM_RAW(job, double, q->n_in);
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *k = &q->cases[i];
        if (k->empty) continue;
        for (size_t j = 0; j < q->n_in; j++)
            x[j] = fabs(k->lo[j] - q->image[j]) > fabs(k->hi[j] - q->image[j]) ? k->lo[j] : k->hi[j];
        most = fmax(most, nm_norm_of(q->norm, q->n_in, x, q->image));
    }
    return most;
}
