/* record.c: how targets were closed, as the steps of a certificate (netmip-proof(5)), and the file of one.
 *
 * What is recorded are hints: which row of the question closed a clause, and the slopes it was pulled back with,
 * which nm_alpha_coarse keeps on a grid that two letters can name. The checker computes every bound itself. It knows
 * plain bounds, interval and CROWN over the input box, and trees over signs; steps that bound units by these stand
 * before the targets that were closed after them. Where other bounds enter (files, linear programs), the question has
 * no certificate, and says so. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

void nm_record_open(nm_state *s)
{
    nm_record *r = s->o->record;
    if (!r) return;
    r->n = s->v->n_targets;
    r->steps = NM_ARRAY(s->job, const char *, r->n + 1);
    r->begun = NM_ARRAY(s->job, const char *, r->n + 1);
    r->after = NM_ARRAY(s->job, size_t, r->n + 1);
    r->units = NM_ARRAY(s->job, nm_buf, s->q->n_cases + 1);
    for (size_t i = 0; i < s->q->n_cases; i++) r->units[i].job = nm_job_own(s->job);
    if (s->q->objective != NM_FEASIBLE)
        nm_throw(s->job, NM_EUNSUP,
                 "--proof: certificates are for decisions; --objective feasible was expected");
    if (s->o->float32) r->unable = "certificates are about real numbers, not about --arithmetic float32";
    if (s->o->known) r->unable = "known bounds are assumed, not proven";
    if (s->o->bounds.all == NM_BY_INTERVAL)
        r->unable = "a certificate's bounds are those of CROWN, not of --bounds interval";
    if (nm_levels_ask(&s->o->bounds))
        r->unable = "bounds of units by linear or integer programs have no certificates yet";
    for (size_t i = 0; i < s->q->n_cases; i++) {
        for (size_t k = 0; k < s->q->n_in && !s->q->cases[i].empty && !s->q->cases[i].gens; k++)
            if (!isfinite(s->q->cases[i].lo[k]) || !isfinite(s->q->cases[i].hi[k]))
                r->unable = "an input has no bounds";
        if (s->q->cases[i].gens && s->q->cases[i].n_in_rows)
            r->unable = "rows over inputs that are sums of generators have no certificates yet";
    }
}

nm_buf *nm_record_units(nm_state *s, size_t i)
{
    return s->o->record && !s->o->record->unable ? &s->o->record->units[i] : NULL;
}

void nm_record_maxima(nm_state *s, size_t i)
{
    nm_buf *said = nm_record_units(s, i);
    if (said) nm_put(said, "maxima\ncrown\n");
    for (size_t t = 0; s->o->record && t < s->q->cases[i].n_clauses; t++)
        s->o->record->begun[s->cases[i].first + t] = NULL; /* it began with the other program */
}

void nm_record_keep(nm_state *s, const nm_target *t, const char *steps)
{
    nm_record *r = s->o->record;
    const size_t k = (size_t)(t - s->v->targets);
    if (r->steps[k]) return;
    r->steps[k] = steps;
    r->after[k] = r->units[t->icase].n;
}

void nm_record_tree(nm_state *s, const nm_target *t, size_t row, const nm_lane_words *w)
{
    const char *begun = s->o->record->begun[t - s->v->targets];
    nm_record_keep(s, t, nm_fmt(s->job, "%s%stree %zu %zu%send\n", begun, w->slopes.s, t->iclause, row, w->tree.s));
}

void nm_record_bound(nm_state *s, const nm_target *t, size_t row)
{
    if (s->o->record && !s->o->record->unable)
        nm_record_keep(s, t, nm_fmt(s->job, "close %zu %zu\n", t->iclause, row));
}

static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";

/* Puts a slope as one letter, in steps of 1/32, or as two. */
static void put_slope(nm_buf *out, double slope)
{
    const int fine = (int)nearbyint(slope * 1024);
    nm_put(out, "%c", letter[fine / 32]);
    if (fine % 32) nm_put(out, "%c", letter[fine % 32]);
}

void nm_record_slopes(nm_buf *out, const nm_bounds *b, const float *all)
{
    const nm_program *p = b->p;
    nm_put(out, "slopes");
    for (size_t k = 0; k < p->n_blocks; k++) {
        const nm_block *r = &p->blocks[k];
        if (r->kind != NM_RELU) continue;
        const size_t pre = p->blocks[r->src].first;
        size_t last = 0;
        bool any = false;
        for (size_t i = 0; i < r->n; i++) {
            const double l = b->lo[pre + i], h = b->hi[pre + i];
            const double dflt = b->steep[pre + i] ? b->steep[pre + i] - 1 : nm_steep(l, h);
            const double slope = (double)all[r->first + i];
            if (!(l < 0 && h > 0) || slope == dflt) continue;
            if (!any) nm_put(out, " %zu:", k);
            any = true;
            nm_put(out, "%zu", i - last);
            put_slope(out, slope);
            last = i;
        }
    }
    nm_put(out, "\n");
}

void nm_record_alpha(nm_state *s, const nm_target *t, size_t row, const nm_alpha *a, size_t lane)
{
    if (!s->o->record || s->o->record->unable) return;
    nm_buf out = {.job = s->job};
    const nm_bounds *b = s->cases[t->icase].b;
    nm_record_slopes(&out, b, a->lane_slope + lane * b->p->n_units);
    nm_put(&out, "close %zu %zu\n", t->iclause, row);
    nm_record_keep(s, t, out.s);
}

void nm_record_betas(nm_buf *out, size_t n, const double *beta)
{
    if (n) nm_put(out, "betas");
    for (size_t i = 0; i < n; i++) {
        nm_put(out, " ");
        nm_put_num(out, beta[i]);
    }
    if (n) nm_put(out, "\n");
}

void nm_record_point(nm_buf *out, const nm_bounds *b, const nm_alpha *a)
{
    nm_put(out, "point ");
    nm_put_num(out, a->smooth);
    nm_put(out, " ");
    for (size_t i = 0; i < b->p->blocks[0].n; i++) {
        const double width = b->hi[i] - b->lo[i];
        const int fine = width > 0 ? (int)nearbyint((a->mean[i] - b->lo[i]) / width * NM_POINT_GRID) : 0;
        nm_put(out, "%c%c", letter[fine / 32], letter[fine % 32]);
    }
    nm_put(out, "\n");
    nm_record_betas(out, a->n_beta, a->beta);
}

bool nm_surely_empty(const nm_bounds *b)
{
    for (size_t u = 0; b->empty && u < b->p->n_units; u++)
        if (b->lo[u] - b->hi[u] > 1e-9 * (fabs(b->lo[u]) + fabs(b->hi[u]))) return true;
    return false;
}

/* ---- the file ---- */

static bool is_plain(const char *steps) { return strncmp(steps, "close ", 6) == 0; }

/* Puts the steps that close targets of a case behind so much of what bounds its units: what plain bounds close, up to
 * 16 clauses in a line; then all others. */
static void put_targets(nm_buf *out, const nm_record *r, const nm_verdict *v, size_t icase, size_t after)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_targets; i++) {
        if (v->targets[i].icase != icase || r->after[i] != after || !is_plain(r->steps[i])) continue;
        nm_put(out, "%s %.*s",
               n % 16 ? ""
               : n    ? "\nclose"
                      : "close",
               (int)strlen(r->steps[i]) - 7, r->steps[i] + 6);
        n++;
    }
    if (n) nm_put(out, "\n");
    for (size_t i = 0; i < v->n_targets; i++)
        if (v->targets[i].icase == icase && r->after[i] == after && !is_plain(r->steps[i]))
            nm_put(out, "%s", r->steps[i]);
}

/* Returns behind how much of what bounds the case's units the next targets were closed, or SIZE_MAX: there are none. */
static size_t next_after(const nm_record *r, const nm_verdict *v, size_t icase, size_t at)
{
    size_t next = SIZE_MAX;
    for (size_t i = 0; i < v->n_targets; i++)
        if (v->targets[i].icase == icase && r->after[i] > at && r->after[i] < next) next = r->after[i];
    return next;
}

/* Puts the steps of a case in the order in which they were found, as each counts on those before it. */
static void put_case(nm_buf *out, const nm_record *r, const nm_verdict *v, size_t icase)
{
    nm_put(out, "case %zu\ncrown\n", icase);
    for (size_t at = 0, next; at != SIZE_MAX; at = next) {
        put_targets(out, r, v, icase, at);
        next = next_after(r, v, icase, at);
        if (next != SIZE_MAX) nm_put(out, "%.*sslopes\n", (int)(next - at), r->units[icase].s + at);
    }
    nm_put(out, "end\n");
}

static void put_witness(nm_buf *out, const nm_query *q, const nm_replay *w)
{
    const double *x = w->g ? w->g : w->x;
    nm_put(out, "claim violated\nwitness %zu %zu", w->icase, w->iclause);
    for (size_t i = 0; i < nm_case_width(q, &q->cases[w->icase]); i++) {
        nm_put(out, " ");
        nm_put_num(out, x[i]);
    }
    nm_put(out, "\n");
}

/* Returns what has no proof, or NULL: everything has one. */
static const char *unproved(nm_job *job, const nm_record *r, const nm_query *q, const nm_verdict *v)
{
    if (v->float32) return r->unable;
    if (v->status == NM_VIOLATED) return NULL;
    if (v->status == NM_UNKNOWN) return "the answer is unknown";
    if (r->unable) return r->unable;
    nm_buf open = {.job = job};
    for (size_t i = 0; i < v->n_targets; i++)
        if (!r->steps[i] && !q->cases[v->targets[i].icase].empty)
            nm_put(&open, " %s", v->targets[i].name);
    if (!open.n) return NULL;
    return nm_fmt(job,
                  "these targets are unproved, as the steps that closed them cannot be recorded "
                  "(linear programs, hull lines), and the recorded trees did not close them:%s",
                  open.s);
}

const char *nm_record_write(nm_job *job, const char *path, const nm_record *r, const nm_net *net,
                            const nm_query *q, const nm_verdict *v)
{
    const char *why = unproved(job, r, q, v);
    if (why) return why;
    nm_buf out = {.job = job};
    nm_put(&out, "netmip proof 1\nnetwork %s\nquestion %s\n", net->hash, nm_query_hash(job, q));
    if (v->status == NM_VIOLATED) {
        put_witness(&out, q, v->witness);
    } else {
        nm_put(&out, "claim holds\n");
        for (size_t i = 0; i < q->n_cases; i++)
            if (!q->cases[i].empty) put_case(&out, r, v, i);
    }
    nm_out *file = nm_out_open(job, path);
    nm_out_write(file, out.s, out.n);
    nm_out_done(file);
    return NULL;
}
