/* lines.c: a line cursor over text, and the splitting of lines into words. */
#include "all.h"

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
