/* open_arrays.c: chooses the reader for a file of named arrays by its content: .mat or .npz. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static void (*reader_of(nm_file f))(nm_job *, nm_file, nm_arrays *)
{
    if (f.n >= 4 && (!memcmp(f.data, "PK\3\4", 4) || !memcmp(f.data, "PK\5\6", 4)))
        return nm_read_npz;
    if (nm_mat73_is(f)) return nm_read_mat73;
    if (f.n >= 6 && !memcmp(f.data, "MATLAB", 6)) return nm_read_mat5;
    return nm_mat4_is(f) ? nm_read_mat4 : NULL;
}

bool nm_arrays_are(nm_file f) { return reader_of(f) != NULL; }

nm_arrays *nm_arrays_read(nm_job *job, nm_file f)
{
    void (*const reader)(nm_job *, nm_file, nm_arrays *) = reader_of(f);
    if (!reader) return NULL;
    nm_arrays *a = NM_NEW(job, nm_arrays);
    a->path = f.path;
    nm_sha256(f.data, f.n, a->hash);
    reader(job, f, a);
    return a;
}

nm_arrays *nm_arrays_open(nm_job *job, const char *path)
{
    const nm_file f = nm_file_read(job, path);
    nm_arrays *a = nm_arrays_read(job, f);
    const char *kind = a ? NULL : nm_sniff(job, f);
    if (!a)
        nm_throw(job, NM_EINPUT, "%s: %s; a MATLAB file (.mat) or a .npz was expected", path,
                 kind ? kind : "not a file of named arrays");
    return a;
}
