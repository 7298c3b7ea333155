/* map.c: writes and reads maps, which hold what a model's file cannot express but decode needs: which column is which
 * input, the objective's constant, the question itself, and hashes of network, question and model, so that files that
 * are outdated or belong to something else are refused. JSON. */
#include "base/base.h"
#include "question/question.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"

#include <cJSON.h>

static void put_names(nm_jo *j, const char *key, const char *const *name, size_t n)
{
    if (!name) return;
    nm_jo_line(j);
    nm_jo_list(j, key);
    nm_jo_tight(j);
    for (size_t k = 0; k < n; k++) nm_jo_str(j, NULL, name[k]);
    nm_jo_end(j);
}

/* The nonzero exponents of n columns or rows, as pairs. */
static void put_exponents(nm_jo *j, const char *key, const int *e, size_t n)
{
    nm_jo_list(j, key);
    nm_jo_tight(j);
    if (e)
        for (size_t k = 0; k < n; k++) {
            if (e[k] == 0) continue;
            nm_jo_list(j, NULL);
            nm_jo_int(j, NULL, (int64_t)k);
            nm_jo_int(j, NULL, e[k]);
            nm_jo_end(j);
        }
    nm_jo_end(j);
}

/* Writes how the file's numbers were changed, and whether a solver's word about it can be believed. */
static void put_fit(nm_jo *j, const nm_map *m)
{
    nm_jo_line(j);
    nm_jo_object(j, "scale");
    nm_jo_int(j, "objective", m->file.scale.objective);
    put_exponents(j, "columns", m->file.scale.col, m->file.n_cols);
    put_exponents(j, "rows", m->file.scale.row, m->file.scale.row ? m->file.n_rows : 0);
    nm_jo_end(j);
    nm_jo_line(j);
    nm_jo_num(j, "guard", m->form.slack);
    nm_jo_num(j, "budget", m->form.budget);
    nm_jo_object(j, "tolerances");
    nm_jo_num(j, "primal", m->form.tolerance.primal);
    nm_jo_num(j, "integrality", m->form.tolerance.integral);
    nm_jo_end(j);
    nm_jo_line(j);
    nm_jo_str(j, "unfit", m->form.unfit);
    nm_jo_str_if(j, "assumed", m->form.assumed);
}

static void put_origin(nm_jo *j, const nm_map *m)
{
    put_names(j, "columns_stand_for", m->file.long_cols, m->file.n_cols);
    put_names(j, "rows_stand_for", m->file.long_rows, m->file.n_rows);
    nm_jo_line(j);
    nm_jo_list(j, "blocks");
    nm_jo_tight(j);
    for (size_t i = 0; i < m->units.n_blocks; i++) {
        const nm_mapblock *k = &m->units.blocks[i];
        nm_jo_list(j, NULL);
        nm_jo_str(j, NULL, k->kind);
        nm_jo_str(j, NULL, k->name ? k->name : "");
        nm_jo_int(j, NULL, (int64_t)k->n);
        nm_jo_int(j, NULL, k->src);
        nm_jo_end(j);
    }
    nm_jo_end(j);
    nm_jo_line(j);
    nm_jo_list(j, "units");
    nm_jo_tight(j);
    for (size_t i = 0; i < m->units.n; i++) {
        const nm_mapunit *u = &m->units.unit[i];
        nm_jo_list(j, NULL);
        nm_jo_int(j, NULL, u->block);
        nm_jo_int(j, NULL, (int64_t)u->unit);
        nm_jo_num(j, NULL, u->lo);
        nm_jo_num(j, NULL, u->hi);
        nm_jo_str(j, NULL, u->by);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

/* Writes what the map was made from. */
static void put_source(nm_jo *j, const nm_map *m, const char *question_hash)
{
    nm_jo_line(j);
    nm_jo_str(j, "program", m->from.version);
    nm_jo_str(j, "options", m->from.options);
    nm_jo_line(j);
    nm_jo_str(j, "net", m->from.net_path);
    nm_jo_str(j, "net_sha256", m->from.net_hash);
    nm_jo_line(j);
    nm_jo_str_if(j, "mean", m->from.front.mean);
    nm_jo_str_if(j, "std", m->from.front.std);
    nm_jo_str_if(j, "channels", m->from.front.channels);
    if (m->from.front.channels) nm_jo_line(j);
    nm_jo_str_if(j, "input_shape", m->from.front.shape);
    nm_jo_str_if(j, "output_name", m->from.front.output);
    nm_jo_str_if(j, "against", m->from.against);
    if (m->from.against) nm_jo_line(j);
    nm_jo_str(j, "query", m->from.query_path);
    nm_jo_str(j, "query_sha256", m->from.query_hash);
    nm_jo_line(j);
    nm_jo_str(j, "question_sha256", question_hash);
    nm_jo_line(j);
    nm_jo_str(j, "model", m->file.path);
    nm_jo_str(j, "model_sha256", m->file.hash);
}

/* Writes what the model means: which target, in which form, and what its answers prove. */
static void put_meaning(nm_jo *j, const nm_map *m)
{
    nm_jo_line(j);
    nm_jo_str(j, "target", m->asks.name);
    nm_jo_int(j, "target_label", m->asks.target_label);
    nm_jo_int(j, "label", m->asks.label);
    nm_jo_int(j, "case", (int64_t)m->asks.icase);
    nm_jo_int(j, "clause", (int64_t)m->asks.iclause);
    nm_jo_line(j);
    nm_jo_str(j, "objective", m->asks.objective);
    nm_jo_str(j, "encoding", m->form.encoding);
    nm_jo_str(j, "dialect", m->file.dialect);
    nm_jo_line(j);
    nm_jo_bool(j, "fold", m->form.fold);
    nm_jo_str(j, "bounds_hold_for",
              m->form.conditioned ? "counterexamples to the target" : "the input set");
    nm_jo_num(j, "constant", m->file.constant);
    nm_jo_line(j);
    nm_jo_bool(j, "relaxation", m->form.relaxation);
    nm_jo_str(j, "infeasible", "no counterexample to this target");
    nm_jo_str(j, "feasible",
              m->form.relaxation
                  ? "a point of a relaxation: it need not be a counterexample, replay decides"
                  : "a candidate: replay decides");
}

void nm_map_write(nm_job *job, const nm_map *m, const char *path)
{
    const nm_mark mark = nm_mark_get(job);
    nm_buf b = {.job = job}, text = {.job = job};
    nm_jo j = nm_jo_new(&b);
    char hash[65];
    nm_query_write(&text, m->question);
    nm_sha256(text.s, text.n, hash);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "map");
    nm_jo_int(&j, "version", 2);
    put_source(&j, m, hash);
    put_meaning(&j, m);
    put_fit(&j, m);
    nm_jo_line(&j);
    if (m->file.cube) {
        nm_jo_int(&j, "cube", (int64_t)m->file.cube);
        nm_jo_int(&j, "cubes", (int64_t)m->file.n_cubes);
        nm_jo_line(&j);
    }
    nm_jo_int(&j, "rows", (int64_t)m->file.n_rows);
    nm_jo_int(&j, "nonzeros", (int64_t)m->file.n_nz);
    nm_jo_int(&j, "binaries", (int64_t)m->file.n_bin);
    put_names(&j, "columns", m->file.cols, m->file.n_cols);
    put_origin(&j, m);
    nm_jo_line(&j);
    nm_jo_str(&j, "mark", m->file.tag);
    nm_jo_line(&j);
    nm_jo_list(&j, "input_columns");
    nm_jo_tight(&j);
    for (size_t i = 0; i < m->n_in; i++) nm_jo_int(&j, NULL, m->col[i]);
    nm_jo_end(&j);
    nm_jo_line(&j);
    nm_jo_raw(&j, "question", text.s);
    nm_jo_done(&j);
    nm_file_write(job, path, b.s, b.n);
    nm_mark_release(job, mark);
}

static const char *str(nm_job *job, const nm_json *j, const char *key, const char *where)
{
    const nm_json *x = nm_json_get(job, j, key, where);
    return cJSON_IsNull(x) ? NULL : nm_json_str(job, x, where);
}

static size_t size(nm_job *job, const nm_json *j, const char *key, const char *where)
{
    const int64_t x = nm_json_int(job, nm_json_get(job, j, key, where), where);
    if (x < 0) nm_throw(job, NM_EINPUT, "%s: \"%s\" is negative", where, key);
    return (size_t)x;
}

static void read_columns(nm_job *job, nm_map *m, const nm_json *j, const char *where)
{
    const nm_json *names = nm_json_get(job, j, "columns", where),
                  *in = nm_json_get(job, j, "input_columns", where);
    m->file.cols = NM_ARRAY(job, const char *, nm_json_count(names) + 1);
    for (const nm_json *a = names->child; a; a = a->next)
        m->file.cols[m->file.n_cols++] = nm_json_str(job, a, where);
    int64_t *col = NM_RAW(job, int64_t, nm_json_count(in) + 1);
    for (const nm_json *a = in->child; a; a = a->next) {
        col[m->n_in] = nm_json_int(job, a, where);
        if (col[m->n_in] < -1 || col[m->n_in] >= (int64_t)m->file.n_cols)
            nm_throw(job, NM_EINPUT, "%s: a column that does not exist", where);
        m->n_in++;
    }
    m->col = col;
}

static const char **read_names(nm_job *job, const nm_json *j, const char *key, const char *where,
                               size_t n)
{
    const nm_json *names = nm_json_find(j, key);
    if (!names) return NULL;
    const char **name = NM_ARRAY(job, const char *, n + 1);
    size_t k = 0;
    if (nm_json_count(names) != n)
        nm_throw(job, NM_EINPUT, "%s: \"%s\" has the wrong length", where, key);
    for (const nm_json *a = names->child; a; a = a->next) name[k++] = nm_json_str(job, a, where);
    return name;
}

/* Returns element k of a list. */
static const nm_json *member(nm_job *job, const nm_json *list, size_t k, const char *where)
{
    const nm_json *a = list->child;
    while (a && k--) a = a->next;
    if (!a) nm_throw(job, NM_EINPUT, "%s: a list is too short", where);
    return a;
}

/* Reads blocks and units, if the map has them. */
static void read_origin(nm_job *job, nm_map *m, const nm_json *j, const char *where)
{
    const nm_json *blocks = nm_json_find(j, "blocks"), *units = nm_json_find(j, "units");
    m->file.long_cols = read_names(job, j, "columns_stand_for", where, m->file.n_cols);
    m->file.long_rows = read_names(job, j, "rows_stand_for", where, m->file.n_rows);
    if (!blocks || !units) return;
    nm_mapblock *block = NM_ARRAY(job, nm_mapblock, nm_json_count(blocks) + 1);
    for (const nm_json *a = blocks->child; a; a = a->next)
        block[m->units.n_blocks++] = (nm_mapblock){
            nm_json_str(job, member(job, a, 0, where), where),
            nm_json_str(job, member(job, a, 1, where), where),
            (size_t)nm_json_int(job, member(job, a, 2, where), where),
            (int)nm_json_int(job, member(job, a, 3, where), where)};
    nm_mapunit *unit = NM_ARRAY(job, nm_mapunit, nm_json_count(units) + 1);
    for (const nm_json *a = units->child; a; a = a->next) {
        nm_mapunit *u = &unit[m->units.n++];
        *u = (nm_mapunit){(int)nm_json_int(job, member(job, a, 0, where), where),
                          (size_t)nm_json_int(job, member(job, a, 1, where), where),
                          nm_json_num(job, member(job, a, 2, where), where),
                          nm_json_num(job, member(job, a, 3, where), where),
                          nm_json_str(job, member(job, a, 4, where), where)};
        if (u->block < 0 || (size_t)u->block >= m->units.n_blocks || u->unit >= block[u->block].n)
            nm_throw(job, NM_EINPUT, "%s: a unit that does not exist", where);
    }
    m->units.blocks = block;
    m->units.unit = unit;
}

static int *read_exponents(nm_job *job, const nm_json *list, size_t n, const char *where)
{
    int *e = NM_ARRAY(job, int, n + 1);
    for (const nm_json *a = list->child; a; a = a->next) {
        const int64_t k = nm_json_int(job, member(job, a, 0, where), where),
                      by = nm_json_int(job, member(job, a, 1, where), where);
        if (k < 0 || (size_t)k >= n || by < -4000 || by > 4000)
            nm_throw(job, NM_EINPUT, "%s: \"scale\" names a column or row that does not exist",
                     where);
        e[k] = (int)by;
    }
    return e;
}

/* Reads what put_fit writes. Maps of version 1 do not have it: then nothing covers a solver's tolerances. */
static void read_fit(nm_job *job, nm_map *m, const nm_json *j, const char *where)
{
    const nm_json *scale = nm_json_find(j, "scale");
    if (!scale) {
        m->form.unfit = "its map is of an older version, which has no guard";
        return;
    }
    const nm_json *tol = nm_json_get(job, j, "tolerances", where);
    const int64_t by = nm_json_int(job, nm_json_get(job, scale, "objective", where), where);
    if (by < -4000 || by > 4000) nm_throw(job, NM_EINPUT, "%s: \"scale\" is out of range", where);
    m->file.scale.objective = (int)by;
    m->file.scale.col = read_exponents(job, nm_json_get(job, scale, "columns", where),
                                       m->file.n_cols, where);
    m->file.scale.row = read_exponents(job, nm_json_get(job, scale, "rows", where), m->file.n_rows,
                                       where);
    m->file.scale.any = m->file.scale.exact = true;
    m->form.slack = nm_json_num(job, nm_json_get(job, j, "guard", where), where);
    m->form.budget = nm_json_num(job, nm_json_get(job, j, "budget", where), where);
    m->form.tolerance.primal = nm_json_num(job, nm_json_get(job, tol, "primal", where), where);
    m->form.tolerance.integral = nm_json_num(job, nm_json_get(job, tol, "integrality", where),
                                             where);
    m->form.unfit = str(job, j, "unfit", where);
}

void nm_map_unscale(const nm_map *m, nm_sol *s)
{
    if (m->file.scale.any)
        for (size_t j = 0; j < s->n; j++)
            if (s->vals[j].index >= 0 && (size_t)s->vals[j].index < m->file.n_cols)
                s->vals[j].x = ldexp(s->vals[j].x, m->file.scale.col[s->vals[j].index]);
    s->objective = ldexp(s->objective, m->file.scale.objective);
    s->bound = ldexp(s->bound, m->file.scale.objective);
}

nm_map *nm_map_read(nm_job *job, const char *path)
{
    const nm_json *j = nm_json_parse(job, nm_file_read(job, path));
    nm_map *m = NM_NEW(job, nm_map);
    const char *kind = nm_json_find(j, "netmip") ? nm_json_str(job, nm_json_find(j, "netmip"), path)
                                                 : "";
    const size_t version = strcmp(kind, "map") ? 0 : size(job, j, "version", path);
    if (version != 1 && version != 2)
        nm_throw(job, NM_EINPUT, "%s: not a netmip map of version 1 or 2", path);
    m->from.net_path = str(job, j, "net", path);
    m->from.net_hash = str(job, j, "net_sha256", path);
    if (nm_json_find(j, "mean")) m->from.front.mean = str(job, j, "mean", path);
    if (nm_json_find(j, "std")) m->from.front.std = str(job, j, "std", path);
    if (nm_json_find(j, "channels")) m->from.front.channels = str(job, j, "channels", path);
    if (nm_json_find(j, "input_shape")) m->from.front.shape = str(job, j, "input_shape", path);
    if (nm_json_find(j, "output_name")) m->from.front.output = str(job, j, "output_name", path);
    m->from.against = nm_json_find(j, "against") ? str(job, j, "against", path) : NULL;
    m->from.query_path = str(job, j, "query", path);
    m->from.query_hash = str(job, j, "query_sha256", path);
    m->file.path = str(job, j, "model", path);
    m->file.hash = str(job, j, "model_sha256", path);
    m->file.tag = nm_json_find(j, "mark") ? str(job, j, "mark", path) : NULL;
    m->asks.name = str(job, j, "target", path);
    m->asks.objective = str(job, j, "objective", path);
    m->from.text_hash = str(job, j, "question_sha256", path);
    if (!m->from.text_hash || !m->from.net_path || !m->from.net_hash || !m->from.query_hash ||
        !m->asks.name || !m->asks.objective)
        nm_throw(job, NM_EINPUT, "%s: a member is null", path);
    m->asks.icase = size(job, j, "case", path);
    m->asks.iclause = size(job, j, "clause", path);
    m->file.n_rows = size(job, j, "rows", path);
    m->file.n_bin = size(job, j, "binaries", path);
    m->file.cube = nm_json_find(j, "cube") ? size(job, j, "cube", path) : 0;
    m->file.n_cubes = m->file.cube ? size(job, j, "cubes", path) : 0;
    m->form.relaxation = cJSON_IsTrue(nm_json_get(job, j, "relaxation", path));
    m->file.constant = nm_json_num(job, nm_json_get(job, j, "constant", path), path);
    read_columns(job, m, j, path);
    read_fit(job, m, j, path);
    read_origin(job, m, j, path);
    m->form.assumed = nm_json_find(j, "assumed") ? str(job, j, "assumed", path) : NULL;
    m->form.encoding = nm_json_find(j, "encoding") ? str(job, j, "encoding", path) : NULL;
    m->file.dialect = nm_json_find(j, "dialect") ? str(job, j, "dialect", path) : NULL;
    m->file.n_nz = nm_json_find(j, "nonzeros") ? size(job, j, "nonzeros", path) : 0;
    nm_query *q = nm_query_parse(job, nm_json_get(job, j, "question", path), path);
    memcpy(q->hash, m->from.query_hash,
           strlen(m->from.query_hash) < 64 ? strlen(m->from.query_hash) : 64);
    m->question = q;
    nm_buf b = {.job = job};
    char hash[65];
    nm_query_write(&b, m->question);
    nm_sha256(b.s, b.n, hash);
    if (strcmp(hash, m->from.text_hash))
        nm_throw(job, NM_EAUDIT, "%s: its question was changed", path);
    if (m->asks.icase >= m->question->n_cases ||
        m->n_in != nm_case_width(m->question, &m->question->cases[m->asks.icase]) ||
        m->asks.iclause >= m->question->cases[m->asks.icase].n_clauses)
        nm_throw(job, NM_EINPUT, "%s: its parts do not fit together", path);
    return m;
}

nm_modelcard nm_map_card(const nm_map *m)
{
    return (nm_modelcard){m->file.path,   m->file.tag,   m->file.n_cols,
                          m->file.n_rows, m->file.n_bin, m->file.cols};
}
