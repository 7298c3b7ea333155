/* row.c: what every encoding uses to write: names of rows and columns, a row, a binary. */
#include "base/base.h"
#include "program/program.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

const char *nm_enc_name(const nm_enc *e, const char *kind, size_t u)
{
    const int b = nm_program_block(e->b->p, u);
    return nm_fmt(e->job, "%s%d_%zu", kind, b, u - e->b->p->blocks[b].first);
}

void nm_enc_row(nm_enc *e, const char *name, const nm_form *f, double sign, size_t n,
                const uint32_t *j, const double *c, double rhs)
{
    uint32_t *rj = NM_RAW(e->job, uint32_t, f->n + n + 1);
    double *rc = NM_RAW(e->job, double, f->n + n + 1);
    for (size_t k = 0; k < f->n; k++) {
        rj[k] = f->j[k];
        rc[k] = sign * f->c[k];
    }
    for (size_t k = 0; k < n; k++) {
        rj[f->n + k] = j[k];
        rc[f->n + k] = c[k];
    }
    nm_model_row(e->job, e->m, name, -INFINITY, rhs == 0 ? 0 : rhs, f->n + n, rj, rc);
}

uint32_t nm_enc_phase(nm_enc *e, size_t u)
{
    const uint32_t z = nm_model_col(e->job, e->m, nm_enc_name(e, "z", u), 0, 1, true);
    e->zcol[u] = (int32_t)z;
    return z;
}
