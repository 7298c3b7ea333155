/* setting.c: what input sets share: arguments of --perturb, and narrowing the boxes of cases. */
#include "all.h"

_Noreturn void nm_setarg_bad(nm_job *job, const nm_setarg *a)
{
    nm_throw(job, NM_EUSE, "--perturb %s: %s was expected", a->flag, a->syntax);
}

void nm_setarg_none(nm_job *job, const nm_setarg *a)
{
    if (a->arg) nm_setarg_bad(job, a);
}

const char *nm_setarg_get(nm_job *job, const nm_setarg *a)
{
    if (!a->arg || !*a->arg) nm_setarg_bad(job, a);
    return a->arg;
}

nm_tensor nm_setarg_npy(nm_job *job, const nm_setarg *a, const char *path)
{
    if (a->dir && *path != '/') path = nm_fmt(job, "%s%s", a->dir, path);
    const nm_file f = nm_file_read(job, path);
    char hash[65];
    nm_sha256(f.data, f.n, hash);
    nm_put(a->hashes, "%s%s", a->hashes->n ? " " : "", hash);
    const nm_tensor t = nm_read_npy(job, f);
    for (size_t i = 0; i < t.n; i++)
        if (!isfinite(t.x[i])) nm_throw(job, NM_EINPUT, "%s: element %zu is not finite", path, i);
    return t;
}

nm_each nm_setarg_each(nm_job *job, const nm_setarg *a, const char *s, size_t len)
{
    nm_each e = {.n = 0};
    const char *end = s + len, *slash = memchr(s, '/', len);
    double over;
    if (nm_num_parse(s, end, &e.all)) return e;
    if (len > 4 && memcmp(end - 4, ".npy", 4) == 0) {
        e.path = nm_dup(job, s, len);
        const nm_tensor t = nm_setarg_npy(job, a, e.path);
        e.n = t.n;
        e.x = t.x;
        return e;
    }
    if (!slash || !nm_num_parse(s, slash, &e.all) || !nm_num_parse(slash + 1, end, &over) ||
        over == 0)
        nm_setarg_bad(job, a);
    e.all /= over;
    if (!isfinite(e.all)) nm_setarg_bad(job, a);
    return e;
}

double nm_each_at(const nm_setting *s, const nm_each *e, size_t i)
{
    if (!e->x) return e->all;
    if (e->n != s->n)
        nm_throw(s->job, NM_EINPUT, "%s: %zu elements; the network reads %zu", e->path, e->n, s->n);
    return e->x[i];
}

void nm_setting_meet(nm_setting *s, size_t i, double lo, double hi)
{
    for (size_t k = 0; k < s->n_cases; k++) {
        nm_case *c = &s->cases[k];
        double *l = (double *)(uintptr_t)&c->lo[i], *h = (double *)(uintptr_t)&c->hi[i];
        if (lo > *l) *l = lo;
        if (hi < *h) *h = hi;
        if (*l > *h) c->empty = true;
    }
}
