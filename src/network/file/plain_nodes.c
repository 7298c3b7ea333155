/* plain_nodes.c: rewrites nodes for writing (writable_network.c): in one way where ONNX has had several.
 *
 * Integers that steer an operator become lists, written as an attribute or an input, as the opset of the file wants. A
 * Reshape names the shape of its result; a Split becomes a Slice for each part; Pad names the pads of every axis, and
 * its value is a constant input from opset 11 on; Cast and Dropout, which do nothing here, become Identity. Attributes
 * that matter only in training or for other modes of Resize are left out. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

nm_attr *nm_wnode_attr(const nm_wnode *w, const char *name)
{
    for (int i = 0; i < w->n_attrs; i++)
        if (strcmp(w->attrs[i].name, name) == 0) return &w->attrs[i];
    return NULL;
}

bool nm_wnode_is(const nm_wnode *w, const char *type) { return strcmp(w->type, type) == 0; }

void nm_wnode_drop(nm_wnode *w, const char *name)
{
    nm_attr *a = nm_wnode_attr(w, name);
    if (!a) return;
    memmove(a, a + 1, (size_t)(w->attrs + w->n_attrs - (a + 1)) * sizeof *a);
    w->n_attrs--;
}

const char *nm_wnet_name(nm_job *job, const nm_wnet *w, const char *base)
{
    for (size_t v = 0; v < w->n_values; v++) /* a value that is not written does not occupy its name */
        if ((v >= w->n_uses || w->uses[v]) && strcmp(w->values[v].name, base) == 0)
            return nm_wnet_name(job, w, nm_fmt(job, "%s_", base));
    return base;
}

int nm_wnet_const(nm_job *job, nm_wnet *w, const char *name, nm_shape shape, size_t n, double *x)
{
    const nm_value v = {.name = nm_wnet_name(job, w, name),
                        .type = NM_F64,
                        .shape = shape,
                        .n = n,
                        .data = x,
                        .maker = -1};
    *NM_PUSH(job, w->values, w->n_values, w->cap_values) = v;
    return (int)w->n_values - 1;
}

static void add_list(nm_wnode *n, const char *name, int k, size_t n_ints, const int64_t *ints)
{
    n->list[n->n_lists++] = (nm_wlist){name, k, n_ints, ints};
}

/* Moves the integers of attribute `name` or of constant input k into n->list. */
static void take_list(nm_job *job, const nm_wnet *w, nm_wnode *n, const char *name, int k)
{
    const nm_attr *a = nm_wnode_attr(n, name);
    const nm_value *v = n->n_in > k && n->in[k] >= 0 ? &w->values[n->in[k]] : NULL;
    if (n->n_in > k) n->in[k] = -1;
    if (!a && !v) return;
    const size_t count = a ? a->n : v->n;
    int64_t *ints = NM_RAW(job, int64_t, count);
    for (size_t i = 0; i < count; i++) /* 2^63 - 1, for "to the end", is not a double */
        ints[i] = (int64_t)fmax(-0x1p40, fmin(a ? (double)a->ints[i] : v->data[i], 0x1p40));
    add_list(n, name, k, count, ints);
    nm_wnode_drop(n, name);
}

static void trim(nm_wnode *n)
{
    while (n->n_in > 1 && n->in[n->n_in - 1] < 0) n->n_in--;
}

/* Gives the pads of all axes where only those of some are given. */
static void pad_all(nm_job *job, nm_wnode *n, int rank)
{
    const nm_wlist pads = n->list[0];
    if (n->n_lists < 2) return;
    const nm_wlist axes = n->list[1];
    int64_t *all = NM_ARRAY(job, int64_t, 2 * (size_t)rank);
    for (size_t i = 0; i < axes.n; i++) {
        const size_t d = (size_t)(axes.ints[i] < 0 ? axes.ints[i] + rank : axes.ints[i]);
        all[d] = pads.ints[i];
        all[(size_t)rank + d] = pads.ints[axes.n + i];
    }
    n->n_lists = 0;
    add_list(n, "pads", 1, 2 * (size_t)rank, all);
}

static void say_pad(nm_job *job, nm_wnet *w, nm_wnode *n)
{
    const nm_attr *old = nm_wnode_attr(n, "value");
    const double fill = old                            ? old->f
                        : n->n_in > 2 && n->in[2] >= 0 ? w->values[n->in[2]].data[0]
                                                       : 0;
    int *in = NM_RAW(job, int, 3);
    take_list(job, w, n, "pads", 1);
    take_list(job, w, n, "axes", 3);
    pad_all(job, n, w->values[n->in[0]].shape.rank);
    nm_wnode_drop(n, "value");
    in[0] = n->in[0], in[1] = -1;
    n->in = in;
    n->n_in = fill != 0 ? 3 : 1;
    if (fill != 0 && w->onnx && w->opset < 11) {
        n->n_in = 1;
        n->attrs[n->n_attrs++] = (nm_attr){.name = "value", .kind = NM_A_FLOAT, .f = fill};
    } else if (fill != 0) {
        double *x = NM_RAW(job, double, 1);
        *x = fill;
        in[2] = nm_wnet_const(job, w, "fill", nm_shape_of(0, NULL), 1, x);
    }
}

static void say_slice(nm_job *job, const nm_wnet *w, nm_wnode *n)
{
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    for (int k = 0; k < 4; k++) take_list(job, w, n, names[k], k + 1);
    trim(n);
    if (!w->onnx || w->opset >= 10 || strcmp(n->list[n->n_lists - 1].name, "steps")) return;
    const nm_wlist *steps = &n->list[--n->n_lists];
    for (size_t i = 0; i < steps->n; i++)
        if (steps->ints[i] != 1)
            nm_throw(job, NM_EUNSUP, "%s: node \"%s\": op Slice: opset %d has no steps",
                     w->net->path, n->name, w->opset);
}

/* Removes empty inputs for JSON, which has none, and makes the scales of Upsample in opsets 7 and 8 (an attribute of
 * real numbers) an input. */
static void say_scales(nm_job *job, nm_wnet *w, nm_wnode *n)
{
    const nm_attr *a = nm_wnode_attr(n, "scales");
    nm_wnode_drop(n, "cubic_coeff_a");
    nm_wnode_drop(n, "extrapolation_value");
    if (w->onnx) return;
    for (int k = 1; k < n->n_in; k++) /* an empty list, which meant "absent" before opset 13 */
        if (n->in[k] >= 0 && w->values[n->in[k]].n == 0) n->in[k] = -1;
    trim(n);
    if (!a) return;
    double *x = NM_RAW(job, double, a->n);
    memcpy(x, a->floats, a->n * sizeof *x);
    int *in = NM_RAW(job, int, 2);
    in[0] = n->in[0];
    in[1] = nm_wnet_const(job, w, "scales", nm_shape_of(1, (int64_t[]){(int64_t)a->n}), a->n, x);
    n->in = in;
    n->n_in = 2;
    nm_wnode_drop(n, "scales");
}

/* Drops an infinite end of Clip, which means no end. */
static void say_clip(const nm_wnet *w, nm_wnode *n)
{
    static const char *const ends[] = {"min", "max"};
    for (int k = 1; k <= 2; k++) {
        const nm_attr *a = nm_wnode_attr(n, ends[k - 1]);
        if (a && isinf(a->f)) nm_wnode_drop(n, ends[k - 1]);
        if (k < n->n_in && n->in[k] >= 0 && isinf(w->values[n->in[k]].data[0])) n->in[k] = -1;
    }
    trim(n);
}

void nm_wnode_plain(nm_job *job, nm_wnet *w, nm_wnode *n)
{
    if (nm_wnode_is(n, "Cast") || nm_wnode_is(n, "Dropout")) {
        n->type = "Identity";
        n->n_in = 1;
        n->n_attrs = 0;
    } else if (nm_wnode_is(n, "Reshape")) {
        const nm_shape *s = &w->values[n->out].shape;
        n->n_in = 1;
        n->n_attrs = 0;
        add_list(n, "shape", 1, (size_t)s->rank, s->dim);
    } else if (nm_wnode_is(n, "Squeeze") || nm_wnode_is(n, "Unsqueeze") ||
               strncmp(n->type, "Reduce", 6) == 0) {
        take_list(job, w, n, "axes", 1);
        trim(n);
    } else if (w->onnx && (nm_wnode_is(n, "Expand") || nm_wnode_is(n, "Tile"))) {
        take_list(job, w, n, nm_wnode_is(n, "Tile") ? "repeats" : "shape", 1);
        trim(n);
    } else if (nm_wnode_is(n, "Pad")) {
        say_pad(job, w, n);
    } else if (nm_wnode_is(n, "Clip")) {
        say_clip(w, n);
    } else if (nm_wnode_is(n, "Slice")) {
        say_slice(job, w, n);
    } else if (nm_wnode_is(n, "Resize") || nm_wnode_is(n, "Upsample")) {
        say_scales(job, w, n);
    } else if (nm_wnode_is(n, "BatchNormalization")) {
        nm_wnode_drop(n, "momentum");
        nm_wnode_drop(n, "spatial");
        nm_wnode_drop(n, "training_mode");
    }
}

/* Returns the Slice that gives part k of a Split. */
nm_wnode nm_wnode_part(nm_job *job, const nm_wnet *w, const nm_node *split, int k)
{
    const nm_shape *x = &w->values[split->in[0]].shape;
    int64_t *from = NM_ARRAY(job, int64_t, 3), axis = 0;
    for (int i = 0; i < split->n_attrs; i++)
        if (strcmp(split->attrs[i].name, "axis") == 0) axis = split->attrs[i].i;
    if (axis < 0) axis += x->rank;
    for (int i = 0; i < k; i++) from[0] += w->values[split->out[i]].shape.dim[axis];
    from[1] = from[0] + w->values[split->out[k]].shape.dim[axis];
    from[2] = axis;
    nm_wnode n = {.type = "Slice",
                  .name = nm_fmt(job, "%s_%d", split->name, k),
                  .n_in = 1,
                  .in = split->in,
                  .out = split->out[k]};
    add_list(&n, "starts", 1, 1, from);
    add_list(&n, "ends", 2, 1, from + 1);
    add_list(&n, "axes", 3, 1, from + 2);
    return n;
}
