#include "base/base.h"
#include "command/command.h"
int nm_verb_report(nm_job *job, const nm_cli *c, nm_buf *out)
{
    (void)c; (void)out;
    nm_throw(job, NM_EUSE, "later");
}
