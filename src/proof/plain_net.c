/* plain_net.c: the network's blocks, from the lowering, as rows of numbers, and the trial that they mean the network.
 *
 * Each AFFINE unit becomes a list of units and weights. That the lowering is right is not assumed: at corners and
 * random points of the input set the outputs of the blocks are compared with the judge's, each with a bound of its
 * rounding; so are those of the blocks in which maxima are ReLUs (tournament.c), and the values of all units that
 * both have. A case with generators has blocks of its own: these, the inputs as an affine image of them, and the rest
 * of the network, which shares its weights. Cost: the weights, written out, and twice where there are maxima. Left out:
 * networks of more than MOST weights, which are refused. */
#include <stdlib.h>
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "proof/proof.h"
#include "proof/checker.h"

enum { MOST = 400000000, TRIALS = 2, ENOUGH = 20, L = NM_CHECK_LANES };

typedef struct {
    nm_job *job;
    size_t first, n, room; /* first: of the block that is read; n: terms so far */
    uint32_t *idx;
    size_t weights; /* in w */
    double *w;
} list;

static void put_term(void *arg, size_t j, double w)
{
    list *l = arg;
    if (w == 0) return;
    if (l->n == l->room) nm_throw(l->job, NM_EAUDIT, "a row of the lowering has too many terms");
    l->idx[l->n] = (uint32_t)(l->first + j);
    l->n++;
    l->w[l->weights++] = w;
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
    uint32_t *group = NM_ARRAY(job, uint32_t, k->n + 1);
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
        group[i] = group[i - 1] + (k->ptr[unit[i - 1] + 1] - a != n ||
                                   memcmp(k->idx + a, k->idx + b, n * sizeof *k->idx) != 0);
    }
    k->order = unit;
    k->group = group;
}

/* Returns where the weights of the last n terms are: those of the last unit with as many are taken if they are the
 * same, as in convolutions; last [n+1]: where these are, plus 1. */
static size_t shared(list *l, size_t n, size_t *last)
{
    const size_t own = l->weights - n;
    if (last[n] && !memcmp(l->w + last[n] - 1, l->w + own, n * sizeof *l->w)) {
        l->weights = own;
        return last[n] - 1;
    }
    last[n] = own + 1;
    return own;
}

static void affine(nm_job *job, const nm_program *p, const nm_block *k, nm_plain_block *out)
{
    size_t *ptr = NM_ARRAY(job, size_t, k->n + 1), *at = NM_RAW(job, size_t, k->n + 1), widest = 0;
    list l = {.job = job};
    for (size_t t = 0; t < k->n_lin; t++) l.room += terms(job, &k->lin[t]);
    if (l.room > MOST)
        nm_throw(job, NM_EUNSUP, "a network of more than %d weights has no certificates", MOST);
    l.idx = NM_RAW(job, uint32_t, l.room + 1);
    l.w = NM_RAW(job, double, l.room + 1);
    for (size_t t = 0; t < k->n_lin; t++) widest += k->lin[t].cols;
    size_t *last = NM_ARRAY(job, size_t, widest + 1);
    out->reads_input_only = true;
    for (size_t i = 0; i < k->n; i++) {
        for (size_t t = 0; t < k->n_lin; t++) {
            l.first = p->blocks[k->lin[t].src].first;
            nm_lin_row(&k->lin[t], i, put_term, &l);
        }
        ptr[i + 1] = l.n;
        at[i] = shared(&l, l.n - ptr[i], last);
    }
    for (size_t t = 0; t < k->n_lin; t++) {
        out->reads_input_only &= k->lin[t].src == 0;
    }
    out->bias = k->bias;
    out->ptr = ptr;
    out->idx = l.idx;
    out->w = l.w;
    out->at = at;
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

/* Sets the most terms that pulling back may add into one unit: one for each entry of each unit that reads it and, into
 * an input, one more for the line of that unit's ReLU over the inputs (point.c); two for a maximum; and some for a sign
 * and for rows of the question, which all name it. */
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

/* Numbers the units so that those of an AFFINE block stand in its order. */
static void places(nm_job *job, nm_plain *p)
{
    p->place = NM_RAW(job, uint32_t, p->n_units + 1);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_plain_block *k = &p->block[b];
        for (size_t i = 0; i < k->n; i++) p->place[k->first + (k->order ? k->order[i] : i)] = (uint32_t)(k->first + i);
    }
}

static nm_plain *blocks_of(nm_job *job, const nm_program *p)
{
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
    places(job, out);
    out->tried = NM_NEW(job, size_t);
    return out;
}

nm_plain *nm_plain_new(nm_job *job, const nm_net *net)
{
    const nm_program *p = nm_lower(job, net);
    nm_plain *out = blocks_of(job, p);
    if (!nm_program_has_maxima(p)) return out;
    int *to = NM_RAW(job, int, p->n_blocks);
    out->played = blocks_of(job, nm_program_tournaments(job, p, to));
    out->to = to;
    return out;
}

/* Returns the numbers of units once some have come before them. */
static const uint32_t *later(nm_job *job, size_t n, const uint32_t *idx, size_t by)
{
    uint32_t *out = NM_RAW(job, uint32_t, n + 1);
    for (size_t t = 0; t < n; t++) out[t] = idx[t] + (uint32_t)by;
    return out;
}

const nm_plain *nm_plain_over(nm_job *job, const nm_plain *p, const nm_gens *g)
{
    nm_plain *out = NM_NEW(job, nm_plain);
    *out = *p;
    out->fan = out->widest = 0;
    out->x_first = nm_pad8(g->n);
    out->n_blocks++;
    out->n_units += out->x_first;
    out->block = NM_ARRAY(job, nm_plain_block, out->n_blocks);
    out->block[0] = (nm_plain_block){.kind = NM_INPUT, .n = g->n};
    out->block[1] = (nm_plain_block){.kind = NM_AFFINE, .n = g->n_in, .first = out->x_first, .bias = g->x0,
                                     .ptr = g->ptr, .idx = g->idx, .w = g->w, .at = g->ptr,
                                     .reads_input_only = true};
    order(job, &out->block[1]);
    for (size_t b = 1; b < p->n_blocks; b++) {
        nm_plain_block *k = &out->block[b + 1];
        *k = p->block[b];
        k->first += out->x_first;
        k->src++;
        k->reads_input_only = false;
        if (k->ptr) k->idx = later(job, k->ptr[k->n], k->idx, out->x_first);
    }
    int32_t *of = NM_RAW(job, int32_t, p->n_out + 1);
    for (size_t i = 0; i < p->n_out; i++) of[i] = p->out[i] < 0 ? -1 : p->out[i] + (int32_t)out->x_first;
    out->out = of;
    fans(job, out);
    places(job, out);
    return out;
}

/* Marks what the needed units of a block read; those of a group read the same units. */
static void need(const nm_plain_block *k, const nm_plain *p, bool *needed)
{
    int64_t done = -1;
    for (size_t i = 0; i < k->n; i++) {
        const size_t unit = k->kind == NM_AFFINE ? k->order[i] : i;
        if (!needed[k->first + unit] || (k->kind == NM_AFFINE && k->group[i] == done)) continue;
        if (k->kind == NM_AFFINE) done = k->group[i];
        if (k->kind == NM_RELU) needed[p->block[k->src].first + unit] = true;
        for (size_t t = k->ptr ? k->ptr[unit] : 0; k->ptr && t < k->ptr[unit + 1]; t++) needed[k->idx[t]] = true;
    }
}

bool *nm_plain_needed(nm_job *job, const nm_plain *p, const nm_case *c)
{
    bool *needed = NM_ARRAY(job, bool, p->n_units + 1);
    for (size_t t = 0; t < c->n_clauses; t++)
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) {
            const nm_row *row = &c->clauses[t].rows[r];
            for (size_t i = 0; i < row->n; i++) {
                const int64_t u = nm_plain_unit(p, row->var[i]);
                if (u >= 0 && row->coef[i] != 0) needed[u] = true;
            }
        }
    for (size_t b = p->n_blocks; b-- > 1;)
        need(&p->block[b], p, needed);
    return needed;
}

/* ---- the trial ---- */

typedef struct { /* what units are at a point of the trial */
    double *v, *err; /* [n_units] values; err bounds their distance from the exact ones */
    double *in;      /* [2 * widest] both, of the units that a row reads */
} point;

/* Adds w x, |w x| and |w| err to L sums each; in: the x, then the err. */
NM_WIDE static void add_terms(size_t n, const double *restrict w, const double *restrict in, double *restrict sum,
                              double *restrict mag, double *restrict err)
{
    size_t t = 0;
    for (; t + L <= n; t += L) {
        const double *restrict x = in + t, *restrict e = x + n;
        for (size_t i = 0; i < L; i++) {
            const double term = w[t + i] * x[i];
            sum[i] += term;
            mag[i] += fabs(term);
            err[i] += fabs(w[t + i]) * e[i];
        }
    }
    for (size_t i = 0; t < n; t++, i++) {
        sum[i] += w[t] * in[t];
        mag[i] += fabs(w[t] * in[t]);
        err[i] += fabs(w[t]) * in[n + t];
    }
}

static void affine_values(const nm_plain_block *k, point *p)
{
    for (size_t i = 0; i < k->n; i++) {
        const size_t unit = k->order[i], u = k->first + unit, at = k->ptr[unit], n = k->ptr[unit + 1] - at;
        for (size_t t = 0; t < n && (i == 0 || k->group[i] != k->group[i - 1]); t++) {
            p->in[t] = p->v[k->idx[at + t]];
            p->in[n + t] = p->err[k->idx[at + t]];
        }
        double sum[L] = {k->bias[unit]}, mag[L] = {fabs(k->bias[unit])}, err[L] = {0};
        add_terms(n, nm_plain_weights(k, unit), p->in, sum, mag, err);
        for (size_t l = 1; l < L; l++) {
            sum[0] += sum[l];
            mag[0] += mag[l];
            err[0] += err[l];
        }
        p->v[u] = sum[0];
        p->err[u] = (err[0] + (double)(n + L + 4) * (NM_CHECK_U * mag[0] + 1e-300)) * NM_CHECK_MORE;
    }
}

static void other_value(const nm_plain *p, const nm_plain_block *k, size_t i, point *at)
{
    const size_t u = k->first + i;
    if (k->kind == NM_RELU) {
        const size_t a = p->block[k->src].first + i;
        at->v[u] = at->v[a] > 0 ? at->v[a] : 0;
        at->err[u] = at->err[a];
        return;
    }
    at->v[u] = -INFINITY;
    at->err[u] = 0;
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        at->v[u] = nm_larger(at->v[u], at->v[k->idx[t]]);
        at->err[u] = nm_larger(at->err[u], at->err[k->idx[t]]);
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
static bool agrees(const nm_plain *p, const point *at, const double *y, const double *yerr, size_t *which)
{
    for (size_t k = 0; k < p->n_out; k++) {
        const double v = p->out[k] < 0 ? p->out_const[k] : at->v[p->out[k]];
        const double room = (2 * (p->out[k] < 0 ? 0 : at->err[p->out[k]]) + (yerr ? yerr[k] : 0)) * NM_CHECK_MORE +
                            1e-300;
        *which = k;
        if (!(fabs(v - y[k]) <= room)) return false;
    }
    return true;
}

/* Evaluates all units at the inputs that are set. */
static void values(const nm_plain *p, point *at)
{
    for (size_t b = 1; b < p->n_blocks; b++) {
        if (p->block[b].kind == NM_AFFINE) affine_values(&p->block[b], at);
        for (size_t i = 0; p->block[b].kind != NM_AFFINE && i < p->block[b].n; i++)
            other_value(p, &p->block[b], i, at);
    }
}

/* Returns whether units that p->played has, too, have the same values there, up to rounding. */
static bool keeps_units(nm_job *job, const nm_plain *p, const point *at)
{
    const nm_plain *q = p->played;
    point other = {NM_ARRAY(job, double, q->n_units), NM_ARRAY(job, double, q->n_units),
                   NM_RAW(job, double, 2 * q->widest + 1)};
    bool same = true;
    memcpy(other.v, at->v, p->block[0].n * sizeof *other.v);
    values(q, &other);
    for (size_t b = 0; b < p->n_blocks; b++)
        for (size_t i = 0; p->to[b] >= 0 && i < p->block[b].n; i++) {
            const size_t u = p->block[b].first + i, v = q->block[p->to[b]].first + i;
            same &= fabs(at->v[u] - other.v[v]) <= (at->err[u] + other.err[v]) * NM_CHECK_MORE + 1e-300;
        }
    return same;
}

const char *nm_plain_try(nm_job *job, const nm_plain *p, const nm_net *net, const double *lo,
                         const double *hi, bool exact)
{
    uint64_t seed = 88172645463325252u;
    point at = {NM_ARRAY(job, double, p->n_units), NM_ARRAY(job, double, p->n_units),
                NM_RAW(job, double, 2 * p->widest + 1)};
    double *yerr = NM_ARRAY(job, double, p->n_out + 1), *x = at.v + p->x_first;
    seed += *p->tried * 0x9e3779b97f4a7c15u;
    for (size_t trial = 0; trial < TRIALS && *p->tried < ENOUGH; trial++, ++*p->tried) {
        size_t k;
        for (size_t i = 0; i < net->n_in; i++) {
            const uint64_t r = draw(&seed) >> 11;
            const double part = trial % 2 ? (double)(r & 1) : (double)r * 0x1p-53;
            const double v = lo[i] + part * (hi[i] - lo[i]);
            x[i] = v >= lo[i] && v <= hi[i] ? v : lo[i];
        }
        if (!exact || p->played) values(p, &at);
        if (p->played && !keeps_units(job, p, &at)) return "the blocks without maxima have other values";
        if (!exact && agrees(p, &at, nm_net_eval(job, net, x, false, NULL), NULL, &k)) continue;
        const double *y = nm_net_eval(job, net, x, false, yerr); /* slower, with a bound of what it may lose */
        if (exact ? !nm_exact_agrees(job, p, at.v, y, yerr, &k) : !agrees(p, &at, y, yerr, &k))
            return nm_fmt(job,
                          "the blocks of the lowering do not give the value %s that the network's "
                          "file gives output %zu",
                          nm_num_text(job, y[k]), k);
    }
    return NULL;
}
