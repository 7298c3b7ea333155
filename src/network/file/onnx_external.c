/* onnx_external.c: tensors of an ONNX model whose bytes are in files beside it (TensorProto.external_data).
 *
 * Entries are `location`, a path relative to the model's folder, `offset` (default 0), `length` (must be the tensor's
 * size in bytes) and `checksum` (SHA-1 of the file). Any other entry is refused by name. A location is refused if it is
 * absolute, has a part "..", is no regular file, or leads out of the folder through links: a model is data, and must
 * not choose which files of the machine are read. If the file does not exist, LOCATION.gz is read instead. The
 * network's hash covers all files used. Each file is read once, as a whole. */
#define _GNU_SOURCE
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/file/onnx_file.h"

#include <limits.h>
#include <nettle/sha1.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

typedef struct {
    const char *location, *checksum;
    int64_t offset, length; /* length -1: to the end */
} place;

static int64_t number(const nm_onnx *o, const char *name, const char *key, const char *text)
{
    int64_t x;
    if (!nm_int_parse(text, text + strlen(text), &x) || x < 0)
        nm_throw(o->job, NM_EINPUT,
                 "%s: tensor \"%s\": %s of its external data is \"%s\"; an integer of 0 or more "
                 "was expected",
                 o->f.path, name, key, text);
    return x;
}

static place read_place(const nm_onnx *o, const NmPb__Tensor *t, const char *name)
{
    place p = {.length = -1};
    for (size_t i = 0; i < t->n_external_data; i++) {
        const char *key = t->external_data[i]->key, *value = t->external_data[i]->value;
        if (!key || !value) continue;
        if (strcmp(key, "location") == 0)
            p.location = value;
        else if (strcmp(key, "checksum") == 0)
            p.checksum = value;
        else if (strcmp(key, "offset") == 0)
            p.offset = number(o, name, key, value);
        else if (strcmp(key, "length") == 0)
            p.length = number(o, name, key, value);
        else
            nm_throw(o->job, NM_EUNSUP,
                     "%s: tensor \"%s\": entry \"%s\" of its external data is not read; location, "
                     "offset, length and checksum are",
                     o->f.path, name, key);
    }
    if (!p.location || !*p.location)
        nm_throw(o->job, NM_EINPUT, "%s: tensor \"%s\": external data without a location",
                 o->f.path, name);
    return p;
}

static bool has_dots(const char *path)
{
    for (const char *s = path; *s; s += strcspn(s, "/"), s += *s == '/')
        if (strcspn(s, "/") == 2 && s[0] == '.' && s[1] == '.') return true;
    return false;
}

/* Returns the path with links resolved, after checking that it stays inside the model's folder. */
static const char *resolved(const nm_onnx *o, const char *name, const char *location,
                            const char *path)
{
    const char *dir = nm_path_dir(o->job, o->f.path);
    char folder[PATH_MAX], file[PATH_MAX];
    struct stat st;
    if (!realpath(*dir ? dir : ".", folder) || !realpath(path, file))
        nm_throw(o->job, NM_EIO, "%s: cannot be resolved", path);
    const size_t n = strlen(folder);
    if (strncmp(file, folder, n) || (n > 1 && file[n] != '/'))
        nm_throw(
            o->job, NM_EINPUT,
            "%s: tensor \"%s\": \"%s\" is a link out of the model's folder; put the file itself "
            "beside the model",
            o->f.path, name, location);
    if (stat(file, &st) || !S_ISREG(st.st_mode))
        nm_throw(o->job, NM_EINPUT, "%s: tensor \"%s\": \"%s\" is not a plain file", o->f.path,
                 name, location);
    return nm_dup(o->job, file, strlen(file));
}

static nm_file open_beside(nm_onnx *o, const char *name, const char *location)
{
    for (size_t i = 0; i < o->n_beside; i++)
        if (strcmp(o->beside[i].name, location) == 0) return o->beside[i].f;
    if (*location == '/' || has_dots(location))
        nm_throw(o->job, NM_EINPUT,
                 "%s: tensor \"%s\": its data should be in \"%s\"; a file in the model's own "
                 "folder was expected",
                 o->f.path, name, location);
    const char *path = nm_fmt(o->job, "%s%s", nm_path_dir(o->job, o->f.path), location),
               *packed = nm_fmt(o->job, "%s.gz", path);
    const bool gz = !nm_file_exists(path) && nm_file_exists(packed);
    if (!gz && !nm_file_exists(path))
        nm_throw(o->job, NM_EIO,
                 "%s: does not exist; tensor \"%s\" of %s has its data there: keep the two files "
                 "together",
                 path, name, o->f.path);
    path = resolved(o, name, location, gz ? packed : path);
    const nm_file f = (gz ? nm_file_read : nm_file_bytes)(o->job, path);
    char hash[65];
    nm_sha256(f.data, f.n, hash);
    if (!o->parts.job) o->parts.job = o->job;
    nm_put(&o->parts, "%s", hash);
    *NM_PUSH(o->job, o->beside, o->n_beside, o->cap_beside) = (struct nm_beside){location, f};
    return f;
}

static void check_sum(const nm_onnx *o, const char *name, const place *p, nm_file f)
{
    struct sha1_ctx ctx;
    uint8_t sum[SHA1_DIGEST_SIZE];
    char hex[2 * SHA1_DIGEST_SIZE + 1];
    sha1_init(&ctx);
    sha1_update(&ctx, f.n, f.data);
    sha1_digest(&ctx, sizeof sum, sum);
    for (size_t i = 0; i < sizeof sum; i++) snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    if (strcasecmp(p->checksum, hex))
        nm_throw(o->job, NM_EINPUT, "%s: its SHA-1 is %s; tensor \"%s\" of %s states %s",
                 p->location, hex, name, o->f.path, p->checksum);
}

const uint8_t *nm_onnx_external(nm_onnx *o, const NmPb__Tensor *t, const char *name, size_t want)
{
    const place p = read_place(o, t, name);
    const nm_file f = open_beside(o, name, p.location);
    const size_t room = (uint64_t)p.offset <= f.n ? f.n - (size_t)p.offset : 0;
    if (p.checksum) check_sum(o, name, &p, f);
    const size_t have = p.length < 0 ? room : (size_t)p.length;
    if (have != want)
        nm_throw(o->job, NM_EINPUT,
                 "%s: tensor \"%s\": %zu bytes of \"%s\" are named; its shape needs %zu", o->f.path,
                 name, have, p.location, want);
    if (want > room || (uint64_t)p.offset > f.n)
        nm_throw(
            o->job, NM_EINPUT,
            "%s: tensor \"%s\": \"%s\" has %zu bytes, and is too short for bytes %lld to %lld; "
            "it may be cut",
            o->f.path, name, p.location, f.n, (long long)p.offset,
            (long long)p.offset + (long long)want);
    return f.data + p.offset;
}
