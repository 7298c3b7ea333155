/* onnx_copy.c: copies nodes from another scope (a function's body or a branch) into the flat graph of an ONNX model.
 *
 * Bound names (parameters, outputs) are replaced by names of the graph; other values that the body makes get new names,
 * "prefix/name". A graph inside such a node keeps the names that it makes itself; they are renamed when that graph is
 * put into the flat graph in its turn. A function sees nothing outside of itself: any other name is an error there. An
 * attribute that refers to one of the function takes the call's value, else the function's default, else is omitted. */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/file/onnx_file.h"

enum {
    NODES = 1 << 22
}; /* limit on nodes after expansion, as functions that call functions may explode */

static void take(nm_onnx *o, const char *name)
{
    if (name && *name) nm_names_add(o->job, &o->taken, nm_span_of(name));
}

static void take_node(nm_onnx *o, const NmPb__Node *n)
{
    for (size_t k = 0; k < n->n_output; k++) take(o, n->output[k]);
    for (size_t k = 0; k < n->n_input; k++) take(o, n->input[k]);
    for (size_t a = 0; a < n->n_attribute; a++)
        if (n->attribute[a]->g) nm_onnx_take(o, n->attribute[a]->g);
}

void nm_onnx_take(nm_onnx *o, const NmPb__Graph *g)
{
    for (size_t i = 0; i < g->n_initializer; i++) take(o, g->initializer[i]->name);
    for (size_t i = 0; i < g->n_sparse_initializer; i++)
        if (g->sparse_initializer[i]->values) take(o, g->sparse_initializer[i]->values->name);
    for (size_t i = 0; i < g->n_input; i++) take(o, g->input[i]->name);
    for (size_t i = 0; i < g->n_output; i++) take(o, g->output[i]->name);
    for (size_t i = 0; i < g->n_node; i++) take_node(o, g->node[i]);
}

void nm_onnx_bind(nm_onnx *o, nm_onnxscope *s, const char *local, const char *name)
{
    if (!*local || !nm_names_add(o->job, &s->from, nm_span_of(local))) return;
    if (!name) {
        name = nm_fmt(o->job, "%s/%s", s->prefix, local);
        while (!nm_names_add(o->job, &o->taken, nm_span_of(name)))
            name = nm_fmt(o->job, "%s_", name);
    }
    size_t n = s->from.n - 1;
    *NM_PUSH(o->job, s->to, n, s->cap) = name;
}

/* Returns true if the name is made in the graph itself, and so does not belong to the scope around it. */
static bool is_own(const NmPb__Graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_output; k++)
            if (strcmp(g->node[i]->output[k], name) == 0) return true;
    for (size_t i = 0; i < g->n_initializer; i++)
        if (g->initializer[i]->name && strcmp(g->initializer[i]->name, name) == 0) return true;
    for (size_t i = 0; i < g->n_sparse_initializer; i++) {
        const NmPb__Tensor *v = g->sparse_initializer[i]->values;
        if (v && v->name && strcmp(v->name, name) == 0) return true;
    }
    for (size_t i = 0; i < g->n_input; i++)
        if (g->input[i]->name && strcmp(g->input[i]->name, name) == 0) return true;
    return false;
}

const char *nm_onnx_renamed(const nm_onnx *o, const nm_onnxscope *s, const char *name)
{
    const int64_t at = *name ? nm_names_find(&s->from, nm_span_of(name)) : -1;
    if (at >= 0) return s->to[at];
    if (*name && s->is_closed)
        nm_throw(o->job, NM_EINPUT, "%s: %s: value \"%s\" is not defined in it", o->f.path, s->what,
                 name);
    return name;
}

/* The graphs around a node within the body, innermost first. */
typedef struct around {
    const NmPb__Graph *g;
    const struct around *next;
} around;

static char *renamed(const nm_onnx *o, const nm_onnxscope *s, const around *in, const char *name)
{
    for (; in; in = in->next)
        if (is_own(in->g, name)) break;
    const char *to = in ? name : nm_onnx_renamed(o, s, name);
    return nm_dup(o->job, to, strlen(to));
}

static NmPb__Node *copy(nm_onnx *o, const nm_onnxscope *s, const around *in, const NmPb__Node *n,
                        size_t index);

static NmPb__Graph *copy_graph(nm_onnx *o, const nm_onnxscope *s, const around *in,
                               const NmPb__Graph *g)
{
    NmPb__Graph *to = NM_NEW(o->job, NmPb__Graph);
    const around here = {g, in};
    *to = *g;
    to->node = NM_RAW(o->job, NmPb__Node *, g->n_node);
    for (size_t i = 0; i < g->n_node; i++) to->node[i] = copy(o, s, &here, g->node[i], i);
    to->output = NM_RAW(o->job, NmPb__ValueInfo *, g->n_output);
    for (size_t i = 0; i < g->n_output; i++) {
        to->output[i] = NM_NEW(o->job, NmPb__ValueInfo);
        *to->output[i] = *g->output[i];
        if (g->output[i]->name) to->output[i]->name = renamed(o, s, &here, g->output[i]->name);
    }
    return to;
}

/* Returns the attribute that the reference `a` stands for, or NULL if none is given. */
static const NmPb__Attribute *meant(const nm_onnxscope *s, const NmPb__Attribute *a)
{
    const NmPb__Attribute *given = nm_onnx_attr(s->call, a->ref_attr_name);
    for (size_t i = 0; !given && i < s->function->n_attribute_proto; i++) {
        const char *name = s->function->attribute_proto[i]->name;
        if (name && strcmp(name, a->ref_attr_name) == 0) given = s->function->attribute_proto[i];
    }
    return given;
}

static NmPb__Node *copy(nm_onnx *o, const nm_onnxscope *s, const around *in, const NmPb__Node *n,
                        size_t index)
{
    NmPb__Node *to = NM_NEW(o->job, NmPb__Node);
    *to = *n;
    to->name = nm_fmt(o->job, "%s/%s", s->prefix, nm_onnx_node_name(o, n, index));
    to->input = NM_RAW(o->job, char *, n->n_input);
    for (size_t k = 0; k < n->n_input; k++) to->input[k] = renamed(o, s, in, n->input[k]);
    to->output = NM_RAW(o->job, char *, n->n_output);
    for (size_t k = 0; k < n->n_output; k++) to->output[k] = renamed(o, s, in, n->output[k]);
    to->attribute = NM_RAW(o->job, NmPb__Attribute *, n->n_attribute);
    to->n_attribute = 0;
    for (size_t k = 0; k < n->n_attribute; k++) {
        const NmPb__Attribute *a = n->attribute[k],
                              *given = s->call && a->ref_attr_name && *a->ref_attr_name
                                           ? meant(s, a)
                                           : a;
        if (!given) continue;
        NmPb__Attribute *own = NM_NEW(o->job, NmPb__Attribute);
        *own = *given;
        own->name = a->name;
        if (a->g && given == a) own->g = copy_graph(o, s, in, a->g);
        to->attribute[to->n_attribute++] = own;
    }
    return to;
}

void nm_onnx_put(nm_onnx *o, const nm_onnxscope *s, size_t n, NmPb__Node *const *nodes)
{
    if (n > NODES - o->n_nodes || o->n_nodes > NODES)
        nm_throw(o->job, NM_EUNSUP, "%s: %s: more than %d nodes once functions are put in",
                 o->f.path, s->what, NODES);
    for (size_t i = 0; i < n; i++)
        *NM_PUSH(o->job, o->nodes, o->n_nodes, o->cap_nodes) = copy(o, s, NULL, nodes[i], i);
}

void nm_onnx_identity(nm_onnx *o, const char *from, const char *to)
{
    NmPb__Node *n = NM_NEW(o->job, NmPb__Node);
    nm_pb__node__init(n);
    n->op_type = nm_dup(o->job, "Identity", 8);
    n->input = NM_RAW(o->job, char *, 1);
    n->output = NM_RAW(o->job, char *, 1);
    n->input[n->n_input++] = nm_dup(o->job, from, strlen(from));
    n->output[n->n_output++] = nm_dup(o->job, to, strlen(to));
    *NM_PUSH(o->job, o->nodes, o->n_nodes, o->cap_nodes) = n;
}
