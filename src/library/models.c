/* models.c: the library's models: as arrays, as files, inside a user's own model, and solvers' answers to arrays.
 *
 * The arrays are those of the model that a file would hold: scaled, guarded, with its mark (encoding/guard.c,
 * model/scale.c), so that a solver's answer is judged like an answer to a file. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "answer/answer.h"
#include "command/command.h"

typedef struct {
    const nm_net *net;
    const nm_query *query;
    const nm_options *o;
    const char *path, *name;
    const nm_mip *mip;
    const char *const *names;
    const double *x;
    double objective, bound;
    size_t n;
    nm_mips *mips;
    nm_solution *s;
    nm_result *r;
} call;

/* ---- a model as arrays ---- */

static void set_columns(nm_job *job, nm_mip *m, const nm_model *k)
{
    m->cols = NM_ARRAY(job, const char *, k->n_cols + 1);
    for (int i = 0; i < 3; i++) m->col[i] = NM_RAW(job, double, k->n_cols + 1);
    m->is_int = NM_ARRAY(job, unsigned char, k->n_cols + 1);
    for (size_t j = 0; j < k->n_cols; j++) {
        m->cols[j] = k->cols[j].name;
        m->col[0][j] = k->cols[j].lo;
        m->col[1][j] = k->cols[j].hi;
        m->col[2][j] = k->cols[j].obj;
        m->is_int[j] = k->cols[j].is_int;
    }
}

static void set_rows(nm_job *job, nm_mip *m, const nm_model *k)
{
    bool any = false;
    m->rows = NM_ARRAY(job, const char *, k->n_rows + 1);
    m->start = NM_ARRAY(job, size_t, k->n_rows + 1);
    m->on = NM_ARRAY(job, unsigned char, k->n_rows + 1);
    for (int i = 0; i < 2; i++) m->row[i] = NM_RAW(job, double, k->n_rows + 1);
    int32_t *when = NM_RAW(job, int32_t, k->n_rows + 1);
    for (size_t r = 0; r < k->n_rows; r++) {
        m->rows[r] = k->rows[r].name;
        m->start[r] = k->rows[r].start;
        m->row[0][r] = k->rows[r].lo;
        m->row[1][r] = k->rows[r].hi;
        m->on[r] = k->rows[r].on;
        any |= (when[r] = k->rows[r].when) >= 0;
    }
    m->start[k->n_rows] = k->n_nz;
    m->when = any ? when : NULL;
}

static void set_others(nm_job *job, nm_mip *m, const nm_model *k)
{
    size_t n = 0;
    m->sos_start = NM_ARRAY(job, size_t, k->n_sos + 1);
    for (size_t i = 0; i < k->n_sos; i++) m->sos_start[i + 1] = n += k->sos[i].n;
    m->sos = NM_ARRAY(job, uint32_t, n + 1);
    for (size_t i = 0; i < k->n_sos; i++)
        memcpy(m->sos + m->sos_start[i], k->sos[i].j, k->sos[i].n * sizeof *m->sos);
    m->qrow = NM_ARRAY(job, int64_t, k->n_quad + 1);
    m->qi = NM_ARRAY(job, uint32_t, k->n_quad + 1);
    m->qj = NM_ARRAY(job, uint32_t, k->n_quad + 1);
    m->qc = NM_ARRAY(job, double, k->n_quad + 1);
    for (size_t i = 0; i < k->n_quad; i++) {
        m->qrow[i] = k->quad[i].row;
        m->qi[i] = k->quad[i].i;
        m->qj[i] = k->quad[i].j;
        m->qc[i] = k->quad[i].c;
    }
}

static nm_mip mip_of(nm_job *job, const nm_net *net, const struct nm_keptmodel *k)
{
    nm_mip m = {.net = net, .model = k->model, .map = k->map};
    const nm_map *map = k->map;
    m.target = map->file.cube ? nm_fmt(job, "%s, cube %zu of %zu", map->asks.name, map->file.cube,
                                       map->file.n_cubes)
                              : map->asks.name;
    set_columns(job, &m, k->model);
    set_rows(job, &m, k->model);
    set_others(job, &m, k->model);
    return m;
}

/* ---- compiled ---- */

static nm_solve_opts compile_options(nm_job *job, const call *c, nm_face face, const char *what)
{
    nm_cli f = *nm_face_options(job, c->o, face, what);
    if (c->path) f.value[NM_O_output] = nm_dup(job, c->path, strlen(c->path));
    nm_solve_opts o = nm_cli_solve_opts(job, &f, true);
    o.form.own_guard = c->query->own_guard;
    return o;
}

static void compile(nm_job *job, void *arg)
{
    call *c = arg;
    const double start = nm_wall();
    nm_mips *m = NM_NEW(job, nm_mips);
    nm_solve_opts o = compile_options(job, c, NM_F_ARRAYS, "nm_compile");
    o.files.keep = &m->kept;
    nm_face_fits(job, c->net, c->query);
    nm_verdict *v = nm_solve_query(job, c->net, c->query, &o);
    m->net = c->net;
    m->query = c->query;
    m->verdict = v;
    m->m = NM_ARRAY(job, nm_mip, m->kept.n + 1);
    for (size_t i = 0; i < m->kept.n; i++) m->m[i] = mip_of(job, c->net, &m->kept.m[i]);
    m->result = nm_result_new(job, c->query, v, NULL, true, nm_wall() - start);
    c->mips = m;
}

int nm_compile(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o,
               const nm_mips **mips)
{
    call c = {.net = net, .query = query, .o = o};
    const int code = NM_FACE_RUN(job, compile, &c, net, query, mips);
    if (mips) *mips = code ? NULL : c.mips;
    return code;
}

/* Adds the manifest, of which nm_models_clear has left no older one. */
static void add_manifest(nm_job *job, nm_result *r, const char *out)
{
    const char *suffix, *stem = nm_model_stem(job, out, &suffix);
    const char *path = nm_fmt(job, "%s.manifest.json", stem);
    if (nm_file_exists(path)) *NM_PUSH(job, r->files, r->n_files, r->cap_files) = path;
}

static void compile_files(nm_job *job, void *arg)
{
    call *c = arg;
    const double start = nm_wall();
    const nm_solve_opts o = compile_options(job, c, NM_F_FILES, "nm_compile_files");
    nm_face_fits(job, c->net, c->query);
    nm_models_clear(job, o.files.out);
    nm_verdict *v = nm_solve_query(job, c->net, c->query, &o);
    c->r = nm_result_new(job, c->query, v, NULL, true, nm_wall() - start);
    add_manifest(job, c->r, o.files.out);
}

int nm_compile_files(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o,
                     const char *out, const nm_result **r)
{
    call c = {.net = net, .query = query, .o = o, .path = out};
    const int code = NM_FACE_RUN(job, compile_files, &c, net, query, out, r);
    if (r) *r = code ? NULL : c.r;
    return code;
}

/* ---- a network inside a user's model ---- */

static const char *stated(nm_job *job, const nm_cli *f, nm_opt o)
{
    if (!f->value[o]) nm_throw(job, NM_EUSE, "%s: nm_embed_files expects it", nm_cli_name(job, o));
    return f->value[o];
}

static void embed_files(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_cli *f = nm_face_options(job, c->o, NM_F_EMBED, "nm_embed_files");
    const char *dialect = f->value[NM_O_dialect];
    const nm_unit_opts units = nm_cli_unit_opts(job, f);
    const nm_embed_opts o = {.into = stated(job, f, NM_O_into),
                             .inputs = stated(job, f, NM_O_inputs),
                             .outputs = stated(job, f, NM_O_outputs),
                             .out = nm_dup(job, c->path, strlen(c->path)),
                             .bounds = units.bounds,
                             .encoding = f->value[NM_O_encoding],
                             .dialect = nm_dialect_find(job, dialect ? dialect : "generic"),
                             .threads = units.threads,
                             .options = "nm_embed_files",
                             .version = NM_VERSION};
    const nm_embedded e = nm_embed(job, c->net, &o);
    nm_map *map = NM_NEW(job, nm_map); /* no question: what asks for one refuses it */
    *map = (nm_map){.asks.name = nm_fmt(job, "%s in %s", c->net->path, o.into), .n_in = e.n_in, .col = e.in};
    const struct nm_keptmodel kept = {0, e.model, map};
    nm_mip *m = NM_NEW(job, nm_mip);
    *m = mip_of(job, c->net, &kept);
    c->mip = m;
}

int nm_embed_files(nm_job *job, const nm_net *net, const nm_options *o, const char *out, const nm_mip **m)
{
    call c = {.net = net, .o = o, .path = out};
    const int code = NM_FACE_RUN(job, embed_files, &c, net, out, m);
    if (m) *m = code ? NULL : c.mip;
    return code;
}

/* ---- what a model says ---- */

/* Returns the model, or for NULL one without rows and columns. */
static const nm_mip *the(const nm_mip *m)
{
    static const nm_model empty;
    static const nm_map blank;
    static const nm_mip none = {.target = "", .model = &empty, .map = &blank};
    return m ? m : &none;
}

size_t nm_mips_count(const nm_mips *mips) { return mips ? mips->kept.n : 0; }
const nm_mip *nm_mips_get(const nm_mips *mips, size_t i)
{
    return i < nm_mips_count(mips) ? &mips->m[i] : NULL;
}
const nm_result *nm_mips_result(const nm_mips *mips) { return mips ? mips->result : NULL; }

const char *nm_mip_target(const nm_mip *m) { return the(m)->target; }
int nm_mip_relaxation(const nm_mip *m) { return the(m)->map->form.relaxation; }
size_t nm_mip_columns(const nm_mip *m) { return the(m)->model->n_cols; }
const char *const *nm_mip_column_names(const nm_mip *m) { return the(m)->cols; }
const double *nm_mip_column_lo(const nm_mip *m) { return the(m)->col[0]; }
const double *nm_mip_column_hi(const nm_mip *m) { return the(m)->col[1]; }
const double *nm_mip_column_cost(const nm_mip *m) { return the(m)->col[2]; }
const unsigned char *nm_mip_integer(const nm_mip *m) { return the(m)->is_int; }
size_t nm_mip_rows(const nm_mip *m) { return the(m)->model->n_rows; }
const char *const *nm_mip_row_names(const nm_mip *m) { return the(m)->rows; }
const double *nm_mip_row_lo(const nm_mip *m) { return the(m)->row[0]; }
const double *nm_mip_row_hi(const nm_mip *m) { return the(m)->row[1]; }
const size_t *nm_mip_start(const nm_mip *m) { return the(m)->start; }
const uint32_t *nm_mip_index(const nm_mip *m) { return the(m)->model->j; }
const double *nm_mip_value(const nm_mip *m) { return the(m)->model->c; }

const int32_t *nm_mip_when(const nm_mip *m, const unsigned char **on)
{
    if (on) *on = the(m)->when ? the(m)->on : NULL;
    return the(m)->when;
}

size_t nm_mip_sos1(const nm_mip *m, const size_t **start, const uint32_t **column)
{
    if (start) *start = the(m)->sos_start;
    if (column) *column = the(m)->sos;
    return the(m)->model->n_sos;
}

size_t nm_mip_products(const nm_mip *m, const int64_t **row, const uint32_t **i, const uint32_t **j,
                       const double **c)
{
    if (row) *row = the(m)->qrow;
    if (i) *i = the(m)->qi;
    if (j) *j = the(m)->qj;
    if (c) *c = the(m)->qc;
    return the(m)->model->n_quad;
}

size_t nm_mip_inputs(const nm_mip *m, const int64_t **column)
{
    if (column) *column = the(m)->map->col;
    return the(m)->map->n_in;
}

double nm_mip_measure(const nm_mip *m, double objective)
{
    return m ? ldexp(objective, m->map->file.scale.objective) + m->map->file.constant : NAN;
}

/* ---- a solver's answer ---- */

static nm_solution *new_solution(nm_job *job, const nm_mip *m)
{
    if (!m->map->question) nm_throw(job, NM_EUSE, "%s: no question, which a solution could answer", m->target);
    nm_solution *s = NM_NEW(job, nm_solution);
    s->job = job;
    s->mip = m;
    return s;
}

static void make_solution(nm_job *job, void *arg)
{
    call *c = arg;
    static const char *const words[] = {"optimal", "feasible", "infeasible", "unbounded", "none"};
    size_t k = 0;
    while (k < sizeof words / sizeof *words && strcmp(words[k], c->name)) k++;
    if (k == sizeof words / sizeof *words)
        nm_throw(job, NM_EUSE,
                 "status %s: optimal, feasible, infeasible, unbounded or none was expected",
                 c->name);
    c->s = new_solution(job, c->mip);
    c->s->sol = (nm_sol){.solver = "a solver",
                         .status_text = nm_solstatus_name((nm_solstatus)k),
                         .status = (nm_solstatus)k,
                         .objective = NAN,
                         .bound = NAN,
                         .n_rows = -1,
                         .n_cols = -1};
}

int nm_solution_new(nm_job *job, const nm_mip *m, const char *status, nm_solution **s)
{
    call c = {.mip = m, .name = status};
    const int code = NM_FACE_RUN(job, make_solution, &c, m, status, s);
    if (s) *s = code ? NULL : c.s;
    return code;
}

/* Reads a solver's file. Names are copied: some are those of parsed JSON, which goes when the call ends. */
static void load_solution(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_map *map = c->mip->map;
    c->s = new_solution(job, c->mip);
    nm_sol *s = nm_sol_answer(job, c->path, c->name);
    if (!nm_sol_check(job, s, nm_map_card(map), c->path) && s->status == NM_SOL_INFEASIBLE)
        nm_throw(job, NM_EAUDIT,
                 "%s: names no column, so it may be another model's: the map of the model's file was expected, too",
                 c->path);
    if (c->name && strcmp(s->solver, "cbc log")) nm_sol_log(job, nm_file_read(job, c->name), s);
    for (size_t k = 0; k < s->n; k++)
        if (s->vals[k].name) s->vals[k].name = nm_dup(job, s->vals[k].name, strlen(s->vals[k].name));
    s->solver = nm_dup(job, s->solver, strlen(s->solver));
    if (s->status_text) s->status_text = nm_dup(job, s->status_text, strlen(s->status_text));
    if (s->model) s->model = nm_dup(job, s->model, strlen(s->model));
    c->s->sol = *s;
}

int nm_solution_load(nm_job *job, const nm_mip *m, const char *path, const char *log, nm_solution **s)
{
    call c = {.mip = m, .path = path, .name = log};
    const int code = NM_FACE_RUN(job, load_solution, &c, m, path, s);
    if (s) *s = code ? NULL : c.s;
    return code;
}

static void set_values(nm_job *job, void *arg)
{
    const call *c = arg;
    nm_sol *s = &c->s->sol;
    const nm_map *map = c->s->mip->map;
    if (!c->names && c->n != map->file.n_cols)
        nm_throw(job, NM_EUSE, "%zu values; the model has %zu columns", c->n, map->file.n_cols);
    s->vals = NULL;
    s->n = s->cap = 0;
    for (size_t j = 0; j < c->n; j++) {
        if (c->names && !c->names[j]) nm_throw(job, NM_EUSE, "name %zu is NULL; a column's was expected", j);
        const char *name = c->names ? nm_dup(job, c->names[j], strlen(c->names[j]))
                                    : map->file.cols[j];
        if (!isfinite(c->x[j]))
            nm_throw(job, NM_EUSE, "column \"%s\": its value is not finite", name);
        *NM_PUSH(job, s->vals, s->n, s->cap) = (struct nm_solval){name, c->x[j],
                                                                  c->names ? -1 : (int64_t)j};
    }
    s->has_values = true;
}

int nm_solution_values(nm_solution *s, size_t n, const char *const *names, const double *x)
{
    call c = {.s = s, .n = n, .names = names, .x = x};
    return NM_FACE_RUN(s ? s->job : NULL, set_values, &c, x);
}

static void set_claims(nm_job *job, void *arg)
{
    const call *c = arg;
    nm_sol *s = &c->s->sol;
    if (c->name) s->solver = nm_dup(job, c->name, strlen(c->name));
    s->objective = c->objective;
    s->bound = c->bound;
}

int nm_solution_claims(nm_solution *s, const char *solver, double objective, double bound)
{
    call c = {.s = s, .name = solver, .objective = objective, .bound = bound};
    return s ? nm_run(s->job, set_claims, &c) : NM_EUSE;
}
