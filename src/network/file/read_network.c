/* read_network.c: reads a network from a file: chooses the reader by the content, and applies the flags: the shape of
 * the input, the output to use, what is put in front of it; and for a fixed batch decides whether to read one sample or
 * all. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

nm_net *nm_net_read(nm_job *job, const char *path) { return nm_net_read_as(job, path, NULL); }

/* Applies --output-name and --input-shape to formats that leave nothing open. */
static void choose(nm_job *job, nm_graph *g, const nm_front *f)
{
    nm_buf all = {.job = job};
    bool found = false;
    if (f->output)
        for (size_t i = 0; i < g->n_outputs && !found; i++) {
            nm_put(&all, i ? ", \"%s\"" : "\"%s\"", g->outputs[i]);
            if (strcmp(g->outputs[i], f->output)) continue;
            g->outputs[0] = g->outputs[i];
            g->n_outputs = found = true;
        }
    if (f->output && !found)
        nm_throw(job, NM_EUSE, "--output-name %s: the outputs of %s are %s", f->output, g->path,
                 all.s ? all.s : "none");
    if (f->shape && g->n_inputs)
        nm_throw(job, NM_EUSE, "--input-shape %s: %s states the shape of its input: %s",
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

/* Returns the flags to keep with the network, with the shape that an image gave; NULL: none. */
static const nm_front *kept(nm_job *job, const nm_front *front, const nm_graph *g)
{
    nm_front *f = NM_NEW(job, nm_front);
    if (front) *f = *front;
    if (g->shape) f->shape = g->shape;
    f->image = NULL;
    f->n_asked = 0;
    return nm_front_says(f) ? f : NULL;
}

typedef struct {
    nm_graph *g;
    nm_file f;
    nm_net *net;
} trial;

static void try_net(nm_job *job, void *arg)
{
    trial *t = arg;
    t->net = nm_net_new(job, t->g, t->f);
}

/* Returns the message without the file's name in front. */
static const char *reason(const char *message, const char *path)
{
    const size_t n = strlen(path);
    return strncmp(message, path, n) == 0 && strncmp(message + n, ": ", 2) == 0 ? message + n + 2
                                                                                : message;
}

/* Makes the graph's network, of one sample or of the whole batch; returns NULL and sets *why if that fails. */
static nm_net *attempt(nm_job *job, nm_graph *g, nm_file f, bool one, const char **why)
{
    trial t = {g, f, NULL};
    g->samples = one ? g->batch : 0;
    for (size_t i = 0; i < g->n_inputs; i++) g->inputs[i].shape.dim[0] = one ? 1 : g->batch;
    const int code = nm_run(job, try_net, &t);
    const char *message = nm_message_of(job, code);
    if (code != NM_OK && code != NM_EUNSUP && code != NM_EINPUT) nm_throw(job, code, "%s", message);
    *why = reason(message, f.path);
    if (code == NM_OK && one)
        nm_note(job,
                "%s: input \"%s\" is a batch of %lld samples, which no operator mixes: one is "
                "read, of shape %s",
                f.path, g->inputs[0].name, (long long)g->batch,
                nm_shape_print(job, g->inputs[0].shape));
    if (code == NM_OK && !one) t.net->batch = g->batch;
    return code == NM_OK ? t.net : NULL;
}

typedef struct {
    const char *spec;
    size_t n;
} measured;

static void try_image(nm_job *job, void *arg)
{
    measured *m = arg;
    m->n = nm_shape_size(job, nm_image_shape(job, m->spec));
}

/* Returns how many samples of the batch the question is about: 1, or all of them; 0: another number, or unknown. */
static int64_t asked(nm_job *job, const nm_graph *g, const nm_front *front)
{
    size_t n = 0, want = front ? front->n_asked : 0;
    for (size_t i = 0; i < g->n_inputs; i++) n += nm_shape_size(job, g->inputs[i].shape);
    measured image = {front ? front->image : NULL, 0};
    if (!want && image.spec)
        nm_run(job, try_image, &image); /* an image that cannot be read is refused later */
    if (!want) want = image.n;
    return want == n ? g->batch : want == n / (size_t)g->batch ? 1 : 0;
}

/* Reads a network with a fixed batch: as one sample if that is asked for, else with all samples. If the whole cannot be
 * read, one sample is read, unless the question is about all. */
static nm_net *batch_net(nm_job *job, nm_graph *g, nm_file f, const nm_front *front)
{
    const char *why_one = "", *why_all = "", *name = g->inputs[0].name;
    const int64_t wanted = g->one_is_said ? 1 : asked(job, g, front);
    nm_net *net = wanted == 1 ? NULL : attempt(job, g, f, false, &why_all);
    if (!net) net = attempt(job, g, f, true, &why_one);
    if (!net)
        nm_throw(
            job, NM_EUNSUP,
            "%s: %s%sinput \"%s\" is a batch of %lld samples, and one cannot be taken apart: %s; "
            "export the network with a batch of 1",
            f.path, why_all, *why_all ? "; " : "", name, (long long)g->batch, why_one);
    if (wanted > 1 && g->samples)
        nm_throw(
            job, NM_EUNSUP,
            "%s: %s; input \"%s\" is a batch of %lld samples, and one alone can be read: ask about "
            "one",
            f.path, why_all, name, (long long)g->batch);
    return net;
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
    nm_net *net = g->batch ? batch_net(job, g, f, said) : nm_net_new(job, g, f);
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
