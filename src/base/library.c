/* library.c: shared libraries that few runs need, loaded when a file wants them. libzip brings libcrypto with it, HDF5
 * thirty more, such as curl's and Kerberos': linked, they took 4 and 7 ms of CPU at every start, of 10 for the rest.
 * Their functions go into a table, a struct of pointers in the order of their names. A library once loaded stays. */
#define _GNU_SOURCE
#include "base/base.h"

#include <dlfcn.h>

void nm_library_load(nm_job *job, const char *path, const char *file, size_t n,
                     const char *const *name, void *table)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL), **to = table;
    if (!library) nm_throw(job, NM_EIO, "%s: no library to read it by: %s", path, dlerror());
    for (size_t i = 0; i < n; i++) {
        to[i] = dlsym(library, name[i]);
        if (!to[i]) nm_throw(job, NM_EIO, "%s: %s has no %s", path, file, name[i]);
    }
}
