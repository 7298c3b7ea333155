/* xml.c: strict XML in, through Expat: the elements of a document in their order, with depth, line and
 * attributes.
 *
 * Refused: a document type (entities that grow, files of others), text outside of tags that is not blank, and what
 * Expat takes for malformed: a document that is cut anywhere before its last closing tag is none. Expat calls
 * back, so nothing is thrown in there: the callbacks take memory by nm_try, note the first trouble, and stop the
 * parser. */
#include "base/base.h"

#include <expat.h>

typedef struct {
    nm_job *job;
    XML_Parser parser;
    nm_xml *first, *last;
    int depth;
    const char *trouble;
} reader;

static void drop(void *p) { XML_ParserFree(p); }

static void stop(reader *r, const char *why)
{
    if (!r->trouble) r->trouble = why;
    XML_StopParser(r->parser, XML_FALSE);
}

static char *copy(reader *r, const char *s)
{
    const size_t n = strlen(s) + 1;
    char *p = nm_try(r->job, n);
    return p ? memcpy(p, s, n) : NULL;
}

static void XMLCALL on_start(void *arg, const char *name, const char **attr)
{
    reader *r = arg;
    size_t n = 0;
    while (attr[n]) n++;
    nm_xml *e = nm_try(r->job, sizeof *e);
    const char **own = nm_try(r->job, (n + 1) * sizeof *own);
    if (!e || !own) {
        stop(r, "");
        return;
    }
    *e = (nm_xml){.name = copy(r, name),
                  .depth = r->depth++,
                  .line = (int)XML_GetCurrentLineNumber(r->parser),
                  .n = n / 2,
                  .attr = own};
    bool whole = e->name != NULL;
    for (size_t i = 0; i < n; i++) whole &= (own[i] = copy(r, attr[i])) != NULL;
    if (!whole) stop(r, "");
    if (r->depth > 100) stop(r, "nested too deeply");
    if (r->last)
        r->last->next = e;
    else
        r->first = e;
    r->last = e;
}

static void XMLCALL on_end(void *arg, const char *name)
{
    (void)name;
    ((reader *)arg)->depth--;
}

static void XMLCALL on_text(void *arg, const char *s, int n)
{
    for (int i = 0; i < n; i++)
        if (!strchr(" \t\r\n", s[i]) || s[i] == 0) stop(arg, "text outside of tags");
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *sysid, const char *pubid,
                               int internal)
{
    (void)name, (void)sysid, (void)pubid, (void)internal;
    stop(arg, "a document type is not supported");
}

nm_xml *nm_xml_read(nm_job *job, nm_file f)
{
    reader r = {.job = job, .parser = XML_ParserCreate(NULL)};
    if (!r.parser) nm_throw(job, NM_EIO, "%s: out of memory", f.path);
    nm_defer(job, drop, r.parser);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    enum XML_Status ok = XML_STATUS_OK;
    for (size_t at = 0; at < f.n && ok == XML_STATUS_OK;) {
        const size_t n = f.n - at < 1 << 20 ? f.n - at : 1 << 20;
        ok = XML_Parse(r.parser, (const char *)f.data + at, (int)n, at + n == f.n);
        at += n;
    }
    if (r.trouble && !*r.trouble) nm_throw(job, NM_EIO, "%s: out of memory", f.path);
    if (ok != XML_STATUS_OK || r.trouble || !r.first)
        nm_throw_at(job, NM_EINPUT, f.path, (int)XML_GetCurrentLineNumber(r.parser),
                    (int)XML_GetCurrentColumnNumber(r.parser) + 1, "not XML here: %s",
                    r.trouble ? r.trouble : XML_ErrorString(XML_GetErrorCode(r.parser)));
    nm_close(job, r.parser);
    return r.first;
}

const char *nm_xml_find(const nm_xml *e, const char *key)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->attr[2 * i], key) == 0) return e->attr[2 * i + 1];
    return NULL;
}
