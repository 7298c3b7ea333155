/* trace.c: evaluates all units at an input in float64, as advice: no verdict depends on it. */
#include "base/base.h"
#include "program/program.h"

double *nm_trace(nm_job *job, const nm_program *p, const double *x)
{
    const nm_kernels *kernels = nm_kernels_pick();
    double *all = NM_ARRAY(job, double, p->n_units + 8);
    memcpy(all, x, p->blocks[0].n * sizeof *x);
    for (size_t b = 1; b < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        const double *src = k->src >= 0 ? all + p->blocks[k->src].first : NULL;
        double *y = NM_ARRAY(job, double, nm_pad8(k->n) + 8);
        for (size_t i = 0; i < k->n; i++) {
            if (k->kind == NM_AFFINE) y[i] = k->bias[i];
            if (k->kind == NM_RELU) y[i] = src[i] > 0 ? src[i] : 0;
            if (k->kind != NM_MAX) continue;
            y[i] = src[k->idx[k->ptr[i]]];
            for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) y[i] = fmax(y[i], src[k->idx[t]]);
        }
        for (size_t t = 0; t < k->n_lin; t++) {
            const nm_block *from = &p->blocks[k->lin[t].src];
            double *in = NM_ARRAY(job, double, nm_pad8(from->n) + 8);
            memcpy(in, all + from->first, from->n * sizeof *in);
            nm_lin_mv(job, kernels, &k->lin[t], in, y, NULL);
        }
        memcpy(all + k->first, y, k->n * sizeof *y);
    }
    return all;
}
