/* prove_boxes.c: a tree of boxes whose steps are recorded for a certificate, for questions with few free inputs.
 *
 * A box is bounded by CROWN. Where that leaves few signs open, trees over these are tried (lane_tree.c), as split_box.c
 * does; what is still open is bisected along the input that box_input.c chooses, and the halves share their face. The
 * steps `split`, `crown`, `close`, `tree` say all of it.
 * The recorded steps of the case's first open clause close all the open ones, so that the others' are empty. */
#include "base/base.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

enum { MOST_FREE = 20, DEEPEST = 200 };
static const double BOX_WORK = 3e7; /* fused multiply-adds of CROWN; where a box takes more, there are fewer of them */

typedef struct {
    nm_job *job;
    const nm_bounded *k;
    const nm_case *c;
    double guard;
    double deadline; /* nm_wall */
    size_t left, trees, closed; /* boxes that it may still make; trees over signs that were tried; that closed */
    nm_pseudo *cost;
    nm_buf out;
} tree;

/* Closes the clauses that bounds exclude, as a step of the certificate; returns true if none is left open. */
static bool close_all(tree *t, const nm_bounds *b, bool *open)
{
    const size_t first = b->p->blocks[b->p->n_blocks - 1].first;
    size_t n = 0;
    bool all = true;
    for (size_t i = 0; i < t->c->n_clauses; i++) {
        for (size_t r = 0; open[i] && r < t->c->clauses[i].n_rows; r++) {
            const double rhs = t->c->clauses[i].rows[r].rhs + t->guard;
            if (!(b->lo[first + t->k->row[i][r]] > rhs + 1e-12 * fabs(rhs))) continue;
            nm_put(&t->out, "%s %zu %zu", n % 16 ? "" : n ? "\nclose" : "close", i, r);
            n++;
            open[i] = false;
        }
        all &= !open[i];
    }
    if (n) nm_put(&t->out, "\n");
    return all;
}

/* Returns the row of clause i that bounds leave nearest to being excluded. */
static size_t best_row(const tree *t, const nm_bounds *b, size_t i)
{
    const nm_clause *c = &t->c->clauses[i];
    const double *lo = b->lo + b->p->blocks[b->p->n_blocks - 1].first;
    size_t best = 0;
    for (size_t r = 1; r < c->n_rows; r++)
        if (lo[t->k->row[i][r]] - c->rows[r].rhs > lo[t->k->row[i][best]] - c->rows[best].rhs) best = r;
    return best;
}

/* Tries to close clause i by a tree over signs. */
static bool by_signs(tree *t, const nm_bounds *b, const nm_relax *lines, size_t i)
{
    const size_t r = best_row(t, b, i);
    const double rhs = t->c->clauses[i].rows[r].rhs + t->guard;
    const nm_mark mark = nm_mark_get(t->job);
    nm_lane_words *w = nm_lane_words_new(t->job, 1);
    const nm_lane_opts o = {.work = NM_BOX_TREE, .words = w};
    const bool closed = nm_lane_tree_run(t->job, b, t->k->row[i][r], rhs, lines->slo, t->cost, o).closed;
    if (closed) nm_put(&t->out, "%stree %zu %zu%s", w->slopes.s, i, r, w->tree.s);
    nm_lane_words_drop(t->job, 1, w);
    nm_mark_release(t->job, mark);
    t->trees++;
    t->closed += closed;
    return closed;
}

/* Tries to close each open clause so, where few signs are open; returns true if none is left. */
static bool close_by_signs(tree *t, const nm_bounds *b, const nm_relax *lines, bool *open)
{
    const size_t n = nm_bounds_unstable(b);
    const bool worth = n > 0 && n <= NM_BOX_SIGNS && (t->trees < 32 || 4 * t->closed >= t->trees || t->left % 16 == 0);
    bool all = true, any = false;
    for (size_t i = 0; i < t->c->n_clauses; i++) {
        if (!open[i]) continue;
        const bool closed = worth && t->c->clauses[i].n_rows && by_signs(t, b, lines, i);
        open[i] = !closed;
        any |= closed;
        all &= closed;
    }
    if (any && !all) nm_put(&t->out, "slopes\n");
    return all;
}

static bool visit(tree *t, const nm_bounds *from, size_t i, double lo, double hi, const bool *was_open, size_t depth);

/* Visits what is left of `from` where input i is within lo and hi; the box keeps the bounds that `from` has. */
static bool visit_box(tree *t, const nm_bounds *from, size_t i, double lo, double hi,
                  const bool *was_open, size_t depth)
{
    nm_bounds *b = nm_bounds_copy(t->job, from);
    bool *open = NM_RAW(t->job, bool, t->c->n_clauses + 1);
    memcpy(open, was_open, t->c->n_clauses * sizeof *open);
    nm_bounds_meet(b, i, lo, hi, NM_BY_NOTHING);
    nm_interval(t->job, b, 1, (int)b->p->n_blocks);
    nm_crown(t->job, b, (nm_crown_opts){.query_block = (int)b->p->n_blocks - 1});
    nm_put(&t->out, "crown\n");
    if (close_all(t, b, open)) return true;
    bool high;
    nm_box_rows rows = nm_box_rows_new(t->job, b, t->c, t->k->row);
    if (close_by_signs(t, b, rows.lines, open)) return true;
    nm_box_rows_pull(&rows, open);
    const size_t k = nm_box_input(&rows, &high);
    const double middle = 0.5 * b->lo[k] + 0.5 * b->hi[k];
    if (!(b->lo[k] < middle && middle < b->hi[k])) return false;
    nm_put(&t->out, "split %zu ", k);
    nm_put_num(&t->out, middle);
    nm_put(&t->out, "\n");
    if (!visit(t, b, k, b->lo[k], middle, open, depth + 1)) return false;
    nm_put(&t->out, "else\n");
    if (!visit(t, b, k, middle, b->hi[k], open, depth + 1)) return false;
    nm_put(&t->out, "end\n");
    return true;
}

static bool visit(tree *t, const nm_bounds *from, size_t i, double lo, double hi, const bool *was_open, size_t depth)
{
    if (t->left == 0 || depth == DEEPEST || nm_stopped(t->job) || nm_wall() > t->deadline) return t->left = 0, false;
    t->left--;
    const nm_mark mark = nm_mark_get(t->job);
    const bool closed = visit_box(t, from, i, lo, hi, was_open, depth);
    nm_mark_release(t->job, mark);
    return closed;
}

bool nm_prove_boxes(nm_state *s, size_t icase, size_t most, double deadline)
{
    const nm_bounded *k = &s->cases[icase];
    const nm_case *c = k->work.c; /* over generators, if it has any */
    size_t n_free = 0;
    if (!k->b || s->o->record->unable || !s->o->stages.split) return false;
    for (size_t i = 0; i < k->b->p->blocks[0].n; i++) n_free += c->hi[i] > c->lo[i];
    if (n_free > MOST_FREE) return false;
    tree t = {.job = s->job,
              .k = k,
              .c = c,
              .guard = s->q->guard,
              .deadline = deadline,
              .left = 1 + (size_t)((double)most * fmin(1, BOX_WORK / (1 + nm_crown_work(k->b)))),
              .cost = nm_pseudo_new(s->job, k->b->p->n_units, NULL),
              .out = {.job = nm_record_units(s, icase)->job}}; /* which no mark releases */
    bool *open = NM_RAW(s->job, bool, c->n_clauses + 1);
    for (size_t i = 0; i < c->n_clauses; i++) open[i] = !s->o->record->steps[k->first + i];
    const nm_bounds *whole = nm_work_bounds(s->job, &k->work, k->b->p);
    nm_put(&t.out, "slopes\n"); /* those of CROWN, whatever was set before */
    if (!visit(&t, whole, 0, c->lo[0], c->hi[0], open, 0)) return false;
    const char *steps = t.out.s;
    for (size_t i = 0; i < c->n_clauses; i++) {
        if (!open[i]) continue;
        nm_record_keep(s, &s->v->targets[k->first + i], steps);
        steps = "";
    }
    return true;
}
