/* verb_decode.c: netmip decode: turns a solver's solution file into a verdict. Files may be given in any order: the map
 * or manifest is recognised by its content, and a model stands for the map beside it. */
#include "base/base.h"
#include "question/question.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "answer/answer.h"
#include "command/command.h"
#include "command/flags.h"

static bool is_map(nm_job *job, const char *path)
{
    if (!nm_file_exists(path)) return false;
    const nm_file f = nm_file_read(job, path);
    if (f.data[strspn((const char *)f.data, " \t\r\n")] != '{') return false;
    const char *key = strstr((const char *)f.data, "\"netmip\""); /* data ends in a NUL */
    if (!key) return false;
    for (key += 8; *key && strchr(" \t\r\n:", *key);) key++;
    return !strncmp(key, "\"map\"", 5) || !strncmp(key, "\"manifest\"", 10) ||
           !strncmp(key, "\"embedding\"", 11);
}

/* Returns the map, else the manifest, beside a model's file; NULL: the path is not a model's. */
static const char *map_beside(nm_job *job, const char *path)
{
    const char *suffix = nm_model_suffix(path);
    if (!suffix) return NULL;
    const char *stem = nm_model_stem(job, path, &suffix), *map = nm_fmt(job, "%s.map.json", stem),
               *manifest = nm_fmt(job, "%s.manifest.json", stem);
    if (nm_file_exists(map)) return map;
    if (nm_file_exists(manifest)) return manifest;
    nm_throw(job, NM_EIO, "%s: there is no map beside this model; %s was expected", path, map);
}

typedef struct {
    const char *map, *log;
    size_t n;
    const char **sols;
} files;

/* Sorts the files given into the map and solutions. */
static files sorted(nm_job *job, const nm_cli *c)
{
    files f = {.log = nm_cli_get(c, NM_O_log)};
    f.sols = NM_ARRAY(job, const char *, (size_t)c->n_files + 1);
    for (int i = 0; i < c->n_files; i++) {
        const char *map = is_map(job, c->file[i]) ? c->file[i] : map_beside(job, c->file[i]);
        if (map && f.map && strcmp(map, f.map))
            nm_throw(job, NM_EUSE, "%s: %s is given, too; one map or one manifest was expected",
                     map, f.map);
        if (map)
            f.map = map;
        else
            f.sols[f.n++] = c->file[i];
    }
    if (!f.map) {
        (void)nm_file_read(job, c->file[0]); /* reports the error if the file cannot be read at all */
        nm_throw(job, NM_EINPUT,
                 "%s: is not a map, nor is any other file given; the .map.json or the "
                 ".manifest.json that compile wrote was expected",
                 c->file[0]);
    }
    for (int i = 0; !f.n && i < c->n_files; i++)
        if (nm_model_suffix(c->file[i]))
            nm_throw(job, NM_EUSE,
                     "%s: no solution file is given with it; %s is the model itself: let a solver solve it, and give "
                     "the solution that it wrote",
                     f.map, c->file[i]);
    if (!f.n) nm_throw(job, NM_EUSE, "%s: no solution file is given with it; one was expected", f.map);
    return f;
}

typedef struct {
    const nm_cli *c;
    const files *f;
    const nm_pointcheck *check; /* or NULL */
    nm_buf *out;
    int status;
} decoding;

/* Decodes and reports. Names in a verdict live as long as the JSON that they come from, so both happen here. */
static void decode(nm_job *job, void *arg)
{
    decoding *d = arg;
    const nm_query *q;
    nm_verdict *v = nm_decode(job, NULL, d->f->map, d->f->n, d->f->sols, d->f->log, &q);
    const nm_telling s = {.dir = nm_cli_get(d->c, NM_O_output), .q = q, .v = v, .check = d->check};
    const int failed = nm_cli_say(job, d->c, d->out, &s);
    d->status = failed ? failed : v->status;
}

static nm_pointcheck *check(nm_job *job, const files *f)
{
    if (nm_json_find(nm_json_parse(job, nm_file_read(job, f->map)), "targets"))
        nm_throw(job, NM_EUSE, "--check: %s is a manifest; the map of one model was expected",
                 f->map);
    const nm_map *m = nm_map_read(job, f->map);
    nm_sol *s = nm_sol_answer(job, f->sols[0], f->log);
    nm_sol_check(job, s, nm_map_card(m), f->sols[0]);
    return nm_point_check(job, m, f->map, s, f->sols[0]);
}

/* Reports the check of a solution whose decoding failed; returns the code of the failure. */
static int failed(nm_job *job, nm_buf *out, const nm_pointcheck *p, int code, bool json)
{
    const char *why = nm_message_of(job, code);
    if (json) {
        nm_jo j = nm_jo_answer(out);
        nm_jo_str(&j, "error", why);
        nm_point_json(&j, "check", p);
        nm_jo_done(&j);
    } else {
        nm_put(out, "not accepted: %s\n", why);
        nm_point_text(out, p);
    }
    return code;
}

int nm_verb_decode(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 2, c->argc, "a map with its solution");
    const files f = sorted(job, c);
    if (nm_embedding_read(job, f.map)) {
        if (f.n > 1 || nm_cli_has(c, NM_O_check) || nm_cli_has(c, NM_O_output))
            nm_throw(job, NM_EUSE,
                     "%s: is the map of an embedding: one solution was expected, without --check and --output",
                     f.map);
        const bool json = nm_cli_has(c, NM_O_json);
        const nm_embedpoint p = nm_embedding_decode(job, NULL, f.map, f.sols[0], f.log, json ? NULL : out,
                                                    json ? out : NULL);
        if (p.wrong) nm_warn(job, "%s", p.wrong);
        return p.status;
    }
    const nm_pointcheck *p = nm_cli_has(c, NM_O_check) ? check(job, &f) : NULL;
    decoding d = {c, &f, p, out, NM_OK};
    if (!p) {
        decode(job, &d);
        return d.status;
    }
    const int code = nm_run(job, decode, &d);
    return code ? failed(job, out, p, code, nm_cli_has(c, NM_O_json)) : d.status;
}
