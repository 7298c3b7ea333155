/* read_onnx.c: ONNX files (opset 7 to 21), through protobuf-c and a schema of the fields that we use.
 *
 * Weights are float32 or float64 (float32 is widened exactly), in raw_data or in the typed fields; integers serve as
 * shapes and axes. A symbolic or missing first dimension is a batch of 1. Custom domains, functions, sparse or
 * external data, subgraphs, and any number that is not finite are refused by name. Sizes are multiplied with
 * overflow checks and compared with the bytes present before anything is allocated. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

#include "onnx.pb-c.h"

enum { FLOAT = 1, INT32 = 6, INT64 = 7, BOOL = 9, DOUBLE = 11 };

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
} /* the arena keeps it */

static const char *text(nm_job *job, const char *s) { return s ? nm_dup(job, s, strlen(s)) : ""; }

static double little_endian(const uint8_t *p, int type)
{
    uint64_t bits = 0;
    const int size = type == FLOAT || type == INT32 ? 4 : type == BOOL ? 1 : 8;
    for (int i = size - 1; i >= 0; i--) bits = bits << 8 | p[i];
    if (type == FLOAT) {
        const uint32_t low = (uint32_t)bits;
        float f;
        memcpy(&f, &low, 4);
        return (double)f;
    }
    if (type == INT32) return (double)(int32_t)(uint32_t)bits;
    if (type == BOOL) return bits != 0;
    if (type == INT64) return (double)(int64_t)bits;
    double d;
    memcpy(&d, &bits, 8);
    return d;
}

static size_t typed_count(const NmPb__Tensor *t)
{
    return t->data_type == FLOAT    ? t->n_float_data
           : t->data_type == DOUBLE ? t->n_double_data
           : t->data_type == INT64  ? t->n_int64_data
                                    : t->n_int32_data;
}

static double element(const NmPb__Tensor *t, size_t i)
{
    const int type = t->data_type;
    if (t->has_raw_data)
        return little_endian(t->raw_data.data + i * (type == FLOAT || type == INT32 ? 4
                                                     : type == BOOL                 ? 1
                                                                                    : 8),
                             type);
    return type == FLOAT    ? (double)t->float_data[i]
           : type == DOUBLE ? t->double_data[i]
           : type == INT64  ? (double)t->int64_data[i]
                            : (double)t->int32_data[i];
}

static nm_value tensor(nm_job *job, const char *path, const NmPb__Tensor *t, const char *name)
{
    nm_value v = {.name = name, .maker = -1};
    const int type = t->data_type;
    if (type != FLOAT && type != DOUBLE && type != INT64 && type != INT32 && type != BOOL)
        nm_throw(job, NM_EUNSUP, "%s: tensor \"%s\": element type %d is not supported", path, name,
                 type);
    if (t->data_location || t->n_external_data)
        nm_throw(job, NM_EUNSUP, "%s: tensor \"%s\": external data are not supported", path, name);
    if (t->n_dims > NM_MAXRANK)
        nm_throw(job, NM_EUNSUP, "%s: tensor \"%s\": rank %zu", path, name, t->n_dims);
    v.n = 1;
    for (size_t i = 0; i < t->n_dims; i++) {
        if (t->dims[i] < 0)
            nm_throw(job, NM_EINPUT, "%s: tensor \"%s\": dimension %lld", path, name,
                     (long long)t->dims[i]);
        v.shape.dim[v.shape.rank++] = t->dims[i];
        v.n = nm_mul_in(job, nm_fmt(job, "%s: tensor \"%s\"", path, name), v.n, (size_t)t->dims[i]);
    }
    const size_t size = type == FLOAT || type == INT32 ? 4 : type == BOOL ? 1 : 8;
    const size_t have = t->has_raw_data ? t->raw_data.len : typed_count(t),
                 want = t->has_raw_data ? nm_mul_in(job, path, v.n, size) : v.n;
    if (have != want)
        nm_throw(job, NM_EINPUT, "%s: tensor \"%s\": %zu %s; %zu were expected", path, name, have,
                 t->has_raw_data ? "bytes" : "elements", want);
    double *x = NM_RAW(job, double, v.n);
    for (size_t i = 0; i < v.n; i++) {
        x[i] = element(t, i);
        if (isnan(x[i]) || (isinf(x[i]) && v.n > 1)) /* one alone may be no end of a Clip */
            nm_throw(job, NM_EINPUT, "%s: tensor \"%s\": element %zu is not finite", path, name, i);
    }
    v.data = x;
    v.type = type == FLOAT ? NM_F32 : type == DOUBLE ? NM_F64 : type == BOOL ? NM_BOOL : NM_I64;
    return v;
}

static nm_attr attribute(nm_job *job, const char *path, const char *node, const NmPb__Attribute *a)
{
    nm_attr out = {.name = text(job, a->name)};
    if (a->ref_attr_name && *a->ref_attr_name)
        nm_throw(job, NM_EUNSUP, "%s: node \"%s\": attribute references", path, node);
    int type = a->type; /* files of IR version 1 leave it out: then the field that is there tells */
    if (!type)
        type = a->t          ? 4
               : a->g        ? 5
               : a->has_f    ? 1
               : a->has_i    ? 2
               : a->has_s    ? 3
               : a->n_floats ? 6
                             : 7;
    switch (type) {
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
        if (!a->t)
            nm_throw(job, NM_EINPUT, "%s: node \"%s\": attribute %s has no tensor", path, node,
                     out.name);
        nm_value *v = NM_NEW(job, nm_value);
        *v = tensor(job, path, a->t, out.name);
        out.kind = NM_A_TENSOR;
        out.tensor = v;
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
    default:
        nm_throw(job, NM_EUNSUP, "%s: node \"%s\": attribute %s has type %d", path, node, out.name,
                 type);
    }
    return out;
}

static void read_node(nm_job *job, const char *path, const NmPb__Node *n, struct nm_rawnode *r,
                      size_t index)
{
    r->type = text(job, n->op_type);
    r->name = n->name && *n->name ? n->name : nm_fmt(job, "%s_%zu", r->type, index);
    if (n->domain && *n->domain && strcmp(n->domain, "ai.onnx"))
        nm_throw(job, NM_EUNSUP, "%s: node \"%s\": op %s of domain \"%s\" is not supported", path,
                 r->name, r->type, n->domain);
    r->n_in = n->n_input;
    r->n_out = n->n_output;
    r->in = (const char **)n->input;
    r->out = (const char **)n->output;
    r->n_attrs = (int)n->n_attribute;
    r->attrs = NM_ARRAY(job, nm_attr, n->n_attribute + 1);
    for (size_t i = 0; i < n->n_attribute; i++)
        r->attrs[i] = attribute(job, path, r->name, n->attribute[i]);
}

static nm_value read_input(nm_job *job, const char *path, const NmPb__ValueInfo *info)
{
    nm_value v = {.name = text(job, info->name), .maker = -1};
    const NmPb__TypeTensor *t = info->type ? info->type->tensor_type : NULL;
    if (!t || !t->shape)
        nm_throw(job, NM_EUNSUP, "%s: input \"%s\" is not a tensor with a shape", path, v.name);
    if (t->shape->n_dim > NM_MAXRANK)
        nm_throw(job, NM_EUNSUP, "%s: input \"%s\" has rank %zu", path, v.name, t->shape->n_dim);
    v.type = t->elem_type == DOUBLE ? NM_F64 : NM_F32;
    if (t->elem_type == INT64 || t->elem_type == INT32)
        v.type = NM_I64;
    else if (t->elem_type != FLOAT && t->elem_type != DOUBLE)
        nm_throw(job, NM_EUNSUP, "%s: input \"%s\" has element type %d", path, v.name,
                 t->elem_type);
    for (size_t i = 0; i < t->shape->n_dim; i++) {
        int64_t d = t->shape->dim[i]->dim_value;
        if (d <= 0 && i > 0)
            nm_throw(job, NM_EUNSUP,
                     "%s: input \"%s\": dimension %zu is not a number; only the first (the batch) "
                     "may be open",
                     path, v.name, i);
        v.shape.dim[v.shape.rank++] = d <= 0 ? 1 : d;
    }
    return v;
}

static int64_t opset(nm_job *job, const char *path, const NmPb__Model *m)
{
    for (size_t i = 0; i < m->n_opset_import; i++) {
        const char *d = m->opset_import[i]->domain;
        if (d && *d && strcmp(d, "ai.onnx")) continue;
        const int64_t v = m->opset_import[i]->version;
        if (v < 7 || v > 21)
            nm_throw(job, NM_EUNSUP, "%s: opset %lld; 7 to 21 was expected", path, (long long)v);
        return v;
    }
    nm_throw(job, NM_EINPUT, "%s: no opset is given", path);
}

static void read_graph(nm_job *job, nm_graph *g, const NmPb__Graph *pb)
{
    if (pb->n_sparse_initializer)
        nm_throw(job, NM_EUNSUP, "%s: sparse initialisers are not supported", g->path);
    g->consts = NM_ARRAY(job, nm_value, pb->n_initializer + 1);
    for (size_t i = 0; i < pb->n_initializer; i++)
        g->consts[g->n_consts++] = tensor(job, g->path, pb->initializer[i],
                                          text(job, pb->initializer[i]->name));
    g->inputs = NM_ARRAY(job, nm_value, pb->n_input + 1);
    for (size_t i = 0; i < pb->n_input; i++) {
        bool constant = false; /* its shape may then be left out */
        for (size_t k = 0; k < g->n_consts; k++)
            constant |= pb->input[i]->name && !strcmp(g->consts[k].name, pb->input[i]->name);
        if (!constant) g->inputs[g->n_inputs++] = read_input(job, g->path, pb->input[i]);
    }
    g->nodes = NM_ARRAY(job, struct nm_rawnode, pb->n_node + 1);
    for (size_t i = 0; i < pb->n_node; i++)
        read_node(job, g->path, pb->node[i], &g->nodes[g->n_nodes++], i);
    g->outputs = NM_ARRAY(job, const char *, pb->n_output + 1);
    for (size_t i = 0; i < pb->n_output; i++)
        g->outputs[g->n_outputs++] = text(job, pb->output[i]->name);
}

nm_graph *nm_read_onnx(nm_job *job, nm_file f)
{
    pb_memory memory = {job, false};
    ProtobufCAllocator alloc = {pb_alloc, pb_free, &memory};
    const NmPb__Model *m = nm_pb__model__unpack(&alloc, f.n, f.data);
    if (memory.failed) nm_throw(job, NM_EIO, "%s: out of memory", f.path);
    const char *kind = m && m->graph ? NULL : nm_sniff(job, f);
    if (!m || !m->graph)
        nm_throw(job, NM_EINPUT, "%s: %s; a network (.onnx, .nnet, .json) was expected", f.path,
                 kind ? kind : "not an ONNX model");
    if (m->n_functions)
        nm_throw(job, NM_EUNSUP, "%s: model-local functions are not supported", f.path);
    nm_graph *g = NM_NEW(job, nm_graph);
    g->path = f.path;
    g->format = "onnx";
    g->opset = opset(job, f.path, m);
    read_graph(job, g, m->graph);
    return g;
}
