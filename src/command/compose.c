/* compose.c: composes the page of a verb or a topic from the rows of command.def and the sources in man/: a brief page
 * for --help, a full one for the manual. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

/* ---- parts ---- */

/* Adds the verb's flags, one part for each group. */
static void add_flags(nm_page *p, const nm_verb *v)
{
    nm_job *job = p->job;
    for (const nm_word *g = nm_flag_groups(); g->name; g++) {
        bool any = false;
        for (const nm_flag *f = nm_flag_next(v->name, NULL); f; f = nm_flag_next(v->name, f)) {
            if (strcmp(f->group, g->name)) continue;
            if (!any) nm_page_add(p, NM_PART, g->meaning, NULL);
            any = true;
            const char *help = nm_filled(job, f->help);
            if (*f->dflt) help = nm_fmt(job, "%s (default %s)", help, f->dflt);
            nm_page_add(p, NM_TERM,
                        nm_fmt(job, "%s`--%s`%s%s", f->opt == NM_O_output ? "`-o`, " : "",
                               nm_cli_name(job, f->opt), *f->value ? " " : "", f->value),
                        help);
        }
    }
}

/* Adds exit codes: the verb's own, and those of all verbs. */
static void add_exits(nm_page *p, const nm_verb *v)
{
    nm_job *job = p->job;
    for (const nm_word *w = v ? nm_words_split(job, v->exits, ";") : nm_exits(); w->name; w++) {
        const char *s = v ? w->name + strspn(w->name, " ") : w->name;
        const size_t n = strcspn(s, " ");
        nm_page_add(p, NM_TERM, nm_dup(job, s, n),
                    v ? nm_dup(job, s + n + 1, strlen(s + n + 1)) : w->meaning);
    }
    for (const nm_word *w = nm_exits(); v && w->name; w++) {
        const char *own = strstr(v->exits, nm_fmt(job, "; %s ", w->name));
        if (!own) nm_page_add(p, NM_TERM, w->name, w->meaning);
    }
}

/* Says where the files lie that the page's source names by their place in the source tree. `make install` puts its own
 * DATADIR in the place of /usr/local/share. */
static void add_places(nm_page *p, const char *name)
{
    const char *text = nm_page_source(name);
    const bool models = text && strstr(text, "models/"), scripts = text && strstr(text, "scripts/");
    if (models)
        nm_page_add(p, NM_PARAGRAPH,
                    "Files called `models/..` here are in the source tree and, once installed, in "
                    "`/usr/local/share/netmip`: commands that name them run in that folder, or in a copy of it.",
                    NULL);
    if (scripts)
        nm_page_add(p, NM_PARAGRAPH, "What is called `scripts/..` here is in the source tree alone.", NULL);
}

/* a page's source: the text before its first section, its sections, and its examples */
typedef struct {
    nm_page whole;
    size_t intro, examples; /* indices of pieces: end of the intro, start of section EXAMPLES (n: none) */
} source;

static source read_source(nm_job *job, const char *name)
{
    source s = {.whole = {.job = job}};
    const char *text = nm_page_source(name);
    nm_page_read(&s.whole, text ? text : "");
    s.intro = s.examples = s.whole.n;
    for (size_t i = s.whole.n; i-- > 0;) {
        const nm_piece *x = &s.whole.piece[i];
        if (x->kind != NM_SECTION) continue;
        s.intro = i;
        if (strcmp(x->text, "Examples") == 0) s.examples = i;
    }
    return s;
}

/* ---- brief ---- */

nm_page nm_page_brief(nm_job *job, const nm_verb *v)
{
    nm_page p = {.job = job};
    const source s = read_source(job, v->name);
    const bool has_flags = nm_flag_next(v->name, NULL) != NULL;
    nm_buf use = {.job = job};
    for (const nm_word *w = nm_words_split(job, v->use, "\n"); w->name; w++)
        nm_put(&use, "netmip %s %s%s\n", v->name, w->name, has_flags ? " [FLAG..]" : "");
    nm_page_add(&p, NM_PARAGRAPH, nm_fmt(job, "netmip %s: %s", v->name, v->help), NULL);
    nm_page_add(&p, NM_LITERAL, use.s, NULL);
    nm_page_append(&p, &s.whole, 0, s.intro);
    if (strstr(use.s, " QUESTION"))
        nm_page_add(&p, NM_PARAGRAPH,
                    "QUESTION is a file that states the input set and the property: VNN-LIB (`.vnnlib`) or JSON; "
                    "`netmip help query` describes both.", NULL);
    add_flags(&p, v);
    nm_page_add(&p, NM_PART, "Exit codes", NULL);
    add_exits(&p, v);
    if (s.examples < s.whole.n) {
        nm_page_add(&p, NM_PART, "Examples", NULL);
        nm_page_append(&p, &s.whole, s.examples + 1, s.whole.n);
    }
    nm_page_add(&p, NM_PARAGRAPH,
                nm_fmt(job, "In full: netmip help %s --man | man -l -", v->name), NULL);
    return p;
}

/* ---- whole ---- */

nm_page nm_page_full(nm_job *job, const char *name, const char *section)
{
    nm_page p = {.job = job};
    const nm_verb *v = *section == '1' ? nm_verb_find(name) : NULL;
    const source s = read_source(job, name);
    nm_page_add(&p, NM_SECTION, "Description", NULL);
    nm_page_append(&p, &s.whole, 0, s.intro);
    if (v) {
        nm_page_add(&p, NM_SECTION, "Flags", NULL);
        add_flags(&p, v);
    }
    nm_page_append(&p, &s.whole, s.intro, s.examples);
    if (*section == '1') {
        nm_page_add(&p, NM_SECTION, "Exit status", NULL);
        add_exits(&p, v);
    }
    nm_page_append(&p, &s.whole, s.examples, s.whole.n);
    add_places(&p, name);
    return p;
}
