/* fuzz_batch.h: the network of a graph as fuzz_readers.c uses it, fixed batches included. Included by it alone. */

typedef struct {
    nm_graph *g;
    nm_file f;
    nm_net *net;
} opening;

static void open_net(nm_job *job, void *arg)
{
    opening *o = arg;
    o->net = nm_net_new(job, o->g, o->f);
}

/* of a fixed batch one sample, where it can be taken apart, else all */
static const nm_net *new_net(nm_job *job, nm_graph *g, nm_file f)
{
    opening o = {g, f, NULL};
    g->samples = g->batch;
    for (size_t i = 0; g->batch && i < g->n_inputs; i++) g->inputs[i].shape.dim[0] = 1;
    if (g->batch && nm_run(job, open_net, &o) == NM_OK) return o.net;
    g->samples = 0;
    for (size_t i = 0; g->batch && i < g->n_inputs; i++) g->inputs[i].shape.dim[0] = g->batch;
    return nm_net_new(job, g, f);
}
