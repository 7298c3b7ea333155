/* window.c: the arithmetic of sliding windows that convolutions and pools share: strides, pads, dilations,
 * auto_pad, ceil_mode, over one or two dimensions, as ONNX defines them (opset 1 to 21). */
#include "all.h"

static void resolve_auto_pad(nm_job *job, nm_net *net, nm_node *node, int dims, const int64_t *in,
                             const int64_t *k, const int64_t *s, const int64_t *d, int64_t *pads)
{
    const char *mode = nm_attr_str(job, net, node, "auto_pad", "NOTSET");
    if (strcmp(mode, "NOTSET") == 0) return;
    if (nm_attr_find(node, "pads") && strcmp(mode, "VALID"))
        nm_refuse(job, net, node, "attributes pads and auto_pad=%s together", mode);
    const bool upper = strcmp(mode, "SAME_UPPER") == 0, lower = strcmp(mode, "SAME_LOWER") == 0;
    if (!upper && !lower && strcmp(mode, "VALID"))
        nm_refuse(job, net, node, "attribute auto_pad=%s", mode);
    for (int i = 0; i < dims; i++) {
        pads[i] = pads[dims + i] = 0;
        if (!upper && !lower) continue;
        const int64_t out = (in[i] + s[i] - 1) / s[i];
        const int64_t need = (out - 1) * s[i] + (k[i] - 1) * d[i] + 1 - in[i],
                      all = need > 0 ? need : 0;
        pads[i] = upper ? all / 2 : all - all / 2;
        pads[dims + i] = all - pads[i];
    }
}

/* Reads strides, pads, dilations and auto_pad of a window op on x [N,C,(H,)W]; fills all but o and groups.
 * ceil_mode: 1 honoured, 0 absent, -1 refused where it changes the output's size. */
nm_geo nm_window(nm_job *job, nm_net *net, nm_node *node, nm_shape x, const int64_t *kernel,
                 bool dilate, int64_t ceil_mode)
{
    const int dims = x.rank - 2;
    int64_t s[2], d[2] = {1, 1}, pads[4], out[2];
    if (dims != 1 && dims != 2)
        nm_refuse(job, net, node, "input of shape %s; [N,C,W] or [N,C,H,W] was expected",
                  nm_shape_print(job, x));
    nm_attr_ints(job, net, node, "strides", (size_t)dims, s, 1);
    if (dilate) nm_attr_ints(job, net, node, "dilations", (size_t)dims, d, 1);
    nm_attr_ints(job, net, node, "pads", 2 * (size_t)dims, pads, 0);
    for (int i = 0; i < dims; i++) {
        const int64_t big = 1 << 20;
        if (s[i] < 1 || d[i] < 1 || kernel[i] < 1 || s[i] > big || d[i] > big || kernel[i] > big)
            nm_refuse(job, net, node,
                      "strides, dilations and kernel sizes must be positive and small");
        if (pads[i] < 0 || pads[dims + i] < 0 || pads[i] > big || pads[dims + i] > big)
            nm_refuse(job, net, node, "negative pads");
    }
    resolve_auto_pad(job, net, node, dims, x.dim + 2, kernel, s, d, pads);
    for (int i = 0; i < dims; i++) {
        const int64_t room = x.dim[2 + i] + pads[i] + pads[dims + i] - ((kernel[i] - 1) * d[i] + 1);
        if (room < 0) nm_refuse(job, net, node, "the kernel is larger than its padded input");
        out[i] = room / s[i] + 1;
        if (!ceil_mode || room % s[i] == 0) continue;
        if (ceil_mode < 0) nm_refuse(job, net, node, "attribute ceil_mode=1 where it matters");
        if (out[i] * s[i] < x.dim[2 + i] + pads[i])
            out[i]++; /* a last window must start on the input or the left pad */
    }
    const int w = dims - 1;
    const bool two = dims == 2;
    return (nm_geo){.c = x.dim[1],
                    .h = two ? x.dim[2] : 1,
                    .w = x.dim[2 + w],
                    .p = two ? out[0] : 1,
                    .q = out[w],
                    .kh = two ? kernel[0] : 1,
                    .kw = kernel[w],
                    .sh = two ? s[0] : 1,
                    .sw = s[w],
                    .dh = two ? d[0] : 1,
                    .dw = d[w],
                    .ph = two ? pads[0] : 0,
                    .pw = pads[w]};
}

nm_shape nm_window_shape(nm_shape x, nm_geo g)
{
    nm_shape s = x;
    s.dim[1] = g.o;
    s.dim[x.rank - 1] = g.q;
    if (x.rank == 4) s.dim[2] = g.p;
    return s;
}
