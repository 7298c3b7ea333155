/* library.c: shared libraries that few runs need, loaded only when a file needs them. libzip pulls in libcrypto; HDF5
 * pulls in thirty more, such as curl and Kerberos. Linked in, they took 4 and 7 ms of CPU at every start, of 10 ms for
 * the rest. Their functions are stored in a table: a struct of pointers in the order of the names. A loaded library is
 * never unloaded. */
#define _GNU_SOURCE
#include "base/base.h"

#include <dlfcn.h>

void nm_library_load(nm_job *job, const char *path, const char *file, size_t n,
                     const char *const *name, void *table)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL), **to = table;
    if (!library) nm_throw(job, NM_EIO, "%s: the library that reads it cannot be loaded: %s", path, dlerror());
    for (size_t i = 0; i < n; i++) {
        to[i] = dlsym(library, name[i]);
        if (!to[i]) nm_throw(job, NM_EIO, "%s: library %s has no function %s", path, file, name[i]);
    }
}
