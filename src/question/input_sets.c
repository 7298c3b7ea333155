/* input_sets.c: the list of input sets, and --perturb: names with arguments, joined by + for their intersection. A + is
 * a separator only if the name of a set follows: numbers and file names may contain one. */
#include "base/base.h"
#include "question/question.h"
#include "question/set.h"

static const struct {
    const char *name, *syntax;
    const nm_set *set;
} rows[] = {
#define SET(name, syntax, meaning) {#name, syntax, &nm_set_##name},
#include "question/sets.def"
#undef SET
};
enum { N_SETS = sizeof rows / sizeof *rows };

/* Returns the row whose name is at s, followed by a colon, a + or the end; -1: none. */
static int find(const char *s)
{
    for (int i = 0; i < N_SETS; i++) {
        const size_t n = strlen(rows[i].name);
        if (strncmp(s, rows[i].name, n) == 0 && (!s[n] || s[n] == ':' || s[n] == '+')) return i;
    }
    return -1;
}

/* Returns what a radius alone, or a set with another sign than a colon before its argument, is meant to be; NULL: it is
 * neither. */
static const char *meant(nm_job *job, const char *at)
{
    double x;
    if (nm_fraction_parse(at, at + strlen(at), &x)) return nm_fmt(job, "did you mean linf:%s?", at);
    for (int i = 0; i < N_SETS; i++) {
        const size_t n = strlen(rows[i].name);
        const bool sign = !strncmp(at, rows[i].name, n) && at[n] && strchr("=, (@", at[n]);
        if (sign && at[n + 1])
            return nm_fmt(job, "did you mean %s:%.*s?", rows[i].name, (int)strcspn(at + n + 1, ")"), at + n + 1);
    }
    return NULL;
}

/* Refuses the text; at: its first part that does not begin with the name of a set. */
static _Noreturn void unknown(nm_job *job, const char *text, const char *at)
{
    const size_t n = strcspn(at, ":+");
    const char *known = meant(job, at);
    nm_throw(job, NM_EUSE, "--perturb %s: \"%.*s\" is not an input set; %s", text, (int)n, at,
             known ? known : nm_words_help(job, at, n, nm_sets_words()));
}

/* Returns where the part that starts at s ends. */
static const char *part_end(const char *s)
{
    for (; *s; s++)
        if (*s == '+' && find(s + 1) >= 0) break;
    return s;
}

const nm_sets *nm_sets_read(nm_job *job, const char *text, const char *dir)
{
    nm_sets *r = NM_NEW(job, nm_sets);
    nm_buf hashes = {.job = job};
    size_t cap = 0;
    r->text = text;
    for (const char *s = text;; s++) {
        const char *end = part_end(s);
        const int i = find(s);
        if (i < 0) unknown(job, text, s);
        const char *arg = s + strlen(rows[i].name);
        if (*arg == ':') /* after it the argument, perhaps an empty one */
            arg = nm_dup(job, arg + 1, (size_t)(end - arg - 1));
        else if (arg == end)
            arg = NULL;
        else
            unknown(job, text, arg + 1); /* after a + */
        const nm_setarg a = {text, rows[i].syntax, arg, &hashes, dir};
        *NM_PUSH(job, r->part, r->n, cap) = (struct nm_setpart){rows[i].set,
                                                                rows[i].set->read(job, &a)};
        s = end;
        if (!*s) break;
    }
    r->hashes = hashes.s;
    return r;
}

void nm_sets_make(nm_setting *s, const nm_sets *sets)
{
    for (size_t i = 0; i < sets->n; i++) sets->part[i].set->make(s, sets->part[i].plan, sets->text);
}
