/* lower.c: Net -> Program, and a Program with the rows of a question below it.
 *
 * needs a planned Net; gives a finished Program; keeps the Net. Each op lowers itself through views (lower_views.c).
 * Where a constant term meets a constant term (an element of a Concat or of a Pad inside a sum) the sum is rounded to
 * double: constants folded by lowering are the network's meaning, as those folded by the reader are. */
#include "all.h"

static void open_views(nm_lowering *l)
{
    const nm_net *net = l->net;
    l->view = NM_ARRAY(l->job, nm_view, net->n_values);
    for (size_t v = 0; v < net->n_values; v++) {
        const nm_value *val = &net->values[v];
        nm_view *w = &l->view[v];
        *w = (nm_view){val->n, NM_RAW(l->job, int32_t, val->n), NM_ARRAY(l->job, double, val->n)};
        for (size_t i = 0; i < val->n; i++) {
            w->unit[i] = -1;
            if (val->data) w->cst[i] = val->data[i];
        }
    }
}

nm_program *nm_lower(nm_job *job, const nm_net *net)
{
    nm_program *p = NM_NEW(job, nm_program);
    nm_lowering l = {.job = job, .net = net, .prog = p};
    open_views(&l);
    nm_program_add(job, p, NM_INPUT, net->values[net->inputs[0]].name, net->n_in);
    for (size_t k = 0, at = 0; k < net->n_inputs; k++)
        for (size_t i = 0; i < net->values[net->inputs[k]].n; i++)
            l.view[net->inputs[k]].unit[i] = (int32_t)at++;
    for (size_t i = 0; i < net->n_nodes; i++) net->nodes[i].op->lower(&l, &net->nodes[i]);
    p->n_out = net->n_out;
    p->out = NM_RAW(job, int32_t, p->n_out);
    p->out_const = NM_ARRAY(job, double, p->n_out);
    for (size_t k = 0, at = 0; k < net->n_outputs; k++)
        for (size_t i = 0; i < net->values[net->outputs[k]].n; i++, at++) {
            p->out[at] = l.view[net->outputs[k]].unit[i];
            p->out_const[at] = l.view[net->outputs[k]].cst[i];
        }
    nm_program_finish(job, p);
    return p;
}

/* the entries of the rows that fall into block b, sorted by row */
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
