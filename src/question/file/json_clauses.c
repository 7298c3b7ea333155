/* json_clauses.c: parts of netmip's own questions in JSON: rows, clauses, and input sets that need no files or
 * perturbations. read_json_question.c reads what refers to files, perturbations and labels. A row is a text
 * (row_text.c) or {"var", "coef", "rhs"}, as query_text.c prints it. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

#include <cJSON.h>

typedef nm_queryjson reader;

static const nm_json *list_of(nm_job *job, const nm_json *x, const char *what, const char *where)
{
    if (!cJSON_IsArray(x)) nm_throw(job, NM_EINPUT, "%s: \"%s\": a list was expected", where, what);
    return x;
}

/* Reads a list of texts like "Y_0 - Y_1 <= 0.5", or of rows by number: k < n_out is output k, else input k - n_out. */
static nm_row *any_rows(nm_job *job, const nm_json *x, const nm_query *q, const char *what,
                        const char *where, size_t *n)
{
    nm_rows out = {0};
    if (!cJSON_IsString(list_of(job, x, what, where)->child))
        return nm_json_rows(job, x, q->n_in + q->n_out, where, n);
    for (const nm_json *a = x->child; a; a = a->next)
        nm_rows_parse(job, where, nm_json_str(job, a, where), q->n_out, q->n_in, &out);
    *n = out.n;
    return out.row;
}

int64_t nm_queryjson_labels(const reader *r)
{
    if (r->net) return (int64_t)nm_net_labels(r->net);
    return r->q->n_out == 1 ? 2 : (int64_t)r->q->n_out; /* one output may be a Sigmoid's, which has two labels */
}

/* ---- clauses ---- */

static nm_clause read_clause(reader *r, const nm_json *x, size_t icase, size_t at)
{
    static const char *const keys[] = {"name", "label", "goal", "rows", "inner", NULL};
    nm_clause c = {.label = -1};
    c.name = nm_fmt(r->job, "c%zu_%zu", icase, at);
    if (cJSON_IsArray(x)) { /* a clause given as just its rows */
        c.rows = any_rows(r->job, x, r->q, "rows", r->where, &c.n_rows);
        return c;
    }
    nm_json_only(r->job, x, r->where, keys);
    const nm_json *name = nm_json_find(x, "name"), *label = nm_json_find(x, "label"),
                  *goal = nm_json_find(x, "goal");
    if (name) c.name = nm_json_str(r->job, name, r->where);
    const size_t n = strlen(c.name);
    bool plain = n > 0 && n <= 100;
    for (size_t i = 0; i < n; i++)
        plain &= (c.name[i] | 32) - 'a' + 0u < 26u || strchr("0123456789_+-@", c.name[i]);
    if (!plain)
        nm_throw(r->job, NM_EINPUT,
                 "%s: clause \"%.60s\": a name of letters, digits, _ + - @ was expected", r->where,
                 c.name);
    if (label) c.label = nm_json_int(r->job, label, r->where);
    if (c.label < -1 || c.label >= nm_queryjson_labels(r))
        nm_throw(r->job, NM_EINPUT, "%s: clause %s: label %lld", r->where, c.name,
                 (long long)c.label);
    if (goal) {
        const char *s = nm_json_str(r->job, goal, r->where);
        c.goal = strcmp(s, "least") == 0 ? NM_LEAST : NM_MOST;
        if (c.goal == NM_MOST && strcmp(s, "most"))
            nm_throw(r->job, NM_EINPUT, "%s: goal %s; least or most was expected", r->where, s);
    }
    c.rows = any_rows(r->job, nm_json_get(r->job, x, "rows", r->where), r->q, "rows", r->where,
                      &c.n_rows);
    const nm_json *inner = nm_json_find(x, "inner");
    if (inner)
        c.inner = nm_json_nums(r->job, inner, c.n_rows, nm_fmt(r->job, "%s: \"inner\"", r->where));
    if (inner)
        for (size_t k = 0; k < c.n_rows; k++)
            if (!(c.inner[k] <= c.rows[k].rhs))
                nm_throw(r->job, NM_EINPUT, "%s: clause %s: \"inner\" is larger than the row's own rhs",
                         r->where, c.name);
    return c;
}

void nm_queryjson_clauses(reader *r, const nm_json *list, size_t icase, nm_case *c)
{
    nm_clause *out = NM_ARRAY(r->job, nm_clause, nm_json_count(list) + 1);
    c->n_clauses = 0;
    if (nm_json_count(list) > NM_MAX_CLAUSES)
        nm_throw(r->job, NM_EUNSUP, "%s: %zu clauses; %d at most were expected", r->where,
                 nm_json_count(list), NM_MAX_CLAUSES);
    if (!list_of(r->job, list, "clauses", r->where)->child)
        nm_throw(r->job, NM_EINPUT, "%s: no clause", r->where);
    for (const nm_json *a = list->child; a; a = a->next) {
        out[c->n_clauses] = read_clause(r, a, icase, c->n_clauses);
        if (out[c->n_clauses].n_rows == 0)
            nm_throw(r->job, NM_EINPUT,
                     "%s: clause %s has no row; write \"0 <= 0\" if every point is a counterexample", r->where,
                     out[c->n_clauses].name);
        c->n_clauses++;
    }
    c->clauses = out;
}

/* ---- input sets ---- */

static double *ends(reader *r, const nm_json *c, const char *key, double dflt)
{
    const nm_json *x = nm_json_find(c, key);
    if (cJSON_IsArray(x))
        return nm_json_nums(r->job, x, r->q->n_in, nm_fmt(r->job, "%s: \"%s\"", r->where, key));
    const double all = x ? nm_json_num(r->job, x, r->where) : dflt;
    double *out = NM_RAW(r->job, double, r->q->n_in);
    for (size_t i = 0; i < r->q->n_in; i++) out[i] = all;
    return out;
}

/* Intersects the case with the box and rows of x; without lo and hi, rows of a single input define the box. */
void nm_queryjson_meet(reader *r, const nm_json *x, nm_case *c)
{
    const size_t n_in = r->q->n_in, n_out = r->q->n_out;
    double *lo = ends(r, x, "lo", -INFINITY), *hi = ends(r, x, "hi", INFINITY);
    const nm_json *list = nm_json_find(x, "in_rows");
    size_t n = 0, kept = c->n_in_rows;
    const nm_row *more = list ? any_rows(r->job, list, r->q, "in_rows", r->where, &n) : NULL;
    const bool fold = !nm_json_find(x, "lo") && !nm_json_find(x, "hi");
    nm_row *all = NM_RAW(r->job, nm_row, kept + n + 1);
    if (kept) memcpy(all, c->in_rows, kept * sizeof *all);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < more[k].n; i++)
            if (more[k].var[i] < n_out)
                nm_throw(r->job, NM_EINPUT,
                         "%s: in_rows: Y_%u; rows over inputs alone were expected", r->where,
                         more[k].var[i]);
        if (more[k].n == 0 && more[k].rhs < 0)
            nm_throw(r->job, NM_EINPUT, "%s: in_rows: 0 <= %s", r->where,
                     nm_num_text(r->job, more[k].rhs));
        const bool stays = more[k].n != 1 || !fold || nm_box_row(&more[k], n_out, lo, hi);
        if (more[k].n && stays) all[kept++] = more[k];
    }
    for (size_t i = 0; i < n_in; i++) {
        if (c->lo && c->lo[i] > lo[i]) lo[i] = c->lo[i];
        if (c->hi && c->hi[i] < hi[i]) hi[i] = c->hi[i];
        if (isinf(lo[i]) || isinf(hi[i]))
            nm_throw(r->job, NM_EINPUT, "%s: X_%zu has no %s bound", r->where, i,
                     isinf(lo[i]) ? "lower" : "upper");
        c->empty |= lo[i] > hi[i];
    }
    c->lo = lo;
    c->hi = hi;
    c->n_in_rows = kept;
    c->in_rows = all;
}
