/* report_range.c: the two ends of a measured value (NM_RANGE), as JSON and as text, and the inputs that attain them. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "search/search.h"
#include "answer/answer.h"

static void put_end(nm_buf *b, const char *bound, const char *value, const nm_range *e)
{
    if (isfinite(e->bound)) nm_put(b, ", \"%s\": ", bound), nm_put_num(b, e->bound);
    if (e->at) {
        nm_put(b, ", \"%s\": ", value);
        nm_put_num(b, e->value);
        nm_put(b, ", \"%s_error\": ", value);
        nm_put_num(b, e->at->err64);
    }
    if (e->target) nm_put(b, ", \"%s_target\": ", value), nm_put_json(b, e->target);
    if (e->file) nm_put(b, ", \"%s_file\": ", value), nm_put_json(b, e->file);
}

void nm_range_json(nm_buf *b, const nm_query *q, const nm_verdict *v)
{
    nm_put(b, ", \"range\": {\"of\": ");
    nm_put_json(b, q->form ? q->form : "");
    put_end(b, "lo", "min", &v->least);
    put_end(b, "hi", "max", &v->most);
    if (v->least.bound == INFINITY || v->most.bound == -INFINITY) nm_put(b, ", \"empty\": true");
    nm_put(b, "}");
}

static void text_end(nm_buf *b, const char *name, const char *least, const nm_range *e)
{
    if (isnan(e->bound)) return;
    nm_put(b, "  %s:", name);
    if (e->at) nm_put(b, " %.9g attained (target %s, +- %.1e)", e->value, e->target, e->at->err64);
    if (isfinite(e->bound))
        nm_put(b, "%s proven to be at %s %.9g", e->at ? "," : "", least, e->bound);
    if (!e->at && !isfinite(e->bound))
        nm_put(b, (e->bound > 0) == (*least == 'l') ? " none: the input set is empty" : " unknown");
    if (e->file) nm_put(b, "  %s", e->file);
    nm_put(b, "\n");
}

void nm_range_text(nm_buf *b, const nm_query *q, const nm_verdict *v)
{
    nm_put(b, "  %s\n", q->form ? q->form : "");
    text_end(b, "min", "least", &v->least);
    text_end(b, "max", "most", &v->most);
}

static const char *write_end(nm_job *job, const char *dir, const char *name, const nm_query *q,
                             const nm_range *e)
{
    if (!e->at) return NULL;
    const char *path = nm_fmt(job, "%s/%s.npy", dir, name);
    const nm_shape flat = nm_shape_of(1, (int64_t[]){(int64_t)q->n_in});
    nm_write_npy(job, path,
                 q->shape.rank && nm_shape_size(job, q->shape) == q->n_in ? q->shape : flat,
                 e->at->x);
    nm_draw_image(job, nm_fmt(job, "%s/%s.png", dir, name), q->shape, e->at->x);
    return path;
}

void nm_range_files(nm_job *job, const char *dir, const nm_query *q, nm_verdict *v)
{
    if (!dir || !v->has_range) return;
    v->least.file = write_end(job, dir, "min", q, &v->least);
    v->most.file = write_end(job, dir, "max", q, &v->most);
}
