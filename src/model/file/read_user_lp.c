/* read_user_lp.c: a user's model from LP (CPLEX's format), as modelling tools and solvers write it.
 *
 * A file is a sequence of words: numbers, names, signs, comparisons, colons. A keyword begins a section if it begins a
 * line and is not followed by a colon or a comparison; keywords may be in upper or lower case. Comments: from \ to the
 * end of the line, and \* .. *\. Coefficients come before their columns, also without a blank (`3x`). A row is
 *   [name:] terms <= number      [name:] number <= terms <= number      (also <, =<, >, >=, =>, =)
 * A number that is not followed by a name is a constant: in the objective it is kept, in a row it must be the side. A
 * column that has no bounds in the file is [0, infinity). Rows without a name get a new one. Refused: products in
 * brackets, indicators, sets, semi-continuous columns, lazy constraints, cuts, several objectives, columns on both
 * sides of a row; also upper bounds below 0 without a lower bound, and binaries with bounds of their own, which readers
 * interpret in different ways. */
#define _GNU_SOURCE
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

#include <strings.h>

enum { END, NUMBER, NAME, SIGN, COMPARE, COLON };
enum { NONE, OBJECTIVE, ROWS, BOUNDS, INTEGERS, BINARIES, DONE };

typedef struct {
    int kind;
    nm_span text;
    double x;     /* a number's value; 1 or -1 for a sign */
    char compare; /* '<', '>', '=' */
    int line;
    bool first; /* the word begins its line */
} word;

typedef struct {
    nm_userread u;
    size_t n, at, cap;
    word *w; /* [n] all words, END last */
    size_t n_stated, cap_stated;
    unsigned char *stated; /* [n_cols] bounds given: 1 lower, 2 upper */
} state;

/* ---- words ---- */

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c > 127 || (c && strchr("!\"#$%&()/,.;?@_`'{}|~[]", c));
}

static const char *number_end(const char *s, const char *end)
{
    const char *p = s;
    while (p < end && ((*p >= '0' && *p <= '9') || *p == '.')) p++;
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *e = p + 1 + (p + 1 < end && (p[1] == '+' || p[1] == '-')), *d = e;
        while (d < end && *d >= '0' && *d <= '9') d++;
        if (d > e) p = d;
    }
    return p;
}

static const char *take_word(state *s, const char *p, const char *end, bool first)
{
    nm_lines *l = &s->u.r->l;
    word w = {.line = l->line, .first = first, .text = {p, p + 1}};
    if (*p == '+' || *p == '-') {
        w.kind = SIGN;
        w.x = *p == '-' ? -1 : 1;
        if (p + 1 < end && *p == '-' && p[1] == '>') nm_user_refuse(l, "an indicator constraint");
    } else if (strchr("<>=", *p)) {
        w.kind = COMPARE;
        while (w.text.end < end && strchr("<>=", *w.text.end)) w.text.end++;
        w.compare = memchr(p, '<', (size_t)(w.text.end - p))   ? '<'
                    : memchr(p, '>', (size_t)(w.text.end - p)) ? '>'
                                                               : '=';
        if (w.text.end - p > 2 || (w.text.end - p == 2 && !memchr(p, '=', 2)))
            nm_lines_bad(l, "<=, >= or =");
    } else if (*p == ':') {
        w.kind = COLON;
        if (p + 1 < end && p[1] == ':') nm_user_refuse(l, "a set (SOS)");
    } else if ((*p >= '0' && *p <= '9') ||
               (*p == '.' && p + 1 < end && p[1] >= '0' && p[1] <= '9')) {
        w.kind = NUMBER;
        w.text.end = number_end(p, end);
        if (!nm_user_number(w.text, &w.x)) nm_lines_bad(l, "a number");
    } else if (*p == '[' || *p == '^' || *p == '*') {
        nm_user_refuse(l, "a product or a square");
    } else if (in_name(*p)) {
        w.kind = NAME;
        while (w.text.end < end && in_name(*w.text.end)) w.text.end++;
    } else {
        nm_lines_bad(l, "a number, a name, a sign or a comparison");
    }
    *NM_PUSH(s->u.r->job, s->w, s->n, s->cap) = w;
    return w.text.end;
}

static void split(state *s)
{
    nm_lines *l = &s->u.r->l;
    bool within = false; /* inside a comment of several lines */
    for (nm_span line; nm_lines_next(l, &line);) {
        bool first = true;
        for (const char *p = line.s; p < line.end;) {
            const size_t left = (size_t)(line.end - p);
            if (within) {
                const char *stop = memmem(p, left, "*\\", 2);
                within = !stop;
                p = stop ? stop + 2 : line.end;
            } else if (left > 1 && p[0] == '\\' && p[1] == '*') {
                within = true;
                p += 2;
            } else if (*p == '\\') {
                break;
            } else if (*p == ' ' || *p == '\t') {
                p++;
            } else {
                p = take_word(s, p, line.end, first);
                first = false;
            }
        }
    }
    if (within) nm_lines_bad(l, "the end of a comment");
    *NM_PUSH(s->u.r->job, s->w, s->n,
             s->cap) = (word){.kind = END, .line = l->line, .first = true, .text = {"", ""}};
}

static const word *now(const state *s) { return &s->w[s->at]; }
static const word *ahead(const state *s, size_t k)
{
    return &s->w[s->at + k < s->n ? s->at + k : s->n - 1];
}

static _Noreturn void bad(state *s, const char *expected)
{
    s->u.r->l.line = now(s)->line;
    nm_lines_bad(&s->u.r->l, expected);
}

static bool says(const word *w, const char *text)
{
    const size_t n = strlen(text);
    return w->kind == NAME && (size_t)(w->text.end - w->text.s) == n &&
           strncasecmp(w->text.s, text, n) == 0;
}

static bool any_of(const word *w, const char *const *list)
{
    while (*list && !says(w, *list)) list++;
    return *list != NULL;
}

/* Returns the section that begins here, and how many words its keyword has; 0: none. */
static int section(state *s, size_t *n)
{
    static const char *const most[] = {"maximize", "maximise", "maximum", "max", NULL},
                             *const least[] = {"minimize", "minimise", "minimum", "min", NULL},
                             *const bounds[] = {"bounds", "bound", NULL},
                             *const integers[] = {"general",  "generals", "gen", "integer",
                                                  "integers", "int",      NULL},
                             *const binaries[] = {"binary", "binaries", "bin", NULL},
                             *const refused[] = {"sos",  "sos1", "sos2",   "semi",     "semis",
                                                 "lazy", "user", "pwlobj", "scenario", NULL};
    const word *w = now(s), *next = ahead(s, 1);
    *n = 1;
    if (!w->first || w->kind != NAME || next->kind == COLON ||
        (next->kind == COMPARE && !next->first))
        return NONE;
    if (any_of(w, most) || any_of(w, least)) {
        if (says(next, "multi"))
            s->u.r->l.line = w->line, nm_user_refuse(&s->u.r->l, "several objectives");
        s->u.u.maximised = any_of(w, most);
        return OBJECTIVE;
    }
    const bool subject = says(w, "subject") && says(next, "to"),
               such = says(w, "such") && says(next, "that");
    if (subject || such) return *n = 2, ROWS;
    if (says(w, "st") || says(w, "s.t.") || says(w, "st.")) return ROWS;
    if (any_of(w, bounds)) return BOUNDS;
    if (any_of(w, integers)) return INTEGERS;
    if (any_of(w, binaries)) return BINARIES;
    if (says(w, "end") && next->kind == END) return DONE;
    const bool general = says(w, "general") && says(next, "constraints");
    if (general || any_of(w, refused) || says(w, "semi-continuous")) {
        s->u.r->l.line = w->line;
        nm_user_refuse(&s->u.r->l, nm_fmt(s->u.r->job, "section %.*s",
                                          (int)(w->text.end - w->text.s), w->text.s));
    }
    return NONE;
}

static bool at_section(state *s)
{
    size_t n;
    return section(s, &n) != NONE;
}

static size_t column(state *s, nm_span name)
{
    nm_modelread *r = s->u.r;
    const int64_t k = nm_names_find(&r->cols, name);
    if (k >= 0) return (size_t)k;
    r->l.line = now(s)->line;
    nm_user_column(r, name, false);
    *NM_PUSH(r->job, s->stated, s->n_stated, s->cap_stated) = 0;
    return r->cols.n - 1;
}

/* ---- objective and rows ---- */

/* Reads any number of signs, and a number; has: there is a number. */
static double signed_number(state *s, bool *has)
{
    double x = 1;
    for (; now(s)->kind == SIGN; s->at++) x *= now(s)->x;
    double end;
    *has = now(s)->kind == NUMBER || (now(s)->kind == NAME && nm_user_number(now(s)->text, &end));
    if (now(s)->kind == NUMBER)
        x *= s->w[s->at++].x;
    else if (*has)
        x *= end, s->at++;
    return x;
}

/* Returns true if a number is the coefficient of the name that follows: not if the name begins a section, a row, or the
 * next line after a side. */
static bool is_term(state *s)
{
    return now(s)->kind == NAME && ahead(s, 1)->kind != COLON && !at_section(s);
}

/* Reads the terms of row `row`, or of the objective (-1). Returns the constant among them; has: there is one. */
static double terms(state *s, int64_t row, bool *has)
{
    double constant = 0;
    *has = false;
    while ((now(s)->kind == SIGN || now(s)->kind == NUMBER || is_term(s)) && now(s)->kind != END) {
        double x = 1;
        bool number = false;
        for (; now(s)->kind == SIGN; s->at++) x *= now(s)->x;
        if (now(s)->kind == NUMBER) x *= s->w[s->at++].x, number = true;
        if (!is_term(s)) {
            if (!number) bad(s, "a column after a sign");
            constant += x;
            *has = true;
            continue;
        }
        if (!isfinite(x)) bad(s, "a coefficient below 1e20");
        const size_t j = column(s, now(s)->text);
        s->at++;
        if (row < 0)
            s->u.r->m->cols[j].obj += x;
        else
            nm_modelread_entry(s->u.r, (size_t)row, (uint32_t)j, x);
    }
    return constant;
}

static void objective(state *s)
{
    bool has;
    if (now(s)->kind == NAME && ahead(s, 1)->kind == COLON) {
        s->u.u.objective = nm_span_dup(s->u.r->job, now(s)->text);
        s->at += 2;
    }
    s->u.r->m->constant = terms(s, -1, &has);
    if (!isfinite(s->u.r->m->constant)) bad(s, "a constant below 1e20");
    if (!at_section(s)) bad(s, "a term of the objective, or Subject To");
}

static nm_span row_name(state *s)
{
    if (now(s)->kind == NAME && ahead(s, 1)->kind == COLON) {
        const nm_span name = now(s)->text;
        s->at += 2;
        return name;
    }
    for (size_t k = s->u.r->n_rows + 1;; k++) {
        const char *name = nm_fmt(s->u.r->job, "R%zu", k);
        if (nm_names_find(&s->u.r->rows, nm_span_of(name)) < 0) return nm_span_of(name);
    }
}

static void limit(nm_mrow *row, char compare, double side)
{
    if (compare != '<') row->lo = side;
    if (compare != '>') row->hi = side;
}

static void one_row(state *s)
{
    s->u.r->l.line = now(s)->line;
    const size_t i = s->u.r->n_rows;
    nm_modelread_row(s->u.r, row_name(s), -INFINITY, INFINITY);
    const size_t entries = s->u.r->n_entries;
    bool has;
    const double left = terms(s, (int64_t)i, &has);
    const bool any = s->u.r->n_entries > entries;
    if (has == any) bad(s, any ? "no constant among the terms of a row" : "a term");
    if (now(s)->kind != COMPARE) bad(s, "<=, >= or =");
    char compare = s->w[s->at++].compare;
    if (!any) { /* number <= terms */
        if (compare == '=') bad(s, "<= or >= after a number that begins a row");
        limit(&s->u.r->row[i], compare == '<' ? '>' : '<', left);
        terms(s, (int64_t)i, &has);
        if (has || s->u.r->n_entries == entries) bad(s, "terms without a constant");
        if (now(s)->kind != COMPARE) return;
        if (now(s)->compare != compare) bad(s, "the same comparison on both sides");
        s->at++;
    }
    const double side = signed_number(s, &has);
    if (!has) bad(s, "a number on the right side of a row");
    limit(&s->u.r->row[i], compare, side);
    if (now(s)->kind == COMPARE ||
        (now(s)->kind != END && !now(s)->first && ahead(s, 1)->kind != COLON))
        bad(s,
            "the end of the row: columns must be left of the comparison, and the side must be one number");
}

/* ---- bounds and kinds of columns ---- */

static void bound(state *s, size_t j, char compare, double x)
{
    nm_col *c = &s->u.r->m->cols[j];
    if (compare != '<') c->lo = x, s->stated[j] |= 1;
    if (compare != '>') c->hi = x, s->stated[j] |= 2;
}

static void one_bound(state *s)
{
    bool has = false, some = false;
    double x = 0;
    char compare = 0;
    if (now(s)->kind != NAME || nm_user_number(now(s)->text, &x)) { /* number <= column */
        x = signed_number(s, &has);
        if (!has || now(s)->kind != COMPARE) bad(s, "a number and <=, or a column");
        compare = s->w[s->at++].compare;
    }
    if (now(s)->kind != NAME) bad(s, "a column");
    const size_t j = column(s, now(s)->text);
    s->at++;
    if (has) bound(s, j, compare == '<' ? '>' : compare == '>' ? '<' : '=', x);
    if (says(now(s), "free") && !now(s)->first) {
        bound(s, j, '>', -INFINITY);
        bound(s, j, '<', INFINITY);
        s->at++;
    } else if (now(s)->kind == COMPARE) {
        compare = s->w[s->at++].compare;
        x = signed_number(s, &some);
        if (!some) bad(s, "a number");
        bound(s, j, compare, x);
    } else if (!has) {
        bad(s, "free, <=, >= or = after a column");
    }
}

static void one_kind(state *s, bool binary)
{
    if (now(s)->kind != NAME) bad(s, "a column");
    const size_t j = column(s, now(s)->text);
    nm_col *c = &s->u.r->m->cols[j];
    s->at++;
    c->is_int = true;
    if (!binary) return;
    if (s->stated[j] && !(c->lo == 0 && (c->hi == 1 || c->hi == INFINITY))) {
        nm_throw_at(s->u.r->job, NM_EUNSUP, s->u.r->path, s->w[s->at - 1].line, 1,
                    "binary column %s has bounds of its own, which readers interpret in different ways; "
                    "it was expected among "
                    "the Generals",
                    c->name);
    }
    c->lo = 0;
    c->hi = 1;
    s->stated[j] = 3;
}

static nm_usermodel done(state *s)
{
    const nm_modelread *r = s->u.r;
    for (size_t j = 0; j < r->cols.n; j++)
        if (s->stated[j] == 2 && r->m->cols[j].hi < 0)
            nm_throw(r->job, NM_EUNSUP,
                     "%s: column %s has an upper bound below 0 and no lower one, which readers "
                     "take in different ways; "
                     "both were expected",
                     r->path, r->m->cols[j].name);
    return nm_user_done(&s->u, true);
}

nm_usermodel nm_read_user_lp(nm_job *job, nm_file f)
{
    state s = {.u.r = nm_modelread_new(job, f)};
    split(&s);
    int at = NONE;
    while (at != DONE) {
        size_t n;
        const int next = section(&s, &n);
        if (now(&s)->kind == END) bad(&s, "End in the last line");
        if (next == OBJECTIVE ? at != NONE : next && at == NONE)
            bad(&s, "one objective, at the beginning");
        if (next) s.at += n, at = next;
        if (next == OBJECTIVE) objective(&s);
        if (next) continue;
        switch (at) {
        case ROWS: one_row(&s); break;
        case BOUNDS: one_bound(&s); break;
        case INTEGERS: one_kind(&s, false); break;
        case BINARIES: one_kind(&s, true); break;
        default: bad(&s, "Minimize or Maximize, then Subject To");
        }
    }
    return done(&s);
}
