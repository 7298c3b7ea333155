/* csv.c: numbers in lines of text, separated by blanks, or by a comma or a semicolon each: one line as an image, where
 * INDEX counts only lines that hold something; or all lines at once as a table, as labels are read. An empty field
 * is refused, as all numbers behind it would be taken for others; one separator at the end of a line ends its last
 * number. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
static bool mark(char c) { return c == ',' || c == ';'; }

bool nm_csv_word(nm_span *s, nm_span *word)
{
    while (s->s < s->end && blank(*s->s)) s->s++;
    if (s->s == s->end) return false;
    word->s = s->s;
    while (s->s < s->end && !blank(*s->s) && !mark(*s->s)) s->s++;
    word->end = s->s;
    while (s->s < s->end && blank(*s->s)) s->s++;
    if (s->s < s->end && mark(*s->s)) s->s++;
    return true;
}

bool nm_csv_line(nm_span *rest, nm_span *line)
{
    if (rest->s >= rest->end) return false;
    const char *stop = memchr(rest->s, '\n', (size_t)(rest->end - rest->s));
    *line = (nm_span){rest->s, stop ? stop : rest->end};
    rest->s = stop ? stop + 1 : rest->end;
    return true;
}

bool nm_csv_says(nm_span line)
{
    while (line.s < line.end && blank(*line.s)) line.s++;
    return line.s < line.end && *line.s != '#';
}

bool nm_csv_is(nm_file f)
{
    return (nm_has_suffix(f.path, ".csv") || nm_has_suffix(f.path, ".txt") ||
            nm_has_suffix(f.path, ".csv.gz")) &&
           !memchr(f.data, 0, f.n);
}

nm_span nm_csv_text(nm_file f) { return (nm_span){(const char *)f.data, (const char *)f.data + f.n}; }

int64_t nm_csv_count(nm_file f)
{
    int64_t rows = 0;
    nm_span rest = nm_csv_text(f), line;
    while (nm_csv_line(&rest, &line)) rows += nm_csv_says(line);
    return rows;
}

/* Appends the numbers of a line to t; what: what was expected, as the end of a message. */
static void read_line(nm_job *job, nm_file f, int at, nm_span line, const char *what, nm_tensor *t, size_t *cap)
{
    nm_span rest = line, word;
    double x;
    while (nm_csv_word(&rest, &word)) {
        if (word.s == word.end)
            nm_throw_at(job, NM_EINPUT, f.path, at, (int)(word.s - line.s) + 1,
                        "an empty field; a number was expected");
        if (!nm_num_parse(word.s, word.end, &x))
            nm_throw_at(job, NM_EINPUT, f.path, at, (int)(word.s - line.s) + 1, "\"%.*s\" is not a number%s",
                        (int)(word.end - word.s < 40 ? word.end - word.s : 40), word.s, what);
        *NM_PUSH(job, t->x, t->n, *cap) = x;
    }
}

nm_tensor nm_csv_table(nm_job *job, nm_file f)
{
    nm_tensor t = {.type = NM_F64};
    size_t cap = 0, rows = 0, wide = 0;
    nm_span rest = nm_csv_text(f), line;
    for (int at = 1; nm_csv_line(&rest, &line); at++) {
        const size_t first = t.n;
        if (!nm_csv_says(line)) continue;
        read_line(job, f, at, line, "; labels, one integer on each line, were expected", &t, &cap);
        if (rows++ && t.n - first != wide)
            nm_throw_at(job, NM_EINPUT, f.path, at, 1, "a line of %zu numbers; %zu were expected, as before",
                        t.n - first, wide);
        wide = t.n - first;
    }
    t.shape = nm_shape_of(2, (int64_t[]){(int64_t)rows, (int64_t)wide});
    return t;
}

nm_tensor nm_read_csv(nm_job *job, nm_file f, int64_t index)
{
    nm_tensor t = {.type = NM_F64};
    size_t cap = 0;
    int64_t row = 0;
    nm_span rest = nm_csv_text(f), line;
    for (int at = 1; nm_csv_line(&rest, &line); at++) {
        if (!nm_csv_says(line) || row++ != index) continue;
        const char *hint = at == 1 ? ": a line of words is left out with FILE.csv:columns=A-B alone" : "";
        read_line(job, f, at, line, hint, &t, &cap);
        t.shape = nm_shape_of(1, (int64_t[]){(int64_t)t.n});
        return t;
    }
    nm_throw(job, NM_EINPUT, "%s: line %lld of numbers is out of range; the file holds %lld",
             f.path, (long long)index, (long long)row);
}
