/* split_box.c: bisection of the input box, for questions with few free inputs, with branching on signs inside boxes
 * that leave few signs open.
 *
 * A box starts from the bounds of the one that it is a part of. If CROWN leaves clauses open, but few signs, a tree
 * over these signs is tried (lane_tree.c): small boxes near a kink are closed by a few of them where bisection would
 * need thousands of boxes. What is still open is shrunk to where the rows of the only open clause may all hold, as each
 * pulled-back row is a halfspace that contains every counterexample, and bisected along the input that box_input.c
 * chooses. Where an L0 ball bounds how many inputs may differ from its centre, a box in which more of them are free is
 * not bisected but covered by boxes in which fewer are (cover_box.c).
 *
 * The halves share their common face, so that no point is lost. Boxes are taken depth first, which keeps few in
 * memory, the half first where the rows are smaller; WIDTH at a time, which the job's threads share. What they learn
 * is added up at the end of such a round, so that boxes and verdict are the same for any number of threads. Every
 * 16th box is attacked, and once many random points are tried (scatter.c); what these find is a candidate for the
 * judge. Effort is counted in boxes; a deadline, an interrupt or a lack of progress just gives up. Clauses that a box
 * closes stay closed in its halves. Linear rows of the input set are ignored, which only enlarges the set. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/state.h"
#include "search/trees.h"

typedef enum { DONE, HALVE, COVER, FOUND, STUCK } fate; /* STUCK: the box cannot be halved any more */

typedef struct box {
    struct box *below;
    nm_bounds *b;        /* its inputs, and units' bounds, at first those of the box that it is a part of */
    bool *open;          /* [n_clauses] */
    size_t n_open, n_open_before; /* before: when it was taken */
    double part;         /* of the whole: an equal share of the box that it is a part of */
    size_t input;        /* what to bisect along; */
    bool high;           /* and whether its upper half goes first */
    size_t number;       /* in the order in which boxes are taken */
    fate what;
    size_t trees, closed; /* trees over signs that were tried; that closed their clause */
    nm_pseudo *cost;     /* what they have learned */
    nm_cover cover;      /* how it is covered, by boxes that become part of the stack; its `group` is the box's own */
    double *x;           /* [n_in] a candidate for `clause`, if one is found */
    size_t clause;
} box;

typedef struct {
    nm_job *job;
    const nm_program *p;
    const nm_case *c;
    const nm_split_opts *o;
    uint32_t *const *row;
    int query; /* the block of rows */
    const nm_ball *ball; /* of L0, by which boxes are covered, or NULL */
    nm_pseudo *cost;
    size_t trees, closed; /* trees over signs that were tried; that closed their clause */
    box *stack, *unused;
    double work; /* of a box, as lately measured: it decides only whether threads share a round */
    size_t n_open;         /* clauses that were open at first */
    nm_progress progress;  /* of the whole, the mean over these */
    nm_split *out;
} split;

static box *new_box(split *s, const nm_bounds *from, const bool *open)
{
    box *x = s->unused;
    if (x) {
        s->unused = x->below;
        nm_bounds_assign(x->b, from);
    } else {
        x = NM_NEW(s->job, box);
        x->b = nm_bounds_copy(s->job, from);
        x->open = NM_RAW(s->job, bool, s->c->n_clauses + 1);
        x->cost = nm_pseudo_new(s->job, s->p->n_units, s->cost);
        x->x = NM_RAW(s->job, double, s->p->blocks[0].n);
        x->cover.group = s->ball ? NM_RAW(s->job, size_t, s->p->blocks[0].n + 1) : NULL;
    }
    memcpy(x->open, open, s->c->n_clauses * sizeof *open);
    return x;
}

enum { WIDTH = 32 }; /* boxes of a round */
static const double PATIENCE = 4; /* times the boxes that are allowed: if more are expected, it gives up */
static const double RATE = 1e10; /* roughly, fused multiply-adds in a second */

static void push(box **list, box *x)
{
    x->below = *list;
    *list = x;
}

/* ---- what closes clauses ---- */

static double margin(const split *s, const box *x, size_t clause, size_t r)
{
    const size_t first = s->p->blocks[s->query].first;
    return nm_down(x->b->lo[first + s->row[clause][r]] - s->c->clauses[clause].rows[r].rhs);
}

/* Closes the clauses that the bounds exclude. */
static void close_clauses(const split *s, box *x)
{
    x->n_open = 0;
    for (size_t t = 0; t < s->c->n_clauses; t++) {
        if (x->b->empty) x->open[t] = false;
        for (size_t r = 0; x->open[t] && r < s->c->clauses[t].n_rows; r++)
            if (margin(s, x, t, r) > s->o->guard) x->open[t] = false;
        x->n_open += x->open[t];
    }
}

/* Returns true if a tree may be worth its work: not if fewer than a quarter of them close, but for every 16th box. */
static bool worth_a_tree(const split *s, const box *x)
{
    const size_t n = nm_bounds_unstable(x->b);
    if (n == 0 || n > NM_BOX_SIGNS) return false;
    return s->trees < 32 || 4 * s->closed >= s->trees || x->number % 16 == 0;
}

/* Tries to close each open clause by a tree over signs for its best row. */
static void close_by_signs(nm_job *job, const split *s, const nm_relax *lines, box *x)
{
    for (size_t t = 0; t < s->c->n_clauses; t++) {
        const nm_clause *c = &s->c->clauses[t];
        size_t best = 0;
        if (!x->open[t] || c->n_rows == 0) continue;
        for (size_t r = 1; r < c->n_rows; r++)
            if (margin(s, x, t, r) > margin(s, x, t, best)) best = r;
        const nm_mark mark = nm_mark_get(job);
        const nm_lane_tree tree = nm_lane_tree_run(job, x->b, s->row[t][best], c->rows[best].rhs + s->o->guard,
                                                   lines->slo, x->cost, (nm_lane_opts){.work = NM_BOX_TREE});
        nm_mark_release(job, mark);
        x->trees++;
        x->closed += tree.closed;
        x->n_open -= tree.closed;
        x->open[t] = !tree.closed;
    }
}

/* ---- points ---- */

static void take(split *s, const box *x)
{
    s->out->status = NM_VIOLATED;
    memcpy(s->out->x, x->x, s->p->blocks[0].n * sizeof *x->x);
    s->out->clause = x->clause;
}

/* Attacks the open clauses within the box: by descent, or by scattered points. */
static bool attack(nm_job *job, const split *s, box *x, size_t points)
{
    size_t *open = NM_RAW(job, size_t, s->c->n_clauses + 1), n = 0, hit = 0;
    const uint32_t **row = NM_RAW(job, const uint32_t *, s->c->n_clauses + 1);
    for (size_t t = 0; t < s->c->n_clauses; t++) {
        if (!x->open[t]) continue;
        row[n] = s->row[t];
        open[n++] = t;
    }
    nm_case here = *s->c;
    here.lo = x->b->lo;
    here.hi = x->b->hi;
    const double *found = points ? nm_scatter(job, s->p, &here, n, open, row, points, x->number, &hit)
                                 : nm_attack(job, x->b, &here, n, open, row, NULL,
                                             (nm_attack_opts){20, 1, x->number, false, 0}, &hit);
    if (!found) return false;
    memcpy(x->x, found, s->p->blocks[0].n * sizeof *found);
    x->clause = open[hit];
    return true;
}

/* Tries random points in the whole box of the case, once it is clear that it takes many boxes. */
static bool scatter_all(split *s, const nm_bounds *b, const bool *open)
{
    double work = 1;
    for (size_t k = 0; k < s->p->n_blocks; k++) work += nm_block_weights(&s->p->blocks[k]);
    const double points = NM_SCATTER_WORK / work;
    box *all = new_box(s, b, open);
    all->number = s->out->boxes;
    const bool found = attack(s->job, s, all, points < NM_SCATTER_POINTS ? (size_t)points + 1 : NM_SCATTER_POINTS);
    if (found) take(s, all);
    push(&s->unused, all);
    return found;
}

/* ---- the loop ---- */

static fate bound_box(nm_job *job, const split *s, box *x)
{
    nm_interval(job, x->b, 1, s->query + 1);
    if (!x->b->empty) nm_crown(job, x->b, (nm_crown_opts){.query_block = s->query});
    close_clauses(s, x);
    if (x->n_open == 0) return DONE;
    if (s->o->attack && x->number % 16 == 1 && attack(job, s, x, 0)) return FOUND;
    nm_box_rows rows = nm_box_rows_new(job, x->b, s->c, s->row);
    if (worth_a_tree(s, x)) close_by_signs(job, s, rows.lines, x);
    if (x->n_open == 0) return DONE;
    nm_box_rows_pull(&rows, x->open);
    if (x->n_open == 1 && !nm_box_rows_cut(&rows, s->o->guard, x->b)) x->n_open = 0;
    if (x->n_open == 0) return DONE;
    if (s->ball) {
        x->cover = nm_cover_of(job, s->ball, x->b, nm_box_gains(&rows), x->cover.group);
        if (x->cover.empty) x->n_open = 0;
        if (x->cover.empty || x->cover.parts) return x->cover.empty ? DONE : COVER;
    }
    x->input = nm_box_input(&rows, &x->high);
    const nm_bounds *b = x->b;
    const double mid = 0.5 * b->lo[x->input] + 0.5 * b->hi[x->input];
    return mid > b->lo[x->input] && mid < b->hi[x->input] ? HALVE : STUCK;
}

typedef struct {
    const split *s;
    box **x; /* [n] */
} boxes;

static void bound_each(nm_job *job, void *arg, nm_turns *turns)
{
    const boxes *l = arg;
    for (size_t i; nm_turns_next(job, turns, &i);) {
        const nm_mark mark = nm_mark_get(job);
        l->x[i]->what = bound_box(job, l->s, l->x[i]);
        nm_mark_release(job, mark);
    }
}

static void push_halves(split *s, const box *x)
{
    const double mid = 0.5 * x->b->lo[x->input] + 0.5 * x->b->hi[x->input];
    for (int first = 0; first < 2; first++) {
        box *half = new_box(s, x->b, x->open);
        half->part = 0.5 * x->part;
        *(first == x->high ? &half->b->lo[x->input] : &half->b->hi[x->input]) = mid;
        const bool left = nm_box_meet_sums(s->c->gens, half->b);
        if (!left) s->progress.done += half->part * (double)x->n_open / (double)s->n_open;
        push(left ? &s->stack : &s->unused, half);
    }
}

/* The child with the elements that change the rows most comes first. */
static void push_cover(split *s, const box *x)
{
    for (size_t i = x->cover.n_children; i-- > 0;) {
        box *child = new_box(s, x->b, x->open);
        child->part = x->part / (double)x->cover.n_children;
        nm_cover_child(&x->cover, i, child->b);
        push(&s->stack, child);
    }
}

/* Takes boxes from the top of the stack and bounds them; returns false if that is the end. */
static bool go_on(split *s)
{
    box *x[WIDTH];
    size_t n = 0;
    bool ends = false;
    for (; s->stack && n < WIDTH && s->out->boxes < s->o->max_boxes; n++) {
        x[n] = s->stack;
        s->stack = x[n]->below;
        x[n]->number = ++s->out->boxes;
        x[n]->n_open_before = 0;
        for (size_t t = 0; t < s->c->n_clauses; t++) x[n]->n_open_before += x[n]->open[t];
        x[n]->n_open = x[n]->n_open_before; /* if it is not bounded any more */
        x[n]->what = STUCK;
    }
    const double begin = nm_cpu();
    nm_team_run(s->job, n, (double)n * s->work, bound_each, &(boxes){s, x});
    s->work = 0.75 * s->work + 0.25 * RATE * (nm_cpu() - begin) / (double)n;
    for (size_t i = n; i-- > 0;) { /* the halves of the one from the top of the stack go on first */
        s->trees += x[i]->trees;
        s->closed += x[i]->closed;
        nm_pseudo_move(s->cost, x[i]->cost);
        x[i]->trees = x[i]->closed = 0;
        if (x[i]->what == FOUND) take(s, x[i]);
        s->progress.done += x[i]->part * (double)(x[i]->n_open_before - x[i]->n_open) / (double)s->n_open;
        if (x[i]->what == HALVE) push_halves(s, x[i]);
        if (x[i]->what == COVER) push_cover(s, x[i]);
        ends |= x[i]->what == FOUND || x[i]->what == STUCK;
        push(&s->unused, x[i]);
    }
    return !ends;
}

bool nm_progress_stuck(nm_progress *p, size_t n, size_t most)
{
    if (p->next_check == 0 || n < p->next_check) return false;
    const double closed = p->done - p->checked, rest = 1 - p->done, took = (double)(p->next_check - p->last_check);
    p->checked = p->done;
    p->last_check = p->next_check;
    p->next_check *= 2;
    return closed * PATIENCE * (double)most < rest * took;
}

nm_split nm_split_case(nm_job *job, const nm_bounds *b, const nm_case *c, uint32_t *const *row,
                       const bool *open, const nm_split_opts *o)
{
    nm_split out = {.status = NM_UNKNOWN, .x = NM_RAW(job, double, b->p->blocks[0].n)};
    split s = {.job = job,
               .p = b->p,
               .c = c,
               .o = o,
               .row = row,
               .query = (int)b->p->n_blocks - 1,
               .ball = nm_cover_ball(c),
               .out = &out};
    bool scattered = false;
    s.cost = nm_pseudo_new(job, b->p->n_units, NULL);
    s.work = nm_crown_work(b);
    push(&s.stack, new_box(&s, b, open));
    s.stack->part = 1;
    s.progress.next_check = o->check;
    for (size_t t = 0; t < c->n_clauses; t++) s.n_open += open[t];
    while (s.stack) {
        if (out.boxes == o->max_boxes || nm_stopped(job) || nm_wall() > o->deadline) return out;
        if (!scattered && o->attack && out.boxes >= NM_SCATTER_AFTER) {
            scattered = true;
            if (scatter_all(&s, b, open)) return out;
        }
        if (!go_on(&s) || (s.stack && nm_progress_stuck(&s.progress, out.boxes, o->max_boxes))) return out;
        if (nm_show_due(job)) nm_show(job, "; %zu boxes", out.boxes);
    }
    out.status = NM_OK;
    return out;
}
