/* region.c: copies of a region, and the parts that cover an L0 ball: COVER of netmip-proof(5).
 *
 * In an L0 ball at most k groups (elements, or pixels) of a point are away from the centre. Those of which the region's
 * box does not hold the centre are in any case, so that k is less by their number for all others. If some of the others
 * are cut into parts, the groups that are away lie in k parts, so that every point is in a region in which some k parts
 * are left as they are, and the groups of all other parts are at the centre. A group that is in no part stays as it is,
 * which makes a region larger. */
#include "base/base.h"
#include "question/question.h"
#include "proof/proof.h"
#include "proof/checker.h"

nm_region nm_region_copy(nm_job *job, const nm_plain *p, const nm_region *r, size_t clauses)
{
    nm_region c = *r;
    const size_t n = p->n_units + 1;
    c.lo = memcpy(NM_ARRAY(job, double, n), r->lo, n * sizeof *c.lo);
    c.hi = memcpy(NM_ARRAY(job, double, n), r->hi, n * sizeof *c.hi);
    c.mag = memcpy(NM_ARRAY(job, double, n), r->mag, n * sizeof *c.mag);
    c.steep = memcpy(NM_ARRAY(job, unsigned char, n), r->steep, n);
    c.slope = memcpy(NM_ARRAY(job, float, n), r->slope, n * sizeof *c.slope);
    c.sign = NM_ARRAY(job, uint32_t, r->n_signs + 1);
    c.side = NM_ARRAY(job, signed char, r->n_signs + 1);
    c.beta = NM_ARRAY(job, double, r->n_signs + 1);
    for (size_t i = 0; i < r->n_signs; i++) {
        c.sign[i] = r->sign[i];
        c.side[i] = r->side[i];
        c.beta[i] = r->beta[i];
    }
    c.closed = memcpy(NM_ARRAY(job, bool, clauses + 1), r->closed, clauses * sizeof(bool));
    return c;
}

/* Takes which part each group is in: [GAPp].., as slopes are said. */
static const char *read_parts(const nm_region *r, size_t groups, nm_span s, nm_cover_parts *out)
{
    const char *x = s.s;
    for (size_t at = 0; x < s.end;) {
        size_t gap = 0;
        while (x < s.end && *x >= '0' && *x <= '9' && gap <= groups) gap = 10 * gap + (size_t)(*x++ - '0');
        at += gap;
        if (at >= groups || x == s.end || *x < 'A' || *x >= 'A' + NM_CHECK_PARTS)
            return "cover: a number of an element or a pixel, and the letter of a part, were expected";
        const nm_plain_group g = nm_plain_ball_group(out->ball, at);
        if (nm_plain_ball_moves(out->ball, &g, r->lo, r->hi))
            return "cover: elements that may be at the centre were expected";
        out->part[at++] = (unsigned char)(*x++ - 'A' + 1);
        if (out->n < out->part[at - 1]) out->n = out->part[at - 1];
    }
    return NULL;
}

const char *nm_cover_parts_read(nm_job *job, const nm_region *r, size_t n, size_t ball, nm_span *w, nm_cover_parts *out)
{
    const nm_ball *b = &r->balls[ball];
    if (b->norm != NM_L0) return "cover: an L0 ball was expected";
    const size_t groups = nm_plain_ball_groups(b, n);
    double k = floor(b->radius);
    for (size_t i = 0; i < groups; i++) {
        const nm_plain_group g = nm_plain_ball_group(b, i);
        k -= nm_plain_ball_moves(b, &g, r->lo, r->hi);
    }
    *out = (nm_cover_parts){.ball = b, .groups = groups, .none = k < 0};
    out->part = NM_ARRAY(job, unsigned char, groups + 1);
    const char *why = read_parts(r, groups, nm_take_word(w), out);
    if (!why && k > (double)out->n) why = "cover: at least as many parts as elements that may differ were expected";
    out->k = why || out->none ? 0 : (size_t)k;
    return why;
}

void nm_cover_parts_keep(nm_region *r, const nm_cover_parts *c, uint32_t kept)
{
    for (size_t i = 0; i < c->groups; i++) {
        const nm_plain_group g = nm_plain_ball_group(c->ball, i);
        if (c->part[i] == 0 || kept >> (c->part[i] - 1) & 1) continue;
        for (size_t k = 0; k < g.n; k++) {
            const size_t u = nm_plain_member(&g, k);
            nm_region_meet(r, u, c->ball->centre[u], c->ball->centre[u]);
        }
    }
    r->stale = 1;
}
