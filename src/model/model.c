/* model.c: a mixed-integer model: columns, rows in CSR, names; always a minimisation. Infinity is INFINITY. Rows may
 * depend on a binary (indicators), be marked as cuts, or have products of columns besides their linear part (c x_i x_j,
 * without a factor 1/2). There may be sets of columns of which at most one is not 0 (SOS1). What a solver must support
 * is a set of NM_ bits. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

#include <strings.h>

nm_model *nm_model_new(nm_job *job, const char *name)
{
    nm_model *m = NM_NEW(job, nm_model);
    m->name = name;
    return m;
}

uint32_t nm_model_col(nm_job *job, nm_model *m, const char *name, double lo, double hi, bool is_int)
{
    if (!(isfinite(lo) && isfinite(hi)))
        nm_throw(job, NM_EUNSUP, "unit %s has no finite bound: a big-M encoding needs one", name);
    *NM_PUSH(job, m->cols, m->n_cols, m->cap_cols) = (nm_col){lo, hi, 0, is_int, name};
    return (uint32_t)m->n_cols - 1;
}

void nm_model_row(nm_job *job, nm_model *m, const char *name, double lo, double hi, size_t n,
                  const uint32_t *j, const double *c)
{
    *NM_PUSH(job, m->rows, m->n_rows, m->cap_rows) = (nm_mrow){lo, hi,    name, m->n_nz,
                                                               -1, false, false};
    for (size_t k = 0; k < n; k++) {
        if (c[k] == 0) continue;
        size_t n_c = m->n_nz;
        *NM_PUSH(job, m->j, m->n_nz, m->cap_j) = j[k];
        *NM_PUSH(job, m->c, n_c, m->cap_c) = c[k];
    }
}

void nm_model_when(nm_model *m, uint32_t z, bool on)
{
    m->rows[m->n_rows - 1].when = (int32_t)z;
    m->rows[m->n_rows - 1].on = on;
}

void nm_model_is_cut(nm_model *m) { m->rows[m->n_rows - 1].is_cut = true; }

void nm_model_sos1(nm_job *job, nm_model *m, const char *name, size_t n, const uint32_t *j)
{
    uint32_t *own = NM_RAW(job, uint32_t, n + 1);
    if (n) memcpy(own, j, n * sizeof *j);
    *NM_PUSH(job, m->sos, m->n_sos, m->cap_sos) = (nm_sos1){name, n, own};
}

void nm_model_quad(nm_job *job, nm_model *m, int64_t row, uint32_t i, uint32_t j, double c)
{
    if (c == 0) return;
    *NM_PUSH(job, m->quad, m->n_quad, m->cap_quad) = (nm_quad){row, i < j ? i : j, i < j ? j : i,
                                                               c};
}

unsigned nm_model_needs(const nm_model *m)
{
    unsigned needs = m->n_sos ? NM_SOS1 : 0;
    for (size_t r = 0; r < m->n_rows; r++) needs |= m->rows[r].when >= 0 ? NM_INDICATORS : 0;
    for (size_t k = 0; k < m->n_quad; k++)
        needs |= m->quad[k].row < 0 ? NM_QUAD_COST : NM_QUAD_ROWS;
    if ((needs & NM_QUAD_COST) && nm_model_binaries(m)) needs |= NM_QUAD_INT;
    return needs;
}

const char *nm_needs_name(unsigned needs)
{
    return needs & NM_INDICATORS  ? "indicator rows"
           : needs & NM_SOS1      ? "special ordered sets"
           : needs & NM_QUAD_COST ? "a quadratic objective"
           : needs & NM_QUAD_ROWS ? "quadratic rows"
           : needs & NM_QUAD_INT  ? "a quadratic objective of models with binaries"
           : needs & NM_CUTS      ? "user cuts"
                                  : "ranges";
}

size_t nm_row_end(const nm_model *m, size_t r)
{
    return r + 1 < m->n_rows ? m->rows[r + 1].start : m->n_nz;
}

size_t nm_model_binaries(const nm_model *m)
{
    size_t n = 0;
    for (size_t j = 0; j < m->n_cols; j++) n += m->cols[j].is_int;
    return n;
}

double nm_model_objective(const nm_model *m, const double *x)
{
    double s = 0;
    for (size_t j = 0; j < m->n_cols; j++) s += m->cols[j].obj * x[j];
    for (size_t k = 0; k < m->n_quad; k++)
        if (m->quad[k].row < 0) s += m->quad[k].c * x[m->quad[k].i] * x[m->quad[k].j];
    return s;
}

static void worse(double v, const char *name, double *worst, const char **who)
{
    if (!(v > *worst)) return;
    *worst = v;
    if (who) *who = name;
}

static void check_row(const nm_model *m, size_t r, const double *x, double *worst, const char **who)
{
    const nm_mrow *row = &m->rows[r];
    double s = 0, mag = 1;
    if (row->when >= 0 && (x[row->when] > 0.5) != row->on) return;
    for (size_t k = row->start; k < nm_row_end(m, r); k++) {
        s += m->c[k] * x[m->j[k]];
        mag += fabs(m->c[k] * x[m->j[k]]);
    }
    for (size_t k = 0; k < m->n_quad; k++) {
        if (m->quad[k].row != (int64_t)r) continue;
        const double t = m->quad[k].c * x[m->quad[k].i] * x[m->quad[k].j];
        s += t;
        mag += fabs(t);
    }
    worse((row->lo - s) / mag, row->name, worst, who);
    worse((s - row->hi) / mag, row->name, worst, who);
}

/* Checks a set: its violation is the second largest of |x|. */
static void check_sos(const nm_sos1 *s, const double *x, double *worst, const char **who)
{
    double first = 0, second = 0;
    for (size_t k = 0; k < s->n; k++) {
        const double a = fabs(x[s->j[k]]);
        second = a > first ? first : fmax(second, a);
        first = fmax(first, a);
    }
    worse(second, s->name, worst, who);
}

double nm_model_check(const nm_model *m, const double *x, const char **who)
{
    double worst = 0;
    for (size_t j = 0; j < m->n_cols; j++) {
        const nm_col *c = &m->cols[j];
        worse(c->lo - x[j], c->name, &worst, who);
        worse(x[j] - c->hi, c->name, &worst, who);
        if (c->is_int) worse(fabs(x[j] - round(x[j])), c->name, &worst, who);
    }
    for (size_t r = 0; r < m->n_rows; r++) check_row(m, r, x, &worst, who);
    for (size_t k = 0; k < m->n_sos; k++) check_sos(&m->sos[k], x, &worst, who);
    return worst;
}

static void print_quad(nm_buf *b, const nm_model *m, int64_t row)
{
    for (size_t k = 0; k < m->n_quad; k++) {
        if (m->quad[k].row != row) continue;
        nm_put(b, " ");
        nm_put_num(b, m->quad[k].c);
        nm_put(b, "*%s*%s", m->cols[m->quad[k].i].name, m->cols[m->quad[k].j].name);
    }
}

void nm_model_print(nm_buf *b, const nm_model *m)
{
    nm_put(b, "model %s rows %zu columns %zu nonzeros %zu binaries %zu\n", m->name, m->n_rows,
           m->n_cols, m->n_nz, nm_model_binaries(m));
    for (size_t j = 0; j < m->n_cols; j++) {
        nm_put(b, "%s %s in [", m->cols[j].is_int ? "int" : "col", m->cols[j].name);
        nm_put_num(b, m->cols[j].lo);
        nm_put(b, ", ");
        nm_put_num(b, m->cols[j].hi);
        nm_put(b, "] cost ");
        nm_put_num(b, m->cols[j].obj);
        nm_put(b, "\n");
    }
    for (size_t r = 0; r < m->n_rows; r++) {
        nm_put(b, m->rows[r].is_cut ? "cut %s:" : "row %s:", m->rows[r].name);
        if (m->rows[r].when >= 0)
            nm_put(b, " if %s = %d:", m->cols[m->rows[r].when].name, m->rows[r].on);
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
            nm_put(b, " ");
            nm_put_num(b, m->c[k]);
            nm_put(b, "*%s", m->cols[m->j[k]].name);
        }
        print_quad(b, m, (int64_t)r);
        if (isfinite(m->rows[r].lo)) nm_put(b, " >= "), nm_put_num(b, m->rows[r].lo);
        if (isfinite(m->rows[r].hi)) nm_put(b, " <= "), nm_put_num(b, m->rows[r].hi);
        nm_put(b, "\n");
    }
    for (size_t k = 0; k < m->n_sos; k++) {
        nm_put(b, "sos1 %s:", m->sos[k].name);
        for (size_t t = 0; t < m->sos[k].n; t++) nm_put(b, " %s", m->cols[m->sos[k].j[t]].name);
        nm_put(b, "\n");
    }
    if (nm_model_needs(m) & NM_QUAD_COST) {
        nm_put(b, "cost of products:");
        print_quad(b, m, -1);
        nm_put(b, "\n");
    }
}

static bool bad_name(const char *s)
{
    static const char *const words[] = {
        "bin",      "gen",     "min",      "max",     "st",     "end",      "free",
        "semi",     "sos",     "bounds",   "bound",   "binary", "binaries", "general",
        "generals", "integer", "integers", "subject", "such",   "minimize", "maximize",
        "rhs",      "rows",    "ranges",   "sets",    "name",   "objsense", "indicators",
        "endata",   "rhsset",  "rngset",   "bndset",  "objrow", "marker",   NULL};
    const size_t n = strlen(s);
    if (n == 0 || n > 60 || !strncasecmp(s, "inf", 3) || !strncasecmp(s, "nan", 3) ||
        strchr("eE", s[0]))
        return true;
    for (size_t i = 0; i < n; i++) {
        const bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
                            s[i] == '_';
        if (!letter && !(i > 0 && s[i] >= '0' && s[i] <= '9')) return true;
    }
    for (const char *const *w = words; *w; w++)
        if (strcasecmp(*w, s) == 0) return true;
    return false;
}

/* Returns true for a user's name that cannot be expressed in the format; it need not be safe in every reader. To some
 * readers of LP, brackets, / and | mean something else (measured: CBC, GLPK, HiGHS, SYMPHONY), while those of MPS take
 * all characters but blanks. */
static bool bad_user_name(const char *s, bool lp)
{
    static const char *const words[] = {"st", "s.t.", "st.", "bounds", "bound", "free", "end", "general", "generals",
                                        "gen", "integer", "integers", "int", "binary", "binaries", "bin", "sos", "sos1",
                                        "sos2", "semi", "semis", "inf", "infinity", "subject", "such", "max", "min",
                                        "maximize", "minimize", "maximum", "minimum", "lazy", "user", "nan", NULL};
    const size_t n = strlen(s);
    if (n == 0 || n > 255) return true;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] <= ' ' || s[i] == 127) return true;
    if (!lp) return s[0] == '*' || s[0] == '$' || s[0] == '\'' || !strcmp(s, "OBJROW") || !strcmp(s, "RHSSET");
    for (size_t i = 0; i < n; i++) {
        const bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '_';
        const bool more = (s[i] >= '0' && s[i] <= '9') || strchr("!\"#$%&(),.;?@`'{}~", s[i]);
        if (!letter && !(i > 0 && more)) return true;
    }
    if (strchr("eE", s[0]) && s[1] >= '0' && s[1] <= '9') return true; /* 3 e5 would be a number */
    for (const char *const *w = words; *w; w++)
        if (strcasecmp(*w, s) == 0) return true;
    return false;
}

static void audit_name(nm_job *job, const char *what, const char *name, bool user, bool lp)
{
    if (!user && bad_name(name)) nm_throw(job, NM_EUNSUP, "%s name \"%s\" is not safe in every reader", what, name);
    const bool second = lp && *what == 'r' && !strcasecmp(name, "obj"); /* the objective's name */
    if (user && (bad_user_name(name, lp) || second))
        nm_throw(job, NM_EUNSUP, "%s name \"%s\" cannot be written in %s%s", what, name, lp ? "LP" : "MPS",
                 lp ? "; a .mps file was expected" : "");
}

void nm_model_audit(nm_job *job, const nm_model *m, bool user, bool lp)
{
    if (m->n_rows == 0 || m->n_cols == 0)
        nm_throw(job, NM_EUNSUP, "a model without rows or columns cannot be written");
    for (size_t j = 0; j < m->n_cols; j++) {
        const nm_col *c = &m->cols[j];
        audit_name(job, "column", c->name, user, lp);
        if (!isfinite(c->obj) || !(c->lo <= c->hi))
            nm_throw(job, NM_EUNSUP, "column %s has bounds or costs that cannot be written",
                     c->name);
    }
    for (size_t r = 0; r < m->n_rows; r++) {
        audit_name(job, "row", m->rows[r].name, user, lp);
        if (isnan(m->rows[r].lo) || isnan(m->rows[r].hi))
            nm_throw(job, NM_EUNSUP, "row %s has a side that is not a number", m->rows[r].name);
        if (isinf(m->rows[r].lo) && isinf(m->rows[r].hi))
            nm_throw(job, NM_EUNSUP, "row %s has no side", m->rows[r].name);
    }
    for (size_t k = 0; k < m->n_nz; k++)
        if (!isfinite(m->c[k]) || fabs(m->c[k]) > 1e15)
            nm_throw(job, NM_EUNSUP,
                     "a coefficient of %s cannot be written: readers refuse 1e15 and more",
                     m->cols[m->j[k]].name);
}

nm_columns nm_model_columns(nm_job *job, const nm_model *m)
{
    if (nm_model_needs(m))
        nm_throw(job, NM_EUNSUP,
                 "the embedded CBC and Clp do not support %s; write the model and use another solver",
                 nm_needs_name(nm_model_needs(m)));
    nm_columns c = {NM_ARRAY(job, int, m->n_cols + 2), NM_RAW(job, int, m->n_nz + 1),
                    NM_RAW(job, double, m->n_nz + 1), NM_RAW(job, double, 3 * m->n_cols + 1),
                    NM_RAW(job, double, 2 * m->n_rows + 1)};
    for (size_t k = 0; k < m->n_nz; k++) c.start[m->j[k] + 2]++;
    for (size_t j = 0; j < m->n_cols; j++) c.start[j + 2] += c.start[j + 1];
    for (size_t r = 0; r < m->n_rows; r++) {
        c.rows[r] = m->rows[r].lo;
        c.rows[m->n_rows + r] = m->rows[r].hi;
        for (size_t k = m->rows[r].start; k < nm_row_end(m, r); k++) {
            const int at = c.start[m->j[k] + 1]++;
            c.index[at] = (int)r;
            c.value[at] = m->c[k];
        }
    }
    for (size_t j = 0; j < m->n_cols; j++) {
        c.cols[j] = m->cols[j].lo;
        c.cols[m->n_cols + j] = m->cols[j].hi;
        c.cols[2 * m->n_cols + j] = m->cols[j].obj;
    }
    return c;
}
