/* read_network.c: a network from a file: which reader it wants, by its content, and how flags say that it is read: the
 * shape of its input, the output that is meant, and what stands before it. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

nm_net *nm_net_read(nm_job *job, const char *path) { return nm_net_read_as(job, path, NULL); }

/* of formats that leave nothing open: the output that is meant, and the shape that is there anyway */
static void choose(nm_job *job, nm_graph *g, const nm_front *f)
{
    nm_buf all = {.job = job};
    bool found = false;
    for (size_t i = 0; f->output && i < g->n_outputs && !found; i++) {
        nm_put(&all, i ? ", \"%s\"" : "\"%s\"", g->outputs[i]);
        if (strcmp(g->outputs[i], f->output)) continue;
        g->outputs[0] = g->outputs[i];
        g->n_outputs = found = true;
    }
    if (f->output && !found)
        nm_throw(job, NM_EUSE, "--output-name %s: the outputs of %s are %s", f->output, g->path,
                 all.s ? all.s : "none");
    if (f->shape && g->n_inputs)
        nm_throw(job, NM_EUSE, "--input-shape %s: %s says the shape of its input itself: %s",
                 f->shape, g->path, nm_shape_print(job, g->inputs[0].shape));
}

static nm_graph *read_graph(nm_job *job, nm_file f, const nm_front *front)
{
    size_t i = 0;
    while (i < f.n && strchr(" \t\r\n", f.data[i]) && f.data[i]) i++;
    if (f.n == 0) nm_throw(job, NM_EINPUT, "%s: an empty file; a network was expected", f.path);
    const bool json = i < f.n && f.data[i] == '{';
    const bool nnet = (f.n >= 2 && !memcmp(f.data, "//", 2)) || nm_has_suffix(f.path, ".nnet") ||
                      nm_has_suffix(f.path, ".nnet.gz");
    if (!json && !nnet) return nm_read_onnx(job, f, front);
    nm_graph *g = (json ? nm_read_netjson : nm_read_nnet)(job, f);
    if (front) choose(job, g, front);
    return g;
}

/* what was said, with the shape that an image gave; NULL: nothing */
static const nm_front *kept(nm_job *job, const nm_front *front, const nm_graph *g)
{
    nm_front *f = NM_NEW(job, nm_front);
    if (front) *f = *front;
    if (g->shape) f->shape = g->shape;
    f->image = NULL;
    return nm_front_says(f) ? f : NULL;
}

nm_net *nm_net_read_as(nm_job *job, const char *path, const nm_front *said)
{
    return nm_net_of(job, nm_file_read(job, path), said);
}

nm_net *nm_net_of(nm_job *job, nm_file f, const nm_front *said)
{
    nm_graph *g = read_graph(job, f, said);
    const nm_front *front = kept(job, said, g);
    if (front) nm_front_check(job, g, front);
    nm_net *net = nm_net_new(job, g, f);
    nm_net_settle(job, net, g->order, front ? front->channels : NULL);
    net->front = front;
    if (front && (front->mean || front->std)) {
        const nm_shape image = net->image;
        const char *by = net->image_by;
        nm_front_put(job, g, front, by && !image.rank ? image : nm_net_shape(net));
        net = nm_net_new(job, g, f);
        net->front = front;
        net->image = image;
        net->image_by = by;
    }
    if (!front || (!front->mean && !front->std && !front->shape && !front->output)) return net;
    const char *all = nm_fmt(job, "%s %s", net->hash, nm_front_text(job, front));
    nm_sha256(all, strlen(all), net->hash);
    return net;
}
