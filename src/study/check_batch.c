/* check_batch.c: reports what a campaign is about to read before it starts: images, labels, the network's clean
 * accuracy, radius and domain in the images' units.
 *
 * Impossible labels (too few, outside of the outputs) and images about which no sample can be asked are refused. What
 * is possible but probably a mistake gives a warning: an accuracy below chance, the same prediction for all samples,
 * values in other units. The network is evaluated once for each sample asked for, or for LIMIT of them, evenly spread;
 * the campaign reuses these outputs. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "study/study.h"

enum { LIMIT = 2000, FEW = 10, SHOWN = 20 }; /* samples evaluated; too few to judge; classes of a histogram */

typedef struct {
    size_t n, hits, out;  /* evaluated; rightly classified; with values outside the domain */
    double lo, hi;        /* values of the images */
    bool bytes;
    nm_shape shape;
    size_t *predicted;    /* [labels] samples predicted as each label */
    size_t classes, labels; /* distinct predictions; distinct labels */
} view;

/* Requires the labels of the samples asked for to be outputs. */
static void check_labels(nm_job *job, const nm_campaign *c)
{
    const nm_dataset *l = &c->labels;
    double lo = INFINITY, hi = -INFINITY;
    if (l->count < c->to)
        nm_throw(job, NM_EINPUT, "%s: %lld labels for samples %lld to %lld: there are too few", l->f.path,
                 (long long)l->count, (long long)c->from, (long long)c->to - 1);
    for (int64_t i = 0; i < l->count; i++) {
        lo = fmin(lo, l->label[i]);
        hi = fmax(hi, l->label[i]);
    }
    const char *from_one = lo == 1 && hi == (double)nm_net_labels(c->net)
                               ? "; the labels start at 1, but outputs are counted from 0"
                               : "";
    for (int64_t i = c->from; i < c->to; i++)
        if (nm_campaign_asks(c, i) && (l->label[i] < 0 || l->label[i] >= (double)nm_net_labels(c->net)))
            nm_throw(job, NM_EINPUT, "%s: the label of sample %lld is %s; the network has outputs 0 to %zu%s",
                     l->f.path, (long long)i, nm_num_text(job, l->label[i]), nm_net_labels(c->net) - 1, from_one);
    if (l->count != c->images.count)
        nm_warn(job, "%s has %lld labels, but %s has %lld images: do they belong together?", l->f.path,
                (long long)l->count, c->images.f.path, (long long)c->images.count);
}

/* Evaluates one sample; y [n_out] receives the outputs. */
static void look(nm_job *job, const nm_campaign *c, view *v, int64_t sample, double lo, double hi, double *y)
{
    const nm_tensor t = nm_dataset_get(job, nm_net_form(c->net), &c->images, sample);
    bool out = false;
    for (size_t i = 0; i < t.n; i++) {
        v->lo = fmin(v->lo, t.x[i]);
        v->hi = fmax(v->hi, t.x[i]);
        out |= t.x[i] < lo || t.x[i] > hi;
    }
    v->out += out;
    v->bytes = t.top > 0;
    v->shape = t.shape;
    memcpy(y, nm_net_eval(job, c->net, t.x, false, NULL), c->net->n_out * sizeof *y);
    const size_t said = (size_t)nm_net_label(c->net, y);
    v->predicted[said]++;
    v->hits += c->has_labels && (double)said == c->labels.label[sample];
    v->n++;
}

static view look_all(nm_job *job, nm_campaign *c, double lo, double hi)
{
    const int64_t n = c->to - c->from, step = n > LIMIT ? (n + LIMIT - 1) / LIMIT : 1;
    view v = {.lo = INFINITY, .hi = -INFINITY, .predicted = NM_ARRAY(job, size_t, nm_net_labels(c->net))};
    bool *seen = NM_ARRAY(job, bool, nm_net_labels(c->net));
    c->clean = NM_ARRAY(job, const double *, (size_t)n);
    for (int64_t i = c->from; i < c->to && !nm_stopped(job); i += step) {
        if (!nm_campaign_asks(c, i)) continue;
        double *y = NM_RAW(job, double, c->net->n_out);
        c->clean[i - c->from] = y;
        const nm_mark mark = nm_mark_get(job);
        look(job, c, &v, i, lo, hi, y);
        nm_mark_release(job, mark);
        if (c->has_labels) seen[(size_t)c->labels.label[i]] = true;
    }
    for (size_t j = 0; j < nm_net_labels(c->net); j++) {
        v.classes += v.predicted[j] > 0;
        v.labels += seen[j];
    }
    return v;
}

/* "0 x 12, 1 x 9, .." */
static const char *histogram(nm_job *job, size_t n, const size_t *count)
{
    nm_buf b = {.job = job};
    size_t shown = 0, more = 0;
    for (size_t j = 0; j < n; j++) {
        if (!count[j]) continue;
        if (shown++ < SHOWN)
            nm_put(&b, "%s%zu x %zu", b.n ? ", " : "", j, count[j]);
        else
            more++;
    }
    if (more) nm_put(&b, " and %zu more classes", more);
    return b.s ? b.s : "none";
}

static void say_labels(nm_job *job, const nm_campaign *c)
{
    const nm_dataset *l = &c->labels;
    double lo = INFINITY, hi = -INFINITY;
    for (int64_t i = 0; i < l->count; i++) {
        lo = fmin(lo, l->label[i]);
        hi = fmax(hi, l->label[i]);
    }
    if (!l->count) return;
    size_t *count = NM_ARRAY(job, size_t, (size_t)fmax(hi, 0) + 1);
    for (int64_t i = 0; i < l->count; i++)
        if (l->label[i] >= 0) count[(size_t)l->label[i]]++;
    nm_note(job, "labels: %lld from %g to %g: %s", (long long)l->count, lo, hi,
            histogram(job, (size_t)fmax(hi, 0) + 1, count));
}

static void say_images(nm_job *job, const nm_campaign *c, const view *v)
{
    const char *which = v->n < (size_t)(c->to - c->from) ? nm_fmt(job, "%zu of them, evenly spread,", v->n) : "these";
    nm_note(job, "images: %lld of shape %s, %s; samples %lld to %lld are asked for; %s have values from %g to %g",
            (long long)c->images.count, nm_shape_print(job, v->shape),
            v->bytes ? "bytes, divided by 255" : "floats, taken as they are", (long long)c->from,
            (long long)c->to - 1, which, v->lo, v->hi);
}

static void say_accuracy(nm_job *job, const nm_campaign *c, const view *v)
{
    const size_t labels = nm_net_labels(c->net);
    const double chance = (double)v->n / (double)labels;
    size_t said = 0;
    while (said + 1 < labels && !v->predicted[said]) said++;
    if (c->has_labels)
        nm_note(job, "clean accuracy: %zu of %zu samples (%.4g %%)", v->hits, v->n,
                100 * (double)v->hits / (double)v->n);
    else
        nm_note(job,
                "no --labels: the network's own predictions are taken as labels, so that no sample counts as "
                "misclassified: %s",
                histogram(job, labels, v->predicted));
    if (v->n < FEW) return;
    if (c->has_labels && (double)v->hits < chance)
        nm_warn(job,
                "the network classifies %zu of %zu samples as their labels say, which is below chance: are these its "
                "images and labels, in its order of channels and with its --mean and --std?",
                v->hits, v->n);
    if (v->classes == 1 && (!c->has_labels || v->labels > 1))
        nm_warn(job,
                "the network predicts %zu for all %zu samples: are these its images, in its order of channels and "
                "with its --mean and --std?",
                said, v->n);
}

/* Reports the question in the images' units, and also in bytes if they were bytes. */
static void say_question(nm_job *job, const nm_campaign *c, const view *v, double lo, double hi)
{
    const char *set = c->around.sets->text, *colon = strchr(set, ':');
    double e;
    const bool one = colon && strncmp(set, "linf:", 5) == 0 && nm_fraction_parse(colon + 1, set + strlen(set), &e);
    const char *bytes = v->bytes && one ? nm_fmt(job, "; in bytes %.6g, and [%g,%g]", e * 255, lo * 255, hi * 255) : "";
    const char *target = c->around.target ? nm_fmt(job, ", --target %s", c->around.target) : "";
    nm_note(job, "question: --perturb %s%s, domain [%g,%g]%s%s", set, one ? nm_fmt(job, " (%.6g)", e) : "", lo, hi,
            bytes, target);
}

void nm_check_campaign(nm_job *job, nm_campaign *c)
{
    double lo, hi;
    nm_net_want_label(job, c->net);
    nm_around_domain(c->net, &c->around, &lo, &hi);
    if (c->has_labels) check_labels(job, c);
    nm_check_means(job, c->net, lo, hi);
    nm_check_radius(job, c->net, c->around.sets, lo, hi);
    if (c->from >= c->to) return;
    const view v = look_all(job, c, lo, hi);
    if (!v.n) return;
    say_images(job, c, &v);
    if (c->has_labels) say_labels(job, c);
    say_accuracy(job, c, &v);
    say_question(job, c, &v, lo, hi);
    nm_check_values(job, c->net, c->images.f.path, v.bytes, v.lo, v.hi, lo, hi);
    if (v.out == v.n)
        nm_throw(job, NM_EINPUT,
                 "%s: all images have values outside the domain [%g,%g]: --domain was expected, or, where they are "
                 "normalised already, the images as they were, with --mean and --std",
                 c->images.f.path, lo, hi);
    if (v.out)
        nm_warn(job, "%s: %zu of %zu images have values outside the domain [%g,%g]; they cannot be asked about",
                c->images.f.path, v.out, v.n, lo, hi);
}
