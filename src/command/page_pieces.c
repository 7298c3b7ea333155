/* page_pieces.c: puts the pieces of a page (page.h) together, and finds the sources of pages. */
#include "base/base.h"
#include "command/command.h"
#include "command/page.h"

void nm_page_add(nm_page *p, nm_piecekind kind, const char *text, const char *more)
{
    *NM_PUSH(p->job, p->piece, p->n, p->cap) = (nm_piece){.kind = kind, .text = text, .more = more};
}

void nm_page_append(nm_page *p, const nm_page *from, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++) *NM_PUSH(p->job, p->piece, p->n, p->cap) = from->piece[i];
}

const char *nm_page_source(const char *name)
{
    for (const nm_word *w = nm_sources; w->name; w++)
        if (strcmp(w->name, name) == 0) return w->meaning;
    return NULL;
}
