/* lower.c: Net -> Program.
 *
 * Needs a planned Net, which it leaves unchanged; gives a finished Program. Each operator lowers itself through views
 * (lower_views.c). Where lowering adds two constants (an element of a Concat or of a Pad inside a sum), the sum is
 * rounded to double: constants folded by lowering define the network, just as those folded by the reader do. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

static nm_program *lower(nm_job *job, const nm_net *net, bool float32)
{
    nm_program *p = NM_NEW(job, nm_program);
    nm_lowering l = {.job = job, .net = net, .prog = p};
    l.view = NM_ARRAY(job, nm_view, net->n_values);
    nm_program_add(job, p, NM_INPUT, net->values[net->inputs[0]].name, net->n_in);
    for (size_t k = 0, at = 0; k < net->n_inputs; k++)
        for (size_t i = 0; i < net->values[net->inputs[k]].n; i++)
            nm_lower_view(&l, net->inputs[k])->unit[i] = (int32_t)at++;
    if (float32) nm_float32_check(job, net);
    for (size_t i = 0; i < net->n_nodes; i++) {
        const size_t from = p->n_blocks;
        net->nodes[i].op->lower(&l, &net->nodes[i]);
        if (float32) nm_float32_count(job, net, &net->nodes[i], p, from);
    }
    p->n_out = net->n_out;
    p->out = NM_RAW(job, int32_t, p->n_out);
    p->out_const = NM_ARRAY(job, double, p->n_out);
    for (size_t k = 0, at = 0; k < net->n_outputs; k++)
        for (size_t i = 0; i < net->values[net->outputs[k]].n; i++, at++) {
            p->out[at] = nm_lower_view(&l, net->outputs[k])->unit[i];
            p->out_const[at] = nm_lower_view(&l, net->outputs[k])->cst[i];
        }
    nm_program_finish(job, p);
    return p;
}

nm_program *nm_lower(nm_job *job, const nm_net *net) { return lower(job, net, false); }
nm_program *nm_lower_float32(nm_job *job, const nm_net *net) { return lower(job, net, true); }
