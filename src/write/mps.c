/* write/mps.c: free MPS in the subset that every reader takes alike (measured on seven): minimisation, no objective
 * constant, no RANGES (a row with two sides becomes two), every bound explicit and lower before upper, binaries as BV
 * alone, one pair a line, and no field that starts in column 5, 15 or 40, where CBC would take a fixed field. */
#include "all.h"

/* one blank, then fields with two blanks between, three where a field would start in a column that CBC takes for
 * fixed */
static void line(nm_buf *b, size_t n, const char *const *field)
{
    size_t at = 1;
    nm_put_bytes(b, " ", 1);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            nm_put_bytes(b, "  ", 2);
            at += 2;
            if (at == 4 || at == 14 || at == 39) {
                nm_put_bytes(b, " ", 1);
                at++;
            }
        }
        const size_t len = strlen(field[i]);
        nm_put_bytes(b, field[i], len);
        at += len;
    }
    nm_put_bytes(b, "\n", 1);
}

#define LINE(...)                                                                                  \
    line(&b, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})

typedef struct {
    const char *name;
    double side;
    char kind;
} flat; /* one-sided rows */
typedef struct {
    nm_job *job;
    nm_out *o;
    const nm_model *m;
    flat *rows;
    size_t *first, n;
} writer;

static void flush(writer *w, nm_buf *b)
{
    nm_out_write(w->o, b->s, b->n);
    b->n = 0;
}

static void flatten(writer *w)
{
    const nm_model *m = w->m;
    w->rows = NM_ARRAY(w->job, flat, 2 * m->n_rows);
    w->first = NM_ARRAY(w->job, size_t, m->n_rows + 1);
    for (size_t r = 0; r < m->n_rows; r++) {
        const nm_mrow *row = &m->rows[r];
        w->first[r] = w->n;
        if (row->lo == row->hi) {
            w->rows[w->n++] = (flat){row->name, row->lo, 'E'};
        } else if (isfinite(row->lo) && isfinite(row->hi)) {
            w->rows[w->n++] = (flat){nm_fmt(w->job, "%s_lo", row->name), row->lo, 'G'};
            w->rows[w->n++] = (flat){nm_fmt(w->job, "%s_up", row->name), row->hi, 'L'};
        } else if (isfinite(row->lo)) {
            w->rows[w->n++] = (flat){row->name, row->lo, 'G'};
        } else {
            w->rows[w->n++] = (flat){row->name, row->hi, 'L'};
        }
    }
    w->first[m->n_rows] = w->n;
}

/* the nonzeros of each column, in order of rows */
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

static void write_columns(writer *w)
{
    const nm_model *m = w->m;
    uint32_t *row;
    double *c;
    const size_t *ptr = transpose(w, &row, &c);
    nm_buf b = {.job = w->job};
    char s[32];
    bool ints = false;
    for (size_t j = 0; j < m->n_cols; j++) {
        const nm_col *col = &m->cols[j];
        if (col->is_int != ints) LINE("MARKER", "'MARKER'", ints ? "'INTEND'" : "'INTORG'");
        ints = col->is_int;
        if (col->obj != 0 || ptr[j] == ptr[j + 1]) {
            nm_num_print_twice(s, col->obj);
            LINE(col->name, "OBJROW", s);
        }
        for (size_t k = ptr[j]; k < ptr[j + 1]; k++) {
            nm_num_print_twice(s, c[k]);
            for (size_t f = w->first[row[k]]; f < w->first[row[k] + 1]; f++)
                LINE(col->name, w->rows[f].name, s);
        }
        flush(w, &b);
    }
    if (ints) LINE("MARKER", "'MARKER'", "'INTEND'");
    flush(w, &b);
}

static void write_bounds(writer *w)
{
    nm_buf b = {.job = w->job};
    char s[32];
    for (size_t j = 0; j < w->m->n_cols; j++) {
        const nm_col *c = &w->m->cols[j];
        if (c->is_int && c->lo == 0 && c->hi == 1) {
            LINE("BV", "BNDSET", c->name);
        } else if (c->lo == c->hi) {
            nm_num_print_twice(s, c->lo);
            LINE("FX", "BNDSET", c->name, s);
        } else {
            nm_num_print_twice(s, c->lo);
            LINE("LO", "BNDSET", c->name, s);
            nm_num_print_twice(s, c->hi);
            LINE("UP", "BNDSET", c->name, s);
        }
    }
    flush(w, &b);
}

void nm_write_mps(nm_job *job, const nm_model *m, const char *path, char hash[65])
{
    nm_model_audit(job, m);
    const nm_mark mark = nm_mark_get(job);
    writer w = {.job = job, .o = nm_out_open(job, path), .m = m};
    nm_buf b = {.job = job};
    char s[32];
    nm_out_hash(w.o, hash);
    flatten(&w);
    nm_put(&b, "NAME  %s\nROWS\n", m->name);
    LINE("N", "OBJROW");
    for (size_t r = 0; r < w.n; r++) LINE((char[]){w.rows[r].kind, 0}, w.rows[r].name);
    nm_put(&b, "COLUMNS\n");
    flush(&w, &b);
    write_columns(&w);
    nm_put(&b, "RHS\n");
    for (size_t r = 0; r < w.n; r++) {
        if (w.rows[r].side == 0) continue;
        nm_num_print_twice(s, w.rows[r].side);
        LINE("RHSSET", w.rows[r].name, s);
    }
    nm_put(&b, "BOUNDS\n");
    flush(&w, &b);
    write_bounds(&w);
    nm_out_put(w.o, "ENDATA\n");
    nm_out_done(w.o);
    nm_mark_release(job, mark);
}
