/* sexpr.c: reads S-expressions with their places, as VNN-LIB writes them; comments run from ; to the end of the line. A
 * word is a run of characters without spaces and parentheses; within "quotes" or |bars| it may contain those. Blanks
 * after a comma in [brackets] are dropped: X[0, 1] is X[0,1]. */
#include "base/base.h"
#include "question/file/file.h"

typedef struct {
    nm_job *job;
    nm_file f;
    const char *s, *end, *line_start;
    int line;
} lexer;

static _Noreturn void fail(const lexer *l, const char *what)
{
    nm_throw_at(l->job, NM_EINPUT, l->f.path, l->line, (int)(l->s - l->line_start) + 1, "%s", what);
}

static void skip(lexer *l)
{
    while (l->s < l->end) {
        if (*l->s == ';') {
            while (l->s < l->end && *l->s != '\n') l->s++;
        } else if (*l->s == '\n') {
            l->line++;
            l->line_start = ++l->s;
        } else if (*l->s == ' ' || *l->s == '\t' || *l->s == '\r') {
            l->s++;
        } else {
            return;
        }
    }
}

/* Reads a word up to its closing quote, which is part of it. */
static void read_quoted(lexer *l, nm_sexpr *e)
{
    const char *from = l->s++;
    const lexer start = {l->job, l->f, from, l->end, l->line_start, l->line};
    while (l->s < l->end && *l->s && *l->s != *from)
        if (*l->s++ == '\n') {
            l->line++;
            l->line_start = l->s;
        }
    if (l->s == l->end || !*l->s) fail(&start, "this quote is never closed");
    l->s++;
    e->len = (size_t)(l->s - from);
    e->word = nm_dup(l->job, from, e->len);
}

static void read_word(lexer *l, nm_sexpr *e)
{
    if (*l->s == '"' || *l->s == '|') {
        read_quoted(l, e);
        return;
    }
    const char *from = l->s;
    bool inside = false; /* within brackets, after a comma or the opening bracket */
    while (l->s < l->end && !strchr("\r\n();", *l->s) && (inside || !strchr(" \t", *l->s))) {
        if (*l->s != ' ' && *l->s != '\t')
            inside = *l->s == '[' || (*l->s == ',' && memchr(from, '[', (size_t)(l->s - from)));
        l->s++;
    }
    if (l->s == from) fail(l, "a NUL byte"); /* strchr also finds the terminating NUL */
    char *word = nm_dup(l->job, from, (size_t)(l->s - from));
    for (const char *s = from; s < l->s; s++)
        if (*s != ' ' && *s != '\t') word[e->len++] = *s;
    word[e->len] = 0;
    e->word = word;
}

static nm_sexpr *read_one(lexer *l, int depth)
{
    if (depth > 200) fail(l, "nested too deeply");
    nm_sexpr *e = NM_NEW(l->job, nm_sexpr);
    e->line = l->line;
    e->col = (int)(l->s - l->line_start) + 1;
    if (*l->s == ')') fail(l, "a closing parenthesis without its opening one");
    if (*l->s != '(') {
        read_word(l, e);
        return e;
    }
    l->s++;
    nm_sexpr **last = &e->first;
    for (;;) {
        skip(l);
        if (l->s == l->end)
            nm_throw_at(l->job, NM_EINPUT, l->f.path, e->line, e->col,
                        "this parenthesis is never closed");
        if (*l->s == ')') break;
        *last = read_one(l, depth + 1);
        last = &(*last)->next;
        e->n++;
    }
    l->s++;
    return e;
}

nm_sexpr *nm_sexpr_read(nm_job *job, nm_file f)
{
    const char *start = (const char *)f.data, *end = start + f.n;
    if (f.n >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0) start += 3; /* a byte order mark */
    lexer l = {job, f, start, end, start, 1};
    nm_sexpr *all = NM_NEW(job, nm_sexpr), **last = &all->first;
    for (skip(&l); l.s < l.end; skip(&l)) {
        *last = read_one(&l, 0);
        last = &(*last)->next;
        all->n++;
    }
    return all;
}

bool nm_sexpr_is(const nm_sexpr *e, const char *word)
{
    return e->word && strcmp(e->word, word) == 0;
}

const char *nm_sexpr_head(nm_job *job, const nm_sexpr *e)
{
    const char *s = e->word ? e->word : e->n && e->first->word ? e->first->word : NULL;
    if (!s) return e->n ? "two parentheses in a row" : "empty parentheses";
    return strlen(s) <= 40 ? s : nm_fmt(job, "%.40s...", s);
}
