/* node.c: what every operator needs to read its node: attributes, shapes, broadcasting, and the evaluation of
 * sums with a bound on their rounding.
 *
 * Rounding of a replay (Ogita, Rump, Oishi 2005): in float64, every product and sum is followed by its exact
 * error (fma and Knuth's two-sum), whose magnitudes are added up, rounded upwards by one part in 2^38. An
 * evaluation that is exact, as on small networks with round weights, so gets error 0 and ties stay ties. In
 * float32 each operation is done in double and rounded once: p = 53 >= 2*24+2 makes that the same as float
 * arithmetic (Figueroa 1995). */
#include "all.h"

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

size_t nm_shape_size(nm_job *job, nm_shape s)
{
    size_t n = 1;
    for (int i = 0; i < s.rank; i++) n = nm_mul(job, n, (size_t)s.dim[i]);
    return n;
}

nm_shape nm_shape_of(int rank, const int64_t *dim)
{
    nm_shape s = {.rank = rank};
    for (int i = 0; i < rank; i++) s.dim[i] = dim[i];
    return s;
}

bool nm_shape_eq(nm_shape a, nm_shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

const char *nm_shape_print(nm_job *job, nm_shape s)
{
    nm_buf b = {.job = job};
    nm_put(&b, "[");
    for (int i = 0; i < s.rank; i++) nm_put(&b, i ? ",%lld" : "%lld", (long long)s.dim[i]);
    nm_put(&b, "]");
    return b.s;
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

size_t nm_broadcast_at(nm_shape out, nm_shape in, size_t i)
{
    size_t at = 0, step = 1;
    for (int d = 0; d < in.rank; d++) {
        const int64_t size = in.dim[in.rank - 1 - d], full = out.dim[out.rank - 1 - d];
        const size_t index = i % (size_t)full;
        i /= (size_t)full;
        if (size != 1) at += index * step;
        step *= (size_t)size;
    }
    return at;
}

void nm_pick_eval(nm_eval *e, const nm_node *node)
{
    for (int k = 0; k < node->n_out; k++) {
        const nm_pick *p = (const nm_pick *)node->plan + k;
        const int out = node->out[k];
        for (size_t i = 0; i < e->net->values[out].n; i++) {
            const int in = node->in[p->which ? p->which[i] : 0], at = p->at[i];
            const double fill = e->f32 ? (double)(float)p->fill : p->fill;
            e->val[out][i] = at < 0 ? fill : e->val[in][at];
            if (e->err) e->err[out][i] = at < 0 ? 0 : e->err[in][at];
        }
    }
}

const int32_t *nm_pick_axes(nm_job *job, nm_shape in, nm_shape out, int64_t *const *map)
{
    const size_t n = nm_shape_size(job, out);
    int32_t *at = NM_RAW(job, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        int64_t rest = (int64_t)i, from = 0, step = 1;
        bool inside = true;
        for (int d = out.rank - 1; d >= 0; d--) {
            const int64_t k = map[d][rest % out.dim[d]];
            rest /= out.dim[d];
            inside &= k >= 0;
            from += k * step;
            step *= in.dim[d];
        }
        at[i] = inside ? (int32_t)from : -1;
    }
    return at;
}

/* |s exact - s computed| grows by the exact errors of each step; products that underflow pay a flat fee */
static double step_error(double a, double b, double s, double *next)
{
    const double p = a * b, ep = fma(a, b, -p);
    const double t = s + p, bb = t - s, es = (s - (t - bb)) + (p - bb);
    *next = t;
    const double flat = a != 0 && b != 0 && fabs(p) < 1e-270 ? 1e-300 : 0;
    return fabs(ep) + fabs(es) + flat;
}

double nm_eval_carry(double a, double e)
{
    const double p = fabs(a) * e;
    return p < 1e-270 && a != 0 && e != 0 ? p + 1e-300 : p;
}

double nm_eval_dot(const nm_eval *e, size_t n, const double *a, size_t sa, const double *b,
                   const double *berr, double start, double *err)
{
    double s = start;
    if (e->f32) {
        for (size_t i = 0; i < n; i++) s = (double)(float)(s + (double)(float)(a[i * sa] * b[i]));
        return s;
    }
    if (!err) { /* four sums, so that additions overlap */
        double t[4] = {0, 0, 0, 0};
        size_t i = 0;
        for (; i + 4 <= n; i += 4)
            for (size_t k = 0; k < 4; k++) t[k] += a[(i + k) * sa] * b[i + k];
        for (; i < n; i++) t[0] += a[i * sa] * b[i];
        return s + ((t[0] + t[2]) + (t[1] + t[3]));
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += step_error(a[i * sa], b[i], s, &s);
        if (berr) sum += nm_eval_carry(a[i * sa], berr[i]);
    }
    *err += sum * (1 + 0x1p-38); /* 2^13 additions and products lose less */
    if (n >= 4096) *err += sum * (double)n * NM_ULP;
    return s;
}
