/* start_file.c: writes a starting point beside a model, in the solver's format. It is only advice, so it is not
 * checked. The formats follow the manuals; those of CBC, HiGHS and lp_solve are run in the tests. */
#include "base/base.h"
#include "model/model.h"

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
    case NM_START_CBC: /* its reader fixes absent integers to 0, so all are listed */
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
    default: put_pairs(o, m, x, false, ""); /* SCIP would read a comment as an unknown name */
    }
    nm_out_done(o);
    return path;
}
