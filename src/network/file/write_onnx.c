/* write_onnx.c: writes a network as an ONNX file, through the code that protobuf-c makes of onnx.proto. The same
 * network gives the same bytes, in the opset that it had.
 *
 * ONNX wants one element type within an operator, so all real numbers of a file have the same type: float32 if every
 * constant is exactly a float32, else float64. Indices, sizes, conditions and the scales of Resize have types of their
 * own. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

#include "onnx.pb-c.h"

#include <limits.h>

enum { FLOAT = 1, INT64 = 7, BOOL = 9, DOUBLE = 11 };

typedef struct {
    nm_job *job;
    nm_wnet *w;
    int elem; /* type of all real numbers */
    NmPb__Graph *g;
    size_t cap_consts;
    const char **name; /* [values][4] name of a constant, for each type in which it is written */
} writer;

static char *text(const writer *r, const char *s) { return nm_dup(r->job, s, strlen(s)); }

static void little_endian(uint8_t *p, uint64_t bits, int size)
{
    for (int i = 0; i < size; i++) p[i] = (uint8_t)(bits >> 8 * i);
}

static size_t size_of(int type) { return type == FLOAT ? 4 : type == BOOL ? 1 : 8; }

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
    t->raw_data.len = nm_mul(r->job, n, size_of(type));
    t->raw_data.data = NM_RAW(r->job, uint8_t, t->raw_data.len);
    *NM_PUSH(r->job, r->g->initializer, r->g->n_initializer, r->cap_consts) = t;
    return t;
}

/* Returns the type that ONNX wants for input k of an operator, if it is not the file's type of real numbers. */
static int type_of(const writer *r, const nm_wnode *n, int k)
{
    static const struct {
        const char *op;
        int k, type;
    } own[] = {{"Gather", 1, INT64}, {"Where", 0, BOOL},   {"Resize", 1, FLOAT},
               {"Resize", 2, FLOAT}, {"Resize", 3, INT64}, {"Upsample", 1, FLOAT}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (own[i].k == k && strcmp(own[i].op, n->type) == 0) return own[i].type;
    return r->elem;
}

static void put_element(uint8_t *p, int type, double x)
{
    const float f = (float)x;
    const int64_t whole = type == INT64 ? (int64_t)x : 0;
    uint64_t bits;
    uint32_t low;
    memcpy(&bits, &x, 8);
    memcpy(&low, &f, 4);
    if (type == BOOL)
        *p = x != 0;
    else if (type == FLOAT)
        little_endian(p, low, 4);
    else
        little_endian(p, type == INT64 ? (uint64_t)whole : bits, 8);
}

/* Writes the constant as `type` unless it was; returns its name, one for each type that is needed. */
static const char *constant(writer *r, const nm_wnode *n, int v, int type)
{
    static const int types[] = {FLOAT, INT64, BOOL, DOUBLE};
    size_t t = 0;
    while (types[t] != type) t++;
    const char **name = &r->name[4 * (size_t)v + t];
    const nm_value x = r->w->values[v];
    if (*name) return *name;
    *name = x.name;
    for (size_t i = 0; i < 4; i++)
        if (i != t && r->name[4 * (size_t)v + i])
            *name = nm_wnet_name(r->job, r->w, nm_fmt(r->job, "%s.%zu", x.name, t));
    const NmPb__Tensor *to = add_tensor(r, *name, (size_t)x.shape.rank, x.shape.dim, type, x.n);
    for (size_t i = 0; i < x.n; i++) {
        if (type == FLOAT && (double)(float)x.data[i] != x.data[i])
            nm_throw(r->job, NM_EUNSUP, "%s: node \"%s\": op %s: %.17g; ONNX has float32 there",
                     r->w->net->path, n ? n->name : "", n ? n->type : "", x.data[i]);
        put_element(to->raw_data.data + size_of(type) * i, type, x.data[i]);
    }
    return *name;
}

static bool all_float(writer *r)
{
    const nm_wnet *w = r->w;
    bool all = true;
    r->elem = 0; /* so that type_of gives only types that differ from the file's */
    for (size_t i = 0; i < w->n_nodes; i++)
        for (int k = 0; k < w->nodes[i].n_in; k++) {
            const nm_value *v = w->nodes[i].in[k] < 0 ? NULL : &w->values[w->nodes[i].in[k]];
            if (!v || !v->data || type_of(r, &w->nodes[i], k)) continue;
            for (size_t e = 0; e < v->n; e++) all &= (double)(float)v->data[e] == v->data[e];
        }
    for (size_t o = 0; o < w->net->n_outputs; o++) {
        const nm_value *v = &w->values[w->outputs[o]];
        if (v->data)
            for (size_t e = 0; e < v->n; e++) all &= (double)(float)v->data[e] == v->data[e];
    }
    return all;
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
    case NM_A_FLOATS:
        a->type = 6;
        a->n_floats = from->n;
        a->floats = NM_RAW(r->job, float, from->n);
        for (size_t i = 0; i < from->n; i++) a->floats[i] = (float)from->floats[i];
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

/* Returns the first opset in which the integers are inputs and not attributes. */
static int list_is_input(const char *type)
{
    static const struct {
        const char *op;
        int opset;
    } first[] = {{"Reshape", 5}, {"Expand", 7},   {"Tile", 7},       {"Slice", 10},
                 {"Pad", 11},    {"Squeeze", 13}, {"Unsqueeze", 13}, {"ReduceSum", 13}};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        if (strcmp(first[i].op, type) == 0) return first[i].opset;
    return 18;
}

/* Writes the integers of a list as a constant of the file; returns its name. */
static char *list_tensor(writer *r, const nm_wnode *n, const nm_wlist *l)
{
    nm_value v = {.n = l->n, .shape = nm_shape_of(1, (int64_t[]){(int64_t)l->n})};
    v.name = nm_wnet_name(r->job, r->w,
                          nm_fmt(r->job, "%s.%s", r->w->values[n->out].name, l->name));
    *NM_PUSH(r->job, r->w->values, r->w->n_values, r->w->cap_values) = v; /* so that its name is taken */
    const NmPb__Tensor *t = add_tensor(r, v.name, 1, v.shape.dim, INT64, v.n);
    for (size_t i = 0; i < v.n; i++)
        little_endian(t->raw_data.data + 8 * i, (uint64_t)l->ints[i], 8);
    return t->name;
}

static void put_inputs(writer *r, const nm_wnode *n, bool lists, NmPb__Node *p)
{
    int at = 0; /* index of the next list */
    for (int k = 0; k < n->n_in || (lists && at < n->n_lists); k++) {
        const int v = k < n->n_in ? n->in[k] : -1;
        if (lists && at < n->n_lists && n->list[at].k == k)
            p->input[p->n_input++] = list_tensor(r, n, &n->list[at++]);
        else if (v >= 0 && r->w->values[v].data)
            p->input[p->n_input++] = text(r, constant(r, n, v, type_of(r, n, k)));
        else
            p->input[p->n_input++] = text(r, v < 0 ? "" : r->w->values[v].name);
    }
}

static NmPb__Node *node(writer *r, const nm_wnode *n)
{
    NmPb__Node *p = NM_NEW(r->job, NmPb__Node);
    const bool lists = n->n_lists && r->w->opset >= list_is_input(n->type);
    nm_pb__node__init(p);
    p->name = text(r, n->name);
    p->op_type = text(r, n->type);
    p->input = NM_RAW(r->job, char *, (size_t)n->n_in + 5);
    put_inputs(r, n, lists, p);
    p->output = NM_RAW(r->job, char *, 1);
    p->output[p->n_output++] = text(r, r->w->values[n->out].name);
    p->attribute = NM_RAW(r->job, NmPb__Attribute *, (size_t)(n->n_attrs + n->n_lists) + 1);
    for (int i = 0; i < n->n_attrs; i++)
        p->attribute[p->n_attribute++] = attribute(r, n, &n->attrs[i]);
    if (!lists)
        for (int i = 0; i < n->n_lists; i++) {
            const nm_wlist *l = &n->list[i];
            const nm_attr a = {.name = l->name, .kind = NM_A_INTS, .n = l->n, .ints = l->ints};
            p->attribute[p->n_attribute++] = attribute(r, n, &a);
        }
    return p;
}

static NmPb__ValueInfo *value_info(const writer *r, const nm_value *v, int type_of_it)
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
    tensor->elem_type = type_of_it;
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

/* Returns the type of an output: indices for ArgMax, else the file's. */
static int type_of_output(const writer *r, int v)
{
    for (size_t i = 0; i < r->w->n_nodes; i++)
        if (r->w->nodes[i].out == v && strcmp(r->w->nodes[i].type, "ArgMax") == 0) return INT64;
    return r->elem;
}

static void fill(writer *r)
{
    NmPb__Graph *g = r->g;
    const nm_net *net = r->w->net;
    r->name = NM_ARRAY(r->job, const char *, 4 * r->w->n_values + 1);
    r->elem = all_float(r) ? FLOAT : DOUBLE;
    g->node = NM_RAW(r->job, NmPb__Node *, r->w->n_nodes);
    for (size_t k = 0; k < net->n_outputs; k++)
        if (r->w->values[r->w->outputs[k]].data) constant(r, NULL, r->w->outputs[k], r->elem);
    for (size_t i = 0; i < r->w->n_nodes; i++) g->node[g->n_node++] = node(r, &r->w->nodes[i]);
    g->input = NM_RAW(r->job, NmPb__ValueInfo *, net->n_inputs);
    for (size_t k = 0; k < net->n_inputs; k++)
        g->input[g->n_input++] = value_info(r, &net->values[net->inputs[k]], r->elem);
    g->output = NM_RAW(r->job, NmPb__ValueInfo *, net->n_outputs);
    for (size_t k = 0; k < net->n_outputs; k++) {
        const int v = r->w->outputs[k];
        g->output[g->n_output++] = value_info(r, &net->values[v], type_of_output(r, v));
    }
}

void nm_write_onnx(nm_job *job, nm_wnet *w, const char *path)
{
    NmPb__Model model;
    NmPb__Graph graph;
    NmPb__Opset opset, *opsets[] = {&opset};
    nm_pb__model__init(&model);
    nm_pb__graph__init(&graph);
    nm_pb__opset__init(&opset);
    writer r = {.job = job, .w = w, .g = &graph};
    graph.name = text(&r, "network");
    fill(&r);
    opset.domain = text(&r, "");
    opset.has_version = model.has_ir_version = true;
    opset.version = w->opset;
    model.ir_version = w->opset <= 14 ? 7 : w->opset <= 18 ? 8 : w->opset <= 20 ? 9 : 10;
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
