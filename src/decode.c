/* decode.c: a map and a solver's solution file become a verdict.
 *
 * The status is believed only as far as it goes: proven infeasibility of a decision model proves its target, an optimal
 * value bounds a `worst` model, everything else needs a point, and a point is judged by replay through the network
 * that the map names (its hash must fit). A point that claims a counterexample and does not replay is an audit
 * failure, unless it lies in the guard band. */
#include "all.h"

static const nm_net *read_net(nm_job *job, const nm_map *m, const char *path, const char *map_path)
{
    if (!nm_file_exists(path) && path[0] != '/')
        path = nm_fmt(job, "%s%s", nm_path_dir(job, map_path), path);
    if (!nm_file_exists(path))
        nm_throw(job, NM_EIO, "%s: the network of %s is not here; run decode where compile ran",
                 path, map_path);
    const nm_front *f = &m->front;
    return nm_net_read_as(job, path, f->mean || f->std || f->channels ? f : NULL);
}

const nm_net *nm_map_net(nm_job *job, const nm_map *m, const char *map_path)
{
    const nm_net *net = read_net(job, m, m->net_path, map_path);
    if (m->against) net = nm_net_join(job, net, read_net(job, m, m->against, map_path));
    const char *path = net->path;
    if (strcmp(net->hash, m->net_hash))
        nm_throw(job, NM_EAUDIT, "%s: is not the network that %s was made from", path, map_path);
    if (net->n_in != m->question->n_in || net->n_out != m->question->n_out)
        nm_throw(job, NM_EINPUT, "%s: does not fit %s", map_path, path);
    nm_query *q = (nm_query *)(uintptr_t)m->question;
    const nm_shape own = nm_net_shape(net); /* a map does not say the order of its axes */
    if (nm_shape_eq(q->shape, own)) q->shape = own;
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

static const double *input(nm_job *job, const nm_map *m, const double *col)
{
    const nm_query *q = m->question;
    const nm_case *c = &q->cases[m->case_index];
    double *x = NM_RAW(job, double, m->n_in);
    const double *lo = c->gens ? c->gens->lo : c->lo, *hi = c->gens ? c->gens->hi : c->hi,
                 *start = nm_case_start(q, c);
    for (size_t i = 0; i < m->n_in; i++) {
        x[i] = m->col[i] >= 0 ? col[m->col[i]]
               : start        ? fmin(fmax(start[i], lo[i]), hi[i])
                              : 0.5 * lo[i] + 0.5 * hi[i];
        const double off = x[i] < lo[i] ? lo[i] - x[i] : x[i] > hi[i] ? x[i] - hi[i] : 0;
        if (off > NM_ROW_TOL * (1 + fabs(x[i])))
            nm_throw(job, NM_EAUDIT, "%s %zu is %g: outside its bounds by %g",
                     c->gens ? "generator" : "input", i, x[i], off);
    }
    return x;
}

/* what "optimal" may be off by: most solvers' default gap is 1e-4 of an objective without its constant */
static double gap_of(const nm_sol *s, double claim)
{
    return 1e-4 * fabs(s->objective) + 1e-6 * (1 + fabs(claim));
}

static void judge(nm_job *job, const nm_map *m, const nm_sol *s, const nm_replay *r, nm_target *t,
                  nm_verdict *v)
{
    const bool range = strcmp(m->objective, "range") == 0;
    t->objective = r->margin64;
    if (range && r->is_inside) t->best = r;
    if (!range) v->witness = r;
    if (!range && r->is_violated) {
        t->status = v->status = NM_VIOLATED;
        return;
    }
    const bool worst = range || strcmp(m->objective, "worst") == 0;
    if (m->relaxation) {
        const double claim = s->objective + m->constant;
        if (worst && s->status == NM_SOL_OPTIMAL && !range && claim > gap_of(s, claim))
            t->status = v->status = NM_OK;
        v->why = "the point of this relaxation is no counterexample: ask for more binaries, or for "
                 "an exact encoding";
        return;
    }
    if (worst && isnan(s->objective)) {
        v->why =
            "the solution says no objective: its point is no counterexample, and proves nothing";
        return;
    }
    if (worst) {
        const double claim = s->objective + m->constant, off = fabs(claim - r->margin64);
        if (!(off <= 1e-4 * (1 + fabs(claim))))
            nm_throw(job, NM_EAUDIT,
                     "the solver's objective says a margin of %.9g, the replay %.9g", claim,
                     r->margin64);
        if (s->status == NM_SOL_OPTIMAL && (range || claim > gap_of(s, claim)))
            t->status = v->status = NM_OK;
        return;
    }
    if (m->question->guard > 0 && r->margin64 <= m->question->guard) {
        v->why = "the solver's point lies in the guard band: neither a counterexample nor a proof";
        return;
    }
    nm_throw(
        job, NM_EAUDIT,
        "the solver's point does not replay: its margin is %.9g (+- %.1e); 0 or less was expected",
        r->margin64, r->err64);
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
        .by = "solver",
        .label = m->question->cases[m->case_index].clauses[m->clause_index].label,
        .margin_lo = NAN,
        .objective = NAN,
        .bound = NAN};
    *v = (nm_verdict){.status = NM_UNKNOWN, .by = "solver", .n_targets = 1, .targets = t};
    v->objective = v->bound = v->claim = NAN;
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
    nm_near_take(n, m->case_index, (int64_t)m->clause_index, x);
    nm_near_from(n, m->case_index, m->clause_index, x);
    if (isinf(n->value)) {
        const nm_replay r = nm_verify(job, net, q, m->case_index, (int64_t)m->clause_index, x);
        if (!m->relaxation && r.margin64 > 1e-4 + q->guard)
            nm_throw(job, NM_EAUDIT,
                     "the solver's point does not replay: its margin is %.9g (+- %.1e)", r.margin64,
                     r.err64);
        v->why =
            "no counterexample is so near to the solver's point that rounding would explain it";
    } else {
        t->status = v->status = NM_VIOLATED;
        v->has_objective = true;
        v->objective = t->objective = n->value;
        v->witness = &n->best;
        if (isfinite(claim) && !m->relaxation && !(n->value <= claim + 1e-3 * (1 + fabs(claim))) &&
            q->guard == 0)
            nm_throw(job, NM_EAUDIT,
                     "the solver's objective says a distance of %.9g; the nearest replay near it "
                     "has %.9g",
                     claim, n->value);
    }
    if (s->status != NM_SOL_OPTIMAL) return;
    const double least = as_distance(
        q, said - gap_of(s, said) - 2e-5); /* CBC and others prune what is 1e-5 better at most */
    v->bound = t->bound = fmin(n->value, fmax(0, q->norm == NM_L0 ? ceil(least - 1e-3) : least));
}

/* what a bound of the solver's says: it is reported, and an optimum that it contradicts is none */
static void weigh_bound(nm_job *job, const nm_map *m, nm_sol *s, nm_verdict *v)
{
    if (!isfinite(s->bound)) return;
    v->has_claim = true;
    const double said = s->bound + m->constant;
    v->claim = as_distance(m->question, said);
    if (s->status != NM_SOL_OPTIMAL || s->objective - s->bound <= gap_of(s, said)) return;
    s->status = NM_SOL_FEASIBLE;
    s->status_text = nm_fmt(job, "%s, with a bound of %.9g below it", s->status_text, v->claim);
}

nm_verdict *nm_decode_sol(nm_job *job, const nm_map *m, const char *map_path, nm_sol *s,
                          const char *sol_path)
{
    const nm_net *net = nm_map_net(job, m, map_path);
    nm_tail_check(job, net, m->question);
    check_model(job, m, map_path);
    check_question(job, m, map_path);
    const bool named = nm_sol_check(job, s, m, sol_path);
    nm_verdict *v = open_verdict(job, m);
    nm_target *t = v->targets;
    const bool decide = strcmp(m->objective, "feasible") == 0;
    if (!decide) weigh_bound(job, m, s, v);
    if (s->status == NM_SOL_INFEASIBLE) {
        if (m->question->objective != NM_CLOSEST && !decide &&
            !m->question->cases[m->case_index].n_in_rows && !m->question->cases[m->case_index].gens)
            nm_throw(job, NM_EAUDIT, "%s: a worst-case model is never infeasible", sol_path);
        if (!named) check_unnamed(job, map_path, sol_path);
        t->status = v->status = NM_OK;
        if (!decide) t->bound = INFINITY; /* its input set is empty */
    }
    if (s->has_values && m->question->objective == NM_CLOSEST) {
        judge_near(job, net, m, s,
                   input(job, m, nm_sol_columns(job, s, m->n_cols, m->cols, sol_path)), t, v);
    } else if (s->has_values) {
        const double *x = input(job, m, nm_sol_columns(job, s, m->n_cols, m->cols, sol_path));
        nm_replay *r = NM_NEW(job, nm_replay);
        *r = nm_verify(job, net, m->question, m->case_index, (int64_t)m->clause_index, x);
        judge(job, m, s, r, t, v);
        v->has_objective = !decide;
        v->objective = r->margin64;
        if (!decide && s->status == NM_SOL_OPTIMAL)
            v->bound = fmin(r->margin64,
                            s->objective + m->constant - gap_of(s, s->objective + m->constant));
        if (!decide) t->bound = v->bound;
    }
    if (strcmp(m->objective, "range") == 0) {
        v->has_objective = false;
        nm_range_conclude(m->question, v);
    }
    if (v->status == NM_UNKNOWN && !v->why)
        v->why = nm_fmt(job, "the solver said: %s", s->status_text);
    if (v->status == NM_UNKNOWN) t->by = v->by = NULL;
    return v;
}
