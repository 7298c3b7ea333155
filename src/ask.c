/* ask.c: a question from flags: an image, a perturbation, and which labels it must not become.
 *
 * Counterexample to target j: a point of the box with  y_j >= y_label + margin  (a tie counts at margin 0). The box of
 * linf:E is [x - E, x + E] cut to the domain, its ends the doubles nearest to x - E and x + E; that of free is the
 * domain. `any` is every other label, `N,M` a list, `not:N,M` all but these and the label. Without a label the
 * network's own prediction is taken, and the answer says so. */
#include "all.h"

#include <stdlib.h>

static _Noreturn void usage(nm_job *job, const char *flag, const char *got, const char *want)
{
    nm_throw(job, NM_EUSE, "%s %s: %s was expected", flag, got, want);
}

static double number(nm_job *job, const char *flag, const char *s)
{
    double x;
    if (!nm_num_parse(s, s + strlen(s), &x)) usage(job, flag, s, "a number");
    return x;
}

static void read_domain(nm_job *job, const char *s, double *lo, double *hi)
{
    *lo = 0;
    *hi = 1;
    if (!s) return;
    const char *comma = strchr(s, ',');
    if (!comma || !nm_num_parse(s, comma, lo) || !nm_num_parse(comma + 1, s + strlen(s), hi) ||
        !(*lo <= *hi))
        usage(job, "--domain", s, "LO,HI");
}

static void make_box(nm_job *job, const nm_ask *a, const nm_query *q, nm_case *c)
{
    double dlo, dhi, *lo = NM_RAW(job, double, q->n_in), *hi = NM_RAW(job, double, q->n_in), e = 0;
    read_domain(job, a->domain, &dlo, &dhi);
    if (!a->perturb) nm_throw(job, NM_EUSE, "--perturb is missing; linf:E or free was expected");
    const bool is_free = strcmp(a->perturb, "free") == 0;
    if (!is_free && strncmp(a->perturb, "linf:", 5))
        usage(job, "--perturb", a->perturb, "linf:E or free");
    if (!is_free) e = number(job, "--perturb", a->perturb + 5);
    if (e < 0) usage(job, "--perturb", a->perturb, "a radius of 0 or more");
    for (size_t i = 0; i < q->n_in; i++) {
        if (q->image[i] < dlo || q->image[i] > dhi)
            nm_throw(job, NM_EINPUT,
                     "element %zu of the image is %g, outside the domain [%g,%g]; see --domain", i,
                     q->image[i], dlo, dhi);
        lo[i] = is_free || q->image[i] - e < dlo ? dlo : q->image[i] - e;
        hi[i] = is_free || q->image[i] + e > dhi ? dhi : q->image[i] + e;
    }
    c->lo = lo;
    c->hi = hi;
}

/* marks the labels of a comma separated list */
static void mark(nm_job *job, const char *flag, const char *list, size_t n, bool *set)
{
    for (const char *s = list;; s++) {
        const char *end = s + strcspn(s, ",");
        int64_t j;
        if (!nm_int_parse(s, end, &j)) usage(job, flag, list, "labels separated by commas");
        if (j < 0 || (size_t)j >= n)
            nm_throw(job, NM_EUSE, "%s %s: label %lld; the network has outputs 0 to %zu", flag,
                     list, (long long)j, n - 1);
        set[j] = true;
        s = end;
        if (!*s) return;
    }
}

static void make_clauses(nm_job *job, const nm_ask *a, const nm_query *q, nm_case *c)
{
    bool *set = NM_ARRAY(job, bool, q->n_out);
    const char *t = a->target ? a->target : "any";
    const bool any = strcmp(t, "any") == 0, complement = strncmp(t, "not:", 4) == 0;
    if (!any) mark(job, "--target", complement ? t + 4 : t, q->n_out, set);
    if (any || complement) {
        for (size_t j = 0; j < q->n_out; j++) set[j] = any || !set[j];
        set[q->label] = false;
    }
    if (set[q->label])
        nm_throw(job, NM_EUSE, "--target %s: %lld is the image's label", t, (long long)q->label);
    const double margin = a->margin ? number(job, "--margin", a->margin) : 0;
    nm_clause *clauses = NM_ARRAY(job, nm_clause, q->n_out);
    for (size_t j = 0; j < q->n_out; j++) {
        if (!set[j]) continue;
        nm_row *r = NM_NEW(job, nm_row);
        uint32_t *var = NM_RAW(job, uint32_t, 2);
        double *coef = NM_RAW(job, double, 2);
        var[0] = (uint32_t)q->label;
        var[1] = (uint32_t)j;
        coef[0] = 1;
        coef[1] = -1;
        *r = (nm_row){2, var, coef, margin == 0 ? 0 : -margin};
        clauses[c->n_clauses++] = (nm_clause){1, r, (int64_t)j, nm_fmt(job, "%zu", j)};
    }
    if (c->n_clauses == 0) nm_throw(job, NM_EUSE, "--target %s: no label is left", t);
    c->clauses = clauses;
}

static int64_t argmax(const double *y, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (y[i] > y[best]) best = i;
    return (int64_t)best;
}

static int64_t read_label(nm_job *job, const nm_ask *a, const nm_query *q)
{
    int64_t label = q->predicted;
    if (a->label && a->labels) nm_throw(job, NM_EUSE, "--label and --labels together");
    if (a->label && !nm_int_parse(a->label, a->label + strlen(a->label), &label))
        usage(job, "--label", a->label, "a label");
    if (a->labels) {
        char *path;
        int64_t index = nm_spec_split(job, a->labels, &path);
        char *image;
        if (index < 0) index = nm_spec_split(job, a->image, &image);
        label = nm_label_read(job, path, index < 0 ? 0 : index);
    }
    if (label < 0 || (size_t)label >= q->n_out)
        nm_throw(job, NM_EINPUT, "label %lld; the network has outputs 0 to %zu", (long long)label,
                 q->n_out - 1);
    if (!a->label && !a->labels)
        nm_note(job, "no label was given: the network's own prediction %lld is taken",
                (long long)label);
    return label;
}

static void hash_query(nm_job *job, nm_query *q)
{
    nm_buf b = {.job = job};
    nm_query_write(&b, q);
    nm_sha256(b.s, b.n, q->hash);
}

nm_query *nm_query_ask(nm_job *job, const nm_net *net, const nm_ask *a)
{
    if (!a->image) nm_throw(job, NM_EUSE, "no question: a .vnnlib file or --image was expected");
    nm_query *q = NM_NEW(job, nm_query);
    q->n_in = net->n_in;
    q->n_out = net->n_out;
    q->shape = net->values[net->inputs[0]].shape;
    q->image = nm_image_read(job, net, a->image).x;
    if (q->n_out < 2) nm_throw(job, NM_EUSE, "the network has one output: ask by a .vnnlib file");
    q->predicted = argmax(nm_net_eval(job, net, q->image, false, NULL), q->n_out);
    q->label = read_label(job, a, q);
    q->guard = a->guard ? number(job, "--guard", a->guard) : 0;
    if (q->guard < 0) usage(job, "--guard", a->guard, "0 or more");
    const char *o = a->objective ? a->objective : "feasible";
    if (strcmp(o, "feasible") && strcmp(o, "worst"))
        usage(job, "--objective", o, "feasible or worst");
    q->objective = *o == 'w' ? NM_WORST : NM_FEASIBLE;
    q->cases = NM_ARRAY(job, nm_case, 1);
    q->n_cases = 1;
    make_box(job, a, q, &q->cases[0]);
    make_clauses(job, a, q, &q->cases[0]);
    hash_query(job, q);
    return q;
}
