/* cover_box.c: smaller boxes that cover a box in which at most k elements (or pixels) of a point may differ from a
 * centre, as in an L0 ball.
 *
 * The elements that may differ are cut into parts, and a child leaves k of the parts as they are and fixes all others
 * at the centre: any k elements lie in some k parts, so that every point of the ball is in a child. An element whose
 * interval does not hold the centre differs in any case; it stays, and k is one less for the others. With 2k parts
 * there are 2, 6 or 20 children for k of 1, 2 or 3, each with half of the elements; boxes with no more than k of them
 * are bisected as all others are. Elements that change the open rows most are in the first part, so that children
 * without it close soon. (Shapira, Wiesel, Shabelman, Drachsler-Cohen 2024 cover such balls by designs.)
 * Cost: of the order of n^k boxes at worst. Left out: balls of more than three elements. */
#include "base/base.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"

#include <stdlib.h>

const nm_ball *nm_cover_ball(const nm_case *c)
{
    const nm_ball *least = NULL;
    for (size_t i = 0; i < c->n_balls && !c->gens; i++)
        if (c->balls[i].norm == NM_L0 && c->balls[i].radius < (least ? least->radius : NM_COVER_MOST + 1))
            least = &c->balls[i];
    return least;
}

typedef struct {
    double gain;
    size_t g;
} group;

static int by_gain(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->gain != y->gain) return x->gain > y->gain ? -1 : 1;
    return x->g < y->g ? -1 : x->g > y->g;
}

/* Returns the elements of group g; *first: its only one, if the ball counts elements. */
static size_t members(const nm_ball *ball, size_t g, const uint32_t **idx, uint32_t *first)
{
    *first = (uint32_t)g;
    *idx = ball->pixels ? ball->pixels->idx + ball->pixels->ptr[g] : first;
    return ball->pixels ? ball->pixels->ptr[g + 1] - ball->pixels->ptr[g] : 1;
}

/* Lists the groups that may differ, or not, in the order of their gains; *k: how many of them may. */
static size_t list(const nm_ball *ball, const nm_bounds *b, const double *gain, group *out, int64_t *k)
{
    const size_t n = ball->pixels ? ball->pixels->n : b->p->blocks[0].n;
    size_t n_out = 0;
    *k = (int64_t)ball->radius;
    for (size_t g = 0; g < n; g++) {
        bool must = false, may = false;
        const uint32_t *idx;
        uint32_t one;
        double sum = 0;
        for (size_t m = members(ball, g, &idx, &one), i = 0; i < m; i++) {
            const size_t u = idx[i];
            must |= b->lo[u] > ball->centre[u] || b->hi[u] < ball->centre[u];
            may |= b->lo[u] < b->hi[u];
            sum += gain[u] > 0 ? gain[u] : 0; /* NaN, of an input without bounds, has no place in an order */
        }
        *k -= must;
        if (may && !must) out[n_out++] = (group){sum, g};
    }
    qsort(out, n_out, sizeof *out, by_gain);
    return n_out;
}

static void fix(nm_bounds *b, const nm_ball *ball, size_t g)
{
    const uint32_t *idx;
    uint32_t one;
    for (size_t m = members(ball, g, &idx, &one), i = 0; i < m; i++)
        b->lo[idx[i]] = b->hi[idx[i]] = ball->centre[idx[i]];
}

nm_cover nm_cover_of(nm_job *job, const nm_ball *ball, const nm_bounds *b, const double *gain, size_t *group_of)
{
    nm_cover c = {.ball = ball, .group = group_of};
    group *g = NM_RAW(job, group, b->p->blocks[0].n + 1);
    int64_t k;
    c.n = list(ball, b, gain, g, &k);
    for (size_t i = 0; i < c.n; i++) c.group[i] = g[i].g;
    c.k = k > 0 ? (size_t)k : 0;
    c.empty = k < 0;
    c.parts = c.n <= c.k ? 0 : c.k == 0 ? 1 : c.n < 2 * c.k ? c.n : 2 * c.k;
    for (uint32_t s = 0; c.parts && s < 1u << c.parts; s++)
        if ((size_t)__builtin_popcount(s) == c.k) c.child[c.n_children++] = s;
    return c;
}

void nm_cover_child(const nm_cover *c, size_t i, nm_bounds *b)
{
    for (size_t g = 0; g < c->n; g++)
        if (!(c->child[i] >> g * c->parts / c->n & 1)) fix(b, c->ball, c->group[g]);
}
