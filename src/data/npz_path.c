/* npz_path.c: arrays in NumPy's .npz in place of files of images or labels: FILE.npz:NAME, as np.savez and Keras's own
 * data sets have them. A file whose name is the whole text comes first. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

/* Returns where the name of the array begins, or NULL: the path is a file's. */
static const char *name_in(nm_job *job, const char *path)
{
    const char *at = NULL;
    for (const char *p = path; (p = strstr(p, ".npz:")); p++) at = p + 4;
    if (!at || !at[1] || nm_file_exists(path)) return NULL;
    return nm_file_exists(nm_dup(job, path, (size_t)(at - path))) ? at + 1 : NULL;
}

const char *nm_npz_host(nm_job *job, const char *path)
{
    const char *name = name_in(job, path);
    return name ? nm_dup(job, path, (size_t)(name - path) - 1) : path;
}

nm_file nm_images_file(nm_job *job, const char *path)
{
    const char *name = name_in(job, path);
    const nm_file f = nm_file_read(job, nm_npz_host(job, path));
    const bool zip = f.n >= 4 && !memcmp(f.data, "PK\3\4", 4) && nm_has_suffix(f.path, ".npz");
    return name || zip ? nm_npz_member(job, f, name) : f;
}
