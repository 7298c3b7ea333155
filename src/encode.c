/* encode.c: one clause of a question becomes a mixed-integer model.
 *
 * needs bounds on a Program whose last block holds the query's rows; gives a Model, a Map and what lift needs. Rows
 * are written over inputs and kept units only: with `fold` a unit is kept when it is unstable (a RELU) or undecided (a
 * MAX), and all else is substituted by pulling rows back with exact slopes (batch.c, the walk of CROWN); without it
 * every live RELU unit is kept. Units that no kept row reaches never enter: the cone of influence comes for free.
 *
 * Rounding. A row pulled back is  sum c v + cst +- err  with err from batch.c; its two sides are stepped outwards by
 * err, so that the model contains every true trace and `infeasible` stays a proof. A coefficient below NM_COEF_MIN,
 * which readers would drop, is replaced by its range. Binaries come from enc/bigm.c.
 *
 * Decision questions carry their cutoff as rows and the first row as objective; the objective's constant stays out
 * of the files and in the map. Cost: one batch walk for 16 kept units. */
#include "all.h"

typedef struct {
    size_t n;
    uint32_t *unit;
    double *c;
    double lo, hi;
} expr; /* value in sum c*unit + [lo,hi] */

static const char *unit_name(const nm_enc *e, char kind, size_t u)
{
    const int b = nm_program_block(e->b->p, u);
    if (b == 0) return nm_fmt(e->job, "x%zu", u);
    return nm_fmt(e->job, "%c%d_%zu", kind, b, u - e->b->p->blocks[b].first);
}

/* reads lane `lane` of a walk that has come down: terms over kept units and inputs that are not fixed */
static expr collect(nm_enc *e, nm_batch *t, size_t lane)
{
    const nm_program *p = e->b->p;
    expr x = {0};
    size_t cap_u = 0, cap_c = 0, n_c = 0;
    double cst = t->cst[lane], err = t->err[lane], mag = fabs(cst);
    for (int b = 0; b < (int)p->n_blocks; b++)
        for (size_t i = 0; i < t->n_live[b]; i++) {
            const uint32_t k = t->unit[b][i];
            const size_t u = p->blocks[b].first + k;
            const double c = t->y[b][k * NM_LANES + lane], lo = e->b->lo[u], hi = e->b->hi[u];
            if (c == 0 || (b > 0 && !e->x->keep[u])) continue;
            if (lo == hi) {
                cst += c * lo;
                mag += fabs(c * lo);
            } else if (fabs(c) < NM_COEF_MIN) {
                const double mid = 0.5 * lo + 0.5 * hi;
                cst += c * mid;
                mag += fabs(c * mid);
                err += fabs(c) * (hi - lo) * (0.5 + 4 * NM_ULP);
            } else {
                *NM_PUSH(e->job, x.unit, x.n, cap_u) = (uint32_t)u;
                *NM_PUSH(e->job, x.c, n_c, cap_c) = c;
            }
        }
    err = (err + (double)(p->n_units + 16) * NM_ULP * mag) *
          (1 + (double)(p->n_units + 64) * 4 * NM_ULP);
    x.lo = err == 0 ? cst : nm_down(cst - err);
    x.hi = err == 0 ? cst : nm_up(cst + err);
    return x;
}

/* pulls units of one block back; ex[i] for unit[i] */
static void pull_units(nm_enc *e, nm_batch *t, int block, size_t n, const uint32_t *unit, expr *ex)
{
    for (size_t at = 0; at < n; at += NM_LANES) {
        nm_batch_clear(t);
        const size_t m = n - at < NM_LANES ? n - at : NM_LANES;
        for (size_t i = 0; i < m; i++) nm_batch_put(t, block, unit[at + i], (int)i, 1);
        nm_batch_pull(t, e->x, block); /* leaves the lists of live units that collect reads */
        for (size_t i = 0; i < m; i++) ex[at + i] = collect(e, t, i);
    }
}

typedef struct {
    const uint32_t *row;
    size_t n_rows;
    expr *query;
    expr **pre;
    bool *need;
    nm_batch *t;
} work;

static void need(work *w, const expr *x)
{
    for (size_t k = 0; k < x->n; k++) w->need[x->unit[k]] = true;
}

static void keep_relu(nm_enc *e, const nm_block *k)
{
    const size_t src = e->b->p->blocks[k->src].first;
    for (size_t i = 0; i < k->n; i++)
        e->x->keep[k->first + i] = !e->x->dead[k->first + i] &&
                                   (!e->fold || nm_bounds_phase(e->b, src + i) == NM_UNSTABLE);
}

static void keep_max(nm_enc *e, const nm_block *k)
{
    for (size_t i = 0; i < k->n; i++) {
        const size_t u = k->first + i;
        e->x->keep[u] = !(e->x->mlo[u] == e->x->mup[u] && e->x->sup[u] == 1 && e->x->cut[u] == 0);
    }
}

/* expressions of everything below the kept and needed units of block b: pre[unit] of the source block */
static void pull_block(nm_enc *e, work *w, int b)
{
    const nm_block *k = &e->b->p->blocks[b];
    const size_t src_n = e->b->p->blocks[k->src].n, src_first = e->b->p->blocks[k->src].first;
    bool *want = NM_ARRAY(e->job, bool, src_n);
    uint32_t *list = NM_RAW(e->job, uint32_t, src_n);
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (!w->need[k->first + i] || !e->x->keep[k->first + i]) continue;
        if (k->kind == NM_RELU) want[i] = true;
        for (size_t t = k->kind == NM_MAX ? k->ptr[i] : 0; k->kind == NM_MAX && t < k->ptr[i + 1];
             t++)
            want[k->idx[t]] = true;
    }
    for (size_t i = 0; i < src_n; i++)
        if (want[i]) list[n++] = (uint32_t)i;
    expr *ex = NM_ARRAY(e->job, expr, n + 1);
    pull_units(e, w->t, k->src, n, list, ex);
    for (size_t i = 0; i < n; i++) {
        w->pre[src_first + list[i]] = &ex[i];
        need(w, &ex[i]);
    }
}

static void collect_all(nm_enc *e, work *w)
{
    const nm_program *p = e->b->p;
    w->t = nm_batch_new(e->job, p);
    w->need = NM_ARRAY(e->job, bool, p->n_units);
    w->pre = NM_ARRAY(e->job, expr *, p->n_units);
    w->query = NM_ARRAY(e->job, expr, w->n_rows + 1);
    for (int b = 1; b < e->q; b++) {
        if (p->blocks[b].kind == NM_RELU) keep_relu(e, &p->blocks[b]);
        if (p->blocks[b].kind == NM_MAX) keep_max(e, &p->blocks[b]);
    }
    pull_units(e, w->t, e->q, w->n_rows, w->row, w->query);
    for (size_t r = 0; r < w->n_rows; r++) need(w, &w->query[r]);
    for (int b = e->q - 1; b > 0; b--)
        if (p->blocks[b].kind == NM_RELU || p->blocks[b].kind == NM_MAX) pull_block(e, w, b);
}

static void add_columns(nm_enc *e, const work *w)
{
    const nm_program *p = e->b->p;
    for (int b = 0; b < e->q; b++)
        for (size_t i = 0; i < p->blocks[b].n; i++) {
            const size_t u = p->blocks[b].first + i;
            if (!w->need[u]) continue;
            const double lo = e->b->lo[u] == 0 ? 0 : e->b->lo[u]; /* never -0 */
            e->col[u] = (int32_t)nm_model_col(e->job, e->m, unit_name(e, 'v', u), lo, e->b->hi[u],
                                              false);
        }
}

static uint32_t *columns_of(const nm_enc *e, const expr *x, size_t room)
{
    uint32_t *j = NM_RAW(e->job, uint32_t, x->n + room);
    for (size_t k = 0; k < x->n; k++) j[k] = (uint32_t)e->col[x->unit[k]];
    return j;
}

static void emit_units(nm_enc *e, const work *w)
{
    const nm_program *p = e->b->p;
    for (int b = 1; b < e->q; b++) {
        const nm_block *k = &p->blocks[b];
        if (k->kind != NM_RELU && k->kind != NM_MAX) continue;
        const size_t src = p->blocks[k->src].first;
        for (size_t i = 0; i < k->n; i++) {
            if (!w->need[k->first + i]) continue;
            if (k->kind == NM_RELU) {
                const expr *x = w->pre[src + i];
                nm_bigm_relu(e, k->first + i, src + i,
                             (nm_form){x->n, columns_of(e, x, 2), x->c, x->lo, x->hi});
                continue;
            }
            const size_t n = k->ptr[i + 1] - k->ptr[i];
            nm_form *f = NM_ARRAY(e->job, nm_form, n);
            size_t *member = NM_RAW(e->job, size_t, n);
            for (size_t t = 0; t < n; t++) {
                member[t] = src + k->idx[k->ptr[i] + t];
                const expr *x = w->pre[member[t]];
                f[t] = (nm_form){x->n, columns_of(e, x, 2), x->c, x->lo, x->hi};
            }
            nm_bigm_max(e, k->first + i, n, member, f);
        }
    }
}

/* an input row that fixed inputs shorten */
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

static void need_input_rows(const nm_enc *e, work *w, const nm_query *q, const nm_case *c)
{
    for (size_t r = 0; r < c->n_in_rows; r++)
        for (size_t k = 0; k < c->in_rows[r].n; k++) {
            const size_t u = c->in_rows[r].var[k] - q->n_out;
            w->need[u] |= e->b->lo[u] != e->b->hi[u];
        }
}

/* one row: it is minimised, and for a decision cut off at its rhs. Several: the largest excess t of them is minimised,
 * t <= guard; so a solver's point lies inside the clause, not on its edge. Gives the objective's constant. */
static double emit_query(nm_enc *e, const work *w, const nm_query *q, const nm_clause *c)
{
    const bool many = c->n_rows != 1, decide = q->objective == NM_FEASIBLE;
    const double one = 1;
    double least = -INFINITY;
    for (size_t r = 0; r < w->n_rows; r++) {
        const double lo = nm_down(e->b->lo[e->b->p->blocks[e->q].first + w->row[r]] -
                                  c->rows[r].rhs);
        if (lo > least) least = lo;
    }
    if (many)
        e->tcol = (int64_t)nm_model_col(e->job, e->m, "tmargin",
                                        least < q->guard ? least : q->guard, q->guard, false);
    if (many) e->m->cols[e->tcol].obj = one;
    for (size_t r = 0; r < w->n_rows; r++) {
        const expr *x = &w->query[r];
        uint32_t *j = columns_of(e, x, 1);
        double *k = NM_RAW(e->job, double, x->n + 1);
        if (x->n) memcpy(k, x->c, x->n * sizeof *k);
        j[x->n] = (uint32_t)(many ? e->tcol : 0);
        k[x->n] = -1;
        for (size_t i = 0; !many && i < x->n; i++) e->m->cols[j[i]].obj = k[i];
        const double rhs = c->rows[r].rhs + (many ? 0 : q->guard) - x->lo;
        const double up = rhs == 0 ? 0 : x->lo == 0 && (many || q->guard == 0) ? rhs : nm_up(rhs);
        if (many || decide)
            nm_model_row(e->job, e->m, nm_fmt(e->job, "rq_%zu", r), -INFINITY, up, x->n + many, j,
                         k);
    }
    return many ? 0 : 0.5 * w->query[0].lo + 0.5 * w->query[0].hi - c->rows[0].rhs;
}

static nm_map *make_map(nm_enc *e, const nm_query *q, size_t icase, size_t iclause)
{
    nm_map *m = NM_NEW(e->job, nm_map);
    const nm_case *c = &q->cases[icase];
    int64_t *col = NM_RAW(e->job, int64_t, q->n_in);
    for (size_t i = 0; i < q->n_in; i++) col[i] = e->col[i];
    *m = (nm_map){.query_path = q->path,
                  .query_hash = q->hash,
                  .n_in = q->n_in,
                  .n_out = q->n_out,
                  .target = c->clauses[iclause].name,
                  .target_label = c->clauses[iclause].label,
                  .label = q->label,
                  .case_index = icase,
                  .clause_index = iclause,
                  .lo = c->lo,
                  .hi = c->hi,
                  .col = col,
                  .n_cols = e->m->n_cols,
                  .n_rows = e->m->n_rows,
                  .n_nz = e->m->n_nz,
                  .n_bin = nm_model_binaries(e->m),
                  .constant = e->m->constant,
                  .objective = q->objective == NM_WORST ? "worst" : "feasible",
                  .encoding = "bigm",
                  .fold = e->fold};
    m->cols = NM_ARRAY(e->job, const char *, m->n_cols + 1);
    for (size_t j = 0; j < m->n_cols; j++) m->cols[j] = e->m->cols[j].name;
    nm_buf b = {.job = e->job};
    nm_query_write(&b, q);
    char *hash = nm_raw(e->job, 65, 1);
    nm_sha256(b.s, b.n, hash);
    m->query_text = b.s;
    m->query_text_hash = hash;
    return m;
}

/* readers want at least one column and one row */
static void stand_in(nm_enc *e)
{
    const double one = 1;
    if (e->m->n_cols == 0) nm_model_col(e->job, e->m, "nothing", 0, 0, false);
    const uint32_t j = 0;
    if (e->m->n_rows == 0)
        nm_model_row(e->job, e->m, "rnothing", -INFINITY, e->m->cols[0].hi, 1, &j, &one);
}

nm_encoded nm_encode(nm_job *job, const nm_bounds *b, const nm_query *q, size_t icase,
                     size_t iclause, const uint32_t *row, nm_encode_opts o)
{
    const nm_program *p = b->p;
    nm_enc *e = NM_NEW(job, nm_enc);
    const nm_case *c = &q->cases[icase];
    *e = (nm_enc){.job = job,
                  .b = b,
                  .fold = o.fold,
                  .q = (int)p->n_blocks - 1,
                  .tcol = -1,
                  .clause = c->clauses[iclause],
                  .row = nm_raw(job, c->clauses[iclause].n_rows, sizeof *row)};
    memcpy(e->row, row, c->clauses[iclause].n_rows * sizeof *row);
    e->m = nm_model_new(job, nm_fmt(job, "netmip_%s", c->clauses[iclause].name));
    e->x = nm_relax_new(job, b);
    nm_relax_set(e->x, b, 1, (int)p->n_blocks);
    e->col = NM_RAW(job, int32_t, p->n_units);
    e->zcol = NM_RAW(job, int32_t, p->n_units);
    memset(e->col, -1, p->n_units * sizeof *e->col);
    memset(e->zcol, -1, p->n_units * sizeof *e->zcol);
    work w = {.row = row, .n_rows = c->clauses[iclause].n_rows};
    collect_all(e, &w);
    need_input_rows(e, &w, q, c);
    add_columns(e, &w);
    emit_units(e, &w);
    emit_input_rows(e, q, c);
    e->m->constant = emit_query(e, &w, q, &c->clauses[iclause]);
    stand_in(e);
    return (nm_encoded){e->m, make_map(e, q, icase, iclause), e};
}

double *nm_encode_lift(nm_job *job, const nm_enc *e, const double *unit)
{
    const nm_program *p = e->b->p;
    double *x = NM_ARRAY(job, double, e->m->n_cols);
    for (size_t u = 0; u < p->n_units; u++)
        if (e->col[u] >= 0) x[e->col[u]] = unit[u];
    for (size_t r = 0; e->tcol >= 0 && r < e->clause.n_rows; r++) {
        const double t = unit[p->blocks[e->q].first + e->row[r]] - e->clause.rows[r].rhs;
        if (r == 0 || t > x[e->tcol]) x[e->tcol] = t;
    }
    for (int b = 1; b < e->q; b++) {
        const nm_block *k = &p->blocks[b];
        if (k->kind != NM_RELU && k->kind != NM_MAX) continue;
        const size_t src = p->blocks[k->src].first;
        for (size_t i = 0; i < k->n; i++)
            if (k->kind == NM_RELU)
                nm_bigm_relu_lift(e, k->first + i, unit[src + i], x);
            else
                nm_bigm_max_lift(e, k->first + i, k->ptr[i + 1] - k->ptr[i], &k->idx[k->ptr[i]],
                                 &unit[src], x);
    }
    return x;
}
