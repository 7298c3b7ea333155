/* json_out.c: the one writer of JSON. It writes commas, nesting and layout; its callers give only keys and values.
 *
 * Members stand on one line, `{"a": 1, "b": [2, 3]}`, until nm_jo_line asks for a new one, which is indented by one
 * space per level. A tight level, and all levels inside it, have no spaces: `{"a":1,"b":[2,3]}`. Numbers are printed by
 * text.c. A number that is not finite is left out by nm_jo_num_if; anywhere else it is a broken invariant. The text
 * grows in an nm_buf; a caller that writes much may empty the buffer from time to time. */
#include "base/base.h"

#include <assert.h>

nm_jo nm_jo_new(nm_buf *b) { return (nm_jo){.b = b}; }

nm_jo nm_jo_answer(nm_buf *b)
{
    nm_jo j = nm_jo_new(b);
    nm_jo_object(&j, NULL);
    nm_jo_int(&j, "version", NM_JSON_VERSION);
    const char *const *warning;
    const size_t n = nm_warnings(b->job, &warning);
    if (n == 0) return j;
    nm_jo_list(&j, "warnings");
    for (size_t i = 0; i < n; i++) nm_jo_str(&j, NULL, warning[i]);
    nm_jo_end(&j);
    return j;
}

void nm_jo_line(nm_jo *j) { j->line = true; }

/* Writes what separates the previous member from the next one, then the key, if there is one. */
static void start(nm_jo *j, const char *key)
{
    struct nm_jo_level *l = &j->level[j->depth];
    if (l->some) nm_put_bytes(j->b, ",", 1);
    if (j->line)
        nm_put(j->b, "\n%*s", l->tight ? 0 : j->depth, "");
    else if (l->some && !l->tight)
        nm_put_bytes(j->b, " ", 1);
    l->some = true;
    j->line = false;
    if (!key) return;
    nm_put_json(j->b, key);
    nm_put_bytes(j->b, ": ", l->tight ? 1 : 2);
}

static void enter(nm_jo *j, const char *key, const char *ends)
{
    start(j, key);
    nm_put_bytes(j->b, ends, 1);
    const bool tight = j->level[j->depth].tight;
    assert(j->depth + 1 < NM_JO_DEPTH);
    j->level[++j->depth] = (struct nm_jo_level){.close = ends[1], .tight = tight};
}

void nm_jo_object(nm_jo *j, const char *key) { enter(j, key, "{}"); }
void nm_jo_list(nm_jo *j, const char *key) { enter(j, key, "[]"); }
void nm_jo_tight(nm_jo *j) { j->level[j->depth].tight = true; }

void nm_jo_end(nm_jo *j)
{
    assert(j->depth > 0);
    nm_put_bytes(j->b, &j->level[j->depth--].close, 1);
    j->line = false;
}

void nm_jo_done(nm_jo *j)
{
    nm_jo_end(j);
    assert(j->depth == 0);
    nm_put_bytes(j->b, "\n", 1);
}

void nm_jo_raw(nm_jo *j, const char *key, const char *json)
{
    start(j, key);
    nm_put_bytes(j->b, json, strlen(json));
}

void nm_jo_null(nm_jo *j, const char *key) { nm_jo_raw(j, key, "null"); }
void nm_jo_bool(nm_jo *j, const char *key, bool x) { nm_jo_raw(j, key, x ? "true" : "false"); }

void nm_jo_str(nm_jo *j, const char *key, const char *s)
{
    if (!s) {
        nm_jo_null(j, key);
        return;
    }
    start(j, key);
    nm_put_json(j->b, s);
}

void nm_jo_str_if(nm_jo *j, const char *key, const char *s)
{
    if (s) nm_jo_str(j, key, s);
}

void nm_jo_num(nm_jo *j, const char *key, double x)
{
    start(j, key);
    nm_put_num(j->b, x);
}

void nm_jo_num_if(nm_jo *j, const char *key, double x)
{
    if (isfinite(x)) nm_jo_num(j, key, x);
}

void nm_jo_fixed(nm_jo *j, const char *key, double x, int decimals)
{
    assert(isfinite(x));
    start(j, key);
    nm_put(j->b, "%.*f", decimals, x);
}

void nm_jo_int(nm_jo *j, const char *key, int64_t x)
{
    start(j, key);
    nm_put(j->b, "%lld", (long long)x);
}

void nm_jo_nums(nm_jo *j, const char *key, const double *x, size_t n)
{
    nm_jo_list(j, key);
    for (size_t i = 0; i < n; i++) nm_jo_num(j, NULL, x[i]);
    nm_jo_end(j);
}
