/* root_tree.c: the tree of cheap nodes (lane_tree.c) at the root of a target's search, which is not thrown away if it
 * does not close the target at once: branch.c goes on with it beside its own nodes.
 *
 * A node of branch.c costs a hundred times as much as one in lanes. It is worth that where hulls over several inputs,
 * or new bounds of units, gain much; where they do not, ten thousand nodes in lanes are the quicker proof. The root's
 * row is bounded by both, and this tells which it is: if the lanes' bound is the better one, though they know no hulls,
 * the tree in lanes gets SHARE times the work of the other nodes; otherwise it gets no more than at the start. Work is
 * counted, not time, so that the answer is the same for any number of threads. Memory is that of the tree's stack, in a
 * job of its own. Left out: words for certificates, which searches with several hidden layers do not have. */
#include "base/base.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"
#include "search/trees.h"

static const double SHARE = 8;

struct nm_root_tree {
    nm_job *job;
    nm_lane_search *t;
    nm_lane_tree out;
    nm_pseudo *cost;
    double work;     /* from the start on, that it may have used by now */
    bool wins;       /* its root is bounded better than by hulls */
    bool late;       /* a deadline stopped it before it had decided to stop */
};

nm_root_tree *nm_root_tree_new(nm_job *job)
{
    nm_job *own = nm_job_own(job);
    nm_root_tree *r = NM_NEW(own, nm_root_tree);
    *r = (nm_root_tree){.job = own};
    return r;
}

void nm_root_tree_until(nm_root_tree *r, double deadline) { nm_job_set_deadline(r->job, deadline); }

void nm_root_tree_drop(nm_job *job, nm_root_tree *r) { nm_close(job, r->job); }

static void go_on(nm_job *job, void *arg)
{
    nm_root_tree *r = arg;
    r->out = nm_lane_tree_go_on(r->t, r->work);
    r->late = nm_stopped(job);
}

typedef struct {
    nm_root_tree *r;
    nm_lane_root root;
} start;

static void open_it(nm_job *job, void *arg)
{
    const start *s = arg;
    const nm_lane_root *o = &s->root;
    double *slope = NM_RAW(job, double, o->b->p->n_units);
    memcpy(slope, o->slope, o->b->p->n_units * sizeof *slope);
    s->r->cost = nm_pseudo_new(job, o->b->p->n_units, o->known);
    s->r->t = nm_lane_tree_open(job, nm_bounds_copy(job, o->b), o->row, o->rhs, slope, s->r->cost, (nm_lane_opts){0});
    go_on(job, s->r);
    s->r->wins = s->r->out.root >= o->lo;
}

/* Runs f with the threads of the caller's job. */
static void run(nm_root_tree *r, nm_job *caller, void (*f)(nm_job *, void *), void *arg)
{
    nm_job_set_threads(r->job, nm_job_threads(caller));
    nm_job_set_idle(r->job, nm_job_idle(caller));
    const int code = nm_run(r->job, f, arg);
    nm_job_set_idle(r->job, NULL);
    if (code) nm_throw(caller, code, "%s", nm_job_message(r->job));
}

nm_lane_tree nm_root_tree_open(nm_root_tree *r, nm_job *caller, nm_lane_root root, double work)
{
    r->work = work;
    run(r, caller, open_it, &(start){r, root});
    return r->out;
}

bool nm_root_tree_grows(const nm_root_tree *r) { return r->t && r->out.nodes > 1 && !nm_lane_tree_stuck(r->t); }

nm_pseudo *nm_root_tree_cost(const nm_root_tree *r) { return r->cost; }

bool nm_root_tree_closes(nm_root_tree *r, nm_job *caller, double spent)
{
    if (!r->t || !r->wins || r->out.closed || nm_lane_tree_stuck(r->t)) return r->t && r->out.closed;
    if (!r->late && SHARE * spent <= r->out.work) return false;
    r->work = fmax(r->work, SHARE * spent);
    run(r, caller, go_on, r);
    return r->out.closed;
}
