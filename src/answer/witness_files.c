/* witness_files.c: writes the files of an answer: the witness as an array and as pictures, the generators or the kernel
 * that made it, and the inputs at which the ends of a range are attained. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "judge/judge.h"
#include "search/search.h"
#include "answer/answer.h"

/* Draws the kernels of a blur side by side, one row for each output channel, each entry as 16 x 16 pixels. */
static void draw_kernels(nm_job *job, const char *path, const size_t k[4], const double *g)
{
    enum { ZOOM = 16 };
    const size_t h = k[0] * (k[2] + 1) - 1, w = k[1] * (k[3] + 1) - 1;
    double *x = NM_ARRAY(job, double, h *w), top = 0;
    for (size_t i = 0; i < k[0] * k[1] * k[2] * k[3]; i++)
        if (g[i] > top) top = g[i];
    for (size_t o = 0; o < k[0]; o++)
        for (size_t i = 0; i < k[1]; i++)
            for (size_t a = 0; a < k[2]; a++)
                for (size_t b = 0; b < k[3]; b++)
                    x[(o * (k[2] + 1) + a) * w + i * (k[3] + 1) + b] =
                        g[((o * k[1] + i) * k[2] + a) * k[3] + b] / top;
    double *big = NM_RAW(job, double, nm_mul(job, h * w, ZOOM * ZOOM));
    for (size_t i = 0; i < h * w * ZOOM * ZOOM; i++)
        big[i] = x[i / (w * ZOOM) / ZOOM * w + i % (w * ZOOM) / ZOOM];
    nm_draw_image(job, path, nm_shape_of(2, (int64_t[]){(int64_t)(h * ZOOM), (int64_t)(w * ZOOM)}),
                  big);
}

static void write_gens(nm_job *job, const char *dir, const nm_gens *g, const double *x, nm_files *f)
{
    const size_t *k = g->kernel;
    f->is_kernel = k[0] > 0;
    f->generators = nm_fmt(job, "%s/%s.npy", dir, f->is_kernel ? "kernel" : "generators");
    const nm_shape flat = nm_shape_of(1, (int64_t[]){(int64_t)g->n}),
                   four = nm_shape_of(
                       4, (int64_t[]){(int64_t)k[0], (int64_t)k[1], (int64_t)k[2], (int64_t)k[3]});
    nm_write_npy(job, f->generators, f->is_kernel ? four : flat, x);
    if (f->is_kernel) draw_kernels(job, nm_fmt(job, "%s/kernel.png", dir), k, x);
}

/* Writes an input, in the question's shape if it has the same size. */
static const char *write_input(nm_job *job, const char *path, const nm_query *q, const double *x)
{
    const nm_shape flat = nm_shape_of(1, (int64_t[]){(int64_t)q->n_in});
    nm_write_npy(job, path,
                 q->shape.rank && nm_shape_size(job, q->shape) == q->n_in ? q->shape : flat, x);
    return path;
}

nm_files nm_witness_files(nm_job *job, const char *dir, const nm_query *q, const nm_replay *r)
{
    nm_files f = {0};
    if (!dir || !r) return f;
    f.witness = write_input(job, nm_fmt(job, "%s/witness.npy", dir), q, r->x);
    f.image = nm_fmt(job, "%s/witness.png", dir);
    if (!nm_draw_image(job, f.image, q->shape, r->x)) f.image = NULL;
    f.picture = nm_fmt(job, "%s/picture.png", dir);
    if (!q->image || !nm_draw_triptych(job, f.picture, q->shape, q->image, r->x)) f.picture = NULL;
    if (r->g) write_gens(job, dir, q->cases[r->icase].gens, r->g, &f);
    return f;
}

static const char *write_end(nm_job *job, const char *dir, const char *name, const nm_query *q,
                             const nm_range *e)
{
    if (!e->at) return NULL;
    const char *path = write_input(job, nm_fmt(job, "%s/%s.npy", dir, name), q, e->at->x);
    nm_draw_image(job, nm_fmt(job, "%s/%s.png", dir, name), q->shape, e->at->x);
    return path;
}

void nm_range_files(nm_job *job, const char *dir, const nm_query *q, nm_verdict *v)
{
    if (!dir || !v->range.has) return;
    v->range.least.file = write_end(job, dir, "min", q, &v->range.least);
    v->range.most.file = write_end(job, dir, "max", q, &v->range.most);
}

void nm_files_older(nm_job *job, const char *dir, const nm_files *f, const nm_verdict *v)
{
    const char *kernel = f->is_kernel ? f->generators : NULL;
    const struct {
        const char *name, *written;
    } all[] = {{"witness.npy", f->witness},
               {"witness.png", f->image},
               {"picture.png", f->picture},
               {"generators.npy", kernel ? NULL : f->generators},
               {"kernel.npy", kernel},
               {"kernel.png", kernel},
               {"min.npy", v->range.least.file},
               {"min.png", v->range.least.file},
               {"max.npy", v->range.most.file},
               {"max.png", v->range.most.file}};
    nm_buf older = {.job = job};
    for (size_t i = 0; dir && i < sizeof all / sizeof *all; i++)
        if (!all[i].written && nm_file_exists(nm_fmt(job, "%s/%s", dir, all[i].name)))
            nm_put(&older, "%s%s", older.n ? ", " : "", all[i].name);
    if (older.n) nm_note(job, "%s: these files are not of this answer: %s", dir, older.s);
}
