/* question_rows.c: adds the rows of a question to a Program as one more AFFINE block, so that rows can be bounded and
 * attacked. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"

/* Collects the entries of the rows that belong to block b, sorted by row. */
static size_t entries_of(const nm_program *p, int b, size_t n, const nm_row *const *rows,
                         uint32_t *row, uint32_t *col, double *w)
{
    size_t k = 0;
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < rows[r]->n; i++) {
            const uint32_t var = rows[r]->var[i];
            const int32_t u = var < p->n_out ? p->out[var]
                                             : (int32_t)(var - p->n_out + p->x_first);
            if (u < 0 || nm_program_block(p, (size_t)u) != b) continue;
            if (row) {
                row[k] = (uint32_t)r;
                col[k] = (uint32_t)((size_t)u - p->blocks[b].first);
                w[k] = rows[r]->coef[i];
            }
            k++;
        }
    return k;
}

nm_program *nm_program_with_rows(nm_job *job, const nm_program *old, size_t n,
                                 const nm_row *const *rows)
{
    nm_program *p = NM_NEW(job, nm_program);
    for (size_t b = 0; b < old->n_blocks; b++) {
        nm_program_add(job, p, old->blocks[b].kind, old->blocks[b].name, old->blocks[b].n);
        const size_t first = p->blocks[b].first;
        p->blocks[b] = old->blocks[b];
        p->blocks[b].first = first;
    }
    p->n_out = old->n_out;
    p->x_first = old->x_first;
    p->out = old->out;
    p->out_const = old->out_const;
    p->n_windows = old->n_windows;
    p->window = old->window;
    nm_block *q = nm_program_add(job, p, NM_AFFINE, "query", n);
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < rows[r]->n; i++)
            if (rows[r]->var[i] < p->n_out && p->out[rows[r]->var[i]] < 0)
                q->bias[r] += rows[r]->coef[i] * p->out_const[rows[r]->var[i]];
    for (int b = 0; b < (int)old->n_blocks; b++) {
        const size_t nnz = entries_of(p, b, n, rows, NULL, NULL, NULL);
        if (nnz == 0) continue;
        uint32_t *row = NM_RAW(job, uint32_t, nnz), *col = NM_RAW(job, uint32_t, nnz);
        double *w = NM_RAW(job, double, nnz);
        entries_of(p, b, n, rows, row, col, w);
        nm_lin *a = nm_block_lin(job, q, NM_SPARSE, b, n, p->blocks[b].n);
        nm_sparse_fill(job, a, nnz, row, col, w);
        a->fan = n;
        p->blocks[b].fan += n;
    }
    q->fan = 2;
    q->is_pre = true;
    return p;
}
