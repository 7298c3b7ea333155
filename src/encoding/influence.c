/* influence.c: an upper bound on how much a unit's value moves the row of the question: its coefficient there, and its
 * effect through the pre-activations of later units (rows ra):  g(u) = |q(u)| + sum over later units w of |c(w, u)|
 * g(w). First order, ignoring signs; found from the rows' names. Cost: one pass over the rows. */
#include "base/base.h"
#include "model/model.h"
#include "encoding/reader.h"

double *nm_model_gains(nm_job *job, const nm_model *m, const nm_modelname *row,
                       const nm_modelname *col)
{
    double *g = NM_ARRAY(job, double, m->n_cols + 1);
    size_t *of = NM_ARRAY(job, size_t, m->n_cols + 1); /* 1 + the row ra of a unit's column */
    for (size_t j = 0; j < m->n_cols; j++) g[j] = fabs(m->cols[j].obj);
    for (size_t r = 0; r < m->n_rows; r++)
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
            const uint32_t j = m->j[k];
            if (row[r].block < 0 && strcmp(row[r].kind, "rq") == 0)
                g[j] = fmax(g[j], fabs(m->c[k]));
            if (strcmp(row[r].kind, "ra") == 0 && !m->cols[j].is_int && col[j].kind[0] == 'v' &&
                col[j].block == row[r].block && col[j].unit == row[r].unit)
                of[j] = r + 1;
        }
    for (size_t j = m->n_cols; j-- > 0;) {
        if (of[j] == 0 || g[j] == 0) continue;
        for (size_t k = m->rows[of[j] - 1].start; k < nm_row_end(m, of[j] - 1); k++)
            if (m->j[k] < j) g[m->j[k]] += fabs(m->c[k]) * g[j];
    }
    return g;
}
