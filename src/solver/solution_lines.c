/* solution_lines.c: what the readers of solution files share: lines that must be there, trimmed words, columns with
 * values.
 *
 * A reader fixes the status before it adds values. Then a value that is no finite number is an error of the file
 * where the status promises values, and otherwise only the column's name and index count, which tell another
 * model's file. */
#define _GNU_SOURCE
#include "all.h"

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

/* the objective of a file may be infinite or missing: it is no value of ours */
double nm_span_objective(nm_span s)
{
    double x;
    return nm_num_parse(s.s, s.end, &x) && fabs(x) < 1e20 ? x : NAN;
}

void nm_sol_value(const nm_lines *l, nm_sol *s, nm_span name, nm_span value, int64_t index)
{
    double x = 0;
    if (s->has_values)
        x = nm_lines_num(l, value);
    else if (!nm_num_parse(value.s, value.end, &x))
        x = 0;
    *NM_PUSH(l->job, s->vals, s->n,
             s->cap) = (struct nm_solval){name.s ? nm_span_dup(l->job, name) : NULL, x, index};
}

void nm_sol_status(nm_sol *s, nm_job *job, nm_span text, nm_solstatus status)
{
    s->status_text = nm_span_dup(job, text);
    s->status = status;
    s->has_values = status == NM_SOL_OPTIMAL || status == NM_SOL_FEASIBLE;
}

/* lines `name value` to the end of the file; `#` begins a comment */
void nm_sol_pairs(nm_lines *l, nm_sol *s)
{
    nm_span line, tok[3];
    while (nm_lines_next(l, &line)) {
        const char *mark = memchr(line.s, '#', (size_t)(line.end - line.s));
        if (mark && (mark == line.s || mark[-1] == ' ' || mark[-1] == '\t')) line.end = mark;
        const size_t n = nm_span_split(line, tok, 3);
        if (n == 0) continue;
        if (n != 2) nm_lines_bad(l, "a column's name and value");
        nm_sol_value(l, s, tok[0], tok[1], -1);
    }
}
