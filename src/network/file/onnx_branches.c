/* onnx_branches.c: replaces an If whose condition is constant by the nodes of the branch that it takes.
 *
 * Exporters leave such nodes where a decision depends on shapes (squeeze, views). A condition is constant if what it
 * needs can be folded, which is found by planning that part of the graph as a network of its own. A condition that
 * needs another If is treated after that one. Values made in a branch get new names; names from outside stay. Cost: for
 * each If, planning the part of the network before its condition. */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/file/onnx_file.h"

static bool is_if(const NmPb__Node *n)
{
    return n->op_type && strcmp(n->op_type, "If") == 0 &&
           (!n->domain || !*n->domain || !strcmp(n->domain, "ai.onnx"));
}

/* Returns one of the marked If nodes whose condition needs no other If; n_nodes: none is left. */
static size_t next_if(nm_onnx *o, const bool *needed)
{
    size_t found = o->n_nodes;
    for (size_t i = 0; i < o->n_nodes; i++) {
        if (!needed[i] || !is_if(o->nodes[i])) continue;
        found = i;
        if (o->nodes[i]->n_input != 1) break; /* refused by the caller */
        nm_names read = {0};
        const char *condition = o->nodes[i]->input[0];
        const bool *below = nm_onnx_needed(o, 1, &condition, &read);
        bool free = true;
        for (size_t k = 0; k < o->n_nodes; k++) free &= !below[k] || !is_if(o->nodes[k]);
        if (free) break;
    }
    return found;
}

static bool taken(nm_onnx *o, const char *name, const char *condition)
{
    const nm_mark mark = nm_mark_get(o->job);
    nm_onnx copy = *o; /* files that it opens are freed with the mark */
    copy.parts = (nm_buf){0};
    nm_graph *g = nm_onnx_graph(&copy, 1, &condition);
    const nm_net *net = nm_net_new(o->job, g, (nm_file){o->f.path, (const unsigned char *)"", 0});
    const nm_value *v = &net->values[net->outputs[0]];
    if (!v->data)
        nm_throw(o->job, NM_EUNSUP,
                 "%s: node \"%s\": op If: its condition \"%s\" depends on the input; export the "
                 "network with fixed shapes, or say --input-shape",
                 o->f.path, name, condition);
    if (v->n != 1)
        nm_throw(o->job, NM_EINPUT, "%s: node \"%s\": op If: a condition of %zu elements",
                 o->f.path, name, v->n);
    const bool is = v->data[0] != 0;
    nm_mark_release(o->job, mark);
    return is;
}

/* Gives new names to the values that branch `g` makes itself. */
static void bind_locals(nm_onnx *o, nm_onnxscope *s, const NmPb__Graph *g)
{
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_output; k++)
            nm_onnx_bind(o, s, g->node[i]->output[k], NULL);
    for (size_t i = 0; i < g->n_initializer; i++) {
        NmPb__Tensor *t = NM_NEW(o->job, NmPb__Tensor);
        *t = *g->initializer[i];
        nm_onnx_bind(o, s, t->name ? t->name : "", NULL);
        const char *name = nm_onnx_renamed(o, s, t->name ? t->name : "");
        t->name = nm_dup(o->job, name, strlen(name));
        *NM_PUSH(o->job, o->dense, o->n_dense, o->cap_dense) = t;
    }
    for (size_t i = 0; i < g->n_sparse_initializer; i++) {
        NmPb__SparseTensor *t = NM_NEW(o->job, NmPb__SparseTensor);
        *t = *g->sparse_initializer[i];
        if (!t->values) continue; /* refused where it is read */
        t->values = NM_NEW(o->job, NmPb__Tensor);
        *t->values = *g->sparse_initializer[i]->values;
        nm_onnx_bind(o, s, t->values->name ? t->values->name : "", NULL);
        const char *name = nm_onnx_renamed(o, s, t->values->name ? t->values->name : "");
        t->values->name = nm_dup(o->job, name, strlen(name));
        *NM_PUSH(o->job, o->sparse, o->n_sparse, o->cap_sparse) = t;
    }
}

static bool makes(const NmPb__Graph *g, const char *name, size_t before)
{
    bool made = false;
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_output; k++)
            made |= strcmp(g->node[i]->output[k], name) == 0;
    for (size_t i = 0; i < before; i++)
        made &= !g->output[i]->name || strcmp(g->output[i]->name, name) != 0;
    return made;
}

static void put_branch(nm_onnx *o, const NmPb__Node *n, const char *name, const NmPb__Graph *g)
{
    nm_onnxscope s = {.prefix = name, .what = nm_fmt(o->job, "node \"%s\": op If", name)};
    if (n->n_output > g->n_output || g->n_input)
        nm_throw(o->job, NM_EINPUT,
                 "%s: %s: a branch of %zu inputs and %zu outputs; 0 and %zu were expected",
                 o->f.path, s.what, g->n_input, g->n_output, n->n_output);
    for (size_t k = 0; k < n->n_output; k++) {
        const char *own = g->output[k]->name ? g->output[k]->name : "";
        if (*n->output[k] && makes(g, own, k)) nm_onnx_bind(o, &s, own, n->output[k]);
    }
    bind_locals(o, &s, g);
    nm_onnx_put(o, &s, g->n_node, g->node);
    for (size_t k = 0; k < n->n_output; k++) {
        const char *own = g->output[k]->name ? g->output[k]->name : "";
        if (*n->output[k] && !makes(g, own, k))
            nm_onnx_identity(o, nm_onnx_renamed(o, &s, own), n->output[k]);
    }
}

void nm_onnx_branches(nm_onnx *o, size_t n, const char *const *outputs)
{
    for (;;) {
        nm_names read = {0};
        const bool *needed = nm_onnx_needed(o, n, outputs, &read);
        const size_t at = next_if(o, needed);
        if (at == o->n_nodes) return;
        const NmPb__Node *node = o->nodes[at];
        const char *name = nm_onnx_node_name(o, node, at);
        const NmPb__Attribute *yes = nm_onnx_attr(node, "then_branch"),
                              *no = nm_onnx_attr(node, "else_branch");
        if (node->n_input != 1 || !yes || !no || !yes->g || !no->g)
            nm_throw(o->job, NM_EINPUT,
                     "%s: node \"%s\": op If without a condition and two branches", o->f.path,
                     name);
        const NmPb__Graph *g = taken(o, name, node->input[0]) ? yes->g : no->g;
        NmPb__Node **before = o->nodes;
        const size_t count = o->n_nodes;
        o->nodes = NULL;
        o->n_nodes = o->cap_nodes = 0;
        for (size_t i = 0; i < count; i++)
            if (i == at)
                put_branch(o, node, name, g);
            else
                *NM_PUSH(o->job, o->nodes, o->n_nodes, o->cap_nodes) = before[i];
        nm_onnx_functions(o, n, outputs);
    }
}
