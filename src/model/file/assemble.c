/* assemble.c: what the readers of model files share: columns and rows by name, and entries in any order, which are
 * sorted into rows at the end. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

nm_modelread *nm_modelread_new(nm_job *job, nm_file f)
{
    nm_modelread *r = NM_NEW(job, nm_modelread);
    *r = (nm_modelread){
        .job = job, .path = f.path, .l = nm_lines_new(job, f), .m = nm_model_new(job, "model")};
    return r;
}

size_t nm_modelread_find(nm_modelread *r, const nm_names *t, nm_span name)
{
    const int64_t k = nm_names_find(t, name);
    if (k < 0)
        nm_lines_bad(&r->l, t == &r->cols ? "the name of a known column" : "the name of a known row");
    return (size_t)k;
}

void nm_modelread_col(nm_modelread *r, nm_span name, bool is_int)
{
    if (!nm_names_add(r->job, &r->cols, name)) nm_lines_bad(&r->l, "a column that was not defined before");
    nm_model_col(r->job, r->m, r->cols.name[r->cols.n - 1], 0, 0, is_int);
    *NM_PUSH(r->job, r->bounded, r->n_bounded, r->cap_bounded) = false;
}

nm_mrow *nm_modelread_row(nm_modelread *r, nm_span name, double lo, double hi)
{
    if (!nm_names_add(r->job, &r->rows, name)) nm_lines_bad(&r->l, "a row that was not defined before");
    nm_mrow *row = NM_PUSH(r->job, r->row, r->n_rows, r->cap_rows);
    *row = (nm_mrow){lo, hi, r->rows.name[r->rows.n - 1], 0, -1, false, false};
    return row;
}

void nm_modelread_entry(nm_modelread *r, size_t row, uint32_t j, double c)
{
    *NM_PUSH(r->job, r->entry, r->n_entries, r->cap_entries) = (nm_modelentry){(uint32_t)row, j, c};
}

void nm_modelread_set(nm_modelread *r, nm_span name)
{
    nm_model_sos1(r->job, r->m, nm_span_dup(r->job, name), 0, NULL);
}

void nm_modelread_member(nm_modelread *r, size_t j)
{
    if (r->m->n_sos == 0) nm_lines_bad(&r->l, "the name of a set before its members");
    nm_sos1 *s = &r->m->sos[r->m->n_sos - 1];
    uint32_t *own = NM_RAW(r->job, uint32_t, s->n + 1);
    if (s->n) memcpy(own, s->j, s->n * sizeof *own);
    own[s->n++] = (uint32_t)j;
    s->j = own;
}

nm_model *nm_modelread_done(nm_modelread *r)
{
    nm_model *m = r->m;
    for (size_t j = 0; j < m->n_cols; j++)
        if (!r->bounded[j])
            nm_throw(r->job, NM_EINPUT, "%s: column %s has no bounds", r->path, m->cols[j].name);
    size_t *at = NM_ARRAY(r->job, size_t, r->n_rows + 2);
    uint32_t *j = NM_RAW(r->job, uint32_t, r->n_entries + 1);
    double *c = NM_RAW(r->job, double, r->n_entries + 1);
    for (size_t k = 0; k < r->n_entries; k++) at[r->entry[k].row + 2]++;
    for (size_t k = 0; k < r->n_rows; k++) at[k + 2] += at[k + 1];
    for (size_t k = 0; k < r->n_entries; k++) {
        const size_t to = at[r->entry[k].row + 1]++;
        j[to] = r->entry[k].j;
        c[to] = r->entry[k].c;
    }
    for (size_t k = 0; k < r->n_rows; k++) {
        const nm_mrow *row = &r->row[k];
        nm_model_row(r->job, m, row->name, row->lo, row->hi, at[k + 1] - at[k], j + at[k],
                     c + at[k]);
        if (row->when >= 0) nm_model_when(m, (uint32_t)row->when, row->on);
        if (row->is_cut) nm_model_is_cut(m);
    }
    return m;
}
