/* conditioned.c: bounds that hold for counterexamples to one target (objective cutoff; Kotha, Brix, Kolter, Dvijotham,
 * Zhang 2023, INVPROP; Tjeng et al. 2019 restrict the domain in a similar way).
 *
 * A linear lower bound of the target's row, g x + g0 <= row(x), and row(x) <= rhs at a counterexample give the cut
 *     g x <= h,  h = rhs - g0 rounded up.
 * Every bound may then be computed over box and cut. The box itself shrinks coordinate by coordinate,
 *     g_i x_i <= h - sum over the others of min g_j x_j,
 * and rows that are pulled back are minimised over the box and the cut, a continuous knapsack, by its dual
 * (pull_back.c). Tighter bounds give better lines, a better g, and another round. If bounds cross, there is no
 * counterexample. The result is valid for decisions about this target only: a model made from such bounds says so in
 * its map. Needs bounds over the program with the question's rows at the end; returns a copy and leaves its input
 * unchanged. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"

void nm_bounds_assign(nm_bounds *to, const nm_bounds *from)
{
    const size_t n = from->p->n_units;
    to->p = from->p;
    to->empty = from->empty;
    to->gens = from->gens;
    to->n_balls = from->n_balls;
    to->balls = from->balls;
    memcpy(to->lo, from->lo, n * sizeof *to->lo);
    memcpy(to->hi, from->hi, n * sizeof *to->hi);
    memcpy(to->mag, from->mag, n * sizeof *to->mag);
    memcpy(to->by, from->by, n);
    memcpy(to->steep, from->steep, n);
}

nm_bounds *nm_bounds_copy(nm_job *job, const nm_bounds *b)
{
    nm_bounds *c = nm_bounds_new(job, b->p, b->lo, b->hi);
    nm_bounds_assign(c, b);
    return c;
}

/* Cuts the box coordinate by coordinate; returns false if nothing is left. */
bool nm_cut_box(nm_bounds *b, const nm_cut *cut)
{
    const size_t n = b->p->blocks[0].n;
    double sum = 0, mag = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = cut->g[i] > 0 ? b->lo[i] : b->hi[i];
        sum += cut->g[i] * x;
        mag += fabs(cut->g[i] * x);
    }
    const double e = (double)(n + 8) * NM_ULP * mag + NM_TINY;
    const double slack = nm_up(cut->h - sum + e + 4 * NM_ULP * fabs(cut->h));
    if (slack < 0) return false;
    for (size_t i = 0; i < n; i++) {
        const double g = cut->g[i];
        if (g == 0) continue;
        const double room = nm_up(slack / fabs(g) * (1 + 4 * NM_ULP));
        if (g > 0)
            nm_bounds_meet(b, i, -INFINITY, nm_up(b->lo[i] + room), NM_BY_ALPHA);
        else
            nm_bounds_meet(b, i, nm_down(b->hi[i] - room), INFINITY, NM_BY_ALPHA);
    }
    return !b->empty;
}

/* Returns one lane of an alpha run as a cut. */
nm_cut nm_cut_of(nm_job *job, const nm_program *p, const nm_alpha *a, size_t lane, double rhs)
{
    double *g = NM_ARRAY(job, double, nm_pad8(p->blocks[0].n));
    for (size_t i = 0; i < p->blocks[0].n; i++) g[i] = a->g[i * NM_LANES + lane];
    return (nm_cut){g, nm_up(rhs - a->g0[lane])};
}

/* Runs one round; returns true if it excludes the target. */
static bool round_of(nm_job *job, nm_bounds *b, const nm_cut *cut, size_t unit, double rhs)
{
    if (!nm_cut_box(b, cut)) return true;
    nm_crown(job, b, (nm_crown_opts){.query_block = (int)b->p->n_blocks - 1, .cut = cut});
    return b->empty || b->lo[unit] > rhs;
}

nm_tight nm_tighten(nm_job *job, const nm_bounds *from, uint32_t row, double rhs,
                    const nm_alpha *first, size_t lane, nm_tighten_opts o)
{
    const nm_program *p = from->p;
    const size_t unit = p->blocks[p->n_blocks - 1].first + row;
    nm_tight t = {.b = nm_bounds_copy(job, from), .lo = first->lo[lane]};
    nm_cut cut = nm_cut_of(job, p, first, lane, rhs);
    size_t unstable = nm_bounds_unstable(t.b);
    for (size_t r = 0; r < o.rounds && !t.closed && isfinite(cut.h) && !nm_stopped(job); r++) {
        t.closed = round_of(job, t.b, &cut, unit, rhs);
        t.rounds = r + 1;
        if (t.closed) break;
        const nm_alpha *a = nm_alpha_run(job, t.b, 1, &row, &rhs, o.steps, NULL, NULL);
        const double gain = a->lo[0] - t.lo;
        if (gain > 0) t.lo = a->lo[0];
        t.closed = a->lo[0] > rhs;
        const size_t now = nm_bounds_unstable(t.b);
        const bool better = now < unstable || gain > 0.02 * (rhs - t.lo);
        unstable = now;
        if (!better) break;
        cut = nm_cut_of(job, p, a, 0, rhs);
    }
    return t;
}
