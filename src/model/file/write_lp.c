/* write_lp.c: writes LP in the subset that every reader understands in the same way (measured on six): Minimize, every
 * column in the objective (0 x if it has no cost) so that all readers number columns alike, one-sided rows, blanks
 * between all tokens, a right-hand side's sign without a blank, lines wrapped before 200 characters, Bounds before
 * Binaries, comments only above the first line. Dialects that support them get comments at rows and bounds, indicators
 * (`z = 1 -> row`), a section User Cuts, products in brackets (halved in the objective) and SOS. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

typedef struct {
    nm_out *o;
    const nm_model *m;
    nm_write_opts w;
    size_t at, rows;
} writer;

static void word(writer *w, const char *s)
{
    const size_t n = strlen(s);
    if (w->at + n + 1 > w->w.dialect->width - 10) {
        nm_out_write(w->o, "\n  ", 3);
        w->at = 2;
    }
    nm_out_write(w->o, " ", 1);
    nm_out_write(w->o, s, n);
    w->at += n + 1;
}

static void term(writer *w, double c, const char *name)
{
    char s[320];
    s[0] = signbit(c) && c != 0 ? '-' : '+';
    s[1] = ' ';
    const int n = 2 + nm_num_print(s + 2, fabs(c));
    snprintf(s + n, sizeof s - (size_t)n, " %s", name);
    word(w, s);
}

static void products(writer *w, int64_t row, double scale)
{
    const bool glued = w->w.dialect->glued;
    bool some = false;
    for (size_t k = 0; k < w->m->n_quad; k++) {
        const nm_quad *q = &w->m->quad[k];
        const char *a = w->m->cols[q->i].name, *b = w->m->cols[q->j].name;
        char s[160];
        if (q->row != row) continue;
        if (!some) word(w, "+ [");
        some = true;
        snprintf(s, sizeof s, q->i != q->j ? "%s * %s" : glued ? "%s^2" : "%s ^ 2", a, b);
        term(w, scale * q->c, s);
    }
    if (some) word(w, scale == 2 ? "] / 2" : "]");
}

static void comment(writer *w, const char *const *notes, size_t k)
{
    if (!notes || !notes[k] || !w->w.dialect->comments) return;
    nm_out_put(w->o, "\\ %s\n", notes[k]);
}

static void row(writer *w, size_t r, const char *suffix, const char *sense, double side)
{
    const nm_model *m = w->m;
    const nm_mrow *k = &m->rows[r];
    char s[96];
    nm_out_put(w->o, " %s%s:", k->name, suffix);
    w->at = strlen(k->name) + 6;
    w->rows++;
    if (k->when >= 0) {
        snprintf(s, sizeof s, "%s = %d ->", m->cols[k->when].name, k->on);
        word(w, s);
    }
    const size_t start = k->start, end = nm_row_end(m, r);
    for (size_t t = start; t < end; t++) term(w, m->c[t], m->cols[m->j[t]].name);
    if (start == end) term(w, 0, m->cols[0].name);
    if (m->n_quad) products(w, (int64_t)r, 1);
    const int n = snprintf(s, sizeof s, "%s ", sense);
    nm_num_print(s + n, side);
    word(w, s);
    nm_out_write(w->o, "\n", 1);
}

static void write_rows(writer *w, bool cuts)
{
    for (size_t r = 0; r < w->m->n_rows; r++) {
        const nm_mrow *k = &w->m->rows[r];
        const bool both = isfinite(k->lo) && isfinite(k->hi) && k->lo != k->hi;
        if ((k->is_cut && w->w.cuts) != cuts) continue;
        if (w->w.notes) comment(w, w->w.notes->row, r);
        if (k->lo == k->hi)
            row(w, r, "", "=", k->lo);
        else if (isfinite(k->lo))
            row(w, r, both ? "_lo" : "", ">=", k->lo);
        if (k->lo != k->hi && isfinite(k->hi)) row(w, r, both ? "_up" : "", "<=", k->hi);
    }
}

/* Returns true for a column to be listed among the Binaries. A user's fixed binary is listed among the Generals, as
 * some readers forget the bounds of Binaries. */
static bool is_binary(const writer *w, const nm_col *c)
{
    return !w->w.user || (c->lo == 0 && c->hi == 1);
}

static void write_integers(writer *w, const char *title, bool binary)
{
    for (size_t j = 0; j < w->m->n_cols; j++) {
        const nm_col *c = &w->m->cols[j];
        if (!c->is_int || is_binary(w, c) != binary) continue;
        if (title) nm_out_put(w->o, "%s", title);
        title = NULL;
        nm_out_put(w->o, " %s\n", c->name);
    }
}

static void write_bounds(writer *w)
{
    nm_out *o = w->o;
    nm_out_put(o, "Bounds\n");
    for (size_t j = 0; j < w->m->n_cols; j++) {
        const nm_col *c = &w->m->cols[j];
        if (c->is_int && c->lo == 0 && c->hi == 1) continue;
        if (w->w.notes) comment(w, w->w.notes->col, j);
        nm_out_put(o, " ");
        if (c->lo == c->hi) {
            nm_out_put(o, "%s = ", c->name);
            nm_out_num(o, c->lo);
        } else if (isinf(c->hi)) {
            nm_out_put(o, isinf(c->lo) ? "%s free" : "%s >= ", c->name);
            if (isfinite(c->lo)) nm_out_num(o, c->lo);
        } else {
            if (isinf(c->lo))
                nm_out_put(o, "-inf");
            else
                nm_out_num(o, c->lo);
            nm_out_put(o, " <= %s <= ", c->name);
            nm_out_num(o, c->hi);
        }
        nm_out_put(o, "\n");
    }
    write_integers(w, "Generals\n", false);
    write_integers(w, "Binaries\n", true);
}

static void write_sets(writer *w)
{
    if (w->m->n_sos) nm_out_put(w->o, "SOS\n");
    for (size_t k = 0; k < w->m->n_sos; k++) {
        const nm_sos1 *s = &w->m->sos[k];
        nm_out_put(w->o, w->w.dialect->spaced ? " %s: S1 ::" : " %s: S1::", s->name);
        for (size_t t = 0; t < s->n; t++)
            nm_out_put(w->o, w->w.dialect->spaced ? " %s : %zu" : " %s:%zu",
                       w->m->cols[s->j[t]].name, t + 1);
        nm_out_put(w->o, "\n");
    }
}

static void write_head(writer *w)
{
    nm_out_put(w->o, "\\ %s\n", w->m->name);
    if (!w->w.notes) return;
    for (const char *s = w->w.notes->head; s && *s;) {
        const size_t n = strcspn(s, "\n");
        nm_out_put(w->o, "\\ %.*s\n", (int)n, s);
        s += n + (s[n] == '\n');
    }
}

size_t nm_write_lp(nm_job *job, const nm_model *m, const char *path, nm_write_opts o, char hash[65])
{
    nm_model_audit(job, m, o.user, true);
    nm_dialect_check(job, o.dialect, true, nm_model_needs(m), m->name);
    writer w = {nm_out_open(job, path), m, o, 0, 0};
    bool cuts = false;
    for (size_t r = 0; o.cuts && r < m->n_rows; r++) cuts |= m->rows[r].is_cut;
    nm_out_hash(w.o, hash);
    write_head(&w);
    nm_out_put(w.o, "Minimize\n obj:");
    w.at = 5;
    for (size_t j = 0; j < m->n_cols; j++) term(&w, m->cols[j].obj, m->cols[j].name);
    if (m->n_quad) products(&w, -1, 2);
    nm_out_put(w.o, "\nSubject To\n");
    write_rows(&w, false);
    if (cuts) nm_out_put(w.o, "User Cuts\n");
    if (cuts) write_rows(&w, true);
    write_bounds(&w);
    write_sets(&w);
    nm_out_put(w.o, "End\n");
    nm_out_done(w.o);
    return w.rows;
}

/* Refuses names that a reader would truncate, so that two of them might become one. */
static void check_names(nm_job *job, const nm_model *m, const nm_dialect *d)
{
    size_t longest = 0;
    for (size_t j = 0; j < m->n_cols; j++) {
        const size_t n = strlen(m->cols[j].name);
        if (n > longest) longest = n;
    }
    for (size_t r = 0; r < m->n_rows; r++) {
        const size_t n = strlen(m->rows[r].name);
        if (n > longest) longest = n;
    }
    if (d->longest && longest > d->longest)
        nm_throw(job, NM_EUNSUP, "a name of %zu characters; dialect %s reads at most %zu", longest, d->name,
                 d->longest);
}

size_t nm_write_model(nm_job *job, const nm_model *m, const char *path, nm_write_opts o,
                      char hash[65])
{
    static const nm_write_opts none;
    if (!o.dialect) o = none, o.dialect = &nm_dialect_generic;
    check_names(job, m, o.dialect);
    return nm_is_lp(job, path) ? nm_write_lp(job, m, path, o, hash)
                               : nm_write_mps(job, m, path, o, hash);
}
