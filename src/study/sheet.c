/* sheet.c: a table as data, and its writers, each of which escapes what its format reads as something else. */
#include "base/base.h"
#include "study/sheet.h"

enum { SHORT = 6 }; /* letters of a number that a page shows as it is */

nm_sheet nm_sheet_new(nm_job *job, const char *name, const char *title, const char *const *columns)
{
    nm_sheet s = {.job = job, .name = name, .title = title, .column = columns};
    while (columns[s.n_columns]) s.n_columns++;
    return s;
}

void nm_sheet_link(nm_sheet *s, const char *text, const char *link)
{
    *NM_PUSH(s->job, s->cell, s->n,
             s->cap) = (nm_sheetcell){.text = *text ? nm_dup(s->job, text, strlen(text)) : "",
                                      .link = link ? nm_dup(s->job, link, strlen(link)) : NULL};
}

void nm_sheet_str(nm_sheet *s, const char *text) { nm_sheet_link(s, text, NULL); }

void nm_sheet_int(nm_sheet *s, size_t x) { nm_sheet_str(s, nm_fmt(s->job, "%zu", x)); }

static void put_number(nm_sheet *s, double x, bool down)
{
    char digits[32] = "";
    const int n = isfinite(x) ? nm_num_print(digits, x) : 0;
    nm_sheet_str(s, nm_dup(s->job, digits, (size_t)n));
    if (n <= SHORT) return;
    const double step = fmax(fabs(x) * 1e-5, 1e-300);
    double y = x, read = INFINITY;
    char *shown = NULL;
    for (; !shown || (down && read > x); y -= step) {
        shown = nm_fmt(s->job, "%.5g", y);
        nm_num_parse(shown, shown + strlen(shown), &read);
    }
    s->cell[s->n - 1].shown = shown;
}

void nm_sheet_num(nm_sheet *s, double x) { put_number(s, x, false); }
void nm_sheet_low(nm_sheet *s, double x) { put_number(s, x, true); }

void nm_sheet_fixed(nm_sheet *s, double x, int decimals)
{
    nm_sheet_str(s, isfinite(x) ? nm_fmt(s->job, "%.*f", decimals, x) : "");
}

void nm_sheet_percent(nm_sheet *s, size_t part, size_t whole)
{
    const double x = whole ? 100. * (double)part / (double)whole : NAN;
    nm_sheet_fixed(s, x, 2);
    if (whole) s->cell[s->n - 1].exact = nm_num_text(s->job, x);
}

bool nm_sheet_is_number(const nm_sheet *s, size_t column) { return s->column[column][0] == '#'; }

const char *nm_sheet_head(const nm_sheet *s, size_t column)
{
    return s->column[column] + nm_sheet_is_number(s, column);
}

size_t nm_sheet_rows(const nm_sheet *s) { return s->n / s->n_columns; }

/* ---- text ---- */

/* letters of UTF-8 text */
static size_t letters(const char *s)
{
    size_t n = 0;
    for (; *s; s++) n += (*s & 0xc0) != 0x80;
    return n;
}

static void put_padded(nm_buf *b, const char *s, size_t width, bool right, bool last)
{
    const size_t n = letters(s), pad = width > n ? width - n : 0;
    if (right) nm_put(b, "%*s", (int)pad, "");
    nm_put(b, "%s", s);
    if (!right && !last) nm_put(b, "%*s", (int)pad, "");
}

void nm_sheet_text(nm_buf *b, const nm_sheet *s)
{
    const size_t n = s->n_columns;
    size_t *width = NM_ARRAY(s->job, size_t, n);
    for (size_t i = 0; i < n + s->n; i++) {
        const size_t w = letters(i < n ? nm_sheet_head(s, i) : s->cell[i - n].text);
        if (w > width[i % n]) width[i % n] = w;
    }
    for (size_t i = 0; i < n + s->n; i++) {
        const size_t c = i % n;
        put_padded(b, i < n ? nm_sheet_head(s, c) : s->cell[i - n].text, width[c],
                   nm_sheet_is_number(s, c), c + 1 == n);
        nm_put(b, "%s", c + 1 == n ? "\n" : "  ");
    }
}

/* ---- CSV ---- */

void nm_csv_cell(nm_buf *b, const char *s)
{
    const bool quote = strpbrk(s, ",\"\r\n") != NULL;
    if (quote) nm_put(b, "\"");
    for (; *s; s++) nm_put(b, *s == '"' ? "\"\"" : "%c", *s == '\n' || *s == '\r' ? ' ' : *s);
    if (quote) nm_put(b, "\"");
}

void nm_sheet_csv(nm_buf *b, const nm_sheet *s)
{
    const size_t n = s->n_columns;
    for (size_t i = 0; i < n + s->n; i++) {
        nm_csv_cell(b, i < n ? nm_sheet_head(s, i) : s->cell[i - n].text);
        nm_put(b, "%s", i % n + 1 == n ? "\n" : ",");
    }
}

/* ---- Markdown, LaTeX ---- */

static void put_escaped(nm_buf *b, const char *s, const char *special)
{
    for (; *s; s++) nm_put(b, strchr(special, *s) ? "\\%c" : "%c", *s == '\n' ? ' ' : *s);
}

void nm_sheet_markdown(nm_buf *b, const nm_sheet *s)
{
    const size_t n = s->n_columns;
    for (size_t i = 0; i < n + s->n; i++) {
        nm_put(b, "%s", i % n ? " | " : "| ");
        put_escaped(b, i < n ? nm_sheet_head(s, i) : s->cell[i - n].text, "|\\`*_<[");
        if (i % n + 1 == n) nm_put(b, " |\n");
        if (i + 1 == n)
            for (size_t c = 0; c < n; c++)
                nm_put(b, "%s%s%s", c ? " " : "| ", nm_sheet_is_number(s, c) ? "---:" : "---",
                       c + 1 == n ? " |\n" : " |");
    }
}

static void put_latex(nm_buf *b, const char *s)
{
    for (; *s; s++) {
        const char *as = *s == '\\'  ? "\\textbackslash{}"
                         : *s == '~' ? "\\textasciitilde{}"
                         : *s == '^' ? "\\textasciicircum{}"
                                     : NULL;
        if (as)
            nm_put(b, "%s", as);
        else
            nm_put(b, strchr("&%$#_{}", *s) ? "\\%c" : "%c", *s == '\n' ? ' ' : *s);
    }
}

void nm_sheet_latex(nm_buf *b, const nm_sheet *s)
{
    const size_t n = s->n_columns;
    nm_put(b, "\\begin{tabular}{");
    for (size_t c = 0; c < n; c++) nm_put(b, "%c", nm_sheet_is_number(s, c) ? 'r' : 'l');
    nm_put(b, "}\n\\toprule\n");
    for (size_t i = 0; i < n + s->n; i++) {
        put_latex(b, i < n ? nm_sheet_head(s, i) : s->cell[i - n].text);
        nm_put(b, "%s", i % n + 1 == n ? " \\\\\n" : " & ");
        if (i + 1 == n) nm_put(b, "\\midrule\n");
    }
    nm_put(b, "\\bottomrule\n\\end{tabular}\n");
}
