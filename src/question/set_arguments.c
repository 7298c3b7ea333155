/* set_arguments.c: what input sets share: reading arguments of --perturb, narrowing the boxes of cases. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "question/set.h"

_Noreturn void nm_setarg_bad(nm_job *job, const nm_setarg *a)
{
    const char *plus = a->arg ? strrchr(a->arg, '+')
                              : NULL; /* perhaps the mistyped name of a set */
    const size_t n = plus ? strcspn(plus + 1, ":") : 0;
    const char *guess = n ? nm_guess(job, plus + 1, n, nm_sets_words()) : NULL;
    if (guess)
        nm_throw(job, NM_EUSE, "--perturb %s: \"%.*s\" is not an input set; %s", a->flag, (int)n,
                 plus + 1, guess);
    nm_throw(job, NM_EUSE, "--perturb %s: %s was expected; netmip help sets says what it means", a->flag, a->syntax);
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

nm_file nm_setarg_file(nm_job *job, const nm_setarg *a, const char *path)
{
    if (a->dir && *path != '/') path = nm_fmt(job, "%s%s", a->dir, path);
    const nm_file f = nm_file_read(job, path);
    char hash[65];
    nm_sha256(f.data, f.n, hash);
    nm_put(a->hashes, "%s%s", a->hashes->n ? " " : "", hash);
    return f;
}

nm_tensor nm_setarg_npy(nm_job *job, const nm_setarg *a, const char *path)
{
    nm_tensor t = nm_read_npy(job, nm_setarg_file(job, a, path));
    for (size_t i = 0; i < t.n; i++)
        if (!isfinite(t.x[i])) nm_throw(job, NM_EINPUT, "%s: element %zu is not finite", path, i);
    if (t.top > 0)
        for (size_t i = 0; i < t.n; i++) t.x[i] /= t.top;
    return t;
}

nm_each nm_setarg_each(nm_job *job, const nm_setarg *a, const char *s, size_t len)
{
    nm_each e = {.n = 0};
    const char *end = s + len;
    if (nm_fraction_parse(s, end, &e.all)) return e;
    if (len > 4 && memcmp(end - 4, ".npy", 4) == 0) {
        e.path = nm_dup(job, s, len);
        const nm_tensor t = nm_setarg_npy(job, a, e.path);
        e.n = t.n;
        e.x = t.x;
        return e;
    }
    nm_setarg_bad(job, a);
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
        double *l = &c->lo[i], *h = &c->hi[i];
        if (lo > *l) *l = lo;
        if (hi < *h) *h = hi;
        if (*l > *h) c->empty = true;
    }
}

size_t nm_images_in(const nm_setting *s, const char *path, const nm_tensor *t)
{
    if (t->n == 0 || t->n % s->n || (t->n != s->n && (size_t)t->shape.dim[0] != t->n / s->n))
        nm_throw(s->job, NM_EINPUT,
                 "%s: shape %s; images of %zu elements were expected, one after the other", path,
                 nm_shape_print(s->job, t->shape), s->n);
    return t->n / s->n;
}

nm_layout nm_setting_layout(const nm_setting *s, const char *flag)
{
    nm_layout l;
    if (s->no_image) nm_throw(s->job, NM_EUNSUP, "--perturb %s: %s", flag, s->no_image);
    if (!nm_layout_find(s->shape, &l)) {
        const char *why = nm_layout_why(s->job, s->shape);
        nm_throw(s->job, strstr(why, "--channels") ? NM_EUSE : NM_EUNSUP, "--perturb %s: %s", flag,
                 why);
    }
    if (l.c * l.h * l.w != s->n)
        nm_throw(s->job, NM_EUNSUP, "--perturb %s: the network reads more than one image", flag);
    int sides = 0;
    for (int i = 0; i < s->shape.rank; i++) sides += s->shape.dim[i] != 1;
    if (sides <= 1 && s->shape.order == NM_OPEN && s->n > 1 && !s->quiet)
        nm_note(s->job, "--perturb %s: the input, of shape %s, is taken as a grey picture of %zu x %zu", flag,
                nm_shape_print(s->job, s->shape), l.h, l.w);
    return l;
}

void nm_setting_size(nm_job *job, const nm_setarg *a, const char *s, const char *end,
                     size_t size[2])
{
    int64_t h, w;
    const char *x = memchr(s, 'x', (size_t)(end - s));
    if (!x || !nm_int_parse(s, x, &h) || !nm_int_parse(x + 1, end, &w) || h < 1 || w < 1 ||
        h > 4096 || w > 4096)
        nm_setarg_bad(job, a);
    size[0] = (size_t)h;
    size[1] = (size_t)w;
}

void nm_setting_gens(nm_setting *s, nm_gens g, const char *flag)
{
    nm_gens *own = NM_NEW(s->job, nm_gens);
    if (s->n_cases != 1 || s->is_patch || s->cases[0].gens)
        nm_throw(s->job, NM_EUNSUP,
                 "--perturb %s: two sets of generators, or one and a patch, cannot be joined: both set every element, "
                 "and rounded numbers hardly ever agree; linf, l1, l2, box, free and rows can be joined",
                 flag);
    *own = g;
    s->cases[0].gens = own;
}

void nm_entries_add(nm_job *job, nm_entries *e, size_t row, size_t col, double w)
{
    if (w == 0) return;
    *NM_PUSH(job, e->row, e->n, e->cap_r) = (uint32_t)row;
    *NM_PUSH(job, e->col, e->n_c, e->cap_c) = (uint32_t)col;
    *NM_PUSH(job, e->w, e->n_w, e->cap_w) = w;
}

void nm_gens_fill(nm_job *job, nm_gens *g, const nm_entries *e)
{
    size_t *ptr = NM_ARRAY(job, size_t, g->n_in + 2);
    uint32_t *idx = NM_RAW(job, uint32_t, e->n + 1);
    double *w = NM_RAW(job, double, e->n + 1);
    for (size_t k = 0; k < e->n; k++) ptr[e->row[k] + 2]++;
    for (size_t i = 0; i < g->n_in; i++) ptr[i + 2] += ptr[i + 1];
    for (size_t k = 0; k < e->n; k++) {
        const size_t at = ptr[e->row[k] + 1]++;
        idx[at] = e->col[k];
        w[at] = e->w[k];
    }
    g->ptr = ptr;
    g->idx = idx;
    g->w = w;
}

const double *nm_setarg_radius(nm_job *job, const nm_setarg *a, bool whole)
{
    const char *s = nm_setarg_get(job, a);
    const nm_each e = nm_setarg_each(job, a, s, strlen(s));
    double *r = NM_NEW(job, double);
    if (e.x)
        nm_throw(job, NM_EUSE, "--perturb %s: one radius, not an array of them, was expected",
                 a->flag);
    if (e.all < 0 || (whole && e.all != floor(e.all)))
        nm_throw(job, NM_EUSE, "--perturb %s: %s of 0 or more was expected", a->flag,
                 whole ? "a whole number" : "a radius");
    *r = e.all;
    return r;
}

void nm_setting_ball(nm_setting *s, nm_norm norm, double radius, const nm_pixelset *pixels)
{
    const double reach = norm != NM_L0 ? radius : radius < 1 ? 0 : INFINITY;
    for (size_t i = 0; i < s->n; i++) /* rounded outward: the ball itself decides */
        nm_setting_meet(s, i, reach == 0 ? s->x[i] : nm_down(s->x[i] - reach),
                        reach == 0 ? s->x[i] : nm_up(s->x[i] + reach));
    for (size_t k = 0; k < s->n_cases; k++) {
        nm_case *c = &s->cases[k];
        nm_ball *b = NM_ARRAY(s->job, nm_ball, c->n_balls + 1);
        if (c->n_balls) memcpy(b, c->balls, c->n_balls * sizeof *b);
        b[c->n_balls++] = (nm_ball){norm, radius, s->x, pixels};
        c->balls = b;
    }
}
