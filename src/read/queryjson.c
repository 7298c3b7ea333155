/* read/queryjson.c: the question as a map carries it (query.c writes it), read back and checked. */
#include "all.h"

#include <cJSON.h>

static double *nums(nm_job *job, const nm_json *x, size_t n, const char *where)
{
    if (nm_json_count(x) != n || !cJSON_IsArray(x))
        nm_throw(job, NM_EINPUT, "%s: %zu numbers were expected", where, n);
    double *out = NM_RAW(job, double, n);
    size_t i = 0;
    for (const nm_json *a = x->child; a; a = a->next) out[i++] = nm_json_num(job, a, where);
    return out;
}

static nm_row *rows(nm_job *job, const nm_json *x, size_t limit, const char *where, size_t *n)
{
    nm_row *out = NM_ARRAY(job, nm_row, nm_json_count(x) + 1);
    *n = 0;
    for (const nm_json *a = x->child; a; a = a->next) {
        const nm_json *var = nm_json_get(job, a, "var", where);
        nm_row *r = &out[(*n)++];
        r->n = nm_json_count(var);
        r->coef = nums(job, nm_json_get(job, a, "coef", where), r->n, where);
        r->rhs = nm_json_num(job, nm_json_get(job, a, "rhs", where), where);
        const double *v = nums(job, var, r->n, where);
        uint32_t *index = NM_RAW(job, uint32_t, r->n);
        for (size_t k = 0; k < r->n; k++) {
            if (!(v[k] >= 0 && v[k] < (double)limit && v[k] == floor(v[k])))
                nm_throw(job, NM_EINPUT, "%s: variable %g", where, v[k]);
            index[k] = (uint32_t)v[k];
        }
        r->var = index;
    }
    return out;
}

static void read_case(nm_job *job, const nm_json *x, const nm_query *q, nm_case *c,
                      const char *where)
{
    c->lo = nums(job, nm_json_get(job, x, "lo", where), q->n_in, where);
    c->hi = nums(job, nm_json_get(job, x, "hi", where), q->n_in, where);
    for (size_t i = 0; i < q->n_in; i++) c->empty |= c->lo[i] > c->hi[i];
    const size_t limit = q->n_in + q->n_out;
    c->in_rows = rows(job, nm_json_get(job, x, "in_rows", where), limit, where, &c->n_in_rows);
    const nm_json *list = nm_json_get(job, x, "clauses", where);
    nm_clause *clauses = NM_ARRAY(job, nm_clause, nm_json_count(list) + 1);
    for (const nm_json *a = list->child; a; a = a->next) {
        nm_clause *k = &clauses[c->n_clauses++];
        k->name = nm_json_str(job, nm_json_get(job, a, "name", where), where);
        k->label = nm_json_int(job, nm_json_get(job, a, "label", where), where);
        k->rows = rows(job, nm_json_get(job, a, "rows", where), limit, where, &k->n_rows);
    }
    c->clauses = clauses;
}

nm_query *nm_query_parse(nm_job *job, const nm_json *j, const char *where)
{
    nm_query *q = NM_NEW(job, nm_query);
    const int64_t n_in = nm_json_int(job, nm_json_get(job, j, "n_in", where), where);
    const int64_t n_out = nm_json_int(job, nm_json_get(job, j, "n_out", where), where);
    if (n_in < 1 || n_out < 1 || n_in > 1 << 27 || n_out > 1 << 27)
        nm_throw(job, NM_EINPUT, "%s: sizes", where);
    q->n_in = (size_t)n_in;
    q->n_out = (size_t)n_out;
    q->label = nm_json_int(job, nm_json_get(job, j, "label", where), where);
    q->predicted = nm_json_int(job, nm_json_get(job, j, "predicted", where), where);
    q->guard = nm_json_num(job, nm_json_get(job, j, "guard", where), where);
    q->objective = strcmp(nm_json_str(job, nm_json_get(job, j, "objective", where), where), "worst")
                       ? NM_FEASIBLE
                       : NM_WORST;
    const nm_json *shape = nm_json_get(job, j, "shape", where),
                  *image = nm_json_get(job, j, "image", where);
    if (nm_json_count(shape) > NM_MAXRANK)
        nm_throw(job, NM_EINPUT, "%s: a shape of rank %zu", where, nm_json_count(shape));
    for (const nm_json *d = shape->child; d; d = d->next)
        q->shape.dim[q->shape.rank++] = nm_json_int(job, d, where);
    if (!cJSON_IsNull(image)) q->image = nums(job, image, q->n_in, where);
    const nm_json *cases = nm_json_get(job, j, "cases", where);
    q->cases = NM_ARRAY(job, nm_case, nm_json_count(cases) + 1);
    for (const nm_json *c = cases->child; c; c = c->next)
        read_case(job, c, q, &q->cases[q->n_cases++], where);
    return q;
}
