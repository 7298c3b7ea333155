/* read_nnet.c: .nnet, the text format of fully connected ReLU networks that the ACAS Xu networks came in (K. Julian,
 * Stanford, 2016).
 *
 * Lines of numbers, separated by commas, each line with or without a comma at its end (one of comma and line end must
 * be there, or a cut number would be taken for a whole one): any number of headers that begin
 * with //; the layers, inputs, outputs and the largest layer; the sizes from the inputs to the outputs; a flag; least
 * and greatest values of the inputs; means and ranges of the inputs and, one more each, of all outputs; then for each
 * layer its weights, a line for each unit, and its biases, a line for each. All layers but the last end in a ReLU.
 *
 * The normalisation is part of the network: y = N((x - mean) / range) * range' + mean', so that questions are asked
 * in physical units. Division by a range is the product with the double nearest to its inverse, as everywhere here.
 * Programs of the format's author clip the inputs to their least and greatest values; netmip does not: it knows these
 * as the network's range, takes it for the default domain, and says so when an input set leaves it. The flag once
 * meant symmetric inputs; a flag that is not 0 is refused. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"

typedef struct {
    nm_job *job;
    nm_graph *g;
    nm_lines l;
    nm_span line;
    size_t n_layers;
    int64_t *size; /* [n_layers+1] */
} reader;

static _Noreturn void bad(const reader *r, const char *at, const char *what)
{
    nm_throw_at(r->job, NM_EINPUT, r->l.path, r->l.line, at ? (int)(at - r->line.s) + 1 : 1, "%s",
                what);
}

static void next_line(reader *r, const char *what)
{
    if (!nm_lines_next(&r->l, &r->line))
        nm_throw_at(r->job, NM_EINPUT, r->l.path, r->l.line + 1, 1,
                    "the file ends; %s was expected", what);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* the next line as n numbers; `what` names them */
static void numbers(reader *r, const char *what, size_t n, double *out)
{
    const char *s = r->line.s, *end = r->line.end;
    while (end > s && is_blank(end[-1])) end--;
    const bool cut = r->line.end == r->l.end && r->l.end[-1] != '\n';
    if (end > s && end[-1] == ',')
        end--;
    else if (cut)
        bad(r, end, "the file ends here without a comma or a line end: it may be cut");
    for (size_t i = 0; i < n; i++) {
        while (s < end && is_blank(*s)) s++;
        const char *comma = s < end ? memchr(s, ',', (size_t)(end - s)) : NULL,
                   *stop = comma ? comma : end;
        const char *last = stop;
        while (last > s && is_blank(last[-1])) last--;
        if (!nm_num_parse(s, last, &out[i]))
            bad(r, s,
                nm_fmt(r->job, "%s: %zu of %zu numbers; a finite number was expected here", what, i,
                       n));
        if (!comma && i + 1 < n)
            bad(r, stop, nm_fmt(r->job, "%s: %zu numbers; %zu were expected", what, i + 1, n));
        if (comma && i + 1 == n)
            bad(r, comma, nm_fmt(r->job, "%s: more than %zu numbers", what, n));
        s = comma ? comma + 1 : end;
    }
}

static double *list(reader *r, const char *what, size_t n)
{
    next_line(r, what);
    if (n > (size_t)(r->l.end - r->line.s)) /* a number takes a byte at least */
        bad(r, NULL,
            nm_fmt(r->job, "%s: %zu numbers were expected; the file is too short", what, n));
    double *x = NM_RAW(r->job, double, n);
    numbers(r, what, n, x);
    return x;
}

static int64_t whole(const reader *r, double x, double most, const char *what)
{
    if (!(x >= 1 && x <= most && x == floor(x))) bad(r, NULL, what);
    return (int64_t)x;
}

static void read_sizes(reader *r)
{
    double head[4];
    do next_line(r, "the number of layers");
    while (r->line.end - r->line.s >= 2 && !memcmp(r->line.s, "//", 2));
    numbers(r, "layers, inputs, outputs, largest layer", 4, head);
    r->n_layers = (size_t)whole(r, head[0], 1 << 16,
                                "the number of layers is no integer from 1 to 65536");
    r->size = NM_RAW(r->job, int64_t, r->n_layers + 1);
    const double *size = list(r, "the sizes of the layers", r->n_layers + 1);
    double largest = 0;
    for (size_t i = 0; i <= r->n_layers; i++) {
        r->size[i] = whole(r, size[i], 1 << 27, "the size of a layer is no integer of 1 or more");
        if (size[i] > largest) largest = size[i];
    }
    if (size[0] != head[1] || size[r->n_layers] != head[2] || largest != head[3])
        bad(r, NULL,
            nm_fmt(
                r->job,
                "inputs, outputs and largest layer are %g, %g and %g here; %g, %g and %g were said",
                size[0], size[r->n_layers], largest, head[1], head[2], head[3]));
    double flag;
    next_line(r, "the flag");
    numbers(r, "the flag", 1, &flag);
    if (flag != 0)
        nm_throw_at(r->job, NM_EUNSUP, r->l.path, r->l.line, 1,
                    "the flag of symmetric inputs is %g; only 0 is supported", flag);
}

/* y = x op c, unless that changes nothing */
static const char *shift(reader *r, const char *op, const char *name, const char *x, nm_shape s,
                         const double *c, double neutral)
{
    const size_t n = nm_shape_size(r->job, s);
    bool all = true;
    for (size_t i = 0; i < n; i++) all &= c[i] == neutral;
    if (all) return x;
    const char *in[] = {x, nm_fmt(r->job, "%s.value", name)};
    nm_graph_const(r->job, r->g, in[1], s, NM_F64, c);
    nm_graph_node(r->job, r->g, op, name, name, 2, in);
    return name;
}

static const char *layer(reader *r, size_t k, const char *x)
{
    const int64_t n = r->size[k], m = r->size[k + 1];
    const size_t count = nm_mul_in(r->job, r->l.path, (size_t)n, (size_t)m);
    if (count > (size_t)(r->l.end - r->l.s)) /* a number takes two bytes at least */
        bad(r, NULL,
            nm_fmt(r->job, "layer %zu has %zu weights; the file is too short for them", k, count));
    double *w = NM_RAW(r->job, double, count), *b = NM_RAW(r->job, double, (size_t)m);
    const char *what = nm_fmt(r->job, "weights of layer %zu", k);
    for (int64_t i = 0; i < m; i++) {
        next_line(r, what);
        numbers(r, what, (size_t)n, w + i * n);
    }
    what = nm_fmt(r->job, "a bias of layer %zu", k);
    for (int64_t i = 0; i < m; i++) {
        next_line(r, what);
        numbers(r, what, 1, &b[i]);
    }
    const char *name = nm_fmt(r->job, "layer%zu", k), *relu = nm_fmt(r->job, "relu%zu", k);
    const char *in[] = {x, nm_fmt(r->job, "%s.weight", name), nm_fmt(r->job, "%s.bias", name)};
    nm_graph_const(r->job, r->g, in[1], nm_shape_of(2, (int64_t[]){m, n}), NM_F64, w);
    nm_graph_const(r->job, r->g, in[2], nm_shape_of(1, &m), NM_F64, b);
    nm_graph_int(r->job, r->g, nm_graph_node(r->job, r->g, "Gemm", name, name, 3, in), "transB", 1);
    if (k + 1 == r->n_layers) return name;
    nm_graph_node(r->job, r->g, "Relu", relu, relu, 1, &name);
    return relu;
}

static void read_range(reader *r, size_t n)
{
    r->g->lo = list(r, "least values of the inputs", n);
    r->g->hi = list(r, "greatest values of the inputs", n);
    for (size_t i = 0; i < n; i++)
        if (r->g->lo[i] > r->g->hi[i])
            bad(r, NULL,
                nm_fmt(r->job, "input %zu has the range [%s,%s]", i,
                       nm_num_text(r->job, r->g->lo[i]), nm_num_text(r->job, r->g->hi[i])));
}

nm_graph *nm_read_nnet(nm_job *job, nm_file f)
{
    reader r = {.job = job, .g = NM_NEW(job, nm_graph), .l = nm_lines_new(job, f)};
    r.g->path = f.path;
    r.g->format = "nnet";
    r.g->opset = 13;
    read_sizes(&r);
    const size_t n = (size_t)r.size[0];
    const nm_shape row = nm_shape_of(2, (int64_t[]){1, r.size[0]}), one = {0};
    nm_value *x = NM_PUSH(job, r.g->inputs, r.g->n_inputs, r.g->cap_inputs);
    *x = (nm_value){.name = "x", .type = NM_F64, .shape = row};
    read_range(&r, n);
    const double *mean = list(&r, "means of the inputs and of the outputs", n + 1);
    const double *range = list(&r, "ranges of the inputs and of the outputs", n + 1);
    for (size_t i = 0; i <= n; i++)
        if (!(range[i] > 0 && isfinite(1 / range[i])))
            bad(&r, NULL,
                nm_fmt(job, "range %zu is %s; more than 0 was expected", i,
                       nm_num_text(job, range[i])));
    const char *y = shift(&r, "Sub", "minus_mean", "x", row, mean, 0);
    y = shift(&r, "Div", "by_range", y, row, range, 1);
    for (size_t k = 0; k < r.n_layers; k++) y = layer(&r, k, y);
    y = shift(&r, "Mul", "times_range", y, one, range + n, 1);
    y = shift(&r, "Add", "plus_mean", y, one, mean + n, 0);
    while (nm_lines_next(&r.l, &r.line))
        if (r.line.end > r.line.s) bad(&r, NULL, "more lines than the layers need");
    r.g->outputs = NM_RAW(job, const char *, 1);
    r.g->outputs[r.g->n_outputs++] = y;
    return r.g;
}
