/* combine.c: decodes one map with its solution, or a manifest with the solutions of its models.
 *
 * A solution belongs to the model whose mark it names or, if it names nothing, to the one after which its file is
 * named. Each is decoded by itself; the targets' answers are then combined as the manifest says: the question is
 * violated if one target is, and holds if all do, including those that bounds had closed when the manifest was written.
 * This is the only thing that the manifest is trusted for, so its network, question and marks must be those of its
 * maps. A target that was cut into cubes holds if all of them do: the maps say how many there are. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "answer/answer.h"

#include <cJSON.h>

typedef struct { /* the model of a whole target, or of one of its cubes */
    size_t target;
    const nm_map *map;
    const char *map_path, *stem;
    const nm_verdict *answer;
} part;

typedef struct {
    nm_job *job;
    const nm_net *net; /* NULL: the maps' own */
    const char *path;
    const nm_json *json;
    nm_verdict *v;
    part *parts;
    size_t n, cap;
    const nm_query *q;
} manifest;

static const char *text(const manifest *a, const nm_json *o, const char *key)
{
    return nm_json_str(a->job, nm_json_get(a->job, o, key, a->path), a->path);
}

/* Adds the model that o names; it is cube `cube` of `cubes`, or cube is 0. */
static void load_part(manifest *a, size_t target, const nm_json *o, size_t cube, size_t cubes)
{
    part *k = NM_PUSH(a->job, a->parts, a->n, a->cap);
    const char *model = text(a, o, "model"), *base = strrchr(model, '/');
    const size_t folder = base ? (size_t)(base - model) + 1 : 0;
    const char *name = model + folder, *suffix = nm_model_suffix(name);
    *k = (part){.target = target, .stem = nm_dup(a->job, name, strlen(name) - (suffix ? strlen(suffix) : 0))};
    k->map_path = nm_fmt(a->job, "%.*s%s.map.json", (int)folder, model, k->stem);
    if (!nm_file_exists(k->map_path))
        k->map_path = nm_fmt(a->job, "%s%s.map.json", nm_path_dir(a->job, a->path), k->stem);
    k->map = nm_map_read(a->job, k->map_path);
    const nm_map *m = k->map;
    if (!m->file.tag || strcmp(m->file.tag, text(a, o, "mark")) ||
        strcmp(m->from.net_hash, text(a, a->json, "net_sha256")) ||
        strcmp(m->from.query_hash, text(a, a->json, "query_sha256")) || m->file.cube != cube ||
        (cube && m->file.n_cubes != cubes))
        nm_throw(a->job, NM_EAUDIT, "%s: is not a map of %s: compile again", k->map_path, a->path);
    if (a->q && strcmp(a->q->hash, m->question->hash))
        nm_throw(a->job, NM_EAUDIT, "%s: is about another question", k->map_path);
    if (!a->q) a->q = m->question;
}

static void load_target(manifest *a, size_t i, const nm_json *o)
{
    const char *status = text(a, o, "status");
    const bool holds = nm_status_of(status) == NM_OK;
    if (!holds && strcmp(status, "open"))
        nm_throw(a->job, NM_EINPUT, "%s: status %s; holds or open was expected", a->path, status);
    a->v->targets[i] = (nm_target){.name = text(a, o, "target"),
                                   .status = holds ? NM_OK : NM_UNKNOWN,
                                   .by = holds ? NM_BY_BOUNDS : NM_NOT_SETTLED,
                                   .margin_lo = NAN,
                                   .objective = NAN,
                                   .bound = NAN};
    const nm_json *cubes = nm_json_find(o, "cubes");
    if (nm_json_find(o, "model")) load_part(a, i, o, 0, 0);
    size_t k = 0;
    for (const nm_json *c = cubes ? cubes->child : NULL; c; c = c->next)
        load_part(a, i, c, ++k, nm_json_count(cubes));
}

/* Finds the targets in the order of the question's clauses; their names must follow that order. */
static void place(manifest *a)
{
    size_t at = 0;
    bool good = true;
    for (size_t i = 0; i < a->q->n_cases && good; i++)
        for (size_t c = 0; c < a->q->cases[i].n_clauses && good; c++, at++) {
            nm_target *t = &a->v->targets[at];
            good = at < a->v->n_targets && !strcmp(t->name, a->q->cases[i].clauses[c].name);
            for (size_t k = 0; k < a->n && good; k++)
                good = a->parts[k].target != at ||
                       (a->parts[k].map->asks.icase == i && a->parts[k].map->asks.iclause == c);
            if (!good) break;
            t->icase = i;
            t->iclause = c;
            t->label = a->q->cases[i].clauses[c].label;
        }
    if (!good || at != a->v->n_targets)
        nm_throw(a->job, NM_EAUDIT, "%s: its targets are not those of the question", a->path);
}

static void load(manifest *a)
{
    if (nm_json_int(a->job, nm_json_get(a->job, a->json, "version", a->path), a->path) != 1 ||
        strcmp(text(a, a->json, "combine"), NM_COMBINE) ||
        strcmp(text(a, a->json, "combine_cubes"), NM_COMBINE_CUBES))
        nm_throw(a->job, NM_EINPUT, "%s: not a netmip manifest of version 1", a->path);
    const nm_json *list = nm_json_get(a->job, a->json, "targets", a->path);
    a->v = NM_NEW(a->job, nm_verdict);
    if (nm_json_find(a->json, "assumed")) a->v->assumed = text(a, a->json, "assumed");
    a->v->n_targets = nm_json_count(list);
    a->v->targets = NM_ARRAY(a->job, nm_target, a->v->n_targets + 1);
    size_t i = 0;
    for (const nm_json *o = cJSON_IsArray(list) ? list->child : NULL; o; o = o->next)
        load_target(a, i++, o);
    if (!a->q || i != a->v->n_targets) nm_throw(a->job, NM_EINPUT, "%s: has no models", a->path);
    place(a);
}

/* Returns the model after which a solution's file is called, NAME.sol or NAME.anything, or NULL; the longest name, for
 * names may hold dots. */
static part *namesake(const manifest *a, const char *sol_path)
{
    const char *slash = strrchr(sol_path, '/'), *name = slash ? slash + 1 : sol_path;
    part *best = NULL;
    for (size_t i = 0; i < a->n; i++) {
        const size_t n = strlen(a->parts[i].stem);
        const bool fits = strncmp(name, a->parts[i].stem, n) == 0 && (name[n] == '.' || !name[n]);
        if (fits && (!best || n > strlen(best->stem))) best = &a->parts[i];
    }
    return best;
}

static part *owner(const manifest *a, const nm_sol *s, const char *sol_path)
{
    for (size_t i = 0; i < a->n; i++)
        if (nm_sol_names(s, a->parts[i].map->file.tag)) return &a->parts[i];
    for (size_t k = 0; k < s->n; k++)
        if (s->vals[k].name)
            nm_throw(a->job, NM_EAUDIT, "%s: belongs to no model of %s, or was truncated", sol_path, a->path);
    part *called = namesake(a, sol_path);
    if (called) return called;
    nm_throw(a->job, NM_EAUDIT,
             "%s: names no column: decode it with the map of its model, or name it after the "
             "model's file",
             sol_path);
}

static const nm_target *t_of(const nm_verdict *one) { return one->targets; }

/* Takes the answer to one of the models into the target's. */
static void take(manifest *a, part *k, const nm_verdict *one, const char *sol_path)
{
    k->answer = one;
    nm_verdict *v = a->v;
    if (one->assumed) v->assumed = one->assumed;
    if (!v->word.solver) {
        v->word.solver = one->word.solver;
        v->word.guard = one->word.guard;
        v->word.tolerance = one->word.tolerance;
    }
    const nm_target *t = &v->targets[k->target];
    if (t->status == NM_OK && one->status == NM_VIOLATED)
        nm_throw(a->job, NM_EAUDIT, "%s: violates target %s, which bounds had closed", sol_path,
                 t->name);
    if (one->why && !v->why) v->why = nm_fmt(a->job, "target %s: %s", one->targets->name, one->why);
    if (one->optimum.has && (!v->optimum.has || one->optimum.value < v->optimum.value))
        v->optimum.value = one->optimum.value;
    v->optimum.has |= one->optimum.has;
    nm_target *mine = &v->targets[k->target];
    if (!k->map->file.cube) mine->bound = t_of(one)->bound;
    if (t_of(one)->best) mine->best = t_of(one)->best;
    const nm_replay *w = one->witness;
    if (a->q->objective == NM_CLOSEST) { /* keeps the nearest one */
        if (w && v->optimum.value == one->optimum.value) v->witness = w;
        return;
    }
    if (w && (!v->witness || (w->is_violated && !v->witness->is_violated) ||
              (w->is_violated == v->witness->is_violated && w->margin64 < v->witness->margin64)))
        v->witness = w;
}

static void take_file(manifest *a, const char *sol_path)
{
    nm_sol *s = nm_sol_read(a->job, sol_path);
    part *k = owner(a, s, sol_path);
    const nm_verdict *one = nm_decode_sol(a->job, a->net, k->map, k->map_path, s, sol_path);
    if (k->answer)
        nm_throw(a->job, NM_EUSE, "%s: a second solution of target %s", sol_path,
                 one->targets->name);
    take(a, k, one, sol_path);
}

/* Combines the answers of a target's models; without any answer the target stays as the manifest says. */
static void settle(manifest *a, size_t at)
{
    nm_target *t = &a->v->targets[at];
    size_t models = 0, hold = 0;
    bool violated = false;
    for (size_t i = 0; i < a->n; i++) {
        const part *k = &a->parts[i];
        if (k->target != at) continue;
        models++;
        hold += k->answer && k->answer->status == NM_OK;
        violated |= k->answer && k->answer->status == NM_VIOLATED;
        if (!k->answer && t->status != NM_OK && !a->v->why)
            a->v->why = nm_fmt(a->job,
                               k->map->file.cube ? "no solution of target %s, cube %zu"
                                                 : "no solution of target %s",
                               t->name, k->map->file.cube);
    }
    if (t->status == NM_OK || (!violated && (models == 0 || hold < models))) return;
    t->status = violated ? NM_VIOLATED : NM_OK;
    t->by = NM_BY_SOLVER;
}

/* Returns, for closest, a distance below which no target has a counterexample; NaN: some model has no answer. */
static double least_bound(const manifest *a)
{
    double least = a->v->optimum.value;
    for (size_t i = 0; i < a->n; i++) {
        const nm_verdict *one = a->parts[i].answer;
        if (a->v->targets[a->parts[i].target].status == NM_OK || (one && one->status == NM_OK))
            continue;
        if (!one || isnan(one->optimum.bound)) return NAN;
        least = fmin(least, one->optimum.bound);
    }
    return least;
}

static nm_verdict *combine(manifest *a)
{
    nm_verdict *v = a->v;
    bool all = true;
    if (a->q->objective == NM_RANGE) nm_range_conclude(a->q, v);
    v->optimum.bound = a->q->objective == NM_CLOSEST ? least_bound(a) : NAN;
    v->status = NM_UNKNOWN;
    for (size_t i = 0; i < v->n_targets; i++) {
        settle(a, i);
        if (v->targets[i].status == NM_VIOLATED) v->status = NM_VIOLATED;
        all &= v->targets[i].status == NM_OK;
    }
    if (all) v->status = NM_OK;
    if (v->status != NM_UNKNOWN) v->by = NM_BY_SOLVER;
    return v;
}

/* Weakens the verdict on one branch of several: alone it proves nothing about the target. */
static void weaken(nm_verdict *v)
{
    if (v->status != NM_OK) return;
    v->status = v->targets->status = NM_UNKNOWN;
    v->why = "this cube has no counterexample; the target holds if all its cubes do: "
             "decode the manifest";
}

nm_verdict *nm_decode_all(nm_job *job, const nm_net *net, const nm_query *q,
                          const nm_verdict *compiled, const nm_kept *kept,
                          const nm_sol *const *sols)
{
    manifest a = {
        .job = job, .net = net, .path = "the models", .q = q, .v = NM_NEW(job, nm_verdict)};
    a.v->n_targets = compiled->n_targets;
    a.v->assumed = compiled->assumed;
    a.v->targets = NM_ARRAY(job, nm_target, compiled->n_targets + 1);
    for (size_t i = 0; i < compiled->n_targets; i++) {
        const nm_target *t = &compiled->targets[i];
        a.v->targets[i] = (nm_target){.icase = t->icase,
                                      .iclause = t->iclause,
                                      .label = t->label,
                                      .name = t->name,
                                      .status = t->status,
                                      .by = t->by,
                                      .margin_lo = t->margin_lo,
                                      .objective = NAN,
                                      .bound = t->status == NM_OK ? t->bound : NAN};
    }
    for (size_t i = 0; i < kept->n; i++)
        *NM_PUSH(job, a.parts, a.n, a.cap) = (part){.target = kept->m[i].target,
                                                    .map = kept->m[i].map};
    for (size_t i = 0; i < kept->n; i++)
        if (sols[i])
            take(&a, &a.parts[i], nm_decode_kept(job, net, a.parts[i].map, sols[i]),
                 "the solution");
    if (kept->n) return combine(&a);
    nm_verdict *v = combine(&a); /* what bounds alone proved */
    if (v->status == NM_OK) v->by = compiled->by, v->certified = compiled->certified;
    return v;
}

nm_verdict *nm_decode(nm_job *job, const nm_net *net, const char *path, size_t n,
                      const char *const *sols, const char *log, const nm_query **query)
{
    manifest a = {
        .job = job, .net = net, .path = path, .json = nm_json_parse(job, nm_file_read(job, path))};
    const nm_json *kind = nm_json_find(a.json, "netmip");
    if (kind && strcmp(nm_json_str(job, kind, path), "manifest") == 0) {
        if (log) nm_throw(job, NM_EUSE, "%s: --log needs a map", log);
        load(&a);
        *query = a.q;
        for (size_t i = 0; i < n; i++) take_file(&a, sols[i]);
        return combine(&a);
    }
    if (n != 1) nm_throw(job, NM_EUSE, "%s: one file too many", sols[1]);
    const nm_map *m = nm_map_read(job, path);
    nm_sol *s = nm_sol_answer(job, sols[0], log);
    if (log && strcmp(s->solver, "cbc log")) nm_sol_log(job, nm_file_read(job, log), s);
    *query = m->question;
    nm_verdict *v = nm_decode_sol(job, net, m, path, s, sols[0]);
    if (m->file.cube) weaken(v);
    return v;
}
