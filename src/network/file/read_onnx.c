/* read_onnx.c: ONNX files (opset 7 to 25), through protobuf-c and a schema of the fields that netmip uses.
 *
 * The model's functions (onnx_functions.c) and the branches that it takes (onnx_branches.c) are expanded into its
 * graph; what the outputs need of it becomes an nm_graph (onnx_graph.c). Weights are floats of 16, 32 or 64 bits,
 * widened exactly, or integers that are dequantised or that steer operators (onnx_tensor.c), in the file or beside it
 * (onnx_external.c). What cannot be honoured is refused by name. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/file/onnx_file.h"
#include "network/operator.h"

enum { MOST_LEVELS = 200 }; /* of messages: a branch of an If is three */

typedef struct {
    nm_job *job;
    bool failed;
} pb_memory;

static void *pb_alloc(void *arg, size_t n)
{
    pb_memory *m = arg;
    void *p = nm_try(m->job, n);
    m->failed |= !p;
    return p;
}

static void pb_free(void *arg, void *p)
{
    (void)arg;
    (void)p;
} /* the job's arena frees it */

static int64_t opset(nm_job *job, const char *path, const NmPb__Model *m)
{
    int64_t found = -1;
    for (size_t i = 0; i < m->n_opset_import; i++) {
        const char *d = m->opset_import[i]->domain;
        if (d && *d && strcmp(d, "ai.onnx")) continue;
        const int64_t v = m->opset_import[i]->version;
        if (found >= 0 && v != found)
            nm_throw(job, NM_EUNSUP, "%s: it asks for opsets %lld and %lld of ONNX's own operators; one was expected",
                     path, (long long)found, (long long)v);
        if (v < NM_OPSET_FIRST || v > NM_OPSET)
            nm_throw(job, NM_EUNSUP,
                     "%s: opset %lld; 7 to %d was expected: export the network with one of these",
                     path, (long long)v, NM_OPSET);
        found = v;
    }
    if (found < 0) nm_throw(job, NM_EINPUT, "%s: no opset is given", path);
    return found;
}

/* Reads a number of seven bits a byte; returns its end, or NULL. */
static const uint8_t *varint(const uint8_t *p, const uint8_t *end, uint64_t *x)
{
    *x = 0;
    for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
        *x |= (uint64_t)(*p & 0x7f) << shift;
        if (*p++ < 0x80) return p;
    }
    return NULL;
}

/* Returns whether messages stand in each other at most `most` levels deep; protobuf-c, which calls itself for each
 * level, has no limit. What is malformed is left to it. Cost: a look at every field's head. */
static bool is_flat(const ProtobufCMessageDescriptor *d, const uint8_t *p, const uint8_t *end,
                    int most)
{
    uint64_t tag, n = 0;
    for (; p && p < end; p += n) {
        if (!(p = varint(p, end, &tag))) break;
        const unsigned wire = tag & 7;
        n = wire == 1 ? 8 : wire == 5 ? 4 : 0;
        if ((wire == 0 || wire == 2) && !(p = varint(p, end, wire ? &n : &tag))) break;
        if (n > (uint64_t)(end - p)) break;
        if (wire != 2) continue;
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
            d, (unsigned)(tag >> 3));
        if (!f || f->type != PROTOBUF_C_TYPE_MESSAGE) continue;
        if (most == 0 || !is_flat(f->descriptor, p, p + n, most - 1)) return false;
    }
    return true;
}

static void unpack(nm_onnx *o)
{
    if (!is_flat(&nm_pb__model__descriptor, o->f.data, o->f.data + o->f.n, MOST_LEVELS))
        nm_throw(o->job, NM_EINPUT, "%s: nested too deeply", o->f.path);
    pb_memory memory = {o->job, false};
    ProtobufCAllocator alloc = {pb_alloc, pb_free, &memory};
    o->model = nm_pb__model__unpack(&alloc, o->f.n, o->f.data);
    if (memory.failed) nm_throw(o->job, NM_EIO, "%s: out of memory", o->f.path);
    const char *kind = o->model && o->model->graph ? NULL : nm_sniff(o->job, o->f);
    if (!o->model || !o->model->graph)
        nm_throw(o->job, NM_EINPUT, "%s: %s; a network (.onnx, .nnet, .json) was expected",
                 o->f.path, kind ? kind : "not an ONNX model");
}

/* Lists the nodes and constants of the main graph. */
static void open_graph(nm_onnx *o)
{
    NmPb__Graph *g = o->model->graph;
    for (size_t i = 0; i < g->n_node; i++) {
        const char *name = nm_onnx_node_name(o, g->node[i],
                                             i); /* the name must not depend on nodes added later */
        g->node[i]->name = nm_dup(o->job, name, strlen(name));
    }
    o->nodes = g->node;
    o->n_nodes = o->cap_nodes = g->n_node;
    o->dense = g->initializer;
    o->n_dense = o->cap_dense = g->n_initializer;
    o->sparse = g->sparse_initializer;
    o->n_sparse = o->cap_sparse = g->n_sparse_initializer;
    nm_onnx_take(o, g);
}

/* Returns the number of outputs to use, and their names. */
static size_t outputs(nm_onnx *o, const nm_front *front, const char **names)
{
    const NmPb__Graph *g = o->model->graph;
    const char *only = front ? front->output : NULL;
    nm_buf all = {.job = o->job};
    size_t n = 0;
    for (size_t i = 0; i < g->n_output; i++) {
        const char *name = g->output[i]->name
                               ? nm_dup(o->job, g->output[i]->name, strlen(g->output[i]->name))
                               : "";
        nm_put(&all, i ? ", \"%s\"" : "\"%s\"", name);
        if (!only || (strcmp(only, name) == 0 && n == 0)) names[n++] = name;
    }
    if (only && n == 0)
        nm_throw(o->job, NM_EUSE, "--output-name %s: the outputs of %s are %s", only, o->f.path,
                 all.n ? all.s : "none");
    return n;
}

nm_graph *nm_read_onnx(nm_job *job, nm_file f, const nm_front *front)
{
    nm_onnx o = {.job = job, .f = f};
    unpack(&o);
    o.opset = opset(job, f.path, o.model);
    open_graph(&o);
    nm_onnx_inputs(&o, front);
    const char **names = NM_RAW(job, const char *, o.model->graph->n_output + 1);
    const size_t n = outputs(&o, front, names);
    nm_onnx_functions(&o, n, names);
    nm_onnx_branches(&o, n, names);
    nm_graph *g = nm_onnx_graph(&o, n, names);
    g->shape = o.shape;
    nm_onnx_outputs(&o, g);
    nm_onnx_batch(&o, g);
    nm_onnx_range(&o, front, g);
    return g;
}
