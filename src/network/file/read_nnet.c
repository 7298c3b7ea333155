/* read_nnet.c: .nnet, the text format of fully connected ReLU networks in which the ACAS Xu networks were published
 * (K. Julian, Stanford, 2016), and its dialects by other writers, as far as they are unambiguous.
 *
 * Lines of numbers, separated by commas. A line may end with or without a comma, but one of comma and line end must be
 * there, because a number cut short would be read as another number. Lines that begin with // may stand anywhere. In
 * this order: the numbers of layers, inputs, outputs and the largest layer; the sizes from the inputs to the outputs; a
 * flag; the minima and the maxima of the inputs; the means, then the ranges, of the inputs and, as one more entry, of
 * all outputs; then for each layer its weights, a line for each unit, and its biases, a line for each or one with all.
 * All layers but the last end in a ReLU.
 *
 * Dialects: a text with the word "extraneous" instead of the flag, which nothing uses (NeuralVerification.jl). One
 * minimum and one maximum for all inputs. More minima and maxima than inputs, of which the first count, with as many
 * means and ranges and the outputs' last, as in the first ACAS Xu files, where inputs had been removed. Means and
 * ranges without an entry for the outputs, all 0 and 1, so that nothing is normalised. Each of these gives a note. What
 * could mean two things is refused, with what to write instead.
 *
 * The normalisation is part of the network: y = N((x - mean) / range) * range' + mean', so that questions are asked in
 * physical units. As everywhere in netmip, division by a range is multiplication by the double nearest to its inverse.
 * Programs of the format's author clip the inputs to their minima and maxima. netmip does not: these are the network's
 * range, which is the default domain, and a note says when an input set leaves it. The flag once meant symmetric
 * inputs; a flag that is not 0 is refused. */
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

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static bool is_comment(nm_span line)
{
    while (line.s < line.end && is_blank(*line.s)) line.s++;
    return line.end - line.s >= 2 && !memcmp(line.s, "//", 2);
}

static void next_line(reader *r, const char *what)
{
    do
        if (!nm_lines_next(&r->l, &r->line))
            nm_throw_at(r->job, NM_EINPUT, r->l.path, r->l.line + 1, 1,
                        "the file ends; %s was expected", what);
    while (is_comment(r->line));
}

/* Returns where the line's numbers end: commas and blanks behind them do not count. */
static const char *end_of(const reader *r)
{
    const char *end = r->line.end;
    bool comma = false;
    for (; end > r->line.s && (is_blank(end[-1]) || end[-1] == ','); end--) comma |= end[-1] == ',';
    if (!comma && r->line.end == r->l.end && r->l.end[-1] != '\n')
        bad(r, end, "the file ends here without a comma or a line end: it may be cut");
    return end;
}

/* Reads up to `most` numbers of the line into out; returns how many there are. what: their name in messages. */
static size_t numbers_to(const reader *r, const char *what, size_t n, size_t most, double *out)
{
    const char *s = r->line.s, *end = end_of(r);
    for (size_t i = 0;; i++) {
        while (s < end && is_blank(*s)) s++;
        const char *comma = s < end ? memchr(s, ',', (size_t)(end - s)) : NULL,
                   *stop = comma ? comma : end;
        const char *last = stop;
        while (last > s && is_blank(last[-1])) last--;
        if (!nm_num_parse(s, last, &out[i]))
            bad(r, s,
                nm_fmt(r->job, "%s: %zu of %zu numbers; a finite number was expected here", what, i,
                       n));
        if (!comma) return i + 1;
        if (i + 1 == most) bad(r, comma, nm_fmt(r->job, "%s: more than %zu numbers", what, n));
        s = comma + 1;
    }
}

/* Reads the line as exactly n numbers. */
static void numbers(const reader *r, const char *what, size_t n, double *out)
{
    const size_t have = numbers_to(r, what, n, n, out);
    if (have < n)
        bad(r, end_of(r), nm_fmt(r->job, "%s: %zu numbers; %zu were expected", what, have, n));
}

static void check_room(const reader *r, const char *what, size_t n)
{
    if (n > (size_t)(r->l.end - r->line.s)) /* a number takes at least one byte */
        bad(r, NULL,
            nm_fmt(r->job, "%s: %zu numbers were expected; the file is too short", what, n));
}

static double *list(reader *r, const char *what, size_t n)
{
    next_line(r, what);
    check_room(r, what, n);
    double *x = NM_RAW(r->job, double, n);
    numbers(r, what, n, x);
    return x;
}

/* a line of the header as it was written; usually it has n numbers */
typedef struct {
    const char *what;
    int line;
    size_t n;
    double *x; /* [n] */
} header;

static header header_row(reader *r, const char *what, size_t n)
{
    next_line(r, what);
    check_room(r, what, n);
    size_t most = 1;
    for (const char *s = r->line.s; s < r->line.end; s++) most += *s == ',';
    header out = {what, r->l.line, 0, NM_RAW(r->job, double, most)};
    out.n = numbers_to(r, what, n, most, out.x);
    return out;
}

static _Noreturn void bad_row(const reader *r, const header *x, size_t n, const char *hint)
{
    nm_throw_at(r->job, NM_EINPUT, r->l.path, x->line, 1, "%s: %zu numbers; %zu were expected%s",
                x->what, x->n, n, hint);
}

static int64_t whole(const reader *r, double x, double most, const char *what)
{
    if (!(x >= 1 && x <= most && x == floor(x))) bad(r, NULL, what);
    return (int64_t)x;
}

static void read_flag(reader *r)
{
    double *x = NM_RAW(r->job, double, r->n_layers + 1);
    next_line(r, "the flag");
    if (nm_span_has(r->line, "extraneous")) {
        nm_note(
            r->job,
            "%s:%d: a line of text with \"extraneous\" is in the place of the flag, which is unused",
            r->l.path, r->l.line);
        return;
    }
    if (nm_span_blank(r->line)) bad(r, NULL, "the flag: a blank line; 0 was expected");
    const size_t n = numbers_to(r, "the flag", 1, r->n_layers > 1 ? r->n_layers : 1, x);
    if (n > 1 && n == r->n_layers)
        nm_throw_at(
            r->job, NM_EUNSUP, r->l.path, r->l.line, 1,
            "%zu types of layers, as Neurify's convolutional networks have them, are not read; "
            "the network as ONNX was expected",
            n);
    if (n > 1) bad(r, NULL, nm_fmt(r->job, "the flag: %zu numbers; 0 was expected", n));
    if (x[0] != 0)
        nm_throw_at(r->job, NM_EUNSUP, r->l.path, r->l.line, 1,
                    "the flag of symmetric inputs is %s; only 0 is supported: write 0 if "
                    "nothing reads it",
                    nm_num_text(r->job, x[0]));
}

static void read_sizes(reader *r)
{
    double head[4];
    do next_line(r, "the number of layers");
    while (nm_span_blank(r->line));
    numbers(r, "layers, inputs, outputs, largest layer", 4, head);
    r->n_layers = (size_t)whole(r, head[0], 1 << 16,
                                "the number of layers is not an integer from 1 to 65536");
    r->size = NM_RAW(r->job, int64_t, r->n_layers + 1);
    const double *size = list(r, "the sizes of the layers", r->n_layers + 1);
    double largest = 0;
    for (size_t i = 0; i <= r->n_layers; i++) {
        r->size[i] = whole(r, size[i], 1 << 27, "the size of a layer is not an integer of 1 or more");
        if (size[i] > largest) largest = size[i];
    }
    if (size[0] != head[1] || size[r->n_layers] != head[2] || largest != head[3])
        bad(r, NULL,
            nm_fmt(
                r->job,
                "inputs, outputs and largest layer are %g, %g and %g here, but %g, %g and %g in the first line",
                size[0], size[r->n_layers], largest, head[1], head[2], head[3]));
    read_flag(r);
}

/* Adds y = x op c, unless that changes nothing. */
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

/* Reads the biases: a line for each, or one line with all. */
static void read_biases(reader *r, const char *what, size_t m, double *b)
{
    next_line(r, what);
    const size_t n = numbers_to(r, what, 1, m, b);
    if (n == m) return;
    if (n > 1)
        bad(r, NULL, nm_fmt(r->job, "%s: %zu numbers; 1, or all %zu, was expected", what, n, m));
    for (size_t i = 1; i < m; i++) {
        next_line(r, what);
        numbers(r, what, 1, &b[i]);
    }
}

static const char *layer(reader *r, size_t k, const char *x)
{
    const int64_t n = r->size[k], m = r->size[k + 1];
    const size_t count = nm_mul_in(r->job, r->l.path, (size_t)n, (size_t)m);
    if (count > (size_t)(r->l.end - r->l.s)) /* a number and its comma take at least two bytes */
        bad(r, NULL,
            nm_fmt(r->job, "layer %zu has %zu weights; the file is too short for them", k, count));
    double *w = NM_RAW(r->job, double, count), *b = NM_RAW(r->job, double, (size_t)m);
    const char *what = nm_fmt(r->job, "weights of layer %zu", k);
    for (int64_t i = 0; i < m; i++) {
        next_line(r, what);
        numbers(r, what, (size_t)n, w + i * n);
    }
    read_biases(r, nm_fmt(r->job, "a bias of layer %zu", k), (size_t)m, b);
    const char *name = nm_fmt(r->job, "layer%zu", k), *relu = nm_fmt(r->job, "relu%zu", k);
    const char *in[] = {x, nm_fmt(r->job, "%s.weight", name), nm_fmt(r->job, "%s.bias", name)};
    nm_graph_const(r->job, r->g, in[1], nm_shape_of(2, (int64_t[]){m, n}), NM_F64, w);
    nm_graph_const(r->job, r->g, in[2], nm_shape_of(1, &m), NM_F64, b);
    nm_graph_int(r->job, r->g, nm_graph_node(r->job, r->g, "Gemm", name, name, 3, in), "transB", 1);
    if (k + 1 == r->n_layers) return name;
    nm_graph_node(r->job, r->g, "Relu", relu, relu, 1, &name);
    return relu;
}

/* Reads the minima and maxima of the inputs; returns how many columns the header has. */
static size_t read_range(reader *r, size_t n)
{
    header lo = header_row(r, "least values of the inputs", n),
           hi = header_row(r, "greatest values of the inputs", n);
    const bool one = lo.n == 1 && hi.n == 1 && n > 1, more = lo.n > n && hi.n == lo.n;
    if (!one && !more && lo.n != n) bad_row(r, &lo, n, "");
    if (!one && !more && hi.n != n) bad_row(r, &hi, n, "");
    if (one || more)
        nm_note(r->job, "%s:%d: %zu least and greatest values for %zu inputs: %s", r->l.path,
                lo.line, lo.n, n, one ? "they apply to all" : "the first ones are used");
    if (one) {
        lo.x = nm_repeat(r->job, n, lo.x[0]);
        hi.x = nm_repeat(r->job, n, hi.x[0]);
    }
    r->g->lo = lo.x;
    r->g->hi = hi.x;
    for (size_t i = 0; i < n; i++)
        if (lo.x[i] > hi.x[i])
            bad(r, NULL, nm_fmt(r->job, "input %zu has the range [%s,%s]", i,
                       nm_num_text(r->job, lo.x[i]), nm_num_text(r->job, hi.x[i])));
    return lo.n;
}

static bool all_are(const header *x, double value)
{
    bool all = true;
    for (size_t i = 0; i < x->n; i++) all &= x->x[i] == value;
    return all;
}

/* Reads means and ranges [n+1]; those of the outputs are last. */
static void read_scales(reader *r, size_t n, size_t columns, double **mean, double **range)
{
    header m = header_row(r, "means of the inputs and of the outputs", n + 1),
           s = header_row(r, "ranges of the inputs and of the outputs", n + 1);
    const bool none = (m.n == 1 || m.n == n) && s.n == m.n && all_are(&m, 0) && all_are(&s, 1),
               more = m.n == s.n && m.n == columns + 1 && columns > n;
    const char *hint = m.n == n && s.n == n
                           ? "; the last is the outputs', 0 and 1 where they are not scaled"
                       : m.n > n + 1 ? "; if inputs were removed, remove their entries, too"
                                     : "";
    if (none) {
        m.x = nm_repeat(r->job, n + 1, 0);
        s.x = nm_repeat(r->job, n + 1, 1);
    } else if (more && m.n != n + 1) {
        m.x[n] = m.x[m.n - 1];
        s.x[n] = s.x[s.n - 1];
    } else {
        if (m.n != n + 1) bad_row(r, &m, n + 1, hint);
        if (s.n != n + 1) bad_row(r, &s, n + 1, hint);
    }
    if (none || m.n != n + 1)
        nm_note(r->job, "%s:%d: %zu means and ranges for %zu inputs and the outputs: %s", r->l.path,
                m.line, m.n, n,
                none ? "nothing is normalised"
                     : "the first ones are the inputs', the last the outputs'");
    for (size_t i = 0; i <= n; i++)
        if (!(s.x[i] > 0 && isfinite(1 / s.x[i])))
            bad(r, NULL, nm_fmt(r->job, "range %zu is %s; more than 0 was expected", i,
                       nm_num_text(r->job, s.x[i])));
    *mean = m.x;
    *range = s.x;
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
    double *mean, *range;
    read_scales(&r, n, read_range(&r, n), &mean, &range);
    const char *y = shift(&r, "Sub", "minus_mean", "x", row, mean, 0);
    y = shift(&r, "Div", "by_range", y, row, range, 1);
    for (size_t k = 0; k < r.n_layers; k++) y = layer(&r, k, y);
    y = shift(&r, "Mul", "times_range", y, one, range + n, 1);
    y = shift(&r, "Add", "plus_mean", y, one, mean + n, 0);
    while (nm_lines_next(&r.l, &r.line))
        if (r.line.end > r.line.s && !is_comment(r.line))
            bad(&r, NULL, "more lines than the layers need");
    r.g->outputs = NM_RAW(job, const char *, 1);
    r.g->outputs[r.g->n_outputs++] = y;
    return r.g;
}
