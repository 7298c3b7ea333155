/* bound/alpha.c: optimised lower slopes (alpha-CROWN: Xu, Zhang, Wang, Wang, Jana, Lin, Hsieh 2021) for rows of the last
 * block, NM_LANES rows at once, each lane with slopes of its own.
 *
 * A step pulls the rows back with the lanes' slopes and takes the bound over the box, at x*. The derivative of a lane's
 * bound by the slope of unit u is  max(y_u, 0) a_u,  y_u the coefficient that reached the unit and a_u its pre-activation
 * when x* runs forward through the very lines that the pull used (Danskin: the minimum moves with its minimiser fixed).
 * Adam (Kingma, Ba 2015) goes up, slopes are cut to [0,1]; every iterate is a valid bound, the best is kept. Bounds of
 * intermediate units stay as they are. Effort is counted in steps; no randomness. */
#include "all.h"

typedef struct {
    nm_job *job;
    const nm_bounds *b;
    const nm_program *p;
    nm_relax *x;
    nm_batch *t;
    double **v;      /* [n_blocks] -> [n8][NM_LANES] values along the lines */
    double *m1, *m2; /* [n_units][NM_LANES] Adam's moments */
} climb;

static void start_slopes(climb *c)
{
    const nm_program *p = c->p;
    c->x->slo_lane = NM_RAW(c->job, double, nm_mul(c->job, p->n_units, NM_LANES));
    for (size_t u = 0; u < p->n_units; u++)
        for (size_t l = 0; l < NM_LANES; l++) c->x->slo_lane[u * NM_LANES + l] = c->x->slo[u];
}

static void corner(climb *c)
{
    for (size_t i = 0; i < c->p->blocks[0].n; i++)
        for (size_t l = 0; l < NM_LANES; l++) {
            const double y = c->t->live[0][i] ? c->t->y[0][i * NM_LANES + l] : 0;
            c->v[0][i * NM_LANES + l] = y > 0 ? c->b->lo[i] : c->b->hi[i];
        }
}

static double line(const climb *c, const nm_block *k, int b, size_t i, size_t l)
{
    const size_t u = k->first + i;
    const double y = c->t->live[b][i] ? c->t->y[b][i * NM_LANES + l] : 0;
    const nm_relax *x = c->x;
    if (x->dead[u]) return 0;
    const size_t low = k->kind == NM_MAX ? x->mlo[u] : i, top = k->kind == NM_MAX ? x->mup[u] : i;
    const double *a = c->v[k->src];
    if (y < 0) return x->sup[u] * a[top * NM_LANES + l] + x->cut[u];
    return (k->kind == NM_MAX ? 1 : x->slo_lane[u * NM_LANES + l]) * a[low * NM_LANES + l];
}

static void forward(climb *c, int upto)
{
    for (int b = 1; b < upto; b++) {
        const nm_block *k = &c->p->blocks[b];
        for (size_t i = 0; i < k->n; i++)
            for (size_t l = 0; l < NM_LANES; l++)
                c->v[b][i * NM_LANES + l] = k->kind == NM_AFFINE ? k->bias[i] : line(c, k, b, i, l);
        for (size_t t = 0; t < k->n_lin; t++)
            nm_lin_apply(c->job, c->t->k, &k->lin[t], c->v[k->lin[t].src], c->v[b]);
    }
}

static void ascend(climb *c, int upto, size_t step)
{
    const double rate = 0.1 * pow(0.98, (double)step), b1 = 0.9, b2 = 0.999;
    const double f1 = 1 - pow(b1, (double)(step + 1)), f2 = 1 - pow(b2, (double)(step + 1));
    for (int b = 1; b < upto; b++) {
        const nm_block *k = &c->p->blocks[b];
        if (k->kind != NM_RELU) continue;
        for (size_t i = 0; i < k->n; i++) {
            const size_t u = k->first + i;
            if (!c->t->live[b][i] || c->x->cut[u] == 0) continue; /* stable: nothing to choose */
            for (size_t l = 0; l < NM_LANES; l++) {
                const size_t at = u * NM_LANES + l;
                const double y = c->t->y[b][i * NM_LANES + l];
                const double g = y > 0 ? y * c->v[k->src][i * NM_LANES + l] : 0;
                c->m1[at] = b1 * c->m1[at] + (1 - b1) * g;
                c->m2[at] = b2 * c->m2[at] + (1 - b2) * g * g;
                const double s = c->x->slo_lane[at] +
                                 rate * (c->m1[at] / f1) / (sqrt(c->m2[at] / f2) + 1e-12);
                c->x->slo_lane[at] = s < 0 ? 0 : s > 1 ? 1 : s;
            }
        }
    }
}

/* keeps the lanes that are better than before; true when all are above `enough` */
static bool keep(climb *c, nm_alpha *a, size_t n, const double *lo, const double *enough)
{
    double g0[NM_LANES];
    bool all = true;
    nm_batch_constant(c->t, c->b, g0);
    for (size_t l = 0; l < n; l++) {
        if (lo[l] > a->lo[l]) {
            a->lo[l] = lo[l];
            a->g0[l] = g0[l];
            for (size_t i = 0; i < c->p->blocks[0].n; i++)
                a->g[i * NM_LANES + l] = c->t->live[0][i] ? c->t->y[0][i * NM_LANES + l] : 0;
        }
        all &= a->lo[l] > enough[l];
    }
    return all;
}

nm_alpha *nm_alpha_run(nm_job *job, const nm_bounds *b, size_t n, const uint32_t *row,
                       const double *enough, size_t steps)
{
    const nm_program *p = b->p;
    const int q = (int)p->n_blocks - 1;
    nm_alpha *a = NM_NEW(job, nm_alpha);
    a->g = NM_ARRAY(job, double, nm_pad8(p->blocks[0].n) * NM_LANES);
    for (size_t l = 0; l < NM_LANES; l++) a->lo[l] = a->g0[l] = -INFINITY;
    const nm_mark mark = nm_mark_get(job);
    climb c = {job,
               b,
               p,
               nm_relax_new(job, b),
               nm_batch_new(job, p),
               NM_ARRAY(job, double *, p->n_blocks),
               NM_ARRAY(job, double, p->n_units *NM_LANES),
               NM_ARRAY(job, double, p->n_units *NM_LANES)};
    nm_relax_set(c.x, b, 1, q + 1);
    start_slopes(&c);
    for (int k = 0; k < q; k++) c.v[k] = NM_ARRAY(job, double, nm_pad8(p->blocks[k].n) * NM_LANES);
    for (size_t s = 0; s < steps && !nm_stopped(job); s++) {
        double lo[NM_LANES];
        nm_batch_clear(c.t);
        for (size_t l = 0; l < n; l++) nm_batch_put(c.t, q, row[l], (int)l, 1);
        nm_batch_pull(c.t, c.x, q);
        nm_batch_lower(c.t, b, lo);
        a->steps++;
        if (keep(&c, a, n, lo, enough) || s + 1 == steps) break;
        corner(&c);
        forward(&c, q);
        ascend(&c, q, s);
    }
    nm_mark_release(job, mark);
    return a;
}
