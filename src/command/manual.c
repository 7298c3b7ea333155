/* manual.c: a full page of the manual as mdoc(7): its head, the content from compose.c, and references to other
 * pages. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

#include <ctype.h>
#include <stdlib.h>

static const char date[] = "November 28, 2026"; /* date of the last change of the pages */

/* Writes what a verb takes as macros: [X] is optional, -o a flag, anything else an argument. */
static void put_use(nm_buf *b, const nm_verb *v)
{
    nm_job *job = b->job;
    for (const nm_word *way = nm_words_split(job, v->use, "\n"); way->name; way++) {
        nm_put(b, ".Nm netmip %s\n", v->name);
        for (const nm_word *w = nm_words_split(job, way->name, " "); w->name; w++) {
            const bool open = *w->name == '[';
            const char *s = w->name + open;
            const size_t n = strcspn(s, "]");
            if (*s == '-')
                nm_put(b, ".%sFl %.*s\n", open ? "Op " : "", (int)n - 1, s + 1);
            else
                nm_put(b, ".%sAr %.*s\n", open ? "Op " : "", (int)n, s);
        }
        if (nm_flag_next(v->name, NULL)) nm_put(b, ".Op Ar FLAG ...\n");
    }
}

typedef struct {
    const char *name, *section;
} page;

static int by_section(const void *a, const void *b)
{
    const page *x = a, *y = b;
    const int c = strcmp(x->section, y->section);
    return c ? c : strcmp(x->name, y->name);
}

static void put_see_also(nm_buf *b, const char *self)
{
    nm_job *job = b->job;
    page *all = NULL;
    size_t n = 0, cap = 0;
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        *NM_PUSH(job, all, n, cap) = (page){nm_page_title(job, v->name), "1"};
    for (const nm_manual *m = nm_manuals(); m->name; m++)
        *NM_PUSH(job, all, n, cap) = (page){nm_page_title(job, m->name), m->section};
    qsort(all, n, sizeof *all, by_section);
    nm_put(b, ".Sh SEE ALSO\n");
    size_t left = n - 1;
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, self))
            nm_put(b, ".Xr %s %s%s\n", all[i].name, all[i].section, --left ? " ," : "");
}

void nm_manual_print(nm_buf *b, const char *name)
{
    nm_job *job = b->job;
    const nm_verb *v = nm_verb_find(name);
    const nm_manual *m = nm_manuals();
    while (m->name && strcmp(m->name, name)) m++;
    if (!v && !m->name)
        nm_throw(job, NM_EUSE, "help %s --man: there is no such page of the manual", name);
    const char *title = nm_page_title(job, name), *section = v ? "1" : m->section;
    const nm_page p = nm_page_full(job, name, section);
    bool table = false;
    for (size_t i = 0; i < p.n; i++) table |= p.piece[i].kind == NM_TABLE;
    nm_put(b, "%s.Dd %s\n.Dt ", table ? "'\\\" t\n" : "", date); /* man runs tbl where the first line asks for it */
    for (const char *s = title; *s; s++) nm_put(b, "%c", toupper((unsigned char)*s));
    nm_put(b, " %s\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n", section, title, v ? v->help : m->help);
    if (*section == '1') nm_put(b, ".Sh SYNOPSIS\n");
    if (v) put_use(b, v);
    if (!v && *section == '1')
        nm_put(b, ".Nm netmip\n.Ar VERB\n.Op Ar FILE ...\n.Op Ar FLAG ...\n");
    nm_page_mdoc(b, &p);
    put_see_also(b, title);
}
