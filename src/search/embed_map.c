/* embed_map.c: writes which columns stand for what in a model with a network inside: JSON beside the model, for people
 * and scripts, and the same in words. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "search/search.h"
#include "search/state.h"

#include <cJSON.h>

static void put_origin(nm_jo *j, const nm_net *net, const nm_embed_opts *o, const nm_embedded *e)
{
    const char *const pair[][2] = {{"program", o->version}, {"options", o->options},
                                   {"net", net->path},      {"net_sha256", net->hash},
                                   {"into", o->into},       {"into_sha256", e->into_hash},
                                   {"model", o->out},       {"model_sha256", e->model_hash}};
    for (size_t k = 0; k < sizeof pair / sizeof *pair; k++) {
        if (k % 2 == 0) nm_jo_line(j);
        nm_jo_str(j, pair[k][0], pair[k][1]);
    }
    nm_jo_line(j);
    if (net->front) {
        nm_jo_str_if(j, "mean", net->front->mean);
        nm_jo_str_if(j, "std", net->front->std);
        nm_jo_str_if(j, "channels", net->front->channels);
        nm_jo_str_if(j, "input_shape", net->front->shape);
        nm_jo_str_if(j, "output_name", net->front->output);
    }
    nm_jo_bool(j, "maximised", e->maximised);
    nm_jo_str(j, "prefix", e->prefix);
    nm_jo_str(j, "encoding",
              e->enc->arg ? nm_fmt(j->b->job, "%s:%zu", e->enc->enc->name, e->enc->arg)
                          : e->enc->enc->name);
    nm_jo_str(j, "dialect", o->dialect ? o->dialect->name : "generic");
}

/* Writes columns of the model, with the box that the bounds depend on, or the range of an output. */
static void put_ends(nm_jo *j, const char *key, const nm_embedded *e, size_t n, const int64_t *col,
                     size_t first)
{
    nm_jo_line(j);
    nm_jo_list(j, key);
    nm_jo_tight(j);
    for (size_t i = 0; i < n; i++) {
        nm_jo_object(j, NULL);
        nm_jo_str(j, "column", col[i] < 0 ? NULL : e->model->cols[col[i]].name);
        nm_jo_num(j, "lo", e->b->lo[first + i]);
        nm_jo_num(j, "hi", e->b->hi[first + i]);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

static void put_column(nm_jo *j, const nm_embedded *e, const char *key, int32_t col)
{
    nm_jo_str(j, key, col < 0 ? NULL : e->model->cols[e->col[col]].name);
}

/* Writes the units that have a column; for RELU the bounds are those of the pre-activation. */
static void put_units(nm_jo *j, const nm_embedded *e)
{
    const nm_program *p = e->b->p;
    nm_jo_line(j);
    nm_jo_list(j, "units");
    nm_jo_tight(j);
    for (int b = 1; b < (int)p->n_blocks - 1; b++)
        for (size_t i = 0; i < p->blocks[b].n; i++) {
            const nm_block *k = &p->blocks[b];
            const size_t u = k->first + i,
                         of = k->kind == NM_RELU ? p->blocks[k->src].first + i : u;
            if (e->enc->col[u] < 0) continue;
            nm_jo_line(j);
            nm_jo_object(j, NULL);
            nm_jo_int(j, "block", b);
            nm_jo_int(j, "unit", (int64_t)i);
            nm_jo_str(j, "node", k->name);
            nm_jo_str(j, "kind", nm_kind_name(k->kind));
            put_column(j, e, "column", e->enc->col[u]);
            put_column(j, e, "binary", e->enc->zcol[u]);
            nm_jo_num(j, "lo", e->b->lo[of]);
            nm_jo_num(j, "hi", e->b->hi[of]);
            nm_jo_str(j, "by", nm_by_name((nm_by)e->b->by[of]));
            nm_jo_end(j);
        }
    nm_jo_end(j);
}

/* Writes the columns against which a solution is checked. */
static void put_columns(nm_jo *j, const nm_model *m, size_t rows)
{
    nm_jo_line(j);
    nm_jo_int(j, "rows", (int64_t)rows);
    nm_jo_int(j, "integers", (int64_t)nm_model_binaries(m));
    nm_jo_line(j);
    nm_jo_list(j, "columns");
    nm_jo_tight(j);
    for (size_t k = 0; k < m->n_cols; k++) nm_jo_str(j, NULL, m->cols[k].name);
    nm_jo_end(j);
}

void nm_embed_map(nm_job *job, const nm_net *net, const nm_embed_opts *o, const nm_embedded *e)
{
    nm_buf text = {.job = job};
    nm_jo j = nm_jo_new(&text);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "embedding");
    nm_jo_int(&j, "version", 1);
    put_origin(&j, net, o, e);
    put_ends(&j, "inputs", e, e->n_in, e->in, 0);
    put_ends(&j, "outputs", e, e->n_out, e->at, e->b->p->blocks[e->b->p->n_blocks - 1].first);
    put_units(&j, e);
    put_columns(&j, e->model, e->file_rows);
    nm_jo_done(&j);
    nm_file_write(job, e->map, text.s, text.n);
}

/* ---- read back ---- */

static const nm_json *member(nm_job *job, const nm_json *o, const char *key, const char *path)
{
    return nm_json_get(job, o, key, nm_fmt(job, "%s: %s", path, key));
}

static const char *text(nm_job *job, const nm_json *o, const char *key, const char *path)
{
    return nm_json_str(job, member(job, o, key, path), nm_fmt(job, "%s: %s", path, key));
}

static size_t count(nm_job *job, const nm_json *o, const char *key, const char *path)
{
    const int64_t n = nm_json_int(job, member(job, o, key, path), nm_fmt(job, "%s: %s", path, key));
    if (n < 0) nm_throw(job, NM_EINPUT, "%s: %s: a count was expected", path, key);
    return (size_t)n;
}

static const nm_embedcol *read_ends(nm_job *job, const nm_json *o, const char *key,
                                    const char *path, size_t *n)
{
    const nm_json *list = member(job, o, key, path);
    *n = nm_json_count(list);
    nm_embedcol *c = NM_ARRAY(job, nm_embedcol, *n + 1);
    size_t i = 0;
    for (const nm_json *x = list->child; x && i < *n; x = x->next, i++) {
        const nm_json *name = member(job, x, "column", path);
        c[i].name = cJSON_IsNull(name) ? NULL : nm_json_str(job, name, path);
        c[i].lo = nm_json_num(job, member(job, x, "lo", path), path);
        c[i].hi = nm_json_num(job, member(job, x, "hi", path), path);
    }
    return c;
}

static const char *optional(nm_job *job, const nm_json *o, const char *key, const char *path)
{
    const nm_json *x = nm_json_find(o, key);
    return x ? nm_json_str(job, x, nm_fmt(job, "%s: %s", path, key)) : NULL;
}

nm_embedding *nm_embedding_read(nm_job *job, const char *path)
{
    const nm_json *o = nm_json_parse(job, nm_file_read(job, path)), *is = nm_json_find(o, "netmip");
    if (!is || !cJSON_IsString(is) || strcmp(is->valuestring, "embedding")) return NULL;
    if (count(job, o, "version", path) != 1)
        nm_throw(job, NM_EUNSUP, "%s: a map of version 1 was expected", path);
    nm_embedding *e = NM_NEW(job, nm_embedding);
    *e = (nm_embedding){.net = text(job, o, "net", path),
                        .net_hash = text(job, o, "net_sha256", path),
                        .into = text(job, o, "into", path),
                        .model = text(job, o, "model", path),
                        .prefix = text(job, o, "prefix", path),
                        .encoding = text(job, o, "encoding", path),
                        .front = {.mean = optional(job, o, "mean", path),
                  .std = optional(job, o, "std", path),
                  .channels = optional(job, o, "channels", path),
                  .shape = optional(job, o, "input_shape", path),
                  .output = optional(job, o, "output_name", path)},
        .maximised = nm_json_true(member(job, o, "maximised", path)),
                        .n_rows = count(job, o, "rows", path),
                        .n_int = count(job, o, "integers", path),
                        .n_units = nm_json_count(member(job, o, "units", path))};
    e->in = read_ends(job, o, "inputs", path, &e->n_in);
    e->out = read_ends(job, o, "outputs", path, &e->n_out);
    const nm_json *list = member(job, o, "columns", path);
    e->n_cols = nm_json_count(list);
    const char **cols = NM_ARRAY(job, const char *, e->n_cols + 1);
    size_t j = 0;
    for (const nm_json *x = list->child; x && j < e->n_cols; x = x->next)
        cols[j++] = nm_json_str(job, x, path);
    e->cols = cols;
    return e;
}

static void print_ends(nm_buf *out, const char *what, size_t n, const nm_embedcol *c)
{
    for (size_t i = 0; i < n; i++) {
        if (!c[i].name) continue;
        nm_put(out, "%s %zu, column %s: in [", what, i, c[i].name);
        nm_put_num(out, c[i].lo);
        nm_put(out, ", ");
        nm_put_num(out, c[i].hi);
        nm_put(out, "]\n");
    }
}

void nm_embedding_print(nm_buf *out, const nm_embedding *e)
{
    nm_put(out, "map of %s, which is %s with a network in it\nnetwork %s\n", e->model, e->into,
           e->net);
    if (e->maximised) nm_put(out, "its objective is minus that of the model it was made from\n");
    print_ends(out, "input", e->n_in, e->in);
    print_ends(out, "output", e->n_out, e->out);
    nm_put(
        out,
        "columns %zu, rows %zu; units with columns %zu, encoding %s; their names begin with %s\n",
        e->n_cols, e->n_rows, e->n_units, e->encoding, e->prefix);
}
