/* prove_boxes.c: a tree of boxes whose steps are recorded for a certificate, for questions with few free inputs, or
 * with an L0 ball.
 *
 * A box is bounded by CROWN. Where that leaves few signs open, trees over these are tried (lane_tree.c), as split_box.c
 * does. What is still open is bisected along the input that box_input.c chooses, and the halves share their face; or it
 * is covered by boxes in which fewer elements may differ from the centre of an L0 ball (cover_box.c). The steps
 * `split`, `cover`, `crown`, `close`, `tree` say all of it.
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
    const nm_ball *ball; /* of L0, by which boxes are covered, or NULL */
    double deadline;      /* nm_wall */
    size_t boxes, most;   /* boxes, and as many as it may make */
    size_t trees, closed; /* trees over signs that were tried; that closed */
    nm_progress progress;
    size_t n_open; /* clauses that were open at first */
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
    const bool worth = n > 0 && n <= NM_BOX_SIGNS && (t->trees < 32 || 4 * t->closed >= t->trees || t->boxes % 16 == 0);
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

/* Returns which part of the clauses that were open at first these are. */
static double count(const tree *t, const bool *open)
{
    size_t n = 0;
    for (size_t i = 0; i < t->c->n_clauses; i++) n += open[i];
    return (double)n / (double)t->n_open;
}

/* part: of the whole */
static bool visit(tree *t, nm_bounds *b, const bool *was_open, size_t depth, double part);

/* Visits both halves of input k's interval. */
static bool halve(tree *t, const nm_bounds *from, size_t k, const bool *open, size_t depth, double part)
{
    const double middle = 0.5 * from->lo[k] + 0.5 * from->hi[k];
    if (!(from->lo[k] < middle && middle < from->hi[k])) return false;
    nm_put(&t->out, "split %zu ", k);
    nm_put_num(&t->out, middle);
    nm_put(&t->out, "\n");
    for (int high = 0; high < 2; high++) {
        const nm_mark mark = nm_mark_get(t->job);
        nm_bounds *b = nm_bounds_copy(t->job, from);
        nm_bounds_meet(b, k, high ? middle : from->lo[k], high ? from->hi[k] : middle, NM_BY_NOTHING);
        const bool closed = visit(t, b, open, depth, 0.5 * part);
        nm_mark_release(t->job, mark);
        if (!closed) return false;
        nm_put(&t->out, "%s\n", high ? "end" : "else");
    }
    return true;
}

static void put_cover(tree *t, const nm_cover *c, size_t n)
{
    const size_t groups = c->ball->pixels ? c->ball->pixels->n : n;
    char *part = NM_ARRAY(t->job, char, groups + 1); /* its letter, or 0: the group is in none */
    for (size_t g = 0; g < c->n && c->parts; g++) part[c->group[g]] = (char)('A' + g * c->parts / c->n);
    nm_put(&t->out, "cover %td %zu%s", c->ball - t->c->balls, c->empty ? 0 : c->k, c->parts ? " " : "");
    for (size_t g = 0, gap = 0; g < groups; gap = part[g++] ? 0 : gap + 1) {
        if (part[g] && gap) nm_put(&t->out, "%zu", gap);
        if (part[g]) nm_put(&t->out, "%c", part[g]);
    }
    nm_put(&t->out, "\n");
}

/* Visits the boxes that cover `from`. */
static bool cover(tree *t, const nm_bounds *from, const nm_cover *c, const bool *open, size_t depth, double part)
{
    put_cover(t, c, from->p->blocks[0].n);
    if (c->empty) { /* and so is its only box */
        nm_put(&t->out, "end\n");
        t->progress.done += part * count(t, open);
        return true;
    }
    for (size_t i = 0; i < c->n_children; i++) {
        const nm_mark mark = nm_mark_get(t->job);
        nm_bounds *b = nm_bounds_copy(t->job, from);
        nm_cover_child(c, i, b);
        const bool closed = visit(t, b, open, depth, part / (double)c->n_children);
        nm_mark_release(t->job, mark);
        if (!closed) return false;
        nm_put(&t->out, "%s\n", i + 1 < c->n_children ? "else" : "end");
    }
    return true;
}

/* Returns true if the tree gives up. */
static bool gives_up(tree *t, size_t depth)
{
    return t->boxes == t->most || depth == DEEPEST || nm_stopped(t->job) || nm_wall() > t->deadline ||
           nm_progress_stuck(&t->progress, t->boxes, t->most);
}

static bool visit(tree *t, nm_bounds *b, const bool *was_open, size_t depth, double part)
{
    if (gives_up(t, depth)) return false;
    t->boxes++;
    bool *open = NM_RAW(t->job, bool, t->c->n_clauses + 1), high;
    memcpy(open, was_open, t->c->n_clauses * sizeof *open);
    t->progress.done += part * count(t, open);
    nm_interval(t->job, b, 1, (int)b->p->n_blocks);
    nm_crown(t->job, b, (nm_crown_opts){.query_block = (int)b->p->n_blocks - 1});
    nm_put(&t->out, "crown\n");
    if (close_all(t, b, open)) return true;
    nm_box_rows rows = nm_box_rows_new(t->job, b, t->c, t->k->row);
    if (close_by_signs(t, b, rows.lines, open)) return true;
    t->progress.done -= part * count(t, open);
    nm_box_rows_pull(&rows, open);
    if (t->ball) {
        size_t *group = NM_RAW(t->job, size_t, b->p->blocks[0].n + 1);
        const nm_cover c = nm_cover_of(t->job, t->ball, b, nm_box_gains(&rows), group);
        if (c.empty || c.parts) return cover(t, b, &c, open, depth + 1, part);
    }
    return halve(t, b, nm_box_input(&rows, &high), open, depth + 1, part);
}

bool nm_prove_boxes(nm_state *s, size_t icase, size_t most, double deadline)
{
    const nm_bounded *k = &s->cases[icase];
    const nm_case *c = k->work.c; /* over generators, if it has any */
    size_t n_free = 0;
    if (!k->b || s->o->record->unable || !s->o->stages.split) return false;
    for (size_t i = 0; i < k->b->p->blocks[0].n; i++) n_free += c->hi[i] > c->lo[i];
    if (n_free > MOST_FREE && !nm_cover_ball(c)) return false;
    tree t = {.job = s->job,
              .k = k,
              .c = c,
              .guard = s->q->guard,
              .ball = nm_cover_ball(c),
              .deadline = deadline,
              .most = 1 + (size_t)((double)most * fmin(1, BOX_WORK / (1 + nm_crown_work(k->b)))),
              .progress.next_check = n_free > MOST_FREE ? NM_COVER_CHECK : 0,
              .cost = nm_pseudo_new(s->job, k->b->p->n_units, NULL),
              .out = {.job = nm_record_units(s, icase)->job}}; /* which no mark releases */
    bool *open = NM_RAW(s->job, bool, c->n_clauses + 1);
    for (size_t i = 0; i < c->n_clauses; i++) t.n_open += open[i] = !s->o->record->steps[k->first + i];
    nm_bounds *whole = nm_work_bounds(s->job, &k->work, k->b->p);
    nm_put(&t.out, "slopes\n"); /* those of CROWN, whatever was set before */
    if (!visit(&t, whole, open, 0, 1)) return false;
    const char *steps = t.out.s;
    for (size_t i = 0; i < c->n_clauses; i++) {
        if (!open[i]) continue;
        nm_record_keep(s, &s->v->targets[k->first + i], steps);
        steps = "";
    }
    return true;
}
