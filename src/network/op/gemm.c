/* gemm.c: Gemm (alpha A' B' + beta C, either side constant, transA, transB) and MatMul with the constant on either
 * side, batched over leading dimensions. Both take the same form: out[i] = sum_k x[xi(i)+k*xs] * w[wi(i)+k*ws] + bias.
 * alpha and beta multiply the constants in double when the graph is read: the rounded products define the network (for
 * 1 and for powers of two nothing is rounded). A matrix with fewer than one nonzero in eight, such as a convolution
 * that was exported as a matrix, is lowered to lists of weights: a term of a list costs about three of a full product,
 * and its windows stay local on the way back. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

enum { AT_ONCE = 8 };
enum { SPARSE = 8 }; /* a matrix with fewer nonzeros than one in so many is listed; see the head */

typedef struct {
    int var;         /* which input varies, 0 or 1 */
    size_t n, inner; /* outputs; terms of each sum */
    const double *w;
    const uint32_t *x0, *w0; /* [n] where the row of x and of w begins */
    size_t xs, ws;           /* steps along the sum */
    const double *bias;      /* [n] or NULL */
} plan_t;

typedef struct {
    int64_t rows, cols;
    int64_t si, sk, sb;
} side_t; /* element (b,i,k) */

static uint32_t offset(const side_t *s, int64_t b, int64_t i)
{
    return (uint32_t)(b * s->sb + i * s->si);
}

typedef struct {
    nm_shape all, a, b; /* leading dimensions of the product and of the factors, which broadcast */
} batch_t;

static void fill(nm_job *job, plan_t *p, const side_t *a, const side_t *b, const batch_t *of,
                 int64_t m, int64_t n)
{
    int64_t batch = 1;
    for (int d = 0; d < of->all.rank; d++) batch *= of->all.dim[d];
    uint32_t *a0 = NM_RAW(job, uint32_t, p->n), *b0 = NM_RAW(job, uint32_t, p->n);
    for (int64_t t = 0, at = 0; t < batch; t++) {
        const int64_t ta = (int64_t)nm_broadcast_at(of->all, of->a, (size_t)t),
                      tb = (int64_t)nm_broadcast_at(of->all, of->b, (size_t)t);
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++, at++) {
                a0[at] = offset(a, ta, i);
                b0[at] = offset(b, tb, j);
            }
    }
    p->x0 = p->var ? b0 : a0;
    p->w0 = p->var ? a0 : b0;
    p->xs = (size_t)(p->var ? b->sk : a->sk);
    p->ws = (size_t)(p->var ? a->sk : b->sk);
}

static plan_t *start(nm_job *job, nm_net *net, nm_node *node)
{
    plan_t *p = NM_NEW(job, plan_t);
    const bool ca = nm_is_const(net, node, 0), cb = nm_is_const(net, node, 1);
    if (!ca && !cb) nm_refuse(job, net, node, "both factors vary: not piecewise linear");
    p->var = ca && !cb;
    p->w = nm_in(net, node, !p->var)->data;
    node->plan = p;
    return p;
}

static const double *times(nm_job *job, double f, const double *x, size_t n)
{
    if (f == 1) return x;
    double *y = NM_RAW(job, double, n);
    for (size_t i = 0; i < n; i++) y[i] = f * x[i];
    return y;
}

static void plan_gemm(nm_job *job, nm_net *net, nm_node *node)
{
    const nm_value *a = nm_in(net, node, 0), *b = nm_in(net, node, 1), *c = nm_in(net, node, 2);
    const bool ta = nm_attr_int(job, net, node, "transA", 0),
               tb = nm_attr_int(job, net, node, "transB", 0);
    const double alpha = nm_attr_float(job, net, node, "alpha", 1),
                 beta = nm_attr_float(job, net, node, "beta", 1);
    if (a->shape.rank != 2 || b->shape.rank != 2)
        nm_refuse(job, net, node, "shapes %s and %s; matrices were expected",
                  nm_shape_print(job, a->shape), nm_shape_print(job, b->shape));
    plan_t *p = start(job, net, node);
    const int64_t ac = a->shape.dim[1], bc = b->shape.dim[1];
    const side_t x = {a->shape.dim[ta], a->shape.dim[!ta], ta ? 1 : ac, ta ? ac : 1, 0};
    const side_t y = {b->shape.dim[!tb], b->shape.dim[tb], tb ? bc : 1, tb ? 1 : bc, 0};
    if (x.cols != y.cols)
        nm_refuse(job, net, node, "inner sizes %lld and %lld", (long long)x.cols,
                  (long long)y.cols);
    const nm_shape s = nm_shape_of(2, (int64_t[]){x.rows, y.rows});
    nm_out_shape(job, net, node, 0, s);
    p->n = net->values[node->out[0]].n;
    p->inner = (size_t)x.cols;
    fill(job, p, &x, &y, &(batch_t){0}, x.rows, y.rows);
    p->w = times(job, alpha, p->w, nm_in(net, node, !p->var)->n);
    if (!c) return;
    if (!c->data) nm_refuse(job, net, node, "input C is not constant");
    if (!nm_shape_eq(nm_broadcast(job, net, node, c->shape, s), s))
        nm_refuse(job, net, node, "C does not broadcast");
    double *bias = NM_RAW(job, double, p->n);
    const double *scaled = times(job, beta, c->data, c->n);
    for (size_t i = 0; i < p->n; i++) bias[i] = scaled[nm_broadcast_at(s, c->shape, i)];
    p->bias = bias;
}

static void plan_matmul(nm_job *job, nm_net *net, nm_node *node)
{
    nm_shape a = nm_in(net, node, 0)->shape, b = nm_in(net, node, 1)->shape;
    plan_t *p = start(job, net, node);
    const bool va = a.rank == 1,
               vb = b.rank == 1; /* a vector gets a dimension, which the result loses again */
    if (va) a = nm_shape_of(2, (int64_t[]){1, a.dim[0]});
    if (vb) b = nm_shape_of(2, (int64_t[]){b.dim[0], 1});
    if (a.rank < 2 || b.rank < 2) nm_refuse(job, net, node, "a scalar factor");
    const int64_t m = a.dim[a.rank - 2], k = a.dim[a.rank - 1], n = b.dim[b.rank - 1];
    if (k != b.dim[b.rank - 2])
        nm_refuse(job, net, node, "inner sizes %lld and %lld", (long long)k,
                  (long long)b.dim[b.rank - 2]);
    batch_t of = {.a = nm_shape_of(a.rank - 2, a.dim), .b = nm_shape_of(b.rank - 2, b.dim)};
    of.all = nm_broadcast(job, net, node, of.a, of.b);
    nm_shape s = of.all;
    if (!va) s.dim[s.rank++] = m;
    if (!vb) s.dim[s.rank++] = n;
    nm_out_shape(job, net, node, 0, s);
    const side_t x = {m, k, k, 1, m * k}, y = {n, k, 1, n, k * n};
    p->n = net->values[node->out[0]].n;
    p->inner = (size_t)k;
    fill(job, p, &x, &y, &of, m, n);
}

/* Returns the weights of row i; rows are asked for in their order. They are copied to w [AT_ONCE][inner], AT_ONCE rows
 * at a time: where rows are columns of a matrix in memory, this loads each line of the cache once. */
static const double *row_of(const plan_t *p, size_t i, double *w)
{
    const size_t n = p->n - i < AT_ONCE ? p->n - i : AT_ONCE;
    for (size_t k = 0; i % AT_ONCE == 0 && k < p->inner; k++)
        for (size_t c = 0; c < n; c++) w[c * p->inner + k] = p->w[p->w0[i + c] + k * p->ws];
    return w + i % AT_ONCE * p->inner;
}

static void eval(nm_eval *e, const nm_node *node)
{
    const plan_t *p = node->plan;
    const double *x = e->val[node->in[p->var]], *xe = e->err ? e->err[node->in[p->var]] : NULL;
    double *row = NM_RAW(e->job, double, p->inner), *rerr = NM_RAW(e->job, double, p->inner);
    double *y = e->val[node->out[0]], *ye = e->err ? e->err[node->out[0]] : NULL;
    double *w = NM_RAW(e->job, double, AT_ONCE * p->inner);
    uint32_t have = UINT32_MAX;
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; p->x0[i] != have && k < p->inner; k++) {
            row[k] = x[p->x0[i] + k * p->xs];
            if (xe) rerr[k] = xe[p->x0[i] + k * p->xs];
        }
        have = p->x0[i];
        if (ye) ye[i] = 0;
        y[i] = nm_eval_dot(e, p->inner, row_of(p, i, w), 1, row, xe ? rerr : NULL,
                           p->bias ? p->bias[i] : 0, ye ? &ye[i] : NULL);
    }
}

static bool is_whole(const plan_t *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->x0[i] != 0) return false;
    return p->xs == 1;
}

/* Counts the weights that are not zero in all rows; w as in row_of. */
static size_t count_nonzeros(const plan_t *p, double *w)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        const double *row = row_of(p, i, w);
        for (size_t k = 0; k < p->inner; k++) n += row[k] != 0;
    }
    return n;
}

static void lower_dense(nm_lowering *l, nm_lin *a, const plan_t *p, double *buffer)
{
    const size_t ld = nm_pad8(p->inner);
    double *w = NM_ARRAY(l->job, double, nm_mul(l->job, nm_pad8(p->n), ld));
    for (size_t i = 0; i < p->n; i++) memcpy(w + i * ld, row_of(p, i, buffer), p->inner * sizeof *w);
    a->w = w;
}

static void lower_sparse(nm_lowering *l, nm_lin *a, const plan_t *p, size_t nnz, double *buffer)
{
    uint32_t *row = NM_RAW(l->job, uint32_t, nnz), *col = NM_RAW(l->job, uint32_t, nnz);
    double *w = NM_RAW(l->job, double, nnz);
    size_t at = 0;
    for (size_t i = 0; i < p->n; i++) {
        const double *value = row_of(p, i, buffer);
        for (size_t k = 0; k < p->inner; k++) {
            if (value[k] == 0) continue;
            row[at] = (uint32_t)i;
            col[at] = (uint32_t)(p->x0[i] + k * p->xs);
            w[at++] = value[k];
        }
    }
    a->kind = NM_SPARSE;
    nm_sparse_fill(l->job, a, nnz, row, col, w);
}

/* Lists rows of weights where few are not zero, or where several rows of x meet the same matrix. */
static void lower(nm_lowering *l, const nm_node *node)
{
    const plan_t *p = node->plan;
    const nm_view *v = nm_lower_view(l, node->in[p->var]);
    const int src = nm_lower_source(l, node, v);
    const int block = nm_lower_block(l, node, NM_AFFINE, p->n);
    nm_block *b = &l->prog->blocks[block];
    if (p->bias)
        for (size_t i = 0; i < p->n; i++) b->bias[i] = p->bias[i];
    nm_lin *a = nm_block_lin(l->job, b, NM_DENSE, src, p->n, v->n);
    double *buffer = NM_RAW(l->job, double, AT_ONCE * p->inner);
    const size_t nnz = count_nonzeros(p, buffer);
    if (is_whole(p) && p->inner == v->n && (double)nnz * SPARSE >= (double)p->n * (double)p->inner)
        lower_dense(l, a, p, buffer);
    else
        lower_sparse(l, a, p, nnz, buffer);
    nm_lower_result(l, node, 0, block);
}

static const char gemm_notes[] = "one constant factor, constant C";
static const char matmul_notes[] = "one constant factor";
const nm_op nm_op_gemm = {"Gemm", 2, 3, 1, 7, NM_OPSET, plan_gemm, eval, lower, gemm_notes};
const nm_op nm_op_matmul = {"MatMul", 2, 2, 1, 7, NM_OPSET, plan_matmul, eval, lower, matmul_notes};
