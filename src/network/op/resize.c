/* resize.c: Resize and Upsample to the nearest element, which only renumbers. Along an axis with I elements, scale s
 * (given, or O / I), output element i lies over coordinate c of the input:
 *     half_pixel (i + 1/2) / s - 1/2      pytorch_half_pixel the same, 0 when O = 1      asymmetric i / s
 *     align_corners i (I - 1) / (O - 1), 0 when O = 1      tf_half_pixel_for_nn (i + 1/2) / s, with floor alone
 * rounded by nearest_mode and cut to the input. Runtimes compute c in float32: where c is so near to where the rounding
 * jumps that this could matter, and is not computed exactly, the node is refused. Upsample, and Resize of opset 10,
 * are asymmetric with floor; when they shrink, runtimes disagree unless c is an integer. Other modes and coordinates,
 * exclude_outside, antialias and aspect ratios are refused by name. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/operator.h"

typedef enum { HALF_PIXEL, PYTORCH, ASYMMETRIC, ALIGN, TF_HALF, N_COORDS } coords;
typedef enum { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL, N_ROUNDS } rounding;

typedef struct {
    coords how;
    rounding round;
    bool old; /* opset 10 and before */
    int64_t in, out;
    double scale;
    bool exact; /* scale is exactly O / I and a float32 */
} axis_t;

static int choice(const char *s, const char *const *names, int n)
{
    int k = 0;
    while (k < n && strcmp(s, names[k])) k++;
    return k;
}

/* Returns true if a / b is a float32 exactly: the division is then the same in float32 and in real numbers. */
static bool divides(double a, double b)
{
    return fma(a / b, b, -a) == 0 && (double)(float)(a / b) == a / b;
}

static double coordinate(const axis_t *a, int64_t i, bool *exact)
{
    const double x = (double)i, half = a->how == ASYMMETRIC ? 0 : 0.5;
    *exact = true;
    if ((a->how == ALIGN || a->how == PYTORCH) && a->out == 1) return 0;
    if (a->how == ALIGN) {
        *exact = divides(x * (double)(a->in - 1), (double)(a->out - 1));
        return x * (double)(a->in - 1) / (double)(a->out - 1);
    }
    *exact = x + half == 0 || (a->exact && divides(x + half, a->scale));
    return (x + half) / a->scale - (a->how == TF_HALF ? 0 : half);
}

static int64_t cut(const axis_t *a, double k)
{
    return k < 0 ? 0 : k >= (double)a->in ? a->in - 1 : (int64_t)k;
}

static int64_t element(nm_job *job, nm_net *net, nm_node *node, const axis_t *a, int64_t i)
{
    bool exact;
    const double c = coordinate(a, i, &exact), to = a->round < FLOOR ? c + 0.5 : c;
    const double off = fabs(to - floor(to + 0.5)); /* distance from the jump */
    const double jump = floor(to + 0.5), above = a->round == CEIL ? jump + 1 : jump;
    const bool same = cut(a, above - 1) == cut(a, above); /* both sides of the jump give the same element */
    if (off <= 2e-6 * (1 + fabs(c)) && !(exact && off == 0) && !same)
        nm_refuse(job, net, node,
                  "output element %lld lies so near the middle of two input elements that rounding decides",
                  (long long)i);
    if (a->old && a->scale < 1 && off != 0)
        nm_refuse(job, net, node, "shrinking by %s, which opset %lld does not define clearly",
                  nm_num_text(job, a->scale), (long long)net->opset);
    const double k = a->round == PREFER_FLOOR  ? ceil(c - 0.5)
                     : a->round == PREFER_CEIL ? floor(c + 0.5)
                     : a->round == FLOOR       ? floor(c)
                                               : ceil(c);
    return cut(a, k);
}

static void read_modes(nm_job *job, nm_net *net, nm_node *node, axis_t *a)
{
    static const char *const hows[] = {"half_pixel", "pytorch_half_pixel", "asymmetric",
                                       "align_corners", "tf_half_pixel_for_nn"};
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                         "ceil"};
    const char *mode = nm_attr_str(job, net, node, "mode", "nearest");
    if (strcmp(mode, "nearest")) nm_refuse(job, net, node, "attribute mode=%s", mode);
    *a = (axis_t){.how = ASYMMETRIC, .round = FLOOR, .old = net->opset < 11};
    if (a->old) return;
    const char *how = nm_attr_str(job, net, node, "coordinate_transformation_mode", hows[0]);
    const char *near = nm_attr_str(job, net, node, "nearest_mode", rounds[0]);
    const char *policy = nm_attr_str(job, net, node, "keep_aspect_ratio_policy", "stretch");
    a->how = (coords)choice(how, hows, N_COORDS);
    a->round = (rounding)choice(near, rounds, N_ROUNDS);
    if (a->how == N_COORDS)
        nm_refuse(job, net, node, "attribute coordinate_transformation_mode=%s", how);
    if (a->round == N_ROUNDS || (a->how == TF_HALF && a->round != FLOOR))
        nm_refuse(job, net, node, "attribute nearest_mode=%s with %s", near, how);
    if (strcmp(policy, "stretch"))
        nm_refuse(job, net, node, "attribute keep_aspect_ratio_policy=%s", policy);
    if (nm_attr_int(job, net, node, "exclude_outside", 0) ||
        nm_attr_int(job, net, node, "antialias", 0))
        nm_refuse(job, net, node, "attribute exclude_outside or antialias");
    nm_attr_float(job, net, node, "cubic_coeff_a", 0); /* used by other modes only */
    nm_attr_float(job, net, node, "extrapolation_value", 0);
}

/* Reads a list that is present and not empty: constant input k, or the floats of attribute `name`. */
static size_t numbers(nm_job *job, nm_net *net, nm_node *node, const char *name, int k,
                      const double **x)
{
    const nm_attr *a = name ? nm_attr_find(node, name) : NULL;
    const nm_value *v = nm_in(net, node, k);
    if (a && a->kind != NM_A_FLOATS)
        nm_refuse(job, net, node, "attribute %s has the wrong type", name);
    if (a && v) nm_refuse(job, net, node, "attribute %s and input %d together", name, k);
    if (v && !v->data) nm_refuse(job, net, node, "input %d is not constant", k);
    *x = a ? a->floats : v ? v->data : NULL;
    return a ? a->n : v ? v->n : 0;
}

/* Sets the output's size and scale along an axis, from a scale or from a size. */
static void set_axis(nm_job *job, nm_net *net, nm_node *node, axis_t *a, int64_t in, double x,
                     bool is_size)
{
    a->in = in;
    if (!(x > 0 && x <= 1 << 24) || (is_size && x != floor(x)))
        nm_refuse(job, net, node, "a %s of %s", is_size ? "size" : "scale", nm_num_text(job, x));
    const double room = (double)in * x;
    if (!is_size && floor(room) != floor((double)((float)in * (float)x)))
        nm_refuse(job, net, node, "%lld elements scaled by %s, where rounding decides the size",
                  (long long)in, nm_num_text(job, x));
    a->out = (int64_t)(is_size ? x : floor(room));
    a->scale = is_size ? x / (double)in : x;
    a->exact = is_size ? divides(x, (double)in) : (double)(float)x == x;
    if (a->out < 1) nm_refuse(job, net, node, "nothing is left of %lld elements", (long long)in);
}

static void plan(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_shape x = nm_in(net, node, 0)->shape;
    axis_t a;
    read_modes(job, net, node, &a);
    const bool is_old = net->opset < 11;
    const double *scale, *size;
    int64_t axes[2 * NM_MAXRANK], *map[NM_MAXRANK];
    const size_t n_scale = numbers(job, net, node, is_old ? "scales" : NULL, is_old ? 1 : 2,
                                   &scale),
                 n_size = is_old ? 0 : numbers(job, net, node, NULL, 3, &size);
    if (is_old && node->n_in > 2) nm_refuse(job, net, node, "%d inputs", node->n_in);
    const nm_attr *some = is_old ? NULL : nm_attr_find(node, "axes");
    int n = some ? nm_node_list(job, net, node, "axes", 9, axes) : x.rank;
    if (!some)
        for (int d = 0; d < n; d++) axes[d] = d;
    if ((n_scale > 0) == (n_size > 0) || n_scale + n_size != (size_t)n)
        nm_refuse(job, net, node,
                  "%zu scales and %zu sizes; %d of either scales or sizes were expected", n_scale,
                  n_size, n);
    nm_shape s = x;
    bool seen[NM_MAXRANK] = {0};
    for (int d = 0; d < x.rank; d++) map[d] = NULL;
    for (int i = 0; i < n; i++) {
        const int d = nm_axis(job, net, node, axes[i], x.rank);
        if (seen[d]) nm_refuse(job, net, node, "axis %d twice", d);
        seen[d] = true;
        set_axis(job, net, node, &a, x.dim[d], n_size ? size[i] : scale[i], n_size > 0);
        s.dim[d] = a.out;
        map[d] = NM_RAW(job, int64_t, (size_t)a.out);
        for (int64_t k = 0; k < a.out; k++) map[d][k] = element(job, net, node, &a, k);
    }
    nm_out_shape(job, net, node, 0, s);
    for (int d = 0; d < x.rank; d++) {
        if (seen[d]) continue;
        map[d] = NM_RAW(job, int64_t, (size_t)x.dim[d]);
        for (int64_t k = 0; k < x.dim[d]; k++) map[d][k] = k;
    }
    nm_pick *p = NM_NEW(job, nm_pick);
    p->at = nm_pick_axes(job, x, s, map);
    for (size_t i = 0; nm_shape_eq(x, s) && i < net->values[node->out[0]].n; i++)
        if (p->at[i] != (int32_t)i)
            nm_refuse(job, net, node,
                      "scales that move elements but keep the shape, on which runtimes disagree");
    node->plan = p;
}

static const char resize_notes[] = "mode nearest; half_pixel, pytorch_half_pixel, asymmetric, "
                                   "align_corners, tf_half_pixel_for_nn; constant scales or sizes";
const nm_op nm_op_resize = {"Resize",      1,           4, 1, 10, NM_OPSET, plan, nm_pick_eval,
                            nm_pick_lower, resize_notes};
const nm_op nm_op_upsample = {
    "Upsample", 1, 2, 1, 7, 9, plan, nm_pick_eval, nm_pick_lower, "mode nearest; constant scales"};
