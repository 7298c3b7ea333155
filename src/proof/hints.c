/* hints.c: reads the hints of a certificate that decide lines: slopes, and points; netmip-proof(5).
 *
 * Any hint that is well formed gives true bounds, so that nothing here needs to be trusted, but that slopes and places
 * are within [0, 1]. */
#include "base/base.h"
#include "program/program.h"
#include "proof/proof.h"
#include "proof/checker.h"

/* Returns what a letter stands for, from 0 to 32, or 99: none was expected. */
static int level(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'g' ? c - 'a' + 26 : 99;
}

static bool is_digit(const char *x, const char *end) { return x < end && *x >= '0' && *x <= '9'; }

/* Reads the slopes of a block's units: [GAPa].. */
static const char *of_block(const nm_plain_block *k, nm_region *r, const char *x, const char *end)
{
    for (size_t at = 0; x < end;) {
        size_t gap = 0;
        double slope = 0, scale = 1.0 / 32;
        while (is_digit(x, end) && gap <= k->n) gap = 10 * gap + (size_t)(*x++ - '0');
        at += gap;
        if (at >= k->n || x == end) return "slopes: a unit of the block, and its slope, were expected";
        for (int digit = 0; digit < 2 && x < end && !is_digit(x, end); digit++, scale /= 32) {
            if (level(*x) > 32) return "slopes: a letter from A to Z or a to g was expected";
            slope += level(*x++) * scale;
        }
        if (!(slope <= 1)) return "slopes: a slope of at most 1 was expected";
        r->slope[k->first + at] = (float)slope;
    }
    return NULL;
}

const char *nm_hint_slopes(const nm_plain *p, nm_region *r, nm_span *w)
{
    for (size_t u = 0; u < p->n_units; u++) r->slope[u] = -1;
    r->point = NULL;
    for (nm_span s = nm_take_word(w); s.s < s.end; s = nm_take_word(w)) {
        size_t b = 0;
        const char *x = s.s;
        while (is_digit(x, s.end) && b < p->n_blocks) b = 10 * b + (size_t)(*x++ - '0');
        if (x == s.end || *x++ != ':' || b >= p->n_blocks || p->block[b].kind != NM_RELU)
            return "slopes: BLOCK: of a ReLU block was expected";
        const char *why = of_block(&p->block[b], r, x, s.end);
        if (why) return why;
    }
    return NULL;
}

const char *nm_hint_point(nm_job *job, const nm_plain *p, nm_region *r, nm_span *w)
{
    const size_t n = p->block[0].n;
    if (!r->room[0]) r->room[0] = NM_RAW(job, double, n + 1);
    double *place = r->room[0];
    const nm_span width = nm_take_word(w), s = nm_take_word(w);
    if (!nm_num_parse(width.s, width.end, &r->smooth)) return "a number was expected";
    if (!(r->smooth >= 1e-6 && r->smooth <= 1)) return "point: a width from 1e-6 to 1 was expected";
    if ((size_t)(s.end - s.s) != 2 * n) return "point: two letters for each input were expected";
    for (size_t i = 0; i < n; i++) {
        const int a = level(s.s[2 * i]), b = level(s.s[2 * i + 1]);
        if (a > 32 || b > 32 || 32 * a + b > 1024)
            return nm_fmt(job, "point: a place of at most 1 was expected for input %zu", i);
        place[i] = (32 * a + b) / 1024.0;
    }
    r->point = place;
    return NULL;
}
