/* describe_model.c: describes a model and its map in words: sizes, ranges, the largest big-M, binaries of each layer,
 * the meaning of a row or a unit, and the slack budget.
 *
 * Slack budget. A solver accepts a z within T of an integer, so a row with big-M lets its unit be off by T M(u), and
 * the question's row by g(u) times that (influence.c): budget(T) = sum of g(u) M(u) T. The guard in the map also covers
 * the tolerances of rows and boxes (guard.c). Cost: one pass over the rows. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/reader.h"

typedef struct {
    nm_job *job;
    nm_buf *out;
    const nm_model *m;
    const nm_map *map; /* NULL: there is none */
    nm_modelname *row, *col;
} view;

static const nm_map *map_beside(nm_job *job, const char *path, const nm_model *m)
{
    const char *suffix = nm_model_suffix(path);
    if (!suffix) return NULL;
    const char *beside = nm_fmt(job, "%s.map.json", nm_model_stem(job, path, &suffix));
    if (!nm_file_exists(beside)) return NULL;
    const nm_json *is = nm_json_find(nm_json_parse(job, nm_file_read(job, beside)), "netmip");
    if (is && strcmp(nm_json_str(job, is, beside), "embedding") == 0)
        return NULL; /* a user's model: search/embed.c */
    const nm_map *map = nm_map_read(job, beside);
    if (map->file.n_cols != m->n_cols || map->file.n_rows != m->n_rows ||
        (map->file.tag && strcmp(map->file.tag, m->cols[m->n_cols - 1].name)))
        nm_throw(job, NM_EAUDIT, "%s: is not the map of %s", beside, path);
    return map;
}

static bool is_unit(nm_modelname k) { return k.block > 0 && k.unit >= 0; }

/* ---- the summary ---- */

typedef struct {
    double lo, hi;
} range;

static range widen(range r, double x)
{
    const double a = fabs(x);
    if (a == 0 || isinf(a)) return r;
    return (range){r.lo == 0 || a < r.lo ? a : r.lo, a > r.hi ? a : r.hi};
}

static void put_range(nm_buf *b, const char *what, range r)
{
    nm_put(b, "%s ", what);
    nm_put_num(b, r.lo);
    nm_put(b, " to ");
    nm_put_num(b, r.hi);
}

typedef struct {
    double most;
    size_t row, col;
    double *of; /* [n_cols] for the column of a unit's value: the largest big-M of its rows */
} bigm;

/* Finds the coefficients of binaries in rows that have other columns, too. */
static bigm big_of(const view *v)
{
    bigm b = {0, 0, 0, NM_ARRAY(v->job, double, v->m->n_cols)};
    for (size_t r = 0; r < v->m->n_rows; r++) {
        int64_t unit = -1, z = -1;
        for (size_t k = v->m->rows[r].start; k < nm_row_end(v->m, r); k++) {
            const uint32_t j = v->m->j[k];
            if (v->m->cols[j].is_int)
                z = (int64_t)k;
            else if (is_unit(v->col[j]) && v->col[j].unit == v->row[r].unit &&
                     v->col[j].block == v->row[r].block)
                unit = j;
        }
        if (z < 0 || unit < 0) continue;
        const double c = fabs(v->m->c[z]);
        b.of[unit] = fmax(b.of[unit], c);
        if (c > b.most) b.most = c, b.row = r, b.col = v->m->j[z];
    }
    return b;
}

static double budget(const view *v, const bigm *b)
{
    const double *g = nm_model_gains(v->job, v->m, v->row, v->col);
    double sum = 0;
    for (size_t j = 0; j < v->m->n_cols; j++) sum += g[j] * b->of[j];
    return sum;
}

static void put_layers(const view *v)
{
    if (v->map)
        for (size_t i = 0; i < v->map->units.n_blocks; i++) {
            size_t z = 0, rows = 0;
            for (size_t j = 0; j < v->m->n_cols; j++)
                z += v->m->cols[j].is_int && v->col[j].block == (int64_t)i;
            for (size_t r = 0; r < v->m->n_rows; r++) rows += v->row[r].block == (int64_t)i;
            if (rows == 0) continue;
            nm_put(v->out, "block %zu %s %s: %zu units, %zu binaries, %zu rows\n", i,
                   v->map->units.blocks[i].kind, v->map->units.blocks[i].name,
                   v->map->units.blocks[i].n, z, rows);
        }
}

typedef struct {
    range coef, side, width;
    size_t when, cuts;
} ranges;

static ranges ranges_of(const nm_model *m)
{
    ranges r = {0};
    for (size_t k = 0; k < m->n_nz; k++) r.coef = widen(r.coef, m->c[k]);
    for (size_t i = 0; i < m->n_rows; i++) {
        if (isfinite(m->rows[i].lo)) r.side = widen(r.side, m->rows[i].lo);
        if (isfinite(m->rows[i].hi)) r.side = widen(r.side, m->rows[i].hi);
        r.when += m->rows[i].when >= 0;
        r.cuts += m->rows[i].is_cut;
    }
    for (size_t j = 0; j < m->n_cols; j++) r.width = widen(r.width, m->cols[j].hi - m->cols[j].lo);
    return r;
}

static size_t nonzeros(const int *e, size_t n)
{
    size_t k = 0;
    if (e)
        for (size_t i = 0; i < n; i++) k += e[i] != 0;
    return k;
}

/* Prints what the map records about tolerances and units. */
static void put_fit(const view *v)
{
    const nm_map *m = v->map;
    nm_buf *b = v->out;
    const size_t cols = nonzeros(m->file.scale.col, m->file.n_cols),
                 rows = nonzeros(m->file.scale.row, m->file.n_rows);
    if (m->file.scale.any)
        nm_put(b,
               "guard: the question's row is relaxed by %.3g; tolerances of %g (rows) and %g "
               "(binaries) move it "
               "by up to %.3g\n",
               m->form.slack + m->question->guard, m->form.tolerance.primal,
               m->form.tolerance.integral, m->form.budget);
    if (m->form.unfit)
        nm_put(b, "no solver's proof for this model is believed: %s\n", m->form.unfit);
    if (cols + rows + (m->file.scale.objective != 0) > 0)
        nm_put(b,
               "scaled by powers of two: %zu columns, %zu rows%s (--unit and --row show the "
               "network's own units)\n",
               cols, rows, m->file.scale.objective ? ", the objective" : "");
}

static void put_summary(const view *v, const char *path)
{
    nm_buf *b = v->out;
    const nm_model *m = v->m;
    const ranges r = ranges_of(m);
    nm_put(b, "%s: model %s, %s, %s, %s, %s", path, m->name,
           nm_counted(b->job, m->n_rows, "rows"), nm_counted(b->job, m->n_cols, "columns"),
           nm_counted(b->job, m->n_nz, "nonzeros"), nm_counted(b->job, nm_model_binaries(m), "binaries"));
    if (r.when) nm_put(b, ", %s", nm_counted(b->job, r.when, "indicator rows"));
    if (m->n_sos) nm_put(b, ", %zu sets of type 1", m->n_sos);
    if (r.cuts) nm_put(b, ", %s", nm_counted(b->job, r.cuts, "user cuts"));
    if (v->map)
        nm_put(b, "\nnetwork %s, target %s, objective %s, encoding %s, dialect %s",
               v->map->from.net_path, v->map->asks.name, v->map->asks.objective,
               v->map->form.encoding ? v->map->form.encoding : "-",
               v->map->file.dialect ? v->map->file.dialect : "-");
    put_range(b, "\ncoefficients", r.coef);
    put_range(b, ", sides", r.side);
    put_range(b, ", widths of columns", r.width);
    nm_put(b, "\n");
    const bigm big = big_of(v);
    if (big.most > 0) {
        nm_put(b, "largest big-M ");
        nm_put_num(b, big.most);
        nm_put(b, ", of %s in row %s\n", m->cols[big.col].name, m->rows[big.row].name);
        const double per = budget(v, &big);
        nm_put(b, "slack budget: binaries off by T move the question's row by up to %.3g T: ", per);
        nm_put(b, "%.3g at T = 1e-5, %.3g at 1e-6, %.3g at 1e-9", 1e-5 * per, 1e-6 * per,
               1e-9 * per);
        nm_put(b, "\n");
    }
    if (v->map) put_fit(v);
    put_layers(v);
}

static void put_json(const view *v, const char *path)
{
    const nm_model *m = v->m;
    const ranges r = ranges_of(m);
    const bigm big = big_of(v);
    nm_jo j = nm_jo_answer(v->out);
    nm_jo_str(&j, "file", path);
    nm_jo_str(&j, "model", m->name);
    nm_jo_int(&j, "rows", (int64_t)m->n_rows);
    nm_jo_int(&j, "columns", (int64_t)m->n_cols);
    nm_jo_int(&j, "nonzeros", (int64_t)m->n_nz);
    nm_jo_int(&j, "binaries", (int64_t)nm_model_binaries(m));
    nm_jo_int(&j, "indicators", (int64_t)r.when);
    nm_jo_int(&j, "sos1", (int64_t)m->n_sos);
    nm_jo_int(&j, "cuts", (int64_t)r.cuts);
    nm_jo_num(&j, "largest_big_m", big.most);
    nm_jo_num(&j, "slack_budget", budget(v, &big));
    nm_jo_nums(&j, "coefficients", (double[]){r.coef.lo, r.coef.hi}, 2);
    nm_jo_done(&j);
}

/* ---- a row, a unit ---- */

static void put_products(const view *v, size_t r, bool first)
{
    const nm_model *m = v->m;
    for (size_t k = 0; k < m->n_quad; k++) {
        const nm_quad *q = &m->quad[k];
        if (q->row != (int64_t)r) continue;
        nm_put(v->out, first ? (q->c < 0 ? "-" : "") : q->c < 0 ? " - " : " + ");
        first = false;
        nm_put_num(v->out, fabs(q->c));
        nm_put(v->out, " %s", m->cols[q->i].name);
        nm_put(v->out, q->i == q->j ? "^2" : " * %s", m->cols[q->j].name);
    }
}

static void put_terms(const view *v, size_t r, size_t most)
{
    const nm_model *m = v->m;
    const nm_mrow *row = &m->rows[r];
    const size_t n = nm_row_end(m, r) - row->start;
    if (row->when >= 0) nm_put(v->out, "if %s = %d: ", m->cols[row->when].name, row->on);
    for (size_t k = 0; k < n; k++) {
        if (k == most && n > most + 4) { /* the last columns are the unit's own */
            nm_put(v->out, " ... %zu more ...", n - most - 4);
            k = n - 4;
        }
        const double c = m->c[row->start + k];
        nm_put(v->out, k ? (c < 0 ? " - " : " + ") : c < 0 ? "-" : "");
        nm_put_num(v->out, fabs(c));
        nm_put(v->out, " %s", m->cols[m->j[row->start + k]].name);
    }
    put_products(v, r, n == 0);
    if (isfinite(row->lo) && row->lo != row->hi)
        nm_put(v->out, " >= "), nm_put_num(v->out, row->lo);
    if (isfinite(row->hi))
        nm_put(v->out, row->lo == row->hi ? " = " : " <= "), nm_put_num(v->out, row->hi);
    nm_put(v->out, "\n");
}

static void put_row(const view *v, size_t r, size_t most)
{
    nm_put(v->out, "row %s: %s%s\n  ", v->m->rows[r].name,
           nm_explain_row(v->job, v->row[r], v->map ? v->map->form.encoding : NULL),
           v->m->rows[r].is_cut ? " (a user cut)" : "");
    put_terms(v, r, most);
}

static void put_end(nm_buf *b, double x)
{
    if (isinf(x))
        nm_put(b, x < 0 ? "-infinity" : "infinity");
    else
        nm_put_num(b, x);
}

static void put_col(const view *v, size_t j)
{
    const nm_col *c = &v->m->cols[j];
    nm_put(v->out, "column %s: %s, in [", c->name, nm_explain_col(v->job, c->name, v->col[j]));
    put_end(v->out, c->lo);
    nm_put(v->out, ", ");
    put_end(v->out, c->hi);
    nm_put(v->out, c->is_int ? "], integer" : "]");
    if (c->obj != 0) nm_put(v->out, ", cost "), nm_put_num(v->out, c->obj);
    nm_put(v->out, "\n");
}

typedef struct {
    nm_buf *out;
    size_t n, most;
    int src;
} terms;

static void put_weight(void *arg, size_t j, double w)
{
    terms *t = arg;
    if (w == 0) return;
    if (t->n++ >= t->most) return;
    nm_put(t->out, w < 0 ? " - " : " + ");
    nm_put_num(t->out, fabs(w));
    if (t->src == 0)
        nm_put(t->out, " x%zu", j);
    else
        nm_put(t->out, " u%d_%zu", t->src, j);
}

/* Prints the unit's equation in the network, if the network's file exists and has not changed. */
static void put_equation(const view *v, size_t block, size_t unit)
{
    if (!v->map || !v->map->from.net_path || !nm_file_exists(v->map->from.net_path)) return;
    nm_front front = v->map->from.front;
    front.n_asked = v->map->question->n_in;
    const nm_net *net = nm_net_read_as(v->job, v->map->from.net_path, &front);
    if (strcmp(net->hash, v->map->from.net_hash)) {
        nm_put(v->out, "network: %s has changed since\n", v->map->from.net_path);
        return;
    }
    const nm_program *p = nm_lower(v->job, net);
    if (block >= p->n_blocks || unit >= p->blocks[block].n) return;
    const nm_block *k = &p->blocks[block], *src = k->src >= 0 ? &p->blocks[k->src] : NULL;
    if (k->kind == NM_MAX) {
        nm_put(v->out, "network: the largest of %zu units of block %d\n",
               k->ptr[unit + 1] - k->ptr[unit], k->src);
        return;
    }
    if (k->kind != NM_RELU || !src || src->kind != NM_AFFINE) return;
    nm_put(v->out, "network: v = max(0, a), a = unit %zu of block %d (%s) = ", unit, k->src,
           src->name);
    nm_put_num(v->out, src->bias[unit]);
    for (size_t t = 0; t < src->n_lin; t++) {
        terms w = {v->out, 0, 8, src->lin[t].src};
        nm_lin_row(&src->lin[t], unit, put_weight, &w);
        if (w.n > w.most) nm_put(v->out, " + ... %zu more of block %d", w.n - w.most, w.src);
    }
    nm_put(v->out, "\n");
}

/* Returns true if some column or row of the model belongs to the unit. */
static bool has_unit(const view *v, nm_modelname k)
{
    bool found = false;
    for (size_t j = 0; j < v->m->n_cols; j++)
        found |= v->col[j].block == k.block && v->col[j].unit == k.unit;
    for (size_t r = 0; r < v->m->n_rows; r++)
        found |= v->row[r].block == k.block && v->row[r].unit == k.unit;
    return found;
}

/* Refuses a unit that the network does not have. */
static void check_unit(const view *v, const char *say, nm_modelname k)
{
    if (has_unit(v, k)) return;
    if (!v->map)
        nm_throw(v->job, NM_EUSE,
                 "--unit %s: no column and no row of this model belongs to it; which units the "
                 "network has "
                 "stands in the model's map, which is not beside it",
                 say);
    const size_t blocks = v->map->units.n_blocks;
    if ((size_t)k.block >= blocks)
        nm_throw(v->job, NM_EUSE,
                 "--unit %s: the network has no block %lld; a block from 0 to %zu was expected",
                 say, (long long)k.block, blocks - 1);
    const size_t units = v->map->units.blocks[k.block].n;
    if ((size_t)k.unit >= units)
        nm_throw(v->job, NM_EUSE,
                 "--unit %s: block %lld has no unit %lld; a unit from 0 to %zu was expected", say,
                 (long long)k.block, (long long)k.unit, units - 1);
}

static void put_unit(const view *v, const char *say)
{
    nm_modelname k = nm_modelname_parse(*say >= '0' && *say <= '9' ? nm_fmt(v->job, "v%s", say)
                                                                   : say);
    if (k.block < 0 || k.unit < 0) /* 2:7 */
        for (char *s = nm_fmt(v->job, "v%s", say), *colon = strchr(s, ':'); colon; colon = NULL) {
            *colon = '_';
            k = nm_modelname_parse(s);
        }
    if (k.block < 0 || k.unit < 0)
        nm_throw(v->job, NM_EUSE, "--unit %s: BLOCK:UNIT, or a column's name, was expected", say);
    check_unit(v, say, k);
    size_t found = 0;
    if (v->map) {
        nm_notes_unit(v->out, v->map, k);
        nm_put(v->out, "\n");
    }
    if (k.block > 0) put_equation(v, (size_t)k.block, (size_t)k.unit);
    for (size_t j = 0; j < v->m->n_cols; j++)
        if (v->col[j].block == k.block && v->col[j].unit == k.unit) put_col(v, j), found++;
    for (size_t r = 0; r < v->m->n_rows; r++)
        if (k.block > 0 && v->row[r].block == k.block && v->row[r].unit == k.unit)
            put_row(v, r, 8), found++;
    for (size_t s = 0; s < v->m->n_sos; s++) {
        const nm_modelname set = nm_modelname_parse(v->m->sos[s].name);
        if (set.block != k.block || set.unit != k.unit) continue;
        nm_put(v->out, "set %s: at most one is not 0:", v->m->sos[s].name);
        for (size_t t = 0; t < v->m->sos[s].n; t++)
            nm_put(v->out, " %s", v->m->cols[v->m->sos[s].j[t]].name);
        nm_put(v->out, "\n");
    }
    if (!found)
        nm_put(
            v->out,
            "no column and no row: it is folded into others, or has no effect on this question\n");
}

static void put_named_row(const view *v, const char *name)
{
    size_t found = 0;
    for (size_t r = 0; r < v->m->n_rows; r++) {
        if (strcmp(v->m->rows[r].name, name)) continue;
        put_row(v, r, SIZE_MAX / 2);
        found++;
        if (v->map && v->row[r].unit >= 0) {
            nm_put(v->out, "  of ");
            nm_notes_unit(v->out, v->map, v->row[r]);
            nm_put(v->out, "\n");
            put_equation(v, (size_t)v->row[r].block, (size_t)v->row[r].unit);
        }
    }
    if (!found) nm_throw(v->job, NM_EUSE, "--row %s: no such row", name);
}

/* Restores the original names of a model in fixed MPS. */
static void lengthen(nm_model *m, const nm_map *map)
{
    if (map->file.long_cols)
        for (size_t j = 0; j < m->n_cols; j++) m->cols[j].name = map->file.long_cols[j];
    if (map->file.long_rows)
        for (size_t r = 0; r < m->n_rows; r++) m->rows[r].name = map->file.long_rows[r];
}

void nm_inspect_model(nm_job *job, nm_buf *out, const char *path, const char *unit, const char *row,
                      bool as_json)
{
    nm_model *m = nm_model_read(job, path);
    view v = {job,
              out,
              m,
              map_beside(job, path, m),
              NM_ARRAY(job, nm_modelname, m->n_rows + 1),
              NM_ARRAY(job, nm_modelname, m->n_cols + 1)};
    if (v.map) lengthen(m, v.map);
    for (size_t r = 0; r < m->n_rows; r++) v.row[r] = nm_modelname_parse(m->rows[r].name);
    for (size_t j = 0; j < m->n_cols; j++) v.col[j] = nm_modelname_parse(m->cols[j].name);
    if (v.map && v.map->file.scale.any && (unit || row)) nm_model_unscale(m, &v.map->file.scale);
    if (as_json && (unit || row)) nm_throw(job, NM_EUSE, "--json prints only a model's summary");
    if (unit) put_unit(&v, unit);
    if (row) put_named_row(&v, row);
    if (!unit && !row) (as_json ? put_json : put_summary)(&v, path);
}
