/* row_file.c: linear rows that the inputs must satisfy, from a text file, a row a line:
 *     2 x0 - 0.5 x7 + x12 <= 0.25         # a comment
 *     x3 >= x4
 * Terms are [number] xI or a number, with + or - between them; <= or >= (closed); inputs count from 0. An equality is
 * refused because doubles could hardly satisfy it; a set of generators expresses it exactly. */
#include "base/base.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/set.h"

#include <ctype.h>

typedef struct {
    const char *path;
    size_t n, cap, top; /* top: largest input + 1 */
    nm_row *row;        /* var: inputs from 0 */
} rows_t;

typedef struct {
    nm_job *job;
    const char *path, *s, *start, *end;
    int line;
    uint32_t *var;
    double *coef;
    size_t n, cap_v, cap_c, n_c;
    nm_linear rhs; /* constants, by what they are on the right */
} line_t;

static _Noreturn void bad(const line_t *l, const char *what)
{
    nm_throw_at(l->job, NM_EINPUT, l->path, l->line, (int)(l->s - l->start) + 1, "%s was expected",
                what);
}

static void blanks(line_t *l)
{
    while (l->s < l->end && (*l->s == ' ' || *l->s == '\t' || *l->s == '\r')) l->s++;
}

/* Reads a number, an input, or both; side -1 is the right of the comparison. */
static void term(line_t *l, double sign)
{
    double c = 1;
    const char *end = l->s;
    while (end < l->end &&
           (isdigit((unsigned char)*end) || *end == '.' ||
            (end > l->s && (*end == 'e' || *end == 'E')) ||
            (end > l->s && (*end == '+' || *end == '-') && (end[-1] == 'e' || end[-1] == 'E'))))
        end++;
    const bool has_number = end > l->s;
    if (has_number && !nm_num_parse(l->s, end, &c)) bad(l, "a number");
    l->s = end;
    blanks(l);
    if (l->s < l->end && *l->s == '*') l->s++;
    blanks(l);
    if (l->s == l->end || *l->s != 'x') {
        if (!has_number) bad(l, "a number or an input xI");
        nm_linear_constant(l->job, &l->rhs, -sign * c);
        return;
    }
    int64_t i;
    for (end = ++l->s; end < l->end && isdigit((unsigned char)*end);) end++;
    if (!nm_int_parse(l->s, end, &i) || i > UINT32_MAX / 4) bad(l, "the number of an input");
    l->s = end;
    *NM_PUSH(l->job, l->var, l->n, l->cap_v) = (uint32_t)i;
    *NM_PUSH(l->job, l->coef, l->n_c, l->cap_c) = sign * c;
}

static void side(line_t *l, double sign)
{
    for (bool first = true;; first = false) {
        blanks(l);
        if (l->s == l->end || *l->s == '<' || *l->s == '>' || *l->s == '=') {
            if (first) bad(l, "a term");
            return;
        }
        double s = sign;
        if (*l->s == '+' || *l->s == '-')
            s = *l->s++ == '-' ? -sign : sign;
        else if (!first)
            bad(l, "+ or -");
        blanks(l);
        term(l, s);
    }
}

static void read_line(rows_t *r, line_t *l)
{
    side(l, 1);
    const char op = l->s < l->end ? *l->s : 0;
    if (op == '=' || (op && (l->s + 1 == l->end || l->s[1] != '='))) bad(l, "<= or >=");
    if (!op) bad(l, "<= or >=");
    l->s += 2;
    side(l, -1);
    if (l->s < l->end) bad(l, "the end of the line");
    for (size_t k = 0; k < l->n; k++) {
        if (op == '>') l->coef[k] = -l->coef[k];
        if (l->var[k] >= r->top) r->top = l->var[k] + 1;
        for (size_t t = 0; t < k; t++)
            if (l->var[t] == l->var[k]) bad(l, "each input once");
    }
    if (l->n == 0) bad(l, "an input");
    const double rhs = nm_parts_round(l->rhs.c, l->rhs.n_c);
    if (!isfinite(rhs)) bad(l, "a finite sum of constants");
    *NM_PUSH(l->job, r->row, r->n, r->cap) = (nm_row){l->n, l->var, l->coef, op == '>' ? -rhs : rhs};
}

static const void *read(nm_job *job, const nm_setarg *a)
{
    rows_t *r = NM_NEW(job, rows_t);
    r->path = nm_setarg_get(job, a);
    const nm_file f = nm_setarg_file(job, a, r->path);
    const char *s = (const char *)f.data, *end = s + f.n;
    for (int n = 1; s < end; n++) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        if (!stop) stop = end;
        const char *hash = memchr(s, '#', (size_t)(stop - s));
        line_t l = {
            .job = job, .path = r->path, .s = s, .start = s, .end = hash ? hash : stop, .line = n};
        blanks(&l);
        if (l.s < l.end) read_line(r, &l);
        s = stop + 1;
    }
    if (r->n == 0)
        nm_throw(job, NM_EINPUT, "%s: there is no row; lines such as 2 x0 - x1 <= 0.5 were expected", r->path);
    return r;
}

static void make(nm_setting *s, const void *plan, const char *flag)
{
    (void)flag;
    const rows_t *r = plan;
    if (r->top > s->n)
        nm_throw(s->job, NM_EINPUT, "%s: input x%zu; the network reads x0 to x%zu", r->path,
                 r->top - 1, s->n - 1);
    for (size_t c = 0; c < s->n_cases; c++) {
        nm_case *k = &s->cases[c];
        nm_row *all = NM_ARRAY(s->job, nm_row, k->n_in_rows + r->n);
        if (k->n_in_rows) memcpy(all, k->in_rows, k->n_in_rows * sizeof *all);
        for (size_t i = 0; i < r->n; i++) {
            nm_row *row = &all[k->n_in_rows + i];
            uint32_t *var = NM_RAW(s->job, uint32_t, r->row[i].n);
            *row = r->row[i];
            for (size_t t = 0; t < row->n; t++) var[t] = row->var[t] + (uint32_t)s->n_out;
            row->var = var;
        }
        k->in_rows = all;
        k->n_in_rows += r->n;
    }
}

const nm_set nm_set_rows = {read, make, NULL};
