/* prop_cover.c: boxes that cover an L0 ball in a box (search/cover_box.c), over random boxes, centres, pixels, radii.
 * Every point of the ball and the box is in a child, children are within the box and have fewer elements that may
 * differ, and where there is no child, the ball adds nothing to the box. */
#include "base/base.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"

#include "../kit/test.h"

#include <string.h>

enum { INPUTS = 12, ROUNDS = 3000, POINTS = 40 };
static size_t n_children, n_void, n_empty, n_inside;

typedef struct {
    uint64_t seed;
} round_of;

/* Returns pixels of one to three elements each. */
static const nm_pixelset *pixels(nm_job *job)
{
    nm_pixelset *s = NM_NEW(job, nm_pixelset);
    size_t *ptr = NM_ARRAY(job, size_t, INPUTS + 1), n = 0;
    uint32_t *idx = NM_ARRAY(job, uint32_t, INPUTS);
    for (size_t i = 0; i < INPUTS; i++) idx[i] = (uint32_t)(i * 5 % INPUTS);
    while (ptr[n] < INPUTS) {
        const size_t size = 1 + t_below(3), left = INPUTS - ptr[n];
        ptr[n + 1] = ptr[n] + (size < left ? size : left);
        n++;
    }
    *s = (nm_pixelset){n, ptr, idx};
    return s;
}

static size_t groups(const nm_ball *b) { return b->pixels ? b->pixels->n : INPUTS; }

static size_t group_size(const nm_ball *b, size_t g)
{
    return b->pixels ? b->pixels->ptr[g + 1] - b->pixels->ptr[g] : 1;
}

static size_t member(const nm_ball *b, size_t g, size_t k)
{
    return b->pixels ? b->pixels->idx[b->pixels->ptr[g] + k] : g;
}

/* Sets a point of the box that differs from the centre in at most k groups; false: it has more that must. */
static bool point(const nm_ball *b, const nm_bounds *box, size_t k, double *x)
{
    bool may[INPUTS];
    size_t must = 0;
    for (size_t g = 0; g < groups(b); g++) {
        bool out = false;
        for (size_t i = 0; i < group_size(b, g); i++) {
            const size_t u = member(b, g, i);
            out |= b->centre[u] < box->lo[u] || b->centre[u] > box->hi[u];
        }
        may[g] = out;
        must += out;
    }
    if (must > k) return false;
    for (size_t n = must; n < k; n++) may[t_below(groups(b))] = true;
    for (size_t g = 0; g < groups(b); g++)
        for (size_t i = 0; i < group_size(b, g); i++) {
            const size_t u = member(b, g, i);
            x[u] = t_below(3) ? t_uniform(box->lo[u], box->hi[u]) : t_below(2) ? box->lo[u] : box->hi[u];
            if (!may[g]) x[u] = b->centre[u];
        }
    return true;
}

static bool within(const nm_bounds *b, const double *x)
{
    for (size_t i = 0; i < INPUTS; i++)
        if (x[i] < b->lo[i] || x[i] > b->hi[i]) return false;
    return true;
}

static size_t free_groups(const nm_ball *b, const nm_bounds *box)
{
    size_t n = 0;
    for (size_t g = 0; g < groups(b); g++) {
        bool any = false;
        for (size_t i = 0; i < group_size(b, g); i++) any |= box->lo[member(b, g, i)] < box->hi[member(b, g, i)];
        n += any;
    }
    return n;
}

static void cover(nm_job *job, void *arg)
{
    double lo[INPUTS], hi[INPUTS], centre[INPUTS], gain[INPUTS], x[INPUTS];
    t_seed = ((round_of *)arg)->seed;
    const size_t k = 1 + t_below(3), fixed = t_below(8);
    for (size_t i = 0; i < INPUTS; i++) {
        lo[i] = t_uniform(-1, 1);
        hi[i] = t_below(8) < fixed ? lo[i] : t_uniform(lo[i], 1);
        centre[i] = t_below(12) ? t_uniform(lo[i], hi[i]) : t_uniform(-1, 1);
        gain[i] = (double)t_below(4);
    }
    const nm_ball ball = {NM_L0, (double)k + (t_below(2) ? 0 : 0.5), centre, t_below(2) ? pixels(job) : NULL};
    nm_block block = {.n = INPUTS};
    const nm_program p = {.n_blocks = 1, .blocks = &block, .n_units = INPUTS};
    const nm_bounds box = {.p = &p, .lo = lo, .hi = hi};
    size_t group[INPUTS];
    const nm_cover c = nm_cover_of(job, &ball, &box, gain, group);
    double child[NM_COVER_CHILDREN][2][INPUTS];
    n_void += !c.parts && !c.empty;
    n_empty += c.empty;
    for (size_t i = 0; i < c.n_children; i++) {
        nm_bounds b = {.p = &p, .lo = child[i][0], .hi = child[i][1]};
        memcpy(b.lo, lo, sizeof lo);
        memcpy(b.hi, hi, sizeof hi);
        nm_cover_child(&c, i, &b);
        CHECK(within(&box, b.lo) && within(&box, b.hi), "a child is not within the box");
        CHECK(free_groups(&ball, &b) < free_groups(&ball, &box), "a child is no smaller");
        n_children++;
    }
    for (size_t q = 0; q < POINTS; q++) {
        const bool is = point(&ball, &box, k, x);
        bool in = !c.parts;
        CHECK(is != c.empty, "whether the ball meets the box");
        if (!is) break;
        for (size_t i = 0; i < c.n_children; i++) in |= within(&(nm_bounds){.lo = child[i][0], .hi = child[i][1]}, x);
        CHECK(in, "a point is lost; k %zu, %zu parts", k, c.parts);
        n_inside++;
    }
}

int main(void)
{
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) t_job(NM_OK, cover, &(round_of){seed});
    printf("%zu children, %zu points, %zu boxes within the ball, %zu outside\n", n_children, n_inside, n_void, n_empty);
    CHECK(n_children > ROUNDS && n_inside > 20 * ROUNDS && n_void > 20 && n_empty > 20, "the test is blunt");
    return t_done("prop_cover");
}
