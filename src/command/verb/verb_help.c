/* verb_help.c: netmip help: help, pages of the manual, completions for shells, JSON schemas. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

int nm_verb_help(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 0, 1, "one verb, page or list");
    const bool man = nm_cli_has(c, NM_O_man), completion = nm_cli_has(c, NM_O_completion);
    const char *name = c->n_files ? c->file[0] : man ? "netmip" : NULL, *schema = nm_cli_get(c, NM_O_schema);
    if ((completion || schema) && (man || name || (completion && schema)))
        nm_throw(job, NM_EUSE, "--%s takes no other flag and no page", completion ? "completion" : "schema");
    if (schema)
        nm_put(out, "%s", nm_schema_source(job, schema));
    else if (completion)
        nm_completion(out, nm_cli_pick(job, c, NM_O_completion, "bash|zsh|fish"));
    else if (man)
        nm_manual_print(out, name);
    else if (name)
        nm_help_print(out, name);
    else
        nm_help_overview(out);
    return NM_OK;
}
