/* csv.c: reads one line of numbers separated by commas, semicolons or blanks, where INDEX counts only lines that hold
 * numbers; or all lines at once as a table, as labels are read. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static bool sep(char c) { return c == ',' || c == ';' || c == ' ' || c == '\t' || c == '\r'; }

bool nm_csv_word(nm_span *s, nm_span *word)
{
    while (s->s < s->end && sep(*s->s)) s->s++;
    word->s = s->s;
    while (s->s < s->end && !sep(*s->s)) s->s++;
    word->end = s->s;
    return word->s < word->end;
}

bool nm_csv_is(nm_file f)
{
    return (nm_has_suffix(f.path, ".csv") || nm_has_suffix(f.path, ".txt") ||
            nm_has_suffix(f.path, ".csv.gz")) &&
           !memchr(f.data, 0, f.n);
}

int64_t nm_csv_count(nm_file f)
{
    int64_t rows = 0;
    for (const char *s = (const char *)f.data, *end = s + f.n; s < end; s++) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        if (!stop) stop = end;
        while (s < stop && sep(*s)) s++;
        rows += s < stop && *s != '#';
        s = stop;
    }
    return rows;
}

nm_tensor nm_csv_table(nm_job *job, nm_file f)
{
    nm_tensor t = {.type = NM_F64};
    size_t cap = 0, rows = 0, wide = 0;
    int line = 1;
    for (const char *s = (const char *)f.data, *end = s + f.n; s < end; line++) {
        const char *stop = memchr(s, '\n', (size_t)(end - s)), *p = s;
        if (!stop) stop = end;
        while (p < stop && sep(*p)) p++;
        const size_t first = t.n;
        for (const char *tok = p; p < stop && (t.n > first || *p != '#'); tok = p) {
            double x;
            while (p < stop && !sep(*p)) p++;
            if (!nm_num_parse(tok, p, &x))
                nm_throw_at(job, NM_EINPUT, f.path, line, (int)(tok - s) + 1,
                            "\"%.*s\" is not a number; labels, one integer on each line, were expected",
                            (int)(p - tok < 40 ? p - tok : 40), tok);
            *NM_PUSH(job, t.x, t.n, cap) = x;
            while (p < stop && sep(*p)) p++;
        }
        if (t.n > first && rows++ && t.n - first != wide)
            nm_throw_at(job, NM_EINPUT, f.path, line, 1, "a line of %zu numbers; %zu were expected, as before",
                        t.n - first, wide);
        if (t.n > first) wide = t.n - first;
        s = stop + 1;
    }
    t.shape = nm_shape_of(2, (int64_t[]){(int64_t)rows, (int64_t)wide});
    return t;
}

nm_tensor nm_read_csv(nm_job *job, nm_file f, int64_t index)
{
    const char *s = (const char *)f.data, *end = s + f.n;
    int line = 1;
    int64_t row = 0;
    for (; s < end; line++) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        if (!stop) stop = end;
        const char *p = s;
        while (p < stop && sep(*p)) p++;
        const bool blank = p == stop || *p == '#';
        if (!blank && row++ == index) {
            nm_tensor t = {0};
            size_t cap = 0;
            for (const char *tok = p; p < stop; tok = p) {
                while (p < stop && !sep(*p)) p++;
                double x;
                if (!nm_num_parse(tok, p, &x))
                    nm_throw_at(job, NM_EINPUT, f.path, line, (int)(tok - s) + 1,
                                "\"%.*s\" is not a number%s", (int)(p - tok < 40 ? p - tok : 40), tok,
                                line == 1 ? ": a line of words is left out with FILE.csv:columns=A-B alone" : "");
                *NM_PUSH(job, t.x, t.n, cap) = x;
                while (p < stop && sep(*p)) p++;
            }
            t.shape = nm_shape_of(1, (int64_t[]){(int64_t)t.n});
            t.type = NM_F64;
            return t;
        }
        s = stop + 1;
    }
    nm_throw(job, NM_EINPUT, "%s: line %lld of numbers is out of range; the file holds %lld",
             f.path, (long long)index, (long long)row);
}
