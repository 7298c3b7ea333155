/* write/lpfile.c: LP in the subset that every reader takes alike (measured on six): Minimize, every column in the
 * objective (0 x where it has no cost) so that all readers number columns alike, one-sided rows, blanks between all
 * tokens, the sign glued to a right-hand side, lines wrapped before 200 characters, Bounds before Binaries. */
#include "all.h"

typedef struct {
    nm_out *o;
    size_t at;
} wrap;

static void word(wrap *w, const char *s)
{
    const size_t n = strlen(s);
    if (w->at + n + 1 > 190) {
        nm_out_write(w->o, "\n  ", 3);
        w->at = 2;
    }
    nm_out_write(w->o, " ", 1);
    nm_out_write(w->o, s, n);
    w->at += n + 1;
}

static void term(wrap *w, double c, const char *name)
{
    char s[96];
    s[0] = signbit(c) && c != 0 ? '-' : '+';
    s[1] = ' ';
    int n = 2 + nm_num_print(s + 2, fabs(c));
    snprintf(s + n, sizeof s - (size_t)n, " %s", name);
    word(w, s);
}

static void row(nm_out *o, const nm_model *m, size_t r, const char *suffix, const char *sense,
                double side)
{
    char s[48];
    wrap w = {o, 0};
    nm_out_put(o, " %s%s:", m->rows[r].name, suffix);
    w.at = strlen(m->rows[r].name) + 6;
    const size_t start = m->rows[r].start, end = nm_row_end(m, r);
    for (size_t k = start; k < end; k++) term(&w, m->c[k], m->cols[m->j[k]].name);
    if (start == end) term(&w, 0, m->cols[0].name);
    int n = snprintf(s, sizeof s, "%s ", sense);
    nm_num_print(s + n, side);
    word(&w, s);
    nm_out_write(o, "\n", 1);
}

static void write_rows(nm_out *o, const nm_model *m)
{
    nm_out_put(o, "Subject To\n");
    for (size_t r = 0; r < m->n_rows; r++) {
        const nm_mrow *k = &m->rows[r];
        const bool both = isfinite(k->lo) && isfinite(k->hi) && k->lo != k->hi;
        if (k->lo == k->hi)
            row(o, m, r, "", "=", k->lo);
        else if (isfinite(k->lo))
            row(o, m, r, both ? "_lo" : "", ">=", k->lo);
        if (k->lo != k->hi && isfinite(k->hi)) row(o, m, r, both ? "_up" : "", "<=", k->hi);
    }
}

void nm_write_lp(nm_job *job, const nm_model *m, const char *path, char hash[65])
{
    nm_model_audit(job, m);
    nm_out *o = nm_out_open(job, path);
    nm_out_hash(o, hash);
    nm_out_put(o, "\\ %s\nMinimize\n obj:", m->name);
    wrap w = {o, 5};
    for (size_t j = 0; j < m->n_cols; j++) term(&w, m->cols[j].obj, m->cols[j].name);
    nm_out_put(o, "\n");
    write_rows(o, m);
    nm_out_put(o, "Bounds\n");
    for (size_t j = 0; j < m->n_cols; j++) {
        const nm_col *c = &m->cols[j];
        if (c->is_int && c->lo == 0 && c->hi == 1) continue;
        nm_out_put(o, " ");
        if (c->lo == c->hi) {
            nm_out_put(o, "%s = ", c->name);
            nm_out_num(o, c->lo);
        } else {
            nm_out_num(o, c->lo);
            nm_out_put(o, " <= %s <= ", c->name);
            nm_out_num(o, c->hi);
        }
        nm_out_put(o, "\n");
    }
    if (nm_model_binaries(m)) nm_out_put(o, "Binaries\n");
    for (size_t j = 0; j < m->n_cols; j++)
        if (m->cols[j].is_int) nm_out_put(o, " %s\n", m->cols[j].name);
    nm_out_put(o, "End\n");
    nm_out_done(o);
}

void nm_write_model(nm_job *job, const nm_model *m, const char *path, char hash[65])
{
    if (nm_has_suffix(path, ".mps") || nm_has_suffix(path, ".mps.gz"))
        nm_write_mps(job, m, path, hash);
    else if (nm_has_suffix(path, ".lp") || nm_has_suffix(path, ".lp.gz"))
        nm_write_lp(job, m, path, hash);
    else
        nm_throw(job, NM_EUSE, "%s: a model file ends in .mps, .mps.gz, .lp or .lp.gz", path);
}
