/* compile.c: the stages that make a model of each open target: writing it with its map, and solving it by the
 * embedded solver or another. An infeasible decision model closes its target; a point is judged (verify.c); all else
 * leaves it open. */
#include "all.h"

nm_encoded nm_models_encode(nm_state *s, const nm_query *q, nm_target *t, const nm_cube *cube,
                            nm_encode_opts o)
{
    const nm_bounded *k = &s->cases[t->icase];
    const nm_bounds *b = cube ? cube->b : t->tight ? t->tight : k->b;
    o.fold = s->o->fold;
    o.one_sided = !s->o->two_sided;
    o.over = k->work.c;
    o.base = cube || t->tight ? k->b : NULL;
    /* files stay small; the solver at hand gets the rows that made it four to eighteen times as fast */
    const bool is_file = s->o->out || s->o->print || q->objective != NM_FEASIBLE;
    const char *usual = is_file ? "bigm" : "hull";
    o.enc = nm_encoding_find(s->job, s->o->encoding ? s->o->encoding : usual, &o.arg);
    nm_encoded e = nm_encode(s->job, b, q, t->icase, t->iclause, k->row[t->iclause], o);
    e.map->conditioned = cube || t->tight;
    if (cube) {
        e.map->cube = (size_t)(cube - t->cube) + 1;
        e.map->n_cubes = t->n_cubes;
    }
    return e;
}

static nm_encoded encode(nm_state *s, nm_target *t, const nm_cube *cube)
{
    return nm_models_encode(s, s->q, t, cube, (nm_encode_opts){0});
}

/* for a file: its solver is not asked in rounds, so that L2 is said in products */
static nm_encoded encode_file(nm_state *s, nm_target *t, const nm_cube *cube)
{
    return nm_models_encode(s, s->q, t, cube, (nm_encode_opts){.quadratic = true});
}

static void sizes(nm_target *t, const nm_model *m)
{
    t->rows = m->n_rows;
    t->cols = m->n_cols;
    t->nz = m->n_nz;
    t->bins = nm_model_binaries(m);
}

static const char *split_suffix(nm_job *job, const char *out, const char **suffix)
{
    static const char *const known[] = {".mps.gz", ".lp.gz", ".mps", ".lp"};
    for (size_t i = 0; i < 4; i++)
        if (nm_has_suffix(out, known[i])) {
            *suffix = known[i];
            return nm_dup(job, out, strlen(out) - strlen(known[i]));
        }
    nm_throw(job, NM_EUSE, "%s: a model file ends in .mps, .mps.gz, .lp or .lp.gz", out);
}

/* Marks a model that goes to a file: a column fixed to 1, named by a hash of the model, which is the model's name as
 * well. A solution that lists the one or says the other is a solution of this model, also when it says no more than
 * "infeasible". Equal models of one question have marks of their own, by what they stand for. */
static void mark(nm_state *s, const nm_target *t, nm_encoded *e)
{
    const nm_model *m = e->model;
    nm_buf b = {.job = s->job};
    char hash[65];
    nm_put(&b, "%s ", s->net->hash);
    if (s->v->n_targets > 1 || e->map->n_cubes) {
        const char *q = nm_query_hash(s->job, (nm_query *)(uintptr_t)s->q);
        nm_put(&b, "%s %zu %zu %zu %zu ", q, t->icase, t->iclause, e->map->cube, e->map->n_cubes);
        nm_put_num(&b, m->constant);
    }
    if (strcmp(m->cols[0].name, "nothing") == 0) /* constants: all alike but for what they say */
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
    e->map->tag = nm_fmt(s->job, "mark_%.12s", hash);
    nm_model_col(s->job, e->model, e->map->tag, 1, 1, false);
    e->model->name = e->map->tag;
    const char **cols = NM_ARRAY(s->job, const char *, m->n_cols);
    memcpy(cols, e->map->cols, (m->n_cols - 1) * sizeof *cols);
    cols[m->n_cols - 1] = e->map->tag;
    e->map->cols = cols;
    e->map->n_cols = m->n_cols;
}

/* fixed MPS: the map's columns are those of the file, and it keeps what they stand for */
static void fix(nm_state *s, nm_encoded *e)
{
    if (s->q->objective != NM_FEASIBLE)
        nm_throw(s->job, NM_EUNSUP,
                 "--mps fixed: its rounding moves the objective; objective feasible was expected");
    e->model = nm_model_fixed(s->job, e->model, &e->map->long_rows);
    e->map->long_cols = e->map->cols;
    e->map->cols = NM_ARRAY(s->job, const char *, e->map->n_cols);
    /* NAME has 8 characters as well */
    const size_t last = e->map->n_cols - 1;
    e->model->cols[last].name = e->model->name = nm_fmt(s->job, "M%.7s", e->map->tag + 5);
    for (size_t j = 0; j < e->map->n_cols; j++) e->map->cols[j] = e->model->cols[j].name;
    e->map->tag = e->map->cols[last];
}

static void write_beside(nm_state *s, const nm_target *t, const nm_encoded *e, const nm_dialect *d,
                         const char *file, const char *stem)
{
    if (s->o->start) nm_write_start(s->job, d, e->model, nm_start_of(s, t, e), stem);
    if (s->o->priorities) nm_write_priorities(s->job, d, e->enc, e->model, stem);
    if (s->o->options_file) nm_write_options(s->job, d, file, stem, s->o->threads);
}

/* d: the dialect of a solver at hand, or NULL for the one asked for */
static const char *write_model(nm_state *s, nm_target *t, nm_encoded e, const char *stem,
                               const char *suffix, const nm_dialect *d)
{
    double at = nm_cpu();
    sizes(t, e.model);
    mark(s, t, &e);
    if (s->o->fixed) fix(s, &e);
    t->mark = e.map->tag;
    nm_write_opts o = {.dialect = d               ? d
                                  : s->o->dialect ? s->o->dialect
                                                  : &nm_dialect_generic,
                       .cuts = s->o->cuts,
                       .fixed = s->o->fixed};
    e.map->query_hash = nm_query_hash(s->job, (nm_query *)(uintptr_t)s->q);
    e.map->net_path = s->net->first ? s->net->first->path : s->net->path;
    e.map->against = s->net->second ? s->net->second->path : NULL;
    e.map->net_hash = s->net->hash;
    if (s->net->front) e.map->front = *s->net->front;
    e.map->options = s->o->options;
    e.map->version = s->o->version;
    nm_notes_map(e.enc, e.map);
    if (s->o->comments && nm_is_lp(s->job, suffix)) o.notes = nm_notes_new(s->job, e.map, e.model);
    s->v->cpu_encode += nm_cpu() - at;
    at = nm_cpu();
    const char *file = nm_fmt(s->job, "%s%s", stem, suffix);
    char *hash = nm_raw(s->job, 65, 1);
    e.map->n_rows = nm_write_model(s->job, e.model, file, o, hash);
    e.map->dialect = o.dialect->name;
    e.map->model_path = s->o->said ? s->o->said : file;
    e.map->model_hash = hash;
    nm_map_write(s->job, e.map, nm_fmt(s->job, "%s.map.json", stem));
    s->v->cpu_write += nm_cpu() - at;
    if (!d) write_beside(s, t, &e, o.dialect, file, stem);
    return file;
}

static const char *write_one(nm_state *s, nm_target *t, const nm_cube *cube, const char *stem,
                             const char *suffix)
{
    const double at = nm_cpu();
    const nm_encoded e = encode_file(s, t, cube);
    s->v->cpu_encode += nm_cpu() - at;
    return write_model(s, t, e, stem, suffix, NULL);
}

static void write_target(nm_state *s, nm_target *t, const char *stem, const char *suffix)
{
    if (!t->cube) {
        t->file = write_one(s, t, NULL, stem, suffix);
        return;
    }
    t->cube_file = NM_ARRAY(s->job, const char *, t->n_cubes);
    t->cube_mark = NM_ARRAY(s->job, const char *, t->n_cubes);
    for (size_t k = 0; k < t->n_cubes && !nm_stopped(s->job); k++) {
        t->cube_file[k] = write_one(s, t, &t->cube[k], nm_fmt(s->job, "%s-c%zu", stem, k + 1),
                                    suffix);
        t->cube_mark[k] = t->mark;
    }
}

static void put_cubes(nm_state *s, nm_buf *b, const nm_target *t)
{
    const nm_program *p = s->cases[t->icase].b->p;
    nm_put(b, ", \"cubes\": [");
    for (size_t k = 0; k < t->n_cubes; k++) {
        nm_put(b, k ? ",\n    {\"model\": " : "\n    {\"model\": ");
        nm_put_json(b, t->cube_file[k] ? t->cube_file[k] : "");
        nm_put(b, ", \"mark\": \"%s\", \"assumes\": [", t->cube_mark[k] ? t->cube_mark[k] : "");
        for (size_t i = 0; i < t->cube[k].signs.n; i++) {
            const size_t u = t->cube[k].signs.unit[i];
            const int block = nm_program_block(p, u);
            nm_put(b, "%s\"v%d_%zu %s\"", i ? ", " : "", block, u - p->blocks[block].first,
                   t->cube[k].signs.side[i] > 0 ? "inactive" : "active");
        }
        nm_put(b, "]}");
    }
    nm_put(b, "]");
}

static void write_manifest(nm_state *s, const char *stem)
{
    nm_buf b = {.job = s->job};
    nm_put(&b,
           "{\"netmip\": \"manifest\", \"version\": 1, \"combine\": \"%s\",\n \"combine_cubes\": "
           "\"%s\",\n \"net\": ",
           NM_COMBINE, NM_COMBINE_CUBES);
    nm_put_json(&b, s->net->path);
    nm_put(&b, ", \"net_sha256\": \"%s\",\n \"query_sha256\": \"%s\", \"targets\": [", s->net->hash,
           nm_query_hash(s->job, (nm_query *)(uintptr_t)s->q));
    for (size_t i = 0; i < s->v->n_targets; i++) {
        const nm_target *t = &s->v->targets[i];
        nm_put(&b, i ? ",\n  {\"target\": " : "\n  {\"target\": ");
        nm_put_json(&b, t->name);
        nm_put(&b, ", \"status\": \"%s\"",
               t->status == NM_OK         ? "holds"
               : t->status == NM_VIOLATED ? "violated"
                                          : "open");
        if (t->file) {
            nm_put(&b, ", \"model\": ");
            nm_put_json(&b, t->file);
            nm_put(&b, ", \"mark\": \"%s\"", t->mark);
        }
        if (t->cube_file) put_cubes(s, &b, t);
        nm_put(&b, "}");
    }
    nm_put(&b, "]}\n");
    nm_file_write(s->job, nm_fmt(s->job, "%s.manifest.json", stem), b.s, b.n);
}

static bool wanted(const nm_state *s, const nm_target *t)
{
    return nm_target_open(t) || s->o->always_write;
}

static void print_models(nm_state *s)
{
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        const nm_bounds *b = s->cases[t->icase].b;
        if (wanted(s, t) && b && !b->empty)
            nm_model_print(s->o->print, encode_file(s, t, NULL).model);
    }
}

void nm_models_write(nm_state *s)
{
    if (s->o->print) {
        print_models(s);
        return;
    }
    const char *suffix, *stem = split_suffix(s->job, s->o->out, &suffix);
    size_t n = s->o->depth > 0; /* cubes are told apart by a manifest */
    for (size_t i = 0; i < s->v->n_targets; i++) n += wanted(s, &s->v->targets[i]);
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        if (!wanted(s, t) || s->q->cases[t->icase].empty || !s->cases[t->icase].b ||
            s->cases[t->icase].b->empty)
            continue;
        write_target(s, t, n == 1 && !s->o->depth ? stem : nm_fmt(s->job, "%s-t%s", stem, t->name),
                     suffix);
        if (nm_stopped(s->job)) return;
    }
    if (n > 1 || s->o->depth) write_manifest(s, stem);
}

/* what L2 asks of the readers of a file, before any work */
void nm_models_sayable(nm_job *job, const nm_query *q, const nm_solve_opts *o)
{
    const nm_dialect *d = o->dialect ? o->dialect : &nm_dialect_generic;
    if (!o->out) return;
    const bool lp = nm_is_lp(job, o->out);
    for (size_t i = 0; i < q->n_cases; i++)
        if (nm_balls_have_l2(&q->cases[i]))
            nm_dialect_check(job, d, lp, NM_QUAD_ROWS, "an l2 ball");
    if (q->objective == NM_CLOSEST && q->norm == NM_L2)
        nm_dialect_check(job, d, lp, NM_QUAD_COST, "--objective closest:l2");
}

/* ---- the solver ---- */

const double *nm_models_input(nm_state *s, const nm_encoded *e, const nm_sol *sol, size_t icase)
{
    double *v = NM_RAW(s->job, double, e->map->n_cols + 1);
    for (size_t j = 0; j < e->map->n_cols; j++) v[j] = sol->vals[j].x;
    return nm_leaf_input(s, e, icase, v);
}

static bool judge_solution(nm_state *s, nm_target *t, const nm_encoded *e, const nm_sol *sol)
{
    const double *x = nm_models_input(s, e, sol, t->icase);
    const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
    const bool settled = nm_state_take(s, &r, "solver");
    if (settled || r.is_violated || s->q->objective != NM_FEASIBLE) return settled;
    /* the point misses by the solver's tolerance: a short descent from it may find what it meant */
    if (s->o->attack && nm_close_attack(s, t->icase, r.g ? r.g : r.x, 1)) return true;
    s->v->why = nm_fmt(s->job,
                       "the solver's point for target %s does not replay: its margin is %.3g",
                       t->name, r.margin64);
    return false;
}

static double seconds_left(const nm_state *s)
{
    const double left = s->deadline - nm_wall();
    return isinf(s->deadline) ? 0 : left > 0 ? left : -1;
}

/* by a program of its own, or by the embedded solver when r is NULL */
static const nm_sol *ask(nm_state *s, nm_target *t, const nm_runner *r, nm_encoded e, bool first)
{
    const nm_cbc o = {.time_limit = seconds_left(s), .first = first, .memory = s->o->memory};
    if (!r) return nm_cbc_solve(s->job, e.model, o);
    const char *stem = e.map->cube ? nm_fmt(s->job, "%s/t%s-c%zu", s->o->keep, t->name, e.map->cube)
                                   : nm_fmt(s->job, "%s/t%s", s->o->keep, t->name);
    write_model(s, t, e, stem, ".mps", r->dialect);
    nm_sol *sol = nm_runner_solve(s->job, r, e.map, stem,
                                  (nm_run_opts){seconds_left(s), s->o->threads, s->o->memory});
    if (sol->status == NM_SOL_OPTIMAL && isnan(sol->bound)) { /* files say none */
        const double gap = r->is_own ? 1e-4 : 1e-7;
        sol->bound = sol->objective - gap * (1 + fabs(sol->objective));
    }
    return sol;
}

const nm_sol *nm_models_ask(nm_state *s, nm_target *t, nm_encoded e, bool first)
{
    sizes(t, e.model);
    return ask(s, t, s->o->solver, e, first);
}

/* `infeasible` is believed when nobody else was to be asked, or says the same */
bool nm_models_confirmed(nm_state *s, nm_target *t, const nm_encoded *e, const nm_sol *first)
{
    if (!s->o->confirm) return true;
    const nm_sol *second = ask(s, t, s->o->confirm, *e, true);
    if (second->status == NM_SOL_INFEASIBLE) return true;
    if (second->has_values)
        nm_throw(s->job, NM_EAUDIT,
                 "target %s: %s says infeasible, %s has a solution (%s); --keep DIR keeps both",
                 t->name, first->solver, second->solver, second->status_text);
    s->v->why = nm_fmt(s->job, "target %s: %s says infeasible, %s does not confirm it: %s", t->name,
                       first->solver, second->solver, second->status_text);
    return false;
}

/* an L2 ball is cut out by tangents at the points that its model gives, while they lie outside */
static const nm_sol *ask_in_rounds(nm_state *s, nm_target *t, nm_encoded *e)
{
    enum { ROUNDS = 60 };
    const nm_case *c = &s->q->cases[t->icase];
    const nm_sol *sol = NULL;
    for (int r = 0; r < ROUNDS; r++) {
        sol = ask(s, t, s->o->solver, *e, s->q->objective == NM_FEASIBLE);
        if (!nm_balls_have_l2(c) || !sol->has_values) break;
        const double *x = nm_models_input(s, e, sol, t->icase);
        const double *in = nm_case_input(s->job, c, x);
        const nm_replay p = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
        if (!nm_balls_missed(c, s->q->n_in, in) ||
            (p.is_violated && s->q->objective == NM_FEASIBLE))
            break;
        nm_distance_tangent(e->enc, in);
        e->map->n_rows = e->model->n_rows;
    }
    return sol;
}

static bool solve_target(nm_state *s, nm_target *t)
{
    double at = nm_cpu();
    nm_encoded e = encode(s, t, NULL);
    sizes(t, e.model);
    s->v->cpu_encode += nm_cpu() - at;
    at = nm_cpu();
    const bool decide = s->q->objective == NM_FEASIBLE;
    const nm_sol *sol = ask_in_rounds(s, t, &e);
    s->v->cpu_solver += nm_cpu() - at;
    if (sol->status == NM_SOL_INFEASIBLE) {
        if (!nm_models_confirmed(s, t, &e, sol)) return false;
        t->status = NM_OK;
        t->by = "solver";
        if (!decide) t->bound = INFINITY; /* its input set is empty */
        return false;
    }
    const double bound = sol->bound + e.model->constant -
                         1e-6 * (1 + fabs(sol->bound)); /* the solver's own tolerance */
    if (!decide && (sol->status == NM_SOL_OPTIMAL || sol->status == NM_SOL_FEASIBLE) &&
        bound > t->bound)
        t->bound = bound;
    if (s->q->objective == NM_RANGE && sol->status == NM_SOL_OPTIMAL && !e.map->relaxation) {
        t->status = NM_OK;
        t->by = "solver";
    }
    if (sol->has_values) return judge_solution(s, t, &e, sol);
    s->v->why = nm_fmt(s->job, "the solver stopped on target %s: %s", t->name, sol->status_text);
    return false;
}

/* ---- cubes ---- */

typedef struct {
    int status;
    bool has_point;
    double cpu;
} answer; /* of one cube: as a target's status */

typedef struct {
    nm_state *s;
    nm_target *t;
    answer *a;          /* [n_cubes] shared */
    double *x;          /* [n_cubes][inputs, or generators] shared */
    volatile int *done; /* shared: a counterexample was found */
} conquest;

static void conquer_one(nm_job *job, void *arg, size_t k)
{
    const conquest *c = arg;
    if (*c->done) return;
    nm_state own =
        *c->s; /* the worker's job takes errors, and what is said of one cube goes with it */
    nm_verdict said = *own.v;
    nm_target t = *c->t;
    own.job = job;
    own.v = &said;
    const nm_mark mark = nm_mark_get(job);
    const double at = nm_cpu();
    const nm_encoded e = encode(&own, &t, &t.cube[k]);
    const nm_sol *sol = ask(&own, &t, own.o->solver, e, true);
    answer *a = &c->a[k];
    const bool closed = sol->status == NM_SOL_INFEASIBLE && nm_models_confirmed(&own, &t, &e, sol);
    a->status = closed ? NM_OK : NM_UNKNOWN;
    if (sol->has_values) {
        const double *x = nm_models_input(&own, &e, sol, t.icase);
        const size_t n = nm_case_width(own.q, &own.q->cases[t.icase]);
        memcpy(c->x + k * n, x, n * sizeof *x);
        a->has_point = true;
        if (nm_verify(job, own.net, own.q, t.icase, (int64_t)t.iclause, x).is_violated)
            *c->done = 1;
    }
    a->cpu = nm_cpu() - at;
    nm_mark_release(job, mark);
}

static bool conquer(nm_state *s, nm_target *t)
{
    const size_t n = t->n_cubes, n_in = nm_case_width(s->q, &s->q->cases[t->icase]);
    conquest c = {s, t, nm_shared_new(s->job, n, sizeof *c.a),
                  nm_shared_new(s->job, n * n_in, sizeof *c.x),
                  nm_shared_new(s->job, 1, sizeof *c.done)};
    for (size_t k = 0; k < n; k++) c.a[k].status = NM_UNKNOWN;
    nm_note(s->job, "solving %zu cubes of target %s", n, t->name);
    nm_crew_run(s->job, s->o->threads, n, conquer_one, &c);
    size_t closed = 0;
    bool found = false;
    for (size_t k = 0; k < n && !found; k++) {
        s->v->cpu_solver += c.a[k].cpu;
        closed += c.a[k].status == NM_OK;
        if (!c.a[k].has_point) continue;
        const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause,
                                      c.x + k * n_in);
        found = nm_state_take(s, &r, "solver") ||
                (s->o->attack && !r.is_violated &&
                 nm_close_attack(s, t->icase, r.g ? r.g : r.x, 1));
    }
    if (closed == n) {
        t->status = NM_OK;
        t->by = "solver";
    } else if (!found) {
        s->v->why = nm_fmt(s->job, "%zu of %zu cubes of target %s are open", n - closed, n,
                           t->name);
    }
    return found;
}

bool nm_models_solve(nm_state *s)
{
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        const double best = s->v->witness ? s->v->witness->margin64 : INFINITY;
        const bool worst = s->q->objective == NM_WORST;
        const bool range = s->q->objective == NM_RANGE;
        if (range ? !nm_range_open(s, t) : worst ? !(t->bound < best) : !nm_target_open(t))
            continue;
        if (nm_stopped(s->job)) return false;
        if (!t->cube) nm_note(s->job, "solving target %s", t->name);
        if (t->cube ? conquer(s, t) : solve_target(s, t)) return true;
        if (worst && t->status == NM_UNKNOWN && t->bound > s->q->guard) {
            t->status = NM_OK;
            t->by = "solver";
        }
    }
    return false;
}
