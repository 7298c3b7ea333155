/* solution.c: a solver's answer: finds the format by content, reads the status first, then values by name. */
#include "base/base.h"
#include "data/data.h"
#include "model/model.h"
#include "solver/solver.h"
#include "solver/format.h"

static const nm_soldialect *const dialects[] = {
#define SOL(x) &nm_sol_##x,
#include "solver/formats.def"
#undef SOL
};

const char *nm_solstatus_name(nm_solstatus s)
{
    static const char *const name[] = {"optimal", "feasible", "infeasible", "unbounded",
                                       "no answer"};
    return name[s];
}

/* Returns the format whose reader is surest about the text; throws if two are equally sure. */
static const nm_soldialect *pick(nm_job *job, nm_file f)
{
    const nm_soldialect *best = NULL, *rival = NULL;
    int score = 0;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        const int s = dialects[i]->sniff((const char *)f.data, f.n);
        if (s > 0 && s == score) rival = dialects[i];
        if (s <= score) continue;
        best = dialects[i];
        rival = NULL;
        score = s;
    }
    if (rival)
        nm_throw(job, NM_EINPUT, "%s: may be a solution of %s or of %s", f.path,
                 best->name, rival->name);
    if (best) return best;
    nm_buf b = {.job = job};
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        nm_put(&b, i ? ", %s" : "%s", dialects[i]->name);
    nm_throw(job, NM_EINPUT, "%s: not a solution file that can be read (%s)", f.path, b.s);
}

bool nm_sol_is(nm_file f)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (f.n > 0 && dialects[i]->sniff((const char *)f.data, f.n) > 0) return true;
    return false;
}

nm_sol *nm_sol_read(nm_job *job, const char *path)
{
    const nm_file f = nm_file_read(job, path);
    if (f.n == 0)
        nm_throw(job, NM_EINPUT,
                 "%s: is empty: the solver crashed, or was stopped, before it wrote its answer. CBC "
                 "2.10 crashes where bounds alone show that a model is infeasible: run it again "
                 "without `solution` and keep what it prints (cbc MODEL -preprocess off solve > "
                 "%s), or ask another solver (glpsol --freemps MODEL --nopresol -o %s)",
                 path, path, path);
    if (memchr(f.data, 0, f.n)) {
        const char *what = nm_sniff(job, f);
        nm_throw(job, NM_EINPUT, "%s: %s; a solution file was expected", path, what ? what : "a NUL byte in text");
    }
    const nm_soldialect *d = pick(job, f);
    if (!d->closed && f.data[f.n - 1] != '\n')
        nm_throw(job, NM_EINPUT, "%s: the last line is cut short", path);
    nm_sol *s = NM_NEW(job, nm_sol);
    *s = (nm_sol){.solver = d->name, .objective = NAN, .bound = NAN, .n_rows = -1, .n_cols = -1};
    s->gapless = d->gapless;
    d->read(job, f, s);
    if (!*s->status_text) nm_throw(job, NM_EINPUT, "%s: the status is blank", path);
    return s;
}

nm_sol *nm_sol_answer(nm_job *job, const char *path, const char *log)
{
    const bool empty = !nm_file_exists(path) || nm_file_read(job, path).n == 0;
    if (empty && log && nm_file_exists(log) && nm_sol_is(nm_file_read(job, log))) {
        nm_sol *s = nm_sol_read(job, log);
        if (s->status == NM_SOL_INFEASIBLE) return s;
    }
    return nm_sol_read(job, path);
}

static uint32_t hash(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

typedef struct {
    uint32_t *slot;
    size_t mask;
    const char *const *cols;
} names;

static names index_names(nm_job *job, size_t n_cols, const char *const *cols)
{
    names t = {.mask = 15, .cols = cols};
    while (t.mask < 2 * n_cols) t.mask = 2 * t.mask + 1;
    t.slot = NM_ARRAY(job, uint32_t, t.mask + 1);
    for (size_t j = 0; j < n_cols; j++) {
        size_t i = hash(cols[j]) & t.mask;
        while (t.slot[i]) i = (i + 1) & t.mask;
        t.slot[i] = (uint32_t)j + 1;
    }
    return t;
}

/* Returns the column of an entry; refuses an entry whose name or index belongs to another model. */
static size_t column(nm_job *job, const names *t, size_t n_cols, const struct nm_solval *v,
                     const char *path)
{
    if (!v->name && v->index >= 0 && (size_t)v->index < n_cols) return (size_t)v->index;
    if (!v->name)
        nm_throw(job, NM_EAUDIT, "%s: column %lld is not in the map: another model's solution",
                 path, (long long)v->index);
    size_t i = hash(v->name) & t->mask;
    while (t->slot[i] && strcmp(t->cols[t->slot[i] - 1], v->name)) i = (i + 1) & t->mask;
    if (!t->slot[i])
        nm_throw(job, NM_EAUDIT, "%s: column \"%s\" is not in the map: another model's solution",
                 path, v->name);
    const size_t j = t->slot[i] - 1;
    if (v->index >= 0 && (size_t)v->index != j)
        nm_throw(job, NM_EAUDIT,
                 "%s: column \"%s\" has index %lld, and %zu in the map: another model", path,
                 v->name, (long long)v->index, j);
    return j;
}

/* Returns true for a mark: mark_ and a hash; in fixed MPS, M and the first seven digits of it. */
static bool is_mark(const char *name)
{
    return name && (strncmp(name, "mark_", 5) == 0 || (*name == 'M' && strlen(name) == 8 &&
                                                       strspn(name + 1, "0123456789abcdef") == 7));
}

bool nm_sol_names(const nm_sol *s, const char *tag)
{
    if (is_mark(s->model)) return strcmp(s->model, tag) == 0;
    for (size_t k = 0; k < s->n; k++)
        if (s->vals[k].name && strcmp(s->vals[k].name, tag) == 0) return true;
    return false;
}

/* Checks what the file says about the model as a whole: its name, if that is a mark, and its counts. */
static void check_whole(nm_job *job, const nm_sol *s, const nm_modelcard *m, const char *path)
{
    if (m->tag && is_mark(s->model) && strcmp(s->model, m->tag))
        nm_throw(job, NM_EAUDIT, "%s: answers model %s; the map's is %s", path, s->model, m->tag);
    if (s->n_cols >= 0 && (size_t)s->n_cols != m->n_cols)
        nm_throw(job, NM_EAUDIT, "%s: has %lld columns, but the map has %zu: another model", path,
                 (long long)s->n_cols, m->n_cols);
    if (s->n_rows >= 0 && (size_t)s->n_rows != m->n_rows &&
        !(s->counts_objective && (size_t)s->n_rows == m->n_rows + 1))
        nm_throw(job, NM_EAUDIT, "%s: has %lld rows, but the map has %zu: another model, or a truncated file",
                 path, (long long)s->n_rows, m->n_rows);
}

bool nm_sol_check(nm_job *job, nm_sol *s, nm_modelcard card, const char *path)
{
    const nm_modelcard *m = &card;
    const names t = index_names(job, m->n_cols, m->cols);
    bool named = m->tag && is_mark(s->model), marked = false;
    check_whole(job, s, m, path);
    for (size_t k = 0; k < s->n; k++) {
        const size_t j = column(job, &t, m->n_cols, &s->vals[k], path);
        if (!m->tag || strcmp(m->cols[j], m->tag)) continue;
        marked = !s->has_values || fabs(s->vals[k].x - 1) <= NM_INT_TOL;
        named |= s->vals[k].name != NULL;
    }
    const bool claims = s->has_values || s->status == NM_SOL_INFEASIBLE;
    if (m->tag && claims && !marked && (s->n > 0 || s->has_values || s->always_lists))
        nm_throw(job, NM_EAUDIT,
                 "%s: the model's mark, column \"%s\" with value 1, is missing: a truncated file", path,
                 m->tag);
    if (s->lp && m->n_bin > 0) {
        s->status_text = nm_fmt(job, "%s, to a relaxation without the model's integers",
                                s->status_text);
        s->status = NM_SOL_NONE;
        s->has_values = false;
    }
    return named;
}

double *nm_sol_columns(nm_job *job, const nm_sol *s, size_t n_cols, const char *const *cols,
                       const char *path)
{
    const names t = index_names(job, n_cols, cols);
    double *x = NM_ARRAY(job, double, n_cols);
    bool *seen = NM_ARRAY(job, bool, n_cols);
    for (size_t k = 0; k < s->n; k++) {
        const size_t j = column(job, &t, n_cols, &s->vals[k], path);
        if (seen[j]) nm_throw(job, NM_EINPUT, "%s: column \"%s\" is given twice", path, cols[j]);
        seen[j] = true;
        x[j] = s->vals[k].x;
    }
    for (size_t j = 0; j < n_cols && !s->sparse; j++)
        if (!seen[j])
            nm_throw(job, NM_EAUDIT,
                     "%s: column \"%s\" is missing: another model's solution, or a truncated file", path,
                     cols[j]);
    return x;
}

static void member(nm_buf *b, const char *key, double x)
{
    if (!isfinite(x)) return;
    nm_put(b, "%s ", key);
    nm_put_num(b, x);
    nm_put(b, "\n");
}

void nm_sol_print(nm_buf *b, const nm_sol *s)
{
    nm_put(b, "solution of %s: %s\nsaid: %s\n", s->solver, nm_solstatus_name(s->status),
           s->status_text);
    if (s->model) nm_put(b, "model %s\n", s->model);
    if (s->lp) nm_put(b, "of a linear program\n");
    member(b, "objective", s->objective);
    member(b, "bound", s->bound);
    if (s->n_rows >= 0) nm_put(b, "rows %lld\n", (long long)s->n_rows);
    if (s->n_cols >= 0) nm_put(b, "columns %lld\n", (long long)s->n_cols);
    nm_put(b, "%zu %s%s\n", s->n, s->sparse ? "nonzero " : "",
           s->has_values ? "values" : "columns whose values do not count");
    for (size_t k = 0; k < s->n; k++) {
        if (s->vals[k].index >= 0) nm_put(b, "%lld ", (long long)s->vals[k].index);
        nm_put(b, "%s ", s->vals[k].name ? s->vals[k].name : "-");
        nm_put_num(b, s->vals[k].x);
        nm_put(b, "\n");
    }
}
