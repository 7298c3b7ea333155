/* open_arrays.c: which reader a file of named arrays wants, by its content: .mat or .npz. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

nm_arrays *nm_arrays_read(nm_job *job, nm_file f)
{
    const bool zip = f.n >= 4 && (!memcmp(f.data, "PK\3\4", 4) || !memcmp(f.data, "PK\5\6", 4));
    if (!zip && (f.n < 6 || memcmp(f.data, "MATLAB", 6))) return NULL;
    nm_arrays *a = NM_NEW(job, nm_arrays);
    a->path = f.path;
    nm_sha256(f.data, f.n, a->hash);
    (zip ? nm_read_npz : nm_read_mat)(job, f, a);
    return a;
}

nm_arrays *nm_arrays_open(nm_job *job, const char *path)
{
    const nm_file f = nm_file_read(job, path);
    nm_arrays *a = nm_arrays_read(job, f);
    const char *kind = a ? NULL : nm_sniff(job, f);
    if (!a)
        nm_throw(job, NM_EINPUT, "%s: %s; a MATLAB 5 file (.mat) or a .npz was expected", path,
                 kind ? kind : "not a file of named arrays");
    return a;
}
