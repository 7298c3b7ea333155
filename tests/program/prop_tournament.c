/* Maxima as ReLUs (program/tournament.c): at random points of random networks, in exact arithmetic, each unit of
 * the old program equals the one that stands for it; and bounds over a box hold at these points. */
#include "exact.h"
#include "random_networks.h"

enum { SEEDS = 400, POINTS = 3 };
static size_t n_maxima, n_of_relus, n_dropped, n_units, n_relus;

typedef struct {
    gen g;
    uint64_t seed;
} setup;

static bool same(const nm_program *p, exact *e, const nm_program *t, exact *f, const int *to)
{
    bool ok = true;
    for (size_t b = 0; b < p->n_blocks; b++)
        for (size_t i = 0; to[b] >= 0 && i < p->blocks[b].n; i++) {
            ok &= mpq_equal(e->v[p->blocks[b].first + i], f->v[t->blocks[to[b]].first + i]) != 0;
            n_units++;
        }
    for (size_t i = 0; i < p->n_out; i++) {
        ok &= (p->out[i] < 0) == (t->out[i] < 0);
        ok &= p->out[i] < 0 || mpq_equal(e->v[p->out[i]], f->v[t->out[i]]);
    }
    return ok;
}

static bool inside(const nm_bounds *b, exact *f)
{
    for (size_t k = 1; k < b->p->n_blocks; k++)
        for (size_t u = b->p->blocks[k].first; u < b->p->blocks[k].first + b->p->blocks[k].n; u++)
            if (x_cmp(f, u, b->lo[u]) < 0 || x_cmp(f, u, b->hi[u]) > 0) return false;
    return true;
}

static void one(nm_job *job, void *arg)
{
    setup *s = arg;
    t_seed = s->seed;
    s->g = (gen){.kind = (g_numbers)t_below(4), .push = t_uniform(-1, 1)};
    const nm_net *net = g_net(job,
                              g_text(job, &s->g, 1 + (int64_t)t_below(3), 1 + (int64_t)t_below(4),
                                     2 + (int64_t)t_below(4), 2 + t_below(4)));
    const nm_program *p = nm_lower(job, net);
    if (!nm_program_has_maxima(p)) return;
    int *to = NM_RAW(job, int, p->n_blocks);
    const nm_program *t = nm_program_tournaments(job, p, to);
    for (size_t b = 0; b < p->n_blocks; b++) {
        const nm_block *m = &p->blocks[b];
        n_dropped += to[b] < 0;
        CHECK(to[b] >= 0 || m->kind == NM_RELU, "a block is gone; seed %llu", (unsigned long long)s->seed);
        if (m->kind != NM_MAX) continue;
        n_maxima += m->n;
        n_of_relus += p->blocks[m->src].kind == NM_RELU ? m->n : 0;
    }
    for (size_t b = 0; b < t->n_blocks; b++)
        n_relus += t->blocks[b].kind == NM_RELU ? t->blocks[b].n : 0;
    CHECK(!nm_program_has_maxima(t), "maxima are left; seed %llu", (unsigned long long)s->seed);
    const size_t n = p->blocks[0].n;
    double *lo = NM_RAW(job, double, n + 1), *hi = NM_RAW(job, double, n + 1),
           *x = NM_RAW(job, double, n + 1);
    g_box(BOX_MIXED, n, lo, hi);
    nm_bounds *b = nm_bounds_new(job, t, lo, hi);
    nm_interval(job, b, 1, (int)t->n_blocks);
    nm_crown(job, b, (nm_crown_opts){0});
    exact *e = x_new(p->n_units), *f = x_new(t->n_units);
    for (int k = 0; k < POINTS; k++) {
        g_point(n, lo, hi, k + 2, x);
        x_eval(p, x, e);
        x_eval(t, x, f);
        CHECK(same(p, e, t, f, to), "another function; seed %llu", (unsigned long long)s->seed);
        CHECK(inside(b, f), "a value outside its bounds; seed %llu", (unsigned long long)s->seed);
    }
    x_free(e);
    x_free(f);
}

int main(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        setup s = {.seed = seed};
        t_job(0, one, &s);
    }
    printf("%zu maxima, %zu of them of ReLUs, became some of %zu ReLUs; %zu blocks dropped, %zu values compared\n",
           n_maxima, n_of_relus, n_relus, n_dropped, n_units);
    CHECK(n_maxima > 100, "only %zu maxima", n_maxima);
    CHECK(n_of_relus > 100, "only %zu maxima of ReLUs", n_of_relus);
    CHECK(n_dropped > 10, "only %zu blocks of ReLUs dropped", n_dropped);
    return t_done("prop_tournament");
}
