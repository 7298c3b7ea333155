/* plain_net.c: the network's blocks, from the lowering, as rows of numbers, and the trial that they mean the network.
 *
 * Each AFFINE unit becomes a list of units and weights. That the lowering is right is not assumed: at corners and
 * random points of the input set the outputs of the blocks are compared with the judge's, each with a bound of its
 * rounding. Cost: the weights, written out. Left out: networks of more than MOST weights, which are refused.
 */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { MOST = 400000000, TRIALS = 4 };

typedef struct {
    size_t n, first;
    uint32_t *idx;
    double *w;
} list;

static void count_term(void *arg, size_t j, double w)
{
    list *l = arg;
    (void)j;
    l->n += w != 0;
}

static void put_term(void *arg, size_t j, double w)
{
    list *l = arg;
    if (w == 0) return;
    l->idx[l->n] = (uint32_t)(l->first + j);
    l->w[l->n++] = w;
}

static void affine(nm_job *job, const nm_program *p, const nm_block *k, nm_plain_block *out)
{
    size_t *ptr = NM_ARRAY(job, size_t, k->n + 1);
    list l = {.n = 0};
    for (size_t i = 0; i < k->n; i++) {
        for (size_t t = 0; t < k->n_lin; t++) nm_lin_row(&k->lin[t], i, count_term, &l);
        ptr[i + 1] = l.n;
        if (l.n > MOST)
            nm_throw(job, NM_EUNSUP, "a network of more than %d weights has no certificates", MOST);
    }
    l = (list){.idx = NM_RAW(job, uint32_t, l.n + 1), .w = NM_RAW(job, double, l.n + 1)};
    out->reads = NM_ARRAY(job, unsigned char, p->n_blocks);
    out->reads_input_only = true;
    for (size_t i = 0; i < k->n; i++)
        for (size_t t = 0; t < k->n_lin; t++) {
            l.first = p->blocks[k->lin[t].src].first;
            nm_lin_row(&k->lin[t], i, put_term, &l);
        }
    for (size_t t = 0; t < k->n_lin; t++) {
        out->reads[k->lin[t].src] = 1;
        out->reads_input_only &= k->lin[t].src == 0;
    }
    out->bias = k->bias;
    out->ptr = ptr;
    out->idx = l.idx;
    out->w = l.w;
}

static void maxima(nm_job *job, const nm_program *p, const nm_block *k, nm_plain_block *out)
{
    uint32_t *idx = NM_RAW(job, uint32_t, k->ptr[k->n] + 1);
    for (size_t i = 0; i < k->ptr[k->n]; i++)
        idx[i] = (uint32_t)p->blocks[k->src].first + k->idx[i];
    out->ptr = k->ptr;
    out->idx = idx;
}

/* Counts, for each unit, how many terms pulling back may add into it: one for each entry of each unit that reads it,
 * two for a maximum, and some for a sign and for rows of the question, which all name it. */
static void fans(nm_job *job, nm_plain *p)
{
    uint32_t *n = NM_ARRAY(job, uint32_t, p->n_units + 1);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_plain_block *k = &p->block[b];
        for (size_t i = 0; k->ptr && i < k->ptr[k->n]; i++) n[k->idx[i]] += 2;
        for (size_t i = 0; k->kind == NM_RELU && i < k->n; i++) n[p->block[k->src].first + i]++;
        if (k->kind == NM_RELU || k->kind == NM_MAX) p->block[k->src].is_pre = true;
    }
    for (size_t b = 0; b < p->n_blocks; b++)
        for (size_t u = p->block[b].first; u < p->block[b].first + p->block[b].n; u++)
            if (n[u] + 8 > p->block[b].fan) p->block[b].fan = n[u] + 8;
}

nm_plain *nm_plain_new(nm_job *job, const nm_net *net)
{
    const nm_program *p = nm_lower(job, net);
    nm_plain *out = NM_NEW(job, nm_plain);
    *out = (nm_plain){
        .n_blocks = p->n_blocks, .n_units = p->n_units, .n_out = p->n_out, .x_first = p->x_first};
    out->out = p->out;
    out->out_const = p->out_const;
    out->block = NM_ARRAY(job, nm_plain_block, p->n_blocks);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_block *k = &p->blocks[b];
        out->block[b] = (nm_plain_block){
            .kind = k->kind, .first = k->first, .n = k->n, .src = k->src};
        if (k->kind == NM_AFFINE) affine(job, p, k, &out->block[b]);
        if (k->kind == NM_MAX) maxima(job, p, k, &out->block[b]);
    }
    fans(job, out);
    return out;
}

/* ---- the trial ---- */

/* Evaluates unit i of block k from v; err bounds the distance of all values from the exact ones. */
static void value(const nm_plain_block *k, const nm_plain *p, size_t i, double *v, double *err)
{
    const size_t u = k->first + i;
    if (k->kind == NM_RELU) {
        const size_t a = p->block[k->src].first + i;
        v[u] = v[a] > 0 ? v[a] : 0;
        err[u] = err[a];
        return;
    }
    double sum = k->kind == NM_AFFINE ? k->bias[i] : -INFINITY, mag = fabs(sum), e = 0;
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        const uint32_t j = k->idx[t];
        if (k->kind == NM_MAX) {
            if (v[j] > sum) sum = v[j];
            if (err[j] > e) e = err[j];
            continue;
        }
        sum += k->w[t] * v[j];
        mag += fabs(k->w[t] * v[j]);
        e += fabs(k->w[t]) * err[j];
    }
    v[u] = sum;
    if (k->kind == NM_AFFINE)
        e += (double)(k->ptr[i + 1] - k->ptr[i] + 4) * (NM_CHECK_U * mag + 1e-300);
    err[u] = e * NM_CHECK_MORE;
}

static uint64_t draw(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

const char *nm_plain_try(nm_job *job, const nm_plain *p, const nm_net *net, const double *lo,
                         const double *hi)
{
    uint64_t seed = 88172645463325252u;
    double *v = NM_ARRAY(job, double, p->n_units), *err = NM_ARRAY(job, double, p->n_units);
    double *yerr = NM_ARRAY(job, double, p->n_out + 1), *x = v + p->x_first;
    for (int trial = 0; trial < TRIALS; trial++) {
        for (size_t i = 0; i < net->n_in; i++) {
            const uint64_t r = draw(&seed) >> 11;
            const double part = trial % 2 ? (double)(r & 1) : (double)r * 0x1p-53;
            x[i] = lo[i] + part * (hi[i] - lo[i]);
            if (!(x[i] >= lo[i] && x[i] <= hi[i])) x[i] = lo[i];
        }
        for (size_t b = 1; b < p->n_blocks; b++)
            for (size_t i = 0; i < p->block[b].n; i++) value(&p->block[b], p, i, v, err);
        const double *y = nm_net_eval(job, net, x, false, yerr);
        for (size_t k = 0; k < p->n_out; k++) {
            const double mine = p->out[k] < 0 ? p->out_const[k] : v[p->out[k]];
            const double room = (yerr[k] + (p->out[k] < 0 ? 0 : err[p->out[k]])) * NM_CHECK_MORE +
                                1e-300;
            if (!(fabs(mine - y[k]) <= room))
                return nm_fmt(job,
                              "the blocks of the lowering give output %zu the value %s, the "
                              "network's file %s",
                              k, nm_num_text(job, mine), nm_num_text(job, y[k]));
        }
    }
    return NULL;
}
