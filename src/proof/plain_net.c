/* plain_net.c: the network's blocks, from the lowering, as rows of numbers, and the trial that they mean the network.
 *
 * Each AFFINE unit becomes a list of units and weights. That the lowering is right is not assumed: at corners and
 * random points of the input set the outputs of the blocks are compared with the judge's, each with a bound of its
 * rounding. Cost: the weights, written out. Left out: networks of more than MOST weights, which are refused.
 */
#include <stdlib.h>
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { MOST = 400000000, TRIALS = 2 };

typedef struct {
    nm_job *job;
    size_t first, n, room;
    uint32_t *idx;
    double *w;
} list;

static void put_term(void *arg, size_t j, double w)
{
    list *l = arg;
    if (w == 0) return;
    if (l->n == l->room) nm_throw(l->job, NM_EAUDIT, "a row of the lowering has too many terms");
    l->idx[l->n] = (uint32_t)(l->first + j);
    l->w[l->n++] = w;
}

/* Returns at least the number of terms of an operator's rows. */
static size_t terms(nm_job *job, const nm_lin *a)
{
    const nm_geo *g = &a->geo;
    if (a->kind == NM_DENSE) return nm_mul(job, a->rows, a->cols);
    if (a->kind == NM_SPARSE) return a->ptr[a->rows];
    if (a->kind == NM_GATHER) return a->rows;
    const int64_t channels = (a->kind == NM_CONVT ? g->o : g->c) / g->groups;
    return nm_mul(job, a->rows, (size_t)(channels * g->kh * g->kw));
}

typedef struct {
    uint32_t first, hash, unit; /* the first unit that it reads, a hash of all of them, itself */
} reader;

static int by_reads(const void *a, const void *b)
{
    const reader *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

/* Orders a block's units so that those that read the same units follow each other, and windows their neighbours, as
 * pulling these back together costs less, and says which ones read the same. */
static void order(nm_job *job, nm_plain_block *k)
{
    reader *key = NM_RAW(job, reader, k->n + 1);
    uint32_t *unit = NM_RAW(job, uint32_t, k->n + 1);
    bool *alike = NM_ARRAY(job, bool, k->n + 1);
    for (size_t i = 0; i < k->n; i++) {
        uint32_t hash = 2166136261u;
        for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) hash = (hash ^ k->idx[t]) * 16777619u;
        key[i] = (reader){k->ptr[i] < k->ptr[i + 1] ? k->idx[k->ptr[i]] : 0, hash, (uint32_t)i};
    }
    qsort(key, k->n, sizeof *key, by_reads);
    for (size_t i = 0; i < k->n; i++) {
        unit[i] = key[i].unit;
        if (i == 0) continue;
        const size_t a = k->ptr[unit[i - 1]], b = k->ptr[unit[i]], n = k->ptr[unit[i] + 1] - b;
        alike[i] = k->ptr[unit[i - 1] + 1] - a == n &&
                   !memcmp(k->idx + a, k->idx + b, n * sizeof *k->idx);
    }
    k->order = unit;
    k->alike = alike;
}

static void affine(nm_job *job, const nm_program *p, const nm_block *k, nm_plain_block *out)
{
    size_t *ptr = NM_ARRAY(job, size_t, k->n + 1);
    list l = {.job = job};
    for (size_t t = 0; t < k->n_lin; t++) l.room += terms(job, &k->lin[t]);
    if (l.room > MOST)
        nm_throw(job, NM_EUNSUP, "a network of more than %d weights has no certificates", MOST);
    l.idx = NM_RAW(job, uint32_t, l.room + 1);
    l.w = NM_RAW(job, double, l.room + 1);
    out->reads_input_only = true;
    for (size_t i = 0; i < k->n; i++) {
        for (size_t t = 0; t < k->n_lin; t++) {
            l.first = p->blocks[k->lin[t].src].first;
            nm_lin_row(&k->lin[t], i, put_term, &l);
        }
        ptr[i + 1] = l.n;
    }
    for (size_t t = 0; t < k->n_lin; t++) {
        out->reads_input_only &= k->lin[t].src == 0;
    }
    out->bias = k->bias;
    out->ptr = ptr;
    out->idx = l.idx;
    out->w = l.w;
    order(job, out);
}

static void maxima(nm_job *job, const nm_program *p, const nm_block *k, nm_plain_block *out)
{
    uint32_t *idx = NM_RAW(job, uint32_t, k->ptr[k->n] + 1);
    for (size_t i = 0; i < k->ptr[k->n]; i++)
        idx[i] = (uint32_t)p->blocks[k->src].first + k->idx[i];
    out->ptr = k->ptr;
    out->idx = idx;
}

/* Sets the most terms that pulling back may add into one unit: one for each entry of each unit that reads it, two for a
 * maximum, and some for a sign and for rows of the question, which all name it. */
static void fans(nm_job *job, nm_plain *p)
{
    uint32_t *n = NM_ARRAY(job, uint32_t, p->n_units + 1);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_plain_block *k = &p->block[b];
        for (size_t i = 0; k->ptr && i < k->n; i++)
            if (k->ptr[i + 1] - k->ptr[i] > p->widest) p->widest = k->ptr[i + 1] - k->ptr[i];
        for (size_t i = 0; k->ptr && i < k->ptr[k->n]; i++) n[k->idx[i]] += 2;
        for (size_t i = 0; k->kind == NM_RELU && i < k->n; i++) n[p->block[k->src].first + i] += 2;
        if (k->kind == NM_RELU || k->kind == NM_MAX) p->block[k->src].is_pre = true;
    }
    for (size_t u = 0; u < p->n_units; u++)
        if (n[u] + 8 > p->fan) p->fan = n[u] + 8;
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

typedef struct {                   /* of a unit, at the points of the trial */
    double v[TRIALS], err[TRIALS]; /* values; err bounds their distance from the exact ones */
} value;

static void affine_value(const nm_plain_block *k, size_t i, value *units)
{
    double sum[TRIALS], mag[TRIALS], e[TRIALS] = {0};
    for (size_t l = 0; l < TRIALS; l++) {
        sum[l] = k->bias[i];
        mag[l] = fabs(sum[l]);
    }
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        const value *in = &units[k->idx[t]];
        const double w = k->w[t];
        for (size_t l = 0; l < TRIALS; l++) {
            const double term = w * in->v[l];
            sum[l] += term;
            mag[l] += fabs(term);
            e[l] += fabs(w) * in->err[l];
        }
    }
    const double n = (double)(k->ptr[i + 1] - k->ptr[i] + 4);
    for (size_t l = 0; l < TRIALS; l++) {
        units[k->first + i].v[l] = sum[l];
        units[k->first + i].err[l] = (e[l] + n * (NM_CHECK_U * mag[l] + 1e-300)) * NM_CHECK_MORE;
    }
}

static void other_value(const nm_plain *p, const nm_plain_block *k, size_t i, value *units)
{
    value *u = &units[k->first + i];
    for (size_t l = 0; l < TRIALS; l++) {
        if (k->kind == NM_RELU) {
            const value *a = &units[p->block[k->src].first + i];
            u->v[l] = a->v[l] > 0 ? a->v[l] : 0;
            u->err[l] = a->err[l];
            continue;
        }
        u->v[l] = -INFINITY;
        u->err[l] = 0;
        for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
            const value *in = &units[k->idx[t]];
            u->v[l] = nm_larger(u->v[l], in->v[l]);
            u->err[l] = nm_larger(u->err[l], in->err[l]);
        }
    }
}

static uint64_t draw(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* Returns whether y is the blocks' outputs at a point, up to their rounding, or also the judge's if yerr is given. */
static bool agrees(const nm_plain *p, const value *units, size_t l, const double *y,
                   const double *yerr, size_t *at)
{
    for (size_t k = 0; k < p->n_out; k++) {
        const value *u = p->out[k] < 0 ? NULL : &units[p->out[k]];
        const double room = (2 * (u ? u->err[l] : 0) + (yerr ? yerr[k] : 0)) * NM_CHECK_MORE +
                            1e-300;
        *at = k;
        if (!(fabs((u ? u->v[l] : p->out_const[k]) - y[k]) <= room)) return false;
    }
    return true;
}

const char *nm_plain_try(nm_job *job, const nm_plain *p, const nm_net *net, const double *lo,
                         const double *hi)
{
    uint64_t seed = 88172645463325252u;
    value *units = NM_ARRAY(job, value, p->n_units);
    double *x = NM_RAW(job, double, net->n_in + 1), *yerr = NM_ARRAY(job, double, p->n_out + 1);
    for (size_t i = 0; i < net->n_in; i++)
        for (size_t l = 0; l < TRIALS; l++) {
            const uint64_t r = draw(&seed) >> 11;
            const double part = l % 2 ? (double)(r & 1) : (double)r * 0x1p-53;
            const double v = lo[i] + part * (hi[i] - lo[i]);
            units[p->x_first + i].v[l] = v >= lo[i] && v <= hi[i] ? v : lo[i];
        }
    for (size_t b = 1; b < p->n_blocks; b++)
        for (size_t i = 0; i < p->block[b].n; i++)
            if (p->block[b].kind == NM_AFFINE)
                affine_value(&p->block[b], i, units);
            else
                other_value(p, &p->block[b], i, units);
    for (size_t l = 0; l < TRIALS; l++) {
        size_t k;
        for (size_t i = 0; i < net->n_in; i++) x[i] = units[p->x_first + i].v[l];
        const double *y = nm_net_eval(job, net, x, false, NULL);
        if (agrees(p, units, l, y, NULL, &k)) continue;
        y = nm_net_eval(job, net, x, false, yerr); /* slower, with a bound of what it may lose */
        if (!agrees(p, units, l, y, yerr, &k))
            return nm_fmt(job,
                          "the blocks of the lowering do not give the value %s that the network's "
                          "file gives output %zu",
                          nm_num_text(job, y[k]), k);
    }
    return NULL;
}
