/* describe_network.c: describes a network: its nodes with the shapes of their outputs, their parameters and ReLUs, and
 * the blocks that it is lowered to; also lists the arrays of a file of weights. As a table, or as one JSON object. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    size_t params, relus;
} counts;

/* Counts the elements of the constants that node n is the first to read; integer constants only steer and do not
 * count. */
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
           "%s: %s, opset %lld, %s, %s, %s, %s, %s, %zu maxima\n", net->path, net->format, (long long)net->opset,
           nm_counted(job, net->n_in, "inputs"), nm_counted(job, net->n_out, "outputs"),
           nm_counted(job, net->n_nodes, "nodes"), nm_counted(job, parameters(job, net), "parameters"),
           nm_counted(job, units(p, NM_RELU), "ReLUs"), units(p, NM_MAX));
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
        nm_put(b, "output %s %s", v->name, nm_shape_print(job, v->shape));
        if (net->tail[i]) nm_put(b, ", before %s \"%s\"", net->tail[i]->type, net->values[net->tail[i]->out[0]].name);
        nm_put(b, "\n");
    }
    nm_put(b, "as blocks:\n");
    nm_program_print(b, p);
}

static void json_value(nm_job *job, nm_jo *j, const nm_value *v)
{
    nm_jo_str(j, "name", v->name);
    nm_jo_raw(j, "shape", nm_shape_print(job, v->shape));
}

static void json_ends(nm_job *job, nm_jo *j, const nm_net *net)
{
    nm_jo_list(j, "inputs");
    for (size_t k = 0, at = 0; k < net->n_inputs; k++) {
        const nm_value *v = &net->values[net->inputs[k]];
        nm_jo_object(j, NULL);
        json_value(job, j, v);
        if (net->lo) {
            nm_jo_nums(j, "min", net->lo + at, v->n);
            nm_jo_nums(j, "max", net->hi + at, v->n);
        }
        nm_jo_end(j);
        at += v->n;
    }
    nm_jo_end(j);
    nm_jo_list(j, "outputs");
    for (size_t k = 0; k < net->n_outputs; k++) {
        nm_jo_object(j, NULL);
        json_value(job, j, &net->values[net->outputs[k]]);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

static void json_nodes(nm_job *job, nm_jo *j, const nm_net *net)
{
    bool *seen = NM_ARRAY(job, bool, net->n_values + 1);
    nm_jo_list(j, "nodes");
    for (size_t i = 0; i < net->n_nodes; i++) {
        const nm_node *n = &net->nodes[i];
        const counts c = count(net, n, seen);
        nm_jo_object(j, NULL);
        nm_jo_str(j, "op", n->type);
        nm_jo_str(j, "node", n->name);
        json_value(job, j, &net->values[n->out[0]]);
        nm_jo_int(j, "parameters", (int64_t)c.params);
        nm_jo_int(j, "relus", (int64_t)c.relus);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

static void json(nm_job *job, nm_buf *b, const nm_net *net, const nm_program *p)
{
    nm_jo j = nm_jo_answer(b);
    nm_jo_str(&j, "file", net->path);
    nm_jo_str(&j, "format", net->format);
    nm_jo_str(&j, "sha256", net->hash);
    nm_jo_int(&j, "opset", net->opset);
    json_ends(job, &j, net);
    nm_jo_int(&j, "parameters", (int64_t)parameters(job, net));
    nm_jo_int(&j, "relus", (int64_t)units(p, NM_RELU));
    nm_jo_int(&j, "maxima", (int64_t)units(p, NM_MAX));
    json_nodes(job, &j, net);
    nm_jo_list(&j, "blocks");
    for (size_t i = 0; i < p->n_blocks; i++) {
        nm_jo_object(&j, NULL);
        nm_jo_str(&j, "kind", nm_kind_name(p->blocks[i].kind));
        nm_jo_int(&j, "units", (int64_t)p->blocks[i].n);
        nm_jo_str(&j, "node", p->blocks[i].name);
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    nm_jo_done(&j);
}

void nm_inspect_net(nm_job *job, nm_buf *out, const nm_net *net, bool as_json)
{
    (as_json ? json : text)(job, out, net, nm_lower(job, net));
}

static void arrays_json(nm_job *job, nm_buf *b, const nm_arrays *a)
{
    nm_jo j = nm_jo_answer(b);
    nm_jo_str(&j, "file", a->path);
    nm_jo_str(&j, "format", a->format);
    nm_jo_str(&j, "sha256", a->hash);
    nm_jo_list(&j, "arrays");
    for (size_t i = 0; i < a->n; i++) {
        const nm_array *x = &a->a[i];
        nm_jo_object(&j, NULL);
        nm_jo_str(&j, "name", x->name);
        nm_jo_str_if(&j, "why", x->why);
        if (!x->why) {
            nm_jo_raw(&j, "shape", nm_shape_print(job, x->t.shape));
            nm_jo_str(&j, "type", nm_dtype_name(x->t.type));
        }
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    nm_jo_done(&j);
}

void nm_inspect_arrays(nm_job *job, nm_buf *b, const nm_arrays *a, bool as_json)
{
    if (as_json) {
        arrays_json(job, b, a);
        return;
    }
    nm_put(b, "%s: %s, %s\n", a->path, a->format, nm_counted(job, a->n, "arrays"));
    for (size_t i = 0; i < a->n; i++) {
        const nm_array *x = &a->a[i];
        const char *shape = x->why ? "-" : nm_shape_print(job, x->t.shape);
        nm_put(b, "%-24s  %-16s  %s\n", x->name, shape, x->why ? x->why : nm_dtype_name(x->t.type));
    }
}
