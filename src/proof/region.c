/* region.c: copies of a region, and the parts that cover an L0 ball: the step `cover`.
 *
 * In an L0 ball at most r groups (elements, or pixels) of a point are away from the centre. If some groups are cut into
 * parts, those of them that are away lie in k parts, where k is r, less the number of groups in no part that must be
 * away, as the region's box does not hold their centre. So every point is in a region in which some k parts are left as
 * they are, and all groups of other parts are at the centre. A group in no part stays as it is, which makes a region
 * larger. */
#include "base/base.h"
#include "question/question.h"
#include "proof/proof.h"
#include "proof/checker.h"

nm_region nm_region_copy(nm_job *job, const nm_plain *p, const nm_region *r, size_t clauses)
{
    nm_region c = *r;
    c.room[0] = c.room[1] = NULL;
    const size_t n = p->n_units + 1;
    c.lo = memcpy(NM_ARRAY(job, double, n), r->lo, n * sizeof *c.lo);
    c.hi = memcpy(NM_ARRAY(job, double, n), r->hi, n * sizeof *c.hi);
    c.mag = memcpy(NM_ARRAY(job, double, n), r->mag, n * sizeof *c.mag);
    c.steep = memcpy(NM_ARRAY(job, unsigned char, n), r->steep, n);
    c.slope = memcpy(NM_ARRAY(job, float, n), r->slope, n * sizeof *c.slope);
    c.sign = NM_ARRAY(job, nm_plain_sign, r->n_signs + 1);
    for (size_t i = 0; i < r->n_signs; i++) c.sign[i] = r->sign[i];
    c.closed = memcpy(NM_ARRAY(job, bool, clauses + 1), r->closed, clauses * sizeof(bool));
    return c;
}

const char *nm_cover_parts_read(nm_job *job, const nm_ball *b, size_t n, nm_span s, nm_cover_parts *out)
{
    const char *x = s.s;
    *out = (nm_cover_parts){.ball = b, .groups = nm_plain_ball_groups(b, n)};
    out->part = NM_ARRAY(job, unsigned char, out->groups + 1);
    for (size_t at = 0; x < s.end; at++) {
        size_t gap = 0;
        while (x < s.end && *x >= '0' && *x <= '9' && gap <= out->groups) gap = 10 * gap + (size_t)(*x++ - '0');
        at += gap;
        if (at >= out->groups || x == s.end || *x < 'A' || *x >= 'A' + NM_CHECK_PARTS)
            return "cover: how many elements or pixels are passed over, and the letter of a part, were expected";
        out->part[at] = (unsigned char)(*x++ - 'A' + 1);
        if (out->n < out->part[at]) out->n = out->part[at];
    }
    return NULL;
}

double nm_cover_parts_count(const nm_region *r, const nm_cover_parts *c)
{
    double k = floor(c->ball->radius);
    for (size_t i = 0; i < c->groups; i++) {
        const nm_plain_group g = nm_plain_ball_group(c->ball, i);
        k -= c->part[i] == 0 && nm_plain_ball_moves(c->ball, &g, r->lo, r->hi);
    }
    return k;
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
