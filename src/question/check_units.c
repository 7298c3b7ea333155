/* check_units.c: warns of values that are probably in other units than the question's: pixels from 0 to 255 where
 * pixels from 0 to 1 are meant, or the reverse.
 *
 * Bytes are divided by 255 when they are read, floats are taken as they are, and radius, domain and means are in these
 * units. A mistake would answer a different question, so the warnings appear even with --quiet; nothing is changed. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "question/set.h"

void nm_around_domain(const nm_net *net, const nm_around *a, double *lo, double *hi)
{
    *lo = a->lo;
    *hi = a->hi;
    if (!a->own_range || !net->lo) return;
    *lo = INFINITY;
    *hi = -INFINITY;
    for (size_t i = 0; i < net->n_in; i++) {
        *lo = fmin(*lo, net->lo[i]);
        *hi = fmax(*hi, net->hi[i]);
    }
}

/* Returns the numbers of a list, divided by 255. */
static const char *scaled(nm_job *job, const char *list)
{
    nm_buf b = {.job = job};
    for (const char *s = list; s && *s;) {
        double x;
        const char *end = s + strcspn(s, ",");
        if (nm_num_parse(s, end, &x)) nm_put(&b, b.n ? ",%.4g" : "%.4g", x / 255);
        s = end + (*end == ',');
    }
    return b.s ? b.s : "";
}

/* Returns the first number of the list outside of [lo,hi], or NAN. */
static double outside(const char *list, double lo, double hi)
{
    for (const char *s = list; s && *s;) {
        double x;
        const char *end = s + strcspn(s, ",");
        if (nm_num_parse(s, end, &x) && (x < lo || x > hi)) return x;
        s = end + (*end == ',');
    }
    return NAN;
}

void nm_check_means(nm_job *job, const nm_net *net, double lo, double hi)
{
    const nm_front *f = net->front;
    if (!f) return;
    const double mean = outside(f->mean, lo, hi), std = outside(f->std, 0, hi - lo);
    const bool pixels = hi - lo <= 2 && (isnan(mean) || (mean >= 0 && mean <= 255)) &&
                        (isnan(std) || std <= 255);
    const char *means = pixels && !isnan(mean)
                            ? nm_fmt(job,
                                     "; probably --mean %s is meant, the same for pixels "
                                     "from 0 to 1",
                                     scaled(job, f->mean))
                            : "";
    const char *stds = pixels && !isnan(std)
                           ? nm_fmt(job,
                                    "; probably --std %s is meant, the same for pixels from "
                                    "0 to 1",
                                    scaled(job, f->std))
                           : "";
    if (!isnan(mean))
        nm_warn(job, "--mean %s: %s lies outside the domain [%s,%s] of the pixels%s", f->mean,
                nm_num_text(job, mean), nm_num_text(job, lo), nm_num_text(job, hi), means);
    if (!isnan(std))
        nm_warn(job, "--std %s: %s is larger than the width of the pixels' domain [%s,%s]%s",
                f->std, nm_num_text(job, std), nm_num_text(job, lo), nm_num_text(job, hi), stds);
}

void nm_check_radius(nm_job *job, const nm_net *net, const nm_sets *sets, double lo, double hi)
{
    const double n = (double)net->n_in, wide = hi - lo;
    const char *s = sets->text;
    for (size_t k = 0; k < sets->n; k++) {
        const char *end = s + strcspn(s, "+"), *arg = s + strcspn(s, ":") + 1;
        double e;
        if (sets->part[k].set->most && nm_fraction_parse(arg, end, &e) &&
            e > sets->part[k].set->most(wide, n))
            nm_warn(job,
                    "--perturb %.*s: the radius is larger than the domain [%s,%s], so that the set "
                    "is all of it%s",
                    (int)(end - s), s, nm_num_text(job, lo), nm_num_text(job, hi),
                    wide <= 2 && e > 1 && e <= 255
                        ? nm_fmt(job, "; probably %.*s/255 is meant", (int)(end - s), s)
                        : "");
        s = end + (*end == '+');
    }
}

void nm_check_values(nm_job *job, const nm_net *net, const char *what, bool bytes, double lo,
                     double hi, double dlo, double dhi)
{
    const double top = net->front ? outside(net->front->mean, -2, 2) : NAN;
    if (net->n_in < 16) return; /* too small for a picture */
    if (!bytes && lo >= 0 && hi > 2 && hi <= 255 && hi > dhi && isnan(top))
        nm_warn(job,
                "%s: numbers from %s to %s, and the domain is [%s,%s]: only bytes (uint8) are divided by "
                "255; if the "
                "network reads pixels from 0 to 1, divide the file by 255, else say --domain 0,255",
                what, nm_num_text(job, lo), nm_num_text(job, hi), nm_num_text(job, dlo),
                nm_num_text(job, dhi));
    else if (dhi >= 100 && hi <= 1 && hi > 0 && lo >= 0)
        nm_warn(job,
                "%s: values from %s to %s, and the domain is [%s,%s]: pixels are from 0 to 1 here "
                "(bytes are "
                "divided by 255); probably --domain 0,1 is meant",
                what, nm_num_text(job, lo), nm_num_text(job, hi), nm_num_text(job, dlo),
                nm_num_text(job, dhi));
}

void nm_check_around(nm_job *job, const nm_net *net, const nm_around *a, nm_tensor t,
                     const char *what)
{
    double lo = INFINITY, hi = -INFINITY, dlo, dhi;
    nm_around_domain(net, a, &dlo, &dhi);
    for (size_t i = 0; i < t.n; i++) {
        lo = fmin(lo, t.x[i]);
        hi = fmax(hi, t.x[i]);
    }
    nm_check_means(job, net, dlo, dhi);
    nm_check_radius(job, net, a->sets, dlo, dhi);
    if (t.n) nm_check_values(job, net, what, t.top > 0, lo, hi, dlo, dhi);
}
