/* solve.c: the pipeline of one question, cheapest first: evaluation, bounds, attack, models, solver.
 *
 * needs a Net and a Query; gives a Verdict; keeps both. A target is closed as `holds` only by a bound that excludes
 * it (row - rhs > guard for some row of its clause, outward rounded) or by the solver's proven infeasibility of a model
 * that contains every true trace; as `violated` only by the judge (verify.c). All else is unknown, with the reason.
 * With objective `worst` nothing ends early: every target that could still undercut the incumbent is solved. */
#include "all.h"

typedef struct {
    nm_bounds *b;
    uint32_t **row;
    size_t first;
} bounded; /* row[clause][r]: unit of the query block */
typedef struct {
    nm_job *job;
    const nm_net *net;
    const nm_query *q;
    const nm_solve_opts *o;
    const nm_program *p;
    nm_verdict *v;
    bounded *cases;
    double deadline; /* wall clock, or infinity */
} state;

static void open_targets(state *s)
{
    nm_verdict *v = s->v;
    v->n_targets = nm_query_targets(s->q);
    v->targets = NM_ARRAY(s->job, nm_target, v->n_targets + 1);
    s->cases = NM_ARRAY(s->job, bounded, s->q->n_cases + 1);
    for (size_t i = 0, at = 0; i < s->q->n_cases; i++) {
        const nm_case *c = &s->q->cases[i];
        s->cases[i].first = at;
        for (size_t t = 0; t < c->n_clauses; t++, at++)
            v->targets[at] = (nm_target){.icase = i,
                                         .iclause = t,
                                         .label = c->clauses[t].label,
                                         .name = c->clauses[t].name,
                                         .status = c->empty ? NM_OK : NM_UNKNOWN,
                                         .by = c->empty ? "evaluation" : NULL,
                                         .margin_lo = -INFINITY,
                                         .objective = INFINITY,
                                         .bound = -INFINITY};
    }
}

static bool is_open(const nm_target *t) { return t->status == NM_UNKNOWN; }

/* Takes a replay: a new witness, or a better incumbent. True when it settles a decision question. */
static bool take(state *s, const nm_replay *r, const char *by)
{
    nm_verdict *v = s->v;
    nm_target *t = &v->targets[s->cases[r->icase].first + r->iclause];
    if (r->is_inside && r->margin64 < t->objective) t->objective = r->margin64;
    if (r->is_inside &&
        (!v->witness || (r->is_violated && !v->witness->is_violated) ||
         (r->is_violated == v->witness->is_violated && r->margin64 < v->witness->margin64)) &&
        (r->is_violated || s->q->objective == NM_WORST)) {
        nm_replay *keep = NM_NEW(s->job, nm_replay);
        *keep = *r;
        v->witness = keep;
    }
    if (!r->is_violated) return false;
    t->status = NM_VIOLATED;
    t->by = by;
    return s->q->objective == NM_FEASIBLE;
}

/* some clause may hold at the image: float64 is not sure that a row of each fails. Saves the judge's slower replay. */
static bool may_hold(const state *s, const nm_case *c)
{
    const nm_query *q = s->q;
    if (!q->image_y || q->objective == NM_WORST) return true;
    for (size_t t = 0; t < c->n_clauses; t++) {
        bool fails = false;
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) {
            const nm_row *row = &c->clauses[t].rows[r];
            double sum = -row->rhs, mag = fabs(row->rhs);
            for (size_t k = 0; k < row->n; k++) {
                const uint32_t v = row->var[k];
                const double x = v < q->n_out ? q->image_y[v] : q->image[v - q->n_out];
                sum += row->coef[k] * x;
                mag += fabs(row->coef[k] * x);
            }
            fails |= sum > 1e-6 * (1 + mag);
        }
        if (!fails) return true;
    }
    return false;
}

static bool evaluate(state *s)
{
    if (!s->q->image) return false;
    for (size_t i = 0; i < s->q->n_cases; i++) {
        if (s->q->cases[i].empty || !nm_query_box_has(&s->q->cases[i], s->q->image, s->q->n_in) ||
            !may_hold(s, &s->q->cases[i]))
            continue;
        const nm_replay r = nm_verify(s->job, s->net, s->q, i, -1, s->q->image);
        if (take(s, &r, "evaluation")) return true;
    }
    return false;
}

/* ---- bounds ---- */

static void close_by_bounds(state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    const bounded *k = &s->cases[i];
    for (size_t t = 0; t < c->n_clauses; t++) {
        nm_target *target = &s->v->targets[k->first + t];
        const size_t first = k->b->p->blocks[k->b->p->n_blocks - 1].first;
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) {
            const double lo = nm_down(k->b->lo[first + k->row[t][r]] - c->clauses[t].rows[r].rhs);
            if (lo > target->margin_lo) target->margin_lo = lo;
        }
        if (target->margin_lo > target->bound) target->bound = target->margin_lo;
        if (!is_open(target) || !(target->margin_lo > s->q->guard)) continue;
        target->status = NM_OK;
        target->by = "bounds";
    }
}

static void bound_case(state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    bounded *k = &s->cases[i];
    size_t n = 0;
    for (size_t t = 0; t < c->n_clauses; t++) n += c->clauses[t].n_rows;
    const nm_row **rows = NM_RAW(s->job, const nm_row *, n + 1);
    k->row = NM_ARRAY(s->job, uint32_t *, c->n_clauses + 1);
    n = 0;
    for (size_t t = 0; t < c->n_clauses; t++) {
        k->row[t] = NM_RAW(s->job, uint32_t, c->clauses[t].n_rows + 1);
        for (size_t r = 0; r < c->clauses[t].n_rows; r++) {
            k->row[t][r] = (uint32_t)n;
            rows[n++] = &c->clauses[t].rows[r];
        }
    }
    const nm_program *p = nm_program_with_rows(s->job, s->p, n, rows);
    k->b = nm_bounds_new(s->job, p, c->lo, c->hi);
    if (strcmp(s->o->bounds, "interval") == 0)
        nm_interval(s->job, k->b, 1, (int)p->n_blocks);
    else
        nm_crown(s->job, k->b, (nm_crown_opts){.query_block = (int)p->n_blocks - 1});
    close_by_bounds(s, i);
}

static void count_layers(state *s)
{
    size_t i = 0;
    while (i < s->q->n_cases && !s->cases[i].b) i++;
    if (i == s->q->n_cases) return;
    const nm_bounds *b = s->cases[i].b;
    s->v->layers = NM_ARRAY(s->job, nm_layer, b->p->n_blocks);
    for (size_t k = 0; k < b->p->n_blocks; k++) {
        if (b->p->blocks[k].kind != NM_RELU) continue;
        size_t n[3];
        nm_bounds_count(b, (int)k, n);
        s->v->layers[s->v->n_layers++] = (nm_layer){(int)k, b->p->blocks[k].n, n[NM_INACTIVE],
                                                    n[NM_ACTIVE], n[NM_UNSTABLE]};
    }
}

/* ---- attack ---- */

/* restarts that a fixed amount of work pays for: many on small networks, one on large ones */
static size_t restarts(const nm_program *p)
{
    double work = 1;
    for (size_t b = 0; b < p->n_blocks; b++)
        for (size_t t = 0; t < p->blocks[b].n_lin; t++)
            work += (double)p->blocks[b].lin[t].fan * (double)p->blocks[b].lin[t].cols;
    const double n = NM_ATTACK_WORK / (work * 2 * NM_LANES * NM_ATTACK_STEPS);
    return n < 1 ? 1 : n > 16 ? 16 : (size_t)n;
}

static bool attack_case(state *s, size_t i, const double *start, size_t n_restarts)
{
    const nm_case *c = &s->q->cases[i];
    const bounded *k = &s->cases[i];
    size_t *open = NM_RAW(s->job, size_t, c->n_clauses + 1), n = 0, hit = 0;
    const uint32_t **row = NM_RAW(s->job, const uint32_t *, c->n_clauses + 1);
    for (size_t t = 0; t < c->n_clauses; t++) {
        if (!is_open(&s->v->targets[k->first + t])) continue;
        row[n] = k->row[t];
        open[n++] = t;
    }
    if (n == 0) return false;
    const double *x = nm_attack(s->job, k->b, c, n, open, row, start,
                                (nm_attack_opts){NM_ATTACK_STEPS, n_restarts, s->o->seed + i},
                                &hit);
    if (!x) return false;
    const nm_replay r = nm_verify(s->job, s->net, s->q, i, (int64_t)open[hit], x);
    return take(s, &r, "attack");
}

/* ---- alpha, and bounds for counterexamples to one target ---- */

/* the row of a clause that bounds exclude most nearly */
static size_t best_row(const bounded *k, const nm_clause *c, size_t t)
{
    const size_t first = k->b->p->blocks[k->b->p->n_blocks - 1].first;
    size_t best = 0;
    for (size_t r = 1; r < c->n_rows; r++)
        if (k->b->lo[first + k->row[t][r]] - c->rows[r].rhs >
            k->b->lo[first + k->row[t][best]] - c->rows[best].rhs)
            best = r;
    return best;
}

static void close_target(nm_target *t, double lo)
{
    if (lo > t->margin_lo) t->margin_lo = lo;
    if (lo > t->bound) t->bound = lo;
    t->status = NM_OK;
    t->by = "bounds";
}

/* NM_LANES open clauses at a time: alpha for all of them, then conditioned tightening one by one */
static void tighten_some(state *s, size_t i, size_t n, const size_t *clause)
{
    const nm_case *c = &s->q->cases[i];
    const bounded *k = &s->cases[i];
    uint32_t row[NM_LANES];
    double rhs[NM_LANES];
    for (size_t l = 0; l < n; l++) {
        const nm_clause *cl = &c->clauses[clause[l]];
        const size_t r = best_row(k, cl, clause[l]);
        row[l] = k->row[clause[l]][r];
        rhs[l] = cl->rows[r].rhs + s->q->guard;
    }
    const nm_alpha *a = nm_alpha_run(s->job, k->b, n, row, rhs, NM_ALPHA_STEPS, NULL);
    for (size_t l = 0; l < n && !nm_stopped(s->job); l++) {
        nm_target *t = &s->v->targets[k->first + clause[l]];
        const double lo = nm_down(a->lo[l] - rhs[l]);
        if (a->lo[l] > rhs[l]) {
            close_target(t, lo);
            continue;
        }
        if (lo > t->margin_lo) t->margin_lo = lo;
        const nm_tight r = nm_tighten(s->job, k->b, row[l], rhs[l], a, l,
                                      (nm_tighten_opts){NM_TIGHT_ROUNDS, NM_TIGHT_STEPS});
        if (r.closed)
            close_target(t, t->margin_lo);
        else
            t->tight = r.b;
    }
}

static void tighten_case(state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    size_t clause[NM_LANES], n = 0;
    for (size_t t = 0; t < c->n_clauses; t++) {
        if (is_open(&s->v->targets[s->cases[i].first + t])) clause[n++] = t;
        if (n == NM_LANES || (n > 0 && t + 1 == c->n_clauses)) {
            tighten_some(s, i, n, clause);
            n = 0;
        }
    }
}

/* ---- branching on signs of units ---- */

static bool branch_target(state *s, nm_target *t)
{
    const nm_case *c = &s->q->cases[t->icase];
    const bounded *k = &s->cases[t->icase];
    const size_t r = best_row(k, &c->clauses[t->iclause], t->iclause);
    const nm_branch_opts o = {s->o->attack, NM_BRANCH_NODES, s->deadline, s->o->seed};
    nm_note(s->job, "branching on target %s", t->name);
    const nm_branch out = nm_branch_run(s->job, t->tight, c, t->iclause, k->row[t->iclause], r,
                                        c->clauses[t->iclause].rows[r].rhs + s->q->guard, o);
    if (out.status == NM_OK) close_target(t, t->margin_lo);
    if (out.status != NM_VIOLATED) return false;
    const nm_replay replay = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, out.x);
    return take(s, &replay, "attack");
}

static bool branch_all(state *s)
{
    for (size_t i = 0; i < s->v->n_targets && !nm_stopped(s->job); i++) {
        nm_target *t = &s->v->targets[i];
        if (is_open(t) && t->tight && branch_target(s, t)) return true;
    }
    return false;
}

/* ---- cubes of the input box, where few inputs are free ---- */

static size_t free_inputs(const nm_query *q, const nm_case *c)
{
    size_t n = 0;
    for (size_t i = 0; i < q->n_in; i++) n += c->lo[i] < c->hi[i];
    return n;
}

static bool split_case(state *s, size_t i)
{
    const nm_case *c = &s->q->cases[i];
    const bounded *k = &s->cases[i];
    if (free_inputs(s->q, c) > NM_SPLIT_INPUTS) return false;
    bool *open = NM_ARRAY(s->job, bool, c->n_clauses + 1), any = false;
    for (size_t t = 0; t < c->n_clauses; t++)
        any |= open[t] = is_open(&s->v->targets[k->first + t]);
    if (!any) return false;
    nm_note(s->job, "splitting the input box of case %zu", i);
    const nm_split_opts o = {s->o->attack, NM_SPLIT_BOXES, s->deadline, s->q->guard};
    const nm_split r = nm_split_case(s->job, k->b->p, c, k->row, open, &o);
    if (r.status == NM_VIOLATED) {
        const nm_replay replay = nm_verify(s->job, s->net, s->q, i, (int64_t)r.clause, r.x);
        return take(s, &replay, "attack");
    }
    for (size_t t = 0; r.status == NM_OK && t < c->n_clauses; t++) {
        if (!open[t]) continue;
        s->v->targets[k->first + t].status = NM_OK;
        s->v->targets[k->first + t].by = "bounds";
    }
    return false;
}

/* ---- models ---- */

static nm_encoded encode(state *s, const nm_target *t)
{
    const bounded *k = &s->cases[t->icase];
    return nm_encode(s->job, t->tight ? t->tight : k->b, s->q, t->icase, t->iclause,
                     k->row[t->iclause], (nm_encode_opts){.fold = s->o->fold});
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

static void write_target(state *s, nm_target *t, const char *stem, const char *suffix)
{
    double at = nm_cpu();
    nm_encoded e = encode(s, t);
    sizes(t, e.model);
    e.map->conditioned = t->tight != NULL;
    s->v->cpu_encode += nm_cpu() - at;
    at = nm_cpu();
    t->file = nm_fmt(s->job, "%s%s", stem, suffix);
    nm_write_model(s->job, e.model, t->file);
    const nm_file f = nm_file_read(s->job, t->file);
    char *hash = nm_raw(s->job, 65, 1);
    nm_sha256(f.data, f.n, hash);
    e.map->query_hash = nm_query_hash(s->job, (nm_query *)(uintptr_t)s->q);
    e.map->model_path = t->file;
    e.map->model_hash = hash;
    e.map->net_path = s->net->path;
    e.map->net_hash = s->net->hash;
    e.map->options = s->o->options;
    e.map->version = s->o->version;
    nm_map_write(s->job, e.map, nm_fmt(s->job, "%s.map.json", stem));
    s->v->cpu_write += nm_cpu() - at;
}

static void write_manifest(state *s, const char *stem)
{
    nm_buf b = {.job = s->job};
    nm_put(&b, "{\"netmip\": \"manifest\", \"version\": 1, \"combine\": \"any violated: violated; "
               "all hold: holds; else unknown\",\n \"net\": ");
    nm_put_json(&b, s->net->path);
    nm_put(&b, ", \"query_sha256\": \"%s\", \"targets\": [",
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
        }
        nm_put(&b, "}");
    }
    nm_put(&b, "]}\n");
    nm_file_write(s->job, nm_fmt(s->job, "%s.manifest.json", stem), b.s, b.n);
}

static void write_models(state *s)
{
    const char *suffix, *stem = split_suffix(s->job, s->o->out, &suffix);
    size_t n = 0;
    for (size_t i = 0; i < s->v->n_targets; i++)
        n += is_open(&s->v->targets[i]) || s->o->always_write;
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        if (!(is_open(t) || s->o->always_write) || s->q->cases[t->icase].empty ||
            !s->cases[t->icase].b)
            continue;
        write_target(s, t, n == 1 ? stem : nm_fmt(s->job, "%s-t%s", stem, t->name), suffix);
        if (nm_stopped(s->job)) return;
    }
    if (n > 1) write_manifest(s, stem);
}

/* ---- the solver ---- */

static const double *input_of(state *s, const nm_encoded *e, const nm_sol *sol, size_t icase)
{
    const nm_case *c = &s->q->cases[icase];
    double *x = NM_RAW(s->job, double, s->q->n_in);
    for (size_t i = 0; i < s->q->n_in; i++) {
        const int64_t j = e->map->col[i];
        x[i] = j >= 0        ? sol->vals[j].x
               : s->q->image ? s->q->image[i]
                             : 0.5 * c->lo[i] + 0.5 * c->hi[i];
    }
    return x;
}

static bool judge_solution(state *s, nm_target *t, const nm_encoded *e, const nm_sol *sol)
{
    const double *x = input_of(s, e, sol, t->icase);
    const nm_replay r = nm_verify(s->job, s->net, s->q, t->icase, (int64_t)t->iclause, x);
    const bool settled = take(s, &r, "solver");
    if (settled || r.is_violated || s->q->objective == NM_WORST) return settled;
    /* the point misses by the solver's tolerance: a short descent from it may find what it meant */
    if (s->o->attack && attack_case(s, t->icase, r.x, 1)) return true;
    s->v->why = nm_fmt(s->job,
                       "the solver's point for target %s does not replay: its margin is %.3g",
                       t->name, r.margin64);
    return false;
}

static bool solve_target(state *s, nm_target *t)
{
    double at = nm_cpu();
    const nm_encoded e = encode(s, t);
    sizes(t, e.model);
    s->v->cpu_encode += nm_cpu() - at;
    at = nm_cpu();
    const bool decide = s->q->objective == NM_FEASIBLE;
    const double left = isinf(s->deadline) ? 0 : s->deadline - nm_wall();
    const nm_sol *sol = nm_cbc_solve(
        s->job, e.model, (nm_cbc){left == 0 && !isinf(s->deadline) ? -1 : left, decide});
    s->v->cpu_solver += nm_cpu() - at;
    if (sol->status == NM_SOL_INFEASIBLE && decide) {
        t->status = NM_OK;
        t->by = "solver";
        return false;
    }
    const double bound = sol->bound + e.model->constant -
                         1e-6 * (1 + fabs(sol->bound)); /* the solver's own tolerance */
    if (!decide && (sol->status == NM_SOL_OPTIMAL || sol->status == NM_SOL_FEASIBLE) &&
        bound > t->bound)
        t->bound = bound;
    if (sol->has_values) return judge_solution(s, t, &e, sol);
    s->v->why = nm_fmt(s->job, "the solver stopped on target %s: %s", t->name, sol->status_text);
    return false;
}

static bool solve_all(state *s)
{
    for (size_t i = 0; i < s->v->n_targets; i++) {
        nm_target *t = &s->v->targets[i];
        const double best = s->v->witness ? s->v->witness->margin64 : INFINITY;
        const bool worst = s->q->objective == NM_WORST;
        if (worst ? !(t->bound < best) : !is_open(t)) continue;
        if (nm_stopped(s->job)) return false;
        nm_note(s->job, "solving target %s", t->name);
        if (solve_target(s, t)) return true;
        if (worst && t->status == NM_UNKNOWN && t->bound > s->q->guard) {
            t->status = NM_OK;
            t->by = "solver";
        }
    }
    return false;
}

/* ---- the verdict ---- */

static const char *last_stage(const nm_verdict *v)
{
    static const char *const order[] = {"evaluation", "bounds", "attack", "solver"};
    size_t last = 0;
    for (size_t i = 0; i < v->n_targets; i++)
        for (size_t k = 0; k < 4; k++)
            if (v->targets[i].by && strcmp(v->targets[i].by, order[k]) == 0 && k > last) last = k;
    return order[last];
}

static void conclude(state *s)
{
    nm_verdict *v = s->v;
    size_t open = 0;
    v->status = NM_OK;
    v->bound = INFINITY;
    v->objective = INFINITY;
    for (size_t i = 0; i < v->n_targets; i++) {
        const nm_target *t = &v->targets[i];
        open += is_open(t);
        if (t->bound < v->bound) v->bound = t->bound;
        if (t->objective < v->objective) v->objective = t->objective;
        if (t->status == NM_VIOLATED) v->by = t->by;
    }
    v->has_objective = s->q->objective == NM_WORST && isfinite(v->objective);
    if (v->bound > v->objective) v->bound = v->objective;
    if (v->witness && v->witness->is_violated)
        v->status = NM_VIOLATED;
    else if (open)
        v->status = NM_UNKNOWN;
    else
        v->by = last_stage(v);
    if (v->status == NM_UNKNOWN && nm_stopped(s->job)) v->why = "interrupted";
    if (v->status == NM_UNKNOWN && !v->why)
        v->why = s->o->solve ? "targets are left open"
                             : "targets are left open, and the solver was not asked";
}

static bool settle(state *s)
{
    if (s->o->evaluate && evaluate(s)) return true;
    double at = nm_cpu();
    for (size_t i = 0; i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (!s->q->cases[i].empty) bound_case(s, i);
    count_layers(s);
    s->v->cpu_bounds = nm_cpu() - at;
    at = nm_cpu();
    bool done = false;
    for (size_t i = 0; s->o->attack && !done && i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (s->cases[i].b) done = attack_case(s, i, s->q->image, restarts(s->cases[i].b->p));
    s->v->cpu_attack = nm_cpu() - at;
    at = nm_cpu();
    const bool split = s->o->split && s->q->objective == NM_FEASIBLE;
    for (size_t i = 0; split && !done && i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (s->cases[i].b) done = split_case(s, i);
    const bool tighten = strcmp(s->o->bounds, "alpha") == 0 && s->q->objective == NM_FEASIBLE;
    for (size_t i = 0; tighten && !done && i < s->q->n_cases && !nm_stopped(s->job); i++)
        if (s->cases[i].b) tighten_case(s, i);
    if (tighten && s->o->branch && !done) done = branch_all(s);
    s->v->cpu_bounds += nm_cpu() - at;
    if (done) return true;
    if (s->o->out) write_models(s);
    return s->o->solve && solve_all(s);
}

nm_verdict *nm_solve_query(nm_job *job, const nm_net *net, const nm_query *q,
                           const nm_solve_opts *o)
{
    state s = {.job = job, .net = net, .q = q, .o = o, .v = NM_NEW(job, nm_verdict)};
    s.deadline = o->time_limit > 0 ? nm_wall() + o->time_limit : INFINITY;
    s.p = o->program ? o->program : nm_lower(job, net);
    open_targets(&s);
    settle(&s);
    conclude(&s);
    return s.v;
}
