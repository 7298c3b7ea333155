/* lower_views.c: what the operators need to lower themselves. A value is a view: for each element, the unit that holds
 * it, or a constant. An operator that only moves elements makes a new view and no units. An operator that needs its
 * input as a block of its own gets one by a gather, unless the view is a whole block already. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "network/operator.h"

nm_view *nm_lower_view(nm_lowering *l, int value)
{
    const nm_value *val = &l->net->values[value];
    nm_view *v = &l->view[value];
    if (v->unit || !val->n) return v;
    *v = (nm_view){val->n, NM_RAW(l->job, int32_t, val->n), NM_ARRAY(l->job, double, val->n)};
    for (size_t i = 0; i < val->n; i++) {
        v->unit[i] = -1;
        if (val->data) v->cst[i] = val->data[i];
    }
    return v;
}

int nm_lower_block(nm_lowering *l, const nm_node *node, nm_kind kind, size_t n)
{
    nm_program_add(l->job, l->prog, kind, node->name, n);
    return (int)l->prog->n_blocks - 1;
}

void nm_lower_result(nm_lowering *l, const nm_node *node, int k, int block)
{
    nm_view *v = nm_lower_view(l, node->out[k]);
    for (size_t i = 0; i < v->n; i++) v->unit[i] = (int32_t)(l->prog->blocks[block].first + i);
}

static int whole_block(const nm_program *p, const nm_view *v)
{
    if (v->n == 0 || v->unit[0] < 0) return -1;
    const int b = nm_program_block(p, (size_t)v->unit[0]);
    if (p->blocks[b].n != v->n) return -1;
    for (size_t i = 0; i < v->n; i++)
        if (v->unit[i] != (int32_t)(p->blocks[b].first + i)) return -1;
    return b;
}

/* Adds a constant to a unit; the sizes of all its constants are kept beside their sum, as they may cancel. */
static void add_constant(nm_lowering *l, nm_block *b, size_t i, double x)
{
    if (!b->f32.consts && b->bias[i] != 0) {
        b->f32.consts = NM_ARRAY(l->job, double, nm_pad8(b->n));
        for (size_t k = 0; k < b->n; k++) b->f32.consts[k] = fabs(b->bias[k]);
    }
    if (b->f32.consts) b->f32.consts[i] += fabs(x);
    b->bias[i] += x;
}

/* Adds a gather for each block that the view draws on; whole blocks need no index. */
static void gather_terms(nm_lowering *l, int block, const nm_view *v, const double *coef)
{
    const nm_program *p = l->prog;
    bool *done = NM_ARRAY(l->job, bool, p->n_blocks);
    const int whole = whole_block(p, v);
    for (size_t i = 0; i < v->n; i++) {
        if (v->unit[i] < 0) {
            add_constant(l, &l->prog->blocks[block], i, (coef ? coef[i] : 1) * v->cst[i]);
            continue;
        }
        const int src = nm_program_block(p, (size_t)v->unit[i]);
        if (done[src]) continue;
        done[src] = true;
        nm_block *b = &l->prog->blocks[block];
        nm_lin *a = nm_block_lin(l->job, b, NM_GATHER, src, v->n, p->blocks[src].n);
        a->w = coef;
        if (whole >= 0) continue;
        uint32_t *idx = NM_RAW(l->job, uint32_t, v->n);
        const size_t first = p->blocks[src].first, end = first + p->blocks[src].n;
        for (size_t k = 0; k < v->n; k++) {
            const bool mine = v->unit[k] >= 0 && (size_t)v->unit[k] >= first &&
                              (size_t)v->unit[k] < end;
            idx[k] = mine ? (uint32_t)((size_t)v->unit[k] - first) : UINT32_MAX;
        }
        a->idx = idx;
    }
}

int nm_lower_source(nm_lowering *l, const nm_node *node, const nm_view *v)
{
    const int whole = whole_block(l->prog, v);
    if (whole >= 0) return whole;
    const int block = nm_lower_block(l, node, NM_AFFINE, v->n);
    gather_terms(l, block, v, NULL);
    return block;
}

int nm_lower_terms(nm_lowering *l, const nm_node *node, size_t n_terms, const nm_view *term,
                   const double *const *coef, const double *bias)
{
    const size_t n = term[0].n;
    const int block = nm_lower_block(l, node, NM_AFFINE, n);
    if (bias)
        for (size_t i = 0; i < n; i++) l->prog->blocks[block].bias[i] = bias[i];
    for (size_t t = 0; t < n_terms; t++) gather_terms(l, block, &term[t], coef[t]);
    return block;
}

void nm_lower_sum(nm_lowering *l, const nm_node *node, size_t n_terms, const nm_view *term,
                  const double *const *coef, const double *bias)
{
    nm_lower_result(l, node, 0, nm_lower_terms(l, node, n_terms, term, coef, bias));
}

int nm_lower_relu(nm_lowering *l, const nm_node *node, int src)
{
    const int block = nm_lower_block(l, node, NM_RELU, l->prog->blocks[src].n);
    l->prog->blocks[block].src = src;
    return block;
}

nm_view nm_lower_units(nm_lowering *l, int block)
{
    const nm_block *b = &l->prog->blocks[block];
    const nm_view v = {b->n, NM_RAW(l->job, int32_t, b->n), NM_ARRAY(l->job, double, b->n)};
    for (size_t i = 0; i < b->n; i++) v.unit[i] = (int32_t)(b->first + i);
    return v;
}

nm_view nm_lower_exact(nm_lowering *l, const nm_node *node, const nm_view *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->unit[i] < 0) return nm_lower_units(l, nm_lower_source(l, node, v));
    return *v;
}
