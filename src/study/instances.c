/* instances.c: what solvers are compared on: models with their maps, a suite with its known answers, or open questions.
 *
 * A folder with spec.json is a suite; any other folder gives its *.map.json, sorted by name. A map also gives the
 * network and the question, so that the same question can be written again in other formulations. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "answer/answer.h"
#include "study/study.h"

#include <errno.h>
#include <stdlib.h>

/* Returns true if a word of the list is the status, or part of the name. */
static bool chosen(const char *only, const char *name, const char *status)
{
    for (const char *at = only; at && *at;) {
        const size_t n = strcspn(at, ",");
        if (n && strlen(status) == n && !strncmp(status, at, n)) return true;
        for (const char *s = name; n && *s; s++)
            if (!strncmp(s, at, n)) return true;
        at += n + (at[n] == ',');
    }
    return !only;
}

static void add(nm_job *job, nm_instances *s, nm_instance t)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->a[i].name, t.name))
            nm_throw(job, NM_EUSE, "%s: two instances have this name", t.name);
    *NM_PUSH(job, s->a, s->n, s->cap) = t;
}

static void add_map(nm_job *job, nm_instances *s, const char *path, bool nets, nm_instance t)
{
    nm_map *m = nm_map_read(job, path);
    if (!m->file.path || !m->file.hash) nm_throw(job, NM_EINPUT, "%s: names no model", path);
    if (strcmp(m->asks.objective, "feasible") && strcmp(m->asks.objective, "worst"))
        nm_throw(job, NM_EUNSUP,
                 "%s: objective %s; only decisions and worst margins can be compared", path,
                 m->asks.objective);
    if (nets && (m->file.cube || m->from.against))
        nm_throw(job, NM_EUNSUP, "%s: is %s and so cannot be written in other formulations", path,
                 m->file.cube ? "a cube" : "about two networks");
    t.map = m;
    t.map_path = path;
    t.net = nets ? nm_map_net(job, NULL, m, path) : NULL;
    t.q = m->question;
    t.icase = m->asks.icase;
    t.iclause = m->asks.iclause;
    add(job, s, t);
}

static size_t list(nm_job *job, const char *dir, const char ***out)
{
    size_t all, n = 0;
    if (!nm_file_exists(dir)) nm_throw(job, NM_EIO, "%s: %s", dir, strerror(ENOENT));
    const char **name = nm_folder_names(job, dir, &all);
    for (size_t i = 0; i < all; i++)
        if (nm_has_suffix(name[i], ".map.json")) name[n++] = name[i];
    *out = name;
    return n;
}

static const char *stem_of(nm_job *job, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    return nm_name_clean(job, nm_dup(job, base, strlen(base) - strlen(".map.json")));
}

static void read_suite(nm_job *job, nm_instances *s, const char *spec, const char *only, bool nets)
{
    const nm_suite *u = nm_suite_read(job, spec);
    for (size_t i = 0; i < u->n; i++) {
        const nm_item *t = &u->item[i];
        const char *status = t->status ? t->status : "";
        if (!chosen(only, t->name, status)) continue;
        const nm_instance k = {.name = t->name,
                               .status = status,
                               .answer = t->answer,
                               .best = t->answer ? t->best : NAN};
        add_map(job, s, nm_fmt(job, "%s%s.map.json", u->dir, t->name), nets, k);
    }
}

void nm_instances_read(nm_job *job, nm_instances *s, const char *path, const char *only, bool nets)
{
    if (nm_has_suffix(path, ".map.json")) {
        const nm_instance k = {.name = stem_of(job, path), .status = "", .best = NAN};
        if (chosen(only, k.name, "")) add_map(job, s, path, nets, k);
        return;
    }
    const char *spec = nm_fmt(job, "%s/spec.json", path);
    if (nm_file_exists(spec)) {
        read_suite(job, s, spec, only, nets);
        return;
    }
    const char **name;
    if (nm_model_suffix(path))
        nm_throw(job, NM_EUSE, "%s: is a model; the .map.json beside it, or the folder, was expected", path);
    const size_t n = list(job, path, &name);
    if (!n) nm_throw(job, NM_EINPUT, "%s: holds no suite and no *.map.json", path);
    for (size_t i = 0; i < n; i++)
        nm_instances_read(job, s, nm_fmt(job, "%s/%s", path, name[i]), only, nets);
}

void nm_instances_ask(nm_job *job, nm_instances *s, const nm_net *net, const nm_query *q,
                      const char *name)
{
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        const char *stem = q->n_cases > 1 ? nm_fmt(job, "%s-c%zu", name, i) : name;
        if (!c->empty)
            for (size_t t = 0; t < c->n_clauses; t++) {
                const char *full = nm_name_clean(job,
                                                 nm_fmt(job, "%s-t%s", stem, c->clauses[t].name));
                add(job, s, (nm_instance){full, "", net, q, i, t, NULL, NULL, NULL, NAN});
            }
    }
}
