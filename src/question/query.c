/* query.c: the meaning of a question.
 *
 * A point of some case's input set that satisfies some clause of that case is a counterexample. A clause is an AND
 * of rows  sum coef*var <= rhs  over outputs (variables 0..n_out-1) and inputs (n_out..). */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "question/part.h"

bool nm_objective_closest(const char *s, nm_query *q)
{
    if (strncmp(s, "closest:", 8) || !nm_norm_find(s + 8, &q->norm)) return false;
    q->objective = NM_CLOSEST;
    return true;
}

void nm_objective_parse(nm_job *job, const char *s, const char *where, nm_query *q)
{
    q->objective = strcmp(s, "worst") == 0   ? NM_WORST
                   : strcmp(s, "range") == 0 ? NM_RANGE
                                             : NM_FEASIBLE;
    if (q->objective != NM_FEASIBLE || strcmp(s, "feasible") == 0 || nm_objective_closest(s, q))
        return;
    nm_throw(job, NM_EINPUT,
             "%s: objective %s; feasible, worst, closest:linf|l1|l2|l0 or range was expected",
             where, s);
}

void nm_query_worst(nm_job *job, const nm_query *q, const char *where)
{
    for (size_t i = 0; q->objective != NM_FEASIBLE && q->objective != NM_CLOSEST && i < q->n_cases;
         i++)
        for (size_t t = 0; t < q->cases[i].n_clauses; t++) {
            const nm_clause *c = &q->cases[i].clauses[t];
            if (c->n_rows != 1)
                nm_throw(job, NM_EUNSUP, "%s: objective worst or range needs clauses of one row",
                         where);
            if ((q->objective == NM_RANGE) != (c->goal != NM_NO_GOAL))
                nm_throw(job, NM_EINPUT, "%s: clause %s: a goal needs objective range", where,
                         c->name);
        }
}

void nm_query_names(nm_job *job, const nm_query *q, const char *where)
{
    nm_names all = {0};
    for (size_t i = 0; i < q->n_cases; i++)
        for (size_t t = 0; t < q->cases[i].n_clauses; t++) {
            const char *name = q->cases[i].clauses[t].name;
            if (!nm_names_add(job, &all, nm_span_of(name)))
                nm_throw(job, NM_EINPUT, "%s: two clauses are called %s", where, name);
        }
}

bool nm_query_box_has(const nm_case *c, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(x[i] >= c->lo[i] && x[i] <= c->hi[i])) return false;
    return true;
}

const double *nm_case_start(const nm_query *q, const nm_case *c)
{
    return c->gens ? c->gens->at : q->image;
}

static void say_range(nm_job *job, const nm_net *net, size_t i, const char *what)
{
    nm_note(job,
            "input %zu %s; %s states [%s,%s]: some programs clip inputs there; netmip evaluates the "
            "network as it is",
            i, what, net->path, nm_num_text(job, net->lo[i]), nm_num_text(job, net->hi[i]));
}

void nm_query_range(nm_job *job, const nm_net *net, const nm_query *q)
{
    for (size_t c = 0; net->lo && c < q->n_cases; c++)
        for (size_t i = 0; i < q->n_in && !q->cases[c].empty; i++) {
            const double lo = q->cases[c].lo[i], hi = q->cases[c].hi[i];
            if (lo >= net->lo[i] && hi <= net->hi[i]) continue;
            say_range(job, net, i,
                      nm_fmt(job, "may be in [%s,%s]", nm_num_text(job, lo), nm_num_text(job, hi)));
            return;
        }
}

void nm_net_range(nm_job *job, const nm_net *net, const double *x)
{
    for (size_t i = 0; net->lo && i < net->n_in; i++)
        if (!(x[i] >= net->lo[i] && x[i] <= net->hi[i])) {
            say_range(job, net, i, nm_fmt(job, "is %s", nm_num_text(job, x[i])));
            return;
        }
}

size_t nm_query_targets(const nm_query *q)
{
    size_t n = 0;
    for (size_t i = 0; i < q->n_cases; i++) n += q->cases[i].n_clauses;
    return n;
}

void nm_query_need_reals(nm_job *job, const nm_query *q, const char *what)
{
    if (q->float32)
        nm_throw(job, NM_EUNSUP,
                 "%s%sthe question is about float32, and %s about the reals; --arithmetic float32 of solve or batch "
                 "was expected",
                 q->path ? q->path : "", q->path ? ": " : "", what);
}
