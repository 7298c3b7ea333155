/* read_lp.c: reads the LP that write_lp.c writes, in every dialect, and nothing else. Words are separated by blanks;
 * sections start lines; comments are skipped. As strict as read_mps.c. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

typedef struct {
    nm_modelread *r;
    nm_span line, word; /* line: the rest of the line; word: the current word */
    bool first;         /* the word starts its line */
    bool head;          /* it starts in column 1: a section */
    bool end;
} state;

static void next(state *s)
{
    s->first = s->head = false;
    for (;;) {
        while (s->line.s < s->line.end && *s->line.s == ' ') s->line.s++;
        if (s->line.s < s->line.end && *s->line.s != '\\') break;
        if (!nm_lines_next(&s->r->l, &s->line)) {
            s->end = true;
            s->word = (nm_span){"", ""};
            return;
        }
        s->first = true;
        s->head = s->line.s < s->line.end && *s->line.s != ' ' && *s->line.s != '\\';
    }
    s->word.s = s->line.s;
    while (s->line.s < s->line.end && *s->line.s != ' ') s->line.s++;
    s->word.end = s->line.s;
}

static bool is(const state *s, const char *w) { return !s->end && nm_span_is(s->word, w); }

static void need(state *s, const char *w)
{
    if (!is(s, w)) nm_lines_bad(&s->r->l, w);
    next(s);
}

static double number(state *s)
{
    const double x = nm_lines_num(&s->r->l, s->word);
    next(s);
    return x;
}

static bool at_section(const state *s, const char *w) { return s->head && nm_span_is(s->word, w); }

/* Reads `name:` of a row, without the colon. */
static bool label(state *s, nm_span *name)
{
    if (s->end || s->head || s->word.end == s->word.s || s->word.end[-1] != ':') return false;
    *name = (nm_span){s->word.s, s->word.end - 1};
    next(s);
    return true;
}

/* Reads [ + c x ^ 2 - c x * y ], also x^2; halves it if / 2 follows. */
static void products(state *s, int64_t row)
{
    nm_modelread *r = s->r;
    const size_t first = r->m->n_quad;
    next(s);
    while (!is(s, "]")) {
        const double sign = is(s, "-") ? -1 : 1;
        next(s);
        const double c = sign * number(s);
        nm_span x = s->word;
        const bool glued = x.end - x.s > 2 && x.end[-2] == '^' && x.end[-1] == '2';
        if (glued) x.end -= 2;
        const uint32_t i = (uint32_t)nm_modelread_find(r, &r->cols, x);
        uint32_t j = i;
        next(s);
        if (!glued && is(s, "^")) {
            next(s);
            need(s, "2");
        } else if (!glued) {
            need(s, "*");
            j = (uint32_t)nm_modelread_find(r, &r->cols, s->word);
            next(s);
        }
        nm_model_quad(r->job, r->m, row, i, j, c);
    }
    next(s);
    if (!is(s, "/")) return;
    next(s);
    need(s, "2");
    for (size_t k = first; k < r->m->n_quad; k++) r->m->quad[k].c /= 2;
}

/* Reads the terms of a row, or of the objective (-1), where columns occur first. */
static void terms(state *s, int64_t row)
{
    while (is(s, "+") || is(s, "-")) {
        const double sign = is(s, "-") ? -1 : 1;
        next(s);
        if (is(s, "[")) {
            products(s, row);
            continue;
        }
        const double c = sign * number(s);
        if (s->end || s->first) nm_lines_bad(&s->r->l, "a column after its coefficient");
        if (row < 0) {
            nm_modelread_col(s->r, s->word, false);
            s->r->m->cols[s->r->cols.n - 1].obj = c;
        } else {
            nm_modelread_entry(s->r, (size_t)row,
                               (uint32_t)nm_modelread_find(s->r, &s->r->cols, s->word), c);
        }
        next(s);
    }
}

static void rows(state *s, bool cuts)
{
    for (nm_span name; label(s, &name);) {
        const size_t r = s->r->n_rows;
        nm_modelread_row(s->r, name, -INFINITY, INFINITY)->is_cut = cuts;
        if (!is(s, "+") && !is(s, "-")) {
            s->r->row[r].when = (int32_t)nm_modelread_find(s->r, &s->r->cols, s->word);
            next(s);
            need(s, "=");
            s->r->row[r].on = number(s) != 0;
            need(s, "->");
        }
        terms(s, (int64_t)r);
        const bool up = is(s, "<=") || is(s, "="), low = is(s, ">=") || is(s, "=");
        if (!up && !low) nm_lines_bad(&s->r->l, "<=, >= or =");
        next(s);
        const double side = number(s);
        if (up) s->r->row[r].hi = side;
        if (low) s->r->row[r].lo = side;
    }
}

/* Reads lo <= x <= hi, also with -inf; x = v; x >= lo; x free. */
static void bounds(state *s)
{
    while (!s->end && !s->head) {
        nm_modelread *r = s->r;
        double lo;
        const bool range = is(s, "-inf") || nm_num_parse(s->word.s, s->word.end, &lo);
        if (range) {
            if (is(s, "-inf")) lo = -INFINITY;
            next(s);
            need(s, "<=");
        }
        const size_t j = nm_modelread_find(r, &r->cols, s->word);
        nm_col *c = &r->m->cols[j];
        next(s);
        r->bounded[j] = true;
        if (!range && (is(s, "free") || is(s, ">="))) {
            const bool from = is(s, ">=");
            next(s);
            c->lo = from ? number(s) : -INFINITY;
            c->hi = INFINITY;
            continue;
        }
        need(s, range ? "<=" : "=");
        c->hi = number(s);
        c->lo = range ? lo : c->hi;
    }
}

static void integers(state *s, bool binary)
{
    for (; !s->end && !s->head; next(s)) {
        const size_t j = nm_modelread_find(s->r, &s->r->cols, s->word);
        s->r->m->cols[j].is_int = true;
        if (binary && !s->r->bounded[j]) s->r->m->cols[j].hi = 1;
        s->r->bounded[j] |= binary;
    }
}

/* Reads name: S1:: x:1 y:2, also name: S1 :: x : 1 y : 2. */
static void sets(state *s)
{
    for (nm_span name; label(s, &name);) {
        nm_modelread_set(s->r, name);
        if (is(s, "S1")) {
            next(s);
            need(s, "::");
        } else {
            need(s, "S1::");
        }
        while (!s->end && !s->head && !s->first) {
            const char *colon = memchr(s->word.s, ':', (size_t)(s->word.end - s->word.s));
            nm_modelread_member(
                s->r, nm_modelread_find(s->r, &s->r->cols,
                                        (nm_span){s->word.s, colon ? colon : s->word.end}));
            next(s);
            if (colon) continue;
            need(s, ":");
            number(s);
        }
    }
}

nm_model *nm_read_lpmodel(nm_job *job, nm_file f)
{
    nm_modelread *r = nm_modelread_new(job, f);
    state s = {.r = r};
    next(&s);
    if (f.n > 2 && f.data[0] == '\\') {
        const char *p = (const char *)f.data + 2;
        r->m->name = nm_dup(job, p, strcspn(p, " \n"));
    }
    need(&s, "Minimize");
    need(&s, "obj:");
    terms(&s, -1);
    need(&s, "Subject");
    need(&s, "To");
    rows(&s, false);
    if (at_section(&s, "User")) {
        next(&s);
        need(&s, "Cuts");
        rows(&s, true);
    }
    need(&s, "Bounds");
    bounds(&s);
    if (at_section(&s, "Generals")) {
        next(&s);
        integers(&s, false);
    }
    if (at_section(&s, "Binaries")) {
        next(&s);
        integers(&s, true);
    }
    if (at_section(&s, "SOS")) {
        next(&s);
        sets(&s);
    }
    if (!at_section(&s, "End")) nm_lines_bad(&r->l, "End");
    return nm_modelread_done(r);
}
