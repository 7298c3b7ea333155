/* guard.c: how far a solver's tolerances can move the row of the question, and the guard that covers it.
 *
 * A solver accepts rows and bounds of columns that are violated by up to T, and a binary that is within Z of 0 or 1;
 * its presolve, pivots and pruning are correct only up to that. Let v be a column of a unit, and let a row of that unit
 * be
 *     c_v v + sum of c_k x_k + sum of c_z z <= side.
 * A shift of the row by T moves v by T / |c_v|, a shift of x_k by d moves it by d |c_k / c_v|, a binary off by Z moves
 * it by Z |c_z / c_v|. Let g(v) be how much the question's row moves with v (its coefficient there, plus its effect
 * through the rows of later units). Then the row moves by at most
 *     T + sum over columns of g(v) (T + max over its rows of T / |c_v| + sum over binaries of Z max |c_z / c_v|),
 *     g(k) = |q(k)| + sum over later units w of g(w) max over w's rows of |c_k / c_w|.
 * Signs are ignored, so effects that would cancel are counted as well. Rows with columns of their own (parts of a
 * partition, slacks of sets) are passed through these columns. Everything is found from names (row_names.c) and rounded
 * up. A target row that is relaxed by this amount excludes less than the question even if all tolerances act together,
 * so "infeasible" from a solver that respects these tolerances excludes the question itself. Cost: a few passes over
 * the rows. */
#include "base/base.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/reader.h"

typedef struct {
    nm_job *job;
    const nm_model *m;
    nm_modelname *row, *col;
    size_t *first, *of; /* rows of each column's unit: of[first[j]] .. of[first[j + 1]] */
    double *g;          /* [n_cols] */
    nm_tolerance tol;
} budget;

static bool same_unit(nm_modelname a, nm_modelname b)
{
    return a.block == b.block && a.unit == b.unit;
}

static bool is_units(nm_modelname k) { return k.block > 0 && k.unit >= 0; }

/* Lists, for each column of a unit, the rows of that unit that hold it. */
static void list_rows(budget *b)
{
    const nm_model *m = b->m;
    b->first = NM_ARRAY(b->job, size_t, m->n_cols + 2);
    b->of = NM_RAW(b->job, size_t, m->n_nz + 1);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t r = 0; r < m->n_rows; r++)
            for (size_t k = m->rows[r].start; is_units(b->row[r]) && k < nm_row_end(m, r); k++) {
                const uint32_t j = m->j[k];
                if (m->cols[j].is_int || !same_unit(b->row[r], b->col[j])) continue;
                if (pass == 0)
                    b->first[j + 2]++;
                else
                    b->of[b->first[j + 1]++] = r;
            }
        for (size_t j = 0; pass == 0 && j < m->n_cols; j++) b->first[j + 2] += b->first[j + 1];
    }
}

static double coef_of(const nm_model *m, size_t r, uint32_t j)
{
    for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++)
        if (m->j[k] == j) return fabs(m->c[k]);
    return 0;
}

/* Adds the effect of g(j) to the columns in the rows of j's unit; returns by how much their shifts and binaries
 * move j. */
static double spread(budget *b, uint32_t j, double *most)
{
    const nm_model *m = b->m;
    double shift = 0, bins = 0;
    for (size_t i = b->first[j]; i < b->first[j + 1]; i++) {
        const size_t r = b->of[i];
        const double own = coef_of(m, r, j);
        shift = fmax(shift, b->tol.primal / own);
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++)
            most[m->j[k]] = fmax(most[m->j[k]], fabs(m->c[k]) / own);
        if (m->rows[r].when >= 0) most[m->rows[r].when] = fmax(most[m->rows[r].when], 1 / own);
    }
    for (size_t i = b->first[j]; i < b->first[j + 1]; i++) {
        const size_t r = b->of[i];
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
            const uint32_t c = m->j[k];
            if (c == j || most[c] == 0) continue;
            const bool later = same_unit(b->col[c], b->col[j]) ? c > j : c < j;
            if (m->cols[c].is_int)
                bins += b->tol.integral * most[c];
            else if (later)
                b->g[c] += b->g[j] * most[c];
            most[c] = 0;
        }
        most[j] = 0;
    }
    return shift + bins;
}

/* A unit's own columns (parts, slacks) come after all values in the model, but are treated right after their unit. */
static void pass_unit(budget *b, uint32_t j, double *most, double *sum)
{
    if (b->g[j] == 0) return;
    *sum += b->g[j] * (b->tol.primal + spread(b, j, most));
}

static double total(budget *b)
{
    const nm_model *m = b->m;
    double sum = b->tol.primal, *most = NM_ARRAY(b->job, double, m->n_cols + 1);
    for (size_t j = m->n_cols; j-- > 0;) {
        if (m->cols[j].is_int || b->col[j].kind[0] != 'v') continue;
        pass_unit(b, (uint32_t)j, most, &sum);
        for (size_t k = j + 1; is_units(b->col[j]) && k < m->n_cols; k++)
            if (!m->cols[k].is_int && b->col[k].kind[0] != 'v' && same_unit(b->col[k], b->col[j]))
                pass_unit(b, (uint32_t)k, most, &sum);
    }
    for (size_t j = 0; j < m->n_cols; j++) /* inputs, distances */
        if (!m->cols[j].is_int && !is_units(b->col[j])) sum += b->g[j] * b->tol.primal;
    return sum * (1 + 1e-6);
}

double nm_model_budget(nm_job *job, const nm_model *m, size_t row, nm_tolerance tol)
{
    const nm_mark mark = nm_mark_get(job);
    budget b = {job,
                m,
                NM_RAW(job, nm_modelname, m->n_rows + 1),
                NM_RAW(job, nm_modelname, m->n_cols + 1),
                NULL,
                NULL,
                NM_ARRAY(job, double, m->n_cols + 1),
                tol};
    for (size_t r = 0; r < m->n_rows; r++) b.row[r] = nm_modelname_parse(m->rows[r].name);
    for (size_t j = 0; j < m->n_cols; j++) b.col[j] = nm_modelname_parse(m->cols[j].name);
    list_rows(&b);
    if (row == SIZE_MAX)
        for (size_t j = 0; j < m->n_cols; j++) b.g[j] = fabs(m->cols[j].obj);
    else
        for (size_t k = m->rows[row].start; k < nm_row_end(m, row); k++)
            b.g[m->j[k]] = fabs(m->c[k]);
    const double sum = total(&b);
    nm_mark_release(job, mark);
    return sum;
}

double nm_model_guard(const nm_enc *e, nm_model *m, bool relax, nm_tolerance tol, const nm_scale *s)
{
    const int64_t tcol = e->tcol;
    double most = 0;
    for (size_t r = e->asked; r < e->asked + e->n_asked; r++) {
        const double d = nm_model_budget(e->job, m, r, tol),
                     own = tcol < 0 ? 1 : coef_of(m, r, (uint32_t)tcol);
        if (tcol < 0 && relax) m->rows[r].hi = nm_up(m->rows[r].hi + d);
        most = fmax(most, ldexp(own > 0 ? d / own : d, tcol < 0 ? s->row[r] : s->col[tcol]));
    }
    if (tcol >= 0 && relax) m->cols[tcol].hi = nm_up(m->cols[tcol].hi + ldexp(most, -s->col[tcol]));
    return e->n_asked ? most : ldexp(nm_model_budget(e->job, m, SIZE_MAX, tol), s->objective);
}
