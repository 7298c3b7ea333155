/* read_json_question.c: reads netmip's own questions in JSON; netmip-query(5) is the schema.
 *
 * A case gives its input set (an image with a perturbation, a box, rows over inputs, or several of them: then their
 * intersection) and what a counterexample is (target labels, or clauses of rows). What flags can express is passed as
 * text to the reader of the flags (ask_by_flags.c), so that both mean the same. A question without files, perturbations
 * and labels to be predicted is self-contained: query_text.c prints this kind, every map carries it, and it reads back
 * to the same text. Members that are unknown, repeated or without effect are refused. File names are relative to the
 * query's file. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"

#include <cJSON.h>

typedef nm_queryjson reader;

/* Returns a JSON value as the text of a flag: 0.1 as it is, [0,1] as 0,1, {"linf": 0.1} as linf:0.1. */
static const char *nm_queryjson_text(nm_job *job, const nm_json *x, const char *key,
                                     const char *where)
{
    nm_buf b = {.job = job};
    if (!x) return NULL;
    if (cJSON_IsString(x)) return x->valuestring;
    if (cJSON_IsNumber(x)) {
        nm_put_num(&b, x->valuedouble);
        return b.s;
    }
    if (cJSON_IsObject(x) && nm_json_count(x) == 1)
        return nm_fmt(job, "%s:%s", x->child->string, nm_queryjson_text(job, x->child, key, where));
    if (!cJSON_IsArray(x) || !x->child)
        nm_throw(job, NM_EINPUT,
                 "%s: \"%s\": a text, a number, a list or {\"kind\": value} was expected", where,
                 key);
    for (const nm_json *a = x->child; a; a = a->next)
        nm_put(&b, a == x->child ? "%s" : ",%s", nm_queryjson_text(job, a, key, where));
    return b.s;
}

static const char *flag(const reader *r, const nm_json *x, const char *key)
{
    return nm_queryjson_text(r->job, x, key, r->where);
}

static const char *file_of(const reader *r, const char *path)
{
    return *path == '/' ? path : nm_fmt(r->job, "%s%s", r->dir, path);
}

static _Noreturn void needs_net(const reader *r, const char *what)
{
    nm_throw(r->job, NM_EUSE,
             "%s: \"%s\" needs the network: ask by netmip solve, compile or bounds", r->where,
             what);
}

/* ---- cases ---- */

static const char *const case_keys[] = {"perturb", "domain", "lo",      "hi",    "gens", "in_rows",
                                        "target",  "margin", "clauses", "balls", NULL};

/* Sets the clauses of a case whose input set is complete. */
static void set_clauses(reader *r, const nm_json *x, nm_case *c)
{
    const nm_json *clauses = nm_json_find(x, "clauses");
    const bool own = r->measure == NM_CLASSES &&
                     x == r->top; /* here the margin belongs to differ:class */
    const bool labels = nm_json_find(x, "target") || (nm_json_find(x, "margin") && !own);
    if (labels && r->measure != NM_MARGIN)
        nm_throw(r->job, NM_EINPUT,
                 "%s: \"target\" and \"margin\" ask about one label; this question does not",
                 r->where);
    if (clauses && (labels || r->measure != NM_MARGIN))
        nm_throw(r->job, NM_EINPUT,
                 "%s: \"clauses\" beside a target, a margin, a range or a comparison", r->where);
    if (clauses) {
        nm_queryjson_clauses(r, clauses, r->q->n_cases - 1, c);
    } else if (r->measure == NM_MARGIN && c->n_clauses == 0) {
        if (r->q->label < 0)
            nm_throw(r->job, NM_EINPUT,
                     "%s: nothing says what a counterexample is; clauses or a label were expected", r->where);
        const nm_ask a = {.target = flag(r, nm_json_find(x, "target"), "target"),
                          .margin = flag(r, nm_json_find(x, "margin"), "margin")};
        if (!r->net && r->q->n_out == 1)
            needs_net(r, "label"); /* for one output it depends on whether that is a Sigmoid's */
        nm_query_label(r->job, r->net, &a, r->q, c);
    }
}

/* Returns the pixel of each input, for L0 to count; NULL: none is given. */
static const nm_pixelset *read_pixels(reader *r, const nm_json *x, const nm_ball *b)
{
    if (!x) return NULL;
    const size_t n = r->q->n_in;
    const double *of = nm_json_nums(r->job, x, n, r->where);
    nm_pixelset *p = NM_NEW(r->job, nm_pixelset);
    size_t *ptr = NM_ARRAY(r->job, size_t, n + 2);
    uint32_t *idx = NM_RAW(r->job, uint32_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (b->norm != NM_L0 || !(of[i] >= 0 && of[i] < (double)n && of[i] == floor(of[i])))
            nm_throw(r->job, NM_EINPUT,
                     "%s: pixels: for l0, the pixel of each input, from 0, was expected", r->where);
        p->n = of[i] + 1 > (double)p->n ? (size_t)of[i] + 1 : p->n;
        ptr[(size_t)of[i] + 1]++;
    }
    for (size_t k = 0; k < p->n; k++) ptr[k + 1] += ptr[k];
    for (size_t i = n; i-- > 0;) idx[--ptr[(size_t)of[i] + 1]] = (uint32_t)i;
    p->ptr = ptr + 1;
    p->idx = idx;
    ptr[p->n + 1] = n;
    return p;
}

/* Adds the balls of x to those that the case has. */
static void read_balls(reader *r, const nm_json *x, nm_case *c)
{
    static const char *const keys[] = {"norm", "radius", "centre", "pixels", NULL};
    const nm_json *list = nm_json_find(x, "balls");
    if (!list) return;
    nm_ball *all = NM_ARRAY(r->job, nm_ball, c->n_balls + nm_json_count(list) + 1);
    if (c->n_balls) memcpy(all, c->balls, c->n_balls * sizeof *all);
    if (!cJSON_IsArray(list))
        nm_throw(r->job, NM_EINPUT, "%s: balls: a list was expected", r->where);
    for (const nm_json *a = list->child; a; a = a->next) {
        nm_ball *b = &all[c->n_balls++];
        nm_json_only(r->job, a, r->where, keys);
        const nm_json *centre = nm_json_find(a, "centre");
        b->radius = nm_json_num(r->job, nm_json_get(r->job, a, "radius", r->where), r->where);
        b->centre = centre ? nm_json_nums(r->job, centre, r->q->n_in, r->where) : r->q->image;
        const char *norm = nm_json_str(r->job, nm_json_get(r->job, a, "norm", r->where), r->where);
        if (!nm_norm_find(norm, &b->norm) || b->norm == NM_LINF || !(b->radius >= 0) || !b->centre)
            nm_throw(r->job, NM_EINPUT,
                     "%s: balls: l1, l2 or l0 around an image or a centre was expected", r->where);
        if (b->norm == NM_L0) b->radius = floor(b->radius); /* it counts elements */
        b->pixels = read_pixels(r, nm_json_find(a, "pixels"), b);
    }
    c->balls = all;
}

static void push_case(reader *r, const nm_json *x, nm_case c)
{
    if (nm_json_find(x, "lo") || nm_json_find(x, "hi") || nm_json_find(x, "in_rows") || !c.lo)
        nm_queryjson_meet(r, x, &c);
    c.gens = nm_gens_read(r->job, nm_json_find(x, "gens"), r->q->n_in, r->where, c.gens);
    read_balls(r, x, &c);
    nm_case *out = NM_PUSH(r->job, r->q->cases, r->q->n_cases, r->cap);
    *out = c;
    set_clauses(r, x, out);
    const size_t at = r->q->n_cases - 1;
    nm_clause *k = out->clauses;
    for (size_t t = 0; at > 0 && !nm_json_find(x, "clauses") && t < out->n_clauses; t++)
        k[t].name = nm_fmt(r->job, "%s_%zu", k[t].name, at);
}

static void read_case(reader *r, const nm_json *x)
{
    nm_ask a = r->ask;
    a.perturb = flag(r, nm_json_find(x, "perturb"), "perturb");
    a.domain = flag(r, nm_json_find(x, "domain"), "domain");
    if (a.domain && !a.perturb)
        nm_throw(r->job, NM_EINPUT, "%s: \"domain\" goes with \"perturb\"", r->where);
    if (!a.perturb) {
        push_case(r, x, (nm_case){0});
        return;
    }
    if (!r->net) needs_net(r, "perturb");
    a.image = NULL;
    a.label = NULL;
    a.labels = NULL;
    a.x = r->q->image;
    a.dir = r->dir;
    a.set_only = true;
    if (!a.x) nm_throw(r->job, NM_EINPUT, "%s: \"perturb\" needs an \"image\"", r->where);
    const nm_query *set = nm_query_ask(r->job, r->net, &a);
    for (size_t i = 0; i < set->n_cases; i++) push_case(r, x, set->cases[i]);
}

static void read_cases(reader *r, const nm_json *j)
{
    const nm_json *list = nm_json_find(j, "cases");
    if (!list) read_case(r, j);
    for (const nm_json *c = list ? list->child : NULL; c; c = c->next) read_case(r, c);
}

/* ---- members that all cases share ---- */

static size_t size_of(const reader *r, const nm_json *j, const char *key, size_t of_net)
{
    const nm_json *x = nm_json_find(j, key);
    if (!x && r->net) return of_net;
    const int64_t n = nm_json_int(r->job, nm_json_get(r->job, j, key, r->where), r->where);
    if (n < 1 || n > 1 << 27)
        nm_throw(r->job, NM_EINPUT, "%s: \"%s\": %lld", r->where, key, (long long)n);
    if (r->net && (size_t)n != of_net)
        nm_throw(r->job, NM_EINPUT, "%s: \"%s\" is %lld; the network has %zu", r->where, key,
                 (long long)n, of_net);
    return (size_t)n;
}

static void read_shape(reader *r, const nm_json *j)
{
    const nm_json *shape = nm_json_find(j, "shape");
    if (shape && (!cJSON_IsArray(shape) || nm_json_count(shape) > NM_MAXRANK))
        nm_throw(r->job, NM_EINPUT, "%s: a shape of rank %zu", r->where, nm_json_count(shape));
    for (const nm_json *d = shape ? shape->child : NULL; d; d = d->next) {
        const int64_t n = nm_json_int(r->job, d, r->where);
        if (n < 1 || n > 1 << 27)
            nm_throw(r->job, NM_EINPUT, "%s: \"shape\": %lld", r->where, (long long)n);
        r->q->shape.dim[r->q->shape.rank++] = n;
    }
    const nm_shape own = r->net ? nm_net_shape(r->net) : (nm_shape){0};
    if (r->net && (!shape || nm_shape_eq(own, r->q->shape))) r->q->shape = own;
}

static int64_t whole(const reader *r, const nm_json *x, int64_t limit, const char *key)
{
    const int64_t n = nm_json_int(r->job, x, r->where);
    if (n < -1 || n >= limit)
        nm_throw(r->job, NM_EINPUT, "%s: \"%s\": %lld", r->where, key, (long long)n);
    return n;
}

static void read_image(reader *r, const nm_json *j)
{
    const nm_json *x = nm_json_find(j, "image");
    if (!x || cJSON_IsNull(x)) return;
    if (cJSON_IsString(x)) {
        if (!r->net) needs_net(r, "image");
        r->ask.image = file_of(r, x->valuestring);
        r->q->image = nm_image_read(r->job, nm_net_form(r->net), r->ask.image).x;
    } else {
        r->q->image = nm_json_nums(r->job, x, r->q->n_in,
                                   nm_fmt(r->job, "%s: \"image\"", r->where));
    }
    if (r->net) r->q->image_y = nm_net_eval(r->job, r->net, r->q->image, false, NULL);
}

/* Reads the label: stated, from a file, or the network's prediction for the image if targets need one. */
static void read_labels(reader *r, const nm_json *j, bool wanted)
{
    nm_query *q = r->q;
    const nm_json *label = nm_json_find(j, "label"), *labels = nm_json_find(j, "labels"),
                  *said = nm_json_find(j, "predicted");
    if (label && labels)
        nm_throw(r->job, NM_EINPUT, "%s: \"label\" and \"labels\" together", r->where);
    if (label) q->label = whole(r, label, nm_queryjson_labels(r), "label");
    if (labels) {
        char *path, *image;
        int64_t index = nm_spec_split(r->job, file_of(r, nm_json_str(r->job, labels, r->where)),
                                      &path);
        if (index < 0 && r->ask.image) index = nm_spec_split(r->job, r->ask.image, &image);
        q->label = nm_label_read(r->job, path, index < 0 ? 0 : index);
    }
    if (q->label >= nm_queryjson_labels(r))
        nm_throw(r->job, NM_EINPUT, "%s: label %lld; the network has outputs 0 to %lld", r->where,
                 (long long)q->label, (long long)nm_queryjson_labels(r) - 1);
    const bool one = r->net && nm_tail_one_group(r->net) && !r->net->second;
    if (q->image_y && one) q->predicted = nm_net_label(r->net, q->image_y);
    if (said) {
        const int64_t p = whole(r, said, nm_queryjson_labels(r), "predicted");
        if (p >= 0 && q->predicted >= 0 && p != q->predicted)
            nm_throw(r->job, NM_EINPUT, "%s: \"predicted\" is %lld; the network says %lld",
                     r->where, (long long)p, (long long)q->predicted);
        q->predicted = p;
    }
    if (!wanted || q->label >= 0 || q->predicted < 0) return;
    q->label = q->predicted;
    nm_note(r->job, "no label was given: the network's own prediction %lld is taken",
            (long long)q->label);
}

static bool any_clauses(const nm_json *j)
{
    const nm_json *list = nm_json_find(j, "cases");
    bool all = nm_json_find(j, "clauses") != NULL;
    for (const nm_json *c = list ? list->child : NULL; c; c = c->next)
        all |= nm_json_find(c, "clauses") != NULL;
    return all;
}

/* Reads the objective and the measure, if that is not a label's margin. */
static void read_objective(reader *r, const nm_json *j)
{
    nm_query *q = r->q;
    const nm_json *guard = nm_json_find(j, "guard"), *form = nm_json_find(j, "form");
    const char *o = flag(r, nm_json_find(j, "objective"), "objective");
    r->ask.differ = flag(r, nm_json_find(j, "differ"), "differ");
    r->ask.guard = flag(r, guard, "guard");
    if (r->ask.guard &&
        (!nm_num_parse(r->ask.guard, r->ask.guard + strlen(r->ask.guard), &q->guard) ||
         q->guard < 0))
        nm_throw(r->job, NM_EINPUT, "%s: \"guard\": 0 or more was expected", r->where);
    r->ask.objective = o;
    const bool clauses = any_clauses(j), range = o && strncmp(o, "range:", 6) == 0;
    r->measure = r->ask.differ || range || (!clauses && r->net && r->net->second)
                     ? r->net ? nm_measure_of(r->job, r->net, &r->ask)
                              : (needs_net(r, "differ or range"), NM_MARGIN)
                     : NM_MARGIN;
    if (r->measure == NM_MARGIN && o) nm_objective_parse(r->job, o, r->where, q);
    if (q->objective == NM_RANGE && q->guard != 0)
        nm_throw(r->job, NM_EINPUT, "%s: \"guard\" beside objective range", r->where);
    if (form && q->objective != NM_RANGE)
        nm_throw(r->job, NM_EINPUT, "%s: \"form\" goes with objective range", r->where);
    if (form) q->form = nm_json_str(r->job, form, r->where);
}

void nm_queryjson_check(nm_job *job, const nm_json *j, const char *where)
{
    static const char *const keys[] = {
        "netmip",  "version",   "n_in",      "n_out", "shape",   "image",    "label",
        "labels",  "predicted", "objective", "form",  "guard",   "against",  "differ",
        "perturb", "domain",    "lo",        "hi",    "in_rows", "target",   "margin",
        "clauses", "cases",     "balls",     "mean",  "std",     "channels", "input_shape",
        "output_name", "arithmetic", NULL};
    nm_json_only(job, j, where, keys);
    if (strcmp(nm_json_str(job, nm_json_get(job, j, "netmip", where), where), "query") ||
        nm_json_int(job, nm_json_get(job, j, "version", where), where) != 1)
        nm_throw(job, NM_EINPUT, "%s: not a netmip query of version 1", where);
    const nm_json *list = nm_json_find(j, "cases");
    if (!list) return;
    for (const char *const *k = case_keys; *k; k++)
        if (nm_json_find(j, *k))
            nm_throw(job, NM_EINPUT, "%s: \"%s\" stands beside \"cases\", but belongs inside a case", where, *k);
    if (!cJSON_IsArray(list) || !list->child) nm_throw(job, NM_EINPUT, "%s: no case", where);
    for (const nm_json *c = list->child; c; c = c->next) nm_json_only(job, c, where, case_keys);
}

static void open_reader(reader *r, const nm_json *j)
{
    nm_queryjson_check(r->job, j, r->where);
    r->q = NM_NEW(r->job, nm_query);
    r->q->label = r->q->predicted = -1;
    const nm_json *arithmetic = nm_json_find(j, "arithmetic");
    const char *word = arithmetic ? nm_json_str(r->job, arithmetic, r->where) : "real";
    r->q->float32 = strcmp(word, "float32") == 0;
    if (!r->q->float32 && strcmp(word, "real"))
        nm_throw(r->job, NM_EINPUT, "%s: \"arithmetic\" is \"%s\"; real or float32 was expected", r->where, word);
    r->q->n_in = size_of(r, j, "n_in", r->net ? r->net->n_in : 0);
    r->q->n_out = size_of(r, j, "n_out", r->net ? r->net->n_out : 0);
}

const nm_front *nm_query_front_of(nm_job *job, const nm_json *j, const char *where)
{
    const nm_front f = {
        .mean = nm_queryjson_text(job, nm_json_find(j, "mean"), "mean", where),
        .std = nm_queryjson_text(job, nm_json_find(j, "std"), "std", where),
        .channels = nm_queryjson_text(job, nm_json_find(j, "channels"), "channels", where),
        .shape = nm_queryjson_text(job, nm_json_find(j, "input_shape"), "input_shape", where),
        .output = nm_queryjson_text(job, nm_json_find(j, "output_name"), "output_name", where)};
    if (!nm_front_says(&f)) return NULL;
    nm_front *own = NM_NEW(job, nm_front);
    *own = f;
    return own;
}

static bool alike(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* Checks the preprocessing that the question states: it must be what the network was read with. */
static void read_front(reader *r, const nm_json *j)
{
    const nm_front *f = nm_query_front_of(r->job, j, r->where), *own = r->net ? r->net->front : f;
    r->q->front = own;
    if (!f || (own && alike(f->mean, own->mean) && alike(f->std, own->std) &&
               alike(f->channels, own->channels) && alike(f->shape, own->shape) &&
               alike(f->output, own->output)))
        return;
    nm_throw(r->job, NM_EINPUT, "%s: the question wants %s, but the network was read with %s", r->where,
             nm_front_text(r->job, f), own ? nm_front_text(r->job, own) : "none of them");
}

static nm_query *read_query(reader *r, const nm_json *j)
{
    r->top = j;
    open_reader(r, j);
    read_front(r, j);
    read_shape(r, j);
    read_objective(r, j);
    read_image(r, j);
    if (r->measure != NM_MARGIN && (nm_json_find(j, "label") || nm_json_find(j, "labels")))
        nm_throw(r->job, NM_EINPUT, "%s: \"label\": this question is not about one label",
                 r->where);
    read_labels(r, j, r->measure == NM_MARGIN && !any_clauses(j));
    const nm_ask whole_ask = r->ask;
    r->ask = (nm_ask){0}; /* from here on only image and perturbation, for each set */
    read_cases(r, j);
    if (r->measure == NM_CLASSES) r->ask.margin = flag(r, nm_json_find(j, "margin"), "margin");
    const char *margin = r->ask.margin;
    r->ask = whole_ask;
    r->ask.margin = margin;
    if (r->measure != NM_MARGIN) nm_measure_set(r->job, r->net, r->measure, &r->ask, r->q);
    nm_query_worst(r->job, r->q, r->where);
    nm_query_names(r->job, r->q, r->where);
    return r->q;
}

static void read_top(nm_job *job, void *arg)
{
    reader *r = arg;
    (void)job;
    read_query(r, r->top);
}

nm_query *nm_read_queryjson(nm_job *job, const nm_net *net, nm_file f)
{
    const nm_json *j = nm_json_parse(job, f);
    if (net && !net->second && nm_json_find(j, "against"))
        nm_throw(job, NM_EUSE, "%s: \"against\" names a second network, and one was given", f.path);
    reader r = {.job = job, .where = f.path, .dir = nm_path_dir(job, f.path), .net = net};
    if (!net) return read_query(&r, j);
    r.top = j;
    const int code = nm_run(job, read_top, &r);
    if (code) { /* errors from the reader of the flags are about this file */
        const char *why = nm_message_of(job, code);
        const bool placed = strstr(why, f.path) != NULL;
        nm_throw(job, code == NM_EUSE ? NM_EINPUT : code, placed ? "%.0s%s" : "%s: %s", f.path,
                 why);
    }
    nm_query *q = r.q;
    const nm_node *last = nm_tail_choice(net);
    if (last && any_clauses(j))
        nm_refuse(job, net, last,
                  "at the output, and %s has rows over outputs; only targets can ask about the class",
                  f.path);
    nm_tail_pull(job, net, q);
    return q;
}

nm_query *nm_query_parse(nm_job *job, const nm_json *j, const char *where)
{
    reader r = {.job = job, .where = where, .dir = ""};
    return read_query(&r, j);
}
