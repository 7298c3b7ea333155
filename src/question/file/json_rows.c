/* json_rows.c: reads linear rows in JSON, whose variables are numbers, as query_text.c prints them. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"

#include <cJSON.h>

/* Reads a list of {"var": [..], "coef": [..], "rhs": x}, meaning sum coef*var <= rhs, variables below `limit`. */
nm_row *nm_json_rows(nm_job *job, const nm_json *x, size_t limit, const char *where, size_t *n)
{
    static const char *const keys[] = {"var", "coef", "rhs", NULL};
    nm_row *out = NM_ARRAY(job, nm_row, nm_json_count(x) + 1);
    *n = 0;
    for (const nm_json *a = x->child; a; a = a->next) {
        nm_json_only(job, a, where, keys);
        const nm_json *var = nm_json_get(job, a, "var", where);
        nm_row *r = &out[(*n)++];
        r->n = nm_json_count(var);
        r->coef = nm_json_nums(job, nm_json_get(job, a, "coef", where), r->n, where);
        r->rhs = nm_json_num(job, nm_json_get(job, a, "rhs", where), where);
        const double *v = nm_json_nums(job, var, r->n, where);
        uint32_t *index = NM_RAW(job, uint32_t, r->n);
        for (size_t k = 0; k < r->n; k++) {
            if (!(v[k] >= 0 && v[k] < (double)limit && v[k] == floor(v[k])))
                nm_throw(job, NM_EINPUT, "%s: variable %s", where, nm_num_text(job, v[k]));
            index[k] = (uint32_t)v[k];
        }
        r->var = index;
    }
    return out;
}
