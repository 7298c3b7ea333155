/* npz.c: the arrays of NumPy's .npz, a zip archive of .npy files, stored or deflated, through libzip, which compares
 * the directory with the entries and checks every checksum. zip64 is read, as NumPy writes it for large arrays.
 * Encryption, several disks, other compression methods and repeated names are refused.
 *
 * Deflate cannot shrink data by more than 1032 to 1: a larger ratio, or entries of more than NM_MAX_FILE together, are
 * refused before anything is unpacked. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

#include <zip.h>

#define FUNCTIONS(F)                                                                               \
    F(zip_source_buffer_create)                                                                    \
    F(zip_source_free)                                                                             \
    F(zip_open_from_source)                                                                        \
    F(zip_discard)                                                                                 \
    F(zip_error_init)                                                                              \
    F(zip_error_code_zip)                                                                          \
    F(zip_error_fini)                                                                              \
    F(zip_get_num_entries)                                                                         \
    F(zip_stat_index)                                                                              \
    F(zip_fopen_index)                                                                             \
    F(zip_fread)                                                                                   \
    F(zip_file_get_error)                                                                          \
    F(zip_fclose)
#define POINTER(name) __typeof__(name) *name;
#define NAME(name)    #name,

typedef struct {
    FUNCTIONS(POINTER)
} library;

typedef struct { /* the open archive */
    library lib;
    nm_file f;
    zip_t *zip;
    zip_file_t *entry;
} archive;

static void drop(void *arg)
{
    const archive *z = arg;
    if (z->entry) z->lib.zip_fclose(z->entry);
    z->lib.zip_discard(z->zip);
}

static archive *open_archive(nm_job *job, nm_file f)
{
    static const char *const names[] = {FUNCTIONS(NAME)};
    archive *z = NM_NEW(job, archive);
    z->f = f;
    nm_library_load(job, f.path, "libzip.so.4", sizeof names / sizeof *names, names, &z->lib);
    zip_error_t *e = NM_NEW(job, zip_error_t);
    z->lib.zip_error_init(e);
    zip_source_t *s = z->lib.zip_source_buffer_create(f.data, f.n, 0, e);
    z->zip = s ? z->lib.zip_open_from_source(s, ZIP_RDONLY | ZIP_CHECKCONS, e) : NULL;
    if (z->zip) {
        nm_defer(job, drop, z);
        return z;
    }
    const int code = z->lib.zip_error_code_zip(e);
    z->lib.zip_source_free(s);
    z->lib.zip_error_fini(e);
    if (code == ZIP_ER_MEMORY) nm_throw(job, NM_EIO, "%s: out of memory", f.path);
    if (code == ZIP_ER_MULTIDISK)
        nm_throw(job, NM_EUNSUP, "%s: an archive over several disks", f.path);
    nm_throw(job, NM_EINPUT, "%s: not a whole zip archive: %s", f.path,
             code == ZIP_ER_NOZIP    ? "it has no end record"
             : code == ZIP_ER_EXISTS ? "a name is given twice"
                                     : "the directory and the entries differ");
}

/* Returns what the directory says about an entry, after checking that it can be read. */
static zip_stat_t read_entry(nm_job *job, const archive *z, zip_uint64_t i)
{
    const char *path = z->f.path;
    const zip_uint64_t need = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_CRC |
                              ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    zip_stat_t s;
    if (z->lib.zip_stat_index(z->zip, i, ZIP_FL_ENC_RAW, &s) || (s.valid & need) != need)
        nm_throw(job, NM_EINPUT, "%s: not a whole zip archive: entry %llu cannot be read", path,
                 (unsigned long long)i);
    if (s.encryption_method != ZIP_EM_NONE)
        nm_throw(job, NM_EUNSUP, "%s: \"%s\" is encrypted", path, s.name);
    if (s.comp_method != ZIP_CM_STORE && s.comp_method != ZIP_CM_DEFLATE)
        nm_throw(job, NM_EUNSUP, "%s: \"%s\": compression method %u; stored or deflated was expected", path,
                 s.name, s.comp_method);
    if (s.comp_size > z->f.n || s.size / 1032 > s.comp_size)
        nm_throw(job, NM_EINPUT, "%s: \"%s\": its directory says that %llu bytes unpack to %llu", path, s.name,
                 (unsigned long long)s.comp_size, (unsigned long long)s.size);
    return s;
}

static const unsigned char *unpack(nm_job *job, archive *z, zip_uint64_t i, const zip_stat_t *s)
{
    unsigned char *p = nm_raw(job, s->size + 1, 1), *end = p;
    z->entry = z->lib.zip_fopen_index(z->zip, i, 0);
    zip_int64_t got = z->entry ? 1 : -1;
    while (
        got > 0 &&
        end <=
            p + s->size) { /* libzip checks the checksum only at the end, so one byte more is asked for */
        got = z->lib.zip_fread(z->entry, end, s->size + 1 - (size_t)(end - p));
        if (got > 0) end += got;
    }
    if (got < 0 && z->entry &&
        z->lib.zip_error_code_zip(z->lib.zip_file_get_error(z->entry)) == ZIP_ER_CRC)
        nm_throw(job, NM_EINPUT, "%s: \"%s\": the checksum is wrong", z->f.path, s->name);
    if (got < 0 || end != p + s->size)
        nm_throw(job, NM_EINPUT, "%s: \"%s\" cannot be unpacked", z->f.path, s->name);
    z->lib.zip_fclose(z->entry);
    z->entry = NULL;
    *end = 0;
    return p;
}

/* Returns an entry's name without .npy; NULL: it is no array. */
static const char *array_name(nm_job *job, const char *entry)
{
    return nm_has_suffix(entry, ".npy") ? nm_dup(job, entry, strlen(entry) - 4) : NULL;
}

nm_file nm_npz_member(nm_job *job, nm_file f, const char *name)
{
    archive *z = open_archive(job, f);
    const zip_uint64_t n = (zip_uint64_t)z->lib.zip_get_num_entries(z->zip, 0);
    zip_uint64_t at = n, arrays = 0;
    nm_buf names = {.job = job};
    for (zip_uint64_t i = 0; i < n; i++) {
        const char *own = array_name(job, read_entry(job, z, i).name);
        if (!own) continue;
        nm_put(&names, "%s%s", arrays++ ? ", " : "", own);
        if (!name || !strcmp(own, name)) at = i;
    }
    if (at == n && name)
        nm_throw(job, NM_EINPUT, "%s: there is no array \"%s\" in it; one of these was expected: %s", f.path, name,
                 arrays ? names.s : "(it has none)");
    if (at == n || (!name && arrays > 1))
        nm_throw(job, NM_EINPUT, "%s: it has %s%s%s; %s:NAME was expected", f.path,
                 nm_counted(job, arrays, "arrays"), arrays ? ": " : "", arrays ? names.s : "", f.path);
    const zip_stat_t s = read_entry(job, z, at);
    nm_unpack_check(job, f.path, f.n, s.size);
    const nm_file out = {name ? nm_fmt(job, "%s:%s", f.path, name) : f.path, unpack(job, z, at, &s), s.size};
    nm_close(job, z);
    return out;
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

static void add(nm_job *job, nm_arrays *a, nm_file f)
{
    npy n = {.f = f};
    const char *name = f.path + strlen(a->path) + 1;
    const bool is_npy = nm_has_suffix(name, ".npy");
    nm_array *to = nm_arrays_add(job, a, nm_dup(job, name, strlen(name) - (is_npy ? 4 : 0)));
    const int code = is_npy ? nm_run(job, read_npy, &n) : NM_OK;
    if (code == NM_EIO) nm_throw(job, code, "%s", nm_message_of(job, code));
    to->t = n.t;
    to->why = !is_npy ? "it is not an .npy file" : code ? nm_message_of(job, code) : NULL;
}

void nm_read_npz(nm_job *job, nm_file f, nm_arrays *a)
{
    a->format = "NumPy zip";
    archive *z = open_archive(job, f);
    const zip_int64_t n = z->lib.zip_get_num_entries(z->zip, 0);
    size_t left = NM_MAX_FILE;
    for (zip_uint64_t i = 0; i < (zip_uint64_t)n; i++) {
        const zip_stat_t s = read_entry(job, z, i);
        if (nm_has_suffix(s.name, "/")) continue;
        if (s.size > left)
            nm_throw(job, NM_EINPUT, "%s: its entries unpack to more than %zu bytes",
                     f.path, NM_MAX_FILE);
        left -= s.size;
        nm_unpack_check(job, f.path, f.n, NM_MAX_FILE - left);
        add(job, a, (nm_file){nm_fmt(job, "%s:%s", f.path, s.name), unpack(job, z, i, &s), s.size});
    }
    nm_close(job, z);
}
