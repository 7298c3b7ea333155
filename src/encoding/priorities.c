/* priorities.c: what stands beside a model: a start, branching priorities, the solver's options, each in the solver's
 * format.
 *
 * Priorities: binaries in the order of g U (-L) / (U - L), what the triangle of the unit may lose (its height at a = 0)
 * times how much the unit moves the question (influence.c); of a maximum's candidates, g times the width of its bounds.
 * Options ask for no gap, the tightest tolerances that the solver's manual allows, and the threads. A start is
 * advice: it is written as it is, and said to break the model where it does. Formats by their manuals; those of CBC,
 * HiGHS and lp_solve are run in the tests. */
#include "all.h"

#include <stdlib.h>

/* ---- starts ---- */

static void put_pairs(nm_out *o, const nm_model *m, const double *x, bool numbered,
                      const char *before)
{
    for (size_t j = 0; j < m->n_cols; j++) {
        if (numbered) nm_out_put(o, "%zu ", j);
        nm_out_put(o, "%s%s ", before, m->cols[j].name);
        nm_out_num(o, x[j]);
        nm_out_put(o, "\n");
    }
}

static void put_xml(nm_out *o, const nm_model *m, const double *x)
{
    nm_out_put(o,
               "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<CPLEXSolution "
               "version=\"1.2\">\n"
               " <header problemName=\"%s\"/>\n <variables>\n",
               m->name);
    for (size_t j = 0; j < m->n_cols; j++) {
        nm_out_put(o, "  <variable name=\"%s\" index=\"%zu\" value=\"", m->cols[j].name, j);
        nm_out_num(o, x[j]);
        nm_out_put(o, "\"/>\n");
    }
    nm_out_put(o, " </variables>\n</CPLEXSolution>\n");
}

const char *nm_write_start(nm_job *job, const nm_dialect *d, const nm_model *m, const double *x,
                           const char *stem)
{
    static const char *const end[] = {NULL, ".sol", ".mst", ".mst", ".txt", ".sol", ".slx"};
    if (!d->start) nm_throw(job, NM_EUNSUP, "--start: dialect %s has no file of starts", d->name);
    const char *path = nm_fmt(job, "%s.start%s", stem, end[d->start]);
    nm_out *o = nm_out_open(job, path);
    switch (d->start) {
    case NM_START_MIPLIB:
        nm_out_put(o, "=obj= ");
        nm_out_num(o, nm_model_objective(m, x));
        nm_out_put(o, "\n");
        put_pairs(o, m, x, false, "");
        break;
    case NM_START_CPLEX: put_xml(o, m, x); break;
    case NM_START_CBC: /* its reader fixes integers that are absent to 0: all are listed */
        nm_out_put(o, "Feasible - objective value ");
        nm_out_num(o, nm_model_objective(m, x));
        nm_out_put(o, "\n");
        put_pairs(o, m, x, true, "");
        break;
    case NM_START_XPRESS:
        nm_out_put(o, "NAME %s\n", m->name);
        put_pairs(o, m, x, false, " C  ");
        nm_out_put(o, "ENDATA\n");
        break;
    case NM_START_GUROBI:
        nm_out_put(o, "# start of %s\n", m->name);
        put_pairs(o, m, x, false, "");
        break;
    default: put_pairs(o, m, x, false, ""); /* SCIP: a comment would be an unknown name */
    }
    nm_out_done(o);
    return path;
}

/* ---- priorities ---- */

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

/* binaries, the most important first */
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

/* ---- options ---- */

const char *nm_write_options(nm_job *job, const nm_dialect *d, const char *model, const char *stem,
                             size_t threads)
{
    if (!d->options) nm_throw(job, NM_EUNSUP, "--options: dialect %s has no option file", d->name);
    const char *path = nm_fmt(job, "%s%s", stem, d->options_end);
    const char *const key[] = {"{threads}", "{model}", "{stem}"};
    const char *const value[] = {nm_fmt(job, "%zu", threads), model, stem};
    nm_out *o = nm_out_open(job, path);
    for (const char *s = d->options; *s;) {
        size_t k = 0;
        while (k < 3 && strncmp(s, key[k], strlen(key[k]))) k++;
        if (k < 3)
            nm_out_write(o, value[k], strlen(value[k]));
        else
            nm_out_write(o, s, 1);
        s += k < 3 ? strlen(key[k]) : 1;
    }
    nm_out_done(o);
    return path;
}
