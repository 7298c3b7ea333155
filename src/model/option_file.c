/* option_file.c: writes the solver's options beside a model: zero gap, the tightest tolerances that the solver's manual
 * allows, and the threads. The text is part of the dialect. */
#include "base/base.h"
#include "model/model.h"

const char *nm_write_options(nm_job *job, const nm_dialect *d, const char *model, const char *stem,
                             size_t threads)
{
    if (!d->options) nm_throw(job, NM_EUNSUP, "--options: dialect %s has no option file", d->name);
    const char *path = nm_fmt(job, "%s%s", stem, d->options_end);
    const char *const key[] = {"{threads}", "{model}", "{stem}"};
    const char *const value[] = {nm_fmt(job, "%zu", threads), model, stem};
    nm_out *o = nm_out_open(job, path);
    for (const char *s = d->options; *s;) {
        size_t k = 0;
        while (k < 3 && strncmp(s, key[k], strlen(key[k]))) k++;
        if (k < 3)
            nm_out_write(o, value[k], strlen(value[k]));
        else
            nm_out_write(o, s, 1);
        s += k < 3 ? strlen(key[k]) : 1;
    }
    nm_out_done(o);
    return path;
}
