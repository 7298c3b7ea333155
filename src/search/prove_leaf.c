/* prove_leaf.c: multipliers for a leaf of a recorded tree, where the sign of every unit is settled: the duals of a
 * linear program.
 *
 * There the row r(x) and the pre-activations a_k(x) of the node's signs s_k are affine in the inputs. The best
 * multipliers solve the dual of
 *     min r(x) + sum M_k t_k,   s_k a_k(x) <= t_k,  t_k >= 0,  x in the box,
 * where the t_k keep it feasible: with multipliers up to M_k the dual excludes leaves that have no point, too. They are
 * hints: nm_alpha_coarse bounds the row with them, and so does the checker. Cost: a linear program of few rows. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "solver/solver.h"
#include "search/search.h"
#include "search/record.h"

enum { ITERATIONS = 20000 };
static const double PENALTY = 1e4; /* M_k: so many times what the row may lack, over what a_k may be off */

typedef struct { double *g, c; } form; /* g x + c */

/* Makes units 0 whose pre-activation is at most 0, even if their own bounds do not say so yet. */
static void exact(nm_relax *x, const nm_bounds *b)
{
    for (size_t k = 0; k < b->p->n_blocks; k++) {
        const nm_block *r = &b->p->blocks[k];
        for (size_t i = 0; r->kind == NM_RELU && i < r->n; i++)
            if (nm_bounds_phase(b, b->p->blocks[r->src].first + i) == NM_INACTIVE) x->dead[r->first + i] = 1;
    }
}

/* Writes the row, and the pre-activations of the signs, over the inputs; rounding does not matter. */
static form *forms(nm_job *job, const nm_bounds *b, const nm_signs *signs, uint32_t row)
{
    const nm_program *p = b->p;
    const size_t n = p->blocks[0].n;
    const int q = (int)p->n_blocks - 1;
    form *f = NM_ARRAY(job, form, signs->n + 1);
    nm_relax *x = nm_relax_new(job, b);
    nm_batch *t = nm_batch_new(job, p);
    nm_relax_set(x, b, 1, q + 1);
    exact(x, b);
    for (size_t at = 0; at <= signs->n; at += NM_LANES) {
        nm_batch_clear(t);
        for (size_t k = at; k <= signs->n && k < at + NM_LANES; k++) {
            const size_t u = k < signs->n ? nm_program_pre(p, signs->unit[k]) : p->blocks[q].first + row;
            const int block = nm_program_block(p, u);
            nm_batch_put(t, block, u - p->blocks[block].first, (int)(k - at), 1);
        }
        nm_batch_pull(t, x, q);
        nm_batch_list(t, 0);
        for (size_t k = at; k <= signs->n && k < at + NM_LANES; k++) {
            f[k] = (form){NM_ARRAY(job, double, n + 1), t->cst[k - at]};
            for (size_t i = 0; i < t->n_live[0]; i++)
                f[k].g[t->unit[0][i]] = t->y[0][(size_t)t->unit[0][i] * NM_LANES + (k - at)];
        }
    }
    return f;
}

static double range(const form *f, const nm_bounds *b)
{
    double sum = 0;
    for (size_t i = 0; i < b->p->blocks[0].n; i++) sum += fabs(f->g[i]) * (b->hi[i] - b->lo[i]);
    return sum;
}

const double *nm_prove_leaf(nm_job *job, const nm_bounds *b, const nm_signs *signs, uint32_t row, double rhs)
{
    const size_t n = b->p->blocks[0].n;
    const form *f = forms(job, b, signs, row);
    nm_model *m = nm_model_new(job, "leaf");
    double *cost = NM_ARRAY(job, double, n + signs->n + 1), *c = NM_ARRAY(job, double, n + 2);
    uint32_t *j = NM_RAW(job, uint32_t, n + 2);
    for (size_t i = 0; i < n; i++) {
        j[i] = nm_model_col(job, m, nm_fmt(job, "x%zu", i), b->lo[i], b->hi[i], false);
        cost[i] = f[signs->n].g[i];
    }
    const double lack = range(&f[signs->n], b) + fabs(rhs - f[signs->n].c);
    for (size_t k = 0; k < signs->n; k++) {
        const double wide = range(&f[k], b), off = wide > 0 ? wide : fabs(f[k].c);
        j[n] = nm_model_col(job, m, nm_fmt(job, "t%zu", k), 0, wide + fabs(f[k].c) + 1, false);
        cost[n + k] = PENALTY * lack / (off > 0 ? off : 1);
        for (size_t i = 0; i < n; i++) c[i] = signs->side[k] * f[k].g[i];
        c[n] = -1;
        nm_model_row(job, m, nm_fmt(job, "s%zu", k), -INFINITY, -signs->side[k] * f[k].c, n + 1, j, c);
    }
    double *y = NM_ARRAY(job, double, signs->n + 1);
    nm_clp *l = nm_clp_new(job, m);
    nm_clp_solve(l, cost, ITERATIONS, NULL, y);
    nm_close(job, l);
    for (size_t k = 0; k < signs->n; k++) y[k] = y[k] < 0 ? -y[k] : 0;
    return y;
}
