/* branch_targets.c: branching on the signs of units (branch.c), for each open target.
 *
 * Targets whose bounds are nearest to the cutoff come first. Each gets an equal share of the time that is left; what
 * those after it do not use goes to the searches that were stopped, which go on where they were. In large networks of
 * several layers a round of branching has few nodes, whose steps are bound by memory, so that threads wait for each
 * other at its end: there two targets are branched on at the same time, by a team of two that shares the job's
 * threads. They do not depend on each other; what they found is taken in the targets' order, so that, unless time runs
 * out, the answer is the same for any number of threads. If a counterexample settles the question, targets that come
 * after its own are no longer wanted, and those before it are finished. Clp's random numbers are those of the process
 * (embedded_clp.c), so that leaves are not solved at the same time: a target that needs one, which is rare in networks
 * of that size, is branched on again when it is alone.
 * Memory: that of the searches that are stopped, each a path or two of nodes. */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/record.h"
#include "search/state.h"
#include "search/trees.h"

#include <stdatomic.h>

enum { PAIR = 2 };
/* two targets go together if CROWN's bounds take so many times the work that is shared by threads: 1e9 multiply-adds */
static const double PAIRS_FROM = 20;

struct queue;
typedef struct hunt { /* of a target */
    nm_leaf leaf;
    const struct queue *q;
    size_t i;                 /* in the queue's order */
    nm_branch_search *search; /* NULL: not begun, or at its end */
    bool late;                /* it was stopped, and can go on */
    nm_branch out;            /* x has room for a point of the target's program */
    struct hunt *next;        /* another one that the same member of the team has begun */
} hunt;

typedef struct queue { /* of the open targets */
    nm_state *s;
    hunt *h;             /* [n], the nearest one first */
    size_t n, nodes, together; /* together: targets in work at a time */
    double end;          /* nm_wall: when all must have ended */
    atomic_size_t next;  /* the next target; from wanted on they are no longer wanted */
    atomic_size_t wanted;
} queue;

static int solve_leaf(void *arg, const nm_bounds *b, double *x) { return nm_leaf_solve(&((hunt *)arg)->leaf, b, x); }

static bool is_wanted(void *arg)
{
    const hunt *h = arg;
    return h->i < atomic_load(&h->q->wanted);
}

static nm_branch_search *search_for(nm_job *job, hunt *h, bool alone)
{
    nm_state *s = h->leaf.s;
    nm_target *t = h->leaf.t;
    const nm_bounded *k = &s->cases[t->icase];
    const nm_case *c = k->work.c;
    const size_t r = nm_target_row(k, &c->clauses[t->iclause], t->iclause);
    const size_t nodes = nm_point_fits(k->b) ? NM_POINT_NODES * h->q->nodes : h->q->nodes;
    const nm_record *record = s->o->record;
    const nm_branch_opts o = {.attack = s->o->stages.attack,
                              .record = record && record->begun[t - s->v->targets] && nm_point_fits(t->tight),
                              .max_nodes = s->o->nodes ? s->o->nodes : nodes,
                              .seed = s->o->seed,
                              .leaf = alone ? solve_leaf : NULL,
                              .wanted = is_wanted,
                              .arg = h};
    return nm_branch_open(job, t->tight, c, t->iclause, k->row[t->iclause], r,
                          c->clauses[t->iclause].rows[r].rhs + s->q->guard, o);
}

/* Begins the search for a target, or goes on with it, until a share of the time is used up: an equal one for each of
 * `left` targets, if so many are branched on at once. What it returns stays until the search is closed. */
static nm_branch go_on(nm_job *job, hunt *h, size_t left, size_t together)
{
    const double now = nm_wall(), part = left < together ? 1 : (double)together / (double)left;
    if (!h->search) h->search = search_for(job, h, h->q->together == 0);
    const nm_branch out = nm_branch_go_on(h->search, job, now + part * (h->q->end - now));
    h->late = out.late;
    return out;
}

static void close_search(nm_job *job, hunt *h)
{
    if (h->late) return;
    nm_branch_close(job, h->search);
    h->search = NULL;
}

/* Returns whether a search was stopped, and its target is still open: another one's counterexample may settle it. */
static bool can_go_on(const hunt *h) { return h->late && nm_target_open(h->leaf.t); }

/* Returns how many of the searches that a member has begun can go on; none if the time is used up. */
static size_t n_late(nm_job *job, const queue *q, const hunt *own)
{
    size_t n = 0;
    if (nm_stopped(job) || nm_wall() > q->end) return 0;
    for (; own; own = own->next) n += can_go_on(own);
    return n;
}

static nm_replay judge(nm_state *s, const nm_target *t, const double *x)
{
    return nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
}

/* Takes what was found out about a target; returns true if that settles the question. */
static bool take(nm_state *s, nm_target *t, const nm_branch *out)
{
    if (out->status == NM_OK) nm_target_close(s, t, t->margin_lo);
    if (out->steps)
        nm_record_keep(s, t, nm_fmt(s->job, "%s%send\n", s->o->record->begun[t - s->v->targets], out->steps));
    if (out->status != NM_VIOLATED) return false;
    const nm_replay replay = judge(s, t, out->x);
    return nm_state_take(s, &replay, out->is_leaf ? NM_BY_SOLVER : NM_BY_ATTACK);
}

/* ---- one target after the other ---- */

static bool is_settled(queue *q, hunt *h, size_t left)
{
    nm_job *job = q->s->job;
    const nm_branch out = go_on(job, h, left, 1);
    const bool settled = take(q->s, h->leaf.t, &out);
    close_search(job, h);
    return settled;
}

/* Branches on those targets that are open, or only on those that pairs left as they need leaves. */
static bool branch_in_turn(queue *q, bool leaves)
{
    hunt *own = NULL, **last = &own;
    q->together = 0;
    for (size_t i = 0; i < q->n && !nm_stopped(q->s->job); i++) {
        hunt *h = &q->h[i];
        if (!nm_target_open(h->leaf.t) || (leaves && !h->out.needs_leaf)) continue;
        nm_note(q->s->job, "branching on target %s", h->leaf.t->name);
        *last = h;
        last = &h->next;
        if (is_settled(q, h, q->n - i)) return true;
    }
    for (size_t left; (left = n_late(q->s->job, q, own));)
        for (hunt *h = own; h; h = h->next)
            if (can_go_on(h) && is_settled(q, h, left--)) return true;
    return false;
}

/* ---- two targets at a time ---- */

/* Ends the searches of later targets if a counterexample settles the question. */
static void settle(nm_job *job, queue *q, size_t i)
{
    nm_state here = *q->s; /* in this job's memory */
    here.job = job;
    nm_replay r = judge(&here, q->h[i].leaf.t, q->h[i].out.x);
    if (q->s->o->float32) r = nm_float32_replay(&here, &r);
    size_t before = atomic_load(&q->wanted);
    while (r.is_violated && i + 1 < before && !atomic_compare_exchange_weak(&q->wanted, &before, i + 1));
}

/* Returns the number of inputs of the target's program: generators, if its case has them. */
static size_t width(const nm_target *t) { return t->tight->p->blocks[0].n; }

static void branch_on(nm_job *job, queue *q, hunt *h, size_t left, size_t together)
{
    const nm_branch out = go_on(job, h, left, together);
    if (out.status == NM_VIOLATED) memcpy(h->out.x, out.x, width(h->leaf.t) * sizeof *out.x);
    h->out.status = out.status;
    h->out.needs_leaf = out.needs_leaf;
    close_search(job, h);
    if (out.status == NM_VIOLATED) settle(job, q, h->i);
}

/* Each member goes on with the searches that it has begun itself. */
static void branch_each(nm_job *job, void *arg, nm_turns *turns)
{
    queue *q = arg;
    for (size_t member; nm_turns_next(job, turns, &member);) {
        hunt *own = NULL, **last = &own; /* others' are not looked at: they may be in work */
        for (size_t i; (i = atomic_fetch_add(&q->next, 1)) < atomic_load(&q->wanted) && !nm_stopped(job);) {
            *last = &q->h[i];
            last = &q->h[i].next;
            branch_on(job, q, &q->h[i], q->n - i, q->together);
        }
        for (size_t left; (left = n_late(job, q, own));)
            for (hunt *h = own; h; h = h->next)
                if (can_go_on(h)) branch_on(job, q, h, left--, 1);
    }
}

static bool branch_in_pairs(queue *q)
{
    nm_state *s = q->s;
    double work = 0;
    for (size_t i = 0; i < q->n; i++) {
        nm_target *t = q->h[i].leaf.t;
        q->h[i].out = (nm_branch){.status = NM_UNKNOWN, .x = NM_RAW(s->job, double, width(t))};
        work += nm_crown_work(t->tight);
    }
    q->together = nm_job_threads(s->job) > 1 ? PAIR : 1;
    nm_note(s->job, "branching on %zu targets%s", q->n, q->together > 1 ? ", two at a time" : "");
    nm_team_run(s->job, PAIR, work, branch_each, q);
    for (size_t i = 0; i < q->n; i++)
        if (take(s, q->h[i].leaf.t, &q->h[i].out)) return true;
    for (size_t i = 0; i < q->n; i++) { /* the team's searches ended with it */
        q->h[i].search = NULL;
        q->h[i].late = false;
        q->h[i].next = NULL;
    }
    return branch_in_turn(q, true);
}

/* ---- all of them ---- */

/* Returns the open target whose bound is nearest to the cutoff, or NULL. */
static nm_target *nearest(nm_state *s, const bool *tried)
{
    nm_target *best = NULL;
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        if (tried[i] || !t->tight || !nm_target_open(t)) continue;
        if (!best || t->margin_lo > best->margin_lo) best = t;
    }
    return best;
}

/* Returns true if points decide the lines of all cases, as in networks with one hidden layer. */
static bool all_cheap(const nm_state *s)
{
    bool all = true;
    for (size_t i = 0; i < s->q->n_cases; i++) all &= !s->cases[i].b || nm_point_fits(s->cases[i].b);
    return all;
}

/* Returns true if two targets may go together: their searches are dear, and do not depend on what others have found.
 * With several hidden layers they record nothing for certificates. */
static bool in_pairs(const queue *q)
{
    const double from = PAIRS_FROM * nm_job_shares_from(q->s->job);
    bool dear = q->n > 1 && q->s->q->objective == NM_FEASIBLE && !q->s->nearest;
    for (size_t i = 0; i < q->n; i++) {
        const nm_bounds *b = q->h[i].leaf.t->tight;
        dear = dear && nm_hidden_layers(b->p) > 1 && nm_crown_work(b) > from;
    }
    return dear;
}

/* Of a time limit it may use all that is left, or half of it if models are solved afterwards (nine tenths for closest,
 * and where models prove less: in deep networks, or with cheap nodes). */
bool nm_close_branch(nm_state *s, size_t nodes)
{
    const double part = !s->o->stages.solve ? 1
                        : s->nearest || nm_hidden_layers(s->p) > 1 || all_cheap(s) ? 0.9
                                                                                   : 0.5,
                 now = nm_wall();
    queue q = {.s = s, .h = NM_ARRAY(s->job, hunt, s->v->n_targets + 1), .nodes = nodes,
               .end = now + part * (s->deadline - now)};
    bool *tried = NM_ARRAY(s->job, bool, s->v->n_targets + 1);
    for (nm_target *t; (t = nearest(s, tried)); q.n++) {
        tried[t - s->v->targets] = true;
        q.h[q.n] = (hunt){.leaf = {s, t}, .q = &q, .i = q.n};
    }
    atomic_init(&q.wanted, q.n);
    return in_pairs(&q) ? branch_in_pairs(&q) : branch_in_turn(&q, false);
}
