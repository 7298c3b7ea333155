/* op/act.c: Relu. */
#include "all.h"

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    nm_out_shape(job, net, node, 0, nm_in(net, node, 0)->shape);
}

static void eval(nm_eval *e, const nm_node *node)
{
    const double *x = e->val[node->in[0]];
    double *y = e->val[node->out[0]];
    for (size_t i = 0; i < e->net->values[node->out[0]].n; i++) {
        y[i] = x[i] > 0 ? x[i] : 0;
        /* surely off: exactly 0; else relu is 1-Lipschitz */
        if (e->err)
            e->err[node->out[0]][i] = x[i] + e->err[node->in[0]][i] <= 0 ? 0
                                                                         : e->err[node->in[0]][i];
    }
}

static void lower(nm_lowering *l, const nm_node *node)
{
    const int src = nm_lower_source(l, node, &l->view[node->in[0]]);
    const int block = nm_lower_block(l, node, NM_RELU, l->net->values[node->out[0]].n);
    l->prog->blocks[block].src = src;
    nm_lower_result(l, node, 0, block);
}

const nm_op nm_op_relu = {"Relu", 1, 1, plan, eval, lower};
