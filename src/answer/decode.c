/* decode.c: turns a map and a solver's solution file into a verdict.
 *
 * What a solver claims to have proven is its word, and reported as such (`certified` false): "infeasible" for a
 * decision model whose guard covers the solver's tolerances (guard.c) and whose numbers are moderate (scale.c); or a
 * bound of a `worst` model that the file or its log states, or that "optimal" implies in formats that would report a
 * gap. Points are judged by replay through the network that the map names (its hash must fit), whatever the status; a
 * counterexample in a file that says infeasible is a contradiction, and an error. A point that misses gives `unknown`;
 * one that is called optimal and misses by more than any tolerance is an error, too. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "judge/judge.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "answer/answer.h"

typedef struct {
    const char *hash; /* that it must have, or NULL: any */
    const nm_front *f;
    const nm_net *any; /* the first network found, which has another hash */
} wanted_net;

/* Reads the network at path; returns it if it is the one that is wanted, else NULL. */
static const nm_net *net_at(nm_job *job, wanted_net *w, const char *path)
{
    if (!nm_file_exists(path)) return NULL;
    const nm_net *net = nm_net_read_as(job, path, w->f);
    if (!w->hash || strcmp(net->hash, w->hash) == 0) return net;
    if (!w->any) w->any = net;
    return NULL;
}

const nm_net *nm_net_of_map(nm_job *job, const char *path, const char *hash, const nm_front *f, const char *map_path)
{
    enum { ABOVE = 8 }; /* folders above the map's */
    const char *base = strrchr(path, '/');
    wanted_net w = {.hash = hash, .f = f};
    base = base ? base + 1 : path;
    const nm_net *net = net_at(job, &w, path);
    const char *dir = nm_path_dir(job, map_path);
    for (int i = 0; !net && i <= ABOVE; i++, dir = nm_fmt(job, "%s../", dir)) {
        if (path[0] != '/') net = net_at(job, &w, nm_fmt(job, "%s%s", dir, path));
        if (!net && base != path) net = net_at(job, &w, nm_fmt(job, "%s%s", dir, base));
    }
    if (!net && !w.any)
        nm_throw(job, NM_EIO,
                 "%s: the network of %s was not found, neither there nor in the map's folder and those above it; put a "
                 "copy of it beside the map",
                 path, map_path);
    return net ? net : w.any;
}

const nm_net *nm_map_net(nm_job *job, const nm_net *given, nm_map *m, const char *map_path)
{
    nm_front front = m->from.front;
    front.n_asked = m->question->n_in;
    const char *hash = m->from.against ? NULL : m->from.net_hash; /* of two networks it is that of both */
    const nm_net *net = given ? given : nm_net_of_map(job, m->from.net_path, hash, &front, map_path);
    if (m->from.against && !given)
        net = nm_net_join(job, net, nm_net_of_map(job, m->from.against, NULL, &front, map_path));
    const char *path = net->path;
    if (strcmp(net->hash, m->from.net_hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the network that %s was made from", path, map_path);
    if (net->n_in != m->question->n_in || net->n_out != m->question->n_out)
        nm_throw(job, NM_EINPUT, "%s: does not fit the network %s", map_path, path);
    nm_query *q = NM_NEW(job, nm_query);
    const nm_shape own = nm_net_shape(net);
    *q = *m->question;
    if (nm_shape_eq(q->shape, own)) q->shape = own;
    m->question = q;
    return net;
}

/* Checks that the model file, if it still exists, is the one that the map was made with. */
static void check_model(nm_job *job, const nm_map *m, const char *map_path)
{
    if (!m->file.path || !m->file.hash) return;
    const char *base = strrchr(m->file.path, '/'), *path = m->file.path;
    if (!nm_file_exists(path))
        path = nm_fmt(job, "%s%s", nm_path_dir(job, map_path), base ? base + 1 : m->file.path);
    if (!nm_file_exists(path)) return;
    const nm_file f = nm_file_read(job, path);
    char hash[65];
    nm_sha256(f.data, f.n, hash);
    if (strcmp(hash, m->file.hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the model that %s was made with", path, map_path);
}

/* Checks the question: its file, if it has one that still exists, else its text. */
static void check_question(nm_job *job, const nm_map *m, const char *map_path)
{
    const char *hash = m->from.text_hash;
    char of_file[65];
    if (m->from.query_path && !nm_file_exists(m->from.query_path)) return;
    if (m->from.query_path) {
        const nm_file f = nm_file_read(job, m->from.query_path);
        nm_sha256(f.data, f.n, of_file);
        hash = of_file;
    }
    if (strcmp(hash, m->from.query_hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the question that %s was made from",
                 m->from.query_path ? m->from.query_path : "its text", map_path);
}

/* Returns the input that the columns stand for. strict: an input outside of its bounds is an error; otherwise (the run
 * was stopped) replay moves it inside. */
static const double *input(nm_job *job, const nm_map *m, const double *col, bool strict)
{
    const nm_query *q = m->question;
    const nm_case *c = &q->cases[m->asks.icase];
    double *x = NM_RAW(job, double, m->n_in);
    const double *lo = c->gens ? c->gens->lo : c->lo, *hi = c->gens ? c->gens->hi : c->hi,
                 *start = nm_case_start(q, c);
    for (size_t i = 0; i < m->n_in; i++) {
        const int by = m->file.scale.any && m->col[i] >= 0 ? m->file.scale.col[m->col[i]] : 0;
        x[i] = m->col[i] >= 0 ? ldexp(col[m->col[i]], by)
               : start        ? fmin(fmax(start[i], lo[i]), hi[i])
                              : 0.5 * lo[i] + 0.5 * hi[i];
        const double off = x[i] < lo[i] ? lo[i] - x[i] : x[i] > hi[i] ? x[i] - hi[i] : 0;
        if (strict && off > NM_ROW_TOL * (1 + fabs(x[i])))
            nm_throw(job, NM_EAUDIT, "%s %zu is %g: outside its bounds by %g",
                     c->gens ? "generator" : "input", i, x[i], off);
    }
    return x;
}

/* Returns by how much the question was relaxed: the guard of the file plus the one that the user asked for. */
static double guard_of(const nm_map *m) { return m->form.slack + m->question->guard; }

static bool is_worst(const nm_map *m)
{
    return m->question->objective == NM_WORST || m->question->objective == NM_RANGE;
}

/* Returns why a proof of this solver cannot be believed, or NULL. */
static const char *unbelievable(nm_job *job, const nm_map *m)
{
    if (m->form.unfit) return m->form.unfit;
    if (guard_of(m) < m->form.budget * (1 - 1e-9))
        return nm_fmt(
            job,
            "its guard of %.3g is smaller than the %.3g by which tolerances of %g and %g can move the "
            "question (--guard auto was expected)",
            guard_of(m), m->form.budget, m->form.tolerance.primal, m->form.tolerance.integral);
    return NULL;
}

static void judge(nm_job *job, const nm_map *m, const nm_sol *s, const nm_replay *r, nm_target *t,
                  nm_verdict *v)
{
    const bool range = m->question->objective == NM_RANGE, worst = is_worst(m);
    t->objective = r->margin64;
    if (range && r->is_inside) t->best = r;
    if (!range) v->witness = r;
    if (!range && r->is_violated) {
        t->status = v->status = NM_VIOLATED;
        return;
    }
    if (worst && isfinite(s->objective) && !m->form.relaxation) {
        const double claim = s->objective + m->file.constant, off = fabs(claim - r->margin64);
        if (!(off <= 1e-4 * (1 + fabs(claim)) + 100 * m->form.budget))
            nm_throw(job, NM_EAUDIT,
                     "the solver's objective implies a margin of %.9g, but the replay gives %.9g", claim,
                     r->margin64);
    }
    if (worst || v->why) return;
    if (s->status == NM_SOL_OPTIMAL && !m->form.relaxation &&
        r->margin64 > guard_of(m) + 1e-4 * (1 + fabs(m->file.constant)) + 100 * m->form.budget)
        nm_throw(job, NM_EAUDIT,
                 "the solver's optimal point does not replay, by more than tolerances explain: its "
                 "margin is %.9g "
                 "(+- %.1e); 0 or less was expected",
                 r->margin64, r->err64);
    v->why =
        m->form.relaxation
            ? "the point of this relaxation is not a counterexample: ask for more binaries, or for "
              "an exact encoding"
        : r->margin64 <= guard_of(m)
            ? "the solver's point lies in the guard band: neither a counterexample nor a proof"
            : nm_fmt(
                  job,
                  "the solver's point is not a counterexample when it is replayed: its margin is %.3g "
                  "(+- %.1g); 0 or less was expected",
                  r->margin64, r->err64);
}

/* Returns true if the solver claims a lower bound of a value: one in its file or log, or "optimal" in a format that
 * leaves no gap. *claim: that bound, less what the solver's tolerances can move the objective by. */
static bool claim_of(const nm_map *m, const nm_sol *s, double *claim)
{
    const bool whole = s->status == NM_SOL_OPTIMAL && s->gapless && isfinite(s->objective);
    const double step = ldexp(2e-5,
                              m->file.scale.objective); /* CBC prunes nodes that are better by up to 1e-5 */
    const double said = isfinite(s->bound) ? s->bound : whole ? s->objective - step : NAN;
    *claim = said + m->file.constant - (is_worst(m) ? m->form.budget : 0);
    return isfinite(*claim);
}

/* Requires an infeasible file that names nothing of the model to be at least newer than the model. */
static void check_unnamed(nm_job *job, const char *map_path, const char *sol_path)
{
    if (nm_file_older(sol_path, map_path))
        nm_throw(job, NM_EAUDIT, "%s: names no column and is older than %s, so it answers an older model",
                 sol_path, map_path);
    nm_note(job, "%s names no column: it is assumed to answer this model", sol_path);
}

static nm_verdict *open_verdict(nm_job *job, const nm_map *m)
{
    nm_verdict *v = NM_NEW(job, nm_verdict);
    nm_target *t = NM_NEW(job, nm_target);
    *t = (nm_target){.icase = m->asks.icase,
                     .iclause = m->asks.iclause,
                     .name = m->file.cube ? nm_fmt(job, "%s, cube %zu of %zu", m->asks.name,
                                                   m->file.cube, m->file.n_cubes)
                                          : m->asks.name,
                     .status = NM_UNKNOWN,
                     .by = NM_BY_SOLVER,
                     .label = m->question->cases[m->asks.icase].clauses[m->asks.iclause].label,
                     .margin_lo = NAN,
                     .objective = NAN,
                     .bound = NAN};
    *v = (nm_verdict){.status = NM_UNKNOWN, .by = NM_BY_SOLVER, .n_targets = 1, .targets = t};
    v->optimum.value = v->optimum.bound = v->word.claim = t->bound = NAN;
    v->assumed = m->form.assumed;
    v->word.guard = guard_of(m);
    v->word.tolerance = m->form.tolerance;
    return v;
}

/* Returns an objective as a distance: for L2 it is the square. */
static double as_distance(const nm_query *q, double objective)
{
    return q->objective == NM_CLOSEST && q->norm == NM_L2 ? sqrt(fmax(objective, 0)) : objective;
}

/* Judges a point of closest: it lies on the boundary, within the solver's tolerances, so the nearest strict
 * counterexample in its neighbourhood is taken as the answer. */
static void judge_near(nm_job *job, const nm_net *net, const nm_map *m, const nm_sol *s,
                       const double *x, nm_target *t, nm_verdict *v)
{
    const nm_query *q = m->question;
    const double said = s->objective + m->file.constant, claim = as_distance(q, said);
    nm_near *n = nm_near_new(job, net, q, nm_lower(job, net));
    n->slack = guard_of(m);
    nm_near_take(n, m->asks.icase, (int64_t)m->asks.iclause, x);
    nm_near_from(n, m->asks.icase, m->asks.iclause, x);
    if (isinf(n->value)) {
        const nm_replay r = nm_verify(job, net, q, m->asks.icase, (int64_t)m->asks.iclause, x);
        v->why = nm_fmt(
            job,
            "no counterexample is near enough to the solver's point for its tolerances to explain "
            "it: the point's margin is %.3g%s",
            r.margin64, m->question->guard > 0 ? "; a model that compile --guard 0 writes has no slack" : "");
    } else {
        t->status = v->status = NM_VIOLATED;
        v->optimum.has = true;
        v->optimum.value = t->objective = n->value;
        v->witness = &n->best;
        if (isfinite(claim) && !m->form.relaxation &&
            !(n->value <= claim + 1e-3 * (1 + fabs(claim))) && guard_of(m) == 0)
            nm_throw(job, NM_EAUDIT,
                     "the solver's objective implies a distance of %.9g, but the nearest replay near it "
                     "has %.9g",
                     claim, n->value);
    }
}

/* Takes the solver's claim about a value, which is reported as its word. An optimum that the solver's own bound
 * contradicts is no optimum. */
static void weigh_claim(nm_job *job, const nm_map *m, nm_sol *s, nm_verdict *v)
{
    v->word.has_claim = claim_of(m, s, &v->word.claim);
    if (v->word.has_claim) v->word.claim = as_distance(m->question, v->word.claim);
    if (s->status != NM_SOL_OPTIMAL) return;
    if (!v->word.has_claim)
        v->why = "the file says optimal, but neither it nor a log (--log) states the gap: "
                 "that proves nothing";
    if (!isfinite(s->bound) || s->objective - s->bound <= 1e-6 * (1 + fabs(s->objective))) return;
    s->status = NM_SOL_FEASIBLE;
    s->status_text = nm_fmt(job, "%s, with a bound of %.9g below it", s->status_text,
                            v->word.claim);
}

typedef struct {
    const nm_map *m;
    const nm_sol *s;
    const char *path;
    const double *x;
} listed;

static void read_listed(nm_job *job, void *arg)
{
    listed *l = arg;
    l->x = input(job, l->m, nm_sol_columns(job, l->s, l->m->file.n_cols, l->m->file.cols, l->path),
                 false);
}

/* Replays known points against a file that says infeasible: the point that it lists all the same, the image, and two
 * corners. If one is a counterexample, that is a contradiction. For a cube it is none, because the point may lie in
 * another branch: it is returned, and settles the target; else NULL. */
static const nm_replay *refute(nm_job *job, const nm_net *net, const nm_map *m, const nm_sol *s,
                   const char *path)
{
    const nm_query *q = m->question;
    const nm_case *c = &q->cases[m->asks.icase];
    listed l = {m, s, path, NULL};
    if (s->n > 0 && nm_run(job, read_listed, &l) != 0) l.x = NULL;
    const double *at[] = {l.x, nm_case_start(q, c), c->gens ? NULL : c->lo, c->gens ? NULL : c->hi};
    static const char *const what[] = {"the point that it lists", "the image",
                                       "the lower corner of the input set",
                                       "the upper corner of the input set"};
    for (size_t k = 0; k < 4; k++) {
        if (!at[k]) continue;
        nm_replay *r = NM_NEW(job, nm_replay);
        *r = nm_verify(job, net, q, m->asks.icase, (int64_t)m->asks.iclause, at[k]);
        if (!r->is_violated || q->objective == NM_WORST || q->objective == NM_RANGE) continue;
        if (m->file.cube) return r;
        nm_throw(job, NM_EAUDIT,
                 "%s: says \"%s\", but %s is a counterexample: its margin is %.9g", path,
                 s->status_text, what[k], r->margin64);
    }
    return NULL;
}

/* Takes a solver's "infeasible" as its word, believed if the guard covers its tolerances and nothing contradicts it. */
static void take_infeasible(nm_job *job, const nm_net *net, const nm_map *m, const char *map_path,
                            nm_sol *s, const char *sol_path, bool named, nm_verdict *v)
{
    const nm_case *c = &m->question->cases[m->asks.icase];
    if (is_worst(m) && !c->n_in_rows && !c->gens && !c->n_balls)
        nm_throw(job, NM_EAUDIT,
                 "%s: says \"%s\", but a worst-case model over a box is never infeasible", sol_path,
                 s->status_text);
    if (!named) check_unnamed(job, map_path, sol_path);
    const nm_replay *found = refute(job, net, m, s, sol_path);
    if (found) {
        v->witness = found;
        v->targets->status = v->status = NM_VIOLATED;
        return;
    }
    const char *why = unbelievable(job, m);
    if (is_worst(m)) why = "an infeasible model would mean an empty input set, and proves no value";
    if (why) {
        v->why = nm_fmt(job, "the solver said: %s; this is no proof: %s", s->status_text, why);
        return;
    }
    v->targets->status = v->status = NM_OK;
    if (m->question->objective == NM_CLOSEST) v->targets->bound = INFINITY;
}

/* Takes a worst margin: if the claimed bound is above the guard, and a point with a larger margin was replayed, the
 * target holds by the solver's word. */
static void take_claim(nm_job *job, const nm_map *m, nm_sol *s, nm_verdict *v)
{
    const nm_query *q = m->question;
    if (q->objective != NM_WORST || v->status != NM_UNKNOWN) return;
    if (!v->word.has_claim || !(v->word.claim > q->guard)) {
        if (!v->why)
            v->why = nm_fmt(job, "the solver said: %s, but its bound does not exclude counterexamples",
                            s->status_text);
        return;
    }
    const char *why = m->form.unfit;
    if (!s->has_values || (s->status != NM_SOL_OPTIMAL && s->status != NM_SOL_FEASIBLE))
        why = nm_fmt(job, "it said: %s, but gave no point that could be replayed to check it",
                     s->status_text);
    else if (v->word.claim > v->optimum.value + 1e-4 * (1 + fabs(v->optimum.value)))
        nm_throw(
            job, NM_EAUDIT,
            "the solver's bound is a margin of %.9g or more, but the replay of its own point gives %.9g",
            v->word.claim, v->optimum.value);
    if (why) {
        v->why = nm_fmt(job, "the solver's bound is no proof: %s", why);
        return;
    }
    v->targets->status = v->status = NM_OK;
    v->why = NULL;
}

/* Returns the verdict that a solution gives for the map's model. map_path NULL: the map is not a file, and the solution
 * is known to be of this model. */
static nm_verdict *weigh(nm_job *job, const nm_net *net, const nm_map *m, const char *map_path,
                         const nm_sol *said, const char *sol_path)
{
    nm_sol *s = NM_NEW(job, nm_sol);
    *s = *said;
    nm_tail_check(job, net, m->question);
    const bool named = nm_sol_check(job, s, nm_map_card(m), sol_path) || !map_path;
    s->objective = ldexp(s->objective, m->file.scale.objective);
    s->bound = ldexp(s->bound, m->file.scale.objective);
    nm_verdict *v = open_verdict(job, m);
    nm_target *t = v->targets;
    v->word.solver = s->solver;
    if (m->question->objective != NM_FEASIBLE) weigh_claim(job, m, s, v);
    if (s->status == NM_SOL_INFEASIBLE)
        take_infeasible(job, net, m, map_path, s, sol_path, named, v);
    if (s->has_values) {
        const double *x = input(
            job, m, nm_sol_columns(job, s, m->file.n_cols, m->file.cols, sol_path), !s->loose);
        if (m->question->objective == NM_CLOSEST) {
            judge_near(job, net, m, s, x, t, v);
        } else {
            nm_replay *r = NM_NEW(job, nm_replay);
            *r = nm_verify(job, net, m->question, m->asks.icase, (int64_t)m->asks.iclause, x);
            judge(job, m, s, r, t, v);
            v->optimum.has = is_worst(m);
            v->optimum.value = r->margin64;
        }
    }
    take_claim(job, m, s, v);
    if (m->question->objective == NM_RANGE) {
        v->optimum.has = false;
        nm_range_conclude(m->question, v);
    }
    if (v->status == NM_UNKNOWN && !v->why)
        v->why = nm_fmt(job, "the solver said: %s", s->status_text);
    if (v->status == NM_UNKNOWN) t->by = v->by = NM_NOT_SETTLED;
    return v;
}

nm_verdict *nm_decode_sol(nm_job *job, const nm_net *net, const nm_map *map, const char *map_path,
                          const nm_sol *s, const char *sol_path)
{
    nm_map *m = NM_NEW(job, nm_map);
    *m = *map;
    net = nm_map_net(job, net, m, map_path);
    check_model(job, m, map_path);
    check_question(job, m, map_path);
    return weigh(job, net, m, map_path, s, sol_path);
}

nm_verdict *nm_decode_kept(nm_job *job, const nm_net *net, const nm_map *m, const nm_sol *s)
{
    return weigh(job, net, m, NULL, s, "the solution");
}
