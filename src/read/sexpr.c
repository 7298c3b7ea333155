/* read/sexpr.c: S-expressions with their places, as VNN-LIB writes them; comments run from ; to the end of line. */
#include "all.h"

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

static nm_sexpr *read_one(lexer *l, int depth)
{
    if (depth > 200) fail(l, "nested too deeply");
    nm_sexpr *e = NM_NEW(l->job, nm_sexpr);
    e->line = l->line;
    e->col = (int)(l->s - l->line_start) + 1;
    if (*l->s == ')') fail(l, "a closing parenthesis without its opening one");
    if (*l->s != '(') {
        const char *from = l->s;
        while (l->s < l->end && !strchr(" \t\r\n();", *l->s)) l->s++;
        if (l->s == from) fail(l, "a NUL byte"); /* strchr finds the terminator */
        e->word = nm_dup(l->job, from, (size_t)(l->s - from));
        e->len = (size_t)(l->s - from);
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
    lexer l = {job, f, (const char *)f.data, (const char *)f.data + f.n, (const char *)f.data, 1};
    nm_sexpr *all = NM_NEW(job, nm_sexpr), **last = &all->first;
    for (skip(&l); l.s < l.end; skip(&l)) {
        *last = read_one(&l, 0);
        last = &(*last)->next;
        all->n++;
    }
    return all;
}
