/* row_text.c: linear forms and rows as people write them, and their printer: "2*Y_0 - Y_1 + 0.5 <= X_3".
 *
 *   ROW  = FORM REL FORM { REL FORM }       REL: <= >= =; a chain compares neighbours, = gives two rows
 *   FORM = [+|-] TERM { (+|-) TERM }        TERM = FACTOR { * FACTOR }, one variable at most
 *   FACTOR = a number | X_i | Y_j
 *
 * Variables are numbered as in rows: Y_j is j, X_i is n_out + i. Terms of one variable, and constants, are added up
 * exactly and rounded once (linear.c); terms that cancel are dropped. What nm_form_put prints reads back as the same
 * form, to the last bit. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

typedef struct {
    nm_job *job;
    const char *where, *text, *s, *end;
    size_t n_out, n_in;
} text;

static _Noreturn void fail(const text *t, const char *what)
{
    nm_throw(t->job, NM_EINPUT, "%s: \"%.80s\", column %zu: %s was expected", t->where, t->text,
             (size_t)(t->s - t->text) + 1, what);
}

static void skip(text *t)
{
    while (t->s < t->end && strchr(" \t\r\n", *t->s)) t->s++;
}

static bool take(text *t, const char *word)
{
    skip(t);
    const size_t n = strlen(word);
    if ((size_t)(t->end - t->s) < n || memcmp(t->s, word, n)) return false;
    t->s += n;
    return true;
}

static bool digit(const char *s, const char *end) { return s < end && *s >= '0' && *s <= '9'; }

static const char *digits(const char *s, const char *end)
{
    while (digit(s, end)) s++;
    return s;
}

static double number(text *t)
{
    double x;
    const char *e = digits(t->s, t->end);
    if (e < t->end && *e == '.') e = digits(e + 1, t->end);
    if (e < t->end && (*e == 'e' || *e == 'E')) {
        const char *power = e + 1;
        if (power < t->end && (*power == '+' || *power == '-')) power++;
        if (digit(power, t->end)) e = digits(power, t->end);
    }
    if (!nm_num_parse(t->s, e, &x)) fail(t, "a finite number");
    t->s = e;
    return x;
}

static uint32_t variable(text *t)
{
    const bool is_x = *t->s == 'X';
    const size_t limit = is_x ? t->n_in : t->n_out;
    const char *e = t->s + 1 < t->end && t->s[1] == '_' ? digits(t->s + 2, t->end) : t->s;
    int64_t i;
    if (e == t->s || !nm_int_parse(t->s + 2, e, &i)) fail(t, "a variable X_i or Y_j");
    if (i < 0 || (uint64_t)i >= limit)
        nm_throw(t->job, NM_EINPUT, "%s: \"%.80s\": %c_%lld; %zu %s were expected", t->where,
                 t->text, *t->s, (long long)i, limit, is_x ? "inputs" : "outputs");
    t->s = e;
    return (uint32_t)(is_x ? (size_t)i + t->n_out : (size_t)i);
}

static void term(text *t, double sign, nm_linear *out)
{
    double c = sign;
    bool any = false;
    uint32_t var = 0;
    do {
        skip(t);
        if (t->s < t->end && (*t->s == 'X' || *t->s == 'Y')) {
            if (any) fail(t, "a linear term: one variable");
            var = variable(t);
            any = true;
        } else if (t->s < t->end && (digit(t->s, t->end) || *t->s == '.')) {
            c *= number(t);
        } else {
            fail(t, "a number or a variable X_i or Y_j");
        }
    } while (take(t, "*"));
    if (!isfinite(c)) fail(t, "a finite coefficient");
    if (any)
        *NM_PUSH(t->job, out->t, out->n, out->cap) = (nm_lterm){var, c};
    else
        nm_linear_constant(t->job, out, c);
}

static void form(text *t, double sign, nm_linear *out)
{
    double s = take(t, "-") ? -1 : take(t, "+") ? 1 : 1;
    for (;;) {
        term(t, sign * s, out);
        if (take(t, "-"))
            s = -1;
        else if (take(t, "+"))
            s = 1;
        else
            return;
    }
}

/* Returns sum <= -c as a row. */
static nm_row row_of(const text *t, nm_linear *x)
{
    nm_linear_merge(t->job, x, true);
    uint32_t *var = NM_RAW(t->job, uint32_t, x->n);
    double *coef = NM_RAW(t->job, double, x->n);
    const double c = nm_parts_round(x->c, x->n_c);
    for (size_t i = 0; i < x->n; i++) {
        var[i] = x->t[i].var;
        coef[i] = x->t[i].coef;
        if (!isfinite(coef[i])) fail(t, "a finite coefficient");
    }
    if (!isfinite(c)) fail(t, "a finite constant");
    return (nm_row){x->n, var, coef, c == 0 ? 0 : -c};
}

static text open_text(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in)
{
    return (text){job, where, s, s, s + strlen(s), n_out, n_in};
}

nm_row nm_form_parse(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in)
{
    text t = open_text(job, where, s, n_out, n_in);
    nm_linear x = {0};
    form(&t, 1, &x);
    skip(&t);
    if (t.s < t.end) fail(&t, "+, - or the end");
    return row_of(&t, &x);
}

/* Adds the rows of "left rel right", whose texts start at l and r. */
static void relate(const text *t, const char *l, const char *r, bool least, nm_rows *out)
{
    text a = *t, b = *t;
    a.s = l;
    b.s = r;
    nm_linear x = {0};
    form(&a, least ? 1 : -1, &x);
    form(&b, least ? -1 : 1, &x);
    *NM_PUSH(t->job, out->row, out->n, out->cap) = row_of(t, &x);
}

void nm_rows_parse(nm_job *job, const char *where, const char *s, size_t n_out, size_t n_in,
                   nm_rows *out)
{
    text t = open_text(job, where, s, n_out, n_in);
    nm_linear x = {0};
    const char *left = t.s;
    form(&t, 1, &x);
    do {
        const bool le = take(&t, "<="), ge = !le && take(&t, ">="),
                   eq = !le && !ge && take(&t, "=");
        if (!le && !ge && !eq) fail(&t, "<=, >= or =");
        const char *right = t.s;
        form(&t, 1, &x);
        if (!ge) relate(&t, left, right, true, out);
        if (!le) relate(&t, left, right, false, out);
        left = right;
        skip(&t);
    } while (t.s < t.end);
}

void nm_form_put(nm_buf *b, const nm_row *r, size_t n_out)
{
    for (size_t k = 0; k < r->n; k++) {
        const double c = r->coef[k];
        nm_put(b, k ? (c < 0 ? " - " : " + ") : c < 0 ? "-" : "");
        if (fabs(c) != 1) nm_put_num(b, fabs(c)), nm_put(b, "*");
        const uint32_t v = r->var[k];
        nm_put(b, v < n_out ? "Y_%zu" : "X_%zu", v < n_out ? (size_t)v : v - n_out);
    }
}
