/* campaign_file.c: campaign.json, which has all that a worker needs in order to join, and DIR/asked, which lists the
 * samples asked for.
 *
 * campaign.json is written once, by the first run. Files are named twice, relative to the folder and from the root,
 * with their hashes: a worker that joins uses the first name under which it finds the same bytes, so that the folder
 * may be moved together with its files, or used from another machine. Flags are kept as they were written; files that
 * they name are relative to `folder`. DIR/asked/A-B is an empty file for each range that a run asked for: any run may
 * add a range at any time, and none is ever lost. */
#define _GNU_SOURCE
#include "base/base.h"
#include "data/data.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/records.h"

#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- what it says of files and flags ---- */

const char *nm_path_absolute(nm_job *job, const char *path)
{
    char all[PATH_MAX];
    if (!realpath(path, all)) nm_throw(job, NM_EIO, "%s: %s", path, strerror(errno));
    return nm_dup(job, all, strlen(all));
}

const char *nm_path_hash(nm_job *job, const char *path)
{
    char hex[65];
    const nm_mark mark = nm_mark_get(job); /* the file may be large */
    const nm_file f = nm_file_read(job, nm_file_of_part(job, path));
    nm_sha256(f.data, f.n, hex);
    nm_mark_release(job, mark);
    return nm_dup(job, hex, 64);
}

static const char *place(nm_job *job, const nm_campaign *c, const char *path, bool is_file)
{
    nm_buf b = {.job = job};
    nm_jo j = nm_jo_new(&b);
    nm_jo_object(&j, NULL);
    const char *host = is_file ? nm_file_of_part(job, path) : path, *array = path + strlen(host);
    const char *near = nm_path_relative(job, c->dir, host);
    const size_t n = near ? strlen(near) : 0;
    nm_jo_str(&j, "path", n ? nm_fmt(job, "%.*s%s", (int)(n - (near[n - 1] == '/')), near, array) : ".");
    nm_jo_str(&j, "absolute", nm_fmt(job, "%s%s", nm_path_absolute(job, host), array));
    if (is_file) nm_jo_str(&j, "sha256", nm_path_hash(job, path));
    nm_jo_end(&j);
    return b.s;
}

static const char *members(nm_job *job, const nm_said *list)
{
    nm_buf b = {.job = job};
    nm_jo j = nm_jo_new(&b);
    nm_jo_list(&j, NULL);
    for (const nm_said *s = list; s && s->key; s++) {
        nm_jo_object(&j, NULL);
        nm_jo_str(&j, "flag", s->key);
        nm_jo_str(&j, "value", s->value);
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    return b.s;
}

const nm_said *nm_campaign_more(nm_job *job, const nm_campaign *c)
{
    nm_said *m = NM_ARRAY(job, nm_said, 7);
    size_t n = 0;
    if (c->rows) {
        m[n++] = (nm_said){"instances", place(job, c, c->rows->path, true)};
        m[n++] = (nm_said){"root", place(job, c, *c->rows->root ? c->rows->root : ".", false)};
    } else {
        m[n++] = (nm_said){"net", place(job, c, c->net_path, true)};
        m[n++] = (nm_said){"images", place(job, c, c->images_path, true)};
    }
    if (c->has_labels) m[n++] = (nm_said){"labels", place(job, c, c->labels_path, true)};
    m[n++] = (nm_said){"folder", place(job, c, ".", false)};
    m[n++] = (nm_said){"flags", members(job, c->flags)};
    m[n++] = (nm_said){"effort", members(job, c->effort)};
    return m;
}

/* ---- read back ---- */

/* Returns the first of the two names under which the file is, or any file if that one is nowhere: its hash is then
 * refused by whoever reads it. */
static const char *find(nm_job *job, const nm_json *j, const char *key, const char *dir,
                        const char *where)
{
    const nm_json *o = nm_json_get(job, j, key, where), *hash = nm_json_find(o, "sha256");
    const char *near = nm_fmt(job, "%s/%s", dir,
                              nm_json_str(job, nm_json_get(job, o, "path", where), where));
    const char *far = nm_json_str(job, nm_json_get(job, o, "absolute", where), where),
               *names[] = {near, far};
    const char *some = NULL;
    for (size_t i = 0; i < 2; i++) {
        if (!nm_file_exists(nm_file_of_part(job, names[i]))) continue;
        if (!some) some = names[i];
        if (!hash || strcmp(nm_path_hash(job, names[i]), nm_json_str(job, hash, where)) == 0)
            return nm_dup(job, names[i], strlen(names[i]));
    }
    if (!some)
        nm_throw(job, NM_EIO,
                 "%s: its \"%s\" is neither %s nor %s; the file was expected at one of them", where,
                 key, near, far);
    if (hash)
        nm_throw(job, NM_EUSE,
                 "%s: its \"%s\" is another file now: %s has SHA-256 %s, and %s was expected",
                 where, key, some, nm_path_hash(job, some), nm_json_str(job, hash, where));
    return nm_dup(job, some, strlen(some));
}

static const char *copy(nm_job *job, const nm_json *j, const char *key, const char *where)
{
    const char *s = nm_json_str(job, nm_json_get(job, j, key, where), where);
    return nm_dup(job, s, strlen(s));
}

const nm_said *nm_campaign_flags(nm_job *job, const nm_json *j, const char *key, const char *path)
{
    const nm_json *o = nm_json_get(job, j, key, path);
    nm_said *list = NM_ARRAY(job, nm_said, nm_json_count(o) + 1);
    size_t n = 0;
    for (const nm_json *e = o->child; e; e = e->next)
        list[n++] = (nm_said){copy(job, e, "flag", path), copy(job, e, "value", path)};
    return list;
}

const nm_json *nm_campaign_json(nm_job *job, const char *dir, const char **path)
{
    *path = nm_fmt(job, "%s/%s", dir, NM_CAMPAIGN_FILE);
    if (!nm_file_exists(*path))
        nm_throw(job, NM_EIO, "%s: is no folder of a campaign: it has no %s", dir,
                 NM_CAMPAIGN_FILE);
    const nm_json *j = nm_json_parse(job, nm_file_read(job, *path));
    const char *kind = nm_json_str(job, nm_json_get(job, j, "netmip", *path), *path);
    const int64_t version = nm_json_int(job, nm_json_get(job, j, "version", *path), *path);
    if (strcmp(kind, "campaign") || version != NM_CAMPAIGN_VERSION)
        nm_throw(job, NM_EINPUT,
                 "%s: is a %s of version %lld; a campaign of version %d was expected", *path, kind,
                 (long long)version, NM_CAMPAIGN_VERSION);
    return j;
}

static bool is_study(nm_job *job, const char *dir)
{
    return nm_file_exists(nm_fmt(job, "%s/%s", dir, NM_CAMPAIGN_FILE)) ||
           nm_file_exists(nm_fmt(job, "%s/%s", dir, NM_BENCH_FILE));
}

const char **nm_study_folders(nm_job *job, size_t n, const char *const *dir, size_t *m)
{
    const char **all = NULL;
    size_t cap = 0, below = 0;
    *m = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t before = *m;
        const char **name = is_study(job, dir[i]) ? NULL : nm_folder_names(job, dir[i], &below);
        for (size_t k = 0; name && k < below; k++) {
            const char *path = nm_fmt(job, "%s%s%s", dir[i], nm_has_suffix(dir[i], "/") ? "" : "/", name[k]);
            if (is_study(job, path)) *NM_PUSH(job, all, *m, cap) = path;
        }
        if (*m == before) *NM_PUSH(job, all, *m, cap) = dir[i];
    }
    return all;
}

nm_campaign_file nm_campaign_read(nm_job *job, const char *dir)
{
    const char *path;
    const nm_json *j = nm_campaign_json(job, dir, &path);
    const char *program = nm_json_str(job, nm_json_get(job, j, "program", path), path);
    if (strcmp(program, NM_VERSION))
        nm_throw(job, NM_EUSE, "%s: is of netmip %s; this is %s", path, program, NM_VERSION);
    const bool rows = nm_json_find(j, "instances") != NULL;
    return (nm_campaign_file){
        .path = path,
        .question = nm_json_str(job, nm_json_get(job, j, "question", path), path),
        .net = rows ? NULL : find(job, j, "net", dir, path),
        .images = rows ? NULL : find(job, j, "images", dir, path),
        .labels = nm_json_find(j, "labels") ? find(job, j, "labels", dir, path) : NULL,
        .instances = rows ? find(job, j, "instances", dir, path) : NULL,
        .root = rows ? find(job, j, "root", dir, path) : NULL,
        .folder = nm_fmt(job, "%s/", find(job, j, "folder", dir, path)),
        .flags = nm_campaign_flags(job, j, "flags", path),
        .effort = nm_campaign_flags(job, j, "effort", path)};
}

/* ---- which samples ---- */

static void ask_range(nm_job *job, const char *dir, int64_t from, int64_t to)
{
    const char *path = nm_fmt(job, "%s/%lld-%lld", dir, (long long)from, (long long)to);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || close(fd)) nm_throw(job, NM_EIO, "%s: cannot write: %s", path, strerror(errno));
}

void nm_campaign_ask(nm_job *job, const nm_campaign *c)
{
    if ((c->asked && !c->sample) || c->is_part || c->from == c->to) return;
    const char *dir = nm_fmt(job, "%s/asked", c->dir);
    nm_folder_make(job, dir);
    for (int64_t i = c->from, end; i < c->to;
         i = end) { /* of a random sample, each run of neighbours */
        for (end = i + 1; end < c->to && nm_campaign_asks(c, end) == nm_campaign_asks(c, i);) end++;
        if (nm_campaign_asks(c, i)) ask_range(job, dir, i, end);
    }
}

/* A-B of a file's name; false: it is something else */
static bool range_of(const char *name, int64_t *from, int64_t *to)
{
    const char *dash = strchr(name, '-');
    return dash && nm_int_parse(name, dash, from) &&
           nm_int_parse(dash + 1, name + strlen(name), to) && *from >= 0 && *from < *to &&
           *to < (int64_t)1 << 40;
}

const bool *nm_campaign_asked(nm_job *job, const char *dir, int64_t *count)
{
    const char *folder = nm_fmt(job, "%s/asked", dir);
    size_t n;
    const char **name = nm_folder_names(job, folder, &n);
    int64_t from, to;
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (range_of(name[i], &from, &to) && to > *count) *count = to;
    bool *asked = NM_ARRAY(job, bool, (size_t)*count + 1);
    for (size_t i = 0; i < n; i++)
        if (range_of(name[i], &from, &to)) memset(asked + from, true, (size_t)(to - from));
    return asked;
}
