/* verb_embed.c: netmip embed: a network inside a user's own optimisation model. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "search/search.h"
#include "command/command.h"
#include "command/flags.h"

/* Refuses a command that lacks a flag that it needs, and names all that it lacks. */
static void check_flags(nm_job *job, const nm_cli *c)
{
    static const struct {
        nm_opt flag;
        const char *what;
    } rows[] = {{NM_O_into, "--into MODEL.mps or MODEL.lp"},
                {NM_O_inputs, "--inputs with a column for each input"},
                {NM_O_outputs, "--outputs with a column for each output"},
                {NM_O_output, "-o OUT.mps[.gz] or OUT.lp[.gz]"}};
    nm_buf b = {.job = job};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!nm_cli_has(c, rows[i].flag)) nm_put(&b, b.n ? "; %s" : "%s", rows[i].what);
    if (b.n) nm_throw(job, NM_EUSE, "netmip embed: %s was expected", b.s);
}

static void put_ends(nm_buf *out, const char *what, size_t i, const char *column, double lo,
                     double hi)
{
    nm_put(out, "%s %zu, column %s: in [", what, i, column);
    nm_put_num(out, lo);
    nm_put(out, ", ");
    nm_put_num(out, hi);
    nm_put(out, "]\n");
}

static void report(nm_buf *out, const nm_net *net, const nm_embed_opts *o, const nm_embedded *e)
{
    enum { LISTED = 20 };
    const nm_bounds *b = e->b;
    const size_t first = b->p->blocks[b->p->n_blocks - 1].first;
    size_t n[3] = {0};
    for (size_t r = 0; r < b->p->n_blocks; r++)
        if (b->p->blocks[r].kind == NM_RELU) nm_bounds_count(b, (int)r, n);
    nm_put(out, "%s in %s: %s, %s\n", net->path, o->into, nm_counted(out->job, e->n_in, "inputs"),
           nm_counted(out->job, e->n_out, "outputs"));
    for (size_t i = 0; i < e->n_in && e->n_in <= LISTED; i++)
        put_ends(out, "input", i, e->model->cols[e->in[i]].name, b->lo[i], b->hi[i]);
    for (size_t k = 0; k < e->n_out && e->n_out <= LISTED; k++)
        if (e->at[k] >= 0)
            put_ends(out, "output", k, e->model->cols[e->at[k]].name, b->lo[first + k],
                     b->hi[first + k]);
    nm_put(out, "added: %s, %zu of them binary, %s; their names begin with %s\n",
           nm_counted(out->job, e->cols, "columns"), e->bins, nm_counted(out->job, e->rows, "rows"), e->prefix);
    nm_put(out, "wrote %s, %s\n", o->out, e->map);
}

int nm_verb_embed(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, 1, "one network");
    check_flags(job, c);
    const char *dialect = nm_cli_get(c, NM_O_dialect);
    nm_buf said = {.job = job};
    for (int i = 1; i < c->argc; i++) nm_put(&said, i > 1 ? " %s" : "%s", c->argv[i]);
    const nm_embed_opts o = {
        .into = nm_cli_get(c, NM_O_into),
        .inputs = nm_cli_get(c, NM_O_inputs),
        .outputs = nm_cli_get(c, NM_O_outputs),
        .out = nm_cli_get(c, NM_O_output),
        .bounds = nm_cli_levels(job, c),
        .encoding = nm_cli_get(c, NM_O_encoding),
        .dialect = nm_dialect_find(job, dialect ? dialect : "generic"),
        .threads = nm_cli_whole(job, c, NM_O_threads, 1, 1, 64),
        .options = said.s,
        .version = NM_VERSION};
    const nm_net *net = nm_net_read_as(job, c->file[0], nm_cli_front(job, c));
    const nm_embedded e = nm_embed(job, net, &o);
    report(out, net, &o, &e);
    return NM_OK;
}
