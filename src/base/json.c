/* json.c: strict JSON in, through cJSON.
 *
 * cJSON is lenient where netmip must not be: it accepts text after the value, repeated keys, NUL in strings, control
 * characters as blanks, and 1e400. So the whole text must be one value, keys must not repeat, an object may be required
 * to hold known keys only, and every number must be finite. Output is written by json_out.c, since cJSON does not print
 * numbers exactly. Numbers are read by cJSON's call of strtod, correctly rounded in the C locale that nm_run sets. */
#include "base/base.h"

#include <cJSON.h>

enum { MAX_DEPTH = 200 };

static void drop(void *j) { cJSON_Delete(j); }

static void check(nm_job *job, const char *path, const cJSON *x, int depth)
{
    if (depth > MAX_DEPTH) nm_throw(job, NM_EINPUT, "%s: nested too deeply", path);
    if (cJSON_IsNumber(x) && !isfinite(x->valuedouble))
        nm_throw(job, NM_EINPUT, "%s: a number is not finite", path);
    if (cJSON_IsObject(x)) {
        for (const cJSON *a = x->child; a; a = a->next) {
            for (const cJSON *b = a->next; b; b = b->next)
                if (strcmp(a->string, b->string) == 0)
                    nm_throw(job, NM_EINPUT, "%s: key \"%s\" is given twice", path, a->string);
        }
    }
    if (cJSON_IsObject(x) || cJSON_IsArray(x))
        for (const cJSON *a = x->child; a; a = a->next) check(job, path, a, depth + 1);
}

static _Noreturn void not_json(nm_job *job, nm_file f, const char *at, const char *what)
{
    int line = 1, col = 1;
    for (const char *p = (const char *)f.data; p < at; p++) {
        col = *p == '\n' ? 1 : col + 1;
        line += *p == '\n';
    }
    nm_throw_at(job, NM_EINPUT, f.path, line, col, "%s", what);
}

const nm_json *nm_json_parse(nm_job *job, nm_file f)
{
    const char *text = (const char *)f.data, *end = NULL;
    if (memchr(text, 0, f.n)) nm_throw(job, NM_EINPUT, "%s: a NUL byte in JSON text", f.path);
    for (size_t i = 0; i < f.n; i++) /* cJSON would read them as blanks */
        if (f.data[i] < ' ' && !strchr("\t\r\n", text[i]))
            not_json(job, f, text + i, "a control character, which JSON does not allow");
    cJSON *j = cJSON_ParseWithLengthOpts(text, f.n, &end, 0);
    if (j) nm_defer(job, drop, j);
    while (j && end < text + f.n && strchr(" \t\r\n", *end)) end++;
    if (!j || end != text + f.n) not_json(job, f, end, "not JSON here");
    check(job, f.path, j, 0);
    return j;
}

const nm_json *nm_json_find(const nm_json *o, const char *key)
{
    return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, key) : NULL;
}

const nm_json *nm_json_get(nm_job *job, const nm_json *o, const char *key, const char *where)
{
    const nm_json *x = nm_json_find(o, key);
    if (!x) nm_throw(job, NM_EINPUT, "%s: member \"%s\" is missing", where, key);
    return x;
}

double nm_json_num(nm_job *job, const nm_json *x, const char *where)
{
    if (!cJSON_IsNumber(x)) nm_throw(job, NM_EINPUT, "%s: a number was expected", where);
    return x->valuedouble;
}

int64_t nm_json_int(nm_job *job, const nm_json *x, const char *where)
{
    const double d = nm_json_num(job, x, where);
    if (d != floor(d) || fabs(d) > 9e15)
        nm_throw(job, NM_EINPUT, "%s: an integer was expected", where);
    return (int64_t)d;
}

const char *nm_json_str(nm_job *job, const nm_json *x, const char *where)
{
    if (!cJSON_IsString(x)) nm_throw(job, NM_EINPUT, "%s: a string was expected", where);
    return nm_dup(job, x->valuestring, strlen(x->valuestring)); /* a copy, which outlives the parsed tree */
}

bool nm_json_true(const nm_json *x) { return cJSON_IsTrue(x); }

size_t nm_json_count(const nm_json *x)
{
    size_t n = 0;
    if (cJSON_IsArray(x) || cJSON_IsObject(x))
        for (const cJSON *a = x->child; a; a = a->next) n++;
    return n;
}

void nm_json_only(nm_job *job, const nm_json *o, const char *where, const char *const *keys)
{
    if (!cJSON_IsObject(o)) nm_throw(job, NM_EINPUT, "%s: an object was expected", where);
    for (const cJSON *a = o->child; a; a = a->next) {
        const char *const *k = keys;
        while (*k && strcmp(*k, a->string)) k++;
        if (!*k) nm_throw(job, NM_EINPUT, "%s: unknown member \"%s\"", where, a->string);
    }
}

double *nm_json_nums(nm_job *job, const nm_json *x, size_t n, const char *where)
{
    if (nm_json_count(x) != n || !cJSON_IsArray(x))
        nm_throw(job, NM_EINPUT, "%s: %zu numbers were expected", where, n);
    double *out = NM_RAW(job, double, n);
    size_t i = 0;
    for (const nm_json *a = x->child; a; a = a->next) out[i++] = nm_json_num(job, a, where);
    return out;
}
