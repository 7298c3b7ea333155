/* page_text.c: formats a page for a terminal: lines fit its width, except for words and literal lines that are
 * longer. */
#define _GNU_SOURCE
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NARROWEST = 40, WIDEST = 120, USUAL = 80, TERM = 27 };

size_t nm_page_width(void)
{
    const char *columns = getenv("COLUMNS");
    int64_t n = 0;
    struct winsize size;
    if (!columns || !nm_int_parse(columns, columns + strlen(columns), &n) || n <= 0)
        n = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    if (n <= 0) return USUAL;
    return n < NARROWEST ? NARROWEST : n > WIDEST ? WIDEST : (size_t)n;
}

/* Returns the text without code marks. */
static const char *plain(nm_job *job, const char *text)
{
    nm_buf b = {.job = job};
    nm_put(&b, "%s", "");
    for (; *text; text++)
        if (*text != '`') nm_put_bytes(&b, text, 1);
    return b.s;
}

/* Counts the columns of n bytes of UTF-8. */
static size_t columns(const char *s, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += (s[i] & 0xc0) != 0x80;
    return count;
}

static void blanks(nm_buf *b, size_t n) { nm_put(b, "%*s", (int)n, ""); }

/* Writes words starting in column `at`, continued on lines that start in column `indent`; ends the line. */
static void put_words(nm_buf *b, const char *text, size_t at, size_t indent, size_t width)
{
    bool first = true;
    while (*text) {
        const size_t n = strcspn(text, " "), long_is = columns(text, n);
        if (!first && at + 1 + long_is > width) {
            nm_put(b, "\n");
            blanks(b, indent);
            at = indent;
            first = true;
        }
        nm_put(b, "%s%.*s", first ? "" : " ", (int)n, text);
        at += long_is + !first;
        first = false;
        text += n;
        text += strspn(text, " ");
    }
    nm_put(b, "\n");
}

static void put_term(nm_buf *b, const nm_piece *p, size_t width)
{
    const char *term = plain(b->job, p->text);
    const size_t n = columns(term, strlen(term)), indent = width < 60 ? 6 : TERM;
    if (n + 4 > indent || !*p->more) {
        nm_put(b, "  ");
        put_words(b, term, 2, 6, width);
        if (!*p->more) return;
        blanks(b, indent);
    } else {
        nm_put(b, "  %s", term);
        blanks(b, indent - n - 2);
    }
    put_words(b, plain(b->job, p->more), indent, indent, width);
}

/* ---- tables ---- */

/* Finds the widths of columns: the widest ones are made narrower until all fit, with two blanks between columns. */
static void fit(const nm_piece *t, const char **cell, size_t *wide, size_t width)
{
    size_t sum = 2 * t->cols;
    for (size_t c = 0; c < t->cols; c++) wide[c] = 1;
    for (size_t i = 0; i < t->rows * t->cols; i++) {
        const size_t n = columns(cell[i], strlen(cell[i]));
        if (n > wide[i % t->cols]) wide[i % t->cols] = n;
    }
    for (size_t c = 0; c < t->cols; c++) sum += wide[c];
    for (; sum > width; sum--) {
        size_t most = 0;
        for (size_t c = 1; c < t->cols; c++)
            if (wide[c] > wide[most]) most = c;
        if (wide[most] <= 8) return;
        wide[most]--;
    }
}

/* Returns how many bytes of the text go on one line of a cell, at least one word. */
static size_t cell_part(const char *text, size_t width)
{
    size_t n = strcspn(text, " ");
    while (text[n]) {
        const size_t more = n + 1 + strcspn(text + n + 1, " ");
        if (columns(text, more) > width) break;
        n = more;
    }
    return n;
}

static void put_row(nm_buf *b, size_t cols, const char **cell, const size_t *wide)
{
    const char **rest = NM_RAW(b->job, const char *, cols);
    memcpy(rest, cell, cols * sizeof *rest);
    for (bool left = true; left;) {
        size_t at = 0, start = 2;
        left = false;
        for (size_t c = 0; c < cols; start += wide[c++] + 2) {
            const size_t n = cell_part(rest[c], wide[c]);
            if (!n) continue;
            blanks(b, at < start ? start - at : 1);
            at = (at < start ? start : at + 1) + columns(rest[c], n);
            nm_put_bytes(b, rest[c], n);
            rest[c] += n;
            rest[c] += strspn(rest[c], " ");
            left |= *rest[c] != 0;
        }
        nm_put(b, "\n");
    }
}

static void put_table(nm_buf *b, const nm_piece *t, size_t width)
{
    const char **cell = NM_RAW(b->job, const char *, t->rows * t->cols + 1), *line = "";
    size_t *wide = NM_RAW(b->job, size_t, t->cols), longest = 0;
    for (size_t i = 0; i < t->rows * t->cols; i++) cell[i] = plain(b->job, t->cell[i]);
    fit(t, cell, wide, width);
    for (size_t c = 0; c < t->cols; c++)
        if (wide[c] > longest) longest = wide[c];
    for (size_t i = 0; i < longest; i++) line = nm_fmt(b->job, "%s-", line);
    const char **rule = NM_RAW(b->job, const char *, t->cols);
    for (size_t c = 0; c < t->cols; c++) rule[c] = nm_dup(b->job, line, wide[c]);
    put_row(b, t->cols, cell, wide);
    put_row(b, t->cols, rule, wide);
    for (size_t r = 1; r < t->rows; r++) put_row(b, t->cols, cell + r * t->cols, wide);
}

static void put_literal(nm_buf *b, const char *text, size_t width)
{
    for (const char *s = nm_page_lines(b->job, text, width - 4); *s;) {
        const size_t n = strcspn(s, "\n");
        nm_put(b, n ? "    %.*s\n" : "\n", (int)n, s);
        s += n + (s[n] == '\n');
    }
}

void nm_page_text(nm_buf *b, const nm_page *p, size_t width)
{
    for (size_t i = 0; i < p->n; i++) {
        const nm_piece *x = &p->piece[i];
        const nm_piecekind before = i ? x[-1].kind : NM_SECTION;
        const bool runs_on = x->kind == before && (x->kind == NM_ITEM || x->kind == NM_TERM);
        const bool follows = before == NM_PART && x->kind != NM_SECTION;
        if (i && !runs_on && !follows) nm_put(b, "\n");
        switch (x->kind) {
        case NM_SECTION: nm_put(b, "%s\n", x->text); break;
        case NM_PART: nm_put(b, "%s:\n", x->text); break;
        case NM_PARAGRAPH: put_words(b, plain(b->job, x->text), 0, 0, width); break;
        case NM_ITEM:
            nm_put(b, "  - ");
            put_words(b, plain(b->job, x->text), 4, 4, width);
            break;
        case NM_TERM: put_term(b, x, width); break;
        case NM_LITERAL: put_literal(b, x->text, width); break;
        case NM_TABLE: put_table(b, x, width); break;
        }
    }
}
