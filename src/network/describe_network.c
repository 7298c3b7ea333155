/* describe_network.c: what a network is made of: its nodes with the shapes that they give, their parameters and ReLUs,
 * and the blocks that it becomes; and the arrays of a file of weights. As a table, or as one JSON object. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    size_t params, relus;
} counts;

/* elements of the constants that node n reads and no node before it; integers steer and do not count */
static counts count(const nm_net *net, const nm_node *n, bool *seen)
{
    counts c = {0, 0};
    for (int k = 0; k < n->n_in; k++) {
        const nm_value *v = nm_in(net, n, k);
        if (!v || !v->data || v->type == NM_I64 || seen[n->in[k]]) continue;
        seen[n->in[k]] = true;
        c.params += v->n;
    }
    if (strcmp(n->type, "Relu") == 0) c.relus = net->values[n->out[0]].n;
    return c;
}

static size_t units(const nm_program *p, nm_kind kind)
{
    size_t n = 0;
    for (size_t b = 0; b < p->n_blocks; b++) n += p->blocks[b].kind == kind ? p->blocks[b].n : 0;
    return n;
}

static size_t parameters(nm_job *job, const nm_net *net)
{
    bool *seen = NM_ARRAY(job, bool, net->n_values + 1);
    size_t n = 0;
    for (size_t i = 0; i < net->n_nodes; i++) n += count(net, &net->nodes[i], seen).params;
    return n;
}

static const char *reads(nm_job *job, const nm_net *net, const nm_node *n)
{
    nm_buf b = {.job = job};
    for (int k = 0; k < n->n_in; k++)
        if (n->in[k] >= 0 && !net->values[n->in[k]].data)
            nm_put(&b, b.n ? " %s" : "%s", net->values[n->in[k]].name);
    return b.n ? b.s : "-";
}

static void put_range(nm_buf *b, const nm_net *net, size_t at, size_t n)
{
    if (!net->lo) return;
    double lo = net->lo[at], hi = net->hi[at];
    for (size_t i = at; i < at + n; i++) {
        lo = fmin(lo, net->lo[i]);
        hi = fmax(hi, net->hi[i]);
    }
    nm_put(b, ", stated range within [");
    nm_put_num(b, lo);
    nm_put(b, ",");
    nm_put_num(b, hi);
    nm_put(b, "]");
}

static int longer(int width, const char *s)
{
    return (int)strlen(s) > width ? (int)strlen(s) : width;
}

static void text(nm_job *job, nm_buf *b, const nm_net *net, const nm_program *p)
{
    bool *seen = NM_ARRAY(job, bool, net->n_values + 1);
    int w[4] = {2, 5, 5, 5};
    nm_put(b,
           "%s: %s, opset %lld, %zu inputs, %zu outputs, %zu nodes, %zu parameters, %zu ReLUs, %zu "
           "maxima\n",
           net->path, net->format, (long long)net->opset, net->n_in, net->n_out, net->n_nodes,
           parameters(job, net), units(p, NM_RELU), units(p, NM_MAX));
    for (size_t k = 0, at = 0; k < net->n_inputs; k++) {
        const nm_value *v = &net->values[net->inputs[k]];
        nm_put(b, "input %s %s", v->name, nm_shape_print(job, v->shape));
        put_range(b, net, at, v->n);
        nm_put(b, "\n");
        at += v->n;
    }
    for (size_t i = 0; i < net->n_nodes; i++) {
        const nm_value *v = &net->values[net->nodes[i].out[0]];
        w[0] = longer(w[0], net->nodes[i].type);
        w[1] = longer(w[1], v->name);
        w[2] = longer(w[2], nm_shape_print(job, v->shape));
        w[3] = longer(w[3], reads(job, net, &net->nodes[i]));
    }
    nm_put(b, "%-*s  %-*s  %-*s  %-*s  %10s  %8s\n", w[0], "op", w[1], "value", w[2], "shape", w[3],
           "reads", "parameters", "ReLUs");
    for (size_t i = 0; i < net->n_nodes; i++) {
        const nm_node *n = &net->nodes[i];
        const nm_value *v = &net->values[n->out[0]];
        const counts c = count(net, n, seen);
        nm_put(b, "%-*s  %-*s  %-*s  %-*s  %10zu  %8zu\n", w[0], n->type, w[1], v->name, w[2],
               nm_shape_print(job, v->shape), w[3], reads(job, net, n), c.params, c.relus);
    }
    for (size_t i = 0; i < net->n_outputs; i++) {
        const nm_value *v = &net->values[net->outputs[i]];
        nm_put(b, "output %s %s\n", v->name, nm_shape_print(job, v->shape));
    }
    nm_put(b, "as blocks:\n");
    nm_program_print(b, p);
}

static void json_value(nm_job *job, nm_buf *b, const nm_value *v)
{
    nm_put(b, "\"name\": ");
    nm_put_json(b, v->name);
    nm_put(b, ", \"shape\": %s", nm_shape_print(job, v->shape));
}

static void json_list(nm_buf *b, const char *key, const double *x, size_t n)
{
    nm_put(b, ", \"%s\": [", key);
    for (size_t i = 0; i < n; i++) {
        nm_put(b, i ? ", " : "");
        nm_put_num(b, x[i]);
    }
    nm_put(b, "]");
}

static void json_ends(nm_job *job, nm_buf *b, const nm_net *net)
{
    nm_put(b, ", \"inputs\": [");
    for (size_t k = 0, at = 0; k < net->n_inputs; k++) {
        const nm_value *v = &net->values[net->inputs[k]];
        nm_put(b, k ? ", {" : "{");
        json_value(job, b, v);
        if (net->lo) {
            json_list(b, "min", net->lo + at, v->n);
            json_list(b, "max", net->hi + at, v->n);
        }
        nm_put(b, "}");
        at += v->n;
    }
    nm_put(b, "], \"outputs\": [");
    for (size_t k = 0; k < net->n_outputs; k++) {
        nm_put(b, k ? ", {" : "{");
        json_value(job, b, &net->values[net->outputs[k]]);
        nm_put(b, "}");
    }
    nm_put(b, "]");
}

static void json(nm_job *job, nm_buf *b, const nm_net *net, const nm_program *p)
{
    bool *seen = NM_ARRAY(job, bool, net->n_values + 1);
    nm_put(b, "{\"file\": ");
    nm_put_json(b, net->path);
    nm_put(b, ", \"format\": \"%s\", \"sha256\": \"%s\", \"opset\": %lld", net->format, net->hash,
           (long long)net->opset);
    json_ends(job, b, net);
    nm_put(b, ", \"parameters\": %zu, \"relus\": %zu, \"maxima\": %zu, \"nodes\": [",
           parameters(job, net), units(p, NM_RELU), units(p, NM_MAX));
    for (size_t i = 0; i < net->n_nodes; i++) {
        const nm_node *n = &net->nodes[i];
        const counts c = count(net, n, seen);
        nm_put(b, "%s{\"op\": \"%s\", \"node\": ", i ? ", " : "", n->type);
        nm_put_json(b, n->name);
        nm_put(b, ", ");
        json_value(job, b, &net->values[n->out[0]]);
        nm_put(b, ", \"parameters\": %zu, \"relus\": %zu}", c.params, c.relus);
    }
    nm_put(b, "], \"blocks\": [");
    for (size_t i = 0; i < p->n_blocks; i++) {
        nm_put(b, "%s{\"kind\": \"%s\", \"units\": %zu, \"node\": ", i ? ", " : "",
               nm_kind_name(p->blocks[i].kind), p->blocks[i].n);
        nm_put_json(b, p->blocks[i].name);
        nm_put(b, "}");
    }
    nm_put(b, "]}\n");
}

void nm_inspect_net(nm_job *job, nm_buf *out, const nm_net *net, bool as_json)
{
    (as_json ? json : text)(job, out, net, nm_lower(job, net));
}

void nm_inspect_arrays(nm_job *job, nm_buf *b, const nm_arrays *a, bool as_json)
{
    if (as_json) nm_put(b, "{\"file\": "), nm_put_json(b, a->path);
    nm_put(b,
           as_json ? ", \"format\": \"%s\", \"sha256\": \"%s\", \"arrays\": ["
                   : "%s: %s, %zu arrays\n",
           as_json ? a->format : a->path, as_json ? a->hash : a->format, a->n);
    for (size_t i = 0; i < a->n; i++) {
        const nm_array *x = &a->a[i];
        const char *shape = nm_shape_print(job, x->t.shape),
                   *type = x->t.type == NM_F32 ? "float32" : "float64";
        if (!as_json) {
            nm_put(b, "%-24s  %-16s  %s\n", x->name, x->why ? "-" : shape, x->why ? x->why : type);
            continue;
        }
        nm_put(b, i ? ", {\"name\": " : "{\"name\": ");
        nm_put_json(b, x->name);
        nm_put(b, x->why ? ", \"why\": " : ", \"shape\": %s, \"type\": \"%s\"", shape, type);
        if (x->why) nm_put_json(b, x->why);
        nm_put(b, "}");
    }
    if (as_json) nm_put(b, "]}\n");
}
