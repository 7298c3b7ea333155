/* json_layer.c: turns one layer of netmip's JSON into nodes of ONNX operators. read_json_network.c describes how a
 * layer is written; these layers are more than one operator with its attributes and constants:
 *
 *   dense        Flatten to one row, then Gemm
 *   conv, pools, batchnormalization over images [1,H,W,C]: the same between two Transposes
 *   flatten      with "perm": Transpose, then Flatten to one row
 *   normalize    (x - mean) / std, a number or one for each channel: Sub, Div
 *   maskedrelu   relu(a x) + b x, with a = 1 where the mask is 0 and b = 1 where it is 1, else 0
 *   skip         the sum of layers that read the values before it (MIPVerify's SkipBlock) */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

#include <cJSON.h>
#include <strings.h>

typedef struct {
    const char *op, *consts; /* consts: in the order of inputs, each between blanks */
    bool image, window;      /* works on [1,C,H,W]; slides a window over it */
} kind;
static const kind kinds[] = {
    {"dense", " weight bias ", false, false},
    {"conv", " weight bias ", true, true},
    {"maxpool", " ", true, true},
    {"averagepool", " ", true, true},
    {"globalaveragepool", " ", true, false},
    {"batchnormalization", " scale bias mean var ", true, false},
    {"flatten", " ", false, false},
    {"normalize", " mean std ", false, false},
    {"maskedrelu", " mask ", false, false},
    {"skip", " ", false, false},
    {NULL, " weight bias value ", false, false}, /* all other operators */
};

typedef struct {
    nm_netjson *r;
    const nm_json *j;
    const kind *k;
    const char *op, *name;
    const char **in;
    size_t n_in;
} layer;

static const int64_t to_chw[] = {0, 3, 1, 2}, to_hwc[] = {0, 2, 3, 1};

static bool is(const layer *l, const char *op) { return l->k->op && strcmp(l->k->op, op) == 0; }

/* ---- members ---- */

/* Returns true if `key` is one of the words in k->consts. */
static bool is_const(const kind *k, const char *key)
{
    const size_t n = strlen(key);
    if (n == 0 || strchr(key, ' ')) return false;
    for (const char *s = strstr(k->consts, key); s; s = strstr(s + 1, key))
        if (s[-1] == ' ' && s[n] == ' ') return true; /* words stand between blanks */
    return false;
}

/* Returns true for a member that is neither a constant nor an attribute. */
static bool is_own(const layer *l, const char *key)
{
    static const char *const all[] = {"op", "name", "inputs", NULL};
    for (const char *const *k = all; *k; k++)
        if (strcmp(*k, key) == 0) return true;
    if (strcmp(key, "from") == 0) return is(l, "dense") || is(l, "conv");
    if (strcmp(key, "stride") == 0 || strcmp(key, "padding") == 0) return l->k->window;
    if (strcmp(key, "perm") == 0) return is(l, "flatten");
    return strcmp(key, "layers") == 0 && is(l, "skip");
}

static _Noreturn void refuse_member(const layer *l, const char *key)
{
    nm_throw(l->r->job, NM_EINPUT, "%s: \"%s\" is not a member of a layer \"%s\"", l->r->where, key,
             l->op);
}

/* Returns the first member that is an attribute of the operator, or NULL. */
static const char *an_attribute(const layer *l)
{
    for (const nm_json *a = l->j->child; a; a = a->next)
        if (!is_own(l, a->string) && !is_const(l->k, a->string)) return a->string;
    return NULL;
}

static void no_attributes(const layer *l)
{
    if (an_attribute(l)) refuse_member(l, an_attribute(l));
}

bool nm_netjson_is_fraction(const char *attr)
{
    static const char *const names[] = {"alpha", "beta",     "epsilon", "ratio",
                                        "min",   "momentum", "max",     NULL};
    const char *const *n = names;
    while (*n && strcmp(*n, attr)) n++;
    return *n;
}

static nm_attr attribute(const layer *l, const nm_json *x)
{
    nm_job *job = l->r->job;
    nm_attr a = {.name = x->string};
    if (cJSON_IsString(x)) {
        a.kind = NM_A_STR;
        a.s = x->valuestring;
    } else if (cJSON_IsArray(x)) {
        int64_t *ints = NM_RAW(job, int64_t, nm_json_count(x) + 1);
        for (const nm_json *e = x->child; e; e = e->next)
            ints[a.n++] = nm_json_int(job, e, l->r->where);
        a.kind = NM_A_INTS;
        a.ints = ints;
    } else if (nm_netjson_is_fraction(a.name)) {
        a.kind = NM_A_FLOAT;
        a.f = nm_json_num(job, x, l->r->where);
    } else {
        a.kind = NM_A_INT;
        a.i = nm_json_int(job, x, l->r->where);
    }
    return a;
}

/* Reads "stride" and "padding": one number, or one for each axis; "SAME", "VALID", or [top,bottom,left,right]. */
static void add_window(const layer *l, struct nm_rawnode *n)
{
    nm_job *job = l->r->job;
    const nm_json *stride = nm_json_find(l->j, "stride"), *pad = nm_json_find(l->j, "padding");
    int64_t s[4] = {0};
    if (stride) {
        const size_t m = nm_json_count(stride);
        const nm_json *e = cJSON_IsArray(stride) ? stride->child : stride;
        if (cJSON_IsArray(stride) && m != 2)
            nm_throw(job, NM_EINPUT, "%s: \"stride\": one or two numbers were expected", l->r->where);
        for (int i = 0; i < 2; i++, e = cJSON_IsArray(stride) ? e->next : e)
            s[i] = nm_json_int(job, e, l->r->where);
        nm_graph_ints(job, l->r->g, n, "strides", 2, s);
    }
    if (cJSON_IsString(pad)) {
        const bool same = strcmp(pad->valuestring, "SAME") == 0;
        if (!same && strcmp(pad->valuestring, "VALID"))
            nm_throw(job, NM_EINPUT, "%s: \"padding\": SAME, VALID or numbers were expected",
                     l->r->where);
        nm_graph_attr(
            job, l->r->g, n,
            (nm_attr){.name = "auto_pad", .kind = NM_A_STR, .s = same ? "SAME_UPPER" : "VALID"});
    } else if (pad) {
        const size_t m = cJSON_IsArray(pad) ? nm_json_count(pad) : 1;
        const nm_json *e = cJSON_IsArray(pad) ? pad->child : pad;
        int64_t p[4] = {0};
        if (m != 1 && m != 2 && m != 4)
            nm_throw(job, NM_EINPUT, "%s: \"padding\": 1, 2 or 4 numbers were expected",
                     l->r->where);
        for (size_t i = 0; i < m; i++, e = e->next) p[i] = nm_json_int(job, e, l->r->where);
        const int64_t all[] = {p[0], m == 4 ? p[2] : p[m - 1], m == 4 ? p[1] : p[0],
                               m == 4 ? p[3] : p[m - 1]};
        nm_graph_ints(job, l->r->g, n, "pads", 4, all);
    }
}

/* ---- constants ---- */

static nm_value weight(const layer *l, nm_value w)
{
    static const int oihw[] = {3, 2, 0, 1};
    if (is(l, "dense") && w.shape.rank != 2)
        nm_throw(l->r->job, NM_EINPUT, "%s: \"weight\" of a dense layer is not a matrix",
                 l->r->where);
    if (!is(l, "conv") || !l->r->hwio) return w;
    if (w.shape.rank != 4)
        nm_throw(l->r->job, NM_EINPUT, "%s: \"weight\" of shape %s; [H,W,I,O] was expected",
                 l->r->where, nm_shape_print(l->r->job, w.shape));
    const nm_shape hwio = w.shape;
    for (int d = 0; d < 4; d++) w.shape.dim[d] = hwio.dim[oihw[d]];
    w.data = nm_permuted(l->r->job, hwio, oihw, w.data);
    return w;
}

static void add_const(layer *l, const char *key, const nm_json *x)
{
    const bool matrix = strcmp(key, "weight") == 0;
    const char *name = nm_fmt(l->r->job, "%s.%s", l->name, key);
    const int rank = !matrix ? 0 : is(l, "conv") && l->r->hwio ? 4 : 2;
    nm_value v = nm_netjson_const(l->r, x, name, rank);
    if (matrix) v = weight(l, v);
    l->in[l->n_in++] = nm_graph_const(l->r->job, l->r->g, name, v.shape, v.type, v.data);
}

static nm_json *text_json(nm_job *job, const char *s)
{
    nm_json *x = NM_NEW(job, nm_json);
    x->type = cJSON_String;
    x->valuestring = nm_dup(job, s, strlen(s));
    return x;
}

static void add_consts(layer *l)
{
    static const char *const keys[] = {"weight", "scale", "bias", "value",
                                       "mean",   "var",   "std",  "mask"};
    const nm_json *from = is_own(l, "from") ? nm_json_find(l->j, "from") : NULL;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const nm_json *x = nm_json_find(l->j, keys[i]);
        const bool named = from && (strcmp(keys[i], "weight") == 0 || strcmp(keys[i], "bias") == 0);
        if (x && named) refuse_member(l, keys[i]);
        if (named) {
            const char *base = nm_json_str(l->r->job, from, l->r->where);
            x = text_json(l->r->job, nm_fmt(l->r->job, "%s/%s", base, keys[i]));
        }
        if (!x || !is_const(l->k, keys[i])) continue;
        if (is_const(l->k, "weight") && l->k->op && i > 0 && l->n_in == 1)
            nm_throw(l->r->job, NM_EINPUT, "%s: member \"weight\" is missing", l->r->where);
        add_const(l, keys[i], x);
    }
}

/* Adds the operator itself, with every member that is an attribute. */
static struct nm_rawnode *add_node(layer *l, const char *type, const char *out)
{
    struct nm_rawnode *n = nm_graph_node(l->r->job, l->r->g, type, l->name, out, l->n_in, l->in);
    for (const nm_json *a = l->j->child; a; a = a->next)
        if (!is_own(l, a->string) && !is_const(l->k, a->string))
            nm_graph_attr(l->r->job, l->r->g, n, attribute(l, a));
    return n;
}

/* ---- nodes ---- */

static const char *value_name(const layer *l, const char *suffix)
{
    return nm_fmt(l->r->job, "%s.%s", l->name, suffix);
}

static const char *transpose(const layer *l, const char *x, size_t rank, const int64_t *perm,
                             const char *out)
{
    struct nm_rawnode *n = nm_graph_node(l->r->job, l->r->g, "Transpose", out, out, 1, &x);
    nm_graph_ints(l->r->job, l->r->g, n, "perm", rank, perm);
    return out;
}

static const char *twin_of(const nm_netjson *r, const char *x)
{
    for (size_t i = r->n_twin; i-- > 0;)
        if (strcmp(r->twin[i].hwc, x) == 0) return r->twin[i].chw;
    return NULL;
}

/* Turns chw into `out` with the order [1,H,W,C]. Remembers both, so that a later layer that can read either order takes
 * chw; Transposes that are not needed in the end are dropped later. */
static void turn_back(const layer *l, const char *chw, const char *out)
{
    nm_netjson *r = l->r;
    transpose(l, chw, 4, to_hwc, out);
    *NM_PUSH(r->job, r->twin, r->n_twin, r->cap_twin) = (struct nm_twin){out, chw};
}

/* Adds a node that works element by element; if all its inputs exist as [1,C,H,W], too, it works on those. */
static void by_element(const layer *l, const char *type, const char *out, size_t n,
                       const char *const *in, nm_keeps keeps)
{
    const char *chw[2] = {NULL, NULL};
    bool turned = l->r->hwc && n > 0 && n <= 2;
    for (size_t i = 0; turned && i < n; i++) turned = (chw[i] = twin_of(l->r, in[i])) != NULL;
    const char *name = turned ? nm_fmt(l->r->job, "%s.chw", out) : out;
    nm_graph_node(l->r->job, l->r->g, type, l->name, name, n, turned ? chw : in)->keeps = keeps;
    if (turned) turn_back(l, name, out);
}

static void flatten_row(const layer *l, const char *x, const char *out)
{
    struct nm_rawnode *n = nm_graph_node(l->r->job, l->r->g, "Flatten", out, out, 1, &x);
    nm_graph_int(l->r->job, l->r->g, n, "axis", 0);
}

static void read_dense(layer *l)
{
    const char *row = value_name(l, "row");
    flatten_row(l, l->in[0], row);
    l->in[0] = row;
    add_consts(l);
    nm_graph_int(l->r->job, l->r->g, add_node(l, "Gemm", l->name), "transB", !l->r->io);
}

static void read_image(layer *l)
{
    const bool hwc = l->r->hwc;
    const char *out = hwc ? value_name(l, "chw") : l->name,
               *twin = hwc ? twin_of(l->r, l->in[0]) : NULL;
    if (hwc) l->in[0] = twin ? twin : transpose(l, l->in[0], 4, to_chw, value_name(l, "in"));
    add_consts(l);
    struct nm_rawnode *n = add_node(l, l->op, out);
    if (l->k->window) add_window(l, n);
    if (hwc) turn_back(l, out, l->name);
}

static void read_flatten(layer *l)
{
    const nm_json *perm = nm_json_find(l->j, "perm");
    if (!perm) {
        add_node(l, l->op, l->name);
        return;
    }
    no_attributes(l);
    if (!cJSON_IsArray(perm))
        nm_throw(l->r->job, NM_EINPUT, "%s: \"perm\" is not an array", l->r->where);
    const nm_attr a = attribute(l, perm);
    flatten_row(l, transpose(l, l->in[0], a.n, a.ints, value_name(l, "perm")), l->name);
}

/* Returns the constant under `key`. */
static nm_value constant(const layer *l, const char *key)
{
    const nm_json *x = nm_json_get(l->r->job, l->j, key, l->r->where);
    return nm_netjson_const(l->r, x, value_name(l, key), 0);
}

static const char *keep(const layer *l, nm_value v)
{
    return nm_graph_const(l->r->job, l->r->g, v.name, v.shape, v.type, v.data);
}

static void read_normalize(layer *l)
{
    nm_netjson *r = l->r;
    no_attributes(l);
    const nm_value mean = constant(l, "mean"), std = constant(l, "std");
    if (mean.shape.rank > 1 || std.shape.rank > 1)
        nm_throw(r->job, NM_EINPUT, "%s: \"mean\" and \"std\" must be numbers, or lists with a number for each channel",
                 r->where);
    for (size_t i = 0; i < std.n; i++)
        if (!(std.data[i] > 0))
            nm_throw(r->job, NM_EINPUT, "%s: \"std\" is %s; a number above 0 was expected", r->where,
                     nm_num_text(r->job, std.data[i]));
    const bool turn = !r->hwc && (mean.shape.rank || std.shape.rank); /* channels must come last */
    const char *x = turn ? transpose(l, l->in[0], 4, to_hwc, value_name(l, "in")) : l->in[0];
    const char *sub[] = {x, keep(l, mean)}, *div[] = {value_name(l, "sub"), keep(l, std)};
    const char *out = turn ? value_name(l, "hwc") : l->name;
    nm_graph_node(r->job, r->g, "Sub", l->name, div[0], 2, sub)->keeps = NM_KEEPS_SHAPE;
    nm_graph_node(r->job, r->g, "Div", l->name, out, 2, div)->keeps = NM_KEEPS_SHAPE;
    if (turn) transpose(l, out, 4, to_chw, l->name);
}

/* Returns a constant that is 1 where the mask is `side`, else 0. */
static const char *where_mask(const layer *l, nm_value mask, double side, const char *name)
{
    double *x = NM_RAW(l->r->job, double, mask.n);
    for (size_t i = 0; i < mask.n; i++) x[i] = mask.data[i] == side;
    return nm_graph_const(l->r->job, l->r->g, name, mask.shape, NM_F64, x);
}

static void read_masked(layer *l)
{
    nm_netjson *r = l->r;
    bool passed = false;
    no_attributes(l);
    const nm_value mask = constant(l, "mask");
    for (size_t i = 0; i < mask.n; i++) {
        if (mask.data[i] != -1 && mask.data[i] != 0 && mask.data[i] != 1)
            nm_throw(r->job, NM_EINPUT, "%s: a \"mask\" of %s; -1, 0 or 1 was expected", r->where,
                     nm_num_text(r->job, mask.data[i]));
        passed |= mask.data[i] == 1;
    }
    const char *cut[] = {l->in[0], where_mask(l, mask, 0, value_name(l, "rectified"))};
    const char *pre = value_name(l, "cut"), *relu = passed ? value_name(l, "relu") : l->name;
    nm_graph_node(r->job, r->g, "Mul", l->name, pre, 2, cut)->keeps = NM_KEEPS_ALL;
    nm_graph_node(r->job, r->g, "Relu", l->name, relu, 1, &pre);
    if (!passed) return;
    const char *let[] = {l->in[0], where_mask(l, mask, 1, value_name(l, "passed"))};
    const char *sum[] = {relu, value_name(l, "let")};
    nm_graph_node(r->job, r->g, "Mul", l->name, sum[1], 2, let)->keeps = NM_KEEPS_ALL;
    nm_graph_node(r->job, r->g, "Add", l->name, l->name, 2, sum);
}

/* Adds part i of a skip; returns its value, or NULL if it is zero. */
static const char *read_part(const layer *l, const nm_json *p, size_t i, const char *in)
{
    nm_netjson *r = l->r;
    const char *op = nm_json_str(r->job, nm_json_get(r->job, p, "op", r->where), r->where);
    if (nm_json_find(p, "name") || nm_json_find(p, "inputs"))
        nm_throw(r->job, NM_EINPUT, "%s: a part of a skip cannot have a \"name\" or \"inputs\"",
                 r->where);
    if (strcasecmp(op, "zero") == 0 && nm_json_count(p) == 1) return NULL;
    if (strcasecmp(op, "dense") && strcasecmp(op, "conv") && strcasecmp(op, "identity"))
        nm_throw(r->job, NM_EINPUT, "%s: dense, conv, identity or zero was expected", r->where);
    return nm_netjson_layer(r, p, nm_fmt(r->job, "%s.%zu", l->name, i), in);
}

static void read_skip(layer *l)
{
    nm_netjson *r = l->r;
    const nm_json *parts = nm_json_get(r->job, l->j, "layers", r->where);
    const size_t n = nm_json_count(parts), made = r->n_made;
    const char *where = r->where, *sum[2] = {NULL, NULL};
    no_attributes(l);
    if (!cJSON_IsArray(parts) || n == 0 || n > made || nm_json_find(l->j, "inputs"))
        nm_throw(r->job, NM_EINPUT,
                 "%s: \"layers\" of a skip has %zu parts for %zu values before it", where, n, made);
    size_t i = 0;
    for (const nm_json *p = parts->child; p; p = p->next, i++) {
        r->where = nm_fmt(r->job, "%s: part %zu", where, i);
        sum[1] = read_part(l, p, i, r->made[made - n + i]);
        if (!sum[1]) continue;
        const char *y = sum[0] ? nm_fmt(r->job, "%s.sum%zu", l->name, i) : sum[1];
        if (sum[0]) by_element(l, "Add", y, 2, sum, NM_KEEPS_ALL);
        sum[0] = y;
    }
    r->where = where;
    if (!sum[0]) nm_throw(r->job, NM_EINPUT, "%s: every part of the skip is zero", where);
    by_element(l, "Identity", l->name, 1, sum, NM_KEEPS_NOTHING);
}

static void read_inputs(layer *l, const char *before)
{
    nm_job *job = l->r->job;
    const nm_json *in = nm_json_find(l->j, "inputs");
    if (in && !cJSON_IsArray(in))
        nm_throw(job, NM_EINPUT, "%s: \"inputs\" is not an array", l->r->where);
    l->in = NM_ARRAY(job, const char *, nm_json_count(in) + 12);
    if (!in) l->in[l->n_in++] = before;
    for (const nm_json *a = in ? in->child : NULL; a; a = a->next)
        l->in[l->n_in++] = nm_json_str(job, a, l->r->where);
    if (is(l, "conv") && l->r->hwio && l->n_in != 1)
        nm_throw(
            job, NM_EINPUT,
            "%s: a weight among \"inputs\" is read in ONNX's order of axes; give it under \"weight\" for HWIO",
            l->r->where);
    const bool one = is(l, "dense") || is(l, "normalize") || is(l, "maskedrelu") ||
                     is(l, "flatten");
    if ((one && l->n_in != 1) || (l->k->image && l->n_in == 0))
        nm_throw(job, NM_EINPUT, "%s: a layer \"%s\" has one input", l->r->where, l->op);
}

/* Refuses operators that ONNX defines over [1,C,H,W] where images are [1,H,W,C]. Those listed do not depend on the
 * order of axes, or name their axes. */
static void check_axes(const layer *l)
{
    static const char *const any[] = {"relu",      "leakyrelu", "clip",      "abs",      "neg",
                                      "add",       "sub",       "mul",       "div",      "sum",
                                      "max",       "min",       "dropout",   "cast",     "reshape",
                                      "transpose", "squeeze",   "unsqueeze", "concat",   "pad",
                                      "slice",     "gemm",      "matmul",    "identity", NULL};
    if (!l->r->hwc || l->k->op) return;
    for (const char *const *a = any; *a; a++)
        if (strcasecmp(*a, l->op) == 0) return;
    nm_throw(l->r->job, NM_EUNSUP, "%s: op %s is not supported where images are HWC", l->r->where,
             l->op);
}

const char *nm_netjson_layer(nm_netjson *r, const nm_json *j, const char *name, const char *in)
{
    layer l = {.r = r, .j = j, .name = name, .k = kinds};
    l.op = nm_json_str(r->job, nm_json_get(r->job, j, "op", r->where), r->where);
    while (l.k->op && strcasecmp(l.k->op, l.op)) l.k++;
    check_axes(&l);
    read_inputs(&l, in);
    if (is(&l, "dense")) {
        read_dense(&l);
    } else if (l.k->image) {
        read_image(&l);
    } else if (is(&l, "flatten")) {
        read_flatten(&l);
    } else if (is(&l, "normalize")) {
        read_normalize(&l);
    } else if (is(&l, "maskedrelu")) {
        read_masked(&l);
    } else if (is(&l, "skip")) {
        read_skip(&l);
    } else {
        const size_t before = l.n_in;
        add_consts(&l);
        const bool element = strcasecmp(l.op, "relu") == 0 || strcasecmp(l.op, "identity") == 0 ||
                             strcasecmp(l.op, "add") == 0;
        if (element && l.n_in == before && !an_attribute(&l))
            by_element(&l, l.op, name, l.n_in, l.in, NM_KEEPS_NOTHING);
        else
            add_node(&l, l.op, name);
    }
    return name;
}
