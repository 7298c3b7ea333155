/* decode.c: a map and a solver's solution file become a verdict.
 *
 * A solver's proof is its word, and is reported so (`certified` false): "infeasible" of a decision model whose
 * guard covers the solver's tolerances (guard.c) and whose numbers it can hold (scale.c); a bound of a `worst`
 * model that the file or its log states, or that "optimal" implies in formats that would say a gap. Points are
 * judged by replay through the network that the map names (its hash must fit), whatever the status says; a
 * counterexample in a file that says infeasible is a contradiction, and an error. A point that misses is `unknown`;
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

const nm_net *nm_net_of_map(nm_job *job, const char *path, const nm_front *f, const char *map_path)
{
    if (!nm_file_exists(path) && path[0] != '/')
        path = nm_fmt(job, "%s%s", nm_path_dir(job, map_path), path);
    if (!nm_file_exists(path))
        nm_throw(job, NM_EIO, "%s: the network of %s is not here; run decode where it was made",
                 path, map_path);
    return nm_net_read_as(job, path, f);
}

const nm_net *nm_map_net(nm_job *job, const nm_net *given, nm_map *m, const char *map_path)
{
    nm_front front = m->front;
    front.n_asked = m->question->n_in;
    const nm_net *net = given ? given : nm_net_of_map(job, m->net_path, &front, map_path);
    if (m->against && !given) net = nm_net_join(job, net, nm_net_of_map(job, m->against, &front, map_path));
    const char *path = net->path;
    if (strcmp(net->hash, m->net_hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the network that %s was made from", path, map_path);
    if (net->n_in != m->question->n_in || net->n_out != m->question->n_out)
        nm_throw(job, NM_EINPUT, "%s: does not fit %s", map_path, path);
    nm_query *q = NM_NEW(job, nm_query);
    const nm_shape own = nm_net_shape(net);
    *q = *m->question;
    if (nm_shape_eq(q->shape, own)) q->shape = own;
    m->question = q;
    return net;
}

/* the model file, when it is still there, must be the one that the map was made with */
static void check_model(nm_job *job, const nm_map *m, const char *map_path)
{
    if (!m->model_path || !m->model_hash) return;
    const char *base = strrchr(m->model_path, '/'), *path = m->model_path;
    if (!nm_file_exists(path))
        path = nm_fmt(job, "%s%s", nm_path_dir(job, map_path), base ? base + 1 : m->model_path);
    if (!nm_file_exists(path)) return;
    const nm_file f = nm_file_read(job, path);
    char hash[65];
    nm_sha256(f.data, f.n, hash);
    if (strcmp(hash, m->model_hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the model that %s was made with", path, map_path);
}

/* the question: its file when it has one and that is still there, else its text */
static void check_question(nm_job *job, const nm_map *m, const char *map_path)
{
    const char *hash = m->query_text_hash;
    char of_file[65];
    if (m->query_path && !nm_file_exists(m->query_path)) return;
    if (m->query_path) {
        const nm_file f = nm_file_read(job, m->query_path);
        nm_sha256(f.data, f.n, of_file);
        hash = of_file;
    }
    if (strcmp(hash, m->query_hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the question that %s was made from",
                 m->query_path ? m->query_path : "its text", map_path);
}

/* Returns the input that the columns say. strict: one outside its bounds is an error; else, where a run
 * stopped, replay moves it inside. */
static const double *input(nm_job *job, const nm_map *m, const double *col, bool strict)
{
    const nm_query *q = m->question;
    const nm_case *c = &q->cases[m->case_index];
    double *x = NM_RAW(job, double, m->n_in);
    const double *lo = c->gens ? c->gens->lo : c->lo, *hi = c->gens ? c->gens->hi : c->hi,
                 *start = nm_case_start(q, c);
    for (size_t i = 0; i < m->n_in; i++) {
        const int by = m->scale.any && m->col[i] >= 0 ? m->scale.col[m->col[i]] : 0;
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

/* How far the solver's tolerances reach: the guard of the file, and what the user asked for. */
static double guard_of(const nm_map *m) { return m->slack + m->question->guard; }

static bool is_worst(const nm_map *m)
{
    return m->question->objective == NM_WORST || m->question->objective == NM_RANGE;
}

/* Returns why a proof of this solver is not to be believed, or NULL. */
static const char *unbelievable(nm_job *job, const nm_map *m)
{
    if (m->unfit) return m->unfit;
    if (guard_of(m) < m->budget * (1 - 1e-9))
        return nm_fmt(
            job,
            "its guard of %.3g is smaller than the %.3g that tolerances of %g and %g can move the "
            "question by (--guard auto was expected)",
            guard_of(m), m->budget, m->tolerance.primal, m->tolerance.integral);
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
    if (worst && isfinite(s->objective) && !m->relaxation) {
        const double claim = s->objective + m->constant, off = fabs(claim - r->margin64);
        if (!(off <= 1e-4 * (1 + fabs(claim)) + 100 * m->budget))
            nm_throw(job, NM_EAUDIT,
                     "the solver's objective says a margin of %.9g, the replay %.9g", claim,
                     r->margin64);
    }
    if (worst || v->why) return;
    if (s->status == NM_SOL_OPTIMAL && !m->relaxation &&
        r->margin64 > guard_of(m) + 1e-4 * (1 + fabs(m->constant)) + 100 * m->budget)
        nm_throw(job, NM_EAUDIT,
                 "the solver's optimal point does not replay, by more than tolerances explain: its "
                 "margin is %.9g "
                 "(+- %.1e); 0 or less was expected",
                 r->margin64, r->err64);
    v->why =
        m->relaxation
            ? "the point of this relaxation is no counterexample: ask for more binaries, or for "
              "an exact encoding"
        : r->margin64 <= guard_of(m)
            ? "the solver's point lies in the guard band: neither a counterexample nor a proof"
            : nm_fmt(
                  job,
                  "the solver's point is no counterexample when it is replayed: its margin is %.3g "
                  "(+- %.1g), and 0 or less was expected",
                  r->margin64, r->err64);
}

/* What the solver claims of a value: at least its bound, where the file or its log states one or "optimal" leaves
 * no gap. The claim is weakened by what its tolerances can move the objective. Returns true when there is one. */
static bool claim_of(const nm_map *m, const nm_sol *s, double *claim)
{
    const bool whole = s->status == NM_SOL_OPTIMAL && s->gapless && isfinite(s->objective);
    const double step = ldexp(2e-5,
                              m->scale.objective); /* CBC prunes what is 1e-5 better at most */
    const double said = isfinite(s->bound) ? s->bound : whole ? s->objective - step : NAN;
    *claim = said + m->constant - (is_worst(m) ? m->budget : 0);
    return isfinite(*claim);
}

/* an infeasible file that names nothing of the model: at least it must be younger than the model */
static void check_unnamed(nm_job *job, const char *map_path, const char *sol_path)
{
    if (nm_file_older(sol_path, map_path))
        nm_throw(job, NM_EAUDIT, "%s: names no column, and is older than %s: a stale answer",
                 sol_path, map_path);
    nm_note(job, "%s names no column: that it answers this model is taken on trust", sol_path);
}

static nm_verdict *open_verdict(nm_job *job, const nm_map *m)
{
    nm_verdict *v = NM_NEW(job, nm_verdict);
    nm_target *t = NM_NEW(job, nm_target);
    *t = (nm_target){
        .icase = m->case_index,
        .iclause = m->clause_index,
        .name = m->cube ? nm_fmt(job, "%s, cube %zu of %zu", m->target, m->cube, m->n_cubes)
                        : m->target,
        .status = NM_UNKNOWN,
        .by = NM_BY_SOLVER,
        .label = m->question->cases[m->case_index].clauses[m->clause_index].label,
        .margin_lo = NAN,
        .objective = NAN,
        .bound = NAN};
    *v = (nm_verdict){.status = NM_UNKNOWN, .by = NM_BY_SOLVER, .n_targets = 1, .targets = t};
    v->objective = v->bound = v->claim = t->bound = NAN;
    v->guard = guard_of(m);
    v->tolerance = m->tolerance;
    return v;
}

/* an objective as a distance: L2's is its square */
static double as_distance(const nm_query *q, double objective)
{
    return q->objective == NM_CLOSEST && q->norm == NM_L2 ? sqrt(fmax(objective, 0)) : objective;
}

/* closest: the point lies on the boundary, within the solver's tolerances; the nearest strict counterexample of its
 * neighbourhood is the answer's */
static void judge_near(nm_job *job, const nm_net *net, const nm_map *m, const nm_sol *s,
                       const double *x, nm_target *t, nm_verdict *v)
{
    const nm_query *q = m->question;
    const double said = s->objective + m->constant, claim = as_distance(q, said);
    nm_near *n = nm_near_new(job, net, q, nm_lower(job, net));
    n->slack = guard_of(m);
    nm_near_take(n, m->case_index, (int64_t)m->clause_index, x);
    nm_near_from(n, m->case_index, m->clause_index, x);
    if (isinf(n->value)) {
        const nm_replay r = nm_verify(job, net, q, m->case_index, (int64_t)m->clause_index, x);
        v->why = nm_fmt(
            job,
            "no counterexample is so near to the solver's point that its tolerances would explain "
            "it: the point's margin is %.3g",
            r.margin64);
    } else {
        t->status = v->status = NM_VIOLATED;
        v->has_objective = true;
        v->objective = t->objective = n->value;
        v->witness = &n->best;
        if (isfinite(claim) && !m->relaxation && !(n->value <= claim + 1e-3 * (1 + fabs(claim))) &&
            guard_of(m) == 0)
            nm_throw(job, NM_EAUDIT,
                     "the solver's objective says a distance of %.9g; the nearest replay near it "
                     "has %.9g",
                     claim, n->value);
    }
}

/* Takes what the solver claims of a value: it is reported as its word, and an optimum that its own bound contradicts is
 * none. */
static void weigh_claim(nm_job *job, const nm_map *m, nm_sol *s, nm_verdict *v)
{
    v->has_claim = claim_of(m, s, &v->claim);
    if (v->has_claim) v->claim = as_distance(m->question, v->claim);
    if (s->status != NM_SOL_OPTIMAL) return;
    if (!v->has_claim)
        v->why = "the file says optimal, but neither it nor a log (--log) states within which gap: "
                 "that proves nothing";
    if (!isfinite(s->bound) || s->objective - s->bound <= 1e-6 * (1 + fabs(s->objective))) return;
    s->status = NM_SOL_FEASIBLE;
    s->status_text = nm_fmt(job, "%s, with a bound of %.9g below it", s->status_text, v->claim);
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
    l->x = input(job, l->m, nm_sol_columns(job, l->s, l->m->n_cols, l->m->cols, l->path), false);
}

/* Replays what is at hand against a file that says infeasible: the point that it lists all the same, the image, and two
 * corners. One that is a counterexample is a contradiction. Of a cube it is none, for it may lie in another branch: it
 * is returned, and settles the target; else NULL. */
static const nm_replay *refute(nm_job *job, const nm_net *net, const nm_map *m, const nm_sol *s,
                   const char *path)
{
    const nm_query *q = m->question;
    const nm_case *c = &q->cases[m->case_index];
    listed l = {m, s, path, NULL};
    if (s->n > 0 && nm_run(job, read_listed, &l) != 0) l.x = NULL;
    const double *at[] = {l.x, nm_case_start(q, c), c->gens ? NULL : c->lo, c->gens ? NULL : c->hi};
    static const char *const what[] = {"the point that it lists", "the image",
                                       "the lower corner of the input set",
                                       "the upper corner of the input set"};
    for (size_t k = 0; k < 4; k++) {
        if (!at[k]) continue;
        nm_replay *r = NM_NEW(job, nm_replay);
        *r = nm_verify(job, net, q, m->case_index, (int64_t)m->clause_index, at[k]);
        if (!r->is_violated || q->objective == NM_WORST || q->objective == NM_RANGE) continue;
        if (m->cube) return r;
        nm_throw(job, NM_EAUDIT,
                 "%s: says \"%s\", but %s is a counterexample: its margin is %.9g", path,
                 s->status_text, what[k], r->margin64);
    }
    return NULL;
}

/* A solver's "infeasible": its word, believed where the guard covers its tolerances and nothing speaks against it. */
static void take_infeasible(nm_job *job, const nm_net *net, const nm_map *m, const char *map_path,
                            nm_sol *s, const char *sol_path, bool named, nm_verdict *v)
{
    const nm_case *c = &m->question->cases[m->case_index];
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
    if (is_worst(m)) why = "its input set would be empty: an infeasible model proves no value";
    if (why) {
        v->why = nm_fmt(job, "the solver said: %s; this is no proof: %s", s->status_text, why);
        return;
    }
    v->targets->status = v->status = NM_OK;
    if (m->question->objective == NM_CLOSEST) v->targets->bound = INFINITY;
}

/* A worst margin whose claim lies above the guard, with a point above it, holds by the solver's word. */
static void take_claim(nm_job *job, const nm_map *m, nm_sol *s, nm_verdict *v)
{
    const nm_query *q = m->question;
    if (q->objective != NM_WORST || v->status != NM_UNKNOWN) return;
    if (!v->has_claim || !(v->claim > q->guard)) {
        if (!v->why)
            v->why = nm_fmt(job, "the solver said: %s, and its bound excludes no counterexample",
                            s->status_text);
        return;
    }
    const char *why = m->unfit;
    if (!s->has_values || (s->status != NM_SOL_OPTIMAL && s->status != NM_SOL_FEASIBLE))
        why = nm_fmt(job, "it said: %s, and gave no point that could be replayed beside it", s->status_text);
    else if (v->claim > v->objective + 1e-4 * (1 + fabs(v->objective)))
        nm_throw(job, NM_EAUDIT, "the solver's bound says a margin of %.9g or more, the replay of its own point %.9g",
                 v->claim, v->objective);
    if (why) {
        v->why = nm_fmt(job, "the solver's bound is no proof: %s", why);
        return;
    }
    v->targets->status = v->status = NM_OK;
    v->why = NULL;
}

/* Weighs what a solution says of the map's model. map_path: NULL for a map that is no file: its solution is then known
 * to be of this model. */
static nm_verdict *weigh(nm_job *job, const nm_net *net, const nm_map *m, const char *map_path, const nm_sol *said,
                         const char *sol_path)
{
    nm_sol *s = NM_NEW(job, nm_sol);
    *s = *said;
    nm_tail_check(job, net, m->question);
    const bool named = nm_sol_check(job, s, nm_map_card(m), sol_path) || !map_path;
    s->objective = ldexp(s->objective, m->scale.objective);
    s->bound = ldexp(s->bound, m->scale.objective);
    nm_verdict *v = open_verdict(job, m);
    nm_target *t = v->targets;
    v->solver = s->solver;
    if (m->question->objective != NM_FEASIBLE) weigh_claim(job, m, s, v);
    if (s->status == NM_SOL_INFEASIBLE)
        take_infeasible(job, net, m, map_path, s, sol_path, named, v);
    if (s->has_values) {
        const double *x = input(job, m, nm_sol_columns(job, s, m->n_cols, m->cols, sol_path),
                                !s->loose);
        if (m->question->objective == NM_CLOSEST) {
            judge_near(job, net, m, s, x, t, v);
        } else {
            nm_replay *r = NM_NEW(job, nm_replay);
            *r = nm_verify(job, net, m->question, m->case_index, (int64_t)m->clause_index, x);
            judge(job, m, s, r, t, v);
            v->has_objective = is_worst(m);
            v->objective = r->margin64;
        }
    }
    take_claim(job, m, s, v);
    if (m->question->objective == NM_RANGE) {
        v->has_objective = false;
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
