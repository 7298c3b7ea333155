/* bound_case.c: bounds of every unit over the input set of one case, if nothing else is asked for: intervals, CROWN,
 * then linear or mixed-integer programs by level. The rows of the case's clauses, and of outputs if wanted, are one
 * more block, which gets lower bounds only. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"

/* Returns the row Y_k, or -Y_k. */
static const nm_row *output(nm_job *job, size_t k, double sign)
{
    uint32_t *var = NM_NEW(job, uint32_t);
    double *coef = NM_NEW(job, double);
    nm_row *row = NM_NEW(job, nm_row);
    *var = (uint32_t)k;
    *coef = sign;
    *row = (nm_row){1, var, coef, 0};
    return row;
}

static void bound_all(nm_job *job, nm_bounds *b, const nm_unit_opts *o)
{
    const int last = (int)b->p->n_blocks - 1;
    if (o->bounds.all == NM_BY_INTERVAL)
        nm_interval(job, b, 1, last + 1);
    else
        nm_crown(job, b, (nm_crown_opts){.all_rows = o->all_rows, .query_block = last});
}

nm_bounds *nm_bound_case(nm_job *job, const nm_program *p, const nm_query *q, size_t icase, nm_unit_opts o)
{
    const nm_case *c = &q->cases[icase];
    size_t n = o.outputs ? 2 * p->n_out : 0;
    for (size_t t = 0; t < c->n_clauses; t++) n += c->clauses[t].n_rows;
    const nm_row **rows = NM_RAW(job, const nm_row *, n + 1);
    n = 0;
    for (size_t t = 0; t < c->n_clauses; t++)
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) rows[n++] = &c->clauses[t].rows[r];
    if (o.outputs)
        for (size_t k = 0; k < p->n_out; k++) {
            rows[n++] = output(job, k, 1);
            rows[n++] = output(job, k, -1);
        }
    const nm_work work = nm_work_of(job, p, c);
    const nm_program *with = nm_program_with_rows(job, work.p, n, rows);
    nm_bounds *b = nm_work_bounds(job, &work, with);
    nm_levels_check(job, &o.bounds, with);
    const size_t threads = nm_job_threads(job);
    nm_job_set_threads(job, o.threads);
    bound_all(job, b, &o);
    if (o.known && nm_known_meet(job, o.known, b, icase)) bound_all(job, b, &o);
    double *enough = NM_RAW(job, double, n + 1);
    for (size_t r = 0; r < n; r++) enough[r] = INFINITY;
    if (nm_levels_ask(&o.bounds)) nm_lp_tighten(job, b, (nm_lp_opts){&o.bounds, o.threads, enough, 0});
    nm_job_set_threads(job, threads);
    return b;
}
