/* write_json_network.c: writes a network as netmip's JSON (read_json_network.c has the schema), one layer on a line,
 * numbers in the shortest digits that read back equal. A constant that only one layer uses is written in that layer,
 * others under "constants". */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

typedef struct {
    nm_job *job;
    const nm_wnet *w;
    nm_out *o;
    nm_jo *j;
} writer;

/* Moves the text so far to the file: the text of a network may be too large to hold in memory. */
static void spill(const writer *r)
{
    nm_buf *b = r->j->b;
    nm_out_write(r->o, b->s, b->n);
    b->n = 0;
}

/* the members in which a layer holds its constants, in the order of inputs 1, 2, ... */
static const struct {
    const char *type, *key[5];
} own[] = {
    {"Conv", {"weight", "bias"}}, {"Gemm", {"weight", "bias"}},
    {"MatMul", {"weight"}},       {"Add", {"value"}},
    {"Sub", {"value"}},           {"Mul", {"value"}},
    {"Div", {"value"}},           {"BatchNormalization", {"scale", "bias", "mean", "var"}},
};

static void shape(nm_jo *j, const char *key, size_t n, const int64_t *dim)
{
    nm_jo_list(j, key);
    for (size_t i = 0; i < n; i++) nm_jo_int(j, NULL, dim[i]);
    nm_jo_end(j);
}

/* Writes a constant: a number, or nested lists in the shape of its value. */
static void numbers(const writer *r, const char *key, const nm_value *v)
{
    enum { SOME = 1 << 16 };
    nm_jo *j = r->j;
    if (v->n == 0)
        nm_throw(r->job, NM_EUNSUP, "%s: constant \"%s\" is empty: JSON cannot hold its shape",
                 r->w->net->path, v->name);
    for (size_t i = 0; i < v->n; i++) {
        size_t step = v->n;
        for (int d = 0; d < v->shape.rank; d++) {
            if (i % step == 0) {
                nm_jo_list(j, i || d ? NULL : key);
                nm_jo_tight(j);
            }
            step /= (size_t)v->shape.dim[d];
        }
        nm_jo_num(j, v->shape.rank ? NULL : key, v->data[i]);
        step = 1;
        for (int d = v->shape.rank; d-- > 0;) {
            step *= (size_t)v->shape.dim[d];
            if ((i + 1) % step == 0) nm_jo_end(j);
        }
        if (j->b->n > SOME) spill(r);
    }
}

/* Returns true if something else that is written has this name. */
static bool is_taken(const nm_wnet *w, const char *name, int but)
{
    for (size_t v = 0; v < w->n_values; v++)
        if (w->uses[v] && (int)v != but && strcmp(w->values[v].name, name) == 0) return true;
    return false;
}

/* Returns the keys for inputs 1 to n_in-1 if all of them are constants that only this node uses, else NULL. */
static const char *const *keys_of(const writer *r, const nm_wnode *n)
{
    const nm_wnet *w = r->w;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(own[i].type, n->type) || n->n_in < 2 || n->in[0] < 0) continue;
        for (int k = 1; k < n->n_in; k++) {
            const int v = n->in[k];
            if (!own[i].key[k - 1] || v < 0 || !w->values[v].data || w->uses[v] != 1) return NULL;
            if (is_taken(w, nm_fmt(r->job, "%s.%s", w->values[n->out].name, own[i].key[k - 1]), v))
                return NULL;
        }
        return own[i].key;
    }
    return NULL;
}

static void attribute(const writer *r, const nm_wnode *n, const nm_attr *a)
{
    if (a->kind == NM_A_INT)
        nm_jo_int(r->j, a->name, a->i);
    else if (a->kind == NM_A_STR)
        nm_jo_str(r->j, a->name, a->s);
    else if (a->kind == NM_A_INTS)
        shape(r->j, a->name, a->n, a->ints);
    else if (a->kind == NM_A_FLOAT && nm_netjson_is_fraction(a->name))
        nm_jo_num(r->j, a->name, a->f);
    else
        nm_throw(r->job, NM_EUNSUP,
                 "%s: node \"%s\": op %s: attribute %s cannot be written as JSON", r->w->net->path,
                 n->name, n->type, a->name);
}

static void layer(const writer *r, const nm_wnode *n, int before)
{
    const nm_wnet *w = r->w;
    const char *const *key = keys_of(r, n);
    const int n_in = key ? 1 : n->n_in;
    nm_jo_object(r->j, NULL);
    nm_jo_str(r->j, "op", n->type);
    nm_jo_str(r->j, "name", w->values[n->out].name);
    if (n_in != 1 || n->in[0] != before) {
        nm_jo_list(r->j, "inputs");
        for (int k = 0; k < n_in; k++) nm_jo_str(r->j, NULL, n->in[k] < 0 ? "" : w->values[n->in[k]].name);
        nm_jo_end(r->j);
    }
    for (int i = 0; i < n->n_attrs; i++) attribute(r, n, &n->attrs[i]);
    for (int i = 0; i < n->n_lists; i++) shape(r->j, n->list[i].name, n->list[i].n, n->list[i].ints);
    if (key)
        for (int k = 1; k < n->n_in; k++) numbers(r, key[k - 1], &w->values[n->in[k]]);
    nm_jo_end(r->j);
}

static void constants(const writer *r)
{
    const nm_wnet *w = r->w;
    bool *inlined = NM_ARRAY(r->job, bool, w->n_values), any = false;
    for (size_t i = 0; i < w->n_nodes; i++)
        for (int k = 1; keys_of(r, &w->nodes[i]) && k < w->nodes[i].n_in; k++)
            inlined[w->nodes[i].in[k]] = true;
    for (size_t v = 0; v < w->n_values; v++) {
        if (!w->values[v].data || !w->uses[v] || inlined[v]) continue;
        if (!any) nm_jo_line(r->j), nm_jo_object(r->j, "constants");
        any = true;
        nm_jo_line(r->j);
        numbers(r, w->values[v].name, &w->values[v]);
    }
    if (any) nm_jo_end(r->j);
}

static void ends(nm_jo *j, const char *key, const double *x, size_t n)
{
    nm_jo_list(j, key);
    nm_jo_tight(j);
    for (size_t i = 0; i < n; i++) nm_jo_num(j, NULL, x[i]);
    nm_jo_end(j);
}

static void inputs(const writer *r)
{
    const nm_net *net = r->w->net;
    const bool many = net->n_inputs > 1;
    nm_jo_line(r->j);
    if (many) nm_jo_list(r->j, "input");
    for (size_t k = 0, at = 0; k < net->n_inputs; k++) {
        const nm_value *v = &net->values[net->inputs[k]];
        if (k) nm_jo_line(r->j);
        nm_jo_object(r->j, many ? NULL : "input");
        nm_jo_str(r->j, "name", v->name);
        shape(r->j, "shape", (size_t)v->shape.rank, v->shape.dim);
        if (net->lo) {
            ends(r->j, "min", net->lo + at, v->n);
            ends(r->j, "max", net->hi + at, v->n);
        }
        nm_jo_end(r->j);
        at += v->n;
    }
    if (many) nm_jo_end(r->j);
}

void nm_write_netjson(nm_job *job, nm_wnet *w, const char *path)
{
    const nm_net *net = w->net;
    nm_buf b = {.job = job};
    nm_jo j = nm_jo_new(&b);
    const writer r = {job, w, nm_out_open(job, path), &j};
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "network");
    nm_jo_int(&j, "version", 1);
    nm_jo_int(&j, "opset", net->opset);
    inputs(&r);
    constants(&r);
    nm_jo_line(&j);
    nm_jo_list(&j, "layers");
    int before = net->inputs[0];
    for (size_t i = 0; i < w->n_nodes; i++) {
        nm_jo_line(&j);
        layer(&r, &w->nodes[i], before);
        before = w->nodes[i].out;
    }
    nm_jo_end(&j);
    nm_jo_line(&j);
    nm_jo_list(&j, "outputs");
    for (size_t i = 0; i < net->n_outputs; i++) nm_jo_str(&j, NULL, net->values[w->outputs[i]].name);
    nm_jo_end(&j);
    nm_jo_done(&j);
    spill(&r);
    nm_out_done(r.o);
}
