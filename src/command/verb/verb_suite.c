/* verb_suite.c: netmip suite: builds a folder of instances with known answers from its description, or checks one. */
#include "base/base.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

static const char *with_slash(nm_job *job, const char *dir)
{
    return nm_has_suffix(dir, "/") ? dir : nm_fmt(job, "%s/", dir);
}

int nm_verb_suite(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, 1, "a description SPEC.json, or --check and a folder");
    const char *dir = nm_cli_get(c, NM_O_output);
    if (nm_cli_has(c, NM_O_check)) {
        if (dir) nm_throw(job, NM_EUSE, "--check: nothing is built, so -o %s would have no effect", dir);
        nm_suite_check(job, out, with_slash(job, c->file[0]));
        return nm_stopped(job) ? NM_UNKNOWN : NM_OK;
    }
    const nm_suite *s = nm_suite_read(job, c->file[0]);
    if (dir) nm_folder_make(job, dir);
    dir = dir ? with_slash(job, dir) : s->dir;
    nm_suite_build(job, s, dir);
    if (nm_stopped(job)) return NM_UNKNOWN;
    nm_put(out, "%s in %s\n", nm_counted(out->job, s->n, "instances"), *dir ? dir : ".");
    return NM_OK;
}
