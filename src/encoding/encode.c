/* encode.c: turns one clause of a question into a mixed-integer model.
 *
 * Needs bounds on a Program whose last block holds the query's rows; gives a Model, a Map and what lift needs. Rows are
 * written over inputs and kept units only (fold.c): with `fold` a unit is kept if it is unstable (a RELU) or undecided
 * (a MAX); without it every live RELU unit is kept. The model contains every true trace of the network, rounding
 * included, so `infeasible` is still a proof. Rows of unstable units come from the encoding, a file in rows/.
 *
 * Decision questions have their cutoff as rows, and the first row as objective; the objective's constant is not in the
 * files but in the map. Cost: see fold.c. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

static const char *unit_name(const nm_enc *e, char kind, size_t u)
{
    const int b = nm_program_block(e->b->p, u);
    if (b == 0) return nm_fmt(e->job, "x%zu", u);
    return nm_fmt(e->job, "%c%d_%zu", kind, b, u - e->b->p->blocks[b].first);
}

static void add_columns(nm_enc *e, const nm_fold *f)
{
    const nm_program *p = e->b->p;
    for (int b = 0; b < e->q; b++)
        for (size_t i = 0; i < p->blocks[b].n; i++) {
            const size_t u = p->blocks[b].first + i;
            if (!f->need[u]) continue;
            const double lo = e->b->lo[u] == 0 ? 0 : e->b->lo[u]; /* never -0 */
            e->col[u] = (int32_t)nm_model_col(e->job, e->m, unit_name(e, 'v', u), lo, e->b->hi[u],
                                              false);
        }
}

static uint32_t *columns_of(const nm_enc *e, const nm_expr *x, size_t room)
{
    uint32_t *j = NM_RAW(e->job, uint32_t, x->n + room);
    for (size_t k = 0; k < x->n; k++) j[k] = (uint32_t)e->col[x->unit[k]];
    return j;
}

static nm_form form_of(const nm_enc *e, const nm_expr *x)
{
    return (nm_form){x->n, columns_of(e, x, 2), x->c, x->lo, x->hi};
}

/* Returns true for a unit that enters only the rows of the question, and none with a negative coefficient: a larger
 * value of it cannot help a counterexample. Then v >= a, v >= 0 suffice, without a binary. */
static bool one_sided(const nm_enc *e, const nm_fold *f, size_t u)
{
    if (!e->one_sided || f->inner[u]) return false;
    for (size_t r = 0; r < f->n_rows; r++)
        for (size_t k = 0; k < f->row[r].n; k++)
            if (f->row[r].unit[k] == u && f->row[r].c[k] < 0) return false;
    return true;
}

static void emit_relu(nm_enc *e, const nm_fold *f, size_t u, size_t pre)
{
    e->unit[e->n_units++] = (nm_encunit){
        u, pre, form_of(e, f->below[pre]), form_of(e, f->above[pre]), -1, one_sided(e, f, u)};
    nm_encunit *x = &e->unit[e->n_units - 1];
    if (x->one_sided || e->b->lo[pre] >= 0)
        nm_bigm_relu(e, x);
    else
        e->enc->relu(e, x);
}

static void emit_max(nm_enc *e, const nm_fold *f, const nm_block *k, size_t i)
{
    nm_encmax *w = &e->max[e->n_max++];
    *w = nm_max_candidates(e, k, i);
    w->below = NM_ARRAY(e->job, nm_form, w->n);
    w->above = NM_ARRAY(e->job, nm_form, w->n);
    for (size_t t = 0; t < w->n; t++) {
        if (w->member[t] == NM_MAX_ZERO) continue;
        w->below[t] = form_of(e, f->below[w->member[t]]);
        w->above[t] = form_of(e, f->above[w->member[t]]);
    }
    nm_max_rows(e, w);
}

static void emit_units(nm_enc *e, const nm_fold *f)
{
    const nm_program *p = e->b->p;
    e->unit = NM_ARRAY(e->job, nm_encunit, p->n_units + 1);
    e->max = NM_ARRAY(e->job, nm_encmax, p->n_units + 1);
    for (int b = 1; b < e->q; b++) {
        const nm_block *k = &p->blocks[b];
        if (k->kind != NM_RELU && k->kind != NM_MAX) continue;
        const size_t src = p->blocks[k->src].first;
        for (size_t i = 0; i < k->n; i++) {
            if (!f->need[k->first + i]) continue;
            if (k->kind == NM_RELU)
                emit_relu(e, f, k->first + i, src + i);
            else
                emit_max(e, f, k, i);
        }
    }
}

/* Makes phases that the bounds assume (for a branch or for counterexamples) rows: then a point of the model is a point
 * of the network, and not only of the network with these phases. */
static void emit_assumed(nm_enc *e, const nm_fold *f)
{
    const nm_program *p = e->b->p;
    for (int b = 1; b < e->q; b++)
        for (size_t i = 0; i < p->blocks[b].n; i++) {
            const nm_block *k = &p->blocks[b];
            const int side = nm_enc_assumed(e, k, i);
            const size_t pre = side ? p->blocks[k->src].first + i : 0;
            if (side == 0 || !f->below[pre] || f->below[pre]->n == 0) continue;
            const nm_form x = form_of(e, side > 0 ? f->below[pre] : f->above[pre]);
            nm_enc_row(e, nm_enc_name(e, "rg", k->first + i), &x, side, 0, NULL, NULL,
                       side > 0 ? -x.lo : x.hi);
        }
}

/* Returns true if b decides a maximum that the input set does not: no rows of its candidates express that. */
static bool assumes_maximum(const nm_enc *e)
{
    const nm_program *p = e->b->p;
    if (e->base)
        for (int b = 1; b < e->q; b++)
            if (p->blocks[b].kind == NM_MAX) return true;
    return false;
}

/* Adds the rows of the input set, without the terms of fixed inputs. */
static void emit_input_rows(nm_enc *e, const nm_query *q, const nm_case *c)
{
    for (size_t r = 0; r < c->n_in_rows; r++) {
        const nm_row *row = &c->in_rows[r];
        uint32_t *j = NM_RAW(e->job, uint32_t, row->n + 1);
        double *w = NM_RAW(e->job, double, row->n + 1), rhs = row->rhs, mag = fabs(rhs);
        size_t n = 0;
        for (size_t k = 0; k < row->n; k++) {
            const size_t u = row->var[k] - q->n_out;
            if (e->b->lo[u] == e->b->hi[u]) {
                rhs -= row->coef[k] * e->b->lo[u];
                mag += fabs(row->coef[k] * e->b->lo[u]);
                continue;
            }
            j[n] = (uint32_t)e->col[u];
            w[n++] = row->coef[k];
        }
        const double up = n == row->n ? rhs : rhs + (double)(row->n + 4) * NM_ULP * mag;
        nm_model_row(e->job, e->m, nm_fmt(e->job, "rin_%zu", r), -INFINITY, up, n, j, w);
    }
}

/* Adds the sums of generators, without the terms of fixed ones. */
static void emit_sums(nm_enc *e)
{
    const nm_gens *g = e->b->gens;
    if (g)
        for (size_t s = 0; s < g->n_sums; s++) {
            const nm_sum *m = &g->sums[s];
            uint32_t *j = NM_RAW(e->job, uint32_t, m->n);
            double *one = NM_RAW(e->job, double, m->n), rest = m->total, off = 0;
            size_t n = 0;
            for (size_t i = m->first; i < m->first + m->n; i++) {
                if (e->b->lo[i] != e->b->hi[i]) {
                    j[n] = (uint32_t)e->col[i];
                    one[n++] = 1;
                } else if (e->b->lo[i] != 0) {
                    rest -= e->b->lo[i];
                    off += NM_ULP * (fabs(rest) + fabs(m->total));
                }
            }
            const bool exact = off == 0;
            nm_model_row(e->job, e->m, nm_fmt(e->job, "rsum_%zu", s),
                         exact ? rest : nm_down(rest - off), exact ? rest : nm_up(rest + off), n, j,
                         one);
        }
}

static void need_sums(const nm_enc *e, nm_fold *f)
{
    const nm_gens *g = e->b->gens;
    if (g)
        for (size_t s = 0; s < g->n_sums; s++)
            for (size_t i = g->sums[s].first; i < g->sums[s].first + g->sums[s].n; i++)
                f->need[i] |= e->b->lo[i] != e->b->hi[i];
}

/* Marks the inputs that a distance needs: all of them, or all generators. */
static void need_distance(const nm_enc *e, nm_fold *f, const nm_query *q, const nm_case *c)
{
    const nm_gens *g = e->b->gens;
    const bool measured = c->n_balls > 0 || q->objective == NM_CLOSEST;
    for (size_t k = 0; g && measured && k < g->n; k++) f->need[k] |= e->b->lo[k] != e->b->hi[k];
}

static void need_input_rows(const nm_enc *e, nm_fold *f, const nm_query *q, const nm_case *c)
{
    for (size_t r = 0; r < c->n_in_rows; r++)
        for (size_t k = 0; k < c->in_rows[r].n; k++) {
            const size_t u = c->in_rows[r].var[k] - q->n_out;
            f->need[u] |= e->b->lo[u] != e->b->hi[u];
        }
}

/* Adds the rows of the question. A single row is minimised and, for a decision, cut off at its rhs. For several rows
 * their largest excess t is minimised, with t <= guard, so that a solver's point lies inside the clause, not on its
 * edge. Returns the objective's constant. */
static double emit_query(nm_enc *e, const nm_fold *f, const nm_query *q, const nm_clause *c)
{
    const bool near = q->objective == NM_CLOSEST, many = c->n_rows != 1 && !near;
    const bool decide = q->objective == NM_FEASIBLE;
    const double one = 1;
    double least = -INFINITY;
    for (size_t r = 0; r < f->n_rows; r++) {
        const double lo = nm_down(e->b->lo[e->b->p->blocks[e->q].first + e->row[r]] -
                                  c->rows[r].rhs);
        if (lo > least) least = lo;
    }
    if (many)
        e->tcol = (int64_t)nm_model_col(e->job, e->m, "tmargin",
                                        least < q->guard ? least : q->guard, q->guard, false);
    if (many) e->m->cols[e->tcol].obj = one;
    e->asked = e->m->n_rows;
    for (size_t r = 0; r < f->n_rows; r++) {
        const nm_expr *x = &f->row[r];
        uint32_t *j = columns_of(e, x, 1);
        double *k = NM_RAW(e->job, double, x->n + 1);
        if (x->n) memcpy(k, x->c, x->n * sizeof *k);
        j[x->n] = (uint32_t)(many ? e->tcol : 0);
        k[x->n] = -1;
        for (size_t i = 0; !many && !near && i < x->n; i++) e->m->cols[j[i]].obj = k[i];
        const double rhs = c->rows[r].rhs + (many ? 0 : q->guard) - x->lo;
        const double up = rhs == 0 ? 0 : x->lo == 0 && (many || q->guard == 0) ? rhs : nm_up(rhs);
        if (!many && decide) {
            e->cut = (int64_t)e->m->n_rows;
            e->cap = up;
        }
        if (many || decide || near)
            nm_model_row(e->job, e->m, nm_fmt(e->job, "rq_%zu", r), -INFINITY, up, x->n + many, j,
                         k);
    }
    e->n_asked = e->m->n_rows - e->asked;
    if (many) e->cap = q->guard;
    if (!many && !near) e->least = nm_down(f->row[0].lo - c->rows[0].rhs);
    return many || near ? 0 : 0.5 * f->row[0].lo + 0.5 * f->row[0].hi - c->rows[0].rhs;
}

static nm_map *make_map(nm_enc *e, const nm_query *q, size_t icase, size_t iclause)
{
    nm_map *m = NM_NEW(e->job, nm_map);
    const nm_case *c = &q->cases[icase];
    const size_t n_in = nm_case_width(q, c);
    int64_t *col = NM_RAW(e->job, int64_t, n_in);
    for (size_t i = 0; i < n_in; i++) col[i] = e->col[i];
    *m = (nm_map){.from.query_path = q->path,
                  .from.query_hash = q->hash,
                  .n_in = n_in,
                  .n_out = q->n_out,
                  .asks.name = c->clauses[iclause].name,
                  .asks.target_label = c->clauses[iclause].label,
                  .asks.label = q->label,
                  .asks.icase = icase,
                  .asks.iclause = iclause,
                  .lo = c->lo,
                  .hi = c->hi,
                  .col = col,
                  .file.n_cols = e->m->n_cols,
                  .file.n_rows = e->m->n_rows,
                  .file.n_nz = e->m->n_nz,
                  .file.n_bin = nm_model_binaries(e->m),
                  .file.constant = e->m->constant,
                  .asks.objective = nm_objective_name(e->job, q),
                  .form.encoding = e->arg ? nm_fmt(e->job, "%s:%zu", e->enc->name, e->arg)
                                          : e->enc->name,
                  .form.relaxation = e->relaxed || e->enc->is_relaxation || assumes_maximum(e),
                  .form.fold = e->fold};
    m->file.cols = NM_ARRAY(e->job, const char *, m->file.n_cols + 1);
    for (size_t j = 0; j < m->file.n_cols; j++) m->file.cols[j] = e->m->cols[j].name;
    m->question = q;
    return m;
}

/* Adds a column and a row if there are none, because readers want at least one of each. */
static void stand_in(nm_enc *e)
{
    const double one = 1;
    e->constant = e->m->n_cols == 0;
    if (e->constant) nm_model_col(e->job, e->m, "nothing", 0, 0, false);
    const uint32_t j = 0;
    if (e->m->n_rows == 0)
        nm_model_row(e->job, e->m, "rnothing", -INFINITY, e->m->cols[0].hi, 1, &j, &one);
}

/* Makes columns and rows for `n_rows` units of block q, but not yet rows of a question. */
static nm_fold *begin(nm_enc *e, size_t n_rows, const uint32_t *row)
{
    const nm_program *p = e->b->p;
    e->x = nm_relax_new(e->job, e->b);
    nm_relax_set(e->x, e->b, 1, e->q + 1);
    e->col = NM_RAW(e->job, int32_t, p->n_units);
    e->zcol = NM_RAW(e->job, int32_t, p->n_units);
    memset(e->col, -1, p->n_units * sizeof *e->col);
    memset(e->zcol, -1, p->n_units * sizeof *e->zcol);
    e->row = memcpy(NM_RAW(e->job, uint32_t, n_rows + 1), row, n_rows * sizeof *row);
    if (e->enc->choose) e->enc->choose(e, n_rows, row);
    return nm_fold_rows(e, n_rows, row);
}

nm_enc *nm_encode_units(nm_job *job, const nm_bounds *b, int q, size_t n, const uint32_t *unit,
                        nm_encode_opts o, nm_form *form)
{
    nm_enc *e = NM_NEW(job, nm_enc);
    *e = (nm_enc){.job = job, .b = b, .fold = true, .enc = o.enc, .arg = o.arg, .q = q, .tcol = -1};
    e->m = nm_model_new(job, "netmip_units");
    nm_fold *f = begin(e, n, unit);
    nm_fold_units(e, f);
    need_sums(e, f);
    add_columns(e, f);
    emit_units(e, f);
    emit_sums(e);
    for (size_t i = 0; i < n; i++) form[i] = form_of(e, &f->row[i]);
    return e;
}

nm_encoded nm_encode(nm_job *job, const nm_bounds *b, const nm_query *q, size_t icase,
                     size_t iclause, const uint32_t *row, nm_encode_opts o)
{
    nm_enc *e = NM_NEW(job, nm_enc);
    const nm_case *c = o.over ? o.over : &q->cases[icase];
    *e = (nm_enc){.job = job,
                  .b = b,
                  .fold = o.fold,
                  .one_sided = o.one_sided,
                  .quadratic = o.quadratic,
                  .enc = o.enc ? o.enc : &nm_enc_bigm,
                  .arg = o.arg,
                  .base = o.base,
                  .q = (int)b->p->n_blocks - 1,
                  .tcol = -1,
                  .cut = -1,
                  .cap = INFINITY,
                  .objective = q->objective,
                  .clause = c->clauses[iclause]};
    e->m = nm_model_new(job, nm_fmt(job, "netmip_%s", c->clauses[iclause].name));
    nm_fold *f = begin(e, e->clause.n_rows, row);
    if (e->enc->rows) e->enc->rows(e, f);
    nm_fold_units(e, f);
    need_input_rows(e, f, q, c);
    need_sums(e, f);
    need_distance(e, f, q, c);
    add_columns(e, f);
    emit_units(e, f);
    emit_assumed(e, f);
    emit_input_rows(e, q, c);
    emit_sums(e);
    e->m->constant = emit_query(e, f, q, &c->clauses[iclause]);
    nm_distance_balls(e, c);
    if (q->objective == NM_CLOSEST) e->m->constant += nm_distance_objective(e, q->norm, q->image);
    stand_in(e);
    if (e->enc->finish) e->enc->finish(e);
    return (nm_encoded){e->m, make_map(e, q, icase, iclause), e};
}

double *nm_encode_lift(nm_job *job, const nm_enc *e, const double *unit)
{
    const nm_program *p = e->b->p;
    double *x = NM_ARRAY(job, double, e->m->n_cols);
    for (size_t u = 0; u < p->n_units; u++)
        if (e->col[u] >= 0) x[e->col[u]] = unit[u];
    nm_distance_lift(e, unit + p->x_first, x);
    for (size_t r = 0; e->tcol >= 0 && r < e->clause.n_rows; r++) {
        const double t = unit[p->blocks[e->q].first + e->row[r]] - e->clause.rows[r].rhs;
        if (r == 0 || t > x[e->tcol]) x[e->tcol] = t;
    }
    for (size_t i = 0; i < e->n_units; i++) {
        const nm_encunit *w = &e->unit[i];
        if (e->zcol[w->u] >= 0) x[e->zcol[w->u]] = unit[w->pre] > 0;
        if (e->enc->lift && !w->one_sided) e->enc->lift(e, w, unit[w->pre], x);
    }
    for (size_t i = 0; i < e->n_max; i++) nm_max_lift(&e->max[i], unit, x);
    return x;
}
