/* read_json_network.c: reads netmip's own format of networks, made for reading and writing by hand.
 *
 *   {"netmip": "network", "version": 1, "input": {"name": "x", "shape": [2]},
 *    "layers": [{"op": "dense", "weight": [[1,-1]], "bias": [0]}, {"op": "relu"}], "outputs": ["..."]}
 *
 * All members (the default of what may be omitted is in brackets; any other member is refused):
 *   netmip, version   "network", 1
 *   name      a text that netmip ignores [none]
 *   opset     the ONNX opset that defines the operators, 7 to 25 [12, the newest where axes are attributes]
 *   axes      orders of axes: of images, "CHW" or "HWC" under "image" [CHW]; of convolution weights, "OIHW" or "HWIO"
 *             under "kernel" [OIHW]; of dense weights, "OI" or "IO" under "matrix" [OI]
 *   arrays    a .mat or .npz file beside this one; a text in place of a constant is then the name of one of its arrays
 *             [none: such a text is FILE:NAME]
 *   constants an object of named constants, which "inputs" may name [none]
 *   input     an object or an array of objects: shape; name [x]; min and max, the ends of the input's range: one number
 *             for all elements, or one for each [none]
 *   layers    an array of layers
 *   outputs   names of values [the last layer]
 * A layer:
 *   op        dense (W x + b), normalize ((x - mean) / std), maskedrelu (mask -1: 0; 0: relu; 1: x), skip, or an ONNX
 *             operator, in any letter case
 *   name      of its value [op_index]
 *   inputs    names of values [the layer before it]
 *   weight, bias (dense, conv); scale, bias, mean, var (batchnormalization); mean, std (normalize); mask (maskedrelu);
 *             weight, bias, value (every other operator): constants, which follow the inputs in this order [none]
 *   from      NAME: weight and bias are the arrays NAME/weight and NAME/bias [none]
 *   stride    of a convolution or pool over images: a number or [y,x] [1]
 *   padding   the same: "SAME" as TensorFlow's, "VALID", a number, [y,x] or [top,bottom,left,right] ["VALID"]
 *   perm      of flatten: first puts the axes into this order, counted from 0 [none]
 *   layers    of skip: parts (dense, conv, identity, zero); the last part reads the last value, the part before it the
 *             value before that, and so on; the layer is the sum of its parts
 *   others    attributes of the operator, as ONNX names them [as ONNX says]
 * A constant is a number, nested arrays, {"npy": "file beside this one"}, or an array's name. If the order of images is
 * HWC, they are [1,H,W,C] everywhere: as the network's input and in a normalize, a flatten, a mask, an `axis`. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

#include <cJSON.h>

static bool choice(nm_netjson *r, const nm_json *axes, const char *key, const char *dflt,
                   const char *other)
{
    const nm_json *x = nm_json_find(axes, key);
    const char *s = x ? nm_json_str(r->job, x, r->where) : dflt;
    if (strcmp(s, dflt) && strcmp(s, other))
        nm_throw(r->job, NM_EINPUT, "%s: \"%s\": \"%s\"; %s or %s was expected", r->where, key, s,
                 dflt, other);
    return strcmp(s, other) == 0;
}

static void read_axes(nm_netjson *r, const nm_json *axes)
{
    static const char *const members[] = {"image", "kernel", "matrix", NULL};
    if (!axes) return;
    nm_json_only(r->job, axes, r->where, members);
    r->hwc = choice(r, axes, "image", "CHW", "HWC");
    if (nm_json_find(axes, "image")) r->g->order = r->hwc ? NM_HWC : NM_CHW;
    r->hwio = choice(r, axes, "kernel", "OIHW", "HWIO");
    r->io = choice(r, axes, "matrix", "OI", "IO");
}

static void read_constants(nm_netjson *r, const nm_json *all)
{
    if (all && !cJSON_IsObject(all))
        nm_throw(r->job, NM_EINPUT, "%s: \"constants\" is not an object", r->where);
    for (const nm_json *x = all ? all->child : NULL; x; x = x->next) {
        const nm_value v = nm_netjson_const(r, x, x->string, 0);
        nm_graph_const(r->job, r->g, v.name, v.shape, v.type, v.data);
    }
}

/* Reads one end (min or max) of the range of an input of n elements. */
static void read_end(nm_netjson *r, const nm_json *in, const char *key, size_t n, double *out)
{
    const nm_value v = nm_netjson_const(r, nm_json_get(r->job, in, key, r->where), key, 0);
    if (v.n != n && v.n != 1)
        nm_throw(r->job, NM_EINPUT, "%s: \"%s\" has %zu numbers for %zu elements", r->where, key,
                 v.n, n);
    for (size_t i = 0; i < n; i++) out[i] = v.data[v.n == 1 ? 0 : i];
}

static nm_value read_shape(nm_netjson *r, const nm_json *in)
{
    nm_job *job = r->job;
    static const char *const members[] = {"name", "shape", "min", "max", NULL};
    nm_json_only(job, in, r->where, members);
    nm_value x = {.name = nm_json_find(in, "name")
                              ? nm_json_str(job, nm_json_find(in, "name"), r->where)
                              : "x",
                  .type = NM_F64,
                  .n = 1};
    const nm_json *shape = nm_json_get(job, in, "shape", r->where);
    if (nm_json_count(shape) > NM_MAXRANK || !cJSON_IsArray(shape))
        nm_throw(job, NM_EINPUT, "%s: \"shape\" is not an array of up to 8 dimensions", r->where);
    for (const nm_json *d = shape->child; d; d = d->next) {
        const int64_t size = nm_json_int(job, d, r->where);
        if (size < 1) nm_throw(job, NM_EINPUT, "%s: a dimension is below 1", r->where);
        x.shape.dim[x.shape.rank++] = size;
        x.n = nm_mul_in(job, r->where, x.n, (size_t)size);
    }
    if (x.n > 1u << 27) nm_throw(job, NM_EUNSUP, "%s: an input of %zu elements", r->where, x.n);
    return x;
}

static void read_inputs(nm_netjson *r, const nm_json *in)
{
    nm_graph *g = r->g;
    const bool several = cJSON_IsArray(in);
    size_t n = 0, ranges = 0;
    for (const nm_json *i = several ? in->child : in; i; i = several ? i->next : NULL) {
        *NM_PUSH(r->job, g->inputs, g->n_inputs, g->cap_inputs) = read_shape(r, i);
        n += g->inputs[g->n_inputs - 1].n;
        ranges += nm_json_find(i, "min") || nm_json_find(i, "max");
    }
    if (g->n_inputs == 0) nm_throw(r->job, NM_EINPUT, "%s: the network has no input", r->where);
    if (ranges == 0) return;
    double *lo = NM_RAW(r->job, double, n), *hi = NM_RAW(r->job, double, n);
    size_t at = 0, k = 0;
    for (const nm_json *i = several ? in->child : in; i; i = several ? i->next : NULL, k++) {
        read_end(r, i, "min", g->inputs[k].n, lo + at);
        read_end(r, i, "max", g->inputs[k].n, hi + at);
        at += g->inputs[k].n;
    }
    for (size_t i = 0; i < n; i++)
        if (lo[i] > hi[i])
            nm_throw(r->job, NM_EINPUT, "%s: element %zu has the range [%s,%s]", r->where, i,
                     nm_num_text(r->job, lo[i]), nm_num_text(r->job, hi[i]));
    g->lo = lo;
    g->hi = hi;
}

static void read_layers(nm_netjson *r, const nm_json *layers, const char *path)
{
    if (!cJSON_IsArray(layers)) nm_throw(r->job, NM_EINPUT, "%s: \"layers\" is not an array", path);
    size_t index = 0;
    for (const nm_json *l = layers->child; l; l = l->next, index++) {
        r->where = nm_fmt(r->job, "%s: layer %zu", path, index);
        const nm_json *name = nm_json_find(l, "name");
        const char *op = nm_json_str(r->job, nm_json_get(r->job, l, "op", r->where), r->where);
        const char *value = name ? nm_json_str(r->job, name, r->where)
                                 : nm_fmt(r->job, "%s_%zu", op, index);
        nm_netjson_layer(r, l, value, r->made[r->n_made - 1]);
        *NM_PUSH(r->job, r->made, r->n_made, r->cap_made) = value;
    }
}

static void read_outputs(nm_netjson *r, const nm_json *out, const char *path)
{
    nm_graph *g = r->g;
    if (out && (!cJSON_IsArray(out) || !out->child))
        nm_throw(r->job, NM_EINPUT, "%s: \"outputs\" is not an array of names", path);
    g->outputs = NM_ARRAY(r->job, const char *, nm_json_count(out) + 1);
    for (const nm_json *o = out ? out->child : NULL; o; o = o->next)
        g->outputs[g->n_outputs++] = nm_json_str(r->job, o, path);
    if (!out) g->outputs[g->n_outputs++] = r->made[r->n_made - 1];
}

nm_graph *nm_read_netjson(nm_job *job, nm_file f)
{
    static const char *const members[] = {"netmip", "version", "name",  "opset",
                                          "axes",   "arrays",  "input", "constants",
                                          "layers", "outputs", NULL};
    const nm_json *j = nm_json_parse(job, f), *kind = nm_json_find(j, "netmip");
    if (!cJSON_IsString(kind) || strcmp(kind->valuestring, "network"))
        nm_throw(job, NM_EINPUT, "%s: not a netmip network: \"netmip\": \"network\" was expected%s",
                 f.path,
                 cJSON_IsString(kind) ? nm_fmt(job, ", not \"%s\"", kind->valuestring) : "");
    if (nm_json_int(job, nm_json_get(job, j, "version", f.path), f.path) != 1)
        nm_throw(job, NM_EUNSUP, "%s: not a netmip network of version 1", f.path);
    nm_json_only(job, j, f.path, members);
    nm_netjson r = {.job = job, .g = NM_NEW(job, nm_graph), .where = f.path, .parts = {.job = job}};
    r.dir = nm_path_dir(job, f.path);
    r.g->path = f.path;
    r.g->format = "json";
    r.g->any_case = true;
    const nm_json *opset = nm_json_find(j, "opset"), *arrays = nm_json_find(j, "arrays");
    r.g->opset = opset ? nm_json_int(job, opset, f.path) : 12;
    if (r.g->opset < 7 || r.g->opset > NM_OPSET)
        nm_throw(job, NM_EUNSUP, "%s: opset %lld; 7 to 25 was expected", f.path,
                 (long long)r.g->opset);
    read_axes(&r, nm_json_find(j, "axes"));
    if (arrays) nm_netjson_arrays(&r, nm_json_str(job, arrays, f.path));
    read_constants(&r, nm_json_find(j, "constants"));
    read_inputs(&r, nm_json_get(job, j, "input", f.path));
    *NM_PUSH(job, r.made, r.n_made, r.cap_made) = r.g->inputs[0].name;
    read_layers(&r, nm_json_get(job, j, "layers", f.path), f.path);
    read_outputs(&r, nm_json_find(j, "outputs"), f.path);
    r.g->parts = r.parts.s;
    return r.g;
}
