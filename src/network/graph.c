/* graph.c: builds a graph: constants, nodes, attributes, and names that are not taken yet. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

enum { ATTRS = 64 };

const char *nm_graph_const(nm_job *job, nm_graph *g, const char *name, nm_shape shape,
                           nm_dtype type, const double *x)
{
    nm_value v = {.name = name, .type = type, .shape = shape, .data = x, .maker = -1};
    v.n = nm_shape_size(job, shape);
    *NM_PUSH(job, g->consts, g->n_consts, g->cap_consts) = v;
    return name;
}

struct nm_rawnode *nm_graph_node(nm_job *job, nm_graph *g, const char *type, const char *name,
                                 const char *out, size_t n_in, const char *const *in)
{
    struct nm_rawnode *n = NM_PUSH(job, g->nodes, g->n_nodes, g->cap_nodes);
    *n = (struct nm_rawnode){.name = name, .type = type, .n_in = n_in, .n_out = 1};
    n->in = NM_RAW(job, const char *, n_in + 1);
    if (n_in) memcpy(n->in, in, n_in * sizeof *in);
    n->out = NM_RAW(job, const char *, 1);
    n->out[0] = out;
    n->attrs = NM_ARRAY(job, nm_attr, ATTRS);
    return n;
}

void nm_graph_attr(nm_job *job, const nm_graph *g, struct nm_rawnode *n, nm_attr a)
{
    for (int i = 0; i < n->n_attrs; i++)
        if (strcmp(n->attrs[i].name, a.name) == 0)
            nm_throw(job, NM_EINPUT, "%s: node \"%s\": attribute %s is given twice", g->path,
                     n->name, a.name);
    if (n->n_attrs == ATTRS)
        nm_throw(job, NM_EINPUT, "%s: node \"%s\": too many attributes", g->path, n->name);
    n->attrs[n->n_attrs++] = a;
}

void nm_graph_int(nm_job *job, const nm_graph *g, struct nm_rawnode *n, const char *name, int64_t i)
{
    nm_graph_attr(job, g, n, (nm_attr){.name = name, .kind = NM_A_INT, .i = i});
}

void nm_graph_ints(nm_job *job, const nm_graph *g, struct nm_rawnode *n, const char *name,
                   size_t count, const int64_t *list)
{
    int64_t *ints = NM_RAW(job, int64_t, count);
    if (count) memcpy(ints, list, count * sizeof *ints);
    nm_graph_attr(job, g, n, (nm_attr){.name = name, .kind = NM_A_INTS, .n = count, .ints = ints});
}

const char *nm_graph_fresh(nm_job *job, const nm_graph *g, const char *base)
{
    for (int tries = 0;; tries++) {
        const char *name = tries ? nm_fmt(job, "%s_%d", base, tries) : base;
        bool used = false;
        for (size_t i = 0; i < g->n_consts; i++) used |= strcmp(g->consts[i].name, name) == 0;
        for (size_t i = 0; i < g->n_inputs; i++) used |= strcmp(g->inputs[i].name, name) == 0;
        for (size_t i = 0; i < g->n_nodes; i++)
            for (size_t k = 0; k < g->nodes[i].n_out; k++)
                used |= strcmp(g->nodes[i].out[k], name) == 0;
        if (!used) return name;
    }
}
