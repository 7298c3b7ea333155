/* writable_network.c: prepares a network for writing as netmip's JSON or as ONNX. What is written evaluates bit for bit
 * as the network that was read: constants are those of the planned graph, folded ones included, and nothing else is
 * rounded.
 *
 * What files can say in several ways is said in one (plain_nodes.c). ONNX has float32 attributes: if an alpha, beta or
 * epsilon is not a float32, it is multiplied or added into the constants that it acts on, in the same double arithmetic
 * as evaluation uses. Any other attribute that is not a float32 is refused by name. */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

/* Replaces input k by the constant x. */
static void replace(nm_job *job, nm_wnet *w, nm_wnode *n, int k, double *x)
{
    const nm_value v = w->values[n->in[k]];
    n->in[k] = nm_wnet_const(job, w, nm_fmt(job, "%s_", v.name), v.shape, v.n, x);
}

static bool is_float(const nm_attr *a) { return !a || (double)(float)a->f == a->f; }

/* Multiplies constant k by attribute `name`, and drops the attribute. */
static void scale(nm_job *job, nm_wnet *w, nm_wnode *n, int k, const char *name)
{
    const nm_attr *a = nm_wnode_attr(n, name);
    if (is_float(a)) return;
    if (k < n->n_in && n->in[k] >= 0) {
        const nm_value c = w->values[n->in[k]];
        double *x = NM_RAW(job, double, c.n);
        for (size_t i = 0; i < c.n; i++) x[i] = a->f * c.data[i];
        replace(job, w, n, k, x);
    }
    nm_wnode_drop(n, name);
}

static void add_epsilon(nm_job *job, nm_wnet *w, nm_wnode *n)
{
    nm_attr *a = nm_wnode_attr(n, "epsilon");
    if (is_float(a)) return;
    const nm_value var = w->values[n->in[4]];
    double *x = NM_RAW(job, double, var.n);
    for (size_t i = 0; i < var.n; i++) x[i] = var.data[i] + a->f;
    replace(job, w, n, 4, x);
    a->f = 0;
}

static void take_floats(nm_job *job, nm_wnet *w, nm_wnode *n)
{
    if (nm_wnode_is(n, "Gemm")) {
        scale(job, w, n, w->values[n->in[0]].data ? 0 : 1, "alpha");
        scale(job, w, n, 2, "beta");
    } else if (nm_wnode_is(n, "BatchNormalization")) {
        add_epsilon(job, w, n);
    }
    for (int i = 0; i < n->n_attrs; i++)
        if (n->attrs[i].kind == NM_A_FLOAT && !is_float(&n->attrs[i]))
            nm_throw(job, NM_EUNSUP,
                     "%s: node \"%s\": op %s: attribute %s is %.17g; ONNX has float32 there",
                     w->net->path, n->name, n->type, n->attrs[i].name, n->attrs[i].f);
}

static void count_uses(nm_job *job, nm_wnet *w)
{
    w->n_uses = w->n_values;
    w->uses = NM_ARRAY(job, size_t, w->n_uses + 1);
    for (size_t i = 0; i < w->n_nodes; i++)
        for (int k = 0; k < w->nodes[i].n_in; k++)
            if (w->nodes[i].in[k] >= 0) w->uses[w->nodes[i].in[k]]++;
    for (size_t i = 0; i < w->net->n_outputs; i++) w->uses[w->outputs[i]] += 2;
}

static void add_node(nm_job *job, nm_wnet *w, const nm_node *from)
{
    nm_wnode n = {.type = from->type, .name = from->name, .n_in = from->n_in, .out = from->out[0]};
    if (from->n_out != 1)
        nm_throw(job, NM_EUNSUP, "%s: node \"%s\": op %s: %d outputs cannot be written",
                 w->net->path, from->name, from->type, from->n_out);
    n.n_attrs = from->n_attrs;
    n.attrs = NM_RAW(job, nm_attr, (size_t)from->n_attrs + 1);
    n.in = NM_RAW(job, int, (size_t)from->n_in);
    if (n.n_attrs) memcpy(n.attrs, from->attrs, (size_t)n.n_attrs * sizeof *n.attrs);
    if (n.n_in) memcpy(n.in, from->in, (size_t)n.n_in * sizeof *n.in);
    nm_wnode_plain(job, w, &n);
    if (w->onnx) take_floats(job, w, &n);
    *NM_PUSH(job, w->nodes, w->n_nodes, w->cap_nodes) = n;
}

static void add_nodes(nm_job *job, nm_wnet *w, const nm_node *from)
{
    if (strcmp(from->type, "Split")) {
        add_node(job, w, from);
        return;
    }
    for (int k = 0; k < from->n_out; k++)
        *NM_PUSH(job, w->nodes, w->n_nodes, w->cap_nodes) = nm_wnode_part(job, w, from, k);
}

nm_wnet *nm_wnet_new(nm_job *job, const nm_net *net, bool onnx)
{
    nm_wnet *w = NM_NEW(job, nm_wnet);
    w->net = net;
    w->onnx = onnx;
    w->opset = (int)net->opset;
    for (size_t v = 0; v < net->n_values; v++)
        *NM_PUSH(job, w->values, w->n_values, w->cap_values) = net->values[v];
    for (size_t i = 0; i < net->n_nodes; i++) add_nodes(job, w, &net->nodes[i]);
    int *outputs = NM_RAW(job, int, net->n_outputs);
    for (size_t k = 0; k < net->n_outputs; k++) {
        outputs[k] = net->tail[k] ? net->tail[k]->out[0] : net->outputs[k];
        if (net->tail[k]) add_nodes(job, w, net->tail[k]);
    }
    w->outputs = outputs;
    count_uses(job, w);
    return w;
}
