/* arrays.c: the named arrays of a file, which hold a network's weights but not its structure. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

nm_array *nm_arrays_add(nm_job *job, nm_arrays *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->a[i].name, name) == 0)
            nm_throw(job, NM_EINPUT, "%s: array \"%s\" is given twice", a->path, name);
    nm_array *x = NM_PUSH(job, a->a, a->n, a->cap);
    *x = (nm_array){.name = name};
    return x;
}

const nm_tensor *nm_arrays_get(nm_job *job, const nm_arrays *a, const char *name, const char *where)
{
    for (size_t i = 0; i < a->n; i++) {
        const nm_array *x = &a->a[i];
        if (strcmp(x->name, name)) continue;
        if (x->why)
            nm_throw(job, NM_EUNSUP, "%s: array \"%s\" of %s: %s", where, name, a->path, x->why);
        if (x->t.n == 0)
            nm_throw(job, NM_EINPUT, "%s: array \"%s\" of %s is empty", where, name, a->path);
        return &x->t;
    }
    nm_buf all = {.job = job};
    for (size_t i = 0; i < a->n && i < 20; i++) nm_put(&all, i ? ", %s" : "%s", a->a[i].name);
    nm_throw(job, NM_EINPUT, "%s: %s has no array \"%s\"; it has: %s%s", where, a->path, name,
             a->n ? all.s : "none", a->n > 20 ? ", ..." : "");
}
