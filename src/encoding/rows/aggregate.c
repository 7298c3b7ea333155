/* aggregate.c: binaries for the K units that matter most; all other unstable units are replaced by their lines.
 *
 * The hull dual (hull_dual.c) of the question's row gives each unit lines, and what these lose at the minimiser of the
 * relaxation; the K units that lose most are kept, with big-M rows and, for lines over the inputs, the line split by
 * phase:
 *     v <= sum theta w x + on z + off (1 - z).
 * All other units are pulled through their lines, into the row of the question (with their own best lines) and into the
 * forms of the kept units (with CROWN's). This gives a small model of a hard question: `infeasible` proves; a point
 * need not be a counterexample, and then a larger K, or the full model, is needed. If a clause has several rows, the
 * first one chooses. */
#include "base/base.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

typedef struct {
    nm_lines_of *lines;
    nm_alpha *a;
} own;

enum { ENTRIES = 4000000 };
static const nm_hull_opts RUN = {300, 0.2, 0.01};

static void choose(nm_enc *e, size_t n_rows, const uint32_t *row)
{
    own *o = NM_NEW(e->job, own);
    e->own = o;
    e->only = NM_ARRAY(e->job, bool, e->b->p->n_units);
    if (n_rows == 0) return;
    o->lines = nm_lines_of_new(e->job, e->b, ENTRIES);
    o->a = nm_hull_run(e->job, o->lines, e->b, row[0], INFINITY, RUN, NULL, NULL);
    for (size_t k = 0; k < e->arg; k++) {
        int64_t best = -1;
        for (size_t u = 0; u < e->b->p->n_units; u++)
            if (!e->only[u] && o->a->gap[u] > (best < 0 ? 0 : o->a->gap[best])) best = (int64_t)u;
        if (best < 0) break;
        e->only[best] = true;
    }
}

static void rows(nm_enc *e, nm_fold *f)
{
    const own *o = e->own;
    if (f->n_rows > 0 && e->relaxed) f->row[0] = nm_fold_hull(e, f, o->lines, o->a, e->row[0]);
}

static bool over_inputs(const nm_enc *e, const nm_line *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->w[i] != 0 && (l->idx[i] >= e->b->p->blocks[0].n || e->col[l->idx[i]] < 0))
            return false;
    return true;
}

static void relu(nm_enc *e, nm_encunit *w)
{
    const own *o = e->own;
    nm_bigm_relu(e, w);
    const int32_t k = o->lines->of[w->u];
    if (k < 0 || !over_inputs(e, &o->lines->line[k])) return;
    const nm_line *l = &o->lines->line[k];
    uint32_t *j = NM_RAW(e->job, uint32_t, l->n + 2);
    double *c = NM_RAW(e->job, double, l->n + 2), on, off, flat = 0;
    size_t n = 0;
    nm_hull_line(e->job, o->lines, e->b, o->a, (size_t)k, &on, &off);
    for (size_t i = 0; i < l->n; i++) {
        const double t = o->a->theta[l->at + i] * l->w[i];
        const nm_col *x = l->w[i] != 0 ? &e->m->cols[e->col[l->idx[i]]] : NULL;
        if (t == 0) continue;
        if (fabs(t) < NM_COEF_MIN) {
            flat += fabs(t) * fmax(fabs(x->lo), fabs(x->hi)) * (1 + 4 * NM_ULP);
            continue;
        }
        j[n] = (uint32_t)e->col[l->idx[i]];
        c[n++] = -t;
    }
    off = nm_up(off + flat * (1 + (double)l->n * NM_ULP));
    on = nm_up(on + flat * (1 + (double)l->n * NM_ULP));
    const double cz = nm_up(on - off);         /* at z = 1 the side is cz + off */
    const bool small = fabs(cz) < NM_COEF_MIN; /* as in partition.c */
    if (small) off = cz > 0 ? nm_up(off + cz) : off;
    j[n] = (uint32_t)e->zcol[w->u];
    c[n] = -cz;
    n += !small;
    j[n] = (uint32_t)e->col[w->u];
    c[n++] = 1;
    nm_model_row(e->job, e->m, nm_enc_name(e, "rl", w->u), -INFINITY, off, n, j, c);
}

const nm_encoding nm_enc_aggregate = {.name = "aggregate",
                                      .arg = "units with a binary",
                                      .is_relaxation = true,
                                      .choose = choose,
                                      .rows = rows,
                                      .relu = relu};
