/* embed_map.c: what stands for what in a model with a network inside: JSON beside it, for people and their scripts. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/state.h"

static void put_origin(nm_jo *j, const nm_net *net, const nm_embed_opts *o, const nm_embedded *e)
{
    const char *const pair[][2] = {{"program", o->version}, {"options", o->options}, {"net", net->path}, {"net_sha256", net->hash},
                                   {"into", o->into},       {"into_sha256", e->into_hash}, {"model", o->out},
                                   {"model_sha256", e->model_hash}};
    for (size_t k = 0; k < sizeof pair / sizeof *pair; k++) {
        if (k % 2 == 0) nm_jo_line(j);
        nm_jo_str(j, pair[k][0], pair[k][1]);
    }
    nm_jo_line(j);
    if (net->front) {
        nm_jo_str_if(j, "mean", net->front->mean);
        nm_jo_str_if(j, "std", net->front->std);
        nm_jo_str_if(j, "channels", net->front->channels);
    }
    nm_jo_bool(j, "maximised", e->maximised);
    nm_jo_str(j, "prefix", e->prefix);
    nm_jo_str(j, "encoding", e->enc->arg ? nm_fmt(j->b->job, "%s:%zu", e->enc->enc->name, e->enc->arg) : e->enc->enc->name);
    nm_jo_str(j, "dialect", o->dialect ? o->dialect->name : "generic");
}

/* columns of the model, with the box that bounds rest on, or what the output may be */
static void put_ends(nm_jo *j, const char *key, const nm_embedded *e, size_t n, const int64_t *col, size_t first)
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

/* units that have a column: RELU ends are those of what it reads */
static void put_units(nm_jo *j, const nm_embedded *e)
{
    const nm_program *p = e->b->p;
    nm_jo_line(j);
    nm_jo_list(j, "units");
    nm_jo_tight(j);
    for (int b = 1; b < (int)p->n_blocks - 1; b++)
        for (size_t i = 0; i < p->blocks[b].n; i++) {
            const nm_block *k = &p->blocks[b];
            const size_t u = k->first + i, of = k->kind == NM_RELU ? p->blocks[k->src].first + i : u;
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
    nm_jo_done(&j);
    nm_file_write(job, e->map, text.s, text.n);
}
