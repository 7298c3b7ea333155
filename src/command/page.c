/* page.c: parses the source of a page into pieces (page.h describes the source). */
#include "base/base.h"
#include "network/network.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

#include <ctype.h>

/* ---- lists ---- */

static void add_header(nm_page *p) { nm_page_add(p, NM_LITERAL, nm_page_source("netmip.h"), NULL); }

void nm_page_list(nm_page *p, const char *name)
{
    nm_job *job = p->job;
    if (strcmp(name, "ops") == 0) {
        nm_buf b = {.job = job};
        nm_op_table(&b);
        nm_page_read(p, b.s);
    } else if (strcmp(name, "verbs") == 0) {
        for (const nm_verb *v = nm_verbs(); v->name; v++)
            nm_page_add(p, NM_TERM, nm_fmt(job, "`%s`", v->name), v->help);
    } else if (strcmp(name, "pages") == 0) {
        for (const nm_manual *m = nm_manuals(); m->name; m++)
            nm_page_add(p, NM_TERM, nm_fmt(job, "%s(%s)", nm_page_title(job, m->name), m->section),
                        m->help);
    } else if (nm_has_suffix(name, ".json")) {
        nm_page_schema(p, nm_fmt(job, "%.*s.schema.json", (int)strlen(name) - 5, name));
    } else if (strcmp(name, "header") == 0) {
        add_header(p);
    } else {
        const nm_word *w = nm_list_words(job, name);
        if (!w) nm_throw(job, NM_EINPUT, "a page names a list {%s}, which is not known", name);
        for (; w->name; w++)
            nm_page_add(p, NM_TERM, nm_fmt(job, "`%s`", w->says ? w->says : w->name), w->meaning);
    }
}

/* ---- tables ---- */

/* Adds the cells of one line, without the bars at its ends. */
static void read_cells(nm_page *p, nm_piece *t, nm_span line, size_t *cap)
{
    size_t n = t->rows * t->cols, cols = 0;
    line = (nm_span){line.s + 1, line.end};
    while (line.s < line.end) {
        const char *bar = line.s;
        while (bar < line.end && *bar != '|') bar++;
        *NM_PUSH(p->job, t->cell, n, *cap) = nm_span_dup(p->job,
                                                         nm_span_trim((nm_span){line.s, bar}));
        cols++;
        line.s = bar + 1;
    }
    if (t->rows && cols != t->cols)
        nm_throw(p->job, NM_EINPUT, "a row of %zu cells in a table of %zu columns", cols, t->cols);
    t->cols = cols;
    t->rows++;
}

/* Adds a table of which the first line is `line`. */
static void read_table(nm_page *p, nm_lines *l, nm_span line)
{
    nm_piece t = {.kind = NM_TABLE};
    size_t cap = 0;
    do {
        if (!nm_span_starts(line, "|---")) read_cells(p, &t, line, &cap);
    } while (nm_lines_next(l, &line) && nm_span_starts(line, "|"));
    if (t.cols != 2) {
        *NM_PUSH(p->job, p->piece, p->n, p->cap) = t;
        return;
    }
    for (size_t r = 1; r < t.rows; r++) nm_page_add(p, NM_TERM, t.cell[2 * r], t.cell[2 * r + 1]);
}

/* ---- text ---- */

typedef struct {
    nm_page *p;
    nm_buf text; /* text of the piece that is being read */
    nm_piecekind kind;
} reading;

static void flush(reading *r)
{
    if (r->text.n) nm_page_add(r->p, r->kind, nm_filled(r->p->job, r->text.s), NULL);
    r->text = (nm_buf){.job = r->p->job};
    r->kind = NM_PARAGRAPH;
}

static void gather(reading *r, nm_span line)
{
    line = nm_span_trim(line);
    nm_put(&r->text, r->text.n ? " %.*s" : "%.*s", (int)(line.end - line.s), line.s);
}

static bool is_list(nm_span line)
{
    if (line.end - line.s < 3 || *line.s != '{' || line.end[-1] != '}') return false;
    for (const char *s = line.s + 1; s < line.end - 1; s++)
        if (!islower((unsigned char)*s) && !strchr("-.", *s)) return false;
    return true;
}

static void read_line(reading *r, nm_lines *l, nm_span line)
{
    nm_span rest;
    if (nm_span_starts(line, "    ") && (r->kind == NM_LITERAL || !r->text.n)) {
        r->kind = NM_LITERAL;
        nm_put(&r->text, "%.*s\n", (int)(line.end - line.s) - 4, line.s + 4);
    } else if (nm_span_blank(line)) {
        flush(r);
    } else if (nm_span_after(line, "# ", &rest) || nm_span_after(line, "## ", &rest)) {
        flush(r);
        nm_page_add(r->p, line.s[1] == '#' ? NM_PART : NM_SECTION, nm_span_dup(r->p->job, rest),
                    NULL);
    } else if (nm_span_after(line, "- ", &rest)) {
        flush(r);
        r->kind = NM_ITEM;
        gather(r, rest);
    } else if (is_list(line)) {
        flush(r);
        nm_page_list(r->p, nm_dup(r->p->job, line.s + 1, (size_t)(line.end - line.s) - 2));
    } else if (nm_span_starts(line, "|")) {
        flush(r);
        read_table(r->p, l, line);
    } else {
        gather(r, line);
    }
}

void nm_page_read(nm_page *p, const char *source)
{
    const nm_file f = {"page", (const unsigned char *)source, strlen(source)};
    nm_lines l = nm_lines_new(p->job, f);
    reading r = {.p = p, .text = {.job = p->job}, .kind = NM_PARAGRAPH};
    nm_span line;
    while (nm_lines_next(&l, &line)) read_line(&r, &l, line);
    flush(&r);
}

/* ---- commands ---- */

/* Returns how many letters of a command fit on its first line of `width`: up to the last blank outside of quotes. */
static size_t first_part(nm_span s, size_t width)
{
    size_t best = 0;
    char quote = 0;
    const size_t n = (size_t)(s.end - s.s);
    if (n <= width) return n;
    for (size_t i = 0; i < n && (i + 2 <= width || !best); i++) {
        const char c = s.s[i];
        if (c == '"' || c == '\'') quote = quote == c ? 0 : quote ? quote : c;
        if (c == ' ' && !quote) best = i;
    }
    return best ? best : n;
}

const char *nm_page_lines(nm_job *job, const char *text, size_t width)
{
    nm_buf b = {.job = job};
    nm_put(&b, "%s", "");
    while (*text) {
        nm_span line = {text, text + strcspn(text, "\n")};
        text = line.end + (*line.end == '\n');
        const bool is_command = islower((unsigned char)*line.s);
        for (bool first = true;; first = false) {
            const size_t room = first ? width : width - 4;
            const size_t n = is_command ? first_part(line, room) : (size_t)(line.end - line.s);
            const bool last = line.s + n == line.end;
            nm_put(&b, "%s%.*s%s\n", first ? "" : "    ", (int)n, line.s, last ? "" : " \\");
            if (last) break;
            line.s += n + 1;
        }
    }
    return b.s;
}
