/* api_answers.c: the library's answers: solves a question, decodes solvers' files, and reads results.
 *
 * A result is a copy of the verdict in the job's own memory, so that it does not depend on any file. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "solver/solver.h"
#include "search/search.h"
#include "answer/answer.h"
#include "command/command.h"

typedef struct {
    const nm_net *net;
    const nm_query *query;
    const nm_options *o;
    const char *path, *log, *const *sols;
    size_t n;
    const nm_mips *mips;
    const nm_mip *mip;
    const nm_solution *const *solutions;
    nm_result *r;
} call;

/* ---- a question solved ---- */

static void solve(nm_job *job, void *arg)
{
    call *c = arg;
    const double start = nm_wall();
    const nm_cli *f = nm_face_options(job, c->o, NM_F_SOLVE, "nm_solve");
    const nm_solve_opts o = nm_cli_solve_opts(job, f, false);
    const char *dir = f->value[NM_O_output];
    if (dir) nm_folder_make(job, dir);
    nm_face_fits(job, c->net, c->query);
    nm_verdict *v = nm_solve_query(job, c->net, c->query, &o);
    c->r = nm_result_new(job, c->query, v, dir, false, nm_wall() - start);
}

int nm_solve(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o,
             const nm_result **r)
{
    call c = {.net = net, .query = query, .o = o};
    const int code = nm_run(job, solve, &c);
    *r = code ? NULL : c.r;
    return code;
}

/* ---- solvers' answers ---- */

static void decode_files(nm_job *job, void *arg)
{
    call *c = arg;
    const double start = nm_wall();
    const nm_cli *f = nm_face_options(job, c->o, NM_F_DECODE, "nm_decode_files");
    const char *dir = f->value[NM_O_output];
    const nm_query *q;
    if (!c->n) nm_throw(job, NM_EUSE, "%s: no solution file is given with it; one was expected", c->path);
    nm_verdict *v = nm_decode(job, c->net, c->path, c->n, c->sols, c->log, &q);
    if (dir && (v->witness || v->range.has)) nm_folder_make(job, dir);
    c->r = nm_result_new(job, q, v, dir, false, nm_wall() - start);
}

int nm_decode_files(nm_job *job, const nm_net *net, const char *map, size_t n,
                    const char *const *solutions, const char *log, const nm_options *o,
                    const nm_result **r)
{
    call c = {.net = net, .path = map, .n = n, .sols = solutions, .log = log, .o = o};
    const int code = nm_run(job, decode_files, &c);
    *r = code ? NULL : c.r;
    return code;
}

static void decode_one(nm_job *job, void *arg)
{
    call *c = arg;
    const double start = nm_wall();
    nm_verdict *v = nm_decode_kept(job, c->mip->net, c->mip->map, &c->solutions[0]->sol);
    c->r = nm_result_new(job, c->mip->map->question, v, NULL, false, nm_wall() - start);
}

int nm_mip_decode(nm_job *job, const nm_mip *m, const nm_solution *s, const nm_result **r)
{
    call c = {.mip = m, .solutions = &s};
    const int code = nm_run(job, decode_one, &c);
    *r = code ? NULL : c.r;
    return code;
}

static void decode_all(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_mips *m = c->mips;
    const double start = nm_wall();
    const nm_sol **sols = NM_ARRAY(job, const nm_sol *, m->kept.n + 1);
    for (size_t i = 0; i < m->kept.n; i++) sols[i] = c->solutions[i] ? &c->solutions[i]->sol : NULL;
    nm_verdict *v = nm_decode_all(job, m->net, m->query, m->verdict, &m->kept, sols);
    c->r = nm_result_new(job, m->query, v, NULL, false, nm_wall() - start);
}

int nm_mips_decode(nm_job *job, const nm_mips *mips, const nm_solution *const *s,
                   const nm_result **r)
{
    call c = {.mips = mips, .solutions = s};
    const int code = nm_run(job, decode_all, &c);
    *r = code ? NULL : c.r;
    return code;
}

/* ---- the parts of a result ---- */

int nm_result_status(const nm_result *r) { return r->status; }
const char *nm_result_by(const nm_result *r) { return r->by; }
const char *nm_result_why(const nm_result *r) { return r->why; }
int nm_result_certified(const nm_result *r) { return r->certified; }
const char *nm_result_solver(const nm_result *r) { return r->solver; }
double nm_result_seconds(const nm_result *r) { return r->seconds; }
int64_t nm_result_label(const nm_result *r) { return r->label; }
int64_t nm_result_predicted(const nm_result *r) { return r->predicted; }
const double *nm_result_point(const nm_result *r) { return r->at.x; }
const double *nm_result_witness(const nm_result *r) { return r->at.is_violated ? r->at.x : NULL; }
size_t nm_result_generators(const nm_result *r, const double **g)
{
    *g = r->at.g;
    return r->n_generators;
}
double nm_result_margin(const nm_result *r) { return r->at.x ? r->at.margin64 : NAN; }
double nm_result_margin_error(const nm_result *r) { return r->at.x ? r->at.err64 : NAN; }
double nm_result_margin32(const nm_result *r) { return r->at.x ? r->at.margin32 : NAN; }
double nm_result_linf(const nm_result *r) { return r->has_distance ? r->at.linf : NAN; }
double nm_result_l1(const nm_result *r) { return r->has_distance ? r->at.l1 : NAN; }
double nm_result_l2(const nm_result *r) { return r->has_distance ? r->at.l2 : NAN; }
double nm_result_l0(const nm_result *r) { return r->has_distance ? (double)r->at.l0 : NAN; }
double nm_result_value(const nm_result *r) { return r->value; }
double nm_result_bound(const nm_result *r) { return r->bound; }
double nm_result_strict(const nm_result *r) { return r->strict; }
double nm_result_claim(const nm_result *r) { return r->claim; }
double nm_result_least(const nm_result *r) { return r->least.value; }
double nm_result_least_bound(const nm_result *r) { return r->least.bound; }
const double *nm_result_least_point(const nm_result *r) { return r->least.x; }
double nm_result_most(const nm_result *r) { return r->most.value; }
double nm_result_most_bound(const nm_result *r) { return r->most.bound; }
const double *nm_result_most_point(const nm_result *r) { return r->most.x; }
size_t nm_result_targets(const nm_result *r) { return r->n_targets; }
const char *nm_result_target_name(const nm_result *r, size_t i) { return r->targets[i].name; }
int64_t nm_result_target_label(const nm_result *r, size_t i) { return r->targets[i].label; }
int nm_result_target_status(const nm_result *r, size_t i) { return r->targets[i].status; }
const char *nm_result_target_by(const nm_result *r, size_t i) { return r->targets[i].by; }
double nm_result_target_bound(const nm_result *r, size_t i) { return r->targets[i].bound; }
size_t nm_result_files(const nm_result *r) { return r->n_files; }
const char *nm_result_file(const nm_result *r, size_t i) { return r->files[i]; }
const char *nm_result_json(const nm_result *r) { return r->json; }
const char *nm_result_text(const nm_result *r) { return r->text; }
