/* ask_by_flags.c: makes a question from flags: an image, a perturbation, and which labels the image must not get.
 *
 * Labels are the outputs' numbers. If the only output is p, made by a Sigmoid, label 1 stands for p > 1/2 and label 0
 * for the rest. A counterexample to target j is a point of the input set with y_j >= y_label + margin (so a tie counts
 * at margin 0). Input sets (set/) are cut to the domain: --domain, else the range that the network's file states, else
 * [0,1]. Targets: `any` is every other label, `N,M` a list, `not:N,M` all but these and the image's label. Without a
 * label the network's own prediction is taken, and a note says so. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "question/part.h"
#include "question/set.h"

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
    if (!comma || !nm_fraction_parse(s, comma, lo) ||
        !nm_fraction_parse(comma + 1, s + strlen(s), hi) || !(*lo <= *hi))
        usage(job, "--domain", s, "LO,HI");
}

/* Refuses a text that is neither a list of labels nor a word of --target. */
static _Noreturn void no_label(nm_job *job, const char *flag, const char *list)
{
    static const nm_word words[] = {
        {"any", NULL, NULL}, {"not", "not:N,..", NULL}, {"top", "top:K", NULL}, {0}};
    const char *guess = nm_guess(job, list, strcspn(list, ":"), words);
    if (guess) nm_throw(job, NM_EUSE, "%s %s: %s", flag, list, guess);
    usage(job, flag, list, "any, not:N,.., top:K, or labels separated by commas");
}

/* Marks the labels of a list separated by commas. */
static void mark(nm_job *job, const char *flag, const char *list, size_t n, bool *set)
{
    for (const char *s = list;; s++) {
        const char *end = s + strcspn(s, ",");
        int64_t j;
        if (!nm_int_parse(s, end, &j)) no_label(job, flag, list);
        if (j < 0 || (size_t)j >= n)
            nm_throw(job, NM_EUSE, "%s %s: label %lld; the network has outputs 0 to %zu", flag,
                     list, (long long)j, n - 1);
        set[j] = true;
        s = end;
        if (!*s) return;
    }
}

/* Returns K of top:K; 1 for questions about one label at a time. */
static size_t read_top(nm_job *job, const char *t)
{
    int64_t k;
    if (!t || strncmp(t, "top:", 4)) return 1;
    if (!nm_int_parse(t + 4, t + strlen(t), &k) || k < 1)
        usage(job, "--target", t, "top:K, K from 1");
    return (size_t)k;
}

typedef struct { /* what counts as misclassified */
    const bool *targets; /* [labels] which labels; NULL: all but the image's */
    size_t top;          /* K: a counterexample has K outputs above the label */
    double margin;
} aims;

/* Returns which labels are targets [n]; NULL: all but the image's, which `drop` leaves out of a list, too. */
static const bool *read_targets(nm_job *job, const char *t, size_t n, int64_t label, bool drop)
{
    if (!t || strcmp(t, "any") == 0 || strncmp(t, "top:", 4) == 0) return NULL;
    bool *set = NM_ARRAY(job, bool, n);
    const bool complement = strncmp(t, "not:", 4) == 0;
    mark(job, "--target", complement ? t + 4 : t, n, set);
    for (size_t j = 0; complement && j < n; j++) set[j] = !set[j];
    if (!complement && !drop && label >= 0 && set[label])
        nm_throw(job, NM_EUSE, "--target %s: %lld is the image's label", t, (long long)label);
    if (label >= 0) set[label] = false;
    size_t left = 0;
    for (size_t j = 0; j < n; j++) left += set[j];
    if (!left && (!drop || label < 0)) nm_throw(job, NM_EUSE, "--target %s: no label is left", t);
    return set;
}

static aims read_aims(nm_job *job, const nm_around *a, size_t n, int64_t label)
{
    const aims t = {.top = read_top(job, a->target), .margin = a->margin,
                    .targets = read_targets(job, a->target, n, label, a->of_many)};
    if (t.top > 1 && a->objective != NM_FEASIBLE)
        nm_throw(job, NM_EUNSUP, "--target %s: its clauses have several rows; objective feasible was expected",
                 a->target);
    return t;
}

void nm_around_check_target(nm_job *job, const nm_net *net, const nm_around *a)
{
    if (a->target) read_aims(job, a, nm_net_labels(net), -1);
}

/* Returns the row y_j >= y_label + margin. */
static nm_row beats(nm_job *job, const aims *a, const nm_query *q, size_t j)
{
    uint32_t *var = NM_RAW(job, uint32_t, 2);
    double *coef = NM_RAW(job, double, 2);
    var[0] = (uint32_t)q->label;
    var[1] = (uint32_t)j;
    coef[0] = 1;
    coef[1] = -1;
    return (nm_row){2, var, coef, a->margin == 0 ? 0 : -a->margin};
}

/* Returns the clause for a network whose only output is p: the share (p or 1 - p) of the other label wins. */
static nm_clause other_label(nm_job *job, const aims *a, const nm_query *q, const char *name)
{
    const int64_t other = 1 - q->label;
    nm_row *r = NM_NEW(job, nm_row);
    double *inner = NM_NEW(job, double);
    *r = nm_tail_other(job, q->label, a->margin, inner);
    return (nm_clause){.n_rows = 1,
                       .rows = r,
                       .label = other,
                       .inner = inner,
                       .name = nm_fmt(job, "%lld%s", (long long)other, name)};
}

/* Returns how many ways there are to choose K of `left` labels, counted no further than a question may go. */
static size_t subsets(size_t left, size_t k)
{
    double n = 1;
    for (size_t i = 0; i < k && n <= NM_MAX_CLAUSES; i++)
        n = n * (double)(left - i) / (double)(i + 1);
    return n > NM_MAX_CLAUSES ? SIZE_MAX : (size_t)(n + 0.5);
}

/* Makes the clauses of top:K: the label is not among the K largest if some K others all beat it; one clause for each
 * choice of K others. */
static void make_top(nm_job *job, const aims *a, const nm_query *q, nm_case *c, const char *name)
{
    const size_t k = a->top, others = q->n_out - 1, n = subsets(others, k);
    if (k >= q->n_out)
        nm_throw(job, NM_EUSE, "--target top:%zu: the network has %zu outputs", k, q->n_out);
    if (n == SIZE_MAX)
        nm_throw(job, NM_EUNSUP, "--target top:%zu of %zu outputs: more than %d choices", k,
                 q->n_out, NM_MAX_CLAUSES);
    nm_clause *clauses = NM_ARRAY(job, nm_clause, n);
    size_t *at = NM_RAW(job, size_t, k);
    for (size_t i = 0; i < k; i++) at[i] = i;
    while (c->n_clauses < n) {
        nm_row *rows = NM_ARRAY(job, nm_row, k);
        nm_buf b = {.job = job};
        for (size_t i = 0; i < k; i++) {
            const size_t j = at[i] + (at[i] >= (size_t)q->label);
            rows[i] = beats(job, a, q, j);
            nm_put(&b, i ? "_%zu" : "%zu", j);
        }
        nm_put(&b, "%s", name);
        clauses[c->n_clauses++] = (nm_clause){.n_rows = k, .rows = rows, .label = -1, .name = b.s};
        size_t i = k;
        while (i-- > 0 && at[i] == others - k + i) continue;
        if (i == SIZE_MAX) break;
        for (at[i]++, i++; i < k; i++) at[i] = at[i - 1] + 1;
    }
    c->clauses = clauses;
}

/* Makes the clauses of a case. name: of the case, put after the label. */
static void make_clauses(nm_job *job, const aims *a, const nm_query *q, nm_case *c, const char *name)
{
    if (a->top > 1) {
        make_top(job, a, q, c, name);
        return;
    }
    nm_clause *clauses = NM_ARRAY(job, nm_clause, q->n_out);
    if (q->n_out == 1 && (!a->targets || a->targets[1 - q->label]))
        clauses[c->n_clauses++] = other_label(job, a, q, name);
    for (size_t j = 0; q->n_out > 1 && j < q->n_out; j++) {
        if (a->targets ? !a->targets[j] : (int64_t)j == q->label) continue;
        nm_row *r = NM_NEW(job, nm_row);
        *r = beats(job, a, q, j);
        clauses[c->n_clauses++] = (nm_clause){
            .n_rows = 1, .rows = r, .label = (int64_t)j, .name = nm_fmt(job, "%zu%s", j, name)};
    }
    c->clauses = clauses;
}

/* Makes the cases of the input set, cut to the domain. */
static void make_cases(nm_job *job, const nm_net *net, const nm_around *a, nm_query *q)
{
    double *lo = NM_RAW(job, double, q->n_in), *hi = NM_RAW(job, double, q->n_in);
    const bool own = a->own_range && net->lo;
    for (size_t i = 0; i < q->n_in; i++) {
        lo[i] = own ? net->lo[i] : a->lo;
        hi[i] = own ? net->hi[i] : a->hi;
        if (!(q->image[i] >= lo[i] && q->image[i] <= hi[i]))
            nm_throw(job, NM_EINPUT,
                     "element %zu of the image is %s, outside the domain [%s,%s]; see --domain", i,
                     nm_num_text(job, q->image[i]), nm_num_text(job, lo[i]),
                     nm_num_text(job, hi[i]));
    }
    nm_case *domain = NM_NEW(job, nm_case);
    *domain = (nm_case){.lo = lo, .hi = hi};
    const char **no_name = NM_NEW(job, const char *);
    *no_name = "";
    nm_setting s = {.job = job,
                    .n = q->n_in,
                    .shape = q->shape,
                    .x = q->image,
                    .n_out = q->n_out,
                    .n_cases = 1,
                    .cases = domain,
                    .quiet = a->quiet,
                    .no_image = net->image.rank ? NULL : net->image_by,
                    .name = no_name};
    nm_sets_make(&s, a->sets);
    q->cases = s.cases;
    q->n_cases = s.n_cases;
    if (a->set_only) return;
    const aims t = read_aims(job, a, nm_net_labels(net), q->label);
    for (size_t i = 0; i < q->n_cases; i++) make_clauses(job, &t, q, &q->cases[i], s.name[i]);
}

/* Takes the image. A network with a flat input has no image shape of its own: it takes the shape of the image that is
 * given. Likewise, if the network's order of axes is open, it takes the order of a picture whose format defines one. */
void nm_around_image(nm_around *a, const nm_net *net, nm_tensor t)
{
    const nm_shape s = net->values[net->inputs[0]].shape;
    nm_layout l;
    a->x = t.x;
    if (net->image_by || nm_layout_find(s, &l) || t.shape.rank < 2) return;
    bool flat = true;
    for (int i = 0; i + 1 < s.rank; i++) flat &= s.dim[i] == 1;
    if ((flat || t.shape.order != NM_OPEN) && nm_layout_find(t.shape, &l))
        a->shape = nm_layout_shape(&l);
}

static void check_label(nm_job *job, const nm_net *net, int64_t label)
{
    const size_t n = nm_net_labels(net);
    if (label >= (int64_t)n)
        nm_throw(job, NM_EINPUT, "label %lld; the network has %s 0 to %zu", (long long)label,
                 n == net->n_out ? "outputs" : "labels", n - 1);
}

nm_query *nm_query_around(nm_job *job, const nm_net *net, const nm_around *a)
{
    nm_query *q = NM_NEW(job, nm_query);
    q->n_in = net->n_in;
    q->n_out = net->n_out;
    q->front = net->front;
    q->shape = a->shape.rank ? a->shape : nm_net_shape(net);
    double *x = NM_RAW(job, double, q->n_in);
    memcpy(x, a->x, q->n_in * sizeof *x);
    q->image = x;
    if (!a->set_only) nm_net_want_label(job, net);
    q->image_y = a->y ? a->y : nm_net_eval(job, net, x, false, NULL);
    q->predicted = net->second || !nm_tail_one_group(net) ? -1 : nm_net_label(net, q->image_y);
    q->label = a->label < 0 && !a->set_only ? q->predicted : a->label;
    check_label(job, net, q->label);
    q->objective = a->objective;
    q->norm = a->norm;
    q->guard = a->guard;
    make_cases(job, net, a, q);
    nm_tail_pull(job, net, q);
    return q;
}

static int64_t read_label(nm_job *job, const nm_ask *a)
{
    int64_t label = -1;
    if (a->label && a->labels) nm_throw(job, NM_EUSE, "--label and --labels together");
    if (a->label && (!nm_int_parse(a->label, a->label + strlen(a->label), &label) || label < 0))
        usage(job, "--label", a->label, "the number of a class, counted from 0,");
    if (!a->labels) return label;
    char *path, *image;
    int64_t index = nm_spec_split(job, a->labels, &path);
    if (index < 0 && a->image) index = nm_spec_split(job, a->image, &image);
    if (index < 0 && a->image && nm_image_is_picture(job, a->image) && nm_labels_open(job, path).count > 1)
        nm_throw(job, NM_EUSE,
                 "--labels %s: this file has %lld labels, and %s is one picture; %s:INDEX, or --label, was expected",
                 path, (long long)nm_labels_open(job, path).count, a->image, path);
    return nm_label_read(job, path, index < 0 ? 0 : index);
}

static _Noreturn void no_objective(nm_job *job, const char *o)
{
    static const nm_word words[] = {{"feasible", NULL, NULL},
                                    {"worst", NULL, NULL},
                                    {"closest", "closest:NORM", NULL},
                                    {"nearest", "closest:NORM", NULL},
                                    {"range", "range:FORM", NULL},
                                    {0}};
    const size_t n = strcspn(o, ":");
    const char *guess = nm_guess(job, o, n, words);
    if (guess && strncmp(o, "closest:", 8) && strncmp(o, "range:", 6))
        nm_throw(job, NM_EUSE, "--objective %s: %s", o, guess);
    usage(job, "--objective", o, "feasible, worst, closest:linf|l1|l2|l0 or range:FORM");
}

nm_around nm_around_ask(nm_job *job, const nm_ask *a)
{
    if (!a->perturb)
        nm_throw(job, NM_EUSE, "--perturb is missing; linf:E, free or another set was expected");
    nm_around r = {
        .label = -1, .sets = nm_sets_read(job, a->perturb, a->dir), .own_range = !a->domain};
    read_domain(job, a->domain, &r.lo, &r.hi);
    r.margin = a->margin ? number(job, "--margin", a->margin) : 0;
    r.guard = a->guard ? number(job, "--guard", a->guard) : 0;
    if (r.guard < 0) usage(job, "--guard", a->guard, "0 or more");
    const char *o = a->objective ? a->objective : "feasible";
    nm_query say = {.objective = *o == 'w' ? NM_WORST : NM_FEASIBLE};
    if (strcmp(o, "feasible") && strcmp(o, "worst") && !nm_objective_closest(o, &say))
        no_objective(job, o);
    r.objective = say.objective;
    r.norm = say.norm;
    r.target = a->target;
    return r;
}

void nm_query_label(nm_job *job, const nm_net *net, const nm_ask *a, nm_query *q, nm_case *c)
{
    if (net) nm_net_want_label(job, net);
    const nm_around r = {.target = a->target, .margin = a->margin ? number(job, "--margin", a->margin) : 0};
    const aims t = read_aims(job, &r, q->n_out == 1 ? 2 : q->n_out, q->label);
    make_clauses(job, &t, q, c, "");
}

/* Returns the image that the calling program passed, after checking that it fits this network. */
static nm_tensor held(nm_job *job, const nm_net *net, const nm_ask *a)
{
    const nm_tensor *t = a->array;
    if (a->image) nm_throw(job, NM_EUSE, "--image %s and an array are both given; one of them was expected", a->image);
    if (t->n != net->n_in)
        nm_throw(job, NM_EUSE, "an image of %zu elements; the network has %zu inputs", t->n, net->n_in);
    for (size_t i = 0; i < t->n; i++)
        if (!isfinite(t->x[i])) nm_throw(job, NM_EUSE, "element %zu of the image is not finite", i);
    return *t;
}

nm_query *nm_query_ask(nm_job *job, const nm_net *net, const nm_ask *ask)
{
    if (!ask->image && !ask->x && !ask->array)
        nm_throw(job, NM_EUSE, "no question: a file or --image was expected");
    const nm_measure m = ask->set_only ? NM_MARGIN : nm_measure_of(job, net, ask);
    nm_ask copy = *ask;
    const nm_ask *a = &copy;
    if (m != NM_MARGIN) copy.objective = NULL;
    nm_around r = nm_around_ask(job, a);
    r.set_only = a->set_only || m != NM_MARGIN;
    if (a->x)
        r.x = a->x;
    else {
        const nm_tensor t = a->array ? held(job, net, a) : nm_image_read(job, nm_net_form(net), a->image);
        nm_around_image(&r, net, t);
        nm_check_around(job, net, &r, t, a->array ? "the image" : a->image);
    }
    r.label = read_label(job, a);
    if (!r.set_only) nm_net_want_label(job, net);
    check_label(job, net, r.label);
    if (r.label < 0 && !r.set_only) {
        r.label = nm_net_label(net, nm_net_eval(job, net, r.x, false, NULL));
        nm_note(job, "no label was given: the network's own prediction %lld is taken",
                (long long)r.label);
    }
    nm_query *q = nm_query_around(job, net, &r);
    if (m != NM_MARGIN && !a->set_only) nm_measure_set(job, net, m, ask, q);
    return q;
}
