/* node.c: what every operator needs in order to read its node: attributes, inputs, axes, broadcasting. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

void nm_refuse(nm_job *job, const nm_net *net, const nm_node *node, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    nm_throw(job, NM_EUNSUP, "%s: node \"%s\": op %s: %s", net->path, node->name, node->type, text);
}

nm_attr *nm_attr_find(nm_node *node, const char *name)
{
    for (int i = 0; i < node->n_attrs; i++) {
        if (strcmp(node->attrs[i].name, name)) continue;
        node->attrs[i].seen = true;
        return &node->attrs[i];
    }
    return NULL;
}

static nm_attr *find_kind(nm_job *job, nm_net *net, nm_node *node, const char *name, nm_akind kind)
{
    nm_attr *a = nm_attr_find(node, name);
    if (a && a->kind != kind) nm_refuse(job, net, node, "attribute %s has the wrong type", name);
    return a;
}

int64_t nm_attr_int(nm_job *job, nm_net *net, nm_node *node, const char *name, int64_t dflt)
{
    const nm_attr *a = find_kind(job, net, node, name, NM_A_INT);
    return a ? a->i : dflt;
}

double nm_attr_float(nm_job *job, nm_net *net, nm_node *node, const char *name, double dflt)
{
    const nm_attr *a = find_kind(job, net, node, name, NM_A_FLOAT);
    if (a && !isfinite(a->f)) nm_refuse(job, net, node, "attribute %s is not finite", name);
    return a ? a->f : dflt;
}

const char *nm_attr_str(nm_job *job, nm_net *net, nm_node *node, const char *name, const char *dflt)
{
    const nm_attr *a = find_kind(job, net, node, name, NM_A_STR);
    return a ? a->s : dflt;
}

size_t nm_attr_ints(nm_job *job, nm_net *net, nm_node *node, const char *name, size_t want,
                    int64_t *out, int64_t dflt)
{
    const nm_attr *a = find_kind(job, net, node, name, NM_A_INTS);
    if (a && a->n != want)
        nm_refuse(job, net, node, "attribute %s has %zu entries; %zu were expected", name, a->n,
                  want);
    for (size_t i = 0; i < want; i++) out[i] = a ? a->ints[i] : dflt;
    return a ? want : 0;
}

int nm_axis(nm_job *job, nm_net *net, nm_node *node, int64_t axis, int rank)
{
    if (axis < -rank || axis >= rank)
        nm_refuse(job, net, node, "axis %lld of a tensor of rank %d", (long long)axis, rank);
    return (int)(axis < 0 ? axis + rank : axis);
}

int nm_node_list(nm_job *job, nm_net *net, nm_node *node, const char *name, int k,
                 int64_t out[2 * NM_MAXRANK])
{
    const int64_t far = (int64_t)1 << 40;
    const nm_attr *a = find_kind(job, net, node, name, NM_A_INTS);
    const nm_value *v = nm_in(net, node, k);
    if (!a && !v) return -1;
    if (a && v) nm_refuse(job, net, node, "attribute %s and input %d together", name, k);
    if (!a && !v->data) nm_refuse(job, net, node, "input %d is not constant", k);
    const size_t n = a ? a->n : v->n;
    if (n > 2 * NM_MAXRANK) nm_refuse(job, net, node, "%zu entries in %s", n, name);
    for (size_t i = 0; i < n; i++) {
        if (!a && v->data[i] != floor(v->data[i]))
            nm_refuse(job, net, node, "input %d is not made of integers", k);
        if (a)
            out[i] = a->ints[i] < -far ? -far : a->ints[i] > far ? far : a->ints[i];
        else
            out[i] = (int64_t)fmax(-(double)far, fmin((double)far, v->data[i]));
    }
    return (int)n;
}

static bool all_constant(const nm_net *net, const nm_node *node)
{
    for (int k = 0; k < node->n_in; k++)
        if (node->in[k] >= 0 && !net->values[node->in[k]].data) return false;
    return true;
}

void nm_out_shape(nm_job *job, nm_net *net, nm_node *node, int k, nm_shape s)
{
    nm_value *v = &net->values[node->out[k]];
    v->shape = s;
    v->n = nm_shape_size(job, s);
    if (v->n == 0 && !all_constant(net, node)) /* a constant may be an empty list */
        nm_refuse(job, net, node, "an empty tensor %s", nm_shape_print(job, s));
    if (v->n > (1u << 27)) nm_refuse(job, net, node, "a tensor of %zu elements", v->n);
}

const nm_value *nm_in(const nm_net *net, const nm_node *node, int k)
{
    return k < node->n_in && node->in[k] >= 0 ? &net->values[node->in[k]] : NULL;
}

bool nm_is_const(const nm_net *net, const nm_node *node, int k)
{
    const nm_value *v = nm_in(net, node, k);
    return v && v->data;
}

nm_shape nm_broadcast(nm_job *job, nm_net *net, nm_node *node, nm_shape a, nm_shape b)
{
    nm_shape s = {.rank = a.rank > b.rank ? a.rank : b.rank};
    for (int i = 0; i < s.rank; i++) {
        const int ia = a.rank - 1 - i, ib = b.rank - 1 - i, at = s.rank - 1 - i;
        const int64_t da = ia >= 0 ? a.dim[ia] : 1, db = ib >= 0 ? b.dim[ib] : 1;
        if (da != db && da != 1 && db != 1)
            nm_refuse(job, net, node, "shapes %s and %s do not go together", nm_shape_print(job, a),
                      nm_shape_print(job, b));
        s.dim[at] = da == 1 ? db : da;
    }
    return s;
}
