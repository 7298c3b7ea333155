/* plain_rows.h: indicators and sets as big-M rows over the columns' boxes, so that the embedded CBC solves them. */
#ifndef NM_PLAIN_H
#define NM_PLAIN_H
#include "test.h"

static inline nm_model *plain(nm_job *job, const nm_model *m)
{
    nm_model *p = nm_model_new(job, "plain");
    for (size_t j = 0; j < m->n_cols; j++) {
        nm_model_col(job, p, m->cols[j].name, m->cols[j].lo, m->cols[j].hi, m->cols[j].is_int);
        p->cols[j].obj = m->cols[j].obj;
    }
    for (size_t r = 0; r < m->n_rows; r++) {
        const nm_mrow *row = &m->rows[r];
        const size_t n = nm_row_end(m, r) - row->start;
        uint32_t *j = NM_RAW(job, uint32_t, n + 1);
        double *c = NM_RAW(job, double, n + 1), top = 0, hi = row->hi;
        for (size_t k = 0; k < n; k++) {
            j[k] = m->j[row->start + k];
            c[k] = m->c[row->start + k];
            top += fmax(c[k] * m->cols[j[k]].lo, c[k] * m->cols[j[k]].hi);
        }
        if (row->when >=
            0) { /* all of them have an upper side alone: c x <= hi, or top when the binary says so */
            const double big = top - row->hi;
            j[n] = (uint32_t)row->when;
            c[n] = row->on ? big : -big;
            hi += row->on ? big : 0;
        }
        nm_model_row(job, p, row->name, row->lo, hi, n + (row->when >= 0), j, c);
    }
    for (size_t s = 0; s < m->n_sos; s++) {
        const size_t n = m->sos[s].n;
        uint32_t *z = NM_RAW(job, uint32_t, n);
        double *one = NM_RAW(job, double, n);
        for (size_t t = 0; t < n; t++) {
            const uint32_t x = m->sos[s].j[t];
            z[t] = nm_model_col(job, p, nm_fmt(job, "b%zu_%zu", s, t), 0, 1, true);
            one[t] = 1;
            nm_model_row(job, p, "rs", -INFINITY, 0, 2, (const uint32_t[]){x, z[t]},
                         (const double[]){1, -m->cols[x].hi});
        }
        nm_model_row(job, p, "rone", -INFINITY, 1, n, z, one);
    }
    return p;
}
#endif
