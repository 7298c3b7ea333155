/* write_models.c: encodes, scales (scale.c), guards (guard.c) and marks the models of open targets, and writes them
 * with their maps and manifest. solve_models.c solves them. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "search/state.h"
#include "search/trees.h"

#include <errno.h>
#include <unistd.h>

nm_encoded nm_models_encode(nm_state *s, const nm_query *q, nm_target *t, const nm_cube *cube,
                            nm_encode_opts o)
{
    const nm_bounded *k = &s->cases[t->icase];
    const nm_bounds *b = cube ? cube->b : t->tight ? t->tight : k->b;
    o.fold = s->o->form.fold;
    o.one_sided = !s->o->form.two_sided;
    o.over = k->work.c;
    o.base = cube || t->tight ? k->b : NULL;
    /* files stay small; the embedded solver gets hull rows, which made it four to eighteen times as fast */
    const bool is_file = s->o->files.out || s->o->files.print || s->o->files.keep ||
                         q->objective != NM_FEASIBLE;
    const char *usual = is_file ? "bigm" : "hull";
    o.enc = nm_encoding_find(s->job, s->o->form.encoding ? s->o->form.encoding : usual, &o.arg);
    nm_encoded e = nm_encode(s->job, b, q, t->icase, t->iclause, k->row[t->iclause], o);
    e.map->form.conditioned = cube || t->tight;
    if (cube) {
        e.map->file.cube = (size_t)(cube - t->cube) + 1;
        e.map->file.n_cubes = t->n_cubes;
    }
    return e;
}

/* Encodes for a file: its solver does not work in rounds, so L2 is written in products. */
static nm_encoded encode_file(nm_state *s, nm_target *t, const nm_cube *cube)
{
    return nm_models_encode(s, s->q, t, cube, (nm_encode_opts){.quadratic = true});
}

void nm_target_sizes(nm_target *t, const nm_model *m)
{
    t->rows = m->n_rows;
    t->cols = m->n_cols;
    t->nz = m->n_nz;
    t->bins = nm_model_binaries(m);
}

/* Returns the question's hash, made only once: hashing many inputs takes as long as writing them. */
static const char *query_hash(nm_state *s)
{
    if (!s->query_hash) s->query_hash = nm_query_hash(s->job, s->q);
    return s->query_hash;
}

/* Marks a model that goes to a file: adds a column fixed to 1 whose name is a hash of the model, and names the model
 * after it. A solution that lists this column or this name is one of this model, even if it says no more than
 * "infeasible". Equal models of one question have different marks, because the hash includes what they stand for. */
static void mark(nm_state *s, const nm_target *t, nm_encoded *e)
{
    const nm_model *m = e->model;
    nm_buf b = {.job = s->job};
    char hash[65];
    nm_put(&b, "%s ", s->net->hash);
    if (s->v->n_targets > 1 || e->map->file.n_cubes) {
        const char *q = query_hash(s);
        nm_put(&b, "%s %zu %zu %zu %zu ", q, t->icase, t->iclause, e->map->file.cube,
               e->map->file.n_cubes);
        nm_put_num(&b, m->constant);
    }
    if (e->enc->constant) /* models without choices differ only in their constants */
        nm_put(&b, "%s ", t->name), nm_put_num(&b, m->constant);
    nm_put_bytes(&b, m->c, m->n_nz * sizeof *m->c);
    nm_put_bytes(&b, m->j, m->n_nz * sizeof *m->j);
    for (size_t r = 0; r < m->n_rows; r++) {
        nm_put_bytes(&b, &m->rows[r].lo, sizeof m->rows[r].lo);
        nm_put_bytes(&b, &m->rows[r].hi, sizeof m->rows[r].hi);
        nm_put_bytes(&b, &m->rows[r].start, sizeof m->rows[r].start);
        if (m->rows[r].when >= 0) nm_put(&b, " if %d %d", m->rows[r].when, m->rows[r].on);
    }
    for (size_t k = 0; k < m->n_sos; k++)
        nm_put_bytes(&b, m->sos[k].j, m->sos[k].n * sizeof *m->sos[k].j);
    for (size_t k = 0; k < m->n_quad; k++)
        nm_put(&b, " %lld %u %u", (long long)m->quad[k].row, m->quad[k].i, m->quad[k].j);
    for (size_t k = 0; k < m->n_quad; k++) nm_put_bytes(&b, &m->quad[k].c, sizeof m->quad[k].c);
    for (size_t j = 0; j < m->n_cols; j++) {
        const nm_col *c = &m->cols[j];
        const double side[] = {c->lo, c->hi, c->obj, c->is_int};
        nm_put_bytes(&b, side, sizeof side);
        nm_put(&b, " %s", c->name);
    }
    nm_sha256(b.s, b.n, hash);
    e->map->file.tag = nm_fmt(s->job, "mark_%.12s", hash);
    nm_model_col(s->job, e->model, e->map->file.tag, 1, 1, false);
    e->model->name = e->map->file.tag;
    const char **cols = NM_ARRAY(s->job, const char *, m->n_cols);
    memcpy(cols, e->map->file.cols, (m->n_cols - 1) * sizeof *cols);
    cols[m->n_cols - 1] = e->map->file.tag;
    e->map->file.cols = cols;
    e->map->file.n_cols = m->n_cols;
}

/* For fixed MPS: the map gets the file's names, and keeps the original ones. */
static void fix(nm_state *s, nm_encoded *e)
{
    if (s->q->objective != NM_FEASIBLE)
        nm_throw(s->job, NM_EUNSUP,
                 "--mps fixed: its rounding moves the objective; objective feasible was expected");
    e->model = nm_model_fixed(s->job, e->model, &e->map->file.long_rows);
    e->map->file.long_cols = e->map->file.cols;
    e->map->file.cols = NM_ARRAY(s->job, const char *, e->map->file.n_cols);
    /* NAME has 8 characters as well */
    const size_t last = e->map->file.n_cols - 1;
    e->model->cols[last].name = e->model->name = nm_fmt(s->job, "M%.7s", e->map->file.tag + 5);
    for (size_t j = 0; j < e->map->file.n_cols; j++) e->map->file.cols[j] = e->model->cols[j].name;
    e->map->file.tag = e->map->file.cols[last];
}

static void write_beside(nm_state *s, const nm_target *t, const nm_encoded *e, const nm_dialect *d,
                         const char *file, const char *stem)
{
    if (s->o->files.start) {
        double *x = nm_start_of(s, t, e);
        for (size_t j = 0; j < e->model->n_cols; j++)
            x[j] = ldexp(x[j], -e->map->file.scale.col[j]);
        nm_write_start(s->job, d, e->model, x, stem);
    }
    if (s->o->files.priorities) nm_write_priorities(s->job, d, e->enc, e->model, stem);
    if (s->o->files.options_file) nm_write_options(s->job, d, file, stem, s->o->threads);
}

static const nm_dialect *dialect_of(const nm_state *s)
{
    return s->o->files.dialect ? s->o->files.dialect : &nm_dialect_generic;
}

/* Scales the model, and relaxes the question's rows by what a solver's tolerances can move. */
static void make_fit(nm_state *s, nm_encoded *e, const nm_dialect *d)
{
    const nm_tolerance usual = {d->primal > 0 ? d->primal : NM_SOLVER_TOL,
                                d->integral > 0 ? d->integral : NM_SOLVER_TOL},
                       tight = {NM_OPTION_TOL, NM_OPTION_TOL};
    nm_map *map = e->map;
    e->model = nm_model_scaled(s->job, e->model, &map->file.scale);
    map->form.tolerance = s->o->files.options_file && d->options ? tight : usual;
    if (!map->file.scale.exact)
        nm_throw(s->job, NM_EUNSUP,
                 "target %s: the model's numbers span more than doubles can scale; a network with "
                 "weights of "
                 "moderate size was expected",
                 map->asks.name);
    const nm_objective what = e->enc->objective;
    const bool relax = (what == NM_FEASIBLE || what == NM_CLOSEST) && !s->o->form.own_guard;
    map->form.budget = nm_model_guard(e->enc, e->model, relax, map->form.tolerance,
                                      &map->file.scale);
    if (relax) map->form.slack = map->form.budget;
    if (what == NM_WORST || what == NM_RANGE)
        map->form.budget += map->file.scale.cost_hi - map->file.scale.cost_lo;
    map->file.constant += 0.5 * map->file.scale.cost_lo + 0.5 * map->file.scale.cost_hi;
    map->file.n_nz = e->model->n_nz;
    map->form.unfit = nm_model_out_of_range(s->job, e->model);
    if (map->form.unfit)
        nm_note(s->job,
                "target %s: %s: no solver's \"infeasible\" about this model will be believed",
                map->asks.name, map->form.unfit);
}

/* Makes a model ready for its file: scaled, guarded, marked; completes the map. */
static void finish(nm_state *s, nm_target *t, nm_encoded *e, const nm_dialect *d)
{
    nm_target_sizes(t, e->model);
    make_fit(s, e, d);
    mark(s, t, e);
    if (s->o->files.fixed) fix(s, e);
    t->mark = e->map->file.tag;
    e->map->from.query_hash = query_hash(s);
    e->map->from.net_path = s->net->first ? s->net->first->path : s->net->path;
    e->map->from.against = s->net->second ? s->net->second->path : NULL;
    e->map->from.net_hash = s->net->hash;
    e->map->form.assumed = nm_known_used(s->o->known);
    if (s->net->front) e->map->from.front = *s->net->front;
    e->map->from.options = s->o->files.options;
    e->map->from.version = s->o->files.version;
    e->map->file.dialect = d->name;
    nm_notes_map(e->enc, e->map);
}

const char *nm_models_write_one(nm_state *s, nm_target *t, nm_encoded e, const char *stem,
                                const char *suffix, const nm_dialect *d)
{
    double at = nm_cpu();
    nm_write_opts o = {
        .dialect = d ? d : dialect_of(s), .cuts = s->o->files.cuts, .fixed = s->o->files.fixed};
    finish(s, t, &e, o.dialect);
    if (s->o->files.comments && nm_is_lp(s->job, suffix))
        o.notes = nm_notes_new(s->job, e.map, e.model);
    s->v->cpu.encode += nm_cpu() - at;
    at = nm_cpu();
    const char *file = nm_fmt(s->job, "%s%s", stem, suffix);
    char *hash = nm_raw(s->job, 65, 1);
    e.map->file.n_rows = nm_write_model(s->job, e.model, file, o, hash);
    e.map->file.path = s->o->files.said ? s->o->files.said : file;
    e.map->file.hash = hash;
    nm_map_write(s->job, e.map, nm_fmt(s->job, "%s.map.json", stem));
    s->v->cpu.write += nm_cpu() - at;
    if (!d) write_beside(s, t, &e, o.dialect, file, stem);
    return file;
}

static const char *write_one(nm_state *s, nm_target *t, const nm_cube *cube, const char *stem,
                             const char *suffix)
{
    const double at = nm_cpu();
    const nm_encoded e = encode_file(s, t, cube);
    s->v->cpu.encode += nm_cpu() - at;
    return nm_models_write_one(s, t, e, stem, suffix, NULL);
}

static void write_target(nm_state *s, nm_target *t, const char *stem, const char *suffix)
{
    if (!t->cube) {
        t->file = write_one(s, t, NULL, stem, suffix);
        return;
    }
    t->cube_file = NM_ARRAY(s->job, const char *, t->n_cubes);
    t->cube_mark = NM_ARRAY(s->job, const char *, t->n_cubes);
    for (size_t k = 0; k < t->n_cubes && !nm_interrupted(s->job); k++) {
        t->cube_file[k] = write_one(s, t, &t->cube[k], nm_fmt(s->job, "%s-c%zu", stem, k + 1),
                                    suffix);
        t->cube_mark[k] = t->mark;
    }
}

static void put_cubes(const nm_state *s, nm_jo *j, const nm_target *t)
{
    const nm_program *p = s->cases[t->icase].b->p;
    nm_jo_list(j, "cubes");
    for (size_t k = 0; k < t->n_cubes; k++) {
        const nm_cube *c = &t->cube[k];
        nm_jo_line(j);
        nm_jo_object(j, NULL);
        nm_jo_str(j, "model", t->cube_file[k] ? t->cube_file[k] : "");
        nm_jo_str(j, "mark", t->cube_mark[k] ? t->cube_mark[k] : "");
        nm_jo_list(j, "assumes");
        for (size_t i = 0; i < c->signs.n; i++) {
            const size_t u = c->signs.unit[i];
            const int block = nm_program_block(p, u);
            nm_jo_str(j, NULL,
                      nm_fmt(s->job, "v%d_%zu %s", block, u - p->blocks[block].first,
                             c->signs.side[i] > 0 ? "inactive" : "active"));
        }
        nm_jo_end(j);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

static void write_manifest(nm_state *s, const char *stem)
{
    nm_buf b = {.job = s->job};
    nm_jo j = nm_jo_new(&b);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "manifest");
    nm_jo_int(&j, "version", 1);
    nm_jo_str(&j, "combine", NM_COMBINE);
    nm_jo_line(&j);
    nm_jo_str(&j, "combine_cubes", NM_COMBINE_CUBES);
    nm_jo_line(&j);
    nm_jo_str(&j, "net", s->net->path);
    nm_jo_str(&j, "net_sha256", s->net->hash);
    nm_jo_line(&j);
    nm_jo_str(&j, "query_sha256", query_hash(s));
    nm_jo_str_if(&j, "assumed", nm_known_used(s->o->known));
    nm_jo_list(&j, "targets");
    for (size_t i = 0; i < s->v->n_targets; i++) {
        const nm_target *t = &s->v->targets[i];
        nm_jo_line(&j);
        nm_jo_object(&j, NULL);
        nm_jo_str(&j, "target", t->name);
        nm_jo_str(&j, "status", t->status == NM_UNKNOWN ? "open" : nm_status_word(t->status));
        if (t->file) {
            nm_jo_str(&j, "model", t->file);
            nm_jo_str(&j, "mark", t->mark);
        }
        if (t->cube_file) put_cubes(s, &j, t);
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    nm_jo_done(&j);
    nm_file_write(s->job, nm_fmt(s->job, "%s.manifest.json", stem), b.s, b.n);
}

static bool wanted(const nm_state *s, const nm_target *t)
{
    return nm_target_open(t) || s->o->files.always_write;
}

/* Returns whether a target's model is wanted, and can be made. */
static bool made(const nm_state *s, const nm_target *t)
{
    const nm_bounds *b = s->cases[t->icase].b;
    return wanted(s, t) && !s->q->cases[t->icase].empty && b && !b->empty;
}

static void keep(nm_state *s, size_t target, const nm_cube *cube)
{
    nm_kept *k = s->o->files.keep;
    nm_encoded e = encode_file(s, &s->v->targets[target], cube);
    finish(s, &s->v->targets[target], &e, dialect_of(s));
    e.map->file.n_rows = e.model->n_rows;
    *NM_PUSH(s->job, k->m, k->n, k->cap) = (struct nm_keptmodel){target, e.model, e.map};
}

static void keep_models(nm_state *s)
{
    const double at = nm_cpu();
    for (size_t i = 0; i < s->v->n_targets; i++) {
        const nm_target *t = &s->v->targets[i];
        if (!made(s, t)) continue;
        if (!t->cube) keep(s, i, NULL);
        for (size_t k = 0; t->cube && k < t->n_cubes; k++) keep(s, i, &t->cube[k]);
        if (nm_interrupted(s->job)) break;
    }
    s->v->cpu.encode += nm_cpu() - at;
}

static void print_models(nm_state *s)
{
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        if (made(s, t)) nm_model_print(s->o->files.print, encode_file(s, t, NULL).model);
    }
}

void nm_models_write(nm_state *s)
{
    if (s->o->files.print || s->o->files.keep) {
        (s->o->files.print ? print_models : keep_models)(s);
        return;
    }
    if (nm_interrupted(s->job)) return; /* bounds are not what they should be */
    const char *suffix, *stem = nm_model_stem(s->job, s->o->files.out, &suffix);
    size_t n = s->o->depth > 0; /* cubes always get a manifest */
    for (size_t i = 0; i < s->v->n_targets; i++) n += wanted(s, &s->v->targets[i]);
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        if (!made(s, t)) continue;
        write_target(s, t, n == 1 && !s->o->depth ? stem : nm_fmt(s->job, "%s-t%s", stem, t->name),
                     suffix);
        if (nm_interrupted(s->job)) return;
    }
    if (n > 1 || s->o->depth) write_manifest(s, stem);
}

bool nm_models_clear(nm_job *job, const char *out)
{
    const char *suffix, *stem = nm_model_stem(job, out, &suffix);
    const char *const old[] = {nm_fmt(job, "%s.manifest.json", stem), nm_fmt(job, "%s.map.json", stem), out};
    bool any = false;
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        if (old[i] == out && !any) break; /* without map or manifest it is no model of ours */
        const bool gone = !unlink(old[i]);
        if (!gone && errno != ENOENT && errno != ENOTDIR)
            nm_throw(job, NM_EIO, "%s: an older one cannot be removed: %s", old[i], strerror(errno));
        any |= gone;
    }
    return any;
}

/* Refuses, before any work, what L2 needs but the readers of the file do not support. */
void nm_models_sayable(nm_job *job, const nm_query *q, const nm_solve_opts *o)
{
    const nm_dialect *d = o->files.dialect ? o->files.dialect : &nm_dialect_generic;
    if (!o->files.out) return;
    const bool lp = nm_is_lp(job, o->files.out);
    for (size_t i = 0; i < q->n_cases; i++)
        if (nm_balls_have_l2(&q->cases[i]))
            nm_dialect_check(job, d, lp, NM_QUAD_ROWS, "an l2 ball");
    if (q->objective == NM_CLOSEST && q->norm == NM_L2)
        nm_dialect_check(job, d, lp, NM_QUAD_COST, "--objective closest:l2");
}
