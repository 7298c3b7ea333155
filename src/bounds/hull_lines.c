/* hull_lines.c: prepares the unstable units of a program for the hull dual (hull_dual.c), each over its own inputs, and
 * those of deeper layers also over the network's inputs. This is done once, for bounds that only shrink afterwards, so
 * that a parent's multipliers fit its children. If memory does not suffice for all units, the last layers come first.
 *
 * In float32 the pre-activation is below w x + b + radius (network/float32.c), so b is raised, and the argument for
 * lines over the network's inputs holds for those over a unit's own inputs, too.
 *
 * Over its own inputs: inputs that are 0 over the whole box are left out, since their products are exactly 0. Over the
 * network's inputs: CROWN's upper bound of the pre-activation, a <= w x + b with b rounded up (pull_back.c), so that
 * relu(a) <= relu(w x + b); the minimum of this form over the box is often above a's own lower bound.
 * Cost: one row pulled back for each such unit. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

typedef struct {
    uint32_t *idx;
    double *w;
    size_t n, first;
    const nm_bounds *b;
    bool all;
} terms;

static void put_term(void *arg, size_t j, double w)
{
    terms *t = arg;
    const size_t u = t->first + j;
    if ((t->b->lo[u] == 0 && t->b->hi[u] == 0) || (!t->all && w == 0)) return; /* it contributes nothing */
    if (t->idx) t->idx[t->n] = (uint32_t)u;
    if (t->w) t->w[t->n] = w;
    t->n++;
}

static size_t walk_row(const nm_program *p, const nm_block *a, size_t i, terms *t)
{
    t->n = 0;
    for (size_t k = 0; k < a->n_lin; k++) {
        t->first = p->blocks[a->lin[k].src].first;
        nm_lin_row(&a->lin[k], i, put_term, t);
    }
    return t->n;
}

/* Adds the line of a unit; rows of one dense operator share their list of inputs. */
static void add_line(nm_job *job, nm_lines_of *s, const nm_bounds *b, const nm_block *r, size_t i,
                     const nm_line *mate)
{
    const nm_block *a = &b->p->blocks[r->src];
    const bool dense = a->n_lin == 1 && a->lin[0].kind == NM_DENSE;
    terms t = {.b = b, .all = dense};
    const size_t n = walk_row(b->p, a, i, &t), n8 = nm_pad8(n);
    uint32_t *idx = dense && mate ? NULL : NM_ARRAY(job, uint32_t, n8 + 1);
    double *w = NM_ARRAY(job, double, n8 + 1);
    t.idx = idx;
    t.w = w;
    walk_row(b->p, a, i, &t);
    const double radius = nm_bounds_radius(b, a, i);
    s->of[r->first + i] = (int32_t)s->n;
    s->line[s->n++] = (nm_line){(uint32_t)(r->first + i),
                                (uint32_t)(a->first + i),
                                n8,
                                s->entries,
                                idx ? idx : mate->idx,
                                w,
                                radius == 0 ? a->bias[i] : nm_up(a->bias[i] + radius),
                                -1,
                                false,
                                b->lo[a->first + i],
                                b->mag[a->first + i]};
    s->entries += n8;
    if (n8 > s->longest) s->longest = n8;
}

/* ---- over the network's inputs ---- */

/* Adds the form above a from lane `lane` of rows for -a: over the list `all` of inputs or, if that is NULL, over the
 * inputs that it needs. */
static void add_far(nm_job *job, nm_lines_of *s, const nm_bounds *b, const nm_batch *t, size_t lane,
                    size_t own, const uint32_t *all, double lo, double g0)
{
    size_t n = 0;
    double *w = NM_ARRAY(job, double, nm_pad8(b->p->blocks[0].n)), size = 0;
    uint32_t *some = NM_ARRAY(job, uint32_t, nm_pad8(b->p->blocks[0].n));
    for (size_t i = 0; i < b->p->blocks[0].n; i++) {
        const double c = t->live[0][i] ? -t->y[0][i * NM_LANES + lane] : 0;
        if (!all && (c == 0 || (b->lo[i] == 0 && b->hi[i] == 0))) continue;
        some[n] = (uint32_t)i;
        w[n++] = c;
        size += fabs(c) * nm_larger(fabs(b->lo[i]), fabs(b->hi[i]));
    }
    const size_t n8 = nm_pad8(n);
    nm_line *l = &s->line[s->n];
    *l = s->line[own];
    l->n = n8;
    l->at = s->entries;
    l->idx = all ? all : some;
    l->w = w;
    l->b = nm_up(-g0);
    l->is_far = true;
    l->lo = lo;
    l->size = size * (1 + (double)(n + 8) * NM_ULP) + NM_TINY;
    s->line[own].far = (int32_t)s->n++;
    s->n_far++;
    s->entries += n8;
    if (n8 > s->longest) s->longest = n8;
}

/* Computes the minimum of each form: where it is above a's own lower bound, the chord improves. */
static void least_of_forms(const nm_batch *t, const nm_bounds *b, const double *g0, double *lo)
{
    for (size_t l = 0; l < NM_LANES; l++) {
        double sum = 0, mag = 0;
        for (size_t i = 0; i < b->p->blocks[0].n; i++) {
            const double w = t->live[0][i] ? -t->y[0][i * NM_LANES + l] : 0,
                         x = w > 0 ? b->lo[i] : b->hi[i];
            sum += w * x;
            mag += fabs(w * x);
        }
        lo[l] = nm_down(sum - g0[l] -
                        (double)(b->p->blocks[0].n + 16) * NM_ULP * (mag + fabs(g0[l])) - NM_TINY);
    }
}

static void add_forms(nm_job *job, nm_lines_of *s, const nm_bounds *b, size_t most)
{
    const nm_program *p = b->p;
    const size_t n8 = nm_pad8(p->blocks[0].n);
    uint32_t *idx = NM_ARRAY(job, uint32_t, n8);
    for (size_t i = 0; i < p->blocks[0].n; i++) idx[i] = (uint32_t)i;
    size_t n = 0, *own = NM_RAW(job, size_t, s->n + 1);
    for (size_t k = 0; k < s->n; k++)
        if (!nm_reads_input_only(&p->blocks[nm_program_block(p, s->line[k].pre)])) own[n++] = k;
    nm_relax *x = nm_relax_new(job, b);
    nm_relax_set(x, b, 1, (int)p->n_blocks);
    nm_batch *t = nm_batch_new(job, p);
    for (size_t at = 0; at < n && !nm_stopped(job);) {
        const int block = nm_program_block(p, s->line[own[at]].pre);
        size_t m = 0;
        nm_batch_clear(t);
        while (m < NM_LANES && at + m < n &&
               nm_program_block(p, s->line[own[at + m]].pre) == block) {
            nm_batch_put(t, block, s->line[own[at + m]].pre - p->blocks[block].first, (int)m, -1);
            m++;
        }
        nm_batch_pull(t, x, block);
        double g0[NM_LANES], lo[NM_LANES];
        nm_batch_constant(t, b, g0);
        least_of_forms(t, b, g0, lo);
        const bool wide = t->n_live[0] > p->blocks[0].n / 2; /* if so, the forms share one list of all inputs */
        for (size_t l = 0; l < m && s->entries + n8 <= most; l++)
            add_far(job, s, b, t, l, own[at + l], wide ? idx : NULL, lo[l], g0[l]);
        at += m;
    }
}

nm_lines_of *nm_lines_of_new(nm_job *job, const nm_bounds *b, size_t most)
{
    const nm_program *p = b->p;
    nm_lines_of *s = NM_NEW(job, nm_lines_of);
    s->of = NM_RAW(job, int32_t, p->n_units);
    s->line = NM_ARRAY(job, nm_line, 2 * p->n_units);
    memset(s->of, -1, p->n_units * sizeof *s->of);
    s->full = true;
    nm_windows_lines(job, s, b, most);
    const bool *skip = nm_windows_units(job, s, p);
    for (size_t k = p->n_blocks; k-- > 1;) {
        const nm_block *r = &p->blocks[k];
        if (r->kind != NM_RELU || p->blocks[r->src].kind != NM_AFFINE) continue;
        const size_t before = s->n;
        for (size_t i = 0; i < r->n; i++) {
            if (!nm_bounds_open(b, p->blocks[r->src].first + i) || skip[r->first + i]) continue;
            if (s->entries < most)
                add_line(job, s, b, r, i, s->n > before ? &s->line[before] : NULL);
            else
                s->full = false;
        }
    }
    add_forms(job, s, b, most);
    return s;
}
