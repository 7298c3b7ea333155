/* prune.c: removes from a graph, before names become values, what no question depends on.
 *
 * A tail is a Softmax, ArgMax and the like at an output (final_operators.c). Operators behind a tail that keep the flat
 * values (Identity, Dropout, Cast, and those that change only the shape) are removed, so that the tail makes the
 * output. A Softmax, Sigmoid or Tanh that only an ArgMax reads, along the same axis, does not change the choice and is
 * removed. The pair [1 - p, p] with p = Sigmoid(z) becomes the Sigmoid of [-z, z]. Nodes that no output needs are
 * dropped, whatever they are, and so are a Dropout's mask and a MaxPool's indices if nothing reads them. Second outputs
 * of other operators are kept because they mean something (a BatchNormalization that has them is in training mode).
 * Cost: a pass over the graph. */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"

typedef struct {
    nm_job *job;
    nm_graph *g;
    nm_names names; /* all outputs of nodes */
    size_t cap, *maker;
    bool twice; /* some name is an output twice; such a graph is refused later */
} pruned;

static void index_nodes(pruned *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->g->n_nodes; i++)
        for (size_t k = 0; k < p->g->nodes[i].n_out; k++) {
            if (!*p->g->nodes[i].out[k]) continue;
            p->twice |= !nm_names_add(p->job, &p->names, nm_span_of(p->g->nodes[i].out[k]));
            *NM_PUSH(p->job, p->maker, n, p->cap) = i;
        }
}

/* Returns the node that makes the value of this name, or NULL. */
static struct nm_rawnode *maker(const pruned *p, const char *name)
{
    const int64_t at = *name ? nm_names_find(&p->names, nm_span_of(name)) : -1;
    return at < 0 ? NULL : &p->g->nodes[p->maker[at]];
}

static const char *type_of(const pruned *p, const struct nm_rawnode *r)
{
    const char *name = r->type;
    nm_op_find(p->job, r->type, p->g->any_case, &name);
    return name;
}

static bool is_one_of(const char *type, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(type, *list) == 0) return true;
    return false;
}

static bool is_tail(const pruned *p, const struct nm_rawnode *r)
{
    const char *name;
    const nm_op *op = nm_op_find(p->job, r->type, p->g->any_case, &name);
    return op && op->eval && !op->lower;
}

static int64_t int_of(const struct nm_rawnode *r, const char *name, int64_t other)
{
    for (int k = 0; k < r->n_attrs; k++)
        if (strcmp(r->attrs[k].name, name) == 0 && r->attrs[k].kind == NM_A_INT)
            return r->attrs[k].i;
    return other;
}

/* Returns true if the node leaves the flat values behind a tail of this type as they are. */
static bool keeps_values(const char *type, const struct nm_rawnode *r, const char *tail)
{
    enum { FLOAT = 1, INT32 = 6, INT64 = 7, DOUBLE = 11 };
    static const char *const known[] = {"axis",     "axes",  "allowzero", "shape", "to",
                                        "saturate", "ratio", "seed",      NULL};
    static const char *const same[] = {"Identity", "Reshape",   "Flatten",
                                       "Squeeze",  "Unsqueeze", NULL};
    for (int k = 0; k < r->n_attrs; k++) /* a dropped node's attributes are checked by no one else */
        if (!is_one_of(r->attrs[k].name, known)) return false;
    if (is_one_of(type, same) || (strcmp(type, "Dropout") == 0 && r->n_in == 1)) return true;
    const int64_t to = int_of(r, "to", 0);
    return strcmp(type, "Cast") == 0 &&
           (to == FLOAT || to == DOUBLE ||
            (strcmp(tail, "ArgMax") == 0 && (to == INT32 || to == INT64)));
}

/* Returns the constant of this name if all its elements are 1, else NULL. */
static const nm_value *ones(const pruned *p, const char *name)
{
    const nm_value *v = NULL;
    for (size_t i = 0; i < p->g->n_consts; i++)
        if (strcmp(p->g->consts[i].name, name) == 0) v = &p->g->consts[i];
    const struct nm_rawnode *r = maker(p, name);
    if (r && strcmp(type_of(p, r), "Constant") == 0 && r->n_attrs == 1 &&
        r->attrs[0].kind == NM_A_TENSOR)
        v = r->attrs[0].tensor;
    if (v)
        for (size_t i = 0; i < v->n; i++)
            if (v->data[i] != 1) return NULL;
    return v;
}

/* Returns the Sigmoid p if the Concat joins p and 1 - p, else NULL; first: which of the two inputs p is. */
static const struct nm_rawnode *shares(const pruned *p, const struct nm_rawnode *r, size_t *first)
{
    if (strcmp(type_of(p, r), "Concat") || r->n_in != 2 || r->n_out != 1) return NULL;
    for (*first = 0; *first < 2; ++*first) {
        const struct nm_rawnode *s = maker(p, r->in[*first]), *rest = maker(p, r->in[1 - *first]);
        if (s && rest && strcmp(type_of(p, s), "Sigmoid") == 0 && s->n_in == 1 && s->n_attrs == 0 &&
            strcmp(type_of(p, rest), "Sub") == 0 && rest->n_in == 2 && rest->n_attrs == 0 &&
            ones(p, rest->in[0]) && strcmp(rest->in[1], r->in[*first]) == 0)
            return s;
    }
    return NULL;
}

static const char *fresh(const pruned *p, const char *name, const char *what)
{
    const char *s = nm_fmt(p->job, "%s %s", name, what);
    while (nm_names_find(&p->names, nm_span_of(s)) >= 0) s = nm_fmt(p->job, "%s'", s);
    return s;
}

/* Rewrites an output [1 - p, p] with p = Sigmoid(z) as the Sigmoid of [0 - z, z], zeros having the shape of the ones.
 * Returns true if it found that pattern and so changed the graph's nodes. */
static bool join_shares(const pruned *p, const char *output)
{
    struct nm_rawnode *r = maker(p, output);
    size_t steps = 0, first;
    while (r && r->n_in && keeps_values(type_of(p, r), r, "") && steps++ < p->g->n_nodes)
        r = maker(p, r->in[0]);
    const struct nm_rawnode *s = r ? shares(p, r, &first) : NULL;
    if (!s) return false;
    const char *z = s->in[0], *out = r->out[0], *both = fresh(p, out, "joined"),
               *minus = fresh(p, out, "negated"), *zero = fresh(p, out, "zero"),
               **in = NM_RAW(p->job, const char *, 2), **made = NM_RAW(p->job, const char *, 1);
    const nm_value *one = ones(p, maker(p, r->in[1 - first])->in[0]);
    in[first] = z, in[1 - first] = minus, made[0] = both;
    r->in = in, r->out = made;
    nm_graph_const(p->job, p->g, zero, one->shape, one->type, nm_repeat(p->job, one->n, 0));
    nm_graph_node(p->job, p->g, "Sub", minus, minus, 2, (const char *[]){zero, z});
    nm_graph_node(p->job, p->g, "Sigmoid", out, out, 1, (const char *[]){both});
    return true;
}

static size_t readers(const pruned *p, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < p->g->n_nodes; i++)
        for (size_t k = 0; k < p->g->nodes[i].n_in; k++)
            n += strcmp(p->g->nodes[i].in[k], name) == 0;
    for (size_t k = 0; k < p->g->n_outputs; k++) n += strcmp(p->g->outputs[k], name) == 0;
    return n;
}

/* Returns the tail that makes an output, looking through nodes that keep its values; NULL: there is none. */
static struct nm_rawnode *tail_behind(const pruned *p, const char *output)
{
    struct nm_rawnode *r = maker(p, output);
    size_t steps = 0;
    while (r && r->n_in && !is_tail(p, r) && steps++ < p->g->n_nodes) r = maker(p, r->in[0]);
    if (!r || !is_tail(p, r)) return NULL;
    const char *name = r->out[0], *tail = type_of(p, r);
    for (const struct nm_rawnode *at = maker(p, output); at != r; at = maker(p, at->in[0]))
        if (!keeps_values(type_of(p, at), at, tail) || strcmp(output, at->out[0]))
            return NULL;
        else
            output = at->in[0];
    return strcmp(output, name) == 0 ? r : NULL;
}

/* Lets ArgMax read past a node that does not change which element is the largest. */
static void skip_before_choice(const pruned *p, struct nm_rawnode *r)
{
    static const char *const rising[] = {"Sigmoid", "Tanh", NULL}, *const shares[] = {"Softmax",
                                                                                      "LogSoftmax",
                                                                                      NULL};
    struct nm_rawnode *below = r->n_in ? maker(p, r->in[0]) : NULL;
    if (!below || below->n_in != 1 || strcmp(type_of(p, r), "ArgMax")) return;
    const char *type = type_of(p, below);
    const bool same = int_of(below, "axis", p->g->opset < 13 ? 1 : -1) == int_of(r, "axis", 0);
    if (readers(p, r->in[0]) == 1 && (is_one_of(type, rising) || (is_one_of(type, shares) && same)))
        r->in[0] = below->in[0];
}

static void strip_tails(const pruned *p)
{
    for (size_t k = 0; k < p->g->n_outputs; k++) {
        struct nm_rawnode *tail = tail_behind(p, p->g->outputs[k]);
        if (!tail) continue;
        p->g->outputs[k] = tail->out[0];
        skip_before_choice(p, tail);
    }
}

/* Returns which nodes the outputs need. */
static bool *needed(const pruned *p)
{
    bool *live = NM_ARRAY(p->job, bool, p->g->n_nodes + 1);
    const struct nm_rawnode **stack = NM_RAW(p->job, const struct nm_rawnode *, p->g->n_nodes + 1);
    size_t depth = 0;
    for (size_t k = 0; k < p->g->n_outputs; k++) {
        const struct nm_rawnode *r = maker(p, p->g->outputs[k]);
        if (r && !live[r - p->g->nodes]) live[r - p->g->nodes] = true, stack[depth++] = r;
    }
    while (depth) {
        const struct nm_rawnode *r = stack[--depth];
        for (size_t k = 0; k < r->n_in; k++) {
            const struct nm_rawnode *below = maker(p, r->in[k]);
            if (!below || live[below - p->g->nodes]) continue;
            live[below - p->g->nodes] = true;
            stack[depth++] = below;
        }
    }
    return live;
}

/* Removes the names of second outputs that nothing reads. */
static void forget_outputs(const pruned *p, struct nm_rawnode *r, const nm_names *read)
{
    static const char *const beside[] = {"Dropout", "MaxPool", NULL};
    if (!is_one_of(type_of(p, r), beside)) return;
    const char **out = NM_RAW(p->job, const char *, r->n_out + 1);
    memcpy(out, r->out, r->n_out * sizeof *out);
    for (size_t k = 1; k < r->n_out; k++)
        if (*out[k] && nm_names_find(read, nm_span_of(out[k])) < 0) out[k] = "";
    while (r->n_out > 1 && !*out[r->n_out - 1]) r->n_out--;
    r->out = out;
}

void nm_graph_prune(nm_job *job, nm_graph *g)
{
    pruned p = {.job = job, .g = g};
    index_nodes(&p);
    if (p.twice) return;
    for (size_t k = 0; k < g->n_outputs; k++)
        if (join_shares(&p, g->outputs[k])) {
            p = (pruned){.job = job, .g = g};
            index_nodes(&p);
        }
    strip_tails(&p);
    const bool *live = needed(&p);
    nm_names read = {0};
    size_t n = 0;
    for (size_t i = 0; i < g->n_nodes; i++) {
        if (!live[i]) continue;
        g->nodes[n++] = g->nodes[i];
        for (size_t k = 0; k < g->nodes[n - 1].n_in; k++)
            nm_names_add(job, &read, nm_span_of(g->nodes[n - 1].in[k]));
    }
    g->n_nodes = n;
    for (size_t k = 0; k < g->n_outputs; k++) nm_names_add(job, &read, nm_span_of(g->outputs[k]));
    for (size_t i = 0; i < n; i++) forget_outputs(&p, &g->nodes[i], &read);
}
