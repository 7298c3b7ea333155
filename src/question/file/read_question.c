/* read_question.c: reads questions from files: finds out the kind of a file, what else it names, and prints it. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "question/file/file.h"

#include <cJSON.h>

bool nm_query_is(nm_file f)
{
    const char *s = (const char *)f.data, *end = s + f.n;
    if (f.n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0) s += 3; /* a byte order mark */
    while (s < end && strchr(" \t\r\n", *s) && *s) s++;
    if (s == end || *s != '{') return false;
    const char *key = strstr(s, "\"netmip\""); /* data ends in a NUL */
    if (!key) return false;
    key += 8;
    while (key < end && strchr(" \t\r\n:", *key) && *key) key++;
    return strncmp(key, "\"query\"", 7) == 0;
}

nm_query *nm_query_read(nm_job *job, const nm_net *net, const char *path)
{
    const nm_file f = nm_file_read(job, path);
    return nm_query_is(f) ? nm_read_queryjson(job, net, f) : nm_read_vnnlib(job, net, path);
}

nm_preface nm_query_preface(nm_job *job, const char *path)
{
    const nm_file f = nm_file_read(job, path);
    if (!nm_query_is(f)) return (nm_preface){NULL, NULL};
    const nm_json *j = nm_json_parse(job, f), *x = nm_json_find(j, "against");
    const char *name = x ? nm_json_str(job, x, path) : NULL;
    if (name && *name != '/') name = nm_fmt(job, "%s%s", nm_path_dir(job, path), name);
    return (nm_preface){name, nm_query_front_of(job, j, path)};
}

size_t nm_query_asked(nm_job *job, const char *path)
{
    const nm_file f = nm_file_read(job, path);
    if (!nm_query_is(f)) return nm_read_vnnlib(job, NULL, path)->n_in;
    const nm_json *n = nm_json_find(nm_json_parse(job, f), "n_in");
    const int64_t count = n ? nm_json_int(job, n, path) : 0;
    return count > 0 ? (size_t)count : 0;
}

/* Returns true if the question is self-contained: no files, no perturbations, no forms that need the network's
 * sizes. */
static bool is_whole(const nm_json *j)
{
    const nm_json *list = nm_json_find(j, "cases"), *image = nm_json_find(j, "image"),
                  *o = nm_json_find(j, "objective");
    bool whole = nm_json_find(j, "n_in") && nm_json_find(j, "n_out") && !cJSON_IsString(image);
    whole &= !nm_json_find(j, "labels") && !nm_json_find(j, "perturb") &&
             !nm_json_find(j, "differ");
    whole &= !o || (cJSON_IsString(o) && strncmp(o->valuestring, "range:", 6));
    for (const nm_json *c = list ? list->child : NULL; c; c = c->next)
        whole &= !nm_json_find(c, "perturb");
    return whole;
}

static void print_value(nm_job *job, nm_buf *b, const nm_json *x)
{
    if (cJSON_IsString(x)) {
        nm_put_json(b, x->valuestring);
    } else if (cJSON_IsNumber(x)) {
        nm_put_num(b, nm_json_num(job, x, "a number"));
    } else if (cJSON_IsBool(x) || cJSON_IsNull(x)) {
        nm_put(b, cJSON_IsNull(x) ? "null" : cJSON_IsTrue(x) ? "true" : "false");
    } else {
        const bool list = cJSON_IsArray(x);
        nm_put(b, list ? "[" : "{");
        for (const nm_json *a = x->child; a; a = a->next) {
            if (a != x->child) nm_put(b, ", ");
            if (!list) nm_put_json(b, a->string), nm_put(b, ": ");
            print_value(job, b, a);
        }
        nm_put(b, list ? "]" : "}");
    }
}

static void print_member(nm_job *job, nm_buf *b, const nm_json *o, const char *key,
                         const char *dflt, const char *indent)
{
    const nm_json *x = nm_json_find(o, key);
    nm_put(b, "%s%-10s", indent, key);
    if (x)
        print_value(job, b, x);
    else
        nm_put(b, "%s (default)", dflt);
    nm_put(b, "\n");
}

static void print_case(nm_job *job, nm_buf *b, const nm_json *c)
{
    static const char *const optional[] = {"lo", "hi", "in_rows", NULL};
    if (nm_json_find(c, "perturb")) {
        print_member(job, b, c, "perturb", "", "  ");
        print_member(job, b, c, "domain", "the range that the network states, or [0, 1]", "  ");
    }
    for (const char *const *k = optional; *k; k++)
        if (nm_json_find(c, *k)) print_member(job, b, c, *k, "", "  ");
    if (nm_json_find(c, "clauses")) {
        print_member(job, b, c, "clauses", "", "  ");
        return;
    }
    print_member(job, b, c, "target", "any", "  ");
    print_member(job, b, c, "margin", "0", "  ");
}

void nm_queryjson_print(nm_job *job, nm_buf *b, nm_file f, bool json)
{
    const nm_json *j = nm_json_parse(job, f), *list = nm_json_find(j, "cases");
    if (is_whole(j)) {
        const nm_query *q = nm_read_queryjson(job, NULL, f);
        (json ? nm_query_write : nm_query_print)(b, q);
        if (json) nm_put(b, "\n");
        return;
    }
    if (json)
        nm_throw(job, NM_EUSE,
                 "%s: only with the network can it be spelled out: netmip solve NET %s --dump query --json",
                 f.path, f.path);
    nm_queryjson_check(job, j, f.path);
    nm_put(b, "question, to be asked of a network; with one, --dump query spells it out\n");
    print_member(job, b, j, "image", "none", "");
    if (nm_json_find(j, "labels"))
        print_member(job, b, j, "labels", "", "");
    else
        print_member(job, b, j, "label", "the network's own prediction", "");
    print_member(job, b, j, "objective", "feasible", "");
    print_member(job, b, j, "guard", "0", "");
    print_member(job, b, j, "against", "none", "");
    if (nm_json_find(j, "differ")) print_member(job, b, j, "differ", "", "");
    if (!list) print_case(job, b, j);
    size_t i = 0;
    for (const nm_json *c = list ? list->child : NULL; c; c = c->next) {
        nm_put(b, "case %zu\n", i++);
        print_case(job, b, c);
    }
}
