/* exact_trial.c: the network's blocks, evaluated exactly at a point, and compared with what the judge says there.
 *
 * The judge's value may differ from the exact one by its own bound of its rounding, and by no more. Numbers grow by the
 * length of one weight a layer. Cost: some 100 ns for each weight. */
#include "base/base.h"
#include "program/program.h"
#include "proof/proof.h"
#include "proof/checker.h"
#include "proof/dyadic.h"

/* Adds to v what b is larger than it; d: for use within. */
static void raise_to(nm_dyadic *v, const nm_dyadic *b, nm_dyadic *d)
{
    nm_dyadic_set(d, 0);
    nm_dyadic_add(d, b->m, b->s, 1);
    nm_dyadic_add(d, v->m, v->s, -1);
    if (mpz_sgn(d->m) > 0) nm_dyadic_add(v, d->m, d->s, 1);
}

/* Sets unit i of a block; units: the values of all that come before it. */
static void unit_value(const nm_plain *p, const nm_plain_block *k, size_t i, nm_dyadic *unit, nm_dyadic *d)
{
    nm_dyadic *v = &unit[k->first + i];
    if (k->kind == NM_RELU) {
        raise_to(v, &unit[p->block[k->src].first + i], d);
        return;
    }
    if (k->kind == NM_AFFINE) nm_dyadic_set(v, k->bias[i]);
    for (size_t t = k->ptr[i]; t < k->ptr[i + 1]; t++) {
        const nm_dyadic *a = &unit[k->idx[t]];
        if (k->kind == NM_AFFINE || t == k->ptr[i])
            nm_dyadic_add(v, a->m, a->s, k->kind == NM_AFFINE ? nm_plain_weights(k, i)[t - k->ptr[i]] : 1);
        else
            raise_to(v, a, d);
    }
}

/* Returns whether v differs from y by at most e. */
static bool is_near(const nm_dyadic *v, double y, double e, nm_dyadic *d)
{
    if (!isfinite(y) || !isfinite(e)) return false;
    nm_dyadic_set(d, -y);
    nm_dyadic_add(d, v->m, v->s, 1);
    mpz_abs(d->m, d->m);
    nm_dyadic_plus(d, -e);
    return mpz_sgn(d->m) <= 0;
}

bool nm_exact_agrees(nm_job *job, const nm_plain *p, const double *in, const double *y, const double *yerr,
                     size_t *which)
{
    nm_dyadic *unit = NM_ARRAY(job, nm_dyadic, p->n_units), d = {0}, constant = {0};
    bool good = true;
    for (size_t u = 0; u < p->n_units; u++) mpz_init(unit[u].m);
    mpz_inits(d.m, constant.m, NULL);
    for (size_t i = 0; i < p->block[0].n; i++) nm_dyadic_set(&unit[i], in[i]);
    for (size_t b = 1; b < p->n_blocks; b++)
        for (size_t i = 0; i < p->block[b].n; i++) unit_value(p, &p->block[b], i, unit, &d);
    for (size_t k = 0; k < p->n_out && good; k++) {
        if (p->out[k] < 0) nm_dyadic_set(&constant, p->out_const[k]);
        good = is_near(p->out[k] < 0 ? &constant : &unit[p->out[k]], y[k], yerr[k], &d);
        *which = k;
    }
    for (size_t u = 0; u < p->n_units; u++) mpz_clear(unit[u].m);
    mpz_clears(d.m, constant.m, NULL);
    return good;
}
