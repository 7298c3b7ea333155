/* pair.c: joins several networks into one: two over the same inputs, for comparisons; or any number over one flat
 * input, of which each reads its own or shared elements, for questions in VNN-LIB 2. The outputs are those of the
 * first, then those of the second, and so on.
 *
 * All that follows (bounds, models, the judge) sees one network, so a question that compares the parts is made of
 * ordinary rows, and bounds apply to the difference of outputs, not only to each output (Paulsen, Wang, Wang 2020 argue
 * for this). Inputs are shared element by element, row-major, whatever their shapes: each part reads gathers of the
 * joined input. Values and nodes keep their plans, which contain no indices of values. Cost: two arrays. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

static void add_values(nm_job *job, nm_net *net, const nm_net *part, const char *prefix,
                       int first_node)
{
    for (size_t v = 0; v < part->n_values; v++) {
        nm_value x = part->values[v];
        x.name = nm_fmt(job, "%s/%s", prefix, x.name);
        if (x.maker >= 0) x.maker += first_node;
        net->values[net->n_values++] = x;
    }
}

static nm_node moved(nm_job *job, const nm_node *n, const char *prefix, int by)
{
    nm_node out = *n;
    out.name = nm_fmt(job, "%s/%s", prefix, n->name);
    out.in = NM_RAW(job, int, (size_t)n->n_in + 1);
    out.out = NM_RAW(job, int, (size_t)n->n_out + 1);
    for (int k = 0; k < n->n_in; k++) out.in[k] = n->in[k] < 0 ? -1 : n->in[k] + by;
    for (int k = 0; k < n->n_out; k++) out.out[k] = n->out[k] + by;
    return out;
}

static void add_nodes(nm_job *job, nm_net *net, const nm_net *part, const char *prefix, int by)
{
    for (size_t i = 0; i < part->n_nodes; i++)
        net->nodes[net->n_nodes++] = moved(job, &part->nodes[i], prefix, by);
}

/* Makes the second network's inputs gathers of the first one's. */
static void share_inputs(nm_job *job, nm_net *net, const nm_net *b, int by)
{
    size_t which = 0, at = 0; /* which: input of the joined network; at: element of it */
    for (size_t k = 0; k < b->n_inputs; k++) {
        nm_value *v = &net->values[b->inputs[k] + by];
        int32_t *w = NM_RAW(job, int32_t, v->n), *e = NM_RAW(job, int32_t, v->n);
        for (size_t i = 0; i < v->n; i++, at++) {
            if (at == net->values[net->inputs[which]].n) which++, at = 0;
            w[i] = (int32_t)which;
            e[i] = (int32_t)at;
        }
        nm_pick *plan = NM_NEW(job, nm_pick);
        *plan = (nm_pick){w, e, 0};
        int *out = NM_RAW(job, int, 1);
        *out = b->inputs[k] + by;
        v->maker = (int)net->n_nodes;
        net->nodes[net->n_nodes++] = (nm_node){.op = &nm_op_concat,
                                               .name = "shared input",
                                               .type = "Concat",
                                               .n_in = (int)net->n_inputs,
                                               .n_out = 1,
                                               .in = net->inputs,
                                               .out = out,
                                               .plan = plan};
    }
}

static void add_outputs(nm_job *job, nm_net *net, nm_node **tail, const nm_net *part,
                        const char *prefix, int by)
{
    for (size_t k = 0; k < part->n_outputs; k++) {
        if (part->tail[k]) {
            tail[net->n_outputs] = NM_NEW(job, nm_node);
            *tail[net->n_outputs] = moved(job, part->tail[k], prefix, by);
        }
        net->outputs[net->n_outputs++] = part->outputs[k] + by;
    }
    net->n_out += part->n_out;
}

/* Intersects the ranges that the two files state, where both state one. */
static void meet_ranges(nm_job *job, nm_net *net, const nm_net *a, const nm_net *b)
{
    net->lo = a->lo ? a->lo : b->lo;
    net->hi = a->lo ? a->hi : b->hi;
    if (!a->lo || !b->lo) return;
    double *lo = NM_RAW(job, double, net->n_in), *hi = NM_RAW(job, double, net->n_in);
    for (size_t i = 0; i < net->n_in; i++) {
        lo[i] = fmax(a->lo[i], b->lo[i]);
        hi[i] = fmin(a->hi[i], b->hi[i]);
        if (lo[i] > hi[i])
            nm_throw(job, NM_EINPUT, "input %zu: the ranges that %s and %s state do not meet", i,
                     a->path, b->path);
    }
    net->lo = lo;
    net->hi = hi;
}

/* Makes the inputs of a part, whose values start at `by`, gathers of value 0; map: of its flat input. */
static void gather_inputs(nm_job *job, nm_net *net, const nm_named *part, int by,
                          const uint32_t *map)
{
    for (size_t k = 0; k < part->net->n_inputs; k++) {
        nm_value *v = &net->values[part->net->inputs[k] + by];
        int32_t *at = NM_RAW(job, int32_t, v->n);
        for (size_t i = 0; i < v->n; i++) at[i] = (int32_t)*map++;
        nm_pick *plan = NM_NEW(job, nm_pick);
        *plan = (nm_pick){NULL, at, 0};
        int *in = NM_ARRAY(job, int, 1), *out = NM_RAW(job, int, 1);
        *out = part->net->inputs[k] + by;
        v->maker = (int)net->n_nodes;
        net->nodes[net->n_nodes++] = (nm_node){.op = &nm_op_concat,
                                               .name = nm_fmt(job, "%s/its inputs", part->name),
                                               .type = "Concat",
                                               .n_in = 1,
                                               .n_out = 1,
                                               .in = in,
                                               .out = out,
                                               .plan = plan};
    }
}

/* Sets the range of each element of the joined input, if all networks that read the element state one. */
static void gather_ranges(nm_job *job, nm_net *net, size_t n, const nm_named *part,
                          const uint32_t *map)
{
    double *lo = nm_repeat(job, net->n_in, -INFINITY), *hi = nm_repeat(job, net->n_in, INFINITY);
    bool any = false;
    for (size_t p = 0; p < n; map += part[p++].net->n_in)
        for (size_t i = 0; part[p].net->lo && i < part[p].net->n_in; i++) {
            lo[map[i]] = fmax(lo[map[i]], part[p].net->lo[i]);
            hi[map[i]] = fmin(hi[map[i]], part[p].net->hi[i]);
            any = true;
        }
    net->lo = any ? lo : NULL;
    net->hi = any ? hi : NULL;
}

nm_net *nm_net_beside(nm_job *job, size_t n, const nm_named *part, size_t n_in, const uint32_t *map)
{
    nm_net *net = NM_NEW(job, nm_net);
    size_t values = 1, nodes = 0, outputs = 0, inputs = 0;
    nm_buf paths = {.job = job}, hashes = {.job = job};
    for (size_t p = 0; p < n; p++) {
        values += part[p].net->n_values;
        nodes += part[p].net->n_nodes + part[p].net->n_inputs;
        outputs += part[p].net->n_outputs;
        inputs += part[p].net->n_in;
        nm_put(&paths, p ? " beside %s" : "%s", part[p].net->path);
        nm_put(&hashes, "%s ", part[p].net->hash);
    }
    for (size_t i = 0; i < inputs; i++) nm_put(&hashes, " %u", map[i]);
    *net = (nm_net){.path = paths.s,
                    .format = "several",
                    .opset = part->net->opset,
                    .first = part->net,
                    .second = part[n - 1].net,
                    .n_in = n_in};
    nm_sha256(hashes.s, hashes.n, net->hash);
    net->values = NM_ARRAY(job, nm_value, values);
    net->nodes = NM_ARRAY(job, nm_node, nodes + 1);
    net->inputs = NM_ARRAY(job, int, 1);
    net->outputs = NM_ARRAY(job, int, outputs + 1);
    nm_node **tail = NM_ARRAY(job, nm_node *, outputs + 1);
    net->tail = tail;
    net->values[net->n_values++] = (nm_value){.name = "inputs",
                                              .type = NM_F64,
                                              .shape = nm_shape_of(1, (int64_t[]){(int64_t)n_in}),
                                              .n = n_in,
                                              .maker = -1};
    net->n_inputs = 1;
    const uint32_t *own = map;
    for (size_t p = 0; p < n; own += part[p++].net->n_in) {
        const int by = (int)net->n_values;
        const size_t first = net->n_nodes + part[p].net->n_inputs;
        add_values(job, net, part[p].net, part[p].name, (int)first);
        gather_inputs(job, net, &part[p], by, own);
        add_nodes(job, net, part[p].net, part[p].name, by);
        add_outputs(job, net, tail, part[p].net, part[p].name, by);
    }
    gather_ranges(job, net, n, part, map);
    return net;
}

nm_net *nm_net_join(nm_job *job, const nm_net *a, const nm_net *b)
{
    if (a->n_in != b->n_in)
        nm_throw(job, NM_EINPUT,
                 "%s has %zu inputs, %s %zu: networks over the same inputs were expected", a->path,
                 a->n_in, b->path, b->n_in);
    if (a->first || b->first) nm_throw(job, NM_EUSE, "each of the two networks must come from one file");
    nm_net *net = NM_NEW(job, nm_net);
    const int by = (int)a->n_values;
    net->path = nm_fmt(job, "%s against %s", a->path, b->path);
    net->format = a->format;
    net->opset = a->opset;
    net->first = a;
    net->second = b;
    net->front = a->front;
    net->n_in = a->n_in;
    const char *hashes = nm_fmt(job, "%s against %s", a->hash, b->hash);
    nm_sha256(hashes, strlen(hashes), net->hash);
    net->values = NM_ARRAY(job, nm_value, a->n_values + b->n_values + 1);
    net->nodes = NM_ARRAY(job, nm_node, a->n_nodes + b->n_inputs + b->n_nodes + 1);
    net->outputs = NM_ARRAY(job, int, a->n_outputs + b->n_outputs + 1);
    nm_node **tail = NM_ARRAY(job, nm_node *, a->n_outputs + b->n_outputs + 1);
    net->tail = tail;
    net->inputs = a->inputs;
    nm_net_settle_both(net, a, b);
    net->n_inputs = a->n_inputs;
    add_values(job, net, a, "first", 0);
    add_values(job, net, b, "second", (int)(a->n_nodes + b->n_inputs));
    add_nodes(job, net, a, "first", 0);
    share_inputs(job, net, b, by);
    add_nodes(job, net, b, "second", by);
    add_outputs(job, net, tail, a, "first", 0);
    add_outputs(job, net, tail, b, "second", by);
    meet_ranges(job, net, a, b);
    return net;
}
