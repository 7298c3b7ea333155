/* pick_elements.c: operators that pick elements by constant indices: Slice, Split, Gather, Expand, Tile, Where,
 * DepthToSpace, SpaceToDepth. Most are described by one table for each axis: element i of the output's axis is element
 * map[i] of the input's. Lowering only renumbers units. Indices that vary are refused. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

static int64_t *table(nm_job *job, int64_t n) { return NM_RAW(job, int64_t, (size_t)n + 1); }

static int64_t *identity(nm_job *job, int64_t n)
{
    int64_t *map = table(job, n);
    for (int64_t i = 0; i < n; i++) map[i] = i;
    return map;
}

/* Finishes the plan of a node with one output of shape s, whose axes are those of `in`, mapped by `map`. */
static void finish(nm_job *job, nm_node *node, nm_shape in, nm_shape s, int64_t *const *map)
{
    nm_pick *p = NM_NEW(job, nm_pick);
    p->at = nm_pick_axes(job, in, s, map);
    node->plan = p;
}

/* ---- Slice: starts, ends, axes, steps as attributes (to opset 9) or constant inputs ---- */

static int64_t cut(int64_t x, int64_t lo, int64_t hi) { return x < lo ? lo : x > hi ? hi : x; }

static int64_t *slice_axis(nm_job *job, int64_t n, int64_t start, int64_t end, int64_t step,
                           int64_t *count)
{
    if (start < 0) start += n;
    if (end < 0) end += n;
    start = step > 0 ? cut(start, 0, n) : cut(start, 0, n - 1);
    end = step > 0 ? cut(end, 0, n) : cut(end, -1, n - 1);
    const int64_t room = step > 0 ? end - start : start - end, size = step > 0 ? step : -step;
    *count = room > 0 && n > 0 ? (room - 1) / size + 1 : 0;
    int64_t *map = table(job, *count);
    for (int64_t i = 0; i < *count; i++) map[i] = start + i * step;
    return map;
}

static void plan_slice(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    int64_t start[2 * NM_MAXRANK], end[2 * NM_MAXRANK], axis[2 * NM_MAXRANK], step[2 * NM_MAXRANK];
    const int n = nm_node_list(job, net, node, "starts", 1, start),
              n_end = nm_node_list(job, net, node, "ends", 2, end),
              n_axis = nm_node_list(job, net, node, "axes", 3, axis),
              n_step = nm_node_list(job, net, node, "steps", 4, step);
    int64_t *map[NM_MAXRANK];
    bool seen[NM_MAXRANK] = {0};
    nm_shape s = x;
    if (n < 0 || n_end != n || (n_axis >= 0 && n_axis != n) || (n_step >= 0 && n_step != n) ||
        (n_axis < 0 && n > x.rank))
        nm_refuse(job, net, node, "starts, ends, axes and steps of unequal length");
    for (int d = 0; d < x.rank; d++) map[d] = identity(job, x.dim[d]);
    for (int i = 0; i < n; i++) {
        const int d = nm_axis(job, net, node, n_axis < 0 ? i : axis[i], x.rank);
        const int64_t by = n_step < 0 ? 1 : step[i];
        if (seen[d]) nm_refuse(job, net, node, "axis %d twice", d);
        if (by == 0) nm_refuse(job, net, node, "a step of 0");
        seen[d] = true;
        if (by < 0 && start[i] < -x.dim[d])
            nm_refuse(job, net, node, "a start of %lld, before %lld elements, with a negative step",
                      (long long)start[i], (long long)x.dim[d]);
        map[d] = slice_axis(job, x.dim[d], start[i], end[i], by, &s.dim[d]);
    }
    nm_out_shape(job, net, node, 0, s);
    finish(job, node, x, s, map);
}

/* ---- Split: into the sizes of the attribute or input, or into equal parts ---- */

static void split_sizes(nm_job *job, nm_net *net, nm_node *node, int64_t dim, int64_t *size)
{
    int64_t list[2 * NM_MAXRANK];
    int64_t parts = nm_attr_int(job, net, node, "num_outputs", 0);
    const bool counted = parts != 0;
    const nm_attr *a = nm_attr_find(node, "split");
    const nm_value *v = nm_in(net, node, 1);
    if (counted && (a || v)) nm_refuse(job, net, node, "attribute num_outputs and a list of sizes");
    if (counted && parts != node->n_out)
        nm_refuse(job, net, node, "attribute num_outputs=%lld with %d outputs", (long long)parts,
                  node->n_out);
    if (a || v) {
        if (node->n_out > 2 * NM_MAXRANK) nm_refuse(job, net, node, "%d outputs", node->n_out);
        if (nm_node_list(job, net, node, "split", 1, list) != node->n_out)
            nm_refuse(job, net, node, "a size for each output was expected");
        for (int k = 0; k < node->n_out; k++) size[k] = list[k];
        return;
    }
    parts = node->n_out;
    const int64_t each = (dim + parts - 1) /
                         parts; /* with num_outputs the last part may be smaller */
    if (dim % parts && !counted)
        nm_refuse(job, net, node, "%lld elements into %lld equal parts", (long long)dim,
                  (long long)parts);
    for (int64_t k = 0; k < parts; k++) size[k] = k + 1 < parts ? each : dim - k * each;
}

static void plan_split(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    const int axis = nm_axis(job, net, node, nm_attr_int(job, net, node, "axis", 0), x.rank);
    int64_t *size = NM_RAW(job, int64_t, (size_t)node->n_out), *map[NM_MAXRANK], at = 0;
    nm_pick *pick = NM_ARRAY(job, nm_pick, (size_t)node->n_out);
    split_sizes(job, net, node, x.dim[axis], size);
    for (int d = 0; d < x.rank; d++) map[d] = identity(job, x.dim[d]);
    for (int k = 0; k < node->n_out; k++) {
        if (size[k] < 1 || size[k] > x.dim[axis] - at)
            nm_refuse(job, net, node, "a part of %lld of %lld elements", (long long)size[k],
                      (long long)x.dim[axis]);
        nm_shape s = x;
        s.dim[axis] = size[k];
        map[axis] = table(job, size[k]);
        for (int64_t i = 0; i < size[k]; i++) map[axis][i] = at++;
        nm_out_shape(job, net, node, k, s);
        pick[k].at = nm_pick_axes(job, x, s, map);
    }
    if (at != x.dim[axis])
        nm_refuse(job, net, node, "parts of %lld of %lld elements", (long long)at,
                  (long long)x.dim[axis]);
    node->plan = pick;
}

/* ---- Gather: whole slices by constant indices, negative ones from the end ---- */

static void plan_gather(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    const nm_value *index = nm_in(net, node, 1);
    if (!index->data) nm_refuse(job, net, node, "indices that are not constant");
    const int axis = nm_axis(job, net, node, nm_attr_int(job, net, node, "axis", 0), x.rank);
    const int64_t dim = x.dim[axis];
    nm_shape s = {0}, flat = {.rank = 3, .dim = {1, (int64_t)index->n, 1}},
             in = {.rank = 3, .dim = {1, dim, 1}};
    int64_t *map[3];
    if (x.rank - 1 + index->shape.rank > NM_MAXRANK)
        nm_refuse(job, net, node, "a result of rank %d", x.rank - 1 + index->shape.rank);
    for (int d = 0; d < x.rank; d++) {
        if (d != axis) {
            s.dim[s.rank++] = x.dim[d];
            flat.dim[d < axis ? 0 : 2] *= x.dim[d];
            in.dim[d < axis ? 0 : 2] *= x.dim[d];
        } else {
            for (int i = 0; i < index->shape.rank; i++) s.dim[s.rank++] = index->shape.dim[i];
        }
    }
    nm_out_shape(job, net, node, 0, s);
    map[0] = identity(job, flat.dim[0]);
    map[1] = table(job, flat.dim[1]);
    map[2] = identity(job, flat.dim[2]);
    for (size_t i = 0; i < index->n; i++) {
        const double k = index->data[i];
        if (k != floor(k) || k < -(double)dim || k >= (double)dim)
            nm_refuse(job, net, node, "index %s of %lld elements", nm_num_text(job, k),
                      (long long)dim);
        map[1][i] = (int64_t)k + (k < 0 ? dim : 0);
    }
    finish(job, node, in, flat, map);
}

/* ---- Expand, Tile ---- */

static void plan_expand(nm_job *job, nm_net *net, nm_node *node)
{
    nm_shape x = nm_in(net, node, 0)->shape, want = {0}, in = {0};
    int64_t dim[2 * NM_MAXRANK], *map[NM_MAXRANK];
    want.rank = nm_node_list(job, net, node, "shape", 1, dim);
    if (want.rank > NM_MAXRANK) nm_refuse(job, net, node, "a shape of rank %d", want.rank);
    for (int d = 0; d < want.rank; d++) {
        if (dim[d] < 1 || dim[d] > 1 << 27)
            nm_refuse(job, net, node, "a dimension of %lld", (long long)dim[d]);
        want.dim[d] = dim[d];
    }
    const nm_shape s = nm_broadcast(job, net, node, x, want);
    in.rank = s.rank;
    for (int d = 0; d < s.rank; d++) {
        const int from = d - (s.rank - x.rank);
        in.dim[d] = from < 0 ? 1 : x.dim[from];
    }
    nm_out_shape(job, net, node, 0, s);
    for (int d = 0; d < s.rank; d++) {
        map[d] = identity(job, s.dim[d]);
        for (int64_t i = 0; in.dim[d] == 1 && i < s.dim[d]; i++) map[d][i] = 0;
    }
    finish(job, node, in, s, map);
}

static void plan_tile(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    int64_t times[2 * NM_MAXRANK], *map[NM_MAXRANK];
    nm_shape s = x;
    if (nm_node_list(job, net, node, "repeats", 1, times) != x.rank)
        nm_refuse(job, net, node, "repeats need %d entries", x.rank);
    for (int d = 0; d < x.rank; d++) {
        if (times[d] < 1 || times[d] > 1 << 27)
            nm_refuse(job, net, node, "%lld repeats", (long long)times[d]);
        s.dim[d] = x.dim[d] * times[d];
    }
    nm_out_shape(job, net, node, 0, s);
    for (int d = 0; d < x.rank; d++) {
        map[d] = table(job, s.dim[d]);
        for (int64_t i = 0; i < s.dim[d]; i++) map[d][i] = i % x.dim[d];
    }
    finish(job, node, x, s, map);
}

/* ---- Where: a constant condition picks between two inputs ---- */

static void plan_where(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *c = nm_in(net, node, 0), *x = nm_in(net, node, 1), *y = nm_in(net, node, 2);
    if (!c->data) nm_refuse(job, net, node, "a condition that is not constant: not continuous");
    const nm_shape s = nm_broadcast(job, net, node, c->shape,
                                    nm_broadcast(job, net, node, x->shape, y->shape));
    net->values[node->out[0]].type = x->type;
    nm_out_shape(job, net, node, 0, s);
    const size_t n = net->values[node->out[0]].n;
    int32_t *which = NM_RAW(job, int32_t, n), *at = NM_RAW(job, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        which[i] = c->data[nm_broadcast_at(s, c->shape, i)] != 0 ? 1 : 2;
        at[i] = (int32_t)nm_broadcast_at(s, which[i] == 1 ? x->shape : y->shape, i);
    }
    nm_pick *p = NM_NEW(job, nm_pick);
    *p = (nm_pick){which, at, 0};
    node->plan = p;
}

/* ---- DepthToSpace, SpaceToDepth: blocks of B x B pixels are channels ---- */

static void plan_blocks(nm_job *job, nm_net *net, nm_node *node, bool to_space)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    const int64_t b = nm_attr_int(job, net, node, "blocksize", 0);
    const char *mode = to_space ? nm_attr_str(job, net, node, "mode", "DCR") : "DCR";
    const bool crd = strcmp(mode, "CRD") == 0;
    if (!crd && strcmp(mode, "DCR")) nm_refuse(job, net, node, "attribute mode=%s", mode);
    if (x.rank != 4 || b < 1 || b > 1 << 12 ||
        (to_space ? x.dim[1] % (b * b) : x.dim[2] % b || x.dim[3] % b))
        nm_refuse(job, net, node, "attribute blocksize=%lld with input %s", (long long)b,
                  nm_shape_print(job, x));
    nm_shape s = x;
    s.dim[1] = to_space ? x.dim[1] / (b * b) : x.dim[1] * b * b;
    s.dim[2] = to_space ? x.dim[2] * b : x.dim[2] / b;
    s.dim[3] = to_space ? x.dim[3] * b : x.dim[3] / b;
    nm_out_shape(job, net, node, 0, s);
    const nm_shape deep = to_space ? x : s, wide = to_space ? s : x;
    int32_t *at = NM_RAW(job, int32_t, nm_in(net, node, 0)->n);
    for (int64_t i = 0, n = (int64_t)nm_in(net, node, 0)->n; i < n;
         i++) { /* i runs over the picture of more pixels */
        const int64_t q = i % wide.dim[3], p = i / wide.dim[3] % wide.dim[2],
                      c = i / (wide.dim[2] * wide.dim[3]) % wide.dim[1],
                      image = i / (wide.dim[1] * wide.dim[2] * wide.dim[3]),
                      part = p % b * b + q % b,
                      channel = crd ? c * b * b + part : part * wide.dim[1] + c;
        const int64_t j = ((image * deep.dim[1] + channel) * deep.dim[2] + p / b) * deep.dim[3] +
                          q / b;
        at[to_space ? i : j] = (int32_t)(to_space ? j : i);
    }
    nm_pick *pick = NM_NEW(job, nm_pick);
    pick->at = at;
    node->plan = pick;
}

static void plan_to_space(nm_job *job, nm_net *net, nm_node *node)
{
    plan_blocks(job, net, node, true);
}
static void plan_to_depth(nm_job *job, nm_net *net, nm_node *node)
{
    plan_blocks(job, net, node, false);
}

static const char slice_notes[] = "constant starts, ends, axes, steps";
const nm_op nm_op_slice = {"Slice",       1,          5, 1, 7, NM_OPSET, plan_slice, nm_pick_eval,
                           nm_pick_lower, slice_notes};
const nm_op nm_op_split = {
    "Split", 1, 2, 1000, 7, NM_OPSET, plan_split, nm_pick_eval, nm_pick_lower, "constant sizes"};
const nm_op nm_op_gather = {
    "Gather", 2, 2, 1, 7, NM_OPSET, plan_gather, nm_pick_eval, nm_pick_lower, "constant indices"};
const nm_op nm_op_expand = {
    "Expand", 2, 2, 1, 8, NM_OPSET, plan_expand, nm_pick_eval, nm_pick_lower, "constant shape"};
const nm_op nm_op_tile = {
    "Tile", 2, 2, 1, 7, NM_OPSET, plan_tile, nm_pick_eval, nm_pick_lower, "constant repeats"};
const nm_op nm_op_where = {
    "Where", 3, 3, 1, 9, NM_OPSET, plan_where, nm_pick_eval, nm_pick_lower, "constant condition"};
const nm_op nm_op_depthtospace = {"DepthToSpace", 1, 1, 1, 7, NM_OPSET, plan_to_space, nm_pick_eval,
                                  nm_pick_lower,  ""};
const nm_op nm_op_spacetodepth = {"SpaceToDepth", 1, 1, 1, 7, NM_OPSET, plan_to_depth, nm_pick_eval,
                                  nm_pick_lower,  ""};
