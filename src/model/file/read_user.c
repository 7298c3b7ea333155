/* read_user.c: models that other programs wrote (Pyomo, JuMP, gurobipy, PuLP, solvers): what their two readers,
 * read_user_mps.c and read_user_lp.c, share. The readers in read_mps.c and read_lp.c only read netmip's own files.
 *
 * A model is read completely or not at all. Whatever is more than a mixed-integer linear model is refused by name; so
 * is what solvers' readers interpret in different ways, if the difference would change the model. CBC's own reader of
 * LP files cannot be used here: CBC 2.10.8 was seen to lose the lower side of `-1 <= x - y <= 2`, names with brackets,
 * and "Maximize". Cost: a pass over the file, a pass over the matrix. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

#include <strings.h>

bool nm_user_number(nm_span s, double *x)
{
    const bool minus = s.s < s.end && *s.s == '-', sign = minus || (s.s < s.end && *s.s == '+');
    const char *p = s.s + sign;
    const size_t n = (size_t)(s.end - p);
    if ((n == 3 && strncasecmp(p, "inf", 3) == 0) ||
        (n == 8 && strncasecmp(p, "infinity", 8) == 0)) {
        *x = minus ? -INFINITY : INFINITY;
        return true;
    }
    if (!nm_num_parse(s.s, s.end, x)) return false;
    if (fabs(*x) >= NM_USER_INF) *x = *x < 0 ? -INFINITY : INFINITY;
    return true;
}

void nm_user_refuse(const nm_lines *l, const char *what)
{
    nm_throw_at(l->job, NM_EUNSUP, l->path, l->line, 1,
                "%s cannot be kept: a mixed-integer linear model with plain rows was expected",
                what);
}

void nm_user_column(nm_modelread *r, nm_span name, bool is_int)
{
    nm_modelread_col(r, name, is_int);
    r->m->cols[r->m->n_cols - 1].hi = INFINITY;
}

/* Merges the entries of a row that name the same column, at the place of the first one. */
static void merge(nm_userread *s, bool adds)
{
    nm_modelread *r = s->r;
    nm_model *m = r->m;
    size_t *at = NM_ARRAY(r->job, size_t, m->n_cols + 1),
           n = 0; /* 1 + the place of a column's entry in this row */
    for (size_t i = 0; i < m->n_rows; i++) {
        const size_t start = m->rows[i].start, end = nm_row_end(m, i), first = n;
        m->rows[i].start = n;
        for (size_t k = start; k < end; k++) {
            const uint32_t j = m->j[k];
            if (at[j] > first && !adds)
                nm_throw(r->job, NM_EINPUT, "%s: column %s is given twice in row %s", r->path,
                         m->cols[j].name, m->rows[i].name);
            if (at[j] > first) {
                m->c[at[j] - 1] += m->c[k];
                continue;
            }
            m->j[n] = j;
            m->c[n++] = m->c[k];
            at[j] = n;
        }
    }
    m->n_nz = n;
}

nm_usermodel nm_user_done(nm_userread *s, bool adds)
{
    nm_modelread *r = s->r;
    for (size_t j = 0; j < r->cols.n; j++) r->bounded[j] = true; /* its bounds are given or the default */
    nm_model *m = nm_modelread_done(r);
    merge(s, adds);
    for (size_t i = 0; i < m->n_rows; i++)
        if (!(m->rows[i].lo <= m->rows[i].hi) || m->rows[i].lo == INFINITY ||
            m->rows[i].hi == -INFINITY)
            nm_throw(r->job, NM_EINPUT, "%s: row %s: its lower side is above its upper side",
                     r->path, m->rows[i].name);
    for (size_t j = 0; j < m->n_cols; j++) {
        nm_col *c = &m->cols[j];
        if (!(c->lo <= c->hi) || c->lo == INFINITY || c->hi == -INFINITY)
            nm_throw(r->job, NM_EINPUT, "%s: column %s: its lower bound is above its upper bound",
                     r->path, c->name);
        if (s->u.maximised && c->obj != 0) c->obj = -c->obj;
    }
    if (s->u.maximised && m->constant != 0) m->constant = -m->constant;
    s->u.m = m;
    return s->u;
}
