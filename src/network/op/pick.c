/* pick.c: operators whose outputs consist of elements of their inputs, or a fill value. What each of them works out is
 * an nm_pick. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

void nm_pick_eval(nm_eval *e, const nm_node *node)
{
    for (int k = 0; k < node->n_out; k++) {
        const nm_pick *p = (const nm_pick *)node->plan + k;
        const int out = node->out[k];
        for (size_t i = 0; i < e->net->values[out].n; i++) {
            const int in = node->in[p->which ? p->which[i] : 0], at = p->at[i];
            const double fill = e->f32 ? (double)(float)p->fill : p->fill;
            e->val[out][i] = at < 0 ? fill : e->val[in][at];
            if (e->err) e->err[out][i] = at < 0 ? 0 : nm_eval_err(e, in, (size_t)at);
        }
    }
}

const int32_t *nm_pick_axes(nm_job *job, nm_shape in, nm_shape out, int64_t *const *map)
{
    const size_t n = nm_shape_size(job, out);
    int32_t *at = NM_RAW(job, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        int64_t rest = (int64_t)i, from = 0, step = 1;
        bool inside = true;
        for (int d = out.rank - 1; d >= 0; d--) {
            const int64_t k = map[d][rest % out.dim[d]];
            rest /= out.dim[d];
            inside &= k >= 0;
            from += k * step;
            step *= in.dim[d];
        }
        at[i] = inside ? (int32_t)from : -1;
    }
    return at;
}

void nm_pick_lower(nm_lowering *l, const nm_node *node)
{
    for (int k = 0; k < node->n_out; k++) {
        const nm_pick *p = (const nm_pick *)node->plan + k;
        nm_view *y = nm_lower_view(l, node->out[k]);
        for (size_t i = 0; i < y->n; i++) {
            const nm_view *x = nm_lower_view(l, node->in[p->which ? p->which[i] : 0]);
            y->unit[i] = p->at[i] < 0 ? -1 : x->unit[p->at[i]];
            y->cst[i] = p->at[i] < 0 ? p->fill : x->cst[p->at[i]];
        }
    }
}
