/* onnx_graph.c: turns the part of a flat ONNX graph that given values need into an nm_graph.
 *
 * Only nodes that the values need are read, and only constants that those nodes read: whatever else a file holds
 * (labels as text, operators of other domains, tensors of other element types) does not matter. A node needs what it,
 * and the graphs in its attributes, read. Cost: a pass over the nodes, and the constants that are read. */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/file/onnx_file.h"
#include "network/operator.h"

static const char *text(nm_job *job, const char *s) { return s ? nm_dup(job, s, strlen(s)) : ""; }

const NmPb__Attribute *nm_onnx_attr(const NmPb__Node *n, const char *name)
{
    for (size_t i = 0; i < n->n_attribute; i++)
        if (n->attribute[i]->name && strcmp(n->attribute[i]->name, name) == 0)
            return n->attribute[i];
    return NULL;
}

const char *nm_onnx_node_name(nm_onnx *o, const NmPb__Node *n, size_t index)
{
    return n->name && *n->name ? n->name
                               : nm_fmt(o->job, "%s_%zu", n->op_type ? n->op_type : "", index);
}

/* ---- what is needed ---- */

static void note_reads(nm_job *job, nm_names *read, const NmPb__Node *n)
{
    for (size_t k = 0; k < n->n_input; k++) nm_names_add(job, read, nm_span_of(n->input[k]));
    for (size_t a = 0; a < n->n_attribute; a++) {
        const NmPb__Graph *g = n->attribute[a]->g;
        if (!g) continue;
        for (size_t i = 0; i < g->n_node; i++) note_reads(job, read, g->node[i]);
        for (size_t i = 0; i < g->n_output; i++)
            if (g->output[i]->name) nm_names_add(job, read, nm_span_of(g->output[i]->name));
    }
}

bool *nm_onnx_needed(nm_onnx *o, size_t n, const char *const *values, nm_names *read)
{
    nm_names made = {0};
    size_t *maker = NULL, n_made = 0, cap = 0;
    bool *needed = NM_ARRAY(o->job, bool, o->n_nodes + 1), twice = false;
    for (size_t i = 0; i < o->n_nodes; i++)
        for (size_t k = 0; k < o->nodes[i]->n_output; k++) {
            const char *name = o->nodes[i]->output[k];
            if (!*name) continue;
            if (nm_names_add(o->job, &made, nm_span_of(name)))
                *NM_PUSH(o->job, maker, n_made, cap) = i;
            else
                twice = true;
        }
    for (size_t i = 0; i < n; i++) nm_names_add(o->job, read, nm_span_of(values[i]));
    if (twice)
        for (size_t i = 0; i < o->n_nodes; i++) { /* such names are refused later */
            needed[i] = true;
            note_reads(o->job, read, o->nodes[i]);
        }
    for (size_t at = 0; at < read->n; at++) { /* read grows while we walk it */
        const int64_t by = nm_names_find(&made, nm_span_of(read->name[at]));
        if (by < 0 || needed[maker[by]]) continue;
        needed[maker[by]] = true;
        note_reads(o->job, read, o->nodes[maker[by]]);
    }
    return needed;
}

/* ---- nodes ---- */

static const nm_value *value_of(nm_onnx *o, const NmPb__Attribute *a, const char *node,
                                const char *name)
{
    nm_value *v = NM_NEW(o->job, nm_value);
    if (a->type == 11 ? !a->sparse_tensor : !a->t)
        nm_throw(o->job, NM_EINPUT, "%s: node \"%s\": attribute %s has no tensor", o->f.path, node,
                 name);
    *v = a->type == 11 ? nm_onnx_sparse(o, a->sparse_tensor, name) : nm_onnx_tensor(o, a->t, name);
    return v;
}

/* Returns the attribute's kind. Files of IR version 1 omit it: then the field that is present tells. */
static int kind_of(const NmPb__Attribute *a)
{
    return a->type       ? a->type
           : a->t        ? 4
           : a->g        ? 5
           : a->has_f    ? 1
           : a->has_i    ? 2
           : a->has_s    ? 3
           : a->n_floats ? 6
                         : 7;
}

static nm_attr attribute(nm_onnx *o, const char *node, const NmPb__Attribute *a)
{
    nm_job *job = o->job;
    nm_attr out = {.name = text(job, a->name), .kind = NM_A_OTHER};
    if (a->ref_attr_name && *a->ref_attr_name)
        nm_throw(job, NM_EINPUT,
                 "%s: node \"%s\": attribute %s refers to an attribute of a function, but is not in one",
                 o->f.path, node, out.name);
    switch (kind_of(a)) {
    case 1:
        out.kind = NM_A_FLOAT;
        out.f = (double)a->f;
        break;
    case 2:
        out.kind = NM_A_INT;
        out.i = a->i;
        break;
    case 3:
        out.kind = NM_A_STR;
        out.s = a->s.data ? nm_dup(job, (char *)a->s.data, a->s.len) : "";
        break;
    case 4:
    case 11:
        out.kind = NM_A_TENSOR;
        out.tensor = value_of(o, a, node, out.name);
        break;
    case 6: {
        double *f = NM_RAW(job, double, a->n_floats);
        for (size_t i = 0; i < a->n_floats; i++) f[i] = (double)a->floats[i];
        out.kind = NM_A_FLOATS;
        out.n = a->n_floats;
        out.floats = f;
        break;
    }
    case 7:
        out.kind = NM_A_INTS;
        out.n = a->n_ints;
        out.ints = a->ints;
        break;
    default: break; /* a graph, texts and the like: no operator here asks for one */
    }
    return out;
}

/* Returns advice to choose one output, for a message about a node that only some outputs may need. */
static const char *choice(nm_onnx *o)
{
    const NmPb__Graph *g = o->model->graph;
    nm_buf b = {.job = o->job};
    for (size_t i = 0; g->n_output > 1 && i < g->n_output; i++)
        nm_put(&b, "%s\"%s\"",
               i ? ", " : "; if you need only one output, --output-name says which: ",
               g->output[i]->name ? g->output[i]->name : "");
    return b.n ? b.s : "";
}

static void read_node(nm_onnx *o, const NmPb__Node *n, struct nm_rawnode *r, size_t index)
{
    r->type = text(o->job, n->op_type);
    r->name = nm_onnx_node_name(o, n, index);
    if (n->domain && *n->domain && strcmp(n->domain, "ai.onnx"))
        nm_throw(o->job, NM_EUNSUP,
                 "%s: node \"%s\": op %s of domain \"%s\" is not supported; operators of ONNX "
                 "itself were expected: "
                 "export the network without a runtime's optimisations%s",
                 o->f.path, r->name, r->type, n->domain, choice(o));
    r->n_in = n->n_input;
    r->n_out = n->n_output;
    r->in = NM_RAW(o->job, const char *, n->n_input + 1); /* a copy, which may be changed */
    r->out = NM_RAW(o->job, const char *, n->n_output + 1);
    for (size_t k = 0; k < n->n_input; k++) r->in[k] = n->input[k];
    for (size_t k = 0; k < n->n_output; k++) r->out[k] = n->output[k];
    r->n_attrs = (int)n->n_attribute;
    r->attrs = NM_ARRAY(o->job, nm_attr, n->n_attribute + 1);
    for (size_t i = 0; i < n->n_attribute; i++)
        r->attrs[i] = attribute(o, r->name, n->attribute[i]);
}

static void read_constants(nm_onnx *o, nm_graph *g, const nm_names *read)
{
    g->consts = NM_ARRAY(o->job, nm_value, g->cap_consts);
    for (size_t i = 0; i < o->n_dense; i++) {
        const char *name = text(o->job, o->dense[i]->name);
        if (nm_names_find(read, nm_span_of(name)) >= 0)
            g->consts[g->n_consts++] = nm_onnx_tensor(o, o->dense[i], name);
    }
    for (size_t i = 0; i < o->n_sparse; i++) {
        const NmPb__Tensor *values = o->sparse[i]->values; /* its name is that of the sparse tensor */
        const char *name = text(o->job, values ? values->name : NULL);
        if (nm_names_find(read, nm_span_of(name)) >= 0)
            g->consts[g->n_consts++] = nm_onnx_sparse(o, o->sparse[i], name);
    }
}

nm_graph *nm_onnx_graph(nm_onnx *o, size_t n, const char *const *outputs)
{
    nm_graph *g = NM_NEW(o->job, nm_graph);
    nm_names read = {0};
    const bool *needed = nm_onnx_needed(o, n, outputs, &read);
    g->path = o->f.path;
    g->format = "onnx";
    g->opset = o->opset;
    g->cap_consts = o->n_dense + o->n_sparse + 1; /* later steps may add to all of them */
    g->cap_inputs = o->n_inputs + 1;
    g->cap_nodes = o->n_nodes + 1;
    g->inputs = NM_ARRAY(o->job, nm_value, g->cap_inputs);
    if (o->n_inputs) memcpy(g->inputs, o->inputs, o->n_inputs * sizeof *g->inputs);
    g->n_inputs = o->n_inputs;
    g->nodes = NM_ARRAY(o->job, struct nm_rawnode, g->cap_nodes);
    for (size_t i = 0; i < o->n_nodes; i++)
        if (needed[i]) read_node(o, o->nodes[i], &g->nodes[g->n_nodes++], i);
    read_constants(o, g,
                   &read); /* after the nodes, so that an unsupported operator is reported before a constant */
    g->outputs = NM_ARRAY(o->job, const char *, n + 1);
    for (size_t i = 0; i < n; i++) g->outputs[g->n_outputs++] = outputs[i];
    g->parts = o->parts.n ? o->parts.s : NULL;
    return g;
}
