/* embedded_cbc.c: the embedded solver, CBC through its C interface, in a process of its own.
 *
 * The child solves and sends status and values through a pipe. The parent waits, enforces time limit and interrupt from
 * outside as well (CBC checks its clock only between nodes), and survives a crash. Preprocessing is off because with it
 * CBC 2.10.8 was seen to call feasible models infeasible. Gaps are zero. Only "proven infeasible" is read as
 * infeasible: a run that was stopped, abandoned or ended unclearly gives no answer. Cost: the solver's. */
#define _GNU_SOURCE
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"

#include <Cbc_C_Interface.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <limits.h>
#include <unistd.h>

typedef struct {
    nm_solstatus status;
    bool has_values;
    double objective, bound, nodes;
} head;

static bool send_all(int fd, const void *p, size_t n)
{
    while (n) {
        const ssize_t k = write(fd, p, n);
        if (k <= 0) return false;
        p = (const char *)p + k;
        n -= (size_t)k;
    }
    return true;
}

static void load(Cbc_Model *cbc, const nm_model *m, const nm_columns *c)
{
    const size_t n = m->n_cols;
    Cbc_loadProblem(cbc, (int)n, (int)m->n_rows, c->start, c->index, c->value, c->cols, c->cols + n,
                    c->cols + 2 * n, c->rows, c->rows + m->n_rows);
    for (size_t j = 0; j < n; j++)
        if (m->cols[j].is_int) Cbc_setInteger(cbc, (int)j);
}

/* Reads CBC's answer. A model without integers is solved as an LP, for which CBC keeps no "best solution". */
static head answer(Cbc_Model *cbc)
{
    head h = {NM_SOL_NONE, false, Cbc_getObjValue(cbc), Cbc_getBestPossibleObjValue(cbc),
              (double)Cbc_getNodeCount(cbc)};
    if (Cbc_getNumIntegers(cbc) == 0) {
        if (Cbc_isInitialSolveProvenPrimalInfeasible(cbc)) h.status = NM_SOL_INFEASIBLE;
        if (Cbc_isInitialSolveProvenOptimal(cbc)) h.status = NM_SOL_OPTIMAL;
        h.bound = h.objective;
    } else {
        const bool some = Cbc_numberSavedSolutions(cbc) > 0 && Cbc_bestSolution(cbc);
        if (Cbc_isProvenInfeasible(cbc) && Cbc_status(cbc) == 0)
            h.status = NM_SOL_INFEASIBLE;
        else if (Cbc_isProvenOptimal(cbc) && some)
            h.status = NM_SOL_OPTIMAL;
        else if (some)
            h.status = NM_SOL_FEASIBLE;
    }
    h.has_values = h.status == NM_SOL_OPTIMAL || h.status == NM_SOL_FEASIBLE;
    return h;
}

static const double *values(Cbc_Model *cbc)
{
    return Cbc_getNumIntegers(cbc) == 0 ? Cbc_getColSolution(cbc) : Cbc_bestSolution(cbc);
}

/* what to solve: a model with its columns, or a file that CBC reads itself; [n] names in the caller's order */
typedef struct {
    const nm_model *m;
    nm_columns c;
    const char *file;
    size_t n;
    const char *const *names;
} work;

typedef struct { int fd; const work *w; nm_cbc o; } call;

/* Solves and sends the answer, in the child. */
static void child(nm_job *job, void *arg)
{
    const call *c = arg;
    const int fd = c->fd;
    const work *w = c->w;
    const nm_cbc o = c->o;
    (void)job;
    const int null = open("/dev/null", O_WRONLY);
    if (null >= 0) dup2(null, 1), dup2(null, 2);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    Cbc_Model *cbc = Cbc_newModel();
    if (!w->file)
        load(cbc, w->m, &w->c);
    else if (Cbc_readMps(cbc, w->file) || (size_t)Cbc_getNumCols(cbc) != w->n)
        _exit(1);
    Cbc_setObjSense(cbc, 1);
    Cbc_setLogLevel(cbc, 0);
    Cbc_setParameter(cbc, "preprocess", "off");
    Cbc_setParameter(cbc, "ratioGap", "0");
    Cbc_setParameter(cbc, "allowableGap", "0");
    Cbc_setParameter(cbc, "increment", "1e-12"); /* the default ignores improvements of less than 1e-5 */
    if (o.first) Cbc_setMaximumSolutions(cbc, 1);
    if (o.most > 0) Cbc_setMaximumNodes(cbc, (int)fmin(o.most, 1e9));
    if (o.time_limit > 0) Cbc_setMaximumSeconds(cbc, o.time_limit);
    Cbc_solve(cbc);
    const head h = answer(cbc);
    const double *x = h.has_values ? values(cbc) : NULL;
    bool ok = send_all(fd, &h, sizeof h);
    if (ok && h.has_values) ok = send_all(fd, x, w->n * sizeof *x);
    _exit(ok ? 0 : 1);
}

/* Receives n bytes before the limit; returns false if the child ended, time ran out or a stop was requested. */
static bool receive(nm_job *job, int fd, void *p, size_t n, double until)
{
    while (n) {
        struct pollfd f = {fd, POLLIN, 0};
        if (nm_stopped(job) || nm_wall() > until) return false;
        const int ready = poll(&f, 1, 100);
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        const ssize_t k = read(fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        p = (char *)p + k;
        n -= (size_t)k;
    }
    return true;
}

static nm_sol *none(nm_job *job, const char *why)
{
    nm_sol *s = NM_NEW(job, nm_sol);
    *s = (nm_sol){.solver = "cbc (embedded)",
                  .status_text = why,
                  .status = NM_SOL_NONE,
                  .objective = NAN,
                  .bound = NAN,
                  .n_rows = -1,
                  .n_cols = -1};
    return s;
}

static nm_sol *collect(nm_job *job, const work *w, nm_cbc o, int fd, double until)
{
    head h;
    double *x = NM_RAW(job, double, w->n);
    if (!receive(job, fd, &h, sizeof h, until))
        return none(job, nm_interrupted(job) ? "interrupted"
                         : nm_wall() > until ? "time limit"
                                             : "the solver died");
    nm_sol *s = none(job, nm_solstatus_name(h.status));
    s->status = h.status;
    s->objective = h.objective;
    s->bound = h.bound;
    if (o.nodes) *o.nodes = h.nodes;
    if (!h.has_values) return s;
    if (!receive(job, fd, x, w->n * sizeof *x, until + 10)) return none(job, "the solver died");
    s->has_values = true;
    for (size_t j = 0; j < w->n; j++)
        *NM_PUSH(job, s->vals, s->n, s->cap) = (struct nm_solval){
            w->m ? w->m->cols[j].name : w->names[j], x[j], (int64_t)j};
    return s;
}

static void close_end(void *arg) { close(*(const int *)arg); }

static nm_sol *run(nm_job *job, const work *w, nm_cbc o)
{
    int *fd = NM_ARRAY(job, int, 2); /* read, write */
    if (pipe2(fd, O_CLOEXEC)) nm_throw(job, NM_EIO, "cannot start the solver: %s", strerror(errno));
    nm_defer(job, close_end, &fd[0]);
    nm_defer(job, close_end, &fd[1]);
    call how = {fd[1], w, o};
    nm_child *c = nm_child_start(job, "the solver", (nm_child_opts){.memory = o.memory << 20}, child, &how);
    nm_close(job, &fd[1]); /* otherwise we would not notice that the child died */
    /* CBC stops by itself at the limit; we allow it a tenth and a second more */
    const double until = o.time_limit > 0 ? nm_wall() + 1.1 * o.time_limit + 1 : INFINITY;
    nm_sol *s = collect(job, w, o, fd[0], until);
    nm_child_end(job, c);
    nm_close(job, &fd[0]);
    return s;
}

nm_sol *nm_cbc_solve(nm_job *job, const nm_model *m, nm_cbc o)
{
    if (o.time_limit < 0) return none(job, "time limit");
    if (m->n_nz > INT_MAX || m->n_cols > INT_MAX / 4)
        return none(job, "the model is too large for CBC");
    const work w = {.m = m, .c = nm_model_columns(job, m), .n = m->n_cols};
    return run(job, &w, o);
}

nm_sol *nm_cbc_file(nm_job *job, nm_modelcard map, nm_cbc o)
{
    const work w = {.file = map.model_path, .n = map.n_cols, .names = map.cols};
    return run(job, &w, o);
}

const char *nm_cbc_version(void) { return Cbc_getVersion(); }
