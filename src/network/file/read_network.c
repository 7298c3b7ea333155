/* read_network.c: a network from a file: which reader it wants, by its content, and what stands before it. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

nm_net *nm_net_read(nm_job *job, const char *path) { return nm_net_read_as(job, path, NULL); }

nm_net *nm_net_read_as(nm_job *job, const char *path, const nm_front *front)
{
    return nm_net_of(job, nm_file_read(job, path), front);
}

nm_net *nm_net_of(nm_job *job, nm_file f, const nm_front *front)
{
    size_t i = 0;
    while (i < f.n && strchr(" \t\r\n", f.data[i]) && f.data[i]) i++;
    if (f.n == 0) nm_throw(job, NM_EINPUT, "%s: an empty file; a network was expected", f.path);
    const bool json = i < f.n && f.data[i] == '{';
    const bool nnet = (f.n >= 2 && !memcmp(f.data, "//", 2)) || nm_has_suffix(f.path, ".nnet") ||
                      nm_has_suffix(f.path, ".nnet.gz");
    nm_graph *g = (json ? nm_read_netjson : nnet ? nm_read_nnet : nm_read_onnx)(job, f);
    if (front) nm_front_check(job, g, front);
    nm_net *net = nm_net_new(job, g, f);
    nm_net_settle(job, net, g->order, front ? front->channels : NULL);
    net->front = front;
    if (!front || (!front->mean && !front->std)) return net;
    const nm_shape image = net->image;
    const char *by = net->image_by;
    nm_front_put(job, g, front, by && !image.rank ? image : nm_net_shape(net));
    net = nm_net_new(job, g, f);
    net->front = front;
    net->image = image;
    net->image_by = by;
    const char *all = nm_fmt(job, "%s %s", net->hash, nm_front_text(job, front));
    nm_sha256(all, strlen(all), net->hash);
    return net;
}
