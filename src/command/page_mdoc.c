/* page_mdoc.c: formats a page as mdoc(7), for man and mandoc, such that `mandoc -Tlint` has no warnings.
 *
 * Sentences begin on new lines, as mdoc wants; tables of three or more columns are tbl(7) in text blocks. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

#include <ctype.h>

enum { LINE = 76 };

/* Writes a letter so that roff prints it literally; code: dashes and quotes are those of a terminal. */
static void put_letter(nm_buf *b, char c, bool code)
{
    switch (c) {
    case '\\': nm_put(b, "\\e"); break;
    case '~': nm_put(b, "\\(ti"); break;
    case '^': nm_put(b, "\\(ha"); break;
    case '-': nm_put(b, code ? "\\-" : "-"); break;
    case '\'': nm_put(b, code ? "\\(aq" : "'"); break;
    case '"': nm_put(b, code ? "\\(dq" : "\""); break; /* else a macro's line would end an argument there */
    default: nm_put_bytes(b, &c, 1);
    }
}

/* Returns one word for roff, code in bold; `code` says whether the word begins inside code, afterwards whether it ends
 * there. */
static const char *word(nm_job *job, const char *s, size_t n, bool *code)
{
    nm_buf b = {.job = job};
    nm_put(&b, "%s", *code ? "\\fB" : "");
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '`') {
            *code = !*code;
            nm_put(&b, *code ? "\\fB" : "\\fR");
        } else {
            put_letter(&b, s[i], *code || strncmp(s, "--", 2) == 0);
        }
    }
    nm_put(&b, "%s", *code ? "\\fR" : "");
    return b.s;
}

/* Returns true if a word ends a sentence: it has a full stop, perhaps before a bracket or at the end of code. */
static bool ends(const char *s, size_t n)
{
    while (n && strchr(")`\"'", s[n - 1])) n--;
    return n > 1 && strchr(".?!", s[n - 1]) && s[n - 2] != '.';
}

static void put_words(nm_buf *b, const char *text)
{
    size_t at = 0;
    bool code = false;
    while (*text) {
        const size_t n = strcspn(text, " ");
        const char *w = word(b->job, text, n, &code);
        const size_t wide = strlen(w);
        if (at && at + 1 + wide > LINE) at = 0, nm_put(b, "\n");
        if (!at && strchr(".'", *w)) nm_put(b, "\\&");
        nm_put(b, at ? " %s" : "%s", w);
        at += wide + 1;
        if (ends(text, n)) at = 0, nm_put(b, "\n");
        text += n;
        text += strspn(text, " ");
    }
    if (at) nm_put(b, "\n");
}

/* Writes a term on the line of its .It: a flag as flag and argument, anything else as text. */
static void put_term(nm_buf *b, const char *text)
{
    const bool has_short = strncmp(text, "`-o`, ", 6) == 0;
    if (has_short) text += 6;
    const size_t n = strncmp(text, "`--", 3) == 0 ? strcspn(text + 1, "`") : 0;
    if (n && !memchr(text + 1, ' ', n)) { /* several flags are text: Fl would put a dash before each of its words */
        const char *value = text + 1 + n + 1;
        nm_put(b, ".It Fl %s%.*s", has_short ? "o , Fl " : "", (int)n - 1, text + 2);
        value += strspn(value, " ");
        if (*value) nm_put(b, " Ar ");
        for (; *value; value++) *value == ' ' ? nm_put(b, "\\ ") : put_letter(b, *value, true);
    } else {
        nm_put(b, ".It ");
        bool code = false;
        nm_put(b, "%s", word(b->job, text, strlen(text), &code));
    }
    nm_put(b, "\n");
}

static void put_literal(nm_buf *b, const char *text)
{
    nm_put(b, ".Bd -literal -offset indent\n");
    for (const char *s = nm_page_lines(b->job, text, LINE - 6); *s; s++) {
        if (strchr(".'", *s) && s[-1] == '\n') nm_put(b, "\\&");
        put_letter(b, *s, true);
    }
    nm_put(b, ".Ed\n");
}

static void put_table(nm_buf *b, const nm_piece *t)
{
    nm_put(b, ".Pp\n.TS\ntab(|);\n");
    for (size_t c = 0; c < t->cols; c++) nm_put(b, c ? " lb" : "lb");
    nm_put(b, "\n");
    for (size_t c = 0; c < t->cols; c++) nm_put(b, c ? " l%s" : "l%s", c + 1 == t->cols ? "x" : "");
    nm_put(b, ".\n");
    for (size_t i = 0; i < t->rows * t->cols; i++) {
        const bool last = i % t->cols + 1 == t->cols;
        nm_put(b, "T{\n");
        put_words(b, t->cell[i]);
        nm_put(b, "T}%s", last ? "\n" : "|");
        if (last && i / t->cols == 0) nm_put(b, "_\n");
    }
    nm_put(b, ".TE\n");
}

/* Opens or closes a list where a run of items or terms begins or ends. */
static void put_list_end(nm_buf *b, nm_piecekind before, nm_piecekind now)
{
    if (before == now) return;
    if (before == NM_ITEM || before == NM_TERM) nm_put(b, ".El\n");
    if (now == NM_ITEM) nm_put(b, ".Bl -bullet\n");
    if (now == NM_TERM) nm_put(b, ".Bl -tag -width Ds\n");
}

void nm_page_mdoc(nm_buf *b, const nm_page *p)
{
    nm_piecekind before = NM_SECTION;
    for (size_t i = 0; i < p->n; i++) {
        const nm_piece *x = &p->piece[i];
        put_list_end(b, before, x->kind);
        switch (x->kind) {
        case NM_SECTION:
            nm_put(b, ".Sh ");
            for (const char *s = x->text; *s; s++) nm_put(b, "%c", toupper((unsigned char)*s));
            nm_put(b, "\n");
            break;
        case NM_PART: nm_put(b, ".Ss %s\n", x->text); break;
        case NM_PARAGRAPH:
            if (before != NM_SECTION && before != NM_PART) nm_put(b, ".Pp\n");
            put_words(b, x->text);
            break;
        case NM_ITEM:
            nm_put(b, ".It\n");
            put_words(b, x->text);
            break;
        case NM_TERM:
            put_term(b, x->text);
            put_words(b, x->more);
            break;
        case NM_LITERAL: put_literal(b, x->text); break;
        case NM_TABLE: put_table(b, x); break;
        }
        before = x->kind;
    }
    put_list_end(b, before, NM_SECTION);
}
