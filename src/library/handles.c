/* handles.c: the interface of the library: options, networks and questions. In this room, and nowhere else, errors that
 * inner code throws become return codes; its door is include/netmip.h.
 *
 * What is returned must outlive the call and its options, so texts are copied. Answers, bounds and models are in
 * answers.c, units.c and models.c. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "command/command.h"

const char *nm_version(void) { return NM_VERSION; }

/* ---- options ---- */

typedef struct {
    const char *path, *name, *value;
    nm_file bytes;
    const nm_net *net, *net2;
    const nm_query *query;
    const nm_options *o;
    const double *x;
    const int64_t *size;
    double *y, *y32, *err;
    const void *png;
    size_t n;
    nm_options *out;
    int rank;
} call;

static void make_options(nm_job *job, void *arg)
{
    nm_options *o = NM_NEW(job, nm_options);
    o->job = job;
    ((call *)arg)->out = o;
}

int nm_options_new(nm_job *job, nm_options **o)
{
    call c = {0};
    const int code = NM_FACE_RUN(job, make_options, &c, o);
    if (o) *o = code ? NULL : c.out;
    return code;
}

static void set_option(nm_job *job, void *arg)
{
    const call *c = arg;
    nm_cli_put(job, &c->out->c, c->name, c->value);
}

int nm_options_set(nm_options *o, const char *name, const char *value)
{
    call c = {.out = o, .name = name, .value = value};
    return NM_FACE_RUN(o ? o->job : NULL, set_option, &c, name);
}

static void set_image(nm_job *job, void *arg)
{
    const call *c = arg;
    nm_tensor t = {.type = NM_F64};
    if (c->rank < 1 || c->rank > NM_MAXRANK)
        nm_throw(job, NM_EUSE, "an image has rank %d; 1 to %d was expected", c->rank, NM_MAXRANK);
    for (int i = 0; i < c->rank; i++)
        if (c->size[i] < 1)
            nm_throw(job, NM_EUSE, "an image has a side of %lld; 1 or more was expected", (long long)c->size[i]);
    t.shape = nm_shape_of(c->rank, c->size);
    t.n = nm_shape_size(job, t.shape);
    t.x = NM_RAW(job, double, t.n);
    memcpy(t.x, c->x, t.n * sizeof *t.x);
    c->out->c.image = t;
}

int nm_options_image(nm_options *o, const double *x, int rank, const int64_t *size)
{
    call c = {.out = o, .x = x, .rank = rank, .size = size};
    return NM_FACE_RUN(o ? o->job : NULL, set_image, &c, x, size);
}

static void list_options(nm_job *job, void *arg)
{
    call *c = arg;
    c->value = nm_face_list(job, c->name);
}

int nm_options_list(nm_job *job, const char *function, const char **text)
{
    call c = {.name = function};
    const int code = NM_FACE_RUN(job, list_options, &c, function, text);
    if (text) *text = code ? NULL : c.value;
    return code;
}

/* ---- networks ---- */

/* Returns the options like those of a command line that names one file, or two. */
static nm_cli flags(nm_job *job, const call *c, nm_face face, const char *what, const char *file)
{
    nm_cli f = *nm_face_options(job, c->o, face, what);
    f.n_files = file ? 2 : 1;
    f.file = NM_ARRAY(job, const char *, 3);
    f.file[file ? 1 : 0] = nm_dup(job, file ? file : c->path, strlen(file ? file : c->path));
    return f;
}

static void load_net(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_cli f = flags(job, c, NM_F_NET, "nm_net_load", NULL);
    c->net = nm_cli_net(job, &f);
}

int nm_net_load(nm_job *job, const char *path, const nm_options *o, const nm_net **net)
{
    call c = {.path = path, .o = o};
    const int code = NM_FACE_RUN(job, load_net, &c, path, net);
    if (net) *net = code ? NULL : c.net;
    return code;
}

static void parse_net(nm_job *job, void *arg)
{
    call *c = arg;
    nm_cli f = flags(job, c, NM_F_NET, "nm_net_parse", NULL);
    const char *data = nm_dup(job, (const char *)c->bytes.data,
                              c->bytes.n); /* with a terminating NUL */
    f.bytes = (nm_file){f.file[0], (const unsigned char *)data, c->bytes.n};
    c->net = nm_cli_net(job, &f);
}

int nm_net_parse(nm_job *job, const char *name, const void *bytes, size_t n, const nm_options *o,
                 const nm_net **net)
{
    call c = {.path = name, .bytes = {name, bytes, n}, .o = o};
    const int code = NM_FACE_RUN(job, parse_net, &c, name, bytes, net);
    if (net) *net = code ? NULL : c.net;
    return code;
}

static void pair_nets(nm_job *job, void *arg)
{
    call *c = arg;
    c->net = nm_net_join(job, c->net, c->net2);
}

int nm_net_pair(nm_job *job, const nm_net *a, const nm_net *b, const nm_net **net)
{
    call c = {.net = a, .net2 = b};
    const int code = NM_FACE_RUN(job, pair_nets, &c, a, b, net);
    if (net) *net = code ? NULL : c.net;
    return code;
}

static void save_net(nm_job *job, void *arg)
{
    const call *c = arg;
    nm_net_write(job, c->net, c->path);
}

int nm_net_save(nm_job *job, const nm_net *net, const char *path)
{
    call c = {.net = net, .path = path};
    return NM_FACE_RUN(job, save_net, &c, net, path);
}

size_t nm_net_inputs(const nm_net *net) { return net ? net->n_in : 0; }
size_t nm_net_outputs(const nm_net *net) { return net ? net->n_out : 0; }

int nm_net_input_sizes(const nm_net *net, int64_t size[8])
{
    if (!net || !size) return 0;
    const nm_shape s = net->values[net->inputs[0]].shape;
    memcpy(size, s.dim, (size_t)s.rank * sizeof *size);
    return s.rank;
}

static void check_input(nm_job *job, const call *c)
{
    for (size_t i = 0; i < c->net->n_in; i++)
        if (!isfinite(c->x[i])) nm_throw(job, NM_EUSE, "input %zu is not finite", i);
    nm_net_range(job, c->net, c->x);
}

static void run_net(nm_job *job, void *arg)
{
    const call *c = arg;
    check_input(job, c);
    const nm_mark mark = nm_mark_get(job);
    const double *y = nm_net_eval(job, c->net, c->x, false, c->err);
    memcpy(c->y, y, c->net->n_out * sizeof *y);
    nm_mark_release(job, mark);
}

int nm_net_run(nm_job *job, const nm_net *net, const double *x, double *y, double *err)
{
    call c = {.net = net, .x = x, .y = y, .err = err};
    return NM_FACE_RUN(job, run_net, &c, net, x, y);
}

size_t nm_net_file_outputs(const nm_net *net)
{
    size_t n = 0;
    for (size_t k = 0; net && k < net->n_outputs; k++)
        n += net->values[net->tail[k] ? net->tail[k]->out[0] : net->outputs[k]].n;
    return n;
}

static void run_file(nm_job *job, void *arg)
{
    const call *c = arg;
    size_t n;
    check_input(job, c);
    const nm_mark mark = nm_mark_get(job);
    const double *y = c->y ? nm_net_outputs_eval(job, c->net, c->x, false, &n) : NULL;
    if (y) memcpy(c->y, y, n * sizeof *y);
    const double *y32 = c->y32 ? nm_net_outputs_eval(job, c->net, c->x, true, &n) : NULL;
    if (y32) memcpy(c->y32, y32, n * sizeof *y32);
    nm_mark_release(job, mark);
}

int nm_net_file_run(nm_job *job, const nm_net *net, const double *x, double *y64, double *y32)
{
    call c = {.net = net, .x = x, .y = y64, .y32 = y32};
    return NM_FACE_RUN(job, run_file, &c, net, x);
}

/* ---- questions ---- */

static void make_query(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_cli f = flags(job, c, NM_F_QUESTION, "nm_query_make", NULL);
    c->query = nm_cli_question(job, &f, c->net);
}

int nm_query_make(nm_job *job, const nm_net *net, const nm_options *o, const nm_query **query)
{
    call c = {.net = net, .o = o, .path = net ? net->path : NULL};
    const int code = NM_FACE_RUN(job, make_query, &c, net, query);
    if (query) *query = code ? NULL : c.query;
    return code;
}

static void load_query(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_cli f = flags(job, c, NM_F_BESIDE, "nm_query_load", c->path);
    c->query = nm_cli_question(job, &f, c->net);
}

int nm_query_load(nm_job *job, const nm_net *net, const char *path, const nm_options *o,
                  const nm_query **query)
{
    call c = {.path = path, .net = net, .o = o};
    const int code = NM_FACE_RUN(job, load_query, &c, net, path, query);
    if (query) *query = code ? NULL : c.query;
    return code;
}

static void query_text(nm_job *job, void *arg)
{
    call *c = arg;
    nm_buf b = {.job = job};
    nm_query_write(&b, c->query);
    c->name = b.s;
}

int nm_query_json(nm_job *job, const nm_query *query, const char **text)
{
    call c = {.query = query};
    const int code = NM_FACE_RUN(job, query_text, &c, query, text);
    if (text) *text = code ? NULL : c.name;
    return code;
}

static void draw(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_query *q = c->query;
    const char *path = nm_fmt(job, "%s/picture.png", nm_temp_new(job));
    const bool drawn = q->image ? nm_draw_triptych(job, path, q->shape, q->image, c->x)
                                : nm_draw_image(job, path, q->shape, c->x);
    if (!drawn)
        nm_throw(job, NM_EUNSUP, "the inputs are not a picture: %s", nm_layout_why(job, q->shape));
    const nm_file f = nm_file_bytes(job, path);
    c->png = f.data;
    c->n = f.n;
}

int nm_query_picture(nm_job *job, const nm_query *query, const double *x, const void **png,
                     size_t *n)
{
    call c = {.query = query, .x = x};
    const int code = NM_FACE_RUN(job, draw, &c, query, x, png, n);
    if (png) *png = code ? NULL : c.png;
    if (n) *n = code ? 0 : c.n;
    return code;
}
