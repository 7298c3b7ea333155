/* preprocess.c: what is put between the pixels and a network's input: --channels, --mean and --std.
 *
 * A network that wants (pixel - mean) / std gets a Sub and a Div before its first layer. From then on it is a network
 * of pixels for everything else, including the judge's evaluation and its rounding; images, perturbations, domains and
 * distances are given in pixels. The constants are the doubles that were written; as in every Div, the network is
 * defined by the double nearest to 1/std. The constants are part of the network's hash, and the map carries them. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"

static _Noreturn void bad(nm_job *job, const char *flag, const char *text, const char *want)
{
    nm_throw(job, NM_EUSE, "--%s %s: %s was expected", flag, text, want);
}

/* Reads x [n] from a list with a number for each channel, or from one number for all. */
static double *spread(nm_job *job, const char *flag, const char *text, const nm_graph *g,
                      nm_shape image)
{
    const nm_shape shape = g->inputs[0].shape;
    const size_t n = nm_shape_size(job, shape);
    double list[64], *x = NM_RAW(job, double, n);
    size_t k = 0;
    for (const char *s = text;; s++) {
        const char *end = s + strcspn(s, ",");
        if (k == 64 || !nm_fraction_parse(s, end, &list[k++]) || (*flag == 's' && list[k - 1] <= 0))
            bad(job, flag, text,
                *flag == 's' ? "numbers above 0, one for each channel," : "numbers, one for each channel,");
        s = end;
        if (!*s) break;
    }
    nm_layout l = {1, 1, n, false};
    if (k > 1 && !nm_layout_find(image, &l)) {
        const bool flat = nm_shape_flat(shape) && !nm_layout_try(shape, NM_CHW, &l); /* else --channels helps */
        const char *why = image.rank && !flat ? nm_layout_why(job, image) : "the input is not an image";
        nm_throw(job, NM_EUSE, "--%s %s: %s%s", flag, text, why,
                 flat ? "; one number was expected" : strstr(why, "--channels") ? "" : "; see --channels");
    }
    if (k > 1 && l.c != k)
        nm_throw(job, NM_EUSE, "--%s %s: %zu numbers; the input of %s has %zu channels%s", flag,
                 text, k, nm_shape_print(job, shape), l.c,
                 image.order == NM_OPEN ? "; see --channels" : "");
    for (size_t c = 0; c < l.c; c++)
        for (size_t i = 0; i < l.h; i++)
            for (size_t j = 0; j < l.w; j++) x[nm_layout_at(&l, c, i, j)] = list[k > 1 ? c : 0];
    return x;
}

/* Puts the operator (input, constant) between the input and all that reads it. */
static void before(nm_job *job, nm_graph *g, const char *op, const char *name, const double *x)
{
    const char *input = g->inputs[0].name, *out = nm_graph_fresh(job, g, nm_fmt(job, "%s_%s", input, name)),
               *constant = nm_graph_fresh(job, g, nm_fmt(job, "%s_%s_value", input, name));
    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; k < g->nodes[i].n_in; k++)
            if (strcmp(g->nodes[i].in[k], input) == 0) g->nodes[i].in[k] = out;
    for (size_t i = 0; i < g->n_outputs; i++)
        if (strcmp(g->outputs[i], input) == 0) g->outputs[i] = out;
    nm_graph_const(job, g, constant, g->inputs[0].shape, NM_F64, x);
    const char *in[] = {input, constant};
    nm_graph_node(job, g, op, out, out, 2, in);
}

void nm_front_check(nm_job *job, const nm_graph *g, const nm_front *f)
{
    if (f->channels && strcmp(f->channels, "chw") && strcmp(f->channels, "hwc"))
        bad(job, "channels", f->channels, "chw or hwc");
    if ((f->channels || f->mean || f->std) && g->n_inputs != 1)
        nm_throw(job, NM_EUNSUP, "%s: --channels, --mean and --std need a network with one input",
                 g->path);
    if ((f->mean || f->std) && g->lo)
        nm_throw(job, NM_EUNSUP,
                 "%s: the file states a range for its inputs, which --mean and --std would change", g->path);
}

void nm_front_put(nm_job *job, nm_graph *g, const nm_front *f, nm_shape image)
{
    if (f->std || f->mean) g->inputs[0].type = NM_F32; /* pixels are reals */
    /* each goes in front of what is there, so the division comes first here */
    if (f->std) before(job, g, "Div", "scaled", spread(job, "std", f->std, g, image));
    if (f->mean) before(job, g, "Sub", "centred", spread(job, "mean", f->mean, g, image));
}

bool nm_front_says(const nm_front *f)
{
    return f->mean || f->std || f->channels || f->shape || f->output;
}

const char *nm_front_text(nm_job *job, const nm_front *f)
{
    return nm_fmt(job, "mean %s std %s channels %s%s%s%s%s", f->mean ? f->mean : "-",
                  f->std ? f->std : "-", f->channels ? f->channels : "-",
                  f->shape ? " input-shape " : "", f->shape ? f->shape : "",
                  f->output ? " output-name " : "", f->output ? f->output : "");
}
