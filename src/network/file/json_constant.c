/* json_constant.c: the constants of networks in netmip's JSON: numbers, nested arrays, .npy files, and arrays of .mat
 * and .npz files, by name. The network's hash covers every file that is read.
 *
 * MATLAB has no vectors, and drops trailing axes of size 1 beyond the second. So a row or a column of a .mat file is
 * read as a vector where one axis is expected, and an array regains trailing axes of 1 where more are expected. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"

#include <cJSON.h>

typedef struct {
    const nm_netjson *r;
    nm_value v;
    double *data;
    size_t cap;
} list;

static void nested(list *l, const nm_json *x, int depth)
{
    nm_job *job = l->r->job;
    const char *where = l->r->where;
    if (cJSON_IsNumber(x)) {
        if (depth != l->v.shape.rank)
            nm_throw(job, NM_EINPUT, "%s: arrays of unequal depth", where);
        *NM_PUSH(job, l->data, l->v.n, l->cap) = x->valuedouble;
        return;
    }
    if (!cJSON_IsArray(x) || depth == NM_MAXRANK)
        nm_throw(job, NM_EINPUT, "%s: numbers in nested arrays were expected", where);
    const int64_t size = (int64_t)nm_json_count(x);
    if (size == 0) nm_throw(job, NM_EINPUT, "%s: an empty array", where);
    if (l->v.n == 0 && depth == l->v.shape.rank) l->v.shape.dim[l->v.shape.rank++] = size;
    if (depth >= l->v.shape.rank || l->v.shape.dim[depth] != size)
        nm_throw(job, NM_EINPUT, "%s: rows of unequal length", where);
    for (const nm_json *a = x->child; a; a = a->next) nested(l, a, depth + 1);
}

static nm_arrays *open_file(nm_netjson *r, const char *file)
{
    const char *path = nm_fmt(r->job, "%s%s", r->dir, file);
    for (size_t i = 0; i < r->n_open; i++)
        if (strcmp(r->open[i]->path, path) == 0) return r->open[i];
    nm_arrays *a = nm_arrays_open(r->job, path);
    nm_put(&r->parts, "%s", a->hash);
    return *NM_PUSH(r->job, r->open, r->n_open, r->cap_open) = a;
}

void nm_netjson_arrays(nm_netjson *r, const char *file) { r->arrays = open_file(r, file); }

static nm_tensor named(nm_netjson *r, const char *text, int rank)
{
    const nm_arrays *a = r->arrays;
    const char *colon = strchr(text, ':'), *name = a ? text : colon ? colon + 1 : "";
    if (!a && !colon)
        nm_throw(r->job, NM_EINPUT,
                 "%s: \"%s\": FILE:NAME was expected, or \"arrays\": FILE beside \"layers\"",
                 r->where, text);
    if (!a) a = open_file(r, nm_dup(r->job, text, (size_t)(colon - text)));
    nm_tensor t = *nm_arrays_get(r->job, a, name, r->where);
    if (*a->format != 'M') return t;
    while (t.shape.rank < rank) t.shape.dim[t.shape.rank++] = 1;
    if (rank == 0 && t.shape.rank == 2 && (t.shape.dim[0] == 1 || t.shape.dim[1] == 1))
        t.shape = nm_shape_of(1, (int64_t[]){(int64_t)t.n});
    return t;
}

static nm_tensor npy(nm_netjson *r, const nm_json *x)
{
    static const char *const members[] = {"npy", NULL};
    nm_json_only(r->job, x, r->where, members);
    const char *file = nm_json_str(r->job, nm_json_get(r->job, x, "npy", r->where), r->where);
    const nm_file f = nm_file_read(r->job, nm_fmt(r->job, "%s%s", r->dir, file));
    char hash[65];
    nm_sha256(f.data, f.n, hash);
    nm_put(&r->parts, "%s", hash);
    const nm_tensor t = nm_read_npy(r->job, f);
    if (t.n == 0) nm_throw(r->job, NM_EINPUT, "%s: %s is empty", r->where, f.path);
    return t;
}

nm_value nm_netjson_const(nm_netjson *r, const nm_json *x, const char *name, int rank)
{
    if (cJSON_IsString(x) || cJSON_IsObject(x)) {
        const nm_tensor t = cJSON_IsString(x) ? named(r, x->valuestring, rank) : npy(r, x);
        return (nm_value){
            .name = name, .type = t.type, .shape = t.shape, .n = t.n, .data = t.x, .maker = -1};
    }
    list l = {.r = r, .v = {.name = name, .type = NM_F64, .maker = -1}};
    nested(&l, x, 0);
    l.v.data = l.data;
    return l.v;
}
