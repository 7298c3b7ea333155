/* verb_inspect.c: netmip inspect: describes a file. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "answer/answer.h"
#include "command/command.h"
#include "command/flags.h"

#include <ctype.h>

static void put_map(nm_job *job, nm_buf *out, const char *path)
{
    const nm_embedding *e = nm_embedding_read(job, path);
    if (e) {
        nm_embedding_print(out, e);
        return;
    }
    const nm_map *m = nm_map_read(job, path);
    nm_put(out, "map of %s\nnetwork %s\ntarget %s, objective %s, columns %zu\n",
           m->file.path ? m->file.path : "-", m->from.net_path, m->asks.name, m->asks.objective,
           m->file.n_cols);
    nm_query_print(out, m->question);
}

/* Refuses --json for what has no JSON. */
static void only_text(nm_job *job, const nm_cli *c, const char *what)
{
    if (nm_cli_has(c, NM_O_json)) nm_throw(job, NM_EUSE, "--json: %s is %s, which is shown as text", c->file[0], what);
}

static void put_solution(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_sol *sol = nm_sol_read(job, c->file[0]);
    if (nm_cli_has(c, NM_O_log)) nm_sol_log(job, nm_file_read(job, nm_cli_get(c, NM_O_log)), sol);
    nm_sol_print(out, sol);
}

/* Returns true for a short line of letters and digits, which a terminal can show. */
static bool is_plain(nm_span line)
{
    for (const char *s = line.s; s < line.end; s++)
        if (!isalnum((unsigned char)*s) && *s != ' ') return false;
    return line.end - line.s < 80;
}

/* Describes a certificate by its head, which names network, question and claim; returns false for another file. */
static bool put_proof(nm_job *job, const nm_cli *c, nm_buf *out, nm_file f)
{
    static const char magic[] = "netmip proof ";
    if (f.n < sizeof magic || memcmp(f.data, magic, sizeof magic - 1)) return false;
    only_text(job, c, "a certificate");
    nm_lines lines = nm_lines_new(job, f);
    nm_span line;
    size_t n = 0;
    nm_put(out, "%s: a certificate; netmip check checks it with its network and its question\n", f.path);
    for (; nm_lines_next(&lines, &line); n++)
        if (n > 0 && n < 4 && is_plain(line)) nm_put(out, "%.*s\n", (int)(line.end - line.s), line.s);
    nm_put(out, "%zu lines\n", n);
    return true;
}

/* Describes a file that is neither a model nor VNN-LIB, by its content. */
static void put_file(nm_job *job, const nm_cli *c, nm_buf *out)
{
    const char *path = c->file[0];
    const bool json = nm_cli_has(c, NM_O_json);
    const nm_file f = nm_file_read(job, path);
    nm_buf words = {.job = job};
    if (nm_query_is(f)) {
        nm_queryjson_print(job, out, f, json);
    } else if (nm_has_suffix(path, ".map.json")) {
        if (json) nm_throw(job, NM_EUSE, "--json: %s is JSON already", path);
        put_map(job, out, path);
    } else if (nm_sol_is(f)) {
        only_text(job, c, "a solution");
        put_solution(job, c, out);
    } else if (put_proof(job, c, out, f) || nm_describe_json(out, f, json)) {
        return;
    } else if (nm_arrays_are(f) || nm_has_suffix(path, ".mat") || nm_has_suffix(path, ".npz")) {
        nm_inspect_arrays(job, out, nm_arrays_open(job, path), json);
    } else if (nm_describe_images(&words, f)) {
        only_text(job, c, "a file of images or numbers");
        nm_put_bytes(out, words.s, words.n);
    } else {
        nm_inspect_net(job, out, nm_net_read_as(job, path, nm_cli_front(job, c)), json);
    }
}

int nm_verb_inspect(nm_job *job, const nm_cli *c, nm_buf *out)
{
    const bool json = nm_cli_has(c, NM_O_json);
    if (json && (nm_cli_has(c, NM_O_ops) || nm_cli_has(c, NM_O_sets)))
        nm_throw(job, NM_EUSE, "--json: the tables of --ops and --sets are text");
    if (nm_cli_has(c, NM_O_ops)) {
        nm_cli_files(job, c, 0, 0, "no file with --ops");
        nm_op_table(out);
        return NM_OK;
    }
    if (nm_cli_has(c, NM_O_sets)) {
        nm_cli_files(job, c, 0, 0, "no file with --sets");
        nm_sets_table(out);
        return NM_OK;
    }
    nm_cli_files(job, c, 1, 1,
                 "a network, a question, images, arrays, a model, map, manifest, certificate or solution file");
    const char *path = c->file[0];
    const char *unit = nm_cli_get(c, NM_O_unit), *row = nm_cli_get(c, NM_O_row);
    if (nm_model_suffix(path)) {
        nm_inspect_model(job, out, path, unit, row, json);
        return NM_OK;
    }
    if (unit || row)
        nm_throw(job, NM_EUSE, "--%s: %s is not a model (.mps, .lp)", unit ? "unit" : "row", path);
    if (nm_has_suffix(path, ".vnnlib") || nm_has_suffix(path, ".vnnlib.gz")) {
        const nm_query *q = nm_read_vnnlib(job, NULL, path);
        (json ? nm_query_write : nm_query_print)(out, q);
        if (json) nm_put(out, "\n");
        return NM_OK;
    }
    put_file(job, c, out);
    return NM_OK;
}
