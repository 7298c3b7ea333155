/* tree.c: a row bounded by cases of signs: TREE of netmip-proof(5).
 *
 * The words of a tree are in prefix order, so that they cover all points whatever they say: BLOCK:UNIT stands for the
 * two cases of that ReLU's sign, whose trees follow, and =BETA,BETA,.. is a leaf, with multipliers of the signs on the
 * way to it. In a leaf a ReLU of given sign is 0, or is its pre-activation, and has no line; all leaves share the
 * region's bounds and lines. So NM_CHECK_LANES leaves are pulled back together, and the least of their bounds holds in
 * the region. Left out: bounds of other units in a leaf, for which there is the step `branch`. */
#include "base/base.h"
#include "program/program.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { L = NM_CHECK_LANES, DEEPEST = NM_CHECK_TREE };

typedef struct {
    nm_job *job;
    nm_pull *pull;
    const nm_plain *p;
    const nm_region *r;
    nm_plain_rows rows; /* the row in each of the leaves that wait */
    nm_span *words;
    size_t depth;
    nm_plain_sign path[DEEPEST], *sign; /* to the node at hand; those of the leaves that wait */
    double least;
    const char *why;
} tree;

static bool fail(tree *t, const char *why)
{
    if (!t->why) t->why = why;
    return false;
}

/* Bounds the leaves that wait. */
static void bound(tree *t)
{
    double lo[L];
    if (t->rows.n == 0) return;
    nm_region_bound(t->pull, t->p, t->r, &t->rows, lo);
    for (size_t l = 0; l < t->rows.n; l++)
        if (!(lo[l] >= t->least)) t->least = lo[l];
    t->rows.n = t->rows.n_signs = 0;
}

/* Reads the multipliers of a leaf, and lets it wait. */
static bool leaf(tree *t, nm_span w)
{
    const char *at = w.s + 1;
    bool more = at < w.end;
    for (size_t i = 0; i < t->depth; i++) {
        const char *to = at;
        while (to < w.end && *to != ',') to++;
        nm_plain_sign *sign = &t->sign[t->rows.n_signs];
        *sign = t->path[i];
        sign->lane = (unsigned char)t->rows.n;
        if (to > at && (!nm_num_parse(at, to, &sign->beta) || !(sign->beta >= 0 && isfinite(sign->beta))))
            return fail(t, "tree: multipliers of 0 or more were expected");
        t->rows.n_signs++;
        more = to < w.end;
        at = more ? to + 1 : to;
    }
    if (more) return fail(t, "tree: a leaf has more multipliers than signs");
    if (++t->rows.n == L) bound(t);
    return true;
}

static bool read(tree *t);

/* Reads both cases of a ReLU's sign. */
static bool node(tree *t, nm_span w)
{
    const char *colon = w.s;
    int64_t b, i;
    while (colon < w.end && *colon != ':') colon++;
    if (colon == w.end || !nm_int_parse(w.s, colon, &b) || !nm_int_parse(colon + 1, w.end, &i))
        return fail(t, "tree: BLOCK:UNIT or a leaf was expected");
    if (b < 0 || (size_t)b >= t->p->n_blocks || t->p->block[b].kind != NM_RELU || i < 0 ||
        (size_t)i >= t->p->block[b].n)
        return fail(t, "tree: a unit of a ReLU block was expected");
    if (t->depth == DEEPEST) return fail(t, nm_fmt(t->job, "tree: at most %d signs were expected", DEEPEST));
    const uint32_t unit = (uint32_t)(t->p->block[b].first + (size_t)i);
    for (size_t k = 0; k < t->depth; k++)
        if (t->path[k].unit == unit) return fail(t, "tree: a unit's sign is given twice on the way to a leaf");
    for (int side = 1; side >= -1; side -= 2) {
        t->path[t->depth++] = (nm_plain_sign){.unit = unit, .side = (signed char)side};
        if (!read(t)) return false;
        t->depth--;
    }
    return true;
}

static bool read(tree *t)
{
    const nm_span w = nm_take_word(t->words);
    if (w.s == w.end) return fail(t, "tree: a node or a leaf was expected");
    return *w.s == '=' ? leaf(t, w) : node(t, w);
}

const char *nm_region_tree(nm_job *job, nm_pull *pull, const nm_plain *p, const nm_region *r, const nm_plain_row *row,
                           nm_span *words, double *lo)
{
    const nm_mark mark = nm_mark_get(job);
    tree t = {.job = job, .pull = pull, .p = p, .r = r, .words = words, .least = INFINITY};
    t.rows.sign = t.sign = NM_ARRAY(job, nm_plain_sign, L * DEEPEST);
    t.rows.signs = true;
    for (size_t l = 0; l < L; l++) t.rows.row[l] = *row;
    nm_bends_set(nm_pull_bends(pull), r, 1, row->block + 1, false);
    if (read(&t)) bound(&t);
    *lo = t.least;
    if (!t.why) nm_mark_release(job, mark);
    return t.why;
}
