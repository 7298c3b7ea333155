/* pad.c: Pad along each axis: with a constant (a negative pad removes elements), by reflection, edge or wrap. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

/* Returns the input element at output place i, where 0 is the first element of the input; -1: the constant. */
static int64_t pad_at(char mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n) return i;
    if (mode == 'c') return -1;
    if (mode == 'e') return i < 0 ? 0 : n - 1;
    const int64_t period = mode == 'w' || n == 1 ? n : 2 * n - 2,
                  k = (i % period + period) % period;
    return k < n ? k : period - k;
}

static double pad_value(nm_job *job, nm_net *net, nm_node *node, char mode)
{
    const nm_value *fill = nm_in(net, node, 2);
    if (fill && nm_attr_find(node, "value"))
        nm_refuse(job, net, node, "attribute value and input 2 together");
    if (fill && (!fill->data || fill->n != 1))
        nm_refuse(job, net, node, "the value to pad with is not one constant");
    const double value = fill ? fill->data[0] : nm_attr_float(job, net, node, "value", 0);
    if (mode != 'c' && value != 0) nm_refuse(job, net, node, "a value to pad with, which this mode does not use");
    return value;
}

static void plan_pad(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    int64_t pads[2 * NM_MAXRANK], axes[2 * NM_MAXRANK], *map[NM_MAXRANK];
    int64_t lo[NM_MAXRANK] = {0}, hi[NM_MAXRANK] = {0};
    const char *mode = nm_attr_str(job, net, node, "mode", "constant");
    if (strcmp(mode, "constant") && strcmp(mode, "reflect") && strcmp(mode, "edge") &&
        strcmp(mode, "wrap"))
        nm_refuse(job, net, node, "attribute mode=%s", mode);
    const double fill = pad_value(job, net, node, *mode);
    int n = nm_in(net, node, 3) ? nm_node_list(job, net, node, "axes", 3, axes) : x.rank;
    for (int d = 0; !nm_in(net, node, 3) && d < n; d++) axes[d] = d;
    if (nm_node_list(job, net, node, "pads", 1, pads) != 2 * n)
        nm_refuse(job, net, node, "pads need %d entries", 2 * n);
    bool seen[NM_MAXRANK] = {0};
    for (int i = 0; i < n; i++) {
        const int d = nm_axis(job, net, node, axes[i], x.rank);
        if (seen[d]) nm_refuse(job, net, node, "axis %d twice", d);
        seen[d] = true;
        lo[d] = pads[i];
        hi[d] = pads[n + i];
    }
    nm_shape s = x;
    for (int d = 0; d < x.rank; d++) {
        const int64_t big = 1 << 20, least = *mode == 'c' ? -big : 0,
                      most = *mode == 'r'   ? x.dim[d] - 1
                             : *mode == 'w' ? x.dim[d]
                                            : big;
        if (lo[d] > most || hi[d] > most || lo[d] < least || hi[d] < least ||
            x.dim[d] + (lo[d] < 0 ? lo[d] : 0) + (hi[d] < 0 ? hi[d] : 0) < 1)
            nm_refuse(job, net, node, "pads of %lld and %lld for %lld elements", (long long)lo[d],
                      (long long)hi[d], (long long)x.dim[d]);
        s.dim[d] = x.dim[d] + lo[d] + hi[d];
    }
    nm_out_shape(job, net, node, 0, s);
    for (int d = 0; d < x.rank; d++) {
        map[d] = NM_RAW(job, int64_t, (size_t)s.dim[d]);
        for (int64_t i = 0; i < s.dim[d]; i++) map[d][i] = pad_at(*mode, i - lo[d], x.dim[d]);
    }
    nm_pick *p = NM_NEW(job, nm_pick);
    p->at = nm_pick_axes(job, x, s, map);
    p->fill = fill;
    node->plan = p;
}

const nm_op nm_op_pad = {"Pad",
                         1,
                         4,
                         1,
                         7,
                         NM_OPSET,
                         plan_pad,
                         nm_pick_eval,
                         nm_pick_lower,
                         "constant pads, axes and value"};
