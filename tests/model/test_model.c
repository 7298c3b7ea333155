/* What a model may hold beyond plain rows: checked at points, printed, refused by solvers that do not take it, and
 * written in each dialect that does, or refused by name. The texts are what the solvers' manuals ask for. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

static nm_model *everything(nm_job *job)
{
    nm_model *m = nm_model_new(job, "all");
    const uint32_t x = nm_model_col(job, m, "x", -2, 4, false),
                   y = nm_model_col(job, m, "y", 0, 3, false),
                   z = nm_model_col(job, m, "z", 0, 1, true);
    const uint32_t two[2] = {x, y};
    m->cols[x].obj = 1;
    nm_model_row(job, m, "rrange", -1, 2.5, 2, two, (const double[]){1, 2});
    nm_model_row(job, m, "rif", -INFINITY, 0, 1, two, (const double[]){1});
    nm_model_when(m, z, true);
    nm_model_row(job, m, "rcut", -INFINITY, 5, 2, two, (const double[]){1, 1});
    nm_model_is_cut(m);
    nm_model_row(job, m, "rround", -INFINITY, 9, 1, two, (const double[]){-1});
    nm_model_quad(job, m, 3, x, x, 1);
    nm_model_quad(job, m, 3, y, x, 3);
    nm_model_quad(job, m, -1, x, x, 0.5);
    nm_model_quad(job, m, -1, x, y, 2);
    nm_model_sos1(job, m, "pick", 2, two);
    return m;
}

static void points(nm_job *job, void *arg)
{
    (void)arg;
    const nm_model *m = everything(job);
    const char *who = NULL;
    CHECK(nm_model_check(m, (const double[]){-1, 0, 1}, &who) == 0, "%s", who ? who : "");
    CHECK(nm_model_check(m, (const double[]){2, 0, 0}, &who) == 0);
    CHECK(nm_model_check(m, (const double[]){2, 0, 1}, &who) > 0.5 && !strcmp(who, "rif"));
    CHECK(nm_model_check(m, (const double[]){0.5, 0.5, 0}, &who) == 0.5 && !strcmp(who, "pick"));
    CHECK(nm_model_check(m, (const double[]){4, 0, 0}, &who) > 0); /* 16 - 4 > 9 and 4 > 2.5 */
    CHECK(nm_model_objective(m, (const double[]){2, 3, 0}) == 2 + 0.5 * 4 + 2 * 6);
    CHECK(nm_model_needs(m) ==
          (NM_INDICATORS | NM_SOS1 | NM_QUAD_COST | NM_QUAD_ROWS | NM_QUAD_INT));
    nm_buf b = {.job = job};
    nm_model_print(&b, m);
    CHECK(strstr(b.s, "row rif: if z = 1: 1*x <= 0\n") && strstr(b.s, "cut rcut:") &&
              strstr(b.s, "sos1 pick: x y\n") &&
              strstr(b.s, "row rround: -1*x 1*x*x 3*x*y <= 9\n") &&
              strstr(b.s, "cost of products: 0.5*x*x 2*x*y\n"),
          "%s", b.s);
}

static void solve_it(nm_job *job, void *arg)
{
    (void)arg;
    nm_cbc_solve(job, everything(job), (nm_cbc){0});
}

typedef struct {
    const nm_dialect *d;
    const char *end;
    char *text;
} writing;

static void write_it(nm_job *job, void *arg)
{
    writing *w = arg;
    const char *dir = getenv("TMPDIR");
    char hash[65], own[65];
    const char *path = nm_fmt(job, "%s/netmip-model-%d%s", dir && *dir ? dir : "/tmp",
                              (int)getpid(), w->end);
    nm_write_model(job, everything(job), path, (nm_write_opts){.dialect = w->d, .cuts = true},
                   hash);
    const nm_file f = nm_file_read(job, path);
    unlink(path);
    nm_sha256(f.data, f.n, own);
    CHECK(!strcmp(hash, own), "%s: the hash is not the file's", w->d->name);
    w->text = (char *)f.data;
}

/* each piece stands in the text, in this order */
static void has(const writing *w, const char *const *piece)
{
    const char *at = w->text;
    for (; *piece; piece++) {
        const char *hit = strstr(at, *piece);
        CHECK(hit, "%s%s: \"%s\" is missing after\n%s", w->d->name, w->end, *piece, at);
        at = hit ? hit + strlen(*piece) : at;
    }
}

static void dialects(nm_job *job, void *arg)
{
    (void)arg;
    static const char *const mps[] = {
        " N   OBJROW\n G   rrange\n L   rif\n L   rround\nUSERCUTS\n L   rcut\nCOLUMNS\n",
        "RANGES\n RNGSET  rrange  3.5\n",
        "BOUNDS\n",
        " BV  BNDSET  z\n",
        "SOS\n S1  pick\n x   1\n y   2\n",
        "QUADOBJ\n x   x  1\n x   y  2\n",
        "QCMATRIX   rround\n x   x  1\n x   y  1.5\n y   x  1.5\n",
        "INDICATORS\n IF  rif  z  1\nENDATA\n",
        NULL};
    static const char *const lp[] = {
        " obj: + 1 x + 0 y + 0 z + [ + 1 x ^ 2 + 4 x * y ] / 2\nSubject To\n",
        " rrange_lo: + 1 x + 2 y >= -1\n rrange_up: + 1 x + 2 y <= 2.5\n rif: z = 1 -> + 1 x <= "
        "0\n",
        " rround: - 1 x + [ + 1 x ^ 2 + 3 x * y ] <= 9\nUser Cuts\n rcut: + 1 x + 1 y <= "
        "5\nBounds\n",
        "Binaries\n z\nSOS\n pick: S1:: x:1 y:2\nEnd\n", NULL};
    static const char *const glued[] = {"[ + 1 x^2 + 4 x * y ] / 2\n", NULL};
    static const char *const spaced[] = {" pick: S1 :: x : 1 y : 2\n", NULL};
    static const nm_dialect *const able[] = {&nm_dialect_cplex, &nm_dialect_gurobi,
                                             &nm_dialect_scip};
    for (size_t i = 0; i < 3; i++) {
        writing w = {able[i], ".mps", NULL};
        write_it(job, &w);
        has(&w, mps);
        w.end = ".lp";
        write_it(job, &w);
        has(&w, i == 0 ? lp : i == 1 ? spaced : glued);
    }
    static const nm_dialect *const others[] = {
        &nm_dialect_generic, &nm_dialect_cbc,     &nm_dialect_highs, &nm_dialect_glpk,
        &nm_dialect_copt,    &nm_dialect_lpsolve, &nm_dialect_mosek, &nm_dialect_symphony};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        writing w = {others[i], i & 1 ? ".lp" : ".mps", NULL};
        CHECK(nm_run(job, write_it, &w) == NM_EUNSUP &&
                  strstr(nm_job_message(job), others[i]->name),
              "%s", nm_job_message(job));
    }
    CHECK(nm_run(job, solve_it, NULL) == NM_EUNSUP && strstr(nm_job_message(job), "indicator rows"),
          "%s", nm_job_message(job));
}

int main(void)
{
    t_job(0, points, NULL);
    t_job(0, dialects, NULL);
    return t_done("test_model");
}
