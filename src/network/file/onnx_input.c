/* onnx_input.c: the inputs of an ONNX model: element types, and shapes as far as the file, --input-shape or an image
 * determine them.
 *
 * An open first dimension is the batch, and read as 1; a fixed one above 1 may be a batch (one_sample.c). Other open
 * dimensions are set by --input-shape D,D,.. (which must agree with all that the file states), or by the shape of the
 * image that the question is about, if only one order of its axes fits; otherwise the network is refused. Inputs of
 * uint8, int8, uint16 or int16 are read as reals, with a warning: what holds for all reals holds for integers, but a
 * counterexample may have fractions. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/file/onnx_file.h"
#include "network/operator.h"

static const char *dims_text(nm_job *job, nm_shape s)
{
    nm_buf b = {.job = job};
    for (int i = 0; i < s.rank; i++) nm_put(&b, i ? ",%lld" : "%lld", (long long)s.dim[i]);
    return b.n ? b.s : "";
}

/* Returns the shape as the file has it, with names for open dimensions. */
static const char *shape_text(nm_job *job, const NmPb__Shape *s)
{
    nm_buf b = {.job = job};
    if (!s) return "no shape";
    nm_put(&b, "the shape [");
    for (size_t i = 0; i < s->n_dim; i++) {
        const NmPb__Dimension *d = s->dim[i];
        if (i) nm_put(&b, ",");
        if (d->dim_value > 0)
            nm_put(&b, "%lld", (long long)d->dim_value);
        else
            nm_put(&b, "%s", d->dim_param && *d->dim_param ? d->dim_param : "?");
    }
    nm_put(&b, "]");
    return b.s;
}

/* Returns the file's shape, with 0 for open dimensions. */
static nm_shape stated(const nm_onnx *o, const char *name, const NmPb__Shape *s)
{
    nm_shape out = {.rank = (int)s->n_dim};
    if (s->n_dim > NM_MAXRANK)
        nm_throw(o->job, NM_EUNSUP, "%s: \"%s\" has rank %zu; %d at most is read", o->f.path,
                 name, s->n_dim, NM_MAXRANK);
    for (size_t i = 0; i < s->n_dim; i++)
        out.dim[i] = s->dim[i]->dim_value > 0 ? s->dim[i]->dim_value : 0;
    return out;
}

/* Returns true if `said` agrees with what the file states; of a batch, one sample may be asked for. */
static bool agrees(nm_shape file, nm_shape said)
{
    if (file.rank != said.rank) return false;
    for (int i = 0; i < file.rank; i++)
        if (file.dim[i] && file.dim[i] != said.dim[i] && (i || said.dim[i] != 1 || file.rank < 2))
            return false;
    return true;
}

static nm_shape said_shape(nm_job *job, const char *text)
{
    nm_shape s = {0};
    for (const char *at = text;; at++) {
        const char *end = at + strcspn(at, ",");
        int64_t d;
        if (s.rank == NM_MAXRANK || !nm_int_parse(at, end, &d) || d < 1 || d > 1 << 27)
            nm_throw(job, NM_EUSE,
                     "--input-shape %s: up to %d integers of 1 or more, separated by commas, were expected",
                     text, NM_MAXRANK);
        s.dim[s.rank++] = d;
        at = end;
        if (!*at) return s;
    }
}

enum { CANDIDATES = 6 };

/* Lists the shapes that an input of this rank can have for an image, whose order of axes may be known or not. */
static size_t candidates(nm_shape image, int rank, nm_shape out[CANDIDATES])
{
    size_t n = 0;
    nm_layout own;
    if (image.rank == rank) out[n++] = image;
    if (image.rank + 1 == rank) {
        out[n] = (nm_shape){.rank = rank, .dim = {1}};
        memcpy(out[n++].dim + 1, image.dim, (size_t)image.rank * sizeof *image.dim);
    }
    const bool known = nm_layout_find(image, &own);
    for (int k = 0; k < 2 && (rank == 3 || rank == 4); k++) {
        nm_layout l = own;
        if (known ? k : !nm_layout_try(image, k ? NM_HWC : NM_CHW, &l)) continue;
        const int64_t c = (int64_t)l.c, h = (int64_t)l.h, w = (int64_t)l.w;
        const int64_t chw[] = {1, c, h, w}, hwc[] = {1, h, w, c};
        out[n++] = nm_shape_of(rank, chw + 4 - rank);
        out[n++] = nm_shape_of(rank, hwc + 4 - rank);
    }
    return n;
}

/* Completes the file's shape from the image's; returns false if no shape fits, or several do. */
static bool from_image(nm_job *job, const char *spec, nm_shape file, nm_shape *found)
{
    nm_shape list[CANDIDATES];
    const size_t n = candidates(nm_image_shape(job, spec), file.rank, list);
    size_t fits = 0;
    for (size_t i = 0; i < n; i++) {
        bool fit = true;
        for (int d = 0; d < file.rank; d++) fit &= !file.dim[d] || file.dim[d] == list[i].dim[d];
        if (!fit || (fits && nm_shape_eq(list[i], *found))) continue;
        *found = list[i];
        found->order = NM_OPEN;
        fits++;
    }
    return fits == 1;
}

static nm_shape resolve(nm_onnx *o, const char *name, const NmPb__Shape *s, const nm_front *front,
                        bool alone)
{
    nm_job *job = o->job;
    if (front && front->shape) {
        const nm_shape said = said_shape(job, front->shape);
        if (!alone)
            nm_throw(job, NM_EUNSUP, "%s: --input-shape needs a network with one input", o->f.path);
        const nm_shape file = s ? stated(o, name, s) : said;
        if (!agrees(file, said))
            nm_throw(job, NM_EUSE, "--input-shape %s: input \"%s\" of %s has %s", front->shape,
                     name, o->f.path, shape_text(job, s));
        o->one_is_said = file.dim[0] > 1 && said.dim[0] == 1;
        o->all_is_said = !o->one_is_said;
        return o->one_is_said ? file : said;
    }
    nm_shape file = s ? stated(o, name, s) : (nm_shape){.rank = -1}, found = file;
    bool open = !s;
    if (s && file.rank && !file.dim[0]) file.dim[0] = 1;
    for (int i = 0; i < file.rank; i++) open |= !file.dim[i];
    if (!open) return file;
    if (s && alone && front && front->image && from_image(job, front->image, file, &found)) {
        o->shape = dims_text(job, found);
        nm_note(job, "%s: input \"%s\" has %s; it is read as [%s], which is the shape of %s",
                o->f.path, name, shape_text(job, s), o->shape, front->image);
        return found;
    }
    nm_throw(
        job, NM_EUNSUP,
        "%s: input \"%s\" has %s: only the first dimension (the batch) may be open; give all by "
        "--input-shape D,D,..",
        o->f.path, name, shape_text(job, s));
}

static bool scales(const nm_front *front) { return front && (front->mean || front->std); }

static nm_value read_input(nm_onnx *o, const NmPb__ValueInfo *info, const nm_front *front,
                           bool alone)
{
    nm_value v = {.name = info->name ? nm_dup(o->job, info->name, strlen(info->name)) : "",
                  .maker = -1};
    const NmPb__TypeTensor *t = info->type ? info->type->tensor_type : NULL;
    if (!t) nm_throw(o->job, NM_EUNSUP, "%s: input \"%s\" is not a tensor", o->f.path, v.name);
    if (!nm_onnx_type(t->elem_type, &v.type))
        nm_throw(o->job, NM_EUNSUP,
                 "%s: input \"%s\" has element type %s, which is not read; export it as float32",
                 o->f.path, v.name, nm_onnx_type_name(o->job, t->elem_type));
    v.shape = resolve(o, v.name, t->shape, front, alone);
    if (v.type >= NM_U8 && v.type <= NM_I16)
        nm_warn(o->job,
                "%s: input \"%s\" is made of integers (%s) and is read as real numbers: what holds "
                "for them "
                "holds for integers, too; a counterexample may have fractions, and is then one of "
                "the network "
                "of reals alone. Its values are those of the integers%s",
                o->f.path, v.name, nm_dtype_name(v.type),
                v.type == NM_U8 && !scales(front)
                    ? ", 0 to 255; --std 0.00392156862745098 makes questions ones of "
                      "pixels from 0 to 1"
                    : "");
    if (v.type == NM_F16 || v.type == NM_BF16)
        nm_note(
            o->job,
            "%s: input \"%s\" is of %s: the network is read as a function of reals; a runtime that "
            "computes in %s rounds at every step, and may differ by that",
            o->f.path, v.name, nm_dtype_name(v.type), nm_dtype_name(v.type));
    return v;
}

static nm_shape stated_of(const nm_onnx *o, const NmPb__ValueInfo *info, const char *name)
{
    const NmPb__Shape *s = info->type && info->type->tensor_type ? info->type->tensor_type->shape : NULL;
    return s ? stated(o, name, s) : (nm_shape){.rank = -1};
}

/* Returns whether an input is a constant, which may be listed as an input, too; it must then be as it is stated. */
static bool is_constant(const nm_onnx *o, const NmPb__ValueInfo *info)
{
    const char *name = info->name ? info->name : "";
    bool is = false;
    for (size_t i = 0; i < o->n_dense && info->name; i++) {
        const NmPb__Tensor *t = o->dense[i];
        if (!t->name || strcmp(t->name, name)) continue;
        const nm_shape s = stated_of(o, info, name);
        bool same = s.rank < 0 || (size_t)s.rank == t->n_dims;
        for (int d = 0; d < s.rank && same; d++) same = !s.dim[d] || s.dim[d] == t->dims[d];
        if (!same)
            nm_throw(o->job, NM_EINPUT, "%s: input \"%s\" is a constant of another shape than %s, which is stated",
                     o->f.path, name, shape_text(o->job, info->type->tensor_type->shape));
        is = true;
    }
    for (size_t i = 0; i < o->n_sparse && info->name; i++) {
        const NmPb__Tensor *t = o->sparse[i]->values;
        is |= t && t->name && strcmp(t->name, name) == 0;
    }
    return is;
}

void nm_onnx_outputs(const nm_onnx *o, nm_graph *g)
{
    const NmPb__Graph *own = o->model->graph;
    nm_shape *s = NM_ARRAY(o->job, nm_shape, g->n_outputs + 1);
    for (size_t k = 0; k < g->n_outputs; k++) {
        s[k].rank = -1;
        for (size_t i = 0; i < own->n_output; i++)
            if (own->output[i]->name && strcmp(own->output[i]->name, g->outputs[k]) == 0)
                s[k] = stated_of(o, own->output[i], g->outputs[k]);
    }
    g->stated = s;
}

void nm_onnx_inputs(nm_onnx *o, const nm_front *front)
{
    const NmPb__Graph *g = o->model->graph;
    const NmPb__ValueInfo **list = NM_RAW(o->job, const NmPb__ValueInfo *, g->n_input + 1);
    size_t n = 0;
    for (size_t i = 0; i < g->n_input; i++)
        if (!is_constant(o, g->input[i])) list[n++] = g->input[i];
    o->inputs = NM_ARRAY(o->job, nm_value, n + 1);
    for (size_t i = 0; i < n; i++) o->inputs[o->n_inputs++] = read_input(o, list[i], front, n == 1);
}

void nm_onnx_batch(const nm_onnx *o, nm_graph *g)
{
    int64_t n = o->n_inputs ? o->inputs[0].shape.dim[0] : 0;
    for (size_t i = 0; i < o->n_inputs; i++)
        if (o->inputs[i].shape.rank < 2 || o->inputs[i].shape.dim[0] != n) n = 0;
    if (n < 2 || o->all_is_said) return;
    g->batch = n;
    g->one_is_said = o->one_is_said;
}

void nm_onnx_range(const nm_onnx *o, const nm_front *front, nm_graph *g)
{
    size_t n = 0, at = 0;
    bool whole = !scales(front) &&
                 (g->n_inputs == 1 || !g->batch); /* for a batch, the range of the first sample */
    for (size_t i = 0; i < g->n_inputs; i++)
        whole &= g->inputs[i].type >= NM_U8 && g->inputs[i].type <= NM_I16;
    if (whole)
        for (size_t i = 0; i < g->n_inputs; i++)
            n += nm_shape_size(o->job, g->inputs[i].shape);
    if (!whole || n > 1u << 27) return; /* such a size is refused later */
    double *lo = NM_RAW(o->job, double, n), *hi = NM_RAW(o->job, double, n);
    for (size_t i = 0; i < g->n_inputs; i++)
        for (size_t k = nm_shape_size(o->job, g->inputs[i].shape); k; k--, at++)
            nm_dtype_whole(g->inputs[i].type, &lo[at], &hi[at]);
    g->lo = lo;
    g->hi = hi;
}
