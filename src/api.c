/* api.c: the border of the library: here, and only here, errors that inner code throws become return codes. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "answer/answer.h"

typedef struct {
    const char *path, *path2;
    const nm_net *net, *net2;
    const nm_query *query;
    const double *x;
    double *y, *err;
    int64_t label;
    double radius, lo, hi;
    const nm_options *o;
    nm_answer *answer;
    size_t n;
} call;

static void load_net(nm_job *job, void *arg)
{
    call *c = arg;
    c->net = nm_net_read(job, c->path);
}

int nm_net_load(nm_job *job, const char *path, const nm_net **net)
{
    call c = {.path = path};
    const int code = nm_run(job, load_net, &c);
    *net = code ? NULL : c.net;
    return code;
}

size_t nm_net_inputs(const nm_net *net) { return net->n_in; }
size_t nm_net_outputs(const nm_net *net) { return net->n_out; }

static void check_input(nm_job *job, const call *c)
{
    for (size_t i = 0; i < c->net->n_in; i++)
        if (!isfinite(c->x[i])) nm_throw(job, NM_EUSE, "input %zu is not finite", i);
}

static void run_net(nm_job *job, void *arg)
{
    call *c = arg;
    check_input(job, c);
    nm_net_range(job, c->net, c->x);
    const double *y = nm_net_eval(job, c->net, c->x, false, c->err);
    memcpy(c->y, y, c->net->n_out * sizeof *y);
}

int nm_net_run(nm_job *job, const nm_net *net, const double *x, double *y, double *err)
{
    call c = {.net = net, .x = x, .y = y, .err = err};
    return nm_run(job, run_net, &c);
}

static void pair_nets(nm_job *job, void *arg)
{
    call *c = arg;
    c->net = nm_net_join(job, c->net, c->net2);
}

int nm_net_pair(nm_job *job, const nm_net *a, const nm_net *b, const nm_net **net)
{
    call c = {.net = a, .net2 = b};
    const int code = nm_run(job, pair_nets, &c);
    *net = code ? NULL : c.net;
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
    return nm_run(job, save_net, &c);
}

static void load_query(nm_job *job, void *arg)
{
    call *c = arg;
    c->query = nm_query_read(job, c->net, c->path);
    nm_query_range(job, c->net, c->query);
}

int nm_query_load(nm_job *job, const nm_net *net, const char *path, const nm_query **query)
{
    call c = {.path = path, .net = net};
    const int code = nm_run(job, load_query, &c);
    *query = code ? NULL : c.query;
    return code;
}

static void linf(nm_job *job, void *arg)
{
    call *c = arg;
    check_input(job, c);
    nm_buf set = {.job = job};
    if (!(c->radius >= 0)) nm_throw(job, NM_EUSE, "a radius of %g", c->radius);
    nm_put(&set, isfinite(c->radius) ? "linf:" : "free");
    if (isfinite(c->radius)) nm_put_num(&set, c->radius);
    const nm_around a = {
        .x = c->x, .label = c->label, .sets = nm_sets_read(job, set.s, NULL), .lo = c->lo, .hi = c->hi};
    c->query = nm_query_around(job, c->net, &a);
    nm_query_range(job, c->net, c->query);
}

int nm_query_linf(nm_job *job, const nm_net *net, const double *x, int64_t label, double radius,
                  double lo, double hi, const nm_query **query)
{
    call c = {.net = net, .x = x, .label = label, .radius = radius, .lo = lo, .hi = hi};
    const int code = nm_run(job, linf, &c);
    *query = code ? NULL : c.query;
    return code;
}

static nm_solve_opts options(const nm_options *o)
{
    static const nm_options none;
    if (!o) o = &none;
    return (nm_solve_opts){.bounds.all = NM_BY_ALPHA,
                           .threads = 1,
                           .stages.evaluate = true,
                           .form.fold = !o->no_fold,
                           .stages.attack = !o->no_attack,
                           .stages.split = true,
                           .stages.units = true,
                           .stages.branch = true,
                           .stages.solve = !o->no_solve,
                           .time_limit = o->time_limit,
                           .seed = o->seed,
                           .files.options = "library",
                           .files.version = NM_VERSION};
}

static nm_answer answer(const nm_verdict *v)
{
    const nm_replay *w = v->witness && v->witness->is_violated ? v->witness : NULL;
    return (nm_answer){v->status, v->status == NM_UNKNOWN ? NULL : nm_settled_name(v->by), v->why, w ? w->x : NULL,
                       w ? w->margin64 : NAN};
}

static void decide(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_solve_opts o = options(c->o);
    *c->answer = answer(nm_solve_query(job, c->net, c->query, &o));
}

int nm_decide(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o,
              nm_answer *a)
{
    call c = {.net = net, .query = query, .o = o, .answer = a};
    return nm_run(job, decide, &c);
}

static void compile(nm_job *job, void *arg)
{
    call *c = arg;
    nm_solve_opts o = options(c->o);
    o.stages.evaluate = o.stages.attack = o.stages.split = o.stages.branch = o.stages.solve = false;
    o.files.out = c->path;
    const nm_verdict *v = nm_solve_query(job, c->net, c->query, &o);
    for (size_t i = 0; i < v->n_targets; i++) c->n += v->targets[i].file != NULL;
}

int nm_compile(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o,
               const char *out, size_t *written)
{
    call c = {.net = net, .query = query, .o = o, .path = out};
    const int code = nm_run(job, compile, &c);
    *written = code ? 0 : c.n;
    return code;
}

static void decode(nm_job *job, void *arg)
{
    call *c = arg;
    *c->answer = answer(nm_decode(job, c->path, 1, &c->path2, NULL, &c->query));
}

int nm_decode_file(nm_job *job, const char *map, const char *solution, nm_answer *a)
{
    call c = {.path = map, .path2 = solution, .answer = a};
    return nm_run(job, decode, &c);
}
