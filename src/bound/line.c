/* bound/line.c: the unstable units of a program, each over its own inputs, packed for the hull dual (hull.c): built
 * once for bounds that only shrink afterwards, so that a parent's multipliers fit its children. Last layers come
 * first, should memory not allow all. An input that is 0 over the whole box is left out: its products are exactly 0. */
#include "all.h"

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
    if ((t->b->lo[u] == 0 && t->b->hi[u] == 0) || (!t->all && w == 0)) return; /* worth nothing */
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

/* rows of one dense operator share their list of inputs */
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
    s->of[r->first + i] = (int32_t)s->n;
    s->line[s->n++] = (nm_line){(uint32_t)(r->first + i),
                                (uint32_t)(a->first + i),
                                n8,
                                s->entries,
                                idx ? idx : mate->idx,
                                w,
                                a->bias[i]};
    s->entries += n8;
    if (n8 > s->longest) s->longest = n8;
}

nm_lines_of *nm_lines_of_new(nm_job *job, const nm_bounds *b, size_t most)
{
    const nm_program *p = b->p;
    nm_lines_of *s = NM_NEW(job, nm_lines_of);
    s->of = NM_RAW(job, int32_t, p->n_units);
    s->line = NM_ARRAY(job, nm_line, p->n_units);
    memset(s->of, -1, p->n_units * sizeof *s->of);
    s->full = true;
    for (size_t k = p->n_blocks; k-- > 1;) {
        const nm_block *r = &p->blocks[k];
        if (r->kind != NM_RELU || p->blocks[r->src].kind != NM_AFFINE) continue;
        const size_t before = s->n;
        for (size_t i = 0; i < r->n; i++) {
            if (nm_bounds_phase(b, p->blocks[r->src].first + i) != NM_UNSTABLE) continue;
            if (s->entries < most)
                add_line(job, s, b, r, i, s->n > before ? &s->line[before] : NULL);
            else
                s->full = false;
        }
    }
    return s;
}
