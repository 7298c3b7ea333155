/* help.c: what `netmip`, `netmip help NAME` and `netmip VERB --help` print. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

void nm_help_overview(nm_buf *b)
{
    nm_put(b, "netmip asks whether a small change of an input can change a network's answer.\n");
    for (const nm_verb *v = nm_verbs(); v->name; v++) nm_put(b, "  %-9s %s\n", v->name, v->help);
    nm_put(b, "\nBegin with   netmip solve NET --image FILE --perturb linf:0.1\n"
              "Go on with   netmip VERB --help, and netmip help NAME, where NAME is\n"
              "  ");
    const char *comma = "";
    for (const nm_manual *m = nm_manuals(); m->name; m++, comma = " ")
        nm_put(b, "%s%s", comma, m->name);
    nm_put(b, "\n  or a list: ");
    comma = "";
    for (const nm_word *w = nm_lists(); w->name; w++, comma = ", ")
        nm_put(b, "%s%s", comma, w->name);
    nm_put(b, "\nExit codes   0 holds, or done; 10 violated; 11 unknown; 2 to 6 errors\n");
}

/* Returns all names that `help` accepts. */
static const nm_word *names(nm_job *job)
{
    nm_word *w = NULL;
    size_t n = 0, cap = 0;
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        *NM_PUSH(job, w, n, cap) = (nm_word){.name = v->name};
    for (const nm_manual *m = nm_manuals(); m->name; m++)
        *NM_PUSH(job, w, n, cap) = (nm_word){.name = m->name};
    for (const nm_word *l = nm_lists(); l->name; l++)
        *NM_PUSH(job, w, n, cap) = (nm_word){.name = l->name};
    *NM_PUSH(job, w, n, cap) = (nm_word){0};
    return w;
}

void nm_help_no_verb(nm_job *job, const char *word)
{
    nm_word *w = NULL;
    size_t n = 0, cap = 0;
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        *NM_PUSH(job, w, n, cap) = (nm_word){.name = v->name};
    *NM_PUSH(job, w, n, cap) = (nm_word){0};
    const char *guess = nm_guess(job, word, strlen(word), w);
    nm_throw(job, NM_EUSE, "%s: there is no such verb; %s", word,
             guess ? guess : "netmip --help lists them");
}

void nm_help_print(nm_buf *b, const char *name)
{
    nm_job *job = b->job;
    nm_page p = {.job = job};
    const nm_verb *v = nm_verb_find(name);
    const nm_manual *m = nm_manuals();
    const nm_word *l = nm_lists();
    while (m->name && strcmp(m->name, name)) m++;
    while (l->name && strcmp(l->name, name)) l++;
    if (v) {
        p = nm_page_brief(job, v);
    } else if (m->name) {
        nm_page_add(&p, NM_PARAGRAPH, nm_fmt(job, "%s: %s", m->name, m->help), NULL);
        const nm_page full = nm_page_full(job, m->name, m->section);
        nm_page_append(&p, &full, 1, full.n); /* without the heading Description */
    } else if (l->name) {
        nm_page_add(&p, NM_PART, nm_fmt(job, "%s", l->meaning), NULL);
        nm_page_list(&p, l->name);
    } else {
        const char *guess = nm_guess(job, name, strlen(name), names(job));
        nm_throw(job, NM_EUSE, "help %s: there is no such verb, page or list; %s", name,
                 guess ? guess : "netmip help lists them");
    }
    nm_page_text(b, &p, nm_page_width());
}
