/* npz.c: the arrays of NumPy's .npz: a zip archive (PKWARE, APPNOTE 6.3) of .npy files, stored or deflated. Sizes,
 * offsets and checksums come from the central directory and are held against what is there. What has no place in such a
 * file is refused: zip64, encryption, several disks, other packings, names that stand twice. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

#include <zlib.h>

enum { END = 22, ENTRY = 46, LOCAL = 30 };

typedef struct {
    const char *name;
    size_t name_len, packed, size, at;
    unsigned flags, method;
    uint32_t crc;
} entry;

static _Noreturn void bad(nm_job *job, nm_file f, const char *what)
{
    nm_throw(job, NM_EINPUT, "%s: not a whole zip archive: %s", f.path, what);
}

static uint32_t two(const unsigned char *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t four(const unsigned char *p) { return two(p) | two(p + 2) << 16; }

/* the record at the end, before a comment that reaches to the last byte */
static const unsigned char *find_end(nm_job *job, nm_file f)
{
    for (size_t back = END; back <= f.n && back <= END + 65535; back++) {
        const unsigned char *p = f.data + f.n - back;
        if (!memcmp(p, "PK\5\6", 4) && two(p + 20) == back - END) return p;
    }
    bad(job, f, "it has no end record");
}

static entry read_entry(nm_job *job, nm_file f, const unsigned char *p, size_t left)
{
    if (left < ENTRY || memcmp(p, "PK\1\2", 4)) bad(job, f, "the directory is cut short");
    entry e = {.flags = two(p + 8), .method = two(p + 10), .crc = four(p + 16)};
    e.packed = four(p + 20);
    e.size = four(p + 24);
    e.name_len = two(p + 28);
    e.at = four(p + 42);
    e.name = (const char *)p + ENTRY;
    if (e.name_len > left - ENTRY) bad(job, f, "the directory is cut short");
    if (memchr(e.name, 0, e.name_len)) bad(job, f, "a NUL byte in a name");
    e.name = nm_dup(job, e.name, e.name_len);
    if (e.packed == UINT32_MAX || e.size == UINT32_MAX || e.at == UINT32_MAX)
        nm_throw(job, NM_EUNSUP, "%s: \"%s\": zip64 is not supported", f.path, e.name);
    if (e.flags & 1) nm_throw(job, NM_EUNSUP, "%s: \"%s\" is encrypted", f.path, e.name);
    if (e.method != 0 && e.method != 8)
        nm_throw(job, NM_EUNSUP, "%s: \"%s\": packing %u; stored or deflated was expected", f.path,
                 e.name, e.method);
    return e;
}

/* the unpacked bytes of an entry that lies before `limit` */
static const unsigned char *unpack(nm_job *job, nm_file f, const entry *e, size_t limit)
{
    const unsigned char *p = f.data + e->at;
    if (e->at > limit || limit - e->at < LOCAL || memcmp(p, "PK\3\4", 4))
        bad(job, f, "an entry is not where the directory says");
    const size_t name = two(p + 26), skip = LOCAL + name + two(p + 28);
    if (skip > limit - e->at || e->packed > limit - e->at - skip)
        bad(job, f, "an entry is cut short");
    if (name != e->name_len || memcmp(p + LOCAL, e->name, name) || two(p + 8) != e->method)
        bad(job, f, "an entry and the directory differ");
    p += skip;
    if (e->method == 0 && e->size != e->packed) bad(job, f, "the size of a stored entry");
    if (e->method == 8) p = nm_inflate(job, f.path, p, e->packed, e->size, true, true);
    if (!p) nm_throw(job, NM_EINPUT, "%s: \"%s\" does not unpack", f.path, e->name);
    if (crc32_z(crc32_z(0, NULL, 0), p, e->size) != e->crc)
        nm_throw(job, NM_EINPUT, "%s: \"%s\": the checksum is wrong", f.path, e->name);
    return p;
}

typedef struct {
    nm_file f;
    nm_tensor t;
} npy;

static void read_npy(nm_job *job, void *arg)
{
    npy *n = arg;
    n->t = nm_read_npy(job, n->f);
}

static void add(nm_job *job, nm_file f, nm_arrays *a, const entry *e, size_t limit)
{
    npy n = {.f = {nm_fmt(job, "%s:%s", f.path, e->name), unpack(job, f, e, limit), e->size}};
    const bool is_npy = nm_has_suffix(e->name, ".npy");
    nm_array *to = nm_arrays_add(job, a, nm_dup(job, e->name, e->name_len - (is_npy ? 4 : 0)));
    const int code = is_npy ? nm_run(job, read_npy, &n) : NM_OK;
    if (code == NM_EIO) nm_throw(job, code, "%s", nm_message_of(job, code));
    to->t = n.t;
    to->why = !is_npy ? "it is no .npy file" : code ? nm_message_of(job, code) : NULL;
}

void nm_read_npz(nm_job *job, nm_file f, nm_arrays *a)
{
    a->format = "NumPy zip";
    const unsigned char *end = find_end(job, f), *p;
    const size_t count = two(end + 10), size = four(end + 12), at = four(end + 16);
    if (count == 0xffff || size == UINT32_MAX || at == UINT32_MAX)
        nm_throw(job, NM_EUNSUP, "%s: zip64 is not supported", f.path);
    if (two(end + 4) || two(end + 6) || two(end + 8) != count)
        nm_throw(job, NM_EUNSUP, "%s: an archive over several disks", f.path);
    const size_t limit = (size_t)(end - f.data);
    if (at > limit || size != limit - at) bad(job, f, "the directory is not before the end record");
    p = f.data + at;
    for (size_t i = 0; i < count; i++) {
        const entry e = read_entry(job, f, p, (size_t)(end - p));
        const size_t step = ENTRY + e.name_len + two(p + 30) + two(p + 32);
        if (step > (size_t)(end - p)) bad(job, f, "the directory is cut short");
        if (!nm_has_suffix(e.name, "/")) add(job, f, a, &e, at);
        p += step;
    }
    if (p != end) bad(job, f, "the directory holds more than its entries");
}
