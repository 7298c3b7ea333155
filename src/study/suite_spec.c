/* suite_spec.c: reads the description of a suite of instances: a JSON file that lists questions and what is known about
 * their answers.
 *
 *   {"netmip": "suite", "version": 1, "title": .., "about": .., "images": FILE, "labels": FILE, "instances": [..]}
 *
 * An instance is a network, a question (a file under "query", or "image", "perturb" and "target" as on the command
 * line), an objective and an encoding. "net", "image", "perturb", "target", "objective" and "encoding" may be lists:
 * then every combination is an instance, named after its parts. File names are relative to the description's folder. An
 * encoding may be followed by +unfolded and +two-sided, which stand for --fold off and --one-sided off. */
#define _GNU_SOURCE
#include "base/base.h"
#include "encoding/encoding.h"
#include "study/study.h"

#include <cJSON.h>

nm_formulation nm_formulation_read(nm_job *job, const char *text)
{
    nm_formulation f = {.name = text, .fold = true};
    const char *plus = strchrnul(text, '+');
    size_t arg;
    f.encoding = nm_dup(job, text, (size_t)(plus - text));
    nm_encoding_find(job, f.encoding, &arg);
    while (*plus) {
        const char *word = plus + 1;
        const size_t n = strcspn(word, "+");
        if (n == 8 && !strncmp(word, "unfolded", n))
            f.fold = false;
        else if (n == 9 && !strncmp(word, "two-sided", n))
            f.two_sided = true;
        else
            nm_throw(job, NM_EUSE,
                     "encoding %s: NAME[:N], then +unfolded, +two-sided or both were expected",
                     text);
        plus = word + n;
    }
    return f;
}

/* Returns the text of "4" or 4; NULL if the member is missing. */
static const char *text_of(nm_job *job, const nm_json *j, const char *where)
{
    nm_buf b = {.job = job};
    if (!j) return NULL;
    if (cJSON_IsString(j)) return nm_json_str(job, j, where);
    nm_put_num(&b, nm_json_num(job, j, where));
    return b.s;
}

static const char *member(nm_job *job, const nm_json *j, const char *key, const char *where)
{
    return text_of(job, nm_json_find(j, key), where);
}

enum { NET, IMAGE, PERTURB, TARGET, OBJECTIVE, ENCODING, AXES };
static const char *const axis_name[AXES] = {"net",    "image",     "perturb",
                                            "target", "objective", "encoding"};

typedef struct {
    size_t n[AXES], at[AXES];
    const char **text[AXES];
} product;

static product axes_of(nm_job *job, const nm_json *j, const char *where)
{
    product p = {0};
    for (int a = 0; a < AXES; a++) {
        const nm_json *x = nm_json_find(j, axis_name[a]);
        p.n[a] = cJSON_IsArray(x) ? nm_json_count(x) : 1;
        p.text[a] = NM_ARRAY(job, const char *, p.n[a] + 1);
        if (!cJSON_IsArray(x)) {
            p.text[a][0] = text_of(job, x, where);
            continue;
        }
        if (!p.n[a]) nm_throw(job, NM_EINPUT, "%s: \"%s\" is an empty list", where, axis_name[a]);
        size_t k = 0;
        for (const nm_json *e = x->child; e; e = e->next) p.text[a][k++] = text_of(job, e, where);
    }
    return p;
}

static bool advance(product *p)
{
    for (int a = AXES - 1; a >= 0; a--) {
        if (++p->at[a] < p->n[a]) return true;
        p->at[a] = 0;
    }
    return false;
}

static const char *name_of(nm_job *job, const nm_item *t)
{
    nm_buf b = {.job = job};
    nm_put(&b, "%s", nm_path_stem(job, t->net));
    if (t->query) nm_put(&b, "-%s", nm_path_stem(job, t->query));
    if (t->image) nm_put(&b, "-i%s-t%s-%s", t->image, t->target, t->perturb);
    nm_put(&b, "-%s%s", t->objective ? nm_fmt(job, "%s-", t->objective) : "", t->form.name);
    return nm_name_clean(job, b.s);
}

typedef struct { const char *text; nm_formulation form; } formulation;

static void read_formulation(nm_job *job, void *arg)
{
    formulation *f = arg;
    f->form = nm_formulation_read(job, f->text);
}

/* Reads an encoding of the description; an error names the description, not a flag. */
static nm_formulation formulation_of(nm_job *job, const char *text, const char *where)
{
    formulation f = {.text = text};
    const int code = nm_run(job, read_formulation, &f);
    if (code) nm_throw(job, code == NM_EUSE ? NM_EINPUT : code, "%s: %s", where, nm_message_of(job, code));
    return f.form;
}

static void check_item(nm_job *job, const nm_item *t, const char *where)
{
    if (!t->net) nm_throw(job, NM_EINPUT, "%s: member \"net\" is missing", where);
    if (t->query ? t->image || t->perturb || t->target : !t->image || !t->perturb || !t->target)
        nm_throw(job, NM_EINPUT,
                 "%s: \"query\", or \"image\", \"perturb\" and \"target\" were expected", where);
    const int answer = nm_status_of(t->answer ? t->answer : "holds");
    if (answer != NM_OK && answer != NM_VIOLATED)
        nm_throw(job, NM_EINPUT, "%s: \"answer\" is \"%s\"; holds or violated was expected", where,
                 t->answer);
    if (!*t->name || strcmp(nm_name_clean(job, t->name), t->name))
        nm_throw(job, NM_EINPUT,
                 "%s: \"%s\" cannot be a file name; letters, digits, . _ and - were expected", where,
                 t->name);
}

static void add_items(nm_job *job, nm_suite *s, const nm_json *j, const char *where)
{
    static const char *const keys[] = {"name",      "net",      "query",   "image",    "label",
                                       "perturb",   "domain",   "target",  "margin",   "guard",
                                       "objective", "encoding", "bounds",  "status",   "answer",
                                       "best",      "proved",   "seconds", "solution", NULL};
    nm_json_only(job, j, where, keys);
    const nm_json *best = nm_json_find(j, "best"), *seconds = nm_json_find(j, "seconds");
    product p = axes_of(job, j, where);
    do {
        const char *value[AXES];
        for (int a = 0; a < AXES; a++) value[a] = p.text[a][p.at[a]];
        nm_item t = {.name = member(job, j, "name", where),
                     .net = value[NET],
                     .query = member(job, j, "query", where),
                     .image = value[IMAGE],
                     .label = member(job, j, "label", where),
                     .perturb = value[PERTURB],
                     .domain = member(job, j, "domain", where),
                     .target = value[TARGET],
                     .margin = member(job, j, "margin", where),
                     .guard = member(job, j, "guard", where),
                     .objective = value[OBJECTIVE],
                     .form = formulation_of(job, value[ENCODING] ? value[ENCODING] : "bigm", where),
                     .bounds = member(job, j, "bounds", where),
                     .status = member(job, j, "status", where),
                     .answer = member(job, j, "answer", where),
                     .proved = member(job, j, "proved", where),
                     .solution = member(job, j, "solution", where),
                     .best = best ? nm_json_num(job, best, where) : NAN,
                     .seconds = seconds ? nm_json_num(job, seconds, where) : NAN};
        if (!t.name && t.net && (t.query || (t.image && t.target && t.perturb)))
            t.name = name_of(job, &t);
        if (!t.name) t.name = "";
        check_item(job, &t, where);
        for (size_t i = 0; i < s->n; i++)
            if (!strcmp(s->item[i].name, t.name))
                nm_throw(job, NM_EINPUT, "%s: the name %s is given twice", where, t.name);
        *NM_PUSH(job, s->item, s->n, s->cap) = t;
    } while (advance(&p));
}

nm_suite *nm_suite_read(nm_job *job, const char *path)
{
    static const char *const keys[] = {"netmip", "version", "title",     "about",
                                       "images", "labels",  "instances", NULL};
    const nm_json *j = nm_json_parse(job, nm_file_read(job, path));
    nm_json_only(job, j, path, keys);
    const char *kind = nm_json_str(job, nm_json_get(job, j, "netmip", path), path);
    if (strcmp(kind, "suite") || nm_json_int(job, nm_json_get(job, j, "version", path), path) != 1)
        nm_throw(job, NM_EINPUT, "%s: not a netmip suite of version 1", path);
    nm_suite *s = NM_NEW(job, nm_suite);
    *s = (nm_suite){.path = path, .dir = nm_path_dir(job, path)};
    s->title = member(job, j, "title", path);
    s->about = member(job, j, "about", path);
    s->images = member(job, j, "images", path);
    s->labels = member(job, j, "labels", path);
    size_t k = 0;
    for (const nm_json *e = nm_json_get(job, j, "instances", path)->child; e; e = e->next)
        add_items(job, s, e, nm_fmt(job, "%s: instance %zu", path, k++));
    if (!s->n) nm_throw(job, NM_EINPUT, "%s: lists no instance", path);
    return s;
}
