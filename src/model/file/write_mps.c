/* write_mps.c: writes free MPS in the subset that every reader understands in the same way (measured on seven):
 * minimisation, no objective constant, no RANGES (a row with two sides becomes two), every bound explicit and lower
 * before upper, binaries by BV only, one pair on each line, and no field that starts in column 5, 15 or 40, where CBC
 * would recognise a fixed format. Dialects that support them get RANGES (if lower side plus width gives exactly the
 * upper side), USERCUTS, SOS, QUADOBJ or QMATRIX, QCMATRIX and INDICATORS, in the order that CPLEX asks for. Fixed
 * columns on request (fixed_mps.c makes the names and numbers fit). Text is written column by column; only the
 * transpose stays in memory. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

typedef struct {
    const char *name;
    double side, range; /* range 0: none */
    size_t row;
    char kind;
    bool cut;
} flat; /* rows of the file */
typedef struct {
    nm_job *job;
    nm_out *o;
    nm_buf b;
    const nm_model *m;
    nm_write_opts w;
    flat *rows;
    size_t *first, n; /* rows of model row r: first[r] .. first[r + 1] */
    double last;      /* absolute value of the number printed last, */
    char text[28];    /* and its text */
} writer;

/* Writes a line: one blank, then fields with two blanks between them, or three if a field would start in a column where
 * CBC recognises a fixed format. Fixed: fields in columns 2, 5, 15, 25, 40; a line that begins with a name has its
 * first field in 5. */
static void line(writer *w, bool coded, size_t n, const char *const *field)
{
    static const size_t column[] = {1, 4, 14, 24, 39};
    enum { LONGEST = 320 }; /* a name of up to 255 characters, or a number, and blanks */
    char s[6 * LONGEST];
    size_t at = 1;
    s[0] = ' ';
    for (size_t i = 0; i < n; i++) {
        const size_t to = w->w.fixed ? column[i + !coded]
                          : i == 0   ? at
                                     : at + 2 + (at == 2 || at == 12 || at == 37);
        while (at < to) s[at++] = ' ';
        const size_t len = strlen(field[i]);
        if (len >= LONGEST - 64)
            nm_throw(w->job, NM_EUNSUP, "a name of %zu characters: readers take 255 at most", len);
        memcpy(s + at, field[i], len);
        at += len;
    }
    s[at++] = '\n';
    nm_put_bytes(&w->b, s, at);
}

#define LINE(coded, ...)                                                                           \
    line(w, coded, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                         \
         (const char *[]){__VA_ARGS__})

static void flush(writer *w, size_t room)
{
    if (w->b.n < room) return;
    nm_out_write(w->o, w->b.s, w->b.n);
    w->b.n = 0;
}

/* Prints a number; keeps the last one, as in a column the rows of a unit often have equal coefficients up to
 * the sign. */
static const char *num(writer *w, char s[32], double x)
{
    if (w->last != 0 && fabs(x) == w->last) {
        if (x < 0) s[0] = '-';
        memcpy(s + (x < 0), w->text, sizeof w->text);
        return s;
    }
    if (w->w.dialect->twice && !w->w.fixed)
        nm_num_print_twice(s, x);
    else
        nm_num_print(s, x);
    w->last = fabs(x);
    memcpy(w->text, s + (*s == '-'), sizeof w->text);
    return s;
}

static void flatten(writer *w)
{
    const nm_model *m = w->m;
    w->rows = NM_ARRAY(w->job, flat, 2 * m->n_rows);
    w->first = NM_ARRAY(w->job, size_t, m->n_rows + 1);
    for (size_t r = 0; r < m->n_rows; r++) {
        const nm_mrow *row = &m->rows[r];
        const double lo = row->lo, hi = row->hi, width = hi - lo;
        flat f = {
            row->name, isfinite(lo) ? lo : hi, 0, r, lo == hi ? 'E' : isfinite(lo) ? 'G' : 'L',
            false};
        f.cut = row->is_cut && w->w.cuts;
        w->first[r] = w->n;
        const bool two = isfinite(lo) && isfinite(hi) && lo != hi;
        if (two && (w->w.user || (w->w.dialect->mps & NM_RANGES)) && !f.cut && row->when < 0 && lo + width == hi) {
            f.range = width;
        } else if (two) {
            f.name = nm_fmt(w->job, "%s_lo", row->name);
            w->rows[w->n++] = f;
            f.name = nm_fmt(w->job, "%s_up", row->name);
            f.kind = 'L';
            f.side = hi;
        }
        w->rows[w->n++] = f;
    }
    w->first[m->n_rows] = w->n;
}

/* Returns the nonzeros of each column, in order of rows. */
static size_t *transpose(writer *w, uint32_t **row, double **c)
{
    const nm_model *m = w->m;
    size_t *ptr = NM_ARRAY(w->job, size_t, m->n_cols + 2);
    *row = NM_RAW(w->job, uint32_t, m->n_nz);
    *c = NM_RAW(w->job, double, m->n_nz);
    for (size_t k = 0; k < m->n_nz; k++) ptr[m->j[k] + 2]++;
    for (size_t j = 0; j < m->n_cols; j++) ptr[j + 2] += ptr[j + 1];
    for (size_t r = 0; r < m->n_rows; r++)
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
            const size_t at = ptr[m->j[k] + 1]++;
            (*row)[at] = (uint32_t)r;
            (*c)[at] = m->c[k];
        }
    return ptr;
}

static void write_rows(writer *w)
{
    size_t cuts = 0;
    nm_put(&w->b, "ROWS\n");
    LINE(true, "N", "OBJROW");
    for (size_t r = 0; r < w->n; r++) {
        if (!w->rows[r].cut) LINE(true, (char[]){w->rows[r].kind, 0}, w->rows[r].name);
        cuts += w->rows[r].cut;
    }
    if (cuts) nm_put(&w->b, "USERCUTS\n");
    for (size_t r = 0; cuts && r < w->n; r++)
        if (w->rows[r].cut) LINE(true, (char[]){w->rows[r].kind, 0}, w->rows[r].name);
    flush(w, 0);
}

static void marker(writer *w, bool start)
{
    if (w->w.fixed) /* the third field is in column 15, the fifth in 40 */
        nm_put(&w->b, "    MARKER    'MARKER'                 %s\n",
               start ? "'INTORG'" : "'INTEND'");
    else
        LINE(false, "MARKER", "'MARKER'", start ? "'INTORG'" : "'INTEND'");
}

static void write_columns(writer *w)
{
    const nm_model *m = w->m;
    uint32_t *row;
    double *c;
    const size_t *ptr = transpose(w, &row, &c);
    char s[32];
    bool ints = false;
    nm_put(&w->b, "COLUMNS\n");
    for (size_t j = 0; j < m->n_cols; j++) {
        const nm_col *col = &m->cols[j];
        if (col->is_int != ints) marker(w, col->is_int);
        ints = col->is_int;
        if (col->obj != 0 || ptr[j] == ptr[j + 1])
            LINE(false, col->name, "OBJROW", num(w, s, col->obj));
        for (size_t k = ptr[j]; k < ptr[j + 1]; k++) {
            num(w, s, c[k]);
            for (size_t f = w->first[row[k]]; f < w->first[row[k] + 1]; f++)
                LINE(false, col->name, w->rows[f].name, s);
            flush(w, 1 << 14);
        }
    }
    if (ints) marker(w, false);
}

static void write_sides(writer *w)
{
    char s[32];
    bool some = false;
    nm_put(&w->b, "RHS\n");
    for (size_t r = 0; r < w->n; r++) {
        if (w->rows[r].side != 0)
            LINE(false, "RHSSET", w->rows[r].name, num(w, s, w->rows[r].side));
        some |= w->rows[r].range != 0;
        flush(w, 1 << 14);
    }
    if (some) nm_put(&w->b, "RANGES\n");
    if (some)
        for (size_t r = 0; r < w->n; r++)
            if (w->rows[r].range != 0)
                LINE(false, "RNGSET", w->rows[r].name, num(w, s, w->rows[r].range));
}

static void write_bounds(writer *w)
{
    char s[32];
    nm_put(&w->b, "BOUNDS\n");
    for (size_t j = 0; j < w->m->n_cols; j++) {
        const nm_col *c = &w->m->cols[j];
        if (c->is_int && c->lo == 0 && c->hi == 1) {
            LINE(true, "BV", "BNDSET", c->name);
        } else if (c->lo == c->hi) {
            LINE(true, "FX", "BNDSET", c->name, num(w, s, c->lo));
        } else if (isinf(c->lo) && isinf(c->hi)) {
            LINE(true, "FR", "BNDSET", c->name);
        } else {
            if (isinf(c->lo))
                LINE(true, "MI", "BNDSET", c->name);
            else
                LINE(true, "LO", "BNDSET", c->name, num(w, s, c->lo));
            if (isinf(c->hi))
                LINE(true, "PL", "BNDSET", c->name);
            else
                LINE(true, "UP", "BNDSET", c->name, num(w, s, c->hi));
        }
        flush(w, 1 << 14);
    }
}

static void pair(writer *w, uint32_t i, uint32_t j, double c)
{
    char s[32];
    LINE(false, w->m->cols[i].name, w->m->cols[j].name, num(w, s, c));
}

/* Writes the products of row r, or of the objective: 1/2 x'Qx in QUADOBJ (upper triangle) and QMATRIX; x'Qx in
 * QCMATRIX, except for dialects that have the factor 1/2 there, too. */
static void products(writer *w, int64_t r)
{
    const bool full = r >= 0 || w->w.dialect->half;
    const double scale = r < 0 || w->w.dialect->half ? 2 : 1;
    for (size_t k = 0; k < w->m->n_quad; k++) {
        const nm_quad *q = &w->m->quad[k];
        if (q->row != r) continue;
        pair(w, q->i, q->j, q->i == q->j ? scale * q->c : scale * q->c / 2);
        if (full && q->i != q->j) pair(w, q->j, q->i, scale * q->c / 2);
    }
}

static void write_more(writer *w, unsigned needs)
{
    const nm_model *m = w->m;
    char s[32];
    if (needs & NM_SOS1) nm_put(&w->b, "SOS\n");
    for (size_t k = 0; k < m->n_sos; k++) {
        LINE(true, "S1", m->sos[k].name);
        for (size_t t = 0; t < m->sos[k].n; t++)
            LINE(false, m->cols[m->sos[k].j[t]].name, num(w, s, (double)t + 1));
    }
    if (needs & NM_QUAD_COST) {
        nm_put(&w->b, w->w.dialect->half ? "QMATRIX\n" : "QUADOBJ\n");
        products(w, -1);
    }
    for (size_t r = 0; (needs & NM_QUAD_ROWS) && r < m->n_rows; r++) {
        size_t n = 0;
        for (size_t k = 0; k < m->n_quad; k++) n += m->quad[k].row == (int64_t)r;
        if (n == 0) continue;
        nm_put(&w->b, "QCMATRIX   %s\n", m->rows[r].name);
        products(w, (int64_t)r);
    }
    if (needs & NM_INDICATORS) nm_put(&w->b, "INDICATORS\n");
    for (size_t f = 0; (needs & NM_INDICATORS) && f < w->n; f++) {
        const nm_mrow *row = &m->rows[w->rows[f].row];
        if (row->when >= 0)
            LINE(true, "IF", w->rows[f].name, m->cols[row->when].name, row->on ? "1" : "0");
    }
}

size_t nm_write_mps(nm_job *job, const nm_model *m, const char *path, nm_write_opts o,
                    char hash[65])
{
    const unsigned needs = nm_model_needs(m);
    nm_model_audit(job, m, o.user, false);
    nm_dialect_check(job, o.dialect, false, needs, m->name);
    const nm_mark mark = nm_mark_get(job);
    writer w = {.job = job, .o = nm_out_open(job, path), .b = {.job = job}, .m = m, .w = o};
    nm_out_hash(w.o, hash);
    flatten(&w);
    nm_put(&w.b, o.fixed ? "NAME          %s\n" : "NAME  %s\n", m->name);
    write_rows(&w);
    write_columns(&w);
    write_sides(&w);
    write_bounds(&w);
    write_more(&w, needs);
    nm_put(&w.b, "ENDATA\n");
    flush(&w, 0);
    nm_out_done(w.o);
    nm_mark_release(job, mark);
    return w.n;
}
