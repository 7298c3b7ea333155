/* lane_story.c: the words of a certificate for a tree in lanes (lane_tree.c): TREE of netmip-proof(5).
 *
 * While the tree grows, its nodes are noted: the unit that each was branched on, its bound and multipliers. In the end
 * parts of the tree that bring nothing are cut off, multipliers are rounded to three decimal digits, and the leaves are
 * bounded once more with what the file will say, so that the bound is one that a checker finds, too. A leaf that was
 * closed, and would not be so by rounded multipliers, keeps those that it had. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

enum { DEPTH = NM_LANE_DEPTH, DIGITS = 3 };
static const double SURELY = 1e-6; /* relative: closed by so much more than what a checker's rounding may differ */

typedef struct {
    int64_t unit; /* that it was branched on, or -1: a leaf */
    size_t child; /* the number of its first child; the other follows */
    double lo;    /* its own bound */
    float *beta;  /* [its depth] */
} chapter;

struct nm_lane_story {
    nm_job *job;
    const nm_program *p;
    size_t n, cap;
    chapter *at;
};

nm_lane_words *nm_lane_words_new(nm_job *job, size_t n)
{
    nm_lane_words *w = NM_ARRAY(job, nm_lane_words, n + 1);
    for (size_t i = 0; i < n; i++) w[i].slopes.job = w[i].tree.job = nm_job_own(job);
    return w;
}

void nm_lane_words_drop(nm_job *job, size_t n, nm_lane_words *w)
{
    for (size_t i = 0; i < n; i++) nm_close(job, w[i].tree.job);
}

static void add(nm_lane_story *s)
{
    *(chapter *)NM_PUSH(s->job, s->at, s->n, s->cap) = (chapter){.unit = -1};
}

nm_lane_story *nm_lane_story_new(nm_job *job, const nm_program *p)
{
    nm_lane_story *s = NM_NEW(job, nm_lane_story);
    *s = (nm_lane_story){.job = job, .p = p};
    add(s);
    return s;
}

size_t nm_lane_story_branch(nm_lane_story *s, size_t node, uint32_t unit)
{
    s->at[node].unit = unit;
    s->at[node].child = s->n;
    add(s);
    add(s);
    return s->n - 2;
}

void nm_lane_story_note(nm_lane_story *s, size_t node, double lo, size_t n, const float *beta)
{
    s->at[node].lo = lo;
    s->at[node].beta = NM_RAW(s->job, float, n + 1);
    memcpy(s->at[node].beta, beta, n * sizeof *beta);
}

/* Makes nodes leaves whose parts have come out no better; returns the best bound of the node. */
static double prune(nm_lane_story *s, size_t node)
{
    chapter *c = &s->at[node];
    if (c->unit < 0) return c->lo;
    const double parts = fmin(prune(s, c->child), prune(s, c->child + 1));
    if (parts > c->lo) return parts;
    c->unit = -1;
    return c->lo;
}

/* ---- leaves ---- */

typedef struct { /* leaves that are bounded together */
    const nm_lane_story *s;
    nm_lanes *l;
    const float *slope;
    double rhs, least;
    size_t depth, n;
    uint32_t unit[DEPTH], units[NM_LANES][DEPTH];
    signed char side[DEPTH], sides[NM_LANES][DEPTH];
    float near[NM_LANES][DEPTH];
    chapter *of[NM_LANES];
    nm_lane lane[NM_LANES];
} batch;

/* Returns x rounded to DIGITS decimal digits. */
static double coarse(double x)
{
    if (!(x > 1e-15)) return 0;
    const int digits = DIGITS - 1 - (int)floor(log10(x));
    const double scale = pow(10, fabs((double)digits));
    return digits > 0 ? nearbyint(x * scale) / scale : nearbyint(x / scale) * scale;
}

/* Returns true if all leaves that were closed are so. */
static bool bounded(batch *b)
{
    bool all = true;
    nm_lanes_run(b->l, b->n, b->lane, INFINITY, 1);
    for (size_t i = 0; i < b->n; i++) all &= b->l->lo[i] > b->rhs + SURELY * (1 + fabs(b->rhs));
    return all;
}

static void bound(batch *b)
{
    if (b->n == 0) return;
    for (size_t i = 0; i < b->n; i++) {
        for (size_t k = 0; k < b->lane[i].n; k++) b->near[i][k] = (float)coarse((double)b->of[i]->beta[k]);
        b->lane[i].beta = b->near[i];
    }
    if (!bounded(b)) {
        double near[NM_LANES];
        memcpy(near, b->l->lo, sizeof near);
        for (size_t i = 0; i < b->n; i++) b->lane[i].beta = b->of[i]->beta;
        bounded(b);
        for (size_t i = 0; i < b->n; i++) /* open ones stay so */
            if (!(b->l->lo[i] > b->rhs)) {
                b->l->lo[i] = near[i];
                b->lane[i].beta = b->near[i];
            }
    }
    for (size_t i = 0; i < b->n; i++) {
        if (!(b->l->lo[i] >= b->least)) b->least = b->l->lo[i];
        memmove(b->of[i]->beta, b->lane[i].beta, b->lane[i].n * sizeof(float));
    }
    b->n = 0;
}

/* Bounds the leaves below a node. */
static void visit(batch *b, size_t node)
{
    chapter *c = &b->s->at[node];
    if (c->unit >= 0) {
        for (int e = 0; e < 2; e++) {
            b->unit[b->depth] = (uint32_t)c->unit;
            b->side[b->depth++] = e ? -1 : 1;
            visit(b, c->child + (size_t)e);
            b->depth--;
        }
        return;
    }
    memcpy(b->units[b->n], b->unit, b->depth * sizeof *b->unit);
    memcpy(b->sides[b->n], b->side, b->depth);
    b->of[b->n] = c;
    b->lane[b->n] = (nm_lane){.n = b->depth, .unit = b->units[b->n], .side = b->sides[b->n], .slope = b->slope};
    if (++b->n == NM_LANES) bound(b);
}

/* ---- words ---- */

/* Puts a number that was rounded to few digits as one that has few. */
static void put_beta(nm_buf *out, float beta)
{
    const double near = coarse((double)beta);
    if (beta > 0) nm_put_num(out, (float)near == beta ? near : (double)beta);
}

static void put(const nm_lane_story *s, nm_buf *out, size_t node, size_t depth)
{
    const chapter *c = &s->at[node];
    if (c->unit >= 0) {
        const int k = nm_program_block(s->p, (size_t)c->unit);
        nm_put(out, " %d:%zu", k, (size_t)c->unit - s->p->blocks[k].first);
        for (size_t e = 0; e < 2; e++) put(s, out, c->child + e, depth + 1);
        return;
    }
    while (depth > 0 && !(c->beta[depth - 1] > 0)) depth--;
    nm_put(out, " =");
    for (size_t i = 0; i < depth; i++) {
        nm_put(out, i ? "," : "");
        put_beta(out, c->beta[i]);
    }
}

typedef struct {
    const nm_lane_story *s;
    const nm_bounds *b;
    const float *slope; /* [n_units] */
    nm_lane_words *out;
} words;

static void put_words(nm_job *job, void *arg)
{
    (void)job;
    const words *w = arg;
    nm_record_slopes(&w->out->slopes, w->b, w->slope);
    put(w->s, &w->out->tree, 0, 0);
    nm_put(&w->out->tree, "\n");
}

double nm_lane_story_tell(nm_lane_story *s, nm_lanes *l, const float *slope, double rhs, nm_lane_words *out)
{
    batch *b = NM_NEW(s->job, batch);
    *b = (batch){.s = s, .l = l, .slope = slope, .rhs = rhs, .least = INFINITY};
    prune(s, 0);
    visit(b, 0);
    bound(b);
    float *all = NM_ARRAY(s->job, float, s->p->n_units);
    for (size_t i = 0; i < l->n_open; i++) all[l->open[i]] = slope[i];
    words w = {s, l->b, all, out}; /* whose memory is another thread's, and so are errors */
    const int code = nm_run(out->tree.job, put_words, &w);
    if (code) nm_throw(s->job, code, "%s", nm_job_message(out->tree.job));
    return b->least;
}
