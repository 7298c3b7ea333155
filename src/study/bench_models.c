/* bench_models.c: the models of a comparison, in DIR/models: written from questions in each formulation, or taken from
 * files that are there. The same command writes the same bytes, so that runs on several machines may do so at once. */
#include "base/base.h"
#include "question/question.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/records.h"

static nm_query *question_of(nm_job *job, const nm_instance *t)
{
    nm_query *q = NM_NEW(job, nm_query);
    nm_case *c = NM_NEW(job, nm_case);
    *q = *t->q;
    *c = t->q->cases[t->icase];
    c->clauses = &t->q->cases[t->icase].clauses[t->iclause];
    c->n_clauses = 1;
    q->cases = c;
    q->n_cases = 1;
    q->path = NULL;
    memset(q->hash, 0, sizeof q->hash);
    return q;
}

/* Writes the model; returns false if bounds already decide the question, unless `always`. */
static bool write_model(nm_job *job, const nm_bench *b, nm_bench_model *m, const char *stem,
                        bool always)
{
    const nm_instance *t = m->instance;
    const nm_solve_opts o = {.bounds = b->bounds,
                             .threads = 1,
                             .form.encoding = m->form->encoding,
                             .form.fold = m->form->fold,
                             .form.two_sided = m->form->two_sided,
                             .files.always_write = always,
                             .files.out = nm_fmt(job, "%s.mps", stem),
                             .seed = 1,
                             .files.version = NM_VERSION,
                             .files.options = nm_fmt(job, "bench %s %s", t->name, m->form->name)};
    const double at = nm_cpu();
    const nm_verdict *v = nm_solve_query(job, t->net, question_of(job, t), &o);
    m->encode_seconds = nm_cpu() - at;
    if (!v->targets[0].file) return false;
    m->bins = v->targets[0].bins;
    m->map_path = nm_fmt(job, "%s.map.json", stem);
    m->map = nm_map_read(job, m->map_path);
    return true;
}

/* Takes a model that exists already: copies it, unpacked, into the folder of this comparison. */
static void take_model(nm_job *job, nm_bench_model *m, const char *stem)
{
    const nm_instance *t = m->instance;
    nm_map *map = NM_NEW(job, nm_map);
    const char *base = strrchr(t->map->file.path, '/'), *path = t->map->file.path;
    const char *beside = nm_fmt(job, "%s%s", nm_path_dir(job, t->map_path), base ? base + 1 : path);
    if (nm_file_exists(beside)) path = beside;
    const nm_file f = nm_file_read(job, path);
    char hash[65];
    nm_sha256(f.data, f.n, hash);
    if (strcmp(hash, t->map->file.hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the model that %s was made with", path, t->map_path);
    if (!nm_has_suffix(path, ".mps") && !nm_has_suffix(path, ".mps.gz"))
        nm_throw(job, NM_EUNSUP, "%s: a comparison needs MPS files, which all solvers read in the same way",
                 path);
    *map = *t->map;
    map->file.path = nm_fmt(job, "%s.mps", stem);
    nm_file_write(job, map->file.path, f.data, f.n);
    m->map = map;
    m->map_path = t->map_path;
    m->bins = map->file.n_bin;
}

void nm_bench_models(nm_job *job, nm_bench *b, nm_presence *here)
{
    b->model = NM_ARRAY(job, nm_bench_model, b->instances.n * b->n_forms);
    for (size_t i = 0; i < b->instances.n; i++) {
        const nm_instance *t = &b->instances.a[i];
        for (size_t f = 0; f < b->n_forms && !nm_stopped(job); f++) {
            nm_bench_model *m = &b->model[b->n_models];
            *m = (nm_bench_model){.instance = t, .form = &b->form[f], .number = i};
            const bool given = !m->form->encoding;
            m->name = given ? t->name
                            : nm_fmt(job, "%s.%s", t->name, nm_name_clean(job, m->form->name));
            const char *stem = nm_fmt(job, "%s/models/%s", b->dir, m->name);
            nm_presence_tick(job, here, NULL, 0);
            if (given)
                take_model(job, m, stem);
            else if (!write_model(job, b, m, stem, t->map != NULL))
                break;
            b->n_models++;
        }
    }
}
