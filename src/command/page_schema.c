/* page_schema.c: shows the members of a JSON Schema (schema/NAME.schema.json) as terms of a page, so that the manual
 * describes every output exactly as the schema does. A schema refers to parts of another one by FILE#/path. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

#include <cJSON.h>

const char *nm_schema_source(nm_job *job, const char *name)
{
    const char *text = nm_page_source(nm_fmt(job, "%s.schema.json", name));
    if (text) return text;
    nm_buf b = {.job = job};
    for (const nm_word *w = nm_sources; w->name; w++)
        if (nm_has_suffix(w->name, ".schema.json"))
            nm_put(&b, "%s%.*s", b.n ? ", " : "", (int)(strlen(w->name) - strlen(".schema.json")),
                   w->name);
    nm_throw(job, NM_EUSE, "--schema %s: %s was expected", name, b.s);
}

static const nm_json *parse(nm_job *job, const char *file)
{
    const char *text = nm_page_source(file);
    if (!text) nm_throw(job, NM_EINPUT, "%s: there is no such schema", file);
    return nm_json_parse(job, (nm_file){file, (const unsigned char *)text, strlen(text)});
}

/* Follows references to the schema that is meant; own: the document that contains it. */
static const nm_json *followed(nm_job *job, const nm_json *s, const nm_json **own)
{
    const nm_json *ref;
    while ((ref = nm_json_find(s, "$ref")) != NULL) {
        const char *to = nm_json_str(job, ref, "$ref");
        const size_t n = strcspn(to, "#");
        if (n) *own = parse(job, nm_dup(job, to, n));
        s = *own;
        for (const char *at = to[n] ? to + n + 1 : to + n; *at == '/';) {
            const size_t k = strcspn(at + 1, "/");
            s = nm_json_get(job, s, nm_dup(job, at + 1, k), to);
            at += k + 1;
        }
    }
    return s;
}

static bool is_required(const nm_json *s, const char *key)
{
    const nm_json *list = nm_json_find(s, "required");
    for (const nm_json *k = list ? list->child : NULL; k; k = k->next)
        if (strcmp(k->valuestring, key) == 0) return true;
    return false;
}

/* Returns the text about a member: its description, then its possible values, the schema that describes its members
 * (from: NULL: this one), and whether it may be missing. */
static const char *meaning(nm_job *job, const nm_json *s, bool required, const char *from)
{
    nm_buf b = {.job = job};
    const nm_json *words = nm_json_find(s, "enum"), *one = nm_json_find(s, "const");
    for (const nm_json *w = words ? words->child : NULL; w; w = w->next)
        nm_put(&b, "%s`%s`", b.n ? ", " : "", w->valuestring);
    if (one && cJSON_IsString(one)) nm_put(&b, "`%s`", one->valuestring);
    if (one && cJSON_IsNumber(one)) nm_put(&b, "`%g`", one->valuedouble);
    if (from && (nm_json_find(s, "items") || nm_json_find(s, "properties")))
        nm_put(&b, "%sas in %s", b.n ? "; " : "", from);
    if (!required) nm_put(&b, "%smay be missing", b.n ? "; " : "");
    const char *says = nm_json_str(job, nm_json_get(job, s, "description", "a schema"),
                                   "a description");
    return b.n ? nm_fmt(job, "%s (%s)", says, b.s) : says;
}

static void add_members(nm_page *p, const nm_json *s, const nm_json *own, const char *before)
{
    nm_job *job = p->job;
    const nm_json *all = nm_json_find(s, "properties"), *items;
    for (const nm_json *m = all ? all->child : NULL; m; m = m->next) {
        const nm_json *of = own, *x = followed(job, m, &of), *ref = nm_json_find(m, "$ref");
        const char *name = nm_fmt(job, "%s%s", before, m->string);
        const char *from = of == own
                               ? NULL
                               : nm_dup(job, ref->valuestring, strcspn(ref->valuestring, "."));
        nm_page_add(p, NM_TERM, nm_fmt(job, "`%s`", name),
                    meaning(job, x, is_required(s, m->string), from));
        if (from) continue;
        if ((items = nm_json_find(x, "items")) != NULL)
            add_members(p, followed(job, items, &of), of, nm_fmt(job, "%s[].", name));
        else
            add_members(p, x, own, nm_fmt(job, "%s.", name));
    }
}

/* Adds the members of each alternative of a schema, or refers to where they are described. */
static void add_kinds(nm_page *p, const nm_json *list, const nm_json *own)
{
    for (const nm_json *c = list->child; c; c = c->next) {
        const nm_json *of = own, *x = followed(p->job, c, &of);
        const bool elsewhere = of != own;
        const nm_json *says = nm_json_get(p->job, x, elsewhere ? "title" : "description",
                                          "a schema");
        nm_page_add(
            p, NM_PARAGRAPH,
            nm_fmt(p->job, elsewhere ? "Or %s." : "Of %s:", nm_json_str(p->job, says, "a schema")),
            NULL);
        if (!elsewhere) add_members(p, x, own, "");
    }
}

void nm_page_schema(nm_page *p, const char *file)
{
    const nm_json *own = parse(p->job, file), *kinds = nm_json_find(own, "oneOf");
    if (kinds && !nm_json_find(own, "properties"))
        add_kinds(p, kinds, own);
    else
        add_members(p, own, own, "");
}
