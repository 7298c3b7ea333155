/* What lanes.c and lane_tree.c say of small random networks is true: in every lane row >= lo, to the last bit of exact
 * rational arithmetic, at every point of a cloud where the lane's signs hold, from any slopes and multipliers; a lane
 * gives the same bytes alone as beside others; and where a tree is closed, no point of the cloud is at or below its
 * cutoff, also where its root assumes signs, nor is one below what the words of its certificate are said to prove;
 * bounds of units by trees over the signs of units before them (unit_trees.c) contain every point of the cloud, and
 * many are as narrow as they can be. Weights over 60 binades, zero-width boxes and ties come from the generator. */
#include "point_cloud.h"

#include "search/search.h"
#include "search/trees.h"

enum { NETS = 400, MOST = 6 };

static size_t n_runs, n_finite, n_closed, n_left, n_trees, n_branched, n_below, n_later, n_late, n_narrower, n_touched;

static float some(void) { return (float)t_below(1000) / 999.0f; }

static nm_lane draw_lane(nm_job *job, const setup *s, const nm_lanes *l)
{
    const nm_signs *g = draw_signs(job, s, NULL);
    float *slope = nm_zero(job, l->n_open + 1, sizeof *slope),
          *beta = nm_zero(job, g->n + 1, sizeof *beta);
    for (size_t k = 0; k < l->n_open; k++) slope[k] = some();
    for (size_t k = 0; k < g->n; k++) beta[k] = t_below(2) ? 0 : some();
    return (nm_lane){g->n, g->unit, g->side, beta, slope};
}

static void check_lane(setup *s, const nm_lane *lane, uint32_t row, double lo)
{
    const nm_signs signs = {lane->n, lane->unit, lane->side};
    size_t bad = 0;
    for (size_t k = 0; k < s->n_pts; k++) {
        if (!has_signs(s, s->pt[k], &signs)) continue;
        n_signed++;
        bad += x_cmp(s->pt[k], unit_of(s, row), lo) < 0;
    }
    CHECK(bad == 0, "%zu points below lo; seed %llu", bad, SEED);
}

static void lanes(nm_job *job, setup *s, uint32_t row)
{
    nm_lane lane[NM_LANES];
    nm_lanes *l = nm_lanes_new(job, s->b, row, MOST), *own = nm_lanes_new(job, s->b, row, MOST);
    const size_t n = 1 + t_below(NM_LANES), steps = 1 + t_below(12);
    for (size_t i = 0; i < n; i++) lane[i] = draw_lane(job, s, l);
    nm_lanes_run(l, n, lane, INFINITY, steps);
    for (size_t i = 0; i < n; i++) {
        check_lane(s, &lane[i], row, l->lo[i]);
        n_runs++;
        n_finite += isfinite(l->lo[i]);
    }
    const size_t i = t_below(n);
    nm_lanes_run(own, 1, &lane[i], INFINITY, steps);
    CHECK(memcmp(&own->lo[0], &l->lo[i], sizeof own->lo[0]) == 0,
          "alone %.17g, beside others %.17g; seed %llu", own->lo[0], l->lo[i], SEED);
}

/* the same tree in steps is the same tree, and what a search's root says is true */
static void in_steps(nm_job *job, setup *s, nm_lane_root o, const nm_lane_tree *whole)
{
    nm_lane_search *l = nm_lane_tree_open(job, o.b, o.row, o.rhs, o.slope, nm_pseudo_new(job, s->p->n_units, NULL),
                                          (nm_lane_opts){0});
    nm_lane_tree t = {0};
    bool late = true;
    for (double work = 0; work <= 2e6; work += 2e6 / (double)(1u << t_below(5))) t = nm_lane_tree_go_on(l, work);
    t = nm_lane_tree_go_on(l, 2e6);
    CHECK(t.closed == whole->closed && t.nodes == whole->nodes && memcmp(&t.lo, &whole->lo, sizeof t.lo) == 0,
          "in steps %d, %zu nodes, %.17g; at once %d, %zu, %.17g; seed %llu", t.closed, t.nodes, t.lo, whole->closed,
          whole->nodes, whole->lo, SEED);
    l = nm_lane_tree_open(job, o.b, o.row, o.rhs, o.slope, nm_pseudo_new(job, s->p->n_units, NULL), (nm_lane_opts){0});
    for (double left = 1e-5; left < 60 && (left < 1e-4 || late); left *= 2) { /* deadlines stop it */
        const double outer = nm_job_deadline(job, nm_wall() + left);
        t = nm_lane_tree_go_on(l, 2e6);
        late = nm_stopped(job);
        n_late += late;
        nm_job_set_deadline(job, outer);
    }
    CHECK(t.closed == whole->closed && t.nodes == whole->nodes && memcmp(&t.lo, &whole->lo, sizeof t.lo) == 0,
          "stopped %d, %zu nodes, %.17g; at once %d, %zu, %.17g; seed %llu", t.closed, t.nodes, t.lo, whole->closed,
          whole->nodes, whole->lo, SEED);
    nm_root_tree *r = nm_root_tree_new(job);
    const bool first = nm_root_tree_open(r, job, o, 1e5).closed;
    bool closed = first;
    for (double spent = 2e4; spent < 1e7 && !closed; spent *= 2) closed = nm_root_tree_closes(r, job, spent);
    n_later += closed && !first;
    size_t bad = 0;
    for (size_t k = 0; closed && k < s->n_pts; k++) bad += x_cmp(s->pt[k], unit_of(s, o.row), o.rhs) <= 0;
    CHECK(bad == 0 && (closed || !whole->closed),
          "a root's tree says %d at %.17g with %zu points at or below it; seed %llu", closed, o.rhs, bad, SEED);
    nm_root_tree_drop(job, r);
}

static void tree(nm_job *job, setup *s, uint32_t row)
{
    const size_t unit = unit_of(s, row);
    double least = INFINITY;
    for (size_t k = 0; k < s->n_pts; k++) least = fmin(least, mpq_get_d(s->pt[k]->v[unit]));
    /* cutoffs from below the bound to above the least point */
    const double rhs = least - (least - s->b->lo[unit]) * (double)t_below(12) / 9.0 + 1e-12;
    double *slope = NM_ARRAY(job, double, s->p->n_units);
    for (size_t u = 0; u < s->p->n_units; u++) slope[u] = (double)some();
    if (!isfinite(rhs)) return;
    nm_lane_words *w = t_below(2) ? nm_lane_words_new(job, 1) : NULL;
    const nm_lane_tree t = nm_lane_tree_run(job, s->b, row, rhs, slope, nm_pseudo_new(job, s->p->n_units, NULL),
                                            (nm_lane_opts){.work = 2e6, .words = w});
    n_trees++;
    n_closed += t.closed;
    n_left += !t.closed;
    n_branched += t.closed && t.nodes > 0;
    size_t bad = 0;
    for (size_t k = 0; t.closed && k < s->n_pts; k++) bad += x_cmp(s->pt[k], unit, rhs) <= 0;
    CHECK(bad == 0, "closed at %.17g with %zu points at or below it, %zu nodes; seed %llu", rhs,
          bad, t.nodes, SEED);
    if (!w) {
        in_steps(job, s, (nm_lane_root){s->b, row, rhs, -INFINITY, slope, NULL}, &t);
        return;
    }
    CHECK(t.closed == (t.lo > rhs), "the words prove %.17g; seed %llu", t.lo, SEED);
    for (size_t k = 0; k < s->n_pts; k++) bad += x_cmp(s->pt[k], unit, t.lo) < 0;
    CHECK(bad == 0, "the words prove %.17g with %zu points below it; seed %llu", t.lo, bad, SEED);
    nm_lane_words_drop(job, 1, w);
}

/* below a node that assumes signs: b is met with them, as branch.c does */
static void tree_below(nm_job *job, setup *s, uint32_t row)
{
    const size_t unit = unit_of(s, row);
    const nm_signs *g = draw_signs(job, s, NULL);
    nm_bounds *b = nm_bounds_copy(job, s->b);
    double least = INFINITY, *slope = NM_ARRAY(job, double, s->p->n_units), *beta = NM_ARRAY(job, double, g->n + 1);
    for (size_t k = 0; k < s->n_pts; k++)
        if (has_signs(s, s->pt[k], g)) least = fmin(least, mpq_get_d(s->pt[k]->v[unit]));
    for (size_t i = 0; i < g->n; i++) {
        const bool below = g->side[i] > 0;
        nm_bounds_meet(b, nm_program_pre(s->p, g->unit[i]), below ? -INFINITY : 0, below ? 0 : INFINITY, NM_BY_ALPHA);
        beta[i] = (double)some();
    }
    for (size_t u = 0; u < s->p->n_units; u++) slope[u] = (double)some();
    const double rhs = least - (least - b->lo[unit]) * (double)t_below(12) / 9.0 + 1e-12;
    if (b->empty || !isfinite(rhs)) return;
    const nm_lane_tree t = nm_lane_tree_run(job, b, row, rhs, slope, nm_pseudo_new(job, s->p->n_units, NULL),
                                            (nm_lane_opts){.work = 2e6, .signs = g, .beta = beta});
    size_t bad = 0;
    for (size_t k = 0; t.closed && k < s->n_pts; k++)
        bad += has_signs(s, s->pt[k], g) && x_cmp(s->pt[k], unit, rhs) <= 0;
    n_below += t.closed && least > rhs && g->n > 0;
    CHECK(bad == 0, "closed at %.17g below %zu signs with %zu points at or below it; seed %llu", rhs, g->n, bad, SEED);
}

/* the open units of every block, bounded by trees; touched: a bound lies within a millionth of a point's value */
static void units(nm_job *job, setup *s)
{
    nm_bounds *b = nm_bounds_copy(job, s->b);
    for (int k = 1; k + 1 < (int)s->p->n_blocks; k++)
        if (s->p->blocks[k].kind == NM_AFFINE && s->p->blocks[k].is_pre)
            nm_unit_trees(job, b, k, 1e8, 200, NULL);
    size_t wrong = 0;
    for (size_t k = 0; k < s->n_pts; k++) wrong += outside(s, s->pt[k], b) < s->p->n_units;
    CHECK(wrong == 0 && !b->empty, "units: %zu of %zu points are outside; seed %llu", wrong, s->n_pts, SEED);
    for (size_t u = 0; u < s->p->n_units; u++) {
        if (b->lo[u] == s->b->lo[u] && b->hi[u] == s->b->hi[u]) continue;
        const double near = 1e-6 * (b->hi[u] - b->lo[u]);
        double least = INFINITY, most = -INFINITY;
        for (size_t k = 0; k < s->n_pts; k++) {
            least = fmin(least, mpq_get_d(s->pt[k]->v[u]));
            most = fmax(most, mpq_get_d(s->pt[k]->v[u]));
        }
        n_narrower++;
        n_touched += least - b->lo[u] <= near || b->hi[u] - most <= near;
    }
}

static void bounding(nm_job *job, void *arg)
{
    setup *s = arg;
    make(job, s, 4, FREE);
    make_cloud(job, s);
    for (uint32_t row = 0; row < 2; row++) {
        for (int i = 0; i < 3; i++) lanes(job, s, row);
        for (int i = 0; i < 3; i++) tree(job, s, row);
        for (int i = 0; i < 3; i++) tree_below(job, s, row);
    }
    units(job, s);
}

int main(void)
{
    for (uint64_t seed = 1; seed <= NETS; seed++) t_job(0, bounding, &(setup){.seed = seed});
    printf("%zu lanes, %zu finite, %zu signed points, %zu trees, %zu closed, %zu of them after "
           "branching, %zu left; %zu closed below signs, %zu later, %zu stopped; "
           "%zu units narrower, %zu as narrow as can be\n",
           n_runs, n_finite, n_signed, n_trees, n_closed, n_branched, n_left, n_below, n_later, n_late,
           n_narrower, n_touched);
    CHECK(n_finite > 5 * NETS && n_signed > NETS * 100 && n_branched > NETS / 4 &&
              n_left > NETS / 4 && n_below > NETS / 4 && n_later > 10 && n_late > 10 &&
              n_narrower > NETS && n_touched > NETS / 2,
          "the test is blunt");
    return t_done("prop_lanes");
}
