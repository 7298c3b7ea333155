/* decode_embedding.c: checks a solver's solution of a model with a network in it (search/embed.c) against the network.
 *
 * The values of the input columns are evaluated by the network as its file wrote it, in float64, and compared with the
 * values of the output columns. They differ by what the solver's tolerances allow: a binary that is off by 1e-6 moves a
 * unit by as much of its bound. If an output is off by more than OFF of its proven range (or OFF, if the range is less
 * than 1), the point is not an evaluation of this network: exit code 6. What the file says about the optimum is
 * reported as the solver's word. */
#include "base/base.h"
#include "network/network.h"
#include "model/model.h"
#include "solver/solver.h"
#include "search/search.h"
#include "answer/answer.h"

static const double OFF = 1e-4;

typedef struct {
    nm_job *job;
    const nm_embedding *e;
    const nm_sol *s;
    const double *x, *y; /* x: [n_in] from the solution; y: [n_out] from the network */
    double *said;        /* [n_out] from the solution; NaN: left out */
    double most;         /* how far an output is off at most */
    const char *wrong;   /* a column that is off by too much, or NULL */
} point;

static size_t place(const point *p, const nm_names *t, const char *name, const char *map_path)
{
    const int64_t k = nm_names_find(t, nm_span_of(name));
    if (k < 0)
        nm_throw(p->job, NM_EINPUT, "%s: column %s is not among the model's", map_path, name);
    return (size_t)k;
}

static void replay(point *p, const nm_net *net, const char *map_path, const char *sol_path)
{
    const nm_embedding *e = p->e;
    const double *v = nm_sol_columns(p->job, p->s, e->n_cols, e->cols, sol_path);
    nm_names t = {0};
    for (size_t j = 0; j < e->n_cols; j++) nm_names_add(p->job, &t, nm_span_of(e->cols[j]));
    double *x = NM_RAW(p->job, double, e->n_in + 1);
    for (size_t i = 0; i < e->n_in; i++) {
        if (!e->in[i].name) nm_throw(p->job, NM_EINPUT, "%s: input %zu has no column", map_path, i);
        x[i] = v[place(p, &t, e->in[i].name, map_path)];
    }
    p->x = x;
    p->y = nm_net_eval(p->job, net, x, false, NULL);
    p->said = NM_RAW(p->job, double, e->n_out + 1);
    for (size_t k = 0; k < e->n_out; k++) {
        const nm_embedcol *c = &e->out[k];
        p->said[k] = c->name ? v[place(p, &t, c->name, map_path)] : NAN;
        if (!c->name) continue;
        const double off = fabs(p->said[k] - p->y[k]);
        p->most = fmax(p->most, off);
        if (!(off <= OFF * fmax(1, c->hi - c->lo))) p->wrong = c->name;
    }
}

static void put_pair(nm_buf *b, const char *before, double x, const char *after)
{
    nm_put(b, "%s", before);
    nm_put_num(b, x);
    nm_put(b, "%s", after);
}

static void put_text(nm_buf *b, const point *p)
{
    const nm_embedding *e = p->e;
    nm_put(b, "solution of %s: %s (it says: %s)\n", p->s->solver, nm_solstatus_name(p->s->status),
           p->s->status_text);
    if (isfinite(p->s->objective))
        put_pair(b, "objective ", e->maximised ? -p->s->objective : p->s->objective, "");
    if (isfinite(p->s->objective))
        nm_put(b, e->maximised ? " (of the model that maximises)\n" : "\n");
    if (!p->y) return;
    for (size_t i = 0; i < e->n_in; i++) {
        nm_put(b, "input %zu, column %s: ", i, e->in[i].name);
        put_pair(b, "", p->x[i], "\n");
    }
    for (size_t k = 0; k < e->n_out; k++) {
        if (!e->out[k].name) continue;
        nm_put(b, "output %zu, column %s: ", k, e->out[k].name);
        put_pair(b, "", p->said[k], "");
        put_pair(b, ", network ", p->y[k], "\n");
    }
    nm_put(b, "the network and the solution differ by %.3g at most\n", p->most);
}

static void put_json(nm_buf *b, const point *p)
{
    const nm_embedding *e = p->e;
    nm_jo j = nm_jo_answer(b);
    nm_jo_object(&j, "embedding");
    nm_jo_str(&j, "solver", p->s->solver);
    nm_jo_str(&j, "status", nm_solstatus_name(p->s->status));
    nm_jo_num_if(&j, "objective", e->maximised ? -p->s->objective : p->s->objective);
    if (p->y) {
        nm_jo_nums(&j, "inputs", p->x, e->n_in);
        nm_jo_list(&j, "outputs");
        for (size_t k = 0; k < e->n_out; k++) {
            nm_jo_object(&j, NULL);
            nm_jo_str(&j, "column", e->out[k].name);
            nm_jo_num_if(&j, "solution", p->said[k]);
            nm_jo_num(&j, "network", p->y[k]);
            nm_jo_end(&j);
        }
        nm_jo_end(&j);
        nm_jo_num(&j, "off", p->most);
    }
    nm_jo_end(&j);
    nm_jo_done(&j);
}

nm_embedpoint nm_embedding_decode(nm_job *job, const nm_net *net, const char *map_path, const char *sol_path,
                                  const char *log, nm_buf *text, nm_buf *json)
{
    const nm_embedding *e = nm_embedding_read(job, map_path);
    nm_front front = e->front;
    front.n_asked = e->n_in;
    if (!net) net = nm_net_of_map(job, e->net, e->net_hash, &front, map_path);
    if (strcmp(net->hash, e->net_hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the network that %s was made from", net->path,
                 map_path);
    if (net->n_in != e->n_in || net->n_out != e->n_out)
        nm_throw(job, NM_EINPUT, "%s: does not fit %s", map_path, net->path);
    nm_sol *s = nm_sol_answer(job, sol_path, log);
    const nm_modelcard card = {e->model, NULL, e->n_cols, e->n_rows, e->n_int, e->cols};
    nm_sol_check(job, s, card, sol_path);
    point p = {.job = job, .e = e, .s = s};
    const bool has = s->has_values && (s->status == NM_SOL_OPTIMAL || s->status == NM_SOL_FEASIBLE);
    if (has) replay(&p, net, map_path, sol_path);
    if (text) put_text(text, &p);
    if (json) put_json(json, &p);
    nm_embedpoint found = {.status = !has ? NM_UNKNOWN : NM_OK, .n = e->n_in, .x = p.x, .solver = s->solver};
    if (!p.wrong) return found;
    found.status = NM_EAUDIT;
    found.wrong = nm_fmt(job,
                         "column %s is off by more than tolerances explain: the point is not an evaluation of the "
                         "network",
                         p.wrong);
    return found;
}
