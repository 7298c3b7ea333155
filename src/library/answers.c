/* answers.c: the library's answers: solves a question, decodes solvers' files, and reads results.
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
    nm_solve_opts o = nm_cli_solve_opts(job, f, false);
    o.float32 |= c->query->float32;
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
    const int code = NM_FACE_RUN(job, solve, &c, net, query, r);
    if (r) *r = code ? NULL : c.r;
    return code;
}

/* ---- solvers' answers ---- */

/* The answer to a model with a network in it: the point is the network's input. */
static void decode_embedding(nm_job *job, call *c, bool has_dir, double start)
{
    nm_buf text = {.job = job}, json = {.job = job};
    if (c->n > 1 || has_dir)
        nm_throw(job, NM_EUSE, "%s: is the map of an embedding: one solution was expected, without output", c->path);
    const nm_embedpoint p = nm_embedding_decode(job, c->net, c->path, c->sols[0], c->log, &text, &json);
    if (p.wrong) nm_throw(job, NM_EAUDIT, "%s: %s", c->sols[0], p.wrong);
    c->r = nm_result_embedded(job, &p, text.s, json.s, nm_wall() - start);
}

static void decode_files(nm_job *job, void *arg)
{
    call *c = arg;
    const double start = nm_wall();
    const nm_cli *f = nm_face_options(job, c->o, NM_F_DECODE, "nm_decode_files");
    const char *dir = f->value[NM_O_output];
    const nm_query *q;
    if (!c->n) nm_throw(job, NM_EUSE, "%s: no solution file is given with it; one was expected", c->path);
    for (size_t i = 0; i < c->n; i++)
        if (!c->sols || !c->sols[i])
            nm_throw(job, NM_EUSE, "%s: solution %zu is NULL; a file's name was expected", c->path, i);
    if (nm_embedding_read(job, c->path)) {
        decode_embedding(job, c, dir != NULL, start);
        return;
    }
    nm_verdict *v = nm_decode(job, c->net, c->path, c->n, c->sols, c->log, &q);
    if (dir && (v->witness || v->range.has)) nm_folder_make(job, dir);
    c->r = nm_result_new(job, q, v, dir, false, nm_wall() - start);
}

int nm_decode_files(nm_job *job, const nm_net *net, const char *map, size_t n,
                    const char *const *solutions, const char *log, const nm_options *o,
                    const nm_result **r)
{
    call c = {.net = net, .path = map, .n = n, .sols = solutions, .log = log, .o = o};
    const int code = NM_FACE_RUN(job, decode_files, &c, map, r);
    if (r) *r = code ? NULL : c.r;
    return code;
}

/* Refuses a solution of another model, whose columns may have the same names. */
static void check_mip(nm_job *job, const nm_mip *m, const nm_solution *s)
{
    if (s->mip != m)
        nm_throw(job, NM_EUSE, "a solution of the model of %s, given for that of %s", s->mip->target, m->target);
}

static void decode_one(nm_job *job, void *arg)
{
    call *c = arg;
    const double start = nm_wall();
    check_mip(job, c->mip, c->solutions[0]);
    nm_verdict *v = nm_decode_kept(job, c->mip->net, c->mip->map, &c->solutions[0]->sol);
    c->r = nm_result_new(job, c->mip->map->question, v, NULL, false, nm_wall() - start);
}

int nm_mip_decode(nm_job *job, const nm_mip *m, const nm_solution *s, const nm_result **r)
{
    call c = {.mip = m, .solutions = &s};
    const int code = NM_FACE_RUN(job, decode_one, &c, m, s, r);
    if (r) *r = code ? NULL : c.r;
    return code;
}

static void decode_all(nm_job *job, void *arg)
{
    call *c = arg;
    const nm_mips *m = c->mips;
    const double start = nm_wall();
    const nm_sol **sols = NM_ARRAY(job, const nm_sol *, m->kept.n + 1);
    for (size_t i = 0; i < m->kept.n; i++)
        if (c->solutions[i]) check_mip(job, &m->m[i], c->solutions[i]);
    for (size_t i = 0; i < m->kept.n; i++) sols[i] = c->solutions[i] ? &c->solutions[i]->sol : NULL;
    nm_verdict *v = nm_decode_all(job, m->net, m->query, m->verdict, &m->kept, sols);
    c->r = nm_result_new(job, m->query, v, NULL, false, nm_wall() - start);
}

int nm_mips_decode(nm_job *job, const nm_mips *mips, const nm_solution *const *s,
                   const nm_result **r)
{
    call c = {.mips = mips, .solutions = s};
    const int code = NM_FACE_RUN(job, decode_all, &c, mips, s, r);
    if (r) *r = code ? NULL : c.r;
    return code;
}

/* ---- the parts of a result ---- */

/* Returns the result, or for NULL one of which nothing is known. */
static const nm_result *the(const nm_result *r)
{
    static const nm_result none = {
        .status = NM_EUSE, .json = "", .text = "", .label = -1, .predicted = -1, .seconds = NAN, .value = NAN,
        .bound = NAN, .strict = NAN, .claim = NAN, .least = {NAN, NAN, NULL}, .most = {NAN, NAN, NULL}};
    return r ? r : &none;
}

static const struct nm_fate *target(const nm_result *r, size_t i)
{
    static const struct nm_fate none = {.label = -1, .status = NM_EUSE, .bound = NAN};
    return i < the(r)->n_targets ? &r->targets[i] : &none;
}

int nm_result_status(const nm_result *r) { return the(r)->status; }
const char *nm_result_by(const nm_result *r) { return the(r)->by; }
const char *nm_result_why(const nm_result *r) { return the(r)->why; }
int nm_result_certified(const nm_result *r) { return the(r)->certified; }
const char *nm_result_solver(const nm_result *r) { return the(r)->solver; }
double nm_result_seconds(const nm_result *r) { return the(r)->seconds; }
int64_t nm_result_label(const nm_result *r) { return the(r)->label; }
int64_t nm_result_predicted(const nm_result *r) { return the(r)->predicted; }
size_t nm_result_inputs(const nm_result *r) { return the(r)->n_in; }
const double *nm_result_point(const nm_result *r) { return the(r)->at.x; }
const double *nm_result_witness(const nm_result *r) { return the(r)->at.is_violated ? the(r)->at.x : NULL; }
size_t nm_result_generators(const nm_result *r, const double **g)
{
    if (g) *g = the(r)->at.g;
    return the(r)->n_generators;
}
double nm_result_margin(const nm_result *r) { return the(r)->at.x ? the(r)->at.margin64 : NAN; }
double nm_result_margin_error(const nm_result *r) { return the(r)->at.x ? the(r)->at.err64 : NAN; }
double nm_result_margin32(const nm_result *r) { return the(r)->at.x ? the(r)->at.margin32 : NAN; }
double nm_result_linf(const nm_result *r) { return the(r)->has_distance ? the(r)->at.linf : NAN; }
double nm_result_l1(const nm_result *r) { return the(r)->has_distance ? the(r)->at.l1 : NAN; }
double nm_result_l2(const nm_result *r) { return the(r)->has_distance ? the(r)->at.l2 : NAN; }
double nm_result_l0(const nm_result *r) { return the(r)->has_distance ? (double)the(r)->at.l0 : NAN; }
double nm_result_value(const nm_result *r) { return the(r)->value; }
double nm_result_bound(const nm_result *r) { return the(r)->bound; }
double nm_result_strict(const nm_result *r) { return the(r)->strict; }
double nm_result_claim(const nm_result *r) { return the(r)->claim; }
double nm_result_least(const nm_result *r) { return the(r)->least.value; }
double nm_result_least_bound(const nm_result *r) { return the(r)->least.bound; }
const double *nm_result_least_point(const nm_result *r) { return the(r)->least.x; }
double nm_result_most(const nm_result *r) { return the(r)->most.value; }
double nm_result_most_bound(const nm_result *r) { return the(r)->most.bound; }
const double *nm_result_most_point(const nm_result *r) { return the(r)->most.x; }
size_t nm_result_targets(const nm_result *r) { return the(r)->n_targets; }
const char *nm_result_target_name(const nm_result *r, size_t i) { return target(r, i)->name; }
int64_t nm_result_target_label(const nm_result *r, size_t i) { return target(r, i)->label; }
int nm_result_target_status(const nm_result *r, size_t i) { return target(r, i)->status; }
const char *nm_result_target_by(const nm_result *r, size_t i) { return target(r, i)->by; }
double nm_result_target_bound(const nm_result *r, size_t i) { return target(r, i)->bound; }
size_t nm_result_files(const nm_result *r) { return the(r)->n_files; }
const char *nm_result_file(const nm_result *r, size_t i)
{
    return i < the(r)->n_files ? r->files[i] : NULL;
}
const char *nm_result_json(const nm_result *r) { return the(r)->json; }
const char *nm_result_text(const nm_result *r) { return the(r)->text; }
