/* stages.c: the stages that close targets without a model: evaluation, bounds, attack, branching on signs, bisection
 * of the input box; those that tighten bounds for each target are in tight_targets.c. Each works on one case, and
 * records what it closed in the targets' status. A target is closed as `holds` only if an outward rounded bound
 * excludes it: row - rhs > guard for a row of its clause. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

/* ---- evaluation of the question's own image ---- */

/* Returns true if some clause may hold at the image: float64 does not surely exclude it. Saves the judge's slower
 * replay. */
static bool may_hold(const nm_state *s, const nm_case *c)
{
    const nm_query *q = s->q;
    if (!q->image_y || q->objective == NM_WORST || q->objective == NM_RANGE) return true;
    for (size_t t = 0; t < c->n_clauses; t++) {
        bool fails = false;
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) {
            const nm_row *row = &c->clauses[t].rows[r];
            double sum = -row->rhs, mag = fabs(row->rhs);
            for (size_t k = 0; k < row->n; k++) {
                const uint32_t v = row->var[k];
                const double x = v < q->n_out ? q->image_y[v] : q->image[v - q->n_out];
                sum += row->coef[k] * x;
                mag += fabs(row->coef[k] * x);
            }
            fails |= sum > 1e-6 * (1 + mag);
        }
        if (!fails) return true;
    }
    return false;
}

bool nm_close_evaluate(nm_state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    if (!s->q->image) return false;
    const bool is_image = c->gens ? c->gens->is_image
                                  : nm_query_box_has(c, s->q->image, s->q->n_in);
    if (is_image ? !may_hold(s, c) : !c->gens) return false;
    const bool each = s->q->objective == NM_RANGE; /* each clause has a value of its own */
    for (size_t t = 0; t < (each ? c->n_clauses : 1); t++) {
        const nm_replay r = nm_verify(s->job, s->net, s->q, i, each ? (int64_t)t : -1,
                                      nm_case_start(s->q, c));
        if (nm_state_take(s, &r, NM_BY_EVALUATION)) return true;
    }
    return false;
}

/* ---- bounds ---- */

void nm_close_by_bounds(nm_state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    const nm_bounded *k = &s->cases[i];
    for (size_t t = 0; t < c->n_clauses; t++) {
        nm_target *target = &s->v->targets[k->first + t];
        const size_t first = k->b->p->blocks[k->b->p->n_blocks - 1].first;
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) {
            const double lo = nm_down(k->b->lo[first + k->row[t][r]] - c->clauses[t].rows[r].rhs);
            if (lo > target->margin_lo) target->margin_lo = lo;
        }
        if (s->q->objective != NM_CLOSEST && target->margin_lo > target->bound)
            target->bound = target->margin_lo;
        if (s->q->objective == NM_RANGE || !nm_target_open(target) ||
            !(target->margin_lo > s->q->guard || k->b->empty))
            continue;
        target->status = NM_OK;
        target->by = NM_BY_BOUNDS;
        nm_record_bound(s, target, nm_target_row(k, &c->clauses[t], t));
    }
    if (k->b->empty)
        for (size_t t = 0; t < s->q->cases[i].n_clauses; t++) /* worst and range: nothing */
            s->v->targets[k->first + t].bound = INFINITY;
}

bool nm_any_open(const nm_state *s, size_t i)
{
    for (size_t t = 0; t < s->q->cases[i].n_clauses; t++)
        if (nm_target_open(&s->v->targets[s->cases[i].first + t])) return true;
    return false;
}

static void bound_all(nm_state *s, nm_bounds *b)
{
    const int last = (int)b->p->n_blocks - 1;
    if (s->o->bounds.all == NM_BY_INTERVAL)
        nm_interval(s->job, b, 1, last + 1);
    else
        nm_crown(s->job, b, (nm_crown_opts){.query_block = last});
}

/* Starts the case's bounds over its working program and the rows of its clauses. */
static void open_bounds(nm_state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    nm_bounded *k = &s->cases[i];
    size_t n = 0;
    for (size_t t = 0; t < c->n_clauses; t++) n += c->clauses[t].n_rows;
    const nm_row **rows = NM_RAW(s->job, const nm_row *, n + 1);
    k->row = NM_ARRAY(s->job, uint32_t *, c->n_clauses + 1);
    n = 0;
    for (size_t t = 0; t < c->n_clauses; t++) {
        k->row[t] = NM_RAW(s->job, uint32_t, c->clauses[t].n_rows + 1);
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) {
            k->row[t][r] = (uint32_t)n;
            rows[n++] = &c->clauses[t].rows[r];
        }
    }
    nm_program *with = nm_program_with_rows(s->job, k->work.p, n, rows);
    nm_program_need(s->job, with);
    k->b = nm_work_bounds(s->job, &k->work, with);
}

void nm_close_open(nm_state *s, size_t i)
{
    nm_bounded *k = &s->cases[i];
    k->work = nm_work_of(s->job, s->p, &s->q->cases[i]);
    open_bounds(s, i);
    nm_levels_check(s->job, &s->o->bounds, k->b->p);
}

void nm_close_bounds(nm_state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    nm_bounded *k = &s->cases[i];
    if (!k->b) nm_close_open(s, i);
    bound_all(s, k->b);
    if (s->o->known && nm_known_meet(s->job, s->o->known, k->b, i)) bound_all(s, k->b);
    nm_close_by_bounds(s, i);
    if (!nm_levels_ask(&s->o->bounds) || !nm_any_open(s, i)) return;
    nm_note(s->job, "tightening bounds by %s",
            nm_levels_most(&s->o->bounds) == NM_BY_LP ? "linear programs"
                                                      : "mixed-integer programs");
    const size_t n = k->b->p->blocks[k->b->p->n_blocks - 1].n;
    double *enough = NM_RAW(s->job, double, n + 1);
    for (size_t t = 0; t < c->n_clauses; t++)
        for (size_t r = 0; r < c->clauses[t].n_rows; r++)
            enough[k->row[t][r]] = s->q->objective == NM_RANGE
                                       ? INFINITY
                                       : c->clauses[t].rows[r].rhs + s->q->guard;
    nm_lp_tighten(s->job, k->b, (nm_lp_opts){&s->o->bounds, s->o->threads, enough, 0});
    nm_close_by_bounds(s, i);
}

void nm_close_count(nm_state *s)
{
    size_t i = 0;
    while (i < s->q->n_cases && !s->cases[i].b) i++;
    if (i == s->q->n_cases) return;
    const nm_bounds *b = s->cases[i].b;
    s->v->layers = NM_ARRAY(s->job, nm_layer, b->p->n_blocks);
    for (size_t k = 0; k < b->p->n_blocks; k++) {
        if (b->p->blocks[k].kind != NM_RELU) continue;
        size_t n[3];
        nm_bounds_count(b, (int)k, n);
        s->v->layers[s->v->n_layers++] = (nm_layer){(int)k, n[0] + n[1] + n[2], n[NM_INACTIVE],
                                                    n[NM_ACTIVE], n[NM_UNSTABLE]};
    }
}

/* ---- attack ---- */

static bool attack_by(nm_state *s, size_t i, const double *start, nm_attack_opts o)
{
    const nm_case *c = &s->q->cases[i];
    const nm_bounded *k = &s->cases[i];
    size_t *open = NM_RAW(s->job, size_t, c->n_clauses + 1), n = 0, hit = 0;
    const uint32_t **row = NM_RAW(s->job, const uint32_t *, c->n_clauses + 1);
    for (size_t t = 0; t < c->n_clauses; t++) {
        if (!nm_target_open(&s->v->targets[k->first + t])) continue;
        row[n] = k->row[t];
        open[n++] = t;
    }
    if (n == 0) return false;
    const double *x = nm_attack(s->job, k->b, k->work.c, n, open, row, start, o, &hit);
    if (!x) return false;
    const nm_replay r = nm_verify(s->job, s->net, s->q, i, (int64_t)open[hit], x);
    return nm_state_take(s, &r, NM_BY_ATTACK);
}

static bool attack(nm_state *s, size_t i, const double *start, size_t n_restarts, size_t steps)
{
    return attack_by(s, i, start, (nm_attack_opts){steps, n_restarts, s->o->seed + i, false, 0});
}

/* Attacks for a short time before bounds that take many seconds: of a large network with a wide input set they may
 * prove nothing, where a few gradients settle the question. */
bool nm_close_glance(nm_state *s, size_t i)
{
    nm_close_open(s, i);
    const nm_bounded *k = &s->cases[i];
    if (nm_crown_work(k->b) < NM_GLANCE_FROM) return false; /* now, when all units count as open */
    nm_interval(s->job, k->b, 1, (int)k->b->p->n_blocks);
    if (nm_crown_work(k->b) < NM_GLANCE_FROM) return false;
    nm_note(s->job, "attacking case %zu before its bounds, which are dear", i);
    return attack(s, i, nm_case_start(s->q, &s->q->cases[i]), 1, NM_GLANCE_STEPS);
}

/* Returns the number of restarts for a fixed amount of work: many on small networks, one on large ones. */
size_t nm_close_restarts(const nm_program *p)
{
    const double n = NM_ATTACK_WORK / (nm_attack_step_work(p) * NM_ATTACK_STEPS);
    return n < 1 ? 1 : n > 16 ? 16 : (size_t)n;
}

bool nm_close_attack(nm_state *s, size_t i, const double *start, size_t n_restarts)
{
    return attack(s, i, start, n_restarts, NM_ATTACK_STEPS);
}

/* Attacks again before stages that are far dearer: bounds of units again, and branching to the end. Points that start
 * within the box nearly all end in one place; those that start in corners do not, and the speed that they keep takes
 * them farther. */
bool nm_close_attack_again(nm_state *s, size_t i)
{
    enum { MOST = 48 }; /* restarts: small networks have fewer places to end in */
    const nm_program *p = s->cases[i].b->p;
    const double steps = NM_ATTACK_AGAIN / nm_attack_step_work(p), each = fmin(2 * NM_ATTACK_STEPS, steps);
    if (!nm_any_open(s, i) || nm_hidden_layers(p) < 2 || each < NM_GLANCE_STEPS) return false;
    nm_note(s->job, "attacking case %zu again", i);
    return attack_by(s, i, NULL,
                     (nm_attack_opts){(size_t)each, (size_t)fmin(steps / each, MOST), s->o->seed + i, true, 0.9});
}

/* ---- maxima as ReLUs, which can be branched on ---- */

/* Goes on with a program that has tournaments of ReLUs instead of maxima (tournament.c). Bounds of the units that both
 * have are kept. Models that are written stay those of the network's own program. */
void nm_close_maxima(nm_state *s, size_t i)
{
    nm_bounded *k = &s->cases[i];
    const nm_bounds *old = k->b;
    if (!nm_any_open(s, i) || !nm_program_has_maxima(old->p)) return;
    nm_note(s->job, "taking the maxima of case %zu as ReLUs", i);
    int *to = NM_RAW(s->job, int, old->p->n_blocks);
    k->work.p = nm_program_tournaments(s->job, k->work.p, to);
    open_bounds(s, i);
    for (size_t b = 1; b + 1 < old->p->n_blocks; b++)
        for (size_t u = 0; to[b] >= 0 && u < old->p->blocks[b].n; u++) {
            const size_t from = old->p->blocks[b].first + u, at = k->b->p->blocks[to[b]].first + u;
            nm_bounds_meet(k->b, at, old->lo[from], old->hi[from], (nm_by)old->by[from]);
            if (k->b->p->blocks[to[b]].kind == NM_RELU) /* its value bounds what it reads */
                nm_bounds_meet(k->b, nm_program_pre(k->b->p, at), old->lo[from] > 0 ? old->lo[from] : -INFINITY,
                               old->hi[from], (nm_by)old->by[from]);
        }
    for (size_t t = 0; t < s->q->cases[i].n_clauses; t++) s->v->targets[k->first + t].tight = NULL; /* of the old one */
    nm_record_maxima(s, i);
    bound_all(s, k->b);
    nm_close_by_bounds(s, i);
    if (s->q->objective != NM_RANGE) nm_close_tighten(s, i); /* which holds for counterexamples only */
}

/* ---- branching with propagation ---- */

bool nm_close_propagate(nm_state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    if (!nm_any_open(s, i)) return false;
    const double weights = nm_unit_signs_weights(s->cases[i].b->p);
    for (size_t t = 0; t < c->n_clauses && !nm_stopped(s->job); t++) {
        nm_target *target = &s->v->targets[s->cases[i].first + t];
        if (!nm_target_open(target) || c->clauses[t].n_rows == 0) continue;
        nm_leaf at = {s, target};
        const double now = nm_wall();
        const nm_signs_found r = nm_unit_signs(&at, s->cases[i].b, weights, now + 0.5 * (s->deadline - now));
        if (r.nodes) nm_note(s->job, "branching on target %s with propagation: %zu nodes", target->name, r.nodes);
        if (r.status == NM_OK) nm_target_close(s, target, target->margin_lo);
        if (r.status != NM_VIOLATED) continue;
        const nm_replay replay = nm_verify(s->job, s->net, s->q, i, (int64_t)t, r.x);
        if (nm_state_take(s, &replay, NM_BY_SOLVER)) return true;
    }
    return false;
}

/* ---- cubes ---- */

void nm_close_cubes(nm_state *s)
{
    for (size_t i = 0; s->o->depth && i < s->v->n_targets && !nm_stopped(s->job); i++) {
        nm_target *t = &s->v->targets[i];
        const nm_bounded *k = &s->cases[t->icase];
        const nm_case *c = k->work.c;
        if (!nm_target_open(t) || !k->b || c->clauses[t->iclause].n_rows == 0) continue;
        const size_t r = nm_target_row(k, &c->clauses[t->iclause], t->iclause);
        const nm_branch_opts o = {
            .max_nodes = SIZE_MAX, .deadline = INFINITY, .seed = s->o->seed, .depth = s->o->depth};
        const nm_branch out = nm_branch_run(s->job, t->tight ? t->tight : k->b, c, t->iclause,
                                            k->row[t->iclause], r,
                                            c->clauses[t->iclause].rows[r].rhs + s->q->guard, o);
        if (out.status != NM_OK) continue; /* stopped */
        t->cube = out.cube;
        t->n_cubes = out.n_cubes;
        if (out.n_cubes == 0) nm_target_close(s, t, t->margin_lo);
    }
}

/* ---- bisection of the input box, if few inputs are free, or covers of an L0 ball ---- */

typedef enum { FEW, SOME, BALL, NOT } how; /* free inputs up to NM_SPLIT_FEW, up to NM_SPLIT_INPUTS; an L0 ball */

static how kind(const nm_query *q, const nm_case *c)
{
    size_t n = 0;
    for (size_t i = 0; i < nm_case_width(q, c); i++) n += c->lo[i] < c->hi[i];
    return n <= NM_SPLIT_FEW ? FEW : n <= NM_SPLIT_INPUTS ? SOME : nm_cover_ball(c) ? BALL : NOT;
}

/* Sets which clauses of the case are open [n_clauses]; returns false if none is. */
static bool open_clauses(const nm_state *s, size_t i, bool *open)
{
    bool any = false;
    for (size_t t = 0; t < s->cases[i].work.c->n_clauses; t++)
        any |= open[t] = nm_target_open(&s->v->targets[s->cases[i].first + t]);
    return any;
}

typedef struct {
    double part;  /* of the time that is left */
    size_t check; /* as in nm_split_opts */
    size_t boxes;
} effort;

/* Splits the box of case i, or covers its ball; returns true if that settles the question. */
static bool split_case(nm_state *s, size_t i, const bool *open, effort e)
{
    const nm_bounded *k = &s->cases[i];
    const nm_case *c = k->work.c;
    const double now = nm_wall();
    const nm_split_opts o = {.attack = s->o->stages.attack,
                             .check = e.check,
                             .max_boxes = s->o->boxes ? s->o->boxes : e.boxes,
                             .deadline = now + e.part * (s->deadline - now),
                             .guard = s->q->guard};
    const nm_split r = nm_split_case(s->job, k->b, c, k->row, open, &o);
    if (r.status == NM_VIOLATED) {
        const nm_replay replay = nm_verify(s->job, s->net, s->q, i, (int64_t)r.clause, r.x);
        return nm_state_take(s, &replay, NM_BY_ATTACK);
    }
    for (size_t t = 0; r.status == NM_OK && t < c->n_clauses; t++) {
        if (!open[t]) continue;
        s->v->targets[k->first + t].status = NM_OK;
        s->v->targets[k->first + t].by = NM_BY_BOUNDS;
    }
    return false;
}

/* Returns whether neither branching nor models come later. */
static bool is_last(const nm_state *s) { return !s->o->stages.branch && !s->o->stages.solve; }

static void note_split(const nm_state *s, how of, size_t i, const char *again)
{
    nm_note(s->job, "%s of case %zu%s", of == BALL ? "covering the L0 ball" : "splitting the input box", i, again);
}

bool nm_close_split(nm_state *s, size_t i)
{
    static const effort first[] = {[FEW] = {0.8, 0, NM_SPLIT_BOXES},
                                   [SOME] = {0.4, NM_SPLIT_CHECK, NM_SPLIT_BOXES},
                                   [BALL] = {0.8, NM_COVER_CHECK, NM_COVER_BOXES}};
    const nm_bounded *k = &s->cases[i];
    const how of = kind(s->q, k->work.c);
    bool *open = NM_ARRAY(s->job, bool, k->work.c->n_clauses + 1);
    if (of == NOT || !open_clauses(s, i, open)) return false;
    note_split(s, of, i, "");
    const double start = nm_wall();
    if (s->o->record && nm_prove_boxes(s, i, NM_PROOF_BOXES_FIRST, start + 0.25 * (s->deadline - start))) {
        for (size_t t = 0; t < k->work.c->n_clauses; t++)
            if (open[t]) nm_target_close(s, &s->v->targets[k->first + t], s->v->targets[k->first + t].margin_lo);
        return false;
    }
    const effort all = {1, 0, of == BALL ? SIZE_MAX : NM_SPLIT_BOXES};
    return split_case(s, i, open, is_last(s) ? all : first[of]);
}

bool nm_close_split_again(nm_state *s, size_t i)
{
    static const effort more[] = {[SOME] = {0.4, 16 * NM_SPLIT_CHECK, NM_SPLIT_BOXES},
                                  [BALL] = {0.6, NM_COVER_CHECK, 4 * NM_SPLIT_BOXES}};
    const how of = kind(s->q, s->cases[i].work.c);
    bool *open = NM_ARRAY(s->job, bool, s->cases[i].work.c->n_clauses + 1);
    if (of == FEW || of == NOT || is_last(s) || !open_clauses(s, i, open)) return false;
    note_split(s, of, i, " again");
    return split_case(s, i, open, more[of]);
}
