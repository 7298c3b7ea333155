/* mat73.c: the named arrays of a MATLAB file of level 7.3: HDF5 after a block of 512 bytes, as written by MATLAB's save
 * -v7.3 and Julia's MAT.jl. The HDF5 library reads it in a separate process, since damaged files can crash it; the
 * arrays found are rewritten as a file of level 5, which mat5.c reads with all its checks. HDF5 lists the axes of
 * MATLAB's arrays in reverse and stores rows, so the numbers are in the same order.
 *
 * A group without a class, as h5py makes it, gives arrays named GROUP/NAME. Nothing outside of the file is read: links
 * and filters that lead there, external and virtual data are refused. So are arrays of which parts were never written,
 * for which HDF5 would return zeros, and sizes that the bytes present cannot unpack to. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

#include <hdf5.h> /* its macros that call the library, as H5F_ACC_RDONLY does, cannot be used */

// clang-format off
#define FUNCTIONS(F) \
    F(H5open) F(H5Eset_auto2) F(H5PLset_loading_state) F(H5Pcreate) F(H5Pset_fapl_core) F(H5Pset_file_image) \
    F(H5Fopen) F(H5Gopen2) F(H5Gget_info) F(H5Lget_name_by_idx) F(H5Lget_info) F(H5Oopen) F(H5Iget_type) \
    F(H5Aexists) F(H5Aopen) F(H5Aget_type) F(H5Aget_storage_size) F(H5Aread) \
    F(H5Tget_class) F(H5Tget_size) F(H5Tget_sign) F(H5Tis_variable_str) \
    F(H5Dget_type) F(H5Dget_space) F(H5Dget_create_plist) F(H5Dget_num_chunks) F(H5Dget_storage_size) F(H5Dread) \
    F(H5Sget_simple_extent_ndims) F(H5Sget_simple_extent_dims) F(H5Sget_simple_extent_npoints) \
    F(H5Pget_layout) F(H5Pget_external_count) F(H5Pget_chunk) F(H5P_CLS_FILE_ACCESS_ID_g) \
    F(H5T_NATIVE_FLOAT_g) F(H5T_NATIVE_DOUBLE_g) F(H5T_NATIVE_INT64_g) F(H5T_NATIVE_UINT64_g)
#define POINTER(name) __typeof__(name) *name;
#define NAME(name) #name,
// clang-format on

typedef struct {
    FUNCTIONS(POINTER)
} library;
typedef struct { /* state of the separate process, which closes nothing because it ends */
    nm_job *job;
    library h;
    nm_file f;
    nm_buf *out;
} reader;
typedef struct {
    const char *name;
    hid_t id, space, type;
    int rank, class;
    bool complex;
    hsize_t n, dim[H5S_MAX_RANK];
    H5T_class_t kind; /* of the stored numbers */
    size_t size;
} array;

enum {
    READ_ONLY = 0,
    SPARSE = 5,
    DOUBLE = 6,
    SINGLE = 7,
    INT8 = 8,
    UINT8 = 9,
    COMPLEX = 0x800,
    DEEPEST = 16
};

static _Noreturn void bad(const reader *r, const char *name, const char *what)
{
    nm_throw(r->job, NM_EINPUT, "%s: not a whole MATLAB 7.3 file: %s%s%s", r->f.path, name,
             *name ? ": " : "", what);
}

/* ---- out: a file of level 5 ---- */

static void put_element(const reader *r, nm_buf *b, uint32_t type, const void *p, size_t n)
{
    if (n > UINT32_MAX - 8) nm_throw(r->job, NM_EUNSUP, "%s: an array of %zu bytes", r->f.path, n);
    nm_put_bytes(b, (uint32_t[]){type, (uint32_t)n}, 8);
    nm_put_bytes(b, p, n);
    nm_put_bytes(b, "\0\0\0\0\0\0\0", -n % 8);
}

static void put_array(const reader *r, const array *a, uint32_t type, const void *p, size_t n)
{
    nm_buf b = {.job = r->job};
    int32_t dim[H5S_MAX_RANK] = {1, 1};
    const int rank = a->rank < 2 ? 2 : a->rank;
    for (int d = 0; d < a->rank; d++) dim[d] = (int32_t)a->dim[a->rank - 1 - d];
    put_element(r, &b, NM_MAT_UINT32,
                (uint32_t[]){(uint32_t)a->class | (a->complex ? COMPLEX : 0), 0}, 8);
    put_element(r, &b, NM_MAT_INT32, dim, 4 * (size_t)rank);
    put_element(r, &b, NM_MAT_INT8, a->name, strlen(a->name));
    if (type) put_element(r, &b, type, p, n);
    put_element(r, r->out, NM_MAT_MATRIX, b.s, b.n);
}

/* ---- in ---- */

/* Returns the class that an attribute states, or -1. */
static int read_class(const reader *r, hid_t id, const char *name)
{
    const library *h = &r->h;
    char text[32] = "";
    if (h->H5Aexists(id, "MATLAB_class") <= 0) return -1;
    const hid_t at = h->H5Aopen(id, "MATLAB_class", H5P_DEFAULT), type = h->H5Aget_type(at);
    if (h->H5Tget_class(type) != H5T_STRING || h->H5Tis_variable_str(type) ||
        h->H5Tget_size(type) >= sizeof text || h->H5Aget_storage_size(at) != h->H5Tget_size(type) ||
        h->H5Aread(at, type, text) < 0)
        bad(r, name, "its MATLAB_class");
    for (int k = 1; k < 16; k++)
        if (strcmp(text, nm_mat_class((uint32_t)k)) == 0) return k;
    return strcmp(text, "logical") ? 0 : UINT8;
}

/* Throws unless all numbers are in the file. */
static void check_stored(const reader *r, const array *a)
{
    const library *h = &r->h;
    const hid_t how = h->H5Dget_create_plist(a->id);
    const H5D_layout_t layout = h->H5Pget_layout(how);
    const size_t stored = h->H5Dget_storage_size(a->id),
                 n = nm_mul_in(r->job, r->f.path, a->n, a->size);
    if (layout == H5D_VIRTUAL || h->H5Pget_external_count(how) != 0)
        nm_throw(r->job, NM_EUNSUP, "%s: %s: its numbers are stored in other files", r->f.path, a->name);
    if (n / 1032 > stored)
        nm_throw(r->job, NM_EINPUT, "%s: %s: the file says that %zu bytes unpack to %zu", r->f.path,
                 a->name, stored, n);
    if (layout != H5D_CHUNKED) {
        if (stored < n) bad(r, a->name, "parts of it are missing");
        return;
    }
    hsize_t chunk[H5S_MAX_RANK], have = 0;
    size_t want = 1;
    if (h->H5Pget_chunk(how, H5S_MAX_RANK, chunk) != a->rank ||
        h->H5Dget_num_chunks(a->id, a->space, &have) < 0)
        bad(r, a->name, "its chunks cannot be read");
    for (int d = 0; d < a->rank; d++)
        want = nm_mul_in(r->job, r->f.path, want, (a->dim[d] + chunk[d] - 1) / chunk[d]);
    if (have < want) bad(r, a->name, "parts of it are missing");
}

/* Returns the class of the stored numbers, for an array that states none. */
static int natural_class(const reader *r, const array *a)
{
    if (a->kind == H5T_FLOAT) return a->size <= 4 ? SINGLE : DOUBLE;
    if (a->kind != H5T_INTEGER) return 0;
    const int wide = a->size == 1 ? 0 : a->size == 2 ? 2 : a->size <= 4 ? 4 : 6;
    return (r->h.H5Tget_sign(a->type) == H5T_SGN_NONE ? UINT8 : INT8) + wide;
}

/* Returns the shape and class of a dataset, and the type of its numbers. */
static array open_array(const reader *r, hid_t id, const char *name)
{
    const library *h = &r->h;
    array a = {.name = name, .id = id, .space = h->H5Dget_space(id), .type = h->H5Dget_type(id)};
    const hssize_t n = h->H5Sget_simple_extent_npoints(a.space);
    a.rank = h->H5Sget_simple_extent_ndims(a.space);
    if (a.type < 0 || n < 0 || a.rank < 0 || h->H5Sget_simple_extent_dims(a.space, a.dim, NULL) < 0)
        bad(r, name, "its shape or type cannot be read");
    for (int d = 0; d < a.rank; d++)
        if (a.dim[d] > INT32_MAX) bad(r, name, "its shape is too large");
    a.n = (hsize_t)n;
    a.kind = h->H5Tget_class(a.type);
    a.size = h->H5Tget_size(a.type);
    a.complex = a.kind == H5T_COMPOUND;
    a.class = read_class(r, id, name);
    if (a.class < 0) a.class = natural_class(r, &a);
    const bool is_number = (a.kind == H5T_FLOAT || a.kind == H5T_INTEGER) && a.size <= 8;
    if (a.class >= DOUBLE && !a.complex && !is_number) a.class = 0;
    if (a.n > 0 && h->H5Aexists(id, "MATLAB_empty") <= 0) return a;
    return (array){.name = name, .rank = 2, .class = a.class, .complex = a.complex};
}

static void read_array(const reader *r, hid_t id, const char *name)
{
    const library *h = &r->h;
    const array a = open_array(r, id, name);
    const bool is_usable = a.class >= DOUBLE && !a.complex && a.rank <= NM_MAXRANK;
    if (!is_usable || a.n == 0) {
        put_array(r, &a, is_usable ? NM_MAT_INT8 : 0, "", 0);
        return;
    }
    check_stored(r, &a);
    const bool is_signed = h->H5Tget_sign(a.type) != H5T_SGN_NONE;
    uint32_t stored = is_signed ? NM_MAT_INT64 : NM_MAT_UINT64;
    hid_t as = is_signed ? *h->H5T_NATIVE_INT64_g : *h->H5T_NATIVE_UINT64_g;
    if (a.kind == H5T_FLOAT) {
        stored = a.size <= 4 ? NM_MAT_SINGLE : NM_MAT_DOUBLE;
        as = a.size <= 4 ? *h->H5T_NATIVE_FLOAT_g : *h->H5T_NATIVE_DOUBLE_g;
    }
    const size_t bytes = nm_mul_in(r->job, r->f.path, a.n, nm_mat_size(stored));
    void *p = nm_zero(r->job, bytes, 1);
    if (h->H5Dread(id, as, H5S_ALL, H5S_ALL, H5P_DEFAULT, p) < 0)
        bad(r, name, "its numbers cannot be unpacked");
    put_array(r, &a, stored, p, bytes);
}

static void read_group(const reader *r, hid_t group, const char *above, int depth)
{
    const library *h = &r->h;
    H5G_info_t info;
    if (depth > DEEPEST || h->H5Gget_info(group, &info) < 0) bad(r, above, "its members cannot be listed");
    for (hsize_t i = 0; i < info.nlinks; i++) {
        char own[4096];
        const ssize_t n = h->H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, own,
                                                sizeof own, H5P_DEFAULT);
        H5L_info_t link;
        if (n <= 0 || (size_t)n >= sizeof own || h->H5Lget_info(group, own, &link, H5P_DEFAULT) < 0)
            bad(r, above, "a name");
        if (depth == 0 && *own == '#') continue; /* MATLAB's own data about cells and objects */
        const char *name = nm_fmt(r->job, "%s%s", above, own);
        const hid_t id = link.type == H5L_TYPE_HARD ? h->H5Oopen(group, own, H5P_DEFAULT) : -1;
        const H5I_type_t kind = id < 0 ? H5I_BADID : h->H5Iget_type(id);
        if (link.type == H5L_TYPE_HARD && id < 0) bad(r, name, "it cannot be opened");
        if (kind == H5I_DATASET) {
            read_array(r, id, name);
            continue;
        }
        int class = kind == H5I_GROUP ? read_class(r, id, name) : 0;
        if (kind == H5I_GROUP && h->H5Aexists(id, "MATLAB_sparse") > 0) class = SPARSE;
        if (class < 0)
            read_group(r, id, nm_fmt(r->job, "%s/", name), depth + 1);
        else
            put_array(r, &(array){.name = name, .class = class >= DOUBLE ? 0 : class}, 0, NULL, 0);
    }
}

static void read_all(nm_job *job, void *arg, nm_buf *out)
{
    reader *r = arg;
    const library *h = &r->h;
    r->job = job;
    r->out = out;
    if (h->H5open() < 0) nm_throw(job, NM_EIO, "%s: the HDF5 library does not start", r->f.path);
    h->H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    h->H5PLset_loading_state(0);
    const hid_t how = h->H5Pcreate(*h->H5P_CLS_FILE_ACCESS_ID_g);
    h->H5Pset_fapl_core(how, 1 << 16, 0);
    h->H5Pset_file_image(how, (void *)(uintptr_t)r->f.data, r->f.n);
    const hid_t file = h->H5Fopen("memory", READ_ONLY, how),
                top = h->H5Gopen2(file, "/", H5P_DEFAULT);
    if (top < 0) bad(r, "", "it is cut short, or contains no HDF5");
    char head[125];
    snprintf(head, sizeof head, "%-124s", "MATLAB 5.0 MAT-file");
    nm_put_bytes(out, head, 124);
    nm_put_bytes(out, (uint16_t[]){0x100, 'M' << 8 | 'I'}, 4);
    read_group(r, top, "", 0);
}

bool nm_mat73_is(nm_file f)
{
    return f.n >= 128 && !memcmp(f.data, "MATLAB", 6) &&
           (!memcmp(f.data + 124, "\0\2IM", 4) || !memcmp(f.data + 124, "\2\0MI", 4));
}

void nm_read_mat73(nm_job *job, nm_file f, nm_arrays *a)
{
    static const char *const names[] = {FUNCTIONS(NAME)};
    reader *r = NM_NEW(job, reader);
    r->f = f;
    nm_library_load(job, f.path, "libhdf5_serial.so.103", sizeof names / sizeof *names, names,
                    &r->h);
    const nm_buf level5 = nm_apart_run(job, f.path, read_all, r);
    nm_read_mat5(job, (nm_file){f.path, (const unsigned char *)level5.s, level5.n}, a);
    a->format = "MATLAB 7.3";
}
