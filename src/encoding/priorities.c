/* priorities.c: branching priorities beside a model, in the solver's format.
 *
 * Binaries are sorted by g U (-L) / (U - L): the error of the unit's triangle (its height at a = 0) times how much the
 * unit moves the question (influence.c); candidates of a maximum by g times the width of their bounds. The formats
 * follow the manuals; CBC's is run in the tests. */
#include "base/base.h"
#include "program/program.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/reader.h"

#include <stdlib.h>

typedef struct {
    uint32_t j;
    double score;
} ranked;

static int by_score(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->j < y->j ? -1 : x->j > y->j;
}

/* Returns the binaries, the most important first. */
static ranked *rank(nm_job *job, const nm_enc *e, size_t *n)
{
    const nm_model *m = e->m;
    const nm_program *p = e->b->p;
    nm_modelname *row = NM_ARRAY(job, nm_modelname, m->n_rows + 1),
                 *col = NM_ARRAY(job, nm_modelname, m->n_cols + 1);
    for (size_t r = 0; r < m->n_rows; r++) row[r] = nm_modelname_parse(m->rows[r].name);
    for (size_t j = 0; j < m->n_cols; j++) col[j] = nm_modelname_parse(m->cols[j].name);
    const double *g = nm_model_gains(job, m, row, col);
    ranked *list = NM_ARRAY(job, ranked, m->n_cols + 1);
    *n = 0;
    for (size_t j = 0; j < m->n_cols; j++) {
        if (!m->cols[j].is_int || col[j].block < 0 || col[j].unit < 0) continue;
        const nm_block *k = &p->blocks[col[j].block];
        const size_t u = k->first + (size_t)col[j].unit;
        const size_t pre = k->kind == NM_RELU ? p->blocks[k->src].first + (size_t)col[j].unit : u;
        const double lo = e->b->lo[pre], hi = e->b->hi[pre];
        const double loss = k->kind == NM_RELU && lo < 0 && hi > 0 ? hi * -lo / (hi - lo) : hi - lo;
        list[(*n)++] = (ranked){(uint32_t)j, e->col[u] >= 0 ? g[e->col[u]] * loss : 0};
    }
    qsort(list, *n, sizeof *list, by_score);
    return list;
}

/* m: the model as written, whose columns are the encoding's */
const char *nm_write_priorities(nm_job *job, const nm_dialect *d, const nm_enc *e,
                                const nm_model *m, const char *stem)
{
    static const char *const end[] = {NULL,  "ord",           "ord", "priorities.csv",
                                      "dir", "priorities.cmd"};
    if (!d->order)
        nm_throw(job, NM_EUNSUP, "--priorities: dialect %s has no file of branching priorities",
                 d->name);
    const char *path = nm_fmt(job, "%s.%s", stem, end[d->order]);
    size_t n;
    const ranked *list = rank(job, e, &n);
    nm_out *o = nm_out_open(job, path);
    if (d->order == NM_ORDER_CPLEX) nm_out_put(o, "NAME          %s\n", m->name);
    if (d->order == NM_ORDER_GUROBI) nm_out_put(o, "# %s: higher first\n", m->name);
    if (d->order == NM_ORDER_CBC) nm_out_put(o, "name,priority\n");
    for (size_t i = 0; i < n; i++) {
        const char *name = m->cols[list[i].j].name;
        switch (d->order) {
        case NM_ORDER_CPLEX: nm_out_put(o, "    %s  %zu\n", name, n - i); break;
        case NM_ORDER_CBC: nm_out_put(o, "%s,%zu\n", name, i + 1); break; /* lower first */
        case NM_ORDER_XPRESS: nm_out_put(o, " PR %s %zu\n", name, 1 + 999 * i / n); break;
        case NM_ORDER_SCIP: nm_out_put(o, "set branching priority %s %zu\n", name, n - i); break;
        default: nm_out_put(o, "%s %zu\n", name, n - i);
        }
    }
    if (d->order == NM_ORDER_CPLEX) nm_out_put(o, "ENDATA\n");
    nm_out_done(o);
    return path;
}
