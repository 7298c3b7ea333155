/* verb_compare.c: campaigns side by side. */
#include "base/base.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

int nm_verb_compare(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, c->argc, "a folder of campaigns, or several,");
    const nm_compared how = {.format = nm_cli_pick(job, c, NM_O_format, "text|csv|md|latex"),
                             .dir = nm_cli_get(c, NM_O_output),
                             .json = nm_cli_has(c, NM_O_json)};
    if (how.json && nm_cli_has(c, NM_O_format))
        nm_throw(job, NM_EUSE, "--json and --format: one of them was expected");
    size_t n;
    const char **dir = nm_study_folders(job, (size_t)c->n_files, c->file, &n);
    if (n < 2)
        nm_throw(job, NM_EUSE,
                 "netmip compare: two or more folders of campaigns were expected, or one that has several in it");
    return nm_campaigns_compare(job, n, dir, &how, out);
}
