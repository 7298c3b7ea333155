/* What hull_dual.c and hull_lines.c say of small random networks is true: row(x) >= g.x + g0 and >= lo, to the last
 * bit of exact rational arithmetic, at every point of a cloud (corners, faces, random points, descents) where the
 * given signs hold; with lines started afresh and carried on from a parent, over the whole box and in branches;
 * weights over 60 binades, zero-width boxes and ties come from the generator; most networks with maxima are asked as
 * tournaments. On one hidden layer the dual is as strong as its definition: with many steps it reaches at least
 * alpha's bound, and beats it often. All of it is asked of hull_point.c, too, where that applies, and its bound must
 * come near hull_dual.c's. */
#include "point_cloud.h"

enum { NETS = 400 };

static size_t n_better, n_same, n_lines, n_far, n_shared, n_windows, n_points;
static bool by_point; /* lines are those of hull_point.c */

/* Goes on with a program in which maxima are ReLUs: whole maxima have lines there. */
static void as_relus(nm_job *job, setup *s)
{
    const nm_program *old = nm_lower(job, s->net);
    int *to = NM_RAW(job, int, old->n_blocks);
    s->p = nm_program_with_rows(job, nm_program_tournaments(job, old, to), ROWS, (const nm_row *const *)s->row);
    s->b = nm_bounds_new(job, s->p, s->lo, s->hi);
    nm_crown(job, s->b, (nm_crown_opts){.query_block = (int)s->p->n_blocks - 1});
}

static nm_alpha *run(nm_job *job, const setup *s, const nm_lines_of *lines, const nm_bounds *b,
                     uint32_t row, size_t steps, const nm_signs *signs, const nm_alpha *start)
{
    (void)s;
    if (by_point) return nm_point_run(job, lines, b, row, INFINITY, steps, signs, start);
    return nm_hull_run(job, lines, b, row, INFINITY, (nm_hull_opts){steps, 0.2, 0.03}, signs,
                       start);
}

static void branches(nm_job *job, setup *s, const nm_lines_of *lines, uint32_t row)
{
    nm_bounds *met = nm_bounds_copy(job, s->b);
    const nm_signs *signs = draw_signs(job, s, met), *loose = draw_signs(job, s, NULL);
    nm_alpha *root = run(job, s, lines, s->b, row, 12, NULL, NULL);
    nm_alpha *a = run(job, s, lines, s->b, row, 15, loose, root);
    check_lanes(s, a, 1, &row, loose, "signs");
    a = run(job, s, lines, s->b, row, 5, loose, a);
    check_lanes(s, a, 1, &row, loose, "signs, going on");
    if (!signs->n || met->empty) return;
    nm_interval(job, met, 1, (int)s->p->n_blocks);
    a = run(job, s, lines, met, row, 15, signs, root);
    check_lanes(s, a, 1, &row, signs, "a branch");
    nm_signs one = *signs;
    one.n = 1;
    check_lanes(
        s, run(job, s, lines, met, row, 6, signs, run(job, s, lines, s->b, row, 9, &one, root)), 1,
        &row, signs, "a grandchild");
}

static void strength(nm_job *job, const setup *s, const nm_lines_of *lines, uint32_t row)
{
    const double inf = INFINITY;
    size_t relus = 0;
    for (size_t k = 0; k < s->p->n_blocks; k++) {
        relus += s->p->blocks[k].kind == NM_RELU;
        if (s->p->blocks[k].kind == NM_MAX) return;
    }
    const double a = nm_alpha_run(job, s->b, 1, &row, &inf, 150, NULL, NULL)->lo[0];
    const double h = run(job, s, lines, s->b, row, 600, NULL, NULL)->lo[0];
    const double size = s->b->mag[unit_of(s, row)] + 1e-200;
    n_better += h > a + 1e-3 * size;
    n_same += fabs(h - a) <= 1e-3 * size;
    if (nm_point_fits(s->b)) {
        const double at = nm_point_run(job, lines, s->b, row, INFINITY, 200, NULL, NULL)->lo[0];
        CHECK(at >= h - 2e-2 * size, "point %g, hull %g of %g; seed %llu", at, h, size, SEED);
    }
    if (relus == 1)
        CHECK(h >= a - 1e-2 * size, "hull %g, alpha %g of %g; seed %llu", h, a, size, SEED);
}

static void bounding(nm_job *job, void *arg)
{
    setup *s = arg;
    make(job, s, 4, FREE);
    if (s->seed % 4 && nm_program_has_maxima(s->p)) as_relus(job, s);
    make_cloud(job, s);
    const nm_lines_of *lines = nm_lines_of_new(job, s->b, t_below(4) ? 1000000 : 10);
    n_lines += lines->n;
    n_windows += lines->n_windows;
    n_far += lines->n_far;
    for (uint32_t row = 0; row < 2; row++) {
        check_lanes(s, run(job, s, lines, s->b, row, 1, NULL, NULL), 1, &row, NULL, "1 step");
        const nm_alpha *a = run(job, s, lines, s->b, row, 30, NULL, NULL);
        check_lanes(s, a, 1, &row, NULL, "30 steps");
        for (size_t k = 0; k < lines->n; k++)
            n_shared += lines->line[k].is_far && a->share[k] > 0 && a->share[k] < 1;
        branches(job, s, lines, row);
        if (!nm_point_fits(s->b)) continue;
        n_points++;
        by_point = true;
        for (size_t steps = 1; steps <= 25; steps += 8)
            check_lanes(s, run(job, s, lines, s->b, row, steps, NULL, NULL), 1, &row, NULL, "a point");
        branches(job, s, lines, row);
        by_point = false;
    }
    if (s->seed % 4 == 0) strength(job, s, nm_lines_of_new(job, s->b, 1000000), 0);
}

int main(void)
{
    for (uint64_t seed = 1; seed <= NETS; seed++) t_job(0, bounding, &(setup){.seed = seed});
    printf("%zu points, %zu lines, %zu far, %zu of maxima, %zu shared, %zu signed, %zu better than alpha, %zu alike\n",
           n_points, n_lines, n_far, n_windows, n_shared, n_signed, n_better, n_same);
    CHECK(n_lines > 2 * NETS && n_signed > NETS * 8 && n_better > NETS / 40 && n_far > NETS &&
              n_shared > NETS && n_windows > NETS / 4 && n_points > NETS / 8,
          "the test is blunt");
    return t_done("prop_hull");
}
