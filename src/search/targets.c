/* targets.c: the targets of a question in progress: which are open, and which stage settled the others. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "judge/judge.h"
#include "search/search.h"
#include "search/state.h"

const char *nm_settled_name(nm_settled by)
{
    static const char *const name[] = {NULL, "evaluation", "bounds", "attack", "tree", "solver"};
    return name[by];
}

void nm_state_open(nm_state *s)
{
    nm_verdict *v = s->v;
    v->n_targets = nm_query_targets(s->q);
    v->targets = NM_ARRAY(s->job, nm_target, v->n_targets + 1);
    s->cases = NM_ARRAY(s->job, nm_bounded, s->q->n_cases + 1);
    for (size_t i = 0, at = 0; i < s->q->n_cases; i++) {
        const nm_case *c = &s->q->cases[i];
        s->cases[i].first = at;
        for (size_t t = 0; t < c->n_clauses; t++, at++)
            v->targets[at] = (nm_target){.icase = i,
                                         .iclause = t,
                                         .label = c->clauses[t].label,
                                         .name = c->clauses[t].name,
                                         .status = c->empty ? NM_OK : NM_UNKNOWN,
                                         .by = c->empty ? NM_BY_EVALUATION : NM_NOT_SETTLED,
                                         .margin_lo = -INFINITY,
                                         .objective = INFINITY,
                                         .bound = c->empty ? INFINITY : -INFINITY};
    }
}

bool nm_target_open(const nm_target *t) { return t->status == NM_UNKNOWN; }

void nm_target_close(const nm_state *s, nm_target *t, double lo)
{
    if (lo > t->margin_lo) t->margin_lo = lo;
    if (s->q->objective != NM_CLOSEST && lo > t->bound) t->bound = lo;
    t->status = NM_OK;
    t->by = NM_BY_BOUNDS;
}

size_t nm_hidden_layers(const nm_program *p)
{
    size_t relus = 0;
    for (size_t k = 0; k < p->n_blocks; k++) relus += p->blocks[k].kind == NM_RELU;
    return relus;
}

/* Takes a replay: a new witness, or a better incumbent. Returns true if that settles a decision question. */
bool nm_state_take(nm_state *s, const nm_replay *r, nm_settled by)
{
    nm_verdict *v = s->v;
    const nm_replay deployed = s->o->float32 ? nm_float32_replay(s, r) : *r;
    r = &deployed;
    nm_target *t = &v->targets[s->cases[r->icase].first + r->iclause];
    if (r->is_inside && r->margin64 < t->objective) t->objective = r->margin64;
    if (s->q->objective == NM_RANGE) {
        if (!r->is_inside || (t->best && r->margin64 >= t->best->margin64)) return false;
        nm_replay *best = NM_NEW(s->job, nm_replay);
        *best = *r;
        t->best = best;
        return false;
    }
    if (r->is_inside &&
        (!v->witness || (r->is_violated && !v->witness->is_violated) ||
         (r->is_violated == v->witness->is_violated && r->margin64 < v->witness->margin64)) &&
        (r->is_violated || s->q->objective == NM_WORST)) {
        nm_replay *keep = NM_NEW(s->job, nm_replay);
        *keep = *r;
        v->witness = keep;
    }
    if (!r->is_violated) return false;
    t->status = NM_VIOLATED;
    t->by = by;
    return s->q->objective == NM_FEASIBLE;
}

size_t nm_target_row(const nm_bounded *k, const nm_clause *c, size_t t)
{
    const size_t first = k->b->p->blocks[k->b->p->n_blocks - 1].first;
    size_t best = 0;
    for (size_t r = 1; r < c->n_rows; r++)
        if (k->b->lo[first + k->row[t][r]] - c->rows[r].rhs >
            k->b->lo[first + k->row[t][best]] - c->rows[best].rhs)
            best = r;
    return best;
}
