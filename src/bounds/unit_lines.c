/* unit_lines.c: the linear bounds that replace each unit when rows are pulled back (pull_back.c has the argument):
 * slopes, cuts, and the weights that cover rounding. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"

nm_relax *nm_relax_new(nm_job *job, const nm_bounds *b)
{
    const size_t n = b->p->n_units;
    nm_relax *x = NM_NEW(job, nm_relax);
    x->slo = NM_ARRAY(job, double, n);
    x->flat = NM_ARRAY(job, double, b->p->n_blocks);
    x->sup = NM_ARRAY(job, double, n);
    x->cut = NM_ARRAY(job, double, n);
    x->w = NM_ARRAY(job, double, n);
    x->size = NM_ARRAY(job, double, n);
    x->mlo = NM_ARRAY(job, uint32_t, n);
    x->mup = NM_ARRAY(job, uint32_t, n);
    x->dead = NM_ARRAY(job, unsigned char, n);
    x->keep = NM_ARRAY(job, unsigned char, n);
    return x;
}

const unsigned char *nm_relax_zero(const nm_relax *x, const nm_program *p, int block)
{
    return p->blocks[block].kind == NM_RELU ? x->dead + p->blocks[block].first : NULL;
}

/* Returns cut such that sup*a + cut >= f at both ends (a = p, f = fp) and (a = q, f = fq), rounded up. */
static double cut_above(double sup, double p, double fp, double q, double fq)
{
    const double slack = 4 * NM_ULP * (fabs(p) + fabs(q) + fabs(fp) + fabs(fq)) + NM_TINY;
    return nm_larger(fp - sup * p, fq - sup * q) + slack;
}

static void set_relu(nm_relax *x, const nm_bounds *b, const nm_block *k)
{
    const nm_block *s = &b->p->blocks[k->src];
    const double sum = (double)(b->p->n_units + 16), fan = (double)s->fan + 4;
    for (size_t i = 0; i < k->n; i++) {
        const size_t u = k->first + i;
        const double l = b->lo[s->first + i], h = b->hi[s->first + i];
        x->slo[u] = x->sup[u] = x->cut[u] = x->w[u] = 0;
        x->size[u] = nm_larger(fabs(l), fabs(h));
        x->dead[u] = b->hi[u] <= 0;
        if (x->dead[u]) continue;
        if (l >= 0) {
            x->slo[u] = x->sup[u] = 1;
        } else {
            x->sup[u] = h / (h - l);
            if (!(x->sup[u] <= 1)) x->sup[u] = 1;
            x->cut[u] = cut_above(x->sup[u], l, 0, h, h);
            const int steep = b->steep[s->first + i];
            x->slo[u] = steep ? steep - 1 : nm_steep(l, h);
        }
        x->w[u] = NM_ULP * (fan * x->size[u] + sum * x->cut[u]);
    }
}

static void set_max(nm_relax *x, const nm_bounds *b, const nm_block *k)
{
    const nm_block *s = &b->p->blocks[k->src];
    const double sum = (double)(b->p->n_units + 16), fan = (double)s->fan + 4;
    for (size_t i = 0; i < k->n; i++) {
        const size_t u = k->first + i;
        size_t low = k->idx[k->ptr[i]], top = low;
        double big = 0, second = -INFINITY;
        for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
            const size_t m = s->first + k->idx[t];
            big = nm_larger(big, nm_larger(fabs(b->lo[m]), fabs(b->hi[m])));
        }
        for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) { /* ties ignore rounding */
            const size_t m = k->idx[t];
            if (b->lo[s->first + m] > b->lo[s->first + low] + 0x1p-30 * big) low = m;
            if (b->hi[s->first + m] > b->hi[s->first + top] + 0x1p-30 * big) top = m;
        }
        for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++)
            if (k->idx[t] != top) second = nm_larger(second, b->hi[s->first + k->idx[t]]);
        const double l = b->lo[s->first + top], h = b->hi[s->first + top];
        x->mlo[u] = (uint32_t)low;
        x->mup[u] = (uint32_t)top;
        x->slo[u] = x->sup[u] = 1;
        x->cut[u] = 0;
        x->dead[u] = 0;
        if (l < second) {
            x->sup[u] = (h - second) / (h - l);
            if (!(x->sup[u] >= 0 && x->sup[u] <= 1)) x->sup[u] = 0;
            x->cut[u] = cut_above(x->sup[u], l, second, h, nm_larger(h, second));
        }
        x->w[u] = NM_ULP * (fan * big + sum * fabs(x->cut[u]));
        if (!(l < second)) x->mlo[u] = x->mup[u]; /* the top member is always the largest */
    }
}

static void set_affine(nm_relax *x, const nm_bounds *b, const nm_block *k)
{
    double fan = 4;
    for (size_t t = 0; t < k->n_lin; t++)
        fan = nm_larger(fan, (double)b->p->blocks[k->lin[t].src].fan + 4);
    const double sum = (double)(b->p->n_units + 16);
    for (size_t i = 0; i < k->n; i++)
        x->w[k->first + i] = NM_ULP * (fan * b->mag[k->first + i] + sum * fabs(k->bias[i])) +
                             nm_bounds_radius(b, k, i);
}

/* Returns the error that underflow may cause. A product may lose up to 2^-1074, whatever the row: in coefficients,
 * times |x| of the block below, and once for each unit in the sums of constants and errors. */
static double flat_fee(const nm_bounds *b, const nm_block *k)
{
    double sum = (double)b->p->n_units + 16;
    for (size_t t = 0; t < k->n_lin + (k->src >= 0); t++) {
        const nm_block *s = &b->p->blocks[t < k->n_lin ? k->lin[t].src : k->src];
        double size = 0;
        for (size_t i = 0; i < s->n; i++)
            size += nm_larger(fabs(b->lo[s->first + i]), fabs(b->hi[s->first + i]));
        sum += ((double)s->fan + 8) * size;
    }
    return sum * 1e-300;
}

void nm_relax_set(nm_relax *x, const nm_bounds *b, int from, int to)
{
    for (int k = from > 1 ? from : 1; k < to; k++) {
        const nm_block *block = &b->p->blocks[k];
        if (block->kind == NM_RELU)
            set_relu(x, b, block);
        else if (block->kind == NM_MAX)
            set_max(x, b, block);
        else
            set_affine(x, b, block);
        x->flat[k] = flat_fee(b, block);
        for (size_t i = block->n; i < nm_pad8(block->n); i++) x->dead[block->first + i] = 1;
    }
}
