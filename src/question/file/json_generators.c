/* json_generators.c: reads back and checks the generators of an input set as a question's JSON has them (query_text.c
 * writes them): lo, hi, at [n]; x0 [n_in]; G by rows as ptr, idx, w; sums as [first, count, total]; rows over g;
 * kernel. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

#include <cJSON.h>

static size_t *sizes(nm_job *job, const nm_json *x, size_t n, double limit, const char *where)
{
    const double *v = nm_json_nums(job, x, n, where);
    size_t *out = NM_RAW(job, size_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (!(v[i] >= 0 && v[i] <= limit && v[i] == floor(v[i])))
            nm_throw(job, NM_EINPUT, "%s: %s where a count was expected", where,
                     nm_num_text(job, v[i]));
        out[i] = (size_t)v[i];
    }
    return out;
}

static const nm_sum *sums(nm_job *job, const nm_json *x, size_t *n, const char *where)
{
    nm_sum *out = NM_ARRAY(job, nm_sum, nm_json_count(x) + 1);
    for (const nm_json *a = x->child; a; a = a->next) {
        const double *v = nm_json_nums(job, a, 3, where);
        if (!(v[0] >= 0 && v[1] >= 1 && v[0] < 1e9 && v[1] < 1e9))
            nm_throw(job, NM_EINPUT, "%s: a sum of generators is wrong", where);
        out[(*n)++] = (nm_sum){(size_t)v[0], (size_t)v[1], v[2]};
    }
    return out;
}

const nm_gens *nm_gens_read(nm_job *job, const nm_json *x, size_t n_in, const char *where,
                            const nm_gens *had)
{
    if (!x) return had;
    if (had) nm_throw(job, NM_EINPUT, "%s: \"gens\" together with a set of generators", where);
    nm_gens *g = NM_NEW(job, nm_gens);
    const nm_json *lo = nm_json_get(job, x, "lo", where), *idx = nm_json_get(job, x, "idx", where);
    const size_t entries = nm_json_count(idx);
    g->n = nm_json_count(lo);
    g->n_in = n_in;
    if (g->n == 0) nm_throw(job, NM_EINPUT, "%s: no generators", where);
    g->lo = nm_json_nums(job, lo, g->n, where);
    g->hi = nm_json_nums(job, nm_json_get(job, x, "hi", where), g->n, where);
    g->at = nm_json_nums(job, nm_json_get(job, x, "at", where), g->n, where);
    g->is_image = cJSON_IsTrue(nm_json_get(job, x, "is_image", where));
    g->x0 = nm_json_nums(job, nm_json_get(job, x, "x0", where), n_in, where);
    g->ptr = sizes(job, nm_json_get(job, x, "ptr", where), n_in + 1, (double)entries, where);
    const size_t *at = sizes(job, idx, entries, (double)g->n - 1, where);
    uint32_t *index = NM_RAW(job, uint32_t, entries + 1);
    for (size_t k = 0; k < entries; k++) index[k] = (uint32_t)at[k];
    g->idx = index;
    g->w = nm_json_nums(job, nm_json_get(job, x, "w", where), entries, where);
    g->sums = sums(job, nm_json_get(job, x, "sums", where), &g->n_sums, where);
    g->rows = nm_json_rows(job, nm_json_get(job, x, "rows", where), g->n, where, &g->n_rows);
    memcpy(g->kernel, sizes(job, nm_json_get(job, x, "kernel", where), 4, 65536, where),
           sizeof g->kernel);
    const char *wrong = g->ptr[n_in] != entries ? "rows of generators" : nm_gens_check(g);
    if (wrong) nm_throw(job, NM_EINPUT, "%s: %s", where, wrong);
    return g;
}
