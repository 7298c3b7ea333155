/* windows.c: the arithmetic of sliding windows that convolutions and pools share: strides, pads, dilations,
 * auto_pad, ceil_mode, over one to three dimensions, as ONNX defines them (opset 1 to 25).
 *
 * Along a dimension with I elements, pads l and h, kernel k, stride s, dilation d, let R = I + l + h - (k-1) d - 1.
 * There are floor(R / s) + 1 windows; with ceil_mode there is one more if s does not divide R and that window starts on
 * the input or the left pad. SAME gives ceil(I / s) windows. auto_pad=VALID with ceil_mode, on which definitions and
 * runtimes disagree, is refused if it makes a difference. So is, in ONNX, SAME where the windows leave out two elements
 * or more. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

static void resolve_auto_pad(nm_job *job, nm_net *net, nm_node *node, nm_win *w)
{
    const char *mode = nm_attr_str(job, net, node, "auto_pad", "NOTSET");
    if (strcmp(mode, "NOTSET") == 0) return;
    for (int i = 0; i < NM_WIN; i++)
        if (nm_attr_find(node, "pads") && (strcmp(mode, "VALID") || w->lo[i] || w->hi[i]))
            nm_refuse(job, net, node, "attributes pads and auto_pad=%s together", mode);
    const bool upper = strcmp(mode, "SAME_UPPER") == 0, lower = strcmp(mode, "SAME_LOWER") == 0;
    if (!upper && !lower && strcmp(mode, "VALID"))
        nm_refuse(job, net, node, "attribute auto_pad=%s", mode);
    for (int i = NM_WIN - w->dims; i < NM_WIN; i++) {
        w->lo[i] = w->hi[i] = 0;
        if (!upper && !lower) continue;
        const int64_t out = (w->in[i] + w->s[i] - 1) / w->s[i];
        const int64_t need = (out - 1) * w->s[i] + (w->k[i] - 1) * w->d[i] + 1 - w->in[i],
                      all = need > 0 ? need : 0;
        if (need < -1 &&
            strcmp(net->format, "onnx") == 0) /* TensorFlow, which our JSON follows, defines it clearly */
            nm_refuse(job, net, node,
                      "attribute auto_pad=%s with windows that leave out %lld elements at the end: "
                      "runtimes disagree",
                      mode, (long long)-need);
        w->lo[i] = upper ? all / 2 : all - all / 2;
        w->hi[i] = all - w->lo[i];
    }
}

nm_win nm_window_read(nm_job *job, nm_net *net, nm_node *node, nm_shape x, const int64_t *kernel)
{
    const int dims = x.rank - 2, first = NM_WIN - dims;
    int64_t s[NM_WIN], d[NM_WIN], pads[2 * NM_WIN];
    if (dims < 1 || dims > NM_WIN || x.dim[0] != 1)
        nm_refuse(job, net, node,
                  "input of shape %s; [1,C,W], [1,C,H,W] or [1,C,D,H,W] was expected",
                  nm_shape_print(job, x));
    nm_win w = {.dims = dims, .c = x.dim[1]};
    nm_attr_ints(job, net, node, "strides", (size_t)dims, s, 1);
    nm_attr_ints(job, net, node, "dilations", (size_t)dims, d, 1);
    nm_attr_ints(job, net, node, "pads", 2 * (size_t)dims, pads, 0);
    for (int i = 0; i < NM_WIN; i++) w.in[i] = w.out[i] = w.k[i] = w.s[i] = w.d[i] = 1;
    for (int i = 0; i < dims; i++) {
        const int64_t big = 1 << 20;
        if (s[i] < 1 || d[i] < 1 || kernel[i] < 1 || s[i] > big || d[i] > big || kernel[i] > big)
            nm_refuse(job, net, node,
                      "strides, dilations and kernel sizes must be from 1 to 2^20");
        if (pads[i] < 0 || pads[dims + i] < 0 || pads[i] > big || pads[dims + i] > big)
            nm_refuse(job, net, node, "pads must be from 0 to 2^20");
        w.in[first + i] = x.dim[2 + i];
        w.k[first + i] = kernel[i];
        w.s[first + i] = s[i];
        w.d[first + i] = d[i];
        w.lo[first + i] = pads[i];
        w.hi[first + i] = pads[dims + i];
    }
    return w;
}

nm_win nm_window(nm_job *job, nm_net *net, nm_node *node, nm_shape x, const int64_t *kernel,
                 bool ceil_mode)
{
    nm_win w = nm_window_read(job, net, node, x, kernel);
    resolve_auto_pad(job, net, node, &w);
    const bool valid = strcmp(nm_attr_str(job, net, node, "auto_pad", "NOTSET"), "VALID") == 0;
    for (int i = NM_WIN - w.dims; i < NM_WIN; i++) {
        const int64_t room = w.in[i] + w.lo[i] + w.hi[i] - ((w.k[i] - 1) * w.d[i] + 1);
        if (room < 0) nm_refuse(job, net, node, "the kernel is larger than its padded input");
        w.out[i] = room / w.s[i] + 1;
        if (!ceil_mode || room % w.s[i] == 0 || w.out[i] * w.s[i] >= w.in[i] + w.lo[i]) continue;
        if (valid)
            nm_refuse(job, net, node, "attributes ceil_mode=1 and auto_pad=VALID where it makes a difference");
        w.out[i]++;
        w.over = true;
    }
    return w;
}

nm_shape nm_window_shape(const nm_win *w, int64_t channels)
{
    nm_shape s = {.rank = 2 + w->dims, .dim = {1, channels}};
    for (int i = 0; i < w->dims; i++) s.dim[2 + i] = w->out[NM_WIN - w->dims + i];
    return s;
}

size_t nm_window_size(nm_job *job, const int64_t n[NM_WIN])
{
    return nm_mul(job, nm_mul(job, (size_t)n[0], (size_t)n[1]), (size_t)n[2]);
}

void nm_window_step(int64_t n[NM_WIN], const int64_t limit[NM_WIN])
{
    for (int i = NM_WIN - 1; i >= 0; i--) {
        if (++n[i] < limit[i]) return;
        n[i] = 0;
    }
}

/* element of the channel under kernel place k of output place o */
int64_t nm_window_cell(const nm_win *w, const int64_t o[NM_WIN], const int64_t k[NM_WIN])
{
    int64_t at = 0;
    for (int i = 0; i < NM_WIN; i++) {
        const int64_t x = o[i] * w->s[i] - w->lo[i] + k[i] * w->d[i];
        if (x < 0 || x >= w->in[i]) return -1;
        at = at * w->in[i] + x;
    }
    return at;
}

/* In 1-D the only dimension is the last, and H is 1. Transposed, x and y change places: the convolution goes from y. */
nm_geo nm_window_geo(const nm_win *w, int64_t groups, int64_t channels, bool transposed)
{
    const int64_t *x = transposed ? w->out : w->in, *y = transposed ? w->in : w->out;
    return (nm_geo){.groups = groups,
                    .c = transposed ? channels : w->c,
                    .o = transposed ? w->c : channels,
                    .h = x[1],
                    .w = x[2],
                    .p = y[1],
                    .q = y[2],
                    .kh = w->k[1],
                    .kw = w->k[2],
                    .sh = w->s[1],
                    .sw = w->s[2],
                    .dh = w->d[1],
                    .dw = w->d[2],
                    .ph = w->lo[1],
                    .pw = w->lo[2]};
}
