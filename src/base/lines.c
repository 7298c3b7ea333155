/* lines.c: reads text line by line, splits lines into words, and demands lines that must be there. */
#define _GNU_SOURCE
#include "base/base.h"

nm_lines nm_lines_new(nm_job *job, nm_file f)
{
    return (nm_lines){job, f.path, (const char *)f.data, (const char *)f.data + f.n, 0};
}

bool nm_lines_next(nm_lines *l, nm_span *out)
{
    if (l->s == l->end) return false;
    const char *stop = memchr(l->s, '\n', (size_t)(l->end - l->s));
    *out = (nm_span){l->s, stop ? stop : l->end};
    if (out->end > out->s && out->end[-1] == '\r') out->end--;
    l->s = stop ? stop + 1 : l->end;
    l->line++;
    return true;
}

size_t nm_span_split(nm_span line, nm_span *tok, size_t max)
{
    size_t n = 0;
    for (const char *s = line.s; s < line.end;) {
        while (s < line.end && (*s == ' ' || *s == '\t')) s++;
        if (s == line.end) break;
        const char *from = s;
        while (s < line.end && *s != ' ' && *s != '\t') s++;
        if (n < max) tok[n] = (nm_span){from, s};
        n++;
    }
    return n;
}

bool nm_span_is(nm_span s, const char *word)
{
    return (size_t)(s.end - s.s) == strlen(word) && memcmp(s.s, word, strlen(word)) == 0;
}

bool nm_span_starts(nm_span s, const char *prefix)
{
    return (size_t)(s.end - s.s) >= strlen(prefix) && memcmp(s.s, prefix, strlen(prefix)) == 0;
}

nm_span nm_span_trim(nm_span s)
{
    while (s.s < s.end && (*s.s == ' ' || *s.s == '\t')) s.s++;
    while (s.end > s.s && (s.end[-1] == ' ' || s.end[-1] == '\t')) s.end--;
    return s;
}

bool nm_span_blank(nm_span s) { return nm_span_trim(s).s == s.end; }

bool nm_span_after(nm_span s, const char *prefix, nm_span *rest)
{
    if (!nm_span_starts(s, prefix)) return false;
    *rest = nm_span_trim((nm_span){s.s + strlen(prefix), s.end});
    return true;
}

bool nm_span_has(nm_span s, const char *text)
{
    return s.s < s.end && memmem(s.s, (size_t)(s.end - s.s), text, strlen(text));
}

nm_span nm_span_of(const char *s) { return (nm_span){s, s + strlen(s)}; }

char *nm_span_dup(nm_job *job, nm_span s) { return nm_dup(job, s.s, (size_t)(s.end - s.s)); }

nm_span nm_first_line(const char *text, size_t n)
{
    const char *stop = memchr(text, '\n', n);
    nm_span s = {text, stop ? stop : text + n};
    if (s.end > s.s && s.end[-1] == '\r') s.end--;
    return s;
}

void nm_lines_bad(const nm_lines *l, const char *expected)
{
    nm_throw_at(l->job, NM_EINPUT, l->path, l->line, 1, "%s was expected", expected);
}

nm_span nm_lines_need(nm_lines *l, const char *what)
{
    nm_span s;
    if (!nm_lines_next(l, &s))
        nm_throw_at(l->job, NM_EINPUT, l->path, l->line, 1, "the file ends before %s", what);
    return s;
}

nm_span nm_lines_text(nm_lines *l, const char *what)
{
    nm_span s;
    do s = nm_span_trim(nm_lines_need(l, what));
    while (s.s == s.end);
    return s;
}

void nm_lines_close(nm_lines *l)
{
    nm_span s;
    while (nm_lines_next(l, &s))
        if (!nm_span_blank(s)) nm_lines_bad(l, "the end of the file");
}

int64_t nm_lines_count(const nm_lines *l, nm_span s)
{
    int64_t n;
    if (!nm_int_parse(s.s, s.end, &n) || n < 0) nm_lines_bad(l, "a count");
    return n;
}

double nm_lines_num(const nm_lines *l, nm_span s)
{
    double x;
    if (!nm_num_parse(s.s, s.end, &x)) nm_lines_bad(l, "a finite number");
    return x;
}
