/* read_mps.c: reads the MPS that write_mps.c writes, in every dialect, and nothing else: to explain a model to people,
 * and to test that what was written is what was meant. Fields are words; sections are in the writer's order; an unknown
 * or repeated name, or something that is not a number, is an error. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

typedef struct {
    nm_modelread *r;
    const char *section;
    bool integer, cuts;
    int64_t quad; /* row of the current QCMATRIX; -1: the objective */
    bool half;    /* off-diagonal terms are listed twice */
} state;

static void rows_line(state *s, size_t n, const nm_span *w)
{
    if (n != 2 || w[0].end - w[0].s != 1 || !strchr("NLGE", *w[0].s))
        nm_lines_bad(&s->r->l, "N, L, G or E and a name");
    if (*w[0].s == 'N') {
        if (!nm_span_is(w[1], "OBJROW")) nm_lines_bad(&s->r->l, "the objective OBJROW");
        return;
    }
    const double lo = *w[0].s == 'L' ? -INFINITY : 0, hi = *w[0].s == 'G' ? INFINITY : 0;
    nm_modelread_row(s->r, w[1], lo, hi)->is_cut = s->cuts;
}

static void columns_line(state *s, size_t n, const nm_span *w)
{
    nm_modelread *r = s->r;
    if (n == 3 && nm_span_is(w[1], "'MARKER'")) {
        s->integer = nm_span_is(w[2], "'INTORG'");
        return;
    }
    if (n != 3) nm_lines_bad(&r->l, "a column, a row and a number");
    const size_t known = r->cols.n;
    if (known == 0 || !nm_span_is(w[0], r->cols.name[known - 1]))
        nm_modelread_col(r, w[0], s->integer);
    const uint32_t j = (uint32_t)r->cols.n - 1;
    const double c = nm_lines_num(&r->l, w[2]);
    if (nm_span_is(w[1], "OBJROW"))
        r->m->cols[j].obj = c;
    else
        nm_modelread_entry(r, nm_modelread_find(r, &r->rows, w[1]), j, c);
}

static void sides_line(state *s, size_t n, const nm_span *w)
{
    if (n != 3) nm_lines_bad(&s->r->l, "a label, a row and a number");
    nm_mrow *row = &s->r->row[nm_modelread_find(s->r, &s->r->rows, w[1])];
    const double x = nm_lines_num(&s->r->l, w[2]);
    if (strcmp(s->section, "RANGES") == 0) {
        row->hi = row->lo + x;
        return;
    }
    if (isfinite(row->lo)) row->lo = x;
    if (isfinite(row->hi)) row->hi = x;
}

static void bounds_line(state *s, size_t n, const nm_span *w)
{
    const bool binary = n == 3 && nm_span_is(w[0], "BV");
    const bool no_low = n == 3 && (nm_span_is(w[0], "MI") || nm_span_is(w[0], "FR")),
               no_high = n == 3 && (nm_span_is(w[0], "PL") || nm_span_is(w[0], "FR"));
    if (!binary && !no_low && !no_high && n != 4)
        nm_lines_bad(&s->r->l, "a kind of bound, BNDSET, a column and a number");
    const size_t j = nm_modelread_find(s->r, &s->r->cols, w[2]);
    nm_col *c = &s->r->m->cols[j];
    if (no_low) c->lo = -INFINITY;
    if (no_high) c->hi = INFINITY;
    s->r->bounded[j] = true;
    if (no_low || no_high) return;
    const double x = binary ? 1 : nm_lines_num(&s->r->l, w[3]);
    if (binary || nm_span_is(w[0], "UP") || nm_span_is(w[0], "FX")) c->hi = x;
    if (nm_span_is(w[0], "LO") || nm_span_is(w[0], "FX")) c->lo = x;
    if (!binary && !nm_span_is(w[0], "UP") && !nm_span_is(w[0], "LO") && !nm_span_is(w[0], "FX"))
        nm_lines_bad(&s->r->l, "BV, LO, UP, FX, FR, MI or PL");
}

static void pair_line(state *s, size_t n, const nm_span *w)
{
    if (n != 3) nm_lines_bad(&s->r->l, "two columns and a number");
    const uint32_t i = (uint32_t)nm_modelread_find(s->r, &s->r->cols, w[0]),
                   j = (uint32_t)nm_modelread_find(s->r, &s->r->cols, w[1]);
    const double c = nm_lines_num(&s->r->l, w[2]);
    if (s->half && i > j) return;
    nm_model_quad(s->r->job, s->r->m, s->quad, i, j,
                  s->quad < 0 ? (i == j ? c / 2 : c)
                  : i == j    ? c
                              : 2 * c);
}

static void more_line(state *s, size_t n, const nm_span *w)
{
    nm_modelread *r = s->r;
    if (strcmp(s->section, "SOS") == 0) {
        if (n == 2 && nm_span_is(w[0], "S1"))
            nm_modelread_set(r, w[1]);
        else if (n == 2)
            nm_modelread_member(r, nm_modelread_find(r, &r->cols, w[0]));
        else
            nm_lines_bad(&r->l, "S1 and a name, or a column and a weight");
        return;
    }
    if (n != 4 || !nm_span_is(w[0], "IF")) nm_lines_bad(&r->l, "IF, a row, a binary, 0 or 1");
    nm_mrow *row = &r->row[nm_modelread_find(r, &r->rows, w[1])];
    row->when = (int32_t)nm_modelread_find(r, &r->cols, w[2]);
    row->on = nm_span_is(w[3], "1");
}

static void open_section(state *s, nm_span line)
{
    static const char *const known[] = {"NAME",     "ROWS",       "USERCUTS", "COLUMNS", "RHS",
                                        "RANGES",   "BOUNDS",     "SOS",      "QUADOBJ", "QMATRIX",
                                        "QCMATRIX", "INDICATORS", "ENDATA",   NULL};
    nm_span w[3];
    const size_t n = nm_span_split(line, w, 3);
    s->section = NULL;
    for (const char *const *k = known; *k; k++)
        if (nm_span_is(w[0], *k)) s->section = *k;
    if (!s->section || n > 2) nm_lines_bad(&s->r->l, "a section that netmip writes");
    if (strcmp(s->section, "NAME") == 0 && n == 2) s->r->m->name = nm_span_dup(s->r->job, w[1]);
    s->cuts = strcmp(s->section, "USERCUTS") == 0;
    s->half = strcmp(s->section, "QUADOBJ") != 0;
    s->quad = -1;
    if (strcmp(s->section, "QCMATRIX") == 0) {
        if (n != 2) nm_lines_bad(&s->r->l, "QCMATRIX and a row");
        s->quad = (int64_t)nm_modelread_find(s->r, &s->r->rows, w[1]);
    }
}

static void data_line(state *s, nm_span line)
{
    static const struct {
        const char *name;
        void (*take)(state *, size_t, const nm_span *);
    } take[] = {{"ROWS", rows_line},     {"USERCUTS", rows_line},  {"COLUMNS", columns_line},
                {"RHS", sides_line},     {"RANGES", sides_line},   {"BOUNDS", bounds_line},
                {"SOS", more_line},      {"QUADOBJ", pair_line},   {"QMATRIX", pair_line},
                {"QCMATRIX", pair_line}, {"INDICATORS", more_line}};
    nm_span w[6];
    const size_t n = nm_span_split(line, w, 6);
    for (size_t i = 0; s->section && i < sizeof take / sizeof *take; i++)
        if (strcmp(take[i].name, s->section) == 0) {
            take[i].take(s, n, w);
            return;
        }
    nm_lines_bad(&s->r->l, "a section");
}

nm_model *nm_read_mps(nm_job *job, nm_file f)
{
    nm_modelread *r = nm_modelread_new(job, f);
    state s = {.r = r};
    for (nm_span line; nm_lines_next(&r->l, &line);) {
        if (line.s == line.end) nm_lines_bad(&r->l, "no empty line");
        if (*line.s == '*') continue;
        if (*line.s == ' ')
            data_line(&s, line);
        else
            open_section(&s, line);
        if (strcmp(s.section, "ENDATA") == 0) return nm_modelread_done(r);
    }
    nm_throw(job, NM_EINPUT, "%s: ends before ENDATA", f.path);
}
