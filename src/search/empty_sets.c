/* empty_sets.c: warns of input sets without a point, about which everything holds: nearly always a mistake in the
 * question. Boxes are seen by the reader; sets with rows are linear programs over the inputs alone, tried only where
 * the answer is `holds`. Left out: generators; balls are ignored. Cost: a linear program for each case with rows. */
#include "base/base.h"
#include "question/question.h"
#include "model/model.h"
#include "solver/solver.h"
#include "search/search.h"
#include "search/state.h"

/* Returns true if it is proven that rows and box have no point in common. */
static bool rows_exclude_all(nm_job *job, const nm_query *q, const nm_case *c)
{
    enum { ITERATIONS = 20000 };
    nm_model *m = nm_model_new(job, "inputs");
    const size_t n = q->n_in;
    for (size_t i = 0; i < n; i++) nm_model_col(job, m, nm_fmt(job, "x%zu", i), c->lo[i], c->hi[i], false);
    for (size_t r = 0; r < c->n_in_rows; r++) {
        const nm_row *row = &c->in_rows[r];
        uint32_t *j = NM_RAW(job, uint32_t, row->n + 1);
        for (size_t k = 0; k < row->n; k++) j[k] = row->var[k] - (uint32_t)q->n_out;
        nm_model_row(job, m, nm_fmt(job, "r%zu", r), -INFINITY, row->rhs, row->n, j, row->coef);
    }
    nm_clp *l = nm_clp_new(job, m);
    const double *cost = NM_ARRAY(job, double, n + 1);
    const bool empty = !nm_clp_solve(l, cost, ITERATIONS, NULL, NULL) && nm_clp_is_empty(l, c->lo, c->hi);
    nm_close(job, l);
    return empty;
}

void nm_warn_of_empty_sets(nm_job *job, const nm_query *q, int status)
{
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        const nm_mark mark = nm_mark_get(job);
        const bool by_rows = !c->empty && status == NM_OK && c->n_in_rows && !c->gens && rows_exclude_all(job, q, c);
        nm_mark_release(job, mark);
        if (c->empty || by_rows) nm_warn(job, "the input set of case %zu is empty: nothing can violate it", i);
    }
}
