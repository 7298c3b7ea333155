/* onnx_functions.c: replaces calls of an ONNX model's own functions by the nodes of their bodies.
 *
 * A node calls the function of its domain, name and overload, which hides an operator of that name. Parameters that a
 * call omits are absent inputs. Each round expands the calls that the outputs need; unless functions call each other in
 * a cycle, there are at most as many rounds as functions. A body must be written in the model's opset. */
#include "base/base.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/file/onnx_file.h"
#include "network/operator.h"

static bool same(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : "") == 0; }

static const char *domain_of(const char *domain)
{
    return domain && strcmp(domain, "ai.onnx") ? domain : "";
}

static const NmPb__Function *called(const nm_onnx *o, const NmPb__Node *n)
{
    for (size_t i = 0; i < o->model->n_functions; i++) {
        const NmPb__Function *f = o->model->functions[i];
        if (same(f->name, n->op_type) && same(domain_of(f->domain), domain_of(n->domain)) &&
            same(f->overload, n->overload))
            return f;
    }
    return NULL;
}

static void check_opset(const nm_onnx *o, const NmPb__Function *f)
{
    for (size_t i = 0; i < f->n_opset_import; i++)
        if (!*domain_of(f->opset_import[i]->domain) && f->opset_import[i]->version != o->opset)
            nm_throw(
                o->job, NM_EUNSUP,
                "%s: function \"%s\" is written in opset %lld and the model in %lld; export it "
                "with one opset",
                o->f.path, f->name, (long long)f->opset_import[i]->version, (long long)o->opset);
}

/* Returns true if the body's output k is also a parameter or an earlier output. */
static bool is_bound(const NmPb__Function *f, size_t k)
{
    for (size_t i = 0; i < f->n_input; i++)
        if (strcmp(f->input[i], f->output[k]) == 0) return true;
    for (size_t i = 0; i < k; i++)
        if (strcmp(f->output[i], f->output[k]) == 0) return true;
    return false;
}

static void expand(nm_onnx *o, const NmPb__Node *call, const NmPb__Function *f, size_t index)
{
    const char *name = nm_onnx_node_name(o, call, index);
    nm_onnxscope s = {.prefix = name,
                      .is_closed = true,
                      .what = nm_fmt(o->job, "node \"%s\": function \"%s\"", name, f->name),
                      .call = call,
                      .function = f};
    check_opset(o, f);
    if (call->n_input > f->n_input || call->n_output > f->n_output)
        nm_throw(o->job, NM_EINPUT,
                 "%s: %s is called with %zu inputs and %zu outputs; it takes %zu and gives %zu", o->f.path,
                 s.what, call->n_input, call->n_output, f->n_input, f->n_output);
    for (size_t k = 0; k < f->n_input; k++)
        nm_onnx_bind(o, &s, f->input[k], k < call->n_input ? call->input[k] : "");
    for (size_t k = 0; k < call->n_output; k++)
        if (*call->output[k] && !is_bound(f, k)) nm_onnx_bind(o, &s, f->output[k], call->output[k]);
    for (size_t i = 0; i < f->n_node; i++)
        for (size_t k = 0; k < f->node[i]->n_output; k++)
            nm_onnx_bind(o, &s, f->node[i]->output[k], NULL);
    nm_onnx_put(o, &s, f->n_node, f->node);
    for (size_t k = 0; k < call->n_output; k++)
        if (*call->output[k] && is_bound(f, k))
            nm_onnx_identity(o, nm_onnx_renamed(o, &s, f->output[k]), call->output[k]);
}

void nm_onnx_functions(nm_onnx *o, size_t n, const char *const *outputs)
{
    bool again = o->model->n_functions > 0;
    for (size_t round = 0; again; round++) {
        nm_names read = {0};
        const bool *needed = nm_onnx_needed(o, n, outputs, &read);
        NmPb__Node **before = o->nodes;
        const size_t count = o->n_nodes;
        again = false;
        o->nodes = NULL;
        o->n_nodes = o->cap_nodes = 0;
        for (size_t i = 0; i < count; i++) {
            const NmPb__Function *f = called(o, before[i]);
            if (f && needed[i]) {
                const char *name;
                const nm_op *own = *domain_of(f->domain) ? NULL : nm_op_find(o->job, f->name, false, &name);
                if (own && own->eval)
                    nm_throw(o->job, NM_EUNSUP,
                             "%s: a function of its own has the name of ONNX's operator %s: which of them is meant is "
                             "left to each runtime",
                             o->f.path, f->name);
                if (round >= o->model->n_functions)
                    nm_throw(o->job, NM_EINPUT, "%s: function \"%s\" calls itself", o->f.path,
                             f->name);
                expand(o, before[i], f, i);
                again = true;
            } else {
                *NM_PUSH(o->job, o->nodes, o->n_nodes, o->cap_nodes) = before[i];
            }
        }
    }
}
