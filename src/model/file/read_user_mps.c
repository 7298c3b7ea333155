/* read_user_mps.c: a user's model from MPS, free or fixed, as modelling tools and solvers write it.
 *
 * Fields are words: a fixed file reads the same way as long as its names have no blanks; if they do, the number of
 * fields is wrong and the file is refused. Sections: NAME, OBJSENSE (with MAX or MIN below it or beside it), OBJNAME,
 * ROWS, COLUMNS with MARKERs, RHS, RANGES, BOUNDS, ENDATA. The names of the RHS, RANGES and BOUNDS sets may be omitted.
 * On these points the manuals of solvers agree:
 *   RHS of the objective   minus the objective's constant (only GLPK reads plus)
 *   RANGES R               G: [b, b + |R|], L: [b - |R|, b], E: [b, b + R] or [b + R, b]
 *   UP below 0             the lower bound is -infinity unless it was given
 *   further N rows         restrict nothing and are left out
 * An integer column without any bound is [0, 1] for some readers and [0, infinity) for others, so it is refused, as are
 * SOS, quadratic parts, indicators, semi-continuous columns, lazy constraints and cuts. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

#include <strings.h>

typedef struct {
    nm_userread u;
    const char *section;
    const char *set;         /* name of the current RHS, RANGES or BOUNDS set, or NULL */
    nm_names free;           /* N rows */
    nm_span objective;       /* the name of OBJNAME, or empty */
    bool integer, any_below; /* any_below: some UP below 0 made a lower bound infinite */
    size_t n_kind, cap_kind, n_side, cap_side, n_range, cap_range, n_stated, cap_stated;
    char *kind;            /* [n_rows] L, G, E */
    double *side, *range;  /* [n_rows] NaN: not given */
    unsigned char *stated; /* [n_cols] given: 1: a lower bound, 2: some bound */
} state;

static nm_lines *lines(state *s) { return &s->u.r->l; }

static void sense(state *s, nm_span w)
{
    const size_t n = (size_t)(w.end - w.s);
    const bool most = (n == 3 && !strncasecmp(w.s, "max", 3)) ||
                      (n == 8 && !strncasecmp(w.s, "maximize", 8));
    const bool least = (n == 3 && !strncasecmp(w.s, "min", 3)) ||
                       (n == 8 && !strncasecmp(w.s, "minimize", 8));
    if (!most && !least) nm_lines_bad(lines(s), "MAX or MIN");
    s->u.u.maximised = most;
}

static void objective_line(state *s, size_t n, const nm_span *w)
{
    if (n != 1) nm_lines_bad(lines(s), "one word");
    if (strcmp(s->section, "OBJSENSE") == 0)
        sense(s, w[0]);
    else
        s->objective = w[0];
}

static void rows_line(state *s, size_t n, const nm_span *w)
{
    if (n != 2 || w[0].end - w[0].s != 1 || !strchr("NLGEnlge", *w[0].s))
        nm_lines_bad(lines(s), "N, L, G or E and a name without blanks");
    const char kind = (char)(*w[0].s & ~32);
    if (kind == 'N') {
        if (!nm_names_add(s->u.r->job, &s->free, w[1]))
            nm_lines_bad(lines(s), "a row that was not defined before");
        const bool chosen = s->objective.s ? nm_span_is(s->objective, s->free.name[s->free.n - 1])
                                           : !s->u.u.objective;
        if (chosen) s->u.u.objective = s->free.name[s->free.n - 1];
        return;
    }
    nm_modelread_row(s->u.r, w[1], -INFINITY, INFINITY);
    *NM_PUSH(s->u.r->job, s->kind, s->n_kind, s->cap_kind) = kind;
    *NM_PUSH(s->u.r->job, s->side, s->n_side, s->cap_side) = NAN;
    *NM_PUSH(s->u.r->job, s->range, s->n_range, s->cap_range) = NAN;
}

static bool is_objective(const state *s, nm_span row)
{
    return s->u.u.objective && nm_span_is(row, s->u.u.objective);
}

static bool is_free(const state *s, nm_span row) { return nm_names_find(&s->free, row) >= 0; }

static void columns_line(state *s, size_t n, const nm_span *w)
{
    nm_modelread *r = s->u.r;
    if (n == 3 && nm_span_is(w[1], "'MARKER'")) {
        s->integer = nm_span_is(w[2], "'INTORG'");
        if (!s->integer && !nm_span_is(w[2], "'INTEND'"))
            nm_user_refuse(&r->l, "a marker that is not of integers");
        return;
    }
    if (n < 3 || n % 2 == 0)
        nm_lines_bad(&r->l, "a column, and a row and a number once or twice, names without blanks");
    if (r->cols.n == 0 || !nm_span_is(w[0], r->cols.name[r->cols.n - 1])) {
        nm_user_column(r, w[0], s->integer);
        *NM_PUSH(r->job, s->stated, s->n_stated, s->cap_stated) = 0;
    }
    const uint32_t j = (uint32_t)r->cols.n - 1;
    for (size_t k = 1; k < n; k += 2) {
        const double c = nm_lines_num(&r->l, w[k + 1]);
        if (is_objective(s, w[k]) && r->m->cols[j].obj != 0)
            nm_lines_bad(&r->l, "one cost for each column");
        if (is_objective(s, w[k]))
            r->m->cols[j].obj = c;
        else if (!is_free(s, w[k]))
            nm_modelread_entry(r, nm_modelread_find(r, &r->rows, w[k]), j, c);
    }
}

/* Refuses a second set: solvers would choose the first of several. */
static void one_set(state *s, nm_span name)
{
    if (s->set && !nm_span_is(name, s->set))
        nm_user_refuse(lines(s), nm_fmt(s->u.r->job, "a second set of %s", s->section));
    if (!s->set) s->set = nm_span_dup(s->u.r->job, name);
}

static void sides_line(state *s, size_t n, const nm_span *w)
{
    nm_modelread *r = s->u.r;
    const bool ranges = strcmp(s->section, "RANGES") == 0;
    if (n < 2) nm_lines_bad(&r->l, "a set, and a row and a number once or twice");
    if (n % 2) one_set(s, w[0]);
    for (size_t k = n % 2; k < n; k += 2) {
        const double x = nm_lines_num(&r->l, w[k + 1]);
        if (is_free(s, w[k])) {
            if (ranges && is_objective(s, w[k])) nm_user_refuse(&r->l, "a range of the objective");
            if (is_objective(s, w[k])) r->m->constant = -x;
            continue;
        }
        double *to = &(ranges ? s->range : s->side)[nm_modelread_find(r, &r->rows, w[k])];
        if (!isnan(*to)) nm_lines_bad(&r->l, "one number for each row");
        *to = x;
    }
}

/* Returns which field has a bound's column, after a kind and perhaps a set; value: a number must follow. */
static size_t column_field(state *s, size_t n, const nm_span *w, bool value)
{
    const size_t last = value ? n - 2 : n - 1;
    if (n < (value ? 3u : 2u) || n > 4)
        nm_lines_bad(lines(s), "a kind of bound, a set, a column and perhaps a number");
    if (value) return last;
    if (n == 4 || (n == 3 && nm_names_find(&s->u.r->cols, w[2]) < 0))
        return last - 1; /* a number that is ignored */
    return last;
}

static void bounds_line(state *s, size_t n, const nm_span *w)
{
    static const char *const with[] = {"UP", "LO", "FX", "LI", "UI", NULL}, *const without[] = {
                                                                                "FR", "MI", "PL",
                                                                                "BV", NULL};
    nm_modelread *r = s->u.r;
    bool value = false, plain = false;
    for (const char *const *k = with; *k; k++) value |= nm_span_is(w[0], *k);
    for (const char *const *k = without; *k; k++) plain |= nm_span_is(w[0], *k);
    if (nm_span_is(w[0], "SC") || nm_span_is(w[0], "SI"))
        nm_user_refuse(&r->l, "a semi-continuous column");
    if (!value && !plain) nm_lines_bad(&r->l, "UP, LO, FX, FR, MI, PL, BV, LI or UI");
    const size_t at = column_field(s, n, w, value);
    if (at == 2) one_set(s, w[1]);
    const size_t j = nm_modelread_find(r, &r->cols, w[at]);
    nm_col *c = &r->m->cols[j];
    double x = 0;
    if (value && !nm_user_number(w[at + 1], &x)) nm_lines_bad(&r->l, "a number");
    const char a = *w[0].s, b = w[0].s[1];
    if (b == 'I' && a != 'M') c->is_int = true; /* LI, UI */
    if (a == 'U') {
        if (x < 0 && !(s->stated[j] & 1) && c->lo == 0) {
            c->lo = -INFINITY;
            s->any_below = true;
        }
        c->hi = x;
    }
    if (a == 'L') c->lo = x;
    if (a == 'F') c->lo = b == 'X' ? x : -INFINITY, c->hi = b == 'X' ? x : INFINITY;
    if (a == 'M') c->lo = -INFINITY;
    if (a == 'P') c->hi = INFINITY;
    if (a == 'B') c->lo = 0, c->hi = 1, c->is_int = true;
    s->stated[j] |= (unsigned char)(a == 'U' || a == 'P' ? 2 : 3);
}

static void open_section(state *s, nm_span line)
{
    static const char *const known[] = {"NAME", "OBJSENSE", "OBJNAME", "ROWS",   "COLUMNS",
                                        "RHS",  "RANGES",   "BOUNDS",  "ENDATA", NULL};
    static const char *const refused[] = {"SOS",       "SOS1",
                                          "SOS2",      "SETS",
                                          "QUADOBJ",   "QMATRIX",
                                          "QSECTION",  "QCMATRIX",
                                          "CSECTION",  "INDICATORS",
                                          "USERCUTS",  "LAZYCONS",
                                          "GENCONS",   "GENERALCONSTRAINTS",
                                          "PWLOBJ",    "SCENARIOS",
                                          "MODELCUTS", "DELAYEDROWS",
                                          NULL};
    nm_span w[3];
    const size_t n = nm_span_split(line, w, 3);
    s->section = s->set = NULL;
    for (const char *const *k = refused; *k; k++)
        if (nm_span_is(w[0], *k)) nm_user_refuse(lines(s), nm_fmt(s->u.r->job, "section %s", *k));
    for (const char *const *k = known; *k; k++)
        if (nm_span_is(w[0], *k)) s->section = *k;
    if (!s->section) nm_lines_bad(lines(s), "a section of MPS");
    if (strcmp(s->section, "NAME") == 0) {
        if (n > 1) s->u.r->m->name = nm_span_dup(s->u.r->job, w[1]);
    } else if (strcmp(s->section, "OBJSENSE") == 0 && n == 2) {
        sense(s, w[1]);
    } else if (n != 1 && !(n == 2 && strcmp(s->section, "RANGES") == 0)) {
        nm_lines_bad(lines(s), "a section of MPS alone in its line");
    }
}

static void data_line(state *s, nm_span line)
{
    static const struct {
        const char *name;
        void (*take)(state *, size_t, const nm_span *);
    } take[] = {{"OBJSENSE", objective_line}, {"OBJNAME", objective_line}, {"ROWS", rows_line},
                {"COLUMNS", columns_line},    {"RHS", sides_line},         {"RANGES", sides_line},
                {"BOUNDS", bounds_line}};
    nm_span w[8];
    const size_t n = nm_span_split(line, w, 8);
    if (n > 7) nm_lines_bad(lines(s), "six fields at most");
    for (size_t i = 0; s->section && i < sizeof take / sizeof *take; i++)
        if (strcmp(take[i].name, s->section) == 0) {
            take[i].take(s, n, w);
            return;
        }
    nm_lines_bad(lines(s), "a section");
}

/* Turns sides and ranges into rows. */
static void set_rows(state *s)
{
    for (size_t i = 0; i < s->n_kind; i++) {
        const double b = isnan(s->side[i]) ? 0 : s->side[i], range = s->range[i],
                     width = fabs(range);
        nm_mrow *row = &s->u.r->row[i];
        if (s->kind[i] != 'L') row->lo = b;
        if (s->kind[i] != 'G') row->hi = b;
        if (isnan(range)) continue;
        if (s->kind[i] == 'L' || (s->kind[i] == 'E' && range < 0)) row->lo = b - width;
        if (s->kind[i] == 'G' || (s->kind[i] == 'E' && range > 0)) row->hi = b + width;
    }
}

static nm_usermodel done(state *s)
{
    nm_modelread *r = s->u.r;
    for (size_t j = 0; j < r->cols.n; j++)
        if (r->m->cols[j].is_int && !s->stated[j])
            nm_throw(r->job, NM_EUNSUP,
                     "%s: integer column %s has no bounds: some readers assume [0, 1], others [0, "
                     "infinity); a line of "
                     "BOUNDS was expected (BV, UP, PL)",
                     r->path, r->m->cols[j].name);
    if (s->objective.s && !s->u.u.objective)
        nm_throw(r->job, NM_EINPUT, "%s: OBJNAME is %.*s, but no N row has this name", r->path,
                 (int)(s->objective.end - s->objective.s), s->objective.s);
    set_rows(s);
    if (s->free.n > 1)
        nm_note(r->job, "%s: %zu N rows beside the objective restrict nothing and are left out",
                r->path, s->free.n - 1);
    if (s->any_below)
        nm_note(r->job,
                "%s: columns with UP below 0 and no lower bound have no lower bound, as in solvers' readers",
                r->path);
    char x[32];
    nm_num_print(x, r->m->constant);
    if (r->m->constant != 0)
        nm_note(
            r->job,
            "%s: the objective's constant is %s, minus its RHS, as all solvers but GLPK read it",
            r->path, x);
    return nm_user_done(&s->u, false);
}

nm_usermodel nm_read_user_mps(nm_job *job, nm_file f)
{
    state s = {.u.r = nm_modelread_new(job, f)};
    for (nm_span line; nm_lines_next(lines(&s), &line);) {
        if (nm_span_blank(line) || *line.s == '*') continue;
        if (*line.s == ' ' || *line.s == '\t')
            data_line(&s, line);
        else
            open_section(&s, line);
        if (s.section && strcmp(s.section, "ENDATA") == 0) return done(&s);
    }
    nm_throw(job, NM_EINPUT, "%s: ends before ENDATA", f.path);
}
