/* read_vnnlib2.c: VNN-LIB 2.0 (vnnlib.org) for one network over the reals.
 *
 * (declare-network N (declare-input X Real [1,5]) .. (declare-output Y Real [2]) ..), then asserts over X[0,3],
 * Y[1], or Y alone where its shape is []. The flat inputs and outputs are the declared ones one after the other,
 * row-major. Declarations are matched with the network's inputs and outputs by their ONNX names where they give
 * them, else in order; shapes must be the same but for dimensions of 1, unless one of the two is flat. A comparison
 * may be a chain, as in SMT-LIB. What is beyond one network over the reals is refused by name: a second network,
 * equal-to, isomorphic-to, declare-hidden, element types other than Real, initialized inputs, !=, other versions. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

typedef struct tensor {
    const nm_sexpr *name;
    nm_shape shape;
    size_t n, at; /* elements; where they start among the flat inputs or outputs */
    bool is_x;
    const char *onnx; /* name in the network, or NULL */
} tensor;
typedef struct {
    size_t n, cap, n_x, n_y;
    tensor *t;
    bool network;
} names;

static _Noreturn void beyond(const nm_formulas *f, const nm_sexpr *e, const char *what)
{
    nm_throw_at(f->job, NM_EUNSUP, f->path, e->line, e->col, "%.60s: %s", e->word ? e->word : "",
                what);
}

/* [], [3] or [1,28,28] at s; gives what stands behind it, NULL when it is none */
static const char *read_list(const char *s, int *n, int64_t *list)
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

static const tensor *find(const names *v, const char *name, size_t len)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->t[i].name->len == len && memcmp(v->t[i].name->word, name, len) == 0) return &v->t[i];
    return NULL;
}

static bool is_name(const char *s, size_t n)
{
    bool good = n > 0;
    for (size_t i = 0; i < n; i++) {
        const bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');
        good &= letter || (i > 0 && (s[i] == '_' || (s[i] >= '0' && s[i] <= '9')));
    }
    return good;
}

static bool variable(const nm_formulas *f, const nm_sexpr *e, uint32_t *var)
{
    const size_t len = strcspn(e->word, "[");
    if (!is_name(e->word, len)) return false;
    const tensor *t = find(f->names, e->word, len);
    if (!t) nm_formulas_fail(f, e, "a variable that is not declared");
    int n = 0;
    int64_t at[NM_MAXRANK], flat = 0;
    if (e->word[len]) {
        const char *end = read_list(e->word + len, &n, at);
        if (!end || *end) nm_formulas_fail(f, e, "indices like [0,1] were expected");
    }
    if (n != t->shape.rank)
        nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col, "%d indices; %.*s has shape %s", n,
                    (int)len, e->word, nm_shape_print(f->job, t->shape));
    for (int d = 0; d < n; d++) {
        if (at[d] >= t->shape.dim[d])
            nm_throw_at(f->job, NM_EINPUT, f->path, e->line, e->col,
                        "index %lld; %.*s has shape %s", (long long)at[d], (int)len, e->word,
                        nm_shape_print(f->job, t->shape));
        flat = flat * t->shape.dim[d] + at[d];
    }
    *var = (uint32_t)(2 * (t->at + (size_t)flat) + t->is_x);
    return true;
}

static const char *input_name(const nm_formulas *f, size_t i)
{
    const names *v = f->names;
    size_t k = 0;
    while (k < v->n && !(v->t[k].is_x && i >= v->t[k].at && i - v->t[k].at < v->t[k].n)) k++;
    if (k == v->n) return nm_fmt(f->job, "input %zu", i);
    nm_buf b = {.job = f->job};
    size_t rest = i - v->t[k].at, size = v->t[k].n;
    nm_put(&b, "%s", v->t[k].name->word);
    for (int d = 0; d < v->t[k].shape.rank; d++) {
        size /= (size_t)v->t[k].shape.dim[d];
        nm_put(&b, "%s%zu", d ? "," : "[", rest / size);
        rest %= size;
    }
    nm_put(&b, v->t[k].shape.rank ? "]" : "");
    return b.s;
}

/* (declare-input NAME Real SHAPE ["onnx"]); words of a spaced shape are one already */
static void declare_tensor(nm_formulas *f, const nm_sexpr *e, bool is_x)
{
    names *v = f->names;
    if (e->n < 4)
        nm_formulas_fail(f, e, "a name, the type Real and a shape like [1,5] were expected");
    const nm_sexpr *name = e->first->next, *type = name->next, *shape = type->next,
                   *more = shape->next;
    if (!name->word || !is_name(name->word, name->len))
        nm_formulas_fail(f, name, "a name was expected");
    if (!type->word) nm_formulas_fail(f, type, "the type Real was expected");
    if (!nm_sexpr_is(type, "Real"))
        beyond(f, type, "an element type; netmip answers over the reals: Real was expected");
    if (find(v, name->word, name->len)) nm_formulas_fail(f, name, "declared twice");
    tensor t = {.name = name, .is_x = is_x, .n = 1};
    int rank;
    const char *end = shape->word ? read_list(shape->word, &rank, t.shape.dim) : NULL;
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

static void declare_network(nm_formulas *f, const nm_sexpr *e)
{
    names *v = f->names;
    if (v->network)
        beyond(f, e->first, "a second network; questions about one network are supported");
    v->network = true;
    if (e->n < 2 || !e->first->next->word)
        nm_formulas_fail(f, e, "the name of the network was expected");
    for (const nm_sexpr *a = e->first->next->next; a; a = a->next) {
        if (a->n == 0 || !a->first->word)
            nm_formulas_fail(f, a, "declare-input or declare-output was expected");
        if (nm_sexpr_is(a->first, "declare-input"))
            declare_tensor(f, a, true);
        else if (nm_sexpr_is(a->first, "declare-output"))
            declare_tensor(f, a, false);
        else if (nm_sexpr_is(a->first, "declare-hidden"))
            beyond(f, a->first, "values inside the network are not supported");
        else if (nm_sexpr_is(a->first, "equal-to") || nm_sexpr_is(a->first, "isomorphic-to"))
            beyond(f, a->first, "relations between networks are not supported");
        else
            nm_formulas_fail(f, a, "declare-input or declare-output was expected");
    }
}

/* ---- declarations against the network ---- */

static nm_shape squeezed(nm_shape s)
{
    nm_shape out = {0};
    for (int d = 0; d < s.rank; d++)
        if (s.dim[d] != 1) out.dim[out.rank++] = s.dim[d];
    return out;
}

static void check_shape(const nm_formulas *f, const tensor *t, nm_shape have, size_t n)
{
    const nm_shape a = squeezed(t->shape), b = squeezed(have);
    if (t->n == n && (nm_shape_eq(a, b) || a.rank <= 1 || b.rank <= 1)) return;
    nm_throw_at(f->job, NM_EINPUT, f->path, t->name->line, t->name->col,
                "%s has shape %s; in the network %s", t->name->word,
                nm_shape_print(f->job, t->shape), nm_shape_print(f->job, have));
}

/* which of the network's inputs or outputs has this name, or -1 */
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

static void place(nm_formulas *f, const nm_net *net, bool is_x)
{
    names *v = f->names;
    const size_t n = !net ? 0 : is_x ? net->n_inputs : net->n_outputs;
    int *value = NM_RAW(f->job, int, n + 1);
    for (size_t k = 0; k < n; k++) value[k] = is_x ? net->inputs[k] : nm_net_said_value(net, k);
    bool *taken = NM_ARRAY(f->job, bool, n + 1);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < v->n; i++) {
        tensor *t = &v->t[i];
        if (t->is_x != is_x) continue;
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
        t->at = 0;
        for (int b = 0; b < k; b++) t->at += net->values[value[b]].n;
    }
    if (net && count != n)
        nm_throw(f->job, NM_EINPUT, "%s: %zu %s are declared; the network has %zu", f->path, count,
                 is_x ? "inputs" : "outputs", n);
    if (count == 0)
        nm_throw(f->job, NM_EINPUT, "%s: no %s is declared", f->path, is_x ? "input" : "output");
    *(is_x ? &v->n_x : &v->n_y) = at;
}

/* X [0] is X[0]: a word that starts with a bracket belongs to the one before it */
static void join_indices(nm_formulas *f, nm_sexpr *list)
{
    for (nm_sexpr *e = list->first; e; e = e->next) {
        nm_sexpr *next = e->next;
        if (e->word && next && next->word && next->word[0] == '[' && is_name(e->word, e->len)) {
            e->word = nm_fmt(f->job, "%s%s", e->word, next->word);
            e->len += next->len;
            e->next = next->next;
            list->n--;
        }
        if (!e->word) join_indices(f, e);
    }
}

static void refuse_unequal(const nm_formulas *f, const nm_sexpr *list)
{
    if (list->n && nm_sexpr_is(list->first, "!="))
        beyond(f, list->first, "closed comparisons cannot say it; <= and >= were expected");
    for (const nm_sexpr *e = list->first; e; e = e->next)
        if (!e->word) refuse_unequal(f, e);
}

nm_query *nm_read_vnnlib2(nm_job *job, const nm_net *net, nm_file file, nm_sexpr *all)
{
    names v = {0};
    nm_formulas f = {.job = job, .path = file.path, .equal = "==", .chains = true, .names = &v};
    f.variable = variable;
    f.name = input_name;
    bool placed = false;
    for (nm_sexpr *e = all->first; e; e = e->next) {
        if (e->word || e->n == 0 || !e->first->word)
            nm_formulas_fail(&f, e, "a command in parentheses was expected");
        nm_sexpr *a = e->first->next;
        if (nm_sexpr_is(e->first, "vnnlib-version") && e->n == 2 && e == all->first) {
            if (!nm_sexpr_is(a, "<2.0>"))
                beyond(&f, a->word ? a : e->first, "VNN-LIB <2.0> was expected");
        } else if (nm_sexpr_is(e->first, "declare-network") && !placed) {
            declare_network(&f, e);
        } else if (nm_sexpr_is(e->first, "assert") && e->n == 2 && v.network) {
            if (!placed) place(&f, net, true), place(&f, net, false);
            placed = true;
            join_indices(&f, a);
            refuse_unequal(&f, a);
            nm_formulas_assert(&f, a);
        } else {
            nm_throw_at(job, NM_EINPUT, file.path, e->line, e->col,
                        "%.40s with %zu operands: declare-network, then assert were expected",
                        e->first->word, e->n - 1);
        }
    }
    if (!placed) nm_throw(job, NM_EINPUT, "%s: nothing is asserted", file.path);
    return nm_formulas_query(&f, v.n_x, v.n_y);
}
