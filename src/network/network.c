/* network.c: turns a graph of names into a Net: resolves values, puts the nodes into an order of evaluation, works out
 * shapes and folds constants.
 *
 * Order: depth first from the outputs; constants may be listed after their users, nodes in any order. A node whose
 * inputs are all constant is evaluated once, in float64, and becomes a constant. Nodes that no output needs are
 * dropped (prune.c). An attribute that the operator did not ask for is refused by name. The flat input is the
 * concatenation of the inputs that are not constants, in the graph's order; the flat output likewise. An operator that
 * no program can express but that keeps an order (Softmax, ArgMax), called a tail, may make an output: then the flat
 * output is what the tail reads, and final_operators.c decides which questions may be asked. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

typedef struct {
    const char *name;
    int value;
} slot;
typedef struct {
    slot *slots;
    size_t mask;
} table;

static uint32_t hash(const char *s)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static slot *lookup(const table *t, const char *name)
{
    size_t i = hash(name) & t->mask;
    while (t->slots[i].name && strcmp(t->slots[i].name, name)) i = (i + 1) & t->mask;
    return &t->slots[i];
}

static int add_value(nm_net *net, table *t, nm_value v)
{
    slot *s = lookup(t, v.name);
    if (s->name) return -1;
    *s = (slot){v.name, (int)net->n_values};
    net->values[net->n_values++] = v;
    return s->value;
}

static size_t count_names(const nm_graph *g)
{
    size_t n = g->n_consts + g->n_inputs;
    for (size_t i = 0; i < g->n_nodes; i++)
        n += g->nodes[i].n_out + (g->samples ? g->nodes[i].n_in : 0); /* one_sample.c makes constants */
    return n;
}

static void add_constants_and_inputs(nm_job *job, nm_net *net, const nm_graph *g, table *t)
{
    for (size_t i = 0; i < g->n_consts; i++) {
        nm_value v = g->consts[i];
        v.maker = -1;
        if (add_value(net, t, v) < 0)
            nm_throw(job, NM_EINPUT, "%s: constant \"%s\" is given twice", g->path, v.name);
    }
    net->inputs = NM_ARRAY(job, int, g->n_inputs + 1);
    for (size_t i = 0; i < g->n_inputs; i++) {
        nm_value v = g->inputs[i];
        v.maker = -1;
        const slot *s = lookup(t, v.name);
        if (s->name && net->values[s->value].data) continue; /* a constant that is listed as an input, too */
        if (!nm_dtype_is_real(v.type))
            nm_throw(job, NM_EUNSUP,
                     "%s: input \"%s\" is made of integers (%s); questions are about reals: export "
                     "it as float32",
                     g->path, v.name, nm_dtype_name(v.type));
        v.n = 1;
        for (int d = 0; d < v.shape.rank; d++)
            v.n = nm_mul_in(job, g->path, v.n, (size_t)v.shape.dim[d]);
        if (v.n == 0 || v.n > (1u << 27))
            nm_throw(job, NM_EUNSUP, "%s: input \"%s\" has shape %s; 1 to 2^27 elements were expected", g->path, v.name,
                     nm_shape_print(job, v.shape));
        const int at = add_value(net, t, v);
        if (at < 0) nm_throw(job, NM_EINPUT, "%s: input \"%s\" is given twice", g->path, v.name);
        net->inputs[net->n_inputs++] = at;
        net->n_in += v.n;
    }
    if (net->n_inputs == 0) nm_throw(job, NM_EINPUT, "%s: the network has no input", g->path);
}

static void add_outputs(nm_job *job, nm_net *net, const struct nm_rawnode *r, table *t, nm_node *n,
                        int at)
{
    n->out = NM_ARRAY(job, int, r->n_out + 1);
    for (size_t k = 0; k < r->n_out; k++) {
        if (k > 0 && !*r->out[k] && n->op->max_out == 1) continue;
        if (n->n_out == n->op->max_out)
            nm_refuse(job, net, n, "output \"%s\" besides the first%s is not supported%s", r->out[k],
                      n->n_out > 1 ? " ones" : "",
                      strcmp(n->type, "BatchNormalization") ? "" : ": " NM_TRAINING);
        n->out[n->n_out] = add_value(net, t, (nm_value){.name = r->out[k], .maker = at});
        if (n->out[n->n_out++] < 0)
            nm_throw(job, NM_EINPUT, "%s: node \"%s\": value \"%s\" is made twice", net->path,
                     r->name, r->out[k]);
    }
    if (n->n_out == 0)
        nm_throw(job, NM_EINPUT, "%s: node \"%s\" has no output", net->path, r->name);
}

static nm_node make_node(nm_job *job, nm_net *net, const nm_graph *g, const struct nm_rawnode *r,
                         table *t, int at)
{
    nm_node n = {.name = r->name,
                 .type = r->type,
                 .n_attrs = r->n_attrs,
                 .attrs = r->attrs,
                 .keeps = r->keeps};
    n.op = nm_op_find(job, r->type, g->any_case, &n.type);
    if (!n.op) nm_refuse(job, net, &n, "is not supported; %s", nm_op_guess(job, r->type));
    if (!n.op->eval) nm_refuse(job, net, &n, "%s", n.op->notes);
    if (net->opset < n.op->since || net->opset > n.op->until)
        nm_refuse(job, net, &n, "is read in opsets %d to %d; the file has opset %lld", n.op->since,
                  n.op->until, (long long)net->opset);
    add_outputs(job, net, r, t, &n, at);
    return n;
}

static void add_nodes(nm_job *job, nm_net *net, const nm_graph *g, table *t)
{
    net->nodes = NM_ARRAY(job, nm_node, g->n_nodes + 1);
    net->n_nodes = g->n_nodes;
    for (size_t i = 0; i < g->n_nodes; i++)
        net->nodes[i] = make_node(job, net, g, &g->nodes[i], t, (int)i);
    for (size_t i = 0; i < g->n_nodes; i++) {
        nm_node *n = &net->nodes[i];
        const struct nm_rawnode *r = &g->nodes[i];
        n->in = NM_ARRAY(job, int, r->n_in + 1);
        for (size_t k = 0; k < r->n_in; k++) {
            const slot *s = lookup(t, r->in[k]);
            if (*r->in[k] && !s->name)
                nm_throw(job, NM_EINPUT, "%s: node \"%s\": input \"%s\" is not defined", g->path,
                         n->name, r->in[k]);
            n->in[n->n_in++] = *r->in[k] ? s->value : -1;
        }
        while (n->n_in > 0 && n->in[n->n_in - 1] < 0) n->n_in--;
        if (n->n_in < n->op->min_in || n->n_in > n->op->max_in)
            nm_refuse(job, net, n, "%d inputs", n->n_in);
        /* an operator of any number of inputs needs all that are listed */
        const int needed = n->op->max_in > 9 ? n->n_in : n->op->min_in;
        for (int k = 0; k < needed; k++)
            if (n->in[k] < 0) nm_refuse(job, net, n, "input %d is missing", k);
    }
}

/* Walks depth first from the outputs, without recursion: order[] gets the nodes needed, inputs before users. */
static size_t sort_nodes(nm_job *job, const nm_net *net, int *order)
{
    enum { NEW, OPEN, DONE };
    unsigned char *state = NM_ARRAY(job, unsigned char, net->n_nodes + 1);
    int *stack = NM_RAW(job, int, net->n_nodes + 1), *next = NM_ARRAY(job, int, net->n_nodes + 1);
    size_t n = 0, depth = 0;
    for (size_t o = 0; o < net->n_outputs; o++) {
        const int root = net->values[net->outputs[o]].maker;
        if (root < 0 || state[root] == DONE) continue;
        stack[depth++] = root;
        state[root] = OPEN;
        while (depth) {
            const int at = stack[depth - 1];
            const nm_node *node = &net->nodes[at];
            if (next[at] == node->n_in) {
                state[at] = DONE;
                order[n++] = at;
                depth--;
                continue;
            }
            const int v = node->in[next[at]++], below = v < 0 ? -1 : net->values[v].maker;
            if (below < 0 || state[below] == DONE) continue;
            if (state[below] == OPEN)
                nm_throw(job, NM_EINPUT, "%s: the graph has a cycle at node \"%s\"", net->path,
                         node->name);
            state[below] = OPEN;
            stack[depth++] = below;
        }
    }
    return n;
}

static bool all_constant(const nm_net *net, const nm_node *n)
{
    for (int k = 0; k < n->n_in; k++)
        if (n->in[k] >= 0 && !net->values[n->in[k]].data) return false;
    return true;
}

static void fold(nm_job *job, nm_net *net, const nm_node *node)
{
    if (net->values[node->out[0]].data) return; /* its plan set the value */
    double **val = NM_ARRAY(job, double *, net->n_values);
    for (int k = 0; k < node->n_out; k++)
        val[node->out[k]] = NM_ARRAY(job, double, net->values[node->out[k]].n);
    const nm_mark mark = nm_mark_get(job); /* the memory of the evaluation is released below */
    for (int k = 0; k < node->n_in; k++) {
        if (node->in[k] < 0) continue;
        const nm_value *in = &net->values[node->in[k]];
        val[node->in[k]] = memcpy(NM_RAW(job, double, in->n), in->data, in->n * sizeof *in->data);
    }
    node->op->eval(&(nm_eval){.job = job, .net = net, .val = val}, node);
    nm_mark_release(job, mark);
    for (int k = 0; k < node->n_out; k++) {
        nm_value *out = &net->values[node->out[k]];
        for (size_t i = 0; i < out->n; i++)
            if (!isfinite(val[node->out[k]][i]))
                nm_refuse(job, net, node, "its constant value is not finite");
        nm_check_whole(job, net, node, out->type, out->n, val[node->out[k]]);
        out->data = val[node->out[k]];
    }
}

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *x = nm_in(net, node, 0);
    for (int k = 0; k < node->n_in; k++) { /* only a list of integers (a shape, axes) may be empty */
        const nm_value *v = nm_in(net, node, k);
        const bool end = strcmp(node->type, "Clip") == 0 && k > 0; /* an infinite end means no end */
        for (size_t i = 0; v && v->data && !end && i < v->n; i++)
            if (!isfinite(v->data[i]))
                nm_refuse(job, net, node, "element %zu of input %d is not finite", i, k);
        if (v && v->n == 0 && v->shape.rank != 1)
            nm_refuse(job, net, node, "input %d is empty: %s", k, nm_shape_print(job, v->shape));
    }
    nm_check_types(job, net, node);
    for (int k = 0; k < node->n_out; k++) net->values[node->out[k]].type = x ? x->type : NM_F32;
    node->op->plan(job, net, node);
    for (int k = 0; k < node->n_attrs; k++)
        if (!node->attrs[k].seen)
            nm_refuse(job, net, node, "attribute %s is not supported", node->attrs[k].name);
}

/* Checks what the reader of a format promised: broadcasting must not change the shape, nor repeat a constant. */
static void check_kept(nm_job *job, const nm_net *net, const nm_node *node)
{
    const nm_value *out = &net->values[node->out[0]], *x = nm_in(net, node, 0);
    if (node->keeps == NM_KEEPS_NOTHING) return;
    if (!nm_shape_eq(x->shape, out->shape))
        nm_refuse(job, net, node, "input of shape %s becomes %s; its parameters do not fit the input",
                  nm_shape_print(job, x->shape), nm_shape_print(job, out->shape));
    for (int k = 1; node->keeps == NM_KEEPS_ALL && k < node->n_in; k++)
        if (nm_in(net, node, k)->n != out->n)
            nm_refuse(job, net, node, "%zu elements for %zu units", nm_in(net, node, k)->n, out->n);
}

static void plan_all(nm_job *job, nm_net *net, nm_apart *samples)
{
    int *order = NM_RAW(job, int, net->n_nodes + 1);
    const size_t n = sort_nodes(job, net, order);
    nm_node *sorted = NM_ARRAY(job, nm_node, n + 1);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        nm_node *node = &net->nodes[order[i]];
        if (!node->op->lower)
            nm_refuse(job, net, node, "in the middle of a network: %s", node->op->notes);
        if (samples) nm_apart_before(job, net, samples, node);
        plan(job, net, node);
        check_kept(job, net, node);
        if (all_constant(net, node)) fold(job, net, node);
        for (int k = 0; k < node->n_out; k++)
            if (net->values[node->out[k]].data) net->values[node->out[k]].folded = node;
        if (samples) nm_apart_after(job, net, samples, node);
        if (!net->values[node->out[0]].data) sorted[kept++] = *node;
    }
    net->nodes = sorted;
    net->n_nodes = kept;
}

/* Lets an output that a tail makes, and nothing else reads, become what the tail reads. */
static void cut_tails(nm_job *job, nm_net *net)
{
    nm_node **tail = NM_ARRAY(job, nm_node *, net->n_outputs + 1);
    net->tail = tail;
    for (size_t k = 0; k < net->n_outputs; k++) {
        const int v = net->outputs[k], maker = net->values[v].maker;
        if (maker < 0 || net->nodes[maker].op->lower) continue;
        tail[k] = &net->nodes[maker];
        net->outputs[k] = tail[k]->in[0];
    }
}

static void note_tail(nm_job *job, const nm_net *net, const nm_node *n)
{
    const nm_tail *t = n->plan;
    if (t->kind != NM_RISING && t->len == 1)
        nm_warn(job,
                "%s: node \"%s\": %s along an axis of one element, so that its output is the same for every "
                "input: was another axis meant?",
                net->path, n->name, n->type);
    else
        nm_note(job,
                "%s: node \"%s\": %s at the output is left out of questions%s", net->path, n->name, n->type,
                net->n_out == 1 ? ", which are about the value before it"
                                : ": which of two outputs is larger is the same before it");
}

static void plan_tails(nm_job *job, nm_net *net, nm_apart *samples)
{
    for (size_t k = 0; k < net->n_outputs; k++) {
        if (!net->tail[k]) continue;
        if (samples) nm_apart_before(job, net, samples, net->tail[k]);
        plan(job, net, net->tail[k]);
        if (samples) nm_apart_after(job, net, samples, net->tail[k]);
        note_tail(job, net, net->tail[k]);
    }
}

/* Says where an output has not the shape that the file states; the first dimension may be a batch. */
static void check_stated(nm_job *job, const nm_net *net, const nm_graph *g)
{
    for (size_t i = 0; g->stated && i < net->n_outputs; i++) {
        const nm_shape s = g->stated[i];
        const nm_value *v = &net->values[net->tail[i] ? net->tail[i]->out[0] : net->outputs[i]];
        bool same = s.rank < 0 || s.rank == v->shape.rank;
        for (int d = s.rank > 1; d < s.rank && same; d++) same = !s.dim[d] || s.dim[d] == v->shape.dim[d];
        if (!same)
            nm_warn(job, "%s: output \"%s\" has shape %s, but the file states %s: is it whole?", net->path, v->name,
                    nm_shape_print(job, v->shape), nm_shape_print(job, s));
    }
}

nm_net *nm_net_new(nm_job *job, nm_graph *g, nm_file f)
{
    nm_net *net = NM_NEW(job, nm_net);
    nm_graph_prune(job, g);
    table t = {.mask = 15};
    const size_t names = count_names(g);
    while (t.mask < 2 * names) t.mask = 2 * t.mask + 1;
    t.slots = NM_ARRAY(job, slot, t.mask + 1);
    net->path = g->path;
    net->format = g->format;
    net->opset = g->opset;
    net->lo = g->lo;
    net->hi = g->hi;
    nm_sha256(f.data, f.n, net->hash);
    if (g->parts) {
        const char *all = nm_fmt(job, "%s%s", net->hash, g->parts);
        nm_sha256(all, strlen(all), net->hash);
    }
    net->values = NM_ARRAY(job, nm_value, names + 1);
    add_constants_and_inputs(job, net, g, &t);
    add_nodes(job, net, g, &t);
    net->outputs = NM_ARRAY(job, int, g->n_outputs + 1);
    for (size_t i = 0; i < g->n_outputs; i++) {
        const slot *s = lookup(&t, g->outputs[i]);
        if (!s->name)
            nm_throw(job, NM_EINPUT, "%s: output \"%s\" is not defined", g->path, g->outputs[i]);
        net->outputs[net->n_outputs++] = s->value;
    }
    if (net->n_outputs == 0) nm_throw(job, NM_EINPUT, "%s: the network has no output", g->path);
    cut_tails(job, net);
    nm_apart *samples = g->samples ? nm_apart_new(job, net, names, g->samples) : NULL;
    plan_all(job, net, samples);
    plan_tails(job, net, samples);
    if (samples) nm_apart_end(job, net, samples);
    check_stated(job, net, g);
    for (size_t i = 0; i < net->n_outputs; i++) {
        const nm_value *v = &net->values[net->outputs[i]];
        net->n_out += v->n;
        if (v->data)
            for (size_t k = 0; k < v->n; k++)
                if (!isfinite(v->data[k]))
                    nm_throw(job, NM_EINPUT, "%s: output \"%s\": element %zu is not finite", net->path,
                             v->name, k);
    }
    if (net->n_out == 0) nm_throw(job, NM_EUNSUP, "%s: the outputs have no elements", g->path);
    return net;
}

void nm_net_print(nm_buf *b, const nm_net *net)
{
    for (size_t i = 0; i < net->n_inputs; i++) {
        const nm_value *v = &net->values[net->inputs[i]];
        nm_put(b, "input %s %s\n", v->name, nm_shape_print(b->job, v->shape));
    }
    for (size_t i = 0; i < net->n_nodes; i++) {
        const nm_node *n = &net->nodes[i];
        nm_put(b, "node %s \"%s\" (", n->type, n->name);
        for (int k = 0; k < n->n_in; k++)
            nm_put(b, k ? ", %s" : "%s", n->in[k] < 0 ? "-" : net->values[n->in[k]].name);
        nm_put(b, ") ->");
        for (int k = 0; k < n->n_out; k++) {
            const nm_value *v = &net->values[n->out[k]];
            nm_put(b, k ? ", %s %s" : " %s %s", v->name, nm_shape_print(b->job, v->shape));
        }
        nm_put(b, "\n");
    }
    for (size_t i = 0; i < net->n_outputs; i++) {
        const nm_value *v = &net->values[net->outputs[i]];
        nm_put(b, "output %s %s", v->name, nm_shape_print(b->job, v->shape));
        if (net->tail[i]) nm_put(b, ", before %s \"%s\"", net->tail[i]->type, net->tail[i]->name);
        nm_put(b, "\n");
    }
}
