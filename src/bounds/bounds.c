/* bounds.c: lower and upper bounds of every unit over the input set, changed only by intersection.
 *
 * Every bound is valid: callers of nm_bounds_meet have rounded outwards. NaN (from overflow) carries no information and
 * is ignored. If lower and upper bound cross, the set has no point: then `empty` is set, and the bounds stay as they
 * were. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"

nm_bounds *nm_bounds_new(nm_job *job, const nm_program *p, const double *lo, const double *hi)
{
    nm_bounds *b = NM_NEW(job, nm_bounds);
    b->p = p;
    b->lo = NM_ARRAY(job, double, p->n_units);
    b->hi = NM_ARRAY(job, double, p->n_units);
    b->mag = NM_ARRAY(job, double, p->n_units);
    b->by = NM_ARRAY(job, unsigned char, p->n_units);
    b->steep = NM_ARRAY(job, unsigned char, p->n_units);
    for (size_t k = 1; k < p->n_blocks; k++)
        for (size_t i = 0; i < p->blocks[k].n; i++) {
            b->lo[p->blocks[k].first + i] = -INFINITY;
            b->hi[p->blocks[k].first + i] = INFINITY;
        }
    memcpy(b->lo, lo, p->blocks[0].n * sizeof *lo);
    memcpy(b->hi, hi, p->blocks[0].n * sizeof *hi);
    return b;
}

nm_bounds *nm_bounds_case(nm_job *job, const nm_program *p, const nm_case *c)
{
    nm_bounds *b = nm_bounds_new(job, p, c->lo, c->hi);
    b->n_balls = c->gens ? 0 : c->n_balls; /* with generators, balls are not about block 0 */
    b->balls = c->balls;
    return b;
}

double nm_bounds_ball(const nm_bounds *b, const double *y, double least, double *x)
{
    for (size_t i = 0; i < b->n_balls; i++) {
        const double lo = nm_ball_lower(&b->balls[i], b->p->blocks[0].n, y, b->lo, b->hi, NULL);
        if (!(lo > least)) continue;
        least = lo;
        if (x) nm_ball_lower(&b->balls[i], b->p->blocks[0].n, y, b->lo, b->hi, x);
    }
    return least;
}

double nm_bounds_radius(const nm_bounds *b, const nm_block *k, size_t i)
{
    if (k->f32.rounds == 0) return 0;
    const double ku = (double)k->f32.rounds * 0x1p-24, gamma = ku / (1 - ku) * (1 + 0x1p-20);
    const double consts = k->f32.consts ? k->f32.consts[i] : fabs(k->bias[i]);
    return (gamma * (b->mag[k->first + i] + consts) + k->f32.flat) * (1 + 0x1p-20);
}

void nm_bounds_meet(nm_bounds *b, size_t u, double lo, double hi, nm_by by)
{
    if (!(lo > b->lo[u]))
        lo = b->lo[u];
    else
        b->by[u] = (unsigned char)by;
    if (!(hi < b->hi[u]))
        hi = b->hi[u];
    else
        b->by[u] = (unsigned char)by;
    if (lo > hi) {
        b->empty = true;
        return;
    }
    b->lo[u] = lo;
    b->hi[u] = hi;
}

nm_phase nm_bounds_phase(const nm_bounds *b, size_t u)
{
    return b->hi[u] <= 0 ? NM_INACTIVE : b->lo[u] >= 0 ? NM_ACTIVE : NM_UNSTABLE;
}

bool nm_bounds_open(const nm_bounds *b, size_t u)
{
    return nm_bounds_phase(b, u) == NM_UNSTABLE && (!b->p->needed || b->p->needed[u]);
}

void nm_bounds_count(const nm_bounds *b, int relu, size_t count[3])
{
    const nm_block *k = &b->p->blocks[relu];
    memset(count, 0, 3 * sizeof *count);
    for (size_t i = 0; i < k->n; i++) {
        const size_t pre = b->p->blocks[k->src].first + i;
        if (!b->p->needed || b->p->needed[pre]) count[nm_bounds_phase(b, pre)]++;
    }
}

size_t nm_bounds_unstable(const nm_bounds *b)
{
    size_t all = 0;
    for (size_t k = 0; k < b->p->n_blocks; k++) {
        size_t n[3];
        if (b->p->blocks[k].kind != NM_RELU) continue;
        nm_bounds_count(b, (int)k, n);
        all += n[NM_UNSTABLE];
    }
    return all;
}

size_t nm_bounds_list_open(const nm_bounds *b, int k, uint32_t *unit)
{
    const nm_block *block = &b->p->blocks[k];
    size_t n = 0;
    for (size_t i = 0; i < block->n; i++)
        if (nm_bounds_open(b, block->first + i)) unit[n++] = (uint32_t)i;
    return n;
}

nm_bounds nm_bounds_below(const nm_bounds *b, int k, nm_program *cut)
{
    const nm_block *block = &b->p->blocks[k];
    *cut = *b->p;
    cut->n_blocks = (size_t)k + 1;
    cut->n_units = block->first + nm_pad8(block->n);
    nm_bounds below = *b;
    below.p = cut;
    return below;
}

const char *nm_by_name(nm_by by)
{
    static const char *const name[] = {"nothing", "interval", "crown", "alpha", "lp", "mip", "file", "trees"};
    return name[by];
}

void nm_bounds_print(nm_buf *buf, const nm_bounds *b)
{
    for (size_t k = 0; k < b->p->n_blocks; k++)
        for (size_t i = 0; i < b->p->blocks[k].n; i++) {
            const size_t u = b->p->blocks[k].first + i;
            nm_put(buf, "%s%zu_%zu ", k ? "v" : "x", k, i);
            if (isfinite(b->lo[u]))
                nm_put_num(buf, b->lo[u]);
            else
                nm_put(buf, "-inf");
            nm_put(buf, " ");
            if (isfinite(b->hi[u]))
                nm_put_num(buf, b->hi[u]);
            else
                nm_put(buf, "inf");
            nm_put(buf, " %s\n", k ? nm_by_name(b->by[u]) : "input");
        }
}
