/* sol.c: a solver's answer: the dialect by content, status first, values by name and never believed alone. */
#include "all.h"

static const nm_soldialect *const dialects[] = {
#define SOL(x) &nm_sol_##x,
#include "menu.def"
#undef SOL
};

const char *nm_solstatus_name(nm_solstatus s)
{
    static const char *const name[] = {"optimal", "feasible", "infeasible", "unbounded",
                                       "no answer"};
    return name[s];
}

nm_sol *nm_sol_read(nm_job *job, const char *path)
{
    const nm_file f = nm_file_read(job, path);
    const nm_soldialect *best = NULL;
    int score = 0;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        const int s = dialects[i]->sniff((const char *)f.data, f.n);
        if (s > score) best = dialects[i];
        if (s > score) score = s;
    }
    if (!best)
        nm_throw(job, NM_EINPUT, "%s: not a solution file that can be read (CBC, HiGHS)", path);
    if (f.n == 0 || f.data[f.n - 1] != '\n')
        nm_throw(job, NM_EINPUT, "%s: the last line is cut short", path);
    nm_sol *s = NM_NEW(job, nm_sol);
    s->solver = best->name;
    s->objective = s->bound = NAN;
    best->read(job, f, s);
    return s;
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

/* the column of an entry; another model's entry is refused by name or index */
static size_t column(nm_job *job, const names *t, const struct nm_solval *v, const char *path)
{
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

void nm_sol_check(nm_job *job, const nm_sol *s, size_t n_cols, const char *const *cols,
                  const char *tag, const char *path)
{
    const names t = index_names(job, n_cols, cols);
    bool tagged = !tag || (s->n == 0 && !s->always_lists);
    for (size_t k = 0; k < s->n; k++) {
        column(job, &t, &s->vals[k], path);
        tagged |= tag && strcmp(s->vals[k].name, tag) == 0 && fabs(s->vals[k].x - 1) <= NM_INT_TOL;
    }
    if (!tagged)
        nm_throw(job, NM_EAUDIT,
                 "%s: the model's mark, column \"%s\" with value 1, is missing: a cut file", path,
                 tag);
}

double *nm_sol_columns(nm_job *job, const nm_sol *s, size_t n_cols, const char *const *cols,
                       const char *path)
{
    const names t = index_names(job, n_cols, cols);
    double *x = NM_ARRAY(job, double, n_cols);
    bool *seen = NM_ARRAY(job, bool, n_cols);
    for (size_t k = 0; k < s->n; k++) {
        const size_t j = column(job, &t, &s->vals[k], path);
        if (seen[j]) nm_throw(job, NM_EINPUT, "%s: column \"%s\" stands twice", path, cols[j]);
        seen[j] = true;
        x[j] = s->vals[k].x;
    }
    for (size_t j = 0; j < n_cols && !s->sparse; j++)
        if (!seen[j])
            nm_throw(job, NM_EAUDIT,
                     "%s: column \"%s\" is missing: another model's solution, or a cut file", path,
                     cols[j]);
    return x;
}
