/* channel_order.c: which axes of a network's input are an image's channels, rows and columns, found from how the
 * operators read them.
 *
 * The input is followed through operators that only move its elements (Transpose, Reshape that keeps the order) or
 * treat them alike (element by element, Pad, Slice, Concat). Each axis of such a value is then an axis of the input,
 * identified by its step through the flat input. The first operator that reads a value as N, C, H, W (Conv, pools,
 * BatchNormalization, DepthToSpace; Resize by the axes that it enlarges) tells which steps are the channels': channels
 * come first or last. If operators disagree, there is no image. Only if no operator tells does a member of the file
 * count, then a flag; a flag that contradicts the operators is refused. image_layout.c guesses from the numbers in the
 * shape. Cost: one pass over the nodes. Left out: volumes and sequences of images (N, C, D, H, W). */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

typedef struct {
    bool on;
    bool whole; /* it holds each element of the input exactly once */
    int rank;
    int64_t dim[NM_MAXRANK], step[NM_MAXRANK]; /* step: through the flat input; a dim of 1 has none */
} trace;

typedef struct {
    nm_job *job;
    nm_net *net;
    trace *of;        /* [n_values] */
    nm_layout l;      /* what the first reader said */
    const char *by;   /* the first reader, or NULL */
    const char *none; /* why the input is no image, or NULL */
} search;

/* Returns the trace of a row-major value of that shape that holds all of the input. */
static trace row_major(nm_shape s)
{
    trace t = {.on = true, .whole = true, .rank = s.rank};
    int64_t step = 1;
    for (int d = s.rank - 1; d >= 0; d--) {
        t.dim[d] = s.dim[d];
        t.step[d] = step;
        step *= s.dim[d];
    }
    return t;
}

static nm_shape shape_of(const trace *t) { return nm_shape_of(t->rank, t->dim); }

static bool is_row_major(const trace *t)
{
    int64_t step = 1;
    for (int d = t->rank - 1; d >= 0; d--) {
        if (t->dim[d] != 1 && t->step[d] != step) return false;
        step *= t->dim[d];
    }
    return t->whole;
}

/* Returns the trace of t's elements in the same order but in shape s. Only axes of 1 may come and go: if more changes,
 * the trace is lost. */
static trace reshaped(const trace *t, nm_shape s)
{
    trace r = {.on = true, .whole = t->whole, .rank = s.rank};
    int from = 0;
    if (is_row_major(t)) return row_major(s);
    for (int d = 0; d < s.rank; d++) {
        r.dim[d] = r.step[d] = 1;
        if (s.dim[d] == 1) continue;
        while (from < t->rank && t->dim[from] == 1) from++;
        if (from == t->rank || t->dim[from] != s.dim[d]) return (trace){0};
        r.dim[d] = t->dim[from];
        r.step[d] = t->step[from++];
    }
    while (from < t->rank && t->dim[from] == 1) from++;
    return from == t->rank && t->whole ? r : (trace){0};
}

static trace transposed(const nm_node *n, const trace *t)
{
    trace r = *t;
    const nm_attr *perm = NULL;
    for (int i = 0; i < n->n_attrs; i++)
        if (strcmp(n->attrs[i].name, "perm") == 0) perm = &n->attrs[i];
    for (int d = 0; d < t->rank; d++) {
        int from = perm && perm->n == (size_t)t->rank ? (int)perm->ints[d] : t->rank - 1 - d;
        if (from < 0) from += t->rank;
        if (from < 0 || from >= t->rank) return (trace){0};
        r.dim[d] = t->dim[from];
        r.step[d] = t->step[from];
    }
    return r;
}

/* Records that a node reads the axes c, h, w of t as those of an image (h -1: as those of a line). */
static void reads(search *s, const nm_node *n, const trace *t, int c, int h, int w)
{
    const int64_t C = t->dim[c], H = h < 0 ? 1 : t->dim[h], W = t->dim[w];
    const int64_t sc = t->step[c], sh = h < 0 ? 1 : t->step[h], sw = t->step[w];
    const char *who = nm_fmt(s->job, "%s \"%s\"", n->type, n->name);
    const bool first = (C == 1 || sc == H * W) && (H == 1 || sh == W) && (W == 1 || sw == 1),
               last = (C == 1 || sc == 1) && (H == 1 || sh == W * C) && (W == 1 || sw == C);
    const nm_layout l = {(size_t)C, (size_t)H, (size_t)W, !first};
    const size_t all = s->net->values[s->net->inputs[0]].n;
    if (s->none) return;
    if ((!first && !last) || l.c * l.h * l.w != all)
        s->none = nm_fmt(s->job, "%s reads the input in another order than chw or hwc", who);
    else if (s->by && !nm_layout_eq(&s->l, &l))
        s->none = nm_fmt(s->job, "%s and %s read the input as different images", s->by, who);
    else if (!s->by) {
        s->l = l;
        s->by = who;
    }
}

/* Treats a Resize: the axes that it enlarges are rows and columns. Returns true if it enlarges nothing, so that the
 * trace goes on. */
static bool resizes(search *s, const nm_node *n, const trace *t)
{
    const nm_shape a = nm_in(s->net, n, 0)->shape, b = s->net->values[n->out[0]].shape;
    if (nm_shape_eq(a, b)) return false;
    if (t->rank == 4 && a.dim[0] == b.dim[0] && a.dim[1] == b.dim[1]) reads(s, n, t, 1, 2, 3);
    if (t->rank == 4 && a.dim[0] == b.dim[0] && a.dim[1] != b.dim[1] && a.dim[3] == b.dim[3])
        reads(s, n, t, 3, 1, 2);
    return true;
}

static void follow(search *s, const nm_node *n)
{
    const trace *t = NULL;
    for (int k = 0; k < n->n_in && !t; k++)
        if (n->in[k] >= 0 && s->of[n->in[k]].on) t = &s->of[n->in[k]];
    if (!t) return;
    const unsigned traits = nm_op_traits(n->op);
    const bool data = n->in[0] >= 0 && s->of[n->in[0]].on;
    if (data && (traits & NM_OP_READS) && t->rank >= 3) {
        if (t->rank > 4)
            s->none = nm_fmt(s->job, "%s \"%s\" reads the input as a volume", n->type, n->name);
        else
            reads(s, n, t, 1, t->rank == 4 ? 2 : -1, t->rank - 1);
    }
    if ((traits & NM_OP_ENLARGES) && resizes(s, n, t)) return;
    for (int k = 0; k < n->n_out; k++) {
        if (n->out[k] < 0) continue;
        const nm_value *out = &s->net->values[n->out[k]];
        trace *to = &s->of[n->out[k]];
        if (traits & NM_OP_PERMUTES)
            *to = transposed(n, t);
        else if ((traits & NM_OP_RESHAPES) &&
                 !((traits & NM_OP_TAKES) && n->n_in > 1)) /* Concat of one is it */
            *to = reshaped(t, out->shape);
        else if ((traits & (NM_OP_ALIKE | NM_OP_TAKES)) && out->shape.rank == t->rank) {
            *to = *t;
            to->whole &= (traits & NM_OP_ALIKE) &&
                         (!t->whole || nm_shape_eq(out->shape, shape_of(t)));
        }
    }
}

/* Takes --channels if neither operators nor file say anything; refuses it if they contradict it. */
static void flagged(nm_job *job, nm_net *net, const char *channels)
{
    const nm_order order = *channels == 'h' ? NM_HWC : NM_CHW;
    const nm_shape s = net->values[net->inputs[0]].shape;
    nm_layout said, numbers, own;
    if (net->image.rank) {
        nm_layout_find(net->image, &own);
        if (own.c > 1 && own.h * own.w > 1 && own.last != (order == NM_HWC))
            nm_throw(job, NM_EUSE, "--channels %s: %s reads the input as %s; leave the flag out, or say %s",
                     channels, net->image_by, own.last ? "hwc" : "chw", own.last ? "hwc" : "chw");
        return;
    }
    if (net->image_by) return;
    net->flat = order;
    if (nm_layout_find(s, &numbers) && numbers.c == 1) return; /* grey: both orders are the same */
    if (nm_shape_flat(s) && !nm_layout_try(s, order, &said)) return; /* a picture tells its sides */
    if (!nm_layout_try(s, order, &said) ||
        (said.c > 4 && nm_layout_find(s, &numbers) && numbers.last != said.last))
        nm_throw(job, NM_EUSE, "--channels %s: the input of shape %s is not an image in that order", channels,
                 nm_shape_print(job, s));
    net->image = nm_layout_shape(&said);
    net->image_by = nm_fmt(job, "--channels %s", channels);
}

void nm_net_settle(nm_job *job, nm_net *net, nm_order said, const char *channels)
{
    search s = {job, net, NM_ARRAY(job, trace, net->n_values + 1), {0}, NULL, NULL};
    nm_layout l;
    if (net->n_inputs != 1) return;
    const int input = net->inputs[0];
    s.of[input] = row_major(net->values[input].shape);
    for (size_t i = 0; i < net->n_nodes; i++) follow(&s, &net->nodes[i]);
    net->image_by = s.none ? s.none : s.by;
    if (s.by && !s.none) net->image = nm_layout_shape(&s.l);
    if (!net->image_by && said != NM_OPEN && net->values[input].shape.rank >= 3 &&
        nm_layout_try(net->values[input].shape, said, &l)) {
        net->image = nm_layout_shape(&l);
        net->image_by = "the file's own order of axes";
    }
    if (channels) flagged(job, net, channels);
}

void nm_net_settle_both(nm_net *net, const nm_net *a, const nm_net *b)
{
    nm_layout x, y;
    const nm_net *from = a->image.rank || a->image_by ? a : b;
    net->image = from->image;
    net->image_by = from->image_by;
    net->flat = from->flat;
    if (!a->image.rank || !b->image.rank || !nm_layout_find(a->image, &x) ||
        !nm_layout_find(b->image, &y) || nm_layout_eq(&x, &y))
        return;
    net->image.rank = 0;
    net->image_by = "the two networks read the input as different images";
}

nm_shape nm_net_shape(const nm_net *net)
{
    nm_shape s = net->values[net->inputs[0]].shape;
    nm_layout image, own;
    if (!net->image.rank || !nm_layout_find(net->image, &image)) return s;
    if (nm_layout_find(s, &own) && nm_layout_eq(&own, &image)) return s; /* the shape alone tells it */
    s.order = net->image.order;
    if (nm_layout_try(s, s.order, &own) && nm_layout_eq(&own, &image)) return s;
    return net->image;
}

nm_imageform nm_net_form(const nm_net *net)
{
    nm_imageform f = {.n = net->n_in, .shape = nm_net_shape(net)};
    if (net->n_inputs == 1) f.stated = net->values[net->inputs[0]].shape;
    f.is_no_image = net->image_by && !net->image.rank;
    f.flat = net->flat;
    return f;
}
