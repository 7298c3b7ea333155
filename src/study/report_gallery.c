/* report_gallery.c: original | perturbed | difference of the witnesses that a campaign saved, nearest ones first. A
 * picture that cannot be made is left out, and how many were: a report must not fail because a file moved. */
#include "base/base.h"
#include "data/data.h"
#include "study/study.h"
#include "study/html.h"
#include "study/report.h"
#include "study/results.h"

#include <stdlib.h>

enum { MOST = 200 }; /* pictures of a campaign */

typedef struct {
    const nm_results *r;
    const nm_reported *from;
    const nm_dataset *images;
    const nm_outcome *o;
    nm_buf png;
} picture;

static void draw(nm_job *job, void *arg)
{
    picture *p = arg;
    const nm_tensor w = nm_read_npy(
        job, nm_file_read(job, nm_fmt(job, "%s/%s", p->r->dir, p->o->witness)));
    const nm_tensor x = nm_dataset_get(job, *p->from->form, p->images, p->o->sample);
    if (w.n == x.n) p->png = nm_triptych_png(job, w.shape, x.x, w.x);
}

typedef struct {
    const nm_reported *from;
    nm_dataset images;
} source;

static void open_images(nm_job *job, void *arg)
{
    source *s = arg;
    s->images = nm_dataset_open(job, *s->from->form, s->from->images);
}

static double nearness(const nm_outcome *o)
{
    return isfinite(o->distance) ? o->distance : INFINITY;
}

static int nearer(const void *a, const void *b)
{
    const nm_outcome *x = *(const nm_outcome *const *)a, *y = *(const nm_outcome *const *)b;
    const double s = nearness(x), t = nearness(y);
    return s != t ? (s > t) - (s < t) : (x->sample > y->sample) - (x->sample < y->sample);
}

static void put_one(nm_buf *b, const picture *p)
{
    nm_job *job = b->job;
    const nm_outcome *o = p->o;
    const char *far = isfinite(o->distance) ? nm_fmt(job, ", distance %.4g", o->distance) : "";
    const char *caption = nm_fmt(job, "sample %lld: %lld becomes %lld%s", (long long)o->sample,
                                 (long long)o->label, (long long)o->witness_class, far);
    nm_html_picture(b, &p->png,
                    nm_fmt(job,
                           "Sample %lld: the original, of class %lld; the perturbed image, which "
                           "the network takes "
                           "for class %lld; and their difference%s",
                           (long long)o->sample, (long long)o->label, (long long)o->witness_class,
                           far),
                    caption);
}

static void put_figures(nm_buf *b, picture *p, const nm_outcome *const *x, size_t n, size_t *budget)
{
    size_t failed = 0, over = 0;
    nm_put(b, "<div class=gallery>\n");
    for (size_t i = 0; i < n; i++) {
        p->o = x[i];
        p->png = (nm_buf){.job = b->job};
        if (i >= MOST || !*budget) {
            over++;
        } else if (nm_run(b->job, draw, p) || !p->png.n) {
            failed++;
        } else if (p->png.n * 4 / 3 + 600 > *budget) {
            over++;
            *budget = 0;
        } else {
            *budget -= p->png.n * 4 / 3 + 600;
            put_one(b, p);
        }
    }
    nm_put(b, "</div>\n");
    if (over)
        nm_html_say(b, "p",
                    nm_fmt(b->job, "%zu more witnesses are in %s/witness.", over, p->r->dir));
    if (failed) nm_html_say(b, "p", nm_fmt(b->job, "%zu witnesses could not be drawn.", failed));
}

size_t nm_put_gallery(nm_buf *b, const nm_results *r, const nm_reported *from, size_t budget)
{
    nm_job *job = b->job;
    const nm_outcome **x = NM_RAW(job, const nm_outcome *, r->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (*r->row[i].witness) x[n++] = &r->row[i];
    if (!n) return budget;
    qsort(x, n, sizeof *x, nearer);
    nm_html_section(b, 3, NULL, "Counterexamples: original | perturbed | difference");
    nm_html_say(b, "p",
                "The nearest first. The difference is drawn around grey; the bar below shows its "
                "range, from "
                "minus to plus its largest magnitude.");
    source s = {.from = from};
    const int failed = from->form ? nm_run(job, open_images, &s) : 0;
    if (!from->form || failed)
        nm_html_say(
            b, "p",
            nm_fmt(job, "No pictures: %s.", failed ? nm_message_of(job, failed) : from->why));
    else
        put_figures(b, &(picture){.r = r, .from = from, .images = &s.images}, x, n, &budget);
    nm_html_end(b);
    return budget;
}
