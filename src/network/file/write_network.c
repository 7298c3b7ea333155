/* write_network.c: writes any network that can be read, as netmip's JSON or as ONNX. */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"

void nm_net_write(nm_job *job, const nm_net *net, const char *path)
{
    const bool json = nm_has_suffix(path, ".json") || nm_has_suffix(path, ".json.gz");
    if (!json && !nm_has_suffix(path, ".onnx") && !nm_has_suffix(path, ".onnx.gz"))
        nm_throw(job, NM_EUSE,
                 "%s: a name that ends in .json or .onnx (or these with .gz) was expected", path);
    nm_wnet *w = nm_wnet_new(job, net, !json);
    (json ? nm_write_netjson : nm_write_onnx)(job, w, path);
    if (!json && net->lo)
        nm_note(job, "%s: the range of the inputs that %s states is lost, as ONNX cannot express it", path,
                net->path);
}
