/* units.c: the library's bounds of every unit, as arrays. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "command/command.h"

typedef struct {
    size_t n; /* number of blocks, without the question's rows; 0: the set is empty */
    const nm_bounds *b;
    const unsigned char **phase; /* [n] for RELU blocks, else NULL */
    double *out_lo, *out_hi;
} bounded;

struct nm_units {
    size_t n;
    bounded *cases;
};

typedef struct {
    const nm_net *net;
    const nm_query *query;
    const nm_options *o;
    nm_units *u;
} call;

static const unsigned char *phases(nm_job *job, const nm_bounds *b, const nm_block *relu)
{
    unsigned char *phase = NM_ARRAY(job, unsigned char, relu->n + 1);
    for (size_t u = 0; u < relu->n; u++)
        phase[u] = (unsigned char)nm_bounds_phase(b, b->p->blocks[relu->src].first + u);
    return phase;
}

static bounded bound(nm_job *job, const nm_program *p, const nm_query *q, size_t icase, nm_unit_opts o)
{
    const nm_case *c = &q->cases[icase];
    bounded k = {.out_lo = nm_repeat(job, p->n_out, NAN), .out_hi = nm_repeat(job, p->n_out, NAN)};
    if (c->empty) return k;
    k.b = nm_bound_case(job, p, q, icase, o);
    if (k.b->empty) return k;
    const nm_program *with = k.b->p;
    k.n = with->n_blocks - 1;
    k.phase = NM_ARRAY(job, const unsigned char *, k.n + 1);
    for (size_t i = 0; i < k.n; i++)
        if (with->blocks[i].kind == NM_RELU) k.phase[i] = phases(job, k.b, &with->blocks[i]);
    const nm_block *rows = &with->blocks[k.n];
    const double *lo = k.b->lo + rows->first + rows->n - 2 * p->n_out;
    for (size_t i = 0; i < p->n_out; i++) {
        k.out_lo[i] = lo[2 * i];
        k.out_hi[i] = -lo[2 * i + 1];
        const int32_t u = with->out[i]; /* the bounds of its own row may be better */
        if (u >= 0) k.out_lo[i] = nm_larger(k.b->lo[u], k.out_lo[i]);
        if (u >= 0) k.out_hi[i] = -nm_larger(-k.b->hi[u], -k.out_hi[i]);
    }
    return k;
}

static void bound_units(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_query *q = c->query;
    nm_face_fits(job, c->net, q);
    nm_unit_opts o = nm_cli_unit_opts(job,
                                      nm_face_options(job, c->o, NM_F_UNITS, "nm_bound_units"));
    o.outputs = true;
    nm_query_need_reals(job, q, "these bounds are");
    nm_tail_check(job, c->net, q);
    const nm_program *p = nm_lower(job, c->net);
    c->u = NM_NEW(job, nm_units);
    c->u->n = q->n_cases;
    c->u->cases = NM_ARRAY(job, bounded, q->n_cases + 1);
    for (size_t i = 0; i < q->n_cases; i++) c->u->cases[i] = bound(job, p, q, i, o);
}

int nm_bound_units(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o,
                   const nm_units **u)
{
    call c = {.net = net, .query = query, .o = o};
    const int code = NM_FACE_RUN(job, bound_units, &c, net, query, u);
    if (u) *u = code ? NULL : c.u;
    return code;
}

/* Returns the case, or for what is not there one without blocks. */
static const bounded *case_of(const nm_units *u, size_t icase)
{
    static const bounded none;
    return u && icase < u->n ? &u->cases[icase] : &none;
}

static const nm_block *block_of(const nm_units *u, size_t icase, size_t block)
{
    const bounded *k = case_of(u, icase);
    return block < k->n ? &k->b->p->blocks[block] : NULL;
}

size_t nm_units_cases(const nm_units *u) { return u ? u->n : 0; }
size_t nm_units_blocks(const nm_units *u, size_t icase) { return case_of(u, icase)->n; }

const char *nm_units_kind(const nm_units *u, size_t icase, size_t block)
{
    const nm_block *b = block_of(u, icase, block);
    return b ? nm_kind_name(b->kind) : NULL;
}

const char *nm_units_name(const nm_units *u, size_t icase, size_t block)
{
    const nm_block *b = block_of(u, icase, block);
    return b && b->name ? b->name : "";
}

size_t nm_units_count(const nm_units *u, size_t icase, size_t block)
{
    const nm_block *b = block_of(u, icase, block);
    return b ? b->n : 0;
}

const double *nm_units_lo(const nm_units *u, size_t icase, size_t block)
{
    const nm_block *b = block_of(u, icase, block);
    return b ? u->cases[icase].b->lo + b->first : NULL;
}

const double *nm_units_hi(const nm_units *u, size_t icase, size_t block)
{
    const nm_block *b = block_of(u, icase, block);
    return b ? u->cases[icase].b->hi + b->first : NULL;
}

int nm_units_source(const nm_units *u, size_t icase, size_t block)
{
    const nm_block *b = block_of(u, icase, block);
    return b && b->kind == NM_RELU ? b->src : -1;
}

const unsigned char *nm_units_phase(const nm_units *u, size_t icase, size_t block)
{
    return block_of(u, icase, block) ? u->cases[icase].phase[block] : NULL;
}

const double *nm_units_output_lo(const nm_units *u, size_t icase) { return case_of(u, icase)->out_lo; }
const double *nm_units_output_hi(const nm_units *u, size_t icase) { return case_of(u, icase)->out_hi; }
