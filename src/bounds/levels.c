/* levels.c: how each layer is bounded: one level for all, and levels for single ReLU blocks (Tjeng et al. 2019, section
 * 4.2, choose the method for each layer).
 *
 *   alpha    crown,4:lp    2:lp,4:mip
 *
 * A level without a block is the general one (default alpha). BLOCK:LEVEL is for the pre-activations that ReLU block
 * BLOCK reads, as `bounds` and `inspect` number it; it must be lp or mip, because interval, CROWN and alpha work on all
 * layers at once. The question's rows are bounded by the general level. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"

static bool by_of(nm_span s, nm_by *by)
{
    for (int k = NM_BY_INTERVAL; k <= NM_BY_MIP; k++)
        if (nm_span_is(s, nm_by_name((nm_by)k))) return *by = (nm_by)k, true;
    return false;
}

static _Noreturn void bad(nm_job *job, const char *where, nm_span part)
{
    static const nm_word words[] = {{"interval", NULL, NULL}, {"crown", NULL, NULL}, {"alpha", NULL, NULL},
                                    {"lp", NULL, NULL},       {"mip", NULL, NULL},   {NULL, NULL, NULL}};
    nm_by by;
    const bool plain = !by_of(part, &by) && !memchr(part.s, ':', (size_t)(part.end - part.s));
    const char *guess = plain ? nm_guess(job, part.s, (size_t)(part.end - part.s), words) : NULL;
    nm_throw(job, NM_EUSE, "%s %.*s: %s", where, (int)(part.end - part.s), part.s,
             guess ? guess
                   : "interval, crown, alpha, lp or mip was expected, or BLOCK:lp or BLOCK:mip for single ReLU "
                     "blocks, separated by commas");
}

static void add(nm_job *job, nm_levels *l, const char *where, nm_span part)
{
    nm_by by;
    const char *colon = memchr(part.s, ':', (size_t)(part.end - part.s));
    if (!colon) {
        if (!by_of(part, &by) || l->stated) bad(job, where, part);
        l->all = by;
        l->stated = true;
        return;
    }
    int64_t block;
    if (!nm_int_parse(part.s, colon, &block) || block < 0 || !by_of((nm_span){colon + 1, part.end}, &by) ||
        by < NM_BY_LP)
        bad(job, where, part);
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].block == (size_t)block)
            nm_throw(job, NM_EUSE, "%s: two levels for block %lld", where, (long long)block);
    *NM_PUSH(job, l->at, l->n, l->cap) = (nm_level){(size_t)block, by};
}

nm_levels nm_levels_read(nm_job *job, const char *where, const char *text)
{
    nm_levels l = {.all = NM_BY_ALPHA};
    while (text) {
        const char *end = text + strcspn(text, ",");
        add(job, &l, where, (nm_span){text, end});
        text = *end ? end + 1 : NULL;
    }
    return l;
}

void nm_levels_check(nm_job *job, const nm_levels *l, const nm_program *p)
{
    for (size_t i = 0; i < l->n; i++) {
        const size_t k = l->at[i].block;
        if (k < p->n_blocks && p->blocks[k].kind == NM_RELU) continue;
        nm_buf known = {.job = job};
        for (size_t r = 0; r < p->n_blocks; r++)
            if (p->blocks[r].kind == NM_RELU) nm_put(&known, known.n ? ", %zu" : "%zu", r);
        nm_throw(job, NM_EUSE, "--bounds %zu:%s: block %zu is not a ReLU block; %s", k, nm_by_name(l->at[i].by), k,
                 known.n ? nm_fmt(job, "one of %s was expected", known.s) : "the network has none");
    }
}

nm_by nm_levels_of(const nm_levels *l, size_t relu)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].block == relu) return l->at[i].by;
    return l->all;
}

nm_by nm_levels_most(const nm_levels *l)
{
    nm_by most = l->all;
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].by > most) most = l->at[i].by;
    return most;
}

bool nm_levels_ask(const nm_levels *l) { return nm_levels_most(l) >= NM_BY_LP; }
