/* check.c: reads a certificate, netmip-proof(5), and checks it step by step.
 *
 * What must be trusted for an accepted `holds`: the readers of network and question; the judge's evaluation, and that
 * blocks which agree with it at random points are the network's; check.c, region.c, tree.c, hints.c, plain_bounds.c,
 * bends.c, pull.c, balls.c, point.c and plain_net.c, some 2,300 lines; the compiler; and arithmetic in IEEE 754
 * doubles, rounded to nearest, or, with --exact, of integers, in exact.c, exact_ball.c and dyadic.c, instead of what
 * those say about rounding. What need not be: whoever wrote the certificate. netmip-check holds nothing else
 * (`make checker`).
 *
 * A region starts with the box and the balls of a case, or with the box and the sums of its generators (other rows are
 * left out, which only makes it larger), and its bounds are computed here. A clause is closed in a region if one of
 * its rows is proven to be above its right side, or if it is closed in both parts of the region: by the two signs of a
 * unit or the two halves of an input's interval, which share their border, or in all parts that cover an L0 ball. A
 * row's bound may be the least of those in the leaves of a tree. Blocks with maxima may be replaced by others that
 * compare their members by ReLUs. Within `target`, a row of one clause is assumed, as it holds at every counterexample
 * to it. All clauses of all cases must be closed. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { DEEPEST = 300 };
static const double LITTLE = 0x1p-20; /* of a row's size: what it is short by may be rounding alone */

typedef struct {
    nm_job *job;
    const nm_net *net;
    const nm_query *q;
    const nm_plain *net_blocks, *p; /* of the network; of the case at hand, with its generators */
    nm_pull *pull;
    bool is_exact;
    nm_exact *exact; /* or NULL */
    nm_file file;
    nm_lines lines;
    const nm_case *c; /* the case at hand */
    nm_checked *out;
    size_t depth;
    bool played; /* p are the blocks in which maxima are ReLUs */
    bool by_little; /* the row that is not high enough is so by little */
} check;

static bool fail(check *c, const char *why)
{
    if (!c->out->why) {
        c->out->why = why;
        c->out->line = c->lines.line;
    }
    return false;
}

/* Reads a number below `end`. */
static bool number(check *c, nm_span *w, size_t end, size_t *out)
{
    int64_t x;
    const nm_span s = nm_take_word(w);
    if (!nm_int_parse(s.s, s.end, &x) || x < 0 || (uint64_t)x >= end)
        return fail(c, nm_fmt(c->job, "a number from 0 to %zu was expected", end ? end - 1 : 0));
    *out = (size_t)x;
    return true;
}

static bool real(check *c, nm_span *w, double *x)
{
    const nm_span s = nm_take_word(w);
    return nm_num_parse(s.s, s.end, x) || fail(c, "a number was expected");
}

/* ---- regions ---- */

static nm_region whole(check *c)
{
    const size_t n = c->p->n_units + 1;
    nm_region r = {.only = -1, .stale = 1, .exact = c->exact};
    r.lo = NM_RAW(c->job, double, n);
    r.hi = NM_RAW(c->job, double, n);
    for (size_t u = 0; u < n; u++) {
        r.lo[u] = -INFINITY;
        r.hi[u] = INFINITY;
    }
    r.mag = NM_ARRAY(c->job, double, n);
    r.steep = NM_ARRAY(c->job, unsigned char, n);
    r.slope = NM_ARRAY(c->job, float, n);
    r.closed = NM_ARRAY(c->job, bool, c->c->n_clauses + 1);
    r.ends = NM_RAW(c->job, double, 3 * c->p->widest + 1);
    for (size_t u = 0; u < n; u++) r.slope[u] = -1;
    r.needed = nm_plain_needed(c->job, c->p, c->c);
    if (c->c->gens) { /* balls are not about these */
        r.n_sums = c->c->gens->n_sums;
        r.sums = c->c->gens->sums;
        nm_region_generators(c->pull, c->p, &r, c->c);
        return r;
    }
    r.n_balls = c->c->n_balls;
    r.balls = c->c->balls;
    memcpy(r.lo, c->c->lo, c->q->n_in * sizeof *r.lo);
    memcpy(r.hi, c->c->hi, c->q->n_in * sizeof *r.hi);
    return r;
}

static bool region(check *c, nm_region *r, const char *until);

/* Checks a part of r, and closes in `both` only what it closes, too. */
static bool part(check *c, nm_region *r, const char *until, bool *both)
{
    if (!region(c, r, until)) return false;
    for (size_t t = 0; t < c->c->n_clauses; t++) both[t] &= r->empty || r->closed[t];
    return true;
}

/* ---- steps ---- */

/* Takes a hint, or fails with what is wrong with it. */
static bool hint(check *c, const char *why) { return !why || fail(c, why); }

static bool betas(check *c, nm_region *r, nm_span *w)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        if (!real(c, w, &r->sign[i].beta)) return false;
        if (!(r->sign[i].beta >= 0)) return fail(c, "betas: multipliers of 0 or more were expected");
    }
    return true;
}

/* Reads a clause, and one of its rows. */
static bool row_of(check *c, nm_span *w, size_t *t, size_t *k)
{
    return number(c, w, c->c->n_clauses, t) && number(c, w, c->c->clauses[*t].n_rows, k);
}

/* Reads a ReLU block, and one of its units. */
static bool relu_of(check *c, nm_span *w, size_t *b, size_t *i)
{
    if (!number(c, w, c->p->n_blocks, b)) return false;
    if (c->p->block[*b].kind != NM_RELU) return fail(c, "a ReLU block was expected");
    return number(c, w, c->p->block[*b].n, i);
}

/* Closes a clause by its row, which is at least lo. */
static bool close_by(check *c, nm_region *r, size_t clause, const nm_row *row, double lo)
{
    double size = fabs(row->rhs);
    c->out->iclause = clause;
    if (r->empty || lo > row->rhs) {
        r->closed[clause] = true;
        return true;
    }
    for (size_t i = 0; i < row->n; i++) {
        const int64_t u = nm_plain_unit(c->p, row->var[i]);
        if (u >= 0) size += fabs(row->coef[i]) * nm_region_size(r, (size_t)u);
    }
    c->by_little = row->rhs - lo <= LITTLE * size + 1e-280;
    return fail(c, nm_fmt(c->job, "close: a row of clause %zu is only known to be at least %s, %s short of %s", clause,
                          nm_num_text(c->job, lo), nm_num_text(c->job, row->rhs - lo), nm_num_text(c->job, row->rhs)));
}

/* close [CLAUSE ROW].. */
static bool closes(check *c, nm_region *r, nm_span *w)
{
    nm_plain_rows rows = {.signs = true};
    size_t clause[NM_CHECK_LANES];
    double lo[NM_CHECK_LANES];
    for (nm_span more = *w; rows.n < NM_CHECK_LANES && nm_take_word(&more).s < more.end; more = *w, rows.n++) {
        size_t k;
        if (!row_of(c, w, &clause[rows.n], &k)) return false;
        rows.row[rows.n] = (nm_plain_row){&c->c->clauses[clause[rows.n]].rows[k], c->p->n_blocks - 1, 0, 0};
    }
    if (nm_take_word(w).s < w->end) return fail(c, "close: at most 16 clauses were expected");
    nm_bends_set(nm_pull_bends(c->pull), r, 1, c->p->n_blocks, false);
    nm_region_bound(c->pull, c->p, r, &rows, lo);
    for (size_t i = 0; i < rows.n; i++)
        if (!close_by(c, r, clause[i], rows.row[i].row, lo[i])) return false;
    return true;
}

/* tree CLAUSE ROW TREE */
static bool close_by_tree(check *c, nm_region *r, nm_span *w)
{
    size_t t, k;
    double lo;
    if (!row_of(c, w, &t, &k)) return false;
    const nm_row *row = &c->c->clauses[t].rows[k];
    const nm_plain_row all = {.row = row, .block = c->p->n_blocks - 1};
    return hint(c, nm_region_tree(c->job, c->pull, c->p, r, &all, w, &lo)) && close_by(c, r, t, row, lo);
}

/* least BLOCK UNIT TREE, most BLOCK UNIT TREE: bounds the pre-activation of a ReLU from below, from above */
static bool bound_unit(check *c, nm_region *r, nm_span *w, double sign)
{
    size_t b, i;
    double lo;
    if (!relu_of(c, w, &b, &i)) return false;
    const size_t src = (size_t)c->p->block[b].src, a = c->p->block[src].first + i;
    nm_region_interval(c->p, r, src + 1);
    const nm_plain_row row = {.block = src, .unit = a, .sign = sign};
    if (!hint(c, nm_region_tree(c->job, c->pull, c->p, r, &row, w, &lo))) return false;
    nm_region_meet(r, a, sign > 0 ? lo : -INFINITY, sign > 0 ? INFINITY : -lo);
    if (r->stale > src + 1) r->stale = src + 1;
    return true;
}

static bool target(check *c, nm_region *r, nm_span *w)
{
    size_t t, k;
    if (!row_of(c, w, &t, &k)) return false;
    if (r->only >= 0) return fail(c, "target: one is open already");
    const nm_mark mark = nm_mark_get(c->job);
    nm_region in = nm_region_copy(c->job, c->p, r, c->c->n_clauses);
    in.only = (int64_t)t;
    in.only_row = (uint32_t)k;
    if (!region(c, &in, "end")) return false;
    c->out->iclause = t;
    if (!in.empty && !in.closed[t])
        return fail(c, nm_fmt(c->job, "target: clause %zu is still open here", t));
    r->closed[t] = true;
    nm_mark_release(c->job, mark);
    return true;
}

static bool cut(check *c, nm_region *r)
{
    if (r->only < 0) return fail(c, "cut: this is for steps within a target");
    nm_region_cut(c->job, c->pull, c->p, r, &c->c->clauses[r->only].rows[r->only_row]);
    return true;
}

/* Checks both parts of r, where unit a of the block is at most x, and at least: signs of RELU u, or halves (u < 0). */
static bool parts(check *c, nm_region *r, int64_t u, size_t block, size_t a, double x)
{
    const nm_mark all = nm_mark_get(c->job);
    bool *both = NM_ARRAY(c->job, bool, c->c->n_clauses + 1);
    memset(both, 1, c->c->n_clauses);
    for (int side = 1; side >= -1; side -= 2) {
        const nm_mark mark = nm_mark_get(c->job);
        nm_region in = nm_region_copy(c->job, c->p, r, c->c->n_clauses);
        if (in.stale > block + 1) in.stale = block + 1;
        nm_region_meet(&in, a, side > 0 ? -INFINITY : x, side > 0 ? x : INFINITY);
        if (u >= 0)
            in.sign[in.n_signs++] = (nm_plain_sign){(uint32_t)u, (signed char)side, NM_CHECK_LANES, 0};
        if (!part(c, &in, side > 0 ? "else" : "end", both)) return false;
        nm_mark_release(c->job, mark);
    }
    for (size_t t = 0; t < c->c->n_clauses; t++) r->closed[t] |= both[t];
    nm_mark_release(c->job, all);
    return true;
}

static bool branch(check *c, nm_region *r, nm_span *w)
{
    size_t b, i;
    if (!relu_of(c, w, &b, &i)) return false;
    const nm_plain_block *k = &c->p->block[b];
    return parts(c, r, (int64_t)(k->first + i), (size_t)k->src, c->p->block[k->src].first + i, 0);
}

static bool halves(check *c, nm_region *r, nm_span *w)
{
    size_t i;
    double x;
    if (!number(c, w, c->p->block[0].n, &i) || !real(c, w, &x)) return false;
    return parts(c, r, -1, 0, i, x);
}

/* cover BALL K PARTS: those elements in parts that differ from the centre are in K of the parts; one region for each */
static bool cover(check *c, nm_region *r, nm_span *w)
{
    size_t ball, k;
    nm_cover_parts parts;
    const nm_mark outer = nm_mark_get(c->job);
    bool *all = NM_ARRAY(c->job, bool, c->c->n_clauses + 1);
    memset(all, 1, c->c->n_clauses);
    if (r->n_balls == 0) return fail(c, "cover: this is for cases with L0 balls");
    if (!number(c, w, r->n_balls, &ball) || !number(c, w, NM_CHECK_PARTS + 1, &k)) return false;
    if (r->balls[ball].norm != NM_L0) return fail(c, "cover: an L0 ball was expected");
    if (!hint(c, nm_cover_parts_read(c->job, &r->balls[ball], c->q->n_in, nm_take_word(w), &parts))) return false;
    const double most = nm_cover_parts_count(r, &parts);
    if (k > parts.n || (!r->empty && most > (double)k))
        return fail(c, "cover: a K from the number of elements that may differ to the number of parts was expected");
    r->empty |= most < 0;
    const uint32_t last = ((1u << k) - 1) << (parts.n - k);
    for (uint32_t s = 0; s <= last; s++) {
        if ((size_t)__builtin_popcount(s) != k) continue;
        const nm_mark mark = nm_mark_get(c->job);
        nm_region in = nm_region_copy(c->job, c->p, r, c->c->n_clauses);
        nm_cover_parts_keep(&in, &parts, s);
        if (!part(c, &in, s < last ? "else" : "end", all)) return false;
        nm_mark_release(c->job, mark);
    }
    for (size_t t = 0; t < c->c->n_clauses; t++) r->closed[t] |= all[t];
    nm_mark_release(c->job, outer);
    return true;
}

static bool agree(check *c, const nm_region *r, const nm_plain *p)
{
    return hint(c, nm_plain_try(c->job, p, c->net, r->lo + c->p->x_first, r->hi + c->p->x_first, c->is_exact));
}

/* Takes the blocks for the case at hand. */
static void prepare(check *c, const nm_plain *net_blocks)
{
    const nm_plain *p = c->c->gens ? nm_plain_over(c->job, net_blocks, c->c->gens) : net_blocks;
    if (p == c->p) return;
    if (c->exact) nm_close(c->job, c->exact);
    c->p = p;
    c->pull = nm_pull_new(c->job, p);
    c->exact = c->is_exact ? nm_exact_new(c->job, p, c->pull) : NULL;
}

/* Takes over the ends of unit i of a block, and what they say about the pre-activation of a ReLU. */
static void carry(nm_region *r, const nm_plain *p, size_t block, size_t i, double lo, double hi)
{
    const nm_plain_block *k = &p->block[block];
    nm_region_meet(r, k->first + i, lo, hi);
    if (k->kind == NM_RELU) nm_region_meet(r, p->block[k->src].first + i, lo > 0 ? lo : -INFINITY, hi);
}

/* Goes on with the blocks in which maxima are ReLUs; what is known of units that both have stays known. */
static bool maxima(check *c, nm_region *r)
{
    const nm_plain *net = c->net_blocks, *before = c->p;
    if (c->depth != 1 || !net->played || c->played)
        return fail(c, "maxima: this is for a case of a network that has any, once, and not within other steps");
    nm_region_interval(before, r, before->n_blocks);
    if (!agree(c, r, net->played)) return false;
    c->played = true;
    prepare(c, net->played);
    nm_region in = whole(c);
    const size_t over = c->c->gens != NULL; /* the block of generators comes before all others */
    for (size_t b = 0; b < net->n_blocks; b++) {
        const nm_plain_block *old = &before->block[b + over];
        for (size_t i = 0; net->to[b] >= 0 && i < old->n; i++)
            carry(&in, c->p, (size_t)net->to[b] + over, i, r->lo[old->first + i], r->hi[old->first + i]);
    }
    for (size_t i = 0; over && i < before->block[0].n; i++) nm_region_meet(&in, i, r->lo[i], r->hi[i]);
    in.closed = r->closed;
    in.empty |= r->empty;
    *r = in;
    return true;
}

static bool step(check *c, nm_region *r, nm_span s, nm_span *w)
{
    c->out->steps++;
    if (nm_span_is(s, "maxima")) return maxima(c, r);
    if (nm_span_is(s, "least")) return bound_unit(c, r, w, 1);
    if (nm_span_is(s, "most")) return bound_unit(c, r, w, -1);
    if (!nm_span_is(s, "crown"))
        nm_region_interval(c->p, r, c->p->n_blocks); /* crown does so, as it goes */
    if (nm_span_is(s, "slopes")) return hint(c, nm_hint_slopes(c->p, r, w));
    if (nm_span_is(s, "point")) return hint(c, nm_hint_point(c->job, c->p, r, w));
    if (nm_span_is(s, "betas")) return betas(c, r, w);
    if (nm_span_is(s, "close")) return closes(c, r, w);
    if (nm_span_is(s, "tree")) return close_by_tree(c, r, w);
    if (nm_span_is(s, "target")) return target(c, r, w);
    if (nm_span_is(s, "cut")) return cut(c, r);
    if (nm_span_is(s, "branch")) return branch(c, r, w);
    if (nm_span_is(s, "split")) return halves(c, r, w);
    if (nm_span_is(s, "cover")) return cover(c, r, w);
    if (nm_span_is(s, "crown")) {
        nm_region_crown(c->pull, c->p, r);
        return true;
    }
    return fail(c, nm_fmt(c->job, "%.*s: a step was expected",
                          (int)(s.end - s.s > 40 ? 40 : s.end - s.s), s.s));
}

/* Checks the steps of a region up to the line `until`. */
static bool region(check *c, nm_region *r, const char *until)
{
    nm_span line;
    if (++c->depth > DEEPEST) return fail(c, "regions are nested too deeply");
    while (nm_lines_next(&c->lines, &line)) {
        nm_span w = {line.s, line.end};
        const nm_span s = nm_take_word(&w);
        if (s.s == s.end) continue;
        if (nm_span_is(s, until)) {
            if (nm_take_word(&w).s < w.end) return fail(c, "nothing was expected behind this word");
            c->depth--;
            nm_region_interval(c->p, r, c->p->n_blocks);
            return true;
        }
        if (!step(c, r, s, &w)) return false;
        if (nm_take_word(&w).s < w.end) return fail(c, "the step has too many words");
    }
    return fail(c, nm_fmt(c->job, "the file ends before \"%s\"", until));
}

/* ---- the file ---- */

/* Checks that the next line is these words. */
static bool header(check *c, const char *expected)
{
    nm_span line;
    if (nm_lines_next(&c->lines, &line) && nm_span_is(nm_span_trim(line), expected)) return true;
    return fail(c, nm_fmt(c->job, "\"%s\" was expected%s", expected,
                          !strncmp(expected, "network ", 8)    ? ": the certificate is of another network"
                          : !strncmp(expected, "question ", 9) ? ": the certificate is of another question"
                                                               : ""));
}

static bool witness(check *c)
{
    nm_span line;
    size_t i, t;
    if (!nm_lines_next(&c->lines, &line)) return fail(c, "a witness was expected");
    nm_span w = {line.s, line.end};
    if (!nm_span_is(nm_take_word(&w), "witness")) return fail(c, "witness CASE CLAUSE VALUE.. was expected");
    if (!number(c, &w, c->q->n_cases, &i) || !number(c, &w, c->q->cases[i].n_clauses, &t)) return false;
    const size_t n = nm_case_width(c->q, &c->q->cases[i]);
    double *x = NM_RAW(c->job, double, n + 1);
    for (size_t k = 0; k < n; k++)
        if (!real(c, &w, &x[k])) return false;
    if (nm_take_word(&w).s < w.end) return fail(c, "the witness has too many values");
    const nm_replay r = nm_verify(c->job, c->net, c->q, i, (int64_t)t, x);
    const double *point = r.g ? r.g : r.x;
    for (size_t k = 0; k < n; k++)
        if (point[k] != x[k])
            return fail(c, nm_fmt(c->job, "value %zu of the witness leaves the input set", k));
    c->out->steps = c->out->clauses = 1;
    return r.is_violated ||
           fail(c, nm_fmt(c->job, "the witness is no counterexample: its margin is %s",
                          nm_num_text(c->job, r.margin64)));
}

static bool one_case(check *c, size_t i)
{
    c->c = &c->q->cases[i];
    c->played = false;
    prepare(c, c->net_blocks);
    const nm_mark mark = nm_mark_get(c->job);
    c->out->icase = i;
    nm_region r = whole(c);
    const double *lo = r.lo + c->p->x_first, *hi = r.hi + c->p->x_first;
    for (size_t k = 0; k < c->q->n_in; k++)
        if (!isfinite(lo[k]) || !isfinite(hi[k])) return fail(c, "an input without bounds");
    if (!agree(c, &r, c->net_blocks) || !header(c, nm_fmt(c->job, "case %zu", i)) || !region(c, &r, "end"))
        return false;
    for (size_t t = 0; t < c->c->n_clauses; t++)
        if (!r.empty && !r.closed[t])
            return fail(c, nm_fmt(c->job, "clause %zu of case %zu is not excluded", t, i));
    c->out->clauses += c->c->n_clauses;
    if (c->played) { /* these blocks' memory is released */
        if (c->exact) nm_close(c->job, c->exact);
        c->exact = NULL;
        c->p = NULL;
    }
    nm_mark_release(c->job, mark);
    return true;
}

static bool whole_file(check *c)
{
    nm_span line;
    if (!header(c, "netmip proof 1") || !header(c, nm_fmt(c->job, "network %s", c->net->hash)) ||
        !header(c, nm_fmt(c->job, "question %s", nm_query_hash(c->job, c->q))))
        return false;
    if (!nm_lines_next(&c->lines, &line) || !(nm_span_is(line, "claim violated") || nm_span_is(line, "claim holds")))
        return fail(c, "\"claim holds\" or \"claim violated\" was expected");
    if (nm_span_is(line, "claim violated")) {
        c->out->claim = NM_VIOLATED;
        if (!witness(c)) return false;
    } else {
        if (!c->net_blocks) c->net_blocks = nm_plain_new(c->job, c->net);
        for (size_t i = 0; i < c->q->n_cases; i++)
            if (!c->q->cases[i].empty && !one_case(c, i)) return false;
    }
    while (nm_lines_next(&c->lines, &line))
        if (!nm_span_blank(line)) return fail(c, "nothing more was expected");
    return true;
}

static void run(nm_job *job, void *arg)
{
    check *c = arg;
    c->lines = nm_lines_new(job, c->file);
    c->out->accepted = whole_file(c);
    if (c->exact) nm_close(job, c->exact);
}

nm_checked nm_proof_check(nm_job *job, const nm_net *net, const nm_plain *p, const nm_query *q, nm_file f, bool exact)
{
    nm_checked out = {.claim = NM_OK}, again = out;
    check c = {.job = job, .net = net, .net_blocks = p, .q = q, .file = f, .is_exact = exact, .out = &out};
    if (q->objective != NM_FEASIBLE)
        nm_throw(job, NM_EUNSUP, "certificates are for decisions; --objective feasible was expected");
    nm_query_need_reals(job, q, "certificates are");
    nm_tail_check(job, net, q);
    run(job, &c);
    if (out.accepted || exact || !c.by_little) return out;
    check e = {.job = job, .net = net, .net_blocks = c.net_blocks, .q = q, .file = f, .is_exact = true, .out = &again};
    const int code = nm_run(job, run, &e);
    if (code && code != NM_EUNSUP) nm_throw(job, code, "%s", nm_message_of(job, code));
    if (code || !again.accepted) return out;
    nm_warn(job, "%s:%d: rounding may lose more than the margin here, so that all was checked without it", f.path,
            out.line);
    return again;
}
