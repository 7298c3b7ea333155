/* verb_compare.c: campaigns side by side. */
#include "base/base.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

int nm_verb_compare(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 2, c->argc, "two or more folders of campaigns");
    const nm_compared how = {.format = nm_cli_pick(job, c, NM_O_format, "text|csv|md|latex"),
                             .dir = nm_cli_get(c, NM_O_output),
                             .json = nm_cli_has(c, NM_O_json)};
    if (how.json && nm_cli_has(c, NM_O_format))
        nm_throw(job, NM_EUSE, "--json and --format: one of them was expected");
    return nm_campaigns_compare(job, (size_t)c->n_files, c->file, &how, out);
}
