/* verb_convert.c: netmip convert: a network in another format. */
#include "base/base.h"
#include "network/network.h"
#include "command/command.h"
#include "command/flags.h"

int nm_verb_convert(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, 1, "a network");
    const char *path = nm_cli_get(c, NM_O_output);
    if (!path) nm_throw(job, NM_EUSE, "netmip convert: -o OUT.json or OUT.onnx was expected");
    nm_net_write(job, nm_net_read_as(job, c->file[0], nm_cli_front(job, c)), path);
    (void)out;
    return NM_OK;
}
