/* write_json_network.c: a network as netmip's JSON (read_json_network.c has the schema), a layer a line, numbers in the
 * shortest digits that read back equal. Constants that one layer alone uses stand in it, others under "constants". */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

typedef struct {
    nm_job *job;
    const nm_wnet *w;
    nm_out *o;
} writer;

/* the members under which a layer holds its constants, in the order of its inputs 1, 2, ... */
static const struct {
    const char *type, *key[5];
} own[] = {
    {"Conv", {"weight", "bias"}}, {"Gemm", {"weight", "bias"}},
    {"MatMul", {"weight"}},       {"Add", {"value"}},
    {"Sub", {"value"}},           {"Mul", {"value"}},
    {"Div", {"value"}},           {"BatchNormalization", {"scale", "bias", "mean", "var"}},
};

static void text(const writer *r, const char *s)
{
    nm_buf b = {.job = r->job};
    nm_put_json(&b, s);
    nm_out_write(r->o, b.s, b.n);
}

static void shape(const writer *r, size_t n, const int64_t *dim)
{
    nm_out_put(r->o, "[");
    for (size_t i = 0; i < n; i++) nm_out_put(r->o, i ? ", %lld" : "%lld", (long long)dim[i]);
    nm_out_put(r->o, "]");
}

static void numbers(const writer *r, const nm_value *v)
{
    if (v->n == 0)
        nm_throw(r->job, NM_EUNSUP, "%s: constant \"%s\" is empty: JSON cannot hold its shape",
                 r->w->net->path, v->name);
    for (size_t i = 0; i < v->n; i++) {
        if (i) nm_out_write(r->o, ",", 1);
        size_t step = v->n;
        for (int d = 0; d < v->shape.rank; d++) {
            if (i % step == 0) nm_out_put(r->o, "[");
            step /= (size_t)v->shape.dim[d];
        }
        nm_out_num(r->o, v->data[i]);
        step = 1;
        for (int d = v->shape.rank; d-- > 0;) {
            step *= (size_t)v->shape.dim[d];
            if ((i + 1) % step == 0) nm_out_put(r->o, "]");
        }
    }
}

/* whether something else that is written is called so */
static bool is_taken(const nm_wnet *w, const char *name, int but)
{
    for (size_t v = 0; v < w->n_values; v++)
        if (w->uses[v] && (int)v != but && strcmp(w->values[v].name, name) == 0) return true;
    return false;
}

/* the keys for inputs 1 to n_in-1 if all of them are constants of this node alone, else NULL */
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
    nm_out_put(r->o, ", ");
    text(r, a->name);
    nm_out_put(r->o, ": ");
    if (a->kind == NM_A_INT)
        nm_out_put(r->o, "%lld", (long long)a->i);
    else if (a->kind == NM_A_STR)
        text(r, a->s);
    else if (a->kind == NM_A_INTS)
        shape(r, a->n, a->ints);
    else if (a->kind == NM_A_FLOAT && nm_netjson_is_fraction(a->name))
        nm_out_num(r->o, a->f);
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
    nm_out_put(r->o, "{\"op\": \"%s\", \"name\": ", n->type);
    text(r, w->values[n->out].name);
    if (n_in != 1 || n->in[0] != before) {
        nm_out_put(r->o, ", \"inputs\": [");
        for (int k = 0; k < n_in; k++) {
            if (k) nm_out_put(r->o, ", ");
            text(r, n->in[k] < 0 ? "" : w->values[n->in[k]].name);
        }
        nm_out_put(r->o, "]");
    }
    for (int i = 0; i < n->n_attrs; i++) attribute(r, n, &n->attrs[i]);
    for (int i = 0; i < n->n_lists; i++) {
        nm_out_put(r->o, ", \"%s\": ", n->list[i].name);
        shape(r, n->list[i].n, n->list[i].ints);
    }
    for (int k = 1; key && k < n->n_in; k++) {
        nm_out_put(r->o, ", \"%s\": ", key[k - 1]);
        numbers(r, &w->values[n->in[k]]);
    }
    nm_out_put(r->o, "}");
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
        nm_out_put(r->o, any ? ",\n  " : " \"constants\": {\n  ");
        any = true;
        text(r, w->values[v].name);
        nm_out_put(r->o, ": ");
        numbers(r, &w->values[v]);
    }
    if (any) nm_out_put(r->o, "},\n");
}

static void ends(const writer *r, const char *key, const double *x, size_t n)
{
    nm_out_put(r->o, ", \"%s\": [", key);
    for (size_t i = 0; i < n; i++) {
        if (i) nm_out_write(r->o, ",", 1);
        nm_out_num(r->o, x[i]);
    }
    nm_out_put(r->o, "]");
}

static void inputs(const writer *r)
{
    const nm_net *net = r->w->net;
    nm_out_put(r->o, " \"input\": %s", net->n_inputs > 1 ? "[" : "");
    for (size_t k = 0, at = 0; k < net->n_inputs; k++) {
        const nm_value *v = &net->values[net->inputs[k]];
        nm_out_put(r->o, k ? ",\n  {\"name\": " : "{\"name\": ");
        text(r, v->name);
        nm_out_put(r->o, ", \"shape\": ");
        shape(r, (size_t)v->shape.rank, v->shape.dim);
        if (net->lo) {
            ends(r, "min", net->lo + at, v->n);
            ends(r, "max", net->hi + at, v->n);
        }
        nm_out_put(r->o, "}");
        at += v->n;
    }
    nm_out_put(r->o, "%s,\n", net->n_inputs > 1 ? "]" : "");
}

void nm_write_netjson(nm_job *job, nm_wnet *w, const char *path)
{
    const nm_net *net = w->net;
    const writer r = {job, w, nm_out_open(job, path)};
    nm_out_put(r.o, "{\"netmip\": \"network\", \"version\": 1, \"opset\": %lld,\n",
               (long long)net->opset);
    inputs(&r);
    constants(&r);
    nm_out_put(r.o, " \"layers\": [");
    int before = net->inputs[0];
    for (size_t i = 0; i < w->n_nodes; i++) {
        nm_out_put(r.o, i ? ",\n  " : "\n  ");
        layer(&r, &w->nodes[i], before);
        before = w->nodes[i].out;
    }
    nm_out_put(r.o, "],\n \"outputs\": [");
    for (size_t i = 0; i < net->n_outputs; i++) {
        if (i) nm_out_put(r.o, ", ");
        text(&r, net->values[w->outputs[i]].name);
    }
    nm_out_put(r.o, "]}\n");
    nm_out_done(r.o);
}
