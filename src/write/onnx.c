/* write/onnx.c: a network as an ONNX file, through the code that protobuf-c makes of read/onnx.proto. The same network
 * gives the same bytes. A network that was ONNX keeps its opset; others get 13, or a later one that they state.
 *
 * ONNX wants one element type in an operator, so the whole file has one: float32 if every constant is one exactly, else
 * float64. */
#include "all.h"

#include "onnx.pb-c.h"

#include <limits.h>

enum { FLOAT = 1, INT64 = 7, DOUBLE = 11 };

typedef struct {
    nm_job *job;
    nm_wnet *w;
    int elem, opset;
    NmPb__Graph *g;
    size_t cap_consts;
} writer;

static char *text(const writer *r, const char *s) { return nm_dup(r->job, s, strlen(s)); }

static void little_endian(uint8_t *p, uint64_t bits, int size)
{
    for (int i = 0; i < size; i++) p[i] = (uint8_t)(bits >> 8 * i);
}

static NmPb__Tensor *add_tensor(writer *r, const char *name, size_t rank, const int64_t *dim,
                                int type, size_t n)
{
    NmPb__Tensor *t = NM_NEW(r->job, NmPb__Tensor);
    nm_pb__tensor__init(t);
    t->name = text(r, name);
    t->n_dims = rank;
    t->dims = NM_RAW(r->job, int64_t, rank);
    if (rank) memcpy(t->dims, dim, rank * sizeof *dim);
    t->has_data_type = t->has_raw_data = true;
    t->data_type = type;
    t->raw_data.len = nm_mul(r->job, n, type == FLOAT ? 4 : 8);
    t->raw_data.data = NM_RAW(r->job, uint8_t, t->raw_data.len);
    *NM_PUSH(r->job, r->g->initializer, r->g->n_initializer, r->cap_consts) = t;
    return t;
}

static void add_constant(writer *r, const nm_value *v)
{
    const NmPb__Tensor *t = add_tensor(r, v->name, (size_t)v->shape.rank, v->shape.dim, r->elem,
                                       v->n);
    for (size_t i = 0; i < v->n; i++) {
        uint64_t bits;
        uint32_t low;
        const float f = (float)v->data[i];
        memcpy(&bits, &v->data[i], 8);
        memcpy(&low, &f, 4);
        if (r->elem == FLOAT)
            little_endian(t->raw_data.data + 4 * i, low, 4);
        else
            little_endian(t->raw_data.data + 8 * i, bits, 8);
    }
}

static bool all_float(const nm_wnet *w)
{
    for (size_t v = 0; v < w->n_values; v++)
        for (size_t i = 0; w->uses[v] && w->values[v].data && i < w->values[v].n; i++)
            if ((double)(float)w->values[v].data[i] != w->values[v].data[i]) return false;
    return true;
}

static NmPb__Attribute *attribute(const writer *r, const nm_wnode *n, const nm_attr *from)
{
    NmPb__Attribute *a = NM_NEW(r->job, NmPb__Attribute);
    nm_pb__attribute__init(a);
    a->name = text(r, from->name);
    a->has_type = true;
    switch (from->kind) {
    case NM_A_FLOAT:
        a->type = 1;
        a->has_f = true;
        a->f = (float)from->f;
        break;
    case NM_A_INT:
        a->type = 2;
        a->has_i = true;
        a->i = from->i;
        break;
    case NM_A_STR:
        a->type = 3;
        a->has_s = true;
        a->s.len = strlen(from->s);
        a->s.data = (uint8_t *)text(r, from->s);
        break;
    case NM_A_INTS:
        a->type = 7;
        a->n_ints = from->n;
        a->ints = NM_RAW(r->job, int64_t, from->n);
        if (from->n) memcpy(a->ints, from->ints, from->n * sizeof *a->ints);
        break;
    default:
        nm_throw(r->job, NM_EUNSUP, "%s: node \"%s\": op %s: attribute %s cannot be written",
                 r->w->net->path, n->name, n->type, a->name);
    }
    return a;
}

/* the first opset in which the integers are an input and no attribute */
static int list_is_input(const char *type)
{
    return strcmp(type, "Reshape") == 0 ? 5 : strcmp(type, "Pad") == 0 ? 11 : 13;
}

static NmPb__Node *node(writer *r, const nm_wnode *n)
{
    NmPb__Node *p = NM_NEW(r->job, NmPb__Node);
    const bool as_input = n->list && r->opset >= list_is_input(n->type);
    nm_pb__node__init(p);
    p->name = text(r, n->name);
    p->op_type = text(r, n->type);
    p->input = NM_RAW(r->job, char *, (size_t)n->n_in + 1);
    for (int k = 0; k < n->n_in; k++)
        p->input[p->n_input++] = text(r, n->in[k] < 0 ? "" : r->w->values[n->in[k]].name);
    p->output = NM_RAW(r->job, char *, 1);
    p->output[p->n_output++] = text(r, r->w->values[n->out].name);
    p->attribute = NM_RAW(r->job, NmPb__Attribute *, (size_t)n->n_attrs + 1);
    for (int i = 0; i < n->n_attrs; i++)
        p->attribute[p->n_attribute++] = attribute(r, n, &n->attrs[i]);
    if (as_input) {
        nm_value v = {.n = n->n_list, .shape = nm_shape_of(1, (int64_t[]){(int64_t)n->n_list})};
        v.name = nm_wnet_name(r->job, r->w,
                              nm_fmt(r->job, "%s.%s", r->w->values[n->out].name, n->list));
        *NM_PUSH(r->job, r->w->values, r->w->n_values,
                 r->w->cap_values) = v; /* so that its name is taken */
        const NmPb__Tensor *t = add_tensor(r, v.name, 1, v.shape.dim, INT64, v.n);
        for (size_t i = 0; i < v.n; i++)
            little_endian(t->raw_data.data + 8 * i, (uint64_t)n->ints[i], 8);
        p->input[p->n_input++] = t->name;
    } else if (n->list) {
        const nm_attr list = {.name = n->list, .kind = NM_A_INTS, .n = n->n_list, .ints = n->ints};
        p->attribute[p->n_attribute++] = attribute(r, n, &list);
    }
    return p;
}

static NmPb__ValueInfo *value_info(const writer *r, const nm_value *v)
{
    NmPb__ValueInfo *info = NM_NEW(r->job, NmPb__ValueInfo);
    NmPb__Type *type = NM_NEW(r->job, NmPb__Type);
    NmPb__TypeTensor *tensor = NM_NEW(r->job, NmPb__TypeTensor);
    NmPb__Shape *shape = NM_NEW(r->job, NmPb__Shape);
    nm_pb__value_info__init(info);
    nm_pb__type__init(type);
    nm_pb__type_tensor__init(tensor);
    nm_pb__shape__init(shape);
    info->name = text(r, v->name);
    info->type = type;
    type->tensor_type = tensor;
    tensor->has_elem_type = true;
    tensor->elem_type = r->elem;
    tensor->shape = shape;
    shape->dim = NM_RAW(r->job, NmPb__Dimension *, (size_t)v->shape.rank);
    for (int d = 0; d < v->shape.rank; d++) {
        NmPb__Dimension *size = NM_NEW(r->job, NmPb__Dimension);
        nm_pb__dimension__init(size);
        size->has_dim_value = true;
        size->dim_value = v->shape.dim[d];
        shape->dim[shape->n_dim++] = size;
    }
    return info;
}

static void fill(writer *r)
{
    NmPb__Graph *g = r->g;
    const nm_net *net = r->w->net;
    const size_t n_values = r->w->n_values;
    for (size_t v = 0; v < n_values; v++)
        if (r->w->values[v].data && r->w->uses[v]) add_constant(r, &r->w->values[v]);
    g->node = NM_RAW(r->job, NmPb__Node *, r->w->n_nodes);
    for (size_t i = 0; i < r->w->n_nodes; i++) g->node[g->n_node++] = node(r, &r->w->nodes[i]);
    g->input = NM_RAW(r->job, NmPb__ValueInfo *, net->n_inputs);
    for (size_t k = 0; k < net->n_inputs; k++)
        g->input[g->n_input++] = value_info(r, &net->values[net->inputs[k]]);
    g->output = NM_RAW(r->job, NmPb__ValueInfo *, net->n_outputs);
    for (size_t k = 0; k < net->n_outputs; k++)
        g->output[g->n_output++] = value_info(r, &net->values[r->w->outputs[k]]);
}

void nm_write_onnx(nm_job *job, nm_wnet *w, const char *path)
{
    const nm_net *net = w->net;
    NmPb__Model model;
    NmPb__Graph graph;
    NmPb__Opset opset, *opsets[] = {&opset};
    nm_pb__model__init(&model);
    nm_pb__graph__init(&graph);
    nm_pb__opset__init(&opset);
    const bool own = strcmp(net->format, "onnx") == 0 || net->opset > 13;
    writer r = {.job = job,
                .w = w,
                .elem = all_float(w) ? FLOAT : DOUBLE,
                .opset = own ? (int)net->opset : 13,
                .g = &graph};
    graph.name = text(&r, "network");
    fill(&r);
    opset.domain = text(&r, "");
    opset.has_version = model.has_ir_version = true;
    opset.version = r.opset;
    model.ir_version = r.opset <= 14 ? 7 : r.opset <= 18 ? 8 : r.opset <= 20 ? 9 : 10;
    model.opset_import = opsets;
    model.n_opset_import = 1;
    model.graph = &graph;
    const size_t n = nm_pb__model__get_packed_size(&model);
    if (n > INT_MAX)
        nm_throw(job, NM_EUNSUP, "%s: an ONNX file of %zu bytes; 2^31 at most", path, n);
    uint8_t *out = NM_RAW(job, uint8_t, n);
    nm_pb__model__pack(&model, out);
    nm_file_write(job, path, out, n);
}
