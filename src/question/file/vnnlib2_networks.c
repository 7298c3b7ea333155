/* vnnlib2_networks.c: matches the networks that a query in VNN-LIB 2 declares with the networks that are given.
 *
 * (declare-network N [(equal-to M)|(isomorphic-to M)] (declare-input X real [1,5]) .. (declare-output Y real [2]) ..).
 * The flat inputs and outputs are those of all networks, one after the other, each in the network's own order,
 * row-major. Declarations are matched with a network's inputs and outputs by ONNX name if they give one, else in order;
 * shapes must agree up to dimensions of 1, unless one of the two is flat. A network that is equal-to another uses the
 * same file, over inputs of its own. One that is isomorphic-to another has its own file; the claim about its structure
 * is not used, and proofs do not need it. Refused by name: declare-hidden, element types other than real, initialized
 * inputs. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

static _Noreturn void beyond(const nm_formulas *f, const nm_sexpr *e, const char *what)
{
    nm_throw_at(f->job, NM_EUNSUP, f->path, e->line, e->col, "%.60s: %s", e->word ? e->word : "",
                what);
}

const char *nm_vnnlib2_indices(const char *s, int *n, int64_t *list)
{
    *n = 0;
    if (*s++ != '[') return NULL;
    if (*s == ']') return s + 1;
    for (;;) {
        const char *end = s + strcspn(s, ",]");
        if (*n == NM_MAXRANK || !*end || !nm_int_parse(s, end, &list[*n]) || list[*n] < 0)
            return NULL;
        ++*n;
        if (*end == ']') return end + 1;
        s = end + 1;
    }
}

bool nm_vnnlib2_is_name(const char *s, size_t n)
{
    bool good = n > 0;
    for (size_t i = 0; i < n; i++) {
        const bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');
        good &= letter || (i > 0 && (s[i] == '_' || (s[i] >= '0' && s[i] <= '9')));
    }
    return good;
}

const nm_vtensor *nm_vnnlib2_find(const nm_vnnlib2 *v, const char *name, size_t len)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->t[i].name->len == len && memcmp(v->t[i].name->word, name, len) == 0) return &v->t[i];
    return NULL;
}

static const nm_vnetwork *find_network(const nm_vnnlib2 *v, const char *name)
{
    for (size_t k = 0; k < v->n_nets; k++)
        if (nm_sexpr_is(v->net[k].name, name)) return &v->net[k];
    return NULL;
}

/* ---- declarations ---- */

/* Reads (declare-input NAME real SHAPE ["onnx"]); a shape written with spaces has been joined to one word already. */
static void declare_tensor(nm_formulas *f, nm_vnnlib2 *v, const nm_sexpr *e, bool is_x)
{
    if (e->n < 4)
        nm_formulas_fail(f, e, "a name, the type real and a shape like [1,5] were expected");
    const nm_sexpr *name = e->first->next, *type = name->next, *shape = type->next,
                   *more = shape->next;
    if (!name->word || !nm_vnnlib2_is_name(name->word, name->len))
        nm_formulas_fail(f, name, "a name was expected");
    if (!type->word) nm_formulas_fail(f, type, "the type real was expected");
    const bool float32 = nm_sexpr_is(type, "float32");
    if (!float32 && !nm_sexpr_is(type, "Real") && !nm_sexpr_is(type, "real"))
        beyond(f, type,
               "this element type is not supported; real asks about the exact function, float32 about "
               "sums in every order");
    if (v->n && v->float32 != float32)
        beyond(f, type, "tensors of type real and of type float32 in one query are not supported");
    v->float32 = float32;
    if (nm_vnnlib2_find(v, name->word, name->len)) nm_formulas_fail(f, name, "declared twice");
    nm_vtensor t = {.name = name, .type = type, .is_x = is_x, .n = 1, .net = v->n_nets - 1};
    int rank;
    const char *end = shape->word ? nm_vnnlib2_indices(shape->word, &rank, t.shape.dim) : NULL;
    if (!end || *end) nm_formulas_fail(f, shape, "a shape like [1,5] was expected");
    t.shape.rank = rank;
    for (int d = 0; d < rank; d++) {
        if (t.shape.dim[d] < 1 || t.shape.dim[d] > 1 << 24 ||
            (t.n *= (size_t)t.shape.dim[d]) > 1 << 24)
            nm_formulas_fail(f, shape, "a shape of 1 to 2^24 elements was expected");
    }
    for (; more; more = more->next) {
        if (more->word && more->word[0] == '"' && !t.onnx)
            t.onnx = nm_dup(f->job, more->word + 1, more->len - 2);
        else if (nm_sexpr_is(more, "initialized"))
            beyond(f, more, "inputs that the network's file initializes are not supported");
        else
            nm_formulas_fail(f, more, "the name of a node in quotes, or nothing, was expected");
    }
    *NM_PUSH(f->job, v->t, v->n, v->cap) = t;
}

/* Reads (equal-to M) or (isomorphic-to M) of the network being declared. */
static void declare_likeness(nm_formulas *f, nm_vnnlib2 *v, const nm_sexpr *e)
{
    nm_vnetwork *own = &v->net[v->n_nets - 1];
    if (e->n != 2 || !e->first->next->word)
        nm_formulas_fail(f, e, "the name of a network was expected");
    const nm_vnetwork *to = find_network(v, e->first->next->word);
    if (own->is_like)
        nm_formulas_fail(f, e, "one relation to another network at most was expected");
    if (!to || to == own)
        nm_formulas_fail(f, e->first->next, "the name of a network declared before was expected");
    if (to->is_like)
        nm_formulas_fail(f, e->first->next, "a network that is not itself equal to another was expected");
    own->is_like = true;
    own->is_equal = nm_sexpr_is(e->first, "equal-to");
    own->like = (size_t)(to - v->net);
}

/* Refuses a network whose inputs and outputs differ from those of the one that it is declared to be like. */
static void check_likeness(const nm_formulas *f, const nm_vnnlib2 *v)
{
    const nm_vnetwork *own = &v->net[v->n_nets - 1];
    size_t i = 0, k = 0;
    if (!own->is_like) return;
    for (;; i++, k++) {
        while (i < v->n && v->t[i].net != own->like) i++;
        while (k < v->n && v->t[k].net != v->n_nets - 1) k++;
        const bool both = i < v->n && k < v->n && i < k;
        if (both && v->t[i].is_x == v->t[k].is_x && nm_shape_eq(v->t[i].shape, v->t[k].shape))
            continue;
        if (k == v->n && (i == v->n || v->t[i].net != own->like)) return;
        nm_formulas_fail(f, own->name,
                         "the same inputs and outputs as of the network that it is like were expected");
    }
}

void nm_vnnlib2_declare(nm_formulas *f, nm_vnnlib2 *v, const nm_sexpr *e)
{
    if (e->n < 2 || !e->first->next->word)
        nm_formulas_fail(f, e, "the name of the network was expected");
    if (find_network(v, e->first->next->word))
        nm_formulas_fail(f, e->first->next, "declared twice");
    *NM_PUSH(f->job, v->net, v->n_nets, v->cap_nets) = (nm_vnetwork){.name = e->first->next};
    for (const nm_sexpr *a = e->first->next->next; a; a = a->next) {
        if (a->n == 0 || !a->first->word)
            nm_formulas_fail(f, a, "declare-input or declare-output was expected");
        if (nm_sexpr_is(a->first, "declare-input"))
            declare_tensor(f, v, a, true);
        else if (nm_sexpr_is(a->first, "declare-output"))
            declare_tensor(f, v, a, false);
        else if (nm_sexpr_is(a->first, "declare-hidden"))
            beyond(f, a->first, "values inside the network are not supported");
        else if (nm_sexpr_is(a->first, "equal-to") || nm_sexpr_is(a->first, "isomorphic-to"))
            declare_likeness(f, v, a);
        else
            nm_formulas_fail(f, a, "declare-input or declare-output was expected");
    }
    check_likeness(f, v);
}

/* ---- the networks that are given ---- */

static const char *declared(nm_job *job, const nm_vnnlib2 *v)
{
    nm_buf b = {.job = job};
    for (size_t k = 0; k < v->n_nets; k++) nm_put(&b, k ? ", %s" : "%s", v->net[k].name->word);
    return b.s;
}

void nm_vnnlib2_give(nm_formulas *f, nm_vnnlib2 *v, size_t n, const nm_named *given)
{
    size_t wanted = 0;
    if (n && v->n_nets > 1 && !f->checked)
        nm_throw(f->job, NM_EUNSUP, "%s: is about %zu networks: netmip verify asks about several",
                 f->path, v->n_nets);
    for (size_t k = 0; k < v->n_nets; k++) wanted += !v->net[k].is_equal;
    for (size_t i = 0; i < n; i++) {
        nm_vnetwork *to = NULL;
        for (size_t k = 0; k < v->n_nets; k++)
            if (given[i].name ? nm_sexpr_is(v->net[k].name, given[i].name)
                              : wanted == 1 && !v->net[k].is_equal)
                to = &v->net[k];
        if (!to)
            nm_throw(
                f->job, NM_EUSE,
                "%s: which network is %s? NAME=FILE was expected, with a name that %s declares: %s",
                given[i].name ? given[i].name : given[i].net->path, given[i].net->path, f->path,
                declared(f->job, v));
        if (to->is_equal)
            nm_throw(f->job, NM_EUSE,
                     "%s=%s: %s declares it equal to %s, so it takes no file of its own", given[i].name,
                     given[i].net->path, f->path, v->net[to->like].name->word);
        if (to->net)
            nm_throw(f->job, NM_EUSE, "%s: a second file for network %s", given[i].net->path,
                     to->name->word);
        to->net = given[i].net;
    }
    for (size_t k = 0; k < v->n_nets; k++) {
        if (v->net[k].is_equal) v->net[k].net = v->net[v->net[k].like].net;
        if (n && !v->net[k].net)
            nm_throw(f->job, NM_EUSE,
                     "%s: declares network %s, but no file is given for it; netmip verify "
                     "--network %s=FILE gives one",
                     f->path, v->net[k].name->word, v->net[k].name->word);
    }
}

static nm_shape squeezed(nm_shape s)
{
    nm_shape out = {0};
    for (int d = 0; d < s.rank; d++)
        if (s.dim[d] != 1) out.dim[out.rank++] = s.dim[d];
    return out;
}

static void check_shape(const nm_formulas *f, const nm_vtensor *t, nm_shape have, size_t n)
{
    const nm_shape a = squeezed(t->shape), b = squeezed(have);
    if (t->n == n && (nm_shape_eq(a, b) || a.rank <= 1 || b.rank <= 1)) return;
    nm_throw_at(f->job, NM_EINPUT, f->path, t->name->line, t->name->col,
                "%s has shape %s; in the network %s", t->name->word,
                nm_shape_print(f->job, t->shape), nm_shape_print(f->job, have));
}

/* Returns which of the network's inputs or outputs has this name, or -1. */
static int named(const nm_net *net, bool is_x, const char *name)
{
    const size_t n = is_x ? net->n_inputs : net->n_outputs;
    for (size_t k = 0; k < n; k++) {
        const nm_node *tail = is_x ? NULL : net->tail[k];
        const int v = is_x ? net->inputs[k] : tail ? tail->out[0] : net->outputs[k];
        if (strcmp(net->values[v].name, name) == 0) return (int)k;
    }
    return -1;
}

/* Places the inputs or outputs of a network behind the `base` that other networks have. */
static size_t place(nm_formulas *f, nm_vnnlib2 *v, size_t network, bool is_x, size_t base)
{
    const nm_net *net = v->net[network].net;
    const size_t n = !net ? 0 : is_x ? net->n_inputs : net->n_outputs;
    int *value = NM_RAW(f->job, int, n + 1);
    for (size_t k = 0; k < n; k++) value[k] = is_x ? net->inputs[k] : nm_net_said_value(net, k);
    bool *taken = NM_ARRAY(f->job, bool, n + 1);
    size_t count = 0, at = base;
    for (size_t i = 0; i < v->n; i++) {
        nm_vtensor *t = &v->t[i];
        if (t->is_x != is_x || t->net != network) continue;
        t->at = at;
        at += t->n;
        if (at > 1 << 24) nm_formulas_fail(f, t->name, "more than 2^24 elements");
        const int k = net && t->onnx ? named(net, is_x, t->onnx) : (int)count;
        count++;
        if (!net) continue;
        if (k < 0)
            nm_throw_at(f->job, NM_EINPUT, f->path, t->name->line, t->name->col,
                        "\"%s\": the network has no such %s", t->onnx, is_x ? "input" : "output");
        if ((size_t)k >= n || taken[k])
            nm_throw_at(f->job, NM_EINPUT, f->path, t->name->line, t->name->col,
                        "%s is one too many; the network has %zu %s", t->name->word, n,
                        is_x ? "inputs" : "outputs");
        taken[k] = true;
        check_shape(f, t, net->values[value[k]].shape, net->values[value[k]].n);
        t->at = base;
        for (int b = 0; b < k; b++) t->at += net->values[value[b]].n;
    }
    if (net && count != n)
        nm_throw(f->job, NM_EINPUT, "%s: %zu %s are declared; the network has %zu", f->path, count,
                 is_x ? "inputs" : "outputs", n);
    if (count == 0)
        nm_throw(f->job, NM_EINPUT, "%s: no %s is declared", f->path, is_x ? "input" : "output");
    return at;
}

void nm_vnnlib2_place(nm_formulas *f, nm_vnnlib2 *v)
{
    for (size_t k = 0; k < v->n_nets; k++) {
        v->n_x = place(f, v, k, true, v->n_x);
        v->n_y = place(f, v, k, false, v->n_y);
    }
    bool *whole = NM_ARRAY(f->job, bool, v->n_y + 1), *at = whole;
    for (size_t k = 0; k < v->n_nets && v->net[k].net; k++) at = nm_tail_whole(v->net[k].net, at);
    f->whole = whole;
    f->n_whole = v->n_y;
}
