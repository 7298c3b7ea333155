/* flag_rows.c: the rows of command.def as data, and the lists that their texts refer to, for help, manual pages and
 * completions. */
#include "base/base.h"
#include "question/question.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "command/command.h"
#include "command/flags.h"

#include <ctype.h>

static const nm_flag flags[] = {
#define OPT(name, group, kind, value, verbs, dflt, help)                                           \
    {NM_O_##name, #name, #group, #kind, value, verbs, dflt, help},
#define ALSO OPT
#include "command/command.def"
#undef ALSO
#undef OPT
};
enum { N_FLAGS = sizeof flags / sizeof *flags };

const nm_verb *nm_verbs(void)
{
    static const nm_verb rows[] = {
#define VERB(name, use, files, help, exits) {#name, use, files, help, exits},
#include "command/command.def"
#undef VERB
        {0},
    };
    return rows;
}

const nm_manual *nm_manuals(void)
{
    static const nm_manual rows[] = {
#define PAGE(name, section, help) {#name, #section, help},
#include "command/command.def"
#undef PAGE
        {0},
    };
    return rows;
}

const char *nm_page_title(nm_job *job, const char *name)
{
    const bool whole = strcmp(name, "netmip") == 0 || strcmp(name, "libnetmip") == 0;
    return whole ? name : nm_fmt(job, "netmip-%s", name);
}

const nm_word *nm_lists(void)
{
    static const nm_word rows[] = {
#define LIST(name, help) {#name, NULL, help},
#include "command/command.def"
#undef LIST
        {0},
    };
    return rows;
}

const nm_word *nm_flag_groups(void)
{
    static const nm_word rows[] = {
#define GROUP(name, title) {#name, NULL, title},
#include "command/command.def"
#undef GROUP
        {0},
    };
    return rows;
}

const nm_word *nm_kinds(void)
{
    static const nm_word rows[] = {
#define KIND(name, endings) {#name, NULL, endings},
#include "command/command.def"
#undef KIND
        {0},
    };
    return rows;
}

const nm_word *nm_exits(void)
{
    static const nm_word rows[] = {
#define EXIT(code, meaning) {#code, NULL, meaning},
#include "command/command.def"
#undef EXIT
        {0},
    };
    return rows;
}

bool nm_has_word(const char *words, const char *word)
{
    const size_t n = strlen(word);
    for (const char *s = strstr(words, word); s; s = strstr(s + 1, word))
        if ((s == words || s[-1] == ' ') && (s[n] == ' ' || s[n] == 0)) return true;
    return false;
}

const nm_verb *nm_verb_find(const char *name)
{
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        if (strcmp(v->name, name) == 0) return v;
    return NULL;
}

const nm_flag *nm_flag_next(const char *verb, const nm_flag *after)
{
    for (const nm_flag *f = after ? after + 1 : flags; f < flags + N_FLAGS; f++)
        if (nm_has_word(f->verbs, verb)) return f;
    return NULL;
}

const nm_flag *nm_flag_find(const char *verb, nm_opt o)
{
    for (const nm_flag *f = nm_flag_next(verb, NULL); f; f = nm_flag_next(verb, f))
        if (f->opt == o) return f;
    return NULL;
}

const char *nm_flag_verbs(nm_job *job, nm_opt o)
{
    nm_buf b = {.job = job};
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        if (nm_flag_find(v->name, o)) nm_put(&b, b.n ? ", %s" : "%s", v->name);
    return b.s;
}

const nm_word *nm_list_words(nm_job *job, const char *list)
{
    if (strcmp(list, "sets") == 0) return nm_sets_words();
    if (strcmp(list, "encodings") == 0) return nm_encoding_words();
    if (strcmp(list, "dialects") == 0) return nm_dialect_words();
    if (strcmp(list, "solvers") == 0) return nm_runner_words(job);
    return NULL;
}

/* Returns the fixed beginnings of a|b:N|C, which are "a" and "b:"; "" for a part that the user chooses freely. */
static const char *fixed_part(nm_job *job, const char *word)
{
    size_t n = 0;
    while (word[n] && !isupper((unsigned char)word[n])) n++;
    while (word[n] && n && word[n - 1] != ':') n--;
    return nm_dup(job, word, n);
}

const nm_word *nm_flag_words(nm_job *job, const nm_flag *f)
{
    static const nm_word none = {0};
    const nm_word *list = strcmp(f->kind, "words") == 0
                              ? nm_words_split(job, f->value, "|")
                              : nm_list_words(job, nm_fmt(job, "%ss", f->kind));
    nm_word *out = NULL;
    size_t n = 0, cap = 0;
    for (const nm_word *w = list ? list : &none; w->name; w++) {
        const char *text = fixed_part(job, w->says ? w->says : w->name);
        if (*text) *NM_PUSH(job, out, n, cap) = (nm_word){text, NULL, w->meaning};
    }
    *NM_PUSH(job, out, n, cap) = none;
    return out;
}

const char *nm_filled(nm_job *job, const char *text)
{
    nm_buf b = {.job = job};
    nm_put(&b, "%s", "");
    while (*text) {
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        const nm_word *list = end ? nm_list_words(job,
                                                  nm_dup(job, text + 1, (size_t)(end - text - 1)))
                                  : NULL;
        if (list) {
            nm_put(&b, "%s", nm_words_list(job, list));
            text = end + 1;
        } else {
            nm_put_bytes(&b, text++, 1);
        }
    }
    return b.s;
}
