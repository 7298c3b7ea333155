/* read/netjson.c: netmip's own description of a network, for reading and writing by hand.
 *
 *   {"netmip": "network", "version": 1, "input": {"name": "x", "shape": [2]},
 *    "layers": [{"op": "dense", "weight": [[1,-1]], "bias": [0]}, {"op": "relu"}], "outputs": ["..."]}
 *
 * A layer reads the one before it unless "inputs" names others; "name" names its value. "dense" is y = W x + b, W
 * [out][in]; every other op is an ONNX operator by its name in any case, its attributes as members, its constants
 * under "weight", "bias" or "value". A constant is a number, nested arrays, or {"npy": "file beside this one"}. */
#include "all.h"

#include <cJSON.h>
#include <strings.h>

typedef struct {
    nm_job *job;
    nm_graph *g;
    const char *where;
    const char *dir;
} reader;

static void nested(reader *r, const nm_json *x, int depth, nm_value *v, double **data, size_t *n,
                   size_t *cap)
{
    if (cJSON_IsNumber(x)) {
        if (depth != v->shape.rank)
            nm_throw(r->job, NM_EINPUT, "%s: arrays of unequal depth", r->where);
        *NM_PUSH(r->job, *data, *n, *cap) = x->valuedouble;
        return;
    }
    if (!cJSON_IsArray(x) || depth == NM_MAXRANK)
        nm_throw(r->job, NM_EINPUT, "%s: numbers in nested arrays were expected", r->where);
    const int64_t size = (int64_t)nm_json_count(x);
    if (size == 0) nm_throw(r->job, NM_EINPUT, "%s: an empty array", r->where);
    if (*n == 0 && depth == v->shape.rank) v->shape.dim[v->shape.rank++] = size;
    if (depth >= v->shape.rank || v->shape.dim[depth] != size)
        nm_throw(r->job, NM_EINPUT, "%s: rows of unequal length", r->where);
    for (const nm_json *a = x->child; a; a = a->next) nested(r, a, depth + 1, v, data, n, cap);
}

static nm_value constant(reader *r, const nm_json *x, const char *name)
{
    nm_value v = {.name = name, .type = NM_F64, .maker = -1};
    const nm_json *npy = nm_json_find(x, "npy");
    if (npy) {
        const char *path = nm_fmt(r->job, "%s%s", r->dir, nm_json_str(r->job, npy, r->where));
        const nm_tensor t = nm_read_npy(r->job, nm_file_read(r->job, path));
        v.shape = t.shape;
        v.n = t.n;
        v.data = t.x;
        return v;
    }
    double *data = NULL;
    size_t cap = 0;
    nested(r, x, 0, &v, &data, &v.n, &cap);
    v.data = data;
    return v;
}

static void add_attr(reader *r, struct nm_rawnode *n, nm_attr a)
{
    if (n->n_attrs == 64) nm_throw(r->job, NM_EINPUT, "%s: too many members", r->where);
    n->attrs[n->n_attrs++] = a;
}

/* attributes that ONNX holds as floats, whatever number stands here */
static bool is_fraction(const char *name)
{
    static const char *const names[] = {"alpha", "beta", "epsilon", "ratio", "min", "max"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static void read_attr(reader *r, struct nm_rawnode *n, const nm_json *x)
{
    nm_attr a = {.name = x->string};
    if (cJSON_IsString(x)) {
        a.kind = NM_A_STR;
        a.s = x->valuestring;
    } else if (cJSON_IsArray(x)) {
        int64_t *ints = NM_RAW(r->job, int64_t, nm_json_count(x) + 1);
        for (const nm_json *e = x->child; e; e = e->next)
            ints[a.n++] = nm_json_int(r->job, e, r->where);
        a.kind = NM_A_INTS;
        a.ints = ints;
    } else {
        const double d = nm_json_num(r->job, x, r->where);
        a.kind = is_fraction(a.name) ? NM_A_FLOAT : NM_A_INT;
        a.f = d;
        a.i = is_fraction(a.name) ? 0 : nm_json_int(r->job, x, r->where);
    }
    add_attr(r, n, a);
}

static void add_constant(reader *r, struct nm_rawnode *n, const nm_json *layer, const char *key,
                         bool as_matrix)
{
    const nm_json *x = nm_json_find(layer, key);
    if (!x) return;
    const char *name = nm_fmt(r->job, "%s.%s", n->name, key);
    nm_value v = constant(r, x, name);
    if (as_matrix && v.shape.rank != 2)
        nm_throw(r->job, NM_EINPUT, "%s: \"weight\" of a dense layer is not a matrix", r->where);
    *NM_PUSH(r->job, r->g->consts, r->g->n_consts, r->g->cap_consts) = v;
    n->in[n->n_in++] = name;
}

static void dense_attrs(reader *r, struct nm_rawnode *n)
{
    add_attr(r, n, (nm_attr){.name = "transB", .kind = NM_A_INT, .i = 1});
    n->type = "Gemm";
}

static void read_inputs(reader *r, struct nm_rawnode *n, const nm_json *layer, const char *last)
{
    const nm_json *in = nm_json_find(layer, "inputs");
    if (in && !cJSON_IsArray(in))
        nm_throw(r->job, NM_EINPUT, "%s: \"inputs\" is not an array", r->where);
    n->in = NM_ARRAY(r->job, const char *, nm_json_count(in) + 8);
    if (!in) n->in[n->n_in++] = last;
    for (const nm_json *a = in ? in->child : NULL; a; a = a->next)
        n->in[n->n_in++] = nm_json_str(r->job, a, r->where);
}

/* dense flattens whatever it reads to one row */
static const char *flatten(reader *r, const char *name, const char *in)
{
    struct nm_rawnode *n = NM_PUSH(r->job, r->g->nodes, r->g->n_nodes, r->g->cap_nodes);
    *n = (struct nm_rawnode){.name = name, .type = "Flatten", .n_in = 1, .n_out = 1};
    n->in = NM_ARRAY(r->job, const char *, 1);
    n->out = NM_ARRAY(r->job, const char *, 1);
    n->attrs = NM_ARRAY(r->job, nm_attr, 1);
    n->in[0] = in;
    n->out[0] = name;
    add_attr(r, n, (nm_attr){.name = "axis", .kind = NM_A_INT, .i = 0});
    return name;
}

static const char *read_layer(reader *r, const nm_json *layer, const char *last, size_t index)
{
    nm_job *job = r->job;
    const char *op = nm_json_str(job, nm_json_get(job, layer, "op", r->where), r->where);
    const nm_json *name = nm_json_find(layer, "name");
    struct nm_rawnode n = {.type = op, .n_out = 1, .attrs = NM_ARRAY(job, nm_attr, 64)};
    n.name = name ? nm_json_str(job, name, r->where) : nm_fmt(job, "%s_%zu", op, index);
    const bool dense = strcasecmp(op, "dense") == 0;
    read_inputs(r, &n, layer, last);
    if (dense && n.n_in != 1) nm_throw(job, NM_EINPUT, "%s: a dense layer has one input", r->where);
    if (dense) dense_attrs(r, &n);
    if (dense) n.in[0] = flatten(r, nm_fmt(job, "%s.row", n.name), n.in[0]);
    n.out = NM_ARRAY(job, const char *, 1);
    n.out[0] = n.name;
    add_constant(r, &n, layer, "weight", dense);
    add_constant(r, &n, layer, "bias", false);
    add_constant(r, &n, layer, "value", false);
    for (const nm_json *a = layer->child; a; a = a->next) {
        static const char *const own[] = {"op", "name", "inputs", "weight", "bias", "value", NULL};
        const char *const *k = own;
        while (*k && strcmp(*k, a->string)) k++;
        if (!*k) read_attr(r, &n, a);
    }
    *NM_PUSH(job, r->g->nodes, r->g->n_nodes, r->g->cap_nodes) = n;
    return n.name;
}

nm_graph *nm_read_netjson(nm_job *job, nm_file f)
{
    static const char *const members[] = {"netmip", "version", "name", "input",
                                          "layers", "outputs", NULL};
    const nm_json *j = nm_json_parse(job, f);
    nm_json_only(job, j, f.path, members);
    const char *kind = nm_json_str(job, nm_json_get(job, j, "netmip", f.path), f.path);
    if (strcmp(kind, "network") ||
        nm_json_int(job, nm_json_get(job, j, "version", f.path), f.path) != 1)
        nm_throw(job, NM_EINPUT, "%s: not a netmip network of version 1", f.path);
    reader r = {job, NM_NEW(job, nm_graph), f.path, nm_path_dir(job, f.path)};
    r.g->path = f.path;
    r.g->opset = 12; /* the newest whose axes are attributes */
    r.g->any_case = true;
    const nm_json *in = nm_json_get(job, j, "input", f.path);
    static const char *const in_members[] = {"name", "shape", NULL};
    nm_json_only(job, in, f.path, in_members);
    nm_value x = {
        .name = nm_json_find(in, "name") ? nm_json_str(job, nm_json_find(in, "name"), f.path) : "x",
        .type = NM_F64};
    const nm_json *shape = nm_json_get(job, in, "shape", f.path);
    if (nm_json_count(shape) > NM_MAXRANK || !cJSON_IsArray(shape))
        nm_throw(job, NM_EINPUT, "%s: \"shape\" is not a short array", f.path);
    for (const nm_json *d = shape->child; d; d = d->next) {
        x.shape.dim[x.shape.rank] = nm_json_int(job, d, f.path);
        if (x.shape.dim[x.shape.rank++] < 1)
            nm_throw(job, NM_EINPUT, "%s: a dimension below 1", f.path);
    }
    *NM_PUSH(job, r.g->inputs, r.g->n_inputs, r.g->cap_inputs) = x;
    const char *last = x.name;
    size_t index = 0;
    for (const nm_json *l = nm_json_get(job, j, "layers", f.path)->child; l; l = l->next, index++) {
        r.where = nm_fmt(job, "%s: layer %zu", f.path, index);
        last = read_layer(&r, l, last, index);
    }
    const nm_json *out = nm_json_find(j, "outputs");
    r.g->outputs = NM_ARRAY(job, const char *, nm_json_count(out) + 1);
    for (const nm_json *o = out ? out->child : NULL; o; o = o->next)
        r.g->outputs[r.g->n_outputs++] = nm_json_str(job, o, f.path);
    if (r.g->n_outputs == 0) r.g->outputs[r.g->n_outputs++] = last;
    return r.g;
}
