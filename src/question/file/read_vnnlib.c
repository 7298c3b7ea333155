/* read_vnnlib.c: reads a VNN-LIB file of either version as a question about one network, or together with the networks
 * that it declares, as the standard's command line does; and prints the assignment that answers it.
 *
 * Several networks are joined side by side into one, whose flat input holds each input once (read_vnnlib2.c). Strict
 * comparisons, and ties of ArgMax, are read as closed, so that a proof for the question is one for the file; a point
 * found is then checked against the file's formulas as they are written (vnnlib_truth.c). */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

struct nm_vnnlib {
    nm_formulas f;
    nm_vnnlib2 *v; /* or NULL: version 1 */
    size_t n_x, n_y;
};

static nm_query *finish(nm_job *job, const nm_net *net, nm_query *q, nm_file file)
{
    if (net) nm_tail_choose(job, net, q), nm_tail_pull(job, net, q);
    nm_sha256(file.data, file.n, q->hash);
    if (net) q->shape = net->values[net->inputs[0]].shape;
    if (net) q->front = net->front;
    return q;
}

nm_query *nm_read_vnnlib(nm_job *job, const nm_net *net, const char *path)
{
    const nm_file file = nm_file_read(job, path);
    nm_sexpr *all = nm_sexpr_read(job, file);
    nm_formulas f = {.job = job, .path = file.path};
    size_t n_x, n_y;
    bool float32 = false;
    if (!nm_vnnlib_is_second(all)) {
        nm_vnnlib1_read(&f, net, all, &n_x, &n_y);
    } else {
        const nm_vnnlib2 *v = nm_vnnlib2_read(&f, net ? 1 : 0, &(nm_named){NULL, net}, all);
        n_x = v->n_own;
        n_y = v->n_y;
        float32 = v->float32;
    }
    nm_query *q = finish(job, net, nm_formulas_query(&f, n_x, n_y), file);
    q->float32 = float32;
    return q;
}

/* Joins the networks side by side, and says which elements of the joined input each reads. */
static const nm_net *beside(nm_job *job, const nm_vnnlib2 *v)
{
    nm_named *part = NM_RAW(job, nm_named, v->n_nets);
    for (size_t k = 0; k < v->n_nets; k++)
        part[k] = (nm_named){v->net[k].name->word, v->net[k].net};
    return v->n_nets == 1 ? part->net : nm_net_beside(job, v->n_nets, part, v->n_own, v->own);
}

nm_asked nm_vnnlib_ask(nm_job *job, const char *path, size_t n, const nm_named *given)
{
    const nm_file file = nm_file_read(job, path);
    nm_sexpr *all = nm_sexpr_read(job, file);
    nm_vnnlib *q = NM_NEW(job, nm_vnnlib);
    q->f = (nm_formulas){.job = job, .path = file.path, .checked = true};
    if (n == 0) nm_throw(job, NM_EUSE, "%s: no network is given", path);
    nm_asked out = {.net = given->net, .file = q};
    if (!nm_vnnlib_is_second(all)) {
        if (n > 1) nm_throw(job, NM_EUSE, "%s: the query is about one network, but %zu are given", path, n);
        nm_vnnlib1_read(&q->f, given->net, all, &q->n_x, &q->n_y);
    } else {
        q->v = nm_vnnlib2_read(&q->f, n, given, all);
        q->n_x = q->v->n_own;
        q->n_y = q->v->n_y;
        out.net = beside(job, q->v);
    }
    out.query = finish(job, out.net, nm_formulas_query(&q->f, q->n_x, q->n_y), file);
    out.query->float32 = q->v && q->v->float32;
    out.ties = q->f.strict || nm_tail_choice(out.net);
    return out;
}

/* ---- checking and printing a point ---- */

static nm_truth truth_at(nm_job *job, const nm_asked *a, const double *x)
{
    size_t n;
    double *err;
    const double *y = nm_net_outputs_near(job, a->net, x, &n, &err);
    if (a->query->float32) { /* what float32 gives in the file's order */
        y = nm_net_outputs_eval(job, a->net, x, true, &n);
        memset(err, 0, n * sizeof *err);
    }
    return nm_formulas_truth(&a->file->f, x, y, err);
}

const double *nm_asked_settle(nm_job *job, const nm_asked *a, size_t icase, const double *x)
{
    static const double draws[] = {0, 1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 1e-2};
    const nm_case *c = &a->query->cases[icase];
    const bool many = a->ties && !a->query->float32; /* a point that is moved is no float32 number */
    for (size_t k = 0; k < sizeof draws / sizeof *draws && (k == 0 || many); k++) {
        double *p = NM_RAW(job, double, a->query->n_in);
        for (size_t i = 0; i < a->query->n_in; i++)
            p[i] = x[i] + draws[k] * ((c->lo[i] + c->hi[i]) / 2 - x[i]);
        const nm_truth t = truth_at(job, a, p);
        if (t == NM_TRUE || (t == NM_UNSURE && !a->ties)) return p;
        if (k == 0 && t == NM_NOT_TRUE && !a->ties && !a->query->float32)
            nm_throw(job, NM_EAUDIT, "%s: the point found does not satisfy the file's formulas", a->query->path);
    }
    return NULL;
}

static void put_values(nm_buf *b, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++) nm_put_num(b, v[i]), nm_put(b, "\n");
}

static void put_tensor(nm_buf *b, const nm_vnnlib2 *v, const nm_vtensor *t, const double *x,
                       const double *y)
{
    nm_put(b, "%s %s [", t->name->word, t->type->word);
    for (int d = 0; d < t->shape.rank; d++)
        nm_put(b, d ? ",%lld" : "%lld", (long long)t->shape.dim[d]);
    nm_put(b, "]\n");
    if (!t->is_x)
        put_values(b, y + t->at, t->n);
    else
        for (size_t i = t->at; i < t->at + t->n; i++) put_values(b, &x[v->own ? v->own[i] : i], 1);
}

void nm_asked_put(nm_buf *b, const nm_asked *a, const double *x)
{
    size_t n;
    const double *y = nm_net_outputs_eval(b->job, a->net, x, a->query->float32, &n);
    const nm_vnnlib *q = a->file;
    if (q->v)
        for (size_t k = 0; k < q->v->n; k++) put_tensor(b, q->v, &q->v->t[k], x, y);
    if (q->v) return;
    for (size_t i = 0; i < q->n_x; i++) nm_put(b, "X_%zu Real []\n", i), put_values(b, &x[i], 1);
    for (size_t j = 0; j < q->n_y; j++) nm_put(b, "Y_%zu Real []\n", j), put_values(b, &y[j], 1);
}
